//! GeoTIFF terrain: one band of any integer or float type, strips or tiles, with or without CRS.

mod lerc;
mod meaning;
mod place;
mod raw;

#[cfg(test)]
mod tests;

use std::{fs::File, io::BufReader, path::Path};

use tiff::{
    ColorType,
    decoder::{Decoder, Limits},
    tags::Tag,
};

use super::{
    ImportError, Report, Severity,
    gather::{Gather, Window},
    geokeys::GeoKeys,
    raster::{MAX_CELLS, SourceRaster, sidecar_crs},
};
use meaning::{Scale, heights, nodata, restored};
use raw::Raw;

type Tiff = Decoder<BufReader<File>>;

/// Cells of a file at most; more than are held are made fewer while they are read.
const MOST_CELLS: usize = 20_000_000_000;
/// Largest strip or tile, bytes.
const MAX_CHUNK: usize = 512 << 20;
/// Most cells of a mask; one takes a bit.
const MAX_MASK_CELLS: usize = 800_000_000;

/// Reads the first image of a GeoTIFF as heights.
pub fn read_tiff(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let (head, mut report) = look_tiff(path)?;
    let (raster, own) = read_tiff_part(path, Window::whole(head.cols, head.rows))?;
    report.merge(own);
    Ok((raster, report))
}

/// What the tags of a GeoTIFF say: a raster of which no cell was read.
pub fn look_tiff(path: &Path) -> Result<(SourceRaster, Report), ImportError> {
    let file = Opened::new(path)?;
    Ok((file.head, file.report))
}

/// Reads a part of a GeoTIFF; of a part with more cells than are held, fewer and coarser ones.
pub fn read_tiff_part(path: &Path, window: Window) -> Result<(SourceRaster, Report), ImportError> {
    let fail = |place: &str, reason: String| ImportError::new(path, place, reason);
    let Opened { mut tiff, head, scale, samples, .. } = Opened::new(path)?;
    let mut report = Report::default();
    let (cols, rows) = (head.cols, head.rows);
    let small = if window.cells() > MAX_CELLS { overview(&mut tiff, cols, rows) } else { None };
    let (window, mut affine) = match small {
        // A coarse cell covers as much in both directions, whatever is left over at the edge.
        Some((own_cols, own_rows)) => {
            let (x, y) = (cols as f64 / own_cols as f64, rows as f64 / own_rows as f64);
            let a = head.affine;
            (Window::whole(own_cols, own_rows), [a[0], a[1] * x, a[2] * y, a[3], a[4] * x, a[5] * y])
        }
        None => (window, head.affine),
    };
    let (own_cols, own_rows) = small.unwrap_or((cols, rows));
    let mask = if small.is_none() { mask(&mut tiff, cols, rows, &mut report) } else { None };
    let cells = Cells { cols: own_cols, rows: own_rows, samples, nodata: head.nodata, mask };
    let (dtype, mut gathered) = cells.read(&mut tiff, window, MAX_CELLS).map_err(|why| fail("image data", why))?;
    affine = gathered.affine(affine);
    if gathered.z.len() < window.cells() || small.is_some() {
        let (kept_cols, kept_rows) = (gathered.cols, gathered.rows);
        let text =
            format!("{cols} x {rows} cells are more than are held; {kept_cols} x {kept_rows} coarser ones are used");
        report.note(Severity::Guessed, "image data", text);
    }
    scale.apply(&mut gathered.z, &mut report);
    let Gather { cols, rows, z, .. } = gathered;
    Ok((SourceRaster { cols, rows, affine, dtype, z, ..head }, report))
}

/// A file of which the tags were read.
struct Opened {
    tiff: Tiff,
    /// Without cells.
    head: SourceRaster,
    scale: Scale,
    /// Samples that follow one another for each cell.
    samples: usize,
    report: Report,
}

impl Opened {
    fn new(path: &Path) -> Result<Self, ImportError> {
        let fail = |place: &str, reason: String| ImportError::new(path, place, reason);
        let file = File::open(path).map_err(|e| fail("", e.to_string()))?;
        let bytes = file.metadata().map_err(|e| fail("", e.to_string()))?.len();
        let mut limits = Limits::default();
        // Cells are decoded strip by strip or tile by tile.
        limits.decoding_buffer_size = MAX_CHUNK;
        limits.intermediate_buffer_size = MAX_CHUNK;
        limits.ifd_value_size = 64 << 20;
        let mut tiff = Decoder::new(BufReader::new(file))
            .map_err(|e| fail("header", format!("not a TIFF that can be read: {e}")))?
            .with_limits(limits);
        let mut report = Report::default();
        let (width, height) = tiff.dimensions().map_err(|e| fail("ImageWidth, ImageLength", e.to_string()))?;
        let (cols, rows) = (width as usize, height as usize);
        if cols == 0 || rows == 0 || cols.checked_mul(rows).is_none_or(|n| n > MOST_CELLS) {
            return Err(fail("ImageWidth, ImageLength", format!("{cols} x {rows} cells, expected 1 to {MOST_CELLS}")));
        }
        // The densest compression in use packs about a thousand to one.
        if (cols * rows) as u64 > bytes.saturating_mul(2_000) {
            return Err(fail("ImageWidth, ImageLength", format!("{cols} x {rows} cells in a file of {bytes} bytes")));
        }
        let samples = samples(&mut tiff, &mut report).map_err(|e| fail("SamplesPerPixel, BitsPerSample", e))?;
        known_compression(&mut tiff).map_err(|e| fail("Compression", e))?;
        let keys = geo_keys(&mut tiff);
        let (mut crs, mut epsg) = (keys.crs(), keys.epsg());
        if crs.is_none()
            && let Some((text, code)) = sidecar_crs(path)
        {
            (crs, epsg) = (Some(text), code);
        }
        if crs.is_none() && !keys.is_empty() {
            let text = "the keys name no CRS that can be used; give it with --crs";
            report.note(Severity::Guessed, "GeoKeyDirectory", text);
        }
        let affine = place::affine(&mut tiff, &keys, path, &mut report).unwrap_or_else(|| {
            (crs, epsg) = (None, None);
            [0.0, 1.0, 0.0, rows as f64, 0.0, -1.0]
        });
        if affine[2] != 0.0 || affine[4] != 0.0 {
            let text = "the raster is turned against its CRS; its cells are resampled north-up";
            report.note(Severity::Repaired, "geotransform", text);
        }
        let nodata = nodata(&mut tiff, &mut report);
        let scale = meaning::scale(&mut tiff, &keys, &mut report);
        report.count("cols", cols);
        report.count("rows", rows);
        let heights = keys.heights().map(|heights| heights.name);
        let head = SourceRaster { cols, rows, affine, epsg, crs, heights, nodata, dtype: "", z: Vec::new() };
        Ok(Self { tiff, head, scale, samples, report })
    }
}

/// Samples that follow one another for each cell; the first is its height.
fn samples(tiff: &mut Tiff, report: &mut Report) -> Result<usize, String> {
    let tag =
        |tiff: &mut Tiff, tag| tiff.find_tag_unsigned_vec::<u16>(tag).ok().flatten().and_then(|v| v.first().copied());
    let refused =
        |found: &str| Err(format!("{found} is not a terrain: expected one band of 8 to 32 or 64 bits, heights in m"));
    if tag(tiff, Tag::PhotometricInterpretation) == Some(3) {
        return refused("a picture with a palette");
    }
    if matches!(tag(tiff, Tag::SampleFormat), Some(5 | 6)) {
        return refused("a raster of complex numbers");
    }
    let color = tiff.colortype().map_err(|e| e.to_string())?;
    if matches!(color, ColorType::Gray(_)) && Raw::of_own(tiff).is_some() {
        return Ok(1);
    }
    let (bits, bands) = match color {
        ColorType::Gray(8 | 16 | 32 | 64) => return Ok(1),
        ColorType::GrayA(bits) => (bits, 2),
        ColorType::Multiband { bit_depth, num_samples } => (bit_depth, num_samples),
        _ => (0, 0),
    };
    let float =
        tiff.find_tag_unsigned_vec::<u16>(Tag::SampleFormat).ok().flatten().is_some_and(|f| f.first() == Some(&3));
    // Pictures have three or four bands of whole numbers.
    if !matches!(bits, 16 | 32 | 64) || !(bands == 2 || float) {
        let found = match color {
            ColorType::Gray(bits) => format!("a raster of {bits} bits"),
            _ if bands > 0 => format!("a picture of {bands} bands of {bits} bits"),
            _ => "a picture in colours".into(),
        };
        return refused(&found);
    }
    report.note(Severity::Guessed, "SamplesPerPixel", format!("{bands} bands; the first is read as heights"));
    let interleaved = tiff.find_tag_unsigned::<u16>(Tag::PlanarConfiguration).ok().flatten() != Some(2);
    Ok(if interleaved { usize::from(bands) } else { 1 })
}

/// Names the codecs that are not read.
fn known_compression(tiff: &mut Tiff) -> Result<(), String> {
    let code = tiff.find_tag_unsigned::<u16>(Tag::Compression).ok().flatten().unwrap_or(1);
    let name = match code {
        2..=4 => "CCITT fax",
        6 => "JPEG of the old kind",
        34712 => "JPEG 2000",
        50001 => "WebP",
        50002 | 52546 => "JPEG XL",
        _ => return Ok(()),
    };
    Err(format!(
        "packed with {name} ({code}), which is not read: expected none, LZW, Deflate, ZSTD, LZMA, LERC, PackBits or JPEG (gdal_translate -co COMPRESS=DEFLATE)"
    ))
}

/// The largest reduced image that is small enough, as the image to read: its columns and rows. The first image stays when
/// there is none.
fn overview(tiff: &mut Tiff, cols: usize, rows: usize) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize, usize)> = None;
    for n in 1..64 {
        if tiff.seek_to_image(n).is_err() {
            break;
        }
        let reduced = subfile(tiff) & 0b101 == 1;
        let gray = matches!(tiff.colortype(), Ok(ColorType::Gray(8 | 16 | 32 | 64)));
        let Ok((w, h)) = tiff.dimensions() else { continue };
        let (w, h) = (w as usize, h as usize);
        // The same picture, only smaller.
        let alike = w > 0 && h > 0 && ((w * rows) as f64 / (h * cols) as f64 - 1.0).abs() < 0.05;
        let fits = reduced && gray && alike && w * h <= MAX_CELLS && w < cols;
        if fits && best.is_none_or(|b| w * h > b.1 * b.2) {
            best = Some((n, w, h));
        }
    }
    let back = tiff.seek_to_image(best.map_or(0, |b| b.0)).is_ok();
    best.filter(|_| back).map(|b| (b.1, b.2))
}

/// Bit 0: reduced; bit 2: a mask.
fn subfile(tiff: &mut Tiff) -> u32 {
    tiff.find_tag_unsigned::<u32>(Tag::NewSubfileType).ok().flatten().unwrap_or(0)
}

/// One bit for each cell, from the north-west: it has data.
struct Mask {
    /// Bytes in a row.
    stride: usize,
    bits: Vec<u8>,
}

/// The mask of the first image, when there is one; the first image is at hand again afterwards.
fn mask(tiff: &mut Tiff, cols: usize, rows: usize, report: &mut Report) -> Option<Mask> {
    let mut found = None;
    for n in 1..64 {
        if tiff.seek_to_image(n).is_err() {
            break;
        }
        if subfile(tiff) & 0b101 == 0b100 && tiff.dimensions().is_ok_and(|d| d == (cols as u32, rows as u32)) {
            found = Some(match Raw::of_mask(tiff).filter(|_| cols * rows <= MAX_MASK_CELLS) {
                Some(raw) => mask_bits(tiff, &raw, cols, rows),
                None => Err("a mask of another kind than one bit for each cell".into()),
            });
            break;
        }
    }
    let back = tiff.seek_to_image(0);
    match found? {
        Ok(mask) => back.is_ok().then_some(mask),
        Err(reason) => {
            report.note(Severity::Skipped, "mask", format!("the mask of the image is not used: {reason}"));
            None
        }
    }
}

fn mask_bits(tiff: &mut Tiff, raw: &Raw, cols: usize, rows: usize) -> Result<Mask, String> {
    let (wide, tall) = tiff.chunk_dimensions();
    let (wide, tall) = (wide as usize, tall as usize);
    if wide == 0 || tall == 0 {
        return Err("strips or tiles without cells".into());
    }
    let across = cols.div_ceil(wide);
    let stride = cols.div_ceil(8);
    let mut bits = vec![0; stride * rows];
    for n in 0..across * rows.div_ceil(tall) {
        let (left, top) = (n % across * wide, n / across * tall);
        let down = tall.min(rows - top);
        let part = raw.bytes(tiff, n, wide.div_ceil(8), down)?;
        // Tiles are multiples of 16 cells wide: they begin with a byte.
        for (row, line) in part.chunks_exact(wide.div_ceil(8)).take(down).enumerate() {
            let at = (top + row) * stride + left / 8;
            let n = line.len().min(stride - left / 8);
            bits[at..at + n].copy_from_slice(&line[..n]);
        }
    }
    Ok(Mask { stride, bits })
}

/// The image at hand, and how its cells are to be read.
struct Cells {
    cols: usize,
    rows: usize,
    samples: usize,
    nodata: Option<f64>,
    mask: Option<Mask>,
}

impl Cells {
    /// Decodes the strips or tiles that hold cells of a window.
    fn read(&self, tiff: &mut Tiff, window: Window, most: usize) -> Result<(&'static str, Gather), String> {
        // The decoder turns images whose white is zero into black-is-zero ones; heights are no colours.
        let inverted = tiff.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).is_ok_and(|p| p == Some(0));
        let raw = Raw::of_own(tiff);
        let lengths = [Tag::TileByteCounts, Tag::StripByteCounts].map(|t| tiff.get_tag_u64_vec(t).unwrap_or_default());
        let (wide, tall) = tiff.chunk_dimensions();
        let (wide, tall) = (wide as usize, tall as usize);
        if wide == 0 || tall == 0 {
            return Err("strips or tiles without cells".into());
        }
        let (across, down) = (self.cols.div_ceil(wide), self.rows.div_ceil(tall));
        let mut gather = Gather::new(window, most);
        let mut dtype = "";
        for n in 0..across * down {
            let (left, top) = (n % across * wide, n / across * tall);
            // Without bytes: nothing was ever written there.
            let sparse = lengths.iter().any(|l| l.get(n) == Some(&0));
            if sparse || !window.meets(left, top, wide, tall) {
                continue;
            }
            let number = u32::try_from(n).map_err(|_| "too many strips or tiles")?;
            let (w, h) = tiff.chunk_data_dimensions(number);
            let (w, h) = (w as usize, h as usize);
            // Cells in a row of what is decoded.
            let (data, line) = match &raw {
                Some(raw) => {
                    (raw.samples(tiff, n, wide, tall, h).map_err(|e| format!("cannot be decoded: {e}"))?, wide)
                }
                None => {
                    let data = tiff.read_chunk(number).map_err(|e| undecoded(&e))?;
                    (if inverted { restored(data) } else { data }, w)
                }
            };
            let (kind, part) = heights(data, self.nodata);
            dtype = kind;
            if part.len() < line * self.samples * h {
                return Err(format!("{} samples for {w} x {h} cells", part.len()));
            }
            let mut row_cells = vec![0.0; w.min(self.cols.saturating_sub(left))];
            for row in 0..h.min(self.rows.saturating_sub(top)) {
                let from = row * line * self.samples;
                for (cell, z) in row_cells.iter_mut().zip(part[from..].iter().step_by(self.samples)) {
                    *cell = *z;
                }
                self.cover(&mut row_cells, left, top + row);
                gather.put(left, top + row, &row_cells);
            }
        }
        Ok((dtype, gather))
    }

    /// Takes out the cells that the mask says have no data.
    fn cover(&self, cells: &mut [f32], left: usize, row: usize) {
        let Some(mask) = &self.mask else { return };
        for (i, z) in cells.iter_mut().enumerate() {
            let col = left + i;
            if mask.bits[row * mask.stride + col / 8] >> (7 - col % 8) & 1 == 0 {
                *z = f32::NAN;
            }
        }
    }
}

/// Why cells cannot be had: most often there are none, because the file was cut off.
fn undecoded(error: &tiff::TiffError) -> String {
    match error {
        tiff::TiffError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the file ends before its cells do: it was cut off; get it again".into()
        }
        other => format!("cannot be decoded: {other}"),
    }
}

fn geo_keys(tiff: &mut Tiff) -> GeoKeys {
    // Missing or unreadable tags are files without a CRS.
    let shorts = tiff.get_tag_u16_vec(Tag::GeoKeyDirectoryTag).unwrap_or_default();
    let doubles = tiff.get_tag_f64_vec(Tag::GeoDoubleParamsTag).unwrap_or_default();
    GeoKeys::new(shorts, doubles)
}
