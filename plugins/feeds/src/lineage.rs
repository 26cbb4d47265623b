//! Where each stream comes from, said once: before its first reading.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use guanlan_core::{
    Bilingual, Input, SensorId, Stamp,
    input::{SensorDeclared, StreamOrigin},
};

use crate::health::Health;

#[derive(Debug, Default)]
struct Known {
    streams: BTreeSet<SensorId>,
    units: BTreeSet<String>,
    declared: BTreeMap<SensorId, SensorDeclared>,
}

/// What a feed has brought so far.
#[derive(Debug)]
pub struct Lineage {
    feed: String,
    connector: String,
    owner: Bilingual,
    steps: Vec<Bilingual>,
    known: Mutex<Known>,
}

impl Lineage {
    /// Of a feed. `steps`: what is done to its values, in order.
    #[must_use]
    pub fn new(feed: &str, connector: &str, owner: Bilingual, steps: Vec<Bilingual>) -> Self {
        Self { feed: feed.to_owned(), connector: connector.to_owned(), owner, steps, known: Mutex::default() }
    }

    /// Puts the origin of new streams before their first reading, leaves out declarations that say nothing new, and
    /// takes lags. `more` are steps of this stream alone.
    pub fn mark(
        &self,
        inputs: Vec<Input>,
        source: &str,
        more: &(dyn Fn(&SensorId) -> Vec<Bilingual> + Sync),
        health: &Health,
        now: Stamp,
    ) -> Vec<Input> {
        let mut out = Vec::with_capacity(inputs.len() + 1);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.streams.len() + known.units.len();
        for input in inputs {
            match &input {
                Input::Observation(o) => {
                    health.lag(o.received - o.phenomenon);
                    if !known.streams.contains(&o.sensor) {
                        known.streams.insert(o.sensor.clone());
                        out.push(self.origin(&o.sensor, source, more(&o.sensor)));
                    }
                }
                Input::SensorDeclared(d) => {
                    if known.declared.get(&d.sensor) == Some(d) {
                        continue;
                    }
                    known.declared.insert(d.sensor.clone(), d.clone());
                    if known.streams.insert(d.sensor.clone()) {
                        out.push(self.origin(&d.sensor, source, more(&d.sensor)));
                    }
                }
                Input::Fix(fix) => {
                    health.lag(now - fix.at);
                    if !known.units.contains(fix.unit.as_str()) {
                        known.units.insert(fix.unit.as_str().to_owned());
                    }
                }
                _ => {}
            }
            out.push(input);
        }
        let after = known.streams.len() + known.units.len();
        if after != before {
            health.streams(after);
        }
        out
    }

    fn origin(&self, sensor: &SensorId, source: &str, more: Vec<Bilingual>) -> Input {
        let steps = self.steps.iter().cloned().chain(more).collect();
        Input::Origin(Box::new(StreamOrigin {
            sensor: sensor.clone(),
            feed: self.feed.clone(),
            connector: self.connector.clone(),
            source: source.to_owned(),
            steps,
            owner: self.owner.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::{ObservedProperty, input::Observation};

    #[test]
    fn an_origin_once_and_no_repeated_declaration() {
        let health = Health::new("f", true, "http", Bilingual::default(), Bilingual::default(), 0);
        let lineage = Lineage::new("f", "http", Bilingual::same("水务局"), vec![Bilingual::same("ft → m")]);
        let declared = Input::SensorDeclared(SensorDeclared {
            sensor: "a".into(),
            name: Bilingual::same("a"),
            property: ObservedProperty::RiverStage,
            place_m: None,
            period_s: 60,
        });
        let reading = Input::Observation(Observation {
            sensor: "a".into(),
            phenomenon: Stamp(0),
            received: Stamp(700),
            result: 1.0,
        });
        let mark = |inputs| lineage.mark(inputs, "http://h", &|_| vec![], &health, Stamp(700));
        let first = mark(vec![declared.clone(), reading.clone()]);
        assert!(
            matches!(&first[0], Input::Origin(o) if o.source == "http://h" && o.steps.len() == 1 && o.owner.zh == "水务局")
        );
        assert_eq!(first[1..], [declared.clone(), reading.clone()]);
        assert_eq!(mark(vec![declared, reading.clone()]), [reading]);
        let f = health.figures(Stamp(700));
        assert_eq!((f.streams, f.lag_ms), (1, 700));
    }
}
