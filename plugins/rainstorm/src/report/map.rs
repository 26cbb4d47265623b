//! Maps of a report: hill-shaded ground, roads, buildings once for all figures, what is compared over it; legend and scale
//! bar as SVG around the picture.

use std::fmt::Write as _;

use guanlan_city::{
    City,
    import::raster::SourceRaster,
    model::{RoadClass, SurfaceKind},
};
use guanlan_core::theme::{Srgb8, Theme, Token};

use super::{
    raster::{Picture, clear_png},
    text::{base64, escape, short},
};

fn rgb(c: Srgb8) -> [u8; 3] {
    [c.r, c.g, c.b]
}

fn token(t: Token) -> [u8; 3] {
    rgb(Theme::CommandDark.color(t))
}

/// The ground all maps of a report share.
pub(super) struct BaseMap {
    picture: Picture,
}

impl BaseMap {
    /// The ground under a raster, about `width` pixels wide.
    pub fn new(city: &City, like: &SourceRaster, width: usize) -> Self {
        let extent = like.extent();
        let (west_m, north_m) = (extent[0] - city.origin[0], extent[4] - city.origin[1]);
        let (across, down) = ((extent[3] - extent[0]).max(1.0), (extent[4] - extent[1]).max(1.0));
        let pixel_m = across.max(down) / width as f64;
        let (w, h) = (((across / pixel_m).round() as usize).max(1), ((down / pixel_m).round() as usize).max(1));
        let mut picture = Picture { width: w, height: h, west_m, north_m, pixel_m, rgb: vec![[0; 3]; w * h] };
        shade(&mut picture, city);
        let ground = [(SurfaceKind::Green, Token::Green, 0.55), (SurfaceKind::Water, Token::River, 1.0)];
        for (kind, color, opacity) in ground {
            for area in city.surfaces.iter().filter(|a| a.kind == kind) {
                let rings: Vec<&[[f32; 2]]> =
                    std::iter::once(area.ring.as_slice()).chain(area.holes.iter().map(Vec::as_slice)).collect();
                picture.fill(&rings, token(color), opacity);
            }
        }
        for road in city.roads.iter().filter(|r| r.class != RoadClass::Foot) {
            let main = road.class <= RoadClass::Secondary;
            let color = if main { Token::RoadArterial } else { Token::RoadLocal };
            picture.line(&road.line, if main { road.width_m } else { road.width_m * 0.6 }, token(color));
        }
        for part in city.buildings.iter().flat_map(|b| &b.parts) {
            let rings: Vec<&[[f32; 2]]> =
                std::iter::once(part.footprint.as_slice()).chain(part.holes.iter().map(Vec::as_slice)).collect();
            picture.fill(&rings, token(Token::Wall), 1.0);
        }
        Self { picture }
    }

    /// The ground as a picture that all figures of the page refer to: it lies there once.
    pub fn once(&self) -> String {
        let (w, h) = self.size();
        format!(
            "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs><image id=\"ground\" \
             width=\"{w}\" height=\"{h}\" href=\"data:image/png;base64,{}\"/></defs></svg>",
            base64(&self.picture.png())
        )
    }

    /// What lies over the ground, by place, with its opacity: a picture that is clear where there is nothing.
    pub fn overlay(&self, color: impl Fn([f64; 2]) -> Option<[u8; 4]>) -> Vec<u8> {
        let (w, h) = self.size();
        let mut rgba = vec![0_u8; w * h * 4];
        for (k, pixel) in rgba.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            *pixel = color(self.picture.place(k % w, k / w)).unwrap_or_default();
        }
        clear_png(w, h, &rgba)
    }

    /// A figure: the picture with a scale bar and a north arrow in it, legend and honesty line below.
    pub fn figure(&self, png: &[u8], title: &str, legend: &[(String, String)], honesty: &str) -> String {
        let (w, h) = (self.picture.width, self.picture.height);
        let mut out = String::new();
        let _ = write!(
            out,
            "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {w} {h}\" role=\"img\" aria-label=\"{}\">\
             <use href=\"#ground\"/><image width=\"{w}\" height=\"{h}\" href=\"data:image/png;base64,{}\"/>{}</svg><div class=\"legend\">",
            escape(title),
            escape(title),
            base64(png),
            self.furniture()
        );
        for (color, text) in legend {
            let _ = write!(out, "<span><i style=\"background:{color}\"></i>{}</span>", escape(text));
        }
        let _ = write!(out, "</div><p class=\"honest\">{}</p></figure>", escape(honesty));
        out
    }

    /// Scale bar and north arrow.
    pub fn furniture(&self) -> String {
        let (w, h, pixel_m) = (self.picture.width as f64, self.picture.height as f64, self.picture.pixel_m);
        let most_m = w * 0.25 * pixel_m;
        let power = 10.0_f64.powf(most_m.log10().floor());
        let length_m = [5.0, 2.0, 1.0].into_iter().map(|k| k * power).find(|l| *l <= most_m).unwrap_or(power);
        let bar = length_m / pixel_m;
        let text = if length_m >= 1000.0 {
            format!("{} km", short(length_m / 1000.0, 0))
        } else {
            format!("{} m", short(length_m, 0))
        };
        let size = (w / 45.0).clamp(11.0, 22.0);
        let (x, y) = (w * 0.025, h - size * 1.2);
        let north = w - size * 1.8;
        format!(
            "<g font-size=\"{size:.0}\" fill=\"#E9F2FA\" stroke=\"none\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" \
             height=\"{:.1}\" fill=\"#070B14\" opacity=\".62\" rx=\"4\"/><path d=\"M{x:.1} {:.1}v{:.1}h{bar:.1}v-{:.1}\" \
             fill=\"none\" stroke=\"#E9F2FA\" stroke-width=\"2\"/><text x=\"{:.1}\" y=\"{:.1}\" \
             text-anchor=\"middle\">{text}</text><path d=\"M{north:.1} {:.1}l{:.1} {:.1}l-{:.1} -{:.1}l-{:.1} {:.1}z\"/>\
             <text x=\"{north:.1}\" y=\"{:.1}\" text-anchor=\"middle\">N</text></g>",
            x - size * 0.6,
            y - size * 1.6,
            bar + size * 1.2,
            size * 2.4,
            y - size * 0.4,
            size * 0.6,
            size * 0.6,
            x + bar * 0.5,
            y - size * 0.35,
            size * 0.6,
            size * 0.7,
            size * 2.0,
            size * 0.7,
            size * 0.5,
            size * 0.7,
            size * 0.5,
            size * 3.6,
        )
    }

    /// Width and height, pixels.
    pub fn size(&self) -> (usize, usize) {
        (self.picture.width, self.picture.height)
    }
}

/// Value at a local place; `None` outside and where there is no data.
pub(super) fn sample(raster: &SourceRaster, city: &City, [east, north]: [f64; 2]) -> Option<f32> {
    let a = &raster.affine;
    let col = (east + city.origin[0] - a[0]) / a[1];
    let row = (north + city.origin[1] - a[3]) / a[5];
    if !(col >= 0.0 && row >= 0.0 && col < raster.cols as f64 && row < raster.rows as f64) {
        return None;
    }
    Some(raster.z[row as usize * raster.cols + col as usize]).filter(|v| v.is_finite())
}

/// Land lit from the north-west, ±35 % so that slopes show in print.
fn shade(picture: &mut Picture, city: &City) {
    let land = token(Token::Land);
    let Some(terrain) = &city.terrain else {
        picture.rgb.fill(land);
        return;
    };
    let step = terrain.cell_m.max(picture.pixel_m);
    for y in 0..picture.height {
        for x in 0..picture.width {
            let [e, n] = picture.place(x, y);
            let z = |de: f64, dn: f64| terrain.height_m(e + de, n + dn);
            let slope = z(step, 0.0).zip(z(-step, 0.0)).zip(z(0.0, step).zip(z(0.0, -step)));
            let light = slope.map_or(0.0, |((east, west), (north, south))| {
                let (gx, gy) = (f64::from(east - west) / (2.0 * step), f64::from(north - south) / (2.0 * step));
                // Towards the north-west, 12 times steeper than life.
                ((gx - gy) * 12.0 * std::f64::consts::FRAC_1_SQRT_2).clamp(-1.0, 1.0)
            });
            let k = y * picture.width + x;
            picture.rgb[k] = land.map(|c| (f64::from(c) * 1.35 * (1.0 + 0.35 * light)).clamp(0.0, 255.0) as u8);
        }
    }
}
