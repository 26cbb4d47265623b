// Sensors: quiet ones and plain discs as dots, warning ones as shapes.
#import guanlan::marks::{wall, view, to_scene, unit_px, corner, widened, ordered, left_of, nowhere, shape, over, breath, finished}

// East, north, height.
@group(1) @binding(0) var<storage, read> places: array<f32>;
// Four marks in a word: level 0–2, quality 3–4, breathes 5, selected 6, hidden 7.
@group(1) @binding(1) var<storage, read> states: array<u32>;
// Two steps in a word.
@group(1) @binding(2) var<storage, read> seen: array<u32>;
@group(1) @binding(3) var<storage, read> ids: array<u32>;

// A dot lies in one plane before the eye: its coordinates need no perspective.
struct Dot {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(linear) at: vec2<f32>,
    @location(1) @interpolate(flat) color: vec4<f32>,
#ifndef CRISP
    // One pixel in units of the mark.
    @location(2) @interpolate(flat) one: f32,
#endif
}

struct Mark {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) bits: u32,
    @location(2) @interpolate(flat) one: f32,
    @location(3) @interpolate(flat) faded: f32,
}

fn row_of(vertex: u32) -> u32 {
#ifdef LISTED
    return ids[vertex / 3u];
#else
    return vertex / 3u;
#endif
}

fn place_of(row: u32) -> vec3<f32> {
    return to_scene(vec3<f32>(places[row * 3u], places[row * 3u + 1u], places[row * 3u + 2u]));
}

fn state_of(row: u32) -> u32 {
    return (states[row >> 2u] >> ((row & 3u) * 8u)) & 255u;
}

// How much of a mark is left after it was silent for a while.
fn fresh(row: u32) -> f32 {
    // Without branches, as `common.wgsl` says.
    let heard = (seen[row >> 1u] >> ((row & 1u) * 16u)) & 65535u;
    let age_s = f32((max(wall.seen_now, heard) - heard) * wall.seen_step_s);
    let faded = select(mix(1.0, 0.45, smoothstep(wall.style.z, wall.style.w, age_s)), 0.55, heard == 0u);
    return select(faded, 1.0, wall.seen_now == 0u);
}

// A quiet mark shrinks a little with distance.
@vertex
fn dot_vertex(@builtin(vertex_index) vertex: u32) -> Dot {
    var out: Dot;
    let row = row_of(vertex);
    let state = state_of(row);
    let level = state & 7u;
    let unit = unit_px();
    let place = place_of(row);
    let clip = view.clip_from_world * vec4<f32>(place, 1.0);
#ifdef DISCS
    let px = max(wall.style.x * view.viewport.w / 1080.0, 1.0);
    out.color = vec4<f32>(wall.levels[level].rgb, fresh(row));
    let rank = level;
#else
    let quality = (state >> 3u) & 3u;
    let far = 900.0 / max(clip.w, 1.0);
    let full = select(6.0, 8.0, quality != 0u) * unit;
    let px = clamp(full * far, 2.6 * unit, full);
    let tint = select(wall.levels[0].rgb, wall.stale.rgb, quality != 0u);
    out.color = vec4<f32>(tint, 0.62 * fresh(row) * select(1.0, 0.75, quality == 3u));
    let rank = 0u;
#endif
    let radius = px * 0.5;
#ifdef CRISP
    let rim = 0.1;
#else
    let rim = 0.6;
#endif
    let one = 1.0 / max(radius, 0.5);
#ifndef CRISP
    out.one = one;
#endif
    out.at = corner(vertex % 3u) * (1.0 + rim * one);
    out.clip = widened(ordered(clip, rank), corner(vertex % 3u), radius + rim);
    var hidden = (state & 128u) != 0u || clip.w < 1.0;
#ifndef DISCS
    // Loud ones are drawn as shapes.
    hidden = hidden || (state & 71u) != 0u || left_of(place) < 0.25;
#endif
    if hidden {
        out.clip = nowhere();
    }
    return out;
}

@fragment
fn dot_fragment(in: Dot) -> @location(0) vec4<f32> {
#ifdef CRISP
    // Where a CPU draws: whole pixels, nothing to blend.
    if dot(in.at, in.at) > 1.0 {
        discard;
    }
    return vec4<f32>(in.color.rgb, 1.0);
#else
    let r = length(in.at);
    let ink = 1.0 - smoothstep(1.0 - 0.6 * in.one, 1.0 + 0.6 * in.one, r);
    if ink < 0.02 {
        discard;
    }
    return vec4<f32>(in.color.rgb, in.color.a * ink * wall.strength.x);
#endif
}

@vertex
fn mark_vertex(@builtin(vertex_index) vertex: u32) -> Mark {
    var out: Mark;
    let row = row_of(vertex);
    let bits = state_of(row);
    let level = bits & 7u;
    let selected = (bits & 64u) != 0u;
    let breathes = (bits & 32u) != 0u;
    // 15, 17, 19, 23 px from blue to red.
    var px = select(13.0 + 2.0 * f32(level), 23.0, level == 4u);
    px = select(px, 8.0, level == 0u);
    px = select(px, max(px, 16.0), selected) * unit_px();
    let reach = select(select(1.28, 1.62, selected), 1.8, breathes);
    let radius = px * 0.5;
    let clip = view.clip_from_world * vec4<f32>(place_of(row), 1.0);
    out.bits = bits;
    out.one = 1.0 / max(radius, 0.5);
    out.faded = fresh(row);
    out.at = corner(vertex % 3u) * reach;
    out.clip = widened(ordered(clip, select(level + 1u, 6u, selected)), out.at, radius);
    if (bits & 128u) != 0u || clip.w < 1.0 {
        out.clip = nowhere();
    }
    return out;
}

@fragment
fn mark_fragment(in: Mark) -> @location(0) vec4<f32> {
    let level = in.bits & 7u;
    let quality = (in.bits >> 3u) & 3u;
    let p = in.at;
    let one = in.one;
    let r = length(p);
    var color = vec4<f32>(0.0);
    if (in.bits & 64u) != 0u {
        color = over(color, wall.accent.rgb, 1.0 - smoothstep(1.0 * one, 2.2 * one, abs(r - 1.42)));
    }
    let hatch = step(0.5, fract((p.x + p.y) * 1.6 + 0.25));
    if level == 0u {
        if quality == 3u {
            let ring = 1.0 - smoothstep(0.6 * one, 1.3 * one, abs(r - 0.75));
            return finished(over(color, wall.stale.rgb, 0.85 * ring), wall.strength.x);
        }
        let ink = 1.0 - smoothstep(-0.6 * one, 0.8 * one, r - 0.72);
        let tint = select(wall.levels[0].rgb, wall.stale.rgb, quality != 0u);
        let full = select(0.75, mix(0.25, 0.85, hatch), quality != 0u);
        return finished(over(color, tint, ink * full), wall.strength.x);
    }
    let level_color = wall.levels[min(level, 4u)].rgb;
    var breathing = 1.0;
    if (in.bits & 32u) != 0u {
        breathing = breath();
        let wave = 1.0 + 0.55 * (1.0 - breathing);
        color = over(color, level_color, 0.55 * breathing * (1.0 - smoothstep(1.0, wave + 0.1, r)));
    }
    let outer = shape(level, p, 0.98);
    color = over(color, wall.rim.rgb, 0.92 * (1.0 - smoothstep(-0.6 * one, 0.6 * one, outer)));
    // A mark of a few pixels has no room for a dark ring inside its rim: it would be all rim.
    let small = one > 0.205;
    let rim = select(max(1.2 * one, 0.10), 0.16, small);
    color = over(color, wall.disc.rgb, 1.0 - smoothstep(-0.6 * one, 0.6 * one, outer + rim));
    let core = outer + select(max(2.2 * one, 0.22), 0.16, small);
    var fill = 1.0 - smoothstep(-0.6 * one, 0.6 * one, core);
    if quality == 3u {
        fill = fill * smoothstep(-0.6 * one, 0.6 * one, core + max(1.5 * one, 0.16));
    } else if quality != 0u {
        fill = fill * mix(0.35, 1.0, hatch);
    }
    color = over(color, level_color * mix(0.7, 1.0, breathing), fill);
    return finished(color, wall.strength.x * in.faded);
}
