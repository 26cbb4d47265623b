//! Runoff of subcatchments for networks that stand alone: SWMM's nonlinear reservoirs with depression storage and
//! infiltration (reference manual, volume I), fed by the rain gages of the file.
//!
//! Unlike SWMM, whose runoff between two steps is a line between two rates, what a reservoir gives in a window is what
//! it has lost: the books close. Over a raster the rain falls on the cells instead, and none of this runs.

mod catchment;
mod gage;
mod infiltration;

use guanlan_city::model::drainage::{DrainageNetwork, SubcatchOutlet};
use serde::{Deserialize, Serialize};

use super::supply::month_of;
use catchment::{Catchment, CatchmentState, Weather};
use gage::Gage;

/// Longest window while anything is wet, s.
const WET_S: f64 = 15.0;
/// Longest window while nothing is, s.
const DRY_S: f64 = 300.0;

/// Volumes of the subcatchments since the start, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunoffLedger {
    /// Rain on subcatchments.
    pub rain_m3: f64,
    /// Evaporated.
    pub evaporated_m3: f64,
    /// Soaked in.
    pub infiltrated_m3: f64,
    /// Ran off into nodes.
    pub runoff_m3: f64,
    /// Ran off to nowhere: subcatchments without an outlet.
    pub lost_m3: f64,
    /// On the ground now.
    pub stored_m3: f64,
    /// What the books cannot explain.
    pub error_m3: f64,
}

/// Subcatchments and their weather. Immutable.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Hydrology {
    catchments: Vec<Catchment>,
    gages: Vec<Gage>,
    evaporation: Evaporation,
    wet_s: f64,
    dry_s: f64,
    start_s: f64,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Evaporation {
    monthly_m_s: [f64; 12],
    series: Option<(Vec<[f64; 2]>, f64)>,
    dry_only: bool,
}

/// What moves.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Runoff {
    /// End of the window the rates are for, s.
    until_s: f64,
    /// Mean runoff of each subcatchment over the window, m³/s.
    rates_m3_s: Vec<f64>,
    states: Vec<CatchmentState>,
    books: RunoffLedger,
}

impl Hydrology {
    /// The subcatchments of a file; `None` when it has none that rain falls on.
    pub fn of(network: &DrainageNetwork, nodes: usize, notes: &mut Vec<String>) -> Option<Self> {
        if network.catchments.is_empty() {
            return None;
        }
        let gages = network.gages.iter().map(|g| Gage::of(g, network)).collect();
        let mut dry = Vec::new();
        let catchments: Vec<Catchment> = network
            .catchments
            .iter()
            .map(|c| {
                if c.gage.is_none() {
                    dry.push(c.id.as_str());
                }
                Catchment::of(c, nodes)
            })
            .collect();
        if !dry.is_empty() {
            notes.push(format!("{} subcatchments have no rain gage ({} …)", dry.len(), dry[0]));
        }
        if network.nodes.iter().any(|n| n.outfall.as_ref().is_some_and(|o| o.route_to.is_some())) {
            notes.push("outfalls that drain to subcatchments leave the model instead".into());
        }
        let e = &network.evaporation;
        let series = e.series.and_then(|k| network.series.get(k)).map(|s| (s.points.clone(), e.scale_m_s));
        Some(Self {
            catchments,
            gages,
            evaporation: Evaporation { monthly_m_s: e.monthly_m_s, series, dry_only: e.dry_only },
            wet_s: network.option_s("WET_STEP").filter(|s| *s >= 1.0).unwrap_or(WET_S).min(WET_S),
            dry_s: network.option_s("DRY_STEP").filter(|s| *s >= 1.0).unwrap_or(DRY_S).min(DRY_S),
            start_s: network.start_s as f64,
        })
    }

    /// Everything dry.
    pub fn begin(&self) -> Runoff {
        Runoff {
            rates_m3_s: vec![0.0; self.catchments.len()],
            states: self.catchments.iter().map(Catchment::begin).collect(),
            ..Runoff::default()
        }
    }

    /// Rain of a gage in the time before an instant, mm.
    pub fn rain_mm(&self, gage: usize, t_s: f64, span_s: f64) -> f64 {
        self.gages.get(gage).map_or(0.0, |g| g.mean_m_s(t_s - span_s, t_s) * span_s * 1000.0)
    }

    /// Adds the mean runoff between two times to the inflow of nodes, m³/s.
    pub fn run(&self, runoff: &mut Runoff, from_s: f64, to_s: f64, lateral_m3_s: &mut [f64]) {
        let mut t = from_s;
        while t < to_s {
            if t >= runoff.until_s {
                self.window(runoff);
            }
            let end = to_s.min(runoff.until_s);
            let share = (end - t).max(0.0) / (to_s - from_s);
            for (catchment, rate) in self.catchments.iter().zip(&runoff.rates_m3_s) {
                if let SubcatchOutlet::Node(node) = catchment.outlet {
                    lateral_m3_s[node] += share * rate;
                }
            }
            t = end;
        }
    }

    /// The next window: wet ones are short, dry ones end where rain begins.
    fn window(&self, runoff: &mut Runoff) {
        let from = runoff.until_s;
        let mut to = from + self.wet_s;
        let wet = runoff.states.iter().any(CatchmentState::is_wet);
        if !wet && self.gages.iter().all(|g| g.mean_m_s(from, to) <= 0.0) {
            let rains = |end: f64| self.gages.iter().any(|g| g.mean_m_s(from, end) > 0.0);
            if !rains(from + self.dry_s) {
                to = from + self.dry_s;
            }
        }
        let span_s = to - from;
        let evaporation_m_s = self.evaporation_m_s(from);
        for (k, catchment) in self.catchments.iter().enumerate() {
            let rain_m_s = catchment.gage.and_then(|g| self.gages.get(g)).map_or(0.0, |g| g.mean_m_s(from, to));
            let dry_only = self.evaporation.dry_only && rain_m_s > 0.0;
            let weather = Weather { rain_m_s, evaporation_m_s: if dry_only { 0.0 } else { evaporation_m_s }, span_s };
            let out_m3 = catchment.step(&mut runoff.states[k], weather, &mut runoff.books);
            runoff.rates_m3_s[k] = out_m3 / span_s;
            match catchment.outlet {
                SubcatchOutlet::Node(_) => runoff.books.runoff_m3 += out_m3,
                // Arrives in the next window.
                SubcatchOutlet::Subcatchment(other) if other < self.catchments.len() && other != k => {
                    runoff.states[other].arriving_m3 += out_m3;
                }
                _ => runoff.books.lost_m3 += out_m3,
            }
        }
        for state in &mut runoff.states {
            state.turn();
        }
        runoff.until_s = to;
    }

    fn evaporation_m_s(&self, t_s: f64) -> f64 {
        let clock = self.start_s + t_s;
        match &self.evaporation.series {
            Some((points, scale)) => {
                let after = points.partition_point(|p| p[0] <= t_s);
                after.checked_sub(1).map_or(0.0, |k| points[k][1] * scale)
            }
            None => self.evaporation.monthly_m_s[month_of((clock / 86_400.0).floor() as i64)],
        }
        .max(0.0)
    }

    /// The books; water of the window under way counts as run off.
    pub fn ledger(&self, runoff: &Runoff) -> RunoffLedger {
        let mut books = runoff.books;
        books.stored_m3 = self.catchments.iter().zip(&runoff.states).map(|(c, s)| c.stored_m3(s)).sum();
        let gone = books.evaporated_m3 + books.infiltrated_m3 + books.runoff_m3 + books.lost_m3;
        books.error_m3 = books.stored_m3 + gone - books.rain_m3;
        books
    }

    /// True when a saved state is for these subcatchments.
    pub fn fits(&self, runoff: &Runoff) -> bool {
        runoff.states.len() == self.catchments.len() && runoff.rates_m3_s.len() == self.catchments.len()
    }
}

#[cfg(test)]
mod tests {
    use guanlan_city::model::drainage::{
        Infiltration, RainForm, RainGage, RainSource, RouteTo, Subcatchment, TimeSeries,
    };

    use super::*;

    fn network(route_to: RouteTo, infiltration: Infiltration) -> DrainageNetwork {
        let points = (0..6).map(|k| [f64::from(k) * 600.0, 50.0]).collect();
        let basin = Subcatchment {
            id: "S".into(),
            gage: Some(0),
            outlet: SubcatchOutlet::Node(0),
            area_m2: 10_000.0,
            impervious: 0.6,
            width_m: 100.0,
            slope: 0.01,
            n_impervious: 0.015,
            n_pervious: 0.2,
            storage_impervious_m: 0.001,
            storage_pervious_m: 0.003,
            zero_storage: 0.25,
            route_to,
            routed: 0.5,
            infiltration,
            ..Subcatchment::default()
        };
        DrainageNetwork {
            series: vec![TimeSeries { id: "R".into(), points, file: String::new() }],
            gages: vec![RainGage {
                id: "G".into(),
                form: RainForm::Intensity,
                interval_s: 600.0,
                source: RainSource::Series(0),
                scale_mm: 1.0,
                place_m: None,
            }],
            catchments: vec![basin],
            ..DrainageNetwork::default()
        }
    }

    #[test]
    fn books_close_whatever_the_soil_and_the_way() {
        let horton = Infiltration::Horton {
            max_m_s: 2.0e-5,
            min_m_s: 2.0e-6,
            decay_per_s: 1.0e-3,
            dry_time_s: 604_800.0,
            max_depth_m: 0.0,
            modified: false,
        };
        let ampt = Infiltration::GreenAmpt {
            suction_m: 0.09,
            conductivity_m_s: 3.0e-6,
            moisture_deficit: 0.25,
            modified: false,
        };
        let curve = Infiltration::CurveNumber { curve_number: 80.0, dry_time_s: 604_800.0 };
        for infiltration in [Infiltration::None, horton, ampt, curve] {
            for route in [RouteTo::Outlet, RouteTo::Pervious, RouteTo::Impervious] {
                let network = network(route, infiltration.clone());
                let hydrology = Hydrology::of(&network, 1, &mut Vec::new()).unwrap();
                let mut runoff = hydrology.begin();
                let (mut out, mut peak) = (0.0, 0.0_f64);
                for k in 0..7200 {
                    let mut lateral = [0.0];
                    hydrology.run(&mut runoff, f64::from(k) * 2.0, f64::from(k + 1) * 2.0, &mut lateral);
                    out += lateral[0] * 2.0;
                    peak = peak.max(lateral[0]);
                }
                let books = hydrology.ledger(&runoff);
                assert!((books.rain_m3 - 500.0).abs() < 1e-6, "{books:?}");
                assert!(books.error_m3.abs() < 1e-9 * books.rain_m3, "{books:?}");
                assert!((out - books.runoff_m3).abs() < 1e-6 * books.runoff_m3);
                // At the end of the storm the impervious part gives what falls.
                assert!(peak <= 50.0 / 3.6e6 * 10_000.0 * 1.000_1, "{peak}");
                assert!(
                    peak > if route == RouteTo::Pervious { 0.03 } else { 0.07 },
                    "{peak} {route:?} {infiltration:?}"
                );
            }
        }
    }

    #[test]
    fn a_paved_plane_reaches_its_equilibrium_as_the_reservoir_says() {
        // d' = i - a d^(5/3): at 95 % of the equilibrium runoff after a time that quadrature gives.
        let mut network = network(RouteTo::Outlet, Infiltration::None);
        let basin = &mut network.catchments[0];
        (basin.impervious, basin.zero_storage, basin.slope) = (1.0, 1.0, 0.01);
        let hydrology = Hydrology::of(&network, 1, &mut Vec::new()).unwrap();
        let mut runoff = hydrology.begin();
        let (i, a) = (50.0 / 3.6e6, 1.002_71 * 100.0 / 10_000.0 * 0.1 / 0.015);
        let (mut d, mut t) = (0.0_f64, 0.0);
        while a * d.powf(5.0 / 3.0) < 0.95 * i {
            d += 0.01 * (i - a * d.powf(5.0 / 3.0));
            t += 0.01;
        }
        let mut at = 0.0;
        loop {
            let mut lateral = [0.0];
            hydrology.run(&mut runoff, at, at + 1.0, &mut lateral);
            at += 1.0;
            if lateral[0] >= 0.95 * i * 10_000.0 {
                break;
            }
        }
        assert!((at - t).abs() < 16.0, "{at} {t}");
    }
}
