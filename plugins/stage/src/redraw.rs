//! Draws only when there is something new to draw: an idle room must be cheap.

use bevy::prelude::Resource;

/// What goes on moving by itself while nobody touches anything. Each has a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ambient {
    /// Streaks of rain.
    Rain,
    /// Lines that run with the flood.
    Flow,
    /// Pumps that run, seen underground.
    Pumps,
}

/// Kinds of [`Ambient`].
const KINDS: usize = 3;

/// What the next frames need. Systems that change the picture say so here.
#[derive(Resource, Clone, Debug)]
pub struct Redraw {
    scene_frames: u32,
    /// Frames per second that marks keep moving at (breathing reds, crews that glide); 0 when still. Set by the live
    /// layers alone; what else moves says so with [`Redraw::ambient`].
    pub animate_hz: f32,
    ambient: [bool; KINDS],
    moving: bool,
}

impl Default for Redraw {
    fn default() -> Self {
        // The first frames compile pipelines and upload textures.
        Self { scene_frames: 8, animate_hz: 0.0, ambient: [false; KINDS], moving: false }
    }
}

impl Redraw {
    /// The 3D picture changed once.
    #[track_caller]
    pub fn scene(&mut self) {
        asked(3);
        self.scene_frames = self.scene_frames.max(3);
    }

    /// The 3D picture is due for one more frame of an animation.
    #[track_caller]
    pub fn scene_once(&mut self) {
        asked(1);
        self.scene_frames = self.scene_frames.max(1);
    }

    /// The camera moves: draw as fast as possible until this is no longer said.
    pub fn moving(&mut self) {
        self.moving = true;
        self.scene();
    }

    /// Something begins or ceases to move by itself. How often it is drawn is the quality's choice.
    pub fn ambient(&mut self, what: Ambient, on: bool) {
        self.ambient[what as usize] = on;
    }

    /// True while something moves by itself.
    #[must_use]
    pub fn is_ambient(&self) -> bool {
        self.ambient.contains(&true)
    }

    /// Frames per second that an idle picture is due at, when what moves by itself is drawn at `ambient_hz` and marks
    /// at `marks_hz` at most; 0 when nothing moves.
    #[must_use]
    pub fn idle_hz(&self, ambient_hz: f32, marks_hz: f32) -> f32 {
        let ambient = if self.is_ambient() { ambient_hz } else { 0.0 };
        self.animate_hz.min(marks_hz).max(ambient)
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

/// Says who wants the 3D drawn again, for `GUANLAN_LOG=guanlan_stage::redraw=trace`: an idle room that is not cheap has
/// its reason here.
#[track_caller]
fn asked(frames: u32) {
    tracing::trace!(by = %std::panic::Location::caller(), frames, "redraw");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rain_and_marks_keep_their_own_rates() {
        let mut redraw = Redraw::default();
        assert_eq!(redraw.idle_hz(1.0, 3.0), 0.0);
        redraw.ambient(Ambient::Rain, true);
        redraw.ambient(Ambient::Flow, true);
        redraw.animate_hz = 10.0;
        assert_eq!(redraw.idle_hz(1.0, 3.0), 3.0);
        redraw.animate_hz = 0.0;
        assert_eq!(redraw.idle_hz(1.0, 3.0), 1.0, "the live layers do not silence the rain");
        redraw.ambient(Ambient::Rain, false);
        assert!(redraw.is_ambient());
        redraw.ambient(Ambient::Flow, false);
        assert_eq!(redraw.idle_hz(1.0, 3.0), 0.0);
    }
}
