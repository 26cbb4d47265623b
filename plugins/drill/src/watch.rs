//! Holds the facts of a tick against the expectations of the script.

use std::sync::Arc;

use guanlan_core::{AlertLevel, Bilingual, Event, ObservedProperty, Stamp, input::UnitStatus};

use crate::{
    plan::{DrillPlan, NEAR_M, Watch},
    state::{DrillState, Node, Progress},
    target::distance_m,
};

/// Follows one fact.
pub(crate) fn follow(state: &mut DrillState, plan: &DrillPlan, event: &Event, now: Stamp) {
    remember(state, event);
    let script_s = state.script_s(now);
    for (index, expectation) in plan.expectations.iter().enumerate() {
        let open = state.expectations.get(index).is_some_and(|p| p.met.is_none());
        if open && script_s >= f64::from(expectation.since_s) && holds(&expectation.watch, event, state) {
            let evidence = words(event).map(|(zh, en)| Bilingual::new(zh, en)).unwrap_or_default();
            if let Some(progress) = state.expectations.get_mut(index) {
                progress.met = Some(now);
                progress.evidence = evidence;
            }
        }
    }
    if repeats(state, event, now) {
        return;
    }
    if let Some((zh, en)) = words(event) {
        let node = Node { at: now, zh, en, actor: event.actor().to_owned() };
        Arc::make_mut(&mut state.timeline).push(node);
    }
}

/// Rain comes over all gauges of a town at once: one line for a level within this time, ms.
const RAIN_LINE_MS: i64 = 600_000;

/// True for a rain alert like one that the timeline has just told of another gauge.
fn repeats(state: &DrillState, event: &Event, now: Stamp) -> bool {
    let Event::AlertChanged { property: ObservedProperty::RainIntensity, to, .. } = event else { return false };
    let (level, property) = (format!("{}告警 ", to.name().zh), ObservedProperty::RainIntensity.name().zh);
    let recent = state.timeline.iter().rev().take_while(|node| now - node.at < RAIN_LINE_MS);
    recent.into_iter().any(|node| node.zh.starts_with(&level) && node.zh.contains(&property))
}

/// Marks what is overdue and the end.
pub(crate) fn clock(state: &mut DrillState, plan: &DrillPlan, now: Stamp) {
    state.expectations.resize_with(plan.expectations.len(), Progress::default);
    state.now = now;
    let script_s = state.script_s(now);
    for (progress, expectation) in state.expectations.iter_mut().zip(&plan.expectations) {
        let in_time = |met: Stamp| state.start.is_some_and(|s| met - s <= i64::from(expectation.by_s) * 1000);
        progress.missed = match progress.met {
            Some(met) => !in_time(met),
            None => script_s > f64::from(expectation.by_s),
        };
    }
    state.finished = script_s >= f64::from(plan.script.duration_s);
}

fn remember(state: &mut DrillState, event: &Event) {
    let tally = &mut state.tally;
    match event {
        Event::AlertChanged { alert, property, from, to, .. } => {
            if *to == AlertLevel::Normal {
                state.alerts.remove(alert);
            } else {
                state.alerts.insert(*alert, *property);
            }
            tally.reds += u32::from(*to == AlertLevel::Red && *from != AlertLevel::Red);
        }
        Event::AlertAcknowledged { .. } => tally.acknowledged += 1,
        Event::CaseOpened { case, code, place_m, .. } => {
            tally.cases += 1;
            state.cases.insert(case.clone(), (code.clone(), *place_m));
        }
        Event::CaseMoved { to, .. } => tally.closed += u32::from(to == "closed"),
        Event::UnitDispatched { reason, .. } => {
            tally.sent += 1;
            tally.overrides += u32::from(!reason.trim().is_empty());
        }
        Event::UnitStatusChanged { to, .. } => tally.arrived += u32::from(*to == UnitStatus::OnScene),
        Event::RoadClosed { .. } => tally.roads_closed += 1,
        Event::CommandRefused { .. } => tally.refused += 1,
        _ => {}
    }
}

fn holds(watch: &Watch, event: &Event, state: &DrillState) -> bool {
    match (watch, event) {
        (Watch::Alert { property, sensor, level }, Event::AlertChanged { property: p, sensor: s, to, .. }) => {
            to >= level && property.is_none_or(|want| want == *p) && sensor.as_ref().is_none_or(|want| want == s)
        }
        (Watch::Acknowledged { property }, Event::AlertAcknowledged { alert, .. }) => {
            property.is_none_or(|want| state.alerts.get(alert) == Some(&want))
        }
        (Watch::Unit { units, is }, Event::UnitStatusChanged { unit, to, .. }) => {
            to == is && units.as_ref().is_none_or(|set| set.contains(unit))
        }
        (Watch::Unit { units, is: UnitStatus::Dispatched }, Event::UnitDispatched { unit, .. }) => {
            units.as_ref().is_none_or(|set| set.contains(unit))
        }
        (Watch::Case { code, near, state: None }, Event::CaseOpened { code: c, place_m, .. }) => {
            fits(code, *near, c, *place_m)
        }
        (Watch::Case { code, near, state: Some(wanted) }, Event::CaseMoved { case, to, .. }) => {
            to == wanted.key() && state.cases.get(case).is_some_and(|(c, place_m)| fits(code, *near, c, *place_m))
        }
        // A second report of a known case counts as opening it: the trainees have it on the desk.
        (Watch::Case { code, near, state: None }, Event::CaseMerged { case, .. }) => {
            state.cases.get(case).is_some_and(|(c, place_m)| fits(code, *near, c, *place_m))
        }
        (Watch::Road { edges }, Event::RoadClosed { edge, .. }) => edges.is_empty() || edges.contains(edge),
        _ => false,
    }
}

fn fits(wanted: &str, near: Option<[f64; 2]>, code: &str, place_m: [f64; 2]) -> bool {
    let same_code = wanted.is_empty() || code == wanted || code.split('-').next() == Some(wanted);
    same_code && near.is_none_or(|at| distance_m(at, place_m) <= NEAR_M)
}

/// A fact as a line of the timeline; `None` for what a report need not show.
fn words(event: &Event) -> Option<(String, String)> {
    Some(match event {
        Event::AlertChanged { place, property, to, value, .. } if *to > AlertLevel::Normal => (
            format!("{}告警 {} {} {value:.1} {}", to.name().zh, place.zh, property.name().zh, property.unit()),
            format!(
                "{} alert, {}: {} {value:.1} {}",
                to.name().en,
                place.get(guanlan_core::Lang::En),
                property.name().en.to_lowercase(),
                property.unit()
            ),
        ),
        Event::AlertAcknowledged { alert, actor, .. } => {
            (format!("{actor} 确认告警 {alert}"), format!("{actor} acknowledged alert {alert}"))
        }
        Event::CaseOpened { case, title, place, .. } => (
            format!("案卷 {case} {} {}", title.zh, place.zh),
            format!("case {case} opened: {}, {}", title.get(guanlan_core::Lang::En), place.get(guanlan_core::Lang::En)),
        ),
        Event::CaseMoved { case, to, .. }
            if matches!(to.as_str(), "pending_dispatch" | "handling" | "pending_check" | "closed" | "cancelled") =>
        {
            let name = guanlan_casework::CaseState::ALL.into_iter().find(|s| s.key() == to).unwrap_or_default().name();
            (format!("案卷 {case} {}", name.zh), format!("case {case}: {}", name.en.to_lowercase()))
        }
        Event::UnitDispatched { case, unit, eta_s, .. } => (
            format!("派 {unit} 赴 {case}，预计 {:.0} 分钟", eta_s / 60.0),
            format!("{unit} sent to {case}, {:.0} min", eta_s / 60.0),
        ),
        Event::UnitStatusChanged { unit, to: UnitStatus::OnScene, case, .. } => {
            let case = case.as_ref().map(ToString::to_string).unwrap_or_default();
            (format!("{unit} 到场 {case}"), format!("{unit} on scene {case}"))
        }
        Event::RoadClosed { edge, name, cause, .. } => (
            format!("封闭 {}（路段 {edge}，{cause}）", name.zh),
            format!("{} closed (edge {edge}, {cause})", name.get(guanlan_core::Lang::En)),
        ),
        Event::InjectDelivered { no, text, channel, .. } => (
            format!("科目 {no}（{channel}）{}", text.zh),
            format!("inject {no} ({channel}): {}", text.get(guanlan_core::Lang::En)),
        ),
        _ => return None,
    })
}
