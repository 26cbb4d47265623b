//! Whole rooms: pictures of any second, memory, latest values, a restart.

use std::{path::Path, sync::Arc, time::Instant};

use guanlan_core::{Input, Mode};
use guanlan_journal::{SqliteStore, Store, TickCommit, history::Retention};
use guanlan_rainstorm::Figure;
use guanlan_room::{Health, Keeping, Machine, Past, Picture, Playback, SceneKeeper};

use super::day::{Gauges, HOURS, SEEKS, meta, mix, observation, start, timed};
use crate::{
    exit::{Failure, failed},
    verbs::{bench_limits, bench_town::config},
};

/// Ticks before a restart, as many as there are at most between two snapshots.
const RESTART_S: i64 = 600;

/// Every layer at once: the picture of a room at any second of its last `scenes_s` seconds, with the day's readings
/// behind it. Alerts, cases and the rest are kept as they are while a room runs.
pub(super) fn pictures(
    journal: &Path,
    streams: usize,
    scenes_s: i64,
    figures: &mut Vec<Figure>,
) -> Result<(), Failure> {
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
    if let Some((_, active, cases)) = alerts.last() {
        eprintln!("\r最后有 {active} 条告警、{cases} 件案卷 / {active} alerts and {cases} cases at the end");
    }
    figures.push(Figure::of(&format!("scenes_{streams}"), "s", vec![scenes_s as f64]));
    figures.push(Figure::of(&format!("seek_every_layer_{streams}"), "ms", samples));
    Ok(())
}

/// A room of as many sensors that has heard each once: memory, latest values, and a restart ten minutes after its
/// last snapshot.
pub(super) fn room(dir: &Path, streams: usize, figures: &mut Vec<Figure>) -> Result<(), Failure> {
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
