//! From what a tick sensed to what the history keeps.

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
                Sensed::Reading { index, at, value, trusted } => {
                    readings += 1;
                    let Some(&stream) = self.numbers.get(index as usize).filter(|n| **n != NOBODY) else { continue };
                    let mark = if trusted { self.quality[index as usize] } else { Mark::SUSPECT };
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

    /// Readings older than the last one heard complete the past; refused ones and repeats do not.
    fn add_late(&self, inputs: &[Input], history: &dyn History, out: &mut HistoryTick) {
        for input in inputs {
            let Input::Observation(o) = input else { continue };
            let Some(stream) = history.number(&o.sensor) else { continue };
            let newer = history.latest_at(stream).is_some_and(|latest| o.phenomenon < latest);
            let [low, high] = history.plausible(stream).unwrap_or([f64::MIN, f64::MAX]);
            if newer && (low..=high).contains(&o.result) {
                let mark = Mark(Mark::LATE);
                out.readings.push(Reading { stream, at: o.phenomenon, value: o.result, mark });
            }
        }
    }
}
