//! What each shape is made of: planes over the footprint's axes, or rings drawn together to a point.

use crate::import::rings::P2;

/// Height as a share of the roof's: `a·u + b·v + c`.
pub(super) type Plane = [f64; 3];

/// Planes of a ridged roof; its height is the lowest of them. `ratio` is width over length.
pub(super) fn profile(shape: &str) -> Option<Box<dyn Fn(f64) -> Vec<Plane>>> {
    // Both slopes of a profile across the ridge: share of height at the eaves and rise towards the ridge.
    fn both(list: &[(f64, f64)]) -> Vec<Plane> {
        list.iter()
            .flat_map(|&(at_eaves, rise)| [[0.0, rise, at_eaves + rise], [0.0, -rise, at_eaves + rise]])
            .collect()
    }
    // The same from the ends: as steep on the ground as across, which `ratio` turns into shares of the length.
    fn ends(list: &[(f64, f64)], ratio: f64, which: &[f64]) -> Vec<Plane> {
        let rise = |r: f64| r / ratio.max(1e-3);
        list.iter().flat_map(|&(e, r)| which.iter().map(move |s| [s * -rise(r), 0.0, e + rise(r)])).collect()
    }
    const TWO: [f64; 2] = [1.0, -1.0];
    Some(match shape {
        "gabled" => Box::new(|_| both(&[(0.0, 1.0)])),
        // Low where it faces.
        "skillion" => Box::new(|_| vec![[0.0, -0.5, 0.5]]),
        "hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.0, 1.0)], k, &TWO)].concat()),
        "half-hipped" | "half_hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.5, 1.0)], k, &TWO)].concat()),
        "side_hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.0, 1.0)], k, &[1.0])].concat()),
        "side_half-hipped" => Box::new(|k| [both(&[(0.0, 1.0)]), ends(&[(0.5, 1.0)], k, &[1.0])].concat()),
        "gambrel" => Box::new(|_| both(&[(0.0, 1.6), (0.4, 0.6)])),
        "mansard" => Box::new(|k| [both(&[(0.0, 2.4), (0.6, 0.4)]), ends(&[(0.0, 2.4), (0.6, 0.4)], k, &TWO)].concat()),
        // A third of the width on the steep side, two thirds on the other.
        "saltbox" => Box::new(|_| vec![[0.0, 1.5, 1.5], [0.0, -0.75, 0.75]]),
        "double_saltbox" => Box::new(|_| [both(&[(0.0, 1.5)]), vec![[0.0, 0.0, 1.0]]].concat()),
        "quadruple_saltbox" => {
            Box::new(|k| [both(&[(0.0, 1.5)]), ends(&[(0.0, 1.5)], k, &TWO), vec![[0.0, 0.0, 1.0]]].concat())
        }
        "round" => Box::new(|_| {
            // Tangents of a half ellipse across the ridge, steepest at the eaves.
            let tangents = (0..7).map(|i| f64::from(i) * 13.0).map(f64::to_radians);
            let sides = tangents.flat_map(|t| if t == 0.0 { vec![t] } else { vec![t, -t] });
            sides.map(|t| [0.0, -t.tan(), 1.0 / t.cos()]).collect()
        }),
        _ => return None,
    })
}

/// Rings of a roof that is drawn together to a point: share of the footprint's size and of the height.
pub(super) fn turned(shape: &str) -> Option<Vec<[f64; 2]>> {
    Some(match shape {
        "pyramidal" | "cone" | "conical" | "spire" => vec![[1.0, 0.0], [0.0, 1.0]],
        "dome" => (0..=6).map(|i| (f64::from(i) * 15.0).to_radians()).map(|t| [t.cos(), t.sin()]).collect(),
        "onion" => vec![
            [1.0, 0.0],
            [1.12, 0.1],
            [1.17, 0.22],
            [1.08, 0.36],
            [0.84, 0.5],
            [0.5, 0.63],
            [0.22, 0.76],
            [0.08, 0.88],
            [0.0, 1.0],
        ],
        _ => return None,
    })
}

/// A plane at a place of the frame.
pub(super) fn value(plane: Plane, [u, v]: P2) -> f64 {
    plane[0] * u + plane[1] * v + plane[2]
}
