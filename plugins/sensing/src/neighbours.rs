//! Who moved lately nearby: streams of one property in one square kilometre.

use std::collections::BTreeMap;

use guanlan_core::{ObservedProperty, Stamp};
use serde::{Deserialize, Serialize};

/// Side of a neighbourhood, m.
const CELL_M: f64 = 1000.0;
/// Movers remembered per neighbourhood: two others must move before a stream counts as stuck.
const MOVERS: usize = 3;

/// One neighbourhood.
type Key = (ObservedProperty, i32, i32);

/// The last distinct movers of every neighbourhood.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Neighbours {
    movers: BTreeMap<Key, Vec<(u32, Stamp)>>,
}

fn key(property: ObservedProperty, place_m: [f64; 2]) -> Key {
    (property, (place_m[0] / CELL_M).floor() as i32, (place_m[1] / CELL_M).floor() as i32)
}

impl Neighbours {
    /// Sensor `index` changed noticeably.
    pub fn moved(&mut self, property: ObservedProperty, place_m: [f64; 2], index: u32, at: Stamp) {
        let movers = self.movers.entry(key(property, place_m)).or_default();
        if let Some(known) = movers.iter_mut().find(|m| m.0 == index) {
            known.1 = known.1.max(at);
        } else if movers.len() < MOVERS {
            movers.push((index, at));
        } else if let Some(oldest) = movers.iter_mut().min_by_key(|m| (m.1, m.0)) {
            *oldest = (index, at);
        }
    }

    /// The wall clock was set back: nothing moved later than `at`.
    pub fn cut_after(&mut self, property: ObservedProperty, place_m: [f64; 2], at: Stamp) {
        if let Some(movers) = self.movers.get_mut(&key(property, place_m)) {
            movers.retain(|m| m.1 <= at);
        }
    }

    /// How many others moved since `since` (at most three are known).
    pub fn others_since(&self, property: ObservedProperty, place_m: [f64; 2], index: u32, since: Stamp) -> usize {
        self.movers
            .get(&key(property, place_m))
            .map_or(0, |movers| movers.iter().filter(|m| m.0 != index && m.1 >= since).count())
    }
}
