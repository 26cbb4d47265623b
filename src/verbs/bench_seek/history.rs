//! Readings on disk: what feeding them takes, how small they are, how quickly any second is there again.

use std::time::Instant;

use guanlan_core::SensorId;
use guanlan_journal::history::{History, HistoryReader, HistoryTick, Reading, SqliteHistory, gorilla_bits};
use guanlan_rainstorm::Figure;

use super::day::{Gauges, HOURS, PERIOD_MS, SEEKS, mix, start, timed};
use crate::{
    exit::{Failure, failed},
    verbs::bench_limits,
};

/// Arrivals fed at once, ms.
const STEP_MS: i64 = 1_000;

/// Feeds the day and measures what it takes.
pub(super) fn fill(history: &mut SqliteHistory, streams: usize, figures: &mut Vec<Figure>) -> Result<u64, Failure> {
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
pub(super) fn gorilla(reader: &HistoryReader, streams: usize) -> Result<f64, Failure> {
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

/// Seeks, latest values and charts of the day.
pub(super) fn seeks(reader: &HistoryReader, streams: usize, figures: &mut Vec<Figure>) -> Result<(), Failure> {
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
