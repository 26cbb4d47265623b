//! The water as the GPU needs it: a chart of depth and flow, the height of the ground below, and the blocks of cells
//! that are drawn. A new field changes the rows that differ and nothing else.

use std::ops::Range;
use std::sync::Arc;

use guanlan_core::input::DepthField;

use super::WET_M;
use super::chart::{FlowField, TEXEL, driven, texel};
use crate::frame::to_scene;
use crate::ground::heights::Ground;

/// Cells along a side of a block: a block is one mesh.
pub const BLOCK: usize = 32;
/// Rows this far apart are still sent in one piece.
const GAP_ROWS: usize = 8;

/// Where the raster lies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// West edge, local m.
    pub west_m: f64,
    /// South edge, local m.
    pub south_m: f64,
    /// Side of a cell, m.
    pub cell_m: f64,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
}

impl Place {
    /// The place of a field; `None` when the field is broken.
    #[must_use]
    pub fn of(field: &DepthField) -> Option<Self> {
        let (cols, rows) = (field.cols as usize, field.rows as usize);
        let whole = cols > 0 && rows > 0 && field.depth_mm.len() == cols * rows && field.cell_m > 0.0;
        whole.then_some(Self { west_m: field.west_m, south_m: field.south_m, cell_m: field.cell_m, cols, rows })
    }

    /// The places of the finer rasters of a field, as fields of their own; broken ones are left out.
    #[must_use]
    pub fn finer(field: &DepthField) -> Vec<(Arc<DepthField>, Self)> {
        let patches = field.finer.iter().map(|p| DepthField {
            at: field.at,
            west_m: p.west_m,
            south_m: p.south_m,
            cell_m: p.cell_m,
            cols: p.cols,
            rows: p.rows,
            depth_mm: p.depth_mm.clone(),
            estimate: field.estimate,
            finer: Vec::new(),
        });
        patches.filter_map(|f| Some((Self::of(&f)?, f))).map(|(place, f)| (Arc::new(f), place)).collect()
    }

    fn blocks(&self) -> [usize; 2] {
        [self.cols.div_ceil(BLOCK), self.rows.div_ceil(BLOCK)]
    }

    /// A corner of cells, local m.
    fn corner(&self, c: usize, r: usize) -> [f32; 2] {
        [(self.west_m + c as f64 * self.cell_m) as f32, (self.south_m + r as f64 * self.cell_m) as f32]
    }
}

/// What a new field changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Rows of the chart.
    pub rows: Vec<Range<usize>>,
    /// Blocks whose cells became wet or dry.
    pub blocks: Vec<usize>,
}

/// A block to draw: corners in the renderer's frame (the shader lifts them to the water) and triangles.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockMesh {
    /// Corners.
    pub positions: Vec<[f32; 3]>,
    /// Triangles.
    pub indices: Vec<u32>,
    /// Lowest and highest ground in it, m.
    pub range_m: [f32; 2],
}

/// One water on the map.
pub struct Sheet {
    /// Where it lies.
    pub place: Place,
    /// Height of the ground at the middle of each cell, m.
    pub ground_m: Vec<f32>,
    /// See [`super::chart`].
    pub chart: Vec<u16>,
    /// Cells that finer sheets draw in its place.
    covered: Vec<bool>,
    wet: Vec<bool>,
    field: Option<Arc<DepthField>>,
    flow: Option<Arc<FlowField>>,
}

impl Sheet {
    /// A dry sheet.
    #[must_use]
    pub fn new(place: Place, ground: &Ground) -> Self {
        let cells = place.cols * place.rows;
        let mut ground_m = Vec::with_capacity(cells);
        for r in 0..place.rows {
            let north = (place.south_m + (r as f64 + 0.5) * place.cell_m) as f32;
            for c in 0..place.cols {
                ground_m.push(ground.height_m((place.west_m + (c as f64 + 0.5) * place.cell_m) as f32, north));
            }
        }
        let chart = texel(0.0, [0.0; 2]).repeat(cells);
        let (covered, wet) = (vec![false; cells], vec![false; cells]);
        Self { place, ground_m, chart, covered, wet, field: None, flow: None }
    }

    /// Leaves the cells that a finer raster lies on to its own sheet.
    pub fn leave_to(&mut self, finer: &Place) {
        let cell = |v: f64| (v / self.place.cell_m + 1e-6).floor().max(0.0) as usize;
        let west = cell(finer.west_m - self.place.west_m);
        let south = cell(finer.south_m - self.place.south_m);
        let east = cell(finer.west_m - self.place.west_m + finer.cols as f64 * finer.cell_m);
        let north = cell(finer.south_m - self.place.south_m + finer.rows as f64 * finer.cell_m);
        for r in south..north.min(self.place.rows) {
            for c in west..east.min(self.place.cols) {
                self.covered[r * self.place.cols + c] = true;
            }
        }
    }

    /// Takes a field of this place, with its flow if the solver tells.
    pub fn take(&mut self, field: &Arc<DepthField>, flow: Option<&Arc<FlowField>>) -> Update {
        let Place { cols, rows, .. } = self.place;
        let same_flow = match (flow, &self.flow) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        let old = self.field.replace(field.clone()).filter(|_| same_flow);
        self.flow = flow.cloned();
        let row_of = |f: &DepthField, r: usize| r * cols..((r + 1) * cols).min(f.depth_mm.len());
        let mut changed_rows = Vec::new();
        let [across, up] = self.place.blocks();
        let mut touched = vec![false; across * up];
        let mut row = Vec::with_capacity(cols * TEXEL);
        for r in 0..rows {
            // A row depends on itself and, for the slope of the water, on its neighbours.
            let around = r.saturating_sub(1)..(r + 2).min(rows);
            if old.as_ref().is_some_and(|old| {
                around.clone().all(|k| old.depth_mm[row_of(old, k)] == field.depth_mm[row_of(field, k)])
            }) {
                continue;
            }
            row.clear();
            (0..cols).for_each(|c| row.extend(self.cell(field, c, r)));
            let known = &mut self.chart[r * cols * TEXEL..(r + 1) * cols * TEXEL];
            if *known == row[..] {
                continue;
            }
            known.copy_from_slice(&row);
            changed_rows.push(r);
            for c in 0..cols {
                let wet = depth_m(field, r * cols + c) >= WET_M;
                if wet != std::mem::replace(&mut self.wet[r * cols + c], wet) {
                    // The cells around a wet one are drawn, too.
                    for br in r.saturating_sub(1) / BLOCK..=((r + 1).min(rows - 1)) / BLOCK {
                        for bc in c.saturating_sub(1) / BLOCK..=((c + 1).min(cols - 1)) / BLOCK {
                            touched[br * across + bc] = true;
                        }
                    }
                }
            }
        }
        let blocks = touched.iter().enumerate().filter_map(|(i, &t)| t.then_some(i)).collect();
        Update { rows: joined(&changed_rows), blocks }
    }

    /// The texel of a cell.
    fn cell(&self, field: &DepthField, c: usize, r: usize) -> [u16; TEXEL] {
        let Place { cols, rows, cell_m, .. } = self.place;
        let here = r * cols + c;
        let depth = depth_m(field, here);
        if depth < WET_M {
            return texel(depth, [0.0; 2]);
        }
        let middle = [c, r].map(|k| (k as f64 + 0.5) * cell_m);
        let told = |f: &Arc<FlowField>| f.at(self.place.west_m + middle[0], self.place.south_m + middle[1]);
        if let Some(velocity) = self.flow.as_ref().and_then(told) {
            return texel(depth, velocity);
        }
        // Difference of levels between the wet neighbours.
        let level = self.ground_m[here] + depth;
        let at = |k: usize| {
            let d = depth_m(field, k);
            if d >= WET_M { self.ground_m[k] + d } else { level }
        };
        let (w, e) = (at(r * cols + c.saturating_sub(1)), at(r * cols + (c + 1).min(cols - 1)));
        let (s, n) = (at(r.saturating_sub(1) * cols + c), at((r + 1).min(rows - 1) * cols + c));
        let twice = 2.0 * cell_m as f32;
        texel(depth, driven(depth, [(e - w) / twice, (n - s) / twice]))
    }

    /// True when a cell is drawn: it or one beside it is wet.
    fn drawn(&self, c: usize, r: usize) -> bool {
        let Place { cols, rows, .. } = self.place;
        if self.covered[r * cols + c] {
            return false;
        }
        (r.saturating_sub(1)..(r + 2).min(rows))
            .any(|r| (c.saturating_sub(1)..(c + 2).min(cols)).any(|c| self.wet[r * cols + c]))
    }

    /// The mesh of a block; `None` while it is dry.
    #[must_use]
    pub fn block(&self, number: usize) -> Option<BlockMesh> {
        let [across, _] = self.place.blocks();
        let (c0, r0) = (number % across * BLOCK, number / across * BLOCK);
        let (c1, r1) = ((c0 + BLOCK).min(self.place.cols), (r0 + BLOCK).min(self.place.rows));
        let mut numbers = vec![u32::MAX; (BLOCK + 1) * (BLOCK + 1)];
        let mut mesh = BlockMesh { positions: Vec::new(), indices: Vec::new(), range_m: [f32::MAX, f32::MIN] };
        for r in r0..r1 {
            for c in c0..c1 {
                if !self.drawn(c, r) {
                    continue;
                }
                let z = self.ground_m[r * self.place.cols + c];
                mesh.range_m = [mesh.range_m[0].min(z), mesh.range_m[1].max(z)];
                let ring = [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(dc, dr)| {
                    let known = &mut numbers[(r - r0 + dr) * (BLOCK + 1) + c - c0 + dc];
                    if *known == u32::MAX {
                        *known = mesh.positions.len() as u32;
                        let [e, n] = self.place.corner(c + dc, r + dr);
                        mesh.positions.push(to_scene(e, n, 0.0).to_array());
                    }
                    *known
                });
                mesh.indices.extend([ring[0], ring[1], ring[2], ring[0], ring[2], ring[3]]);
            }
        }
        (!mesh.indices.is_empty()).then_some(mesh)
    }

    /// Number of blocks.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.place.blocks().iter().product()
    }

    /// True when some cell is wet.
    #[must_use]
    pub fn is_wet(&self) -> bool {
        self.wet.contains(&true)
    }
}

/// A net over a whole place with at most `most` corners along a side, for water whose cells only the GPU knows.
#[must_use]
pub fn whole(place: &Place, ground_m: &[f32], most: usize) -> BlockMesh {
    let step = (place.cols.max(place.rows)).div_ceil(most.max(2)).max(1);
    let (cols, rows) = (place.cols.div_ceil(step), place.rows.div_ceil(step));
    let mut positions = Vec::with_capacity((cols + 1) * (rows + 1));
    for r in 0..=rows {
        for c in 0..=cols {
            let [e, n] = place.corner((c * step).min(place.cols), (r * step).min(place.rows));
            positions.push(to_scene(e, n, 0.0).to_array());
        }
    }
    let mut indices = Vec::with_capacity(cols * rows * 6);
    for r in 0..rows as u32 {
        for c in 0..cols as u32 {
            let a = r * (cols as u32 + 1) + c;
            let b = a + cols as u32 + 1;
            indices.extend([a, a + 1, b + 1, a, b + 1, b]);
        }
    }
    let range = ground_m.iter().fold([f32::MAX, f32::MIN], |m, &z| [m[0].min(z), m[1].max(z)]);
    BlockMesh { positions, indices, range_m: range }
}

fn depth_m(field: &DepthField, i: usize) -> f32 {
    f32::from(field.depth_mm[i]) / 1000.0
}

/// Rows as few ranges.
fn joined(rows: &[usize]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for &r in rows {
        match out.last_mut() {
            Some(last) if r <= last.end + GAP_ROWS => last.end = r + 1,
            _ => out.push(r..r + 1),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::City;
    use guanlan_core::{Stamp, input::DepthPatch};

    fn field(cols: u32, rows: u32, wet: &[(usize, u16)]) -> Arc<DepthField> {
        let mut depth_mm = vec![0u16; (cols * rows) as usize];
        wet.iter().for_each(|&(i, mm)| depth_mm[i] = mm);
        Arc::new(DepthField {
            at: Stamp::default(),
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 10.0,
            cols,
            rows,
            depth_mm,
            estimate: true,
            finer: Vec::new(),
        })
    }

    fn sheet(f: &DepthField) -> Sheet {
        Sheet::new(Place::of(f).unwrap(), &Ground::new(&Arc::new(City::default())))
    }

    #[test]
    fn dry_cells_have_no_water_and_a_film_of_a_centimetre_is_none() {
        let f = field(10, 10, &[(44, 500), (45, 500), (90, 10)]);
        let mut sheet = sheet(&f);
        assert_eq!(sheet.take(&f, None).blocks, [0]);
        // 2 wet cells and 10 around them share 5 × 4 corners.
        let mesh = sheet.block(0).unwrap();
        assert_eq!((mesh.positions.len(), mesh.indices.len()), (20, 12 * 6));
        assert!(sheet.is_wet());
        let dry = field(10, 10, &[]);
        assert_eq!(sheet.take(&dry, None).blocks, [0]);
        assert!(sheet.block(0).is_none() && !sheet.is_wet());
    }

    #[test]
    fn cells_under_a_finer_raster_are_drawn_by_its_own_sheet() {
        let mut f = (*field(10, 10, &[(44, 500)])).clone();
        let depth_mm = vec![500; 16];
        f.finer = vec![DepthPatch { west_m: 40.0, south_m: 40.0, cell_m: 5.0, cols: 4, rows: 4, depth_mm }];
        let f = Arc::new(f);
        let mut sheet = sheet(&f);
        let finer = Place::finer(&f);
        sheet.leave_to(&finer[0].1);
        sheet.take(&f, None);
        // 9 cells around the wet one; 4 of them are the finer raster's.
        assert_eq!(sheet.block(0).unwrap().indices.len(), 5 * 6);
        let mut fine = Sheet::new(finer[0].1, &Ground::new(&Arc::new(City::default())));
        fine.take(&finer[0].0, None);
        assert_eq!(fine.block(0).unwrap().indices.len(), 16 * 6);
    }

    #[test]
    fn a_new_field_changes_its_own_rows_and_blocks_only() {
        let first = field(100, 100, &[(5 * 100 + 5, 300), (80 * 100 + 80, 300)]);
        let mut sheet = sheet(&first);
        let all = sheet.take(&first, None);
        assert_eq!(all.rows, [5..6, 80..81]);
        assert_eq!(all.blocks, [0, 2 * 4 + 2]);
        assert_eq!(sheet.take(&first, None), Update::default(), "the same field");
        let deeper = field(100, 100, &[(5 * 100 + 5, 300), (80 * 100 + 80, 400)]);
        let update = sheet.take(&deeper, None);
        assert_eq!((update.rows, update.blocks), (vec![80..81], vec![]), "deeper, no other cell is wet");
        // A cell at the edge of a block is drawn in the next one, too.
        let edge = field(100, 100, &[(31 * 100 + 31, 300)]);
        assert_eq!(sheet.take(&edge, None).blocks, [0, 1, 4, 5, 10]);
        assert!(sheet.block(5).is_some() && sheet.block(10).is_none());
    }

    #[test]
    fn another_flow_is_news() {
        let f = field(10, 10, &[(44, 500)]);
        let mut sheet = sheet(&f);
        sheet.take(&f, None);
        let place = Place { cell_m: 100.0, cols: 1, rows: 1, ..Default::default() };
        let flow = Arc::new(FlowField { place, velocity_m_s: vec![[1.0, 0.0]] });
        assert_eq!(sheet.take(&f, Some(&flow)).rows, [4..5]);
        assert!(sheet.take(&f, Some(&flow)).rows.is_empty());
        let elsewhere = Place { west_m: 5_000.0, ..place };
        let flow = Arc::new(FlowField { place: elsewhere, velocity_m_s: vec![[1.0, 0.0]] });
        assert_eq!(sheet.take(&f, Some(&flow)).rows, [4..5], "where the flow says nothing the slope does");
    }

    #[test]
    fn a_net_for_the_gpus_own_water_covers_the_place() {
        let place = Place { west_m: -50.0, south_m: 0.0, cell_m: 1.0, cols: 1000, rows: 500 };
        let net = whole(&place, &[1.0, 3.0], 100);
        assert_eq!(net.positions.len(), 101 * 51);
        assert_eq!(net.positions.last(), Some(&[950.0, 0.0, -500.0]));
        assert_eq!(net.range_m, [1.0, 3.0]);
    }
}
