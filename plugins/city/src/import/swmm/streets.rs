//! `[TRANSECTS]`, `[STREETS]`, `[INLETS]`, `[INLET_USAGE]`.

use super::{Names, Reader, key, number, text::Row};
use crate::model::drainage::{CurbThroat, CurveKind, Inlet, InletKind, InletUsage, Placement, Street, Transect};

impl Reader<'_> {
    pub(super) fn streets(&mut self) {
        self.transects();
        for row in self.rows("STREETS") {
            match self.street(row) {
                Ok(street) => self.network.streets.push(street),
                Err(reason) => self.skip(row, "STREETS", reason),
            }
        }
        let mut names = Names::new();
        for row in self.rows("INLETS") {
            match self.opening(row) {
                Ok(opening) => {
                    let inlets = &mut self.network.inlets;
                    let at = *names.entry(key(row.words[0])).or_insert_with(|| {
                        inlets.push(Inlet { id: row.words[0].into(), openings: Vec::new() });
                        inlets.len() - 1
                    });
                    inlets[at].openings.push(opening);
                }
                Err(reason) => self.skip(row, "INLETS", reason),
            }
        }
        let conduits: Names = self.network.conduits.iter().enumerate().map(|(i, c)| (key(&c.id), i)).collect();
        for row in self.rows("INLET_USAGE") {
            match self.usage(row, &conduits, &names) {
                Ok(usage) => self.network.inlet_usage.push(usage),
                Err(reason) => self.skip(row, "INLET_USAGE", reason),
            }
        }
    }

    fn transects(&mut self) {
        let length = self.units.length_m;
        // Left bank, right bank, channel; 0 keeps the last value.
        let mut roughness = [0.0_f64; 3];
        let (mut wide, mut raised) = (1.0, 0.0);
        for row in self.rows("TRANSECTS") {
            let n = |at: usize| number(row, at, "number");
            match row.words[0].to_ascii_uppercase().as_str() {
                "NC" => {
                    for (at, slot) in roughness.iter_mut().enumerate() {
                        match n(at + 1) {
                            Ok(value) if value > 0.0 => *slot = value,
                            Ok(_) => {}
                            Err(reason) => self.skip(row, "TRANSECTS", reason),
                        }
                    }
                }
                "X1" => {
                    let read = (|| Ok::<_, String>([n(3)?, n(4)?, n(7)?, n(8)?, n(9)?]))();
                    let [left, right, meander, width, elevation] = match read {
                        Ok(numbers) => numbers,
                        Err(reason) => {
                            self.skip(row, "TRANSECTS", reason);
                            [0.0; 5]
                        }
                    };
                    (wide, raised) = (if width > 0.0 { width } else { 1.0 }, elevation);
                    self.network.transects.push(Transect {
                        id: row.words.get(1).copied().unwrap_or_default().into(),
                        n_left_right_channel: roughness,
                        banks_m: [left * wide * length, right * wide * length],
                        meander: if meander > 0.0 { meander } else { 1.0 },
                        points_m: Vec::new(),
                    });
                }
                "GR" => {
                    let Some(transect) = self.network.transects.last_mut() else { continue };
                    for pair in row.words[1..].chunks_exact(2) {
                        if let (Ok(z), Ok(x)) = (pair[0].parse::<f64>(), pair[1].parse::<f64>())
                            && z.is_finite()
                            && x.is_finite()
                        {
                            transect.points_m.push([x * wide * length, (z + raised) * length]);
                        }
                    }
                }
                other => {
                    let text = format!("a row '{other}', expected NC, X1 or GR");
                    self.skip(row, "TRANSECTS", text);
                }
            }
        }
    }

    /// `Name Tcrown Hcurb Sx nRoad (a W) (Sides Tback Sback nBack)`, slopes in percent.
    fn street(&self, row: &Row<'_>) -> Result<Street, String> {
        let length = self.units.length_m;
        let m = |at: usize, name: &str| number(row, at, name).map(|v| v.max(0.0) * length);
        Ok(Street {
            id: row.words[0].into(),
            crown_m: m(1, "width to the crown")?,
            curb_m: m(2, "height of the curb")?,
            cross_slope: number(row, 3, "cross slope")? / 100.0,
            roughness: number(row, 4, "roughness")?,
            gutter_depression_m: m(5, "gutter depression")?,
            gutter_width_m: m(6, "gutter width")?,
            sides: if row.words.len() > 7 { number(row, 7, "sides")?.clamp(1.0, 2.0) as u8 } else { 2 },
            back_width_m: m(8, "width behind the curb")?,
            back_slope: number(row, 9, "slope behind the curb")? / 100.0,
            back_roughness: number(row, 10, "roughness behind the curb")?,
        })
    }

    fn opening(&self, row: &Row<'_>) -> Result<InletKind, String> {
        let length = self.units.length_m;
        let keyword = row.words.get(1).map_or(String::new(), |w| w.to_ascii_uppercase());
        let m = |at: usize, name: &str| {
            let value = number(row, at, name)? * length;
            if value > 0.0 {
                Ok(value)
            } else {
                Err(format!("the {name} of the inlet is {value} m, expected more than 0"))
            }
        };
        Ok(match keyword.as_str() {
            "GRATE" | "DROP_GRATE" => InletKind::Grate {
                length_m: m(2, "length")?,
                width_m: m(3, "width")?,
                grate: row.words.get(4).map_or("GENERIC".into(), |w| w.to_ascii_uppercase()),
                open_fraction: number(row, 5, "open share")?.clamp(0.0, 1.0),
                splash_m_s: number(row, 6, "splash velocity")?.max(0.0) * length,
                drop: keyword == "DROP_GRATE",
            },
            "CURB" | "DROP_CURB" => InletKind::Curb {
                length_m: m(2, "length")?,
                height_m: m(3, "height")?,
                throat: match row.words.get(4).map(|w| w.to_ascii_uppercase()).as_deref() {
                    Some("INCLINED") => CurbThroat::Inclined,
                    Some("VERTICAL") => CurbThroat::Vertical,
                    _ => CurbThroat::Horizontal,
                },
                drop: keyword == "DROP_CURB",
            },
            "SLOTTED" => InletKind::Slotted { length_m: m(2, "length")?, width_m: m(3, "width")? },
            "CUSTOM" => {
                let name = row.words.get(2).copied().unwrap_or_default();
                InletKind::Custom { curve: self.curve_of(name, &[CurveKind::Diversion, CurveKind::Rating])? }
            }
            other => return Err(format!("an inlet of the unknown type '{other}'")),
        })
    }

    /// `Link Inlet Node (Number %Clogged Qmax aLocal wLocal Placement)`.
    fn usage(&self, row: &Row<'_>, conduits: &Names, inlets: &Names) -> Result<InletUsage, String> {
        let find = |names: &Names, at: usize, what: &str| {
            let name = row.words.get(at).copied().unwrap_or_default();
            names.get(&key(name)).copied().ok_or_else(|| format!("{what} '{name}' is not defined"))
        };
        Ok(InletUsage {
            conduit: find(conduits, 0, "conduit")?,
            inlet: find(inlets, 1, "inlet")?,
            node: find(&self.nodes, 2, "node")?,
            count: if row.words.len() > 3 { number(row, 3, "number")?.max(0.0) } else { 1.0 },
            clogged: (number(row, 4, "clogged share")? / 100.0).clamp(0.0, 1.0),
            max_flow_m3_s: number(row, 5, "largest flow")?.max(0.0) * self.units.flow_m3_s,
            depression_m: number(row, 6, "local depression")?.max(0.0) * self.units.length_m,
            depression_width_m: number(row, 7, "width of the depression")?.max(0.0) * self.units.length_m,
            placement: match row.words.get(8).map(|w| w.to_ascii_uppercase()).as_deref() {
                Some("ON_GRADE") => Placement::OnGrade,
                Some("ON_SAG") => Placement::OnSag,
                _ => Placement::Automatic,
            },
        })
    }
}
