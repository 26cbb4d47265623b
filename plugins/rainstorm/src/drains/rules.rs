//! Control rules: `IF … THEN … ELSE … PRIORITY` over depths, heads, flows, settings and time.

use guanlan_city::model::drainage::{
    Compare, ControlAction, ControlSetting, ControlValue, ControlVariable, Curve, DrainageNetwork, Joined, TimeSeries,
};

use super::{
    plan::{PlanLink, PlanNode},
    pumps::PlanPump,
    regulators::Regulator,
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

/// Something that can be looked at. Links count conduits, then pumps, then regulators.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Source {
    NodeDepth(usize),
    NodeHead(usize),
    NodeVolume(usize),
    NodeInflow(usize),
    LinkFlow(usize),
    LinkSetting(usize),
    TimeS,
    ClockS,
}

#[derive(Clone, Debug, PartialEq)]
struct Action {
    /// Pump or regulator: index among both.
    target: usize,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Curve(Curve, Source),
    Series(TimeSeries),
}

pub(super) fn rules_of(
    network: &DrainageNetwork,
    nodes: &[PlanNode],
    links: &[PlanLink],
    pumps: &[PlanPump],
    regulators: &[Regulator],
    notes: &mut Vec<String>,
) -> Vec<Rule> {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let driven = |id: &str| {
        let pump = pumps.iter().position(|p| same(&p.id, id));
        pump.or_else(|| regulators.iter().position(|r| same(&r.id, id)).map(|k| pumps.len() + k))
    };
    let link = |id: &str| links.iter().position(|l| same(&l.id, id)).or_else(|| driven(id).map(|k| links.len() + k));
    let source = |v: &ControlVariable| -> Option<Source> {
        if same(&v.object, "SIMULATION") {
            return match v.attribute.as_str() {
                "TIME" => Some(Source::TimeS),
                "CLOCKTIME" => Some(Source::ClockS),
                _ => None,
            };
        }
        if same(&v.object, "NODE") {
            let k = nodes.iter().position(|n| same(&n.id, &v.id))?;
            return match v.attribute.as_str() {
                "DEPTH" => Some(Source::NodeDepth(k)),
                "HEAD" => Some(Source::NodeHead(k)),
                "VOLUME" => Some(Source::NodeVolume(k)),
                "INFLOW" => Some(Source::NodeInflow(k)),
                _ => None,
            };
        }
        let k = link(&v.id)?;
        match v.attribute.as_str() {
            "FLOW" => Some(Source::LinkFlow(k)),
            "STATUS" | "SETTING" => Some(Source::LinkSetting(k)),
            _ => None,
        }
    };
    let mut out = Vec::new();
    for rule in &network.rules {
        let premises: Option<Vec<_>> = rule
            .premises
            .iter()
            .map(|p| {
                let right = match &p.right {
                    ControlValue::Number(v) => Right::Number(*v),
                    ControlValue::Variable(v) => Right::Source(source(v)?),
                };
                Some((p.joined, source(&p.left)?, p.compare, right))
            })
            .collect();
        let last = rule.premises.last().and_then(|p| source(&p.left));
        let actions = |list: &[ControlAction]| -> Option<Vec<Action>> {
            list.iter()
                .map(|a| {
                    let value = match &a.setting {
                        ControlSetting::Value(v) => Value::Number(*v),
                        ControlSetting::Curve(k) => Value::Curve(network.curves.get(*k)?.clone(), last?),
                        ControlSetting::Series(k) => Value::Series(network.series.get(*k)?.clone()),
                        ControlSetting::Pid(_) => return None,
                    };
                    Some(Action { target: driven(&a.id)?, value })
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
    out
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

/// Settings that the rules ask for: target and value; of several for one target that of the highest
/// priority, and of equals the first.
pub(super) fn decide(rules: &[Rule], time_s: f64, look: impl Fn(Source) -> f64) -> Vec<(usize, f64)> {
    let mut asked: Vec<(usize, f64, f64)> = Vec::new();
    for rule in rules {
        // OR parts, each a chain of ANDs.
        let (mut any, mut all) = (false, true);
        for (k, (joined, left, compare, right)) in rule.premises.iter().enumerate() {
            if *joined == Joined::Or && k > 0 {
                any |= all;
                all = true;
            }
            let right = match right {
                Right::Number(v) => *v,
                Right::Source(s) => look(*s),
            };
            all &= holds(*compare, look(*left), right);
        }
        any |= all && !rule.premises.is_empty();
        for action in if any { &rule.then } else { &rule.otherwise } {
            let value = match &action.value {
                Value::Number(v) => *v,
                Value::Curve(curve, source) => curve.at(look(*source)).unwrap_or(0.0),
                Value::Series(series) => series.at(time_s),
            };
            match asked.iter_mut().find(|a| a.0 == action.target) {
                Some(a) if rule.priority > a.2 => *a = (action.target, value, rule.priority),
                Some(_) => {}
                None => asked.push((action.target, value, rule.priority)),
            }
        }
    }
    asked.into_iter().map(|(target, value, _)| (target, value)).collect()
}
