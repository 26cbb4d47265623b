//! Cells and faces of a domain with finer rasters, by name, by place and by the index drains use. How cells of patches
//! are named stands in [`super::finer`].

use std::sync::Arc;

use super::{Domain, FINER, Grid, Patch};

impl Domain {
    /// Finer rasters in place of some of its cells.
    #[must_use]
    pub fn patches(&self) -> &[Patch] {
        &self.finer.patches
    }

    /// The patch that covers a cell of the raster, and its number.
    #[must_use]
    pub fn patch_over(&self, col: usize, row: usize) -> Option<(usize, &Patch)> {
        self.finer.patches.iter().enumerate().find(|(_, p)| p.covers(col, row))
    }

    /// The row that follows the cells of the patches before this one.
    fn first_row(&self, patch: usize) -> usize {
        let before = self.finer.patches.iter().take(patch);
        self.grid.rows + before.map(|p| p.domain.grid.rows + 1).sum::<usize>()
    }

    /// The name of a patch's cell.
    #[must_use]
    pub fn name_of(&self, patch: usize, col: usize, row: usize) -> (usize, usize) {
        (col, self.first_row(patch) + row)
    }

    /// The patch a row beyond the raster belongs to, by number, and the row there.
    #[must_use]
    pub fn patch_of_row(&self, row: usize) -> Option<(usize, usize)> {
        let mut rest = row.checked_sub(self.grid.rows)?;
        for (k, patch) in self.finer.patches.iter().enumerate() {
            let rows = patch.domain.grid.rows + 1;
            if rest < rows {
                return Some((k, rest));
            }
            rest -= rows;
        }
        None
    }

    /// The patch a row beyond the raster belongs to, and its row there.
    pub(super) fn finer_cell(&self, row: usize) -> Option<(&Patch, usize)> {
        self.patch_of_row(row)
            .map(|(k, row)| (&self.finer.patches[k], row))
            .filter(|(patch, row)| *row < patch.domain.grid.rows)
    }

    /// The finest cell at a local place.
    #[must_use]
    pub fn finest_at(&self, east_m: f64, north_m: f64) -> Option<(usize, usize)> {
        let (col, row) = self.grid.cell_of(east_m, north_m)?;
        let Some((k, patch)) = self.patch_over(col, row) else { return Some((col, row)) };
        let (c, r) = patch.domain.grid.cell_of(east_m, north_m)?;
        Some(self.name_of(k, c, r))
    }

    /// The raster a cell is of, and its column and row there.
    #[must_use]
    pub fn grid_of(&self, col: usize, row: usize) -> (Grid, usize, usize) {
        match self.finer_cell(row) {
            Some((patch, row)) => (patch.domain.grid, col, row),
            None => (self.grid, col, row),
        }
    }

    /// Centre of a cell, local m.
    #[must_use]
    pub fn centre_m(&self, col: usize, row: usize) -> [f64; 2] {
        let (grid, col, row) = self.grid_of(col, row);
        grid.centre_m(col, row)
    }

    /// The cells of the same raster on the four sides of one.
    pub fn beside(&self, col: usize, row: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        self.around(col, row, 1).filter(move |(c, r)| (*c == col) != (*r == row))
    }

    /// Side of the smallest cells, m.
    #[must_use]
    pub fn finest_cell_m(&self) -> f64 {
        if self.finer.patches.is_empty() { self.grid.cell_m } else { self.grid.cell_m / FINER as f64 }
    }

    /// Cells of the same raster within `reach` columns and rows of one, itself included.
    pub fn around(&self, col: usize, row: usize, reach: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (grid, c, r) = self.grid_of(col, row);
        let first = row - r;
        let cols = c.saturating_sub(reach)..=(c + reach).min(grid.cols.saturating_sub(1));
        let rows = r.saturating_sub(reach)..=(r + reach).min(grid.rows.saturating_sub(1));
        rows.flat_map(move |r| cols.clone().map(move |c| (c, first + r)))
    }

    /// Ground of a cell that water can stand on, m²: of a covered cell, its open fine cells.
    #[must_use]
    pub fn open_area_m2(&self, col: usize, row: usize) -> f64 {
        match self.patch_over(col, row) {
            Some((_, patch)) => patch.cells_of(col, row).count() as f64 * patch.domain.grid.cell_area_m2(),
            None if self.is_porous() => self.grid.cell_area_m2() * self.pores.share(self.grid.padded(col, row)),
            None => self.grid_of(col, row).0.cell_area_m2(),
        }
    }

    /// Index of a patch's cell for drains: beyond those of the raster.
    pub(super) fn finer_index(&self, col: usize, row: usize) -> usize {
        let Some((k, row)) = self.patch_of_row(row) else { return usize::MAX };
        let before = self.finer.patches.iter().take(k);
        self.grid.padded_len()
            + before.map(|p| p.domain.grid.padded_len()).sum::<usize>()
            + self.finer.patches[k].domain.grid.padded(col, row)
    }

    /// The patch and the padded index there of an index of [`Self::finer_index`]; of an index of a covered cell, the
    /// lowest fine cell that counts there. `None` for the rest of the raster.
    pub(super) fn finer_slot(&self, index: usize) -> Option<(usize, Option<usize>)> {
        let Some(mut rest) = index.checked_sub(self.grid.padded_len()) else {
            if self.finer.patches.is_empty() {
                return None;
            }
            let (col, row) = self.cell_at(index);
            let (k, patch) = self.patch_over(col, row)?;
            return Some((k, patch.lowest_of(col, row).map(|(c, r)| patch.domain.grid.padded(c, r))));
        };
        for (k, patch) in self.finer.patches.iter().enumerate() {
            let len = patch.domain.grid.padded_len();
            if rest < len {
                return Some((k, Some(rest)));
            }
            rest -= len;
        }
        None
    }

    /// The faces of patches that lie on a face of the raster: named like it by the cell north or east of them.
    #[must_use]
    pub fn finer_faces(&self, col: usize, row: usize, west: bool) -> Vec<(usize, usize, bool)> {
        let mut faces = Vec::new();
        for (k, p) in self.finer.patches.iter().enumerate() {
            // Along the face and across it; the box's far edge has faces, too.
            let (along, across, first, last, n, m) =
                if west { (row, col, p.row, p.col, p.rows, p.cols) } else { (col, row, p.col, p.row, p.cols, p.rows) };
            if (first..first + n).contains(&along) && (last..=last + m).contains(&across) {
                for i in 0..FINER {
                    let (a, b) = ((along - first) * FINER + i, (across - last) * FINER);
                    let (c, r) = if west { (b, a) } else { (a, b) };
                    let (c, r) = self.name_of(k, c, r);
                    faces.push((c, r, west));
                }
            }
        }
        faces
    }

    /// Beds on both sides of a face, m above datum: of the west or south face of a cell, also on the edge of a patch.
    /// `None` where one of them is blocked or lies outside.
    #[must_use]
    pub fn beds_beside(&self, col: usize, row: usize, west: bool) -> Option<(f64, f64)> {
        let back = |c: usize, r: usize| {
            if west { c.checked_sub(1).map(|w| (w, r)) } else { r.checked_sub(1).map(|s| (c, s)) }
        };
        let Some((k, r)) = self.patch_of_row(row) else {
            let (c, s) = back(col, row)?;
            return self.bed_m(c, s).zip(self.bed_m(col, row));
        };
        let patch = &self.finer.patches[k];
        let fine = &patch.domain;
        let bed = |cell: Option<(usize, usize)>| match cell {
            Some((c, r)) if c < fine.grid.cols && r < fine.grid.rows => fine.bed_m(c, r),
            _ => None,
        };
        // Beyond the patch lies a coarse cell.
        let outside = |cell: Option<(usize, usize)>, far: bool| {
            let (c, r) = (patch.col + col / FINER, patch.row + r / FINER);
            let (c, r) = match (west, far) {
                (true, true) => (patch.col + patch.cols, r),
                (true, false) => (patch.col.checked_sub(1)?, r),
                (false, true) => (c, patch.row + patch.rows),
                (false, false) => (c, patch.row.checked_sub(1)?),
            };
            let inside = cell.is_some_and(|(c, r)| c < fine.grid.cols && r < fine.grid.rows);
            if inside || c >= self.grid.cols || r >= self.grid.rows { None } else { self.bed_m(c, r) }
        };
        let (before, after) = (back(col, r), Some((col, r)));
        let first = bed(before).or_else(|| outside(before, false))?;
        let second = bed(after).or_else(|| outside(after, true))?;
        Some((first, second))
    }

    /// Puts crests, in m above datum, on faces of patches in place of those there were.
    pub(super) fn set_finer_crests(&mut self, faces: Vec<(usize, usize, bool, f64)>) {
        let datum_m = self.datum_m;
        let mut lists = vec![Vec::new(); self.finer.patches.len()];
        for (col, row, west, top_m) in faces {
            if let Some((k, r)) = self.patch_of_row(row) {
                lists[k].push((col, r, west, top_m));
            }
        }
        for (patch, list) in self.finer.patches.iter_mut().zip(lists) {
            let grid = patch.domain.grid;
            let on_edge = |f: &(usize, usize, bool, f64)| {
                if f.2 { f.0 == 0 || f.0 >= grid.cols } else { f.1 == 0 || f.1 >= grid.rows }
            };
            let (edge, inner): (Vec<_>, Vec<_>) = list.into_iter().filter(|f| f.3.is_finite()).partition(on_edge);
            if !(inner.is_empty() && patch.domain.crests.is_empty()) {
                Arc::make_mut(&mut patch.domain).set_crests(inner);
            }
            patch.crests = edge.into_iter().map(|(c, r, w, top)| (c, r, w, (top - datum_m) as f32)).collect();
            patch.crests.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)).then(b.3.total_cmp(&a.3)));
            patch.crests.dedup_by_key(|f| (f.0, f.1, f.2));
        }
    }
}
