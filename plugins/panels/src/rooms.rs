//! The rooms behind the panels: which picture is shown, commands on their way, the replay.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::{SystemTime, UNIX_EPOCH};

use bevy::prelude::Resource;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use guanlan_core::{Command, CommandEnvelope, Reply, Role, Stamp, TimelineId};
use guanlan_room::{Control, Picture, QueueError, RoomHandle, TimelineError, TimelineInfo, Timelines};

/// An answer with the command it answers.
pub struct Answered {
    /// What was asked.
    pub command: Command,
    /// What came of it.
    pub reply: Reply,
}

/// A command could not be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// What is shown is the past.
    Past,
    /// The room's door is full or shut.
    Door(QueueError),
}

type Opened = Result<RoomHandle, TimelineError>;

/// The timelines of the program as seen from this screen.
#[derive(Resource)]
pub struct Rooms {
    timelines: Arc<Timelines>,
    answers: (Sender<Answered>, Receiver<Answered>),
    opening: Option<Receiver<Opened>>,
    wanted: Option<Stamp>,
    replay: Option<RoomHandle>,
}

/// What is shown.
#[derive(Clone)]
pub struct Shown {
    /// The live room.
    pub live: Arc<Picture>,
    /// The timeline chosen.
    pub picture: Arc<Picture>,
    /// All timelines.
    pub timelines: Vec<TimelineInfo>,
}

/// Number of a command, unlike any of an earlier run: the start of this run and a count.
fn command_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    format!("desk-{ms}-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Rooms {
    /// The rooms of a program.
    #[must_use]
    pub fn new(timelines: Arc<Timelines>) -> Self {
        Self { timelines, answers: unbounded(), opening: None, wanted: None, replay: None }
    }

    fn handle(&self, watching: Option<&TimelineId>) -> RoomHandle {
        watching.and_then(|id| self.timelines.get(id.as_str())).unwrap_or_else(|| self.timelines.live().clone())
    }

    /// The pictures of now.
    #[must_use]
    pub fn shown(&self, watching: Option<&TimelineId>) -> Shown {
        Shown {
            live: self.timelines.live().picture(),
            picture: self.handle(watching).picture(),
            timelines: self.timelines.list(),
        }
    }

    /// Hands a command to the timeline shown; the answer comes later.
    ///
    /// # Errors
    /// When the past is shown or the room does not take it.
    pub fn send(&self, watching: Option<&TimelineId>, role: Role, command: Command) -> Result<(), NotSent> {
        let room = self.handle(watching);
        let picture = room.picture();
        if picture.playback.replay {
            return Err(NotSent::Past);
        }
        let key = format!("{role:?}").to_lowercase();
        let envelope = CommandEnvelope {
            id: command_id().into(),
            actor: format!("desk-{key}"),
            role,
            at: picture.now,
            command: command.clone(),
        };
        let to = self.answers.0.clone();
        let answer = Box::new(move |reply| {
            let _ = to.send(Answered { command, reply });
        });
        room.sender().command(envelope, answer).map_err(NotSent::Door)
    }

    /// Answers that have come.
    pub fn answered(&self) -> impl Iterator<Item = Answered> + '_ {
        self.answers.1.try_iter()
    }

    /// Shows the past at an instant. The replay is opened once, beside this thread, then moved. `Some` is the
    /// timeline to watch; `None` while it opens.
    pub fn seek(&mut self, at: Stamp) -> Option<TimelineId> {
        if let Some(replay) = &self.replay {
            replay.control(Control::Seek(at));
            return Some(replay.timeline().clone());
        }
        self.wanted = Some(at);
        if self.opening.is_none() {
            let (tx, rx) = bounded(1);
            let timelines = self.timelines.clone();
            let start = std::thread::Builder::new().name("guanlan-open-replay".into()).spawn(move || {
                let _ = tx.send(timelines.replay(Some(at)));
            });
            self.opening = start.is_ok().then_some(rx);
        }
        None
    }

    /// The replay that has just opened, or why it can not.
    pub fn opened(&mut self) -> Option<Result<TimelineId, TimelineError>> {
        let result = self.opening.as_ref()?.try_recv().ok()?;
        self.opening = None;
        Some(result.map(|replay| {
            if let Some(at) = self.wanted.take() {
                replay.control(Control::Seek(at));
            }
            let id = replay.timeline().clone();
            self.replay = Some(replay);
            id
        }))
    }

    /// Moves the clock of the timeline shown.
    pub fn control(&self, watching: Option<&TimelineId>, control: Control) -> bool {
        watching.is_some_and(|_| self.handle(watching).control(control))
    }
}
