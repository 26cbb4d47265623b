//! A batch of floods from outside: a matrix that is killed goes on, a saved state goes on, bad files say where.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::{program, run, scratch};

/// A bowl of 90 × 90 cells of 10 m, a scenario and a matrix of four runs over it.
fn write_bowl(at: &Path) {
    let mut asc =
        String::from("ncols 90\nnrows 90\nxllcorner 500000\nyllcorner 3400000\ncellsize 10\nNODATA_value -9999\n");
    for row in 0..90 {
        let cells: Vec<String> = (0..90)
            .map(|col| {
                let (x, y) = (f64::from(col) - 44.5, f64::from(row) - 44.5);
                format!("{:.3}", 5.0 + 0.0015 * (x * x + y * y))
            })
            .collect();
        asc += &(cells.join(" ") + "\n");
    }
    std::fs::write(at.join("bowl.asc"), asc).unwrap();
    std::fs::write(
        at.join("bowl.toml"),
        "name = { zh = \"碗\", en = \"Bowl\" }\ncity = [\"bowl.asc\"]\ncell_m = 10.0\nduration_min = 240.0\noutput_min = \
         60.0\n[storm]\nkind = \"uniform\"\nintensity_mm_h = 60.0\nduration_min = 120.0\n",
    )
    .unwrap();
    std::fs::write(
        at.join("matrix.toml"),
        "scenario = \"bowl.toml\"\n[[axis]]\nname = { zh = \"雨\", en = \"Rain\" }\n[[axis.value]]\nid = \"r60\"\n\
         [[axis.value]]\nid = \"r90\"\nset = { storm = { intensity_mm_h = 90.0 } }\n[[axis.value]]\nid = \"r120\"\nset = \
         { storm = { intensity_mm_h = 120.0 } }\n[[axis]]\nname = { zh = \"泵车\", en = \"Trucks\" }\n[[axis.value]]\nid = \
         \"none\"\n[[axis.value]]\nid = \"truck\"\nadd = { measure = [{ at_min = 30.0, do = { mobile_pump = { id = \"t\", \
         set = { at_m = [0.0, 0.0], flow_m3_h = 3000.0 } } } }] }\n",
    )
    .unwrap();
}

fn matrix(at: &Path, out: &Path) -> std::process::Command {
    let mut command = program();
    command.args(["simulate", "--crs", "EPSG:4549", "--jobs", "1", "--json", "--matrix"]);
    command.arg(at.join("matrix.toml")).arg("--out").arg(out);
    command
}

fn done(out: &Path) -> usize {
    let Ok(runs) = std::fs::read_dir(out.join("runs")) else { return 0 };
    let marker = |e: std::io::Result<std::fs::DirEntry>| std::fs::read(e.ok()?.path().join("run.json")).ok();
    runs.filter_map(marker).filter(|b| serde_json::from_slice::<Value>(b).is_ok_and(|m| m["done"] == true)).count()
}

#[test]
fn a_killed_matrix_goes_on_where_it_was() {
    let folder = scratch();
    let at = folder.path();
    write_bowl(at);
    let out = at.join("out");
    let mut child = matrix(at, &out).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(100);
    while done(&out) == 0 && child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "no run was done in time");
        std::thread::sleep(Duration::from_millis(5));
    }
    // Killed without a word, in the middle of the second run (or, on a fast machine, a later one).
    child.kill().unwrap();
    child.wait().unwrap();
    let before = done(&out);
    assert!(before >= 1);
    let kept = std::fs::metadata(out.join("runs/r60+none/summary.json")).unwrap().modified().unwrap();

    let ran = run(&mut matrix(at, &out)).expect(0).json();
    let runs = ran["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 6);
    assert_eq!(runs.iter().filter(|r| r["skipped"] == true).count(), before, "{ran}");
    assert!(runs.iter().all(|r| r["error"].is_null()));
    assert_eq!(std::fs::metadata(out.join("runs/r60+none/summary.json")).unwrap().modified().unwrap(), kept);
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("r120") && page.contains("data:image/png;base64,") && !page.contains("http"), "offline");

    // The same as a matrix that nobody killed.
    let whole = at.join("whole");
    run(&mut matrix(at, &whole)).expect(0);
    for id in ["r60+none", "r60+truck", "r90+none", "r120+truck"] {
        for name in ["max_depth.tif", "depth_14400.tif", "series.csv", "impact.json"] {
            let read = |root: &Path| std::fs::read(root.join("runs").join(id).join(name)).unwrap();
            assert!(read(&out) == read(&whole), "{id} {name}");
        }
        let summary: Value =
            serde_json::from_slice(&std::fs::read(whole.join("runs").join(id).join("summary.json")).unwrap()).unwrap();
        assert!(summary["ledger"]["error_relative"].as_f64().unwrap() <= 1e-6, "{summary}");
        assert_eq!(summary["measures"].as_array().unwrap().len(), usize::from(id.ends_with("truck")));
    }
    let ran = run(&mut matrix(at, &out)).expect(0).json();
    assert!(ran["runs"].as_array().unwrap().iter().all(|r| r["skipped"] == true), "nothing left to do: {ran}");
}

#[test]
fn a_saved_state_is_gone_on_from() {
    let folder = scratch();
    let at = folder.path();
    write_bowl(at);
    let one = |name: &str, more: &[&str]| {
        let mut command = program();
        command.args(["simulate", "--crs", "EPSG:4549", "--json"]).args(more);
        run(command.arg(at.join("bowl.toml")).arg("--out").arg(at.join(name)).current_dir(at))
    };
    let straight = one("straight", &["--save-state", "wet.state", "--save-at", "90"]).expect(0).json();
    let hot = one("hot", &["--hot-start", "wet.state"]).expect(0).json();
    assert_eq!((&straight["ledger"], hot["began_s"].as_f64()), (&hot["ledger"], Some(5400.0)));
    for name in ["max_depth.tif", "arrival_15cm.tif", "hazard_arr.tif", "depth_14400.tif"] {
        let read = |run: &str| std::fs::read(at.join(run).join(name)).unwrap();
        assert!(read("straight") == read("hot"), "{name}");
    }
    std::fs::write(at.join("broken.state"), "no").unwrap();
    let refused = one("never", &["--hot-start", "broken.state"]).expect(2);
    assert!(refused.err.contains("broken.state"), "{}", refused.err);
}

#[test]
fn a_wrong_matrix_says_where() {
    let folder = scratch();
    let at = folder.path();
    write_bowl(at);
    let good = std::fs::read_to_string(at.join("matrix.toml")).unwrap();
    for (from, to, words) in [
        ("intensity_mm_h = 90.0", "intensity_mm_h = -90.0", vec!["r90+none", "intensity_mm_h", "-90"]),
        ("id = \"r90\"", "id = \"r60\"", vec!["matrix.toml", "r60", "twice"]),
        ("flow_m3_h", "flow", vec!["flow"]),
        ("\"bowl.toml\"", "\"gone.toml\"", vec!["gone.toml"]),
        ("scenario =", "scenari =", vec!["matrix.toml", "line 1", "scenari"]),
    ] {
        std::fs::write(at.join("matrix.toml"), good.replacen(from, to, 1)).unwrap();
        let ran = run(&mut matrix(at, &at.join("never"))).expect(2);
        assert!(words.iter().all(|w| ran.err.contains(w)), "{from} → {to}: {}", ran.err);
    }
    assert!(!at.join("never").exists());
}
