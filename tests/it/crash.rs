//! `kill -9` at random moments while clients publish and command without pause: whatever was
//! acknowledged (PUBACK, 2xx) is there after the restart, and the chain is whole.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Http, Plan, Room, now_ms, observation, runtime, scratch, verified, wait};

const KILLS: u32 = 5;
/// Publishes a client has in flight.
const WINDOW: usize = 8;

/// What clients know: where the room is now, and what it has acknowledged.
#[derive(Default)]
struct World {
    doors: Mutex<Option<(Http, u16)>>,
    over: AtomicBool,
    /// Every reading on a stream of its own, so that each can be looked for.
    readings: Mutex<BTreeMap<String, f64>>,
    /// Case of every command by its idempotency key.
    cases: Mutex<BTreeMap<String, String>>,
}

impl World {
    fn doors(&self) -> Option<(Http, u16)> {
        self.doors.lock().unwrap().clone()
    }

    fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn acknowledged(&self, stream: String, value: f64) {
        self.readings.lock().unwrap().insert(stream, value);
    }
}

/// Readings still to be acknowledged: the next ones, or again those a crash interrupted.
struct Outgoing {
    name: &'static str,
    next: u32,
    again: VecDeque<(String, f64)>,
}

impl Outgoing {
    fn next(&mut self) -> (String, f64) {
        self.again.pop_front().unwrap_or_else(|| {
            self.next += 1;
            (format!("crash-{}-{}", self.name, self.next), f64::from(self.next) + 0.25)
        })
    }
}

/// A publisher of one protocol version, spoken by the types it imports.
macro_rules! publisher {
    ($name:ident, $label:literal, { $($imports:item)* }) => {
        async fn $name(world: Arc<World>) {
            $($imports)*
            let mut out = Outgoing { name: $label, next: 0, again: VecDeque::new() };
            while !world.over() {
                let Some((_, port)) = world.doors() else {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let mut options = MqttOptions::new($label, "127.0.0.1", port);
                options.set_keep_alive(Duration::from_secs(20));
                let (client, mut events) = AsyncClient::new(options, 64);
                let mut given = VecDeque::new();
                let mut flying = BTreeMap::new();
                while !world.over() {
                    while given.len() + flying.len() < WINDOW {
                        let (stream, value) = out.next();
                        let topic = format!("v1.1/Datastreams({stream})/Observations");
                        let sent = client.try_publish(topic, QoS::AtLeastOnce, false, observation(now_ms(), value));
                        given.push_back((stream, value));
                        if sent.is_err() {
                            break;
                        }
                    }
                    match tokio::time::timeout(Duration::from_secs(5), events.poll()).await {
                        Ok(Ok(Event::Outgoing(rumqttc::Outgoing::Publish(id)))) => {
                            flying.insert(id, given.pop_front().unwrap());
                        }
                        Ok(Ok(Event::Incoming(Packet::PubAck(ack)))) => {
                            let (stream, value) = flying.remove(&ack.pkid).unwrap();
                            world.acknowledged(stream, value);
                        }
                        Ok(Ok(_)) => {}
                        Ok(Err(_)) | Err(_) => break,
                    }
                }
                // A device sends again what was not acknowledged.
                out.again.extend(flying.into_values().chain(given));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    };
}

publisher!(publish_v4, "v4", {
    use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
});
publisher!(publish_v5, "v5", {
    use rumqttc::v5::{
        AsyncClient, Event, MqttOptions,
        mqttbytes::{QoS, v5::Packet},
    };
});

/// POSTs batches of readings.
fn post_readings(world: &World) {
    let mut n = 0;
    while !world.over() {
        let Some((http, _)) = world.doors() else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        n += 1;
        let batch: Vec<(String, f64)> = (0..3).map(|i| (format!("crash-http-{n}-{i}"), f64::from(n) + 0.5)).collect();
        let body: Vec<Value> = batch.iter().map(|(s, v)| json!({ "datastream": s, "result": v })).collect();
        if http.send("POST", "/observations", Some(json!(body).to_string()), &[]).is_some_and(|a| a.status == 201) {
            batch.into_iter().for_each(|(stream, value)| world.acknowledged(stream, value));
        }
    }
}

fn report(n: u32) -> Value {
    let (east_m, north_m) = (f64::from(n % 20) * 120.0, f64::from(n / 20) * 120.0);
    let text = format!("crash report {n}");
    json!({ "actor": "qian", "role": "collector",
            "command": { "do": "report_case", "code": "06-010", "text": text, "east_m": east_m, "north_m": north_m } })
}

/// Reports cases; a report without an answer is sent again with its key until there is one.
fn post_commands(world: &World) {
    let mut n = 0;
    while !world.over() {
        n += 1;
        let key = format!("crash-report-{n}");
        while !world.over() {
            let Some((http, _)) = world.doors() else {
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            let headers = [("Idempotency-Key", key.as_str())];
            let Some(answer) = http.send("POST", "/commands", Some(report(n).to_string()), &headers) else { continue };
            if answer.status == 503 {
                continue;
            }
            let case = answer.expect(200)["result"]["case"].as_str().unwrap().to_owned();
            world.cases.lock().unwrap().insert(key, case);
            break;
        }
    }
}

/// Fails unless the room has every reading and every case.
fn everything_is_there(room: &Room, readings: &BTreeMap<String, f64>, cases: &BTreeMap<String, String>) {
    let sensors = room.http.read("/sensors?property=other&limit=100000");
    let there: BTreeMap<&str, Option<f64>> =
        sensors.as_array().unwrap().iter().map(|s| (s["id"].as_str().unwrap(), s["value"].as_f64())).collect();
    let lost: Vec<_> = readings.iter().filter(|(s, v)| there.get(s.as_str()) != Some(&Some(**v))).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged readings are lost: {lost:?}", lost.len(), readings.len());
    let list = room.http.read("/cases?limit=100000");
    let known: Vec<&str> = list.as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap()).collect();
    let lost: Vec<_> = cases.iter().filter(|(_, case)| !known.contains(&case.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged cases are lost: {lost:?}");
}

/// A small random number source (SplitMix64), so that a failing run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let seed = std::env::var("GUANLAN_TEST_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(now_ms() as u64);
    println!("crash test: GUANLAN_TEST_SEED={seed}");
    let mut random = Random(seed);
    let folder = scratch();
    let plan = Plan::demo(folder.path());
    let world = Arc::new(World::default());
    let mut room = Room::open(&plan);
    let open = |room: &Room| *world.doors.lock().unwrap() = Some((room.http.clone(), room.mqtt_port()));
    open(&room);
    let publishers = [runtime().spawn(publish_v4(world.clone())), runtime().spawn(publish_v5(world.clone()))];
    let posters: Vec<JoinHandle<()>> = [post_readings as fn(&World), post_commands]
        .map(|work| {
            let world = world.clone();
            std::thread::spawn(move || work(&world))
        })
        .into();
    let count = |prefix: &str| world.readings.lock().unwrap().keys().filter(|s| s.starts_with(prefix)).count();
    let all_advance = |why: &str| {
        let before = ["crash-v4", "crash-v5", "crash-http"].map(|p| (p, count(p)));
        let cases = world.cases.lock().unwrap().len();
        wait(why, Duration::from_secs(20), || {
            let moved = before.iter().all(|(p, n)| count(p) > *n) && world.cases.lock().unwrap().len() > cases;
            moved.then_some(())
        });
    };
    for kill in 1..=KILLS {
        all_advance("acknowledgements of every client");
        let after = Duration::from_millis(random.below(1200));
        // Not a wait for anything: the moment of the crash is random.
        std::thread::sleep(after);
        room.kill();
        *world.doors.lock().unwrap() = None;
        let (readings, cases) = (world.readings.lock().unwrap().clone(), world.cases.lock().unwrap().clone());
        println!("kill {kill} after {after:?}: {} readings, {} cases acknowledged", readings.len(), cases.len());
        verified(&plan.store);
        room = Room::open(&plan);
        everything_is_there(&room, &readings, &cases);
        open(&room);
    }
    all_advance("acknowledgements after the last crash: the room goes on");
    world.over.store(true, Ordering::Relaxed);
    for poster in posters {
        poster.join().unwrap();
    }
    runtime().block_on(async {
        for publisher in publishers {
            tokio::time::timeout(Duration::from_secs(20), publisher).await.unwrap().unwrap();
        }
    });
    let (readings, cases) = (world.readings.lock().unwrap().clone(), world.cases.lock().unwrap().clone());
    everything_is_there(&room, &readings, &cases);
    // Keys are remembered across crashes: the first reply again, and no second case.
    for (key, case) in cases.iter().take(5) {
        let n = key.rsplit('-').next().unwrap().parse().unwrap();
        let again = room.http.post_once("/commands", key, &report(n)).expect(200);
        assert_eq!(again["result"]["case"].as_str(), Some(case.as_str()), "{key}");
    }
    let list = room.http.read("/cases?limit=100000");
    let texts: Vec<&str> = list.as_array().unwrap().iter().filter_map(|c| c["text"].as_str()).collect();
    let mut unique = texts.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), texts.len(), "a retried report became two cases");
    room.stop();
    verified(&plan.store);
}
