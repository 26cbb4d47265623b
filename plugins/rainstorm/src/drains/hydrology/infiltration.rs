//! Infiltration of SWMM's pervious areas: Horton, Green-Ampt and curve number with recovery between storms
//! (reference manual, volume I, chapter 4).

use guanlan_city::model::drainage::Infiltration;
use serde::{Deserialize, Serialize};

const FOOT_M: f64 = 0.3048;
/// Less than this is no standing water for a curve number, m (0.05 in).
const PUDDLE_M: f64 = 0.05 * 0.0254;
/// Rain over the conductivity by less is as much as it.
const EVEN: f64 = 1.0 + 1.0e-7;
/// Shares of the capacity that have come back after the drying time (98 %).
const RECOVERED: f64 = 0.02;

/// State of a soil; which numbers mean what is the model's business.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::drains) struct Soil {
    /// Horton: time on the curve, s. Curve number: time without rain, s. Green-Ampt: time until the next event, s.
    time: f64,
    /// Cumulative infiltration of the event, m.
    taken_m: f64,
    /// Green-Ampt: water in the upper zone, m. Curve number: capacity left, m.
    upper_m: f64,
    /// Green-Ampt: deficit. Curve number: capacity at the start of the event, m.
    deficit: f64,
    /// Curve number: rain of the event, m.
    rain_m: f64,
    /// Curve number: last rate, m/s.
    rate_m_s: f64,
    saturated: bool,
}

/// What changes by month: factors of conductivities (and of Horton's rates) and of the recovery between storms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::drains) struct Season {
    pub conductivity: f64,
    pub recovery: f64,
}

impl Default for Season {
    fn default() -> Self {
        Self { conductivity: 1.0, recovery: 1.0 }
    }
}

/// Depth of the upper zone, m: 4 √K inches, K in in/h.
fn upper_zone_m(conductivity_m_s: f64) -> f64 {
    4.0 * (conductivity_m_s / FOOT_M * 12.0 * 3600.0).sqrt() / 12.0 * FOOT_M
}

/// Largest storage of a curve number, m.
fn storage_m(curve_number: f64) -> f64 {
    (1000.0 / curve_number.clamp(10.0, 99.0) - 10.0) / 12.0 * FOOT_M
}

impl Soil {
    pub fn dry(model: &Infiltration) -> Self {
        match model {
            Infiltration::GreenAmpt { moisture_deficit, .. } => Self { deficit: *moisture_deficit, ..Self::default() },
            Infiltration::CurveNumber { curve_number, .. } => {
                let s = storage_m(*curve_number);
                Self { upper_m: s, deficit: s, ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    /// Rate over a window of `dt` s, m/s, under what arrives (m/s) and stands (m).
    pub fn take(&mut self, model: &Infiltration, arrives_m_s: f64, stands_m: f64, dt: f64) -> f64 {
        self.take_in(Season::default(), model, [arrives_m_s, 0.0], stands_m, dt)
    }

    /// The same in a season, of rain and of what runs on from elsewhere.
    pub fn take_in(
        &mut self,
        season: Season,
        model: &Infiltration,
        [rain_m_s, runs_on_m_s]: [f64; 2],
        stands_m: f64,
        dt: f64,
    ) -> f64 {
        let arrives_m_s = rain_m_s + runs_on_m_s;
        let offered = (arrives_m_s + stands_m / dt).max(0.0);
        match *model {
            Infiltration::None => 0.0,
            Infiltration::Horton { max_m_s, min_m_s, decay_per_s, dry_time_s, max_depth_m, modified } => {
                let regain = if dry_time_s > 0.0 { -RECOVERED.ln() / dry_time_s * season.recovery } else { 0.0 };
                let f = season.conductivity;
                let curve = Curve { f0: max_m_s * f, fc: min_m_s * f, k: decay_per_s, most_m: max_depth_m };
                if modified {
                    self.modified_horton(curve, offered, regain, dt)
                } else {
                    self.horton(curve, offered, regain, dt)
                }
            }
            Infiltration::GreenAmpt { suction_m, conductivity_m_s, moisture_deficit, modified } => {
                let lu = upper_zone_m(conductivity_m_s) * season.conductivity.sqrt();
                let k = conductivity_m_s * season.conductivity;
                let recovery = season.recovery;
                let ground = Ground { s: suction_m, k, lu, most: moisture_deficit, modified, recovery };
                self.green_ampt(ground, offered, stands_m, dt)
            }
            Infiltration::CurveNumber { curve_number, dry_time_s } => {
                let recovery = season.recovery;
                // Only rain is rain for a curve number.
                let stands_m = stands_m + runs_on_m_s * dt;
                self.curve_number(storage_m(curve_number), dry_time_s, [rain_m_s, offered, stands_m, recovery], dt)
            }
        }
    }

    fn horton(&mut self, c: Curve, offered: f64, regain: f64, dt: f64) -> f64 {
        let fall = (c.f0 - c.fc).max(0.0);
        if fall <= 0.0 || c.k <= 0.0 {
            return self.capped(c.f0.max(c.fc).min(offered), c.most_m, dt);
        }
        if offered > 0.0 {
            let sum = |t: f64| c.fc * t + fall / c.k * (1.0 - (-c.k * t).exp());
            let (before, end) = (sum(self.time), self.time + dt);
            let rate = ((sum(end) - before) / dt).max(c.fc).min(offered);
            let limit = 16.0 / c.k;
            if end > limit {
                self.time = end;
            } else {
                // The time on the curve at which as much has been taken.
                let want = before + rate * dt;
                let mut t = self.time + 0.5 * dt;
                for _ in 0..20 {
                    let miss = sum(t) - want;
                    let slope = c.fc + fall * (-c.k * t).exp();
                    let step = if slope > 0.0 { miss / slope } else { 0.0 };
                    t -= step;
                    if step.abs() <= 1.0e-3 {
                        break;
                    }
                }
                self.time = t.clamp(self.time, end);
            }
            self.capped(rate, c.most_m, dt)
        } else {
            if regain > 0.0 {
                let left = 1.0 - (-c.k * self.time).exp();
                self.time = -(1.0 - (-regain * dt).exp() * left).ln() / c.k;
                if c.most_m > 0.0 {
                    self.taken_m = c.fc * self.time + fall / c.k * (1.0 - (-c.k * self.time).exp());
                }
            }
            0.0
        }
    }

    fn capped(&mut self, rate: f64, most_m: f64, dt: f64) -> f64 {
        let rate = if most_m > 0.0 { rate.min((most_m - self.taken_m).max(0.0) / dt) } else { rate };
        self.taken_m += rate * dt;
        rate
    }

    fn modified_horton(&mut self, c: Curve, offered: f64, regain: f64, dt: f64) -> f64 {
        if offered > 0.0 {
            let mut rate = (c.f0 - c.k * self.taken_m).max(c.fc).min(offered);
            if c.most_m > 0.0 {
                rate = rate.min((c.most_m - self.taken_m).max(0.0) / dt);
            }
            // Only what is over the lowest rate fills the soil.
            self.taken_m += (rate - c.fc).max(0.0) * dt;
            return rate;
        }
        self.taken_m *= (-regain * dt).exp();
        0.0
    }

    fn green_ampt(&mut self, g: Ground, offered: f64, stands_m: f64, dt: f64) -> f64 {
        let lu = g.lu;
        let most_m = g.most * lu;
        let feet = (lu / FOOT_M).max(1.0e-9);
        let head = (g.s + stands_m) * self.deficit;
        self.time -= dt;
        if offered <= 0.0 {
            self.saturated = false;
            if self.upper_m <= 0.0 {
                return 0.0;
            }
            let lost = feet / 90_000.0 * g.recovery * most_m * dt;
            self.taken_m = (self.taken_m - lost).max(0.0);
            self.upper_m -= lost;
            if self.upper_m <= 0.0 {
                (self.upper_m, self.taken_m, self.deficit) = (0.0, 0.0, g.most);
            } else if self.time <= 0.0 && lu > 0.0 {
                (self.deficit, self.taken_m) = ((most_m - self.upper_m) / lu, 0.0);
            }
            return 0.0;
        }
        let add = |soil: &mut Self, depth_m: f64| {
            soil.taken_m += depth_m;
            soil.upper_m = (soil.upper_m + depth_m).min(most_m);
            depth_m / dt
        };
        if self.saturated {
            self.time = 5400.0 / feet / g.recovery;
            let mut depth = wetted(self.taken_m, head, g.k, dt) - self.taken_m;
            if depth > offered * dt {
                depth = offered * dt;
                self.saturated = false;
            }
            return add(self, depth);
        }
        if offered <= g.k * EVEN {
            let rate = add(self, offered * dt);
            if !g.modified && self.time <= 0.0 && lu > 0.0 {
                (self.deficit, self.taken_m) = ((most_m - self.upper_m) / lu, 0.0);
            }
            return rate;
        }
        self.time = 5400.0 / feet / g.recovery;
        // Depth at which the surface saturates under this rain.
        let full = g.k * head / (offered - g.k);
        if self.taken_m > full {
            self.saturated = true;
            let depth = (wetted(self.taken_m, head, g.k, dt) - self.taken_m).min(offered * dt);
            return add(self, depth);
        }
        if self.taken_m + offered * dt < full {
            return add(self, offered * dt);
        }
        let rest = (dt - (full - self.taken_m) / offered).max(0.0);
        let end = wetted(full, head, g.k, rest).min(full + offered * rest);
        self.saturated = true;
        let depth = end - self.taken_m;
        add(self, depth)
    }

    fn curve_number(
        &mut self,
        most_m: f64,
        dry_time_s: f64,
        [rain, offered, stands_m, recovery]: [f64; 4],
        dt: f64,
    ) -> f64 {
        let regain = if dry_time_s > 0.0 { 1.0 / dry_time_s } else { 0.0 };
        let mut rate = 0.0;
        if rain > 0.0 {
            if regain > 0.0 && self.time >= 0.06 / regain {
                (self.rain_m, self.taken_m, self.rate_m_s, self.deficit) = (0.0, 0.0, 0.0, self.upper_m);
            }
            self.time = 0.0;
            self.rain_m += rain * dt;
            let all = self.rain_m * (1.0 - self.rain_m / (self.rain_m + self.deficit).max(1.0e-12));
            if self.upper_m > 0.0 {
                rate = ((all - self.taken_m) / dt).max(0.0);
            }
        } else {
            if stands_m > PUDDLE_M && self.upper_m > 0.0 {
                rate = self.rate_m_s.min(self.upper_m / dt);
            }
            self.time += dt;
        }
        if rate > 0.0 {
            rate = rate.min(offered);
            self.taken_m += rate * dt;
            if regain > 0.0 {
                self.upper_m = (self.upper_m - rate * dt).max(0.0);
            }
        } else {
            self.upper_m = (self.upper_m + regain * most_m * dt * recovery).min(most_m);
        }
        self.rate_m_s = rate;
        rate
    }
}

#[derive(Clone, Copy)]
struct Curve {
    f0: f64,
    fc: f64,
    k: f64,
    most_m: f64,
}

#[derive(Clone, Copy)]
struct Ground {
    s: f64,
    k: f64,
    /// Depth of the upper zone, m.
    lu: f64,
    most: f64,
    modified: bool,
    recovery: f64,
}

/// Cumulative depth after `dt` s of ponding: `F − c ln((F + c) / (f + c)) = f + K dt`.
fn wetted(f: f64, c: f64, k: f64, dt: f64) -> f64 {
    let target = f + k * dt;
    if c <= 0.0 || dt <= 0.0 {
        return target;
    }
    // Newton from above comes down steadily.
    let mut x = target + (2.0 * c * k * dt).sqrt();
    for _ in 0..40 {
        let miss = x - c * ((x - f) / (f + c)).ln_1p() - target;
        let step = miss * (x + c) / x.max(1.0e-12);
        x -= step;
        if step.abs() <= 1.0e-12 {
            break;
        }
    }
    x.max(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soils_follow_the_closed_formulas() {
        // shared/data/flood/bench/analytic/infiltration.csv: under 40 mm/h and ponded.
        let ampt = Infiltration::GreenAmpt {
            suction_m: 0.1101,
            conductivity_m_s: 10.9 / 3.6e6,
            moisture_deficit: 0.246,
            modified: false,
        };
        let run = |rain: f64, stands: f64| {
            let mut soil = Soil::dry(&ampt);
            // Ponded depth is no head here, as in the formula.
            (0..360).map(|_| 10.0 * soil.take(&ampt, rain, stands, 10.0)).sum::<f64>() * 1000.0
        };
        assert!((run(40.0 / 3.6e6, 0.0) / 29.7278 - 1.0).abs() < 2e-3);
        let horton = Infiltration::Horton {
            max_m_s: 76.2 / 3.6e6,
            min_m_s: 12.7 / 3.6e6,
            decay_per_s: 4.14 / 3600.0,
            dry_time_s: 604_800.0,
            max_depth_m: 0.0,
            modified: false,
        };
        let mut soil = Soil::dry(&horton);
        let took: f64 = (0..240).map(|_| 15.0 * soil.take(&horton, 1.0, 0.0, 15.0)).sum();
        assert!((took * 1000.0 - 27.794).abs() < 0.01, "{took}");
        // Curve number: 50 mm on CN 80 leave 13.8 mm, 0.2 S of initial loss apart.
        let cn = Infiltration::CurveNumber { curve_number: 80.0, dry_time_s: 604_800.0 };
        let mut soil = Soil::dry(&cn);
        let took: f64 = (0..3600).map(|_| soil.take(&cn, 50.0e-3 / 3600.0, 0.0, 1.0)).sum();
        let s = storage_m(80.0);
        assert!((took - 0.05 * (1.0 - 0.05 / (0.05 + s))).abs() < 1e-6);
    }
}
