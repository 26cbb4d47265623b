//! What a connector counts about itself.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard},
};

use guanlan_core::{
    Bilingual, Input, Stamp,
    input::{FeedFigures, FeedState},
};

/// Time over which the rate is taken, ms.
const RATE_OVER_MS: i64 = 300_000;
/// Messages are counted in slices of this, ms.
const SLICE_MS: i64 = 10_000;
/// Figures are told to the room at most this often, ms.
const TELL_EVERY_MS: i64 = 10_000;

#[derive(Debug, Default)]
struct Inner {
    up: Option<bool>,
    message: String,
    figures: FeedFigures,
    /// Begin of slice and messages in it.
    slices: VecDeque<(i64, u64)>,
    began: Option<Stamp>,
    lag_ms: Option<f64>,
    changed: bool,
    dirty: bool,
    told: Stamp,
}

/// Health of one feed.
#[derive(Debug)]
pub struct Health {
    feed: String,
    real: bool,
    inner: Mutex<Inner>,
}

impl Health {
    /// Of a feed that has not been heard yet.
    #[must_use]
    pub fn new(feed: &str, real: bool, connector: &str, owner: Bilingual, share: Bilingual, promised_s: u32) -> Self {
        let figures =
            FeedFigures { connector: connector.to_owned(), owner, share, promised_s, ..FeedFigures::default() };
        Self { feed: feed.to_owned(), real, inner: Mutex::new(Inner { figures, ..Inner::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// It delivers. True when it did not before.
    pub fn up(&self) -> bool {
        let mut h = self.lock();
        let news = h.up != Some(true);
        h.up = Some(true);
        h.message.clear();
        h.changed |= news;
        news
    }

    /// It does not, and why.
    pub fn down(&self, message: &str) {
        let mut h = self.lock();
        h.changed |= h.up != Some(false) || h.message != message;
        h.up = Some(false);
        h.message = message.to_owned();
        h.figures.failures += 1;
    }

    /// Messages came.
    pub fn heard(&self, messages: u64, refused: u64, now: Stamp) {
        let mut h = self.lock();
        h.figures.messages += messages;
        h.figures.refused += refused;
        h.dirty = true;
        if messages == 0 {
            return;
        }
        h.figures.last = Some(now);
        h.began.get_or_insert(now);
        let slice = now.0.div_euclid(SLICE_MS) * SLICE_MS;
        match h.slices.back_mut() {
            Some((at, n)) if *at == slice => *n += messages,
            _ => h.slices.push_back((slice, messages)),
        }
    }

    /// Time from measurement to connector of a reading.
    pub fn lag(&self, ms: i64) {
        let mut h = self.lock();
        let ms = ms as f64;
        let mean = h.lag_ms.map_or(ms, |mean| mean * 0.95 + ms * 0.05);
        h.lag_ms = Some(mean);
    }

    /// Streams and units brought so far.
    pub fn streams(&self, n: usize) {
        self.lock().figures.streams = u32::try_from(n).unwrap_or(u32::MAX);
    }

    /// How far the source has been read and committed.
    pub fn set_cursor(&self, cursor: &str) {
        self.lock().figures.cursor = cursor.to_owned();
    }

    /// The figures now.
    #[must_use]
    pub fn figures(&self, now: Stamp) -> FeedFigures {
        let mut h = self.lock();
        while h.slices.front().is_some_and(|(at, _)| *at + SLICE_MS < now.0 - RATE_OVER_MS) {
            h.slices.pop_front();
        }
        let n: u64 = h.slices.iter().map(|(_, n)| n).sum();
        let over = h.began.map_or(RATE_OVER_MS, |b| (now - b).clamp(SLICE_MS, RATE_OVER_MS));
        h.figures.per_min = n as f64 * 60_000.0 / over as f64;
        h.figures.lag_ms = h.lag_ms.unwrap_or(0.0).round() as i64;
        h.figures.clone()
    }

    /// Up or down; `None` before the first word.
    #[must_use]
    pub fn state(&self) -> (Option<bool>, String) {
        let h = self.lock();
        (h.up, h.message.clone())
    }

    /// What the room is told.
    #[must_use]
    pub fn input(&self, now: Stamp, cursor: Option<&str>) -> Input {
        let mut figures = self.figures(now);
        // A report beside the data never speaks of the cursor: it might overtake one that is on its way.
        figures.cursor = cursor.unwrap_or_default().to_owned();
        let mut h = self.lock();
        h.told = now;
        (h.changed, h.dirty) = (false, false);
        Input::Feed(FeedState {
            feed: self.feed.clone(),
            up: h.up.unwrap_or(false),
            real: self.real,
            message: h.message.clone(),
            figures: Some(Box::new(figures)),
        })
    }

    /// Is there something to tell?
    #[must_use]
    pub fn is_due(&self, now: Stamp) -> bool {
        let h = self.lock();
        h.up.is_some() && (h.changed || (h.dirty && now - h.told >= TELL_EVERY_MS))
    }

    /// What was to be told could not be handed over: once more.
    pub fn tell_again(&self) {
        self.lock().changed = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_lag_and_when_to_tell() {
        let h = Health::new("f", true, "mqtt", Bilingual::default(), Bilingual::default(), 60);
        assert!(!h.is_due(Stamp(0)), "nothing is known yet");
        assert!(h.up() && !h.up());
        assert!(h.is_due(Stamp(0)));
        let t = |s: i64| Stamp::from_secs(1_000_000 + s);
        for s in 0..600 {
            h.heard(2, u64::from(s % 10 == 0), t(s));
            h.lag(500);
        }
        let f = h.figures(t(600));
        assert!((f.per_min - 120.0).abs() < 5.0, "{}", f.per_min);
        assert_eq!((f.messages, f.refused, f.lag_ms, f.last), (1200, 60, 500, Some(t(599))));
        let _ = h.input(t(600), Some("c"));
        h.heard(1, 0, t(601));
        assert!(!h.is_due(t(601)) && h.is_due(t(611)));
        h.down("gone");
        assert!(h.is_due(t(602)));
        assert!(h.figures(t(2000)).per_min < 1e-9, "silence is a rate of nothing");
    }
}
