// Kernel A, the local inertial scheme, one step as a chain of dispatches:
//
//   list    tiles that hold water or have a neighbour that does
//   control the step's length from the highest depth and speed, and how many tiles to dispatch
//   faces   raw discharge over west and south faces                       (active tiles)
//   crests  weirs in place of plain faces                                 (sparse list)
//   shares  donor limiter: the share of its outflow each cell can afford  (active tiles)
//   apply   limited transfers, new depths                                 (active tiles)
//   edges   open edges, held levels, hydrographs, stages                  (sparse list)
//
// Depths are fixed-point, 64 bits in units of 2^-48 m (x low, y high word): a transfer is one integer that one
// cell loses and the other gains, so no water is created or lost however a driver orders, fuses or approximates
// floating-point arithmetic. `depth` holds the same rounded to f32, for the scheme and for whoever draws it.

struct Params {
    stride: u32, cols: u32, rows: u32, tiles_x: u32,
    tiles_y: u32, edge_count: u32, crest_count: u32, watch_count: u32,
    cell_m: f32, theta: f32, side: f32, depth_min: f32,
    across: f32, froude: f32, alpha: f32, beta: f32,
    dt_max: f32, dt_max_rain: f32, spare_0: f32, spare_1: f32,
}

struct Control {
    left_s: f32,
    raining: u32,
    deepest: atomic<u32>,
    fastest: atomic<u32>,
    dt_s: f32,
    elapsed_s: f32,
    steps: u32,
    found: atomic<u32>,
    listed: u32,
    tiles_low: u32,
    tiles_high: u32,
    overdrawn: atomic<u32>,
}

// A cell on an edge or under a boundary condition.
struct Edge {
    cell: u32,
    flags: u32,
    slope: f32,
    held_m: f32,
    flow_m_s: f32,
    flow_m_s2: f32,
    level_m: f32,
    level_m_s: f32,
}

struct Rain {
    // Runoff of each class in fixed-point, two classes a vector.
    runoff: array<vec4<u32>, 3>,
    // Capacity to take ponded water, m: classes 0-3, 4-5.
    capacity: array<vec4<f32>, 2>,
    // Green-Ampt: conductivity times the interval, m; suction times deficit, m.
    ampt_k: array<vec4<f32>, 2>,
    ampt_g: array<vec4<f32>, 2>,
}

@group(0) @binding(0) var<uniform> P: Params;
@group(0) @binding(1) var<storage, read_write> control: Control;
@group(0) @binding(2) var<storage, read_write> args: array<u32, 4>;
@group(0) @binding(3) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(4) var<storage, read_write> tiles: array<u32>;
@group(0) @binding(5) var<storage, read_write> depth: array<f32>;
@group(0) @binding(6) var<storage, read> ground: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read_write> flow: array<vec2<f32>>;
@group(0) @binding(8) var<storage, read_write> raw: array<vec2<f32>>;
@group(0) @binding(9) var<storage, read_write> share: array<f32>;
@group(0) @binding(10) var<storage, read_write> water: array<vec2<u32>>;
@group(0) @binding(11) var<storage, read> edge_list: array<Edge>;
@group(0) @binding(12) var<storage, read_write> edge_books: array<vec4<u32>>;
@group(0) @binding(13) var<storage, read> crest_list: array<vec2<u32>>;
@group(0) @binding(14) var<uniform> rain: Rain;
@group(0) @binding(15) var<storage, read> cover: array<u32>;
@group(0) @binding(16) var<storage, read> fell: array<f32>;
@group(0) @binding(17) var<storage, read_write> soaked: array<vec2<u32>>;
@group(0) @binding(18) var<storage, read_write> sums: array<vec4<u32>>;
@group(0) @binding(19) var<storage, read> watch: array<u32>;
@group(0) @binding(20) var<storage, read_write> watched: array<vec2<u32>>;
@group(0) @binding(21) var<storage, read> changes: array<vec4<u32>>;

const G: f32 = 9.81;
// Share of a cell's water that may leave in one step; the rest covers rounding.
const KEEP: f32 = 0.999996;
const TILE_X: u32 = 32u;
const TILE_Y: u32 = 8u;
// Most workgroups in one dimension of a dispatch, as the host splits them.
const ROW_OF_GROUPS: u32 = 32768u;

// ---- Fixed-point ---------------------------------------------------------------------------------------

// The units of a positive f32, cut towards zero.
fn to_fixed(v: f32) -> vec2<u32> {
    let bits = bitcast<u32>(v);
    let exponent = i32((bits >> 23u) & 255u);
    if exponent == 0 || (bits >> 31u) != 0u { return vec2(0u, 0u); }
    let m = (bits & 0x7fffffu) | 0x800000u;
    // v = m 2^(exponent - 150).
    let up = exponent - 102;
    if up <= -24 { return vec2(0u, 0u); }
    if up <= 0 { return vec2(m >> u32(-up), 0u); }
    if up <= 8 { return vec2(m << u32(up), 0u); }
    if up < 32 { return vec2(m << u32(up), m >> u32(32 - up)); }
    // More than 2^15 m of water is no depth: held there.
    return vec2(0u, m << u32(min(up - 32, 7)));
}

fn from_fixed(v: vec2<u32>) -> f32 {
    return f32(v.y) * 1.52587890625e-5 + f32(v.x) * 3.5527136788005009e-15;
}

fn add(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    let low = a.x + b.x;
    return vec2(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn sub(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    return vec2(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn less(a: vec2<u32>, b: vec2<u32>) -> bool {
    return a.y < b.y || (a.y == b.y && a.x < b.x);
}

fn least(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
    if less(a, b) { return a; }
    return b;
}

// Adds a transfer of either sign.
fn gain(v: vec2<u32>, t: f32) -> vec2<u32> {
    if t < 0.0 { return sub(v, to_fixed(-t)); }
    return add(v, to_fixed(t));
}

// A count below 65536 times a number of units.
fn times(v: vec2<u32>, n: u32) -> vec2<u32> {
    let p0 = (v.x & 0xffffu) * n;
    let p1 = (v.x >> 16u) * n + (p0 >> 16u);
    return vec2((p1 << 16u) | (p0 & 0xffffu), v.y * n + (p1 >> 16u));
}

// ---- Tiles ---------------------------------------------------------------------------------------------

fn group_index(id: vec3<u32>) -> u32 {
    return id.x + id.y * ROW_OF_GROUPS;
}

// Padded index of a cell of a tile; the flag is false outside the raster.
struct Place { at: u32, inside: bool }

fn place(tile: u32, local: vec3<u32>) -> Place {
    let col = (tile % P.tiles_x) * TILE_X + local.x;
    let row = (tile / P.tiles_x) * TILE_Y + local.y;
    return Place((row + 1u) * P.stride + col + 1u, col < P.cols && row < P.rows);
}

fn tile_of(at: u32) -> u32 {
    let row = at / P.stride - 1u;
    let col = at % P.stride - 1u;
    return (row / TILE_Y) * P.tiles_x + col / TILE_X;
}

// The depth of a cell was changed between two steps.
fn touch(at: u32, v: vec2<u32>) {
    water[at] = v;
    let h = from_fixed(v);
    depth[at] = h;
    if h > P.depth_min {
        atomicOr(&flags[tile_of(at)], 1u);
        atomicMax(&control.deepest, bitcast<u32>(h));
    }
}

@compute @workgroup_size(64)
fn list(@builtin(global_invocation_id) id: vec3<u32>) {
    let tile = id.x;
    if tile >= P.tiles_x * P.tiles_y { return; }
    let x = tile % P.tiles_x;
    let y = tile / P.tiles_x;
    var any = 0u;
    for (var v = max(y, 1u) - 1u; v <= min(y + 1u, P.tiles_y - 1u); v++) {
        for (var u = max(x, 1u) - 1u; u <= min(x + 1u, P.tiles_x - 1u); u++) {
            any |= atomicLoad(&flags[v * P.tiles_x + u]);
        }
    }
    if any != 0u {
        tiles[atomicAdd(&control.found, 1u)] = tile;
    }
}

@compute @workgroup_size(1)
fn start_step() {
    let found = atomicLoad(&control.found);
    atomicStore(&control.found, 0u);
    let left = control.left_s;
    if left <= 0.0 {
        control.dt_s = 0.0;
        control.listed = 0u;
        args[0] = 0u; args[1] = 0u; args[2] = 1u;
        return;
    }
    let deepest = max(bitcast<f32>(atomicLoad(&control.deepest)), P.depth_min);
    let fastest = bitcast<f32>(atomicLoad(&control.fastest));
    atomicStore(&control.deepest, 0u);
    atomicStore(&control.fastest, 0u);
    var dt = min(P.alpha * P.cell_m / sqrt(G * deepest), P.dt_max);
    if control.raining != 0u {
        dt = min(dt, P.dt_max_rain);
        if fastest > 0.0 { dt = min(dt, P.beta * P.cell_m / (1.6666667 * fastest)); }
    }
    // The last steps before a stop are made equal instead of leaving a sliver.
    if dt >= left {
        dt = left;
        control.left_s = 0.0;
    } else {
        dt = left / ceil(left / dt);
        control.left_s = left - dt;
    }
    control.dt_s = dt;
    control.elapsed_s += dt;
    control.steps += 1u;
    control.listed = found;
    let before = control.tiles_low;
    control.tiles_low = before + found;
    if control.tiles_low < before { control.tiles_high += 1u; }
    args[0] = min(found, ROW_OF_GROUPS);
    args[1] = (found + ROW_OF_GROUPS - 1u) / ROW_OF_GROUPS;
    args[2] = 1u;
}

// ---- The scheme ----------------------------------------------------------------------------------------

// x^(-1/3) for positive normal x: a bit-level first guess and two Newton steps.
fn inverse_cube_root(x: f32) -> f32 {
    let third = i32(f32(bitcast<i32>(x)) * 0.33333334);
    var y = bitcast<f32>(0x54a2fa8c - third);
    let x3 = x * -0.33333334;
    y = y * (y * y * y * x3 + 1.3333334);
    return y * (y * y * y * x3 + 1.3333334);
}

// Depth over a face, its fall, and its new discharge and speed.
fn face(h: vec2<f32>, a: vec2<f32>, b: vec2<f32>, q_old: f32, around: f32, across: f32, dt: f32) -> vec2<f32> {
    let over = max(a.x + h.x, b.x + h.y) - max(a.x, b.x);
    if !(over > P.depth_min) { return vec2(0.0, 0.0); }
    let drop = (b.x - a.x) + (h.y - h.x);
    let other = P.across * across;
    let size = sqrt(q_old * q_old + other * other);
    let y = inverse_cube_root(over);
    let y3 = y * y * y;
    let rough = G * dt * 0.5 * (a.y + b.y) * size;
    let drag = 1.0 + rough * (y * y3 * y3);
    let begin = P.theta * q_old + P.side * around;
    var q = (begin - G * dt / P.cell_m * over * drop) / drag;
    let cap = P.froude * over * sqrt(G * over);
    q = clamp(q, -cap, cap);
    return vec2(q, abs(q) * y3);
}

var<workgroup> group_top: atomic<u32>;

@compute @workgroup_size(32, 8)
fn faces(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
         @builtin(local_invocation_index) lane: u32) {
    let k = group_index(group);
    var speed = 0.0;
    if k < control.listed {
        let p = place(tiles[k], local);
        if p.inside {
            let i = p.at;
            let s = P.stride;
            let dt = control.dt_s;
            let here = ground[i];
            let h = depth[i];
            let own = flow[i];
            let west = flow[i - 1u];
            let south = flow[i - s];
            let east = flow[i + 1u];
            let north = flow[i + s];
            let x = face(vec2(depth[i - 1u], h), ground[i - 1u], here, own.x, west.x + east.x,
                         (west.y + own.y) + (flow[i + s - 1u].y + north.y), dt);
            let y = face(vec2(depth[i - s], h), ground[i - s], here, own.y, south.y + north.y,
                         (south.x + flow[i - s + 1u].x) + (own.x + east.x), dt);
            // Stored as the depth that would change hands.
            raw[i] = vec2(x.x, y.x) * (dt / P.cell_m);
            speed = max(x.y, y.y);
        }
    }
    atomicMax(&group_top, bitcast<u32>(speed));
    workgroupBarrier();
    if lane == 0u {
        let top = atomicLoad(&group_top);
        if top != 0u { atomicMax(&control.fastest, top); }
    }
}

// A broad-crested weir on a face, drowned after Villemonte.
@compute @workgroup_size(64)
fn crests(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= P.crest_count || control.dt_s <= 0.0 { return; }
    let entry = crest_list[id.x];
    let i = entry.x & 0x7fffffffu;
    let top = bitcast<f32>(entry.y);
    let west = (entry.x >> 31u) != 0u;
    var j = i - P.stride;
    if west { j = i - 1u; }
    let z0 = ground[j].x;
    let z1 = ground[i].x;
    if top <= z0 || top <= z1 { return; }
    let above = max(vec2((z0 - top) + depth[j], (z1 - top) + depth[i]), vec2(0.0));
    let upper = max(above.x, above.y);
    let lower = min(above.x, above.y);
    var q = 0.0;
    if upper > P.depth_min {
        let ratio = lower / upper;
        let drowned = pow(max(1.0 - ratio * sqrt(ratio), 0.0), 0.385);
        let free = 0.54433105 * sqrt(G) * upper * sqrt(upper);
        let dt_dx = control.dt_s / P.cell_m;
        q = min(free * drowned, 0.25 / dt_dx * (upper - lower)) * dt_dx;
        if above.y > above.x { q = -q; }
    }
    if west { raw[i].x = q; } else { raw[i].y = q; }
}

@compute @workgroup_size(32, 8)
fn shares(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let k = group_index(group);
    if k >= control.listed { return; }
    let p = place(tiles[k], local);
    if !p.inside { return; }
    let i = p.at;
    let own = raw[i];
    let east = raw[i + 1u].x;
    let north = raw[i + P.stride].y;
    let out = (max(east, 0.0) + max(-own.x, 0.0)) + (max(north, 0.0) + max(-own.y, 0.0));
    let room = depth[i] * KEEP;
    share[i] = select(1.0, room / out, out > room);
}

@compute @workgroup_size(32, 8)
fn apply(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
         @builtin(local_invocation_index) lane: u32) {
    let k = group_index(group);
    let on = k < control.listed;
    var tile = 0u;
    if on { tile = tiles[k]; }
    let p = place(tile, local);
    var top = 0u;
    if on && p.inside {
        let i = p.at;
        let s = P.stride;
        let mine = share[i];
        let own = raw[i];
        let e = raw[i + 1u].x;
        let n = raw[i + s].y;
        // One multiplication, the same on both sides of a face.
        let tw = own.x * select(mine, share[i - 1u], own.x > 0.0);
        let ts = own.y * select(mine, share[i - s], own.y > 0.0);
        let te = e * select(share[i + 1u], mine, e > 0.0);
        let tn = n * select(share[i + s], mine, n > 0.0);
        let v = gain(gain(gain(gain(water[i], tw), -te), ts), -tn);
        if v.y >= 0x80000000u { atomicAdd(&control.overdrawn, 1u); }
        water[i] = v;
        let h = from_fixed(v);
        depth[i] = h;
        let per_s = P.cell_m / control.dt_s;
        flow[i] = vec2(tw, ts) * per_s;
        // Faces on the north and east edge belong to no cell of the raster.
        let col = i % s;
        if col == P.cols { flow[i + 1u].x = 0.0; }
        if i / s == P.rows { flow[i + s].y = 0.0; }
        top = bitcast<u32>(h);
    }
    atomicMax(&group_top, top);
    workgroupBarrier();
    if on && lane == 0u {
        let highest = atomicLoad(&group_top);
        let wet = bitcast<f32>(highest) > P.depth_min;
        // One step more after the last water, in which its flows come to rest.
        atomicStore(&flags[tile], ((atomicLoad(&flags[tile]) << 1u) & 2u) | select(0u, 1u, wet));
        atomicMax(&control.deepest, highest);
    }
}

// ---- Edges and boundaries ------------------------------------------------------------------------------

const OPEN: u32 = 1u;
const HELD: u32 = 2u;
const FLOW: u32 = 4u;
const LEVEL: u32 = 8u;
const CARRY_W: u32 = 16u;
const CARRY_E: u32 = 32u;
const CARRY_S: u32 = 64u;
const CARRY_N: u32 = 128u;

@compute @workgroup_size(64)
fn edges(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= P.edge_count { return; }
    let dt = control.dt_s;
    if dt <= 0.0 { return; }
    let edge = edge_list[id.x];
    let i = edge.cell;
    var v = water[i];
    var books = edge_books[id.x];
    if (edge.flags & OPEN) != 0u && depth[i] > P.depth_min {
        let d = from_fixed(v);
        let critical = d * sqrt(G * d);
        let n2 = ground[i].y;
        var q = critical;
        if n2 > 0.0 {
            let y = inverse_cube_root(d);
            q = min(d / (y * y) * sqrt(max(edge.slope, 0.0) / n2), critical);
        }
        let out = least(to_fixed(q * dt / P.cell_m), v);
        v = sub(v, out);
        books = vec4(add(books.xy, out), books.zw);
    }
    if (edge.flags & HELD) != 0u {
        let want = to_fixed(edge.held_m);
        if less(want, v) { books = vec4(add(books.xy, sub(v, want)), books.zw); }
        else { books = vec4(books.xy, add(books.zw, sub(want, v))); }
        v = want;
    }
    if (edge.flags & FLOW) != 0u {
        let rate = edge.flow_m_s + edge.flow_m_s2 * (control.elapsed_s - 0.5 * dt);
        let moved = to_fixed(abs(rate) * dt);
        if rate >= 0.0 {
            v = add(v, moved);
            books = vec4(books.xy, add(books.zw, moved));
        } else {
            let out = least(moved, v);
            v = sub(v, out);
            books = vec4(add(books.xy, out), books.zw);
        }
    }
    if (edge.flags & LEVEL) != 0u {
        let want = to_fixed(max(edge.level_m + edge.level_m_s * control.elapsed_s, 0.0));
        if less(want, v) { books = vec4(add(books.xy, sub(v, want)), books.zw); }
        else { books = vec4(books.xy, add(books.zw, sub(want, v))); }
        v = want;
    }
    edge_books[id.x] = books;
    touch(i, v);
    // Water runs through: a face on the edge carries what the face inside does.
    if (edge.flags & CARRY_W) != 0u { flow[i].x = flow[i + 1u].x; }
    if (edge.flags & CARRY_E) != 0u { flow[i + 1u].x = flow[i].x; }
    if (edge.flags & CARRY_S) != 0u { flow[i].y = flow[i + P.stride].y; }
    if (edge.flags & CARRY_N) != 0u { flow[i + P.stride].y = flow[i].y; }
}

// ---- Rain and soil -------------------------------------------------------------------------------------

fn class_of(word: u32) -> u32 { return word & 7u; }

// Rain of one series: cover is class (3 bits), own ground (1 bit), roof cells that drain here (from bit 4).
@compute @workgroup_size(32, 8)
fn rain_even(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let tile = group_index(group);
    if tile >= P.tiles_x * P.tiles_y { return; }
    let p = place(tile, local);
    if !p.inside { return; }
    let word = cover[p.at];
    let roofs = min(word >> 4u, 65535u);
    let k = class_of(word);
    let pair = rain.runoff[k / 2u];
    var came = vec2(0u, 0u);
    if (word & 8u) != 0u { came = select(pair.xy, pair.zw, (k & 1u) == 1u); }
    if roofs != 0u { came = add(came, times(rain.runoff[2].zw, roofs)); }
    if (came.x | came.y) != 0u { touch(p.at, add(water[p.at], came)); }
}

// Rain that differs from cell to cell, m.
@compute @workgroup_size(32, 8)
fn rain_cells(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
    let tile = group_index(group);
    if tile >= P.tiles_x * P.tiles_y { return; }
    let p = place(tile, local);
    if !p.inside { return; }
    let came = to_fixed(fell[p.at]);
    if (came.x | came.y) != 0u { touch(p.at, add(water[p.at], came)); }
}

// x - ln(1 + x), exact where the difference would lose its digits.
fn log_rest(x: f32) -> f32 {
    if x < 0.05 { return x * x * (0.5 - x * (0.33333334 - x * (0.25 - x * (0.2 - x * 0.16666667)))); }
    return x - log(1.0 + x);
}

// Depth that Green-Ampt soil takes from ponded water: d - g ln(1 + d / (f + g)) = k, f taken before.
fn green_ampt(f: f32, k: f32, g: f32) -> f32 {
    if k <= 0.0 { return 0.0; }
    if g <= 0.0 { return k; }
    let all = f + g;
    var d = k + sqrt(2.0 * g * k);
    for (var n = 0; n < 20; n++) {
        let miss = d * (f / all) + g * log_rest(d / all) - k;
        let step = miss * (all + d) / (f + d);
        d -= step;
        if abs(step) <= 1.0e-7 * d { break; }
    }
    return max(d, 0.0);
}

var<workgroup> sum_low: array<u32, 256>;
var<workgroup> sum_mid: array<u32, 256>;
var<workgroup> sum_high: array<u32, 256>;

// Sums 64-bit numbers of a workgroup into 96 bits.
fn sum_group(v: vec2<u32>, lane: u32) {
    sum_low[lane] = v.x;
    sum_mid[lane] = v.y;
    sum_high[lane] = 0u;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half = half >> 1u) {
        if lane < half {
            let low = sum_low[lane] + sum_low[lane + half];
            let carry = select(0u, 1u, low < sum_low[lane]);
            let part = sum_mid[lane] + sum_mid[lane + half];
            let over = select(0u, 1u, part < sum_mid[lane]);
            let mid = part + carry;
            sum_low[lane] = low;
            sum_mid[lane] = mid;
            sum_high[lane] = sum_high[lane] + sum_high[lane + half] + over + select(0u, 1u, mid < part);
        }
        workgroupBarrier();
    }
}

// Soils take ponded water; each tile adds what went to its books.
@compute @workgroup_size(32, 8)
fn soak(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) lane: u32) {
    let tile = group_index(group);
    let on = tile < P.tiles_x * P.tiles_y;
    let p = place(tile, local);
    var taken = vec2(0u, 0u);
    if on && p.inside && (cover[p.at] & 8u) != 0u {
        let v = water[p.at];
        if (v.x | v.y) != 0u {
            let k = class_of(cover[p.at]);
            taken = to_fixed(rain.capacity[k / 4u][k % 4u]);
            let ampt = rain.ampt_k[k / 4u][k % 4u];
            if ampt > 0.0 {
                let before = soaked[p.at];
                taken = add(taken, to_fixed(green_ampt(from_fixed(before), ampt, rain.ampt_g[k / 4u][k % 4u])));
                taken = least(taken, v);
                soaked[p.at] = add(before, taken);
            }
            taken = least(taken, v);
            let rest = sub(v, taken);
            water[p.at] = rest;
            depth[p.at] = from_fixed(rest);
        }
    }
    sum_group(taken, lane);
    if on && lane == 0u {
        let old = sums[tile];
        let low = old.x + sum_low[0];
        let carry = select(0u, 1u, low < old.x);
        let part = old.y + sum_mid[0];
        let over = select(0u, 1u, part < old.y);
        let mid = part + carry;
        sums[tile] = vec4(low, mid, old.z + sum_high[0] + over + select(0u, 1u, mid < part), 0u);
    }
}

// Water held by each tile.
@compute @workgroup_size(32, 8)
fn stored(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
          @builtin(local_invocation_index) lane: u32) {
    let tile = group_index(group);
    let on = tile < P.tiles_x * P.tiles_y;
    let p = place(tile, local);
    var v = vec2(0u, 0u);
    if on && p.inside { v = water[p.at]; }
    sum_group(v, lane);
    if on && lane == 0u {
        sums[tile] = vec4(sum_low[0], sum_mid[0], sum_high[0], 0u);
    }
}

// ---- Single cells --------------------------------------------------------------------------------------

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x < P.watch_count { watched[id.x] = water[watch[id.x]]; }
}

// x: cell; y, z: what it gains, two's complement; w: how many changes there are.
@compute @workgroup_size(64)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= changes[0].w { return; }
    let change = changes[id.x];
    touch(change.x, add(water[change.x], change.yz));
}
