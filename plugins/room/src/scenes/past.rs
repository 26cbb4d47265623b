//! Looking at the past of a room: the picture of any second, from scenes, history and journal, without running a tick.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use guanlan_alerting::Alert;
use guanlan_core::{Input, ObservedProperty, Stamp, WaterPeaks, input::DepthField, water::WaterScene};
use guanlan_journal::{
    JournalError, SceneReader, Store,
    history::{HistoryDoor, HistoryReader, Latest, Mark, NEVER_MS},
};
use guanlan_sensing::{Heard, Quality, SensorTable};
use guanlan_tick::WallClock;

use super::parts;
use crate::{
    health::Health,
    picture::{Picture, Playback},
    water::peaks::Peaks,
};

/// "Not in the history".
const NOBODY: u32 = u32::MAX;

/// How far back a trend goes, and its readings at most.
const TREND_MS: i64 = 7_200_000;
const TREND_POINTS: usize = 2_000;
/// How long trends that were read are good for, ms.
const TRENDS_HOLD_MS: i64 = 60_000;
/// Trends in a picture at most: of alerts, of rain gauges, of road gauges.
const MOST_ALERTS: usize = 40;
const MOST_RAIN: usize = 24;
const MOST_WET: usize = 3;

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
    /// Trends by stream, and when they were read: played on, they are read again each minute.
    trends: (Stamp, BTreeMap<u32, Vec<(Stamp, f64)>>),
    field: Option<(u64, Arc<DepthField>)>,
    scene: Option<(u64, Arc<WaterScene>)>,
    peaks: Option<(u64, Arc<WaterPeaks>)>,
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
        let mut past = Self {
            scenes,
            history,
            numbers: Vec::new(),
            streams: 0,
            base,
            version,
            trends: (Stamp(i64::MIN / 2), BTreeMap::new()),
            field: None,
            scene: None,
            peaks: None,
        };
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
        picture.sensors =
            table_of(&self.base.sensors, &self.numbers, &latest, (at, parts::wall_of(&scene.parts)), self.version);
        parts::mend(&mut picture, &scene.parts, &self.base.rules);
        let table = std::mem::take(&mut picture.sensors);
        picture.sensors = self.with_trends(table, &picture.alerts.active, at)?;
        let water = parts::water_of(&scene.parts);
        picture.water.field = self.field(water.field, journal)?;
        picture.water.version = water.version;
        picture.live_water.scene = self.scene(water.scene, journal)?;
        picture.peaks = Peaks { latest: self.peaks(water.peaks, journal)?, version: water.version };
        picture.tick = scene.tick;
        picture.now = at;
        picture.mode = if playback.replay { guanlan_core::Mode::Replay } else { parts::mode_of(&scene.parts) };
        picture.health = Health::default();
        picture.playback = playback;
        Ok(Some(picture))
    }

    /// Two hours of the streams whose curves are shown: those of alerts, rain gauges, and the wettest road gauges.
    fn with_trends(
        &mut self,
        table: SensorTable,
        alerts: &[Arc<Alert>],
        at: Stamp,
    ) -> Result<SensorTable, JournalError> {
        let (mut rain, mut wet) = (Vec::new(), Vec::new());
        for row in table.rows() {
            match row.meta.property {
                ObservedProperty::RainIntensity if rain.len() < MOST_RAIN => rain.push(row.index),
                ObservedProperty::RoadWaterDepth => wet.extend(row.latest.map(|(depth, _)| (row.index, depth))),
                _ => {}
            }
        }
        if wet.len() > MOST_WET {
            wet.select_nth_unstable_by(MOST_WET, |a, b| b.1.total_cmp(&a.1));
        }
        let shown = alerts.iter().map(|a| a.index).take(MOST_ALERTS);
        let wanted: BTreeSet<u32> = shown.chain(rain).chain(wet.into_iter().take(MOST_WET).map(|(i, _)| i)).collect();
        // Read ahead by a minute where that minute is over, so that a replay does not read them again each second.
        let ahead = at + TRENDS_HOLD_MS;
        let over = self.history.span()?.is_some_and(|(_, last)| last > ahead);
        let (read, known) = &mut self.trends;
        if !over || !(0..TRENDS_HOLD_MS).contains(&(at - *read)) {
            (*read, *known) = (if over { at } else { Stamp(i64::MIN / 2) }, BTreeMap::new());
        }
        let until = if over { ahead } else { at };
        for index in wanted {
            let Some(meta) = table.meta(index).filter(|_| !known.contains_key(&index)) else { continue };
            let series = self.history.series(&meta.id, at + -TREND_MS, until, TREND_POINTS)?;
            let points = series.map(|s| s.points).unwrap_or_default();
            known.insert(index, points.iter().map(|p| (p.at, p.max)).collect());
        }
        let by_now = |points: &[(Stamp, f64)]| points.iter().copied().filter(|(t, _)| *t <= at).collect();
        Ok(table.with_trends(known.iter().map(|(index, points)| (*index, by_now(points)))))
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

    fn peaks(&mut self, tick: Option<u64>, journal: &dyn Store) -> Result<Option<Arc<WaterPeaks>>, JournalError> {
        let Some(tick) = tick else { return Ok(None) };
        if self.peaks.as_ref().is_none_or(|(known, _)| *known != tick) {
            let found = brought(journal, tick, |input| match input {
                Input::WaterPeaks(peaks) => Some(Arc::clone(peaks)),
                _ => None,
            })?;
            self.peaks = found.map(|p| (tick, p));
        }
        Ok(self.peaks.as_ref().map(|(_, p)| Arc::clone(p)))
    }
}

/// The last input of a tick that is what is asked for. A tick whose inputs were retired has none.
fn brought<T>(journal: &dyn Store, tick: u64, what: impl Fn(&Input) -> Option<T>) -> Result<Option<T>, JournalError> {
    let stored = journal.ticks_after(tick.saturating_sub(1), 1)?;
    Ok(stored.first().filter(|t| t.tick == tick).and_then(|t| t.inputs.iter().rev().find_map(what)))
}

/// With the instant, how far the room's clock was ahead of the wall clock then.
fn table_of(
    base: &SensorTable,
    numbers: &[u32],
    latest: &Latest,
    (now, wall): (Stamp, WallClock),
    version: u64,
) -> SensorTable {
    base.as_of(now, version, |index| {
        let number = *numbers.get(index as usize).filter(|n| **n != NOBODY)? as usize;
        let measured = *latest.at.get(number).filter(|m| **m != NEVER_MS)?;
        let quality = match latest.mark[number].quality() {
            Mark::GOOD => Quality::Good,
            Mark::SUSPECT => Quality::Suspect,
            _ => Quality::Contradicted,
        };
        let at = Stamp(measured);
        let ahead_ms = if latest.mark[number].is_back() { wall.in_room(at, now) - at } else { 0 };
        Some(Heard { at, ahead_ms, value: latest.value[number], quality })
    })
}
