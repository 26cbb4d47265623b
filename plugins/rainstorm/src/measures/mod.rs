//! What people do to the water while it rains: pumps, sandbags, gates, inlets, kerbs, closures, sponge
//! measures, river stage. Each is an event with a time, a cost and, where that makes sense, an inverse.

mod chain;
mod cost;
mod line;
mod measure;
mod scheme;
mod works;

pub use chain::{NamedFace, chain_of_line};
pub use cost::{Cost, CostBook, CostRow, CostUnit};
pub use line::{Face, faces_of_line};
pub use measure::{Barrier, BarrierKind, Discharge, Measure, MobilePump, PumpRun, Sponge};
pub use scheme::{DoneMeasure, TimedMeasure};
pub(crate) use works::inside;
pub use works::{MeasureError, Works};
