//! The sensor table: every stream the room knows, by a stable index.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use bevy_ecs::prelude::*;
use guanlan_city::City;
use guanlan_core::{Bilingual, ObservedProperty, SensorId, Stamp, input::SensorDeclared};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{
    chunk::{CHUNK, LiveChunk, MetaChunk, NEVER, SensorMeta, split},
    counters::Counters,
    nearby::Nearby,
    neighbours::Neighbours,
    quality::{Quality, QualityReason},
    trend::{Trend, TrendChunk},
};

/// Streams that may appear without having been declared; more are refused and counted.
pub const UNKNOWN_LIMIT: u32 = 20_000;

/// Every stream the room knows. Indices are given in order of appearance and never reused.
///
/// Cloning copies one pointer per 1024 sensors. A view that holds a clone sees what changed by
/// comparing the `version` of chunks with the [`version`](Self::version) it has drawn.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Saved")]
pub struct SensorTable {
    version: u64,
    pub(crate) meta: Vec<Arc<MetaChunk>>,
    pub(crate) live: Vec<Arc<LiveChunk>>,
    pub(crate) trends: Vec<Arc<TrendChunk>>,
    pub(crate) neighbours: Arc<Neighbours>,
    /// Jumps waiting for a second reading: value and measuring time.
    pub(crate) jumps: BTreeMap<u32, (f64, Stamp)>,
    /// Readings in a row that neighbours or the model contradicted.
    pub(crate) doubts: BTreeMap<u32, i8>,
    /// Sensors whose quality may still have to be told, first come first told.
    pub(crate) untold: VecDeque<u32>,
    pub(crate) counters: Counters,
    unknown: u32,
    /// Looked up only, never iterated: its order can not reach the truth.
    #[serde(skip)]
    index: Arc<HashMap<SensorId, u32>>,
    /// Placed road gauges, ascending: what the water field drives.
    #[serde(skip)]
    pub(crate) road_gauges: Arc<Vec<u32>>,
    /// Placed streams by property and cell.
    #[serde(skip)]
    nearby: Arc<Nearby>,
}

/// The part of the table a snapshot keeps; the rest is derived.
#[derive(Deserialize)]
struct Saved {
    version: u64,
    meta: Vec<Arc<MetaChunk>>,
    live: Vec<Arc<LiveChunk>>,
    trends: Vec<Arc<TrendChunk>>,
    neighbours: Arc<Neighbours>,
    jumps: BTreeMap<u32, (f64, Stamp)>,
    doubts: BTreeMap<u32, i8>,
    untold: VecDeque<u32>,
    counters: Counters,
    unknown: u32,
}

impl From<Saved> for SensorTable {
    fn from(s: Saved) -> Self {
        let mut table = Self {
            version: s.version,
            meta: s.meta,
            live: s.live,
            trends: s.trends,
            neighbours: s.neighbours,
            jumps: s.jumps,
            doubts: s.doubts,
            untold: s.untold,
            counters: s.counters,
            unknown: s.unknown,
            index: Arc::default(),
            road_gauges: Arc::default(),
            nearby: Arc::default(),
        };
        table.derive();
        table
    }
}

impl RoomState for SensorTable {
    const NAME: &'static str = "sensing.table";
}

/// One sensor as a whole, borrowed from its columns.
#[derive(Clone, Copy, Debug)]
pub struct SensorRow<'a> {
    /// Its index.
    pub index: u32,
    /// What it is.
    pub meta: &'a SensorMeta,
    /// Latest accepted value and when it was measured; `None` before the first.
    pub latest: Option<(f64, Stamp)>,
    /// How far the room's clock was ahead of the wall clock when it was last heard, ms: its measuring times are behind
    /// the room's instants by that much.
    pub ahead_ms: i64,
    /// Quality now.
    pub quality: Quality,
    /// Why.
    pub reason: QualityReason,
    /// Change between the last two readings, unit per minute.
    pub rate_per_min: Option<f64>,
}

impl SensorTable {
    /// A table of the sensors a city knows from files, none heard yet.
    #[must_use]
    pub fn from_city(city: &City) -> Self {
        let mut table = Self { version: 1, ..Self::default() };
        for spec in &city.sensors {
            table.declare(&SensorDeclared {
                sensor: spec.id.clone(),
                name: spec.name.clone(),
                property: spec.property,
                place_m: spec.place_m,
                period_s: spec.period_s,
            });
        }
        table
    }

    /// Number of sensors.
    #[must_use]
    pub fn len(&self) -> usize {
        self.meta.last().map_or(0, |last| (self.meta.len() - 1) * CHUNK + last.rows.len())
    }

    /// True when no sensor is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.meta.is_empty()
    }

    /// Grows with every tick; chunks carry the version of their last change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn begin(&mut self) {
        self.version += 1;
    }

    /// What was taken and refused since the timeline began.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The index of a stream.
    #[must_use]
    pub fn index_of(&self, id: &SensorId) -> Option<u32> {
        self.index.get(id).copied()
    }

    /// What a sensor is.
    #[must_use]
    pub fn meta(&self, index: u32) -> Option<&SensorMeta> {
        let (c, r) = split(index);
        self.meta.get(c)?.rows.get(r)
    }

    /// A sensor as a whole.
    #[must_use]
    pub fn row(&self, index: u32) -> Option<SensorRow<'_>> {
        let (c, r) = split(index);
        let meta = self.meta.get(c)?.rows.get(r)?;
        let live = self.live.get(c)?;
        let (at, before) = (*live.phenomenon.get(r)?, live.previous_at[r]);
        let rate = (before != NEVER && at > before)
            .then(|| (live.value[r] - live.previous[r]) * 60_000.0 / (at - before) as f64);
        Some(SensorRow {
            index,
            meta,
            latest: (at != NEVER).then(|| (live.value[r], at)),
            ahead_ms: live.ahead_ms[r],
            quality: live.quality[r],
            reason: live.reason[r],
            rate_per_min: rate,
        })
    }

    /// The sensor with this id as a whole.
    #[must_use]
    pub fn find(&self, id: &SensorId) -> Option<SensorRow<'_>> {
        self.row(self.index_of(id)?)
    }

    /// All sensors in index order.
    pub fn rows(&self) -> impl Iterator<Item = SensorRow<'_>> {
        (0..self.len() as u32).filter_map(|i| self.row(i))
    }

    /// The chunks: what sensors are, what they say. Chunk `c` holds sensors from `c × CHUNK`.
    pub fn chunks(&self) -> impl Iterator<Item = (&Arc<MetaChunk>, &Arc<LiveChunk>)> {
        self.meta.iter().zip(&self.live)
    }

    /// The last hours of a gauge; `None` for streams without a trend.
    #[must_use]
    pub fn trend(&self, index: u32) -> Option<&Trend> {
        let (c, r) = split(index);
        self.trends.get(c)?.rows.get(r)?.as_deref()
    }

    /// Streams of a property within a radius, in index order per cell of 500 m, until `each` says stop.
    /// Costs the streams of the cells that the radius touches.
    pub fn near(
        &self,
        property: ObservedProperty,
        place_m: [f64; 2],
        radius_m: f64,
        mut each: impl FnMut(u32) -> bool,
    ) {
        self.nearby.within(property, place_m, radius_m, |index| {
            let near = self.meta(index).and_then(|m| m.place_m).is_some_and(|p| {
                let (dx, dy) = (p[0] - place_m[0], p[1] - place_m[1]);
                dx * dx + dy * dy <= radius_m * radius_m
            });
            !near || each(index)
        });
    }

    /// How many sensors have each quality: good, suspect, stale, offline, contradicted.
    #[must_use]
    pub fn quality_counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for live in &self.live {
            for q in &live.quality {
                counts[*q as usize] += 1;
            }
        }
        counts
    }

    /// The same streams with other columns and no trends.
    pub(crate) fn with_live(&self, live: Vec<Arc<LiveChunk>>, version: u64) -> Self {
        let trends = vec![Arc::default(); live.len()];
        Self {
            version,
            live,
            trends,
            jumps: BTreeMap::new(),
            doubts: BTreeMap::new(),
            untold: VecDeque::new(),
            ..self.clone()
        }
    }

    /// Adds a stream or updates what is known of it. Saying the same again changes nothing.
    /// A stream that observes something else than before starts afresh.
    pub(crate) fn declare(&mut self, d: &SensorDeclared) {
        let meta = SensorMeta {
            id: d.sensor.clone(),
            name: if d.name == Bilingual::default() { Bilingual::same(d.sensor.as_str()) } else { d.name.clone() },
            property: d.property,
            place_m: d.place_m.filter(|p| p.iter().all(|v| v.is_finite())),
            period_s: d.period_s,
            declared: true,
        };
        let Some(index) = self.index_of(&d.sensor) else {
            self.push(meta);
            return;
        };
        let (c, r) = split(index);
        let old = &self.meta[c].rows[r];
        if *old == meta {
            return;
        }
        let (other, was_declared) = (old.property != meta.property, old.declared);
        let (before, after) = ((old.property, old.place_m), (meta.property, meta.place_m));
        if before != after {
            let nearby = Arc::make_mut(&mut self.nearby);
            nearby.remove(before.0, before.1, index);
            nearby.add(after.0, after.1, index);
        }
        let chunk = Arc::make_mut(&mut self.meta[c]);
        chunk.version = self.version;
        chunk.rows[r] = meta;
        let live = Arc::make_mut(&mut self.live[c]);
        live.version = self.version;
        live.next_due = NEVER;
        if other {
            live.reset(r);
            self.jumps.remove(&index);
            self.doubts.remove(&index);
            if self.trend(index).is_some() {
                Arc::make_mut(&mut self.trends[c]).rows[r] = None;
            }
        }
        if !was_declared {
            self.unknown -= 1;
        }
        self.derive_gauge(index);
    }

    /// Adds a stream of which only readings are known. `None` when there are too many of them.
    pub(crate) fn add_unknown(&mut self, id: &SensorId) -> Option<u32> {
        if self.unknown >= UNKNOWN_LIMIT {
            return None;
        }
        self.unknown += 1;
        Some(self.push(SensorMeta {
            id: id.clone(),
            name: Bilingual::same(id.as_str()),
            property: ObservedProperty::Other,
            place_m: None,
            period_s: 0,
            declared: false,
        }))
    }

    fn push(&mut self, meta: SensorMeta) -> u32 {
        let index = self.len() as u32;
        let (c, _) = split(index);
        if c == self.meta.len() {
            self.meta.push(Arc::default());
            self.live.push(Arc::default());
            self.trends.push(Arc::default());
        }
        Arc::make_mut(&mut self.index).insert(meta.id.clone(), index);
        Arc::make_mut(&mut self.nearby).add(meta.property, meta.place_m, index);
        let chunk = Arc::make_mut(&mut self.meta[c]);
        chunk.version = self.version;
        chunk.rows.push(meta);
        let live = Arc::make_mut(&mut self.live[c]);
        live.version = self.version;
        live.push();
        self.derive_gauge(index);
        index
    }

    fn is_road_gauge(meta: &SensorMeta) -> bool {
        meta.property == ObservedProperty::RoadWaterDepth && meta.place_m.is_some()
    }

    fn derive_gauge(&mut self, index: u32) {
        let is = self.meta(index).is_some_and(Self::is_road_gauge);
        match (self.road_gauges.binary_search(&index), is) {
            (Err(at), true) => Arc::make_mut(&mut self.road_gauges).insert(at, index),
            (Ok(at), false) => {
                Arc::make_mut(&mut self.road_gauges).remove(at);
            }
            _ => {}
        }
    }

    fn derive(&mut self) {
        let rows = || self.meta.iter().flat_map(|c| &c.rows).zip(0_u32..);
        let index = rows().map(|(m, i)| (m.id.clone(), i)).collect();
        let gauges = rows().filter(|(m, _)| Self::is_road_gauge(m)).map(|(_, i)| i).collect();
        let mut nearby = Nearby::default();
        for (m, i) in rows() {
            nearby.add(m.property, m.place_m, i);
        }
        self.nearby = Arc::new(nearby);
        self.index = Arc::new(index);
        self.road_gauges = Arc::new(gauges);
    }
}
