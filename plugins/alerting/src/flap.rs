//! Flapping: a level that goes up and down too often is frozen at its highest (DOMAIN §2.6).
//!
//! A run of changes in one direction counts once, from its first change: a storm that climbs
//! blue–yellow–red is an escalation, not a flap. For a level that swings this is every change.

use guanlan_core::{AlertLevel, Stamp};
use serde::{Deserialize, Serialize};

/// Changes of direction that make a flap …
const RUNS: usize = 4;
/// … within less than this, ms.
const WINDOW_MS: i64 = 600_000;
/// A frozen alert is released after this long without a change, ms.
const STABLE_MS: i64 = 900_000;

/// Swings of one stream under one rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Flap {
    /// First change of each run.
    runs: Vec<Stamp>,
    rising: bool,
    /// Level after each change in the window.
    seen: Vec<(Stamp, AlertLevel)>,
    frozen: Option<Frozen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Frozen {
    level: AlertLevel,
    stable_since: Stamp,
}

impl Flap {
    /// The level it is frozen at.
    pub fn frozen(&self) -> Option<AlertLevel> {
        self.frozen.map(|f| f.level)
    }

    /// Notes a change of level. True when it has just become a flap.
    pub fn change(&mut self, at: Stamp, from: AlertLevel, to: AlertLevel) -> bool {
        self.forget(at);
        if let Some(frozen) = &mut self.frozen {
            frozen.stable_since = at;
            frozen.level = frozen.level.max(to);
            return false;
        }
        let rising = to > from;
        if self.runs.is_empty() || self.rising != rising {
            self.runs.push(at);
            self.rising = rising;
        }
        self.seen.push((at, from.max(to)));
        if self.runs.len() < RUNS {
            return false;
        }
        let level = self.seen.iter().map(|s| s.1).max().unwrap_or(to);
        self.frozen = Some(Frozen { level, stable_since: at });
        true
    }

    /// True when the freeze ends at this reading because nothing changed for 15 minutes.
    pub fn settle(&mut self, at: Stamp) -> bool {
        self.forget(at);
        let over = self.frozen.is_some_and(|f| at - f.stable_since >= STABLE_MS);
        if over {
            self.release();
        }
        over
    }

    /// Ends a freeze.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// Nothing to remember.
    pub fn is_idle(&self) -> bool {
        self.frozen.is_none() && self.runs.is_empty()
    }

    fn forget(&mut self, at: Stamp) {
        self.runs.retain(|&s| at - s < WINDOW_MS);
        self.seen.retain(|s| at - s.0 < WINDOW_MS);
    }
}
