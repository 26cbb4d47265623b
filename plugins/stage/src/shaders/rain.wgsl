// Rain as sheets of streaks around the eye, thick where the rain field says, and a veil in the distance.
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import guanlan::look::{look, haze}
#import guanlan::noise::grain

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var field: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var field_sampler: sampler;

const HEAVIEST: f32 = 150.0;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) ndc: vec2<f32>,
}

@vertex
fn vertex(@location(0) position: vec3<f32>) -> Out {
    var out: Out;
    out.clip = vec4<f32>(position.xy, 0.5, 1.0);
    out.ndc = position.xy;
    return out;
}

fn rate_at(place: vec2<f32>) -> f32 {
    let root = textureSampleLevel(field, field_sampler, (place - look.rain_frame.xy) / look.rain_frame.zw, 0.0).r;
    return select(look.weather.x, root * root * HEAVIEST, look.weather.z > 0.5);
}

// One sheet: `columns` of drops around the eye, `lengths` streaks for a unit of height.
fn sheet(turn: f32, height: f32, columns: f32, lengths: f32, speed: f32, share: f32) -> f32 {
    let x = turn * columns + height * 0.35;
    let column = floor(x);
    let chance = grain(vec2<f32>(column, columns));
    let y = height * lengths + globals.time * speed * (0.85 + 0.3 * chance) + chance * 61.0;
    let row = floor(y);
    let drop = grain(vec2<f32>(column + 0.37, row));
    let fx = abs(x - column - 0.5);
    let fy = y - row;
    let on = step(1.0 - share, drop);
    return on * (1.0 - smoothstep(0.05, 0.22, fx)) * smoothstep(0.0, 0.75, fy) * (1.0 - smoothstep(0.85, 1.0, fy));
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let p = view.view_from_clip * vec4<f32>(in.ndc, 1.0, 1.0);
    let dir = normalize((view.world_from_view * vec4<f32>(p.xyz / p.w, 0.0)).xyz);
    let eye = view.world_position;
    // The rain seen along this ray falls on the ground it meets, or a way off.
    let reach = clamp(eye.y / max(-dir.y, 0.02), 30.0, 12000.0);
    let spot = eye + dir * reach;
    let rate = rate_at(vec2<f32>(spot.x, -spot.z));
    if rate < 0.1 {
        discard;
    }
    let strength = sqrt(clamp(rate / 80.0, 0.0, 1.0));
    let level = length(dir.xz);
    let turn = atan2(dir.x, -dir.z);
    let height = dir.y / max(level, 0.08);
    let share = 0.12 + 0.55 * strength;
#ifdef STREAKS
    var drops = sheet(turn, height, 64.0, 2.2, 5.0, share * 0.6) * 0.75;
    drops = drops + sheet(turn + 1.7, height, 150.0, 4.6, 6.5, share) * 0.60;
    drops = drops + sheet(turn + 3.1, height, 330.0, 9.0, 8.0, share) * 0.42;
    // Looking straight down there are no streaks, only drops on the lens: leave the map alone.
    drops = drops * smoothstep(0.15, 0.55, level);
#else
    // From so high above that only the veil is left.
    let drops = 0.0;
#endif
    // From high above there are no streaks, only the veil: the map is read through it.
    let high = smoothstep(150.0, 1800.0, eye.y);
    let veil = 0.11 * strength * smoothstep(200.0, 5000.0, reach);
    let streak = drops * mix(0.27, 0.0, high) * (0.35 + 0.65 * strength);
    let color = mix(haze(dir) * 1.1, look.edge.rgb * 0.9, clamp(streak * 3.0, 0.0, 1.0));
    return vec4<f32>(color, clamp(veil + streak, 0.0, 0.6) * look.fade.z * mix(1.0, 0.35, look.under.y));
}
