//! The scenes that come with the program, inside it, so that it works when moved.

use std::{collections::BTreeMap, path::PathBuf};

use guanlan_rainstorm::{Scenario, ScenarioError};
use guanlan_room::Exercises;
use include_dir::{Dir, include_dir};

use crate::scene;

static SCENES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/scenes");

/// Bytes of everything below a folder: another content has another cache.
fn size(dir: &Dir<'_>) -> usize {
    dir.files().map(|f| f.contents().len()).sum::<usize>() + dir.dirs().map(size).sum::<usize>()
}

/// A folder with the shipped scenes, written once per version of the program.
pub fn folder() -> std::io::Result<PathBuf> {
    let content = size(&SCENES);
    let dir = scene::cache_dir().join(format!("scenes-{}-{content}", env!("CARGO_PKG_VERSION")));
    if !dir.join("complete").exists() {
        std::fs::create_dir_all(&dir)?;
        SCENES.extract(&dir)?;
        std::fs::write(dir.join("complete"), b"")?;
    }
    Ok(dir)
}

/// The scenario that `guanlan simulate` runs when none is named: a 2 h storm of 50 years.
pub fn scenario() -> Result<Scenario, ScenarioError> {
    let dir = folder().map_err(|e| ScenarioError::File { path: "scenes".into(), reason: e.to_string() })?;
    Scenario::load(&dir.join("scenarios/demo_p50.toml"))
}

/// The shipped drill.
pub fn drill_script() -> std::io::Result<PathBuf> {
    Ok(folder()?.join("drills/cloudburst-east.toml"))
}

/// Every shipped drill by name, with the ground and drains of the shipped scenario.
pub fn exercises() -> Result<Exercises, ScenarioError> {
    let bad = |e: std::io::Error| ScenarioError::File { path: "scenes".into(), reason: e.to_string() };
    let mut scripts = BTreeMap::new();
    for entry in std::fs::read_dir(folder().map_err(bad)?.join("drills")).map_err(bad)? {
        let path = entry.map_err(bad)?.path();
        if path.extension().is_some_and(|e| e == "toml")
            && let Some(name) = path.file_stem().map(|s| s.to_string_lossy().into_owned())
        {
            scripts.insert(name, path);
        }
    }
    Ok(Exercises { scripts, scenario: scenario()? })
}
