//! Where each stream comes from, said before its first reading and again when another feed brings it. Units, reports and
//! warnings say it, too; a unit also when another device of it speaks.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use guanlan_core::{
    Bilingual, Input, SensorId, Stamp, UnitId,
    input::{Mark, MarkOrigin, SensorDeclared, StreamOrigin},
};

use crate::{health::Health, steps, whence::Whence};

#[derive(Debug, Default)]
struct Known {
    streams: BTreeSet<SensorId>,
    units: BTreeSet<String>,
    declared: BTreeMap<SensorId, SensorDeclared>,
}

/// Who spoke last for each stream and unit, over all feeds of a room: a unit may have a phone and a terminal, a stream a
/// broker and a service.
#[derive(Debug, Default)]
pub struct Voices {
    units: Mutex<BTreeMap<UnitId, (String, String)>>,
    /// Number of the feed. Looked up only, never iterated.
    streams: Mutex<HashMap<SensorId, u32>>,
}

/// Gives every feed of the process a number.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// A feed speaks for a stream; true when another spoke before.
fn changes(streams: &mut HashMap<SensorId, u32>, sensor: &SensorId, feed: u32) -> bool {
    match streams.get_mut(sensor) {
        Some(last) => std::mem::replace(last, feed) != feed,
        None => streams.insert(sensor.clone(), feed).is_none(),
    }
}

impl Voices {
    fn streams(&self) -> MutexGuard<'_, HashMap<SensorId, u32>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feed speaks for a unit; true when another place spoke before.
    fn changes(&self, unit: &UnitId, feed: &str, source: &str) -> bool {
        let mut last = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        match last.get_mut(unit) {
            Some((f, s)) if f == feed && s == source => false,
            Some(spoke) => {
                *spoke = (feed.to_owned(), source.to_owned());
                true
            }
            None => last.insert(unit.clone(), (feed.to_owned(), source.to_owned())).is_none(),
        }
    }
}

/// What a feed has brought so far.
#[derive(Debug)]
pub struct Lineage {
    number: u32,
    feed: String,
    connector: String,
    owner: Bilingual,
    steps: Vec<Bilingual>,
    /// What is done depends on the topic.
    by_topic: bool,
    whence: Whence,
    known: Mutex<Known>,
}

impl Lineage {
    /// Of a feed. `steps`: what is done to its values, in order.
    #[must_use]
    pub fn new(feed: &str, connector: &str, owner: Bilingual, steps: Vec<Bilingual>, whence: Whence) -> Self {
        let (feed, connector) = (feed.to_owned(), connector.to_owned());
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            feed,
            connector,
            owner,
            steps,
            by_topic: false,
            whence,
            known: Mutex::default(),
        }
    }

    /// Of a source in the room's own topics: each topic says what is done with its messages.
    #[must_use]
    pub fn by_topic(self) -> Self {
        Self { by_topic: true, ..self }
    }

    /// What is done to something of a place, in order.
    fn steps(&self, source: &str) -> Vec<Bilingual> {
        let of_topic = if self.by_topic { steps::of_topic(source) } else { Vec::new() };
        of_topic.into_iter().chain(self.steps.iter().cloned()).collect()
    }

    /// A camera whose picture this feed shows.
    #[must_use]
    pub fn camera(&self, id: &str, address: &str) -> Input {
        self.brought(Mark::Camera(id.to_owned()), address)
    }

    /// Puts the origin of new streams before their first reading, leaves out declarations that say nothing new, and
    /// takes lags. `more` are steps of this stream alone.
    pub fn mark(
        &self,
        inputs: Vec<Input>,
        source: &str,
        more: &(dyn Fn(&SensorId) -> Vec<Bilingual> + Sync),
        voices: &Voices,
        health: &Health,
        now: Stamp,
    ) -> Vec<Input> {
        let mut out = Vec::with_capacity(inputs.len() + 1);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.streams.len() + known.units.len();
        let mut streams = voices.streams();
        for input in inputs {
            match &input {
                Input::Observation(o) => {
                    health.lag(o.received - o.phenomenon);
                    if changes(&mut streams, &o.sensor, self.number) {
                        known.streams.insert(o.sensor.clone());
                        out.push(self.origin(&o.sensor, source, more(&o.sensor)));
                    }
                }
                Input::SensorDeclared(d) => {
                    if known.declared.get(&d.sensor) == Some(d) {
                        continue;
                    }
                    known.declared.insert(d.sensor.clone(), d.clone());
                    if changes(&mut streams, &d.sensor, self.number) {
                        known.streams.insert(d.sensor.clone());
                        out.push(self.origin(&d.sensor, source, more(&d.sensor)));
                    }
                }
                Input::Fix(fix) => {
                    health.lag(now - fix.at);
                    if !known.units.contains(fix.unit.as_str()) {
                        known.units.insert(fix.unit.as_str().to_owned());
                    }
                    if voices.changes(&fix.unit, &self.feed, source) {
                        out.push(self.brought(Mark::Unit(fix.unit.clone()), source));
                    }
                }
                Input::UnitReport(report) if voices.changes(&report.unit, &self.feed, source) => {
                    out.push(self.brought(Mark::Unit(report.unit.clone()), source));
                }
                Input::Citizen(report) => out.push(self.brought(Mark::Report(report.report.clone()), source)),
                Input::Warning(warning) => out.push(self.brought(Mark::Warning(warning.identifier.clone()), source)),
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

    fn brought(&self, mark: Mark, source: &str) -> Input {
        let steps = self.steps(source);
        let source = match &mark {
            Mark::Unit(unit) => self.whence.at(source, unit.as_str()),
            Mark::Report(report) => self.whence.at(source, report),
            // The message has a file or an address of its own.
            Mark::Warning(_) | Mark::Camera(_) => source.to_owned(),
        };
        Input::Brought(Box::new(MarkOrigin {
            mark,
            feed: self.feed.clone(),
            connector: self.connector.clone(),
            source,
            steps,
            owner: self.owner.clone(),
        }))
    }

    fn origin(&self, sensor: &SensorId, source: &str, more: Vec<Bilingual>) -> Input {
        let steps = self.steps(source).into_iter().chain(more).collect();
        Input::Origin(Box::new(StreamOrigin {
            sensor: sensor.clone(),
            feed: self.feed.clone(),
            connector: self.connector.clone(),
            source: self.whence.at(source, sensor.as_str()),
            steps,
            owner: self.owner.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::{
        ObservedProperty,
        input::{Observation, UnitFix},
    };

    #[test]
    fn an_origin_once_and_no_repeated_declaration() {
        let health = Health::new("f", true, "http", Bilingual::default(), Bilingual::default(), 0);
        let lineage =
            Lineage::new("f", "http", Bilingual::same("水务局"), vec![Bilingual::same("ft → m")], Whence::default());
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
        let voices = Voices::default();
        let mark = |inputs| lineage.mark(inputs, "http://h", &|_| vec![], &voices, &health, Stamp(700));
        let first = mark(vec![declared.clone(), reading.clone()]);
        assert!(
            matches!(&first[0], Input::Origin(o) if o.source == "http://h" && o.steps.len() == 1 && o.owner.zh == "水务局")
        );
        assert_eq!(first[1..], [declared.clone(), reading.clone()]);
        assert_eq!(mark(vec![declared, reading.clone()]), [reading.clone()]);
        // Another feed brings the same stream, then this one again.
        let other = Lineage::new("g", "mqtt", Bilingual::default(), Vec::new(), Whence::default());
        let by_other = other.mark(vec![reading.clone()], "a/b", &|_| vec![], &voices, &health, Stamp(700));
        assert!(matches!(&by_other[0], Input::Origin(o) if o.feed == "g") && by_other.len() == 2);
        assert!(matches!(&mark(vec![reading])[0], Input::Origin(o) if o.feed == "f"));
        let f = health.figures(Stamp(700));
        assert_eq!((f.streams, f.lag_ms), (1, 700));
    }

    #[test]
    fn a_unit_says_who_brings_it_and_again_when_another_does() {
        let health = Health::new("f", true, "http", Bilingual::default(), Bilingual::default(), 0);
        let voices = Voices::default();
        let [phone, terminal] = ["phone", "terminal"].map(|f| {
            let steps = vec![Bilingual::same("GCJ-02")];
            Lineage::new(f, "x", Bilingual::default(), steps, Whence::default())
        });
        let fix = |at| {
            let (unit, at) = ("DRAIN-07".into(), Stamp(at));
            vec![Input::Fix(UnitFix {
                unit,
                at,
                east_m: 0.0,
                north_m: 0.0,
                speed_mps: 0.0,
                course_deg: 0.0,
                battery: None,
            })]
        };
        let say = |by: &Lineage, source: &str, at| {
            let out = by.mark(fix(at), source, &|_| vec![], &voices, &health, Stamp(at));
            match &out[0] {
                Input::Brought(o) => format!("{} {} {}", o.feed, o.source, o.steps.len()),
                _ => String::new(),
            }
        };
        assert_eq!(say(&phone, "owntracks/DRAIN-07/a", 1), "phone owntracks/DRAIN-07/a 1");
        assert_eq!(say(&phone, "owntracks/DRAIN-07/a", 2), "");
        assert_eq!(say(&terminal, "tcp://h", 3), "terminal tcp://h 1");
        assert_eq!(say(&phone, "owntracks/DRAIN-07/a", 4), "phone owntracks/DRAIN-07/a 1");
    }
}
