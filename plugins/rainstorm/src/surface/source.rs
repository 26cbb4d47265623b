//! Rain and losses, applied about once a second of simulated time.
//!
//! An interval's rain is of the order of 10 µm; added to a metre of water in f32 it would lose a share of a
//! percent, always the same way. What rounding takes away is kept in a second, thin `film` array and
//! added the next time. The film is part of the state and of the books.

use super::kernel::two_sum;

/// What one row receives and gives.
pub(super) struct RowSources<'a> {
    /// Runoff of each soil class for this interval, m.
    pub runoff_m: &'a [f32; 6],
    /// Capacity of each soil class to take ponded water, m.
    pub capacity_m: &'a [f32; 6],
    /// Soil class of each cell.
    pub class: &'a [u8],
    /// 1 where the cell receives its own rain.
    pub own: &'a [f32],
    /// Roof cells that drain onto the cell.
    pub roof: &'a [f32],
}

/// Adds rain to a row and takes losses from ponded water; returns the depth taken, summed over the row, m.
#[inline(always)]
pub(super) fn apply(s: &RowSources<'_>, soaks: bool, h: &mut [f32], film: &mut [f32]) -> f64 {
    let n = h.len();
    let (class, own, roof, film) = (&s.class[..n], &s.own[..n], &s.roof[..n], &mut film[..n]);
    let roof_m = s.runoff_m[5];
    for i in 0..n {
        let rain = own[i] * s.runoff_m[usize::from(class[i] & 7).min(5)] + roof[i] * roof_m;
        (h[i], film[i]) = two_sum(h[i], film[i] + rain);
    }
    if !soaks {
        return 0.0;
    }
    let mut taken = 0.0;
    for i in 0..n {
        let capacity = s.capacity_m[usize::from(class[i] & 7).min(5)] * own[i];
        if capacity > 0.0 && h[i] + film[i] > 0.0 {
            let before = f64::from(h[i]) + f64::from(film[i]);
            let rest = (before - f64::from(capacity)).max(0.0);
            h[i] = rest as f32;
            film[i] = 0.0;
            // What f32 cannot hold of the rest stays with the soil, and is booked as such.
            taken += before - f64::from(h[i]);
        }
    }
    taken
}

/// Adds rain to a row whose cells keep a fixed share of it.
#[inline(always)]
pub(super) fn apply_weighted(weight: &[f32], rain_m: f32, h: &mut [f32], film: &mut [f32]) {
    let n = h.len();
    let (weight, film) = (&weight[..n], &mut film[..n]);
    for i in 0..n {
        (h[i], film[i]) = two_sum(h[i], film[i] + rain_m * weight[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_cell_receives_all_its_rain() {
        let (runoff_m, capacity_m) = ([3.3e-7_f32; 6], [0.0; 6]);
        let s = RowSources { runoff_m: &runoff_m, capacity_m: &capacity_m, class: &[0], own: &[1.0], roof: &[0.0] };
        let (mut h, mut film) = ([1.5_f32], [0.0_f32]);
        for _ in 0..1_000_000 {
            apply(&s, false, &mut h, &mut film);
        }
        let got = f64::from(h[0]) + f64::from(film[0]) - 1.5;
        assert!((got / 0.33 - 1.0).abs() < 1e-6, "{got}");
    }
}
