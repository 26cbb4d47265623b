//! Light of the hour: where sun and moon stand, what colours they give, what the sky looks like.

pub mod clock;
pub mod lamps;
pub mod moon;
pub mod sky;
pub mod sun;
pub mod tone;

pub use clock::{SceneClock, ScenePlace};
pub use tone::Tone;
