// The heat map, draped over the ground and seen through the town: from a faint yellow to a full red, as its legend
// says. It is for the view from above: who comes down to the streets sees the marks themselves.
#import guanlan::marks::{wall, view, to_scene}

// Height of the ground and density at each corner.
@group(1) @binding(0) var<storage, read> corners: array<vec2<f32>>;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) density: f32,
}

@vertex
fn vertex(@builtin(vertex_index) vertex: u32) -> Out {
    var out: Out;
    let cell = vertex / 6u;
    let k = vertex % 6u;
    let across = wall.heat_cols - 1u;
    let c = cell % across + select(0u, 1u, k == 1u || k == 2u || k == 4u);
    let r = cell / across + select(0u, 1u, k == 2u || k == 4u || k == 5u);
    let corner = corners[r * wall.heat_cols + c];
    let place = vec3<f32>(
        wall.heat_frame.x + f32(c) * wall.heat_frame.z,
        wall.heat_frame.y + f32(r) * wall.heat_frame.z,
        corner.x + wall.heat_frame.w,
    );
    out.density = corner.y / max(wall.pulse.y, 1e-6);
    out.clip = view.clip_from_world * vec4<f32>(to_scene(place), 1.0);
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let d = clamp(in.density, 0.0, 1.0);
    let color = mix(mix(wall.levels[2].rgb, wall.levels[3].rgb, smoothstep(0.1, 0.55, d)), wall.levels[4].rgb, smoothstep(0.5, 1.0, d));
    let high = smoothstep(250.0, 900.0, view.world_position.y - wall.heat_frame.w);
    let alpha = mix(0.18, 0.66, d) * smoothstep(0.015, 0.16, d) * high;
    if alpha < 0.01 {
        discard;
    }
    return vec4<f32>(color, alpha * wall.strength.w);
}
