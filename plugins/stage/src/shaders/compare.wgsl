// The divider between two waters, or the right one of two linked views.
@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> rect: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> color: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var picture: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var picture_sampler: sampler;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Out {
    var out: Out;
    out.clip = vec4<f32>(mix(rect.xy, rect.zw, position.xy), 0.5, 1.0);
    out.at = position.xy;
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let other = textureSampleLevel(picture, picture_sampler, vec2<f32>(in.at.x, 1.0 - in.at.y), 0.0).rgb;
    return select(vec4<f32>(color.rgb, 0.92), vec4<f32>(other, 1.0), color.w > 0.5);
}
