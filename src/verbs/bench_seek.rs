//! `guanlan bench seek`: a day of 300 000 streams, one reading each five minutes, and how quickly any second of it
//! is there again; key figures of many records; a restart.
//!
//! The day is fed through the history exactly as the historian feeds it (only broker, parsing and rules are left
//! out); records are counted by the same code that counts them as they arrive.

use std::{path::Path, sync::Arc, time::Instant};

use guanlan_core::{Input, Mode, SensorId, Stamp, input::Observation};
use guanlan_journal::{
    Meta, SqliteStore, Store, TickCommit,
    figures::{Fact, FigureQuery, FigureStep},
    history::{History, HistoryReader, HistoryTick, Mark, Reading, Retention, SqliteHistory, gorilla_bits},
};
use guanlan_rainstorm::Figure;
use guanlan_room::{Health, Keeping, Machine, Past, Picture, Playback, SceneKeeper};

use super::{
    bench_ingest::config,
    bench_limits::{self, Scratch},
};
use crate::exit::{Failure, bad_input, failed};

const HOURS: i64 = 24;
/// Time between the readings of a stream, ms.
const PERIOD_MS: i64 = 300_000;
/// Arrivals fed at once, ms.
const STEP_MS: i64 = 1_000;
/// Instants sought.
const SEEKS: usize = 60;
/// Ticks before a restart, as many as there are at most between two snapshots.
const RESTART_S: i64 = 600;

fn start() -> Stamp {
    Stamp::parse("2026-07-31T00:00:00+08:00").unwrap_or_default()
}

fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A gauge's day: a walk of a few steps of its resolution each time, now and then a burst. Seven kinds with none to three
/// decimals, as gauges report them; every device's clock is a second or two off. One stream in three hundred stands
/// above its thresholds, as in a city on a bad day.
struct Gauges {
    /// In steps of the resolution, 0 to 40 units.
    level: Vec<i32>,
}

/// Steps in a unit, by kind.
const STEPS: [i32; 7] = [1, 10, 10, 10, 100, 100, 1000];

impl Gauges {
    fn of(streams: usize) -> Self {
        Self { level: (0..streams).map(|s| (mix(s as u64) % 40 * STEPS[s % 7] as u64) as i32).collect() }
    }

    /// The stream's reading that arrives in second `t` of the day.
    fn reading(&mut self, stream: usize, t: i64, now: Stamp) -> Reading {
        let chance = mix((stream as u64) << 32 | t as u64);
        let kind = stream % 7;
        // Half of all readings repeat the last one: most of a city stands still most of the time.
        if chance & 1 == 1 {
            let step =
                if STEPS[kind] == 1 { (chance >> 1 & 0x1) as i32 * 2 - 1 } else { (chance >> 1 & 0x7) as i32 - 3 };
            self.level[stream] = (self.level[stream] + step).clamp(0, 50 * STEPS[kind]);
        }
        let burst = chance >> 40 & 0x3fff == 0;
        let above = i32::from(stream % 300 == 7) * 60 + i32::from(burst) * 45;
        let value = f64::from(self.level[stream] + above * STEPS[kind]) / f64::from(STEPS[kind]);
        let off = (mix(stream as u64) % 3) as i64 + (chance >> 20 & 0x7 == 0) as i64;
        Reading { stream: stream as u32, at: now + -off * 1000, value, mark: Mark::GOOD }
    }
}

fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Live, seed: 1, tick_ms: 200, city: "bench".into(), parent: None }
}

/// Feeds the day and measures what it takes.
fn fill(history: &mut SqliteHistory, streams: usize, figures: &mut Vec<Figure>) -> Result<u64, Failure> {
    let mut gauges = Gauges::of(streams);
    let (begun, cpu) = (Instant::now(), bench_limits::cpu_s());
    let mut total = 0u64;
    let mut named: Vec<(SensorId, [f64; 2])> =
        (0..streams).map(|s| (SensorId::from(format!("g{s}")), [-1e9, 1e9])).collect();
    for t in 0..HOURS * 3600 * 1000 / STEP_MS {
        let now = start() + t * STEP_MS;
        let second = t * STEP_MS / 1000;
        let phase = second % (PERIOD_MS / 1000);
        let mine = (phase as usize..streams).step_by((PERIOD_MS / 1000) as usize);
        let readings: Vec<Reading> = mine.map(|s| gauges.reading(s, second, now)).collect();
        total += readings.len() as u64;
        let streams = std::mem::take(&mut named);
        history.feed(HistoryTick { tick: t as u64 + 1, now, streams, readings }).map_err(failed)?;
        if history.unflushed() >= 200_000 {
            history.flush().map_err(failed)?;
            while history.maintain(now).map_err(failed)? {}
            eprint!("\r{:.0} %", 100.0 * t as f64 * STEP_MS as f64 / (HOURS * 3_600_000) as f64);
        }
    }
    history.flush().map_err(failed)?;
    while history.maintain(start() + HOURS * 3_600_000).map_err(failed)? {}
    eprintln!("\r100 %");
    let wall = begun.elapsed().as_secs_f64();
    figures.push(Figure::of("history_fed", "readings/s", vec![total as f64 / wall]));
    figures.push(Figure::of("history_cpu", "us/reading", vec![(bench_limits::cpu_s() - cpu) * 1e6 / total as f64]));
    Ok(total)
}

/// Gorilla's bytes for the same readings, from every hundredth stream.
fn gorilla(reader: &HistoryReader, streams: usize) -> Result<f64, Failure> {
    let (mut bits, mut n) = (0, 0);
    for s in (0..streams).step_by((streams / 300).max(1)) {
        let series = reader
            .series(&format!("g{s}").into(), start() + -3_600_000, start() + HOURS * 3_600_000, 100_000)
            .map_err(failed)?;
        let points = series.map(|s| s.points).unwrap_or_default();
        n += points.len();
        // As published: a block of two hours begins anew.
        for block in points.chunk_by(|a, b| a.at.0.div_euclid(7_200_000) == b.at.0.div_euclid(7_200_000)) {
            bits += gorilla_bits(block.iter().map(|p| (p.at.0 / 1000, p.value)));
        }
    }
    Ok(bits as f64 / 8.0 / n.max(1) as f64)
}

fn timed<T>(samples: &mut Vec<f64>, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let begun = Instant::now();
    let done = work()?;
    samples.push(begun.elapsed().as_secs_f64() * 1000.0);
    Ok(done)
}

fn seeks(reader: &HistoryReader, streams: usize, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    let (mut any, mut latest, mut charts, mut days) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let end = start() + HOURS * 3_600_000;
    for k in 0..SEEKS as u64 {
        // From the second on at which every stream has spoken.
        let second = 301 + (mix(k) % (HOURS as u64 * 3600 - 302)) as i64;
        let at = start() + second * 1000;
        let state = timed(&mut any, || reader.seek(at).map_err(failed))?;
        if state.heard() != streams {
            return Err(failed(format!("{} of {streams} streams at {at}", state.heard())));
        }
        timed(&mut latest, || reader.seek(end).map_err(failed))?;
        let id = SensorId::from(format!("g{}", mix(k + 1000) % streams as u64));
        timed(&mut charts, || reader.series(&id, at, at + 3_600_000, 600).map_err(failed))?;
        timed(&mut days, || reader.series(&id, start(), end, 600).map_err(failed))?;
    }
    figures.push(Figure::of(&format!("seek_{HOURS}h_{streams}"), "ms", any));
    figures.push(Figure::of(&format!("latest_from_disk_{streams}"), "ms", latest));
    figures.push(Figure::of("series_1h", "ms", charts));
    figures.push(Figure::of("series_24h", "ms", days));
    Ok(())
}

/// Every layer at once: the picture of a room at any second of its last `scenes_s` seconds, with the day's readings
/// behind it. Alerts, cases and the rest are kept as they are while a room runs.
fn pictures(journal: &Path, streams: usize, scenes_s: i64, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    let config = config(streams)?;
    let store = SqliteStore::open_or_create(journal, &meta()).map_err(failed)?;
    let mut machine = Machine::new(config.clone());
    let mut gauges = Gauges::of(streams);
    let begin = start() + (HOURS * 3600 - scenes_s) * 1000;
    machine.tick(begin, (0..streams).map(|s| observation(gauges.reading(s, 0, begin))).collect());
    let mut keeper = SceneKeeper::beside(journal, u64::MAX, 2.0).map_err(failed)?.tireless();
    let (mut costs, mut alerts) = (Vec::new(), Vec::new());
    for second in 1..scenes_s {
        if second % 600 == 0 {
            eprint!("\r{second} of {scenes_s} s");
        }
        for fifth in 0..5 {
            let t = second * 5 + fifth;
            let now = begin + t * 200;
            let mine = (t as usize % 1500..streams).step_by(1500);
            machine.tick(now, mine.map(|s| observation(gauges.reading(s, t, now))).collect());
        }
        let picture = Arc::new(Picture::of(&machine, Health::default(), Playback::live()));
        alerts.push((picture.now, picture.alerts.active.len(), picture.cases.cases().len()));
        let begun = Instant::now();
        keeper.keep(picture).map_err(failed)?;
        costs.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    let each = keeper.bytes() as f64 / costs.len() as f64;
    figures.push(Figure::of(&format!("scene_kept_{streams}"), "ms", costs));
    figures.push(Figure::of(&format!("scene_bytes_{streams}"), "bytes/s", vec![each]));
    let base = Picture::of(&machine, Health::default(), Playback::live());
    let begun = Instant::now();
    let mut past = Past::beside(journal, base, None).ok_or_else(|| failed("no scenes were kept"))?;
    figures.push(Figure::of(&format!("past_opened_{streams}"), "s", vec![begun.elapsed().as_secs_f64()]));
    let mut samples = Vec::new();
    for k in 0..SEEKS as u64 {
        let (at, active, cases) = alerts[(mix(k) % alerts.len() as u64) as usize];
        let seen = timed(&mut samples, || past.at(at, Playback::default(), &store).map_err(failed))?;
        let seen = seen.ok_or_else(|| failed(format!("no picture at {at}")))?;
        if (seen.alerts.active.len(), seen.cases.cases().len()) != (active, cases) {
            return Err(failed(format!("{at}: the picture of the past is another one")));
        }
    }
    eprintln!("\r{:?} alerts, cases at the end", alerts.last());
    figures.push(Figure::of(&format!("scenes_{streams}"), "s", vec![scenes_s as f64]));
    figures.push(Figure::of(&format!("seek_every_layer_{streams}"), "ms", samples));
    Ok(())
}

/// A room of as many sensors that has heard each once: memory, latest values, and a restart ten minutes after its
/// last snapshot.
fn room(dir: &Path, streams: usize, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    let config = config(streams)?;
    let path = dir.join("restart.db");
    let mut store = SqliteStore::open_or_create(&path, &meta()).map_err(failed)?;
    let before = bench_limits::memory_bytes();
    let mut machine = Machine::new(config.clone());
    let mut gauges = Gauges::of(streams);
    let begin = start();
    let mut heard: Vec<Input> = (0..streams).map(|s| observation(gauges.reading(s, 0, begin))).collect();
    machine.tick(begin, std::mem::take(&mut heard));
    let memory = bench_limits::memory_bytes() - before;
    figures.push(Figure::of(&format!("memory_per_sensor_{streams}"), "bytes", vec![memory / streams as f64]));
    let picture = guanlan_room::hold(&machine).map_err(failed)?;
    let mut reads = Vec::new();
    for _ in 0..SEEKS {
        let shown = picture.picture();
        let begun = Instant::now();
        let mut sum = 0.0;
        for (_, live) in shown.sensors.chunks() {
            sum += live.value.iter().sum::<f64>();
        }
        reads.push(begun.elapsed().as_secs_f64() * 1000.0);
        std::hint::black_box(sum);
    }
    picture.stop();
    figures.push(Figure::of(&format!("latest_values_{streams}"), "ms", reads));
    let snapshot = machine.snapshot().map_err(failed)?;
    store.put_snapshot(&snapshot).map_err(failed)?;
    drop(snapshot);
    for t in 1..=RESTART_S * 5 {
        let now = begin + t * 200;
        let mine = (t as usize % 1500..streams).step_by(1500);
        let inputs: Vec<Input> = mine.map(|s| observation(gauges.reading(s, t, now))).collect();
        let events = machine.tick(now, inputs.clone()).events;
        let tick = TickCommit {
            tick: machine.tick_number(),
            now,
            dt_ms: 200,
            idle_ticks: 0,
            mode: Mode::Live,
            inputs: &inputs,
            events: &events,
        };
        store.commit(&tick).map_err(failed)?;
    }
    let hash = machine.state_hash().map_err(failed)?;
    drop((machine, store));
    let begun = Instant::now();
    let store = SqliteStore::open_or_create(&path, &meta()).map_err(failed)?;
    let (machine, keeping) = Keeping::open(&config, &store, &path, Retention::forever()).map_err(failed)?;
    let took = begun.elapsed().as_secs_f64();
    drop(keeping);
    if machine.state_hash().map_err(failed)? != hash {
        return Err(failed("the room that came back is not the one that was left"));
    }
    figures.push(Figure::of(&format!("restart_{RESTART_S}s_after_snapshot_{streams}"), "s", vec![took]));
    Ok(())
}

fn observation(r: Reading) -> Input {
    let sensor = SensorId::from(format!("g{}", r.stream));
    Input::Observation(Observation { sensor, phenomenon: r.at, received: r.at, result: r.value })
}

/// Key figures of many records over three years, and how long questions take.
fn figures_of_records(history: &mut SqliteHistory, records: u64, figures: &mut Vec<Figure>) -> Result<(), Failure> {
    const DAYS: u64 = 1095;
    const WHATS: [&str; 12] = [
        "opened:alert",
        "opened:citizen",
        "opened:collector",
        "level:yellow",
        "level:red",
        "moved:accepted",
        "moved:dispatched",
        "moved:handling",
        "moved:closed",
        "closed:on_time",
        "closed:late",
        "merged:citizen",
    ];
    let areas: Vec<String> = (0..24_000u64)
        .map(|i| format!("4201{:02}{:03}{:03}{:03}", i % 12, i / 12 % 16, i / 192 % 12, i / 2304))
        .collect();
    let codes: Vec<String> = (0..150u64).map(|i| format!("{:02}-{:03}", i % 12 + 1, i / 12 + 1)).collect();
    let first = start() + -(DAYS as i64) * 86_400_000;
    let mut book = history.load_figures().map_err(failed)?;
    let begun = Instant::now();
    for day in 0..DAYS {
        let n = records * (day + 1) / DAYS - records * day / DAYS;
        let at = first + day as i64 * 86_400_000;
        book.count_all((0..n).map(|i| {
            let chance = mix(day << 32 | i);
            Fact {
                at: at + (i as i64 * 86_399_000) / n.max(1) as i64,
                area: &areas[(chance % areas.len() as u64) as usize],
                // A few categories make most cases.
                code: &codes[((chance >> 20 & 0xff) * (chance >> 28 & 0xff) * 150 / 65_536) as usize],
                what: WHATS[(chance >> 40) as usize % WHATS.len()],
                amount_ms: (chance >> 44 & 0xffff) as i64 * 100,
            }
        }));
        // As often as a busy historian saves.
        if day % 10 == 9 || day + 1 == DAYS {
            history.save_figures(&mut book).map_err(failed)?;
            eprint!("\r{day} / {DAYS} d");
        }
    }
    eprintln!();
    figures.push(Figure::of("figures_filled", "records/s", vec![records as f64 / begun.elapsed().as_secs_f64()]));
    let reader = history.door(&book).figures().map_err(failed)?;
    let whole = FigureQuery { from: first, to: start(), ..FigureQuery::default() };
    let day = 86_400_000;
    let asked = [
        ("figures_total", FigureQuery { by_what: true, ..whole.clone() }),
        ("figures_by_month_category", FigureQuery { step: FigureStep::Month, by_code: 1, ..whole.clone() }),
        ("figures_by_community", FigureQuery { by_area: 12, what: "opened:".into(), ..whole.clone() }),
        ("figures_by_street_category", FigureQuery { by_area: 9, by_code: 1, what: "closed:".into(), ..whole.clone() }),
        ("figures_by_day_of_a_district", FigureQuery { step: FigureStep::Day, area: "420103".into(), ..whole.clone() }),
        (
            "figures_by_hour_last_week",
            FigureQuery { step: FigureStep::Hour, by_area: 6, from: start() + -7 * day, ..whole.clone() },
        ),
        (
            "figures_by_day_street_category_last_month",
            FigureQuery { step: FigureStep::Day, by_area: 9, by_code: 1, from: start() + -30 * day, ..whole.clone() },
        ),
    ];
    for (name, query) in asked {
        let mut samples = Vec::new();
        let mut counted = 0;
        for _ in 0..5 {
            let rows = timed(&mut samples, || reader.ask(&query).map_err(failed))?;
            counted = rows.iter().map(|r| r.count).sum::<u64>();
        }
        if name == "figures_total" && counted != records {
            return Err(failed(format!("{counted} of {records} records are in the figures")));
        }
        figures.push(Figure::of(&format!("{name}_of_{records}"), "ms", samples));
    }
    Ok(())
}

/// Measures every figure; every layer over the last `scene_hours` of the day.
pub fn run(streams: usize, records: u64, scene_hours: f64) -> Result<Vec<Figure>, Failure> {
    if streams == 0 {
        return Err(bad_input("bench seek: --sensors above 0 was expected"));
    }
    let scenes_s = (scene_hours * 3600.0).round() as i64;
    if !(2..=HOURS * 3600).contains(&scenes_s) {
        return Err(bad_input(format!(
            "bench seek: --scene-hours {scene_hours}: above 0, at most {HOURS} was expected"
        )));
    }
    let scratch = Scratch::new("seek")?;
    let dir = &scratch.0;
    let mut figures = bench_limits::disk(dir)?;
    eprintln!("room of {streams} sensors …");
    room(dir, streams, &mut figures)?;
    let journal = dir.join("day.db");
    let mut history = SqliteHistory::beside(&journal, &meta(), u64::MAX, Retention::forever()).map_err(failed)?;
    eprintln!("a day of {streams} streams …");
    let total = fill(&mut history, streams, &mut figures)?;
    let reader = history.reader().map_err(failed)?;
    let stats = reader.stats().map_err(failed)?;
    let each = |bytes: u64| bytes as f64 / total.max(1) as f64;
    let mut add = |name: &str, unit: &str, value: f64| figures.push(Figure::of(name, unit, vec![value]));
    add("readings", "readings", total as f64);
    add("stored_readings", "bytes/reading", each(stats.reading_bytes));
    add("stored_key_frames", "bytes/reading", each(stats.key_bytes));
    add("stored_roll_ups", "bytes/reading", each(stats.rollup_bytes));
    add("stored_file", "bytes/reading", each(stats.file_bytes));
    add("peer_gorilla", "bytes/reading", gorilla(&reader, streams)?);
    drop((reader, history));
    // From here on as after a restart: the file is opened anew.
    let begun = Instant::now();
    let mut history = SqliteHistory::beside(&journal, &meta(), u64::MAX, Retention::forever()).map_err(failed)?;
    add("history_reopened", "s", begun.elapsed().as_secs_f64());
    seeks(&history.reader().map_err(failed)?, streams, &mut figures)?;
    eprintln!("pictures of {streams} sensors …");
    pictures(&journal, streams, scenes_s, &mut figures)?;
    if records > 0 {
        eprintln!("figures of {records} records …");
        figures_of_records(&mut history, records, &mut figures)?;
    }
    Ok(figures)
}
