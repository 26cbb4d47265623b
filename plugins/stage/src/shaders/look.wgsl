// What every shader of the stage shares: the look, light and fog.
// Names here must not end in a digit: the import machinery renames those.
#define_import_path guanlan::look

struct Look {
    sun: vec4<f32>,
    extent: vec4<f32>,
    tune: vec4<f32>,
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

// One light and the sky.
fn lambert(normal: vec3<f32>) -> f32 {
    let up = 0.06 * normal.y;
    return look.sun.w + up + 0.52 * max(dot(normal, look.sun.xyz), 0.0);
}

// Distance fog to the backdrop; it starts farther away when the eye is higher.
fn fogged(color: vec3<f32>, position: vec3<f32>, eye: vec3<f32>) -> vec3<f32> {
    let d = distance(position, eye);
    let start = 900.0 + 1.6 * abs(eye.y);
    let end = 5200.0 + 4.2 * abs(eye.y);
    let f = clamp((d - start) / (end - start), 0.0, 1.0);
    return mix(color, look.space.rgb, f * f * (3.0 - 2.0 * f) * 0.92 * look.tune.x);
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
