//! The dynamic wave in one conduit: SWMM's momentum equation (reference manual, volume II), linear in the
//! heads of both ends.

use super::{
    plan::{Damping, DrainPlan, PlanLink},
    section::{Section, Wetted},
};
use crate::surface::GRAVITY;

/// Depths and areas below this count as dry, m and m² (SWMM: .0001 ft).
pub(super) const FUDGE: f64 = 3.0e-5;
/// Fastest flow the friction term knows, m/s (SWMM: 50 ft/s).
const FASTEST_M_S: f64 = 15.24;

/// What a conduit sees of one end.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Head of the node, m above datum.
    pub head_m: f64,
    /// Depth of the node, m.
    pub depth_m: f64,
    pub outfall: bool,
}

/// Flow of one barrel at the heads given, and its slopes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flow {
    pub q_m3_s: f64,
    /// Growth with the head of the upper end, m²/s.
    pub with_upper: f64,
    /// Growth (never positive) with the head of the lower end, m²/s.
    pub with_lower: f64,
    /// Area at the middle, m².
    pub area_m2: f64,
}

/// Depth at a free fall out of the end of a conduit: critical or normal, whichever is less.
pub(super) fn fall_depth_m(link: &PlanLink, section: &Section, q: f64) -> f64 {
    let q = q.abs();
    section.critical_depth_m(q).min(section.normal_depth_m(q / link.beta)).max(FUDGE)
}

fn froude(q: f64, section: &Section, depth_m: f64) -> f64 {
    let wet = section.at(depth_m);
    if wet.width_m <= 0.0 || wet.area_m2 <= FUDGE || depth_m >= section.full_m && section.closed {
        return 0.0;
    }
    (q / wet.area_m2).abs() / (GRAVITY * wet.area_m2 / wet.width_m).sqrt()
}

/// Flow of a conduit for a step of `dt_s`. `old`: flow of a barrel at the start of the step; `last`: the newest
/// guess; `old_area_m2`: middle area at the start.
pub(super) fn conduit(
    plan: &DrainPlan,
    link: &PlanLink,
    ends: [End; 2],
    old: f64,
    last: f64,
    old_area_m2: f64,
    dt_s: f64,
) -> Flow {
    let section = &plan.sections[link.section];
    let full = section.full_m;
    let [z1, z2] = link.bottom_m;
    let (mut h1, mut h2) = (ends[0].head_m.max(z1), ends[1].head_m.max(z2));
    let (raw1, raw2) = (h1 - z1, h2 - z2);
    let (mut y1, mut y2) = (raw1, raw2);
    let (wet1, wet2) = (y1 > FUDGE, y2 > FUDGE);
    // Water falls out of an end that lies above what stands in the node.
    let gap = |k: usize| if ends[k].outfall { (link.offset_m[k] - ends[k].depth_m).max(0.0) } else { link.offset_m[k] };
    let (mut upper_fixed, mut lower_fixed) = (false, false);
    if wet1 && wet2 {
        if last < 0.0 && gap(0) > 0.0 {
            let fall = fall_depth_m(link, section, last);
            if y1 < fall {
                (y1, h1, upper_fixed) = (fall, z1 + fall, true);
            }
        } else if last >= 0.0 && gap(1) > 0.0 {
            let fall = fall_depth_m(link, section, last);
            if y2 < fall {
                (y2, h2, lower_fixed) = (fall, z2 + fall, true);
            }
        }
    } else if !wet1 && !wet2 {
        return Flow::default();
    } else if wet2 {
        if h2 < z1 {
            return Flow::default();
        }
        if gap(0) > 0.0 {
            let fall = fall_depth_m(link, section, last);
            (y1, h1, upper_fixed) = (fall, z1 + fall, true);
        }
    } else {
        if h1 < z2 {
            return Flow::default();
        }
        if gap(1) > 0.0 {
            let fall = fall_depth_m(link, section, last);
            (y2, h2, lower_fixed) = (fall, z2 + fall, true);
        }
    }
    let top = if plan.slot && section.closed { f64::INFINITY } else { full };
    let (y1, y2) = (y1.clamp(FUDGE, top), y2.clamp(FUDGE, top));
    let middle_y = 0.5 * (y1 + y2);
    // A slot carries, too.
    let wet = |y: f64| {
        let wet = section.at(y);
        if plan.slot { Wetted { area_m2: wet.area_m2 + section.slot(y).1, ..wet } } else { wet }
    };
    let (a, b, middle) = (wet(y1), wet(y2), wet(middle_y));
    if middle.area_m2 <= FUDGE * FUDGE {
        return Flow { area_m2: middle.area_m2, ..Flow::default() };
    }
    let v = (last / middle.area_m2).clamp(-FASTEST_M_S, FASTEST_M_S);
    let is_full = section.closed && raw1 >= full && raw2 >= full;
    let fr = if is_full || middle.width_m <= 0.0 {
        0.0
    } else {
        v.abs() / (GRAVITY * middle.area_m2 / middle.width_m).sqrt()
    };
    let sigma = if fr <= 0.5 {
        1.0
    } else if fr >= 1.0 {
        0.0
    } else {
        2.0 * (1.0 - fr)
    };
    // Upstream weighting where flow is fast.
    let rho = if !is_full && last > 0.0 && h1 >= h2 { sigma } else { 1.0 };
    let area = a.area_m2 + (middle.area_m2 - a.area_m2) * rho;
    let radius = (a.radius_m + (middle.radius_m - a.radius_m) * rho).max(1.0e-6);
    let inertia = match plan.damping {
        _ if is_full => 0.0,
        Damping::None => 1.0,
        Damping::Partial => sigma,
        Damping::Full => 0.0,
    };
    let length = link.length_m;
    let friction = match link.force_main {
        Some(main) if is_full => dt_s * main.drag(v, radius),
        _ => dt_s * link.friction / (radius * radius.cbrt()) * v.abs(),
    };
    let gravity = dt_s * GRAVITY * area / length;
    let mut push = 0.0;
    if inertia > 0.0 {
        push = inertia * (2.0 * v * (middle.area_m2 - old_area_m2) + dt_s * v * v * (b.area_m2 - a.area_m2) / length);
    }
    let [inlet, outlet, mean] = link.losses;
    let loss = if inlet + outlet + mean > 0.0 {
        let size = last.abs();
        let at = |k: f64, area: f64| if area > FUDGE { k * size / area } else { 0.0 };
        (at(inlet, a.area_m2) + at(outlet, b.area_m2) + at(mean, middle.area_m2)) / 2.0 / length * dt_s
    } else {
        0.0
    };
    let under = 1.0 + friction + loss;
    let mut flow = Flow {
        q_m3_s: (old - gravity * (h2 - h1) + push) / under,
        with_upper: if upper_fixed { 0.0 } else { gravity / under },
        with_lower: if lower_fixed { 0.0 } else { -gravity / under },
        area_m2: middle.area_m2,
    };
    let q = flow.q_m3_s;
    let inlet = link.culvert.filter(|_| q > 0.0 && !is_full);
    if let Some((most, grows)) = inlet.map(|c| c.most_m3_s(section, h1 - z1)) {
        if most < q {
            flow.q_m3_s = most;
            flow.with_upper = if upper_fixed { 0.0 } else { grows };
            flow.with_lower = 0.0;
        }
    } else if q > 0.0 && y1 < full {
        // Normal flow is the most where the water surface is flatter than the bed, or the flow supercritical.
        let by_slope = plan.normal_by[0] && y1 < y2;
        let by_froude = plan.normal_by[1] && !ends[0].outfall && !ends[1].outfall && froude(q, section, y1) >= 1.0;
        if by_slope || by_froude {
            let normal = link.beta * a.area_m2 * a.radius_m.powf(2.0 / 3.0);
            if normal < q {
                let grows = if a.area_m2 > 0.0 { 5.0 / 3.0 * normal * a.width_m / a.area_m2 } else { 0.0 };
                flow.q_m3_s = normal;
                flow.with_upper = if upper_fixed { 0.0 } else { grows };
                flow.with_lower = 0.0;
            }
        }
    }
    if link.flap && flow.q_m3_s * link.sign < 0.0 {
        return Flow { area_m2: flow.area_m2, ..Flow::default() };
    }
    let most = link.most_m3_s / link.barrels;
    if most > 0.0 && flow.q_m3_s.abs() > most {
        flow = Flow { q_m3_s: most.copysign(flow.q_m3_s), area_m2: flow.area_m2, ..Flow::default() };
    }
    // Nothing comes out of a dry node.
    let dry = (flow.q_m3_s > 0.0 && ends[0].depth_m <= FUDGE && !ends[0].outfall)
        || (flow.q_m3_s < 0.0 && ends[1].depth_m <= FUDGE && !ends[1].outfall);
    if dry {
        return Flow { area_m2: flow.area_m2, ..Flow::default() };
    }
    flow
}
