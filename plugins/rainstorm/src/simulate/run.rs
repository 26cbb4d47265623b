//! A run as it goes: stops at fixed simulated times, so that a run that was interrupted and one that was not
//! are the same to the last bit.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use guanlan_city::City;
use guanlan_core::{Bilingual, Stamp};
use guanlan_geography::LocalFrame;
use serde::{Deserialize, Serialize};

use super::{DepthFrame, FocusFigures, Outcome, Progress, Rasters, Reached, SimulateError, Summary};
use crate::{
    bed::focus_boxes,
    drains::Drains,
    impact::{ImpactWatch, WatchState},
    measures::{Cost, MeasureError},
    outputs::{Gauge, GaugeExtremes, Tracker, ea_class, gauges_of},
    scenario::{Planned, Scenario},
    storm::{RainSeries, rain_signal, signals_reached},
    surface::{Domain, Patch, SurfaceMaker, SurfaceSolver},
    water::{StateError, WaterModel},
};

/// Simulated time between two looks at maxima, s.
const LOOK_S: f64 = 5.0;
/// Longest time between two lines of the series, s.
const SERIES_S: f64 = 60.0;
/// Cadence of rooms; a run has its own stops.
const CADENCE_S: u32 = 10;

/// What a step brought.
#[derive(Debug, Default)]
pub struct Step {
    /// A depth raster, when it is time.
    pub frame: Option<DepthFrame>,
    /// A line has been added to the series.
    pub line: bool,
}

/// The part of a run besides the model that moves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Course {
    next_output: u64,
    next_series: u64,
    next_look: u64,
    next_measure: usize,
    /// Entry of the scenario → index among the model's done measures.
    entries: BTreeMap<usize, usize>,
    watched_s: f64,
    series: Vec<(f64, f64, Vec<f32>)>,
    speeds: Vec<Vec<f32>>,
    /// Time spent by earlier attempts, s.
    wall_s: f64,
    began_s: f64,
    /// Largest area with more than 15 cm so far, cells, and when it had shrunk to 1 % of that.
    most_wet: usize,
    drained_at_s: Option<f64>,
}

/// A run under way.
pub struct Run<'a> {
    city: &'a City,
    scenario: Scenario,
    model: WaterModel,
    plan: Vec<Planned>,
    gauges: Vec<Gauge>,
    watch: ImpactWatch,
    rasters: Rasters,
    threads: usize,
    mean: RainSeries,
    wettest: RainSeries,
    total_s: f64,
    output_s: f64,
    series_s: f64,
    course: Course,
    began: Instant,
}

impl<'a> Run<'a> {
    /// A run at its start.
    ///
    /// # Errors
    /// When the scenario or the terrain makes no sense.
    pub fn new(
        city: &'a City,
        scenario: Scenario,
        pool: Option<Arc<rayon::ThreadPool>>,
        surface: Option<&SurfaceMaker>,
    ) -> Result<Self, SimulateError> {
        let began = Instant::now();
        let threads = pool.as_ref().map_or(1, |p| p.current_num_threads());
        let mut model = WaterModel::new_on(city, &scenario, Stamp::from_secs(0), CADENCE_S, pool, surface)?;
        let fresh_rain = model.rain().clone();
        let mut offset_s = 0.0;
        if let Some(path) = &scenario.initial.hot_start {
            let path = scenario.base.join(path);
            let name = path.display().to_string();
            let bytes = std::fs::read(&path).map_err(|e| SimulateError::File(name.clone(), e))?;
            model.restore(&bytes).map_err(|e| SimulateError::State(name, e))?;
            if scenario.initial.new_storm {
                offset_s = model.time_s();
                model.expect_rain(&fresh_rain);
                model.track();
            }
        }
        if model.tracker().is_none() {
            model.track();
            model.look();
        }
        let frame = LocalFrame::new(city.epsg, city.origin);
        let mut plan = scenario.schedule(&frame)?;
        plan.iter_mut().for_each(|p| p.at_s += offset_s);
        let grid = model.domain().grid;
        let gauges = gauges_of(city, &scenario.outputs, model.domain())?;
        let watch = ImpactWatch::new(city, model.domain(), scenario.limits()?);
        let total_s = offset_s + scenario.duration_s(model.rain().end_s() - offset_s);
        let (mean, wettest) = model.rain().over(&grid, total_s);
        let output_s = scenario.output_min * 60.0;
        let series_s = output_s.min(SERIES_S);
        let now_s = model.time_s();
        let next = |step: f64| (now_s / step + 1e-9).floor() as u64 + 1;
        let course = Course {
            next_output: next(output_s),
            next_series: next(series_s),
            next_look: next(LOOK_S),
            // What lies before the state has been done in it.
            next_measure: if offset_s > 0.0 { 0 } else { plan.partition_point(|p| p.at_s < now_s) },
            entries: BTreeMap::new(),
            watched_s: now_s,
            began_s: now_s,
            ..Course::default()
        };
        let rasters = Rasters::new(city, &scenario, model.domain());
        let mut run = Self {
            city,
            scenario,
            model,
            plan,
            gauges,
            watch,
            rasters,
            threads,
            mean,
            wettest,
            total_s,
            output_s,
            series_s,
            course,
            began,
        };
        run.course.entries = run.entries_of_state();
        run.measures_due()?;
        run.line();
        Ok(run)
    }

    /// Which entry of the plan each measure of a restored state was, by order of doing.
    fn entries_of_state(&self) -> BTreeMap<usize, usize> {
        let before = self.plan.iter().take(self.course.next_measure).filter(|p| p.measure.is_some());
        before
            .filter_map(|p| {
                let done = self.model.done();
                let same = |d: &crate::measures::DoneMeasure| Some(&d.measure) == p.measure.as_ref() && !d.undone;
                Some((p.entry, done.iter().position(same)?))
            })
            .collect()
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &WaterModel {
        &self.model
    }

    /// Where rasters lie.
    #[must_use]
    pub fn rasters(&self) -> &Rasters {
        &self.rasters
    }

    /// Simulated time, s.
    #[must_use]
    pub fn time_s(&self) -> f64 {
        self.model.time_s()
    }

    /// True at the end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.model.time_s() >= self.total_s
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let deepest_m = self.model.tracker().map_or(0.0, |t| t.most().0);
        Progress { simulated_s: self.model.time_s(), total_s: self.total_s, deepest_m }
    }

    /// Advances to the next stop.
    ///
    /// # Errors
    /// When a planned measure cannot be done.
    pub fn step(&mut self) -> Result<Step, SimulateError> {
        let c = &self.course;
        let stops =
            [c.next_output as f64 * self.output_s, c.next_series as f64 * self.series_s, c.next_look as f64 * LOOK_S];
        let measure = self.plan.get(c.next_measure).map_or(f64::INFINITY, |p| p.at_s);
        let until = stops.into_iter().fold(self.total_s.min(measure), f64::min);
        self.model.run_to(until);
        let now = self.model.time_s();
        let mut step = Step::default();
        if now >= stops[2] || now >= self.total_s {
            self.course.next_look += u64::from(now >= stops[2]);
            self.model.look();
            self.mind_draining(now);
        }
        if now >= stops[1] || now >= self.total_s {
            self.course.next_series += u64::from(now >= stops[1]);
            self.watch.look(self.model.solver(), now - self.course.watched_s);
            self.course.watched_s = now;
            self.line();
            step.line = true;
        }
        if now >= stops[0] || now >= self.total_s {
            self.course.next_output += u64::from(now >= stops[0]);
            if self.scenario.outputs.depth_rasters {
                let of = |solver: &dyn SurfaceSolver| masked(solver.depths_m(), solver.domain());
                let solver = self.model.solver();
                let finer = solver.finer().into_iter().map(of).collect();
                step.frame = Some(DepthFrame { at_s: now, depth_m: of(solver), finer });
            }
        }
        self.measures_due()?;
        Ok(step)
    }

    fn measures_due(&mut self) -> Result<(), SimulateError> {
        while let Some(planned) = self.plan.get(self.course.next_measure).filter(|p| p.at_s <= self.model.time_s()) {
            let place = |e: MeasureError| MeasureError {
                measure: format!("{} ({})", planned.entry + 1, e.measure),
                reason: e.reason,
            };
            match &planned.measure {
                Some(measure) => {
                    self.model.enact_named(measure, &planned.name).map_err(place)?;
                    self.course.entries.insert(planned.entry, self.model.done().len() - 1);
                }
                None => {
                    let index = self.course.entries.get(&planned.entry).copied().unwrap_or(usize::MAX);
                    self.model.undo_at(index).map_err(place)?;
                }
            }
            self.course.next_measure += 1;
        }
        Ok(())
    }

    fn line(&mut self) {
        let (solver, now) = (self.model.solver(), self.model.time_s());
        let water: Vec<[f32; 2]> = self.gauges.iter().map(|g| g.water(solver)).collect();
        let depths = water.iter().map(|w| w[0]).collect();
        self.course.series.push((now, self.mean.intensity_mm_h(now), depths));
        self.course.speeds.push(water.iter().map(|w| w[1]).collect());
    }

    /// Follows how long the water stays after the rain.
    fn mind_draining(&mut self, now: f64) {
        let mut wet = 0_usize;
        self.model.solver().for_rows(&mut |_, row| wet += row.iter().filter(|h| **h > 0.15).count());
        let held = self.model.domain().held();
        wet -= held.iter().filter(|c| self.model.solver().depth_at_m(c.col, c.row) > 0.15).count().min(wet);
        if wet > self.course.most_wet {
            self.course.most_wet = wet;
        }
        let end = self.model.rain().end_s();
        if now < end || wet * 100 > self.course.most_wet {
            self.course.drained_at_s = None;
        } else {
            self.course.drained_at_s.get_or_insert(now);
        }
    }

    /// Everything that moves, to go on after a kill.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub fn checkpoint(&self) -> std::io::Result<Vec<u8>> {
        let mut course = self.course.clone();
        course.wall_s += self.began.elapsed().as_secs_f64();
        postcard::to_stdvec(&(self.model.save()?, course, self.watch.state())).map_err(std::io::Error::other)
    }

    /// Goes on from a checkpoint of the same scenario and city.
    ///
    /// # Errors
    /// When it does not fit; the run must not be used then.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<(), StateError> {
        let (model, course, watch): (Vec<u8>, Course, WatchState) =
            postcard::from_bytes(bytes).map_err(|_| StateError::Format)?;
        if course.series.iter().any(|line| line.2.len() != self.gauges.len()) || !self.watch.set_state(watch) {
            return Err(StateError::Format);
        }
        self.model.restore(&model)?;
        self.course = course;
        Ok(())
    }

    /// What has come out.
    #[must_use]
    pub fn finish(self) -> Outcome {
        let extremes = self.model.tracker().cloned().unwrap_or_default();
        let domain = self.model.domain();
        let summary = self.summary(&extremes);
        let impact = self.watch.clone().finish(self.city, domain, &extremes, self.model.works().closed_roads());
        let max_depth_m = masked(extremes.depth_m.clone(), domain);
        let mut rasters = self.rasters;
        rasters.say(&summary);
        Outcome {
            summary,
            rasters,
            max_depth_m,
            frames: Vec::new(),
            extremes_at: self.gauges.iter().map(|g| GaugeExtremes::of(g, &extremes, domain)).collect(),
            extremes,
            gauges: self.gauges,
            series: self.course.series,
            speeds: self.course.speeds,
            impact,
        }
    }

    fn summary(&self, extremes: &Tracker) -> Summary {
        let (model, city) = (&self.model, self.city);
        let (domain, grid) = (model.domain(), model.domain().grid);
        let wall_s = self.course.wall_s + self.began.elapsed().as_secs_f64();
        let computed_s = model.time_s() - self.course.began_s;
        let (mut arr, mut ea, mut over) = ([0.0; 6], [0.0; 4], [0.0; 2]);
        for (part, k, area) in extremes.finest(domain) {
            if part.arr[k] > 0 {
                arr[usize::from(part.arr[k] - 1).min(5)] += area;
                ea[usize::from(ea_class(part.ea[k])).min(3)] += area;
            }
            over[0] += if part.depth_m[k] > 0.15 { area } else { 0.0 };
            over[1] += if part.depth_m[k] > 0.5 { area } else { 0.0 };
        }
        let peak = |rain: &RainSeries| {
            (0..(rain.end_s().min(self.total_s) / 60.0).ceil() as usize)
                .map(|m| rain.between_mm(m as f64 * 60.0, (m + 1) as f64 * 60.0) * 60.0)
                .fold(0.0, f64::max)
        };
        let effort = model.done().iter().filter(|d| d.undoes.is_none()).fold(Cost::default(), |a, d| Cost {
            people: a.people + d.cost.people,
            trucks: a.trucks + d.cost.trucks,
            minutes: a.minutes.max(d.cost.minutes),
        });
        let (max_depth_m, max_speed_mps) = extremes.most();
        let mut summary = Summary {
            scenario: (&self.scenario.name).into(),
            city: city.name.clone(),
            storm: (&self.scenario.storm_name()).into(),
            mode: "batch".into(),
            program: env!("CARGO_PKG_VERSION").into(),
            epsg: city.epsg,
            origin: city.origin,
            cells: grid.len(),
            open_cells: domain.open_cells(),
            cols: grid.cols,
            rows: grid.rows,
            cell_size_m: grid.cell_m,
            terrain_cell_m: city.terrain.as_ref().map_or(0.0, |t| t.cell_m),
            steps: model.solver().steps(),
            simulated_s: model.time_s(),
            began_s: self.course.began_s,
            wall_s,
            threads: self.threads,
            real_time_ratio: computed_s / wall_s.max(1e-9),
            cell_updates: model.solver().cell_updates(),
            solver: model.solver().title().into(),
            rain_mm: self.mean.cumulative_mm(model.time_s()),
            rain_most_mm: self.wettest.cumulative_mm(model.time_s()),
            rain_peak_mm_h: peak(&self.wettest),
            rain_signal: rain_signal(&self.wettest),
            rain_signals: signals_reached(&self.wettest)
                .into_iter()
                .map(|(level, at_s)| Reached { level, at_s })
                .collect(),
            ledger: model.ledger(),
            drains: model.drain_ledger(),
            inlets: model.drains().map_or(0, |d| Drains::plan(d).inlets()),
            max_depth_m,
            max_speed_mps,
            area_over_15cm_m2: over[0],
            area_over_50cm_m2: over[1],
            arr_area_m2: arr,
            ea_area_m2: ea,
            drained_s: self.course.drained_at_s.map(|t| (t - model.rain().end_s()).max(0.0)),
            focus: self.focus(extremes),
            measures: model.done().to_vec(),
            effort,
            honesty: Vec::new(),
            notes: model.notes().to_vec(),
        };
        summary.honesty = honesty(&summary);
        summary.honesty.splice(3..3, self.scenario.ground.words());
        summary
    }

    fn focus(&self, extremes: &Tracker) -> Vec<FocusFigures> {
        let domain = self.model.domain();
        let frame = LocalFrame::new(self.city.epsg, self.city.origin);
        let figures = self.scenario.focus.iter().map(|focus| {
            // A ring that is nowhere has no cells, which its figures say.
            let ring = Scenario::focus_ring_m(focus, &frame);
            let patch = focus_patch(domain, &ring).filter(|_| self.scenario.is_refined(focus));
            let (grid, extremes) = match patch {
                Some(k) => (domain.patches()[k].domain.grid, &extremes.finer[k]),
                None => (domain.grid, extremes),
            };
            let mut out =
                FocusFigures { name: (&focus.name).into(), cell_size_m: grid.cell_m, ..FocusFigures::default() };
            for k in 0..grid.len() {
                if crate::measures::inside(&ring, grid.centre_m(k % grid.cols, k / grid.cols)) {
                    out.cells += 1;
                    out.max_depth_m = out.max_depth_m.max(extremes.depth_m[k]);
                    out.area_over_15cm_m2 += if extremes.depth_m[k] > 0.15 { grid.cell_area_m2() } else { 0.0 };
                }
            }
            out
        });
        figures.collect()
    }
}

/// Resolution, inputs, error and mode.
fn honesty(s: &Summary) -> Vec<Bilingual> {
    let (cell, terrain) = (s.cell_size_m, s.terrain_cell_m);
    let fine = s.focus.iter().map(|f| f.cell_size_m).find(|m| *m < cell);
    let drains = if s.drains.is_some() {
        ("含雨水管网", "storm drains included")
    } else {
        ("不含雨水管网", "no storm drains")
    };
    vec![
        Bilingual::new("批量模拟，不含实测", "batch model run, no measurements in it"),
        match fine {
            Some(fine) => Bilingual::new(
                format!("网格 {cell} m，重点区域 {fine} m（地形 {terrain} m）"),
                format!("{cell} m cells, {fine} m in focus areas (terrain {terrain} m)"),
            ),
            None => Bilingual::new(
                format!("网格 {cell} m（地形 {terrain} m），全域同一网格"),
                format!("{cell} m cells over the whole area (terrain {terrain} m)"),
            ),
        },
        Bilingual::new(
            format!("降雨 {:.0} mm，{}", s.rain_mm, drains.0),
            format!("rain {:.0} mm, {}", s.rain_mm, drains.1),
        ),
        Bilingual::new(
            format!("水量误差 {:.1e}", s.ledger.error_relative),
            format!("mass error {:.1e}", s.ledger.error_relative),
        ),
        Bilingual::same(s.solver.clone()),
    ]
}

/// The finer raster that covers a ring, if any does.
pub(super) fn focus_patch(domain: &Domain, ring: &[[f64; 2]]) -> Option<usize> {
    let (boxes, place) = focus_boxes(&domain.grid, &[ring.to_vec()]);
    let [col, row, cols, rows] = boxes[place.first().copied().flatten()?];
    let holds = |p: &Patch| p.covers(col, row) && p.covers(col + cols - 1, row + rows - 1);
    // The outermost cells of the terrain may be left out.
    let whole = domain.patches().iter().position(holds);
    whole.or_else(|| domain.patches().iter().position(|p| p.covers(col, row)))
}

/// NaN where depth has no meaning: blocked cells and held water.
fn masked(mut depth_m: Vec<f32>, domain: &Domain) -> Vec<f32> {
    let cols = domain.grid.cols;
    for (k, h) in depth_m.iter_mut().enumerate() {
        if domain.is_blocked(k % cols, k / cols) {
            *h = f32::NAN;
        }
    }
    for cell in domain.held() {
        depth_m[cell.row * cols + cell.col] = f32::NAN;
    }
    depth_m
}
