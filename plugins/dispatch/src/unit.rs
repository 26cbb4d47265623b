//! A crew: where it is, what it is about, whether it is on shift.

use std::{collections::VecDeque, sync::Arc};

use guanlan_city::model::UnitSpec;
use guanlan_core::{Bilingual, CaseId, DispatchId, Stamp, UnitId, input::UnitStatus};
use serde::{Deserialize, Serialize};

use crate::{
    graph::{RoadGraph, Snap},
    route::Route,
    vehicle::VehicleClass,
};

/// Points kept of a crew's trail.
const TRAIL_POINTS: usize = 60;
/// Age of the oldest point kept, ms.
const TRAIL_MS: i64 = 10 * 60_000;
/// Off its route by more than this a crew is placed on the nearest road instead, m.
const ROUTE_WIDTH_M: f32 = 30.0;

/// A point of a trail.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrailPoint {
    /// When.
    pub at: Stamp,
    /// Local m.
    pub place_m: [f32; 2],
}

/// What a crew is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The assignment.
    pub dispatch: DispatchId,
    /// The case.
    pub case: CaseId,
    /// Place of the case, local m.
    pub place_m: [f64; 2],
    /// When it was sent.
    pub sent: Stamp,
    /// Arrival expected now.
    pub arrival: Stamp,
    /// Where to drive, once there is a way; drawn while the crew is on it.
    pub route: Option<Arc<Route>>,
    /// How far along the route the crew is, m.
    pub along_m: f32,
    /// How often water or a closure changed the route.
    pub reroutes: u16,
    /// When the route was last looked at.
    pub looked: Stamp,
}

/// A crew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Index in `City::units`; `None` for a unit that only a feed knows.
    pub spec: Option<u32>,
    /// What it does.
    pub status: UnitStatus,
    /// Since when.
    pub since: Stamp,
    /// Local m; its base before the first fix; `None` is unplaced.
    pub place_m: Option<[f64; 2]>,
    /// Where that is on the road network.
    pub snap: Option<Snap>,
    /// Over ground, m/s.
    pub speed_mps: f32,
    /// Clockwise from north, degrees.
    pub course_deg: f32,
    /// When the last fix was taken; `None` before the first.
    pub fixed: Option<Stamp>,
    /// Battery of its device, %.
    pub battery: Option<u8>,
    /// Its task.
    pub task: Option<Arc<Task>>,
    /// Tasks given on `day`.
    pub tasks_today: u16,
    /// Local day of the count, days since 1970.
    pub day: i32,
    /// The last ten minutes, oldest first.
    pub trail: Arc<VecDeque<TrailPoint>>,
}

impl Unit {
    /// Its class of vehicle.
    #[must_use]
    pub fn vehicle(&self, specs: &[UnitSpec]) -> VehicleClass {
        self.spec(specs).map_or(VehicleClass::Car, |s| VehicleClass::from_key(&s.vehicle))
    }

    /// What the city file says about it.
    #[must_use]
    pub fn spec<'a>(&self, specs: &'a [UnitSpec]) -> Option<&'a UnitSpec> {
        self.spec.and_then(|i| specs.get(i as usize))
    }

    /// Its call sign.
    #[must_use]
    pub fn name(&self, specs: &[UnitSpec]) -> Bilingual {
        self.spec(specs).map_or_else(|| Bilingual::same(self.id.as_str()), |s| s.name.clone())
    }

    /// A crew of which nothing is known but its id: free, unplaced.
    pub(crate) fn blank(id: UnitId, now: Stamp) -> Self {
        Self {
            id,
            spec: None,
            status: UnitStatus::Available,
            since: now,
            place_m: None,
            snap: None,
            speed_mps: 0.0,
            course_deg: 0.0,
            fixed: None,
            battery: None,
            task: None,
            tasks_today: 0,
            day: 0,
            trail: Arc::default(),
        }
    }

    /// Notes where it is at `at`; what is older than the trail's length is forgotten.
    pub(crate) fn trace(&mut self, at: Stamp, place_m: [f64; 2], moved: bool) {
        let trail = Arc::make_mut(&mut self.trail);
        if moved || trail.is_empty() {
            trail.push_back(TrailPoint { at, place_m: place_m.map(|v| v as f32) });
        }
        while trail.len() > TRAIL_POINTS || trail.front().is_some_and(|p| at - p.at > TRAIL_MS) {
            trail.pop_front();
        }
    }

    /// Puts a crew that follows its route on the route's edge, so that a crossing on another layer does not catch it.
    pub(crate) fn place_on_route(&mut self, place: [f64; 2], graph: &RoadGraph) -> Option<Snap> {
        let task = self.task.as_ref()?;
        let route = task.route.clone()?;
        let (along_m, off_m) = route.project(place, task.along_m)?;
        if off_m > ROUTE_WIDTH_M {
            return None;
        }
        let (index, into_m) = route.leg_at(along_m)?;
        let leg = route.legs[index];
        let (point, _) = route.at(along_m)?;
        let length = graph.edges().get(leg.edge as usize)?.length_m;
        if let Some(task) = self.task.as_mut() {
            Arc::make_mut(task).along_m = along_m;
        }
        let along = if leg.forward { leg.start_m + into_m } else { leg.start_m - into_m };
        Some(Snap { edge: leg.edge, along_m: along.clamp(0.0, length), point, off_m })
    }

    /// Tasks given today.
    #[must_use]
    pub fn tasks_on(&self, now: Stamp) -> u16 {
        if self.day == local_day(now) { self.tasks_today } else { 0 }
    }
}

/// Share of a shift that lies behind (0–1) when `now` is in it, else `None`. Equal ends mean around the clock, counted
/// from local midnight.
#[must_use]
pub fn shift_share(shift_min: [u16; 2], now: Stamp) -> Option<f64> {
    let civil = now.local();
    let minute = i32::from(civil.hour()) * 60 + i32::from(civil.minute());
    let [start, end] = shift_min.map(i32::from);
    let length = (end - start).rem_euclid(1440);
    let gone = (minute - start).rem_euclid(1440);
    if length == 0 {
        return Some(f64::from(minute) / 1440.0);
    }
    (gone < length).then(|| f64::from(gone) / f64::from(length))
}

/// Local day, days since 1970.
#[must_use]
pub fn local_day(now: Stamp) -> i32 {
    ((now.0 + i64::from(guanlan_core::stamp::LOCAL_OFFSET_HOURS) * 3_600_000).div_euclid(86_400_000)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_run_over_midnight() {
        let at = |t: &str| Stamp::parse(t).unwrap();
        assert_eq!(shift_share([1320, 360], at("2026-07-01T23:00:00+08:00")), Some(60.0 / 480.0));
        assert_eq!(shift_share([1320, 360], at("2026-07-01T02:00:00+08:00")), Some(240.0 / 480.0));
        assert_eq!(shift_share([1320, 360], at("2026-07-01T12:00:00+08:00")), None);
        assert!(shift_share([0, 0], at("2026-07-01T12:00:00+08:00")).is_some());
        assert_eq!(local_day(at("2026-07-01T00:00:00+08:00")), local_day(at("2026-07-01T23:59:59+08:00")));
    }
}
