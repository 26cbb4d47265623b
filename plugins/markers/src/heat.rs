//! The heat map: how many marks per square kilometre, as a smooth field over the ground.

/// Cells along the longer side.
pub const SIDE: usize = 112;
/// Radius over which a mark counts, m: half of it at a third of this distance.
pub const RADIUS_M: f32 = 350.0;

/// The legend's top is never less than this, marks per km²: a few marks far from each other are no hot spot.
pub const LEAST_TOP_PER_KM2: f32 = 30.0;

/// A field of densities over a box.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heat {
    /// West edge of the first corner, local m.
    pub west_m: f32,
    /// South edge.
    pub south_m: f32,
    /// Distance of corners, m.
    pub step_m: f32,
    /// Corners from west to east.
    pub cols: usize,
    /// Corners from south to north.
    pub rows: usize,
    /// Marks per km² at each corner, row 0 south.
    pub per_km2: Vec<f32>,
    /// Largest of them, and at least [`LEAST_TOP_PER_KM2`]: the top of the legend.
    pub top_per_km2: f32,
}

/// The density of places `[east, north, …]`. Three box filters, which is nearly a Gaussian.
#[must_use]
pub fn heat(places: impl Iterator<Item = [f32; 2]> + Clone) -> Heat {
    let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
    for p in places.clone() {
        low = [low[0].min(p[0]), low[1].min(p[1])];
        high = [high[0].max(p[0]), high[1].max(p[1])];
    }
    if low[0] > high[0] {
        return Heat::default();
    }
    let margin = RADIUS_M * 1.2;
    let (west_m, south_m) = (low[0] - margin, low[1] - margin);
    let (wide, deep) = (high[0] + margin - west_m, high[1] + margin - south_m);
    let step_m = (wide.max(deep) / (SIDE - 1) as f32).max(RADIUS_M / 8.0);
    let (cols, rows) = ((wide / step_m) as usize + 2, (deep / step_m) as usize + 2);
    let mut field = vec![0f32; cols * rows];
    for p in places {
        let c = ((p[0] - west_m) / step_m).round() as usize;
        let r = ((p[1] - south_m) / step_m).round() as usize;
        field[r.min(rows - 1) * cols + c.min(cols - 1)] += 1.0;
    }
    let reach = ((RADIUS_M / step_m / 3.0).round() as usize).max(1);
    for _ in 0..3 {
        (0..rows).for_each(|r| blur(&mut field, r * cols, 1, cols, reach));
        (0..cols).for_each(|c| blur(&mut field, c, cols, rows, reach));
    }
    let per_km2 = 1e6 / (step_m * step_m);
    field.iter_mut().for_each(|v| *v *= per_km2);
    let top_per_km2 = field.iter().copied().fold(LEAST_TOP_PER_KM2, f32::max);
    Heat { west_m, south_m, step_m, cols, rows, per_km2: field, top_per_km2 }
}

/// Mean over `2 × reach + 1` values along a line of the field.
fn blur(field: &mut [f32], first: usize, stride: usize, count: usize, reach: usize) {
    let line: Vec<f32> = (0..count).map(|i| field[first + i * stride]).collect();
    let width = (2 * reach + 1) as f32;
    let mut sum: f32 = line.iter().take(reach).sum();
    for i in 0..count {
        if i + reach < count {
            sum += line[i + reach];
        }
        if i > reach {
            sum -= line[i - reach - 1];
        }
        field[first + i * stride] = sum.max(0.0) / width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_holds_every_mark_and_peaks_where_they_are() {
        let places: Vec<[f32; 2]> =
            (0..500).map(|i| [(i % 20) as f32, (i / 20) as f32]).chain([[6000.0, 0.0]]).collect();
        let heat = heat(places.iter().copied());
        let cell_km2 = heat.step_m * heat.step_m / 1e6;
        let marks: f32 = heat.per_km2.iter().sum::<f32>() * cell_km2;
        assert!((marks - 501.0).abs() < 5.0, "{marks} marks");
        let peak = heat.per_km2.iter().position(|&v| v == heat.top_per_km2).unwrap();
        let east = heat.west_m + (peak % heat.cols) as f32 * heat.step_m;
        assert!(east.abs() < 2.0 * heat.step_m, "the peak lies over the crowd");
        assert!(heat.cols <= SIDE + 2 && heat.rows <= SIDE + 2);
    }

    #[test]
    fn one_mark_is_no_hot_spot() {
        let heat = heat([[0.0, 0.0], [4000.0, 0.0]].into_iter());
        let most = heat.per_km2.iter().copied().fold(0.0, f32::max);
        assert_eq!(heat.top_per_km2, LEAST_TOP_PER_KM2);
        assert!(most > 1.0 && most < 0.5 * LEAST_TOP_PER_KM2, "{most}");
    }

    #[test]
    fn nothing_has_no_heat() {
        assert_eq!(heat(std::iter::empty()), Heat::default());
    }
}
