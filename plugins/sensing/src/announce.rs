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
        let mut told = 0;
        while told < PER_TICK {
            let Some(index) = self.untold.pop_front() else { return };
            let (c, r) = split(index);
            let live = Arc::make_mut(&mut self.live[c]);
            live.queued[r] = false;
            let (quality, reason) = (live.quality[r], live.reason[r]);
            if quality == Quality::Stale || quality == live.announced[r] {
                continue;
            }
            live.announced[r] = quality;
            told += 1;
            let why = reason.name();
            outbox.tell(Event::SensorQuality {
                sensor: self.meta[c].rows[r].id.clone(),
                quality: quality.key().to_owned(),
                reason: format!("{} {}", why.zh, why.en),
            });
        }
    }
}
