//! Sponge-city measures in a subcatchment (SWMM's LID controls): what one unit of a control does in a window
//! (reference manual, volume III), by layers: surface, pavement, soil, storage or drainage mat.
//!
//! Fluxes and limits are the manual's. Unlike SWMM, whose levels are cut to their limits where a window is long, what
//! cutting would create or lose is given to or taken from the outflows: the books of each unit close.

mod layers;

use guanlan_city::model::drainage::{Curve, Infiltration, LidControl, LidKind, LidUsage, SubcatchOutlet};
use serde::{Deserialize, Serialize};

use super::{catchment::MANNING, infiltration::Soil};

/// Iterations of a swale's step, and its tolerance, m.
const TRIALS: usize = 20;
const CLOSE_M: f64 = 1.0e-4;
const DAY_S: f64 = 86_400.0;

/// Units of one control in one subcatchment, ready to run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lid {
    pub catchment: usize,
    /// Area of all units, m².
    pub area_m2: f64,
    pub from_impervious: f64,
    pub from_pervious: f64,
    pub to_pervious: bool,
    /// Where the underdrain leads when not to the subcatchment's outlet.
    pub drain_to: Option<SubcatchOutlet>,
    control: LidControl,
    /// Width of the outflow side over the area, 1/m, and of one unit: width and area.
    side_per_m: f64,
    unit: [f64; 2],
    initial: f64,
    /// Soil of the surface, where it has its own.
    soil: Infiltration,
    /// Manning's conveyance of the surface and of the mat, m^(1/3)/s.
    alpha: [f64; 2],
    curve: Option<Curve>,
}

/// What moves of a unit: depths over its area, m.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct LidState {
    /// Surface depth m, soil moisture, storage depth m, pavement depth m.
    level: [f64; 4],
    /// Their rates at the end of the last window.
    rate: [f64; 4],
    dry_s: f64,
    treated_m: f64,
    taken_m: f64,
    clock_s: f64,
    regenerate_day: f64,
    drained: bool,
    soil: Soil,
}

/// What a window brings a unit, m/s over its area.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LidWeather {
    /// Rain and runoff that it treats.
    pub inflow: f64,
    pub rain: f64,
    pub evaporation: f64,
    /// What the native soil takes, and may take at most.
    pub native: f64,
    pub native_most: f64,
    pub span_s: f64,
}

/// Where it went, m over its area in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct LidOut {
    pub evaporated_m: f64,
    pub infiltrated_m: f64,
    pub surface_m: f64,
    pub drain_m: f64,
}

impl Lid {
    /// From a file; `own` is the infiltration of the subcatchment, `area_m2` its area.
    pub fn of(usage: &LidUsage, control: &LidControl, own: &Infiltration, curve: Option<&Curve>) -> Self {
        let mut control = control.clone();
        if control.kind == LidKind::GreenRoof {
            control.storage.thickness_m = control.mat.thickness_m;
            control.storage.void_share = control.mat.void_share;
            (control.storage.clogging, control.storage.seepage_m_s) = (0.0, 0.0);
        }
        if control.kind == LidKind::RainBarrel {
            (control.storage.void_share, control.storage.seepage_m_s) = (1.0, 0.0);
        }
        if control.storage.thickness_m <= 0.0 {
            (control.storage.void_share, control.drain.offset_m, control.storage.clogging) = (1.0, 0.0, 0.0);
        }
        // Pore volumes as depths.
        let p = &mut control.pavement;
        p.clogging *= p.thickness_m * p.void_share * (1.0 - p.impervious);
        control.storage.clogging *= control.storage.thickness_m * control.storage.void_share;
        let ground = &control.soil;
        let soil = if ground.thickness_m > 0.0 {
            Infiltration::GreenAmpt {
                suction_m: ground.suction_m,
                conductivity_m_s: ground.conductivity_m_s,
                moisture_deficit: (ground.porosity - ground.wilting_point) * (1.0 - usage.initial),
                modified: true,
            }
        } else {
            match (control.kind, own) {
                (
                    LidKind::VegetativeSwale,
                    Infiltration::GreenAmpt { suction_m, conductivity_m_s, moisture_deficit, .. },
                ) => Infiltration::GreenAmpt {
                    suction_m: *suction_m,
                    conductivity_m_s: *conductivity_m_s,
                    moisture_deficit: *moisture_deficit,
                    modified: true,
                },
                _ => Infiltration::None,
            }
        };
        let conveyance = |n: f64| if n > 0.0 { MANNING * control.surface.slope.sqrt() / n } else { 0.0 };
        Self {
            catchment: usage.catchment,
            area_m2: usage.area_m2 * usage.number,
            from_impervious: usage.from_impervious,
            from_pervious: usage.from_pervious,
            to_pervious: usage.to_pervious,
            drain_to: usage.drain_to.clone(),
            alpha: [conveyance(control.surface.roughness), conveyance(control.mat.roughness)],
            side_per_m: usage.width_m / usage.area_m2,
            unit: [usage.width_m, usage.area_m2],
            initial: usage.initial,
            soil,
            curve: curve.cloned(),
            control,
        }
    }

    /// Water gets from it into the ground.
    pub fn is_pervious(&self) -> bool {
        self.control.storage.thickness_m <= 0.0 || self.control.storage.seepage_m_s > 0.0
    }

    /// A covered barrel takes no rain.
    pub fn is_covered(&self) -> bool {
        self.control.kind == LidKind::RainBarrel && self.control.storage.covered
    }

    pub fn begin(&self) -> LidState {
        let (soil, storage) = (&self.control.soil, &self.control.storage);
        let moisture = soil.wilting_point + self.initial * (soil.porosity - soil.wilting_point);
        LidState {
            level: [0.0, if soil.thickness_m > 0.0 { moisture } else { 0.0 }, self.initial * storage.thickness_m, 0.0],
            // Long dry: a barrel's drain is open.
            dry_s: 1.0e9,
            regenerate_day: self.control.pavement.regeneration_days,
            soil: Soil::dry(&self.soil),
            ..LidState::default()
        }
    }

    /// Depth of water on its surface, m.
    pub fn ponded_m(&self, s: &LidState) -> f64 {
        s.level[0] * self.control.surface.void_share
    }

    /// Water over its wilting point, m³.
    pub fn stored_m3(&self, s: &LidState) -> f64 {
        self.stored_m(&s.level) * self.area_m2
    }

    pub fn is_wet(&self, s: &LidState) -> bool {
        let soil = &self.control.soil;
        let drains = soil.thickness_m > 0.0 && s.level[1] > soil.field_capacity;
        s.level[0] > 1.0e-9 || s.level[2] > 1.0e-6 || s.level[3] > 1.0e-6 || drains
    }

    /// Water in all layers, m over the area.
    fn stored_m(&self, [surface, soil, storage, pavement]: &[f64; 4]) -> f64 {
        let c = &self.control;
        if c.kind == LidKind::VegetativeSwale {
            return self.swale(*surface).volume_m;
        }
        let pave = c.pavement.void_share * (1.0 - c.pavement.impervious);
        let voids = if c.kind == LidKind::RainBarrel { 0.0 } else { c.surface.void_share };
        surface * voids + soil * c.soil.thickness_m + storage * c.storage.void_share + pavement * pave
    }

    /// One window.
    pub fn step(&self, s: &mut LidState, weather: LidWeather) -> LidOut {
        let c = &self.control;
        let dt = weather.span_s;
        let mut infil = match (c.kind, &self.soil) {
            (LidKind::PermeablePavement, _) => 0.0,
            (_, Infiltration::None) => weather.native,
            (_, own) => s.soil.take(own, weather.inflow, s.level[0], dt),
        };
        infil = infil.max(0.0);
        let mut low = [0.0; 4];
        let mut high = [f64::INFINITY; 4];
        if c.soil.thickness_m > 0.0 {
            (low[1], high[1]) = (c.soil.wilting_point, c.soil.porosity);
        }
        if c.storage.thickness_m > 0.0 {
            high[2] = c.storage.thickness_m;
        }
        if c.pavement.thickness_m > 0.0 {
            high[3] = c.pavement.thickness_m;
        }
        let swale = c.kind == LidKind::VegetativeSwale;
        let old = s.level;
        let (mut x, mut f, mut flux) = (old, [0.0; 4], layers::Flux::default());
        let weight = if swale { 0.5 } else { 0.0 };
        for _ in 0..if swale { TRIALS } else { 1 } {
            flux = self.fluxes(s, &x, weather, infil);
            f = flux.rate;
            let before = x;
            for k in 0..4 {
                x[k] = (old[k] + (weight * s.rate[k] + (1.0 - weight) * f[k]) * dt).clamp(low[k], high[k]);
            }
            if (0..4).all(|k| (x[k] - before[k]).abs() <= CLOSE_M) {
                break;
            }
        }
        let mut out = LidOut {
            evaporated_m: flux.evaporation * dt,
            infiltrated_m: flux.exfiltration * dt,
            surface_m: flux.surface * dt,
            drain_m: flux.drain * dt,
        };
        let overflows = match c.kind {
            LidKind::RooftopDisconnection => false,
            LidKind::RainBarrel | LidKind::VegetativeSwale => true,
            _ => self.alpha[0] <= 0.0,
        };
        if overflows || self.unit[0] <= 0.0 {
            x[0] = x[0].min(c.surface.thickness_m.max(0.0));
        }
        self.close(&old, &mut x, weather.inflow * dt, &mut out);
        s.rate = f;
        s.level = x;
        s.drained = out.drain_m > 0.0;
        s.treated_m += weather.inflow * dt;
        s.taken_m += weather.inflow * dt;
        s.clock_s += dt;
        // 0.001 in/h.
        s.dry_s = if weather.rain > 7.0e-9 { 0.0 } else { s.dry_s + dt };
        let p = &c.pavement;
        if p.clogging > 0.0 && p.regeneration_days > 0.0 && s.clock_s / DAY_S >= s.regenerate_day {
            s.treated_m *= 1.0 - p.regeneration;
            s.regenerate_day += p.regeneration_days;
        }
        out
    }

    /// What the levels do not explain runs off, or does not leave.
    fn close(&self, old: &[f64; 4], x: &mut [f64; 4], inflow_m: f64, out: &mut LidOut) {
        let gone = |out: &LidOut| out.evaporated_m + out.infiltrated_m + out.surface_m + out.drain_m;
        let extra = inflow_m - gone(out) - (self.stored_m(x) - self.stored_m(old));
        if extra >= 0.0 {
            out.surface_m += extra;
            return;
        }
        let mut missing = -extra;
        for part in [&mut out.surface_m, &mut out.drain_m, &mut out.infiltrated_m, &mut out.evaporated_m] {
            let less = part.clamp(0.0, missing);
            *part -= less;
            missing -= less;
        }
        // Rounding is no water.
        if missing > 1.0e-9 * (inflow_m + self.stored_m(old)) {
            // Nothing left and more is held than came: the window begins again with what it had, and runs off.
            *x = *old;
            let flows = inflow_m.max(0.0);
            *out = LidOut { surface_m: flows, ..LidOut::default() };
        }
    }
}

#[cfg(test)]
mod tests;
