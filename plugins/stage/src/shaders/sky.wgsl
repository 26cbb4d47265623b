// The sky behind everything: gradient, glow of the sun, stars, moon. One triangle at the far end.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, haze, thickness, hash_unit}

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) ndc: vec2<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Out {
    var out: Out;
    out.clip = vec4<f32>(position.xy, 0.0, 1.0);
    out.ndc = position.xy;
    return out;
}

fn direction(ndc: vec2<f32>) -> vec3<f32> {
    let p = view.view_from_clip * vec4<f32>(ndc, 1.0, 1.0);
    return normalize((view.world_from_view * vec4<f32>(p.xyz / p.w, 0.0)).xyz);
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let dir = direction(in.ndc);
    let low = haze(dir);
    if dir.y < 0.0 {
        // Below the horizon lies the backdrop, as far as one sees.
        let d = max(view.world_position.y, 2.0) / max(-dir.y, 1e-4);
        return vec4<f32>(mix(look.space.rgb, low, thickness(d, view.world_position.y)), 1.0);
    }
    let up = 1.0 - exp(-4.2 * dir.y);
    var color = mix(mix(look.space.rgb, low, 0.92 * look.tune.x), look.zenith.rgb, up);
    // Sun: a soft disc with a halo.
    let to_sun = dot(dir, look.sun_at.xyz);
    color = color + look.window.rgb * look.horizon.w * (0.55 * smoothstep(0.99985, 0.99993, to_sun)
        + 0.10 * pow(max(to_sun, 0.0), 220.0));
    // Moon.
    let to_moon = dot(dir, look.moon_at.xyz);
    color = mix(color, vec3<f32>(0.80, 0.84, 0.88), look.moon_at.w * 0.85 * smoothstep(0.99992, 0.99996, to_moon));
    color = color + vec3<f32>(0.20, 0.26, 0.34) * look.moon_at.w * 0.20 * pow(max(to_moon, 0.0), 300.0);
#ifdef STARS
    // Stars: one for some cells of the sky, a pixel or two wide.
    if dir.y > 0.02 {
        let px = 2.0 / (view.clip_from_view[1][1] * view.viewport.w);
        let grid = vec2<f32>(atan2(dir.x, dir.z), asin(clamp(dir.y, -1.0, 1.0))) * 70.0;
        let cell = floor(grid);
        let seed = u32(i32(cell.x) + 4096) * 7919u + u32(i32(cell.y) + 4096) * 104729u;
        let chance = hash_unit(seed);
        let star_at = vec2<f32>(0.25 + 0.5 * hash_unit(seed + 11u), 0.25 + 0.5 * hash_unit(seed + 29u));
        let off = (grid - cell - star_at) / 70.0 * vec2<f32>(max(1.0 - dir.y * dir.y, 0.05), 1.0);
        let size = px * (0.7 + 0.7 * fract(chance * 57.0));
        let star = (1.0 - smoothstep(size * 0.4, size * 1.3, length(off))) * step(0.80, chance);
        let strength = 0.10 + 0.45 * fract(chance * 91.0) * fract(chance * 91.0);
        color = color + vec3<f32>(0.75, 0.86, 1.0) * star * strength * look.zenith.w * smoothstep(0.02, 0.22, dir.y);
    }
#endif
    // A dark gradient in 256 steps would show bands.
    let speck = fract(52.9829189 * fract(dot(in.clip.xy, vec2<f32>(0.06711056, 0.00583715)))) - 0.5;
    return vec4<f32>(color * (1.0 + 0.035 * speck), 1.0);
}
