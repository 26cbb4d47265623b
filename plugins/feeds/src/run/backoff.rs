//! Pauses between attempts: doubled each time, with chance in them so that a thousand rooms do not knock together.

use std::time::Duration;

use rand::Rng;

/// Exponential back-off with jitter.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(60);

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// The pause before the next attempt: between half of it and the whole.
    pub fn pause(&mut self) -> Duration {
        let whole = self.next;
        self.next = (whole * 2).min(LONGEST);
        whole.mul_f64(rand::rng().random_range(0.5..=1.0))
    }

    /// It works again.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_differ() {
        let mut b = Backoff::default();
        let pauses: Vec<f64> = (0..12).map(|_| b.pause().as_secs_f64()).collect();
        assert!((0.25..=0.5).contains(&pauses[0]), "{pauses:?}");
        assert!((2.0..=4.0).contains(&pauses[3]), "{pauses:?}");
        assert!(pauses.iter().all(|p| *p <= 60.0) && pauses[11] >= 30.0, "{pauses:?}");
        b.reset();
        assert!(b.pause() <= FIRST);
    }
}
