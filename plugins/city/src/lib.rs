//! The static twin: terrain, buildings, roads, water, drains, components; importers; the demo city.
//!
//! **Invariant:** parsers return what they could read and say what they could not; no bytes make
//! them panic. **Invariant:** nothing here knows a renderer or a room.

pub mod demo;
pub mod export_tiff;
pub mod flat;
pub mod import;
pub mod model;
pub mod pack;

pub use model::City;
