//! Paints roads, water, parks and hill shade as distance textures.

use bevy::asset::RenderAssetUsages;
use bevy::image::{Image, ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::math::{Vec3, Vec4};
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use guanlan_city::City;
use guanlan_city::model::{RoadClass, SurfaceKind};

use super::heights::Ground;
use super::raster::{DistanceGrid, weave};
use crate::look::hill_shade;

/// Distance at which the line channels saturate, m. The shader has the same number.
pub const LINE_RANGE_M: f32 = 24.0;
/// Distance at which the water channel saturates, m. The shader has the same number.
pub const WATER_RANGE_M: f32 = 96.0;
/// Distance at which the green and paved channels saturate, m. The shader has the same number.
pub const AREA_RANGE_M: f32 = 24.0;

/// The painting as two woven textures.
pub struct Painting {
    /// West, north, width, height in local m.
    pub frame: Vec4,
    /// R small roads, G main roads, B foot paths, A footprints.
    pub lines: Image,
    /// R water, G green, B paved, A hill shade.
    pub areas: Image,
}

/// Width at which a road is painted, m.
#[must_use]
pub fn road_width_m(class: RoadClass, width_m: f32) -> f32 {
    if width_m > 0.5 {
        return width_m.clamp(1.5, 60.0);
    }
    match class {
        RoadClass::Motorway => 25.0,
        RoadClass::Primary => 22.0,
        RoadClass::Secondary => 16.0,
        RoadClass::Tertiary => 10.0,
        RoadClass::Residential => 7.0,
        RoadClass::Service => 4.5,
        RoadClass::Foot => 3.0,
    }
}

/// Paints a city with at most `most_px` pixels along a side.
#[must_use]
pub fn paint(city: &City, ground: &Ground, most_px: usize) -> Painting {
    let margin = 60.0;
    let [w, s, e, n] = city.extent;
    let (west, north) = (w - margin, n + margin);
    let (width, height) = ((e - w) + 2.0 * margin, (n - s) + 2.0 * margin);
    let texel = (width.max(height) / most_px as f32).max(1.5);
    let size = |m: f32| (((m / texel).ceil() as usize).div_ceil(8) * 8).clamp(8, most_px);
    let (cols, rows) = (size(width), size(height));
    let line = || DistanceGrid::empty(west, north, texel, cols, rows, LINE_RANGE_M);
    let (mut small, mut main, mut foot, mut feet) = (line(), line(), line(), line());
    feet.range_m = 12.0;
    for road in city.roads.iter().filter(|r| !r.bridge) {
        let width = road_width_m(road.class, road.width_m);
        match road.class {
            RoadClass::Motorway | RoadClass::Primary | RoadClass::Secondary => main.line(&road.line, width),
            RoadClass::Tertiary | RoadClass::Residential | RoadClass::Service => {
                small.line(&road.line, width.max(texel * 1.6));
            }
            RoadClass::Foot => foot.line(&road.line, width.max(texel * 1.6)),
        }
    }
    for part in city.buildings.iter().flat_map(|b| &b.parts) {
        feet.polygon(&part.footprint, &[]);
    }
    let (a_cols, a_rows, a_texel) = (cols / 2, rows / 2, texel * 2.0);
    let area = |range| DistanceGrid::empty(west, north, a_texel, a_cols, a_rows, range);
    let (mut water, mut green, mut paved) = (area(WATER_RANGE_M), area(AREA_RANGE_M), area(AREA_RANGE_M));
    for surface in &city.surfaces {
        let grid = match surface.kind {
            SurfaceKind::Water => &mut water,
            SurfaceKind::Green => &mut green,
            SurfaceKind::Paved | SurfaceKind::Embankment => &mut paved,
        };
        grid.polygon(&surface.ring, &surface.holes);
    }
    let shade = shade(city, ground, &water);
    let (lines, line_levels) = weave([&small.bytes, &main.bytes, &foot.bytes, &feet.bytes], cols, rows);
    let (areas, area_levels) = weave([&water.bytes, &green.bytes, &paved.bytes, &shade], a_cols, a_rows);
    Painting {
        frame: Vec4::new(west, north, cols as f32 * texel, rows as f32 * texel),
        lines: texture(lines, cols, rows, line_levels),
        areas: texture(areas, a_cols, a_rows, area_levels),
    }
}

/// Hill shade as bytes: 128 is level ground, ±12 % over ±127.
fn shade(city: &City, ground: &Ground, grid: &DistanceGrid) -> Vec<u8> {
    if city.terrain.is_none() {
        return vec![128; grid.cols * grid.rows];
    }
    let at = |col: usize, row: usize| {
        let east = grid.west_m + (col as f32 + 0.5) * grid.cell_m;
        let north = grid.north_m - (row as f32 + 0.5) * grid.cell_m;
        ground.height_m(east, north)
    };
    let heights: Vec<f32> =
        (0..grid.rows).flat_map(|r| (0..grid.cols).map(move |c| (c, r))).map(|(c, r)| at(c, r)).collect();
    let z = |c: usize, r: usize| heights[r.min(grid.rows - 1) * grid.cols + c.min(grid.cols - 1)];
    let mut out = Vec::with_capacity(heights.len());
    for r in 0..grid.rows {
        for c in 0..grid.cols {
            // Slopes are drawn three times as steep: a city is flat.
            let dx = (z(c + 1, r) - z(c.saturating_sub(1), r)) / (2.0 * grid.cell_m) * 3.0;
            let dy = (z(c, r.saturating_sub(1)) - z(c, r + 1)) / (2.0 * grid.cell_m) * 3.0;
            // Normal of (east, north, up) = (−dx, −dy, 1) in the renderer's frame.
            let shade = hill_shade(Vec3::new(-dx, 1.0, dy).normalize());
            out.push((128.0 + (shade - 1.0) / 0.12 * 127.0).clamp(0.0, 255.0) as u8);
        }
    }
    out
}

fn texture(bytes: Vec<u8>, cols: usize, rows: usize, levels: u32) -> Image {
    let size = Extent3d { width: cols as u32, height: rows as u32, depth_or_array_layers: 1 };
    let mut image =
        Image::new_uninit(size, TextureDimension::D2, TextureFormat::Rgba8Unorm, RenderAssetUsages::RENDER_WORLD);
    image.texture_descriptor.mip_level_count = levels;
    image.data = Some(bytes);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::ClampToEdge,
        address_mode_v: ImageAddressMode::ClampToEdge,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Nearest,
        ..Default::default()
    });
    image
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{Road, SurfaceArea};
    use std::sync::Arc;

    #[test]
    fn roads_and_water_land_in_their_channels() {
        let city = Arc::new(City {
            extent: [-500.0, -500.0, 500.0, 500.0],
            roads: vec![
                Road { class: RoadClass::Primary, line: vec![[-400.0, 0.0], [400.0, 0.0]], ..Default::default() },
                Road { class: RoadClass::Residential, line: vec![[0.0, 100.0], [0.0, 400.0]], ..Default::default() },
            ],
            surfaces: vec![SurfaceArea {
                kind: SurfaceKind::Water,
                ring: vec![[-400.0, -400.0], [400.0, -400.0], [400.0, -200.0], [-400.0, -200.0]],
                ..Default::default()
            }],
            ..Default::default()
        });
        let ground = Ground::new(&city);
        let p = paint(&city, &ground, 512);
        let probe = |image: &Image, east: f32, north: f32| -> [u8; 4] {
            let (w, h) = (image.texture_descriptor.size.width as f32, image.texture_descriptor.size.height as f32);
            let x = ((east - p.frame.x) / p.frame.z * w) as usize;
            let y = ((p.frame.y - north) / p.frame.w * h) as usize;
            let i = (y * w as usize + x) * 4;
            image.data.as_ref().unwrap()[i..i + 4].try_into().unwrap()
        };
        assert!(probe(&p.lines, 200.0, 0.0)[1] > 160, "main road");
        assert!(probe(&p.lines, 0.0, 250.0)[0] > 128, "small road");
        assert_eq!(probe(&p.lines, 200.0, 250.0)[..2], [0, 0], "no road here");
        assert!(probe(&p.areas, 0.0, -300.0)[0] > 200, "river");
        assert!(probe(&p.areas, 0.0, 300.0)[0] < 128, "dry land");
        assert_eq!(probe(&p.areas, 0.0, 300.0)[3], 128, "level ground");
    }
}
