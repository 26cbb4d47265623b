//! Space-time hot spots with significance: where and when more happened than chance explains.
//!
//! Events are counted in a cube of squares and time slices. Each bin is judged with its neighbours in
//! space and time by the Getis–Ord Gi* statistic (Getis & Ord, Geographical Analysis 24:189, 1992; Ord &
//! Getis, 27:286, 1995) against the mean and spread of the whole cube; because thousands of bins are
//! judged at once, the share of false hot spots is controlled by Benjamini–Hochberg (Caldas de Castro &
//! Singer, 38:180, 2006). Counts of rare events are not normal: a bin besides needs at least three events
//! around it.

use std::collections::BTreeMap;

use guanlan_core::Stamp;
use serde::{Deserialize, Serialize};

/// How the cube is cut and judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CubeSpec {
    /// West, south, east, north, local m.
    pub extent_m: [f64; 4],
    /// Side of a square, m.
    pub side_m: f64,
    /// Length of a slice, ms.
    pub slice_ms: i64,
    /// Slices looked back on, the last one ends now.
    pub slices: usize,
    /// Share of hot spots that may be false.
    pub fdr: f64,
}

impl CubeSpec {
    /// Squares of 500 m and quarters of an hour over three hours, 5 % false.
    #[must_use]
    pub fn of_city(extent_m: [f64; 4]) -> Self {
        Self { extent_m, side_m: 500.0, slice_ms: 900_000, slices: 12, fdr: 0.05 }
    }
}

/// Fewest events around a hot spot.
const FEWEST: u32 = 3;
/// Squares along a side at most: a city wider than this gets larger squares.
const MOST_SIDE: f64 = 120.0;

/// A hot spot of the last slice: neighbouring significant squares as one, opened into its terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotSpot {
    /// Middle of its strongest square, local m.
    pub centre_m: [f64; 2],
    /// West, south, east, north of all its squares, local m.
    pub bounds_m: [f64; 4],
    /// Squares of it.
    pub squares: u32,
    /// Side of a square, m.
    pub side_m: f64,
    /// Begin of the time it was judged over (its slice and the one before).
    pub from: Stamp,
    /// Its end.
    pub to: Stamp,
    /// Events in the strongest square and its neighbours, now and one slice before.
    pub observed: u32,
    /// What chance explains there.
    pub expected: f64,
    /// Bins of that neighbourhood.
    pub bins: u32,
    /// Gi*: standard deviations above chance.
    pub z: f64,
    /// One-sided p of it.
    pub p: f64,
    /// The p below which hot spots count, after correction for all bins.
    pub p_limit: f64,
    /// Events of its squares in the last slice.
    pub events: u32,
}

/// The upper tail of the normal distribution: P(Z ≥ z).
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    // erfc after Numerical Recipes' Chebyshev fit, relative error below 1.2e-7.
    let x = z / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x.abs());
    let poly = -x * x - 1.265_512_23
        + t * (1.000_023_68
            + t * (0.374_091_96
                + t * (0.096_784_18
                    + t * (-0.186_288_06
                        + t * (0.278_868_07
                            + t * (-1.135_203_98 + t * (1.488_515_87 + t * (-0.822_152_23 + t * 0.170_872_77))))))));
    let erfc = t * poly.exp();
    0.5 * if x >= 0.0 { erfc } else { 2.0 - erfc }
}

/// The largest p that counts when a share `fdr` of discoveries may be false (Benjamini–Hochberg);
/// `None` when none counts.
#[must_use]
pub fn p_limit(p: &[f64], fdr: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = p.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    sorted.iter().enumerate().rev().find(|(i, p)| **p <= fdr * (*i as f64 + 1.0) / n).map(|(_, p)| *p)
}

/// The hot spots that stand now, strongest first.
#[must_use]
pub fn hot_spots(spec: &CubeSpec, events: &[(Stamp, [f64; 2])], now: Stamp) -> Vec<HotSpot> {
    let [west, south, east, north] = spec.extent_m;
    let widest = (east - west).max(north - south);
    if !(widest > 0.0 && widest.is_finite()) || spec.slices < 2 || spec.slice_ms <= 0 {
        return Vec::new();
    }
    let side = spec.side_m.max(widest / MOST_SIDE);
    let (cols, rows) = (((east - west) / side).ceil().max(1.0) as i64, ((north - south) / side).ceil().max(1.0) as i64);
    let mut counts: BTreeMap<(i64, i64, i64), u32> = BTreeMap::new();
    for (at, [x, y]) in events {
        let slice = spec.slices as i64 - 1 - (now - *at).div_euclid(spec.slice_ms);
        let (c, r) = (((x - west) / side).floor() as i64, ((y - south) / side).floor() as i64);
        if (0..spec.slices as i64).contains(&slice) && (0..cols).contains(&c) && (0..rows).contains(&r) {
            *counts.entry((c, r, slice)).or_default() += 1;
        }
    }
    let n = (cols * rows * spec.slices as i64) as f64;
    let mean = counts.values().map(|c| f64::from(*c)).sum::<f64>() / n;
    let square = counts.values().map(|c| f64::from(*c) * f64::from(*c)).sum::<f64>() / n;
    let spread = (square - mean * mean).max(0.0).sqrt();
    if spread <= 0.0 {
        return Vec::new();
    }
    let last = spec.slices as i64 - 1;
    // Only bins near an event can be hot; the others are judged as not hot.
    let mut near: BTreeMap<(i64, i64), (u32, u32)> = BTreeMap::new();
    for (c, r) in counts.keys().filter(|k| k.2 >= last - 1).map(|k| (k.0, k.1)) {
        for (nc, nr) in (c - 1..=c + 1).flat_map(|nc| (r - 1..=r + 1).map(move |nr| (nc, nr))) {
            if (0..cols).contains(&nc) && (0..rows).contains(&nr) {
                near.entry((nc, nr)).or_default();
            }
        }
    }
    for ((c, r), (observed, bins)) in &mut near {
        for (nc, nr) in (c - 1..=c + 1).flat_map(|nc| (r - 1..=r + 1).map(move |nr| (nc, nr))) {
            if !((0..cols).contains(&nc) && (0..rows).contains(&nr)) {
                continue;
            }
            for slice in last - 1..=last {
                *bins += 1;
                *observed += counts.get(&(nc, nr, slice)).copied().unwrap_or(0);
            }
        }
    }
    let gi = |observed: u32, bins: u32| {
        let w = f64::from(bins);
        let down = spread * ((n * w - w * w) / (n - 1.0)).max(0.0).sqrt();
        if down > 0.0 { (f64::from(observed) - mean * w) / down } else { 0.0 }
    };
    let judged: Vec<((i64, i64), u32, u32, f64, f64)> = near
        .iter()
        .map(|(k, (observed, bins))| {
            let z = gi(*observed, *bins);
            (*k, *observed, *bins, z, normal_tail(z))
        })
        .collect();
    let mut p: Vec<f64> = judged.iter().map(|j| j.4).collect();
    p.resize((cols * rows) as usize, 1.0);
    let Some(limit) = p_limit(&p, spec.fdr) else { return Vec::new() };
    let hot: BTreeMap<(i64, i64), (u32, u32, f64, f64)> = judged
        .into_iter()
        .filter(|j| j.4 <= limit && j.3 > 0.0 && j.1 >= FEWEST)
        .map(|(k, observed, bins, z, p)| (k, (observed, bins, z, p)))
        .collect();
    merge(spec, &hot, &counts, [west, south], side, mean, limit, now)
}

/// Joins neighbouring hot squares.
#[allow(clippy::too_many_arguments, reason = "the cube and its measures")]
fn merge(
    spec: &CubeSpec,
    hot: &BTreeMap<(i64, i64), (u32, u32, f64, f64)>,
    counts: &BTreeMap<(i64, i64, i64), u32>,
    [west, south]: [f64; 2],
    side: f64,
    mean: f64,
    limit: f64,
    now: Stamp,
) -> Vec<HotSpot> {
    let mut left: Vec<(i64, i64)> = hot.keys().copied().collect();
    let mut out = Vec::new();
    let last = spec.slices as i64 - 1;
    while let Some(first) = left.pop() {
        let mut squares = vec![first];
        let mut next = 0;
        while next < squares.len() {
            let (c, r) = squares[next];
            next += 1;
            left.retain(|&(c2, r2)| {
                let joins = (c2 - c).abs() <= 1 && (r2 - r).abs() <= 1;
                if joins {
                    squares.push((c2, r2));
                }
                !joins
            });
        }
        squares.sort_unstable();
        let Some(best) = squares.iter().max_by(|a, b| hot[a].2.total_cmp(&hot[b].2).then(b.cmp(a))) else { continue };
        let (observed, bins, z, p) = hot[best];
        let edge = |k: i64, from: f64| from + k as f64 * side;
        let c: Vec<i64> = squares.iter().map(|s| s.0).collect();
        let r: Vec<i64> = squares.iter().map(|s| s.1).collect();
        let low = |v: &[i64]| v.iter().copied().min().unwrap_or(0);
        let high = |v: &[i64]| v.iter().copied().max().unwrap_or(0) + 1;
        out.push(HotSpot {
            centre_m: [edge(best.0, west) + side / 2.0, edge(best.1, south) + side / 2.0],
            bounds_m: [edge(low(&c), west), edge(low(&r), south), edge(high(&c), west), edge(high(&r), south)],
            squares: squares.len() as u32,
            side_m: side,
            from: now + -2 * spec.slice_ms,
            to: now,
            observed,
            expected: mean * f64::from(bins),
            bins,
            z,
            p,
            p_limit: limit,
            events: squares.iter().filter_map(|s| counts.get(&(s.0, s.1, last))).sum(),
        });
    }
    out.sort_by(|a, b| b.z.total_cmp(&a.z).then(a.centre_m[0].total_cmp(&b.centre_m[0])));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_of_the_normal_distribution() {
        for (z, p) in [(0.0, 0.5), (1.0, 0.158_655_25), (1.96, 0.024_997_9), (3.0, 0.001_349_9), (-1.0, 0.841_344_75)] {
            assert!((normal_tail(z) - p).abs() < 2e-7, "{z}: {}", normal_tail(z));
        }
    }

    #[test]
    fn benjamini_hochberg_of_the_paper() {
        // Benjamini & Hochberg 1995, table of 15 p values: at 5 % the first four count.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        assert_eq!(p_limit(&p, 0.05), Some(0.0095));
        assert_eq!(p_limit(&[0.9, 0.8], 0.05), None);
    }

    fn spec() -> CubeSpec {
        CubeSpec::of_city([0.0, 0.0, 6000.0, 6000.0])
    }

    #[test]
    fn a_cluster_is_found_and_even_noise_is_not() {
        let now = Stamp::from_secs(100_000);
        // One event per 3rd square and slice, evenly.
        let mut events: Vec<(Stamp, [f64; 2])> = Vec::new();
        for s in 0..12_i64 {
            for k in 0..48_i64 {
                let cell = (k * 3 + s) % 144;
                let place = [(cell % 12) as f64 * 500.0 + 250.0, (cell / 12) as f64 * 500.0 + 250.0];
                events.push((now + -(s * 900_000 + 1000), place));
            }
        }
        assert!(hot_spots(&spec(), &events, now).is_empty(), "even noise");
        events.extend((0..15_i64).map(|k| (now + -(k * 50_000), [3200.0 + k as f64, 4100.0])));
        let found = hot_spots(&spec(), &events, now);
        assert_eq!(found.len(), 1, "{found:?}");
        let h = &found[0];
        assert!(
            h.bounds_m[0] <= 3200.0 && h.bounds_m[2] >= 3214.0 && h.bounds_m[1] <= 4100.0 && h.bounds_m[3] >= 4100.0
        );
        assert!(h.z > 3.0 && h.p <= h.p_limit && h.observed >= 15 && f64::from(h.observed) > 2.0 * h.expected, "{h:?}");
        let yesterday: Vec<_> = events.iter().map(|(t, p)| (*t + -86_400_000, *p)).collect();
        assert!(hot_spots(&spec(), &yesterday, now).is_empty(), "what is over is not hot");
    }

    #[test]
    fn nothing_and_nonsense_have_no_hot_spots() {
        let now = Stamp::from_secs(0);
        assert!(hot_spots(&spec(), &[], now).is_empty());
        let odd = [(now, [f64::NAN, 0.0]), (Stamp(i64::MIN), [1.0, 1.0]), (Stamp(i64::MAX), [1.0, 1.0])];
        assert!(hot_spots(&spec(), &odd, now).is_empty());
        assert!(hot_spots(&CubeSpec::of_city([0.0; 4]), &odd, now).is_empty());
    }
}
