//! Snow on a subcatchment: what falls, is ploughed, melts and leaves the pack (reference manual, volume I, chapter 6).
//!
//! Depths are m of water over each of three surfaces: ploughed, other impervious, pervious.

use guanlan_city::model::drainage::{Climate, SnowPack, SnowRemoval};
use serde::{Deserialize, Serialize};

use super::sky::Moment;

/// A pack of less melts at once, m (SWMM: 0.001 in).
const THIN_M: f64 = 2.54e-5;
/// Snow of less is none for the cold of the pack, m/s (0.02 in/h).
const FLURRY_M_S: f64 = 0.02 * 0.0254 / 3600.0;
/// Specific heat of snow: share of its depth to a K (SWMM: 0.007 in for a foot and a °F).
const HEAT_PER_K: f64 = 0.007 / 12.0 * 1.8;
const PLOUGHED: usize = 0;
const PERVIOUS: usize = 2;

/// A pack, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Snow {
    pack: SnowPack,
    /// Share of the subcatchment of each surface.
    pub share: [f64; 3],
    index_weight: f64,
    cold_melt_ratio: f64,
    cover: [[f64; 10]; 2],
}

/// What moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SnowState {
    pub snow_m: [f64; 3],
    pub free_m: [f64; 3],
    /// Melt that the cold of the pack takes first, m.
    cold_m: [f64; 3],
    /// Antecedent temperature index, °C.
    index_c: [f64; 3],
    /// New snow on a bare patch: relative depths at which it begins and ends to count, and the cover at its begin.
    fresh: [[f64; 3]; 3],
    /// What melts at once in this window, m/s.
    at_once: [f64; 3],
}

/// What the plough took, m³ over an area of 1 m².
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Ploughed {
    pub out_m: f64,
    pub other_m: f64,
    pub other: Option<usize>,
}

impl Snow {
    pub fn of(climate: &Climate, catchment: usize, impervious: f64) -> Option<Self> {
        let (_, k) = climate.snow.iter().rev().find(|(c, _)| *c == catchment)?;
        let pack = climate.packs.get(*k)?.clone();
        let share = [pack.ploughed * impervious, (1.0 - pack.ploughed) * impervious, 1.0 - impervious];
        Some(Self {
            pack,
            share,
            index_weight: climate.index_weight,
            cold_melt_ratio: climate.cold_melt_ratio,
            cover: climate.cover,
        })
    }

    pub fn begin(&self) -> SnowState {
        let mut s = SnowState { fresh: [[1.0, 0.0, 0.0]; 3], ..SnowState::default() };
        for (k, surface) in self.pack.surfaces.iter().enumerate() {
            if self.share[k] > 0.0 {
                (s.snow_m[k], s.free_m[k]) = (surface.snow_m, surface.free_m);
            }
            s.index_c[k] = surface.base_c;
        }
        s
    }

    /// Water of the pack, m over the subcatchment.
    pub fn stored_m(&self, s: &SnowState) -> f64 {
        (0..3).map(|k| self.share[k] * (s.snow_m[k] + s.free_m[k])).sum()
    }

    /// Snow on the ground, m over the subcatchment.
    pub fn depth_m(&self, s: &SnowState) -> f64 {
        (0..3).map(|k| self.share[k] * s.snow_m[k]).sum()
    }

    /// New snow, and the plough.
    pub fn fall(&self, s: &mut SnowState, snow_m_s: f64, dt: f64) -> Ploughed {
        for k in 0..3 {
            s.at_once[k] = 0.0;
            if self.share[k] > 0.0 {
                s.snow_m[k] += snow_m_s * dt;
            }
        }
        let mut gone = Ploughed::default();
        let Some(SnowRemoval { depth_m, out, to_impervious, to_pervious, melted, to_other, other }) = self.pack.removal
        else {
            return gone;
        };
        let lies = s.snow_m[PLOUGHED];
        if self.share[PLOUGHED] <= 0.0 || lies < depth_m || lies <= 0.0 {
            return gone;
        }
        gone.out_m = out * lies * self.share[PLOUGHED];
        let mut moved = out + melted;
        for (k, part) in [(1, to_impervious), (PERVIOUS, to_pervious)] {
            if self.share[k] > 0.0 {
                s.snow_m[k] += part * lies * self.share[PLOUGHED] / self.share[k];
                moved += part;
            }
        }
        s.at_once[PLOUGHED] = melted * lies / dt;
        if to_other > 0.0 && other.is_some() {
            (gone.other_m, gone.other) = (to_other * lies * self.share[PLOUGHED], other);
            moved += to_other;
        }
        s.snow_m[PLOUGHED] = lies * (1.0 - moved.min(1.0));
        gone
    }

    /// Takes snow that was ploughed to its pervious surface, m over the subcatchment; false where there is none.
    pub fn receive(&self, s: &mut SnowState, depth_m: f64) -> bool {
        if self.share[PERVIOUS] > 0.0 {
            s.snow_m[PERVIOUS] += depth_m / self.share[PERVIOUS];
        }
        self.share[PERVIOUS] > 0.0
    }

    /// Rain and melt on the impervious and on the pervious part in a window, m/s.
    pub fn melt(&self, s: &mut SnowState, moment: &Moment, [rain, snow]: [f64; 2], dt: f64) -> [f64; 2] {
        let by_rain = moment.rain_melt_m_s(rain);
        let mut net = [0.0; 3];
        for k in 0..3 {
            let (mut melted, mut covered) = (0.0, 0.0);
            if s.snow_m[k] <= THIN_M {
                s.at_once[k] += (s.snow_m[k] + s.free_m[k]) / dt;
                (s.snow_m[k], s.free_m[k], s.cold_m[k]) = (0.0, 0.0, 0.0);
            } else {
                covered = self.covered(s, k, snow * dt);
                melted = self.melts(s, k, moment, by_rain, covered, snow, dt);
                // Through the pack: it holds a share of its depth.
                let melts_m = (melted * dt).min(s.snow_m[k]);
                s.snow_m[k] -= melts_m;
                s.free_m[k] += melts_m + rain * dt * covered;
                let over = (s.free_m[k] - self.pack.surfaces[k].free_share * s.snow_m[k]).max(0.0);
                s.free_m[k] -= over;
                melted = over / dt;
            }
            net[k] = melted + s.at_once[k] + rain * (1.0 - covered);
        }
        let [ploughed, other, pervious] = self.share;
        let impervious = ploughed + other;
        let paved = if impervious > 0.0 { (net[0] * ploughed + net[1] * other) / impervious } else { net[1] };
        [paved, if pervious > 0.0 { net[PERVIOUS] } else { rain }]
    }

    /// Melt of a surface, m/s, less what the cold of the pack takes.
    fn melts(
        &self,
        s: &mut SnowState,
        k: usize,
        moment: &Moment,
        by_rain: f64,
        covered: f64,
        snow: f64,
        dt: f64,
    ) -> f64 {
        let surface = &self.pack.surfaces[k];
        let [winter, summer] = surface.melt_m_s_k;
        let factor = 0.5 * (summer * (1.0 + moment.season) + winter * (1.0 - moment.season));
        let melt = if by_rain > 0.0 {
            by_rain
        } else if moment.air_c >= surface.base_c {
            factor * (moment.air_c - surface.base_c)
        } else {
            let index = &mut s.index_c[k];
            if snow > FLURRY_M_S {
                *index = moment.air_c;
            } else {
                *index += (1.0 - (1.0 - self.index_weight).powf(dt / 21_600.0)) * (moment.air_c - *index);
            }
            *index = index.min(surface.base_c);
            let most = s.snow_m[k] * HEAT_PER_K * (surface.base_c - *index);
            let colder = self.cold_melt_ratio * factor * (*index - moment.air_c) * dt * covered;
            s.cold_m[k] = (s.cold_m[k] + colder).max(0.0).min(most);
            return 0.0;
        };
        let melt = melt * covered;
        s.index_c[k] = surface.base_c;
        let warms = dt * self.cold_melt_ratio * covered;
        if melt * warms > s.cold_m[k] {
            let left = melt - if warms > 0.0 { s.cold_m[k] / warms } else { 0.0 };
            s.cold_m[k] = 0.0;
            return left;
        }
        s.cold_m[k] -= melt * warms;
        0.0
    }

    /// Share of a surface that is covered.
    fn covered(&self, s: &mut SnowState, k: usize, fell_m: f64) -> f64 {
        let full = self.pack.surfaces[k].covered_m;
        if k == PLOUGHED {
            return 1.0;
        }
        let fresh = &mut s.fresh[k];
        if full <= 0.0 || s.snow_m[k] >= full {
            fresh[0] = 1.0;
            return 1.0;
        }
        if fell_m > 0.0 {
            let before = ((s.snow_m[k] - fell_m) / full).max(0.0);
            *fresh = [before, (before + 0.75 * fell_m / full).min(1.0), self.share_at(k, before)];
            return 1.0;
        }
        let depth = s.snow_m[k] / full;
        let [from, to, at_from] = *fresh;
        if depth < from {
            fresh[0] = 1.0;
            self.share_at(k, depth)
        } else if depth >= to {
            1.0
        } else {
            at_from + (1.0 - at_from) / (to - from) * (depth - from)
        }
    }

    /// The depletion curve.
    fn share_at(&self, k: usize, depth: f64) -> f64 {
        let curve = &self.cover[k - 1];
        if depth <= 0.0 {
            return 0.0;
        }
        if depth >= 0.9999 {
            return 1.0;
        }
        let m = ((depth * 10.0 + 0.000_01) as usize).min(9);
        let next = curve.get(m + 1).copied().unwrap_or(1.0);
        curve[m] + (next - curve[m]) * 10.0 * (depth - 0.1 * m as f64)
    }
}

#[cfg(test)]
mod tests {
    use guanlan_city::model::drainage::SnowSurface;

    use super::*;

    fn snow(removal: Option<SnowRemoval>) -> Snow {
        let surface =
            SnowSurface { melt_m_s_k: [1.0e-8, 3.0e-8], free_share: 0.1, covered_m: 0.05, ..SnowSurface::default() };
        let pack = SnowPack { id: "P".into(), surfaces: [surface; 3], ploughed: 0.5, removal };
        let climate = Climate {
            packs: vec![pack],
            snow: vec![(0, 0)],
            cover: [[0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]; 2],
            ..Climate::default()
        };
        Snow::of(&climate, 0, 0.4).unwrap()
    }

    #[test]
    fn what_falls_is_what_melts_and_is_ploughed_and_lies() {
        let removal = SnowRemoval {
            depth_m: 0.02,
            out: 0.2,
            to_impervious: 0.2,
            to_pervious: 0.3,
            melted: 0.1,
            ..SnowRemoval::default()
        };
        let snow = snow(Some(removal));
        let mut s = snow.begin();
        let (mut fell, mut left, mut rained) = (0.0, 0.0, 0.0);
        for k in 0..2000_u32 {
            let dt = 600.0;
            let day = f64::from(k % 144) / 144.0;
            let moment = Moment {
                air_c: 6.0 * (std::f64::consts::TAU * day).sin() - 1.0 + f64::from(k) * 0.003,
                ..Moment::default()
            };
            let rate = if k % 97 < 9 { 1.0e-6 } else { 0.0 };
            let [rain, snows] = if moment.air_c > 1.0 { [rate, 0.0] } else { [0.0, rate] };
            left += snow.fall(&mut s, snows, dt).out_m;
            let [paved, pervious] = snow.melt(&mut s, &moment, [rain, snows], dt);
            left += dt * (0.4 * paved + 0.6 * pervious);
            fell += dt * snows;
            rained += dt * rain;
            assert!(s.snow_m.iter().chain(&s.free_m).chain(&s.cold_m).all(|v| *v >= 0.0), "{s:?}");
        }
        assert!(fell > 0.03 && (fell + rained - left - snow.stored_m(&s)).abs() < 1e-9 * fell, "{fell} {left} {s:?}");
    }

    #[test]
    fn a_deep_pack_melts_by_the_degree_day_and_a_thin_one_where_it_still_lies() {
        let snow = snow(None);
        let mut s = SnowState { snow_m: [0.0, 0.2, 0.2], ..snow.begin() };
        let moment = Moment { air_c: 5.0, season: 1.0, ..Moment::default() };
        let [_, first] = snow.melt(&mut s, &moment, [0.0; 2], 3600.0);
        // 3e-8 · 5 K for an hour: the pack keeps it at first.
        assert_eq!(first, 0.0);
        assert!((0.2 - s.snow_m[2] - 5.4e-4).abs() < 1e-12);
        // Half of the covering depth covers half.
        let mut s = SnowState { snow_m: [0.0, 0.025, 0.025], free_m: [0.0, 0.0, 0.0025], ..snow.begin() };
        let [_, net] = snow.melt(&mut s, &moment, [0.0; 2], 3600.0);
        assert!((0.025 - s.snow_m[2] - 2.7e-4).abs() < 1e-9, "{s:?}");
        assert!(net > 0.0);
        assert!((snow.share_at(1, 0.55) - 0.55).abs() < 1e-9 && snow.share_at(2, 0.97) > 0.96);
    }
}
