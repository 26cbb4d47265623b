//! The whole spine from outside: a gauge rises, an alert turns red, a case is filed, a crew is sent,
//! works and reports, another person checks, the case is closed; every step is in the journal.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Plan, Room, exported, now_ms, rfc3339, scratch, verified, wait};

const SOON: Duration = Duration::from_secs(10);

fn place(sensor: &Value) -> [f64; 2] {
    ["east_m", "north_m"].map(|axis| sensor["place"][axis].as_f64().unwrap())
}

/// Two gauges that are far from each other.
fn two_gauges(room: &Room) -> [Value; 2] {
    let gauges = room.sensors("road_water_depth");
    let first = gauges[0].clone();
    let far = |s: &Value| {
        let ([a, b], [c, d]) = (place(s), place(&first));
        (a - c).hypot(b - d)
    };
    let second = gauges.iter().max_by(|a, b| far(a).total_cmp(&far(b))).unwrap().clone();
    assert!(far(&second) > 500.0);
    [first, second]
}

fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

/// Waits until the case is in a state.
#[track_caller]
fn in_state(room: &Room, case: &str, state: &str) -> Value {
    wait(&format!("{case} in {state}"), SOON, || {
        let now = room.http.read(&format!("/cases/{case}"));
        (now["state"] == state).then_some(now)
    })
}

/// The case of a flooded gauge with its three recommended crews.
fn flooded(room: &Room, gauge: &Value) -> Value {
    room.flood(id(gauge));
    let number = room.case_of(id(gauge));
    let case = wait("three crews with a road time", SOON, || {
        let case = room.http.read(&format!("/cases/{number}"));
        (case["recommended"].as_array()?.len() == 3).then_some(case)
    });
    assert_eq!((case["source"].as_str(), case["level"].as_str()), (Some("alert"), Some("red")));
    assert_eq!(case["state"], "pending_dispatch", "a red is registered by rule");
    assert_eq!(case["grid"].as_str().map(str::len), Some(15), "单元网格: {case}");
    assert!(case["deadline"].as_str().unwrap() > case["opened"].as_str().unwrap(), "{case}");
    assert_eq!(case["overdue"], false);
    let ([a, b], [c, d]) = (place(&case), place(gauge));
    assert!((a - c).hypot(b - d) < 1.0, "the case is where the gauge is");
    let scores: Vec<f64> =
        case["recommended"].as_array().unwrap().iter().map(|r| r["score"].as_f64().unwrap()).collect();
    assert!(scores.is_sorted(), "the best first: {scores:?}");
    for crew in case["recommended"].as_array().unwrap() {
        assert!(crew["eta_s"].as_f64().unwrap() > 0.0 && crew["route_m"].as_f64().unwrap() >= 0.0, "{crew}");
        assert!(!crew["why"]["zh"].as_str().unwrap().is_empty() && !crew["why"]["en"].as_str().unwrap().is_empty());
        let sum: f64 = crew["terms"].as_array().unwrap().iter().map(|t| t["contribution"].as_f64().unwrap()).sum();
        assert!((sum - crew["score"].as_f64().unwrap()).abs() < 1e-6, "the terms explain the score: {crew}");
    }
    case
}

/// Everything that must be refused while the case waits for a crew, each with its own status.
fn guards(room: &Room, case: &str, unit: &str) {
    let http = &room.http;
    let about = |verb: &str| json!({ "do": verb, "case": case });
    http.command("li", "dispatcher", about("register_case")).problem(403);
    http.command("wang", "acceptor", about("register_case")).problem(409);
    http.command("wang", "acceptor", about("close_case")).problem(409);
    http.command("wang", "acceptor", json!({ "do": "close_case", "case": "GL190001010001" })).problem(404);
    http.command("qian", "collector", json!({ "do": "dispatch_unit", "case": case, "unit": unit })).problem(403);
    http.command("li", "dispatcher", json!({ "do": "dispatch_unit", "case": case, "unit": "NOBODY-99" })).problem(404);
    http.command("li", "dispatcher", json!({ "do": "assign_case", "case": case, "org": "no-such-org" })).problem(404);
    http.command("zhao", "handler", json!({ "do": "report_unit", "unit": unit, "status": "on_scene" })).problem(409);
    http.command("sun", "supervisor", json!({ "do": "cancel_case", "case": case, "reason": " " })).problem(422);
    http.command("me", "system", about("close_case")).problem(403);
    http.post_text("/commands", "{\"role\": ").problem(422);
    http.post("/commands", &json!({ "role": "king", "command": about("close_case") })).problem(422);
    let words = http.command("li", "dispatcher", json!({ "do": "dance", "case": case })).problem(422);
    assert!(words.contains("dance"), "the problem names what was wrong: {words}");
    http.command("li", "dispatcher", json!({ "do": "dispatch_unit", "case": case })).problem(422);
}

/// The same key gets the first reply again and changes nothing.
fn send_once(room: &Room, case: &str, unit: &str, other: &str) -> Value {
    let order = |unit: &str| {
        json!({ "actor": "li", "role": "dispatcher",
                "command": { "do": "dispatch_unit", "case": case, "unit": unit } })
    };
    let first = room.http.post_once("/commands", "spine-send", &order(unit)).expect(200);
    assert_eq!(first["id"], "spine-send");
    assert!(first["result"]["eta_s"].as_f64().unwrap() > 0.0);
    let before = (room.http.read("/dispatches"), room.http.read(&format!("/cases/{case}"))["history"].clone());
    for again in [unit, other] {
        assert_eq!(room.http.post_once("/commands", "spine-send", &order(again)).expect(200), first);
    }
    let after = (room.http.read("/dispatches"), room.http.read(&format!("/cases/{case}"))["history"].clone());
    assert_eq!(before, after, "a repeated command changed something");
    // A second crew needs a supervisor.
    room.http.command("li", "dispatcher", json!({ "do": "dispatch_unit", "case": case, "unit": other })).problem(409);
    first
}

/// A crew that reports by phone: commands of a handler.
fn work_by_phone(room: &Room, case: &str, unit: &str) {
    let report = |status: &str, note: &str, photo: Option<&str>| {
        let command = json!({ "do": "report_unit", "unit": unit, "status": status, "note": note, "photo": photo });
        room.http.command("zhao", "handler", command)
    };
    assert_eq!(in_state(room, case, "handling")["units"], json!([unit]));
    report("on_scene", "", None).problem(409);
    report("en_route", "", None).expect(200);
    report("on_scene", "", None).expect(200);
    report("clearing", "清淤完成", None).problem(422);
    report("clearing", "", Some("after.jpg")).problem(422);
    report("clearing", "清淤完成，积水已退", Some("after.jpg")).expect(200);
    let done = in_state(room, case, "pending_check");
    assert_eq!(done["after_photo"], "after.jpg");
    report("available", "", None).expect(200);
    assert_eq!(room.http.read(&format!("/units/{unit}"))["status"], "available");
}

/// A crew with its own device: reports over MQTT.
fn work_by_device(room: &Room, case: &str, unit: &str, dispatch: u64) {
    let report = |status: &str, dispatch: u64, more: Value| {
        let mut payload = json!({ "at": rfc3339(now_ms()), "status": status, "dispatch": dispatch });
        payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        room.publish(&[(format!("guanlan/units/{unit}/status"), payload.to_string())]);
    };
    let status = |wanted: &str| {
        wait(&format!("{unit} {wanted}"), SOON, || {
            (room.http.read(&format!("/units/{unit}"))["status"] == wanted).then_some(())
        });
    };
    in_state(room, case, "handling");
    report("en_route", dispatch, json!({}));
    status("en_route");
    // A report about another task changes nothing.
    report("on_scene", dispatch + 1000, json!({}));
    report("on_scene", dispatch, json!({ "note": "到场，水深约三十厘米" }));
    status("on_scene");
    report("clearing", dispatch, json!({ "note": "已抽排", "photo": "pumped.jpg" }));
    assert_eq!(in_state(room, case, "pending_check")["after_photo"], "pumped.jpg");
    let sent = room.http.read("/dispatches");
    let sent = sent.as_array().unwrap().iter().find(|d| d["id"] == dispatch).unwrap().clone();
    for step in ["en_route", "on_scene", "cleared"] {
        assert!(sent[step].is_string(), "{step}: {sent}");
    }
}

#[test]
fn from_a_gauge_to_a_closed_case() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    let [first, second] = two_gauges(&room);

    // One case by phone, checked by the collector, closed by the acceptor.
    let case = flooded(&room, &first);
    let one = id(&case).to_owned();
    let crews: Vec<String> =
        case["recommended"].as_array().unwrap().iter().map(|r| r["unit"].as_str().unwrap().to_owned()).collect();
    guards(&room, &one, &crews[0]);
    let alert = case["alert"].as_u64().unwrap();
    room.http.command("li", "dispatcher", json!({ "do": "acknowledge_alert", "alert": alert })).expect(200);
    send_once(&room, &one, &crews[0], &crews[1]);
    work_by_phone(&room, &one, &crews[0]);
    let check = |actor: &str, role: &str, case: &str, pass: bool| {
        room.http.command(actor, role, json!({ "do": "verify_case", "case": case, "pass": pass, "note": "现场查看" }))
    };
    check("zhao", "collector", &one, true).problem(403);
    check("li", "dispatcher", &one, true).problem(403);
    check("qian", "collector", &one, true).expect(200);
    check("qian", "collector", &one, true).problem(409);
    let close = |actor: &str, role: &str| room.http.command(actor, role, json!({ "do": "close_case", "case": one }));
    close("li", "dispatcher").problem(403);
    close("wang", "acceptor").expect(200);
    close("wang", "acceptor").problem(409);
    in_state(&room, &one, "closed");

    // One by the crew's device, sent back once (返工), finished by a handler, passed and closed by the acceptor.
    let case = flooded(&room, &second);
    let two = id(&case).to_owned();
    assert_ne!(one, two);
    let unit = case["recommended"][0]["unit"].as_str().unwrap().to_owned();
    let order = json!({ "do": "dispatch_unit", "case": two, "unit": unit });
    let sent = room.http.command("li", "dispatcher", order).expect(200);
    work_by_device(&room, &two, &unit, sent["result"]["dispatch"].as_u64().unwrap());
    check("qian", "collector", &two, false).expect(200);
    assert_eq!(in_state(&room, &two, "handling")["rework"], 1);
    let finish = |photo: &str| {
        let command = json!({ "do": "finish_case", "case": two, "note": "再次清理", "photo": photo });
        room.http.command("sun", "handler", command)
    };
    finish("").problem(422);
    finish("again.jpg").expect(200);
    check("wang", "acceptor", &two, true).expect(200);
    in_state(&room, &two, "closed");

    let history = room.http.read(&format!("/cases/{one}"))["history"].clone();
    room.stop();
    proven(&plan, &one, &two, &history);
}

/// Every step is a record of the chain, in order, with who did it.
fn proven(plan: &Plan, one: &str, two: &str, history: &Value) {
    let proof = verified(&plan.store);
    let records = exported(&plan.store);
    assert_eq!(proof["records"], records.len());
    for (i, pair) in records.windows(2).enumerate() {
        assert_eq!(pair[1]["seq"].as_u64(), pair[0]["seq"].as_u64().map(|n| n + 1), "record {i}");
    }
    let of = |case: &str| records.iter().filter(|r| r["case"] == case).collect::<Vec<_>>();
    let moves = |case: &str| -> Vec<String> {
        let moved = of(case).into_iter().filter(|r| r["op"] == "case_moved");
        moved.map(|r| r["data"]["to"].as_str().unwrap().to_owned()).collect()
    };
    let to_check =
        "pending_register accepted pending_dispatch dispatched pending_handle handling handle_finish pending_check";
    assert_eq!(moves(one).join(" "), format!("{to_check} check_pass pending_close closed"));
    assert_eq!(
        moves(two).join(" "),
        format!("{to_check} check_not_pass handling handle_finish pending_check check_pass pending_close closed")
    );
    let actors: Vec<&str> = of(one).iter().map(|r| r["actor"].as_str().unwrap()).collect();
    for actor in ["room", "li", "zhao", "qian", "wang"] {
        assert!(actors.contains(&actor), "{actor} is missing among {actors:?}");
    }
    let ops: Vec<&str> = of(one).iter().map(|r| r["op"].as_str().unwrap()).collect();
    assert_eq!(ops[0], "case_opened");
    assert_eq!(ops.iter().filter(|op| **op == "unit_dispatched").count(), 1);
    let steps = of(one).iter().filter(|r| r["op"] == "unit_status_changed").count();
    assert_eq!(steps, 5, "dispatched, en route, on scene, clearing, available");
    for op in ["alert_changed", "alert_acknowledged", "command_refused"] {
        assert!(records.iter().any(|r| r["op"] == op), "no record {op}");
    }
    let told = history.as_array().unwrap();
    assert!(told.iter().any(|h| h["actor"] == "qian" && h["note"] == "现场查看"), "{history}");
}
