//! The case file of a room: every case by its number. Cheap to clone and to show.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bevy_ecs::prelude::Resource;
use guanlan_core::{AlertId, CaseId, Role, Stamp};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{case::Case, number::CaseNumber, rules::CaseRules};

/// Every case of a room.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct CaseFile {
    cases: Arc<BTreeMap<CaseId, Arc<Case>>>,
    open: Arc<BTreeSet<CaseId>>,
    by_alert: Arc<BTreeMap<AlertId, CaseId>>,
    reports: Arc<BTreeMap<String, CaseId>>,
    pub(crate) numbers: CaseNumber,
    /// Last command of a person in each seat.
    pub(crate) taken: BTreeMap<Role, Stamp>,
    version: u64,
}

impl RoomState for CaseFile {
    const NAME: &'static str = "casework";
}

impl CaseFile {
    /// All cases, ended ones too, in the order of their numbers. Sharing it costs nothing.
    #[must_use]
    pub fn cases(&self) -> &Arc<BTreeMap<CaseId, Arc<Case>>> {
        &self.cases
    }

    /// One case.
    #[must_use]
    pub fn get(&self, id: &CaseId) -> Option<&Arc<Case>> {
        self.cases.get(id)
    }

    /// The cases that are not ended, in the order of their numbers.
    pub fn open(&self) -> impl Iterator<Item = &Arc<Case>> {
        // In a flood most cases are open: one walk through all costs less than a look-up for each.
        let most = self.open.len() * 4 > self.cases.len();
        let all = most.then(|| self.cases.values().filter(|c| c.is_open()));
        let some = (!most).then(|| self.open.iter().filter_map(|id| self.cases.get(id)));
        all.into_iter().flatten().chain(some.into_iter().flatten())
    }

    /// The case an alert belongs to.
    #[must_use]
    pub fn of_alert(&self, alert: AlertId) -> Option<&Arc<Case>> {
        self.cases.get(self.by_alert.get(&alert)?)
    }

    /// The case a citizen's report led to, by the report's id.
    #[must_use]
    pub fn of_report(&self, report: &str) -> Option<&CaseId> {
        self.reports.get(report)
    }

    /// Grows with every change.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// True when a person gave a command from this seat within `free_ms`.
    #[must_use]
    pub fn seat_taken(&self, role: Role, now: Stamp, free_ms: i64) -> bool {
        self.taken.get(&role).is_some_and(|last| now - *last < free_ms)
    }

    pub(crate) fn insert(&mut self, case: Case) {
        self.version += 1;
        Arc::make_mut(&mut self.open).insert(case.id.clone());
        Arc::make_mut(&mut self.cases).insert(case.id.clone(), Arc::new(case));
    }

    pub(crate) fn link_alert(&mut self, alert: AlertId, case: CaseId) {
        Arc::make_mut(&mut self.by_alert).insert(alert, case);
    }

    pub(crate) fn link_report(&mut self, report: &str, case: CaseId) {
        Arc::make_mut(&mut self.reports).insert(report.to_owned(), case);
    }

    /// Changes a case and keeps the list of open ones true. `None` when there is no such case.
    pub(crate) fn change<R>(&mut self, id: &CaseId, change: impl FnOnce(&mut Case) -> R) -> Option<R> {
        let case = Arc::make_mut(&mut self.cases).get_mut(id)?;
        let case = Arc::make_mut(case);
        let result = change(case);
        self.version += 1;
        if !case.is_open() && self.open.contains(id) {
            Arc::make_mut(&mut self.open).remove(id);
        }
        Some(result)
    }

    /// An open case of the same sub-class near enough in place and time to be the same problem.
    #[must_use]
    pub fn same_problem(
        &self,
        code: &str,
        place_m: [f64; 2],
        now: Stamp,
        exercise: bool,
        rules: &CaseRules,
    ) -> Option<&Arc<Case>> {
        let near = |case: &&Arc<Case>| {
            // The cheapest first: in a flood this is asked of every open case.
            case.distance_m(place_m) <= rules.merge_radius_m
                && now - case.opened <= rules.merge_ms
                && case.exercise == exercise
                && case.code == code
        };
        self.open()
            .filter(near)
            .min_by(|a, b| a.distance_m(place_m).total_cmp(&b.distance_m(place_m)).then_with(|| a.id.cmp(&b.id)))
    }
}
