//! What could be done about the water a forecast shows.

use guanlan_city::model::DrainNodeKind;
use guanlan_core::{Bilingual, water::SiteKind};

use crate::{
    ahead::{Ahead, AheadCity, Doing},
    measures::{Cost, CostBook, Discharge, Measure, MobilePump, PumpRun},
    water::WaterModel,
};

/// What the city can send.
#[derive(Clone, Debug, PartialEq)]
pub struct Resources {
    /// Pump trucks that are free.
    pub trucks: usize,
    /// Crews that clear inlets.
    pub crews: usize,
    /// Flow of a pump truck, m³/h.
    pub truck_m3_h: f64,
    /// Drive of a crew, min.
    pub drive_min: f64,
}

impl Default for Resources {
    fn default() -> Self {
        Self { trucks: 4, crews: 6, truck_m3_h: 3000.0, drive_min: 12.0 }
    }
}

/// One thing that could be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// `pump_start`, `inlet_clear`, `pump_truck`.
    pub kind: &'static str,
    /// Measures with their times; several inlets of one place are cleared together.
    pub doings: Vec<Doing>,
    /// What each is called, in the order of `doings`.
    pub names: Vec<Bilingual>,
    /// Where each is, local m.
    pub places_m: Vec<[f64; 2]>,
    /// Index of the site it is meant for.
    pub site: usize,
    /// Effort in all.
    pub cost: Cost,
}

/// Water at a site that counts as trouble, mm.
const TROUBLE_MM: u16 = 150;
/// Sites that are helped at most.
const SITES: usize = 8;
/// Inlets this near a site drain it, m.
const INLET_M: f64 = 80.0;
/// Inlets cleared at one site at most.
const INLETS: usize = 4;
/// A pump station this near a site may lower it, m.
const PUMP_M: f64 = 600.0;
/// An inlet that is at least so clear wins nothing.
const CLEAR: f64 = 0.9;

/// Sites in trouble, worst first: depth over the limit times time.
pub(super) fn troubled(nothing: &Ahead) -> Vec<usize> {
    let mut sites: Vec<(u64, usize)> = nothing
        .series_mm
        .iter()
        .enumerate()
        .map(|(k, series)| (burden(series), k))
        .filter(|(burden, _)| *burden > 0)
        .collect();
    sites.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    sites.into_iter().map(|(_, k)| k).collect()
}

/// Depth over [`TROUBLE_MM`] summed over the steps of a series.
pub(super) fn burden(series_mm: &[u16]) -> u64 {
    series_mm.iter().map(|d| u64::from(d.saturating_sub(TROUBLE_MM))).sum()
}

/// Everything that could help at the sites in trouble.
#[must_use]
pub fn candidates_of(
    model: &WaterModel,
    city: &AheadCity,
    nothing: &Ahead,
    costs: &CostBook,
    resources: &Resources,
) -> Vec<Candidate> {
    let mut list = Vec::new();
    let mut helped: Vec<[f64; 2]> = Vec::new();
    let mut used_pumps = std::collections::BTreeSet::new();
    let mut used_nodes = std::collections::BTreeSet::new();
    for k in troubled(nothing) {
        let site = &city.sites[k];
        // A gauge stands in its underpass: one place, one set of things to do.
        if helped.len() >= SITES || helped.iter().any(|p| far(*p, site.place_m) < INLET_M) {
            continue;
        }
        helped.push(site.place_m);
        list.extend(pumps(model, city, costs, k, &mut used_pumps));
        list.extend(inlets(model, city, costs, resources, k, &mut used_nodes));
        list.push(truck(model, city, costs, resources, k, helped.len()));
    }
    list
}

fn far(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// What a place is called.
fn place_name(city: &AheadCity, site: usize) -> Bilingual {
    let site = &city.sites[site];
    // A gauge is named by the underpass it stands at.
    let underpass = city
        .sites
        .iter()
        .filter(|s| s.kind == SiteKind::Underpass && far(s.place_m, site.place_m) < INLET_M)
        .min_by(|a, b| far(a.place_m, site.place_m).total_cmp(&far(b.place_m, site.place_m)));
    underpass.unwrap_or(site).name.clone()
}

/// Pumps of the network near a site that do not run: switched off by hand, or waiting for their start level.
fn pumps(
    model: &WaterModel,
    city: &AheadCity,
    costs: &CostBook,
    site: usize,
    used: &mut std::collections::BTreeSet<String>,
) -> Vec<Candidate> {
    let (Some(drains), Some(network)) = (model.drains(), city.city.drainage.as_ref()) else { return Vec::new() };
    let place = city.sites[site].place_m;
    let running = drains.pumps_running();
    let mut near: Vec<(f64, &str, [f64; 2])> = network
        .pumps
        .iter()
        .filter_map(|p| {
            let at = network.nodes.get(p.from)?.place_m?;
            let by_hand_off = model.works().hands().get(&p.id) == Some(&false);
            let stands = running.iter().any(|(id, on, failed)| *id == p.id && !on && !failed);
            let already_on = model.works().hands().get(&p.id) == Some(&true);
            (far(at, place) <= PUMP_M && !already_on && (by_hand_off || stands)).then_some((
                far(at, place),
                p.id.as_str(),
                at,
            ))
        })
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    let name = place_name(city, site);
    near.into_iter()
        .take(3)
        .filter(|(_, id, _)| used.insert((*id).to_owned()))
        .map(|(_, id, at)| {
            let measure = Measure::PumpSwitch { pump: id.to_owned(), run: PumpRun::On };
            let cost = costs.of(&measure);
            Candidate {
                kind: "pump_start",
                doings: vec![Doing { at_min: cost.minutes, measure }],
                names: vec![Bilingual::new(
                    format!("提前开启水泵 {id}（{}）", name.zh),
                    format!("start pump {id} early ({})", name.get(guanlan_core::Lang::En)),
                )],
                places_m: vec![at],
                site,
                cost,
            }
        })
        .collect()
}

/// Inlets around a site that the model knows to be clogged, over drains that still have room.
fn inlets(
    model: &WaterModel,
    city: &AheadCity,
    costs: &CostBook,
    resources: &Resources,
    site: usize,
    used: &mut std::collections::BTreeSet<String>,
) -> Option<Candidate> {
    let (drains, network) = (model.drains()?, city.city.drainage.as_ref()?);
    let place = city.sites[site].place_m;
    let mut near: Vec<(f64, &str, [f64; 2])> = network
        .nodes
        .iter()
        .filter(|n| n.kind != DrainNodeKind::Outfall)
        .filter_map(|n| {
            let at = n.place_m.filter(|at| far(*at, place) <= INLET_M)?;
            let open = model.works().inlets().get(&n.id).copied().unwrap_or(1.0);
            let leads = || drains.plan().inlets.iter().any(|i| drains.plan().nodes[i.node].id == n.id);
            (open < CLEAR && !used.contains(&n.id) && leads())
                .then(|| (open * 1000.0 + far(at, place), n.id.as_str(), at))
        })
        .collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
    near.truncate(INLETS);
    if near.is_empty() {
        return None;
    }
    let name = place_name(city, site);
    let (mut doings, mut names, mut places_m, mut cost) = (Vec::new(), Vec::new(), Vec::new(), Cost::default());
    // One crew goes from inlet to inlet.
    for (k, (_, id, at)) in near.into_iter().enumerate() {
        used.insert(id.to_owned());
        let measure = Measure::InletOpen { node: id.to_owned(), open_share: 1.0 };
        let each = costs.of(&measure);
        cost.people = cost.people.max(each.people);
        cost.trucks = cost.trucks.max(each.trucks);
        cost.minutes += each.minutes;
        doings.push(Doing { at_min: resources.drive_min + each.minutes * (k + 1) as f64, measure });
        names.push(Bilingual::new(
            format!("清掏雨水口 {id}（{}）", name.zh),
            format!("clear inlet {id} ({})", name.get(guanlan_core::Lang::En)),
        ));
        places_m.push(at);
    }
    Some(Candidate { kind: "inlet_clear", doings, names, places_m, site, cost })
}

/// A pump truck at the deepest cell of a site.
fn truck(
    model: &WaterModel,
    city: &AheadCity,
    costs: &CostBook,
    resources: &Resources,
    site: usize,
    number: usize,
) -> Candidate {
    let at = &city.sites[site];
    let bed = |c: &(usize, usize)| model.domain().bed_m(c.0, c.1).unwrap_or(f64::INFINITY);
    let lowest = at.cells.iter().min_by(|a, b| bed(a).total_cmp(&bed(b)));
    let place = lowest.map_or(at.place_m, |&(c, r)| model.domain().centre_m(c, r));
    let taken = |id: &String| model.works().mobile_pumps().contains_key(id);
    let id = (number..).map(|n| format!("truck-{n}")).find(|id| !taken(id)).unwrap_or_default();
    let measure = Measure::MobilePump {
        id,
        set: Some(MobilePump {
            at_m: Some(place),
            at_lonlat: None,
            flow_m3_h: resources.truck_m3_h,
            suction_m: 0.05,
            to: Discharge::Away,
            runs: true,
        }),
    };
    let cost = costs.of(&measure);
    let name = place_name(city, site);
    Candidate {
        kind: "pump_truck",
        doings: vec![Doing { at_min: resources.drive_min + cost.minutes, measure }],
        names: vec![Bilingual::new(
            format!("{} 预置泵车 {:.0} m³/h", name.zh, resources.truck_m3_h),
            format!("pump truck, {:.0} m³/h, at {}", resources.truck_m3_h, name.get(guanlan_core::Lang::En)),
        )],
        places_m: vec![place],
        site,
        cost,
    }
}
