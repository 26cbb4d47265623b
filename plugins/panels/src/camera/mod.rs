//! Pictures of cameras as tiles on the map.

pub mod fetch;
pub mod mjpeg;
pub mod tiles;

pub use tiles::{Pictures, Tile};
