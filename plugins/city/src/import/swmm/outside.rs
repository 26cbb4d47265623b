//! Series kept in files beside the `.inp`: time series and rain in SWMM's own format.

use std::{fs, path::Path};

use super::clock;
use crate::import::transcode;

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

/// Rain of a file.
pub struct OutsideRain {
    /// Time s, value.
    pub points: Vec<[f64; 2]>,
    /// A weather service's record: volumes over so many s, in units of so many mm.
    pub recorded: Option<(f64, f64)>,
}

/// Rain of a station in a user-prepared rain file (`station year month day hour minute value`) or in an hourly or
/// 15-minute record of the US weather service, as its web site hands it out.
pub fn rain(inp: &Path, name: &str, station: &str, start_s: f64) -> Result<OutsideRain, String> {
    let text = beside(inp, name)?;
    let is_online = lines(&text)
        .next()
        .is_some_and(|(_, w)| ["COOPID", "STATION"].iter().any(|head| w[0].eq_ignore_ascii_case(head)) && w.len() > 2);
    if is_online {
        return record(&text, name, station, start_s);
    }
    if text.lines().next().is_some_and(is_tape) {
        return tape(&text, name, station, start_s);
    }
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
    if points.is_empty() {
        return Err(format!("no rain of station '{station}' in '{name}'"));
    }
    Ok(OutsideRain { points, recorded: None })
}

/// A line of a record in fixed columns (TD-3240 hourly, TD-3260 by 15 minutes)?
fn is_tape(line: &str) -> bool {
    (line.starts_with("HPD") || line.starts_with("15M"))
        && matches!(line.get(11..15), Some("HPCP" | "HPCF" | "QPCP" | "QPCF" | "QGAG"))
}

/// A day a line: station in columns 4–9, element 12–15, unit 16–17, year 18–21, month 22–23, day 24–27, number of values
/// 28–30, then times (ends of the intervals), hundredths or tenths of an inch, and flags in 12 columns each.
fn tape(text: &str, name: &str, station: &str, start_s: f64) -> Result<OutsideRain, String> {
    let (mut points, mut interval_s, mut inch_m) = (Vec::new(), 3600.0, 0.01);
    for (number, line) in text.lines().enumerate().filter(|(_, l)| is_tape(l) && l.is_ascii()) {
        let part = |from: usize, long: usize| line.get(from..(from + long).min(line.len())).unwrap_or_default().trim();
        if station != "*" && part(3, 6) != station {
            continue;
        }
        let whole = |from: usize, long: usize| part(from, long).parse::<i64>().ok();
        let day = whole(17, 4).zip(whole(21, 2)).zip(whole(23, 4));
        let day = day.and_then(|((y, m), d)| clock::days(y, m, d));
        let day = day.ok_or_else(|| format!("line {} of '{name}' is no record of rain", number + 1))?;
        if part(11, 4).starts_with('Q') {
            interval_s = 900.0;
        }
        inch_m = if part(15, 2) == "HT" { 0.1 } else { 0.01 };
        for at in (30..line.len()).step_by(12) {
            // Hour 25 is the sum of the day.
            let (Some(hour), Some(minute), Some(value)) = (whole(at, 2), whole(at + 2, 2), whole(at + 4, 6)) else {
                break;
            };
            if hour >= 25 {
                break;
            }
            let flag = line.get(at + 10..at + 11).unwrap_or_default();
            if value > 0 && value < 9999 && !matches!(flag, "M" | "a") {
                points.push([(day * 86_400 + hour * 3600 + minute * 60) as f64 - start_s - interval_s, value as f64]);
            }
        }
    }
    if points.is_empty() {
        return Err(format!("no rain of station '{station}' in '{name}'"));
    }
    Ok(OutsideRain { points, recorded: Some((interval_s, inch_m * 25.4)) })
}

/// Values from here on are missing ones.
const MISSING: f64 = 999.0;

/// `STATION DATE HPCP …` with one time a line, or `COOPID CD ELEM UN YEAR MO DA TIME HOUR01 …` with one day a line. Times
/// are the ends of the intervals.
fn record(text: &str, name: &str, station: &str, start_s: f64) -> Result<OutsideRain, String> {
    let mut rows = lines(text).filter(|(_, w)| !w[0].starts_with("---"));
    let head =
        rows.next().map(|(_, w)| w.iter().map(|w| w.to_ascii_uppercase()).collect::<Vec<_>>()).unwrap_or_default();
    let by_day = head[0] == "COOPID";
    let (mut points, mut interval_s, mut inch_m) = (Vec::new(), 3600.0, 0.01);
    if head.iter().any(|w| w == "QPCP") {
        interval_s = 900.0;
    }
    let whole = |w: &str| w.parse::<i64>().ok();
    let mine = |w: &str| station == "*" || w.eq_ignore_ascii_case(station) || w.ends_with(&format!(":{station}"));
    for (line, words) in rows.filter(|(_, w)| mine(w[0])) {
        let bad = || format!("line {line} of '{name}' is no record of rain");
        let mut note = |days: i64, clock: i64, value: f64, interval_s: f64| {
            let seconds = clock / 100 * 3600 + clock % 100 * 60;
            if value > 0.0 && value < MISSING * 100.0 && seconds <= 86_400 {
                points.push([(days * 86_400 + seconds) as f64 - start_s - interval_s, value]);
            }
        };
        if by_day {
            let [_, _, element, unit, year, month, day, ref rest @ ..] = words[..] else { return Err(bad()) };
            if element.eq_ignore_ascii_case("QPCP") {
                interval_s = 900.0;
            }
            // Hundredths or tenths of an inch.
            inch_m = if unit.eq_ignore_ascii_case("HT") { 0.1 } else { 0.01 };
            let days = whole(year).zip(whole(month)).zip(whole(day)).and_then(|((y, m), d)| clock::days(y, m, d));
            let days = days.ok_or_else(bad)?;
            // Pairs of time and value, with flags between them.
            let mut numbers = rest.iter().filter_map(|w| whole(w));
            while let (Some(time), Some(value)) = (numbers.next(), numbers.next()) {
                note(days, time, value as f64, interval_s);
            }
        } else {
            let [_, date, time, value, ..] = words[..] else { return Err(bad()) };
            let days = whole(date).and_then(|d| clock::days(d / 10_000, d / 100 % 100, d % 100)).ok_or_else(bad)?;
            let time = whole(&time.replace(':', "")).ok_or_else(bad)?;
            let number = value.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(bad)?;
            // Newer records have inches with a point, older ones hundredths.
            let hundredths =
                if value.contains('.') { if number > MISSING { f64::NAN } else { number * 100.0 } } else { number };
            note(days, time, hundredths, interval_s);
        }
    }
    if points.is_empty() {
        return Err(format!("no rain of station '{station}' in '{name}'"));
    }
    Ok(OutsideRain { points, recorded: Some((interval_s, inch_m * 25.4)) })
}

/// Text of a file in the folder of the `.inp`, whatever folder its name was written with.
pub fn beside(inp: &Path, name: &str) -> Result<String, String> {
    let file = name.rsplit(['/', '\\']).next().filter(|f| !f.is_empty() && *f != "." && *f != "..");
    let path = inp.with_file_name(file.ok_or_else(|| format!("'{name}' names no file"))?);
    let missing = |e: std::io::Error| format!("file '{name}' cannot be read: {e}");
    let size = fs::metadata(&path).map_err(missing)?.len();
    if size > MAX_BYTES {
        return Err(format!("file '{name}' has {size} bytes, expected at most {MAX_BYTES}"));
    }
    let bytes = fs::read(&path).map_err(missing)?;
    Ok(transcode::text(&bytes).0.into_owned())
}

/// Words of the lines that are neither empty nor comments, with line numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let lines = text.lines().enumerate().map(|(i, l)| (i + 1, l.split(';').next().unwrap_or(l)));
    lines.map(|(i, l)| (i, l.split_whitespace().collect::<Vec<_>>())).filter(|(_, words)| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_in_fixed_columns_are_read_by_station() {
        let text = "HPD05300500HPCPHI19700100020030100 00000g 0200 00025  2500 00025  \n\
                    HPD99999900HPCPHI19700100020020300 00099  2500 00099  \n";
        assert!(is_tape(text.lines().next().unwrap()));
        let rain = tape(text, "f", "053005", 0.0).unwrap();
        assert_eq!(rain.points, vec![[86_400.0 + 3600.0, 25.0]]);
        assert_eq!(rain.recorded.map(|(s, _)| s), Some(3600.0));
        assert!(tape(text, "f", "1", 0.0).is_err());
    }

    #[test]
    fn records_of_the_weather_service_are_volumes_up_to_their_time() {
        let day = "COOPID CD ELEM UN YEAR MO DA TIME HOUR01 F F TIME HOUR02 F F\n------ -- ---- --\n\
                   310301 01 HPCP HI 1970 01 02 0100  00000 g   0200  00025     2400  99999 M   2500  00025\n\
                   999999 01 HPCP HI 1970 01 02 0300  00099\n";
        let rain = record(day, "f", "310301", 0.0).unwrap();
        assert_eq!(rain.points, vec![[86_400.0 + 3600.0, 25.0]]);
        let (every_s, unit_mm) = rain.recorded.unwrap();
        assert!(every_s == 3600.0 && (unit_mm - 0.254).abs() < 1e-12);
        let line = "STATION DATE HPCP Measurement Flag\nCOOP:134101 19700101 05:00 0.30 g\nCOOP:134101 19700101 06:00 999.99\n";
        let rain = record(line, "f", "134101", 0.0).unwrap();
        assert_eq!(rain.points, vec![[4.0 * 3600.0, 30.0]]);
        assert!(record(line, "f", "7", 0.0).is_err());
    }
}
