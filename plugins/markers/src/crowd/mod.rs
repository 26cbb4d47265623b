//! Crowds: when marks would cover the picture they become share rings, and rings open in place.
//!
//! **Invariant:** one decision per wall and layer, from the camera's distance and the crowd's density; it has
//! hysteresis, so that a slow zoom does not flicker. **Invariant:** a ring shows every level it holds; a red is
//! never less than a visible stroke. **Invariant:** the work of a frame follows the rows that changed.

pub mod cells;
mod follow;
mod layer;
pub mod lod;

pub use cells::{CellKey, Cells, Ring};
pub use follow::update;
pub use layer::Crowd;
pub use lod::{Eye, Lod};

/// The layers that can crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum CrowdLayer {
    /// Sensors.
    Sensors = 0,
    /// Cases.
    Cases = 1,
    /// Crews.
    Units = 2,
}

/// The crowds of all layers.
#[derive(Clone, Debug, Default)]
pub struct Crowds {
    /// Sensors.
    pub sensors: Crowd,
    /// Cases.
    pub cases: Crowd,
    /// Crews, counted by what they do: free, under way, on scene, clearing, out of service.
    pub units: Crowd,
}

impl Crowds {
    /// One layer's crowd.
    #[must_use]
    pub fn of(&self, layer: CrowdLayer) -> &Crowd {
        match layer {
            CrowdLayer::Sensors => &self.sensors,
            CrowdLayer::Cases => &self.cases,
            CrowdLayer::Units => &self.units,
        }
    }

    /// One layer's crowd.
    pub fn of_mut(&mut self, layer: CrowdLayer) -> &mut Crowd {
        match layer {
            CrowdLayer::Sensors => &mut self.sensors,
            CrowdLayer::Cases => &mut self.cases,
            CrowdLayer::Units => &mut self.units,
        }
    }

    /// How far a layer's rings stand aside of their place on the screen, so that layers in the same cells do not
    /// hide each other: in radii, to the right and up.
    #[must_use]
    pub fn aside(&self, layer: CrowdLayer) -> [f32; 2] {
        let rings = |crowd: &Crowd| crowd.lod != Lod::Marks && !crowd.rings.is_empty();
        let all = [rings(&self.sensors), rings(&self.cases), rings(&self.units)];
        if all.iter().filter(|r| **r).count() < 2 {
            return [0.0; 2];
        }
        match layer {
            CrowdLayer::Sensors => [-ASIDE, 0.0],
            CrowdLayer::Cases => [ASIDE, 0.0],
            CrowdLayer::Units => [0.0, UP],
        }
    }
}

/// Rings side by side, and one above two, in radii. As in the shader.
const ASIDE: f32 = 1.06;
const UP: f32 = 1.84;
