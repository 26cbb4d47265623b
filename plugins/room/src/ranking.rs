//! 处置优先级: open cases in the order in which they should be looked at, each rank opened into its terms.
//!
//! Red before orange before yellow before blue decides first, by the colour of the case's alert as it is now;
//! what is overdue, presses, was reported often or lies where the risk is high comes first among equals.
//! Derived from the picture of a tick, never part of the truth.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use guanlan_alerting::AlertBook;
use guanlan_casework::{Case, CaseFile, CaseState};
use guanlan_city::City;
use guanlan_core::{AlertLevel, Bilingual, CaseId, Stamp};
use guanlan_tick::{Clock, RoomAppExt, RoomSystems, RoomTick};
use serde::{Deserialize, Serialize};

use crate::risk_desk::{self, RiskGrids, RiskMap};

/// Adds the risk map and the order of cases to a room.
pub(crate) struct RankingPlugin {
    /// The static twin: its grids.
    pub city: Arc<City>,
}

impl Plugin for RankingPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(RiskGrids::of(&self.city))
            .init_resource::<CaseQueue>()
            .register_room_state::<RiskMap>()
            .add_systems(RoomTick, (risk_desk::note, risk_desk::count, publish).chain().in_set(RoomSystems::Publish));
    }
}

/// Ranks are made anew at most this often while anything changes, ms, and at least …
const CHANGED_MS: i64 = 1_000;
/// … this often, because deadlines come nearer, ms.
const ALWAYS_MS: i64 = 30_000;
/// Points of a level: more than all other terms together.
const LEVEL: [f64; 5] = [0.0, 1000.0, 2000.0, 3000.0, 4000.0];

/// A case with its rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The case.
    pub case: CaseId,
    /// The colour that ranks it: its alert's present one, else its own.
    pub level: AlertLevel,
    /// Points; more comes first.
    pub score: f64,
    /// Points of level, overdue, pressing, reports, risk of the grid.
    pub points: [f64; 5],
}

impl Ranked {
    /// The points with their names.
    #[must_use]
    pub fn terms(&self) -> [(Bilingual, f64); 5] {
        let names = [
            ("告警等级", "Level"),
            ("已超期", "Overdue"),
            ("时限紧迫", "Deadline presses"),
            ("重复上报", "Reported again"),
            ("网格风险", "Risk of the grid"),
        ];
        [0, 1, 2, 3, 4].map(|i| (Bilingual::new(names[i].0, names[i].1), self.points[i]))
    }
}

/// Open cases, first the one to be looked at first.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct CaseQueue {
    /// When it was made.
    pub at: Stamp,
    /// The cases.
    pub list: Arc<Vec<Ranked>>,
    /// What it was made of: versions of cases, alerts, risks.
    made_of: (u64, u64, Stamp),
}

impl CaseQueue {
    /// Place of a case in the queue, from 0.
    #[must_use]
    pub fn place_of(&self, case: &CaseId) -> Option<usize> {
        self.list.iter().position(|r| r.case == *case)
    }
}

/// The rank of a case whose alert has now `alert` (`None` when it has none or it ended).
#[must_use]
pub fn rank(case: &Case, alert: Option<AlertLevel>, grid_risk: f64, now: Stamp) -> Ranked {
    // A case that waits for nobody on site keeps its colour; one whose alert fell has the colour it fell to.
    let level = match (case.alert, alert) {
        (Some(_), Some(now)) => now,
        (Some(_), None) if case.level > AlertLevel::Blue => AlertLevel::Blue.max(lower(case.level)),
        _ => case.level,
    };
    let overdue = case.overdue(now);
    let pressing = case.deadline().map_or(0.0, |by| {
        let (whole, gone) = ((by - case.opened).max(1) as f64, (now - case.opened) as f64);
        (gone / whole).clamp(0.0, 1.0)
    });
    let waits = !matches!(case.state, CaseState::Suspended);
    let points = [
        LEVEL[usize::from(level.rank())] * if waits { 1.0 } else { 0.1 },
        if overdue { 300.0 } else { 0.0 },
        200.0 * pressing,
        20.0 * case.reports.len().min(5) as f64,
        200.0 * grid_risk.clamp(0.0, 1.0),
    ];
    Ranked { case: case.id.clone(), level, score: points.iter().sum(), points }
}

/// One level down: an alert that ended leaves work behind, but less of it.
fn lower(level: AlertLevel) -> AlertLevel {
    AlertLevel::ALL[usize::from(level.rank()).saturating_sub(1)]
}

pub(crate) fn publish(
    clock: Res<Clock>,
    file: Res<CaseFile>,
    book: Res<AlertBook>,
    risk: Res<RiskMap>,
    mut queue: ResMut<CaseQueue>,
) {
    let made_of = (file.version(), book.version(), risk.at);
    let age = clock.now - queue.at;
    let changed = queue.made_of != made_of && age >= CHANGED_MS;
    if !(changed || age >= ALWAYS_MS || age < 0) {
        return;
    }
    let level = |case: &Case| {
        let alert = book.find(case.alert?)?;
        alert.ended_at.is_none().then_some(alert.level)
    };
    let mut list: Vec<Ranked> = file.open().map(|c| rank(c, level(c), risk.score_of(&c.grid), clock.now)).collect();
    list.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.case.cmp(&b.case)));
    *queue = CaseQueue { at: clock.now, list: Arc::new(list), made_of };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, level: AlertLevel) -> Case {
        Case { level, ..Case::new(id.into(), "06-010", Stamp::from_secs(1000)) }
    }

    #[test]
    fn red_comes_before_everything_yellow_can_be() {
        let now = Stamp::from_secs(2000);
        let red = rank(&case("a", AlertLevel::Red), None, 0.0, now);
        let mut late = case("b", AlertLevel::Yellow);
        late.deadlines.close_by = Stamp::from_secs(1500);
        late.deadlines.register_by = Some(Stamp::from_secs(1400));
        let late = rank(&late, None, 1.0, now);
        assert!(red.score > late.score, "{red:?} {late:?}");
        assert!(
            late.score > rank(&case("c", AlertLevel::Yellow), None, 0.0, now).score,
            "overdue goes first among equals"
        );
    }

    #[test]
    fn the_present_colour_ranks_a_case_that_has_an_alert() {
        let now = Stamp::from_secs(2000);
        let mut c = case("a", AlertLevel::Red);
        c.alert = Some(guanlan_core::AlertId(1));
        assert_eq!(rank(&c, Some(AlertLevel::Blue), 0.0, now).level, AlertLevel::Blue);
        assert_eq!(rank(&c, None, 0.0, now).level, AlertLevel::Orange, "its alert ended");
        assert_eq!(rank(&c, Some(AlertLevel::Red), 0.0, now).level, AlertLevel::Red);
        let terms: f64 = rank(&c, None, 0.5, now).terms().iter().map(|t| t.1).sum();
        assert!((terms - rank(&c, None, 0.5, now).score).abs() < 1e-9);
    }
}
