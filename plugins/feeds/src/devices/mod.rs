//! The demo's devices, crews and citizens: a publisher of its own that speaks to the room over MQTT
//! only, as real ones would. What it invents is called 演示 on every screen.
//!
//! **Invariant:** everything follows from the seed and the instants it is stepped to.

mod citizens;
mod crews;
mod dice;
mod instrument;
mod publisher;
mod weather;

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc};

use guanlan_city::City;
use guanlan_core::{ObservedProperty, SensorId, Stamp, UnitId};
use guanlan_dispatch::CrewOutput;
use guanlan_geography::LocalFrame;
use serde_json::json;

pub use crews::TaskMessage;
pub use instrument::{Fault, RIVER_LEVELS_M};
pub use publisher::{DevicesError, run};
pub use weather::{DayKind, Weather, day_of};

use instrument::Instrument;

/// A message a device sends.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceMessage {
    /// MQTT topic.
    pub topic: String,
    /// JSON.
    pub payload: String,
    /// True for what must arrive (reports); readings and fixes may be lost once.
    pub important: bool,
}

/// The living part of a demo city.
pub struct Devices {
    city: Arc<City>,
    frame: LocalFrame,
    seed: u64,
    weather: Weather,
    ids: Vec<SensorId>,
    instruments: Vec<Instrument>,
    due: BinaryHeap<Reverse<(Stamp, usize)>>,
    crews: crews::Crews,
    now: Stamp,
}

/// All devices speak once within this time after the start, so that the room is awake at once.
const WAKE_MS: i64 = 6_000;

impl Devices {
    /// The devices of a city, asleep until the first step.
    #[must_use]
    pub fn new(city: Arc<City>, seed: u64, now: Stamp) -> Self {
        let frame = LocalFrame::new(city.epsg, city.origin);
        let mut of_kind = [0usize; ObservedProperty::ALL.len()];
        let mut instruments: Vec<Instrument> = Vec::with_capacity(city.sensors.len());
        for spec in &city.sensors {
            let kind = spec.property as usize;
            instruments.push(Instrument {
                key: dice::key(spec.id.as_str()),
                property: spec.property,
                place_m: spec.place_m.unwrap_or_default(),
                period_ms: i64::from(spec.period_s.max(1)) * 1000,
                rank: of_kind[kind],
                of_kind: 0,
                memory: 0.0,
                last: 0.0,
                said: Stamp(0),
            });
            of_kind[kind] += 1;
        }
        for i in &mut instruments {
            i.of_kind = of_kind[i.property as usize];
        }
        let due =
            instruments.iter().enumerate().map(|(n, i)| Reverse((now + (i.key % WAKE_MS as u64) as i64, n))).collect();
        let ids = city.sensors.iter().map(|s| s.id.clone()).collect();
        let crews = crews::Crews::new(city.clone(), seed);
        Self { city, frame, seed, weather: Weather::new(seed), ids, instruments, due, crews, now }
    }

    /// The weather these devices feel.
    #[must_use]
    pub fn weather(&self) -> &Weather {
        &self.weather
    }

    /// Devices that have a fault at an instant: property and fault.
    #[must_use]
    pub fn faults(&self, now: Stamp) -> Vec<(ObservedProperty, Fault)> {
        self.instruments.iter().filter_map(|i| Some((i.property, i.fault(self.seed, now)?))).collect()
    }

    /// A task arrived for a crew.
    pub fn take_task(&mut self, unit: &UnitId, task: &TaskMessage) {
        if let Ok(place) = self.frame.from_lonlat(task.lon, task.lat) {
            self.crews.take(unit, task, place, self.now);
        }
    }

    /// Lives until `now` and returns what was sent on the way.
    pub fn step(&mut self, now: Stamp) -> Vec<DeviceMessage> {
        let mut out = Vec::new();
        while let Some(&Reverse((at, n))) = self.due.peek() {
            if at > now {
                break;
            }
            self.due.pop();
            let i = &mut self.instruments[n];
            if let Some(value) = i.read(self.seed, &self.weather, at) {
                out.push(DeviceMessage {
                    topic: format!("v1.1/Datastreams({})/Observations", self.ids[n]),
                    payload: json!({ "phenomenonTime": at.to_rfc3339(), "result": value }).to_string(),
                    important: false,
                });
            }
            // A little unsteady, as real clocks are; never faster than nine tenths of the period.
            let jitter = (dice::unit(i.key, at.0 as u64, 7) - 0.5) * 0.1;
            self.due.push(Reverse((at + (i.period_ms as f64 * (1.0 + jitter)) as i64, n)));
        }
        for sighting in citizens::between(self.seed, &self.city, self.now, now) {
            if let Ok([lon, lat]) = self.frame.to_lonlat(sighting.place_m) {
                out.push(DeviceMessage {
                    topic: "guanlan/reports".into(),
                    payload: json!({
                        "report": sighting.report, "at": sighting.at.to_rfc3339(), "lon": round7(lon), "lat": round7(lat),
                        "code": sighting.code, "text": sighting.text, "photo": sighting.photo,
                        "heading_deg": sighting.heading_deg,
                    })
                    .to_string(),
                    important: true,
                });
            }
        }
        for output in self.crews.step(now) {
            out.extend(self.crew_message(output));
        }
        self.now = now;
        out
    }

    fn crew_message(&self, output: CrewOutput) -> Option<DeviceMessage> {
        Some(match output {
            CrewOutput::Fix(fix) => {
                let [lon, lat] = self.frame.to_lonlat([fix.east_m, fix.north_m]).ok()?;
                DeviceMessage {
                    topic: format!("owntracks/{}/phone", fix.unit),
                    payload: json!({
                        "_type": "location", "lon": round7(lon), "lat": round7(lat), "tst": fix.at.0 / 1000,
                        "vel": (f64::from(fix.speed_mps) * 3.6).round(), "cog": fix.course_deg.round(), "acc": 8,
                        "batt": fix.battery.unwrap_or(80), "t": "p", "tid": "gl",
                    })
                    .to_string(),
                    important: false,
                }
            }
            CrewOutput::Report(r) => DeviceMessage {
                topic: format!("guanlan/units/{}/status", r.unit),
                payload: json!({
                    "at": r.at.to_rfc3339(), "status": r.status, "dispatch": r.dispatch, "note": r.note, "photo": r.photo,
                })
                .to_string(),
                important: true,
            },
        })
    }
}

fn round7(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}
