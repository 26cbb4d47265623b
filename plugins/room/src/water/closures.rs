//! Roads that only the estimate says are too deep: a person is asked, answers, and may take the answer back.

use std::{collections::BTreeSet, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_city::{City, model::RoadClass};
use guanlan_core::{Bilingual, CommandEnvelope, Event, Refusal, RefusalKind, Stamp};
use guanlan_dispatch::{
    RoadState, VehicleClass,
    roads::{ManualClosure, road_name},
};
use guanlan_tick::{Clock, Outbox, RoomState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{DeskCity, no};

/// Proposals kept after they have lapsed.
const KEPT: usize = 200;
/// A dismissed proposal is asked again when the estimate has risen by this much, m.
const ASK_AGAIN_M: f32 = 0.10;

/// What a person said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosureAnswer {
    /// Nobody has answered.
    #[default]
    Pending,
    /// Close it.
    Confirmed,
    /// Leave it open.
    Dismissed,
    /// The estimate no longer suggests it.
    Lapsed,
}

impl ClosureAnswer {
    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Pending => Bilingual::new("待确认", "to be confirmed"),
            Self::Confirmed => Bilingual::new("已确认封闭", "closed"),
            Self::Dismissed => Bilingual::new("已否决", "left open"),
            Self::Lapsed => Bilingual::new("已失效", "lapsed"),
        }
    }
}

/// A closure that the estimate suggests: a stretch of connected edges of one name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Closure {
    /// Number in this room, from 1.
    pub no: u64,
    /// Road edges, ascending.
    pub edges: Vec<u32>,
    /// Road name.
    pub name: Bilingual,
    /// An underpass is among them.
    pub underpass: bool,
    /// Where it is deepest, local m.
    pub place_m: [f64; 2],
    /// Deepest water by the estimate now, m.
    pub depth_m: f32,
    /// Depth when it was answered, m.
    pub answered_m: f32,
    /// Since when it is suggested.
    pub since: Stamp,
    /// What a person said.
    pub answer: ClosureAnswer,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub answered: Option<Stamp>,
    /// Edges that the confirmation closed (others were closed before).
    pub closed: Vec<u32>,
}

/// Closures that wait for a person, or have had their answer.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Closures {
    /// In order of their numbers.
    pub list: Arc<Vec<Closure>>,
    /// Grows with every change.
    pub version: u64,
    next: u64,
}

impl RoomState for Closures {
    const NAME: &'static str = "water.closures";
}

type Answer = Result<Value, Refusal>;

impl Closures {
    /// Those that wait for a person.
    pub fn pending(&self) -> impl Iterator<Item = &Closure> {
        self.list.iter().filter(|c| c.answer == ClosureAnswer::Pending)
    }

    fn find(&mut self, number: u64) -> Result<&mut Closure, Refusal> {
        self.version += 1;
        Arc::make_mut(&mut self.list).iter_mut().find(|c| c.no == number).ok_or_else(|| {
            no(
                RefusalKind::NotFound,
                format_args!("没有封路建议 {number}"),
                format_args!("there is no closure proposal {number}"),
            )
        })
    }

    #[expect(clippy::too_many_arguments, reason = "one state, one word each")]
    pub(super) fn confirm(
        &mut self,
        roads: &mut RoadState,
        city: &City,
        envelope: &CommandEnvelope,
        number: u64,
        note: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Answer {
        let closure = self.find(number)?;
        if !matches!(closure.answer, ClosureAnswer::Pending | ClosureAnswer::Dismissed) {
            return Err(answered(closure));
        }
        let reason = if note.trim().is_empty() { "估计积水，经确认" } else { note.trim() };
        closure.closed.clear();
        for edge in closure.edges.clone() {
            if roads.edges.get(&edge).is_some_and(|c| c.manual.is_some()) {
                continue;
            }
            let by_hand = ManualClosure { actor: envelope.actor.clone(), reason: reason.to_owned(), at: now };
            roads.close(city, edge, by_hand, "operator", events);
            closure.closed.push(edge);
        }
        closure.settle(ClosureAnswer::Confirmed, "confirmed", envelope, note, now, events);
        Ok(json!({ "closure": number, "edges": closure.edges, "closed": true }))
    }

    pub(super) fn dismiss(
        &mut self,
        envelope: &CommandEnvelope,
        number: u64,
        reason: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Answer {
        let closure = self.find(number)?;
        if closure.answer != ClosureAnswer::Pending {
            return Err(answered(closure));
        }
        if reason.trim().is_empty() {
            return Err(no(RefusalKind::Invalid, "须写明理由", "a reason is needed"));
        }
        closure.settle(ClosureAnswer::Dismissed, "dismissed", envelope, reason, now, events);
        Ok(json!({ "closure": number, "closed": false }))
    }

    pub(super) fn undo(
        &mut self,
        roads: &mut RoadState,
        city: &City,
        envelope: &CommandEnvelope,
        number: u64,
        now: Stamp,
        events: &mut Vec<Event>,
    ) -> Answer {
        let closure = self.find(number)?;
        if !matches!(closure.answer, ClosureAnswer::Confirmed | ClosureAnswer::Dismissed) {
            return Err(no(
                RefusalKind::Conflict,
                format_args!("封路建议 {number} 没有可撤回的答复"),
                format_args!("closure proposal {number} has no answer to take back"),
            ));
        }
        for edge in std::mem::take(&mut closure.closed) {
            roads.open(city, edge, "operator", events);
        }
        closure.settle(ClosureAnswer::Pending, "undone", envelope, "", now, events);
        Ok(json!({ "closure": number, "answer": "pending" }))
    }
}

fn answered(closure: &Closure) -> Refusal {
    let words = closure.answer.name();
    no(
        RefusalKind::Conflict,
        format_args!("封路建议 {} {}", closure.no, words.zh),
        format_args!("closure proposal {} is already {}", closure.no, words.en),
    )
}

impl Closure {
    fn settle(
        &mut self,
        answer: ClosureAnswer,
        word: &str,
        envelope: &CommandEnvelope,
        reason: &str,
        now: Stamp,
        events: &mut Vec<Event>,
    ) {
        self.answer = answer;
        self.actor.clone_from(&envelope.actor);
        self.reason = reason.trim().to_owned();
        self.answered = (answer != ClosureAnswer::Pending).then_some(now);
        self.answered_m = self.depth_m;
        events.push(Event::ClosureAnswered {
            closure: self.no,
            name: self.name.clone(),
            answer: word.to_owned(),
            actor: envelope.actor.clone(),
            reason: self.reason.clone(),
        });
    }
}

/// Looks which closures the estimate alone suggests now.
pub(super) fn propose(
    clock: Res<Clock>,
    city: Res<DeskCity>,
    roads: Res<RoadState>,
    mut closures: ResMut<Closures>,
    mut seen: Local<Option<Stamp>>,
    mut out: ResMut<Outbox>,
) {
    let open = closures.list.iter().any(|c| c.answer != ClosureAnswer::Lapsed);
    // Nothing but a new field, an answer or a gauge changes what is suggested.
    if !roads.is_changed() && *seen == roads.water_at || (!roads.water_is_estimate && !open) {
        return;
    }
    *seen = roads.water_at;
    let city = &city.0;
    let suspected: BTreeSet<u32> = roads
        .edges
        .iter()
        .filter(|(edge, c)| {
            let gauge = !c.gauges.is_empty();
            let foot = city.roads.get(**edge as usize).is_none_or(|r| r.class == RoadClass::Foot);
            c.suspected && !gauge && !foot
        })
        .map(|(&edge, _)| edge)
        .collect();
    let stretches = stretches(city, &suspected);
    let mut list = Vec::clone(&closures.list);
    let mut taken = BTreeSet::new();
    for closure in list.iter_mut().filter(|c| c.answer != ClosureAnswer::Lapsed) {
        let now_wet: Vec<&Vec<u32>> =
            stretches.iter().filter(|s| s.iter().any(|e| closure.edges.binary_search(e).is_ok())).collect();
        if now_wet.is_empty() {
            // A road that a person closed stays theirs until they open it or the proposal is undone.
            if closure.answer != ClosureAnswer::Confirmed || !closure.closed.iter().any(|e| roads.is_closed(*e)) {
                closure.answer = ClosureAnswer::Lapsed;
                out.tell(Event::ClosureLapsed { closure: closure.no, name: closure.name.clone() });
            }
            continue;
        }
        let edges: BTreeSet<u32> = now_wet.into_iter().flatten().copied().collect();
        taken.extend(edges.iter().copied());
        let (depth_m, place_m) = deepest(city, &roads, edges.iter().copied());
        closure.depth_m = depth_m;
        closure.place_m = place_m;
        if closure.answer == ClosureAnswer::Pending {
            closure.edges = edges.into_iter().collect();
            closure.underpass = closure.edges.iter().any(|e| city.roads[*e as usize].underpass);
        } else if closure.answer == ClosureAnswer::Dismissed && depth_m > closure.answered_m + ASK_AGAIN_M {
            closure.answer = ClosureAnswer::Pending;
            out.tell(proposed(closure));
        }
    }
    for stretch in stretches {
        let fresh: Vec<u32> = stretch.into_iter().filter(|e| !taken.contains(e)).collect();
        // What a person has closed already needs no proposal.
        if fresh.is_empty() || fresh.iter().all(|e| roads.blocks(*e, VehicleClass::Car)) {
            continue;
        }
        closures.next += 1;
        let (depth_m, place_m) = deepest(city, &roads, fresh.iter().copied());
        let closure = Closure {
            no: closures.next,
            name: city.roads.get(fresh[0] as usize).map(road_name).unwrap_or_default(),
            underpass: fresh.iter().any(|e| city.roads[*e as usize].underpass),
            edges: fresh,
            place_m,
            depth_m,
            since: clock.now,
            ..Closure::default()
        };
        out.tell(proposed(&closure));
        list.push(closure);
    }
    let lapsed = list.iter().filter(|c| c.answer == ClosureAnswer::Lapsed).count();
    let mut surplus = lapsed.saturating_sub(KEPT);
    list.retain(|c| {
        let goes = surplus > 0 && c.answer == ClosureAnswer::Lapsed;
        surplus -= usize::from(goes);
        !goes
    });
    if list != *closures.list {
        closures.list = Arc::new(list);
        closures.version += 1;
    }
}

fn proposed(c: &Closure) -> Event {
    Event::ClosureProposed {
        closure: c.no,
        edges: c.edges.clone(),
        name: c.name.clone(),
        depth_m: c.depth_m,
        place_m: c.place_m,
    }
}

fn deepest(city: &City, roads: &RoadState, edges: impl Iterator<Item = u32>) -> (f32, [f64; 2]) {
    let depth = |e: u32| roads.edges.get(&e).map_or(0, |c| c.depth_mm);
    let best = edges.max_by_key(|e| (depth(*e), std::cmp::Reverse(*e)));
    let Some(edge) = best else { return (0.0, [0.0; 2]) };
    let place = city.roads.get(edge as usize).and_then(|r| r.line.get(r.line.len() / 2));
    (f32::from(depth(edge)) / 1000.0, place.map_or([0.0; 2], |p| p.map(f64::from)))
}

/// Connected edges of one name, in order of their lowest edge.
fn stretches(city: &City, edges: &BTreeSet<u32>) -> Vec<Vec<u32>> {
    let mut at_node: std::collections::BTreeMap<i64, Vec<u32>> = Default::default();
    for &e in edges {
        let Some(road) = city.roads.get(e as usize) else { continue };
        for node in [road.from_node, road.to_node].into_iter().filter(|n| *n != 0) {
            at_node.entry(node).or_default().push(e);
        }
    }
    let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
    for &first in edges {
        if !seen.insert(first) {
            continue;
        }
        let name = &city.roads[first as usize].name;
        let (mut stretch, mut todo) = (vec![first], vec![first]);
        while let Some(e) = todo.pop() {
            let road = &city.roads[e as usize];
            for node in [road.from_node, road.to_node].into_iter().filter(|n| *n != 0) {
                for &next in at_node.get(&node).into_iter().flatten() {
                    if city.roads[next as usize].name == *name && seen.insert(next) {
                        stretch.push(next);
                        todo.push(next);
                    }
                }
            }
        }
        stretch.sort_unstable();
        all.push(stretch);
    }
    all
}
