//! From what a tick sensed to what the history keeps.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::{Input, SensorId, Stamp};
use guanlan_journal::history::{History, HistoryTick, Mark, Reading};
use guanlan_sensing::{Quality, Sensed, SensedTick};

use crate::machine::Machine;

/// A sensor the history does not know yet.
#[derive(Clone, Debug)]
pub(crate) struct Newcomer {
    /// Index in the room's sensor table.
    pub index: u32,
    pub id: SensorId,
    /// Closed range of plausible values.
    pub range: [f64; 2],
    pub quality: Quality,
}

/// Looks at a machine after each tick.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    known: u32,
}

impl Tap {
    /// Everything the machine holds now is known already.
    pub fn after(machine: &Machine) -> Self {
        Self { known: machine.world().resource::<guanlan_sensing::SensorTable>().len() as u32 }
    }

    /// What the tick sensed, taken from the machine, and the sensors that are new since the last look.
    pub fn take(&mut self, machine: &mut Machine) -> (Vec<Sensed>, Vec<Newcomer>) {
        let sensed = machine
            .world_mut()
            .get_resource_mut::<SensedTick>()
            .map(|mut tick| std::mem::take(&mut tick.facts))
            .unwrap_or_default();
        let table = machine.world().resource::<guanlan_sensing::SensorTable>();
        let count = table.len() as u32;
        if count == self.known {
            return (sensed, Vec::new());
        }
        let new = (self.known..count).filter_map(|index| {
            let row = table.row(index)?;
            let (low, high) = row.meta.property.plausible();
            Some(Newcomer { index, id: row.meta.id.clone(), range: [low, high], quality: row.quality })
        });
        let new = new.collect();
        self.known = count;
        (sensed, new)
    }
}

/// What becomes of a tick in the history.
pub(crate) struct Kept {
    pub tick: u64,
    pub now: Stamp,
    pub inputs: Vec<Input>,
    pub sensed: Vec<Sensed>,
    pub newcomers: Vec<Newcomer>,
}

/// Numbers of the history by index of the room's table, and the quality of each stream.
#[derive(Debug, Default)]
pub(crate) struct Translator {
    numbers: Vec<u32>,
    quality: Vec<Mark>,
}

/// "Not in the history".
const NOBODY: u32 = u32::MAX;

fn mark_of(quality: Quality) -> Option<Mark> {
    match quality.key() {
        "good" => Some(Mark::GOOD),
        "suspect" => Some(Mark::SUSPECT),
        "contradicted" => Some(Mark::CONTRADICTED),
        // Silence is seen from the age of the latest reading.
        _ => None,
    }
}

impl Translator {
    pub fn translate(&mut self, kept: Kept, history: &dyn History) -> HistoryTick {
        let mut out = HistoryTick { tick: kept.tick, now: kept.now, ..HistoryTick::default() };
        for new in kept.newcomers {
            let i = new.index as usize;
            if self.numbers.len() <= i {
                self.numbers.resize(i + 1, NOBODY);
                self.quality.resize(i + 1, Mark::GOOD);
            }
            self.numbers[i] = history.number(&new.id).unwrap_or_else(|| {
                out.streams.push((new.id, new.range));
                history.streams() + out.streams.len() as u32 - 1
            });
            self.quality[i] = mark_of(new.quality).unwrap_or_default();
        }
        let mut readings = 0;
        for (k, fact) in kept.sensed.iter().enumerate() {
            match *fact {
                Sensed::Reading { index, at, room_at, value, trusted } => {
                    readings += 1;
                    let Some(&stream) = self.numbers.get(index as usize).filter(|n| **n != NOBODY) else { continue };
                    let mut mark = if trusted { self.quality[index as usize] } else { Mark::SUSPECT };
                    if room_at != at {
                        mark.0 |= Mark::BACK;
                    }
                    out.readings.push(Reading { stream, at, value, mark });
                }
                Sensed::Quality { index, at, to, .. } => {
                    let (Some(mark), Some(&stream)) = (mark_of(to), self.numbers.get(index as usize)) else { continue };
                    self.quality[index as usize] = mark;
                    // A reading that follows carries the quality itself.
                    let told = matches!(kept.sensed.get(k + 1), Some(Sensed::Reading { index: i, .. }) if *i == index);
                    if !told && stream != NOBODY {
                        out.readings.push(Reading { stream, at, value: 0.0, mark: Mark(Mark::TURN | mark.0) });
                    }
                }
            }
        }
        let observed = kept.inputs.iter().filter(|i| matches!(i, Input::Observation(_))).count();
        if observed > readings {
            self.add_late(&kept.inputs, history, &mut out);
        }
        out
    }

    /// Readings older than the last one heard complete the past, also where both came in one tick; refused ones and
    /// repeats do not.
    fn add_late(&self, inputs: &[Input], history: &dyn History, out: &mut HistoryTick) {
        let mut told = BTreeSet::new();
        let mut newest: BTreeMap<u32, Stamp> = BTreeMap::new();
        let mut set_back = BTreeSet::new();
        for r in out.readings.iter().filter(|r| !r.mark.is_turn()) {
            told.insert((r.stream, r.at));
            let at = newest.entry(r.stream).or_insert(r.at);
            *at = r.at.max(*at);
            if r.mark.is_back() {
                set_back.insert(r.stream);
            }
        }
        for input in inputs {
            let Input::Observation(o) = input else { continue };
            // A stream of this very tick has its number already.
            let fresh = || out.streams.iter().position(|(id, _)| *id == o.sensor);
            let found = match history.number(&o.sensor) {
                Some(stream) => Some((stream, history.plausible(stream).unwrap_or([f64::MIN, f64::MAX]))),
                None => fresh().map(|k| (history.streams() + k as u32, out.streams[k].1)),
            };
            let Some((stream, [low, high])) = found else { continue };
            let before = history.latest_at(stream).filter(|_| !set_back.contains(&stream));
            let latest = before.into_iter().chain(newest.get(&stream).copied()).max();
            let late = latest.is_some_and(|latest| o.phenomenon < latest);
            if late && (low..=high).contains(&o.result) && told.insert((stream, o.phenomenon)) {
                let mark = Mark(Mark::LATE);
                out.readings.push(Reading { stream, at: o.phenomenon, value: o.result, mark });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::{Mode, input::Observation};
    use guanlan_journal::{
        Meta,
        history::{Retention, SqliteHistory},
    };

    #[test]
    fn a_late_reading_is_kept_also_when_its_successor_came_in_the_same_tick() {
        let folder = tempfile::tempdir().unwrap();
        let meta =
            Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 200, city: "-".into(), parent: None };
        let mut history =
            SqliteHistory::beside(&folder.path().join("room.db"), &meta, 0, Retention::default()).unwrap();
        let mut translator = Translator::default();
        let reading = |ms: i64| {
            let at = Stamp(1_000_000 + ms);
            Input::Observation(Observation { sensor: "s".into(), phenomenon: at, received: at, result: ms as f64 })
        };
        let ahead_ms = std::cell::Cell::new(0);
        let sensed = |ms: i64| {
            let at = Stamp(1_000_000 + ms);
            Sensed::Reading { index: 0, at, room_at: at + ahead_ms.get(), value: ms as f64, trusted: true }
        };
        let new = Newcomer { index: 0, id: "s".into(), range: [0.0, 1e6], quality: Quality::default() };
        let mut tick = |tick: u64, came: &[i64], taken: &[i64], newcomers: Vec<Newcomer>| {
            let kept = Kept {
                tick,
                now: Stamp(1_100_000),
                inputs: came.iter().map(|ms| reading(*ms)).collect(),
                sensed: taken.iter().map(|ms| sensed(*ms)).collect(),
                newcomers,
            };
            let fed = translator.translate(kept, &history);
            let mut at: Vec<i64> = fed.readings.iter().map(|r| r.at.0 - 1_000_000).collect();
            history.feed(fed).unwrap();
            at.sort_unstable();
            at
        };
        assert_eq!(tick(1, &[20, 10], &[20], vec![new]), [10, 20], "in the tick the stream is new in");
        assert_eq!(tick(2, &[50, 40, 60, 60], &[50, 60], Vec::new()), [40, 50, 60], "a repeat is not kept twice");
        assert_eq!(tick(3, &[30, 70], &[70], Vec::new()), [30, 70], "older than what came in an earlier tick");
        assert_eq!(tick(4, &[2_000_000, 65], &[], Vec::new()), [65], "what sensing refused is not late");
        assert_eq!(tick(5, &[64_000, 66], &[64_000], Vec::new()), [66, 64_000], "its clock was set ahead");
        ahead_ms.set(64_000);
        assert_eq!(tick(6, &[80, 79], &[80], Vec::new()), [79, 80], "and back: taken as the newest");
        assert_eq!(history.latest_at(0), Some(Stamp(1_000_080)));
    }
}
