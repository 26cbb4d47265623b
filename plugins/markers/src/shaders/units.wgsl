// Crews: wedges that point where they drive, between their last two fixes.
#import guanlan::marks::{wall, view, to_scene, unit_px, corner, widened, ordered, left_of, nowhere, over, finished}

// Two words of four: from and when, to and when.
@group(1) @binding(0) var<storage, read> motions: array<vec4<u32>>;
// Status 0–3, selected 4, course in 65 536ths of a turn 16–31.
@group(1) @binding(1) var<storage, read> states: array<u32>;
@group(1) @binding(3) var<storage, read> ids: array<u32>;

struct Unit {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    // Where it heads on the screen.
    @location(1) @interpolate(flat) way: vec2<f32>,
    @location(2) @interpolate(flat) bits: u32,
    @location(3) @interpolate(flat) one: f32,
}

struct Disc {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) one: f32,
}

fn row_of(vertex: u32) -> u32 {
#ifdef LISTED
    return ids[vertex / 3u];
#else
    return vertex / 3u;
#endif
}

// Where it is shown and the way it goes, level.
fn shown(row: u32, place: ptr<function, vec3<f32>>, way: ptr<function, vec2<f32>>) {
    let a = motions[row * 2u];
    let b = motions[row * 2u + 1u];
    let begin = bitcast<vec3<f32>>(a.xyz);
    let end = bitcast<vec3<f32>>(b.xyz);
    let span = b.w - a.w;
    let t = select(1.0, clamp(f32(wall.now_ms - a.w) / f32(max(span, 1u)), 0.0, 1.0), span > 0u);
    *place = mix(begin, end, t);
    *way = end.xy - begin.xy;
}

@vertex
fn unit_vertex(@builtin(vertex_index) vertex: u32) -> Unit {
    var out: Unit;
    let row = row_of(vertex);
    let bits = states[row];
    let selected = (bits & 16u) != 0u;
    let free = (bits & 15u) == 0u;
    var place: vec3<f32>;
    var way: vec2<f32>;
    shown(row, &place, &way);
    // Who stands keeps the course of the last fix.
    if dot(way, way) < 0.25 {
        let turn = f32(bits >> 16u) / 65536.0 * 6.2831853;
        way = vec2<f32>(sin(turn), cos(turn));
    }
    let unit = unit_px();
    let clip = view.clip_from_world * vec4<f32>(to_scene(place), 1.0);
    var px = select(select(22.0, 17.6, free), 26.4, selected) * unit;
    var left = 1.0;
    if free && !selected {
        left = left_of(to_scene(place));
        px = clamp(px * 1500.0 / max(clip.w, 1.0), 9.0 * unit, px) * left;
    }
    let radius = px * 0.5;
    let level_way = normalize(way) * 5.0;
    let ahead = view.clip_from_world * vec4<f32>(to_scene(place + vec3<f32>(level_way, 0.0)), 1.0);
    out.way = normalize((ahead.xy / max(ahead.w, 1e-3) - clip.xy / max(clip.w, 1e-3)) * view.viewport.zw + vec2<f32>(0.0, 1e-5));
    out.bits = bits;
    out.one = 1.0 / max(radius, 0.5);
    out.at = corner(vertex % 3u) * select(1.25, 1.62, selected);
    out.clip = widened(ordered(clip, select(select(8u, 7u, free), 9u, selected)), out.at, radius);
    if clip.w < 1.0 || left < 0.25 {
        out.clip = nowhere();
    }
    return out;
}

@fragment
fn unit_fragment(in: Unit) -> @location(0) vec4<f32> {
    let p = in.at;
    let one = in.one;
    var color = vec4<f32>(0.0);
    if (in.bits & 16u) != 0u {
        color = over(color, wall.accent.rgb, 1.0 - smoothstep(1.0 * one, 2.2 * one, abs(length(p) - 1.42)));
    }
    let status = in.bits & 15u;
    let q = vec2<f32>(dot(p, vec2<f32>(in.way.y, -in.way.x)), dot(p, in.way));
    // A wedge: triangle with a notch at the tail.
    let side = dot(vec2<f32>(abs(q.x), q.y), vec2<f32>(0.91, 0.41)) - 0.40;
    let notch = -(q.y + 0.78) - abs(q.x) * 0.45;
    let wedge = max(side, notch);
    var fill = mix(wall.disc.rgb, wall.busy.rgb, 0.42);
    if status == 1u || status == 2u { fill = wall.accent.rgb; }
    if status == 3u { fill = wall.busy.rgb; }
    if status == 5u { fill = wall.stale.rgb * 0.6; }
    color = over(color, wall.disc.rgb, 0.85 * (1.0 - smoothstep(-0.5 * one, 0.8 * one, wedge - 2.2 * one)));
    color = over(color, fill, 1.0 - smoothstep(-0.6 * one, 0.6 * one, wedge));
    let quiet = select(1.0, 0.72, status == 0u || status == 5u);
    return finished(color, wall.strength.z * quiet);
}

@vertex
fn disc_vertex(@builtin(vertex_index) vertex: u32) -> Disc {
    var out: Disc;
    var place: vec3<f32>;
    var way: vec2<f32>;
    shown(row_of(vertex), &place, &way);
    let radius = max(wall.style.y * view.viewport.w / 1080.0, 1.0) * 0.5;
    let clip = view.clip_from_world * vec4<f32>(to_scene(place), 1.0);
    out.one = 1.0 / max(radius, 0.5);
    out.at = corner(vertex % 3u) * (1.0 + out.one);
    out.clip = widened(ordered(clip, 8u), corner(vertex % 3u), radius + 1.0);
    if clip.w < 1.0 {
        out.clip = nowhere();
    }
    return out;
}

@fragment
fn disc_fragment(in: Disc) -> @location(0) vec4<f32> {
    let ink = 1.0 - smoothstep(1.0 - 0.6 * in.one, 1.0 + 0.6 * in.one, length(in.at));
    return finished(vec4<f32>(wall.busy.rgb, ink), wall.strength.z);
}
