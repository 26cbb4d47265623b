//! Open edges, held levels, hydrographs and stages as one record a cell, good for an interval in which every
//! series is a straight line.

use std::collections::BTreeMap;

use bytemuck::{Pod, Zeroable};
use guanlan_rainstorm::surface::{Boundary, BoundaryKind, Domain};

use crate::fields::Fields;

const OPEN: u32 = 1;
const HELD: u32 = 2;
const FLOW: u32 = 4;
const LEVEL: u32 = 8;
const CARRY: [u32; 4] = [16, 32, 64, 128];

/// `Edge` of the shader. Flows are m/s of depth, levels m of depth, both with their growth each s.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Pod, Zeroable)]
pub(crate) struct Edge {
    pub cell: u32,
    pub flags: u32,
    pub slope: f32,
    pub held_m: f32,
    pub flow_m_s: f32,
    pub flow_m_s2: f32,
    pub level_m: f32,
    pub level_m_s: f32,
}

/// The records of all cells under a condition, in the order of their cells.
pub(crate) fn edges_of(domain: &Domain, boundaries: &[Boundary], fields: &Fields, time_s: [f64; 2]) -> Vec<Edge> {
    let (grid, area) = (domain.grid, domain.grid.cell_area_m2());
    let mut all: BTreeMap<usize, Edge> = BTreeMap::new();
    let mut edge = |col: usize, row: usize, flag: u32, change: &dyn Fn(&mut Edge)| {
        let at = fields.index(col, row);
        let edge = all.entry(at).or_insert(Edge { cell: at as u32, ..Edge::default() });
        edge.flags |= flag;
        // Water runs through where the raster ends.
        if col == 0 && grid.cols > 1 {
            edge.flags |= CARRY[0];
        } else if col + 1 == grid.cols {
            edge.flags |= CARRY[1];
        }
        if row == 0 && grid.rows > 1 {
            edge.flags |= CARRY[2];
        } else if row + 1 == grid.rows {
            edge.flags |= CARRY[3];
        }
        change(edge);
    };
    for open in domain.open() {
        edge(open.col, open.row, OPEN, &|e| e.slope = open.slope);
    }
    for held in domain.held() {
        edge(held.col, held.row, HELD, &|e| e.held_m = held.depth_m);
    }
    let span = time_s[1] - time_s[0];
    for boundary in boundaries {
        // A line through two points inside the interval: its ends may be jumps.
        let [early, late] = [0.25, 0.75].map(|share| boundary.at(time_s[0] + share * span));
        let grows = if span > 0.0 { (late - early) / (0.5 * span) } else { 0.0 };
        let begins = early - 0.25 * span * grows;
        for (col, row) in &boundary.cells {
            match boundary.kind {
                BoundaryKind::FlowM3S => edge(*col, *row, FLOW, &|e| {
                    let each = boundary.cells.len() as f64 * area;
                    e.flow_m_s += (begins / each) as f32;
                    e.flow_m_s2 += (grows / each) as f32;
                }),
                BoundaryKind::LevelM => edge(*col, *row, LEVEL, &|e| {
                    let bed = f64::from(domain.bed_above_datum_m(*col, *row));
                    e.level_m = (begins - domain.datum_m - bed) as f32;
                    e.level_m_s = grows as f32;
                }),
            }
        }
    }
    all.into_values().collect()
}
