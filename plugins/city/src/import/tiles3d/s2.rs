//! Cells of the S2 sphere as bounding volumes (`3DTILES_bounding_volume_S2`): a part of one face of a cube around the
//! Earth, with heights.
//!
//! Sources: the extension's specification (OGC 22-025r4 family) and the definition of S2 at s2geometry.io: cell ids,
//! Hilbert curve, quadratic projection. Latitude and longitude of the sphere are taken as geodetic ones.

/// Levels of the hierarchy below a face.
const LEVELS: u32 = 30;
/// Quadrant (i · 2 + j) of each place along the curve, by the curve's orientation.
const QUADRANT: [[u8; 4]; 4] = [[0, 1, 3, 2], [0, 2, 3, 1], [3, 2, 0, 1], [3, 1, 0, 2]];
/// How the orientation changes at each place along the curve: 1 swaps the axes, 2 turns them round.
const TURN: [u8; 4] = [1, 0, 0, 3];

/// A cell, or a part of one as implicit tiling divides it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct S2Cell {
    /// Face of the cube, 0 to 5.
    pub face: u8,
    /// Least and greatest s, then t, on the face, 0 to 1.
    pub part: [f64; 4],
    /// Least and greatest height above the ellipsoid, m.
    pub heights: [f64; 2],
}

impl S2Cell {
    /// From a token: the cell's id in hexadecimal without the zeros at its end.
    pub fn of_token(token: &str, heights: [f64; 2]) -> Result<Self, String> {
        let wrong = || format!("{token:?} is no token of an S2 cell, expected such as \"89c259\"");
        if token.is_empty() || token.len() > 16 || !token.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let id = u64::from_str_radix(token, 16).map_err(|_| wrong())? << (4 * (16 - token.len()));
        let face = (id >> 61) as u8;
        let zeros = id.trailing_zeros();
        if face > 5 || zeros > 2 * LEVELS || zeros % 2 == 1 {
            return Err(wrong());
        }
        let level = LEVELS - zeros / 2;
        let (mut i, mut j, mut turned) = (0_u32, 0_u32, face & 1);
        for step in 0..level {
            let place = (id >> (59 - 2 * step) & 3) as usize;
            let quadrant = QUADRANT[usize::from(turned)][place];
            (i, j) = (i << 1 | u32::from(quadrant >> 1), j << 1 | u32::from(quadrant & 1));
            turned ^= TURN[place];
        }
        let side = 1.0 / f64::from(1_u32 << level);
        let (s, t) = (f64::from(i) * side, f64::from(j) * side);
        Ok(Self { face, part: [s, s + side, t, t + side], heights })
    }

    /// One of `parts` along each axis; of the heights, too, when `octree`.
    #[must_use]
    pub fn divided(&self, parts: f64, [x, y, z]: [f64; 3], octree: bool) -> Self {
        let cut =
            |low: f64, high: f64, k: f64| (low + (high - low) * k / parts, low + (high - low) * (k + 1.0) / parts);
        let [s0, s1, t0, t1] = self.part;
        let ((s0, s1), (t0, t1)) = (cut(s0, s1, x), cut(t0, t1, y));
        let heights = if octree { cut(self.heights[0], self.heights[1], z).into() } else { self.heights };
        Self { part: [s0, s1, t0, t1], heights, ..*self }
    }

    /// Longitude and latitude of a place of the cell, radians; `along` from 0 to 1 over its part of the face.
    #[must_use]
    pub fn lonlat(&self, along: [f64; 2]) -> [f64; 2] {
        // The projection that gives all cells of a level about the same area.
        let plane =
            |s: f64| if s >= 0.5 { (4.0 * s * s - 1.0) / 3.0 } else { (1.0 - 4.0 * (1.0 - s) * (1.0 - s)) / 3.0 };
        let [s0, s1, t0, t1] = self.part;
        let (u, v) = (plane(s0 + (s1 - s0) * along[0]), plane(t0 + (t1 - t0) * along[1]));
        let [x, y, z] = match self.face {
            0 => [1.0, u, v],
            1 => [-u, 1.0, v],
            2 => [-u, -v, 1.0],
            3 => [-1.0, -v, -u],
            4 => [v, -1.0, -u],
            _ => [v, u, -1.0],
        };
        [f64::atan2(y, x), f64::atan2(z, f64::hypot(x, y))]
    }

    /// Places over the cell, edges and middle, radians.
    #[must_use]
    pub fn places(&self) -> Vec<[f64; 2]> {
        const STEPS: usize = 4;
        let at = |k: usize| k as f64 / STEPS as f64;
        (0..=STEPS).flat_map(|r| (0..=STEPS).map(move |c| [at(c), at(r)])).map(|along| self.lonlat(along)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn middle(token: &str) -> [f64; 2] {
        S2Cell::of_token(token, [0.0, 1.0]).expect("token").lonlat([0.5, 0.5]).map(f64::to_degrees)
    }

    #[test]
    fn faces_lie_where_they_are_defined() {
        // Tokens of the six faces and their middles.
        for (token, lon, lat) in [
            ("1", 0.0, 0.0),
            ("3", 90.0, 0.0),
            ("5", f64::NAN, 90.0),
            ("7", 180.0, 0.0),
            ("9", -90.0, 0.0),
            ("b", f64::NAN, -90.0),
        ] {
            let [x, y] = middle(token);
            assert!((y - lat).abs() < 1e-9, "{token}: {y}");
            let off = (x - lon).rem_euclid(360.0);
            assert!(lon.is_nan() || off.min(360.0 - off) < 1e-9, "{token}: {x}");
        }
    }

    #[test]
    fn tokens_known_from_elsewhere_have_their_places() {
        // 89c25985 lies in Manhattan; the leaf 1000000000000001 touches 0° N 0° E.
        let [lon, lat] = middle("89c25985");
        assert!((lon + 74.0).abs() < 0.1 && (lat - 40.74).abs() < 0.1, "{lon} {lat}");
        let [lon, lat] = middle("2ef59bd352b93ac3");
        assert!((lon - 105.641_318_037_743_08).abs() < 1e-12 && (lat + 10.490_091_033_598_31).abs() < 1e-12);
        let [lon, lat] = middle("89c6c7");
        assert!((lon + 75.2).abs() < 0.01 && (lat - 39.964).abs() < 0.01, "Philadelphia: {lon} {lat}");
        let [lon, lat] = middle("1000000000000001");
        assert!(lon.abs() < 1e-6 && lat.abs() < 1e-6, "{lon} {lat}");
    }

    #[test]
    fn children_tile_their_parent_and_lie_in_it() {
        // The four children of a cell by their ids: place along the curve in the two bits above the last one.
        let parent = S2Cell::of_token("89c25985", [0.0, 8.0]).expect("token");
        let id = 0x89c2_5985_0000_0000_u64;
        let last = id & id.wrapping_neg();
        let mut area = 0.0;
        for k in 0..4 {
            let child = id - last + (2 * k + 1) * (last >> 2);
            let own = S2Cell::of_token(&format!("{child:016x}"), [0.0, 8.0]).expect("token");
            let [s0, s1, t0, t1] = own.part;
            let [a, b, c, d] = parent.part;
            assert!(s0 >= a && s1 <= b && t0 >= c && t1 <= d, "{own:?} in {parent:?}");
            area += (s1 - s0) * (t1 - t0) / ((b - a) * (d - c));
            let x = ((s0 - a) / (b - a) * 2.0).round();
            let y = ((t0 - c) / (d - c) * 2.0).round();
            let part = parent.divided(2.0, [x, y, 1.0], true);
            assert!(part.part.iter().zip(own.part).all(|(p, q)| (p - q).abs() < 1e-15), "{part:?} {own:?}");
            assert_eq!(part.heights, [4.0, 8.0]);
        }
        assert!((area - 1.0).abs() < 1e-9, "{area}");
    }

    #[test]
    fn what_is_no_token_is_told() {
        // Nothing, too long, no hexadecimal, no bit at all, no such face, a last bit at an odd place.
        for token in ["", "89c2598511111111f", "LOL", "0", "d", "2", "-1"] {
            assert!(S2Cell::of_token(token, [0.0, 1.0]).is_err(), "{token}");
        }
        for token in ["1", "2ef59bd34", "2ef59bd352b93ac3", "04", "89C6C7"] {
            assert!(S2Cell::of_token(token, [0.0, 1.0]).is_ok(), "{token}");
        }
    }
}
