//! The past of the built program: what was acknowledged is in the history after `kill -9`; a full disk, a damaged
//! file and a store that cannot be opened are told in words while the room goes on, and it recovers by itself.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Http, Plan, Room, demo_city, guanlan, now_ms, rfc3339, scratch, verified, wait};

const PATIENCE: Duration = Duration::from_secs(30);

fn health(http: &Http) -> Value {
    http.get("/health").json()
}

fn codes(health: &Value) -> Vec<&str> {
    health["troubles"].as_array().unwrap().iter().map(|t| t["code"].as_str().unwrap()).collect()
}

/// Waits until health names a trouble, and checks that it has words in both languages.
fn wait_for(http: &Http, code: &str) {
    wait(&format!("trouble '{code}'"), PATIENCE, || {
        let now = health(http);
        let t = now["troubles"].as_array()?.iter().find(|t| t["code"] == code)?.clone();
        for text in [&t["words"]["zh"], &t["words"]["en"], &t["since"]] {
            assert!(!text.as_str().unwrap().is_empty(), "{t}");
        }
        Some(())
    });
}

fn post(http: &Http, stream: &str, at_ms: i64, value: f64) -> bool {
    let body = json!([{ "datastream": stream, "phenomenonTime": rfc3339(at_ms), "result": value }]).to_string();
    http.send("POST", "/observations", Some(body), &[]).is_some_and(|a| a.status == 201)
}

fn values(http: &Http, stream: &str) -> Vec<f64> {
    let series = http.get(&format!("/sensors/{stream}/series?points=10000"));
    if series.status == 404 {
        return Vec::new();
    }
    series.expect(200)["points"].as_array().unwrap().iter().map(|p| p["value"].as_f64().unwrap()).collect()
}

#[test]
fn history_and_figures_survive_kill_9() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let mut room = Room::open(&plan);
    let begin = now_ms() - 600_000;
    let mut sent = Vec::new();
    for round in 0..3 {
        for k in 0..20 {
            let value = f64::from(round * 20 + k) + 0.5;
            let at = begin + i64::from(round * 20 + k) * 5_000;
            assert!(post(&room.http, "past-1", at, value), "round {round}");
            sent.push(value);
        }
        let report = json!({ "do": "report_case", "code": "06-010", "text": format!("round {round}"),
            "east_m": f64::from(round) * 400.0, "north_m": 300.0 });
        room.command_ok("qian", "collector", report);
        // At once, from memory: no reading waits for the disk of the history.
        wait("the series of what was acknowledged", PATIENCE, || (values(&room.http, "past-1") == sent).then_some(()));
        room.kill();
        verified(&plan.store);
        room = Room::open(&plan);
        wait("the series after the restart", PATIENCE, || (values(&room.http, "past-1") == sent).then_some(()));
    }
    let count = |http: &Http, what: &str| -> u64 {
        let rows = http.read(&format!("/figures?what={what}&code=06-010&by_code=1"));
        rows.as_array().unwrap().iter().map(|r| r["count"].as_u64().unwrap()).sum()
    };
    wait("three reports counted once each", PATIENCE, || (count(&room.http, "opened:") == 3).then_some(()));
    assert_eq!(room.http.get("/figures?by_area=12&by_code=1").status, 422);
    assert_eq!(room.http.get("/figures?step=week").status, 422);
    assert_eq!(room.http.get("/sensors/nobody/series").status, 404);
    room.stop();
    // The same from the store alone.
    let store = plan.store.to_str().unwrap();
    let series = guanlan(["query", "series", store, "past-1", "--points", "100000", "--json"]).expect(0).out;
    let cold: Vec<f64> =
        series.lines().map(|l| serde_json::from_str::<Value>(l).unwrap()["value"].as_f64().unwrap()).collect();
    assert_eq!(cold, sent);
    let latest = guanlan(["query", "latest", store, "--json"]).expect(0).out;
    assert!(latest.lines().any(|l| l.contains("\"past-1\"") && l.contains("59.5")), "{latest}");
    let figures = guanlan(["query", "figures", store, "--what", "opened:", "--code", "06-010", "--json"]).expect(0).out;
    assert_eq!(serde_json::from_str::<Value>(figures.trim()).unwrap()["count"], 3);
    let replay = guanlan(["replay", store, "--json", "--no-devices"]).expect(0).out;
    let summary: Value = serde_json::from_str(replay.lines().last().unwrap()).unwrap();
    assert_eq!(summary["snapshots_differing"], 0, "{summary}");
    assert!(summary["facts"].as_u64().unwrap() >= 3, "{summary}");
}

#[test]
fn a_damaged_journal_is_put_aside_and_the_room_goes_on() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    for k in 0..40 {
        assert!(post(&room.http, "kept", now_ms() - 60_000 + k * 1000, k as f64));
    }
    room.stop();
    let mut bytes = std::fs::read(&plan.store).unwrap();
    // Every page but the first few: tables are there, what is in them is not.
    for i in (8 * 4096..bytes.len()).step_by(97) {
        bytes[i] ^= 0x5a;
    }
    std::fs::write(&plan.store, &bytes).unwrap();
    let room = Room::open(&plan);
    wait_for(&room.http, "damaged");
    assert!(post(&room.http, "after", now_ms(), 1.0), "a new journal takes what comes");
    let aside = std::fs::read_dir(folder.path()).unwrap().filter_map(Result::ok);
    let found = aside.filter(|e| e.file_name().to_string_lossy().contains(".damaged-")).count();
    assert!(found >= 1, "the damaged file is kept");
    room.stop();
    verified(&plan.store);
    let again = Room::open(&plan);
    // Late in a year the next one's holidays may not be known yet: that is no trouble of the store.
    assert!(codes(&health(&again.http)).iter().all(|c| *c == "calendar"));
    again.stop();
}

#[test]
fn a_store_that_cannot_be_opened_is_waited_for() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    demo_city();
    // A folder in the way stands for a medium that cannot be written, also for root.
    std::fs::create_dir(&plan.store).unwrap();
    let room = Room::start(plan.command(), true);
    wait_for(&room.http, "read_only");
    assert_eq!(room.http.get("/health").status, 503);
    let http = room.http.clone();
    let waiting = std::thread::spawn(move || {
        // Not acknowledged while it cannot be kept; sent again as a device would.
        (0..20).any(|_| post(&http, "patient", now_ms(), 4.5))
    });
    wait("the reading on the screen", PATIENCE, || {
        let sensor = room.http.get("/sensors/patient");
        (sensor.status == 200 && sensor.json()["value"] == 4.5).then_some(())
    });
    std::fs::remove_dir(&plan.store).unwrap();
    assert!(waiting.join().unwrap(), "acknowledged once the store is there");
    wait("a healthy room", PATIENCE, || (room.http.get("/health").status == 200).then_some(()));
    room.stop();
    verified(&plan.store);
}

/// Runs a room with its store on a small disk of its own; `None` where such a disk cannot be made.
fn on_a_small_disk(folder: &Path) -> Option<(Room, PathBuf)> {
    let disk = folder.join("disk");
    std::fs::create_dir(&disk).unwrap();
    let tried =
        Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs -o size=1m none \"$0\""]).arg(&disk).status();
    if !tried.is_ok_and(|s| s.success()) {
        eprintln!("SKIPPED: no small disk can be mounted here");
        return None;
    }
    demo_city();
    let plan = Plan::demo(&disk);
    let inner = plan.command();
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", "mount -t tmpfs -o size=48m none \"$0\" && exec \"$@\""]).arg(&disk);
    command.arg(inner.get_program()).args(inner.get_args()).stdin(std::process::Stdio::null());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let room = Room::start(command, true);
    let inside = PathBuf::from(format!("/proc/{}/root{}", room.pid(), disk.display()));
    Some((room, inside))
}

#[test]
fn a_full_disk_stops_acknowledgements_and_nothing_else() {
    let folder = scratch();
    let Some((room, disk)) = on_a_small_disk(folder.path()) else { return };
    wait("a healthy room", PATIENCE, || (room.http.get("/health").status == 200).then_some(()));
    assert!(post(&room.http, "before", now_ms(), 1.5));
    // Some of the log's own space stays free for a while: fill, and go on filling.
    let filler = disk.join("filler");
    let fill = || {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&filler).unwrap();
        for size in [1 << 20, 1 << 12] {
            while file.write_all(&vec![1u8; size]).is_ok() {}
        }
    };
    let big: Vec<Value> =
        (0..3000).map(|i| json!({ "datastream": format!("noise-{i}"), "result": (i as f64).sqrt() })).collect();
    wait("a full disk", PATIENCE, || {
        fill();
        let _ = room.http.send("POST", "/observations", Some(json!(big).to_string()), &[]);
        (health(&room.http)["troubles"].as_array()?.iter().any(|t| t["code"] == "disk_full")).then_some(())
    });
    wait_for(&room.http, "disk_full");
    let http = room.http.clone();
    let waiting = std::thread::spawn(move || (0..20).any(|_| post(&http, "during", now_ms(), 7.5)));
    wait("the reading on the screen of a room that cannot keep it", PATIENCE, || {
        let sensor = room.http.get("/sensors/during");
        (sensor.status == 200 && sensor.json()["value"] == 7.5).then_some(())
    });
    assert!(!waiting.is_finished(), "nothing is acknowledged while the disk is full");
    std::fs::remove_file(&filler).unwrap();
    assert!(waiting.join().unwrap(), "acknowledged once there is space");
    wait("a healthy room", PATIENCE, || (room.http.get("/health").status == 200).then_some(()));
    // Its disk goes with it, and is nobody else's: it stands still while its files are copied.
    let signal = |name: &str| {
        let told = Command::new("kill").args([name, &room.pid().to_string()]).status();
        assert!(told.is_ok_and(|s| s.success()), "kill {name}");
    };
    signal("-STOP");
    for name in ["room.db", "room.db-wal"] {
        let _ = std::fs::copy(disk.join(name), folder.path().join(name));
    }
    signal("-CONT");
    verified(&folder.path().join("room.db"));
    room.stop();
}
