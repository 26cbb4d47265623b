//! Conduits of a plan: sections, slopes, SWMM's lengthening, and the step they allow.

use guanlan_city::model::drainage::DrainageNetwork;

use super::{DrainPlan, FARTHEST_M, PlanLink};
use crate::drains::{culverts::Culvert, force_main::ForceMain, pumps::PlanPump, section::Section, shapes::section_of};

/// Least fall of a conduit, m (SWMM: .001 ft).
const FALL_MIN_M: f64 = 3.048e-4;
/// Longest step of a network that stands alone, s (SWMM's default).
const STEP_LONGEST_S: f64 = 20.0;
/// Shortest conduit, m.
const SHORTEST_M: f64 = 0.05;

impl DrainPlan {
    /// The file's routing step, cut to the time a wave takes along the shortest conduit where the file wants that
    /// (`VARIABLE_STEP`). The scheme is stable at any step; how far surges of full pipes are damped depends on it, and
    /// a file that is compared with SWMM expects SWMM's.
    pub(super) fn step_of(&self, network: &DrainageNetwork) -> f64 {
        let routing_s =
            network.option_s("ROUTING_STEP").filter(|s| *s > 0.0).unwrap_or(20.0).clamp(0.1, STEP_LONGEST_S);
        let number = |key: &str| network.options.get(key).and_then(|v| v.parse::<f64>().ok());
        let share = number("VARIABLE_STEP").unwrap_or(0.75);
        if share <= 0.0 {
            return routing_s;
        }
        let least_s = number("MINIMUM_STEP").filter(|s| *s > 0.0).unwrap_or(0.5);
        let travel = |l: &PlanLink| {
            let section = &self.sections[l.section];
            let speed = l.full_m3_s / l.barrels / section.area_m2 + (crate::surface::GRAVITY * section.full_m).sqrt();
            l.length_m / speed.max(1.0e-3)
        };
        let shortest_s = self.links.iter().map(travel).fold(f64::INFINITY, f64::min);
        routing_s.min((share * shortest_s).max(least_s))
    }

    pub(super) fn add_conduits(&mut self, network: &DrainageNetwork, as_swmm: bool) {
        let count = self.nodes.len();
        let routing_s = network.option_s("ROUTING_STEP").filter(|s| *s > 0.0).unwrap_or(20.0);
        let lengthen_s = network.option_s("LENGTHENING_STEP").filter(|s| as_swmm && *s > 0.0).map(|s| s.min(routing_s));
        let mut lengthened = 0;
        for conduit in &network.conduits {
            if conduit.from >= count || conduit.to >= count || conduit.from == conduit.to {
                self.notes.push(format!("conduit {}: an end is not a node; left out", conduit.id));
                continue;
            }
            if conduit.shape.eq_ignore_ascii_case("DUMMY") {
                self.pumps.push(PlanPump::dummy(&conduit.id, conduit.from, conduit.to));
                continue;
            }
            let Some(shaped) = section_of(conduit, network) else {
                self.notes.push(format!("conduit {}: no positive size; left out", conduit.id));
                continue;
            };
            if let Some(note) = shaped.note {
                self.notes.push(format!("conduit {} ({}): {note}", conduit.id, conduit.shape));
            }
            let mut length_m = f64::from(conduit.length_m);
            if !(SHORTEST_M..=1.0e6).contains(&length_m) {
                self.notes.push(format!("conduit {}: length {length_m} m; taken as 1 m", conduit.id));
                length_m = 1.0;
            }
            let mut n = f64::from(conduit.roughness);
            if !(n.is_finite() && (0.001..=1.0).contains(&n)) {
                self.notes.push(format!("conduit {}: Manning's n {n}; taken as 0.013", conduit.id));
                n = 0.013;
            }
            let (true_length_m, roughness) = (length_m, n);
            let offset = |v: f32| if v.is_finite() && v <= FARTHEST_M { f64::from(v).max(0.0) } else { 0.0 };
            let (mut from, mut to) = (conduit.from, conduit.to);
            let mut offset_m = [offset(conduit.in_offset_m), offset(conduit.out_offset_m)];
            let mut losses = conduit.losses.map(|l| f64::from(l).max(0.0));
            let bottom = |node: usize, offset: f64| self.nodes[node].invert_m + offset;
            let mut sign = 1.0;
            if bottom(from, offset_m[0]) < bottom(to, offset_m[1]) {
                std::mem::swap(&mut from, &mut to);
                offset_m.swap(0, 1);
                losses.swap(0, 1);
                sign = -1.0;
            }
            let bottom_m = [bottom(from, offset_m[0]), bottom(to, offset_m[1])];
            let fall = (bottom_m[0] - bottom_m[1]).max(FALL_MIN_M);
            let least = network.options.get("MIN_SLOPE").and_then(|v| v.parse::<f64>().ok()).unwrap_or(0.0) / 100.0;
            let mut slope =
                if fall < length_m { fall / (length_m * length_m - fall * fall).sqrt() } else { fall / length_m };
            slope = slope.max(least.clamp(0.0, 0.1));
            let (section, barrels) = (shaped.section, f64::from(conduit.barrels.max(1)));
            let force_main = ForceMain::of(conduit, network);
            let culvert = Culvert::of(conduit.culvert_code, slope);
            n = force_main.map_or(n, |f| f.manning(section.full_m, slope));
            if let Some(step_s) = lengthen_s {
                // SWMM's option: as long as the fastest wave goes in a step, with the same head loss.
                let deep =
                    if section.closed { section.full_m } else { section.area_m2 / section.at(section.full_m).width_m };
                let speed =
                    (crate::surface::GRAVITY * deep).sqrt() + slope.sqrt() / n * section.radius_m.powf(2.0 / 3.0);
                let factor = speed * step_s / length_m;
                if factor > 1.0 && factor.is_finite() {
                    (length_m, slope, n) = (length_m * factor, slope / factor, n / factor.sqrt());
                    lengthened += 1;
                }
            }
            let beta = slope.sqrt() / n;
            let flow = |v: f32| if v.is_finite() { f64::from(v) } else { 0.0 };
            let (full_m3_s, volume_m3) = (
                barrels * beta * section.area_m2 * section.radius_m.powf(2.0 / 3.0),
                section.area_m2 * length_m * barrels,
            );
            let section = self.section_index(section);
            self.links.push(PlanLink {
                id: conduit.id.clone(),
                from,
                to,
                full_m3_s,
                volume_m3,
                sign,
                section,
                barrels,
                length_m,
                true_length_m,
                roughness,
                bottom_m,
                offset_m,
                friction: crate::surface::GRAVITY * n * n,
                beta,
                losses,
                flap: conduit.flap_gate,
                most_m3_s: flow(conduit.max_flow_m3_s).max(0.0),
                init_m3_s: flow(conduit.init_flow_m3_s) * sign,
                force_main,
                culvert,
            });
        }
        if lengthened > 0 {
            self.notes.push(format!("{lengthened} conduits are lengthened (LENGTHENING_STEP), as in SWMM"));
        }
    }

    fn section_index(&mut self, section: Section) -> usize {
        if let Some(k) = self.sections.iter().position(|s| *s == section) {
            return k;
        }
        self.sections.push(section);
        self.sections.len() - 1
    }
}
