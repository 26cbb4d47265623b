// Chance by place.
#define_import_path guanlan::noise

// A number of 0 … 1 for a cell.
fn grain(i: vec2<f32>) -> f32 {
    return fract(sin(dot(i, vec2<f32>(12.9898, 78.233))) * 43758.547);
}

// The same without edges.
fn noise(p: vec2<f32>) -> f32 {
    let i = floor(p);
    let f = fract(p);
    let u = f * f * (3.0 - 2.0 * f);
    let low = mix(grain(i), grain(i + vec2<f32>(1.0, 0.0)), u.x);
    let high = mix(grain(i + vec2<f32>(0.0, 1.0)), grain(i + vec2<f32>(1.0, 1.0)), u.x);
    return mix(low, high, u.y);
}
