//! The underground: pipes by diameter and fill, manholes as shafts, pumps with their state, basements.
//!
//! While it is on, the terrain fades, buildings leave their outlines, and what lies below is seen. How full things are
//! is a column beside the mesh: news of the water send that column and touch no geometry.

use std::sync::Arc;

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use bevy::render::storage::ShaderBuffer;
use guanlan_city::City;
use guanlan_city::model::{DrainNodeKind, DrainageNetwork};

use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::layers::LayerTag;
use crate::lines::{ATTRIBUTE_OTHER, ATTRIBUTE_STYLE};
use crate::look::Look;
use crate::redraw::{Ambient, Redraw};
use crate::solid::{Solid, SolidMaterial};
use crate::{KeyboardCaptured, StageSettings, shaders};

/// How much of the terrain is left while one looks below it.
const FADED: f32 = 0.25;
/// Height of a storey below ground, m.
const BASEMENT_M: f32 = 3.6;
/// Radius at which a shaft is drawn, m.
const SHAFT_M: f32 = 0.6;

/// Whether one looks below the ground, and how deep.
#[derive(Resource, Clone, Copy, Debug, PartialEq)]
pub struct Underground {
    /// On or off; key U.
    pub on: bool,
    /// Nothing deeper than this below the ground is drawn, m.
    pub depth_m: f32,
}

impl Default for Underground {
    fn default() -> Self {
        Self { on: false, depth_m: 60.0 }
    }
}

/// What a pump does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PumpState {
    /// Nobody says.
    #[default]
    Unknown,
    /// Stands by.
    Idle,
    /// Pumps.
    Running,
    /// Broken, or without power.
    Failed,
}

/// How full the network is. Set it from the solver or from gauges; what is absent or NaN is drawn grey.
#[derive(Resource, Clone, Debug, Default, PartialEq)]
pub struct DrainFill {
    /// Share of each conduit's height that is under water, 0–1, in the order of `City::drainage`; 1 and more is
    /// surcharged.
    pub conduits: Arc<Vec<f32>>,
    /// Share of each node's depth that is under water.
    pub nodes: Arc<Vec<f32>>,
    /// State of each pump.
    pub pumps: Arc<Vec<PumpState>>,
}

/// Draws the network as round bodies that keep a width on the screen.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct PipeMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
    /// See [`fill_column`].
    #[storage(1, read_only)]
    pub fill: Handle<ShaderBuffer>,
}

crate::plain_material!(PipeMaterial, shaders::PIPES, [Mesh::ATTRIBUTE_POSITION, ATTRIBUTE_OTHER, ATTRIBUTE_STYLE]);

/// Kinds of bodies, as the shader knows them.
const PIPE: f32 = 0.0;
const SHAFT: f32 = 1.0;
const PUMP: f32 = 2.0;

#[derive(Default)]
struct Bodies {
    positions: Vec<[f32; 3]>,
    others: Vec<[f32; 4]>,
    styles: Vec<[f32; 4]>,
    indices: Vec<u32>,
}

impl Bodies {
    /// A round body between two places (east, north, height).
    fn push(&mut self, a: [f32; 3], b: [f32; 3], radius_m: f32, row: usize, kind: f32) {
        let (pa, pb) = (to_scene(a[0], a[1], a[2]), to_scene(b[0], b[1], b[2]));
        if pa.distance_squared(pb) < 1e-4 {
            return;
        }
        let first = self.positions.len() as u32;
        for (me, other, sign) in [(pa, pb, 1.0), (pb, pa, -1.0)] {
            for side in [-1.0f32, 1.0] {
                self.positions.push(me.to_array());
                self.others.push(other.extend(sign).to_array());
                self.styles.push([side * sign, radius_m, row as f32, kind]);
            }
        }
        self.indices.extend([first, first + 1, first + 2, first + 2, first + 1, first + 3]);
    }

    fn mesh(self) -> Option<Mesh> {
        (!self.positions.is_empty()).then(|| {
            Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
                .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
                .with_inserted_attribute(ATTRIBUTE_OTHER, self.others)
                .with_inserted_attribute(ATTRIBUTE_STYLE, self.styles)
                .with_inserted_indices(Indices::U32(self.indices))
        })
    }
}

/// A share, or −1 where nobody says.
fn known(values: &[f32], i: usize) -> f32 {
    values.get(i).copied().filter(|v| v.is_finite()).map_or(-1.0, |v| v.clamp(0.0, 1.5))
}

/// How full everything is: conduits, then nodes, then the states of the pumps, in the order of the network. A share of
/// 0–1, 1 and more surcharged; −1 where nobody says. Bodies of [`network_mesh`] name their row in it.
#[must_use]
pub fn fill_column(net: &DrainageNetwork, fill: &DrainFill) -> Vec<f32> {
    let pump = |i: usize| match fill.pumps.get(i).copied().unwrap_or_default() {
        PumpState::Unknown => -1.0,
        PumpState::Idle => 0.0,
        PumpState::Running => 1.0,
        PumpState::Failed => 2.0,
    };
    let conduits = (0..net.conduits.len()).map(|i| known(&fill.conduits, i));
    let nodes = (0..net.nodes.len()).map(|i| known(&fill.nodes, i));
    conduits.chain(nodes).chain((0..net.pumps.len()).map(pump)).collect()
}

fn fill_buffer(net: &DrainageNetwork, fill: &DrainFill) -> ShaderBuffer {
    let column = fill_column(net, fill);
    // A buffer without a word is none.
    let bytes: Vec<u8> = column.iter().chain(&[-1.0; 4]).flat_map(|v| v.to_le_bytes()).collect();
    ShaderBuffer::new(&bytes, RenderAssetUsages::RENDER_WORLD)
}

/// The network as one mesh; `None` when it has no place on the map.
#[must_use]
pub fn network_mesh(net: &DrainageNetwork, ground: &Ground, depth_m: f32) -> Option<Mesh> {
    let mut bodies = Bodies::default();
    let deep = |p: [f64; 2], z: f32| ground.height_m(p[0] as f32, p[1] as f32) - z > depth_m;
    for (i, pipe) in net.conduits.iter().enumerate() {
        let (Some(from), Some(to)) = (net.nodes.get(pipe.from), net.nodes.get(pipe.to)) else { continue };
        let (Some(a), Some(b)) = (from.place_m, to.place_m) else { continue };
        let radius = (pipe.geom_m[0] * 0.5).clamp(0.1, 4.0);
        let (za, zb) = (from.invert_m + pipe.in_offset_m + radius, to.invert_m + pipe.out_offset_m + radius);
        if deep(a, za) && deep(b, zb) {
            continue;
        }
        let way: Vec<[f64; 2]> =
            std::iter::once(a).chain(pipe.vertices.iter().copied()).chain(std::iter::once(b)).collect();
        let step = |w: &[[f64; 2]]| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]) as f32;
        let total: f32 = way.windows(2).map(step).sum();
        let mut run = 0.0;
        for w in way.windows(2) {
            let at = |p: [f64; 2], run: f32| {
                [p[0] as f32, p[1] as f32, za + (zb - za) * (run / total.max(0.01)).clamp(0.0, 1.0)]
            };
            let next = run + step(w);
            bodies.push(at(w[0], run), at(w[1], next), radius, i, PIPE);
            run = next;
        }
    }
    for (i, node) in net.nodes.iter().enumerate() {
        let Some(p) = node.place_m else { continue };
        if deep(p, node.invert_m + node.max_depth_m) {
            continue;
        }
        let (east, north) = (p[0] as f32, p[1] as f32);
        let top = ground.height_m(east, north).max(node.invert_m + node.max_depth_m.max(0.5));
        let radius = if node.kind == DrainNodeKind::Storage {
            (node.area_m2.max(4.0) / std::f32::consts::PI).sqrt().clamp(1.5, 12.0)
        } else {
            SHAFT_M
        };
        let row = net.conduits.len() + i;
        bodies.push([east, north, node.invert_m], [east, north, top], radius, row, SHAFT);
    }
    for (i, pump) in net.pumps.iter().enumerate() {
        let Some(p) = net.nodes.get(pump.from).and_then(|n| n.place_m) else { continue };
        let (east, north) = (p[0] as f32, p[1] as f32);
        let top = ground.height_m(east, north);
        let row = net.conduits.len() + net.nodes.len() + i;
        bodies.push([east, north, top + 0.5], [east, north, top + 7.0], 1.6, row, PUMP);
    }
    bodies.mesh()
}

/// Basements as boxes below their buildings, renderer frame.
#[must_use]
pub fn basements(city: &City, look: &Look, depth_m: f32) -> Solid {
    let mut solid = Solid::default();
    let side = look.edge.truncate().lerp(look.wall.truncate(), 0.4).extend(0.20).to_array();
    let floor = look.edge.truncate().extend(0.30).to_array();
    for building in city.buildings.iter().filter(|b| b.basements > 0) {
        for part in building.parts.iter().filter(|p| p.footprint.len() >= 3) {
            let low = part.base_m - (f32::from(building.basements) * BASEMENT_M).min(depth_m);
            let ring = &part.footprint;
            for i in 0..ring.len() {
                let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
                let at = |p: [f32; 2], z: f32| to_scene(p[0], p[1], z);
                solid.polygon(&[at(a, low), at(b, low), at(b, part.base_m), at(a, part.base_m)], side);
            }
            solid.cap(ring, low, floor);
        }
    }
    solid
}

/// What was spawned of the underground.
#[derive(Component)]
pub(crate) struct Below;

/// Key U looks below the ground and back.
pub(crate) fn key(
    keys: Option<Res<ButtonInput<KeyCode>>>,
    typing: Res<KeyboardCaptured>,
    mut underground: ResMut<Underground>,
) {
    if keys.is_some_and(|k| k.just_pressed(KeyCode::KeyU)) && !typing.0 {
        underground.on = !underground.on;
    }
}

/// Pumps that run are seen to run.
pub(crate) fn keep_pumping(underground: Res<Underground>, fill: Res<DrainFill>, mut redraw: ResMut<Redraw>) {
    redraw.ambient(Ambient::Pumps, underground.on && fill.pumps.contains(&PumpState::Running));
}

/// Shows or hides the underground, and follows its fill.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show(
    mut commands: Commands,
    underground: Res<Underground>,
    fill: Res<DrainFill>,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    old: Query<Entity, With<Below>>,
    mut look: ResMut<Look>,
    mut buffers: ResMut<Assets<ShaderBuffer>>,
    mut pipes: ResMut<Assets<PipeMaterial>>,
    mut solids: ResMut<Assets<SolidMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    let city = &settings.city;
    if !underground.is_changed() {
        if fill.is_changed()
            && underground.on
            && let Some(net) = &city.drainage
        {
            let column = buffers.add(fill_buffer(net, &fill));
            pipes.iter_mut().for_each(|(_, material)| material.fill = column.clone());
            redraw.scene();
        }
        return;
    }
    let (opacity, on) = if underground.on { (FADED, 1.0) } else { (1.0, 0.0) };
    if (look.under.x, look.under.y) != (opacity, on) {
        look.under.x = opacity;
        look.under.y = on;
    }
    redraw.scene();
    old.iter().for_each(|entity| commands.entity(entity).despawn());
    if !underground.on {
        return;
    }
    if let Some(net) = &city.drainage
        && let Some(mesh) = network_mesh(net, &ground, underground.depth_m)
    {
        let column = buffers.add(fill_buffer(net, &fill));
        let material = pipes.add(PipeMaterial { look: *look, fill: column });
        let mesh = Mesh3d(meshes.add(mesh));
        commands.spawn((Below, LayerTag("drainage"), mesh, MeshMaterial3d(material), NoFrustumCulling));
    }
    let boxes = basements(city, &look, underground.depth_m);
    if !boxes.is_empty() {
        let material = solids.add(SolidMaterial { look: *look, ghost: true, layer: crate::solid::layer::DRAINAGE });
        let mesh = Mesh3d(meshes.add(boxes.into_mesh()));
        commands.spawn((Below, LayerTag("drainage"), mesh, MeshMaterial3d(material), NoFrustumCulling));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{Building, BuildingPart, Conduit, DrainNode, Pump};

    fn net() -> DrainageNetwork {
        let node = |east: f64, invert_m: f32| DrainNode {
            place_m: Some([east, 0.0]),
            invert_m,
            max_depth_m: 3.0,
            ..Default::default()
        };
        DrainageNetwork {
            nodes: vec![node(0.0, -3.0), node(100.0, -3.5), DrainNode::default()],
            conduits: vec![
                Conduit {
                    from: 0,
                    to: 1,
                    geom_m: [0.8, 0.0, 0.0, 0.0],
                    vertices: vec![[50.0, 20.0]],
                    ..Default::default()
                },
                Conduit { from: 0, to: 2, ..Default::default() },
                Conduit { from: 0, to: 9, ..Default::default() },
            ],
            pumps: vec![Pump { from: 1, to: 0, ..Default::default() }],
            ..Default::default()
        }
    }

    fn styles(mesh: &Mesh) -> Vec<[f32; 4]> {
        match mesh.attribute(ATTRIBUTE_STYLE) {
            Some(bevy::mesh::VertexAttributeValues::Float32x4(v)) => v.clone(),
            _ => panic!("styles"),
        }
    }

    #[test]
    fn pipes_bend_shafts_stand_and_what_has_no_place_is_left_out() {
        let ground = Ground::new(&Arc::new(City::default()));
        let mesh = network_mesh(&net(), &ground, 60.0).unwrap();
        // Two stretches of one pipe, two shafts, one pump: four corners each.
        assert_eq!(mesh.count_vertices(), 4 * 5);
        let column = fill_column(&net(), &DrainFill::default());
        assert!(styles(&mesh).iter().all(|s| column[s[2] as usize] == -1.0), "nobody says how full they are");
    }

    #[test]
    fn fill_and_pumps_show_what_is_known() {
        let ground = Ground::new(&Arc::new(City::default()));
        let fill = DrainFill {
            conduits: Arc::new(vec![0.6, f32::NAN]),
            nodes: Arc::default(),
            pumps: Arc::new(vec![PumpState::Running]),
        };
        let mesh = network_mesh(&net(), &ground, 60.0).unwrap();
        let (styles, column) = (styles(&mesh), fill_column(&net(), &fill));
        let of = |kind: f32, value: f32| {
            styles.iter().filter(|s| s[3] == kind && (column[s[2] as usize] - value).abs() < 1e-6).count()
        };
        assert_eq!(of(PIPE, 0.6), 8);
        assert_eq!(of(PUMP, 1.0), 4);
        assert_eq!(of(SHAFT, -1.0), 8);
        assert!(network_mesh(&net(), &ground, 1.0).is_none_or(|m| m.count_vertices() < 20), "a shallow cut");
    }

    #[test]
    fn a_basement_reaches_as_deep_as_its_storeys() {
        let part = BuildingPart {
            footprint: vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]],
            base_m: 5.0,
            ..Default::default()
        };
        let city = City {
            buildings: vec![Building { basements: 2, parts: vec![part], ..Default::default() }],
            ..Default::default()
        };
        let look = Look::new(guanlan_core::theme::Theme::CommandDark, [0.0; 4]);
        let mesh = basements(&city, &look, 60.0).into_mesh();
        let low = mesh
            .attribute(Mesh::ATTRIBUTE_POSITION)
            .and_then(|a| a.as_float3())
            .map(|p| p.iter().map(|p| p[1]).fold(f32::MAX, f32::min));
        assert_eq!(low, Some(5.0 - 7.2));
    }
}
