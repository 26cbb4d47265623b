//! Cloud-Optimized GeoTIFF: tiles, overviews, all directories before all data, smallest overview first.
//!
//! After the rules GDAL checks (`validate_cloud_optimized_geotiff.py`): the main directory at byte 8,
//! overviews after it from large to small, tile data from the smallest overview to the full resolution.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use flate2::{Compression, write::ZlibEncoder};
use guanlan_city::export_tiff::RasterPlace;

/// Cells along the side of a tile.
const TILE: usize = 256;
/// Largest classic TIFF, bytes.
const MOST_BYTES: u64 = u32::MAX as u64;

/// How an overview is made of four cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resample {
    /// Mean of the cells with data.
    Mean,
    /// Highest of the cells with data: classes and maxima keep their peaks.
    Max,
    /// Lowest of the cells with data: arrival times keep the first.
    Min,
}

/// What a raster is, for whoever opens it.
#[derive(Clone, Debug, PartialEq)]
pub struct Band<'a> {
    /// What is in it, in words.
    pub description: &'a str,
    /// Unit.
    pub unit: &'a str,
    /// How overviews are made.
    pub resample: Resample,
    /// Key and value pairs of GDAL metadata: resolution, inputs, error, mode.
    pub facts: &'a [(&'a str, String)],
}

struct Level {
    cols: usize,
    rows: usize,
    tiles: Vec<Vec<u8>>,
}

impl Level {
    fn across(&self) -> usize {
        self.cols.div_ceil(TILE)
    }
}

/// Writes one band of 32-bit floats, rows from north to south; NaN becomes the no-data value. The file appears
/// whole or not at all.
///
/// # Errors
/// When the numbers make no raster, or the file cannot be written.
pub fn write_cog(path: &Path, place: &RasterPlace, band: &Band<'_>, values: &[f32]) -> io::Result<()> {
    let bad = |text: String| io::Error::new(io::ErrorKind::InvalidInput, text);
    if place.cols == 0 || place.rows == 0 || place.cols.checked_mul(place.rows) != Some(values.len()) {
        return Err(bad(format!("{} values do not make {} columns x {} rows", values.len(), place.cols, place.rows)));
    }
    if !(place.cell.is_finite() && place.cell > 0.0 && place.west.is_finite() && place.north.is_finite()) {
        return Err(bad(format!("cell {} at ({}, {}) is no place", place.cell, place.west, place.north)));
    }
    let epsg = u16::try_from(place.epsg).map_err(|_| bad(format!("EPSG:{} does not fit a GeoTIFF key", place.epsg)))?;
    let mut levels = Vec::new();
    let (mut cols, mut rows, mut cells) = (place.cols, place.rows, std::borrow::Cow::Borrowed(values));
    loop {
        levels.push(Level { cols, rows, tiles: tiles(&cells, cols, rows, place.nodata)? });
        if cols <= TILE && rows <= TILE {
            break;
        }
        cells = std::borrow::Cow::Owned(halved(&cells, cols, rows, band.resample));
        (cols, rows) = (cols.div_ceil(2), rows.div_ceil(2));
    }
    let directories: Vec<Directory> =
        levels.iter().enumerate().map(|(k, level)| Directory::of(level, k > 0, place, epsg, band)).collect();
    // Layout: header, directories with their long values, then data from the smallest level on.
    let mut offset = 8_u64;
    let mut starts = Vec::new();
    for d in &directories {
        starts.push(offset);
        offset += d.bytes();
    }
    let mut tile_offsets: Vec<Vec<u32>> = vec![Vec::new(); levels.len()];
    for k in (0..levels.len()).rev() {
        for tile in &levels[k].tiles {
            tile_offsets[k].push(u32::try_from(offset).map_err(|_| bad("more than 4 GiB of data".into()))?);
            offset += tile.len() as u64 + (tile.len() as u64 & 1);
        }
    }
    if offset > MOST_BYTES {
        return Err(bad("more than 4 GiB of data".into()));
    }
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = shared_temp(folder)?;
    {
        let mut out = BufWriter::new(file.as_file_mut());
        out.write_all(b"II\x2a\x00\x08\x00\x00\x00")?;
        for (k, d) in directories.iter().enumerate() {
            let next = starts.get(k + 1).copied().unwrap_or(0);
            out.write_all(&d.encode(starts[k], next, &tile_offsets[k], &levels[k]))?;
        }
        for level in levels.iter().rev() {
            for tile in &level.tiles {
                out.write_all(tile)?;
                out.write_all(&[0][..tile.len() & 1])?;
            }
        }
        out.flush()?;
    }
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}

/// A temporary file others may read, as far as the user's umask lets them.
fn shared_temp(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Compressed tiles, row by row; cells beyond the edge hold no data.
fn tiles(cells: &[f32], cols: usize, rows: usize, nodata: f32) -> io::Result<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    let mut plain = Vec::with_capacity(TILE * TILE * 4);
    for tile_row in 0..rows.div_ceil(TILE) {
        for tile_col in 0..cols.div_ceil(TILE) {
            plain.clear();
            for r in tile_row * TILE..(tile_row + 1) * TILE {
                for c in tile_col * TILE..(tile_col + 1) * TILE {
                    let v = if r < rows && c < cols { cells[r * cols + c] } else { f32::NAN };
                    plain.extend_from_slice(&if v.is_nan() { nodata } else { v }.to_le_bytes());
                }
            }
            let mut zip = ZlibEncoder::new(Vec::new(), Compression::new(4));
            zip.write_all(&plain)?;
            out.push(zip.finish()?);
        }
    }
    Ok(out)
}

fn halved(cells: &[f32], cols: usize, rows: usize, how: Resample) -> Vec<f32> {
    let (w, h) = (cols.div_ceil(2), rows.div_ceil(2));
    let mut out = Vec::with_capacity(w * h);
    for r in 0..h {
        for c in 0..w {
            let (mut sum, mut n, mut high, mut low) = (0.0_f32, 0.0_f32, f32::NEG_INFINITY, f32::INFINITY);
            for (dr, dc) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let (y, x) = (2 * r + dr, 2 * c + dc);
                if y < rows && x < cols && !cells[y * cols + x].is_nan() {
                    let v = cells[y * cols + x];
                    (sum, n, high, low) = (sum + v, n + 1.0, high.max(v), low.min(v));
                }
            }
            out.push(match how {
                _ if n == 0.0 => f32::NAN,
                Resample::Mean => sum / n,
                Resample::Max => high,
                Resample::Min => low,
            });
        }
    }
    out
}

/// Kind of a tag's values.
const SHORT: u16 = 3;
const LONG: u16 = 4;
const ASCII: u16 = 2;
const DOUBLE: u16 = 12;

struct Entry {
    tag: u16,
    kind: u16,
    count: u32,
    /// Little-endian; empty for the tile tables, which are filled in when offsets are known.
    bytes: Vec<u8>,
}

struct Directory {
    entries: Vec<Entry>,
}

const TILE_OFFSETS: u16 = 324;
const TILE_BYTES: u16 = 325;

impl Directory {
    fn of(level: &Level, overview: bool, place: &RasterPlace, epsg: u16, band: &Band<'_>) -> Self {
        let short = |tag, v: u16| Entry { tag, kind: SHORT, count: 1, bytes: v.to_le_bytes().to_vec() };
        let long = |tag, v: u32| Entry { tag, kind: LONG, count: 1, bytes: v.to_le_bytes().to_vec() };
        let text = |tag, s: &str| {
            let mut bytes = s.as_bytes().to_vec();
            bytes.push(0);
            Entry { tag, kind: ASCII, count: bytes.len() as u32, bytes }
        };
        let doubles = |tag, v: &[f64]| Entry {
            tag,
            kind: DOUBLE,
            count: v.len() as u32,
            bytes: v.iter().flat_map(|v| v.to_le_bytes()).collect(),
        };
        let tiles = level.tiles.len() as u32;
        let mut entries = vec![
            long(254, u32::from(overview)),
            long(256, level.cols as u32),
            long(257, level.rows as u32),
            short(258, 32),
            short(259, 8),
            short(262, 1),
        ];
        if !overview {
            entries.push(text(270, band.description));
        }
        entries.push(short(277, 1));
        entries.push(short(284, 1));
        entries.push(short(322, TILE as u16));
        entries.push(short(323, TILE as u16));
        entries.push(Entry { tag: TILE_OFFSETS, kind: LONG, count: tiles, bytes: Vec::new() });
        entries.push(Entry { tag: TILE_BYTES, kind: LONG, count: tiles, bytes: Vec::new() });
        entries.push(short(339, 3));
        if !overview {
            entries.push(doubles(33550, &[place.cell, place.cell, 0.0]));
            entries.push(doubles(33922, &[0.0, 0.0, 0.0, place.west, place.north, 0.0]));
            // GTRasterType 1 = pixel is area; GTModelType 1 = projected; 3072 = the projected CRS.
            let keys: Vec<u16> = if epsg == 0 {
                vec![1, 1, 0, 1, 1025, 0, 1, 1]
            } else {
                vec![1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, epsg]
            };
            let bytes = keys.iter().flat_map(|v| v.to_le_bytes()).collect();
            entries.push(Entry { tag: 34735, kind: SHORT, count: keys.len() as u32, bytes });
            entries.push(text(42112, &metadata(band)));
        }
        entries.push(text(42113, &place.nodata.to_string()));
        Self { entries }
    }

    fn size_of(entry: &Entry) -> u64 {
        if entry.bytes.is_empty() { u64::from(entry.count) * 4 } else { entry.bytes.len() as u64 }
    }

    /// Bytes of the directory and its long values.
    fn bytes(&self) -> u64 {
        let long: u64 = self.entries.iter().map(Self::size_of).filter(|n| *n > 4).map(|n| n + (n & 1)).sum();
        2 + 12 * self.entries.len() as u64 + 4 + long
    }

    fn encode(&self, start: u64, next: u64, tile_offsets: &[u32], level: &Level) -> Vec<u8> {
        let mut head = (self.entries.len() as u16).to_le_bytes().to_vec();
        let mut tail: Vec<u8> = Vec::new();
        let tail_at = start + 2 + 12 * self.entries.len() as u64 + 4;
        for entry in &self.entries {
            let table = match entry.tag {
                TILE_OFFSETS => tile_offsets.iter().flat_map(|v| v.to_le_bytes()).collect(),
                TILE_BYTES => level.tiles.iter().flat_map(|t| (t.len() as u32).to_le_bytes()).collect(),
                _ => Vec::new(),
            };
            let bytes = if entry.bytes.is_empty() { &table } else { &entry.bytes };
            head.extend(entry.tag.to_le_bytes());
            head.extend(entry.kind.to_le_bytes());
            head.extend(entry.count.to_le_bytes());
            if bytes.len() <= 4 {
                let mut value = [0_u8; 4];
                value[..bytes.len()].copy_from_slice(bytes);
                head.extend(value);
            } else {
                head.extend(((tail_at + tail.len() as u64) as u32).to_le_bytes());
                tail.extend(bytes);
                tail.extend(&[0][..bytes.len() & 1]);
            }
        }
        head.extend((next as u32).to_le_bytes());
        head.extend(tail);
        debug_assert_eq!((head.len() as u64, level.across() > 0), (self.bytes(), true));
        head
    }
}

fn metadata(band: &Band<'_>) -> String {
    let escape = |s: &str| s.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut out = String::from("<GDALMetadata>\n");
    for (key, value) in band.facts {
        out += &format!("<Item name=\"{}\">{}</Item>\n", escape(key), escape(value));
    }
    let item = |role: &str, name: &str, v: &str| {
        format!("<Item name=\"{name}\" sample=\"0\" role=\"{role}\">{}</Item>\n", escape(v))
    };
    out += &item("description", "DESCRIPTION", band.description);
    out += &item("unittype", "UNITTYPE", band.unit);
    out + "</GDALMetadata>"
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::import::terrain_tiff::read_tiff;

    fn u16_at(b: &[u8], i: usize) -> u32 {
        u32::from(u16::from_le_bytes([b[i], b[i + 1]]))
    }

    fn u32_at(b: &[u8], i: usize) -> u32 {
        u32::from_le_bytes([b[i], b[i + 1], b[i + 2], b[i + 3]])
    }

    /// `(width, height, subfile type, offset of the first tile)` of every directory, with its own offset.
    fn directories(b: &[u8]) -> Vec<(u32, [u32; 4])> {
        let mut out = Vec::new();
        let mut at = u32_at(b, 4);
        while at != 0 {
            let n = u16_at(b, at as usize) as usize;
            let mut facts = [0; 4];
            for k in 0..n {
                let e = at as usize + 2 + 12 * k;
                let value = if u16_at(b, e + 2) == 3 { u16_at(b, e + 8) } else { u32_at(b, e + 8) };
                match u16_at(b, e) {
                    256 => facts[0] = value,
                    257 => facts[1] = value,
                    254 => facts[2] = value,
                    324 => facts[3] = if u32_at(b, e + 4) > 1 { u32_at(b, value as usize) } else { value },
                    _ => {}
                }
            }
            out.push((at, facts));
            at = u32_at(b, at as usize + 2 + 12 * n);
        }
        out
    }

    #[test]
    fn is_laid_out_as_gdal_asks_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("depth.tif");
        let (cols, rows) = (700, 530);
        let values: Vec<f32> =
            (0..cols * rows).map(|k| if k % 97 == 0 { f32::NAN } else { (k % 251) as f32 * 0.01 }).collect();
        let place =
            RasterPlace { cols, rows, west: 465_000.5, north: 4_422_500.0, cell: 2.0, epsg: 4549, nodata: -9999.0 };
        let facts = [("MODE", "batch <est>".to_owned())];
        let band = Band { description: "depth 水深", unit: "m", resample: Resample::Max, facts: &facts };
        write_cog(&path, &place, &band, &values).unwrap();
        let (raster, report) = read_tiff(&path).unwrap();
        assert!(report.problems.is_empty(), "{report:?}");
        assert_eq!((raster.cols, raster.rows, raster.epsg, raster.nodata), (700, 530, Some(4549), Some(-9999.0)));
        assert_eq!(raster.affine, [465_000.5, 2.0, 0.0, 4_422_500.0, 0.0, -2.0]);
        assert!(raster.z.iter().zip(&values).all(|(a, b)| a == b || (a.is_nan() && b.is_nan())));
        // The rules of the validator.
        let bytes = std::fs::read(&path).unwrap();
        let all = directories(&bytes);
        assert_eq!(all.iter().map(|d| [d.1[0], d.1[1]]).collect::<Vec<_>>(), [[700, 530], [350, 265], [175, 133]]);
        assert_eq!(all[0].0, 8, "the main directory comes first");
        assert!(all.windows(2).all(|w| w[0].0 < w[1].0), "directories in order");
        assert!(all.windows(2).all(|w| w[0].1[3] > w[1].1[3]), "data from the smallest overview on");
        assert!(all.iter().all(|d| d.1[3] > all[2].0), "directories before data");
        assert_eq!(all.iter().map(|d| d.1[2]).collect::<Vec<_>>(), [0, 1, 1]);
        assert!(String::from_utf8_lossy(&bytes).contains("batch &lt;est&gt;"));
        // Overviews keep peaks.
        let mut tif = tiff::decoder::Decoder::new(std::fs::File::open(&path).unwrap()).unwrap();
        tif.next_image().unwrap();
        let tiff::decoder::DecodingResult::F32(half) = tif.read_image().unwrap() else { panic!("not f32") };
        let block = [values[1], values[0], values[700], values[701]];
        assert_eq!(half[0], block.into_iter().filter(|v| !v.is_nan()).fold(0.0, f32::max));
        assert!(write_cog(&path, &RasterPlace { cols: 3, ..place }, &band, &values).is_err());
        assert!(write_cog(&path, &RasterPlace { epsg: 70_000, ..place }, &band, &values).is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no leftovers");
    }
}
