//! Finer rasters that stand in place of cells of a raster (focus areas): where they lie, and how their cells are named.
//!
//! A domain with patches still has all its coarse cells: whoever knows nothing of patches reads the mean of what
//! stands on them. A cell of a patch is named like any other by `(col, row)`, with rows beyond those of the raster:
//! patch after patch, each with one row more than it has cells, so that its north faces have names, too.

use std::sync::Arc;

use super::{Domain, DomainBuilder, Grid};

/// Fine cells along the side of a coarse one.
pub const FINER: usize = 2;

/// A finer raster in place of a box of cells.
#[derive(Clone, Debug)]
pub struct Patch {
    /// West column of the box.
    pub col: usize,
    /// South row of the box.
    pub row: usize,
    /// Columns of the box.
    pub cols: usize,
    /// Rows of the box.
    pub rows: usize,
    /// The raster; [`FINER`] times as many columns and rows. Its datum is that of the coarse one.
    pub domain: Arc<Domain>,
    /// Crests on its outermost faces, above the datum, m: column, row, west face (else south), sorted.
    pub(super) crests: Vec<(usize, usize, bool, f32)>,
    /// For each cell of the box the fine cells (bit `FINER · row + col`) whose depth counts there.
    counts: Vec<u8>,
}

impl Patch {
    /// True for a cell of the box.
    #[must_use]
    pub fn covers(&self, col: usize, row: usize) -> bool {
        (self.col..self.col + self.cols).contains(&col) && (self.row..self.row + self.rows).contains(&row)
    }

    /// The fine cells that count for a coarse cell of the box: open, and held only where the coarse one is.
    pub fn cells_of(&self, col: usize, row: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let (c, r) = (col - self.col, row - self.row);
        let mask = self.counts[r * self.cols + c];
        let bits = (0..FINER * FINER).filter(move |k| mask >> k & 1 == 1);
        bits.map(move |k| (c * FINER + k % FINER, r * FINER + k / FINER))
    }

    /// The lowest fine cell that counts for a coarse one.
    pub(super) fn lowest_of(&self, col: usize, row: usize) -> Option<(usize, usize)> {
        let bed = |c: &(usize, usize)| self.domain.bed_above_datum_m(c.0, c.1);
        self.cells_of(col, row).min_by(|a, b| bed(a).total_cmp(&bed(b)))
    }
}

/// What a finer raster is made of.
#[derive(Clone, Debug)]
pub struct PatchBuilder {
    /// West column of the box of coarse cells.
    pub col: usize,
    /// South row of the box.
    pub row: usize,
    /// Its raster: [`FINER`] cells for the side of each coarse one.
    pub builder: DomainBuilder,
}

/// The patches of a domain.
#[derive(Clone, Debug, Default)]
pub(super) struct Finer {
    /// In order; boxes of two patches have at least one cell between them.
    pub patches: Vec<Patch>,
    /// The raster without the cells they cover.
    pub rest: Option<Arc<Domain>>,
}

impl DomainBuilder {
    /// A box of the raster as a raster of its own.
    #[must_use]
    pub fn crop(mut self, [col, row, cols, rows]: [usize; 4]) -> Self {
        fn cut<T: Copy>(values: &[T], from: Grid, [col, row, cols, rows]: [usize; 4]) -> Vec<T> {
            let lines = values.chunks(from.cols).skip(row).take(rows);
            lines.flat_map(|line| line.iter().skip(col).take(cols).copied()).collect()
        }
        let (from, at) = (self.grid, [col, row, cols, rows]);
        let inside = |c: usize, r: usize| (col..col + cols).contains(&c) && (row..row + rows).contains(&r);
        self.fixed.retain(|f| inside(f.col, f.row));
        self.fixed.iter_mut().for_each(|f| (f.col, f.row) = (f.col - col, f.row - row));
        self.open.retain(|o| inside(o.col, o.row));
        self.open.iter_mut().for_each(|o| (o.col, o.row) = (o.col - col, o.row - row));
        let (west_m, south_m) = (from.west_m + col as f64 * from.cell_m, from.south_m + row as f64 * from.cell_m);
        Self {
            grid: Grid { west_m, south_m, cell_m: from.cell_m, cols, rows },
            bed_m: cut(&self.bed_m, from, at),
            manning: cut(&self.manning, from, at),
            class: cut(&self.class, from, at),
            blocked: cut(&self.blocked, from, at),
            roof: cut(&self.roof, from, at),
            fixed: self.fixed,
            open: self.open,
            losses: self.losses,
            // Pores and finer cells do not go together.
            open_share: Vec::new(),
        }
    }

    /// Builds a raster with finer ones in place of boxes of its cells. Boxes lie inside and do not touch; others are
    /// left out, with a note.
    #[must_use]
    pub fn build_with(self, patches: Vec<PatchBuilder>) -> Domain {
        let (grid, side) = (self.grid, self.grid.cell_m / FINER as f64);
        let mut kept: Vec<PatchBuilder> = Vec::new();
        let mut notes = Vec::new();
        for p in patches {
            let fine = p.builder.grid;
            let (cols, rows) = (fine.cols / FINER, fine.rows / FINER);
            let close = 1.0e-6 * grid.cell_m;
            let place = [grid.west_m + p.col as f64 * grid.cell_m, grid.south_m + p.row as f64 * grid.cell_m];
            let fits = (fine.cell_m - side).abs() < close
                && (cols * FINER, rows * FINER) == (fine.cols, fine.rows)
                && cols > 0
                && rows > 0
                && p.col + cols <= grid.cols
                && p.row + rows <= grid.rows
                && (fine.west_m - place[0]).abs() < close
                && (fine.south_m - place[1]).abs() < close;
            let apart = |q: &PatchBuilder| {
                let other = q.builder.grid;
                p.col > q.col + other.cols / FINER
                    || q.col > p.col + cols
                    || p.row > q.row + other.rows / FINER
                    || q.row > p.row + rows
            };
            if fits && kept.iter().all(apart) {
                kept.push(p);
            } else {
                notes.push("a focus area does not fit the raster or touches another: left out".to_owned());
            }
        }
        if kept.is_empty() {
            let mut domain = self.build();
            domain.notes.extend(notes);
            return domain;
        }
        let datums = kept.iter().map(|p| p.builder.own_datum_m());
        let datum_m = datums.fold(self.own_datum_m(), f64::min);
        let datum_m = if datum_m.is_finite() { datum_m } else { 0.0 };
        let mut rest = self.clone();
        let mut domain = self.build_at(datum_m);
        for p in kept {
            let (cols, rows) = (p.builder.grid.cols / FINER, p.builder.grid.rows / FINER);
            for row in p.row..p.row + rows {
                for k in row * grid.cols + p.col..row * grid.cols + p.col + cols {
                    (rest.blocked[k], rest.roof[k]) = (true, false);
                }
            }
            let fine = Arc::new(p.builder.build_at(datum_m));
            let counts = counts(&domain, &fine, [p.col, p.row, cols, rows]);
            domain.notes.extend(fine.notes().iter().cloned());
            domain.finer.patches.push(Patch {
                col: p.col,
                row: p.row,
                cols,
                rows,
                domain: fine,
                crests: Vec::new(),
                counts,
            });
        }
        domain.finer.rest = Some(Arc::new(rest.build_at(datum_m)));
        domain.notes.extend(notes);
        domain
    }
}

/// The fine cells that count for each cell of a box.
fn counts(coarse: &Domain, fine: &Domain, [col, row, cols, rows]: [usize; 4]) -> Vec<u8> {
    let mask = |k: usize| {
        let (c, r) = (k % cols, k / cols);
        if coarse.is_blocked(col + c, row + r) {
            return 0;
        }
        let held = coarse.is_fixed(col + c, row + r);
        let counts = |b: &usize| {
            let (c, r) = (c * FINER + b % FINER, r * FINER + b / FINER);
            !fine.is_blocked(c, r) && (held || !fine.is_fixed(c, r))
        };
        (0..FINER * FINER).filter(counts).fold(0, |m, b| m | 1 << b)
    };
    (0..cols * rows).map(mask).collect()
}
