//! View cones of cameras: faint wedges on the ground that say what a camera sees.

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;

use crate::StageSettings;
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::layers::{Camera, Cameras, LayerTag};
use crate::look::Look;
use crate::redraw::Redraw;
use crate::solid::{Solid, SolidMaterial};

/// What a camera sees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewCone {
    /// Where it stands, local m.
    pub place_m: [f32; 2],
    /// Where it looks, degrees clockwise from north.
    pub heading_deg: f32,
    /// Horizontal field of view, degrees.
    pub fov_deg: f32,
    /// As far as it tells people apart, m.
    pub reach_m: f32,
}

impl ViewCone {
    /// The cone of a camera; `None` when nobody said where it looks: a direction is never invented.
    #[must_use]
    pub fn of(camera: &Camera) -> Option<Self> {
        let heading_deg = camera.heading_deg?;
        Some(Self { place_m: camera.place_m, heading_deg, fov_deg: camera.fov_deg, reach_m: camera.range_m })
    }
}

/// Height above the ground, m.
const LIFT_M: f32 = 1.2;

/// The wedges, draped on the ground.
#[must_use]
pub fn wedges(cones: &[ViewCone], ground: &Ground, look: &Look) -> Solid {
    let mut solid = Solid::default();
    for cone in cones {
        let (steps, rings) = ((cone.fov_deg.abs() / 6.0).ceil().clamp(2.0, 60.0) as u32, 5u32);
        let mut numbers = Vec::with_capacity(((steps + 1) * (rings + 1)) as usize);
        for ring in 0..=rings {
            let share = ring as f32 / rings as f32;
            // Sees best near by: the wedge fades outward.
            let color = look.edge.truncate().extend(0.24 * (1.0 - share).powf(1.3)).to_array();
            for step in 0..=steps {
                let turn = (step as f32 / steps as f32 - 0.5) * cone.fov_deg;
                let (sin, cos) = (cone.heading_deg + turn).to_radians().sin_cos();
                let (east, north) =
                    (cone.place_m[0] + sin * cone.reach_m * share, cone.place_m[1] + cos * cone.reach_m * share);
                let place = to_scene(east, north, ground.height_m(east, north) + LIFT_M);
                numbers.push(solid.corner(place, Vec3::Y, color));
            }
        }
        let at = |ring: u32, step: u32| numbers[(ring * (steps + 1) + step) as usize];
        for ring in 0..rings {
            for step in 0..steps {
                solid.triangle([at(ring, step), at(ring + 1, step), at(ring + 1, step + 1)]);
                solid.triangle([at(ring, step), at(ring + 1, step + 1), at(ring, step + 1)]);
            }
        }
    }
    solid
}

/// What was spawned of the cones.
#[derive(Component)]
pub(crate) struct ConeLayer;

/// Rebuilds the wedges when the cameras change.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show(
    mut commands: Commands,
    cameras: Option<Res<Cameras>>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    mut drawn: Local<Option<u64>>,
    old: Query<Entity, With<ConeLayer>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let Some(cameras) = cameras else { return };
    if *drawn == Some(cameras.version) && !settings.is_changed() {
        return;
    }
    *drawn = Some(cameras.version);
    let cones: Vec<ViewCone> = cameras.rows.iter().filter_map(ViewCone::of).collect();
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let solid = wedges(&cones, &ground, &look);
    if !solid.is_empty() {
        let material = solids.add(SolidMaterial { look: *look, ghost: true, layer: crate::solid::layer::CAMERAS });
        commands.spawn((
            ConeLayer,
            LayerTag("cameras"),
            Mesh3d(meshes.add(solid.into_mesh())),
            MeshMaterial3d(material),
            NoFrustumCulling,
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::City;
    use guanlan_core::theme::Theme;

    #[test]
    fn a_camera_that_looks_east_covers_the_east() {
        let ground = Ground::new(&std::sync::Arc::new(City::default()));
        let look = Look::new(Theme::CommandDark, [0.0; 4]);
        let cone = ViewCone { place_m: [10.0, 20.0], heading_deg: 90.0, fov_deg: 60.0, reach_m: 80.0 };
        let mesh = wedges(&[cone], &ground, &look).into_mesh();
        let positions =
            mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3().map(<[_]>::to_vec)).unwrap();
        let east = positions.iter().map(|p| p[0]).fold(f32::MIN, f32::max);
        assert!((east - 90.0).abs() < 0.1, "reaches {east}");
        assert!(positions.iter().all(|p| p[0] >= 9.99 && (p[2] + 20.0).abs() <= 40.1));
    }
}
