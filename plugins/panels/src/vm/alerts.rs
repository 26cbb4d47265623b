//! Alert cards: worst first.

use guanlan_alerting::Alert;
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

/// All cards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlertsVm {
    /// Active by level: normal, blue, yellow, orange, red.
    pub counts: [usize; 5],
    /// Cards, worst first; at most [`MOST`].
    pub cards: Vec<AlertCard>,
    /// Alerts beyond the cards.
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

/// The card of one alert.
#[must_use]
pub fn card(picture: &Picture, alert: &Alert, role: Role, lang: Lang) -> AlertCard {
    let shown = has_value(alert);
    let case = picture.cases.of_alert(alert.id).map(|c| c.id.clone());
    let remark = if alert.flapping {
        tr(lang, "k-flapping")
    } else if alert.latched {
        tr(lang, "k-latched")
    } else {
        ""
    };
    AlertCard {
        id: alert.id,
        level: alert.level,
        title: alert.title.get(lang).to_owned(),
        place: alert.place.get(lang).to_owned(),
        since: tr_with(lang, "k-since", &[("span", &span(lang, picture.now - alert.raised_at))]),
        value: if shown { number(alert.value) } else { String::new() },
        unit: if shown { alert.property.unit() } else { "" },
        trend: if shown { trend_of(picture, alert.index) } else { Vec::new() },
        threshold: alert.threshold,
        unseen: alert.acked.is_none(),
        remark: remark.to_owned(),
        can_open: case.is_none()
            && alert.place_m.is_some()
            && matches!(role, Role::Acceptor | Role::Supervisor | Role::Collector),
        case,
        place_m: alert.place_m,
        can_acknowledge: alert.acked.is_none() && role != Role::Leader,
    }
}

/// The cards of a picture.
#[must_use]
pub fn alerts(picture: &Picture, role: Role, lang: Lang) -> AlertsVm {
    let active = picture.alerts.active();
    AlertsVm {
        counts: picture.alerts.counts(),
        cards: active.iter().take(MOST).map(|a| card(picture, a, role, lang)).collect(),
        beyond: active.len().saturating_sub(MOST),
    }
}
