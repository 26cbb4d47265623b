//! A running timeline as its holder sees it, and the room's end of it.

use std::{collections::BTreeMap, sync::Arc, thread::JoinHandle};

use arc_swap::ArcSwap;
use crossbeam_channel::{Receiver, Sender, bounded};
use guanlan_core::{CommandId, Input, Stamp, TimelineId};
use guanlan_journal::{Head, history::HistoryDoor};

use crate::{
    machine::Machine,
    picture::Picture,
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

    /// Starts the timeline's thread; `first` is shown until it has a picture of its own.
    ///
    /// # Errors
    /// When the thread cannot be started.
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
    /// Takes what waits, up to what one tick may take.
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
