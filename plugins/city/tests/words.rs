//! Everything an importer says about the reference data is said in both languages.

use std::path::{Path, PathBuf};

use guanlan_city::import::inspect;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, into) } else { into.push(path) }
    }
}

fn chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c))
}

#[test]
fn problems_and_refusals_are_said_in_both_languages() {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let mut all = Vec::new();
    for part in [
        "malformed/cityjson",
        "malformed/cityjson-gpl3-val3dity",
        "malformed/osm",
        "malformed/terrain",
        "malformed/drainage",
    ] {
        files(&shared.join(part), &mut all);
    }
    for part in [
        "malformed/3dtiles/tileset",
        "city/cityjson",
        "city/gltf",
        "city/3dtiles/v1.1_metadata_houses",
        "drainage",
        "osm",
    ] {
        files(&shared.join(part), &mut all);
    }
    all.retain(|p| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let other = ["case.json", "invariants.json", "expected_issues.json"].iter().any(|end| name.ends_with(end));
        !other && p.metadata().is_ok_and(|m| m.len() < 3_000_000)
    });
    if all.is_empty() {
        println!("skipped: the reference data are not here");
        return;
    }
    let (mut said, mut silent) = (0, Vec::new());
    for path in &all {
        match inspect(path) {
            Ok(facts) => {
                for problem in facts.problems {
                    said += 1;
                    if !chinese(&problem.message_zh) {
                        silent.push(problem.message);
                    }
                }
            }
            Err(error) => {
                said += 1;
                if !chinese(&guanlan_city::import::chinese(&error.reason)) {
                    silent.push(error.reason);
                }
            }
        }
    }
    silent.sort();
    silent.dedup();
    println!("{said} messages of {} files", all.len());
    assert!(silent.is_empty(), "without Chinese: {silent:#?}");
}
