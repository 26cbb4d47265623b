//! An exercise: a fork of a room under a script's clock, with simulated water, crews and seats.
//!
//! Everything it produces is stamped an exercise; nothing of it reaches an outside channel, because
//! connectors and the crews' task topic are tied to the live room only. Its journal begins with the
//! parent's head and a snapshot, so that it can be replayed alone.

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use guanlan_core::{
    AlertLevel, Input, Mode, ObservedProperty, Role, SensorId, Stamp, TimelineId,
    input::{Observation, UnitStatus},
    water::{RainSource, WaterReport},
};
use guanlan_drill::{DrillPlan, DrillState, Responder, due_inputs};
use guanlan_journal::{JournalError, Meta, Parent, SqliteStore, Store};
use guanlan_rainstorm::{
    Measure, Scenario, WaterModel,
    ahead::AheadSettings,
    live::{books_of, scene_of},
    low_priority_pool,
    nudge::NudgeLedger,
    storm::RainSeries,
    surface::SurfaceMaker,
    water::{CADENCE_S, WaterError, yield_to_others},
};

use crate::{
    config::RoomConfig,
    host::{Control, ForkPoint, RoomHandle, Seat, run_tick},
    ledger::Ledger,
    machine::Machine,
    measures_of,
    picture::{Health, Picture, Playback},
    queue::RoomSender,
    standin::{self, Seats},
    water::{
        ahead::{AheadOptions, AheadThread, Due, Job, resources},
        follow::MeasureFollower,
    },
};

/// Tick of an exercise, simulated ms.
const TICK_MS: i64 = 1_000;
/// Rain gauges speak this often in an exercise, s.
const RAIN_EVERY_S: i64 = 60;
/// How quick the simulated desks of an exercise are: reds first, everything that matters soon.
const RESPONDERS: Responder = Responder {
    acknowledge_s: 30,
    acknowledge_from: AlertLevel::Red,
    dispatch_s: 300,
    dispatch_red_s: 120,
    from: AlertLevel::Yellow,
};
/// The water says how it is doing this often, s.
const REPORT_EVERY_S: i64 = 30;
/// Time between forecasts of an exercise that is played on the clock, min.
const AHEAD_EVERY_MIN: f64 = 5.0;
/// Wall time between them at least, s.
const AHEAD_WALL_S: f64 = 60.0;
/// Wall time for one search for pump advice in an exercise.
const AHEAD_BUDGET: Duration = Duration::from_secs(60);
/// Pictures per second at most.
const PICTURE_EVERY: Duration = Duration::from_millis(100);

/// How an exercise is run.
pub struct DrillSetup {
    /// Name of the new timeline.
    pub timeline: TimelineId,
    /// The script, bound to the city.
    pub plan: Arc<DrillPlan>,
    /// Ground, losses and drains of the water model; the rain is the script's.
    pub scenario: Scenario,
    /// Ceiling of the speed, × real time; the script's own ceiling holds besides.
    pub speed: f64,
    /// Journal of the exercise; memory when absent.
    pub store: Option<PathBuf>,
    /// Simulated persons fill seats that nobody has taken.
    pub responders: bool,
    /// What makes the water's solver; the processor's when absent.
    pub surface: Option<SurfaceMaker>,
}

/// An exercise cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrillError {
    /// Its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The water model.
    #[error(transparent)]
    Water(#[from] WaterError),
    /// Its first snapshot.
    #[error(transparent)]
    State(#[from] guanlan_tick::StateError),
    /// The thread.
    #[error("cannot start the drill thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Constants of an exercise forked from a room: with them its journal can be run again.
#[must_use]
pub fn drill_config(
    parent: &RoomConfig,
    timeline: TimelineId,
    plan: Arc<DrillPlan>,
    start: Stamp,
    responders: bool,
) -> RoomConfig {
    let mut case_rules = parent.case_rules.clone();
    if responders {
        case_rules.auto_seats =
            [Role::Collector, Role::Acceptor, Role::Department, Role::Handler].into_iter().collect();
    }
    RoomConfig {
        city: parent.city.clone(),
        timeline,
        mode: Mode::Exercise,
        seed: plan.script.seed,
        tick_ms: TICK_MS,
        alert_rules: parent.alert_rules.clone(),
        case_rules,
        simulate_crews: true,
        drill: Some((plan, start)),
    }
}

/// Forks a room into an exercise and starts it.
///
/// # Errors
/// When its journal, its water or its thread cannot be made.
pub fn run_drill(fork: ForkPoint, setup: DrillSetup) -> Result<RoomHandle, DrillError> {
    let start = fork.machine.now() + i64::from(setup.plan.script.start_offset_s) * 1000;
    let (timeline, plan) = (setup.timeline.clone(), setup.plan.clone());
    let config = Arc::new(drill_config(fork.machine.config(), timeline, plan, start, setup.responders));
    let machine = fork.machine.fork(config.clone());
    let meta = Meta {
        timeline: setup.timeline.clone(),
        mode: Mode::Exercise,
        seed: config.seed,
        tick_ms: TICK_MS,
        city: config.city.name.zh.clone(),
        parent: Some(Parent {
            timeline: fork.timeline,
            seq: fork.head.seq,
            hash: fork.head.hash,
            tick: machine.tick_number(),
        }),
    };
    let mut store = match &setup.store {
        Some(path) => SqliteStore::open_or_create(path, &meta)?,
        None => SqliteStore::in_memory(&meta)?,
    };
    store.put_snapshot(&machine.snapshot()?)?;
    let door = Arc::new(OnceLock::new());
    let drill = Drill {
        water: None,
        follower: MeasureFollower::default(),
        ahead: None,
        due: Due::every(AHEAD_EVERY_MIN),
        door: door.clone(),
        ledger: Ledger::new(Box::new(store)),
        plan: setup.plan,
        start,
        speed: setup.speed,
        responders: setup.responders,
        outages: VecDeque::new(),
        achieved: 0.0,
        scenario: setup.scenario,
        surface: setup.surface,
        machine,
    };
    let first = Picture::of(&drill.machine, Health::default(), Playback { speed: drill.ceiling(), ..Playback::live() });
    let room = RoomHandle::start(setup.timeline, first, move |seat| drill.run(&seat))?;
    let _first = door.set(room.sender().clone());
    Ok(room)
}

struct Drill {
    machine: Machine,
    ledger: Ledger,
    plan: Arc<DrillPlan>,
    scenario: Scenario,
    surface: Option<SurfaceMaker>,
    start: Stamp,
    speed: f64,
    responders: bool,
    water: Option<WaterModel>,
    /// What of the room's measures the water has done.
    follower: MeasureFollower,
    /// Forecasts and advice, when the exercise is played on the clock.
    ahead: Option<AheadThread>,
    due: Due,
    door: Arc<OnceLock<RoomSender>>,
    /// Pump failures and repairs still to come: script second, pump, failed.
    outages: VecDeque<(u32, String, bool)>,
    achieved: f64,
}

impl Drill {
    fn ceiling(&self) -> f64 {
        self.speed.min(self.plan.script.speed_max.max(1.0)).max(0.1)
    }

    /// A rehearsal without a watch on the wall runs as fast as the machine allows.
    fn unpaced(&self) -> bool {
        self.speed.is_infinite()
    }

    fn run(mut self, seat: &Seat) {
        yield_to_others();
        self.water = self.make_water();
        let mut paused = false;
        let mut due = Instant::now();
        let mut shown = Instant::now();
        let (mut measured_from, mut measured_ticks) = (Instant::now(), 0u32);
        loop {
            let mut step = false;
            loop {
                let finished = self.finished();
                let control = if paused || finished {
                    seat.controls.recv_timeout(Duration::from_millis(200)).ok()
                } else {
                    seat.controls.try_recv().ok()
                };
                match control {
                    Some(Control::Stop) => {
                        self.ledger.flush();
                        self.ledger.maybe_snapshot(&self.machine, true);
                        return;
                    }
                    Some(Control::Pause) => paused = true,
                    Some(Control::Resume) => {
                        paused = false;
                        due = Instant::now();
                    }
                    Some(Control::Speed(x)) if x.is_finite() && x > 0.0 => {
                        self.speed = x;
                        due = Instant::now();
                    }
                    Some(Control::Step) => step = true,
                    Some(Control::Fork(take)) => take(ForkPoint {
                        timeline: self.machine.config().timeline.clone(),
                        head: self.ledger.head().clone(),
                        machine: self.machine.fork(self.machine.config().clone()),
                    }),
                    // An exercise runs forwards; its past is seen by a replay of its journal.
                    Some(Control::Speed(_) | Control::Seek(_)) => {}
                    None => {}
                }
                if step || !(paused || finished) {
                    break;
                }
                // While it stands still, orders still get their answer: the clock alone is held.
                if !seat.deliveries.is_empty() {
                    let now = self.machine.now();
                    run_tick(&mut self.machine, &mut self.ledger, seat, now, false, Vec::new());
                    // A measure is seen in the water although time stands still.
                    let water = self.measured(now);
                    if !water.is_empty() {
                        run_tick(&mut self.machine, &mut self.ledger, seat, now, false, water);
                    }
                    self.ledger.flush();
                }
                self.show(seat, true);
            }
            if !self.unpaced() {
                self.wait(seat, due);
                let now = Instant::now();
                due = due.max(now - Duration::from_secs(1)) + Duration::from_secs_f64(1.0 / self.ceiling());
            }
            self.tick(seat);
            measured_ticks += 1;
            let spent = measured_from.elapsed();
            if spent > Duration::from_secs(2) {
                self.achieved = f64::from(measured_ticks) / spent.as_secs_f64();
                (measured_from, measured_ticks) = (Instant::now(), 0);
            }
            if shown.elapsed() >= PICTURE_EVERY || step || self.finished() {
                shown = Instant::now();
                self.show(seat, paused);
            }
        }
    }

    fn finished(&self) -> bool {
        self.machine.world().get_resource::<DrillState>().is_some_and(|s| s.finished)
    }

    fn show(&self, seat: &Seat, paused: bool) {
        let health = Health {
            uncommitted: self.ledger.backlog(),
            trouble: self.ledger.trouble.clone(),
            journal_seq: self.ledger.head().seq,
            ..Health::default()
        };
        let speed = if self.achieved > 0.0 { self.achieved } else { self.ceiling() };
        let playback = Playback { paused, speed, ..Playback::live() };
        seat.picture.store(Arc::new(Picture::of(&self.machine, health, playback)));
    }

    fn make_water(&mut self) -> Option<WaterModel> {
        let city = self.machine.config().city.clone();
        city.terrain.as_ref()?;
        let pool = low_priority_pool(2).ok();
        let surface = self.surface.as_ref();
        let mut model = match WaterModel::new_on(&city, &self.scenario, self.start, CADENCE_S, pool, surface) {
            Ok(model) => model,
            Err(error) => {
                tracing::error!("the exercise runs without water: {error}");
                return None;
            }
        };
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

    fn tick(&mut self, seat: &Seat) {
        let from = self.machine.now();
        let to = from + TICK_MS;
        // The first interval must begin before the start, so that injects at zero are in it.
        let begin = if from == self.start { from + -1 } else { from };
        let mut extra = due_inputs(&self.plan, begin, to, self.start);
        extra.extend(self.rain_readings(from, to));
        extra.extend(self.water_until(from, to));
        if self.responders {
            extra.extend(self.responses().into_iter().map(Input::Command));
        }
        run_tick(&mut self.machine, &mut self.ledger, seat, to, true, extra);
        self.ledger.flush();
        self.ledger.maybe_snapshot(&self.machine, false);
    }

    /// Waits for the next tick. Orders that come meanwhile are carried out at once: at ×1 a second is long.
    fn wait(&mut self, seat: &Seat, due: Instant) {
        /// Orders are looked for this often.
        const LOOK: Duration = Duration::from_millis(50);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK));
            if left > LOOK && !seat.deliveries.is_empty() {
                let now = self.machine.now();
                run_tick(&mut self.machine, &mut self.ledger, seat, now, false, Vec::new());
                let water = self.measured(now);
                if !water.is_empty() {
                    run_tick(&mut self.machine, &mut self.ledger, seat, now, false, water);
                }
                self.ledger.flush();
                self.show(seat, false);
            }
        }
    }

    fn water_until(&mut self, from: Stamp, to: Stamp) -> Vec<Input> {
        let mut inputs = self.measured(from);
        let script_s = (to - self.start) / 1000;
        let Some(model) = self.water.as_mut() else { return inputs };
        while let Some((_, pump, failed)) = self.outages.pop_front_if(|(at, _, _)| i64::from(*at) <= script_s) {
            model.apply(&Measure::PumpFailed { pump, failed });
        }
        let Some(mut field) = model.advance_to(to) else { return inputs };
        // A scripted flood is the exercise's truth, not an estimate of the real city's water.
        Arc::make_mut(&mut field).estimate = false;
        inputs.push(Input::Water(field));
        if (from - self.start).div_euclid(REPORT_EVERY_S * 1000) != (to - self.start).div_euclid(REPORT_EVERY_S * 1000)
        {
            inputs.extend(self.reported(Vec::new()));
        }
        self.look_ahead(to);
        inputs
    }

    /// Does what people have ordered; the water as it stands right after.
    fn measured(&mut self, now: Stamp) -> Vec<Input> {
        let measures = measures_of(&self.machine);
        if !self.follower.is_behind(measures) {
            return Vec::new();
        }
        let first = self.follower == MeasureFollower::default() && measures.list.is_empty();
        let Some(model) = self.water.as_mut() else { return Vec::new() };
        let refused = self.follower.follow(measures, model);
        if first {
            return Vec::new();
        }
        let mut field = model.frame();
        (field.at, field.estimate) = (now, false);
        let mut inputs = vec![Input::Water(Arc::new(field))];
        inputs.extend(self.reported(refused));
        inputs
    }

    /// How the water is doing, and what can be seen of it.
    fn reported(&self, refused: Vec<guanlan_core::water::RefusedMeasure>) -> Vec<Input> {
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
            ..WaterReport::default()
        };
        let scene = scene_of(model, self.machine.config().city.drainage.as_ref(), None);
        vec![Input::WaterReport(Arc::new(report)), Input::WaterScene(Arc::new(scene))]
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
        let roster = self.machine.world().resource::<guanlan_dispatch::UnitRoster>();
        let free = |id: &guanlan_core::UnitId| roster.get(id).is_none_or(|u| u.status == UnitStatus::Available);
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

    /// What the rain gauges would say of the script's storm.
    fn rain_readings(&self, from: Stamp, to: Stamp) -> Vec<Input> {
        let every = RAIN_EVERY_S * 1000;
        if (from - self.start).div_euclid(every) == (to - self.start).div_euclid(every) {
            return Vec::new();
        }
        let t_s = (to - self.start) as f64 / 1000.0;
        let mm_h = intensity(&self.plan.rain, t_s);
        let gauges = self.machine.config().city.sensors.iter();
        gauges.filter(|s| s.property == ObservedProperty::RainIntensity).map(|s| reading(&s.id, to, mm_h)).collect()
    }

    fn responses(&self) -> Vec<guanlan_core::CommandEnvelope> {
        standin::of_machine(&self.machine, &RESPONDERS, Seats::EachAlone)
    }
}

fn reading(sensor: &SensorId, at: Stamp, result: f64) -> Input {
    Input::Observation(Observation { sensor: sensor.clone(), phenomenon: at, received: at, result })
}

/// Mean intensity of the last reporting interval, mm/h, to a tenth.
fn intensity(rain: &RainSeries, t_s: f64) -> f64 {
    let span_s = RAIN_EVERY_S as f64;
    let mm_h = rain.between_mm(t_s - span_s, t_s) * 3600.0 / span_s;
    (mm_h * 10.0).round() / 10.0
}
