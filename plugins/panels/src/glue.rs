//! From the picture of a room to the columns of the live layers.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use guanlan_core::{AlertId, AlertLevel, CaseId, Stamp, TimelineId, UnitId, input::UnitStatus};
use guanlan_markers::{CaseMark, LevelMark, MarkerScene, QualityMark, UnitMark, layers, pack, scene::SensorColumns};
use guanlan_room::Picture;
use guanlan_sensing::Quality;
use guanlan_stage::layers::LayerState;
use guanlan_stage::{FloodWater, Ground};

use crate::vm::cases::elapsed;

/// Ages are told apart back to this long before the first picture, ms.
const AGES_MS: i64 = 36 * 3_600_000;
/// Points of a trail that are drawn.
const TRAIL_POINTS: usize = 24;

/// What the rows of [`MarkerScene`] are.
#[derive(Resource, Clone, Debug, Default)]
pub struct MarkerIds {
    /// Index in the sensor table of each row.
    pub sensors: Vec<u32>,
    /// Rows of sensors with an alert, and the worst alert of each.
    pub alerts: BTreeMap<u32, AlertId>,
    /// Cases.
    pub cases: Vec<CaseId>,
    /// Crews.
    pub units: Vec<UnitId>,
    /// Row of each index of the sensor table; [`NO_ROW`] for sensors without a place.
    rows: Vec<u32>,
    /// What the sensors were last filled from.
    from: Option<From>,
}

/// A sensor that is not on the map.
const NO_ROW: u32 = u32::MAX;

#[derive(Clone, Debug, PartialEq)]
struct From {
    timeline: TimelineId,
    table: u64,
    alerts: u64,
    chosen: Option<AlertId>,
    /// Ages count from this instant.
    epoch: Stamp,
}

impl MarkerIds {
    /// The alert of a sensor's row.
    #[must_use]
    pub fn alert_of(&self, row: usize) -> Option<AlertId> {
        self.alerts.get(&u32::try_from(row).ok()?).copied()
    }
}

/// What is marked as chosen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chosen<'a> {
    /// Case.
    pub case: Option<&'a CaseId>,
    /// Alert.
    pub alert: Option<AlertId>,
    /// Crew.
    pub unit: Option<&'a UnitId>,
    /// Layers: what is switched off is not drawn. `None` leaves the scene's own choice.
    pub layers: Option<&'a LayerState>,
}

fn quality(q: Quality) -> QualityMark {
    match q {
        Quality::Good => QualityMark::Good,
        Quality::Suspect | Quality::Contradicted => QualityMark::Suspect,
        Quality::Stale => QualityMark::Stale,
        Quality::Offline => QualityMark::Offline,
    }
}

fn at(ground: &Ground, p: [f64; 2], lift_m: f32) -> [f32; 3] {
    let [e, n] = p.map(|v| v as f32);
    [e, n, ground.height_m(e, n) + lift_m]
}

/// The worst alert of each sensor: level, whether it breathes, id.
fn alerts_by_sensor(picture: &Picture) -> BTreeMap<u32, (AlertLevel, bool, AlertId)> {
    let mut alerts: BTreeMap<u32, (AlertLevel, bool, AlertId)> = BTreeMap::new();
    for a in picture.alerts.active().iter() {
        let slot = alerts.entry(a.index).or_insert((a.level, false, a.id));
        if a.level > slot.0 {
            *slot = (a.level, slot.1, a.id);
        }
        slot.1 |= a.breathes();
    }
    alerts
}

/// Fills the sensors: chunks of the table and alerts that changed since the last time.
fn sensors(
    picture: &Picture,
    ground: &Ground,
    chosen: Chosen<'_>,
    columns: &mut SensorColumns,
    ids: &mut MarkerIds,
) -> u32 {
    let table = &picture.sensors;
    let before = ids.from.clone().filter(|f| f.timeline == picture.timeline && f.table <= table.version());
    let known = before.as_ref().map_or(0, |f| f.table);
    let epoch = before.as_ref().map_or(picture.now + -AGES_MS, |f| f.epoch);
    let placed =
        before.is_some() && table.chunks().all(|(meta, _)| meta.version <= known) && ids.rows.len() == table.len();
    if !placed {
        let (mut places, mut kinds) = (Vec::new(), Vec::new());
        ids.sensors.clear();
        ids.rows.clear();
        for index in 0..table.len() as u32 {
            let placed = table.meta(index).and_then(|m| Some((m.place_m?, m.property as u8)));
            ids.rows.push(if placed.is_some() { places.len() as u32 } else { NO_ROW });
            if let Some((place, property)) = placed {
                places.push(at(ground, place, 2.0));
                kinds.push(property);
                ids.sensors.push(index);
            }
        }
        columns.place(places);
        columns.set_kinds(kinds);
    }
    let second = |stamp: Stamp| u32::try_from((stamp - epoch) / 1000).unwrap_or(0);
    let alerts = alerts_by_sensor(picture);
    let state = |index: u32, q: Quality| {
        let alert = alerts.get(&index);
        let level = alert.map_or(LevelMark::Normal, |a| a.0.into());
        let selected = alert.is_some_and(|a| chosen.alert == Some(a.2));
        pack::sensor(level, quality(q), alert.is_some_and(|a| a.1), selected)
    };
    for (c, (_, live)) in table.chunks().enumerate() {
        if placed && live.version <= known {
            continue;
        }
        for (r, q) in live.quality.iter().enumerate() {
            let index = (c * guanlan_sensing::CHUNK + r) as u32;
            let Some(&row) = ids.rows.get(index as usize).filter(|&&row| row != NO_ROW) else { continue };
            columns.set_state(row as usize, state(index, *q));
            if live.phenomenon[r] != guanlan_sensing::NEVER {
                columns.heard(row as usize, second(live.phenomenon[r]));
            }
        }
    }
    let from = From {
        timeline: picture.timeline.clone(),
        table: table.version(),
        alerts: picture.alerts.version(),
        chosen: chosen.alert,
        epoch,
    };
    let same = before.is_some_and(|f| f.alerts == from.alerts && f.chosen == from.chosen);
    if !same || !placed {
        let now: BTreeMap<u32, AlertId> = (alerts.iter())
            .filter_map(|(index, a)| Some((*ids.rows.get(*index as usize).filter(|&&row| row != NO_ROW)?, a.2)))
            .collect();
        // Who had an alert and who has one.
        for row in ids.alerts.keys().chain(now.keys()) {
            if let Some(&index) = ids.sensors.get(*row as usize)
                && let Some(sensor) = table.row(index)
            {
                columns.set_state(*row as usize, state(index, sensor.quality));
            }
        }
        ids.alerts = now;
    }
    ids.from = Some(from);
    second(picture.now)
}

fn cases(picture: &Picture, ground: &Ground, chosen: Chosen<'_>) -> (Vec<CaseMark>, Vec<CaseId>) {
    let open: Vec<_> = picture.cases.open().collect();
    let mark = |case: &guanlan_casework::Case| {
        let share = elapsed(case, picture.now);
        let unseen = case.alert.and_then(|a| picture.alerts.find(a)).is_some_and(guanlan_alerting::Alert::breathes);
        CaseMark {
            pos: at(ground, case.place_m, 0.0),
            stem_m: 24.0 + 12.0 * f32::from(case.level.rank()),
            level: case.level.into(),
            // In hundredths: a ring that creeps is not another one at every tick.
            elapsed_frac: (share.unwrap_or(0.0).min(1.0) * 100.0).round() / 100.0,
            overdue: case.overdue(picture.now),
            unacknowledged: unseen,
            selected: chosen.case == Some(&case.id),
        }
    };
    (open.iter().map(|c| mark(c)).collect(), open.iter().map(|c| c.id.clone()).collect())
}

fn units(picture: &Picture, ground: &Ground, chosen: Chosen<'_>) -> (Vec<UnitMark>, Vec<UnitId>) {
    let (mut marks, mut ids) = (Vec::new(), Vec::new());
    for unit in picture.units.units.iter().filter(|u| u.status != UnitStatus::OutOfService) {
        let Some(place) = unit.place_m else { continue };
        // A trail tells where help comes from; a town full of patrols would be porridge.
        let busy = unit.status != UnitStatus::Available || chosen.unit == Some(&unit.id);
        let points = if busy { TRAIL_POINTS } else { 0 };
        let skip = unit.trail.len().saturating_sub(points);
        marks.push(UnitMark {
            pos: at(ground, place, 3.0),
            heading_deg: unit.course_deg,
            status: unit.status,
            trail: unit.trail.iter().skip(skip).map(|t| at(ground, t.place_m.map(f64::from), 2.0)).collect(),
            selected: chosen.unit == Some(&unit.id),
        });
        ids.push(unit.id.clone());
    }
    (marks, ids)
}

/// The part of a line beyond a distance from its start.
#[must_use]
pub fn ahead(line: &[[f32; 2]], along_m: f32) -> Vec<[f32; 2]> {
    let mut left = along_m.max(0.0);
    for (i, w) in line.windows(2).enumerate() {
        let length = (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
        if left < length {
            let t = left / length;
            let start = [w[0][0] + t * (w[1][0] - w[0][0]), w[0][1] + t * (w[1][1] - w[0][1])];
            return std::iter::once(start).chain(line[i + 1..].iter().copied()).collect();
        }
        left -= length;
    }
    Vec::new()
}

fn routes(picture: &Picture, ground: &Ground) -> Vec<Vec<[f32; 3]>> {
    let driving = |s| matches!(s, UnitStatus::Dispatched | UnitStatus::EnRoute);
    picture
        .units
        .units
        .iter()
        .filter(|u| driving(u.status))
        .filter_map(|u| {
            let task = u.task.as_ref()?;
            let route = task.route.as_ref()?;
            Some(ground.drape(&ahead(&route.line, task.along_m), 25.0, 2.5))
        })
        .filter(|line| line.len() > 1)
        .collect()
}

fn closed(picture: &Picture, ground: &Ground) -> Vec<Vec<[f32; 3]>> {
    picture
        .roads
        .closed()
        .filter_map(|(edge, _)| picture.city.roads.get(edge as usize))
        .map(|road| ground.drape(&road.line, 15.0, 2.5))
        .collect()
}

/// Fills the live layers; parts that did not change keep their version.
pub fn fill(picture: &Picture, ground: &Ground, chosen: Chosen<'_>, scene: &mut MarkerScene, ids: &mut MarkerIds) {
    if let Some(layers) = chosen.layers {
        scene.show = layers::strengths(layers);
        scene.sensors.hide_kinds(layers::hidden(layers));
    }
    scene.age_now_s = sensors(picture, ground, chosen, &mut scene.sensors, ids);
    let (marks, rows) = cases(picture, ground, chosen);
    scene.cases.set(marks);
    ids.cases = rows;
    let (marks, rows) = units(picture, ground, chosen);
    let now_ms = scene.now_ms;
    scene.units.set(marks, now_ms);
    ids.units = rows;
    scene.routes.set(routes(picture, ground));
    scene.closed_roads.set(closed(picture, ground));
}

/// Shows the water of a picture when it is another than the one shown.
pub fn flood(picture: &Picture, water: &mut ResMut<'_, FloodWater>) {
    let same = match (&water.0, &picture.water.field) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    };
    if !same {
        water.0 = picture.water.field.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_ahead_begins_where_the_crew_is() {
        let line = [[0.0, 0.0], [100.0, 0.0], [100.0, 50.0]];
        assert_eq!(ahead(&line, 40.0), [[40.0, 0.0], [100.0, 0.0], [100.0, 50.0]]);
        assert_eq!(ahead(&line, 120.0), [[100.0, 20.0], [100.0, 50.0]]);
        assert!(ahead(&line, 500.0).is_empty());
        assert_eq!(ahead(&line, 0.0).len(), 3);
    }

    #[test]
    fn what_is_switched_off_is_not_on_the_map() {
        let sensor = |id: &str, property| guanlan_city::model::SensorSpec {
            id: id.into(),
            name: guanlan_core::Bilingual::same(id),
            property,
            place_m: Some([10.0, 20.0]),
            height_m: 0.0,
            period_s: 60,
        };
        let city = Arc::new(guanlan_city::City {
            sensors: vec![
                sensor("1", guanlan_core::ObservedProperty::RoadWaterDepth),
                sensor("2", guanlan_core::ObservedProperty::GasLel),
            ],
            ..Default::default()
        });
        let mut machine = crate::fixture::machine(&city);
        machine.tick(guanlan_core::Stamp::from_secs(1_000_000), Vec::new());
        let picture = crate::fixture::picture(&machine);
        let (ground, mut layers) = (Ground::new(&city), LayerState::default());
        let count = |layers: &LayerState| {
            let (mut scene, mut ids) = (MarkerScene::default(), MarkerIds::default());
            let chosen = Chosen { layers: Some(layers), ..Chosen::default() };
            fill(&picture, &ground, chosen, &mut scene, &mut ids);
            scene.sensors.state.rows().iter().filter(|s| *s & pack::HIDDEN == 0).count()
        };
        assert_eq!(count(&layers), 2);
        layers.set_on("sensors-gas", false);
        assert_eq!(count(&layers), 1);
        layers.set_solo(Some("sensors-gas"));
        assert_eq!(count(&layers), 1);
        layers.set_solo(Some("cases"));
        assert_eq!(count(&layers), 0);
    }
}
