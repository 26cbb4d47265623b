//! The comparison report: one HTML file without outside parts, Chinese first, English second.

mod aspects;
mod chart;
mod facts;
mod figures;
mod map;
mod page;
mod raster;
mod text;

pub use facts::RunFacts;
pub use page::{ReportHead, comparison};
