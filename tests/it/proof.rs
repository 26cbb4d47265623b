//! The journal as a proof: a forged record is found, one journal has one room and one city.

use serde_json::json;

use crate::support::{Plan, Room, guanlan, program, run, scratch, verified};

const GENUINE: &[u8] = b"genuine-hand";
const FORGED: &[u8] = b"a-forger-did";

#[test]
fn a_forged_record_is_found() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    let command = json!({ "do": "report_case", "code": "06-010", "text": "垃圾", "east_m": 50.0, "north_m": 50.0 });
    room.http.command("genuine-hand", "collector", command).expect(200);
    room.http.post("/observations", &json!({ "datastream": "a", "result": 1.5 })).expect(201);
    room.stop();
    verified(&plan.store);
    let copy = folder.path().join("copy.jsonl");
    let to_file = ["journal".as_ref(), "export".as_ref(), plan.store.as_os_str(), "--out".as_ref(), copy.as_os_str()];
    guanlan(to_file).expect(0);
    let printed = guanlan(["journal".as_ref(), "export".as_ref(), plan.store.as_os_str()]).expect(0).out;
    assert_eq!(std::fs::read_to_string(copy).unwrap(), printed);

    // Whoever may write to the file changes who reported the case, byte by byte.
    let mut forged = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with("room.db") {
            continue;
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let places: Vec<usize> =
            bytes.windows(GENUINE.len()).enumerate().filter(|(_, w)| *w == GENUINE).map(|(i, _)| i).collect();
        for at in &places {
            bytes[*at..at + FORGED.len()].copy_from_slice(FORGED);
        }
        forged += places.len();
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(forged > 0, "the actor stands in the journal in plain text");
    let ran = guanlan(["journal".as_ref(), "verify".as_ref(), plan.store.as_os_str(), "--json".as_ref()]).expect(1);
    let proof = ran.json();
    assert_eq!(proof["ok"], false, "{proof}");
    assert!(proof["problem"].as_str().is_some_and(|p| !p.is_empty()), "{proof}");
    assert!(ran.err.contains(plan.store.to_str().unwrap()), "{}", ran.err);
}

#[test]
fn a_journal_has_one_room_and_one_city() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let mut room = Room::open(&plan);
    // A second room on the same journal is refused while the first lives, also after a crash of the second.
    for _ in 0..2 {
        let ran = run(&mut plan.command()).expect(1);
        assert!(ran.err.contains(plan.store.to_str().unwrap()), "{}", ran.err);
    }
    room.http.post("/observations", &json!({ "datastream": "a", "result": 1.5 })).expect(201);
    // A killed room leaves no claim behind.
    room.kill();
    let room = Room::open(&plan);
    assert_eq!(room.http.read("/sensors/a")["value"], 1.5);
    room.stop();
    verified(&plan.store);

    let asc = folder.path().join("flat.asc");
    std::fs::write(&asc, "ncols 2\nnrows 2\nxllcorner 500000\nyllcorner 3350000\ncellsize 100\n1 1\n1 1\n").unwrap();
    let other = ["room", "--headless", "--mqtt", "off", "--crs", "EPSG:4549", "--store"];
    let ran = run(program().args(other).arg(&plan.store).arg(&asc)).expect(2);
    assert!(ran.err.contains("another city") && ran.err.contains(plan.store.to_str().unwrap()), "{}", ran.err);
    verified(&plan.store);
}
