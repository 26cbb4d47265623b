// Pipes, shafts and pumps: round bodies seen from any side, two pixels wide at least, filled as they are.
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import guanlan::look::{look, fogged, left_out}
#import guanlan::ribbon::{ribbon, beside, NEAR}

// How full each body is, or the state of a pump; −1 where nobody says.
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> fills: array<f32>;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) style: vec4<f32>,
    @location(2) along: f32,
}

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) other: vec4<f32>,
    @location(2) style: vec4<f32>,
) -> Out {
    var out: Out;
    let size = view.viewport.zw;
    let line = ribbon(position, other);
    let real_px = style.y * view.clip_from_view[1][1] * size.y / max(line.end.w, NEAR);
    let least = select(1.3, 1.0, style.w == 1.0) * size.y / 1080.0;
    let px = max(real_px, max(least, 1.0));
    out.clip = beside(line, line.across * style.x * other.w * px);
    out.world = position;
    out.style = vec4<f32>(style.x * other.w, px, fills[u32(style.z + 0.5)], style.w);
    out.along = dot(position, normalize(vec3<f32>(0.83, 1.0, 0.55)));
    return out;
}

fn fill_color(f: f32) -> vec3<f32> {
    let a = mix(look.flood_film.rgb, look.flood_shallow.rgb, smoothstep(0.0, 0.4, f));
    let b = mix(a, look.flood_deep.rgb, smoothstep(0.4, 0.75, f));
    return mix(b, look.flood_deepest.rgb * 1.35, smoothstep(0.75, 1.0, f));
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    if left_out(look.fade_more.z, in.clip.xy) {
        discard;
    }
    let c = clamp(in.style.x, -1.0, 1.0);
    // Light on a round body from the upper left of the picture.
    let round = 0.62 + 0.38 * sqrt(1.0 - c * c);
    let fill = in.style.z;
    let kind = in.style.w;
    let edge = 1.2 / max(in.style.y, 1.0);
    var color = mix(look.wall.rgb, look.edge.rgb, 0.30) * round;
    if kind == 2.0 {
        // Pumps: a bright post; the state is its colour and its texture.
        color = look.edge.rgb * 0.55 * round;
        if fill == 1.0 {
            color = look.flood_film.rgb * mix(0.65, 1.0, step(0.5, fract(in.along * 0.6 - globals.time * 1.2)));
        } else if fill == 2.0 {
            color = mix(look.window.rgb, look.space.rgb, step(0.5, fract(in.along * 0.9)));
        } else if fill < 0.0 {
            color = mix(color, look.space.rgb, step(0.5, fract(in.along * 1.6)) * 0.6);
        }
    } else if fill >= 0.0 {
        // A core as wide as the pipe is full; surcharged ones have a white rim.
        let core = 1.0 - smoothstep(max(fill, 0.12) - edge, max(fill, 0.12) + edge, abs(c));
        color = mix(look.wall.rgb * 0.8 * round, fill_color(min(fill, 1.0)) * (0.6 + 0.4 * round), core);
        if fill >= 1.0 {
            color = mix(color, vec3<f32>(0.9), smoothstep(1.0 - 2.0 * edge, 1.0 - edge, abs(c)) * 0.85);
        }
    } else if kind == 1.0 {
        color = look.edge.rgb * 0.42 * round;
    }
    return vec4<f32>(fogged(color, in.world, view.world_position), 1.0);
}
