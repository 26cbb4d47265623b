//! 数据目录: what each source promised and what it keeps. Counted again every half minute.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::{Bilingual, Lang, ObservedProperty, Stamp};
use guanlan_tick::{Clock, RoomState};
use serde::{Deserialize, Serialize};

use crate::{
    chunk::NEVER,
    lineage::Lineage,
    quality::{DEFAULT_PERIOD_S, Quality},
    systems::{Sensed, SensedTick},
    table::SensorTable,
};

/// Time between counts, ms.
const EVERY_MS: i64 = 30_000;
/// Readings per minute are told over the last five minutes.
const KEPT_COUNTS: usize = 10;

/// One source in the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CatalogueRow {
    /// The feed's name; empty for streams whose source nobody declared.
    pub feed: String,
    /// Kinds of connector.
    pub connector: String,
    /// Departments that own the data (权属单位).
    pub owner: Bilingual,
    /// Streams of this source.
    pub streams: u32,
    /// What they observe.
    pub properties: Vec<ObservedProperty>,
    /// Readings per minute the streams promise.
    pub promised_per_min: f64,
    /// Readings per minute that came over the last minutes.
    pub kept_per_min: f64,
    /// Kept of promised, 0 … 1; 1 when nothing is promised.
    pub kept: f64,
    /// 共享率: streams that deliver (neither offline nor never heard) of all, 0 … 1.
    pub shared: f64,
    /// Streams of good quality of those that deliver, 0 … 1.
    pub good: f64,
    /// Streams by quality: good, suspect, stale, offline, contradicted.
    pub quality: [u32; 5],
    /// Mean time from measuring to reaching the connector over streams that deliver, s.
    pub lag_s: f64,
    /// 质量得分 0 … 100: 50 % good, 30 % kept, 20 % shared.
    pub score: f64,
}

/// All sources. Rows are sorted by feed.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalogue {
    /// When it was counted.
    pub at: Stamp,
    /// One row per feed.
    pub rows: Arc<Vec<CatalogueRow>>,
    /// Readings since the last count, by way; the last entry counts undeclared ones.
    tally: BTreeMap<u32, u64>,
    /// Readings per feed of the last counts, oldest first, with the time each covers, ms.
    past: Vec<(i64, BTreeMap<String, u64>)>,
}

impl CatalogueRow {
    /// With its score: 50 % good, 30 % kept, 20 % shared.
    #[must_use]
    pub fn scored(self) -> Self {
        Self { score: 100.0 * (0.5 * self.good + 0.3 * self.kept + 0.2 * self.shared), ..self }
    }
}

impl RoomState for Catalogue {
    const NAME: &'static str = "sensing.catalogue";
}

#[derive(Default)]
struct Sum {
    row: CatalogueRow,
    connectors: Vec<String>,
    owners: Vec<Bilingual>,
    lag_ms: i64,
}

pub(crate) fn count(
    clock: Res<Clock>,
    table: Res<SensorTable>,
    lineage: Res<Lineage>,
    sensed: Res<SensedTick>,
    mut catalogue: ResMut<Catalogue>,
) {
    if !sensed.facts.is_empty() {
        let tally = &mut catalogue.tally;
        for fact in &sensed.facts {
            if let Sensed::Reading { index, .. } = fact {
                *tally.entry(lineage.way_of(*index).unwrap_or(u32::MAX)).or_default() += 1;
            }
        }
    }
    let age = clock.now - catalogue.at;
    if (0..EVERY_MS).contains(&age) {
        return;
    }
    let first = catalogue.at == Stamp(0);
    catalogue.recount(&table, &lineage, clock.now, if first { 0 } else { age.max(0) });
}

/// Several owners in one line.
fn joined(owners: &[Bilingual]) -> Bilingual {
    let by = |lang: Lang, with: &str| owners.iter().map(|o| o.get(lang)).collect::<Vec<_>>().join(with);
    Bilingual::new(by(Lang::Zh, "、"), by(Lang::En, ", "))
}

impl Catalogue {
    fn recount(&mut self, table: &SensorTable, lineage: &Lineage, now: Stamp, covers_ms: i64) {
        let feed_of =
            |way: Option<u32>| way.and_then(|w| lineage.ways().get(w as usize)).map_or("", |w| w.feed.as_str());
        let mut came: BTreeMap<String, u64> = BTreeMap::new();
        for (way, n) in std::mem::take(&mut self.tally) {
            *came.entry(feed_of(Some(way)).to_owned()).or_default() += n;
        }
        if covers_ms > 0 {
            self.past.push((covers_ms, came));
            if self.past.len() > KEPT_COUNTS {
                self.past.remove(0);
            }
        }
        // Streams of one way are alike: add up by way, then by feed.
        let mut by_way: BTreeMap<Option<u32>, Sum> = BTreeMap::new();
        let mut index = 0;
        for (meta, live) in table.chunks() {
            for (r, m) in meta.rows.iter().enumerate() {
                let sum = by_way.entry(lineage.way_of(index)).or_default();
                index += 1;
                let row = &mut sum.row;
                row.streams += 1;
                row.quality[live.quality[r] as usize] += 1;
                if !row.properties.contains(&m.property) {
                    row.properties.push(m.property);
                }
                let period_s = if m.period_s == 0 { DEFAULT_PERIOD_S } else { m.period_s };
                row.promised_per_min += 60.0 / f64::from(period_s);
                let delivers = live.phenomenon[r] != NEVER && live.quality[r] != Quality::Offline;
                if delivers {
                    row.shared += 1.0;
                    sum.lag_ms += (live.received[r] - live.phenomenon[r]).max(0);
                }
            }
        }
        let mut by_feed: BTreeMap<&str, Sum> = BTreeMap::new();
        for (way, sum) in by_way {
            let feed = by_feed.entry(feed_of(way)).or_default();
            let (to, from) = (&mut feed.row, sum.row);
            to.streams += from.streams;
            to.promised_per_min += from.promised_per_min;
            to.shared += from.shared;
            feed.lag_ms += sum.lag_ms;
            (0..5).for_each(|q| to.quality[q] += from.quality[q]);
            to.properties.extend(from.properties);
            if let Some(way) = way.and_then(|w| lineage.ways().get(w as usize)) {
                if way.owner != Bilingual::default() && !feed.owners.contains(&way.owner) {
                    feed.owners.push(way.owner.clone());
                }
                if !feed.connectors.contains(&way.connector) {
                    feed.connectors.push(way.connector.clone());
                }
            }
        }
        let minutes = self.past.iter().map(|p| p.0).sum::<i64>() as f64 / 60_000.0;
        let rows = by_feed.into_iter().map(|(feed, sum)| {
            let Sum { mut row, mut connectors, owners, lag_ms } = sum;
            row.owner = joined(&owners);
            let delivers = row.shared;
            row.properties.sort_unstable();
            row.properties.dedup();
            connectors.sort_unstable();
            row.connector = connectors.join(", ");
            feed.clone_into(&mut row.feed);
            let came: u64 = self.past.iter().filter_map(|p| p.1.get(feed)).sum();
            row.kept_per_min = if minutes > 0.0 { came as f64 / minutes } else { 0.0 };
            row.kept =
                if row.promised_per_min > 0.0 { (row.kept_per_min / row.promised_per_min).min(1.0) } else { 1.0 };
            row.shared = if row.streams > 0 { delivers / f64::from(row.streams) } else { 0.0 };
            row.good = if delivers > 0.0 { f64::from(row.quality[Quality::Good as usize]) / delivers } else { 0.0 };
            row.lag_s = if delivers > 0.0 { lag_ms as f64 / delivers / 1000.0 } else { 0.0 };
            row.scored()
        });
        self.rows = Arc::new(rows.collect());
        self.at = now;
    }
}
