//! Tracks of trains, light rail, trams and metros.

use super::{names, shapes::Shapes};
use crate::{
    import::{Report, Severity, rings::P2},
    model::{Railway, RailwayKind},
};

/// The kind that a value of `railway` names.
pub(in crate::import) fn kind_by(word: &str) -> Option<RailwayKind> {
    Some(match word {
        "rail" | "narrow_gauge" | "preserved" | "funicular" => RailwayKind::Rail,
        "light_rail" | "monorail" => RailwayKind::LightRail,
        "tram" => RailwayKind::Tram,
        "subway" => RailwayKind::Subway,
        _ => return None,
    })
}

/// Ways that are no tracks any more, or not yet, or not at all.
pub(in crate::import) fn is_no_track(word: &str) -> bool {
    let gone = ["abandoned", "disused", "razed", "dismantled", "demolished", "removed", "historic"];
    let planned = ["construction", "proposed", "planned"];
    let beside = ["platform", "platform_edge", "station", "halt", "yard", "turntable", "traverser", "no"];
    let engine = ["workshop", "engine_shed", "roundhouse", "wash", "fuel", "loading_ramp", "tram_stop", "stop"];
    [&gone[..], &planned, &beside, &engine].iter().any(|words| words.contains(&word))
}

/// Reads all tracks.
pub(super) fn read(shapes: &Shapes<'_>, report: &mut Report) -> Vec<Railway> {
    let ways = shapes.data.ways.iter();
    ways.filter_map(|way| {
        let word = way.tags.get("railway")?;
        let Some(kind) = kind_by(word) else {
            if !is_no_track(word) {
                let text = format!("a railway of the kind '{word}' is not drawn");
                report.note(Severity::Skipped, format!("way {}", way.id), text);
            }
            return None;
        };
        let mut line: Vec<P2> = way.refs.iter().filter_map(|&n| shapes.place(n)).collect();
        line.dedup();
        let said = |key: &str| way.tags.get(key).is_some_and(|v| v != "no");
        (line.len() >= 2).then(|| Railway {
            id: format!("way/{}", way.id),
            name: names::name(&way.tags),
            kind,
            line: line.into_iter().map(|p| [p[0] as f32, p[1] as f32]).collect(),
            bridge: said("bridge"),
            tunnel: said("tunnel") || way.tags.get("location").is_some_and(|v| v == "underground"),
        })
    })
    .collect()
}
