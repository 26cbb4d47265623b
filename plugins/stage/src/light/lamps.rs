//! Street light: a soft point at the head of every lamp while it is dark, from a pearl on an avenue seen from afar to a
//! halo over the pavement.

use std::collections::BTreeSet;

use bevy::asset::RenderAssetUsages;
use bevy::camera::visibility::NoFrustumCulling;
use bevy::mesh::{Indices, MeshVertexAttribute, PrimitiveTopology, VertexAttributeValues, VertexFormat};
use bevy::prelude::*;
use bevy::render::render_resource::AsBindGroup;
use guanlan_city::City;
use guanlan_city::model::RoadClass;

use crate::StageSettings;
use crate::frame::to_scene;
use crate::furniture::{Model, model_of};
use crate::ground::heights::Ground;
use crate::ground::paint::road_width_m;
use crate::layers::LayerTag;
use crate::look::Look;
use crate::redraw::Redraw;
use crate::shaders;

/// Height of a lamp's head above the ground, m.
const HEAD_M: f32 = 7.7;
/// Lamps drawn at most: a larger town shows an even choice of them.
const MOST: usize = 24_000;
/// Way between lamps along roads of which only the line is known, m.
const EVERY_M: f32 = 40.0;
/// Side of the cells by which a lamp is told to stand on a main road, m.
const CELL_M: f32 = 24.0;
/// Light of a lamp in a lane, of one on an avenue.
const LIGHT: [f32; 2] = [0.42, 1.0];
/// From this darkness on lamps are lit (see [`super::Tone::night`]).
const DARK: f32 = 0.02;

/// Corner of the point (x, y) and its light (z).
const ATTRIBUTE_GLOW: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanGlow", 0x6775_6118, VertexFormat::Snorm8x4);

/// Draws points of light that add up.
#[derive(Asset, TypePath, AsBindGroup, Clone)]
pub struct LampMaterial {
    /// Shared look.
    #[uniform(0)]
    pub look: Look,
}

crate::plain_material!(LampMaterial, shaders::LAMPS, [Mesh::ATTRIBUTE_POSITION, ATTRIBUTE_GLOW], {
    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Add
    }
    // Before water, outlines and marks: none of them is lit up.
    fn depth_bias(&self) -> f32 {
        -1000.0
    }
});

/// One lamp: where its head is and how much light it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lamp {
    /// East, north, local m.
    pub place_m: [f32; 2],
    /// 1 on an avenue, less in a lane.
    pub light: f32,
}

fn is_main(class: RoadClass) -> bool {
    matches!(class, RoadClass::Motorway | RoadClass::Primary | RoadClass::Secondary)
}

/// Places every so many metres of a line, `off` m to its sides in turn, or on both.
fn along(line: &[[f32; 2]], off_m: f32, both: bool, mut put: impl FnMut([f32; 2])) {
    let (mut run, mut next, mut left) = (0.0, EVERY_M * 0.5, true);
    for pair in line.windows(2) {
        let [a, b] = [Vec2::from(pair[0]), Vec2::from(pair[1])];
        let length = a.distance(b);
        let aside = (b - a).normalize_or_zero().perp() * off_m;
        while next <= run + length && length > 0.0 {
            let at = a.lerp(b, (next - run) / length);
            let sides: &[f32] = if both { &[1.0, -1.0] } else { &[1.0] };
            for side in sides {
                put((at + aside * *side * if left { 1.0 } else { -1.0 }).to_array());
            }
            left = !left;
            next += EVERY_M;
        }
        run += length;
    }
}

fn cell(place: [f32; 2]) -> (i32, i32) {
    ((place[0] / CELL_M).floor() as i32, (place[1] / CELL_M).floor() as i32)
}

/// Cells that a main road or its kerbs run through.
fn avenues(city: &City) -> BTreeSet<(i32, i32)> {
    let mut cells = BTreeSet::new();
    for road in city.roads.iter().filter(|r| is_main(r.class)) {
        let half = road_width_m(road.class, road.width_m) * 0.5 + 1.5;
        for pair in road.line.windows(2) {
            let [a, b] = [Vec2::from(pair[0]), Vec2::from(pair[1])];
            let steps = (a.distance(b) / (CELL_M * 0.4)).ceil().clamp(1.0, 10_000.0) as u32;
            let aside = (b - a).normalize_or_zero().perp() * half;
            for step in 0..=steps {
                let at = a.lerp(b, step as f32 / steps as f32);
                cells.extend([at, at + aside, at - aside].map(|p| cell(p.to_array())));
            }
        }
    }
    cells
}

/// The lamps of a city: those it knows, or some along its roads; an even choice of them where there are too many.
#[must_use]
pub fn lamps(city: &City) -> Vec<Lamp> {
    let avenues = avenues(city);
    let known = city.components.iter().filter(|c| model_of(&c.class) == Model::Lamp);
    let known = known.filter(|c| !matches!(c.state.as_str(), "丢失" | "移除"));
    let light = |main: bool| LIGHT[usize::from(main)];
    let mut all: Vec<Lamp> = known
        .map(|c| Lamp { place_m: c.place_m, light: light(avenues.contains(&cell(c.place_m))) })
        .filter(|l| l.place_m.iter().all(|v| v.is_finite()))
        .collect();
    if all.is_empty() {
        for road in city.roads.iter().filter(|r| !matches!(r.class, RoadClass::Foot | RoadClass::Service)) {
            let main = is_main(road.class);
            let off = road_width_m(road.class, road.width_m) * 0.5 + 0.8;
            along(&road.line, off, main, |place_m| all.push(Lamp { place_m, light: light(main) }));
        }
    }
    let stride = all.len().div_ceil(MOST).max(1);
    all.into_iter().step_by(stride).collect()
}

/// One quad a lamp, turned to the eye on the GPU.
#[must_use]
pub fn lamp_mesh(lamps: &[Lamp], ground: &Ground) -> Mesh {
    let (mut positions, mut glows, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for lamp in lamps {
        let [east, north] = lamp.place_m;
        let head = to_scene(east, north, ground.height_m(east, north) + HEAD_M).to_array();
        let first = positions.len() as u32;
        for [x, y] in [[-127, -127], [127, -127], [127, 127], [-127, 127]] {
            positions.push(head);
            glows.push([x, y, (lamp.light.clamp(0.0, 1.0) * 127.0) as i8, 0]);
        }
        indices.extend([first, first + 1, first + 2, first, first + 2, first + 3]);
    }
    Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
        .with_inserted_attribute(ATTRIBUTE_GLOW, VertexAttributeValues::Snorm8x4(glows))
        .with_inserted_indices(Indices::U32(indices))
}

/// The lamps that are lit.
#[derive(Component)]
pub(crate) struct Lit;

/// Lights the lamps when it grows dark and puts them out in the morning: by day they cost nothing.
#[expect(clippy::too_many_arguments, reason = "a system's arguments are its dependencies")]
pub(crate) fn show(
    mut commands: Commands,
    settings: Res<StageSettings>,
    ground: Res<Ground>,
    look: Res<Look>,
    lit: Query<Entity, With<Lit>>,
    mut materials: ResMut<Assets<LampMaterial>>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut redraw: ResMut<Redraw>,
) {
    if !look.is_changed() {
        return;
    }
    let wanted = look.windows.w * look.tune.z > DARK && look.under.y < 0.5;
    if wanted == lit.is_empty() {
        redraw.scene();
        lit.iter().for_each(|entity| commands.entity(entity).despawn());
        if wanted {
            let lamps = lamps(&settings.city);
            if lamps.is_empty() {
                return;
            }
            let mesh = Mesh3d(meshes.add(lamp_mesh(&lamps, &ground)));
            let material = MeshMaterial3d(materials.add(LampMaterial { look: *look }));
            commands.spawn((Lit, LayerTag("components"), mesh, material, NoFrustumCulling));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{Component as Part, Road};
    use std::sync::Arc;

    fn road(class: RoadClass, length_m: f32) -> Road {
        Road { class, line: vec![[0.0, 0.0], [length_m, 0.0]], ..Road::default() }
    }

    fn lamp(state: &str, place_m: [f32; 2]) -> Part {
        Part {
            code: String::new(),
            class: "01-037".into(),
            class_2013: String::new(),
            place_m,
            heading_deg: None,
            state: state.into(),
            org: String::new(),
        }
    }

    #[test]
    fn a_town_without_lamps_of_its_own_has_some_along_its_roads() {
        let roads =
            vec![road(RoadClass::Primary, 400.0), road(RoadClass::Residential, 400.0), road(RoadClass::Foot, 400.0)];
        let all = lamps(&City { roads, ..City::default() });
        let avenue = all.iter().filter(|l| l.light == LIGHT[1]).count();
        assert_eq!((avenue, all.len() - avenue), (20, 10), "both sides of an avenue, sides in turn in a lane");
        assert!(lamps(&City::default()).is_empty());
    }

    #[test]
    fn known_lamps_stand_where_they_are_and_those_on_avenues_are_brighter() {
        let components = vec![lamp("完好", [200.0, 12.0]), lamp("完好", [200.0, 300.0]), lamp("丢失", [10.0, 12.0])];
        let city = City { components, roads: vec![road(RoadClass::Primary, 400.0)], ..City::default() };
        let all = lamps(&city);
        assert_eq!(
            all.iter().map(|l| (l.place_m, l.light)).collect::<Vec<_>>(),
            [([200.0, 12.0], LIGHT[1]), ([200.0, 300.0], LIGHT[0])]
        );
        let mesh = lamp_mesh(&all, &Ground::new(&Arc::new(city)));
        assert_eq!((mesh.count_vertices(), mesh.indices().map(Indices::len)), (8, Some(12)));
    }

    #[test]
    fn a_large_town_shows_an_even_choice() {
        let roads = vec![road(RoadClass::Residential, EVERY_M * 3.0 * MOST as f32)];
        let all = lamps(&City { roads, ..City::default() });
        assert!(all.len() <= MOST && all.len() > MOST / 2, "{}", all.len());
    }
}
