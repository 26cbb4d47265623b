//! The surface as the drains see it: levels of single cells, and changes that are booked to the last bit.

/// Depths of a surface, opened for an exchange with drains.
pub(crate) struct Street<'a> {
    pub h: &'a mut [f32],
    pub film: &'a mut [f32],
    /// Bed above `datum_m`, m.
    pub z: &'a [f32],
    pub datum_m: f64,
    pub cell_area_m2: f64,
    /// Cells changed, with their depth before, m.
    pub changed: &'a mut Vec<(usize, f32)>,
}

impl Street<'_> {
    /// Depth of a cell, m.
    pub fn depth_m(&self, cell: usize) -> f64 {
        (f64::from(self.h[cell]) + f64::from(self.film[cell])).max(0.0)
    }

    /// Bed of a cell, m above datum.
    pub fn bed_m(&self, cell: usize) -> f64 {
        f64::from(self.z[cell]) + self.datum_m
    }

    /// Adds a volume to a cell, or takes it when negative, at most what is there; returns exactly what the
    /// cell has gained, m³.
    pub fn add_m3(&mut self, cell: usize, volume_m3: f64) -> f64 {
        let before = f64::from(self.h[cell]) + f64::from(self.film[cell]);
        let after = (before + volume_m3 / self.cell_area_m2).max(0.0);
        self.changed.push((cell, self.h[cell]));
        self.h[cell] = after as f32;
        self.film[cell] = (after - f64::from(self.h[cell])) as f32;
        (f64::from(self.h[cell]) + f64::from(self.film[cell]) - before) * self.cell_area_m2
    }
}
