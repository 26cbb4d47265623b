//! Figures of areas and of sensor layers, counted from pictures beside the drawing thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use crossbeam_channel::{Receiver, Sender, bounded};
use guanlan_city::City;
use guanlan_core::{ObservedProperty, Stamp, TimelineId, input::DepthField, input::UnitStatus};
use guanlan_room::Picture;
use guanlan_sensing::{LiveChunk, MetaChunk, NEVER, Quality};
use guanlan_stage::layers::{AreaFigure, AreaFigures, AreaTree};

use crate::Showing;

/// Water shallower than this is none, mm.
const WET_MM: u16 = 50;
/// Overdue cases are counted again at least this often, ms.
const OVERDUE_MS: i64 = 10_000;
/// Pictures are counted at most this often, s.
const EVERY_S: f64 = 1.0;

/// How the sensors of one property are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SensorCount {
    /// Sensors.
    pub total: u32,
    /// Reading is old.
    pub stale: u32,
    /// Silent.
    pub offline: u32,
    /// Newest reading; `None` before the first.
    pub newest: Option<Stamp>,
}

impl SensorCount {
    fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.stale += other.stale;
        self.offline += other.offline;
        self.newest = self.newest.max(other.newest);
    }
}

/// By [`ObservedProperty::ALL`].
pub type SensorCounts = [SensorCount; ObservedProperty::ALL.len()];

/// What was counted of a picture.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// One for each area of the city.
    pub areas: Arc<Vec<AreaFigure>>,
    /// The whole city.
    pub whole: AreaFigure,
    /// Sensors by property.
    pub sensors: SensorCounts,
}

/// No area.
const NOWHERE: u32 = u32::MAX;

/// What one chunk of sensors adds.
struct ChunkPart {
    meta: Arc<MetaChunk>,
    live: Arc<LiveChunk>,
    /// Area of each row.
    areas: Arc<Vec<u32>>,
    /// Area, sensors, stale, offline.
    parts: Vec<(u32, [u32; 3])>,
    sensors: SensorCounts,
}

/// Cells of a raster → areas.
struct WaterCells {
    shape: Vec<(f64, f64, f64, u32, u32)>,
    areas: Vec<u32>,
}

/// Counts picture after picture; what did not change is not counted again.
pub struct Counter {
    tree: AreaTree,
    timeline: Option<TimelineId>,
    residents: Vec<AreaFigure>,
    chunks: Vec<ChunkPart>,
    sensors: Vec<AreaFigure>,
    cases: (Option<(u64, i64)>, Vec<AreaFigure>),
    alerts: (Option<u64>, Vec<AreaFigure>),
    crews: (Option<Arc<Vec<Arc<guanlan_dispatch::Unit>>>>, Vec<AreaFigure>),
    water: (Option<Arc<DepthField>>, Vec<AreaFigure>),
    cells: Option<WaterCells>,
}

impl Counter {
    /// For a city.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let tree = AreaTree::new(city);
        let none = vec![AreaFigure::default(); tree.len() + 1];
        let mut residents = none.clone();
        for b in &city.buildings {
            if let Some([e, n]) = b.centre() {
                let slot = slot(&tree, tree.deepest_at(e, n).unwrap_or(NOWHERE));
                residents[slot].residents += b.residents;
            }
        }
        Self {
            timeline: None,
            residents,
            chunks: Vec::new(),
            sensors: none.clone(),
            cases: (None, none.clone()),
            alerts: (None, none.clone()),
            crews: (None, none.clone()),
            water: (None, none),
            cells: None,
            tree,
        }
    }

    fn none(&self) -> Vec<AreaFigure> {
        vec![AreaFigure::default(); self.tree.len() + 1]
    }

    fn at(&self, place_m: [f64; 2]) -> usize {
        slot(&self.tree, self.tree.deepest_at(place_m[0] as f32, place_m[1] as f32).unwrap_or(NOWHERE))
    }

    /// Counts a picture.
    pub fn count(&mut self, p: &Picture) -> Counted {
        if self.timeline.as_ref() != Some(&p.timeline) {
            // Versions of another timeline say nothing about this one's.
            self.timeline = Some(p.timeline.clone());
            self.cases.0 = None;
            self.alerts.0 = None;
        }
        self.count_sensors(p);
        let due = p.now.0.div_euclid(OVERDUE_MS);
        if self.cases.0 != Some((p.cases.version(), due)) || p.playback.replay {
            let mut own = self.none();
            for case in p.cases.open() {
                let figure = &mut own[self.at(case.place_m)];
                figure.cases += 1;
                figure.overdue += u32::from(case.overdue(p.now));
            }
            self.cases = (Some((p.cases.version(), due)), own);
        }
        if self.alerts.0 != Some(p.alerts.version()) || p.playback.replay {
            let mut own = self.none();
            for alert in p.alerts.active().iter() {
                let Some(place_m) = alert.place_m else { continue };
                let figure = &mut own[self.at(place_m)];
                figure.alerts += 1;
                figure.reds += u32::from(alert.level == guanlan_core::AlertLevel::Red);
                figure.worst = figure.worst.max(alert.level);
            }
            self.alerts = (Some(p.alerts.version()), own);
        }
        if self.crews.0.as_ref().is_none_or(|u| !Arc::ptr_eq(u, &p.units.units)) {
            let mut own = self.none();
            for unit in p.units.units.iter().filter(|u| u.status != UnitStatus::OutOfService) {
                if let Some(place_m) = unit.place_m {
                    own[self.at(place_m)].crews += 1;
                }
            }
            self.crews = (Some(p.units.units.clone()), own);
        }
        self.count_water(p);
        self.sum()
    }

    fn count_sensors(&mut self, p: &Picture) {
        let table: Vec<_> = p.sensors.chunks().collect();
        // Fewer chunks than before: another table.
        while self.chunks.len() > table.len() {
            self.drop_last();
        }
        for (k, (meta, live)) in table.into_iter().enumerate() {
            let old = self.chunks.get(k);
            if old.is_some_and(|o| Arc::ptr_eq(&o.meta, meta) && Arc::ptr_eq(&o.live, live)) {
                continue;
            }
            let areas = match old {
                Some(o) if Arc::ptr_eq(&o.meta, meta) => o.areas.clone(),
                _ => Arc::new(
                    meta.rows.iter().map(|m| m.place_m.map_or(NOWHERE, |p| self.at(p) as u32)).collect::<Vec<u32>>(),
                ),
            };
            let part = chunk_part(meta, live, areas);
            if k < self.chunks.len() {
                let old = std::mem::replace(&mut self.chunks[k], part);
                self.shift(&old.parts, false);
                let new = std::mem::take(&mut self.chunks[k].parts);
                self.shift(&new, true);
                self.chunks[k].parts = new;
            } else {
                self.shift(&part.parts, true);
                self.chunks.push(part);
            }
        }
    }

    fn drop_last(&mut self) {
        if let Some(old) = self.chunks.pop() {
            self.shift(&old.parts, false);
        }
    }

    fn shift(&mut self, parts: &[(u32, [u32; 3])], more: bool) {
        for &(area, counts) in parts {
            let f = &mut self.sensors[area as usize];
            for (have, n) in [(&mut f.sensors, counts[0]), (&mut f.stale, counts[1]), (&mut f.offline, counts[2])] {
                *have = if more { *have + n } else { have.saturating_sub(n) };
            }
        }
    }

    fn count_water(&mut self, p: &Picture) {
        let same = match (&self.water.0, &p.water.field) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        let mut own = self.none();
        if let Some(field) = &p.water.field {
            let shape = field.shape();
            if self.cells.as_ref().is_none_or(|c| c.shape != shape) {
                let cells = shape.iter().map(|(.., cols, rows)| cols * rows).sum::<u32>();
                let areas = (0..cells).map(|c| field.centre_m(c).map_or(u32::MAX, |at| self.at(at) as u32)).collect();
                self.cells = Some(WaterCells { shape, areas });
            }
            if let Some(cells) = &self.cells {
                // The finest cells of focus areas come after the field's own.
                let depths = field.depth_mm.iter().chain(field.finer.iter().flat_map(|p| &p.depth_mm));
                for (&mm, &area) in depths.zip(&cells.areas) {
                    if mm >= WET_MM
                        && let Some(own) = own.get_mut(area as usize)
                    {
                        own.depth_mm = own.depth_mm.max(mm);
                    }
                }
            }
        }
        self.water = (p.water.field.clone(), own);
    }

    fn sum(&self) -> Counted {
        let mut own = self.residents.clone();
        for part in [&self.sensors, &self.cases.1, &self.alerts.1, &self.crews.1, &self.water.1] {
            own.iter_mut().zip(part).for_each(|(a, b)| a.add(b));
        }
        // The last slot is what lies in no area.
        let outside = own.pop().unwrap_or_default();
        let mut whole = outside;
        own.iter().for_each(|f| whole.add(f));
        let mut sensors = SensorCounts::default();
        for chunk in &self.chunks {
            sensors.iter_mut().zip(&chunk.sensors).for_each(|(a, b)| a.add(b));
        }
        Counted { areas: Arc::new(self.tree.roll_up(&own)), whole, sensors }
    }
}

/// Place in a list of areas with one more for what lies in none.
fn slot(tree: &AreaTree, area: u32) -> usize {
    if area == NOWHERE { tree.len() } else { area as usize }
}

fn chunk_part(meta: &Arc<MetaChunk>, live: &Arc<LiveChunk>, areas: Arc<Vec<u32>>) -> ChunkPart {
    let mut parts: BTreeMap<u32, [u32; 3]> = BTreeMap::new();
    let mut sensors = SensorCounts::default();
    for (r, m) in meta.rows.iter().enumerate() {
        let quality = live.quality.get(r).copied().unwrap_or_default();
        let at = live.phenomenon.get(r).copied().filter(|at| *at != NEVER);
        let (stale, offline) = (u32::from(quality == Quality::Stale), u32::from(quality == Quality::Offline));
        sensors[m.property as usize].add(&SensorCount { total: 1, stale, offline, newest: at });
        let Some(&area) = areas.get(r).filter(|a| **a != NOWHERE) else { continue };
        let part = parts.entry(area).or_default();
        part[0] += 1;
        part[1] += stale;
        part[2] += offline;
    }
    ChunkPart { meta: meta.clone(), live: live.clone(), areas, parts: parts.into_iter().collect(), sensors }
}

/// The counter and the thread it works on.
#[derive(Resource)]
pub struct Counting {
    counter: Arc<Mutex<Counter>>,
    ask: Option<Sender<Arc<Picture>>>,
    answer: Receiver<Counted>,
    busy: bool,
    seen: Option<(TimelineId, u64, Stamp)>,
    at_s: f64,
    /// The newest result.
    pub counted: Arc<Counted>,
    /// Grows with every result.
    pub version: u64,
}

impl Counting {
    /// For a city; the thread is started at once.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let counter = Arc::new(Mutex::new(Counter::new(city)));
        let (ask, questions) = bounded::<Arc<Picture>>(1);
        let (answers, answer) = bounded(1);
        let own = counter.clone();
        let work = move || {
            for picture in questions {
                let counted = own.lock().unwrap_or_else(PoisonError::into_inner).count(&picture);
                if answers.send(counted).is_err() {
                    return;
                }
            }
        };
        let started = std::thread::Builder::new().name("guanlan-count".into()).spawn(work);
        let ask = started.is_ok().then_some(ask);
        Self { counter, ask, answer, busy: false, seen: None, at_s: 0.0, counted: Arc::default(), version: 0 }
    }

    fn take(&mut self, counted: Counted) {
        self.counted = Arc::new(counted);
        self.version += 1;
    }
}

/// Hands the newest picture to the counter and its result to the stage.
pub(crate) fn count(
    mut counting: ResMut<Counting>,
    showing: Res<Showing>,
    mut figures: ResMut<AreaFigures>,
    windows: Query<(), With<PrimaryWindow>>,
    time: Res<Time<Real>>,
) {
    if let Ok(counted) = counting.answer.try_recv() {
        counting.busy = false;
        counting.take(counted);
    }
    if let Some(shown) = &showing.0 {
        let key = (shown.timeline.clone(), shown.picture.tick, shown.picture.now);
        let now_s = time.elapsed_secs_f64();
        let another = counting.seen.as_ref().is_none_or(|s| s.0 != key.0);
        let due = counting.seen.as_ref() != Some(&key) && (another || now_s - counting.at_s >= EVERY_S);
        if due && !counting.busy {
            counting.seen = Some(key);
            counting.at_s = now_s;
            let picture = shown.picture.clone();
            // A still and the first picture are counted at once; later ones beside the drawing.
            if windows.is_empty() || counting.version == 0 || counting.ask.is_none() {
                let counted = counting.counter.lock().unwrap_or_else(PoisonError::into_inner).count(&picture);
                counting.take(counted);
            } else if let Some(ask) = &counting.ask {
                counting.busy = ask.try_send(picture).is_ok();
            }
        }
    }
    if !Arc::ptr_eq(&figures.figures, &counting.counted.areas) {
        figures.figures = counting.counted.areas.clone();
        figures.whole = counting.counted.whole;
        figures.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_city::model::{AdminArea, AdminLevel, Building, BuildingPart, SensorSpec};
    use guanlan_core::{
        Bilingual, Input, PhotoView,
        input::{CitizenReport, Observation},
    };

    fn square(code: &str, level: AdminLevel, w: f32, side: f32) -> AdminArea {
        let ring = vec![[w, 0.0], [w + side, 0.0], [w + side, side], [w, side]];
        AdminArea { code: code.into(), level, name: Bilingual::same(code), ring }
    }

    fn city() -> Arc<City> {
        let sensor = |id: &str, property, e: f64| SensorSpec {
            id: id.into(),
            name: Bilingual::same(id),
            property,
            place_m: Some([e, 50.0]),
            height_m: 0.0,
            period_s: 60,
        };
        let home = |e: f32, residents| Building {
            residents,
            parts: vec![BuildingPart { footprint: vec![[e, 10.0], [e + 5.0, 10.0], [e, 15.0]], ..Default::default() }],
            ..Default::default()
        };
        Arc::new(City {
            extent: [0.0, 0.0, 1000.0, 1000.0],
            areas: vec![
                square("330199", AdminLevel::District, 0.0, 1000.0),
                square("330199001", AdminLevel::Street, 0.0, 500.0),
                square("330199002", AdminLevel::Street, 500.0, 500.0),
            ],
            sensors: vec![
                sensor("1", ObservedProperty::RoadWaterDepth, 100.0),
                sensor("2", ObservedProperty::RoadWaterDepth, 600.0),
                sensor("3", ObservedProperty::GasLel, 5000.0),
            ],
            buildings: vec![home(20.0, 30), home(700.0, 12)],
            ..City::default()
        })
    }

    #[test]
    fn figures_follow_the_picture_and_counting_twice_is_the_same() {
        let city = city();
        let mut machine = machine(&city);
        let t0 = Stamp::from_secs(1_000_000);
        let observe = |sensor: &str, now: Stamp, result| {
            Input::Observation(Observation { sensor: sensor.into(), phenomenon: now, received: now, result })
        };
        machine.tick(t0, vec![observe("1", t0, 45.0), observe("2", t0, 0.0), observe("3", t0, 1.0)]);
        let report = CitizenReport {
            report: "r".into(),
            at: t0,
            east_m: 120.0,
            north_m: 60.0,
            code: "06-010".into(),
            text: String::new(),
            photo: None,
            view: PhotoView::default(),
        };
        machine.tick(t0 + 1000, vec![Input::Citizen(report)]);
        let mut counter = Counter::new(&city);
        let first = counter.count(&picture(&machine));
        assert_eq!(first.areas.len(), 3);
        assert_eq!((first.areas[1].sensors, first.areas[2].sensors, first.whole.sensors), (1, 1, 3));
        assert_eq!((first.areas[1].residents, first.areas[0].residents), (30, 42));
        assert!(first.areas[1].cases >= 1 && first.areas[2].cases == 0, "{:?}", first.areas);
        assert_eq!(first.sensors[ObservedProperty::RoadWaterDepth as usize].total, 2);
        assert_eq!(first.sensors[ObservedProperty::RoadWaterDepth as usize].newest, Some(t0));
        // Hours later everybody is silent; a counter that followed and a new one agree.
        for k in 1..60 {
            machine.tick(t0 + k * 600_000, Vec::new());
        }
        let later = picture(&machine);
        let followed = counter.count(&later);
        let afresh = Counter::new(&city).count(&later);
        assert_eq!(followed.areas, afresh.areas);
        assert_eq!(followed.sensors, afresh.sensors);
        assert_eq!(followed.areas[1].offline + followed.areas[1].stale, 1, "{:?}", followed.areas[1]);
    }

    #[test]
    fn the_deepest_water_of_an_area_is_told() {
        let city = city();
        let mut machine = machine(&city);
        let at = Stamp::from_secs(1_000_000);
        let mut depth_mm = vec![0; 100];
        depth_mm[2] = 420;
        depth_mm[7] = 60;
        let field = DepthField {
            at,
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 100.0,
            cols: 10,
            rows: 10,
            depth_mm,
            estimate: true,
            finer: Vec::new(),
        };
        machine.tick(at, vec![Input::Water(Arc::new(field))]);
        let counted = Counter::new(&city).count(&picture(&machine));
        let depths: Vec<u16> = counted.areas.iter().map(|a| a.depth_mm).collect();
        assert_eq!(depths, [420, 420, 60]);
    }
}
