//! The exercise's clock: ticks at a speed, or as fast as the machine allows; orders are answered while it stands.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{AlertLevel, CommandEnvelope, Input};
use guanlan_drill::{DrillState, Responder, due_inputs};
use guanlan_rainstorm::water::yield_to_the_live_room;

use super::{Drill, TICK_MS};
use crate::{
    handle::{Control, ForkPoint, Seat},
    host::run_tick,
    picture::{Health, Picture, Playback},
    standin::{self, Seats},
};

/// How quick the simulated desks of an exercise are: reds first, everything that matters soon.
const RESPONDERS: Responder = Responder {
    acknowledge_s: 30,
    acknowledge_from: AlertLevel::Red,
    dispatch_s: 300,
    dispatch_red_s: 120,
    from: AlertLevel::Yellow,
};
/// Ticks that may wait for the disk: an exercise never runs far ahead of what is kept of it, nor waits for each tick.
const TICKS_WAITING: usize = 32;
/// Pictures per second at most.
const PICTURE_EVERY: Duration = Duration::from_millis(100);

impl Drill {
    /// Plays until it is told to stop.
    pub(super) fn run(mut self, seat: &Seat) {
        yield_to_the_live_room();
        self.water = self.make_water();
        let mut paused = false;
        let mut due = Instant::now();
        let mut shown = Instant::now();
        let (mut measured_from, mut measured_ticks) = (Instant::now(), 0u32);
        loop {
            let mut step = false;
            loop {
                let finished = self.finished();
                let control = if paused || finished {
                    seat.controls.recv_timeout(Duration::from_millis(200)).ok()
                } else {
                    seat.controls.try_recv().ok()
                };
                match control {
                    Some(Control::Stop) => {
                        self.ledger.flush();
                        self.ledger.maybe_snapshot(&self.machine, true);
                        return;
                    }
                    Some(Control::Pause) => paused = true,
                    Some(Control::Resume) => {
                        paused = false;
                        due = Instant::now();
                    }
                    Some(Control::Speed(x)) if x.is_finite() && x > 0.0 => {
                        self.speed = x;
                        due = Instant::now();
                    }
                    Some(Control::Step) => step = true,
                    Some(Control::Fork(take)) => {
                        self.ledger.flush();
                        take(ForkPoint {
                            timeline: self.machine.config().timeline.clone(),
                            head: self.ledger.head(),
                            machine: self.machine.fork(self.machine.config().clone()),
                        });
                    }
                    // An exercise runs forwards; its past is seen by a replay of its journal.
                    Some(Control::Speed(_) | Control::Seek(_)) => {}
                    None => {}
                }
                if step || !(paused || finished) {
                    break;
                }
                // While it stands still, orders still get their answer: the clock alone is held.
                if self.is_asked(seat) {
                    self.carry_out(seat, None);
                }
                self.ledger.catch_up(0);
                self.show(seat, true);
            }
            if !self.unpaced() {
                self.wait(seat, due);
                let now = Instant::now();
                due = due.max(now - Duration::from_secs(1)) + Duration::from_secs_f64(1.0 / self.ceiling());
            }
            let asked = self.tick(seat);
            measured_ticks += 1;
            let spent = measured_from.elapsed();
            if spent > Duration::from_secs(2) {
                self.achieved = f64::from(measured_ticks) / spent.as_secs_f64();
                (measured_from, measured_ticks) = (Instant::now(), 0);
            }
            // Whoever ordered something looks at once.
            if shown.elapsed() >= PICTURE_EVERY || asked || step || self.finished() {
                shown = Instant::now();
                self.show(seat, paused);
            }
        }
    }

    /// True when orders wait, or the last tick took some that the water has not done yet.
    fn is_asked(&self, seat: &Seat) -> bool {
        !seat.deliveries.is_empty() || self.has_orders()
    }

    /// Answers orders between two ticks. What they do is in the field that follows at once: of the water a share of a tick
    /// on, or as it stands where time stands still.
    fn carry_out(&mut self, seat: &Seat, share: Option<f64>) {
        let now = self.machine.now();
        if !seat.deliveries.is_empty() {
            run_tick(&mut self.machine, &mut self.ledger, seat, now, false, Vec::new());
        }
        let mut told = self.measured(now);
        if !told.is_empty() {
            let goes_on = share.and_then(|share| self.water_between(share));
            told.extend(goes_on.or_else(|| self.as_it_stands()));
            run_tick(&mut self.machine, &mut self.ledger, seat, now, false, told);
        }
        self.ledger.catch_up(TICKS_WAITING);
    }

    fn finished(&self) -> bool {
        self.machine.world().get_resource::<DrillState>().is_some_and(|s| s.finished)
    }

    fn show(&self, seat: &Seat, paused: bool) {
        let health = Health {
            uncommitted: self.ledger.backlog(),
            trouble: self.ledger.trouble.clone(),
            journal_seq: self.ledger.head().seq,
            ..Health::default()
        };
        let speed = if self.achieved > 0.0 { self.achieved } else { self.ceiling() };
        let playback = Playback { paused, speed, ..Playback::live() };
        seat.picture.store(Arc::new(Picture::of(&self.machine, health, playback)));
    }

    /// One tick; true when orders came with it.
    fn tick(&mut self, seat: &Seat) -> bool {
        let from = self.machine.now();
        let to = from + TICK_MS;
        // The first interval must begin before the start, so that injects at zero are in it.
        let begin = if from == self.start { from + -1 } else { from };
        let mut extra = due_inputs(&self.plan, begin, to, self.start);
        extra.extend(self.rain_readings(from, to));
        extra.extend(self.water_until(from, to));
        if self.responders {
            extra.extend(self.responses().into_iter().map(Input::Command));
        }
        let asked = !seat.deliveries.is_empty();
        run_tick(&mut self.machine, &mut self.ledger, seat, to, true, extra);
        self.ledger.catch_up(TICKS_WAITING);
        self.ledger.maybe_snapshot(&self.machine, false);
        asked
    }

    /// Waits for the next tick. Orders that come meanwhile are carried out at once, and their water is shown before the
    /// tick: at ×1 a second is long.
    fn wait(&mut self, seat: &Seat, due: Instant) {
        /// Orders are looked for this often.
        const LOOK: Duration = Duration::from_millis(50);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK));
            if left <= LOOK {
                continue;
            }
            let left_s = due.saturating_duration_since(Instant::now()).as_secs_f64();
            let share = 1.0 - left_s * self.ceiling();
            if self.is_asked(seat) {
                self.carry_out(seat, Some(share));
                self.show(seat, false);
            } else if let Some(water) = self.water_between(share) {
                let now = self.machine.now();
                run_tick(&mut self.machine, &mut self.ledger, seat, now, false, vec![water]);
                self.show(seat, false);
            }
        }
    }

    /// What simulated persons order now.
    fn responses(&self) -> Vec<CommandEnvelope> {
        standin::of_machine(&self.machine, &RESPONDERS, Seats::EachAlone)
    }
}
