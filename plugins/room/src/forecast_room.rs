//! The forecast timeline (预报): a fork of the live room that plays the last run ahead, and lets people try measures
//! in it.
//!
//! Its fields act as water does in an exercise: gauges read them, alerts rise, roads close, cases open, hours before
//! they may. Nothing of it reaches an outside channel: connectors are tied to the live room. When a newer run is made
//! the timeline takes it up, unless somebody is trying measures in it; those last until its clock goes back before
//! them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;
use guanlan_core::{
    Input, Mode, Stamp, TimelineId,
    input::{DepthField, Observation},
    water::WaterReport,
};
use guanlan_rainstorm::{
    live::{books_of, told_of},
    nudge::NudgeLedger,
    water::yield_to_others,
};

use crate::{
    config::RoomConfig,
    handle::{Control, Drained, ForkPoint, RoomHandle, Seat},
    machine::Machine,
    measures_of,
    picture::{Health, Picture, Playback},
    playing::Move,
    queue::pair_answers,
    timeline_error::TimelineError,
    trial::{Trial, Tried, ready},
    water::{
        measures::MeasureStage,
        shelf::{Film, Shelf},
    },
};

/// Speed at which a forecast is played, × real time.
const SPEED: f64 = 60.0;
/// Where a forecast is shown first, ms after its begin.
const SHOWN_MS: i64 = 3_600_000;
/// Longest wait for the live room's copy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Constants of a forecast forked from a room.
pub(crate) fn forecast_config(parent: &RoomConfig, timeline: TimelineId) -> RoomConfig {
    RoomConfig { timeline, mode: Mode::Forecast, simulate_crews: false, drill: None, ..parent.clone() }
}

fn fork(live: &RoomHandle, config: &Arc<RoomConfig>) -> Result<Machine, TimelineError> {
    let (tx, rx) = crossbeam_channel::bounded::<ForkPoint>(1);
    live.control(Control::Fork(Box::new(move |point| {
        // A forecast that was closed meanwhile needs no copy.
        let _gone = tx.send(point);
    })));
    let point = rx.recv_timeout(PATIENCE).map_err(|_| TimelineError::NoAnswer)?;
    Ok(point.machine.fork(config.clone()))
}

/// Opens the forecast timeline on the last film.
pub(crate) fn run_forecast(
    timeline: TimelineId,
    live: RoomHandle,
    shelf: Arc<Shelf>,
    parent: &RoomConfig,
) -> Result<RoomHandle, TimelineError> {
    let film = shelf.film().ok_or(TimelineError::NoForecast)?;
    let config = Arc::new(forecast_config(parent, timeline.clone()));
    let base = fork(&live, &config)?;
    let films = shelf.watch();
    let machine = base.fork(config.clone());
    let mut room = ForecastRoom {
        live,
        shelf,
        config,
        playback: Playback { paused: true, speed: SPEED, ..Playback::default() },
        film,
        base,
        machine,
        trial: None,
    };
    let shown = room.film.from() + SHOWN_MS;
    room.begin(shown);
    let picture = room.picture();
    RoomHandle::start(timeline, picture, move |seat| room.run(&seat, &films)).map_err(TimelineError::Thread)
}

struct ForecastRoom {
    live: RoomHandle,
    shelf: Arc<Shelf>,
    config: Arc<RoomConfig>,
    playback: Playback,
    film: Arc<Film>,
    /// The live room's copy.
    base: Machine,
    machine: Machine,
    trial: Option<Trial>,
}

impl ForecastRoom {
    fn picture(&self) -> Picture {
        Picture::of(&self.machine, Health::default(), self.playback.clone())
    }

    /// Stands at the begin of the film and goes to an instant of it.
    fn begin(&mut self, at: Stamp) {
        self.trial = None;
        self.playback.first = self.film.from().max(self.base.now());
        self.playback.last = self.film.to().max(self.playback.first);
        self.machine = self.base.fork(self.config.clone());
        self.go_to(at);
    }

    /// The last instant whose water is known.
    fn known(&self) -> Stamp {
        let trial = self.trial.as_ref().and_then(|t| t.fields.last()).map(|f| f.at);
        trial.unwrap_or(self.playback.last)
    }

    fn go_to(&mut self, at: Stamp) {
        let at = at.clamp(self.playback.first, self.playback.last);
        if self.trial.as_ref().is_some_and(|t| at < t.from) {
            // Before the first measure nothing has been tried.
            self.trial = None;
        }
        let at = at.min(self.known());
        if at < self.machine.now() {
            let from = self.trial.as_ref().map_or(&self.base, |t| &t.base);
            self.machine = from.fork(self.config.clone());
        }
        let fields: Vec<Arc<DepthField>> = {
            let list = self.trial.as_ref().map_or(&self.film.fields, |t| &t.fields);
            list.iter().filter(|f| f.at > self.machine.now() && f.at <= at).cloned().collect()
        };
        let last = fields.len().saturating_sub(1);
        for (k, field) in fields.into_iter().enumerate() {
            let now = field.at;
            let mut inputs = self.rain_readings(now);
            inputs.push(Input::Water(field));
            // What has been by then is shown, not journaled: the last is enough.
            let peaks = self.trial.as_ref().map_or(&self.film.peaks, |t| &t.peaks).iter().rev();
            inputs.extend(peaks.filter(|_| k == last).find(|p| p.at <= now).cloned().map(Input::WaterPeaks));
            self.machine.tick(now, inputs);
        }
        if self.machine.now() < at {
            self.machine.tick(at, Vec::new());
        }
        self.playback.at = at;
    }

    /// What the rain gauges would say.
    fn rain_readings(&self, now: Stamp) -> Vec<Input> {
        let to_s = (now - self.film.from()) as f64 / 1000.0;
        let from_s = (to_s - self.film.every_ms as f64 / 1000.0).max(0.0);
        let mm_h = |series: &guanlan_rainstorm::storm::RainSeries| {
            let hours = ((to_s - from_s) / 3600.0).max(1.0e-9);
            (series.between_mm(from_s, to_s) / hours * 10.0).round() / 10.0
        };
        let reading = |(sensor, series): &(guanlan_core::SensorId, guanlan_rainstorm::storm::RainSeries)| {
            let result = mm_h(series);
            Input::Observation(Observation { sensor: sensor.clone(), phenomenon: now, received: now, result })
        };
        self.film.gauges.iter().map(reading).collect()
    }

    fn run(mut self, seat: &Seat, films: &Receiver<()>) {
        yield_to_others();
        let mut clock = Instant::now();
        loop {
            let busy = self.trial.as_ref().is_some_and(|t| t.model.now() < self.playback.last);
            let wait = match (busy, self.playback.paused) {
                (true, _) => Duration::from_millis(1),
                (false, true) => Duration::from_millis(100),
                (false, false) => Duration::from_millis(50),
            };
            let first = seat.controls.recv_timeout(wait).ok();
            let (mut moved, mut seek) = (false, None);
            for control in first.into_iter().chain(seat.controls.try_iter()) {
                moved = true;
                match Move::of(control, &mut self.playback, &mut clock) {
                    None => {}
                    Some(Move::Seek(at)) => seek = Some(at),
                    Some(Move::Step) => seek = Some(self.playback.at + self.film.every_ms),
                    Some(Move::Fork(take)) => take(ForkPoint {
                        timeline: self.config.timeline.clone(),
                        head: guanlan_journal::Head {
                            seq: 0,
                            hash: guanlan_journal::GENESIS.into(),
                            tick: self.machine.tick_number(),
                            ts: self.machine.now(),
                        },
                        machine: self.machine.fork(self.config.clone()),
                    }),
                    Some(Move::Stop) => return,
                }
            }
            if films.try_recv().is_ok() && self.trial.is_none() {
                moved |= self.take_up();
            }
            moved |= self.hear(seat);
            if busy {
                moved |= self.compute();
            }
            if !self.playback.paused && seek.is_none() {
                let ms = clock.elapsed().as_secs_f64() * 1000.0 * self.playback.speed;
                clock = Instant::now();
                seek = Some(self.playback.at + ms as i64);
            }
            if let Some(at) = seek {
                let before = self.playback.at;
                self.go_to(at);
                moved |= self.playback.at != before;
                self.playback.paused |= self.playback.at >= self.playback.last;
            }
            if moved {
                seat.picture.store(Arc::new(self.picture()));
            }
        }
    }

    /// A newer run: the same distance ahead is shown of it.
    fn take_up(&mut self) -> bool {
        let Some(film) = self.shelf.film() else { return false };
        let Ok(base) = fork(&self.live, &self.config) else { return false };
        let ahead_ms = self.playback.at - self.playback.first;
        (self.film, self.base) = (film, base);
        let first = self.film.from().max(self.base.now());
        self.begin(first + ahead_ms);
        true
    }

    /// Orders: measures, advice, whatever a room takes. A forecast takes no readings.
    fn hear(&mut self, seat: &Seat) -> bool {
        if seat.deliveries.is_empty() {
            return false;
        }
        let Drained { inputs, acks, answers } = seat.drain();
        acks.into_iter().for_each(|ack| ack(false));
        let orders: Vec<Input> = inputs.into_iter().filter(|i| matches!(i, Input::Command(_))).collect();
        let before = measures_of(&self.machine).version;
        let now = self.machine.now();
        let outcome = self.machine.tick(now, orders);
        for (answer, reply) in pair_answers(answers, outcome.replies) {
            answer(reply);
        }
        if measures_of(&self.machine).version != before {
            self.try_measures();
        }
        true
    }

    /// The water as it is when everything that stands here had been done at its time.
    fn try_measures(&mut self) {
        let known = measures_of(&self.base).list.last().map_or(0, |m| m.no);
        let mut tried: Vec<Tried> = measures_of(&self.machine)
            .list
            .iter()
            .filter(|m| m.no > known && m.stage == MeasureStage::Standing)
            .map(|m| (m.no, m.since, m.measure.clone()))
            .collect();
        tried.sort_by_key(|t| (t.1, t.0));
        let now = self.machine.now();
        let before = self.trial.take();
        let first = before.as_ref().map_or(now, |t| t.from.min(now));
        let Some(mut ready) = ready(&self.film, before, tried, now) else { return };
        let refused = std::mem::take(&mut ready.refused);
        let model = &ready.model;
        let field = Arc::new(model.frame());
        let report = WaterReport {
            at: now,
            cell_m: model.domain().grid.cell_m,
            focus_cell_m: model.focus_cell_m(),
            rain: self.film.report.rain,
            books: books_of(model, NudgeLedger::default()),
            refused,
            notes: told_of(model),
            ..WaterReport::default()
        };
        let mut inputs = vec![Input::Water(field.clone()), Input::WaterReport(Arc::new(report))];
        inputs.extend(model.peaks().map(Input::WaterPeaks));
        self.machine.tick(now, inputs);
        let base = self.machine.fork(self.config.clone());
        self.trial = Some(Trial::new(ready, base, field, first));
    }

    /// One field further with what is tried.
    fn compute(&mut self) -> bool {
        let (every_ms, begin, last) = (self.film.every_ms.max(1), self.film.from(), self.playback.last);
        let Some(trial) = &mut self.trial else { return false };
        let now = trial.model.now();
        let next = (begin + ((now - begin).div_euclid(every_ms) + 1) * every_ms).min(last);
        trial.compute(next);
        trial.model.now() >= last
    }
}
