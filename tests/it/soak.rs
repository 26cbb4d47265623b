//! A day of trouble, compressed: devices at the embedded broker, at a foreign broker and at the API go on sending while
//! brokers stop, connections are cut, floods of nonsense come, clocks are wrong, the disk fills up and the room is killed
//! at any moment. Nothing acknowledged is lost, nothing is counted twice, memory stays bounded, and the room says what
//! happened. At the end it is counted: sent, acknowledged, kept, lost, twice.
//!
//! The short form is three rounds. `GUANLAN_SOAK_ROUNDS=240` is a day of faults, one each six minutes, in less than an hour.

use std::{
    collections::{BTreeMap, VecDeque},
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    mqtt::{Broker, tool},
    support::{Http, Plan, Room, now_ms, observation, rfc3339, runtime, scratch, verified, wait},
};

/// Streams of each device in a short soak; more in a long one, so that a series fits into one answer.
const STREAMS: usize = 6;
/// Messages a device has in flight.
const WINDOW: usize = 16;
/// Time between two messages of a device.
const PACE: Duration = Duration::from_millis(12);
const PATIENCE: Duration = Duration::from_secs(40);
/// Memory the room may take after everything, bytes.
const MEMORY: u64 = 1_200 << 20;

/// Readings by stream and instant, ms.
type Book = BTreeMap<String, BTreeMap<i64, f64>>;

/// What devices know.
#[derive(Default)]
struct World {
    over: AtomicBool,
    /// Doors of the room; none while it is down.
    room: Mutex<Option<(Http, u16)>>,
    /// Port of the foreign broker.
    foreign: AtomicU16,
    sent: Mutex<Book>,
    acknowledged: Mutex<Book>,
}

fn note(book: &Mutex<Book>, (stream, at, value): &(String, i64, f64)) {
    book.lock().unwrap().entry(stream.clone()).or_default().insert(*at, *value);
}

/// Rounds of faults.
fn rounds() -> usize {
    std::env::var("GUANLAN_SOAK_ROUNDS").ok().and_then(|s| s.parse().ok()).unwrap_or(3)
}

fn readings(book: &Mutex<Book>) -> usize {
    book.lock().unwrap().values().map(BTreeMap::len).sum()
}

impl World {
    fn over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn port(&self, embedded: bool) -> Option<u16> {
        if embedded {
            return self.room.lock().unwrap().as_ref().map(|(_, port)| *port);
        }
        Some(self.foreign.load(Ordering::Relaxed)).filter(|p| *p != 0)
    }
}

/// A device: the next reading of one of its streams, every instant once.
struct Device {
    name: &'static str,
    n: usize,
    last: i64,
}

impl Device {
    fn next(&mut self) -> (String, i64, f64) {
        self.n += 1;
        self.last = now_ms().max(self.last + 1);
        (format!("soak-{}-{}", self.name, self.n % (STREAMS * (1 + rounds() / 10))), self.last, self.n as f64 / 10.0)
    }
}

/// Sends until the soak is over; what was not acknowledged is sent again, as devices do.
async fn publish(world: Arc<World>, name: &'static str, embedded: bool) {
    use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
    let mut device = Device { name, n: 0, last: 0 };
    let mut again: VecDeque<(String, i64, f64)> = VecDeque::new();
    while !world.over() || !again.is_empty() {
        let Some(port) = world.port(embedded) else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut options = MqttOptions::new(format!("soak-{name}"), "127.0.0.1", port);
        options.set_keep_alive(Duration::from_secs(5)).set_clean_session(true);
        let (client, mut events) = AsyncClient::new(options, 64);
        // On a task of its own: a poll that is dropped would begin to connect anew.
        let (tx, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let pump = tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if tx.send(event).is_err() {
                    return;
                }
            }
        });
        let (mut given, mut flying) = (VecDeque::new(), BTreeMap::new());
        let mut beat = tokio::time::interval(PACE);
        loop {
            let more = !world.over() || !again.is_empty();
            if !more && given.is_empty() && flying.is_empty() {
                break;
            }
            tokio::select! {
                _ = beat.tick(), if more && given.len() + flying.len() < WINDOW => {
                    let reading = again.pop_front().unwrap_or_else(|| device.next());
                    let topic = format!("v1.1/Datastreams({})/Observations", reading.0);
                    note(&world.sent, &reading);
                    if client.try_publish(topic, QoS::AtLeastOnce, false, observation(reading.1, reading.2)).is_err() {
                        again.push_front(reading);
                        break;
                    }
                    given.push_back(reading);
                }
                event = tokio::time::timeout(Duration::from_secs(10), heard.recv()) => match event {
                    Ok(Some(Event::Outgoing(rumqttc::Outgoing::Publish(id)))) => {
                        flying.insert(id, given.pop_front().unwrap());
                    }
                    Ok(Some(Event::Incoming(Packet::PubAck(ack)))) => {
                        if let Some(reading) = flying.remove(&ack.pkid) {
                            note(&world.acknowledged, &reading);
                        }
                    }
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => break,
                },
            }
        }
        pump.abort();
        again.extend(flying.into_values().chain(given));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// POSTs readings, every batch twice: the second is a repeat and must not count.
fn post(world: &World) {
    let mut device = Device { name: "http", n: 0, last: 0 };
    let mut batch: Vec<(String, i64, f64)> = Vec::new();
    while !world.over() || !batch.is_empty() {
        let Some((http, _)) = world.room.lock().unwrap().clone() else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        if batch.is_empty() {
            batch = (0..5).map(|_| device.next()).collect();
        }
        batch.iter().for_each(|r| note(&world.sent, r));
        let body: Vec<Value> = batch
            .iter()
            .map(|(s, at, v)| json!({ "datastream": s, "phenomenonTime": rfc3339(*at), "result": v }))
            .collect();
        let send = || http.send("POST", "/observations", Some(json!(body).to_string()), &[]);
        if send().is_some_and(|a| a.status == 201) {
            batch.drain(..).for_each(|r| note(&world.acknowledged, &r));
            let _repeat = send();
        }
        std::thread::sleep(Duration::from_millis(40));
    }
}

/// A door between two programs that can be slammed.
struct Proxy {
    port: u16,
    shut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    fn to(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shut, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (closed, streams) = (shut.clone(), open.clone());
        std::thread::spawn(move || {
            for inner in listener.incoming().map_while(Result::ok) {
                let Ok(outer) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                if closed.load(Ordering::Relaxed) {
                    continue;
                }
                for (mut from, mut to) in [
                    (inner.try_clone().unwrap(), outer.try_clone().unwrap()),
                    (outer.try_clone().unwrap(), inner.try_clone().unwrap()),
                ] {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                streams.lock().unwrap().extend([inner, outer]);
            }
        });
        Self { port, shut, open }
    }

    fn cut(&self) {
        self.shut.store(true, Ordering::Relaxed);
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.shut.store(false, Ordering::Relaxed);
    }
}

/// Nonsense at every door.
fn flood(http: &Http, port: u16, seed: u64) {
    let mut state = seed | 1;
    let mut byte = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    for k in 0..40 {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return };
        let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
        let garbage: Vec<u8> = (0..2000).map(|_| byte()).collect();
        let connect = [0x10u8, 14, 0, 4, b'M', b'Q', b'T', b'T', 5, 2, 0, 60, 0, 0, 1, b'a' + k % 26];
        let parts: [&[u8]; 2] = match k % 4 {
            0 => [&garbage, &[]],
            // A packet that says it is 256 MB long, then nothing.
            1 => [&connect, &[0x30, 0xff, 0xff, 0xff, 0x7f, 0, 3, b'a']],
            2 => [&connect, &garbage],
            _ => [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", &garbage],
        };
        for part in parts {
            let _ = stream.write_all(part);
        }
        let _ = stream.read(&mut [0; 64]);
    }
    for k in 0..30 {
        let body: String = match k % 5 {
            0 => "{".into(),
            1 => json!([{ "datastream": "soak-bad", "result": "wet" }]).to_string(),
            2 => json!([{ "datastream": "x".repeat(5000), "result": 1 }]).to_string(),
            3 => "[".repeat(5000),
            _ => (0..200).map(|_| char::from(byte() % 94 + 33)).collect(),
        };
        let _ = http.send("POST", "/observations", Some(body), &[]);
    }
    let mut options = rumqttc::MqttOptions::new("soak-noise", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5));
    runtime().block_on(async {
        let (client, mut events) = rumqttc::AsyncClient::new(options, 2000);
        for k in 0..1500 {
            let topic = ["v1.1/Datastreams(soak-bad)/Observations", "v1.1/Datastreams(", "owntracks/x/y", "a/b"][k % 4];
            let _ = client.try_publish(topic, rumqttc::QoS::AtMostOnce, false, format!("{{\"result\": nonsense {k}"));
        }
        let _ = tokio::time::timeout(Duration::from_millis(800), async { while events.poll().await.is_ok() {} }).await;
    });
}

/// Devices whose clocks are wrong: an hour ahead is put aside, a day behind completes the past.
fn wrong_clocks(world: &World, http: &Http, round: usize) {
    let ahead = json!([{ "datastream": "soak-ahead", "phenomenonTime": rfc3339(now_ms() + 3_600_000), "result": 666 }]);
    let _ = http.send("POST", "/observations", Some(ahead.to_string()), &[]);
    let now = ("soak-behind".to_owned(), now_ms(), 1.0);
    let late = ("soak-behind".to_owned(), now_ms() - 86_400_000 + round as i64 * 1000, 2.0);
    for reading in [now, late] {
        note(&world.sent, &reading);
        let (stream, at, value) = &reading;
        let body = json!([{ "datastream": stream, "phenomenonTime": rfc3339(*at), "result": value }]).to_string();
        if http.send("POST", "/observations", Some(body), &[]).is_some_and(|a| a.status == 201) {
            note(&world.acknowledged, &reading);
        }
    }
}

/// A disk of its own for the room, so that it can be filled; none where mounting is not allowed.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(at: &std::path::Path) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let args = ["-t", "tmpfs", "-o", "size=1g", "tmpfs"];
        let mounted = std::process::Command::new("mount").args(args).arg(at).output().is_ok_and(|o| o.status.success());
        if !mounted {
            eprintln!("SKIPPED: the disk is not filled: no right to mount one");
        }
        mounted.then(|| Self(at.to_owned()))
    }

    /// Not a byte is left.
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.0.join("ballast")).unwrap();
        for block in [1 << 20, 4096, 1] {
            let zeros = vec![0u8; block];
            while ballast.write_all(&zeros).is_ok() {}
        }
    }

    fn clear(&self) {
        std::fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The disk is full: the room goes on showing, acknowledges nothing, says so, and goes on by itself.
fn full_disk(disk: &Disk, room: &Room) {
    disk.fill();
    wait("the full disk to be told", PATIENCE, || {
        let answer = room.http.get("/health");
        let told = answer.json()["troubles"].as_array()?.iter().any(|t| t["code"] == "disk_full");
        (answer.status == 503 && told).then_some(())
    });
    std::thread::sleep(Duration::from_millis(300));
    disk.clear();
    wait("the room to go on", PATIENCE, || (room.http.get("/health").status == 200).then_some(()));
}

/// Every acknowledged reading is in the history once, and nothing is there that was not sent.
fn everything_once(http: &Http, world: &World) {
    let (mut kept, mut of_acknowledged) = (0, 0);
    let (sent, acknowledged) = (world.sent.lock().unwrap().clone(), world.acknowledged.lock().unwrap().clone());
    for (stream, wanted) in &acknowledged {
        let there = wait(&format!("every reading of {stream}"), PATIENCE, || {
            let from = rfc3339(now_ms() - 3 * 86_400_000);
            let answer = http.send("GET", &format!("/sensors/{stream}/series?points=20000&from={from}"), None, &[])?;
            if answer.status == 404 {
                return None;
            }
            let points = answer.expect(200)["points"].as_array()?.clone();
            let list: Vec<(String, f64)> =
                points.iter().map(|p| (p["at"].as_str().unwrap().to_owned(), p["value"].as_f64().unwrap())).collect();
            let found: BTreeMap<i64, f64> = list.iter().map(|(at, v)| (millis(at), *v)).collect();
            let all = wanted.iter().all(|(at, value)| found.get(at) == Some(value));
            all.then_some((list.len(), found))
        });
        let (count, found) = there;
        assert_eq!(count, found.len(), "{stream}: a reading is there twice");
        kept += count;
        of_acknowledged += wanted.keys().filter(|at| found.contains_key(at)).count();
        let strange: Vec<_> = found.iter().filter(|(at, v)| sent[stream].get(at) != Some(v)).collect();
        assert!(strange.is_empty(), "{stream}: {strange:?} was never sent");
    }
    let (sent, acknowledged) = (readings(&world.sent), readings(&world.acknowledged));
    let lost = acknowledged - of_acknowledged;
    println!("{sent} sent, {acknowledged} acknowledged, {kept} kept, {lost} lost, 0 twice");
    let ahead = http.get("/sensors/soak-ahead");
    assert!(ahead.status == 404 || ahead.json()["value"].is_null(), "a reading of the future is not the latest");
    assert_eq!(http.read("/sensors/soak-behind")["value"], 1.0, "a late reading never becomes the latest");
}

/// Milliseconds of an RFC 3339 instant with offset, as the API writes them.
fn millis(text: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (y, m, d) = (number(0..4), number(5..7), number(8..10));
    // Days from civil (H. Hinnant).
    let (y, m) = if m <= 2 { (y - 1, m + 12) } else { (y, m) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * (m - 3) + 2) / 5 + d - 1 - 719_468;
    let rest = &text[19..];
    let fraction: String = rest.trim_start_matches('.').chars().take_while(char::is_ascii_digit).collect();
    let ms = if rest.starts_with('.') { format!("{fraction:0<3}")[..3].parse::<i64>().unwrap() } else { 0 };
    let zone = rest.find(['+', '-', 'Z']).map_or("Z", |i| &rest[i..]);
    let offset_min = match zone.as_bytes()[0] {
        b'Z' => 0,
        sign => {
            let minutes = zone[1..3].parse::<i64>().unwrap() * 60 + zone[4..6].parse::<i64>().unwrap();
            if sign == b'-' { -minutes } else { minutes }
        }
    };
    ((days * 24 + number(11..13)) * 60 + number(14..16) - offset_min) * 60_000 + number(17..19) * 1000 + ms
}

/// Resident memory of a process, bytes.
fn memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kb| kb * 1024)
}

fn feed(http: &Http, name: &str) -> Option<Value> {
    http.read("/feeds").as_array()?.iter().find(|f| f["name"] == name).cloned()
}

#[test]
fn a_day_of_trouble_loses_nothing_and_counts_nothing_twice() {
    let rounds = rounds();
    assert_eq!(millis("1970-01-02T08:00:01.5+08:00"), 86_401_500);
    let folder = scratch();
    let disk = Disk::mount(&folder.path().join("disk"));
    let mut plan = Plan::demo(&disk.as_ref().map_or(folder.path().to_owned(), |d| d.0.clone()));
    let mut broker = tool("mosquitto").map(|program| Broker::new(program, folder.path()));
    let world = Arc::new(World::default());
    let proxy = broker.as_mut().map(|b| {
        b.start();
        world.foreign.store(b.port, Ordering::Relaxed);
        Proxy::to(b.port)
    });
    if let Some(proxy) = &proxy {
        let feeds = folder.path().join("feeds.toml");
        let text = format!(
            "format = \"guanlan-feeds/1\"\n[[feed]]\nname = \"city-broker\"\nkind = \"mqtt\"\nurl = \"mqtt://127.0.0.1:{}\"\nclient_id = \"soak-room\"\n",
            proxy.port
        );
        std::fs::write(&feeds, text).unwrap();
        plan.args.extend(["--feeds".into(), feeds.display().to_string()]);
    }
    let mut room = Room::open(&plan);
    let open = |room: &Room| *world.room.lock().unwrap() = Some((room.http.clone(), room.mqtt_port()));
    if proxy.is_some() {
        // The room's session is there before the first message is acknowledged.
        wait("the city's broker", PATIENCE, || (feed(&room.http, "city-broker")?["state"] == "up").then_some(()));
    }
    open(&room);
    let mut devices = vec![runtime().spawn(publish(world.clone(), "own", true))];
    if proxy.is_some() {
        devices.push(runtime().spawn(publish(world.clone(), "city", false)));
    }
    let poster = {
        let world = world.clone();
        std::thread::spawn(move || post(&world))
    };
    let pause = |ms: u64| std::thread::sleep(Duration::from_millis(ms));
    let mut highest = 0;
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fault = |what| *faults.entry(what).or_default() += 1;
    for round in 0..rounds {
        pause(800);
        fault("floods, wrong clocks");
        flood(&room.http, room.mqtt_port(), round as u64 * 7919 + 17);
        assert!(room.http.figure("guanlan_feed_messages_refused") > 0.0, "nonsense is counted");
        assert!(!room.http.read("/quarantine").as_array().unwrap().is_empty(), "and kept aside with its reason");
        wrong_clocks(&world, &room.http, round);
        if let Some(proxy) = &proxy {
            fault("connections cut");
            proxy.cut();
            wait("the cut to be told", PATIENCE, || {
                let told = feed(&room.http, "city-broker")?;
                (told["state"] != "up" && !told["message"].as_str()?.is_empty()).then_some(())
            });
            pause(300);
            proxy.mend();
            wait("the way back", PATIENCE, || (feed(&room.http, "city-broker")?["state"] == "up").then_some(()));
        }
        if let Some(broker) = broker.as_mut() {
            fault("foreign broker ended");
            world.foreign.store(0, Ordering::Relaxed);
            broker.stop();
            pause(300);
            broker.start();
            world.foreign.store(broker.port, Ordering::Relaxed);
        }
        highest = highest.max(memory(room.pid()));
        if let Some(disk) = disk.as_ref().filter(|_| round % 3 == 1) {
            fault("disk full");
            full_disk(disk, &room);
        }
        if round % 2 == 0 {
            assert!(!room.log().contains("panicked"), "{}", room.log());
            // At any moment of the traffic.
            fault("room killed -9");
            pause((round as u64 * 7919 + 131) % 701);
            room.kill();
            *world.room.lock().unwrap() = None;
            verified(&plan.store);
            room = Room::open(&plan);
            open(&room);
        }
        println!("round {round}: {} sent, {} acknowledged", readings(&world.sent), readings(&world.acknowledged));
    }
    println!("{faults:?}");
    if proxy.is_some() {
        wait("the city's broker at the end", PATIENCE, || {
            (feed(&room.http, "city-broker")?["state"] == "up").then_some(())
        });
    }
    pause(500);
    world.over.store(true, Ordering::Relaxed);
    poster.join().unwrap();
    runtime().block_on(async {
        for device in devices {
            tokio::time::timeout(PATIENCE, device).await.expect("a device gets its acknowledgements").unwrap();
        }
    });
    everything_once(&room.http, &world);
    highest = highest.max(memory(room.pid()));
    println!("{} readings acknowledged, {} MB at most", readings(&world.acknowledged), highest >> 20);
    assert!(highest < MEMORY, "{} MB", highest >> 20);
    wait("a healthy room", PATIENCE, || (room.http.get("/health").status == 200).then_some(()));
    assert!(!room.log().contains("panicked"), "{}", room.log());
    room.stop();
    verified(&plan.store);
    // The same from the files alone, as the next start sees it.
    let again = Room::open(&plan);
    everything_once(&again.http, &world);
    again.stop();
}
