//! The hours ahead: a fork of a model runs on with the rain that is expected, and what it does to gauges, roads,
//! places and buildings is written down with its times.
//!
//! Two runs from the same model with the same rain, cut at the same times, differ only by what was done: that is how
//! advice compares.

mod coarse;
mod harm;
mod report;
mod run;
mod sites;

pub use coarse::CoarseTwin;
pub use harm::{UNDERPASS_MIN, harm_of};
pub use report::report_of;
pub use run::{Ahead, AheadSettings, Doing, Kept, look_ahead};
pub use sites::{AheadCity, Site};
