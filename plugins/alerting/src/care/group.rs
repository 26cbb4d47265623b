//! Grouping in space and time: many alerts, few cards.
//!
//! Every active alert counts in six nested nodes: its hazard in its 社区, 街道, 区 and 市 (each with the run
//! of alerts it came in), its hazard in the whole city, and its class of hazards. Cards are nodes: each
//! hazard is shown as fine as it can be while there are at most so many cards, and the hazard with the
//! most cards is coarsened first. It becomes finer again only when that leaves room to spare, so that
//! cards do not flicker. A change costs O(log alerts), whatever the number of alerts.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use guanlan_core::{AlertId, AlertLevel, Bilingual, Rung, Stamp};
use serde::{Deserialize, Serialize};

use crate::{alert::Alert, ledger::Ledger, places::Places, rules::extras::Notify};

/// Coarsest width of a hazard of its own; class comes after it.
const WHOLE: u8 = 4;
const CLASS: u8 = 5;
/// A hazard becomes finer only when this share of the cards stays free.
const SPARE: f64 = 0.3;
/// Alerts a card names.
const HEAD: usize = 50;

/// What names a node: exercise or real, hazard or class, width, area, run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct NodeKey {
    pub exercise: bool,
    pub hazard: String,
    pub width: u8,
    pub area: String,
    pub episode: u32,
}

impl NodeKey {
    /// The node of an alert at a width: 0 社区, 1 街道, 2 区, 3 市, 4 the hazard everywhere, 5 its class.
    pub fn of(alert: &Alert, width: u8) -> Self {
        let area = if width < 4 { Places::above(&alert.area, usize::from(width) + 1) } else { String::new() };
        let episode = if width < 4 { alert.episodes[usize::from(width)] } else { 0 };
        let hazard = if width < CLASS { alert.hazard.clone() } else { class(alert).to_owned() };
        Self { exercise: alert.exercise, hazard, width, area, episode }
    }
}

/// A handful of classes, so that even a hundred hazards have few cards.
fn class(alert: &Alert) -> &'static str {
    use guanlan_core::ObservedProperty as P;
    if alert.hazard == "device" {
        return "device";
    }
    match alert.property {
        P::RoadWaterDepth | P::RiverStage | P::RainIntensity | P::RainDepth | P::PumpsRunning => "water",
        P::Pm25 | P::Pm10 | P::Aqi | P::Noise | P::WindSpeed | P::Visibility | P::Temperature => "air",
        P::GasLel | P::H2s | P::Co | P::Oxygen | P::PressureDrop => "pipes",
        P::CoverTilt | P::CoverMissing | P::BinFill | P::StreetLight | P::ParkingOccupancy => "facilities",
        _ => "other",
    }
}

/// Worst first, newest first.
type Order = (Reverse<AlertLevel>, Reverse<Stamp>, AlertId);

/// What is known of the alerts of a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Node {
    pub order: BTreeSet<Order>,
    pub levels: [u32; 5],
    pub calling: [u32; 5],
    pub states: [u32; 8],
}

/// What an alert counted as.
#[derive(Clone, Debug, PartialEq)]
struct Counted {
    keys: [NodeKey; 6],
    order: Order,
    level: usize,
    calling: bool,
    state: usize,
}

/// A card: active alerts of one hazard in one area and run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its number, as long as it lasts.
    pub id: u64,
    /// Hazard, or class of hazards when cards are scarce.
    pub hazard: String,
    /// What is the matter: the title of its worst alert.
    pub title: Bilingual,
    /// How wide it is: 0 社区, 1 街道, 2 区, 3 市, 4 the whole city, 5 a class of hazards.
    pub width: u8,
    /// Code of its area; empty for the whole city.
    pub area: String,
    /// Name of its area.
    pub area_name: Bilingual,
    /// Run of alerts it belongs to.
    pub episode: u32,
    /// True in an exercise.
    pub exercise: bool,
    /// Worst level.
    pub level: AlertLevel,
    /// Alerts by level: normal (0), blue, yellow, orange, red.
    pub levels: [u32; 5],
    /// Alerts by state, in the order of [`crate::AlertState::ALL`].
    pub states: [u32; 8],
    /// Alerts that still ask for somebody.
    pub calling: u32,
    /// Its worst and newest alert.
    pub lead: AlertId,
    /// Its first alerts, worst first, at most 50.
    pub head: Vec<AlertId>,
    /// Place of the lead, local m.
    pub place_m: Option<[f64; 2]>,
    /// Place of the lead, in words.
    pub place: Bilingual,
    /// When its card came.
    pub first: Stamp,
    /// When its newest change of level was.
    pub latest: Stamp,
    /// Who has been called so far.
    pub rung: Rung,
    /// When the next rung is called.
    pub next_rung_at: Option<Stamp>,
    /// Since when it calls at its present level.
    pub calling_since: Option<Stamp>,
}

impl Group {
    /// True when an active alert is on this card.
    #[must_use]
    pub fn holds(&self, alert: &Alert) -> bool {
        if alert.ended_at.is_some() || self.exercise != alert.exercise {
            return false;
        }
        let key = NodeKey::of(alert, self.width);
        key.hazard == self.hazard && key.area == self.area && key.episode == self.episode
    }

    /// Alerts on it.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.levels.iter().sum()
    }
}

/// Run of alerts of a hazard by width and area: the last raise and the run's number.
pub(crate) type Episodes = BTreeMap<NodeKey, (Stamp, u32)>;

/// All nodes, and which of them are cards.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Groups {
    pub episodes: Episodes,
    pub last_episode: u32,
    pub pruned: Stamp,
    /// Width each hazard is shown at.
    widths: BTreeMap<(bool, String), u8>,
    /// True while cards are classes.
    classes: bool,
    #[serde(skip)]
    nodes: BTreeMap<NodeKey, Node>,
    /// Nodes by exercise, hazard and width that hold alerts.
    #[serde(skip)]
    spread: BTreeMap<(bool, String, u8), u32>,
    #[serde(skip)]
    counted: BTreeMap<AlertId, Counted>,
    /// Something a card shows changed since the last look.
    #[serde(skip)]
    pub changed: bool,
}

impl Groups {
    /// The runs an alert that was just raised belongs to, by width.
    pub fn run(&mut self, alert: &Alert, gap_ms: i64) -> [u32; 4] {
        [0, 1, 2, 3].map(|width| {
            let key = NodeKey::of(alert, width);
            let known = self.episodes.get(&key).filter(|(last, _)| alert.raised_at - *last <= gap_ms);
            let number = known.map_or_else(
                || {
                    self.last_episode += 1;
                    self.last_episode
                },
                |k| k.1,
            );
            let last = known.map_or(alert.raised_at, |k| k.0.max(alert.raised_at));
            self.episodes.insert(key, (last, number));
            number
        })
    }

    /// Forgets what is derived.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.spread.clear();
        self.counted.clear();
        self.changed = true;
    }

    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub fn node(&self, key: &NodeKey) -> Option<&Node> {
        self.nodes.get(key)
    }

    /// Counts changed alerts anew and chooses the cards.
    pub fn follow(&mut self, ledger: &Ledger, touched: &BTreeSet<AlertId>, notify: &Notify) {
        for &id in touched {
            let now = ledger.active.get(&id).map(|alert| Counted {
                keys: [0, 1, 2, 3, 4, 5].map(|w| NodeKey::of(alert, w)),
                order: (Reverse(alert.level), Reverse(alert.since), id),
                level: usize::from(alert.level.rank()),
                calling: alert.is_calling(),
                state: alert.state() as usize,
            });
            let before = self.counted.remove(&id);
            if before != now {
                if let Some(old) = before {
                    self.count(&old, false);
                }
                if let Some(new) = &now {
                    self.count(new, true);
                }
                self.changed = true;
            }
            if let Some(new) = now {
                self.counted.insert(id, new);
            }
        }
        if self.changed {
            self.choose(notify.cards);
        }
    }

    fn count(&mut self, c: &Counted, add: bool) {
        for key in &c.keys {
            let node = self.nodes.entry(key.clone()).or_default();
            let fresh = add && node.order.is_empty();
            let step = |n: &mut u32| *n = if add { *n + 1 } else { n.saturating_sub(1) };
            step(&mut node.levels[c.level]);
            step(&mut node.states[c.state]);
            if c.calling {
                step(&mut node.calling[c.level]);
            }
            if add {
                node.order.insert(c.order);
            } else {
                node.order.remove(&c.order);
            }
            let gone = node.order.is_empty();
            if fresh || gone {
                let spread = self.spread.entry((key.exercise, key.hazard.clone(), key.width)).or_default();
                *spread = if fresh { *spread + 1 } else { spread.saturating_sub(1) };
            }
            if gone {
                self.nodes.remove(key);
            }
        }
    }

    /// The width of every hazard, so that there are at most `most` cards.
    fn choose(&mut self, most: usize) {
        self.spread.retain(|_, n| *n > 0);
        let hazards: Vec<(bool, String)> =
            self.spread.keys().filter(|k| k.2 == WHOLE).map(|k| (k.0, k.1.clone())).collect();
        self.widths.retain(|k, _| hazards.contains(k));
        let cards = |spread: &BTreeMap<(bool, String, u8), u32>, h: &(bool, String), w: u8| {
            spread.get(&(h.0, h.1.clone(), w)).map_or(0, |n| *n as usize)
        };
        let mut widths: Vec<u8> = hazards.iter().map(|h| self.widths.get(h).copied().unwrap_or(0)).collect();
        let mut each: Vec<usize> = hazards.iter().zip(&widths).map(|(h, w)| cards(&self.spread, h, *w)).collect();
        let mut total: usize = each.iter().sum();
        while total > most {
            let widest = (0..hazards.len()).filter(|&i| widths[i] < WHOLE).max_by_key(|&i| (each[i], Reverse(i)));
            let Some(i) = widest else { break };
            widths[i] += 1;
            let now = cards(&self.spread, &hazards[i], widths[i]);
            total = total - each[i] + now;
            each[i] = now;
        }
        let roomy = ((1.0 - SPARE) * most as f64) as usize;
        self.classes = if self.classes { hazards.len() > roomy.max(1) } else { total > most };
        loop {
            // Finer again: the hazard for which it costs least.
            let finer = (0..hazards.len())
                .filter(|&i| widths[i] > 0)
                .map(|i| (cards(&self.spread, &hazards[i], widths[i] - 1), i))
                .filter(|&(n, i)| total - each[i] + n <= roomy.max(1))
                .min();
            let Some((n, i)) = finer else { break };
            widths[i] -= 1;
            total = total - each[i] + n;
            each[i] = n;
        }
        self.widths = hazards.into_iter().zip(widths).collect();
    }

    /// The width at which an alert's hazard is shown.
    pub fn width_of(&self, exercise: bool, hazard: &str) -> u8 {
        if self.classes {
            return CLASS;
        }
        self.widths.get(&(exercise, hazard.to_owned())).copied().unwrap_or(0)
    }

    /// The keys of all cards.
    pub fn cards(&self) -> Vec<NodeKey> {
        if self.classes {
            return self.nodes.keys().filter(|k| k.width == CLASS).cloned().collect();
        }
        let mut out = Vec::new();
        for ((exercise, hazard), width) in &self.widths {
            let from =
                NodeKey { exercise: *exercise, hazard: hazard.clone(), width: *width, area: String::new(), episode: 0 };
            let same = |k: &&NodeKey| k.exercise == *exercise && k.hazard == *hazard && k.width == *width;
            out.extend(self.nodes.range(from..).map(|(k, _)| k).take_while(same).cloned());
        }
        out
    }

    /// The first alerts of a node, worst first.
    pub fn head(&self, key: &NodeKey) -> Vec<AlertId> {
        self.nodes.get(key).map(|n| n.order.iter().take(HEAD).map(|o| o.2).collect()).unwrap_or_default()
    }
}
