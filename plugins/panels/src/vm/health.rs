//! 系统: how the room itself is, in figures and words, and which alerts somebody has silenced.

use guanlan_core::{Lang, Role};
use guanlan_room::Picture;

use super::{
    headline::{LATE_MS, Lamp},
    number, span,
};
use crate::words::{tr, tr_with};

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct TroubleRow {
    /// What, and what to do.
    pub words: String,
    /// The system's own words.
    pub detail: String,
    /// Since when.
    pub since: String,
    /// It stops acknowledgements.
    pub grave: bool,
}

/// A silence in force.
#[derive(Clone, Debug, PartialEq)]
pub struct SilenceRow {
    /// Its number.
    pub id: u64,
    /// What it matches.
    pub what: String,
    /// Owner and reason.
    pub why: String,
    /// Until when.
    pub until: String,
    /// Active alerts it silences now.
    pub fits: usize,
}

/// The panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HealthVm {
    /// Troubles, gravest first.
    pub troubles: Vec<TroubleRow>,
    /// Feeds that are down: name and what they say.
    pub feeds: Vec<(String, String)>,
    /// Label, value, how it is.
    pub figures: Vec<(&'static str, String, Lamp)>,
    /// Silences, first to end first.
    pub silences: Vec<SilenceRow>,
    /// The rule file in force.
    pub rules: String,
    /// A rule file that was refused.
    pub refused: String,
    /// The seat may end silences.
    pub may_act: bool,
}

/// Deliveries waiting above this are said.
const QUEUE: usize = 2000;

/// How a picture's room is.
#[must_use]
pub fn health(picture: &Picture, role: Role, lang: Lang) -> HealthVm {
    let h = &picture.health;
    let mut troubles: Vec<TroubleRow> = h
        .troubles
        .iter()
        .map(|t| TroubleRow {
            words: t.text.get(lang).to_owned(),
            detail: t.detail.clone(),
            since: tr_with(
                lang,
                "k-why-since-at",
                &[
                    ("at", &t.since.format_local("%m-%d %H:%M:%S")),
                    ("span", &span(lang, (picture.now - t.since).max(0))),
                ],
            ),
            grave: t.fault.stops_acknowledging(),
        })
        .collect();
    troubles.sort_by_key(|t| !t.grave);
    let lamp = |bad: bool| if bad { Lamp::Strained } else { Lamp::Well };
    let figures = vec![
        ("k-sys-late", format!("{:.0} ms", h.lateness_p99_ms), lamp(h.lateness_p99_ms > LATE_MS)),
        ("k-sys-tick", format!("{:.1} ms", h.tick_cost_ms), Lamp::Well),
        ("k-sys-queue", h.queue.to_string(), lamp(h.queue > QUEUE)),
        ("k-sys-uncommitted", h.uncommitted.to_string(), lamp(h.uncommitted > 100)),
        ("k-sys-journal", h.journal_seq.to_string(), Lamp::Well),
        ("k-sys-sensors", picture.sensors.len().to_string(), Lamp::Well),
        ("k-sys-model", speed(picture, lang), Lamp::Well),
    ];
    let active = picture.alerts.active();
    let silences = picture.alerts.silences.iter().map(|s| {
        let property = s.property.map(|p| p.name().get(lang).to_owned());
        let parts = [
            Some(s.rule.clone()),
            property,
            s.sensor.as_ref().map(ToString::to_string),
            Some(s.area.clone()),
            Some(tr_with(lang, "k-sys-up-to", &[("level", s.up_to.name().get(lang))])),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|p| !p.is_empty()).collect();
        SilenceRow {
            id: s.id,
            what: parts.join(" · "),
            why: format!("{} · {} · {}", s.actor, s.role.name().get(lang), s.reason),
            until: tr_with(
                lang,
                "k-sys-until",
                &[("at", &super::clock(s.until)), ("span", &span(lang, (s.until - picture.now).max(0)))],
            ),
            fits: active.iter().filter(|a| s.fits(a)).count(),
        }
    });
    let rules = &picture.alerts.rules;
    HealthVm {
        troubles,
        feeds: (picture.feeds.iter().filter(|(_, f)| !f.up))
            .map(|(n, f)| (n.clone(), lang.part_of(&f.message).to_owned()))
            .collect(),
        figures,
        silences: silences.collect(),
        rules: format!("{} · {} · {}", rules.name, rules.rules, rules.hash.get(..8).unwrap_or_default()),
        refused: rules.refused.as_ref().map_or_else(String::new, |(name, at, why)| {
            tr_with(lang, "k-sys-refused", &[("name", name), ("at", &super::clock(*at)), ("why", why)])
        }),
        may_act: role != Role::Leader,
    }
}

/// How much faster than the clock the water's model runs.
fn speed(picture: &Picture, lang: Lang) -> String {
    match picture.live_water.report.as_ref().map(|r| r.speed).filter(|s| *s > 0.0) {
        Some(speed) => format!("×{}", number(speed)),
        None => tr(lang, "k-sys-no-model").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_core::Stamp;
    use guanlan_room::Trouble;
    use std::sync::Arc;

    #[test]
    fn what_stops_acknowledging_comes_first_in_the_language_of_the_screen() {
        let mut p = picture(&machine(&Arc::default()));
        let trouble = |fault| Trouble::new(fault, "os error".into(), Stamp(0));
        p.health.troubles = vec![trouble(guanlan_journal::Fault::ClockBack), trouble(guanlan_journal::Fault::DiskFull)];
        let vm = health(&p, Role::Supervisor, Lang::En);
        assert!(vm.troubles[0].grave && !vm.troubles[1].grave);
        assert!(vm.troubles[0].words.is_ascii() && vm.troubles[0].detail == "os error", "{:?}", vm.troubles);
        assert!(vm.silences.is_empty() && vm.refused.is_empty() && vm.may_act);
        assert!(!health(&p, Role::Leader, Lang::Zh).may_act);
    }
}
