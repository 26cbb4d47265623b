//! The storm of a scenario: shape, place, scale.

use std::path::{Path, PathBuf};

use guanlan_city::City;
use guanlan_geography::LocalFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Name, ScenarioError, parse, read};
use crate::{
    storm::{
        BrushStroke, ChicagoStorm, Coefficients, FormulaBook, GridSpec, Rain, RainMap, RainSeries, ScsType, StormCell,
        StormError, areal_reduction, chicago, read_hyetograph, scs,
    },
    surface::Grid,
};

/// The shape of a storm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StormKind {
    /// 芝加哥雨型.
    #[default]
    Chicago,
    /// SCS 24 h distributions.
    Scs,
    /// Constant intensity.
    Uniform,
    /// A CSV with `t0_min,t1_min,depth_mm` or `t_min,mm_h`.
    Recorded,
    /// Nothing falls everywhere: only grids, cells and painted rain.
    None,
}

/// A storm: part of a scenario, or a file of its own (`scenes/storms/*.toml`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Storm {
    /// Name on the screen.
    pub name: Name,
    /// Shape.
    pub kind: StormKind,
    /// chicago, scs: id of a formula of `assets/storms/formulas.toml`.
    pub formula: String,
    /// chicago, scs: a file of formulas, relative to this file, added to those of the program; the same id
    /// replaces theirs.
    pub formulas: Option<PathBuf>,
    /// chicago, scs: return period P, years.
    pub return_period_a: f64,
    /// chicago, scs, uniform: length, minutes.
    pub duration_min: f64,
    /// chicago: place of the peak, share of the length (r).
    pub peak_ratio: f64,
    /// chicago, scs: bin, minutes.
    pub step_min: f64,
    /// uniform: intensity, mm/h.
    pub intensity_mm_h: f64,
    /// recorded: the CSV, relative to this file.
    pub file: Option<PathBuf>,
    /// scs: distribution.
    pub scs_type: ScsType,
    /// scs: depth of the whole storm, mm; that of the formula at the return period when left out.
    pub depth_mm: Option<f64>,
    /// Every depth is multiplied by this.
    pub scale: f64,
    /// Point rain is reduced to the mean over an area.
    pub areal_reduction: Option<ArealReduction>,
    /// Radar or forecast rasters on top.
    pub grids: Option<GridSpec>,
    /// Moving cells on top.
    pub cell: Vec<StormCell>,
    /// Painted rain on top.
    pub paint: Vec<BrushStroke>,
}

/// How point rain is reduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ArealReduction {
    /// The factor itself.
    pub factor: Option<f64>,
    /// Area the storm is the mean of, km²; the factor follows from it and the storm's length (Leclerc & Schaake
    /// 1972). Without both, the area of the model.
    pub area_km2: Option<f64>,
}

impl Default for Storm {
    fn default() -> Self {
        Self {
            name: Name::default(),
            kind: StormKind::Chicago,
            formula: "shanghai_2017".into(),
            formulas: None,
            return_period_a: 50.0,
            duration_min: 120.0,
            peak_ratio: 0.4,
            step_min: 1.0,
            intensity_mm_h: 0.0,
            file: None,
            scs_type: ScsType::default(),
            depth_mm: None,
            scale: 1.0,
            areal_reduction: None,
            grids: None,
            cell: Vec::new(),
            paint: Vec::new(),
        }
    }
}

/// Most rain a storm may bring in one hour, mm (the world record is about 400).
const MOST_MM_H: f64 = 3000.0;

impl Storm {
    /// Reads a storm file.
    ///
    /// # Errors
    /// Names file, line and field.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        parse(path)
    }

    /// The rain of this storm where it is the same everywhere, without areal reduction; `base` is the folder its
    /// file names are relative to.
    ///
    /// # Errors
    /// Names the field and what was expected.
    pub fn rain(&self, base: &Path) -> Result<RainSeries, ScenarioError> {
        if !(self.scale.is_finite() && (0.0..=10.0).contains(&self.scale)) {
            return Err(StormError::new("storm", "scale", format!("{}: expected 0 to 10", self.scale)).into());
        }
        for (k, cell) in self.cell.iter().enumerate() {
            if let Some((field, reason)) = cell.problem() {
                return Err(StormError::new("storm", format!("cell {}: {field}", k + 1), reason).into());
            }
        }
        for (k, stroke) in self.paint.iter().enumerate() {
            if let Some((field, reason)) = stroke.problem() {
                return Err(StormError::new("storm", format!("paint {}: {field}", k + 1), reason).into());
            }
        }
        if self.kind == StormKind::None && self.grids.is_none() && self.cell.is_empty() && self.paint.is_empty() {
            let reason = "kind = \"none\" needs grids, cells or painted rain";
            return Err(StormError::new("storm", "kind", reason).into());
        }
        let rain = match self.kind {
            StormKind::None => RainSeries::dry(),
            StormKind::Chicago => chicago(&ChicagoStorm {
                formula: self.coefficients(base)?,
                duration_min: self.duration_min,
                peak_ratio: self.peak_ratio,
                step_min: self.step_min,
            })?,
            StormKind::Scs => {
                let depth_mm = match self.depth_mm {
                    Some(mm) => mm,
                    None => self.coefficients(base)?.depth_mm(self.duration_min),
                };
                scs(self.scs_type, depth_mm, self.duration_min, self.step_min)?
            }
            StormKind::Uniform => {
                if !(self.intensity_mm_h.is_finite() && self.intensity_mm_h >= 0.0) {
                    let reason = format!("{}: expected 0 or more mm/h", self.intensity_mm_h);
                    return Err(StormError::new("storm", "intensity_mm_h", reason).into());
                }
                if !(self.duration_min.is_finite() && self.duration_min > 0.0) {
                    let reason = format!("{}: expected more than 0", self.duration_min);
                    return Err(StormError::new("storm", "duration_min", reason).into());
                }
                RainSeries::uniform(self.intensity_mm_h, self.duration_min * 60.0)
            }
            StormKind::Recorded => {
                let Some(file) = &self.file else {
                    return Err(StormError::new("storm", "file", "a recorded storm needs a CSV file").into());
                };
                let path = base.join(file);
                read_hyetograph(&read(&path)?, &path.display().to_string())?
            }
        };
        let rain = scaled(&rain, self.scale)?;
        let steepest =
            rain.knots().windows(2).map(|w| (w[1][1] - w[0][1]) / (w[1][0] - w[0][0]) * 3600.0).fold(0.0, f64::max);
        if steepest > MOST_MM_H {
            let reason = format!("reaches {steepest:.0} mm/h: expected at most {MOST_MM_H} mm/h");
            return Err(StormError::new("storm", "intensity", reason).into());
        }
        Ok(rain)
    }

    fn coefficients(&self, base: &Path) -> Result<Coefficients, ScenarioError> {
        let book = match &self.formulas {
            Some(file) => {
                let path = base.join(file);
                let own = FormulaBook::parse(&read(&path)?, &path.display().to_string())?;
                own.with(FormulaBook::builtin()?)
            }
            None => FormulaBook::builtin()?,
        };
        Ok(book.get(&self.formula)?.at_period(self.return_period_a)?)
    }

    /// Time after which no rain of series, cells and strokes falls, s (rasters are not looked at).
    pub(super) fn end_s(&self, series: &RainSeries) -> f64 {
        let ends = self.cell.iter().map(|c| c.to_min).chain(self.paint.iter().map(|s| s.to_min));
        ends.map(|m| m * 60.0).fold(series.end_s(), f64::max)
    }

    /// The rain over a city, and what had to be assumed.
    ///
    /// # Errors
    /// As [`Self::rain`]; and when rasters cannot be read.
    pub fn over(&self, base: &Path, city: &City, grid: &Grid) -> Result<(Rain, Vec<String>), ScenarioError> {
        let series = self.rain(base)?;
        let mut notes = Vec::new();
        let factor = match self.areal_reduction {
            None => 1.0,
            Some(ArealReduction { factor: Some(f), .. }) if (0.05..=1.0).contains(&f) => f,
            Some(ArealReduction { factor: Some(f), .. }) => {
                let reason = format!("{f}: expected 0.05 to 1");
                return Err(StormError::new("storm", "areal_reduction.factor", reason).into());
            }
            Some(ArealReduction { area_km2, .. }) => {
                let model_km2 = grid.len() as f64 * grid.cell_area_m2() / 1.0e6;
                let area = area_km2.unwrap_or(model_km2);
                if !(area.is_finite() && area > 0.0) {
                    let reason = format!("{area}: expected more than 0");
                    return Err(StormError::new("storm", "areal_reduction.area_km2", reason).into());
                }
                areal_reduction(area, self.end_s(&series) / 3600.0)
            }
        };
        if factor != 1.0 {
            notes.push(format!("areal reduction: point rain times {factor:.3}"));
        }
        let base_rain = scaled(&series, factor)?;
        if self.grids.is_none() && self.cell.is_empty() && self.paint.is_empty() {
            return Ok((base_rain.into(), notes));
        }
        let frame = LocalFrame::new(city.epsg, city.origin);
        let mut map = RainMap { factor: factor * self.scale, ..RainMap::default() };
        if let Some(spec) = &self.grids {
            let east = grid.west_m + grid.cols as f64 * grid.cell_m;
            let north = grid.south_m + grid.rows as f64 * grid.cell_m;
            let (grids, more) = spec.load(base, &frame, [grid.west_m, grid.south_m, east, north])?;
            map.grids = Some(grids);
            notes.extend(more);
        }
        let nowhere =
            |e: guanlan_geography::CrsError| StormError::new("storm", "at_lonlat, path_lonlat", e.to_string());
        for cell in &self.cell {
            let mut cell = cell.clone();
            if let (None, Some([lon, lat])) = (cell.at_m, cell.at_lonlat) {
                (cell.at_m, cell.at_lonlat) = (Some(frame.from_lonlat(lon, lat).map_err(nowhere)?), None);
            }
            map.cells.push(cell);
        }
        for stroke in &self.paint {
            let mut stroke = stroke.clone();
            if stroke.path_m.is_empty() {
                let mut path = std::mem::take(&mut stroke.path_lonlat);
                frame.from_lonlat_all(&mut path).map_err(nowhere)?;
                stroke.path_m = path;
            }
            map.strokes.push(stroke);
        }
        Ok((Rain { base: base_rain, map: Some(std::sync::Arc::new(map)) }, notes))
    }
}

fn scaled(rain: &RainSeries, factor: f64) -> Result<RainSeries, ScenarioError> {
    if factor == 1.0 {
        return Ok(rain.clone());
    }
    let knots: Vec<[f64; 2]> = rain.knots().iter().map(|k| [k[0], k[1] * factor]).collect();
    RainSeries::from_cumulative(knots)
        .ok_or_else(|| StormError::new("storm", "rain", "its cumulative curve is not in order").into())
}
