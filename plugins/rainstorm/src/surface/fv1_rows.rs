//! One step of the Godunov scheme on a band of rows.
//!
//! Faces: the depths of both sides are brought to the same footing by the smaller of the jumps of depth and
//! of level (a limited reconstruction of the bed), which keeps lakes at rest and depths positive and lets even
//! flow run down a slope undisturbed; the fall of the level pulls by the mean depth of both sides; over walls hydrostatic
//! reconstruction (Audusse et al. 2004). HLL with
//! dry-bed speeds. Momentum fluxes are
//! kept as their difference from the hydrostatic pressure of each side, so that a lake at rest cancels
//! exactly in f32. Cells: friction after the update, the exact root of the implicit quadratic.
//!
//! Only exactly rounded operations: the bits do not depend on the instruction set.

use super::{
    Fv1Settings, GRAVITY, crest,
    kernel::{Band, Old, inverse_cube_root, max, min, two_sum},
    simd::dispatch,
};

/// Coefficients of one step.
#[derive(Clone, Copy, Debug)]
pub struct Coefficients {
    dt_dx: f32,
    friction: f32,
    depth_min: f32,
    fall: f32,
}

impl Coefficients {
    pub fn new(dt_s: f64, cell_m: f64, settings: &Fv1Settings) -> Self {
        Self {
            dt_dx: (dt_s / cell_m) as f32,
            friction: (4.0 * GRAVITY * dt_s) as f32,
            depth_min: settings.depth_min_m,
            fall: (settings.slope_max * cell_m) as f32,
        }
    }
}

const G: f32 = GRAVITY as f32;

/// One side of a face: bed, depth, speed along the normal and across it.
#[derive(Clone, Copy)]
struct Side {
    z: f32,
    h: f32,
    u: f32,
    v: f32,
}

/// What crosses a face per metre: mass, momentum along the normal as felt by the cell before and after the
/// face (less their own hydrostatic pressure), momentum across.
#[derive(Clone, Copy, Default)]
struct Flux {
    mass: f32,
    before: f32,
    after: f32,
    across: f32,
}

/// HLL flux between depths that have been reconstructed at the face; `cl`, `cr`: wave speeds of both sides.
#[inline(always)]
fn hll(hl: f32, hr: f32, cl: f32, cr: f32, l: Side, r: Side) -> Flux {
    let (dry_l, dry_r) = (hl <= 0.0, hr <= 0.0);
    let (ul, ur) = (if dry_l { 0.0 } else { l.u }, if dry_r { 0.0 } else { r.u });
    let slow = min(min(ul - cl, ur - cr), 0.0);
    let fast = max(max(ul + cl, ur + cr), 0.0);
    let slow = if dry_l { min(2.0_f32.mul_add(-cr, ur), 0.0) } else { slow };
    let slow = if dry_r { min(ul - cl, 0.0) } else { slow };
    let fast = if dry_r { max(2.0_f32.mul_add(cl, ul), 0.0) } else { fast };
    let fast = if dry_l { max(ur + cr, 0.0) } else { fast };
    let (ml, mr) = (hl * ul, hr * ur);
    let one = 1.0 / max(fast - slow, 1.0e-12);
    let both = slow * fast;
    let mass = (fast * ml - slow * mr + both * (hr - hl)) * one;
    let push = 0.5 * G * (hr - hl) * (hr + hl);
    let base = fast * ml * ul - slow * mr * ur + both * (mr - ml);
    Flux {
        mass,
        before: (base - slow * push) * one,
        after: (base - fast * push) * one,
        across: mass * if mass > 0.0 { l.v } else { r.v },
    }
}

/// Flux over a plain face.
#[inline(always)]
fn face(l: Side, r: Side, c: &Coefficients) -> Flux {
    let (hl, hr) = (if l.h > c.depth_min { l.h } else { 0.0 }, if r.h > c.depth_min { r.h } else { 0.0 });
    let rise = r.z - l.z;
    let wall = rise.abs() > c.fall;
    // The jump of the depths at the face: of depths or of levels, whichever is less, nothing when they
    // disagree. The first is 0 in even flow on a slope, the second in a lake.
    let (deeper, higher) = (hr - hl, rise + (hr - hl));
    let least = if deeper.abs() < higher.abs() { deeper } else { higher };
    let jump = if deeper * higher > 0.0 { least } else { 0.0 };
    let excess = deeper - jump;
    let (sl, sr) = (hl + min(excess, 0.0), hr - max(excess, 0.0));
    // Over a wall, what stands above its top.
    let sl = if wall { max(hl - max(rise, 0.0), 0.0) } else { sl };
    let sr = if wall { max(hr - max(-rise, 0.0), 0.0) } else { sr };
    // A side that stands below the top does not flow over it; against a wall it runs.
    let (below_l, below_r) = (rise > hl, -rise > hr);
    let (wall_l, wall_r) = (wall && below_l, wall && below_r);
    let cl = (G * if wall_l { hl } else { sl }).sqrt();
    let cr = (G * if wall_r { hr } else { sr }).sqrt();
    let from_l = Side { u: if below_l { min(l.u, 0.0) } else { l.u }, ..l };
    let from_r = Side { u: if below_r { max(r.u, 0.0) } else { r.u }, ..r };
    let mut flux = hll(sl, sr, cl, cr, from_l, from_r);
    // A wall's answer to the speed against it: the HLL flux of the mirrored state.
    let hit_l = if wall_l { hl * l.u * (l.u + l.u.abs() + cl) } else { 0.0 };
    let hit_r = if wall_r { hr * r.u * (r.u - r.u.abs() - cr) } else { 0.0 };
    // The fall of the water surface that the jump does not show pulls both sides, by their depths at the face.
    let hidden = if wall { 0.0 } else { 0.5 * G * (jump - higher) };
    // Where both sides meet, all of the fall pulls what the reconstruction has taken from their depths, too: together
    // the face pulls by the mean depth. Without this waves over a sloping bed lag behind.
    let meet = !(wall || below_l || below_r);
    let fall = if meet { 0.5 * G * higher } else { 0.0 };
    flux.before += hit_l - hidden * sl - fall * min(excess, 0.0);
    flux.after += hit_r + hidden * sr - fall * max(excess, 0.0);
    flux
}

/// Flux over a face with a crest above the ground of both sides: a weir; what stands below the crest only
/// presses against it.
fn crest_face(l: Side, r: Side, top: f32, c: &Coefficients) -> Option<Flux> {
    let q = crest::over([l.z, r.z], [l.h, r.h], top, c.depth_min, 0.25 / c.dt_dx)?;
    let u = if q > 0.0 { l.u } else { r.u };
    Some(Flux { mass: q, before: q * u, after: q * u, across: q * if q > 0.0 { l.v } else { r.v } })
}

/// A row of fluxes.
struct FluxRow {
    mass: Vec<f32>,
    before: Vec<f32>,
    after: Vec<f32>,
    across: Vec<f32>,
}

impl FluxRow {
    fn new(len: usize) -> Self {
        Self { mass: vec![0.0; len], before: vec![0.0; len], after: vec![0.0; len], across: vec![0.0; len] }
    }

    fn clear(&mut self) {
        self.mass.fill(0.0);
        self.before.fill(0.0);
        self.after.fill(0.0);
        self.across.fill(0.0);
    }

    fn set(&mut self, k: usize, f: Flux) {
        (self.mass[k], self.before[k], self.after[k], self.across[k]) = (f.mass, f.before, f.after, f.across);
    }
}

/// Fluxes over the faces between the padded cells `from + i` and `to + i`, into columns `lo..lo + m`. `along`
/// and `across` are the speeds normal to the faces and along them.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn faces(
    out: &mut FluxRow,
    o: &Old<'_>,
    along: &[f32],
    across: &[f32],
    from: usize,
    to: usize,
    lo: usize,
    m: usize,
    c: &Coefficients,
) {
    let (z0, z1) = (&o.z[from..][..m], &o.z[to..][..m]);
    let (h0, h1) = (&o.h[from..][..m], &o.h[to..][..m]);
    let (u0, u1) = (&along[from..][..m], &along[to..][..m]);
    let (v0, v1) = (&across[from..][..m], &across[to..][..m]);
    let (mass, before) = (&mut out.mass[lo..][..m], &mut out.before[lo..][..m]);
    let (after, cross) = (&mut out.after[lo..][..m], &mut out.across[lo..][..m]);
    for i in 0..m {
        let f =
            face(Side { z: z0[i], h: h0[i], u: u0[i], v: v0[i] }, Side { z: z1[i], h: h1[i], u: u1[i], v: v1[i] }, c);
        mass[i] = f.mass;
        before[i] = f.before;
        after[i] = f.after;
        cross[i] = f.across;
    }
}

/// West faces of a padded row.
#[inline(always)]
fn west_faces(out: &mut FluxRow, o: &Old<'_>, row: usize, c: &Coefficients) {
    let at = row * o.stride;
    for (lo, hi) in o.blocks.runs(o.wet[row]) {
        faces(out, o, o.qx, o.qy, at + lo - 1, at + lo, lo, hi + 1 - lo, c);
    }
    for (p, top) in o.crests.row_x(row, o.stride) {
        let p = *p as usize;
        let side = |p: usize| Side { z: o.z[p], h: o.h[p], u: o.qx[p], v: o.qy[p] };
        if let Some(flux) = crest_face(side(p - 1), side(p), *top, c) {
            out.set(p - at, flux);
        }
    }
}

/// South faces of a padded row.
#[inline(always)]
fn south_faces(out: &mut FluxRow, o: &Old<'_>, row: usize, c: &Coefficients) {
    let (s, at) = (o.stride, row * o.stride);
    for (lo, hi) in o.blocks.runs(o.wet[row - 1] | o.wet[row]) {
        faces(out, o, o.qy, o.qx, at - s + lo, at + lo, lo, hi - lo, c);
    }
    for (p, top) in o.crests.row_y(row, s) {
        let p = *p as usize;
        let side = |p: usize| Side { z: o.z[p], h: o.h[p], u: o.qy[p], v: o.qx[p] };
        if let Some(flux) = crest_face(side(p - s), side(p), *top, c) {
            out.set(p - at, flux);
        }
    }
}

#[inline(always)]
fn step_generic(o: &Old<'_>, b: &mut Band<'_>, c: &Coefficients) {
    let s = o.stride;
    let (first, end) = (b.first, b.first + b.h.len() / s);
    let (mut x, mut south, mut north) = (FluxRow::new(s), FluxRow::new(s), FluxRow::new(s));
    // Highest signal and lowest depth as ordered bits: the bits of positive numbers rise with them, those of
    // negative ones are below zero.
    let (mut fastest, mut lowest) = (0_i32, i32::MAX);
    // Rows of fluxes that may hold something.
    let mut used = [false; 2];
    if first > 1 && (o.wet[first - 1] | o.wet[first]) != 0 {
        south_faces(&mut south, o, first, c);
        used[0] = true;
    }
    for row in first..end {
        let changing = b.begin_row(o, row);
        if used[1] {
            north.clear();
        }
        used[1] = row < o.rows && (o.wet[row] | o.wet[row + 1]) != 0;
        if used[1] {
            south_faces(&mut north, o, row + 1, c);
        }
        if changing == 0 {
            b.wet[row - first] = 0;
            b.row_max[row - first] = c.depth_min;
        } else {
            x.clear();
            west_faces(&mut x, o, row, c);
            for (lo, hi) in o.blocks.runs(changing) {
                let (speed, depth) = settle(o, b, row, [&x, &south, &north], lo, hi, c);
                fastest = fastest.max(speed);
                lowest = lowest.min(depth);
            }
            let at = (row - first) * s;
            let (wet, highest) = o.blocks.wet(&b.h[at..][..s], changing, c.depth_min);
            b.wet[row - first] = wet;
            b.row_max[row - first] = highest;
        }
        std::mem::swap(&mut south, &mut north);
        used.swap(0, 1);
    }
    *b.fastest = f32::from_bits(fastest as u32);
    *b.lowest = if lowest < 0 { -1.0 } else { 0.0 };
}

/// New state of columns `lo..hi` of a row; the bits of the fastest signal and of the lowest depth.
#[inline(always)]
fn settle(
    o: &Old<'_>,
    b: &mut Band<'_>,
    row: usize,
    [x, south, north]: [&FluxRow; 3],
    lo: usize,
    hi: usize,
    c: &Coefficients,
) -> (i32, i32) {
    let m = hi - lo;
    let (p, at) = (row * o.stride + lo, (row - b.first) * o.stride + lo);
    let (h, film, u, v) = (&o.h[p..][..m], &o.film[p..][..m], &o.qx[p..][..m], &o.qy[p..][..m]);
    let n2 = &o.n2[p..][..m];
    let (new_h, new_film) = (&mut b.h[at..][..m], &mut b.film[at..][..m]);
    let (new_u, new_v) = (&mut b.qx[at..][..m], &mut b.qy[at..][..m]);
    let (wm, em) = (&x.mass[lo..][..m], &x.mass[lo + 1..][..m]);
    let (wa, eb) = (&x.after[lo..][..m], &x.before[lo + 1..][..m]);
    let (wt, et) = (&x.across[lo..][..m], &x.across[lo + 1..][..m]);
    let (sm, nm) = (&south.mass[lo..][..m], &north.mass[lo..][..m]);
    let (sa, nb) = (&south.after[lo..][..m], &north.before[lo..][..m]);
    let (st, nt) = (&south.across[lo..][..m], &north.across[lo..][..m]);
    let (mut fastest, mut lowest) = (0_i32, i32::MAX);
    for i in 0..m {
        let gain = (wm[i] - em[i]) + (sm[i] - nm[i]);
        let (depth, rest) = two_sum(h[i], c.dt_dx.mul_add(gain, film[i]));
        let mx = h[i].mul_add(u[i], c.dt_dx * ((wa[i] - eb[i]) + (st[i] - nt[i])));
        let my = h[i].mul_add(v[i], c.dt_dx * ((wt[i] - et[i]) + (sa[i] - nb[i])));
        let deep = depth > c.depth_min;
        let d = if deep { depth } else { c.depth_min };
        let one = 1.0 / d;
        let (us, vs) = (mx * one, my * one);
        let size = us.mul_add(us, vs * vs).sqrt();
        let y = inverse_cube_root(d);
        let y2 = y * y;
        let drag = (c.friction * n2[i]) * size * (y2 * y2);
        let factor = 2.0 / (1.0 + (1.0 + drag).sqrt());
        let factor = if deep { factor } else { 0.0 };
        let (us, vs) = (us * factor, vs * factor);
        new_h[i] = depth;
        new_film[i] = rest;
        new_u[i] = us;
        new_v[i] = vs;
        let speed = if deep { max(us.abs(), vs.abs()) + (G * d).sqrt() } else { 0.0 };
        let bits = speed.to_bits() as i32;
        fastest = if bits > fastest { bits } else { fastest };
        let bits = depth.to_bits() as i32;
        lowest = if bits < lowest { bits } else { lowest };
    }
    (fastest, lowest)
}

dispatch! {
    /// Advances one band by one step.
    step = step_generic(o: &Old<'_>, b: &mut Band<'_>, c: &Coefficients)
}
