//! The list of crews: those on a task first.

use guanlan_core::{CaseId, Lang, UnitId, input::UnitStatus};
use guanlan_dispatch::Unit;
use guanlan_room::Picture;

use super::eta;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct CrewRow {
    /// The crew.
    pub id: UnitId,
    /// Call sign.
    pub name: String,
    /// What it does.
    pub status: UnitStatus,
    /// The case it is on.
    pub case: Option<CaseId>,
    /// What the case is about.
    pub task: String,
    /// Time to arrival, in words; empty when it does not drive to a case.
    pub eta: String,
    /// Local m.
    pub place_m: Option<[f64; 2]>,
    /// It can be called back.
    pub can_recall: bool,
}

/// All crews.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrewsVm {
    /// Crews by status, in the order of [`STATUSES`].
    pub counts: [usize; 6],
    /// Lines: those on a task first, then the free.
    pub rows: Vec<CrewRow>,
}

/// Statuses in the order of a task.
pub const STATUSES: [UnitStatus; 6] = [
    UnitStatus::Available,
    UnitStatus::Dispatched,
    UnitStatus::EnRoute,
    UnitStatus::OnScene,
    UnitStatus::Clearing,
    UnitStatus::OutOfService,
];

fn rank(status: UnitStatus) -> u8 {
    match status {
        UnitStatus::OnScene => 0,
        UnitStatus::EnRoute => 1,
        UnitStatus::Dispatched => 2,
        UnitStatus::Clearing => 3,
        UnitStatus::Available => 4,
        UnitStatus::OutOfService => 5,
    }
}

/// The line of one crew.
#[must_use]
pub fn row(picture: &Picture, unit: &Unit, lang: Lang) -> CrewRow {
    let task = unit.task.as_ref();
    let case = task.and_then(|t| picture.cases.get(&t.case));
    let driving = matches!(unit.status, UnitStatus::Dispatched | UnitStatus::EnRoute);
    CrewRow {
        id: unit.id.clone(),
        name: unit.name(&picture.city.units).get(lang).to_owned(),
        status: unit.status,
        case: task.map(|t| t.case.clone()),
        task: case.map_or_else(String::new, |c| c.title.get(lang).to_owned()),
        eta: task
            .filter(|_| driving)
            .map_or_else(String::new, |t| eta(lang, (t.arrival - picture.now) as f64 / 1000.0)),
        place_m: unit.place_m,
        can_recall: driving,
    }
}

/// The crews of a picture.
#[must_use]
pub fn crews(picture: &Picture, lang: Lang) -> CrewsVm {
    let mut units: Vec<&Unit> = picture.units.units.iter().map(AsRef::as_ref).collect();
    units.sort_by(|a, b| rank(a.status).cmp(&rank(b.status)).then_with(|| a.id.cmp(&b.id)));
    let mut counts = [0; 6];
    for unit in &units {
        if let Some(i) = STATUSES.iter().position(|s| *s == unit.status) {
            counts[i] += 1;
        }
    }
    CrewsVm { counts, rows: units.into_iter().map(|u| row(picture, u, lang)).collect() }
}
