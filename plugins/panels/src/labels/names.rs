//! The names of a city: areas, places, and roads as lines to write along.

use std::collections::{BTreeMap, HashMap};

use bevy::prelude::Resource;
use guanlan_city::{
    City,
    model::{AdminLevel, PlaceKind, Road, RoadClass},
};
use guanlan_core::Bilingual;
use guanlan_stage::Ground;

/// What a name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    /// An area: its number in the city.
    Area(AdminLevel, u32),
    /// A part of town.
    Quarter,
    /// A place.
    Place,
}

/// A name at a place.
#[derive(Clone, Debug)]
pub struct Name {
    /// What of.
    pub kind: NameKind,
    /// Words.
    pub name: Bilingual,
    /// East, north, height, m.
    pub place: [f32; 3],
    /// Seen up to this distance of the camera, m.
    pub far_m: f32,
    /// Seen from this distance on, m.
    pub near_m: f32,
    /// Larger is placed first.
    pub rank: f32,
}

/// A road with a name, joined over its junctions.
#[derive(Clone, Debug)]
pub struct NamedRoad {
    /// Words.
    pub name: Bilingual,
    /// Points every [`ROAD_STEP_M`] along it: east, north, height, m.
    pub line: Vec<[f32; 3]>,
    /// Seen up to this distance of the camera, m.
    pub far_m: f32,
    /// Larger is placed first.
    pub rank: f32,
}

/// Distance of a road's points, m.
pub const ROAD_STEP_M: f32 = 25.0;

/// All names of a city.
#[derive(Resource, Clone, Debug, Default)]
pub struct Names {
    /// Names at places.
    pub places: Vec<Name>,
    /// Roads.
    pub roads: Vec<NamedRoad>,
}

fn centre(ring: &[[f32; 2]]) -> [f32; 2] {
    let (mut lo, mut hi) = ([f32::MAX; 2], [f32::MIN; 2]);
    for p in ring {
        for k in 0..2 {
            lo[k] = lo[k].min(p[k]);
            hi[k] = hi[k].max(p[k]);
        }
    }
    [(lo[0] + hi[0]) * 0.5, (lo[1] + hi[1]) * 0.5]
}

/// Names to be placed over a city.
#[must_use]
pub fn names(city: &City, ground: &Ground) -> Names {
    let at = |p: [f32; 2]| [p[0], p[1], ground.height_m(p[0], p[1]) + 6.0];
    let mut places = Vec::new();
    for (area, i) in city.areas.iter().zip(0..).filter(|(a, _)| a.ring.len() >= 3) {
        let (rank, near_m, far_m) = match area.level {
            AdminLevel::City => continue,
            AdminLevel::District => (8.5, 14_000.0, 90_000.0),
            AdminLevel::Street => (8.0, 2600.0, 60_000.0),
            AdminLevel::Community => (4.0, 1000.0, 2600.0),
            AdminLevel::Grid => (2.0, 0.0, 0.0),
        };
        let place = at(centre(&area.ring));
        places.push(Name { kind: NameKind::Area(area.level, i), name: area.name.clone(), place, far_m, near_m, rank });
    }
    for place in &city.places {
        // What has no name of its own is told near by: from afar a town would be full of the same word.
        let nameless = place.name.zh.split(' ').next() == Some(place.kind.words().0);
        let (kind, far_m, rank) = match place.kind {
            _ if nameless => (NameKind::Place, 500.0, 2.0),
            PlaceKind::Quarter => (NameKind::Quarter, 4200.0, 7.0),
            PlaceKind::Underpass => (NameKind::Place, 3200.0, 6.5),
            PlaceKind::Hospital | PlaceKind::Centre | PlaceKind::PumpStation => (NameKind::Place, 1500.0, 5.5),
            _ => (NameKind::Place, 800.0, 3.0),
        };
        let p = place.place_m.map(|v| v as f32);
        places.push(Name { kind, name: place.name.clone(), place: at(p), far_m, near_m: 0.0, rank });
    }
    Names { places, roads: roads(city, ground) }
}

/// Roads of one name and class, joined end to end.
fn roads(city: &City, ground: &Ground) -> Vec<NamedRoad> {
    let mut groups: BTreeMap<(RoadClass, &str), Vec<&Road>> = BTreeMap::new();
    for road in city.roads.iter().filter(|r| !r.name.zh.is_empty() && r.line.len() >= 2) {
        groups.entry((road.class, road.name.zh.as_str())).or_default().push(road);
    }
    let mut all = Vec::new();
    for ((class, _), edges) in groups {
        let (far_m, rank) = match class {
            RoadClass::Motorway | RoadClass::Primary => (3600.0, 5.0),
            RoadClass::Secondary => (2200.0, 4.5),
            RoadClass::Tertiary => (1200.0, 3.5),
            _ => (520.0, 2.5),
        };
        for line in chains(&edges) {
            let line = resampled(&line, ROAD_STEP_M);
            let draped = line.into_iter().map(|p| [p[0], p[1], ground.height_m(p[0], p[1]) + 3.0]).collect();
            all.push(NamedRoad { name: edges[0].name.clone(), line: draped, far_m, rank });
        }
    }
    all
}

/// Lines of edges that share nodes, continued as straight as they go.
fn chains(edges: &[&Road]) -> Vec<Vec<[f32; 2]>> {
    let mut at_node: HashMap<i64, Vec<usize>> = HashMap::new();
    for (i, e) in edges.iter().enumerate() {
        at_node.entry(e.from_node).or_default().push(i);
        at_node.entry(e.to_node).or_default().push(i);
    }
    let mut used = vec![false; edges.len()];
    let mut lines = Vec::new();
    for i in 0..edges.len() {
        if used[i] {
            continue;
        }
        used[i] = true;
        let mut line = edges[i].line.clone();
        // Onward from its end, then, turned round, from its start.
        for mut node in [edges[i].to_node, edges[i].from_node] {
            while let Some((next, points, end)) = onward(edges, &at_node, &used, node, &line) {
                used[next] = true;
                line.extend(points.into_iter().skip(1));
                node = end;
            }
            line.reverse();
        }
        lines.push(line);
    }
    lines
}

type Step = (usize, Vec<[f32; 2]>, i64);

/// The unused edge at a node that turns least, at most 50°.
fn onward(
    edges: &[&Road],
    at_node: &HashMap<i64, Vec<usize>>,
    used: &[bool],
    node: i64,
    line: &[[f32; 2]],
) -> Option<Step> {
    let n = line.len();
    let unit = |a: [f32; 2], b: [f32; 2]| {
        let (x, y) = (b[0] - a[0], b[1] - a[1]);
        let l = x.hypot(y).max(1e-6);
        [x / l, y / l]
    };
    let ahead = unit(line[n - 2], line[n - 1]);
    let mut best: Option<(f32, Step)> = None;
    for &i in at_node.get(&node)?.iter().filter(|i| !used[**i]) {
        let e = edges[i];
        let (points, end) = if e.from_node == node {
            (e.line.clone(), e.to_node)
        } else {
            (e.line.iter().rev().copied().collect(), e.from_node)
        };
        let d = unit(points[0], points[1]);
        let cos = ahead[0] * d[0] + ahead[1] * d[1];
        if cos > 0.64 && best.as_ref().is_none_or(|b| cos > b.0) {
            best = Some((cos, (i, points, end)));
        }
    }
    best.map(|b| b.1)
}

/// Points at equal distances along a line.
fn resampled(line: &[[f32; 2]], step_m: f32) -> Vec<[f32; 2]> {
    let mut out = vec![line[0]];
    let mut left = step_m;
    for w in line.windows(2) {
        let (mut a, b) = (w[0], w[1]);
        loop {
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            if length < left {
                left -= length;
                break;
            }
            let t = left / length;
            a = [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            out.push(a);
            left = step_m;
        }
    }
    if let Some(last) = line.last().filter(|l| out.last() != Some(l)) {
        out.push(*last);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn road(from: i64, to: i64, line: Vec<[f32; 2]>) -> Road {
        Road { from_node: from, to_node: to, name: Bilingual::same("中山路"), line, ..Default::default() }
    }

    #[test]
    fn stretches_of_one_road_become_one_line() {
        let city = City {
            roads: vec![
                road(1, 2, vec![[0.0, 0.0], [100.0, 0.0]]),
                road(3, 2, vec![[200.0, 5.0], [100.0, 0.0]]),
                road(2, 9, vec![[100.0, 0.0], [100.0, 300.0]]),
                road(3, 4, vec![[200.0, 5.0], [300.0, 10.0]]),
            ],
            ..City::default()
        };
        let names = names(&city, &Ground::new(&Arc::new(city.clone())));
        assert_eq!(names.roads.len(), 2, "the side street is a line of its own");
        let long = names.roads.iter().find(|r| r.line.len() > 12).unwrap();
        let (first, last) = (long.line[0], long.line[long.line.len() - 1]);
        assert!((first[0] - last[0]).abs() > 299.0, "{first:?} {last:?}");
        let steps = long.line.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]));
        assert!(steps.clone().all(|s| s <= ROAD_STEP_M + 0.1), "{:?}", steps.collect::<Vec<_>>());
    }
}
