//! Runoff of subcatchments for networks that stand alone: SWMM's nonlinear reservoirs with depression storage and
//! infiltration, sponge-city measures and ground water (reference manual, volumes I and III), fed by the rain gages of
//! the file.
//!
//! As in SWMM the windows are the file's wet and dry steps, cut where the rain changes, and runoff within one is a line
//! between the rates at its ends. Unlike SWMM, what that line gives too much or too little of what the reservoirs have
//! lost is made good afterwards: the books close. Over a raster the rain falls on the cells instead, and none of this runs.

mod catchment;
mod gage;
mod ground;
mod infiltration;
mod ledger;
mod lid;
mod sky;
mod snow;
#[cfg(test)]
mod tests;

use guanlan_city::model::drainage::{DrainageNetwork, SubcatchOutlet};
use serde::{Deserialize, Serialize};

use super::supply::{Sun, month_of};
use catchment::{Catchment, CatchmentState, Weather};
pub(super) use gage::Gage;
use ground::{Ground, GroundState, GroundWeather};
pub(super) use infiltration::{Season, Soil};
pub use ledger::RunoffLedger;
use lid::Lid;
use sky::Sky;

/// Windows while anything is wet and while nothing is, s, unless the file says (SWMM's defaults).
const WET_S: f64 = 300.0;
const DRY_S: f64 = 3600.0;
/// What a line between two rates gives too much or too little is made good over this time, s.
const SETTLE_S: f64 = 3600.0;
/// Share of the runoff that this may be while water runs.
const MADE_GOOD: f64 = 0.01;

/// Subcatchments and their weather. Immutable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hydrology {
    catchments: Vec<Catchment>,
    gages: Vec<Gage>,
    grounds: Vec<Ground>,
    sun: Sun,
    sky: Sky,
    wet_s: f64,
    dry_s: f64,
    start_s: f64,
    /// Outfalls that drain to a subcatchment: node and subcatchment.
    run_on: Vec<(usize, usize)>,
    /// Number of nodes, when measures or ground water give to some.
    nodes: usize,
    /// What the lines between rates give too much or too little is made good; SWMM does not.
    pub makes_good: bool,
}

/// What moves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Runoff {
    /// End of the window the rates are for, s.
    until_s: f64,
    /// Begin of that window, s.
    from_s: f64,
    /// Runoff of each subcatchment at the begin and the end of the window, and what is made good, m³/s.
    rates_m3_s: Vec<[f64; 3]>,
    /// What has left each subcatchment and is not in its node yet, m³.
    carried_m3: Vec<f64>,
    /// The same of underdrains and ground water, by node; empty when there are none.
    below_m3_s: Vec<f64>,
    states: Vec<CatchmentState>,
    grounds: Vec<GroundState>,
    books: RunoffLedger,
}

impl Hydrology {
    /// The subcatchments of a file; `None` when it has none that rain falls on.
    pub fn of(network: &DrainageNetwork, nodes: usize, notes: &mut Vec<String>) -> Option<Self> {
        if network.catchments.is_empty() || network.option_yes("IGNORE_RAINFALL") {
            return None;
        }
        let gages = network.gages.iter().map(|g| Gage::of(g, network)).collect();
        let mut dry = Vec::new();
        let catchments: Vec<Catchment> = network
            .catchments
            .iter()
            .enumerate()
            .map(|(k, c)| {
                if c.gage.is_none() {
                    dry.push(c.id.as_str());
                }
                let impervious = if c.impervious.is_finite() { c.impervious.clamp(0.0, 1.0) } else { 0.0 };
                let catchment = Catchment::of(c, nodes, lids_of(network, k));
                catchment.under(&network.climate, &network.patterns, k, impervious)
            })
            .collect();
        let grounds: Vec<Ground> = network
            .groundwater
            .iter()
            .filter(|_| !network.option_yes("IGNORE_GROUNDWATER"))
            .filter_map(|g| Ground::of(g, network, catchments.get(g.catchment)?.pervious()))
            .collect();
        if !dry.is_empty() {
            notes.push(format!("{} subcatchments have no rain gage ({} …)", dry.len(), dry[0]));
        }
        let run_on = network.nodes.iter().enumerate().filter_map(|(k, n)| Some((k, n.outfall.as_ref()?.route_to?)));
        let run_on = run_on.filter(|(_, to)| *to < network.catchments.len()).collect();
        let below = !grounds.is_empty() || network.lid_usage.iter().any(|u| u.drain_to.is_some());
        Some(Self {
            catchments,
            gages,
            grounds,
            sun: Sun::of(network),
            sky: Sky::of(network),
            run_on,
            nodes: if below { nodes } else { 0 },
            makes_good: true,
            wet_s: wet_step_s(network),
            dry_s: network.option_s("DRY_STEP").filter(|s| *s >= 1.0).unwrap_or(DRY_S).max(wet_step_s(network)),
            start_s: network.start_s as f64,
        })
    }

    /// Everything as dry as the file says.
    pub fn begin(&self) -> Runoff {
        let mut runoff = Runoff {
            rates_m3_s: vec![[0.0; 3]; self.catchments.len()],
            carried_m3: vec![0.0; self.catchments.len()],
            below_m3_s: vec![0.0; self.nodes],
            states: self.catchments.iter().map(Catchment::begin).collect(),
            grounds: self.grounds.iter().map(Ground::begin).collect(),
            ..Runoff::default()
        };
        runoff.books.initial_m3 = self.stored_m3(&runoff);
        runoff
    }

    fn stored_m3(&self, runoff: &Runoff) -> f64 {
        let above: f64 = self.catchments.iter().zip(&runoff.states).map(|(c, s)| c.stored_m3(s)).sum();
        above
            + runoff.carried_m3.iter().sum::<f64>()
            + self.grounds.iter().zip(&runoff.grounds).map(|(g, s)| s.water_m * g.area_m2).sum::<f64>()
    }

    /// What left by an outfall that drains to a subcatchment runs over that in the next window.
    pub fn run_on(&self, runoff: &mut Runoff, outfall: usize, volume_m3: f64) {
        if let Some((_, to)) = self.run_on.iter().find(|(k, _)| *k == outfall) {
            runoff.states[*to].arriving_m3 += volume_m3;
            runoff.books.run_on_m3 += volume_m3;
        }
    }

    /// Rain of a gage in the time before an instant, mm.
    pub fn rain_mm(&self, gage: usize, t_s: f64, span_s: f64) -> f64 {
        self.gages.get(gage).map_or(0.0, |g| g.mean_m_s(t_s - span_s, t_s) * span_s * 1000.0)
    }

    /// Adds the mean runoff between two times to the inflow of nodes, m³/s; `head_m` are the levels of nodes.
    pub fn run(&self, runoff: &mut Runoff, from_s: f64, to_s: f64, head_m: &[f64], lateral_m3_s: &mut [f64]) {
        let mut t = from_s;
        while t < to_s {
            if t >= runoff.until_s {
                self.window(runoff, head_m);
            }
            let end = to_s.min(runoff.until_s);
            let share = (end - t).max(0.0) / (to_s - from_s);
            let along = (0.5 * (t + end) - runoff.from_s) / (runoff.until_s - runoff.from_s).max(1.0e-9);
            for (catchment, [first, last, good]) in self.catchments.iter().zip(&runoff.rates_m3_s) {
                if let SubcatchOutlet::Node(node) = catchment.outlet {
                    lateral_m3_s[node] += share * (first + (last - first) * along + good);
                }
            }
            for (lateral, rate) in lateral_m3_s.iter_mut().zip(&runoff.below_m3_s) {
                *lateral += share * rate;
            }
            t = end;
        }
    }

    /// Adds the runoff at a time to the inflow of nodes, m³/s, as SWMM has it for a step up to `to_s`: a moment between the
    /// ends of the window that reaches there.
    pub fn run_at(&self, runoff: &mut Runoff, t_s: f64, to_s: f64, head_m: &[f64], lateral_m3_s: &mut [f64]) {
        while runoff.until_s < to_s {
            self.window(runoff, head_m);
        }
        let span_s = (runoff.until_s - runoff.from_s).max(1.0e-9);
        let along = ((t_s - runoff.from_s) / span_s).clamp(0.0, 1.0);
        for (catchment, [first, last, good]) in self.catchments.iter().zip(&runoff.rates_m3_s) {
            if let SubcatchOutlet::Node(node) = catchment.outlet {
                lateral_m3_s[node] += first + (last - first) * along + good;
            }
        }
        for (lateral, rate) in lateral_m3_s.iter_mut().zip(&runoff.below_m3_s) {
            *lateral += rate;
        }
    }

    /// The next window: wet ones are short, dry ones end where rain begins.
    fn window(&self, runoff: &mut Runoff, head_m: &[f64]) {
        let from = runoff.until_s;
        let change_s = self.gages.iter().map(|g| g.next_change_s(from)).fold(f64::INFINITY, f64::min);
        let change_s = change_s.min(self.sun.next_change_s(from));
        let rains = self.gages.iter().any(|g| g.mean_m_s(from, change_s.min(from + 1.0)) > 0.0);
        let states = || self.catchments.iter().zip(&runoff.states);
        let runs = runoff.rates_m3_s.iter().any(|r| r[1] > 0.0);
        let snow = states().any(|(c, s)| c.snow.as_ref().is_some_and(|n| n.depth_m(&s.snow) > 0.0));
        let wet = if self.makes_good {
            rains || runs || snow || states().any(|(c, s)| s.is_wet() || c.seeps(s))
        } else {
            // As SWMM: wet ground that does not run off takes the long step.
            rains || snow || states().any(|(c, s)| s.runs || c.seeps(s))
        };
        // A window of a split second would be no window.
        let to = (from + if wet { self.wet_s } else { self.dry_s }).min(change_s.max(from + 0.01));
        let span_s = to - from;
        let potential_m_s = self.sun.at(from);
        let moment = self.sky.at(from);
        let adjust = &self.sky.climate().adjust;
        let season =
            Season { conductivity: adjust.conductivity[moment.month], recovery: adjust.recovery[moment.month] };
        runoff.below_m3_s.fill(0.0);
        self.snow_falls(runoff, moment.snows, [from, to]);
        for (k, catchment) in self.catchments.iter().enumerate() {
            let [rain_m_s, snow_m_s] = self.falls(catchment, moment.snows, [from, to]);
            let below = self.grounds.iter().zip(&runoff.grounds).position(|(g, _)| g.catchment == k);
            let room_m = below.map_or(f64::INFINITY, |g| self.grounds[g].room_m(&runoff.grounds[g]));
            let evaporation_m_s = if self.sun.dry_only && rain_m_s > 0.0 { 0.0 } else { potential_m_s };
            let weather = Weather { rain_m_s, snow_m_s, evaporation_m_s, span_s, moment, season, room_m };
            let (below_m3_s, mut over_m3) = (&mut runoff.below_m3_s, Vec::new());
            let mut drained = |to: &SubcatchOutlet, m3: f64| match to {
                SubcatchOutlet::Node(node) if *node < below_m3_s.len() => below_m3_s[*node] += m3 / span_s,
                other => over_m3.push((other.clone(), m3)),
            };
            let gone = catchment.step(&mut runoff.states[k], weather, &mut runoff.books, &mut drained);
            for (to, m3) in over_m3 {
                match to {
                    SubcatchOutlet::Subcatchment(other) if other < self.catchments.len() => {
                        runoff.states[other].arriving_m3 += m3;
                    }
                    _ => runoff.books.lost_m3 += m3,
                }
            }
            match catchment.outlet {
                SubcatchOutlet::Node(_) => {
                    let (first, last) = (runoff.rates_m3_s[k][1], gone.end_m3_s.max(0.0));
                    let owed = runoff.carried_m3[k] / SETTLE_S.max(span_s);
                    // While water runs what is owed may hardly be seen in it.
                    let most = MADE_GOOD * first.min(last);
                    let runs = first > 0.0 || last > 0.0;
                    let good = owed.max(-most).min(if runs { most } else { f64::INFINITY });
                    let good = if self.makes_good { good } else { 0.0 };
                    let given_m3 = (0.5 * (first + last) + good) * span_s;
                    runoff.rates_m3_s[k] = [first, last, good];
                    runoff.carried_m3[k] += gone.out_m3 - given_m3;
                    runoff.books.runoff_m3 += given_m3;
                }
                // Arrives in the next window.
                SubcatchOutlet::Subcatchment(other) if other < self.catchments.len() && other != k => {
                    runoff.states[other].arriving_m3 += gone.out_m3;
                }
                _ => runoff.books.lost_m3 += gone.out_m3,
            }
            if let Some(g) = below {
                let per_m2 = 1.0 / (self.grounds[g].area_m2 * span_s);
                let weather = GroundWeather {
                    infiltration: gone.infiltrated_m3 * per_m2,
                    evaporation: potential_m_s,
                    evaporated: gone.evaporated_m3 * per_m2,
                    month: month_of(((self.start_s + from) / 86_400.0).floor() as i64),
                    node_m: head_m.get(self.grounds[g].node).copied().unwrap_or(f64::NEG_INFINITY),
                    span_s,
                };
                self.below(runoff, g, weather);
                // What soaks in stays in the model.
                runoff.books.infiltrated_m3 -= gone.infiltrated_m3;
                runoff.books.recharge_m3 += gone.infiltrated_m3;
            }
        }
        let direct: f64 = runoff.below_m3_s.iter().sum::<f64>() * span_s;
        runoff.books.runoff_m3 += direct;
        for state in &mut runoff.states {
            state.turn();
        }
        (runoff.from_s, runoff.until_s) = (from, to);
    }

    /// What falls on a subcatchment in a window, and what of it is snow, m/s.
    fn falls(&self, catchment: &Catchment, snows: bool, [from, to]: [f64; 2]) -> [f64; 2] {
        let Some(k) = catchment.gage else { return [0.0; 2] };
        let rate = self.gages.get(k).map_or(0.0, |g| g.mean_m_s(from, to));
        if snows {
            let caught = rate * self.sky.climate().snow_catch.get(k).copied().unwrap_or(1.0);
            return [caught, caught];
        }
        [rate, 0.0]
    }

    /// New snow on all packs, and the ploughs.
    fn snow_falls(&self, runoff: &mut Runoff, snows: bool, window: [f64; 2]) {
        for (k, catchment) in self.catchments.iter().enumerate() {
            let Some(snow) = &catchment.snow else { continue };
            let [_, fell] = self.falls(catchment, snows, window);
            let gone = snow.fall(&mut runoff.states[k].snow, fell, window[1] - window[0]);
            runoff.books.lost_m3 += gone.out_m * catchment.open_m2();
            let Some((to, other)) = gone.other.and_then(|to| Some((to, self.catchments.get(to)?))) else { continue };
            let volume_m3 = gone.other_m * catchment.open_m2();
            let taken = other
                .snow
                .as_ref()
                .is_some_and(|s| s.receive(&mut runoff.states[to].snow, volume_m3 / other.open_m2()));
            if !taken {
                runoff.books.lost_m3 += volume_m3;
            }
        }
    }

    /// A window of ground water.
    fn below(&self, runoff: &mut Runoff, k: usize, weather: GroundWeather) {
        let ground = &self.grounds[k];
        let out = ground.step(&mut runoff.grounds[k], weather);
        let books = &mut runoff.books;
        books.ground_flow_m3 += out.flow_m * ground.area_m2;
        books.evaporated_m3 += out.evaporated_m * ground.area_m2;
        books.deep_m3 += out.deep_m * ground.area_m2;
        // What the ground could not hold stands on it.
        runoff.states[ground.catchment].arriving_m3 += out.over_m * ground.area_m2;
        match runoff.below_m3_s.get_mut(ground.node) {
            Some(rate) => *rate += out.flow_m * ground.area_m2 / weather.span_s,
            None => books.lost_m3 += out.flow_m * ground.area_m2,
        }
    }

    /// The books; water of the window under way counts as run off.
    pub fn ledger(&self, runoff: &Runoff) -> RunoffLedger {
        RunoffLedger { stored_m3: self.stored_m3(runoff), ..runoff.books }.closed()
    }

    /// True when a saved state is for these subcatchments.
    pub fn fits(&self, runoff: &Runoff) -> bool {
        runoff.states.len() == self.catchments.len()
            && runoff.rates_m3_s.len() == self.catchments.len()
            && runoff.carried_m3.len() == self.catchments.len()
            && runoff.below_m3_s.len() == self.nodes
            && runoff.grounds.len() == self.grounds.len()
            && self.catchments.iter().zip(&runoff.states).all(|(c, s)| c.fits(s))
    }
}

/// Window while anything is wet, s: the file's, but no longer than the rain's own intervals.
pub(super) fn wet_step_s(network: &DrainageNetwork) -> f64 {
    let asked = network.option_s("WET_STEP").filter(|s| *s >= 1.0).unwrap_or(WET_S);
    let used = network.catchments.iter().filter_map(|c| network.gages.get(c.gage?));
    used.map(|g| g.interval_s).filter(|s| *s >= 1.0).fold(asked, f64::min)
}

/// The measures of a subcatchment.
fn lids_of(network: &DrainageNetwork, catchment: usize) -> Vec<Lid> {
    let own = &network.catchments[catchment].infiltration;
    let usages = network.lid_usage.iter().filter(|u| u.catchment == catchment);
    usages
        .filter_map(|u| {
            let control = network.lid_controls.get(u.control)?;
            Some(Lid::of(u, control, own, control.drain.curve.and_then(|k| network.curves.get(k))))
        })
        .collect()
}
