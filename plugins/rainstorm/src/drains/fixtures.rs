//! A small network for tests.

use guanlan_city::model::drainage::{Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Inflow};

/// Two manholes and an outfall down a slope, 2 m deep: inverts, m; length and diameter of both pipes, m; Manning's n.
pub(super) fn line(inverts_m: [f32; 3], length_m: f32, diameter_m: f32, roughness: f32) -> DrainageNetwork {
    let node = |id: &str, invert_m: f32, kind| DrainNode {
        id: id.into(),
        invert_m,
        max_depth_m: 2.0,
        kind,
        ..DrainNode::default()
    };
    let conduit = |id: &str, from, to| Conduit {
        id: id.into(),
        from,
        to,
        length_m,
        roughness,
        shape: "CIRCULAR".into(),
        geom_m: [diameter_m, 0.0, 0.0, 0.0],
        barrels: 1,
        ..Conduit::default()
    };
    DrainageNetwork {
        nodes: vec![
            node("a", inverts_m[0], DrainNodeKind::Junction),
            node("b", inverts_m[1], DrainNodeKind::Junction),
            node("c", inverts_m[2], DrainNodeKind::Outfall),
        ],
        conduits: vec![conduit("1", 0, 1), conduit("2", 1, 2)],
        ..DrainageNetwork::default()
    }
}

/// A constant inflow.
pub(super) fn inflow(node: usize, baseline_m3_s: f64) -> Inflow {
    Inflow { node, baseline_m3_s, ..Inflow::default() }
}
