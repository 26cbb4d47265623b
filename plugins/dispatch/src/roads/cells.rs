//! Which cells of a depth raster lie under which road.

use std::collections::BTreeMap;

use guanlan_city::{City, model::SurfaceKind};
use guanlan_core::input::DepthField;

/// Which cells of a depth raster lie under each edge. Constant for one raster geometry.
#[derive(Clone, Debug, Default)]
pub struct WaterCells {
    /// [`DepthField::shape`].
    geometry: Vec<(f64, f64, f64, u32, u32)>,
    start: Vec<u32>,
    cells: Vec<u32>,
}

impl WaterCells {
    /// The cells under an edge.
    #[must_use]
    pub fn of(&self, edge: u32) -> &[u32] {
        match (self.start.get(edge as usize), self.start.get(edge as usize + 1)) {
            (Some(&a), Some(&b)) => &self.cells[a as usize..b as usize],
            _ => &[],
        }
    }

    /// Makes the table fit the raster of `field`.
    ///
    /// Bridges and tunnels are not on the ground that the raster describes; cells of rivers and lakes are never on a
    /// road, even when the raster is too coarse to tell.
    pub fn fit(&mut self, city: &City, field: &DepthField) {
        let geometry = field.shape();
        if self.geometry == geometry {
            return;
        }
        let waters: Vec<_> = city
            .surfaces
            .iter()
            .filter(|s| s.kind == SurfaceKind::Water && s.ring.len() >= 3)
            .map(|s| (bounds(&s.ring), s))
            .collect();
        let in_water = |x: f32, y: f32| {
            waters.iter().any(|(b, s)| {
                x >= b[0]
                    && y >= b[1]
                    && x <= b[2]
                    && y <= b[3]
                    && inside(&s.ring, x, y)
                    && !s.holes.iter().any(|h| inside(h, x, y))
            })
        };
        let mut wet: BTreeMap<u32, bool> = BTreeMap::new();
        self.start = vec![0];
        self.cells.clear();
        let step = (field.finest_cell_m() / 2.0).max(0.5);
        for road in &city.roads {
            let first = self.cells.len();
            let on_ground = !road.bridge && (road.layer >= 0 || road.underpass);
            for w in road.line.windows(2).filter(|_| on_ground) {
                let [a, b] = [w[0].map(f64::from), w[1].map(f64::from)];
                let length = ((b[0] - a[0]).powi(2) + (b[1] - a[1]).powi(2)).sqrt();
                if !length.is_finite() {
                    continue;
                }
                let parts = (length / step).ceil().clamp(1.0, 100_000.0) as u32;
                for i in 0..=parts {
                    let t = f64::from(i) / f64::from(parts);
                    let place = [0, 1].map(|k| a[k] + t * (b[k] - a[k]));
                    let Some(cell) = field.cell_at(place[0], place[1]) else { continue };
                    let river = *wet
                        .entry(cell)
                        .or_insert_with(|| field.centre_m(cell).is_some_and(|[x, y]| in_water(x as f32, y as f32)));
                    if !river {
                        self.cells.push(cell);
                    }
                }
            }
            self.cells[first..].sort_unstable();
            let mut kept = first;
            for i in first..self.cells.len() {
                if kept == first || self.cells[kept - 1] != self.cells[i] {
                    self.cells[kept] = self.cells[i];
                    kept += 1;
                }
            }
            self.cells.truncate(kept);
            self.start.push(kept as u32);
        }
        self.geometry = geometry;
    }
}

fn bounds(ring: &[[f32; 2]]) -> [f32; 4] {
    ring.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

fn inside(ring: &[[f32; 2]], x: f32, y: f32) -> bool {
    let mut odd = false;
    let mut before = ring.len() - 1;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[before]);
        if (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0] {
            odd = !odd;
        }
        before = i;
    }
    odd
}
