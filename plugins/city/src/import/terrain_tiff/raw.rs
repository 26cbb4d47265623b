//! Strips and tiles taken as bytes and decoded here: LZW, which the `tiff` crate refuses where a tile's stream ends with
//! its last sample, LZMA, LERC, samples of 9 to 31 bits and the one-bit masks, which it does not know.

use std::io::{Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;
use lzma_rust2::XzReader;
use tiff::{decoder::DecodingResult, tags::Tag};
use weezl::{BitOrder, LzwStatus, decode::Configuration};

use super::{MAX_CHUNK, Tiff, lerc};

const UNPACKED: u16 = 1;
const LZW: u16 = 5;
const LERC: u16 = 34887;
const LZMA: u16 = 34925;
const ZSTD: u16 = 50000;
const DEFLATE: [u16; 2] = [8, 32946];

/// How the bytes of an image lie in its file.
pub(super) struct Raw {
    offsets: Vec<u64>,
    lengths: Vec<u64>,
    compression: u16,
    predictor: u16,
    /// 1 unsigned, 2 signed, 3 float.
    format: u16,
    bits: usize,
    /// Samples that follow one another for each cell.
    samples: usize,
    big_endian: bool,
    tiled: bool,
    /// What LERC blobs are packed with once more.
    around: Option<lerc::Around>,
}

impl Raw {
    /// Of the image at hand; `None` when a tag is missing.
    fn of(tiff: &mut Tiff) -> Option<Self> {
        let short = |tiff: &mut Tiff, tag, otherwise: u16| tiff.find_tag_unsigned::<u16>(tag).ok()?.or(Some(otherwise));
        let first = |tiff: &mut Tiff, tag, otherwise: u16| {
            tiff.find_tag_unsigned_vec::<u16>(tag).ok().flatten().and_then(|v| v.first().copied()).unwrap_or(otherwise)
        };
        let tiled = tiff.find_tag(Tag::TileOffsets).ok()?.is_some();
        let (offsets, lengths) =
            if tiled { (Tag::TileOffsets, Tag::TileByteCounts) } else { (Tag::StripOffsets, Tag::StripByteCounts) };
        let interleaved = short(tiff, Tag::PlanarConfiguration, 1)? == 1;
        let samples = short(tiff, Tag::SamplesPerPixel, 1)?;
        Some(Self {
            compression: short(tiff, Tag::Compression, UNPACKED)?,
            predictor: short(tiff, Tag::Predictor, 1)?,
            format: first(tiff, Tag::SampleFormat, 1),
            bits: usize::from(first(tiff, Tag::BitsPerSample, 1)),
            samples: if interleaved { usize::from(samples.max(1)) } else { 1 },
            big_endian: tiff.byte_order() == tiff::tags::ByteOrder::BigEndian,
            offsets: tiff.get_tag_u64_vec(offsets).ok()?,
            lengths: tiff.get_tag_u64_vec(lengths).ok()?,
            tiled,
            around: lerc::Around::of(tiff),
        })
    }

    /// Of an image that is to be decoded here.
    pub fn of_own(tiff: &mut Tiff) -> Option<Self> {
        // Asked first: other images need not have their offsets read twice.
        let packing = tiff.find_tag_unsigned::<u16>(Tag::Compression).ok()?.unwrap_or(UNPACKED);
        let bits = tiff.find_tag_unsigned_vec::<u16>(Tag::BitsPerSample).ok()??;
        if !matches!(packing, LZW | LZMA | LERC) && !bits.first().is_some_and(|b| odd(usize::from(*b))) {
            return None;
        }
        let raw = Self::of(tiff)?;
        let known = match (raw.format, raw.bits) {
            (1 | 2 | 4, 8 | 16 | 32 | 64) | (3, 32 | 64) => (1..=3).contains(&raw.predictor),
            (1 | 2 | 4, bits) if odd(bits) => raw.predictor == 1 && raw.samples == 1 && raw.unpacks(),
            (3, 24) => raw.predictor == 1 && raw.samples == 1 && raw.unpacks(),
            _ => false,
        };
        Some(raw).filter(|_| known)
    }

    fn unpacks(&self) -> bool {
        matches!(self.compression, UNPACKED | LZW | LZMA | ZSTD) || DEFLATE.contains(&self.compression)
    }

    /// Of a mask: one bit for each cell.
    pub fn of_mask(tiff: &mut Tiff) -> Option<Self> {
        let raw = Self::of(tiff)?;
        let plain = raw.bits == 1 && raw.samples == 1 && raw.predictor == 1;
        Some(raw).filter(|r| {
            plain && (r.compression == UNPACKED || r.compression == LZW || DEFLATE.contains(&r.compression))
        })
    }

    /// Decoded bytes of a strip or tile: `rows` rows of `stride` bytes.
    pub fn bytes(&self, tiff: &mut Tiff, n: usize, stride: usize, rows: usize) -> Result<Vec<u8>, String> {
        let wanted = stride.checked_mul(rows).filter(|n| *n <= MAX_CHUNK).ok_or("a strip or tile is too large")?;
        let packed = self.packed(tiff, n)?;
        let out = match self.compression {
            UNPACKED => packed,
            LZW => unpack_lzw(&packed, wanted)?,
            ZSTD => {
                let mut out = Vec::new();
                let unpacked = zstd::Decoder::with_buffer(&packed[..]).map_err(|e| e.to_string())?;
                unpacked.take(wanted as u64).read_to_end(&mut out).map_err(|e| e.to_string())?;
                out
            }
            LZMA => {
                let mut out = Vec::new();
                XzReader::new(&packed[..], false)
                    .take(wanted as u64)
                    .read_to_end(&mut out)
                    .map_err(|e| format!("the LZMA packing of strip or tile {n} is damaged: {e}"))?;
                out
            }
            _ => {
                let mut out = Vec::new();
                ZlibDecoder::new(&packed[..]).take(wanted as u64).read_to_end(&mut out).map_err(|e| e.to_string())?;
                out
            }
        };
        if out.len() < wanted {
            Err(format!("strip or tile {n} holds {} of {wanted} bytes", out.len()))
        } else {
            Ok(out)
        }
    }

    /// Bytes of a strip or tile as they stand in the file.
    fn packed(&self, tiff: &mut Tiff, n: usize) -> Result<Vec<u8>, String> {
        let (Some(&offset), Some(&length)) = (self.offsets.get(n), self.lengths.get(n)) else {
            return Err(format!("strip or tile {n} has no offset"));
        };
        let mut packed = Vec::new();
        let file = tiff.inner();
        file.seek(SeekFrom::Start(offset)).map_err(|e| e.to_string())?;
        file.take(length.min(MAX_CHUNK as u64)).read_to_end(&mut packed).map_err(|e| e.to_string())?;
        Ok(packed)
    }

    /// Samples of a strip or tile of `wide` cells a row; of each cell all its samples.
    pub fn samples(
        &self,
        tiff: &mut Tiff,
        n: usize,
        wide: usize,
        tall: usize,
        h: usize,
    ) -> Result<DecodingResult, String> {
        let rows = if self.tiled { tall } else { h };
        if self.compression == LERC {
            let around = self.around.ok_or("LERC packed by an unknown method")?;
            return lerc::samples(self.packed(tiff, n)?, around, [wide, rows, self.samples]);
        }
        if odd(self.bits) {
            let stride = (wide * self.bits).div_ceil(8);
            return Ok(self.odd_samples(&self.bytes(tiff, n, stride, rows)?, stride, wide));
        }
        let size = self.bits / 8;
        let stride = wide * self.samples * size;
        let mut bytes = self.bytes(tiff, n, stride, rows)?;
        for row in bytes.chunks_exact_mut(stride) {
            match self.predictor {
                3 => undo_float(row, size, self.samples),
                _ => {
                    if self.big_endian {
                        row.chunks_exact_mut(size).for_each(<[u8]>::reverse);
                    }
                    if self.predictor == 2 {
                        undo_difference(row, size, self.samples);
                    }
                }
            }
        }
        macro_rules! of {
            ($kind:ident, $number:ty) => {
                DecodingResult::$kind(
                    // Chunks of exactly the number's size.
                    bytes
                        .chunks_exact(size_of::<$number>())
                        .map(|b| <$number>::from_le_bytes(b.try_into().unwrap_or_default()))
                        .collect(),
                )
            };
        }
        Ok(match (self.format, self.bits) {
            (3, 32) => of!(F32, f32),
            (3, _) => of!(F64, f64),
            (2, 8) => of!(I8, i8),
            (2, 16) => of!(I16, i16),
            (2, 32) => of!(I32, i32),
            (2, _) => of!(I64, i64),
            (_, 8) => of!(U8, u8),
            (_, 16) => of!(U16, u16),
            (_, 32) => of!(U32, u32),
            _ => of!(U64, u64),
        })
    }
}

/// Samples that no number of a machine holds.
fn odd(bits: usize) -> bool {
    (9..32).contains(&bits) && bits != 16
}

impl Raw {
    /// Rows of samples of 9 to 31 bits, the highest bit first; of 24 bits in the file's order of bytes.
    fn odd_samples(&self, bytes: &[u8], stride: usize, wide: usize) -> DecodingResult {
        let one = |row: &[u8], n: usize| -> u32 {
            if self.bits == 24 && !self.big_endian {
                return row[3 * n..3 * n + 3].iter().rev().fold(0, |all, b| all << 8 | u32::from(*b));
            }
            let from = n * self.bits;
            let last = (from + self.bits).div_ceil(8);
            let all = row[from / 8..last].iter().fold(0_u64, |all, b| all << 8 | u64::from(*b));
            (all >> (last * 8 - from - self.bits)) as u32 & ((1 << self.bits) - 1)
        };
        let all = bytes.chunks_exact(stride).flat_map(|row| (0..wide).map(move |n| one(row, n)));
        match self.format {
            3 => DecodingResult::F32(all.map(float_24).collect()),
            2 => {
                let unused = 32 - self.bits as u32;
                DecodingResult::I32(all.map(|v| (v << unused) as i32 >> unused).collect())
            }
            _ => DecodingResult::U32(all.collect()),
        }
    }
}

/// A float of 24 bits: a sign, 7 bits of exponent, 16 of fraction.
fn float_24(bits: u32) -> f32 {
    let (exponent, fraction) = ((bits >> 16 & 0x7f) as i32, (bits & 0xffff) as f32 / 65_536.0);
    let size = match exponent {
        0 => fraction * 2.0_f32.powi(-62),
        0x7f if fraction == 0.0 => f32::INFINITY,
        0x7f => f32::NAN,
        _ => (1.0 + fraction) * 2.0_f32.powi(exponent - 63),
    };
    if bits >> 23 & 1 == 1 { -size } else { size }
}

/// As libtiff does: decoding ends with the last byte that is wanted, whatever follows.
fn unpack_lzw(packed: &[u8], wanted: usize) -> Result<Vec<u8>, String> {
    let mut decoder = Configuration::with_tiff_size_switch(BitOrder::Msb, 8).with_yield_on_full_buffer(true).build();
    let mut out = vec![0; wanted];
    let (mut read, mut filled) = (0, 0);
    while filled < wanted {
        let step = decoder.decode_bytes(&packed[read..], &mut out[filled..]);
        read += step.consumed_in;
        filled += step.consumed_out;
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(_) if filled == wanted => break,
            Err(error) => return Err(error.to_string()),
        }
    }
    out.truncate(filled);
    Ok(out)
}

/// Sums of differences along a row of little-endian words.
fn undo_difference(row: &mut [u8], size: usize, samples: usize) {
    let back = size * samples;
    for at in (back..row.len()).step_by(size) {
        let mut carry = 0_u16;
        for i in 0..size.min(row.len() - at) {
            let sum = u16::from(row[at + i]) + u16::from(row[at - back + i]) + carry;
            row[at + i] = sum as u8;
            carry = sum >> 8;
        }
    }
}

/// Sums of byte differences, then planes of bytes, the highest first, put together as little-endian numbers.
fn undo_float(row: &mut [u8], size: usize, samples: usize) {
    for at in samples..row.len() {
        row[at] = row[at].wrapping_add(row[at - samples]);
    }
    let planes = row.to_vec();
    let count = row.len() / size;
    for (n, number) in row.chunks_exact_mut(size).enumerate() {
        for (byte, out) in number.iter_mut().rev().enumerate() {
            *out = planes[byte * count + n];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(bits: usize, format: u16, big_endian: bool) -> Raw {
        Raw {
            offsets: Vec::new(),
            lengths: Vec::new(),
            compression: UNPACKED,
            predictor: 1,
            format,
            bits,
            samples: 1,
            big_endian,
            tiled: false,
            around: None,
        }
    }

    #[test]
    fn samples_of_any_number_of_bits() {
        // 0xABC, 0x123, 0xFFF in rows of three: the last half byte of a row is not used.
        let rows = [0xab, 0xc1, 0x23, 0xff, 0xf0, 0x00, 0x10, 0x02, 0x00, 0x30];
        let DecodingResult::U32(read) = raw(12, 1, false).odd_samples(&rows, 5, 3) else { panic!("unsigned") };
        assert_eq!(read, [0xabc, 0x123, 0xfff, 1, 2, 3]);
        let DecodingResult::I32(read) = raw(12, 2, true).odd_samples(&rows[..5], 5, 3) else { panic!("signed") };
        assert_eq!(read, [0xabc - 4096, 0x123, -1]);
        let three = [1, 2, 3, 0xfe, 0xff, 0xff];
        let DecodingResult::U32(read) = raw(24, 1, false).odd_samples(&three, 6, 2) else { panic!("unsigned") };
        assert_eq!(read, [0x03_0201, 0xff_fffe]);
        let DecodingResult::U32(read) = raw(24, 1, true).odd_samples(&three, 6, 2) else { panic!("unsigned") };
        assert_eq!(read, [0x01_0203, 0xfe_ffff]);
        // 1, -2.5, 0 and the largest.
        assert_eq!([0x3f_0000, 0xc0_4000, 0, 0x7e_ffff].map(float_24)[..3], [1.0, -2.5, 0.0]);
        assert!(float_24(0x7e_ffff) > 1.8e19 && float_24(0x7f_0001).is_nan() && float_24(0xff_0000) < -1e30);
        assert!(odd(9) && odd(31) && !odd(8) && !odd(16) && !odd(32));
    }
}
