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
pub mod health;
pub mod kit;
pub mod layers;
pub mod records;
pub mod risk;
pub mod tell;
pub mod timebar;
pub mod toasts;
pub mod trend;
pub mod warnings;
pub mod water;
pub mod why;
