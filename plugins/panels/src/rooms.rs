//! The rooms behind the panels: which picture is shown, commands on their way, the replay.

use std::collections::BTreeMap;
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use std::time::{SystemTime, UNIX_EPOCH};

use bevy::prelude::Resource;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use guanlan_core::{Command, CommandEnvelope, Mode, Reply, Role, Stamp, TimelineId};
use guanlan_room::journal::history::HistoryDoor;
use guanlan_room::{Control, Picture, QueueError, RoomConfig, RoomHandle, TimelineError, TimelineInfo, Timelines};

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

/// A replay that is being opened, and of what.
struct Opening {
    of: TimelineId,
    coming: Receiver<Opened>,
}

/// The timelines of the program as seen from this screen.
#[derive(Resource)]
pub struct Rooms {
    timelines: Arc<Timelines>,
    answers: (Sender<Answered>, Receiver<Answered>),
    /// Answers that have come, for the thread that wakes the window.
    answered: Arc<AtomicU64>,
    opening: Option<Opening>,
    wanted: Option<Stamp>,
    /// Open replays, by what they are of: the live room or an exercise.
    replays: BTreeMap<TimelineId, RoomHandle>,
    starting: Option<Receiver<Opened>>,
}

/// Ceiling of an exercise's speed when it is started from the desk, × real time.
const EXERCISE_SPEED: f64 = 20.0;

/// What is shown.
#[derive(Clone)]
pub struct Shown {
    /// The live room.
    pub live: Arc<Picture>,
    /// The room whose time the bar shows: of an exercise and its replay the exercise, else the live room.
    pub base: Arc<Picture>,
    /// Name of the timeline chosen; a replay's picture carries the name of the room it replays.
    pub timeline: TimelineId,
    /// The timeline chosen.
    pub picture: Arc<Picture>,
    /// All timelines.
    pub timelines: Vec<TimelineInfo>,
    /// This city has a script to rehearse.
    pub can_exercise: bool,
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
        Self {
            timelines,
            answers: unbounded(),
            answered: Arc::default(),
            opening: None,
            wanted: None,
            replays: BTreeMap::new(),
            starting: None,
        }
    }

    fn handle(&self, watching: Option<&TimelineId>) -> RoomHandle {
        watching.and_then(|id| self.timelines.get(id.as_str())).unwrap_or_else(|| self.timelines.live().clone())
    }

    /// The pictures of now.
    #[must_use]
    pub fn shown(&self, watching: Option<&TimelineId>) -> Shown {
        let room = self.handle(watching);
        Shown {
            live: self.timelines.live().picture(),
            base: self.handle(Some(&self.origin(watching))).picture(),
            timeline: room.timeline().clone(),
            picture: room.picture(),
            timelines: self.timelines.list(),
            can_exercise: self.can_exercise(),
        }
    }

    /// The timeline whose past the bar reaches into: an exercise that is shown or replayed, else the live room.
    #[must_use]
    pub fn origin(&self, watching: Option<&TimelineId>) -> TimelineId {
        let live = self.timelines.live().timeline();
        let Some(watching) = watching else { return live.clone() };
        if let Some((of, _)) = self.replays.iter().find(|(_, replay)| replay.timeline() == watching) {
            return of.clone();
        }
        let exercise = |room: &RoomHandle| room.picture().mode == Mode::Exercise;
        let of = self.timelines.get(watching.as_str()).filter(exercise);
        of.map_or_else(|| live.clone(), |room| room.timeline().clone())
    }

    /// The picture of another timeline; `None` when it has ended.
    #[must_use]
    pub fn beside(&self, id: &TimelineId) -> Option<Arc<Picture>> {
        let live = self.timelines.live();
        if live.timeline() == id {
            return Some(live.picture());
        }
        self.timelines.get(id.as_str()).map(|room| room.picture())
    }

    /// Where questions about the past of the timeline shown are asked; a replay's past is the living room's.
    #[must_use]
    pub fn past(&self, watching: Option<&TimelineId>) -> Option<HistoryDoor> {
        let room = self.handle(watching);
        let live = self.timelines.live();
        let replays = room.picture().playback.replay && self.origin(watching) == *live.timeline();
        room.past().or_else(|| live.past().filter(|_| replays)).cloned()
    }

    /// What the rooms of the program are made of.
    #[must_use]
    pub fn config(&self) -> &RoomConfig {
        self.timelines.config()
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
        let (to, count) = (self.answers.0.clone(), self.answered.clone());
        let answer = Box::new(move |reply| {
            let _ = to.send(Answered { command, reply });
            count.fetch_add(1, Ordering::Relaxed);
        });
        room.sender().command(envelope, answer).map_err(NotSent::Door)
    }

    /// The timelines of the program.
    #[must_use]
    pub fn timelines(&self) -> Arc<Timelines> {
        self.timelines.clone()
    }

    /// How many answers have come so far, readable from another thread.
    #[must_use]
    pub fn answers_so_far(&self) -> Arc<AtomicU64> {
        self.answered.clone()
    }

    /// Answers that have come.
    pub fn answered(&self) -> impl Iterator<Item = Answered> + '_ {
        self.answers.1.try_iter()
    }

    /// Shows the past of the room behind what is watched, see [`Self::origin`]. Its replay is opened once, beside this
    /// thread, then moved. `Some` is the timeline to watch; `None` while it opens.
    pub fn seek(&mut self, watching: Option<&TimelineId>, at: Stamp) -> Option<TimelineId> {
        let of = self.origin(watching);
        if let Some(replay) = self.replays.get(&of) {
            replay.control(Control::Seek(at));
            return Some(replay.timeline().clone());
        }
        self.wanted = Some(at);
        if self.opening.is_none() {
            let (tx, coming) = bounded(1);
            let (timelines, asked) = (self.timelines.clone(), of.clone());
            let start = std::thread::Builder::new().name("guanlan-open-replay".into()).spawn(move || {
                let _ = tx.send(timelines.replay_of(&asked, Some(at)));
            });
            self.opening = start.is_ok().then_some(Opening { of, coming });
        }
        None
    }

    /// The replay that has just opened, or why it can not.
    pub fn opened(&mut self) -> Option<Result<TimelineId, TimelineError>> {
        let result = self.opening.as_ref()?.coming.try_recv().ok()?;
        let of = self.opening.take()?.of;
        Some(result.map(|replay| {
            if let Some(at) = self.wanted.take() {
                replay.control(Control::Seek(at));
            }
            let id = replay.timeline().clone();
            self.replays.insert(of, replay);
            id
        }))
    }

    /// Forks the live room into the first script's exercise, beside this thread. False while one is being started.
    pub fn start_exercise(&mut self) -> bool {
        if self.starting.is_some() {
            return false;
        }
        let (tx, rx) = bounded(1);
        let timelines = self.timelines.clone();
        let start = std::thread::Builder::new().name("guanlan-start-exercise".into()).spawn(move || {
            let _ = tx.send(timelines.exercise(None, EXERCISE_SPEED));
        });
        self.starting = start.is_ok().then_some(rx);
        self.starting.is_some()
    }

    /// The exercise that has just begun, or why it can not.
    pub fn started(&mut self) -> Option<Result<TimelineId, TimelineError>> {
        let result = self.starting.as_ref()?.try_recv().ok()?;
        self.starting = None;
        Some(result.map(|room| room.timeline().clone()))
    }

    /// Ends an exercise with its replay, or a replay.
    pub fn close(&mut self, id: &TimelineId) {
        let mut ending = vec![id.clone()];
        ending.extend(self.replays.get(id).map(|replay| replay.timeline().clone()));
        self.replays.retain(|_, replay| !ending.contains(replay.timeline()));
        let timelines = self.timelines.clone();
        // Ending waits for the last commit: not on the thread that draws.
        let _ = std::thread::Builder::new()
            .name("guanlan-close".into())
            .spawn(move || ending.iter().for_each(|id| _ = timelines.close(id.as_str())));
    }

    /// True when this city has a script to rehearse.
    #[must_use]
    pub fn can_exercise(&self) -> bool {
        !self.timelines.scripts().is_empty()
    }

    /// Moves the clock of the timeline shown.
    pub fn control(&self, watching: Option<&TimelineId>, control: Control) -> bool {
        watching.is_some_and(|_| self.handle(watching).control(control))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Preset,
        apply::tell,
        state::{Desk, Tone},
    };
    use guanlan_core::Lang;
    use guanlan_journal::{Meta, SqliteStore};
    use guanlan_room::{Machine, run_live};

    #[test]
    fn a_refusal_comes_back_in_words_and_without_a_journal_file_there_is_no_past() {
        let config = Arc::new(RoomConfig {
            city: Arc::default(),
            timeline: "live".into(),
            mode: Mode::Demo,
            seed: 1,
            tick_ms: 50,
            alert_rules: guanlan_alerting::RuleSet::defaults(),
            case_rules: guanlan_casework::CaseRules::shipped().unwrap(),
            simulate_crews: false,
            drill: None,
        });
        let meta =
            Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 50, city: "-".into(), parent: None };
        let store = SqliteStore::in_memory(&meta).unwrap();
        let live = run_live(Machine::new(config.clone()), Box::new(store)).unwrap();
        let mut rooms = Rooms::new(Arc::new(Timelines::new(live.clone(), config, None)));
        let mut desk = Desk::new(Lang::En, 1.0, false, Preset::Desk);
        rooms.send(None, Role::Acceptor, Command::RegisterCase { case: "nope".into() }).unwrap();
        assert_eq!(rooms.seek(None, Stamp(0)), None);
        let mut refused = None;
        for _ in 0..400 {
            for answered in rooms.answered() {
                tell(&mut desk, &live.picture(), answered, 0.0);
            }
            refused = refused.or_else(|| rooms.opened());
            if refused.is_some() && !desk.toasts.is_empty() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        assert!(matches!(refused, Some(Err(TimelineError::NoStore))));
        assert_eq!(desk.toasts[0].tone, Tone::Refused);
        assert!(desk.toasts[0].text.contains("nope") && desk.toasts[0].text.is_ascii(), "{}", desk.toasts[0].text);
        live.stop();
    }
}
