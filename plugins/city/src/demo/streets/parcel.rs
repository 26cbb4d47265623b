//! Blocks to be split: how large each zone wants them, what street goes through, and the cut itself.

use super::kind::Kind;
use crate::demo::{
    dice::Dice,
    geom::{self, P},
    plan::Zone,
};

/// A block still to be split: corners and the kind of the line from each corner to the next.
pub struct Parcel {
    pub ring: Vec<P>,
    pub kinds: Vec<Kind>,
}

/// A parcel in two, and the chord between them.
pub struct Halves {
    pub left: Parcel,
    pub right: Parcel,
    /// Ends of the chord.
    pub a: P,
    pub b: P,
    /// What the chord meets at each end.
    pub meets: [Kind; 2],
}

/// Wanted area of a block, m².
pub fn wanted_area(zone: Zone) -> f64 {
    match zone {
        Zone::Hills => 90_000.0,
        Zone::LakePark => 420_000.0,
        Zone::BendPark | Zone::Park => 80_000.0,
        Zone::OldTown => 7_200.0,
        Zone::Cbd => 19_000.0,
        Zone::Civic => 26_000.0,
        Zone::Campus => 36_000.0,
        Zone::Industrial => 48_000.0,
        Zone::Village => 11_500.0,
        Zone::Villa => 24_000.0,
        Zone::Tower => 34_000.0,
        Zone::Mixed => 21_500.0,
    }
}

/// What kind of street splits a block of an area, m².
pub fn class_for(zone: Zone, area: f64) -> Kind {
    match zone {
        Zone::Hills | Zone::LakePark | Zone::BendPark | Zone::Park => Kind::Stub,
        Zone::OldTown if area < 16_000.0 => Kind::Service,
        Zone::OldTown if area < 90_000.0 => Kind::Residential,
        Zone::Village if area < 26_000.0 => Kind::Service,
        Zone::Campus if area < 150_000.0 => Kind::Service,
        Zone::Industrial | Zone::Cbd | Zone::Civic => {
            if area > 60_000.0 {
                Kind::Tertiary
            } else {
                Kind::Residential
            }
        }
        _ if area > 130_000.0 => Kind::Tertiary,
        _ => Kind::Residential,
    }
}

/// Splits a parcel by a chord across its long axis; `ends` are places where streets end already.
pub fn split(parcel: &Parcel, kind: Kind, dice: &mut Dice, ends: &[P], lake: &[P]) -> Option<Halves> {
    let ring = &parcel.ring;
    let n = ring.len();
    let (axis, half, centre) = geom::oriented_box(ring);
    for attempt in 0..14 {
        let wobble = if attempt == 0 { 0.14 } else { 0.5 };
        let slide = dice.range(-wobble, wobble) * half[0];
        let (dir, turn) = (geom::perp(axis), dice.range(-0.03, 0.03));
        let dir = geom::unit(geom::add(dir, geom::mul(axis, turn)));
        let through = geom::add(centre, geom::mul(axis, slide));
        let (a, b) = (geom::sub(through, geom::mul(dir, 9000.0)), geom::add(through, geom::mul(dir, 9000.0)));
        let mut hits: Vec<(f64, usize, P)> = (0..n)
            .filter_map(|i| {
                let (c, d) = (ring[i], ring[(i + 1) % n]);
                geom::crossing(a, b, c, d).map(|(t, u)| (t, i, geom::lerp(c, d, u.clamp(0.0, 1.0))))
            })
            .collect();
        hits.sort_by(|x, y| x.0.total_cmp(&y.0));
        // The stretch inside the parcel that is longest.
        let best = hits
            .windows(2)
            .filter(|w| w[0].1 != w[1].1 && geom::inside(geom::lerp(w[0].2, w[1].2, 0.5), ring))
            .max_by(|x, y| geom::dist(x[0].2, x[1].2).total_cmp(&geom::dist(y[0].2, y[1].2)));
        let Some(best) = best else { continue };
        let (mut p, mut q) = ((best[0].1, best[0].2), (best[1].1, best[1].2));
        // Meet a street that already ends on the other side of the road, instead of missing it by a little.
        let snapped = |(i, at): (usize, P)| -> (usize, P) {
            let (c, d) = (ring[i], ring[(i + 1) % n]);
            ends.iter()
                .filter(|e| geom::dist(**e, at) < 27.0 && geom::to_segment(**e, c, d).0 < 0.2)
                .min_by(|x, y| geom::dist(**x, at).total_cmp(&geom::dist(**y, at)))
                .map_or((i, at), |&e| (i, e))
        };
        let (p2, q2) = (snapped(p), snapped(q));
        let clear = (0..n).filter(|&i| i != p2.0 && i != q2.0).all(|i| {
            geom::crossing(p2.1, q2.1, ring[i], ring[(i + 1) % n]).is_none_or(|(t, _)| {
                geom::dist(geom::lerp(p2.1, q2.1, t), p2.1).min(geom::dist(geom::lerp(p2.1, q2.1, t), q2.1)) < 0.2
            })
        });
        if clear {
            (p, q) = (p2, q2);
        }
        let ((i, a), (j, b)) = (p, q);
        // No line is drawn through the lake: its park stays whole.
        if lake.iter().any(|&l| geom::to_segment(l, a, b).0 < 30.0) {
            continue;
        }
        let cut = |from: usize, start: P, to: usize, end: P| -> Parcel {
            // start on edge `from`, then corners from+1 ..= to, then end on edge `to`, then the chord.
            let (mut ring2, mut kinds) = (vec![start], vec![parcel.kinds[from]]);
            let mut k = (from + 1) % n;
            loop {
                ring2.push(ring[k]);
                kinds.push(parcel.kinds[k]);
                if k == to {
                    break;
                }
                k = (k + 1) % n;
            }
            ring2.push(end);
            kinds.push(kind);
            tidy(ring2, kinds)
        };
        let (left, right) = (cut(i, a, j, b), cut(j, b, i, a));
        let (la, ra) = (geom::area(&left.ring), geom::area(&right.ring));
        let whole = geom::area(ring);
        if la.min(ra) < 0.22 * whole || la.min(ra) < 1200.0 || left.ring.len() < 3 || right.ring.len() < 3 {
            continue;
        }
        return Some(Halves { left, right, a, b, meets: [parcel.kinds[i], parcel.kinds[j]] });
    }
    None
}

/// Drops corners that coincide.
fn tidy(ring: Vec<P>, kinds: Vec<Kind>) -> Parcel {
    let (mut r, mut k): (Vec<P>, Vec<Kind>) = (Vec::new(), Vec::new());
    for (p, kind) in ring.into_iter().zip(kinds) {
        match r.last() {
            Some(&last) if geom::dist(last, p) < 0.3 => {
                if let Some(slot) = k.last_mut() {
                    *slot = kind;
                }
            }
            _ => {
                r.push(p);
                k.push(kind);
            }
        }
    }
    while r.len() > 1 && geom::dist(r[0], r[r.len() - 1]) < 0.3 {
        r.pop();
        k.pop();
    }
    Parcel { ring: r, kinds: k }
}
