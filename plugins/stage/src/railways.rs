//! 铁路: tracks as a line from afar, as ballast, sleepers and rails near the eye.

use std::collections::BTreeMap;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::math::Vec3;
use bevy::prelude::*;
use guanlan_city::City;
use guanlan_city::model::{Railway, RailwayKind};

use crate::StageSettings;
use crate::barriers::beam;
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::lines::{LineMaterial, Polyline, line_mesh};
use crate::look::Look;
use crate::redraw::Redraw;
use crate::solid::Solid;

/// A stretch of a track is at most this long, so that it follows the ground, m.
const STRETCH_M: f32 = 8.0;
/// Steepest grade of a track: 3 %. What dips more steeply under it, like a road, is crossed on a bridge.
const GRADE: f32 = 0.03;
/// The ground this far beyond the ends of a way is heeded, too: a bridge is often a way of its own, m.
const BEYOND_M: f32 = 80.0;
/// Half the gauge, m: 1435 mm.
const HALF_GAUGE_M: f32 = 0.7175;
/// Sleepers lie this far apart, m: wider than true ones, they are seen from a car's length away.
const SLEEPER_M: f32 = 1.0;
/// Top of the ballast above the ground, m.
const BALLAST_M: f32 = 0.35;
/// The line seen from afar lies this far above the track, m.
const LIFT_M: f32 = 1.2;
/// What bends less than this is one straight piece of that line, m.
const STRAIGHT_M: f32 = 0.3;
/// Dashes of that line, m.
const DASH_M: f32 = 40.0;

/// A straight stretch of a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// What runs on it.
    pub kind: RailwayKind,
    /// Its ends `[east, north, height of the ground or bridge]`, m.
    pub ends_m: [[f32; 3]; 2],
}

/// A place as far beyond `end` as [`BEYOND_M`], straight on from `before`.
fn beyond(end: [f32; 2], before: [f32; 2]) -> [f32; 2] {
    let (e, n) = (end[0] - before[0], end[1] - before[1]);
    let long = e.hypot(n).max(1e-3);
    [end[0] + e / long * BEYOND_M, end[1] + n / long * BEYOND_M]
}

/// A track with its height: never steeper than a train climbs, never below the ground or the water.
#[must_use]
pub fn profile(line: &[[f32; 2]], ground: &Ground) -> Vec<[f32; 3]> {
    let [first, second, ..] = line else { return Vec::new() };
    let (last, before) = (line[line.len() - 1], line[line.len() - 2]);
    let reach = ground.drape(&[beyond(*first, *second), *first], STRETCH_M, 0.0);
    let after = ground.drape(&[last, beyond(last, before)], STRETCH_M, 0.0);
    let own = ground.drape(line, STRETCH_M, 0.0);
    let (from, count) = (reach.len() - 1, own.len());
    let mut all = [&reach[..from], &own, &after[1..]].concat();
    let mut hold = |k: usize, by: usize| {
        let along = (all[k][0] - all[by][0]).hypot(all[k][1] - all[by][1]);
        all[k][2] = all[k][2].max(all[by][2] - GRADE * along);
    };
    let end = from + count + after.len() - 1;
    (1..end).for_each(|k| hold(k, k - 1));
    (1..end).rev().for_each(|k| hold(k - 1, k));
    all[from..from + count].to_vec()
}

/// Tracks that are seen from above.
fn seen(city: &City) -> impl Iterator<Item = &Railway> {
    city.railways.iter().filter(|r| !r.tunnel && r.line.len() >= 2)
}

/// All tracks seen from above in stretches, by the tile their middle lies in.
#[must_use]
pub fn by_tile(
    city: &City,
    ground: &Ground,
    tile_of: impl Fn([f32; 2]) -> (i32, i32),
) -> BTreeMap<(i32, i32), Vec<Stretch>> {
    let mut tiles: BTreeMap<(i32, i32), Vec<Stretch>> = BTreeMap::new();
    for track in seen(city) {
        for pair in profile(&track.line, ground).windows(2) {
            let middle = [(pair[0][0] + pair[1][0]) * 0.5, (pair[0][1] + pair[1][1]) * 0.5];
            let stretch = Stretch { kind: track.kind, ends_m: [pair[0], pair[1]] };
            tiles.entry(tile_of(middle)).or_default().push(stretch);
        }
    }
    tiles
}

/// Adds a stretch of a track.
pub fn add(solid: &mut Solid, stretch: &Stretch, ground: &Ground, look: &Look) {
    let tone = |c: Vec4, k: f32| (c.truncate() * k).extend(1.0).to_array();
    let (stone, wood, steel) = (tone(look.wall, 0.62), tone(look.wall, 0.36), tone(look.bridge, 0.95));
    let [a, b] = stretch.ends_m.map(|p| to_scene(p[0], p[1], p[2]));
    let (along, length) = ((b - a).normalize_or(Vec3::X), a.distance(b));
    let side = along.cross(Vec3::Y).normalize_or(Vec3::Z);
    let street = stretch.kind == RailwayKind::Tram;
    let top = if street { 0.02 } else { BALLAST_M };
    if !street {
        // Over a dip the ballast lies on a deck.
        let high = stretch.ends_m.iter().any(|p| p[2] - ground.height_m(p[0], p[1]) > 1.5);
        let (low, wide) = if high { (-0.9, 4.6) } else { (-0.5, 3.6) };
        beam(solid, [a, b], (low, BALLAST_M), wide, stone);
        let count = (length / SLEEPER_M).round().max(1.0);
        for k in 0..count as u32 {
            let middle = a.lerp(b, (k as f32 + 0.5) / count);
            beam(solid, [middle - side * 1.25, middle + side * 1.25], (BALLAST_M, BALLAST_M + 0.06), 0.26, wood);
        }
    }
    for hand in [-HALF_GAUGE_M, HALF_GAUGE_M] {
        beam(solid, [a + side * hand, b + side * hand], (top, top + 0.17), 0.09, steel);
    }
}

/// Points of a line without those that lie on the way between their neighbours.
fn straightened(line: &[[f32; 3]]) -> Vec<[f32; 3]> {
    let mut out: Vec<[f32; 3]> = Vec::new();
    let mut pending: Vec<Vec3> = Vec::new();
    for point in line {
        let next = Vec3::from(*point);
        if let Some(from) = out.last().map(|p| Vec3::from(*p)) {
            let way = (next - from).normalize_or(Vec3::X);
            let off = |p: &Vec3| (*p - from).reject_from(way).length() > STRAIGHT_M;
            if let Some(corner) = pending.last().copied().filter(|_| pending.iter().any(off)) {
                out.push(corner.to_array());
                pending.clear();
            }
            pending.push(next);
        } else {
            out.push(*point);
        }
    }
    out.extend(pending.last().map(|p| p.to_array()));
    out
}

/// Opacity of the ground that tracks lie on.
fn ground_opacity(look: &Look) -> f32 {
    look.under.x * look.fade_more.x
}

/// Tracks as maps draw them: a dark line with light dashes. They fade with the ground.
#[must_use]
pub fn lines(city: &City, ground: &Ground, look: &Look) -> Vec<Polyline> {
    let opacity = ground_opacity(look);
    let dark = (look.wall * 0.55).with_w(0.85 * opacity);
    let light = look.edge.with_w(0.62 * opacity);
    let mut lines = Vec::new();
    for track in seen(city) {
        let mut points = straightened(&profile(&track.line, ground));
        points.iter_mut().for_each(|p| p[2] += LIFT_M);
        let width_px = if track.kind == RailwayKind::Rail { 3.0 } else { 2.2 };
        let line = |color: Vec4, width_px: f32, dash_m: f32, points: Vec<[f32; 3]>| Polyline {
            points,
            colors: [color, color],
            width_px,
            dash_m,
        };
        lines.push(line(dark, width_px, 0.0, points.clone()));
        lines.push(line(light, width_px * 0.5, DASH_M, points));
    }
    lines
}

/// The lines of the tracks.
#[derive(Component)]
pub(crate) struct TrackLines;

/// Draws the tracks' lines, again when the theme changes or the ground fades.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show(
    mut commands: Commands,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    old: Query<Entity, With<TrackLines>>,
    mut drawn: Local<f32>,
    mut materials: ResMut<Assets<LineMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let opacity = ground_opacity(&look);
    if (!settings.is_changed() && *drawn == opacity) || settings.city.railways.is_empty() && old.is_empty() {
        return;
    }
    *drawn = opacity;
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let lines = lines(&settings.city, &ground, &look);
    if !lines.is_empty() {
        let material = materials.add(LineMaterial { look: *look, order: 20.0, on_top: false });
        let mesh = Mesh3d(meshes.add(line_mesh(&lines)));
        commands.spawn((TrackLines, mesh, MeshMaterial3d(material), NoFrustumCulling));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::Terrain;
    use guanlan_core::theme::Theme;
    use std::sync::Arc;

    /// Level ground at 10 m with a cut of 6 m depth and 20 m width across a track to the east.
    fn town() -> Arc<City> {
        let (cols, rows) = (200, 20);
        let z_m = (0..rows * cols).map(|k| if (95..105).contains(&(k % cols)) { 4.0 } else { 10.0 }).collect();
        let terrain = Terrain { west_m: 0.0, south_m: 0.0, cell_m: 2.0, cols, rows, z_m };
        let track =
            |from: f32, to: f32, bridge| Railway { line: vec![[from, 20.0], [to, 20.0]], bridge, ..Default::default() };
        Arc::new(City {
            extent: [0.0, 0.0, 400.0, 40.0],
            terrain: Some(terrain),
            railways: vec![
                track(20.0, 185.0, false),
                track(185.0, 215.0, true),
                Railway { tunnel: true, ..track(0.0, 400.0, false) },
            ],
            ..City::default()
        })
    }

    #[test]
    fn a_track_crosses_a_cut_on_a_bridge_also_where_the_bridge_is_a_way_of_its_own() {
        let city = town();
        let ground = Ground::new(&city);
        assert!(ground.height_m(200.0, 20.0) < 5.0, "the road lies low");
        let bridge = profile(&city.railways[1].line, &ground);
        assert_eq!((bridge[0][0], bridge[bridge.len() - 1][0]), (185.0, 215.0));
        assert!(bridge.iter().all(|p| (9.3..=10.01).contains(&p[2])), "{bridge:?}");
        let whole = profile(&[[20.0, 20.0], [380.0, 20.0]], &ground);
        for pair in whole.windows(2) {
            let along = pair[1][0] - pair[0][0];
            assert!((pair[1][2] - pair[0][2]).abs() <= GRADE * along + 1e-3, "{pair:?}");
        }
    }

    #[test]
    fn what_runs_in_a_tunnel_is_not_drawn_above() {
        let city = town();
        let ground = Ground::new(&city);
        let look = Look::new(Theme::CommandDark, city.extent);
        let lines = lines(&city, &ground, &look);
        assert_eq!(lines.len(), 4, "two tracks, each a line and its dashes");
        let straight = &lines[0].points;
        assert!(straight.len() <= 4, "level and straight: {straight:?}");
        let below = Look { under: look.under.with_x(0.25), ..look };
        let faded = super::lines(&city, &ground, &below);
        assert!(faded.iter().zip(&lines).all(|(f, l)| f.points == l.points && f.colors[0].w < 0.3 * l.colors[0].w));
        let tiles = by_tile(&city, &ground, |p| ((p[0] / 100.0) as i32, 0));
        assert_eq!(tiles.keys().map(|k| k.0).collect::<Vec<_>>(), [0, 1, 2]);
        let mut solid = Solid::default();
        tiles.values().flatten().for_each(|s| add(&mut solid, s, &ground, &look));
        assert!(!solid.is_empty());
    }
}
