//! Splitting the plan's blocks by streets until each has the size of its zone.

use std::collections::BTreeMap;

use super::{
    Cover, Kind, Street,
    graph::{Graph, Piece, faces_of},
    names::name_street,
    parcel::{Halves, Parcel, class_for, split, wanted_area},
};
use crate::demo::{
    dice::Dice,
    geom::{self, P},
    plan::Plan,
};

/// Height above which no street is built, m above datum.
const HILL_M: f64 = 24.0;

/// Splits the faces of the plan's graph; gives its lines and the new ones, and adds the new streets to `streets`.
pub fn divide(plan: &Plan, streets: &mut Vec<Street>, first: &Graph) -> Vec<Piece> {
    let mut todo: Vec<Parcel> = faces_of(first)
        .rings
        .iter()
        .map(|(corners, half_edges)| Parcel {
            ring: corners.iter().map(|&n| first.nodes[n]).collect(),
            kinds: half_edges.iter().map(|&h| streets[first.edges[h / 2].street].kind).collect(),
        })
        .collect();
    // From here on the graph's own pieces are the lines.
    let pieces = first.edges.iter().map(|e| Piece { a: first.nodes[e.a], b: first.nodes[e.b], street: e.street });
    let pieces = pieces.collect();
    let mut dice = Dice::new(plan.seed, "streets");
    let mut ends = Ends::default();
    streets.push(Street::nameless(Kind::Stub));
    let stub = streets.len() - 1;
    let mut builder = Builder { plan, streets, stub, pieces, chords: Vec::new(), used: BTreeMap::new() };
    while let Some(parcel) = todo.pop() {
        let area = geom::area(&parcel.ring);
        let middle = geom::pole(&parcel.ring);
        let (zone, _) = plan.zone(middle);
        let on_land = Cover::at(plan, middle) == Cover::Land;
        let wanted = if on_land { wanted_area(zone) } else { 42_000.0 };
        if area < wanted {
            continue;
        }
        let kind = if on_land && plan.ground(middle) <= HILL_M { class_for(zone, area) } else { Kind::Stub };
        let near = ends.near(&parcel.ring);
        let Some(halves) = split(&parcel, kind, &mut dice, &near, &plan.lake) else { continue };
        builder.build(kind, &halves);
        for p in [halves.a, halves.b] {
            ends.add(p);
        }
        todo.push(halves.left);
        todo.push(halves.right);
    }
    builder.pieces
}

/// Where streets end, by a coarse raster.
#[derive(Default)]
struct Ends(BTreeMap<(i64, i64), Vec<P>>);

impl Ends {
    fn cell(p: P) -> (i64, i64) {
        ((p[0] / 300.0).floor() as i64, (p[1] / 300.0).floor() as i64)
    }

    fn add(&mut self, p: P) {
        self.0.entry(Self::cell(p)).or_default().push(p);
    }

    /// The ends in the cells within 30 m of a ring's bounds.
    fn near(&self, ring: &[P]) -> Vec<P> {
        let (lo, hi) = geom::bounds(ring);
        let (cl, ch) = (Self::cell([lo[0] - 30.0, lo[1] - 30.0]), Self::cell([hi[0] + 30.0, hi[1] + 30.0]));
        (cl.0..=ch.0)
            .flat_map(|x| (cl.1..=ch.1).map(move |y| (x, y)))
            .filter_map(|k| self.0.get(&k))
            .flatten()
            .copied()
            .collect()
    }
}

/// Streets and lines as they come.
struct Builder<'a> {
    plan: &'a Plan,
    streets: &'a mut Vec<Street>,
    /// The street of lines that are no road.
    stub: usize,
    pieces: Vec<Piece>,
    /// Street and ends of every street built.
    chords: Vec<(usize, P, P)>,
    /// Names given.
    used: BTreeMap<String, u32>,
}

impl Builder<'_> {
    /// Draws the chord between two halves: a parcel line, or a street that stops short of what it may not meet.
    fn build(&mut self, kind: Kind, halves: &Halves) {
        let &Halves { a, b, meets, .. } = halves;
        if kind == Kind::Stub {
            self.pieces.push(Piece { a, b, street: self.stub });
            return;
        }
        // Streets stop before railway, expressway and the map's edge.
        let back = |k: Kind| -> f64 {
            match k {
                Kind::Rail | Kind::Ring => 44.0,
                Kind::Stub => 20.0,
                _ => 0.0,
            }
        };
        let long = geom::dist(a, b);
        let (ta, tb) = (back(meets[0]).min(long * 0.45) / long, 1.0 - back(meets[1]).min(long * 0.45) / long);
        let (ra, rb) = (geom::lerp(a, b, ta), geom::lerp(a, b, tb));
        let street = self.continued(kind, ra, rb, geom::sub(b, a)).unwrap_or_else(|| self.name(kind, a, b, ra));
        if ta > 0.0 {
            self.pieces.push(Piece { a, b: ra, street: self.stub });
        }
        self.pieces.push(Piece { a: ra, b: rb, street });
        if tb < 1.0 {
            self.pieces.push(Piece { a: rb, b, street: self.stub });
        }
        self.chords.push((street, ra, rb));
    }

    /// A street that is met head-on keeps its name.
    fn continued(&self, kind: Kind, ra: P, rb: P, d: P) -> Option<usize> {
        let same = self.chords.iter().find(|(s, c, e)| {
            self.streets[*s].kind == kind
                && (geom::dist(*c, ra).min(geom::dist(*e, ra)) < 0.5
                    || geom::dist(*c, rb).min(geom::dist(*e, rb)) < 0.5)
                && geom::dot(geom::unit(geom::sub(*e, *c)), geom::unit(d)).abs() > 0.93
        });
        same.map(|&(s, ..)| s)
    }

    /// A new street along the chord `ab` that begins at `ra`; service roads outside of the old town have no name.
    fn name(&mut self, kind: Kind, a: P, b: P, ra: P) -> usize {
        let d = geom::sub(b, a);
        let name = if kind == Kind::Service && !self.plan.in_old_town(ra) {
            (String::new(), String::new())
        } else {
            let east_west = d[0].abs() > d[1].abs();
            name_street(self.plan, geom::lerp(a, b, 0.5), kind, east_west, &mut self.used)
        };
        let (speed, lanes) = match kind {
            Kind::Tertiary => (40, 2),
            Kind::Residential => (30, 2),
            _ => (20, 1),
        };
        self.streets.push(Street { kind, name, speed, lanes, arterial: None });
        self.streets.len() - 1
    }
}
