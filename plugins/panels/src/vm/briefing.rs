//! 总览: what leaders are told in one sentence, a row of figures and three places.

use std::sync::Arc;

use guanlan_core::{AlertLevel, Bilingual, Lang, ObservedProperty, Warning, WarningStatus, input::UnitStatus};
use guanlan_room::{Picture, warnings::until};

use super::{
    figures::{Figure, Gauges, figures},
    number, span,
};
use crate::words::{tr, tr_with};

/// One of the worst places.
#[derive(Clone, Debug, PartialEq)]
pub struct WorstPlace {
    /// How bad.
    pub level: AlertLevel,
    /// Where.
    pub place: String,
    /// What.
    pub title: String,
    /// Reading without unit.
    pub value: String,
    /// Unit.
    pub unit: &'static str,
    /// Since when, in words.
    pub since: String,
    /// What is being done about it.
    pub answer: String,
    /// Local m.
    pub place_m: [f64; 2],
}

/// A stop of the tour.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Its name.
    pub name: String,
    /// Local m.
    pub place_m: [f64; 2],
}

/// The briefing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BriefingVm {
    /// The situation in one sentence.
    pub sentence: String,
    /// Headline figures, the rate of cases closed in time last.
    pub figures: Vec<Figure>,
    /// Crews on a task and crews in all.
    pub crews: [usize; 2],
    /// Worst places, at most three.
    pub worst: Vec<WorstPlace>,
    /// Stops of the tour: the worst places, filled up with parts of town.
    pub stops: Vec<Stop>,
    /// Unseen reds: a new one stops the tour.
    pub unseen_reds: Vec<guanlan_core::AlertId>,
}

/// Places apart by less are one place, m.
const SAME_PLACE_M: f64 = 150.0;

fn near(a: [f64; 2], b: [f64; 2]) -> bool {
    (a[0] - b[0]).hypot(a[1] - b[1]) < SAME_PLACE_M
}

fn worst(picture: &Picture, lang: Lang) -> Vec<WorstPlace> {
    let mut places: Vec<WorstPlace> = Vec::new();
    let mut alerts: Vec<_> = picture.alerts.active().iter().filter(|a| a.level >= AlertLevel::Yellow).collect();
    // Of the same level, what is farthest beyond its threshold comes first.
    let beyond = |a: &guanlan_alerting::Alert| a.value / a.threshold.abs().max(1e-6);
    alerts.sort_by(|a, b| b.level.cmp(&a.level).then(beyond(b).total_cmp(&beyond(a))));
    for alert in alerts {
        let Some(place_m) = alert.place_m else { continue };
        if places.len() >= 3 || places.iter().any(|p| near(p.place_m, place_m)) {
            continue;
        }
        let case = picture.cases.of_alert(alert.id);
        let answer = match case {
            Some(case) if !case.units.is_empty() => {
                tr_with(lang, "k-crews-on-it", &[("n", &case.units.len().to_string())])
            }
            Some(case) => case.state.name().get(lang).to_owned(),
            None => tr(lang, "k-no-case").to_owned(),
        };
        places.push(WorstPlace {
            level: alert.level,
            place: alert.place.get(lang).to_owned(),
            title: alert.title.get(lang).to_owned(),
            value: if alert.property == ObservedProperty::Other { String::new() } else { number(alert.value) },
            unit: alert.property.unit_in(lang),
            since: tr_with(lang, "k-since", &[("span", &span(lang, picture.now - alert.raised_at))]),
            answer,
            place_m,
        });
    }
    places
}

/// The worst warning of another authority that holds now. What is announced, an exercise or a test is not the situation.
fn warned(picture: &Picture, lang: Lang) -> Option<String> {
    let holds = |w: &&Arc<Warning>| w.status == WarningStatus::Actual && w.effective <= picture.now;
    let warning = picture.warnings.active().iter().find(holds)?;
    // Day and hour stay on one line.
    let end = until(warning).format_local("%m-%d\u{a0}%H:%M");
    Some(tr_with(lang, "k-brief-warning", &[("headline", warning.headline.get(lang)), ("until", &end)]))
}

fn stops(picture: &Picture, worst: &[WorstPlace], lang: Lang) -> Vec<Stop> {
    let mut stops: Vec<Stop> = worst.iter().map(|w| Stop { name: w.place.clone(), place_m: w.place_m }).collect();
    use guanlan_city::model::PlaceKind;
    let rank = |kind: PlaceKind| match kind {
        PlaceKind::Quarter => 0,
        PlaceKind::Underpass => 1,
        PlaceKind::Centre => 2,
        _ => 3,
    };
    let mut others: Vec<(&Bilingual, [f64; 2], i32)> =
        picture.city.places.iter().map(|p| (&p.name, p.place_m, rank(p.kind))).collect();
    others.sort_by_key(|o| o.2);
    for (name, place_m, _) in others {
        if stops.len() >= 3 {
            break;
        }
        if !stops.iter().any(|s| near(s.place_m, place_m)) {
            stops.push(Stop { name: name.get(lang).to_owned(), place_m });
        }
    }
    stops
}

/// The briefing of a picture.
#[must_use]
pub fn briefing(picture: &Picture, gauges: &Gauges, lang: Lang) -> BriefingVm {
    let k = &picture.kpis.total;
    let counts = picture.alerts.counts();
    let worst = worst(picture, lang);
    let busy = picture
        .units
        .units
        .iter()
        .filter(|u| !matches!(u.status, UnitStatus::Available | UnitStatus::OutOfService))
        .count();
    let city = picture.city.name.get(lang);
    let first = match (worst.first(), counts[4] + counts[3] + counts[2]) {
        (Some(w), _) if w.level == AlertLevel::Red => {
            let value = format!("{}\u{a0}{}", w.value, w.unit);
            tr_with(
                lang,
                "k-brief-red",
                &[("city", city), ("n", &counts[4].to_string()), ("place", &w.place), ("value", value.trim())],
            )
        }
        (Some(w), n) => tr_with(lang, "k-brief-yellow", &[("city", city), ("n", &n.to_string()), ("place", &w.place)]),
        (None, _) => tr_with(lang, "k-brief-calm", &[("city", city)]),
    };
    let second = tr_with(
        lang,
        "k-brief-cases",
        &[("open", &k.open.to_string()), ("late", &k.overdue.to_string()), ("crews", &busy.to_string())],
    );
    let stops = stops(picture, &worst, lang);
    let mut figures = figures(picture, gauges, lang).figures;
    let rate = k.in_time_close_rate();
    figures.push(Figure {
        label: "k-rate-close",
        value: rate.map_or_else(|| "–".to_owned(), |r| format!("{r:.0}")),
        alarming: false,
        change: None,
        unit: if rate.is_some() { "%" } else { "" },
    });
    BriefingVm {
        sentence: [warned(picture, lang), Some(first), Some(second)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(if lang == Lang::En { " " } else { "" }),
        figures,
        crews: [busy, picture.units.units.len()],
        worst,
        stops,
        unseen_reds: picture
            .alerts
            .active()
            .iter()
            .filter(|a| a.breathes() && a.level == AlertLevel::Red)
            .map(|a| a.id)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture, warning};
    use guanlan_core::{Input, Stamp};

    /// Leaders hear of a warning that holds, in the first words; an exercise or one only announced is not the situation.
    #[test]
    fn a_warning_in_force_begins_the_sentence() {
        let now = Stamp::from_secs(1_782_864_000);
        let said = |given: Warning, lang| {
            let mut machine = machine(&Arc::default());
            machine.tick(now, vec![Input::Warning(Box::new(given))]);
            briefing(&picture(&machine), &Gauges::default(), lang).sentence
        };
        assert!(said(warning("A", now), Lang::Zh).starts_with("暴雨橙色预警生效中，至 07-02\u{a0}08:00；"));
        let english = said(warning("A", now), Lang::En);
        assert!(english.starts_with("Orange rain holds until 07-02\u{a0}08:00; "), "{english}");
        for other in [
            Warning { status: WarningStatus::Exercise, ..warning("B", now) },
            Warning { effective: now + 3_600_000, ..warning("C", now) },
        ] {
            assert!(!said(other, Lang::Zh).contains("暴雨"));
        }
    }

    #[test]
    fn a_rate_that_is_not_known_is_a_dash_without_unit() {
        let vm = briefing(&picture(&machine(&Arc::default())), &Gauges::default(), Lang::Zh);
        let last = vm.figures.last().map(|f| (f.label, f.value.as_str(), f.unit));
        assert_eq!(last, Some(("k-rate-close", "–", "")));
    }
}
