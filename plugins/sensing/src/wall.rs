//! Readings of a clock that was set back since.
//!
//! A clock that jumped ahead stamps readings with instants that have not come yet. Once it is set right, true readings
//! are older than those; they would count as late until that time comes. The room is told when its clock is ahead of
//! the wall clock ([`WallClock`]): a stream whose last reading lies in the wall clock's future is then taken up again
//! from the newest instant that does not. What was measured in between stays in the history.

use std::sync::Arc;

use guanlan_core::Stamp;
use guanlan_tick::WallClock;

use crate::{
    accept::FUTURE_MS,
    chunk::{NEVER, split},
    table::SensorTable,
};

impl SensorTable {
    /// Before a reading of `at` is compared with what was heard: forgets instants of this stream that the wall clock has
    /// not reached, where they stand in its way. Costs a comparison while the clocks agree.
    pub(crate) fn disown_the_future(&mut self, wall: WallClock, index: u32, at: Stamp, now: Stamp) {
        let (c, r) = split(index);
        let reached = wall.at(now) + FUTURE_MS;
        if wall.ahead_ms == 0 || self.live[c].heard[r] <= reached.max(at) {
            return;
        }
        let version = self.version();
        let live = Arc::make_mut(&mut self.live[c]);
        live.version = version;
        // The order goes on from the newest reading that may be true: a repeat of it is still a repeat.
        let believed = [live.phenomenon[r], live.previous_at[r]].into_iter().filter(|t| *t <= reached).max();
        live.heard[r] = believed.unwrap_or(NEVER);
        live.changed[r] = live.changed[r].min(at);
        live.same[r] = 0;
        if live.previous_at[r] > reached {
            live.previous_at[r] = NEVER;
        }
        self.jumps.remove(&index);
        if let Some(trends) = self.trends.get_mut(c).filter(|t| t.rows.get(r).is_some_and(Option::is_some)) {
            Arc::make_mut(trends).cut_after(r, reached, version);
        }
        let meta = &self.meta[c].rows[r];
        if let Some(place_m) = meta.place_m {
            let property = meta.property;
            Arc::make_mut(&mut self.neighbours).cut_after(property, place_m, reached);
        }
    }
}
