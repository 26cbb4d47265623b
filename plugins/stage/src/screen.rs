//! Cameras: one that draws the 3D, and the one the panels are drawn on.
//!
//! On a GPU and in stills both are the same camera. On a software adapter the 3D of a window is
//! drawn into a smaller picture, only when it changed, and shown by the screen camera; so panels
//! repaint without redrawing the 3D.

use bevy::camera::visibility::{NoFrustumCulling, RenderLayers};
use bevy::camera::{CameraProjection, RenderTarget, SubCameraView};
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::math::Vec3A;
use bevy::prelude::*;
use bevy::render::render_resource::{AsBindGroup, TextureFormat};
use bevy::render::renderer::RenderAdapterInfo;
use bevy::window::PrimaryWindow;

use crate::StageSettings;
use crate::camera::views::home;
use crate::camera::{CameraRig, Lens, Views};
use crate::ground::heights::Ground;
use crate::look::Look;
use crate::quality::{Quality, ResolvedQuality, is_software};
use crate::redraw::Redraw;
use crate::shaders;

/// The camera that draws the 3D.
#[derive(Component)]
pub struct MainCamera;

/// The camera that is seen: panels attach here. The same entity as [`MainCamera`] unless the 3D
/// is drawn smaller.
#[derive(Component)]
pub struct ScreenCamera;

/// Where the picture goes instead of a window: a still. Insert before the first update.
#[derive(Resource, Clone)]
pub struct StillTarget {
    /// The picture.
    pub image: Handle<Image>,
    /// Its size.
    pub size: UVec2,
}

/// What is drawn is measured: it is drawn as in a window, not as a still.
#[derive(Resource)]
pub(crate) struct Measured;

/// The last frames of a still are multisampled, whatever the adapter.
#[derive(Resource)]
pub(crate) struct SmoothStill;

/// The part of the picture that no panel covers, in physical pixels; `None` is all of it.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq)]
pub struct MapViewport(pub Option<Rect>);

/// Size of the picture and the middle of its free part, kept up to date.
#[derive(Resource, Clone, Copy, Debug)]
pub struct MapLens {
    /// The lens in physical pixels of the window.
    pub lens: Lens,
    /// Physical pixels for each logical one.
    pub scale: f32,
    /// Size of the part that no panel covers, px.
    pub free_px: Vec2,
}

impl Default for MapLens {
    fn default() -> Self {
        Self { lens: Lens::plain(Vec2::new(1280.0, 720.0)), scale: 1.0, free_px: Vec2::new(1280.0, 720.0) }
    }
}

/// Our projection: reverse-z, infinite, shifted to the free part of the map.
#[derive(Clone, Copy, Debug)]
pub struct LensProjection(pub Lens);

impl CameraProjection for LensProjection {
    fn get_clip_from_view(&self) -> Mat4 {
        self.0.clip_from_view()
    }
    fn get_clip_from_view_for_sub(&self, _: &SubCameraView) -> Mat4 {
        self.0.clip_from_view()
    }
    fn update(&mut self, _: f32, _: f32) {}
    fn far(&self) -> f32 {
        80_000.0
    }
    fn get_frustum_corners(&self, z_near: f32, z_far: f32) -> [Vec3A; 8] {
        let tan = (crate::camera::rig::FOV_DEG.to_radians() * 0.5).tan();
        let aspect = self.0.size_px.x / self.0.size_px.y.max(1.0);
        let corner = |sx: f32, sy: f32, z: f32| Vec3A::new(sx * z.abs() * tan * aspect, sy * z.abs() * tan, z);
        [
            corner(1.0, -1.0, z_near),
            corner(1.0, 1.0, z_near),
            corner(-1.0, 1.0, z_near),
            corner(-1.0, -1.0, z_near),
            corner(1.0, -1.0, z_far),
            corner(1.0, 1.0, z_far),
            corner(-1.0, 1.0, z_far),
            corner(-1.0, -1.0, z_far),
        ]
    }
}

/// Shows the smaller 3D picture on the window.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct ScreenMaterial {
    /// The 3D picture.
    #[texture(0)]
    #[sampler(1)]
    pub picture: Handle<Image>,
}

crate::plain_material!(ScreenMaterial, shaders::SCREEN, [Mesh::ATTRIBUTE_POSITION], {}, |descriptor, _key| {
    crate::material::always_seen(descriptor)
});

/// Share of the window's resolution at which the 3D is drawn, while it is drawn smaller.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct PictureScale(pub f32);

/// The smaller 3D picture.
#[derive(Resource)]
pub(crate) struct Picture {
    image: Handle<Image>,
    scale: f32,
    material: Handle<ScreenMaterial>,
}

const SCREEN_LAYER: usize = 30;
/// A larger still is not multisampled where a CPU draws: it would take minutes, px.
const MOST_SMOOTH_PX: u32 = 8_500_000;

/// Chooses the quality for the adapter and spawns the cameras.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn spawn_cameras(
    mut commands: Commands,
    settings: Res<StageSettings>,
    adapter: Option<Res<RenderAdapterInfo>>,
    still: Option<Res<StillTarget>>,
    measured: Option<Res<Measured>>,
    mut look: ResMut<Look>,
    mut images: ResMut<Assets<Image>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut screens: ResMut<Assets<ScreenMaterial>>,
) {
    let software = adapter.as_ref().is_some_and(|a| is_software(a));
    let mut quality = settings.quality.resolve(software);
    let small = still.as_ref().is_some_and(|s| s.size.element_product() <= MOST_SMOOTH_PX);
    if small && measured.is_none() && settings.quality == Quality::Auto {
        // A still has time: its last frames are smooth and fine on any adapter.
        quality.fine_ground = true;
        commands.insert_resource(SmoothStill);
    }
    look.tune.w = f32::from(u8::from(quality.fine_ground));
    if let Some(adapter) = &adapter {
        tracing::info!(adapter = %adapter.name, ?quality, "drawing");
    }
    commands.insert_resource(quality);
    let [r, g, b, _] = settings.theme.color(guanlan_core::theme::Token::Space).linear();
    let clear = ClearColorConfig::Custom(Color::linear_rgb(r, g, b));
    let eye = (
        MainCamera,
        Camera3d::default(),
        Tonemapping::None,
        DebandDither::Disabled,
        if quality.msaa { Msaa::Sample4 } else { Msaa::Off },
        Projection::custom(LensProjection(Lens::plain(Vec2::new(1280.0, 720.0)))),
        Transform::default(),
        RenderLayers::from_layers(&[0, crate::flood::LAYERS[0], crate::flood::LAYERS[1]]),
    );
    if let Some(still) = still {
        let camera = Camera { clear_color: clear, ..default() };
        commands.spawn((eye, ScreenCamera, camera, RenderTarget::from(still.image.clone())));
    } else if quality.window_scale < 1.0 {
        let image = images.add(Image::new_target_texture(640, 360, TextureFormat::Rgba8UnormSrgb, None));
        let camera = Camera { clear_color: clear, order: -1, ..default() };
        commands.spawn((eye, camera, RenderTarget::from(image.clone())));
        let material = screens.add(ScreenMaterial { picture: image.clone() });
        commands.spawn((
            Mesh3d(meshes.add(crate::light::sky::whole_picture())),
            MeshMaterial3d(material.clone()),
            NoFrustumCulling,
            RenderLayers::layer(SCREEN_LAYER),
        ));
        commands.spawn((
            ScreenCamera,
            Camera3d::default(),
            Camera { clear_color: ClearColorConfig::Custom(Color::BLACK), order: 0, ..default() },
            Tonemapping::None,
            DebandDither::Disabled,
            Msaa::Off,
            RenderLayers::layer(SCREEN_LAYER),
        ));
        commands.insert_resource(Picture { image, scale: quality.window_scale, material });
        commands.insert_resource(PictureScale(quality.window_scale));
    } else {
        commands.spawn((eye, ScreenCamera, Camera { clear_color: clear, ..default() }));
    }
}

#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
/// Follows the size of the window or still and the part that panels leave free.
pub(crate) fn follow_window(
    window: Query<&Window, With<PrimaryWindow>>,
    still: Option<Res<StillTarget>>,
    viewport: Res<MapViewport>,
    compare: Res<crate::compare::Compare>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    mut lens: ResMut<MapLens>,
    mut rig: ResMut<CameraRig>,
    mut views: ResMut<Views>,
    mut redraw: ResMut<Redraw>,
) {
    let (size, scale) = match (&still, window.single()) {
        (Some(still), _) => (still.size.as_vec2(), 1.0),
        (None, Ok(window)) => (window.physical_size().as_vec2(), window.scale_factor()),
        _ => return,
    };
    if size.x < 1.0 || size.y < 1.0 {
        return;
    }
    let mut free = viewport.0.unwrap_or(Rect::from_corners(Vec2::ZERO, size));
    if compare.is_side_by_side() {
        // The left of two linked views.
        free.max.x = compare.divider_px(free.min.x, free.max.x);
    }
    let centre = free.center().clamp(Vec2::ZERO, size);
    let free = free.size().clamp(size * 0.1, size);
    let next = Lens { size_px: size, centre_px: centre };
    if next != lens.lens || scale != lens.scale || free != lens.free_px {
        *lens = MapLens { lens: next, scale, free_px: free };
        redraw.scene();
        // Home fits the free part; who is at home stays there.
        let home = home(&settings.city, &ground, &next, free);
        if rig.pose == rig.home {
            rig.pose = home;
        }
        rig.home = home;
        if let Some(view) = views.0.iter_mut().find(|v| v.key == "overview") {
            view.pose = home;
        }
    }
}

/// Puts the camera where the rig says and draws the 3D only when needed.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn apply_rig(
    mut camera: Query<(&mut Camera, &mut Transform, &mut Projection), With<MainCamera>>,
    rig: Res<CameraRig>,
    lens: Res<MapLens>,
    picture: Option<Res<Picture>>,
    quality: Option<Res<ResolvedQuality>>,
    mut images: ResMut<Assets<Image>>,
    mut screens: ResMut<Assets<ScreenMaterial>>,
    mut redraw: ResMut<Redraw>,
) {
    let Ok((mut camera, mut transform, mut projection)) = camera.single_mut() else { return };
    if rig.is_changed() || lens.is_changed() {
        redraw.scene();
        *transform = rig.pose.transform();
        *projection = Projection::custom(LensProjection(lens.lens));
    }
    if let Some(picture) = picture {
        let size = (lens.lens.size_px * picture.scale).as_uvec2().max(UVec2::splat(16));
        let wrong = images.get(&picture.image).is_some_and(|i| UVec2::new(i.width(), i.height()) != size);
        if wrong {
            if let Some(mut image) = images.get_mut(&picture.image) {
                *image = Image::new_target_texture(size.x, size.y, TextureFormat::Rgba8UnormSrgb, None);
            }
            // The material's bind group holds the old texture: touch it.
            if let Some(mut material) = screens.get_mut(&picture.material) {
                material.picture = picture.image.clone();
            }
            redraw.scene();
        }
        let wanted = redraw.wanted();
        if camera.is_active != wanted {
            camera.is_active = wanted;
        }
    }
    let _ = quality;
    redraw.drawn();
}

/// World to screen for labels and picks: pixel (physical) at which a city place is seen.
#[must_use]
pub fn project(lens: &MapLens, rig: &CameraRig, place: [f32; 3]) -> Option<Vec2> {
    lens.lens.project(&rig.pose, crate::frame::to_scene(place[0], place[1], place[2]))
}
