//! What the live layers show, as columns that the room's glue fills.

use std::sync::Arc;

use bevy::prelude::Resource;
use guanlan_core::AlertLevel;
use guanlan_core::input::UnitStatus;

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
    /// Age of the value as a share of what is promised, 255 is at the limit.
    pub age_frac: u8,
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

/// A column with a version: raise it when the rows change.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// Grows with every change.
    pub version: u64,
    /// The rows.
    pub rows: Arc<Vec<T>>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { version: 0, rows: Arc::new(Vec::new()) }
    }
}

impl<T: PartialEq> Part<T> {
    /// Shows these rows; the version grows only when they differ.
    pub fn set(&mut self, rows: impl Into<Arc<Vec<T>>>) {
        let rows = rows.into();
        if !Arc::ptr_eq(&self.rows, &rows) && *self.rows != *rows {
            self.rows = rows;
            self.version += 1;
        }
    }
}

/// Everything the live layers show.
#[derive(Resource, Clone, Debug, Default)]
pub struct MarkerScene {
    /// Sensors.
    pub sensors: Part<SensorMark>,
    /// Cases.
    pub cases: Part<CaseMark>,
    /// Crews.
    pub units: Part<UnitMark>,
    /// Routes ahead, `[east, north, height]`.
    pub routes: Part<Vec<[f32; 3]>>,
    /// Roads closed by water or order.
    pub closed_roads: Part<Vec<[f32; 3]>>,
}

impl MarkerScene {
    /// True while an unacknowledged red is on the map.
    #[must_use]
    pub fn breathes(&self) -> bool {
        self.sensors.rows.iter().any(|s| s.unacknowledged && s.level == LevelMark::Red)
            || self.cases.rows.iter().any(|c| c.unacknowledged && c.level == LevelMark::Red)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_do_not_raise_the_version() {
        let mut part = Part::default();
        part.set(vec![SensorMark::default()]);
        assert_eq!(part.version, 1);
        part.set(vec![SensorMark::default()]);
        assert_eq!(part.version, 1);
        part.set(vec![SensorMark { level: LevelMark::Red, ..Default::default() }]);
        assert_eq!(part.version, 2);
    }
}
