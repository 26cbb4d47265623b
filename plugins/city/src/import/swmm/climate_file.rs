//! Climate files: daily temperatures, evaporation and wind. SWMM's own format (`station year month day tmax tmin evap
//! wind`), GHCN-Daily tables as handed out by the US weather service, its TD-3200 records and Canadian DLY02/04 records.

use std::collections::BTreeMap;

use super::clock;

/// A day; what is missing is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Day {
    /// °C.
    pub least_c: Option<f64>,
    /// °C.
    pub greatest_c: Option<f64>,
    /// m.
    pub evaporation_m: Option<f64>,
    /// m/s.
    pub wind_m_s: Option<f64>,
}

/// Unit of the temperatures of a GHCN-Daily table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Degrees {
    /// Tenths of °C.
    C10,
    /// °C.
    C,
    /// °F.
    F,
}

const MILE_H_M_S: f64 = 0.447_04;
const INCH_M: f64 = 0.0254;

fn celsius(fahrenheit: f64) -> f64 {
    (fahrenheit - 32.0) / 1.8
}

/// Days since 1970 and what they say. `us`: the file's values are in °F and inches where its format leaves it open.
pub fn read(text: &str, name: &str, us: bool, degrees: Degrees) -> Result<BTreeMap<i64, Day>, String> {
    let first = text.lines().find(|l| !l.trim().is_empty()).ok_or_else(|| format!("'{name}' is empty"))?;
    let days = if first.contains("DATE") && ["TMIN", "TMAX", "EVAP", "WDMV", "AWND"].iter().any(|w| first.contains(w)) {
        table(text, first, degrees)
    } else if first.starts_with("DLY") {
        td3200(text)
    } else if first.len() >= 233 && first.get(13..16).is_some_and(|w| w.trim().parse::<u32>().is_ok()) {
        canadian(text)
    } else {
        plain(text, name, us)?
    };
    if days.is_empty() { Err(format!("no day of climate in '{name}'")) } else { Ok(days) }
}

/// `station year month day tmax tmin evap wind`, `*` where something is missing.
fn plain(text: &str, name: &str, us: bool) -> Result<BTreeMap<i64, Day>, String> {
    let mut days = BTreeMap::new();
    for (k, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split(';').next().unwrap_or(line).split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        let whole = |at: usize| words.get(at).and_then(|w| w.parse::<i64>().ok());
        let day = whole(1).zip(whole(2)).zip(whole(3)).and_then(|((y, m), d)| clock::days(y, m, d));
        let day = day.ok_or_else(|| format!("line {} of '{name}' is no station, year, month and day", k + 1))?;
        let value = |at: usize| words.get(at).and_then(|w| w.parse::<f64>().ok()).filter(|v| v.is_finite());
        let air = |at: usize| value(at).map(|v| if us { celsius(v) } else { v });
        days.insert(
            day,
            Day {
                greatest_c: air(4),
                least_c: air(5),
                evaporation_m: value(6).map(|v| v * if us { INCH_M } else { 1.0e-3 }),
                // SWMM takes it for miles an hour whatever the units.
                wind_m_s: value(7).map(|v| v * MILE_H_M_S),
            },
        );
    }
    Ok(days)
}

/// A head line names the columns; values stand below the names.
fn table(text: &str, head: &str, degrees: Degrees) -> BTreeMap<i64, Day> {
    let at = |word: &str| head.find(word);
    let date = at("DATE").unwrap_or(0);
    let (low, high, evap) = (at("TMIN"), at("TMAX"), at("EVAP"));
    let (wind, daily) = at("WDMV").map_or((at("AWND"), false), |k| (Some(k), true));
    let mut days = BTreeMap::new();
    for line in text.lines() {
        let Some(day) = line.get(date..).and_then(|t| t.get(..8)).and_then(ymd) else { continue };
        let value = |from: Option<usize>| {
            let word = line.get(from?..)?.split_whitespace().next()?;
            word.get(..8.min(word.len()))?.parse::<f64>().ok().filter(|v| v.abs() < 9999.0)
        };
        let air = |v: f64| match degrees {
            Degrees::C10 => v / 10.0,
            Degrees::C => v,
            Degrees::F => celsius(v),
        };
        let depth = |v: f64| match degrees {
            Degrees::C10 => v * 1.0e-4,
            Degrees::C => v * 1.0e-3,
            Degrees::F => v * INCH_M,
        };
        let speed = |v: f64| match (degrees, daily) {
            (Degrees::C10 | Degrees::C, true) => v * 1000.0 / 86_400.0,
            (Degrees::C10, false) => v / 10.0,
            (Degrees::C, false) => v,
            (Degrees::F, true) => v / 24.0 * MILE_H_M_S,
            (Degrees::F, false) => v * MILE_H_M_S,
        };
        days.insert(
            day,
            Day {
                least_c: value(low).map(air),
                greatest_c: value(high).map(air),
                evaporation_m: value(evap).map(depth),
                wind_m_s: value(wind).map(speed),
            },
        );
    }
    days
}

fn ymd(word: &str) -> Option<i64> {
    let d = word.parse::<i64>().ok()?;
    clock::days(d / 10_000, d / 100 % 100, d % 100)
}

/// A month and an element a line: `DLY`, element in columns 12–15, year 18–21, month 22–23, values of 12 columns from 31.
fn td3200(text: &str) -> BTreeMap<i64, Day> {
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    for line in text.lines().filter(|l| l.starts_with("DLY") && l.is_ascii()) {
        let part = |from: usize, long: usize| line.get(from..from + long).map(str::trim).unwrap_or_default();
        let (year, month) = (part(17, 4).parse::<i64>(), part(21, 2).parse::<i64>());
        let (Ok(year), Ok(month), Ok(count)) = (year, month, part(27, 3).parse::<usize>()) else { continue };
        for k in (0..count).map(|j| 30 + 12 * j) {
            let good = matches!(part(k + 11, 1), "0" | "1") && part(k + 5, 5) != "99999";
            let day = part(k, 2).parse::<i64>().ok().and_then(|d| clock::days(year, month, d));
            let (Some(day), Ok(value), true) = (day, part(k + 5, 5).parse::<f64>(), good) else { continue };
            let value = if part(k + 4, 1) == "-" { -value } else { value };
            let into = days.entry(day).or_default();
            match part(11, 4) {
                "TMIN" => into.least_c = Some(celsius(value)),
                "TMAX" => into.greatest_c = Some(celsius(value)),
                "EVAP" => into.evaporation_m = Some(value / 100.0 * INCH_M),
                "WDMV" => into.wind_m_s = Some(value / 24.0 * MILE_H_M_S),
                _ => {}
            }
        }
    }
    days
}

/// A month and an element a line: year in columns 8–11, month 12–13, element 14–16 (1 greatest, 2 least temperature,
/// 151 evaporation), 31 values of 7 columns from 17, in tenths.
fn canadian(text: &str) -> BTreeMap<i64, Day> {
    let mut days: BTreeMap<i64, Day> = BTreeMap::new();
    for line in text.lines().filter(|l| l.len() >= 233 && l.is_ascii()) {
        let part = |from: usize, long: usize| line[from..from + long].trim();
        let (Ok(year), Ok(month), Ok(element)) =
            (part(7, 4).parse::<i64>(), part(11, 2).parse::<i64>(), part(13, 3).parse::<u32>())
        else {
            continue;
        };
        for j in 1..=31 {
            let k = 16 + 7 * (j - 1);
            let Some(day) = clock::days(year, month, j as i64) else { continue };
            let Some(value) = part(k + 1, 5).parse::<f64>().ok().filter(|v| *v != 99_999.0) else { continue };
            let value = if part(k, 1) == "-" { -value } else { value } / 10.0;
            let into = days.entry(day).or_default();
            match element {
                1 => into.greatest_c = Some(value),
                2 => into.least_c = Some(value),
                151 => into.evaporation_m = Some(value * 1.0e-3),
                _ => {}
            }
        }
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_the_same_day() {
        let want = |d: &Day, e: f64| {
            let near = |a: Option<f64>, b: f64| a.is_some_and(|a| (a - b).abs() < 0.03);
            assert!(near(d.least_c, -5.0) && near(d.greatest_c, 10.0), "{d:?}");
            assert!((d.evaporation_m.unwrap_or(e) - e).abs() < 1e-9, "{d:?}");
        };
        let day = clock::days(1990, 2, 3).unwrap();
        let own = read("X 1990 2 3 10 -5 2.54 *\nX 1990 2 4 * -1 * 3\n", "f", false, Degrees::C).unwrap();
        want(&own[&day], 2.54e-3);
        assert_eq!((own[&(day + 1)].greatest_c, own[&day].wind_m_s), (None, None));
        let us = read("X 1990 2 3 50 23 0.1 10\n", "f", true, Degrees::F).unwrap();
        want(&us[&day], 2.54e-3);
        assert!((us[&day].wind_m_s.unwrap() - 4.4704).abs() < 1e-9);
        let ghcn = "STATION   DATE     EVAP  TMAX  TMIN  AWND\nUS1       19900203 25.4  100   -50   30\n\
                    US1       19900204 -9999 -9999 -10   -9999\n";
        let ghcn = read(ghcn, "f", false, Degrees::C10).unwrap();
        want(&ghcn[&day], 2.54e-3);
        assert_eq!((ghcn[&day].wind_m_s, ghcn[&(day + 1)].evaporation_m), (Some(3.0), None));
        let td = |element: &str, value: &str| format!("DLY12345678{element} F19900299990010318{value} 0\n");
        let text = format!("{}{}", td("TMAX", " 00050"), td("TMIN", " 00023"));
        want(&read(&text, "f", true, Degrees::F).unwrap()[&day], 0.0);
        let line = |element: u32, value: i32| {
            let mut values = vec![" 99999 ".to_owned(); 31];
            values[2] = format!("{}{:05} ", if value < 0 { '-' } else { ' ' }, value.abs());
            format!("1234567199002{element:03}{}\n", values.concat())
        };
        want(&read(&format!("{}{}", line(1, 100), line(2, -50)), "f", true, Degrees::C).unwrap()[&day], 0.0);
        assert!(read("no climate here\n", "f", true, Degrees::F).unwrap_err().contains("line 1"));
    }
}
