//! Roads and places watched while a run goes on: when, how deep, how long.

use guanlan_city::{
    City,
    model::{PlaceKind, Road},
};
use serde::{Deserialize, Serialize};

use super::{Limits, cells_near, floods, points_along};
use crate::surface::{Domain, SurfaceSolver};

/// Places of one kind and name nearer than this are one place, m.
const TWIN_M: f64 = 60.0;

/// Times one limit was passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Passed {
    /// First time, s.
    pub first_s: Option<f64>,
    /// Last time seen, s.
    pub last_s: Option<f64>,
    /// Time in all, s.
    pub held_s: f64,
}

/// What happened to one thing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Index in the city's list.
    pub index: usize,
    /// Deepest water, m.
    pub max_m: f32,
    /// When it was deepest, s.
    pub max_at_s: f64,
    /// By limit.
    pub passed: Vec<Passed>,
}

impl Seen {
    fn look(&mut self, depth_m: f32, limits_m: impl Iterator<Item = f32>, now_s: f64, since_s: f64) {
        if depth_m > self.max_m {
            (self.max_m, self.max_at_s) = (depth_m, now_s);
        }
        for (passed, limit) in self.passed.iter_mut().zip(limits_m) {
            if depth_m >= limit {
                passed.first_s.get_or_insert(now_s);
                passed.last_s = Some(now_s);
                passed.held_s += since_s;
            }
        }
    }
}

/// Watches roads and places while a run goes on.
#[derive(Clone, Debug)]
pub struct ImpactWatch {
    pub(super) limits: Limits,
    pub(super) roads: Vec<Seen>,
    pub(super) places: Vec<Seen>,
    road_cells: Vec<Vec<(usize, usize)>>,
    place_cells: Vec<Vec<(usize, usize)>>,
}

/// The part of a watch that moves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WatchState {
    roads: Vec<Seen>,
    places: Vec<Seen>,
}

fn is_watched(kind: PlaceKind) -> bool {
    matches!(
        kind,
        PlaceKind::School
            | PlaceKind::Hospital
            | PlaceKind::MetroEntrance
            | PlaceKind::CareHome
            | PlaceKind::Underpass
            | PlaceKind::PumpStation
            | PlaceKind::Shelter
    )
}

impl ImpactWatch {
    /// Finds the cells of roads and places.
    #[must_use]
    pub fn new(city: &City, domain: &Domain, limits: Limits) -> Self {
        let fresh = |index, n| Seen { index, passed: vec![Passed::default(); n], ..Seen::default() };
        let (mut roads, mut road_cells) = (Vec::new(), Vec::new());
        for (edge, road) in city.roads.iter().enumerate().filter(|(_, r)| !r.bridge && r.layer <= 0) {
            let cells = cells_along(road, domain);
            if !cells.is_empty() {
                roads.push(fresh(edge, limits.road.len()));
                road_cells.push(cells);
            }
        }
        let (mut places, mut place_cells) = (Vec::new(), Vec::new());
        for (k, place) in city.places.iter().enumerate().filter(|(_, p)| is_watched(p.kind)) {
            let cells = cells_near(domain, place.place_m);
            // A place may be in two files of a city.
            let twin = |p: &Seen| {
                let other = &city.places[p.index];
                let [dx, dy] = [0, 1].map(|k| other.place_m[k] - place.place_m[k]);
                other.kind == place.kind && other.name == place.name && dx.hypot(dy) < TWIN_M
            };
            if !cells.is_empty() && !places.iter().any(twin) {
                places.push(fresh(k, 1));
                place_cells.push(cells);
            }
        }
        Self { limits, roads, places, road_cells, place_cells }
    }

    /// Looks at the water; `since_s` is the time since the look before.
    pub fn look(&mut self, solver: &dyn SurfaceSolver, since_s: f64) {
        let now_s = solver.time_s();
        let deepest =
            |cells: &[(usize, usize)]| cells.iter().map(|(c, r)| solver.depth_at_m(*c, *r)).fold(0.0, f32::max);
        for (seen, cells) in self.roads.iter_mut().zip(&self.road_cells) {
            seen.look(deepest(cells), self.limits.road.iter().map(|l| l.depth_m), now_s, since_s);
        }
        for (seen, cells) in self.places.iter_mut().zip(&self.place_cells) {
            seen.look(deepest(cells), std::iter::once(self.limits.place_m), now_s, since_s);
        }
    }

    /// What has been seen so far.
    #[must_use]
    pub fn state(&self) -> WatchState {
        WatchState { roads: self.roads.clone(), places: self.places.clone() }
    }

    /// Goes on from a state; false when it belongs to another city or other limits.
    pub fn set_state(&mut self, state: WatchState) -> bool {
        let same = |a: &[Seen], b: &[Seen]| {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x.index == y.index && x.passed.len() == y.passed.len())
        };
        let fits = same(&self.roads, &state.roads) && same(&self.places, &state.places);
        if fits {
            (self.roads, self.places) = (state.roads, state.places);
        }
        fits
    }
}

/// Floodable cells under a road's centre line, without repetition.
fn cells_along(road: &Road, domain: &Domain) -> Vec<(usize, usize)> {
    let mut cells: Vec<(usize, usize)> = Vec::new();
    for [x, y] in points_along(&road.line, domain.finest_cell_m() * 0.5, false) {
        if let Some(cell) = domain.finest_at(x, y)
            && floods(domain, cell.0, cell.1)
            && cells.last() != Some(&cell)
        {
            cells.push(cell);
        }
    }
    cells
}
