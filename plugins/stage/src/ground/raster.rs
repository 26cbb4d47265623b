//! Drawing distances into byte grids: the ground is painted as distances, so that edges stay crisp
//! at every zoom.

/// What a cell of a grid is kept as: a share of the range, −1 to 1.
pub trait Cell: Copy + PartialOrd + Default {
    /// Keeps a share.
    fn of(share: f32) -> Self;
    /// The share kept.
    fn share(self) -> f32;
}

impl Cell for u8 {
    fn of(share: f32) -> Self {
        (128.0 + share * 127.0).clamp(0.0, 255.0) as u8
    }
    fn share(self) -> f32 {
        (f32::from(self) - 128.0) / 127.0
    }
}

impl Cell for i16 {
    fn of(share: f32) -> Self {
        (share * 32_767.0).round().clamp(-32_767.0, 32_767.0) as i16
    }
    fn share(self) -> f32 {
        f32::from(self) / 32_767.0
    }
}

/// A grid of signed distances over a rectangle of the city. Cell (0, 0) is the north-west corner,
/// as a texture wants it.
#[derive(Clone, Debug)]
pub struct DistanceGrid<C = u8> {
    /// West edge, local m.
    pub west_m: f32,
    /// North edge, local m.
    pub north_m: f32,
    /// Cell side, m.
    pub cell_m: f32,
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// Distance at which a cell saturates, m.
    pub range_m: f32,
    /// Cells hold the root of the share of the range: fine at the edge, coarse far from it.
    pub root: bool,
    /// Zero is an edge, above is inside, row-major from the north-west.
    pub cells: Vec<C>,
}

impl<C: Cell> DistanceGrid<C> {
    /// A grid on which nothing is drawn.
    #[must_use]
    pub fn empty(west_m: f32, north_m: f32, cell_m: f32, cols: usize, rows: usize, range_m: f32) -> Self {
        Self { west_m, north_m, cell_m, cols, rows, range_m, root: false, cells: vec![C::of(-1.0); cols * rows] }
    }

    fn encode(&self, inside_m: f32) -> C {
        let share = (inside_m / self.range_m).clamp(-1.0, 1.0);
        let share = if self.root { share.abs().sqrt().copysign(share) } else { share };
        C::of(share)
    }

    /// Distance in m at a cell; positive inside.
    #[must_use]
    pub fn distance_m(&self, col: usize, row: usize) -> f32 {
        let share = self.cells[row * self.cols + col].share();
        if self.root { share * share.abs() * self.range_m } else { share * self.range_m }
    }

    /// Cells that a rectangle (local m) touches: first and past-last column and row.
    fn window(&self, west: f32, south: f32, east: f32, north: f32) -> (usize, usize, usize, usize) {
        let col = |e: f32| ((e - self.west_m) / self.cell_m).floor();
        let row = |n: f32| ((self.north_m - n) / self.cell_m).floor();
        let clamp = |v: f32, most: usize| v.clamp(0.0, most as f32) as usize;
        (
            clamp(col(west), self.cols),
            clamp(col(east) + 1.0, self.cols),
            clamp(row(north), self.rows),
            clamp(row(south) + 1.0, self.rows),
        )
    }

    fn centre(&self, col: usize, row: usize) -> [f32; 2] {
        [self.west_m + (col as f32 + 0.5) * self.cell_m, self.north_m - (row as f32 + 0.5) * self.cell_m]
    }

    /// Draws a line of this width; where several overlap the deepest inside wins.
    pub fn line(&mut self, points: &[[f32; 2]], width_m: f32) {
        let half = width_m * 0.5;
        for pair in points.windows(2) {
            self.segment(pair[0], pair[1], half);
        }
    }

    fn segment(&mut self, a: [f32; 2], b: [f32; 2], half_m: f32) {
        let reach = half_m + self.range_m;
        let (c0, c1, r0, r1) =
            self.window(a[0].min(b[0]) - reach, a[1].min(b[1]) - reach, a[0].max(b[0]) + reach, a[1].max(b[1]) + reach);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let inverse = 1.0 / (dx * dx + dy * dy).max(1e-9);
        for row in r0..r1 {
            for col in c0..c1 {
                let p = self.centre(col, row);
                let (px, py) = (p[0] - a[0], p[1] - a[1]);
                let t = ((px * dx + py * dy) * inverse).clamp(0.0, 1.0);
                let (qx, qy) = (px - t * dx, py - t * dy);
                let square = qx * qx + qy * qy;
                if square < reach * reach {
                    let value = self.encode(half_m - square.sqrt());
                    let cell = &mut self.cells[row * self.cols + col];
                    if value > *cell {
                        *cell = value;
                    }
                }
            }
        }
    }

    /// Draws a polygon (outer ring and holes, not closed); unions with what is there.
    pub fn polygon(&mut self, ring: &[[f32; 2]], holes: &[Vec<[f32; 2]>]) {
        if ring.len() < 3 {
            return;
        }
        let mut bounds = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
        for p in ring {
            bounds = [bounds[0].min(p[0]), bounds[1].min(p[1]), bounds[2].max(p[0]), bounds[3].max(p[1])];
        }
        let reach = self.range_m;
        let (c0, c1, r0, r1) = self.window(bounds[0] - reach, bounds[1] - reach, bounds[2] + reach, bounds[3] + reach);
        if c0 >= c1 || r0 >= r1 {
            return;
        }
        let (w, h) = (c1 - c0, r1 - r0);
        // Squared distance to the nearest edge, then the sign from a scan line.
        let mut square = vec![f32::MAX; w * h];
        let rings = || std::iter::once(ring).chain(holes.iter().map(Vec::as_slice)).filter(|r| r.len() >= 3);
        for r in rings() {
            for i in 0..r.len() {
                let (a, b) = (r[i], r[(i + 1) % r.len()]);
                let (ec0, ec1, er0, er1) = self.window(
                    a[0].min(b[0]) - reach,
                    a[1].min(b[1]) - reach,
                    a[0].max(b[0]) + reach,
                    a[1].max(b[1]) + reach,
                );
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                let inverse = 1.0 / (dx * dx + dy * dy).max(1e-9);
                for row in er0.max(r0)..er1.min(r1) {
                    for col in ec0.max(c0)..ec1.min(c1) {
                        let p = self.centre(col, row);
                        let (px, py) = (p[0] - a[0], p[1] - a[1]);
                        let t = ((px * dx + py * dy) * inverse).clamp(0.0, 1.0);
                        let (qx, qy) = (px - t * dx, py - t * dy);
                        let cell = &mut square[(row - r0) * w + col - c0];
                        *cell = cell.min(qx * qx + qy * qy);
                    }
                }
            }
        }
        let mut crossings: Vec<f32> = Vec::new();
        for row in r0..r1 {
            let north = self.centre(c0, row)[1];
            crossings.clear();
            for r in rings() {
                scan_line(r, north, &mut crossings);
            }
            crossings.sort_by(f32::total_cmp);
            let mut k = 0;
            for col in c0..c1 {
                let east = self.centre(col, row)[0];
                while k < crossings.len() && crossings[k] <= east {
                    k += 1;
                }
                let distance = square[(row - r0) * w + col - c0].sqrt().min(reach);
                let value = self.encode(if k % 2 == 1 { distance } else { -distance });
                let cell = &mut self.cells[row * self.cols + col];
                if value > *cell {
                    *cell = value;
                }
            }
        }
    }
}

/// Where a horizontal line at `north` crosses a ring: easts appended to `out`, in no order.
pub fn scan_line(ring: &[[f32; 2]], north: f32, out: &mut Vec<f32>) {
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        if (a[1] > north) != (b[1] > north) {
            out.push(a[0] + (north - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
        }
    }
}

/// True when a place lies within a ring.
#[must_use]
pub fn contains(ring: &[[f32; 2]], p: [f32; 2]) -> bool {
    let mut within = false;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        within ^= (a[1] > p[1]) != (b[1] > p[1]) && a[0] + (p[1] - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) <= p[0];
    }
    within
}

/// What a channel of a texture is made of.
pub trait Texel: Copy {
    /// Mean of four.
    fn mean(four: [Self; 4]) -> Self;
}

impl Texel for u8 {
    fn mean(four: [Self; 4]) -> Self {
        ((four.iter().map(|&v| u32::from(v)).sum::<u32>() + 2) / 4) as u8
    }
}

impl Texel for i16 {
    fn mean(four: [Self; 4]) -> Self {
        (four.iter().map(|&v| i32::from(v)).sum::<i32>() / 4) as i16
    }
}

/// Four grids woven into one texture with a chain of half-size levels (mean of four).
#[must_use]
pub fn weave<T: Texel>(channels: [&[T]; 4], cols: usize, rows: usize) -> (Vec<T>, u32) {
    let mut level: Vec<T> = Vec::with_capacity(cols * rows * 4);
    for i in 0..cols * rows {
        level.extend(channels.map(|c| c[i]));
    }
    let (mut w, mut h, mut count) = (cols, rows, 1);
    let mut all = level.clone();
    while w > 1 || h > 1 {
        let (nw, nh) = ((w / 2).max(1), (h / 2).max(1));
        let mut next = Vec::with_capacity(nw * nh * 4);
        for y in 0..nh {
            for x in 0..nw {
                let (x0, y0) = ((x * 2).min(w - 1), (y * 2).min(h - 1));
                let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
                for k in 0..4 {
                    let at = |x: usize, y: usize| level[(y * w + x) * 4 + k];
                    next.push(T::mean([at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1)]));
                }
            }
        }
        all.extend_from_slice(&next);
        level = next;
        (w, h) = (nw, nh);
        count += 1;
    }
    (all, count)
}

/// A share in −1..1 as the bits of a half float (IEEE 754 binary16), rounded towards zero.
#[must_use]
pub fn half(share: f32) -> u16 {
    let bits = share.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    if exponent <= 0 {
        // Less than 6e-5: nothing.
        return sign;
    }
    sign | ((exponent.min(30) as u16) << 10) | ((bits >> 13) as u16 & 0x3ff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_wide_as_it_says() {
        let mut g: DistanceGrid = DistanceGrid::empty(-50.0, 50.0, 1.0, 100, 100, 16.0);
        g.line(&[[-40.0, 0.0], [40.0, 0.0]], 10.0);
        // Column at east 0.5; row r has north 49.5 − r.
        assert!((g.distance_m(50, 49) - 4.5).abs() < 0.2, "half a metre from the centre line");
        assert!((g.distance_m(50, 43) + 1.5).abs() < 0.2, "6.5 m away is 1.5 m outside");
        assert_eq!(g.cells[0], 1, "far away nothing is drawn");
    }

    #[test]
    fn a_polygon_with_a_hole_knows_its_inside() {
        let mut g: DistanceGrid = DistanceGrid::empty(0.0, 100.0, 1.0, 100, 100, 16.0);
        let ring = [[10.0, 10.0], [90.0, 10.0], [90.0, 90.0], [10.0, 90.0]];
        let hole = vec![vec![[40.0, 40.0], [40.0, 60.0], [60.0, 60.0], [60.0, 40.0]]];
        g.polygon(&ring, &hole);
        assert!(g.distance_m(20, 50) > 9.0);
        assert!(g.distance_m(50, 50) < -8.0, "the hole is outside");
        assert!(g.distance_m(5, 50) < -3.0);
        let inside = (0..10_000).filter(|&i| g.cells[i] >= 128).count();
        assert!((5900..=6100).contains(&inside), "6400 − 400 m² drawn as {inside}");
    }

    #[test]
    fn roots_are_fine_at_the_edge() {
        let mut g: DistanceGrid = DistanceGrid { root: true, ..DistanceGrid::empty(0.0, 200.0, 1.0, 200, 200, 90.0) };
        g.polygon(&[[0.0, 0.0], [100.3, 0.0], [100.3, 200.0], [0.0, 200.0]], &[]);
        // Cell middles lie 0.2 m inside, 0.8 m outside and 50.2 m outside.
        let at = |col: usize| g.distance_m(col, 100);
        assert!((at(99) - 0.8).abs() < 0.15 && (at(100) + 0.2).abs() < 0.1, "{} {}", at(99), at(100));
        assert!((at(150) + 50.2).abs() < 1.2, "{}", at(150));
    }

    #[test]
    fn halves_are_what_the_standard_says() {
        for (share, bits) in [(0.0, 0), (1.0, 0x3c00), (-1.0, 0xbc00), (0.5, 0x3800), (-0.25, 0xb400), (0.1, 0x2e66)] {
            assert_eq!(half(share), bits, "{share}");
        }
    }

    #[test]
    fn levels_halve_down_to_one_pixel() {
        let c = vec![100u8; 12 * 7];
        let (bytes, levels) = weave([&c, &c, &c, &c], 12, 7);
        assert_eq!(levels, 4);
        assert_eq!(bytes.len(), 4 * (12 * 7 + 6 * 3 + 3 + 1));
        assert!(bytes.iter().all(|&b| b == 100));
    }
}
