//! `guanlan bench import`: importing and reopening a city of 100 000 buildings.
//!
//! Every figure comes from a process of its own, so that processor time and peak memory are those of
//! one import: this program calls its own verb `import`.

use std::{path::Path, process::Command};

use guanlan_city::demo::sprawl;
use guanlan_rainstorm::Figure;
use serde_json::Value;

use crate::exit::{Failure, failed};

/// Buildings of the measured city.
const BUILDINGS: usize = 100_000;
/// Times a pack is reopened.
const REOPENED: usize = 5;

/// Measures each format.
pub fn run() -> Result<Vec<Figure>, Failure> {
    let dir = std::env::temp_dir().join(format!("guanlan-bench-import-{}", std::process::id()));
    std::fs::create_dir_all(&dir).map_err(failed)?;
    let figures = measure(&dir);
    let _ = std::fs::remove_dir_all(&dir);
    figures
}

type Write = fn(&Path, usize) -> std::io::Result<()>;

#[allow(clippy::cast_precision_loss, reason = "files are far smaller than 2^53 bytes")]
fn measure(dir: &Path) -> Result<Vec<Figure>, Failure> {
    let formats: [(&str, &str, Write); 3] = [
        ("cityjsonseq", "town.city.jsonl", sprawl::write_cityjson_seq),
        ("cityjson", "town.city.json", sprawl::write_cityjson),
        ("osm_xml", "town.osm", sprawl::write_osm),
    ];
    let mut figures = Vec::new();
    for (format, name, write) in formats {
        let (file, pack) = (dir.join(name), dir.join(format));
        write(&file, BUILDINGS).map_err(failed)?;
        let megabytes = std::fs::metadata(&file).map_err(failed)?.len() as f64 / 1e6;
        let made = import(&file, &pack)?;
        let again = (0..REOPENED).map(|_| import(&file, &pack)).collect::<Result<Vec<_>, _>>()?;
        let mut add = |what: &str, unit: &str, values: Vec<f64>| {
            figures.push(Figure::of(&format!("{what}_{format}_{BUILDINGS}"), unit, values));
        };
        let of = |facts: &Value, name: &str| facts[name].as_f64().unwrap_or(f64::NAN);
        let mb = |facts: &Value| of(facts, "peak_memory_bytes") / 1e6;
        add("file", "MB", vec![megabytes]);
        add("import", "s", vec![of(&made, "wall_s")]);
        add("import_cpu", "s", vec![of(&made, "cpu_s")]);
        add("import_peak_memory", "MB", vec![mb(&made)]);
        add("reopen", "s", again.iter().map(|facts| of(facts, "wall_s")).collect());
        add("reopen_cpu", "s", again.iter().map(|facts| of(facts, "cpu_s")).collect());
        add("reopen_peak_memory", "MB", again.iter().map(mb).collect());
        let buildings = made["counts"]["buildings"].as_u64();
        if buildings != Some(BUILDINGS as u64) {
            return Err(failed(format!("{name}: {buildings:?} buildings came in of {BUILDINGS}")));
        }
        let _ = std::fs::remove_file(file);
    }
    Ok(figures)
}

fn import(file: &Path, pack: &Path) -> Result<Value, Failure> {
    let program = std::env::current_exe().map_err(failed)?;
    let done = Command::new(program).arg("import").arg(file).arg("--out").arg(pack).arg("--json").output();
    let done = done.map_err(failed)?;
    if !done.status.success() {
        return Err(failed(String::from_utf8_lossy(&done.stderr)));
    }
    serde_json::from_slice(&done.stdout).map_err(failed)
}
