//! Two waters beside each other: one camera with a divider that swipes between them, or two linked views.
//!
//! Panels (or a command line) fill [`Compare`]; names, handles and legends are theirs. What is compared is the water:
//! two timelines, two scenarios, now and a forecast. What of it is shown — depth, speed, hazard, maxima, arrival,
//! duration — is what the layers show, of both.

use std::sync::Arc;

use bevy::asset::{Handle, RenderAssetUsages, uuid_handle};
use bevy::camera::RenderTarget;
use bevy::camera::visibility::{NoFrustumCulling, RenderLayers};
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, TextureFormat};
use bevy::shader::Shader;
use guanlan_core::input::DepthField;
use guanlan_core::{Bilingual, WaterPeaks};

use crate::camera::Lens;
use crate::flood::{FloodStyle, FlowField, LAYERS};
use crate::look::Look;
use crate::redraw::Redraw;
use crate::screen::{LensProjection, MainCamera, MapLens, MapViewport, PictureScale};
use crate::{CameraRig, StageSettings, shaders};

const SHADER: Handle<Shader> = uuid_handle!("8a4a3c0e-6a0b-4c02-9d0e-1f5b0f6c000b");

/// How two waters are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompareView {
    /// One view; the first water left of the divider, the other right of it.
    #[default]
    Swipe,
    /// Two views of the same place, from the same eye.
    SideBySide,
}

/// One of two waters.
#[derive(Clone, Default)]
pub struct Side {
    /// Its depths.
    pub water: Option<Arc<DepthField>>,
    /// Its flow, if the solver tells.
    pub flow: Option<Arc<FlowField>>,
    /// What it has been, if the solver tells: speed, hazard, maxima, arrival and duration are drawn from it.
    pub peaks: Option<Arc<WaterPeaks>>,
    /// What it is.
    pub style: FloodStyle,
}

/// A comparison. Set `right` to begin, `None` to end; drag by setting `divider`.
#[derive(Resource, Clone)]
pub struct Compare {
    /// What stands on the left; `None`: the water shown anyway, [`crate::FloodWater`].
    pub left: Option<Side>,
    /// What stands on the right.
    pub right: Option<Side>,
    /// How.
    pub view: CompareView,
    /// Place of the divider as a share of the free part of the map, 0–1. Side by side it stands in the middle.
    pub divider: f32,
    /// Names of the left and the right water, for the panels.
    pub names: [Bilingual; 2],
}

impl Default for Compare {
    fn default() -> Self {
        let names = [Bilingual::same(""), Bilingual::same("")];
        Self { left: None, right: None, view: CompareView::Swipe, divider: 0.5, names }
    }
}

impl Compare {
    /// The place of the divider, px from the left, when the free part lies between two places.
    #[must_use]
    pub fn divider_px(&self, left_px: f32, right_px: f32) -> f32 {
        let share = if self.view == CompareView::SideBySide { 0.5 } else { self.divider };
        left_px + (right_px - left_px) * if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.5 }
    }

    /// True while two views are linked.
    #[must_use]
    pub fn is_side_by_side(&self) -> bool {
        self.right.is_some() && self.view == CompareView::SideBySide
    }
}

/// Where the divider stands now. Panels draw their handle and names there.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct Divider {
    /// Share of the whole picture's width; meaningless while nothing is compared.
    pub share: f32,
    /// Top and bottom of the free part of the map, shares of the picture's height from above.
    pub span: [f32; 2],
    /// One camera shows both waters.
    pub swipes: bool,
    /// The right part is a view of its own.
    pub splits: bool,
}

/// Draws the divider, or the right view, over the picture.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct CompareMaterial {
    /// Left, bottom, right, top in clip space.
    #[uniform(0)]
    pub rect: Vec4,
    /// Colour of the divider; w: 1 shows the picture instead.
    #[uniform(1)]
    pub color: Vec4,
    /// The right view.
    #[texture(2)]
    #[sampler(3)]
    pub picture: Handle<Image>,
}

crate::plain_material!(
    CompareMaterial,
    SHADER,
    [Mesh::ATTRIBUTE_POSITION],
    {
        fn alpha_mode(&self) -> AlphaMode {
            AlphaMode::Blend
        }
        fn depth_bias(&self) -> f32 {
            // The picture over the scene, the divider over the picture.
            if self.color.w > 0.5 { 1.0e7 } else { 2.0e7 }
        }
    },
    |descriptor, _key| crate::material::always_seen(descriptor)
);

/// The camera of the right view.
#[derive(Component)]
pub struct OtherCamera;

/// What is drawn only while something is compared.
#[derive(Component)]
pub(crate) struct ComparePart;

/// The right view while there is one.
#[derive(Resource)]
pub(crate) struct RightView {
    image: Handle<Image>,
    materials: Vec<(Handle<CompareMaterial>, bool)>,
}

pub(crate) fn plugin(app: &mut App) {
    shaders::add(app, &SHADER, include_str!("shaders/compare.wgsl"), "guanlan/compare.wgsl");
    app.add_plugins(MaterialPlugin::<CompareMaterial>::default())
        .init_resource::<Compare>()
        .init_resource::<Divider>()
        .add_systems(Update, place_divider.after(crate::screen::follow_window).in_set(crate::StageSystems::Lens))
        .add_systems(Update, show.in_set(crate::StageSystems::Layers))
        .add_systems(Update, link.after(crate::screen::apply_rig).in_set(crate::StageSystems::Apply));
}

/// The divider follows its share and the free part of the map.
fn place_divider(
    compare: Res<Compare>,
    lens: Res<MapLens>,
    viewport: Res<MapViewport>,
    mut divider: ResMut<Divider>,
    mut redraw: ResMut<Redraw>,
) {
    let size = lens.lens.size_px;
    let free = viewport.0.unwrap_or(Rect::from_corners(Vec2::ZERO, size));
    let on = compare.right.is_some();
    let share = compare.divider_px(free.min.x, free.max.x) / size.x.max(1.0);
    let span = [free.min.y, free.max.y].map(|y| (y / size.y.max(1.0)).clamp(0.0, 1.0));
    let next = Divider { share, span, swipes: on && !compare.is_side_by_side(), splits: compare.is_side_by_side() };
    if *divider != next {
        if on || divider.swipes || divider.splits {
            redraw.scene();
        }
        *divider = next;
    }
}

/// A unit square.
fn square() -> Mesh {
    let corners: Vec<[f32; 3]> = vec![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 1.0, 0.0]];
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, corners)
        .with_inserted_indices(Indices::U32(vec![0, 1, 2, 0, 2, 3]))
}

/// Width of the divider, px at 1080 lines.
const LINE_PX: f32 = 2.5;

/// Clip-space rectangle of the right view or of the divider.
fn rect_of(divider: &Divider, size_px: Vec2, picture: bool) -> Vec4 {
    let x = divider.share * 2.0 - 1.0;
    if picture {
        return Vec4::new(x, -1.0, 1.0, 1.0);
    }
    let half = LINE_PX * (size_px.y / 1080.0).max(0.75) / size_px.x.max(1.0);
    // No line shines through the panels above and below the map.
    let [top, bottom] = divider.span.map(|y| 1.0 - 2.0 * y);
    Vec4::new(x - half, bottom, x + half, top)
}

/// Makes and takes away the divider and the right view.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
fn show(
    mut commands: Commands,
    divider: Res<Divider>,
    lens: Res<MapLens>,
    look: Res<Look>,
    settings: Res<StageSettings>,
    main: Query<(Entity, &Msaa), With<MainCamera>>,
    old: Query<Entity, With<ComparePart>>,
    scale: Option<Res<PictureScale>>,
    right: Option<Res<RightView>>,
    mut made: Local<(bool, bool)>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<CompareMaterial>>,
) {
    let wanted = (divider.swipes, divider.splits);
    if *made == wanted {
        if let Some(right) = right.filter(|_| divider.is_changed() || lens.is_changed()) {
            for (handle, picture) in &right.materials {
                let rect = rect_of(&divider, lens.lens.size_px, *picture);
                if let Some(mut material) = materials.get_mut(handle) {
                    material.rect = rect;
                }
            }
        }
        return;
    }
    let Ok((camera, msaa)) = main.single() else { return };
    *made = wanted;
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    commands.remove_resource::<RightView>();
    let own: &[usize] = if divider.splits { &[0, LAYERS[0]] } else { &[0, LAYERS[0], LAYERS[1]] };
    commands.entity(camera).insert(RenderLayers::from_layers(own));
    if wanted == (false, false) {
        return;
    }
    let size = right_px(&divider, lens.lens.size_px, scale.as_deref());
    let image = images.add(Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None));
    let line = look.accent.truncate().extend(0.0);
    let mut handles = Vec::new();
    for (color, picture) in [(line, false), (Vec4::ONE, true)] {
        if picture && !divider.splits {
            continue;
        }
        let rect = rect_of(&divider, lens.lens.size_px, picture);
        let material = materials.add(CompareMaterial { rect, color, picture: image.clone() });
        handles.push((material.clone(), picture));
        let layers = RenderLayers::layer(LAYERS[0]);
        commands.spawn((ComparePart, Mesh3d(meshes.add(square())), MeshMaterial3d(material), NoFrustumCulling, layers));
    }
    if divider.splits {
        let [r, g, b, _] = settings.theme.color(guanlan_core::theme::Token::Space).linear();
        let clear = ClearColorConfig::Custom(Color::linear_rgb(r, g, b));
        commands.spawn((
            ComparePart,
            OtherCamera,
            Camera3d::default(),
            Camera { clear_color: clear, order: -2, ..default() },
            RenderTarget::from(image.clone()),
            Tonemapping::None,
            DebandDither::Disabled,
            *msaa,
            Projection::custom(LensProjection(Lens::plain(Vec2::new(640.0, 720.0)))),
            Transform::default(),
            RenderLayers::from_layers(&[0, LAYERS[1]]),
        ));
    }
    commands.insert_resource(RightView { image, materials: handles });
}

/// Size of the right view, px.
fn right_px(divider: &Divider, size_px: Vec2, scale: Option<&PictureScale>) -> UVec2 {
    let scale = scale.map_or(1.0, |s| s.0);
    (Vec2::new(size_px.x * (1.0 - divider.share), size_px.y) * scale).round().as_uvec2().max(UVec2::splat(8))
}

type Linked = (&'static mut Camera, &'static mut Transform, &'static mut Projection, &'static mut Msaa);

/// The right camera stands where the left one stands and looks at the same place, in the middle of its own half.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
fn link(
    mut others: Query<Linked, (With<OtherCamera>, Without<MainCamera>)>,
    main: Query<(&Camera, &Msaa), With<MainCamera>>,
    right: Option<Res<RightView>>,
    scale: Option<Res<PictureScale>>,
    divider: Res<Divider>,
    rig: Res<CameraRig>,
    lens: Res<MapLens>,
    viewport: Res<MapViewport>,
    mut images: ResMut<Assets<Image>>,
    mut materials: ResMut<Assets<CompareMaterial>>,
) {
    let (Some(right), Ok((left, left_msaa))) = (right, main.single()) else { return };
    for (mut camera, mut transform, mut projection, mut msaa) in &mut others {
        if camera.is_active != left.is_active {
            camera.is_active = left.is_active;
        }
        msaa.set_if_neq(*left_msaa);
        if !camera.is_added() && !(rig.is_changed() || lens.is_changed() || divider.is_changed()) {
            continue;
        }
        *transform = rig.pose.transform();
        *projection = Projection::custom(LensProjection(right_lens(&divider, &lens, viewport.0)));
        let size = right_px(&divider, lens.lens.size_px, scale.as_deref());
        if images.get(&right.image).is_some_and(|i| UVec2::new(i.width(), i.height()) != size) {
            if let Some(mut image) = images.get_mut(&right.image) {
                *image = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
            }
            // The materials' bind groups hold the old texture: touch them.
            for (handle, _) in &right.materials {
                if let Some(mut material) = materials.get_mut(handle) {
                    material.picture = right.image.clone();
                }
            }
        }
    }
}

/// The lens of the right half: the same scale, its own middle.
fn right_lens(divider: &Divider, lens: &MapLens, viewport: Option<Rect>) -> Lens {
    let size = lens.lens.size_px;
    let from = divider.share * size.x;
    let free = viewport.unwrap_or(Rect::from_corners(Vec2::ZERO, size));
    let middle = Vec2::new((free.max.x.min(size.x) - from) * 0.5, free.center().y);
    Lens { size_px: Vec2::new((size.x - from).max(1.0), size.y), centre_px: middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divider_stays_in_the_free_part() {
        let mut compare = Compare { right: Some(Side::default()), divider: 0.25, ..Default::default() };
        assert_eq!(compare.divider_px(300.0, 1500.0), 600.0);
        compare.divider = f32::NAN;
        assert_eq!(compare.divider_px(0.0, 100.0), 50.0);
        (compare.divider, compare.view) = (0.9, CompareView::SideBySide);
        assert_eq!(compare.divider_px(0.0, 100.0), 50.0, "two views are equally wide");
        assert!(compare.is_side_by_side());
    }

    #[test]
    fn both_views_show_the_focus_in_their_middle_at_one_scale() {
        let size = Vec2::new(1920.0, 1080.0);
        let free = Rect::new(300.0, 60.0, 1700.0, 1000.0);
        let divider = Divider { share: 1000.0 / 1920.0, span: [0.0, 1.0], swipes: false, splits: true };
        let lens = MapLens { lens: Lens::plain(size), scale: 1.0, free_px: free.size() };
        let right = right_lens(&divider, &lens, Some(free));
        let pose = crate::CameraPose::default();
        let seen = right.project(&pose, pose.focus_scene()).unwrap();
        assert!(seen.distance(Vec2::new(350.0, 530.0)) < 0.5, "{seen}");
        let step = |l: &Lens| {
            let at = |e: f32| l.project(&pose, crate::frame::to_scene(e, 0.0, 0.0)).unwrap();
            at(100.0).distance(at(0.0))
        };
        assert!((step(&right) - step(&lens.lens)).abs() < 0.01, "the same scale");
    }
}
