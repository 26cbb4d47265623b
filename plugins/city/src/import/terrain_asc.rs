//! ESRI ASCII grids (`.asc`, `.asc.gz`): corner or centre origin, square or `dx`/`dy` cells, header in any order.

use std::{fs, io::Read, path::Path};

use flate2::read::MultiGzDecoder;

use super::{
    ImportError, Report, Severity,
    raster::{MAX_CELLS, SourceRaster, sidecar_crs},
};

/// What a file that names no no-data value means by the format's description.
const DEFAULT_NODATA: f64 = -9999.0;

/// Longest text that is unpacked from a gzip.
const MAX_TEXT_BYTES: u64 = 2 << 30;

/// Reads a grid. The CRS comes from a `.prj` beside it or is unknown.
pub fn read_asc(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let fail = |place: String, reason: String| ImportError::new(path, place, reason);
    let bytes = unpacked(fs::read(path).map_err(|e| fail(String::new(), e.to_string()))?)
        .map_err(|reason| fail(String::new(), reason))?;
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
    let mut header = Header::default();
    let mut lines = text.lines().enumerate().peekable();
    while let Some((index, line)) = lines.peek() {
        let mut words = line.split_whitespace();
        let Some(key) = words.next() else {
            lines.next();
            continue;
        };
        if key.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
            break;
        }
        let place = format!("line {}", index + 1);
        let value: f64 = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or_else(|| fail(place.clone(), format!("expected a number after '{}'", shorten(key))))?;
        if !header.set(&key.to_ascii_lowercase(), value) {
            return Err(fail(
                place,
                format!("unknown header field '{}', expected ncols, nrows, xllcorner …", shorten(key)),
            ));
        }
        lines.next();
    }
    let mut report = Report::default();
    let (cols, rows, affine) = header.grid().map_err(|reason| fail("header".into(), reason))?;
    // Two bytes for each value: a short file cannot keep a large promise.
    if cols * rows > bytes.len() / 2 + 1 {
        return Err(fail(
            "header".into(),
            format!("promises {cols} x {rows} cells but the file has only {} bytes", bytes.len()),
        ));
    }
    let nodata = header.nodata.unwrap_or(DEFAULT_NODATA);
    let mut z = Vec::with_capacity(cols * rows);
    let mut integers = true;
    let mut odd = 0_usize;
    'rows: for (index, line) in lines {
        for word in line.split_whitespace() {
            if z.len() == cols * rows {
                report.note(
                    Severity::Skipped,
                    format!("line {}", index + 1),
                    format!("values after the {} that the header promises", cols * rows),
                );
                break 'rows;
            }
            let value = parse(word).ok_or_else(|| {
                fail(format!("line {}", index + 1), format!("expected a number, found '{}'", shorten(word)))
            })?;
            integers &= !word.contains(['.', 'e', 'E', 'n', 'N']);
            if value == nodata || value.is_nan() {
                z.push(f32::NAN);
            } else if value.abs() > 1e30 {
                odd += 1;
                z.push(f32::NAN);
            } else {
                z.push(value as f32);
            }
        }
    }
    if z.len() < cols * rows {
        return Err(fail(
            "data".into(),
            format!("the header promises {cols} x {rows} = {} values, the file has {}", cols * rows, z.len()),
        ));
    }
    if odd > 0 {
        report.note(Severity::Repaired, "data", format!("{odd} values beyond 1e30 taken as no data"));
    }
    let (crs, epsg) = sidecar_crs(path).map_or((None, None), |(crs, epsg)| (Some(crs), epsg));
    let dtype = if integers { "int32" } else { "float32" };
    let raster = SourceRaster { cols, rows, affine, epsg, crs, nodata: header.nodata, dtype, heights: None, z };
    report.count("cols", cols);
    report.count("rows", rows);
    Ok((raster, report))
}

/// The text, out of its gzip when it is in one.
fn unpacked(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    let most = MAX_TEXT_BYTES + 1;
    MultiGzDecoder::new(&bytes[..])
        .take(most)
        .read_to_end(&mut text)
        .map_err(|e| format!("the gzip cannot be unpacked: {e}"))?;
    if text.len() as u64 == most { Err(format!("more than {MAX_TEXT_BYTES} bytes when unpacked")) } else { Ok(text) }
}

fn parse(word: &str) -> Option<f64> {
    // Some writers use a decimal comma.
    word.parse().ok().or_else(|| word.replace(',', ".").parse().ok())
}

fn shorten(word: &str) -> String {
    word.chars().take(40).collect()
}

#[derive(Default)]
struct Header {
    cols: Option<f64>,
    rows: Option<f64>,
    x: Option<(f64, bool)>,
    y: Option<(f64, bool)>,
    dx: Option<f64>,
    dy: Option<f64>,
    nodata: Option<f64>,
}

impl Header {
    /// False for an unknown field.
    fn set(&mut self, key: &str, value: f64) -> bool {
        match key {
            "ncols" => self.cols = Some(value),
            "nrows" => self.rows = Some(value),
            "xllcorner" => self.x = Some((value, false)),
            "yllcorner" => self.y = Some((value, false)),
            "xllcenter" | "xllcentre" => self.x = Some((value, true)),
            "yllcenter" | "yllcentre" => self.y = Some((value, true)),
            "cellsize" => (self.dx, self.dy) = (Some(value), Some(value)),
            "dx" | "xdim" => self.dx = Some(value),
            "dy" | "ydim" => self.dy = Some(value),
            "nodata_value" | "nodata" => self.nodata = Some(value),
            _ => return false,
        }
        true
    }

    fn grid(&self) -> Result<(usize, usize, [f64; 6]), String> {
        let count = |name: &str, value: Option<f64>| match value {
            None => Err(format!("{name} is missing")),
            Some(n) if n >= 1.0 && n.fract() == 0.0 && n <= MAX_CELLS as f64 => Ok(n as usize),
            Some(n) => Err(format!("{name} is {n}, expected a whole number from 1 to {MAX_CELLS}")),
        };
        let (cols, rows) = (count("ncols", self.cols)?, count("nrows", self.rows)?);
        if cols.checked_mul(rows).is_none_or(|n| n > MAX_CELLS) {
            return Err(format!("{cols} x {rows} cells are more than {MAX_CELLS}"));
        }
        let side = |name: &str, value: Option<f64>| match value {
            None => Err(format!("{name} is missing")),
            Some(d) if d.is_finite() && d > 0.0 => Ok(d),
            Some(d) => Err(format!("{name} is {d}, expected a positive number")),
        };
        let (dx, dy) = (side("cellsize", self.dx)?, side("cellsize", self.dy)?);
        let origin = |name: &str, value: Option<(f64, bool)>, cell: f64| match value {
            None => Err(format!("{name}llcorner or {name}llcenter is missing")),
            Some((v, _)) if !v.is_finite() => Err(format!("{name}llcorner is {v}")),
            Some((v, centre)) => Ok(if centre { v - cell / 2.0 } else { v }),
        };
        let (west, south) = (origin("x", self.x, dx)?, origin("y", self.y, dy)?);
        Ok((cols, rows, [west, dx, 0.0, south + rows as f64 * dy, 0.0, -dy]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(SourceRaster, Report), ImportError> {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("t.asc");
        fs::write(&path, text).expect("written");
        read_asc(&path)
    }

    #[test]
    fn centre_origin_is_half_a_cell_off() {
        let corner = read("ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n1 2\n").expect("good").0;
        let centre = read("NCOLS 2\nNROWS 1\nXLLCENTER 5\nYLLCENTER 5\nCELLSIZE 10\n1 2\n").expect("good").0;
        assert_eq!(corner, centre);
        assert_eq!(corner.extent(), [0.0, 0.0, 1.0, 20.0, 10.0, 2.0]);
    }

    #[test]
    fn a_gzip_is_the_same_grid() {
        let text = "ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n1 2\n";
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("t.asc.gz");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut packed, text.as_bytes()).expect("packed");
        let packed = packed.finish().expect("packed");
        fs::write(&path, &packed).expect("written");
        assert_eq!(read_asc(&path).expect("read").0, read(text).expect("good").0);
        fs::write(&path, &packed[..packed.len() - 9]).expect("written");
        assert!(read_asc(&path).expect_err("cut").reason.contains("cannot be unpacked"));
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, place, reason) in [
            ("", "header", "ncols is missing"),
            ("ncols 2\nnrows x\n", "line 2", "expected a number after 'nrows'"),
            ("ncols 2\nfoo 3\n", "line 2", "unknown header field 'foo'"),
            ("ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 0\n1 2", "header", "positive"),
            ("ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2 3\n", "data", "the file has 3"),
            ("ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 zwei\n", "line 6", "found 'zwei'"),
            ("ncols 9e7\nnrows 9e7\nxllcorner 0\nyllcorner 0\ncellsize 1\n1\n", "header", "more than"),
            ("ncols 9000\nnrows 9000\nxllcorner 0\nyllcorner 0\ncellsize 1\n1\n", "header", "only"),
            ("ncols -3\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n1\n", "header", "whole number"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.place == place && error.reason.contains(reason), "{text:?}: {error}");
        }
        let (raster, report) =
            read("ncols 1\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 1\n-9999 7\n").expect("usable");
        assert!(raster.z[0].is_nan(), "-9999 is no data by default");
        assert_eq!(report.problems.len(), 1);
    }
}
