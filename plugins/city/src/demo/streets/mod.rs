//! Streets and blocks: the plan's arterials cut the land into faces; faces are split by streets until
//! blocks have the size of their zone. Blocks, roads and grids share one planar graph.

mod divide;
mod graph;
mod kind;
mod lines;
mod names;
mod parcel;

use graph::Graph;
pub use kind::Kind;
pub use names::numeral;

use super::{
    geom::{self, P},
    plan::{BANK_ROAD_M, MOAT_ROAD_M, Plan, RAIL_ROAD_M, Zone},
};

/// A street: one name along many edges.
#[derive(Clone, Debug)]
pub struct Street {
    pub kind: Kind,
    pub name: (String, String),
    pub speed: u32,
    pub lanes: u32,
    /// Index of the arterial in the plan, if it is one.
    pub arterial: Option<usize>,
}

impl Street {
    /// A street of no arterial.
    fn new(kind: Kind, zh: &str, en: &str, speed: u32, lanes: u32) -> Self {
        Self { kind, name: (zh.to_owned(), en.to_owned()), speed, lanes, arterial: None }
    }

    /// A line that is no road.
    fn nameless(kind: Kind) -> Self {
        Self::new(kind, "", "", 0, 0)
    }
}

/// A face of the graph: a parcel of land or water between lines.
pub struct Face {
    pub ring: Vec<P>,
    /// Edge from corner i to corner i + 1.
    pub edges: Vec<usize>,
    /// Face on the other side of that edge.
    pub neighbours: Vec<Option<usize>>,
    pub zone: Zone,
    pub zone_index: Option<usize>,
    pub centre: P,
    pub area: f64,
    pub cover: Cover,
}

/// What a face lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    Land,
    /// Between the roads along the river.
    River,
    /// Between the lanes along the moat.
    Moat,
    /// Between the roads along the railway.
    RailStrip,
}

impl Cover {
    /// What a place lies on.
    fn at(plan: &Plan, p: P) -> Cover {
        if plan.river_d.at(p) < BANK_ROAD_M - 1.0 {
            Cover::River
        } else if plan.moat_d.at(p) < MOAT_ROAD_M - 1.0 {
            Cover::Moat
        } else if plan.rail_d.at(p) < RAIL_ROAD_M - 1.0 {
            Cover::RailStrip
        } else {
            Cover::Land
        }
    }
}

/// Streets, graph and faces.
pub struct Town {
    pub streets: Vec<Street>,
    pub graph: Graph,
    pub faces: Vec<Face>,
}

/// Draws the streets of the plan, and splits what lies between them.
pub fn build(plan: &Plan) -> Town {
    let lines::Lines { mut streets, pieces, .. } = lines::of_plan(plan);
    let mut first = graph::arrange(&pieces);
    graph::prune(&mut first);
    let pieces = divide::divide(plan, &mut streets, &first);
    let graph = graph::arrange(&pieces);
    let graph::Faces { rings, left_of } = graph::faces_of(&graph);
    let faces = rings
        .into_iter()
        .map(|(corners, half_edges)| {
            let ring: Vec<P> = corners.iter().map(|&n| graph.nodes[n]).collect();
            let centre = geom::pole(&ring);
            let (zone, zone_index) = plan.zone(centre);
            Face {
                area: geom::area(&ring),
                neighbours: half_edges.iter().map(|&h| left_of[h ^ 1]).collect(),
                edges: half_edges.iter().map(|&h| h / 2).collect(),
                cover: Cover::at(plan, centre),
                ring,
                zone,
                zone_index,
                centre,
            }
        })
        .collect();
    Town { streets, graph, faces }
}
