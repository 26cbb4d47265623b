//! Who is called for a card, and when: the ladder, repetition, sound.

use std::{collections::BTreeMap, sync::Arc};

use guanlan_core::{AlertId, AlertLevel, Event, Rung, Stamp};
use serde::{Deserialize, Serialize};

use super::group::{Group, Groups, NodeKey};
use crate::{board::SoundDue, ledger::Ledger, places::Places, rules::extras::Notify};

/// An unanswered red sounds again after this long, ms.
const AGAIN_MS: i64 = 60_000;

/// The clocks of one card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Clock {
    id: u64,
    first: Stamp,
    /// Since when it calls, and at which level.
    armed: Option<(Stamp, AlertLevel)>,
    /// Rungs the clock itself has called since it was armed.
    steps: u8,
    rung: Rung,
    last_call: Stamp,
    /// Alerts that called at that level when it was last looked at.
    asked: u32,
    /// A sound waits for its turn.
    sound: Option<AlertLevel>,
    last_sound: Stamp,
}

/// Clocks of all cards.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Calling {
    clocks: BTreeMap<NodeKey, Clock>,
    last_id: u64,
    pub sound: SoundDue,
    last_red: Stamp,
    last_other: Stamp,
}

impl Calling {
    /// Moves every card's clocks to `now`.
    pub fn follow(
        &mut self,
        groups: &mut Groups,
        ledger: &Ledger,
        notify: &Notify,
        now: Stamp,
        events: &mut Vec<Event>,
    ) {
        let cards = groups.cards();
        self.rename(&cards, groups, ledger, now);
        let mut changed = false;
        for key in &cards {
            let Some(node) = groups.node(key) else { continue };
            let Some(clock) = self.clocks.get_mut(key) else { continue };
            let before = clock.clone();
            let worst = (1..5).rev().find(|&l| node.calling[l] > 0).map(|l| AlertLevel::ALL[l]);
            let lead = node.order.first().map(|o| o.2);
            let count = u32::try_from(node.order.len()).unwrap_or(u32::MAX);
            let level = node.order.first().map_or(AlertLevel::Normal, |o| o.0.0);
            match (worst, clock.armed) {
                (None, _) => {
                    clock.armed = None;
                    clock.steps = 0;
                    clock.sound = None;
                    clock.rung = Rung::Community;
                }
                (Some(worst), armed) if armed.is_none_or(|(_, l)| worst > l) => {
                    clock.armed = Some((now, worst));
                    clock.steps = 0;
                    clock.sound = (worst >= AlertLevel::Yellow).then_some(worst);
                }
                (Some(worst), Some((since, level))) => {
                    clock.armed = Some((since, worst));
                    let more = worst == level && node.calling[usize::from(worst.rank())] > clock.asked;
                    let again = worst == AlertLevel::Red && now - clock.last_sound >= AGAIN_MS;
                    if worst >= AlertLevel::Yellow && (more || again) {
                        clock.sound = Some(worst);
                    }
                }
                (Some(_), None) => {}
            }
            clock.asked = worst.map_or(0, |w| node.calling[usize::from(w.rank())]);
            if let (Some((since, worst)), Some(lead)) = (clock.armed, lead) {
                let times = ladder(ledger, lead, worst, notify);
                while let Some(&after) = times.as_ref().and_then(|t| t.get(usize::from(clock.steps))) {
                    if now - since < after {
                        break;
                    }
                    clock.steps += 1;
                    let to = Rung::ALL[usize::from(clock.steps)];
                    if to > clock.rung {
                        let reason =
                            format!("{} 秒无人确认 / nobody acknowledged for {} s", after / 1000, after / 1000);
                        let from = std::mem::replace(&mut clock.rung, to);
                        clock.last_call = now;
                        clock.sound = Some(worst);
                        events.push(Event::AlertEscalated {
                            group: clock.id,
                            alert: lead,
                            level: worst,
                            count,
                            from,
                            to,
                            actor: "room".into(),
                            reason,
                        });
                    }
                }
            }
            if let Some(lead) = lead.filter(|_| notify.repeat_ms > 0 && now - clock.last_call >= notify.repeat_ms) {
                clock.last_call = now;
                let asks =
                    ledger.active.get(&lead).is_some_and(|a| a.calls && a.shelved.is_none() && a.suppressed.is_none());
                if asks {
                    events.push(Event::AlertRepeated { group: clock.id, alert: lead, level, count });
                }
            }
            changed |= *clock != before;
        }
        self.one_sound(&cards, groups, ledger, notify, now, events);
        groups.changed |= changed;
    }

    /// At most one sound, the worst that waits, when the pause is over.
    fn one_sound(
        &mut self,
        cards: &[NodeKey],
        groups: &Groups,
        ledger: &Ledger,
        notify: &Notify,
        now: Stamp,
        events: &mut Vec<Event>,
    ) {
        let waiting = cards.iter().filter_map(|k| Some((self.clocks.get(k)?.sound?, k)));
        let Some((level, key)) = waiting.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(a.1))) else { return };
        let red = level == AlertLevel::Red;
        let due = if red {
            now - self.last_red >= notify.sound_ms[1]
        } else {
            now - self.last_red.max(self.last_other) >= notify.sound_ms[0]
        };
        if !due {
            return;
        }
        let Some(clock) = self.clocks.get_mut(key) else { return };
        clock.sound = None;
        clock.last_sound = now;
        if red {
            self.last_red = now;
        } else {
            self.last_other = now;
        }
        let Some(node) = groups.node(key) else { return };
        let calls = |id: &AlertId| ledger.active.get(id).is_some_and(|a| a.is_calling() && a.level == level);
        let alert = node.order.iter().map(|o| o.2).find(calls).or(node.order.first().map(|o| o.2));
        let Some(alert) = alert else { return };
        self.sound = SoundDue { seq: self.sound.seq + 1, at: now, level, alert: Some(alert) };
        events.push(Event::SoundDue { group: clock.id, alert, level, count: node.calling.iter().sum() });
    }

    /// Gives clocks to new cards. A card that became wider or narrower goes on where its alerts were.
    fn rename(&mut self, cards: &[NodeKey], groups: &Groups, ledger: &Ledger, now: Stamp) {
        if cards.len() == self.clocks.len() && cards.iter().all(|k| self.clocks.contains_key(k)) {
            return;
        }
        let old = std::mem::take(&mut self.clocks);
        for key in cards {
            if let Some(clock) = old.get(key) {
                self.clocks.insert(key.clone(), clock.clone());
                continue;
            }
            let mut clock = Clock { first: now, last_call: now, ..Clock::default() };
            // Former cards of its first alerts; of ten thousand the fifty worst tell enough.
            for id in groups.head(key) {
                let Some(alert) = ledger.active.get(&id) else { continue };
                let former = (0..6).find_map(|w| old.get(&NodeKey::of(alert, w)));
                let Some(former) = former else { continue };
                clock.first = clock.first.min(former.first);
                clock.rung = clock.rung.max(former.rung);
                clock.steps = clock.steps.max(former.steps);
                clock.last_sound = clock.last_sound.max(former.last_sound);
                clock.armed = match (clock.armed, former.armed) {
                    (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
                    (a, b) => a.or(b),
                };
            }
            self.last_id += 1;
            clock.id = self.last_id;
            self.clocks.insert(key.clone(), clock);
        }
    }

    /// The card of an alert: its key.
    pub fn key_of(&self, groups: &Groups, ledger: &Ledger, id: AlertId) -> Option<NodeKey> {
        let alert = ledger.active.get(&id)?;
        let key = NodeKey::of(alert, groups.width_of(alert.exercise, &alert.hazard));
        self.clocks.contains_key(&key).then_some(key)
    }

    /// The card with this number.
    pub fn key_of_number(&self, group: u64) -> Option<NodeKey> {
        self.clocks.iter().find(|(_, c)| c.id == group).map(|(k, _)| k.clone())
    }

    /// Moves a card one rung by hand; the number of the card and the rungs before and after.
    pub fn step(&mut self, key: &NodeKey, up: bool) -> Option<(u64, Rung, Rung)> {
        let clock = self.clocks.get_mut(key)?;
        let from = clock.rung;
        let to = if up { from.up()? } else { from.down()? };
        clock.rung = to;
        Some((clock.id, from, to))
    }

    /// The cards as shown, worst first.
    pub fn published(&self, groups: &Groups, ledger: &Ledger, places: &Places, notify: &Notify) -> Arc<Vec<Group>> {
        let mut out: Vec<Group> = Vec::new();
        for key in groups.cards() {
            let (Some(node), Some(clock)) = (groups.node(&key), self.clocks.get(&key)) else { continue };
            let head = groups.head(&key);
            let Some(lead) = head.first().and_then(|id| ledger.active.get(id)) else { continue };
            let next = clock.armed.and_then(|(since, worst)| {
                let times = ladder(ledger, lead.id, worst, notify)?;
                times.get(usize::from(clock.steps)).map(|after| since + *after)
            });
            let area_name = if key.area.is_empty() && key.width >= 4 {
                places.of_key("city", None).name
            } else {
                places.named(&key.area).name
            };
            out.push(Group {
                id: clock.id,
                hazard: key.hazard.clone(),
                title: lead.title.clone(),
                width: key.width,
                area: key.area.clone(),
                area_name,
                episode: key.episode,
                exercise: key.exercise,
                level: lead.level,
                levels: node.levels,
                states: node.states,
                calling: node.calling.iter().sum(),
                lead: lead.id,
                place_m: lead.place_m,
                place: lead.place.clone(),
                first: clock.first,
                latest: head
                    .iter()
                    .filter_map(|id| ledger.active.get(id))
                    .map(|a| a.since)
                    .max()
                    .unwrap_or(clock.first),
                head,
                rung: clock.rung,
                next_rung_at: next,
                calling_since: clock.armed.map(|a| a.0),
            });
        }
        out.sort_by(|a, b| {
            let calls = |g: &Group| u32::from(g.calling > 0);
            (b.level, calls(b), b.latest, a.id).cmp(&(a.level, calls(a), a.latest, b.id))
        });
        Arc::new(out)
    }
}

/// Times to 街道, 区, 市 for a card that calls at a level: its lead's rule's, else the file's.
fn ladder(ledger: &Ledger, lead: AlertId, worst: AlertLevel, notify: &Notify) -> Option<[i64; 3]> {
    let own = ledger.active.get(&lead).and_then(|a| a.escalate_ms);
    own.or_else(|| notify.escalate_ms[usize::from(worst.rank()).saturating_sub(1)])
}
