//! The live room's clock: even ticks on the machine's steady clock, kept to the wall clock without ever going back.

use guanlan_core::{Input, Stamp, input::ClockAhead};
use guanlan_journal::Fault;
use guanlan_tick::WallClock;

use crate::health::Trouble;

/// A difference to the wall clock that is no jitter, ms.
const JUMP_MS: i64 = 2_000;
/// A clock that was set back is made good when no more than this is left, ms.
const MADE_GOOD_MS: i64 = JUMP_MS / 2;
/// The room is told of its lead when that has changed by this, ms.
const TOLD_MS: i64 = 500;
/// How long a jump ahead stays on the screen, ms.
const SHOWN_MS: f64 = 60_000.0;

/// When ticks are due. Instants of the steady clock are ms since the room began.
#[derive(Debug)]
pub(crate) struct Pace {
    tick_ms: i64,
    base: Stamp,
    base_steady: f64,
    due: Stamp,
    back: Option<Trouble>,
    /// How far the room is ahead of a wall clock that was set back, ms.
    ahead_ms: i64,
    ahead: Option<(Trouble, f64)>,
}

impl Pace {
    /// `last` is the room's last instant; it is never gone behind.
    pub fn new(tick_ms: i64, last: Stamp, wall: Stamp, steady: f64) -> Self {
        let tick_ms = tick_ms.max(10);
        let due = wall.max(last + tick_ms);
        let mut pace = Self { tick_ms, base: due, base_steady: steady, due, back: None, ahead_ms: 0, ahead: None };
        pace.compare(wall, steady);
        pace
    }

    /// The instant of the tick that is due next.
    pub fn due(&self) -> Stamp {
        self.due
    }

    /// How long until it is due, ms; negative when it is late.
    pub fn wait_ms(&self, steady: f64) -> f64 {
        (self.due - self.base) as f64 - (steady - self.base_steady)
    }

    /// After a tick: the next one, with what the wall clock says.
    pub fn next(&mut self, wall: Stamp, steady: f64) {
        self.due = self.due + self.tick_ms;
        let behind = -self.wait_ms(steady);
        let jumped = self.compare(wall, steady);
        if jumped || behind > 5.0 * self.tick_ms as f64 {
            // A machine that slept or a clock that was set forward: go on from the true time.
            (self.base, self.base_steady) = (wall.max(self.due), steady);
            self.due = self.base;
        } else if self.back.is_some() {
            // Five sixths of the speed until the wall clock has caught up.
            self.base_steady += self.tick_ms as f64 / 5.0;
        }
    }

    /// True when the wall clock is ahead of the room's by a jump.
    fn compare(&mut self, wall: Stamp, steady: f64) -> bool {
        let room = self.base + (steady - self.base_steady) as i64;
        let off = wall - room;
        if off < -if self.back.is_some() { MADE_GOOD_MS } else { JUMP_MS } {
            self.ahead_ms = -off;
            let detail = format!("{:.1} s", -off as f64 / 1000.0);
            match &mut self.back {
                Some(t) => t.detail = detail,
                None => {
                    tracing::warn!("the system clock was set back by {detail}");
                    self.back = Some(Trouble::new(Fault::ClockBack, detail, wall));
                }
            }
        } else {
            (self.back, self.ahead_ms) = (None, 0);
        }
        if off > JUMP_MS {
            let detail = format!("{:.1} s", off as f64 / 1000.0);
            tracing::warn!("the system clock jumped ahead by {detail}");
            self.ahead = Some((Trouble::new(Fault::ClockAhead, detail, wall), steady + SHOWN_MS));
        } else if self.ahead.as_ref().is_some_and(|(_, until)| steady > *until) {
            self.ahead = None;
        }
        off > JUMP_MS
    }

    /// What the room is to be told of its clock, when it knows `known`: that it is ahead of the wall clock by more or
    /// less than it thinks.
    pub fn news(&self, known: WallClock) -> Option<Input> {
        let begun_or_over = (self.ahead_ms == 0) != (known.ahead_ms == 0);
        let told = begun_or_over || (self.ahead_ms - known.ahead_ms).abs() >= TOLD_MS;
        told.then_some(Input::Ahead(ClockAhead { by_ms: self.ahead_ms }))
    }

    /// What is wrong with the clock.
    pub fn trouble(&self) -> Option<Trouble> {
        self.back.clone().or_else(|| self.ahead.as_ref().map(|(t, _)| t.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: i64 = 1_782_864_000_000;

    /// Runs ticks on time; `offset` is what the wall clock is off the steady one. Returns the steady clock.
    fn run(pace: &mut Pace, mut steady: f64, ticks: usize, offset: i64) -> f64 {
        let mut last = pace.due();
        for _ in 0..ticks {
            steady += pace.wait_ms(steady).max(0.0);
            pace.next(Stamp(WALL + offset) + steady as i64, steady);
            assert!(pace.due() > last, "time runs forwards");
            last = pace.due();
        }
        steady
    }

    #[test]
    fn even_ticks_on_a_quiet_clock() {
        let mut pace = Pace::new(200, Stamp(5), Stamp(WALL), 0.0);
        let steady = run(&mut pace, 0.0, 500, 0);
        assert_eq!((pace.due() - Stamp(WALL), pace.trouble()), (100_000, None));
        assert!((steady - 99_800.0).abs() < 1.0);
    }

    #[test]
    fn a_jump_ahead_is_followed_and_shown_for_a_while() {
        let mut pace = Pace::new(200, Stamp(0), Stamp(WALL), 0.0);
        let steady = run(&mut pace, 0.0, 50, 0);
        let steady = run(&mut pace, steady, 2, 3_600_000);
        assert!(pace.due() - Stamp(WALL) > 3_600_000);
        assert_eq!(pace.trouble().unwrap().fault, Fault::ClockAhead);
        run(&mut pace, steady, 400, 3_600_000);
        assert_eq!(pace.trouble(), None);
    }

    #[test]
    fn a_clock_set_back_is_waited_for() {
        let mut pace = Pace::new(200, Stamp(0), Stamp(WALL), 0.0);
        let steady = run(&mut pace, 0.0, 50, 0);
        let steady = run(&mut pace, steady, 10, -30_000);
        assert_eq!(pace.trouble().unwrap().fault, Fault::ClockBack);
        let steady = run(&mut pace, steady, 1_200, -30_000);
        assert_eq!(pace.trouble(), None, "30 s are made good within minutes");
        assert!((pace.due() - (Stamp(WALL - 30_000) + steady as i64)).abs() < 2_500);
    }

    #[test]
    fn the_room_is_told_of_its_lead_until_it_is_made_good() {
        let mut pace = Pace::new(200, Stamp(0), Stamp(WALL), 0.0);
        let mut known = WallClock::default();
        let (mut steady, mut told) = (run(&mut pace, 0.0, 50, 0), Vec::new());
        assert_eq!(pace.news(known), None, "nothing while the clocks agree");
        for _ in 0..1_200 {
            steady = run(&mut pace, steady, 1, -30_000);
            if let Some(Input::Ahead(ahead)) = pace.news(known) {
                known.ahead_ms = ahead.by_ms;
                told.push(ahead.by_ms);
            }
            let lead = pace.due() - (Stamp(WALL - 30_000) + steady as i64);
            assert!(known.ahead_ms == 0 || (lead - known.ahead_ms).abs() < 1_000, "{lead} {known:?}");
        }
        assert!((told[0] - 30_000).abs() < 500 && told.last() == Some(&0), "{told:?}");
        assert!(told.windows(2).all(|w| w[1] < w[0]) && told.len() < 70, "{told:?}");
    }

    #[test]
    fn a_restart_behind_the_last_tick_goes_on_from_it() {
        let pace = Pace::new(200, Stamp(WALL + 10_000), Stamp(WALL), 0.0);
        assert_eq!(pace.due(), Stamp(WALL + 10_200));
        assert_eq!(pace.trouble().unwrap().fault, Fault::ClockBack);
    }
}
