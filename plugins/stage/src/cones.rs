//! What cameras and drones see of the ground: faint fields with bright edges, from the lens to where they end.
//!
//! Whoever knows the devices sets [`SeenFields`]; directions are never invented, so a device that nobody gave a bearing
//! has none.

use std::sync::Arc;

use bevy::camera::visibility::NoFrustumCulling;
use bevy::prelude::*;

use crate::StageSettings;
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::layers::LayerTag;
use crate::lines::{LineMaterial, Polyline, line_mesh};
use crate::look::Look;
use crate::redraw::Redraw;
use crate::solid::{Solid, SolidMaterial};

/// The ground that one device sees, local m.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenField {
    /// Where its lens is: east, north, height above the ground, m.
    pub lens_m: [f32; 3],
    /// The edge of the field that is near to it, from left to right.
    pub near_m: Vec<[f32; 2]>,
    /// The far edge, with as many points.
    pub far_m: Vec<[f32; 2]>,
    /// Somebody points at it or has it open.
    pub chosen: bool,
}

/// The fields to show. They are drawn again when the version changes.
#[derive(Resource, Clone, Debug, Default)]
pub struct SeenFields {
    /// Grows with every change.
    pub version: u64,
    /// The fields.
    pub rows: Arc<Vec<SeenField>>,
}

impl SeenFields {
    /// Shows these from now on; says whether anything changed.
    pub fn put(&mut self, rows: Vec<SeenField>) -> bool {
        if *self.rows == rows {
            return false;
        }
        self.rows = Arc::new(rows);
        self.version += 1;
        true
    }
}

/// Height of the field above the ground, m.
const LIFT_M: f32 = 1.2;
/// Steps from the near edge to the far one: the field follows the ground between them.
const STEPS: usize = 8;

fn between(a: [f32; 2], b: [f32; 2], t: f32) -> [f32; 2] {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}

/// The fields as draped faces: strongest near the lens, where faces and plates are told apart.
#[must_use]
pub fn faces(fields: &[SeenField], ground: &Ground, look: &Look) -> Solid {
    let mut solid = Solid::default();
    for field in fields {
        let across = field.near_m.len().min(field.far_m.len());
        if across < 2 {
            continue;
        }
        let (tint, strong) = if field.chosen { (look.accent, 0.30) } else { (look.edge, 0.16) };
        let mut rows = Vec::with_capacity((STEPS + 1) * across);
        for step in 0..=STEPS {
            let share = step as f32 / STEPS as f32;
            let color = tint.truncate().extend(strong * (0.22 + 0.78 * (1.0 - share).powf(1.4))).to_array();
            for (near, far) in field.near_m.iter().zip(&field.far_m) {
                let [e, n] = between(*near, *far, share);
                rows.push(solid.corner(to_scene(e, n, ground.height_m(e, n) + LIFT_M), Vec3::Y, color));
            }
        }
        for cell in 0..STEPS {
            for k in 1..across {
                let (a, b) = (cell * across + k, (cell + 1) * across + k);
                solid.triangle([rows[a - 1], rows[b - 1], rows[b]]);
                solid.triangle([rows[a - 1], rows[b], rows[a]]);
            }
        }
    }
    solid
}

/// Outlines of the fields, and the rays from the lens to the ends of the far edge.
#[must_use]
pub fn edges(fields: &[SeenField], ground: &Ground, look: &Look) -> Vec<Polyline> {
    let mut lines = Vec::new();
    for field in fields {
        let (Some(first), Some(last)) = (field.far_m.first(), field.far_m.last()) else { continue };
        let (tint, alpha) = if field.chosen { (look.accent, 0.75) } else { (look.edge, 0.34) };
        let line = |points, from: f32, to: f32, width_px| Polyline {
            points,
            colors: [tint.with_w(from), tint.with_w(to)],
            width_px,
            dash_m: 0.0,
        };
        let mut ring = field.far_m.clone();
        ring.extend(field.near_m.iter().rev());
        ring.push(*first);
        lines.push(line(ground.drape(&ring, 12.0, LIFT_M + 0.1), alpha, alpha, 1.5));
        let [e, n, up] = field.lens_m;
        let lens = [e, n, ground.height_m(e, n) + up];
        for end in [first, last] {
            let foot = [end[0], end[1], ground.height_m(end[0], end[1]) + LIFT_M];
            lines.push(line(vec![lens, foot], alpha, 0.25 * alpha, 1.2));
        }
    }
    lines
}

/// What was spawned of the fields.
#[derive(Component)]
pub(crate) struct FieldLayer;

/// Draws the fields again when they or the theme change.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show(
    mut commands: Commands,
    fields: Res<SeenFields>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    mut drawn: Local<u64>,
    old: Query<Entity, With<FieldLayer>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut lines: ResMut<Assets<LineMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    if *drawn == fields.version && !settings.is_changed() {
        return;
    }
    *drawn = fields.version;
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    let solid = faces(&fields.rows, &ground, &look);
    if solid.is_empty() {
        return;
    }
    let material = solids.add(SolidMaterial { look: *look, ghost: true, layer: crate::solid::layer::CAMERAS });
    let mesh = Mesh3d(meshes.add(solid.into_mesh()));
    commands.spawn((FieldLayer, LayerTag("cameras"), mesh, MeshMaterial3d(material), NoFrustumCulling));
    let material = lines.add(LineMaterial { look: *look, order: 70.0, on_top: false });
    let mesh = Mesh3d(meshes.add(line_mesh(&edges(&fields.rows, &ground, &look))));
    commands.spawn((FieldLayer, LayerTag("cameras"), mesh, MeshMaterial3d(material), NoFrustumCulling));
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::City;
    use guanlan_core::theme::Theme;

    fn east() -> SeenField {
        SeenField {
            lens_m: [10.0, 20.0, 6.0],
            near_m: vec![[15.0, 23.0], [16.0, 20.0], [15.0, 17.0]],
            far_m: vec![[80.0, 60.0], [90.0, 20.0], [80.0, -20.0]],
            chosen: true,
        }
    }

    #[test]
    fn a_field_covers_what_lies_between_its_edges_and_fades_outward() {
        let ground = Ground::new(&Arc::new(City::default()));
        let look = Look::new(Theme::CommandDark, [0.0; 4]);
        let mesh = faces(&[east()], &ground, &look).into_mesh();
        let positions =
            mesh.attribute(Mesh::ATTRIBUTE_POSITION).and_then(|a| a.as_float3().map(<[_]>::to_vec)).unwrap();
        assert_eq!(positions.len(), 3 * (STEPS + 1));
        let reach = positions.iter().map(|p| p[0]).fold(f32::MIN, f32::max);
        assert!((reach - 90.0).abs() < 1e-3 && positions.iter().all(|p| p[0] >= 14.9 && (p[1] - LIFT_M).abs() < 1e-3));
        let lines = edges(&[east()], &ground, &look);
        assert_eq!(lines.len(), 3, "an outline and two rays");
        assert_eq!(lines[1].points[0], [10.0, 20.0, 6.0]);
        let empty = SeenField { near_m: Vec::new(), ..east() };
        assert!(faces(&[empty], &ground, &look).is_empty(), "a broken field is left out");
    }

    #[test]
    fn the_same_fields_are_not_drawn_again() {
        let mut fields = SeenFields::default();
        assert!(fields.put(vec![east()]) && !fields.put(vec![east()]));
        assert_eq!(fields.version, 1);
    }
}
