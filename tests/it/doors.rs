//! The HTTP doors: every GET, the OpenAPI document, metrics, the picture socket, tokens, timelines.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Http, Plan, Room, demo_city, now_ms, run, scratch, verified, wait};

const SOON: Duration = Duration::from_secs(10);

/// Every route of the API with its methods.
const ROUTES: &[(&str, &[&str])] = &[
    ("/rooms", &["get"]),
    ("/sensors", &["get"]),
    ("/sensors/{id}", &["get"]),
    ("/observations", &["get", "post"]),
    ("/alerts", &["get"]),
    ("/cases", &["get"]),
    ("/cases/{id}", &["get"]),
    ("/units", &["get"]),
    ("/units/{id}", &["get"]),
    ("/dispatches", &["get"]),
    ("/commands", &["post"]),
    ("/timelines", &["get", "post"]),
    ("/timelines/{id}", &["delete"]),
    ("/timelines/{id}/control", &["post"]),
    ("/timelines/{id}/report", &["get"]),
    ("/drills", &["get"]),
    ("/picture", &["get"]),
    ("/quarantine", &["get"]),
    ("/health", &["get"]),
    ("/metrics", &["get"]),
    ("/feeds", &["get"]),
    ("/hooks/{feed}", &["post"]),
    ("/cap", &["get"]),
    ("/cap/{identifier}", &["get"]),
    ("/open311/v2/{what}", &["get", "post"]),
    ("/open311/v2/{what}/{id}", &["get"]),
];

fn report(http: &Http, actor: &str, role: &str) -> String {
    let command =
        json!({ "do": "report_case", "code": "06-010", "text": "垃圾堆放", "east_m": 100.0, "north_m": 100.0 });
    http.command(actor, role, command).expect(200)["result"]["case"].as_str().unwrap().to_owned()
}

/// The schema behind a `$ref` of the document.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        None => schema,
        Some(link) => {
            let pointer = link.strip_prefix('#').unwrap_or_else(|| panic!("{link} leads out of the document"));
            document.pointer(pointer).unwrap_or_else(|| panic!("{link} leads nowhere"))
        }
    }
}

/// Fails on a `$ref` that leads nowhere, anywhere below.
fn all_links_lead_somewhere(document: &Value, value: &Value) {
    match value {
        Value::Object(map) => {
            resolve(document, value);
            map.values().for_each(|v| all_links_lead_somewhere(document, v));
        }
        Value::Array(list) => list.iter().for_each(|v| all_links_lead_somewhere(document, v)),
        _ => {}
    }
}

/// Fails unless a body is what the document promises: type, required fields, and so on below.
fn keeps_promise(document: &Value, schema: &Value, body: &Value, at: &str) {
    let schema = resolve(document, schema);
    if let Some(any) = schema["oneOf"].as_array() {
        if !body.is_null() {
            let real = any.iter().find(|s| s["type"] != "null").unwrap();
            keeps_promise(document, real, body, at);
        }
        return;
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let is = |kind: &str| match kind {
        "array" => body.is_array(),
        "object" => body.is_object(),
        "string" => body.is_string(),
        "integer" => body.is_i64() || body.is_u64(),
        "number" => body.is_number(),
        "boolean" => body.is_boolean(),
        "null" => body.is_null(),
        _ => false,
    };
    assert!(kinds.iter().any(|k| is(k)), "{at}: {body} is none of {kinds:?}");
    for field in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(body.get(field).is_some(), "{at}: promised field {field} is missing in {body}");
    }
    for (name, below) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = body.get(name) {
            keeps_promise(document, below, value, &format!("{at}.{name}"));
        }
    }
    for item in body.as_array().into_iter().flatten().take(20) {
        keeps_promise(document, &schema["items"], item, &format!("{at}[]"));
    }
}

/// Lists that even a young room has something for; others are counted or computed once a minute.
const FILLED: [&str; 13] = [
    "/cameras",
    "/catalogue",
    "/sensors",
    "/observations",
    "/alerts",
    "/alerts/groups",
    "/cases",
    "/units",
    "/dispatches",
    "/feeds",
    "/rooms",
    "/timelines",
    "/quarantine",
];

/// A client made from the description finds each parameter: those in braces in the path, the others in the query.
fn parameters_are_where_they_are_said_to_be(document: &Value) {
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            let told = described["parameters"].as_array().cloned().unwrap_or_default();
            let of = |place: &str| told.iter().filter(|p| p["in"] == place).collect::<Vec<_>>();
            let braces = path.matches('{').count();
            assert_eq!(of("path").len(), braces, "{method} {path}: {told:?}");
            for parameter in of("path") {
                let name = parameter["name"].as_str().unwrap();
                assert!(path.contains(&format!("{{{name}}}")), "{method} {path} has no {name} in it");
            }
            let must: Vec<_> = of("query").into_iter().filter(|p| p["required"] == true).collect();
            let allowed = if path == "/observations" && method == "get" { 1 } else { 0 };
            assert_eq!(must.len(), allowed, "{method} {path} works without: {must:?}");
        }
    }
}

#[test]
fn every_door_is_described_and_answers_as_described() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let http = &room.http;
    let gauge = room.sensors("road_water_depth")[0]["id"].as_str().unwrap().to_owned();
    room.flood(&gauge);
    let case = room.case_of(&gauge);
    let unit = wait("a recommended crew", SOON, || {
        http.read(&format!("/cases/{case}"))["recommended"][0]["unit"].as_str().map(str::to_owned)
    });
    http.command("li", "dispatcher", json!({ "do": "dispatch_unit", "case": case, "unit": unit })).expect(200);
    let fix = json!({ "_type": "location", "lat": 30.29, "lon": 120.19, "tst": now_ms() / 1000 }).to_string();
    room.publish(&[
        (format!("v1.1/Datastreams({gauge})/Observations"), "no json".into()),
        (format!("owntracks/{unit}/phone"), fix),
    ]);
    let source = wait("the crew's source", SOON, || {
        let told = http.get(&format!("/units/{unit}/lineage"));
        (told.status == 200).then(|| told.json())
    });
    assert_eq!(
        (source["source"].as_str(), source["feed"].as_str()),
        (Some(&*format!("owntracks/{unit}/phone")), Some("mqtt"))
    );
    let of_case = http.read(&format!("/cases/{case}/lineage"));
    assert!(of_case["source"].as_str().unwrap().contains(&gauge), "the case's alert's stream: {of_case}");
    let rule = of_case["rules"][0]["rule"].as_str().unwrap();
    assert!(rule.contains('@') && of_case["rules"][0]["hash"].is_string(), "and its rule: {of_case}");
    let of_gauge = http.read(&format!("/sensors/{gauge}/lineage"));
    let rules: Vec<&str> = of_gauge["rules"].as_array().unwrap().iter().filter_map(|r| r["rule"].as_str()).collect();
    assert!(rules.contains(&rule), "{of_gauge}");

    let document = http.read("/openapi.json");
    all_links_lead_somewhere(&document, &document);
    parameters_are_where_they_are_said_to_be(&document);
    let paths = document["paths"].as_object().unwrap();
    let alert = http.read("/alerts")[0]["id"].clone();
    let alert = alert.as_str().map_or_else(|| alert.to_string(), str::to_owned);
    let camera = http.read("/cameras")[0]["id"].as_str().unwrap().to_owned();
    let of_camera = http.read(&format!("/cameras/{camera}/lineage"));
    assert!(of_camera["source"].as_str().unwrap().contains("components"), "the file it stands in: {of_camera}");
    for (path, methods) in ROUTES {
        for method in *methods {
            let described = &paths.get(*path).unwrap_or_else(|| panic!("{path} is not described"))[*method];
            assert!(described["responses"].is_object(), "{method} {path} is not described");
        }
    }
    for (path, described) in paths {
        let foreign = path.starts_with("/cap") || path.starts_with("/open311");
        if described["get"].is_null() || foreign || path == "/picture" || path == "/metrics" || path.contains("/report")
        {
            continue;
        }
        // The first forecast takes minutes.
        if path == "/forecast" && http.read(path).is_null() {
            continue;
        }
        let id = if path.starts_with("/cases") {
            &case
        } else if path.starts_with("/alerts") {
            &alert
        } else if path.starts_with("/units") {
            &unit
        } else if path.starts_with("/cameras") {
            &camera
        } else {
            &gauge
        };
        let asked = path.replace("{id}", id);
        let query = if path == "/observations" { format!("?sensor={gauge}") } else { "?limit=50".to_owned() };
        let parameters = described["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let limited = path == "/observations" || parameters.iter().any(|p| p["name"] == "limit");
        let query = if limited { query } else { String::new() };
        let body = http.read(&format!("{asked}{query}"));
        let schema = &described["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} does not say what it answers");
        keeps_promise(&document, schema, &body, path);
        let filled = FILLED.contains(&path.as_str());
        assert!(!filled || body.as_array().is_none_or(|l| !l.is_empty()), "{path} answered an empty list");
    }
}

#[test]
fn wrong_requests_get_problems_that_say_what_to_do() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let http = &room.http;
    for path in
        ["/nothing", "/sensors/none", "/cases/none", "/units/none", "/observations?sensor=none", "/cases?timeline=none"]
    {
        let words = http.get(path).problem(404);
        assert!(words.contains("none") || words.contains("openapi"), "{path}: {words}");
    }
    for path in ["/sensors?limit=many", "/observations"] {
        http.get(path).problem(422);
    }
    http.post("/sensors", &json!({})).problem(405);
    http.delete("/cases").problem(405);
    for body in [
        "",
        "[",
        "{}",
        r#"{"datastream":"a"}"#,
        r#"[{"datastream":"a","result":1},{"datastream":"a"}]"#,
        r#"{"datastream":"a","result":1,"phenomenonTime":"noon"}"#,
        r#"{"datastream":"a","result":1,"colour":"red"}"#,
    ] {
        http.post_text("/observations", body).problem(422);
    }
    assert_eq!(http.get("/sensors/a").status, 404, "nothing of a refused batch is used");
    let one = json!({ "datastream": "a", "result": 1.5 });
    assert_eq!(http.post("/observations", &one).expect(201)["accepted"], 1);
    assert_eq!(http.read("/sensors/a")["value"], 1.5, "201 means committed");
    // Too large is told as soon as it is too large: the rest of the body is not waited for.
    let mut stream = TcpStream::connect(http.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let head =
        "POST /api/v1/observations HTTP/1.1\r\nHost: room\r\nContent-Length: 9437184\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&vec![b' '; (8 << 20) + 1]).unwrap();
    let mut heard = String::new();
    stream.read_to_string(&mut heard).unwrap();
    assert!(heard.starts_with("HTTP/1.1 413 ") && heard.contains("application/problem+json"), "{heard}");
    for body in [
        r#"{"kind":"drill","script":"none"}"#,
        r#"{"kind":"drill","speed":-1}"#,
        r#"{"kind":"dream"}"#,
        r#"{"kind":"replay","at":"noon"}"#,
        "x",
    ] {
        http.post_text("/timelines", body).problem(422);
    }
}

#[test]
fn metrics_are_prometheus_text() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let answer = room.http.get("/metrics");
    assert_eq!((answer.status, answer.kind.as_str()), (200, "text/plain"));
    let name_ok = |name: &str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
    };
    let (mut typed, mut helped, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in answer.text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next()) {
            (Some("#"), Some("HELP")) => assert!(helped.insert(words.next().unwrap()), "HELP twice: {line}"),
            (Some("#"), Some("TYPE")) => {
                assert!(typed.insert(words.next().unwrap()), "TYPE twice: {line}");
                assert!(matches!(words.next(), Some("gauge" | "counter")), "{line}");
            }
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
                value.parse::<f64>().unwrap_or_else(|e| panic!("{e}: {line}"));
                let (name, labels) = series.split_once('{').map_or((series, None), |(n, l)| (n, Some(l)));
                assert!(name_ok(name) && name.starts_with("guanlan_") && typed.contains(name), "{line}");
                assert!(helped.contains(name), "no HELP: {line}");
                for label in labels.map(|l| l.strip_suffix('}').unwrap()).into_iter().flat_map(|l| l.split(',')) {
                    let (key, text) = label.split_once('=').unwrap();
                    assert!(name_ok(key) && text.len() > 2 && text.starts_with('"') && text.ends_with('"'), "{line}");
                }
                assert!(seen.insert(series), "twice: {line}");
            }
        }
    }
    for name in ["guanlan_tick", "guanlan_sensors", "guanlan_cases_open", "guanlan_alerts{level=\"red\"}"] {
        assert!(seen.contains(name), "{name} is missing");
    }
    assert!(room.http.figure("guanlan_sensors") >= 2000.0);
    for figure in ["guanlan_healthy", "guanlan_troubles", "guanlan_measures"] {
        assert!(room.http.figure(figure) >= 0.0);
    }
    // What the model has not said yet is left out, never zero.
    let said = |name: &str| room.http.get("/metrics").text.lines().any(|l| l.starts_with(&format!("{name} ")));
    wait("the figures of the water", Duration::from_secs(60), || said("guanlan_water_behind_seconds").then_some(()));
    assert!(room.http.figure("guanlan_water_speed_ratio") > 0.0);
}

/// One text message of a WebSocket (RFC 6455), read by hand: what a client without our code would see.
fn message(stream: &mut TcpStream) -> String {
    let mut head = [0u8; 2];
    stream.read_exact(&mut head).unwrap();
    assert_eq!(head[0], 0x81, "one unfragmented text frame");
    assert_eq!(head[1] & 0x80, 0, "a server does not mask");
    let length = match head[1] {
        126 => {
            let mut more = [0u8; 2];
            stream.read_exact(&mut more).unwrap();
            u64::from(u16::from_be_bytes(more))
        }
        127 => {
            let mut more = [0u8; 8];
            stream.read_exact(&mut more).unwrap();
            u64::from_be_bytes(more)
        }
        short => u64::from(short),
    };
    assert!(length < 50_000_000);
    let mut text = vec![0u8; usize::try_from(length).unwrap()];
    stream.read_exact(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_picture_socket_sends_all_and_then_what_changed() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let mut stream = TcpStream::connect(room.http.address()).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let ask = format!(
        "GET /api/v1/picture HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        room.http.address()
    );
    stream.write_all(ask.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.starts_with("http/1.1 101") && head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    let whole: Value = serde_json::from_str(&message(&mut stream)).unwrap();
    assert_eq!(whole["full"], true);
    assert!(whole["sensors"].as_array().unwrap().len() >= 2000 && whole["units"].as_array().unwrap().len() == 120);
    room.http.post("/observations", &json!({ "datastream": "socket-1", "result": 3.25 })).expect(201);
    let limit = std::time::Instant::now() + SOON;
    loop {
        assert!(std::time::Instant::now() < limit, "the change did not come");
        let part: Value = serde_json::from_str(&message(&mut stream)).unwrap();
        assert_eq!(part["full"], false);
        let sensors = part["sensors"].as_array().unwrap();
        assert!(sensors.len() < 100, "only what changed is sent, not {}", sensors.len());
        if sensors.iter().any(|s| s["id"] == "socket-1" && s["value"] == 3.25) {
            break;
        }
    }
}

#[test]
fn tokens_are_asked_for_and_decide_who_acts() {
    let folder = scratch();
    let mut plan = Plan::demo(folder.path());
    let tokens = "li:dispatcher+supervisor:correct-horse-9;wang:collector+acceptor:battery-staple-9";
    plan.env.push(("GUANLAN_TOKENS".into(), tokens.into()));
    let room = Room::open(&plan);
    room.http.read("/health");
    for path in ["/sensors", "/cases", "/metrics", "/quarantine", "/timelines"] {
        room.http.get(path).problem(401);
        room.http.with_token("correct-horse-8").get(path).problem(401);
    }
    room.http.post("/observations", &json!({ "datastream": "a", "result": 1 })).problem(401);
    room.http.delete("/timelines/live").problem(401);
    let (li, wang) = (room.http.with_token("correct-horse-9"), room.http.with_token("battery-staple-9"));
    let case = report(&wang, "somebody-else", "collector");
    let history = li.read(&format!("/cases/{case}"))["history"].clone();
    assert_eq!(history[0]["actor"], "wang", "the actor is the token's name: {history}");
    let register = json!({ "do": "register_case", "case": case });
    li.command("li", "acceptor", register.clone()).problem(403);
    wang.command("wang", "supervisor", register.clone()).problem(403);
    wang.command("wang", "acceptor", register).expect(200);
}

#[test]
fn an_open_address_needs_tokens() {
    let folder = scratch();
    let plan = Plan { mqtt: "off".into(), api: "0.0.0.0:0".into(), ..Plan::demo(folder.path()) };
    demo_city();
    let ran = run(&mut plan.command()).expect(2);
    assert!(ran.err.contains("GUANLAN_TOKENS") && ran.err.contains("0.0.0.0"), "{}", ran.err);
    for tokens in ["li:dispatcher:short", "li:king:correct-horse-9", "nonsense"] {
        let ran = run(plan.command().env("GUANLAN_TOKENS", tokens)).expect(2);
        assert!(ran.err.contains("GUANLAN_TOKENS") && !ran.err.contains("correct-horse"), "{}", ran.err);
    }
}

#[test]
fn taken_addresses_are_refused_and_noise_at_the_doors_is_survived() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    let [api, mqtt] = [room.http.address().to_owned(), room.mqtt.unwrap().to_string()];
    let other = Plan {
        store: folder.path().join("other.db"),
        mqtt: "off".into(),
        api: api.clone(),
        ..Plan::demo(folder.path())
    };
    assert!(run(&mut other.command()).expect(2).err.contains(&format!("--api {api}")));
    let other = Plan { mqtt: mqtt.clone(), api: "127.0.0.1:0".into(), ..other };
    assert!(run(&mut other.command()).expect(2).err.contains(&format!("--mqtt {mqtt}")));

    for noise in
        [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], &[0x30, 2, 0, 0], &[0u8; 4096], b"\x10"]
    {
        for address in [&api, &mqtt] {
            let mut stream = TcpStream::connect(address).unwrap();
            let _ = stream.write_all(noise);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            stream.set_read_timeout(Some(SOON)).unwrap();
            // Whatever it answers, it ends the connection.
            let mut heard = Vec::new();
            let ended = stream.read_to_end(&mut heard);
            let reset = |e: &std::io::Error| e.kind() == std::io::ErrorKind::ConnectionReset;
            assert!(ended.as_ref().is_ok() || ended.as_ref().is_err_and(reset), "{address} {noise:?}: {ended:?}");
        }
    }
    room.observe("after-noise", now_ms(), 1.0);
    assert_eq!(room.http.read("/sensors/after-noise")["value"], 1.0);
    assert_eq!(room.http.read("/health")["ok"], true);
}

#[test]
fn an_exercise_runs_beside_the_live_room_and_never_touches_it() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    let http = &room.http;
    let drills = http.read("/drills");
    let script = drills["scripts"][0]["name"].as_str().unwrap();
    let opened = http.post("/timelines", &json!({ "kind": "drill", "script": script, "speed": 60 })).expect(201);
    assert_eq!(opened["mode"], "exercise", "{opened}");
    let id = opened["id"].as_str().unwrap();
    assert_eq!(http.read("/drills")["running"][0]["id"], id);
    let now = || {
        let all = http.read("/timelines");
        all.as_array().unwrap().iter().find(|t| t["id"] == id).unwrap()["now"].as_str().unwrap().to_owned()
    };
    let begin = now();
    wait("the exercise to move", Duration::from_secs(30), || (now() > begin).then_some(()));

    // What happens in the exercise stays there, and the other way round.
    http.post(&format!("/observations?timeline={id}"), &json!({ "datastream": "only-drill", "result": 1 })).expect(201);
    http.post("/observations", &json!({ "datastream": "only-live", "result": 2 })).expect(201);
    wait("the exercise to show it", SOON, || {
        (http.get(&format!("/sensors/only-drill?timeline={id}")).status == 200).then_some(())
    });
    http.get("/sensors/only-drill").problem(404);
    http.get(&format!("/sensors/only-live?timeline={id}")).problem(404);
    let report = json!({ "actor": "wang", "role": "collector", "command":
        { "do": "report_case", "code": "06-010", "text": "演练中的垃圾", "east_m": 100.0, "north_m": 100.0 } });
    let case = http.post(&format!("/commands?timeline={id}"), &report).expect(200)["result"]["case"].clone();
    assert!(case.as_str().unwrap().starts_with("YL-"), "exercise cases are stamped: {case}");
    http.get(&format!("/cases/{}", case.as_str().unwrap())).problem(404);

    let aar = format!("/timelines/{id}/report");
    assert!(http.read(&aar).is_object());
    assert_eq!(http.get(&format!("{aar}?format=html")).kind, "text/html");
    http.get(&format!("{aar}?format=pdf")).problem(422);
    http.get(&format!("{aar}?colour=red")).problem(422);
    http.get("/timelines/live/report").problem(409);
    http.delete(&format!("/timelines/{id}")).expect(204);
    http.read("/sensors/only-live");
    assert_eq!(http.read("/rooms").as_array().unwrap().len(), 1);
    room.stop();
    let journals = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
    // What is kept beside one is no journal.
    let is_journal = |p: &std::path::PathBuf| {
        let name = p.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.ends_with(".db") && ![".history.db", ".scenes.db", ".broker.db"].iter().any(|kept| name.ends_with(*kept))
    };
    let journals: Vec<_> = journals.filter(is_journal).collect();
    assert_eq!(journals.len(), 2, "each timeline has its own journal: {journals:?}");
    journals.iter().for_each(|journal| drop(verified(journal)));
}

#[test]
fn the_past_can_be_seen_and_takes_no_orders() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let http = &room.http;
    let gauge = room.sensors("road_water_depth")[0]["id"].as_str().unwrap().to_owned();
    let set = |value: f64| {
        room.observe(&gauge, now_ms(), value);
        let now = http.read("/rooms")[0]["now"].as_str().unwrap().to_owned();
        let tick = http.read("/health")["tick"].as_u64().unwrap();
        // The next reading must belong to a later tick.
        wait("the next tick", SOON, || (http.read("/health")["tick"].as_u64().unwrap() > tick).then_some(()));
        now
    };
    let early = set(1.25);
    let case = report(http, "wang", "collector");
    let late = set(3.5);
    let _latest = set(4.5);

    let replay = http.post("/timelines", &json!({ "kind": "replay", "at": early })).expect(201);
    let id = replay["id"].as_str().unwrap().to_owned();
    assert_eq!((replay["mode"].as_str(), replay["paused"].as_bool()), (Some("replay"), Some(true)), "{replay}");
    assert!(replay["first"].as_str().unwrap() <= early.as_str() && replay["last"].as_str().unwrap() >= late.as_str());
    let old = |path: &str| http.get(&format!("{path}?timeline={id}"));
    let shown = || old(&format!("/sensors/{gauge}")).expect(200)["value"].as_f64().unwrap();
    assert_eq!(shown(), 1.25);
    old(&format!("/cases/{case}")).problem(404);
    let seek = |at: &str, value: f64| {
        http.post(&format!("/timelines/{id}/control"), &json!({ "seek": at })).expect(202);
        wait(&format!("{value} at {at}"), SOON, || (shown() == value).then_some(()));
    };
    seek(&late, 3.5);
    old(&format!("/cases/{case}")).expect(200);
    seek(&early, 1.25);
    old(&format!("/cases/{case}")).problem(404);
    // Running on at speed, the past catches up with what came later.
    http.post(&format!("/timelines/{id}/control"), &json!({ "speed": 60.0, "resume": true })).expect(202);
    wait("the replay to run on", SOON, || (shown() == 4.5).then_some(()));
    assert_eq!(http.read(&format!("/sensors/{gauge}"))["value"], 4.5, "the live room went on");

    let cancel = json!({ "role": "supervisor", "command": { "do": "cancel_case", "case": case, "reason": "试" } });
    http.post(&format!("/commands?timeline={id}"), &cancel).problem(409);
    http.post(&format!("/observations?timeline={id}"), &json!({ "datastream": gauge, "result": 1 })).problem(409);
    for control in [json!({ "speed": 0 }), json!({ "speed": -1 }), json!({ "seek": "noon" }), json!({ "jump": 1 })] {
        http.post(&format!("/timelines/{id}/control"), &control).problem(422);
    }
    http.post("/timelines/live/control", &json!({ "pause": true })).problem(409);
    http.post("/timelines/live/control", &json!({ "seek": early })).problem(409);
    http.post("/timelines/none/control", &json!({})).problem(404);
    assert!((400..500).contains(&http.delete("/timelines/live").status), "the live room cannot be ended");
    let before = http.read("/health")["tick"].as_u64().unwrap();
    wait("live to go on", SOON, || (http.read("/health")["tick"].as_u64().unwrap() > before).then_some(()));
    http.delete(&format!("/timelines/{id}")).expect(204);
    old("/sensors").problem(404);
    http.delete(&format!("/timelines/{id}")).problem(404);
}
