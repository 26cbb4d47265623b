//! Pumps and regulators in one trial.

use super::{
    conduit::OMEGA,
    layout::{Joint, Layout, Opening},
    state::{FlowClass, JointState, WayState},
    units::{DRY_M, TURNING_M3_S},
};
use crate::drains::{
    pumps::PlanPump,
    regulators::{Kind, Regulator},
};

/// Flow of a pump with a setting, limited by what there is to pump.
pub(super) fn pump(
    pump: &PlanPump,
    [well, target]: [(&Joint, &JointState); 2],
    way: &mut WayState,
    setting: f64,
    dt_s: f64,
) -> f64 {
    way.stiffness = 0.0;
    way.area_m2 = [0.0; 2];
    if setting <= 0.0 {
        return 0.0;
    }
    let (joint, state) = well;
    if pump.is_ideal() {
        return (state.inflow_m3_s + state.overflow_m3_s).max(0.0) * setting;
    }
    let lift_m = target.0.invert_m + target.1.depth_m - joint.invert_m - state.depth_m;
    let (q, slope) = pump.flow_m3_s(state.volume_m3, state.depth_m, lift_m, setting);
    way.stiffness = if pump.curve_type == 5 { slope } else { slope / setting };
    if q <= 0.0 {
        return 0.0;
    }
    if joint.storage.is_some() || pump.curve_type == 1 {
        let most = state.inflow_m3_s + state.old_volume_m3 / dt_s;
        return if joint.full_m3 > 0.0 { q.min(most).max(0.0) } else { q };
    }
    if pump.curve_type == 5 {
        return q;
    }
    // A pump that would empty its manhole moves what comes.
    let net = state.inflow_m3_s - state.outflow_m3_s - q;
    let depth = state.old_depth_m + 0.5 * (state.old_net_m3_s + net) * dt_s / state.area_m2.max(f64::MIN_POSITIVE);
    if depth <= 0.0 { state.inflow_m3_s } else { q }
}

/// Flow of an orifice, weir or outlet with a setting; the class and surface that go with it.
pub(super) fn regulator(
    regulator: &Regulator,
    opening: Option<&Opening>,
    ends: [(&Joint, &JointState); 2],
    way: &mut WayState,
    setting: f64,
) -> f64 {
    way.stiffness = 0.0;
    let heads = ends.map(|(j, s)| j.invert_m + s.depth_m);
    let back = if matches!(regulator.kind, Kind::Weir { .. }) { heads[0] <= heads[1] } else { heads[0] < heads[1] };
    let (up, down) = if back { (heads[1], heads[0]) } else { (heads[0], heads[1]) };
    let source_m = ends[usize::from(back)].1.depth_m;
    let mut q = 0.0;
    // A closed one keeps the class and surface that it had.
    if setting > 0.0 {
        way.class = FlowClass::Dry;
        way.opening_m2 = 0.0;
        let through = regulator.through([up, down], setting, back);
        let needs_depth = !matches!(regulator.kind, Kind::Weir { .. });
        let shut = (regulator.flap && back) || ends[usize::from(back)].0.gate;
        if through.head_m <= DRY_M || (needs_depth && source_m <= DRY_M) || shut {
            way.opening_m2 = opening.map_or(0.0, |o| DRY_M * o.length_m);
        } else {
            let free = through.sill_m > down && !matches!(regulator.kind, Kind::Outlet { .. });
            way.class = match (free, back) {
                (false, _) => FlowClass::Subcritical,
                (true, false) => FlowClass::LowerCritical,
                (true, true) => FlowClass::UpperCritical,
            };
            if let Some(o) = opening {
                let open_m = o.tube.full_m * setting.min(1.0);
                way.opening_m2 =
                    if o.side { o.tube.width(open_m * through.filled) * o.length_m } else { o.tube.area(open_m) };
            }
            way.stiffness = through.slope;
            q = if back { -through.q_m3_s } else { through.q_m3_s };
        }
    }
    way.area_m2 = [0.5 * way.opening_m2; 2];
    if way.class == FlowClass::UpperCritical || ends[0].0.storage.is_some() {
        way.area_m2[0] = 0.0;
    }
    if way.class == FlowClass::LowerCritical || ends[1].0.storage.is_some() {
        way.area_m2[1] = 0.0;
    }
    q
}

/// Under-relaxation of all but pumps.
pub(super) fn relaxed(last: f64, q: f64, trial: usize) -> f64 {
    if trial == 0 {
        return q;
    }
    let q = (1.0 - OMEGA) * last + OMEGA * q;
    if q * last < 0.0 { TURNING_M3_S.copysign(q) } else { q }
}

impl Layout {
    /// Adds a link's flow, surface and stiffness to its nodes. `lost`: what a conduit evaporates and seeps, all barrels.
    pub(super) fn give(
        &self,
        joints: &mut [JointState],
        way: &WayState,
        (from, to): (usize, usize),
        (barrels, lost): (f64, f64),
        stiff_below: bool,
    ) {
        let (giver, taker) = if way.flow_m3_s >= 0.0 { (from, to) } else { (to, from) };
        joints[giver].outflow_m3_s += way.flow_m3_s.abs();
        joints[taker].inflow_m3_s += way.flow_m3_s.abs();
        if lost > 0.0 {
            let inside = [from, to].map(|k| !self.joints[k].outfall);
            let share = if inside == [true, true] { 0.5 * lost } else { lost };
            for (k, inside) in [from, to].into_iter().zip(inside) {
                if inside {
                    joints[k].outflow_m3_s += share;
                }
            }
        }
        joints[from].area_m2 += way.area_m2[0] * barrels;
        joints[to].area_m2 += way.area_m2[1] * barrels;
        joints[from].stiffness += way.stiffness;
        if stiff_below {
            joints[to].stiffness += way.stiffness;
        }
    }
}
