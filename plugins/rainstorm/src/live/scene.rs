//! What views see of a model besides depth: the fill of drains, coarse velocities, rain.

use guanlan_city::model::DrainageNetwork;
use guanlan_core::water::{FlowGrid, WaterScene};

use super::{RainAnalysis, site::finest};
use crate::water::WaterModel;

/// Cells of the model along one side of a cell of the flow raster.
const BLOCK: usize = 4;
/// Shallower water's flow is not seen, m.
const SHALLOW_M: f32 = 0.03;

/// The scene of a model. `network` is the city's own, whose order the fills follow.
#[must_use]
pub fn scene_of(model: &WaterModel, network: Option<&DrainageNetwork>, rain: Option<&RainAnalysis>) -> WaterScene {
    let mut scene = WaterScene {
        at: model.now(),
        flow: flow_of(model),
        rain: rain.map(RainAnalysis::shown).unwrap_or_default(),
        ..WaterScene::default()
    };
    let Some(network) = network else { return scene };
    let percent =
        |share: f64| if share.is_finite() { (share * 100.0).round().clamp(0.0, 254.0) as u8 } else { u8::MAX };
    let Some(drains) = model.drains().filter(|d| d.heads_m().len() == network.nodes.len()) else {
        scene.conduit_fill = vec![WaterScene::UNKNOWN; network.conduits.len()];
        scene.node_fill = vec![WaterScene::UNKNOWN; network.nodes.len()];
        scene.pumps = vec![WaterScene::UNKNOWN; network.pumps.len()];
        return scene;
    };
    let heads = drains.heads_m();
    scene.node_fill = network
        .nodes
        .iter()
        .zip(heads)
        .map(|(n, head)| {
            let depth = f64::from(n.max_depth_m);
            if depth > 0.0 { percent((head - f64::from(n.invert_m)) / depth) } else { WaterScene::UNKNOWN }
        })
        .collect();
    scene.conduit_fill = network
        .conduits
        .iter()
        .map(|c| {
            let height = f64::from(c.geom_m[0]);
            let end = |node: usize, offset: f32| {
                let invert = f64::from(network.nodes.get(node)?.invert_m) + f64::from(offset);
                Some(((heads.get(node)? - invert) / height).max(0.0))
            };
            match (end(c.from, c.in_offset_m), end(c.to, c.out_offset_m)) {
                (Some(a), Some(b)) if height > 0.0 => percent(0.5 * (a + b)),
                _ => WaterScene::UNKNOWN,
            }
        })
        .collect();
    let running = drains.pumps_running();
    scene.pumps = network
        .pumps
        .iter()
        .map(|p| match running.iter().find(|(id, ..)| *id == p.id) {
            Some((_, _, true)) => 2,
            Some((_, true, _)) => 1,
            Some(_) => 0,
            None => WaterScene::UNKNOWN,
        })
        .collect();
    scene
}

/// Depth-averaged velocities of blocks of cells, weighted by depth.
fn flow_of(model: &WaterModel) -> FlowGrid {
    let grid = model.domain().grid;
    let (cols, rows) = (grid.cols.div_ceil(BLOCK), grid.rows.div_ceil(BLOCK));
    let mut sums = vec![[0.0_f64; 3]; cols * rows];
    let solver = model.solver();
    let mut wet: Vec<(usize, usize)> = Vec::new();
    solver.for_rows(&mut |row, depths| {
        wet.extend(depths.iter().enumerate().filter(|(_, h)| **h > SHALLOW_M).map(|(col, _)| (col, row)));
    });
    for (col, row) in wet.into_iter().filter(|(c, r)| !model.domain().is_fixed(*c, *r)) {
        let sum = &mut sums[(row / BLOCK) * cols + col / BLOCK];
        // In a focus area of its cells: each moves as deep as it is.
        finest(model.domain(), col, row, |c, r| {
            let (h, [u, v]) = (f64::from(solver.depth_at_m(c, r)), solver.velocity_at_m_s(c, r));
            *sum = [sum[0] + h * f64::from(u), sum[1] + h * f64::from(v), sum[2] + h];
        });
    }
    let speed = |k: usize| {
        let cm_s =
            |s: &[f64; 3]| if s[2] > 0.0 { (s[k] / s[2] * 100.0).round().clamp(-1000.0, 1000.0) as i16 } else { 0 };
        sums.iter().map(cm_s).collect::<Vec<i16>>()
    };
    let (east, north) = (speed(0), speed(1));
    let moves = east.iter().chain(&north).any(|v| *v != 0);
    FlowGrid {
        west_m: grid.west_m,
        south_m: grid.south_m,
        cell_m: grid.cell_m * BLOCK as f64,
        cols: cols as u32,
        rows: rows as u32,
        east_cm_s: if moves { east } else { Vec::new() },
        north_cm_s: if moves { north } else { Vec::new() },
    }
}
