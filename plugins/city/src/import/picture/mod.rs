//! Pictures of any encoding that tiles and models use → plain RGBA.

pub(crate) mod atlas;

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::RgbaImage;

/// Largest side of a picture that is decoded, px.
pub(crate) const MAX_SIDE: u32 = 16_384;
/// Most pixels of a picture that is decoded.
const MAX_PIXELS: u64 = 1 << 27;

/// Decodes PNG, JPEG, WebP, and KTX2 or `.basis` of Basis Universal.
///
/// # Errors
/// Why the picture cannot be used.
pub(crate) fn decode(bytes: &[u8]) -> Result<RgbaImage, String> {
    if bytes.starts_with(&[0xab, b'K', b'T', b'X']) || bytes.starts_with(b"sB") {
        return basis(bytes);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return webp(bytes);
    }
    let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes));
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(1 << 30);
    reader.limits(limits);
    let reader = reader.with_guessed_format().map_err(|e| e.to_string())?;
    Ok(reader.decode().map_err(|e| format!("a picture cannot be decoded: {e}"))?.to_rgba8())
}

fn sized(width: u32, height: u32) -> Result<(), String> {
    let good = (1..=MAX_SIDE).contains(&width) && (1..=MAX_SIDE).contains(&height);
    if good && u64::from(width) * u64::from(height) <= MAX_PIXELS {
        Ok(())
    } else {
        Err(format!("a picture of {width} x {height} pixels, expected at most {MAX_SIDE} x {MAX_SIDE}"))
    }
}

fn webp(bytes: &[u8]) -> Result<RgbaImage, String> {
    let fail = |e: &dyn std::fmt::Display| format!("a picture cannot be decoded: {e}");
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(bytes)).map_err(|e| fail(&e))?;
    let (width, height) = decoder.dimensions();
    sized(width, height)?;
    let size = decoder.output_buffer_size().ok_or("a picture is too large")?;
    let mut plain = vec![0; size];
    decoder.read_image(&mut plain).map_err(|e| fail(&e))?;
    if !decoder.has_alpha() {
        plain = plain.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    }
    RgbaImage::from_raw(width, height, plain).ok_or_else(|| "a picture cannot be decoded: too few bytes".into())
}

fn basis(bytes: &[u8]) -> Result<RgbaImage, String> {
    // The transcoder checks what it reads; a fault in it must cost one picture only.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let fail = |e: basisu::Error| format!("a Basis Universal picture cannot be decoded: {e:?}");
        let transcoder = basisu::Transcoder::new(bytes)
            .map_err(|_| "a KTX2 picture that is not Basis Universal is not supported".to_owned())?;
        let (width, height) = transcoder.base_dimensions();
        sized(width, height)?;
        let target = basisu::TargetFormat::Rgba32;
        let plain = transcoder.transcode(0, target, basisu::DecodeFlags::NONE).map_err(fail)?;
        RgbaImage::from_raw(width, height, plain).ok_or_else(|| "a Basis Universal picture with too few bytes".into())
    }));
    read.unwrap_or_else(|_| Err("a Basis Universal picture holds values that the format does not allow".into()))
}

/// Halves a picture until neither side is longer than `most`: means of light over 2 × 2 pixels, weighted by opacity.
pub(crate) fn fit(mut whole: RgbaImage, most: u32) -> RgbaImage {
    while whole.width().max(whole.height()) > most.max(1) {
        whole = halved(&whole);
    }
    whole
}

/// Half the size; a side of one pixel stays.
pub(crate) fn halved(whole: &RgbaImage) -> RgbaImage {
    let (w, h) = whole.dimensions();
    let (dx, dy) = (u32::from(w > 1), u32::from(h > 1));
    RgbaImage::from_fn((w / 2).max(1), (h / 2).max(1), |x, y| {
        let at =
            |i: u32, j: u32| whole.get_pixel((x * (dx + 1) + i * dx).min(w - 1), (y * (dy + 1) + j * dy).min(h - 1));
        let four = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
        let (mut sum, mut opacity) = ([0f32; 3], 0f32);
        for p in four {
            let a = f32::from(p.0[3]) / 255.0;
            opacity += a;
            for k in 0..3 {
                let v = f32::from(p.0[k]);
                sum[k] += v * v * a;
            }
        }
        let light = |v: f32| if opacity > 0.0 { (v / opacity).sqrt().round() as u8 } else { 0 };
        let opaque = four.iter().all(|p| p.0[3] == 255);
        let alpha = if opaque { 255 } else { (opacity / 4.0 * 255.0).round() as u8 };
        image::Rgba([light(sum[0]), light(sum[1]), light(sum[2]), alpha])
    })
}

/// The mean of a picture as sRGB, weighted by opacity; `None` for one that is clear all over.
pub(crate) fn mean(whole: &RgbaImage) -> Option<[u8; 3]> {
    let (mut sum, mut opacity) = ([0f64; 3], 0f64);
    for p in whole.pixels() {
        let a = f64::from(p.0[3]) / 255.0;
        opacity += a;
        for k in 0..3 {
            sum[k] += f64::from(p.0[k]).powi(2) * a;
        }
    }
    (opacity > 0.0).then(|| sum.map(|v| (v / opacity).sqrt().round() as u8))
}

/// True when some of it is seen through.
pub(crate) fn is_clear(whole: &RgbaImage) -> bool {
    whole.pixels().any(|p| p.0[3] < 250)
}

/// Packs a picture again: PNG when some of it is clear, else JPEG.
pub(crate) fn pack(whole: &RgbaImage) -> Option<Vec<u8>> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    if is_clear(whole) {
        whole.write_to(&mut bytes, image::ImageFormat::Png).ok()?;
    } else {
        let rgb = image::DynamicImage::ImageRgba8(whole.clone()).to_rgb8();
        let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 88);
        rgb.write_with_encoder(encoder).ok()?;
    }
    Some(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checker() -> RgbaImage {
        RgbaImage::from_fn(8, 6, |x, y| image::Rgba(if (x + y) % 2 == 0 { [255, 0, 0, 255] } else { [0, 0, 255, 255] }))
    }

    #[test]
    fn pictures_come_back_from_what_they_are_packed_as() {
        let mut plain = checker();
        assert!(pack(&plain).unwrap().starts_with(&[0xff, 0xd8]), "opaque ones are JPEG");
        let mut lossless = Vec::new();
        image_webp::WebPEncoder::new(&mut lossless).encode(plain.as_raw(), 8, 6, image_webp::ColorType::Rgba8).unwrap();
        assert_eq!(decode(&lossless).unwrap(), plain);
        plain.put_pixel(3, 3, image::Rgba([0, 0, 0, 0]));
        let bytes = pack(&plain).unwrap();
        assert_eq!(decode(&bytes).unwrap().get_pixel(2, 2), plain.get_pixel(2, 2));
        assert!(decode(&bytes[..20]).is_err() && decode(b"sB").is_err() && decode(b"RIFF....WEBP").is_err());
        assert!(decode(&[0xab, b'K', b'T', b'X', 0x20]).unwrap_err().contains("KTX2"));
    }

    #[test]
    fn halves_are_means_of_light() {
        let half = halved(&checker());
        assert_eq!(half.dimensions(), (4, 3));
        assert_eq!(half.get_pixel(1, 1).0, [180, 0, 180, 255]);
        assert_eq!(mean(&half), Some([180, 0, 180]));
        assert_eq!(fit(checker(), 2).dimensions(), (2, 1));
        assert_eq!(mean(&RgbaImage::new(2, 2)), None);
    }
}
