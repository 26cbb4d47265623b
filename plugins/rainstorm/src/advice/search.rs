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
    words::{difference, how_far},
};
use crate::{
    ahead::{Ahead, AheadCity, AheadSettings, CoarseTwin, Doing, look_ahead},
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
    /// Depths of sites, when it was run over the real cells.
    depths: Option<Vec<Vec<u16>>>,
}

struct Search<'a> {
    model: &'a WaterModel,
    rain: Option<&'a Rain>,
    city: &'a AheadCity,
    settings: &'a SearchSettings,
    cancel: &'a AtomicBool,
    /// Where sets are tried when not on the model itself.
    coarse: Option<(WaterModel, &'a AheadCity)>,
    list: Vec<Candidate>,
    began: Instant,
    runs: u32,
    cut_short: bool,
    told: &'a dyn Fn(Step),
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// True once what was found is computed again on the real cells.
    pub confirms: bool,
    /// Runs made.
    pub runs: u32,
    /// Runs made at most.
    pub runs_most: u32,
    /// How much is done at least, 0 to 1.
    pub share: f64,
    /// Wall time spent.
    pub wall: Duration,
}

impl Search<'_> {
    fn may_run(&mut self) -> bool {
        let may = self.runs < self.settings.runs && self.began.elapsed() < self.settings.budget;
        self.cut_short |= !may;
        may
    }

    /// Runs that the budget has room for, by the time of those made; one is kept for the real cells.
    fn runs_left(&self) -> usize {
        let left = self.settings.runs.saturating_sub(self.runs);
        let each = self.began.elapsed().as_secs_f64() / f64::from(self.runs.max(1));
        let room = (self.settings.budget.saturating_sub(self.began.elapsed()).as_secs_f64() / each.max(1.0e-6)).floor();
        let kept = f64::from(u8::from(self.coarse.is_some()));
        (room - kept).clamp(0.0, f64::from(left)) as usize
    }

    fn doings(&self, chosen: &[usize]) -> Vec<Doing> {
        let mut doings: Vec<Doing> = chosen.iter().flat_map(|k| self.list[*k].doings.clone()).collect();
        doings.sort_by(|a, b| a.at_min.total_cmp(&b.at_min));
        doings
    }

    /// Says how far it is.
    fn tell(&self, confirms: bool) {
        let (wall, most) = (self.began.elapsed(), self.settings.runs.max(1));
        let by_time = wall.as_secs_f64() / self.settings.budget.as_secs_f64().max(1.0e-3);
        let share = by_time.max(f64::from(self.runs) / f64::from(most)).min(0.99);
        (self.told)(Step { confirms, runs: self.runs, runs_most: most, share, wall });
    }

    /// A run where sets are tried.
    fn run(&mut self, chosen: &[usize]) -> Option<Ahead> {
        self.tell(false);
        self.runs += 1;
        let (model, city) = self.coarse.as_ref().map_or((self.model, self.city), |(m, c)| (m, *c));
        look_ahead(model.clone(), self.rain, city, self.settings.ahead, &self.doings(chosen), self.cancel)
    }

    /// A run over the real cells.
    fn confirm(&mut self, chosen: &[usize]) -> Option<Ahead> {
        self.tell(true);
        self.runs += 1;
        look_ahead(self.model.clone(), self.rain, self.city, self.settings.ahead, &self.doings(chosen), self.cancel)
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

/// Looks for what to do about a do-nothing run of `model` with `rain`. `twin`: coarser cells to try sets on; those
/// that are proposed are run again over the model's own. `told` hears before every run how far it is. `None` when
/// cancelled.
#[expect(clippy::too_many_arguments, reason = "a search needs all of them, and each is another's")]
#[must_use]
pub fn advise(
    model: &WaterModel,
    rain: Option<&Rain>,
    city: &AheadCity,
    nothing: &Ahead,
    settings: &SearchSettings,
    twin: Option<&CoarseTwin>,
    cancel: &AtomicBool,
    told: &dyn Fn(Step),
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
    // A twin wants the rain: a model's own does not go with it.
    let coarse = twin.filter(|_| rain.is_some()).and_then(|t| Some((t.of(model)?, &t.city)));
    let coarse_m = coarse.as_ref().and(twin).map(CoarseTwin::cell_m);
    let mut search =
        Search { model, rain, city, settings, cancel, coarse, list, began, runs: 0, cut_short: false, told };
    // What sets are compared with.
    let there = if search.coarse.is_some() { Some(search.run(&[])?) } else { None };
    let base = there.as_ref().unwrap_or(nothing);
    // Everything at once tells how much each helps where it stands.
    let everything: Vec<usize> = (0..search.list.len()).collect();
    let all = search.run(&everything)?;
    // What cannot be helped must not make small what can.
    let worth = (settings.worth * (base.harm.score - all.harm.score)).max(LEAST);
    let mut gains = gains(&search, base, &all);
    gains.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let order: Vec<usize> = gains.iter().filter(|(_, gain)| *gain > 0.0).map(|(k, _)| *k).collect();
    let mut tried: Vec<Tried> = Vec::new();
    let mut best = Tried { chosen: Vec::new(), harm: base.harm, depths: None };
    let (single, size) = split(order.len(), search.runs_left());
    let groups = order[..single].chunks(1).chain(order[single..].chunks(size));
    let mut weighed = 0;
    for group in groups {
        let mut chosen = best.chosen.clone();
        for k in group {
            chosen.push(*k);
            if !search.affordable(&chosen) {
                chosen.pop();
            }
        }
        if chosen.len() == best.chosen.len() {
            weighed += group.len();
            continue;
        }
        if !search.may_run() {
            break;
        }
        weighed += group.len();
        let run = search.run(&chosen)?;
        if best.harm.score - run.harm.score >= worth {
            best = Tried { chosen, harm: run.harm, depths: None };
            tried.push(Tried { chosen: best.chosen.clone(), harm: best.harm, depths: Some(run.series_mm) });
        }
    }
    // What time did not allow to weigh is tried as a whole, as far as the city can afford it.
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
                tried.push(Tried { chosen, harm: run.harm, depths: Some(run.series_mm) });
            }
        }
    }
    if search.coarse.is_some() {
        tried = confirmed(&mut search, nothing, tried)?;
    }
    report.runs = search.runs;
    report.cut_short = search.cut_short;
    report.options = options(&search, nothing, &tried, coarse_m);
    let found = match report.options.first() {
        Some(first) => first.words.clone(),
        None => Bilingual::new(
            format!("已比较 {} 次推演，现有手段无明显效果", report.runs),
            format!("{} runs compared: nothing at hand makes a difference", report.runs),
        ),
    };
    let unweighed: Vec<&Bilingual> = order[weighed..].iter().filter_map(|k| search.list[*k].names.first()).collect();
    report.words = how_far(found, weighed.saturating_sub(single), size, &unweighed);
    Some(report)
}

/// A storm that is slow to run is searched in groups, so that nothing is left unweighed: how many of the most promising
/// things are weighed one by one, and how many of the others together.
fn split(things: usize, runs: usize) -> (usize, usize) {
    if things <= runs {
        return (things, 1);
    }
    let single = runs / 2;
    (single, (things - single).div_ceil((runs - single).max(1)))
}

/// What was found on coarse cells as it comes out on the real ones: the best first, the others as long as there is time.
fn confirmed(search: &mut Search<'_>, nothing: &Ahead, tried: Vec<Tried>) -> Option<Vec<Tried>> {
    let shown: Vec<usize> = match tried.len() {
        0 => Vec::new(),
        n @ 1..=3 => [Some(n - 1), (n > 1).then_some(0)].into_iter().flatten().collect(),
        n => vec![n - 1, 0, n / 2],
    };
    let mut out: Vec<(usize, Tried)> = Vec::new();
    for (k, at) in shown.into_iter().enumerate() {
        if k > 0 && search.began.elapsed() >= search.settings.budget {
            search.cut_short = true;
            break;
        }
        let chosen = tried[at].chosen.clone();
        let run = search.confirm(&chosen)?;
        if nothing.harm.score - run.harm.score >= LEAST {
            out.push((at, Tried { chosen, harm: run.harm, depths: Some(run.series_mm) }));
        }
    }
    out.sort_by_key(|(at, _)| *at);
    Some(out.into_iter().map(|(_, t)| t).collect())
}

/// How much better the site of each candidate is off, per effort. Candidates of one site share its gain.
fn gains(search: &Search<'_>, nothing: &Ahead, all: &Ahead) -> Vec<(usize, f64)> {
    // Over other cells a place may stand elsewhere in the list.
    let places = search.coarse.as_ref().map_or(search.city, |(_, c)| *c);
    search
        .list
        .iter()
        .enumerate()
        .map(|(k, c)| {
            let site = &search.city.sites[c.site];
            let at = places.sites.iter().position(|s| s.id == site.id && s.kind == site.kind);
            let burden_of = |run: &Ahead| at.map_or(0.0, |at| burden(&run.series_mm[at]) as f64);
            (k, (burden_of(nothing) - burden_of(all)).max(0.0) / effort(&c.cost))
        })
        .collect()
}

/// The ways to act: the best, the one that takes least, and those between them.
fn options(search: &Search<'_>, nothing: &Ahead, tried: &[Tried], coarse_m: Option<f64>) -> Vec<AdviceOption> {
    let mut ways: Vec<(&Tried, Bilingual)> = Vec::new();
    if let Some(best) = tried.last() {
        ways.push((best, Bilingual::new("推荐方案", "recommended")));
    }
    if let [first, .., _last] = tried {
        ways.push((first, Bilingual::new("最省方案", "least effort")));
    }
    let middle = if coarse_m.is_some() { 2 } else { 3 };
    if tried.len() > middle {
        ways.push((&tried[tried.len() / 2], Bilingual::new("折中方案", "in between")));
    }
    ways.into_iter()
        .enumerate()
        .map(|(k, (way, name))| {
            let cost = cost_of(&search.list, &way.chosen);
            AdviceOption {
                no: k as u32 + 1,
                name,
                actions: way.chosen.iter().flat_map(|c| actions(search, nothing, way, *c)).collect(),
                people: cost.people,
                trucks: cost.trucks,
                minutes: cost.minutes,
                harm: way.harm,
                words: resolved(difference(&nothing.harm, &way.harm), search, coarse_m),
            }
        })
        .collect()
}

/// With what it was computed on.
fn resolved(words: Bilingual, search: &Search<'_>, coarse_m: Option<f64>) -> Bilingual {
    let Some(coarse_m) = coarse_m else { return words };
    let cell_m = search.model.domain().grid.cell_m;
    Bilingual::new(
        format!("{}（{coarse_m:.0} m 网格比选，{cell_m:.0} m 网格复算）", words.zh),
        format!("{} (chosen on {coarse_m:.0} m cells, run again on {cell_m:.0} m)", words.get(guanlan_core::Lang::En)),
    )
}

fn actions(search: &Search<'_>, nothing: &Ahead, way: &Tried, k: usize) -> Vec<AdviceAction> {
    let c = &search.list[k];
    let site = &search.city.sites[c.site];
    let deepest = |series: &[Vec<u16>]| f64::from(series[c.site].iter().copied().max().unwrap_or(0)) / 10.0;
    let (was, is) = (deepest(&nothing.series_mm), way.depths.as_ref().map_or(f64::NAN, |d| deepest(d)));
    let why = Bilingual::new(
        format!("{} 最深 {was:.0}→{is:.0} cm", site.name.zh),
        format!("{}: deepest {was:.0}→{is:.0} cm", site.name.get(guanlan_core::Lang::En)),
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

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn everything_is_weighed_in_the_runs_there_are() {
        for (things, runs, want) in
            [(5, 10, (5, 1)), (24, 10, (5, 4)), (24, 3, (1, 12)), (4, 0, (0, 4)), (0, 0, (0, 1))]
        {
            let (single, size) = split(things, runs);
            assert_eq!((single, size), want);
            assert!(single + (things - single).div_ceil(size) <= runs.max(1));
        }
    }
}
