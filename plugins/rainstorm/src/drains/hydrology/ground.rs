//! Ground water below a subcatchment: an unsaturated zone over a saturated one that gives to a node (reference
//! manual, volume I, chapter 5).
//!
//! The state is the water of both zones and the depth of the saturated one, so that what comes and goes is what the
//! state changes by.

use guanlan_city::model::drainage::{Aquifer, DrainageNetwork, Formula, Groundwater, PatternKind};
use serde::{Deserialize, Serialize};

/// Longest step, s.
const STEP_S: f64 = 60.0;
/// Room that is always left, m and fraction.
const REST: f64 = 1.0e-4;

/// Ground of a subcatchment, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ground {
    pub catchment: usize,
    pub node: usize,
    pub area_m2: f64,
    /// Share of the area that takes water in.
    pub pervious: f64,
    aquifer: Aquifer,
    /// Bottom to ground, m; bottom, m above datum.
    depth_m: f64,
    bottom_m: f64,
    /// Threshold and fixed level of the surface water over the bottom, m.
    threshold_m: f64,
    fixed_m: Option<f64>,
    flow: Groundwater,
    begin: [f64; 2],
    monthly: Vec<f64>,
}

/// What moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct GroundState {
    /// Water of both zones, m over the area.
    pub water_m: f64,
    /// Depth of the saturated zone, m.
    pub lower_m: f64,
}

/// What a window brings, m/s over the area.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GroundWeather {
    pub infiltration: f64,
    /// Potential evaporation, and what the surface has had of it already.
    pub evaporation: f64,
    pub evaporated: f64,
    pub month: usize,
    /// Level of the node, m above datum.
    pub node_m: f64,
    pub span_s: f64,
}

/// Where it went, m over the area.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct GroundOut {
    pub evaporated_m: f64,
    pub deep_m: f64,
    pub flow_m: f64,
    /// What the ground could not hold.
    pub over_m: f64,
}

impl Ground {
    /// From a file; `inverts_m` are those of the nodes.
    pub fn of(g: &Groundwater, network: &DrainageNetwork, pervious: f64) -> Option<Self> {
        let aquifer = network.aquifers.get(g.aquifer)?.clone();
        let invert_m = f64::from(network.nodes.get(g.node)?.invert_m);
        let area_m2 = network.catchments.get(g.catchment)?.area_m2;
        let bottom_m = g.bottom_m.unwrap_or(aquifer.bottom_m);
        let depth_m = g.surface_m - bottom_m;
        if depth_m <= REST || area_m2 <= 0.0 || pervious <= 0.0 {
            return None;
        }
        let theta = g.moisture.unwrap_or(aquifer.moisture).min(aquifer.porosity - REST);
        let lower = (g.table_m.unwrap_or(aquifer.table_m) - bottom_m).clamp(0.0, depth_m - REST);
        let monthly = aquifer.pattern.and_then(|k| network.patterns.get(k));
        let monthly = monthly.filter(|p| p.kind == PatternKind::Monthly).map_or(Vec::new(), |p| p.multipliers.clone());
        Some(Self {
            catchment: g.catchment,
            node: g.node,
            area_m2,
            pervious,
            depth_m,
            bottom_m,
            threshold_m: g.threshold_m.unwrap_or(invert_m) - bottom_m,
            fixed_m: (g.fixed_depth_m > 0.0).then_some(g.fixed_depth_m + invert_m - bottom_m),
            flow: g.clone(),
            begin: [lower * aquifer.porosity + (depth_m - lower) * theta, lower],
            aquifer,
            monthly,
        })
    }

    pub fn begin(&self) -> GroundState {
        GroundState { water_m: self.begin[0], lower_m: self.begin[1] }
    }

    /// Room for water, m over the pervious area.
    pub fn room_m(&self, s: &GroundState) -> f64 {
        (self.depth_m * self.aquifer.porosity - s.water_m).max(0.0) / self.pervious
    }

    fn moisture(&self, s: &GroundState) -> f64 {
        let a = &self.aquifer;
        let upper = (self.depth_m - s.lower_m).max(REST);
        ((s.water_m - a.porosity * s.lower_m) / upper).clamp(a.wilting_point, a.porosity - REST)
    }

    /// Flow to the node at a depth of the saturated zone, m/s over the area; never from the node.
    fn flow_m_s(&self, lower_m: f64, surface_water_m: f64) -> f64 {
        let g = &self.flow;
        if lower_m <= self.threshold_m {
            return 0.0;
        }
        let [a1, b1, a2, b2, a3] = g.coefficients;
        let head = |h: f64| (h - self.threshold_m) / g.unit_m;
        let t1 = if b1 == 0.0 { a1 } else { a1 * head(lower_m).powf(b1) };
        let t2 = match b2 {
            0.0 => a2,
            _ if surface_water_m > self.threshold_m => a2 * head(surface_water_m).powf(b2),
            _ => 0.0,
        };
        let t3 = a3 * lower_m * surface_water_m / (g.unit_m * g.unit_m);
        ((t1 - t2 + t3) * g.unit_m_s).max(0.0)
    }

    /// Evaporation of the upper and the lower zone, percolation, deep loss, flow to the node, m/s.
    fn fluxes(&self, s: &GroundState, w: GroundWeather, dt: f64) -> [f64; 5] {
        let a = &self.aquifer;
        let theta = self.moisture(s);
        let upper = self.depth_m - s.lower_m;
        let (mut e_upper, mut e_lower) = (0.0, 0.0);
        if w.infiltration <= 0.0 {
            let most = w.evaporation * self.pervious;
            let left = (most - w.evaporated).max(0.0);
            let share = a.upper_evaporation * self.monthly.get(w.month).copied().unwrap_or(1.0);
            if theta > a.wilting_point {
                e_upper = (share * most).min(left);
            }
            if a.evaporation_depth_m > 0.0 {
                let part = ((a.evaporation_depth_m - upper) / a.evaporation_depth_m).clamp(0.0, 1.0);
                e_lower = (part * (1.0 - share) * most).clamp(0.0, (left - e_upper).max(0.0));
            }
        }
        let mut perc = 0.0;
        if upper > 0.0 && theta > a.field_capacity {
            let k = a.conductivity_m_s * (-(a.porosity - theta) * a.conductivity_slope).exp();
            let over = theta - a.field_capacity;
            perc = (k * (1.0 + a.tension_slope_m * 2.0 * over / upper.max(REST))).min(upper * over / dt);
        }
        let surface_water_m = self.fixed_m.unwrap_or(w.node_m - self.bottom_m);
        let asked = |formula: &Formula| {
            let g = &self.flow;
            let conductivity = a.conductivity_m_s * (-(a.porosity - theta) * a.conductivity_slope).exp();
            formula.value(&|k| match k {
                0 => s.lower_m / g.unit_m,
                1 => surface_water_m / g.unit_m,
                2 => self.threshold_m / g.unit_m,
                3 => self.depth_m / g.unit_m,
                4 => a.conductivity_m_s / g.unit_rain_m_s,
                5 => {
                    if theta > a.field_capacity {
                        conductivity / g.unit_rain_m_s
                    } else {
                        0.0
                    }
                }
                6 => theta,
                7 => a.porosity,
                8 => w.infiltration / g.unit_rain_m_s,
                9 => perc / g.unit_rain_m_s,
                _ => self.area_m2 / g.unit_land_m2,
            })
        };
        let deep = match &self.flow.deep {
            Some(formula) => asked(formula).max(0.0) * self.flow.unit_rain_m_s,
            None => a.deep_loss_m_s * s.lower_m / self.depth_m,
        };
        let deep = deep.min(s.lower_m.max(0.0) / dt);
        let lateral = self.flow.lateral.as_ref().map_or(0.0, |f| asked(f) * self.flow.unit_m_s);
        let flow = self.flow_m_s(s.lower_m, surface_water_m) + lateral;
        let flow = flow.clamp(0.0, s.lower_m.max(0.0) * a.porosity / dt);
        [e_upper, e_lower, perc, deep, flow]
    }

    /// One window.
    pub fn step(&self, s: &mut GroundState, w: GroundWeather) -> GroundOut {
        let mut out = GroundOut::default();
        let steps = (w.span_s / STEP_S).ceil().max(1.0);
        let dt = w.span_s / steps;
        let a = &self.aquifer;
        for _ in 0..steps as usize {
            let rise = |s: &GroundState, f: &[f64; 5]| {
                let [_, e_lower, perc, deep, flow] = *f;
                (perc - deep - e_lower - flow) / (a.porosity - self.moisture(s)).max(REST)
            };
            // Heun's method: the mean of the rates at both ends.
            let first = self.fluxes(s, w, dt);
            let net = |f: &[f64; 5]| w.infiltration - f[0] - f[1] - f[3] - f[4];
            let end = GroundState {
                water_m: s.water_m + dt * net(&first),
                lower_m: (s.lower_m + dt * rise(s, &first)).clamp(0.0, self.depth_m - REST),
            };
            let second = self.fluxes(&end, w, dt);
            let mean: [f64; 5] = std::array::from_fn(|k| 0.5 * (first[k] + second[k]));
            let lower = s.lower_m + 0.5 * dt * (rise(s, &first) + rise(&end, &second));
            s.water_m += dt * net(&mean);
            s.lower_m = lower.clamp(0.0, self.depth_m - REST);
            out.evaporated_m += dt * (mean[0] + mean[1]);
            out.deep_m += dt * mean[3];
            out.flow_m += dt * mean[4];
            // Full to the ground: no more goes in.
            let over = s.water_m - self.depth_m * a.porosity;
            if over > 0.0 {
                s.water_m -= over;
                out.over_m += over;
            }
            // The saturated zone holds no more than there is.
            s.lower_m = s.lower_m.min((s.water_m / a.porosity).max(0.0));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(coefficients: [f64; 5]) -> Ground {
        let aquifer = Aquifer {
            porosity: 0.5,
            wilting_point: 0.15,
            field_capacity: 0.3,
            conductivity_m_s: 7.0e-7,
            conductivity_slope: 12.0,
            tension_slope_m: 4.5,
            upper_evaporation: 0.35,
            evaporation_depth_m: 4.0,
            deep_loss_m_s: 1.0e-9,
            table_m: 2.0,
            moisture: 0.4,
            ..Aquifer::default()
        };
        let network = DrainageNetwork {
            aquifers: vec![aquifer],
            nodes: vec![Default::default()],
            catchments: vec![guanlan_city::model::drainage::Subcatchment { area_m2: 10_000.0, ..Default::default() }],
            ..DrainageNetwork::default()
        };
        let g = Groundwater {
            surface_m: 6.0,
            coefficients,
            threshold_m: Some(0.0),
            unit_m: 1.0,
            unit_m_s: 1.0e-4,
            ..Default::default()
        };
        Ground::of(&g, &network, 1.0).unwrap()
    }

    #[test]
    fn what_comes_is_what_stays_and_goes() {
        let ground = ground([1.0e-3, 1.0, 0.0, 0.0, 0.0]);
        let mut s = ground.begin();
        let (mut came, mut went) = (s.water_m, 0.0);
        for k in 0..4000 {
            let rain = if (k / 200) % 4 == 1 { 2.0e-6 } else { 0.0 };
            let w =
                GroundWeather { infiltration: rain, evaporation: 3.0e-8, span_s: 300.0, ..GroundWeather::default() };
            let out = ground.step(&mut s, w);
            came += rain * 300.0;
            went += out.evaporated_m + out.deep_m + out.flow_m + out.over_m;
            assert!(s.lower_m >= 0.0 && s.lower_m <= 6.0 && s.water_m >= 0.0);
        }
        assert!((came - went - s.water_m).abs() < 1e-9 * came, "{came} {went} {}", s.water_m);
    }

    #[test]
    fn a_saturated_zone_without_recharge_empties_as_an_exponential() {
        // Linear outflow from a zone whose upper part stays at field capacity: h' = −k h / (φ − θ).
        let mut ground = ground([1.0e-2, 1.0, 0.0, 0.0, 0.0]);
        ground.aquifer.deep_loss_m_s = 0.0;
        let theta = ground.aquifer.field_capacity;
        let mut s = GroundState { water_m: 2.0 * 0.5 + 4.0 * theta, lower_m: 2.0 };
        for _ in 0..1000 {
            let _out = ground.step(&mut s, GroundWeather { span_s: 100.0, ..GroundWeather::default() });
        }
        let want = 2.0 * (-1.0e-6 / (0.5 - theta) * 1.0e5_f64).exp();
        assert!((s.lower_m / want - 1.0).abs() < 0.01, "{} {want}", s.lower_m);
    }
}
