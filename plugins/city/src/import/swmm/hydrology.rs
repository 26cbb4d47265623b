//! `[RAINGAGES]`, `[SUBCATCHMENTS]`, `[SUBAREAS]`, `[INFILTRATION]`, `[EVAPORATION]`, `[INFLOWS]`, `[DWF]`.

use super::{Names, Reader, clock, key, number, outside, text::Row};
use crate::{
    import::Severity,
    model::drainage::{
        DryWeatherFlow, Infiltration, Inflow, RainForm, RainGage, RainSource, RouteTo, SubcatchOutlet, Subcatchment,
        TimeSeries,
    },
};

impl Reader<'_> {
    /// Gages and evaporation, and the names of the subcatchments, which outfalls may route to.
    pub(super) fn rain_and_names(&mut self) {
        for row in self.rows("RAINGAGES") {
            match self.gage(row) {
                Ok(gage) => self.network.gages.push(gage),
                Err(reason) => self.skip(row, "RAINGAGES", reason),
            }
        }
        self.evaporation();
        for row in self.rows("SUBCATCHMENTS") {
            let next = self.catchments.len();
            self.catchments.entry(key(row.words[0])).or_insert(next);
        }
        self.network.subcatchments = self.rows("SUBCATCHMENTS").count();
    }

    /// `Name Form Intvl SCF TIMESERIES Tseries` or `… FILE Fname Sta Units`.
    fn gage(&mut self, row: &Row<'_>) -> Result<RainGage, String> {
        let mut form = match row.words.get(1).map(|w| w.to_ascii_uppercase()).as_deref() {
            Some("INTENSITY") => RainForm::Intensity,
            Some("VOLUME") => RainForm::Volume,
            Some("CUMULATIVE") => RainForm::Cumulative,
            other => {
                let other = other.unwrap_or("");
                return Err(format!("rain of the form '{other}', expected INTENSITY, VOLUME or CUMULATIVE"));
            }
        };
        let interval = row.words.get(2).copied().unwrap_or_default();
        let interval_s = clock::span_s(interval).filter(|s| *s > 0.0);
        let mut interval_s = interval_s.ok_or_else(|| format!("an interval of '{interval}', expected hours or h:m"))?;
        let mut scale_mm = self.units.depth_m() * 1e3;
        let name = row.words.get(5).copied().unwrap_or_default();
        let source = match row.words.get(4).map(|w| w.to_ascii_uppercase()).as_deref() {
            Some("TIMESERIES") => match self.series_of(Some(&name)) {
                Some(series) => RainSource::Series(series),
                None => {
                    self.skip(row, "RAINGAGES", format!("time series '{name}' is not defined; no rain"));
                    RainSource::None
                }
            },
            Some("FILE") => {
                let station = row.words.get(6).copied().unwrap_or("*");
                match row.words.get(7).map(|w| w.to_ascii_uppercase()).as_deref() {
                    Some("MM") => scale_mm = 1.0,
                    Some("IN") => scale_mm = 25.4,
                    _ => {}
                }
                match outside::rain(self.path, name, station, self.network.start_s as f64) {
                    Ok(rain) => {
                        if let Some((every_s, unit_mm)) = rain.recorded {
                            (form, interval_s, scale_mm) = (RainForm::Volume, every_s, unit_mm);
                        }
                        let points = rain.points;
                        let id = format!("{name}:{station}");
                        self.network.series.push(TimeSeries { id, points, file: name.into() });
                        RainSource::Series(self.network.series.len() - 1)
                    }
                    Err(reason) => {
                        self.skip(row, "RAINGAGES", reason);
                        RainSource::File { name: name.into(), station: station.into() }
                    }
                }
            }
            _ => return Err("neither TIMESERIES nor FILE names the rain".into()),
        };
        Ok(RainGage { id: row.words[0].into(), form, interval_s, source, scale_mm, place_m: None })
    }

    fn evaporation(&mut self) {
        // In or mm each day.
        let daily = self.units.depth_m() / 86_400.0;
        for row in self.rows("EVAPORATION") {
            match row.words[0].to_ascii_uppercase().as_str() {
                "CONSTANT" => match number(row, 1, "rate") {
                    Ok(rate) => self.network.evaporation.monthly_m_s = [rate.max(0.0) * daily; 12],
                    Err(reason) => self.skip(row, "EVAPORATION", reason),
                },
                "MONTHLY" => {
                    for month in 0..12 {
                        match number(row, month + 1, "rate") {
                            Ok(rate) => self.network.evaporation.monthly_m_s[month] = rate.max(0.0) * daily,
                            Err(reason) => self.skip(row, "EVAPORATION", reason),
                        }
                    }
                }
                "TIMESERIES" => {
                    self.network.evaporation.series = self.series_of(row.words.get(1));
                    self.network.evaporation.scale_m_s = daily;
                }
                "DRY_ONLY" => self.network.evaporation.dry_only = super::yes(row, 1),
                // Of the climate.
                "FILE" | "TEMPERATURE" | "RECOVERY" => {}
                other => self.skip(row, "EVAPORATION", format!("{other} is not known")),
            }
        }
    }

    pub(super) fn catchments(&mut self) {
        let gages: Names = self.network.gages.iter().enumerate().map(|(i, g)| (key(&g.id), i)).collect();
        let mut known = Names::new();
        let mut all = vec![Subcatchment::default(); self.catchments.len()];
        for row in self.rows("SUBCATCHMENTS") {
            let name = key(row.words[0]);
            if known.contains_key(&name) {
                self.skip(row, "SUBCATCHMENTS", "a subcatchment that is already defined");
                continue;
            }
            let at = self.catchments[&name];
            all[at].id = row.words[0].into();
            known.insert(name, at);
            match self.catchment(row, &gages) {
                Ok(catchment) => all[at] = catchment,
                Err(reason) => self.skip(row, "SUBCATCHMENTS", reason),
            }
        }
        for row in self.rows("SUBAREAS") {
            let Some(&at) = known.get(&key(row.words[0])) else {
                self.skip(row, "SUBAREAS", "a subcatchment that is not defined");
                continue;
            };
            if let Err(reason) = self.subareas(row, &mut all[at]) {
                self.skip(row, "SUBAREAS", reason);
            }
        }
        let model = self.network.options.get("INFILTRATION").map_or("HORTON".into(), |m| m.to_ascii_uppercase());
        for row in self.rows("INFILTRATION") {
            let Some(&at) = known.get(&key(row.words[0])) else {
                self.skip(row, "INFILTRATION", "a subcatchment that is not defined");
                continue;
            };
            // SWMM 5.2 may name another model at the end of a row.
            let own = row.words.last().filter(|w| row.words.len() > 3 && w.parse::<f64>().is_err());
            let model = own.map_or(model.clone(), |w| w.to_ascii_uppercase());
            match self.infiltration(row, &model) {
                Ok(infiltration) => all[at].infiltration = infiltration,
                Err(reason) => self.skip(row, "INFILTRATION", reason),
            }
        }
        self.network.catchments = all;
    }

    /// `Name Rgage OutID Area %Imperv Width Slope Clength (Spack)`.
    fn catchment(&self, row: &Row<'_>, gages: &Names) -> Result<Subcatchment, String> {
        let outlet = row.words.get(2).map(|w| key(w)).unwrap_or_default();
        let outlet = match (self.nodes.get(&outlet), self.catchments.get(&outlet)) {
            (Some(node), _) => SubcatchOutlet::Node(*node),
            // Its own name: water leaves the model.
            (None, Some(_)) if outlet == key(row.words[0]) => SubcatchOutlet::None,
            (None, Some(other)) => SubcatchOutlet::Subcatchment(*other),
            (None, None) => SubcatchOutlet::None,
        };
        Ok(Subcatchment {
            id: row.words[0].into(),
            gage: row.words.get(1).and_then(|w| gages.get(&key(w)).copied()),
            outlet,
            area_m2: number(row, 3, "area")?.max(0.0) * self.units.land_m2(),
            impervious: (number(row, 4, "impervious share")? / 100.0).clamp(0.0, 1.0),
            width_m: number(row, 5, "width")?.max(0.0) * self.units.length_m,
            slope: (number(row, 6, "slope")? / 100.0).max(0.0),
            ..Subcatchment::default()
        })
    }

    /// `Subcat Nimp Nperv Simp Sperv %Zero RouteTo (%Rted)`.
    fn subareas(&self, row: &Row<'_>, into: &mut Subcatchment) -> Result<(), String> {
        let depth = self.units.depth_m();
        into.n_impervious = number(row, 1, "n of the impervious part")?;
        into.n_pervious = number(row, 2, "n of the pervious part")?;
        into.storage_impervious_m = number(row, 3, "depression storage")?.max(0.0) * depth;
        into.storage_pervious_m = number(row, 4, "depression storage")?.max(0.0) * depth;
        into.zero_storage = (number(row, 5, "share without storage")? / 100.0).clamp(0.0, 1.0);
        into.route_to = match row.words.get(6).map(|w| w.to_ascii_uppercase()).as_deref() {
            Some("IMPERV" | "IMPERVIOUS") => RouteTo::Impervious,
            Some("PERV" | "PERVIOUS") => RouteTo::Pervious,
            _ => RouteTo::Outlet,
        };
        into.routed = if row.words.len() > 7 { (number(row, 7, "share routed")? / 100.0).clamp(0.0, 1.0) } else { 1.0 };
        Ok(())
    }

    fn infiltration(&self, row: &Row<'_>, model: &str) -> Result<Infiltration, String> {
        let depth = self.units.depth_m();
        let p = |at: usize| number(row, at, "parameter").map(|v| v.max(0.0));
        Ok(match model {
            "HORTON" | "MODIFIED_HORTON" => Infiltration::Horton {
                max_m_s: p(1)? * depth / 3600.0,
                min_m_s: p(2)? * depth / 3600.0,
                decay_per_s: p(3)? / 3600.0,
                dry_time_s: p(4)? * 86_400.0,
                max_depth_m: p(5)? * depth,
                modified: model == "MODIFIED_HORTON",
            },
            "GREEN_AMPT" | "MODIFIED_GREEN_AMPT" => Infiltration::GreenAmpt {
                suction_m: p(1)? * depth,
                conductivity_m_s: p(2)? * depth / 3600.0,
                moisture_deficit: p(3)?.min(1.0),
                modified: model == "MODIFIED_GREEN_AMPT",
            },
            "CURVE_NUMBER" => Infiltration::CurveNumber { curve_number: p(1)?, dry_time_s: p(3)? * 86_400.0 },
            other => return Err(format!("infiltration by '{other}' is not read")),
        })
    }

    pub(super) fn inflows(&mut self) {
        for row in self.rows("INFLOWS") {
            if !row.words.get(1).is_some_and(|w| w.eq_ignore_ascii_case("FLOW")) {
                self.skip(row, "INFLOWS", "inflow of a pollutant is not modelled");
                continue;
            }
            // Undefined nodes and series are told by the check of references.
            let Some(&node) = self.nodes.get(&key(row.words[0])) else { continue };
            let series = self.series_of(row.words.get(2));
            let flow = self.units.flow_m3_s;
            let read = (|| {
                let scale = if row.words.len() > 5 { number(row, 5, "scale factor")? } else { 1.0 };
                Ok::<_, String>((scale * flow, number(row, 6, "baseline")? * flow))
            })();
            match read {
                Ok((scale_m3_s, baseline_m3_s)) => {
                    let pattern = row.words.get(7).and_then(|w| self.patterns.get(&key(w)).copied());
                    self.network.inflows.push(Inflow { node, series, scale_m3_s, baseline_m3_s, pattern });
                }
                Err(reason) => self.skip(row, "INFLOWS", reason),
            }
        }
        for row in self.rows("DWF") {
            if !row.words.get(1).is_some_and(|w| w.eq_ignore_ascii_case("FLOW")) {
                self.skip(row, "DWF", "inflow of a pollutant is not modelled");
                continue;
            }
            let Some(&node) = self.nodes.get(&key(row.words[0])) else {
                self.skip(row, "DWF", "a node that is not defined");
                continue;
            };
            let average_m3_s = match number(row, 2, "average flow") {
                Ok(average) => average * self.units.flow_m3_s,
                Err(reason) => {
                    self.skip(row, "DWF", reason);
                    continue;
                }
            };
            let mut patterns = Vec::new();
            for name in row.words.iter().skip(3).filter(|w| !w.is_empty() && **w != "*") {
                match self.patterns.get(&key(name)) {
                    Some(known) => patterns.push(*known),
                    None => self.note(Severity::Skipped, row, "DWF", format!("pattern '{name}' is not defined")),
                }
            }
            self.network.dry_weather.push(DryWeatherFlow { node, average_m3_s, patterns });
        }
    }
}
