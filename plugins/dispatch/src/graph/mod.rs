//! The road graph: junctions and directed arcs in compressed rows.
//!
//! **Invariant:** an edge number is the index of its road in `City::roads`; roads that can not be used (fewer than two
//! points, no length) keep their number and take no part.

mod parts;
mod snap;

use std::{collections::BTreeMap, sync::Arc};

use guanlan_city::{City, model::RoadClass};
use rstar::{
    RTree,
    primitives::{GeomWithData, Line},
};

pub use snap::{LOOSE_END_M, SNAP_LIMIT_M, Snap};

/// A stretch of a centre line: its edge, and the distance from the edge's start to its own, m.
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

/// Half edges by junction in compressed rows: where each junction's begin, and all of them.
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
