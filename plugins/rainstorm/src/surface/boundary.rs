//! Open edges, held levels, inflows and stages that follow a series: water that leaves or enters between
//! two steps, always taken from what is there and always booked.

use serde::{Deserialize, Serialize};

use super::{Domain, GRAVITY, domain::WALL_M};

/// A cell on the edge of the domain that loses water at normal depth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenCell {
    /// Column.
    pub col: usize,
    /// Row.
    pub row: usize,
    /// Slope of the ground beyond, m/m.
    pub slope: f32,
}

/// What a boundary gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BoundaryKind {
    /// Flow into the domain over all cells together, m³/s.
    FlowM3S,
    /// Water level, m above datum.
    LevelM,
}

/// Cells that follow a time series: an inflow hydrograph, a river stage, a tide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Boundary {
    /// Columns and rows; blocked ones are left out.
    pub cells: Vec<(usize, usize)>,
    /// What the values are.
    pub kind: BoundaryKind,
    /// Time s → value, straight lines between; before the first and after the last point a level keeps the
    /// end's value and a flow is 0.
    points: Vec<[f64; 2]>,
    /// Volume up to each point, m³ (flows).
    sums: Vec<f64>,
}

impl Boundary {
    /// A boundary; `None` unless times rise and all numbers are finite. Two points of one time are a jump.
    #[must_use]
    pub fn new(kind: BoundaryKind, cells: Vec<(usize, usize)>, points: Vec<[f64; 2]>) -> Option<Self> {
        let good = points.iter().flatten().all(|v| v.is_finite()) && points.windows(2).all(|w| w[1][0] >= w[0][0]);
        if !good || points.is_empty() || cells.is_empty() {
            return None;
        }
        let mut sums = vec![0.0];
        for w in points.windows(2) {
            sums.push(sums[sums.len() - 1] + 0.5 * (w[0][1] + w[1][1]) * (w[1][0] - w[0][0]));
        }
        Some(Self { cells, kind, points, sums })
    }

    /// The same over other cells, its values times a share.
    pub(super) fn share(&self, cells: Vec<(usize, usize)>, share: f64) -> Self {
        let points = self.points.iter().map(|[t, v]| [*t, v * share]).collect();
        let sums = self.sums.iter().map(|s| s * share).collect();
        Self { cells, kind: self.kind, points, sums }
    }

    /// Value at a time.
    #[must_use]
    pub fn at(&self, t_s: f64) -> f64 {
        let after = self.points.partition_point(|p| p[0] <= t_s);
        let flow = self.kind == BoundaryKind::FlowM3S;
        match (after.checked_sub(1).map(|k| self.points[k]), self.points.get(after)) {
            (Some(a), Some(b)) => a[1] + (b[1] - a[1]) * (t_s - a[0]) / (b[0] - a[0]),
            (Some(a), None) => {
                if flow && t_s > a[0] {
                    0.0
                } else {
                    a[1]
                }
            }
            (None, Some(b)) => {
                if flow {
                    0.0
                } else {
                    b[1]
                }
            }
            (None, None) => 0.0,
        }
    }

    pub(super) fn point_after(&self, t_s: f64) -> Option<f64> {
        self.points.get(self.points.partition_point(|p| p[0] <= t_s)).map(|p| p[0])
    }

    /// Volume of a flow up to a time, m³: the exact integral of the lines.
    fn sum(&self, t_s: f64) -> f64 {
        let after = self.points.partition_point(|p| p[0] <= t_s);
        let Some(k) = after.checked_sub(1) else { return 0.0 };
        let a = self.points[k];
        match self.points.get(after) {
            Some(_) => self.sums[k] + 0.5 * (a[1] + self.at(t_s)) * (t_s - a[0]),
            None => self.sums[k],
        }
    }

    /// Volume of a flow between two times, m³.
    #[must_use]
    pub fn volume_m3(&self, from_s: f64, to_s: f64) -> f64 {
        self.sum(to_s) - self.sum(from_s)
    }
}

/// Sets a cell to a depth, the rest of rounding in its film; what it has lost (negative: gained), m.
pub(super) fn set_depth(h: &mut f32, film: &mut f32, depth_m: f64) -> f64 {
    let before = f64::from(*h) + f64::from(*film);
    *h = depth_m.max(0.0) as f32;
    *film = (depth_m.max(0.0) - f64::from(*h)) as f32;
    before - f64::from(*h) - f64::from(*film)
}

/// Lets water leave over open cells for `dt_s`; returns the depth that left, summed over cells, m.
///
/// Manning's normal flow, at most critical flow unless `supercritical`, at most what the cell holds.
pub(super) fn leave(
    domain: &Domain,
    h: &mut [f32],
    film: &mut [f32],
    dt_s: f64,
    min_depth_m: f32,
    supercritical: bool,
) -> f64 {
    let mut left = 0.0;
    for cell in &domain.open {
        let p = domain.grid.padded(cell.col, cell.row);
        if h[p] <= min_depth_m {
            continue;
        }
        let (held, open) = (f64::from(h[p]) + f64::from(film[p]), domain.pores.share(p));
        let d = held / open;
        let critical = d * (GRAVITY * d).sqrt();
        let n = f64::from(domain.n2[p]).sqrt();
        let normal = if n > 0.0 { d.powf(5.0 / 3.0) * f64::from(cell.slope).max(0.0).sqrt() / n } else { critical };
        let flow = if supercritical { normal } else { normal.min(critical) };
        let out = (flow * open * dt_s / domain.grid.cell_m).min(held);
        left += set_depth(&mut h[p], &mut film[p], held - out);
    }
    left
}

/// Puts held levels back; returns the depths that left and that came in, summed over cells, m.
pub(super) fn hold(domain: &Domain, h: &mut [f32], film: &mut [f32]) -> (f64, f64) {
    let (mut left, mut came) = (0.0, 0.0);
    for cell in &domain.fixed {
        let p = domain.grid.padded(cell.col, cell.row);
        let change = set_depth(&mut h[p], &mut film[p], f64::from(cell.depth_m) * domain.pores.share(p));
        if change > 0.0 {
            left += change;
        } else {
            came -= change;
        }
    }
    (left, came)
}

/// Water runs through an open or held cell on the edge of the domain: its velocity is that of the cell
/// inside. Held cells elsewhere stand still.
pub(super) fn run_through(domain: &Domain, cells: impl Iterator<Item = (usize, usize)>, u: &mut [f32], v: &mut [f32]) {
    let grid = domain.grid;
    for (col, row) in cells {
        let p = grid.padded(col, row);
        let inner = [
            (col == 0).then_some(p + 1),
            (col + 1 == grid.cols).then_some(p - 1),
            (row == 0).then_some(p + grid.stride()),
            (row + 1 == grid.rows).then_some(p - grid.stride()),
        ];
        let inner = inner.into_iter().flatten().find(|q| domain.z[*q] < WALL_M);
        (u[p], v[p]) = inner.map_or((0.0, 0.0), |q| (u[q], v[q]));
    }
}

/// The same for open cells beside no-data inside the raster: their velocity is that of the cell opposite the wall.
pub(super) fn run_out(domain: &Domain, u: &mut [f32], v: &mut [f32]) {
    let grid = domain.grid;
    let inside = |o: &&OpenCell| o.col > 0 && o.row > 0 && o.col + 1 < grid.cols && o.row + 1 < grid.rows;
    for cell in domain.open.iter().filter(inside) {
        let p = grid.padded(cell.col, cell.row);
        if let Some(q) = opposite(domain, p) {
            (u[p], v[p]) = (u[q], v[q]);
        }
    }
}

/// The ground opposite a wall beside a cell.
fn opposite(domain: &Domain, p: usize) -> Option<usize> {
    let s = domain.grid.stride();
    let pairs = [(p - 1, p + 1), (p + 1, p - 1), (p - s, p + s), (p + s, p - s)];
    pairs
        .into_iter()
        .find(|(wall, inner)| domain.z[*wall] >= WALL_M && domain.z[*inner] < WALL_M)
        .map(|(_, inner)| inner)
}

/// The same for kernels that keep discharges over faces: the face at the edge of the domain carries what the
/// face inside does, so that a scheme that looks at both neighbours of a face finds no wall there.
pub(super) fn carry_through(
    domain: &Domain,
    cells: impl Iterator<Item = (usize, usize)>,
    qx: &mut [f32],
    qy: &mut [f32],
) {
    let (grid, s) = (domain.grid, domain.grid.stride());
    for (col, row) in cells {
        let p = grid.padded(col, row);
        if col == 0 && grid.cols > 1 {
            qx[p] = qx[p + 1];
        } else if col + 1 == grid.cols {
            qx[p + 1] = qx[p];
        }
        if row == 0 && grid.rows > 1 {
            qy[p] = qy[p + s];
        } else if row + 1 == grid.rows {
            qy[p + s] = qy[p];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hydrograph_is_integrated_exactly() {
        let points = vec![[5.0, 0.0], [15.0, 65.5], [25.0, 65.5], [35.0, 0.0]];
        let b = Boundary::new(BoundaryKind::FlowM3S, vec![(0, 0)], points).unwrap();
        assert!((b.volume_m3(0.0, 100.0) - 1310.0).abs() < 1e-9);
        let cut: f64 = (0..1000).map(|k| b.volume_m3(f64::from(k) * 0.1, f64::from(k + 1) * 0.1)).sum();
        assert!((cut - 1310.0).abs() < 1e-9);
        assert_eq!((b.at(10.0), b.at(40.0), b.at(0.0)), (32.75, 0.0, 0.0));
        let stage = Boundary::new(BoundaryKind::LevelM, vec![(0, 0)], vec![[0.0, 1.0], [10.0, 2.0]]).unwrap();
        assert_eq!((stage.at(-5.0), stage.at(5.0), stage.at(50.0)), (1.0, 1.5, 2.0));
        assert!(Boundary::new(BoundaryKind::LevelM, vec![(0, 0)], vec![[0.0, f64::NAN]]).is_none());
        assert!(Boundary::new(BoundaryKind::LevelM, vec![(0, 0)], vec![[1.0, 0.0], [0.0, 0.0]]).is_none());
    }
}
