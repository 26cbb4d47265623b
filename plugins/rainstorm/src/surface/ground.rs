//! The raster for solvers outside this crate: rows without padding, faces with crests, books of cells.

use super::{Boundary, Domain, OpenCell};

/// One row of the raster from the west, without padding.
#[derive(Clone, Copy, Debug)]
pub struct GroundRow<'a> {
    /// Bed above [`Domain::datum_m`], m; at least [`Domain::WALL_M`] where blocked.
    pub bed_m: &'a [f32],
    /// Manning's n squared.
    pub manning_squared: &'a [f32],
    /// Index of the soil class.
    pub class: &'a [u8],
    /// 1 where the cell receives its own rain, 0 where blocked.
    pub own: &'a [f32],
    /// Roof cells that drain onto the cell.
    pub roofs: &'a [f32],
}

impl Domain {
    /// Bed of a blocked cell above the datum, m: higher than any water.
    pub const WALL_M: f32 = super::domain::WALL_M;

    /// A row, 0 is the southernmost.
    #[must_use]
    pub fn ground_row(&self, row: usize) -> GroundRow<'_> {
        let (at, n) = (self.grid.padded(0, row), self.grid.cols);
        GroundRow {
            bed_m: &self.z[at..][..n],
            manning_squared: &self.n2[at..][..n],
            class: &self.class[at..][..n],
            own: &self.own[at..][..n],
            roofs: &self.roof[at..][..n],
        }
    }

    /// The index by which drains name a cell.
    #[must_use]
    pub fn index_of(&self, col: usize, row: usize) -> usize {
        if row >= self.grid.rows {
            return self.finer_index(col, row);
        }
        self.grid.padded(col, row)
    }

    /// Column and row of an index.
    #[must_use]
    pub fn cell_at(&self, index: usize) -> (usize, usize) {
        let s = self.grid.stride();
        ((index % s).saturating_sub(1), (index / s).saturating_sub(1))
    }

    /// Bed of a cell above the datum of the domain, m.
    #[must_use]
    pub fn bed_above_datum_m(&self, col: usize, row: usize) -> f32 {
        self.z[self.grid.padded(col, row)]
    }

    /// Cells that lose water over the edge.
    #[must_use]
    pub fn open(&self) -> &[OpenCell] {
        &self.open
    }

    /// Faces with crests: cell, whether it is its west face (else south), height above the datum of the domain.
    pub fn crest_faces(&self) -> impl Iterator<Item = (usize, usize, bool, f32)> + '_ {
        let faces = |list: &'_ [(u32, f32)], west: bool| -> Vec<(usize, usize, bool, f32)> {
            list.iter()
                .map(|(p, top)| {
                    let (col, row) = self.cell_at(*p as usize);
                    (col, row, west, *top)
                })
                .collect()
        };
        faces(&self.crests.x, true).into_iter().chain(faces(&self.crests.y, false))
    }

    /// Cells of each class that receive rain of their own; and, as the last, roof cells.
    #[must_use]
    pub fn class_cells(&self) -> [f64; 6] {
        self.class_cells
    }

    /// True when some class takes ponded water.
    #[must_use]
    pub fn soaks(&self) -> bool {
        self.soaks
    }
}

impl Boundary {
    /// The first point of the series after a time, s.
    #[must_use]
    pub fn next_point_s(&self, t_s: f64) -> Option<f64> {
        self.point_after(t_s)
    }
}
