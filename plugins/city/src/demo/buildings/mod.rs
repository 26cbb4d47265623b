//! Buildings: what each block is for, and the rows, courts and towers set into it.
//!
//! `uses` and `addresses` say what a block is and what it is called; `builder` finds room for a building; the others
//! fill a block of one kind each. All draw from one stream of chance, so their order is part of the city.

mod addresses;
mod builder;
mod centre;
mod estates;
mod old;
mod public;
mod uses;
mod works;

pub use uses::Use;

use super::{
    geom::{self, P},
    ground::Ground,
    mask::{BUILT, Mask},
    plan::Plan,
    streets::Town,
};
use crate::model::{PlaceKind, RoofShape};
use addresses::Addresses;
use builder::Builder;

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

impl Body {
    /// A flat-roofed body with a parapet, its foot `lift_m` above the building's base.
    fn flat(ring: Vec<P>, eaves_m: f64, parapet_m: f64, lift_m: f64) -> Self {
        Self { ring, eaves_m, rise_m: parapet_m, roof: RoofShape::Flat, lift_m }
    }
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
#[derive(Default)]
pub struct Built {
    pub houses: Vec<House>,
    pub sites: Vec<Site>,
    /// Blocks that are parks or squares: ring, name, `park` or `pitch` or `square`.
    pub greens: Vec<(Vec<P>, (String, String), &'static str)>,
    /// What each face became.
    pub uses: Vec<Use>,
}

/// Builds the town.
pub fn build(plan: &Plan, town: &Town, ground: &Ground, mask: &mut Mask) -> Built {
    let uses = uses::of_blocks(plan, town);
    // Room for the landmarks.
    for l in &plan.file.landmark {
        mask.fill(&geom::rect(l.at, [1.0, 0.0], [62.0, 62.0]), BUILT);
    }
    let mut addresses = Addresses::new(plan, town);
    let mut b = Builder::new(plan, ground, mask);
    for (face, &used) in town.faces.iter().zip(&uses) {
        b.next_block(addresses.next(face, used));
        match used {
            Use::None => {}
            Use::Park => b.park(face),
            Use::Lanes => b.lanes(face),
            Use::Village => b.village(face),
            Use::Villas => b.villas(face),
            Use::Slabs => {
                b.shops(town, face, 0.5);
                b.slabs(face, false);
            }
            Use::MidRise => {
                b.shops(town, face, 0.3);
                b.slabs(face, true);
            }
            Use::Towers => b.towers(face),
            Use::Centre => b.centre(face),
            Use::Mall => b.mall(face, false),
            Use::Office => b.mall(face, true),
            Use::School => b.school(face, PlaceKind::School, "school"),
            Use::CareHome => b.school(face, PlaceKind::CareHome, "care_home"),
            Use::Hospital => b.hospital(face),
            Use::Campus => b.campus(face),
            Use::Works => b.works(face),
        }
    }
    Built { uses, ..b.out }
}
