//! A SensorThings 1.1 service of another make: documents shaped as FROST-Server gives them (links, intervals, results of
//! every kind, features as places, relative pages, MultiDatastreams).

use std::{
    net::SocketAddr,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    mqtt::{Broker, tool},
    support::{Plan, Room, now_ms, rfc3339, run, runtime, scratch, verified, wait},
};

const SOON: Duration = Duration::from_secs(30);

/// A Datastream with everything expanded, as FROST writes it.
fn datastream(id: Value, name: &str, symbol: &str, location: &Value, latest: Value) -> Value {
    let link = if id.is_string() { format!("'{}'", id.as_str().unwrap()) } else { id.to_string() };
    let own = format!("http://frost.example/FROST-Server/v1.1/Datastreams({link})");
    json!({
        "@iot.selfLink": own, "@iot.id": id, "name": name, "description": "of a city",
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": { "name": name, "symbol": symbol, "definition": "ucum:x" },
        "observedArea": { "type": "Polygon", "coordinates": [[[120.0, 30.2], [120.2, 30.2], [120.2, 30.4], [120.0, 30.2]]] },
        "phenomenonTime": "2026-01-01T00:00:00Z/2026-11-01T00:00:00Z", "resultTime": "2026-01-01T00:00:00Z/2026-11-01T00:00:00Z",
        "properties": { "owner": "somebody" },
        "ObservedProperty": { "@iot.id": 4, "name": name, "definition": "http://example.org/p", "description": "" },
        "Thing": {
            "@iot.id": 2, "name": "post", "description": "", "properties": {},
            "Locations": [{ "@iot.id": 1, "name": "here", "description": "", "encodingType": "application/vnd.geo+json", "location": location }],
            "Datastreams@iot.navigationLink": "http://frost.example/x",
        },
        "Observations": [latest],
        "Observations@iot.navigationLink": format!("{own}/Observations"),
        "Observations@iot.nextLink": format!("{own}/Observations?$top=1&$skip=1"),
    })
}

fn observation(id: u32, result: Value, at_ms: i64) -> Value {
    let from = rfc3339(at_ms - 60_000);
    json!({
        "@iot.selfLink": format!("http://frost.example/FROST-Server/v1.1/Observations({id})"), "@iot.id": id,
        "phenomenonTime": format!("{from}/{}", rfc3339(at_ms)), "resultTime": null, "result": result,
        "Datastream@iot.navigationLink": format!("http://frost.example/FROST-Server/v1.1/Observations({id})/Datastream"),
        "FeatureOfInterest@iot.navigationLink": "http://frost.example/x",
    })
}

struct Service {
    begun: i64,
    asked: Mutex<Vec<String>>,
    /// A small server: no options in `$expand`, no `$filter`, and it names itself by a name only it knows.
    small: bool,
}

impl Service {
    fn small_answer(&self, path: &str) -> (u16, Value) {
        let wrong = |message: &str| (400, json!({ "code": 400, "type": "error", "message": message }));
        if path.contains("$expand=ObservedProperty,Thing(") || path.contains("$filter") {
            return wrong("not implemented");
        }
        let polls =
            self.asked.lock().unwrap().iter().filter(|p| p.contains("('a%2F1')") || p.contains("('a/1')")).count();
        let of = |list: Value| (200, json!({ "value": list }));
        if path.contains("(5)/Observations") {
            return of(json!([observation(50, json!("true"), self.begun)]));
        }
        if path.contains("/Observations") {
            // The newest first; from the second poll on two more, on two pages.
            let list = |ids: &[i64]| -> Vec<Value> {
                let one = |k: &i64| observation(60 + *k as u32, json!(format!("{}", 3 + k)), self.begun + k * 1000);
                ids.iter().map(one).collect()
            };
            if polls <= 1 {
                return of(json!(list(&[0])));
            }
            return match path.contains("skip") {
                true => of(json!(list(&[1, 0]))),
                false => {
                    (200, json!({ "value": list(&[2]), "@iot.nextLink": format!("http://inside:8080{path}&$skip=1") }))
                }
            };
        }
        let mut first = datastream(json!("a/1"), "Noise", "dB", &Value::Null, Value::Null);
        let mut second = datastream(json!(5), "Door", "", &Value::Null, Value::Null);
        for stream in [&mut first, &mut second] {
            let map = stream.as_object_mut().unwrap();
            for key in ["Observations", "Observations@iot.nextLink", "observedArea"] {
                map.remove(key);
            }
            map.insert("Thing".into(), json!({ "@iot.id": 1, "name": "x" }));
        }
        match path.contains("skip") {
            true => of(json!([second])),
            false => (200, json!({ "value": [first], "@iot.nextLink": format!("http://inside:8080{path}&$skip=1") })),
        }
    }

    fn answer(&self, path: &str) -> (u16, Value) {
        if self.small {
            return match path.contains("MultiDatastreams") {
                true => (404, json!({})),
                false => self.small_answer(path),
            };
        }
        let polls = self.asked.lock().unwrap().iter().filter(|p| p.contains("v1.1/Observations")).count();
        let feature = json!({ "type": "Feature", "properties": {}, "geometry": { "type": "Point", "coordinates": [120.01, 30.27] } });
        let point = json!({ "type": "Point", "coordinates": [120.02, 30.28, 4.0] });
        let at = self.begun - 5_000;
        if path.contains("/MultiDatastreams(") {
            let value = if polls >= 2 { json!([observation(31, json!([22.5, 61.0]), self.begun)]) } else { json!([]) };
            return (200, json!({ "value": value }));
        }
        if path.contains("/MultiDatastreams") {
            let mut multi = datastream(json!(9), "weather", "", &point, observation(30, json!([21.5, 60.0]), at));
            multi["unitOfMeasurements"] = json!([{ "symbol": "degC" }, { "symbol": "%" }]);
            multi["ObservedProperties"] = json!([{ "name": "Temperature" }, { "name": "Humidity" }]);
            return (200, json!({ "value": [multi] }));
        }
        if path.contains("/Datastreams") && path.contains("skip=2") {
            let door = datastream(json!("door/ä 3"), "Door", "", &point, observation(13, json!(true), at));
            let gas =
                datastream(json!(14), "Gas", "%", &point, observation(14, json!({ "value": 3, "flag": "ok" }), at));
            return (200, json!({ "value": [door, gas] }));
        }
        if path.contains("/Datastreams") {
            let pm = datastream(json!(11), "PM2.5", "ug/m3", &feature, observation(11, json!("17.5"), at));
            let level = datastream(json!("6f1c-aa"), "Water level", "cm", &point, observation(12, json!(1234), at));
            return (
                200,
                json!({ "@iot.count": 4, "@iot.nextLink": "Datastreams?$top=2&$skip=2", "value": [pm, level] }),
            );
        }
        if path.contains("/Observations") {
            let mut fresh = observation(21, json!(18.5), self.begun);
            fresh["Datastream"] = json!({ "@iot.id": 11 });
            // Of the MultiDatastream: no Datastream, a list.
            return (200, json!({ "value": [fresh, observation(22, json!([22.5, 61.0]), self.begun)] }));
        }
        (404, json!({ "code": 404, "type": "error", "message": "Not a valid path" }))
    }
}

async fn serve(listener: TcpListener, service: Arc<Service>) {
    loop {
        let Ok((mut socket, _)) = listener.accept().await else { return };
        let mut head = Vec::new();
        let mut byte = [0u8; 1];
        while !head.ends_with(b"\r\n\r\n") && socket.read_exact(&mut byte).await.is_ok() {
            head.push(byte[0]);
        }
        let path = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
        service.asked.lock().unwrap().push(path.clone());
        let (status, body) = service.answer(&path);
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = socket.write_all(answer.as_bytes()).await;
    }
}

fn opened(small: bool) -> (Arc<Service>, SocketAddr) {
    let service = Arc::new(Service { begun: now_ms(), asked: Mutex::default(), small });
    let address = runtime().block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, service.clone()));
        address
    });
    (service, address)
}

#[test]
fn a_small_server_is_read_stream_by_stream() {
    let (service, address) = opened(true);
    let folder = scratch();
    let feeds = folder.path().join("feeds.toml");
    let text = format!(
        "format = \"guanlan-feeds/1\"\n[[feed]]\nname = \"small\"\nkind = \"sensorthings\"\nurl = \"http://{address}/api/v1.0\"\nevery_s = 1\npage = 1\nprefix = \"s-\"\n"
    );
    std::fs::write(&feeds, text).unwrap();
    let mut plan = Plan::demo(folder.path());
    plan.args.extend(["--feeds".into(), feeds.display().to_string()]);
    let room = Room::open(&plan);
    let asked = || service.asked.lock().unwrap().clone();
    let value = |path: &str, wanted: f64| {
        wait(&format!("{path} = {wanted}"), SOON, || {
            let answer = room.http.get(path);
            assert!(asked().len() < 500, "{:?}", &asked()[..20]);
            (answer.status == 200 && answer.json()["value"] == wanted).then_some(())
        });
    };
    value("/sensors/s-a%2F1", 5.0);
    value("/sensors/s-5", 1.0);
    let from = rfc3339(service.begun - 60_000);
    let series = wait("every reading on both pages", SOON, || {
        let series = room.http.get(&format!("/sensors/s-a%2F1/series?points=100&from={from}"));
        let points = series.json()["points"].as_array()?.len();
        (points >= 3).then_some(points)
    });
    assert_eq!(series, 3, "each once");
    let list = room.http.read("/feeds");
    let feed = list.as_array().unwrap().iter().find(|f| f["name"] == "small").unwrap().clone();
    assert_eq!((feed["state"].as_str(), feed["refused"].as_u64()), (Some("up"), Some(0)), "{feed}");
    room.stop();
}

#[test]
fn a_frost_server_is_understood() {
    let (service, address) = opened(false);
    let folder = scratch();
    let feeds = folder.path().join("feeds.toml");
    let mut broker = tool("mosquitto").map(|program| Broker::new(program, folder.path()));
    let mqtt = broker.as_mut().map(|broker| {
        broker.start();
        format!("mqtt = \"mqtt://127.0.0.1:{}\"\n", broker.port)
    });
    let text = format!(
        "format = \"guanlan-feeds/1\"\n[[feed]]\nname = \"frost\"\nkind = \"sensorthings\"\nurl = \"http://{address}/FROST-Server/v1.1/\"\nevery_s = 1\npage = 2\nprefix = \"f-\"\n{}",
        mqtt.unwrap_or_default()
    );
    std::fs::write(&feeds, text).unwrap();
    let mut plan = Plan::demo(folder.path());
    plan.args.extend(["--feeds".into(), feeds.display().to_string()]);
    let room = Room::open(&plan);
    let sensor = |id: &str, value: f64| -> Value {
        wait(&format!("{id} = {value}"), SOON, || {
            let answer = room
                .http
                .get(&format!("/sensors/{}", id.replace('/', "%2F").replace(' ', "%20").replace('ä', "%C3%A4")));
            (answer.status == 200 && answer.json()["value"] == value).then(|| answer.json())
        })
    };
    let near = |s: &Value, lon: f64, lat: f64| {
        for (axis, degrees) in [("lon", lon), ("lat", lat)] {
            assert!((s["place"][axis].as_f64().unwrap() - degrees).abs() < 1e-6, "{s}");
        }
    };
    // The latest of each stream first; then what comes, here a newer value of the first.
    let pm = sensor("f-11", 18.5);
    assert_eq!(pm["property"], "pm25");
    near(&pm, 120.01, 30.27);
    let level = sensor("f-6f1c-aa", 12.34);
    assert_eq!(level["property"], "river_stage", "and centimetres become metres");
    near(&level, 120.02, 30.28);
    sensor("f-door/ä 3", 1.0);
    assert_eq!(sensor("f-14", 3.0)["property"], "gas_lel");
    // A stream for each component, and what comes later.
    assert_eq!(sensor("f-9.1", 22.5)["property"], "temperature");
    sensor("f-9.2", 61.0);
    if let (Some(broker), Some(publish)) = (&broker, tool("mosquitto_pub")) {
        // What is announced by MQTT: of a Datastream, and of a MultiDatastream all components at once.
        let told = |topic: &str, result: Value| {
            let body = observation(99, result, now_ms()).to_string();
            let (port, topic) = (broker.port.to_string(), format!("v1.1/{topic}/Observations"));
            let args = ["-h", "127.0.0.1", "-p", &port, "-q", "1", "-t", &topic, "-m", &body];
            run(Command::new(&publish).args(args)).expect(0);
        };
        let now = |id: &str| room.http.get(&format!("/sensors/{id}")).json()["value"].as_f64();
        wait("both components by MQTT", SOON, || {
            told("MultiDatastreams(9)", json!([23.5, 63.0]));
            (now("f-9.1") == Some(23.5) && now("f-9.2") == Some(63.0)).then_some(())
        });
        wait("a word as id by MQTT", SOON, || {
            told("Datastreams('6f1c-aa')", json!("1300"));
            (now("f-6f1c-aa") == Some(13.0)).then_some(())
        });
    }
    let asked = service.asked.lock().unwrap().clone();
    assert!(asked[0].starts_with("/FROST-Server/v1.1/Datastreams?"), "{asked:?}");
    assert!(asked.iter().any(|p| p.starts_with("/FROST-Server/v1.1/Datastreams?$top=2&$skip=2")), "{asked:?}");
    let list = room.http.read("/feeds");
    let feed = list.as_array().unwrap().iter().find(|f| f["name"] == "frost").unwrap().clone();
    assert_eq!((feed["state"].as_str(), feed["refused"].as_u64()), (Some("up"), Some(0)), "{feed}");
    room.stop();
    verified(&plan.store);
}
