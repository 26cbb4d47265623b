//! Strips and tiles packed with LERC (Limited Error Raster Compression), and with Deflate or ZSTD around it, as libtiff
//! writes them: one blob for each, whose depth is the samples of a cell.

use std::io::Read;

use flate2::read::ZlibDecoder;
use lerc::{SampleData, bitmask::BitMask};
use tiff::{decoder::DecodingResult, tags::Tag};

use super::{MAX_CHUNK, Tiff};

/// What a blob is packed with once more: the second number of the LERC parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    Nothing,
    Deflate,
    Zstd,
}

impl Around {
    /// Of the image at hand.
    pub fn of(tiff: &mut Tiff) -> Option<Self> {
        const LERC_PARAMETERS: Tag = Tag::Unknown(50674);
        let parameters = tiff.find_tag_unsigned_vec::<u32>(LERC_PARAMETERS).ok()?.unwrap_or_default();
        match parameters.get(1) {
            None | Some(0) => Some(Self::Nothing),
            Some(1) => Some(Self::Deflate),
            Some(2) => Some(Self::Zstd),
            Some(_) => None,
        }
    }
}

/// Samples of a strip or tile of `wide` x `tall` cells with `samples` each.
pub(super) fn samples(
    packed: Vec<u8>,
    around: Around,
    [wide, tall, samples]: [usize; 3],
) -> Result<DecodingResult, String> {
    let mut blob = Vec::new();
    let most = MAX_CHUNK as u64;
    match around {
        Around::Nothing => blob = packed,
        Around::Deflate => {
            ZlibDecoder::new(&packed[..]).take(most).read_to_end(&mut blob).map_err(|e| e.to_string())?;
        }
        Around::Zstd => {
            let unpacked = zstd::Decoder::with_buffer(&packed[..]).map_err(|e| e.to_string())?;
            unpacked.take(most).read_to_end(&mut blob).map_err(|e| e.to_string())?;
        }
    }
    let info = lerc::decode_info(&blob).map_err(|e| e.to_string())?;
    let found = [info.width, info.height, info.depth * info.bands].map(|n| n as usize);
    if found != [wide, tall, samples] || info.bands != 1 {
        return Err(format!("a LERC blob of {found:?} cells and samples, expected {:?}", [wide, tall, samples]));
    }
    let image = lerc::decode(&blob).map_err(|e| e.to_string())?;
    let mask = image.valid_masks.into_iter().next();
    Ok(match image.data {
        SampleData::I8(v) => DecodingResult::I8(v),
        SampleData::U8(v) => DecodingResult::U8(v),
        SampleData::I16(v) => DecodingResult::I16(v),
        SampleData::U16(v) => DecodingResult::U16(v),
        SampleData::I32(v) => DecodingResult::I32(v),
        SampleData::U32(v) => DecodingResult::U32(v),
        SampleData::F32(mut v) => {
            cover(&mut v, f32::NAN, samples, mask.as_ref());
            DecodingResult::F32(v)
        }
        SampleData::F64(mut v) => {
            cover(&mut v, f64::NAN, samples, mask.as_ref());
            DecodingResult::F64(v)
        }
    })
}

/// Cells that the blob says have no value: NaN when they were written.
fn cover<T: Copy>(values: &mut [T], none: T, samples: usize, mask: Option<&BitMask>) {
    let Some(mask) = mask.filter(|m| !m.is_all_valid()) else { return };
    for (cell, values) in values.chunks_exact_mut(samples.max(1)).enumerate() {
        if cell >= mask.num_pixels() || !mask.is_valid(cell) {
            values.fill(none);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_are_read_whatever_is_around_them_and_damaged_ones_refused() {
        let values: Vec<f32> = (0..64 * 32).map(|i| (i % 64) as f32 * 0.5 + 100.0).collect();
        let mut mask = BitMask::all_valid(values.len());
        mask.set_invalid(3);
        let blob = lerc::encode_slice_masked(64, 32, &values, &mask, lerc::Precision::Lossless).unwrap();
        let deflated = {
            use std::io::Write;
            let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            to.write_all(&blob).unwrap();
            to.finish().unwrap()
        };
        let zstd = zstd::encode_all(&blob[..], 1).unwrap();
        for (packed, around) in [(blob.clone(), Around::Nothing), (deflated, Around::Deflate), (zstd, Around::Zstd)] {
            let DecodingResult::F32(read) = samples(packed, around, [64, 32, 1]).unwrap() else { panic!("float") };
            assert!(read[3].is_nan(), "{around:?}");
            assert!(read.iter().zip(&values).enumerate().all(|(i, (a, b))| i == 3 || a == b), "{around:?}");
        }
        let error = samples(blob.clone(), Around::Nothing, [64, 64, 1]).unwrap_err();
        assert!(error.contains("expected [64, 64, 1]"), "{error}");
        assert!(samples(blob.clone(), Around::Deflate, [64, 32, 1]).is_err());
        for at in 0..blob.len() {
            assert!(samples(blob[..at].to_vec(), Around::Nothing, [64, 32, 1]).is_err(), "cut off after {at}");
            let mut bad = blob.clone();
            bad[at] ^= 0x55;
            // The checksum of its bytes, or its size.
            let _ = samples(bad, Around::Nothing, [64, 32, 1]);
        }
    }
}
