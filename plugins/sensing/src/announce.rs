//! Facts about devices, told at a bounded pace.
//!
//! Told are turns to suspect and to offline and the return to good; stale is shown, not told. When
//! thousands turn at once (a broker is down) at most [`PER_TICK`] facts are recorded in a tick and
//! the rest follow; a device that is back before its turn comes is not mentioned at all.

use std::sync::Arc;

use guanlan_core::Event;
use guanlan_tick::Outbox;

use crate::{chunk::split, quality::Quality, table::SensorTable};

/// Quality facts recorded in one tick at most.
pub(crate) const PER_TICK: usize = 64;

impl SensorTable {
    pub(crate) fn announce(&mut self, outbox: &mut Outbox) {
        for _ in 0..PER_TICK {
            let Some(index) = self.untold.pop_first() else { return };
            let (c, r) = split(index);
            let (quality, reason) = (self.live[c].quality[r], self.live[c].reason[r]);
            if quality == Quality::Stale || quality == self.live[c].announced[r] {
                continue;
            }
            Arc::make_mut(&mut self.live[c]).announced[r] = quality;
            let why = reason.name();
            outbox.tell(Event::SensorQuality {
                sensor: self.meta[c].rows[r].id.clone(),
                quality: quality.key().to_owned(),
                reason: format!("{} {}", why.zh, why.en),
            });
        }
    }
}
