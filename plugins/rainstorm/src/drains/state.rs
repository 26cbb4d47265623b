//! The moving part of the network: how much water is where, which pumps run, what is blocked.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{hydraulics::capture_m3_s, plan::DrainPlan};

/// Open area of a manhole without its cover, m² (0.7 m across).
const COVER_M2: f64 = 0.385;
/// Longest internal step, s.
const STEP_S: f64 = 1.0;

/// Volumes since the start, m³.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrainLedger {
    /// Taken from the street.
    pub taken_m3: f64,
    /// Left by outfalls.
    pub outfall_m3: f64,
    /// In shafts, wet wells and pipes now: summed from the state.
    pub stored_m3: f64,
    /// `stored + outfall − taken`.
    pub error_m3: f64,
}

/// What an exchange moved, m³.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    pub taken_m3: f64,
    pub returned_m3: f64,
}

/// The running network. Cloning forks it.
#[derive(Clone, Debug)]
pub struct Drains {
    plan: Arc<DrainPlan>,
    node_m3: Vec<f64>,
    outfall_m3: Vec<f64>,
    taken_m3: f64,
    pump_runs: Vec<bool>,
    pump_failed: Vec<bool>,
    pumped_m3: Vec<f64>,
    /// Open share of each node's grates, 0 blocked to 1 clear.
    inlet_open: Vec<f64>,
    /// Covers that are off.
    cover_open: Vec<bool>,
    link_peak_m3_s: Vec<f64>,
    wanted_m3: Vec<f64>,
}

impl Drains {
    /// An empty network, pumps ready, grates clear.
    #[must_use]
    pub fn new(plan: Arc<DrainPlan>) -> Self {
        let (nodes, pumps, links) = (plan.nodes.len(), plan.pumps.len(), plan.links.len());
        Self {
            plan,
            node_m3: vec![0.0; nodes],
            outfall_m3: vec![0.0; nodes],
            taken_m3: 0.0,
            pump_runs: vec![false; pumps],
            pump_failed: vec![false; pumps],
            pumped_m3: vec![0.0; pumps],
            inlet_open: vec![1.0; nodes],
            cover_open: vec![false; nodes],
            link_peak_m3_s: vec![0.0; links],
            wanted_m3: vec![0.0; links + pumps],
        }
    }

    /// The network it runs on.
    #[must_use]
    pub fn plan(&self) -> &DrainPlan {
        &self.plan
    }

    /// The moving state as bytes, enough to go on bit for bit on the same network.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let state = (
            (&self.node_m3, &self.outfall_m3, self.taken_m3, &self.pump_runs, &self.pump_failed),
            (&self.pumped_m3, &self.inlet_open, &self.link_peak_m3_s, &self.cover_open),
        );
        // Plain numbers in memory: nothing to fail.
        postcard::to_stdvec(&state).unwrap_or_default()
    }

    /// Goes on from saved bytes; false when they do not fit the network.
    pub fn restore(&mut self, bytes: &[u8]) -> bool {
        type First = (Vec<f64>, Vec<f64>, f64, Vec<bool>, Vec<bool>);
        type Second = (Vec<f64>, Vec<f64>, Vec<f64>, Vec<bool>);
        let Ok(((nodes, outfalls, taken, runs, failed), (pumped, open, peaks, covers))) =
            postcard::from_bytes::<(First, Second)>(bytes)
        else {
            return false;
        };
        let (n, p, l) = (self.plan.nodes.len(), self.plan.pumps.len(), self.plan.links.len());
        let fits = nodes.len() == n
            && outfalls.len() == n
            && open.len() == n
            && covers.len() == n
            && runs.len() == p
            && failed.len() == p
            && pumped.len() == p
            && peaks.len() == l;
        if fits {
            (self.node_m3, self.outfall_m3, self.taken_m3) = (nodes, outfalls, taken);
            (self.pump_runs, self.pump_failed, self.pumped_m3) = (runs, failed, pumped);
            (self.inlet_open, self.link_peak_m3_s, self.cover_open) = (open, peaks, covers);
        }
        fits
    }

    /// Fails or repairs a pump by name; false when there is none of that name.
    pub fn set_pump_failed(&mut self, id: &str, failed: bool) -> bool {
        let found = self.plan.pumps.iter().position(|p| p.id == id);
        if let Some(k) = found {
            self.pump_failed[k] = failed;
        }
        found.is_some()
    }

    /// Blocks or clears the grates of a node by name (0 blocked, 1 clear); false when there is none.
    pub fn set_inlet_open(&mut self, id: &str, open_share: f64) -> bool {
        let found = self.plan.nodes.iter().position(|n| n.id == id);
        if let Some(k) = found {
            self.inlet_open[k] = if open_share.is_finite() { open_share.clamp(0.0, 1.0) } else { 1.0 };
        }
        found.is_some()
    }

    /// Takes a manhole's cover off or puts it back, by name; false when there is none.
    pub fn set_cover_open(&mut self, id: &str, open: bool) -> bool {
        let found = self.plan.nodes.iter().position(|n| n.id == id);
        if let Some(k) = found {
            self.cover_open[k] = open;
        }
        found.is_some()
    }

    /// Whether each pump runs, in the plan's order; a failed pump does not.
    #[must_use]
    pub fn pumps_running(&self) -> Vec<(&str, bool, bool)> {
        let runs = self.pump_runs.iter().zip(&self.pump_failed);
        self.plan.pumps.iter().zip(runs).map(|(p, (r, f))| (p.id.as_str(), *r && !*f, *f)).collect()
    }

    /// Share of each node's volume that is full.
    #[must_use]
    pub fn node_fill(&self) -> Vec<f32> {
        self.plan
            .nodes
            .iter()
            .zip(&self.node_m3)
            .map(|(n, v)| if n.capacity_m3 > 0.0 { (v / n.capacity_m3) as f32 } else { 0.0 })
            .collect()
    }

    /// Highest flow of each conduit so far, m³/s, in the plan's order.
    #[must_use]
    pub fn link_peaks_m3_s(&self) -> &[f64] {
        &self.link_peak_m3_s
    }

    /// Volume each pump has moved, m³, in the plan's order.
    #[must_use]
    pub fn pumped_m3(&self) -> &[f64] {
        &self.pumped_m3
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> DrainLedger {
        let stored: f64 = self.node_m3.iter().sum();
        let outfall: f64 = self.outfall_m3.iter().sum();
        DrainLedger {
            taken_m3: self.taken_m3,
            outfall_m3: outfall,
            stored_m3: stored,
            error_m3: stored + outfall - self.taken_m3,
        }
    }

    /// Takes water from the street and moves it towards the outfalls for `dt_s`; `h` is the padded
    /// depth. Returns the volume taken, exactly what `h` lost, m³.
    pub(crate) fn exchange(&mut self, dt_s: f64, street: &mut crate::surface::Street<'_>) -> Moved {
        let (h, cell_area_m2) = (&mut *street.h, street.cell_area_m2);
        let steps = (dt_s / STEP_S).ceil().max(1.0);
        let dt = dt_s / steps;
        let mut taken = 0.0;
        for _ in 0..steps as usize {
            taken += self.capture(dt, h, cell_area_m2);
            self.route(dt);
        }
        self.taken_m3 += taken;
        Moved { taken_m3: taken, returned_m3: 0.0 }
    }

    fn capture(&mut self, dt_s: f64, h: &mut [f32], cell_area_m2: f64) -> f64 {
        let mut taken = 0.0;
        for (k, node) in self.plan.nodes.iter().enumerate() {
            let Some(cell) = node.cell else { continue };
            let depth = f64::from(h[cell]);
            let room = node.capacity_m3 - self.node_m3[k];
            if depth <= 0.0 || room <= 0.0 {
                continue;
            }
            let cover = if self.cover_open[k] { COVER_M2 } else { 0.0 };
            let grate = self.plan.inlet_area_m2 * self.inlet_open[k] + cover;
            let volume = (capture_m3_s(depth, grate) * dt_s).min(room).min(depth * cell_area_m2);
            // Rounded towards more water left on the street: the node never gets more than its room.
            let mut rest = (depth - volume / cell_area_m2).max(0.0) as f32;
            if (depth - f64::from(rest)) * cell_area_m2 > room {
                rest = rest.next_up().min(h[cell]);
            }
            let moved = (depth - f64::from(rest)) * cell_area_m2;
            h[cell] = rest;
            self.node_m3[k] += moved;
            taken += moved;
        }
        taken
    }

    /// One step of the reservoirs: what every conduit and pump wants, cut to what the upper node holds,
    /// then to what the lower node has room for.
    fn route(&mut self, dt_s: f64) {
        let plan = self.plan.clone();
        let links = plan.links.len();
        let mut leaving = vec![0.0; plan.nodes.len()];
        let mut coming = vec![0.0; plan.nodes.len()];
        for (k, link) in plan.links.iter().enumerate() {
            let fill = (self.node_m3[link.from] / plan.nodes[link.from].pipes_m3).min(1.0);
            self.wanted_m3[k] = link.full_m3_s * fill * dt_s;
            leaving[link.from] += self.wanted_m3[k];
        }
        for (k, pump) in plan.pumps.iter().enumerate() {
            let (well, to) = (&plan.nodes[pump.from], &plan.nodes[pump.to]);
            let depth_of = |n: &super::PlanNode, v: f64| n.depth_m * (v / n.capacity_m3.max(1e-9)).min(1.0);
            let depth = depth_of(well, self.node_m3[pump.from]);
            if self.pump_runs[k] {
                self.pump_runs[k] = depth > pump.stop_m;
            } else {
                self.pump_runs[k] = depth > 0.0 && depth >= pump.start_m;
            }
            let lift = (to.invert_m + depth_of(to, self.node_m3[pump.to])) - (well.invert_m + depth);
            let runs = self.pump_runs[k] && !self.pump_failed[k];
            let q = if runs { pump.flow_m3_s(self.node_m3[pump.from], depth, lift, dt_s) } else { 0.0 };
            self.wanted_m3[links + k] = q * dt_s;
            leaving[pump.from] += q * dt_s;
        }
        let ends = |k: usize| match plan.links.get(k) {
            Some(link) => (link.from, link.to),
            None => (plan.pumps[k - links].from, plan.pumps[k - links].to),
        };
        for (k, wanted) in self.wanted_m3.iter_mut().enumerate() {
            let (from, to) = ends(k);
            if leaving[from] > self.node_m3[from] {
                *wanted *= self.node_m3[from] / leaving[from];
            }
            coming[to] += *wanted;
        }
        for (k, wanted) in self.wanted_m3.iter_mut().enumerate() {
            let to = ends(k).1;
            if !plan.nodes[to].outfall {
                let room = (plan.nodes[to].capacity_m3 - self.node_m3[to]).max(0.0);
                if coming[to] > room {
                    *wanted *= room / coming[to];
                }
            }
        }
        for k in 0..self.wanted_m3.len() {
            let (from, to) = ends(k);
            // Rounding of the shares above may ask for an ulp too much.
            let moved = self.wanted_m3[k].min(self.node_m3[from]);
            self.node_m3[from] -= moved;
            if plan.nodes[to].outfall {
                self.outfall_m3[to] += moved;
            } else {
                self.node_m3[to] += moved;
            }
            if k < links {
                self.link_peak_m3_s[k] = self.link_peak_m3_s[k].max(moved / dt_s);
            } else {
                self.pumped_m3[k - links] += moved;
            }
        }
    }
}
