//! Storm drains after the SWMM input file: nodes, links, rain on catchments, inflows, rules.
//!
//! All quantities are in SI units whatever the file's units were; names follow SWMM's. References
//! between parts are indices into the network's lists.

mod catchment;
mod climate;
mod control;
mod formula;
mod inlet;
mod join;
mod lid;
mod link;
mod node;
mod series;
mod subsurface;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use catchment::{Infiltration, RainForm, RainGage, RainSource, RouteTo, SubcatchOutlet, Subcatchment};
pub use climate::{Adjustments, Air, Climate, SnowPack, SnowRemoval, SnowSurface, Wind};
pub use control::{
    Compare, ControlAction, ControlFormula, ControlRule, ControlSetting, ControlValue, ControlVariable, Joined, Premise,
};
pub use formula::{Formula, Function, Term};
pub use inlet::{CurbThroat, Inlet, InletKind, InletUsage, Placement, Street, Transect};
pub use lid::{LidControl, LidDrain, LidKind, LidMat, LidPavement, LidSoil, LidStorage, LidSurface, LidUsage};
pub use link::{Conduit, Orifice, OrificeKind, Outlet, OutletRating, Pump, Weir, WeirKind};
pub use node::{Divider, DividerKind, DrainNode, DrainNodeKind, Outfall, OutfallStage, Storage, StorageShape};
pub use series::{Curve, CurveKind, DryWeatherFlow, Evaporation, Inflow, Pattern, PatternKind, TimeSeries};
pub use subsurface::{Aquifer, Groundwater, Rdii, UnitHydrograph, UnitTriangle};

/// The network. All quantities in SI units whatever the file's units were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrainageNetwork {
    /// Nodes.
    pub nodes: Vec<DrainNode>,
    /// Conduits.
    pub conduits: Vec<Conduit>,
    /// Pumps.
    pub pumps: Vec<Pump>,
    /// Orifices.
    pub orifices: Vec<Orifice>,
    /// Weirs.
    pub weirs: Vec<Weir>,
    /// Outlets.
    pub outlets: Vec<Outlet>,
    /// Number of subcatchments in the file; those that can be used are in `catchments`.
    pub subcatchments: usize,
    /// Subcatchments.
    pub catchments: Vec<Subcatchment>,
    /// Rain gages.
    pub gages: Vec<RainGage>,
    /// Evaporation.
    pub evaporation: Evaporation,
    /// Air, snow, and what changes by month.
    #[serde(default)]
    pub climate: Climate,
    /// Sponge-city measures (LID controls).
    #[serde(default)]
    pub lid_controls: Vec<LidControl>,
    /// Where they lie.
    #[serde(default)]
    pub lid_usage: Vec<LidUsage>,
    /// Aquifers.
    #[serde(default)]
    pub aquifers: Vec<Aquifer>,
    /// Subcatchments over aquifers.
    #[serde(default)]
    pub groundwater: Vec<Groundwater>,
    /// Unit hydrographs of rain that gets into sewers.
    #[serde(default)]
    pub hydrographs: Vec<UnitHydrograph>,
    /// Nodes that such rain gets into.
    #[serde(default)]
    pub rdii: Vec<Rdii>,
    /// External inflows at nodes.
    pub inflows: Vec<Inflow>,
    /// Dry weather inflows at nodes.
    pub dry_weather: Vec<DryWeatherFlow>,
    /// Time series.
    pub series: Vec<TimeSeries>,
    /// Curves.
    pub curves: Vec<Curve>,
    /// Time patterns.
    pub patterns: Vec<Pattern>,
    /// Natural channels, for conduits of shape `IRREGULAR`.
    pub transects: Vec<Transect>,
    /// Street sections, for conduits of shape `STREET`.
    pub streets: Vec<Street>,
    /// Inlet designs.
    pub inlets: Vec<Inlet>,
    /// Where inlets stand.
    pub inlet_usage: Vec<InletUsage>,
    /// Control rules, in the file's order.
    pub rules: Vec<ControlRule>,
    /// Named formulas of the rules.
    #[serde(default)]
    pub formulas: Vec<ControlFormula>,
    /// `[OPTIONS]` as written: keyword in capitals → value (`FLOW_ROUTING` → `DYNWAVE`).
    pub options: BTreeMap<String, String>,
    /// Start of the simulation, s since 1970-01-01 00:00 of the file's own clock; series count from here.
    pub start_s: i64,
    /// End of the simulation, s after `start_s`; 0 when the file does not say.
    pub duration_s: f64,
}

impl DrainageNetwork {
    /// A time span of `[OPTIONS]`, s: `ROUTING_STEP`, `WET_STEP`, `REPORT_STEP` … written as seconds, `h:m` or `h:m:s`.
    #[must_use]
    pub fn option_s(&self, keyword: &str) -> Option<f64> {
        let text = self.options.get(keyword)?;
        if !text.contains(':') {
            return text.parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0);
        }
        let mut seconds = 0.0;
        for (part, unit) in text.split(':').zip([3600.0, 60.0, 1.0]) {
            seconds += part.trim().parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0)? * unit;
        }
        Some(seconds)
    }

    /// Is an option of `[OPTIONS]` written as `YES`?
    #[must_use]
    pub fn option_yes(&self, keyword: &str) -> bool {
        self.options.get(keyword).is_some_and(|v| v.eq_ignore_ascii_case("YES"))
    }

    /// Index of a node by name, without regard to case.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<usize> {
        self.nodes.iter().position(|n| n.id.eq_ignore_ascii_case(id))
    }

    /// Adds a second network: its indices follow those of the first. Options, evaporation and start stay those of
    /// the first.
    pub fn join(&mut self, other: Self) {
        join::join(self, other);
    }
}
