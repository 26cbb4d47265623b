//! The list of crews: those on a task one by one, the free counted by what they are for.

use std::collections::BTreeMap;

use guanlan_city::model::UnitKind;
use guanlan_core::{CaseId, Lang, UnitId, input::UnitStatus};
use guanlan_dispatch::Unit;
use guanlan_room::Picture;

use super::eta;
use crate::words::tr;

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

/// What free crews are counted by: their status and what they are for (none for crews that only a feed knows).
pub type CrewTeam = (UnitStatus, Option<UnitKind>);

/// Crews that wait, in one line.
#[derive(Clone, Debug, PartialEq)]
pub struct TeamRow {
    /// What they have in common.
    pub team: CrewTeam,
    /// Its name.
    pub name: String,
    /// How many.
    pub count: usize,
    /// They are listed below.
    pub open: bool,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq)]
pub enum CrewLine {
    /// A crew; true for one of the team above it.
    Crew(CrewRow, bool),
    /// Crews that wait.
    Team(TeamRow),
}

/// All crews.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrewsVm {
    /// Crews by status, in the order of [`STATUSES`].
    pub counts: [usize; 6],
    /// Lines: those on a task first, then the free by team.
    pub lines: Vec<CrewLine>,
}

/// This many crews that wait are listed one by one.
const FEW: usize = 6;

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

/// What a kind of crew is called.
const fn kind_key(kind: Option<UnitKind>) -> &'static str {
    match kind {
        Some(UnitKind::Patrol) => "k-crew-patrol",
        Some(UnitKind::Repair) => "k-crew-repair",
        Some(UnitKind::Pump) => "k-crew-pump",
        Some(UnitKind::Sanitation) => "k-crew-sanitation",
        Some(UnitKind::Greening) => "k-crew-greening",
        None => "k-crew-other",
    }
}

/// The crews of a picture; those of an `open` team are listed.
#[must_use]
pub fn crews(picture: &Picture, open: Option<CrewTeam>, lang: Lang) -> CrewsVm {
    let mut units: Vec<&Unit> = picture.units.units.iter().map(AsRef::as_ref).collect();
    units.sort_by(|a, b| rank(a.status).cmp(&rank(b.status)).then_with(|| a.id.cmp(&b.id)));
    let mut counts = [0; 6];
    for unit in &units {
        if let Some(i) = STATUSES.iter().position(|s| *s == unit.status) {
            counts[i] += 1;
        }
    }
    let busy = units.partition_point(|u| rank(u.status) < rank(UnitStatus::Available));
    let (busy, waiting) = units.split_at(busy);
    let crew = |unit: &Unit, inner: bool| CrewLine::Crew(row(picture, unit, lang), inner);
    let mut lines: Vec<CrewLine> = busy.iter().map(|u| crew(u, false)).collect();
    if waiting.len() <= FEW {
        lines.extend(waiting.iter().map(|u| crew(u, false)));
        return CrewsVm { counts, lines };
    }
    let mut teams: BTreeMap<(u8, Option<UnitKind>), Vec<&Unit>> = BTreeMap::new();
    for unit in waiting {
        let kind = unit.spec(&picture.city.units).map(|s| s.kind);
        teams.entry((rank(unit.status), kind)).or_default().push(unit);
    }
    for ((_, kind), members) in teams {
        let team = (members[0].status, kind);
        let (name, count, open) = (tr(lang, kind_key(kind)).to_owned(), members.len(), open == Some(team));
        lines.push(CrewLine::Team(TeamRow { team, name, count, open }));
        if open {
            lines.extend(members.into_iter().map(|u| crew(u, true)));
        }
    }
    CrewsVm { counts, lines }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::{City, model::UnitSpec};
    use guanlan_core::{Bilingual, Stamp};
    use std::sync::Arc;

    fn lines(crews: u32, open: Option<CrewTeam>) -> CrewsVm {
        let unit = |n: u32| UnitSpec {
            id: format!("U-{n:02}").as_str().into(),
            name: Bilingual::same(format!("U {n}")),
            kind: if n % 3 == 0 { UnitKind::Pump } else { UnitKind::Patrol },
            skills: Vec::new(),
            kit: Vec::new(),
            people: 2,
            org: "o".into(),
            base_m: [0.0, 0.0],
            shift_min: [0, 1440],
            vehicle: "car".into(),
        };
        let city = Arc::new(City { units: (0..crews).map(unit).collect(), ..City::default() });
        let mut machine = crate::fixture::machine(&city);
        machine.tick(Stamp::from_secs(1_000_000), Vec::new());
        super::crews(&crate::fixture::picture(&machine), open, Lang::Zh)
    }

    #[test]
    fn many_crews_that_wait_are_counted_by_what_they_are_for() {
        let vm = lines(20, None);
        let shown: Vec<(String, usize)> = vm
            .lines
            .iter()
            .map(|line| match line {
                CrewLine::Team(team) => (team.name.clone(), team.count),
                CrewLine::Crew(row, _) => panic!("nobody works: {row:?}"),
            })
            .collect();
        assert_eq!(shown, [("巡查".to_owned(), 13), ("排水抢险".to_owned(), 7)]);
        assert_eq!(vm.counts.iter().sum::<usize>(), 20);
        let team = (UnitStatus::Available, Some(UnitKind::Pump));
        let listed = lines(20, Some(team)).lines;
        assert_eq!(listed.iter().filter(|l| matches!(l, CrewLine::Crew(_, true))).count(), 7);
    }

    #[test]
    fn a_few_crews_are_listed_one_by_one() {
        assert!(lines(4, None).lines.iter().all(|l| matches!(l, CrewLine::Crew(_, false))));
    }
}
