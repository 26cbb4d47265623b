//! `guanlan query`: the past of a store that nobody has to have open.

use std::path::Path;

use guanlan_core::{SensorId, Stamp};
use guanlan_journal::{
    figures::{FigureError, FigureQuery},
    history::HistoryDoor,
};
use serde_json::json;

use crate::{
    args::QueryVerb,
    exit::{Failure, Outcome, bad_input, failed},
};

fn instant(name: &str, text: Option<&str>) -> Result<Option<Stamp>, Failure> {
    let read = |t: &str| {
        Stamp::parse(t).ok_or_else(|| bad_input(format!("--{name} '{t}': expected 2026-07-31T16:00:00+08:00")))
    };
    text.map(read).transpose()
}

fn door(store: &Path) -> Result<HistoryDoor, Failure> {
    if !store.is_file() {
        return Err(bad_input(format!("{}: no such journal", store.display())));
    }
    HistoryDoor::beside(store).ok_or_else(|| {
        bad_input(format!(
            "{}: 旁边没有历史库；用 guanlan room --store 打开一次即会生成 / there is no history beside it: opening it once with guanlan room --store makes one",
            store.display()
        ))
    })
}

/// The last instant a history holds.
fn end_of(door: &HistoryDoor) -> Result<Stamp, Failure> {
    let reader = door.history().map_err(failed)?;
    let latest = reader.seek(Stamp(i64::MAX)).map_err(failed)?;
    let span = reader.span().map_err(failed)?.map_or(0, |(_, last)| last.0);
    Ok(Stamp(latest.at.into_iter().max().unwrap_or(0).max(span)) + 1)
}

pub fn run(verb: &QueryVerb) -> Outcome {
    match verb {
        QueryVerb::Figures { store, from, to, step, area, by_area, code, by_code, what, by_what, json } => {
            let door = door(store)?;
            let to = match instant("to", to.as_deref())? {
                Some(to) => to,
                None => end_of(&door)?,
            };
            const DAY_MS: i64 = 86_400_000;
            let today = Stamp((to.0 - 1 + DAY_MS / 3).div_euclid(DAY_MS) * DAY_MS - DAY_MS / 3);
            let query = FigureQuery {
                from: instant("from", from.as_deref())?.unwrap_or(today),
                to,
                step: *step,
                area: area.clone(),
                by_area: *by_area,
                code: code.clone(),
                by_code: *by_code,
                what: what.clone(),
                by_what: *by_what,
            };
            let rows = door.figures().map_err(failed)?.ask(&query).map_err(|e| match e {
                FigureError::Journal(e) => failed(e),
                other => bad_input(other),
            })?;
            for r in rows {
                let mean_s = r.amount_ms as f64 / 1000.0 / r.count.max(1) as f64;
                if *json {
                    let row = json!({ "from": r.from.to_rfc3339(), "area": r.area, "code": r.code, "what": r.what,
                        "count": r.count, "mean_s": mean_s });
                    say!("{row}");
                } else {
                    let from = r.from.format_local("%Y-%m-%d %H:%M");
                    say!("{from}  {:<12} {:<8} {:<20} {:>12} {mean_s:>10.1} s", r.area, r.code, r.what, r.count);
                }
            }
            Ok(())
        }
        QueryVerb::Series { store, sensor, from, to, points, json } => {
            let door = door(store)?;
            let to = match instant("to", to.as_deref())? {
                Some(to) => to,
                None => end_of(&door)?,
            };
            let from = instant("from", from.as_deref())?.unwrap_or(to + -86_400_000);
            let reader = door.history().map_err(failed)?;
            let series = reader.series(&SensorId::from(sensor.as_str()), from, to, *points).map_err(failed)?;
            let series = series.ok_or_else(|| bad_input(format!("'{sensor}' is no stream of {}", store.display())))?;
            for p in &series.points {
                if *json {
                    let row = json!({ "at": p.at.to_rfc3339(), "value": p.value, "min": p.min, "max": p.max,
                        "last": p.last, "count": p.count, "quality": p.mark.key(), "level": series.level.key() });
                    say!("{row}");
                } else {
                    say!("{}  {:>12} [{}, {}] n {} {}", p.at, p.value, p.min, p.max, p.count, p.mark.key());
                }
            }
            Ok(())
        }
        QueryVerb::Latest { store, at, json } => {
            let door = door(store)?;
            let at = instant("at", at.as_deref())?.unwrap_or(Stamp(i64::MAX));
            let reader = door.history().map_err(failed)?;
            let (ids, latest) = (reader.ids().map_err(failed)?, reader.seek(at).map_err(failed)?);
            for (s, id) in ids.iter().enumerate().take(latest.at.len()) {
                if latest.at[s] == guanlan_journal::history::NEVER_MS {
                    continue;
                }
                let (when, value, quality) = (Stamp(latest.at[s]), latest.value[s], latest.mark[s].key());
                if *json {
                    let row = json!({ "id": id.as_str(), "at": when.to_rfc3339(), "value": value, "quality": quality });
                    say!("{row}");
                } else {
                    say!("{id:<24} {when} {value:>12} {quality}");
                }
            }
            Ok(())
        }
    }
}
