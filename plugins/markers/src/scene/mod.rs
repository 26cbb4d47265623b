//! What the live layers show: marks as rows, kept as columns for the GPU.
//!
//! The room's glue hands over rows ([`SensorColumns::set`], [`CaseColumns::set`], [`UnitColumns::set`]); rows that
//! did not change cost a comparison and upload nothing. Large layers set single rows instead
//! ([`SensorColumns::set_state`]).

mod cases;
mod marks;
mod motion;
mod part;
mod sensors;
mod units;

use bevy::prelude::Resource;

use crate::crowd::Crowds;

pub use cases::CaseColumns;
pub use marks::{CaseMark, LevelMark, QualityMark, SensorMark, UnitMark};
pub use motion::Motion;
pub use part::Part;
pub use sensors::{SEEN_STEP_S, SensorColumns};
pub use units::UnitColumns;

/// Which layers are on, and how strongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strengths {
    /// Sensors, 0 off to 1.
    pub sensors: f32,
    /// Cases.
    pub cases: f32,
    /// Crews.
    pub units: f32,
    /// Heat map of the cases.
    pub heat: f32,
    /// Roads closed by water or order.
    pub closed_roads: f32,
    /// Routes ahead.
    pub routes: f32,
    /// Where crews have been.
    pub trails: f32,
}

impl Default for Strengths {
    fn default() -> Self {
        Self { sensors: 1.0, cases: 1.0, units: 1.0, heat: 0.0, closed_roads: 1.0, routes: 1.0, trails: 1.0 }
    }
}

/// How marks are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Draw every sensor as a disc of this diameter (px at 1080 lines) in the colour of its level.
    pub discs_px: Option<f32>,
    /// The same for crews.
    pub unit_discs_px: Option<f32>,
    /// Crowds become share rings.
    pub cluster: bool,
    /// A sensor begins to fade when it was heard this long ago, and is fainter at the second; s.
    pub fade_s: [f32; 2],
}

impl Default for Style {
    fn default() -> Self {
        Self { discs_px: None, unit_discs_px: None, cluster: true, fade_s: [900.0, 14_400.0] }
    }
}

/// Everything the live layers show.
#[derive(Resource, Clone, Debug, Default)]
pub struct MarkerScene {
    /// Sensors.
    pub sensors: SensorColumns,
    /// Cases.
    pub cases: CaseColumns,
    /// Crews.
    pub units: UnitColumns,
    /// Routes ahead, `[east, north, height]`.
    pub routes: Part<Vec<[f32; 3]>>,
    /// Roads closed by water or order.
    pub closed_roads: Part<Vec<[f32; 3]>>,
    /// Which layers are on.
    pub show: Strengths,
    /// How marks are drawn.
    pub style: Style,
    /// Share rings and what is drawn one by one. Read it for legends and texts.
    pub crowds: Crowds,
    /// Second of the room's time to which the ages of sensors are counted; see [`SensorColumns::heard`].
    pub age_now_s: u32,
    /// Holds the scene's clock at this instead of the program's time, ms.
    pub held_ms: Option<u32>,
    /// The scene's clock, ms since the program began; wraps after 49 days.
    pub now_ms: u32,
}

impl MarkerScene {
    /// True while an unacknowledged red is on the map.
    #[must_use]
    pub fn breathes(&self) -> bool {
        self.crowds.sensors.breathing > 0 || self.crowds.cases.breathing > 0
    }

    /// True while a crew glides.
    #[must_use]
    pub fn moves(&self) -> bool {
        // A difference of more than half the range is the past.
        let left = self.units.settled_ms.wrapping_sub(self.now_ms);
        self.units.glide && left != 0 && left < u32::MAX / 2
    }
}
