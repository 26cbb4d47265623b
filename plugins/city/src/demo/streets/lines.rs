//! The lines that the plan draws: arterials, roads along the waters and the railway, railway, expressway, the map's edge.

use super::{Kind, Street, graph::Piece};
use crate::demo::{
    geom::{self, P},
    plan::{BANK_ROAD_M, MOAT_ROAD_M, Plan, RAIL_ROAD_M},
};

/// Streets of the plan, and their pieces in order of importance.
pub struct Lines {
    pub streets: Vec<Street>,
    pub pieces: Vec<Piece>,
    /// Side of the map, m.
    size: f64,
}

impl Lines {
    fn draw(&mut self, street: Street, points: &[P]) {
        self.streets.push(street);
        for w in points.windows(2) {
            if let Some((a, b)) = geom::clip(w[0], w[1], [0.0; 2], [self.size; 2]) {
                self.pieces.push(Piece { a, b, street: self.streets.len() - 1 });
            }
        }
    }
}

/// Draws the plan's lines.
pub fn of_plan(plan: &Plan) -> Lines {
    let mut lines = Lines { streets: Vec::new(), pieces: Vec::new(), size: plan.size };
    for (i, (a, points)) in plan.file.arterial.iter().zip(&plan.arterials).enumerate() {
        let (kind, speed, lanes) = if a.class == "primary" { (Kind::Primary, 60, 6) } else { (Kind::Secondary, 50, 4) };
        let street = Street::new(kind, &a.name.0, &a.name.1, speed, lanes);
        lines.draw(Street { arterial: Some(i), ..street }, points);
    }
    for (sign, zh, en) in [(1.0, "滨江北路", "North Binjiang Road"), (-1.0, "滨江南路", "South Binjiang Road")]
    {
        let road = geom::offset(&plan.river, |i| sign * (plan.river_half[i] + BANK_ROAD_M));
        lines.draw(Street::new(Kind::Secondary, zh, en, 50, 4), &geom::simplify(&road, 0.4));
    }
    for (sign, zh, en) in [(1.0, "护城河北路", "North Moat Road"), (-1.0, "护城河南路", "South Moat Road")] {
        let by = sign * (plan.file.moat.half_width_m + MOAT_ROAD_M);
        lines.draw(Street::new(Kind::Tertiary, zh, en, 30, 2), &geom::offset(&plan.moat, |_| by));
    }
    for (sign, zh, en) in [(1.0, "铁路北路", "North Railway Road"), (-1.0, "铁路南路", "South Railway Road")] {
        lines.draw(Street::new(Kind::Tertiary, zh, en, 40, 2), &geom::offset(&plan.rail, |_| sign * RAIL_ROAD_M));
    }
    let (rail, ring) = (&plan.file.railway, &plan.file.ring);
    lines.draw(Street::new(Kind::Rail, &rail.name.0, &rail.name.1, 0, 0), &plan.rail);
    lines.draw(Street::new(Kind::Ring, &ring.name.0, &ring.name.1, ring.speed, 6), &plan.ring);
    let s = plan.size;
    let corners = [[0.0, 0.0], [s, 0.0], [s, s], [0.0, s]];
    lines.streets.push(Street::nameless(Kind::Edge));
    let street = lines.streets.len() - 1;
    lines.pieces.extend((0..4).map(|k| Piece { a: corners[k], b: corners[(k + 1) % 4], street }));
    lines
}
