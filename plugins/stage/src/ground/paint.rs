//! Paints roads, water, parks and slopes as distance textures: the whole city once, and again finer around the focus.

use bevy::asset::RenderAssetUsages;
use bevy::image::{Image, ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::math::Vec4;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat};
use guanlan_city::City;
use guanlan_city::model::{RoadClass, SurfaceKind};

use super::brink::Brink;
use super::heights::Ground;
use super::raster::{Cell, DistanceGrid, Texel, half, weave};

/// How much of the city is painted, and how finely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Canvas {
    /// West edge, local m.
    pub west_m: f32,
    /// North edge, local m.
    pub north_m: f32,
    /// Side of a pixel of the line texture; area pixels are twice as large, m.
    pub texel_m: f32,
    /// Columns, a multiple of 8.
    pub cols: usize,
    /// Rows, a multiple of 8.
    pub rows: usize,
    /// Metres at which lines, footprints, water and areas saturate.
    pub range_m: Vec4,
    /// Lines are kept as half floats: smooth to the kerb.
    pub fine: bool,
}

impl Canvas {
    /// The whole city with at most `most_px` pixels along a side.
    #[must_use]
    pub fn whole(city: &City, most_px: usize) -> Self {
        let margin = 60.0;
        let [w, s, e, n] = city.extent;
        let (width, height) = ((e - w) + 2.0 * margin, (n - s) + 2.0 * margin);
        let texel_m = (width.max(height) / most_px as f32).max(1.5);
        let size = |m: f32| (((m / texel_m).ceil() as usize).div_ceil(8) * 8).clamp(8, most_px);
        Self {
            west_m: w - margin,
            north_m: n + margin,
            texel_m,
            cols: size(width),
            rows: size(height),
            range_m: Vec4::new(24.0, 12.0, 96.0, 24.0),
            fine: false,
        }
    }

    /// A square around a place (local m).
    #[must_use]
    pub fn around(place_m: [f32; 2], side_m: f32, side_px: usize) -> Self {
        let px = side_px.div_ceil(8) * 8;
        Self {
            west_m: place_m[0] - side_m * 0.5,
            north_m: place_m[1] + side_m * 0.5,
            texel_m: side_m / px as f32,
            cols: px,
            rows: px,
            range_m: Vec4::new(15.0, 10.0, 90.0, 15.0),
            fine: true,
        }
    }

    fn grid<C: Cell>(&self, coarse: usize, range_m: f32) -> DistanceGrid<C> {
        let (cols, rows) = (self.cols / coarse, self.rows / coarse);
        DistanceGrid::empty(self.west_m, self.north_m, self.texel_m * coarse as f32, cols, rows, range_m)
    }

    /// True when a box (west, south, east, north) comes within `reach_m` of the canvas.
    fn touches(&self, b: [f32; 4], reach_m: f32) -> bool {
        let east = self.west_m + self.cols as f32 * self.texel_m;
        let south = self.north_m - self.rows as f32 * self.texel_m;
        b[0] - reach_m < east && b[2] + reach_m > self.west_m && b[1] - reach_m < self.north_m && b[3] + reach_m > south
    }
}

/// The painting as two woven textures.
pub struct Painting {
    /// West, north, width, height in local m.
    pub frame: Vec4,
    /// Metres at which lines, footprints, water and areas saturate.
    pub range_m: Vec4,
    /// R small roads, G main roads, B foot paths and squares, A footprints.
    pub lines: Image,
    /// R water (root of the distance), G green, B and A slopes.
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

fn bounds(line: &[[f32; 2]]) -> [f32; 4] {
    line.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

/// Roads and footprints as four woven channels: small roads, main roads, foot paths and squares, footprints.
fn lines<C: Cell + Texel>(city: &City, canvas: &Canvas) -> (Vec<C>, u32) {
    let [line, foot, ..] = canvas.range_m.to_array();
    let mut small: DistanceGrid<C> = canvas.grid(1, line);
    let (mut main, mut paved, mut feet) = (canvas.grid(1, line), canvas.grid(1, line), canvas.grid(1, foot));
    let least = canvas.texel_m * 1.6;
    for road in city.roads.iter().filter(|r| !r.bridge) {
        if !canvas.touches(bounds(&road.line), line + 30.0) {
            continue;
        }
        let width = road_width_m(road.class, road.width_m);
        match road.class {
            RoadClass::Motorway | RoadClass::Primary | RoadClass::Secondary => main.line(&road.line, width),
            RoadClass::Tertiary | RoadClass::Residential | RoadClass::Service => {
                small.line(&road.line, width.max(least));
            }
            RoadClass::Foot => paved.line(&road.line, width.max(least)),
        }
    }
    for part in city.buildings.iter().flat_map(|b| &b.parts) {
        if canvas.touches(bounds(&part.footprint), foot) {
            feet.polygon(&part.footprint, &[]);
        }
    }
    for surface in &city.surfaces {
        let hard = matches!(surface.kind, SurfaceKind::Paved | SurfaceKind::Embankment);
        if hard && canvas.touches(bounds(&surface.ring), line) {
            paved.polygon(&surface.ring, &surface.holes);
        }
    }
    weave([&small.cells, &main.cells, &paved.cells, &feet.cells], canvas.cols, canvas.rows)
}

/// Paints what lies on the canvas.
#[must_use]
pub fn paint(city: &City, ground: &Ground, canvas: &Canvas) -> Painting {
    let [_, _, water_range, area] = canvas.range_m.to_array();
    let mut water: DistanceGrid = canvas.grid(2, water_range);
    water.root = true;
    let mut green: DistanceGrid = canvas.grid(2, area);
    let brink = Brink::of(city);
    for surface in &city.surfaces {
        let grid = match surface.kind {
            SurfaceKind::Water => &mut water,
            SurfaceKind::Green => &mut green,
            SurfaceKind::Paved | SurfaceKind::Embankment => continue,
        };
        if canvas.touches(bounds(&surface.ring), water_range) {
            let ring =
                if surface.kind == SurfaceKind::Water { brink.beyond(&surface.ring) } else { (&surface.ring).into() };
            grid.polygon(&ring, &surface.holes);
        }
    }
    let [east, north] = slopes(ground, &water);
    let (cols, rows) = (canvas.cols, canvas.rows);
    let lines = if canvas.fine {
        let (cells, levels) = lines::<i16>(city, canvas);
        let bytes = cells.iter().flat_map(|c| half(c.share()).to_le_bytes()).collect();
        texture(bytes, cols, rows, levels, TextureFormat::Rgba16Float)
    } else {
        let (cells, levels) = lines::<u8>(city, canvas);
        texture(cells, cols, rows, levels, TextureFormat::Rgba8Unorm)
    };
    let (areas, levels) = weave([&water.cells, &green.cells, &east, &north], cols / 2, rows / 2);
    let size = [cols as f32 * canvas.texel_m, rows as f32 * canvas.texel_m];
    Painting {
        frame: Vec4::new(canvas.west_m, canvas.north_m, size[0], size[1]),
        range_m: canvas.range_m,
        lines,
        areas: texture(areas, cols / 2, rows / 2, levels, TextureFormat::Rgba8Unorm),
    }
}

/// Slopes are drawn this much steeper: a city is flat.
const STEEPER: f32 = 3.0;
/// Land wider than this is raised further, m.
const RAISED_FROM_M: f32 = 20_000.0;

/// A slope as a byte: 128 is level; s / (1 + |s|) keeps both the gentle and the steep apart.
fn bend(slope: f32) -> u8 {
    let s = slope * STEEPER;
    (128.0 + s / (1.0 + s.abs()) * 127.0).round().clamp(0.0, 255.0) as u8
}

/// Slopes eastward and northward as bytes.
fn slopes(ground: &Ground, grid: &DistanceGrid) -> [Vec<u8>; 2] {
    let count = grid.cols * grid.rows;
    let Some(terrain) = ground.terrain() else { return [vec![128; count], vec![128; count]] };
    // The smaller the scale of a map, the more its hills are raised.
    let raised = (grid.cell_m * grid.cols.max(grid.rows) as f32 / RAISED_FROM_M).clamp(1.0, 5.0);
    // Steps as long as the terrain's own cells: shorter ones would show its facets.
    let step = grid.cell_m.max(terrain.cell_m as f32);
    let (mut easts, mut norths) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for row in 0..grid.rows {
        let n = grid.north_m - (row as f32 + 0.5) * grid.cell_m;
        for col in 0..grid.cols {
            let e = grid.west_m + (col as f32 + 0.5) * grid.cell_m;
            easts.push(bend(raised * (ground.height_m(e + step, n) - ground.height_m(e - step, n)) / (2.0 * step)));
            norths.push(bend(raised * (ground.height_m(e, n + step) - ground.height_m(e, n - step)) / (2.0 * step)));
        }
    }
    [easts, norths]
}

fn texture(bytes: Vec<u8>, cols: usize, rows: usize, levels: u32, format: TextureFormat) -> Image {
    let size = Extent3d { width: cols as u32, height: rows as u32, depth_or_array_layers: 1 };
    let mut image = Image::new_uninit(size, TextureDimension::D2, format, RenderAssetUsages::RENDER_WORLD);
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
    use guanlan_city::model::{Road, SurfaceArea, Terrain};
    use std::sync::Arc;

    fn town() -> Arc<City> {
        Arc::new(City {
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
        })
    }

    fn probe(p: &Painting, image: &Image, east: f32, north: f32) -> [u8; 4] {
        let (w, h) = (image.texture_descriptor.size.width as f32, image.texture_descriptor.size.height as f32);
        let x = ((east - p.frame.x) / p.frame.z * w) as usize;
        let y = ((p.frame.y - north) / p.frame.w * h) as usize;
        let i = (y * w as usize + x) * 4;
        image.data.as_ref().unwrap()[i..i + 4].try_into().unwrap()
    }

    #[test]
    fn roads_and_water_land_in_their_channels() {
        let city = town();
        let ground = Ground::new(&city);
        let p = paint(&city, &ground, &Canvas::whole(&city, 512));
        assert!(probe(&p, &p.lines, 200.0, 0.0)[1] > 160, "main road");
        assert!(probe(&p, &p.lines, 0.0, 250.0)[0] > 128, "small road");
        assert_eq!(probe(&p, &p.lines, 200.0, 250.0)[..2], [1, 1], "no road here");
        assert!(probe(&p, &p.areas, 0.0, -300.0)[0] > 200, "river");
        assert!(probe(&p, &p.areas, 0.0, 300.0)[0] < 128, "dry land");
        assert_eq!(probe(&p, &p.areas, 0.0, 300.0)[2..], [128, 128], "level ground");
    }

    #[test]
    fn the_finer_painting_shows_the_same_town() {
        let city = town();
        let ground = Ground::new(&city);
        let p = paint(&city, &ground, &Canvas::around([0.0, 200.0], 200.0, 512));
        assert_eq!(p.lines.texture_descriptor.format, TextureFormat::Rgba16Float);
        // Edge of the 7 m street, 3.5 m from its middle: the sign of the half float changes there.
        let outside = |east: f32| {
            let col = ((east - p.frame.x) / p.frame.z * 512.0) as usize;
            let row = ((p.frame.y - 250.0) / p.frame.w * 512.0) as usize;
            p.lines.data.as_ref().unwrap()[(row * 512 + col) * 8 + 1] & 0x80 != 0
        };
        assert!(!outside(3.0) && outside(4.0));
    }

    #[test]
    fn slopes_tell_where_the_ground_rises() {
        let z_m = (0..100).map(|i| (i % 10) as f32 * 10.0).collect();
        let terrain = Terrain { west_m: -500.0, south_m: -500.0, cell_m: 100.0, cols: 10, rows: 10, z_m };
        let city = Arc::new(City { terrain: Some(terrain), ..(*town()).clone() });
        let ground = Ground::new(&city);
        let p = paint(&city, &ground, &Canvas::whole(&city, 256));
        let [_, _, east, north] = probe(&p, &p.areas, 0.0, 300.0);
        assert!(east > 145 && north == 128, "one in ten eastward: {east} {north}");
    }
}
