//! The sensors as columns.

use super::SensorMark;
use crate::{column::Column, grid::LazyGrid, pack};

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

    /// Says that one was heard at a second of the room's time, on the scale of [`super::MarkerScene::age_now_s`].
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::Reader;
    use crate::scene::{LevelMark, QualityMark};

    #[test]
    fn rows_that_did_not_change_upload_nothing() {
        let mut sensors = SensorColumns::default();
        let mut rows = vec![SensorMark::default(); 5000];
        sensors.set(&rows);
        sensors.place.take(Reader::Gpu, |_, _| {});
        sensors.state.take(Reader::Gpu, |_, _| {});
        sensors.set(&rows);
        assert!(!sensors.place.changed(Reader::Gpu) && !sensors.state.changed(Reader::Gpu));
        rows[2000].level = LevelMark::Red;
        sensors.set(&rows);
        let mut bytes = 0;
        sensors.state.take(Reader::Gpu, |_, rows| bytes += rows.len());
        assert_eq!(bytes, 1024, "one chunk of one byte each");
        assert!(!sensors.place.changed(Reader::Gpu));
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
}
