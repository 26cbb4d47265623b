//! SRTM height files (`.hgt`, packed or not): big-endian 16-bit metres of one square degree, whose south-west corner is the
//! file's name. 1201 × 1201 heights are 3″ apart, 3601 × 3601 one second; those at the edges stand in the next file, too.
//! (NASA SRTM Collection User Guide, v3.)

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use super::{
    ImportError, Report, Severity,
    gather::{Gather, Window},
    packed,
    placer::heights,
    raster::{MAX_CELLS, SourceRaster},
};

/// No height was measured.
const VOID: i16 = -32_768;
/// Heights along a side: between 10 minutes and half a second apart.
const SIDES: std::ops::RangeInclusive<usize> = 7..=7201;

/// True for a name of such a file, packed or not.
#[must_use]
pub fn is_named(path: &Path) -> bool {
    packed::plain_name(path).ends_with(".hgt")
}

/// Reads a file.
pub fn read_hgt(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let (head, mut report) = look_hgt(path)?;
    let (raster, own) = read_hgt_part(path, Window::whole(head.cols, head.rows))?;
    report.merge(own);
    Ok((raster, report))
}

/// What its name and size say: a raster of which no cell was read.
pub fn look_hgt(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let side = side(bytes(path)?.len()).map_err(|reason| ImportError::new(path, "", reason))?;
    let mut report = Report::default();
    report.count("cols", side);
    report.count("rows", side);
    Ok((head(path, side)?, report))
}

/// Reads a part of a file; of a part with more cells than are held, fewer and coarser ones.
pub fn read_hgt_part(path: &Path, window: Window) -> Result<(SourceRaster, Report), ImportError> {
    let bytes = bytes(path)?;
    let side = side(bytes.len()).map_err(|reason| ImportError::new(path, "", reason))?;
    let head = head(path, side)?;
    let mut gather = Gather::new(window, MAX_CELLS);
    let mut line = Vec::with_capacity(side);
    for (row, cells) in bytes.chunks_exact(2 * side).enumerate() {
        line.clear();
        line.extend(cells.as_chunks::<2>().0.iter().map(|b| match i16::from_be_bytes(*b) {
            VOID => f32::NAN,
            z => f32::from(z),
        }));
        gather.put(0, row, &line);
    }
    let mut report = Report::default();
    if gather.z.iter().all(|z| z.is_nan()) {
        report.note(Severity::Skipped, "data", "no cell has data");
    }
    let affine = gather.affine(head.affine);
    let Gather { cols, rows, z, .. } = gather;
    Ok((SourceRaster { cols, rows, affine, z, ..head }, report))
}

/// All of the file. Its first heights may look like the mark of a text in UTF-16, so that only real packings are undone.
fn bytes(path: &Path) -> Result<Vec<u8>, ImportError> {
    let fail = |e: std::io::Error| ImportError::new(path, "", format!("cannot be read: {e}"));
    let plain = packed::plain_name(path) == packed::name_of(path);
    let file: Box<dyn Read> = if plain {
        Box::new(BufReader::new(File::open(path).map_err(fail)?))
    } else {
        Box::new(packed::open(path).map_err(fail)?)
    };
    let most = 2 * SIDES.end().pow(2) as u64 + 1;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

/// Heights along a side of a file of this many bytes.
fn side(bytes: usize) -> Result<usize, String> {
    let side = (bytes / 2).isqrt();
    if 2 * side * side == bytes && SIDES.contains(&side) {
        return Ok(side);
    }
    Err(format!(
        "has {bytes} bytes, expected 2 x 1201 x 1201 (3 seconds) or 2 x 3601 x 3601 (1 second): cut off or no SRTM"
    ))
}

fn head(path: &Path, side: usize) -> Result<SourceRaster, ImportError> {
    let Some([south, west]) = corner(&packed::plain_name(path)) else {
        let text = "the name tells no place, expected that of the south-west corner such as N30E120.hgt";
        return Err(ImportError::new(path, "name", text));
    };
    let step = 1.0 / (side - 1) as f64;
    Ok(SourceRaster {
        cols: side,
        rows: side,
        affine: [west - step / 2.0, step, 0.0, south + 1.0 + step / 2.0, 0.0, -step],
        epsg: Some(4326),
        crs: Some("EPSG:4326".into()),
        // Heights above the geoid EGM96.
        heights: heights("EPSG:5773").map(|h| h.name),
        nodata: Some(f64::from(VOID)),
        dtype: "int16",
        z: Vec::new(),
    })
}

/// Latitude and longitude of the corner that a name begins with, degrees.
fn corner(name: &str) -> Option<[f64; 2]> {
    let sign = |c: u8, minus: u8, plus: u8| match c.to_ascii_lowercase() {
        c if c == minus => Some(-1.0),
        c if c == plus => Some(1.0),
        _ => None,
    };
    let b = name.as_bytes().get(..7)?;
    let number = |s: &[u8]| s.iter().try_fold(0.0, |n, c| c.is_ascii_digit().then(|| n * 10.0 + f64::from(c - b'0')));
    let south = sign(b[0], b's', b'n')? * number(&b[1..3])?;
    let west = sign(b[3], b'w', b'e')? * number(&b[4..7])?;
    ((-90.0..90.0).contains(&south) && (-180.0..180.0).contains(&west)).then_some([south, west])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, side: usize, z: impl Fn(usize, usize) -> i16) -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = dir.path().join(name);
        let bytes: Vec<u8> = (0..side * side).flat_map(|i| z(i % side, i / side).to_be_bytes()).collect();
        std::fs::write(&path, bytes).expect("written");
        (dir, path)
    }

    #[test]
    fn heights_stand_at_the_corners_of_their_cells() {
        // The first two bytes are those of a text in UTF-16.
        let (_dir, path) =
            file("n30e120.SRTMGL3.hgt", 11, |c, r| if (c, r) == (0, 0) { -2 } else { (r * 100 + c) as i16 });
        assert_eq!(crate::import::detect(&path).expect("known"), crate::import::Format::Hgt);
        let (raster, _) = read_hgt(&path).expect("read");
        assert_eq!((raster.cols, raster.dtype, raster.z[0], raster.z[11 * 3 + 4]), (11, "int16", -2.0, 304.0));
        // Row 0 is the north edge, column 0 the west edge: cell centres lie on them.
        let [x, y] = raster.place(0.5, 0.5);
        assert!((x - 120.0).abs() < 1e-12 && (y - 31.0).abs() < 1e-12, "{x} {y}");
        let [x, y] = raster.place(10.5, 10.5);
        assert!((x - 121.0).abs() < 1e-12 && (y - 30.0).abs() < 1e-12, "{x} {y}");
        assert!(raster.heights.as_deref().is_some_and(|h| h.contains("EGM96")), "{:?}", raster.heights);
        let (part, _) = read_hgt_part(&path, Window { col: 2, row: 3, cols: 2, rows: 2 }).expect("read");
        assert_eq!(part.z, [302.0, 303.0, 402.0, 403.0]);
    }

    #[test]
    fn voids_are_no_data_and_damage_is_told() {
        let (_dir, path) = file("S01W078.hgt", 13, |c, _| if c == 3 { VOID } else { 7 });
        let (raster, _) = read_hgt(&path).expect("read");
        assert_eq!(raster.valid_cells(), 12 * 13);
        assert!((raster.affine[0] + 78.0).abs() < 0.1 && raster.affine[3] < 0.1, "{:?}", raster.affine);
        let whole = std::fs::read(&path).expect("read");
        std::fs::write(&path, &whole[..whole.len() - 5]).expect("written");
        assert!(read_hgt(&path).expect_err("cut").reason.contains("cut off"));
        let (_dir, path) = file("dem.hgt", 13, |_, _| 1);
        assert!(read_hgt(&path).expect_err("no place").reason.contains("south-west"));
    }

    #[test]
    fn names_tell_the_corner() {
        assert_eq!(corner("n44w072.hgt"), Some([44.0, -72.0]));
        assert_eq!(corner("S01E033.SRTMGL1.hgt"), Some([-1.0, 33.0]));
        assert_eq!([corner("n4xw072.hgt"), corner("N91E000.hgt"), corner("n44"), corner("高程高程高程")], [None; 4]);
    }
}
