//! The demo city: Guanlan District 观澜区, invented from one seed and written as the standard files that
//! the ordinary importers read.
//!
//! The same seed gives the same bytes. Heights, roads, drains and buildings come from one plan, so
//! they fit: inverts lie below the ground that the terrain file shows, underpasses are dug where
//! the roads file has them.

mod admin;
mod buildings;
mod cache;
mod components;
mod dice;
mod drainage;
mod files;
mod geom;
mod ground;
mod landmarks;
mod lonlat;
mod manifest;
mod mask;
mod network;
mod params;
mod people;
mod places;
mod plan;
mod sensors;
pub mod sprawl;
mod streets;
mod write_cityjson;
mod write_geojson;
mod write_osm;
mod write_swmm;

use std::path::PathBuf;

pub use cache::ensure;
pub use files::{DemoFiles, MAX_SENSORS, MIN_SENSORS, generate};

/// What may be chosen about the demo city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoParams {
    /// Everything that is left to chance follows from it.
    pub seed: u64,
    /// Sensors in all, of which 30 are water gauges; [`MIN_SENSORS`] to [`MAX_SENSORS`].
    pub sensors: usize,
}

impl Default for DemoParams {
    fn default() -> Self {
        Self { seed: 1, sensors: 2000 }
    }
}

/// The demo city cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The plan file is wrong.
    #[error("demo city plan: {0}")]
    Plan(String),
    /// A number of sensors outside what the city is made for.
    #[error("{given} sensors: expected {least} to {most}")]
    Sensors {
        /// As asked.
        given: usize,
        /// Fewest.
        least: usize,
        /// Most.
        most: usize,
    },
    /// A file cannot be written or read.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The cache was changed by somebody else while it was used.
    #[error("{path}: the demo city's files are not complete", path = .0.display())]
    Incomplete(PathBuf),
    /// Coordinates cannot be converted.
    #[error(transparent)]
    Crs(#[from] guanlan_geography::CrsError),
}
