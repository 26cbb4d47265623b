//! The past run again, without a clock or a view.

use std::sync::Arc;

use guanlan_core::{Event, Stamp};
use guanlan_journal::Store;

use crate::{
    config::RoomConfig,
    machine::Machine,
    recover::{Cursor, ReplayError, machine_before},
};

/// Goes through the ticks of a journal.
pub struct Replayer {
    machine: Machine,
    cursor: Cursor,
}

/// What running the past again showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Snapshots passed whose hash was compared.
    pub checked: u32,
    /// Of those, not what running the journal gave.
    pub differing: u32,
    /// Hash of the state at the end.
    pub state_hash: String,
}

impl Replayer {
    /// The room as of an instant.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn at(config: &Arc<RoomConfig>, store: &dyn Store, at: Stamp) -> Result<Self, ReplayError> {
        let mut machine = machine_before(config, store, at)?;
        let mut cursor = Cursor::default();
        cursor.forward(&mut machine, store, at)?;
        Ok(Self { machine, cursor })
    }

    /// Runs on to an instant; `tell` hears every stored tick with its facts.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn run(
        &mut self,
        store: &dyn Store,
        to: Stamp,
        tell: &mut dyn FnMut(u64, Stamp, &[Event]),
    ) -> Result<Replayed, ReplayError> {
        let mut done = Replayed::default();
        loop {
            // To the next snapshot, to compare, or to the end.
            let next = store.next_snapshot(self.machine.tick_number())?.filter(|(_, ts, _)| *ts <= to);
            let until = next.as_ref().map_or(to, |(_, ts, _)| *ts);
            self.cursor.forward_telling(&mut self.machine, store, until, &mut |machine, _, outcome| {
                tell(machine.tick_number(), machine.now(), &outcome.events);
            })?;
            let Some((tick, _, hash)) = next else { break };
            if self.machine.tick_number() == tick {
                done.checked += 1;
                done.differing += u32::from(self.machine.state_hash()? != hash);
            }
            if self.machine.tick_number() < tick {
                // Idle ticks up to a snapshot at the end of a room are not in any block.
                break;
            }
        }
        self.cursor.forward_telling(&mut self.machine, store, to, &mut |machine, _, outcome| {
            tell(machine.tick_number(), machine.now(), &outcome.events);
        })?;
        done.state_hash = self.machine.state_hash()?;
        Ok(done)
    }
}
