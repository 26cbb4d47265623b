// The ground: land, parks, water, roads from distance textures; crisp at every zoom.
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import guanlan::look::{look, fogged, inside}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> frame: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var lines_texture: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var lines_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var areas_texture: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(5) var areas_sampler: sampler;

const LINE_RANGE_M: f32 = 24.0;
const FOOT_RANGE_M: f32 = 12.0;
const WATER_RANGE_M: f32 = 96.0;
const AREA_RANGE_M: f32 = 24.0;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Out {
    var out: Out;
    out.world = position;
    out.clip = view.clip_from_world * vec4<f32>(position, 1.0);
    return out;
}

// Share of a pixel covered at a distance (positive inside), with pixels of `px` metres.
fn cover(d: f32, px: f32) -> f32 {
    return clamp(d / px + 0.5, 0.0, 1.0);
}

fn metres(byte: f32, range: f32) -> f32 {
    return (byte * 255.0 - 128.0) / 127.0 * range;
}

fn noise(p: vec2<f32>) -> f32 {
    let i = floor(p);
    let f = fract(p);
    let u = f * f * (3.0 - 2.0 * f);
    let a = fract(sin(dot(i, vec2<f32>(12.9898, 78.233))) * 43758.547);
    let b = fract(sin(dot(i + vec2<f32>(1.0, 0.0), vec2<f32>(12.9898, 78.233))) * 43758.547);
    let c = fract(sin(dot(i + vec2<f32>(0.0, 1.0), vec2<f32>(12.9898, 78.233))) * 43758.547);
    let d = fract(sin(dot(i + vec2<f32>(1.0, 1.0), vec2<f32>(12.9898, 78.233))) * 43758.547);
    return mix(mix(a, b, u.x), mix(c, d, u.x), u.y);
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let place = vec2<f32>(in.world.x, -in.world.z);
    let dx = dpdx(place);
    let dy = dpdy(place);
    // Metres per pixel: across the narrow way for crispness, the mean for legibility.
    let px_min = max(min(length(dx), length(dy)), 0.02);
    let px_max = max(length(dx), length(dy));
    let px = sqrt(px_min * min(px_max, 6.0 * px_min));
    let uv = vec2<f32>((place.x - frame.x) / frame.z, (frame.y - place.y) / frame.w);
    let lines = textureSample(lines_texture, lines_sampler, uv);
    let areas = textureSample(areas_texture, areas_sampler, uv);
    let painted = step(0.0, uv.x) * step(uv.x, 1.0) * step(0.0, uv.y) * step(uv.y, 1.0);
    let far = smoothstep(6.0, 22.0, px);

    let shade = 1.0 + (areas.a * 255.0 - 128.0) / 127.0 * 0.12 * painted;
    var color = look.land.rgb;

    let paved = metres(areas.b, AREA_RANGE_M);
    color = mix(color, mix(look.land.rgb, look.local.rgb, 0.30), cover(paved, px) * painted);
    let green = metres(areas.g, AREA_RANGE_M);
    let crowns = noise(place * 0.21) * noise(place * 0.47 + 7.0);
    let leaf = 0.84 + 0.20 * noise(place * 0.017) + (0.55 * crowns - 0.16) * (1.0 - smoothstep(1.0, 5.0, px));
    color = mix(color, look.green.rgb * leaf * 0.80, cover(green, px) * painted);
    color = color * shade;

    // Water: deeper away from the bank, slow flow lines along it.
    let bank = metres(areas.r, WATER_RANGE_M);
    let wet = cover(bank, px) * painted;
    if wet > 0.0 {
        let depth = smoothstep(0.0, 70.0, bank);
        var water = mix(look.river.rgb * 0.92, look.river_deep.rgb, depth);
        let wobble = noise(place * 0.013) * 14.0;
        let lane = abs(fract((bank + wobble) / 17.0) - 0.5) * 17.0;
        let line = 1.0 - smoothstep(0.0, max(0.9, px * 0.9), lane);
        let broken = smoothstep(0.50, 0.78, noise(place * 0.016 + vec2<f32>(globals.time * 0.02, globals.time * -0.012)));
        water = mix(water, look.river.rgb * 1.5, line * broken * 0.45 * (1.0 - far) * smoothstep(5.0, 14.0, bank));
        let shore = 1.0 - smoothstep(0.0, max(1.6, px * 1.2), abs(bank - 1.0));
        water = mix(water, look.river.rgb * 1.7, shore * 0.35);
        color = mix(color, water, wet);
    }

    // Contact and soft shadow of buildings.
    let foot = metres(lines.a, FOOT_RANGE_M);
    color = color * (1.0 - 0.30 * painted * smoothstep(-7.0, 0.5, foot));

    // Roads: two pixels at least; casing first.
    let path = metres(lines.b, LINE_RANGE_M);
    let path_fade = 1.0 - smoothstep(1.0, 4.0, px);
    color = mix(color, mix(look.land.rgb, look.local.rgb, 0.55), cover(path, px) * painted * path_fade * 0.7);
    // Widening stays inside the range of the distances: beyond it the whole town would count as road.
    let most = max(0.0, 0.85 * LINE_RANGE_M - px * 0.6);
    let small = metres(lines.r, LINE_RANGE_M) + clamp(px * 0.55 - 3.0, 0.0, most);
    let main = metres(lines.g, LINE_RANGE_M) + clamp(px * 1.05 - 7.0, 0.0, most);
    let casing = mix(look.land.rgb, look.space.rgb, 0.65);
    let rim = max(1.3, px * 0.8);
    let dry = 1.0 - wet;
    color = mix(color, casing, cover(small + rim, px) * painted * dry * (1.0 - far) * 0.75);
    let small_on = cover(small, px) * painted * dry;
    color = mix(color, look.local.rgb * mix(0.78, 0.62, far), small_on * mix(0.92, 0.55, far));
    color = mix(color, casing, cover(main + rim, px) * painted * dry * (1.0 - small_on) * 0.8);
    let main_on = cover(main, px) * painted * dry;
    color = mix(color, look.arterial.rgb * mix(0.55, 0.92, smoothstep(0.3, 7.0, px)), main_on);
    // Kerb lines and lanes, only near.
    let marks = 1.0 - smoothstep(0.14, 0.75, px);
    if marks > 0.0 {
        let main_d = metres(lines.g, LINE_RANGE_M);
        let small_d = metres(lines.r, LINE_RANGE_M);
        let thin = max(0.12, px * 0.5);
        let kerb = max(cover(thin - abs(main_d - 0.45), px), 0.55 * cover(thin - abs(small_d - 0.35), px) * (1.0 - main_on));
        let lane = cover(thin - abs(fract((main_d - 0.45) / 3.6 + 0.5) - 0.5) * 3.6, px) * smoothstep(2.0, 3.2, main_d);
        color = mix(color, look.bridge.rgb, (0.50 * kerb + 0.16 * lane) * marks * painted * dry);
    }

    color = mix(look.space.rgb, color, inside(in.world));
    return vec4<f32>(fogged(color, in.world, view.world_position), 1.0);
}
