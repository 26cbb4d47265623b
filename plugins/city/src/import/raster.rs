//! A terrain raster as its file has it, and its way into the local frame.

use std::path::Path;

use guanlan_geography::{CrsError, LocalFrame, Transformer};

use crate::import::placer::FARTHEST_M;
use crate::model::Terrain;

/// Most cells a file or a resampled terrain may have.
pub const MAX_CELLS: usize = 100_000_000;

/// A raster in its own CRS, rows from north to south as in the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceRaster {
    /// Columns.
    pub cols: usize,
    /// Rows.
    pub rows: usize,
    /// Cell corner → CRS: `x = a[0] + col·a[1] + row·a[2]`, `y = a[3] + col·a[4] + row·a[5]`; `(0, 0)`
    /// is the outer corner of the first cell whatever the file's convention was.
    pub affine: [f64; 6],
    /// EPSG code, when the file names one.
    pub epsg: Option<u32>,
    /// The CRS as PROJ understands it (`EPSG:n`, PROJ string or WKT), when the file has one.
    pub crs: Option<String>,
    /// What its heights count from, when the file says.
    pub heights: Option<String>,
    /// No-data value of the file; such cells are NaN in `z`.
    pub nodata: Option<f64>,
    /// Type of the file's samples: `uint8`, `int16`, `float32` …
    pub dtype: &'static str,
    /// Heights, m, row-major; NaN where there is no data.
    pub z: Vec<f32>,
}

impl SourceRaster {
    /// Place of a fractional cell position (0.5, 0.5 is the centre of the first cell).
    #[must_use]
    pub fn place(&self, col: f64, row: f64) -> [f64; 2] {
        let a = &self.affine;
        [a[0] + col * a[1] + row * a[2], a[3] + col * a[4] + row * a[5]]
    }

    /// Outer edges and height range: `[minx, miny, minz, maxx, maxy, maxz]`; heights are 0 without data.
    #[must_use]
    pub fn extent(&self) -> [f64; 6] {
        let (w, h) = (self.cols as f64, self.rows as f64);
        let corners = [self.place(0.0, 0.0), self.place(w, 0.0), self.place(0.0, h), self.place(w, h)];
        let mut e = [f64::MAX, f64::MAX, f64::MAX, f64::MIN, f64::MIN, f64::MIN];
        for p in corners {
            for axis in 0..2 {
                e[axis] = e[axis].min(p[axis]);
                e[axis + 3] = e[axis + 3].max(p[axis]);
            }
        }
        for &z in self.z.iter().filter(|z| z.is_finite()) {
            e[2] = e[2].min(f64::from(z));
            e[5] = e[5].max(f64::from(z));
        }
        if e[2] > e[5] {
            (e[2], e[5]) = (0.0, 0.0);
        }
        e
    }

    /// Cells that have data.
    #[must_use]
    pub fn valid_cells(&self) -> usize {
        self.z.iter().filter(|z| z.is_finite()).count()
    }

    /// Bilinear value at a fractional cell position; `None` outside the raster or where the nearest
    /// cell has no data. Neighbours without data are left out of the mean.
    #[must_use]
    pub fn sample(&self, col: f64, row: f64) -> Option<f32> {
        let (w, h) = (self.cols as f64, self.rows as f64);
        let slack = 1e-6;
        if !(col >= -slack && row >= -slack && col <= w + slack && row <= h + slack) {
            return None;
        }
        let fx = (col - 0.5).clamp(0.0, w - 1.0);
        let fy = (row - 0.5).clamp(0.0, h - 1.0);
        let nearest = self.z[fy.round() as usize * self.cols + fx.round() as usize];
        if !nearest.is_finite() {
            return None;
        }
        let (c0, r0) = (fx as usize, fy as usize);
        let (c1, r1) = ((c0 + 1).min(self.cols - 1), (r0 + 1).min(self.rows - 1));
        let (tx, ty) = (fx - c0 as f64, fy - r0 as f64);
        let (mut sum, mut weights) = (0.0, 0.0);
        for (c, r, weight) in
            [(c0, r0, (1.0 - tx) * (1.0 - ty)), (c1, r0, tx * (1.0 - ty)), (c0, r1, (1.0 - tx) * ty), (c1, r1, tx * ty)]
        {
            let z = self.z[r * self.cols + c];
            if z.is_finite() && weight > 0.0 {
                sum += f64::from(z) * weight;
                weights += weight;
            }
        }
        if weights > 0.0 { Some((sum / weights) as f32) } else { Some(nearest) }
    }

    /// Into the local frame, rows from south to north. `crs` stands in for a file that names none;
    /// without either, the file is taken to be in the frame's own projected coordinates.
    ///
    /// A north-up raster of square cells in the frame's CRS is copied cell by cell; anything else is
    /// resampled: bilinear, and as a mean over the target cell when that is much coarser. `cell_m`
    /// `None` keeps about the file's own cell.
    pub fn to_terrain(&self, frame: &LocalFrame, crs: Option<&str>, cell_m: Option<f64>) -> Result<Terrain, CrsError> {
        if self.cols == 0 || self.rows == 0 {
            return Ok(Terrain::default());
        }
        let own = self.crs.as_deref().or(crs);
        let same = own.is_none_or(|crs| crs == format!("EPSG:{}", frame.epsg));
        let a = &self.affine;
        let square = a[2] == 0.0 && a[4] == 0.0 && a[5] < 0.0 && (a[1] + a[5]).abs() < 1e-9 * a[1].abs();
        if same && square && cell_m.is_none_or(|cell| (cell - a[1]).abs() < 1e-9 * a[1]) {
            return Ok(self.copied(frame));
        }
        let there = match own {
            Some(crs) if !same => Some(Transformer::new(crs, format!("EPSG:{}", frame.epsg))?),
            _ => None,
        };
        self.resampled(frame, there.as_ref(), cell_m)
    }

    fn copied(&self, frame: &LocalFrame) -> Terrain {
        let cell_m = self.affine[1];
        let south_west = frame.to_local(self.place(0.0, self.rows as f64));
        let mut z_m = Vec::with_capacity(self.z.len());
        for row in (0..self.rows).rev() {
            z_m.extend_from_slice(&self.z[row * self.cols..(row + 1) * self.cols]);
        }
        Terrain { west_m: south_west[0], south_m: south_west[1], cell_m, cols: self.cols, rows: self.rows, z_m }
    }

    fn resampled(
        &self,
        frame: &LocalFrame,
        there: Option<&Transformer>,
        cell_m: Option<f64>,
    ) -> Result<Terrain, CrsError> {
        let back = there.map(Transformer::inverse).transpose()?;
        let edge = self.edge_in_frame(frame, there)?;
        let (mut west, mut south, mut east, mut north) = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
        for p in &edge {
            west = west.min(p[0]);
            south = south.min(p[1]);
            east = east.max(p[0]);
            north = north.max(p[1]);
        }
        // The file's own cell in metres: the area of the middle cell.
        let own_cell_m = self.middle_cell_m(there)?;
        let mut cell = cell_m.filter(|c| c.is_finite() && *c > 0.0).unwrap_or_else(|| tidy(own_cell_m));
        let sound = [west, south, east, north].iter().all(|v| v.abs() < FARTHEST_M) && cell.is_finite() && cell > 0.0;
        if !sound || !own_cell_m.is_finite() || own_cell_m <= 0.0 {
            return Err(CrsError::Unknown {
                from: "cells".into(),
                to: "coordinates".into(),
                reason: format!("the raster's geotransform makes cells of {own_cell_m} m: no place on Earth"),
            });
        }
        // Without a cell size of its own the result has about as many cells as the file, however far it is stretched.
        let most = cell_m.map_or((self.cols * self.rows).saturating_mul(4).saturating_add(65_536), |_| usize::MAX);
        let most = most.min(MAX_CELLS) as f64;
        let count = |cell: f64| (((east - west) / cell).ceil().max(1.0), ((north - south) / cell).ceil().max(1.0));
        while count(cell).0 * count(cell).1 > most {
            cell *= 2.0;
        }
        let (cols, rows) = (count(cell).0 as usize, count(cell).1 as usize);
        let inverse = invert(&self.affine).ok_or_else(|| CrsError::Unknown {
            from: "cells".into(),
            to: "coordinates".into(),
            reason: "the raster's geotransform has no inverse".into(),
        })?;
        // Exact positions at every 16th cell corner, linear between: the error is far below a cell
        // because projections bend slowly.
        const STEP: usize = 16;
        let (knots_x, knots_y) = (cols.div_ceil(STEP) + 1, rows.div_ceil(STEP) + 1);
        let mut knots = Vec::with_capacity(knots_x * knots_y);
        for ky in 0..knots_y {
            for kx in 0..knots_x {
                let local = [west + (kx * STEP) as f64 * cell, south + (ky * STEP) as f64 * cell];
                let projected = frame.to_projected(local);
                // A knot outside the projection's domain lies outside the raster as well.
                let source = match &back {
                    Some(back) => back.transform(projected).unwrap_or([f64::NAN; 2]),
                    None => projected,
                };
                knots.push(inverse(source));
            }
        }
        let sub = ((cell / own_cell_m).round() as usize).clamp(1, 8);
        let mut z_m = vec![f32::NAN; cols * rows];
        for row in 0..rows {
            for col in 0..cols {
                let (mut sum, mut n) = (0.0_f64, 0_u32);
                for i in 0..sub * sub {
                    let x = col as f64 + ((i % sub) as f64 + 0.5) / sub as f64;
                    let y = row as f64 + ((i / sub) as f64 + 0.5) / sub as f64;
                    let (kx, ky) = ((x as usize / STEP).min(knots_x - 2), (y as usize / STEP).min(knots_y - 2));
                    let (tx, ty) = (x / STEP as f64 - kx as f64, y / STEP as f64 - ky as f64);
                    let k = |dx: usize, dy: usize| knots[(ky + dy) * knots_x + kx + dx];
                    let at = |axis: usize| {
                        (k(0, 0)[axis] * (1.0 - tx) + k(1, 0)[axis] * tx) * (1.0 - ty)
                            + (k(0, 1)[axis] * (1.0 - tx) + k(1, 1)[axis] * tx) * ty
                    };
                    if let Some(z) = self.sample(at(0), at(1)) {
                        sum += f64::from(z);
                        n += 1;
                    }
                }
                if n > 0 {
                    z_m[row * cols + col] = (sum / f64::from(n)) as f32;
                }
            }
        }
        Ok(Terrain { west_m: west, south_m: south, cell_m: cell, cols, rows, z_m })
    }

    /// Points along the outline, in local metres.
    fn edge_in_frame(&self, frame: &LocalFrame, there: Option<&Transformer>) -> Result<Vec<[f64; 2]>, CrsError> {
        let (w, h) = (self.cols as f64, self.rows as f64);
        let mut edge = Vec::with_capacity(4 * 17);
        for i in 0..=16 {
            let t = f64::from(i) / 16.0;
            for [col, row] in [[t * w, 0.0], [t * w, h], [0.0, t * h], [w, t * h]] {
                edge.push(self.place(col, row));
            }
        }
        if let Some(there) = there {
            there.transform_all(&mut edge)?;
        }
        Ok(edge.into_iter().map(|p| frame.to_local(p)).collect())
    }

    fn middle_cell_m(&self, there: Option<&Transformer>) -> Result<f64, CrsError> {
        let (c, r) = (self.cols as f64 / 2.0, self.rows as f64 / 2.0);
        let mut p = [self.place(c, r), self.place(c + 1.0, r), self.place(c, r + 1.0)];
        if let Some(there) = there {
            there.transform_all(&mut p)?;
        }
        let (u, v) = ([p[1][0] - p[0][0], p[1][1] - p[0][1]], [p[2][0] - p[0][0], p[2][1] - p[0][1]]);
        Ok((u[0] * v[1] - u[1] * v[0]).abs().sqrt().max(1e-6))
    }
}

/// Coordinates → fractional cell position.
pub(super) fn invert(a: &[f64; 6]) -> Option<impl Fn([f64; 2]) -> [f64; 2] + use<>> {
    let det = a[1] * a[5] - a[2] * a[4];
    if !det.is_finite() || det == 0.0 {
        return None;
    }
    let a = *a;
    Some(move |p: [f64; 2]| {
        let (x, y) = (p[0] - a[0], p[1] - a[3]);
        [(x * a[5] - y * a[2]) / det, (y * a[1] - x * a[4]) / det]
    })
}

/// A cell size of two significant digits.
fn tidy(cell: f64) -> f64 {
    let scale = 10_f64.powf(cell.log10().floor() - 1.0);
    (cell / scale).round() * scale
}

/// The CRS in a `.prj` file beside a raster that cannot name one itself: WKT for PROJ, and the EPSG
/// code when it is written there.
#[must_use]
pub fn sidecar_crs(path: &Path) -> Option<(String, Option<u32>)> {
    let text = std::fs::read_to_string(path.with_extension("prj")).ok()?;
    let text = text.trim();
    if text.is_empty() || text.len() > 100_000 {
        return None;
    }
    // The last authority of a WKT1 text is that of the whole system.
    let epsg = text
        .to_ascii_uppercase()
        .rsplit("AUTHORITY[\"EPSG\",\"")
        .next()
        .and_then(|rest| rest.split('"').next().and_then(|code| code.parse().ok()));
    Some((epsg.map_or_else(|| text.to_owned(), |code: u32| format!("EPSG:{code}")), epsg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(affine: [f64; 6], cols: usize, rows: usize, height: impl Fn([f64; 2]) -> f64) -> SourceRaster {
        let mut raster = SourceRaster { cols, rows, affine, dtype: "float32", ..SourceRaster::default() };
        for row in 0..rows {
            for col in 0..cols {
                let p = raster.place(col as f64 + 0.5, row as f64 + 0.5);
                raster.z.push(height(p) as f32);
            }
        }
        raster
    }

    #[test]
    fn copies_and_turns_south_up() {
        let mut raster = plane([500_000.0, 10.0, 0.0, 3_400_100.0, 0.0, -10.0], 5, 10, |p| p[1] - 3_400_000.0);
        raster.z[0] = f32::NAN;
        let terrain =
            raster.to_terrain(&LocalFrame::new(4549, [500_000.0, 3_400_000.0]), None, None).expect("same CRS");
        assert_eq!((terrain.west_m, terrain.south_m, terrain.cell_m), (0.0, 0.0, 10.0));
        assert_eq!((terrain.z_m[0], terrain.z_m[5 * 9 + 1]), (5.0, 95.0));
        assert!(terrain.z_m[5 * 9].is_nan());
        assert_eq!(terrain.height_m(25.0, 50.0), Some(50.0));
    }

    #[test]
    fn reprojects_a_slope_in_degrees() {
        // A plane over longitude and latitude near Shanghai; the height at any place is known.
        let affine = [121.4, 0.001, 0.0, 31.3, 0.0, -0.001];
        let slope = |p: [f64; 2]| (p[0] - 121.4) * 100.0 + (p[1] - 31.2) * 200.0;
        let mut raster = plane(affine, 100, 100, slope);
        raster.crs = Some("EPSG:4490".into());
        let middle = Transformer::between(4490, 4549).expect("known").transform([121.45, 31.25]).expect("point");
        let frame = LocalFrame::new(4549, middle);
        let terrain = raster.to_terrain(&frame, None, Some(50.0)).expect("known CRS");
        for lonlat in [[121.42, 31.22], [121.45, 31.25], [121.48, 31.29]] {
            let at = frame.from_lonlat(lonlat[0], lonlat[1]).expect("inside");
            let z = terrain.height_m(at[0], at[1]).expect("data");
            assert!((f64::from(z) - slope(lonlat)).abs() < 0.02, "{lonlat:?}: {z} {}", slope(lonlat));
        }
        assert!(terrain.z_m[0].is_nan() || terrain.z_m[terrain.cols - 1].is_nan(), "corners outside have no data");
    }

    #[test]
    fn coarser_cells_are_means() {
        let affine = [0.0, 1.0, 0.0, 40.0, 0.0, -1.0];
        let raster = plane(affine, 40, 40, |p| if (p[0] as i64 + p[1] as i64) % 2 == 0 { 0.0 } else { 1.0 });
        let terrain = raster.to_terrain(&LocalFrame::default(), None, Some(4.0)).expect("no CRS");
        assert_eq!((terrain.cols, terrain.rows), (10, 10));
        assert!(terrain.z_m.iter().all(|z| (z - 0.5).abs() < 0.01), "{:?}", &terrain.z_m[..4]);
    }

    #[test]
    fn rotated_rasters_keep_their_places() {
        let (c, s) = (30_f64.to_radians().cos() * 2.0, 30_f64.to_radians().sin() * 2.0);
        let affine = [1000.0, c, s, 2000.0, s, -c];
        let raster = plane(affine, 50, 60, |p| 0.1 * (p[0] - 1000.0) + 0.2 * (p[1] - 2000.0));
        let terrain = raster.to_terrain(&LocalFrame::default(), None, Some(1.0)).expect("no CRS");
        let p = raster.place(25.0, 30.0);
        let z = terrain.height_m(p[0], p[1]).expect("inside");
        assert!((f64::from(z) - (0.1 * (p[0] - 1000.0) + 0.2 * (p[1] - 2000.0))).abs() < 0.01, "{z}");
    }
}
