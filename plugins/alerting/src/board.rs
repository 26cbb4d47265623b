//! What a picture shows of the alerts. Cloning costs a few pointers, however many alerts there are.

use std::sync::Arc;

use guanlan_core::{AlertId, AlertLevel, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Pending},
    care::{Group, Silence},
    ledger::Ledger,
};

/// The last thing the room should be heard for: a view plays a sound when `seq` grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoundDue {
    /// Grows by one with every sound.
    pub seq: u64,
    /// When.
    pub at: Stamp,
    /// How urgent.
    pub level: AlertLevel,
    /// The alert that is the reason.
    pub alert: Option<AlertId>,
}

/// The rule file in force, and the last one that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesInForce {
    /// The file as its users name it.
    pub name: String,
    /// SHA-256 of its text, hex.
    pub hash: String,
    /// Since when it is in force.
    pub since: Stamp,
    /// Number of rules.
    pub rules: u32,
    /// Name, time and fault of a file that was refused since.
    pub refused: Option<(String, Stamp, String)>,
}

/// The lists for a picture.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AlertBoard {
    /// Grows whenever a list changes.
    pub version: u64,
    /// Active alerts, worst first, then newest first.
    pub active: Arc<Vec<Arc<Alert>>>,
    /// Alerts that ended in the last hour, newest first.
    pub ended: Arc<Vec<Arc<Alert>>>,
    /// Conditions whose on-delay runs, first due first; at most 200 of them.
    pub pending: Arc<Vec<Pending>>,
    /// How many on-delays run.
    pub pending_count: usize,
    /// Cards: groups of active alerts, worst first; never more than the rule file allows (20).
    pub groups: Arc<Vec<Group>>,
    /// Silences in force, first to end first.
    pub silences: Arc<Vec<Silence>>,
    /// Sound.
    pub sound: SoundDue,
    /// The rule file.
    pub rules: Arc<RulesInForce>,
}

impl AlertBoard {
    /// Active alerts, worst first, then newest first.
    #[must_use]
    pub fn active(&self) -> &Arc<Vec<Arc<Alert>>> {
        &self.active
    }

    /// Alerts that ended in the last hour, newest first.
    #[must_use]
    pub fn ended(&self) -> &Arc<Vec<Arc<Alert>>> {
        &self.ended
    }

    /// Grows whenever a list changes.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// An alert, active or ended in the last hour.
    #[must_use]
    pub fn find(&self, id: AlertId) -> Option<&Alert> {
        self.active.iter().chain(self.ended.iter()).find(|a| a.id == id).map(Arc::as_ref)
    }

    /// The card an active alert is on.
    #[must_use]
    pub fn group_of(&self, alert: &Alert) -> Option<&Group> {
        self.groups.iter().find(|g| g.holds(alert))
    }

    /// The active alerts of a card, worst first.
    pub fn members<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Arc<Alert>> {
        self.active.iter().filter(|a| group.holds(a))
    }

    /// Alerts set aside, those to come back first first.
    #[must_use]
    pub fn shelved(&self) -> Vec<&Arc<Alert>> {
        let mut list: Vec<&Arc<Alert>> = self.active.iter().filter(|a| a.shelved.is_some()).collect();
        list.sort_by_key(|a| (a.shelved.as_ref().map(|s| s.until), a.id));
        list
    }

    /// Number of active alerts by level: normal (always 0), blue, yellow, orange, red.
    #[must_use]
    pub fn counts(&self) -> [usize; 5] {
        let mut counts = [0; 5];
        for alert in self.active.iter() {
            counts[usize::from(alert.level.rank())] += 1;
        }
        counts
    }

    /// Number of alerts by state, in the order of [`crate::AlertState::ALL`].
    #[must_use]
    pub fn state_counts(&self) -> [usize; 8] {
        let mut counts = [0; 8];
        counts[0] = self.pending_count;
        for alert in self.active.iter().chain(self.ended.iter()) {
            counts[alert.state() as usize] += 1;
        }
        counts
    }

    pub(crate) fn take_lists(&mut self, ledger: &Ledger) {
        let mut active: Vec<Arc<Alert>> = ledger.active.values().cloned().collect();
        active.sort_by(|a, b| (b.level, b.since, b.id).cmp(&(a.level, a.since, a.id)));
        self.active = Arc::new(active);
        self.ended = Arc::new(ledger.ended.iter().rev().cloned().collect());
    }
}
