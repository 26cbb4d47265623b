//! Flow classes: how water stands at both ends of a conduit, which depths and heads its momentum equation sees there, and
//! what surface it gives to its nodes (SWMM 5 reference manual, volume II, section 3.3).

use super::{
    layout::{Layout, Reach, wet},
    state::FlowClass,
    units::DRY_M,
};

/// Depth over full depth from which on the surface of a closed section is taken as that far below its crown: with
/// EXTRAN's surcharge and with the slot.
const CUT_EXTRAN: f64 = 0.96;
const CUT_SLOT: f64 = 0.985_257;
/// Height over full depth above which the slot is as narrow as it gets, and its width there over the section's.
const SLOT_TOP: f64 = 1.78;
const SLOT_SHARE: f64 = 0.01;

/// A node as the end of a conduit.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub depth_m: f64,
    pub head_m: f64,
    pub outfall: bool,
    /// An outfall that lets nothing in.
    pub gate: bool,
}

/// A conduit seen at both ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub class: FlowClass,
    pub depth_m: [f64; 2],
    pub head_m: [f64; 2],
    /// Surface for the upper and the lower node, m².
    pub area_m2: [f64; 2],
}

/// Share of the surface that the lower node gets between critical and normal depth, with the class.
struct Fall {
    class: FlowClass,
    critical_m: f64,
    normal_m: f64,
    share: f64,
}

/// Width of the slot over a closed section at a depth, m; none without the SLOT option.
pub(super) fn slot_m(layout: &Layout, reach: &Reach, depth_m: f64) -> f64 {
    let x = depth_m / reach.tube.full_m;
    if !layout.slot || reach.tube.open || x < CUT_SLOT {
        0.0
    } else if x > SLOT_TOP {
        SLOT_SHARE * reach.tube.width_m
    } else {
        reach.tube.width_m * 0.5423 * (-x.powf(2.4)).exp()
    }
}

fn width_m(layout: &Layout, reach: &Reach, depth_m: f64) -> f64 {
    let slot = slot_m(layout, reach, depth_m);
    if slot > 0.0 {
        return slot;
    }
    let cut = if layout.slot { CUT_SLOT } else { CUT_EXTRAN };
    let full = reach.tube.full_m;
    reach.tube.width(if depth_m / full >= cut && !reach.tube.open { cut * full } else { depth_m })
}

fn class_of(reach: &Reach, flow: f64, ends: [End; 2], head_m: [f64; 2], depth_m: [f64; 2]) -> Fall {
    let mut fall = Fall { class: FlowClass::Subcritical, critical_m: 0.0, normal_m: 0.0, share: 1.0 };
    // An outfall's water takes from the height of its conduit.
    let above = |k: usize| {
        if ends[k].outfall { (reach.offset_m[k] - ends[k].depth_m).max(0.0) } else { reach.offset_m[k] }
    };
    let falls = |class: FlowClass, fall: &mut Fall| {
        fall.normal_m = reach.normal_depth(flow);
        fall.critical_m = reach.tube.critical_depth(flow.abs());
        fall.class = class;
    };
    match depth_m.map(wet) {
        [true, true] if flow < 0.0 => {
            if above(0) > 0.0 {
                falls(FlowClass::Subcritical, &mut fall);
                if depth_m[0] < fall.normal_m.min(fall.critical_m) {
                    fall.class = FlowClass::UpperCritical;
                }
            }
        }
        [true, true] => {
            if above(1) > 0.0 {
                falls(FlowClass::Subcritical, &mut fall);
                let (low, high) = (fall.normal_m.min(fall.critical_m), fall.normal_m.max(fall.critical_m));
                if depth_m[1] < low {
                    fall.class = FlowClass::LowerCritical;
                } else if depth_m[1] < high {
                    fall.share = if high - low < DRY_M { 0.0 } else { (high - depth_m[1]) / (high - low) };
                }
            }
        }
        [false, false] => fall.class = FlowClass::Dry,
        [false, true] => {
            if head_m[1] < reach.bottom_m[0] {
                fall.class = FlowClass::UpperDry;
            } else if above(0) > 0.0 {
                falls(FlowClass::UpperCritical, &mut fall);
            }
        }
        [true, false] => {
            if head_m[0] < reach.bottom_m[1] {
                fall.class = FlowClass::LowerDry;
            } else if above(1) > 0.0 {
                falls(FlowClass::LowerCritical, &mut fall);
            }
        }
    }
    fall
}

/// Looks at a conduit with the flow of the last trial, m³/s.
pub(super) fn look(layout: &Layout, reach: &Reach, flow: f64, ends: [End; 2]) -> Seen {
    let full = reach.tube.full_m;
    let mut head_m = [0, 1].map(|k| ends[k].head_m.max(reach.bottom_m[k]));
    let top = if layout.slot { f64::INFINITY } else { full };
    let mut depth_m = [0, 1].map(|k| (head_m[k] - reach.bottom_m[k]).max(DRY_M).min(top));
    let fall = if depth_m[0] >= full && depth_m[1] >= full {
        Fall { class: FlowClass::Subcritical, critical_m: 0.0, normal_m: 0.0, share: 1.0 }
    } else {
        class_of(reach, flow, ends, head_m, depth_m)
    };
    let mut area_m2 = [0.0; 2];
    let length = reach.long_m;
    let width = |y: f64| width_m(layout, reach, y);
    let middle = |depth_m: [f64; 2]| (0.5 * (depth_m[0] + depth_m[1])).max(DRY_M);
    let lip = fall.critical_m.min(fall.normal_m).max(DRY_M);
    match fall.class {
        FlowClass::Subcritical | FlowClass::Supercritical => {
            let between = width(middle(depth_m));
            area_m2 = [
                (width(depth_m[0]) + between) * length / 4.0,
                (between + width(depth_m[1])) * length / 4.0 * fall.share,
            ];
        }
        FlowClass::UpperCritical => {
            depth_m[0] = lip;
            head_m[0] = reach.bottom_m[0] + lip;
            area_m2[1] = (width(middle(depth_m)) + width(depth_m[1])) * length * 0.5;
        }
        FlowClass::LowerCritical => {
            depth_m[1] = lip;
            head_m[1] = reach.bottom_m[1] + lip;
            area_m2[0] = (width(depth_m[0]) + width(middle(depth_m))) * length * 0.5;
        }
        FlowClass::UpperDry | FlowClass::LowerDry => {
            let dry = usize::from(fall.class == FlowClass::LowerDry);
            depth_m[dry] = DRY_M;
            let between = width(middle(depth_m));
            area_m2[1 - dry] = (between + width(depth_m[1 - dry])) * length / 4.0;
            // Without a free fall the dry half counts, too.
            if reach.offset_m[dry] <= 0.0 {
                area_m2[dry] = (width(depth_m[dry]) + between) * length / 4.0;
            }
        }
        FlowClass::Dry => area_m2 = [DRY_M * length / 2.0; 2],
    }
    Seen { class: fall.class, depth_m, head_m, area_m2 }
}
