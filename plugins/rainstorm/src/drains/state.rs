//! The moving network: volumes, heads and flows, what is switched, blocked or open, the books. A plain value:
//! cloning forks it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    hydrology::{Runoff, RunoffLedger, Soil},
    matrix::Numbers,
    plan::DrainPlan,
    swmm::Waves,
};

/// Volumes since the start, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrainLedger {
    /// Taken from the street.
    pub taken_m3: f64,
    /// Left by outfalls.
    pub outfall_m3: f64,
    /// In shafts, wet wells and pipes now: summed from the state.
    pub stored_m3: f64,
    /// `stored − initial − all in + all out`.
    pub error_m3: f64,
    /// Came back up to the street.
    pub returned_m3: f64,
    /// Inflows of the network's own file.
    pub inflow_m3: f64,
    /// Came in by outfalls.
    pub backflow_m3: f64,
    /// Flooded out of nodes that no street lies over, and lost.
    pub flooded_m3: f64,
    /// In the network at the start.
    pub initial_m3: f64,
    /// Evaporated from storage and open conduits.
    #[serde(default)]
    pub evaporated_m3: f64,
    /// Seeped out of storage and conduits.
    #[serde(default)]
    pub seeped_m3: f64,
}

impl DrainLedger {
    /// `error_m3` over all water handled.
    #[must_use]
    pub fn error_relative(&self) -> f64 {
        let handled = self.initial_m3 + self.taken_m3 + self.inflow_m3 + self.backflow_m3;
        if handled > 0.0 { self.error_m3.abs() / handled } else { 0.0 }
    }
}

/// What moves, by index of the plan: links are conduits, then pumps, then regulators.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moving {
    pub time_s: f64,
    /// Water of each node with its halves of the conduits, m³.
    pub volume_m3: Vec<f64>,
    /// Heads, m above datum.
    pub head_m: Vec<f64>,
    /// Flow of each link in the plan's direction, all barrels, m³/s.
    pub flow_m3_s: Vec<f64>,
    /// Area at the middle of each conduit, one barrel, m².
    pub area_m2: Vec<f64>,
    /// Setting of each pump and regulator: 0 off or closed, 1 on or open.
    pub setting: Vec<f64>,
    /// What each is moving to.
    pub target: Vec<f64>,
    /// When each was last opened or closed, s.
    pub switched_s: Vec<f64>,
    /// The same of conduits that rules open and close.
    pub gate_switched_s: Vec<f64>,
    /// Gates of conduits that rules close: 1 open.
    pub gate: Vec<f64>,
    /// The last two errors of each PID controller.
    pub pid_errors: Vec<[f64; 2]>,
    pub pump_failed: Vec<bool>,
    /// Switched by hand: on, off, or as the file says.
    pub pump_hand: Vec<Option<bool>>,
    pub pumped_m3: Vec<f64>,
    /// Open share of each node's grates, 0 blocked to 1 clear.
    pub inlet_open: Vec<f64>,
    /// The cover of the node's manhole is missing.
    pub uncovered: Vec<bool>,
    /// Levels outside outfalls, when somebody says otherwise than the file, m above datum.
    pub outside_m: Vec<Option<f64>>,
    /// Share of each conduit's section that is blocked: it carries so much less.
    pub blocked: Vec<f64>,
    pub peak_m3_s: Vec<f64>,
    pub highest_m: Vec<f64>,
    pub outfall_m3: Vec<f64>,
    pub returned_node_m3: Vec<f64>,
    /// Greatest inflow from outside the network of each node.
    pub peak_lateral_m3_s: Vec<f64>,
    pub books: DrainLedger,
    /// Subcatchments, when the network has its own.
    pub runoff: Option<Runoff>,
    /// Soils below storage nodes that seep.
    pub soils: Vec<[Soil; 2]>,
    /// State of SWMM's scheme, when that runs. `time_s`, heads and flows are then those of the last routing step.
    pub waves: Option<Waves>,
}

/// The running network. Cloning forks it.
#[derive(Clone, Debug)]
pub struct Drains {
    pub(super) plan: Arc<DrainPlan>,
    pub(super) now: Moving,
    pub(super) scratch: Scratch,
    /// Steps are no shorter than this, s, whatever the plan asks: stable at any, coarser in time.
    pub(super) pace_s: f64,
}

/// Room for a step; nothing in it outlives one.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    pub numbers: Numbers,
    pub right: Vec<f64>,
    pub guess_m: Vec<f64>,
    pub flow: Vec<[f64; 3]>,
    pub area: Vec<f64>,
    pub settled: Vec<bool>,
    pub lateral: Vec<f64>,
    pub street: Vec<[f64; 2]>,
    pub fresh: Vec<f64>,
}

impl Drains {
    /// The network at its file's initial depths (usually empty), pumps ready, grates clear, covers on.
    #[must_use]
    pub fn new(plan: Arc<DrainPlan>) -> Self {
        let (nodes, links, pumps) = (plan.nodes.len(), plan.links.len(), plan.pumps.len());
        let driven = pumps + plan.regulators.len();
        let mut setting: Vec<f64> = plan.pumps.iter().map(|p| if p.init_off { 0.0 } else { 1.0 }).collect();
        setting.resize(driven, 1.0);
        let head_m: Vec<f64> = plan.nodes.iter().map(|n| n.invert_m + n.init_m).collect();
        let volume = |k: usize| if plan.nodes[k].outfall { 0.0 } else { plan.volume(k, head_m[k]).0 };
        let volume_m3: Vec<f64> = (0..nodes).map(volume).collect();
        let area = |link: &super::PlanLink| {
            let y = |k: usize, node: usize| (head_m[node] - link.bottom_m[k]).max(0.0);
            plan.sections[link.section].at(0.5 * (y(0, link.from) + y(1, link.to))).area_m2
        };
        let mut flow_m3_s: Vec<f64> = plan.links.iter().map(|l| l.init_m3_s).collect();
        flow_m3_s.resize(links + driven, 0.0);
        let now = Moving {
            books: DrainLedger { initial_m3: volume_m3.iter().sum(), ..DrainLedger::default() },
            area_m2: plan.links.iter().map(area).collect(),
            highest_m: head_m.clone(),
            head_m,
            volume_m3,
            flow_m3_s,
            target: setting.clone(),
            setting,
            switched_s: vec![0.0; driven],
            gate_switched_s: vec![0.0; links],
            gate: vec![1.0; links],
            pid_errors: vec![[0.0; 2]; super::rules::controllers(&plan.rules)],
            pump_failed: vec![false; pumps],
            pump_hand: vec![None; pumps],
            pumped_m3: vec![0.0; pumps],
            inlet_open: vec![1.0; nodes],
            uncovered: vec![false; nodes],
            outside_m: vec![None; nodes],
            blocked: vec![0.0; links],
            peak_m3_s: vec![0.0; links + driven],
            outfall_m3: vec![0.0; nodes],
            returned_node_m3: vec![0.0; nodes],
            peak_lateral_m3_s: vec![0.0; nodes],
            time_s: 0.0,
            runoff: plan.hydrology.as_ref().map(super::hydrology::Hydrology::begin),
            soils: plan.losses.soils(),
            waves: None,
        };
        let mut drains = Self { plan, now, scratch: Scratch::default(), pace_s: 0.0 };
        drains.begin_waves();
        drains
    }

    /// Lets its steps under a street be no shorter than this, s.
    pub fn set_pace_s(&mut self, pace_s: f64) {
        self.pace_s = pace_s.clamp(0.0, 20.0);
    }

    /// The network it runs on.
    #[must_use]
    pub fn plan(&self) -> &DrainPlan {
        &self.plan
    }

    /// Time since the start, s.
    #[must_use]
    pub fn time_s(&self) -> f64 {
        self.now.waves.as_ref().map_or(self.now.time_s, |w| w.shown_s)
    }

    /// The moving state as bytes, enough to go on bit for bit on the same network.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        // Plain numbers in memory: nothing to fail.
        postcard::to_stdvec(&self.now).unwrap_or_default()
    }

    /// Goes on from saved bytes; false when they do not fit the network.
    pub fn restore(&mut self, bytes: &[u8]) -> bool {
        let Ok(saved) = postcard::from_bytes::<Moving>(bytes) else { return false };
        let now = &self.now;
        let fits = saved.volume_m3.len() == now.volume_m3.len()
            && saved.head_m.len() == now.head_m.len()
            && saved.flow_m3_s.len() == now.flow_m3_s.len()
            && saved.area_m2.len() == now.area_m2.len()
            && saved.setting.len() == now.setting.len()
            && saved.target.len() == now.target.len()
            && saved.switched_s.len() == now.switched_s.len()
            && saved.gate_switched_s.len() == now.gate_switched_s.len()
            && saved.gate.len() == now.gate.len()
            && saved.pid_errors.len() == now.pid_errors.len()
            && saved.pump_failed.len() == now.pump_failed.len()
            && saved.pump_hand.len() == now.pump_hand.len()
            && saved.pumped_m3.len() == now.pumped_m3.len()
            && [
                &saved.inlet_open,
                &saved.highest_m,
                &saved.outfall_m3,
                &saved.returned_node_m3,
                &saved.peak_lateral_m3_s,
            ]
            .iter()
            .all(|v| v.len() == now.inlet_open.len())
            && saved.uncovered.len() == now.uncovered.len()
            && saved.outside_m.len() == now.outside_m.len()
            && saved.blocked.len() == now.blocked.len()
            && saved.peak_m3_s.len() == now.peak_m3_s.len()
            && saved.soils.len() == now.soils.len()
            && match (&self.plan.hydrology, &saved.runoff) {
                (Some(hydrology), Some(runoff)) => hydrology.fits(runoff),
                (None, None) => true,
                _ => false,
            }
            && match (&now.waves, &saved.waves) {
                (Some(own), Some(waves)) => waves.fits(own),
                (None, None) => true,
                _ => false,
            }
            && saved.volume_m3.iter().chain(&saved.head_m).chain(&saved.flow_m3_s).all(|v| v.is_finite());
        if fits {
            self.now = saved;
        }
        fits
    }

    fn pump(&self, id: &str) -> Option<usize> {
        self.plan.pumps.iter().position(|p| p.id == id)
    }

    fn node(&self, id: &str) -> Option<usize> {
        self.plan.nodes.iter().position(|n| n.id == id)
    }

    /// Fails or repairs a pump by name; false when there is none of that name.
    pub fn set_pump_failed(&mut self, id: &str, failed: bool) -> bool {
        let found = self.pump(id);
        if let Some(k) = found {
            self.now.pump_failed[k] = failed;
        }
        found.is_some()
    }

    /// Switches a pump by hand on or off, or back to its own levels and rules (`None`); false when there is
    /// none of that name.
    pub fn set_pump_hand(&mut self, id: &str, on: Option<bool>) -> bool {
        let found = self.pump(id);
        if let Some(k) = found {
            self.now.pump_hand[k] = on;
        }
        found.is_some()
    }

    /// Blocks or clears the grates of a node by name (0 blocked, 1 clear); false when there is none.
    pub fn set_inlet_open(&mut self, id: &str, open_share: f64) -> bool {
        let found = self.node(id);
        if let Some(k) = found {
            self.now.inlet_open[k] = if open_share.is_finite() { open_share.clamp(0.0, 1.0) } else { 1.0 };
        }
        found.is_some()
    }

    /// Takes the cover of a manhole off or puts it back; false when there is none of that name.
    pub fn set_cover_open(&mut self, id: &str, open: bool) -> bool {
        let found = self.node(id);
        if let Some(k) = found {
            self.now.uncovered[k] = open;
        }
        found.is_some()
    }

    /// Sets the level outside an outfall, m above datum, or gives it back to its file (`None`); false when there
    /// is no outfall of that name.
    pub fn set_outfall_level(&mut self, id: &str, level_m: Option<f64>) -> bool {
        let found = self.node(id).filter(|k| self.plan.nodes[*k].outfall);
        if let Some(k) = found {
            self.now.outside_m[k] = level_m.filter(|v| v.is_finite());
        }
        found.is_some()
    }

    /// Blocks a share of a conduit's section (0 clear, 1 shut); false when there is none of that name.
    pub fn set_conduit_blocked(&mut self, id: &str, share: f64) -> bool {
        let found = self.plan.links.iter().position(|l| l.id == id);
        if let Some(k) = found {
            self.now.blocked[k] = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        }
        found.is_some()
    }

    /// Whether each pump runs and whether it has failed, in the plan's order; a failed pump does not run.
    #[must_use]
    pub fn pumps_running(&self) -> Vec<(&str, bool, bool)> {
        let links = self.plan.links.len();
        let state = |k: usize| {
            let failed = self.now.pump_failed[k];
            (self.plan.pumps[k].id.as_str(), self.now.flow_m3_s[links + k] > 0.0 && !failed, failed)
        };
        (0..self.plan.pumps.len()).map(state).collect()
    }

    /// Share of each node's volume that is full; more than 1 under pressure.
    #[must_use]
    pub fn node_fill(&self) -> Vec<f32> {
        let fill =
            |(n, v): (&super::PlanNode, &f64)| if n.capacity_m3 > 0.0 { (v / n.capacity_m3) as f32 } else { 0.0 };
        self.plan.nodes.iter().zip(&self.now.volume_m3).map(fill).collect()
    }

    /// Head of each node, m above datum: what stands in the shaft, or would in a pipe upon it.
    #[must_use]
    pub fn heads_m(&self) -> &[f64] {
        self.now.waves.as_ref().map_or(&self.now.head_m, |w| &w.shown_head_m)
    }

    /// Depth of a node above its invert, m.
    #[must_use]
    pub fn depth_m(&self, node: usize) -> f64 {
        self.heads_m()[node] - self.plan.nodes[node].invert_m
    }

    /// Greatest depth of each node so far, m.
    #[must_use]
    pub fn deepest_m(&self) -> Vec<f64> {
        self.plan.nodes.iter().zip(&self.now.highest_m).map(|(n, h)| h - n.invert_m).collect()
    }

    /// Flow of each conduit, pump and regulator now, m³/s, in the direction the file names; conduits, then
    /// pumps, then regulators.
    #[must_use]
    pub fn flows_m3_s(&self) -> Vec<f64> {
        let sign = |k: usize| self.plan.links.get(k).map_or(1.0, |l| l.sign);
        let flows = self.now.waves.as_ref().map_or(&self.now.flow_m3_s, |w| &w.shown_flow_m3_s);
        flows.iter().enumerate().map(|(k, q)| q * sign(k)).collect()
    }

    /// Highest flow of each conduit so far, m³/s, in the plan's order.
    #[must_use]
    pub fn link_peaks_m3_s(&self) -> &[f64] {
        &self.now.peak_m3_s[..self.plan.links.len()]
    }

    /// Highest flow of each pump and regulator so far, m³/s, in the plan's order.
    #[must_use]
    pub fn driven_peaks_m3_s(&self) -> &[f64] {
        &self.now.peak_m3_s[self.plan.links.len()..]
    }

    /// Volume each pump has moved, m³, in the plan's order.
    #[must_use]
    pub fn pumped_m3(&self) -> &[f64] {
        &self.now.pumped_m3
    }

    /// Volume that has left by each node that is an outfall, m³.
    #[must_use]
    pub fn outfalls_m3(&self) -> &[f64] {
        &self.now.outfall_m3
    }

    /// Volume that has come up to the street at each node, or flooded out of it, m³.
    #[must_use]
    pub fn risen_m3(&self) -> &[f64] {
        &self.now.returned_node_m3
    }

    /// Greatest inflow from outside the network (files, subcatchments) of each node so far, m³/s.
    #[must_use]
    pub fn lateral_peaks_m3_s(&self) -> &[f64] {
        &self.now.peak_lateral_m3_s
    }

    /// The books of the subcatchments, when the network has its own.
    #[must_use]
    pub fn runoff_ledger(&self) -> Option<RunoffLedger> {
        Some(self.plan.hydrology.as_ref()?.ledger(self.now.runoff.as_ref()?))
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> DrainLedger {
        let mut books = self.now.books;
        books.stored_m3 = self.now.volume_m3.iter().sum();
        let came = books.initial_m3 + books.taken_m3 + books.inflow_m3 + books.backflow_m3;
        let left = books.outfall_m3 + books.returned_m3 + books.flooded_m3 + books.evaporated_m3 + books.seeped_m3;
        books.error_m3 = books.stored_m3 + left - came;
        books
    }
}
