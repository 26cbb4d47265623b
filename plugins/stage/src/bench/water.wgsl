// A raster of depths on a level plane.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::look

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> frame: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var depths: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var depth_sampler: sampler;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) uv: vec2<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Out {
    var out: Out;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    out.uv = (vec2<f32>(position.x, -position.z) - frame.xy) / frame.z;
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let depth = textureSampleLevel(depths, depth_sampler, in.uv, 0.0).r * 5.0;
    if depth < 0.05 {
        discard;
    }
    let color = mix(look.flood_film.rgb, look.flood_deepest.rgb, clamp(depth * 0.5, 0.0, 1.0));
    return vec4<f32>(color, mix(0.35, 0.85, clamp(depth, 0.0, 1.0)));
}
