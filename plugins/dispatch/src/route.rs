//! Shortest travel times: one search backwards from the case gives the ETA of every crew.

use std::{cmp::Reverse, collections::BinaryHeap};

use serde::{Deserialize, Serialize};

use crate::{
    costs::{CLOSED, EdgeCosts},
    graph::{RoadGraph, Snap},
    vehicle::{WALK_KMH, travel_ms},
};

/// Pace off the carriageway (yards, gates), km/h.
const ACCESS_KMH: f64 = 10.0;
const AT_TARGET_FORWARD: u32 = u32::MAX - 1;
const AT_TARGET_BACKWARD: u32 = u32::MAX - 2;
const NOWHERE: u32 = u32::MAX;

/// A stretch of a route on one edge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// The edge.
    pub edge: u32,
    /// Travel along the road's line.
    pub forward: bool,
    /// Distance from the start of the edge's line where the leg begins, m.
    pub start_m: f32,
    /// Length, m.
    pub length_m: f32,
    /// Speed, m/s.
    pub speed_mps: f32,
}

/// A way from a place to a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Route {
    /// Edges in the order of travel.
    pub legs: Vec<Leg>,
    /// The line to draw, local m; begins where the crew is on the road, ends on the road at the case.
    pub line: Vec<[f32; 2]>,
    /// Length on roads, m.
    pub length_m: f32,
    /// Travel time without turnout, ms.
    pub time_ms: u32,
}

impl Route {
    /// Point and heading (degrees clockwise from north) at a distance from the start.
    #[must_use]
    pub fn at(&self, along_m: f32) -> Option<([f32; 2], f32)> {
        let mut left = along_m.max(0.0);
        let mut last = None;
        for w in self.line.windows(2) {
            let (dx, dy) = (w[1][0] - w[0][0], w[1][1] - w[0][1]);
            let length = dx.hypot(dy);
            if length <= 0.0 {
                continue;
            }
            let heading = dx.atan2(dy).to_degrees().rem_euclid(360.0);
            if left <= length {
                let t = left / length;
                return Some(([w[0][0] + t * dx, w[0][1] + t * dy], heading));
            }
            left -= length;
            last = Some((w[1], heading));
        }
        last.or_else(|| self.line.first().map(|&p| (p, 0.0)))
    }

    /// Distance from the start of the point of the line nearest to a place, not before `from_m`, and how far away the
    /// place is, both m. Looks at most 600 m ahead, so that a loop is not cut short.
    #[must_use]
    pub fn project(&self, place_m: [f64; 2], from_m: f32) -> Option<(f32, f32)> {
        let place = place_m.map(|v| v as f32);
        let mut best: Option<(f32, f32)> = None;
        let mut along = 0.0f32;
        for w in self.line.windows(2) {
            let (dx, dy) = (w[1][0] - w[0][0], w[1][1] - w[0][1]);
            let length = dx.hypot(dy);
            if length > 0.0 && along + length >= from_m && along <= from_m + 600.0 {
                let t = (((place[0] - w[0][0]) * dx + (place[1] - w[0][1]) * dy) / (length * length)).clamp(0.0, 1.0);
                let off = (place[0] - w[0][0] - t * dx).hypot(place[1] - w[0][1] - t * dy);
                let here = (along + t * length).max(from_m);
                if best.is_none_or(|(_, o)| off < o) {
                    best = Some((here, off));
                }
            }
            along += length;
        }
        best
    }

    /// The leg under a distance from the start, and how far into it, m.
    #[must_use]
    pub fn leg_at(&self, along_m: f32) -> Option<(usize, f32)> {
        let mut left = along_m.max(0.0);
        for (index, leg) in self.legs.iter().enumerate() {
            if left < leg.length_m || index + 1 == self.legs.len() {
                return Some((index, left.min(leg.length_m)));
            }
            left -= leg.length_m;
        }
        None
    }
}

/// Travel times to one target from every junction.
pub struct Search {
    target: Snap,
    dist: Vec<u32>,
    next: Vec<u32>,
}

fn part(ms: u32, part_m: f32, length_m: f32) -> u32 {
    (f64::from(ms) * f64::from(part_m.max(0.0)) / f64::from(length_m)).round() as u32
}

fn access_ms(off_m: f32) -> u32 {
    if off_m < 0.5 { 0 } else { travel_ms(f64::from(off_m), ACCESS_KMH) }
}

/// Cost of a part of an edge where a journey starts or ends. On a closed edge (the crew works at the water's edge) the
/// last stretch is walked.
fn end_part(graph: &RoadGraph, costs: &EdgeCosts, edge: u32, part_m: f32, forward: bool) -> Option<u32> {
    let e = &graph.edges()[edge as usize];
    match costs.ms[edge as usize] {
        CLOSED => Some(if part_m > 0.0 { travel_ms(f64::from(part_m), WALK_KMH) } else { 0 }),
        ms => costs.may(e, forward).then(|| part(ms, part_m, e.length_m)),
    }
}

impl RoadGraph {
    /// Dijkstra backwards from `target`. Ties are decided by junction and edge number.
    #[must_use]
    pub fn search_to(&self, costs: &EdgeCosts, target: Snap) -> Search {
        let n = self.junctions();
        let (mut dist, mut next) = (vec![CLOSED; n], vec![NOWHERE; n]);
        let mut heap: BinaryHeap<Reverse<u64>> = BinaryHeap::with_capacity(n / 4 + 16);
        let edge = self.edges()[target.edge as usize];
        let access = access_ms(target.off_m);
        for (junction, part_m, forward, mark) in [
            (edge.from, target.along_m, true, AT_TARGET_FORWARD),
            (edge.to, edge.length_m - target.along_m, false, AT_TARGET_BACKWARD),
        ] {
            if let Some(ms) = end_part(self, costs, target.edge, part_m, forward) {
                let cost = ms + access;
                if cost < dist[junction as usize] {
                    dist[junction as usize] = cost;
                    next[junction as usize] = mark;
                    heap.push(Reverse(u64::from(cost) << 32 | u64::from(junction)));
                }
            }
        }
        let walks = costs.vehicle == crate::vehicle::VehicleClass::Foot;
        while let Some(Reverse(key)) = heap.pop() {
            let (cost, junction) = ((key >> 32) as u32, key as u32);
            if cost > dist[junction as usize] {
                continue;
            }
            for half in self.arriving(junction) {
                let ms = costs.ms[half.edge as usize];
                if ms == CLOSED || (!half.forward && !walks && self.edges()[half.edge as usize].one_way) {
                    continue;
                }
                let (through, from) = (cost.saturating_add(ms), half.other as usize);
                if through < dist[from] {
                    dist[from] = through;
                    next[from] = half.edge << 1 | u32::from(half.forward);
                    heap.push(Reverse(u64::from(through) << 32 | u64::from(half.other)));
                }
            }
        }
        Search { target, dist, next }
    }

    /// The best first move from a place: (cost in ms, way).
    fn depart(&self, costs: &EdgeCosts, search: &Search, from: &Snap) -> Option<(u32, Departure)> {
        let edge = &self.edges()[from.edge as usize];
        let mut best: Option<(u32, Departure)> = None;
        let mut offer = |cost: u32, way: Departure| {
            if best.is_none_or(|(c, _)| cost < c) {
                best = Some((cost, way));
            }
        };
        let target = &search.target;
        if from.edge == target.edge {
            let forward = target.along_m >= from.along_m;
            let length = (target.along_m - from.along_m).abs();
            if let Some(ms) = end_part(self, costs, from.edge, length, forward) {
                offer(ms + access_ms(target.off_m), Departure::Direct);
            }
        }
        for (forward, part_m, junction) in
            [(true, edge.length_m - from.along_m, edge.to), (false, from.along_m, edge.from)]
        {
            let rest = search.dist[junction as usize];
            if rest != CLOSED
                && let Some(ms) = end_part(self, costs, from.edge, part_m, forward)
            {
                offer(ms.saturating_add(rest), Departure::Along { forward });
            }
        }
        best.map(|(cost, way)| (cost.saturating_add(access_ms(from.off_m)), way))
    }

    /// Travel time from a place, ms, without turnout; `None` when there is no way.
    #[must_use]
    pub fn travel_time_ms(&self, costs: &EdgeCosts, search: &Search, from: &Snap) -> Option<u32> {
        self.depart(costs, search, from).map(|(cost, _)| cost)
    }

    /// The way from a place; `None` when there is none.
    #[must_use]
    pub fn route(&self, costs: &EdgeCosts, search: &Search, from: &Snap) -> Option<Route> {
        let (time_ms, way) = self.depart(costs, search, from)?;
        let mut route = Route { time_ms, line: vec![from.point], ..Route::default() };
        let target = search.target;
        let forward = match way {
            Departure::Direct => {
                self.append(costs, &mut route, from.edge, from.along_m, target.along_m);
                return Some(route);
            }
            Departure::Along { forward } => forward,
        };
        let edge = &self.edges()[from.edge as usize];
        let (end_m, mut junction) = if forward { (edge.length_m, edge.to) } else { (0.0, edge.from) };
        self.append(costs, &mut route, from.edge, from.along_m, end_m);
        for _ in 0..=self.junctions() {
            match search.next[junction as usize] {
                NOWHERE => return None,
                AT_TARGET_FORWARD => {
                    self.append(costs, &mut route, target.edge, 0.0, target.along_m);
                    return Some(route);
                }
                AT_TARGET_BACKWARD => {
                    let length = self.edges()[target.edge as usize].length_m;
                    self.append(costs, &mut route, target.edge, length, target.along_m);
                    return Some(route);
                }
                code => {
                    let (index, forward) = (code >> 1, code & 1 == 1);
                    let edge = &self.edges()[index as usize];
                    let (a, b) = if forward { (0.0, edge.length_m) } else { (edge.length_m, 0.0) };
                    self.append(costs, &mut route, index, a, b);
                    junction = if forward { edge.to } else { edge.from };
                }
            }
        }
        None
    }

    fn append(&self, costs: &EdgeCosts, route: &mut Route, edge: u32, from_m: f32, to_m: f32) {
        let length_m = (to_m - from_m).abs();
        if length_m <= 0.0 {
            return;
        }
        let speed_mps = match costs.ms[edge as usize] {
            CLOSED => (WALK_KMH / 3.6) as f32,
            ms => self.edges()[edge as usize].length_m * 1000.0 / ms as f32,
        };
        route.legs.push(Leg { edge, forward: to_m >= from_m, start_m: from_m, length_m, speed_mps });
        route.length_m += length_m;
        for point in self.slice(edge, from_m, to_m) {
            if route.line.last() != Some(&point) {
                route.line.push(point);
            }
        }
    }

    /// Travel times without turnout, ms: one row for each case, one column for each crew.
    #[must_use]
    pub fn time_matrix(&self, costs: &EdgeCosts, cases: &[Snap], crews: &[Snap]) -> Vec<Vec<Option<u32>>> {
        cases
            .iter()
            .map(|&case| {
                let search = self.search_to(costs, case);
                crews.iter().map(|crew| self.travel_time_ms(costs, &search, crew)).collect()
            })
            .collect()
    }
}

#[derive(Clone, Copy)]
enum Departure {
    Direct,
    Along { forward: bool },
}
