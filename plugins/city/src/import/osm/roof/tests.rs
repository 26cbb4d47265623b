//! Volumes, closed bodies, turned roofs.

use super::*;
use crate::import::rings::P2;

fn block(length: f64, width: f64) -> Area {
    Area { ring: vec![[0.0, 0.0], [length, 0.0], [length, width], [0.0, width]], holes: Vec::new() }
}

fn roof(shape: &str) -> Roof<'_> {
    Roof { shape, direction_deg: None, across: false }
}

/// Volume above the eaves by the divergence theorem: the floor is missing, so walls and roof are closed by a
/// level lid at the base, which adds nothing when heights count from there.
fn volume(part: &BuildingPart) -> f64 {
    let base = f64::from(part.base_m);
    part.mesh
        .chunks_exact(3)
        .map(|t| {
            let [a, b, c] = [t[0], t[1], t[2]].map(|p| [f64::from(p[0]), f64::from(p[1]), f64::from(p[2]) - base]);
            // Flux of (0, 0, z) through the triangle.
            let nz = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
            nz / 2.0 * (a[2] + b[2] + c[2]) / 3.0
        })
        .sum()
}

/// Every edge of a closed body is used once in each direction, but for the open bottom and where walls are split
/// finer than roofs.
#[test]
fn every_shape_holds_the_volume_it_should() {
    let (l, w, h) = (20.0, 10.0, 4.0);
    let prism = l * w * 6.0;
    for (shape, above) in [
        ("gabled", l * w * h / 2.0),
        ("skillion", l * w * h / 2.0),
        ("hipped", (l - w) * w * h / 2.0 + w * w * h / 3.0),
        ("pyramidal", l * w * h / 3.0),
        ("cone", l * w * h / 3.0),
        ("butterfly", l * w * h / 2.0),
        ("sawtooth", l * w * h / 2.0),
        ("saltbox", l * w * h / 2.0),
        // Flat over the middle third.
        ("double_saltbox", l * w * h * 2.0 / 3.0),
        // Steep up to 0.64 of the height over the outer 0.4 of each side, then to the ridge.
        ("gambrel", l * w * h * (0.4 * 0.32 + 0.6 * 0.82)),
    ] {
        let part = body(&block(l, w), roof(shape), [2.0, 8.0, 8.0 + h]).unwrap_or_else(|| panic!("{shape}"));
        let got = volume(&part) - prism;
        assert!((got - above).abs() < 0.01 * above, "{shape}: {got} instead of {above}");
        assert_eq!(part.mesh.len(), 3 * part.mesh_is_roof.len());
        assert!(part.mesh.iter().all(|p| p[2] >= 2.0 - 1e-4 && p[2] <= 12.0 + 1e-4), "{shape}");
        let high = part.mesh.iter().map(|p| p[2]).fold(f32::MIN, f32::max);
        assert!((high - 12.0).abs() < 0.01, "{shape} reaches {high}");
    }
    let share = |shape: &str| {
        let part = body(&block(l, w), roof(shape), [2.0, 8.0, 8.0 + h]).unwrap();
        (volume(&part) - prism) / (l * w * h)
    };
    assert!((share("round") - std::f64::consts::FRAC_PI_4).abs() < 0.02, "{}", share("round"));
    // A dome over a rectangle of 4 corners: rings of similar rectangles, (4 − …) by Simpson about 2/3.
    assert!((share("dome") - 2.0 / 3.0).abs() < 0.02, "{}", share("dome"));
    assert!(share("onion") > 0.4 && share("mansard") > share("hipped") && share("half-hipped") > share("hipped"));
    assert!(share("side_hipped") > share("hipped") && share("side_hipped") < share("gabled"));
    assert!((share("crosspitched") - 2.0 / 3.0).abs() < 0.01, "{}", share("crosspitched"));
    assert!(share("quadruple_saltbox") > 0.4 && share("side_half-hipped") > share("half-hipped") - 1e-9);
    for shape in ["flat", "many", ""] {
        assert!(body(&block(l, w), roof(shape), [0.0, 1.0, 2.0]).is_none(), "{shape}");
    }
}

#[test]
fn odd_outlines_and_courtyards_are_closed_too() {
    let mut court = block(20.0, 20.0);
    court.holes = vec![vec![[5.0, 5.0], [5.0, 15.0], [15.0, 15.0], [15.0, 5.0]]];
    let el = Area {
        ring: vec![[0.0, 0.0], [20.0, 0.0], [20.0, 8.0], [8.0, 8.0], [8.0, 20.0], [0.0, 20.0]],
        holes: Vec::new(),
    };
    let around: Vec<P2> =
        (0..24).map(|i| (f64::from(i) * 15.0).to_radians()).map(|t| [9.0 * t.cos(), 9.0 * t.sin()]).collect();
    let circle = Area { ring: around, holes: Vec::new() };
    for area in [court, el, circle] {
        for shape in [
            "gabled",
            "hipped",
            "skillion",
            "gambrel",
            "mansard",
            "round",
            "butterfly",
            "sawtooth",
            "crosspitched",
            "half-hipped",
        ] {
            let part = body(&area, roof(shape), [0.0, 6.0, 9.0]).unwrap_or_else(|| panic!("{shape}"));
            let flat = area.area_m2();
            let got = volume(&part) / flat;
            assert!((6.0..9.0 + 1e-3).contains(&got), "{shape}: mean height {got}");
        }
    }
}

#[test]
fn direction_and_orientation_turn_the_roof() {
    // Facing south: low on the south side.
    let part = body(
        &block(20.0, 10.0),
        Roof { shape: "skillion", direction_deg: Some(180.0), across: false },
        [0.0, 3.0, 6.0],
    )
    .unwrap();
    let roof_points: Vec<[f32; 3]> =
        part.mesh.chunks_exact(3).zip(&part.mesh_is_roof).filter(|t| *t.1).flat_map(|t| t.0.to_vec()).collect();
    assert!(roof_points.iter().all(|p| (p[2] - (3.0 + 0.3 * p[1])).abs() < 1e-3), "{roof_points:?}");
    let east =
        body(&block(20.0, 10.0), Roof { shape: "skillion", direction_deg: Some(90.0), across: false }, [0.0, 3.0, 6.0])
            .unwrap();
    let lowest = east
        .mesh
        .chunks_exact(3)
        .zip(&east.mesh_is_roof)
        .filter(|t| *t.1)
        .flat_map(|t| t.0.to_vec())
        .min_by(|a, b| a[2].total_cmp(&b[2]))
        .unwrap();
    assert_eq!(lowest[0], 20.0);
    // A ridge across the long side: highest at x = 10.
    let across =
        body(&block(20.0, 10.0), Roof { shape: "gabled", direction_deg: None, across: true }, [0.0, 3.0, 6.0]).unwrap();
    assert!(across.mesh.iter().filter(|p| p[2] > 5.99).all(|p| (p[0] - 10.0).abs() < 1e-3));
    assert_eq!(span_m(&block(20.0, 10.0), roof("gabled")), 5.0);
    assert_eq!(span_m(&block(20.0, 10.0), roof("skillion")), 10.0);
}
