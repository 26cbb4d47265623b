//! The road nearest to a place.

use serde::{Deserialize, Serialize};

use super::{RoadGraph, Segment};
use crate::vehicle::VehicleClass;

/// Farther than this from every road a place can not be reached, m.
pub const SNAP_LIMIT_M: f64 = 1000.0;
/// See [`RoadGraph::snap`].
pub const LOOSE_END_M: f64 = 300.0;

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

impl RoadGraph {
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
}
