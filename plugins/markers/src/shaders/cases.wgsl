// Case pins: a stem on the ground, a head with the elapsed share of the allowed time around the level's shape.
#import guanlan::marks::{wall, view, to_scene, unit_px, corner, widened, ordered, nowhere, shape, over, breath, finished}

// East, north, height of the ground, height of the pin.
@group(1) @binding(0) var<storage, read> places: array<vec4<f32>>;
// Level 0–2, overdue 3, breathes 4, selected 5, elapsed share 8–15.
@group(1) @binding(1) var<storage, read> states: array<u32>;
@group(1) @binding(3) var<storage, read> ids: array<u32>;

struct Pin {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) bits: u32,
    @location(2) @interpolate(flat) one: f32,
}

struct Stem {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) color: vec3<f32>,
}

fn row_at(k: u32) -> u32 {
#ifdef LISTED
    return ids[k];
#else
    return k;
#endif
}

@vertex
fn stem_vertex(@builtin(vertex_index) vertex: u32) -> Stem {
    var out: Stem;
    let row = row_at(vertex / 3u);
    let place = places[row];
    let bits = states[row];
    let k = vertex % 3u;
    // A narrow triangle that stands on its point.
    let height = select(place.w, 0.0, k == 2u);
    let clip = view.clip_from_world * vec4<f32>(to_scene(vec3<f32>(place.xy, place.z + height)), 1.0);
    let wide = max(1.5 * unit_px(), 1.2);
    let aside = select(select(-1.0, 1.0, k == 1u), 0.0, k == 2u);
    out.color = mix(wall.rim.rgb, wall.levels[min(bits & 7u, 4u)].rgb, 0.35);
    out.clip = widened(ordered(clip, 10u), vec2<f32>(aside, 0.0), wide);
    if clip.w < 1.0 || place.w <= 0.0 {
        out.clip = nowhere();
    }
    return out;
}

@fragment
fn stem_fragment(in: Stem) -> @location(0) vec4<f32> {
    return vec4<f32>(in.color, 0.6 * wall.strength.y);
}

@vertex
fn pin_vertex(@builtin(vertex_index) vertex: u32) -> Pin {
    var out: Pin;
    let row = row_at(vertex / 3u);
    let place = places[row];
    let bits = states[row];
    let selected = (bits & 32u) != 0u;
    let overdue = (bits & 8u) != 0u;
    let level = bits & 7u;
    let px = 34.0 * select(1.0, 1.25, selected) * unit_px();
    let radius = px * 0.5;
    let clip = view.clip_from_world * vec4<f32>(to_scene(vec3<f32>(place.xy, place.z + place.w)), 1.0);
    out.bits = bits;
    out.one = 1.0 / max(radius, 0.5);
    out.at = corner(vertex % 3u) * select(select(1.06, 1.70, overdue), 1.70, selected);
    out.clip = widened(ordered(clip, select(11u + level / 2u, 14u, selected)), out.at, radius);
    if clip.w < 1.0 {
        out.clip = nowhere();
    }
    return out;
}

@fragment
fn pin_fragment(in: Pin) -> @location(0) vec4<f32> {
    let level = in.bits & 7u;
    let level_color = wall.levels[min(level, 4u)].rgb;
    let p = in.at;
    let one = in.one;
    let r = length(p);
    var color = vec4<f32>(0.0);
    if (in.bits & 32u) != 0u {
        color = over(color, wall.accent.rgb, 1.0 - smoothstep(1.0 * one, 2.2 * one, abs(r - 1.42)));
    }
    // Halo of an overdue case.
    if (in.bits & 8u) != 0u {
        let halo = 1.0 - smoothstep(0.95, 1.65, r);
        color = over(color, level_color, 0.42 * halo);
        color = over(color, wall.levels[4].rgb, 0.95 * (1.0 - smoothstep(0.8 * one, 1.8 * one, abs(r - 1.25))));
    }
    color = over(color, wall.disc.rgb, 0.94 * (1.0 - smoothstep(-0.6 * one, 0.6 * one, r - 1.0)));
    // Ring: elapsed of allowed time, clockwise from the top.
    let angle = atan2(p.x, p.y) / 6.2831853;
    let turn = select(angle, angle + 1.0, angle < 0.0);
    let band = 1.0 - smoothstep(0.11, 0.11 + 1.2 * one, abs(r - 0.84));
    let done = step(turn, f32((in.bits >> 8u) & 255u) / 255.0);
    color = over(color, mix(wall.stale.rgb * 0.45, wall.rim.rgb, done), band * mix(0.75, 1.0, done));
    let core = shape(level, p, 0.52);
    let glow = select(1.0, mix(0.55, 1.0, breath()), (in.bits & 16u) != 0u);
    color = over(color, level_color * glow, 1.0 - smoothstep(-0.7 * one, 0.7 * one, core));
    return finished(color, wall.strength.y);
}
