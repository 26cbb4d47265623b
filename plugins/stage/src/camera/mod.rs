//! The eye over the city: orbit, pan, zoom, flights, bookmarks, named views.

pub mod flight;
pub mod input;
pub mod rig;
pub mod views;

pub use flight::{Flight, FlyTo};
pub use rig::{CameraPose, CameraRig, Lens};
pub use views::{NamedView, Views};
