//! The crews as columns.

use super::{Motion, Part, UnitMark};
use crate::{column::Column, grid::LazyGrid, pack};

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
