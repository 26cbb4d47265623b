//! Model crews: they drive a route, work, report and come home, or wander on patrol. Pure: time is an argument.
//!
//! The device simulator and the crews of a drill use the same model, so that both move alike.

mod chance;
mod driver;
mod patrol;

use guanlan_core::input::{UnitFix, UnitReport};

pub use chance::mix;
pub use driver::{CrewDriver, CrewTask, Phase};
pub use patrol::PatrolDriver;

/// A moving crew sends its position this often, ms.
pub const FIX_MS: i64 = 5_000;
/// A standing crew sends its position this often, ms.
pub const IDLE_FIX_MS: i64 = 30_000;

/// What a model crew sends.
#[derive(Clone, Debug, PartialEq)]
pub enum CrewOutput {
    /// A position.
    Fix(UnitFix),
    /// A report.
    Report(UnitReport),
}
