//! Columns of 1024 sensors behind one `Arc`: what did not change is shared by forks and pictures.

use guanlan_core::{Bilingual, ObservedProperty, SensorId, Stamp};
use serde::{Deserialize, Serialize};

use crate::quality::{Quality, QualityReason};

/// Sensors in a chunk. Sensor `index` is row `index % CHUNK` of chunk `index / CHUNK`.
pub const CHUNK: usize = 1024;

/// The stamp of "no reading yet".
pub const NEVER: Stamp = Stamp(i64::MIN);

/// What a stream is. Changes rarely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorMeta {
    /// The stream.
    pub id: SensorId,
    /// Name on the screen; the id where a feed gave none.
    pub name: Bilingual,
    /// What it observes.
    pub property: ObservedProperty,
    /// Local frame, m; `None` is unplaced.
    pub place_m: Option<[f64; 2]>,
    /// Promised time between readings, s; 0 unknown.
    pub period_s: u32,
    /// False for a stream that only ever sent readings: what it is is not known yet.
    pub declared: bool,
}

/// What the sensors of one chunk are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MetaChunk {
    /// The table's version at the last change.
    pub version: u64,
    /// One row per sensor.
    pub rows: Vec<SensorMeta>,
}

/// What the sensors of one chunk say, one column per fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveChunk {
    /// The table's version at the last change.
    pub version: u64,
    /// Latest accepted value in the property's unit; 0 before the first.
    pub value: Vec<f64>,
    /// When it was measured; [`NEVER`] before the first.
    pub phenomenon: Vec<Stamp>,
    /// When it reached the connector.
    pub received: Vec<Stamp>,
    /// The accepted value before, for rates.
    pub previous: Vec<f64>,
    /// When the value before was measured; [`NEVER`] if there is none.
    pub previous_at: Vec<Stamp>,
    /// Quality now.
    pub quality: Vec<Quality>,
    /// Why.
    pub reason: Vec<QualityReason>,
    /// Measuring time of the last reading heard, believed or not.
    pub(crate) heard: Vec<Stamp>,
    /// How far the room's clock was ahead of the wall clock then, ms: what is added to instants of this stream before they
    /// are compared with the room's.
    pub(crate) ahead_ms: Vec<i64>,
    /// Measuring time of the last change of value.
    pub(crate) changed: Vec<Stamp>,
    /// Readings in a row with the same value.
    pub(crate) same: Vec<u16>,
    /// The quality told by the last event.
    pub(crate) announced: Vec<Quality>,
    /// True while the sensor waits for its quality to be told.
    pub(crate) queued: Vec<bool>,
    /// No sensor of this chunk turns stale or offline before this instant.
    pub(crate) next_due: Stamp,
}

impl Default for LiveChunk {
    fn default() -> Self {
        Self::silent(0)
    }
}

impl LiveChunk {
    /// So many sensors that nobody has heard.
    pub(crate) fn silent(count: usize) -> Self {
        Self {
            version: 0,
            value: vec![0.0; count],
            phenomenon: vec![NEVER; count],
            received: vec![NEVER; count],
            previous: vec![0.0; count],
            previous_at: vec![NEVER; count],
            quality: vec![Quality::Stale; count],
            reason: vec![QualityReason::NotHeard; count],
            heard: vec![NEVER; count],
            ahead_ms: vec![0; count],
            changed: vec![NEVER; count],
            same: vec![0; count],
            announced: vec![Quality::Good; count],
            queued: vec![false; count],
            next_due: Stamp(i64::MAX),
        }
    }

    pub(crate) fn push(&mut self) {
        self.value.push(0.0);
        self.phenomenon.push(NEVER);
        self.received.push(NEVER);
        self.previous.push(0.0);
        self.previous_at.push(NEVER);
        self.quality.push(Quality::Stale);
        self.reason.push(QualityReason::NotHeard);
        self.heard.push(NEVER);
        self.ahead_ms.push(0);
        self.changed.push(NEVER);
        self.same.push(0);
        self.announced.push(Quality::Good);
        self.queued.push(false);
    }

    /// Forgets what row `r` said: it is another stream now.
    pub(crate) fn reset(&mut self, r: usize) {
        self.value[r] = 0.0;
        self.phenomenon[r] = NEVER;
        self.received[r] = NEVER;
        self.previous[r] = 0.0;
        self.previous_at[r] = NEVER;
        self.quality[r] = Quality::Stale;
        self.reason[r] = QualityReason::NotHeard;
        self.heard[r] = NEVER;
        self.ahead_ms[r] = 0;
        self.changed[r] = NEVER;
        self.same[r] = 0;
        self.announced[r] = Quality::Good;
    }
}

/// Chunk and row of a sensor.
#[must_use]
pub(crate) const fn split(index: u32) -> (usize, usize) {
    (index as usize / CHUNK, index as usize % CHUNK)
}
