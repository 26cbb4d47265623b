//! The search: paired runs against doing nothing, under a time budget.

use std::{
    sync::atomic::AtomicBool,
    time::{Duration, Instant},
};

use guanlan_core::{
    Bilingual, Stamp,
    water::{AdviceAction, AdviceOption, AdviceReport, Harm},
};

use super::{
    candidates::{Candidate, Resources, burden, candidates_of},
    words::difference,
};
use crate::{
    ahead::{Ahead, AheadCity, AheadSettings, Doing, look_ahead},
    measures::{Cost, CostBook},
    storm::Rain,
    water::WaterModel,
};

/// How long and how hard to search.
#[derive(Clone, Debug, PartialEq)]
pub struct SearchSettings {
    /// The hours of the runs; fields and copies are not kept.
    pub ahead: AheadSettings,
    /// Wall time after which no further run begins.
    pub budget: Duration,
    /// Runs at most.
    pub runs: u32,
    /// What the city can send.
    pub resources: Resources,
    /// A further action must win this share of what everything at once wins.
    pub worth: f64,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self {
            ahead: AheadSettings { field_every: 0, copy_every: 0, ..AheadSettings::default() },
            budget: Duration::from_secs(120),
            runs: 12,
            resources: Resources::default(),
            worth: 0.03,
        }
    }
}

/// Less of the score than this is no reason to send anybody.
const LEAST: f64 = 5.0;

/// What a set of candidates brings.
struct Tried {
    chosen: Vec<usize>,
    harm: Harm,
}

struct Search<'a> {
    model: &'a WaterModel,
    rain: Option<&'a Rain>,
    city: &'a AheadCity,
    settings: &'a SearchSettings,
    cancel: &'a AtomicBool,
    list: Vec<Candidate>,
    began: Instant,
    runs: u32,
    cut_short: bool,
}

impl Search<'_> {
    fn may_run(&mut self) -> bool {
        let may = self.runs < self.settings.runs && self.began.elapsed() < self.settings.budget;
        self.cut_short |= !may;
        may
    }

    fn run(&mut self, chosen: &[usize]) -> Option<Ahead> {
        self.runs += 1;
        let mut doings: Vec<Doing> = chosen.iter().flat_map(|k| self.list[*k].doings.clone()).collect();
        doings.sort_by(|a, b| a.at_min.total_cmp(&b.at_min));
        look_ahead(self.model.clone(), self.rain, self.city, self.settings.ahead, &doings, self.cancel)
    }

    /// Would the city have what a set asks for?
    fn affordable(&self, chosen: &[usize]) -> bool {
        let count = |kind: &str| chosen.iter().filter(|k| self.list[**k].kind == kind).count();
        count("pump_truck") <= self.settings.resources.trucks && count("inlet_clear") <= self.settings.resources.crews
    }
}

fn cost_of(list: &[Candidate], chosen: &[usize]) -> Cost {
    chosen.iter().fold(Cost::default(), |sum, k| {
        let c = list[*k].cost;
        Cost { people: sum.people + c.people, trucks: sum.trucks + c.trucks, minutes: sum.minutes + c.minutes }
    })
}

/// Effort as one number to divide by: people-minutes, with a truck worth four people; never 0.
fn effort(c: &Cost) -> f64 {
    ((c.people + 4.0 * c.trucks) * c.minutes).max(1.0)
}

/// Looks for what to do about a do-nothing run of `model` with `rain`. `None` when cancelled.
#[must_use]
pub fn advise(
    model: &WaterModel,
    rain: Option<&Rain>,
    city: &AheadCity,
    nothing: &Ahead,
    settings: &SearchSettings,
    cancel: &AtomicBool,
) -> Option<AdviceReport> {
    let costs = CostBook::builtin().unwrap_or_default();
    let list = candidates_of(model, city, nothing, &costs, &settings.resources);
    let mut report = AdviceReport {
        forecast: (nothing.from.0 / 1000).max(0) as u64,
        from: nothing.from,
        to: nothing.to,
        nothing: nothing.harm,
        words: Bilingual::new("预报时段内无需联动处置", "nothing needs to be done in the hours ahead"),
        ..AdviceReport::default()
    };
    if list.is_empty() || nothing.harm.score <= 0.0 {
        return Some(report);
    }
    let began = Instant::now();
    let mut search = Search { model, rain, city, settings, cancel, list, began, runs: 0, cut_short: false };
    // Everything at once tells how much each helps where it stands.
    let everything: Vec<usize> = (0..search.list.len()).collect();
    let all = search.run(&everything)?;
    // What cannot be helped must not make small what can.
    let worth = (settings.worth * (nothing.harm.score - all.harm.score)).max(LEAST);
    let mut gains = gains(&search.list, nothing, &all);
    gains.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let order: Vec<usize> = gains.iter().filter(|(_, gain)| *gain > 0.0).map(|(k, _)| *k).collect();
    let mut tried: Vec<Tried> = Vec::new();
    let mut best = Tried { chosen: Vec::new(), harm: nothing.harm };
    for k in &order {
        let mut chosen = best.chosen.clone();
        chosen.push(*k);
        if !search.affordable(&chosen) {
            continue;
        }
        if !search.may_run() {
            break;
        }
        let run = search.run(&chosen)?;
        if best.harm.score - run.harm.score >= worth {
            best = Tried { chosen, harm: run.harm };
            tried.push(Tried { chosen: best.chosen.clone(), harm: best.harm });
        }
    }
    // What time did not allow to weigh one by one is tried as a whole, as far as the city can afford it.
    if search.cut_short || tried.is_empty() {
        let mut chosen = best.chosen.clone();
        for k in order.iter().filter(|k| !best.chosen.contains(k)) {
            chosen.push(*k);
            if !search.affordable(&chosen) {
                chosen.pop();
            }
        }
        if chosen.len() > best.chosen.len() {
            let run = search.run(&chosen)?;
            if best.harm.score - run.harm.score >= worth {
                tried.push(Tried { chosen, harm: run.harm });
            }
        }
    }
    report.runs = search.runs;
    report.cut_short = search.cut_short;
    report.options = options(&search, nothing, &all, &tried);
    report.words = match report.options.first() {
        Some(first) => first.words.clone(),
        None => Bilingual::new(
            format!("已比较 {} 次推演，现有手段无明显效果", report.runs),
            format!("{} runs compared: nothing at hand makes a difference", report.runs),
        ),
    };
    Some(report)
}

/// How much better the site of each candidate is off, per effort. Candidates of one site share its gain.
fn gains(list: &[Candidate], nothing: &Ahead, all: &Ahead) -> Vec<(usize, f64)> {
    list.iter()
        .enumerate()
        .map(|(k, c)| {
            let was = burden(&nothing.series_mm[c.site]) as f64;
            let is = burden(&all.series_mm[c.site]) as f64;
            (k, (was - is).max(0.0) / effort(&c.cost))
        })
        .collect()
}

/// The ways to act: the best, the one that takes least, and those between them.
fn options(search: &Search<'_>, nothing: &Ahead, all: &Ahead, tried: &[Tried]) -> Vec<AdviceOption> {
    let mut ways: Vec<(&Tried, Bilingual)> = Vec::new();
    if let Some(best) = tried.last() {
        ways.push((best, Bilingual::new("推荐方案", "recommended")));
    }
    if let [first, .., _last] = tried {
        ways.push((first, Bilingual::new("最省方案", "least effort")));
    }
    if tried.len() > 3 {
        ways.push((&tried[tried.len() / 2], Bilingual::new("折中方案", "in between")));
    }
    ways.into_iter()
        .enumerate()
        .map(|(k, (way, name))| {
            let cost = cost_of(&search.list, &way.chosen);
            AdviceOption {
                no: k as u32 + 1,
                name,
                actions: way.chosen.iter().flat_map(|c| actions(search, nothing, all, *c)).collect(),
                people: cost.people,
                trucks: cost.trucks,
                minutes: cost.minutes,
                harm: way.harm,
                words: difference(&nothing.harm, &way.harm),
            }
        })
        .collect()
}

fn actions(search: &Search<'_>, nothing: &Ahead, all: &Ahead, k: usize) -> Vec<AdviceAction> {
    let c = &search.list[k];
    let site = &search.city.sites[c.site];
    let deepest = |run: &Ahead| f64::from(run.series_mm[c.site].iter().copied().max().unwrap_or(0)) / 10.0;
    let why = Bilingual::new(
        format!("{} 最深 {:.0}→{:.0} cm", site.name.zh, deepest(nothing), deepest(all)),
        format!("{}: deepest {:.0}→{:.0} cm", site.name.get(guanlan_core::Lang::En), deepest(nothing), deepest(all)),
    );
    let at = |min: f64| -> Stamp { nothing.from + (min * 60_000.0) as i64 };
    let costs = CostBook::builtin().unwrap_or_default();
    let drive = if c.kind == "pump_start" { 0.0 } else { search.settings.resources.drive_min };
    c.doings
        .iter()
        .zip(&c.names)
        .zip(&c.places_m)
        .map(|((doing, name), place)| {
            let cost = costs.of(&doing.measure);
            AdviceAction {
                kind: c.kind.to_owned(),
                measure: serde_json::to_string(&doing.measure).unwrap_or_default(),
                name: name.clone(),
                why: why.clone(),
                place_m: Some(*place),
                start: at(doing.at_min - cost.minutes - drive),
                effect: at(doing.at_min),
                people: cost.people,
                trucks: cost.trucks,
                minutes: cost.minutes,
            }
        })
        .collect()
}
