//! One layer's crowd: what is counted, which rings are shown, which rows are drawn one by one.

use super::{
    cells::{CellKey, Cells, Ring},
    lod::{Eye, Lod},
};
use crate::column::Column;

/// One layer's crowd.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    /// Drawn one by one or as rings.
    pub lod: Lod,
    /// Counts by cell while rings are drawn.
    cells: Cells,
    /// The rings shown; empty while marks are drawn one by one.
    pub rings: Vec<Ring>,
    /// Rows drawn one by one with their full symbol: loud ones, or all of open rings.
    pub loud: Column<u32>,
    /// Rows of open rings drawn quietly.
    pub quiet: Column<u32>,
    /// Rows that breathe.
    pub breathing: usize,
    /// Marks of each level in the whole layer.
    pub levels: [u32; 5],
    /// Grows when `rings` change.
    pub version: u64,
    /// Level, and whether it breathes, of each row as counted.
    pub(super) known: Vec<u8>,
    /// Cells that were opened, at this cell size.
    open: Vec<CellKey>,
    stale_lists: bool,
    /// Where the eye was when the rings were made.
    seen_from: Option<([f32; 3], f32)>,
    /// Generation of the places that were measured, and the area of the box around them, m².
    measured: (u64, f32),
}

/// Bits of a row as it is counted, above its level: it breathes,
pub(super) const BREATH: u8 = 8;
/// it has its full symbol,
pub(super) const LOUD: u8 = 16;
/// it is selected.
pub(super) const CHOSEN: u8 = 32;
/// Not drawn, and so not counted.
pub(super) const ABSENT: u8 = 64;

/// The level a row is counted with.
fn counted(known: u8) -> Option<usize> {
    (known & ABSENT == 0).then_some(usize::from(known & 7))
}

impl Crowd {
    /// Opens a ring in place, or closes it again.
    pub fn toggle(&mut self, key: CellKey) {
        match self.open.iter().position(|k| *k == key) {
            Some(i) => {
                self.open.remove(i);
            }
            None => self.open.push(key),
        }
        self.stale_lists = true;
    }

    /// True when a row is drawn one by one.
    #[must_use]
    pub fn shows(&self, place: [f32; 2]) -> bool {
        match self.lod {
            Lod::Marks => true,
            Lod::Rings { cell_m } => self.is_open(place, cell_m),
        }
    }

    fn is_open(&self, place: [f32; 2], cell_m: f32) -> bool {
        let key = CellKey::of(place, cell_m);
        self.open.iter().any(|open| key.wider(open.step) == *open)
    }

    /// True when the eye moved so far that far cells may have to be joined or parted.
    fn moved(&self, eye: &Eye) -> bool {
        match (self.seen_from, eye.place) {
            (Some((a, _)), Some((b, focus_m))) => {
                let d: f32 = (0..3).map(|k| (a[k] - b[k]).powi(2)).sum();
                d > (0.08 * focus_m).powi(2)
            }
            (a, b) => a.is_some() != b.is_some(),
        }
    }

    /// Counts a row as it is now.
    pub(super) fn count(&mut self, row: usize, now: u8, place: impl Fn(usize) -> [f32; 3]) {
        let before = self.known[row];
        if before == now {
            return;
        }
        self.known[row] = now;
        let (from, to) = (counted(before), counted(now));
        if let Some(level) = from {
            self.levels[level] -= 1;
        }
        if let Some(level) = to {
            self.levels[level] += 1;
        }
        if before & BREATH != now & BREATH {
            self.breathing = if now & BREATH != 0 { self.breathing + 1 } else { self.breathing - 1 };
        }
        if (before ^ now) & (LOUD | CHOSEN | ABSENT) != 0 {
            self.stale_lists = true;
        }
        if matches!(self.lod, Lod::Rings { .. }) && from != to {
            self.cells.change(place(row), from, to);
        }
    }

    /// Area of the box around all marks, m²; at least a hectare.
    pub(super) fn area_m2(&mut self, generation: u64, places: impl Iterator<Item = [f32; 3]>) -> f32 {
        if self.measured.0 != generation {
            let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
            for p in places {
                low = [low[0].min(p[0]), low[1].min(p[1])];
                high = [high[0].max(p[0]), high[1].max(p[1])];
            }
            self.measured = (generation, ((high[0] - low[0]) * (high[1] - low[1])).max(1e4));
        }
        self.measured.1
    }

    /// The generation of places that the area was measured at.
    pub(super) fn measured_at(&self) -> u64 {
        self.measured.0
    }

    /// Forgets all counts: the rows are others.
    pub(super) fn begin(&mut self, rows: usize) {
        self.known = vec![0; rows];
        self.levels = [rows as u32, 0, 0, 0, 0];
        self.breathing = 0;
        self.stale_lists = true;
        self.cells = Cells::default();
    }

    /// Follows the decision and the counts: rings and lists are made again only when they changed.
    pub(super) fn settle(
        &mut self,
        wanted: Lod,
        eye: &Eye,
        rows: usize,
        place: impl Fn(usize) -> [f32; 3],
        all_when_single: bool,
    ) -> bool {
        let mut changed = false;
        if wanted != self.lod || (matches!(wanted, Lod::Rings { .. }) && self.cells.is_empty() && rows > 0) {
            if wanted != self.lod {
                self.open.clear();
            }
            self.lod = wanted;
            self.stale_lists = true;
            match wanted {
                Lod::Marks => {
                    self.cells = Cells::default();
                    changed |= !self.rings.is_empty();
                    self.rings.clear();
                }
                Lod::Rings { cell_m } => {
                    self.cells = Cells::new(cell_m, (0..rows).map(&place));
                    for (row, known) in self.known.iter().enumerate() {
                        self.cells.change(place(row), None, counted(*known));
                    }
                }
            }
        }
        if matches!(self.lod, Lod::Rings { .. }) && (self.cells.take_changed() || self.stale_lists || self.moved(eye)) {
            self.seen_from = eye.place;
            self.rings = self.cells.rings(eye.place);
            let open = &self.open;
            self.rings.retain(|r| !open.iter().any(|o| o.step >= r.key.step && r.key.wider(o.step) == *o));
            changed = true;
        }
        if std::mem::take(&mut self.stale_lists) {
            self.list(rows, place, all_when_single);
        }
        if changed {
            self.version += 1;
        }
        changed
    }

    /// Makes the lists of rows that are drawn one by one.
    fn list(&mut self, rows: usize, place: impl Fn(usize) -> [f32; 3], all_when_single: bool) {
        let (mut loud, mut quiet) = (Vec::new(), Vec::new());
        match self.lod {
            Lod::Marks if all_when_single => {}
            Lod::Marks => {
                loud.extend((0..rows as u32).filter(|&i| self.known[i as usize] & (LOUD | ABSENT) == LOUD));
            }
            // What is chosen is always drawn.
            Lod::Rings { cell_m } => {
                for row in 0..rows {
                    let known = self.known[row];
                    let p = place(row);
                    if known & ABSENT != 0 {
                        continue;
                    }
                    if known & CHOSEN != 0 || (!self.open.is_empty() && self.is_open([p[0], p[1]], cell_m)) {
                        let list = if known & LOUD != 0 { &mut loud } else { &mut quiet };
                        list.push(row as u32);
                    }
                }
            }
        }
        self.loud.replace(loud);
        self.quiet.replace(quiet);
    }
}
