//! `[CURVES]`, `[TIMESERIES]`, `[PATTERNS]`: tables that other sections refer to by name.

use super::{Reader, clock, key, outside, text::Row};
use crate::{
    import::Severity,
    model::drainage::{Curve, CurveKind, Pattern, PatternKind, TimeSeries},
};

impl Reader<'_> {
    pub(super) fn tables(&mut self) {
        self.curves();
        self.time_series();
        self.patterns();
    }

    fn curves(&mut self) {
        let mut raw: Vec<(String, Option<CurveKind>, Vec<[f64; 2]>)> = Vec::new();
        for row in self.rows("CURVES") {
            let mut numbers = &row.words[1..];
            let at = *self.curves.entry(key(row.words[0])).or_insert_with(|| {
                raw.push((row.words[0].into(), None, Vec::new()));
                raw.len() - 1
            });
            if let Some(word) = numbers.first().filter(|w| w.parse::<f64>().is_err()) {
                match curve_kind(word) {
                    Some(kind) => raw[at].1 = Some(kind),
                    None => self.skip(row, "CURVES", format!("a curve of the unknown type '{word}'")),
                }
                numbers = &numbers[1..];
            }
            for pair in numbers.chunks(2) {
                match (pair[0].parse::<f64>(), pair.get(1).map(|w| w.parse::<f64>())) {
                    (Ok(x), Some(Ok(y))) if x.is_finite() && y.is_finite() => raw[at].2.push([x, y]),
                    _ => {
                        let place = format!("line {} [CURVES]", row.line);
                        self.report.note(Severity::Skipped, place, "a curve point is not a pair of numbers");
                        break;
                    }
                }
            }
        }
        let (length, flow, volume) = (self.units.length_m, self.units.flow_m3_s, self.units.volume_m3());
        for (id, kind, mut points) in raw {
            let kind = kind.unwrap_or_default();
            let [sx, sy] = match kind {
                CurveKind::Storage => [length, length * length],
                CurveKind::Shape | CurveKind::Control => [1.0, 1.0],
                CurveKind::Diversion => [flow, flow],
                CurveKind::Tidal => [1.0, length],
                CurveKind::Pump1 => [volume, flow],
                CurveKind::Pump2 | CurveKind::Pump3 | CurveKind::Pump4 | CurveKind::Pump5 | CurveKind::Rating => {
                    [length, flow]
                }
                CurveKind::Weir => [length, self.units.weir_si()],
            };
            points.iter_mut().for_each(|p| *p = [p[0] * sx, p[1] * sy]);
            if points.windows(2).any(|w| w[1][0] < w[0][0]) {
                points.sort_by(|a, b| a[0].total_cmp(&b[0]));
                self.report.note(Severity::Repaired, format!("[CURVES] '{id}'"), "points of a curve put in order of x");
            }
            self.network.curves.push(Curve { id, kind, points });
        }
    }

    fn time_series(&mut self) {
        let start_s = self.network.start_s as f64;
        // Day of the last date met in each series; 0 counts from the start of the simulation.
        let mut day_s: Vec<Option<f64>> = Vec::new();
        for row in self.rows("TIMESERIES") {
            let series = &mut self.network.series;
            let at = *self.series.entry(key(row.words[0])).or_insert_with(|| {
                series.push(TimeSeries { id: row.words[0].into(), ..TimeSeries::default() });
                series.len() - 1
            });
            day_s.resize(series.len(), None);
            if row.words.get(1).is_some_and(|w| w.eq_ignore_ascii_case("FILE")) {
                let name = row.words.get(2).copied().unwrap_or_default();
                series[at].file = name.to_owned();
                match outside::series(self.path, name, start_s) {
                    Ok(points) => series[at].points = points,
                    Err(reason) => self.skip(row, "TIMESERIES", reason),
                }
                continue;
            }
            match points(row, start_s, &mut day_s[at]) {
                Ok(points) => series[at].points.extend(points),
                Err(reason) => self.skip(row, "TIMESERIES", reason),
            }
        }
        for series in &mut self.network.series {
            if series.points.windows(2).any(|w| w[1][0] < w[0][0]) {
                series.points.sort_by(|a, b| a[0].total_cmp(&b[0]));
                let place = format!("[TIMESERIES] '{}'", series.id);
                self.report.note(Severity::Repaired, place, "numbers of a time series put in order of time");
            }
        }
    }

    fn patterns(&mut self) {
        for row in self.rows("PATTERNS") {
            let patterns = &mut self.network.patterns;
            let at = *self.patterns.entry(key(row.words[0])).or_insert_with(|| {
                patterns.push(Pattern { id: row.words[0].into(), ..Pattern::default() });
                patterns.len() - 1
            });
            let mut words = &row.words[1..];
            let kind = match words.first().map(|w| w.to_ascii_uppercase()).as_deref() {
                Some("MONTHLY") => Some(PatternKind::Monthly),
                Some("DAILY") => Some(PatternKind::Daily),
                Some("HOURLY") => Some(PatternKind::Hourly),
                Some("WEEKEND") => Some(PatternKind::Weekend),
                _ => None,
            };
            if let Some(kind) = kind {
                patterns[at].kind = kind;
                words = &words[1..];
            }
            for word in words {
                match word.parse::<f64>() {
                    Ok(value) if value.is_finite() => self.network.patterns[at].multipliers.push(value),
                    _ => self.skip(row, "PATTERNS", format!("a multiplier is '{word}', expected a number")),
                }
            }
        }
        for pattern in &mut self.network.patterns {
            let full = match pattern.kind {
                PatternKind::Monthly => 12,
                PatternKind::Daily => 7,
                PatternKind::Hourly | PatternKind::Weekend => 24,
            };
            pattern.multipliers.resize(full, 1.0);
        }
    }

    /// Index of a series by name; an empty name or `*` is none, an undefined one is reported elsewhere.
    pub(super) fn series_of(&self, name: Option<&&str>) -> Option<usize> {
        self.series.get(&key(name?)).copied()
    }

    /// Index of a curve of one of some kinds.
    pub(super) fn curve_of(&self, name: &str, kinds: &[CurveKind]) -> Result<usize, String> {
        match self.curves.get(&key(name)) {
            None => Err(format!("curve '{name}' is not defined")),
            Some(&k) if kinds.contains(&self.network.curves[k].kind) => Ok(k),
            Some(&k) => Err(format!("curve '{name}' is of type {:?}, expected {kinds:?}", self.network.curves[k].kind)),
        }
    }
}

fn curve_kind(word: &str) -> Option<CurveKind> {
    Some(match word.to_ascii_uppercase().as_str() {
        "STORAGE" => CurveKind::Storage,
        "SHAPE" => CurveKind::Shape,
        "DIVERSION" => CurveKind::Diversion,
        "TIDAL" => CurveKind::Tidal,
        "PUMP1" => CurveKind::Pump1,
        "PUMP2" => CurveKind::Pump2,
        "PUMP3" => CurveKind::Pump3,
        "PUMP4" => CurveKind::Pump4,
        "PUMP5" => CurveKind::Pump5,
        "RATING" => CurveKind::Rating,
        "CONTROL" => CurveKind::Control,
        "WEIR" => CurveKind::Weir,
        _ => return None,
    })
}

/// `(date) time value (date) time value …`: dates carry on to the rows below.
fn points(row: &Row<'_>, start_s: f64, day_s: &mut Option<f64>) -> Result<Vec<[f64; 2]>, String> {
    let mut words = row.words[1..].iter();
    let mut points = Vec::new();
    while let Some(mut word) = words.next() {
        if let Some(day) = clock::date_s(word) {
            *day_s = Some(day);
            word = words.next().ok_or("a date without a time")?;
        }
        let time = clock::span_s(word).ok_or_else(|| format!("a time is '{word}', expected hours or h:m"))?;
        let value = words.next().ok_or_else(|| format!("no value at time '{word}'"))?;
        let value = value.parse::<f64>().ok().filter(|v| v.is_finite());
        let value = value.ok_or_else(|| format!("the value at time '{word}' is no number"))?;
        points.push([day_s.map_or(time, |day| day + time - start_s), value]);
    }
    Ok(points)
}
