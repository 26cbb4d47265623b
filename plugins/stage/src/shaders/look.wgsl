// What every shader of the stage shares: the look, light, sky and fog.
// Names here must not end in a digit: the import machinery renames those.
#define_import_path guanlan::look

// No branch may hang on these or other uniforms alone: Mesa's software Vulkan makes such a shader anew for every frame and
// keeps each of them, 0.4 MB. What else a condition asks for comes first (`&&` and `||` are branches, too).
struct Look {
    sun: vec4<f32>,
    light: vec4<f32>,
    ambient: vec4<f32>,
    zenith: vec4<f32>,
    horizon: vec4<f32>,
    glow: vec4<f32>,
    sun_at: vec4<f32>,
    moon_at: vec4<f32>,
    windows: vec4<f32>,
    weather: vec4<f32>,
    rain_frame: vec4<f32>,
    under: vec4<f32>,
    extent: vec4<f32>,
    tune: vec4<f32>,
    fade: vec4<f32>,
    fade_more: vec4<f32>,
    space: vec4<f32>,
    land: vec4<f32>,
    arterial: vec4<f32>,
    local: vec4<f32>,
    bridge: vec4<f32>,
    green: vec4<f32>,
    river: vec4<f32>,
    river_deep: vec4<f32>,
    wall: vec4<f32>,
    roof: vec4<f32>,
    edge: vec4<f32>,
    window: vec4<f32>,
    accent: vec4<f32>,
    flood_film: vec4<f32>,
    flood_shallow: vec4<f32>,
    flood_deep: vec4<f32>,
    flood_deepest: vec4<f32>,
    selected: u32,
    hovered: u32,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(0) var<uniform> look: Look;

// Light on a surface: the sky from everywhere, sun or moon from its side.
fn lit(normal: vec3<f32>) -> vec3<f32> {
    return look.ambient.rgb * (0.86 + 0.14 * normal.y) + look.light.rgb * max(dot(normal, look.sun.xyz), 0.0);
}

// True for the pixels that a layer of this opacity leaves out: bodies fade through a fine screen, so that nothing
// behind them shows twice.
fn left_out(opacity: f32, pixel: vec2<f32>) -> bool {
    // No short circuit: it would be a branch on a uniform alone.
    return (opacity < 0.996) & (fract(52.9829189 * fract(dot(floor(pixel), vec2<f32>(0.06711056, 0.00583715)))) >= opacity);
}

// Share of a pixel's samples that a body of this opacity covers: with several samples it fades in fine steps.
fn coverage(opacity: f32, pixel: vec2<f32>) -> f32 {
    let part = clamp(opacity + 0.25 * (fract(52.9829189 * fract(dot(floor(pixel), vec2<f32>(0.06711056, 0.00583715)))) - 0.5), 0.0, 1.0);
    return select(part, 1.0, opacity > 0.996);
}

// The same as one number.
fn lambert(normal: vec3<f32>) -> f32 {
    return dot(lit(normal), vec3<f32>(0.3333, 0.3334, 0.3333));
}

// The sky low over the horizon in a level direction.
fn haze(dir: vec3<f32>) -> vec3<f32> {
    let flat_dir = dir.xz * inverseSqrt(dot(dir.xz, dir.xz) + 1e-6);
    let flat_sun = look.sun_at.xz * inverseSqrt(dot(look.sun_at.xz, look.sun_at.xz) + 1e-6);
    let toward = max(dot(flat_dir, flat_sun) * 0.5 + 0.5, 0.0);
    let near = toward * toward;
    return look.horizon.rgb + look.glow.rgb * near * near * near;
}

// Share of the haze over a distance; it begins farther away when the eye is higher and when the land is larger than a town.
fn thickness(d: f32, height: f32) -> f32 {
    let start = 900.0 * look.light.w + 1.6 * abs(height);
    let end = 5200.0 * look.light.w + 4.2 * abs(height);
    let rain = 1.0 + 0.012 * min(look.weather.x, 80.0);
    let f = clamp((d - start) * rain / (end - start), 0.0, 1.0);
    return f * f * (3.0 - 2.0 * f) * 0.92 * look.tune.x;
}

// Distance fades to the haze.
fn fogged(color: vec3<f32>, position: vec3<f32>, eye: vec3<f32>) -> vec3<f32> {
    let way = position - eye;
    let f = thickness(length(way), eye.y);
    if f <= 0.0 {
        return color;
    }
    return mix(color, haze(way), f);
}

// Outside the city the ground sinks into the backdrop.
fn inside(position: vec3<f32>) -> f32 {
    let e = position.x;
    let n = -position.z;
    let out = max(max(look.extent.x - e, e - look.extent.z), max(look.extent.y - n, n - look.extent.w));
    return 1.0 - smoothstep(0.0, 1300.0, out);
}

fn hash(x: u32) -> u32 {
    var v = x * 747796405u + 2891336453u;
    v = ((v >> ((v >> 28u) + 4u)) ^ v) * 277803737u;
    return (v >> 22u) ^ v;
}

fn hash_unit(x: u32) -> f32 {
    return f32(hash(x) >> 8u) / 16777216.0;
}

// How warm a wall looks from where its windows are no longer told apart. A town at night is no even shine: some sides are
// livelier than others.
fn warmth(number: u32, normal: vec3<f32>, share: f32) -> f32 {
    let side = vec2<u32>(normal.xz * 2.0 + 2.5);
    let lively = smoothstep(0.45, 1.0, hash_unit(number * 13u + side.x * 5u + side.y));
    return share * (0.07 + 0.62 * lively * lively);
}

// Rooms that are lit here and there are still points of light from afar. `spot`: metres above the foot and along the ground.
fn spark(number: u32, spot: vec2<f32>, share: f32) -> f32 {
    let cell = vec2<u32>(u32(max(spot.x, 0.0) * 0.25), u32(spot.y * 0.2 + 65536.0));
    return 0.62 * step(1.0 - 0.5 * share, hash_unit(number * 29u + cell.x * 1013u + cell.y * 17u));
}

// Street light on the foot of a wall, strongest at the pavement. `h`: metres above the foot.
fn street_light(h: f32) -> vec3<f32> {
    let up = max(h, 0.0) * 0.22;
    return look.window.rgb * (look.windows.w * look.tune.z * (1.0 - look.under.y) * 0.055 / (1.0 + up * up));
}
