//! `[CONDUITS]`, `[PUMPS]`, `[ORIFICES]`, `[WEIRS]`, `[OUTLETS]`, `[LOSSES]`.

use super::{Reader, clock, key, number, shape::Shapes, text::Row, yes};
use crate::{
    import::Severity,
    model::{
        Conduit, Pump,
        drainage::{CurveKind, Orifice, OrificeKind, Outlet, OutletRating, Weir, WeirKind},
    },
};

const PUMP_CURVES: [CurveKind; 5] =
    [CurveKind::Pump1, CurveKind::Pump2, CurveKind::Pump3, CurveKind::Pump4, CurveKind::Pump5];

impl Reader<'_> {
    pub(super) fn read_links(&mut self, shapes: &Shapes) {
        for row in self.rows("CONDUITS") {
            let Some(ends) = self.ends(row, "CONDUITS") else { continue };
            match self.conduit(row, ends, shapes) {
                Ok(conduit) => self.network.conduits.push(conduit),
                Err(reason) => self.skip(row, "CONDUITS", reason),
            }
        }
        self.losses();
        for row in self.rows("PUMPS") {
            let Some(ends) = self.ends(row, "PUMPS") else { continue };
            match self.pump(row, ends) {
                Ok(pump) => self.network.pumps.push(pump),
                Err(reason) => self.skip(row, "PUMPS", reason),
            }
        }
        for row in self.rows("ORIFICES") {
            let Some(ends) = self.ends(row, "ORIFICES") else { continue };
            match self.orifice(row, ends, shapes) {
                Ok(orifice) => self.network.orifices.push(orifice),
                Err(reason) => self.skip(row, "ORIFICES", reason),
            }
        }
        for row in self.rows("WEIRS") {
            let Some(ends) = self.ends(row, "WEIRS") else { continue };
            match self.weir(row, ends, shapes) {
                Ok(weir) => self.network.weirs.push(weir),
                Err(reason) => self.skip(row, "WEIRS", reason),
            }
        }
        for row in self.rows("OUTLETS") {
            let Some(ends) = self.ends(row, "OUTLETS") else { continue };
            match self.outlet(row, ends) {
                Ok(outlet) => self.network.outlets.push(outlet),
                Err(reason) => self.skip(row, "OUTLETS", reason),
            }
        }
    }

    /// The two ends of a link row; reports undefined nodes and repeated names.
    fn ends(&mut self, row: &Row<'_>, section: &str) -> Option<[usize; 2]> {
        if row.words.len() < 3 {
            self.skip(row, section, "a link needs a name and two nodes");
            return None;
        }
        let mut ends = [0; 2];
        for (end, name) in ends.iter_mut().zip(&row.words[1..3]) {
            match self.nodes.get(&key(name)) {
                Some(found) => *end = *found,
                None => {
                    self.skip(row, section, format!("ends at the undefined node '{name}'"));
                    return None;
                }
            }
        }
        if !self.links.insert(key(row.words[0])) {
            self.skip(row, section, "a link that is already defined");
            return None;
        }
        Some(ends)
    }

    /// Height of a link's end above a node's invert, m.
    fn offset_m(&mut self, row: &Row<'_>, section: &str, at: usize, node: usize) -> Result<f64, String> {
        let mut offset_m = number(row, at, "offset")? * self.units.length_m;
        if self.offsets_are_elevations && !matches!(row.words.get(at), None | Some(&"*")) {
            let invert_m = f64::from(self.network.nodes[node].invert_m);
            offset_m -= invert_m;
            // Inverts are rounded to 32 bits: a difference as small as that is none.
            if offset_m.abs() <= f64::from(f32::EPSILON) * invert_m.abs() {
                offset_m = 0.0;
            }
        }
        // Rounding of the invert to 32 bits is below a tenth of a millimetre up to 1000 m.
        if offset_m < -1e-3 {
            self.note(Severity::Repaired, row, section, "an offset below the node's invert was raised to it");
        }
        Ok(offset_m.max(0.0))
    }

    fn conduit(&mut self, row: &Row<'_>, [from, to]: [usize; 2], shapes: &Shapes) -> Result<Conduit, String> {
        let id = row.words[0];
        let (length, roughness) = (number(row, 3, "length")?, number(row, 4, "roughness")?);
        let shape = shapes.of(&key(id));
        let roughness = shape.as_ref().and_then(|s| s.roughness).unwrap_or(roughness);
        if length <= 0.0 || roughness <= 0.0 {
            return Err("the length or the roughness is not positive".into());
        }
        let in_offset_m = self.offset_m(row, "CONDUITS", 5, from)? as f32;
        let out_offset_m = self.offset_m(row, "CONDUITS", 6, to)? as f32;
        if shape.is_none() {
            let text = "a conduit without a row in [XSECTIONS] was taken to be a circle of 0.3 m";
            self.note(Severity::Guessed, row, "CONDUITS", text);
        }
        let shape = shape.unwrap_or_default();
        Ok(Conduit {
            id: id.into(),
            from,
            to,
            length_m: (length * self.units.length_m) as f32,
            roughness: roughness as f32,
            in_offset_m,
            out_offset_m,
            shape: shape.keyword,
            geom_m: shape.geom_m,
            barrels: shape.barrels,
            init_flow_m3_s: (number(row, 7, "initial flow")? * self.units.flow_m3_s) as f32,
            max_flow_m3_s: (number(row, 8, "maximum flow")?.max(0.0) * self.units.flow_m3_s) as f32,
            culvert_code: shape.culvert_code,
            section: shape.section,
            ..Conduit::default()
        })
    }

    /// `Conduit Kentry Kexit Kavg (Flap Seepage)`.
    fn losses(&mut self) {
        let conduits: super::Names = self.network.conduits.iter().enumerate().map(|(i, c)| (key(&c.id), i)).collect();
        for row in self.rows("LOSSES") {
            let Some(&at) = conduits.get(&key(row.words[0])) else {
                self.skip(row, "LOSSES", "losses of a conduit that is not defined");
                continue;
            };
            let read = (|| {
                let k = [number(row, 1, "entry loss")?, number(row, 2, "exit loss")?, number(row, 3, "average loss")?];
                Ok::<_, String>((k.map(|v| v.max(0.0) as f32), number(row, 5, "seepage")?.max(0.0)))
            })();
            match read {
                Ok((losses, seepage)) => {
                    let conduit = &mut self.network.conduits[at];
                    conduit.losses = losses;
                    conduit.flap_gate = yes(row, 4);
                    conduit.seepage_m_s = (seepage * self.units.depth_m() / 3600.0) as f32;
                }
                Err(reason) => self.skip(row, "LOSSES", reason),
            }
        }
    }

    fn pump(&mut self, row: &Row<'_>, [from, to]: [usize; 2]) -> Result<Pump, String> {
        let length = self.units.length_m;
        let (start, stop) = (number(row, 5, "startup depth")?, number(row, 6, "shutoff depth")?);
        let name = row.words.get(3).copied().unwrap_or("*");
        let (curve_type, curve) = match self.curves.get(&key(name)).map(|k| &self.network.curves[*k]) {
            _ if name == "*" => (0, Vec::new()),
            Some(curve) if PUMP_CURVES.contains(&curve.kind) => {
                let kind = PUMP_CURVES.iter().position(|k| *k == curve.kind).unwrap_or(0) as u8 + 1;
                (kind, curve.points.iter().map(|p| p.map(|v| v as f32)).collect())
            }
            found => {
                let why = if found.is_some() { "is no pump curve" } else { "is not defined" };
                self.skip(row, "PUMPS", format!("curve '{name}' {why}; taken as an ideal pump"));
                (0, Vec::new())
            }
        };
        Ok(Pump {
            id: row.words[0].into(),
            from,
            to,
            curve_type,
            curve,
            start_m: (start * length) as f32,
            stop_m: (stop * length) as f32,
            init_off: row.words.get(4).is_some_and(|w| w.eq_ignore_ascii_case("OFF")),
            vertices: Vec::new(),
        })
    }

    /// `Name From To Type Offset Cd (Flap Orate)`.
    fn orifice(&mut self, row: &Row<'_>, [from, to]: [usize; 2], shapes: &Shapes) -> Result<Orifice, String> {
        let kind = match row.words.get(3).map(|w| w.to_ascii_uppercase()).as_deref() {
            Some("SIDE") => OrificeKind::Side,
            Some("BOTTOM") => OrificeKind::Bottom,
            other => return Err(format!("an orifice of type '{}', expected SIDE or BOTTOM", other.unwrap_or(""))),
        };
        let shape = shapes.of(&key(row.words[0])).ok_or("an orifice without a row in [XSECTIONS]")?;
        let hours = row.words.get(7).map_or(Some(0.0), |w| clock::span_s(w));
        Ok(Orifice {
            id: row.words[0].into(),
            from,
            to,
            kind,
            offset_m: self.offset_m(row, "ORIFICES", 4, from)?,
            discharge_coefficient: number(row, 5, "discharge coefficient")?,
            flap_gate: yes(row, 6),
            open_close_time_s: hours.ok_or("the time to open is no time in hours")?,
            shape: shape.keyword,
            geom_m: [f64::from(shape.geom_m[0]), f64::from(shape.geom_m[1])],
            vertices: Vec::new(),
        })
    }

    /// `Name From To Type CrestHt Cd (Gated EC Cd2 Sur (Width Surf) Ccurve)`.
    fn weir(&mut self, row: &Row<'_>, [from, to]: [usize; 2], shapes: &Shapes) -> Result<Weir, String> {
        let kind = match row.words.get(3).map(|w| w.to_ascii_uppercase()).as_deref() {
            Some("TRANSVERSE") => WeirKind::Transverse,
            Some("SIDEFLOW") => WeirKind::SideFlow,
            Some("V-NOTCH") => WeirKind::VNotch,
            Some("TRAPEZOIDAL") => WeirKind::Trapezoidal,
            Some("ROADWAY") => WeirKind::Roadway,
            other => {
                let known = "TRANSVERSE, SIDEFLOW, V-NOTCH, TRAPEZOIDAL or ROADWAY";
                return Err(format!("a weir of type '{}', expected {known}", other.unwrap_or("")));
            }
        };
        let shape = shapes.of(&key(row.words[0])).ok_or("a weir without a row in [XSECTIONS]")?;
        let si = self.units.weir_si();
        let curve = row.words.get(12).filter(|w| !w.is_empty() && **w != "*");
        let coefficient_curve = match curve {
            Some(name) => Some(self.curve_of(name, &[CurveKind::Weir])?),
            None => None,
        };
        Ok(Weir {
            id: row.words[0].into(),
            from,
            to,
            kind,
            crest_offset_m: self.offset_m(row, "WEIRS", 4, from)?,
            coefficient_si: number(row, 5, "discharge coefficient")? * si,
            end_coefficient_si: number(row, 8, "end coefficient")? * si,
            end_contractions: number(row, 7, "end contractions")?.clamp(0.0, 2.0),
            flap_gate: yes(row, 6),
            can_surcharge: !row.words.get(9).is_some_and(|w| w.eq_ignore_ascii_case("NO")),
            geom: shape.geom_m.map(f64::from),
            road_width_m: number(row, 10, "width of the road")? * self.units.length_m,
            gravel: row.words.get(11).is_some_and(|w| w.eq_ignore_ascii_case("GRAVEL")),
            coefficient_curve,
            vertices: Vec::new(),
        })
    }

    /// `Name From To Offset TABULAR/… Qcurve (Gated)` or `FUNCTIONAL/… C1 C2 (Gated)`.
    fn outlet(&mut self, row: &Row<'_>, [from, to]: [usize; 2]) -> Result<Outlet, String> {
        let word = row.words.get(4).map_or("FUNCTIONAL/DEPTH".into(), |w| w.to_ascii_uppercase());
        let (form, by) = word.split_once('/').unwrap_or((&word, "DEPTH"));
        let (rating, gated) = match form {
            "TABULAR" => {
                let name = row.words.get(5).copied().unwrap_or_default();
                (OutletRating::Tabular(self.curve_of(name, &[CurveKind::Rating])?), 6)
            }
            "FUNCTIONAL" => {
                let (c1, c2) = (number(row, 5, "coefficient")?, number(row, 6, "exponent")?);
                // Q/flow = c1 · (y/length)^c2.
                let coefficient_si = c1 * self.units.flow_m3_s / self.units.length_m.powf(c2);
                (OutletRating::Functional { coefficient_si, exponent: c2 }, 7)
            }
            _ => return Err(format!("an outlet of type '{word}', expected TABULAR or FUNCTIONAL by DEPTH or HEAD")),
        };
        let by_head = by == "HEAD";
        let offset_m = self.offset_m(row, "OUTLETS", 3, from)?;
        let id = row.words[0].into();
        Ok(Outlet { id, from, to, offset_m, rating, by_head, flap_gate: yes(row, gated), vertices: Vec::new() })
    }
}
