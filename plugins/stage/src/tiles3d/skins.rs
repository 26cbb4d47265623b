//! Skins: the materials and pictures that a city model has for its own walls and roofs, laid over the buildings near
//! the eye.
//!
//! The bodies below stay what they are; a bias in depth keeps a skin in front of the wall it repeats.

use std::collections::BTreeMap;

use bevy::image::{Image, ImageAddressMode};
use bevy::mesh::{Mesh, PrimitiveTopology, VertexAttributeValues};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use guanlan_city::City;
use guanlan_city::import::tiles3d::TilePicture;
use guanlan_city::model::{Picture, Skin};

use super::mesh::{ATTRIBUTE_FEATURE, ATTRIBUTE_TINT, ATTRIBUTE_TURN, SHADER};
use crate::StageSettings;
use crate::camera::CameraRig;
use crate::frame::to_scene;
use crate::layers::LayerTag;
use crate::look::Look;
use crate::redraw::Redraw;

/// Side of the squares that skins are cut into, m.
const SQUARE_M: f32 = 400.0;
/// Further from the eye than this the bodies below are simplified, and the skins would float, m.
const NEAR_M: f32 = 1500.0;

/// Skins: the shader of tiles, in front of what they cover.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct SkinMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// Not used: buildings are marked by the look.
    #[uniform(1)]
    pub marked: UVec4,
    /// Picture; white without one.
    #[texture(2)]
    #[sampler(3)]
    pub picture: Option<Handle<Image>>,
    /// x: what is clearer is not drawn, y: 1 with a picture, z: 1 for skins.
    #[uniform(4)]
    pub cover: Vec4,
}

crate::plain_material!(
    SkinMaterial,
    SHADER,
    [Mesh::ATTRIBUTE_POSITION, ATTRIBUTE_TURN, ATTRIBUTE_TINT, ATTRIBUTE_FEATURE, Mesh::ATTRIBUTE_UV_0],
    {},
    |descriptor, _key| {
        if let Some(depth) = &mut descriptor.depth_stencil {
            // Greater is nearer.
            depth.bias.constant = 64;
            depth.bias.slope_scale = 1.0;
        }
    },
);

impl crate::scene::Looks for SkinMaterial {
    fn look_mut(&mut self) -> &mut Look {
        &mut self.look
    }
}

/// A square of skins.
#[derive(Component)]
struct Square {
    centre: Vec3,
    radius_m: f32,
}

/// Draws the skins of a city that has some.
pub struct SkinsPlugin;

impl Plugin for SkinsPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(MaterialPlugin::<SkinMaterial>::default());
        crate::scene::follow_look_with::<SkinMaterial>(app);
        app.add_systems(Startup, spawn).add_systems(Update, show_near);
    }
}

fn spawn(
    mut commands: Commands,
    settings: Res<StageSettings>,
    look: Res<Look>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<SkinMaterial>>,
) {
    let city: &City = &settings.city;
    let pictures: Vec<Option<Handle<Image>>> =
        decoded(&city.pictures).into_iter().map(|image| image.map(|image| images.add(image))).collect();
    let root = commands.spawn((LayerTag("buildings"), Transform::default(), Visibility::default())).id();
    for skin in &city.skins {
        let picture = skin.picture.and_then(|n| pictures.get(n as usize).cloned().flatten());
        if skin.picture.is_some() && picture.is_none() {
            continue;
        }
        let cover = Vec4::new(0.4, if picture.is_some() { 1.0 } else { 0.0 }, 1.0, 0.0);
        let material = materials.add(SkinMaterial { look: *look, marked: super::UNMARKED, picture, cover });
        for (mesh, square) in squares(skin) {
            let parts = (square, Mesh3d(meshes.add(mesh)), MeshMaterial3d(material.clone()), Visibility::Hidden);
            commands.spawn((parts, ChildOf(root)));
        }
    }
}

/// All pictures, decoded side by side.
fn decoded(pictures: &[Picture]) -> Vec<Option<Image>> {
    let one = |picture: &Picture| {
        let wrap = if picture.repeat { ImageAddressMode::Repeat } else { ImageAddressMode::ClampToEdge };
        match TilePicture::decode(&picture.bytes) {
            Ok(plain) => Some(super::mesh::image(&plain, [wrap; 2], false)),
            Err(why) => {
                tracing::warn!("a picture of the city's buildings: {why}");
                None
            }
        }
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = pictures.iter().map(|picture| scope.spawn(move || one(picture))).collect();
        running.into_iter().map(|thread| thread.join().ok().flatten()).collect()
    })
}

/// A skin cut into squares of ground.
fn squares(skin: &Skin) -> Vec<(Mesh, Square)> {
    let mut by_place: BTreeMap<[i32; 2], Vec<usize>> = BTreeMap::new();
    for n in 0..skin.len() {
        let p = skin.corners[3 * n];
        let place = [p[0], p[1]].map(|v| (v / SQUARE_M).floor() as i32);
        by_place.entry(place).or_default().push(n);
    }
    by_place.into_values().map(|triangles| square(skin, &triangles)).collect()
}

fn square(skin: &Skin, triangles: &[usize]) -> (Mesh, Square) {
    let n = 3 * triangles.len();
    let (mut places, mut uvs) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut normals, mut tints, mut owners) = (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut low, mut high) = (Vec3::MAX, Vec3::MIN);
    for &t in triangles {
        let corners = [0, 1, 2].map(|k| skin.corners[3 * t + k]).map(|p| to_scene(p[0], p[1], p[2]));
        let normal = (corners[1] - corners[0]).cross(corners[2] - corners[0]).normalize_or(Vec3::Y);
        let packed = [normal.x, normal.y, normal.z].map(|v| (v * 127.0).round() as i8);
        for (k, corner) in corners.iter().enumerate() {
            (low, high) = (low.min(*corner), high.max(*corner));
            places.push(corner.to_array());
            normals.push([packed[0], packed[1], packed[2], 0]);
            tints.push(tint(skin.colors[t]));
            owners.push(skin.owners[t]);
            uvs.push(skin.uvs.get(3 * t + k).copied().unwrap_or_default());
        }
    }
    let mesh = Mesh::new(PrimitiveTopology::TriangleList, bevy::asset::RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, places)
        .with_inserted_attribute(ATTRIBUTE_TURN, VertexAttributeValues::Snorm8x4(normals))
        .with_inserted_attribute(ATTRIBUTE_TINT, VertexAttributeValues::Unorm8x4(tints))
        .with_inserted_attribute(ATTRIBUTE_FEATURE, owners)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs);
    let centre = (low + high) * 0.5;
    (mesh, Square { centre, radius_m: centre.distance(high) })
}

/// sRGB as the square root of the linear colour; opacity, too, is squared by the shader.
fn tint(c: [u8; 4]) -> [u8; 4] {
    let root = |v: u8| {
        let v = f32::from(v) / 255.0;
        let linear = if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) };
        (linear.sqrt() * 255.0).round() as u8
    };
    [root(c[0]), root(c[1]), root(c[2]), ((f32::from(c[3]) / 255.0).sqrt() * 255.0).round() as u8]
}

/// Only what is near is covered.
fn show_near(
    rig: Res<CameraRig>,
    mut squares: Query<(&Square, &mut Visibility)>,
    added: Query<(), Added<Square>>,
    mut redraw: ResMut<Redraw>,
) {
    if !rig.is_changed() && added.is_empty() {
        return;
    }
    let eye = rig.pose.eye();
    for (square, mut visibility) in &mut squares {
        let near = eye.distance(square.centre) < NEAR_M + square.radius_m;
        let wanted = if near { Visibility::Inherited } else { Visibility::Hidden };
        if *visibility != wanted {
            *visibility = wanted;
            redraw.scene();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::to_city;

    #[test]
    fn skins_are_cut_into_squares_and_keep_their_colours() {
        let triangle = |e: f32| [[e, 0.0, 5.0], [e + 10.0, 0.0, 5.0], [e, 0.0, 9.0]];
        let skin = Skin {
            picture: Some(0),
            corners: [triangle(10.0), triangle(30.0), triangle(900.0)].concat(),
            uvs: vec![[0.5, 0.25]; 9],
            colors: vec![[255, 0, 188, 255]; 3],
            owners: vec![4, 4, 7],
        };
        let cut = squares(&skin);
        assert_eq!(cut.len(), 2);
        assert_eq!(cut.iter().map(|(mesh, _)| mesh.count_vertices()).collect::<Vec<_>>(), [6, 3]);
        let middle = to_city(cut[0].1.centre);
        assert!((middle[0] - 25.0).abs() < 1e-3 && cut[0].1.radius_m > 14.0, "{middle:?}");
        assert_eq!(tint([255, 0, 188, 64]), [255, 0, 181, 128]);
    }
}
