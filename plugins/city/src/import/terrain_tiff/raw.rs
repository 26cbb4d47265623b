//! Strips and tiles taken as bytes and decoded here: LZW, which the `tiff` crate refuses where a tile's stream ends with
//! its last sample, LZMA and the one-bit masks, which it does not know.

use std::io::{Read, Seek, SeekFrom};

use flate2::read::ZlibDecoder;
use lzma_rust2::XzReader;
use tiff::{decoder::DecodingResult, tags::Tag};
use weezl::{BitOrder, LzwStatus, decode::Configuration};

use super::{MAX_CHUNK, Tiff};

const UNPACKED: u16 = 1;
const LZW: u16 = 5;
const LZMA: u16 = 34925;
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
        })
    }

    /// Of an image that is to be decoded here.
    pub fn of_own(tiff: &mut Tiff) -> Option<Self> {
        // Asked first: other images need not have their offsets read twice.
        if !matches!(tiff.find_tag_unsigned::<u16>(Tag::Compression).ok()?, Some(LZW | LZMA)) {
            return None;
        }
        let raw = Self::of(tiff)?;
        let known = matches!((raw.format, raw.bits), (1 | 2 | 4, 8 | 16 | 32 | 64) | (3, 32 | 64));
        Some(raw).filter(|r| known && (1..=3).contains(&r.predictor))
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
        let (Some(&offset), Some(&length)) = (self.offsets.get(n), self.lengths.get(n)) else {
            return Err(format!("strip or tile {n} has no offset"));
        };
        let mut packed = Vec::new();
        let file = tiff.inner();
        file.seek(SeekFrom::Start(offset)).map_err(|e| e.to_string())?;
        file.take(length.min(MAX_CHUNK as u64)).read_to_end(&mut packed).map_err(|e| e.to_string())?;
        let out = match self.compression {
            UNPACKED => packed,
            LZW => unpack_lzw(&packed, wanted)?,
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

    /// Samples of a strip or tile of `wide` cells a row; of each cell all its samples.
    pub fn samples(
        &self,
        tiff: &mut Tiff,
        n: usize,
        wide: usize,
        tall: usize,
        h: usize,
    ) -> Result<DecodingResult, String> {
        let size = self.bits / 8;
        let stride = wide * self.samples * size;
        let mut bytes = self.bytes(tiff, n, stride, if self.tiled { tall } else { h })?;
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
