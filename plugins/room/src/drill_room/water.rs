//! The exercise's water: the script's rain over the city, measures and failures, forecasts and advice.

use std::{sync::Arc, time::Duration};

use guanlan_core::{
    Input, Stamp, UnitId,
    input::UnitStatus,
    water::{AdviceSearch, RainSource, RefusedMeasure, WaterReport},
};
use guanlan_dispatch::UnitRoster;
use guanlan_rainstorm::{
    Measure, WaterModel,
    ahead::AheadSettings,
    live::{books_of, scene_of, told_of},
    nudge::NudgeLedger,
    water::{CADENCE_S, exercise_pool},
};

use super::{AHEAD_EVERY_MIN, Drill};
use crate::{
    measures_of,
    water::{
        ahead::{AheadOptions, AheadThread, Job, resources},
        follow::MeasureFollower,
        search::Searching,
    },
};

/// The water says how it is doing this often, s.
const REPORT_EVERY_S: i64 = 30;
/// What it has been it says this often, s.
const PEAKS_EVERY_S: i64 = 60;
/// Wall time between them at least, s.
const AHEAD_WALL_S: f64 = 60.0;
/// After an order its water is followed for so long, ms of the exercise: it is shown this often, wall time, besides its own
/// cadence.
const FOLLOWED_MS: i64 = 15_000;
const FOLLOWED_EVERY: Duration = Duration::from_millis(500);
/// Wall time for one search for pump advice in an exercise.
const AHEAD_BUDGET: Duration = Duration::from_secs(60);

/// Of a time in ms.
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

impl Drill {
    /// The model of the water, with the script's rain; none where the city has no ground.
    pub(super) fn make_water(&mut self) -> Option<WaterModel> {
        let city = self.machine.config().city.clone();
        city.terrain.as_ref()?;
        let pool = exercise_pool(2).ok();
        let surface = self.surface.as_ref();
        let mut model = match WaterModel::new_on(&city, &self.scenario, self.start, CADENCE_S, pool, surface) {
            Ok(model) => model,
            Err(error) => {
                tracing::error!("the exercise runs without water: {error}");
                return None;
            }
        };
        model.track();
        model.apply(&Measure::Rain(self.plan.rain.clone()));
        for (from_s, to_s, pumps) in self.plan.pump_outages() {
            for pump in pumps {
                self.outages.push_back((from_s, pump.clone(), true));
                self.outages.push_back((to_s, pump.clone(), false));
            }
        }
        self.outages.make_contiguous().sort();
        Some(model)
    }

    /// The water of the interval, as inputs.
    pub(super) fn water_until(&mut self, from: Stamp, to: Stamp) -> Vec<Input> {
        let mut inputs = self.measured(from);
        let script_s = (to - self.start) / 1000;
        let every = self.followed_every();
        let Some(model) = self.water.as_mut() else { return inputs };
        while let Some((_, pump, failed)) = self.outages.pop_front_if(|(at, _, _)| i64::from(*at) <= script_s) {
            model.apply(&Measure::PumpFailed { pump, failed });
        }
        // It stands where the room stands, so that an order never waits for more than the second in work.
        let frame = model.keep_up(to);
        let field = frame.or_else(|| self.followed.is_due(to, every).then(|| Arc::new(model.frame())));
        let Some(mut field) = field else { return inputs };
        self.followed.shown();
        // A scripted flood is the exercise's truth, not an estimate of the real city's water.
        Arc::make_mut(&mut field).estimate = false;
        inputs.push(Input::Water(field));
        let over = |every_s: i64| {
            let of = |at: Stamp| (at - self.start).div_euclid(every_s * 1000);
            of(from) != of(to)
        };
        let (reports, tells) = (over(REPORT_EVERY_S), over(PEAKS_EVERY_S));
        if reports {
            inputs.extend(self.reported(Vec::new()));
        }
        // What the exercise's parent had is not this water's.
        if tells || self.peaks.is_none() {
            inputs.extend(self.has_been());
        }
        self.look_ahead(to);
        inputs
    }

    /// True when the water has yet to do what the room's list of measures says.
    pub(super) fn has_orders(&self) -> bool {
        self.water.is_some() && self.follower.is_behind(measures_of(&self.machine))
    }

    /// Does what people have ordered. What it does to the water is owed: the next field shows it.
    pub(super) fn measured(&mut self, now: Stamp) -> Vec<Input> {
        let mut inputs = self.heed_stop();
        let measures = measures_of(&self.machine);
        if !self.follower.is_behind(measures) {
            return inputs;
        }
        let first = self.follower == MeasureFollower::default() && measures.list.is_empty();
        let Some(model) = self.water.as_mut() else { return inputs };
        let refused = self.follower.follow(measures, model);
        if first {
            return inputs;
        }
        // What was poured counts although no time has gone by.
        model.look();
        self.followed.order(now + FOLLOWED_MS);
        inputs.extend(self.reported(refused));
        inputs
    }

    /// How often the water of an order is shown besides its cadence, wall time; `None` without a clock on the wall.
    fn followed_every(&self) -> Option<Duration> {
        (!self.unpaced()).then_some(FOLLOWED_EVERY)
    }

    /// The water as it stands, told at the instant of the room's clock.
    pub(super) fn as_it_stands(&self) -> Option<Input> {
        let mut field = self.water.as_ref()?.frame();
        (field.at, field.estimate) = (self.machine.now(), false);
        Some(Input::Water(Arc::new(field)))
    }

    /// The water a share of a tick on, when an order is owed it: at a slow pace the next tick is a long time off.
    pub(super) fn water_between(&mut self, share: f64) -> Option<Input> {
        let now = self.machine.now();
        if !self.followed.is_due(now, self.followed_every()) {
            return None;
        }
        let model = self.water.as_mut()?;
        let to_s = seconds(now - self.start) + share.clamp(0.0, 1.0) * seconds(super::TICK_MS);
        if to_s <= model.time_s() {
            return None;
        }
        model.run_to(to_s);
        self.followed.shown();
        self.as_it_stands()
    }

    /// Ends the search for advice when somebody has said so. The exercise begins without one, whatever its parent was at.
    fn heed_stop(&mut self) -> Vec<Input> {
        let searching = *self.machine.world().resource::<Searching>();
        match self.stops.replace(searching.stops) {
            None if searching.is_on() => return vec![Input::AdviceSearch(AdviceSearch::default())],
            Some(seen) if seen != searching.stops => self.ahead.iter().for_each(AheadThread::stop_search),
            _ => {}
        }
        Vec::new()
    }

    /// How the water is doing, and what can be seen of it.
    fn reported(&self, refused: Vec<RefusedMeasure>) -> Vec<Input> {
        let Some(model) = &self.water else { return Vec::new() };
        let report = WaterReport {
            at: model.now(),
            cell_m: model.domain().grid.cell_m,
            focus_cell_m: model.focus_cell_m(),
            cadence_s: CADENCE_S,
            // A rehearsal without a watch on the wall must come out the same every time.
            speed: if self.unpaced() { 0.0 } else { self.achieved },
            rain: RainSource::Script,
            rain_coverage: 100,
            rain_mm_h: (model.rain_mm_h() * 10.0).round() / 10.0,
            books: books_of(model, NudgeLedger::default()),
            refused,
            notes: told_of(model),
            ..WaterReport::default()
        };
        let scene = scene_of(model, self.machine.config().city.drainage.as_ref(), None);
        vec![Input::WaterReport(Arc::new(report)), Input::WaterScene(Arc::new(scene))]
    }

    /// What the water has been, when that is news.
    fn has_been(&mut self) -> Option<Input> {
        let told = self.water.as_ref()?.peaks()?;
        if self.peaks.as_ref().is_some_and(|last| last.says_the_same(&told)) {
            return None;
        }
        self.peaks = Some(told.clone());
        Some(Input::WaterPeaks(told))
    }

    /// Forecast and advice from where the exercise stands, with the rain of its script.
    fn look_ahead(&mut self, now: Stamp) {
        // A fast exercise asks less often: the machine has other things to do.
        self.due.every_ms = ((AHEAD_EVERY_MIN * 60.0).max(AHEAD_WALL_S * self.ceiling()) * 1000.0) as i64;
        if self.unpaced() || !self.due.is_due(now, false) {
            return;
        }
        let Some(model) = &self.water else { return };
        let city = self.machine.config().city.clone();
        if self.ahead.is_none() {
            let settings = AheadSettings { minutes: 60, field_every: 0, copy_every: 0, ..AheadSettings::default() };
            let options = AheadOptions { settings, budget: AHEAD_BUDGET };
            self.ahead = AheadThread::start(city.clone(), self.door.clone(), None, options, None).ok();
        }
        let Some(ahead) = self.ahead.as_ref().filter(|a| !a.is_busy()) else { return };
        let roster = self.machine.world().resource::<UnitRoster>();
        let free = |id: &UnitId| roster.get(id).is_none_or(|u| u.status == UnitStatus::Available);
        let rain_mm = {
            let t = model.time_s();
            model.rain().base.between_mm(t, t + 3600.0)
        };
        let job = Job {
            threads: 1,
            model: model.clone(),
            rain: None,
            source: RainSource::Script,
            rain_mm,
            resources: resources(&city, free),
        };
        if ahead.give(job) {
            self.due.made(now, false);
        }
    }
}
