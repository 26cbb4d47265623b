//! The way of one reading into the table, and of silence into stale and offline.

use std::sync::Arc;

use guanlan_core::{Stamp, input::Observation};
use guanlan_tick::WallClock;

use crate::{
    chunk::{LiveChunk, NEVER, split},
    model::ModelSays,
    profile::Profiles,
    quality::{DEFAULT_PERIOD_S, Quality, QualityReason, offline_after_ms, stale_after_ms},
    systems::Sensed,
    table::SensorTable,
};

/// A measuring time further ahead of the room's clock than this goes to quarantine (DOMAIN §3.5), ms.
pub(crate) const FUTURE_MS: i64 = 60_000;
/// Periods without change after which a stream may be stuck (DOMAIN §2.6).
const STUCK_PERIODS: i64 = 6;
/// Readings in a row that must disagree before a stream is contradicted, and agree before it is not.
const CONTRADICTIONS: i8 = 3;

/// Neighbours looked at for a median.
const MOST_NEIGHBOURS: usize = 9;

/// What readings are judged by.
#[derive(Clone, Copy)]
pub(crate) struct Bench<'a> {
    pub profiles: &'a Profiles,
    pub model: &'a ModelSays,
    /// How far the room's clock is ahead of that of the readings.
    pub wall: WallClock,
}

impl SensorTable {
    /// Takes a device's reading or refuses it with a count.
    pub(crate) fn observe(&mut self, bench: Bench<'_>, o: &Observation, now: Stamp, sensed: &mut Vec<Sensed>) {
        if !o.result.is_finite() {
            self.counters.not_a_number += 1;
            self.counters.refuse(&o.sensor, o.phenomenon, o.result, now, "not_a_number");
            return;
        }
        let Some(index) = self.index_of(&o.sensor).or_else(|| self.add_unknown(&o.sensor)) else {
            self.counters.unknown_refused += 1;
            self.counters.refuse(&o.sensor, o.phenomenon, o.result, now, "too_many_unknown_streams");
            return;
        };
        if o.phenomenon - now > FUTURE_MS {
            self.counters.future += 1;
            self.counters.refuse(&o.sensor, o.phenomenon, o.result, now, "future");
            return;
        }
        let (c, r) = split(index);
        let meta = &self.meta[c].rows[r];
        let (property, place_m, period_s) = (meta.property, meta.place_m, meta.period_s);
        let profile = bench.profiles.of(property);
        let (low, high) = profile.range;
        let in_range = (low..=high).contains(&o.result);
        self.disown_the_future(bench.wall, index, o.phenomenon, now);
        let room_at = bench.wall.in_room(o.phenomenon, now);
        let heard = self.live[c].heard[r];
        if o.phenomenon == heard {
            self.counters.duplicate += 1;
            return;
        }
        if o.phenomenon < heard {
            self.counters.late += 1;
            if in_range && profile.trend {
                let version = self.version();
                Arc::make_mut(&mut self.trends[c]).insert(r, o.phenomenon, o.result, version);
            }
            return;
        }
        if !in_range {
            self.counters.out_of_range += 1;
            self.distrust(index, o, room_at, now, QualityReason::OutOfRange, sensed);
            return;
        }
        let (latest, latest_at) = (self.live[c].value[r], self.live[c].phenomenon[r]);
        if let Some(limit) = profile.jump.filter(|_| latest_at != NEVER) {
            let believable = |from: f64, since: Stamp| {
                let past_ms = (o.phenomenon - since).max(0);
                (o.result - from).abs() <= limit.step + limit.per_min * (past_ms as f64 / 60_000.0)
            };
            let waiting = self.jumps.remove(&index);
            if !believable(latest, latest_at) && !waiting.is_some_and(|(v, at)| believable(v, at)) {
                self.jumps.insert(index, (o.result, o.phenomenon));
                self.counters.spike += 1;
                self.distrust(index, o, room_at, now, QualityReason::Spike, sensed);
                return;
            }
        }
        let same = self.take(profile.trend, index, [o.phenomenon, o.received], room_at, o.result);
        let mut stuck = false;
        if let (Some(limit), Some(place_m)) = (profile.stuck, place_m) {
            if latest_at != NEVER && (o.result - latest).abs() >= limit.moved_by {
                Arc::make_mut(&mut self.neighbours).moved(property, place_m, index, o.phenomenon);
            }
            let period_s = if period_s == 0 { DEFAULT_PERIOD_S } else { period_s };
            let window = STUCK_PERIODS * i64::from(period_s) * 1000;
            stuck = i64::from(same) >= STUCK_PERIODS
                && o.result > limit.rest_at
                && o.phenomenon - self.live[c].changed[r] >= window
                && self.neighbours.others_since(property, place_m, index, o.phenomenon + -window) >= 2;
        }
        self.counters.accepted += 1;
        if stuck {
            self.counters.stuck += 1;
            self.set_quality(index, Quality::Suspect, QualityReason::Stuck, now, sensed);
        } else {
            let contradicted = self.contradicted(bench, index, [o.phenomenon, room_at], o.result);
            let (quality, why) =
                contradicted.map_or((Quality::Good, QualityReason::Fresh), |why| (Quality::Contradicted, why));
            self.set_quality(index, quality, why, now, sensed);
        }
        sensed.push(Sensed::Reading { index, at: o.phenomenon, room_at, value: o.result, trusted: !stuck });
    }

    /// Who contradicts a fresh reading, once three in a row were contradicted.
    fn contradicted(
        &mut self,
        bench: Bench<'_>,
        index: u32,
        [at, room_at]: [Stamp; 2],
        value: f64,
    ) -> Option<QualityReason> {
        let by_neighbours = || self.off_the_median(bench.profiles, index, at, value);
        let why = if bench.model.contradicts(index, room_at, value) {
            Some(QualityReason::ByModel)
        } else if by_neighbours() {
            Some(QualityReason::ByNeighbours)
        } else {
            None
        };
        // Counts up to CONTRADICTIONS; stays contradicted until it has counted down again.
        let (c, r) = split(index);
        let was = self.live[c].quality[r] == Quality::Contradicted;
        let count = match (why, self.doubts.get(&index)) {
            (None, None) => return None,
            (Some(_), count) => (count.copied().unwrap_or(0) + 1).min(CONTRADICTIONS),
            (None, Some(count)) => count - 1,
        };
        if count <= 0 {
            self.doubts.remove(&index);
            return None;
        }
        self.doubts.insert(index, count);
        let stands = count >= CONTRADICTIONS || was;
        stands.then(|| why.unwrap_or(self.live[c].reason[r]))
    }

    /// True when enough fresh neighbours of the same property have a median far from this value.
    fn off_the_median(&self, profiles: &Profiles, index: u32, at: Stamp, value: f64) -> bool {
        let (c, r) = split(index);
        let meta = &self.meta[c].rows[r];
        let (Some(limit), Some(place_m)) = (profiles.of(meta.property).neighbours, meta.place_m) else { return false };
        let mut near: Vec<f64> = Vec::with_capacity(limit.at_least);
        self.near(meta.property, place_m, limit.radius_m, |other| {
            let (c, r) = split(other);
            let live = &self.live[c];
            let fresh = live.phenomenon[r] != NEVER
                && (at - live.phenomenon[r]).abs() <= stale_after_ms(self.meta[c].rows[r].period_s)
                && live.quality[r] != Quality::Suspect;
            if other != index && fresh {
                near.push(live.value[r]);
            }
            near.len() < MOST_NEIGHBOURS
        });
        if near.len() < limit.at_least {
            return false;
        }
        near.sort_by(f64::total_cmp);
        let mid = near.len() / 2;
        let median = if near.len() % 2 == 1 { near[mid] } else { (near[mid - 1] + near[mid]) / 2.0 };
        (value - median).abs() > limit.by + limit.share * median.abs()
    }

    /// Takes a value of the water field for a road gauge: never stuck, never a spike.
    pub(crate) fn observe_field(
        &mut self,
        profiles: &Profiles,
        index: u32,
        at: Stamp,
        depth_cm: f64,
        now: Stamp,
        sensed: &mut Vec<Sensed>,
    ) {
        let (c, r) = split(index);
        if at <= self.live[c].heard[r] {
            return;
        }
        self.jumps.remove(&index);
        let trend = profiles.of(self.meta[c].rows[r].property).trend;
        self.take(trend, index, [at, now], at, depth_cm);
        self.counters.virtual_readings += 1;
        self.set_quality(index, Quality::Good, QualityReason::Fresh, now, sensed);
        sensed.push(Sensed::Reading { index, at, room_at: at, value: depth_cm, trusted: true });
    }

    /// Writes the columns of an accepted reading, measured and received (`room_at`: measured, on the room's clock);
    /// returns the readings in a row with this value.
    fn take(&mut self, trend: bool, index: u32, [at, received]: [Stamp; 2], room_at: Stamp, value: f64) -> u16 {
        let version = self.version();
        let (c, r) = split(index);
        let meta = &self.meta[c].rows[r];
        let live = Arc::make_mut(&mut self.live[c]);
        live.version = version;
        if live.phenomenon[r] != NEVER && live.value[r] == value {
            live.same[r] = live.same[r].saturating_add(1);
        } else {
            live.same[r] = 0;
            live.changed[r] = at;
        }
        live.previous[r] = live.value[r];
        // A value of a clock that was set back since was not before this one.
        live.previous_at[r] = if live.phenomenon[r] < at { live.phenomenon[r] } else { NEVER };
        live.value[r] = value;
        live.phenomenon[r] = at;
        live.received[r] = received;
        live.heard[r] = at;
        live.ahead_ms[r] = room_at - at;
        live.next_due = live.next_due.min(room_at + (stale_after_ms(meta.period_s) + 1));
        let same = live.same[r];
        if trend {
            Arc::make_mut(&mut self.trends[c]).insert(r, at, value, version);
        }
        same
    }

    /// The device spoke but is not believed: its latest value stays what it was.
    fn distrust(
        &mut self,
        index: u32,
        o: &Observation,
        room_at: Stamp,
        now: Stamp,
        why: QualityReason,
        sensed: &mut Vec<Sensed>,
    ) {
        let name = if why == QualityReason::Spike { "spike" } else { "range" };
        self.counters.refuse(&o.sensor, o.phenomenon, o.result, now, name);
        let (c, r) = split(index);
        let stale_ms = stale_after_ms(self.meta[c].rows[r].period_s);
        let live = Arc::make_mut(&mut self.live[c]);
        live.heard[r] = o.phenomenon;
        live.ahead_ms[r] = room_at - o.phenomenon;
        live.next_due = live.next_due.min(room_at + (stale_ms + 1));
        self.set_quality(index, Quality::Suspect, why, now, sensed);
    }

    fn set_quality(&mut self, index: u32, to: Quality, why: QualityReason, now: Stamp, sensed: &mut Vec<Sensed>) {
        let version = self.version();
        let (c, r) = split(index);
        let from = self.live[c].quality[r];
        if from == to && self.live[c].reason[r] == why {
            return;
        }
        let live = Arc::make_mut(&mut self.live[c]);
        live.version = version;
        live.quality[r] = to;
        live.reason[r] = why;
        if from == to {
            return;
        }
        if to != Quality::Stale && live.announced[r] != to && !live.queued[r] {
            live.queued[r] = true;
            self.untold.push_back(index);
        }
        sensed.push(Sensed::Quality { index, at: now, from, to });
    }

    /// Turns silent streams stale and offline. Costs one comparison per chunk in which nothing is due.
    pub(crate) fn scan_silence(&mut self, now: Stamp, sensed: &mut Vec<Sensed>) {
        for c in 0..self.live.len() {
            if self.live[c].next_due > now {
                continue;
            }
            let mut due = Stamp(i64::MAX);
            let mut turned = Vec::new();
            for (r, meta) in self.meta[c].rows.iter().enumerate() {
                let live: &LiveChunk = &self.live[c];
                let heard = live.heard[r];
                if heard == NEVER || live.quality[r] == Quality::Offline {
                    continue;
                }
                let (stale_ms, offline_ms) = (stale_after_ms(meta.period_s), offline_after_ms(meta.period_s));
                // On the room's clock, also where the reading's own ran behind it.
                let heard = heard + live.ahead_ms[r];
                let age = now - heard;
                if age > offline_ms {
                    turned.push((r, Quality::Offline));
                } else if age > stale_ms {
                    due = due.min(heard + (offline_ms + 1));
                    if live.quality[r] != Quality::Stale {
                        turned.push((r, Quality::Stale));
                    }
                } else {
                    due = due.min(heard + (stale_ms + 1));
                }
            }
            for (r, to) in turned {
                let index = (c * crate::chunk::CHUNK + r) as u32;
                self.set_quality(index, to, QualityReason::Silent, now, sensed);
            }
            Arc::make_mut(&mut self.live[c]).next_due = due;
        }
    }
}
