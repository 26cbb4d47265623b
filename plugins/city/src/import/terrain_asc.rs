//! ESRI ASCII grids (`.asc`, packed or not): corner or centre origin, square or `dx`/`dy` cells, header in any order. Read
//! word by word: only the cells that are wanted are held.

use std::{
    fs,
    io::{BufRead, ErrorKind},
    path::Path,
};

use super::{
    ImportError, Report, Severity,
    gather::{Gather, Window},
    packed,
    raster::{MAX_CELLS, SourceRaster, sidecar_crs},
};

/// What a file that names no no-data value means by the format's description.
const DEFAULT_NODATA: f64 = -9999.0;
/// Cells of a file at most; more than are held are made fewer while they are read.
const MOST_CELLS: usize = 20_000_000_000;
/// Longest word, bytes.
const MAX_WORD: usize = 256;

/// Reads a grid. The CRS comes from a `.prj` beside it or is unknown.
pub fn read_asc(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let (head, mut report) = look_asc(path)?;
    let (raster, own) = read_asc_part(path, Window::whole(head.cols, head.rows))?;
    report.merge(own);
    Ok((raster, report))
}

/// What the header says: a raster of which no cell was read.
pub fn look_asc(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let (head, _) = opened(path)?;
    let mut report = Report::default();
    report.count("cols", head.cols);
    report.count("rows", head.rows);
    Ok((head, report))
}

/// Reads a part of a grid; of a part with more cells than are held, fewer and coarser ones.
pub fn read_asc_part(path: &Path, window: Window) -> Result<(SourceRaster, Report), ImportError> {
    let fail = |place: String, reason: String| ImportError::new(path, place, reason);
    let (head, mut words) = opened(path)?;
    let (cols, rows) = (head.cols, head.rows);
    let whole = window == Window::whole(cols, rows);
    let nodata = head.nodata.unwrap_or(DEFAULT_NODATA);
    let mut report = Report::default();
    let mut gather = Gather::new(window, MAX_CELLS);
    let mut line = vec![f32::NAN; cols];
    let (mut integers, mut odd) = (true, 0_usize);
    for row in 0..window.row + window.rows {
        for (col, cell) in line.iter_mut().enumerate() {
            let Some(word) = words.next().map_err(|(at, why)| fail(at, why))? else {
                let has = row * cols + col;
                let text = format!("the header promises {cols} x {rows} = {} values, the file has {has}", cols * rows);
                return Err(fail("data".into(), text));
            };
            if row < window.row {
                continue;
            }
            let Some(value) = parse(word) else {
                let text = format!("expected a number, found '{}'", shorten(word));
                return Err(fail(words.place(), text));
            };
            integers &= !word.contains(['.', ',', 'e', 'E', 'n', 'N']);
            odd += usize::from(value != nodata && value.abs() > 1e30);
            *cell = if value == nodata || value.is_nan() || value.abs() > 1e30 { f32::NAN } else { value as f32 };
        }
        gather.put(0, row, &line);
    }
    if whole && words.next().map_err(|(at, why)| fail(at, why))?.is_some() {
        let text = format!("values after the {} that the header promises", cols * rows);
        report.note(Severity::Skipped, words.place(), text);
    }
    if odd > 0 {
        report.note(Severity::Repaired, "data", format!("{odd} values beyond 1e30 taken as no data"));
    }
    if gather.z.len() < window.cells() {
        let (kept_cols, kept_rows) = (gather.cols, gather.rows);
        let text =
            format!("{cols} x {rows} cells are more than are held; {kept_cols} x {kept_rows} coarser ones are used");
        report.note(Severity::Guessed, "data", text);
    }
    if gather.z.iter().all(|z| z.is_nan()) {
        report.note(Severity::Skipped, "data", "no cell has data");
    }
    let dtype = if integers { "int32" } else { "float32" };
    let affine = gather.affine(head.affine);
    let Gather { cols, rows, z, .. } = gather;
    Ok((SourceRaster { cols, rows, affine, dtype, z, ..head }, report))
}

/// The header, and the file from its first value on.
fn opened(path: &Path) -> Result<(SourceRaster, Words), ImportError> {
    let fail = |place: String, reason: String| ImportError::new(path, place, reason);
    let unread = |e: std::io::Error| ImportError::new(path, "", e.to_string());
    let bytes = fs::metadata(path).map_err(unread)?.len();
    let mut words = Words::new(packed::open(path).map_err(unread)?);
    let mut header = Header::default();
    while let Some(word) = words.next().map_err(|(at, why)| fail(at, why))? {
        if parse(word).is_some() {
            words.again = true;
            break;
        }
        let (key, place) = (word.to_owned(), words.place());
        let value = loop {
            match words.next().map_err(|(at, why)| fail(at, why))? {
                Some("=" | ":") => {}
                other => break other.and_then(parse),
            }
        };
        let Some(value) = value else {
            return Err(fail(place, format!("expected a number after '{}'", shorten(&key))));
        };
        if !header.set(&key.trim_end_matches(['=', ':']).to_ascii_lowercase(), value) {
            let text = format!("unknown header field '{}', expected ncols, nrows, xllcorner …", shorten(&key));
            return Err(fail(place, text));
        }
    }
    let (cols, rows, affine) = header.grid().map_err(|reason| fail("header".into(), reason))?;
    // Two bytes for each value, packed a thousand to one: a short file cannot keep a large promise.
    let most = if packed::is_packed(path) { bytes.saturating_mul(1_100) } else { bytes };
    if (cols * rows) as u64 > most / 2 + 1 {
        let text = format!("promises {cols} x {rows} cells but the file has only {bytes} bytes");
        return Err(fail("header".into(), text));
    }
    let (crs, epsg) = sidecar_crs(path).map_or((None, None), |(crs, epsg)| (Some(crs), epsg));
    let nodata = header.nodata;
    let head = SourceRaster { cols, rows, affine, epsg, crs, nodata, ..SourceRaster::default() };
    Ok((head, words))
}

/// The words of a text, one at a time.
struct Words {
    reader: Box<dyn BufRead + Send>,
    word: Vec<u8>,
    /// Line of the word at hand.
    line: usize,
    /// The word at hand is to be taken once more.
    again: bool,
    /// The line ended behind the word at hand.
    ended: bool,
}

impl Words {
    fn new(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, word: Vec::new(), line: 1, again: false, ended: false }
    }

    fn place(&self) -> String {
        format!("line {}", self.line)
    }

    fn next(&mut self) -> Result<Option<&str>, (String, String)> {
        if !std::mem::take(&mut self.again) {
            self.line += usize::from(std::mem::take(&mut self.ended));
            self.word.clear();
            loop {
                let buffer = match self.reader.fill_buf() {
                    Ok(buffer) => buffer,
                    Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                    Err(e) => return Err((self.place(), format!("cannot be read: {e}"))),
                };
                if buffer.is_empty() {
                    break;
                }
                let mut used = 0;
                let mut done = false;
                for byte in buffer {
                    used += 1;
                    if !byte.is_ascii_whitespace() {
                        self.word.push(*byte);
                    } else if self.word.is_empty() {
                        self.line += usize::from(*byte == b'\n');
                    } else {
                        (self.ended, done) = (*byte == b'\n', true);
                        break;
                    }
                }
                self.reader.consume(used);
                if self.word.starts_with(b"\xef\xbb\xbf") {
                    self.word.drain(..3);
                }
                if self.word.len() > MAX_WORD {
                    return Err((self.place(), format!("a word of more than {MAX_WORD} bytes, expected numbers")));
                }
                if done && !self.word.is_empty() {
                    break;
                }
            }
        }
        if self.word.is_empty() {
            return Ok(None);
        }
        // Odd bytes are no number either way.
        Ok(Some(std::str::from_utf8(&self.word).unwrap_or("\u{fffd}")))
    }
}

/// A number, also one with a decimal comma.
fn parse(word: &str) -> Option<f64> {
    word.parse().ok().or_else(|| word.contains(',').then(|| word.replace(',', ".").parse().ok())?)
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
            Some(n) if n >= 1.0 && n.fract() == 0.0 && n <= MOST_CELLS as f64 => Ok(n as usize),
            Some(n) => Err(format!("{name} is {n}, expected a whole number from 1 to {MOST_CELLS}")),
        };
        let (cols, rows) = (count("ncols", self.cols)?, count("nrows", self.rows)?);
        if cols.checked_mul(rows).is_none_or(|n| n > MOST_CELLS) {
            return Err(format!("{cols} x {rows} cells are more than {MOST_CELLS}"));
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
        assert!(read_asc(&path).expect_err("cut").reason.contains("cannot be read"));
    }

    #[test]
    fn commas_signs_and_parts() {
        let text =
            "ncols = 3\rnrows = 2\rxllcorner 0,5\ryllcorner 0\rcellsize 10,0\rnodata_value -1,5\r1,25 2 3\r4 -1,5 6\r";
        let (raster, report) = read(text).expect("good");
        assert_eq!((raster.affine[0], raster.nodata, raster.z[0], raster.dtype), (0.5, Some(-1.5), 1.25, "float32"));
        assert!(raster.z[4].is_nan() && report.problems.is_empty(), "{report:?}");
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join("t.asc");
        fs::write(&path, text).expect("written");
        let (part, _) = read_asc_part(&path, Window { col: 1, row: 0, cols: 2, rows: 1 }).expect("read");
        assert_eq!((part.z.as_slice(), part.place(0.0, 0.0)), (&[2.0, 3.0][..], raster.place(1.0, 0.0)));
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
        assert_eq!(report.problems.len(), 2, "a value too many, and no cell has data: {report:?}");
    }
}
