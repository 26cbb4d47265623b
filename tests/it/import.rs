//! `guanlan import`: packs from outside — kills, several processes, damage, reports, rooms of packs.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use guanlan_city::demo::sprawl;
use serde_json::{Value, json};

use crate::support::{guanlan, program, scratch, shared_data};

const BUILDINGS: usize = 20_000;

fn import(file: &Path, pack: &Path) -> Value {
    let args = ["import".as_ref(), file.as_os_str(), "--out".as_ref(), pack.as_os_str(), "--json".as_ref()];
    guanlan(args).expect(0).json()
}

fn verified(pack: &Path) -> Value {
    guanlan(["import", "--verify", "--json", "--out", pack.to_str().unwrap()]).expect(0).json()["verified"].clone()
}

#[test]
fn a_killed_import_is_taken_up_again_and_several_share_one_pack() {
    let dir = scratch();
    let (file, pack) = (dir.path().join("town.city.jsonl"), dir.path().join("pack"));
    sprawl::write_cityjson_seq(&file, BUILDINGS).unwrap();
    // Killed at many moments of its life.
    for ms in [5, 40, 120, 250, 400] {
        let mut args = program();
        args.arg("import").arg(&file).arg("--out").arg(&pack).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = args.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(ms));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let children: Vec<_> = (0..3)
        .map(|_| {
            let mut args = program();
            args.arg("import").arg(&file).arg("--out").arg(&pack).arg("--json");
            args.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut made = 0;
    for child in children {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let facts: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(facts["counts"]["buildings"], json!(BUILDINGS));
        made += usize::from(facts["rebuilt"] != json!([]));
    }
    assert!(made <= 1, "{made} processes made the same pack");
    let checked = verified(&pack);
    assert_eq!(checked["damaged"], json!([]));
    let rests =
        std::fs::read_dir(&pack).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().contains("unfin"));
    assert_eq!(rests.count(), 0);
}

#[test]
fn the_report_names_what_was_read_and_what_was_odd() {
    let Some(root) = shared_data() else { return };
    let dir = scratch();
    let (pack, report) = (dir.path().join("pack"), dir.path().join("report.json"));
    let berlin = root.join("osm/berlin_neukoelln.osm");
    let args = ["import".as_ref(), berlin.as_os_str(), "--out".as_ref(), pack.as_os_str(), "--report".as_ref()];
    let begun = Instant::now();
    guanlan(args.into_iter().chain([report.as_os_str()])).expect(0);
    let said: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    assert_eq!((&said["crs"], &said["counts"]["buildings"]), (&json!("EPSG:32633"), &json!(127)));
    let problems = said["problems"].as_array().unwrap();
    assert!(problems.iter().any(|p| p["severity"] == "guessed" && p["where"].as_str().unwrap().contains("way/")));
    assert!(said["wall_s"].as_f64().unwrap() <= begun.elapsed().as_secs_f64());
    // The pack stands for its files.
    let again = import(&berlin, &pack);
    assert_eq!(again["rebuilt"], json!([]));
    assert_eq!(again["problems"], said["problems"]);
    // Damage is found, and put right by the next import.
    let part = std::fs::read_dir(&pack).unwrap().flatten().map(|e| e.path());
    let part = part.into_iter().find(|p| p.extension().is_some_and(|e| e == "part")).unwrap();
    let mut bytes = std::fs::read(&part).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 0x55;
    std::fs::write(&part, bytes).unwrap();
    let broken = guanlan(["import", "--verify", "--out", pack.to_str().unwrap()]).expect(1);
    assert!(broken.out.contains(part.file_name().unwrap().to_str().unwrap()), "{}", broken.out);
    assert_eq!(import(&berlin, &pack)["rebuilt"].as_array().unwrap().len(), 1);
    assert_eq!(verified(&pack)["damaged"], json!([]));
}

#[test]
fn wrong_use_of_import_ends_with_2() {
    let dir = scratch();
    let out = dir.path().join("pack");
    let out = out.to_str().unwrap();
    guanlan(["import", "--out", out]).expect(2);
    assert!(guanlan(["import", "/nowhere.osm", "--out", out]).expect(2).err.contains("/nowhere.osm"));
    let file = dir.path().join("x.city.json");
    std::fs::write(&file, "{\"type\":").unwrap();
    let file = file.to_str().unwrap();
    assert!(guanlan(["import", file, "--out", out]).expect(2).err.contains("line 1"));
    assert!(guanlan(["import", file, "--out", file]).expect(2).err.contains("--out"));
    assert!(guanlan(["import", "--verify", "--out", out]).expect(2).err.contains("pack.json"));
}
