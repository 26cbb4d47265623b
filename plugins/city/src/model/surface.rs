//! Areas on the ground: water, green, squares.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// What covers an area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SurfaceKind {
    /// River, lake.
    Water,
    /// Park, grass, trees.
    #[default]
    Green,
    /// Square, parking.
    Paved,
    /// Embankment, wall.
    Embankment,
}

/// An area on the ground.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SurfaceArea {
    /// What covers it.
    pub kind: SurfaceKind,
    /// Name, if any.
    pub name: Bilingual,
    /// Outer ring, counter-clockwise, not closed, local m.
    #[serde(with = "crate::flat")]
    pub ring: Vec<[f32; 2]>,
    /// Inner rings, clockwise, not closed.
    pub holes: Vec<Vec<[f32; 2]>>,
    /// Water level, m above datum, for water with a known stage.
    pub level_m: Option<f32>,
}
