//! A water model on its own low-priority thread.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use guanlan_core::{Stamp, input::DepthField};

use super::{WaterModel, yield_to_others};
use crate::measures::{DoneMeasure, Measure, MeasureError};

type Answer = Result<DoneMeasure, MeasureError>;

enum Ask {
    Advance(Stamp),
    Apply(Box<Measure>, Option<mpsc::Sender<Answer>>),
    Undo(mpsc::Sender<Answer>),
    Fork(mpsc::Sender<Box<WaterModel>>),
    Sync(mpsc::Sender<Stamp>),
}

/// A [`WaterModel`] on its own low-priority thread. Dropping it ends the thread after its current frame.
///
/// Asks are looked at between two frames, also while a long way ahead has been asked for: a measure never
/// waits for the end of that way.
pub struct WaterEngine {
    asks: Option<mpsc::Sender<Ask>>,
    frames: mpsc::Receiver<Arc<DepthField>>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

struct Worker {
    model: WaterModel,
    inbox: mpsc::Receiver<Ask>,
    out: mpsc::Sender<Arc<DepthField>>,
    stop: Arc<AtomicBool>,
    /// How far it has been asked to go.
    goal: Option<Stamp>,
    /// Callers that wait until the goal is reached.
    waiting: Vec<mpsc::Sender<Stamp>>,
}

impl Worker {
    fn run(mut self) {
        yield_to_others();
        while !self.stop.load(Ordering::Relaxed) {
            let next = match self.goal {
                Some(_) => self.inbox.try_recv(),
                None => self.inbox.recv().map_err(|_| mpsc::TryRecvError::Disconnected),
            };
            match next {
                Ok(ask) => self.answer(ask),
                Err(mpsc::TryRecvError::Disconnected) => return,
                Err(mpsc::TryRecvError::Empty) => match self.goal.and_then(|goal| self.model.next_frame(goal)) {
                    Some(frame) => {
                        if self.out.send(frame).is_err() {
                            return;
                        }
                    }
                    None => {
                        self.goal = None;
                        let now = self.model.now();
                        // A caller that went away while waiting needs no answer.
                        self.waiting.drain(..).for_each(|reply| _ = reply.send(now));
                    }
                },
            }
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Advance(until) => self.goal = Some(self.goal.map_or(until, |goal| goal.max(until))),
            Ask::Apply(measure, reply) => {
                let done = self.model.enact(&measure);
                if let Some(reply) = reply {
                    let _gone = reply.send(done);
                }
            }
            Ask::Undo(reply) => drop(reply.send(self.model.undo())),
            Ask::Fork(reply) => drop(reply.send(Box::new(self.model.clone()))),
            Ask::Sync(reply) if self.goal.is_none() => _ = reply.send(self.model.now()),
            Ask::Sync(reply) => self.waiting.push(reply),
        }
    }
}

impl WaterEngine {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(model: WaterModel) -> std::io::Result<Self> {
        let (asks, inbox) = mpsc::channel();
        let (out, frames) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let worker = Worker { model, inbox, out, stop: stop.clone(), goal: None, waiting: Vec::new() };
        let thread = thread::Builder::new().name("water".into()).spawn(move || worker.run())?;
        Ok(Self { asks: Some(asks), frames, stop, thread: Some(thread) })
    }

    fn ask(&self, ask: Ask) -> bool {
        self.asks.as_ref().is_some_and(|asks| asks.send(ask).is_ok())
    }

    /// Asks for water up to an instant; returns at once. Frames arrive in [`Self::arrived`].
    pub fn request(&self, until: Stamp) {
        self.ask(Ask::Advance(until));
    }

    /// Does something to the water at the next frame; returns at once.
    pub fn apply(&self, measure: Measure) {
        self.ask(Ask::Apply(Box::new(measure), None));
    }

    /// Does something to the water at the next frame and waits until it is done: at most one frame's computing.
    /// The record says at which simulated instant, so that the run can be repeated.
    ///
    /// # Errors
    /// When the measure names nothing that exists, or the thread has ended.
    pub fn enact(&self, measure: Measure) -> Answer {
        let (reply, done) = mpsc::channel();
        self.ask(Ask::Apply(Box::new(measure), Some(reply)));
        done.recv().unwrap_or_else(|_| Err(MeasureError::new("any", "the water thread has ended")))
    }

    /// Undoes the last measure that can be undone.
    ///
    /// # Errors
    /// When there is none, or the thread has ended.
    pub fn undo(&self) -> Answer {
        let (reply, done) = mpsc::channel();
        self.ask(Ask::Undo(reply));
        done.recv().unwrap_or_else(|_| Err(MeasureError::new("undo", "the water thread has ended")))
    }

    /// Frames that have arrived, oldest first; never waits.
    #[must_use]
    pub fn arrived(&self) -> Vec<Arc<DepthField>> {
        self.frames.try_iter().collect()
    }

    /// Asks for water up to an instant and waits; the frames since the last call, oldest first. A drill
    /// waits so that it stays deterministic.
    #[must_use]
    pub fn advance_and_wait(&self, until: Stamp) -> Vec<Arc<DepthField>> {
        self.request(until);
        let (reply, done) = mpsc::channel();
        if self.ask(Ask::Sync(reply)) {
            // An error means that the thread has ended: then there is nothing to wait for.
            let _ended = done.recv();
        }
        self.arrived()
    }

    /// A copy of the model as it stands at the next frame; `None` when the thread has ended.
    #[must_use]
    pub fn fork(&self) -> Option<WaterModel> {
        let (reply, copy) = mpsc::channel();
        if !self.ask(Ask::Fork(reply)) {
            return None;
        }
        copy.recv().ok().map(|model| *model)
    }
}

impl Drop for WaterEngine {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the water thread has been reported by the runtime already.
            let _ended = thread.join();
        }
    }
}
