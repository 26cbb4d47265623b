//! Colours of textures, taken at the corners of triangles.
//!
//! Tiles are drawn with a colour at each vertex: a picture is shrunk once and sampled there. Fine meshes
//! (photogrammetry) look as they should, large faces get the mean of their surroundings.

/// Largest side and pixels of a picture that is decoded.
const MAX_SIDE: u32 = 16_384;
/// Side of the shrunk picture.
const SIDE: u32 = 256;

/// A small picture, linear in nothing: sRGB bytes as in the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    width: usize,
    height: usize,
    pixels: Vec<[f32; 4]>,
}

impl Texture {
    /// Decodes PNG or JPEG.
    ///
    /// # Errors
    /// Why the picture cannot be used.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.starts_with(&[0xab, b'K', b'T', b'X']) {
            return Err("a KTX2 picture (KHR_texture_basisu) is not supported".into());
        }
        if bytes.get(8..12) == Some(b"WEBP") {
            return Err("a WebP picture (EXT_texture_webp) is not supported".into());
        }
        let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes));
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(1 << 30);
        reader.limits(limits);
        let reader = reader.with_guessed_format().map_err(|e| e.to_string())?;
        let whole = reader.decode().map_err(|e| format!("a picture cannot be decoded: {e}"))?.to_rgba8();
        Ok(Self::shrink(&whole))
    }

    /// Means of blocks, weighted by opacity.
    fn shrink(whole: &image::RgbaImage) -> Self {
        let (w, h) = whole.dimensions();
        let (sw, sh) = (w.clamp(1, SIDE), h.clamp(1, SIDE));
        let mut sums = vec![[0f32; 5]; (sw * sh) as usize];
        for (x, y, pixel) in whole.enumerate_pixels() {
            let column = (u64::from(x) * u64::from(sw) / u64::from(w)) as u32;
            let row = (u64::from(y) * u64::from(sh) / u64::from(h)) as u32;
            let sum = &mut sums[(row * sw + column) as usize];
            let alpha = f32::from(pixel.0[3]) / 255.0;
            for k in 0..3 {
                let v = f32::from(pixel.0[k]) / 255.0;
                // Means are taken of light, not of codes.
                sum[k] += v * v * alpha;
            }
            sum[3] += alpha;
            sum[4] += 1.0;
        }
        let pixels = sums
            .iter()
            .map(|s| {
                let a = s[3].max(1e-6);
                [s[0] / a, s[1] / a, s[2] / a, s[3] / s[4].max(1.0)]
            })
            .collect();
        Self { width: sw as usize, height: sh as usize, pixels }
    }

    /// Linear colour at a texture coordinate, repeated beyond the edges.
    #[must_use]
    pub fn sample(&self, uv: [f64; 2]) -> [f32; 4] {
        if !uv.iter().all(|v| v.is_finite()) {
            return [1.0; 4];
        }
        let at = |v: f64, n: usize| (v.rem_euclid(1.0) * n as f64 - 0.5).rem_euclid(n as f64);
        let (x, y) = (at(uv[0], self.width), at(uv[1], self.height));
        let (x0, y0) = (x as usize % self.width, y as usize % self.height);
        let (x1, y1) = ((x0 + 1) % self.width, (y0 + 1) % self.height);
        let (tx, ty) = (x.fract() as f32, y.fract() as f32);
        let p = |x: usize, y: usize| self.pixels[y * self.width + x];
        std::array::from_fn(|k| {
            (p(x0, y0)[k] * (1.0 - tx) + p(x1, y0)[k] * tx) * (1.0 - ty)
                + (p(x0, y1)[k] * (1.0 - tx) + p(x1, y1)[k] * tx) * ty
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clear_pixels_have_no_say_and_edges_wrap() {
        let mut whole = image::RgbaImage::from_pixel(512, 2, image::Rgba([255, 0, 0, 255]));
        for x in 0..512 {
            if x % 2 == 0 {
                whole.put_pixel(x, 0, image::Rgba([0, 255, 0, 0]));
            }
        }
        let texture = Texture::shrink(&whole);
        assert_eq!((texture.width, texture.height), (256, 2));
        let top = texture.sample([0.3, 0.25]);
        assert!(top[0] > 0.99 && top[1] < 0.01 && (top[3] - 0.5).abs() < 1e-3, "{top:?}");
        assert_eq!(texture.sample([1.3, 0.25]), top);
        assert!(Texture::decode(b"nothing").is_err());
        assert!(Texture::decode(&[0xab, b'K', b'T', b'X', 0]).unwrap_err().contains("KTX2"));
    }
}
