//! What a kernel is: one time step on a band of rows, from the old state to the new. Pure, so that bands
//! run on any number of threads.

use super::{Blocks, Crests, Simd, pores::Pores};

/// A numerical scheme. Its value is its settings.
pub trait Kernel: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Name in saved states and scenario files.
    const NAME: &'static str;
    /// True when `qx` and `qy` are velocities of cells, m/s; false when they are discharges over west and
    /// south faces, m²/s.
    const CELL_SPEEDS: bool;
    /// True when an outflow at normal depth may be supercritical.
    const SUPERCRITICAL_EDGES: bool;
    /// True when a step that overdraws a cell is taken again at half the length; false when the kernel never
    /// overdraws. Then `film` is changed in place and [`Old::film`] is empty.
    const RETRIES: bool;
    /// Words for reports.
    fn title(&self) -> &'static str;
    /// Less water than this does not flow, m.
    fn depth_min_m(&self) -> f32;
    /// Longest stable step from the deepest water in m and the fastest signal of the last step, s.
    fn stable_dt_s(&self, cell_m: f64, deepest_m: f64, fastest_m_s: f64, raining: bool) -> f64;
    /// One step of a band.
    fn step(&self, simd: Simd, old: &Old<'_>, band: &mut Band<'_>, dt_s: f64, cell_m: f64);
}

/// The old state and the raster; padded arrays.
#[derive(Clone, Copy)]
pub struct Old<'a> {
    pub stride: usize,
    pub cols: usize,
    pub rows: usize,
    pub blocks: Blocks,
    pub z: &'a [f32],
    pub n2: &'a [f32],
    pub h: &'a [f32],
    pub film: &'a [f32],
    pub qx: &'a [f32],
    pub qy: &'a [f32],
    /// Depth of the open ground: `h` unless it is porous.
    pub depth: &'a [f32],
    /// Discharge for each m of open face: `qx`, `qy` unless the ground is porous.
    pub flow_x: &'a [f32],
    /// The same over south faces.
    pub flow_y: &'a [f32],
    pub pores: &'a Pores,
    /// Blocks of each padded row that may hold more than the minimum depth.
    pub wet: &'a [u64],
    /// Faces higher than the ground on both sides.
    pub crests: &'a Crests,
}

impl Old<'_> {
    /// Blocks of a padded row that may change in a step.
    #[inline(always)]
    pub fn reach(&self, row: usize) -> u64 {
        self.blocks.grown(self.wet[row - 1] | self.wet[row] | self.wet[row + 1])
    }
}

/// The part of the new state that one band owns: padded rows `first..first + h.len() / stride`.
pub struct Band<'a> {
    pub first: usize,
    pub h: &'a mut [f32],
    /// What rounding has kept from each depth.
    pub film: &'a mut [f32],
    pub qx: &'a mut [f32],
    pub qy: &'a mut [f32],
    pub wet: &'a mut [u64],
    pub row_max: &'a mut [f32],
    /// Blocks whose new arrays do not hold the old values yet: changed in one of the two last steps.
    pub stale: &'a mut [[u64; 2]],
    /// Fastest signal over the band, m/s.
    pub fastest: &'a mut f32,
    /// Lowest new depth over the band, m: below 0 the step was too long.
    pub lowest: &'a mut f32,
}

impl Band<'_> {
    /// Writes the blocks of a row that do not change but differ from the old arrays, clears `qx` and `qy`
    /// of the blocks that do, and returns those.
    #[inline(always)]
    pub fn begin_row(&mut self, o: &Old<'_>, row: usize) -> u64 {
        let (s, k) = (o.stride, row - self.first);
        let at = k * s;
        let changing = o.reach(row);
        let [last, before] = self.stale[k];
        let copy = (last | before) & !changing;
        for (lo, hi) in o.blocks.runs(copy) {
            self.h[at + lo..at + hi].copy_from_slice(&o.h[row * s + lo..row * s + hi]);
            if !o.film.is_empty() {
                self.film[at + lo..at + hi].copy_from_slice(&o.film[row * s + lo..row * s + hi]);
            }
        }
        for (lo, hi) in o.blocks.runs(copy | changing) {
            // One face more: the east face of a run's last cell.
            self.qx[at + lo..=at + hi].fill(0.0);
            self.qy[at + lo..at + hi].fill(0.0);
        }
        self.stale[k] = [changing, last];
        changing
    }
}

#[inline(always)]
pub fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[inline(always)]
pub fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// `a + b` rounded, and exactly what rounding took away (Knuth's two-sum). Depths are summed with it: a
/// step may bring 0.1 µm to a metre of water, of which f32 alone would lose a part, always the same way.
#[inline(always)]
pub fn two_sum(a: f32, b: f32) -> (f32, f32) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// x^(−1/3) for positive normal x: a bit-level first guess and two Newton steps, relative error < 2e-5.
#[inline(always)]
pub fn inverse_cube_root(x: f32) -> f32 {
    let third = x.to_bits() as i32 as f32 * (1.0 / 3.0);
    // SAFETY: the bits of a positive finite f32 are below 2³¹, a third of them fits an i32.
    let y = f32::from_bits((0x54a2_fa8c_i32 - unsafe { third.to_int_unchecked::<i32>() }) as u32);
    let x3 = x * (-1.0 / 3.0);
    let y = y * (y * y * y).mul_add(x3, 4.0 / 3.0);
    y * (y * y * y).mul_add(x3, 4.0 / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_root_is_close() {
        let mut x = 1e-6_f32;
        while x < 1e3 {
            let want = f64::from(x).powf(-1.0 / 3.0);
            assert!((f64::from(inverse_cube_root(x)) / want - 1.0).abs() < 2e-5, "{x}");
            x *= 1.003;
        }
    }
}
