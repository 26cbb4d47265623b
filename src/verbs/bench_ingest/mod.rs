//! `guanlan bench ingest`: from a publisher through the embedded broker, sensing and three rules each to committed.
//!
//! Publisher, broker and room share this process and its cores. A reading counts when its PUBACK has come, which is
//! given after the tick is on disk.

mod publisher;
mod room;
mod walk;

use std::{
    io::Write,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use guanlan_core::SensorId;
use guanlan_feeds::parse;
use guanlan_geography::LocalFrame;
use guanlan_rainstorm::Figure;

use self::{
    publisher::{connect, publish},
    room::{Bench, open},
    walk::Walk,
};
use crate::{
    exit::{Failure, bad_input, failed},
    verbs::bench_limits::{self, Scratch},
};

/// Readings in a message of the batched run.
const BATCH: usize = 100;
/// Rate at which reading → picture is measured, readings/s.
const PACED_PER_S: usize = 30_000;

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
    let mut walk = Walk::through(sensors);
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
    let mut walk = Walk::through(sensors);
    eprintln!("成批写入 … / batched …");
    let batched = publish(bench.address, &mut walk, BATCH, 1_000, None, seconds)?;
    figures.push(Figure::of(&format!("ingest_batched_{BATCH}"), "readings/s", vec![batched.readings_per_s]));
    figures.push(Figure::of("ingest_batched_cpu", "us/reading", vec![batched.cpu_us]));
    eprintln!("每条消息一个读数 … / one reading a message …");
    let single = publish(bench.address, &mut walk, 1, 30_000, None, seconds)?;
    figures.push(Figure::of("ingest_single_qos1", "readings/s", vec![single.readings_per_s]));
    figures.push(Figure::of("ingest_single_cpu", "us/reading", vec![single.cpu_us]));
    eprintln!("每秒 {PACED_PER_S} 个读数 … / {PACED_PER_S} readings/s …");
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
