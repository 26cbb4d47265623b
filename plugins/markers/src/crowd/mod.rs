//! Crowds: when marks would cover the picture they become share rings, and rings open in place.
//!
//! **Invariant:** one decision per wall and layer, from the camera's distance and the crowd's density; it has
//! hysteresis, so that a slow zoom does not flicker. **Invariant:** a ring shows every level it holds; a red is
//! never less than a visible stroke. **Invariant:** the work of a frame follows the rows that changed.

pub mod cells;
pub mod lod;

use crate::column::{Column, Reader};
use crate::pack;
use crate::scene::{CaseColumns, MarkerScene, SensorColumns, UnitColumns};

pub use cells::{CellKey, Cells, Ring};
pub use lod::{Eye, Lod};

/// The layers that can crowd.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum CrowdLayer {
    /// Sensors.
    Sensors = 0,
    /// Cases.
    Cases = 1,
    /// Crews.
    Units = 2,
}

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
    known: Vec<u8>,
    /// Cells that were opened, at this cell size.
    open: Vec<CellKey>,
    stale_lists: bool,
    /// Where the eye was when the rings were made.
    seen_from: Option<([f32; 3], f32)>,
    /// Generation of the places that were measured, and the area of the box around them, m².
    measured: (u64, f32),
}

const BREATH: u8 = 8;
const LOUD: u8 = 16;
const CHOSEN: u8 = 32;
/// Not drawn, and so not counted.
const ABSENT: u8 = 64;

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

    fn count(&mut self, row: usize, now: u8, place: impl Fn(usize) -> [f32; 3]) {
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
    fn area_m2(&mut self, generation: u64, places: impl Iterator<Item = [f32; 3]>) -> f32 {
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

    fn begin(&mut self, rows: usize) {
        self.known = vec![0; rows];
        self.levels = [rows as u32, 0, 0, 0, 0];
        self.breathing = 0;
        self.stale_lists = true;
        self.cells = Cells::default();
    }

    /// Follows the decision and the counts: rings and lists are made again only when they changed.
    fn settle(
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

/// The crowds of all layers.
#[derive(Clone, Debug, Default)]
pub struct Crowds {
    /// Sensors.
    pub sensors: Crowd,
    /// Cases.
    pub cases: Crowd,
    /// Crews, counted by what they do: free, under way, on scene, clearing, out of service.
    pub units: Crowd,
}

impl Crowds {
    /// One layer's crowd.
    #[must_use]
    pub fn of(&self, layer: CrowdLayer) -> &Crowd {
        match layer {
            CrowdLayer::Sensors => &self.sensors,
            CrowdLayer::Cases => &self.cases,
            CrowdLayer::Units => &self.units,
        }
    }

    /// One layer's crowd.
    pub fn of_mut(&mut self, layer: CrowdLayer) -> &mut Crowd {
        match layer {
            CrowdLayer::Sensors => &mut self.sensors,
            CrowdLayer::Cases => &mut self.cases,
            CrowdLayer::Units => &mut self.units,
        }
    }
}

impl Crowds {
    /// How far a layer's rings stand aside of their place on the screen, so that layers in the same cells do not
    /// hide each other: in radii, to the right and up.
    #[must_use]
    pub fn aside(&self, layer: CrowdLayer) -> [f32; 2] {
        let rings = |crowd: &Crowd| crowd.lod != Lod::Marks && !crowd.rings.is_empty();
        let all = [rings(&self.sensors), rings(&self.cases), rings(&self.units)];
        if all.iter().filter(|r| **r).count() < 2 {
            return [0.0; 2];
        }
        match layer {
            CrowdLayer::Sensors => [-ASIDE, 0.0],
            CrowdLayer::Cases => [ASIDE, 0.0],
            CrowdLayer::Units => [0.0, UP],
        }
    }
}

/// Rings side by side, and one above two, in radii. As in the shader.
const ASIDE: f32 = 1.06;
const UP: f32 = 1.84;

/// Cases and crews always have their full symbol.
fn chosen(selected: bool) -> u8 {
    if selected { LOUD | CHOSEN } else { LOUD }
}

fn decide(cluster: bool, crowd: &Crowd, eye: &Eye, px: [f32; 5], area_m2: f32) -> Lod {
    if cluster { lod::decide(crowd.lod, eye, &crowd.levels, px, area_m2) } else { Lod::Marks }
}

fn follow<S: Copy + PartialEq>(
    crowd: &mut Crowd,
    state: &mut Column<S>,
    moved: bool,
    byte: impl Fn(S) -> u8,
    place: impl Fn(usize) -> [f32; 3] + Copy,
) {
    if moved || crowd.known.len() != state.len() {
        crowd.begin(state.len());
        for (row, s) in state.rows().iter().enumerate() {
            let now = byte(*s);
            crowd.count(row, now, place);
        }
        state.take(Reader::Crowd, |_, _| {});
        return;
    }
    state.take(Reader::Crowd, |range, rows| {
        for (k, s) in rows.iter().enumerate() {
            crowd.count(range.start + k, byte(*s), place);
        }
    });
}

/// Crews in rings are counted at their places this often, ms.
const UNIT_RECOUNT_MS: u32 = 1_000;

/// Brings the crowds up to date with the columns and the eye. True when anything to draw changed.
pub fn update(scene: &mut MarkerScene, eye: &Eye, last_units_ms: &mut u32) -> bool {
    let cluster = scene.style.cluster;
    let mut changed = false;
    {
        let SensorColumns { place, state, .. } = &mut scene.sensors;
        let crowd = &mut scene.crowds.sensors;
        let moved = place.changed(Reader::Crowd);
        place.take(Reader::Crowd, |_, _| {});
        let at = |i: usize| place.rows()[i];
        let byte = |s: u8| {
            pack::sensor_level(s) as u8
                | if pack::sensor_breathes(s) { BREATH } else { 0 }
                | if pack::sensor_is_loud(s) { LOUD } else { 0 }
                | if pack::sensor_selected(s) { CHOSEN } else { 0 }
                | if s & pack::HIDDEN != 0 { ABSENT } else { 0 }
        };
        follow(crowd, state, moved, byte, at);
        let area_m2 = crowd.area_m2(place.generation(), place.rows().iter().copied());
        let wanted = decide(cluster, crowd, eye, [3.5, 15.0, 17.0, 19.0, 23.0], area_m2);
        changed |= crowd.settle(wanted, eye, place.len(), at, scene.style.discs_px.is_some());
    }
    {
        let CaseColumns { place, state, .. } = &mut scene.cases;
        let crowd = &mut scene.crowds.cases;
        let moved = place.changed(Reader::Crowd);
        place.take(Reader::Crowd, |_, _| {});
        let at = |i: usize| {
            let p = place.rows()[i];
            [p[0], p[1], p[2] + p[3]]
        };
        let byte = |s: u32| {
            pack::case_level(s) as u8 | if pack::case_breathes(s) { BREATH } else { 0 } | chosen(pack::case_selected(s))
        };
        follow(crowd, state, moved, byte, at);
        let area_m2 = crowd.area_m2(place.generation(), place.rows().iter().map(|p| [p[0], p[1], p[2]]));
        let wanted = decide(cluster, crowd, eye, [34.0; 5], area_m2);
        changed |= crowd.settle(wanted, eye, place.len(), at, true);
    }
    {
        let UnitColumns { motion, state, .. } = &mut scene.units;
        let crowd = &mut scene.crowds.units;
        let now = scene.now_ms;
        // Who moves changes cells: rings of crews are counted again at a calm pace.
        let due = now.wrapping_sub(*last_units_ms) >= UNIT_RECOUNT_MS;
        let moved = motion.replaced(Reader::Crowd)
            || (motion.changed(Reader::Crowd) && due && matches!(crowd.lod, Lod::Rings { .. }));
        if moved || due {
            *last_units_ms = now;
            motion.take(Reader::Crowd, |_, _| {});
        }
        let at = |i: usize| motion.rows()[i].to;
        let byte = |s: u32| pack::unit_group(s) as u8 | chosen(pack::unit_selected(s));
        follow(crowd, state, moved, byte, at);
        let area_m2 = crowd.area_m2(motion.generation(), motion.rows().iter().map(|m| m.to));
        let wanted = decide(cluster, crowd, eye, [9.0, 20.0, 20.0, 20.0, 9.0], area_m2);
        changed |= crowd.settle(wanted, eye, motion.len(), at, true);
    }
    changed
}
