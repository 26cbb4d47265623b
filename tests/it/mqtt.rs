//! Real clients of others at the MQTT door: `mosquitto_pub` and `mosquitto_sub` (3.1.1 and 5, QoS 0 to 2)
//! at the embedded broker, and a real `mosquitto` as an external broker that goes away and comes back.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Plan, Ran, Room, now_ms, observation, program, run, runtime, scratch, verified, wait};

const SOON: Duration = Duration::from_secs(10);

/// A program of the Debian packages `mosquitto` and `mosquitto-clients`.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    let found = folders.map(|f| f.join(name)).find(|p| p.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "{name} is not installed (apt-get install mosquitto mosquitto-clients)"
        );
        eprintln!("SKIPPED: {name} is not installed");
    }
    found
}

struct Publisher {
    program: PathBuf,
    port: u16,
}

impl Publisher {
    fn send(&self, version: &str, qos: u8, topic: &str, payload: &str) -> Ran {
        let (port, qos) = (self.port.to_string(), qos.to_string());
        let args = ["-h", "127.0.0.1", "-p", &port, "-V", version, "-q", &qos, "-t", topic, "-m", payload];
        run(Command::new(&self.program).args(args))
    }
}

fn opened() -> Option<(tempfile::TempDir, Plan, Room, Publisher)> {
    let program = tool("mosquitto_pub")?;
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let room = Room::open(&plan);
    let publisher = Publisher { program, port: room.mqtt_port() };
    Some((folder, plan, room, publisher))
}

fn topic(sensor: &str) -> String {
    format!("v1.1/Datastreams({sensor})/Observations")
}

#[test]
fn a_foreign_reading_turns_an_alert_red_at_once() {
    let Some((_folder, plan, room, publisher)) = opened() else { return };
    let gas = room.sensors("gas_lel");
    let ways = [("mqttv311", 0), ("mqttv311", 1), ("mqttv311", 2), ("mqttv5", 0), ("mqttv5", 1), ("mqttv5", 2)];
    assert!(gas.len() >= ways.len());
    for ((version, qos), sensor) in ways.into_iter().zip(&gas) {
        let id = sensor["id"].as_str().unwrap();
        publisher.send(version, qos, &topic(id), r#"{"result": 62}"#).expect(0);
        let alert = wait(&format!("red by {version} QoS {qos}"), Duration::from_secs(3), || {
            let alerts = room.http.read("/alerts?property=gas_lel&only=red");
            alerts.as_array()?.iter().find(|a| a["sensor"] == id).cloned()
        });
        assert_eq!((alert["value"].as_f64(), alert["threshold"].as_f64()), (Some(62.0), Some(50.0)), "{alert}");
        let shown = room.http.read(&format!("/sensors/{id}"));
        assert_eq!((shown["level"].as_str(), shown["quality"].as_str()), (Some("red"), Some("good")), "{shown}");
        assert!(room.case_of(id).starts_with("GL"));
    }
    assert_eq!(room.http.read("/rooms")[0]["mode"], "live", "outside data without a simulator is live");
    room.stop();
    verified(&plan.store);
}

#[test]
fn malformed_payloads_are_refused_with_a_reason_and_counted() {
    let Some((_folder, _plan, room, publisher)) = opened() else { return };
    let gas = room.sensors("gas_lel")[0]["id"].as_str().unwrap().to_owned();
    let refused = || room.http.figure("guanlan_feed_messages_refused");
    assert_eq!(refused(), 0.0);
    let wrong = [
        r#"{"result": "wet"}"#,
        "{",
        r#"{"phenomenonTime": "noon", "result": 1}"#,
        "[{\"result\":60},{\"result\":null}]",
    ];
    for (i, payload) in wrong.iter().enumerate() {
        // MQTT 3.1.1 cannot say no: taken off the wire, counted, kept aside.
        publisher.send("mqttv311", 1, &topic(&gas), payload).expect(0);
        for qos in [1, 2] {
            let said = publisher.send("mqttv5", qos, &topic(&gas), payload);
            let words = format!("{}{}", said.out, said.err);
            assert!(words.contains("ayload format invalid"), "QoS {qos}: exit {} {words}", said.code);
        }
        wait("every refusal counted", SOON, || (refused() == 3.0 * (i + 1) as f64).then_some(()));
    }
    assert_eq!(reason_code(room.mqtt_port(), &topic(&gas), "wet"), 0x99);
    let aside = room.http.read("/quarantine");
    let last = aside.as_array().unwrap().last().unwrap();
    assert_eq!((last["topic"].as_str(), last["payload"].as_str()), (Some(topic(&gas).as_str()), Some("wet")), "{last}");
    assert!(last["reason"].as_str().unwrap().starts_with("payload"), "field and reason: {last}");
    let sensor = room.http.read(&format!("/sensors/{gas}"));
    assert!(sensor["value"].is_null(), "nothing of a refused message is used: {sensor}");
    // Another program's topic is none of our business and no error.
    let before = refused();
    publisher.send("mqttv5", 1, "home/kitchen/light", "on").expect(0);
    assert_eq!(refused(), before);
}

/// Reason code of the PUBACK to a QoS 1 publish in MQTT 5.
fn reason_code(port: u16, topic: &str, payload: &str) -> u8 {
    use rumqttc::v5::{AsyncClient, Event, MqttOptions, mqttbytes::QoS, mqttbytes::v5};
    runtime().block_on(async {
        let (client, mut events) = AsyncClient::new(MqttOptions::new("it-v5", "127.0.0.1", port), 4);
        client.publish(topic, QoS::AtLeastOnce, false, payload.to_owned()).await.unwrap();
        let answer = async {
            loop {
                if let Event::Incoming(v5::Packet::PubAck(ack)) = events.poll().await.unwrap() {
                    return ack.reason as u8;
                }
            }
        };
        let reason = tokio::time::timeout(SOON, answer).await.unwrap();
        // rumqttc numbers its reasons in the order of the specification, not by code.
        if reason == v5::PubAckReason::PayloadFormatInvalid as u8 { 0x99 } else { reason }
    })
}

/// MQTT 5 spoken by hand, so that a packet number can be used again as soon as the protocol allows.
struct ByHand(TcpStream);

impl ByHand {
    fn connect(port: u16) -> Self {
        Self::seat(port, b'h', true).0
    }

    /// A session of its own that lives for ten minutes, and whether the broker still knew it.
    fn seat(port: u16, name: u8, clean: bool) -> (Self, bool) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        // CONNECT: MQTT 5, keep alive 60 s, session expiry 600 s, a client id of one letter.
        let flags = if clean { 2 } else { 0 };
        let head = [0x10, 19, 0, 4, b'M', b'Q', b'T', b'T', 5, flags, 0, 60, 5, 17, 0, 0, 2, 88, 0, 1, name];
        stream.write_all(&head).unwrap();
        let mut hand = Self(stream);
        let (kind, body) = hand.packet();
        assert_eq!((kind, body[1]), (0x20, 0), "CONNACK");
        (hand, body[0] == 1)
    }

    /// SUBSCRIBE with QoS 2.
    fn subscribe(&mut self, topic: &str) {
        let mut packet = vec![0x82, (topic.len() + 6) as u8, 0, 9, 0, 0, topic.len() as u8];
        packet.extend(topic.bytes().chain([2]));
        self.0.write_all(&packet).unwrap();
        let (kind, body) = self.packet();
        assert_eq!((kind, body.last()), (0x90, Some(&2)), "granted as asked");
    }

    /// The number of the PUBLISH that comes next, whether it comes again, and its payload.
    fn told(&mut self) -> (u8, bool, String) {
        let (kind, body) = self.packet();
        assert_eq!(kind & 0xF6, 0x34, "PUBLISH with QoS 2");
        let topic = usize::from(body[1]);
        // Topic, number, no properties.
        (body[topic + 3], kind & 8 != 0, String::from_utf8(body[topic + 5..].to_vec()).unwrap())
    }

    fn send(&mut self, kind: u8, number: u8) {
        self.0.write_all(&[kind, 2, 0, number]).unwrap();
    }

    /// Nothing is said for a while.
    fn silent(&mut self) -> bool {
        self.0.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
        let quiet = self.0.read(&mut [0u8; 1]).is_err();
        self.0.set_read_timeout(Some(SOON)).unwrap();
        quiet
    }

    fn packet(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0u8; 2];
        self.0.read_exact(&mut head).unwrap();
        assert!(head[1] < 128, "a short packet");
        let mut body = vec![0; usize::from(head[1])];
        self.0.read_exact(&mut body).unwrap();
        (head[0], body)
    }

    /// PUBLISH with QoS 2.
    fn publish(&mut self, number: u8, again: bool, topic: &str, payload: &str) {
        let length = 2 + topic.len() + 2 + 1 + payload.len();
        assert!(length < 128);
        let mut packet = vec![if again { 0x3C } else { 0x34 }, length as u8, 0, topic.len() as u8];
        packet.extend(topic.bytes().chain([0, number, 0]).chain(payload.bytes()));
        self.0.write_all(&packet).unwrap();
    }

    /// The reason code of the PUBREC or PUBCOMP that comes next.
    fn answer(&mut self, kind: u8, number: u8) -> u8 {
        let (got, body) = self.packet();
        assert_eq!((got, &body[..2]), (kind, &[0, number][..]), "{body:?}");
        body.get(2).copied().unwrap_or(0)
    }
}

#[test]
fn exactly_once_numbers_are_free_again_after_a_refusal() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let mut hand = ByHand::connect(room.mqtt_port());
    hand.publish(1, false, &topic("once-1"), "wet");
    assert_eq!(hand.answer(PUBREC, 1), 0x99);
    // The same number again: a new message that must not be taken for the refused one.
    hand.publish(1, false, &topic("once-1"), r#"{"result": 4.5}"#);
    assert_eq!(hand.answer(PUBREC, 1), 0);
    assert_eq!(room.http.read("/sensors/once-1")["value"], 4.5, "acknowledged means there");
    // Sent again before PUBREL: acknowledged again, not taken twice.
    let taken = room.http.figure("guanlan_feed_inputs");
    hand.publish(1, true, &topic("once-1"), r#"{"result": 4.5}"#);
    assert_eq!(hand.answer(PUBREC, 1), 0);
    assert_eq!(room.http.figure("guanlan_feed_inputs"), taken);
    hand.0.write_all(&[0x62, 2, 0, 1]).unwrap();
    assert_eq!(hand.answer(PUBCOMP, 1), 0);
    // Twice at once, before anything is durable: one answer, after commit.
    hand.publish(2, false, &topic("once-2"), r#"{"result": 5.5}"#);
    hand.publish(2, true, &topic("once-2"), r#"{"result": 5.5}"#);
    assert_eq!(hand.answer(PUBREC, 2), 0);
    assert_eq!(room.http.read("/sensors/once-2")["value"], 5.5, "acknowledged means there");
}

const PUBREC: u8 = 0x50;
const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;

/// The program is killed between every two steps of an exchange; readings say no time of their own.
#[test]
fn exactly_once_in_survives_kill_9_between_the_steps() {
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let mut room = Room::open(&plan);
    let before = room.http.figure("guanlan_observations_total{fate=\"accepted\"}");
    let mut whole = 0.0;
    for (round, wait_ms) in [0u64, 3, 10, 30, 120, 400].into_iter().enumerate() {
        let stream = format!("once-{round}");
        let payload = r#"{"result": 4.5}"#;
        let (mut hand, _) = ByHand::seat(room.mqtt_port(), b'k', round == 0);
        hand.publish(1, false, &topic(&stream), payload);
        std::thread::sleep(Duration::from_millis(wait_ms));
        // Before, while or after it is committed; the PUBREC is never read.
        room.kill();
        room = Room::open(&plan);
        let (mut hand, present) = ByHand::seat(room.mqtt_port(), b'k', false);
        assert!(present, "the session survives");
        hand.publish(1, true, &topic(&stream), payload);
        assert_eq!(hand.answer(PUBREC, 1), 0);
        // Killed after PUBREC: the client only releases.
        room.kill();
        room = Room::open(&plan);
        let (mut hand, _) = ByHand::seat(room.mqtt_port(), b'k', false);
        hand.publish(1, true, &topic(&stream), payload);
        assert_eq!(hand.answer(PUBREC, 1), 0, "and one that did not hear it sends again");
        hand.send(PUBREL, 1);
        assert_eq!(hand.answer(PUBCOMP, 1), 0);
        // The number is free: the same words are a new message, though the program falls right after.
        room.kill();
        room = Room::open(&plan);
        let (mut hand, _) = ByHand::seat(room.mqtt_port(), b'k', false);
        hand.publish(1, false, &topic(&stream), payload);
        assert_eq!(hand.answer(PUBREC, 1), 0);
        hand.send(PUBREL, 1);
        assert_eq!(hand.answer(PUBCOMP, 1), 0);
        whole += 2.0;
        assert_eq!(room.http.read(&format!("/sensors/{stream}"))["value"], 4.5);
    }
    assert_eq!(room.http.figure("guanlan_observations_total{fate=\"accepted\"}") - before, whole, "each once");
    room.stop();
    verified(&plan.store);
}

#[test]
fn exactly_once_out_survives_kill_9_between_the_steps() {
    let Some((_folder, plan, mut room, publisher)) = opened() else { return };
    let (mut hand, _) = ByHand::seat(publisher.port, b's', true);
    hand.subscribe("o/x");
    drop(hand);
    publisher.send("mqttv5", 2, "o/x", "one").expect(0);
    publisher.send("mqttv311", 2, "o/x", "two").expect(0);
    room.kill();
    room = Room::open(&plan);
    let (mut hand, present) = ByHand::seat(room.mqtt_port(), b's', false);
    assert!(present);
    let (number, again, text) = hand.told();
    assert_eq!((again, text.as_str()), (false, "one"));
    let (second, _, text) = hand.told();
    assert_eq!(text, "two");
    // Sent and not answered: again under its number.
    room.kill();
    room = Room::open(&plan);
    let (mut hand, _) = ByHand::seat(room.mqtt_port(), b's', false);
    assert_eq!(hand.told(), (number, true, "one".to_owned()));
    assert_eq!(hand.told(), (second, true, "two".to_owned()));
    hand.send(PUBREC, number);
    assert_eq!(hand.answer(PUBREL, number), 0);
    // The client has the first: it is not sent again, only released.
    room.kill();
    room = Room::open(&plan);
    let (mut hand, _) = ByHand::seat(room.mqtt_port(), b's', false);
    assert_eq!(hand.answer(PUBREL, number), 0);
    hand.send(PUBCOMP, number);
    assert_eq!(hand.told(), (second, true, "two".to_owned()));
    hand.send(PUBREC, second);
    assert_eq!(hand.answer(PUBREL, second), 0);
    hand.send(PUBCOMP, second);
    std::thread::sleep(Duration::from_millis(300));
    room.kill();
    room = Room::open(&plan);
    let (mut hand, _) = ByHand::seat(room.mqtt_port(), b's', false);
    assert!(hand.silent(), "all is over");
    hand.send(PUBREC, 77);
    assert_eq!(hand.answer(PUBREL, 77), 0x92, "no such number");
    room.stop();
    verified(&plan.store);
}

#[test]
fn streams_and_units_nobody_declared_appear_unplaced_and_positions_move_units() {
    let Some((_folder, _plan, room, publisher)) = opened() else { return };
    publisher.send("mqttv311", 1, &topic("new-77"), &observation(now_ms(), 12.5)).expect(0);
    let unknown = room.http.read("/sensors/new-77");
    assert_eq!(unknown["value"], 12.5, "acknowledged means there: {unknown}");
    assert!(unknown["place"].is_null(), "unplaced: {unknown}");

    // A stream that declares itself has a place.
    let spot = room.sensors("gas_lel")[0]["place"].clone();
    let stream = json!({ "name": "新水尺", "observedArea": { "type": "Point", "coordinates": [spot["lon"], spot["lat"]] },
                         "properties": { "observed_property": "road_water_depth", "period_s": 60 } });
    publisher.send("mqttv5", 1, "v1.1/Datastreams(new-78)", &stream.to_string()).expect(0);
    let declared = room.http.read("/sensors/new-78");
    assert_eq!(declared["property"], "road_water_depth");
    assert!((declared["place"]["east_m"].as_f64().unwrap() - spot["east_m"].as_f64().unwrap()).abs() < 0.01);

    let unit = room.http.read("/units?limit=1")[0]["id"].as_str().unwrap().to_owned();
    let fix = json!({ "_type": "location", "lon": spot["lon"], "lat": spot["lat"], "tst": now_ms() / 1000,
                      "vel": 36, "cog": 90, "acc": 5, "batt": 82, "tid": "07" });
    for (name, version) in [(unit.as_str(), "mqttv311"), ("STRANGER-1", "mqttv5")] {
        publisher.send(version, 1, &format!("owntracks/{name}/phone"), &fix.to_string()).expect(0);
        let moved = room.http.read(&format!("/units/{name}"));
        let [de, dn] = ["east_m", "north_m"].map(|k| moved["place"][k].as_f64().unwrap() - spot[k].as_f64().unwrap());
        assert!(de.hypot(dn) < 2.0, "{name} is {de} {dn} m off");
        let [dlon, dlat] = ["lon", "lat"].map(|k| moved["place"][k].as_f64().unwrap() - spot[k].as_f64().unwrap());
        assert!(dlon.abs() < 2e-5 && dlat.abs() < 2e-5, "{moved}");
        assert!((moved["speed_mps"].as_f64().unwrap() - 10.0).abs() < 1e-3, "OwnTracks says km/h: {moved}");
    }
}

/// A child that dies with its handle.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn crews_hear_their_tasks_by_subscription() {
    let Some((_folder, _plan, room, publisher)) = opened() else { return };
    let Some(program) = tool("mosquitto_sub") else { return };
    let mut subscribers = Vec::new();
    for version in ["mqttv311", "mqttv5"] {
        let port = publisher.port.to_string();
        let args = ["-h", "127.0.0.1", "-p", &port, "-V", version, "-q", "1", "-F", "%t %p"];
        let mut child = Command::new(&program)
            .args(args)
            .args(["-t", "guanlan/units/+/tasks", "-t", "it/probe"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tx, rx) = mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(|line| drop(tx.send(line))));
        // Both filters travel in one SUBSCRIBE: who hears the probe hears the tasks.
        wait("the subscription", SOON, || {
            publisher.send("mqttv311", 0, "it/probe", "x").expect(0);
            rx.recv_timeout(Duration::from_millis(200)).ok().filter(|line| line == "it/probe x")
        });
        subscribers.push((Guarded(child), rx));
    }
    let gauge = room.sensors("road_water_depth")[0].clone();
    let id = gauge["id"].as_str().unwrap();
    room.flood(id);
    let case = room.case_of(id);
    let unit = wait("a recommended crew", SOON, || {
        let case = room.http.read(&format!("/cases/{case}"));
        case["recommended"][0]["unit"].as_str().map(str::to_owned)
    });
    let order = json!({ "do": "dispatch_unit", "case": case, "unit": unit });
    let sent = room.http.command("li", "dispatcher", order).expect(200)["result"]["dispatch"].clone();
    let task = |rx: &mpsc::Receiver<String>| -> Value {
        let topic = format!("guanlan/units/{unit}/tasks ");
        wait("the crew's task", SOON, || {
            let line = rx.recv_timeout(Duration::from_millis(100)).ok()?;
            serde_json::from_str(line.strip_prefix(&topic)?).ok()
        })
    };
    for (_, rx) in &subscribers {
        let told = task(rx);
        assert_eq!(
            (&told["dispatch"], told["case"].as_str(), told["recalled"].as_bool()),
            (&sent, Some(case.as_str()), Some(false))
        );
        for axis in ["lon", "lat"] {
            let off = told[axis].as_f64().unwrap() - gauge["place"][axis].as_f64().unwrap();
            assert!(off.abs() < 2e-5, "{told}");
        }
    }
    let recall = json!({ "do": "recall_unit", "unit": unit, "reason": "另有任务" });
    room.http.command("li", "dispatcher", recall).expect(200);
    for (_, rx) in &subscribers {
        assert_eq!(task(rx)["recalled"], true);
    }
}

#[test]
fn the_demo_devices_are_a_publisher_of_their_own_and_never_live() {
    let folder = scratch();
    let room = Room::open(&Plan::demo(folder.path()));
    let broker = format!("mqtt://127.0.0.1:{}", room.mqtt_port());
    let mut devices = program();
    devices.args(["devices", "--mqtt", &broker]).stdout(Stdio::null()).stderr(Stdio::null());
    let _devices = Guarded(devices.spawn().unwrap());
    wait("most sensors to speak", Duration::from_secs(40), || {
        (room.http.figure("guanlan_sensors_by_quality{quality=\"good\"}") > 1800.0).then_some(())
    });
    wait("the crews on duty", Duration::from_secs(40), || {
        let units = room.http.read("/units?limit=1000");
        let fixed = units.as_array()?.iter().filter(|u| u["fixed"].is_string()).count();
        (fixed >= 10).then_some(())
    });
    assert_eq!(room.http.figure("guanlan_feed_messages_refused"), 0.0);
    assert_eq!(room.http.read("/rooms")[0]["mode"], "demo", "invented data is never called live");
}

#[test]
fn sessions_and_retained_messages_survive_kill_9() {
    let Some((_folder, plan, mut room, publisher)) = opened() else { return };
    let Some(program) = tool("mosquitto_sub") else { return };
    let listen = |port: u16, args: &[&str]| {
        let port = port.to_string();
        run(Command::new(&program).args(["-h", "127.0.0.1", "-p", &port]).args(args))
    };
    let seats: [&[&str]; 2] = [
        &["-V", "mqttv311", "-i", "seat-v4", "-c", "-q", "1", "-t", "city/news", "-F", "%p"],
        &["-V", "mqttv5", "-i", "seat-v5", "-c", "-x", "600", "-q", "1", "-t", "city/news", "-F", "%p %C %P %R"],
    ];
    for seat in seats {
        listen(publisher.port, &[seat, &["-E"]].concat()).expect(0);
    }
    let port = publisher.port.to_string();
    let told = |payload: &str, topic: &str, args: &[&str]| {
        let base = ["-h", "127.0.0.1", "-p", &port, "-V", "mqttv5", "-q", "1", "-t", topic, "-m", payload];
        run(Command::new(&publisher.program).args(base).args(args)).expect(0);
    };
    let carried = ["-D", "publish", "content-type", "text/plain", "-D", "publish", "user-property", "from", "desk"];
    for k in 0..5 {
        told(
            &format!("news {k}"),
            "city/news",
            &[&carried[..], &["-D", "publish", "response-topic", "city/re"]].concat(),
        );
    }
    told("open", "city/gates/1", &["-r"]);
    told("shut", "city/gates/2", &["-r"]);
    told("", "city/gates/2", &["-r"]);
    room.kill();
    let room = Room::open(&plan);
    // A listener that closes at once with something unread (`-C 5`) takes back what it has yet to send: its last
    // acknowledgements. These stay a while.
    let four = listen(room.mqtt_port(), &[seats[0], &["-W", "3"]].concat());
    assert_eq!(four.out.lines().collect::<Vec<_>>(), ["news 0", "news 1", "news 2", "news 3", "news 4"]);
    let five = listen(room.mqtt_port(), &[seats[1], &["-W", "3"]].concat());
    let lines: Vec<&str> = five.out.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[4].starts_with("news 4 text/plain from:desk city/re"), "what came with it goes with it: {lines:?}");
    let gates = listen(room.mqtt_port(), &["-t", "city/gates/#", "-W", "2", "-F", "%t %p %r"]);
    assert_eq!(gates.out.trim(), "city/gates/1 open 1", "retained, and taken back");
    // Acknowledged: not there a second time.
    let again = listen(room.mqtt_port(), &[seats[0], &["-W", "2"]].concat());
    assert_eq!(again.out, "");
    room.stop();
    verified(&plan.store);
}

/// A client that answers, says goodbye and is gone before it was told anything more: its acknowledgements count, though
/// nothing can be said to it by then.
#[test]
fn what_a_client_said_before_it_went_is_heard() {
    let Some((_folder, _plan, room, publisher)) = opened() else { return };
    // MQTT 3.1.1, a session that stays, keep alive 60 s, client "seat".
    let connect = [&[0x10, 16, 0, 4][..], b"MQTT", &[4, 0, 0, 60, 0, 4], b"seat"].concat();
    let subscribe = [&[0x82, 14, 0, 9, 0, 9][..], b"city/news", &[1]].concat();
    let join = || {
        let mut stream = TcpStream::connect(("127.0.0.1", room.mqtt_port())).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(&connect).unwrap();
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!((answer[0], answer[3]), (0x20, 0), "CONNACK: {answer:?}");
        stream
    };
    let mut stream = join();
    stream.write_all(&subscribe).unwrap();
    stream.read_exact(&mut [0; 5]).unwrap();
    stream.write_all(&[0xE0, 0]).unwrap();
    drop(stream);
    for k in 0..5 {
        publisher.send("mqttv311", 1, "city/news", &format!("news {k}")).expect(0);
    }
    let mut stream = join();
    let mut acknowledged = Vec::new();
    for _ in 0..5 {
        let mut packet = [0; 2 + 2 + 9 + 2 + 6];
        stream.read_exact(&mut packet).unwrap();
        assert_eq!(packet[0] & 0xF6, 0x32, "PUBLISH of QoS 1: {packet:?}");
        acknowledged.extend([0x40, 2, packet[13], packet[14]]);
    }
    // The broker answers each of these to a socket that is closed by then.
    stream.write_all(&[subscribe.repeat(20), acknowledged, vec![0xE0, 0]].concat()).unwrap();
    drop(stream);
    let mut stream = join();
    stream.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut more = [0; 64];
    assert!(stream.read(&mut more).is_err(), "acknowledged, and sent again: {more:?}");
    room.stop();
}

/// An external broker that keeps its sessions on disk.
pub struct Broker {
    program: PathBuf,
    config: PathBuf,
    pub port: u16,
    child: Option<Guarded>,
}

impl Broker {
    pub fn new(program: PathBuf, folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.join("mosquitto.conf");
        let user = run(Command::new("id").arg("-un")).out;
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nuser {}\npersistence true\npersistence_location {}/\nmax_queued_messages 100000\n",
            user.trim(),
            folder.display()
        );
        std::fs::write(&config, text).unwrap();
        Self { program, config, port, child: None }
    }

    pub fn start(&mut self) {
        // A connection of somebody else may have been given the port while the broker was away: mosquitto then ends at
        // once and is started again until the port is free.
        wait("the broker", 6 * SOON, || {
            let gone = self.child.as_mut().is_none_or(|c| !matches!(c.0.try_wait(), Ok(None)));
            if gone {
                let mut command = Command::new(&self.program);
                command.arg("-c").arg(&self.config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
                self.child = Some(Guarded(command.spawn().unwrap()));
            }
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// Ends the broker as its service manager would, so that it writes its sessions down.
    pub fn stop(&mut self) {
        let Some(mut broker) = self.child.take() else { return };
        assert!(Command::new("kill").arg(broker.0.id().to_string()).status().unwrap().success());
        wait("the end of the broker", SOON, || broker.0.try_wait().unwrap());
    }
}

#[test]
fn an_external_broker_may_go_away_and_nothing_acknowledged_is_lost() {
    let (Some(program), Some(publish)) = (tool("mosquitto"), tool("mosquitto_pub")) else { return };
    let folder = scratch();
    let mut broker = Broker::new(program, folder.path());
    broker.start();
    let publisher = Publisher { program: publish, port: broker.port };
    let plan = Plan { mqtt: format!("mqtt://127.0.0.1:{}", broker.port), ..Plan::demo(folder.path()) };
    let mut room = Room::open(&plan);
    wait("the room's subscription", SOON, || {
        publisher.send("mqttv311", 1, &topic("ext-first"), &observation(now_ms(), 1.0)).expect(0);
        (room.http.get("/sensors/ext-first").status == 200).then_some(())
    });
    let mut sent = Vec::new();
    let mut publish_some = |version: &str, n: usize| {
        for _ in 0..n {
            let stream = format!("ext-{}", sent.len());
            publisher.send(version, 1, &topic(&stream), &observation(now_ms(), 7.0)).expect(0);
            sent.push(stream);
        }
        sent.clone()
    };
    let all_there = |room: &Room, streams: &[String]| {
        wait("every reading the broker acknowledged", Duration::from_secs(40), || {
            let list = room.http.read("/sensors?property=other&limit=100000");
            let known: Vec<&str> = list.as_array()?.iter().filter_map(|s| s["id"].as_str()).collect();
            streams.iter().all(|s| known.contains(&s.as_str())).then_some(())
        });
    };
    all_there(&room, &publish_some("mqttv5", 5));

    // The broker goes and comes back; what it takes before the room is back waits in the room's session.
    broker.stop();
    wait("the room to notice", SOON, || room.log().contains("trying again").then_some(()));
    broker.start();
    all_there(&room, &publish_some("mqttv311", 10));

    // The room is killed; what the broker takes meanwhile waits, too.
    room.kill();
    let waiting = publish_some("mqttv5", 10);
    let room = Room::open(&plan);
    all_there(&room, &waiting);
    let red = room.sensors("gas_lel")[0]["id"].as_str().unwrap().to_owned();
    publisher.send("mqttv311", 2, &topic(&red), r#"{"result": 62}"#).expect(0);
    assert!(room.case_of(&red).starts_with("GL"));
    room.stop();
    verified(&plan.store);
}
