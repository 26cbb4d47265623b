//! One stream under one rule: delays and hysteresis turn readings into a level (DOMAIN §2.6).
//!
//! Time is the measuring time of readings. A level is due when its condition held from the first to
//! the current true reading for the on-delay; it is left when the value was beyond threshold −
//! hysteresis for the off-delay. Both skip levels. Silence longer than the stream's stale limit
//! forgets what was pending: what nobody measured is neither true nor clear.

use guanlan_core::{AlertLevel, Stamp};
use serde::{Deserialize, Serialize};

use crate::rules::{LEVELS, Rule, Thresholds};

/// The level of one stream under one rule, with what is pending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub level: AlertLevel,
    /// First reading of an unbroken run at or beyond the threshold, by level.
    raise: [Option<Stamp>; 4],
    /// First reading of an unbroken run clear of the level, by level.
    clear: [Option<Stamp>; 4],
    last: Option<Stamp>,
}

impl Machine {
    /// Takes a reading; the new level when it changed.
    pub fn step(
        &mut self,
        rule: &Rule,
        thresholds: &Thresholds,
        at: Stamp,
        value: f64,
        max_gap_ms: i64,
    ) -> Option<AlertLevel> {
        if self.last.is_some_and(|last| at - last > max_gap_ms) {
            self.raise = [None; 4];
            self.clear = [None; 4];
        }
        self.last = Some(at);
        let x = rule.severity(value);
        for (i, threshold) in rule.severities(thresholds).into_iter().enumerate() {
            let (beyond, clear) = threshold.map_or((false, true), |t| (x >= t, x < t - rule.hysteresis));
            self.raise[i] = if beyond { self.raise[i].or(Some(at)) } else { None };
            self.clear[i] = if clear { self.clear[i].or(Some(at)) } else { None };
        }
        let passed = |since: Option<Stamp>, delay_ms: i64| since.is_some_and(|s| at - s >= delay_ms);
        let now = usize::from(self.level.rank());
        let mut to = now;
        if let Some(i) = (now..4).rev().find(|&i| passed(self.raise[i], rule.on_delay_ms[i])) {
            to = i + 1;
        } else {
            // A level that has no threshold (any more) can not hold.
            while to > 0 && (thresholds[to - 1].is_none() || passed(self.clear[to - 1], rule.off_delay_ms)) {
                to -= 1;
            }
        }
        if to == now {
            return None;
        }
        self.level = if to == 0 { AlertLevel::Normal } else { LEVELS[to - 1] };
        Some(self.level)
    }

    /// The level above the present one that is due first: since when its condition holds, and when it is due.
    pub fn rises(&self, rule: &Rule) -> Option<(AlertLevel, Stamp, Stamp)> {
        let now = usize::from(self.level.rank());
        (now..4)
            .rev()
            .filter_map(|i| self.raise[i].map(|since| (LEVELS[i], since, since + rule.on_delay_ms[i])))
            .min_by_key(|(_, _, due)| *due)
    }

    /// Since when the present level is clear, and when it is left.
    pub fn falls(&self, rule: &Rule) -> Option<(Stamp, Stamp)> {
        let i = usize::from(self.level.rank()).checked_sub(1)?;
        self.clear[i].map(|since| (since, since + rule.off_delay_ms))
    }

    /// What was pending is forgotten: nobody knows any more.
    pub fn forget(&mut self) {
        self.raise = [None; 4];
        self.clear = [None; 4];
    }

    /// Normal and nothing pending.
    pub fn is_idle(&self) -> bool {
        self.level == AlertLevel::Normal && self.raise.iter().all(Option::is_none)
    }
}
