//! The water of finer rasters as the coarse raster shows it.

use super::Nested;
use crate::surface::{Patch, SurfaceSolver};

impl Nested {
    /// Patch and solver over a cell of the view.
    fn over(&self, col: usize, row: usize) -> Option<(&Patch, &dyn SurfaceSolver)> {
        let (k, patch) = self.view.patch_over(col, row)?;
        Some((patch, &self.nests[k].fine))
    }

    /// Depth of a cell: of a covered one, the mean of the fine cells that count there.
    pub(super) fn depth_of(&self, col: usize, row: usize) -> f32 {
        if let Some((k, row)) = self.view.patch_of_row(row) {
            return self.nests[k].fine.depth_at_m(col, row);
        }
        match self.over(col, row) {
            Some((patch, fine)) => mean(patch.cells_of(col, row).map(|(c, r)| fine.depth_at_m(c, r))),
            None => self.coarse.depth_at_m(col, row),
        }
    }

    /// Velocity of a cell, likewise.
    pub(super) fn velocity_of(&self, col: usize, row: usize) -> [f32; 2] {
        if let Some((k, row)) = self.view.patch_of_row(row) {
            return self.nests[k].fine.velocity_at_m_s(col, row);
        }
        match self.over(col, row) {
            Some((patch, fine)) => {
                let axis = |k: usize| mean(patch.cells_of(col, row).map(|(c, r)| fine.velocity_at_m_s(c, r)[k]));
                [axis(0), axis(1)]
            }
            None => self.coarse.velocity_at_m_s(col, row),
        }
    }

    /// Visits rows of the coarse solver with the means of `fine_rows`' rasters, one for each patch, in place of the
    /// cells they cover.
    pub(super) fn visit(
        &self,
        fine_rows: &[Vec<f32>],
        coarse_rows: &dyn Fn(&mut dyn FnMut(usize, &[f32])),
        visit: &mut dyn FnMut(usize, &[f32]),
    ) {
        let patches = self.view.patches();
        let mut shown = Vec::new();
        coarse_rows(&mut |row, values| {
            if !patches.iter().any(|p| (p.row..p.row + p.rows).contains(&row)) {
                return visit(row, values);
            }
            shown.clear();
            shown.extend_from_slice(values);
            for (patch, fine) in patches.iter().zip(fine_rows) {
                if !(patch.row..patch.row + patch.rows).contains(&row) {
                    continue;
                }
                let cols = patch.domain.grid.cols;
                for col in patch.col..patch.col + patch.cols {
                    shown[col] = mean(patch.cells_of(col, row).map(|(c, r)| fine[r * cols + c]));
                }
            }
            visit(row, &shown);
        });
    }
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0_f32, 0.0_f32), |(s, n), v| (s + v, n + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}
