//! Keeping scenes: told of every committed tick and, once a second, of the picture after it.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{Input, Stamp};
use guanlan_journal::{JournalError, SceneReader, SceneStore};

use super::parts::{self, WaterAt};
use crate::picture::Picture;

/// Regular time between scenes, ms.
const EVERY_MS: i64 = 1_000;
/// A large truth is kept less often, so that scenes take at most this share of a core.
const SHARE: u32 = 8;
/// Time between looks at what the retention policy lets go, simulated ms.
const RETIRE_EVERY_MS: i64 = 600_000;
/// Time without scenes after the medium refused.
const RETRY: Duration = Duration::from_secs(30);

/// Keeps the scenes of one room.
pub struct SceneKeeper {
    store: SceneStore,
    before: Option<Arc<Picture>>,
    water: WaterAt,
    /// False keeps every scene, whatever it costs.
    rests: bool,
    /// Not before this instant.
    rests_until: Instant,
    spacing_ms: i64,
    retired: Stamp,
    keep_ms: i64,
}

impl SceneKeeper {
    /// The scenes beside a journal whose last tick is `head_tick`, kept for so many days.
    ///
    /// # Errors
    /// When the medium refuses.
    pub fn beside(journal: &Path, head_tick: u64, days: f64) -> Result<Self, JournalError> {
        let store = SceneStore::beside(journal, head_tick)?;
        // Where the water of the last scene is holds until water comes again.
        let last = SceneReader::beside(journal).and_then(|r| {
            let (_, last) = r.span().ok()??;
            r.at(last).ok()?
        });
        Ok(Self {
            store,
            before: None,
            water: last.map(|s| parts::water_of(&s.parts)).unwrap_or_default(),
            rests: true,
            rests_until: Instant::now(),
            spacing_ms: EVERY_MS,
            retired: Stamp(0),
            keep_ms: (days.clamp(0.01, 36_500.0) * 86_400_000.0) as i64,
        })
    }

    /// Keeps every scene it is given, whatever it costs: for rooms that do not run on the clock.
    #[must_use]
    pub fn tireless(mut self) -> Self {
        self.rests = false;
        self
    }

    /// A tick was committed.
    pub fn tick(&mut self, tick: u64, inputs: &[Input]) {
        for input in inputs {
            match input {
                Input::Water(_) => self.water.field = Some(tick),
                Input::WaterPeaks(_) => self.water.peaks = Some(tick),
                Input::WaterScene(_) => self.water.scene = Some(tick),
                _ => {}
            }
        }
    }

    /// The last picture of a second, of ticks that are committed. True when it was kept.
    ///
    /// # Errors
    /// When the medium refuses; nothing is kept for a while then.
    pub fn keep(&mut self, picture: Arc<Picture>) -> Result<bool, JournalError> {
        let begun = Instant::now();
        if begun < self.rests_until {
            return Ok(false);
        }
        let parts = parts::cut(&picture, self.before.as_deref(), self.water);
        let until = picture.now + (2 * self.spacing_ms + EVERY_MS / 2);
        if let Err(error) = self.store.put(picture.now, until, picture.tick, parts) {
            // Everything again next time: what is on disk of this one is not known.
            (self.before, self.rests_until) = (None, begun + RETRY);
            return Err(error);
        }
        if picture.now - self.retired > RETIRE_EVERY_MS {
            self.retired = picture.now;
            self.store.retire(picture.now + -self.keep_ms)?;
        }
        self.before = Some(picture);
        if !self.rests {
            return Ok(true);
        }
        let rest = begun.elapsed() * (SHARE - 1);
        self.rests_until = Instant::now() + rest;
        self.spacing_ms = EVERY_MS.max(rest.as_millis() as i64);
        Ok(true)
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.store.bytes()
    }
}
