//! Figures for share rings: digits as distances to strokes, in one small picture made at the start.

/// Width of a digit's cell in the picture, px.
pub const CELL_W: usize = 24;
/// Height of a digit's cell, px.
pub const CELL_H: usize = 32;
/// Signs in the picture: `0`–`9`, `.`, `k`.
pub const SIGNS: usize = 12;
/// Half width of a stroke, share of a digit's height.
const STROKE: f32 = 0.075;
/// Distance that fills the range of a byte on each side of an edge, share of the height.
const RANGE: f32 = 0.20;

type P = [f32; 2];

/// A stroke: a straight line, or an arc around a centre (radius, begin and sweep in turns, clockwise from the top).
enum Stroke {
    Line(P, P),
    Arc { centre: P, radius: P, from: f32, sweep: f32 },
}

use Stroke::{Arc, Line};

/// Strokes of a sign in a box of width 0.6 and height 1, y down.
fn strokes(sign: usize) -> Vec<Stroke> {
    let ring = |centre: P, radius: P| Arc { centre, radius, from: 0.0, sweep: 1.0 };
    match sign {
        0 => vec![ring([0.3, 0.5], [0.22, 0.42])],
        1 => vec![Line([0.32, 0.08], [0.32, 0.92]), Line([0.32, 0.08], [0.14, 0.24])],
        2 => vec![
            Arc { centre: [0.3, 0.30], radius: [0.22, 0.22], from: -0.25, sweep: 0.62 },
            Line([0.455, 0.455], [0.08, 0.92]),
            Line([0.08, 0.92], [0.54, 0.92]),
        ],
        3 => vec![
            Arc { centre: [0.28, 0.28], radius: [0.20, 0.20], from: -0.2, sweep: 0.7 },
            Arc { centre: [0.28, 0.69], radius: [0.24, 0.23], from: 0.0, sweep: 0.72 },
        ],
        4 => vec![Line([0.40, 0.08], [0.40, 0.92]), Line([0.40, 0.08], [0.06, 0.68]), Line([0.06, 0.68], [0.56, 0.68])],
        5 => vec![
            Line([0.50, 0.08], [0.14, 0.08]),
            Line([0.14, 0.08], [0.11, 0.46]),
            Arc { centre: [0.28, 0.65], radius: [0.24, 0.26], from: -0.12, sweep: 0.84 },
        ],
        6 => vec![ring([0.3, 0.66], [0.22, 0.25]), Line([0.085, 0.60], [0.40, 0.08])],
        7 => vec![Line([0.07, 0.08], [0.53, 0.08]), Line([0.53, 0.08], [0.22, 0.92])],
        8 => vec![ring([0.3, 0.28], [0.19, 0.20]), ring([0.3, 0.70], [0.23, 0.22])],
        9 => vec![ring([0.3, 0.33], [0.22, 0.25]), Line([0.515, 0.39], [0.20, 0.92])],
        10 => vec![Line([0.3, 0.90], [0.3, 0.91])],
        _ => vec![Line([0.12, 0.06], [0.12, 0.92]), Line([0.12, 0.66], [0.46, 0.36]), Line([0.24, 0.56], [0.50, 0.92])],
    }
}

fn distance(stroke: &Stroke, p: P) -> f32 {
    let to = |q: P| (p[0] - q[0]).hypot(p[1] - q[1]);
    match stroke {
        Line(a, b) => {
            let d = [b[0] - a[0], b[1] - a[1]];
            let along = ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (d[0] * d[0] + d[1] * d[1]).max(1e-9);
            let t = along.clamp(0.0, 1.0);
            to([a[0] + d[0] * t, a[1] + d[1] * t])
        }
        Arc { centre, radius, from, sweep } => (0..=64)
            .map(|k| {
                let (sin, cos) = ((from + sweep * k as f32 / 64.0) * std::f32::consts::TAU).sin_cos();
                to([centre[0] + radius[0] * sin, centre[1] - radius[1] * cos])
            })
            .fold(f32::MAX, f32::min),
    }
}

/// The picture: one byte per pixel, signs side by side, 128 at an edge and more inside.
#[must_use]
pub fn picture() -> Vec<u8> {
    let mut bytes = vec![0; CELL_W * SIGNS * CELL_H];
    for sign in 0..SIGNS {
        let strokes = strokes(sign);
        for y in 0..CELL_H {
            for x in 0..CELL_W {
                // The box of 0.6 × 1 with a margin of a tenth around it.
                let p = [(x as f32 + 0.5) / CELL_W as f32 * 0.8 - 0.1, (y as f32 + 0.5) / CELL_H as f32 * 1.2 - 0.1];
                let d = strokes.iter().map(|s| distance(s, p)).fold(f32::MAX, f32::min) - STROKE;
                let byte = (0.5 - d / (2.0 * RANGE)).clamp(0.0, 1.0) * 255.0;
                bytes[y * CELL_W * SIGNS + sign * CELL_W + x] = byte.round() as u8;
            }
        }
    }
    bytes
}

/// The signs of a count, at most four of 4 bits each from the left, and how many in bits 28–31: `7`, `1234`, `12k`,
/// `1.2k` is never used because four digits fit.
#[must_use]
pub fn signs(count: u32) -> u32 {
    let (figures, thousand) = if count < 10_000 { (count, false) } else { ((count + 500) / 1000, true) };
    let mut digits: Vec<u32> = figures.min(999_999).to_string().bytes().map(|b| u32::from(b - b'0')).collect();
    if thousand {
        digits.push(11);
    }
    let length = digits.len() as u32;
    digits.iter().enumerate().fold(length << 28, |packed, (i, d)| packed | d << (4 * i))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(packed: u32) -> String {
        (0..packed >> 28).map(|i| char::from(b"0123456789.k"[(packed >> (4 * i) & 15) as usize])).collect()
    }

    #[test]
    fn counts_are_short() {
        for (count, shown) in [(0, "0"), (7, "7"), (9_999, "9999"), (10_000, "10k"), (12_600, "13k"), (300_000, "300k")]
        {
            assert_eq!(text(signs(count)), shown);
        }
    }

    #[test]
    fn every_sign_has_ink_and_paper_and_none_is_another() {
        let picture = picture();
        let cell = |sign: usize| -> Vec<bool> {
            (0..CELL_H)
                .flat_map(|y| (0..CELL_W).map(move |x| (x, y)))
                .map(|(x, y)| picture[y * CELL_W * SIGNS + sign * CELL_W + x] > 128)
                .collect()
        };
        for a in 0..SIGNS {
            let ink = cell(a).iter().filter(|&&v| v).count();
            assert!((8..CELL_W * CELL_H / 2).contains(&ink), "sign {a}: {ink} px");
            for b in 0..a {
                let differ = cell(a).iter().zip(cell(b)).filter(|(x, y)| **x != *y).count();
                assert!(differ > 30, "{a} and {b} look alike: {differ} px");
            }
        }
    }
}
