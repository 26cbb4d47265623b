//! Settings of pumps, regulators and gates at the start of a step: by their own levels, by the rules of the file, by hand.

use super::{
    rules::{self, Source},
    state::Drains,
    supply::{day_of_year, month_of},
    swmm::CLOCK_AHEAD_S,
};

/// A regulator that is within so little of its target has reached it.
const REACHED: f64 = 1.0e-3;

impl Drains {
    /// What rules look at: links count conduits, then pumps, then regulators.
    fn look(&self, source: Source) -> f64 {
        let (plan, now) = (&self.plan, &self.now);
        let links = plan.links.len();
        match source {
            Source::NodeDepth(k) => now.head_m[k] - plan.nodes[k].invert_m,
            Source::NodeHead(k) => now.head_m[k],
            Source::NodeVolume(k) => {
                now.waves.as_ref().map_or_else(|| plan.well_m3(k, now.head_m[k]), |w| w.joints[k].volume_m3)
            }
            Source::NodeInflow(k) => match &now.waves {
                // SWMM means what comes from outside the network.
                Some(waves) => waves.joints[k].lateral_m3_s,
                None => {
                    let into = |((a, b), q): ((usize, usize), &f64)| match (b == k, a == k) {
                        (true, _) => q.max(0.0),
                        (_, true) => (-q).max(0.0),
                        _ => 0.0,
                    };
                    plan.ends().into_iter().zip(&now.flow_m3_s).map(into).sum()
                }
            },
            Source::LinkFlow(k) => now.flow_m3_s[k],
            Source::LinkSetting(k) => k.checked_sub(links).map_or(1.0, |k| now.setting[k]),
            Source::LinkDepth(k) => match &now.waves {
                Some(waves) => waves.reaches[k].depth_m,
                None => {
                    let link = &plan.links[k];
                    let end = |node: usize, side: usize| (now.head_m[node] - link.bottom_m[side]).max(0.0);
                    (0.5 * (end(link.from, 0) + end(link.to, 1))).min(plan.sections[link.section].full_m)
                }
            },
            // What is closed has not been open for any time: no condition on it holds.
            Source::OpenS(k) | Source::ClosedS(k) => {
                let moved = |setting: f64, switched_s: f64| {
                    let asked = (setting > 0.0) == matches!(source, Source::OpenS(_));
                    if asked { now.time_s - switched_s } else { f64::NAN }
                };
                match k.checked_sub(links) {
                    Some(k) => moved(now.setting[k], now.switched_s[k]),
                    None => moved(now.gate[k], now.gate_switched_s[k]),
                }
            }
            Source::Rain(k) => plan.hydrology.as_ref().map_or(0.0, |h| h.rain_mm(k, now.time_s, 1.0) * 3600.0),
            Source::RainHours(k, hours) => {
                plan.hydrology.as_ref().map_or(0.0, |h| h.rain_mm(k, now.time_s, f64::from(hours) * 3600.0))
            }
            Source::Fixed(bits) => f64::from_bits(bits),
            Source::Formula(k) => plan.formulas.get(k).map_or(0.0, |(formula, variables)| {
                formula.value(&|i| variables.get(i).map_or(0.0, |(source, units)| self.look(*source) * units))
            }),
            Source::Weekday | Source::Month | Source::DayOfYear => {
                let day = ((plan.start_s + now.time_s) / 86_400.0).floor() as i64;
                match source {
                    // 1970-01-01 was a Thursday.
                    Source::Weekday => ((day + 4).rem_euclid(7) + 1) as f64,
                    Source::Month => (month_of(day) + 1) as f64,
                    _ => day_of_year(day) as f64,
                }
            }
            Source::TimeS => now.time_s + if now.waves.is_some() { CLOCK_AHEAD_S } else { 0.0 },
            Source::DateS => {
                let day_s = ((plan.start_s + self.look(Source::TimeS)) / 86_400.0).floor() * 86_400.0;
                day_s - plan.start_s
            }
            Source::ClockS => (plan.start_s + self.look(Source::TimeS)).rem_euclid(86_400.0),
        }
    }

    /// Sets what drives the step: pumps by their levels, then all by the rules when those are due.
    pub(super) fn drive(&mut self, dt_s: f64, rules_due: bool) {
        let plan = self.plan.clone();
        let pumps = plan.pumps.len();
        for (k, pump) in plan.pumps.iter().enumerate() {
            let now = &mut self.now;
            let depth = now.head_m[pump.from] - plan.nodes[pump.from].invert_m;
            if pump.stop_m > 0.0 && now.target[k] > 0.0 && depth < pump.stop_m {
                now.target[k] = 0.0;
            } else if pump.start_m > 0.0 && now.target[k] <= 0.0 && depth > pump.start_m {
                now.target[k] = 1.0;
            }
        }
        if rules_due && !plan.rules.is_empty() {
            self.follow_rules(dt_s);
        }
        let now = &mut self.now;
        let was_open: Vec<bool> = now.setting.iter().map(|s| *s > 0.0).collect();
        for k in 0..pumps {
            now.setting[k] = match now.pump_hand[k] {
                _ if now.pump_failed[k] => 0.0,
                Some(on) => f64::from(u8::from(on)),
                None => now.target[k],
            };
        }
        for (k, regulator) in plan.regulators.iter().enumerate() {
            let k = pumps + k;
            let most = if regulator.travel_s > 0.0 { dt_s / regulator.travel_s } else { f64::INFINITY };
            let rest = now.target[k] - now.setting[k];
            now.setting[k] =
                if most + REACHED >= rest.abs() { now.target[k] } else { now.setting[k] + most.copysign(rest) };
        }
        for (k, was) in was_open.into_iter().enumerate() {
            if was != (now.setting[k] > 0.0) {
                now.switched_s[k] = now.time_s;
            }
        }
    }

    fn follow_rules(&mut self, dt_s: f64) {
        let driven = self.now.target.len();
        let mut errors = std::mem::take(&mut self.now.pid_errors);
        let now = &self.now;
        let look = |source: Source| self.look(source);
        let setting = |k: usize| now.target.get(k).copied().unwrap_or_else(|| now.gate[k - driven]);
        let mut looking =
            rules::Looking { time_s: now.time_s, dt_s, look: &look, setting: &setting, errors: &mut errors };
        let asked = rules::decide(&self.plan.rules, &mut looking);
        let (now, pumps) = (&mut self.now, self.plan.pumps.len());
        now.pid_errors = errors;
        for (target, value) in asked {
            match now.target.get_mut(target) {
                // Only pumps may run faster than they are rated.
                Some(slot) => *slot = if target < pumps { value.max(0.0) } else { value.clamp(0.0, 1.0) },
                None => {
                    let (gate, value) = (&mut now.gate[target - driven], value.clamp(0.0, 1.0));
                    if (*gate > 0.0) != (value > 0.0) {
                        now.gate_switched_s[target - driven] = now.time_s;
                    }
                    *gate = value;
                }
            }
        }
    }
}
