//! How the room itself is doing, in figures and in words.

use guanlan_core::{Bilingual, Stamp};
use guanlan_journal::{Fault, JournalError};

use crate::wall::wall_now;

/// Something is wrong with the medium or the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind.
    pub fault: Fault,
    /// What it is and what to do.
    pub text: Bilingual,
    /// What the system says, word for word.
    pub detail: String,
    /// Since when, wall clock.
    pub since: Stamp,
}

impl Trouble {
    /// Trouble that begins now.
    #[must_use]
    pub fn new(fault: Fault, detail: String, since: Stamp) -> Self {
        Self { fault, text: fault.text(), detail, since }
    }

    /// Notes what the medium said last; the same again keeps its beginning.
    pub(crate) fn note(slot: &mut Option<Self>, error: Option<&JournalError>) {
        let Some(error) = error else {
            if slot.take().is_some() {
                tracing::info!("the medium is well again");
            }
            return;
        };
        let (fault, detail) = (error.fault(), error.to_string());
        match slot {
            Some(t) if t.fault == fault => t.detail = detail,
            _ => {
                tracing::error!("{}: {detail}", fault.code());
                *slot = Some(Self::new(fault, detail, wall_now()));
            }
        }
    }
}

/// How the room itself is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// 99th percentile of how late ticks began over the last minutes, ms.
    pub lateness_p99_ms: f64,
    /// Mean cost of a tick, ms.
    pub tick_cost_ms: f64,
    /// Deliveries waiting at the door.
    pub queue: usize,
    /// Ticks that ran but are not on disk yet.
    pub uncommitted: usize,
    /// Why nothing is acknowledged, in both languages and the system's words; empty when well.
    pub trouble: String,
    /// Everything that is wrong with journal, history and clock, by kind.
    pub troubles: Vec<Trouble>,
    /// Last record of the chain.
    pub journal_seq: u64,
}

impl Health {
    /// Takes over what journal, history, clock and start say. Only the journal's trouble stops acknowledgements.
    #[must_use]
    pub(crate) fn with_troubles(
        mut self,
        [journal, history]: [Option<Trouble>; 2],
        others: impl IntoIterator<Item = Trouble>,
    ) -> Self {
        self.trouble = why(&journal);
        let history = history.map(|t| Trouble {
            text: Bilingual::new(
                format!("历史库：{}；实况不受影响", t.text.zh),
                format!("history: {}; the live room is not affected", t.text.en),
            ),
            ..t
        });
        self.troubles.extend(journal.into_iter().chain(history).chain(others));
        self
    }
}

/// Why nothing is acknowledged, in both languages and the system's words; empty when well.
pub(crate) fn why(journal: &Option<Trouble>) -> String {
    journal.as_ref().map(|t| format!("{} / {}\n{}", t.text.zh, t.text.en, t.detail)).unwrap_or_default()
}
