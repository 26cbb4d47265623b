//! Simulated persons at the dispatcher's and the supervisor's desks while nobody sits there.
//!
//! Pure: what a room shows in, commands out. The orders go in by the door like anybody's, by
//! `sim:dispatcher` and `sim:supervisor`, so that the journal says who it was.

use std::collections::BTreeSet;

use guanlan_alerting::{AlertBoard, AlertBook};
use guanlan_casework::CaseFile;
use guanlan_core::{CommandEnvelope, Role, Stamp};
use guanlan_dispatch::Recommendations;
use guanlan_drill::{Responder, SeatView, respond, responder::OpenAlert};

use crate::{machine::Machine, picture::Picture};

/// A person who gave a command holds the seat for this long, ms.
const SEAT_FREE_MS: i64 = 600_000;

/// When a desk counts as empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seats {
    /// Each for itself: an exercise whose trainees took only one of them.
    EachAlone,
    /// A person at either looks after both: the demo, where one officer is enough.
    Together,
}

/// What stand-ins do now in the room of a picture.
#[must_use]
pub fn of_picture(picture: &Picture, policy: &Responder, seats: Seats) -> Vec<CommandEnvelope> {
    orders(picture.now, &picture.alerts, &picture.cases, &picture.advice, policy, seats)
}

/// What stand-ins do now in a machine.
#[must_use]
pub fn of_machine(machine: &Machine, policy: &Responder, seats: Seats) -> Vec<CommandEnvelope> {
    let world = machine.world();
    let (book, file) = (world.resource::<AlertBook>(), world.resource::<CaseFile>());
    orders(machine.now(), book.board(), file, world.resource::<Recommendations>(), policy, seats)
}

fn orders(
    now: Stamp,
    board: &AlertBoard,
    file: &CaseFile,
    advice: &Recommendations,
    policy: &Responder,
    seats: Seats,
) -> Vec<CommandEnvelope> {
    let desks = [Role::Supervisor, Role::Dispatcher];
    let empty: BTreeSet<Role> = desks.into_iter().filter(|role| !file.seat_taken(*role, now, SEAT_FREE_MS)).collect();
    if empty.is_empty() || (seats == Seats::Together && empty.len() < desks.len()) {
        return Vec::new();
    }
    let alerts: Vec<OpenAlert> = board
        .active
        .iter()
        .filter(|a| a.acked.is_none())
        .map(|a| OpenAlert { alert: a.id, level: a.level, since: a.since })
        .collect();
    let mut open = file.open().map(AsRef::as_ref);
    let view = SeatView { now, empty: &empty, cases: &mut open, alerts: &alerts };
    respond(policy, view, &mut |case, taken| {
        let picks = &advice.cases.get(&case.id)?.picks;
        picks.iter().map(|p| &p.unit).find(|u| !taken.contains(*u)).cloned()
    })
}
