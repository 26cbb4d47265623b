//! Storage nodes as SWMM computes them: area beyond the table goes on in its last direction (never shrinking), and below
//! its first point it falls to none.

use guanlan_city::model::drainage::StorageShape;

/// Plan area at a depth, m².
pub(super) fn area_m2(shape: &StorageShape, depth_m: f64) -> f64 {
    let StorageShape::Tabular(points) = shape else { return shape.area_m2(depth_m) };
    let Some(first) = points.first() else { return 0.0 };
    if depth_m <= first[0] {
        return if first[0] > 0.0 { depth_m / first[0] * first[1] } else { first[1] };
    }
    let mut slope = 0.0_f64;
    for pair in points.windows(2) {
        let ([x0, y0], [x1, y1]) = (pair[0], pair[1]);
        if x1 > x0 {
            slope = (y1 - y0) / (x1 - x0);
        }
        if depth_m <= x1 {
            return y0 + slope * (depth_m - x0);
        }
    }
    points.last().map_or(0.0, |last| last[1] + slope.max(0.0) * (depth_m - last[0]))
}

/// Volume up to a depth, m³.
pub(super) fn volume_m3(shape: &StorageShape, depth_m: f64) -> f64 {
    let StorageShape::Tabular(points) = shape else { return shape.volume_m3(depth_m) };
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    if depth_m <= first[0] {
        return if first[0] < 1.0e-6 { 0.0 } else { first[1] / first[0] * depth_m * depth_m / 2.0 };
    }
    let mut volume = 0.0;
    let mut slope = 0.0;
    for pair in points.windows(2) {
        let ([x0, y0], [x1, y1]) = (pair[0], pair[1]);
        if depth_m <= x1 {
            let at = if x1 > x0 { y0 + (y1 - y0) * (depth_m - x0) / (x1 - x0) } else { y1 };
            return volume + 0.5 * (y0 + at) * (depth_m - x0);
        }
        volume += 0.5 * (y0 + y1) * (x1 - x0);
        slope = if x1 - x0 > 1.0e-6 { (y1 - y0) / (x1 - x0) } else { 0.0 };
    }
    if points.len() < 2 {
        return volume;
    }
    let above = depth_m - last[0];
    let at = last[1] + slope * above;
    volume + if at < 0.0 { -last[1] * last[1] / slope / 2.0 } else { 0.5 * (last[1] + at) * above }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_go_on_beyond_their_ends() {
        let shape = StorageShape::Tabular(vec![[0.0, 10.0], [1.0, 20.0], [2.0, 40.0]]);
        assert_eq!([0.0, 0.5, 1.5, 3.0].map(|d| area_m2(&shape, d)), [10.0, 15.0, 30.0, 60.0]);
        assert_eq!([0.0, 1.0, 2.0, 3.0].map(|d| volume_m3(&shape, d)), [0.0, 15.0, 45.0, 95.0]);
        let narrowing = StorageShape::Tabular(vec![[1.0, 10.0], [2.0, 5.0]]);
        assert_eq!([0.5, 3.0].map(|d| area_m2(&narrowing, d)), [5.0, 5.0]);
        assert_eq!([0.5, 1.0, 2.0, 3.0].map(|d| volume_m3(&narrowing, d)), [1.25, 5.0, 7.5, 10.0]);
    }
}
