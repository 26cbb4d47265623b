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
use guanlan_journal::{Head, Store};

use crate::{
    lateness::Lateness,
    ledger::{Ledger, MAX_UNCOMMITTED, Pending, pair_answers},
    machine::Machine,
    picture::{Health, Picture, Playback},
    queue::{Ack, Answer, Delivery, RoomSender, door},
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
}

impl RoomHandle {
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
        Ok(Self { timeline, sender, control, picture, thread: Arc::new(std::sync::Mutex::new(Some(thread))) })
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

fn wall_now() -> Stamp {
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
/// When the thread cannot be started.
pub fn run_live(machine: Machine, store: Box<dyn Store>) -> std::io::Result<RoomHandle> {
    let timeline = machine.config().timeline.clone();
    let first = Picture::of(&machine, Health::default(), Playback::live());
    RoomHandle::start(timeline, first, move |seat| live_loop(machine, store, &seat))
}

fn live_loop(mut machine: Machine, store: Box<dyn Store>, seat: &Seat) {
    let tick_ms = machine.config().tick_ms.max(10);
    let mut ledger = Ledger::new(store);
    let mut lateness = Lateness::default();
    let (mut base, mut base_instant) = (wall_now().max(machine.now() + tick_ms), Instant::now());
    let mut due = base;
    loop {
        let sleep_ms = (due - base).saturating_sub(base_instant.elapsed().as_millis() as i64);
        if sleep_ms > 0 {
            std::thread::sleep(Duration::from_millis(sleep_ms as u64));
        }
        let late_ms = (base_instant.elapsed().as_secs_f64() * 1000.0 - (due - base) as f64).max(0.0);
        lateness.note(late_ms);
        let begun = Instant::now();
        let mut stop = false;
        while let Ok(control) = seat.controls.try_recv() {
            match control {
                Control::Stop => stop = true,
                Control::Fork(take) => {
                    ledger.flush();
                    take(ForkPoint {
                        timeline: machine.config().timeline.clone(),
                        head: ledger.head().clone(),
                        machine: machine.fork(machine.config().clone()),
                    });
                }
                // The live room's clock is nobody's to move.
                Control::Pause | Control::Resume | Control::Speed(_) | Control::Seek(_) | Control::Step => {}
            }
        }
        let regular = due - machine.now() == tick_ms;
        run_tick(&mut machine, &mut ledger, seat, due, regular, Vec::new());
        let durable = ledger.commit();
        lateness.note_cost(begun.elapsed().as_secs_f64() * 1000.0);
        let health = Health {
            lateness_p99_ms: lateness.p99_ms(),
            tick_cost_ms: lateness.cost_ms(),
            queue: seat.deliveries.len(),
            uncommitted: ledger.backlog(),
            trouble: ledger.trouble.clone(),
            journal_seq: ledger.head().seq,
        };
        seat.picture.store(Arc::new(Picture::of(&machine, health, Playback::live())));
        durable.tell();
        ledger.maybe_snapshot(&machine, stop);
        if stop {
            return;
        }
        due = due + tick_ms;
        // A machine that slept or a clock that was set forward: go on from the true time.
        let wall = wall_now();
        let expected = base + base_instant.elapsed().as_millis() as i64;
        if wall - expected > 2_000 || expected - due > 5 * tick_ms {
            (base, base_instant) = (wall.max(due), Instant::now());
            due = base;
        }
    }
}

/// Drains the door, adds what the clock itself brings, runs one tick, and lays it down for commit. Empty regular ticks are only counted.
pub(crate) fn run_tick(
    machine: &mut Machine,
    ledger: &mut Ledger,
    seat: &Seat,
    now: Stamp,
    regular: bool,
    extra: Vec<Input>,
) {
    let Drained { mut inputs, acks, answers } =
        if ledger.backlog() < MAX_UNCOMMITTED { seat.drain() } else { Drained::default() };
    inputs.extend(extra);
    let before = machine.now();
    let mode = machine.mode();
    let outcome = machine.tick(now, inputs.clone());
    if inputs.is_empty() && outcome.events.is_empty() && acks.is_empty() && regular {
        ledger.idle_tick();
        return;
    }
    ledger.push(Pending {
        tick: machine.tick_number(),
        now,
        dt_ms: now - before,
        idle_ticks: 0,
        mode,
        inputs,
        events: outcome.events,
        acks,
        answers: pair_answers(answers, outcome.replies),
    });
}
