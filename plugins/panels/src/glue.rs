//! From the picture of a room to the columns of the live layers.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;
use guanlan_core::{AlertId, AlertLevel, CaseId, UnitId, input::UnitStatus};
use guanlan_markers::{CaseMark, LevelMark, MarkerScene, QualityMark, SensorMark, UnitMark};
use guanlan_room::Picture;
use guanlan_sensing::Quality;
use guanlan_stage::{FloodWater, Ground};

use crate::vm::cases::elapsed;

/// Above this many sensors the quiet ones are silence: only those with an alert are drawn.
pub const QUIET_LIMIT: usize = 20_000;
/// Points of a trail that are drawn.
const TRAIL_POINTS: usize = 24;

/// What the rows of [`MarkerScene`] are.
#[derive(Resource, Clone, Debug, Default)]
pub struct MarkerIds {
    /// Index in the sensor table and its alert.
    pub sensors: Vec<(u32, Option<AlertId>)>,
    /// Cases.
    pub cases: Vec<CaseId>,
    /// Crews.
    pub units: Vec<UnitId>,
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
}

fn quality(q: Quality) -> QualityMark {
    match q {
        Quality::Good => QualityMark::Good,
        Quality::Suspect => QualityMark::Suspect,
        Quality::Stale => QualityMark::Stale,
        Quality::Offline => QualityMark::Offline,
    }
}

fn at(ground: &Ground, p: [f64; 2], lift_m: f32) -> [f32; 3] {
    let [e, n] = p.map(|v| v as f32);
    [e, n, ground.height_m(e, n) + lift_m]
}

fn sensors(picture: &Picture, ground: &Ground, chosen: Chosen<'_>) -> (Vec<SensorMark>, Vec<(u32, Option<AlertId>)>) {
    let mut alerts: BTreeMap<u32, (AlertLevel, bool, AlertId)> = BTreeMap::new();
    for a in picture.alerts.active().iter() {
        let slot = alerts.entry(a.index).or_insert((a.level, false, a.id));
        if a.level > slot.0 {
            *slot = (a.level, slot.1, a.id);
        }
        slot.1 |= a.breathes();
    }
    let all = picture.sensors.len() <= QUIET_LIMIT;
    let indices: Vec<u32> =
        if all { (0..picture.sensors.len() as u32).collect() } else { alerts.keys().copied().collect() };
    let (mut marks, mut ids) = (Vec::with_capacity(indices.len()), Vec::with_capacity(indices.len()));
    // Quiet ones first: what needs a person is drawn on top.
    let mut rows: Vec<_> = indices.into_iter().filter_map(|i| picture.sensors.row(i)).collect();
    rows.sort_by_key(|r| alerts.get(&r.index).map_or(AlertLevel::Normal, |a| a.0));
    for row in rows {
        let Some(place) = row.meta.place_m else { continue };
        let alert = alerts.get(&row.index);
        marks.push(SensorMark {
            pos: at(ground, place, 2.0),
            level: alert.map_or(LevelMark::Normal, |a| a.0.into()),
            quality: quality(row.quality),
            age_frac: if row.quality >= Quality::Stale { 255 } else { 0 },
            unacknowledged: alert.is_some_and(|a| a.1),
            selected: alert.is_some_and(|a| chosen.alert == Some(a.2)),
        });
        ids.push((row.index, alert.map(|a| a.2)));
    }
    (marks, ids)
}

fn cases(picture: &Picture, ground: &Ground, chosen: Chosen<'_>) -> (Vec<CaseMark>, Vec<CaseId>) {
    let mut open: Vec<_> = picture.cases.open().collect();
    open.sort_by(|a, b| a.level.cmp(&b.level).then_with(|| a.id.cmp(&b.id)));
    let mark = |case: &guanlan_casework::Case| {
        let share = elapsed(case, picture.now);
        let unseen = case.alert.and_then(|a| picture.alerts.find(a)).is_some_and(guanlan_alerting::Alert::breathes);
        CaseMark {
            pos: at(ground, case.place_m, 0.0),
            stem_m: 24.0 + 12.0 * f32::from(case.level.rank()),
            level: case.level.into(),
            // In hundredths: a ring that creeps does not rebuild the layer at every tick.
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
    let (marks, rows) = sensors(picture, ground, chosen);
    scene.sensors.set(marks);
    ids.sensors = rows;
    let (marks, rows) = cases(picture, ground, chosen);
    scene.cases.set(marks);
    ids.cases = rows;
    let (marks, rows) = units(picture, ground, chosen);
    scene.units.set(marks);
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
}
