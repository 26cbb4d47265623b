//! Flow of a conduit in one trial: SWMM's momentum equation with its limits and under-relaxation.

use super::{
    class::{self, End},
    layout::{Layout, Reach},
    state::{FlowClass, ReachState, WayState},
    units::{DRY_M, DRY_M2, DRY_M3_S, FASTEST_M_S, FRICTION_POWER, GRAVITY, TURNING_M3_S},
};
use crate::drains::{plan::Damping, section::Section};

/// Weight of the newest trial.
pub(super) const OMEGA: f64 = 0.5;

/// What all conduits share in a trial.
#[derive(Clone, Copy)]
pub(super) struct Trial<'a> {
    pub layout: &'a Layout,
    pub sections: &'a [Section],
    pub dt_s: f64,
    /// Counts from 0.
    pub trial: usize,
    /// Potential evaporation, m/s.
    pub sun_m_s: f64,
}

impl Trial<'_> {
    fn area(&self, reach: &Reach, y: f64) -> f64 {
        let tube = &reach.tube;
        if y >= tube.full_m {
            tube.area_m2 + (y - tube.full_m) * class::slot_m(self.layout, reach, y)
        } else {
            tube.area(y)
        }
    }

    fn radius(reach: &Reach, y: f64) -> f64 {
        if y >= reach.tube.full_m { reach.tube.radius_m } else { reach.tube.radius(y) }
    }

    /// Evaporation and seepage of one barrel, m³/s: no more than it holds.
    fn losses(&self, reach: &Reach, state: &ReachState, depth_m: f64) -> [f64; 2] {
        let depth = 0.5 * (state.old_depth_m + depth_m);
        if depth <= DRY_M || (reach.seepage_m_s <= 0.0 && !(reach.tube.open && self.sun_m_s > 0.0)) {
            return [0.0; 2];
        }
        let air = if reach.tube.open { reach.tube.width(depth) * reach.length_m * self.sun_m_s.max(0.0) } else { 0.0 };
        let ground = reach.seepage_m_s * reach.tube.width(depth.min(reach.tube.widest_m)) * reach.length_m;
        let most = state.volume_m3 / self.dt_s;
        let share = if air + ground > most { most / (air + ground) } else { 1.0 };
        [air * share, ground * share]
    }

    /// Computes a conduit again. `open`: share of its barrels that is not blocked; 0 closes it.
    pub fn conduit(&self, reach: &Reach, state: &mut ReachState, way: &mut WayState, ends: [End; 2], open: f64) {
        let (layout, dt_s, tube) = (self.layout, self.dt_s, &reach.tube);
        let barrels = reach.barrels * open;
        let last = state.flow_m3_s;
        let old = if barrels > 0.0 { way.old_flow_m3_s / barrels } else { 0.0 };
        let seen = class::look(layout, reach, last, ends);
        let [y1, y2] = seen.depth_m;
        let [h1, h2] = seen.head_m;
        let (a1, r1, a2) = (self.area(reach, y1), Self::radius(reach, y1), self.area(reach, y2));
        let middle = 0.5 * (y1 + y2);
        let (area, radius) = (self.area(reach, middle), Self::radius(reach, middle));
        way.area_m2 = seen.area_m2;
        way.class = seen.class;
        let length = reach.long_m;
        let depth_m = middle.min(tube.full_m);
        let dry = matches!(seen.class, FlowClass::Dry | FlowClass::UpperDry | FlowClass::LowerDry);
        let volume = |a1: f64, a2: f64| 0.5 * (a1 + a2) * reach.length_m * reach.barrels;
        state.lost_m3_s = [0.0; 2];
        if dry || open <= 0.0 || area <= DRY_M2 {
            state.area_m2 = 0.5 * (a1 + a2);
            state.flow_m3_s = 0.0;
            state.froude = 0.0;
            state.depth_m = depth_m;
            state.volume_m3 = volume(a1, a2);
            way.stiffness = GRAVITY * dt_s * area / length * barrels;
            way.flow_m3_s = 0.0;
            return;
        }
        let v = (last / area).clamp(-FASTEST_M_S, FASTEST_M_S);
        state.froude = froude(reach, v, middle);
        if way.class == FlowClass::Subcritical && state.froude > 1.0 {
            way.class = FlowClass::Supercritical;
        }
        // Both ends full: under pressure, or a channel up to its banks.
        let full = y1 >= tube.full_m && y2 >= tube.full_m;
        let damped = (2.0 * (1.0 - state.froude)).clamp(0.0, 1.0);
        // Fast water is as wide as at its upper end.
        let upstream = if !full && last > 0.0 && h1 >= h2 { damped } else { 1.0 };
        let (wide, deep) = (a1 + (area - a1) * upstream, r1 + (radius - r1) * upstream);
        let inertia = match layout.damping {
            _ if full && !tube.open => 0.0,
            Damping::None => 1.0,
            Damping::Partial => damped,
            Damping::Full => 0.0,
        };
        let friction = match &reach.force_main {
            Some((main, longer)) if full => dt_s * main.drag(v, radius) / longer,
            _ => dt_s * reach.friction / deep.powf(FRICTION_POWER) * v.abs(),
        };
        let mut push = -dt_s * GRAVITY * wide * (h2 - h1) / length;
        if inertia > 0.0 {
            let old_area = state.old_area_m2.max(DRY_M2);
            push += inertia * (2.0 * v * (area - old_area) + dt_s * v * v * (a2 - a1) / length);
        }
        let lost = self.losses(reach, state, state.depth_m);
        push += (lost[0] + lost[1]) * 2.5 * dt_s * v / reach.length_m;
        let under = 1.0 + friction + local_losses(reach, [a1, a2, area], last) / 2.0 / length * dt_s;
        let mut q = (old + push) / under;
        way.stiffness = GRAVITY * dt_s * wide / length * barrels / under;
        if q > 0.0 {
            if let Some((culvert, section)) = reach.culvert.as_ref().filter(|_| !full) {
                let (most, grows) = culvert.most_m3_s(&self.sections[*section], h1 - reach.bottom_m[0]);
                if most < q {
                    (q, way.stiffness) = (most, grows * barrels);
                }
            } else if y1 < tube.full_m && matches!(way.class, FlowClass::Subcritical | FlowClass::Supercritical) {
                q = q.min(self.normal(reach, q, [y1, y2], ends, a1, r1));
            }
        }
        if self.trial > 0 {
            q = (1.0 - OMEGA) * last + OMEGA * q;
            if q * last < 0.0 {
                q = TURNING_M3_S.copysign(q);
            }
        }
        if reach.limit_m3_s > 0.0 {
            q = q.clamp(-reach.limit_m3_s, reach.limit_m3_s);
        }
        if (reach.flap && q * reach.sign < 0.0) || self.gated(ends, q) {
            q = 0.0;
        }
        // Dry nodes give next to nothing.
        if ends[0].depth_m <= DRY_M {
            q = q.min(DRY_M3_S);
        }
        if ends[1].depth_m <= DRY_M {
            q = q.max(-DRY_M3_S);
        }
        state.area_m2 = area;
        state.flow_m3_s = q;
        state.depth_m = depth_m;
        state.volume_m3 = volume(a1, a2);
        state.lost_m3_s = lost;
        way.flow_m3_s = q * barrels;
    }

    /// Water out of an outfall with a gate.
    fn gated(&self, ends: [End; 2], q: f64) -> bool {
        (q < 0.0 && ends[1].gate) || (q > 0.0 && ends[0].gate)
    }

    /// Most that normal flow lets through where the water is flatter than the bed, or fast.
    fn normal(&self, reach: &Reach, q: f64, [y1, y2]: [f64; 2], ends: [End; 2], a1: f64, r1: f64) -> f64 {
        let [by_slope, by_froude] = self.layout.normal_by;
        let outfall = ends[0].outfall || ends[1].outfall;
        let limited = ((by_slope || outfall) && (by_slope || by_froude) && y1 < y2)
            || (by_froude && !outfall && y1 > DRY_M && y2 > DRY_M && froude(reach, q / a1, y1) >= 1.0);
        if limited { reach.beta * a1 * r1.powf(2.0 / 3.0) } else { f64::INFINITY }
    }
}

/// Froude number of a speed at a depth; none in a full pipe.
fn froude(reach: &Reach, v: f64, y: f64) -> f64 {
    let tube = &reach.tube;
    if y <= DRY_M || (!tube.open && tube.full_m - y <= DRY_M) {
        return 0.0;
    }
    v.abs() / (GRAVITY * tube.area(y) / tube.width(y)).sqrt()
}

/// Sum of the loss coefficients times speeds at entry, exit and middle, m/s.
fn local_losses(reach: &Reach, [a1, a2, area]: [f64; 3], q: f64) -> f64 {
    let [entry, exit, mean] = reach.losses;
    let at = |k: f64, area: f64| if k > 0.0 && area > DRY_M2 { k * q.abs() / area } else { 0.0 };
    at(entry, a1) + at(exit, a2) + at(mean, area)
}
