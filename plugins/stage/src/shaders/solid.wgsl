// Bodies with their own colours: bridges, landmarks, street furniture, prisms.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, fogged, lit, left_out}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> layer: u32;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) color: vec4<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>, @location(1) normal: vec3<f32>, @location(2) color: vec4<f32>) -> Out {
    var out: Out;
    out.world = position;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    out.normal = normal;
    out.color = color;
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    // Chosen without branches: Mesa's software Vulkan makes a shader whose branches hang on a uniform alone anew for every
    // frame, and keeps each of them.
    var opacity = select(1.0, look.fade.w, layer == 1u);
    // It stands on the ground and goes with it: small things fade into grains.
    opacity = select(opacity, look.fade_more.y * step(0.5, look.under.x), layer == 2u);
    opacity = select(opacity, look.fade_more.z, layer == 3u);
    opacity = select(opacity, look.fade_more.w, layer == 4u);
    if left_out(opacity, in.clip.xy) {
        discard;
    }
    // What is missing from a full opacity shines by itself at night, or is seen through.
    let shine = (1.0 - in.color.a) * look.windows.w;
    let color = in.color.rgb * mix(lit(in.normal), vec3<f32>(1.0), shine);
    return vec4<f32>(fogged(color, in.world, view.world_position), in.color.a);
}
