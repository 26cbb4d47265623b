//! One subcatchment: three reservoirs (impervious without and with depression storage, pervious), and the sponge-city
//! measures that treat what runs off them.

use guanlan_city::model::drainage::{
    Climate, Infiltration, Pattern, PatternKind, RouteTo, SubcatchOutlet, Subcatchment,
};
use serde::{Deserialize, Serialize};

use super::{
    RunoffLedger,
    infiltration::{Season, Soil},
    lid::{Lid, LidState, LidWeather},
    sky::Moment,
    snow::{Snow, SnowState},
};

/// Manning's coefficient as SWMM has it: 1.49 ft^(1/3)/s.
pub(super) const MANNING: f64 = 1.002_71;
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
    area_m2: f64,
    lids: Vec<Lid>,
    lid_m2: f64,
    pub snow: Option<Snow>,
    monthly: Monthly,
}

/// Factors by month of the pervious part: n, depression storage, infiltration.
#[derive(Clone, Debug, Default, PartialEq)]
struct Monthly {
    roughness: Option<[f64; 12]>,
    storage: Option<[f64; 12]>,
    infiltration: Option<[f64; 12]>,
}

impl Monthly {
    fn of(climate: &Climate, patterns: &[Pattern], catchment: usize) -> Self {
        let of = |list: &[(usize, usize)]| {
            let (_, k) = list.iter().rev().find(|(c, _)| *c == catchment)?;
            let pattern = patterns.get(*k).filter(|p| p.kind == PatternKind::Monthly)?;
            pattern.multipliers.get(..12)?.try_into().ok()
        };
        let a = &climate.adjust;
        Self { roughness: of(&a.roughness), storage: of(&a.storage), infiltration: of(&a.infiltration) }
    }
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct CatchmentState {
    depth_m: [f64; 3],
    /// Runoff of one part on its way to another, m³.
    inward_m3: [f64; 3],
    /// Runoff of others that arrives in the next window, and in this one, m³.
    pub arriving_m3: f64,
    arrived_m3: f64,
    soil: Soil,
    lids: Vec<LidState>,
    pub snow: SnowState,
    /// Any part ran off at the end of the window.
    pub runs: bool,
}

/// Weather of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    /// Rain and snow.
    pub rain_m_s: f64,
    pub snow_m_s: f64,
    pub evaporation_m_s: f64,
    pub span_s: f64,
    pub moment: Moment,
    /// Of the whole network.
    pub season: Season,
    /// What the ground below has room for, m.
    pub room_m: f64,
}

/// What a window took from a subcatchment, m³.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gone {
    /// To its outlet.
    pub out_m3: f64,
    /// Rate of the same at the end of the window, m³/s.
    pub end_m3_s: f64,
    pub infiltrated_m3: f64,
    /// Of parts that water can get in.
    pub evaporated_m3: f64,
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
    /// `lids`: the measures in it.
    pub fn of(c: &Subcatchment, nodes: usize, mut lids: Vec<Lid>) -> Self {
        for lid in lids.iter_mut().filter(|l| l.drain_to.as_ref() == Some(&c.outlet)) {
            lid.drain_to = None;
        }
        let sane = |v: f64| if v.is_finite() { v.max(0.0) } else { 0.0 };
        let (whole, impervious) = (sane(c.area_m2), sane(c.impervious).min(1.0));
        let lid_m2: f64 = lids.iter().map(|l| l.area_m2).sum();
        let area = if lid_m2 > 0.999 * whole { 0.0 } else { whole - lid_m2 };
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
            area_m2: whole,
            lids,
            lid_m2,
            snow: None,
            monthly: Monthly::default(),
        }
    }

    /// With its snow and its months; `k` is its index.
    pub fn under(mut self, climate: &Climate, patterns: &[Pattern], k: usize, impervious: f64) -> Self {
        self.snow = Snow::of(climate, k, impervious).filter(|_| self.open_m2() > 0.0);
        self.monthly = Monthly::of(climate, patterns, k);
        self
    }

    /// Area that no measure takes, m².
    pub fn open_m2(&self) -> f64 {
        self.parts.iter().map(|p| p.area_m2).sum()
    }

    pub fn begin(&self) -> CatchmentState {
        let lids = self.lids.iter().map(Lid::begin).collect();
        let snow = self.snow.as_ref().map_or_else(SnowState::default, Snow::begin);
        CatchmentState { soil: Soil::dry(&self.infiltration), lids, snow, ..CatchmentState::default() }
    }

    /// Share of the area that takes water in.
    pub fn pervious(&self) -> f64 {
        let lids: f64 = self.lids.iter().filter(|l| l.is_pervious()).map(|l| l.area_m2).sum();
        if self.area_m2 > 0.0 { ((self.parts[PERVIOUS].area_m2 + lids) / self.area_m2).min(1.0) } else { 0.0 }
    }

    /// True while a measure drains.
    pub fn seeps(&self, s: &CatchmentState) -> bool {
        self.lids.iter().zip(&s.lids).any(|(l, s)| l.is_wet(s))
    }

    /// True when a saved state is of this subcatchment.
    pub fn fits(&self, s: &CatchmentState) -> bool {
        s.lids.len() == self.lids.len()
    }

    /// Water on the ground and on its way, m³.
    pub fn stored_m3(&self, s: &CatchmentState) -> f64 {
        let ponds: f64 = self.parts.iter().zip(&s.depth_m).map(|(p, d)| p.area_m2 * d).sum();
        let lids: f64 = self.lids.iter().zip(&s.lids).map(|(l, s)| l.stored_m3(s)).sum();
        let snow = self.snow.as_ref().map_or(0.0, |n| n.stored_m(&s.snow) * self.open_m2());
        ponds + snow + lids + s.inward_m3.iter().sum::<f64>() + s.arriving_m3 + s.arrived_m3
    }

    /// One window; what leaves. `drained` hears what underdrains with an end of their own give, m³.
    pub fn step(
        &self,
        s: &mut CatchmentState,
        weather: Weather,
        books: &mut RunoffLedger,
        drained: &mut dyn FnMut(&SubcatchOutlet, f64),
    ) -> Gone {
        let dt = weather.span_s;
        if self.area_m2 <= 0.0 {
            return Gone { out_m3: std::mem::take(&mut s.arrived_m3), ..Gone::default() };
        }
        let open_m2 = self.open_m2();
        let runon = std::mem::take(&mut s.arrived_m3) / (dt * if open_m2 > 0.0 { open_m2 } else { self.lid_m2 });
        books.rain_m3 += weather.rain_m_s * dt * open_m2;
        let inward = std::mem::take(&mut s.inward_m3);
        // What reaches the impervious and the pervious part as water.
        let falls = [weather.rain_m_s - weather.snow_m_s, weather.snow_m_s];
        let wets =
            self.snow.as_ref().map_or([weather.rain_m_s; 2], |n| n.melt(&mut s.snow, &weather.moment, falls, dt));
        let season = self.season(&weather);
        s.runs = false;
        let mut gone = Gone::default();
        // Runoff of the impervious and of the pervious parts towards the outlet, m³.
        let (mut off, mut end) = ([0.0; 2], [0.0; 2]);
        for (k, part) in self.parts.iter().enumerate().filter(|(_, p)| p.area_m2 > 0.0) {
            let part = self.in_month(k, part, weather.moment.month);
            let wet = wets[usize::from(k == PERVIOUS)];
            let mut inflow = wet + runon + inward[k] / (part.area_m2 * dt);
            let depth = &mut s.depth_m[k];
            let offered = inflow + *depth / dt;
            // What stood there, as SWMM has it.
            let evaporated = (*depth / dt).min(weather.evaporation_m_s);
            let soaked = if k == PERVIOUS {
                s.soil.take_in(season, &self.infiltration, [wet, inflow - wet], *depth, dt)
            } else {
                0.0
            };
            let soaked = soaked.min(offered - evaporated).min(weather.room_m / dt).max(0.0);
            books.evaporated_m3 += evaporated * dt * part.area_m2;
            gone.evaporated_m3 += if k == PERVIOUS { evaporated * dt * part.area_m2 } else { 0.0 };
            gone.infiltrated_m3 += soaked * dt * part.area_m2;
            let mut gone_m = 0.0;
            if evaporated + soaked >= offered {
                *depth = 0.0;
            } else {
                inflow -= evaporated + soaked;
                let before = *depth;
                *depth = part.pond(before, inflow, dt);
                gone_m = before + inflow * dt - *depth;
            }
            let ran = gone_m * part.area_m2;
            // A part of it may run over another part first.
            let (share, to) = if k == PERVIOUS { (self.inward[1], 1) } else { (self.inward[0], PERVIOUS) };
            s.inward_m3[to] += share * ran;
            let side = usize::from(k == PERVIOUS);
            off[side] += (1.0 - share) * ran;
            let rate = if part.smooth { gone_m / dt } else { part.rate(*depth) };
            s.runs |= rate > 0.0;
            end[side] += (1.0 - share) * part.area_m2 * rate;
        }
        gone.out_m3 += off[0] + off[1];
        gone.end_m3_s += end[0] + end[1];
        if !self.lids.is_empty() {
            // Where all is measures, what arrives arrives at them.
            let runon = if open_m2 > 0.0 { 0.0 } else { runon };
            self.measures(s, weather, (off, end, runon), books, &mut gone, drained);
        }
        books.infiltrated_m3 += gone.infiltrated_m3;
        gone
    }

    fn season(&self, weather: &Weather) -> Season {
        let own = self.monthly.infiltration.map(|m| m[weather.moment.month]);
        Season { conductivity: own.unwrap_or(weather.season.conductivity), recovery: weather.season.recovery }
    }

    /// A part with the n and the depression storage of a month.
    fn in_month(&self, k: usize, part: &Part, month: usize) -> Part {
        let mut part = *part;
        if k == PERVIOUS {
            if let Some(f) = self.monthly.storage.map(|m| m[month]).filter(|f| *f >= 0.0) {
                part.store_m *= f;
            }
            if let Some(f) = self.monthly.roughness.map(|m| m[month]) {
                part.alpha = if f > 0.0 { part.alpha / f } else { 0.0 };
            }
        }
        part
    }

    /// What the measures make of the rain on them and of what runs off the parts.
    fn measures(
        &self,
        s: &mut CatchmentState,
        weather: Weather,
        (off, end, runon): ([f64; 2], [f64; 2], f64),
        books: &mut RunoffLedger,
        gone: &mut Gone,
        drained: &mut dyn FnMut(&SubcatchOutlet, f64),
    ) {
        let dt = weather.span_s;
        let pervious = &self.parts[PERVIOUS];
        let native = if pervious.area_m2 > 0.0 {
            let open_m2: f64 = self.parts.iter().map(|p| p.area_m2).sum();
            gone.infiltrated_m3 / open_m2 / dt
        } else {
            let ponded: f64 = self.lids.iter().zip(&s.lids).map(|(l, s)| l.ponded_m(s) * l.area_m2).sum();
            s.soil.take_in(
                self.season(&weather),
                &self.infiltration,
                [weather.rain_m_s, runon],
                ponded / self.lid_m2,
                dt,
            )
        };
        let mut states = std::mem::take(&mut s.lids);
        for (lid, state) in self.lids.iter().zip(&mut states) {
            let treated = off[0] * lid.from_impervious + off[1] * lid.from_pervious;
            gone.out_m3 -= treated;
            gone.end_m3_s -= end[0] * lid.from_impervious + end[1] * lid.from_pervious;
            let before_m3 = gone.out_m3;
            let rain = if lid.is_covered() { 0.0 } else { weather.rain_m_s };
            books.rain_m3 += weather.rain_m_s * dt * lid.area_m2;
            // Rain on a lid runs off it.
            gone.out_m3 += (weather.rain_m_s - rain) * dt * lid.area_m2;
            let here = LidWeather {
                inflow: treated / (lid.area_m2 * dt) + rain + runon,
                rain: weather.rain_m_s,
                evaporation: weather.evaporation_m_s,
                native,
                native_most: weather.room_m / dt,
                span_s: dt,
            };
            let out = lid.step(state, here);
            let volume = |m: f64| m * lid.area_m2;
            books.evaporated_m3 += volume(out.evaporated_m);
            gone.evaporated_m3 += if lid.is_pervious() { volume(out.evaporated_m) } else { 0.0 };
            gone.infiltrated_m3 += volume(out.infiltrated_m);
            books.underdrain_m3 += volume(out.drain_m);
            let back = lid.to_pervious && pervious.area_m2 > 0.0;
            match (&lid.drain_to, back) {
                (Some(to), _) => drained(to, volume(out.drain_m)),
                (None, true) => s.inward_m3[PERVIOUS] += volume(out.drain_m),
                (None, false) => gone.out_m3 += volume(out.drain_m),
            }
            if back {
                s.inward_m3[PERVIOUS] += volume(out.surface_m);
            } else {
                gone.out_m3 += volume(out.surface_m);
            }
            gone.end_m3_s += (gone.out_m3 - before_m3) / dt;
        }
        s.lids = states;
    }
}

impl Part {
    /// Runoff at a depth, m/s.
    fn rate(&self, depth_m: f64) -> f64 {
        self.alpha * (depth_m - self.store_m).max(0.0).powf(5.0 / 3.0)
    }

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
        let rate = |d: f64| inflow - self.rate(d);
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
