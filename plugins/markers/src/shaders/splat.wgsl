// Plain discs where a CPU draws: the middle of each disc is one bit in a plane of its level, planes are spread by the
// shape of the disc, and a pixel takes the highest level that reaches it. What a disc costs is one bit, not its pixels.
#import guanlan::marks::{wall, view, to_scene}

// Bits of a row beyond the picture on either side, and rows above and below it: discs reach in from there.
const EDGE_BITS: u32 = 32u;
const EDGE_ROWS: u32 = 16u;
const LEVELS: u32 = 5u;

fn size() -> vec2<u32> {
    return vec2<u32>(view.viewport.zw);
}

// Words of a row of the picture, 32 px each.
fn words() -> u32 {
    return (size().x + 31u) / 32u;
}

#ifdef SPREAD
struct Rows {
    count: u32,
    free_a: u32,
    free_b: u32,
    free_c: u32,
}

@group(1) @binding(0) var<storage, read> places: array<f32>;
@group(1) @binding(1) var<storage, read> states: array<u32>;
@group(2) @binding(0) var<storage, read_write> middles: array<atomic<u32>>;
@group(2) @binding(1) var<storage, read_write> cells: array<u32>;
@group(2) @binding(2) var<uniform> rows: Rows;

// Diameter of a disc, whole px.
fn diameter() -> i32 {
    return clamp(i32(wall.style.x * view.viewport.w / 1080.0 + 0.5), 1, 30);
}

fn plane(level: u32) -> u32 {
    return level * (size().y + 2u * EDGE_ROWS) * (words() + 2u);
}

@compute @workgroup_size(64)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if row >= rows.count {
        return;
    }
    let state = (states[row >> 2u] >> ((row & 3u) * 8u)) & 255u;
    let place = to_scene(vec3<f32>(places[row * 3u], places[row * 3u + 1u], places[row * 3u + 2u]));
    let clip = view.clip_from_world * vec4<f32>(place, 1.0);
    let ndc = clip.xy / max(clip.w, 1e-3);
    let at = vec2<f32>(ndc.x * 0.5 + 0.5, 0.5 - ndc.y * 0.5) * view.viewport.zw;
    // Discs of even width have their middle between pixels.
    let half = select(0.0, 0.5, (diameter() & 1) == 0);
    let low = vec2<f32>(-16.0);
    if (state & 128u) != 0u || clip.w < 1.0 || any(at < low) || any(at > view.viewport.zw + 15.0) {
        return;
    }
    let bit = vec2<u32>(vec2<i32>(floor(at + half)) + vec2<i32>(i32(EDGE_BITS), i32(EDGE_ROWS)));
    let word = plane(min(state & 7u, LEVELS - 1u)) + bit.y * (words() + 2u) + (bit.x >> 5u);
    atomicOr(&middles[word], 1u << (bit.x & 31u));
}

// The pixels of a word that a level reaches.
fn reached(level: u32, word: u32, y: u32, wide: i32) -> u32 {
    let across = words() + 2u;
    let even = (wide & 1) == 0;
    let r = f32(wide) * 0.5;
    let low = -(wide / 2);
    let high = select(wide / 2, wide / 2 - 1, even);
    var mask = 0u;
    for (var oy = low; oy <= high; oy = oy + 1) {
        let dy = f32(oy) + select(0.0, 0.5, even);
        let half = sqrt(max(r * r - dy * dy, 0.0));
        let n = i32(floor(half + select(0.0, 0.5, even)));
        let last = select(n, n - 1, even);
        let row = plane(level) + u32(i32(y + EDGE_ROWS) - oy) * across + word + 1u;
        let before = atomicLoad(&middles[row - 1u]);
        let here = atomicLoad(&middles[row]);
        let after = atomicLoad(&middles[row + 1u]);
        mask = mask | here;
        for (var o = 1; o <= n; o = o + 1) {
            let s = u32(o);
            // To the left as far as the shape goes, to the right one less where it is even.
            mask = mask | (here >> s) | (after << (32u - s));
            if o <= last {
                mask = mask | (here << s) | (before >> (32u - s));
            }
        }
    }
    return mask;
}

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3<u32>) {
    let across = words();
    let y = id.x / across;
    let word = id.x % across;
    if y >= size().y {
        return;
    }
    let wide = diameter();
    // Three bits for each pixel: one more than its level, 0 where there is none.
    var bits = vec3<u32>(0u);
    for (var level = 0u; level < LEVELS; level = level + 1u) {
        let mask = reached(level, word, y, wide);
        let value = level + 1u;
        bits = bits & vec3<u32>(~mask);
        bits = bits | select(vec3<u32>(0u), vec3<u32>(mask), vec3<bool>((value & 1u) != 0u, (value & 2u) != 0u, (value & 4u) != 0u));
    }
    for (var q = 0u; q < 4u; q = q + 1u) {
        var packed = 0u;
        for (var j = 0u; j < 8u; j = j + 1u) {
            let one = (bits >> vec3<u32>(q * 8u + j)) & vec3<u32>(1u);
            packed = packed | ((one.x | (one.y << 1u) | (one.z << 2u)) << (4u * j));
        }
        cells[id.x * 4u + q] = packed;
    }
}
#else
@group(2) @binding(1) var<storage, read> cells: array<u32>;

@vertex
fn everywhere(@builtin(vertex_index) vertex: u32) -> @builtin(position) vec4<f32> {
    let x = select(-1.0, 3.0, vertex == 1u);
    let y = select(-1.0, 3.0, vertex == 2u);
    // Behind everything that stands above plain discs.
    return vec4<f32>(x, y, 0.01, 1.0);
}

@fragment
fn shown(@builtin(position) clip: vec4<f32>) -> @location(0) vec4<f32> {
    let at = vec2<u32>(clip.xy - view.viewport.xy);
    let cell = cells[(at.y * words()) * 4u + (at.x >> 3u)];
    let value = (cell >> (4u * (at.x & 7u))) & 7u;
    if value == 0u {
        discard;
    }
    return vec4<f32>(wall.levels[value - 1u].rgb, 1.0);
}
#endif
