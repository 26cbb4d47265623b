//! Case workflow, deadlines in working time, key figures (数字城管 案卷).
//!
//! Terminology: a *case* (案卷) is one problem from report to closing; a *step* is one legal move of
//! it; a *limit* is the time a class of problem may take, a *deadline* the instant it ends.
//!
//! **Invariant:** a case moves only through [`workflow::path`]; every move is an entry of its
//! history and a `CaseMoved` fact. **Invariant:** codes, limits and calendars are data with edition
//! and source, never Rust enums. **Invariant:** nobody verifies his own work.
//!
//! Entry points: [`CaseworkPlugin`] for a room, [`CaseFile`] for readers of the picture,
//! [`can_dispatch`] for the crate that sends crews.

pub mod calendar;
mod calendar_file;
pub mod case;
pub mod category;
pub mod file;
pub mod kpi;
pub mod limit;
pub mod number;
pub mod plugin;
pub mod rules;
pub mod site;
pub mod state;
pub mod table;
pub mod workflow;

mod auto;
mod chinese;
mod commands;
mod intake;
mod mover;
mod units;

use guanlan_core::file_words::both;

pub use calendar::Calendar;
pub use calendar_file::{CALENDAR, CalendarFile};
pub use case::{Case, CaseSource, HistoryEntry};
pub use category::{Categories, Category, CategoryKey};
pub use file::CaseFile;
pub use kpi::{CaseKpis, KpiSet};
pub use limit::{Limit, LimitKind, deadline};
pub use number::{CaseNumber, case_number};
pub use plugin::CaseworkPlugin;
pub use rules::CaseRules;
pub use state::CaseState;
pub use workflow::can_dispatch;

/// A table or a rule file of casework cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseworkError {
    /// A line of a table is wrong.
    #[error("{file}:{line}: {field}: {}", both(chinese::PHRASES, message))]
    Table {
        /// File name.
        file: String,
        /// Line, from 1.
        line: usize,
        /// Column.
        field: String,
        /// What was expected.
        message: String,
    },
    /// A TOML file is wrong.
    #[error("{file}: {}", both(chinese::PHRASES, message))]
    File {
        /// File name.
        file: String,
        /// Place, reason and what was expected.
        message: String,
    },
}
