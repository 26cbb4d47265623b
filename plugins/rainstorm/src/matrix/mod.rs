//! A matrix of scenarios: every combination of a few choices, run side by side, resumable, compared.

mod batch;
mod key;
mod spec;

pub use batch::{BatchOptions, BatchProgress, RunResult, run_batch};
pub use key::{city_key, run_key};
pub use spec::{Axis, AxisValue, Matrix, MatrixRun};
