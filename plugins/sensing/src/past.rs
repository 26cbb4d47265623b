//! The table as it was: what had been heard by an instant, put into the columns views know.

use std::sync::Arc;

use guanlan_core::Stamp;

use crate::{
    chunk::{CHUNK, LiveChunk, MetaChunk, NEVER, split},
    quality::{Quality, QualityReason, offline_after_ms, stale_after_ms},
    table::SensorTable,
};

/// The latest a stream had said by an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// When it was measured.
    pub at: Stamp,
    /// How far the room's clock was ahead of the one that says so, ms; 0 but where a clock was set back.
    pub ahead_ms: i64,
    /// In the property's unit.
    pub value: f64,
    /// Good, suspect or contradicted; silence is seen from its age.
    pub quality: Quality,
}

impl SensorTable {
    /// The same streams as they were at `now`: `heard` says what each had said by then, by index. `version` must be above
    /// that of any table a view has drawn. Rates of that time are not in it; trends see [`Self::with_trends`]. For views, never within a tick: it
    /// uses every core.
    #[must_use]
    pub fn as_of(&self, now: Stamp, version: u64, heard: impl Fn(u32) -> Option<Heard> + Sync) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(8);
        let share = self.meta.len().div_ceil(threads).max(16);
        let heard = &heard;
        let live = std::thread::scope(|scope| {
            let runs = self.meta.chunks(share).enumerate().map(|(k, run)| {
                let chunks = move || -> Vec<Arc<LiveChunk>> {
                    let chunk =
                        |(c, meta): (usize, &Arc<MetaChunk>)| chunk_of(meta, k * share + c, now, version, heard);
                    run.iter().enumerate().map(chunk).collect()
                };
                scope.spawn(chunks)
            });
            let runs: Vec<_> = runs.collect();
            let done = runs.into_iter().map(|run| run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            done.flatten().collect::<Vec<_>>()
        });
        self.with_live(live, version)
    }

    /// The same table with trends of some streams: by index, readings oldest first.
    #[must_use]
    pub fn with_trends(mut self, trends: impl IntoIterator<Item = (u32, Vec<(Stamp, f64)>)>) -> Self {
        let version = self.version();
        for (index, points) in trends {
            let (c, r) = split(index);
            let Some(chunk) = self.trends.get_mut(c).map(Arc::make_mut) else { continue };
            for (at, value) in points {
                chunk.insert(r, at, value, version);
            }
        }
        self
    }
}

/// What the sensors of chunk `c` had said.
fn chunk_of(
    meta: &MetaChunk,
    c: usize,
    now: Stamp,
    version: u64,
    heard: &impl Fn(u32) -> Option<Heard>,
) -> Arc<LiveChunk> {
    let mut chunk = LiveChunk { version, ..LiveChunk::silent(meta.rows.len()) };
    for (r, row) in meta.rows.iter().enumerate() {
        let Some(said) = heard((c * CHUNK + r) as u32) else { continue };
        let age = now - (said.at + said.ahead_ms);
        let (quality, reason) = if age > offline_after_ms(row.period_s) {
            (Quality::Offline, QualityReason::Silent)
        } else if age > stale_after_ms(row.period_s) {
            (Quality::Stale, QualityReason::Silent)
        } else if said.quality == Quality::Good {
            (Quality::Good, QualityReason::Fresh)
        } else {
            (said.quality, QualityReason::NotKept)
        };
        (chunk.value[r], chunk.phenomenon[r], chunk.received[r]) = (said.value, said.at, said.at);
        (chunk.previous_at[r], chunk.heard[r]) = (NEVER, said.at);
        chunk.ahead_ms[r] = said.ahead_ms;
        (chunk.quality[r], chunk.reason[r]) = (quality, reason);
    }
    Arc::new(chunk)
}
