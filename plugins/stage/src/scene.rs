//! Builds everything static once, and keeps the materials' look up to date.

use std::time::Instant;

use bevy::camera::visibility::{NoFrustumCulling, VisibilityRange};
use bevy::prelude::*;
use guanlan_city::model::AdminLevel;

use crate::StageSettings;
use crate::buildings::{BuildingMaterial, Tile, tiles};
use crate::flood::{FloodHandle, FloodMaterial};
use crate::ground::heights::{Ground, HeightGrid};
use crate::ground::paint::paint;
use crate::ground::{GroundMaterial, terrain_mesh};
use crate::lines::{LineMaterial, Polyline, line_mesh};
use crate::look::Look;
use crate::solid::{self, SolidMaterial};

/// Counts of what was built, for logs and tests.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct SceneStats {
    /// Triangles of the terrain.
    pub terrain_triangles: usize,
    /// Tiles of buildings.
    pub tiles: usize,
    /// Triangles of buildings.
    pub building_triangles: usize,
    /// Vertices of buildings.
    pub building_vertices: usize,
    /// Triangles of buildings seen from far.
    pub far_triangles: usize,
    /// Vertices of buildings seen from far.
    pub far_vertices: usize,
    /// Time to build everything, ms.
    pub build_ms: f64,
}

/// Beyond this distance a tile is drawn as prisms, m.
const FAR_M: f32 = 2200.0;
/// Largest side of the ground painting, px.
const PAINTING_PX: usize = 3072;

/// Ground, buildings, bridges, landmarks, outlines.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn build(
    mut commands: Commands,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut grounds: ResMut<Assets<GroundMaterial>>,
    mut walls: ResMut<Assets<BuildingMaterial>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut lines: ResMut<Assets<LineMaterial>>,
    mut waters: ResMut<Assets<FloodMaterial>>,
) {
    let begun = Instant::now();
    let city = &settings.city;
    let mut stats = SceneStats::default();

    let grid = HeightGrid::sample(city, &ground, 1025, 1500.0);
    let terrain = terrain_mesh(&grid);
    stats.terrain_triangles = terrain.indices().map_or(0, |i| i.len() / 3);
    let painting = paint(city, &ground, PAINTING_PX);
    commands.spawn((
        Mesh3d(meshes.add(terrain)),
        MeshMaterial3d(grounds.add(GroundMaterial {
            look: *look,
            frame: painting.frame,
            lines: images.add(painting.lines),
            areas: images.add(painting.areas),
        })),
        NoFrustumCulling,
    ));

    let material = walls.add(BuildingMaterial { look: *look });
    for tile in tiles(city) {
        stats.tiles += 1;
        stats.building_triangles += tile.near.triangles();
        stats.building_vertices += tile.near.len();
        stats.far_triangles += tile.far.triangles();
        stats.far_vertices += tile.far.len();
        let mut spawn = |tile: Tile, from_m: f32, to_m: f32| {
            if !tile.is_empty() {
                let mut range = VisibilityRange::abrupt(from_m, to_m);
                range.use_aabb = true;
                commands.spawn((Mesh3d(meshes.add(tile.into_mesh())), MeshMaterial3d(material.clone()), range));
            }
        };
        spawn(tile.near, 0.0, FAR_M);
        spawn(tile.far, FAR_M, f32::MAX);
    }

    let bodies = solid::build(city, &ground, &look);
    if !bodies.is_empty() {
        commands
            .spawn((Mesh3d(meshes.add(bodies.into_mesh())), MeshMaterial3d(solids.add(SolidMaterial { look: *look }))));
    }

    let outlines: Vec<Polyline> = city
        .areas
        .iter()
        .filter(|a| matches!(a.level, AdminLevel::District | AdminLevel::Street) && a.ring.len() >= 3)
        .map(|a| {
            let mut ring = a.ring.clone();
            ring.push(ring[0]);
            let strength = if a.level == AdminLevel::District { 0.34 } else { 0.18 };
            let color = look.edge.truncate().extend(strength);
            Polyline {
                points: ground.drape(&ring, 60.0, 3.0),
                colors: [color, color],
                width_px: if a.level == AdminLevel::District { 1.8 } else { 1.2 },
                dash_m: 0.0,
            }
        })
        .collect();
    if !outlines.is_empty() {
        commands.spawn((
            Mesh3d(meshes.add(line_mesh(&outlines))),
            MeshMaterial3d(lines.add(LineMaterial { look: *look, order: 0.0, on_top: false })),
            NoFrustumCulling,
        ));
    }

    commands.insert_resource(FloodHandle(waters.add(FloodMaterial { look: *look })));
    stats.build_ms = begun.elapsed().as_secs_f64() * 1000.0;
    tracing::info!(?stats, "scene built");
    commands.insert_resource(stats);
}

/// Hands a changed look (theme, selection) to the materials.
pub(crate) fn follow_look(
    look: Res<Look>,
    mut grounds: ResMut<Assets<GroundMaterial>>,
    mut walls: ResMut<Assets<BuildingMaterial>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut lines: ResMut<Assets<LineMaterial>>,
    mut waters: ResMut<Assets<FloodMaterial>>,
    mut redraw: ResMut<crate::Redraw>,
) {
    if !look.is_changed() || look.is_added() {
        return;
    }
    redraw.scene();
    grounds.iter_mut().for_each(|(_, m)| m.look = *look);
    walls.iter_mut().for_each(|(_, m)| m.look = *look);
    solids.iter_mut().for_each(|(_, m)| m.look = *look);
    lines.iter_mut().for_each(|(_, m)| m.look = *look);
    waters.iter_mut().for_each(|(_, m)| m.look = *look);
}
