//! Scenes: the picture of a room, second by second, so that any second of the past is there at once.
//!
//! The historian keeps them ([`SceneKeeper`]) of committed ticks; a replay looks at them ([`Past`]). Readings are not in
//! them: the history has every one. Depth fields are in the journal's blocks: a scene only says in which tick.

mod keeper;
mod parts;
mod past;

pub use keeper::SceneKeeper;
pub use past::Past;
