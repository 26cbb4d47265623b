//! `[LID_CONTROLS]`, `[LID_USAGE]`.

use super::{Names, Reader, key, number, text::Row, yes};
use crate::model::drainage::{
    CurveKind, LidControl, LidDrain, LidKind, LidMat, LidPavement, LidSoil, LidStorage, LidSurface, LidUsage,
    SubcatchOutlet,
};

fn kind_of(word: &str) -> Option<LidKind> {
    Some(match word.to_ascii_uppercase().as_str() {
        "BC" => LidKind::BioRetention,
        "RG" => LidKind::RainGarden,
        "GR" => LidKind::GreenRoof,
        "IT" => LidKind::InfiltrationTrench,
        "PP" => LidKind::PermeablePavement,
        "RB" => LidKind::RainBarrel,
        "VS" => LidKind::VegetativeSwale,
        "RD" => LidKind::RooftopDisconnection,
        _ => return None,
    })
}

/// A parameter that is no less than 0.
fn positive(row: &Row<'_>, at: usize, name: &str) -> Result<f64, String> {
    match number(row, at, name)? {
        v if v < 0.0 => Err(format!("{name} is {v}, expected 0 or more")),
        v => Ok(v),
    }
}

/// Void ratio (voids over solids) as voids over total volume.
fn voids(ratio: f64) -> f64 {
    ratio / (ratio + 1.0)
}

impl Reader<'_> {
    /// Controls and where they lie; after subcatchments.
    pub(super) fn lids(&mut self) {
        let mut known = Names::new();
        let mut controls: Vec<(LidControl, bool)> = Vec::new();
        for row in self.rows("LID_CONTROLS") {
            let at = *known.entry(key(row.words[0])).or_insert_with(|| {
                controls.push((LidControl { id: row.words[0].into(), ..LidControl::default() }, false));
                controls.len() - 1
            });
            let word = row.words.get(1).copied().unwrap_or_default();
            if let Some(kind) = kind_of(word) {
                (controls[at].0.kind, controls[at].1) = (kind, true);
            } else if let Err(reason) = self.lid_layer(row, word, &mut controls[at].0) {
                self.skip(row, "LID_CONTROLS", reason);
            }
        }
        let good: Vec<bool> = controls.iter().map(|(c, typed)| *typed && complete(c)).collect();
        self.network.lid_controls = controls.into_iter().map(|(c, _)| c).collect();
        for row in self.rows("LID_USAGE") {
            match self.lid_usage(row, &known, &good) {
                Ok(usage) if usage.number > 0.0 && usage.area_m2 > 0.0 => self.network.lid_usage.push(usage),
                Ok(_) => {}
                Err(reason) => self.skip(row, "LID_USAGE", reason),
            }
        }
    }

    fn lid_layer(&self, row: &Row<'_>, word: &str, into: &mut LidControl) -> Result<(), String> {
        let depth = self.units.depth_m();
        let p = |at: usize| positive(row, at + 1, "parameter");
        match word.to_ascii_uppercase().as_str() {
            "SURFACE" => {
                let thickness_m = p(1)? * depth;
                // Plants without a berm take no room.
                let plants = if thickness_m > 0.0 { p(2)?.min(0.99) } else { 0.0 };
                into.surface = LidSurface {
                    thickness_m,
                    void_share: 1.0 - plants,
                    roughness: p(3)?,
                    slope: p(4)? / 100.0,
                    side_slope: p(5)?,
                };
            }
            "SOIL" => {
                into.soil = LidSoil {
                    thickness_m: p(1)? * depth,
                    porosity: p(2)?,
                    field_capacity: p(3)?,
                    wilting_point: p(4)?,
                    conductivity_m_s: p(5)? * depth / 3600.0,
                    conductivity_slope: p(6)?,
                    suction_m: p(7)? * depth,
                };
            }
            "PAVEMENT" => {
                into.pavement = LidPavement {
                    thickness_m: p(1)? * depth,
                    void_share: voids(p(2)?),
                    impervious: p(3)?.min(1.0),
                    conductivity_m_s: p(4)? * depth / 3600.0,
                    clogging: p(5)?,
                    regeneration_days: p(6)?,
                    regeneration: p(7)?.min(1.0),
                };
            }
            "STORAGE" => {
                into.storage = LidStorage {
                    thickness_m: p(1)? * depth,
                    void_share: voids(p(2)?),
                    seepage_m_s: p(3)? * depth / 3600.0,
                    clogging: p(4)?,
                    covered: yes(row, 6),
                };
            }
            "DRAIN" => {
                let curve = match row.words.get(8).filter(|w| !w.is_empty() && **w != "*") {
                    Some(name) => Some(self.curve_of(name, &[CurveKind::Control])?),
                    None => None,
                };
                into.drain = LidDrain {
                    coefficient_m_s: p(1)? * depth / 3600.0,
                    exponent: p(2)?,
                    unit_m: depth,
                    offset_m: p(3)? * depth,
                    delay_s: p(4)? * 3600.0,
                    opens_m: p(5)? * depth,
                    closes_m: p(6)? * depth,
                    curve,
                };
            }
            "DRAINMAT" => {
                into.mat = LidMat { thickness_m: p(1)? * depth, void_share: p(2)?, roughness: p(3)? };
            }
            // What a drain holds back of pollutants, which are not modelled.
            "REMOVALS" => {}
            other => return Err(format!("layer '{other}' of a LID control is not known")),
        }
        Ok(())
    }

    /// `Subcat LID Number Area Width InitSat FromImp ToPerv (RptFile DrainTo FromPerv)`.
    fn lid_usage(&self, row: &Row<'_>, controls: &Names, good: &[bool]) -> Result<LidUsage, String> {
        let name = |at: usize| row.words.get(at).copied().unwrap_or_default();
        let catchment = *self.catchments.get(&key(name(0))).ok_or("a subcatchment that is not defined")?;
        let control = *controls.get(&key(name(1))).ok_or("a LID control that is not defined")?;
        if !good[control] {
            return Err(format!("LID control '{}' has no type or lacks a layer that its type needs", name(1)));
        }
        let length = self.units.length_m;
        let p = |at: usize| positive(row, at, "parameter");
        let drain_to = match row.words.get(9).filter(|w| !w.is_empty() && **w != "*") {
            Some(to) => Some(match (self.catchments.get(&key(to)), self.nodes.get(&key(to))) {
                (Some(k), _) => SubcatchOutlet::Subcatchment(*k),
                (None, Some(k)) => SubcatchOutlet::Node(*k),
                (None, None) => return Err(format!("drain to '{to}', which is not defined")),
            }),
            None => None,
        };
        Ok(LidUsage {
            control,
            catchment,
            number: p(2)?.floor(),
            area_m2: p(3)? * length * length,
            width_m: p(4)? * length,
            initial: (p(5)? / 100.0).min(1.0),
            from_impervious: (p(6)? / 100.0).min(1.0),
            from_pervious: (p(10)? / 100.0).min(1.0),
            to_pervious: p(7)? > 0.0,
            drain_to,
        })
    }
}

/// Has it the layers that its type needs, with parameters that make sense?
fn complete(c: &LidControl) -> bool {
    let (soil, mat, pavement) = (&c.soil, &c.mat, &c.pavement);
    let soil_good = soil.thickness_m <= 0.0
        || (soil.porosity > 0.0
            && soil.porosity <= 1.0
            && soil.field_capacity < soil.porosity
            && soil.wilting_point < soil.field_capacity
            && soil.conductivity_m_s > 0.0);
    let storage_good = c.kind == LidKind::RainBarrel || c.storage.thickness_m <= 0.0 || c.storage.void_share > 0.0;
    soil_good
        && storage_good
        && match c.kind {
            LidKind::BioRetention | LidKind::RainGarden => soil.thickness_m > 0.0,
            LidKind::GreenRoof => soil.thickness_m > 0.0 && mat.thickness_m > 0.0 && mat.void_share > 0.0,
            LidKind::InfiltrationTrench | LidKind::RainBarrel => c.storage.thickness_m > 0.0,
            LidKind::PermeablePavement => {
                pavement.thickness_m > 0.0
                    && pavement.conductivity_m_s > 0.0
                    && pavement.void_share > 0.0
                    && pavement.impervious < 1.0
            }
            LidKind::VegetativeSwale => {
                c.surface.thickness_m > 0.0 && c.surface.roughness > 0.0 && c.surface.slope > 0.0
            }
            LidKind::RooftopDisconnection => true,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{import::swmm::read_swmm, model::DrainageNetwork};

    fn read(name: &str, text: &str) -> (DrainageNetwork, Vec<String>) {
        let path = std::env::temp_dir().join(format!("guanlan-{name}-{}.inp", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let (file, report) = read_swmm(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        (file.network, report.problems.iter().map(|p| p.message.clone()).collect())
    }

    const HEAD: &str = "[OPTIONS]\nFLOW_UNITS CMS\n[RAINGAGES]\nG INTENSITY 0:05 1 TIMESERIES R\n[TIMESERIES]\nR 0 1\n\
        [SUBCATCHMENTS]\nS1 G J1 2 50 100 1 0\n[JUNCTIONS]\nJ1 5 2\n[OUTFALLS]\nO1 4 FREE\n";

    #[test]
    fn controls_and_where_they_lie_in_metres_and_seconds() {
        let text = format!(
            "{HEAD}[LID_CONTROLS]\nP PP\nP SURFACE 2 0.5 0.1 1 5\nP PAVEMENT 100 0.25 0.1 360 0\nP STORAGE 300 0.5 36 0\n\
             P DRAIN 8 0.5 50 6\nbad BC\nbad SURFACE 100 0 0.1 1 5\nC XX 1 2\n[LID_USAGE]\nS1 p 3 100 10 20 60 1 * J1 15\n\
             S1 bad 1 10 1 0 0 0\nS1 none 1 10 1 0 0 0\n"
        );
        let (network, told) = read("lid", &text);
        let c = &network.lid_controls[0];
        assert_eq!(c.kind, LidKind::PermeablePavement);
        assert!((c.pavement.thickness_m - 0.1).abs() < 1e-12 && (c.pavement.void_share - 0.2).abs() < 1e-12);
        assert!((c.pavement.conductivity_m_s - 1.0e-4).abs() < 1e-15 && (c.storage.seepage_m_s - 1.0e-5).abs() < 1e-15);
        assert!((c.drain.offset_m - 0.05).abs() < 1e-12 && c.drain.unit_m == 1.0e-3 && c.drain.delay_s == 21_600.0);
        assert_eq!(network.lid_usage.len(), 1);
        let u = &network.lid_usage[0];
        assert_eq!((u.control, u.catchment, u.number, u.area_m2), (0, 0, 3.0, 100.0));
        assert_eq!((u.initial, u.from_impervious, u.from_pervious, u.to_pervious), (0.2, 0.6, 0.15, true));
        assert_eq!(u.drain_to, Some(SubcatchOutlet::Node(0)));
        let said = |what: &str| told.iter().any(|t| t.contains(what));
        assert!(
            said("layer 'XX'") && said("'bad' has no type or lacks a layer") && said("LID control that is not"),
            "{told:?}"
        );
    }

    #[test]
    fn aquifers_and_unit_hydrographs_or_why_not() {
        let text = format!(
            "{HEAD}[AQUIFERS]\nA 0.5 0.15 0.3 10 10 15 0.35 4 0.05 0 6 0.32\nB 0.5 0.4 0.3 10 10 15 0.35 4 0.05 0 6 0.32\n\
             [GROUNDWATER]\nS1 A J1 12 0.02 1.5 0 0 0 0 9.5 *\nS1 A J1 2 0.02 1.5 0 0 0 0\n[HYDROGRAPHS]\nU G\n\
             U All Short 0.03 0.5 2 2 1 0\nU Jul Short 0.06 0.5 2\nU Foo Short 1 1 1\n[RDII]\nJ1 U 30\nJ9 U 1\n"
        );
        let (network, told) = read("ground", &text);
        assert_eq!((network.aquifers.len(), network.groundwater.len(), network.rdii.len()), (1, 1, 1));
        assert!((network.aquifers[0].conductivity_m_s - 0.01 / 3600.0).abs() < 1e-12);
        let g = &network.groundwater[0];
        assert_eq!((g.threshold_m, g.bottom_m, g.surface_m, g.unit_m_s), (Some(9.5), None, 12.0, 1.0e-4));
        let u = &network.hydrographs[0];
        assert_eq!((u.gage, u.months[0][0].share, u.months[6][0].share), (Some(0), 0.03, 0.06));
        assert_eq!(
            (u.months[0][0].peak_s, u.months[0][0].base_s, u.months[0][0].abstraction_m),
            (1800.0, 5400.0, 0.002)
        );
        assert_eq!(network.rdii[0].area_m2, 3.0e5);
        let said = |what: &str| told.iter().any(|t| t.contains(what));
        assert!(
            said("contradict") && said("below its aquifer") && said("'FOO'") && said("a node that is not"),
            "{told:?}"
        );
    }
}
