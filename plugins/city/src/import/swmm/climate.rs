//! `[TEMPERATURE]`, `[SNOWPACKS]`, `[ADJUSTMENTS]`, `[EVENTS]`, and evaporation from a climate file.

use std::collections::BTreeMap;

use super::{
    Names, Reader,
    climate_file::{self, Day, Degrees},
    clock, key, number, outside,
    text::Row,
};
use crate::model::drainage::{Air, SnowPack, SnowRemoval, SnowSurface, TimeSeries, Wind};

/// Longest record that is kept, days.
const LONGEST: i64 = 366 * 200;
const KM_H_M_S: f64 = 1000.0 / 3600.0;
const MILE_H_M_S: f64 = 0.447_04;

/// Daily weather from the day of the start.
struct Record {
    days: Vec<Day>,
    /// Day since 1970 of the start.
    first: i64,
}

impl Reader<'_> {
    fn is_us(&self) -> bool {
        self.units.length_m < 1.0
    }

    fn degrees_c(&self, value: f64) -> f64 {
        if self.is_us() { (value - 32.0) / 1.8 } else { value }
    }

    /// Air, wind, snow and months; after tables, before gages.
    pub(super) fn climate(&mut self) {
        self.network.climate.adjust.recovery = [1.0; 12];
        self.monthly_adjustments();
        let record = self.air();
        self.evaporation_by_climate(record.as_ref());
        for row in self.rows("EVENTS") {
            match self.event(row) {
                Ok(event) => self.network.climate.events_s.push(event),
                Err(reason) => self.skip(row, "EVENTS", reason),
            }
        }
        let events = &mut self.network.climate.events_s;
        events.sort_by(|a, b| a[0].total_cmp(&b[0]));
        for k in 1..events.len() {
            events[k - 1][1] = events[k - 1][1].min(events[k][0]);
        }
    }

    /// `StartDate StartTime EndDate EndTime`.
    fn event(&self, row: &Row<'_>) -> Result<[f64; 2], String> {
        let at = |k: usize| {
            let moment = row
                .words
                .get(k)
                .and_then(|w| clock::date_s(w))
                .zip(row.words.get(k + 1).and_then(|w| clock::span_s(w)));
            moment.map(|(day, time)| day + time - self.network.start_s as f64)
        };
        match (at(0), at(2)) {
            (Some(start), Some(end)) if start < end => Ok([start, end]),
            (Some(_), Some(_)) => Err("an event that ends before it begins".into()),
            _ => Err("an event is no date, time, date and time".into()),
        }
    }

    fn twelve(&self, row: &Row<'_>, from: usize) -> Result<[f64; 12], String> {
        if row.words.len() < from + 12 {
            return Err("fewer than 12 monthly values".into());
        }
        let mut values = [0.0; 12];
        for (k, value) in values.iter_mut().enumerate() {
            *value = number(row, from + k, "monthly value")?;
        }
        Ok(values)
    }

    /// Months of the whole network.
    fn monthly_adjustments(&mut self) {
        for row in self.rows("ADJUSTMENTS") {
            let word = row.words[0].to_ascii_uppercase();
            // Those of subcatchments come later.
            if row.words.len() == 1 || ["N-PERV", "DSTORE", "INFIL"].iter().any(|w| word.starts_with(w)) {
                continue;
            }
            let values = match self.twelve(row, 1) {
                Ok(values) => values,
                Err(reason) => {
                    self.skip(row, "ADJUSTMENTS", reason);
                    continue;
                }
            };
            let (kelvin, daily) = (if self.is_us() { 1.0 / 1.8 } else { 1.0 }, self.units.depth_m() / 86_400.0);
            let adjust = &mut self.network.climate.adjust;
            match word.as_str() {
                w if w.starts_with("TEMP") => adjust.air_k = values.map(|v| v * kelvin),
                w if w.starts_with("EVAP") => adjust.evaporation_m_s = values.map(|v| v * daily),
                w if w.starts_with("RAIN") => adjust.rain = values.map(|v| v.max(0.0)),
                w if w.starts_with("CONDUCT") => adjust.conductivity = values.map(|v| if v <= 0.0 { 1.0 } else { v }),
                other => self.skip(row, "ADJUSTMENTS", format!("'{other}' is not known")),
            }
        }
    }

    /// Months of subcatchments, snow packs and what gages catch of snow; after all of those.
    pub(super) fn snow_and_months(&mut self) {
        for row in self.rows("ADJUSTMENTS") {
            let word = row.words[0].to_ascii_uppercase();
            let own = ["N-PERV", "DSTORE", "INFIL"].iter().position(|w| word.starts_with(w));
            let Some(which) = own.filter(|_| row.words.len() > 1) else { continue };
            let name = |at: usize| key(row.words.get(at).copied().unwrap_or_default());
            match (self.catchments.get(&name(1)), self.patterns.get(&name(2))) {
                (Some(catchment), Some(pattern)) => {
                    let adjust = &mut self.network.climate.adjust;
                    [&mut adjust.roughness, &mut adjust.storage, &mut adjust.infiltration][which]
                        .push((*catchment, *pattern));
                }
                (None, _) => self.skip(row, "ADJUSTMENTS", "a subcatchment that is not defined"),
                (_, None) => self.skip(row, "ADJUSTMENTS", "a pattern that is not defined"),
            }
        }
        let packs = self.packs();
        for row in self.rows("SUBCATCHMENTS") {
            let Some(name) = row.words.get(8).filter(|w| !w.is_empty() && **w != "*") else { continue };
            match (self.catchments.get(&key(row.words[0])), packs.get(&key(name))) {
                (Some(catchment), Some(pack)) => self.network.climate.snow.push((*catchment, *pack)),
                _ => self.skip(row, "SUBCATCHMENTS", format!("snow pack '{name}' is not defined")),
            }
        }
        let catches = |network: &crate::model::DrainageNetwork, id: &str| network.gages.iter().position(|g| g.id == id);
        let mut catch = vec![1.0; self.network.gages.len()];
        for row in self.rows("RAINGAGES") {
            if let (Some(k), Ok(share)) = (catches(&self.network, row.words[0]), number(row, 3, "snow catch")) {
                catch[k] = if row.words.len() > 3 { share.max(0.0) } else { 1.0 };
            }
        }
        self.network.climate.snow_catch = catch;
    }

    fn packs(&mut self) -> Names {
        let mut known = Names::new();
        for row in self.rows("SNOWPACKS") {
            let packs = &mut self.network.climate.packs;
            let at = *known.entry(key(row.words[0])).or_insert_with(|| {
                packs.push(SnowPack { id: row.words[0].into(), ..SnowPack::default() });
                packs.len() - 1
            });
            if let Err(reason) = self.pack(row, at) {
                self.skip(row, "SNOWPACKS", reason);
            }
        }
        known
    }

    /// `Name PLOWABLE|IMPERVIOUS|PERVIOUS Cmin Cmax Tbase FWF SD0 FW0 SNN0|SD100`,
    /// `Name REMOVAL Dplow Fout Fimp Fperv Fimelt Fsub (Scatch)`.
    fn pack(&mut self, row: &Row<'_>, at: usize) -> Result<(), String> {
        let word = row.words.get(1).map(|w| w.to_ascii_uppercase()).unwrap_or_default();
        let p = |at: usize| number(row, at, "parameter");
        let depth = self.units.depth_m();
        if word.starts_with("REMOV") {
            if row.words.len() < 8 {
                return Err("a removal of less than 6 numbers".into());
            }
            let removal = SnowRemoval {
                depth_m: p(2)? * depth,
                out: p(3)?,
                to_impervious: p(4)?,
                to_pervious: p(5)?,
                melted: p(6)?,
                to_other: p(7)?,
                other: row.words.get(8).and_then(|w| self.catchments.get(&key(w)).copied()),
            };
            let shares = [removal.out, removal.to_impervious, removal.to_pervious, removal.melted, removal.to_other];
            if shares.iter().any(|s| *s < 0.0) || shares.iter().sum::<f64>() > 1.01 {
                return Err("shares of removed snow are not between 0 and 1 in all".into());
            }
            if removal.to_other > 0.0 && removal.other.is_none() {
                return Err("snow is removed to a subcatchment that is not defined".into());
            }
            self.network.climate.packs[at].removal = Some(removal);
            return Ok(());
        }
        let which = match word.as_str() {
            w if w.starts_with("PLOW") => 0,
            w if w.starts_with("IMPERV") => 1,
            w if w.starts_with("PERV") => 2,
            other => return Err(format!("'{other}', expected PLOWABLE, IMPERVIOUS, PERVIOUS or REMOVAL")),
        };
        if row.words.len() < 9 {
            return Err("a surface of less than 7 numbers".into());
        }
        // SWMM takes mm/h/°C times 1.8 for what it multiplies with °F; so do we, to melt as much.
        let per_k = depth / 3600.0 * if self.is_us() { 1.8 } else { 1.8 * 1.8 };
        let surface = SnowSurface {
            melt_m_s_k: [p(2)? * per_k, p(3)? * per_k],
            base_c: self.degrees_c(p(4)?),
            free_share: p(5)?,
            snow_m: p(6)?.max(0.0) * depth,
            free_m: p(7)?.max(0.0).min(p(5)? * p(6)?) * depth,
            covered_m: if which == 0 { 0.0 } else { p(8)?.max(0.0) * depth },
        };
        if surface.melt_m_s_k[0] > surface.melt_m_s_k[1] || !(0.0..=1.0).contains(&surface.free_share) {
            return Err("a least melt coefficient over the greatest, or a free water share not between 0 and 1".into());
        }
        if which == 0 && !(0.0..=1.0).contains(&p(8)?) {
            return Err("a ploughed share that is not between 0 and 1".into());
        }
        let pack = &mut self.network.climate.packs[at];
        pack.surfaces[which] = surface;
        if which == 0 {
            pack.ploughed = p(8)?;
        }
        Ok(())
    }

    /// `[TEMPERATURE]`.
    fn air(&mut self) -> Option<Record> {
        let mut file: Option<&Row<'_>> = None;
        let (mut record, mut wind_of_file) = (None, false);
        for row in self.rows("TEMPERATURE") {
            let word = row.words[0].to_ascii_uppercase();
            let done = match word.as_str() {
                w if w.starts_with("TIME") => match self.series_of(row.words.get(1)) {
                    Some(series) => {
                        self.network.climate.air = Air::Series { series, fahrenheit: self.is_us() };
                        Ok(())
                    }
                    None => Err("a time series that is not defined".to_owned()),
                },
                "FILE" => {
                    file = Some(row);
                    Ok(())
                }
                w if w.starts_with("WIND") => {
                    if row.words.get(1).is_some_and(|w| w.eq_ignore_ascii_case("FILE")) {
                        wind_of_file = true;
                        Ok(())
                    } else {
                        let unit = if self.is_us() { MILE_H_M_S } else { KM_H_M_S };
                        self.twelve(row, 2).map(|v| self.network.climate.wind = Wind::Months(v.map(|v| v * unit)))
                    }
                }
                w if w.starts_with("SNOW") => self.snow_settings(row),
                "ADC" => self.cover(row),
                other => Err(format!("'{other}' is not known")),
            };
            if let Err(reason) = done {
                self.skip(row, "TEMPERATURE", reason);
            }
        }
        if let Some(row) = file {
            match self.record(row) {
                Ok(days) => record = Some(days),
                Err(reason) => self.skip(row, "TEMPERATURE", reason),
            }
        }
        if let Some(record) = &record {
            let climate = &mut self.network.climate;
            climate.air =
                Air::Days(record.days.iter().map(|d| [d.least_c, d.greatest_c].map(|v| v.unwrap_or(21.1))).collect());
            if wind_of_file {
                climate.wind = Wind::Days(record.days.iter().map(|d| d.wind_m_s.unwrap_or(0.0)).collect());
            }
        }
        record
    }

    /// `SNOWMELT Stemp ATIwt RNM Elev Lat DTLong`.
    fn snow_settings(&mut self, row: &Row<'_>) -> Result<(), String> {
        let p = |at: usize| number(row, at, "parameter");
        if row.words.len() < 7 {
            return Err("fewer than 6 numbers".into());
        }
        let (weight, ratio, latitude) = (p(2)?, p(3)?, p(5)?);
        if !(0.0..=1.0).contains(&weight) || !(0.0..=1.0).contains(&ratio) || latitude.abs() >= 89.99 {
            return Err("a weight or ratio not between 0 and 1, or a latitude not between -90 and 90".into());
        }
        let (below, elevation) = (self.degrees_c(p(1)?), p(4)? * self.units.length_m);
        let climate = &mut self.network.climate;
        (climate.snow_below_c, climate.index_weight, climate.cold_melt_ratio) = (below, weight, ratio);
        (climate.elevation_m, climate.latitude_deg, climate.sun_late_h) = (elevation, latitude, p(6)? / 60.0);
        Ok(())
    }

    /// `ADC IMPERV|PERV f0 … f9`.
    fn cover(&mut self, row: &Row<'_>) -> Result<(), String> {
        let which = match row.words.get(1).map(|w| w.to_ascii_uppercase()).unwrap_or_default() {
            w if w.starts_with("IMPERV") => 0,
            w if w.starts_with("PERV") => 1,
            other => return Err(format!("'{other}', expected IMPERV or PERV")),
        };
        if row.words.len() < 12 {
            return Err("fewer than 10 shares".into());
        }
        for k in 0..10 {
            let share = number(row, k + 2, "share")?;
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("a share of {share}, expected 0 to 1"));
            }
            self.network.climate.cover[which][k] = share;
        }
        Ok(())
    }

    /// `FILE name (start) (units)`: the days of the run, gaps filled with the day before.
    fn record(&mut self, row: &Row<'_>) -> Result<Record, String> {
        let name = row.words.get(1).copied().ok_or("no file is named")?;
        let degrees = match row.words.get(3).map(|w| w.to_ascii_uppercase()).as_deref() {
            Some("C10") => Degrees::C10,
            Some("C") => Degrees::C,
            Some("F") => Degrees::F,
            Some(other) => return Err(format!("temperatures in '{other}', expected C10, C or F")),
            None if self.is_us() => Degrees::F,
            None => Degrees::C,
        };
        let known: BTreeMap<i64, Day> =
            climate_file::read(&outside::beside(self.path, name)?, name, self.is_us(), degrees)?;
        let first = self.network.start_s.div_euclid(86_400);
        let begin = match row.words.get(2).filter(|w| **w != "*") {
            Some(date) => (clock::date_s(date).ok_or_else(|| format!("'{date}' is no date"))? / 86_400.0) as i64,
            None => first,
        };
        let span = ((self.network.duration_s / 86_400.0).ceil() as i64 + 2).min(LONGEST);
        if known.range(begin..begin + span).next().is_none() {
            return Err(format!("no day of the run in '{name}'"));
        }
        let mut last = Day::default();
        let days = (begin..begin + span)
            .map(|k| {
                if let Some(day) = known.get(&k) {
                    last.least_c = day.least_c.or(last.least_c);
                    last.greatest_c = day.greatest_c.or(last.greatest_c);
                    last.evaporation_m = day.evaporation_m.or(last.evaporation_m);
                    last.wind_m_s = day.wind_m_s.or(last.wind_m_s);
                }
                last
            })
            .collect();
        Ok(Record { days, first })
    }

    /// `[EVAPORATION]` `FILE (pan coefficients)`, `TEMPERATURE` (Hargreaves) and `RECOVERY`.
    fn evaporation_by_climate(&mut self, record: Option<&Record>) {
        for row in self.rows("EVAPORATION") {
            let word = row.words[0].to_ascii_uppercase();
            let done = match word.as_str() {
                "FILE" | "TEMPERATURE" => match record {
                    None => Err(format!("{word} without a climate file that could be read; no evaporation")),
                    Some(record) if word == "FILE" => {
                        let pans = if row.words.len() > 1 { self.twelve(row, 1) } else { Ok([1.0; 12]) };
                        pans.map(|pans| {
                            let rate = |(k, d): (usize, &Day)| {
                                d.evaporation_m.unwrap_or(0.0).max(0.0) * pans[month(record.first + k as i64)]
                            };
                            let rates = record.days.iter().enumerate().map(rate).collect();
                            self.daily_evaporation(record.first, rates);
                        })
                    }
                    Some(record) => {
                        let climate = &self.network.climate;
                        let rates = hargreaves(record, climate.latitude_deg, &climate.adjust.air_k);
                        self.daily_evaporation(record.first, rates);
                        Ok(())
                    }
                },
                "RECOVERY" => match row.words.get(1).and_then(|w| self.patterns.get(&key(w))) {
                    Some(k) => {
                        for (month, value) in self.network.patterns[*k].multipliers.iter().take(12).enumerate() {
                            self.network.climate.adjust.recovery[month] = value.max(0.0);
                        }
                        Ok(())
                    }
                    None => Err("a pattern that is not defined".into()),
                },
                _ => Ok(()),
            };
            if let Err(reason) = done {
                self.skip(row, "EVAPORATION", reason);
            }
        }
    }

    /// Depths of days, m, as a series of evaporation.
    fn daily_evaporation(&mut self, first: i64, depths_m: Vec<f64>) {
        let midnight = |k: usize| ((first + k as i64) * 86_400 - self.network.start_s) as f64;
        let points = depths_m.iter().enumerate().map(|(k, depth)| [midnight(k), *depth]).collect();
        self.network.series.push(TimeSeries { id: "[EVAPORATION]".into(), points, file: String::new() });
        self.network.evaporation.series = Some(self.network.series.len() - 1);
        self.network.evaporation.scale_m_s = 1.0 / 86_400.0;
    }
}

/// Month (0–11) of a day since 1970.
fn month(day: i64) -> usize {
    (1..=12)
        .rev()
        .find(|m| clock::days(year(day), *m, 1).is_some_and(|first| first <= day))
        .map_or(0, |m| m as usize - 1)
}

fn year(day: i64) -> i64 {
    let guess = 1970 + day.div_euclid(366);
    (guess..guess + 200).find(|y| clock::days(y + 1, 1, 1).is_none_or(|next| next > day)).unwrap_or(guess)
}

/// Evaporation of days by Hargreaves from the least and greatest temperatures of the last week, m.
fn hargreaves(record: &Record, latitude_deg: f64, adjust_k: &[f64; 12]) -> Vec<f64> {
    let turn = std::f64::consts::TAU / 365.0;
    let phi = latitude_deg.to_radians();
    let mut week: Vec<[f64; 2]> = Vec::with_capacity(8);
    let mut out = Vec::with_capacity(record.days.len());
    for (k, day) in record.days.iter().enumerate() {
        let date = record.first + k as i64;
        let of_year = (date - clock::days(year(date), 1, 1).unwrap_or(date) + 1) as f64;
        let adjust = adjust_k[month(date)];
        let (low, high) = (day.least_c.unwrap_or(21.1) + adjust, day.greatest_c.unwrap_or(21.1) + adjust);
        if week.len() == 7 {
            week.remove(0);
        }
        week.push([0.5 * (low + high), (high - low).abs()]);
        let mean = |at: usize| week.iter().map(|w| w[at]).sum::<f64>() / week.len() as f64;
        let (air, range) = (mean(0), mean(1));
        let tilt = 0.4093 * (turn * (284.0 + of_year)).sin();
        let sunset = (-phi.tan() * tilt.tan()).clamp(-1.0, 1.0).acos();
        let sun = 37.6
            * (1.0 + 0.033 * (turn * of_year).cos())
            * (sunset * phi.sin() * tilt.sin() + phi.cos() * tilt.cos() * sunset.sin());
        let latent = 2.50 - 0.002_361 * air;
        out.push((0.0023 * sun / latent * range.sqrt() * (air + 17.8)).max(0.0) * 1.0e-3);
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::{
        import::swmm::read_swmm,
        model::drainage::{Air, Wind},
    };

    const HEAD: &str = "[OPTIONS]\nFLOW_UNITS CMS\nSTART_DATE 07/01/2000\nEND_DATE 07/03/2000\n[PATTERNS]\nP MONTHLY 1 1 1 1 1 1 2\n\
        [RAINGAGES]\nG INTENSITY 0:05 0.9 TIMESERIES R\n[TIMESERIES]\nR 0 1\nT 0 5\nT 1 7\n\
        [SUBCATCHMENTS]\nS1 G J1 2 50 100 1 0 pack\n[JUNCTIONS]\nJ1 5 2\n[OUTFALLS]\nO1 4 FREE\n";

    #[test]
    fn weather_snow_and_months_or_why_not() {
        let folder = std::env::temp_dir().join(format!("guanlan-climate-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("c.dat"), "X 2000 7 1 30 20 4 *\nX 2000 7 2 32 * * 10\n").unwrap();
        let path = folder.join("a.inp");
        let read = |text: &str| {
            std::fs::write(&path, format!("{HEAD}{text}")).unwrap();
            let (file, report) = read_swmm(&path).unwrap();
            (file.network, report.problems.iter().map(|p| p.message.clone()).collect::<Vec<_>>())
        };
        let (network, told) = read(
            "[TEMPERATURE]\nTIMESERIES T\nWINDSPEED MONTHLY 36 0 0 0 0 0 0 0 0 0 0 0\nSNOWMELT 1 .5 .6 100 45 30\n\
             ADC IMPERV 1 1 1 1 1 1 1 1 1 .5\nADC PERV 1 1\n[SNOWPACKS]\npack PLOWABLE 1 2 0 .1 10 5 .3\n\
             pack PERVIOUS 1 2 0 .1 0 0 50\npack REMOVAL 20 .1 .2 .3 .1 .3 S1\npack REMOVAL 20 .5 .5 .5 0 0\nodd IMPERV 2 1 0 0 0 0 0\n\
             [ADJUSTMENTS]\nTEMPERATURE 1 1 1 1 1 1 1 1 1 1 1 1\nRAINFALL 1 1\nDSTORE S1 P\nINFIL S9 P\n\
             [EVENTS]\n07/02/2000 0:00 07/03/2000 0:00\n07/03/2000 0:00 07/02/2000 0:00\n[EVAPORATION]\nRECOVERY P\n",
        );
        let c = &network.climate;
        assert_eq!(c.air, Air::Series { series: 1, fahrenheit: false });
        assert!(matches!(&c.wind, Wind::Months(w) if (w[0] - 10.0).abs() < 1e-12));
        assert_eq!((c.snow_below_c, c.latitude_deg, c.sun_late_h, c.cover[0][9]), (1.0, 45.0, 0.5, 0.5));
        assert_eq!((c.snow.as_slice(), c.snow_catch.as_slice()), (&[(0, 0)][..], &[0.9][..]));
        let pack = &c.packs[0];
        assert!((pack.surfaces[0].melt_m_s_k[1] - 2.0e-3 / 3600.0 * 3.24).abs() < 1e-15);
        assert_eq!((pack.ploughed, pack.surfaces[0].free_m, pack.surfaces[2].covered_m), (0.3, 0.001, 0.05));
        assert_eq!(pack.removal.unwrap().other, Some(0));
        assert_eq!((c.adjust.air_k[3], c.adjust.storage.as_slice(), c.adjust.recovery[6]), (1.0, &[(0, 0)][..], 2.0));
        assert_eq!(c.events_s, vec![[86_400.0, 172_800.0]]);
        for what in
            ["fewer than 12", "fewer than 10", "shares of removed", "least melt", "ends before", "subcatchment that"]
        {
            assert!(told.iter().any(|t| t.contains(what)), "{what}: {told:?}");
        }
        // A climate file: evaporation by the day, gaps filled with the day before.
        let (network, told) = read(
            "[TEMPERATURE]\nFILE c.dat\nWINDSPEED FILE\n[EVAPORATION]\nFILE .5 .5 .5 .5 .5 .5 .5 .5 .5 .5 .5 .5\n",
        );
        assert!(
            matches!(&network.climate.air, Air::Days(d) if d[0] == [20.0, 30.0] && d[1] == [20.0, 32.0]),
            "{told:?}"
        );
        assert!(matches!(&network.climate.wind, Wind::Days(w) if w[0] == 0.0 && (w[1] - 4.4704).abs() < 1e-9));
        let e = &network.series[network.evaporation.series.unwrap()];
        assert_eq!((e.points[1][0], network.evaporation.scale_m_s), (86_400.0, 1.0 / 86_400.0));
        assert!((e.points[1][1] - 2.0e-3).abs() < 1e-12);
        // Hargreaves: July in the mid latitudes, 25 °C and a range of 10 K, is 5 to 6 mm.
        let (network, _) = read("[TEMPERATURE]\nFILE c.dat\n[EVAPORATION]\nTEMPERATURE\n");
        let e = &network.series[network.evaporation.series.unwrap()].points;
        assert!((5.0e-3..6.5e-3).contains(&e[0][1]), "{e:?}");
        let (_, told) = read("[TEMPERATURE]\nFILE none.dat\n[EVAPORATION]\nTEMPERATURE\n");
        assert!(told.iter().any(|t| t.contains("none.dat")) && told.iter().any(|t| t.contains("no evaporation")));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
