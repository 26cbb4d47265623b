//! The model of live water: one step takes what the city says, moves the water to the present, compares, judges
//! gauges, corrects.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use guanlan_city::City;
use guanlan_core::{
    Bilingual, SensorId, Stamp, WaterPeaks,
    input::{DepthField, DepthPatch},
    rain::RainGrids as Feed,
    water::{GaugeVerdict, WaterBooks, WaterReport},
};

use super::{
    CheckSettings, GaugeSite, RainAnalysis, RainReading, SkillWindow, analyse,
    check::{Evidence, GaugeMemory, Judgement},
};
use crate::{
    measures::Measure,
    nudge::{NudgeLedger, NudgeSettings, nudge},
    scenario::{Scenario, Storm, StormKind},
    storm::Rain,
    surface::SurfaceMaker,
    water::{WaterError, WaterModel},
};

/// How live water is run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveSettings {
    /// Simulated time between fields, s.
    pub cadence_s: u32,
    /// Share of every grate that leaves and litter block as a rule, 0 to 1: what clearing an inlet can win.
    pub clogging: f64,
    /// How gauges draw the model.
    pub nudge: NudgeSettings,
    /// When gauges are doubted.
    pub check: CheckSettings,
    /// Window of the skill, min.
    pub skill_min: u32,
    /// Further behind than this the time between is left out, min.
    pub leap_min: f64,
}

impl Default for LiveSettings {
    fn default() -> Self {
        Self {
            cadence_s: 30,
            clogging: 0.3,
            nudge: NudgeSettings::default(),
            check: CheckSettings::default(),
            skill_min: 60,
            leap_min: 30.0,
        }
    }
}

/// What one water gauge says.
#[derive(Clone, Debug, PartialEq)]
pub struct WaterReading {
    /// The stream.
    pub sensor: SensorId,
    /// Local m.
    pub place_m: [f64; 2],
    /// Depth of water over the road, m.
    pub depth_m: f64,
    /// When it was measured.
    pub at: Stamp,
    /// False when the device itself is suspect, stale or offline: it is looked at, not followed.
    pub sound: bool,
}

/// What one river gauge says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RiverReading {
    /// Local m.
    pub place_m: [f64; 2],
    /// Level, m above the city's datum.
    pub level_m: f64,
}

/// What the city says now.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The instant.
    pub now: Stamp,
    /// Rain gauges that are fresh and sound.
    pub rain: Vec<RainReading>,
    /// Rain grids of feeds, in order of issue.
    pub grids: Vec<Arc<Feed>>,
    /// Water gauges with their last reading.
    pub water: Vec<WaterReading>,
    /// River gauges that are fresh and sound.
    pub river: Vec<RiverReading>,
}

/// What a step brings.
#[derive(Clone, Debug)]
pub struct LiveStep {
    /// The water after the correction.
    pub field: Arc<DepthField>,
    /// How it is doing. Speed is filled in by whoever measures it.
    pub report: WaterReport,
}

/// A river gauge speaks for water this near, m.
const RIVER_REACH_M: f64 = 300.0;
/// A level further than this from the scenario's is of another datum, m.
const RIVER_RANGE_M: f64 = 6.0;
/// Smaller changes of a river are waves, m.
const RIVER_STILL_M: f64 = 0.02;
/// Over cells at least this large street and drains meet less often: water needs longer from cell to cell, m.
const ROOM_CELL_M: f64 = 8.0;
/// Time between such meetings, s.
const ROOM_PACE_S: f64 = 2.0;
/// Orders are looked for so often while the model moves, s of its own time: a handful of the solver's steps.
pub const STRETCH_S: f64 = 2.0;
/// Rain remembered at a gauge: hours fade with this time, s.
const MEMORY_S: f64 = 6.0 * 3600.0;
/// Half an hour of peak rain fades with this time, s.
const PEAK_S: f64 = 1800.0;
/// Rain must have been known for so long before its lack speaks against a gauge, s.
const KNOWN_S: f64 = 300.0;
/// Rain after so long a time without is another storm: maxima begin anew, ms (the usual 6 h between events).
const STORMS_APART_MS: i64 = 6 * 3_600_000;
/// Less rain over the city is no storm, mm/h.
const STORM_MM_H: f64 = 0.1;

/// A gauge with all that is remembered of it.
#[derive(Clone, Debug)]
struct Watched {
    site: GaugeSite,
    memory: GaugeMemory,
    last: Option<Stamp>,
    /// Rain of the last hours, mm, and for how long it has been known, s.
    rain_mm: f64,
    known_s: f64,
    /// Somebody knows the rain here now.
    raining_known: bool,
    peak_mm_h: f64,
    verdict: Option<GaugeVerdict>,
}

/// A scenario without its storm and its measures: ground, losses and drains.
pub(crate) fn calm(scenario: &Scenario) -> Scenario {
    // A scenario has a storm; whoever asks takes it away before it begins.
    let storm = Storm { kind: StormKind::Uniform, intensity_mm_h: 1.0, duration_min: 1.0, ..Storm::default() };
    let mut calm = Scenario { storm: Some(storm), storm_file: None, measure: Vec::new(), ..scenario.clone() };
    calm.initial.hot_start = None;
    calm
}

/// Live water over one city. Cloning forks it.
#[derive(Clone)]
pub struct LiveModel {
    model: WaterModel,
    settings: LiveSettings,
    gauges: BTreeMap<SensorId, Watched>,
    /// Gauges that have no open ground.
    homeless: std::collections::BTreeSet<SensorId>,
    skill: SkillWindow,
    nudged: NudgeLedger,
    rain: Option<RainAnalysis>,
    notes: Vec<Bilingual>,
    /// When it rained last.
    rained: Option<Stamp>,
    /// Until then the gauges' rain is remembered, s after the model's start.
    remembered_s: f64,
}

/// Notes of a model told on screen.
const TOLD: usize = 4;

/// What a model had to assume, for the screen: the first notes, and how many more there are.
#[must_use]
pub fn told_of(model: &WaterModel) -> Vec<Bilingual> {
    let notes = model.notes();
    let both = |note: &String| match note.split_once(" / ") {
        Some((zh, en)) => Bilingual::new(zh, en),
        None => Bilingual::new(note, note),
    };
    let more = notes.len().saturating_sub(TOLD);
    let rest = (more > 0).then(|| Bilingual::new(format!("另有 {more} 条说明"), format!("and {more} notes more")));
    notes.iter().take(TOLD).map(both).chain(rest).collect()
}

impl LiveModel {
    /// A dry city at `start`, with the ground, losses and drains of a scenario; its storm and measures are left out.
    ///
    /// # Errors
    /// As [`WaterModel::new`].
    pub fn new(
        city: &City,
        scenario: &Scenario,
        start: Stamp,
        settings: LiveSettings,
        pool: Option<Arc<rayon::ThreadPool>>,
    ) -> Result<Self, WaterError> {
        Self::new_on(city, scenario, start, settings, pool, None)
    }

    /// The same with the surface on a device, see [`WaterModel::new_on`].
    ///
    /// # Errors
    /// As [`WaterModel::new`].
    pub fn new_on(
        city: &City,
        scenario: &Scenario,
        start: Stamp,
        settings: LiveSettings,
        pool: Option<Arc<rayon::ThreadPool>>,
        surface: Option<&SurfaceMaker>,
    ) -> Result<Self, WaterError> {
        let calm = calm(scenario);
        let mut model = WaterModel::new_on(city, &calm, start, settings.cadence_s, pool, surface)?;
        model.expect_rain(&Rain::default());
        let mut notes = told_of(&model);
        if settings.clogging > 0.0 && calm.drains.clogging == 0.0 {
            let ids: Vec<String> = model
                .drains()
                .map(|d| d.plan().inlets.iter().map(|i| d.plan().nodes[i.node].id.clone()).collect())
                .unwrap_or_default();
            for node in ids {
                model.apply(&Measure::InletOpen { node, open_share: 1.0 - settings.clogging });
            }
            notes.push(Bilingual::new(
                format!("雨水口按堵塞 {:.0} % 计", settings.clogging * 100.0),
                format!("inlets are taken as {:.0} % clogged", settings.clogging * 100.0),
            ));
        }
        model.settle();
        model.track();
        if model.domain().grid.cell_m >= ROOM_CELL_M {
            model.set_pace_s(ROOM_PACE_S);
        }
        Ok(Self::from_model(model, settings, notes))
    }

    /// Live water on a model that stands where it is.
    #[must_use]
    pub fn from_model(model: WaterModel, settings: LiveSettings, notes: Vec<Bilingual>) -> Self {
        let skill = SkillWindow::new(settings.skill_min);
        let (gauges, homeless) = (BTreeMap::new(), Default::default());
        Self {
            remembered_s: model.time_s(),
            model,
            settings,
            gauges,
            homeless,
            skill,
            nudged: NudgeLedger::default(),
            rain: None,
            notes,
            rained: None,
        }
    }

    /// Takes the water of a field as the present one, for example after a restart. False when it is of another raster.
    pub fn begin_with(&mut self, field: &DepthField) -> bool {
        let grid = self.model.domain().grid;
        let shape = |g: &crate::surface::Grid| (g.west_m, g.south_m, g.cell_m, g.cols as u32, g.rows as u32);
        let same = field.shape().first() == Some(&shape(&grid)) && field.depth_mm.len() == grid.len();
        if same {
            let fixed: std::collections::BTreeMap<(usize, usize), f32> =
                self.model.domain().held().iter().map(|h| ((h.col, h.row), h.depth_m)).collect();
            self.model.solver_mut().fill_depths(&|c, r| match fixed.get(&(c, r)) {
                Some(depth) => *depth,
                None => f32::from(field.depth_mm[r * grid.cols + c]) / 1000.0,
            });
            // A focus area that was not there then keeps the mean of its cells.
            for solver in self.model.solver_mut().finer_mut() {
                let grid = solver.domain().grid;
                let fits = |p: &&DepthPatch| {
                    (p.west_m, p.south_m, p.cell_m, p.cols, p.rows) == shape(&grid) && p.depth_mm.len() == grid.len()
                };
                let Some(patch) = field.finer.iter().find(fits) else { continue };
                let held: BTreeMap<(usize, usize), f32> =
                    solver.domain().held().iter().map(|h| ((h.col, h.row), h.depth_m)).collect();
                solver.fill_depths(&|c, r| match held.get(&(c, r)) {
                    Some(depth) => *depth,
                    None => f32::from(patch.depth_mm[r * grid.cols + c]) / 1000.0,
                });
            }
        }
        same
    }

    /// The model, to be forked for a forecast.
    #[must_use]
    pub fn model(&self) -> &WaterModel {
        &self.model
    }

    /// The model, for measures.
    pub fn model_mut(&mut self) -> &mut WaterModel {
        &mut self.model
    }

    /// The rain of the last step.
    #[must_use]
    pub fn rain(&self) -> Option<&RainAnalysis> {
        self.rain.as_ref()
    }

    /// The instant it stands at.
    #[must_use]
    pub fn now(&self) -> Stamp {
        self.model.now()
    }

    /// What corrections have moved so far.
    #[must_use]
    pub fn nudged(&self) -> NudgeLedger {
        self.nudged
    }

    /// True when so much time has gone by that the model has to begin anew with its last field.
    #[must_use]
    pub fn must_leap(&self, now: Stamp) -> bool {
        (now - self.now()) as f64 / 60_000.0 > self.settings.leap_min || now < self.now()
    }

    /// Moves to the last whole cadence before what is observed, judges and corrects. `None` when that has been
    /// reached already. `patience` ends the moving: the rest is done in the next step.
    pub fn step(&mut self, observed: &Observed, patience: Duration) -> Option<LiveStep> {
        self.step_unless(observed, patience, &mut || false)
    }

    /// As [`Self::step`], but it is asked after every [`STRETCH_S`] whether somebody waits: then the rest is done in the
    /// next step.
    pub fn step_unless(
        &mut self,
        observed: &Observed,
        patience: Duration,
        waited_for: &mut dyn FnMut() -> bool,
    ) -> Option<LiveStep> {
        let began = std::time::Instant::now();
        let from = self.now();
        self.follow_river(&observed.river);
        let rain = analyse(&self.model.domain().grid, &observed.rain, &observed.grids, observed.now);
        let ahead_s = ((observed.now - from) as f64 / 1000.0).max(0.0) + 3600.0;
        self.model.feed_rain(&rain.rain(ahead_s));
        self.begin_storm(&rain, observed.now);
        let mut moved = false;
        while let Some(arrived) = self.model.go_on(observed.now, STRETCH_S) {
            moved |= arrived;
            if waited_for() || (arrived && began.elapsed() > patience) {
                break;
            }
        }
        if !moved {
            self.rain = Some(rain);
            return None;
        }
        self.remember_rain(&rain, self.model.time_s() - self.remembered_s);
        self.remembered_s = self.model.time_s();
        self.rain = Some(rain);
        let followed = self.compare(observed);
        let wanted: Vec<(&GaugeSite, f64)> =
            followed.iter().filter_map(|(id, m)| self.gauges.get(id).map(|g| (&g.site, *m))).collect();
        let moved = nudge(&mut self.model, &wanted, &self.settings.nudge);
        self.nudged.added_m3 += moved.added_m3;
        self.nudged.taken_m3 += moved.taken_m3;
        Some(LiveStep { field: Arc::new(self.model.frame()), report: self.report() })
    }

    /// The water on the way to `now`, between two cadences: what somebody has just ordered is seen in it. It goes on as it
    /// last knew its rain, in stretches of [`STRETCH_S`] until `patience` is at its end, one at least; nothing is compared
    /// or corrected. The field holds for [`Self::now`].
    pub fn follow_to(&mut self, now: Stamp, patience: Duration) -> DepthField {
        let (began, to_s) = (std::time::Instant::now(), (now - self.model.start()) as f64 / 1000.0);
        // What is beyond the cadence is the next step's.
        let to_s = to_s.min((self.model.next_frame_at() - self.model.start()) as f64 / 1000.0);
        while self.model.time_s() < to_s {
            self.model.run_to((self.model.time_s() + STRETCH_S).min(to_s));
            if began.elapsed() > patience {
                break;
            }
        }
        self.model.frame()
    }

    /// Maxima of a storm begin with its rain.
    fn begin_storm(&mut self, rain: &RainAnalysis, now: Stamp) {
        if rain.mean_mm_h() < STORM_MM_H {
            return;
        }
        if self.rained.replace(now).is_none_or(|last| now - last >= STORMS_APART_MS) {
            self.model.track();
        }
    }

    /// Goes on with the maxima of a model before it; false when they are of another raster.
    pub fn track_on(&mut self, peaks: &WaterPeaks) -> bool {
        let fits = self.model.track_on(peaks);
        if fits {
            self.rained = Some(peaks.at);
        }
        fits
    }

    /// Holds rivers at what their gauges say, unless somebody holds them by hand.
    fn follow_river(&mut self, readings: &[RiverReading]) {
        let by_hand = |d: &crate::measures::DoneMeasure| {
            matches!(d.measure, Measure::RiverStage { .. }) && !d.undone && d.undoes.is_none()
        };
        if self.model.done().iter().any(by_hand) {
            return;
        }
        let rise = |r: &RiverReading| Some(r.level_m - self.model.river_level_near(r.place_m, RIVER_REACH_M)?);
        let mut rises: Vec<f64> = readings.iter().filter_map(rise).filter(|r| r.abs() <= RIVER_RANGE_M).collect();
        rises.sort_by(f64::total_cmp);
        if let Some(middle) = rises.get(rises.len() / 2)
            && (middle - self.model.works().river_rise_m()).abs() > RIVER_STILL_M
        {
            self.model.hold_rivers((middle * 100.0).round() / 100.0);
        }
    }

    fn remember_rain(&mut self, rain: &RainAnalysis, dt_s: f64) {
        for gauge in self.gauges.values_mut() {
            gauge.rain_mm *= (-dt_s / MEMORY_S).exp();
            gauge.peak_mm_h *= (-dt_s / PEAK_S).exp();
            gauge.raining_known = rain.at(gauge.site.place_m).is_some();
            match rain.at(gauge.site.place_m) {
                Some(mm_h) => {
                    gauge.rain_mm += mm_h * dt_s / 3600.0;
                    gauge.peak_mm_h = gauge.peak_mm_h.max(mm_h);
                    gauge.known_s += dt_s;
                }
                None => gauge.known_s = 0.0,
            }
        }
    }

    fn site_of(&mut self, reading: &WaterReading) -> bool {
        let known = self.gauges.get(&reading.sensor).is_some_and(|g| g.site.place_m == reading.place_m);
        if known || self.homeless.contains(&reading.sensor) {
            return known;
        }
        let reach = self.settings.nudge.reach_m;
        let Some(site) = GaugeSite::new(&reading.sensor, reading.place_m, self.model.domain(), reach) else {
            self.homeless.insert(reading.sensor.clone());
            return false;
        };
        let known = self.rain.as_ref().is_some_and(|r| r.at(site.place_m).is_some());
        let fresh = Watched {
            site,
            memory: GaugeMemory::default(),
            last: None,
            rain_mm: 0.0,
            known_s: 0.0,
            raining_known: known,
            peak_mm_h: 0.0,
            verdict: None,
        };
        self.gauges.insert(reading.sensor.clone(), fresh);
        true
    }

    /// Compares new readings with the model, judges gauges; those that are believed, with what they say.
    fn compare(&mut self, observed: &Observed) -> Vec<(SensorId, f64)> {
        let mut fresh = Vec::new();
        for reading in &observed.water {
            if !reading.depth_m.is_finite() || !self.site_of(reading) {
                continue;
            }
            let Some(gauge) = self.gauges.get_mut(&reading.sensor) else { continue };
            if gauge.last.is_some_and(|last| reading.at <= last) {
                continue;
            }
            gauge.last = Some(reading.at);
            let (c, r) = gauge.site.cell;
            let model_m = f64::from(self.model.solver().depth_at_m(c, r));
            gauge.memory.note(reading.at, reading.depth_m.max(0.0), model_m);
            fresh.push((reading.sensor.clone(), reading.depth_m.max(0.0), model_m, reading.sound));
        }
        let mut followed = Vec::new();
        for (id, measured, model_m, sound) in fresh {
            let evidence = self.evidence(&id, measured, model_m);
            let check = self.settings.check;
            let Some(gauge) = self.gauges.get_mut(&id) else { continue };
            let was = gauge.memory.doubt.is_some();
            let judged = gauge.memory.judge(&evidence, &check);
            let doubted = judged == Judgement::Doubted;
            // Until the rain has been known for a while nobody can say what is too much water.
            let probation = gauge.raining_known && gauge.known_s < KNOWN_S;
            let (since, reason) = match &gauge.memory.doubt {
                Some((since, why)) => (Some(*since), why.words()),
                None => (None, Bilingual::default()),
            };
            let at = gauge.last.unwrap_or_default();
            gauge.verdict = Some(GaugeVerdict {
                sensor: id.clone(),
                place_m: gauge.site.place_m,
                measured_m: mm(measured),
                model_m: mm(model_m),
                at,
                contradicted: doubted,
                since,
                reason,
            });
            if doubted {
                if !was {
                    self.skill.forget(&id);
                }
            } else if sound && judged == Judgement::Believed {
                self.skill.note(at, &id, measured, model_m);
                if !probation {
                    followed.push((id, measured));
                }
            }
        }
        followed
    }

    fn evidence(&self, id: &SensorId, measured: f64, model_m: f64) -> Evidence {
        let Some(gauge) = self.gauges.get(id) else { return Evidence::default() };
        let domain = self.model.domain();
        let before = gauge.memory.before().map_or(measured, |p| p.1);
        let (mut agree, mut above) = (0, 0);
        for other in self.gauges.values().filter(|o| o.site.id != *id && o.memory.doubt.is_none()) {
            let [dx, dy] = [0, 1].map(|k| other.site.place_m[k] - gauge.site.place_m[k]);
            if (dx * dx + dy * dy).sqrt() > self.settings.check.neighbour_m {
                continue;
            }
            let Some(&(_, said, model)) = other.memory.pairs.back() else { continue };
            agree += usize::from((said - model).abs() <= 0.10);
            // A neighbour close by that also has more water than the model: something real goes on here.
            let close = (dx * dx + dy * dy).sqrt() <= self.settings.check.supply_radius_m;
            above += usize::from(close && said - model > 0.10);
        }
        let wet = measured >= self.settings.check.wet_m;
        let pond = |d: f64| if wet { gauge.site.pond_m3(domain, d) } else { 0.0 };
        let radius = self.settings.check.supply_radius_m;
        let whole_m2 = domain.grid.len() as f64 * domain.grid.cell_area_m2();
        Evidence {
            area_m2: (std::f64::consts::PI * radius * radius).min(whole_m2),
            pond_m3: pond(measured),
            pond_before_m3: pond(before),
            rain_mm: (gauge.known_s >= KNOWN_S).then_some(gauge.rain_mm),
            peak_mm_h: gauge.peak_mm_h,
            model_m3: pond(model_m),
            agree,
            above,
        }
    }

    fn report(&self) -> WaterReport {
        let rain = self.rain.as_ref();
        WaterReport {
            at: self.now(),
            estimate: true,
            cell_m: self.model.domain().grid.cell_m,
            focus_cell_m: self.model.focus_cell_m(),
            cadence_s: self.settings.cadence_s,
            rain: rain.map(|r| r.source).unwrap_or_default(),
            rain_coverage: rain.map_or(0, |r| (r.coverage() * 100.0).round() as u8),
            rain_mm_h: rain.map_or(0.0, |r| (r.mean_mm_h() * 10.0).round() / 10.0),
            skill: self.skill.skill(),
            books: books_of(&self.model, self.nudged),
            gauges: self.gauges.values().filter_map(|g| g.verdict.clone()).collect(),
            notes: self.notes.clone(),
            ..WaterReport::default()
        }
    }
}

/// The books of a model with what corrections have moved as a term of its own.
#[must_use]
pub fn books_of(model: &WaterModel, nudged: NudgeLedger) -> WaterBooks {
    let l = model.ledger();
    let r = |v: f64| (v * 1000.0).round() / 1000.0;
    WaterBooks {
        rain_m3: r(l.rain_m3),
        inflow_m3: r(l.inflow_m3 - nudged.added_m3),
        nudged_m3: r(nudged.net_m3()),
        nudged_gross_m3: r(nudged.gross_m3()),
        infiltration_m3: r(l.infiltration_m3),
        drained_m3: r(l.drained_m3),
        surcharged_m3: r(l.surcharged_m3),
        outflow_m3: r(l.outflow_m3 - nudged.taken_m3),
        stored_m3: r(l.stored_m3),
        error_m3: r(l.error_m3),
        error_relative: l.error_relative,
    }
}

fn mm(v: f64) -> f64 {
    (v * 1000.0).round() / 1000.0
}
