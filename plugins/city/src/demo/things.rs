//! Components of public facilities (部件), sensors and places.

use std::collections::BTreeMap;

use guanlan_core::ObservedProperty;

use super::{
    buildings::Built,
    dice::Dice,
    drainage::{Drains, NodeKind},
    geom::{self, P},
    ground::Ground,
    mask::{BUILT, CARRIAGE, Mask, WATER},
    network::{Class, Network},
    people::{Org, on_street},
    plan::Plan,
    streets::{Cover, Kind, Town},
};
use crate::model::PlaceKind;

/// A component as it is written.
pub struct Part {
    pub code: String,
    pub class: String,
    pub class_2013: String,
    pub name: (&'static str, &'static str),
    pub at: P,
    /// Where it faces, degrees clockwise from north, to a tenth.
    pub heading_deg: Option<f64>,
    pub state: &'static str,
    pub org: String,
}

/// A sensor as it is written.
pub struct Sensor {
    pub id: u64,
    pub name: (String, String),
    pub property: ObservedProperty,
    pub at: P,
    pub height_m: f64,
    pub period_s: u32,
}

/// A place as it is written.
pub struct Spot {
    pub kind: PlaceKind,
    pub name: (String, String),
    pub at: P,
    pub people: u32,
}

/// Class, sub-class, whether the 2013 edition has it, name, duty of its keeper.
struct Sort(u8, u16, bool, (&'static str, &'static str), &'static str);

const RAIN_COVER: Sort = Sort(1, 3, true, ("雨水井盖", "Storm drain cover"), "drainage");
const FOUL_COVER: Sort = Sort(1, 2, true, ("污水井盖", "Sewer cover"), "drainage");
const WATER_COVER: Sort = Sort(1, 1, true, ("供水井盖", "Water cover"), "cover");
const POWER_COVER: Sort = Sort(1, 5, true, ("电力井盖", "Power cover"), "cover");
const TELECOM_COVER: Sort = Sort(1, 7, true, ("通信井盖", "Telecom cover"), "cover");
const GAS_COVER: Sort = Sort(1, 11, true, ("燃气井盖", "Gas cover"), "cover");
const GRATE: Sort = Sort(1, 4, true, ("雨水箅子", "Rain grate"), "drainage");
const LAMP: Sort = Sort(1, 37, true, ("路灯", "Street lamp"), "01");
const HYDRANT: Sort = Sort(1, 13, true, ("消防设施", "Hydrant"), "01");
const CAMERA: Sort = Sort(1, 50, true, ("监控电子眼设施", "Camera"), "01");
const CHARGER: Sort = Sort(1, 54, false, ("充电桩", "Charging point"), "01");
const TRANSFORMER: Sort = Sort(1, 48, true, ("变压器(箱)", "Transformer box"), "01");
const MAST: Sort = Sort(1, 77, false, ("综合杆", "Combined mast"), "01");
const PUMPING: Sort = Sort(1, 72, false, ("排水泵站", "Pumping station"), "drainage");
const OUTFALL: Sort = Sort(1, 73, false, ("雨污水排放口", "Outfall"), "drainage");
const BUS_STOP: Sort = Sort(2, 4, true, ("公交站设施", "Bus stop"), "road");
const SIGN: Sort = Sort(2, 12, true, ("路名牌", "Street name sign"), "road");
const SIGNAL: Sort = Sort(2, 14, true, ("交通信号灯", "Traffic light"), "road");
const TOILET: Sort = Sort(3, 1, true, ("公共厕所", "Public toilet"), "sanitation");
const BIN: Sort = Sort(3, 5, true, ("垃圾箱", "Litter bin"), "sanitation");
const TREE: Sort = Sort(4, 2, true, ("行道树", "Street tree"), "greening");
const BENCH: Sort = Sort(4, 7, true, ("街头座椅", "Bench"), "greening");

/// Who keeps what where.
struct Keepers<'a> {
    orgs: &'a [Org],
    seeds: Vec<(P, String)>,
}

impl Keepers<'_> {
    fn keeper(&self, duty: &str, p: P) -> String {
        let area = self
            .seeds
            .iter()
            .min_by(|a, b| geom::dist(a.0, p).total_cmp(&geom::dist(b.0, p)))
            .map_or("", |s| s.1.as_str());
        self.orgs
            .iter()
            .filter(|o| {
                o.kind == "unit" && !o.area.is_empty() && area.starts_with(o.area.as_str()) && o.duties.contains(&duty)
            })
            .max_by_key(|o| (o.area.len(), std::cmp::Reverse(&o.id)))
            .map_or_else(String::new, |o| o.id.clone())
    }
}

/// Degrees clockwise from north, to a tenth, below 360.
fn heading_deg(d: P) -> f64 {
    (d[0].atan2(d[1]).to_degrees() * 10.0).round().rem_euclid(3600.0) / 10.0
}

struct Shop<'a> {
    district: &'a str,
    keepers: Keepers<'a>,
    next: BTreeMap<(u8, u16), u32>,
    dice: Dice,
    out: Vec<Part>,
}

impl Shop<'_> {
    fn put(&mut self, sort: &Sort, at: P) {
        self.face(sort, at, None);
    }

    /// Puts something that faces along a direction.
    fn face(&mut self, sort: &Sort, at: P, along: Option<P>) {
        let seq = self.next.entry((sort.0, sort.1)).or_default();
        *seq += 1;
        let roll = self.dice.f();
        let state = match roll {
            r if r < 0.972 => "完好",
            r if r < 0.990 => "破损",
            r if r < 0.994 => "丢失",
            r if r < 0.997 => "废弃",
            _ => "移除",
        };
        self.out.push(Part {
            code: format!("{}{:02}{:03}{:06}", self.district, sort.0, sort.1, seq),
            class: format!("{:02}-{:03}", sort.0, sort.1),
            class_2013: if sort.2 { format!("{:02}{:02}", sort.0, sort.1) } else { String::new() },
            name: sort.3,
            at,
            heading_deg: along.map(heading_deg),
            state,
            org: self.keepers.keeper(sort.4, at),
        });
    }
}

/// Places the components.
pub fn components(plan: &Plan, net: &Network, drains: &Drains, mask: &Mask, orgs: &[Org]) -> Vec<Part> {
    let city = &plan.file.city;
    let seeds = plan
        .file
        .street
        .iter()
        .enumerate()
        .flat_map(|(i, s)| {
            s.seeds.iter().enumerate().map(move |(c, &p)| (p, format!("{}{:03}{:03}", city.code, i + 1, c + 1)))
        })
        .collect();
    let mut shop = Shop {
        district: &city.code,
        keepers: Keepers { orgs, seeds },
        next: BTreeMap::new(),
        dice: Dice::new(plan.seed, "components"),
        out: Vec::new(),
    };
    let dry = |p: P| {
        (4.0..plan.size - 4.0).contains(&p[0])
            && (4.0..plan.size - 4.0).contains(&p[1])
            && mask.at(p) & (WATER | BUILT) == 0
    };
    for n in &drains.nodes {
        match n.kind {
            NodeKind::Manhole => shop.put(&RAIN_COVER, n.at),
            NodeKind::Outfall => shop.put(&OUTFALL, n.at),
            NodeKind::Well => shop.put(&PUMPING, n.at),
        }
    }
    for p in &drains.pipes {
        let (a, b) = (drains.nodes[p.from].at, drains.nodes[p.to].at);
        let side = geom::perp(geom::unit(geom::sub(b, a)));
        let at = |t: f64, off: f64| geom::add(geom::lerp(a, b, t), geom::mul(side, off));
        let roll = shop.dice.f();
        if p.length_m > 30.0 {
            shop.put(&FOUL_COVER, at(0.45, 1.8));
            let other = match roll {
                r if r < 0.3 => Some(&WATER_COVER),
                r if r < 0.5 => Some(&POWER_COVER),
                r if r < 0.7 => Some(&TELECOM_COVER),
                r if r < 0.82 => Some(&GAS_COVER),
                _ => None,
            };
            if let Some(sort) = other {
                shop.put(sort, at(0.7, -2.1));
            }
        }
    }
    // Along the kerbs: distance walked on each street decides what stands there.
    let mut walked: BTreeMap<usize, f64> = BTreeMap::new();
    for (k, l) in net.links.iter().enumerate() {
        let Class::Street(kind) = l.class else { continue };
        let (a, b) = (net.nodes[l.a], net.nodes[l.b]);
        let (long, side) = (net.length(k), geom::perp(geom::unit(geom::sub(b, a))));
        let start = *walked.entry(l.way).or_default();
        walked.insert(l.way, start + long);
        let mut run = |every: f64, phase: f64, off: f64, sort: &Sort, both: bool| {
            let first = ((start - phase) / every).ceil() as i64;
            let last = ((start + long - phase) / every).ceil() as i64;
            for n in first..last {
                let t = (n as f64 * every + phase - start) / long;
                let sides: &[f64] = if both {
                    &[1.0, -1.0]
                } else if n % 2 == 0 {
                    &[1.0]
                } else {
                    &[-1.0]
                };
                for s in sides {
                    let at = geom::add(geom::lerp(a, b, t), geom::mul(side, s * (l.half_width_m + off)));
                    // A thing at the kerb must not stand in a crossing road.
                    if (dry(at) || l.bridge) && (off < 0.0 || mask.at(at) & CARRIAGE == 0) {
                        shop.put(sort, at);
                    }
                }
            }
        };
        let major = kind <= Kind::Secondary;
        if l.underpass.is_some() {
            run(20.0, 3.0, -0.4, &GRATE, true);
            continue;
        }
        match kind {
            Kind::Primary | Kind::Secondary => run(34.0, 5.0, 1.2, &LAMP, true),
            Kind::Tertiary => run(32.0, 5.0, 1.0, &LAMP, false),
            Kind::Residential => run(44.0, 5.0, 0.8, &LAMP, false),
            _ => run(60.0, 5.0, 0.5, &LAMP, false),
        }
        if l.bridge {
            continue;
        }
        run(if major { 46.0 } else { 62.0 }, 9.0, -0.4, &GRATE, major);
        if kind != Kind::Service {
            run(130.0, 17.0, 1.6, &HYDRANT, false);
            run(if major { 85.0 } else { 140.0 }, 26.0, 2.0, &BIN, false);
        }
        if major || kind == Kind::Tertiary {
            run(58.0, 20.0, 2.4, &TREE, true);
            run(260.0, 70.0, 2.6, &BENCH, false);
            run(240.0, 110.0, 2.2, &TRANSFORMER, false);
        }
        if major {
            run(430.0, 150.0, 2.0, &BUS_STOP, true);
            run(380.0, 60.0, 2.2, &MAST, false);
            run(900.0, 300.0, 3.5, &TOILET, false);
            run(520.0, 210.0, 3.0, &CHARGER, false);
        }
    }
    for n in 0..net.nodes.len() {
        if net.signals.contains(&n) {
            for &k in &net.at[n] {
                let d = geom::unit(geom::sub(net.nodes[net.other(k, n)], net.nodes[n]));
                let half = net.links[k].half_width_m;
                let at = geom::add(net.nodes[n], geom::add(geom::mul(d, 20.0), geom::mul(geom::perp(d), half + 1.0)));
                shop.put(&SIGNAL, at);
                // Beside the signal, over the junction.
                shop.face(&CAMERA, geom::add(at, geom::mul(d, 3.0)), Some(geom::mul(d, -1.0)));
            }
        } else if net.at[n].len() >= 3 && net.at[n].iter().any(|&k| net.links[k].half_width_m >= 7.0) {
            let reach = net.at[n].iter().map(|&k| net.links[k].half_width_m).fold(0.0, f64::max) + 1.5;
            let at = geom::add(net.nodes[n], geom::mul(geom::unit([1.0, 1.0]), reach));
            if dry(at) {
                shop.put(&SIGN, at);
                if shop.dice.chance(0.4) {
                    // At the corner, along the widest street.
                    let widest = net.at[n]
                        .iter()
                        .max_by(|a, b| net.links[**a].half_width_m.total_cmp(&net.links[**b].half_width_m))
                        .map(|&k| geom::unit(geom::sub(net.nodes[net.other(k, n)], net.nodes[n])));
                    shop.face(&CAMERA, geom::add(at, [1.0, 0.0]), widest);
                }
            }
        }
    }
    shop.out
}

/// Places the sensors: exactly `count`, of which 30 are water gauges.
pub fn sensors(
    plan: &Plan,
    net: &Network,
    drains: &Drains,
    ground: &Ground,
    parts: &[Part],
    count: usize,
) -> Vec<Sensor> {
    let mut dice = Dice::new(plan.seed, "sensors");
    let mut out: Vec<Sensor> = Vec::with_capacity(count);
    fn add(
        out: &mut Vec<Sensor>,
        name: (String, String),
        property: ObservedProperty,
        at: P,
        height_m: f64,
        period_s: u32,
    ) {
        out.push(Sensor { id: 1001 + out.len() as u64, name, property, at, height_m, period_s });
    }
    // 30 water gauges: the underpasses, low places on roads, the river.
    for u in &plan.underpasses {
        let n = &plan.file.underpass.names[u.index];
        add(
            &mut out,
            (format!("{}积水尺", n.0), format!("{} gauge", n.1)),
            ObservedProperty::RoadWaterDepth,
            u.at,
            0.0,
            60,
        );
    }
    let mut low: Vec<(f64, P, usize)> = net
        .links
        .iter()
        .filter(|l| {
            !l.bridge
                && l.underpass.is_none()
                && matches!(l.class, Class::Street(k) if k != Kind::Service)
                && !net.ways[l.way].name.0.is_empty()
        })
        .map(|l| (ground.at(net.nodes[l.a]), net.nodes[l.a], l.way))
        .filter(|(_, p, _)| plan.river_d.at(*p) > 70.0 && plan.moat_d.at(*p) > 30.0)
        .collect();
    low.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1[0].total_cmp(&b.1[0])));
    let river_gauges = 6;
    let (mut old, mut rest) = (9, 30 - plan.underpasses.len() - river_gauges - 9);
    let mut taken: Vec<P> = Vec::new();
    for apart in [260.0, 120.0, 40.0] {
        for &(_, p, way) in &low {
            let in_old = plan.in_old_town(p);
            let left = if in_old { &mut old } else { &mut rest };
            let space = if in_old { apart * 0.7 } else { apart * 2.0 };
            if *left > 0 && taken.iter().all(|q| geom::dist(*q, p) > space) {
                *left -= 1;
                taken.push(p);
                let n = &net.ways[way].name;
                add(
                    &mut out,
                    (format!("{}低洼积水尺", n.0), format!("{} low-spot gauge", n.1)),
                    ObservedProperty::RoadWaterDepth,
                    p,
                    0.0,
                    60,
                );
            }
        }
    }
    let length: f64 = plan.river.windows(2).map(|w| geom::dist(w[0], w[1])).sum();
    for k in 0..river_gauges {
        let s = length * (0.10 + 0.82 * k as f64 / (river_gauges - 1) as f64);
        let (p, d) = geom::along(&plan.river, s);
        let at = geom::add(p, geom::mul(geom::perp(d), 80.0));
        let at = [at[0].clamp(10.0, plan.size - 10.0), at[1].clamp(10.0, plan.size - 10.0)];
        add(
            &mut out,
            (
                format!("{}{}号水位站", plan.file.river.name.0, k + 1),
                format!("{} stage {}", plan.file.river.name.1, k + 1),
            ),
            ObservedProperty::RiverStage,
            at,
            0.0,
            300,
        );
    }
    for s in &drains.stations {
        add(
            &mut out,
            (format!("{}运行", s.name.0), format!("{} pumps", s.name.1)),
            ObservedProperty::PumpsRunning,
            drains.nodes[s.well].at,
            1.0,
            60,
        );
    }
    // Rain gauges on an even raster.
    let side = if count < 1000 {
        3
    } else if count < 20_000 {
        5
    } else {
        12
    };
    for j in 0..side {
        for i in 0..side {
            let c = plan.size / f64::from(side);
            let p = [(f64::from(i) + dice.range(0.3, 0.7)) * c, (f64::from(j) + dice.range(0.3, 0.7)) * c];
            let n = i + j * side + 1;
            add(
                &mut out,
                (format!("{n}号雨量站"), format!("Rain gauge {n}")),
                ObservedProperty::RainIntensity,
                on_street(net, p),
                8.0,
                60,
            );
        }
    }
    // The rest in shares; the last kind takes what rounding leaves.
    let left = count - out.len();
    let shares = [
        (ObservedProperty::Pm25, 0.05, "空气站", "Air", 3.0, 300),
        (ObservedProperty::Noise, 0.06, "噪声站", "Noise", 4.0, 120),
        (ObservedProperty::GasLel, 0.13, "燃气探头", "Gas", 0.5, 120),
        (ObservedProperty::ParkingOccupancy, 0.10, "停车场", "Parking", 0.5, 300),
        (ObservedProperty::BinFill, 0.20, "智能垃圾桶", "Smart bin", 1.0, 900),
        (ObservedProperty::CoverTilt, 1.0, "智能井盖", "Smart cover", 0.0, 900),
    ];
    let streets: Vec<usize> = (0..net.links.len())
        .filter(|&k| {
            let l = &net.links[k];
            matches!(l.class, Class::Street(_)) && !l.bridge && l.underpass.is_none()
        })
        .collect();
    let mut sum = 0.0;
    let reach: Vec<f64> = streets
        .iter()
        .map(|&k| {
            sum += net.length(k);
            sum
        })
        .collect();
    let pool = |class: &str| -> Vec<P> { parts.iter().filter(|p| p.class == class).map(|p| p.at).collect() };
    let (mut covers, mut bins) = (pool("01-003"), pool("03-005"));
    covers.extend(pool("01-002"));
    for list in [&mut covers, &mut bins] {
        for i in (1..list.len()).rev() {
            list.swap(i, dice.int(0, i));
        }
    }
    let label = Labels::new(net, &streets);
    let mut given = 0;
    for (k, (property, share, zh, en, height, period)) in shares.into_iter().enumerate() {
        let n = if k + 1 == shares.len() { left - given } else { (left as f64 * share) as usize };
        given += n;
        for i in 0..n {
            let fixed = match property {
                ObservedProperty::CoverTilt => covers.get(i),
                ObservedProperty::BinFill => bins.get(i),
                _ => None,
            };
            let (at, way) = if let Some(&p) = fixed {
                (p, label.at(net, p))
            } else {
                let s = dice.f() * sum;
                let link = streets[reach.partition_point(|&r| r < s).min(streets.len() - 1)];
                let l = &net.links[link];
                let (a, b) = (net.nodes[l.a], net.nodes[l.b]);
                let off = match property {
                    ObservedProperty::CoverTilt => dice.range(-0.6, 0.6) * l.half_width_m,
                    _ => (l.half_width_m + dice.range(1.2, 3.0)) * if dice.chance(0.5) { 1.0 } else { -1.0 },
                };
                (
                    geom::add(geom::lerp(a, b, dice.f()), geom::mul(geom::perp(geom::unit(geom::sub(b, a))), off)),
                    Some(l.way),
                )
            };
            let (szh, sen) = way
                .map(|w| &net.ways[w].name)
                .filter(|n| !n.0.is_empty())
                .map_or(("", ""), |n| (n.0.as_str(), n.1.as_str()));
            let id = 1001 + out.len();
            let en_name =
                if sen.is_empty() { format!("{en} {id}") } else { format!("{sen} {} {id}", en.to_lowercase()) };
            add(&mut out, (format!("{szh}{zh}{id}"), en_name), property, at, height, period);
        }
    }
    // Streets run to the very edge of the map; what stands on them stays inside.
    for s in &mut out {
        s.at = s.at.map(|v| v.clamp(3.0, plan.size - 3.0));
    }
    out
}

/// Which way is nearest, by a coarse raster.
struct Labels {
    raster: BTreeMap<(i64, i64), Vec<usize>>,
}

impl Labels {
    fn new(net: &Network, links: &[usize]) -> Self {
        let mut raster: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for &k in links {
            let l = &net.links[k];
            let steps = (net.length(k) / 40.0).ceil() as usize;
            for i in 0..=steps {
                let p = geom::lerp(net.nodes[l.a], net.nodes[l.b], i as f64 / steps.max(1) as f64);
                let list = raster.entry(((p[0] / 60.0) as i64, (p[1] / 60.0) as i64)).or_default();
                if list.last() != Some(&k) {
                    list.push(k);
                }
            }
        }
        Self { raster }
    }
    fn at(&self, net: &Network, p: P) -> Option<usize> {
        let (x, y) = ((p[0] / 60.0) as i64, (p[1] / 60.0) as i64);
        (-1..=1)
            .flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)))
            .filter_map(|k| self.raster.get(&k))
            .flatten()
            .map(|&k| (geom::to_segment(p, net.nodes[net.links[k].a], net.nodes[net.links[k].b]).0, net.links[k].way))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, w)| w)
    }
}

/// Places with names.
pub fn places(plan: &Plan, town: &Town, built: &Built, drains: &Drains, orgs: &[Org]) -> Vec<Spot> {
    let mut out: Vec<Spot> =
        built.sites.iter().map(|s| Spot { kind: s.kind, name: s.name.clone(), at: s.at, people: s.people }).collect();
    // Two metro lines: under Zhongshan Road and under Renmin Road.
    let mut stations: Vec<(P, P, (String, String))> = Vec::new();
    for under in ["中山路", "人民路"] {
        let Some(a) = plan.file.arterial.iter().position(|a| a.name.0 == under) else { continue };
        for (b, other) in plan.arterials.iter().enumerate() {
            if b == a {
                continue;
            }
            for w in plan.arterials[a].windows(2) {
                for v in other.windows(2) {
                    let Some((t, _)) = geom::crossing(w[0], w[1], v[0], v[1]) else { continue };
                    let at = geom::lerp(w[0], w[1], t);
                    if stations.iter().all(|s| geom::dist(s.0, at) > 380.0) {
                        let n = &plan.file.arterial[b].name;
                        let short = n.0.trim_end_matches('路');
                        stations.push((
                            at,
                            geom::unit(geom::sub(w[1], w[0])),
                            (
                                format!("{short}站"),
                                format!("{} Station", n.1.trim_end_matches(" Road").trim_end_matches(" Avenue")),
                            ),
                        ));
                    }
                }
            }
        }
    }
    for (at, d, name) in &stations {
        for (k, letter) in ["A", "B", "C", "D"].iter().enumerate() {
            let (s, c) = ([1.0, 1.0, -1.0, -1.0][k], [1.0, -1.0, 1.0, -1.0][k]);
            let p = geom::add(*at, geom::add(geom::mul(*d, s * 34.0), geom::mul(geom::perp(*d), c * 24.0)));
            if (0.0..plan.size).contains(&p[0]) && (0.0..plan.size).contains(&p[1]) && !plan.on_water(p) {
                out.push(Spot {
                    kind: PlaceKind::MetroEntrance,
                    name: (format!("{}{letter}口", name.0), format!("{} Exit {letter}", name.1)),
                    at: p,
                    people: 0,
                });
            }
        }
    }
    for u in &plan.underpasses {
        let n = &plan.file.underpass.names[u.index];
        out.push(Spot { kind: PlaceKind::Underpass, name: (n.0.clone(), n.1.clone()), at: u.at, people: 0 });
    }
    for s in &drains.stations {
        out.push(Spot { kind: PlaceKind::PumpStation, name: s.name.clone(), at: drains.nodes[s.well].at, people: 0 });
    }
    for o in orgs.iter().filter(|o| o.kind != "unit") {
        out.push(Spot { kind: PlaceKind::Centre, name: o.name.clone(), at: o.at, people: 0 });
    }
    let mut shelters: Vec<P> = Vec::new();
    for (ring, name, kind) in &built.greens {
        let at = geom::pole(ring);
        if shelters.iter().all(|s| geom::dist(*s, at) > 600.0) && geom::area(ring) > 3000.0 && !plan.on_water(at) {
            shelters.push(at);
            let zh = if *kind == "pitch" {
                format!("{}避难场所", name.0)
            } else {
                format!("{}应急避难场所", name.0)
            };
            out.push(Spot {
                kind: PlaceKind::Shelter,
                name: (zh, format!("{} Shelter", name.1)),
                at,
                people: (geom::area(ring) / 3.0) as u32,
            });
        }
    }
    for (i, z) in plan.file.zone.iter().enumerate() {
        // A quarter stands where its blocks are.
        let blocks: Vec<&super::streets::Face> =
            town.faces.iter().filter(|f| f.zone_index == Some(i) && f.cover == Cover::Land).collect();
        let total: f64 = blocks.iter().map(|f| f.area).sum();
        if total < 1.0 {
            continue;
        }
        let at =
            geom::mul(blocks.iter().fold([0.0, 0.0], |s, f| geom::add(s, geom::mul(f.centre, f.area))), 1.0 / total);
        let people = blocks_people(built, &blocks);
        out.push(Spot { kind: PlaceKind::Quarter, name: (z.name.0.clone(), z.name.1.clone()), at, people });
    }
    out
}

/// Residents of a set of blocks.
fn blocks_people(built: &Built, blocks: &[&super::streets::Face]) -> u32 {
    let boxes: Vec<(P, P)> = blocks.iter().map(|f| geom::bounds(&f.ring)).collect();
    built
        .houses
        .iter()
        .filter(|h| {
            let p = h.bodies[0].ring[0];
            blocks.iter().zip(&boxes).any(|(f, (lo, hi))| {
                (lo[0]..hi[0]).contains(&p[0]) && (lo[1]..hi[1]).contains(&p[1]) && geom::inside(p, &f.ring)
            })
        })
        .map(|h| h.residents)
        .sum()
}
