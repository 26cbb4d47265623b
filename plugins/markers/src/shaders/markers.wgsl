// Markers of constant size on the screen; level by shape and colour, quality by texture.
#import bevy_pbr::mesh_view_bindings::{view, globals}

struct Paint {
    levels: array<vec4<f32>, 5>,
    stale: vec4<f32>,
    disc: vec4<f32>,
    rim: vec4<f32>,
    accent: vec4<f32>,
    unit: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> paint: Paint;

struct Out {
    @builtin(position) clip: vec4<f32>,
    // Place in the mark, −1..1, and half its size in px.
    @location(0) at: vec3<f32>,
    @location(1) state: vec4<f32>,
    @location(2) @interpolate(flat) bits: u32,
}

const KIND_CASE: u32 = 1u;
const KIND_UNIT: u32 = 2u;
const KIND_STEM: u32 = 3u;
const SELECTED: u32 = 0x10000u;
const OVERDUE: u32 = 0x20000u;
const BREATHES: u32 = 0x40000u;
// Room around a mark for halo and selection.
const MARGIN: f32 = 1.75;

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) corner: vec4<f32>,
    @location(2) state: vec4<f32>,
    @location(3) bits: u32,
) -> Out {
    var out: Out;
    let size = view.viewport.zw;
    let unit_px = max(size.y / 1080.0, 0.62);
    let kind = bits & 15u;
    out.bits = bits;
    out.state = state;
    var clip = view.clip_from_world * vec4<f32>(position + vec3<f32>(0.0, corner.w, 0.0), 1.0);
    if kind == KIND_STEM {
        let foot = view.clip_from_world * vec4<f32>(position, 1.0);
        if corner.y < 0.0 {
            clip = foot;
        }
        let wide = max(corner.z * unit_px, 1.2);
        out.clip = clip;
        out.clip.x = out.clip.x + corner.x * wide / size.x * clip.w;
        out.at = vec3<f32>(corner.x, corner.y, wide);
        return out;
    }
    // Quiet marks shrink a little with distance, loud ones never.
    var px = corner.z * unit_px;
    if kind == 0u && ((bits >> 4u) & 15u) == 0u && (bits & SELECTED) == 0u {
        px = clamp(px * 900.0 / max(clip.w, 1.0), 2.6 * unit_px, px);
    }
    // A free crew is quiet too.
    if kind == KIND_UNIT && ((bits >> 12u) & 15u) == 0u && (bits & SELECTED) == 0u {
        px = clamp(px * 1500.0 / max(clip.w, 1.0), 9.0 * unit_px, px);
    }
    let half_px = px * 0.5;
    out.clip = clip;
    out.clip.x = clip.x + corner.x * MARGIN * px / size.x * clip.w;
    out.clip.y = clip.y + corner.y * MARGIN * px / size.y * clip.w;
    if kind == KIND_UNIT {
        // Heading on the screen.
        let ahead = view.clip_from_world * vec4<f32>(position + vec3<f32>(state.x, 0.0, state.y) * 5.0, 1.0);
        let way = (ahead.xy / max(ahead.w, 1e-3) - clip.xy / max(clip.w, 1e-3)) * size;
        out.state.x = way.x;
        out.state.y = way.y;
    }
    out.at = vec3<f32>(corner.xy * MARGIN, half_px);
    return out;
}

fn box_distance(p: vec2<f32>, half: vec2<f32>) -> f32 {
    let d = abs(p) - half;
    return length(max(d, vec2<f32>(0.0))) + min(max(d.x, d.y), 0.0);
}

// Signed distance (negative inside) of a level's shape of about radius r.
fn shape(level: u32, p: vec2<f32>, r: f32) -> f32 {
    if level == 2u {
        // Triangle, point up.
        let q = vec2<f32>(abs(p.x), p.y + r * 0.14);
        let side = dot(q, vec2<f32>(0.8660254, 0.5)) - r * 0.56;
        return max(side, -q.y - r * 0.56);
    }
    if level == 3u {
        return (abs(p.x) + abs(p.y) - r * 1.12) * 0.7071;
    }
    if level == 4u {
        let q = abs(p);
        return max(max(q.x, q.y) - r * 0.90, (q.x + q.y) * 0.7071 - r * 0.90);
    }
    return length(p) - r;
}

// Lays a colour over what is there.
fn over(below: vec4<f32>, color: vec3<f32>, a: f32) -> vec4<f32> {
    let alpha = a + below.a * (1.0 - a);
    let mixed = (color * a + below.rgb * below.a * (1.0 - a)) / max(alpha, 1e-4);
    return vec4<f32>(mixed, alpha);
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let kind = in.bits & 15u;
    let level = (in.bits >> 4u) & 15u;
    let quality = (in.bits >> 8u) & 15u;
    let half_px = in.at.z;
    let p = in.at.xy;
    // One pixel in units of the mark.
    let one = 1.0 / max(half_px, 0.5);
    let selected = (in.bits & SELECTED) != 0u;
    var breath = 1.0;
    if (in.bits & BREATHES) != 0u {
        breath = 0.5 + 0.5 * cos(globals.time * 6.2831853);
    }
    let level_color = paint.levels[min(level, 4u)].rgb;
    var color = vec4<f32>(0.0);

    if kind == KIND_STEM {
        return vec4<f32>(mix(paint.rim.rgb, level_color, 0.35), 0.55);
    }
    let r = length(p);
    if selected {
        color = over(color, paint.accent.rgb, 1.0 - smoothstep(1.0 * one, 2.2 * one, abs(r - 1.42)));
    }
    if kind == KIND_UNIT {
        let status = (in.bits >> 12u) & 15u;
        let way = normalize(in.state.xy + vec2<f32>(0.0, 1e-5));
        let q = vec2<f32>(dot(p, vec2<f32>(way.y, -way.x)), dot(p, way));
        // A wedge: triangle with a notch at the tail.
        let side = dot(vec2<f32>(abs(q.x), q.y), vec2<f32>(0.91, 0.41)) - 0.40;
        let notch = -(q.y + 0.78) + abs(q.x) * -0.45 + 0.0;
        let wedge = max(side, notch);
        let busy = status == 1u || status == 2u || status == 3u;
        var fill = mix(paint.disc.rgb, paint.unit.rgb, 0.42);
        if busy { fill = paint.accent.rgb; }
        if status == 3u { fill = paint.unit.rgb; }
        if status == 5u { fill = paint.stale.rgb * 0.6; }
        color = over(color, paint.disc.rgb, 0.85 * (1.0 - smoothstep(-0.5 * one, 0.8 * one, wedge - 2.2 * one)));
        color = over(color, fill, 1.0 - smoothstep(-0.6 * one, 0.6 * one, wedge));
        if status == 0u || status == 5u {
            color.a = color.a * 0.72;
        }
        return color;
    }
    if kind == KIND_CASE {
        // Halo of an overdue case.
        if (in.bits & OVERDUE) != 0u {
            let halo = 1.0 - smoothstep(0.95, 1.65, r);
            color = over(color, level_color, 0.42 * halo);
            color = over(color, paint.levels[4].rgb, 0.95 * (1.0 - smoothstep(0.8 * one, 1.8 * one, abs(r - 1.25))));
        }
        color = over(color, paint.disc.rgb, 0.94 * (1.0 - smoothstep(-0.6 * one, 0.6 * one, r - 1.0)));
        // Ring: elapsed of allowed time, clockwise from the top.
        let angle = atan2(p.x, p.y) / 6.2831853;
        let turn = select(angle, angle + 1.0, angle < 0.0);
        let band = 1.0 - smoothstep(0.11, 0.11 + 1.2 * one, abs(r - 0.84));
        let done = step(turn, in.state.z);
        color = over(color, mix(paint.stale.rgb * 0.45, paint.rim.rgb, done), band * mix(0.75, 1.0, done));
        let core = shape(level, p, 0.52);
        let glow = mix(0.55, 1.0, breath);
        color = over(color, level_color * glow, 1.0 - smoothstep(-0.7 * one, 0.7 * one, core));
        return color;
    }
    // Sensors.
    if level == 0u {
        let base = paint.levels[0].rgb;
        if quality == 3u {
            let ring = 1.0 - smoothstep(0.6 * one, 1.3 * one, abs(r - 0.75));
            return over(color, paint.stale.rgb, 0.85 * ring);
        }
        let dot_on = 1.0 - smoothstep(-0.6 * one, 0.8 * one, r - 0.72);
        if quality != 0u {
            let hatch = step(0.5, fract((p.x + p.y) * 1.6 + 0.25));
            return over(color, paint.stale.rgb, dot_on * mix(0.25, 0.85, hatch));
        }
        color = over(color, paint.disc.rgb, 0.45 * (1.0 - smoothstep(-0.6 * one, 0.8 * one, r - 1.0)));
        return over(color, base, 0.55 * dot_on);
    }
    if (in.bits & BREATHES) != 0u {
        let wave = 1.0 + 0.55 * (1.0 - breath);
        color = over(color, level_color, 0.55 * breath * (1.0 - smoothstep(1.0, wave + 0.1, r)));
    }
    let outer = shape(level, p, 0.98);
    color = over(color, paint.rim.rgb, 0.92 * (1.0 - smoothstep(-0.6 * one, 0.6 * one, outer)));
    color = over(color, paint.disc.rgb, 1.0 - smoothstep(-0.6 * one, 0.6 * one, outer + max(1.2 * one, 0.10)));
    let core = shape(level, p, 0.98) + max(2.2 * one, 0.22);
    var fill = 1.0 - smoothstep(-0.6 * one, 0.6 * one, core);
    if quality == 3u {
        fill = fill * smoothstep(-0.6 * one, 0.6 * one, core + max(1.5 * one, 0.16));
    } else if quality != 0u {
        fill = fill * mix(0.35, 1.0, step(0.5, fract((p.x + p.y) * 1.5 + 0.25)));
    }
    return over(color, level_color * mix(0.7, 1.0, breath), fill);
}
