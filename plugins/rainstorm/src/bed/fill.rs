//! Polygons and thick lines on a fine raster.

/// A raster to paint on: west, south, cell side in m, columns, rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    pub west_m: f64,
    pub south_m: f64,
    pub cell_m: f64,
    pub cols: usize,
    pub rows: usize,
}

impl Canvas {
    /// First and past-the-last cell whose centre lies in `[lo, hi)` metres along an axis.
    fn span(origin: f64, cell: f64, count: usize, lo: f64, hi: f64) -> (usize, usize) {
        let first = ((lo - origin) / cell - 0.5).ceil().clamp(0.0, count as f64) as usize;
        let end = ((hi - origin) / cell - 0.5).ceil().clamp(0.0, count as f64) as usize;
        (first, end)
    }

    /// Visits `(col, row)` of every cell whose centre lies inside the rings by the even-odd rule.
    pub fn polygon<'a>(
        &self,
        rings: impl Iterator<Item = &'a [[f32; 2]]> + Clone,
        mut visit: impl FnMut(usize, usize),
    ) {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for p in rings.clone().flatten() {
            low = low.min(f64::from(p[1]));
            high = high.max(f64::from(p[1]));
        }
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let (first, end) = Self::span(self.south_m, self.cell_m, self.rows, low, high);
        let mut crossings = Vec::new();
        for row in first..end {
            let y = self.south_m + (row as f64 + 0.5) * self.cell_m;
            crossings.clear();
            for ring in rings.clone() {
                for (k, a) in ring.iter().enumerate() {
                    let b = ring[(k + 1) % ring.len()];
                    let (ay, by) = (f64::from(a[1]), f64::from(b[1]));
                    if (ay <= y) != (by <= y) {
                        let t = (y - ay) / (by - ay);
                        crossings.push(f64::from(a[0]) + t * (f64::from(b[0]) - f64::from(a[0])));
                    }
                }
            }
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let (from, to) = Self::span(self.west_m, self.cell_m, self.cols, pair[0], pair[1]);
                (from..to).for_each(|col| visit(col, row));
            }
        }
    }

    /// Visits every cell whose centre lies within `half_width_m` of the line.
    pub fn line(&self, line: &[[f32; 2]], half_width_m: f64, mut visit: impl FnMut(usize, usize)) {
        let reach = half_width_m.max(0.5 * self.cell_m);
        for w in line.windows(2) {
            let (a, b) = ([f64::from(w[0][0]), f64::from(w[0][1])], [f64::from(w[1][0]), f64::from(w[1][1])]);
            if !a.iter().chain(&b).all(|v| v.is_finite()) {
                continue;
            }
            let along = [b[0] - a[0], b[1] - a[1]];
            let length2 = along[0] * along[0] + along[1] * along[1];
            let (r0, r1) =
                Self::span(self.south_m, self.cell_m, self.rows, a[1].min(b[1]) - reach, a[1].max(b[1]) + reach);
            let (c0, c1) =
                Self::span(self.west_m, self.cell_m, self.cols, a[0].min(b[0]) - reach, a[0].max(b[0]) + reach);
            for row in r0..r1 {
                let y = self.south_m + (row as f64 + 0.5) * self.cell_m;
                for col in c0..c1 {
                    let x = self.west_m + (col as f64 + 0.5) * self.cell_m;
                    let (dx, dy) = (x - a[0], y - a[1]);
                    let t =
                        if length2 > 0.0 { ((dx * along[0] + dy * along[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
                    let (ex, ey) = (dx - t * along[0], dy - t * along[1]);
                    if ex * ex + ey * ey <= reach * reach {
                        visit(col, row);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_with_holes_and_clips() {
        let canvas = Canvas { west_m: 0.0, south_m: 0.0, cell_m: 1.0, cols: 10, rows: 10 };
        let outer = [[-5.0, 2.0], [8.0, 2.0], [8.0, 20.0], [-5.0, 20.0]];
        let hole = [[2.0, 4.0], [2.0, 6.0], [4.0, 6.0], [4.0, 4.0]];
        let mut n = 0;
        canvas.polygon([&outer[..], &hole[..]].into_iter(), |_, _| n += 1);
        assert_eq!(n, 8 * 8 - 4);
        let mut thick = 0;
        canvas.line(&[[0.0, 5.0], [10.0, 5.0]], 1.0, |_, _| thick += 1);
        assert_eq!(thick, 20);
        canvas.polygon([&[[f32::NAN, 1.0], [2.0, f32::NAN]][..]].into_iter(), |_, _| panic!("nothing to fill"));
    }
}
