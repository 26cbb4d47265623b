//! Rain as a function of time: design storms from a 暴雨强度公式, uniform and recorded rain.
//!
//! Everything ends in a [`RainSeries`], a cumulative curve, so that any time step receives exactly
//! the rain that falls in it.

mod chicago;
mod field;
mod formula;
mod recorded;
mod series;
mod signal;

pub use chicago::{ChicagoStorm, chicago};
pub use field::RainField;
pub use formula::{Coefficients, FormulaBook, FormulaForm, IntensityFormula, PeriodRow};
pub use recorded::read_hyetograph;
pub use series::RainSeries;
pub use signal::rain_signal;

/// A storm cannot be made. The message names file, field and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {place}: {reason}")]
pub struct StormError {
    /// File or table.
    pub origin: String,
    /// Line or field.
    pub place: String,
    /// What is wrong and what was expected.
    pub reason: String,
}

impl StormError {
    /// An error at a place of a file.
    #[must_use]
    pub fn new(origin: impl Into<String>, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { origin: origin.into(), place: place.into(), reason: reason.into() }
    }
}
