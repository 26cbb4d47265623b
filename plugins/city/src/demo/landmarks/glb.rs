//! glTF 2.0 binaries.

use super::mesh::Model;
use crate::demo::DemoError;

/// The model as a glTF 2.0 binary.
pub fn glb(name: &str, model: &Model) -> Result<Vec<u8>, DemoError> {
    let mut bin: Vec<u8> = Vec::new();
    let (mut views, mut accessors, mut primitives, mut materials) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (color, triangles) in &model.parts {
        // City axes to glTF axes: y up, north is −z.
        let points: Vec<[f32; 3]> = triangles.iter().map(|p| [p[0] as f32, p[2] as f32, -p[1] as f32]).collect();
        let mut normals = Vec::with_capacity(points.len());
        for t in points.chunks(3) {
            let e = |k: usize| [t[k][0] - t[0][0], t[k][1] - t[0][1], t[k][2] - t[0][2]];
            let (a, b) = (e(1), e(2));
            let n = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
            let l = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
            let n = if l > 1e-9 { n.map(|v| v / l) } else { [0.0, 1.0, 0.0] };
            normals.extend([n; 3]);
        }
        let (mut lo, mut hi) = ([f32::MAX; 3], [f32::MIN; 3]);
        for p in &points {
            for k in 0..3 {
                lo[k] = lo[k].min(p[k]);
                hi[k] = hi[k].max(p[k]);
            }
        }
        for data in [&points, &normals] {
            let start = bin.len();
            bin.extend(data.iter().flatten().flat_map(|v| v.to_le_bytes()));
            views.push(
                serde_json::json!({"buffer": 0, "byteOffset": start, "byteLength": bin.len() - start, "target": 34962}),
            );
        }
        let n = views.len();
        accessors.push(serde_json::json!({"bufferView": n - 2, "componentType": 5126, "count": points.len(), "type": "VEC3", "min": lo, "max": hi}));
        accessors.push(
            serde_json::json!({"bufferView": n - 1, "componentType": 5126, "count": points.len(), "type": "VEC3"}),
        );
        primitives.push(serde_json::json!({"attributes": {"POSITION": n - 2, "NORMAL": n - 1}, "material": materials.len(), "mode": 4}));
        materials.push(serde_json::json!({"pbrMetallicRoughness": {"baseColorFactor": [color[0], color[1], color[2], 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7}}));
    }
    let json = serde_json::json!({
        "asset": {"version": "2.0", "generator": "guanlan demo city"},
        "scene": 0, "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0, "name": name}],
        "meshes": [{"name": name, "primitives": primitives}], "materials": materials,
        "accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": bin.len()}],
    });
    let mut text = json.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    bin.resize(bin.len().next_multiple_of(4), 0);
    let mut out = Vec::with_capacity(text.len() + bin.len() + 28);
    let word = |n: usize| (n as u32).to_le_bytes();
    out.extend(b"glTF");
    out.extend(word(2));
    out.extend(word(28 + text.len() + bin.len()));
    out.extend(word(text.len()));
    out.extend(b"JSON");
    out.extend(text);
    out.extend(word(bin.len()));
    out.extend(b"BIN\0");
    out.extend(bin);
    Ok(out)
}
