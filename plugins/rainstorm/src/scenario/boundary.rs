//! Inflow hydrographs, river stages and tides of a scenario.

use std::path::{Path, PathBuf};

use guanlan_geography::LocalFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ScenarioError, read};
use crate::{
    storm::StormError,
    surface::{Boundary, BoundaryKind, Domain},
};

/// What a series gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// Flow into the model, m³/s.
    #[default]
    Flow,
    /// Water level, m above datum.
    Level,
}

/// Cells along a line that follow a series.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BoundarySpec {
    /// Flow or level.
    pub kind: SeriesKind,
    /// Line through the cells, local m; one place is one cell.
    pub line_m: Vec<[f64; 2]>,
    /// The same in longitude and latitude, degrees.
    pub line_lonlat: Vec<[f64; 2]>,
    /// Series: minutes after the start and value.
    pub points: Vec<[f64; 2]>,
    /// The series as a CSV `t_min,value`, relative to the scenario.
    pub file: Option<PathBuf>,
}

impl BoundarySpec {
    fn series(&self, base: &Path) -> Result<Vec<[f64; 2]>, ScenarioError> {
        let points = match &self.file {
            None => self.points.clone(),
            Some(file) => {
                let path = base.join(file);
                let origin = path.display().to_string();
                let mut points = Vec::new();
                for (k, line) in read(&path)?.trim_start_matches('\u{feff}').lines().enumerate().skip(1) {
                    if line.trim().is_empty() {
                        continue;
                    }
                    let mut cells = line.split(',').map(|c| c.trim().parse::<f64>().ok().filter(|v| v.is_finite()));
                    let pair = cells.next().flatten().zip(cells.next().flatten());
                    let (t, v) = pair.ok_or_else(|| {
                        StormError::new(&origin, format!("line {}", k + 1), format!("'{line}': expected t_min,value"))
                    })?;
                    points.push([t, v]);
                }
                points
            }
        };
        Ok(points.into_iter().map(|[t, v]| [t * 60.0, v]).collect())
    }

    /// The boundary over a raster; `number` names it in errors.
    ///
    /// # Errors
    /// When it lies outside, or its series is out of order.
    pub(super) fn over(
        &self,
        number: usize,
        base: &Path,
        frame: &LocalFrame,
        domain: &Domain,
    ) -> Result<Boundary, ScenarioError> {
        let bad = |reason: &str| ScenarioError::Field { field: format!("boundary {number}"), reason: reason.into() };
        let mut line = self.line_m.clone();
        if line.is_empty() {
            line.clone_from(&self.line_lonlat);
            frame.from_lonlat_all(&mut line).map_err(|e| bad(&e.to_string()))?;
        }
        let grid = domain.grid;
        let mut cells = Vec::new();
        let mut add = |x: f64, y: f64| {
            if let Some((c, r)) = grid.cell_of(x, y)
                && !domain.is_blocked(c, r)
                && !cells.contains(&(c, r))
            {
                cells.push((c, r));
            }
        };
        line.iter().for_each(|p| add(p[0], p[1]));
        for w in line.windows(2) {
            let length = (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]);
            let n = (length / (0.5 * grid.cell_m)).ceil().clamp(1.0, 1.0e5) as usize;
            for k in 0..n {
                let t = k as f64 / n as f64;
                add(w[0][0] + t * (w[1][0] - w[0][0]), w[0][1] + t * (w[1][1] - w[0][1]));
            }
        }
        if cells.is_empty() {
            return Err(bad("no open cell of the model lies on its line"));
        }
        let kind = match self.kind {
            SeriesKind::Flow => BoundaryKind::FlowM3S,
            SeriesKind::Level => BoundaryKind::LevelM,
        };
        Boundary::new(kind, cells, self.series(base)?)
            .ok_or_else(|| bad("expected a series of finite values whose times rise"))
    }
}
