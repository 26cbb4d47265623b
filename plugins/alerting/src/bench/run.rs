//! A room with nothing but sensing and alerting in it, driven by the time of the data.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bevy_app::App;
use bevy_ecs::schedule::{IntoScheduleConfigs, SingleThreadedExecutor};
use guanlan_city::City;
use guanlan_core::{
    AlertId, AlertLevel, Bilingual, Event, Input, Mode, SensorId, Stamp,
    input::{Observation, SensorDeclared},
};
use guanlan_sensing::SensingPlugin;
use guanlan_tick::{Clock, Inbox, Outbox, RoomSystems, RoomTick};
use serde::Serialize;

use super::record::Recorded;
use crate::{Alert, AlertBook, AlertState, AlertingPlugin, RuleSet};

/// After the last reading of a gap time runs second by second for this long, then minute by minute, ms.
const FINE_MS: i64 = 7_200_000;
const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60_000;

/// Something an alert did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transition {
    /// When, RFC 3339.
    pub time: String,
    /// When, ms since 1970.
    pub at: Stamp,
    /// Seconds after the first reading.
    pub after_s: f64,
    /// `raise`, `rise`, `fall`, `end`, or the state it went into: `flapping`, `latched`, `suppressed`,
    /// `firing` …; `escalate` and `pending` besides.
    pub what: String,
    /// Rule and version.
    pub rule: String,
    /// Stream or area.
    pub sensor: SensorId,
    /// Where, in words.
    pub place: Bilingual,
    /// Level before.
    pub from: AlertLevel,
    /// Level after.
    pub to: AlertLevel,
    /// The value that decided.
    pub value: f64,
    /// The threshold it passed.
    pub threshold: f64,
    /// State after.
    pub state: AlertState,
    /// The alert; 0 for one that is only pending.
    pub alert: AlertId,
}

/// A bench with a rule file on it.
pub struct Bench {
    app: App,
    started: Option<Stamp>,
    now: Stamp,
    states: BTreeMap<AlertId, AlertState>,
    waiting: BTreeSet<(SensorId, String)>,
    version: u64,
    /// Everything that happened so far.
    pub transitions: Vec<Transition>,
    /// True keeps pending and escalation among the transitions.
    pub verbose: bool,
}

impl Bench {
    /// A bench for rules in a city (an empty one will do).
    #[must_use]
    pub fn new(rules: &RuleSet, city: &Arc<City>) -> Self {
        let mut app = App::empty();
        app.init_schedule(RoomTick);
        app.edit_schedule(RoomTick, |schedule| {
            schedule.set_executor(SingleThreadedExecutor::new());
        });
        app.init_resource::<Inbox>().init_resource::<Outbox>();
        app.insert_resource(Clock { now: Stamp(0), dt_ms: 0, tick: 0, mode: Mode::Replay, seed: 0 });
        let [a, b, c, ..] = RoomSystems::ORDER;
        app.configure_sets(RoomTick, (a, b, c).chain());
        app.add_plugins((
            SensingPlugin { city: city.clone() },
            AlertingPlugin { rules: rules.clone(), city: city.clone() },
        ));
        Self {
            app,
            started: None,
            now: Stamp(0),
            states: BTreeMap::new(),
            waiting: BTreeSet::new(),
            version: u64::MAX,
            transitions: Vec::new(),
            verbose: false,
        }
    }

    /// The alerts now.
    #[must_use]
    pub fn book(&self) -> &AlertBook {
        self.app.world().resource()
    }

    /// Says what streams are.
    pub fn declare(&mut self, streams: &[SensorDeclared], now: Stamp) {
        let inputs = streams.iter().cloned().map(Input::SensorDeclared).collect();
        self.step(now, inputs);
    }

    /// Plays a whole recording, and goes on to `until` when that is later.
    pub fn play(&mut self, recorded: &Recorded, until: Option<Stamp>) {
        let Some(first) = recorded.rows.iter().map(|r| r.at).min() else { return };
        self.started.get_or_insert(first);
        self.declare(&recorded.streams, first);
        let mut now = first;
        let mut rows = recorded.rows.iter().peekable();
        while let Some(row) = rows.peek() {
            let at = now.max(row.at);
            let mut inputs = Vec::new();
            // Rows that follow with an older time arrived now all the same: they came late.
            while let Some(row) = rows.next_if(|r| r.at <= at) {
                inputs.push(Input::Observation(Observation {
                    sensor: row.sensor.clone(),
                    phenomenon: row.at,
                    received: row.at,
                    result: row.value,
                }));
            }
            self.advance(at);
            self.step(at, inputs);
            now = at;
        }
        if let Some(until) = until.filter(|u| *u > now) {
            self.advance(until);
            self.step(until, Vec::new());
        }
    }

    /// Lets time run to just before an instant, so that delays end when they should.
    fn advance(&mut self, to: Stamp) {
        if self.now == Stamp(0) {
            return;
        }
        let fine_until = self.now + FINE_MS;
        loop {
            let step = if self.now < fine_until { SECOND_MS } else { MINUTE_MS };
            let next = Stamp((self.now.0.div_euclid(step) + 1) * step);
            if next >= to {
                return;
            }
            self.step(next, Vec::new());
        }
    }

    /// Lets time run to an instant and drains inputs there: how a journal is played.
    pub fn go_to(&mut self, now: Stamp, inputs: Vec<Input>) {
        self.advance(now);
        self.step(now, inputs);
    }

    /// One tick.
    pub fn step(&mut self, now: Stamp, inputs: Vec<Input>) {
        self.started.get_or_insert(now);
        let world = self.app.world_mut();
        {
            let mut clock = world.resource_mut::<Clock>();
            clock.dt_ms = if clock.tick == 0 { 0 } else { (now - clock.now).max(0) };
            clock.now = now;
            clock.tick += 1;
        }
        self.now = now;
        world.resource_mut::<Inbox>().inputs = inputs;
        *world.resource_mut::<Outbox>() = Outbox::default();
        world.run_schedule(RoomTick);
        let events = std::mem::take(&mut world.resource_mut::<Outbox>().events);
        self.note(&events);
    }

    fn note(&mut self, events: &[Event]) {
        for event in events {
            match event {
                Event::AlertChanged { alert, sensor, from, to, value, threshold, rule, place, .. } => {
                    let what = match (from, to) {
                        (AlertLevel::Normal, _) => "raise",
                        (_, AlertLevel::Normal) => "end",
                        (f, t) if t > f => "rise",
                        _ => "fall",
                    };
                    let state = if *to == AlertLevel::Normal { AlertState::Resolved } else { AlertState::Firing };
                    let found = self.app.world().resource::<AlertBook>().find(*alert);
                    // A raise is dated by the reading that decided, which may be older than the tick.
                    let at = found.map_or(self.now, |a| {
                        if *to == AlertLevel::Normal { a.ended_at.unwrap_or(self.now) } else { a.since }
                    });
                    let several = events
                        .iter()
                        .filter(|e| matches!(e, Event::AlertChanged { alert: other, .. } if other == alert))
                        .count()
                        > 1;
                    let at = if several { self.now } else { at };
                    if *to == AlertLevel::Normal {
                        self.states.remove(alert);
                    } else {
                        self.states.entry(*alert).or_insert(state);
                    }
                    self.push(Transition {
                        time: String::new(),
                        at,
                        after_s: 0.0,
                        what: what.into(),
                        rule: rule.clone(),
                        sensor: sensor.clone(),
                        place: place.clone(),
                        from: *from,
                        to: *to,
                        value: *value,
                        threshold: *threshold,
                        state,
                        alert: *alert,
                    });
                }
                Event::AlertEscalated { alert, to, .. } if self.verbose => {
                    let Some(a) = self.book().find(*alert).cloned() else { continue };
                    self.push(state_of(&a, self.now, format!("escalate {}", to.name().en.to_lowercase())));
                }
                _ => {}
            }
        }
        let board = self.book().board();
        let (version, active, pending) = (board.version, board.active.clone(), board.pending.clone());
        if version == self.version && !self.verbose {
            return;
        }
        self.version = version;
        for alert in active.iter() {
            let state = alert.state();
            if self.states.insert(alert.id, state).is_some_and(|before| before != state) {
                self.push(state_of(alert, self.now, state.key().to_owned()));
            }
        }
        if self.verbose {
            let now: BTreeSet<(SensorId, String)> =
                pending.iter().map(|p| (p.sensor.clone(), p.rule.clone())).collect();
            let known = std::mem::replace(&mut self.waiting, now);
            for p in pending.iter().filter(|p| !known.contains(&(p.sensor.clone(), p.rule.clone()))) {
                self.push(Transition {
                    time: String::new(),
                    at: p.since,
                    after_s: 0.0,
                    what: "pending".into(),
                    rule: p.rule.clone(),
                    sensor: p.sensor.clone(),
                    place: p.place.clone(),
                    from: AlertLevel::Normal,
                    to: p.level,
                    value: p.value,
                    threshold: 0.0,
                    state: AlertState::Pending,
                    alert: AlertId(0),
                });
            }
        }
    }

    fn push(&mut self, mut t: Transition) {
        t.time = t.at.to_rfc3339();
        t.after_s = (t.at - self.started.unwrap_or(t.at)) as f64 / 1000.0;
        self.transitions.push(t);
    }
}

fn state_of(a: &Alert, at: Stamp, what: String) -> Transition {
    Transition {
        time: String::new(),
        at,
        after_s: 0.0,
        what,
        rule: a.rule.clone(),
        sensor: a.sensor.clone(),
        place: a.place.clone(),
        from: a.level,
        to: a.level,
        value: a.value,
        threshold: a.threshold,
        state: a.state(),
        alert: a.id,
    }
}
