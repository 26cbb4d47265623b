//! The shapes of the SWMM input file as sections.

use guanlan_city::model::drainage::{Conduit, DrainageNetwork, Street, Transect};

use super::{
    pipe_sizes::{ARCH_HEIGHTS, ARCH_WIDTHS, ELLIPSES, size_code},
    section::Section,
};

/// Width over largest width of SWMM's egg, from invert to crown.
const EGG: [f64; 26] = [
    0.0, 0.298, 0.433, 0.508, 0.582, 0.642, 0.696, 0.746, 0.791, 0.836, 0.866, 0.896, 0.926, 0.956, 0.970, 0.985, 1.0,
    0.985, 0.970, 0.940, 0.896, 0.836, 0.764, 0.642, 0.310, 0.0,
];
/// The same of the horseshoe.
const HORSESHOE: [f64; 26] = [
    0.0, 0.5878, 0.8772, 0.8900, 0.9028, 0.9156, 0.9284, 0.9412, 0.9540, 0.9668, 0.9798, 0.9928, 0.9992, 0.9992,
    0.9928, 0.9826, 0.9691, 0.9516, 0.9299, 0.9029, 0.8694, 0.8275, 0.7741, 0.7018, 0.5878, 0.0,
];

/// A section and what had to be assumed for it.
pub(super) struct Shaped {
    pub section: Section,
    pub note: Option<&'static str>,
}

/// The section of a conduit; `None` when its geometry is not positive.
pub(super) fn section_of(conduit: &Conduit, network: &DrainageNetwork) -> Option<Shaped> {
    let [height, g2, g3, g4] = conduit.geom_m.map(|v| if v.is_finite() { f64::from(v) } else { 0.0 });
    let name = conduit.shape.to_ascii_uppercase();
    let wide = if g2 > 0.0 { g2 } else { height };
    let plain = |section: Option<Section>| section.map(|section| Shaped { section, note: None });
    let close = |section: Option<Section>| {
        section.map(|section| Shaped { section, note: Some("a similar section of the same area is taken") })
    };
    match name.as_str() {
        "CIRCULAR" => plain(circle(height)),
        "FORCE_MAIN" => plain(circle(height)),
        "FILLED_CIRCULAR" => plain(filled_circle(height, g2)),
        "RECT_CLOSED" => plain(rectangle(height, wide, true)),
        "RECT_OPEN" => plain(channel(height, wide, g3.clamp(0.0, 2.0))),
        "TRAPEZOIDAL" => plain(trapezoid(height, g2.max(0.0), g3.max(0.0), g4.max(0.0))),
        "TRIANGULAR" => {
            let side = 0.5 * wide / height.max(1.0e-9);
            plain(trapezoid(height, 0.0, side, side))
        }
        "HORIZ_ELLIPSE" | "VERT_ELLIPSE" => plain(pipe_ellipse(&name, [height, g2, g3], network)),
        "ARCH" => pipe_arch([height, g2, g3], network),
        "PARABOLIC" => plain(power(height, wide, 0.5)),
        "POWER" => plain(power(height, wide, 1.0 / if g3 > 0.0 { g3 } else { 2.0 })),
        "RECT_TRIANGULAR" => {
            plain(widths(height, true, None, |y| if g3 > 0.0 && y < g3 { wide * y / g3 } else { wide }))
        }
        "RECT_ROUND" => plain(round_bottom(height, wide, g3)),
        "MODBASKETHANDLE" => plain(round_top(height, wide, g3)),
        "EGG" => plain(tabulated(height, 2.0 / 3.0 * height, 0.5105, &EGG)),
        "HORSESHOE" => plain(tabulated(height, height, 0.8293, &HORSESHOE)),
        // Full areas over the square of the height: SWMM 5 reference manual, volume II.
        "GOTHIC" => close(arch(height, 0.84, 0.6554)),
        "CATENARY" => close(arch(height, 0.9, 0.70277)),
        "SEMIELLIPTICAL" => close(arch(height, 1.0, 0.785)),
        "BASKETHANDLE" => close(arch(height, 0.944, 0.7862)),
        "SEMICIRCULAR" => close(arch(height, 1.64, 1.2697)),
        "IRREGULAR" => network
            .transects
            .iter()
            .find(|t| t.id.eq_ignore_ascii_case(&conduit.section))
            .and_then(|t| plain(transect(t))),
        "STREET" => {
            network.streets.iter().find(|s| s.id.eq_ignore_ascii_case(&conduit.section)).and_then(|s| plain(street(s)))
        }
        "CUSTOM" => {
            let curve = network.curves.iter().find(|c| c.id.eq_ignore_ascii_case(&conduit.section))?;
            plain(widths(height, true, None, |y| height * curve.at(y / height).unwrap_or(0.0).max(0.0)))
        }
        _ => circle(height).map(|section| Shaped { section, note: Some("an unknown shape: a circle is taken") }),
    }
}

pub(super) fn circle(d: f64) -> Option<Section> {
    let area = std::f64::consts::PI * d * d / 4.0;
    Section::from_profile(d, true, Some(area), |y| {
        let y = y.clamp(0.0, d);
        (2.0 * (y * (d - y)).max(0.0).sqrt(), d * (1.0 - 2.0 * y / d).clamp(-1.0, 1.0).acos())
    })
}

/// A circle with `filled` m of sediment.
fn filled_circle(d: f64, filled: f64) -> Option<Section> {
    if !(filled > 0.0 && filled < d) {
        return circle(d);
    }
    let width = move |y: f64| 2.0 * ((y + filled) * (d - y - filled)).max(0.0).sqrt();
    let arc = move |y: f64| d * (1.0 - 2.0 * y / d).clamp(-1.0, 1.0).acos();
    Section::from_profile(d - filled, true, None, |y| (width(y), width(0.0) + arc(y + filled) - arc(filled)))
}

pub(super) fn rectangle(h: f64, w: f64, closed: bool) -> Option<Section> {
    if w <= 0.0 {
        return None;
    }
    let top = if closed { w } else { 0.0 };
    Section::from_profile(h, closed, None, |y| (w, w + 2.0 * y + if y >= h { top } else { 0.0 }))
}

/// A rectangular channel of which so many sides (0 to 2) are not walls.
fn channel(h: f64, w: f64, missing: f64) -> Option<Section> {
    if w <= 0.0 {
        return None;
    }
    Section::from_profile(h, false, None, |y| (w, w + (2.0 - missing) * y))
}

/// Bottom width, run over rise of both sides.
fn trapezoid(h: f64, bottom: f64, left: f64, right: f64) -> Option<Section> {
    let sides = (1.0 + left * left).sqrt() + (1.0 + right * right).sqrt();
    Section::from_profile(h, false, None, |y| (bottom + (left + right) * y, bottom + sides * y))
}

fn ellipse(h: f64, w: f64) -> Option<Section> {
    let area = std::f64::consts::PI * h * w / 4.0;
    widths(h, true, Some(area), |y| {
        let t = (2.0 * y / h - 1.0).clamp(-1.0, 1.0);
        w * (1.0 - t * t).max(0.0).sqrt()
    })
}

/// An elliptical pipe of a height and a width, or of a standard size: a code in the third parameter, or in the first
/// when there is no width, as SWMM reads it.
fn pipe_ellipse(name: &str, [height, width, third]: [f64; 3], network: &DrainageNetwork) -> Option<Section> {
    let size = size_code([height, width, third], network).checked_sub(1).and_then(|k| ELLIPSES.get(k));
    let Some([minor, major]) = size.map(|axes| axes.map(|inches| inches * 0.0254)) else {
        return ellipse(height, if width > 0.0 { width } else { height });
    };
    if name == "HORIZ_ELLIPSE" { ellipse(minor, major) } else { ellipse(major, minor) }
}

/// An arch pipe, by height and width or by its code; the area is SWMM's, .7879 of the box around it.
fn pipe_arch(geom: [f64; 3], network: &DrainageNetwork) -> Option<Shaped> {
    let code = size_code(geom, network);
    let size = |k: usize| Some([*ARCH_HEIGHTS.get(k)?, *ARCH_WIDTHS.get(k)?]);
    let known = code.checked_sub(1).and_then(size).map(|axes| axes.map(|inches| inches * 0.0254));
    let [height, width] = known.unwrap_or([geom[0], if geom[1] > 0.0 { geom[1] } else { 1.6 * geom[0] }]);
    let note = (known.is_none() && code >= 1).then_some("a size code that is not known: taken by its height");
    let section = widths(height, true, Some(0.7879 * height * width), |y| {
        let t = (2.0 * y / height - 1.0).clamp(-1.0, 1.0);
        width * (1.0 - t * t).max(0.0).sqrt()
    })?;
    Some(Shaped { section, note })
}

fn power(h: f64, w: f64, exponent: f64) -> Option<Section> {
    widths(h, false, None, |y| w * (y / h).max(0.0).powf(exponent))
}

/// A rectangle on a circular bottom of radius `r`.
fn round_bottom(h: f64, w: f64, r: f64) -> Option<Section> {
    let r = r.max(0.5 * w);
    let rise = r - (r * r - 0.25 * w * w).max(0.0).sqrt();
    widths(h, true, None, |y| if y < rise { 2.0 * (y * (2.0 * r - y)).max(0.0).sqrt() } else { w })
}

/// A rectangle under a circular top of radius `r`.
fn round_top(h: f64, w: f64, r: f64) -> Option<Section> {
    let r = r.max(0.5 * w);
    let rise = r - (r * r - 0.25 * w * w).max(0.0).sqrt();
    widths(h, true, None, |y| {
        let below = h - y;
        if below < rise { 2.0 * (below * (2.0 * r - below)).max(0.0).sqrt() } else { w }
    })
}

/// An arch on a flat floor with a given largest width and area, both over powers of the height.
fn arch(h: f64, width: f64, area: f64) -> Option<Section> {
    let w = width * h;
    widths(h, true, Some(area * h * h), |y| {
        let t = (y / h).clamp(0.0, 1.0);
        w * (1.0 - t * t).max(0.0).sqrt()
    })
}

fn tabulated(h: f64, w: f64, area: f64, table: &[f64; 26]) -> Option<Section> {
    widths(h, true, Some(area * h * h), |y| {
        let x = (y / h).clamp(0.0, 1.0) * 25.0;
        let k = (x as usize).min(24);
        w * (table[k] + (table[k + 1] - table[k]) * (x - k as f64))
    })
}

/// A section symmetric about its middle, from its widths alone: the perimeter follows both sides.
fn widths(h: f64, closed: bool, area: Option<f64>, width: impl Fn(f64) -> f64) -> Option<Section> {
    if !(h.is_finite() && h > 0.0) {
        return None;
    }
    let steps = 400;
    let dy = h / f64::from(steps);
    let mut along = vec![width(0.0)];
    for k in 0..steps {
        let (a, b) = (width(f64::from(k) * dy), width(f64::from(k + 1) * dy));
        along.push(along[k as usize] + 2.0 * dy.hypot(0.5 * (b - a)));
    }
    let top = if closed { width(h) } else { 0.0 };
    Section::from_profile(h, closed, area, |y| {
        let x = (y / dy).clamp(0.0, f64::from(steps));
        let k = (x as usize).min(steps as usize - 1);
        let p = along[k] + (along[k + 1] - along[k]) * (x - k as f64);
        (width(y), p + if y >= h { top } else { 0.0 })
    })
}

/// Wetted width and length of a line of points under a level.
fn under(points: &[[f64; 2]], level: f64) -> (f64, f64) {
    let (mut width, mut length) = (0.0, 0.0);
    for w in points.windows(2) {
        let ([x0, z0], [x1, z1]) = (w[0], w[1]);
        let (low, high) = (z0.min(z1), z0.max(z1));
        if level <= low {
            continue;
        }
        let share = if level >= high { 1.0 } else { (level - low) / (high - low) };
        width += share * (x1 - x0).abs();
        length += share * (x1 - x0).hypot(z1 - z0);
    }
    (width, length)
}

/// A natural channel. Banks and channel carry by themselves, as in SWMM: the hydraulic radius is the one with which the
/// whole area and the channel's own n carry the sum.
fn transect(t: &Transect) -> Option<Section> {
    let points = &t.points_m;
    let low = points.iter().map(|p| p[1]).fold(f64::INFINITY, f64::min);
    let high = points.iter().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max);
    let [left, right, channel] = t.n_left_right_channel;
    let [a, b] = if t.banks_m[1] > t.banks_m[0] { t.banks_m } else { [f64::NEG_INFINITY, f64::INFINITY] };
    let parts = [(f64::NEG_INFINITY, a, left), (a, b, channel), (b, f64::INFINITY, right)]
        .map(|(from, to, n)| (clipped(points, from, to), if n > 0.0 && channel > 0.0 { channel / n } else { 1.0 }));
    Section::from_profile(high - low, false, None, |y| {
        let level = low + y;
        let (mut area, mut carries) = (0.0, 0.0);
        for (line, relative) in &parts {
            for (a, p) in pools(line, level) {
                area += a;
                carries += relative * a * (a / p).powf(2.0 / 3.0);
            }
        }
        let perimeter = if carries > 0.0 { area / (carries / area).powf(1.5) } else { 0.0 };
        (under(points, level).0, perimeter)
    })
}

/// Area and wetted length of each stretch of water over a line of points.
fn pools(points: &[[f64; 2]], level: f64) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    let mut wet = false;
    for w in points.windows(2) {
        let ([x0, z0], [x1, z1]) = (w[0], w[1]);
        let (low, high) = (z0.min(z1), z0.max(z1));
        if level <= low {
            wet = false;
            continue;
        }
        let share = if level >= high { 1.0 } else { (level - low) / (high - low) };
        let (depth, rest) = (level - low, (level - high).max(0.0));
        let piece = (0.5 * (depth + rest) * share * (x1 - x0).abs(), share * (x1 - x0).hypot(z1 - z0));
        match out.last_mut().filter(|_| wet && z0 < level) {
            Some(last) => *last = (last.0 + piece.0, last.1 + piece.1),
            None => out.push(piece),
        }
        wet = z1 < level;
    }
    out.retain(|(a, p)| *a > 0.0 && *p > 0.0);
    out
}

/// The part of a line of points between two stations.
fn clipped(points: &[[f64; 2]], from: f64, to: f64) -> Vec<[f64; 2]> {
    let mut out = Vec::new();
    for w in points.windows(2) {
        let ([x0, z0], [x1, z1]) = (w[0], w[1]);
        let (a, b) = (x0.max(from), x1.min(to));
        if x1 <= x0 {
            // Walls at the banks are the channel's.
            let channel = from.is_finite() && to.is_finite() && (x0 == from || x0 == to);
            if channel || x0 > from && x0 < to {
                out.extend([w[0], w[1]]);
            }
        } else if a < b {
            let z = |x: f64| z0 + (z1 - z0) * (x - x0) / (x1 - x0);
            out.extend([[a, z(a)], [b, z(b)]]);
        }
    }
    out
}

/// A street, curb to crown, on one or both sides.
fn street(s: &Street) -> Option<Section> {
    let mut side = vec![[0.0, s.curb_m], [0.0, -s.gutter_depression_m]];
    if s.back_width_m > 0.0 {
        side.insert(0, [-s.back_width_m, s.curb_m + s.back_slope * s.back_width_m]);
    }
    if s.gutter_width_m > 0.0 {
        side.push([s.gutter_width_m, s.cross_slope * s.gutter_width_m]);
    }
    side.push([s.crown_m, s.cross_slope * s.crown_m]);
    if s.sides >= 2 {
        let mirrored: Vec<[f64; 2]> = side.iter().rev().skip(1).map(|p| [2.0 * s.crown_m - p[0], p[1]]).collect();
        side.extend(mirrored);
    }
    let low = side.iter().map(|p| p[1]).fold(f64::INFINITY, f64::min);
    let high = side.iter().map(|p| p[1]).fold(f64::NEG_INFINITY, f64::max);
    Section::from_profile(high - low, false, None, |y| under(&side, low + y))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shape: &str, geom: [f32; 4]) -> Option<Shaped> {
        let conduit = Conduit { shape: shape.into(), geom_m: geom, ..Conduit::default() };
        section_of(&conduit, &DrainageNetwork::default())
    }

    #[test]
    fn full_sections_are_those_of_the_manual() {
        let pi = std::f64::consts::PI;
        for (shape, geom, area, radius) in [
            ("CIRCULAR", [1.0, 0.0, 0.0, 0.0], pi / 4.0, 0.25),
            ("RECT_CLOSED", [1.0, 2.0, 0.0, 0.0], 2.0, 2.0 / 6.0),
            ("RECT_OPEN", [1.0, 2.0, 0.0, 0.0], 2.0, 0.5),
            ("TRAPEZOIDAL", [1.0, 2.0, 1.0, 1.0], 3.0, 3.0 / (2.0 + 2.0 * 2.0_f64.sqrt())),
            ("TRIANGULAR", [1.0, 2.0, 0.0, 0.0], 1.0, 1.0 / (2.0 * 2.0_f64.sqrt())),
            ("EGG", [1.0, 0.0, 0.0, 0.0], 0.5105, 0.1931),
            ("HORSESHOE", [1.0, 0.0, 0.0, 0.0], 0.8293, 0.2538),
        ] {
            let s = of(shape, geom).unwrap().section;
            assert!((s.area_m2 / area - 1.0).abs() < 1e-3, "{shape} area {}", s.area_m2);
            assert!((s.radius_m / radius - 1.0).abs() < 0.04, "{shape} radius {}", s.radius_m);
        }
        assert!(of("CIRCULAR", [0.0; 4]).is_none());
        assert!(of("TRAPEZOIDAL", [f32::NAN, 1.0, 1.0, 1.0]).is_none());
        assert!(of("BANANA", [1.0, 0.0, 0.0, 0.0]).unwrap().note.is_some());
    }

    #[test]
    fn banks_and_channel_carry_by_themselves() {
        // A channel of 10 m with banks 50 m wide and three times as rough, 1 m above its bottom.
        let t = Transect {
            points_m: [0.0, 0.0, 50.0, 50.0, 60.0, 60.0, 110.0, 110.0]
                .into_iter()
                .zip([5.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 5.0])
                .map(|(x, z)| [x, z])
                .collect(),
            banks_m: [50.0, 60.0],
            n_left_right_channel: [0.09, 0.09, 0.03],
            ..Transect::default()
        };
        let s = transect(&t).unwrap();
        let wet = s.at(1.5);
        assert!((wet.area_m2 - 65.0).abs() < 0.1, "{}", wet.area_m2);
        let k = |a: f64, p: f64, n: f64| a * (a / p).powf(2.0 / 3.0) / n;
        // Lines between parts count for none of them.
        let want = k(15.0, 12.0, 0.03) + 2.0 * k(25.0, 50.5, 0.09);
        let got = wet.area_m2 * wet.radius_m.powf(2.0 / 3.0) / 0.03;
        assert!((got / want - 1.0).abs() < 0.02, "{got} {want}");
        // Below the banks it is a plain channel.
        assert!((s.at(0.5).radius_m - 5.0 / 11.0).abs() < 0.02);
    }

    #[test]
    fn standard_ellipses_go_by_their_code() {
        // 38 × 60 inches in a file in feet: code 9 where the height stands.
        let mut network = DrainageNetwork::default();
        network.options.insert("FLOW_UNITS".into(), "CFS".into());
        for geom_m in [[9.0 * 0.3048, 0.0, 0.0, 0.0], [0.9652, 1.524, 9.0, 0.0]] {
            let conduit = Conduit { shape: "HORIZ_ELLIPSE".into(), geom_m, ..Conduit::default() };
            let s = section_of(&conduit, &network).unwrap().section;
            assert!(
                (s.full_m - 0.9652).abs() < 1e-6 && (s.area_m2 - 1.1553).abs() < 1e-3,
                "{} {}",
                s.full_m,
                s.area_m2
            );
        }
    }

    #[test]
    fn every_shape_grows_with_depth() {
        for shape in [
            "CIRCULAR",
            "FORCE_MAIN",
            "FILLED_CIRCULAR",
            "RECT_CLOSED",
            "RECT_OPEN",
            "TRAPEZOIDAL",
            "TRIANGULAR",
            "HORIZ_ELLIPSE",
            "VERT_ELLIPSE",
            "ARCH",
            "PARABOLIC",
            "POWER",
            "RECT_TRIANGULAR",
            "RECT_ROUND",
            "MODBASKETHANDLE",
            "EGG",
            "HORSESHOE",
            "GOTHIC",
            "CATENARY",
            "SEMIELLIPTICAL",
            "BASKETHANDLE",
            "SEMICIRCULAR",
        ] {
            let s = of(shape, [1.2, 0.5, 0.6, 2.0]).unwrap().section;
            let mut last = 0.0;
            for k in 0..=1300 {
                let y = f64::from(k) * 0.001;
                let w = s.at(y);
                assert!(w.area_m2 >= last && w.area_m2.is_finite() && w.radius_m.is_finite(), "{shape} {y}");
                last = w.area_m2;
            }
            assert!((last - s.area_m2).abs() < 1e-12, "{shape}");
        }
    }

    #[test]
    fn a_circle_knows_its_normal_and_critical_depth() {
        let s = circle(1.0).unwrap();
        let half = s.at(0.5);
        assert!((half.area_m2 - std::f64::consts::PI / 8.0).abs() < 1e-4 && (half.radius_m - 0.25).abs() < 1e-4);
        // Half full carries half of the full flow.
        assert!((s.normal_depth_m(0.5 * s.area_m2 * s.radius_m.powf(2.0 / 3.0)) - 0.5).abs() < 1e-3);
        // Critical depth of .5 m³/s in a 1 m pipe: .40 m (Henderson).
        assert!((s.critical_depth_m(0.5) - 0.4).abs() < 0.01, "{}", s.critical_depth_m(0.5));
        // Full depth at more than the most a free surface carries.
        assert_eq!(s.normal_depth_m(10.0), 1.0);
    }
}
