// Lines of constant width on the screen.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, fogged}
#import guanlan::ribbon::{ribbon, beside}

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) color: vec4<f32>,
    @location(2) style: vec4<f32>,
}

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) other: vec4<f32>,
    @location(2) style: vec4<f32>,
    @location(3) color: vec4<f32>,
) -> Out {
    var out: Out;
    let size = view.viewport.zw;
    let line = ribbon(position, other);
    let px = max(style.y * size.y / 1080.0, 1.0);
    out.clip = beside(line, line.across * style.x * other.w * (px + 1.0));
    out.clip.z = line.end.z * 1.0005;
    out.world = position;
    out.color = color;
    out.style = vec4<f32>(style.x * other.w * (px + 1.0), px, style.z, style.w);
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    var alpha = in.color.a * clamp((in.style.y + 1.0 - abs(in.style.x)) * 0.5 + 0.25, 0.0, 1.0);
    if in.style.w > 0.0 {
        let t = fract(in.style.z / (2.0 * in.style.w));
        alpha = alpha * (1.0 - smoothstep(0.48, 0.52, t));
    }
    let color = fogged(in.color.rgb, in.world, view.world_position);
    return vec4<f32>(color, alpha);
}
