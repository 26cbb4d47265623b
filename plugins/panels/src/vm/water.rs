//! The water as a desk sees it: how good the estimate is, what comes, what is advised, what has been done.

use std::sync::Arc;

use guanlan_core::{
    AlertLevel, Bilingual, Lang, Mode, Role, Stamp, WaterAspect,
    theme::Theme,
    water::{AdviceOption, ForecastReport, Harm, SiteForecast, WaterReport},
};
use guanlan_room::{AdviceAnswer, ClosureAnswer, MeasureStage, Picture};

use guanlan_stage::layers::{
    LayerState,
    catalogue::{Layer, Source},
};

use super::{clock, layers::LegendRow, number, span};
use crate::{
    tools::Tool,
    words::{tr, tr_with},
};

/// Places of a forecast shown.
const SITES: usize = 6;
/// Roads of a forecast shown.
const ROADS: usize = 5;
/// Measures shown, the newest first.
const MEASURES: usize = 12;

/// A gauge that is not believed.
#[derive(Clone, Debug, PartialEq)]
pub struct Doubted {
    /// Its name.
    pub name: String,
    /// Measured and modelled.
    pub figures: String,
    /// Why.
    pub why: String,
    /// Local m.
    pub place_m: [f64; 2],
}

/// A road that the estimate wants closed.
#[derive(Clone, Debug, PartialEq)]
pub struct ClosureRow {
    /// Number.
    pub no: u64,
    /// Road and depth.
    pub title: String,
    /// State in words.
    pub state: String,
    /// It waits for a person.
    pub waits: bool,
    /// The answer may be taken back.
    pub can_undo: bool,
    /// Local m.
    pub place_m: [f64; 2],
}

/// The hours ahead at a place.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteRow {
    /// Name.
    pub name: String,
    /// Depth in cm against minutes from now.
    pub series: Vec<[f64; 2]>,
    /// Highest limit that will be passed.
    pub level: AlertLevel,
    /// "38 分后 27 cm", or the peak.
    pub words: String,
    /// Local m.
    pub place_m: [f64; 2],
}

/// The hours ahead.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ForecastVm {
    /// Number and time.
    pub title: String,
    /// What matters first.
    pub headline: String,
    /// Rain it is made from.
    pub rain: String,
    /// Places, deepest first.
    pub sites: Vec<SiteRow>,
    /// Roads cut, in order of time.
    pub roads: Vec<(String, String)>,
    /// Roads beyond those.
    pub roads_beyond: usize,
    /// Who is hit, in figures.
    pub harm: String,
}

/// One way to act.
#[derive(Clone, Debug, PartialEq)]
pub struct OptionRow {
    /// Number in the advice.
    pub no: u32,
    /// Name.
    pub name: String,
    /// The difference it makes.
    pub difference: String,
    /// People, trucks, minutes.
    pub effort: String,
    /// When and what; place.
    pub actions: Vec<(String, String, Option<[f64; 2]>)>,
}

/// Pump advice.
#[derive(Clone, Debug, PartialEq)]
pub struct AdviceVm {
    /// Number.
    pub no: u64,
    /// What happens when nothing is done.
    pub nothing: String,
    /// In words.
    pub words: String,
    /// Ways to act.
    pub options: Vec<OptionRow>,
    /// What a person said, when the last advice has its answer.
    pub answer: String,
    /// It waits for a person.
    pub waits: bool,
}

/// A search for pump advice that is under way.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchVm {
    /// What it is at, and how far.
    pub words: String,
    /// Share done, 0 to 1.
    pub share: f32,
}

/// Something done to the water.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureRow {
    /// Number.
    pub no: u64,
    /// In words.
    pub name: String,
    /// State, who and when.
    pub state: String,
    /// What it takes.
    pub effort: String,
    /// It may be taken back.
    pub can_undo: bool,
    /// Local m.
    pub place_m: Option<[f64; 2]>,
}

/// Something that can be seen of the water.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its layer.
    pub id: String,
    /// Its name.
    pub name: String,
    /// It is what is shown.
    pub on: bool,
    /// What it is.
    pub shows: WaterAspect,
    /// What its colours mean, when it is shown.
    pub legend: Vec<LegendRow>,
    /// From which water, since and until when, when it is shown.
    pub words: String,
}

/// The panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WaterVm {
    /// What can be seen of it on the map.
    pub choices: Vec<Choice>,
    /// 估计 or the exercise's own water; empty when no model speaks.
    pub name: String,
    /// Resolution, inputs, speed.
    pub about: Vec<String>,
    /// Label and value of how good it was.
    pub skill: Vec<(&'static str, String)>,
    /// Volumes in words.
    pub books: String,
    /// Gauges not believed.
    pub doubted: Vec<Doubted>,
    /// Roads to confirm.
    pub closures: Vec<ClosureRow>,
    /// The hours ahead.
    pub forecast: Option<ForecastVm>,
    /// Advice.
    pub advice: Option<AdviceVm>,
    /// The search for advice, while it is under way.
    pub search: Option<SearchVm>,
    /// Measures.
    pub measures: Vec<MeasureRow>,
    /// Effort of all standing measures.
    pub effort: String,
    /// Tools for this mode.
    pub tools: Vec<Tool>,
    /// The seat may act.
    pub may_act: bool,
}

fn metres(v: f64) -> String {
    if v.abs() < 1.0 { format!("{:.0} cm", v * 100.0) } else { format!("{v:.2} m") }
}

fn percent(v: f64) -> String {
    format!("{:.0} %", v * 100.0)
}

/// What people, trucks and minutes something takes.
fn effort(lang: Lang, people: f64, trucks: f64, minutes: f64) -> String {
    let whole = |v: f64| format!("{:.0}", v.ceil());
    tr_with(
        lang,
        "k-water-effort",
        &[("people", &whole(people)), ("trucks", &whole(trucks)), ("minutes", &whole(minutes))],
    )
}

fn harm(lang: Lang, h: &Harm) -> String {
    tr_with(
        lang,
        "k-water-harm",
        &[
            ("roads", &h.roads.to_string()),
            ("minutes", &format!("{:.0}", h.road_min)),
            ("under", &h.underpasses.to_string()),
            ("buildings", &h.buildings.to_string()),
            ("residents", &h.residents.to_string()),
            ("places", &h.places.to_string()),
        ],
    )
}

fn about(report: &WaterReport, lang: Lang) -> Vec<String> {
    let grid = tr_with(lang, "k-water-grid", &[("cell", &report.cells()), ("speed", &format!("{:.0}", report.speed))]);
    let rain = tr_with(
        lang,
        "k-water-rain",
        &[
            ("source", report.rain.name().get(lang)),
            ("share", &report.rain_coverage.to_string()),
            ("v", &number((report.rain_mm_h * 10.0).round() / 10.0)),
        ],
    );
    let mut lines = vec![grid, rain];
    if report.behind_s > 90.0 {
        lines.push(tr_with(lang, "k-water-behind", &[("span", &span(lang, (report.behind_s * 1000.0) as i64))]));
    }
    lines.extend(report.notes.iter().map(|n| n.get(lang).to_owned()));
    lines
}

fn skill(report: &WaterReport) -> Vec<(&'static str, String)> {
    let s = &report.skill;
    if s.readings == 0 {
        return Vec::new();
    }
    let mut rows = vec![("k-water-rmse", metres(s.rmse_m)), ("k-water-bias", format!("{:+.0} cm", s.bias_m * 100.0))];
    rows.extend(s.nse.map(|v| ("k-water-nse", format!("{v:.2}"))));
    rows.extend(s.hit_rate.map(|v| ("k-water-hit", percent(v))));
    rows.extend(s.false_alarm.map(|v| ("k-water-false", percent(v))));
    rows
}

fn books(report: &WaterReport, lang: Lang) -> String {
    let b = &report.books;
    let thousand = |v: f64| format!("{:.1}", v / 1000.0);
    tr_with(
        lang,
        "k-water-books",
        &[
            ("rain", &thousand(b.rain_m3)),
            ("drained", &thousand(b.drained_m3)),
            ("stored", &thousand(b.stored_m3)),
            ("nudged", &format!("{:+.1}", b.nudged_m3 / 1000.0)),
            ("error", &format!("{:.0e}", b.error_relative)),
        ],
    )
}

/// Levels of road water of the sensor table: 5, 15, 27 cm (DOMAIN §2.2).
fn level_of_mm(mm: u16) -> AlertLevel {
    match mm {
        270.. => AlertLevel::Red,
        150.. => AlertLevel::Yellow,
        50.. => AlertLevel::Blue,
        _ => AlertLevel::Normal,
    }
}

fn site(s: &SiteForecast, from: Stamp, step_s: u32, now: Stamp, lang: Lang) -> SiteRow {
    let minutes = |at: Stamp| (at - now) as f64 / 60_000.0;
    let series = s
        .depth_mm
        .iter()
        .enumerate()
        .map(|(i, mm)| [minutes(from + i64::from(step_s) * 1000 * i as i64), f64::from(*mm) / 10.0]);
    // The worst limit that is still to come; what has come is told as it stands.
    let coming = s.passes.iter().rev().find(|p| p.from > now);
    let words = match coming {
        Some(p) => tr_with(
            lang,
            "k-water-in",
            &[("span", &span(lang, p.from - now)), ("cm", &number(f64::from(p.limit_mm) / 10.0))],
        ),
        None => {
            tr_with(lang, "k-water-peak", &[("cm", &number(f64::from(s.peak_mm) / 10.0)), ("at", &clock(s.peak_at))])
        }
    };
    SiteRow {
        name: s.name.get(lang).to_owned(),
        series: series.collect(),
        level: level_of_mm(s.peak_mm),
        words,
        place_m: s.place_m,
    }
}

fn forecast(report: &ForecastReport, now: Stamp, lang: Lang) -> ForecastVm {
    let hours = number((report.to - report.from) as f64 / 3_600_000.0);
    let road = |r: &guanlan_core::water::RoadForecast| {
        let until = r.until.map_or_else(String::new, |u| format!("–{}", clock(u)));
        let when = if r.from <= now { tr(lang, "k-water-cut-now").to_owned() } else { clock(r.from) };
        (r.name.get(lang).to_owned(), format!("{when}{until} · {}", metres(f64::from(r.peak_mm) / 1000.0)))
    };
    ForecastVm {
        title: tr_with(lang, "k-water-forecast", &[("hours", &hours), ("at", &clock(report.from))]),
        headline: report.headline.get(lang).to_owned(),
        rain: tr_with(
            lang,
            "k-water-forecast-rain",
            &[("mm", &number((report.rain_mm * 10.0).round() / 10.0)), ("source", report.rain_words.get(lang))],
        ),
        sites: report.sites.iter().take(SITES).map(|s| site(s, report.from, report.step_s, now, lang)).collect(),
        roads: report.roads.iter().take(ROADS).map(road).collect(),
        roads_beyond: report.roads.len().saturating_sub(ROADS),
        harm: harm(lang, &report.harm),
    }
}

fn option(o: &AdviceOption, lang: Lang) -> OptionRow {
    let action = |a: &guanlan_core::water::AdviceAction| {
        (clock(a.start), format!("{} · {}", a.name.get(lang), a.why.get(lang)), a.place_m)
    };
    OptionRow {
        no: o.no,
        name: o.name.get(lang).to_owned(),
        difference: o.words.get(lang).to_owned(),
        effort: effort(lang, o.people, o.trucks, o.minutes),
        actions: o.actions.iter().map(action).collect(),
    }
}

fn advice(picture: &Picture, lang: Lang) -> Option<AdviceVm> {
    let given = picture.pump_advice.pending().or_else(|| picture.pump_advice.given.last())?;
    let report = &given.report;
    let waits = given.answer == AdviceAnswer::Pending;
    let answer = if waits {
        String::new()
    } else {
        let at = given.answered.map_or_else(String::new, clock);
        let answer = given.answer.name();
        let words = [answer.get(lang), given.actor.as_str(), at.as_str(), given.reason.as_str()];
        words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    Some(AdviceVm {
        no: report.no,
        nothing: harm(lang, &report.nothing),
        words: report.words.get(lang).to_owned(),
        options: report.options.iter().map(|o| option(o, lang)).collect(),
        answer,
        waits,
    })
}

fn search(picture: &Picture, lang: Lang) -> Option<SearchVm> {
    let said = Some(picture.searching).filter(|s| s.is_on() && picture.mode != Mode::Forecast)?.latest;
    let (runs, most) = (said.runs.to_string(), said.runs_most.to_string());
    let words =
        tr_with(lang, "k-water-search", &[("stage", said.stage.name().get(lang)), ("runs", &runs), ("most", &most)]);
    Some(SearchVm { words, share: f32::from(said.percent) / 100.0 })
}

fn closures(picture: &Picture, lang: Lang) -> Vec<ClosureRow> {
    let mut rows: Vec<ClosureRow> = picture
        .closures
        .list
        .iter()
        .rev()
        .filter(|c| c.answer != ClosureAnswer::Lapsed)
        .take(8)
        .map(|c| {
            let waits = c.answer == ClosureAnswer::Pending;
            let since = tr_with(lang, "k-since", &[("span", &span(lang, picture.now - c.since))]);
            let state = if waits {
                since
            } else {
                [c.answer.name().get(lang), c.actor.as_str(), c.reason.as_str()]
                    .into_iter()
                    .filter(|w| !w.is_empty())
                    .collect::<Vec<_>>()
                    .join(" · ")
            };
            ClosureRow {
                no: c.no,
                title: format!("{} {}", c.name.get(lang), metres(f64::from(c.depth_m))),
                state,
                waits,
                can_undo: !waits,
                place_m: c.place_m,
            }
        })
        .collect();
    rows.sort_by_key(|r| !r.waits);
    rows
}

fn measures(picture: &Picture, lang: Lang) -> Vec<MeasureRow> {
    let row = |m: &guanlan_room::MeasureEntry| MeasureRow {
        no: m.no,
        name: m.name.get(lang).to_owned(),
        state: format!("{} · {} {}", m.stage.name().get(lang), m.actor, clock(m.since)),
        effort: effort(lang, m.people, m.trucks, m.minutes),
        can_undo: m.undoable && matches!(m.stage, MeasureStage::Planned | MeasureStage::Standing),
        place_m: m.place_m,
    };
    picture.measures.list.iter().rev().take(MEASURES).map(row).collect()
}

/// True when a seat may touch the water.
#[must_use]
pub fn may_act(role: Role) -> bool {
    matches!(role, Role::Dispatcher | Role::Supervisor | Role::Department | Role::Leader | Role::System)
}

/// What is shown of the water, from which water, since and until when: 估计 · 最大水深 · 14:05 起，至 15:20.
#[must_use]
pub fn shown_words(picture: &Picture, shows: WaterAspect, lang: Lang) -> String {
    let (name, what) = (picture.live_water.name(), shows.name());
    let name = name.as_ref().map_or("", |n| n.get(lang));
    let part = [what.get(lang), name].into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" · ");
    let Some(peaks) = picture.peaks.latest.as_ref().filter(|_| shows != WaterAspect::Depth) else { return part };
    let (since, at) = (clock(peaks.since), clock(peaks.at));
    let key = if shows.is_now() { "k-water-shown-now" } else { "k-water-shown-since" };
    format!("{part} · {}", tr_with(lang, key, &[("since", &since), ("at", &at)]))
}

/// What people may choose to see of the water: the layers that show it, each with its legend.
#[must_use]
pub fn choices(layers: &LayerState, picture: &Picture, theme: Theme, lang: Lang) -> Vec<Choice> {
    let catalogue = layers.catalogue();
    let shown = layers.water().and_then(|(_, layer)| layer.map(|l| l.id.clone()));
    let of = |l: &Layer| {
        let Source::Flood { shows } = l.source else { return None };
        let on = shown.as_deref() == Some(l.id.as_str());
        let legend = l.legend.iter().filter(|_| on).map(|line| LegendRow {
            swatch: line.swatch,
            color: layers.swatch(line, theme),
            words: Bilingual::from(line.words.clone()).get(lang).to_owned(),
        });
        let missing = on && shows != WaterAspect::Depth && picture.peaks.latest.is_none();
        Some(Choice {
            id: l.id.clone(),
            name: shows.name().get(lang).to_owned(),
            on,
            shows,
            legend: legend.collect(),
            words: match (on, missing) {
                (true, true) => tr(lang, "k-water-shown-none").to_owned(),
                (true, false) => shown_words(picture, shows, lang),
                (false, _) => String::new(),
            },
        })
    };
    catalogue.layers.iter().filter_map(of).collect()
}

/// What every picture with water says of it: name, resolution, inputs, error. Empty without a model.
#[must_use]
pub fn note(picture: &Picture, shows: WaterAspect, lang: Lang) -> String {
    let live = &picture.live_water;
    let (Some(name), Some(report)) = (live.name(), live.report.as_ref()) else { return String::new() };
    let mut words = tr_with(
        lang,
        "k-water-note",
        &[
            ("what", shows.name().get(lang)),
            ("name", name.get(lang)),
            ("cell", &report.cells()),
            ("rain", report.rain.name().get(lang)),
            ("error", &format!("{:.0e}", report.books.error_relative)),
        ],
    );
    if let Some(peaks) = picture.peaks.latest.as_ref().filter(|_| shows != WaterAspect::Depth) {
        let key = if shows.is_now() { "k-water-shown-now" } else { "k-water-shown-since" };
        let when = tr_with(lang, key, &[("since", &clock(peaks.since)), ("at", &clock(peaks.at))]);
        words.push_str(&format!(" · {when}"));
    }
    if report.skill.readings > 0 {
        words.push_str(&format!(" · {} {}", tr(lang, "k-water-rmse"), metres(report.skill.rmse_m)));
    }
    words
}

/// The panel of a picture.
#[must_use]
pub fn water(picture: &Picture, choices: Vec<Choice>, role: Role, lang: Lang) -> WaterVm {
    let live = &picture.live_water;
    let report: Option<&Arc<WaterReport>> = live.report.as_ref();
    let doubted = live.contradicted.values().map(|v| Doubted {
        name: picture
            .sensors
            .find(&v.sensor)
            .map_or_else(|| v.sensor.to_string(), |row| row.meta.name.get(lang).to_owned()),
        figures: tr_with(lang, "k-water-says", &[("measured", &metres(v.measured_m)), ("model", &metres(v.model_m))]),
        why: v.reason.get(lang).to_owned(),
        place_m: v.place_m,
    });
    let all = picture.measures.effort();
    WaterVm {
        choices,
        name: live.name().map_or_else(String::new, |n| n.get(lang).to_owned()),
        about: report.map_or_else(Vec::new, |r| about(r, lang)),
        skill: report.map_or_else(Vec::new, |r| skill(r)),
        books: report.map_or_else(String::new, |r| books(r, lang)),
        doubted: doubted.collect(),
        closures: closures(picture, lang),
        forecast: picture.forecast.latest.as_ref().map(|f| forecast(f, picture.now, lang)),
        advice: advice(picture, lang),
        search: search(picture, lang),
        measures: measures(picture, lang),
        effort: if picture.measures.standing().next().is_some() {
            effort(lang, all.people, all.trucks, all.minutes)
        } else {
            String::new()
        },
        tools: Tool::ALL.into_iter().filter(|t| t.allowed(picture.mode)).collect(),
        may_act: may_act(role),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_core::water::Passing;

    #[test]
    fn a_forecast_says_in_how_many_minutes() {
        let now = Stamp::from_secs(10_000);
        let s = SiteForecast {
            name: Bilingual::new("观山路下穿", "Guanshan underpass"),
            depth_mm: vec![0, 100, 300],
            peak_mm: 300,
            peak_at: now + 1_200_000,
            passes: vec![
                Passing { limit_mm: 150, from: now + 600_000, until: None },
                Passing { limit_mm: 270, from: now + 38 * 60_000, until: None },
            ],
            ..SiteForecast::default()
        };
        let row = site(&s, now, 600, now, Lang::Zh);
        assert!(row.words.contains("38 分") && row.words.contains("27"), "{}", row.words);
        assert_eq!(row.level, AlertLevel::Red);
        assert_eq!(row.series[2], [20.0, 30.0]);
        // Everything has come: the peak is told.
        let later = site(&s, now, 600, now + 3_600_000, Lang::En);
        assert!(later.words.contains("30"), "{}", later.words);
    }

    #[test]
    fn depths_are_said_in_the_unit_that_reads_well() {
        assert_eq!(metres(0.31), "31 cm");
        assert_eq!(metres(1.2), "1.20 m");
        assert_eq!(level_of_mm(270), AlertLevel::Red);
        assert_eq!(level_of_mm(149), AlertLevel::Blue);
    }
}
