//! 风险: the 万米网格 in which most comes together, each score opened into its terms, and where alerts and cases crowd
//! more than chance explains.

use guanlan_core::{AlertLevel, Lang, Stamp};
use guanlan_room::{
    Picture,
    risk_sources::{CASES, RiskMark, RiskSource, RiskSources, behind_spot},
};

use super::{clock, number};
use crate::{
    subject::Subject,
    words::{tr, tr_with},
};

/// Grids listed at most.
const MOST: usize = 60;

/// One term of a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Name.
    pub name: String,
    /// What was measured.
    pub value: String,
    /// Share of its worst, 0–1.
    pub share: f32,
    /// Its weight in the score.
    pub weight: String,
    /// What it was made of, with where that comes from, and what a click on it pins. Of the open grid only.
    pub from: Vec<(String, Option<Subject>)>,
}

/// One grid.
#[derive(Clone, Debug, PartialEq)]
pub struct RiskRow {
    /// Its number in the list of grids.
    pub grid: u32,
    /// Name.
    pub name: String,
    /// Code.
    pub code: String,
    /// 0–100.
    pub score: u32,
    /// Colour of the score.
    pub level: AlertLevel,
    /// Middle, local m.
    pub place_m: [f64; 2],
    /// Corners, local m, not closed.
    pub ring_m: Vec<[f64; 2]>,
    /// Terms of the score.
    pub terms: Vec<Term>,
}

/// One hot spot.
#[derive(Clone, Debug, PartialEq)]
pub struct SpotRow {
    /// How many where chance explains how many.
    pub words: String,
    /// Significance in words.
    pub proof: String,
    /// Since when until when.
    pub when: String,
    /// Middle, local m.
    pub place_m: [f64; 2],
    /// West, south, east, north, local m.
    pub bounds_m: [f64; 4],
    /// What it counts, with where that comes from, and what a click on it pins.
    pub from: Vec<(String, Option<Subject>)>,
    /// Events beyond these.
    pub more: usize,
}

/// The panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RiskVm {
    /// Counted at, in words; empty before the first count.
    pub at: String,
    /// Grids, worst first.
    pub rows: Vec<RiskRow>,
    /// Grids with a score at all.
    pub grids: usize,
    /// Hot spots, strongest first.
    pub spots: Vec<SpotRow>,
}

fn p_words(p: f64) -> String {
    if p < 0.001 { format!("{p:.0e}") } else { format!("{p:.3}") }
}

/// A source of a term in words: what it is and says, connector and feed, row at the source.
fn behind(s: &RiskSource, lang: Lang) -> (String, Option<Subject>) {
    let subject = match &s.mark {
        RiskMark::Sensor(id) => Some(Subject::Sensor(id.clone())),
        RiskMark::Case(id) => Some(Subject::Case(id.clone())),
        RiskMark::Unit(id) => Some(Subject::Unit(id.clone())),
        RiskMark::None => None,
    };
    let unit = ["mm/h", "cm", "", "m"].get(s.term).copied().unwrap_or_default();
    let value = match s.mark {
        // The colour of a case is on its pin.
        RiskMark::Case(_) => String::new(),
        // An alert is told by its name; its value is its level's rank.
        RiskMark::Sensor(_) if s.term == CASES => String::new(),
        _ => format!("{} {unit}", number((s.value * 10.0).round() / 10.0)),
    };
    let way = if s.feed == s.connector { s.feed.clone() } else { format!("{} · {}", s.connector, s.feed) };
    let way = if s.feed.is_empty() { tr(lang, "k-why-undeclared").to_owned() } else { way };
    let parts = [s.name.get(lang), value.as_str(), way.as_str(), s.source.as_str()];
    let words: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    (words.join(" · "), subject)
}

/// The risks of a picture; `open` is the grid whose terms are shown with their sources.
#[must_use]
pub fn risk(picture: &Picture, open: Option<u32>, lang: Lang) -> RiskVm {
    let (map, grids) = (&picture.risk, &picture.risk_grids.0.grids);
    let rows = map.grids.iter().filter(|r| r.score >= 0.005).take(MOST).filter_map(|r| {
        let grid = grids.get(r.grid as usize)?;
        let [w, s, e, n] = grid.bounds_m;
        let sources = match open == Some(r.grid) {
            true => RiskSources::of(picture).behind(r.grid, grid),
            false => Vec::new(),
        };
        let terms = r.terms().into_iter().enumerate().map(|(i, t)| Term {
            name: t.name.get(lang).to_owned(),
            // A negative way is none: no crew is free.
            value: if i == 3 && t.value < 0.0 {
                tr(lang, "k-risk-no-crew").to_owned()
            } else {
                format!("{} {}", number((t.value * 10.0).round() / 10.0), t.unit).trim_end().to_owned()
            },
            share: t.share as f32,
            weight: format!("×{}", number(t.weight)),
            from: sources.iter().filter(|s| s.term == i).map(|s| behind(s, lang)).collect(),
        });
        Some(RiskRow {
            grid: r.grid,
            name: grid.name.get(lang).to_owned(),
            code: grid.code.clone(),
            score: (r.score * 100.0).round().clamp(0.0, 100.0) as u32,
            level: r.level(),
            place_m: grid.centre_m,
            ring_m: if grid.ring_m.is_empty() { vec![[w, s], [e, s], [e, n], [w, n]] } else { grid.ring_m.clone() },
            terms: terms.collect(),
        })
    });
    let spot = |s: &guanlan_alerting::hotspot::HotSpot| {
        let (events, count) = behind_spot(picture, s);
        SpotRow {
            words: tr_with(
                lang,
                "k-hotspot-words",
                &[("n", &s.observed.to_string()), ("expected", &format!("{:.1}", s.expected))],
            ),
            proof: tr_with(
                lang,
                "k-hotspot-proof",
                &[("z", &format!("{:.1}", s.z)), ("p", &p_words(s.p)), ("limit", &p_words(s.p_limit))],
            ),
            when: format!("{}–{} · {:.0} m × {}", clock(s.from), clock(s.to), s.side_m, s.squares),
            place_m: s.centre_m,
            bounds_m: s.bounds_m,
            more: count - events.len(),
            from: events.iter().map(|e| behind(e, lang)).collect(),
        }
    };
    RiskVm {
        at: if map.at == Stamp(0) { String::new() } else { clock(map.at) },
        rows: rows.collect(),
        grids: map.grids.len(),
        spots: map.spots.iter().map(spot).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{machine, picture};
    use guanlan_alerting::risk::{GridFacts, risk as score};
    use guanlan_city::City;
    use std::sync::Arc;

    #[test]
    fn a_score_opens_into_its_terms_and_a_missing_crew_is_said() {
        let city = Arc::new(City { extent: [0.0, 0.0, 300.0, 300.0], ..City::default() });
        let mut p = picture(&machine(&city));
        let facts = |rain: f64, crew: Option<f64>| GridFacts { rain_mm_h: rain, crew_m: crew, ..GridFacts::default() };
        p.risk.grids = Arc::new(vec![score(4, &facts(80.0, None)), score(0, &facts(20.0, Some(3000.0)))]);
        let vm = risk(&p, None, Lang::En);
        assert_eq!((vm.rows.len(), vm.grids), (2, 2));
        let worst = &vm.rows[0];
        assert!(worst.score > vm.rows[1].score && worst.ring_m.len() == 4 && worst.terms.len() == 4);
        assert_eq!(worst.terms[0].value, "80 mm/h");
        assert!((worst.terms[0].share - 0.8).abs() < 1e-6);
        assert!(worst.terms[3].value.contains("none") || worst.terms[3].value.contains("no "), "{:?}", worst.terms[3]);
        assert_eq!(vm.rows[1].terms[3].value, "3000 m");
        assert!(vm.spots.is_empty() && vm.at.is_empty());
    }
}
