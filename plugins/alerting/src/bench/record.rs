//! Recorded data as CSV: one reading per line, or one column per stream.
//!
//! Long: a column for the time (`time`, `at`, `timestamp`, `phenomenonTime`), for the stream (`sensor`,
//! `datastream`, `stream`, `id`) and for the value (`value`, `result`); besides, if wanted, `property`,
//! `east_m`, `north_m`, `period_s`, `name`. Wide: the time and one column per stream, headed by its id or
//! by `id:property`. Lines are taken in the file's order: one that is older than those before it came late.

use std::{collections::BTreeMap, path::Path};

use guanlan_core::{Bilingual, ObservedProperty, SensorId, Stamp, input::SensorDeclared};

/// A reading of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When it was measured.
    pub at: Stamp,
    /// The stream.
    pub sensor: SensorId,
    /// Its value.
    pub value: f64,
}

/// A recording: its streams, and its readings in order of arrival.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// Streams as far as the file describes them.
    pub streams: Vec<SensorDeclared>,
    /// Readings.
    pub rows: Vec<Row>,
}

/// A recording cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {message}")]
pub struct RecordError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column.
    pub field: String,
    /// What was found and what was expected.
    pub message: String,
}

const TIMES: [&str; 6] = ["time", "at", "timestamp", "phenomenontime", "ts", "datetime"];
const SENSORS: [&str; 6] = ["sensor", "datastream", "stream", "id", "sensor_id", "device"];
const VALUES: [&str; 3] = ["value", "result", "reading"];
/// Numbers below this are seconds after the start of a recording that has no date.
const RELATIVE: f64 = 1e8;

/// 2026-07-01 08:00 in China: where recordings without a date begin.
pub const START: Stamp = Stamp(1_782_864_000_000);

/// An instant as recordings write it: RFC 3339, local civil time, seconds or milliseconds since 1970, or
/// seconds after the start.
#[must_use]
pub fn instant(text: &str) -> Option<Stamp> {
    let text = text.trim();
    if let Some(at) = Stamp::parse(text) {
        return Some(at);
    }
    if let Ok(number) = text.parse::<f64>() {
        return match number {
            n if !n.is_finite() || n.abs() > 1e15 => None,
            n if n.abs() < RELATIVE => Some(START + (n * 1000.0).round() as i64),
            n if n.abs() < 1e11 => Some(Stamp((n * 1000.0).round() as i64)),
            n => Some(Stamp(n.round() as i64)),
        };
    }
    let civil = text.replacen(' ', "T", 1).replace('/', "-");
    civil.parse::<jiff::civil::DateTime>().ok().map(Stamp::from_local)
}

/// Reads a CSV file. `otherwise` is the property of streams the file does not describe.
///
/// # Errors
/// File, line and column of the first thing that is wrong.
pub fn read_csv(path: &Path, otherwise: Option<ObservedProperty>) -> Result<Recorded, RecordError> {
    let file = path.display().to_string();
    let fail =
        |line, field: &str, message: String| RecordError { file: file.clone(), line, field: field.to_owned(), message };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_path(path)
        .map_err(|e| fail(0, "file", e.to_string()))?;
    let header = reader.headers().map_err(|e| fail(1, "header", e.to_string()))?.clone();
    let names: Vec<String> = header.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_lowercase()).collect();
    let find = |any: &[&str]| names.iter().position(|n| any.contains(&n.as_str()));
    let Some(time) = find(&TIMES) else {
        return Err(fail(1, "header", format!("no time column; expected one of {}", TIMES.join(", "))));
    };
    let mut out = Out { by_id: BTreeMap::new(), rows: Vec::new(), otherwise };
    let long = find(&VALUES).zip(find(&SENSORS));
    let column = |name: &str| names.iter().position(|n| n == name);
    let (property, east, north) = (column("property"), column("east_m"), column("north_m"));
    let (period, name) = (column("period_s"), column("name"));
    if long.is_none() && find(&VALUES).is_some() && names.len() > 2 {
        return Err(fail(1, "header", format!("no stream column; expected one of {}", SENSORS.join(", "))));
    }
    for record in reader.records() {
        let record = record.map_err(|e| fail(e.position().map_or(0, csv::Position::line), "line", e.to_string()))?;
        let line = record.position().map_or(0, csv::Position::line);
        let get = |i: Option<usize>| i.and_then(|i| record.get(i)).filter(|t| !t.is_empty());
        let text = record.get(time).unwrap_or("");
        let at = instant(text).ok_or_else(|| {
            fail(line, &names[time], format!("'{text}'; expected 2026-07-01T08:00:00+08:00, or seconds"))
        })?;
        let number = |i: usize, text: &str| {
            text.parse::<f64>()
                .map_err(|_| fail(line, header.get(i).unwrap_or(""), format!("'{text}'; expected a number")))
        };
        if let Some((value, sensor)) = long {
            let id = record.get(sensor).unwrap_or("");
            if id.is_empty() {
                return Err(fail(line, &names[sensor], "empty; expected a stream".into()));
            }
            let key = match get(property) {
                None => None,
                Some(key) => Some(ObservedProperty::from_key(key).ok_or_else(|| {
                    let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                    fail(line, "property", format!("'{key}' is unknown; expected one of {}", known.join(", ")))
                })?),
            };
            let place = match (get(east), get(north)) {
                (Some(e), Some(n)) => Some([number(east.unwrap_or(0), e)?, number(north.unwrap_or(0), n)?]),
                _ => None,
            };
            let seconds = get(period).map(|t| number(period.unwrap_or(0), t)).transpose()?;
            out.describe(id, key, place, seconds.map(|s| s as u32), get(name));
            // A line without a value describes a stream.
            if let Some(text) = get(Some(value)) {
                let value = number(value, text)?;
                out.rows.push(Row { at, sensor: id.into(), value });
            }
        } else {
            for (i, head) in header.iter().enumerate().filter(|(i, _)| *i != time) {
                let Some(text) = get(Some(i)) else { continue };
                let head = head.trim_start_matches('\u{feff}').trim();
                let (id, key) = match head.rsplit_once(':') {
                    Some((id, key)) if ObservedProperty::from_key(key).is_some() => {
                        (id, ObservedProperty::from_key(key))
                    }
                    _ => (head, ObservedProperty::from_key(head)),
                };
                let value = number(i, text)?;
                out.describe(id, key, None, None, None);
                out.rows.push(Row { at, sensor: id.into(), value });
            }
        }
    }
    Ok(out.done())
}

struct Out {
    by_id: BTreeMap<String, SensorDeclared>,
    rows: Vec<Row>,
    otherwise: Option<ObservedProperty>,
}

impl Out {
    fn describe(
        &mut self,
        id: &str,
        property: Option<ObservedProperty>,
        place_m: Option<[f64; 2]>,
        period_s: Option<u32>,
        name: Option<&str>,
    ) {
        if !self.by_id.contains_key(id) {
            let fresh = SensorDeclared {
                sensor: id.into(),
                name: Bilingual::same(name.unwrap_or(id)),
                property: property.or(self.otherwise).unwrap_or(ObservedProperty::Other),
                place_m,
                period_s: period_s.unwrap_or(0),
            };
            self.by_id.insert(id.to_owned(), fresh);
        }
        let Some(known) = self.by_id.get_mut(id) else { return };
        known.property = property.unwrap_or(known.property);
        known.place_m = place_m.or(known.place_m);
        known.period_s = period_s.unwrap_or(known.period_s);
    }

    /// Streams that promise no period get the one they kept: the median of their gaps.
    fn done(mut self) -> Recorded {
        let mut last: BTreeMap<&SensorId, Stamp> = BTreeMap::new();
        let mut gaps: BTreeMap<&SensorId, Vec<i64>> = BTreeMap::new();
        for row in &self.rows {
            if let Some(before) = last.insert(&row.sensor, row.at)
                && row.at > before
            {
                gaps.entry(&row.sensor).or_default().push(row.at - before);
            }
        }
        for stream in self.by_id.values_mut().filter(|s| s.period_s == 0) {
            if let Some(gaps) = gaps.get_mut(&stream.sensor) {
                gaps.sort_unstable();
                stream.period_s = u32::try_from((gaps[gaps.len() / 2] / 1000).max(1)).unwrap_or(u32::MAX);
            }
        }
        Recorded { streams: self.by_id.into_values().collect(), rows: self.rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_in_every_spelling() {
        let t = Stamp::parse("2026-07-01T08:00:30+08:00");
        for text in [
            "2026-07-01T08:00:30+08:00",
            "2026-07-01T00:00:30Z",
            "2026-07-01 08:00:30",
            "2026/07/01 08:00:30",
            "1782864030",
            "1782864030000",
            "30",
        ] {
            assert_eq!(instant(text), t, "{text}");
        }
        assert!(instant("noon").is_none() && instant("nan").is_none());
    }
}
