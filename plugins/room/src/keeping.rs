//! What a room's history begins with: opened beside its journal, with what it must still be told.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_journal::{
    Meta, Store,
    figures::FigureBook,
    history::{History, HistoryDoor, Retention, SqliteHistory},
};

use crate::{
    config::RoomConfig,
    health::Trouble,
    machine::Machine,
    recover::{ReplayError, recover, recover_keeping},
    tap::{Kept, Tap},
};

/// The history of a room, with what it must still be told from the journal.
pub struct Keeping {
    pub(crate) history: Box<dyn History>,
    pub(crate) book: FigureBook,
    pub(crate) journal: PathBuf,
    /// Ticks that were run again at the start.
    pub(crate) again: Vec<Kept>,
    /// Ticks up to this one are on disk or must be read from the journal.
    pub(crate) through: u64,
    /// What people must know of the start.
    notice: Option<Trouble>,
    /// Last tick of the journal.
    pub(crate) head_tick: u64,
}

/// The history beside a journal; told and left out when it cannot be opened.
fn open_history(
    store: &dyn Store,
    last_tick: u64,
    journal: &Path,
    keep: Retention,
) -> Option<(FigureBook, Box<dyn History>)> {
    // A journal that goes on from a damaged one has another parent, and the same history.
    let meta = Meta { parent: None, ..store.meta().clone() };
    let opened = SqliteHistory::beside(journal, &meta, last_tick, keep)
        .and_then(|history| Ok((history.load_figures()?, Box::new(history) as Box<dyn History>)));
    opened.map_err(|error| tracing::error!("no history is kept: {error}")).ok()
}

impl Keeping {
    /// Opens the history beside a journal and brings the room back; what the history lacks of the last ticks is
    /// gathered on the way.
    ///
    /// # Errors
    /// When the journal cannot be read. A history that cannot be opened is told on stderr and the room runs without.
    pub fn open(
        config: &Arc<RoomConfig>,
        store: &dyn Store,
        journal: &Path,
        keep: Retention,
    ) -> Result<(Machine, Option<Self>), ReplayError> {
        let Some((book, history)) = open_history(store, store.head().tick, journal, keep) else {
            return Ok((recover(config, store)?, None));
        };
        let (machine, through, again) = recover_keeping(config, store)?;
        let head_tick = store.head().tick;
        let keeping = Self { history, book, journal: journal.to_owned(), again, through, notice: None, head_tick };
        Ok((machine, Some(keeping)))
    }

    /// The history of a room that goes on in a new journal from where its machine stands.
    #[must_use]
    pub fn beside(mut machine: Machine, store: &dyn Store, journal: &Path, keep: Retention) -> (Machine, Option<Self>) {
        let Some((mut book, mut history)) = open_history(store, u64::MAX, journal, keep) else {
            return (machine, None);
        };
        if let Err(error) = history.go_on_from(machine.tick_number()) {
            tracing::error!("no history is kept: {error}");
            return (machine, None);
        }
        book.go_on_from(store.head().seq);
        let (_, newcomers) = Tap::default().take(&mut machine);
        let (tick, now) = (machine.tick_number(), machine.now());
        let again = vec![Kept { tick, now, inputs: Vec::new(), sensed: Vec::new(), newcomers }];
        // What the history lacks before this tick is not in the new journal.
        let through = 0;
        let keeping =
            Self { history, book, journal: journal.to_owned(), again, through, notice: None, head_tick: tick };
        (machine, Some(keeping))
    }

    /// With something people must know of the start; it is part of the room's health until the next one.
    #[must_use]
    pub fn with_notice(mut self, notice: Trouble) -> Self {
        self.notice = Some(notice);
        self
    }

    pub(crate) fn notice(&self) -> Option<Trouble> {
        self.notice.clone()
    }

    /// Where questions about the past are asked.
    #[must_use]
    pub fn door(&self) -> HistoryDoor {
        self.history.door(&self.book)
    }

    pub(crate) fn retention(&self) -> Retention {
        *self.history.retention()
    }
}
