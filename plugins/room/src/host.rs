//! Threads that move machines: the handle a view, an edge or a test holds.

use std::{
    collections::BTreeMap,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};
use guanlan_core::{CommandId, Input, Stamp, TimelineId};
use guanlan_journal::{Head, Store, history::HistoryDoor};
use guanlan_tick::WallClock;

use crate::{
    files,
    keeping::Keeping,
    lateness::Lateness,
    ledger::{Ledger, Pending},
    machine::Machine,
    pace::Pace,
    picture::{Health, Picture, Playback},
    queue::{Ack, Answer, Delivery, RoomSender, door, pair_answers},
    tap::Tap,
};

/// What the holder of a timeline may ask of its clock.
pub enum Control {
    /// Stands still. The live room never does.
    Pause,
    /// Goes on.
    Resume,
    /// Ceiling of the speed, × real time.
    Speed(f64),
    /// Goes to an instant (replay; a drill only backwards to its start).
    Seek(Stamp),
    /// One tick while paused.
    Step,
    /// Hands a copy of the room to a new timeline.
    Fork(Box<dyn FnOnce(ForkPoint) + Send>),
    /// Ends the thread after a last snapshot.
    Stop,
}

/// A copy of a room with the head of the journal it was copied at.
pub struct ForkPoint {
    /// Timeline it was copied from.
    pub timeline: TimelineId,
    /// End of its chain.
    pub head: Head,
    /// A picture-complete copy of the truth.
    pub machine: Machine,
}

/// A running timeline. Cheap to clone; the thread ends on [`Control::Stop`].
#[derive(Clone)]
pub struct RoomHandle {
    timeline: TimelineId,
    sender: RoomSender,
    control: Sender<Control>,
    picture: Arc<ArcSwap<Picture>>,
    thread: Arc<std::sync::Mutex<Option<JoinHandle<()>>>>,
    past: Option<HistoryDoor>,
}

impl RoomHandle {
    /// Where questions about the past of this room are asked, if its readings are kept.
    #[must_use]
    pub fn past(&self) -> Option<&HistoryDoor> {
        self.past.as_ref()
    }

    pub(crate) fn with_past(mut self, past: Option<HistoryDoor>) -> Self {
        self.past = past;
        self
    }

    /// Its name.
    #[must_use]
    pub fn timeline(&self) -> &TimelineId {
        &self.timeline
    }

    /// Where inputs and commands go in.
    #[must_use]
    pub fn sender(&self) -> &RoomSender {
        &self.sender
    }

    /// The latest picture; never waits.
    #[must_use]
    pub fn picture(&self) -> Arc<Picture> {
        self.picture.load_full()
    }

    /// Moves the clock. False when the timeline has ended.
    pub fn control(&self, control: Control) -> bool {
        self.control.send(control).is_ok()
    }

    /// Ends the timeline and waits until everything is on disk.
    pub fn stop(&self) {
        let _ = self.control.send(Control::Stop);
        let thread = self.thread.lock().ok().and_then(|mut guard| guard.take());
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }

    pub(crate) fn start(
        timeline: TimelineId,
        first: Picture,
        run: impl FnOnce(Seat) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, deliveries) = door();
        let (control, controls) = bounded(64);
        let picture = Arc::new(ArcSwap::from_pointee(first));
        let seat = Seat { deliveries, controls, picture: picture.clone() };
        let thread = std::thread::Builder::new().name(format!("guanlan-{timeline}")).spawn(move || run(seat))?;
        Ok(Self {
            timeline,
            sender,
            control,
            picture,
            thread: Arc::new(std::sync::Mutex::new(Some(thread))),
            past: None,
        })
    }
}

/// The room's end of a [`RoomHandle`].
pub(crate) struct Seat {
    pub deliveries: Receiver<Delivery>,
    pub controls: Receiver<Control>,
    pub picture: Arc<ArcSwap<Picture>>,
}

/// Everything that waited at the door when a tick began.
#[derive(Default)]
pub(crate) struct Drained {
    pub inputs: Vec<Input>,
    pub acks: Vec<Ack>,
    pub answers: BTreeMap<CommandId, Vec<Answer>>,
}

/// Inputs one tick takes at most, so that a flood cannot stop the clock.
const MAX_INPUTS_PER_TICK: usize = 200_000;

impl Seat {
    pub fn drain(&self) -> Drained {
        let mut d = Drained::default();
        while d.inputs.len() < MAX_INPUTS_PER_TICK {
            match self.deliveries.try_recv() {
                Ok(Delivery::Inputs(mut inputs, ack)) => {
                    d.inputs.append(&mut inputs);
                    d.acks.extend(ack);
                }
                Ok(Delivery::Command(envelope, answer)) => {
                    d.answers.entry(envelope.id.clone()).or_default().push(answer);
                    d.inputs.push(Input::Command(*envelope));
                }
                Err(_) => break,
            }
        }
        d
    }
}

pub(crate) fn wall_now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

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
