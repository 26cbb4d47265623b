//! The seam between a raster and a finer one in place of some of its cells: the same local inertial discharge as over
//! any other face, over each fine face of the edge, with its own memory.
//!
//! **Invariant:** what one side gives is, to the last bit of an f64, what the other side gets.

use std::collections::BTreeMap;

use super::{
    LocalInertial,
    boundary::set_depth,
    crest,
    finer::{FINER, Patch},
    inertial_rows::{Coefficients, Face, KEEP, face},
};

/// One fine face of the edge.
#[derive(Clone, Debug)]
struct Joint {
    /// Padded cell of the coarse raster, and its number among those of the seam.
    coarse: (usize, usize),
    /// Padded cell of the fine raster, and its number among those of the seam.
    fine: (usize, usize),
    /// The coarse cell lies west or south of the face.
    coarse_first: bool,
    /// West-east flow; else south-north.
    along_x: bool,
    /// Padded index of the face in both rasters.
    faces: [usize; 2],
    /// Column, row and direction by which crests name the face.
    name: (usize, usize, bool),
}

/// The seam of one patch.
#[derive(Clone, Debug)]
pub(super) struct Seam {
    joints: Vec<Joint>,
    /// Discharge over each joint, m²/s, positive to the east and north. Part of the state.
    pub q: Vec<f32>,
    /// Padded cells by their number.
    coarse: Vec<usize>,
    fine: Vec<usize>,
    /// Crests of joints above the datum, m.
    crests: Vec<(usize, f32)>,
    /// Depths of the coarse cells before the step they have taken, m, then what the step has changed.
    changed_m: Vec<f32>,
    /// What leaves and what comes to each cell, m³: coarse ones first.
    out_m3: Vec<f64>,
    gain_m3: Vec<f64>,
}

impl Seam {
    /// The seam of a patch; `coarse` is the raster without the patch's cells.
    pub fn new(patch: &Patch, coarse: &LocalInertial) -> Self {
        let (outer, inner) = (&coarse.domain, &patch.domain);
        let (og, fg) = (outer.grid, inner.grid);
        let (os, fs) = (og.stride(), fg.stride());
        let mut seam = Self {
            joints: Vec::new(),
            q: Vec::new(),
            coarse: Vec::new(),
            fine: Vec::new(),
            crests: Vec::new(),
            changed_m: Vec::new(),
            out_m3: Vec::new(),
            gain_m3: Vec::new(),
        };
        let (mut outer_slots, mut inner_slots) = (BTreeMap::new(), BTreeMap::new());
        let mut join = |oc: usize, or: usize, fc: usize, fr: usize, coarse_first: bool, along_x: bool| {
            if outer.is_blocked(oc, or) || inner.is_blocked(fc, fr) {
                return;
            }
            let (o, f) = (og.padded(oc, or), fg.padded(fc, fr));
            let step = |s: usize| if along_x { 1 } else { s };
            let faces = if coarse_first { [o + step(os), f] } else { [o, f + step(fs)] };
            let name = match (along_x, coarse_first) {
                (_, true) => (fc, fr, along_x),
                (true, false) => (fc + 1, fr, true),
                (false, false) => (fc, fr + 1, false),
            };
            let coarse = &mut seam.coarse;
            let o_slot = *outer_slots.entry(o).or_insert_with(|| {
                coarse.push(o);
                coarse.len() - 1
            });
            let fine = &mut seam.fine;
            let f_slot = *inner_slots.entry(f).or_insert_with(|| {
                fine.push(f);
                fine.len() - 1
            });
            seam.joints.push(Joint { coarse: (o, o_slot), fine: (f, f_slot), coarse_first, along_x, faces, name });
        };
        for j in 0..fg.rows {
            let row = patch.row + j / FINER;
            if patch.col > 0 {
                join(patch.col - 1, row, 0, j, true, true);
            }
            if patch.col + patch.cols < og.cols {
                join(patch.col + patch.cols, row, fg.cols - 1, j, false, true);
            }
        }
        for i in 0..fg.cols {
            let col = patch.col + i / FINER;
            if patch.row > 0 {
                join(col, patch.row - 1, i, 0, true, false);
            }
            if patch.row + patch.rows < og.rows {
                join(col, patch.row + patch.rows, i, fg.rows - 1, false, false);
            }
        }
        seam.q = vec![0.0; seam.joints.len()];
        seam.out_m3 = vec![0.0; seam.coarse.len() + seam.fine.len()];
        seam.gain_m3 = seam.out_m3.clone();
        seam.changed_m = vec![0.0; seam.coarse.len()];
        seam.raise(patch);
        seam
    }

    /// Takes over the crests of the patch's outermost faces.
    pub fn raise(&mut self, patch: &Patch) {
        let of = |name: &(usize, usize, bool)| {
            let found = patch.crests.binary_search_by_key(name, |c| (c.0, c.1, c.2)).ok();
            found.map(|k| patch.crests[k].3)
        };
        let joints = self.joints.iter().enumerate();
        self.crests = joints.filter_map(|(k, j)| Some((k, of(&j.name)?))).collect();
    }

    /// The water stands still again.
    pub fn rest(&mut self) {
        self.q.fill(0.0);
    }

    /// Deepest coarse cell along the seam, m.
    pub fn deepest_m(&self, coarse: &LocalInertial) -> f32 {
        self.coarse.iter().map(|p| coarse.h[*p]).fold(0.0, |a, b| if b > a { b } else { a })
    }

    /// The coarse raster is about to take a step.
    pub fn before_step(&mut self, coarse: &LocalInertial) {
        for (changed, p) in self.changed_m.iter_mut().zip(&self.coarse) {
            *changed = coarse.h[*p];
        }
    }

    /// It has taken it.
    pub fn after_step(&mut self, coarse: &LocalInertial) {
        for (changed, p) in self.changed_m.iter_mut().zip(&self.coarse) {
            *changed = coarse.h[*p] - *changed;
        }
    }

    /// New discharges from the water as it stands, for a step of `dt_s`. The coarse raster is a step ahead: `left` is
    /// the share of that step that lies in the future yet. As everywhere, all discharges of a step come from the
    /// same water: a level that has some of them already would see a slope where there is none.
    pub fn flow(&mut self, coarse: &LocalInertial, fine: &LocalInertial, dt_s: f64, left: f64) {
        let side = fine.domain.grid.cell_m;
        // From centre to centre.
        let apart_m = 0.5 * (1.0 + FINER as f64) * side;
        let c = Coefficients::new(dt_s, apart_m, &fine.kernel);
        let (depth_min, left) = (fine.kernel.depth_min_m, left as f32);
        let mut crests = self.crests.iter().peekable();
        for (k, joint) in self.joints.iter().enumerate() {
            let top = crests.next_if(|c| c.0 == k).map(|c| c.1);
            let ((o, slot), (f, _)) = (joint.coarse, joint.fine);
            let now = coarse.h[o] - left * self.changed_m[slot];
            let (ho, hf) = (if now > 0.0 { now } else { 0.0 }, fine.h[f]);
            if ho <= depth_min && hf <= depth_min {
                self.q[k] = 0.0;
                continue;
            }
            let pair = |a: f32, b: f32| if joint.coarse_first { [a, b] } else { [b, a] };
            let h = pair(ho, hf);
            let z = pair(coarse.domain.z[o], fine.domain.z[f]);
            let over = top.and_then(|top| crest::over(z, h, top, depth_min, (0.25 * side / dt_s) as f32));
            self.q[k] = match over {
                Some(q) => q,
                None => {
                    let n2 = pair(coarse.domain.n2[o], fine.domain.n2[f]);
                    let (before, after, across) = beside(joint, coarse, fine);
                    face(Face { h, z, n2, q: self.q[k], before, after, across }, &c).0
                }
            };
        }
    }

    /// Moves what flows in `dt_s`, at most what the cells it leaves still have.
    pub fn give(&mut self, coarse: &mut LocalInertial, fine: &mut LocalInertial, dt_s: f64) {
        let (side, fines) = (fine.domain.grid.cell_m, self.coarse.len());
        self.out_m3.fill(0.0);
        self.gain_m3.fill(0.0);
        let volume = |q: f32| f64::from(q) * side * dt_s;
        let donor =
            |joint: &Joint, q: f32| if (q > 0.0) == joint.coarse_first { joint.coarse.1 } else { fines + joint.fine.1 };
        for (joint, q) in self.joints.iter().zip(&self.q) {
            self.out_m3[donor(joint, *q)] += volume(*q).abs();
        }
        // From here on the share of what it would give that each cell can afford.
        let areas = [coarse.domain.grid.cell_area_m2(), fine.domain.grid.cell_area_m2()];
        let cells = self.coarse.iter().map(|p| (coarse.h[*p], areas[0]));
        let cells = cells.chain(self.fine.iter().map(|p| (fine.h[*p], areas[1])));
        for (out, (h, area)) in self.out_m3.iter_mut().zip(cells) {
            let room = f64::from(h.max(0.0) * KEEP) * area;
            *out = if *out > room { room / *out } else { 1.0 };
        }
        for (joint, q) in self.joints.iter().zip(&mut self.q) {
            let share = self.out_m3[donor(joint, *q)];
            if share < 1.0 {
                *q *= share as f32;
            }
            let v = if joint.coarse_first { volume(*q) } else { -volume(*q) };
            self.gain_m3[joint.coarse.1] -= v;
            self.gain_m3[fines + joint.fine.1] += v;
        }
        let (to_coarse, to_fine) = self.gain_m3.split_at(fines);
        give(coarse, &self.coarse, to_coarse, areas[0]);
        give(fine, &self.fine, to_fine, areas[1]);
    }

    /// Lets both rasters see the discharges on their edges, where they have none of their own.
    pub fn imprint(&self, coarse: &mut LocalInertial, fine: &mut LocalInertial) {
        for joint in &self.joints {
            let q = if joint.along_x { &mut coarse.qx } else { &mut coarse.qy };
            q[joint.faces[0]] = 0.0;
        }
        for (joint, q) in self.joints.iter().zip(&self.q) {
            let mine = if joint.along_x { &mut coarse.qx } else { &mut coarse.qy };
            mine[joint.faces[0]] += q / FINER as f32;
            if *q != 0.0 {
                mark(coarse, joint.faces[0]);
                mark(coarse, joint.coarse.0);
            }
        }
        self.imprint_fine(fine);
    }

    /// The same for the fine raster only.
    pub fn imprint_fine(&self, fine: &mut LocalInertial) {
        for (joint, q) in self.joints.iter().zip(&self.q) {
            let its = if joint.along_x { &mut fine.qx } else { &mut fine.qy };
            its[joint.faces[1]] = *q;
            if *q != 0.0 {
                mark(fine, joint.faces[1]);
                mark(fine, joint.fine.0);
            }
        }
    }
}

/// The arrays of the next step do not hold the discharge of this face.
fn mark(solver: &mut LocalInertial, p: usize) {
    let s = solver.domain.grid.stride();
    let bit = solver.blocks.of(p % s) & solver.blocks.all();
    solver.stale[p / s][0] |= bit;
}

/// Discharges next to a joint: before it, after it, and the sum of the four across.
fn beside(joint: &Joint, coarse: &LocalInertial, fine: &LocalInertial) -> (f32, f32, f32) {
    let (os, fs) = (coarse.domain.grid.stride(), fine.domain.grid.stride());
    let ((o, _), (f, _)) = (joint.coarse, joint.fine);
    if joint.along_x {
        let across = (coarse.qy[o] + coarse.qy[o + os]) + (fine.qy[f] + fine.qy[f + fs]);
        if joint.coarse_first { (coarse.qx[o], fine.qx[f + 1], across) } else { (fine.qx[f], coarse.qx[o + 1], across) }
    } else {
        let across = (coarse.qx[o] + coarse.qx[o + 1]) + (fine.qx[f] + fine.qx[f + 1]);
        if joint.coarse_first {
            (coarse.qy[o], fine.qy[f + fs], across)
        } else {
            (fine.qy[f], coarse.qy[o + os], across)
        }
    }
}

/// Changes the water of cells by volumes, m³.
fn give(solver: &mut LocalInertial, cells: &[usize], gain_m3: &[f64], area_m2: f64) {
    for (p, gain) in cells.iter().zip(gain_m3).filter(|(_, gain)| **gain != 0.0) {
        let before = f64::from(solver.h[*p]) + f64::from(solver.film[*p]);
        set_depth(&mut solver.h[*p], &mut solver.film[*p], before + gain / area_m2);
        solver.touch(*p);
    }
}
