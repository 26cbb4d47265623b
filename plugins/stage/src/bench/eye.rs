//! The camera of a race: another angle of view than the room's, and nothing that the race does not have.

use bevy::camera::{CameraProjection, SubCameraView};
use bevy::math::Vec3A;
use bevy::prelude::*;

use crate::StageSystems;
use crate::ground::GroundMaterial;
use crate::light::sky::SkyMaterial;
use crate::screen::{LensProjection, MainCamera, MapLens};
use crate::weather::RainMaterial;

/// Vertical angle of view that replaces the room's, degrees.
#[derive(Resource, Clone, Copy, Debug)]
pub struct FieldOfView(pub f32);

/// The race has no ground and no sky: while the resource is there they are not drawn.
#[derive(Resource, Clone, Copy, Debug)]
pub struct Bare;

#[derive(Clone, Copy, Debug)]
struct Perspective {
    fov: f32,
    size_px: Vec2,
    room: LensProjection,
}

impl CameraProjection for Perspective {
    fn get_clip_from_view(&self) -> Mat4 {
        Mat4::perspective_infinite_reverse_rh(self.fov, self.size_px.x / self.size_px.y.max(1.0), 10.0)
    }
    fn get_clip_from_view_for_sub(&self, _: &SubCameraView) -> Mat4 {
        self.get_clip_from_view()
    }
    fn update(&mut self, _: f32, _: f32) {}
    fn far(&self) -> f32 {
        20_000.0
    }
    fn get_frustum_corners(&self, z_near: f32, z_far: f32) -> [Vec3A; 8] {
        self.room.get_frustum_corners(z_near, z_far)
    }
}

/// Keeps the angle of view while the resource is there.
pub fn plugin(app: &mut App) {
    app.add_systems(Update, widen.after(StageSystems::Apply).run_if(resource_exists::<FieldOfView>));
    app.add_systems(PostStartup, bare.run_if(resource_exists::<Bare>));
}

type Painted =
    Or<(With<MeshMaterial3d<GroundMaterial>>, With<MeshMaterial3d<SkyMaterial>>, With<MeshMaterial3d<RainMaterial>>)>;

fn bare(mut commands: Commands, painted: Query<Entity, Painted>) {
    painted.iter().for_each(|entity| {
        commands.entity(entity).insert(Visibility::Hidden);
    });
}

fn widen(
    fov: Res<FieldOfView>,
    lens: Res<MapLens>,
    rig: Res<crate::CameraRig>,
    mut cameras: Query<&mut Projection, With<MainCamera>>,
) {
    if rig.is_changed() || lens.is_changed() || fov.is_changed() {
        for mut projection in &mut cameras {
            *projection = Projection::custom(Perspective {
                fov: fov.0.to_radians(),
                size_px: lens.lens.size_px,
                room: LensProjection(lens.lens),
            });
        }
    }
}
