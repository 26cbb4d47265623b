//! Buildings: what each block is for, and rows, courts and towers set into it.

use super::{
    dice::Dice,
    geom::{self, P},
    ground::Ground,
    mask::{BUILT, CARRIAGE, Mask, RAIL, ROAD, WATER},
    plan::{Plan, Zone},
    streets::{Cover, Face, Kind, Town},
};
use crate::model::{PlaceKind, RoofShape};

/// One body: a footprint, a height, a roof.
#[derive(Clone, Debug)]
pub struct Body {
    /// Counter-clockwise.
    pub ring: Vec<P>,
    /// Height of eaves above the base, m.
    pub eaves_m: f64,
    /// Height of the ridge above the eaves, m; parapet height on flat roofs.
    pub rise_m: f64,
    pub roof: RoofShape,
    /// Height of the body's foot above the building's base, m.
    pub lift_m: f64,
}

/// A building.
#[derive(Clone, Debug)]
pub struct House {
    pub bodies: Vec<Body>,
    /// Ground at its lowest corner, m above datum.
    pub base_m: f64,
    pub usage: &'static str,
    pub storeys: u32,
    pub basements: u32,
    pub residents: u32,
    pub sill_m: f64,
    pub year: u32,
    pub name: (String, String),
}

/// A place that comes with buildings.
pub struct Site {
    pub kind: PlaceKind,
    pub name: (String, String),
    pub at: P,
    pub people: u32,
}

/// Everything built, and what the blocks became.
pub struct Built {
    pub houses: Vec<House>,
    pub sites: Vec<Site>,
    /// Blocks that are parks or squares: ring, name, `park` or `pitch` or `square`.
    pub greens: Vec<(Vec<P>, (String, String), &'static str)>,
    /// What each face became.
    pub uses: Vec<Use>,
}

/// Use of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    None,
    Park,
    Lanes,
    Village,
    Villas,
    Slabs,
    MidRise,
    Towers,
    Centre,
    Mall,
    Office,
    School,
    Hospital,
    CareHome,
    Campus,
    Works,
}

struct Builder<'a> {
    plan: &'a Plan,
    ground: &'a Ground,
    mask: &'a mut Mask,
    dice: Dice,
    out: Built,
    /// Name of the block at hand and the number of buildings in it.
    address: (String, String),
    number: u32,
}

fn shuffle(n: usize, dice: &mut Dice) -> Vec<usize> {
    let mut v: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        v.swap(i, dice.int(0, i));
    }
    v
}

/// Builds the town.
pub fn build(plan: &Plan, town: &Town, ground: &Ground, mask: &mut Mask) -> Built {
    let mut dice = Dice::new(plan.seed, "uses");
    let mut uses: Vec<Use> = town.faces.iter().map(|f| use_of(plan, f, &mut dice)).collect();
    // Public buildings go to blocks of the ordinary town, spread by chance.
    let mut wanted = vec![(Use::School, 22), (Use::Hospital, 6), (Use::CareHome, 9), (Use::Mall, 14), (Use::Park, 22)];
    let mut taken: Vec<(P, Use)> = Vec::new();
    for i in shuffle(town.faces.len(), &mut dice) {
        let f = &town.faces[i];
        if !matches!(uses[i], Use::Slabs | Use::MidRise | Use::Towers) {
            continue;
        }
        let fits = |u: Use| match u {
            Use::School | Use::Hospital => f.area > 15_000.0,
            Use::Mall => f.area > 8_000.0,
            _ => f.area > 4_000.0,
        };
        let apart = |u: Use| match u {
            Use::School => 520.0,
            Use::Hospital => 1100.0,
            Use::CareHome => 800.0,
            _ => 420.0,
        };
        let pick = wanted.iter().position(|&(u, n)| {
            n > 0 && fits(u) && taken.iter().all(|&(p, t)| t != u || geom::dist(p, f.centre) > apart(u))
        });
        if let Some(k) = pick {
            wanted[k].1 -= 1;
            uses[i] = wanted[k].0;
            taken.push((f.centre, uses[i]));
        }
    }
    // Room for the landmarks.
    for l in &plan.file.landmark {
        mask.fill(&geom::rect(l.at, [1.0, 0.0], [62.0, 62.0]), BUILT);
    }
    let out = Built { houses: Vec::new(), sites: Vec::new(), greens: Vec::new(), uses: uses.clone() };
    let dice = Dice::new(plan.seed, "buildings");
    let mut b = Builder { plan, ground, mask, dice, out, address: Default::default(), number: 0 };
    let mut estate = 0usize;
    let mut ordinal = [0usize; 4];
    for (i, face) in town.faces.iter().enumerate() {
        b.number = 0;
        let words = &plan.file.words;
        let w = &words.estate[estate % words.estate.len()];
        let tail = &words.estate_tail[(estate / words.estate.len() + estate) % words.estate_tail.len()];
        let round = estate / (words.estate.len() * words.estate_tail.len());
        b.address = (
            format!("{}{}{}", w.0, tail.0, ["", "二期", "三期", "四期", "五期", "六期"][round.min(5)]),
            format!("{} {}{}", w.1, tail.1, ["", " II", " III", " IV", " V", " VI"][round.min(5)]),
        );
        match uses[i] {
            Use::None => {}
            Use::Park => b.park(face, &w.0, &w.1),
            Use::Lanes => {
                b.address = address_of(town, face).unwrap_or_else(|| b.address.clone());
                b.lanes(face);
            }
            Use::Village => {
                let z = face.zone_index.map(|k| &plan.file.zone[k].name);
                b.address = z.map_or_else(|| b.address.clone(), |n| (n.0.clone(), n.1.clone()));
                b.village(face);
            }
            Use::Villas => {
                estate += 1;
                b.villas(face);
            }
            Use::Slabs => {
                estate += 1;
                b.shops(town, face, 0.5);
                b.slabs(face, false);
            }
            Use::MidRise => {
                estate += 1;
                b.shops(town, face, 0.3);
                b.slabs(face, true);
            }
            Use::Towers => {
                estate += 1;
                b.towers(face);
            }
            Use::Centre => {
                b.address = address_of(town, face).unwrap_or_else(|| b.address.clone());
                b.centre(face);
            }
            Use::Mall | Use::Office => {
                b.address = (
                    format!("{}{}", w.0, if uses[i] == Use::Mall { "广场" } else { "大厦" }),
                    format!("{} {}", w.1, if uses[i] == Use::Mall { "Plaza" } else { "Building" }),
                );
                estate += 1;
                b.mall(face, uses[i] == Use::Office);
            }
            Use::School => {
                ordinal[0] += 1;
                let n = ordinal[0] as u32;
                let zh = if n % 3 == 0 {
                    format!("观澜第{}中学", super::streets::numeral(n / 3))
                } else {
                    format!("{}小学", w.0)
                };
                let en = if n % 3 == 0 {
                    format!("Guanlan No. {} Middle School", n / 3)
                } else {
                    format!("{} Primary School", w.1)
                };
                estate += 1;
                b.address = (zh, en);
                b.school(face, PlaceKind::School, "school");
            }
            Use::Hospital => {
                const H: [(&str, &str); 6] = [
                    ("观澜区第一人民医院", "Guanlan First People's Hospital"),
                    ("观澜区中医院", "Guanlan Hospital of Chinese Medicine"),
                    ("澜安市儿童医院", "Lan'an Children's Hospital"),
                    ("江湾医院", "Jiangwan Hospital"),
                    ("观澜区妇幼保健院", "Guanlan Maternity Hospital"),
                    ("南湖医院", "Nanhu Hospital"),
                ];
                let h = H[ordinal[1] % H.len()];
                ordinal[1] += 1;
                b.address = (h.0.to_owned(), h.1.to_owned());
                b.hospital(face);
            }
            Use::CareHome => {
                estate += 1;
                b.address = (format!("{}养老院", w.0), format!("{} Care Home", w.1));
                b.school(face, PlaceKind::CareHome, "care_home");
            }
            Use::Campus => {
                b.address = ("澜安大学".to_owned(), "Lan'an University".to_owned());
                b.campus(face);
            }
            Use::Works => {
                estate += 1;
                b.address = (format!("{}工业园", w.0), format!("{} Works", w.1));
                b.works(face);
            }
        }
    }
    b.out
}

fn address_of(town: &Town, face: &Face) -> Option<(String, String)> {
    face.edges
        .iter()
        .map(|&e| &town.streets[town.graph.edges[e].street])
        .filter(|s| s.kind.is_street() && !s.name.0.is_empty())
        .max_by_key(|s| s.kind)
        .map(|s| (s.name.0.clone(), s.name.1.clone()))
}

fn use_of(plan: &Plan, f: &Face, dice: &mut Dice) -> Use {
    let roll = dice.f();
    if f.cover == Cover::Land && f.zone == Zone::LakePark {
        return Use::Park;
    }
    if f.cover != Cover::Land || f.area < 350.0 || plan.on_water(f.centre) || plan.ground(f.centre) > 24.0 {
        return Use::None;
    }
    match f.zone {
        Zone::Hills => Use::None,
        Zone::LakePark | Zone::BendPark | Zone::Park => Use::Park,
        Zone::OldTown if roll < 0.10 => Use::Slabs,
        Zone::OldTown => Use::Lanes,
        Zone::Cbd if roll < 0.06 => Use::Park,
        Zone::Cbd if roll < 0.22 => Use::Towers,
        Zone::Cbd => Use::Centre,
        Zone::Civic if roll < 0.3 => Use::Mall,
        Zone::Civic => Use::Office,
        Zone::Campus => Use::Campus,
        Zone::Industrial if roll < 0.9 => Use::Works,
        Zone::Industrial => Use::Office,
        Zone::Village => Use::Village,
        Zone::Villa => Use::Villas,
        Zone::Tower if roll < 0.75 => Use::Towers,
        Zone::Tower => Use::MidRise,
        Zone::Mixed => match roll {
            r if r < 0.46 => Use::Slabs,
            r if r < 0.70 => Use::MidRise,
            r if r < 0.87 => Use::Towers,
            r if r < 0.96 || geom::dist(f.centre, [3400.0, 2800.0]) < 2300.0 => Use::Office,
            _ => Use::Village,
        },
    }
}

/// The block's axis nearest to east–west: rows of flats look south.
fn southward(ring: &[P]) -> P {
    let (u, ..) = geom::oriented_box(ring);
    let v = geom::perp(u);
    let e = if u[0].abs() >= v[0].abs() { u } else { v };
    if e[0] < 0.0 { geom::mul(e, -1.0) } else { e }
}

impl Builder<'_> {
    fn fits(&self, face: &[P], ring: &[P], inset: f64) -> bool {
        ring.iter().all(|&p| geom::inside(p, face) && geom::to_ring(p, face) > inset)
            && self.mask.free(ring, ROAD | CARRIAGE | WATER | BUILT | RAIL)
            && ring.iter().all(|&p| self.plan.river_d.at(p) > 42.0)
    }

    /// Keeps a rectangle (with a yard around it) for one building.
    fn take(&mut self, centre: P, u: P, half: [f64; 2], yard: f64) {
        self.mask.fill(&geom::rect(centre, u, [half[0] + yard, half[1] + yard]), BUILT);
    }

    #[allow(clippy::too_many_arguments)]
    fn raise(
        &mut self,
        ring: Vec<P>,
        usage: &'static str,
        storeys: u32,
        floor_m: f64,
        roof: RoofShape,
        rise_m: f64,
        year: u32,
        basements: u32,
    ) {
        let body = Body { ring, eaves_m: f64::from(storeys) * floor_m, rise_m, roof, lift_m: 0.0 };
        self.add(vec![body], usage, storeys, year, basements);
    }

    fn add(&mut self, bodies: Vec<Body>, usage: &'static str, storeys: u32, year: u32, basements: u32) {
        let base = self.ground.lowest(&bodies[0].ring);
        let floor: f64 = bodies.iter().map(|b| geom::area(&b.ring) * (b.eaves_m / 3.2).floor().max(1.0)).sum();
        let residents = match usage {
            "residential" => (floor / if storeys > 8 { 41.0 } else { 36.0 } * self.dice.range(0.75, 1.05)) as u32,
            "hospital" => (floor / 90.0) as u32,
            "care_home" => (floor / 45.0) as u32,
            _ => 0,
        };
        let sill = if year < 1980 {
            self.dice.range(0.02, 0.18)
        } else if storeys < 4 {
            self.dice.range(0.10, 0.35)
        } else {
            self.dice.range(0.15, 0.60)
        };
        self.number += 1;
        let n = self.number;
        let (zh, en) = &self.address;
        let name = match usage {
            "residential" if year < 1980 => (format!("{zh}{n}号"), format!("{n} {en}")),
            "retail" => (format!("{zh}商铺{n}"), format!("{en} Shops {n}")),
            "residential" => (format!("{zh}{n}幢"), format!("{en} Block {n}")),
            _ => (format!("{zh}{n}号楼"), format!("{en} No. {n}")),
        };
        self.out.houses.push(House {
            bodies,
            base_m: base,
            usage,
            storeys,
            basements,
            residents,
            sill_m: (sill * 100.0).round() / 100.0,
            year,
            name,
        });
    }

    /// Rows along `u`: `item` gives half sides of the next building and the free space after it; `put` raises it.
    fn rows(
        &mut self,
        face: &[P],
        u: P,
        pitch: f64,
        first: f64,
        inset: f64,
        mut item: impl FnMut(&mut Dice) -> ([f64; 2], f64),
        mut put: impl FnMut(&mut Self, Vec<P>, P, [f64; 2]),
    ) {
        let v = geom::perp(u);
        let c = geom::centroid(face);
        let (mut lo, mut hi) = ([f64::MAX; 2], [f64::MIN; 2]);
        for p in face {
            let q = [geom::dot(geom::sub(*p, c), u), geom::dot(geom::sub(*p, c), v)];
            lo = [lo[0].min(q[0]), lo[1].min(q[1])];
            hi = [hi[0].max(q[0]), hi[1].max(q[1])];
        }
        let mut y = lo[1] + first;
        while y < hi[1] {
            let mut x = lo[0] + 4.0;
            let mut hit = false;
            while x < hi[0] {
                let (half, gap) = item(&mut self.dice);
                let mut placed = false;
                for shrink in [1.0, 0.72] {
                    let h = [half[0] * shrink, half[1]];
                    let at = geom::add(c, geom::add(geom::mul(u, x + h[0]), geom::mul(v, y)));
                    let ring = geom::rect(at, u, h);
                    if self.fits(face, &ring, inset) {
                        self.take(at, u, h, (gap * 0.3).min(2.0));
                        put(self, ring, at, h);
                        x += 2.0 * h[0] + gap;
                        placed = true;
                        hit = true;
                        break;
                    }
                }
                if !placed {
                    x += (half[0] * 0.35).clamp(1.5, 6.0);
                }
            }
            y += if hit { pitch } else { (pitch * 0.2).clamp(2.0, 6.0) };
        }
    }

    fn lanes(&mut self, face: &Face) {
        let (u, ..) = geom::oriented_box(&face.ring);
        let depth = self.dice.range(4.0, 4.9);
        let pitch = depth * 2.0 + self.dice.range(1.6, 3.2);
        self.rows(
            &face.ring,
            u,
            pitch,
            depth + 3.2,
            2.4,
            |d| {
                (
                    [d.range(3.6, 7.2), depth - d.range(0.0, 0.6)],
                    if d.chance(0.10) { d.range(4.0, 9.0) } else { d.range(0.4, 1.4) },
                )
            },
            |b, ring, _, half| {
                let storeys = if b.dice.chance(0.30) {
                    1
                } else if b.dice.chance(0.9) {
                    2
                } else {
                    3
                };
                let roof = if b.dice.chance(0.90) { RoofShape::Gabled } else { RoofShape::Hipped };
                let usage = if b.dice.chance(0.12) { "retail" } else { "residential" };
                let year = 1905 + b.dice.int(0, 70) as u32;
                let rise = half[1].min(half[0]) * b.dice.range(0.48, 0.62);
                b.raise(ring, usage, storeys, 3.1, roof, rise, year, 0);
            },
        );
    }

    fn village(&mut self, face: &Face) {
        let u = southward(&face.ring);
        self.rows(
            &face.ring,
            u,
            16.5,
            8.5,
            2.5,
            |d| ([d.range(4.8, 6.2), d.range(5.2, 6.4)], d.range(1.6, 3.0)),
            |b, ring, _, half| {
                let storeys = b.dice.int(2, 5) as u32;
                let year = 1985 + b.dice.int(0, 25) as u32;
                let roll = b.dice.f();
                let (roof, rise) = if roll < 0.45 {
                    (RoofShape::Gabled, half[1] * 0.45)
                } else if roll < 0.7 {
                    (RoofShape::Hipped, half[1] * 0.5)
                } else {
                    (RoofShape::Flat, 0.9)
                };
                b.raise(ring, "residential", storeys, 3.2, roof, rise, year, 0);
            },
        );
    }

    fn villas(&mut self, face: &Face) {
        let u = southward(&face.ring);
        self.rows(
            &face.ring,
            u,
            27.0,
            14.0,
            7.0,
            |d| ([d.range(6.5, 8.5), d.range(5.2, 6.6)], d.range(8.0, 13.0)),
            |b, ring, _, half| {
                let storeys = b.dice.int(2, 3) as u32;
                b.raise(ring, "residential", storeys, 3.3, RoofShape::Hipped, half[1] * 0.55, 2008, 1);
            },
        );
    }

    fn slabs(&mut self, face: &Face, high: bool) {
        let u = southward(&face.ring);
        let storeys = if high { self.dice.int(9, 18) as u32 } else { self.dice.int(5, 7) as u32 };
        let depth = if high { 7.2 } else { 5.8 };
        let pitch = 2.0 * depth + (f64::from(storeys) * 2.95 * if high { 0.82 } else { 1.05 }).min(38.0);
        let year = if high { 2004 + self.dice.int(0, 16) as u32 } else { 1982 + self.dice.int(0, 20) as u32 };
        let gabled = !high && self.dice.chance(0.45);
        let (short, long) = if high { (15.0, 24.0) } else { (18.0, 31.0) };
        let basements = u32::from(high);
        self.rows(
            &face.ring,
            u,
            pitch,
            depth + 6.0,
            9.0,
            |d| ([d.range(short, long), depth], d.range(9.0, 14.0)),
            |b, ring, _, half| {
                let here = if high && b.dice.chance(0.3) { storeys.saturating_sub(2).max(8) } else { storeys };
                let (roof, rise) = if gabled { (RoofShape::Gabled, half[1] * 0.42) } else { (RoofShape::Flat, 1.1) };
                b.raise(ring, "residential", here, 2.95, roof, rise, year, basements);
            },
        );
        // Bicycle sheds, kiosks, committee rooms and carports fill what is left.
        self.small(face, u, 0.5);
    }

    fn small(&mut self, face: &Face, u: P, chance: f64) {
        let limit = self.out.houses.len() + 2;
        self.rows(
            &face.ring,
            u,
            13.0,
            9.0,
            8.0,
            |d| ([d.range(4.0, 9.0), d.range(2.4, 3.4)], d.range(14.0, 30.0)),
            |b, ring, _, half| {
                if b.out.houses.len() < limit && b.dice.chance(chance) {
                    let roof = if b.dice.chance(0.5) { RoofShape::Gabled } else { RoofShape::Flat };
                    b.raise(
                        ring,
                        "service",
                        1,
                        3.0,
                        roof,
                        if roof == RoofShape::Flat { 0.4 } else { half[1] * 0.4 },
                        1998,
                        0,
                    );
                }
            },
        );
    }

    fn towers(&mut self, face: &Face) {
        let u = southward(&face.ring);
        let storeys = self.dice.int(22, 33) as u32;
        let year = 2010 + self.dice.int(0, 13) as u32;
        let mut flip = 0u32;
        self.rows(
            &face.ring,
            u,
            62.0,
            22.0,
            11.0,
            |d| ([d.range(13.5, 17.0), d.range(8.5, 10.0)], d.range(20.0, 30.0)),
            |b, ring, at, half| {
                flip += 1;
                let here = storeys - (flip % 3) * 2;
                // A lift head on the roof.
                let head = geom::rect(
                    geom::add(at, geom::mul(geom::perp(u), half[1] * 0.25)),
                    u,
                    [half[0] * 0.35, half[1] * 0.4],
                );
                let h = f64::from(here) * 3.0;
                let bodies = vec![
                    Body { ring, eaves_m: h, rise_m: 1.3, roof: RoofShape::Flat, lift_m: 0.0 },
                    Body { ring: head, eaves_m: 4.6, rise_m: 0.0, roof: RoofShape::Flat, lift_m: h },
                ];
                b.add(bodies, "residential", here, year, 2);
            },
        );
        self.small(face, u, 0.6);
    }

    fn shops(&mut self, town: &Town, face: &Face, chance: f64) {
        for (i, &e) in face.edges.iter().enumerate() {
            let kind = town.streets[town.graph.edges[e].street].kind;
            if !(Kind::Primary..=Kind::Residential).contains(&kind) || !self.dice.chance(chance) {
                continue;
            }
            let (a, b) = (face.ring[i], face.ring[(i + 1) % face.ring.len()]);
            let (long, u) = (geom::dist(a, b), geom::unit(geom::sub(b, a)));
            let mut s = 22.0;
            while s + 18.0 < long - 16.0 {
                let half = [self.dice.range(9.0, 17.0).min((long - 16.0 - s) / 2.0), self.dice.range(4.6, 5.6)];
                let back = kind.reserve_m() + half[1] + 0.8;
                let at = geom::add(geom::add(a, geom::mul(u, s + half[0])), geom::mul(geom::perp(u), back));
                let ring = geom::rect(at, u, half);
                if self.fits(&face.ring, &ring, 2.0) {
                    self.take(at, u, half, 2.5);
                    let storeys = self.dice.int(1, 3) as u32;
                    self.raise(ring, "retail", storeys, 3.8, RoofShape::Flat, 0.9, 2001, 0);
                }
                s += half[0] * 2.0 + self.dice.range(2.0, 14.0);
            }
        }
    }

    /// The largest rectangle along `u` about the block's middle that fits.
    fn biggest(&self, face: &[P], u: P, most: [f64; 2], inset: f64) -> Option<(P, [f64; 2])> {
        let c = geom::pole(face);
        (0..14).find_map(|k| {
            let half = geom::mul(most, 1.0 - f64::from(k) * 0.062);
            (0..9)
                .map(|m| {
                    let s = [f64::from(m % 3 - 1) * 7.0, f64::from(m / 3 - 1) * 7.0];
                    geom::add(c, geom::add(geom::mul(u, s[0]), geom::mul(geom::perp(u), s[1])))
                })
                .find(|&at| self.fits(face, &geom::rect(at, u, half), inset))
                .map(|at| (at, half))
        })
    }

    fn centre(&mut self, face: &Face) {
        let (u, half, _) = geom::oriented_box(&face.ring);
        let core = geom::dist(face.centre, [4500.0, 2640.0]);
        let tall = (1.0 - core / 900.0).clamp(0.0, 1.0);
        let Some((at, h)) = self.biggest(&face.ring, u, [(half[0] - 12.0).min(62.0), (half[1] - 12.0).min(46.0)], 13.0)
        else {
            return;
        };
        let podium = self.dice.int(3, 5);
        let ph = podium as f64 * 4.8;
        self.take(at, u, h, 4.0);
        let mut bodies =
            vec![Body { ring: geom::rect(at, u, h), eaves_m: ph, rise_m: 1.1, roof: RoofShape::Flat, lift_m: 0.0 }];
        let count = if h[0] > 44.0 { 2 } else { 1 };
        let mut top = 0.0f64;
        for k in 0..count {
            let side = self.dice.range(15.0, 20.0).min(h[1] - 3.0).min(h[0] / f64::from(count) - 4.0);
            if side < 7.0 {
                continue;
            }
            let along = if count == 2 {
                (f64::from(k) - 0.5) * h[0] * self.dice.range(0.92, 1.04)
            } else {
                self.dice.range(-0.3, 0.3) * (h[0] - side)
            };
            let foot = geom::add(
                at,
                geom::add(geom::mul(u, along), geom::mul(geom::perp(u), self.dice.range(-0.4, 0.4) * (h[1] - side))),
            );
            let height = (self.dice.range(48.0, 88.0) + 128.0 * tall * self.dice.range(0.35, 1.0)).min(218.0);
            // Tall towers step back twice.
            let steps: &[(f64, f64)] = if height > 140.0 {
                &[(0.62, 1.0), (0.28, 0.82), (0.10, 0.6)]
            } else if height > 95.0 {
                &[(0.8, 1.0), (0.2, 0.8)]
            } else {
                &[(1.0, 1.0)]
            };
            let mut lift = ph;
            for &(share, width) in steps {
                let part = (height - ph) * share;
                bodies.push(Body {
                    ring: geom::rect(foot, u, [side * width, side * width * 0.92]),
                    eaves_m: part,
                    rise_m: 1.4,
                    roof: RoofShape::Flat,
                    lift_m: lift,
                });
                lift += part;
            }
            top = top.max(lift);
        }
        let storeys = (top / 4.1) as u32;
        let year = 2012 + self.dice.int(0, 12) as u32;
        self.add(bodies, "office", storeys.max(podium as u32), year, 3);
        // Lower neighbours in the corners that are left.
        self.rows(
            &face.ring,
            u,
            40.0,
            20.0,
            12.0,
            |d| ([d.range(10.0, 18.0), d.range(9.0, 13.0)], 14.0),
            |b, ring, _, _| {
                let storeys = b.dice.int(6, 16) as u32;
                let usage = if b.dice.chance(0.4) { "hotel" } else { "office" };
                b.raise(ring, usage, storeys, 3.7, RoofShape::Flat, 1.3, 2014, 2);
            },
        );
    }

    fn mall(&mut self, face: &Face, office: bool) {
        let (u, half, _) = geom::oriented_box(&face.ring);
        if !office {
            if let Some((at, h)) =
                self.biggest(&face.ring, u, [(half[0] - 14.0).min(75.0), (half[1] - 14.0).min(52.0)], 12.0)
            {
                self.take(at, u, h, 4.0);
                let storeys = self.dice.int(4, 6) as u32;
                let ph = f64::from(storeys) * 5.2;
                let attic = geom::rect(at, u, [h[0] * 0.5, h[1] * 0.55]);
                let bodies = vec![
                    Body { ring: geom::rect(at, u, h), eaves_m: ph, rise_m: 1.4, roof: RoofShape::Flat, lift_m: 0.0 },
                    Body { ring: attic, eaves_m: 6.0, rise_m: 0.8, roof: RoofShape::Flat, lift_m: ph },
                ];
                self.add(bodies, "retail", storeys, 2011, 2);
            }
        }
        self.rows(
            &face.ring,
            u,
            46.0,
            20.0,
            11.0,
            |d| ([d.range(18.0, 30.0), d.range(8.5, 11.0)], 18.0),
            |b, ring, _, _| {
                let storeys = b.dice.int(6, 20) as u32;
                b.raise(ring, "office", storeys, 3.6, RoofShape::Flat, 1.3, 2006, 1);
            },
        );
    }

    fn school(&mut self, face: &Face, kind: PlaceKind, usage: &'static str) {
        let u = southward(&face.ring);
        if kind == PlaceKind::School {
            // A running track first.
            let (c, v) = (geom::pole(&face.ring), geom::perp(u));
            'track: for half in [[58.0, 34.0], [46.0, 27.0], [32.0, 19.0]] {
                for shift in
                    [[0.0, -28.0], [0.0, 28.0], [-24.0, -20.0], [24.0, -20.0], [0.0, 0.0], [-30.0, 0.0], [30.0, 0.0]]
                {
                    let at = geom::add(c, geom::add(geom::mul(u, shift[0]), geom::mul(v, shift[1])));
                    let ring = geom::rect(at, u, half);
                    if self.fits(&face.ring, &ring, 9.0) {
                        self.take(at, u, half, 5.0);
                        let oval = (0..28)
                            .map(|i| {
                                let a = std::f64::consts::TAU * f64::from(i) / 28.0;
                                let x = if a.cos() > 0.0 { half[0] - half[1] } else { half[1] - half[0] };
                                geom::add(
                                    at,
                                    geom::add(geom::mul(u, x + half[1] * a.cos()), geom::mul(v, half[1] * a.sin())),
                                )
                            })
                            .collect();
                        self.out.greens.push((
                            oval,
                            (format!("{}操场", self.address.0), format!("{} Sports Ground", self.address.1)),
                            "pitch",
                        ));
                        break 'track;
                    }
                }
            }
        }
        self.rows(
            &face.ring,
            u,
            36.0,
            15.0,
            10.0,
            |d| ([d.range(20.0, 33.0), d.range(6.0, 8.0)], 14.0),
            |b, ring, _, _| {
                let storeys = b.dice.int(3, 5) as u32;
                b.raise(ring, usage, storeys, 3.8, RoofShape::Flat, 1.1, 1996, 0);
            },
        );
        let people = if kind == PlaceKind::School {
            600 + self.dice.int(0, 1500) as u32
        } else {
            80 + self.dice.int(0, 220) as u32
        };
        self.out.sites.push(Site { kind, name: self.address.clone(), at: face.centre, people });
    }

    fn hospital(&mut self, face: &Face) {
        let u = southward(&face.ring);
        self.rows(
            &face.ring,
            u,
            52.0,
            20.0,
            11.0,
            |d| ([d.range(26.0, 40.0), d.range(9.0, 12.0)], 18.0),
            |b, ring, at, half| {
                let storeys = b.dice.int(5, 16) as u32;
                let h = f64::from(storeys) * 3.9;
                let head = geom::rect(at, u, [half[0] * 0.3, half[1] * 0.5]);
                let bodies = vec![
                    Body { ring, eaves_m: h, rise_m: 1.3, roof: RoofShape::Flat, lift_m: 0.0 },
                    Body { ring: head, eaves_m: 4.5, rise_m: 0.0, roof: RoofShape::Flat, lift_m: h },
                ];
                b.add(bodies, "hospital", storeys, 2003, 1);
            },
        );
        let people = 500 + self.dice.int(0, 1200) as u32;
        self.out.sites.push(Site { kind: PlaceKind::Hospital, name: self.address.clone(), at: face.centre, people });
    }

    fn campus(&mut self, face: &Face) {
        let u = southward(&face.ring);
        let v = geom::perp(u);
        let c = geom::pole(&face.ring);
        // A court of four wings, or rows of dormitories.
        if self.dice.chance(0.6) {
            let half = [self.dice.range(32.0, 44.0), self.dice.range(26.0, 36.0)];
            let depth = 8.0;
            let whole = geom::rect(c, u, half);
            if self.fits(&face.ring, &whole, 9.0) {
                self.take(c, u, half, 9.0);
                let storeys = self.dice.int(4, 6) as u32;
                for (shift, h, side) in [
                    ([0.0, half[1] - depth], [half[0], depth], u),
                    ([0.0, depth - half[1]], [half[0], depth], u),
                    ([half[0] - depth, 0.0], [half[1] - 2.0 * depth - 0.6, depth], v),
                    ([depth - half[0], 0.0], [half[1] - 2.0 * depth - 0.6, depth], v),
                ] {
                    let at = geom::add(c, geom::add(geom::mul(u, shift[0]), geom::mul(v, shift[1])));
                    self.raise(geom::rect(at, side, h), "university", storeys, 4.0, RoofShape::Hipped, 3.6, 1999, 0);
                }
            }
        }
        self.rows(
            &face.ring,
            u,
            34.0,
            15.0,
            9.0,
            |d| ([d.range(22.0, 38.0), d.range(7.0, 8.5)], 15.0),
            |b, ring, _, half| {
                let storeys = b.dice.int(4, 7) as u32;
                let hipped = b.dice.chance(0.4);
                let (roof, rise) = if hipped { (RoofShape::Hipped, half[1] * 0.4) } else { (RoofShape::Flat, 1.1) };
                let usage = if b.dice.chance(0.45) { "dormitory" } else { "university" };
                b.raise(ring, usage, storeys, 3.6, roof, rise, 2002, 0);
            },
        );
    }

    fn works(&mut self, face: &Face) {
        let (u, ..) = geom::oriented_box(&face.ring);
        let depth = self.dice.range(15.0, 27.0);
        self.rows(
            &face.ring,
            u,
            depth * 2.0 + 14.0,
            depth + 10.0,
            10.0,
            |d| ([d.range(22.0, 52.0), depth], d.range(11.0, 17.0)),
            |b, ring, _, half| {
                let low = b.dice.chance(0.75);
                let (roof, rise) = if low { (RoofShape::Gabled, half[1] * 0.14) } else { (RoofShape::Flat, 0.8) };
                let storeys = if low { 1 } else { b.dice.int(2, 4) as u32 };
                b.raise(ring, "industrial", storeys, if low { 9.5 } else { 5.2 }, roof, rise, 2005, 0);
            },
        );
        self.rows(
            &face.ring,
            u,
            22.0,
            10.0,
            9.0,
            |d| ([d.range(9.0, 15.0), d.range(5.0, 6.5)], d.range(9.0, 20.0)),
            |b, ring, _, _| {
                let storeys = b.dice.int(2, 5) as u32;
                let usage = if b.dice.chance(0.3) { "dormitory" } else { "office" };
                b.raise(ring, usage, storeys, 3.5, RoofShape::Flat, 0.9, 2006, 0);
            },
        );
    }

    fn park(&mut self, face: &Face, zh: &str, en: &str) {
        let named = face.zone_index.filter(|_| matches!(face.zone, Zone::Park | Zone::LakePark | Zone::BendPark));
        let name = named.map_or_else(
            || (format!("{zh}公园"), format!("{en} Park")),
            |k| (self.plan.file.zone[k].name.0.clone(), self.plan.file.zone[k].name.1.clone()),
        );
        self.out.greens.push((face.ring.clone(), name, "park"));
    }
}
