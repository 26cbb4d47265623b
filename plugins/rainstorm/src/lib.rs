//! Storms, two-dimensional surface flow, storm drains, impact: the water of Guanlan.
//!
//! Nothing here belongs to a room: the solver runs beside it and delivers depth frames.
//!
//! **Invariant:** the same city, scenario and measures give the same depths, bit for bit, on any number
//! of threads.
//! **Invariant:** no volume is clamped away: the ledger of the surface and of the drains closes.

pub mod advice;
pub mod ahead;
pub mod bed;
pub mod bench;
mod chinese;
mod chinese_notes;
pub mod drains;
pub mod impact;
pub mod live;
pub mod matrix;
pub mod measures;
pub mod nudge;
pub mod outputs;
pub mod report;
pub mod scenario;
pub mod simulate;
pub mod storm;
pub mod surface;
pub mod validate;
pub mod water;

pub use bench::{Figure, bench_flood, bench_flood_on};
pub use measures::{Measure, MeasureError};
pub use scenario::{CitySource, Scenario, ScenarioError};
pub use simulate::{Outcome, Progress, SimulateError, SimulateOptions, simulate, write_frame, write_outputs};
pub use surface::Ledger as SurfaceLedger;
pub use water::{
    Forecast, ForecastSettings, ForecastTask, WaterEngine, WaterError, WaterModel, forecast, low_priority_pool,
};
