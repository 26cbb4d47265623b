//! 部件: components of the street, barriers along it and tracks, as small true models, only near the eye.

use std::collections::BTreeMap;

use bevy::prelude::*;
use guanlan_city::City;
use guanlan_city::model::Component as Part;

use crate::StageSettings;
use crate::barriers::{self, Stretch};
use crate::camera::CameraRig;
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::layers::LayerTag;
use crate::look::Look;
use crate::railways;
use crate::redraw::Redraw;
use crate::screen::StillTarget;
use crate::solid::{Solid, SolidMaterial};

/// Side of a tile, m.
const TILE_M: f32 = 120.0;
/// From farther away components are markers only, m.
const NEAR_M: f32 = 950.0;
/// Tiles this far around the focus are kept, m.
const REACH_M: f32 = 420.0;
/// Tiles made in one frame of a window.
const AT_ONCE: usize = 3;

/// What a component looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// 井盖.
    Cover,
    /// 雨水箅子.
    Grate,
    /// 路灯, 综合杆.
    Lamp,
    /// 消防设施.
    Hydrant,
    /// 监控.
    Camera,
    /// 箱, 桩.
    Cabinet,
    /// 公交站.
    Shelter,
    /// 路名牌.
    Sign,
    /// 信号灯.
    Signal,
    /// 垃圾箱.
    Bin,
    /// 行道树.
    Tree,
    /// 座椅.
    Bench,
    /// Buildings of their own: pumping stations, toilets.
    House,
    /// Anything else.
    Post,
}

/// The model of a class of the 2026 edition (`01-037` …).
#[must_use]
pub fn model_of(class: &str) -> Model {
    match class {
        "01-001" | "01-002" | "01-003" | "01-005" | "01-006" | "01-007" | "01-008" | "01-009" | "01-010" | "01-011" => {
            Model::Cover
        }
        "01-004" => Model::Grate,
        "01-037" | "01-077" => Model::Lamp,
        "01-013" => Model::Hydrant,
        "01-050" => Model::Camera,
        "01-048" | "01-054" => Model::Cabinet,
        "02-004" => Model::Shelter,
        "02-012" => Model::Sign,
        "02-014" => Model::Signal,
        "03-005" => Model::Bin,
        "04-002" => Model::Tree,
        "04-007" => Model::Bench,
        "01-072" | "03-001" => Model::House,
        _ => Model::Post,
    }
}

/// A number in 0–1 that belongs to a component for ever.
fn chance(part: &Part, salt: u32) -> f32 {
    let mut h = salt.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    for byte in part.code.bytes() {
        h = (h ^ u32::from(byte)).wrapping_mul(16_777_619);
    }
    h ^= h >> 15;
    (h.wrapping_mul(2_246_822_519) >> 8) as f32 / 16_777_216.0
}

/// Adds the model of a component.
pub fn add(solid: &mut Solid, part: &Part, ground: &Ground, look: &Look) {
    let [east, north] = part.place_m;
    let foot = to_scene(east, north, ground.height_m(east, north));
    let tone = |c: Vec4, k: f32| (c.truncate() * k).extend(1.0).to_array();
    let (metal, dark, pale) = (tone(look.bridge, 0.75), tone(look.wall, 0.70), tone(look.edge, 0.62));
    let heading = part.heading_deg.unwrap_or_else(|| chance(part, 3) * 360.0);
    // What is longer than deep stands across the way it faces.
    let across = part.heading_deg.map_or(heading, |facing| facing + 90.0);
    // What is lost or broken is not drawn as if it stood.
    if matches!(part.state.as_str(), "丢失" | "移除") {
        return;
    }
    match model_of(&part.class) {
        Model::Cover => solid.post(foot + Vec3::Y * 0.02, 0.05, [0.42, 0.40], 8, pale),
        Model::Grate => solid.block(foot + Vec3::Y * 0.02, [0.38, 0.22], 0.05, heading, pale),
        Model::Lamp => {
            solid.post(foot, 7.6, [0.12, 0.07], 5, metal);
            let lit = (look.window.truncate() * 0.95).extend(0.05).to_array();
            solid.block(foot + Vec3::Y * 7.6, [0.75, 0.16], 0.16, heading, lit);
        }
        Model::Hydrant => {
            solid.post(foot, 0.75, [0.17, 0.15], 6, pale);
            solid.post(foot + Vec3::Y * 0.75, 0.16, [0.15, 0.0], 6, metal);
        }
        Model::Camera => {
            solid.post(foot, 5.2, [0.10, 0.07], 5, metal);
            solid.block(foot + Vec3::Y * 5.0, [0.42, 0.14], 0.24, heading, pale);
        }
        Model::Cabinet => solid.block(foot, [0.9, 0.5], 1.7, across, dark),
        Model::Shelter => {
            for side in [-1.0, 1.0] {
                let ahead = crate::frame::heading_to_scene(across) * 2.4 * side;
                solid.post(foot + ahead, 2.5, [0.07, 0.07], 4, metal);
            }
            solid.block(foot + Vec3::Y * 2.5, [2.8, 0.9], 0.14, across, pale);
        }
        Model::Sign => {
            solid.post(foot, 2.3, [0.05, 0.05], 4, metal);
            solid.block(foot + Vec3::Y * 2.0, [0.65, 0.03], 0.34, across, tone(look.local, 1.2));
        }
        Model::Signal => {
            solid.post(foot, 5.6, [0.10, 0.08], 5, metal);
            solid.block(foot + Vec3::Y * 5.0, [0.16, 0.16], 0.95, heading, dark);
        }
        Model::Bin => solid.post(foot, 0.95, [0.28, 0.32], 6, tone(look.green, 1.15)),
        Model::Tree => {
            let size = 0.75 + 0.6 * chance(part, 7);
            let leaf = look.green * (0.95 + 0.5 * chance(part, 11));
            solid.post(foot, 2.6 * size, [0.16, 0.11], 5, tone(look.wall, 0.55));
            let colors = [tone(leaf, 0.62), tone(leaf, 1.18)];
            let middle = foot + Vec3::Y * 3.9 * size;
            solid.crown(middle, [1.95 * size, 2.0 * size], |k| chance(part, 20 + k), colors);
            // A lesser head beside the great one: no tree is a ball.
            let aside = crate::frame::heading_to_scene(chance(part, 13) * 360.0) * 0.95 * size;
            let beside = middle + aside + Vec3::Y * (1.1 * chance(part, 17) - 0.75) * size;
            solid.crown(beside, [1.35 * size, 1.25 * size], |k| chance(part, 80 + k), colors);
        }
        Model::Bench => solid.block(foot + Vec3::Y * 0.38, [0.8, 0.24], 0.10, across, metal),
        Model::House => solid.block(foot, [3.4, 2.4], 3.2, heading, tone(look.roof, 0.9)),
        Model::Post => solid.post(foot, 1.1, [0.10, 0.10], 5, metal),
    }
}

/// Components, barriers and tracks by tile.
#[derive(Resource, Default)]
pub(crate) struct PartIndex {
    parts: BTreeMap<(i32, i32), Vec<u32>>,
    barriers: BTreeMap<(i32, i32), Vec<Stretch>>,
    tracks: BTreeMap<(i32, i32), Vec<railways::Stretch>>,
}

impl PartIndex {
    /// Sorts a city's components, barriers and tracks into tiles.
    #[must_use]
    pub fn new(city: &City, ground: &Ground) -> Self {
        let mut tiles: BTreeMap<(i32, i32), Vec<u32>> = BTreeMap::new();
        for (i, part) in city.components.iter().enumerate() {
            tiles.entry(tile_of(part.place_m)).or_default().push(i as u32);
        }
        let (barriers, tracks) = (barriers::by_tile(city, tile_of), railways::by_tile(city, ground, tile_of));
        Self { parts: tiles, barriers, tracks }
    }

    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.barriers.is_empty() && self.tracks.is_empty()
    }
}

fn tile_of(p: [f32; 2]) -> (i32, i32) {
    ((p[0] / TILE_M).floor() as i32, (p[1] / TILE_M).floor() as i32)
}

/// How far a tile's middle is from a place, m.
fn away(tile: (i32, i32), place: [f32; 2]) -> f32 {
    let (east, north) = ((tile.0 as f32 + 0.5) * TILE_M, (tile.1 as f32 + 0.5) * TILE_M);
    (east - place[0]).hypot(north - place[1])
}

/// A tile on the map.
#[derive(Component)]
pub(crate) struct FurnitureTile((i32, i32));

/// Stands the components around the focus on the street and takes far ones away.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn follow_focus(
    mut commands: Commands,
    rig: Res<CameraRig>,
    index: Res<PartIndex>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    still: Option<Res<StillTarget>>,
    old: Query<(Entity, &FurnitureTile)>,
    mut handle: Local<Option<Handle<SolidMaterial>>>,
    mut busy: Local<bool>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let restart = settings.is_changed();
    if (!rig.is_changed() && !restart && !*busy) || index.is_empty() {
        return;
    }
    *busy = false;
    let focus = [rig.pose.focus[0], rig.pose.focus[1]];
    let near = rig.pose.distance_m < NEAR_M;
    let mut there = Vec::new();
    for (entity, tile) in &old {
        if restart || !near || away(tile.0, focus) > REACH_M * 1.4 {
            commands.entity(entity).despawn();
            redraw.scene();
        } else {
            there.push(tile.0);
        }
    }
    if !near {
        return;
    }
    let material = handle
        .get_or_insert_with(|| {
            solids.add(SolidMaterial { look: *look, ghost: false, layer: crate::solid::layer::COMPONENTS })
        })
        .clone();
    let mut made = 0;
    let (west, south) = tile_of([focus[0] - REACH_M, focus[1] - REACH_M]);
    let (east, north) = tile_of([focus[0] + REACH_M, focus[1] + REACH_M]);
    for tile in (west..=east).flat_map(|c| (south..=north).map(move |r| (c, r))) {
        let (parts, fences) = (index.parts.get(&tile), index.barriers.get(&tile));
        let tracks = index.tracks.get(&tile);
        if (parts.is_none() && fences.is_none() && tracks.is_none())
            || there.contains(&tile)
            || away(tile, focus) > REACH_M
        {
            continue;
        }
        if made >= AT_ONCE && still.is_none() {
            *busy = true;
            break;
        }
        made += 1;
        let mut solid = Solid::default();
        for part in parts.into_iter().flatten().filter_map(|&i| settings.city.components.get(i as usize)) {
            add(&mut solid, part, &ground, &look);
        }
        for stretch in fences.into_iter().flatten() {
            if let Some(barrier) = settings.city.barriers.get(stretch.barrier as usize) {
                barriers::add(&mut solid, barrier, stretch, &ground, &look);
            }
        }
        for stretch in tracks.into_iter().flatten() {
            railways::add(&mut solid, stretch, &ground, &look);
        }
        if !solid.is_empty() {
            let mesh = Mesh3d(meshes.add(solid.into_mesh()));
            commands.spawn((FurnitureTile(tile), LayerTag("components"), mesh, MeshMaterial3d(material.clone())));
            redraw.scene();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::theme::Theme;
    use std::sync::Arc;

    fn part(class: &str, east: f32) -> Part {
        Part {
            code: format!("42010000100{}", class.len()),
            class: class.into(),
            class_2013: String::new(),
            place_m: [east, 0.0],
            heading_deg: None,
            state: "完好".into(),
            org: String::new(),
        }
    }

    #[test]
    fn every_class_has_a_body_and_what_is_lost_has_none() {
        let ground = Ground::new(&Arc::new(City::default()));
        let look = Look::new(Theme::CommandDark, [0.0; 4]);
        for class in [
            "01-001", "01-004", "01-037", "01-013", "01-050", "01-048", "02-004", "02-014", "03-005", "04-002",
            "09-999",
        ] {
            let mut solid = Solid::default();
            add(&mut solid, &part(class, 0.0), &ground, &look);
            assert!(!solid.is_empty(), "{class}");
        }
        let mut solid = Solid::default();
        add(&mut solid, &Part { state: "丢失".into(), ..part("01-001", 0.0) }, &ground, &look);
        assert!(solid.is_empty());
    }

    #[test]
    fn components_fall_into_their_tiles() {
        let city = City {
            components: vec![part("01-001", 5.0), part("01-037", 119.0), part("01-037", -1.0)],
            ..Default::default()
        };
        let index = PartIndex::new(&city, &Ground::new(&Arc::new(city.clone())));
        assert_eq!(index.parts[&(0, 0)], [0, 1]);
        assert_eq!(index.parts[&(-1, 0)], [2]);
        assert!(away((0, 0), [60.0, 60.0]) < 1e-3);
    }
}
