//! The bounded door of a room: everything that comes in waits here for the next tick.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use guanlan_core::{CommandEnvelope, CommandId, Input, Reply};

/// Called once, after the tick that drained the inputs is committed: `true` = durable.
pub type Ack = Box<dyn FnOnce(bool) + Send>;
/// Called once with the answer to a command, after commit.
pub type Answer = Box<dyn FnOnce(Reply) + Send>;

pub(crate) enum Delivery {
    Inputs(Vec<Input>, Option<Ack>),
    Command(Box<CommandEnvelope>, Answer),
}

/// Deliveries (batches or commands) that may wait; more is refused so that pressure is felt outside.
const CAPACITY: usize = 65_536;

/// The door is shut or the hall is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// Too much waits: try again later.
    #[error("房间输入队列已满，请稍后重试 / the room's input queue is full, try again later")]
    Full,
    /// The room has stopped.
    #[error("房间已停止 / the room has stopped")]
    Closed,
}

/// Where inputs and commands go in. Cheap to clone.
#[derive(Clone)]
pub struct RoomSender {
    tx: Sender<Delivery>,
}

pub(crate) fn door() -> (RoomSender, Receiver<Delivery>) {
    let (tx, rx) = bounded(CAPACITY);
    (RoomSender { tx }, rx)
}

impl RoomSender {
    /// Hands over a batch without waiting. `ack` is called after commit.
    ///
    /// # Errors
    /// [`QueueError::Full`] gives back-pressure to the source; the batch is then not taken and `ack` is dropped uncalled.
    pub fn submit(&self, inputs: Vec<Input>, ack: Option<Ack>) -> Result<(), QueueError> {
        self.tx.try_send(Delivery::Inputs(inputs, ack)).map_err(|e| refused(&e))
    }

    /// As [`Self::submit`]; a batch that is not taken comes back.
    ///
    /// # Errors
    /// As [`Self::submit`], with the batch.
    pub fn submit_back(&self, inputs: Vec<Input>, ack: Option<Ack>) -> Result<(), (QueueError, Vec<Input>)> {
        self.tx.try_send(Delivery::Inputs(inputs, ack)).map_err(|error| {
            let why = refused(&error);
            match error.into_inner() {
                Delivery::Inputs(inputs, _) => (why, inputs),
                Delivery::Command(..) => (why, Vec::new()),
            }
        })
    }

    /// Asks for something to be done; `answer` is called after commit.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn command(&self, envelope: CommandEnvelope, answer: Answer) -> Result<(), QueueError> {
        self.tx.try_send(Delivery::Command(Box::new(envelope), answer)).map_err(|e| refused(&e))
    }

    /// Deliveries waiting.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.tx.len()
    }
}

fn refused<T>(error: &TrySendError<T>) -> QueueError {
    match error {
        TrySendError::Full(_) => QueueError::Full,
        TrySendError::Disconnected(_) => QueueError::Closed,
    }
}

/// Pairs replies with those who wait for them; the rest (repeated ids) wait for the same reply.
pub(crate) fn pair_answers(mut waiting: BTreeMap<CommandId, Vec<Answer>>, replies: Vec<Reply>) -> Vec<(Answer, Reply)> {
    let mut pairs = Vec::new();
    for reply in replies {
        for answer in waiting.remove(&reply.command).unwrap_or_default() {
            pairs.push((answer, reply.clone()));
        }
    }
    pairs
}
