//! The windows of all streams under all rules that need one.

use std::collections::BTreeMap;

use guanlan_core::Stamp;
use serde::{Deserialize, Serialize};

use crate::{forecast, window::Window};

/// Sensor index, rule number, and 0 or the condition's number from 1.
pub(crate) type WindowKey = (u32, u16, u16);

/// Recent readings by stream and rule.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Windows {
    of: BTreeMap<WindowKey, Window>,
}

impl Windows {
    /// Adds a reading and returns its window.
    pub fn push(&mut self, key: WindowKey, at: Stamp, value: f64, window_ms: i64) -> &Window {
        let window = self.of.entry(key).or_default();
        window.push(at, value, window_ms);
        window
    }

    /// The readings for a line.
    pub fn series(&self, key: WindowKey) -> Vec<(Stamp, f64)> {
        self.of.get(&key).map(|w| w.series(forecast::MOST)).unwrap_or_default()
    }

    /// Follows rules to their new numbers; conditions may have changed, so their windows begin anew.
    pub fn renumber(&mut self, to: &impl Fn(u16) -> Option<u16>) {
        self.of = std::mem::take(&mut self.of)
            .into_iter()
            .filter(|((_, _, condition), _)| *condition == 0)
            .filter_map(|((index, rule, c), w)| Some(((index, to(rule)?, c), w)))
            .collect();
    }
}
