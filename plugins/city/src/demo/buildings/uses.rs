//! What each block is for.

use crate::demo::{
    dice::Dice,
    geom::{self, P},
    plan::{Plan, Zone},
    streets::{Cover, Face, Town},
};

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

/// The numbers below `n` in an order left to chance.
fn shuffle(n: usize, dice: &mut Dice) -> Vec<usize> {
    let mut v: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        v.swap(i, dice.int(0, i));
    }
    v
}

/// What each block is for: by its zone first, then public buildings are spread over the ordinary town by chance.
pub fn of_blocks(plan: &Plan, town: &Town) -> Vec<Use> {
    let mut dice = Dice::new(plan.seed, "uses");
    let mut uses: Vec<Use> = town.faces.iter().map(|f| use_of(plan, f, &mut dice)).collect();
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
    uses
}

/// What a block is for by the zone it lies in.
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
