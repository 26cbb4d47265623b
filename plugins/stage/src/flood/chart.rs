//! Depth and flow of the water as half floats: R holds the root of the depth in m, G and B the speed eastward and
//! northward in m/s, A is 1 where it is wet. Row 0 is the southernmost.
//!
//! Depths that a solver keeps on the GPU become such a texture there, see [`super::GpuWater`].

use bevy::asset::RenderAssetUsages;
use bevy::image::{Image, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};

use super::WET_M;
use super::sheet::Place;
use crate::ground::raster::half;

/// Half floats of a cell.
pub const TEXEL: usize = 4;
/// Format of the chart.
pub const FORMAT: TextureFormat = TextureFormat::Rgba16Float;
/// Faster water is drawn at this speed, m/s.
pub const FASTEST_M_S: f32 = 3.0;
/// Manning's n of a flooded street, s/m^⅓ (Chow 1959, table 5-6: short grass to rough asphalt).
const MANNING_N: f32 = 0.03;

/// Speed of the water on a raster of its own, which may be coarser than that of the depths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowField {
    /// Where it lies.
    pub place: Place,
    /// Eastward and northward, m/s, row-major from the south-west.
    pub velocity_m_s: Vec<[f32; 2]>,
}

impl FlowField {
    /// The velocity at a place (local m), between the middles of cells; `None` outside the raster.
    #[must_use]
    pub fn at(&self, east_m: f64, north_m: f64) -> Option<[f32; 2]> {
        let p = &self.place;
        if self.velocity_m_s.len() != p.cols * p.rows || p.cell_m <= 0.0 {
            return None;
        }
        let (x, y) = ((east_m - p.west_m) / p.cell_m, (north_m - p.south_m) / p.cell_m);
        if !(x >= 0.0 && y >= 0.0 && x < p.cols as f64 && y < p.rows as f64) {
            return None;
        }
        let (x, y) = ((x - 0.5).max(0.0), (y - 0.5).max(0.0));
        let (c, r) = ((x as usize).min(p.cols - 1), (y as usize).min(p.rows - 1));
        let (fx, fy) = ((x - c as f64) as f32, (y - r as f64) as f32);
        let v = |dc: usize, dr: usize| self.velocity_m_s[(r + dr).min(p.rows - 1) * p.cols + (c + dc).min(p.cols - 1)];
        let mix = |k: usize| {
            let low = v(0, 0)[k] * (1.0 - fx) + v(1, 0)[k] * fx;
            low * (1.0 - fy) + (v(0, 1)[k] * (1.0 - fx) + v(1, 1)[k] * fx) * fy
        };
        Some([mix(0), mix(1)])
    }
}

/// Speed that the slope of the water surface drives (Manning), m/s eastward and northward.
#[must_use]
pub fn driven(depth_m: f32, slope: [f32; 2]) -> [f32; 2] {
    let steep = slope[0].hypot(slope[1]);
    if steep < 1e-5 || depth_m < WET_M {
        return [0.0; 2];
    }
    let speed = (depth_m.powf(2.0 / 3.0) * steep.sqrt() / MANNING_N).min(FASTEST_M_S);
    [-slope[0] / steep * speed, -slope[1] / steep * speed]
}

/// One cell.
#[must_use]
pub fn texel(depth_m: f32, velocity_m_s: [f32; 2]) -> [u16; TEXEL] {
    let speed = velocity_m_s.map(|v| if v.is_finite() { v.clamp(-FASTEST_M_S, FASTEST_M_S) } else { 0.0 });
    let wet = f32::from(u8::from(depth_m >= WET_M));
    [half(depth_m.max(0.0).sqrt()), half(speed[0]), half(speed[1]), half(wet)]
}

/// The bytes of some words.
#[must_use]
pub fn bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|w| w.to_le_bytes()).collect()
}

fn texture(cols: usize, rows: usize, data: Vec<u8>, format: TextureFormat) -> Image {
    let size = Extent3d { width: cols as u32, height: rows as u32, depth_or_array_layers: 1 };
    let mut image = Image::new(size, TextureDimension::D2, data, format, RenderAssetUsages::RENDER_WORLD);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        ..Default::default()
    });
    image
}

/// A chart as a texture.
#[must_use]
pub fn image(cols: usize, rows: usize, words: &[u16]) -> Image {
    texture(cols, rows, bytes(words), FORMAT)
}

/// A chart that the GPU draws itself.
#[must_use]
pub fn drawn(cols: usize, rows: usize) -> Image {
    let mut image = image(cols, rows, &texel(0.0, [0.0; 2]).repeat(cols * rows));
    image.texture_descriptor.usage |= TextureUsages::STORAGE_BINDING;
    image
}

/// Classes of cells as a texture, see [`super::tint`].
#[must_use]
pub fn tints(cols: usize, rows: usize, words: &[u16]) -> Image {
    texture(cols, rows, bytes(words), TextureFormat::Rg16Float)
}

/// Heights of the ground, m, as a texture of single floats.
#[must_use]
pub fn heights(cols: usize, rows: usize, ground_m: &[f32]) -> Image {
    texture(cols, rows, ground_m.iter().flat_map(|z| z.to_le_bytes()).collect(), TextureFormat::R32Float)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A half float as a number.
    fn single(h: u16) -> f32 {
        let (sign, exponent, part) = (f32::from(h >> 15), i32::from(h >> 10 & 31), f32::from(h & 0x3ff) / 1024.0);
        if exponent == 0 { 0.0 } else { (1.0 - 2.0 * sign) * (1.0 + part) * 2f32.powi(exponent - 15) }
    }

    #[test]
    fn a_cell_keeps_centimetres_of_deep_water() {
        for depth in [0.05f32, 0.30, 1.2, 3.9, 12.0] {
            let [root, east, north, wet] = texel(depth, [1.5, -0.25]).map(single);
            assert!((root * root - depth).abs() < 0.002 * depth + 1e-4, "{depth}: {}", root * root);
            assert_eq!((east, north, wet), (1.5, -0.25, 1.0));
        }
        assert_eq!(texel(0.02, [0.0; 2])[3], 0, "a film is not wet");
        assert_eq!(texel(1.0, [f32::NAN, 99.0]).map(single)[1..3], [0.0, FASTEST_M_S]);
    }

    #[test]
    fn a_coarse_flow_is_read_between_its_cells() {
        let place = Place { west_m: 0.0, south_m: 0.0, cell_m: 50.0, cols: 2, rows: 1 };
        let flow = FlowField { place, velocity_m_s: vec![[0.0, 1.0], [2.0, 1.0]] };
        assert_eq!(flow.at(50.0, 10.0), Some([1.0, 1.0]));
        assert_eq!(flow.at(99.0, 49.0), Some([2.0, 1.0]));
        assert_eq!((flow.at(-1.0, 10.0), flow.at(50.0, 50.0)), (None, None));
        assert_eq!(FlowField { velocity_m_s: Vec::new(), ..flow }.at(50.0, 10.0), None, "a broken one tells nothing");
    }

    #[test]
    fn mannings_speed_of_a_street() {
        // 0.3 m deep on 1 %: 0.3^(2/3)·0.1/0.03 = 1.49 m/s.
        let [east, north] = driven(0.3, [0.01, 0.0]);
        assert!((east + 1.494).abs() < 0.01 && north == 0.0);
        assert_eq!(driven(0.3, [0.0, 0.0]), [0.0, 0.0]);
    }
}
