//! Columns become meshes: four corners for each marker, widened to pixels on the GPU.

use bevy::asset::RenderAssetUsages;
use bevy::math::Vec4;
use bevy::mesh::{Indices, Mesh, MeshVertexAttribute, PrimitiveTopology, VertexFormat};
use guanlan_core::input::UnitStatus;
use guanlan_core::theme::{Theme, Token};
use guanlan_stage::frame::{heading_to_scene, to_scene};
use guanlan_stage::lines::Polyline;
use guanlan_stage::look::linear;

use crate::scene::{CaseMark, LevelMark, MarkerScene, QualityMark, SensorMark, UnitMark};

/// Corner (x, y in −1..1), size in px at 1080 lines, stem in m.
pub const ATTRIBUTE_CORNER: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanCorner", 0x6775_6131, VertexFormat::Float32x4);
/// Ahead (renderer x, z), ring share, age share.
pub const ATTRIBUTE_STATE: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanState", 0x6775_6132, VertexFormat::Float32x4);
/// Bits: kind 0–3, level 4–7, quality 8–11, unit status 12–15, flags from 16.
pub const ATTRIBUTE_BITS: MeshVertexAttribute =
    MeshVertexAttribute::new("GuanlanBits", 0x6775_6133, VertexFormat::Uint32);

/// Kinds in the low bits.
pub const KIND_SENSOR: u32 = 0;
/// See [`KIND_SENSOR`].
pub const KIND_CASE: u32 = 1;
/// See [`KIND_SENSOR`].
pub const KIND_UNIT: u32 = 2;
/// See [`KIND_SENSOR`].
pub const KIND_STEM: u32 = 3;
/// Selected.
pub const FLAG_SELECTED: u32 = 1 << 16;
/// Overdue.
pub const FLAG_OVERDUE: u32 = 1 << 17;
/// Breathes.
pub const FLAG_BREATHES: u32 = 1 << 18;

#[derive(Default)]
struct Columns {
    positions: Vec<[f32; 3]>,
    corners: Vec<[f32; 4]>,
    states: Vec<[f32; 4]>,
    bits: Vec<u32>,
    indices: Vec<u32>,
}

impl Columns {
    fn quad(&mut self, pos: [f32; 3], size_px: f32, stem_m: f32, state: [f32; 4], bits: u32) {
        let first = self.positions.len() as u32;
        let p = to_scene(pos[0], pos[1], pos[2]).to_array();
        for (x, y) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            self.positions.push(p);
            self.corners.push([x, y, size_px, stem_m]);
            self.states.push(state);
            self.bits.push(bits);
        }
        self.indices.extend([first, first + 1, first + 2, first, first + 2, first + 3]);
    }

    fn mesh(self) -> Option<Mesh> {
        (!self.positions.is_empty()).then(|| {
            Mesh::new(PrimitiveTopology::TriangleList, RenderAssetUsages::RENDER_WORLD)
                .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
                .with_inserted_attribute(ATTRIBUTE_CORNER, self.corners)
                .with_inserted_attribute(ATTRIBUTE_STATE, self.states)
                .with_inserted_attribute(ATTRIBUTE_BITS, self.bits)
                .with_inserted_indices(Indices::U32(self.indices))
        })
    }
}

/// Diameter of a sensor's mark, px at 1080 lines: a healthy one is small and quiet.
#[must_use]
pub fn sensor_px(level: LevelMark) -> f32 {
    match level {
        LevelMark::Normal => 6.0,
        LevelMark::Blue => 15.0,
        LevelMark::Yellow => 17.0,
        LevelMark::Orange => 19.0,
        LevelMark::Red => 23.0,
    }
}

/// Diameter of a case pin, px at 1080 lines.
pub const CASE_PX: f32 = 34.0;
/// Diameter of a unit, px at 1080 lines.
pub const UNIT_PX: f32 = 22.0;

/// The mesh of the sensors; worse ones are drawn later, over the others.
#[must_use]
pub fn sensors(rows: &[SensorMark]) -> Option<Mesh> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|&i| (rows[i as usize].selected, rows[i as usize].level));
    let mut columns = Columns::default();
    for i in order {
        let s = &rows[i as usize];
        let mut bits = KIND_SENSOR | (s.level as u32) << 4 | (s.quality as u32) << 8;
        let mut size = sensor_px(s.level);
        if s.level == LevelMark::Normal && s.quality != QualityMark::Good {
            size = 8.0;
        }
        if s.selected {
            bits |= FLAG_SELECTED;
            size = size.max(16.0);
        }
        if s.unacknowledged && s.level == LevelMark::Red {
            bits |= FLAG_BREATHES;
        }
        columns.quad(s.pos, size, 0.0, [0.0, 0.0, 0.0, f32::from(s.age_frac) / 255.0], bits);
    }
    columns.mesh()
}

/// The mesh of the crews.
#[must_use]
pub fn units(rows: &[UnitMark]) -> Option<Mesh> {
    let mut columns = Columns::default();
    for u in rows {
        let ahead = heading_to_scene(u.heading_deg);
        let mut bits = KIND_UNIT | (u.status as u32) << 12;
        let mut size = if u.status == UnitStatus::Available { UNIT_PX * 0.8 } else { UNIT_PX };
        if u.selected {
            bits |= FLAG_SELECTED;
            size = UNIT_PX * 1.2;
        }
        columns.quad(u.pos, size, 0.0, [ahead.x, ahead.z, 0.0, 0.0], bits);
    }
    columns.mesh()
}

/// The mesh of the case pins: stems first, then rings, the worst on top.
#[must_use]
pub fn cases(rows: &[CaseMark]) -> Option<Mesh> {
    let mut order: Vec<u32> = (0..rows.len() as u32).collect();
    order.sort_by_key(|&i| {
        let c = &rows[i as usize];
        (c.selected, c.level, c.overdue, i)
    });
    let mut columns = Columns::default();
    for &i in &order {
        let c = &rows[i as usize];
        if c.stem_m > 0.0 {
            columns.quad(c.pos, 2.0, c.stem_m, [0.0; 4], KIND_STEM | (c.level as u32) << 4);
        }
    }
    for i in order {
        let c = &rows[i as usize];
        let mut bits = KIND_CASE | (c.level as u32) << 4;
        if c.selected {
            bits |= FLAG_SELECTED;
        }
        if c.overdue {
            bits |= FLAG_OVERDUE;
        }
        if c.unacknowledged && c.level == LevelMark::Red {
            bits |= FLAG_BREATHES;
        }
        let size = if c.selected { CASE_PX * 1.25 } else { CASE_PX };
        columns.quad(c.pos, size, c.stem_m, [0.0, 0.0, c.elapsed_frac.clamp(0.0, 1.0), 0.0], bits);
    }
    columns.mesh()
}

/// Closed roads, routes and trails as lines, in drawing order.
#[must_use]
pub fn polylines(scene: &MarkerScene, theme: Theme) -> Vec<Polyline> {
    let alpha = |token: Token, a: f32| -> Vec4 { linear(theme, token).truncate().extend(a) };
    let mut out = Vec::new();
    for line in scene.closed_roads.rows.iter().filter(|l| l.len() >= 2) {
        let dark = alpha(Token::Space, 0.85);
        out.push(Polyline { points: line.clone(), colors: [dark, dark], width_px: 7.0, dash_m: 0.0 });
        let red = alpha(Token::LevelRed, 0.95);
        out.push(Polyline { points: line.clone(), colors: [red, red], width_px: 4.0, dash_m: 12.0 });
    }
    for line in scene.routes.rows.iter().filter(|l| l.len() >= 2) {
        let dark = alpha(Token::Space, 0.6);
        out.push(Polyline { points: line.clone(), colors: [dark, dark], width_px: 6.0, dash_m: 0.0 });
        let accent = alpha(Token::Accent, 0.9);
        out.push(Polyline { points: line.clone(), colors: [accent, accent], width_px: 3.0, dash_m: 0.0 });
    }
    for unit in scene.units.rows.iter().filter(|u| u.trail.len() >= 2) {
        let colors = [alpha(Token::Text, 0.0), alpha(Token::Text, 0.55)];
        out.push(Polyline { points: unit.trail.clone(), colors, width_px: 2.0, dash_m: 0.0 });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worse_sensors_are_drawn_over_better_ones() {
        let rows = [LevelMark::Red, LevelMark::Normal, LevelMark::Blue]
            .map(|level| SensorMark { level, ..Default::default() });
        let mesh = sensors(&rows).unwrap();
        assert_eq!(mesh.count_vertices(), 12);
        let Some(bevy::mesh::VertexAttributeValues::Uint32(bits)) = mesh.attribute(ATTRIBUTE_BITS) else {
            panic!("bits")
        };
        let levels: Vec<u32> = bits.iter().step_by(4).map(|b| (b >> 4) & 15).collect();
        assert_eq!(levels, [0, 1, 4]);
    }

    #[test]
    fn sizes_grow_with_importance() {
        let sizes =
            [LevelMark::Normal, LevelMark::Blue, LevelMark::Yellow, LevelMark::Orange, LevelMark::Red].map(sensor_px);
        assert!(sizes.windows(2).all(|w| w[0] < w[1]));
        assert!(CASE_PX > sizes[4]);
    }

    #[test]
    fn nothing_to_show_is_no_mesh() {
        assert!(sensors(&[]).is_none() && units(&[]).is_none() && cases(&[]).is_none());
        assert!(polylines(&MarkerScene::default(), Theme::CommandDark).is_empty());
    }

    #[test]
    fn a_case_on_a_stem_has_a_pin_and_a_stem() {
        let case = CaseMark { stem_m: 20.0, ..Default::default() };
        assert_eq!(cases(&[case]).unwrap().count_vertices(), 8);
        assert_eq!(cases(&[CaseMark::default()]).unwrap().count_vertices(), 4);
    }
}
