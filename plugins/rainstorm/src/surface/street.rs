//! The surface as the drains see it: levels of single cells, and changes that are booked to the last bit.

use super::pores::Pores;

/// Depths of a surface, opened for an exchange with drains. Cells are named by [`super::Domain::index_of`].
pub trait Street: Send {
    /// Depth of a cell, m.
    fn depth_m(&self, cell: usize) -> f64;
    /// Bed of a cell, m above datum.
    fn bed_m(&self, cell: usize) -> f64;
    /// Area of a cell, m².
    fn cell_area_m2(&self) -> f64;
    /// Area of one cell, m², where they differ.
    fn area_of_m2(&self, _cell: usize) -> f64 {
        self.cell_area_m2()
    }
    /// Adds a volume to a cell, or takes it when negative, at most what is there; returns exactly what the
    /// cell has gained, m³.
    fn add_m3(&mut self, cell: usize, volume_m3: f64) -> f64;
}

/// A surface in memory.
pub(super) struct Raster<'a> {
    pub h: &'a mut [f32],
    pub film: &'a mut [f32],
    /// Bed above `datum_m`, m.
    pub z: &'a [f32],
    pub datum_m: f64,
    pub cell_area_m2: f64,
    /// Open shares of cells.
    pub pores: &'a Pores,
    /// Cells changed, with their depth before, m.
    pub changed: &'a mut Vec<(usize, f32)>,
}

impl Street for Raster<'_> {
    fn depth_m(&self, cell: usize) -> f64 {
        (f64::from(self.h[cell]) + f64::from(self.film[cell])).max(0.0) / self.pores.share(cell)
    }

    fn bed_m(&self, cell: usize) -> f64 {
        f64::from(self.z[cell]) + self.datum_m
    }

    fn cell_area_m2(&self) -> f64 {
        self.cell_area_m2
    }

    fn area_of_m2(&self, cell: usize) -> f64 {
        self.cell_area_m2 * self.pores.share(cell)
    }

    fn add_m3(&mut self, cell: usize, volume_m3: f64) -> f64 {
        let before = f64::from(self.h[cell]) + f64::from(self.film[cell]);
        let after = (before + volume_m3 / self.cell_area_m2).max(0.0);
        self.changed.push((cell, self.h[cell]));
        self.h[cell] = after as f32;
        self.film[cell] = (after - f64::from(self.h[cell])) as f32;
        (f64::from(self.h[cell]) + f64::from(self.film[cell]) - before) * self.cell_area_m2
    }
}
