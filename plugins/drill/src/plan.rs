//! A script bound to a city: every name found, every condition ready to be watched.

use std::collections::BTreeSet;

use guanlan_casework::CaseState;
use guanlan_city::{City, model::UnitKind};
use guanlan_core::{AlertLevel, ObservedProperty, SensorId, UnitId, input::UnitStatus};
use guanlan_rainstorm::storm::RainSeries;

use crate::{
    DrillError,
    script::{Action, DrillScript, Source, When, word},
    target::{self, distance_m},
};

/// A pump station's sensor and pumps are looked for within this distance, m.
const STATION_M: f64 = 200.0;
/// A case counts as near a place within this distance, m.
pub const NEAR_M: f64 = 150.0;

/// What an inject does, with places and ids of the city.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Only a message.
    None,
    /// A citizen reports.
    Report {
        /// Category code or empty.
        code: String,
        /// Words.
        text: String,
        /// Local frame, m.
        place_m: [f64; 2],
    },
    /// A sensor reads a value for a while.
    Sensor {
        /// Which.
        sensor: SensorId,
        /// Value.
        value: f64,
        /// For how long, s.
        hold_s: u32,
        /// Time between readings, s.
        every_s: u32,
    },
    /// A pump station fails.
    PumpFail {
        /// Its sensors of running pumps.
        sensors: Vec<SensorId>,
        /// Pumps of the drainage network that stop.
        pumps: Vec<String>,
        /// For how long, s.
        hold_s: u32,
    },
    /// Roads are closed.
    CloseRoad {
        /// Edges of `City::roads`.
        edges: Vec<u32>,
        /// Why.
        reason: String,
    },
}

/// A condition with ids of the city.
#[derive(Clone, Debug, PartialEq)]
pub enum Watch {
    /// An alert reaches a level.
    Alert {
        /// Only this property.
        property: Option<ObservedProperty>,
        /// Only this sensor.
        sensor: Option<SensorId>,
        /// At least this level.
        level: AlertLevel,
    },
    /// An alert is acknowledged.
    Acknowledged {
        /// Only this property.
        property: Option<ObservedProperty>,
    },
    /// A crew reaches a status.
    Unit {
        /// Only these crews; `None` for any.
        units: Option<BTreeSet<UnitId>>,
        /// The status.
        is: UnitStatus,
    },
    /// A case reaches a state.
    Case {
        /// Code or class, empty for any.
        code: String,
        /// Only near here, local m.
        near: Option<[f64; 2]>,
        /// The state; `None` for being opened.
        state: Option<CaseState>,
    },
    /// A road is closed.
    Road {
        /// Only these edges; empty for any.
        edges: Vec<u32>,
    },
}

/// An expectation ready to be watched.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// From when it counts, script time, s.
    pub since_s: u32,
    /// By when it should be true, script time, s.
    pub by_s: u32,
    /// The condition.
    pub watch: Watch,
}

/// A script bound to a city.
#[derive(Clone, Debug)]
pub struct DrillPlan {
    /// The script.
    pub script: DrillScript,
    /// One for each inject, in order.
    pub effects: Vec<Effect>,
    /// One for each expectation, in order.
    pub expectations: Vec<Expectation>,
    /// The rain in script time.
    pub rain: RainSeries,
}

impl DrillPlan {
    /// Reads, checks and binds a script.
    ///
    /// # Errors
    /// The first thing that is wrong or that the city does not have, with file, line and field.
    pub fn parse(file: &str, text: &str, city: &City) -> Result<Self, DrillError> {
        let script = DrillScript::parse(file, text)?;
        let source = Source { file, text };
        let mut effects = Vec::new();
        for (index, inject) in script.inject.iter().enumerate() {
            let effect = inject.action.as_ref().map_or(Ok(Effect::None), |action| bind(city, action, &inject.text.zh));
            effects.push(effect.map_err(|message| source.wrong("inject", index, "action", message))?);
        }
        let mut expectations = Vec::new();
        for (index, expect) in script.expect.iter().enumerate() {
            let wrong = |message: String| source.wrong("expect", index, "when", message);
            let watch = watch(city, &expect.when).map_err(wrong)?;
            // `check` of the script has made sure that there is a window.
            let (since_s, by_s) = script.window(expect).unwrap_or((0, script.duration_s));
            expectations.push(Expectation { since_s, by_s, watch });
        }
        let rain = match &script.storm {
            Some(storm) => storm.series().map_err(|e| source.wrong("", 0, &e.field(), e.to_string()))?,
            None => RainSeries::dry(),
        };
        Ok(Self { script, effects, expectations, rain })
    }

    /// When which pumps of the drainage network stop and start again, script time in s: for the solver.
    #[must_use]
    pub fn pump_outages(&self) -> Vec<(u32, u32, &[String])> {
        let injects = self.script.inject.iter().zip(&self.effects);
        injects
            .filter_map(|(inject, effect)| match effect {
                Effect::PumpFail { pumps, hold_s, .. } if !pumps.is_empty() => {
                    Some((inject.at_s, inject.at_s.saturating_add(*hold_s), pumps.as_slice()))
                }
                _ => None,
            })
            .collect()
    }
}

fn bind(city: &City, action: &Action, text: &str) -> Result<Effect, String> {
    Ok(match action {
        Action::ReportCase { code, near, offset_m } => {
            let [x, y] = target::find(city, near).map_err(|e| format!("report_case.near: {e}"))?.place_m;
            Effect::Report { code: code.clone(), text: text.to_owned(), place_m: [x + offset_m[0], y + offset_m[1]] }
        }
        Action::Sensor { target, value, hold_s, every_s } => {
            let spot = target::find(city, target).map_err(|e| format!("sensor.target: {e}"))?;
            let sensor = spot.sensor.ok_or_else(|| format!("sensor.target: '{target}' is not a sensor"))?;
            Effect::Sensor { sensor, value: *value, hold_s: *hold_s, every_s: *every_s }
        }
        Action::PumpFail { target, hold_s } => {
            let at = target::find(city, target).map_err(|e| format!("pump_fail.target: {e}"))?.place_m;
            let near = |place_m: [f64; 2]| distance_m(place_m, at) <= STATION_M;
            let sensors: Vec<SensorId> = city
                .sensors
                .iter()
                .filter(|s| s.property == ObservedProperty::PumpsRunning && s.place_m.is_some_and(near))
                .map(|s| s.id.clone())
                .collect();
            let pumps: Vec<String> = city.drainage.as_ref().map_or_else(Vec::new, |net| {
                let stops = |from: usize| net.nodes.get(from).and_then(|n| n.place_m).is_some_and(near);
                net.pumps.iter().filter(|p| stops(p.from)).map(|p| p.id.clone()).collect()
            });
            if sensors.is_empty() && pumps.is_empty() {
                return Err(format!("pump_fail.target: no pump or pump sensor within {STATION_M} m of '{target}'"));
            }
            Effect::PumpFail { sensors, pumps, hold_s: *hold_s }
        }
        Action::CloseRoad { target, reason } => {
            let at = target::find(city, target).map_err(|e| format!("close_road.target: {e}"))?.place_m;
            let edges = target::edges(city, at);
            if edges.is_empty() {
                return Err("close_road.target: this city has no roads".into());
            }
            Effect::CloseRoad { edges, reason: reason.clone() }
        }
    })
}

fn watch(city: &City, when: &When) -> Result<Watch, String> {
    Ok(match when {
        When::Alert { property, target, reaches } => Watch::Alert {
            property: ObservedProperty::from_key(property),
            sensor: match target.as_str() {
                "" => None,
                name => {
                    let spot = target::find(city, name).map_err(|e| format!("alert.target: {e}"))?;
                    Some(spot.sensor.ok_or_else(|| format!("alert.target: '{name}' is not a sensor"))?)
                }
            },
            // Checked when the script was read.
            level: word(reaches).unwrap_or(AlertLevel::Red),
        },
        When::Acknowledged { property } => Watch::Acknowledged { property: ObservedProperty::from_key(property) },
        When::Unit { unit, is } => Watch::Unit { units: units(city, unit)?, is: word(is).unwrap_or_default() },
        When::Case { code, near, reaches } => Watch::Case {
            code: code.clone(),
            near: match near.as_str() {
                "" => None,
                name => Some(target::find(city, name).map_err(|e| format!("case.near: {e}"))?.place_m),
            },
            state: CaseState::ALL.into_iter().find(|state| state.key() == reaches),
        },
        When::Road { target } => Watch::Road {
            edges: match target.as_str() {
                "" => Vec::new(),
                name => target::edges(city, target::find(city, name).map_err(|e| format!("road.target: {e}"))?.place_m),
            },
        },
    })
}

fn units(city: &City, name: &str) -> Result<Option<BTreeSet<UnitId>>, String> {
    if name.is_empty() {
        return Ok(None);
    }
    let set: BTreeSet<UnitId> = match word::<UnitKind>(name) {
        Some(kind) => city.units.iter().filter(|u| u.kind == kind).map(|u| u.id.clone()).collect(),
        None => city.units.iter().filter(|u| u.id.as_str() == name).map(|u| u.id.clone()).collect(),
    };
    if set.is_empty() {
        Err(format!("unit.unit: this city has no crew or kind of crew '{name}'"))
    } else {
        Ok(Some(set))
    }
}
