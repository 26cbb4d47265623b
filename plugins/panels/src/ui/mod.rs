//! The panels: functions from values to egui, returning what was asked for.

pub mod alerts;
pub mod areas;
pub mod briefing;
pub mod cases;
pub mod catalogue;
pub mod crews;
pub mod detail;
pub mod figures;
pub mod headline;
pub mod kit;
pub mod layers;
pub mod tell;
pub mod timebar;
pub mod toasts;
pub mod water;
pub mod why;
