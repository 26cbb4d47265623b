//! Alert cards: groups of alerts and alerts that stand alone, worst first.

use guanlan_alerting::{Alert, AlertState, Group};
use guanlan_core::{AlertId, AlertLevel, CaseId, Lang, ObservedProperty, Role, Stamp};
use guanlan_room::Picture;

use super::{number, span};
use crate::words::{tr, tr_with};

/// One card.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertCard {
    /// The alert.
    pub id: AlertId,
    /// Level now.
    pub level: AlertLevel,
    /// What is the matter.
    pub title: String,
    /// Where.
    pub place: String,
    /// Since when, in words.
    pub since: String,
    /// Reading without unit; empty for a device alert.
    pub value: String,
    /// Unit.
    pub unit: &'static str,
    /// The last two hours: minutes before now (negative) and value.
    pub trend: Vec<[f64; 2]>,
    /// Threshold passed.
    pub threshold: f64,
    /// Nobody has seen it.
    pub unseen: bool,
    /// Extra words: swinging, held.
    pub remark: String,
    /// Its case.
    pub case: Option<CaseId>,
    /// Local m.
    pub place_m: Option<[f64; 2]>,
    /// The role may acknowledge it.
    pub can_acknowledge: bool,
    /// The role may open a case from it.
    pub can_open: bool,
}

/// Many alerts of one hazard in one area as one card.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupCard {
    /// Number of the group.
    pub id: u64,
    /// Worst level in it.
    pub level: AlertLevel,
    /// What is the matter.
    pub title: String,
    /// Where.
    pub area: String,
    /// Alerts in it.
    pub count: u32,
    /// Of which by level: normal, blue, yellow, orange, red.
    pub levels: [u32; 5],
    /// Since when, in words.
    pub since: String,
    /// Who has been called, and when the next one is.
    pub called: String,
    /// Its members are shown.
    pub open: bool,
    /// Local m.
    pub place_m: Option<[f64; 2]>,
    /// The role may acknowledge it.
    pub can_acknowledge: bool,
}

/// A row of the column.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Many.
    Group(GroupCard),
    /// One; true for a member of the open group above it.
    Alert(AlertCard, bool),
}

/// All cards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertsVm {
    /// Active by level: normal, blue, yellow, orange, red.
    pub counts: [usize; 5],
    /// Cards, worst first; at most [`MOST`].
    pub rows: Vec<Row>,
    /// Cards beyond these.
    pub beyond: usize,
}

/// Cards made at most: what a person may scroll through.
pub const MOST: usize = 60;

/// True when the unit and value of a property mean something to a reader.
fn has_value(alert: &Alert) -> bool {
    alert.property != ObservedProperty::Other && !alert.rule.starts_with("device")
}

/// Minutes before `now` and value of a sensor's trend.
#[must_use]
pub fn trend_of(picture: &Picture, index: u32) -> Vec<[f64; 2]> {
    let minutes = |at: Stamp| (at - picture.now) as f64 / 60_000.0;
    picture.sensors.trend(index).map_or_else(Vec::new, |t| {
        t.points().iter().map(|p| [minutes(p.at), p.value]).filter(|p| (-120.0..=0.5).contains(&p[0])).collect()
    })
}

/// What is special about an alert now.
fn remark(picture: &Picture, alert: &Alert, lang: Lang) -> String {
    match alert.state() {
        AlertState::Flapping => tr(lang, "k-flapping").to_owned(),
        AlertState::Latched => tr(lang, "k-latched").to_owned(),
        AlertState::Suppressed => AlertState::Suppressed.name().get(lang).to_owned(),
        AlertState::Shelved => {
            let until = alert.shelved.as_ref().map_or(picture.now, |s| s.until);
            tr_with(lang, "k-shelved-until", &[("at", &super::clock(until))])
        }
        _ => match alert.eta.filter(|e| e.at > picture.now) {
            // "红 38 分后": what comes is worth more than how long it has been.
            Some(eta) => tr_with(
                lang,
                "k-eta-level",
                &[("level", eta.level.name().get(lang)), ("span", &span(lang, eta.at - picture.now))],
            ),
            None => String::new(),
        },
    }
}

/// The card of a group.
fn group(picture: &Picture, group: &Group, open: bool, role: Role, lang: Lang) -> GroupCard {
    let mut called = group.rung.name().get(lang).to_owned();
    if let Some(at) = group.next_rung_at.filter(|at| *at > picture.now) {
        let next = tr_with(lang, "k-next-rung", &[("span", &span(lang, at - picture.now))]);
        called = format!("{called} · {next}");
    }
    GroupCard {
        id: group.id,
        level: group.level,
        title: group.title.get(lang).to_owned(),
        area: match group.area_name.get(lang) {
            "" => picture.city.name.get(lang).to_owned(),
            name => name.to_owned(),
        },
        count: group.levels.iter().sum(),
        levels: group.levels,
        since: tr_with(lang, "k-since", &[("span", &span(lang, picture.now - group.first))]),
        called,
        open,
        place_m: group.place_m,
        can_acknowledge: group.calling > 0 && role != Role::Leader,
    }
}

/// The card of one alert.
#[must_use]
pub fn card(picture: &Picture, alert: &Alert, role: Role, lang: Lang) -> AlertCard {
    let shown = has_value(alert);
    let case = picture.cases.of_alert(alert.id).map(|c| c.id.clone());
    let remark = remark(picture, alert, lang);
    AlertCard {
        id: alert.id,
        level: alert.level,
        title: alert.title.get(lang).to_owned(),
        place: alert.place.get(lang).to_owned(),
        since: tr_with(lang, "k-since", &[("span", &span(lang, picture.now - alert.raised_at))]),
        value: if shown { number(alert.value) } else { String::new() },
        unit: if shown { alert.property.unit_in(lang) } else { "" },
        trend: if shown { trend_of(picture, alert.index) } else { Vec::new() },
        threshold: alert.threshold,
        unseen: alert.acked.is_none(),
        remark,
        can_open: case.is_none()
            && alert.place_m.is_some()
            && matches!(role, Role::Acceptor | Role::Supervisor | Role::Collector),
        case,
        place_m: alert.place_m,
        can_acknowledge: alert.acked.is_none() && role != Role::Leader,
    }
}

/// The cards of a picture; the members of the open group follow it.
#[must_use]
pub fn alerts(picture: &Picture, open: Option<u64>, role: Role, lang: Lang) -> AlertsVm {
    let board = &picture.alerts;
    let mut rows = Vec::new();
    for g in board.groups.iter() {
        let count: u32 = g.levels.iter().sum();
        if let (1, Some(alert)) = (count, board.find(g.lead)) {
            rows.push(Row::Alert(card(picture, alert, role, lang), false));
            continue;
        }
        let opened = open == Some(g.id);
        rows.push(Row::Group(group(picture, g, opened, role, lang)));
        if opened {
            let members = g.head.iter().filter_map(|id| board.find(*id));
            rows.extend(members.map(|a| Row::Alert(card(picture, a, role, lang), true)));
        }
    }
    let beyond = rows.len().saturating_sub(MOST);
    rows.truncate(MOST);
    AlertsVm { counts: board.counts(), rows, beyond }
}
