//! Threads that move machines on the wall clock.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{Input, Stamp};
use guanlan_journal::Store;
use guanlan_tick::WallClock;

use crate::{
    files,
    handle::{Control, Drained, ForkPoint, RoomHandle, Seat},
    handover::Pending,
    keeping::Keeping,
    lateness::Lateness,
    ledger::Ledger,
    machine::Machine,
    pace::Pace,
    picture::{Health, Picture, Playback},
    queue::pair_answers,
    tap::Tap,
    wall::wall_now,
};

/// A room that stands still, for a picture: it takes no orders and never changes.
///
/// # Errors
/// When the thread cannot be started.
pub fn hold(machine: &Machine) -> std::io::Result<RoomHandle> {
    let picture = Picture::of(machine, Health::default(), Playback::live());
    RoomHandle::start(machine.config().timeline.clone(), picture, |seat| {
        while !matches!(seat.controls.recv(), Ok(Control::Stop) | Err(_)) {}
    })
}

/// Runs a room on the wall clock, with everything it acknowledges on disk first.
///
/// # Errors
/// When a thread cannot be started.
pub fn run_live(machine: Machine, store: Box<dyn Store>) -> std::io::Result<RoomHandle> {
    run_live_keeping(machine, store, None)
}

/// As [`run_live`], with a history of readings and figures beside the journal.
///
/// # Errors
/// When a thread cannot be started.
pub fn run_live_keeping(
    machine: Machine,
    store: Box<dyn Store>,
    keeping: Option<Keeping>,
) -> std::io::Result<RoomHandle> {
    let timeline = machine.config().timeline.clone();
    let first = Picture::of(&machine, Health::default(), Playback::live());
    let past = keeping.as_ref().map(Keeping::door);
    let ledger = Ledger::start(store, keeping)?;
    Ok(RoomHandle::start(timeline, first, move |seat| live_loop(machine, ledger, &seat))?.with_past(past))
}

/// Tick after tick, never waiting for the disk, until it is told to stop.
fn live_loop(mut machine: Machine, mut ledger: Ledger, seat: &Seat) {
    let begun = Instant::now();
    let steady = || begun.elapsed().as_secs_f64() * 1000.0;
    let mut lateness = Lateness::default();
    let mut tap = ledger.has_history().then(|| Tap::after(&machine));
    let mut shown: Option<Arc<Picture>> = None;
    let mut pace = Pace::new(machine.config().tick_ms, machine.now(), wall_now(), steady());
    loop {
        let wait_ms = pace.wait_ms(steady());
        if wait_ms > 0.0 {
            std::thread::sleep(Duration::from_secs_f64(wait_ms / 1000.0));
        }
        lateness.note((-pace.wait_ms(steady())).max(0.0));
        let began = steady();
        let mut stop = false;
        while let Ok(control) = seat.controls.try_recv() {
            match control {
                Control::Stop => stop = true,
                Control::Fork(take) => {
                    ledger.flush();
                    take(ForkPoint {
                        timeline: machine.config().timeline.clone(),
                        head: ledger.head(),
                        machine: machine.fork(machine.config().clone()),
                    });
                }
                // The live room's clock is nobody's to move.
                Control::Pause | Control::Resume | Control::Speed(_) | Control::Seek(_) | Control::Step => {}
            }
        }
        let regular = pace.due() - machine.now() == machine.config().tick_ms.max(10);
        let known = *machine.world().resource::<WallClock>();
        let news = pace.news(known).into_iter().collect();
        let pending = tick_once(&mut machine, &ledger, seat, pace.due(), regular, news, tap.as_mut());
        lateness.note_cost(steady() - began);
        let health = Health {
            lateness_p99_ms: lateness.p99_ms(),
            tick_cost_ms: lateness.cost_ms(),
            queue: seat.deliveries.len(),
            uncommitted: ledger.backlog(),
            journal_seq: ledger.head().seq,
            ..Health::default()
        }
        .with_troubles(
            ledger.troubles(),
            [pace.trouble(), ledger.notice()]
                .into_iter()
                .flatten()
                .chain(files::troubles(machine.world(), machine.now())),
        );
        // The picture is shown first, so that whoever is told and looks at once sees what was done.
        let picture = Arc::new(Picture::of(&machine, health, Playback::live()));
        seat.picture.store(Arc::clone(&picture));
        match pending {
            Some(pending) => ledger.push(pending),
            None => ledger.idle_tick(),
        }
        // The last picture of a second is what was there at the next whole one.
        let second = |p: &Picture| (p.now.0 - 1).div_euclid(1000);
        if let Some(before) = shown.replace(Arc::clone(&picture)).filter(|b| second(b) != second(&picture)) {
            ledger.scene(&before);
        }
        ledger.maybe_snapshot(&machine, stop);
        if stop {
            return;
        }
        pace.next(wall_now(), steady());
    }
}

/// Drains the door, adds what the clock itself brings, and runs one tick. What it brought is to be handed to the
/// ledger; `None` for an empty regular tick, which is only counted.
fn tick_once(
    machine: &mut Machine,
    ledger: &Ledger,
    seat: &Seat,
    now: Stamp,
    regular: bool,
    extra: Vec<Input>,
    tap: Option<&mut Tap>,
) -> Option<Pending> {
    let Drained { mut inputs, acks, answers } = if ledger.has_room() { seat.drain() } else { Drained::default() };
    inputs.extend(extra);
    let before = machine.now();
    let mode = machine.mode();
    let empty = inputs.is_empty();
    let (outcome, inputs) = machine.tick_keeping(now, inputs);
    let (sensed, newcomers) = tap.map(|tap| tap.take(machine)).unwrap_or_default();
    if empty && outcome.events.is_empty() && acks.is_empty() && regular {
        return None;
    }
    Some(Pending {
        tick: machine.tick_number(),
        now,
        dt_ms: now - before,
        idle_ticks: 0,
        mode,
        inputs,
        events: outcome.events,
        acks,
        answers: pair_answers(answers, outcome.replies),
        sensed,
        newcomers,
    })
}

/// As the live room does a tick, without a history; what it brought is handed to the ledger.
pub(crate) fn run_tick(
    machine: &mut Machine,
    ledger: &mut Ledger,
    seat: &Seat,
    now: Stamp,
    regular: bool,
    extra: Vec<Input>,
) {
    match tick_once(machine, ledger, seat, now, regular, extra, None) {
        Some(pending) => ledger.push(pending),
        None => ledger.idle_tick(),
    }
}
