//! Importers: one module per format. Each returns what it read and a [`Report`] of what it skipped,
//! repaired or guessed; none panics on any bytes.

mod report;

pub use report::{FileFacts, ImportError, Problem, Report, Severity};
