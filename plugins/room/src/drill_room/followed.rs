//! Orders whose water is followed: shown with the next field, whatever the pace, and for a while more often than the
//! water's own cadence.

use std::time::{Duration, Instant};

use guanlan_core::Stamp;

/// What is owed to whoever ordered something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    /// An order acts that no field shows yet.
    owed: bool,
    /// Until then its water is followed, by the exercise's clock.
    until: Option<Stamp>,
    /// When a field was shown last, on the wall.
    last: Option<Instant>,
}

impl Followed {
    /// Somebody has ordered something; it is followed until `until`.
    pub fn order(&mut self, until: Stamp) {
        self.owed = true;
        self.until = Some(until);
    }

    /// A field has been shown.
    pub fn shown(&mut self) {
        self.owed = false;
        self.last = Some(Instant::now());
    }

    /// True when a field is to be shown at `now` besides the water's own. One that is owed always is; more of them only
    /// every `every` on the wall, and where there is no wall clock (`None`) not at all: a rehearsal comes out the same
    /// every time.
    pub fn is_due(&self, now: Stamp, every: Option<Duration>) -> bool {
        let followed = self.until.is_some_and(|until| now <= until);
        let again = || every.is_some_and(|every| self.last.is_none_or(|last| last.elapsed() >= every));
        self.owed || (followed && again())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_shown_with_the_next_field_and_then_for_a_while() {
        let often = Some(Duration::ZERO);
        let mut followed = Followed::default();
        assert!(!followed.is_due(Stamp(0), often), "nobody has ordered anything");
        followed.order(Stamp(15_000));
        assert!(followed.is_due(Stamp(0), None) && followed.is_due(Stamp(60_000), None), "what is owed is always due");
        followed.shown();
        assert!(followed.is_due(Stamp(15_000), often) && !followed.is_due(Stamp(15_001), often));
        assert!(!followed.is_due(Stamp(1_000), Some(Duration::MAX)), "not oftener than asked for");
        assert!(!followed.is_due(Stamp(1_000), None), "a rehearsal has no wall clock");
    }
}
