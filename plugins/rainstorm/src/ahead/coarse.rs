//! The city over coarser cells: a search tries many things on it, and what it finds is run again on the real cells.

use std::sync::Arc;

use guanlan_city::City;
use guanlan_core::Stamp;

use super::AheadCity;
use crate::{
    impact::Limits,
    live::calm,
    scenario::Scenario,
    storm::Rain,
    water::{WaterError, WaterModel},
};

/// Time between exchanges of street and drains on coarse cells, s.
const PACE_S: f64 = 4.0;

/// Made once for a city, filled for every search.
pub struct CoarseTwin {
    template: WaterModel,
    /// Its places.
    pub city: AheadCity,
}

impl CoarseTwin {
    /// Cells of `cell_m` over the city of a scenario.
    ///
    /// # Errors
    /// As [`WaterModel::new`].
    pub fn new(
        city: Arc<City>,
        scenario: &Scenario,
        cell_m: f64,
        pool: Option<Arc<rayon::ThreadPool>>,
    ) -> Result<Self, WaterError> {
        let calm = Scenario { cell_m, focus: Vec::new(), ..calm(scenario) };
        let mut template = WaterModel::new(&city, &calm, Stamp(0), 60, pool)?;
        template.expect_rain(&Rain::default());
        template.settle();
        template.set_pace_s(PACE_S);
        let places = AheadCity::new(city, template.domain(), Limits::builtin().unwrap_or_default());
        Ok(Self { template, city: places })
    }

    /// Side of its cells, m.
    #[must_use]
    pub fn cell_m(&self) -> f64 {
        self.template.domain().grid.cell_m
    }

    /// A model that stands in for a finer one; `None` when it cannot.
    #[must_use]
    pub fn of(&self, fine: &WaterModel) -> Option<WaterModel> {
        let mut model = self.template.clone();
        model.stand_in_for(fine).then_some(model)
    }
}
