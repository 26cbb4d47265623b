//! `guanlan bench seek`: a day of 300 000 streams, one reading each five minutes, and how quickly any second of it
//! is there again; key figures of many records; a restart.
//!
//! The day is fed through the history exactly as the historian feeds it (only broker, parsing and rules are left
//! out); records are counted by the same code that counts them as they arrive.

mod day;
mod history;
mod records;
mod rooms;

use std::time::Instant;

use guanlan_journal::history::{History, Retention, SqliteHistory};
use guanlan_rainstorm::Figure;

use self::day::{HOURS, meta};
use crate::{
    exit::{Failure, bad_input, failed},
    verbs::bench_limits::{self, Scratch},
};

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
    eprintln!("{streams} 个传感器的房间 … / room of {streams} sensors …");
    rooms::room(dir, streams, &mut figures)?;
    let journal = dir.join("day.db");
    let mut past = SqliteHistory::beside(&journal, &meta(), u64::MAX, Retention::forever()).map_err(failed)?;
    eprintln!("{streams} 路数据的一天 … / a day of {streams} streams …");
    let total = history::fill(&mut past, streams, &mut figures)?;
    let reader = past.reader().map_err(failed)?;
    let stats = reader.stats().map_err(failed)?;
    let each = |bytes: u64| bytes as f64 / total.max(1) as f64;
    let mut add = |name: &str, unit: &str, value: f64| figures.push(Figure::of(name, unit, vec![value]));
    add("readings", "readings", total as f64);
    add("stored_readings", "bytes/reading", each(stats.reading_bytes));
    add("stored_key_frames", "bytes/reading", each(stats.key_bytes));
    add("stored_roll_ups", "bytes/reading", each(stats.rollup_bytes));
    add("stored_file", "bytes/reading", each(stats.file_bytes));
    add("peer_gorilla", "bytes/reading", history::gorilla(&reader, streams)?);
    drop((reader, past));
    // From here on as after a restart: the file is opened anew.
    let begun = Instant::now();
    let mut past = SqliteHistory::beside(&journal, &meta(), u64::MAX, Retention::forever()).map_err(failed)?;
    add("history_reopened", "s", begun.elapsed().as_secs_f64());
    history::seeks(&past.reader().map_err(failed)?, streams, &mut figures)?;
    eprintln!("{streams} 个传感器的画面 … / pictures of {streams} sensors …");
    rooms::pictures(&journal, streams, scenes_s, &mut figures)?;
    if records > 0 {
        eprintln!("{records} 条记录的指标 … / figures of {records} records …");
        records::figures_of_records(&mut past, records, &mut figures)?;
    }
    Ok(figures)
}
