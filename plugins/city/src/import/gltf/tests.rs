//! Figures of real models, broken files, and arbitrary bytes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use super::{Pictures, container::Model, facts, landmark, walk};
use crate::import::Report;

/// The real data beside the repository; `None` (with a notice) when it is absent.
fn data(path: &str) -> Option<PathBuf> {
    let full = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if full.exists() {
        return Some(full);
    }
    println!("skipped: {path} is not here");
    None
}

#[test]
fn every_figure_of_the_real_models() {
    let Some(path) = data("expected.json") else { return };
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut checked = 0;
    for (name, want) in &expected {
        let (true, Some(path), true) = (name.ends_with(".glb"), data(name), want.get("triangles").is_some()) else {
            continue;
        };
        let found = facts(&path).unwrap();
        for key in
            ["nodes", "meshes", "primitives", "materials", "textures", "animations", "position_vertices", "triangles"]
        {
            assert_eq!(found.counts[key] as u64, want[key].as_u64().unwrap(), "{name} {key}");
        }
        checked += 1;
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn the_milk_truck_stands_upright_with_its_wheels_apart() {
    let Some(path) = data("city/gltf/CesiumMilkTruck.glb") else { return };
    let (truck, report) = landmark(&path).unwrap();
    // Two nodes share the mesh of the wheels, so more is drawn than the file holds.
    assert!(truck.mesh.len() / 3 > 2856);
    assert_eq!(truck.colors.len() * 3, truck.mesh.len());
    let span = |axis: usize| {
        let of = || truck.mesh.iter().map(|p| p[axis]);
        (of().fold(f32::INFINITY, f32::min), of().fold(f32::NEG_INFINITY, f32::max))
    };
    let (low, high) = span(2);
    assert!(low.abs() < 0.05 && (2.0..4.0).contains(&high), "{low} {high}");
    assert!(report.problems.iter().any(|p| p.message.contains("its texture has in its middle")));
    let shades: std::collections::BTreeSet<_> = truck.colors.iter().map(|c| c.map(f32::to_bits)).collect();
    assert!(shades.len() > 50, "{} colours from the texture", shades.len());
    assert_eq!(truck.name.zh, "CesiumMilkTruck");
}

#[test]
fn cut_and_damaged_files_are_refused() {
    if let Some(path) = data("malformed/3dtiles/tiles/TriangleGlbWithInvalidLength.glb") {
        let error = landmark(&path).unwrap_err().to_string();
        assert!(error.contains("GLB header") && error.contains("bytes"), "{error}");
    }
    if let Some(path) = data("city/3dtiles/v1.1_multiple_contents/planePoints.glb") {
        assert!(landmark(&path).unwrap_err().to_string().contains("no triangles"));
    }
    for (bytes, reason) in [
        (&b""[..], "empty"),
        (b"solid cube", "neither GLB"),
        (b"glTF\x02\0\0\0", "cut off"),
        (b"glTF\x01\0\0\0\x0c\0\0\0", "cut off"),
        (b"glTF\x03\0\0\0\x0c\0\0\0", "version 3"),
        (b"{\"asset\":{\"version\":\"3.0\"}}", "expected \"2.0\""),
        (b"{\"asset\":", "not glTF"),
        (b"{\"asset\":{\"version\":\"2.0\"},\"extensionsRequired\":[\"KHR_texture_procedurals\",\"FB_geometry_metadata\"]}", "not supported"),
        (
            b"{\"asset\":{\"version\":\"2.0\"},\"buffers\":[{\"uri\":\"../../etc/passwd\",\"byteLength\":4}]}",
            "nothing else is opened",
        ),
    ] {
        let (place, why) = Model::read(bytes, Some(Path::new("/"))).err().unwrap();
        assert!(why.contains(reason), "{place}: {why}");
    }
    if let Some(path) = data("city/gltf/plateau_vegetation_structural_metadata.glb") {
        let bytes = std::fs::read(path).unwrap();
        for cut in [0, 3, 11, 19, 400, bytes.len() / 2, bytes.len() - 1] {
            assert!(Model::read(&bytes[..cut], None).is_err(), "{cut}");
        }
        let followed_by = |more: &[u8]| Model::read(&[&bytes[..], more].concat(), None);
        assert!(followed_by(&[0; 7]).is_ok() && followed_by(b"   ").is_ok(), "filled up to a multiple of eight");
        assert!(followed_by(b"{}").is_err(), "something else was lost or added");
    }
}

/// A square of two triangles, 2 m wide, packed by Draco and by meshoptimizer.
#[test]
fn packed_meshes_are_unpacked() {
    use draco_core::{
        DataType, EncoderBuffer, EncoderOptions, FaceIndex, GeometryAttributeType, Mesh, MeshEncoder, PointAttribute,
        PointIndex,
    };
    let corners = [[0.0_f32, 0.0, 0.0], [2.0, 0.0, 0.0], [2.0, 2.0, 0.0], [0.0, 2.0, 0.0]];
    let mut mesh = Mesh::new();
    let mut position = PointAttribute::new();
    position.init(GeometryAttributeType::Position, 3, DataType::Float32, false, 4);
    for (i, corner) in corners.iter().enumerate() {
        let bytes: Vec<u8> = corner.iter().flat_map(|v| v.to_le_bytes()).collect();
        position.buffer_mut().write(i * 12, &bytes);
    }
    let id = mesh.add_attribute(position);
    let id = mesh.attribute(id).unique_id();
    mesh.set_num_faces(2);
    mesh.set_face(FaceIndex(0), [PointIndex(0), PointIndex(1), PointIndex(2)]);
    mesh.set_face(FaceIndex(1), [PointIndex(0), PointIndex(2), PointIndex(3)]);
    let mut encoder = MeshEncoder::new();
    encoder.set_mesh(mesh);
    let mut out = EncoderBuffer::new();
    encoder.encode(&EncoderOptions::new(), &mut out).unwrap();
    let packed = out.data().to_vec();
    let accessors = json!([{"componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [2, 2, 0]},
        {"componentType": 5123, "count": 6, "type": "SCALAR"}]);
    let uri = |bytes: &[u8]| format!("data:application/octet-stream;base64,{}", base64(bytes));
    let draco = json!({"asset": {"version": "2.0"}, "extensionsUsed": ["KHR_draco_mesh_compression"],
        "extensionsRequired": ["KHR_draco_mesh_compression"], "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1, "extensions":
            {"KHR_draco_mesh_compression": {"bufferView": 0, "attributes": {"POSITION": id}}}}]}],
        "accessors": accessors, "bufferViews": [{"buffer": 0, "byteLength": packed.len()}],
        "buffers": [{"byteLength": packed.len(), "uri": uri(&packed)}]});
    let places = meshopt::encode_vertex_buffer(&corners).unwrap();
    let order = meshopt::encode_index_buffer(&[0, 1, 2, 0, 2, 3], 4).unwrap();
    let both = [&places[..], &order[..]].concat();
    let mut accessors = accessors;
    accessors[0]["bufferView"] = json!(0);
    accessors[1]["bufferView"] = json!(1);
    let view = |length: usize, packed: Value| json!({"buffer": 1, "byteLength": length, "extensions": {"EXT_meshopt_compression": packed}});
    let quick = json!({"asset": {"version": "2.0"}, "extensionsRequired": ["EXT_meshopt_compression"],
        "scenes": [{"nodes": [0]}], "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}], "accessors": accessors,
        "bufferViews": [
            view(48, json!({"buffer": 0, "byteLength": places.len(), "byteStride": 12, "count": 4, "mode": "ATTRIBUTES"})),
            view(12, json!({"buffer": 0, "byteOffset": places.len(), "byteLength": order.len(), "byteStride": 2, "count": 6,
                "mode": "TRIANGLES"}))],
        "buffers": [{"byteLength": both.len(), "uri": uri(&both)},
            {"byteLength": 60, "extensions": {"EXT_meshopt_compression": {"fallback": true}}}]});
    for (name, file) in [("draco", draco), ("meshopt", quick)] {
        let model = Model::read(file.to_string().as_bytes(), None).unwrap_or_else(|e| panic!("{name} {e:?}"));
        let mesh = walk(&mut Pictures::new(&model, None), &mut Report::default()).unwrap();
        let area: f64 = mesh
            .triangles
            .iter()
            .map(|[a, b, c]| {
                let (u, v) = ([b[0] - a[0], b[2] - a[2]], [c[0] - a[0], c[2] - a[2]]);
                (u[0] * v[1] - u[1] * v[0]) / 2.0
            })
            .sum();
        assert!(mesh.triangles.len() == 2 && (area - 4.0).abs() < 0.02, "{name}: {area}");
        // Damaged bytes are refused with the extension's name.
        let text = file.to_string().replace(";base64,", ";base64,AAAA");
        let (place, why) = Model::read(text.as_bytes(), None).err().unwrap();
        assert!(why.contains("compression"), "{name} {place}: {why}");
    }
}

/// One triangle, 3 m east of the origin and 4 m up, red, scaled by 2.
fn triangle() -> Value {
    let numbers: Vec<u8> =
        [0.0_f32, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    json!({"asset": {"version": "2.0"}, "scene": 0, "scenes": [{"nodes": [0]}],
        "nodes": [{"translation": [3.0, 4.0, 0.0], "children": [1]}, {"scale": [2.0, 2.0, 2.0], "mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "material": 0}]}],
        "materials": [{"pbrMetallicRoughness": {"baseColorFactor": [0.8, 0.1, 0.0, 1.0]}}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3",
            "min": [0.0, 0.0, 0.0], "max": [1.0, 1.0, 0.0]}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "buffers": [{"byteLength": 36, "uri": format!("data:application/octet-stream;base64,{}", base64(&numbers))}]})
}

fn base64(bytes: &[u8]) -> String {
    const ABC: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|c| {
            let n = c.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b));
            [18, 12, 6, 0].map(|s| char::from(ABC[(n >> s & 63) as usize]))
        })
        .collect()
}

#[test]
fn nodes_move_and_y_becomes_up() {
    let model = Model::read(triangle().to_string().as_bytes(), None).map_err(|w| w.1).unwrap();
    let mesh = walk(&mut Pictures::new(&model, None), &mut Report::default()).map_err(|w| w.1).unwrap();
    assert_eq!(mesh.triangles, vec![[[3.0, 0.0, 4.0], [5.0, 0.0, 4.0], [3.0, 0.0, 6.0]]]);
    assert_eq!(mesh.colors, vec![[0.8, 0.1, 0.0]]);
}

#[test]
fn loops_bad_indices_and_short_buffers_are_said() {
    let mut looped = triangle();
    looped["nodes"][1]["children"] = json!([0]);
    let model = Model::read(looped.to_string().as_bytes(), None).map_err(|w| w.1).unwrap();
    let mut report = Report::default();
    assert_eq!(walk(&mut Pictures::new(&model, None), &mut report).map_err(|w| w.1).unwrap().triangles.len(), 1);
    assert!(report.problems[0].message.contains("reached twice"));
    for (field, value, reason) in [
        ("/accessors/0/count", json!(4), "runs past the end"),
        ("/accessors/0/count", json!(4_000_000_000_u64), "too large"),
        ("/bufferViews/0/byteLength", json!(9999), "runs past the end"),
        ("/buffers/0/byteLength", json!(40), "are declared"),
        ("/nodes/1/mesh", json!(7), "not valid glTF"),
        ("/meshes/0/primitives/0/attributes/POSITION", json!(7), "not in the file"),
        ("/accessors/0/type", json!("VEC2"), "not triples"),
    ] {
        let mut file = triangle();
        *file.pointer_mut(field).unwrap() = value;
        let why = Model::read(file.to_string().as_bytes(), None)
            .and_then(|model| walk(&mut Pictures::new(&model, None), &mut Report::default()))
            .err()
            .unwrap();
        assert!(why.1.contains(reason), "{field}: {why:?}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]

    #[test]
    fn bytes_never_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), glb in proptest::bool::ANY) {
        if glb {
            let mut whole = b"glTF\x02\0\0\0".to_vec();
            whole.extend((bytes.len() as u32 + 12).to_le_bytes());
            whole.append(&mut bytes);
            bytes = whole;
        }
        if let Ok(model) = Model::read(&bytes, None) {
            let _ = walk(&mut Pictures::new(&model, None), &mut Report::default());
        }
    }

    #[test]
    fn changed_models_never_panic(
        changes in proptest::collection::vec((0usize..1000, proptest::sample::select(b"0123456789-.,:[]{}\" e".to_vec())), 1..6),
    ) {
        let mut bytes = triangle().to_string().into_bytes();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(model) = Model::read(&bytes, None) {
            let _ = walk(&mut Pictures::new(&model, None), &mut Report::default());
        }
    }
}
