//! `guanlan bench ingest`: from a publisher through the embedded broker, sensing and three rules each to committed.
//!
//! Publisher, broker and room share this process and its cores. A reading counts when its PUBACK has come, which is
//! given after the tick is on disk.

use std::{
    io::{BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use guanlan_city::{City, model::SensorSpec};
use guanlan_core::{Bilingual, Mode, ObservedProperty, SensorId};
use guanlan_feeds::{Intake, broker, parse};
use guanlan_geography::LocalFrame;
use guanlan_journal::{Meta, SqliteStore, history::Retention};
use guanlan_rainstorm::Figure;
use guanlan_room::{Keeping, LIVE_TICK_MS, RoomConfig, RoomHandle, run_live_keeping};

use super::bench_limits::{self, Scratch};
use crate::exit::{Failure, bad_input, failed};

/// Readings in a message of the batched run.
const BATCH: usize = 100;
/// Rate at which reading → picture is measured, readings/s.
const PACED_PER_S: usize = 30_000;
/// Time before measuring, s.
const WARMUP_S: f64 = 3.0;

/// A city of gauges, nothing else: every one has three rules.
fn gauges(n: usize) -> Arc<City> {
    let side = (n as f64).sqrt().ceil() as usize;
    let sensors = (0..n)
        .map(|i| SensorSpec {
            id: SensorId::from(format!("g{i}")),
            name: Bilingual::new(format!("测点{i}"), format!("Gauge {i}")),
            property: ObservedProperty::RoadWaterDepth,
            place_m: Some([(i % side) as f64 * 30.0, (i / side) as f64 * 30.0]),
            height_m: 0.0,
            period_s: 300,
        })
        .collect();
    Arc::new(City {
        name: Bilingual::new("基准城", "Bench town"),
        epsg: 4549,
        origin: [500_000.0, 3_350_000.0],
        extent: [0.0, 0.0, (side * 30) as f32, (side * 30) as f32],
        sensors,
        ..City::default()
    })
}

const THREE_RULES: &str = r#"
format = 1
[[rule]]
name = "depth"
version = 1
property = "road_water_depth"
title = { zh = "积水", en = "Water" }
blue = 60
yellow = 80
red = 95
hysteresis = 2
on_delay_s = 60
off_delay_s = 180
[[rule]]
name = "depth-long"
version = 1
property = "road_water_depth"
title = { zh = "持续积水", en = "Standing water" }
blue = 70
hysteresis = 5
on_delay_s = 600
off_delay_s = 600
[[rule]]
name = "depth-sudden"
version = 1
property = "road_water_depth"
title = { zh = "急涨", en = "Sudden water" }
red = 98
hysteresis = 1
on_delay_s = 0
off_delay_s = 60
"#;

pub fn config(n: usize) -> Result<Arc<RoomConfig>, Failure> {
    let rules = guanlan_alerting::RuleSet::parse("bench.toml", THREE_RULES).map_err(failed)?;
    Ok(Arc::new(RoomConfig {
        city: gauges(n),
        timeline: "live".into(),
        mode: Mode::Live,
        seed: 1,
        tick_ms: LIVE_TICK_MS,
        alert_rules: rules,
        case_rules: guanlan_casework::CaseRules::shipped().map_err(failed)?,
        simulate_crews: false,
        drill: None,
    }))
}

struct Bench {
    room: RoomHandle,
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

fn open(dir: &Path, sensors: usize) -> Result<Bench, Failure> {
    let config = config(sensors)?;
    let meta = Meta {
        timeline: "live".into(),
        mode: Mode::Live,
        seed: 1,
        tick_ms: LIVE_TICK_MS,
        city: "bench".into(),
        parent: None,
    };
    let path = dir.join("room.db");
    let store = SqliteStore::open_or_create(&path, &meta).map_err(failed)?;
    let (machine, keeping) = Keeping::open(&config, &store, &path, Retention::forever()).map_err(failed)?;
    let room = run_live_keeping(machine, Box::new(store), keeping).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let frame = LocalFrame::new(config.city.epsg, config.city.origin);
    let intake = Arc::new(Intake::new(room.sender().clone(), frame, true));
    let hub = Arc::new(broker::Hub::default());
    let address = runtime.block_on(broker::serve("127.0.0.1:0", intake, hub, broker::Users::new())).map_err(failed)?;
    Ok(Bench { room, address, _runtime: runtime })
}

/// Readings of a walk through all gauges, as MQTT PUBLISH packets of QoS 1.
struct Walk {
    sensors: usize,
    next: usize,
    packet: u16,
}

impl Walk {
    fn reading(&mut self) -> (usize, f64) {
        let (i, round) = (self.next % self.sensors, self.next / self.sensors);
        self.next += 1;
        // A slow tide with a little noise, in tenths: some gauges cross a threshold, most do not.
        let noise = (self.next as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 60;
        let tenths = (i % 700) as u64 + noise + (round as u64 % 10);
        (i, tenths as f64 / 10.0)
    }

    fn publish(&mut self, at: &str, batch: usize, out: &mut Vec<u8>) {
        let (topic, payload) = self.message(at, batch);
        self.packet = if self.packet == u16::MAX { 1 } else { self.packet + 1 };
        let length = 2 + topic.len() + 2 + payload.len();
        out.push(0x32);
        let mut left = length;
        loop {
            let byte = (left & 0x7f) as u8;
            left >>= 7;
            out.push(if left > 0 { byte | 0x80 } else { byte });
            if left == 0 {
                break;
            }
        }
        out.extend_from_slice(&(topic.len() as u16).to_be_bytes());
        out.extend_from_slice(topic.as_bytes());
        out.extend_from_slice(&self.packet.to_be_bytes());
        out.extend_from_slice(payload.as_bytes());
    }

    fn message(&mut self, at: &str, batch: usize) -> (String, String) {
        use std::fmt::Write as _;
        if batch == 1 {
            let (i, value) = self.reading();
            let topic = format!("v1.1/Datastreams(g{i})/Observations");
            return (topic, format!("{{\"phenomenonTime\":\"{at}\",\"result\":{value}}}"));
        }
        let mut payload = String::with_capacity(batch * 96);
        payload.push('[');
        for k in 0..batch {
            let (i, value) = self.reading();
            let comma = if k > 0 { "," } else { "" };
            // Writing to a String cannot fail.
            let _ = write!(
                payload,
                "{comma}{{\"Datastream\":{{\"@iot.id\":\"g{i}\"}},\"phenomenonTime\":\"{at}\",\"result\":{value}}}"
            );
        }
        payload.push(']');
        ("v1.1/Observations".to_owned(), payload)
    }
}

fn connect(address: SocketAddr, name: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut packet = vec![0x10, (12 + name.len()) as u8, 0, 4];
    packet.extend_from_slice(b"MQTT\x04\x02\x00\x3c");
    packet.extend_from_slice(&(name.len() as u16).to_be_bytes());
    packet.extend_from_slice(name.as_bytes());
    stream.write_all(&packet)?;
    let mut answer = [0; 4];
    stream.read_exact(&mut answer)?;
    if answer[3] == 0 { Ok(stream) } else { Err(std::io::Error::other("the broker refused the connection")) }
}

/// Reads PUBACKs and counts them until the connection ends.
fn count_acks(stream: TcpStream, acked: &AtomicU64) {
    let mut reader = BufReader::with_capacity(64 * 1024, stream);
    let mut packet = [0; 4];
    while reader.read_exact(&mut packet).is_ok() {
        if packet[0] == 0x40 {
            acked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What a run of a publisher gave.
struct Run {
    readings_per_s: f64,
    cpu_us: f64,
}

/// Publishes as fast as acknowledgements allow (or at a pace), and measures after the warm-up.
fn publish(
    address: SocketAddr,
    walk: &mut Walk,
    batch: usize,
    in_flight: u64,
    per_s: Option<usize>,
    seconds: f64,
) -> Result<Run, Failure> {
    let mut stream = connect(address, "bench").map_err(failed)?;
    let acked = Arc::new(AtomicU64::new(0));
    let (reader, counter) = (stream.try_clone().map_err(failed)?, Arc::clone(&acked));
    let counting = std::thread::spawn(move || count_acks(reader, &counter));
    let begun = Instant::now();
    let (mut sent, mut measured) = (0u64, None);
    let mut out = Vec::with_capacity(256 * 1024);
    loop {
        let elapsed = begun.elapsed().as_secs_f64();
        if measured.is_none() && elapsed >= WARMUP_S {
            measured = Some((Instant::now(), acked.load(Ordering::Relaxed), bench_limits::cpu_s()));
        }
        if elapsed >= WARMUP_S + seconds {
            break;
        }
        let allowed = per_s.map_or(u64::MAX, |r| (elapsed * r as f64 / batch as f64) as u64);
        let open = in_flight.saturating_sub(sent - acked.load(Ordering::Relaxed)).min(allowed.saturating_sub(sent));
        if open == 0 {
            std::thread::sleep(Duration::from_millis(1));
            continue;
        }
        // Devices say when they measured; one instant for what is sent together.
        let at = guanlan_feeds::wall_now().to_rfc3339();
        out.clear();
        let some = open.min(if batch == 1 { 256 } else { 8 });
        for _ in 0..some {
            walk.publish(&at, batch, &mut out);
        }
        stream.write_all(&out).map_err(failed)?;
        sent += some;
    }
    let Some((from, acked_before, cpu_before)) = measured else { return Err(failed("too short to measure")) };
    let (wall, done) = (from.elapsed().as_secs_f64(), acked.load(Ordering::Relaxed) - acked_before);
    let readings = done as f64 * batch as f64;
    let run =
        Run { readings_per_s: readings / wall, cpu_us: (bench_limits::cpu_s() - cpu_before) * 1e6 / readings.max(1.0) };
    let _ = stream.write_all(&[0xe0, 0]);
    let _ = stream.shutdown(std::net::Shutdown::Both);
    let _ = counting.join();
    Ok(run)
}

/// Publishes one reading now and then while the paced publisher runs, and waits until the picture shows it.
fn to_picture(bench: &Bench, over: &AtomicBool, probe: &SensorId) -> Result<Vec<f64>, Failure> {
    let mut stream = connect(bench.address, "probe").map_err(failed)?;
    let mut waits = Vec::new();
    let mut value = 0.0;
    while !over.load(Ordering::Relaxed) {
        value = if value > 50.0 { 0.5 } else { value + 0.5 };
        let mut out = vec![0x30, 0];
        let topic = format!("v1.1/Datastreams({probe})/Observations");
        out.extend_from_slice(&(topic.len() as u16).to_be_bytes());
        out.extend_from_slice(topic.as_bytes());
        out.extend_from_slice(format!("{{\"result\":{value}}}").as_bytes());
        out[1] = (out.len() - 2) as u8;
        let begun = Instant::now();
        stream.write_all(&out).map_err(failed)?;
        let limit = begun + Duration::from_secs(5);
        while bench.room.picture().sensors.find(probe).and_then(|r| r.latest).is_none_or(|(v, _)| v != value) {
            if Instant::now() > limit {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        waits.push(begun.elapsed().as_secs_f64() * 1000.0);
        std::thread::sleep(Duration::from_millis(37));
    }
    Ok(waits)
}

/// Parsing alone: the same messages turned into inputs on one core.
fn parse_only(sensors: usize) -> Result<f64, Failure> {
    let mut walk = Walk { sensors, next: 0, packet: 0 };
    let at = guanlan_feeds::wall_now();
    let frame = LocalFrame::new(4549, [500_000.0, 3_350_000.0]);
    let messages: Vec<(String, String)> = (0..200).map(|_| walk.message(&at.to_rfc3339(), BATCH)).collect();
    let begun = Instant::now();
    let mut n = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        for (topic, payload) in &messages {
            n += parse::message(topic, payload.as_bytes(), at, &frame).map_err(failed)?.len();
        }
    }
    Ok(n as f64 / begun.elapsed().as_secs_f64())
}

/// Measures every figure.
pub fn run(sensors: usize, seconds: f64) -> Result<Vec<Figure>, Failure> {
    if sensors == 0 || !(seconds.is_finite() && seconds >= 1.0) {
        return Err(bad_input("bench ingest: --sensors above 0 and --seconds of at least 1 were expected"));
    }
    let scratch = Scratch::new("ingest")?;
    let dir = &scratch.0;
    let mut figures = bench_limits::disk(dir)?;
    figures.push(Figure::of("limit_parse_only_one_core", "readings/s", vec![parse_only(sensors)?]));
    let memory = bench_limits::memory_bytes();
    let bench = open(dir, sensors)?;
    let mut walk = Walk { sensors, next: 0, packet: 0 };
    eprintln!("batched …");
    let batched = publish(bench.address, &mut walk, BATCH, 1_000, None, seconds)?;
    figures.push(Figure::of(&format!("ingest_batched_{BATCH}"), "readings/s", vec![batched.readings_per_s]));
    figures.push(Figure::of("ingest_batched_cpu", "us/reading", vec![batched.cpu_us]));
    eprintln!("one reading a message …");
    let single = publish(bench.address, &mut walk, 1, 30_000, None, seconds)?;
    figures.push(Figure::of("ingest_single_qos1", "readings/s", vec![single.readings_per_s]));
    figures.push(Figure::of("ingest_single_cpu", "us/reading", vec![single.cpu_us]));
    eprintln!("{PACED_PER_S} readings/s …");
    let over = AtomicBool::new(false);
    let probe = SensorId::from("probe");
    let (paced, waits) = std::thread::scope(|scope| {
        let probing = scope.spawn(|| to_picture(&bench, &over, &probe));
        let paced = publish(bench.address, &mut walk, BATCH, 10_000, Some(PACED_PER_S), seconds);
        over.store(true, Ordering::Relaxed);
        (paced, probing.join().unwrap_or_else(|_| Err(failed("the probe stopped"))))
    });
    figures.push(Figure::of(&format!("paced_{PACED_PER_S}"), "readings/s", vec![paced?.readings_per_s]));
    figures.push(Figure::of(&format!("reading_to_picture_at_{PACED_PER_S}"), "ms", waits?));
    let picture = bench.room.picture();
    figures.push(Figure::of("lateness_p99", "ms", vec![picture.health.lateness_p99_ms]));
    let held = (bench_limits::memory_bytes() - memory) / sensors as f64;
    figures.push(Figure::of("memory_per_sensor_loaded", "bytes", vec![held]));
    let taken = picture.sensors.counters().accepted;
    drop(picture);
    bench.room.stop();
    let size = |name: &str| std::fs::metadata(dir.join(name)).map_or(0.0, |m| m.len() as f64);
    figures.push(Figure::of("journal_bytes", "bytes/reading", vec![size("room.db") / taken.max(1) as f64]));
    figures.push(Figure::of("history_bytes", "bytes/reading", vec![size("room.history.db") / taken.max(1) as f64]));
    Ok(figures)
}
