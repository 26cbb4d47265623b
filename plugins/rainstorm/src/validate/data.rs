//! Reading the reference files.

use std::path::Path;

/// A raster, rows from the south.
pub(super) struct Raster {
    pub cols: usize,
    pub rows: usize,
    pub west_m: f64,
    pub south_m: f64,
    pub cell_m: f64,
    pub values: Vec<f32>,
}

/// An ESRI ASCII grid; no-data cells are not numbers.
pub(super) fn ascii_grid(path: &Path) -> Option<Raster> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut header = std::collections::BTreeMap::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.peek() {
        let mut words = line.split_whitespace();
        let (Some(key), Some(value), None) = (words.next(), words.next(), words.next()) else { break };
        if key.parse::<f64>().is_ok() {
            break;
        }
        header.insert(key.to_ascii_lowercase(), value.parse::<f64>().ok()?);
        lines.next();
    }
    let get = |key: &str| header.get(key).copied();
    let (cols, rows) = (get("ncols")? as usize, get("nrows")? as usize);
    let nodata = get("nodata_value").unwrap_or(-9999.0) as f32;
    let read: Vec<f32> = lines.flat_map(str::split_whitespace).filter_map(|v| v.parse().ok()).collect();
    if read.len() != cols * rows {
        return None;
    }
    let values = read.chunks(cols).rev().flatten().map(|v| if *v == nodata { f32::NAN } else { *v }).collect();
    let (west_m, south_m) = (get("xllcorner").unwrap_or(0.0), get("yllcorner").unwrap_or(0.0));
    Some(Raster { cols, rows, west_m, south_m, cell_m: get("cellsize")?, values })
}

/// Numbers of a file, line by line, separated by commas; lines without any are left out.
pub(super) fn table(path: &Path) -> Option<Vec<Vec<f64>>> {
    let text = std::fs::read_to_string(path).ok()?;
    let row = |l: &str| l.split(',').filter_map(|v| v.trim().parse().ok()).collect::<Vec<f64>>();
    Some(text.lines().map(row).filter(|r| !r.is_empty()).collect())
}

/// Even-odd rule.
pub(super) fn inside(ring: &[Vec<f64>], x: f64, y: f64) -> bool {
    let mut odd = false;
    for (k, a) in ring.iter().enumerate() {
        let b = &ring[(k + 1) % ring.len()];
        if (a[1] <= y) != (b[1] <= y) && x < a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) {
            odd = !odd;
        }
    }
    odd
}
