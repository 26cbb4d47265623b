//! 3D Tiles that are streamed: where they are, not what is in them.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use super::Terrain;

/// A lift smaller than this is not worth a guess, m.
const LEAST_LIFT_M: f32 = 3.0;

/// A tileset shown in the city. Its tiles are read from its folder while somebody looks at them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TilesetLayer {
    /// Name on the screen.
    pub name: Bilingual,
    /// Path of its `tileset.json`.
    pub path: String,
    /// West, south, east, north of it, local m.
    pub bounds_m: [f32; 4],
    /// Least and greatest height as the tileset has them: above the ellipsoid, or above its own zero, m.
    pub height_m: [f32; 2],
    /// Lowest places of some of its contents: local east and north, height as in `height_m`, m.
    pub feet_m: Vec<[f32; 3]>,
}

impl TilesetLayer {
    /// What is added to the tiles' heights so that they stand on the ground in the median, m: tiles count
    /// heights from the ellipsoid, terrain from the sea. Without terrain the ground is at 0; 0 when they
    /// nearly stand already.
    #[must_use]
    pub fn lift_m(&self, terrain: Option<&Terrain>) -> f32 {
        let ground = |p: &[f32; 3]| match terrain {
            Some(terrain) => terrain.height_m(f64::from(p[0]), f64::from(p[1])),
            None => Some(0.0),
        };
        let mut gaps: Vec<f32> = self.feet_m.iter().filter_map(|p| Some(ground(p)? - p[2])).collect();
        gaps.sort_by(f32::total_cmp);
        let median = gaps.get(gaps.len() / 2).copied().unwrap_or(0.0);
        if median.abs() < LEAST_LIFT_M { 0.0 } else { median }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_lifted_to_the_ground_only_when_they_are_far_from_it() {
        let layer = |z: f32| TilesetLayer {
            feet_m: vec![[0.0, 0.0, z], [5.0, 5.0, z + 1.0], [9.0, 9.0, z]],
            ..Default::default()
        };
        assert_eq!(layer(2.0).lift_m(None), 0.0);
        assert_eq!(layer(60.0).lift_m(None), -60.0);
        let terrain = Terrain { cell_m: 10.0, cols: 1, rows: 1, z_m: vec![30.0], ..Default::default() };
        assert_eq!(layer(0.0).lift_m(Some(&terrain)), 30.0);
        assert_eq!(TilesetLayer::default().lift_m(None), 0.0);
    }
}
