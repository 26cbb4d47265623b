//! The one tolerance policy for every picture.
//!
//! Software Vulkan on another processor may round an edge differently: single pixels differ a lot, nothing as a whole
//! does. So two limits: how many pixels may be plainly different, and how far the whole may drift.

use std::fmt;
use std::path::Path;

use image::{Rgb, RgbImage};

/// A pixel is plainly different when a channel differs by more than this, of 255.
const PLAINLY: u8 = 32;
/// Share of pixels that may be plainly different.
const MOST_PLAINLY: f64 = 0.002;
/// Mean difference of all channels that the whole may have, of 255.
const MOST_MEAN: f64 = 0.75;

/// How far two pictures are apart.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    /// Share of plainly different pixels.
    pub plainly: f64,
    /// Mean difference of a channel, of 255.
    pub mean: f64,
}

impl Measured {
    /// Within the policy.
    pub fn passes(&self) -> bool {
        self.plainly <= MOST_PLAINLY && self.mean <= MOST_MEAN
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.3} % of pixels plainly different (limit {:.3} %), mean {:.3}/255 (limit {MOST_MEAN})",
            self.plainly * 100.0,
            MOST_PLAINLY * 100.0,
            self.mean
        )
    }
}

fn open(path: &Path) -> Result<RgbImage, String> {
    let picture = image::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(picture.to_rgb8())
}

/// Compares two pictures and writes their difference, four times as strong.
pub fn compare(expected: &Path, actual: &Path, difference: &Path) -> Result<Measured, String> {
    let (expected, actual) = (open(expected)?, open(actual)?);
    if expected.dimensions() != actual.dimensions() {
        return Err(format!("{:?} px expected, {:?} px drawn", expected.dimensions(), actual.dimensions()));
    }
    let (measured, shown) = measure(&expected, &actual);
    shown.save(difference).map_err(|e| format!("{}: {e}", difference.display()))?;
    Ok(measured)
}

fn measure(expected: &RgbImage, actual: &RgbImage) -> (Measured, RgbImage) {
    let mut shown = RgbImage::new(expected.width(), expected.height());
    let (mut plainly, mut sum) = (0_u64, 0_u64);
    for ((e, a), s) in expected.pixels().zip(actual.pixels()).zip(shown.pixels_mut()) {
        let apart: [u8; 3] = std::array::from_fn(|c| e.0[c].abs_diff(a.0[c]));
        plainly += u64::from(apart.iter().any(|&d| d > PLAINLY));
        sum += apart.iter().map(|&d| u64::from(d)).sum::<u64>();
        *s = Rgb(apart.map(|d| d.saturating_mul(4)));
    }
    let pixels = (u64::from(expected.width()) * u64::from(expected.height())).max(1) as f64;
    (Measured { plainly: plainly as f64 / pixels, mean: sum as f64 / pixels / 3.0 }, shown)
}

#[test]
fn the_policy_forgives_an_edge_and_sees_a_missing_mark() {
    let plain = RgbImage::from_pixel(400, 300, Rgb([20, 30, 40]));
    let mut edge = plain.clone();
    (0..100).for_each(|x| edge.put_pixel(x, 10, Rgb([90, 30, 40])));
    assert!(measure(&plain, &edge).0.passes());
    let mut mark = plain.clone();
    (0..24).for_each(|y| (0..24).for_each(|x| mark.put_pixel(100 + x, 100 + y, Rgb([255, 77, 79]))));
    assert!(!measure(&plain, &mark).0.passes());
    let darker = RgbImage::from_pixel(400, 300, Rgb([19, 29, 39]));
    assert!(!measure(&plain, &darker).0.passes(), "a drift of the whole is seen");
}
