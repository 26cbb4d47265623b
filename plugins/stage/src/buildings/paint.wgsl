// Colours by building: risk, impact, use … written by the program, one word for each building.
#define_import_path guanlan::paint

// First the number of buildings, then red, green, blue, strength for each, a byte each.
@group(#{MATERIAL_BIND_GROUP}) @binding(1) var<storage, read> paints: array<u32>;

// The colour (linear) of a building and how strong it is; nothing where none is set.
fn building_paint(number: u32) -> vec4<f32> {
    if number >= paints[0] {
        return vec4<f32>(0.0);
    }
    let c = unpack4x8unorm(paints[number + 1u]);
    return vec4<f32>(c.rgb * c.rgb, c.a);
}
