//! A model of the water follows the measures of its room.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::water::RefusedMeasure;
use guanlan_rainstorm::{Measure, WaterModel};

use super::measures::{MeasureStage, Measures};

/// What of a room's measures a model has done.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MeasureFollower {
    seen: Option<u64>,
    /// Index in the model's list of what was done, by number in the room.
    done: BTreeMap<u64, usize>,
    /// Measures the model could not do.
    refused: BTreeSet<u64>,
}

impl MeasureFollower {
    /// True when the room's measures have changed since the model followed them last.
    pub fn is_behind(&self, measures: &Measures) -> bool {
        self.seen != Some(measures.version)
    }

    /// Does and undoes what the room's list says and the model has not yet; what it cannot do, with the reason.
    pub fn follow(&mut self, measures: &Measures, model: &mut WaterModel) -> Vec<RefusedMeasure> {
        if !self.is_behind(measures) {
            return Vec::new();
        }
        self.seen = Some(measures.version);
        let mut refused = Vec::new();
        // Taken back first, the newest first, so that what stands is done on what is left.
        let list = &measures.list;
        for entry in list.iter().rev().filter(|m| m.stage == MeasureStage::Undone) {
            if let Some(index) = self.done.remove(&entry.no)
                && let Err(error) = model.undo_at(index)
            {
                tracing::warn!("measure {}: {error}", entry.no);
            }
        }
        for entry in list.iter().filter(|m| m.stage == MeasureStage::Standing) {
            if self.done.contains_key(&entry.no) || self.refused.contains(&entry.no) {
                continue;
            }
            let outcome = serde_json::from_str::<Measure>(&entry.measure)
                .map_err(|e| e.to_string())
                .and_then(|measure| model.enact(&from_now(measure, model)).map_err(|e| e.to_string()));
            match outcome {
                Ok(_) => {
                    self.done.insert(entry.no, model.done().len().saturating_sub(1));
                }
                Err(reason) => {
                    self.refused.insert(entry.no);
                    refused.push(RefusedMeasure { no: entry.no, reason });
                }
            }
        }
        refused
    }
}

/// Painted rain counts its minutes from when it is painted; the model counts from its own start.
fn from_now(mut measure: Measure, model: &WaterModel) -> Measure {
    if let Measure::Paint(stroke) | Measure::Unpaint(stroke) = &mut measure {
        let now_min = model.time_s() / 60.0;
        stroke.from_min += now_min;
        stroke.to_min += now_min;
    }
    measure
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_core::Stamp;
    use guanlan_rainstorm::{
        storm::RainSeries,
        surface::{DomainBuilder, Grid, InertialSettings, LocalInertial},
    };
    use serde_json::json;

    use super::*;
    use crate::water::measures::MeasureEntry;

    fn basin() -> WaterModel {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 20, rows: 20 };
        let domain = Arc::new(DomainBuilder::new(grid).build());
        let solver = LocalInertial::new(domain, InertialSettings::default(), None);
        WaterModel::from_parts(solver, None, RainSeries::default(), Stamp(0), 10)
    }

    fn room(entries: &[(u64, serde_json::Value, MeasureStage)]) -> Measures {
        let entry = |(no, measure, stage): &(u64, serde_json::Value, MeasureStage)| MeasureEntry {
            no: *no,
            measure: measure.to_string(),
            stage: *stage,
            ..MeasureEntry::default()
        };
        let version = entries.iter().map(|e| e.0 + 10 * e.2 as u64).sum();
        Measures { list: Arc::new(entries.iter().map(entry).collect()), version }
    }

    #[test]
    fn what_stands_is_done_once_what_is_undone_is_taken_back_what_cannot_be_is_said() {
        use MeasureStage::{Planned, Standing, Undone};
        let pour = json!({"pour": {"east_m": 105.0, "north_m": 105.0, "volume_m3": 50.0}});
        let paint = json!({"paint": {"path_m": [[100.0, 100.0]], "radius_m": 80.0, "mm_h": 90.0, "from_min": 0.0, "to_min": 30.0}});
        let truck = json!({"mobile_pump": {"id": "t1", "set": {"at_m": [105.0, 105.0], "flow_m3_h": 500.0}}});
        let wall = json!({"barrier": {"id": "w", "set": {"line_m": [[900.0, 0.0], [900.0, 90.0]], "height_m": 1.0}}});
        let mut model = basin();
        model.run_to(600.0);
        let mut follower = MeasureFollower::default();
        let list = room(&[
            (1, pour.clone(), Standing),
            (2, paint.clone(), Standing),
            (3, truck.clone(), Planned),
            (4, wall.clone(), Standing),
        ]);
        let refused = follower.follow(&list, &mut model);
        assert_eq!(refused.iter().map(|r| r.no).collect::<Vec<_>>(), [4], "{refused:?}");
        assert!((model.ledger().inflow_m3 - 50.0).abs() < 1e-3, "poured once");
        assert!(model.works().mobile_pumps().is_empty(), "planned is not done");
        // Painted from now on, not from the start of the model.
        model.run_to(1200.0);
        let rained = model.ledger().rain_m3;
        assert!(rained > 50.0, "{rained}");
        let again = follower.follow(&list, &mut model);
        assert!(again.is_empty() && (model.ledger().inflow_m3 - 50.0).abs() < 1e-3);
        let list = room(&[(1, pour, Standing), (2, paint, Undone), (3, truck, Standing), (4, wall, Standing)]);
        assert!(follower.is_behind(&list));
        assert!(follower.follow(&list, &mut model).is_empty(), "a refusal is said once");
        assert!(model.works().mobile_pumps().contains_key("t1"));
        model.run_to(1800.0);
        assert!(model.ledger().rain_m3 - rained < 0.05 * rained, "the painted rain has stopped");
    }
}
