//! What the water does to people: buildings, roads, vulnerable places.

mod cases;
mod limits;
mod watch;

use guanlan_city::{
    City,
    model::{Building, PlaceKind, Terrain},
};
use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use crate::{outputs::Tracker, surface::Domain};

pub use cases::{ExpectedCases, expected_cases};
pub use limits::{Limits, RoadLimit};
pub use watch::{ImpactWatch, WatchState};

/// A class of buildings by water over the sill.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DepthClass {
    /// From this depth over the sill, m.
    pub from_m: f32,
    /// To this depth, m; `None` is open.
    pub to_m: Option<f32>,
    /// Buildings.
    pub buildings: usize,
    /// Residents of these buildings.
    pub residents: u32,
}

/// A building with water over its sill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WetBuilding {
    /// Id in its source file.
    pub id: String,
    /// Name.
    pub name: Bilingual,
    /// Use.
    pub usage: String,
    /// Water over the sill at most, m.
    pub over_sill_m: f32,
    /// Residents.
    pub residents: u32,
    /// Storeys below ground.
    pub basements: u16,
    /// Local m.
    pub place_m: [f32; 2],
    /// First time with more than 5 cm beside it, s after the start.
    pub first_s: Option<f64>,
}

/// A road with water on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WetRoad {
    /// Index in the city's roads: the edge number of commands and events.
    pub edge: usize,
    /// OSM way.
    pub way: i64,
    /// Name.
    pub name: Bilingual,
    /// Length, m.
    pub length_m: f32,
    /// Underpass.
    pub underpass: bool,
    /// Deepest water, m.
    pub max_depth_m: f32,
    /// Id of the highest limit passed: `slow`, `closed_cars`, `closed_all`, `danger`.
    pub state: String,
    /// When it was deepest, s after the start.
    pub deepest_s: f64,
    /// Every limit passed.
    pub limits: Vec<LimitPassed>,
    /// Closed by hand.
    pub closed_by_hand: bool,
    /// First time closed to cars, s after the start.
    pub first_closed_s: Option<f64>,
    /// Time closed to cars, s.
    pub closed_s: f64,
}

/// A limit a road passed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LimitPassed {
    /// Id of the limit.
    pub id: String,
    /// First time, s after the start.
    pub first_s: f64,
    /// Last time, s after the start.
    pub last_s: f64,
    /// Time over the limit in all, s.
    pub held_s: f64,
}

/// Roads of one limit at their worst.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoadClassSum {
    /// Id of the limit.
    pub id: String,
    /// Name.
    pub name: Bilingual,
    /// Depth, m.
    pub depth_m: f32,
    /// Stretches.
    pub roads: usize,
    /// Their length, m.
    pub length_m: f64,
}

/// A power facility in water.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WetPower {
    /// Code of the component.
    pub code: String,
    /// Class of the component.
    pub class: String,
    /// Deepest water beside it, m.
    pub max_depth_m: f32,
    /// Local m.
    pub place_m: [f32; 2],
}

/// A vulnerable place reached by water.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WetPlace {
    /// Kind.
    pub kind: PlaceKind,
    /// Name.
    pub name: Bilingual,
    /// Deepest water beside it, m.
    pub max_depth_m: f32,
    /// People usually there.
    pub people: u32,
    /// Local m.
    pub place_m: [f64; 2],
    /// First time reached, s after the start.
    pub first_s: Option<f64>,
    /// When it was deepest, s after the start.
    pub deepest_s: f64,
    /// Time under water, s.
    pub wet_s: f64,
}

/// Everything that is hit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// Depths used.
    pub limits: Limits,
    /// Buildings in all.
    pub buildings_total: usize,
    /// Buildings with water over the sill.
    pub buildings_flooded: usize,
    /// Residents of flooded buildings.
    pub residents_affected: u32,
    /// Of these, on the ground floor: residents over storeys.
    pub residents_ground_floor: u32,
    /// Flooded buildings with storeys below ground.
    pub basements_flooded: usize,
    /// By depth over the sill.
    pub building_classes: Vec<DepthClass>,
    /// Deepest first.
    pub buildings: Vec<WetBuilding>,
    /// Length of roads closed to cars at their worst, m.
    pub roads_closed_m: f64,
    /// Deepest first.
    pub roads: Vec<WetRoad>,
    /// Roads by limit.
    pub road_classes: Vec<RoadClassSum>,
    /// Schools, hospitals, metro entrances, care homes, underpasses reached.
    pub places: Vec<WetPlace>,
    /// Power facilities in deep water.
    pub power: Vec<WetPower>,
    /// Cases to expect.
    pub expected_cases: Vec<ExpectedCases>,
}

/// Depth that reaches the terminals of a cabinet, m.
const POWER_M: f32 = 0.30;
/// Component classes of the 2026 edition that carry power: facilities, transformers, chargers, lamp cabinets.
const POWER_CLASSES: [&str; 4] = ["01-028", "01-048", "01-054", "01-060"];

impl ImpactWatch {
    /// The impact of the whole run; `closed` are the roads closed by hand.
    #[must_use]
    pub fn finish(
        self,
        city: &City,
        domain: &Domain,
        extremes: &Tracker,
        closed: &std::collections::BTreeSet<usize>,
    ) -> Impact {
        let t = self.limits.clone();
        let mut impact = Impact { limits: t.clone(), buildings_total: city.buildings.len(), ..Impact::default() };
        impact.building_classes = t
            .building_m
            .iter()
            .enumerate()
            .map(|(k, from)| DepthClass {
                from_m: *from,
                to_m: t.building_m.get(k + 1).copied(),
                ..DepthClass::default()
            })
            .collect();
        for building in &city.buildings {
            let Some((over, cell)) = water_at(building, city.terrain.as_ref(), domain, extremes) else { continue };
            let over_sill_m = over - building.sill_m;
            let Some(class) = t.building_m.iter().rposition(|from| over_sill_m > *from) else { continue };
            impact.building_classes[class].buildings += 1;
            impact.building_classes[class].residents += building.residents;
            impact.buildings_flooded += 1;
            impact.residents_affected += building.residents;
            impact.residents_ground_floor += building.residents / u32::from(building.storeys.max(1));
            impact.basements_flooded += usize::from(building.basements > 0);
            impact.buildings.push(WetBuilding {
                id: building.id.clone(),
                name: building.name.clone(),
                usage: building.usage.clone(),
                over_sill_m,
                residents: building.residents,
                basements: building.basements,
                place_m: building.centre().unwrap_or_default(),
                first_s: {
                    let (part, k) = extremes.part(domain, cell);
                    part.arrival_5cm_s.get(k).filter(|t| t.is_finite()).map(|t| f64::from(*t))
                },
            });
        }
        impact.buildings.sort_by(|a, b| b.over_sill_m.total_cmp(&a.over_sill_m).then_with(|| a.id.cmp(&b.id)));
        impact.road_classes = t
            .road
            .iter()
            .map(|l| RoadClassSum { id: l.id.clone(), name: l.name.clone(), depth_m: l.depth_m, ..Default::default() })
            .collect();
        for seen in &self.roads {
            let Some(road) = city.roads.get(seen.index) else { continue };
            let by_hand = closed.contains(&seen.index);
            let worst = t.road.iter().rposition(|l| seen.max_m >= l.depth_m);
            if worst.is_none() && !by_hand {
                continue;
            }
            for class in impact.road_classes.iter_mut().take(worst.map_or(0, |k| k + 1)) {
                class.roads += 1;
                class.length_m += f64::from(road.length_m());
            }
            let passed = t.road.iter().zip(&seen.passed).filter_map(|(limit, p)| {
                let (first_s, last_s) = (p.first_s?, p.last_s?);
                Some(LimitPassed { id: limit.id.clone(), first_s, last_s, held_s: p.held_s })
            });
            let cars = seen.passed.get(t.cars()).copied().unwrap_or_default();
            if cars.first_s.is_some() {
                impact.roads_closed_m += f64::from(road.length_m());
            }
            impact.roads.push(WetRoad {
                edge: seen.index,
                way: road.way,
                name: road.name.clone(),
                length_m: road.length_m(),
                underpass: road.underpass,
                max_depth_m: seen.max_m,
                state: worst.map_or_else(|| "closed_by_hand".into(), |k| t.road[k].id.clone()),
                deepest_s: seen.max_at_s,
                limits: passed.collect(),
                closed_by_hand: by_hand,
                first_closed_s: cars.first_s,
                closed_s: cars.held_s,
            });
        }
        impact.roads.sort_by(|a, b| b.max_depth_m.total_cmp(&a.max_depth_m).then_with(|| a.edge.cmp(&b.edge)));
        for seen in &self.places {
            let Some(place) = city.places.get(seen.index).filter(|_| seen.max_m >= t.place_m) else { continue };
            let reached = seen.passed.first().copied().unwrap_or_default();
            impact.places.push(WetPlace {
                kind: place.kind,
                name: place.name.clone(),
                max_depth_m: seen.max_m,
                people: place.people,
                place_m: place.place_m,
                first_s: reached.first_s,
                deepest_s: seen.max_at_s,
                wet_s: reached.held_s,
            });
        }
        impact.places.sort_by(|a, b| b.max_depth_m.total_cmp(&a.max_depth_m).then_with(|| a.name.cmp(&b.name)));
        for part in city.components.iter().filter(|c| POWER_CLASSES.contains(&c.class.as_str())) {
            let cells = cells_near(domain, part.place_m.map(f64::from));
            let depth = cells.iter().map(|cell| extremes.deepest_m(domain, *cell)).fold(0.0, f32::max);
            if depth >= POWER_M {
                impact.power.push(WetPower {
                    code: part.code.clone(),
                    class: part.class.clone(),
                    max_depth_m: depth,
                    place_m: part.place_m,
                });
            }
        }
        impact.expected_cases = expected_cases(city, &impact);
        impact
    }
}

/// True where depth counts as flooding: open and not a held river.
fn floods(domain: &Domain, col: usize, row: usize) -> bool {
    !domain.is_blocked(col, row) && !domain.is_fixed(col, row)
}

/// Points every `step_m` along a line or around a ring, corners included.
fn points_along(line: &[[f32; 2]], step_m: f64, ring: bool) -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    let pairs = if ring { line.len() } else { line.len().saturating_sub(1) };
    for k in 0..pairs {
        let (a, b) = (line[k].map(f64::from), line[(k + 1) % line.len()].map(f64::from));
        let length = (b[0] - a[0]).hypot(b[1] - a[1]);
        if !length.is_finite() || length > 1.0e6 {
            continue;
        }
        let n = (length / step_m).ceil().max(1.0) as usize;
        for i in 0..n {
            let t = i as f64 / n as f64;
            points.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
        }
    }
    if let (false, Some(last)) = (ring, line.last()) {
        points.push(last.map(f64::from));
    }
    points
}

/// Floodable cells at a place and around it, the finest there are.
pub(crate) fn cells_near(domain: &Domain, place_m: [f64; 2]) -> Vec<(usize, usize)> {
    let Some((col, row)) = domain.finest_at(place_m[0], place_m[1]) else { return Vec::new() };
    domain.around(col, row, 1).filter(|(c, r)| floods(domain, *c, *r)).collect()
}

/// Highest water beside a building over the ground at its wall, m, and the cell it stands in; `None` when it
/// stays dry.
fn water_at(
    building: &Building,
    terrain: Option<&Terrain>,
    domain: &Domain,
    extremes: &Tracker,
) -> Option<(f32, (usize, usize))> {
    /// Films do not stand against walls, m.
    const FILM_M: f32 = 0.02;
    let step_m = domain.finest_cell_m() * 0.5;
    let mut highest: Option<(f32, (usize, usize))> = None;
    for part in &building.parts {
        for [x, y] in points_along(&part.footprint, step_m, true) {
            let Some((col, row)) = domain.finest_at(x, y) else { continue };
            let ground = terrain.and_then(|t| t.height_m(x, y));
            let around = std::iter::once((col, row)).chain(domain.beside(col, row));
            // The cell itself when water can stand there, else the ones beside it.
            let own = floods(domain, col, row);
            for (c, r) in around.take(if own { 1 } else { 5 }) {
                let depth = extremes.deepest_m(domain, (c, r));
                if depth < FILM_M || !floods(domain, c, r) {
                    continue;
                }
                let Some(bed) = domain.bed_m(c, r) else { continue };
                let over = ground.map_or(depth, |g| (bed - f64::from(g)) as f32 + depth);
                if over > 0.0 && highest.is_none_or(|h| over > h.0) {
                    highest = Some((over, (c, r)));
                }
            }
        }
    }
    highest
}
