//! The network as SWMM's scheme sees it: joints (nodes) with their full volumes and crowns, ways (links), reaches
//! (conduits) with sections by SWMM's tables, options. Made once from the file and the plan.

use guanlan_city::model::drainage::{DrainNodeKind, DrainageNetwork, StorageShape};

use super::{
    sections::{opening_of, tube_of},
    steady::Steady,
    storage,
    tree::{Split, Tree},
    tube::Tube,
    units::{DRY_M, FOOT_M, GRAVITY, conveyance, friction},
};
use crate::drains::{
    culverts::Culvert,
    force_main::ForceMain,
    hydrology::wet_step_s,
    plan::{Damping, DrainPlan, PlanLink},
    pumps::PlanPump,
    regulators::{Kind, Regulator},
};

/// Least fall of a conduit, m.
const FALL_LEAST_M: f64 = 1.0e-3 * FOOT_M;
/// Plan area of a node at least, m², head tolerance, m, and trials, unless the file says otherwise.
const SHAFT_M2: f64 = 12.566 * FOOT_M * FOOT_M;
const HEAD_TOLERANCE_M: f64 = 0.005 * FOOT_M;
const TRIALS: usize = 8;
/// Shortest variable step at all, s, and unless the file says otherwise.
const STEP_LEAST_S: f64 = 1.0e-3;
const STEP_LEAST_USUAL_S: f64 = 0.5;
/// Equivalent length of an orifice at least, m.
const ORIFICE_LEAST_M: f64 = 200.0 * FOOT_M;

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Joint {
    pub outfall: bool,
    pub storage: Option<StorageShape>,
    pub invert_m: f64,
    /// Depth at which it is full, m, and its volume then, m³.
    pub full_m: f64,
    pub full_m3: f64,
    pub surcharge_m: f64,
    /// Area of the pond above it, m²; 0 when floods are lost.
    pub pond_m2: f64,
    /// Depth of its highest crown, m.
    pub crown_m: f64,
    /// Nothing leads to it.
    pub head_of_line: bool,
    /// An outfall that lets nothing in.
    pub gate: bool,
    /// Depth at the start, m.
    pub init_m: f64,
    /// No link leaves it.
    pub last: bool,
}

/// A conduit, from its higher to its lower end.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Reach {
    pub from: usize,
    pub to: usize,
    /// Ends above their nodes' inverts, and above datum, m.
    pub offset_m: [f64; 2],
    pub bottom_m: [f64; 2],
    pub tube: Tube,
    pub barrels: f64,
    /// True length, and lengthened (LENGTHENING_STEP), m.
    pub length_m: f64,
    pub long_m: f64,
    /// Of the friction slope, SI.
    pub friction: f64,
    /// `√slope / n`.
    pub beta: f64,
    /// Greatest normal flow of a barrel, m³/s.
    pub most_normal_m3_s: f64,
    pub losses: [f64; 3],
    /// Most it carries, m³/s a barrel; 0 is no limit.
    pub limit_m3_s: f64,
    pub flap: bool,
    pub sign: f64,
    pub force_main: Option<(ForceMain, f64)>,
    pub culvert: Option<(Culvert, usize)>,
    pub seepage_m_s: f64,
    pub first_m3_s: f64,
}

impl Reach {
    /// Normal depth of a flow of a barrel, m.
    pub fn normal_depth(&self, q: f64) -> f64 {
        self.tube.normal_depth(q.abs().min(self.most_normal_m3_s) / self.beta)
    }
}

/// How a node that a pump or regulator ends at is filled, and orifices' own storage.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Opening {
    pub tube: Tube,
    pub length_m: f64,
    pub side: bool,
}

/// The whole.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::drains) struct Layout {
    pub joints: Vec<Joint>,
    pub reaches: Vec<Reach>,
    /// Links from the top down, where the kinematic wave runs.
    pub tree: Option<Vec<usize>>,
    /// What flows into a conduit leaves it at once.
    pub steady: bool,
    /// Dividers by node.
    pub splits: Vec<Option<Split>>,
    /// Ends of all links.
    pub ends: Vec<(usize, usize)>,
    /// Of each regulator that is an orifice.
    pub openings: Vec<Option<Opening>>,
    pub step_s: f64,
    pub least_step_s: f64,
    /// Share of the Courant number that a step may have; 0: all steps are of `step_s`.
    pub courant: f64,
    pub trials: usize,
    pub tolerance_m: f64,
    pub shaft_m2: f64,
    pub slot: bool,
    pub ponds: bool,
    pub damping: Damping,
    /// Normal flow limits conduits by slope, by Froude number.
    pub normal_by: [bool; 2],
    /// Rules are looked at so often, s; 0: at every step.
    pub rule_step_s: f64,
    /// Steps in which nothing changes are not routed.
    pub skips_steady: Option<Steady>,
    /// Peaks count from here on, s.
    pub count_from_s: f64,
    /// Times in which water is routed; always when empty.
    events_s: Vec<[f64; 2]>,
}

impl Layout {
    /// Is water routed at a time?
    pub fn is_event(&self, t_s: f64) -> bool {
        self.events_s.is_empty() || self.events_s.iter().any(|[start, end]| (*start..=*end).contains(&t_s))
    }

    /// Step between events, s: to the next report, or as the file has it shortly before an event.
    pub fn pause_s(&self, now_s: f64, report_s: f64) -> Option<f64> {
        if self.is_event(now_s) {
            return None;
        }
        let next = self.events_s.iter().map(|e| e[0]).find(|start| *start > now_s).unwrap_or(f64::INFINITY);
        if report_s > now_s && report_s < next {
            return Some(report_s - now_s);
        }
        (now_s + self.step_s < next).then_some(self.step_s)
    }

    /// For the dynamic wave, or along a tree for the kinematic one.
    pub fn of(network: &DrainageNetwork, plan: &DrainPlan, tree: Option<Tree>) -> Self {
        let number = |key: &str| network.options.get(key).and_then(|v| v.trim().parse::<f64>().ok());
        let metric = network
            .options
            .get("FLOW_UNITS")
            .is_some_and(|u| matches!(u.to_ascii_uppercase().as_str(), "CMS" | "LPS" | "MLD"));
        let unit_m = if metric { 1.0 } else { FOOT_M };
        let wet_s = wet_step_s(network);
        let step_s = network.option_s("ROUTING_STEP").filter(|s| *s > 0.0).unwrap_or(20.0).min(wet_s);
        let least = number("MINIMUM_STEP").filter(|s| *s >= 0.0).unwrap_or(STEP_LEAST_USUAL_S);
        let kinematic = tree.is_some();
        let lengthens = |s: &f64| *s > 0.0 && !kinematic;
        let lengthen_s = network.option_s("LENGTHENING_STEP").filter(lengthens).map(|s| s.min(step_s));
        let positive = |key: &str| number(key).filter(|v| *v > 0.0);
        let reaches: Vec<Reach> =
            plan.links.iter().filter_map(|l| reach_of(network, plan, l, lengthen_s, kinematic)).collect();
        let openings = plan.regulators.iter().map(|r| {
            let Kind::Orifice { bottom, height_m, .. } = &r.kind else { return None };
            let length_m = (2.0 * step_s * (GRAVITY * height_m).sqrt()).max(ORIFICE_LEAST_M);
            Some(Opening { tube: opening_of(&r.kind)?, length_m, side: !bottom })
        });
        let mut layout = Self {
            joints: joints_of(network, plan),
            reaches,
            steady: tree.as_ref().is_some_and(|t| t.steady),
            splits: tree.as_ref().map(|t| t.splits.clone()).unwrap_or_default(),
            tree: tree.map(|t| t.order),
            ends: plan.ends(),
            openings: openings.collect(),
            step_s,
            least_step_s: least.min(step_s).max(STEP_LEAST_S),
            courant: if step_s < STEP_LEAST_S || kinematic {
                0.0
            } else {
                number("VARIABLE_STEP").unwrap_or(0.75).clamp(0.0, 2.0)
            },
            trials: positive("MAX_TRIALS").map_or(TRIALS, |v| v as usize).clamp(2, 1000),
            tolerance_m: positive("HEAD_TOLERANCE").map_or(HEAD_TOLERANCE_M, |v| v * unit_m),
            shaft_m2: positive("MIN_SURFAREA").map_or(SHAFT_M2, |v| v * unit_m * unit_m),
            slot: plan.slot,
            ponds: network.option_yes("ALLOW_PONDING"),
            damping: plan.damping,
            normal_by: plan.normal_by,
            rule_step_s: network.option_s("RULE_STEP").unwrap_or(0.0),
            skips_steady: Steady::of(network),
            count_from_s: count_from_s(network),
            events_s: network.climate.events_s.clone(),
        };
        layout.fill_joints(plan);
        for (joint, tide) in layout.joints.iter_mut().zip(&plan.tides) {
            joint.gate = tide.as_ref().is_some_and(|t| t.flap);
        }
        layout
    }

    /// Depths, crowns and places of nodes by their links.
    fn fill_joints(&mut self, plan: &DrainPlan) {
        let joints = &mut self.joints;
        let mut leads = vec![[0_usize; 2]; joints.len()];
        // What leaves a node counts as the file has it, what leads to one as water goes.
        let mut end = |[from, to]: [usize; 2], turned: bool, joints: &[Joint]| {
            let [first, second] = if turned { [to, from] } else { [from, to] };
            leads[if joints[first].outfall { second } else { first }][0] += 1;
            leads[if joints[from].outfall { from } else { to }][1] += 1;
        };
        let deepen = |joint: &mut Joint, depth_m: f64| {
            if joint.storage.is_none() || joint.surcharge_m > 0.0 {
                joint.full_m = joint.full_m.max(depth_m);
            }
        };
        for reach in &self.reaches {
            end([reach.from, reach.to], reach.sign < 0.0, joints);
            for (node, offset) in [(reach.from, reach.offset_m[0]), (reach.to, reach.offset_m[1])] {
                let crown = offset + reach.tube.full_m;
                joints[node].crown_m = joints[node].crown_m.max(crown);
                deepen(&mut joints[node], crown);
            }
        }
        for PlanPump { from, to, .. } in &plan.pumps {
            end([*from, *to], false, joints);
        }
        for Regulator { from, to, kind, crest_m, offset_m, .. } in &plan.regulators {
            let (height_m, deepens) = match kind {
                Kind::Orifice { height_m, bottom, .. } => (*height_m, !bottom),
                Kind::Weir { height_m, .. } => (*height_m, true),
                Kind::Outlet { .. } => (0.0, true),
                Kind::Street(_) => continue,
            };
            end([*from, *to], false, joints);
            let sill_m = crest_m - joints[*from].invert_m;
            joints[*from].crown_m = joints[*from].crown_m.max(sill_m + height_m);
            joints[*to].crown_m = joints[*to].crown_m.max(offset_m + height_m);
            if deepens {
                deepen(&mut joints[*from], sill_m + height_m);
            }
        }
        for (joint, [leave, lead]) in joints.iter_mut().zip(leads) {
            joint.head_of_line = lead == 0 && leave > 0;
            joint.last = leave == 0;
            if let Some(shape) = &joint.storage {
                joint.full_m3 = storage::volume_m3(shape, joint.full_m);
            }
        }
    }
}

fn joints_of(network: &DrainageNetwork, plan: &DrainPlan) -> Vec<Joint> {
    let file = network.nodes.iter().zip(&plan.nodes);
    file.map(|(file, node)| {
        let storage = if file.kind == DrainNodeKind::Storage { node.shape.clone() } else { None };
        let max = f64::from(file.max_depth_m);
        Joint {
            outfall: node.outfall,
            invert_m: node.invert_m,
            full_m: if max.is_finite() && max > 0.0 && max < 1.0e4 { max } else { 0.0 },
            full_m3: if storage.is_none() { node.pump_well_m3 } else { 0.0 },
            storage,
            surcharge_m: node.surcharge_m,
            pond_m2: node.pond_m2,
            crown_m: 0.0,
            head_of_line: false,
            gate: false,
            last: false,
            init_m: if file.init_depth_m.is_finite() { f64::from(file.init_depth_m).max(0.0) } else { 0.0 },
        }
    })
    .collect()
}

fn reach_of(
    network: &DrainageNetwork,
    plan: &DrainPlan,
    link: &PlanLink,
    lengthen_s: Option<f64>,
    kinematic: bool,
) -> Option<Reach> {
    let conduit = network.conduits.iter().find(|c| c.id == link.id)?;
    let section = &plan.sections[link.section];
    let tube = tube_of(conduit, network, section)?;
    let sediment_m =
        if conduit.shape.eq_ignore_ascii_case("FILLED_CIRCULAR") { f64::from(conduit.geom_m[1]).max(0.0) } else { 0.0 };
    let offset_m = link.offset_m.map(|v| v + sediment_m);
    let bottom_m = [plan.nodes[link.from].invert_m + offset_m[0], plan.nodes[link.to].invert_m + offset_m[1]];
    // A natural channel's flood plain is shorter than its bed.
    let transect = network
        .transects
        .iter()
        .filter(|_| conduit.shape.eq_ignore_ascii_case("IRREGULAR"))
        .find(|t| t.id.eq_ignore_ascii_case(&conduit.section));
    let meander = transect.map_or(1.0, |t| if t.meander > 0.0 { t.meander } else { 1.0 });
    let length_m = link.true_length_m / meander;
    let fall = (bottom_m[0] - bottom_m[1]).abs().max(FALL_LEAST_M);
    let mut slope = if fall < length_m { fall / (length_m * length_m - fall * fall).sqrt() } else { fall / length_m };
    let least = network.options.get("MIN_SLOPE").and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) / 100.0;
    slope = slope.max(least.clamp(0.0, 1.0));
    let culvert = Culvert::of(conduit.culvert_code, slope).map(|c| (c, link.section));
    let mut n = link.roughness * meander.sqrt();
    let force_main = link.force_main.filter(|_| !kinematic);
    if let Some(main) = force_main {
        n = main.manning(tube.full_m, slope);
    }
    let mut factor = 1.0_f64;
    if let Some(step_s) = lengthen_s {
        let deep = if tube.open { tube.area_m2 / tube.width(tube.full_m) } else { tube.full_m };
        let speed = conveyance(slope, n) * tube.full_factor() / tube.area_m2;
        factor = (((GRAVITY * deep).sqrt() + speed) * step_s / length_m).max(1.0);
        (slope, n) = (slope / factor, n / factor.sqrt());
    }
    let beta = conveyance(slope, n);
    Some(Reach {
        from: link.from,
        to: link.to,
        offset_m,
        bottom_m,
        most_normal_m3_s: beta * tube.most_factor(),
        barrels: link.barrels,
        length_m,
        long_m: length_m * factor,
        friction: friction(n),
        beta,
        losses: link.losses,
        limit_m3_s: link.most_m3_s,
        flap: link.flap,
        sign: link.sign,
        force_main: force_main.map(|m| (m, factor)),
        culvert,
        seepage_m_s: f64::from(conduit.seepage_m_s).max(0.0),
        first_m3_s: link.init_m3_s,
        tube,
    })
}

/// When reporting begins, s after the start.
pub(in crate::drains) fn count_from_s(network: &DrainageNetwork) -> f64 {
    let date = |key: &str| {
        let text = network.options.get(key)?;
        let mut parts = text.split(['/', '-']).map(|p| p.trim().parse::<i64>().ok());
        let (month, day, year) = (parts.next()??, parts.next()??, parts.next()??);
        ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| day_number(year, month, day))
    };
    let Some(day) = date("REPORT_START_DATE") else { return 0.0 };
    let clock_s = network.option_s("REPORT_START_TIME").unwrap_or(0.0);
    (day as f64 * 86_400.0 + clock_s - network.start_s as f64).max(0.0)
}

/// Days since 1970-01-01 (Hinnant's days_from_civil).
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A head that counts as water, m above an invert.
pub(super) fn wet(depth_m: f64) -> bool {
    depth_m > DRY_M
}

#[cfg(test)]
pub(super) fn tests_layout() -> Layout {
    Layout::of(&DrainageNetwork::default(), &DrainPlan::default(), None)
}
