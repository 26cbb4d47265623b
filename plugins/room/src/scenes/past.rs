//! Looking at the past of a room: the picture of any second, from scenes, history and journal, without running a tick.

use std::{path::Path, sync::Arc};

use guanlan_core::{Input, Stamp, input::DepthField, water::WaterScene};
use guanlan_journal::{
    JournalError, SceneReader, Store,
    history::{HistoryDoor, HistoryReader, Latest, Mark, NEVER_MS},
};
use guanlan_sensing::{Heard, Quality, SensorTable};

use super::parts;
use crate::{
    health::Health,
    picture::{Picture, Playback},
};

/// "Not in the history".
const NOBODY: u32 = u32::MAX;

/// The past of one journal.
pub struct Past {
    scenes: SceneReader,
    history: HistoryReader,
    /// Number in the history by index of the base's table, for as many streams as the history had when it was made.
    numbers: Vec<u32>,
    streams: u32,
    /// A picture of the same room: its city, its streams.
    base: Picture,
    version: u64,
    field: Option<(u64, Arc<DepthField>)>,
    scene: Option<(u64, Arc<WaterScene>)>,
}

impl Past {
    /// The past beside a journal; `None` when no scenes or no readings are kept. `base` is a picture of the same room,
    /// `door` where a running room is asked for readings that are not on disk yet.
    #[must_use]
    pub fn beside(journal: &Path, base: Picture, door: Option<&HistoryDoor>) -> Option<Self> {
        let scenes = SceneReader::beside(journal)?;
        let history = match door {
            Some(door) => door.history().ok()?,
            None => HistoryReader::beside(journal).ok()??,
        };
        let version = base.sensors.version();
        let mut past =
            Self { scenes, history, numbers: Vec::new(), streams: 0, base, version, field: None, scene: None };
        past.learn().ok()?;
        Some(past)
    }

    /// Which streams the history knows by which number.
    fn learn(&mut self) -> Result<(), JournalError> {
        let ids = self.history.ids()?;
        self.numbers = vec![NOBODY; self.base.sensors.len()];
        for (number, id) in ids.iter().enumerate() {
            if let Some(index) = self.base.sensors.index_of(id) {
                self.numbers[index as usize] = number as u32;
            }
        }
        self.streams = ids.len() as u32;
        Ok(())
    }

    /// The picture at an instant; `None` when no scene was kept for it.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged.
    pub fn at(&mut self, at: Stamp, playback: Playback, journal: &dyn Store) -> Result<Option<Picture>, JournalError> {
        // Readings and the rest come from two files: one thread for each.
        let (scenes, history) = (&mut self.scenes, &mut self.history);
        let (scene, latest) = std::thread::scope(|scope| {
            let readings = scope.spawn(move || history.seek(at));
            (scenes.at(at), readings.join())
        });
        let Some(scene) = scene? else { return Ok(None) };
        let Ok(latest) = latest else { return Ok(None) };
        let latest = latest?;
        if latest.at.len() as u32 > self.streams {
            self.learn()?;
        }
        self.version += 1;
        let mut picture = self.base.clone();
        picture.sensors = table_of(&self.base.sensors, &self.numbers, &latest, at, self.version);
        parts::mend(&mut picture, &scene.parts, &self.base.rules);
        let water = parts::water_of(&scene.parts);
        picture.water.field = self.field(water.field, journal)?;
        picture.water.version = water.version;
        picture.live_water.scene = self.scene(water.scene, journal)?;
        picture.tick = scene.tick;
        picture.now = at;
        picture.mode = if playback.replay { guanlan_core::Mode::Replay } else { parts::mode_of(&scene.parts) };
        picture.health = Health::default();
        picture.playback = playback;
        Ok(Some(picture))
    }

    fn field(&mut self, tick: Option<u64>, journal: &dyn Store) -> Result<Option<Arc<DepthField>>, JournalError> {
        let Some(tick) = tick else { return Ok(None) };
        if self.field.as_ref().is_none_or(|(known, _)| *known != tick) {
            let found = brought(journal, tick, |input| match input {
                Input::Water(field) => Some(Arc::clone(field)),
                _ => None,
            })?;
            self.field = found.map(|f| (tick, f));
        }
        Ok(self.field.as_ref().map(|(_, f)| Arc::clone(f)))
    }

    fn scene(&mut self, tick: Option<u64>, journal: &dyn Store) -> Result<Option<Arc<WaterScene>>, JournalError> {
        let Some(tick) = tick else { return Ok(None) };
        if self.scene.as_ref().is_none_or(|(known, _)| *known != tick) {
            let found = brought(journal, tick, |input| match input {
                Input::WaterScene(scene) => Some(Arc::clone(scene)),
                _ => None,
            })?;
            self.scene = found.map(|s| (tick, s));
        }
        Ok(self.scene.as_ref().map(|(_, s)| Arc::clone(s)))
    }
}

/// The last input of a tick that is what is asked for. A tick whose inputs were retired has none.
fn brought<T>(journal: &dyn Store, tick: u64, what: impl Fn(&Input) -> Option<T>) -> Result<Option<T>, JournalError> {
    let stored = journal.ticks_after(tick.saturating_sub(1), 1)?;
    Ok(stored.first().filter(|t| t.tick == tick).and_then(|t| t.inputs.iter().rev().find_map(what)))
}

fn table_of(base: &SensorTable, numbers: &[u32], latest: &Latest, at: Stamp, version: u64) -> SensorTable {
    base.as_of(at, version, |index| {
        let number = *numbers.get(index as usize).filter(|n| **n != NOBODY)? as usize;
        let measured = *latest.at.get(number).filter(|m| **m != NEVER_MS)?;
        let quality = match latest.mark[number].quality() {
            Mark::GOOD => Quality::Good,
            Mark::SUSPECT => Quality::Suspect,
            _ => Quality::Contradicted,
        };
        Some(Heard { at: Stamp(measured), value: latest.value[number], quality })
    })
}
