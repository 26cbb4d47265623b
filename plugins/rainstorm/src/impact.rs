//! What the water does to people: buildings, roads, vulnerable places.

use guanlan_city::{
    City,
    model::{Building, PlaceKind, Road, Terrain},
};
use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use crate::surface::{Domain, LocalInertial, SurfaceSolver};

/// Depths that matter, m. Road limits are local practice (GB 51222-2017: 15 cm on a lane) and
/// configurable.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Traffic slows.
    pub road_slow_m: f32,
    /// Closed to cars (exhaust height).
    pub road_cars_m: f32,
    /// Closed to all.
    pub road_all_m: f32,
    /// Lower bounds of the depth classes of buildings, over the sill.
    pub building_m: [f32; 5],
    /// Depth at which a vulnerable place counts as reached.
    pub place_m: f32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            road_slow_m: 0.15,
            road_cars_m: 0.27,
            road_all_m: 0.40,
            building_m: [0.0, 0.15, 0.3, 0.5, 1.0],
            place_m: 0.05,
        }
    }
}

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
    /// `slow`, `closed_cars` or `closed_all`.
    pub state: String,
    /// First time closed to cars, s after the start.
    pub first_closed_s: Option<f64>,
    /// Time closed to cars, s.
    pub closed_s: f64,
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
    /// First time reached, s after the start.
    pub first_s: Option<f64>,
}

/// Everything that is hit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// Depths used.
    pub thresholds: Thresholds,
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
    /// Schools, hospitals, metro entrances, care homes, underpasses reached.
    pub places: Vec<WetPlace>,
}

struct RoadWatch {
    edge: usize,
    cells: Vec<(usize, usize)>,
    max_m: f32,
    first_closed_s: Option<f64>,
    closed_s: f64,
}

struct PlaceWatch {
    place: usize,
    cells: Vec<(usize, usize)>,
    max_m: f32,
    first_s: Option<f64>,
}

/// Watches roads and places while a run goes on.
pub struct ImpactWatch {
    thresholds: Thresholds,
    roads: Vec<RoadWatch>,
    places: Vec<PlaceWatch>,
}

impl ImpactWatch {
    /// Finds the cells of roads and places.
    #[must_use]
    pub fn new(city: &City, domain: &Domain, thresholds: Thresholds) -> Self {
        let roads = city
            .roads
            .iter()
            .enumerate()
            .filter(|(_, road)| !road.bridge && road.layer <= 0)
            .map(|(edge, road)| RoadWatch {
                edge,
                cells: cells_along(road, domain),
                max_m: 0.0,
                first_closed_s: None,
                closed_s: 0.0,
            })
            .filter(|w| !w.cells.is_empty())
            .collect();
        let watched = |kind: PlaceKind| {
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
        };
        let places = city
            .places
            .iter()
            .enumerate()
            .filter(|(_, p)| watched(p.kind))
            .map(|(place, p)| PlaceWatch { place, cells: cells_near(domain, p.place_m), max_m: 0.0, first_s: None })
            .filter(|w| !w.cells.is_empty())
            .collect();
        Self { thresholds, roads, places }
    }

    /// Looks at the water; `since_s` is the time since the look before.
    pub fn look(&mut self, solver: &LocalInertial, since_s: f64) {
        let now_s = solver.time_s();
        let deepest =
            |cells: &[(usize, usize)]| cells.iter().map(|(c, r)| solver.depth_at_m(*c, *r)).fold(0.0, f32::max);
        for road in &mut self.roads {
            let depth = deepest(&road.cells);
            road.max_m = road.max_m.max(depth);
            if depth >= self.thresholds.road_cars_m {
                road.first_closed_s.get_or_insert(now_s);
                road.closed_s += since_s;
            }
        }
        for place in &mut self.places {
            let depth = deepest(&place.cells);
            place.max_m = place.max_m.max(depth);
            if depth >= self.thresholds.place_m {
                place.first_s.get_or_insert(now_s);
            }
        }
    }

    /// The impact of the whole run; `max_depth_m` is row-major from the south-west.
    #[must_use]
    pub fn finish(self, city: &City, domain: &Domain, max_depth_m: &[f32]) -> Impact {
        let t = self.thresholds;
        let mut impact = Impact { thresholds: t, buildings_total: city.buildings.len(), ..Impact::default() };
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
            let Some(over) = water_at(building, city.terrain.as_ref(), domain, max_depth_m) else { continue };
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
            });
        }
        impact.buildings.sort_by(|a, b| b.over_sill_m.total_cmp(&a.over_sill_m).then_with(|| a.id.cmp(&b.id)));
        for watch in &self.roads {
            let Some(road) = city.roads.get(watch.edge).filter(|_| watch.max_m >= t.road_slow_m) else { continue };
            let state = if watch.max_m >= t.road_all_m {
                "closed_all"
            } else if watch.max_m >= t.road_cars_m {
                "closed_cars"
            } else {
                "slow"
            };
            if watch.max_m >= t.road_cars_m {
                impact.roads_closed_m += f64::from(road.length_m());
            }
            impact.roads.push(WetRoad {
                edge: watch.edge,
                way: road.way,
                name: road.name.clone(),
                length_m: road.length_m(),
                underpass: road.underpass,
                max_depth_m: watch.max_m,
                state: state.into(),
                first_closed_s: watch.first_closed_s,
                closed_s: watch.closed_s,
            });
        }
        impact.roads.sort_by(|a, b| b.max_depth_m.total_cmp(&a.max_depth_m).then_with(|| a.edge.cmp(&b.edge)));
        for watch in &self.places {
            let Some(place) = city.places.get(watch.place).filter(|_| watch.max_m >= t.place_m) else { continue };
            impact.places.push(WetPlace {
                kind: place.kind,
                name: place.name.clone(),
                max_depth_m: watch.max_m,
                people: place.people,
                first_s: watch.first_s,
            });
        }
        impact.places.sort_by(|a, b| b.max_depth_m.total_cmp(&a.max_depth_m).then_with(|| a.name.cmp(&b.name)));
        impact
    }
}

/// True where depth counts as flooding: open and not a held river.
fn floods(domain: &Domain, col: usize, row: usize) -> bool {
    !domain.is_blocked(col, row) && !domain.is_fixed(col, row)
}

/// Floodable cells under a road's centre line, without repetition.
fn cells_along(road: &Road, domain: &Domain) -> Vec<(usize, usize)> {
    let mut cells: Vec<(usize, usize)> = Vec::new();
    for [x, y] in points_along(&road.line, domain.grid.cell_m * 0.5, false) {
        if let Some(cell) = domain.grid.cell_of(x, y)
            && floods(domain, cell.0, cell.1)
            && cells.last() != Some(&cell)
        {
            cells.push(cell);
        }
    }
    cells
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

/// Floodable cells at a place and around it.
pub(crate) fn cells_near(domain: &Domain, place_m: [f64; 2]) -> Vec<(usize, usize)> {
    let Some((col, row)) = domain.grid.cell_of(place_m[0], place_m[1]) else { return Vec::new() };
    let mut cells = Vec::new();
    for r in row.saturating_sub(1)..=(row + 1).min(domain.grid.rows - 1) {
        for c in col.saturating_sub(1)..=(col + 1).min(domain.grid.cols - 1) {
            if floods(domain, c, r) {
                cells.push((c, r));
            }
        }
    }
    cells
}

/// Highest water beside a building over the ground at its wall, m; `None` when it stays dry.
fn water_at(building: &Building, terrain: Option<&Terrain>, domain: &Domain, max_depth_m: &[f32]) -> Option<f32> {
    /// Films do not stand against walls, m.
    const FILM_M: f32 = 0.02;
    let grid = domain.grid;
    let mut highest: Option<f32> = None;
    for part in &building.parts {
        for [x, y] in points_along(&part.footprint, grid.cell_m * 0.5, true) {
            let Some((col, row)) = grid.cell_of(x, y) else { continue };
            let ground = terrain.and_then(|t| t.height_m(x, y));
            let around = [
                Some((col, row)),
                col.checked_sub(1).map(|c| (c, row)),
                (col + 1 < grid.cols).then_some((col + 1, row)),
                row.checked_sub(1).map(|r| (col, r)),
                (row + 1 < grid.rows).then_some((col, row + 1)),
            ];
            // The cell itself when water can stand there, else the ones beside it.
            let own = floods(domain, col, row);
            for (c, r) in around.into_iter().flatten().take(if own { 1 } else { 5 }) {
                let depth = max_depth_m[r * grid.cols + c];
                if depth < FILM_M || !floods(domain, c, r) {
                    continue;
                }
                let Some(bed) = domain.bed_m(c, r) else { continue };
                let over = ground.map_or(depth, |g| (bed - f64::from(g)) as f32 + depth);
                if over > 0.0 {
                    highest = Some(highest.map_or(over, |h| h.max(over)));
                }
            }
        }
    }
    highest
}
