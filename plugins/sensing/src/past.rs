//! The table as it was: what had been heard by an instant, put into the columns views know.

use std::sync::Arc;

use guanlan_core::Stamp;

use crate::{
    chunk::{CHUNK, LiveChunk, NEVER},
    quality::{Quality, QualityReason, offline_after_ms, stale_after_ms},
    table::SensorTable,
};

/// The latest a stream had said by an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// When it was measured.
    pub at: Stamp,
    /// In the property's unit.
    pub value: f64,
    /// Good, suspect or contradicted; silence is seen from its age.
    pub quality: Quality,
}

impl SensorTable {
    /// The same streams as they were at `now`: `heard` says what each had said by then, by index. `version` must be above
    /// that of any table a view has drawn. Rates and trends of that time are not in it.
    #[must_use]
    pub fn as_of(&self, now: Stamp, version: u64, mut heard: impl FnMut(u32) -> Option<Heard>) -> Self {
        let mut live = Vec::with_capacity(self.meta.len());
        for (c, meta) in self.meta.iter().enumerate() {
            let mut chunk = LiveChunk { version, ..LiveChunk::default() };
            for (r, row) in meta.rows.iter().enumerate() {
                chunk.push();
                let Some(said) = heard((c * CHUNK + r) as u32) else { continue };
                let age = now - said.at;
                let (quality, reason) = if age > offline_after_ms(row.period_s) {
                    (Quality::Offline, QualityReason::Silent)
                } else if age > stale_after_ms(row.period_s) {
                    (Quality::Stale, QualityReason::Silent)
                } else {
                    let reason = match said.quality {
                        Quality::Good => QualityReason::Fresh,
                        _ => QualityReason::NotKept,
                    };
                    (said.quality, reason)
                };
                (chunk.value[r], chunk.phenomenon[r], chunk.received[r]) = (said.value, said.at, said.at);
                (chunk.previous_at[r], chunk.heard[r]) = (NEVER, said.at);
                (chunk.quality[r], chunk.reason[r]) = (quality, reason);
            }
            live.push(Arc::new(chunk));
        }
        self.with_live(live, version)
    }
}
