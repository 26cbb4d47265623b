// Street light: a soft point at each lamp's head, turned to the eye, added to what is behind it.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, thickness}

// Radius of the halo seen near, m.
const HALO: f32 = 3.4;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) corner: vec2<f32>,
    // x: light of the halo, y: of the core.
    @location(1) @interpolate(flat) light: vec2<f32>,
    // Half a side, px.
    @location(2) @interpolate(flat) reach: f32,
}

@vertex
fn vertex(@location(0) position: vec3<f32>, @location(1) glow: vec4<f32>) -> Out {
    var out: Out;
    let clip = view.clip_from_world * vec4<f32>(position, 1.0);
    let size = view.viewport.zw;
    let away = length(position - view.world_position);
    let px = max(away * abs(2.0 / (view.clip_from_view[1][1] * size.y)), 0.005);
    // From afar a pearl of one size on every screen; near, its halo.
    let least = 1.15 * max(size.y / 1080.0, 0.75);
    let near = HALO / px;
    let reach = clamp(near, least, size.y * 0.12);
    // What does not fill its pixels is fainter, down to where an avenue still shows; lanes go out before.
    let filled = clamp(near / least, 0.0, 1.0);
    let far = mix(glow.z * glow.z, 1.0, filled);
    let seen = (1.0 - thickness(away, view.world_position.y)) * look.windows.w * look.fade_more.y;
    out.light = vec2<f32>(mix(0.62 * far, 0.20, smoothstep(1.5, 14.0, near)), smoothstep(2.0, 10.0, near)) * seen * glow.z;
    out.reach = reach;
    out.corner = glow.xy;
    out.clip = vec4<f32>(clip.xy + glow.xy * reach * 2.0 / size * clip.w, clip.zw);
    if seen < 0.004 || clip.w < 0.5 {
        out.clip = vec4<f32>(0.0, 0.0, -1.0, 1.0);
    }
    return out;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let r = length(in.corner);
    let soft = max(1.0 - r, 0.0);
    let core = 1.0 - smoothstep(0.0, 0.16, r);
    let light = in.light.x * soft * soft + 0.55 * in.light.y * core;
    return vec4<f32>(look.window.rgb * light, 0.0);
}
