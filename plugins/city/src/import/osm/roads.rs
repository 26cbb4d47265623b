//! `highway` ways → edges between junctions.

use std::collections::{HashMap, HashSet};

use super::{
    data::{Tags, Way},
    names::name,
    quantity::{count, length_m, speed_kmh},
    shapes::Shapes,
};
use crate::{
    import::{Report, Severity, rings::P2},
    model::{Road, RoadClass},
};

/// A signal this near before the end of an edge belongs to the junction there, m.
const SIGNAL_REACH_M: f64 = 30.0;
/// Width of a lane, m.
const LANE_M: f64 = 3.25;

/// Class of a road; `None` for what is not (yet, or any more) a road to move on.
pub(super) fn class(tags: &Tags) -> Option<RoadClass> {
    class_of(tags.get("highway")?)
}

/// Class by the value of `highway`.
pub(crate) fn class_of(word: &str) -> Option<RoadClass> {
    Some(match word {
        "motorway" | "motorway_link" | "trunk" | "trunk_link" => RoadClass::Motorway,
        "primary" | "primary_link" => RoadClass::Primary,
        "secondary" | "secondary_link" => RoadClass::Secondary,
        "tertiary" | "tertiary_link" | "unclassified" => RoadClass::Tertiary,
        "residential" | "living_street" | "road" => RoadClass::Residential,
        "service" | "track" | "busway" | "bus_guideway" => RoadClass::Service,
        "footway" | "path" | "trail" | "pedestrian" | "steps" | "cycleway" | "bridleway" | "corridor" => {
            RoadClass::Foot
        }
        _ => return None,
    })
}

/// Under another road, a railway or the ground.
pub(super) fn is_underpass(tags: &Tags) -> bool {
    let tunnel = tags.is_any("tunnel", &["yes", "underpass", "covered", "passage"]) || tags.is("underpass", "yes");
    let below = tags.get("layer").and_then(count).is_some_and(|n| n < 0);
    tunnel || (below && !tags.has("bridge"))
}

/// Traffic along the way's direction (`Some(true)`), against it (`Some(false)`), or both (`None`).
fn direction(tags: &Tags) -> Option<bool> {
    match tags.get("oneway") {
        Some("yes" | "true" | "1") => Some(true),
        Some("-1" | "reverse") => Some(false),
        Some("no" | "false" | "0" | "reversible" | "alternating") => None,
        _ => (tags.is_any("junction", &["roundabout", "circular"])
            || tags.is_any("highway", &["motorway", "motorway_link"]))
        .then_some(true),
    }
}

/// Speed where no sign says otherwise, km/h (Road Traffic Safety Law regulations and city practice).
fn default_speed_kmh(class: RoadClass, tags: &Tags) -> f64 {
    match (class, tags.get("highway").unwrap_or("")) {
        (_, "living_street") => 20.0,
        (_, "motorway") => 100.0,
        (_, link) if link.ends_with("_link") => 40.0,
        (RoadClass::Motorway, _) => 80.0,
        (RoadClass::Primary, _) => 60.0,
        (RoadClass::Secondary, _) => 50.0,
        (RoadClass::Tertiary, _) => 40.0,
        (RoadClass::Residential, _) => 30.0,
        (RoadClass::Service, _) => 20.0,
        (RoadClass::Foot, _) => 5.0,
    }
}

fn width_m(class: RoadClass, tags: &Tags, one_way: bool, lanes: u8) -> f64 {
    let tagged = ["width:carriageway", "width", "est_width"].iter().find_map(|k| tags.get(k).and_then(length_m));
    if let Some(width) = tagged.filter(|w| (0.5..=100.0).contains(w)) {
        return width;
    }
    if lanes > 0 && class != RoadClass::Foot {
        return f64::from(lanes) * LANE_M + 0.5;
    }
    let (both, single) = match class {
        RoadClass::Motorway => (15.0, 11.25),
        RoadClass::Primary => (14.0, 10.5),
        RoadClass::Secondary => (11.0, 7.5),
        RoadClass::Tertiary => (8.0, 6.0),
        RoadClass::Residential => (6.0, 4.5),
        RoadClass::Service => (4.0, 3.5),
        RoadClass::Foot => (2.0, 2.0),
    };
    if one_way { single } else { both }
}

/// True for a way that is an area to walk on, not a line.
pub(super) fn is_area(way: &Way) -> bool {
    way.tags.is("area", "yes") && way.refs.len() > 3 && way.refs.first() == way.refs.last()
}

/// Reads all roads.
pub(super) fn read(shapes: &Shapes<'_>, report: &mut Report) -> Vec<Road> {
    let mut lines: Vec<(&Way, RoadClass)> = Vec::new();
    for way in &shapes.data.ways {
        match class(&way.tags) {
            Some(class) if !is_area(way) => lines.push((way, class)),
            None if way.tags.get("highway").is_some() => report.note(
                Severity::Skipped,
                format!("way {}", way.id),
                format!(
                    "highway={} is not a road in use",
                    way.tags.get("highway").unwrap_or("").chars().take(40).collect::<String>()
                ),
            ),
            _ => {}
        }
    }
    // How often roads touch a node. Ends count double: they always cut.
    let mut touched: HashMap<i64, u32> = HashMap::new();
    for (way, _) in &lines {
        for (i, node) in way.refs.iter().enumerate() {
            let end = i == 0 || i + 1 == way.refs.len();
            *touched.entry(*node).or_default() += if end { 2 } else { 1 };
        }
    }
    let signals: HashSet<i64> = shapes
        .data
        .tagged
        .iter()
        .filter(|(_, tags)| tags.is("highway", "traffic_signals") || tags.is("crossing", "traffic_signals"))
        .map(|(id, _)| *id)
        .collect();
    let mut roads = Vec::new();
    for (way, class) in lines {
        let along = direction(&way.tags);
        for mut run in runs(way, shapes, &touched, report) {
            if along == Some(false) {
                run.reverse();
            }
            roads.push(edge(way, class, along.is_some(), &run, &signals));
        }
    }
    roads
}

/// The way cut at junctions and at nodes that are not in the file.
fn runs(way: &Way, shapes: &Shapes<'_>, touched: &HashMap<i64, u32>, report: &mut Report) -> Vec<Vec<(i64, P2)>> {
    let mut out: Vec<Vec<(i64, P2)>> = Vec::new();
    let mut run: Vec<(i64, P2)> = Vec::new();
    let mut missing = 0;
    for &node in &way.refs {
        let Some(place) = shapes.place(node) else {
            missing += 1;
            out.push(std::mem::take(&mut run));
            continue;
        };
        let junction = touched.get(&node).copied().unwrap_or(0) >= 2;
        if run.last().is_some_and(|last| last.0 == node || (last.1 == place && !junction)) {
            continue;
        }
        run.push((node, place));
        if run.len() > 1 && junction {
            out.push(std::mem::replace(&mut run, vec![(node, place)]));
        }
    }
    out.push(run);
    out.retain(|run| run.len() >= 2);
    if missing > 0 {
        report.note(
            Severity::Repaired,
            format!("way {}", way.id),
            "a road refers to nodes that are not in the file (a clipped extract); cut there",
        );
    }
    if out.is_empty() {
        report.note(
            Severity::Skipped,
            format!("way {}", way.id),
            "a road has fewer than two different nodes in the file",
        );
    }
    out
}

fn edge(way: &Way, class: RoadClass, one_way: bool, run: &[(i64, P2)], signals: &HashSet<i64>) -> Road {
    let tags = &way.tags;
    let lanes = tags.get("lanes").and_then(count).map_or(0, |n| n.clamp(0, 20)) as u8;
    let speed = tags.get("maxspeed").and_then(speed_kmh).unwrap_or_else(|| default_speed_kmh(class, tags));
    let mut back = 0.0;
    let mut signal = false;
    for (i, (node, place)) in run.iter().enumerate().skip(1).rev() {
        if let Some((_, next)) = run.get(i + 1) {
            back += (next[0] - place[0]).hypot(next[1] - place[1]);
        }
        if back > SIGNAL_REACH_M {
            break;
        }
        signal |= signals.contains(node);
    }
    Road {
        way: way.id,
        from_node: run[0].0,
        to_node: run[run.len() - 1].0,
        name: {
            let named = name(tags);
            if named.zh.is_empty() && named.en.is_empty() {
                guanlan_core::Bilingual::same(tags.get("ref").unwrap_or_default())
            } else {
                named
            }
        },
        class,
        one_way,
        bridge: tags.has("bridge"),
        underpass: is_underpass(tags),
        layer: tags.get("layer").and_then(count).map_or(0, |n| n.clamp(-10, 10)) as i8,
        lanes,
        width_m: width_m(class, tags, one_way, lanes) as f32,
        speed_kmh: speed as f32,
        signal_at_end: signal,
        line: run.iter().map(|(_, p)| [p[0] as f32, p[1] as f32]).collect(),
    }
}
