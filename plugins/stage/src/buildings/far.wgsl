// Buildings from afar: prisms, shaded by face. The colour of a face is computed once, at its first corner.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, lit, lambert, haze, thickness, hash_unit, warmth, spark, street_light, left_out, coverage}
#import guanlan::paint::building_paint

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) @interpolate(flat) color: vec3<f32>,
    // x: warmth of windows; y: share that is lit; z: 1 for walls.
    @location(1) @interpolate(flat) glow: vec3<f32>,
    // Haze and, in w, what shows through it.
    @location(2) fog: vec4<f32>,
    // Metres above the foot and along the ground.
    @location(3) spot: vec2<f32>,
    @location(4) @interpolate(flat) number: u32,
}

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) face: vec4<f32>,
    @location(2) foot: f32,
    @location(3) tag: u32,
) -> Out {
    var out: Out;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    let way = position - view.world_position;
    let f = thickness(length(way), view.world_position.y);
    out.fog = vec4<f32>(haze(way) * f, 1.0 - f);
    out.spot = vec2<f32>(foot, dot(position.xz, vec2<f32>(0.8, 0.6)));
    out.number = tag & 0xffffffu;
    let wall = 1.0 - face.w;
    let number = tag & 0xffffffu;
    let use_class = tag >> 24u;
    let random = hash_unit(number * 7u + 3u);
    var color = mix(look.wall.rgb, look.roof.rgb, face.w) * (0.90 + 0.18 * random);
    color = color * mix(1.0, 0.92 + 0.08 * random, face.w);
    let painted = building_paint(number);
    color = mix(color, painted.rgb, painted.a * 0.85);
    color = color * lit(face.xyz);
    // Where roofs are as small as pixels a dark town is one quiet tone, not grain; what is high stands out of it.
    let px = length(way) * abs(2.0 / (view.clip_from_view[1][1] * view.viewport.w));
    let calm = smoothstep(1.8, 7.0, px) * (1.0 - smoothstep(24.0, 80.0, foot)) * (1.0 - painted.a) * look.tune.z;
    color = mix(color, mix(look.wall.rgb, look.roof.rgb, 0.45) * lit(vec3<f32>(0.0, 1.0, 0.0)) * 0.68, 0.74 * calm);
    // Few windows are lit; from afar they are a faint warmth.
    var share = look.windows.x;
    if use_class == 0u { share = 0.0; }
    if use_class == 2u { share = look.windows.y; }
    if use_class == 3u { share = look.windows.z; }
    share = share * (0.45 + 1.3 * random * random);
    // Single rooms are told apart while they are larger than pixels; beyond, a wall has their mean.
    let apart = 1.0 - 0.6 * smoothstep(3.0, 9.0, px);
    out.glow = vec3<f32>((warmth(number, face.xyz, share) + 0.10 * share * (1.0 - apart)) * wall, share * apart * wall, wall);
    if number == look.selected {
        color = mix(color, look.accent.rgb * (0.35 + 0.65 * lambert(face.xyz)), 0.62);
    } else if number == look.hovered {
        color = mix(color, look.accent.rgb * lambert(face.xyz), 0.18);
    }
    out.color = color;
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
#ifdef CUT
    // Looking below the ground, buildings leave their outlines on it.
    if (in.glow.z < 0.5 || in.spot.x > 0.9) && look.under.y > 0.5 {
        discard;
    }
#ifndef MULTISAMPLED
    if left_out(look.fade.x, in.clip.xy) {
        discard;
    }
#endif
#endif
    // Walls stand on the ground and rise out of its shade.
    let rise = mix(0.55, 1.0, smoothstep(-1.0, 14.0, in.spot.x)) + 0.0022 * clamp(in.spot.x - 14.0, 0.0, 130.0);
    var color = in.color * mix(1.0, rise, in.glow.z);
    color = color + street_light(in.spot.x) * in.glow.z;
    if in.glow.y > 0.0 {
        color = color + look.window.rgb * (in.glow.x + spark(in.number, in.spot, in.glow.y));
    }
    var alpha = 1.0;
#ifdef CUT
#ifdef MULTISAMPLED
    alpha = coverage(look.fade.x, in.clip.xy);
#endif
#endif
    return vec4<f32>(color * in.fog.w + in.fog.rgb, alpha);
}
