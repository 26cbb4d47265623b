// Flood water: depth ramp, translucent, bright shore line.
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import guanlan::look::{look, fogged}


struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) depth: f32,
}

@vertex
fn vertex(@location(0) position: vec3<f32>, @location(1) depth: f32) -> Out {
    var out: Out;
    out.world = position;
    out.depth = depth;
    let away = distance(position, view.world_position);
    out.clip = view.clip_from_world * vec4<f32>(position + vec3<f32>(0.0, 0.35 + away * 0.0004, 0.0), 1.0);
    out.clip.z = out.clip.z * 1.0006;
    return out;
}

fn ramp(d: f32) -> vec3<f32> {
    let a = mix(look.flood_film.rgb, look.flood_shallow.rgb, smoothstep(0.05, 0.30, d));
    let b = mix(a, look.flood_deep.rgb, smoothstep(0.30, 1.0, d));
    return mix(b, look.flood_deepest.rgb, smoothstep(1.0, 2.0, d));
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let slope = max(length(vec2<f32>(dpdx(in.depth), dpdy(in.depth))), 1e-5);
    if in.depth < 0.05 {
        discard;
    }
    var color = ramp(in.depth) * 0.86;
    // A film of a few centimetres is hinted at; what stops a car is seen from afar.
    var alpha = mix(0.14, 0.82, smoothstep(0.05, 0.50, in.depth));
    // The shore: about a pixel and a half, never more than 15 cm of depth.
    let shore = 1.0 - smoothstep(0.0, min(1.8 * slope, 0.10), in.depth - 0.05);
    // Far away every puddle would be all shore: there the line fades and the depth speaks alone.
    let near = 1.0 - smoothstep(900.0, 2600.0, distance(in.world, view.world_position));
    color = mix(color, look.flood_film.rgb, shore * 0.8 * near);
    alpha = max(alpha, shore * 0.85 * near);
    return vec4<f32>(fogged(color, in.world, view.world_position), alpha);
}
