//! The water beside the live room.

use std::sync::{Arc, Mutex, PoisonError};

use guanlan_room::{Timelines, WaterBeside, WaterOptions, run_water};

use crate::{
    exit::{Failure, Outcome, bad_input, failed},
    shipped,
};

/// The water beside the live room: prepared with the house, started when it is known what computes it.
#[derive(Clone)]
pub struct WaterDesk {
    /// Nothing where the city has no ground to run on, or nobody wants water.
    wanted: Option<(Arc<Timelines>, WaterOptions)>,
    running: Arc<Mutex<Option<WaterBeside>>>,
}

impl WaterDesk {
    pub(super) fn prepare(timelines: &Arc<Timelines>, ahead: Option<(f64, f64)>) -> Result<Self, Failure> {
        let running = Arc::default();
        let Some((hours, every_min)) = ahead else { return Ok(Self { wanted: None, running }) };
        let positive = |v: f64, what: &str| {
            if v.is_finite() && v > 0.0 { Ok(()) } else { Err(bad_input(format!("{what} {v}: expected more than 0"))) }
        };
        positive(hours, "--forecast-hours")?;
        positive(every_min, "--forecast-every")?;
        if timelines.config().city.terrain.is_none() {
            return Ok(Self { wanted: None, running });
        }
        let scenario = shipped::scenario().map_err(failed)?;
        let options = WaterOptions { hours, every_min, ..WaterOptions::new(scenario) };
        Ok(Self { wanted: Some((Arc::clone(timelines), options)), running })
    }

    /// True where there will be water.
    pub fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    /// What computes it when `choice` was asked for: focus areas need the processor, so `auto` takes it for them.
    pub fn solver<'a>(&self, choice: &'a str) -> &'a str {
        let refines = |(timelines, options): &(Arc<Timelines>, WaterOptions)| {
            options.scenario.refines_in(&timelines.config().city)
        };
        if choice == "auto" && self.wanted.as_ref().is_some_and(refines) { "cpu" } else { choice }
    }

    /// Starts it, once.
    pub fn start(&self) -> Outcome {
        let Some((timelines, options)) = &self.wanted else { return Ok(()) };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(run_water(Arc::clone(timelines), options.clone()).map_err(failed)?);
        }
        Ok(())
    }

    pub(super) fn stop(&self) {
        drop(self.running.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}
