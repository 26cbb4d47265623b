//! Kernel A, one step of the local inertial scheme on a band of rows (Bates et al. 2010; de Almeida et al.
//! 2012 theta scheme; friction on the discharge vector after Cozzolino et al.), with a Froude cap and a
//! donor-volume limiter that makes it positivity preserving without clamping.
//!
//! All arithmetic is exactly rounded (add, multiply, divide, square root, fused multiply-add), therefore the
//! bits do not depend on the instruction set.

use super::{
    GRAVITY, InertialSettings, crest,
    kernel::{Band, Old, inverse_cube_root, max, two_sum},
    simd::dispatch,
};

/// Coefficients of one step.
#[derive(Clone, Copy, Debug)]
pub struct Coefficients {
    theta: f32,
    side: f32,
    g_dt_dx: f32,
    friction: f32,
    dt_dx: f32,
    depth_min: f32,
    /// Weight of the sum of the four discharges across a face in the size of its discharge.
    across: f32,
    froude: f32,
}

impl Coefficients {
    pub fn new(dt_s: f64, cell_m: f64, settings: &InertialSettings) -> Self {
        Self {
            theta: settings.theta as f32,
            side: (0.5 * (1.0 - settings.theta)) as f32,
            g_dt_dx: (GRAVITY * dt_s / cell_m) as f32,
            friction: (GRAVITY * dt_s * 0.5) as f32,
            dt_dx: (dt_s / cell_m) as f32,
            depth_min: settings.depth_min_m,
            across: if settings.vector_friction { 0.25 } else { 0.0 },
            froude: settings.froude_max as f32,
        }
    }
}

/// Share of a cell's water that may leave in one step; the rest covers rounding (of the sums, and of the
/// film, which is at most half an ulp of the depth below zero).
pub(super) const KEEP: f32 = 1.0 - 4.0e-6;

/// Everything one face needs: cells 0 (west or south) and 1, old discharges along and across.
#[derive(Clone, Copy)]
pub(super) struct Face {
    pub h: [f32; 2],
    pub z: [f32; 2],
    pub n2: [f32; 2],
    pub q: f32,
    pub before: f32,
    pub after: f32,
    pub across: f32,
}

/// New discharge and speed of a face.
#[inline(always)]
pub(super) fn face(f: Face, c: &Coefficients) -> (f32, f32) {
    let flow = max(f.z[0] + f.h[0], f.z[1] + f.h[1]) - max(f.z[0], f.z[1]);
    let deep = flow > c.depth_min;
    let hf = if deep { flow } else { c.depth_min };
    let drop = (f.z[1] - f.z[0]) + (f.h[1] - f.h[0]);
    let across = c.across * f.across;
    let size = f.q.mul_add(f.q, across * across).sqrt();
    let y = inverse_cube_root(hf);
    let y2 = y * y;
    let y3 = y2 * y;
    let rough = c.friction * (f.n2[0] + f.n2[1]) * size;
    let drag = rough.mul_add(y2 * y2 * y3, 1.0);
    let start = c.theta.mul_add(f.q, c.side * (f.before + f.after));
    let q = (c.g_dt_dx * hf).mul_add(-drop, start) / drag;
    let cap = c.froude * hf * (GRAVITY as f32 * hf).sqrt();
    let q = if q > cap { cap } else { q };
    let q = if q < -cap { -cap } else { q };
    let q = if deep { q } else { 0.0 };
    (q, q.abs() * y3)
}

/// Raw discharge over the west faces of padded columns `lo..=hi` of a row. Returns the bits of the
/// highest speed.
#[inline(always)]
fn faces_x(out: &mut [f32], o: &Old<'_>, row: usize, lo: usize, hi: usize, c: &Coefficients) -> i32 {
    let s = o.stride;
    let m = hi + 1 - lo;
    let a = row * s + lo;
    let (h, z, n2, qx) = (&o.depth[a - 1..a + m], &o.z[a - 1..a + m], &o.n2[a - 1..a + m], &o.flow_x[a - 1..a + m + 1]);
    let (below, above) = (&o.flow_y[a - 1..a + m], &o.flow_y[a + s - 1..a + s + m]);
    let (h0, h1) = (&h[..m], &h[1..][..m]);
    let (z0, z1) = (&z[..m], &z[1..][..m]);
    let (r0, r1) = (&n2[..m], &n2[1..][..m]);
    let (q0, q1, q2) = (&qx[..m], &qx[1..][..m], &qx[2..][..m]);
    let (b0, b1, a0, a1) = (&below[..m], &below[1..][..m], &above[..m], &above[1..][..m]);
    let out = &mut out[lo..][..m];
    let mut fastest = 0;
    for i in 0..m {
        let (q, speed) = face(
            Face {
                h: [h0[i], h1[i]],
                z: [z0[i], z1[i]],
                n2: [r0[i], r1[i]],
                q: q1[i],
                before: q0[i],
                after: q2[i],
                across: (b0[i] + b1[i]) + (a0[i] + a1[i]),
            },
            c,
        );
        out[i] = q;
        let bits = speed.to_bits() as i32;
        fastest = if bits > fastest { bits } else { fastest };
    }
    fastest
}

/// Raw discharge over the south faces of padded columns `lo..hi` of a row. Returns the bits of the
/// highest speed.
#[inline(always)]
fn faces_y(out: &mut [f32], o: &Old<'_>, row: usize, lo: usize, hi: usize, c: &Coefficients) -> i32 {
    let s = o.stride;
    let m = hi - lo;
    let (south, north) = ((row - 1) * s + lo, row * s + lo);
    let (h0, h1) = (&o.depth[south..][..m], &o.depth[north..][..m]);
    let (z0, z1) = (&o.z[south..][..m], &o.z[north..][..m]);
    let (r0, r1) = (&o.n2[south..][..m], &o.n2[north..][..m]);
    let (q0, q1, q2) = (&o.flow_y[south..][..m], &o.flow_y[north..][..m], &o.flow_y[north + s..][..m]);
    let (w0, w1) = (&o.flow_x[south..][..m], &o.flow_x[south + 1..][..m]);
    let (e0, e1) = (&o.flow_x[north..][..m], &o.flow_x[north + 1..][..m]);
    let out = &mut out[lo..][..m];
    let mut fastest = 0;
    for i in 0..m {
        let (q, speed) = face(
            Face {
                h: [h0[i], h1[i]],
                z: [z0[i], z1[i]],
                n2: [r0[i], r1[i]],
                q: q1[i],
                before: q0[i],
                after: q2[i],
                across: (w0[i] + w1[i]) + (e0[i] + e1[i]),
            },
            c,
        );
        out[i] = q;
        let bits = speed.to_bits() as i32;
        fastest = if bits > fastest { bits } else { fastest };
    }
    fastest
}

/// Puts the flow over crests in place of the plain flow on the west faces of padded columns `lo..=hi`.
fn crests_x(out: &mut [f32], o: &Old<'_>, row: usize, lo: usize, hi: usize, c: &Coefficients) {
    for (p, top) in o.crests.row_x(row, o.stride) {
        let (p, k) = (*p as usize, *p as usize - row * o.stride);
        if (lo..=hi).contains(&k)
            && let Some(q) =
                crest::over([o.z[p - 1], o.z[p]], [o.depth[p - 1], o.depth[p]], *top, c.depth_min, 0.25 / c.dt_dx)
        {
            out[k] = q;
        }
    }
}

/// The same on the south faces of padded columns `lo..hi`.
fn crests_y(out: &mut [f32], o: &Old<'_>, row: usize, lo: usize, hi: usize, c: &Coefficients) {
    let s = o.stride;
    for (p, top) in o.crests.row_y(row, s) {
        let (p, k) = (*p as usize, *p as usize - row * s);
        if (lo..hi).contains(&k)
            && let Some(q) =
                crest::over([o.z[p - s], o.z[p]], [o.depth[p - s], o.depth[p]], *top, c.depth_min, 0.25 / c.dt_dx)
        {
            out[k] = q;
        }
    }
}

/// Discharges of padded columns `lo..hi` of a row for each m of face, from those of open face.
fn narrowed(out: &mut [f32], share: &[f32], row: usize, stride: usize, lo: usize, hi: usize) {
    out[lo..hi].iter_mut().zip(&share[row * stride + lo..row * stride + hi]).for_each(|(q, s)| *q *= s);
}

/// True when some cell of the row would give more than it has.
#[inline(always)]
fn overdrawn(h: &[f32], qx: &[f32], south: &[f32], north: &[f32], lo: usize, hi: usize, c: &Coefficients) -> bool {
    let m = hi - lo;
    let (h, w, e) = (&h[lo..][..m], &qx[lo..][..m], &qx[lo + 1..][..m]);
    let (s, n) = (&south[lo..][..m], &north[lo..][..m]);
    let mut any = 0_u32;
    for i in 0..m {
        let out = c.dt_dx * ((max(e[i], 0.0) + max(-w[i], 0.0)) + (max(n[i], 0.0) + max(-s[i], 0.0)));
        any |= u32::from(out > h[i] * KEEP);
    }
    any != 0
}

/// Share of its raw outflow each cell of the row can afford.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn shares(
    share: &mut [f32],
    h: &[f32],
    qx: &[f32],
    south: &[f32],
    north: &[f32],
    lo: usize,
    hi: usize,
    c: &Coefficients,
) {
    for k in lo..hi {
        let out = c.dt_dx * ((max(qx[k + 1], 0.0) + max(-qx[k], 0.0)) + (max(north[k], 0.0) + max(-south[k], 0.0)));
        let room = h[k] * KEEP;
        if out > room {
            share[k] = room / out;
        }
    }
}

/// Scratch rows of a band.
struct Scratch {
    x: Vec<f32>,
    south: Vec<f32>,
    north: Vec<f32>,
    share: [Vec<f32>; 2],
}

/// The generic step. Row `jj` of the loop is a padded row; rows just outside the band are computed
/// again for their limiter, which keeps bands independent of each other.
#[inline(always)]
fn step_generic(o: &Old<'_>, b: &mut Band<'_>, c: &Coefficients) {
    let s = o.stride;
    let (first, end) = (b.first, b.first + b.h.len() / s);
    let mut scratch =
        Scratch { x: vec![0.0; s], south: vec![0.0; s], north: vec![0.0; s], share: [vec![1.0; s], vec![1.0; s]] };
    let mut was_limited = false;
    let mut fastest = 0_i32;
    for jj in first - 1..=end {
        let inside = jj >= 1 && jj <= o.rows;
        let owned = jj >= first && jj < end;
        let next_owned = jj + 1 >= first && jj + 1 < end;
        if jj < first {
            scratch.south.fill(0.0);
            if inside {
                south_faces(&mut scratch.south, o, jj, c);
            }
        }
        // One row ahead: the north faces of a row lie in the next.
        if next_owned {
            b.begin_row(o, jj + 1);
        }
        let quiet = !inside || (o.wet[jj - 1] | o.wet[jj] | o.wet[jj + 1]) == 0;
        // Raw x faces of this row and raw south faces of the next.
        let x: &mut [f32] = if owned {
            &mut b.qx[(jj - first) * s..][..s]
        } else {
            scratch.x.fill(0.0);
            &mut scratch.x
        };
        if inside && o.wet[jj] != 0 {
            for (lo, hi) in o.blocks.runs(o.wet[jj]) {
                let bits = faces_x(x, o, jj, lo, hi, c);
                crests_x(x, o, jj, lo, hi, c);
                if !o.pores.is_empty() {
                    narrowed(x, &o.pores.west, jj, s, lo, hi + 1);
                }
                if owned {
                    fastest = fastest.max(bits);
                }
            }
        }
        {
            let north: &mut [f32] = if next_owned {
                &mut b.qy[(jj + 1 - first) * s..][..s]
            } else {
                scratch.north.fill(0.0);
                &mut scratch.north
            };
            if jj < o.rows {
                let bits = south_faces(north, o, jj + 1, c);
                if next_owned {
                    fastest = fastest.max(bits);
                }
            }
        }
        // Limiter of this row.
        let mut limited = false;
        if !quiet {
            let h = &o.h[jj * s..][..s];
            let x: &[f32] = if owned { &b.qx[(jj - first) * s..][..s] } else { &scratch.x };
            let south: &[f32] = if owned { &b.qy[(jj - first) * s..][..s] } else { &scratch.south };
            let north: &[f32] = if next_owned { &b.qy[(jj + 1 - first) * s..][..s] } else { &scratch.north };
            let reach = o.reach(jj);
            limited = o.blocks.runs(reach).fold(false, |any, (lo, hi)| any | overdrawn(h, x, south, north, lo, hi, c));
            if limited {
                let share = &mut scratch.share[jj & 1];
                share.fill(1.0);
                for (lo, hi) in o.blocks.runs(reach) {
                    shares(share, h, x, south, north, lo, hi, c);
                }
            }
        }
        if !limited && was_limited {
            scratch.share[jj & 1].fill(1.0);
        }
        // Final south faces of this row: scaled by the share of the cell the water comes from.
        if jj >= first && (limited || was_limited) {
            if !was_limited {
                scratch.share[(jj + 1) & 1].fill(1.0);
            }
            let (even, odd) = scratch.share.split_at(1);
            let (mine, below) = if jj & 1 == 0 { (&even[0], &odd[0]) } else { (&odd[0], &even[0]) };
            let south: &mut [f32] = if owned { &mut b.qy[(jj - first) * s..][..s] } else { &mut scratch.south };
            for k in 0..s {
                let q = south[k];
                south[k] = q * if q > 0.0 { below[k] } else { mine[k] };
            }
        }
        // Water of the row below is now settled.
        if jj > first {
            settle(o, b, jj - 1, &scratch.south, owned, c);
        }
        if owned && limited {
            let share = &scratch.share[jj & 1];
            let x = &mut b.qx[(jj - first) * s..][..s];
            for k in 1..=o.cols + 1 {
                let q = x[k];
                x[k] = q * if q > 0.0 { share[k - 1] } else { share[k] };
            }
        }
        was_limited = limited;
        if !next_owned {
            std::mem::swap(&mut scratch.south, &mut scratch.north);
        }
    }
    *b.fastest = f32::from_bits(fastest as u32);
    *b.lowest = 0.0;
}

/// Raw discharge over the south faces of a padded row, where it or the row south of it is wet.
#[inline(always)]
fn south_faces(out: &mut [f32], o: &Old<'_>, row: usize, c: &Coefficients) -> i32 {
    let mut fastest = 0;
    for (lo, hi) in o.blocks.runs(o.wet[row - 1] | o.wet[row]) {
        let bits = faces_y(out, o, row, lo, hi, c);
        crests_y(out, o, row, lo, hi, c);
        if !o.pores.is_empty() {
            narrowed(out, &o.pores.south, row, o.stride, lo, hi);
        }
        fastest = fastest.max(bits);
    }
    fastest
}

/// New depths of one owned row, its wet blocks and its maximum. `above` is the row of final south faces
/// of the next row when the band does not own it.
#[inline(always)]
fn settle(o: &Old<'_>, b: &mut Band<'_>, row: usize, above: &[f32], next_owned: bool, c: &Coefficients) {
    let s = o.stride;
    let at = (row - b.first) * s;
    let changing = o.reach(row);
    for (lo, hi) in o.blocks.runs(changing) {
        let m = hi - lo;
        let x = &b.qx[at..][..s];
        let south = &b.qy[at + lo..][..m];
        let north = if next_owned { &b.qy[at + s + lo..][..m] } else { &above[lo..][..m] };
        let (west, east) = (&x[lo..][..m], &x[lo + 1..][..m]);
        let (old, new) = (&o.h[row * s + lo..][..m], &mut b.h[at + lo..][..m]);
        let film = &mut b.film[at + lo..][..m];
        for i in 0..m {
            let gain = (west[i] - east[i]) + (south[i] - north[i]);
            (new[i], film[i]) = two_sum(old[i], c.dt_dx.mul_add(gain, film[i]));
        }
    }
    let (wet, highest) = o.blocks.wet(&b.h[at..][..s], changing, c.depth_min);
    b.wet[row - b.first] = wet;
    b.row_max[row - b.first] = highest;
}

dispatch! {
    /// Advances one band by one step.
    step = step_generic(o: &Old<'_>, b: &mut Band<'_>, c: &Coefficients)
}
