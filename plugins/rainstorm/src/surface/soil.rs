//! Green-Ampt infiltration, cell by cell.

use serde::{Deserialize, Serialize};

use super::Domain;

/// Soil of the Green-Ampt model (Mein & Larson 1973).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct GreenAmptSoil {
    /// Saturated conductivity, mm/h.
    pub conductivity_mm_h: f64,
    /// Suction head at the wetting front, mm.
    pub suction_mm: f64,
    /// Porosity less initial moisture.
    pub deficit: f64,
}

impl GreenAmptSoil {
    /// Depth the soil takes from ponded water in `dt_s` when it has taken `soaked_m` before, m: the exact
    /// solution of `F − G ln(1 + F/G) = K t`, `G = ψ Δθ`.
    #[must_use]
    pub fn capacity_m(&self, soaked_m: f64, dt_s: f64) -> f64 {
        let k = self.conductivity_mm_h / 3.6e6 * dt_s;
        let g = self.suction_mm * 1.0e-3 * self.deficit;
        if k <= 0.0 {
            return 0.0;
        }
        if g <= 0.0 {
            return k;
        }
        // Convex and rising: Newton from above comes down steadily.
        let mut f = soaked_m + k + (2.0 * g * k).sqrt();
        for _ in 0..30 {
            let miss = f - soaked_m - g * ((f - soaked_m) / (soaked_m + g)).ln_1p() - k;
            let change = miss * (f + g) / f;
            f -= change;
            if change.abs() <= 1.0e-13 {
                break;
            }
        }
        (f - soaked_m).max(0.0)
    }
}

/// One row of water and soil.
pub(super) struct SoilRow<'a> {
    pub h: &'a mut [f32],
    pub film: &'a mut [f32],
    /// Depth each cell's soil has taken, m.
    pub soaked_m: &'a mut [f64],
}

/// Lets the Green-Ampt classes of a row take water for `dt_s`; `at` is the padded index of its first cell.
/// Returns the depth taken, summed, m.
pub(super) fn soak(domain: &Domain, at: usize, row: SoilRow<'_>, dt_s: f64) -> f64 {
    let soils = domain.green_ampt();
    let mut taken = 0.0;
    for (i, soaked_m) in row.soaked_m.iter_mut().enumerate() {
        let p = at + i;
        let Some(soil) = soils[usize::from(domain.class[p] & 7).min(5)] else { continue };
        let before = f64::from(row.h[i]) + f64::from(row.film[i]);
        if before <= 0.0 || domain.own[p] <= 0.0 {
            continue;
        }
        let own = f64::from(domain.own[p]);
        let rest = (before - own * soil.capacity_m(*soaked_m, dt_s)).max(0.0);
        row.h[i] = rest as f32;
        row.film[i] = (rest - f64::from(row.h[i])) as f32;
        let lost = before - f64::from(row.h[i]) - f64::from(row.film[i]);
        *soaked_m += lost / own;
        taken += lost;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_any_length_add_up() {
        // shared/data/flood/bench/analytic/infiltration.csv
        let soil = GreenAmptSoil { conductivity_mm_h: 10.9, suction_mm: 110.1, deficit: 0.246 };
        for steps in [1, 60, 3600] {
            let mut f = 0.0;
            for _ in 0..steps {
                f += soil.capacity_m(f, 3600.0 / f64::from(steps));
            }
            assert!((f * 1000.0 / 32.0482 - 1.0).abs() < 1e-5, "{steps}: {f}");
        }
    }
}
