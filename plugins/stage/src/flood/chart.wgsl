// Depths of a solver on the device become the chart that the water is drawn from, see chart.rs. The flow is what the
// slope of the water drives (Manning).
struct Params {
    first: u32,
    stride: u32,
    cols: u32,
    rows: u32,
    // x: side of a cell, m.
    cell: vec4<f32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> depths: array<f32>;
@group(0) @binding(2) var ground: texture_2d<f32>;
@group(0) @binding(3) var chart: texture_storage_2d<rgba16float, write>;
// One bit a cell: water that is there anyway.
@group(0) @binding(4) var<storage, read> hidden: array<u32>;

const WET_M: f32 = 0.05;
const MANNING_N: f32 = 0.03;
const FASTEST: f32 = 3.0;

fn depth_at(c: u32, r: u32) -> f32 {
    let cell = r * params.cols + c;
    if (hidden[cell / 32u] >> (cell % 32u) & 1u) == 1u {
        return 0.0;
    }
    return max(depths[params.first + r * params.stride + c], 0.0);
}

// Level of a wet cell; that of the asking cell where it is dry.
fn level_at(c: u32, r: u32, here: f32) -> f32 {
    let d = depth_at(c, r);
    if d < WET_M {
        return here;
    }
    return textureLoad(ground, vec2<u32>(c, r), 0).r + d;
}

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= params.cols || id.y >= params.rows {
        return;
    }
    let d = depth_at(id.x, id.y);
    var flow = vec2<f32>(0.0);
    if d >= WET_M {
        let here = textureLoad(ground, id.xy, 0).r + d;
        let last = vec2<u32>(params.cols, params.rows) - 1u;
        let west = level_at(id.x - min(id.x, 1u), id.y, here);
        let east = level_at(min(id.x + 1u, last.x), id.y, here);
        let south = level_at(id.x, id.y - min(id.y, 1u), here);
        let north = level_at(id.x, min(id.y + 1u, last.y), here);
        let slope = vec2<f32>(east - west, north - south) / (2.0 * params.cell.x);
        let steep = length(slope);
        if steep > 1e-5 {
            flow = -slope / steep * min(pow(d, 0.6667) * sqrt(steep) / MANNING_N, FASTEST);
        }
    }
    textureStore(chart, id.xy, vec4<f32>(sqrt(d), flow, select(0.0, 1.0, d >= WET_M)));
}
