//! Importers: one module per format. Each returns what it read and a [`Report`] of what it skipped,
//! repaired or guessed; none panics on any bytes.

pub mod cityjson;
mod peek;
mod placer;
mod report;
mod rings;
mod triangulate;
mod usage;

pub use peek::Peek;
pub use report::{FileFacts, ImportError, Problem, Report, Severity};
