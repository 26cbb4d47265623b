//! `[AQUIFERS]`, `[GROUNDWATER]`, `[GWF]`, `[HYDROGRAPHS]`, `[RDII]`.

use super::{Names, Reader, formula::formula, key, number, text::Row};
use crate::model::drainage::{Aquifer, Groundwater, Rdii, UnitHydrograph, UnitTriangle};

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

impl Reader<'_> {
    /// Aquifers and ground water; after nodes and subcatchments.
    pub(super) fn ground(&mut self) {
        let mut known = Names::new();
        for row in self.rows("AQUIFERS") {
            match self.aquifer(row) {
                Ok(aquifer) => {
                    known.entry(key(&aquifer.id)).or_insert(self.network.aquifers.len());
                    self.network.aquifers.push(aquifer);
                }
                Err(reason) => self.skip(row, "AQUIFERS", reason),
            }
        }
        for row in self.rows("GROUNDWATER") {
            match self.ground_of(row, &known) {
                Ok(ground) => self.network.groundwater.push(ground),
                Err(reason) => self.skip(row, "GROUNDWATER", reason),
            }
        }
        for row in self.rows("GWF") {
            if let Err(reason) = self.ground_formula(row) {
                self.skip(row, "GWF", reason);
            }
        }
    }

    /// `Subcat LATERAL|DEEP Expr`.
    fn ground_formula(&mut self, row: &Row<'_>) -> Result<(), String> {
        let catchment = *self.catchments.get(&key(row.words[0])).ok_or("a subcatchment that is not defined")?;
        let word = row.words.get(1).map(|w| w.to_ascii_uppercase()).unwrap_or_default();
        let variable = |n: &str| Groundwater::VARIABLES.iter().position(|v| v.eq_ignore_ascii_case(n));
        let found = formula(&row.words.get(2..).unwrap_or_default().join(" "), &variable)?;
        let ground = self.network.groundwater.iter_mut().find(|g| g.catchment == catchment);
        let ground = ground.ok_or("a subcatchment without ground water")?;
        match word.as_str() {
            w if w.starts_with("LAT") => ground.lateral = Some(found),
            "DEEP" => ground.deep = Some(found),
            other => return Err(format!("'{other}', expected LATERAL or DEEP")),
        }
        Ok(())
    }

    /// `Name Por WP FC Ks Kslp Tslp ETu ETs Seep Ebot Egw Umc (ETupat)`.
    fn aquifer(&self, row: &Row<'_>) -> Result<Aquifer, String> {
        let p = |at: usize| number(row, at, "parameter");
        let (length, rate) = (self.units.length_m, self.units.depth_m() / 3600.0);
        let a = Aquifer {
            id: row.words[0].into(),
            porosity: p(1)?,
            wilting_point: p(2)?,
            field_capacity: p(3)?,
            conductivity_m_s: p(4)? * rate,
            conductivity_slope: p(5)?,
            tension_slope_m: p(6)? * length,
            upper_evaporation: p(7)?,
            evaporation_depth_m: p(8)? * length,
            deep_loss_m_s: p(9)? * rate,
            bottom_m: p(10)? * length,
            table_m: p(11)? * length,
            moisture: p(12)?,
            pattern: row.words.get(13).and_then(|w| self.patterns.get(&key(w)).copied()),
        };
        let sound = a.porosity > 0.0
            && a.porosity <= 1.0
            && a.field_capacity < a.porosity
            && a.wilting_point < a.field_capacity
            && a.conductivity_m_s > 0.0
            && a.conductivity_slope >= 0.0
            && a.tension_slope_m >= 0.0
            && a.upper_evaporation >= 0.0
            && a.evaporation_depth_m >= 0.0
            && a.table_m >= a.bottom_m
            && (a.wilting_point..=a.porosity).contains(&a.moisture);
        if sound { Ok(a) } else { Err("parameters of an aquifer that contradict each other".into()) }
    }

    /// `Subcat Aquifer Node Esurf A1 B1 A2 B2 A3 Dsw (Egwt Ebot Wgr Umc)`.
    fn ground_of(&self, row: &Row<'_>, aquifers: &Names) -> Result<Groundwater, String> {
        let name = |at: usize| key(row.words.get(at).copied().unwrap_or_default());
        let catchment = *self.catchments.get(&name(0)).ok_or("a subcatchment that is not defined")?;
        let aquifer = *aquifers.get(&name(1)).ok_or("an aquifer that is not defined")?;
        let node = *self.nodes.get(&name(2)).ok_or("a node that is not defined")?;
        let length = self.units.length_m;
        let p = |at: usize| number(row, at, "parameter");
        let maybe = |at: usize, scale: f64| match row.words.get(at) {
            None | Some(&"*" | &"") => Ok(None),
            Some(_) => p(at).map(|v| Some(v * scale)),
        };
        let ground = Groundwater {
            catchment,
            aquifer,
            node,
            surface_m: p(3)? * length,
            coefficients: [p(4)?, p(5)?, p(6)?, p(7)?, p(8)?],
            fixed_depth_m: p(9)? * length,
            threshold_m: maybe(10, length)?,
            bottom_m: maybe(11, length)?,
            table_m: maybe(12, length)?,
            moisture: maybe(13, 1.0)?,
            unit_m: length,
            unit_m_s: length * length * length / self.units.land_m2(),
            unit_rain_m_s: self.units.depth_m() / 3600.0,
            unit_land_m2: self.units.land_m2(),
            lateral: None,
            deep: None,
        };
        let of = &self.network.aquifers[aquifer];
        if ground.surface_m <= ground.bottom_m.unwrap_or(of.bottom_m)
            || ground.surface_m < ground.table_m.unwrap_or(of.table_m)
        {
            return Err("a ground below its aquifer's bottom or water table".into());
        }
        Ok(ground)
    }

    /// Unit hydrographs and the nodes that use them.
    pub(super) fn rdii(&mut self) {
        let gages: Names = self.network.gages.iter().enumerate().map(|(i, g)| (key(&g.id), i)).collect();
        let mut known = Names::new();
        for row in self.rows("HYDROGRAPHS") {
            let hydrographs = &mut self.network.hydrographs;
            let at = *known.entry(key(row.words[0])).or_insert_with(|| {
                hydrographs.push(UnitHydrograph { id: row.words[0].into(), ..UnitHydrograph::default() });
                hydrographs.len() - 1
            });
            if row.words.len() == 2 {
                match gages.get(&key(row.words[1])) {
                    Some(gage) => self.network.hydrographs[at].gage = Some(*gage),
                    None => self.skip(row, "HYDROGRAPHS", "a rain gage that is not defined"),
                }
                continue;
            }
            match self.triangles(row) {
                Ok((months, triangles)) => {
                    for month in months {
                        for (k, triangle) in &triangles {
                            self.network.hydrographs[at].months[month][*k] = *triangle;
                        }
                    }
                }
                Err(reason) => self.skip(row, "HYDROGRAPHS", reason),
            }
        }
        for row in self.rows("RDII") {
            let node = self.nodes.get(&key(row.words[0])).copied();
            let hydrograph = row.words.get(1).and_then(|w| known.get(&key(w)).copied());
            match (node, hydrograph, number(row, 2, "sewered area")) {
                (Some(node), Some(hydrograph), Ok(area)) if area >= 0.0 => {
                    self.network.rdii.push(Rdii { node, hydrograph, area_m2: area * self.units.land_m2() });
                }
                (None, ..) => self.skip(row, "RDII", "a node that is not defined"),
                (_, None, _) => self.skip(row, "RDII", "a unit hydrograph that is not defined"),
                _ => self.skip(row, "RDII", "the sewered area is not a number of 0 or more"),
            }
        }
    }

    /// `Name Month Response R T K (Dmax Drec D0)`, or the old form with R, T, K of all three responses.
    fn triangles(&self, row: &Row<'_>) -> Result<(std::ops::Range<usize>, Vec<(usize, UnitTriangle)>), String> {
        let month = row.words[1].to_ascii_uppercase();
        let months = match MONTHS.iter().position(|m| month.starts_with(m)) {
            Some(k) => k..k + 1,
            None if month == "ALL" => 0..12,
            None => return Err(format!("month is '{month}', expected JAN to DEC or ALL")),
        };
        let depth = self.units.depth_m();
        let p = |at: usize| number(row, at, "parameter").map(|v| v.max(0.0));
        let triangle = |[r, t, k]: [usize; 3], rest: usize| {
            let peak_s = p(t)? * 3600.0;
            Ok::<_, String>(UnitTriangle {
                share: p(r)?,
                peak_s,
                base_s: peak_s * (1.0 + p(k)?),
                abstraction_m: p(rest)? * depth,
                recovery_m_s: p(rest + 1)? * depth / 86_400.0,
                used_m: p(rest + 2)? * depth,
            })
        };
        let response = row.words.get(2).map(|w| w.to_ascii_uppercase()).unwrap_or_default();
        let list = match response.as_str() {
            "SHORT" => vec![(0, triangle([3, 4, 5], 6)?)],
            "MEDIUM" => vec![(1, triangle([3, 4, 5], 6)?)],
            "LONG" => vec![(2, triangle([3, 4, 5], 6)?)],
            _ if row.words.len() >= 11 => (0..3)
                .map(|k| Ok((k, triangle([2 + 3 * k, 3 + 3 * k, 4 + 3 * k], 11)?)))
                .collect::<Result<_, String>>()?,
            other => return Err(format!("response is '{other}', expected SHORT, MEDIUM or LONG")),
        };
        Ok((months, list))
    }
}
