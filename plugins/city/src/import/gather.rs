//! The cells of a raster that are wanted, gathered while its file is read: a part of it, and fewer but coarser ones where
//! that part has more than are held.

/// A part of a raster, in its own cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First column.
    pub col: usize,
    /// First row, from the north.
    pub row: usize,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
}

impl Window {
    /// All of a raster.
    #[must_use]
    pub const fn whole(cols: usize, rows: usize) -> Self {
        Self { col: 0, row: 0, cols, rows }
    }

    /// Cells in it.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.cols.saturating_mul(self.rows)
    }

    /// Does it share cells with another?
    #[must_use]
    pub const fn meets(&self, col: usize, row: usize, cols: usize, rows: usize) -> bool {
        col < self.col + self.cols && self.col < col + cols && row < self.row + self.rows && self.row < row + rows
    }
}

/// Takes runs of cells in any order.
pub(super) struct Gather {
    window: Window,
    /// This many by this many cells become one, their mean.
    step: usize,
    pub cols: usize,
    pub rows: usize,
    pub z: Vec<f32>,
    /// Cells in each mean so far; empty when every cell stands for itself.
    counts: Vec<u16>,
}

impl Gather {
    /// At most `most` cells are held.
    pub fn new(window: Window, most: usize) -> Self {
        let mut step = 1;
        while window.cols.div_ceil(step) * window.rows.div_ceil(step) > most {
            step += 1;
        }
        let (cols, rows) = (window.cols.div_ceil(step), window.rows.div_ceil(step));
        let z = vec![f32::NAN; cols * rows];
        let counts = if step > 1 { vec![0; z.len()] } else { Vec::new() };
        Self { window, step, cols, rows, z, counts }
    }

    /// A run of cells of one row, from a column on; what lies outside the window is left.
    pub fn put(&mut self, col: usize, row: usize, line: &[f32]) {
        let w = self.window;
        if row < w.row || row >= w.row + w.rows {
            return;
        }
        let (from, to) = (col.max(w.col), (col + line.len()).min(w.col + w.cols));
        if from >= to {
            return;
        }
        let line = &line[from - col..to - col];
        let (left, top) = (from - w.col, row - w.row);
        if self.step == 1 {
            let at = top * self.cols + left;
            self.z[at..at + line.len()].copy_from_slice(line);
            return;
        }
        for (i, value) in line.iter().enumerate().filter(|(_, v)| v.is_finite()) {
            let at = top / self.step * self.cols + (left + i) / self.step;
            let mean = if self.counts[at] == 0 { 0.0 } else { self.z[at] };
            self.z[at] = mean + (value - mean) / (f32::from(self.counts[at]) + 1.0);
            self.counts[at] = self.counts[at].saturating_add(1);
        }
    }

    /// The geotransform of what was gathered, from that of the cells that were put in.
    pub fn affine(&self, a: [f64; 6]) -> [f64; 6] {
        let (c, r, s) = (self.window.col as f64, self.window.row as f64, self.step as f64);
        [a[0] + c * a[1] + r * a[2], a[1] * s, a[2] * s, a[3] + c * a[4] + r * a[5], a[4] * s, a[5] * s]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_where_its_cells_lie() {
        let mut gather = Gather::new(Window { col: 2, row: 1, cols: 3, rows: 2 }, 100);
        for row in 0..4 {
            let line: Vec<f32> = (0..8).map(|col| (row * 10 + col) as f32).collect();
            gather.put(0, row, &line[..4]);
            gather.put(4, row, &line[4..]);
        }
        assert_eq!(gather.z, [12.0, 13.0, 14.0, 22.0, 23.0, 24.0]);
        assert_eq!(gather.affine([100.0, 10.0, 0.0, 500.0, 0.0, -10.0]), [120.0, 10.0, 0.0, 490.0, 0.0, -10.0]);
        let mut coarse = Gather::new(Window::whole(4, 2), 2);
        coarse.put(0, 0, &[1.0, 2.0, f32::NAN, 5.0]);
        coarse.put(0, 1, &[3.0, 2.0, f32::NAN, 7.0]);
        assert_eq!((coarse.cols, coarse.z.clone()), (2, vec![2.0, 6.0]));
        assert_eq!(coarse.affine([0.0, 1.0, 0.0, 2.0, 0.0, -1.0])[1], 2.0);
    }
}
