//! The raster a solver works on: bed, friction, soil, blocked cells, boundaries.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    boundary::OpenCell,
    crest::Crests,
    finer::Finer,
    pores::{LEAST_OPEN, Pores},
};

/// Bed of a blocked cell above the datum, m: higher than any water.
pub(super) const WALL_M: f32 = 1.0e4;

/// Heights beyond this are no ground, m.
const HIGHEST_M: f32 = 9000.0;

/// Where the cells lie. Row 0 is the southernmost, column 0 the westernmost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grid {
    /// West edge of column 0, local m.
    pub west_m: f64,
    /// South edge of row 0, local m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
}

impl Grid {
    /// The cell at a local place; `None` outside.
    #[must_use]
    pub fn cell_of(&self, east_m: f64, north_m: f64) -> Option<(usize, usize)> {
        let c = ((east_m - self.west_m) / self.cell_m).floor();
        let r = ((north_m - self.south_m) / self.cell_m).floor();
        (c >= 0.0 && r >= 0.0 && c < self.cols as f64 && r < self.rows as f64).then_some((c as usize, r as usize))
    }

    /// Centre of a cell, local m.
    #[must_use]
    pub fn centre_m(&self, col: usize, row: usize) -> [f64; 2] {
        [self.west_m + (col as f64 + 0.5) * self.cell_m, self.south_m + (row as f64 + 0.5) * self.cell_m]
    }

    /// Area of a cell, m².
    #[must_use]
    pub fn cell_area_m2(&self) -> f64 {
        self.cell_m * self.cell_m
    }

    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cols * self.rows
    }

    /// True when there are no cells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Cells in a padded row: one ghost column west, two and alignment east.
    pub(super) fn stride(&self) -> usize {
        (self.cols + 3).next_multiple_of(16)
    }

    /// Cells in a padded array: one ghost row south, two north.
    pub(super) fn padded_len(&self) -> usize {
        self.stride() * (self.rows + 3)
    }

    /// Index of a cell in a padded array.
    pub(crate) fn padded(&self, col: usize, row: usize) -> usize {
        (row + 1) * self.stride() + col + 1
    }
}

/// How the ground of a class keeps rain back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum LossModel {
    /// A share of the rain runs off (径流系数), the rest is lost.
    RunoffCoefficient(f64),
    /// Horton: capacity `fc + (f0 − fc) e^(−kt)` in mm/h (k per hour), t since the start of the rain;
    /// takes ponded water too.
    Horton {
        /// Capacity at the start, mm/h.
        f0_mm_h: f64,
        /// Capacity at last, mm/h.
        fc_mm_h: f64,
        /// Decay, 1/h.
        k_per_h: f64,
    },
    /// Green-Ampt, for ponded water, by what each cell has taken before.
    GreenAmpt(super::GreenAmptSoil),
    /// SCS curve number: cumulative runoff `(P − .2S)² / (P + .8S)`, `S = 25400/CN − 254` mm.
    CurveNumber(f64),
}

impl LossModel {
    /// Share of `[from_mm, to_mm]` of cumulative rain that runs off at once, mm.
    #[must_use]
    pub fn runoff_mm(&self, from_mm: f64, to_mm: f64) -> f64 {
        match *self {
            Self::RunoffCoefficient(c) => c * (to_mm - from_mm),
            Self::Horton { .. } | Self::GreenAmpt(_) => to_mm - from_mm,
            Self::CurveNumber(cn) => scs_runoff_mm(to_mm, cn) - scs_runoff_mm(from_mm, cn),
        }
    }

    /// Capacity to take ponded water between two times, mm (Horton).
    #[must_use]
    pub fn capacity_mm(&self, from_s: f64, to_s: f64) -> f64 {
        match *self {
            Self::Horton { f0_mm_h, fc_mm_h, k_per_h } => {
                let f = |t_s: f64| {
                    let t = t_s / 3600.0;
                    let decayed = if k_per_h > 0.0 { (1.0 - (-k_per_h * t).exp()) / k_per_h } else { t };
                    fc_mm_h * t + (f0_mm_h - fc_mm_h) * decayed
                };
                f(to_s) - f(from_s)
            }
            _ => 0.0,
        }
    }
}

/// Cumulative SCS runoff of cumulative rain, mm.
#[must_use]
pub fn scs_runoff_mm(rain_mm: f64, curve_number: f64) -> f64 {
    let s = 25_400.0 / curve_number - 254.0;
    let excess = rain_mm - 0.2 * s;
    if excess <= 0.0 { 0.0 } else { excess * excess / (rain_mm + 0.8 * s) }
}

/// What covers a cell, as far as water is concerned. Index into [`Domain::losses`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum SoilClass {
    /// Built-up ground that is none of the others.
    #[default]
    Urban = 0,
    /// Carriageways.
    Road = 1,
    /// Squares and parking.
    Paved = 2,
    /// Parks, grass.
    Green = 3,
    /// Rivers and lakes.
    Water = 4,
    /// Roofs: their rain reaches the ground beside them.
    Roof = 5,
}

impl SoilClass {
    /// Every class, in index order.
    pub const ALL: [Self; 6] = [Self::Urban, Self::Road, Self::Paved, Self::Green, Self::Water, Self::Roof];
}

/// A cell whose water level is held (a river bank): what it gains or loses is booked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FixedLevel {
    /// Column.
    pub col: usize,
    /// Row.
    pub row: usize,
    /// Depth that is held, m; 0 swallows everything that arrives.
    pub depth_m: f32,
}

/// The raster, ready for a solver. Immutable: forks share it.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Where the cells lie.
    pub grid: Grid,
    /// Height that is subtracted from the bed, so that f32 keeps millimetres, m above datum.
    pub datum_m: f64,
    /// Losses by [`SoilClass`].
    pub losses: [LossModel; 6],
    /// Padded: bed above `datum_m`; [`WALL_M`] where blocked.
    pub(super) z: Vec<f32>,
    /// Padded: Manning's n squared.
    pub(super) n2: Vec<f32>,
    /// Padded: soil class.
    pub(super) class: Vec<u8>,
    /// Padded: share of the rain on the cell itself (0 blocked, 1 open).
    pub(super) own: Vec<f32>,
    /// Padded: roof cells that drain onto this cell.
    pub(super) roof: Vec<f32>,
    /// Cells with a held level.
    pub(super) fixed: Vec<FixedLevel>,
    /// Cells that lose water over the edge of the domain.
    pub(super) open: Vec<OpenCell>,
    /// Cells of each class that receive rain of their own; and roof cells.
    pub(super) class_cells: [f64; 6],
    /// True when some class takes ponded water.
    pub(super) soaks: bool,
    /// Padded: runoff of each cell per unit of rain, roofs included, when all losses are runoff
    /// coefficients; else empty.
    pub(super) weight: Vec<f32>,
    /// Sum of `weight`.
    pub(super) weight_sum: f64,
    /// Open shares of cells with buildings in them.
    pub(super) pores: Pores,
    /// Faces that stand above the ground.
    pub(super) crests: Crests,
    /// Finer rasters that stand in place of some of the cells.
    pub(super) finer: Finer,
    /// What was repaired, in words.
    pub(super) notes: Vec<String>,
}

impl Domain {
    /// True when no water can enter the cell.
    #[must_use]
    pub fn is_blocked(&self, col: usize, row: usize) -> bool {
        if row >= self.grid.rows {
            return self.finer_cell(row).is_none_or(|(patch, row)| patch.domain.is_blocked(col, row));
        }
        self.z[self.grid.padded(col, row)] >= WALL_M
    }

    /// Bed of an open cell, m above datum; `None` when blocked.
    #[must_use]
    pub fn bed_m(&self, col: usize, row: usize) -> Option<f64> {
        if row >= self.grid.rows {
            return self.finer_cell(row).and_then(|(patch, row)| patch.domain.bed_m(col, row));
        }
        let z = self.z[self.grid.padded(col, row)];
        (z < WALL_M).then(|| f64::from(z) + self.datum_m)
    }

    /// True when the level of the cell is held.
    #[must_use]
    pub fn is_fixed(&self, col: usize, row: usize) -> bool {
        if row >= self.grid.rows {
            return self.finer_cell(row).is_some_and(|(patch, row)| patch.domain.is_fixed(col, row));
        }
        self.fixed.binary_search_by_key(&(row, col), |f| (f.row, f.col)).is_ok()
    }

    /// Cells with a held level, in index order.
    #[must_use]
    pub fn held(&self) -> &[FixedLevel] {
        &self.fixed
    }

    /// Puts crests, in m above datum, on faces in place of those there were: the west faces (`true`) or south
    /// faces (`false`) of cells `(col, row)`. The highest of a face counts; edges of the raster are left out.
    pub fn set_crests(&mut self, faces: impl IntoIterator<Item = (usize, usize, bool, f64)>) {
        let (mut crests, mut finer) = (Crests::default(), Vec::new());
        for (col, row, west, top_m) in faces {
            if row >= self.grid.rows {
                finer.push((col, row, west, top_m));
                continue;
            }
            let inside = col < self.grid.cols && if west { col > 0 } else { row > 0 };
            if inside && top_m.is_finite() {
                let entry = (self.grid.padded(col, row) as u32, (top_m - self.datum_m) as f32);
                if west { crests.x.push(entry) } else { crests.y.push(entry) }
            }
        }
        for list in [&mut crests.x, &mut crests.y] {
            list.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
            list.dedup_by_key(|e| e.0);
        }
        self.crests = crests;
        self.set_finer_crests(finer);
    }

    /// Held depths, m: of the cells of [`Self::held`], then of the finer rasters one after the other.
    #[must_use]
    pub fn held_depths(&self) -> Vec<f32> {
        let finer = self.finer.patches.iter().flat_map(|p| p.domain.fixed.iter());
        self.fixed.iter().chain(finer).map(|f| f.depth_m).collect()
    }

    /// Changes held depths, m, in the order of [`Self::held_depths`].
    pub fn set_held_depths(&mut self, depth_m: impl IntoIterator<Item = f32>) {
        let mut depths = depth_m.into_iter();
        let hold = |fixed: &mut Vec<FixedLevel>, depths: &mut dyn Iterator<Item = f32>| {
            for (cell, depth_m) in fixed.iter_mut().zip(depths) {
                if depth_m.is_finite() {
                    cell.depth_m = depth_m.max(0.0);
                }
            }
        };
        let own: Vec<f32> = depths.by_ref().take(self.fixed.len()).collect();
        hold(&mut self.fixed, &mut own.into_iter());
        for patch in &mut self.finer.patches {
            let its: Vec<f32> = depths.by_ref().take(patch.domain.fixed.len()).collect();
            if !its.is_empty() {
                hold(&mut Arc::make_mut(&mut patch.domain).fixed, &mut its.into_iter());
            }
        }
    }

    /// Soils of the classes that follow Green-Ampt.
    pub(super) fn green_ampt(&self) -> [Option<super::GreenAmptSoil>; 6] {
        self.losses.map(|l| if let LossModel::GreenAmpt(soil) = l { Some(soil) } else { None })
    }

    /// Manning's n of a cell; 0 when blocked.
    #[must_use]
    pub fn manning(&self, col: usize, row: usize) -> f64 {
        f64::from(self.n2[self.grid.padded(col, row)]).sqrt()
    }

    /// What was repaired when it was made.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// True when some cells are water on a share of them only.
    #[must_use]
    pub fn is_porous(&self) -> bool {
        !self.pores.is_empty()
    }

    /// Number of cells water can enter.
    #[must_use]
    pub fn open_cells(&self) -> usize {
        self.own.iter().filter(|w| **w > 0.0).count()
    }
}

/// Collects what a [`Domain`] is made of. Arrays are row-major from the south-west, unpadded.
#[derive(Clone, Debug)]
pub struct DomainBuilder {
    /// Where the cells lie.
    pub grid: Grid,
    /// Bed, m above datum; not finite means blocked.
    pub bed_m: Vec<f32>,
    /// Manning's n, s/m^(1/3); cut to 0–1, .03 when not finite.
    pub manning: Vec<f32>,
    /// Soil class.
    pub class: Vec<SoilClass>,
    /// Buildings and holes: no water enters.
    pub blocked: Vec<bool>,
    /// True where a blocked cell is a roof, whose rain runs to the nearest open cell.
    pub roof: Vec<bool>,
    /// Cells with a held level.
    pub fixed: Vec<FixedLevel>,
    /// Cells that lose water over the edge.
    pub open: Vec<OpenCell>,
    /// Losses by class.
    pub losses: [LossModel; 6],
    /// Share of each cell that is not built over; below [`LEAST_OPEN`] the cell is a wall. Empty: all of it.
    pub open_share: Vec<f32>,
}

impl DomainBuilder {
    /// A flat bed at 0 with n = .03, everything open, no losses.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        let n = grid.len();
        Self {
            grid,
            bed_m: vec![0.0; n],
            manning: vec![0.03; n],
            class: vec![SoilClass::Urban; n],
            blocked: vec![false; n],
            roof: vec![false; n],
            fixed: Vec::new(),
            open: Vec::new(),
            losses: [LossModel::RunoffCoefficient(1.0); 6],
            open_share: Vec::new(),
        }
    }

    /// Sets the bed from a function of the cell centre in m.
    #[must_use]
    pub fn bed(mut self, f: impl Fn(f64, f64) -> f64) -> Self {
        for row in 0..self.grid.rows {
            for col in 0..self.grid.cols {
                let [x, y] = self.grid.centre_m(col, row);
                self.bed_m[row * self.grid.cols + col] = f(x, y) as f32;
            }
        }
        self
    }

    /// Sets one Manning's n everywhere.
    #[must_use]
    pub fn manning(mut self, n: f32) -> Self {
        self.manning.fill(n);
        self
    }

    /// Builds the padded arrays, shifts the datum and sends the rain of roofs to the nearest open cell.
    #[must_use]
    pub fn build(self) -> Domain {
        let datum_m = self.own_datum_m();
        self.build_at(if datum_m.is_finite() { datum_m } else { 0.0 })
    }

    /// A whole metre below every open cell, m; infinite without any.
    pub(super) fn own_datum_m(&self) -> f64 {
        let beds = self.bed_m.iter().zip(&self.blocked).filter(|(z, b)| !**b && z.abs() <= HIGHEST_M);
        f64::from(beds.map(|(z, _)| *z).fold(f32::INFINITY, f32::min).floor())
    }

    /// The same over a datum that several rasters share.
    pub(super) fn build_at(mut self, datum_m: f64) -> Domain {
        let grid = self.grid;
        let notes = self.repair();
        let pores = Pores::new(grid, &self.open_share);
        let len = grid.padded_len();
        let mut domain = Domain {
            grid,
            datum_m,
            losses: self.losses,
            z: vec![WALL_M; len],
            n2: vec![0.0; len],
            class: vec![0; len],
            own: vec![0.0; len],
            roof: vec![0.0; len],
            fixed: Vec::new(),
            open: Vec::new(),
            class_cells: [0.0; 6],
            soaks: self.losses.iter().any(|l| matches!(l, LossModel::Horton { .. } | LossModel::GreenAmpt(_))),
            weight: Vec::new(),
            weight_sum: 0.0,
            pores,
            crests: Crests::default(),
            finer: Finer::default(),
            notes,
        };
        for row in 0..grid.rows {
            for col in 0..grid.cols {
                let k = row * grid.cols + col;
                if self.blocked[k] {
                    continue;
                }
                let p = grid.padded(col, row);
                domain.z[p] = (f64::from(self.bed_m[k]) - datum_m) as f32;
                let n = self.manning[k];
                domain.n2[p] = n * n;
                domain.class[p] = self.class[k] as u8;
                // The rain on the houses in a cell runs down into it.
                let open = domain.pores.share(p);
                (domain.own[p], domain.roof[p]) = (open as f32, (1.0 - open) as f32);
                domain.class_cells[self.class[k] as usize] += open;
                domain.class_cells[SoilClass::Roof as usize] += 1.0 - open;
            }
        }
        for target in self.roof_targets().into_iter().flatten() {
            domain.roof[grid.padded(target % grid.cols, target / grid.cols)] += 1.0;
            domain.class_cells[SoilClass::Roof as usize] += 1.0;
        }
        self.fixed.retain(|f| f.depth_m.is_finite() && f.depth_m >= 0.0);
        self.fixed.retain(|f| f.col < grid.cols && f.row < grid.rows && !self.blocked[f.row * grid.cols + f.col]);
        self.fixed.sort_by_key(|f| (f.row, f.col));
        self.fixed.dedup_by_key(|f| (f.row, f.col));
        self.open.retain(|o| o.slope.is_finite());
        self.open.retain(|o| o.col < grid.cols && o.row < grid.rows && !self.blocked[o.row * grid.cols + o.col]);
        domain.fixed = self.fixed;
        domain.open = self.open;
        if self.losses.iter().all(|l| matches!(l, LossModel::RunoffCoefficient(_))) {
            let share = self.losses.map(|l| l.runoff_mm(0.0, 1.0) as f32);
            let roof_share = share[SoilClass::Roof as usize];
            let cells = domain.own.iter().zip(&domain.class).zip(&domain.roof);
            domain.weight = cells.map(|((own, k), roof)| own * share[usize::from(*k)] + roof * roof_share).collect();
            domain.weight_sum = domain.weight.iter().map(|w| f64::from(*w)).sum();
        }
        domain
    }

    /// Takes out what is no ground and no roughness; says what.
    fn repair(&mut self) -> Vec<String> {
        if self.open_share.len() == self.grid.len() {
            for (k, open) in self.open_share.iter().enumerate().filter(|(_, open)| open.is_nan() || **open < LEAST_OPEN)
            {
                self.roof[k] |= !self.blocked[k] && open.is_finite();
                self.blocked[k] = true;
            }
        }
        let (mut holes, mut odd, mut rough) = (0_usize, 0_usize, 0_usize);
        for k in 0..self.grid.len() {
            let z = self.bed_m[k];
            if !z.is_finite() || z.abs() > HIGHEST_M {
                holes += usize::from(!z.is_finite());
                odd += usize::from(z.is_finite());
                self.blocked[k] = true;
            }
            let n = self.manning[k];
            if !(0.0..=1.0).contains(&n) && !self.blocked[k] {
                rough += 1;
                self.manning[k] = if n.is_finite() { n.clamp(0.0, 1.0) } else { 0.03 };
            }
        }
        let mut notes = Vec::new();
        if holes > 0 {
            notes.push(format!("{holes} cells have no height: left out, no water enters"));
        }
        let inside = |o: &&OpenCell| {
            (1..self.grid.cols.saturating_sub(1)).contains(&o.col)
                && (1..self.grid.rows.saturating_sub(1)).contains(&o.row)
        };
        let rim = self.open.iter().filter(inside).count();
        if rim > 0 {
            notes.push(format!("{rim} cells beside no-data let water out (nodata_edges = \"open\")"));
        }
        if odd > 0 {
            notes.push(format!("{odd} cells lie beyond ±{HIGHEST_M} m: left out (is a no-data value missing?)"));
        }
        if rough > 0 {
            notes.push(format!("Manning's n is no number or outside 0–1 on {rough} cells: cut, or 0.03"));
        }
        notes
    }

    /// For every roof cell the open cell its rain runs to: breadth-first from the open cells, in
    /// index order, so that ties fall the same way every time. Roofs shut in on all sides lose nothing:
    /// a roof no open cell can be reached from gets `None` (a domain without open cells).
    fn roof_targets(&self) -> Vec<Option<usize>> {
        let (cols, rows) = (self.grid.cols, self.grid.rows);
        let fixed: std::collections::BTreeSet<usize> = self.fixed.iter().map(|f| f.row * cols + f.col).collect();
        let mut target: Vec<Option<usize>> = vec![None; cols * rows];
        let mut front: Vec<usize> = Vec::new();
        for k in 0..cols * rows {
            if !self.blocked[k] && !fixed.contains(&k) {
                target[k] = Some(k);
                front.push(k);
            }
        }
        if front.is_empty() {
            for k in (0..cols * rows).filter(|k| !self.blocked[*k]) {
                target[k] = Some(k);
                front.push(k);
            }
        }
        while !front.is_empty() {
            let mut next = Vec::new();
            for k in front {
                let (c, r) = (k % cols, k / cols);
                let around = [
                    (c > 0).then(|| k - 1),
                    (c + 1 < cols).then_some(k + 1),
                    (r > 0).then(|| k - cols),
                    (r + 1 < rows).then_some(k + cols),
                ];
                for m in around.into_iter().flatten() {
                    if target[m].is_none() && self.blocked[m] {
                        target[m] = target[k];
                        next.push(m);
                    }
                }
            }
            front = next;
        }
        (0..cols * rows).filter(|k| self.blocked[*k] && self.roof[*k]).map(|k| target[k]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scs_and_horton_numbers() {
        for (p, cn, q) in
            [(50.0, 98.0, 44.28), (50.0, 80.0, 13.80), (100.0, 90.0, 72.63), (100.0, 75.0, 41.14), (5.0, 80.0, 0.0)]
        {
            assert!((scs_runoff_mm(p, cn) - q).abs() < 0.006);
        }
        let horton = LossModel::Horton { f0_mm_h: 76.2, fc_mm_h: 12.7, k_per_h: 4.14 };
        assert!((horton.capacity_mm(0.0, 3600.0) - 27.794).abs() < 1e-3);
    }

    #[test]
    fn roofs_drain_to_the_nearest_open_cell() {
        let grid = Grid { west_m: 0.0, south_m: 0.0, cell_m: 1.0, cols: 5, rows: 1 };
        let mut b = DomainBuilder::new(grid);
        for k in 1..4 {
            b.blocked[k] = true;
            b.roof[k] = true;
        }
        let d = b.build();
        let roof: Vec<f32> = (0..5).map(|c| d.roof[grid.padded(c, 0)]).collect();
        assert_eq!(roof.iter().sum::<f32>(), 3.0);
        assert_eq!((roof[0], roof[4]), (2.0, 1.0));
    }
}
