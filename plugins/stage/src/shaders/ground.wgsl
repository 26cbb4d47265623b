// The ground: land, parks, water, roads from distance textures; crisp at every zoom.
//
// A CPU that draws runs both sides of every branch, so what a view does not need is left out when the pipeline is made:
// NEAR there is a finer painting around the focus, CLOSE pixels are small enough for pavements and marks, FINE crowns of
// trees, flow lines and puddles, WET it rains, NIGHT lamps are lit, RELIEF only the heights of the land are known.
#import bevy_pbr::mesh_view_bindings::{view, globals}
#import guanlan::look::{look, fogged, haze, inside, lit}
#import guanlan::noise::{grain, noise}

struct Frames {
    // West, north edge, width, height of a painting in local m; width 0 means there is none.
    far: vec4<f32>,
    near: vec4<f32>,
    // Metres at which the channels saturate: lines, footprints, water, areas.
    far_range: vec4<f32>,
    near_range: vec4<f32>,
    // Lowest height, height up to the highest, between contour lines, m; share of the tint.
    relief: vec4<f32>,
}

@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<uniform> frames: Frames;
@group(#{MATERIAL_BIND_GROUP}) @binding(2) var far_lines: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(3) var far_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(4) var far_areas: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(5) var near_lines: texture_2d<f32>;
@group(#{MATERIAL_BIND_GROUP}) @binding(6) var near_sampler: sampler;
@group(#{MATERIAL_BIND_GROUP}) @binding(7) var near_areas: texture_2d<f32>;

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

// Bytes hold shares from −1 to 1 around 128.
fn share(byte: f32) -> f32 {
    return (byte * 255.0 - 128.0) / 127.0;
}

// Crowns of trees from above, two layers of round heads; lit from the light's side, dark between them.
fn crowns(place: vec2<f32>) -> f32 {
    var best = 0.0;
    for (var k = 0; k < 2; k = k + 1) {
        let p = place / 8.5 + vec2<f32>(0.5, 0.37) * f32(k);
        let cell = floor(p);
        let chance = grain(cell + 17.0 * f32(k));
        let middle = vec2<f32>(0.5) + 0.30 * (vec2<f32>(chance, fract(chance * 37.0)) - 0.5);
        let r = 0.34 + 0.14 * fract(chance * 91.0);
        let q = (p - cell - middle) / r;
        let d = dot(q, q);
        let dome = max(1.0 - d, 0.0);
        let side = dot(q, vec2<f32>(look.sun.x, -look.sun.z));
        best = max(best, dome * (0.62 + 0.42 * side) * (0.70 + 0.30 * fract(chance * 53.0)) * step(0.12, chance));
    }
    return best;
}

#ifdef FINE
// Metres to the nearest footprint, positive inside, as far as the painting goes.
fn foot_at(place: vec2<f32>, px: f32) -> f32 {
#ifdef NEAR
    let near_uv = vec2<f32>((place.x - frames.near.x) / max(frames.near.z, 1.0), (frames.near.y - place.y) / max(frames.near.w, 1.0));
    if all(near_uv > vec2<f32>(0.0)) && all(near_uv < vec2<f32>(1.0)) && frames.near.z > 0.0 {
        let level = log2(px * f32(textureDimensions(near_lines).x) / frames.near.z);
        return textureSampleLevel(near_lines, near_sampler, near_uv, max(level, 0.0)).a * frames.near_range.y;
    }
#endif
    let uv = vec2<f32>((place.x - frames.far.x) / frames.far.z, (frames.far.y - place.y) / frames.far.w);
    let level = log2(px * f32(textureDimensions(far_lines).x) / frames.far.z);
    return share(textureSampleLevel(far_lines, far_sampler, uv, max(level, 0.0)).a) * frames.far_range.y;
}
#endif

@fragment
fn fragment(in: Out) -> @location(0) vec4<f32> {
    let place = vec2<f32>(in.world.x, -in.world.z);
    let dx = dpdx(place);
    let dy = dpdy(place);
    // Metres per pixel: across the narrow way for crispness, the mean for legibility.
#ifdef RELIEF
    // The land ends where its heights do.
    if any(place < look.extent.xy) || any(place > look.extent.zw) {
        discard;
    }
#endif
    let px_min = max(min(length(dx), length(dy)), 0.02);
    let px_max = max(length(dx), length(dy));
    let px = sqrt(px_min * min(px_max, 6.0 * px_min));
    var lines: vec4<f32>;
    var areas: vec4<f32>;
    var range: vec4<f32>;
    var painted = 1.0;
#ifdef NEAR
    let near_uv = vec2<f32>((place.x - frames.near.x) / max(frames.near.z, 1.0), (frames.near.y - place.y) / max(frames.near.w, 1.0));
    let is_near = all(near_uv > vec2<f32>(0.0)) && all(near_uv < vec2<f32>(1.0)) && frames.near.z > 0.0;
#else
    let is_near = false;
#endif
    if is_near {
#ifdef NEAR
        let level = log2(px * f32(textureDimensions(near_lines).x) / frames.near.z);
        lines = textureSampleLevel(near_lines, near_sampler, near_uv, max(level, 0.0));
        areas = textureSampleLevel(near_areas, near_sampler, near_uv, max(level - 1.0, 0.0));
        range = frames.near_range;
#endif
    } else {
        let uv = vec2<f32>((place.x - frames.far.x) / frames.far.z, (frames.far.y - place.y) / frames.far.w);
        let level = log2(px * f32(textureDimensions(far_lines).x) / frames.far.z);
        lines = textureSampleLevel(far_lines, far_sampler, uv, max(level, 0.0));
        areas = textureSampleLevel(far_areas, far_sampler, uv, max(level - 1.0, 0.0));
        lines = (lines * 255.0 - 128.0) / 127.0;
        range = frames.far_range;
        painted = step(0.0, uv.x) * step(uv.x, 1.0) * step(0.0, uv.y) * step(uv.y, 1.0);
    }
    let far = smoothstep(6.0, 22.0, px);
#ifdef CLOSE
    let fine = 1.0 - smoothstep(0.5, 3.0, px);
#else
    let fine = 0.0;
#endif

    // Hill shade from the slopes, ±12 %.
    let bent = (areas.ba * 255.0 - 128.0) / 127.0 * painted;
    let slope = bent / max(vec2<f32>(1.0) - abs(bent), vec2<f32>(0.02));
    let normal = normalize(vec3<f32>(-slope.x, 1.0, slope.y));
    let bend = dot(normal, look.sun.xyz) - look.sun.y;
#ifdef RELIEF
    let shade = 1.0 + 0.62 * bend / (0.30 + abs(bend));
    let up = clamp((in.world.y - frames.relief.x) / frames.relief.y, 0.0, 1.0);
    let low_land = mix(look.land.rgb, look.green.rgb, 0.60);
    let mid_land = mix(look.land.rgb, look.local.rgb, 0.70);
    let high_land = mix(look.local.rgb, look.bridge.rgb, 0.60);
    let tint = mix(mix(low_land, mid_land, min(up * 2.0, 1.0)), high_land, max(up * 2.0 - 1.0, 0.0));
    var color = mix(look.land.rgb, tint, frames.relief.w * painted);
#else
    let shade = 1.0 + 0.16 * bend / (0.22 + abs(bend));
    var color = look.land.rgb;
#endif
#ifdef FINE
    // Bare ground is no hole: it has a grain, and the town's dust on it.
    let soil = 1.0 - smoothstep(1.5, 6.0, px);
    if soil > 0.0 {
        let grit = 0.6 * noise(place * 0.07) + 0.4 * noise(place * 0.43);
        color = mix(color, look.local.rgb, 0.10 * painted * soil) * (1.0 + 0.30 * (grit - 0.5) * soil);
    }
#endif

    let paved = lines.b * range.x;
    let green = share(areas.g) * range.w;
    let green_on = cover(green, px) * painted;
    if green_on > 0.0 {
        var leaf = 0.79;
#ifdef FINE
        leaf = 0.72 + 0.14 * noise(place * 0.02);
        if px < 4.0 {
            // Groves with clearings of grass between them.
            let grove = smoothstep(0.30, 0.52, noise(place * 0.013 + 31.0)) * smoothstep(2.0, 7.0, green);
            let heads = 0.50 + 0.62 * crowns(place + 1.5 * noise(place * 0.12));
            leaf = mix(leaf, mix(0.74 + 0.10 * noise(place * 0.35), heads, grove), 1.0 - smoothstep(1.6, 4.0, px));
        }
#endif
        // A park is calm from afar: a tone of the land, not a field of colour.
        color = mix(color, mix(look.green.rgb * leaf, look.land.rgb * 1.25, 0.34 * look.tune.z * smoothstep(2.0, 9.0, px)), green_on);
#ifdef CLOSE
        // A soft hem towards the streets.
        color = mix(color, look.green.rgb * 1.05, (1.0 - smoothstep(0.0, max(0.7, px), abs(green - 0.6))) * 0.35 * fine * painted);
#endif
    }
    color = color * shade;
#ifdef RELIEF
    // Contour lines, every fifth stronger; none where they would run together.
    let height = in.world.y / frames.relief.z;
    let rise = max(fwidth(height), 1e-5);
    let thin = (1.0 - smoothstep(0.4, 1.3, abs(fract(height + 0.5) - 0.5) / rise)) * (1.0 - smoothstep(0.12, 0.35, rise));
    let fifth = height / 5.0;
    let bold = (1.0 - smoothstep(0.7, 1.7, abs(fract(fifth + 0.5) - 0.5) * 5.0 / rise)) * (1.0 - smoothstep(0.6, 1.6, rise));
    color = mix(color, look.bridge.rgb, max(0.20 * thin, 0.38 * bold) * painted * frames.relief.w);
#endif

#ifdef NIGHT
    // Looking below the ground, street light would only hide the pipes.
    let lamps = look.windows.w * look.tune.z * (1.0 - look.under.y);
#endif
    // Water: deeper away from the bank, slow flow lines along it, the sky on it when seen flat.
    let root = share(areas.r);
    let bank = root * abs(root) * range.z;
    let wet = cover(bank, px) * painted;
    let eye_way = normalize(view.world_position - in.world);
    let flat_view = 1.0 - clamp(eye_way.y, 0.0, 1.0);
    let mirror = flat_view * flat_view * flat_view * flat_view;
    if wet > 0.0 {
        let depth = smoothstep(0.0, 70.0, bank);
        var water = mix(look.river.rgb * 0.92, look.river_deep.rgb, depth);
#ifdef FINE
        if far < 1.0 {
            let wobble = noise(place * 0.013) * 14.0;
            let lane = abs(fract((bank + wobble) / 17.0) - 0.5) * 17.0;
            let line = 1.0 - smoothstep(0.0, max(0.9, px * 0.9), lane);
            if line > 0.0 {
                let broken = smoothstep(0.50, 0.78, noise(place * 0.016 + vec2<f32>(globals.time * 0.02, globals.time * -0.012)));
                water = mix(water, look.river.rgb * 1.5, line * broken * 0.38 * (1.0 - far) * smoothstep(5.0, 14.0, bank));
            }
        }
#endif
        water = mix(water, haze(-eye_way) * 1.1 + look.river.rgb * 0.35, mirror * 0.55);
        let shore = 1.0 - smoothstep(0.0, max(1.2, px * 1.1), abs(bank - 0.8));
        water = mix(water, look.river.rgb * 1.7, shore * 0.40);
#ifdef NIGHT
        // At night water is dark between its banks.
        water = water * (1.0 - 0.42 * lamps);
#endif
        color = mix(color, water, wet);
    }

    // Yards around buildings, then their contact and soft shadow.
    let foot = lines.a * range.y;
    let yard = smoothstep(-range.y * 0.95, -1.0, foot) * painted * (1.0 - green_on) * (1.0 - wet);
    color = mix(color, mix(look.land.rgb, look.wall.rgb, 0.42) * shade, 0.55 * yard);
    color = color * (1.0 - 0.34 * painted * smoothstep(-6.5, 0.5, foot));
#ifdef FINE
    // Houses throw a soft shadow away from the light: as long as three storeys do, longer when the light is low.
    let toward = vec2<f32>(look.sun.x, -look.sun.z) / max(look.sun.y, 0.3);
    let shaded = max(smoothstep(-2.5, 0.8, foot_at(place + toward * 4.5, px)),
        0.8 * smoothstep(-3.0, 0.8, foot_at(place + toward * 9.5, px)));
    let light_on = look.light.g / (look.light.g + look.ambient.g);
    let cast_shade = 1.0 - 0.85 * light_on * shaded * painted * (1.0 - smoothstep(0.2, 1.0, foot)) * (1.0 - smoothstep(5.0, 12.0, px));
#else
    let cast_shade = 1.0;
#endif

    // Roads: two pixels at least; pavements and casing first.
#ifdef CLOSE
    let path_fade = 1.0 - smoothstep(1.0, 4.0, px);
    let paving = mix(look.land.rgb, look.local.rgb, 0.34);
    color = mix(color, paving * shade, cover(paved, px) * painted * path_fade * 0.75 * (1.0 - green_on * 0.2));
#endif
    // Widening stays inside the range of the distances: beyond it the whole town would count as road.
    let most = max(0.0, 0.85 * range.x - px * 0.6);
    let small_d = lines.r * range.x;
    let main_d = lines.g * range.x;
    let small = small_d + clamp(px * 0.55 - 3.0, 0.0, most);
    let main = main_d + clamp(px * 1.05 - 7.0, 0.0, most);
    let casing = mix(look.land.rgb, look.space.rgb, 0.65);
    let rim = max(1.3, px * 0.8);
    let dry = 1.0 - wet;
    // Near, pavements run along the kerbs; far, a dark casing keeps roads apart from the blocks.
#ifdef CLOSE
    let walk = cover(max(small_d + 2.2, main_d + 3.6), px) * fine * painted * dry;
    color = mix(color, paving * 1.08 * shade, walk * 0.85 * step(foot, 0.4));
#endif
    color = mix(color, casing, cover(small + rim, px) * painted * dry * (1.0 - far) * 0.75 * (1.0 - fine));
    let small_on = cover(small, px) * painted * dry;
    let main_on = cover(main, px) * painted * dry;
    let road_on = max(small_on, main_on);
    // Wet asphalt is darker and mirrors the sky.
#ifdef WET
    let soaked = look.weather.y * (1.0 - far);
#else
    let soaked = 0.0;
#endif
    let dark = 1.0 - 0.38 * soaked;
    var asphalt_small = mix(mix(look.land.rgb, look.local.rgb, 0.62), look.local.rgb * mix(0.80, 0.64, far), 1.0 - fine);
    var asphalt_main = mix(mix(look.land.rgb, look.arterial.rgb, 0.40), look.arterial.rgb * mix(0.62, 1.0, smoothstep(1.5, 6.0, px)), 1.0 - fine);
#ifdef NIGHT
    // Under lamps asphalt has their colour, not the sky's.
    let amber = vec3<f32>(0.34, 0.29, 0.24);
    asphalt_small = mix(asphalt_small, dot(asphalt_small, vec3<f32>(1.0)) * amber, 0.35 * lamps);
    asphalt_main = mix(asphalt_main, dot(asphalt_main, vec3<f32>(0.7)) * amber, mix(0.75, 0.50, fine) * lamps);
#endif
    color = mix(color, asphalt_small * dark, small_on * mix(0.95, 0.55, far));
    color = mix(color, casing, cover(main + rim, px) * painted * dry * (1.0 - small_on) * 0.8 * (1.0 - fine));
    color = mix(color, asphalt_main * dark, main_on);
#ifdef WET
    if soaked > 0.0 && road_on > 0.0 {
        var puddle = 0.75;
#ifdef FINE
        puddle = 0.5 + 0.5 * noise(place * 0.09);
#endif
        color = mix(color, haze(-eye_way) + look.zenith.rgb * 0.4, road_on * soaked * puddle * (0.10 + 0.75 * mirror));
    }
#endif
#ifdef CLOSE
    // Kerb lines and lanes, only near.
    let marks = 1.0 - smoothstep(0.30, 1.4, px);
    if marks > 0.0 {
        let thin = max(0.11, px * 0.55);
        let kerb = max(cover(thin - abs(main_d - 0.30), px) * (1.0 - cover(small_d - 0.6, px)), 0.60 * cover(thin - abs(small_d - 0.25), px) * (1.0 - main_on));
        let lane = cover(thin * 0.8 - abs(fract((main_d - 0.30) / 3.5 + 0.5) - 0.5) * 3.5, px) * smoothstep(2.2, 3.2, main_d);
        color = mix(color, look.bridge.rgb, (0.55 * kerb + 0.26 * lane) * marks * painted * dry);
    }
#endif
    color = color * cast_shade * mix(vec3<f32>(1.0), lit(vec3<f32>(0.0, 1.0, 0.0)), 0.65);
#ifdef NIGHT
    // Street light: the carriageways of avenues, a soft edge beyond their kerbs, a little of it in lanes.
    let avenue = smoothstep(-14.0, 5.0, main_d);
    let lane = smoothstep(-6.0, 2.0, small_d);
    let pool = 0.040 * avenue * avenue + 0.060 * main_on + (0.016 * lane + 0.016 * small_on) * (1.0 - 0.6 * far);
    color = color + look.window.rgb * (pool * lamps * painted * (1.0 - 0.8 * wet));
#endif
    color = mix(look.space.rgb, color, inside(in.world));
    return vec4<f32>(fogged(color, in.world, view.world_position), look.under.x * look.fade_more.x);
}
