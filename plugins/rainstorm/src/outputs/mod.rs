//! What comes out of a run: maxima and hazard, Cloud-Optimized GeoTIFF, series, files.

mod cog;
mod gauges;
mod hazard;
mod peaks;
mod track;

pub use cog::{Band, Resample, write_cog};
pub use gauges::{Gauge, GaugeExtremes, gauges_of};
pub use hazard::{arr_class, ea_class, ea_rating};
pub use peaks::{peaks_of, resume};
pub use track::Tracker;
