//! Measures of a room: ordered, planned, standing, undone. The water beside the room follows this list.

use std::sync::Arc;

use bevy_ecs::prelude::Resource;
use guanlan_city::City;
use guanlan_core::{Bilingual, CaseId, CommandEnvelope, Event, Refusal, RefusalKind, Stamp};
use guanlan_dispatch::{RoadState, roads::ManualClosure};
use guanlan_rainstorm::measures::Cost;
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{check::Checked, no};

/// Where a measure stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureStage {
    /// Approved; a crew has yet to do it.
    Planned,
    /// In effect.
    #[default]
    Standing,
    /// Taken back.
    Undone,
    /// The model could not do it.
    Failed,
}

impl MeasureStage {
    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Planned => Bilingual::new("待实施", "planned"),
            Self::Standing => Bilingual::new("已生效", "in effect"),
            Self::Undone => Bilingual::new("已撤销", "undone"),
            Self::Failed => Bilingual::new("未能实施", "failed"),
        }
    }
}

/// One measure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MeasureEntry {
    /// Number in this room, from 1.
    pub no: u64,
    /// In words.
    pub name: Bilingual,
    /// The measure as JSON, places in local metres.
    pub measure: String,
    /// Where, local m.
    pub place_m: Option<[f64; 2]>,
    /// People it takes.
    pub people: f64,
    /// Trucks it takes.
    pub trucks: f64,
    /// From the order to the effect, minutes.
    pub minutes: f64,
    /// Who ordered it.
    pub actor: String,
    /// Why.
    pub note: String,
    /// When it was ordered.
    pub ordered: Stamp,
    /// Where it stands.
    pub stage: MeasureStage,
    /// Since when it stands there: from a standing measure's `since` on the water feels it.
    pub since: Stamp,
    /// False where nothing can take it back (poured water).
    pub undoable: bool,
    /// Advice and option it comes from.
    pub advice: Option<(u64, u32)>,
    /// The case whose crew does it.
    pub case: Option<CaseId>,
    /// Road edge it closes (true) or opens.
    pub road: Option<(u32, bool)>,
    /// Why it failed.
    pub problem: String,
}

/// All measures of a room, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// In order of their numbers.
    pub list: Arc<Vec<MeasureEntry>>,
    /// Grows with every change.
    pub version: u64,
}

impl RoomState for Measures {
    const NAME: &'static str = "water.measures";
}

/// The measures of a machine.
pub(crate) fn measures_of(machine: &crate::machine::Machine) -> &Measures {
    machine.world().resource::<Measures>()
}

/// What a new measure is made from.
pub(crate) struct NewMeasure<'a> {
    pub checked: &'a Checked,
    pub actor: &'a str,
    pub note: &'a str,
    pub stage: MeasureStage,
    pub advice: Option<(u64, u32)>,
    pub now: Stamp,
}

impl Measures {
    /// A measure by number.
    #[must_use]
    pub fn get(&self, no: u64) -> Option<&MeasureEntry> {
        self.list.iter().find(|m| m.no == no)
    }

    /// Measures in effect.
    pub fn standing(&self) -> impl Iterator<Item = &MeasureEntry> {
        self.list.iter().filter(|m| m.stage == MeasureStage::Standing)
    }

    /// What people, trucks and minutes the measures in effect have taken.
    #[must_use]
    pub fn effort(&self) -> Cost {
        self.standing().fold(Cost::default(), |sum, m| Cost {
            people: sum.people + m.people,
            trucks: sum.trucks + m.trucks,
            minutes: sum.minutes + m.minutes,
        })
    }

    pub(crate) fn change(&mut self, no: u64, change: impl FnOnce(&mut MeasureEntry)) {
        let list = Arc::make_mut(&mut self.list);
        if let Some(entry) = list.iter_mut().find(|m| m.no == no) {
            change(entry);
            self.version += 1;
        }
    }

    pub(crate) fn add(&mut self, new: NewMeasure<'_>, events: &mut Vec<Event>) -> u64 {
        let no = self.list.last().map_or(1, |m| m.no + 1);
        let c = new.checked;
        let entry = MeasureEntry {
            no,
            name: c.name.clone(),
            measure: c.json.clone(),
            place_m: c.place_m,
            people: c.cost.people,
            trucks: c.cost.trucks,
            minutes: c.cost.minutes,
            actor: new.actor.to_owned(),
            note: new.note.trim().to_owned(),
            ordered: new.now,
            stage: new.stage,
            since: new.now,
            undoable: c.undoable,
            advice: new.advice,
            case: None,
            road: c.road,
            problem: String::new(),
        };
        if new.stage == MeasureStage::Standing {
            events.push(applied(&entry));
        }
        Arc::make_mut(&mut self.list).push(entry);
        self.version += 1;
        no
    }

    /// A planned measure is done from now on.
    pub(crate) fn stand(&mut self, no: u64, now: Stamp, events: &mut Vec<Event>) {
        if self.get(no).is_none_or(|m| m.stage != MeasureStage::Planned) {
            return;
        }
        self.change(no, |m| {
            (m.stage, m.since) = (MeasureStage::Standing, now);
            events.push(applied(m));
        });
    }

    /// The model could not do it.
    pub(crate) fn fail(&mut self, no: u64, reason: &str, events: &mut Vec<Event>) {
        if self.get(no).is_none_or(|m| m.stage != MeasureStage::Standing) {
            return;
        }
        self.change(no, |m| {
            m.stage = MeasureStage::Failed;
            m.problem = reason.to_owned();
            events.push(Event::MeasureFailed { no, name: m.name.clone(), reason: reason.to_owned() });
        });
    }
}

fn applied(m: &MeasureEntry) -> Event {
    Event::MeasureApplied {
        no: m.no,
        name: m.name.clone(),
        measure: m.measure.clone(),
        place_m: m.place_m,
        people: m.people,
        trucks: m.trucks,
        minutes: m.minutes,
        actor: m.actor.clone(),
        note: m.note.clone(),
    }
}

/// Carries a checked measure out.
#[expect(clippy::too_many_arguments, reason = "one state, one word each")]
pub(crate) fn apply(
    measures: &mut Measures,
    roads: &mut RoadState,
    city: &City,
    envelope: &CommandEnvelope,
    checked: Checked,
    note: &str,
    now: Stamp,
    events: &mut Vec<Event>,
) -> Value {
    let actor = envelope.actor.as_str();
    let stage = MeasureStage::Standing;
    let no = measures.add(NewMeasure { checked: &checked, actor, note, stage, advice: None, now }, events);
    if let Some((edge, closed)) = checked.road {
        move_road(roads, city, edge, closed, actor, note, now, events);
    }
    json!({
        "measure": no, "name": checked.name, "people": checked.cost.people, "trucks": checked.cost.trucks,
        "minutes": checked.cost.minutes, "undoable": checked.undoable,
    })
}

#[expect(clippy::too_many_arguments, reason = "one state, one word each")]
fn move_road(
    roads: &mut RoadState,
    city: &City,
    edge: u32,
    closed: bool,
    actor: &str,
    note: &str,
    now: Stamp,
    events: &mut Vec<Event>,
) {
    if closed {
        let reason = if note.trim().is_empty() { "措施" } else { note.trim() };
        let closure = ManualClosure { actor: actor.to_owned(), reason: reason.to_owned(), at: now };
        roads.close(city, edge, closure, "operator", events);
    } else {
        roads.open(city, edge, "operator", events);
    }
}

/// Takes a measure back.
pub(crate) fn undo(
    measures: &mut Measures,
    roads: &mut RoadState,
    city: &City,
    actor: &str,
    wanted: Option<u64>,
    now: Stamp,
    events: &mut Vec<Event>,
) -> Result<Value, Refusal> {
    let live = |m: &&MeasureEntry| matches!(m.stage, MeasureStage::Standing | MeasureStage::Planned);
    let found = match wanted {
        Some(no) => measures.get(no),
        None => measures.list.iter().rev().find(|m| live(m) && m.undoable),
    };
    let Some(entry) = found.cloned() else {
        return Err(match wanted {
            Some(n) => no(RefusalKind::NotFound, format_args!("没有措施 {n}"), format_args!("there is no measure {n}")),
            None => no(RefusalKind::Conflict, "没有可撤销的措施", "there is no measure to take back"),
        });
    };
    if !live(&&entry) {
        let stage = entry.stage.name();
        return Err(no(
            RefusalKind::Conflict,
            format_args!("措施 {}（{}）{}，不能撤销", entry.no, entry.name.zh, stage.zh),
            format_args!("measure {} ({}) is {} and cannot be taken back", entry.no, entry.name.en, stage.en),
        ));
    }
    if !entry.undoable {
        return Err(no(
            RefusalKind::Conflict,
            format_args!("措施 {}（{}）无法撤销", entry.no, entry.name.zh),
            format_args!("nothing takes measure {} ({}) back", entry.no, entry.name.en),
        ));
    }
    measures.change(entry.no, |m| (m.stage, m.since) = (MeasureStage::Undone, now));
    events.push(Event::MeasureUndone { no: entry.no, name: entry.name.clone(), actor: actor.to_owned() });
    if let Some((edge, closed)) = entry.road {
        move_road(roads, city, edge, !closed, actor, "撤销", now, events);
    }
    Ok(json!({ "measure": entry.no, "undone": true }))
}
