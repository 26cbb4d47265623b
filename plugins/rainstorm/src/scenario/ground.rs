//! The ground of a scenario besides its losses: roughness by cover, of one value or from a raster, and what buildings
//! are to the water.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_city::{
    City,
    import::{Format, detect, terrain_asc::read_asc, terrain_tiff::read_tiff},
    model::Terrain,
};
use guanlan_geography::LocalFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scenario, ScenarioError, field};
use crate::{
    bed::{BedSettings, Buildings, nearest_m},
    surface::Grid,
};

/// Roughness and buildings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroundSpec {
    /// Manning's n, s/m^(1/3), of urban, road, paved, green, water ground and roofs.
    pub manning: [f64; 6],
    /// One Manning's n everywhere instead, s/m^(1/3).
    pub manning_n: Option<f64>,
    /// A raster of Manning's n (GeoTIFF, ESRI ASCII), relative to the scenario; where it says nothing the cover does.
    pub manning_file: Option<PathBuf>,
    /// CRS of that raster when it does not say its own, for example `EPSG:4549`.
    pub crs: Option<String>,
    /// What buildings are to the water.
    pub buildings: Buildings,
}

impl Default for GroundSpec {
    fn default() -> Self {
        let manning = BedSettings::at(10.0).manning.map(|n| (f64::from(n) * 1.0e4).round() / 1.0e4);
        Self { manning, manning_n: None, manning_file: None, crs: None, buildings: Buildings::default() }
    }
}

impl GroundSpec {
    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        let within = |name: &str, n: f64| {
            field(&format!("ground.{name}"), (0.0..=1.0).contains(&n), || format!("{n}: expected 0 to 1"))
        };
        for n in self.manning {
            within("manning", n)?;
        }
        self.manning_n.map_or(Ok(()), |n| within("manning_n", n))?;
        let one = self.manning_n.is_none() || self.manning_file.is_none();
        field("ground.manning_n, ground.manning_file", one, || "give one of them, not both".into())
    }

    /// Manning's n by class.
    pub(super) fn by_class(&self) -> [f32; 6] {
        self.manning_n.map_or(self.manning, |n| [n; 6]).map(|n| n as f32)
    }
}

impl Scenario {
    /// The raster of roughness over a city's cells, and what there is to say about it.
    ///
    /// # Errors
    /// Names the file, and what is wrong with it: no raster, no place, nothing over the model, no roughness at all.
    pub fn roughness(&self, city: &City, grid: &Grid) -> Result<(Option<Arc<Terrain>>, Vec<String>), ScenarioError> {
        let Some(file) = &self.ground.manning_file else { return Ok((None, Vec::new())) };
        let path = self.base.join(file);
        let raster = read(&path, self.ground.crs.as_deref(), &LocalFrame::new(city.epsg, city.origin))?;
        let fail = |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
        let known = |n: &f32| n.is_finite() && (0.0..=1.0).contains(n);
        let odd = raster.z_m.iter().filter(|n| n.is_finite() && !known(n)).count();
        if !raster.z_m.iter().any(known) {
            return Err(fail("no cell has a Manning's n: expected values of 0 to 1".into()));
        }
        let cells = (0..grid.len()).map(|k| grid.centre_m(k % grid.cols, k / grid.cols));
        let told = cells.filter(|[x, y]| nearest_m(&raster, *x, *y).is_some_and(|n| known(&n))).count();
        if told == 0 {
            return Err(fail("covers nothing of the city".into()));
        }
        let name = file.display();
        let mut notes = Vec::new();
        if odd > 0 {
            notes.push(format!(
                "{name}：{odd} 格糙率不在 0 到 1 之间，按地表类别取值 / {odd} cells have a Manning's n outside 0 to 1: that of their cover is taken"
            ));
        }
        if told < grid.len() {
            let share = 100.0 * told as f64 / grid.len() as f64;
            notes.push(format!(
                "{name}：糙率栅格覆盖模型的 {share:.1} %，其余按地表类别取值 / covers {share:.1} % of the model: elsewhere the n of the cover is taken"
            ));
        }
        Ok((Some(Arc::new(raster)), notes))
    }
}

fn read(path: &Path, crs: Option<&str>, frame: &LocalFrame) -> Result<Terrain, ScenarioError> {
    let fail = |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
    let ascii = matches!(detect(path), Ok(Format::EsriAscii));
    let (raster, _) = if ascii { read_asc(path) } else { read_tiff(path) }.map_err(|e| fail(e.to_string()))?;
    raster.to_terrain(frame, crs, None).map_err(|e| fail(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bed::domain_of;

    /// A plain of 20 × 16 cells of 10 m with a house on it, and a file of roughness over its western half.
    fn city() -> City {
        let mut city = City { epsg: 4549, origin: [516_000.0, 3_350_000.0], ..City::default() };
        let z_m = vec![5.0; 20 * 16];
        city.terrain = Some(Terrain { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 20, rows: 16, z_m });
        city
    }

    fn scenario(ground: &str) -> Result<Scenario, ScenarioError> {
        let text = format!("[storm]\nkind = \"uniform\"\nintensity_mm_h = 60\nduration_min = 10\n[ground]\n{ground}");
        let table: toml::Table = text.parse().unwrap();
        Scenario::from_table(table, &std::env::temp_dir(), Path::new("mine.toml"))
    }

    #[test]
    fn one_roughness_or_that_of_a_raster_or_that_of_the_cover() {
        let city = city();
        let n = |s: &Scenario, col| s.domain(&city, false).unwrap().0.manning(col, 8);
        assert!((n(&scenario("").unwrap(), 3) - 0.04).abs() < 1e-6, "urban ground");
        assert!((n(&scenario("manning_n = 0.1").unwrap(), 3) - 0.1).abs() < 1e-6);
        let name = format!("guanlan-roughness-{}.asc", std::process::id());
        let rows = (0..16).map(|r| if r == 0 { "0.2 -9999 7 0.2 ".repeat(3) } else { "0.2 0.2 0.2 0.2 ".repeat(3) });
        let text = format!(
            "ncols 12\nnrows 16\nxllcorner 516000\nyllcorner 3350000\ncellsize 10\nNODATA_value -9999\n{}",
            rows.collect::<Vec<_>>().join("\n")
        );
        let path = std::env::temp_dir().join(&name);
        std::fs::write(&path, text).unwrap();
        let s = scenario(&format!("manning_file = \"{name}\"\ncrs = \"EPSG:4549\"")).unwrap();
        let (domain, notes) = s.domain(&city, false).unwrap();
        assert!((domain.manning(3, 8) - 0.2).abs() < 1e-6 && (domain.manning(18, 8) - 0.04).abs() < 1e-6);
        assert!((domain.manning(1, 15) - 0.04).abs() < 1e-6 && (domain.manning(2, 15) - 0.04).abs() < 1e-6);
        let said = notes.join("\n");
        assert!(said.contains("outside 0 to 1") && said.contains("58.1 %"), "{said}");
        assert!(s.files().contains(&path), "a matrix sees its changes");
        std::fs::remove_file(&path).unwrap();
        let gone = s.domain(&city, false).unwrap_err().to_string();
        assert!(gone.contains(&name), "{gone}");
    }

    #[test]
    fn absurd_roughness_is_refused() {
        for (ground, what) in [
            ("manning_n = -0.01", "ground.manning_n"),
            ("manning_n = nan", "ground.manning_n"),
            ("manning = [0.04, 3.5, 0.02, 0.06, 0.03, 0.02]", "ground.manning"),
            ("manning_n = 0.03\nmanning_file = \"a.tif\"", "give one of them"),
            ("buildings = \"glass\"", "glass"),
        ] {
            let error = scenario(ground).unwrap_err().to_string();
            assert!(error.contains(what) || error.contains("其中之一"), "{ground}: {error}");
        }
    }

    #[test]
    fn buildings_are_walls_or_nothing_and_their_rain_comes_down_or_not() {
        use guanlan_city::model::{Building, BuildingPart};
        let mut city = city();
        let footprint = vec![[60.0, 60.0], [100.0, 60.0], [100.0, 100.0], [60.0, 100.0]];
        let part = BuildingPart { footprint, ..BuildingPart::default() };
        city.buildings.push(Building { parts: vec![part], ..Building::default() });
        let made = |city: &City, kind: &str| {
            domain_of(city, &scenario(&format!("buildings = \"{kind}\"")).unwrap().bed(10.0)).unwrap()
        };
        let roofs = |kind: &str| made(&city, kind).class_cells()[5];
        assert!(made(&city, "roof_drained").is_blocked(7, 7) && made(&city, "blocked").is_blocked(7, 7));
        let ignored = made(&city, "ignored");
        assert!(!ignored.is_blocked(7, 7) && !ignored.is_porous());
        assert_eq!([roofs("roof_drained"), roofs("blocked"), roofs("ignored")], [16.0, 0.0, 0.0]);
        // A house over a quarter of a cell: that cell holds water on three quarters of it.
        city.buildings[0].parts[0].footprint = vec![[60.0, 60.0], [66.0, 60.0], [66.0, 64.0], [60.0, 64.0]];
        let porous = made(&city, "porous");
        assert!(porous.is_porous() && !porous.is_blocked(6, 6));
        assert!((porous.open_area_m2(6, 6) - 76.0).abs() < 1e-3 && porous.open_area_m2(7, 7) == 100.0);
    }
}
