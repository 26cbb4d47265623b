//! The little linear algebra that tiles need: column-major 4 × 4 matrices in f64.

/// A point or direction.
pub type V3 = [f64; 3];

/// A column-major 4 × 4 matrix, as 3D Tiles and glTF write it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct M4(pub [f64; 16]);

impl M4 {
    /// Changes nothing.
    pub const IDENTITY: Self = Self([1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1.]);
    /// glTF's y up to the tiles' z up.
    pub const Z_UP: Self = Self([1., 0., 0., 0., 0., 0., 1., 0., 0., -1., 0., 0., 0., 0., 0., 1.]);

    /// A shift.
    #[must_use]
    pub fn shift(by: V3) -> Self {
        let mut m = Self::IDENTITY;
        m.0[12..15].copy_from_slice(&by);
        m
    }

    /// From three columns and a shift.
    #[must_use]
    pub fn columns(x: V3, y: V3, z: V3, by: V3) -> Self {
        Self([x[0], x[1], x[2], 0., y[0], y[1], y[2], 0., z[0], z[1], z[2], 0., by[0], by[1], by[2], 1.])
    }

    /// `self` after `first`.
    #[must_use]
    pub fn after(&self, first: &Self) -> Self {
        Self(std::array::from_fn(|i| {
            let (c, r) = (i / 4, i % 4);
            (0..4).map(|k| self.0[k * 4 + r] * first.0[c * 4 + k]).sum()
        }))
    }

    /// Moves a point.
    #[must_use]
    pub fn point(&self, p: V3) -> V3 {
        std::array::from_fn(|r| self.0[r] * p[0] + self.0[4 + r] * p[1] + self.0[8 + r] * p[2] + self.0[12 + r])
    }

    /// Turns and stretches a direction.
    #[must_use]
    pub fn direction(&self, d: V3) -> V3 {
        std::array::from_fn(|r| self.0[r] * d[0] + self.0[4 + r] * d[1] + self.0[8 + r] * d[2])
    }

    /// Column `c` of the upper left 3 × 3.
    #[must_use]
    pub fn column(&self, c: usize) -> V3 {
        [self.0[c * 4], self.0[c * 4 + 1], self.0[c * 4 + 2]]
    }

    /// Determinant of the upper left 3 × 3.
    #[must_use]
    pub fn determinant(&self) -> f64 {
        dot(self.column(0), cross(self.column(1), self.column(2)))
    }

    /// What turns normals: the columns' cross products, which is the inverse transpose but for a factor.
    #[must_use]
    pub fn for_normals(&self) -> Self {
        let (x, y, z) = (self.column(0), self.column(1), self.column(2));
        let sign = if self.determinant() < 0.0 { -1.0 } else { 1.0 };
        let scaled = |v: V3| v.map(|c| c * sign);
        Self::columns(scaled(cross(y, z)), scaled(cross(z, x)), scaled(cross(x, y)), [0.0; 3])
    }

    /// True when every number is finite.
    #[must_use]
    pub fn is_finite(&self) -> bool {
        self.0.iter().all(|v| v.is_finite())
    }

    /// Longest column: the factor by which lengths grow at most, roughly.
    #[must_use]
    pub fn stretch(&self) -> f64 {
        (0..3).map(|c| length(self.column(c))).fold(0.0, f64::max)
    }
}

/// Sum.
#[must_use]
pub fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// Difference.
#[must_use]
pub fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// Scalar product.
#[must_use]
pub fn dot(a: V3, b: V3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Vector product.
#[must_use]
pub fn cross(a: V3, b: V3) -> V3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Length.
#[must_use]
pub fn length(a: V3) -> f64 {
    dot(a, a).sqrt()
}

/// Unit vector; `fallback` for a vector without direction.
#[must_use]
pub fn unit(a: V3, fallback: V3) -> V3 {
    let l = length(a);
    if l > 1e-300 && l.is_finite() { a.map(|v| v / l) } else { fallback }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_moves_and_hands() {
        let turn = M4::columns([0., 1., 0.], [-1., 0., 0.], [0., 0., 1.], [0.; 3]);
        let both = M4::shift([10., 0., 0.]).after(&turn);
        assert_eq!(both.point([1., 0., 0.]), [10., 1., 0.]);
        assert_eq!(M4::Z_UP.point([1., 2., 3.]), [1., -3., 2.]);
        assert!((M4::Z_UP.determinant() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn normals_stay_upright_under_uneven_stretch() {
        let m = M4::columns([4., 0., 0.], [0., 1., 0.], [0., 0., 1.], [0.; 3]);
        // The plane x + y = 1 becomes x / 4 + y = 1.
        let n = unit(m.for_normals().direction([1., 1., 0.]), [0.; 3]);
        assert!(dot(n, [4., -1., 0.]).abs() < 1e-12, "{n:?}");
        let mirror = M4::columns([-1., 0., 0.], [0., 1., 0.], [0., 0., 1.], [0.; 3]);
        assert_eq!(mirror.for_normals().direction([0., 0., 1.]), [0., 0., 1.]);
    }
}
