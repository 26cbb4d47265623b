//! Keeping crowds up to date with the columns and the eye.

use super::{
    layer::{ABSENT, BREATH, CHOSEN, Crowd, LOUD},
    lod::{self, Eye, Lod},
};
use crate::column::{Column, Reader};
use crate::pack;
use crate::scene::{CaseColumns, MarkerScene, SensorColumns, UnitColumns};

/// Cases and crews always have their full symbol.
fn chosen(selected: bool) -> u8 {
    if selected { LOUD | CHOSEN } else { LOUD }
}

/// Marks or rings; `px` is the size of a mark of each level on the screen.
fn decide(cluster: bool, crowd: &Crowd, eye: &Eye, px: [f32; 5], area_m2: f32) -> Lod {
    if cluster { lod::decide(crowd.lod, eye, &crowd.levels, px, area_m2) } else { Lod::Marks }
}

/// Counts the rows that changed; all of them when they moved.
fn follow<S: Copy + PartialEq>(
    crowd: &mut Crowd,
    state: &mut Column<S>,
    moved: bool,
    byte: impl Fn(S) -> u8,
    place: impl Fn(usize) -> [f32; 3] + Copy,
) {
    if moved || crowd.known.len() != state.len() {
        crowd.begin(state.len());
        for (row, s) in state.rows().iter().enumerate() {
            let now = byte(*s);
            crowd.count(row, now, place);
        }
        state.take(Reader::Crowd, |_, _| {});
        return;
    }
    state.take(Reader::Crowd, |range, rows| {
        for (k, s) in rows.iter().enumerate() {
            crowd.count(range.start + k, byte(*s), place);
        }
    });
}

/// Crews in rings are counted at their places this often, ms.
const UNIT_RECOUNT_MS: u32 = 1_000;

/// Brings the crowds up to date with the columns and the eye. True when anything to draw changed.
pub fn update(scene: &mut MarkerScene, eye: &Eye, last_units_ms: &mut u32) -> bool {
    // All three, whatever the first says.
    sensors(scene, eye) | cases(scene, eye) | units(scene, eye, last_units_ms)
}

fn sensors(scene: &mut MarkerScene, eye: &Eye) -> bool {
    let SensorColumns { place, state, .. } = &mut scene.sensors;
    let crowd = &mut scene.crowds.sensors;
    let moved = place.changed(Reader::Crowd);
    place.take(Reader::Crowd, |_, _| {});
    let at = |i: usize| place.rows()[i];
    let byte = |s: u8| {
        pack::sensor_level(s) as u8
            | if pack::sensor_breathes(s) { BREATH } else { 0 }
            | if pack::sensor_is_loud(s) { LOUD } else { 0 }
            | if pack::sensor_selected(s) { CHOSEN } else { 0 }
            | if s & pack::HIDDEN != 0 { ABSENT } else { 0 }
    };
    follow(crowd, state, moved, byte, at);
    let area_m2 = crowd.area_m2(place.generation(), place.rows().iter().copied());
    let wanted = decide(scene.style.cluster, crowd, eye, [3.5, 15.0, 17.0, 19.0, 23.0], area_m2);
    crowd.settle(wanted, eye, place.len(), at, scene.style.discs_px.is_some())
}

fn cases(scene: &mut MarkerScene, eye: &Eye) -> bool {
    let CaseColumns { place, state, .. } = &mut scene.cases;
    let crowd = &mut scene.crowds.cases;
    let moved = place.changed(Reader::Crowd);
    place.take(Reader::Crowd, |_, _| {});
    let at = |i: usize| {
        let p = place.rows()[i];
        [p[0], p[1], p[2] + p[3]]
    };
    let byte = |s: u32| {
        pack::case_level(s) as u8 | if pack::case_breathes(s) { BREATH } else { 0 } | chosen(pack::case_selected(s))
    };
    follow(crowd, state, moved, byte, at);
    let area_m2 = crowd.area_m2(place.generation(), place.rows().iter().map(|p| [p[0], p[1], p[2]]));
    let wanted = decide(scene.style.cluster, crowd, eye, [34.0; 5], area_m2);
    crowd.settle(wanted, eye, place.len(), at, true)
}

fn units(scene: &mut MarkerScene, eye: &Eye, last_ms: &mut u32) -> bool {
    let UnitColumns { motion, state, .. } = &mut scene.units;
    let crowd = &mut scene.crowds.units;
    let now = scene.now_ms;
    // Who moves changes cells: rings of crews are counted again at a calm pace.
    let due = now.wrapping_sub(*last_ms) >= UNIT_RECOUNT_MS;
    let moved = motion.replaced(Reader::Crowd)
        || (motion.changed(Reader::Crowd) && due && matches!(crowd.lod, Lod::Rings { .. }));
    if moved || due {
        *last_ms = now;
        motion.take(Reader::Crowd, |_, _| {});
    }
    let at = |i: usize| motion.rows()[i].to;
    let byte = |s: u32| pack::unit_group(s) as u8 | chosen(pack::unit_selected(s));
    follow(crowd, state, moved, byte, at);
    // The town they are spread over does not change with every fix: it is measured when they are counted.
    let measured = if moved || due { motion.generation() } else { crowd.measured_at() };
    let area_m2 = crowd.area_m2(measured, motion.rows().iter().map(|m| m.to));
    let wanted = decide(scene.style.cluster, crowd, eye, [9.0, 20.0, 20.0, 20.0, 9.0], area_m2);
    crowd.settle(wanted, eye, motion.len(), at, true)
}
