//! A recorded file played at × speed: CSV, JSON lines, Parquet, GPX. The cursor is the number of rows committed, so that
//! a room that was restarted goes on where it was.

use std::{path::Path, sync::Arc, time::Duration};

use guanlan_core::{Input, Stamp, input::UnitFix};

use super::courier::{Closed, Courier};
use crate::{
    codec::{gpx, parquet},
    file::kinds::{Format, Replay},
    intake::wall_now,
    map::{Came, Document, documents},
};

/// Rows handed over at once at most.
const BATCH: usize = 5_000;
/// Pause between looks at the clock.
const BEAT: Duration = Duration::from_millis(100);

/// What happens at an instant of the recording.
type Row = (Stamp, Vec<Input>);

/// Follows a feed until its file ends or the room closes.
pub async fn follow(spec: Replay, courier: Arc<Courier>) {
    let path = courier.path(&spec.path);
    let rows = loop {
        let (spec, courier_, path_) = (spec.clone(), courier.clone(), path.clone());
        let read = tokio::task::spawn_blocking(move || read(&spec, &courier_, &path_)).await;
        match read.unwrap_or_else(|e| Err(e.to_string())) {
            Ok(rows) if rows.is_empty() => courier.fail(&format!("{}: no row with a time", path.display())).await,
            Ok(rows) => break rows,
            Err(reason) => courier.fail(&format!("{}: {reason}", path.display())).await,
        }
    };
    let mut done: usize = courier.cursor().parse().unwrap_or(0);
    if done >= rows.len() {
        if !spec.again {
            courier.up();
            return;
        }
        done = 0;
    }
    courier.up();
    loop {
        if play(&spec, &courier, &rows, done, &path).await == Err(Closed) || !spec.again {
            return;
        }
        done = 0;
    }
}

async fn play(spec: &Replay, courier: &Courier, rows: &[Row], mut done: usize, path: &Path) -> Result<(), Closed> {
    let begin = wall_now();
    let first = rows[done.min(rows.len() - 1)].0;
    let source = path.display().to_string();
    // Recorded instant → instant on the wall.
    let wall = |at: Stamp| begin + (((at - first) as f64) / spec.speed) as i64;
    while done < rows.len() {
        let now = wall_now();
        let ready = rows[done..].iter().take(BATCH).take_while(|(at, _)| wall(*at) <= now).count();
        if ready == 0 {
            tokio::time::sleep(BEAT).await;
            continue;
        }
        let mut inputs = Vec::new();
        for (at, row) in &rows[done..done + ready] {
            let moved = if spec.shift { wall(*at) - *at } else { 0 };
            inputs.extend(row.iter().map(|input| shifted(input, moved, now)));
        }
        done += ready;
        courier.deliver(ready as u64, inputs, &source, Some(&done.to_string())).await?;
    }
    Ok(())
}

/// The input at another time.
fn shifted(input: &Input, ms: i64, now: Stamp) -> Input {
    let mut input = input.clone();
    match &mut input {
        Input::Observation(o) => {
            o.phenomenon = o.phenomenon + ms;
            o.received = now;
        }
        Input::Fix(fix) => fix.at = fix.at + ms,
        Input::UnitReport(report) => report.at = report.at + ms,
        Input::Citizen(report) => report.at = report.at + ms,
        _ => {}
    }
    input
}

/// Every row with its instant, in the order of time.
fn read(spec: &Replay, courier: &Courier, path: &Path) -> Result<Vec<Row>, String> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
    let mut rows = match extension.as_str() {
        "gpx" => track(spec, courier, &bytes)?,
        "parquet" => mapped(courier, &parquet::read(&bytes)?, path),
        "csv" | "tsv" => mapped(courier, &documents(Format::Csv, &bytes).map_err(|e| e.to_string())?, path),
        _ => {
            let mut rows = Vec::new();
            for line in bytes.split(|b| *b == b'\n').filter(|l| !l.iter().all(u8::is_ascii_whitespace)) {
                match documents(Format::Json, line) {
                    Ok(document) => rows.extend(mapped(courier, &document, path)),
                    Err(refused) => courier.refuse(&path.display().to_string(), &refused.to_string(), line),
                }
            }
            rows
        }
    };
    rows.sort_by_key(|(at, _)| *at);
    Ok(rows)
}

fn instant(input: &Input) -> Option<Stamp> {
    match input {
        Input::Observation(o) => Some(o.phenomenon),
        Input::Fix(fix) => Some(fix.at),
        Input::UnitReport(report) => Some(report.at),
        Input::Citizen(report) => Some(report.at),
        _ => None,
    }
}

/// Declarations go with the reading behind them.
fn mapped(courier: &Courier, document: &Document, path: &Path) -> Vec<Row> {
    let name = path.display().to_string();
    // Rows without a time of their own cannot be replayed.
    let came = Came { topic: &name, at: wall_now(), own_time: true };
    let (mut rows, mut waiting) = (Vec::new(), Vec::new());
    for input in courier.map(document, came).inputs {
        let at = instant(&input);
        waiting.push(input);
        if let Some(at) = at {
            rows.push((at, std::mem::take(&mut waiting)));
        }
    }
    rows
}

fn track(spec: &Replay, courier: &Courier, bytes: &[u8]) -> Result<Vec<Row>, String> {
    let unit = spec.unit.clone().ok_or("unit: a GPX track needs its crew")?;
    let file = gpx::read(bytes)?;
    let mut rows: Vec<Row> = Vec::new();
    let mut before: Option<gpx::Point> = None;
    // A track without times is walked at 5 m/s.
    let mut clock = Stamp(0);
    let timed = file.track_points().any(|p| p.time.is_some());
    for point in file.track_points() {
        let at = match (timed, point.time) {
            (true, Some(at)) => at,
            (true, None) => continue,
            (false, _) => {
                let step = before.map_or(0.0, |b| gpx::motion(&b, point, 1.0).0 / 5.0);
                clock = clock + ((step * 1000.0) as i64).max(1);
                clock
            }
        };
        let (speed, course) = match (before, rows.last()) {
            (Some(b), Some((last, _))) => gpx::motion(&b, point, (at - *last) as f64 / 1000.0),
            _ => (0.0, 0.0),
        };
        before = Some(*point);
        let [east_m, north_m] = courier.placer().in_city(point.lon, point.lat)?;
        let fix = UnitFix {
            unit: unit.as_str().into(),
            at,
            east_m,
            north_m,
            speed_mps: speed as f32,
            course_deg: course as f32,
            battery: None,
        };
        rows.push((at, vec![Input::Fix(fix)]));
    }
    Ok(rows)
}
