// What the shaders of the live layers share: the wall's uniform, packing, corners, shapes.
#define_import_path guanlan::marks
#import bevy_render::view::View

// No branch may hang on these or other uniforms alone: Mesa's software Vulkan makes such a shader anew for every frame and
// keeps each of them, 0.4 MB. What else a condition asks for comes first (`&&` and `||` are branches, too).
struct Wall {
    // Normal, blue, yellow, orange, red.
    levels: array<vec4<f32>, 5>,
    // Stale and offline.
    stale: vec4<f32>,
    // Disc below a shape.
    disc: vec4<f32>,
    rim: vec4<f32>,
    accent: vec4<f32>,
    // Units at work.
    busy: vec4<f32>,
    // Sensors, cases, units, heat: how strongly each layer is drawn.
    strength: vec4<f32>,
    // Diameter of all discs (sensors, units) or 0; fade begins and ends, s.
    style: vec4<f32>,
    // Time for breathing, s; top of the heat map; pixels of a unit; free.
    pulse: vec4<f32>,
    now_ms: u32,
    // Steps of the last-heard column since the scene's beginning; 0: ages are not shown.
    seen_now: u32,
    // Seconds in such a step.
    seen_step_s: u32,
    // Columns of the heat map.
    heat_cols: u32,
    // West, south, step, lift of the heat map, m.
    heat_frame: vec4<f32>,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var<uniform> wall: Wall;

// City place to renderer position.
fn to_scene(p: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(p.x, p.z, -p.y);
}

// Pixels of a "pixel at 1080 lines".
fn unit_px() -> f32 {
    return max(min(view.viewport.z, view.viewport.w) / 1080.0, 0.46);
}

// Corners of a triangle around the unit circle.
fn corner(k: u32) -> vec2<f32> {
    let x = select(select(-1.7320508, 1.7320508, k == 1u), 0.0, k == 2u);
    let y = select(-1.0, 2.0, k == 2u);
    return vec2<f32>(x, y);
}

// Moves a clip position by a number of radii of so many px.
fn widened(clip: vec4<f32>, offset: vec2<f32>, radius_px: f32) -> vec4<f32> {
    let step = offset * radius_px * 2.0 / view.viewport.zw * clip.w;
    return vec4<f32>(clip.xy + step, clip.zw);
}

// Order of marks among each other: rank 0–15 first, then the nearer one. Reverse z.
fn ordered(clip: vec4<f32>, rank: u32) -> vec4<f32> {
    let near = 1.0 / (1.0 + max(clip.w, 0.0) * 0.0005);
    let z = (f32(rank) + near) / 16.5 + 0.01;
    return vec4<f32>(clip.xy, z * clip.w, clip.w);
}

// How much of a calm mark is left: from the street far ones would stand in a row on the horizon. As `pick::left_of`.
fn left_of(place: vec3<f32>) -> f32 {
    let away = view.world_position - place;
    let far = length(away);
    let steep = abs(away.y) / max(far, 1.0);
    return mix(1.0, smoothstep(0.006, 0.03, steep), smoothstep(150.0, 400.0, far));
}

// A place that is not drawn.
fn nowhere() -> vec4<f32> {
    return vec4<f32>(0.0, 0.0, 2.0, 1.0);
}

// Signed distance (negative inside) of a level's shape of about radius r.
fn shape(level: u32, p: vec2<f32>, r: f32) -> f32 {
    if level == 2u {
        // Triangle, point up.
        let q = vec2<f32>(abs(p.x), p.y + r * 0.14);
        let side = dot(q, vec2<f32>(0.8660254, 0.5)) - r * 0.56;
        return max(side, -q.y - r * 0.56);
    }
    if level == 3u {
        return (abs(p.x) + abs(p.y) - r * 1.12) * 0.7071;
    }
    if level == 4u {
        let q = abs(p);
        return max(max(q.x, q.y) - r * 0.90, (q.x + q.y) * 0.7071 - r * 0.90);
    }
    return length(p) - r;
}

// Lays a colour over what is there.
fn over(below: vec4<f32>, color: vec3<f32>, a: f32) -> vec4<f32> {
    let alpha = a + below.a * (1.0 - a);
    let mixed = (color * a + below.rgb * below.a * (1.0 - a)) / max(alpha, 1e-4);
    return vec4<f32>(mixed, alpha);
}

fn breath() -> f32 {
    return 0.5 + 0.5 * cos(wall.pulse.x * 6.2831853);
}

// The shader cannot depth-test a soft rim: what is barely there leaves no depth.
fn finished(color: vec4<f32>, strength: f32) -> vec4<f32> {
    if color.a < 0.02 {
        discard;
    }
    return vec4<f32>(color.rgb, color.a * strength);
}
