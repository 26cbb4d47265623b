//! The test bench of rule files: a rule file against recorded data, and rules against their own tests.
//!
//! The bench is a room with nothing but sensing and alerting in it, driven by the time of the data: what
//! it prints is what a live room would have done.

mod own;
pub mod record;
mod run;
mod series;

pub(crate) use own::check_test;
pub use own::{TestOutcome, run_tests};
pub use record::{RecordError, Recorded, Row, read_csv};
pub use run::{Bench, Transition};
pub use series::{Expected, parse_expected, parse_series};
