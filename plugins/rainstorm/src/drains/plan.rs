//! The network as the reservoirs see it: volumes, capacities, inlet cells. Immutable.

use guanlan_city::model::{DrainNodeKind, DrainageNetwork};

use super::hydraulics::{full_flow_m3_s, section_of};
use crate::surface::Domain;

/// Plan area of a manhole shaft, m² (SWMM's default MinSurfArea, 12.566 ft²).
const SHAFT_M2: f64 = 1.167;
/// Plan area taken for a storage node whose file does not say it, m².
const WET_WELL_M2: f64 = 60.0;
/// Least slope a conduit is given, m/m: flat and adverse pipes drain by the head the model does not know.
const SLOPE_MIN: f64 = 5.0e-4;

/// How water gets from the street into a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InletSettings {
    /// Open area of all grates that lead to one manhole, m².
    pub area_m2: f64,
    /// How far a node may lie from the open cell it drains, cells.
    pub reach_cells: usize,
}

impl Default for InletSettings {
    fn default() -> Self {
        Self { area_m2: 1.0, reach_cells: 2 }
    }
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanNode {
    /// Name in the file.
    pub id: String,
    /// Swallows everything.
    pub outfall: bool,
    /// Water it can hold, m³.
    pub capacity_m3: f64,
    /// Volume of the conduits that leave it, m³: their part of `capacity_m3`.
    pub pipes_m3: f64,
    /// Invert, m above datum.
    pub invert_m: f64,
    /// Invert to ground, m.
    pub depth_m: f64,
    /// Padded index of the cell it drains.
    pub(crate) cell: Option<usize>,
}

/// A conduit, from where water comes to where it goes.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanLink {
    /// Name in the file.
    pub id: String,
    /// Upstream node.
    pub from: usize,
    /// Downstream node.
    pub to: usize,
    /// Full-bore flow, m³/s.
    pub full_m3_s: f64,
    /// Volume when full, m³.
    pub volume_m3: f64,
}

/// A pump.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanPump {
    /// Name in the file.
    pub id: String,
    /// Wet well.
    pub from: usize,
    /// Discharge node.
    pub to: usize,
    /// SWMM curve type 1–4; 0 is ideal.
    pub curve_type: u8,
    /// Curve points.
    pub curve: Vec<[f64; 2]>,
    /// Starts above, m of depth in the wet well.
    pub start_m: f64,
    /// Stops below, m.
    pub stop_m: f64,
}

impl PlanPump {
    /// Flow the running pump wants, m³/s. `volume_m3`, `depth_m`: of the wet well; `lift_m`: from its
    /// water to the discharge node's.
    #[must_use]
    pub fn flow_m3_s(&self, volume_m3: f64, depth_m: f64, lift_m: f64, dt_s: f64) -> f64 {
        if self.curve.is_empty() {
            return volume_m3 / dt_s;
        }
        let q = match self.curve_type {
            // In steps of volume or depth: the flow of the first point not yet reached.
            1 => stepped(&self.curve, volume_m3),
            2 => stepped(&self.curve, depth_m),
            3 => interpolated(&self.curve, lift_m.max(0.0)),
            4 => interpolated(&self.curve, depth_m),
            _ => return volume_m3 / dt_s,
        };
        q.max(0.0)
    }
}

fn stepped(curve: &[[f64; 2]], x: f64) -> f64 {
    curve.iter().find(|p| x <= p[0]).or(curve.last()).map_or(0.0, |p| p[1])
}

fn interpolated(curve: &[[f64; 2]], x: f64) -> f64 {
    let after = curve.partition_point(|p| p[0] <= x);
    match (after.checked_sub(1).and_then(|k| curve.get(k)), curve.get(after)) {
        (Some(a), Some(b)) => a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]),
        (Some(a), None) => a[1],
        (None, Some(b)) => b[1],
        (None, None) => 0.0,
    }
}

/// The network, ready to run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DrainPlan {
    /// Nodes, in file order.
    pub nodes: Vec<PlanNode>,
    /// Conduits that can carry water.
    pub links: Vec<PlanLink>,
    /// Pumps.
    pub pumps: Vec<PlanPump>,
    /// Open area of the grates of one node, m².
    pub inlet_area_m2: f64,
    /// What had to be guessed or left out, in words.
    pub notes: Vec<String>,
}

impl DrainPlan {
    /// Prepares a network over a raster.
    #[must_use]
    pub fn new(network: &DrainageNetwork, domain: &Domain, inlets: InletSettings) -> Self {
        let mut plan = Self { inlet_area_m2: inlets.area_m2, ..Self::default() };
        let count = network.nodes.len();
        for node in &network.nodes {
            let outfall = node.kind == DrainNodeKind::Outfall;
            let depth = f64::from(node.max_depth_m).max(0.0);
            let area = match node.kind {
                DrainNodeKind::Storage if node.area_m2 > 0.0 => f64::from(node.area_m2),
                DrainNodeKind::Storage => WET_WELL_M2,
                _ => SHAFT_M2,
            };
            plan.nodes.push(PlanNode {
                id: node.id.clone(),
                outfall,
                capacity_m3: area * depth,
                pipes_m3: 0.0,
                invert_m: f64::from(node.invert_m),
                depth_m: depth,
                cell: if outfall {
                    None
                } else {
                    node.place_m.and_then(|at| inlet_cell(domain, at, inlets.reach_cells))
                },
            });
        }
        for conduit in &network.conduits {
            if conduit.from >= count || conduit.to >= count || conduit.from == conduit.to {
                plan.notes.push(format!("conduit {}: an end is not a node; left out", conduit.id));
                continue;
            }
            let Some(section) = section_of(conduit) else {
                plan.notes.push(format!("conduit {}: no positive size; left out", conduit.id));
                continue;
            };
            if section.guessed {
                plan.notes.push(format!("conduit {}: shape {} taken as a circle", conduit.id, conduit.shape));
            }
            let length = f64::from(conduit.length_m).max(1.0);
            let from_m = plan.nodes[conduit.from].invert_m + f64::from(conduit.in_offset_m);
            let to_m = plan.nodes[conduit.to].invert_m + f64::from(conduit.out_offset_m);
            // Water runs downhill whichever end the file calls upstream; never out of an outfall.
            let turn = (to_m > from_m && !plan.nodes[conduit.to].outfall) || plan.nodes[conduit.from].outfall;
            let (from, to) = if turn { (conduit.to, conduit.from) } else { (conduit.from, conduit.to) };
            let slope = ((from_m - to_m).abs() / length).max(SLOPE_MIN);
            let roughness = if conduit.roughness > 0.0 { f64::from(conduit.roughness) } else { 0.013 };
            let full = full_flow_m3_s(&section, roughness, slope, conduit.barrels);
            let volume = section.area_m2 * length * f64::from(conduit.barrels.max(1));
            if full.is_finite() && full > 0.0 && volume.is_finite() {
                plan.nodes[from].pipes_m3 += volume;
                plan.nodes[from].capacity_m3 += volume;
                plan.links.push(PlanLink { id: conduit.id.clone(), from, to, full_m3_s: full, volume_m3: volume });
            }
        }
        for pump in &network.pumps {
            if pump.from >= count || pump.to >= count || pump.from == pump.to {
                plan.notes.push(format!("pump {}: an end is not a node; left out", pump.id));
                continue;
            }
            let mut curve: Vec<[f64; 2]> = pump.curve.iter().map(|p| p.map(f64::from)).collect();
            curve.retain(|p| p[0].is_finite() && p[1].is_finite());
            curve.sort_by(|a, b| a[0].total_cmp(&b[0]));
            curve.dedup_by(|a, b| a[0] == b[0]);
            plan.pumps.push(PlanPump {
                id: pump.id.clone(),
                from: pump.from,
                to: pump.to,
                curve_type: pump.curve_type,
                curve,
                start_m: f64::from(pump.start_m).max(0.0),
                stop_m: f64::from(pump.stop_m).max(0.0),
            });
        }
        plan
    }

    /// Number of nodes that can take water from the street.
    #[must_use]
    pub fn inlets(&self) -> usize {
        self.nodes.iter().filter(|n| n.cell.is_some()).count()
    }
}

/// The lowest open cell near a place that is not a river: the nearest ring wins, then the lowest bed.
fn inlet_cell(domain: &Domain, at: [f64; 2], reach: usize) -> Option<usize> {
    let (col, row) = domain.grid.cell_of(at[0], at[1])?;
    if domain.is_fixed(col, row) {
        return None;
    }
    for ring in 0..=reach {
        let mut best: Option<(f64, usize)> = None;
        for r in row.saturating_sub(ring)..=(row + ring).min(domain.grid.rows - 1) {
            for c in col.saturating_sub(ring)..=(col + ring).min(domain.grid.cols - 1) {
                let Some(bed) = domain.bed_m(c, r).filter(|_| !domain.is_fixed(c, r)) else { continue };
                if best.is_none_or(|(lowest, _)| bed < lowest) {
                    best = Some((bed, domain.grid.padded(c, r)));
                }
            }
        }
        if let Some((_, cell)) = best {
            return Some(cell);
        }
    }
    None
}
