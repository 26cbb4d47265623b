//! Where units, citizens' reports, foreign warnings and pictures of cameras come from; streams have [`guanlan_sensing::Lineage`].
//!
//! What many marks share (feed, connector, steps, owner) is kept once. A unit's origin is that of its last fix or
//! report; a case's that of the first report that made it.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::*;
use guanlan_casework::CaseFile;
use guanlan_core::{
    Bilingual, CaseId, Input, UnitId,
    input::{Mark, MarkOrigin},
};
use guanlan_sensing::OriginView;
use guanlan_tick::{Inbox, RoomState};
use serde::{Deserialize, Serialize};

use crate::warnings::Warnings;

/// Cases whose source is remembered; the oldest are forgotten first.
const CASES: usize = 5_000;

/// What marks of one way into the room share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Way {
    feed: String,
    connector: String,
    steps: Vec<Bilingual>,
    owner: Bilingual,
}

/// Number of the way, and the place at the source.
type Row = (u32, Arc<str>);

/// Where marks that are no streams come from.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origins {
    ways: Arc<Vec<Way>>,
    units: Arc<BTreeMap<UnitId, Row>>,
    cases: Arc<BTreeMap<CaseId, Row>>,
    warnings: Arc<BTreeMap<String, Row>>,
    cameras: Arc<BTreeMap<String, Row>>,
}

impl RoomState for Origins {
    const NAME: &'static str = "room.origins";
}

impl Origins {
    /// Who brought the last position or report of a unit.
    #[must_use]
    pub fn of_unit(&self, id: &UnitId) -> Option<OriginView<'_>> {
        self.view(self.units.get(id)?)
    }

    /// Who brought the report that a case was opened for.
    #[must_use]
    pub fn of_case(&self, id: &CaseId) -> Option<OriginView<'_>> {
        self.view(self.cases.get(id)?)
    }

    /// Who brought a warning, by its identifier.
    #[must_use]
    pub fn of_warning(&self, identifier: &str) -> Option<OriginView<'_>> {
        self.view(self.warnings.get(identifier)?)
    }

    /// Who shows the picture of a camera, by its id in the city.
    #[must_use]
    pub fn of_camera(&self, id: &str) -> Option<OriginView<'_>> {
        self.view(self.cameras.get(id)?)
    }

    /// Cameras whose picture a feed shows, by their id.
    pub fn cameras(&self) -> impl Iterator<Item = &String> {
        self.cameras.keys()
    }

    /// Units whose last position or report a feed brought.
    pub fn units_of<'a>(&'a self, feed: &'a str) -> impl Iterator<Item = &'a UnitId> {
        let of_feed = move |way: &u32| self.ways.get(*way as usize).is_some_and(|w| w.feed == feed);
        self.units.iter().filter(move |(_, row)| of_feed(&row.0)).map(|(unit, _)| unit)
    }

    /// Nothing has been said since the other was taken (by handles, not by value).
    pub(crate) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.units, &other.units)
            && Arc::ptr_eq(&self.cases, &other.cases)
            && Arc::ptr_eq(&self.warnings, &other.warnings)
            && Arc::ptr_eq(&self.cameras, &other.cameras)
    }

    fn view<'a>(&'a self, (way, source): &'a Row) -> Option<OriginView<'a>> {
        let way = self.ways.get(*way as usize)?;
        Some(OriginView { feed: &way.feed, connector: &way.connector, source, steps: &way.steps, owner: &way.owner })
    }

    fn row(&mut self, origin: &MarkOrigin) -> Row {
        let same = |w: &Way| {
            w.feed == origin.feed
                && w.connector == origin.connector
                && w.steps == origin.steps
                && w.owner == origin.owner
        };
        let way = self.ways.iter().position(same).unwrap_or_else(|| {
            let ways = Arc::make_mut(&mut self.ways);
            ways.push(Way {
                feed: origin.feed.clone(),
                connector: origin.connector.clone(),
                steps: origin.steps.clone(),
                owner: origin.owner.clone(),
            });
            ways.len() - 1
        });
        (way as u32, Arc::from(origin.source.as_str()))
    }

    fn take(&mut self, origin: &MarkOrigin, file: &CaseFile, warnings: &Warnings) {
        match &origin.mark {
            Mark::Unit(unit) => {
                let row = self.row(origin);
                if self.units.get(unit) != Some(&row) {
                    Arc::make_mut(&mut self.units).insert(unit.clone(), row);
                }
            }
            Mark::Report(report) => {
                let Some(case) = file.of_report(report).filter(|case| !self.cases.contains_key(*case)) else { return };
                let (case, row) = (case.clone(), self.row(origin));
                let cases = Arc::make_mut(&mut self.cases);
                cases.insert(case, row);
                if cases.len() > CASES {
                    cases.pop_first();
                }
            }
            Mark::Camera(camera) => {
                let row = self.row(origin);
                if self.cameras.get(camera) != Some(&row) {
                    Arc::make_mut(&mut self.cameras).insert(camera.clone(), row);
                }
            }
            Mark::Warning(identifier) => {
                if warnings.find(identifier).is_some() {
                    let row = self.row(origin);
                    let held = Arc::make_mut(&mut self.warnings);
                    held.retain(|id, _| warnings.find(id).is_some());
                    held.insert(identifier.clone(), row);
                }
            }
        }
    }
}

/// After casework: a report is a case by then.
pub(crate) fn follow_origins(
    inbox: Res<Inbox>,
    file: Res<CaseFile>,
    warnings: Res<Warnings>,
    mut origins: ResMut<Origins>,
) {
    for input in &inbox.inputs {
        if let Input::Brought(origin) = input {
            origins.take(origin, &file, &warnings);
        }
    }
}
