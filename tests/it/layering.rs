//! The dependency rule of the house (plugins/README.md) as a test.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Which crates of the house each crate may use directly.
const ALLOWED: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("tick", &["core"]),
    ("geography", &["core"]),
    ("city", &["core", "geography"]),
    ("journal", &["core"]),
    ("sensing", &["core", "tick", "city"]),
    ("alerting", &["core", "tick", "city", "sensing"]),
    ("casework", &["core", "tick", "geography", "city"]),
    ("dispatch", &["core", "tick", "city"]),
    ("rainstorm", &["core", "tick", "geography", "city"]),
    ("surge", &["rainstorm"]),
    ("drill", &["core", "tick", "casework", "rainstorm", "city"]),
    (
        "room",
        &[
            "core",
            "tick",
            "geography",
            "city",
            "journal",
            "sensing",
            "alerting",
            "casework",
            "dispatch",
            "rainstorm",
            "drill",
        ],
    ),
    ("feeds", &["core", "geography", "city", "dispatch", "rainstorm", "room"]),
    (
        "gateway",
        &[
            "core",
            "geography",
            "city",
            "sensing",
            "alerting",
            "casework",
            "dispatch",
            "drill",
            "feeds",
            "journal",
            "room",
        ],
    ),
    ("stage", &["core", "geography", "city", "room"]),
    ("markers", &["core", "geography", "city", "room", "stage"]),
    (
        "panels",
        &[
            "core",
            "geography",
            "city",
            "sensing",
            "alerting",
            "casework",
            "dispatch",
            "drill",
            "rainstorm",
            "room",
            "stage",
            "markers",
        ],
    ),
];

/// Crates that may see the renderer.
const VIEWS: &[&str] = &["stage", "markers", "panels"];

/// Crates that compute on a graphics device but draw nothing: of the renderer they may have the device only.
const DEVICE: &[&str] = &["surge"];

/// Crates only a view may have anywhere below it.
const RENDERER: &[&str] = &["wgpu", "bevy_render", "winit", "egui", "bevy_winit"];

/// Crates without ECS.
const PLAIN: &[&str] = &["core", "geography", "city", "journal"];

fn metadata() -> Value {
    // Of this platform only: crates for others are nowhere on a machine that has just built.
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", &host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Normal (not build, not dev) dependencies by package name.
fn graph(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let name_of: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["id"].as_str().unwrap(), p["name"].as_str().unwrap()))
        .collect();
    let mut graph: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let deps = node["deps"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|d| d["dep_kinds"].as_array().unwrap().iter().any(|k| k["kind"].is_null()));
        let deps = deps.map(|d| name_of[d["pkg"].as_str().unwrap()].to_owned());
        graph.entry(name_of[node["id"].as_str().unwrap()].to_owned()).or_default().extend(deps);
    }
    graph
}

fn everything_below(graph: &BTreeMap<String, Vec<String>>, root: &str) -> Vec<String> {
    let mut seen = vec![root.to_owned()];
    let mut i = 0;
    while i < seen.len() {
        for dep in graph.get(&seen[i]).into_iter().flatten() {
            if !seen.contains(dep) {
                seen.push(dep.clone());
            }
        }
        i += 1;
    }
    seen
}

#[test]
fn dependencies_point_one_way() {
    let graph = graph(&metadata());
    for (package, deps) in graph.iter().filter(|(p, _)| p.starts_with("guanlan-")) {
        let room = package.trim_start_matches("guanlan-");
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == room) else {
            panic!("plugins/{room} is not on the map: add it to plugins/README.md and to this test");
        };
        for dep in deps.iter().filter_map(|d| d.strip_prefix("guanlan-")) {
            assert!(allowed.contains(&dep), "plugins/{room} must not depend on plugins/{dep}");
        }
    }
}

#[test]
fn only_views_see_the_renderer() {
    let graph = graph(&metadata());
    for (room, _) in ALLOWED {
        let package = format!("guanlan-{room}");
        if VIEWS.contains(room) || !graph.contains_key(&package) {
            continue;
        }
        let below = everything_below(&graph, &package);
        for name in RENDERER.iter().filter(|name| **name != "wgpu" || !DEVICE.contains(room)) {
            assert!(!below.iter().any(|d| d == name), "plugins/{room} pulls in {name}");
        }
        if PLAIN.contains(room) {
            assert!(!below.iter().any(|d| d == "bevy_ecs"), "plugins/{room} is a plain library but pulls in bevy_ecs");
        }
    }
}

#[test]
fn one_of_each_heavy_crate() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock")).unwrap();
    for name in ["bevy_ecs", "egui", "wgpu", "libsqlite3-sys", "proj"] {
        let n = lock.matches(&format!("name = \"{name}\"\n")).count();
        assert_eq!(n, 1, "{name} is in Cargo.lock {n} times");
    }
}
