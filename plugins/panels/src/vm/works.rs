//! Measures as marks on the map: what stands in the water's way or takes it away, and what is on its way there.

use guanlan_core::Lang;
use guanlan_rainstorm::{Measure, measures::PumpRun};
use guanlan_room::{MeasureEntry, MeasureStage, Picture};

/// How a measure is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkKind {
    /// A line that holds water back.
    Barrier,
    /// A gate that lets it through.
    OpenGate,
    /// Ground made otherwise.
    Area,
    /// Something at a place, with the key of its sign.
    Place(&'static str),
}

/// One measure on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// How it is drawn.
    pub kind: WorkKind,
    /// Its line, ring or place, local m.
    pub line_m: Vec<[f64; 2]>,
    /// Approved, and a crew has yet to do it.
    pub planned: bool,
    /// Its name.
    pub words: String,
}

/// Shape and places of a measure; `None` for what has none, or sets things back to what they were.
fn shape(measure: Measure, place_m: Option<[f64; 2]>) -> Option<(WorkKind, Vec<[f64; 2]>)> {
    let sign = |key| Some((WorkKind::Place(key), vec![place_m?]));
    match measure {
        Measure::Barrier { set: Some(b), .. } if b.line_m.len() > 1 => {
            Some((if b.closed { WorkKind::Barrier } else { WorkKind::OpenGate }, b.line_m))
        }
        Measure::Sponge { set: Some(s), .. } if s.ring_m.len() > 2 => Some((WorkKind::Area, s.ring_m)),
        Measure::MobilePump { set: Some(p), .. } => Some((WorkKind::Place("k-work-pump"), vec![p.at_m.or(place_m)?])),
        Measure::PumpSwitch { run: PumpRun::On | PumpRun::Off, .. } => sign("k-work-pump"),
        Measure::InletOpen { open_share, .. } if open_share < 0.5 => sign("k-work-blocked"),
        Measure::ConduitBlocked { share, .. } if share > 0.0 => sign("k-work-blocked"),
        Measure::CoverOpen { open: true, .. } => sign("k-work-cover"),
        Measure::OutfallLevel { level_m: Some(_), .. } => sign("k-work-level"),
        _ => None,
    }
}

/// The measures of a picture that are seen on the map. Closed roads are marked as such already; rain and poured water
/// are seen themselves.
#[must_use]
pub fn works(picture: &Picture, lang: Lang) -> Vec<Work> {
    let mut in_force: Vec<(Measure, &MeasureEntry)> = Vec::new();
    for entry in picture.measures.list.iter() {
        let standing = entry.stage == MeasureStage::Standing;
        if !standing && entry.stage != MeasureStage::Planned {
            continue;
        }
        let Ok(measure) = serde_json::from_str::<Measure>(&entry.measure) else { continue };
        if standing {
            in_force.retain(|(before, _)| !measure.sets_what(before));
        }
        in_force.push((measure, entry));
    }
    let work = |(measure, entry): (Measure, &MeasureEntry)| {
        let (kind, line_m) = shape(measure, entry.place_m)?;
        let planned = entry.stage == MeasureStage::Planned;
        Some(Work { kind, line_m, planned, words: entry.name.get(lang).to_owned() })
    };
    in_force.into_iter().filter_map(work).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_core::Bilingual;
    use serde_json::json;

    use super::*;
    use crate::fixture;

    #[test]
    fn what_stands_is_shown_until_it_is_set_back() {
        let mut picture = fixture::picture(&fixture::machine(&Arc::default()));
        let entry = |measure: serde_json::Value, stage, place_m| MeasureEntry {
            name: Bilingual::new("某措施", "a measure"),
            measure: measure.to_string(),
            stage,
            place_m,
            ..MeasureEntry::default()
        };
        let bags = |set: serde_json::Value| json!({"barrier": {"id": "b1", "set": set}});
        let line = json!({"line_m": [[0.0, 0.0], [30.0, 0.0]], "height_m": 0.5});
        let truck = json!({"mobile_pump": {"id": "t", "set": {"at_m": [5.0, 6.0], "flow_m3_h": 900.0}}});
        let blocked = json!({"inlet_open": {"node": "J1", "open_share": 0.0}});
        let mut list = vec![
            entry(bags(line), MeasureStage::Standing, None),
            entry(truck.clone(), MeasureStage::Undone, None),
            entry(truck, MeasureStage::Planned, None),
            entry(blocked, MeasureStage::Standing, Some([9.0, 9.0])),
        ];
        picture.measures.list = Arc::new(list.clone());
        let shown = works(&picture, Lang::En);
        let kinds: Vec<_> = shown.iter().map(|w| (w.kind, w.planned, w.line_m.len())).collect();
        assert_eq!(
            kinds,
            [
                (WorkKind::Barrier, false, 2),
                (WorkKind::Place("k-work-pump"), true, 1),
                (WorkKind::Place("k-work-blocked"), false, 1)
            ]
        );
        list.push(entry(bags(serde_json::Value::Null), MeasureStage::Standing, None));
        list.push(entry(
            json!({"inlet_open": {"node": "J1", "open_share": 1.0}}),
            MeasureStage::Planned,
            Some([9.0, 9.0]),
        ));
        picture.measures.list = Arc::new(list);
        let kinds: Vec<_> = works(&picture, Lang::En).iter().map(|w| w.kind).collect();
        assert_eq!(
            kinds,
            [WorkKind::Place("k-work-pump"), WorkKind::Place("k-work-blocked")],
            "a plan clears nothing yet"
        );
    }
}
