// 3D Tiles: their own colours in the light of the hour.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, fogged, lit}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> marked: vec4<u32>;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) color: vec3<f32>,
    @location(3) @interpolate(flat) feature: u32,
}

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec4<f32>,
    @location(2) tint: vec4<f32>,
    @location(3) feature: u32,
) -> Out {
    var out: Out;
    out.world = position;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    out.normal = normal.xyz;
    out.color = tint.rgb * tint.rgb;
    out.feature = feature;
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    // Looking below the ground, tiles leave it open.
    if look.under.y > 0.5 {
        discard;
    }
    var color = in.color;
    if look.tune.z > 0.5 {
        // In a dark theme tiles take the city's tone and keep a part of their own.
        let grey = dot(color, vec3<f32>(0.2126, 0.7152, 0.0722));
        let tone = mix(look.wall.rgb, look.roof.rgb, clamp(in.normal.y, 0.0, 1.0)) * (0.45 + 1.1 * sqrt(grey));
        color = mix(tone, color, 0.35);
    }
    let light = lit(normalize(in.normal));
    color = color * light;
    if in.feature != 0xffffffffu {
        if in.feature == marked.x {
            color = mix(color, look.accent.rgb * (0.35 + 0.65 * light), 0.62);
        } else if in.feature == marked.y {
            color = mix(color, look.accent.rgb * light, 0.18);
        }
    }
    return vec4<f32>(fogged(color, in.world, view.world_position), 1.0);
}
