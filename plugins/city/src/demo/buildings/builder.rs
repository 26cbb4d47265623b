//! Finding room for a building in its block, and writing it down.

use super::{Body, Built, House};
use crate::{
    demo::{
        dice::Dice,
        geom::{self, P},
        ground::Ground,
        mask::{BUILT, CARRIAGE, Mask, RAIL, ROAD, WATER},
        plan::Plan,
        streets::Face,
    },
    model::RoofShape,
};

/// What stands so far, and what is free.
pub struct Builder<'a> {
    pub plan: &'a Plan,
    ground: &'a Ground,
    mask: &'a mut Mask,
    pub dice: Dice,
    pub out: Built,
    /// Name of the block at hand and the number of buildings in it.
    pub address: (String, String),
    number: u32,
}

/// Rows of buildings along the unit vector `u`.
pub struct Rows {
    pub u: P,
    /// From row to row, m.
    pub pitch_m: f64,
    /// From the block's edge to the middle of the first row, m.
    pub first_m: f64,
    /// Free space kept to the block's edge, m.
    pub inset_m: f64,
}

/// A building of one body, but for its footprint.
pub struct Shell {
    pub usage: &'static str,
    pub storeys: u32,
    pub floor_m: f64,
    pub roof: RoofShape,
    /// Height of the ridge above the eaves, m; parapet height on flat roofs.
    pub rise_m: f64,
    pub year: u32,
    pub basements: u32,
}

/// The block's axis nearest to east–west: rows of flats look south.
pub fn southward(ring: &[P]) -> P {
    let (u, ..) = geom::oriented_box(ring);
    let v = geom::perp(u);
    let e = if u[0].abs() >= v[0].abs() { u } else { v };
    if e[0] < 0.0 { geom::mul(e, -1.0) } else { e }
}

impl<'a> Builder<'a> {
    pub fn new(plan: &'a Plan, ground: &'a Ground, mask: &'a mut Mask) -> Self {
        let dice = Dice::new(plan.seed, "buildings");
        Self { plan, ground, mask, dice, out: Built::default(), address: Default::default(), number: 0 }
    }

    /// Goes on to a block of this name; its buildings are numbered from one.
    pub fn next_block(&mut self, address: (String, String)) {
        self.address = address;
        self.number = 0;
    }

    /// Whether a footprint lies in the block, `inset` m from its edge, on free ground away from the river.
    pub fn fits(&self, face: &[P], ring: &[P], inset: f64) -> bool {
        ring.iter().all(|&p| geom::inside(p, face) && geom::to_ring(p, face) > inset)
            && self.mask.free(ring, ROAD | CARRIAGE | WATER | BUILT | RAIL)
            && ring.iter().all(|&p| self.plan.river_d.at(p) > 42.0)
    }

    /// Keeps a rectangle (with a yard around it) for one building.
    pub fn take(&mut self, centre: P, u: P, half: [f64; 2], yard: f64) {
        self.mask.fill(&geom::rect(centre, u, [half[0] + yard, half[1] + yard]), BUILT);
    }

    /// Puts up a building of one body.
    pub fn raise(&mut self, ring: Vec<P>, shell: Shell) {
        let Shell { usage, storeys, floor_m, roof, rise_m, year, basements } = shell;
        let body = Body { ring, eaves_m: f64::from(storeys) * floor_m, rise_m, roof, lift_m: 0.0 };
        self.add(vec![body], usage, storeys, year, basements);
    }

    /// Puts up a building: who lives in it, how high its sill lies and what it is called follow from what it is.
    pub fn add(&mut self, bodies: Vec<Body>, usage: &'static str, storeys: u32, year: u32, basements: u32) {
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

    /// Fills a block with rows: `item` gives half sides of the next building and the free space after it, m; `put`
    /// raises it on a ring around a centre.
    pub fn rows(
        &mut self,
        face: &Face,
        rows: Rows,
        mut item: impl FnMut(&mut Dice) -> ([f64; 2], f64),
        mut put: impl FnMut(&mut Self, Vec<P>, P, [f64; 2]),
    ) {
        let Rows { u, pitch_m: pitch, first_m, inset_m } = rows;
        let c = geom::centroid(&face.ring);
        let (lo, hi) = geom::extent(&face.ring, c, u);
        let mut y = lo[1] + first_m;
        while y < hi[1] {
            let mut x = lo[0] + 4.0;
            let mut hit = false;
            while x < hi[0] {
                let (half, gap) = item(&mut self.dice);
                let mut placed = false;
                for shrink in [1.0, 0.72] {
                    let h = [half[0] * shrink, half[1]];
                    let at = geom::shifted(c, u, [x + h[0], y]);
                    let ring = geom::rect(at, u, h);
                    if self.fits(&face.ring, &ring, inset_m) {
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

    /// The largest rectangle along `u` about the block's middle that fits.
    pub fn biggest(&self, face: &[P], u: P, most: [f64; 2], inset: f64) -> Option<(P, [f64; 2])> {
        let c = geom::pole(face);
        (0..14).find_map(|k| {
            let half = geom::mul(most, 1.0 - f64::from(k) * 0.062);
            (0..9)
                .map(|m| {
                    let s = [f64::from(m % 3 - 1) * 7.0, f64::from(m / 3 - 1) * 7.0];
                    geom::shifted(c, u, s)
                })
                .find(|&at| self.fits(face, &geom::rect(at, u, half), inset))
                .map(|at| (at, half))
        })
    }
}
