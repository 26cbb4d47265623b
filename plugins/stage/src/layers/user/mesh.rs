//! Features as draped lines and fills.

use bevy::math::Vec4;
use guanlan_core::theme::{Srgb8, Theme};

use super::{Field, Geometry, UserLayer};
use crate::ground::heights::Ground;
use crate::layers::catalogue::Style;
use crate::layers::paint::color_of;
use crate::lines::Polyline;

/// Fills lie this far above the ground, m.
const LIFT_M: f32 = 1.2;
/// Sides of a fill's triangles on sloping ground, m.
const STEP_M: f32 = 40.0;
/// Most triangles of one layer's fills.
const TRIANGLES_MAX: usize = 600_000;

/// Triangles with colours, city frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fill {
    /// East, north, height, m; three for each triangle.
    pub corners: Vec<[f32; 3]>,
    /// Linear RGBA of each corner.
    pub colors: Vec<[f32; 4]>,
}

/// What a layer looks like.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// Lines, outlines, stems.
    pub lines: Vec<Polyline>,
    /// Areas, points, cells.
    pub fill: Fill,
}

fn linear(color: Srgb8, alpha: f32) -> Vec4 {
    let [r, g, b, _] = color.linear();
    Vec4::new(r, g, b, alpha)
}

/// Colours of a style: its own, then its classes.
fn colors(style: &Style, theme: Theme) -> Vec<Srgb8> {
    std::iter::once(&style.color).chain(style.classes.iter().map(|c| &c.color)).map(|c| color_of(c, theme)).collect()
}

impl Fill {
    /// A triangle cut until it follows the ground.
    fn triangle(&mut self, ground: &Ground, corners: [[f32; 2]; 3], color: [f32; 4], step_m: f32) {
        let mut open = vec![corners];
        while let Some([a, b, c]) = open.pop() {
            let far = |p: [f32; 2], q: [f32; 2]| (q[0] - p[0]).hypot(q[1] - p[1]);
            let mid = |p: [f32; 2], q: [f32; 2]| [(p[0] + q[0]) * 0.5, (p[1] + q[1]) * 0.5];
            let (ab, bc, ca) = (far(a, b), far(b, c), far(c, a));
            let longest = ab.max(bc).max(ca);
            if longest > step_m && self.corners.len() / 3 + open.len() < TRIANGLES_MAX {
                let (p, q, r) = if longest == ab {
                    (a, b, c)
                } else if longest == bc {
                    (b, c, a)
                } else {
                    (c, a, b)
                };
                let m = mid(p, q);
                open.push([p, m, r]);
                open.push([m, q, r]);
                continue;
            }
            for p in [a, b, c] {
                self.corners.push([p[0], p[1], ground.height_m(p[0], p[1]) + LIFT_M]);
                self.colors.push(color);
            }
        }
    }

    fn area(&mut self, ground: &Ground, rings: &[Vec<[f32; 2]>], color: [f32; 4]) {
        let mut points: Vec<[f32; 2]> = Vec::new();
        let mut holes: Vec<u32> = Vec::new();
        for (i, ring) in rings.iter().filter(|r| r.len() >= 3).enumerate() {
            if i > 0 {
                holes.push(points.len() as u32);
            }
            points.extend(ring);
        }
        let mut indices: Vec<u32> = Vec::new();
        earcut::Earcut::new().earcut(points.iter().copied(), &holes, &mut indices);
        // Level ground needs no small triangles.
        let (mut low, mut high) = (f32::MAX, f32::MIN);
        for p in &points {
            let z = ground.height_m(p[0], p[1]);
            (low, high) = (low.min(z), high.max(z));
        }
        let step_m = if high - low < 0.3 { 400.0 } else { STEP_M };
        for t in indices.chunks_exact(3) {
            let [a, b, c] = [t[0], t[1], t[2]].map(|i| points[i as usize]);
            self.triangle(ground, [a, b, c], color, step_m);
        }
    }

    fn disc(&mut self, ground: &Ground, at: [f32; 2], radius_m: f32, color: [f32; 4]) {
        let z = ground.height_m(at[0], at[1]) + LIFT_M + 0.4;
        let ring: Vec<[f32; 3]> = (0..8)
            .map(|k| {
                let (sin, cos) = (std::f32::consts::TAU * (k as f32 + 0.5) / 8.0).sin_cos();
                [at[0] + radius_m * cos, at[1] + radius_m * sin, z]
            })
            .collect();
        for k in 1..7 {
            self.corners.extend([ring[0], ring[k], ring[k + 1]]);
            self.colors.extend([color; 3]);
        }
    }

    fn cells(&mut self, ground: &Ground, field: &Field, color: impl Fn(f32) -> Option<[f32; 4]>) {
        for r in 0..field.rows {
            for c in 0..field.cols {
                let Some(color) =
                    field.values.get(r * field.cols + c).copied().filter(|v| v.is_finite()).and_then(&color)
                else {
                    continue;
                };
                if self.corners.len() / 3 >= TRIANGLES_MAX {
                    return;
                }
                let at = |dc: usize, dr: usize| {
                    let e = (field.west_m + (c + dc) as f64 * field.cell_m) as f32;
                    let n = (field.south_m + (r + dr) as f64 * field.cell_m) as f32;
                    [e, n, ground.height_m(e, n) + LIFT_M]
                };
                let (a, b, d, e) = (at(0, 0), at(1, 0), at(1, 1), at(0, 1));
                self.corners.extend([a, b, d, a, d, e]);
                self.colors.extend([color; 6]);
            }
        }
    }
}

/// The look of a layer in a theme.
#[must_use]
pub fn draw(layer: &UserLayer, style: &Style, theme: Theme, ground: &Ground) -> Drawn {
    let palette = colors(style, theme);
    let mut drawn = Drawn::default();
    let line = |points: Vec<[f32; 3]>, color: Vec4| Polyline {
        points,
        colors: [color, color],
        width_px: style.width_px,
        dash_m: 0.0,
    };
    for feature in &layer.features {
        let color = palette[feature.class(style).map_or(0, |k| k + 1)];
        match &feature.geometry {
            Geometry::Point(p) => {
                drawn.fill.disc(ground, *p, style.point_m * 0.5, linear(color, 0.95).to_array());
                let z = ground.height_m(p[0], p[1]);
                let stem = vec![[p[0], p[1], z], [p[0], p[1], z + style.point_m * 2.0]];
                drawn.lines.push(line(stem, linear(color, 0.95)));
            }
            Geometry::Line(points) => drawn.lines.push(line(ground.drape(points, 25.0, 2.0), linear(color, 0.95))),
            Geometry::Area(rings) => {
                if style.fill > 0.0 {
                    drawn.fill.area(ground, rings, linear(color, style.fill).to_array());
                }
                for ring in rings.iter().filter(|r| r.len() >= 3) {
                    let mut closed = ring.clone();
                    closed.push(ring[0]);
                    drawn.lines.push(line(ground.drape(&closed, 25.0, 2.0), linear(color, 0.9)));
                }
            }
        }
    }
    if let Some(field) = &layer.field {
        let alpha = style.fill.max(0.05);
        let classes = &style.classes;
        drawn.fill.cells(ground, field, |v| {
            let v = f64::from(v);
            let class = classes.iter().position(|c| c.min.is_none_or(|m| v >= m) && c.max.is_none_or(|m| v < m));
            match class {
                Some(k) => Some(linear(palette[k + 1], alpha).to_array()),
                // With classes, what no class names is not drawn; without, every cell with a value is.
                None if classes.is_empty() => Some(linear(palette[0], alpha).to_array()),
                None => None,
            }
        });
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::catalogue::StyleClass;
    use crate::layers::user::Feature;
    use guanlan_city::City;
    use std::sync::Arc;

    fn style() -> Style {
        Style {
            by: "risk".into(),
            classes: vec![
                StyleClass { min: Some(3.0), color: "#FF0000".into(), ..Default::default() },
                StyleClass { values: vec!["none".into()], color: "#00FF00".into(), ..Default::default() },
            ],
            ..Style::default()
        }
    }

    fn feature(geometry: Geometry, risk: &str) -> Feature {
        Feature { geometry, attributes: vec![("risk".into(), risk.into())] }
    }

    #[test]
    fn the_first_class_that_fits_gives_the_colour() {
        let at = |risk: &str| feature(Geometry::Point([0.0, 0.0]), risk).class(&style());
        assert_eq!((at("3"), at("7.5"), at("2.9"), at("none"), at("")), (Some(0), Some(0), None, Some(1), None));
    }

    #[test]
    fn an_area_is_filled_exactly_and_follows_the_ground() {
        let city = Arc::new(City {
            terrain: Some(guanlan_city::model::Terrain {
                west_m: -500.0,
                south_m: -500.0,
                cell_m: 100.0,
                cols: 10,
                rows: 10,
                z_m: (0..100).map(|k| (k % 10) as f32 * 5.0).collect(),
            }),
            ..City::default()
        });
        let ground = Ground::new(&city);
        let outer = vec![[-200.0, -200.0], [200.0, -200.0], [200.0, 200.0], [-200.0, 200.0]];
        let hole = vec![[-50.0, -50.0], [-50.0, 50.0], [50.0, 50.0], [50.0, -50.0]];
        let layer =
            UserLayer { features: vec![feature(Geometry::Area(vec![outer, hole]), "4")], ..UserLayer::default() };
        let drawn = draw(&layer, &style(), Theme::CommandDark, &ground);
        let area: f32 = drawn
            .fill
            .corners
            .chunks_exact(3)
            .map(|t| {
                ((t[1][0] - t[0][0]) * (t[2][1] - t[0][1]) - (t[2][0] - t[0][0]) * (t[1][1] - t[0][1])).abs() * 0.5
            })
            .sum();
        assert!((area - 150_000.0).abs() < 50.0, "{area}");
        for c in &drawn.fill.corners {
            assert!((c[2] - ground.height_m(c[0], c[1]) - LIFT_M).abs() < 1e-3);
        }
        assert!(drawn.fill.corners.len() > 300, "cut along the slope");
        assert_eq!(drawn.lines.len(), 2, "both rings have an outline");
        assert_eq!(drawn.fill.colors[0][..3], [1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_raster_shows_the_cells_of_its_classes() {
        let ground = Ground::new(&Arc::default());
        let field = Field { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 2, rows: 1, values: vec![5.0, f32::NAN] };
        assert_eq!(field.at(5.0, 5.0), Some(5.0));
        assert_eq!(field.at(15.0, 5.0), None);
        let layer = UserLayer { field: Some(field), ..UserLayer::default() };
        assert_eq!(draw(&layer, &style(), Theme::CommandDark, &ground).fill.corners.len(), 6);
        let low = Style { classes: vec![StyleClass { max: Some(1.0), ..style().classes[0].clone() }], ..style() };
        assert!(draw(&layer, &low, Theme::CommandDark, &ground).fill.corners.is_empty());
    }
}
