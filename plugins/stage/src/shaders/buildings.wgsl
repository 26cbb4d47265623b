// Buildings: storey bands, sparse lit windows at night, light edges when near.
#import bevy_pbr::mesh_view_bindings::view
#import guanlan::look::{look, fogged, lit, hash_unit, warmth, spark, street_light, left_out, coverage}
#import guanlan::paint::building_paint


struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
    @location(1) normal: vec3<f32>,
    @location(2) place: vec2<f32>,
    @location(5) @interpolate(flat) size: vec2<f32>,
    @location(3) @interpolate(flat) tag: u32,
    @location(4) @interpolate(flat) roof: f32,
    @location(6) @interpolate(flat) paint: vec4<f32>,
}

@vertex
fn vertex(
    @location(0) position: vec3<f32>,
    @location(1) face: vec4<f32>,
    @location(2) place: vec4<f32>,
    @location(3) tag: u32,
) -> Out {
    var out: Out;
    out.world = position;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    out.normal = face.xyz;
    out.place = place.xy;
    out.size = place.zw;
    out.tag = tag;
    out.roof = face.w;
    out.paint = building_paint(tag & 0xffffffu);
    return out;
}

const STOREY_M: f32 = 3.0;
const BAY_M: f32 = 3.4;

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
#ifdef CUT
    // Looking below the ground, buildings leave their outlines on it.
    if (in.roof > 0.5 || in.place.y > 0.9) && look.under.y > 0.5 {
        discard;
    }
#ifndef MULTISAMPLED
    if left_out(look.fade.x, in.clip.xy) {
        discard;
    }
#endif
#endif
    let number = in.tag & 0xffffffu;
    let use_class = in.tag >> 24u;
    let random = hash_unit(number * 7u + 3u);
    let away = distance(in.world, view.world_position);
    // Metres per pixel on a face seen squarely.
    let px = max(away * abs(2.0 / (view.clip_from_view[1][1] * view.viewport.w)), 0.005);
    let light = lit(in.normal);
    var color = mix(look.wall.rgb, look.roof.rgb, in.roof);
    color = color * (0.90 + 0.18 * random);
    color = mix(color, in.paint.rgb, in.paint.a * 0.85);
    var glow = vec3<f32>(0.0);
    if in.roof < 0.5 {
        let h = in.place.y;
        // Storey bands every 3 m.
        let near = 1.0 - smoothstep(0.35, 1.2, px);
        let storey = fract(h / STOREY_M);
        let band = smoothstep(0.0, 0.10, storey) * (1.0 - smoothstep(0.22, 0.32, storey));
        color = color * (1.0 - 0.14 * band * near);
        // Walls stand on the ground and rise out of its shade.
        color = color * (mix(0.55, 1.0, smoothstep(-1.0, 14.0, h)) + 0.0022 * clamp(h - 14.0, 0.0, 130.0));
        glow = street_light(h);
        // Windows: few are lit, most of them low warm light; homes, offices and works keep their own hours.
        var share = look.windows.x;
        if use_class == 2u { share = look.windows.y; }
        if use_class == 3u { share = look.windows.z; }
        share = share * (0.45 + 1.3 * random * random);
        if h > 0.6 && (floor(h / STOREY_M) + 0.9) * STOREY_M < in.size.y && use_class != 0u {
            let bay = in.place.x / BAY_M;
            let cell = vec2<u32>(u32(max(bay, 0.0)), u32(h / STOREY_M));
            let draw = hash_unit(number * 131u + cell.x * 17u + cell.y * 1013u + u32(in.size.x) * 7u);
            let on = step(1.0 - share, draw);
            let fx = abs(fract(bay) - 0.5);
            let fy = abs(storey - 0.58);
            let pane = (1.0 - smoothstep(0.25, 0.25 + 0.5 * px / BAY_M + 0.02, fx))
                * (1.0 - smoothstep(0.22, 0.22 + 0.5 * px / STOREY_M + 0.02, fy));
            let seen = 1.0 - smoothstep(0.9, 3.2, px);
            let warm = hash_unit(u32(draw * 65535.0) + number);
            let strength = 0.26 + 0.50 * warm;
            let tone = mix(look.window.rgb, vec3<f32>(0.82, 0.92, 1.0), 0.45 * step(0.80, warm) * step(1.5, f32(use_class)));
            let spot = vec2<f32>(h, dot(in.world.xz, vec2<f32>(0.8, 0.6)));
            let far = warmth(number, in.normal, share) + spark(number, spot, share);
            glow = glow + tone * (on * pane * strength * seen) + look.window.rgb * (far * (1.0 - seen));
            // Dark panes mirror a little of the sky.
            color = mix(color, look.zenith.rgb * 0.7 + color * 0.55, 0.30 * pane * near * (1.0 - on));
        }
    } else {
        color = color * (0.92 + 0.08 * random);
    }
    color = color * light;
    // Edges, only near.
    let edge_near = 1.0 - smoothstep(0.12, 0.9, px);
    if edge_near > 0.0 {
        let to_side = min(in.place.x, in.size.x - in.place.x);
        let to_top = in.size.y - in.place.y;
        let wide = max(px * 1.1, 0.07);
        let line = max(1.0 - smoothstep(0.0, wide, to_top), 0.45 * (1.0 - smoothstep(0.0, wide, to_side)));
        color = mix(color, look.edge.rgb, line * mix(0.40, 0.22, in.roof) * edge_near);
    }
    color = color + glow;
    if number == look.selected {
        color = mix(color, look.accent.rgb * (0.35 + 0.65 * light), 0.62);
    } else if number == look.hovered {
        color = mix(color, look.accent.rgb * light, 0.18);
    }
    var alpha = 1.0;
#ifdef CUT
#ifdef MULTISAMPLED
    alpha = coverage(look.fade.x, in.clip.xy);
#endif
#endif
    return vec4<f32>(fogged(color, in.world, view.world_position), alpha);
}
