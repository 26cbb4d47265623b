//! Series kept in files beside the `.inp`: time series and rain in SWMM's own format.

use std::{fs, path::Path};

use super::clock;

/// Larger files are refused.
const MAX_BYTES: u64 = 64 << 20;

/// Points of a time series file: `(date) time value` on each line.
pub fn series(inp: &Path, name: &str, start_s: f64) -> Result<Vec<[f64; 2]>, String> {
    let text = beside(inp, name)?;
    let mut day_s = None;
    let mut points = Vec::new();
    for (line, words) in lines(&text) {
        let bad = || format!("line {line} of '{name}' is no date, time and value");
        let mut words = &words[..];
        if let Some(day) = words.first().and_then(|w| clock::date_s(w)) {
            day_s = Some(day);
            words = &words[1..];
        }
        let [time, value, ..] = words else { return Err(bad()) };
        let time = clock::span_s(time).ok_or_else(bad)?;
        let value = value.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(bad)?;
        points.push([day_s.map_or(time, |day| day + time - start_s), value]);
    }
    Ok(points)
}

/// Rain of a station in a user-prepared rain file: `station year month day hour minute value`.
pub fn rain(inp: &Path, name: &str, station: &str, start_s: f64) -> Result<Vec<[f64; 2]>, String> {
    let text = beside(inp, name)?;
    let mut points = Vec::new();
    for (line, words) in lines(&text) {
        let bad = || format!("line {line} of '{name}' is no station, year, month, day, hour, minute and rain");
        let [who, year, month, day, hour, minute, value] = words[..] else { return Err(bad()) };
        if !who.eq_ignore_ascii_case(station) && station != "*" {
            continue;
        }
        let whole = |w: &str| w.parse::<i64>().ok();
        let days = whole(year).zip(whole(month)).zip(whole(day)).and_then(|((y, m), d)| clock::days(y, m, d));
        let clock = whole(hour).zip(whole(minute)).filter(|(h, m)| (0..=24).contains(h) && (0..60).contains(m));
        let value = value.parse::<f64>().ok().filter(|v| v.is_finite());
        let ((days, (hour, minute)), value) = days.zip(clock).zip(value).ok_or_else(bad)?;
        points.push([(days * 86_400 + hour * 3600 + minute * 60) as f64 - start_s, value]);
    }
    if points.is_empty() { Err(format!("no rain of station '{station}' in '{name}'")) } else { Ok(points) }
}

/// Text of a file in the folder of the `.inp`, whatever folder its name was written with.
fn beside(inp: &Path, name: &str) -> Result<String, String> {
    let file = name.rsplit(['/', '\\']).next().filter(|f| !f.is_empty() && *f != "." && *f != "..");
    let path = inp.with_file_name(file.ok_or_else(|| format!("'{name}' names no file"))?);
    let missing = |e: std::io::Error| format!("file '{name}' cannot be read: {e}");
    let size = fs::metadata(&path).map_err(missing)?.len();
    if size > MAX_BYTES {
        return Err(format!("file '{name}' has {size} bytes, expected at most {MAX_BYTES}"));
    }
    let bytes = fs::read(&path).map_err(missing)?;
    Ok(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
}

/// Words of the lines that are neither empty nor comments, with line numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let lines = text.lines().enumerate().map(|(i, l)| (i + 1, l.split(';').next().unwrap_or(l)));
    lines.map(|(i, l)| (i, l.split_whitespace().collect::<Vec<_>>())).filter(|(_, words)| !words.is_empty())
}
