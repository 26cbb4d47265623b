//! Which parts of a row hold water: a row is cut into at most 64 blocks, one bit each, so that dry country
//! costs nothing: neither arithmetic nor memory traffic.

/// How rows are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocks {
    width: usize,
    cols: usize,
    all: u64,
}

impl Blocks {
    /// Blocks of a row of `cols` cells.
    pub fn new(cols: usize) -> Self {
        let width = cols.div_ceil(64).next_multiple_of(16).max(32);
        let count = cols.div_ceil(width).max(1);
        Self { width, cols, all: if count >= 64 { u64::MAX } else { (1 << count) - 1 } }
    }

    /// Every block.
    pub fn all(self) -> u64 {
        self.all
    }

    /// The block of a padded column (1 is the first cell).
    pub fn of(self, padded_col: usize) -> u64 {
        1 << ((padded_col.max(1) - 1) / self.width).min(63)
    }

    /// The blocks and their neighbours.
    #[inline(always)]
    pub fn grown(self, mask: u64) -> u64 {
        (mask | mask << 1 | mask >> 1) & self.all
    }

    /// Padded columns `lo..hi` of each unbroken run of blocks.
    #[inline(always)]
    pub fn runs(self, mask: u64) -> Runs {
        Runs { blocks: self, mask: mask & self.all }
    }

    /// Blocks among `look` of a padded row with a depth over `depth_min`, and the highest depth there.
    #[inline(always)]
    pub fn wet(self, row: &[f32], look: u64, depth_min: f32) -> (u64, f32) {
        let limit = depth_min.to_bits() as i32;
        let (mut mask, mut highest) = (0_u64, limit);
        let mut rest = look & self.all;
        while rest != 0 {
            let k = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            let lo = 1 + k * self.width;
            let mut top = 0_i32;
            for v in &row[lo..(lo + self.width).min(1 + self.cols)] {
                let bits = v.to_bits() as i32;
                top = if bits > top { bits } else { top };
            }
            if top > limit {
                mask |= 1 << k;
            }
            highest = if top > highest { top } else { highest };
        }
        (mask, f32::from_bits(highest as u32))
    }
}

/// Iterator over runs.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    blocks: Blocks,
    mask: u64,
}

impl Iterator for Runs {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.mask == 0 {
            return None;
        }
        let from = self.mask.trailing_zeros();
        let shifted = self.mask >> from;
        let len = (!shifted).trailing_zeros();
        let run = if len >= 64 { u64::MAX } else { ((1 << len) - 1) << from };
        self.mask &= !run;
        let w = self.blocks.width;
        Some((1 + from as usize * w, (1 + (from + len) as usize * w).min(1 + self.blocks.cols)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_exactly_their_blocks() {
        for cols in [1, 31, 32, 33, 1000, 2048, 2049, 5000] {
            let b = Blocks::new(cols);
            assert_eq!(b.runs(b.all()).collect::<Vec<_>>(), [(1, cols + 1)], "{cols}");
            assert_eq!(b.runs(0).count(), 0);
            let cells: usize = b.runs(0x5555_5555_5555_5555).map(|(lo, hi)| hi - lo).sum();
            let odd: usize = b.runs(0xAAAA_AAAA_AAAA_AAAA).map(|(lo, hi)| hi - lo).sum();
            assert_eq!(cells + odd, cols);
            assert_eq!(b.of(1), 1);
            assert!(b.of(cols) & b.all() != 0);
        }
    }

    #[test]
    fn finds_the_wet_blocks() {
        let b = Blocks::new(100);
        let mut row = vec![0.0_f32; 104];
        row[40] = 0.5;
        row[100] = 0.2;
        assert_eq!(b.wet(&row, b.all(), 1e-4), (0b1010, 0.5));
        assert_eq!(b.wet(&row, 0b1000, 1e-4), (0b1000, 0.2));
        assert_eq!(b.grown(0b1000), 0b1100);
    }
}
