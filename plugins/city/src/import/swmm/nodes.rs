//! `[JUNCTIONS]`, `[OUTFALLS]`, `[STORAGE]`, `[DIVIDERS]`.

use std::f64::consts::PI;

use super::{NODES, Reader, key, number, text::Row, yes};
use crate::{
    import::Severity,
    model::{
        DrainNode, DrainNodeKind,
        drainage::{CurveKind, Divider, DividerKind, Outfall, OutfallStage, Storage, StorageShape},
    },
};

impl Reader<'_> {
    pub(super) fn read_nodes(&mut self) {
        for (section, kind) in NODES {
            for row in self.rows(section) {
                let id = row.words[0];
                if row.words.len() < 2 {
                    self.skip(row, section, "a node without an elevation");
                } else if self.nodes.contains_key(&key(id)) {
                    self.skip(row, section, "a node that is already defined");
                } else {
                    match self.node(row, kind) {
                        Ok(node) => {
                            self.nodes.insert(key(id), self.network.nodes.len());
                            self.network.nodes.push(node);
                        }
                        Err(reason) => self.skip(row, section, reason),
                    }
                }
            }
        }
    }

    fn node(&mut self, row: &Row<'_>, kind: DrainNodeKind) -> Result<DrainNode, String> {
        let length = self.units.length_m;
        let mut node = DrainNode { id: row.words[0].into(), kind, ..DrainNode::default() };
        let m = |at: usize, name: &str| Ok::<_, String>((number(row, at, name)? * length) as f32);
        node.invert_m = m(1, "elevation")?;
        // Position of the maximum depth; initial and surcharge depth and ponded area follow.
        let mut depths = |at: usize| {
            node.max_depth_m = m(at, "maximum depth")?.max(0.0);
            node.init_depth_m = m(at + 1, "initial depth")?.max(0.0);
            node.surcharge_depth_m = m(at + 2, "surcharge depth")?.max(0.0);
            node.ponded_area_m2 = ((number(row, at + 3, "ponded area")? * length * length) as f32).max(0.0);
            Ok::<_, String>(())
        };
        match kind {
            DrainNodeKind::Junction => depths(2)?,
            DrainNodeKind::Outfall => node.outfall = Some(self.outfall(row)),
            DrainNodeKind::Storage => {
                node.max_depth_m = m(2, "maximum depth")?.max(0.0);
                node.init_depth_m = m(3, "initial depth")?.max(0.0);
                let (storage, rest) = self.storage(row);
                node.area_m2 = storage.shape.area_m2(f64::from(node.max_depth_m) / 2.0) as f32;
                // Files before SWMM 5.1.013 have the ponded area here; a storage node never ponds.
                node.surcharge_depth_m = m(rest, "surcharge depth")?.max(0.0);
                node.storage = Some(storage);
            }
            DrainNodeKind::Divider => {
                let (divider, at) = self.divider(row);
                depths(at)?;
                node.divider = Some(divider);
            }
        }
        Ok(node)
    }

    fn outfall(&mut self, row: &Row<'_>) -> Outfall {
        let kind = row.words.get(2).map_or("FREE".into(), |w| w.to_ascii_uppercase());
        let name = row.words.get(3).copied().unwrap_or_default();
        let takes_value = matches!(kind.as_str(), "FIXED" | "TIDAL" | "TIMESERIES");
        let stage = match kind.as_str() {
            "FREE" => Ok(OutfallStage::Free),
            "NORMAL" => Ok(OutfallStage::Normal),
            "FIXED" => number(row, 3, "stage").map(|stage| OutfallStage::FixedM(stage * self.units.length_m)),
            "TIDAL" => self.curve_of(name, &[CurveKind::Tidal]).map(OutfallStage::Tidal),
            "TIMESERIES" => match self.series_of(Some(&name)) {
                Some(series) => Ok(OutfallStage::Series { series, scale_m: self.units.length_m }),
                None => Err(format!("time series '{name}' is not defined")),
            },
            other => Err(format!("an outfall of the unknown type '{other}'")),
        };
        let stage = stage.unwrap_or_else(|reason| {
            self.note(Severity::Guessed, row, "OUTFALLS", format!("{reason}; taken as FREE"));
            OutfallStage::Free
        });
        let gated = 3 + usize::from(takes_value);
        let route_to = row.words.get(gated + 1).filter(|w| !w.is_empty() && **w != "*");
        let route_to = route_to.and_then(|w| self.catchments.get(&key(w)).copied());
        Outfall { stage, flap_gate: yes(row, gated), route_to }
    }

    /// Form of a storage node and the position of the words behind its parameters.
    fn storage(&mut self, row: &Row<'_>) -> (Storage, usize) {
        let keyword = row.words.get(4).map_or(String::new(), |w| w.to_ascii_uppercase());
        let rest = if keyword == "TABULAR" { 6 } else { 8 };
        let shape = self.storage_shape(row, &keyword).unwrap_or_else(|reason| {
            self.skip(row, "STORAGE", format!("{reason}; its plan area is unknown"));
            StorageShape::default()
        });
        let mut storage = Storage { shape, ..Storage::default() };
        let more = (|| {
            storage.evaporation_factor = number(row, rest + 1, "evaporation factor")?;
            storage.suction_m = number(row, rest + 2, "suction head")? * self.units.depth_m();
            storage.conductivity_m_s = number(row, rest + 3, "conductivity")? * self.units.depth_m() / 3600.0;
            storage.moisture_deficit = number(row, rest + 4, "moisture deficit")?;
            Ok::<_, String>(())
        })();
        if let Err(reason) = more {
            self.skip(row, "STORAGE", format!("{reason}; no evaporation or seepage"));
        }
        (storage, rest)
    }

    /// Plan area by depth (SWMM manual, [STORAGE]).
    fn storage_shape(&self, row: &Row<'_>, keyword: &str) -> Result<StorageShape, String> {
        let length = self.units.length_m;
        if keyword.is_empty() {
            return Ok(StorageShape::default());
        }
        if keyword == "TABULAR" {
            let name = row.words.get(5).copied().unwrap_or_default();
            let curve = self.curve_of(name, &[CurveKind::Storage])?;
            let points = self.network.curves[curve].points.clone();
            return if points.is_empty() {
                Err(format!("storage curve '{name}' has no points"))
            } else {
                Ok(StorageShape::Tabular(points))
            };
        }
        let [a, b, c] = [number(row, 5, "length")?, number(row, 6, "width")?, number(row, 7, "side slope or height")?];
        if a < 0.0 || b < 0.0 && keyword != "FUNCTIONAL" || c < 0.0 {
            return Err("a shape with a negative parameter".into());
        }
        let (l, w) = (a * length, b * length);
        Ok(match keyword {
            // area = constant + coefficient * depth^exponent, in the file's units.
            "FUNCTIONAL" => StorageShape::Functional {
                coefficient: a * length.powf(2.0 - b),
                exponent: b,
                constant_m2: c * length * length,
            },
            "CYLINDRICAL" | "CYLINDRIC" => StorageShape::Polynomial([PI / 4.0 * l * w, 0.0, 0.0]),
            "CONICAL" if l > 0.0 => StorageShape::Polynomial([PI / 4.0 * l * w, PI * w * c, PI * w / l * c * c]),
            "PYRAMIDAL" => StorageShape::Polynomial([l * w, 2.0 * (l + w) * c, 4.0 * c * c]),
            "PARABOLIC" | "PARABOLOID" if c > 0.0 => {
                StorageShape::Polynomial([0.0, PI / 4.0 * l * w / (c * length), 0.0])
            }
            "CONICAL" | "PARABOLIC" | "PARABOLOID" => return Err(format!("a {keyword} shape without its size")),
            other => return Err(format!("storage shape '{other}' is not read")),
        })
    }

    /// Rule of a divider and the position of its maximum depth.
    fn divider(&mut self, row: &Row<'_>) -> (Divider, usize) {
        let link = row.words.get(2).copied().unwrap_or_default().to_owned();
        let keyword = row.words.get(3).map_or("OVERFLOW".into(), |w| w.to_ascii_uppercase());
        let flow = self.units.flow_m3_s;
        let (kind, at) = match keyword.as_str() {
            "OVERFLOW" => (Ok(DividerKind::Overflow), 4),
            "TABULAR" => {
                let name = row.words.get(4).copied().unwrap_or_default();
                (self.curve_of(name, &[CurveKind::Diversion]).map(DividerKind::Tabular), 5)
            }
            "WEIR" => {
                let weir = (|| {
                    Ok(DividerKind::Weir {
                        min_flow_m3_s: number(row, 4, "minimum flow")? * flow,
                        height_m: number(row, 5, "height")? * self.units.length_m,
                        // Coefficient · length: m^1.5/s at 1 m of head.
                        coefficient_si: number(row, 6, "coefficient")? * self.units.weir_si() * self.units.length_m,
                    })
                })();
                (weir, 7)
            }
            "CUTOFF" => (number(row, 4, "cutoff flow").map(|q| DividerKind::CutoffM3S(q * flow)), 5),
            other => (Err(format!("a divider of the unknown type '{other}'")), 5),
        };
        let kind = kind.unwrap_or_else(|reason: String| {
            self.note(Severity::Guessed, row, "DIVIDERS", format!("{reason}; taken as OVERFLOW"));
            DividerKind::Overflow
        });
        (Divider { link, kind }, at)
    }

    /// SWMM's rule for a maximum depth of 0: up to the crown of the highest conduit.
    pub(super) fn deepen(&mut self) {
        let mut crowns = vec![0.0_f32; self.network.nodes.len()];
        for conduit in &self.network.conduits {
            for (node, offset) in [(conduit.from, conduit.in_offset_m), (conduit.to, conduit.out_offset_m)] {
                crowns[node] = crowns[node].max(offset + conduit.geom_m[0]);
            }
        }
        for (node, crown) in self.network.nodes.iter_mut().zip(crowns) {
            if node.max_depth_m <= 0.0 && crown > 0.0 {
                node.max_depth_m = crown;
                if node.kind != DrainNodeKind::Outfall {
                    let text = "a maximum depth of 0 became the crown of the highest conduit, as in SWMM";
                    self.report.note(Severity::Guessed, format!("node {}", node.id), text);
                }
            }
        }
    }
}
