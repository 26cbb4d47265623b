//! The room from its journal: after a stop or a crash, or as of any instant.

use std::{collections::VecDeque, sync::Arc};

use guanlan_core::{Input, Stamp};
use guanlan_journal::{JournalError, Store, StoredTick};

use crate::{
    config::RoomConfig,
    machine::{Machine, TickOutcome},
    tap::{Kept, Tap},
};

/// The past cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The journal refused.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A snapshot was written by another build.
    #[error("snapshot in the journal does not fit this program: {0}")]
    Snapshot(#[from] guanlan_tick::StateError),
    /// The thread could not be started.
    #[error("cannot start the replay thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// The room as of everything in a store: last snapshot plus the ticks after it.
///
/// # Errors
/// When the store cannot be read. A snapshot of another build is passed over: the whole journal is
/// then run again, which takes longer and gives the same truth.
pub fn recover(config: &Arc<RoomConfig>, store: &dyn Store) -> Result<Machine, ReplayError> {
    let mut machine = machine_before(config, store, Stamp(i64::MAX))?;
    let mut cursor = Cursor::default();
    cursor.forward(&mut machine, store, Stamp(i64::MAX))?;
    Ok(machine)
}

/// The room as far as a damaged store is whole: the last good snapshot and the ticks up to the damage.
#[must_use]
pub fn recover_what_is_whole(config: &Arc<RoomConfig>, store: &dyn Store) -> Machine {
    let mut machine = machine_before(config, store, Stamp(i64::MAX)).unwrap_or_else(|error| {
        tracing::error!("{error}");
        Machine::new(config.clone())
    });
    if let Err(error) = Cursor::default().forward(&mut machine, store, Stamp(i64::MAX)) {
        tracing::error!("{error}");
    }
    machine
}

/// As [`recover`]; also what the history may have to be told again: the tick of the snapshot it went on from, and
/// every tick after it.
pub(crate) fn recover_keeping(
    config: &Arc<RoomConfig>,
    store: &dyn Store,
) -> Result<(Machine, u64, Vec<Kept>), ReplayError> {
    let mut machine = machine_before(config, store, Stamp(i64::MAX))?;
    let (through, mut tap) = (machine.tick_number(), Tap::default());
    let (_, newcomers) = tap.take(&mut machine);
    let first = Kept { tick: through, now: machine.now(), inputs: Vec::new(), sensed: Vec::new(), newcomers };
    let mut kept = vec![first];
    Cursor::default().forward_with(&mut machine, store, Stamp(i64::MAX), &mut |machine, inputs| {
        let (sensed, newcomers) = tap.take(machine);
        kept.push(Kept { tick: machine.tick_number(), now: machine.now(), inputs, sensed, newcomers });
    })?;
    Ok((machine, through, kept))
}

/// The room as of the last snapshot at or before an instant, or as it began.
pub(crate) fn machine_before(config: &Arc<RoomConfig>, store: &dyn Store, at: Stamp) -> Result<Machine, ReplayError> {
    match store.snapshot_at(at)? {
        Some(snapshot) => match Machine::restore(config.clone(), &snapshot) {
            Ok(machine) => Ok(machine),
            Err(error) => {
                // What was retired cannot be run again.
                let first = store.ticks_after(0, 1)?.first().map_or(1, |t| t.tick - u64::from(t.idle_ticks));
                if first > 1 {
                    return Err(JournalError::Retired { through: first - 1 }.into());
                }
                tracing::warn!("{error}; running the journal from its beginning");
                Ok(Machine::new(config.clone()))
            }
        },
        None => Ok(Machine::new(config.clone())),
    }
}

/// Reads stored ticks ahead in pages.
#[derive(Default)]
pub(crate) struct Cursor {
    page: VecDeque<StoredTick>,
}

/// Ticks read at once.
const PAGE: usize = 256;

impl Cursor {
    /// Runs `machine` over the stored ticks up to and including the instant `until`.
    pub fn forward(&mut self, machine: &mut Machine, store: &dyn Store, until: Stamp) -> Result<(), JournalError> {
        self.forward_with(machine, store, until, &mut |_, _| {})
    }

    /// As [`Self::forward`]; `look` sees the machine after every stored tick, with the tick's inputs.
    fn forward_with(
        &mut self,
        machine: &mut Machine,
        store: &dyn Store,
        until: Stamp,
        look: &mut dyn FnMut(&mut Machine, Vec<Input>),
    ) -> Result<(), JournalError> {
        self.forward_telling(machine, store, until, &mut |machine, inputs, _| look(machine, inputs))
    }

    /// As [`Self::forward_with`]; `look` also sees what the tick brought about.
    pub fn forward_telling(
        &mut self,
        machine: &mut Machine,
        store: &dyn Store,
        until: Stamp,
        look: &mut dyn FnMut(&mut Machine, Vec<Input>, TickOutcome),
    ) -> Result<(), JournalError> {
        loop {
            if self.page.front().is_none_or(|t| t.tick <= machine.tick_number()) {
                let after = machine.tick_number();
                // One damaged tick must not take the whole ones of its page with it.
                self.page = store.ticks_after(after, PAGE).or_else(|_| store.ticks_after(after, 1))?.into();
            }
            let Some(next) = self.page.front() else { return Ok(()) };
            let tick_ms = machine.config().tick_ms;
            // Regular empty ticks are not stored: they are run again in between.
            while machine.tick_number() + 1 < next.tick {
                let now = machine.now() + tick_ms;
                if now > until {
                    return Ok(());
                }
                machine.tick(now, Vec::new());
            }
            if next.now > until {
                return Ok(());
            }
            if let Some(next) = self.page.pop_front() {
                let (outcome, inputs) = machine.tick_keeping(next.now, next.inputs);
                look(machine, inputs, outcome);
            }
        }
    }
}
