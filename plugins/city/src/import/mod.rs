//! Importers: one module per format. Each returns what it read and a [`Report`] of what it skipped,
//! repaired or guessed; none panics on any bytes.

pub mod archive;
pub mod assemble;
pub(crate) mod bearing;
pub mod cityjson;
pub mod format;
mod gather;
pub mod geojson_layers;
mod geokeys;
pub mod gltf;
mod ground;
mod inspect;
pub mod osm;
mod packed;
mod peek;
pub(crate) mod picture;
pub(crate) mod place_files;
mod placer;
pub mod plain;
pub mod raster;
pub mod raster_file;
mod raster_part;
mod report;
mod rings;
pub(crate) mod steps;
pub mod swmm;
pub mod terrain_asc;
pub mod terrain_hgt;
pub mod terrain_tiff;
pub mod tiles3d;
mod transcode;
mod triangulate;
mod unread;
mod usage;
pub mod vector;
mod words;

pub(crate) use assemble::assemble;
pub use assemble::{LoadOptions, load_city};
pub use format::{Format, detect};
pub use gather::Window;
pub use inspect::inspect;
pub use peek::Peek;
pub use report::{FileFacts, ImportError, Problem, Report, Severity, Tally, tally};
pub use words::chinese;
