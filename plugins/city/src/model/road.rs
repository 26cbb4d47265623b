//! Roads as directed-or-not polylines between junctions.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// Hierarchy after OSM `highway`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RoadClass {
    /// 高速/快速路.
    Motorway,
    /// 主干路.
    Primary,
    /// 次干路.
    Secondary,
    /// 支路.
    Tertiary,
    /// 居住区路.
    #[default]
    Residential,
    /// 便道.
    Service,
    /// 步行: no vehicles.
    Foot,
}

/// A stretch of road between two junctions: one edge of the graph. Its index in `City::roads` is
/// the edge number that commands and events use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Road {
    /// Id of the OSM way it was cut from.
    pub way: i64,
    /// OSM nodes at its ends: equal numbers are the same junction.
    pub from_node: i64,
    /// See `from_node`.
    pub to_node: i64,
    /// Name.
    pub name: Bilingual,
    /// Hierarchy.
    pub class: RoadClass,
    /// Traffic only from `from_node` to `to_node`.
    pub one_way: bool,
    /// On a bridge.
    pub bridge: bool,
    /// Under another road or a railway (下穿).
    pub underpass: bool,
    /// OSM layer.
    pub layer: i8,
    /// Lanes in all; 0 unknown.
    pub lanes: u8,
    /// Carriageway width, m.
    pub width_m: f32,
    /// Speed limit, km/h.
    pub speed_kmh: f32,
    /// Traffic signals at the end.
    pub signal_at_end: bool,
    /// Centre line, local m, from `from_node` to `to_node`; at least two points.
    #[serde(with = "crate::flat")]
    pub line: Vec<[f32; 2]>,
}

impl Road {
    /// Length of the centre line, m.
    #[must_use]
    pub fn length_m(&self) -> f32 {
        self.line.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum()
    }

    /// Distance of a place from the centre line, m; the greatest number for a road without a line.
    #[must_use]
    pub fn distance_m(&self, place_m: [f64; 2]) -> f64 {
        let mut best = f64::MAX;
        for pair in self.line.windows(2) {
            let [a, b] = [pair[0].map(f64::from), pair[1].map(f64::from)];
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length2 = dx * dx + dy * dy;
            let t = if length2 > 0.0 {
                (((place_m[0] - a[0]) * dx + (place_m[1] - a[1]) * dy) / length2).clamp(0.0, 1.0)
            } else {
                0.0
            };
            let off = [a[0] + t * dx - place_m[0], a[1] + t * dy - place_m[1]];
            best = best.min((off[0] * off[0] + off[1] * off[1]).sqrt());
        }
        best
    }
}
