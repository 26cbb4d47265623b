// Share rings: how many marks of each level lie in a cell, the number in the middle.
#import guanlan::marks::{wall, view, to_scene, unit_px, corner, widened, ordered, nowhere, over, breath, finished}

struct Ring {
    // East, north, height; side of the cell, m.
    place: vec4<f32>,
    // Normal, blue, yellow, orange.
    counts: vec4<u32>,
    // Red, total, signs of the total, layer in bits 0–1, breathes in bit 8, aside in bits 9 (right), 10 (left), 11 (up).
    more: vec4<u32>,
}

@group(1) @binding(0) var<storage, read> rings: array<Ring>;
@group(1) @binding(4) var signs: texture_2d<f32>;
@group(1) @binding(5) var smooth_sampler: sampler;

struct Out {
    @builtin(position) clip: vec4<f32>,
    @location(0) at: vec2<f32>,
    @location(1) @interpolate(flat) number: u32,
    // Radius, px.
    @location(2) @interpolate(flat) radius: f32,
}

@vertex
fn vertex(@builtin(vertex_index) vertex: u32) -> Out {
    var out: Out;
    let number = vertex / 3u;
    let ring = rings[number];
    let unit = unit_px();
    let clip = view.clip_from_world * vec4<f32>(to_scene(ring.place.xyz), 1.0);
    let cell_px = ring.place.w * abs(view.clip_from_view[1][1]) * view.viewport.w * 0.5 / max(clip.w, 1.0);
    let wanted = 13.0 + 3.6 * log(f32(max(ring.more.y, 1u))) / 2.302585;
    let radius = min(wanted * unit, cell_px * 0.46);
    out.number = number;
    out.radius = radius;
    out.at = corner(vertex % 3u) * 1.08;
    // Sensors below crews below cases; cells with reds over those without.
    let layer = ring.more.w & 3u;
    let rank = select(select(6u, 10u, layer == 2u), 14u, layer == 1u);
    // Layers that share cells stand side by side.
    let side = f32((ring.more.w >> 9u) & 1u) - f32((ring.more.w >> 10u) & 1u);
    let up = f32((ring.more.w >> 11u) & 1u);
    out.clip = widened(ordered(clip, rank), out.at + vec2<f32>(side * 1.06, up * 1.84), radius);
    if clip.w < 1.0 || radius < 2.0 {
        out.clip = nowhere();
    }
    return out;
}

fn share_color(layer: u32, k: u32) -> vec3<f32> {
    if layer == 2u {
        // Free, under way, on scene, clearing, out of service.
        let free = mix(wall.disc.rgb, wall.busy.rgb, 0.42);
        let busy = select(wall.busy.rgb, wall.accent.rgb, k == 1u);
        return select(select(busy, wall.stale.rgb * 0.6, k == 4u), free, k == 0u);
    }
    return wall.levels[k].rgb;
}

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let ring = rings[in.number];
    let one = 1.0 / max(in.radius, 0.5);
    let p = in.at;
    let r = length(p);
    let layer = ring.more.w & 3u;
    var color = over(vec4<f32>(0.0), wall.disc.rgb, 0.90 * (1.0 - smoothstep(-0.6 * one, 0.6 * one, r - 1.0)));
    // Shares, clockwise from the top, the worst first. A level that is there is never less than a visible stroke.
    let angle = atan2(p.x, p.y) / 6.2831853;
    let turn = select(angle, angle + 1.0, angle < 0.0);
    let total = f32(max(ring.more.y, 1u));
    var counts = array<u32, 5>(ring.counts.x, ring.counts.y, ring.counts.z, ring.counts.w, ring.more.x);
    let least = 0.07;
    var shares = array<f32, 5>(0.0, 0.0, 0.0, 0.0, 0.0);
    var sum = 0.0;
    for (var k = 0u; k < 5u; k = k + 1u) {
        if counts[k] > 0u {
            shares[k] = max(f32(counts[k]) / total, least);
            sum = sum + shares[k];
        }
    }
    var end = 0.0;
    var tint = wall.stale.rgb;
    var mine = 0u;
    for (var i = 0u; i < 5u; i = i + 1u) {
        let k = 4u - i;
        let begin = end;
        end = end + shares[k] / sum;
        if turn >= begin && turn < end {
            tint = share_color(layer, k);
            mine = k;
        }
    }
    // A quiet ring stays quiet.
    let strength = select(0.98, 0.50, mine == 0u && layer != 1u);
    let half = select(0.085, 0.115, mine > 0u);
    let band = 1.0 - smoothstep(half, half + 1.2 * one, abs(r - 0.86));
    let pulse = select(1.0, mix(0.6, 1.0, breath()), (ring.more.w & 256u) != 0u && mine == 4u);
    color = over(color, tint * pulse, band * strength);
    // The number.
    let packed = ring.more.z;
    let count = packed >> 28u;
    let high = min(0.92, 1.75 / f32(max(count, 2u)));
    let wide = high * 0.56;
    let x = (p.x / wide) + f32(count) * 0.5;
    let y = 0.5 - p.y / high;
    if in.radius > 8.0 && x >= 0.0 && x < f32(count) && y > -0.1 && y < 1.1 {
        let index = u32(x);
        let sign = (packed >> (4u * index)) & 15u;
        // The box of 0.6 × 1 with a margin of a tenth, in a cell of 0.8 × 1.2.
        let u = (f32(sign) + (fract(x) * 0.6 + 0.1) / 0.8) / 12.0;
        let v = (y + 0.1) / 1.2;
        let value = textureSampleLevel(signs, smooth_sampler, vec2<f32>(u, v), 0.0).r;
        // 0.4 of a sign's height per full range of a byte.
        let edge = one / high / 0.4;
        color = over(color, wall.rim.rgb, smoothstep(0.5 - 0.6 * edge, 0.5 + 0.6 * edge, value) * 0.95);
    }
    let own = select(select(wall.strength.x, wall.strength.z, layer == 2u), wall.strength.y, layer == 1u);
    return finished(color, own);
}
