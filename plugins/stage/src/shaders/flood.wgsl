// Flood water: depth ramp, translucent, bright shore line, lines that run with the flow. The surface stands on the
// ground as high as the chart says.
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import guanlan::look::{look, fogged, haze}
#import guanlan::noise::{grain, noise}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> frame: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var<uniform> style: vec4<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var chart: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var chart_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(5) var ground: texture_2d<f32>;
// Colours of the classes of what is shown; w of the first: 0 shows the depth, 2 whole classes; of the second: 2 stands still.
@group(#{MATERIAL_BIND_GROUP}) @binding(6) var<uniform> classes: array<vec4<f32>, 6>;
// Class of each cell and how far through it, times 1 where it has one; 1 or 0.
@group(#{MATERIAL_BIND_GROUP}) @binding(7) var tint: texture_2d<f32>;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) world: vec3<f32>,
}

// Level of a wet cell and 1, or nothing.
fn level_at(cell: vec2<i32>, size: vec2<i32>) -> vec2<f32> {
    if any(cell < vec2<i32>(0)) || any(cell >= size) {
        return vec2<f32>(0.0);
    }
    let root = textureLoad(chart, cell, 0).r;
    let depth = root * root;
    if depth < 0.05 {
        return vec2<f32>(0.0);
    }
    return vec2<f32>(textureLoad(ground, cell, 0).r + depth, 1.0);
}

// The water at a corner of cells: the mean of the wet cells around it, or of those one farther away.
fn corner_level(corner: vec2<i32>) -> f32 {
    let size = vec2<i32>(textureDimensions(chart));
    var sum = vec2<f32>(0.0);
    for (var r = -1; r <= 0; r = r + 1) {
        for (var c = -1; c <= 0; c = c + 1) {
            sum = sum + level_at(corner + vec2<i32>(c, r), size);
        }
    }
    if sum.y < 0.5 {
        for (var r = -2; r <= 1; r = r + 1) {
            for (var c = -2; c <= 1; c = c + 1) {
                sum = sum + level_at(corner + vec2<i32>(c, r), size);
            }
        }
    }
    if sum.y < 0.5 {
        return textureLoad(ground, clamp(corner, vec2<i32>(0), size - 1), 0).r;
    }
    return sum.x / sum.y;
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Out {
    var out: Out;
    let size = vec2<f32>(textureDimensions(chart));
    let corner = vec2<i32>(round((vec2<f32>(position.x, -position.z) - frame.xy) / frame.zw * size));
    out.world = vec3<f32>(position.x, corner_level(corner), position.z);
    out.clip = view.clip_from_world * vec4<f32>(out.world + vec3<f32>(0.0, 0.16, 0.0), 1.0);
    // Towards the eye by a few thousandths of the way, so that the ground's own triangles do not shine through.
    let toward = min(0.008 * out.clip.w, 7.0);
    out.clip.z = out.clip.z * out.clip.w / max(out.clip.w - toward, 0.5);
    return out;
}

fn ramp(d: f32) -> vec3<f32> {
    // A film takes the colour of shallow water: pale over a lawn it would look like mud.
    let a = mix(look.flood_film.rgb, look.flood_shallow.rgb, 0.5 + 0.5 * smoothstep(0.04, 0.20, d));
    let b = mix(a, look.flood_deep.rgb, smoothstep(0.20, 1.0, d));
    return mix(b, look.flood_deepest.rgb, smoothstep(1.0, 2.0, d));
}

// Cubic B-spline through four linear samples: smooth where linear filtering shows its cells.
fn smooth_sample(uv: vec2<f32>) -> vec4<f32> {
    let size = vec2<f32>(textureDimensions(chart));
    let p = uv * size - 0.5;
    let f = fract(p);
    let i = floor(p);
    let wa = (1.0 - f) * (1.0 - f) * (1.0 - f) / 6.0;
    let wb = 2.0 / 3.0 - 0.5 * f * f * (2.0 - f);
    let wc = 2.0 / 3.0 - 0.5 * (1.0 - f) * (1.0 - f) * (1.0 + f);
    let wd = f * f * f / 6.0;
    let ga = wa + wb;
    let gb = wc + wd;
    let ha = (wb / ga - 0.5 + i) / size;
    let hb = (wd / gb + 1.5 + i) / size;
    let low = textureSampleLevel(chart, chart_sampler, vec2<f32>(ha.x, ha.y), 0.0) * ga.x
        + textureSampleLevel(chart, chart_sampler, vec2<f32>(hb.x, ha.y), 0.0) * gb.x;
    let high = textureSampleLevel(chart, chart_sampler, vec2<f32>(ha.x, hb.y), 0.0) * ga.x
        + textureSampleLevel(chart, chart_sampler, vec2<f32>(hb.x, hb.y), 0.0) * gb.x;
    return low * ga.y + high * gb.y;
}

// Colour of what is chosen of the water, and its opacity: pale where it has no class.
fn class_color(uv: vec2<f32>) -> vec4<f32> {
    let size = vec2<i32>(textureDimensions(tint));
    let cell = clamp(vec2<i32>(floor(uv * vec2<f32>(size))), vec2<i32>(0), size - 1);
    let between = textureSampleLevel(tint, chart_sampler, uv, 0.0).rg;
    let sampled = select(between, textureLoad(tint, cell, 0).rg, classes[0].w > 1.5);
    if sampled.y < 0.3 {
        return vec4<f32>(look.flood_film.rgb * 0.8, 0.22);
    }
    return vec4<f32>(classes[min(u32(max(sampled.x / sampled.y, 0.0)), 5u)].rgb, 0.80);
}

// Small waves: two sheets of noise that drift across each other.
fn waves(place: vec2<f32>) -> f32 {
    let t = globals.time;
    return noise(place * 0.55 + vec2<f32>(0.31, 0.17) * t) + 0.6 * noise(place * 1.35 - vec2<f32>(0.23, 0.41) * t);
}

// Dashes of one cell of the flow: lanes along it, moving with it.
fn dashes(place: vec2<f32>, cell: vec2<f32>, side: f32, px: f32) -> f32 {
    let middle = (cell + 0.5) * side;
    let uv = (middle - frame.xy) / frame.zw;
    let flow = textureSampleLevel(chart, chart_sampler, uv, 0.0).gb;
    let speed = length(flow);
    if speed < 0.04 {
        return 0.0;
    }
    let way = flow / speed;
    let q = place - middle;
    let along = dot(q, way) - globals.time * speed;
    let across = dot(q, vec2<f32>(way.y, -way.x));
    let lane = floor(across / 4.5);
    let run = fract(along / 17.0 + grain(vec2<f32>(lane, cell.x * 3.0 + cell.y)));
    let body = smoothstep(0.0, 0.5, run) * (1.0 - smoothstep(0.52, 0.58, run));
    let thin = max(0.28, 0.6 * px);
    let line = 1.0 - smoothstep(thin * 0.5, thin * 1.5, abs(across / 4.5 - lane - 0.5) * 4.5);
    return body * line * smoothstep(0.04, 0.35, speed);
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let place = vec2<f32>(in.world.x, -in.world.z);
    let px = max(length(fwidth(place)) * 0.7, 0.01);
    let root = smooth_sample((place - frame.xy) / frame.zw).r;
    let depth = root * root;
    let slope = max(length(vec2<f32>(dpdx(depth), dpdy(depth))), 1e-5);
    // A divider keeps two waters apart that are compared.
    let across = (in.clip.x - view.viewport.x) / view.viewport.z - style.w;
    if depth < 0.05 || across * style.z < 0.0 {
        discard;
    }
    // There is water here; said once more, so that the branch does not hang on a uniform alone.
    let painted = depth > 0.0 && classes[0].w > 0.5;
    var color = ramp(depth) * 0.92;
    // A film of a few centimetres is hinted at; what stops a car is seen from afar.
    var alpha = mix(0.16, 0.84, smoothstep(0.05, 0.50, depth));
    if painted {
        let chosen = class_color((place - frame.xy) / frame.zw);
        color = chosen.rgb;
        // Shallow water lies lighter on the ground, whatever is shown of it.
        alpha = chosen.a * mix(0.62, 1.0, smoothstep(0.05, 0.35, depth));
    }
    // Seen flat it mirrors the sky.
    let eye_way = normalize(view.world_position - in.world);
    let flat_view = 1.0 - clamp(eye_way.y, 0.0, 1.0);
    // Colours that a legend explains stay what they are.
    let mirror = select(0.45, 0.12, painted);
    color = mix(color, haze(-eye_way) * 1.2 + color * 0.4, mirror * flat_view * flat_view * flat_view * flat_view);
    let ripple = (1.0 - smoothstep(0.25, 0.9, px)) * look.tune.w * select(1.0, 0.35, painted);
    if ripple > 0.0 {
        let here = waves(place);
        let slope_xy = vec2<f32>(waves(place + vec2<f32>(0.35, 0.0)) - here, waves(place + vec2<f32>(0.0, 0.35)) - here);
        let normal = normalize(vec3<f32>(-slope_xy.x * 0.55, 1.0, slope_xy.y * 0.55));
        let mirrored = reflect(-eye_way, normal);
        let bounce = 0.04 + 0.96 * pow(1.0 - clamp(dot(eye_way, normal), 0.0, 1.0), 5.0);
        let sky = mix(haze(mirrored), look.zenith.rgb + 0.10 * look.edge.rgb, clamp(mirrored.y * 1.4, 0.0, 1.0));
        let glint = pow(max(dot(mirrored, look.sun.xyz), 0.0), 90.0) * dot(look.light.rgb, vec3<f32>(0.3333));
        let deep_enough = smoothstep(0.06, 0.25, depth);
        color = color * (1.0 + 0.16 * (here - 0.8) * ripple * deep_enough);
        color = color + (sky * bounce * 1.6 + vec3<f32>(glint * 0.8)) * ripple * mix(0.35, 1.0, deep_enough);
    }
    let away = distance(in.world, view.world_position);
    let near = 1.0 - smoothstep(900.0, 2600.0, away);
    // Lines that run with the water, where pixels are small enough to hold them.
    let fine = select(1.0 - smoothstep(0.8, 2.2, px), 0.0, classes[1].w > 1.5);
    let side = max(style.x * 1.5, 12.0);
    if fine > 0.0 && look.tune.w < 0.5 {
        // The low preset draws the lines of one cell without blending them into the next.
        let run = dashes(place, floor(place / side), side, px) * fine * smoothstep(0.06, 0.16, depth);
        color = mix(color, look.flood_film.rgb, run * 0.55);
        alpha = max(alpha, run * 0.6);
    } else if fine > 0.0 {
        let p = place / side - 0.5;
        let cell = floor(p);
        let f = smoothstep(vec2<f32>(0.15), vec2<f32>(0.85), p - cell);
        let low = mix(dashes(place, cell, side, px), dashes(place, cell + vec2<f32>(1.0, 0.0), side, px), f.x);
        let high = mix(dashes(place, cell + vec2<f32>(0.0, 1.0), side, px), dashes(place, cell + vec2<f32>(1.0, 1.0), side, px), f.x);
        let run = mix(low, high, f.y) * fine * smoothstep(0.06, 0.16, depth);
        color = mix(color, look.flood_film.rgb, run * 0.55);
        alpha = max(alpha, run * 0.6);
    }
    // The shore: about a pixel and a half, never more than 15 cm of depth; far away every puddle would be all shore.
    var shore = 1.0 - smoothstep(0.0, min(1.8 * slope, 0.10), depth - 0.05);
    shore = shore * select(1.0, step(0.45, fract((place.x + place.y) / max(9.0, 7.0 * px))), style.y > 0.5);
    color = mix(color, look.flood_film.rgb, shore * 0.9 * near);
    alpha = max(alpha, shore * 0.9 * near) * mix(1.0, 0.6, style.y);
    return vec4<f32>(fogged(color, in.world, view.world_position), alpha * look.fade.y * mix(1.0, 0.45, look.under.y));
}
