// A line in space as a ribbon that faces the eye.
#define_import_path guanlan::ribbon
#import bevy_pbr::mesh_view_bindings::view

// Ends behind the eye are pulled to just before it, m.
const NEAR: f32 = 0.5;

struct Ribbon {
    // The end that a vertex belongs to, in clip space.
    end: vec4<f32>,
    // Across the line on the screen, of length one.
    across: vec2<f32>,
}

// One end; `other` is the other one and, in w, which of the two this is (-1 or 1).
fn ribbon(position: vec3<f32>, other: vec4<f32>) -> Ribbon {
    let size = view.viewport.zw;
    var a = view.clip_from_world * vec4<f32>(position, 1.0);
    var b = view.clip_from_world * vec4<f32>(other.xyz, 1.0);
    if a.w < NEAR && b.w > NEAR {
        a = mix(a, b, (NEAR - a.w) / (b.w - a.w));
    } else if b.w < NEAR && a.w > NEAR {
        b = mix(b, a, (NEAR - b.w) / (a.w - b.w));
    }
    let pa = a.xy / max(a.w, 1e-3) * size;
    let pb = b.xy / max(b.w, 1e-3) * size;
    let along = normalize((pb - pa) * other.w + vec2<f32>(1e-5, 0.0));
    var out: Ribbon;
    out.end = a;
    out.across = vec2<f32>(-along.y, along.x);
    return out;
}

// The end moved on the screen by so many half pixels.
fn beside(r: Ribbon, half_px: vec2<f32>) -> vec4<f32> {
    return vec4<f32>(r.end.xy + half_px / view.viewport.zw * r.end.w, r.end.zw);
}
