//! A made-up network for measuring: lines of manholes that fall to a collector, the collector to an outfall.

use guanlan_city::model::drainage::{Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Inflow};

/// `lines` lines of `manholes` each, `spacing_m` apart; every manhole receives 2 l/s.
#[must_use]
pub fn grid_of_sewers(lines: usize, manholes: usize, spacing_m: f64) -> DrainageNetwork {
    let mut network = DrainageNetwork::default();
    let index = |line: usize, k: usize| line * manholes + k;
    let pipe = |id: String, from: usize, to: usize, d: f64| Conduit {
        id,
        from,
        to,
        length_m: spacing_m as f32,
        roughness: 0.013,
        shape: "CIRCULAR".into(),
        geom_m: [d as f32, 0.0, 0.0, 0.0],
        barrels: 1,
        ..Conduit::default()
    };
    for line in 0..lines {
        for k in 0..manholes {
            // The last manhole of a line stands on the collector.
            let fall = 0.003 * spacing_m * k as f64 + 0.001 * spacing_m * line as f64;
            network.nodes.push(DrainNode {
                id: format!("M{line}-{k}"),
                kind: DrainNodeKind::Junction,
                place_m: Some([(line as f64 + 0.5) * spacing_m, (k as f64 + 0.5) * spacing_m]),
                invert_m: -(fall as f32),
                max_depth_m: 4.0,
                ..DrainNode::default()
            });
            let (node, size) = (index(line, k), 0.4 + 0.012 * k as f64);
            network.inflows.push(Inflow { node, baseline_m3_s: 0.002, ..Inflow::default() });
            if k + 1 < manholes {
                network.conduits.push(pipe(format!("P{line}-{k}"), node, node + 1, size));
            } else if line + 1 < lines {
                let d = 1.2 + 0.05 * line as f64;
                network.conduits.push(pipe(format!("C{line}"), node, index(line + 1, k), d));
            }
        }
    }
    let last = network.nodes[index(lines - 1, manholes - 1)].clone();
    network.nodes.push(DrainNode {
        id: "OUT".into(),
        kind: DrainNodeKind::Outfall,
        place_m: None,
        invert_m: last.invert_m - 0.1,
        max_depth_m: 0.0,
        ..DrainNode::default()
    });
    let out = network.nodes.len() - 1;
    network.conduits.push(pipe("OUT".into(), index(lines - 1, manholes - 1), out, 4.5));
    network
}
