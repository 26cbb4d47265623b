//! The shapes of a SWMM file as tubes.

use guanlan_city::model::drainage::{Conduit, DrainageNetwork};

use super::{forms::Form, profiles, tube::Tube, units::FOOT_M};
use crate::drains::{
    pipe_sizes::{ARCH_FULL_FT, ARCH_HEIGHTS, ARCH_WIDTHS, ELLIPSE_FULL_FT, ELLIPSES, size_code},
    regulators::Kind,
    section::Section,
};

const INCH_M: f64 = 0.0254;
/// Parts of the depth of a power function along which its sides are measured.
const POWER_STEPS: f64 = 50.0;

/// The section of a conduit. `section` is the same for the implicit scheme: custom shapes have their
/// tables from it, and so has what SWMM does not know.
pub(super) fn tube_of(conduit: &Conduit, network: &DrainageNetwork, section: &Section) -> Option<Tube> {
    let [height, g2, g3, g4] = conduit.geom_m.map(|v| if v.is_finite() { f64::from(v) } else { 0.0 });
    let name = conduit.shape.to_ascii_uppercase();
    let width = if g2 > 0.0 { g2 } else { height };
    let made = match name.as_str() {
        "RECT_CLOSED" => Tube::given(Form::Box { width }, height),
        "RECT_OPEN" => Tube::given(Form::Channel { width, walls: 2.0 - g3.clamp(0.0, 2.0) }, height),
        "TRAPEZOIDAL" => trapezoid(height, g2.max(0.0), g3.max(0.0), g4.max(0.0)),
        "TRIANGULAR" => trapezoid(height, 0.0, 0.5 * width / height, 0.5 * width / height),
        "PARABOLIC" => Tube::given(Form::Parabola { scale: 0.5 * width / height.sqrt() }, height),
        "POWER" => {
            let power = 1.0 / if g3 > 0.0 { g3 } else { 2.0 };
            let scale = width / (power + 1.0) / height.powf(power);
            Tube::given(Form::Power { power, scale, step: height / POWER_STEPS }, height)
        }
        "RECT_TRIANGULAR" if g3 > 0.0 => Tube::given(Form::Wedge { width, rise: g3 }, height),
        "RECT_ROUND" | "MODBASKETHANDLE" => {
            let radius = g3.max(0.5 * width);
            let rise = radius - (radius * radius - 0.25 * width * width).max(0.0).sqrt();
            let form = if name == "RECT_ROUND" {
                Form::RoundFloor { width, radius, rise }
            } else {
                Form::RoundRoof { width, radius, rise }
            };
            Tube::given(form, height).filter(|_| rise <= height)
        }
        "FILLED_CIRCULAR" if g2 > 0.0 && g2 < height => filled(height, g2),
        "FILLED_CIRCULAR" => Tube::named("CIRCULAR", height),
        "HORIZ_ELLIPSE" | "VERT_ELLIPSE" | "ARCH" => pipe(&name, [height, g2, g3], network),
        "IRREGULAR" => {
            network.transects.iter().find(|t| t.id.eq_ignore_ascii_case(&conduit.section)).and_then(profiles::channel)
        }
        "STREET" => {
            network.streets.iter().find(|s| s.id.eq_ignore_ascii_case(&conduit.section)).and_then(profiles::street)
        }
        _ => Tube::named(&name, height),
    };
    made.filter(|_| height > 0.0).or_else(|| Tube::own(section.full_m, !section.closed, &section.every_other()))
}

/// The opening of an orifice.
pub(super) fn opening_of(kind: &Kind) -> Option<Tube> {
    match kind {
        Kind::Orifice { round: true, height_m, .. } => Tube::named("CIRCULAR", *height_m),
        Kind::Orifice { width_m, height_m, .. } => Tube::given(Form::Box { width: *width_m }, *height_m),
        _ => None,
    }
}

fn trapezoid(height: f64, bottom: f64, left: f64, right: f64) -> Option<Tube> {
    let sides = (1.0 + left * left).sqrt() + (1.0 + right * right).sqrt();
    Tube::given(Form::Trapezoid { bottom, slope: 0.5 * (left + right), sides }, height)
}

fn filled(diameter: f64, filled: f64) -> Option<Tube> {
    let whole = Tube::named("CIRCULAR", diameter)?;
    let area = whole.area(filled);
    let arc = area / whole.radius(filled);
    Tube::given(Form::Filled { diameter, filled, area, width: whole.width(filled), arc }, diameter - filled)
}

/// An elliptical or arch pipe, of a standard size or by its height and width, with the full area and radius that SWMM
/// takes for it.
fn pipe(name: &str, geom: [f64; 3], network: &DrainageNetwork) -> Option<Tube> {
    let code = size_code(geom, network).checked_sub(1);
    let [height, width, _] = geom;
    if name == "ARCH" {
        let standard = code.and_then(|k| Some((ARCH_HEIGHTS.get(k)?, ARCH_WIDTHS.get(k)?, ARCH_FULL_FT.get(k)?)));
        return Some(match standard {
            Some((high, wide, [area, radius])) => {
                Tube::pipe(name, high * INCH_M, wide * INCH_M, area * FOOT_M * FOOT_M, radius * FOOT_M)
            }
            None if width > 0.0 => Tube::pipe(name, height, width, 0.7879 * height * width, 0.2991 * height),
            None => return None,
        });
    }
    let flat = name == "HORIZ_ELLIPSE";
    let standard = code.and_then(|k| Some((ELLIPSES.get(k)?, ELLIPSE_FULL_FT.get(k)?)));
    Some(match standard {
        Some(([minor, major], [area, radius])) => {
            let (high, wide) = if flat { (minor, major) } else { (major, minor) };
            Tube::pipe(name, high * INCH_M, wide * INCH_M, area * FOOT_M * FOOT_M, radius * FOOT_M)
        }
        None if width > 0.0 => {
            let minor = if flat { height } else { width };
            Tube::pipe(name, height, width, 1.2692 * minor * minor, 0.3061 * minor)
        }
        None => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drains::shapes::section_of;

    fn of(shape: &str, geom_m: [f32; 4]) -> Tube {
        let conduit = Conduit { shape: shape.into(), geom_m, ..Conduit::default() };
        let network = DrainageNetwork::default();
        let section = section_of(&conduit, &network).unwrap().section;
        tube_of(&conduit, &network, &section).unwrap()
    }

    const SHAPES: [(&str, [f32; 4]); 22] = [
        ("CIRCULAR", [1.2, 0.0, 0.0, 0.0]),
        ("FORCE_MAIN", [1.2, 120.0, 0.0, 0.0]),
        ("FILLED_CIRCULAR", [1.2, 0.3, 0.0, 0.0]),
        ("RECT_CLOSED", [1.2, 2.0, 0.0, 0.0]),
        ("RECT_OPEN", [1.2, 2.0, 0.0, 0.0]),
        ("TRAPEZOIDAL", [1.2, 0.5, 1.0, 2.0]),
        ("TRIANGULAR", [1.2, 2.0, 0.0, 0.0]),
        ("HORIZ_ELLIPSE", [1.2, 1.9, 0.0, 0.0]),
        ("VERT_ELLIPSE", [1.2, 0.8, 0.0, 0.0]),
        ("ARCH", [1.2, 1.9, 0.0, 0.0]),
        ("PARABOLIC", [1.2, 2.0, 0.0, 0.0]),
        ("POWER", [1.2, 2.0, 3.0, 0.0]),
        ("RECT_TRIANGULAR", [1.2, 2.0, 0.4, 0.0]),
        ("RECT_ROUND", [1.2, 1.0, 0.8, 0.0]),
        ("MODBASKETHANDLE", [1.2, 1.0, 0.8, 0.0]),
        ("EGG", [1.2, 0.0, 0.0, 0.0]),
        ("HORSESHOE", [1.2, 0.0, 0.0, 0.0]),
        ("GOTHIC", [1.2, 0.0, 0.0, 0.0]),
        ("CATENARY", [1.2, 0.0, 0.0, 0.0]),
        ("SEMIELLIPTICAL", [1.2, 0.0, 0.0, 0.0]),
        ("BASKETHANDLE", [1.2, 0.0, 0.0, 0.0]),
        ("SEMICIRCULAR", [1.2, 0.0, 0.0, 0.0]),
    ];

    #[test]
    fn every_shape_holds_and_carries_what_its_other_form_does() {
        for (shape, geom) in SHAPES {
            let tube = of(shape, geom);
            let conduit = Conduit { shape: shape.into(), geom_m: geom, ..Conduit::default() };
            let section = section_of(&conduit, &DrainageNetwork::default()).unwrap().section;
            // SWMM's tables and areas of these are not those of their widths.
            let alike = !matches!(
                shape,
                "GOTHIC"
                    | "EGG"
                    | "RECT_ROUND"
                    | "HORSESHOE"
                    | "CATENARY"
                    | "SEMIELLIPTICAL"
                    | "BASKETHANDLE"
                    | "SEMICIRCULAR"
                    | "ARCH"
                    | "HORIZ_ELLIPSE"
                    | "VERT_ELLIPSE"
            );
            assert!((tube.full_m - section.full_m).abs() < 1e-6, "{shape}");
            let mut last = 0.0;
            for k in 1..100 {
                let y = tube.full_m * f64::from(k) * 0.01;
                let (area, wet) = (tube.area(y), section.at(y));
                assert!(area >= last && tube.radius(y) > 0.0 && tube.width(y) >= 0.0, "{shape} {y}");
                last = area;
                if alike && (20..95).contains(&k) {
                    assert!((area / wet.area_m2 - 1.0).abs() < 0.03, "{shape} {y}: area {area} {}", wet.area_m2);
                    assert!((tube.radius(y) / wet.radius_m - 1.0).abs() < 0.06, "{shape} {y}: radius");
                    assert!((tube.width(y) / wet.width_m - 1.0).abs() < 0.08, "{shape} {y}: width");
                }
            }
            assert!((tube.area(tube.full_m) / tube.area_m2 - 1.0).abs() < 1e-6, "{shape}");
        }
    }

    #[test]
    fn depths_and_areas_are_each_others_inverse_and_normal_depths_carry_their_flow() {
        for (shape, geom) in SHAPES {
            let tube = of(shape, geom);
            for k in [5, 20, 50, 80] {
                let y = tube.full_m * f64::from(k) * 0.01;
                let back = tube.depth_of_area(tube.area(y));
                assert!((back - y).abs() < 0.02 * tube.full_m, "{shape} {y} {back}");
                let factor = tube.factor_of_area(tube.area(y));
                let normal = tube.normal_depth(factor);
                // What a full section carries, too, is looked for above the greatest factor.
                let once = factor < tube.full_factor();
                assert!(!once || (normal - y).abs() < 0.025 * tube.full_m, "{shape} {y} normal {normal}");
                // Critical flow of the critical depth.
                let (area, width) = (tube.area(y), tube.width(y));
                let flow = area * (9.81456 * area / width).sqrt();
                assert!((tube.critical_depth(flow) - y).abs() < 0.03 * tube.full_m, "{shape} {y} critical");
            }
            assert_eq!(tube.normal_depth(0.0), 0.0);
            assert!(tube.normal_depth(1.0e9) <= tube.full_m * 1.0001, "{shape}");
        }
    }

    #[test]
    fn standard_pipes_have_the_areas_of_their_code() {
        // Ellipse 9 (38 × 60 in) has 12.9 ft²; arch 1 (11 × 18 in) 1.1 ft².
        let mut network = DrainageNetwork::default();
        network.options.insert("FLOW_UNITS".into(), "CFS".into());
        for (shape, code, feet2) in [("HORIZ_ELLIPSE", 9.0, 12.9), ("ARCH", 1.0, 1.1)] {
            let geom_m = [code * 0.3048, 0.0, 0.0, 0.0];
            let conduit = Conduit { shape: shape.into(), geom_m, ..Conduit::default() };
            let section = section_of(&conduit, &network).unwrap().section;
            let tube = tube_of(&conduit, &network, &section).unwrap();
            assert!((tube.area_m2 / 0.3048_f64.powi(2) - feet2).abs() < 1e-9, "{shape} {}", tube.area_m2);
        }
    }
}
