//! The sea: what lies to the right of coastlines (`natural=coastline`), up to the bounds of the data.
//!
//! Ways are joined, clipped to the bounds, and closed along them clockwise, as all who draw OSM's sea do; closed ways
//! are islands. All in degrees: the bounds are a rectangle there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{border::Border, data::Data};
use crate::import::{
    Report, Severity,
    placer::Placer,
    rings::{Area, P2, contains, inner_point, open_ring, orient, signed_area},
};

/// A coastline that ends this far from the edge of the data was cut there, degrees: some 20 m.
const AT_EDGE_DEG: f64 = 2e-4;
/// Ends of one coastline nearer than this are one, degrees: some 50 m.
const GAP_DEG: f64 = 5e-4;
/// A coastline with a loose end that is shorter than this share of the bounds leads nowhere.
const STUB: f64 = 0.02;
/// Bounds of a header that are this many times as large as the data are those of something else.
const FAR_BOUNDS: f64 = 16.0;
/// A sea with more than this share of the streets and buildings in it is none.
const DROWNED: f64 = 0.3;
/// Places of streets and buildings that are looked at.
const PROBES: usize = 4000;

const CUT: &str = "a coastline ends inside the data; its end was taken to the nearest edge";
const OPEN: &str = "a coastline that cannot be closed along the edge of the data; no sea is drawn beside it";

/// The areas of the sea, local m.
pub(super) fn read(data: &Data, nodes: &HashMap<i64, P2>, placer: &Placer, report: &mut Report) -> Vec<Area> {
    let lines = lines(data, nodes);
    let Some((border, told)) = border(data).filter(|_| !lines.is_empty()) else { return Vec::new() };
    let (mut coasts, mut islands, mut lakes) = (Vec::new(), Vec::new(), Vec::new());
    for (way, line) in lines {
        for mut piece in border.clip(&line) {
            let (first, last) = (piece[0], piece[piece.len() - 1]);
            let apart = (first[0] - last[0]).hypot(first[1] - last[1]);
            let to_edge = border.distance(first).max(border.distance(last));
            if apart < to_edge && apart <= GAP_DEG {
                if apart > 0.0 {
                    let text = "the ends of a coastline do not meet; the gap was closed";
                    report.note(Severity::Repaired, format!("way {way}"), text);
                }
                let ring = open_ring(piece);
                let area = signed_area(&ring);
                if ring.len() >= 3 && area > 0.0 {
                    islands.push(ring);
                } else if ring.len() >= 3 && area < 0.0 {
                    let text = "a lake is drawn as a coastline, its water within; taken as a lake";
                    report.note(Severity::Guessed, format!("way {way}"), text);
                    lakes.push(Area { ring, holes: Vec::new() });
                }
                continue;
            }
            let long: f64 = piece.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum();
            if to_edge > 0.0 && long <= GAP_DEG.max(STUB * border.narrow()) {
                continue;
            }
            for (end, at_start) in [(first, true), (last, false)] {
                let far = border.distance(end);
                if far > AT_EDGE_DEG {
                    report.note(Severity::Guessed, format!("way {way}"), CUT);
                }
                let at = if at_start { 0 } else { piece.len() };
                if far > 0.0 {
                    piece.insert(at, border.nearest(end));
                }
            }
            coasts.push((way, piece));
        }
    }
    let mut seas = close(&border, &coasts, report);
    if coasts.is_empty() && !islands.is_empty() {
        seas.push(Area { ring: border.ring(), holes: Vec::new() });
    }
    for island in islands {
        let around = inner_point(&island).and_then(|p| seas.iter_mut().find(|sea| contains(&sea.ring, p)));
        if let Some(sea) = around {
            sea.holes.push(island);
        }
    }
    if drowned(data, nodes, &seas) {
        let text = "streets and buildings lie on the sea's side of the coastline, which is incomplete or turned round; \
                    no sea is drawn";
        report.note(Severity::Skipped, "coastline", text);
        seas.clear();
    }
    if !seas.is_empty() {
        let text = if told {
            "the sea beside the coastline is closed along the bounds of the file"
        } else {
            "no bounds in the file; the sea beside the coastline reaches the extent of its data"
        };
        report.note(Severity::Guessed, "coastline", text);
    }
    seas.append(&mut lakes);
    seas.into_iter().filter_map(|sea| placed(sea, placer)).collect()
}

/// The rectangle of the data; whether the file says it.
fn border(data: &Data) -> Option<(Border, bool)> {
    let area = |b: [f64; 4]| (b[2] - b[0]) * (b[3] - b[1]);
    let told = data.bounds.filter(|b| data.extent.is_none_or(|e| area(*b) <= FAR_BOUNDS * area(e)));
    Some((Border::new(told.or(data.extent)?)?, told.is_some()))
}

/// Coastlines joined end to start, each with its first way; apart where nodes are not in the file.
fn lines(data: &Data, nodes: &HashMap<i64, P2>) -> Vec<(i64, Vec<P2>)> {
    let ways: Vec<_> = data.ways.iter().filter(|w| w.tags.is("natural", "coastline") && w.refs.len() > 1).collect();
    let mut starts: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    ways.iter().enumerate().for_each(|(i, way)| starts.entry(way.refs[0]).or_default().push(i));
    let ends: BTreeSet<i64> = ways.iter().filter_map(|w| w.refs.last().copied()).collect();
    // Those that nothing leads to begin; what is left then are rings.
    let (first, rest): (Vec<usize>, Vec<usize>) = (0..ways.len()).partition(|&i| !ends.contains(&ways[i].refs[0]));
    let mut used = vec![false; ways.len()];
    let mut lines = Vec::new();
    for start in first.into_iter().chain(rest) {
        if std::mem::replace(&mut used[start], true) {
            continue;
        }
        let mut refs = ways[start].refs.clone();
        while refs.first() != refs.last() {
            let next = refs.last().and_then(|end| starts.get(end)?.iter().copied().find(|&i| !used[i]));
            let Some(next) = next else { break };
            used[next] = true;
            refs.extend(&ways[next].refs[1..]);
        }
        let id = ways[start].id;
        // From a gap on, so that a ring with one gap is one line.
        if refs.first() == refs.last()
            && let Some(gap) = refs.iter().position(|n| !nodes.contains_key(n))
        {
            refs.pop();
            let by = gap.min(refs.len());
            refs.rotate_left(by);
        }
        for part in refs.split(|n| !nodes.contains_key(n)) {
            let line: Vec<P2> = part.iter().filter_map(|n| nodes.get(n).copied()).collect();
            if line.len() > 1 {
                lines.push((id, line));
            }
        }
    }
    lines
}

/// Pieces from edge to edge, closed along the edge with the water to the right.
fn close(border: &Border, coasts: &[(i64, Vec<P2>)], report: &mut Report) -> Vec<Area> {
    let along: Vec<[f64; 2]> =
        coasts.iter().map(|(_, line)| [border.along(line[0]), border.along(line[line.len() - 1])]).collect();
    let ahead = |from: f64, to: f64| (to - from).rem_euclid(4.0);
    let mut used = vec![false; coasts.len()];
    let mut seas = Vec::new();
    for start in 0..coasts.len() {
        if used[start] {
            continue;
        }
        let (mut ring, mut at, mut whole) = (Vec::new(), start, true);
        loop {
            used[at] = true;
            ring.extend_from_slice(&coasts[at].1);
            let end = along[at][1];
            let next = (0..coasts.len()).min_by(|&a, &b| ahead(end, along[a][0]).total_cmp(&ahead(end, along[b][0])));
            let Some(next) = next else { break };
            let way = ahead(end, along[next][0]);
            // Another coast that ends on the way: between them there is one that is missing.
            whole &= !(0..coasts.len()).any(|i| i != at && ahead(end, along[i][1]) < way);
            border.corners(end, way, &mut ring);
            if next == start || used[next] {
                whole &= next == start;
                break;
            }
            at = next;
        }
        let ring = orient(open_ring(ring), true);
        if whole && ring.len() >= 3 {
            seas.push(Area { ring, holes: Vec::new() });
        } else {
            report.note(Severity::Skipped, format!("way {}", coasts[start].0), OPEN);
        }
    }
    seas
}

/// Do streets and buildings lie in the sea, beyond what piers and bridges explain?
fn drowned(data: &Data, nodes: &HashMap<i64, P2>, seas: &[Area]) -> bool {
    let dry = data.ways.iter().filter(|w| {
        (w.tags.has("building") || w.tags.has("highway")) && !w.tags.has("bridge") && !w.tags.has("tunnel")
    });
    let mut probes: Vec<P2> =
        dry.filter_map(|w| nodes.get(&w.refs[w.refs.len() / 2..].first().copied()?).copied()).collect();
    let step = probes.len().div_ceil(PROBES).max(1);
    probes = probes.into_iter().step_by(step).collect();
    let in_sea =
        |p: &&P2| seas.iter().any(|sea| contains(&sea.ring, **p) && !sea.holes.iter().any(|hole| contains(hole, **p)));
    let wet = probes.iter().filter(in_sea).count();
    wet as f64 > DROWNED * probes.len() as f64
}

fn placed(sea: Area, placer: &Placer) -> Option<Area> {
    let ring = |ring: &[P2], outer: bool| {
        let ring: Vec<P2> = placer.all(ring).into_iter().flatten().collect();
        orient(open_ring(ring), outer)
    };
    let outer = ring(&sea.ring, true);
    let holes = sea.holes.iter().map(|hole| ring(hole, false)).filter(|hole| hole.len() >= 3).collect();
    (outer.len() >= 3).then_some(Area { ring: outer, holes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::osm::data::{Tags, Way};

    /// A file over 120 to 121 E, 30 to 31 N; nodes in hundredths of it, `x * 1000 + y`.
    fn sea(lines: &[&[i64]], roads: &[&[i64]], bounds: bool) -> (Vec<(f64, usize)>, Report) {
        let mut nodes = HashMap::new();
        let mut ways = Vec::new();
        for (key, value, all) in [("natural", "coastline", lines), ("highway", "residential", roads)] {
            for refs in all {
                for n in refs.iter().filter(|n| **n < 900_000) {
                    let p = [120.0 + (n / 1000 - 100) as f64 / 100.0, 30.0 + (n % 1000 - 100) as f64 / 100.0];
                    nodes.insert(*n, p);
                }
                let (id, tags) = (ways.len() as i64, Tags::from_iter([(key, value)]));
                ways.push(Way { id, refs: refs.to_vec(), tags });
            }
        }
        let square = [120.0, 30.0, 121.0, 31.0];
        let data = Data { bounds: bounds.then_some(square), extent: Some(square), ways, ..Data::default() };
        let mut report = Report::default();
        // A rough metre is what a degree is here.
        let own = read(&data, &nodes, &Placer::rough(None, false), &mut report);
        let mut areas: Vec<_> = own.iter().map(|a| ((a.area_m2() * 1e4).round() / 1e4, a.holes.len())).collect();
        areas.sort_by(|a, b| a.0.total_cmp(&b.0));
        (areas, report)
    }

    fn says(report: &Report, what: &str) -> bool {
        report.problems.iter().any(|p| p.message.contains(what))
    }

    #[test]
    fn water_lies_to_the_right_up_to_the_bounds() {
        // From south to north at a quarter: the sea is east of it; the other way round it is west.
        let (areas, report) = sea(&[&[125_080, 125_150], &[125_150, 125_220]], &[], true);
        assert_eq!(areas, [(0.75, 0)]);
        assert!(says(&report, "bounds of the file") && report.problems.len() == 1, "{report:?}");
        assert_eq!(sea(&[&[125_220, 125_080]], &[], true).0, [(0.25, 0)]);
        // A corner of land, a strait between two coasts, a bay.
        assert_eq!(sea(&[&[150_080, 150_150, 220_150]], &[], true).0, [(0.25, 0)]);
        assert_eq!(sea(&[&[220_150, 150_150, 150_080]], &[], true).0, [(0.75, 0)]);
        let strait: [&[i64]; 2] = [&[125_080, 125_220], &[175_220, 175_080]];
        assert_eq!(sea(&strait, &[], true).0, [(0.5, 0)]);
        let isthmus: [&[i64]; 2] = [&[125_220, 125_080], &[175_080, 175_220]];
        assert_eq!(sea(&isthmus, &[], true).0, [(0.25, 0), (0.25, 0)]);
        let out_and_in: &[i64] = &[170_080, 170_120, 150_120, 150_080, 130_080, 130_120, 110_120, 110_080];
        assert_eq!(sea(&[out_and_in], &[], true).0, [(0.92, 0)]);
    }

    #[test]
    fn islands_are_holes_and_lakes_are_lakes() {
        let island: &[i64] = &[150_150, 160_150, 160_160, 150_160, 150_150];
        let (areas, _) = sea(&[&[125_080, 125_220], island], &[], true);
        assert_eq!(areas, [(0.74, 1)]);
        assert_eq!(sea(&[island], &[], true).0, [(0.99, 1)]);
        let halves: [&[i64]; 2] = [&[150_150, 160_150, 160_160], &[160_160, 150_160, 150_150]];
        assert_eq!(sea(&halves, &[], true).0, [(0.99, 1)]);
        let lake: &[i64] = &[150_150, 150_160, 160_160, 160_150, 150_150];
        let (areas, report) = sea(&[lake], &[], true);
        assert!(areas == [(0.01, 0)] && says(&report, "taken as a lake"), "{areas:?} {report:?}");
        // An island over the edge, begun in the middle of the data.
        let over: &[i64] = &[180_150, 220_150, 220_160, 180_160, 180_150];
        assert_eq!(sea(&[over], &[], true).0, [(0.98, 0)]);
        assert_eq!(sea(&[], &[], true).0, []);
        assert_eq!(sea(&[&[300_300, 310_310]], &[], true).0, [], "far outside");
    }

    #[test]
    fn what_does_not_fit_is_told() {
        // Cut off inside, and nodes that are not in the file.
        let (areas, report) = sea(&[&[125_110, 125_190]], &[], false);
        assert!(
            areas == [(0.75, 0)] && says(&report, "nearest edge") && says(&report, "no bounds"),
            "{areas:?} {report:?}"
        );
        let (areas, _) = sea(&[&[900_001, 125_100, 125_200, 900_002]], &[], true);
        assert_eq!(areas, [(0.75, 0)]);
        // The cut end turns back outside before the coast begins.
        let (areas, _) = sea(&[&[126_101, 126_099, 125_099, 125_220]], &[], true);
        assert_eq!(areas, [(0.75, 0)]);
        // Two that end after each other: one is missing between them.
        let (areas, report) = sea(&[&[125_080, 125_220], &[175_080, 175_220]], &[], true);
        assert!(areas.is_empty() && says(&report, "cannot be closed"), "{areas:?} {report:?}");
        // The town lies where the sea would be.
        let town: Vec<Vec<i64>> = (0..10).map(|n| vec![150_150 + n, 151_150 + n]).collect();
        let town: Vec<&[i64]> = town.iter().map(Vec::as_slice).collect();
        let (areas, report) = sea(&[&[125_080, 125_220]], &town, true);
        assert!(areas.is_empty() && says(&report, "turned round"), "{areas:?} {report:?}");
        assert_eq!(sea(&[&[125_220, 125_080]], &town, true).0, [(0.25, 0)]);
    }
}
