//! Depth and flow of the water as a texture: R holds the square root of the depth (4 m is full), G and B the speed
//! eastward and northward (±3 m/s), A is 255 where it is wet. Row 0 is the southernmost.

use bevy::asset::RenderAssetUsages;
use bevy::image::{Image, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use guanlan_core::input::DepthField;

use super::WET_M;
use crate::ground::heights::Ground;

/// Depth at which R is full, m.
pub const DEEPEST_M: f32 = 4.0;
/// Speed at which G and B are full, m/s.
pub const FASTEST_M_S: f32 = 3.0;
/// Manning's n of a flooded street, s/m^⅓ (Chow 1959, table 5-6: short grass to rough asphalt).
const MANNING_N: f32 = 0.03;

/// Speed of the water on the same raster as its depth.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlowField {
    /// Columns.
    pub cols: u32,
    /// Rows.
    pub rows: u32,
    /// Eastward and northward, m/s, row-major from the south-west.
    pub velocity_m_s: Vec<[f32; 2]>,
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

/// The bytes of the chart.
#[must_use]
pub fn bytes(field: &DepthField, flow: Option<&FlowField>, ground: &Ground) -> Vec<u8> {
    let (cols, rows) = (field.cols as usize, field.rows as usize);
    let depth = |c: usize, r: usize| f32::from(field.depth_mm[r * cols + c]) / 1000.0;
    let flow = flow.filter(|f| (f.cols, f.rows) == (field.cols, field.rows) && f.velocity_m_s.len() == cols * rows);
    let cell = field.cell_m as f32;
    let level = |c: usize, r: usize| {
        let e = field.west_m + (c as f64 + 0.5) * field.cell_m;
        let n = field.south_m + (r as f64 + 0.5) * field.cell_m;
        ground.height_m(e as f32, n as f32) + depth(c, r)
    };
    // Difference of levels between the wet neighbours of a wet cell.
    let slope = |c: usize, r: usize| {
        let here = level(c, r);
        let at = |c: usize, r: usize| if depth(c, r) >= WET_M { level(c, r) } else { here };
        let (w, e) = (at(c.saturating_sub(1), r), at((c + 1).min(cols - 1), r));
        let (s, n) = (at(c, r.saturating_sub(1)), at(c, (r + 1).min(rows - 1)));
        [(e - w) / (2.0 * cell), (n - s) / (2.0 * cell)]
    };
    let mut out = Vec::with_capacity(cols * rows * 4);
    for r in 0..rows {
        for c in 0..cols {
            let d = depth(c, r);
            let wet = d >= WET_M;
            let v = match flow {
                Some(flow) => flow.velocity_m_s[r * cols + c],
                None if wet => driven(d, slope(c, r)),
                None => [0.0; 2],
            };
            let speed = |v: f32| (128.0 + v / FASTEST_M_S * 127.0).round().clamp(0.0, 255.0) as u8;
            let root = ((d / DEEPEST_M).min(1.0).sqrt() * 255.0).round() as u8;
            out.extend([root, speed(v[0]), speed(v[1]), if wet { 255 } else { 0 }]);
        }
    }
    out
}

/// The chart as a texture.
#[must_use]
pub fn draw(field: &DepthField, flow: Option<&FlowField>, ground: &Ground) -> Image {
    let size = Extent3d { width: field.cols, height: field.rows, depth_or_array_layers: 1 };
    let mut image = Image::new(
        size,
        TextureDimension::D2,
        bytes(field, flow, ground),
        TextureFormat::Rgba8Unorm,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        ..Default::default()
    });
    image
}

/// A texture with nothing on it, for before the first field.
#[must_use]
pub fn blank() -> Image {
    let size = Extent3d { width: 1, height: 1, depth_or_array_layers: 1 };
    let dry = vec![0, 128, 128, 0];
    Image::new(size, TextureDimension::D2, dry, TextureFormat::Rgba8Unorm, RenderAssetUsages::RENDER_WORLD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::City;
    use guanlan_city::model::Terrain;
    use guanlan_core::Stamp;
    use std::sync::Arc;

    fn field() -> DepthField {
        DepthField {
            at: Stamp::default(),
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 10.0,
            cols: 10,
            rows: 10,
            depth_mm: vec![400; 100],
            estimate: true,
        }
    }

    #[test]
    fn water_on_a_slope_runs_down_it() {
        // The ground falls eastward by one in a hundred.
        let z_m = (0..100).map(|i| 10.0 - (i % 10) as f32 * 0.1).collect();
        let terrain = Terrain { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 10, rows: 10, z_m };
        let ground = Ground::new(&Arc::new(City { terrain: Some(terrain), ..Default::default() }));
        let pixel = |bytes: &[u8], c: usize, r: usize| -> [u8; 4] {
            let i = (r * 10 + c) * 4;
            bytes[i..i + 4].try_into().unwrap()
        };
        let [root, east, north, wet] = pixel(&bytes(&field(), None, &ground), 5, 5);
        assert_eq!(wet, 255);
        assert!((f32::from(root) / 255.0 - (0.4f32 / 4.0).sqrt()).abs() < 0.003);
        assert!(east > 180 && north == 128, "eastward: {east} {north}");
        let told = FlowField { cols: 10, rows: 10, velocity_m_s: vec![[0.0, -1.5]; 100] };
        let [_, east, north, _] = pixel(&bytes(&field(), Some(&told), &ground), 5, 5);
        assert!(east == 128 && north < 70, "the solver's word wins: {east} {north}");
    }

    #[test]
    fn mannings_speed_of_a_street() {
        // 0.3 m deep on 1 %: 0.3^(2/3)·0.1/0.03 = 1.49 m/s.
        let [east, north] = driven(0.3, [0.01, 0.0]);
        assert!((east + 1.494).abs() < 0.01 && north == 0.0);
        assert_eq!(driven(0.3, [0.0, 0.0]), [0.0, 0.0]);
    }
}
