//! Simulated persons fill empty seats: the next step after a plausible time, by `sim:<seat>`.

use guanlan_core::{CaseId, Role};
use guanlan_tick::Clock;

use crate::{
    case::Case,
    intake::Desk,
    limit::advance,
    mover::{Act, take},
    state::CaseState,
    workflow::Step,
};

/// Prefix of actors that are simulated.
pub(crate) const SIMULATED: &str = "sim:";
const MINUTE_MS: i64 = 60_000;

/// What a simulated person would do next, from which seat.
fn next(case: &Case, desk: &Desk<'_>) -> Option<(Role, Step)> {
    let filled = |role: Role| desk.rules.auto_seats.contains(&role);
    let (role, step) = match case.state {
        CaseState::PendingVerify => (Role::Collector, Step::VerifyTrue),
        CaseState::PendingRegister => (Role::Acceptor, Step::Register),
        CaseState::PendingDispatch => (Role::Dispatcher, Step::Assign),
        CaseState::PendingHandle if case.units.is_empty() => (Role::Department, Step::AcceptHandling),
        CaseState::Handling if case.units.is_empty() => {
            let ours = case.handler.as_deref().is_none_or(|who| who.starts_with(SIMULATED));
            if !ours {
                return None;
            }
            (Role::Handler, Step::Finish)
        }
        CaseState::PendingCheck | CaseState::Checking if filled(Role::Collector) => (Role::Collector, Step::CheckPass),
        CaseState::PendingCheck | CaseState::Checking => (Role::Acceptor, Step::CheckPassAndClose),
        CaseState::PendingClose => (Role::Acceptor, Step::Close),
        _ => return None,
    };
    filled(role).then_some((role, step))
}

/// The seat's name in actors.
fn seat(role: Role) -> &'static str {
    match role {
        Role::Collector => "sim:collector",
        Role::Acceptor => "sim:acceptor",
        Role::Dispatcher => "sim:dispatcher",
        Role::Department => "sim:department",
        Role::Handler => "sim:handler",
        Role::Supervisor => "sim:supervisor",
        Role::Leader => "sim:leader",
        Role::System => "sim:room",
    }
}

/// A number that depends only on the room's seed, the tick, the case and how far it is.
fn dice(clock: &Clock, case: &Case) -> u64 {
    // FNV-1a over the case number.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in case.id.as_str().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    clock.random(hash ^ case.history.len() as u64)
}

fn between(dice: u64, [low, high]: [u32; 2], unit_ms: i64) -> i64 {
    let (low, high) = (i64::from(low) * unit_ms, i64::from(high) * unit_ms);
    low + (dice % ((high - low).max(0) as u64 + 1)) as i64
}

impl Desk<'_> {
    /// Sets and keeps the appointments of empty seats.
    pub(crate) fn fill_seats(&mut self, clock: &Clock) {
        if self.rules.auto_seats.is_empty() {
            return;
        }
        let now = self.now;
        let free_ms = i64::from(self.rules.seats.free_min) * MINUTE_MS;
        let mut appoint: Vec<(CaseId, guanlan_core::Stamp)> = Vec::new();
        let mut act: Vec<(CaseId, Role, Step)> = Vec::new();
        for case in self.file.open() {
            let Some((role, step)) = next(case, self) else { continue };
            match case.seat_due {
                None => appoint.push((case.id.clone(), self.due(case, step, dice(clock, case)))),
                Some(due) if due <= now && !self.file.seat_taken(role, now, free_ms) => {
                    act.push((case.id.clone(), role, step));
                }
                Some(_) => {}
            }
        }
        for (id, due) in appoint {
            self.file.change(&id, |case| case.seat_due = Some(due));
        }
        for (id, role, step) in act {
            self.simulate(&id, role, step, clock);
        }
    }

    fn due(&self, case: &Case, step: Step, dice: u64) -> guanlan_core::Stamp {
        let seats = &self.rules.seats;
        let minutes = |span| self.now + between(dice, span, MINUTE_MS);
        match step {
            Step::Register => minutes(seats.register_min),
            Step::Assign => minutes(seats.assign_min),
            Step::AcceptHandling => minutes(seats.accept_min),
            Step::Finish => {
                let share = between(dice, seats.finish_share, 1).clamp(0, 1000);
                let need = case.limit.clock_ms(&self.rules.calendar) * share / 100;
                advance(self.now, need, case.limit, &self.rules.calendar)
            }
            Step::Close => minutes(seats.close_min),
            _ => minutes(seats.verify_min),
        }
    }

    fn simulate(&mut self, id: &CaseId, role: Role, step: Step, clock: &Clock) {
        let (rules, now, site) = (self.rules, self.now, self.site);
        let events = &mut self.events;
        self.file.change(id, |case| {
            let fails = matches!(step, Step::CheckPass | Step::CheckPassAndClose)
                && dice(clock, case) % 100 < u64::from(rules.seats.rework_percent);
            let step = if fails { Step::CheckFail } else { step };
            let words = match step {
                Step::Finish => "模拟班组已处置 / handled by a simulated crew",
                Step::CheckFail => "模拟核查:未处置到位 / simulated check: not good enough",
                _ => "",
            };
            let org = site.responsible(rules, &case.code, &case.grid, case.place_m);
            if step == Step::Assign && org.is_none() {
                // Nobody is responsible for this kind here: leave it to a person.
                return;
            }
            let photo = format!("sim:after/{}", case.id);
            let act = Act { photo: &photo, org, ..Act::new(seat(role), role, now, words) };
            if take(case, step, &act, rules, events).is_err() {
                case.seat_due = None;
            }
        });
    }
}
