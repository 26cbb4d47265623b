//! What lies where, on a 2 m raster: keeps buildings off roads, water and each other.

use super::{
    geom::{self, P},
    network::{Class, Network},
    plan::Plan,
    streets::Kind,
};

/// Cell side, m.
pub const CELL_M: f64 = 2.0;
/// Carriageway, sidewalk or ramp.
pub const ROAD: u8 = 1;
/// Water and its banks.
pub const WATER: u8 = 2;
/// A building or its yard.
pub const BUILT: u8 = 4;
/// The carriageway itself.
pub const CARRIAGE: u8 = 8;
/// Railway land.
pub const RAIL: u8 = 16;

/// The raster; row 0 is south.
pub struct Mask {
    pub n: usize,
    pub v: Vec<u8>,
}

impl Mask {
    pub fn new(plan: &Plan, net: &Network) -> Self {
        let n = (plan.size / CELL_M).round() as usize;
        let mut mask = Self { n, v: vec![0; n * n] };
        for j in 0..n {
            for i in 0..n {
                let p = [(i as f64 + 0.5) * CELL_M, (j as f64 + 0.5) * CELL_M];
                let mut m = 0;
                if plan.river_d.at(p) < 40.0 || plan.moat_d.at(p) < 6.0 {
                    m |= WATER;
                }
                if plan.rail_d.at(p) < 20.0 {
                    m |= RAIL;
                }
                mask.v[j * n + i] = m;
            }
        }
        let lake: Vec<P> = plan
            .lake
            .iter()
            .map(|&p| geom::add(p, geom::mul(geom::unit(geom::sub(p, plan.file.lake.centre)), 8.0)))
            .collect();
        mask.fill(&lake, WATER);
        for l in &net.links {
            let (a, b) = (net.nodes[l.a], net.nodes[l.b]);
            let reserve = match l.class {
                Class::Motorway => 26.0,
                Class::Link => 8.0,
                Class::Street(Kind::Service) => 3.2,
                Class::Street(k) => k.reserve_m() - 1.5,
            };
            mask.band(a, b, reserve, ROAD);
            mask.band(a, b, l.half_width_m, CARRIAGE);
        }
        mask
    }

    /// Marks everything within `half` m of a segment.
    pub fn band(&mut self, a: P, b: P, half: f64, bit: u8) {
        let n = self.n as f64;
        let (lo, hi) = geom::bounds(&[a, b]);
        let range = |l: f64, h: f64| {
            (((l - half) / CELL_M).floor().clamp(0.0, n) as usize, ((h + half) / CELL_M).ceil().clamp(0.0, n) as usize)
        };
        let ((i0, i1), (j0, j1)) = (range(lo[0], hi[0]), range(lo[1], hi[1]));
        for j in j0..j1 {
            for i in i0..i1 {
                let p = [(i as f64 + 0.5) * CELL_M, (j as f64 + 0.5) * CELL_M];
                if geom::to_segment(p, a, b).0 <= half {
                    self.v[j * self.n + i] |= bit;
                }
            }
        }
    }

    fn cells(&self, ring: &[P]) -> Vec<usize> {
        let n = self.n as f64;
        let (lo, hi) = geom::bounds(ring);
        let (i0, i1) =
            ((lo[0] / CELL_M).floor().clamp(0.0, n) as usize, (hi[0] / CELL_M).ceil().clamp(0.0, n) as usize);
        let (j0, j1) =
            ((lo[1] / CELL_M).floor().clamp(0.0, n) as usize, (hi[1] / CELL_M).ceil().clamp(0.0, n) as usize);
        let mut out = Vec::new();
        for j in j0..j1 {
            for i in i0..i1 {
                if geom::inside([(i as f64 + 0.5) * CELL_M, (j as f64 + 0.5) * CELL_M], ring) {
                    out.push(j * self.n + i);
                }
            }
        }
        out
    }

    pub fn fill(&mut self, ring: &[P], bit: u8) {
        for c in self.cells(ring) {
            self.v[c] |= bit;
        }
    }

    /// Whether no cell of a ring carries any of the bits.
    pub fn free(&self, ring: &[P], bits: u8) -> bool {
        let n = self.n as f64 * CELL_M;
        ring.iter().all(|p| (0.0..n).contains(&p[0]) && (0.0..n).contains(&p[1]))
            && self.cells(ring).into_iter().all(|c| self.v[c] & bits == 0)
    }

    pub fn at(&self, p: P) -> u8 {
        let (i, j) = (p[0] / CELL_M, p[1] / CELL_M);
        let n = self.n as f64;
        if (0.0..n).contains(&i) && (0.0..n).contains(&j) { self.v[j as usize * self.n + i as usize] } else { 0 }
    }
}
