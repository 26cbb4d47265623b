//! Marks as rows: a sensor, a case, a crew.

use guanlan_core::{AlertLevel, input::UnitStatus};

/// Level as the shader's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum LevelMark {
    /// No warning.
    #[default]
    Normal = 0,
    /// 蓝 circle.
    Blue = 1,
    /// 黄 triangle.
    Yellow = 2,
    /// 橙 diamond.
    Orange = 3,
    /// 红 octagon.
    Red = 4,
}

impl From<AlertLevel> for LevelMark {
    fn from(level: AlertLevel) -> Self {
        match level {
            AlertLevel::Normal => Self::Normal,
            AlertLevel::Blue => Self::Blue,
            AlertLevel::Yellow => Self::Yellow,
            AlertLevel::Orange => Self::Orange,
            AlertLevel::Red => Self::Red,
        }
    }
}

/// Data quality, drawn as texture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum QualityMark {
    /// Fresh and believed: filled.
    #[default]
    Good = 0,
    /// Doubtful: hatched.
    Suspect = 1,
    /// Old: hatched.
    Stale = 2,
    /// Silent: hollow.
    Offline = 3,
}

/// A sensor.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SensorMark {
    /// East, north, height above datum, local m.
    pub pos: [f32; 3],
    /// Alert level.
    pub level: LevelMark,
    /// Data quality.
    pub quality: QualityMark,
    /// Red and nobody has acknowledged it: breathes.
    pub unacknowledged: bool,
    /// Selected.
    pub selected: bool,
}

/// A case.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CaseMark {
    /// East, north, height above datum of its place on the ground, local m.
    pub pos: [f32; 3],
    /// Height of the pin above the ground, m.
    pub stem_m: f32,
    /// Level of its cause.
    pub level: LevelMark,
    /// Elapsed share of the allowed time, 0–1.
    pub elapsed_frac: f32,
    /// Past its deadline: halo.
    pub overdue: bool,
    /// Nobody has acknowledged it: breathes when red.
    pub unacknowledged: bool,
    /// Selected.
    pub selected: bool,
}

/// A crew.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnitMark {
    /// East, north, height above datum, local m.
    pub pos: [f32; 3],
    /// Degrees clockwise from north.
    pub heading_deg: f32,
    /// What it is doing.
    pub status: UnitStatus,
    /// Where it has been, oldest first, `[east, north, height]`.
    pub trail: Vec<[f32; 3]>,
    /// Selected.
    pub selected: bool,
}
