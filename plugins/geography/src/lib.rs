//! Coordinate reference systems, the local metric frame of a city, GCJ-02/BD-09, grid and component
//! codes.
//!
//! **Invariant:** every pair of coordinates in this crate is `[x east, y north]` or
//! `[longitude, latitude]`, whatever axis order the CRS itself declares.
//! **Invariant:** PROJ objects stay in the thread that made them; [`Transformer`] and [`LocalFrame`]
//! are plain values that any thread may use.

pub mod code;
pub mod database;
pub mod ecef;
pub mod error;
pub mod frame;
pub mod gcj;
pub mod shifted;
pub mod transform;
pub mod vertical;
pub mod zone;

pub use code::{CodeError, ComponentCode, ComponentEdition, GridCode, GridEdition};
pub use error::CrsError;
pub use frame::LocalFrame;
pub use gcj::{bd09_to_gcj02, gcj02_to_bd09, gcj02_to_wgs84, wgs84_to_gcj02};
pub use shifted::{BD09, GCJ02, Shifted, crs_code, crs_name};
pub use transform::{Transformer, is_geographic, is_metric_at};
pub use vertical::{CrsParts, Heights, crs_parts, horizontal_code};
pub use zone::choose_local_epsg;

/// EPSG code of CGCS2000 geographic 2D (longitude, latitude in this crate).
pub const CGCS2000: u32 = 4490;
/// EPSG code of WGS 84 geographic 2D (longitude, latitude in this crate).
pub const WGS84: u32 = 4326;
