//! What is written on the map: names of areas, places and roads, callouts of what needs a person, pinned words.
//! Labels never lie over each other or under a panel, and do not flicker while the camera moves.

pub mod names;
mod paint;
pub mod place;
pub mod show;
pub mod wants;

pub use names::{Name, NameKind, Names, names};
pub use place::{Obb, Placed, Placer, Want};
pub use show::{Callout, Written, write};
