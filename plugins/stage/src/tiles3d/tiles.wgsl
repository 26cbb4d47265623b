// 3D Tiles: their own colours and pictures in the light of the hour.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, fogged, lit}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> marked: vec4<u32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var picture: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var picture_sampler: sampler;
// x: what is clearer is not drawn, y: 1 with a picture, z: 1 for skins of buildings.
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var<uniform> cover: vec4<f32>;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) color: vec4<f32>,
    @location(3) @interpolate(flat) feature: u32,
    @location(4) uv: vec2<f32>,
}

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) normal: vec4<f32>,
    @location(2) tint: vec4<f32>,
    @location(3) feature: u32,
    @location(4) uv: vec2<f32>,
) -> Out {
    var out: Out;
    out.world = position;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    out.normal = normal.xyz;
    out.color = tint * tint;
    out.feature = feature;
    out.uv = uv;
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let texel = textureSample(picture, picture_sampler, in.uv);
    let shown = in.color * texel;
    // Looking below the ground, tiles leave it open.
    if shown.a < cover.x || look.under.y > 0.5 {
        discard;
    }
    var color = shown.rgb;
    // Skins repeat surfaces as their source has them, some of them inside out.
    var normal = normalize(in.normal);
    if dot(normal, view.world_position - in.world) < 0.0 && cover.z > 0.5 {
        normal = -normal;
    }
    // In a dark theme tiles take the city's tone and keep a part of their own.
    let grey = dot(color, vec3<f32>(0.2126, 0.7152, 0.0722));
    let tone = mix(look.wall.rgb, look.roof.rgb, clamp(normal.y, 0.0, 1.0)) * (0.45 + 1.1 * sqrt(grey));
    color = mix(color, mix(tone, color, mix(0.35, 0.72, cover.y)), step(0.5, look.tune.z));
    let light = lit(normal);
    color = color * light;
    if in.feature != 0xffffffffu {
        // Buildings are marked by the look, features of tiles by their material.
        if in.feature == select(marked.x, look.selected, cover.z > 0.5) {
            color = mix(color, look.accent.rgb * (0.35 + 0.65 * light), 0.62);
        } else if in.feature == select(marked.y, look.hovered, cover.z > 0.5) {
            color = mix(color, look.accent.rgb * light, 0.18);
        }
    }
    return vec4<f32>(fogged(color, in.world, view.world_position), 1.0);
}
