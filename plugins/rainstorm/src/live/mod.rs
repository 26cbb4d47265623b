//! Live water: the model beside a real city, driven by the rain that is measured, corrected by the gauges it
//! believes, and honest about how good it was before the correction.
//!
//! [`LiveModel`] is synchronous and deterministic; whoever runs it gives it what the city says ([`Observed`]) and the
//! instant, and gets a field, a report and a scene. Threads, priorities and clocks are the caller's.
//!
//! **Invariant:** skill is measured before a reading corrects the model.
//! **Invariant:** what a correction adds or takes is a term of its own in the books, which close all the same.

mod check;
mod model;
mod rain;
mod scene;
mod site;
mod skill;

pub use check::{CheckSettings, Doubt};
pub(crate) use model::calm;
pub use model::{
    LiveModel, LiveSettings, LiveStep, Observed, RiverReading, STRETCH_S, WaterReading, books_of, told_of,
};
pub use rain::{RainAnalysis, RainReading, analyse, expected_rain};
pub use scene::scene_of;
pub use site::GaugeSite;
pub use skill::SkillWindow;
