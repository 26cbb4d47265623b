//! Terrain as few triangles: right-triangulated irregular network over a square grid of
//! 2^k + 1 heights (Evans, Kirkpatrick & Townsend 2001, "Right-Triangulated Irregular Networks").

/// A triangulation of a height grid.
#[derive(Clone, Debug, Default)]
pub struct Rtin {
    /// Grid columns and rows (row 0 south) of the corners.
    pub corners: Vec<[u32; 2]>,
    /// Corner numbers, three by three, counter-clockwise seen from above.
    pub indices: Vec<u32>,
}

/// Triangulates a square grid with `side` = 2^k + 1 so that no height is off by more than
/// `error_m` from its triangle's edge. `None` when the side is not of that form.
#[must_use]
pub fn triangulate(heights_m: &[f32], side: usize, error_m: f32) -> Option<Rtin> {
    let tile = side.checked_sub(1)?;
    if tile < 2 || !tile.is_power_of_two() || heights_m.len() != side * side {
        return None;
    }
    let errors = errors(heights_m, side);
    let mut out = Build { side, error_m, errors: &errors, numbers: vec![0; side * side], mesh: Rtin::default() };
    let max = tile as u32;
    out.split([0, 0], [max, max], [max, 0]);
    out.split([max, max], [0, 0], [0, max]);
    Some(out.mesh)
}

/// For each grid point the worst error of the triangles whose long edge it halves.
fn errors(heights: &[f32], side: usize) -> Vec<f32> {
    let tile = side - 1;
    let triangles = tile * tile * 2 - 2;
    let parents = triangles - tile * tile;
    let mut errors = vec![0f32; side * side];
    for i in (0..triangles).rev() {
        let mut id = i + 2;
        let (mut ax, mut ay, mut bx, mut by, mut cx, mut cy) = (0, 0, 0, 0, 0, 0);
        if id & 1 == 1 {
            (bx, by, cx) = (tile, tile, tile);
        } else {
            (ax, ay, cy) = (tile, tile, tile);
        }
        id >>= 1;
        while id > 1 {
            let (mx, my) = ((ax + bx) >> 1, (ay + by) >> 1);
            if id & 1 == 1 {
                (bx, by) = (ax, ay);
                (ax, ay) = (cx, cy);
            } else {
                (ax, ay) = (bx, by);
                (bx, by) = (cx, cy);
            }
            (cx, cy) = (mx, my);
            id >>= 1;
        }
        let (mx, my) = ((ax + bx) >> 1, (ay + by) >> 1);
        let middle = my * side + mx;
        let off = ((heights[ay * side + ax] + heights[by * side + bx]) * 0.5 - heights[middle]).abs();
        let mut worst = errors[middle].max(off);
        if i < parents {
            let left = ((ay + cy) >> 1) * side + ((ax + cx) >> 1);
            let right = ((by + cy) >> 1) * side + ((bx + cx) >> 1);
            worst = worst.max(errors[left]).max(errors[right]);
        }
        errors[middle] = worst;
    }
    errors
}

struct Build<'a> {
    side: usize,
    error_m: f32,
    errors: &'a [f32],
    numbers: Vec<u32>,
    mesh: Rtin,
}

impl Build<'_> {
    fn corner(&mut self, p: [u32; 2]) -> u32 {
        let number = &mut self.numbers[p[1] as usize * self.side + p[0] as usize];
        if *number == 0 {
            self.mesh.corners.push(p);
            *number = self.mesh.corners.len() as u32;
        }
        *number - 1
    }

    /// Triangle a, b, c with the right angle at c.
    fn split(&mut self, a: [u32; 2], b: [u32; 2], c: [u32; 2]) {
        let m = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
        let legs = a[0].abs_diff(c[0]) + a[1].abs_diff(c[1]);
        if legs > 1 && self.errors[m[1] as usize * self.side + m[0] as usize] > self.error_m {
            self.split(c, a, m);
            self.split(b, c, m);
        } else {
            // Rows grow northward: a, c, b turns counter-clockwise seen from above.
            let (a, b, c) = (self.corner(a), self.corner(b), self.corner(c));
            self.mesh.indices.extend([a, c, b]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(mesh: &Rtin) -> f64 {
        mesh.indices
            .chunks_exact(3)
            .map(|t| {
                let [a, b, c] = [0, 1, 2].map(|k| mesh.corners[t[k] as usize].map(f64::from));
                0.5 * ((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]))
            })
            .sum()
    }

    #[test]
    fn flat_ground_is_two_triangles() {
        let mesh = triangulate(&[5.0; 33 * 33], 33, 0.1).unwrap();
        assert_eq!(mesh.indices.len(), 6);
        assert!((area(&mesh) - 1024.0).abs() < 1e-9, "covers the square, counter-clockwise");
    }

    #[test]
    fn a_dip_is_kept_and_the_square_stays_covered() {
        let side = 65;
        let mut z = vec![0f32; side * side];
        for r in 30..34 {
            for c in 10..40 {
                z[r * side + c] = -5.0;
            }
        }
        let mesh = triangulate(&z, side, 0.3).unwrap();
        assert!((area(&mesh) - 4096.0).abs() < 1e-9);
        assert!(mesh.corners.iter().any(|c| z[c[1] as usize * side + c[0] as usize] < -4.0));
        assert!(mesh.indices.len() / 3 < side * side, "fewer triangles than the full grid");
    }

    #[test]
    fn odd_sides_are_refused() {
        assert!(triangulate(&[0.0; 100], 10, 0.1).is_none());
    }
}
