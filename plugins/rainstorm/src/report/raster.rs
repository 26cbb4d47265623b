//! A small RGB canvas in metres: polygons, lines, PNG.

use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};

/// An RGB picture of a stretch of ground, north up.
#[derive(Clone)]
pub(super) struct Picture {
    pub width: usize,
    pub height: usize,
    /// West and north edge, m.
    pub west_m: f64,
    pub north_m: f64,
    /// Side of a pixel, m.
    pub pixel_m: f64,
    pub rgb: Vec<[u8; 3]>,
}

impl Picture {
    /// Centre of a pixel, m.
    pub fn place(&self, x: usize, y: usize) -> [f64; 2] {
        [self.west_m + (x as f64 + 0.5) * self.pixel_m, self.north_m - (y as f64 + 0.5) * self.pixel_m]
    }

    fn pixel(&self, [east, north]: [f64; 2]) -> [f64; 2] {
        [(east - self.west_m) / self.pixel_m, (self.north_m - north) / self.pixel_m]
    }

    /// Lays a colour over a pixel.
    pub fn blend(&mut self, k: usize, color: [u8; 3], opacity: f32) {
        for (old, new) in self.rgb[k].iter_mut().zip(color) {
            *old = (f32::from(*old) + (f32::from(new) - f32::from(*old)) * opacity).round() as u8;
        }
    }

    /// Fills rings (even-odd), places in m.
    pub fn fill(&mut self, rings: &[&[[f32; 2]]], color: [u8; 3], opacity: f32) {
        let edges: Vec<([f64; 2], [f64; 2])> = rings
            .iter()
            .flat_map(|ring| (0..ring.len()).map(|k| (ring[k], ring[(k + 1) % ring.len()])))
            .map(|(a, b)| (self.pixel(a.map(f64::from)), self.pixel(b.map(f64::from))))
            .collect();
        let (low, high) = edges.iter().fold((f64::MAX, f64::MIN), |(lo, hi), e| (lo.min(e.0[1]), hi.max(e.0[1])));
        if !(low.is_finite() && high.is_finite()) {
            return;
        }
        let mut cuts = Vec::new();
        for y in low.floor().max(0.0) as usize..(high.ceil().max(0.0) as usize).min(self.height) {
            let at = y as f64 + 0.5;
            cuts.clear();
            cuts.extend(
                edges
                    .iter()
                    .filter(|(a, b)| (a[1] > at) != (b[1] > at))
                    .map(|(a, b)| a[0] + (at - a[1]) / (b[1] - a[1]) * (b[0] - a[0])),
            );
            cuts.sort_by(f64::total_cmp);
            for pair in cuts.chunks_exact(2) {
                let (from, to) = ((pair[0] - 0.5).ceil().max(0.0), (pair[1] - 0.5).floor());
                if to >= from {
                    for x in from as usize..=(to as usize).min(self.width.saturating_sub(1)) {
                        self.blend(y * self.width + x, color, opacity);
                    }
                }
            }
        }
    }

    /// Draws a line of a width in m, at least one pixel.
    pub fn line(&mut self, line: &[[f32; 2]], width_m: f32, color: [u8; 3]) {
        let radius = (f64::from(width_m) / self.pixel_m * 0.5).max(0.5);
        for pair in line.windows(2) {
            let (a, b) = (self.pixel(pair[0].map(f64::from)), self.pixel(pair[1].map(f64::from)));
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length2 = dx * dx + dy * dy;
            let span = |p: f64, q: f64, most: usize| {
                let lo = (p.min(q) - radius).floor().max(0.0) as usize;
                lo..((p.max(q) + radius).ceil().max(0.0) as usize).min(most)
            };
            for y in span(a[1], b[1], self.height) {
                for x in span(a[0], b[0], self.width) {
                    let (px, py) = (x as f64 + 0.5 - a[0], y as f64 + 0.5 - a[1]);
                    let t = if length2 > 0.0 { ((px * dx + py * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
                    let (ex, ey) = (px - t * dx, py - t * dy);
                    if ex * ex + ey * ey <= radius * radius {
                        self.rgb[y * self.width + x] = color;
                    }
                }
            }
        }
    }

    /// The picture as a PNG file.
    pub fn png(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (w, h) = (self.width as u32, self.height as u32);
        let encoder = PngEncoder::new(&mut out);
        // Memory takes every byte; an error leaves an empty picture.
        if encoder.write_image(self.rgb.as_flattened(), w, h, ExtendedColorType::Rgb8).is_err() {
            out.clear();
        }
        out
    }
}

/// RGBA pixels as a PNG file.
pub(super) fn clear_png(width: usize, height: usize, rgba: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let encoder = PngEncoder::new(&mut out);
    // Memory takes every byte; an error leaves an empty picture.
    if encoder.write_image(rgba, width as u32, height as u32, ExtendedColorType::Rgba8).is_err() {
        out.clear();
    }
    out
}
