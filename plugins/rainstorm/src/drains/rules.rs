//! Control rules: `IF … THEN … ELSE … PRIORITY` over depths, heads, flows, settings and time.

use guanlan_city::model::drainage::{
    Compare, ControlAction, ControlSetting, ControlValue, ControlVariable, Curve, DrainageNetwork, Formula, Joined,
    Term, TimeSeries,
};

use super::{
    plan::{PlanLink, PlanNode},
    pumps::PlanPump,
    regulators::Regulator,
    section::Section,
};

/// A rule with its names resolved.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    premises: Vec<(Joined, Source, Compare, Right)>,
    then: Vec<Action>,
    otherwise: Vec<Action>,
    priority: f64,
}

#[derive(Clone, Debug, PartialEq)]
enum Right {
    Number(f64),
    Source(Source),
}

/// A named formula: what its variables look at, and the file's units in one SI unit of each.
pub(super) type Named = (Formula, Vec<(Source, f64)>);

/// Something that can be looked at. Links count conduits, then pumps, then regulators.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    NodeDepth(usize),
    NodeHead(usize),
    NodeVolume(usize),
    NodeInflow(usize),
    LinkFlow(usize),
    LinkSetting(usize),
    /// Depth of a conduit, mean of its ends.
    LinkDepth(usize),
    /// How long a link has been open, or closed, s; no number while it is not.
    OpenS(usize),
    ClosedS(usize),
    /// Rain of a gage: intensity now, mm/h, or depth of the last so many hours, mm.
    Rain(usize),
    RainHours(usize, u32),
    /// A number that never changes: full depth, length.
    Fixed(u64),
    TimeS,
    /// Midnight of the day, s since the start.
    DateS,
    ClockS,
    /// A named formula.
    Formula(usize),
    /// 1 is Sunday; 1 is January; 1 is the first of January.
    Weekday,
    Month,
    DayOfYear,
}

#[derive(Clone, Debug, PartialEq)]
struct Action {
    /// Pump or regulator: index among both; conduits count on.
    target: usize,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    /// A curve over what is looked at, in the file's units: so many of them are one in SI.
    Curve(Curve, Source, f64),
    Series(TimeSeries),
    /// Gain, integral and derivative time in min; which controller it is; what it holds, and where.
    Pid([f64; 3], usize, Source, Right),
}

pub(super) fn rules_of(
    network: &DrainageNetwork,
    nodes: &[PlanNode],
    links: &[PlanLink],
    pumps: &[PlanPump],
    regulators: &[Regulator],
    sections: &[Section],
    notes: &mut Vec<String>,
) -> (Vec<Rule>, Vec<Named>) {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let driven = |id: &str| {
        let pump = pumps.iter().position(|p| same(&p.id, id));
        pump.or_else(|| regulators.iter().position(|r| same(&r.id, id)).map(|k| pumps.len() + k))
    };
    let link = |id: &str| links.iter().position(|l| same(&l.id, id)).or_else(|| driven(id).map(|k| links.len() + k));
    let plain = |v: &ControlVariable| -> Option<Source> {
        if same(&v.object, "SIMULATION") {
            return match v.attribute.as_str() {
                "TIME" => Some(Source::TimeS),
                // Dates are given as seconds since the start, of their midnight.
                "DATE" => Some(Source::DateS),
                "CLOCKTIME" => Some(Source::ClockS),
                "DAY" => Some(Source::Weekday),
                "MONTH" => Some(Source::Month),
                "DAYOFYEAR" => Some(Source::DayOfYear),
                _ => None,
            };
        }
        if same(&v.object, "GAGE") {
            let k = network.gages.iter().position(|g| same(&g.id, &v.id))?;
            return match v.attribute.as_str() {
                "INTENSITY" => Some(Source::Rain(k)),
                other => other.strip_suffix("-HR_DEPTH")?.parse().ok().map(|hours| Source::RainHours(k, hours)),
            };
        }
        if same(&v.object, "NODE") {
            let k = nodes.iter().position(|n| same(&n.id, &v.id))?;
            return match v.attribute.as_str() {
                "DEPTH" => Some(Source::NodeDepth(k)),
                "HEAD" => Some(Source::NodeHead(k)),
                "VOLUME" => Some(Source::NodeVolume(k)),
                "INFLOW" => Some(Source::NodeInflow(k)),
                "MAXDEPTH" => Some(Source::Fixed(nodes[k].depth_m.to_bits())),
                _ => None,
            };
        }
        let k = link(&v.id)?;
        match v.attribute.as_str() {
            "FLOW" => Some(Source::LinkFlow(k)),
            "STATUS" | "SETTING" => Some(Source::LinkSetting(k)),
            "DEPTH" if k < links.len() => Some(Source::LinkDepth(k)),
            "FULLDEPTH" => Some(Source::Fixed(sections[links.get(k)?.section].full_m.to_bits())),
            "FULLFLOW" => Some(Source::Fixed(links.get(k)?.full_m3_s.to_bits())),
            "LENGTH" => Some(Source::Fixed(links.get(k)?.length_m.to_bits())),
            "TIMEOPEN" => Some(Source::OpenS(k)),
            "TIMECLOSED" => Some(Source::ClosedS(k)),
            _ => None,
        }
    };
    let mut named: Vec<Option<Named>> = network
        .formulas
        .iter()
        .map(|f| {
            // Those it does not use need not be there.
            let used = |k: usize| f.formula.0.contains(&Term::Variable(k));
            let look = |(k, v): (usize, &ControlVariable)| match plain(v) {
                Some(source) => Some((source, units_of(source, network))),
                None => (!used(k)).then_some((Source::Fixed(0), 1.0)),
            };
            Some((f.formula.clone(), f.variables.iter().enumerate().map(look).collect::<Option<_>>()?))
        })
        .collect();
    let known: Vec<bool> = named.iter().map(Option::is_some).collect();
    let source = |v: &ControlVariable| {
        if !same(&v.object, "EXPRESSION") {
            return plain(v);
        }
        let k = network.formulas.iter().position(|f| same(&f.id, &v.id))?;
        known[k].then_some(Source::Formula(k))
    };
    let mut out = Vec::new();
    let controllers = std::cell::Cell::new(0);
    for rule in &network.rules {
        let premises: Option<Vec<_>> = rule
            .premises
            .iter()
            .map(|p| {
                let right = match &p.right {
                    ControlValue::Number(v) => Right::Number(*v),
                    ControlValue::Variable(v) => Right::Source(source(v)?),
                };
                let left = source(&p.left)?;
                // Formulas are in the file's units: what they are compared with must be, too.
                let right = match (left, right) {
                    (Source::Formula(_), Right::Source(other)) if !matches!(other, Source::Formula(_)) => {
                        named.push(Some((Formula(vec![Term::Variable(0)]), vec![(other, units_of(other, network))])));
                        Right::Source(Source::Formula(named.len() - 1))
                    }
                    (_, right) => right,
                };
                Some((p.joined, left, p.compare, right))
            })
            .collect();
        let last = rule.premises.last().and_then(|p| source(&p.left));
        let goal = rule.premises.last().and_then(|p| match &p.right {
            ControlValue::Number(v) => Some(Right::Number(*v)),
            ControlValue::Variable(v) => source(v).map(Right::Source),
        });
        let conduit = |id: &str| links.iter().position(|l| same(&l.id, id)).map(|k| pumps.len() + regulators.len() + k);
        let actions = |list: &[ControlAction]| -> Option<Vec<Action>> {
            list.iter()
                .map(|a| {
                    let value = match &a.setting {
                        ControlSetting::Value(v) => Value::Number(*v),
                        ControlSetting::Curve(k) => {
                            Value::Curve(network.curves.get(*k)?.clone(), last?, units_of(last?, network))
                        }
                        ControlSetting::Series(k) => Value::Series(network.series.get(*k)?.clone()),
                        ControlSetting::Pid(times) => {
                            controllers.set(controllers.get() + 1);
                            Value::Pid(*times, controllers.get() - 1, last?, goal.clone()?)
                        }
                    };
                    Some(Action { target: driven(&a.id).or_else(|| conduit(&a.id))?, value })
                })
                .collect()
        };
        match (premises, actions(&rule.then), actions(&rule.otherwise)) {
            (Some(premises), Some(then), Some(otherwise)) => {
                out.push(Rule { premises, then, otherwise, priority: rule.priority });
            }
            _ => notes.push(format!(
                "rule {} (line {}): looks at or drives something that is not supported; left out",
                rule.id, rule.line
            )),
        }
    }
    (out, named.into_iter().map(Option::unwrap_or_default).collect())
}

/// Units of the file in one SI unit of what is looked at; times are in days, and in hours since a gate was moved.
fn units_of(source: Source, network: &DrainageNetwork) -> f64 {
    const FOOT_M: f64 = 0.3048;
    let word = network.options.get("FLOW_UNITS").map_or("CFS".into(), |u| u.to_ascii_uppercase());
    let (length_m, flow_m3_s) = match word.as_str() {
        "CMS" => (1.0, 1.0),
        "LPS" => (1.0, 1.0e-3),
        "MLD" => (1.0, 1.0e3 / 86_400.0),
        "GPM" => (FOOT_M, 6.309_019_64e-5),
        "MGD" => (FOOT_M, 0.043_812_636_4),
        _ => (FOOT_M, FOOT_M * FOOT_M * FOOT_M),
    };
    match source {
        Source::NodeDepth(_) | Source::NodeHead(_) | Source::LinkDepth(_) => 1.0 / length_m,
        Source::NodeVolume(_) => 1.0 / (length_m * length_m * length_m),
        Source::NodeInflow(_) | Source::LinkFlow(_) => 1.0 / flow_m3_s,
        Source::OpenS(_) | Source::ClosedS(_) => 1.0 / 3600.0,
        Source::TimeS | Source::DateS | Source::ClockS => 1.0 / 86_400.0,
        Source::Rain(_) | Source::RainHours(..) if length_m < 1.0 => 1.0 / 25.4,
        _ => 1.0,
    }
}

fn holds(compare: Compare, a: f64, b: f64) -> bool {
    match compare {
        Compare::Equal => (a - b).abs() <= 1.0e-9 * b.abs().max(1.0),
        Compare::NotEqual => (a - b).abs() > 1.0e-9 * b.abs().max(1.0),
        Compare::Less => a < b,
        Compare::LessOrEqual => a <= b,
        Compare::Greater => a > b,
        Compare::GreaterOrEqual => a >= b,
    }
}

/// Number of PID controllers of the rules.
pub(super) fn controllers(rules: &[Rule]) -> usize {
    let actions = rules.iter().flat_map(|r| r.then.iter().chain(&r.otherwise));
    actions.filter_map(|a| if let Value::Pid(_, k, ..) = a.value { Some(k + 1) } else { None }).max().unwrap_or(0)
}

/// Changes of a controller's error or setting that are none.
const TOLERANCE: f64 = 1.0e-4;
/// A difference from the goal that is none.
const TINY: f64 = 1.0e-6;

/// What rules look at and remember.
pub(super) struct Looking<'a> {
    pub time_s: f64,
    /// Length of the step, s.
    pub dt_s: f64,
    pub look: &'a dyn Fn(Source) -> f64,
    /// What each target is set to now.
    pub setting: &'a dyn Fn(usize) -> f64,
    /// The last two errors of each controller.
    pub errors: &'a mut [[f64; 2]],
}

/// Settings that the rules ask for: target and value; of several for one target that of the highest
/// priority, and of equals the first.
pub(super) fn decide(rules: &[Rule], looking: &mut Looking<'_>) -> Vec<(usize, f64)> {
    let mut asked: Vec<(usize, &Value, f64)> = Vec::new();
    for rule in rules {
        // One after the other, as in SWMM: an OR is asked only when what stands before it is false, and an AND then ends it.
        let mut met = !rule.premises.is_empty();
        for (k, (joined, left, compare, right)) in rule.premises.iter().enumerate() {
            match joined {
                Joined::Or if k > 0 && met => continue,
                Joined::If | Joined::And if k > 0 && !met => break,
                _ => {}
            }
            met = looking.holds(*left, *compare, right);
        }
        for action in if met { &rule.then } else { &rule.otherwise } {
            match asked.iter_mut().find(|a| a.0 == action.target) {
                Some(a) if rule.priority > a.2 => *a = (action.target, &action.value, rule.priority),
                Some(_) => {}
                None => asked.push((action.target, &action.value, rule.priority)),
            }
        }
    }
    let settle = |(target, value, _): (usize, &Value, f64)| {
        let value = match value {
            Value::Number(v) => *v,
            Value::Curve(curve, source, units) => curve.at((looking.look)(*source) * units).unwrap_or(0.0),
            Value::Series(series) => series.at(looking.time_s),
            Value::Pid(times, k, source, goal) => looking.pid(*times, *k, *source, goal, target),
        };
        (target, value)
    };
    asked.into_iter().map(settle).collect()
}

impl Looking<'_> {
    /// A premise; times are equal that are no more than half a step apart.
    fn holds(&self, left: Source, compare: Compare, right: &Right) -> bool {
        let (a, b) = ((self.look)(left), self.value(right));
        if a.is_nan() || b.is_nan() {
            return false;
        }
        let time = matches!(left, Source::TimeS | Source::ClockS | Source::OpenS(_) | Source::ClosedS(_));
        match compare {
            Compare::Equal | Compare::NotEqual if time => {
                let same = a >= b - 0.5 * self.dt_s && a < b + 0.5 * self.dt_s;
                same == (compare == Compare::Equal)
            }
            _ => holds(compare, a, b),
        }
    }

    fn value(&self, right: &Right) -> f64 {
        match right {
            Right::Number(v) => *v,
            Right::Source(s) => (self.look)(*s),
        }
    }

    /// SWMM's recursive controller (`getPIDSetting`, EPA SWMM 5.2.4): what it adds to the setting of its target.
    fn pid(
        &mut self,
        [gain, integral_min, derivative_min]: [f64; 3],
        k: usize,
        at: Source,
        goal: &Right,
        to: usize,
    ) -> f64 {
        let (goal, got, dt_min) = (self.value(goal), (self.look)(at), self.dt_s / 60.0);
        let missing = goal - got;
        // Relative to the goal, or to what there is where the goal is nothing.
        let error = match (missing.abs() > TINY, goal != 0.0) {
            (false, _) => missing,
            (true, true) => missing / goal,
            (true, false) => missing / got,
        };
        let before = (self.setting)(to);
        let Some([last, older]) = self.errors.get_mut(k) else { return before };
        if (error - *last).abs() < TOLERANCE {
            (*last, *older) = (0.0, 0.0);
        }
        let integral = if integral_min == 0.0 { 0.0 } else { error * dt_min / integral_min };
        let derivative = if dt_min > 0.0 { derivative_min * (error - 2.0 * *last + *older) / dt_min } else { 0.0 };
        let update = gain * ((error - *last) + integral + derivative);
        let update = if update.abs() < TOLERANCE { 0.0 } else { update };
        (*older, *last) = (*last, error);
        (before + update).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_opens_until_its_goal_is_reached() {
        let value = Value::Pid([-2.0, 5.0, 0.0], 0, Source::NodeDepth(0), Right::Number(1.0));
        let rule = Rule {
            premises: vec![(Joined::If, Source::NodeDepth(0), Compare::GreaterOrEqual, Right::Number(0.0))],
            then: vec![Action { target: 0, value }],
            otherwise: Vec::new(),
            priority: 0.0,
        };
        assert_eq!(controllers(std::slice::from_ref(&rule)), 1);
        let (mut errors, mut setting, mut depth) = (vec![[0.0; 2]], 0.0_f64, 2.0_f64);
        for k in 0..2000 {
            let asked = decide(
                std::slice::from_ref(&rule),
                &mut Looking {
                    time_s: f64::from(k) * 10.0,
                    dt_s: 10.0,
                    look: &|_| depth,
                    setting: &|_| setting,
                    errors: &mut errors,
                },
            );
            setting = asked[0].1.min(1.0);
            // A tank under a constant inflow, emptied in proportion to the setting and the depth.
            depth += 10.0 * (0.004 - 0.01 * setting * depth);
        }
        assert!((depth - 1.0).abs() < 0.05 && (setting - 0.4).abs() < 0.05, "{depth} {setting}");
    }
    #[test]
    fn a_goal_of_nothing_shuts_what_would_empty_the_tank() {
        // `IF NODE S DEPTH > 0 THEN ORIFICE R SETTING = PID 0.8 5 0.02`: in EPA SWMM 5.2.4 nothing ever flows.
        let (mut errors, mut setting) = (vec![[0.0; 2]], 1.0_f64);
        let depths = [1.0, 1.0, 1.1, 1.3, 1.6, 1.4, 1.2, 0.9, 0.5, 0.2];
        for (k, depth) in depths.into_iter().enumerate() {
            let mut looking = Looking {
                time_s: 2.0 * k as f64,
                dt_s: 2.0,
                look: &|_| depth,
                setting: &|_| setting,
                errors: &mut errors,
            };
            let next = looking.pid([0.8, 5.0, 0.02], 0, Source::NodeDepth(0), &Right::Number(0.0), 0);
            assert!(next < setting || next == 0.0, "{k}: {setting} → {next}");
            setting = next;
        }
        assert_eq!(setting, 0.0);
    }
}
