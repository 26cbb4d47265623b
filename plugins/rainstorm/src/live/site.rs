//! A gauge on the model's raster: the cell it reads, the cells its correction reaches, the pond around it.

use guanlan_core::SensorId;

use crate::surface::Domain;

/// Farthest a pond around a gauge is followed, m.
const POND_M: f64 = 200.0;
/// Ground this much below the gauge's belongs to another hollow: water there flows, it does not stand, m.
const BELOW_M: f64 = 0.3;

/// A water gauge on the raster.
#[derive(Clone, Debug, PartialEq)]
pub struct GaugeSite {
    /// The stream.
    pub id: SensorId,
    /// Local m.
    pub place_m: [f64; 2],
    /// Column and row it reads: of the finest cells there are ([`Domain::finest_at`]).
    pub cell: (usize, usize),
    /// The cell of the raster itself that this is or lies in.
    pub base: (usize, usize),
    /// Bed of that cell, m above datum.
    pub ground_m: f64,
    /// Cells its correction reaches with their weights, 0 to 1: of the finest there are.
    pub reach: Vec<(usize, usize, f32)>,
}

impl GaugeSite {
    /// A gauge on a raster; `None` without open ground at its place. `reach_m` is how far its correction goes, along
    /// ways that water can take.
    #[must_use]
    pub fn new(id: &SensorId, place_m: [f64; 2], domain: &Domain, reach_m: f64) -> Option<Self> {
        let (col, row) = domain.finest_at(place_m[0], place_m[1])?;
        let open = |c: usize, r: usize| !domain.is_blocked(c, r) && !domain.is_fixed(c, r);
        let cell = if open(col, row) {
            (col, row)
        } else {
            // Beside a house: the lowest open cell next to it.
            let around = crate::impact::cells_near(domain, place_m);
            let bed = |c: &(usize, usize)| domain.bed_m(c.0, c.1).unwrap_or(f64::INFINITY);
            around.into_iter().min_by(|a, b| bed(a).total_cmp(&bed(b)))?
        };
        let ground_m = domain.bed_m(cell.0, cell.1)?;
        let cell_m = domain.grid.cell_m;
        let [x, y] = domain.centre_m(cell.0, cell.1);
        let base = domain.grid.cell_of(x, y)?;
        let mut reach = Vec::new();
        spread(domain, base, reach_m, |c, r, steps| {
            let share = steps as f64 * cell_m / reach_m;
            let w = (1.0 - share * share).max(0.0);
            finest(domain, c, r, |c, r| reach.push((c, r, (w * w) as f32)));
            true
        });
        Some(Self { id: id.clone(), place_m, cell, base, ground_m, reach })
    }

    /// Water that stands around the gauge when it reads `depth_m`, m³: up to its level, in its own hollow.
    #[must_use]
    pub fn pond_m3(&self, domain: &Domain, depth_m: f64) -> f64 {
        let level = self.ground_m + depth_m;
        let mut sum = 0.0;
        spread(domain, self.base, POND_M, |c, r, _| match domain.bed_m(c, r) {
            Some(bed) if bed < level && bed >= self.ground_m - BELOW_M => {
                sum += level - bed;
                true
            }
            _ => false,
        });
        sum * domain.grid.cell_area_m2()
    }
}

/// Visits the finest cells that lie in a cell of the raster and count there: those of a focus area, or itself.
pub(super) fn finest(domain: &Domain, col: usize, row: usize, mut visit: impl FnMut(usize, usize)) {
    let Some((k, patch)) = domain.patch_over(col, row) else { return visit(col, row) };
    for (c, r) in patch.cells_of(col, row) {
        let (c, r) = domain.name_of(k, c, r);
        visit(c, r);
    }
}

/// Visits open cells around one, nearest first, along sides of cells; goes on from those for which `visit` says true.
fn spread(domain: &Domain, from: (usize, usize), reach_m: f64, mut visit: impl FnMut(usize, usize, usize) -> bool) {
    let most = (reach_m / domain.grid.cell_m).floor().max(0.0) as usize;
    let (cols, rows) = (domain.grid.cols, domain.grid.rows);
    let mut seen = std::collections::BTreeSet::from([from]);
    let mut ring = vec![from];
    let mut steps = 0;
    while !ring.is_empty() && steps <= most {
        let mut next = Vec::new();
        for (c, r) in ring {
            if !visit(c, r, steps) {
                continue;
            }
            let around = [
                c.checked_sub(1).map(|w| (w, r)),
                (c + 1 < cols).then_some((c + 1, r)),
                r.checked_sub(1).map(|s| (c, s)),
                (r + 1 < rows).then_some((c, r + 1)),
            ];
            for (c, r) in around.into_iter().flatten() {
                if !domain.is_blocked(c, r) && !domain.is_fixed(c, r) && seen.insert((c, r)) {
                    next.push((c, r));
                }
            }
        }
        ring = next;
        steps += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::{DomainBuilder, Grid};

    #[test]
    fn a_correction_does_not_pass_walls_and_a_pond_stays_in_its_hollow() {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 41, rows: 21 };
        let mut b = DomainBuilder::new(grid).bed(|x, y| {
            let d = ((x - 205.0).powi(2) + (y - 105.0).powi(2)).sqrt();
            10.0 + (d / 100.0).min(1.0)
        });
        for r in 0..21 {
            b.blocked[r * 41 + 24] = true;
        }
        let domain = b.build();
        let site = GaugeSite::new(&"1".into(), [205.0, 105.0], &domain, 150.0).unwrap();
        assert!(site.reach.iter().all(|(c, _, _)| *c < 24), "the wall at column 24 holds");
        assert_eq!(site.reach[0].2, 1.0);
        assert!(site.pond_m3(&domain, 0.0) < 1e-6);
        // A cone of slope 1:100 filled to 0.5 m: r = 50 m, V = π r² h / 3, cut by the wall at 30 m.
        let v = site.pond_m3(&domain, 0.5);
        assert!((900.0..1400.0).contains(&v), "{v}");
        let inside_a_house = GaugeSite::new(&"2".into(), [245.0, 105.0], &domain, 50.0).unwrap();
        assert_ne!(inside_a_house.cell.0, 24);
        assert!(GaugeSite::new(&"3".into(), [-5.0, 5.0], &domain, 50.0).is_none());
    }
}
