//! Counts of marks by square cell of town.

use guanlan_stage::camera::rig::FOV_DEG;

/// A cell: its column and row at a cell size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// How often the side was doubled: far cells are joined.
    pub step: u8,
    /// Column, from the local origin to the east.
    pub col: i32,
    /// Row, from the local origin to the north.
    pub row: i32,
}

/// How often far cells are joined at most.
pub const STEPS: u8 = 5;
/// A ring needs this much height of its cell on the screen, px at 1080 lines: towards the horizon cells are seen so flat
/// that rings would lie over each other.
const TALL_PX: f32 = 46.0;

/// Pixels at 1080 lines that a metre of level ground takes along the look, for an eye at a place `[east, north,
/// height]` m.
fn tall_px_per_m(eye: [f32; 3], place: [f32; 2]) -> f32 {
    let (e, n) = (place[0] - eye[0], place[1] - eye[1]);
    let away = (e * e + n * n + eye[2] * eye[2]).sqrt().max(1.0);
    let px_per_m = 540.0 / ((FOV_DEG.to_radians() * 0.5).tan() * away);
    px_per_m * (eye[2].max(0.0) / away).max(0.02)
}

impl CellKey {
    /// The cell of a place.
    #[must_use]
    pub fn of(place: [f32; 2], cell_m: f32) -> Self {
        Self { step: 0, col: (place[0] / cell_m).floor() as i32, row: (place[1] / cell_m).floor() as i32 }
    }

    /// The cell that holds this one after `step` doublings.
    #[must_use]
    pub fn wider(self, step: u8) -> Self {
        let by = step.saturating_sub(self.step);
        Self { step: step.max(self.step), col: self.col >> by, row: self.row >> by }
    }

    /// How often this cell is doubled for an eye at a place `[east, north, height]` m with the focus this far away:
    /// until a ring has room. Cells of one wider cell always agree.
    #[must_use]
    pub fn step_for(self, cell_m: f32, eye: Option<([f32; 3], f32)>) -> u8 {
        let Some((eye, _)) = eye else { return 0 };
        for step in (1..=STEPS).rev() {
            let wide = self.wider(step);
            let side = cell_m * f32::from(1u8 << step);
            // Asked in the middle of the wider cell, so that all of it gives one answer.
            let middle = [(wide.col as f32 + 0.5) * side, (wide.row as f32 + 0.5) * side];
            if tall_px_per_m(eye, middle) * side * 0.5 < TALL_PX {
                return step;
            }
        }
        0
    }
}

/// A share ring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    /// Its cell.
    pub key: CellKey,
    /// East, north, height of the mean of its marks, m.
    pub place: [f32; 3],
    /// Side of its cell, m.
    pub cell_m: f32,
    /// Marks by level.
    pub counts: [u32; 5],
}

impl Ring {
    /// All marks in it.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.counts.iter().sum()
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Cell {
    sum: [f64; 3],
    counts: [u32; 5],
}

/// Counts by cell over the box of all marks.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    cell_m: f32,
    first: Option<CellKey>,
    cols: usize,
    cells: Vec<Cell>,
    changed: bool,
}

impl Cells {
    /// Empty cells over a box that holds these places.
    #[must_use]
    pub fn new(cell_m: f32, places: impl Iterator<Item = [f32; 3]>) -> Self {
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for p in places {
            for k in 0..2 {
                low[k] = low[k].min(p[k]);
                high[k] = high[k].max(p[k]);
            }
        }
        if low[0] > high[0] {
            return Self { cell_m, ..Self::default() };
        }
        let (first, last) = (CellKey::of(low, cell_m), CellKey::of(high, cell_m));
        let cols = (last.col - first.col + 1) as usize;
        let rows = (last.row - first.row + 1) as usize;
        Self { cell_m, first: Some(first), cols, cells: vec![Cell::default(); cols * rows], changed: true }
    }

    /// True without a cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    fn slot(&mut self, place: [f32; 3]) -> Option<&mut Cell> {
        let first = self.first?;
        let key = CellKey::of([place[0], place[1]], self.cell_m);
        let (c, r) = (usize::try_from(key.col - first.col).ok()?, usize::try_from(key.row - first.row).ok()?);
        if c >= self.cols {
            return None;
        }
        self.changed = true;
        self.cells.get_mut(r * self.cols + c)
    }

    /// A mark has another level; `None` is not there.
    pub fn change(&mut self, place: [f32; 3], from: Option<usize>, to: Option<usize>) {
        let Some(cell) = self.slot(place) else { return };
        if let Some(level) = from {
            cell.counts[level] = cell.counts[level].saturating_sub(1);
        }
        if let Some(level) = to {
            cell.counts[level] += 1;
        }
        let step = f64::from(u8::from(to.is_some())) - f64::from(u8::from(from.is_some()));
        for k in 0..3 {
            cell.sum[k] += step * f64::from(place[k]);
        }
    }

    /// True once after something changed.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// The rings of all cells with marks; far ones from the eye (place and distance to the focus) are joined.
    #[must_use]
    pub fn rings(&self, eye: Option<([f32; 3], f32)>) -> Vec<Ring> {
        let first = self.first.unwrap_or(CellKey { step: 0, col: 0, row: 0 });
        let cells = self.cells.iter().enumerate().filter(|(_, cell)| cell.counts.iter().any(|&n| n > 0));
        let mut all: Vec<(CellKey, Cell)> = cells
            .map(|(i, cell)| {
                let (col, row) = (first.col + (i % self.cols) as i32, first.row + (i / self.cols) as i32);
                let key = CellKey { step: 0, col, row };
                (key.wider(key.step_for(self.cell_m, eye)), *cell)
            })
            .collect();
        all.sort_by_key(|(key, _)| *key);
        let joined = all.chunk_by(|a, b| a.0 == b.0).map(|cells| {
            let mut sum = Cell::default();
            for (_, cell) in cells {
                (0..3).for_each(|k| sum.sum[k] += cell.sum[k]);
                (0..5).for_each(|k| sum.counts[k] += cell.counts[k]);
            }
            let total: u32 = sum.counts.iter().sum();
            let key = cells[0].0;
            let place = sum.sum.map(|s| (s / f64::from(total)) as f32);
            Ring { key, place, cell_m: self.cell_m * f32::from(1u8 << key.step), counts: sum.counts }
        });
        joined.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_in_one_ring_and_levels_move_with_it() {
        let places: Vec<[f32; 3]> =
            (0..1000).map(|i| [(i * 37 % 999) as f32 - 500.0, (i * 91 % 777) as f32, 3.0]).collect();
        let mut cells = Cells::new(100.0, places.iter().copied());
        for (i, p) in places.iter().enumerate() {
            cells.change(*p, None, Some(i % 5));
        }
        assert!(cells.take_changed() && !cells.take_changed());
        assert_eq!(cells.rings(None).iter().map(|r| r.total()).sum::<u32>(), 1000);
        for ring in cells.rings(None) {
            assert_eq!(CellKey::of([ring.place[0], ring.place[1]], 100.0), ring.key, "the mean lies in the cell");
        }
        let reds = |cells: &Cells| cells.rings(None).iter().map(|r| r.counts[4]).sum::<u32>();
        assert_eq!(reds(&cells), 200);
        cells.change(places[0], Some(0), Some(4));
        assert_eq!(reds(&cells), 201);
        assert_eq!(cells.rings(None).iter().map(|r| r.total()).sum::<u32>(), 1000);
        cells.change(places[0], Some(4), None);
        assert_eq!(cells.rings(None).iter().map(|r| r.total()).sum::<u32>(), 999);
    }

    #[test]
    fn places_outside_are_left_out() {
        let mut cells = Cells::new(50.0, [[0.0, 0.0, 0.0]].into_iter());
        cells.change([1e6, 0.0, 0.0], None, Some(0));
        cells.change([0.0, -1e6, 0.0], None, Some(0));
        assert_eq!(cells.rings(None).len(), 0);
        assert!(Cells::new(50.0, std::iter::empty()).is_empty());
    }

    #[test]
    fn rings_have_room_up_to_the_horizon() {
        let places: Vec<[f32; 3]> =
            (0..40_000).map(|i| [(i % 200) as f32 * 50.0, (i / 200) as f32 * 50.0, 0.0]).collect();
        let mut cells = Cells::new(200.0, places.iter().copied());
        places.iter().for_each(|p| cells.change(*p, None, Some(1)));
        let eye = [5_000.0, -1_500.0, 1_400.0];
        let rings = cells.rings(Some((eye, 2_000.0)));
        for ring in rings.iter().filter(|r| r.key.step < STEPS) {
            let high = tall_px_per_m(eye, [ring.place[0], ring.place[1]]) * ring.cell_m;
            assert!(high > TALL_PX * 0.6, "{high} px for {ring:?}");
        }
        assert!(rings.iter().any(|r| r.key.step == 0) && rings.iter().any(|r| r.key.step >= 2));
    }

    #[test]
    fn far_cells_are_joined_without_losing_a_mark() {
        let places: Vec<[f32; 3]> =
            (0..20_000).map(|i| [(i % 200) as f32 * 50.0, (i / 200) as f32 * 100.0, 0.0]).collect();
        let mut cells = Cells::new(200.0, places.iter().copied());
        places.iter().for_each(|p| cells.change(*p, None, Some(1)));
        let eye = Some(([0.0, 0.0, 1500.0], 2000.0));
        let (fine, joined) = (cells.rings(None), cells.rings(eye));
        assert!(joined.len() * 2 < fine.len(), "{} of {}", joined.len(), fine.len());
        assert_eq!(joined.iter().map(Ring::total).sum::<u32>(), 20_000);
        for ring in &joined {
            let own = CellKey::of([ring.place[0], ring.place[1]], 200.0);
            assert_eq!(own.wider(ring.key.step), ring.key, "the mean lies in the cell");
            assert_eq!(own.step_for(200.0, eye), ring.key.step);
        }
    }
}
