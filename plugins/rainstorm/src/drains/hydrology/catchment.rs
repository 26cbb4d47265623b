//! One subcatchment: three reservoirs (impervious without and with depression storage, pervious).

use guanlan_city::model::drainage::{Infiltration, RouteTo, SubcatchOutlet, Subcatchment};
use serde::{Deserialize, Serialize};

use super::{RunoffLedger, infiltration::Soil};

/// Manning's coefficient as SWMM has it: 1.49 ft^(1/3)/s.
const MANNING: f64 = 1.002_71;
/// Pervious part in the list of parts.
const PERVIOUS: usize = 2;

/// A subcatchment, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Catchment {
    pub gage: Option<usize>,
    pub outlet: SubcatchOutlet,
    parts: [Part; 3],
    infiltration: Infiltration,
    /// Share of the runoff of the impervious parts that goes over the pervious one, and the other way round.
    inward: [f64; 2],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Part {
    area_m2: f64,
    /// `runoff = alpha (depth − store)^(5/3)`, m^(−2/3)/s.
    alpha: f64,
    store_m: f64,
    /// Without friction everything over the store runs off at once.
    smooth: bool,
}

/// What moves of a subcatchment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CatchmentState {
    depth_m: [f64; 3],
    /// Runoff of one part on its way to another, m³.
    inward_m3: [f64; 3],
    /// Runoff of others that arrives in the next window, and in this one, m³.
    pub arriving_m3: f64,
    arrived_m3: f64,
    soil: Soil,
}

/// Weather of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub rain_m_s: f64,
    pub evaporation_m_s: f64,
    pub span_s: f64,
}

impl CatchmentState {
    pub fn is_wet(&self) -> bool {
        self.arrived_m3 > 0.0 || self.depth_m.iter().any(|d| *d > 1.0e-9) || self.inward_m3.iter().any(|v| *v > 0.0)
    }

    /// What arrives becomes what has arrived.
    pub fn turn(&mut self) {
        self.arrived_m3 += std::mem::take(&mut self.arriving_m3);
    }
}

impl Catchment {
    pub fn of(c: &Subcatchment, nodes: usize) -> Self {
        let sane = |v: f64| if v.is_finite() { v.max(0.0) } else { 0.0 };
        let (area, impervious) = (sane(c.area_m2), sane(c.impervious).min(1.0));
        let alpha = |area: f64, n: f64| {
            if area > 0.0 && n > 0.0 { MANNING * sane(c.width_m) / area * sane(c.slope).sqrt() / n } else { 0.0 }
        };
        let paved = alpha(impervious * area, c.n_impervious);
        let part = |share: f64, alpha: f64, store_m: f64, n: f64| Part {
            area_m2: share * area,
            alpha,
            store_m: sane(store_m),
            smooth: n <= 0.0,
        };
        let zero = sane(c.zero_storage).min(1.0);
        let routed = sane(c.routed).min(1.0);
        let outlet = match c.outlet {
            SubcatchOutlet::Node(k) if k >= nodes => SubcatchOutlet::None,
            ref other => other.clone(),
        };
        Self {
            gage: c.gage,
            outlet,
            parts: [
                part(impervious * zero, paved, 0.0, c.n_impervious),
                part(impervious * (1.0 - zero), paved, c.storage_impervious_m, c.n_impervious),
                part(
                    1.0 - impervious,
                    alpha((1.0 - impervious) * area, c.n_pervious),
                    c.storage_pervious_m,
                    c.n_pervious,
                ),
            ],
            infiltration: c.infiltration.clone(),
            inward: match c.route_to {
                RouteTo::Pervious if impervious < 1.0 => [routed, 0.0],
                RouteTo::Impervious if impervious * (1.0 - zero) > 0.0 => [0.0, routed],
                _ => [0.0; 2],
            },
        }
    }

    pub fn begin(&self) -> CatchmentState {
        CatchmentState { soil: Soil::dry(&self.infiltration), ..CatchmentState::default() }
    }

    /// Water on the ground and on its way, m³.
    pub fn stored_m3(&self, s: &CatchmentState) -> f64 {
        let ponds: f64 = self.parts.iter().zip(&s.depth_m).map(|(p, d)| p.area_m2 * d).sum();
        ponds + s.inward_m3.iter().sum::<f64>() + s.arriving_m3 + s.arrived_m3
    }

    /// One window; what leaves, m³.
    pub fn step(&self, s: &mut CatchmentState, weather: Weather, books: &mut RunoffLedger) -> f64 {
        let dt = weather.span_s;
        let area: f64 = self.parts.iter().map(|p| p.area_m2).sum();
        if area <= 0.0 {
            return std::mem::take(&mut s.arrived_m3);
        }
        let runon = std::mem::take(&mut s.arrived_m3) / (area * dt);
        books.rain_m3 += weather.rain_m_s * dt * area;
        let inward = std::mem::take(&mut s.inward_m3);
        let mut out = 0.0;
        for (k, part) in self.parts.iter().enumerate().filter(|(_, p)| p.area_m2 > 0.0) {
            let mut inflow = weather.rain_m_s + runon + inward[k] / (part.area_m2 * dt);
            let depth = &mut s.depth_m[k];
            let offered = inflow + *depth / dt;
            let evaporated = offered.min(weather.evaporation_m_s);
            let soaked = if k == PERVIOUS { s.soil.take(&self.infiltration, inflow, *depth, dt) } else { 0.0 };
            let soaked = soaked.min(offered - evaporated).max(0.0);
            books.evaporated_m3 += evaporated * dt * part.area_m2;
            books.infiltrated_m3 += soaked * dt * part.area_m2;
            let mut gone_m = 0.0;
            if evaporated + soaked >= offered {
                *depth = 0.0;
            } else {
                inflow -= evaporated + soaked;
                let before = *depth;
                *depth = part.pond(before, inflow, dt);
                gone_m = before + inflow * dt - *depth;
            }
            let gone = gone_m * part.area_m2;
            // A part of it may run over another part first.
            let (share, to) = if k == PERVIOUS { (self.inward[1], 1) } else { (self.inward[0], PERVIOUS) };
            s.inward_m3[to] += share * gone;
            out += (1.0 - share) * gone;
        }
        out
    }
}

impl Part {
    /// Depth after `dt` s of a net inflow, m.
    fn pond(&self, depth_m: f64, inflow: f64, dt: f64) -> f64 {
        let (mut d, mut left) = (depth_m, dt);
        if d + inflow * left <= self.store_m {
            return (d + inflow * left).max(0.0);
        }
        if d < self.store_m && inflow > 0.0 {
            left -= (self.store_m - d) / inflow;
            d = self.store_m;
        }
        if self.smooth {
            return self.store_m.min(d + inflow * left).max(0.0);
        }
        if self.alpha <= 0.0 {
            return (d + inflow * left).max(0.0);
        }
        let rate = |d: f64| inflow - self.alpha * (d - self.store_m).max(0.0).powf(5.0 / 3.0);
        // Steps short against the reservoir's own time.
        let deepest = (d - self.store_m).max(inflow.max(0.0) * left).max(1.0e-9);
        let speed = 5.0 / 3.0 * self.alpha * deepest.powf(2.0 / 3.0);
        let steps = (2.0 * speed * left).ceil().clamp(1.0, 400.0);
        let h = left / steps;
        for _ in 0..steps as usize {
            let k1 = rate(d);
            let k2 = rate(d + 0.5 * h * k1);
            let k3 = rate(d + 0.5 * h * k2);
            let k4 = rate(d + h * k3);
            d += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        }
        // No more runs off than came.
        d.clamp(0.0, depth_m + (inflow * dt).max(0.0))
    }
}
