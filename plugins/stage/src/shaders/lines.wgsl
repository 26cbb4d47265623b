// Lines of constant width on the screen.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, fogged}


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
    var a = view.clip_from_world * vec4<f32>(position, 1.0);
    var b = view.clip_from_world * vec4<f32>(other.xyz, 1.0);
    // Behind the eye: pull the end to just before it.
    let near = 0.5;
    if a.w < near && b.w > near {
        a = mix(a, b, (near - a.w) / (b.w - a.w));
    } else if b.w < near && a.w > near {
        b = mix(b, a, (near - b.w) / (a.w - b.w));
    }
    let pa = a.xy / max(a.w, 1e-3) * size;
    let pb = b.xy / max(b.w, 1e-3) * size;
    let along = normalize((pb - pa) * other.w + vec2<f32>(1e-5, 0.0));
    let normal = vec2<f32>(-along.y, along.x);
    let px = max(style.y * size.y / 1080.0, 1.0);
    out.clip = a;
    let offset = normal * style.x * other.w * (px + 1.0) / size * a.w;
    out.clip.x = a.x + offset.x;
    out.clip.y = a.y + offset.y;
    out.clip.z = a.z * 1.0005;
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
