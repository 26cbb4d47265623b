//! Draws only when there is something new to draw: an idle room must be cheap.

use bevy::prelude::Resource;

/// What the next frames need. Systems that change the picture say so here.
#[derive(Resource, Clone, Debug)]
pub struct Redraw {
    scene_frames: u32,
    /// Frames per second that something keeps moving at (breathing reds, water); 0 when still.
    pub animate_hz: f32,
    moving: bool,
}

impl Default for Redraw {
    fn default() -> Self {
        // The first frames compile pipelines and upload textures.
        Self { scene_frames: 8, animate_hz: 0.0, moving: false }
    }
}

impl Redraw {
    /// The 3D picture changed once.
    pub fn scene(&mut self) {
        self.scene_frames = self.scene_frames.max(3);
    }

    /// The 3D picture is due for one more frame of an animation.
    pub fn scene_once(&mut self) {
        self.scene_frames = self.scene_frames.max(1);
    }

    /// The camera moves: draw as fast as possible until this is no longer said.
    pub fn moving(&mut self) {
        self.moving = true;
        self.scene();
    }

    /// True while the 3D picture has to be drawn.
    #[must_use]
    pub fn wanted(&self) -> bool {
        self.scene_frames > 0 || self.moving
    }

    /// True while the camera moves.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.moving
    }

    /// One frame was drawn.
    pub(crate) fn drawn(&mut self) {
        self.scene_frames = self.scene_frames.saturating_sub(1);
        self.moving = false;
    }
}
