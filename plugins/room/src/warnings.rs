//! Warnings of other authorities in force (CAP 1.2): issued, updated, cancelled, expired.
//!
//! A warning is known by its identifier. It may be told any number of times and in any order: the latest `sent`
//! holds, and one that another message has updated or cancelled does not come back. A warning never changes a level,
//! a case or a response by itself (预警 ≠ 响应); it stands beside the room's own alerts.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_core::{AlertLevel, Event, Input, Stamp, Warning, WarningKind, WarningStatus};
use guanlan_tick::{Clock, Inbox, Outbox, RoomState};
use serde::{Deserialize, Serialize};

/// A warning that does not say when it ends ends this long after it began, ms.
const HOLDS_MS: i64 = 24 * 3_600_000;
/// Warnings in force at most; those that end first go first.
const MOST: usize = 200;
/// Replaced messages remembered, so that a late copy does not bring them back.
const REPLACED: usize = 2_000;

/// Warnings of other authorities that are in force.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Warnings {
    /// Worst first, then the latest.
    active: Arc<Vec<Arc<Warning>>>,
    /// Messages that others have updated or cancelled, with the instant of that message.
    replaced: BTreeMap<String, Stamp>,
}

impl RoomState for Warnings {
    const NAME: &'static str = "room.warnings";
}

/// When a warning is over.
#[must_use]
pub fn until(warning: &Warning) -> Stamp {
    warning.expires.unwrap_or_else(|| warning.effective.max(warning.sent) + HOLDS_MS)
}

impl Warnings {
    /// Those in force, worst first.
    #[must_use]
    pub fn active(&self) -> &[Arc<Warning>] {
        &self.active
    }

    /// One in force, by its identifier.
    #[must_use]
    pub fn find(&self, identifier: &str) -> Option<&Arc<Warning>> {
        self.active.iter().find(|w| w.identifier == identifier)
    }

    fn take(&mut self, warning: &Warning, now: Stamp, events: &mut Vec<Event>) {
        // Acknowledgements, errors and the network's own messages warn nobody; a draft is not valid yet.
        let says = matches!(warning.kind, WarningKind::Alert | WarningKind::Update | WarningKind::Cancel);
        if !says || matches!(warning.status, WarningStatus::System | WarningStatus::Draft) {
            return;
        }
        let ends = warning.kind != WarningKind::Alert;
        // Some senders cancel under the identifier of the warning itself.
        let own = (warning.kind == WarningKind::Cancel).then_some(&warning.identifier);
        let mut ended = Vec::new();
        for id in warning.references.iter().chain(own).filter(|_| ends) {
            self.replaced.insert(id.clone(), warning.sent);
            let at = self.active.iter().position(|w| w.identifier == *id && w.sent <= warning.sent);
            ended.extend(at.map(|at| Arc::make_mut(&mut self.active).remove(at)));
        }
        while self.replaced.len() > REPLACED {
            let Some(oldest) = self.replaced.iter().min_by_key(|r| *r.1).map(|r| r.0.clone()) else { break };
            self.replaced.remove(&oldest);
        }
        if warning.kind == WarningKind::Cancel {
            events.extend(ended.iter().map(|w| changed(w, AlertLevel::Normal, "cancelled")));
            return;
        }
        let late = self.replaced.get(&warning.identifier).is_some_and(|at| *at >= warning.sent);
        let known = self.find(&warning.identifier).map(|w| w.sent);
        if late || until(warning) <= now || known.is_some_and(|sent| sent >= warning.sent) {
            events.extend(ended.iter().map(|w| changed(w, AlertLevel::Normal, "cancelled")));
            return;
        }
        let what = if ended.is_empty() && known.is_none() { "issued" } else { "updated" };
        events.push(changed(warning, warning.level, what));
        let active = Arc::make_mut(&mut self.active);
        active.retain(|w| w.identifier != warning.identifier);
        active.push(Arc::new(warning.clone()));
        if active.len() > MOST
            && let Some(first) = (0..active.len()).min_by_key(|i| until(&active[*i]))
        {
            active.remove(first);
        }
        active.sort_by(|a, b| (b.level, b.sent, &a.identifier).cmp(&(a.level, a.sent, &b.identifier)));
    }

    fn expire(&mut self, now: Stamp, events: &mut Vec<Event>) {
        if self.active.iter().any(|w| until(w) <= now) {
            let over = self.active.iter().filter(|w| until(w) <= now);
            events.extend(over.map(|w| changed(w, AlertLevel::Normal, "expired")));
            Arc::make_mut(&mut self.active).retain(|w| until(w) > now);
        }
    }
}

fn changed(warning: &Warning, level: AlertLevel, what: &str) -> Event {
    Event::WarningChanged {
        identifier: warning.identifier.clone(),
        sender: warning.sender.clone(),
        event: warning.event.clone(),
        level,
        status: warning.status,
        what: what.to_owned(),
        area: warning.area.clone(),
    }
}

pub(crate) fn follow_warnings(
    inbox: Res<Inbox>,
    clock: Res<Clock>,
    mut warnings: ResMut<Warnings>,
    mut out: ResMut<Outbox>,
) {
    let mut events = Vec::new();
    warnings.expire(clock.now, &mut events);
    for input in &inbox.inputs {
        if let Input::Warning(warning) = input {
            warnings.take(warning, clock.now, &mut events);
        }
    }
    events.into_iter().for_each(|event| out.tell(event));
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::Bilingual;

    fn warning(id: &str, sent: i64, kind: WarningKind, references: &[&str]) -> Warning {
        Warning {
            identifier: id.into(),
            sender: "met@example.invalid".into(),
            sender_name: Bilingual::default(),
            sent: Stamp(sent),
            status: WarningStatus::Actual,
            kind,
            references: references.iter().map(ToString::to_string).collect(),
            event: Bilingual::new("暴雨", "Rainstorm"),
            level: AlertLevel::Orange,
            severity: "Severe".into(),
            urgency: "Expected".into(),
            certainty: "Likely".into(),
            headline: Bilingual::default(),
            description: Bilingual::default(),
            instruction: Bilingual::default(),
            effective: Stamp(sent),
            expires: Some(Stamp(100_000)),
            area: Bilingual::default(),
            rings_m: Vec::new(),
        }
    }

    fn run(messages: &[Warning], now: i64) -> (Vec<String>, Vec<String>) {
        let (mut book, mut events) = (Warnings::default(), Vec::new());
        messages.iter().for_each(|w| book.take(w, Stamp(now), &mut events));
        let said = events.iter().filter_map(|e| match e {
            Event::WarningChanged { identifier, what, .. } => Some(format!("{identifier} {what}")),
            _ => None,
        });
        (book.active().iter().map(|w| w.identifier.clone()).collect(), said.collect())
    }

    #[test]
    fn the_same_messages_in_any_order_leave_the_same_warnings() {
        let a = warning("a", 1_000, WarningKind::Alert, &[]);
        let b = warning("b", 2_000, WarningKind::Update, &["a"]);
        let c = warning("c", 3_000, WarningKind::Cancel, &["b"]);
        assert_eq!(run(&[a.clone(), a.clone()], 5_000), (vec!["a".into()], vec!["a issued".into()]));
        assert_eq!(
            run(&[a.clone(), b.clone()], 5_000),
            (vec!["b".into()], vec!["a issued".into(), "b updated".into()])
        );
        let mut orders = vec![[&a, &b, &c], [&a, &c, &b], [&b, &a, &c], [&b, &c, &a], [&c, &a, &b], [&c, &b, &a]];
        for order in orders.drain(..) {
            let all: Vec<Warning> = order.into_iter().cloned().collect();
            assert_eq!(run(&all, 5_000).0, Vec::<String>::new(), "{all:?}");
        }
        assert_eq!(run(&[b, a], 5_000).0, ["b"], "a late copy of what was updated does not come back");
    }

    #[test]
    fn ends_are_told_once_and_what_is_over_warns_nobody() {
        let (mut book, mut events) = (Warnings::default(), Vec::new());
        let open = Warning { expires: None, ..warning("open", 0, WarningKind::Alert, &[]) };
        book.take(&warning("a", 0, WarningKind::Alert, &[]), Stamp(0), &mut events);
        book.take(&open, Stamp(0), &mut events);
        book.expire(Stamp(100_000), &mut events);
        book.expire(Stamp(100_200), &mut events);
        assert_eq!((events.len(), book.active().len()), (3, 1), "{events:?}");
        book.take(&warning("a", 0, WarningKind::Alert, &[]), Stamp(100_400), &mut events);
        book.expire(Stamp(HOLDS_MS), &mut events);
        assert_eq!((events.len(), book.active().len()), (4, 0), "{events:?}");
        // A cancellation under the warning's own name, and messages that warn nobody.
        assert_eq!(
            run(&[warning("a", 1, WarningKind::Alert, &[]), warning("a", 2, WarningKind::Cancel, &[])], 9).0.len(),
            0
        );
        let draft = Warning { status: WarningStatus::Draft, ..warning("d", 1, WarningKind::Alert, &[]) };
        assert_eq!(run(&[draft, warning("e", 1, WarningKind::Ack, &["a"])], 9), (vec![], vec![]));
    }
}
