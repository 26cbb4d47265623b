//! What the live layers show: marks as rows, kept as columns for the GPU.
//!
//! The room's glue hands over rows ([`SensorColumns::set`], [`CaseColumns::set`], [`UnitColumns::set`]); rows that
//! did not change cost a comparison and upload nothing. Large layers set single rows instead
//! ([`SensorColumns::set_state`]).

use std::sync::Arc;

use bevy::prelude::Resource;
use bytemuck::{Pod, Zeroable};
use guanlan_core::AlertLevel;
use guanlan_core::input::UnitStatus;

use crate::column::Column;
use crate::crowd::Crowds;
use crate::grid::LazyGrid;
use crate::pack;

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

/// A list with a version: raise it when the rows change.
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

/// The sensors as columns.
#[derive(Clone, Debug, Default)]
pub struct SensorColumns {
    /// East, north, height, m.
    pub place: Column<[f32; 3]>,
    /// See [`pack::sensor`].
    pub state: Column<u8>,
    /// When each was last heard, in units of [`SEEN_STEP_S`] of the room's time, 0 unknown. Empty:
    /// ages are not shown.
    pub seen: Column<u16>,
    /// What each observes, a number below 64; empty when all are one kind.
    kinds: Vec<u8>,
    /// Kinds that are switched off, a bit each.
    hidden: u64,
    /// Where they are, for picking.
    pub(crate) grid: LazyGrid,
}

/// Step of the last-heard column, s.
pub const SEEN_STEP_S: u32 = 4;

impl SensorColumns {
    /// Number of sensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.place.len()
    }

    /// True without a sensor.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// Shows these sensors.
    pub fn set(&mut self, rows: impl AsRef<[SensorMark]>) {
        let rows = rows.as_ref();
        self.place(rows.iter().map(|r| r.pos).collect());
        for (i, row) in rows.iter().enumerate() {
            self.set_state(i, pack::sensor_of(row));
        }
    }

    /// Takes their places. States of rows that stay are kept.
    pub fn place(&mut self, places: Vec<[f32; 3]>) {
        self.state.resize(places.len(), 0);
        if !self.seen.is_empty() {
            self.seen.resize(places.len(), 0);
        }
        self.place.replace(places);
    }

    /// Sets the state of one, packed by [`pack::sensor`]; true when it is another.
    pub fn set_state(&mut self, row: usize, state: u8) -> bool {
        self.state.set(row, state & !pack::HIDDEN | self.hidden_bit(row))
    }

    fn hidden_bit(&self, row: usize) -> u8 {
        let kind = self.kinds.get(row).map_or(0, |k| u32::from(*k) & 63);
        if self.hidden >> kind & 1 == 1 { pack::HIDDEN } else { 0 }
    }

    /// Says what each row observes (a number below 64), in the order of the places.
    pub fn set_kinds(&mut self, kinds: Vec<u8>) {
        if kinds != self.kinds {
            self.kinds = kinds;
            self.hide_again();
        }
    }

    /// Switches kinds off: bit `k` of `hidden` is kind `k`.
    pub fn hide_kinds(&mut self, hidden: u64) {
        if hidden != self.hidden {
            self.hidden = hidden;
            self.hide_again();
        }
    }

    fn hide_again(&mut self) {
        for row in 0..self.state.len() {
            self.set_state(row, self.state.rows()[row]);
        }
    }

    /// Says that one was heard at a second of the room's time, on the scale of [`MarkerScene::age_now_s`].
    pub fn heard(&mut self, row: usize, second: u32) {
        if self.seen.len() != self.place.len() {
            self.seen.resize(self.place.len(), 0);
        }
        self.seen.set(row, (second / SEEN_STEP_S + 1).min(u32::from(u16::MAX)) as u16);
    }

    /// Where one is, `[east, north, height]` m.
    #[must_use]
    pub fn at(&self, row: usize) -> Option<[f32; 3]> {
        self.place.rows().get(row).copied()
    }
}

/// The cases as columns.
#[derive(Clone, Debug, Default)]
pub struct CaseColumns {
    /// East, north, height of the ground, height of the pin above it, m.
    pub place: Column<[f32; 4]>,
    /// See [`pack::case_of`].
    pub state: Column<u32>,
    /// Grows with every change of [`CaseColumns::set`].
    pub version: u64,
    pub(crate) grid: LazyGrid,
}

impl CaseColumns {
    /// Number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.place.len()
    }

    /// True without a case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// Shows these cases.
    pub fn set(&mut self, rows: impl AsRef<[CaseMark]>) {
        let rows = rows.as_ref();
        let mut changed = rows.len() != self.place.len();
        self.state.resize(rows.len(), 0);
        self.place.resize(rows.len(), [0.0; 4]);
        for (i, row) in rows.iter().enumerate() {
            changed |= self.place.set(i, [row.pos[0], row.pos[1], row.pos[2], row.stem_m]);
            changed |= self.state.set(i, pack::case_of(row));
        }
        self.version += u64::from(changed);
    }

    /// Where the head of a pin is, `[east, north, height]` m.
    #[must_use]
    pub fn head(&self, row: usize) -> Option<[f32; 3]> {
        self.place.rows().get(row).map(|p| [p[0], p[1], p[2] + p[3]])
    }
}

/// Two fixes of a crew and when it is shown at each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Motion {
    /// East, north, height it comes from, m.
    pub from: [f32; 3],
    /// When it is shown there, ms of the scene's clock.
    pub from_ms: u32,
    /// Where it goes, m.
    pub to: [f32; 3],
    /// When it is shown there, ms of the scene's clock.
    pub to_ms: u32,
}

impl Motion {
    /// A crew that stands.
    #[must_use]
    pub fn still(at: [f32; 3]) -> Self {
        Self { from: at, from_ms: 0, to: at, to_ms: 0 }
    }

    /// Where it is shown, as the shader computes it.
    #[must_use]
    pub fn at(&self, now_ms: u32) -> [f32; 3] {
        let span = self.to_ms.wrapping_sub(self.from_ms);
        if span == 0 {
            return self.to;
        }
        let t = (now_ms.wrapping_sub(self.from_ms) as f32 / span as f32).clamp(0.0, 1.0);
        std::array::from_fn(|k| self.from[k] + (self.to[k] - self.from[k]) * t)
    }

    /// True while it has not arrived.
    #[must_use]
    pub fn moving(&self, now_ms: u32) -> bool {
        self.from != self.to && now_ms.wrapping_sub(self.from_ms) < self.to_ms.wrapping_sub(self.from_ms)
    }
}

/// Longest time a crew takes to glide to its next fix, ms.
const GLIDE_MS: u32 = 4_000;
/// A jump farther than this is not glided, m.
const JUMP_M: f32 = 400.0;

/// The crews as columns.
#[derive(Clone, Debug, Default)]
pub struct UnitColumns {
    /// Their last two fixes.
    pub motion: Column<Motion>,
    /// See [`pack::unit`].
    pub state: Column<u32>,
    /// Where the chosen and busy ones have been.
    pub trails: Part<Vec<[f32; 3]>>,
    /// Crews glide from fix to fix. Off where a CPU draws: they jump, and the picture rests between.
    pub glide: bool,
    /// All have arrived at this, ms of the scene's clock.
    pub settled_ms: u32,
    last_ms: u32,
    /// Where they go, for picking.
    pub(crate) grid: LazyGrid,
}

impl UnitColumns {
    /// Number of crews.
    #[must_use]
    pub fn len(&self) -> usize {
        self.motion.len()
    }

    /// True without a crew.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.motion.is_empty()
    }

    /// Shows these crews from now on; those that moved glide to their new place.
    pub fn set(&mut self, rows: impl AsRef<[UnitMark]>, now_ms: u32) {
        let rows = rows.as_ref();
        let step_ms = now_ms.wrapping_sub(self.last_ms).clamp(200, GLIDE_MS);
        self.last_ms = now_ms;
        self.state.resize(rows.len(), 0);
        if self.motion.len() != rows.len() {
            // Rows may belong to other crews now: nobody glides across town.
            self.motion.replace(rows.iter().map(|r| Motion::still(r.pos)).collect());
        }
        for (i, row) in rows.iter().enumerate() {
            self.state.set(i, pack::unit_of(row));
            self.fix(i, row.pos, now_ms, step_ms);
        }
        let trails: Vec<Vec<[f32; 3]>> = rows.iter().filter(|u| u.trail.len() >= 2).map(|u| u.trail.clone()).collect();
        self.trails.set(trails);
    }

    /// A crew has a new fix, reached in `step_ms` from now.
    pub fn fix(&mut self, row: usize, pos: [f32; 3], now_ms: u32, step_ms: u32) {
        let Some(old) = self.motion.rows().get(row).copied() else { return };
        if old.to == pos {
            return;
        }
        let from = old.at(now_ms);
        let far = (from[0] - pos[0]).hypot(from[1] - pos[1]) > JUMP_M;
        let motion = if self.glide && !far {
            self.settled_ms = now_ms.wrapping_add(step_ms);
            Motion { from, from_ms: now_ms, to: pos, to_ms: now_ms.wrapping_add(step_ms) }
        } else {
            Motion::still(pos)
        };
        self.motion.set(row, motion);
    }

    /// Where one is shown, `[east, north, height]` m.
    #[must_use]
    pub fn at(&self, row: usize, now_ms: u32) -> Option<[f32; 3]> {
        self.motion.rows().get(row).map(|m| m.at(now_ms))
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Reader;

    #[test]
    fn rows_that_did_not_change_upload_nothing() {
        let mut scene = MarkerScene::default();
        let mut rows = vec![SensorMark::default(); 5000];
        scene.sensors.set(&rows);
        scene.sensors.place.take(Reader::Gpu, |_, _| {});
        scene.sensors.state.take(Reader::Gpu, |_, _| {});
        scene.sensors.set(&rows);
        assert!(!scene.sensors.place.changed(Reader::Gpu) && !scene.sensors.state.changed(Reader::Gpu));
        rows[2000].level = LevelMark::Red;
        scene.sensors.set(&rows);
        let mut bytes = 0;
        scene.sensors.state.take(Reader::Gpu, |_, rows| bytes += rows.len());
        assert_eq!(bytes, 1024, "one chunk of one byte each");
        assert!(!scene.sensors.place.changed(Reader::Gpu));
    }

    #[test]
    fn kinds_that_are_off_are_hidden_whatever_they_say() {
        let mut sensors = SensorColumns::default();
        sensors.set(vec![SensorMark::default(); 4]);
        sensors.set_kinds(vec![0, 1, 1, 2]);
        sensors.hide_kinds(1 << 1);
        let hidden = |s: &SensorColumns| s.state.rows().iter().map(|b| b >> 7).collect::<Vec<_>>();
        assert_eq!(hidden(&sensors), [0, 1, 1, 0]);
        sensors.set_state(1, pack::sensor(LevelMark::Red, QualityMark::Good, false, false));
        assert_eq!(hidden(&sensors), [0, 1, 1, 0]);
        sensors.hide_kinds(0);
        assert_eq!(sensors.state.rows(), [0, 4, 0, 0]);
    }

    #[test]
    fn a_crew_glides_from_where_it_is_shown() {
        let mut units = UnitColumns { glide: true, ..Default::default() };
        let at = |e: f32| vec![UnitMark { pos: [e, 0.0, 0.0], ..Default::default() }];
        units.set(at(0.0), 1_000);
        units.set(at(10.0), 2_000);
        assert_eq!(units.at(0, 2_000), Some([0.0, 0.0, 0.0]));
        assert_eq!(units.at(0, 2_500), Some([5.0, 0.0, 0.0]));
        units.set(at(30.0), 2_500);
        assert_eq!(units.at(0, 2_500), Some([5.0, 0.0, 0.0]), "no jump when the next fix comes early");
        assert_eq!(units.at(0, 9_000), Some([30.0, 0.0, 0.0]));
        units.set(at(5_000.0), 9_000);
        assert_eq!(units.at(0, 9_000), Some([5_000.0, 0.0, 0.0]), "a jump is no drive");
        units.glide = false;
        units.set(at(5_010.0), 10_000);
        assert_eq!(units.at(0, 10_000), Some([5_010.0, 0.0, 0.0]));
    }

    #[test]
    fn the_clock_may_wrap() {
        let motion = Motion { from: [0.0; 3], from_ms: u32::MAX - 500, to: [10.0, 0.0, 0.0], to_ms: 499 };
        assert!((motion.at(0)[0] - 5.0).abs() < 0.1);
        assert!(motion.moving(0) && !motion.moving(600));
    }

    #[test]
    fn equal_lists_do_not_raise_the_version() {
        let mut part = Part::default();
        part.set(vec![1]);
        part.set(vec![1]);
        assert_eq!(part.version, 1);
        part.set(vec![2]);
        assert_eq!(part.version, 2);
    }
}
