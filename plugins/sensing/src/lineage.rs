//! Where each stream's readings come from: source row, connector, what was done on the way, owner.
//!
//! What thousands of streams share (feed, connector, steps, owner) is kept once; a stream adds only
//! its own place at the source.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::{Bilingual, SensorId, input::StreamOrigin};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{
    chunk::{CHUNK, split},
    profile::Profiles,
    table::SensorTable,
};

/// Origins of streams nobody has heard of yet, kept until they speak.
const WAITING: usize = 20_000;

/// What streams of one way into the room share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Way {
    pub feed: String,
    pub connector: String,
    pub steps: Vec<Bilingual>,
    pub owner: Bilingual,
}

/// A chunk of streams: number of their way, and their place at the source.
type Rows = Vec<Option<(u32, Arc<str>)>>;

/// Where every stream's readings come from.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    ways: Arc<Vec<Way>>,
    chunks: Vec<Arc<Rows>>,
    waiting: BTreeMap<SensorId, StreamOrigin>,
    version: u64,
}

impl RoomState for Lineage {
    const NAME: &'static str = "sensing.lineage";
}

/// A stream's origin, borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OriginView<'a> {
    /// The feed's name in the feeds file.
    pub feed: &'a str,
    /// Kind of connector.
    pub connector: &'a str,
    /// Where at the source: topic, URL, or file and row.
    pub source: &'a str,
    /// What was done to its values, in order.
    pub steps: &'a [Bilingual],
    /// Department that owns the data.
    pub owner: &'a Bilingual,
}

impl Lineage {
    /// Where a stream comes from, by its index in the sensor table.
    #[must_use]
    pub fn of(&self, index: u32) -> Option<OriginView<'_>> {
        let (way, source) = self.row(index)?;
        let way = self.ways.get(*way as usize)?;
        Some(OriginView { feed: &way.feed, connector: &way.connector, source, steps: &way.steps, owner: &way.owner })
    }

    /// Grows with every change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    fn row(&self, index: u32) -> Option<&(u32, Arc<str>)> {
        let (c, r) = split(index);
        self.chunks.get(c)?.get(r)?.as_ref()
    }

    pub(crate) fn way_of(&self, index: u32) -> Option<u32> {
        self.row(index).map(|row| row.0)
    }

    pub(crate) fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// Takes what a connector says of a stream. Saying the same again changes nothing.
    pub(crate) fn take(&mut self, table: &SensorTable, profiles: &Profiles, origin: &StreamOrigin) {
        match table.index_of(&origin.sensor) {
            Some(index) => self.put(index, origin, owner(table, profiles, index, origin)),
            None if self.waiting.len() < WAITING || self.waiting.contains_key(&origin.sensor) => {
                self.waiting.insert(origin.sensor.clone(), origin.clone());
            }
            None => {}
        }
    }

    /// Finds the streams that were not known when their origin was said.
    pub(crate) fn settle(&mut self, table: &SensorTable, profiles: &Profiles) {
        if self.waiting.is_empty() {
            return;
        }
        let known: Vec<(u32, SensorId)> =
            self.waiting.keys().filter_map(|id| Some((table.index_of(id)?, id.clone()))).collect();
        for (index, id) in known {
            if let Some(origin) = self.waiting.remove(&id) {
                self.put(index, &origin, owner(table, profiles, index, &origin));
            }
        }
    }

    fn put(&mut self, index: u32, origin: &StreamOrigin, owner: &Bilingual) {
        let same = |w: &Way| {
            w.feed == origin.feed && w.connector == origin.connector && w.steps == origin.steps && w.owner == *owner
        };
        let way = match self.ways.iter().position(same) {
            Some(k) => k,
            None => {
                Arc::make_mut(&mut self.ways).push(Way {
                    feed: origin.feed.clone(),
                    connector: origin.connector.clone(),
                    steps: origin.steps.clone(),
                    owner: owner.clone(),
                });
                self.ways.len() - 1
            }
        };
        let row = (way as u32, Arc::<str>::from(origin.source.as_str()));
        if self.row(index) == Some(&row) {
            return;
        }
        let (c, r) = split(index);
        if self.chunks.len() <= c {
            self.chunks.resize_with(c + 1, Arc::default);
        }
        let rows = Arc::make_mut(&mut self.chunks[c]);
        if rows.len() <= r {
            rows.resize((r + 1).min(CHUNK), None);
        }
        rows[r] = Some(row);
        self.version += 1;
    }
}

/// Whom the source names as owner; where it names nobody, whom devices of this kind belong to.
fn owner<'a>(table: &SensorTable, profiles: &'a Profiles, index: u32, origin: &'a StreamOrigin) -> &'a Bilingual {
    match table.meta(index) {
        Some(meta) if origin.owner == Bilingual::default() => &profiles.of(meta.property).owner,
        _ => &origin.owner,
    }
}
