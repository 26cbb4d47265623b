//! Drills: scripts, injects, simulated responders, scoring, after-action report (DOMAIN §4.1–4.2).
//!
//! A drill is a room forked from live. Its script says which storm falls, what is told to whom and
//! when, and what the trainees should achieve. The room's clock asks [`schedule::due_inputs`] what to
//! put in the inbox; [`DrillPlugin`] watches the facts and keeps [`DrillState`]; [`report::Report`] is
//! what remains.
//!
//! Terminology: an *inject* is a message or an effect the script delivers; an *expectation* is
//! something that should be true by a time; *script time* is seconds after the drill's start.
//!
//! **Invariant:** delivering is pure: the same script, city, start and interval give the same inputs
//! in the same order, however the interval is cut.

mod chinese;
pub mod plan;
pub mod plugin;
pub mod report;
pub mod responder;
pub mod schedule;
pub mod score;
pub mod script;
pub mod state;
pub mod storm;
pub mod target;
mod watch;

use guanlan_core::file_words::both;

pub use plan::DrillPlan;
pub use plugin::DrillPlugin;
pub use report::Report;
pub use responder::{Responder, SeatView, respond};
pub use schedule::due_inputs;
pub use score::Scores;
pub use script::{DrillScript, schema};
pub use state::DrillState;

/// A drill script cannot be used. The message names file, line, field and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {}", both(chinese::PHRASES, message))]
pub struct DrillError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The field, for example `inject[2].channel`.
    pub field: String,
    /// What is wrong and what was expected.
    pub message: String,
}
