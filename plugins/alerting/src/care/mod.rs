//! What happens to alerts after they are raised: inhibition, silences, grouping, calling.
//!
//! All of it is driven by the alerts that changed in a tick; a tick in which none changed costs one
//! look at each card. What can be derived from the active alerts is not saved.

mod calling;
mod group;
mod inhibit;
mod silence;

pub use group::Group;
pub use silence::Silence;

pub(crate) use calling::Calling;
pub(crate) use group::Groups;
pub(crate) use inhibit::Inhibitor;
pub(crate) use silence::Silences;

use std::collections::BTreeSet;

use guanlan_core::{AlertId, Event, Stamp};

use crate::{
    alert::{AREA_INDEX, Suppression},
    book::AlertBook,
    places::Places,
    rules::RuleSet,
};

impl AlertBook {
    /// Looks after the alerts that changed since the last call: where they lie, who speaks for them,
    /// which card they are on, who is to be called. To be called once at the end of a tick.
    pub fn care(&mut self, rules: &RuleSet, places: &Places, exercise: bool, now: Stamp, events: &mut Vec<Event>) {
        let mut touched = std::mem::take(&mut self.ledger.touched);
        // Other rules inhibit otherwise.
        let rehash = self.derived_of != rules.hash();
        if !self.derived || rehash {
            self.derived = true;
            rules.hash().clone_into(&mut self.derived_of);
            touched.extend(self.ledger.active.keys());
            self.inhibitor.clear();
            self.groups.clear();
        }
        for id in &touched {
            self.settle(*id, rules, places, exercise);
        }
        self.unshelve_due(&touched, now, events);
        touched.append(&mut self.ledger.touched);
        let ended = self.silences.end_due(now, events) || rehash;
        let mut rethink: BTreeSet<AlertId> = self.inhibitor.follow(rules, &self.ledger, &touched);
        if ended || std::mem::take(&mut self.silences.changed) {
            rethink.extend(self.ledger.active.keys());
        }
        for id in rethink {
            let Some(alert) = self.ledger.active.get(&id) else { continue };
            let wanted = self
                .inhibitor
                .over(id)
                .map(Suppression::Inhibited)
                .or_else(|| self.silences.over(alert).map(Suppression::Silenced));
            if alert.suppressed != wanted
                && let Some(alert) = self.ledger.change(id)
            {
                alert.suppressed = wanted;
            }
        }
        touched.append(&mut self.ledger.touched);
        self.groups.follow(&self.ledger, &touched, rules.notify());
        let mut told = Vec::new();
        self.calling.follow(&mut self.groups, &self.ledger, rules.notify(), now, &mut told);
        if self.groups.take_changed() || !told.is_empty() {
            // Not part of the truth: after a restore cards are made anew.
            self.shown += 1;
            self.published.groups = self.calling.published(&self.groups, &self.ledger, places, rules.notify());
        }
        events.append(&mut told);
        if now - self.groups.pruned >= 600_000 || now < self.groups.pruned {
            self.groups.pruned = now;
            let keep_ms = rules.notify().episode_ms;
            self.groups.episodes.retain(|_, (at, _)| now - *at <= keep_ms);
        }
    }

    /// Where an alert that was just raised lies, and which run it belongs to.
    fn settle(&mut self, id: AlertId, rules: &RuleSet, places: &Places, exercise: bool) {
        let Some(alert) = self.ledger.active.get(&id).filter(|a| a.episodes[0] == 0) else { return };
        let is_code = alert.index >= AREA_INDEX && alert.sensor.as_str().bytes().all(|b| b.is_ascii_digit());
        let area = if is_code { alert.sensor.to_string() } else { places.code(alert.place_m) };
        let Some(alert) = self.ledger.change(id) else { return };
        alert.area = area;
        alert.exercise = exercise;
        let episodes = self.groups.run(alert, rules.notify().episode_ms);
        alert.episodes = episodes;
    }

    /// Takes shelved alerts up again: their time is over, or they got worse than they were.
    fn unshelve_due(&mut self, touched: &BTreeSet<AlertId>, now: Stamp, events: &mut Vec<Event>) {
        let mut up: Vec<(AlertId, &str)> = Vec::new();
        while let Some(&(until, id)) = self.shelves.first().filter(|s| s.0 <= now) {
            self.shelves.remove(&(until, id));
            up.push((id, "到期 / its time is over"));
        }
        for &id in touched {
            let Some(alert) = self.ledger.active.get(&id) else { continue };
            if let Some(shelf) = alert.shelved.as_ref().filter(|s| alert.level > s.level) {
                self.shelves.remove(&(shelf.until, id));
                up.push((id, "等级升高 / it got worse"));
            }
        }
        for (id, reason) in up {
            let Some(alert) = self.ledger.change(id).filter(|a| a.shelved.is_some()) else { continue };
            alert.shelved = None;
            events.push(Event::AlertUnshelved { alert: id, actor: "room".into(), reason: reason.into() });
        }
    }
}
