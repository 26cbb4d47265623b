//! Nodes in local metres; rings of ways and of multipolygon relations.

use std::collections::HashMap;

use super::{
    data::{Data, MemberKind, Relation, Way},
    multipolygon::{self, Member, Rings},
};
use crate::import::{
    Report, Severity,
    placer::Placer,
    rings::{Area, P2, contains, inner_point, nest, open_ring, orient, signed_area, untie},
};

/// Smallest area that is drawn, m².
const MIN_AREA_M2: f64 = 0.05;

/// Nodes placed at once.
const SHARE: usize = 1 << 16;

/// Places of nodes and the ways by id.
pub(super) struct Shapes<'a> {
    pub data: &'a Data,
    /// Looked up, never walked.
    places: HashMap<i64, P2>,
    ways: HashMap<i64, usize>,
}

impl<'a> Shapes<'a> {
    /// Places the nodes of a file: they become places in local m where they stand.
    pub fn new(data: &'a Data, mut nodes: HashMap<i64, P2>, placer: &Placer, report: &mut Report) -> Self {
        let mut ids: Vec<i64> = nodes.keys().copied().collect();
        ids.sort_unstable();
        for share in ids.chunks(SHARE) {
            let lonlat: Vec<P2> = share.iter().map(|id| nodes[id]).collect();
            for (id, place) in share.iter().zip(placer.all(&lonlat)) {
                match place {
                    Some(p) => {
                        nodes.insert(*id, p);
                    }
                    None => {
                        nodes.remove(id);
                        let reason = "the node lies outside the projection of the city's frame";
                        report.note(Severity::Skipped, format!("node {id}"), reason);
                    }
                }
            }
        }
        let places = nodes;
        let ways = data.ways.iter().enumerate().map(|(i, w)| (w.id, i)).collect();
        Self { data, places, ways }
    }

    /// Place of a node, local m.
    pub fn place(&self, node: i64) -> Option<P2> {
        self.places.get(&node).copied()
    }

    /// The ring of a closed way; notes why there is none.
    pub fn ring(&self, way: &Way, report: &mut Report) -> Option<Vec<P2>> {
        self.close(&way.refs, &format!("way {}", way.id), report)
    }

    fn close(&self, refs: &[i64], at: &str, report: &mut Report) -> Option<Vec<P2>> {
        if refs.len() < 4 || refs.first() != refs.last() {
            report.note(Severity::Skipped, at, NOT_CLOSED);
            return None;
        }
        let known: Vec<P2> = refs.iter().filter_map(|&n| self.place(n)).collect();
        let missing = known.len() < refs.len();
        let ring = open_ring(known);
        if ring.len() < 3 {
            let what = "an area has fewer than three different nodes in the file";
            report.note(Severity::Skipped, at, what);
            return None;
        }
        if missing {
            report.note(Severity::Repaired, at, NODES_MISSING);
        }
        let (ring, cut) = untie(ring);
        if cut {
            report.note(Severity::Repaired, at, CROSSES_ITSELF);
        }
        if ring.len() < 3 || signed_area(&ring).abs() < MIN_AREA_M2 {
            report.note(Severity::Skipped, at, ENCLOSES_NOTHING);
            return None;
        }
        Some(ring)
    }

    /// The area of a closed way.
    pub fn way_area(&self, way: &Way, report: &mut Report) -> Option<Area> {
        self.ring(way, report).map(|ring| Area { ring: orient(ring, true), holes: Vec::new() })
    }

    /// The areas of a multipolygon relation: member ways joined to rings, those within others their holes.
    pub fn relation_areas(&self, relation: &Relation, report: &mut Report) -> Vec<Area> {
        let at = format!("relation {}", relation.id);
        let mut members = Vec::new();
        for (kind, id, role) in &relation.members {
            if *kind != MemberKind::Way {
                continue;
            }
            match (self.ways.get(id), role.as_str()) {
                (None, _) => {
                    let place = format!("{at}, way {id}");
                    report.note(Severity::Skipped, place, "a member way is not in the file (a clipped extract)");
                }
                (Some(&i), "inner" | "outer" | "outline" | "") => {
                    let refs = &self.data.ways[i].refs[..];
                    members.push(Member { way: *id, inner: role == "inner", refs });
                }
                (Some(_), _) => {}
            }
        }
        let Rings { rings, open, doubled } = multipolygon::rings(&members, |node| self.place(node));
        if let Some(way) = open.first() {
            report.note(Severity::Skipped, format!("{at}, ring from way {way}"), NOT_CLOSED);
        }
        if let Some(way) = doubled {
            let text = "a stretch of a multipolygon lies in two of its ways; it borders nothing";
            report.note(Severity::Repaired, format!("{at}, way {way}"), text);
        }
        if members.iter().flat_map(|m| m.refs).any(|n| !self.places.contains_key(n)) {
            report.note(Severity::Repaired, at.clone(), NODES_MISSING);
        }
        let mut closed = Vec::with_capacity(rings.len());
        for ring in rings {
            let (points, cut) = untie(ring.points);
            if cut {
                report.note(Severity::Repaired, format!("{at}, ring from way {}", ring.way), CROSSES_ITSELF);
            }
            if points.len() < 3 || signed_area(&points).abs() < MIN_AREA_M2 {
                report.note(Severity::Skipped, format!("{at}, ring from way {}", ring.way), ENCLOSES_NOTHING);
            } else {
                closed.push((points, ring.inner));
            }
        }
        // What only holes border and nothing surrounds is a hole in nothing.
        let lost = |(points, inner): &(Vec<P2>, bool)| {
            let probe = inner_point(points).filter(|_| *inner);
            probe.is_some_and(|probe| !closed.iter().any(|(around, inner)| !inner && contains(around, probe)))
        };
        let kept: Vec<bool> = closed.iter().map(|ring| !lost(ring)).collect();
        if kept.contains(&false) {
            report.note(Severity::Skipped, at, "an inner ring lies in no outer ring");
        }
        nest(closed.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|((points, _), _)| points).collect())
    }
}

const NOT_CLOSED: &str = "an area's ring is not closed; expected the first node again at the end";
const NODES_MISSING: &str = "an area refers to nodes that are not in the file (a clipped extract); drawn without them";
const CROSSES_ITSELF: &str = "a ring crosses itself; cut at the crossing, the larger loop is kept";
const ENCLOSES_NOTHING: &str = "an area's ring encloses nothing";
