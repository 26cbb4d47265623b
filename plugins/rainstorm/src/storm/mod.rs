//! Rain as a function of time and place: design storms from a 暴雨强度公式, SCS, uniform and recorded rain,
//! radar grids, moving cells and painted rain.
//!
//! Rain that is the same everywhere is a [`RainSeries`], a cumulative curve; with the rest it makes a [`Rain`].
//! Both are a [`RainField`], from which any time step receives exactly the rain that falls in it.

mod areal;
mod cells;
mod chicago;
mod field;
mod formula;
mod grids;
mod map;
mod paint;
mod radar;
mod recorded;
mod scs;
mod series;
mod signal;

pub use areal::areal_reduction;
pub use cells::StormCell;
pub use chicago::{ChicagoStorm, chicago};
pub use field::RainField;
pub use formula::{Coefficients, FormulaBook, FormulaForm, IntensityFormula, PeriodRow};
pub use grids::{RainGrid, RainGrids};
pub use map::{Rain, RainMap};
pub use paint::{BrushMode, BrushStroke};
pub use radar::{GridSpec, GridUnit, NodataRule};
pub use recorded::read_hyetograph;
pub use scs::{ScsType, scs, scs_share};
pub use series::RainSeries;
pub use signal::{rain_signal, signals_reached};

use guanlan_core::file_words::both;

use crate::chinese::PHRASES;

/// A storm cannot be made. The message names file, field and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {place}: {}", both(PHRASES, reason))]
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
