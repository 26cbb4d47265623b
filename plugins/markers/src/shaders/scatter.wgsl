// Puts the rows of a list into their places in a column.

// How many rows, words of each, then for each its number and its words.
@group(0) @binding(0) var<storage, read> list: array<u32>;
@group(0) @binding(1) var<storage, read_write> column: array<u32>;

@compute @workgroup_size(64)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= list[0] {
        return;
    }
    let each = list[1];
    let at = 2u + id.x * (each + 1u);
    let row = list[at] * each;
    for (var k = 0u; k < each; k = k + 1u) {
        column[row + k] = list[at + 1u + k];
    }
}
