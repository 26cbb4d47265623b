//! Storm drains after the SWMM input file: nodes, conduits, pumps.

use serde::{Deserialize, Serialize};

/// What a node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DrainNodeKind {
    /// Manhole.
    #[default]
    Junction,
    /// Outfall to a river.
    Outfall,
    /// Storage, wet well.
    Storage,
    /// Flow divider.
    Divider,
}

/// A node of the network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrainNode {
    /// Name in the file.
    pub id: String,
    /// What it is.
    pub kind: DrainNodeKind,
    /// Local m; `None` when the file has no coordinates.
    pub place_m: Option<[f64; 2]>,
    /// Invert, m above datum.
    pub invert_m: f32,
    /// Depth from invert to ground, m.
    pub max_depth_m: f32,
    /// Plan area of a storage node at half its depth, m²; 0 when unknown.
    pub area_m2: f32,
}

/// A pipe or channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Conduit {
    /// Name in the file.
    pub id: String,
    /// Index of the upstream node.
    pub from: usize,
    /// Index of the downstream node.
    pub to: usize,
    /// Length, m.
    pub length_m: f32,
    /// Manning's n.
    pub roughness: f32,
    /// Offset of the upstream end above the node's invert, m.
    pub in_offset_m: f32,
    /// Offset of the downstream end above the node's invert, m.
    pub out_offset_m: f32,
    /// Shape keyword of the file (`CIRCULAR`, `RECT_CLOSED` …).
    pub shape: String,
    /// Geom1 … Geom4 of the file in m; full height first.
    pub geom_m: [f32; 4],
    /// Barrels.
    pub barrels: u8,
    /// Bends between the nodes, local m.
    pub vertices: Vec<[f64; 2]>,
}

/// A pump between two nodes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pump {
    /// Name in the file.
    pub id: String,
    /// Index of the wet well.
    pub from: usize,
    /// Index of the discharge node.
    pub to: usize,
    /// Pump type of its curve (1–4), 0 for an ideal pump.
    pub curve_type: u8,
    /// Curve points in the file's meaning, converted to m, m³ and m³/s.
    pub curve: Vec<[f32; 2]>,
    /// Depth at which it starts, m.
    pub start_m: f32,
    /// Depth at which it stops, m.
    pub stop_m: f32,
}

/// The network. All quantities in SI units whatever the file's units were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DrainageNetwork {
    /// Nodes.
    pub nodes: Vec<DrainNode>,
    /// Conduits.
    pub conduits: Vec<Conduit>,
    /// Pumps.
    pub pumps: Vec<Pump>,
    /// Number of subcatchments in the file.
    pub subcatchments: usize,
}
