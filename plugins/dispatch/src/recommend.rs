//! Which crews to send and why: hard filters with their reasons, a score of five terms, the best first.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::Resource;
use guanlan_city::{
    City,
    model::{RoadClass, UnitSpec},
};
use guanlan_core::{Bilingual, CaseId, Stamp, UnitId, input::UnitStatus};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{
    assign::{Demand, Reach, coverage},
    costs::EdgeCosts,
    graph::RoadGraph,
    roads::RoadState,
    roster::UnitRoster,
    route::Search,
    skills::skill_name,
    unit::{Unit, shift_share},
    vehicle::{TURNOUT_S, VehicleClass},
};

/// Weights of ETA, load, missing skills, coverage loss, fatigue (DOMAIN §5).
pub const WEIGHTS: [f64; 5] = [0.45, 0.20, 0.20, 0.10, 0.05];
/// A crew whose last fix is older is not recommended, s. A crew that never sent one is taken to be at its base.
pub const STALE_S: i64 = 120;
/// Tasks a day that count as full load.
const CAPACITY: f64 = 8.0;
/// Coverage asks for a crew within this time, s.
const COVER_S: f64 = 300.0;
/// Road length over distance as the crow flies.
const DETOUR: f64 = 1.3;
/// Side of the squares that demand is counted in, m.
const DEMAND_CELL_M: f32 = 300.0;
/// Excluded crews listed with their reason.
const EXCLUDED_SHOWN: usize = 8;

/// One term of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What it measures.
    pub name: Bilingual,
    /// 0 (best) to 1 (worst).
    pub value: f64,
    /// Weight.
    pub weight: f64,
    /// `value × weight`.
    pub contribution: f64,
    /// The figure behind it, in words.
    pub figure: Bilingual,
}

/// A crew to send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// The crew.
    pub unit: UnitId,
    /// Call sign.
    pub name: Bilingual,
    /// Turnout and travel, s.
    pub eta_s: f64,
    /// Length of the way on roads, m.
    pub route_m: f64,
    /// Sum of the contributions: lower is better.
    pub score: f64,
    /// The five terms.
    pub terms: Vec<Term>,
    /// In one sentence.
    pub why: Bilingual,
}

/// Advice for one case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Advice {
    /// When it was given.
    pub at: Stamp,
    /// The best crews, best first.
    pub picks: Vec<Recommendation>,
    /// Some that do not come into question, nearest to coming into question first, and why.
    pub excluded: Vec<(UnitId, Bilingual)>,
    /// Crews that came into question.
    pub eligible: u32,
    /// Share of the town that the eligible crews reach within five minutes before and after the first is sent.
    pub coverage: [f64; 2],
}

/// Advice for every open case without a crew.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Recommendations {
    /// By case.
    pub cases: BTreeMap<CaseId, Arc<Advice>>,
}

impl RoomState for Recommendations {
    const NAME: &'static str = "dispatch.recommendations";
}

/// What recommending looks at.
pub struct Scene<'a> {
    /// The roads.
    pub graph: &'a RoadGraph,
    /// Where calls may come from.
    pub demand: &'a [Demand],
    /// Water and closures.
    pub roads: &'a RoadState,
    /// The crews.
    pub roster: &'a UnitRoster,
    /// Now.
    pub now: Stamp,
}

/// Costs by class, computed when first asked for.
#[derive(Default)]
pub struct CostCache {
    costs: [Option<EdgeCosts>; 6],
}

impl CostCache {
    /// The costs for a class.
    pub fn get(&mut self, scene: &Scene<'_>, vehicle: VehicleClass) -> &EdgeCosts {
        self.costs[vehicle as usize].get_or_insert_with(|| EdgeCosts::new(scene.graph, scene.roads, vehicle, scene.now))
    }
}

impl Scene<'_> {
    fn specs(&self) -> &[UnitSpec] {
        &self.graph.city().units
    }

    /// Why a crew can not be ordered at all, or `None`. `required` names skills or kit; the first is indispensable.
    #[must_use]
    pub fn hindrance(&self, unit: &Unit, required: &[String]) -> Option<Bilingual> {
        let spec = unit.spec(self.specs());
        if unit.status != UnitStatus::Available {
            let name = unit.status.name();
            return Some(Bilingual::new(
                format!("不空闲（{}）", name.zh),
                format!("not free ({})", name.en.to_lowercase()),
            ));
        }
        if let Some(spec) = spec
            && shift_share(spec.shift_min, self.now).is_none()
        {
            let [a, b] = spec.shift_min;
            let span = format!("{:02}:{:02}–{:02}:{:02}", a / 60, a % 60, b / 60, b % 60);
            return Some(Bilingual::new(format!("不当班（{span}）"), format!("off duty (on {span})")));
        }
        if let Some(need) = required.first()
            && !has(spec, need)
        {
            let name = skill_name(need);
            return Some(Bilingual::new(
                format!("无此技能：{}", name.zh),
                format!("lacks the skill: {}", name.get(guanlan_core::Lang::En)),
            ));
        }
        if unit.snap.is_none() {
            return Some(Bilingual::new("位置未知或远离道路", "no position, or far from every road"));
        }
        None
    }

    fn stale(&self, unit: &Unit) -> Option<Bilingual> {
        let age_s = (self.now - unit.fixed?) / 1000;
        (age_s > STALE_S).then(|| Bilingual::new(format!("定位已过 {age_s} 秒"), format!("position is {age_s} s old")))
    }
}

fn has(spec: Option<&UnitSpec>, need: &str) -> bool {
    spec.is_some_and(|s| s.skills.iter().chain(&s.kit).any(|k| k == need))
}

/// The best `n` crews for a place, with reasons.
pub fn recommend(scene: &Scene<'_>, costs: &mut CostCache, place_m: [f64; 2], required: &[String], n: usize) -> Advice {
    let specs = scene.specs();
    let mut excluded: Vec<(u8, UnitId, Bilingual)> = Vec::new();
    let mut searches: [Option<Option<Search>>; 6] = Default::default();
    let mut eligible: Vec<(&Unit, VehicleClass, u32)> = Vec::new();
    for unit in scene.roster.units.iter().map(AsRef::as_ref) {
        if let Some(reason) = scene.hindrance(unit, required) {
            // A crew with the right skill that is busy is closer to coming than one without the skill.
            let fits = required.first().is_none_or(|need| has(unit.spec(specs), need));
            excluded.push((if fits { 1 } else { 3 }, unit.id.clone(), reason));
            continue;
        }
        if let Some(reason) = scene.stale(unit) {
            excluded.push((1, unit.id.clone(), reason));
            continue;
        }
        let vehicle = unit.vehicle(specs);
        let search = searches[vehicle as usize].get_or_insert_with(|| {
            let target = scene.graph.snap(place_m, vehicle)?;
            Some(scene.graph.search_to(costs.get(scene, vehicle), target))
        });
        let time = match (search, &unit.snap) {
            (Some(search), Some(from)) => scene.graph.travel_time_ms(costs.get(scene, vehicle), search, from),
            _ => None,
        };
        match time {
            Some(ms) => eligible.push((unit, vehicle, ms)),
            None => excluded.push((0, unit.id.clone(), Bilingual::new("道路不通，无法到达", "no passable way there"))),
        }
    }
    excluded.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let reaches: Vec<Reach> = eligible.iter().filter_map(|(unit, vehicle, _)| reach(unit, *vehicle)).collect();
    let (covered, alone) = coverage(scene.demand, &reaches);
    let worst_ms = eligible.iter().map(|e| e.2).max().unwrap_or(0);
    let worst_s = f64::from(worst_ms) / 1000.0 + f64::from(TURNOUT_S);
    let mut scored: Vec<(f64, usize, [f64; 5])> = eligible
        .iter()
        .enumerate()
        .map(|(i, (unit, _, ms))| {
            let spec = unit.spec(specs);
            let missing = required.iter().filter(|need| !has(spec, need)).count();
            let values = [
                (f64::from(*ms) / 1000.0 + f64::from(TURNOUT_S)) / worst_s,
                (f64::from(unit.tasks_on(scene.now)) / CAPACITY).min(1.0),
                if required.is_empty() { 0.0 } else { missing as f64 / required.len() as f64 },
                alone[i],
                spec.and_then(|s| shift_share(s.shift_min, scene.now)).unwrap_or(0.0),
            ];
            (values.iter().zip(WEIGHTS).map(|(v, w)| v * w).sum(), i, values)
        })
        .collect();
    // Crews are in order of id, so equal scores keep that order.
    scored.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let after = scored.first().map_or(covered, |&(_, i, _)| covered - alone[i]);
    let picks = scored
        .into_iter()
        .take(n)
        .enumerate()
        .map(|(rank, (score, i, values))| {
            let (unit, vehicle, ms) = eligible[i];
            let eta_s = f64::from(ms) / 1000.0 + f64::from(TURNOUT_S);
            let costs = costs.get(scene, vehicle);
            let route_m = match (&searches[vehicle as usize], &unit.snap) {
                (Some(Some(search)), Some(from)) => {
                    scene.graph.route(costs, search, from).map_or(0.0, |r| f64::from(r.length_m))
                }
                _ => 0.0,
            };
            let figures = Figures { unit, spec: unit.spec(specs), required, eta_s, route_m, alone: alone[i], rank };
            let terms = terms(&figures, values, scene.now);
            let why = figures.why(scene.now);
            Recommendation { unit: unit.id.clone(), name: unit.name(specs), eta_s, route_m, score, terms, why }
        })
        .collect();
    Advice {
        at: scene.now,
        picks,
        excluded: excluded.into_iter().take(EXCLUDED_SHOWN).map(|(_, id, reason)| (id, reason)).collect(),
        eligible: eligible.len() as u32,
        coverage: [covered, after],
    }
}

struct Figures<'a> {
    unit: &'a Unit,
    spec: Option<&'a UnitSpec>,
    required: &'a [String],
    eta_s: f64,
    route_m: f64,
    alone: f64,
    rank: usize,
}

impl Figures<'_> {
    fn missing(&self) -> Vec<Bilingual> {
        self.required.iter().filter(|need| !has(self.spec, need)).map(|need| skill_name(need)).collect()
    }

    fn eta(&self) -> Bilingual {
        let minutes = self.eta_s / 60.0;
        Bilingual::new(
            format!("{minutes:.1} 分钟，{:.1} 公里", self.route_m / 1000.0),
            format!("{minutes:.1} min, {:.1} km", self.route_m / 1000.0),
        )
    }

    fn skill(&self) -> Bilingual {
        let missing = self.missing();
        if missing.is_empty() {
            return Bilingual::new("技能装备齐全", "all skills and kit");
        }
        let zh: Vec<&str> = missing.iter().map(|b| b.zh.as_str()).collect();
        let en: Vec<&str> = missing.iter().map(|b| b.get(guanlan_core::Lang::En)).collect();
        Bilingual::new(format!("缺{}", zh.join("、")), format!("without {}", en.join(", ")))
    }

    fn why(&self, now: Stamp) -> Bilingual {
        let (eta, skill, tasks) = (self.eta(), self.skill(), self.unit.tasks_on(now));
        let lead = if self.rank == 0 { ("首选：", "First choice: ") } else { ("备选：", "Alternative: ") };
        Bilingual::new(
            format!("{}约 {}到达；{}；今日 {tasks} 单", lead.0, eta.zh, skill.zh),
            format!("{}there in {}; {}; {tasks} tasks today", lead.1, eta.en, skill.en),
        )
    }
}

fn terms(figures: &Figures<'_>, values: [f64; 5], now: Stamp) -> Vec<Term> {
    let tasks = figures.unit.tasks_on(now);
    let percent = |v: f64| format!("{:.0} %", v * 100.0);
    let rows = [
        (Bilingual::new("到达时间", "ETA"), figures.eta()),
        (Bilingual::new("今日负荷", "Load today"), Bilingual::new(format!("{tasks} 单"), format!("{tasks} tasks"))),
        (Bilingual::new("技能匹配", "Skills"), figures.skill()),
        (
            Bilingual::new("覆盖损失", "Coverage lost"),
            Bilingual::new(
                format!("{} 的片区只有它 5 分钟可到", percent(figures.alone)),
                format!("{} of town within 5 min of no other crew", percent(figures.alone)),
            ),
        ),
        (
            Bilingual::new("疲劳", "Fatigue"),
            Bilingual::new(
                format!("班次已过 {}", percent(values[4])),
                format!("{} of the shift gone", percent(values[4])),
            ),
        ),
    ];
    rows.into_iter()
        .zip(values.into_iter().zip(WEIGHTS))
        .map(|((name, figure), (value, weight))| Term { name, value, weight, contribution: value * weight, figure })
        .collect()
}

/// How far a crew gets in five minutes at its urban mean; `None` when it is on no road.
#[must_use]
pub fn reach(unit: &Unit, vehicle: VehicleClass) -> Option<Reach> {
    let kmh = vehicle.free_kmh(RoadClass::Secondary, 50.0).unwrap_or(30.0);
    unit.snap.map(|snap| Reach { place_m: snap.point, radius_m: (kmh / 3.6 * COVER_S / DETOUR) as f32 })
}

/// Squares of town with their residents, or with 1 each where no residents are known.
#[must_use]
pub fn demand(city: &City) -> Vec<Demand> {
    let mut cells: BTreeMap<(i32, i32), f32> = BTreeMap::new();
    let key = |p: [f32; 2]| ((p[0] / DEMAND_CELL_M).floor() as i32, (p[1] / DEMAND_CELL_M).floor() as i32);
    for building in &city.buildings {
        if building.residents > 0
            && let Some(centre) = building.centre()
        {
            *cells.entry(key(centre)).or_default() += building.residents as f32;
        }
    }
    if cells.is_empty() {
        for p in city.roads.iter().flat_map(|r| &r.line).filter(|p| p[0].is_finite() && p[1].is_finite()) {
            cells.insert(key(*p), 1.0);
        }
    }
    cells
        .into_iter()
        .map(|((c, r), weight)| Demand {
            place_m: [(c as f32 + 0.5) * DEMAND_CELL_M, (r as f32 + 0.5) * DEMAND_CELL_M],
            weight,
        })
        .collect()
}
