//! Sources by a feeds file, what is posted here, and what other authorities can read: Open311 and CAP.

use std::{
    io::{Read, Write},
    net::TcpListener,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Plan, Room, guanlan, now_ms, scratch, wait};

const SOON: Duration = Duration::from_secs(15);
/// The catalogue is counted twice a minute.
const LONG: Duration = Duration::from_secs(60);

const FEEDS: &str = r#"
format = "guanlan-feeds/1"

[[feed]]
name = "bins"
kind = "webhook"
owner = { zh = "城管局", en = "Urban management" }
promised_s = 600
token = "env:BINS_TOKEN"
map = { id = "$.id", time = "$.t", value = "$.fill", property = "bin_fill" }

[[feed]]
name = "down"
kind = "http"
url = "http://127.0.0.1:9/none"
every_s = 1
map = { id = "id", value = "v" }
"#;

fn feed<'a>(list: &'a Value, name: &str) -> Option<&'a Value> {
    list.as_array()?.iter().find(|f| f["name"] == name)
}

#[test]
fn a_feeds_file_is_followed_and_its_health_is_told() {
    let folder = scratch();
    let file = folder.path().join("feeds.toml");
    std::fs::write(&file, FEEDS).unwrap();
    let mut plan = Plan::demo(folder.path());
    plan.args.extend(["--feeds".into(), file.display().to_string()]);
    plan.env.push(("BINS_TOKEN".into(), "correct-horse-battery".into()));
    let room = Room::open(&plan);
    let http = &room.http;
    let down = wait("the unreachable source", SOON, || {
        feed(&http.read("/feeds"), "down").filter(|f| f["state"] == "down" && f["failures"].as_u64() > Some(0)).cloned()
    });
    assert!(!down["message"].as_str().unwrap().is_empty());
    let body = |t: i64| Some(json!([{ "id": "BIN-1", "t": t, "fill": 80 }]).to_string());
    let bearer = [("authorization", "Bearer correct-horse-battery")];
    assert_eq!(http.send("POST", "/hooks/bins", body(now_ms()), &[]).unwrap().status, 401);
    let taken = http.send("POST", "/hooks/bins", body(now_ms()), &bearer).unwrap().expect(200);
    assert_eq!(taken["taken"], 1);
    assert_eq!(http.read("/sensors/BIN-1")["value"], 80.0, "200 means committed");
    let wrong = http.send("POST", "/hooks/bins", Some("[{\"id\":1}]".into()), &bearer).unwrap();
    assert_eq!(wrong.status, 200, "a row without a value is no reading: {wrong:?}");
    http.send("POST", "/hooks/bins", Some("{".into()), &bearer).unwrap().problem(422);
    http.send("POST", "/hooks/nobody", body(1), &bearer).unwrap().problem(404);
    let list = http.read("/feeds");
    let bins = feed(&list, "bins").unwrap();
    assert_eq!((bins["state"].as_str(), bins["owner"]["zh"].as_str()), (Some("up"), Some("城管局")));
    assert!(bins["messages"].as_u64() >= Some(3) && bins["refused"] == 1 && bins["last"].is_string(), "{bins}");
    let first = feed(&list, "feeds.toml").unwrap()["in_force"]["hash"].as_str().unwrap().to_owned();
    // Changed while the room runs; a mistake changes nothing and is shown.
    std::fs::write(&file, FEEDS.replace("promised_s = 600", "promised_s = 60")).unwrap();
    wait("the change", SOON, || (feed(&http.read("/feeds"), "bins")?["promised_s"] == 60).then_some(()));
    std::fs::write(&file, FEEDS.replace("webhook", "webhok")).unwrap();
    wait("the mistake", SOON, || {
        let list = http.read("/feeds");
        let told = feed(&list, "feeds.toml")?["message"].as_str()?.contains("webhok");
        (told && feed(&list, "bins")?["state"] == "up").then_some(())
    });
    let list = http.read("/feeds");
    let shown = feed(&list, "feeds.toml").unwrap();
    let force = &shown["in_force"];
    assert_eq!((shown["state"].as_str(), force["newest"].as_bool()), (Some("down"), Some(false)), "{shown}");
    let hash = force["hash"].as_str().unwrap();
    assert!(shown["message"].as_str().unwrap().contains(&hash[..12]) && hash != first, "{shown}");
    wait("health says so, too", SOON, || {
        let told = http.read("/health")["troubles"]
            .as_array()?
            .iter()
            .any(|t| t["code"] == "file" && t["detail"].as_str().is_some_and(|d| d.contains(&hash[..12])));
        told.then_some(())
    });
    std::fs::remove_file(&file).unwrap();
    wait("a file that is gone", SOON, || {
        let list = http.read("/feeds");
        (!feed(&list, "feeds.toml")?["message"].as_str()?.contains("webhok")).then_some(())
    });
    std::fs::write(&file, FEEDS.replace("promised_s = 600", "promised_s = 60")).unwrap();
    wait("mended", SOON, || {
        let list = http.read("/feeds");
        let shown = feed(&list, "feeds.toml")?;
        let same = shown["in_force"]["hash"] == hash && shown["in_force"]["since"] == force["since"];
        (shown["state"] == "up" && shown["message"] == "" && same).then_some(())
    });
    wait("health is clear", SOON, || {
        let clear = http.read("/health")["troubles"].as_array()?.iter().all(|t| t["code"] != "file");
        clear.then_some(())
    });
    room.stop();
}

#[test]
fn a_wrong_feeds_file_is_told_before_anything_opens() {
    let folder = scratch();
    let file = folder.path().join("feeds.toml");
    std::fs::write(&file, FEEDS.replace("every_s = 1", "every_s = 0")).unwrap();
    let ran = guanlan(["room", "--headless", "--feeds", file.to_str().unwrap()]).expect(2);
    assert!(ran.err.contains("feeds.toml:16") && ran.err.contains("feed \"down\".every_s"), "{}", ran.err);
    let schema = guanlan(["schema", "feeds"]).expect(0).json();
    assert_eq!(schema["properties"]["format"]["const"], "guanlan-feeds/1");
}

/// A camera that answers every question with a picture; its address.
fn camera() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 2048];
            let _ = stream.read(&mut asked);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: 4\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(&[head.as_bytes(), &[0xff, 0xd8, 0xff, 0xd9]].concat());
        }
    });
    address
}

#[test]
fn every_source_stands_in_the_catalogue_and_a_camera_says_where_it_comes_from() {
    let folder = scratch();
    let file = folder.path().join("feeds.toml");
    let feeds = format!(
        "format = \"guanlan-feeds/1\"\n\
         [[feed]]\nname = \"bridge\"\nkind = \"camera\"\nowner = \"公安局\"\nshare = \"closed\"\npromised_s = 60\n\
         camera = \"CAM-7\"\nurl = \"http://{}/shot.jpg?key=secret\"\n\
         [[feed]]\nname = \"met\"\nkind = \"cap\"\nurl = \"http://127.0.0.1:9/none\"\npromised_s = 3600\n",
        camera()
    );
    std::fs::write(&file, feeds).unwrap();
    let mut plan = Plan::demo(folder.path());
    plan.args.extend(["--feeds".into(), file.display().to_string()]);
    plan.args.retain(|a| a != "--no-devices");
    let room = Room::open(&plan);
    let http = &room.http;
    let shown = wait("the camera's source", SOON, || {
        let told = http.get("/cameras/CAM-7/lineage");
        (told.status == 200).then(|| told.json())
    });
    let source = shown["source"].as_str().unwrap();
    assert_eq!((shown["feed"].as_str(), shown["owner"]["zh"].as_str()), (Some("bridge"), Some("公安局")));
    assert!(source.ends_with("/shot.jpg") && !shown["steps"].as_array().unwrap().is_empty(), "{shown}");
    let cameras = http.read("/cameras?limit=10000");
    assert!(cameras.as_array().unwrap().iter().any(|c| c["id"] == "CAM-7" && c["feed"] == "bridge"));
    let row = |name: &str| {
        let list = http.read("/catalogue");
        list.as_array()?.iter().find(|r| r["feed"] == name).cloned()
    };
    let bridge = wait("the camera's row", SOON, || row("bridge").filter(|r| r["kept_per_min"].as_f64() > Some(0.0)));
    assert_eq!((bridge["score"].as_f64(), bridge["share"]["zh"].as_str()), (Some(100.0), Some("不予共享")), "{bridge}");
    assert_eq!((bridge["promised_per_min"].as_f64(), bridge["kept"].as_f64()), (Some(1.0), Some(1.0)));
    let met = wait("the silent office's row", SOON, || row("met").filter(|r| r["state"] == "down"));
    assert_eq!((met["score"].as_f64(), met["kept"].as_f64()), (Some(0.0), Some(0.0)), "{met}");
    // The demo's devices belong to those who own such devices; Chinese comes first in what is wrong.
    let devices = wait("the devices' row", LONG, || row("mqtt").filter(|r| r["streams"].as_u64() > Some(100)));
    assert!(devices["owner"]["zh"].as_str().unwrap().contains("水务局"), "{devices}");
    let feeds = http.read("/feeds");
    let trouble = feed(&feeds, "met").unwrap()["message"].as_str().unwrap().to_owned();
    assert!(trouble.starts_with("没有可用的应答") && trouble.contains(" / no usable answer"), "{trouble}");
    room.stop();
}

#[test]
fn citizens_report_by_open311_and_authorities_read_cap() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let http = &room.http;
    let services = http.read("/open311/v2/services.json");
    assert!(services.as_array().unwrap().len() >= 97, "matters of the current edition");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let post = |body: &str| http.send("POST", "/open311/v2/requests.json", Some(body.into()), &form).unwrap();
    assert_eq!(post("service_code=06-010").status, 400);
    assert_eq!(post("service_code=none&lat=30.27&long=120.0").status, 404);
    let place = http.read("/sensors?limit=1")[0]["place"].clone();
    let body = format!(
        "service_code=06-010&lat={}&long={}&description=%E5%9E%83%E5%9C%BE+by+the+road",
        place["lat"], place["lon"]
    );
    let made = post(&body).expect(200);
    let id = made[0]["service_request_id"].as_str().unwrap().to_owned();
    let row = http.read(&format!("/open311/v2/requests/{id}.json"))[0].clone();
    assert_eq!((row["status"].as_str(), row["service_code"].as_str()), (Some("open"), Some("06-010")));
    assert!(row["description"].as_str().unwrap().contains("垃圾 by the road"));
    assert!((row["lat"].as_f64().unwrap() - place["lat"].as_f64().unwrap()).abs() < 1e-6);
    let xml = http.get(&format!("/open311/v2/requests.xml?service_request_id={id}"));
    assert!(
        xml.status == 200 && xml.text.contains(&format!("<service_request_id>{id}</service_request_id>")),
        "{xml:?}"
    );
    assert_eq!(
        http.get("/open311/v2/requests.json?start_date=2026-01-01T00:00:00Z&end_date=2026-12-01T00:00:00Z").status,
        400
    );
    assert_eq!(http.get("/open311/v2/requests/none.xml").status, 404);

    let gauge = room.sensors("road_water_depth")[0]["id"].as_str().unwrap().to_owned();
    room.flood(&gauge);
    room.case_of(&gauge);
    let atom = http.get("/cap").text;
    assert!(atom.contains("<status>Actual</status>") && atom.contains("<severity>Extreme</severity>"), "{atom}");
    let link = atom.split("href=\"/api/v1").nth(1).and_then(|l| l.split('"').next()).unwrap();
    let one = http.get(link);
    assert_eq!((one.status, one.kind.as_str()), (200, "application/cap+xml"));
    assert!(one.text.contains(&gauge));
    // An exercise forked from this very room says Exercise.
    let opened = http.post("/timelines", &json!({ "kind": "drill" }));
    if opened.status == 201 {
        let id = opened.json()["id"].as_str().unwrap().to_owned();
        let drill = wait("the exercise's alerts", SOON, || {
            let text = http.get(&format!("/cap?timeline={id}")).text;
            text.contains("<alert ").then_some(text)
        });
        assert!(drill.contains("<status>Exercise</status>") && !drill.contains("Actual"), "{drill}");
    }
    room.stop();
}
