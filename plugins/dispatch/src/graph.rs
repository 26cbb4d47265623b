//! The road graph: junctions and directed arcs in compressed rows, nearest edge to a place, cost of an edge.
//!
//! **Invariant:** an edge number is the index of its road in `City::roads`; roads that can not be used (fewer than two
//! points, no length) keep their number and take no part.

use std::{collections::BTreeMap, sync::Arc};

use guanlan_city::{City, model::RoadClass};
use rstar::{
    RTree,
    primitives::{GeomWithData, Line},
};
use serde::{Deserialize, Serialize};

use crate::{
    roads::RoadState,
    vehicle::{VehicleClass, rain_factor, travel_ms},
};

/// Farther than this from every road a place can not be reached, m.
pub const SNAP_LIMIT_M: f64 = 1000.0;
/// See [`RoadGraph::snap`].
pub const LOOSE_END_M: f64 = 300.0;
/// Cost of an edge that is closed or forbidden.
pub const CLOSED: u32 = u32::MAX;

type Segment = GeomWithData<Line<[f64; 2]>, (u32, f32)>;

/// One edge of the graph.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Junction at the start of the road's line.
    pub from: u32,
    /// Junction at its end.
    pub to: u32,
    /// Length, m.
    pub length_m: f32,
    /// Hierarchy.
    pub class: RoadClass,
    /// Speed limit, km/h; 0 unknown.
    pub limit_kmh: f32,
    /// Vehicles only along the line. False for one-ways at a torn edge of the map.
    pub one_way: bool,
    /// False for a road without length.
    pub usable: bool,
}

/// One direction of an edge, as seen from a junction.
#[derive(Clone, Copy, Debug)]
pub struct HalfEdge {
    /// The edge.
    pub edge: u32,
    /// The junction at the other end.
    pub other: u32,
    /// True when travel is along the road's line.
    pub forward: bool,
}

/// A place on the road network.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snap {
    /// The edge.
    pub edge: u32,
    /// Distance from the start of the edge's line, m.
    pub along_m: f32,
    /// The place on the centre line, local m.
    pub point: [f32; 2],
    /// Distance of the original place from it, m.
    pub off_m: f32,
}

/// Roads of a city as a graph.
pub struct RoadGraph {
    city: Arc<City>,
    edges: Vec<Edge>,
    out_start: Vec<u32>,
    out: Vec<HalfEdge>,
    in_start: Vec<u32>,
    incoming: Vec<HalfEdge>,
    tree: RTree<Segment>,
    main: Vec<bool>,
}

impl RoadGraph {
    /// Builds the graph of a city's roads. Layers need no care: roads meet only where they share a junction number.
    #[must_use]
    pub fn new(city: Arc<City>) -> Self {
        let mut numbers: BTreeMap<i64, u32> = BTreeMap::new();
        for road in &city.roads {
            numbers.entry(road.from_node).or_default();
            numbers.entry(road.to_node).or_default();
        }
        for (index, number) in numbers.values_mut().enumerate() {
            *number = index as u32;
        }
        let mut edges = Vec::with_capacity(city.roads.len());
        let mut segments = Vec::new();
        for (index, road) in city.roads.iter().enumerate() {
            let length_m = road.length_m();
            let usable = length_m.is_finite() && length_m > 0.0;
            edges.push(Edge {
                from: numbers[&road.from_node],
                to: numbers[&road.to_node],
                length_m,
                class: road.class,
                limit_kmh: road.speed_kmh,
                one_way: road.one_way,
                usable,
            });
            if usable {
                let mut along = 0.0f32;
                for w in road.line.windows(2) {
                    segments.push(GeomWithData::new(
                        Line::new(w[0].map(f64::from), w[1].map(f64::from)),
                        (index as u32, along),
                    ));
                    along += (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
                }
            }
        }
        let n = numbers.len();
        let (out_start, out) = rows(n, &edges, |e, forward| if forward { (e.from, e.to) } else { (e.to, e.from) });
        let (in_start, incoming) = rows(n, &edges, |e, forward| if forward { (e.to, e.from) } else { (e.from, e.to) });
        let tree = RTree::bulk_load(segments);
        let mut graph = Self { city, edges, out_start, out, in_start, incoming, tree, main: Vec::new() };
        // A one-way outside the main part is one whose continuation the extract has lost: it goes both ways here,
        // or nobody could come back from it.
        let main = graph.main_part();
        for (edge, main) in graph.edges.iter_mut().zip(main) {
            edge.one_way &= main;
        }
        graph.main = graph.main_part();
        graph
    }

    /// The city the graph was made from.
    #[must_use]
    pub fn city(&self) -> &Arc<City> {
        &self.city
    }

    /// All edges, by edge number.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Number of junctions.
    #[must_use]
    pub fn junctions(&self) -> usize {
        self.out_start.len() - 1
    }

    /// Half edges that leave a junction, by edge number.
    #[must_use]
    pub fn leaving(&self, junction: u32) -> &[HalfEdge] {
        &self.out[self.out_start[junction as usize] as usize..self.out_start[junction as usize + 1] as usize]
    }

    /// Half edges that arrive at a junction; `other` is where they come from.
    #[must_use]
    pub fn arriving(&self, junction: u32) -> &[HalfEdge] {
        &self.incoming[self.in_start[junction as usize] as usize..self.in_start[junction as usize + 1] as usize]
    }

    /// True for each edge of the largest part of the network in which a car gets from everywhere to everywhere. Real
    /// extracts have loose ends: yards cut off at the border, one-ways that lead out of the map.
    fn main_part(&self) -> Vec<bool> {
        let drives = |half: &HalfEdge| {
            let edge = &self.edges[half.edge as usize];
            edge.class != RoadClass::Foot && (half.forward || !edge.one_way)
        };
        // Kosaraju: finish order along the roads, then parts against them.
        let n = self.junctions();
        let (mut order, mut seen) = (Vec::with_capacity(n), vec![false; n]);
        for root in 0..n as u32 {
            if std::mem::replace(&mut seen[root as usize], true) {
                continue;
            }
            let mut stack = vec![(root, 0usize)];
            while let Some((junction, at)) = stack.last_mut() {
                let Some(half) = self.leaving(*junction).get(*at) else {
                    order.push(*junction);
                    stack.pop();
                    continue;
                };
                *at += 1;
                if drives(half) && !std::mem::replace(&mut seen[half.other as usize], true) {
                    stack.push((half.other, 0));
                }
            }
        }
        let (mut part, mut sizes) = (vec![u32::MAX; n], Vec::new());
        for &root in order.iter().rev() {
            if part[root as usize] != u32::MAX {
                continue;
            }
            let number = sizes.len() as u32;
            let (mut stack, mut size) = (vec![root], 0usize);
            part[root as usize] = number;
            while let Some(junction) = stack.pop() {
                size += 1;
                for half in self.arriving(junction) {
                    if drives(half) && part[half.other as usize] == u32::MAX {
                        part[half.other as usize] = number;
                        stack.push(half.other);
                    }
                }
            }
            sizes.push(size);
        }
        let largest =
            sizes.iter().enumerate().max_by_key(|(i, size)| (**size, std::cmp::Reverse(*i))).map(|(i, _)| i as u32);
        self.edges
            .iter()
            .map(|e| {
                e.class != RoadClass::Foot
                    && Some(part[e.from as usize]) == largest
                    && part[e.to as usize] == part[e.from as usize]
            })
            .collect()
    }

    /// Nearest point of the network that the class may use; `None` farther than [`SNAP_LIMIT_M`] from all roads.
    ///
    /// A vehicle prefers the connected main part of the network to a loose end up to [`LOOSE_END_M`] nearer.
    #[must_use]
    pub fn snap(&self, place_m: [f64; 2], vehicle: VehicleClass) -> Option<Snap> {
        if !place_m[0].is_finite() || !place_m[1].is_finite() {
            return None;
        }
        let mut first: Option<(&Segment, f64)> = None;
        let mut segment = None;
        for (near, square) in self.tree.nearest_neighbor_iter_with_distance_2(&place_m) {
            let edge = &self.edges[near.data.0 as usize];
            if vehicle.free_kmh(edge.class, edge.limit_kmh).is_none() {
                continue;
            }
            let &mut (_, nearest) = first.get_or_insert((near, square.sqrt()));
            if square.sqrt() > nearest + LOOSE_END_M {
                break;
            }
            if self.main[near.data.0 as usize] || vehicle == VehicleClass::Foot {
                segment = Some(near);
                break;
            }
        }
        let segment = segment.or(first.map(|(near, _)| near))?;
        let (edge, start_m) = segment.data;
        let (a, b) = (segment.geom().from, segment.geom().to);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let square = dx * dx + dy * dy;
        let t = if square > 0.0 {
            (((place_m[0] - a[0]) * dx + (place_m[1] - a[1]) * dy) / square).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let point = [a[0] + t * dx, a[1] + t * dy];
        let off = ((place_m[0] - point[0]).powi(2) + (place_m[1] - point[1]).powi(2)).sqrt();
        let along = (f64::from(start_m) + t * square.sqrt()).min(f64::from(self.edges[edge as usize].length_m));
        (off <= SNAP_LIMIT_M).then_some(Snap {
            edge,
            along_m: along as f32,
            point: point.map(|v| v as f32),
            off_m: off as f32,
        })
    }

    /// Edges with a point within `radius_m` of a place, by edge number.
    #[must_use]
    pub fn edges_near(&self, place_m: [f64; 2], radius_m: f64) -> Vec<u32> {
        let mut edges: Vec<u32> =
            self.tree.locate_within_distance(place_m, radius_m * radius_m).map(|s| s.data.0).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    /// The centre line between two distances from the start of an edge, in the order of travel.
    #[must_use]
    pub fn slice(&self, edge: u32, from_m: f32, to_m: f32) -> Vec<[f32; 2]> {
        let line = &self.city.roads[edge as usize].line;
        let (low, high) = if from_m <= to_m { (from_m, to_m) } else { (to_m, from_m) };
        let mut points = Vec::new();
        let mut along = 0.0f32;
        for w in line.windows(2) {
            let length = (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
            if length > 0.0 {
                let at = |m: f32| {
                    let t = ((m - along) / length).clamp(0.0, 1.0);
                    [w[0][0] + t * (w[1][0] - w[0][0]), w[0][1] + t * (w[1][1] - w[0][1])]
                };
                if along + length >= low && along <= high {
                    if points.is_empty() {
                        points.push(at(low));
                    }
                    points.push(at(high));
                }
            }
            along += length;
        }
        points.dedup();
        if from_m > to_m {
            points.reverse();
        }
        points
    }
}

fn rows(n: usize, edges: &[Edge], ends: fn(&Edge, bool) -> (u32, u32)) -> (Vec<u32>, Vec<HalfEdge>) {
    let mut start = vec![0u32; n + 1];
    let each = |visit: &mut dyn FnMut(u32, HalfEdge)| {
        for (index, edge) in edges.iter().enumerate().filter(|(_, e)| e.usable) {
            for forward in [true, false] {
                let (row, other) = ends(edge, forward);
                visit(row, HalfEdge { edge: index as u32, other, forward });
            }
        }
    };
    each(&mut |row, _| start[row as usize + 1] += 1);
    for i in 0..n {
        start[i + 1] += start[i];
    }
    let mut fill = start.clone();
    let mut list = vec![HalfEdge { edge: 0, other: 0, forward: true }; start[n] as usize];
    each(&mut |row, half| {
        list[fill[row as usize] as usize] = half;
        fill[row as usize] += 1;
    });
    (start, list)
}

/// What each edge costs a vehicle class under the present roads: whole milliseconds over its full length.
#[derive(Clone, Debug)]
pub struct EdgeCosts {
    /// The class.
    pub vehicle: VehicleClass,
    /// By edge number; [`CLOSED`] where the class can not go.
    pub ms: Vec<u32>,
}

impl EdgeCosts {
    /// `Σ len / (v_class · f_rain · f_flood)` for each edge; rain is the mean of the gauges heard lately before `now`.
    #[must_use]
    pub fn new(graph: &RoadGraph, roads: &RoadState, vehicle: VehicleClass, now: guanlan_core::Stamp) -> Self {
        let rain = rain_factor(roads.rain_mm_h(now));
        let mut ms: Vec<u32> = graph
            .edges
            .iter()
            .map(|e| match vehicle.free_kmh(e.class, e.limit_kmh) {
                Some(free) if e.usable => travel_ms(f64::from(e.length_m), free * rain),
                _ => CLOSED,
            })
            .collect();
        let deepest_mm = (vehicle.limit_m() * 1000.0) as u16;
        for (&index, condition) in roads.edges.iter() {
            let (Some(edge), Some(cost)) = (graph.edges.get(index as usize), ms.get_mut(index as usize)) else {
                continue;
            };
            if *cost == CLOSED {
                continue;
            }
            if condition.blocks(vehicle) {
                *cost = CLOSED;
            } else if let Some(free) = vehicle.free_kmh(edge.class, edge.limit_kmh) {
                let kmh = vehicle.wet_kmh(free, rain, condition.water_mm().min(deepest_mm));
                let (length_m, wet) = (f64::from(edge.length_m), condition.wet_share());
                *cost = travel_ms(length_m * (1.0 - wet), free * rain) + travel_ms(length_m * wet, kmh);
            }
        }
        Self { vehicle, ms }
    }

    /// True when the class may travel the edge in this direction.
    #[must_use]
    pub fn may(&self, edge: &Edge, forward: bool) -> bool {
        forward || !edge.one_way || self.vehicle == VehicleClass::Foot
    }
}
