//! HTTP, SensorThings, Open311, CAP, rain, WebSocket, SSE, hooks.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Query, State, WebSocketUpgrade, ws::Message},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use guanlan_core::Stamp;
use guanlan_feeds::{
    hook::{Answer, Call},
    wall_now,
};
use serde_json::{Value, json};

use crate::support::{FRAME, House, wait};

pub fn serve(house: &House, router: Router) -> SocketAddr {
    house.runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    })
}

#[derive(Default)]
struct Poll {
    rows: Mutex<Vec<Value>>,
    asked: AtomicUsize,
    broken: AtomicBool,
}

fn stations(poll: Arc<Poll>) -> Router {
    let answer = |State(poll): State<Arc<Poll>>| async move {
        poll.asked.fetch_add(1, Ordering::SeqCst);
        if poll.broken.load(Ordering::SeqCst) {
            return (StatusCode::INTERNAL_SERVER_ERROR, "no").into_response();
        }
        axum::Json(json!({ "data": poll.rows.lock().unwrap().clone() })).into_response()
    };
    Router::new().route("/stations", get(answer)).with_state(poll)
}

fn row(id: &str, at: Stamp, value: f64) -> Value {
    json!({ "id": id, "t": at.to_rfc3339(), "v": value })
}

fn http_feed(name: &str, address: SocketAddr, more: &str) -> String {
    format!(
        "[[feed]]\nname = \"{name}\"\nkind = \"http\"\nurl = \"http://{address}/stations\"\nevery_s = 1\nowner = \"水务局\"\n{more}\n[[feed.map]]\nrows = \"$.data[*]\"\nid = \"$.id\"\ntime = \"$.t\"\nvalue = \"$.v\"\nunit = \"ft\"\nproperty = \"river_stage\"\n"
    )
}

#[test]
fn a_polled_document_is_taken_once_and_health_follows_the_server() {
    let mut house = House::lasting();
    let poll = Arc::new(Poll::default());
    let begin = wall_now() + -60_000;
    poll.rows.lock().unwrap().extend([
        row("a", begin, 10.0),
        row("b", begin, 20.0),
        json!({ "id": "c", "t": "noon", "v": 1 }),
    ]);
    let address = serve(&house, stations(poll.clone()));
    let feed = http_feed("水情", address, "");
    house.feeds(&feed);
    wait("two readings", || house.readings() == (2, 0));
    assert!((house.value("a").unwrap() - 3.048).abs() < 1e-9, "ft → m");
    let info = house.info("水情");
    assert_eq!((info.figures.refused, info.figures.streams, info.figures.owner.zh.as_str()), (1, 2, "水务局"));
    let asked = poll.asked.load(Ordering::SeqCst);
    wait("asked again", || poll.asked.load(Ordering::SeqCst) > asked + 1);
    assert_eq!(house.readings(), (2, 0), "the same document again brings nothing");
    assert_eq!(house.info("水情").figures.refused, 1);

    poll.broken.store(true, Ordering::SeqCst);
    wait("down", || house.info("水情").up == Some(false));
    let down = house.info("水情");
    assert!(down.message.contains("500") && down.figures.failures >= 1, "{down:?}");
    wait("the room knows", || house.room.picture().feeds.get("水情").is_some_and(|f| !f.up));
    poll.rows.lock().unwrap().push(row("a", begin + 30_000, 11.0));
    poll.broken.store(false, Ordering::SeqCst);
    wait("up again with the new reading", || house.info("水情").up == Some(true) && house.readings().0 == 3);
    assert_eq!(house.info("水情").figures.refused, 1, "the bad row is still the same one");
    poll.rows.lock().unwrap()[2] = json!({ "id": "c", "t": "midnight", "v": 1 });
    wait("a bad row that changes is another one", || house.info("水情").figures.refused == 2);

    // The room dies and comes back: what it had taken is not taken again, what came meanwhile is.
    let mut house = house.reopen();
    let again = Arc::new(Poll::default());
    *again.rows.lock().unwrap() = poll.rows.lock().unwrap().clone();
    let address = serve(&house, stations(again.clone()));
    let before = house.readings();
    house.feeds(&http_feed("水情", address, ""));
    wait("asked twice", || again.asked.load(Ordering::SeqCst) >= 2);
    assert_eq!(house.readings(), before, "the cursor was committed with the readings");
    again.rows.lock().unwrap().push(row("a", begin + 50_000, 12.0));
    wait("the new one", || house.readings().0 == before.0 + 1);
}

#[test]
fn a_changed_file_restarts_only_what_changed_and_a_broken_one_nothing() {
    let mut house = House::new();
    let (one, two) = (Arc::new(Poll::default()), Arc::new(Poll::default()));
    let (a1, a2) = (serve(&house, stations(one.clone())), serve(&house, stations(two.clone())));
    one.rows.lock().unwrap().push(row("a", wall_now(), 1.0));
    house.feeds(&format!("{}{}", http_feed("one", a1, ""), http_feed("two", a2, "")));
    house.wait_up("one");
    house.wait_up("two");
    let messages = house.info("one").figures.messages;
    assert!(messages > 0);
    let three = format!("{}{}", http_feed("one", a1, ""), http_feed("two", a2, "promised_s = 60"));
    house.feeds(&three);
    wait("two is another", || house.info("two").figures.promised_s == 60);
    assert!(house.info("one").figures.messages >= messages, "one went on counting");
    house.feeds("[[feed]]\nname = \"one\"\nkind = \"htp\"\n");
    wait("the mistake is shown", || {
        let picture = house.room.picture();
        picture.feeds.get("feeds.toml").is_some_and(|f| !f.up && f.message.contains("htp") && f.message.contains(":4"))
    });
    assert_eq!(house.feeds.as_ref().unwrap().feeds().len(), 2, "everything goes on");
    house.feeds(&http_feed("one", a1, ""));
    wait("two is gone", || house.feeds.as_ref().unwrap().feeds().len() == 1);
    wait("and the room knows", || house.room.picture().feeds.get("two").is_some_and(|f| !f.up));
}

/// A SensorThings service that pages, filters and expands.
#[derive(Default)]
pub struct Things {
    pub observations: Mutex<Vec<(i64, Stamp, f64)>>,
    queries: Mutex<Vec<String>>,
}

pub async fn things(State(things): State<Arc<Things>>, uri: axum::http::Uri, headers: HeaderMap) -> Response {
    let host = headers[header::HOST].to_str().unwrap().to_owned();
    let query: BTreeMap<String, String> = Query::try_from_uri(&uri).map(|Query(q)| q).unwrap_or_default();
    things.queries.lock().unwrap().push(uri.to_string());
    let skip: usize = query.get("$skip").and_then(|s| s.parse().ok()).unwrap_or(0);
    let all = things.observations.lock().unwrap().clone();
    let observation = |(stream, at, v): &(i64, Stamp, f64)| json!({ "@iot.id": at.0, "phenomenonTime": at.to_rfc3339(), "resultTime": null, "result": v, "Datastream": { "@iot.id": stream } });
    let (list, next): (Vec<Value>, bool) = if uri.path().ends_with("/Observations") {
        let since = query["$filter"].strip_prefix("phenomenonTime ge ").and_then(Stamp::parse).expect("a filter");
        let mut hits: Vec<_> = all.iter().filter(|o| o.1 >= since).collect();
        hits.sort_by_key(|o| o.1);
        (hits.iter().skip(skip).take(3).map(|o| observation(*o)).collect(), hits.len() > skip + 3)
    } else {
        let streams: Vec<Value> = [7, 8]
            .iter()
            .map(|id| {
                let latest = all.iter().filter(|o| o.0 == *id).max_by_key(|o| o.1);
                json!({ "@iot.id": id, "name": format!("水位 {id}"), "unitOfMeasurement": { "name": "", "symbol": "cm", "definition": "" },
                    "ObservedProperty": { "name": "water level", "definition": "" },
                    "Thing": { "Locations": [{ "location": { "type": "Point", "coordinates": [116.3975, 39.9087] } }] },
                    "Observations": latest.map(|o| vec![observation(o)]).unwrap_or_default() })
            })
            .collect();
        (streams.into_iter().skip(skip).take(1).collect(), skip < 1)
    };
    let mut page = json!({ "value": list });
    if next {
        let step = skip + list_len(&page);
        let mut rest: Vec<String> = query
            .iter()
            .filter(|(k, _)| *k != "$skip")
            .map(|(k, v)| format!("{k}={}", v.replace(' ', "%20").replace('+', "%2B")))
            .collect();
        rest.push(format!("$skip={step}"));
        page["@iot.nextLink"] = json!(format!("http://{host}{}?{}", uri.path(), rest.join("&")));
    }
    axum::Json(page).into_response()
}

fn list_len(page: &Value) -> usize {
    page["value"].as_array().map_or(0, Vec::len)
}

#[test]
fn a_sensorthings_service_is_read_without_gaps_over_a_restart() {
    let mut house = House::lasting();
    let service = Arc::new(Things::default());
    let begin = wall_now() + -600_000;
    service.observations.lock().unwrap().extend([(7, begin, 100.0), (8, begin, 200.0)]);
    let router = |s: Arc<Things>| Router::new().fallback(things).with_state(s);
    let feed = |address| {
        format!(
            "[[feed]]\nname = \"sta\"\nkind = \"sensorthings\"\nurl = \"http://{address}/v1.1\"\nevery_s = 1\nprefix = \"s-\"\n"
        )
    };
    let address = serve(&house, router(service.clone()));
    house.feeds(&feed(address));
    wait("both streams", || house.readings() == (2, 0));
    assert_eq!(house.value("s-7"), Some(1.0), "cm → m");
    // Several between two polls, one of them late, over more than one page.
    for i in 1..=10 {
        service.observations.lock().unwrap().push((7, begin + i * 1000, 100.0 + i as f64));
    }
    service.observations.lock().unwrap().push((8, begin + 500, 201.0));
    wait("all of them", || house.readings().0 == 13);
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(house.readings(), (13, 0), "asked again, taken once");
    let picture = house.room.picture();
    let row = picture.sensors.find(&"s-7".into()).unwrap();
    assert_eq!(row.meta.name.zh, "水位 7");
    assert!((row.meta.place_m.unwrap()[0] - 481.575).abs() < 0.05);

    let mut house = house.reopen();
    let before = house.readings();
    for i in 11..=20 {
        service.observations.lock().unwrap().push((7, begin + i * 1000, 100.0 + i as f64));
    }
    let address = serve(&house, router(service.clone()));
    house.feeds(&feed(address));
    wait("what came while the room was away", || house.readings().0 == before.0 + 10);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(house.readings().0, before.0 + 10);
    assert_eq!(house.value("s-7"), Some(1.2));
}

#[test]
fn websocket_and_sse_go_on_where_they_were() {
    let mut house = House::new();
    let last: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = last.clone();
    let socket = |upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(|mut socket| async move {
            let hello = socket.recv().await.unwrap().unwrap();
            assert_eq!(hello.to_text().unwrap(), "subscribe");
            for i in 0..5 {
                let text = json!({ "lots": [{ "id": "P1", "t": (wall_now() + i).0, "v": 0.1 * f64::from(i as i32) }] })
                    .to_string();
                socket.send(Message::text(text)).await.unwrap();
            }
            socket.send(Message::text("{ not json")).await.unwrap();
            tokio::time::sleep(Duration::from_secs(60)).await;
        })
    };
    let events = move |headers: HeaderMap| {
        let seen = seen.clone();
        async move {
            let id = headers.get("last-event-id").map_or(0, |v| v.to_str().unwrap().parse::<i64>().unwrap());
            seen.lock().unwrap().push(id.to_string());
            // Three events, then the connection is cut.
            let begin = Stamp::parse("2026-07-01T08:00:00+08:00").unwrap();
            let text: String = (id + 1..=id + 3)
                .map(|i| {
                    format!(
                        "id: {i}\nevent: level\ndata: {{\"s\":\"N\",\"t\":{},\"v\":{i}}}\n\n: beat\n\n",
                        (begin + i * 1000).0
                    )
                })
                .collect();
            ([(header::CONTENT_TYPE, "text/event-stream")], text)
        }
    };
    let address = serve(&house, Router::new().route("/ws", get(socket)).route("/sse", get(events)));
    house.feeds(&format!(
        "[[feed]]\nname = \"ws\"\nkind = \"websocket\"\nurl = \"ws://{address}/ws\"\nhello = \"subscribe\"\nmap = {{ rows = \"$.lots[*]\", id = \"$.id\", time = \"$.t\", value = \"$.v\", unit = \"ratio\", property = \"parking_occupancy\" }}\n\
         [[feed]]\nname = \"sse\"\nkind = \"sse\"\nurl = \"http://{address}/sse\"\nevents = [\"level\"]\nmap = {{ id = \"s\", time = \"t\", value = \"v\" }}\n"
    ));
    wait("the socket's readings", || house.value("P1") == Some(40.0));
    wait("its garbage in quarantine", || house.info("ws").figures.refused == 1);
    wait("nine events over three connections", || house.value("N").is_some_and(|v| v >= 9.0));
    let asked = last.lock().unwrap().clone();
    assert_eq!(asked[..3], ["0", "3", "6"], "the last committed id is asked for");
    assert_eq!(house.readings().1, 0, "nothing twice");
    let cursor: i64 = house.info("sse").figures.cursor.parse().unwrap();
    assert!(cursor >= 9);
}

#[test]
fn cases_of_another_city_and_warnings_of_another_authority() {
    let mut house = House::new();
    let at = |s: i64| (wall_now() + s * 1000).to_rfc3339();
    let requests = json!([
        { "service_request_id": "1", "status": "open", "service_code": "S1", "service_name": "Garbage", "description": "rubbish in the street", "requested_datetime": at(-600), "lat": 39.9087, "long": 116.3975 },
        { "service_request_id": "2", "status": "closed", "service_code": "S1", "requested_datetime": at(-500), "lat": 39.9087, "long": 116.3975 },
        { "service_request_id": "3", "status": "open", "service_code": "S9", "service_name": "垃圾", "requested_datetime": at(-400), "lat": 39.9187, "long": 116.3975 },
        { "service_request_id": "4", "status": "maybe", "requested_datetime": at(-300) },
        { "token": "t-5", "status": "open" }
    ])
    .to_string();
    let sent = wall_now().format_local("%Y-%m-%dT%H:%M:%S") + "+08:00";
    let alert = |id: &str, sent: &str| {
        format!(
            "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>{id}</identifier><sender>cma@example.invalid</sender><sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>zh-CN</language><category>Met</category><event>暴雨</event><urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty><headline>暴雨橙色预警</headline><area><areaDesc>全市</areaDesc><circle>39.9,116.4 5</circle></area></info></alert>"
        )
    };
    let atom = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><content type=\"text/xml\">{}</content></entry><entry><content type=\"text/xml\">{}</content></entry></feed>",
        alert("A-1", &sent),
        alert("A-2", &sent.replace("+08:00", "Z"))
    );
    let rain = json!({ "issued": at(0), "crs": "WGS84", "west": 116.3, "south": 39.8, "cell": 0.01, "cols": 20, "rows": 20,
        "frames": [{ "from": at(-300), "to": at(300), "values": vec![12.5; 400] }, { "from": at(300), "to": at(900), "values": vec![30.0; 400] }] })
    .to_string();
    let text = |kind: &'static str, body: String| get(move || async move { ([(header::CONTENT_TYPE, kind)], body) });
    let router = Router::new()
        .route("/311/requests.json", text("application/json", requests))
        .route("/cap", text("application/xml", atom))
        .route("/rain", text("application/json", rain));
    let address = serve(&house, router);
    house.feeds(&format!(
        "[[feed]]\nname = \"311\"\nkind = \"open311\"\nurl = \"http://{address}/311\"\nformat = \"json\"\nevery_s = 1\ncodes = {{ S1 = \"06-010\" }}\n\
         [[feed]]\nname = \"cap\"\nkind = \"cap\"\nurl = \"http://{address}/cap\"\nevery_s = 1\n\
         [[feed]]\nname = \"rain\"\nkind = \"rain\"\nurl = \"http://{address}/rain\"\nevery_s = 1\n"
    ));
    wait("two cases", || house.room.picture().cases.cases().len() == 2);
    let picture = house.room.picture();
    let case = picture.cases.get(picture.cases.of_report("open311-1").unwrap()).unwrap().clone();
    assert_eq!(case.code, "06-010");
    let here = FRAME.from_lonlat(116.3975, 39.9087).unwrap();
    assert!((case.place_m[0] - here[0]).abs() < 0.01);
    wait("a refused request and a refused warning", || {
        house.info("311").figures.refused >= 1 && house.info("cap").figures.refused == 1
    });
    for name in ["311", "cap", "rain"] {
        house.wait_up(name);
    }
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(house.room.picture().cases.cases().len(), 2, "asked again, taken once");
    let picture = house.room.picture();
    let warned: Vec<&str> = picture.warnings.active().iter().map(|w| w.identifier.as_str()).collect();
    assert_eq!(warned, ["A-1"], "in force in the room");
    let origin = picture.origins.of_warning("A-1").unwrap();
    assert_eq!((origin.feed, origin.connector, origin.source), ("cap", "cap", &*format!("http://{address}/cap")));
    let origin = picture.origins.of_case(picture.cases.of_report("open311-1").unwrap()).unwrap();
    assert_eq!((origin.feed, origin.connector), ("311", "open311"));
    assert_eq!((house.info("cap").figures.messages, house.info("rain").figures.messages), (1, 1));
    assert_eq!(house.info("cap").figures.refused, 1, "a bad document is refused once, not every poll");
}

/// An index with a relative link: the message behind it fails at first and is asked for again although the index itself
/// is not new.
#[test]
fn a_warning_that_could_not_be_fetched_is_fetched_later() {
    let mut house = House::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let sent = wall_now().format_local("%Y-%m-%dT%H:%M:%S") + "+08:00";
    let message = format!(
        "<alert xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"><identifier>R-1</identifier><sender>cma@example.invalid</sender><sent>{sent}</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><category>Met</category><event>Rain</event><urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty><area><areaDesc>city</areaDesc></area></info></alert>"
    );
    let index = get(|headers: HeaderMap| async move {
        if headers.contains_key(header::IF_NONE_MATCH) {
            return StatusCode::NOT_MODIFIED.into_response();
        }
        let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><entry><link type=\"application/cap+xml\" href=\"m/1.cap\"/></entry></feed>";
        ([(header::ETAG, "\"one\""), (header::CONTENT_TYPE, "application/atom+xml")], atom).into_response()
    });
    let count = asked.clone();
    let one = get(move || {
        let (n, message) = (count.fetch_add(1, Ordering::SeqCst), message.clone());
        async move { if n == 0 { StatusCode::SERVICE_UNAVAILABLE.into_response() } else { message.into_response() } }
    });
    let address = serve(&house, Router::new().route("/cap/index.atom", index).route("/cap/m/1.cap", one));
    house.feeds(&format!(
        "[[feed]]\nname = \"cap\"\nkind = \"cap\"\nurl = \"http://{address}/cap/index.atom\"\nevery_s = 1\n"
    ));
    wait("the warning", || house.room.picture().warnings.find("R-1").is_some());
    assert_eq!(house.info("cap").figures.refused, 1, "the failure is told once");
    let picture = house.room.picture();
    assert_eq!(picture.origins.of_warning("R-1").unwrap().source, format!("http://{address}/cap/m/1.cap"));
    std::thread::sleep(Duration::from_millis(2500));
    assert_eq!(asked.load(Ordering::SeqCst), 2, "and what was taken is not asked for again");
}

#[test]
fn what_is_posted_is_let_in_by_its_token_and_taken_whole_or_not_at_all() {
    let mut house = House::new();
    // SAFETY: set before any thread of this test reads the environment for these names.
    unsafe { std::env::set_var("GUANLAN_TEST_HOOK", "correct-horse") };
    house.feeds(
        "[[feed]]\nname = \"bins\"\nkind = \"webhook\"\ntoken = \"env:GUANLAN_TEST_HOOK\"\nmap = { rows = \"$.bins[*]\", id = \"$.id\", time = \"$.t\", value = \"$.f\", property = \"bin_fill\" }\n\
         [[feed]]\nname = \"phones\"\nkind = \"traccar\"\nunits = { \"07\" = \"DRAIN-07\" }\n\
         [[feed]]\nname = \"tracks\"\nkind = \"owntracks\"\n",
    );
    let feeds = house.feeds.clone().unwrap();
    let post = |name: &str, call: Call| house.runtime.block_on(feeds.hook(name, call));
    let body = |bad: bool| {
        let fill = if bad { json!("full") } else { json!(40) };
        json!({ "bins": [{ "id": "B1", "t": wall_now().0, "f": 80 }, { "id": "B2", "t": wall_now().0, "f": fill }] })
            .to_string()
            .into_bytes()
    };
    let bearer =
        |body| Call { headers: vec![("authorization".into(), "Bearer correct-horse".into())], body, ..Call::default() };
    assert_eq!(post("bins", Call { body: body(false), ..Call::default() }), Answer::NotLetIn);
    assert!(matches!(post("bins", bearer(body(true))), Answer::Wrong(reason) if reason.contains("value")));
    assert_eq!(house.readings().0, 0, "nothing of a bad call is taken");
    assert_eq!(post("bins", bearer(body(false))), Answer::Taken(2));
    assert_eq!((house.readings().0, house.value("B1")), (2, Some(80.0)), "answered after commit");
    assert_eq!(post("none", Call::default()), Answer::NoSuchFeed);
    let query = [
        ("id", "07"),
        ("lat", "39.9087"),
        ("lon", "116.3975"),
        ("timestamp", &(wall_now().0 / 1000).to_string()),
        ("speed", "19.708"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .to_vec();
    assert_eq!(post("phones", Call { query, ..Call::default() }), Answer::Taken(1));
    let owntracks = json!({ "_type": "location", "lat": 39.9087, "lon": 116.3975, "tst": wall_now().0 / 1000, "vel": 36, "topic": "owntracks/U9/phone" });
    assert_eq!(post("tracks", Call { body: owntracks.to_string().into_bytes(), ..Call::default() }), Answer::Taken(1));
    assert_eq!(house.info("phones").figures.streams, 1);
}
