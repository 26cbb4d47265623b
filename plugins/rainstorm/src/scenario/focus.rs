//! Focus areas of a scenario: their cell side, their rings, the raster with them.

use guanlan_city::City;
use guanlan_geography::LocalFrame;

use super::{FocusArea, Scenario, ScenarioError, field};
use crate::{
    bed::{BedSettings, Buildings, domain_with, focus_boxes, grid_of},
    surface::{Domain, FINER, is_inertial},
    water::WaterError,
};

/// From this cell side on focus areas are refined unless they say otherwise, m: what rooms run at.
const REFINED_FROM_M: f64 = 10.0;

impl Scenario {
    /// Cell side a focus area asks for, m.
    #[must_use]
    pub fn focus_cell_m(&self, focus: &FocusArea) -> f64 {
        let half = self.cell_m / FINER as f64;
        focus.cell_m.unwrap_or(if self.cell_m >= REFINED_FROM_M { half } else { self.cell_m })
    }

    /// True when a focus area is to be computed over finer cells.
    #[must_use]
    pub fn is_refined(&self, focus: &FocusArea) -> bool {
        self.focus_cell_m(focus) < 0.75 * self.cell_m
    }

    /// True when some are.
    #[must_use]
    pub fn refines(&self) -> bool {
        self.focus.iter().any(|f| self.is_refined(f))
    }

    /// True when some lie in the model of a city.
    #[must_use]
    pub fn refines_in(&self, city: &City) -> bool {
        let Ok(grid) = grid_of(city, self.cell_m) else { return false };
        let frame = LocalFrame::new(city.epsg, city.origin);
        let wanted = self.focus.iter().filter(|f| self.is_refined(f));
        let rings: Vec<_> = wanted.map(|f| Self::focus_ring_m(f, &frame)).collect();
        !focus_boxes(&grid, &rings).0.is_empty()
    }

    /// Another cell side for the whole: focus areas take half of it, or it, by their rule.
    pub fn set_cell_m(&mut self, cell_m: f64) {
        if cell_m != self.cell_m {
            self.cell_m = cell_m;
            self.focus.iter_mut().for_each(|f| f.cell_m = None);
        }
    }

    pub(super) fn check_focus(&self, number: usize, focus: &FocusArea) -> Result<(), ScenarioError> {
        let Some(asked) = focus.cell_m else { return Ok(()) };
        let half = self.cell_m / FINER as f64;
        let good = [half, self.cell_m].iter().any(|m| (asked - m).abs() < 1e-6 * self.cell_m);
        field(&format!("focus {}: cell_m", number + 1), good, || {
            format!(
                "{asked}: 应为 {half}（cell_m {cell} 的一半）或 {cell}（不加密） / expected {half} (half of cell_m {cell}) or {cell} (no finer cells)",
                cell = self.cell_m
            )
        })
    }

    /// The ring of a focus area in local m; empty when its places are nowhere.
    #[must_use]
    pub fn focus_ring_m(focus: &FocusArea, frame: &LocalFrame) -> Vec<[f64; 2]> {
        if !focus.ring_m.is_empty() {
            return focus.ring_m.clone();
        }
        let mut points = focus.ring_lonlat.clone();
        if frame.from_lonlat_all(&mut points).is_ok() { points } else { Vec::new() }
    }

    /// The raster of a city with its focus areas, and what there is to say about them. `on_device`: the water is
    /// computed on a graphics device, which has one cell side.
    ///
    /// # Errors
    /// When the terrain cannot carry water at this cell size, or the raster of roughness cannot be used.
    pub fn domain(&self, city: &City, on_device: bool) -> Result<(Domain, Vec<String>), WaterError> {
        let grid = grid_of(city, self.cell_m)?;
        let (roughness, mut notes) = self.roughness(city, &grid)?;
        let (land, more) = self.land(city, &grid)?;
        notes.extend(more);
        let settings = BedSettings { roughness, land, ..self.bed(self.cell_m) };
        let mut boxes = Vec::new();
        if self.refines() {
            let frame = LocalFrame::new(city.epsg, city.origin);
            let wanted: Vec<&FocusArea> = self.focus.iter().filter(|f| self.is_refined(f)).collect();
            let rings: Vec<_> = wanted.iter().map(|f| Self::focus_ring_m(f, &frame)).collect();
            let (found, places) = focus_boxes(&grid, &rings);
            boxes = found;
            for (focus, _) in wanted.iter().zip(places).filter(|(_, place)| place.is_none()) {
                let (zh, en) = (&focus.name.zh, &focus.name.en);
                notes.push(format!("重点区域 {zh} 在模型之外 / focus area {en} lies outside the model"));
            }
            if settings.buildings == Buildings::Porous && !boxes.is_empty() {
                notes.push(format!(
                    "孔隙建筑只有一种网格：重点区域按 {cell} m 计算 / porous buildings have one cell side: focus areas are computed at {cell} m",
                    cell = self.cell_m
                ));
                boxes.clear();
            }
            if on_device && !boxes.is_empty() {
                notes.push(format!(
                    "显卡求解只有一种网格：重点区域按 {cell} m 计算 / the solver on the graphics device has one cell side: focus areas are computed at {cell} m",
                    cell = self.cell_m
                ));
                boxes.clear();
            }
        }
        let (domain, refined) = domain_with(city, &settings, &boxes, &|plain| is_inertial(self.kernel, plain))?;
        if !boxes.is_empty() && !refined {
            notes.push(format!(
                "fv1 求解器只有一种网格：重点区域按 {cell} m 计算 / the fv1 kernel has one cell side: focus areas are computed at {cell} m",
                cell = self.cell_m
            ));
        }
        Ok((domain, notes))
    }
}
