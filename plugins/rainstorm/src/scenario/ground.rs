//! The ground of a scenario besides its losses: roughness by cover, of one value or from a raster, and what buildings
//! are to the water.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_city::{
    City,
    import::{Format, detect, raster::SourceRaster, terrain_asc::read_asc, terrain_tiff::read_tiff},
    model::Terrain,
};
use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scenario, ScenarioError, field};
use crate::{
    bed::{BedSettings, Buildings, LandCover, WORLD_COVER, nearest_m},
    surface::{Grid, SoilClass},
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
    /// A raster of land cover codes (GeoTIFF, ESRI ASCII), relative to the scenario, under what the city's files say.
    pub cover_file: Option<PathBuf>,
    /// What its codes are, for example `{ "10" = "green", "50" = "urban" }`; ESA WorldCover when left out.
    pub cover: BTreeMap<String, SoilClass>,
    /// CRS of these rasters when they do not say their own, for example `EPSG:4549`.
    pub crs: Option<String>,
    /// What buildings are to the water.
    pub buildings: Buildings,
}

impl Default for GroundSpec {
    fn default() -> Self {
        let manning = BedSettings::at(10.0).manning.map(|n| (f64::from(n) * 1.0e4).round() / 1.0e4);
        Self {
            manning,
            manning_n: None,
            manning_file: None,
            cover_file: None,
            cover: BTreeMap::new(),
            crs: None,
            buildings: Buildings::default(),
        }
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
        for (code, class) in &self.cover {
            let good = code.trim().parse::<u32>().is_ok() && *class != SoilClass::Roof;
            field(&format!("ground.cover.\"{code}\""), good, || {
                "expected a code of 0 or more and urban, road, paved, green or water".into()
            })?;
        }
        let one = self.manning_n.is_none() || self.manning_file.is_none();
        field("ground.manning_n, ground.manning_file", one, || "give one of them, not both".into())
    }

    /// Codes of land cover.
    fn codes(&self) -> BTreeMap<u32, SoilClass> {
        if self.cover.is_empty() {
            return WORLD_COVER.into();
        }
        self.cover.iter().filter_map(|(code, class)| Some((code.trim().parse().ok()?, *class))).collect()
    }

    /// What differs from the usual, for those who look at the result; empty when nothing does.
    #[must_use]
    pub fn words(&self) -> Option<Bilingual> {
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        let mut say = |z: String, e: String| {
            zh.push(z);
            en.push(e);
        };
        match (self.manning_n, &self.manning_file) {
            (Some(n), _) => say(format!("糙率 {n}"), format!("Manning's n {n}")),
            (None, Some(file)) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                say(format!("糙率 {name}"), format!("Manning's n of {name}"));
            }
            (None, None) if self.manning != Self::default().manning => {
                say("糙率自定".into(), "Manning's n of its own".into());
            }
            _ => {}
        }
        if let Some(file) = &self.cover_file {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            say(format!("地表 {name}"), format!("cover of {name}"));
        }
        match self.buildings {
            Buildings::RoofDrained => {}
            Buildings::Blocked => {
                say("建筑为墙、屋面雨不计".into(), "buildings are walls, rain on roofs left out".into())
            }
            Buildings::Porous => say("建筑为孔隙".into(), "buildings as pores".into()),
            Buildings::Ignored => say("不计建筑".into(), "no buildings".into()),
        }
        (!zh.is_empty()).then(|| Bilingual::new(zh.join("，"), en.join(", ")))
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
        let fail = |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
        let frame = LocalFrame::new(city.epsg, city.origin);
        let raster = read(&path)?.to_terrain(&frame, self.ground.crs.as_deref(), None);
        let raster = raster.map_err(|e| fail(e.to_string()))?;
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

    /// The raster of land cover over a city's cells, and what there is to say about it.
    ///
    /// # Errors
    /// Names the file, and what is wrong with it.
    pub fn land(&self, city: &City, grid: &Grid) -> Result<(Option<Arc<LandCover>>, Vec<String>), ScenarioError> {
        let Some(file) = &self.ground.cover_file else { return Ok((None, Vec::new())) };
        let path = self.base.join(file);
        let fail = |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
        let frame = LocalFrame::new(city.epsg, city.origin);
        let made = LandCover::new(&read(&path)?, &self.ground.codes(), &frame, self.ground.crs.as_deref());
        let (land, unknown) = made.map_err(|e| fail(e.to_string()))?;
        let told = (0..grid.len()).filter(|k| land.at(grid.centre_m(k % grid.cols, k / grid.cols)).is_some()).count();
        if told == 0 {
            return Err(fail("covers nothing of the city".into()));
        }
        let name = file.display();
        let mut notes = Vec::new();
        if !unknown.is_empty() {
            let some = unknown.iter().take(5).map(u32::to_string).collect::<Vec<_>>().join(", ");
            notes.push(format!(
                "{name}：不认识的地表代码 {some}，按建成区计 / codes that are not known ({some}) are taken as urban"
            ));
        }
        if told < grid.len() {
            let share = 100.0 * told as f64 / grid.len() as f64;
            notes.push(format!(
                "{name}：地表栅格给出模型的 {share:.1} %，其余按建成区计 / tells the cover of {share:.1} % of the model: the rest is taken as urban"
            ));
        }
        Ok((Some(Arc::new(land)), notes))
    }
}

fn read(path: &Path) -> Result<SourceRaster, ScenarioError> {
    let fail = |reason: String| ScenarioError::File { path: path.display().to_string(), reason };
    let ascii = matches!(detect(path), Ok(Format::EsriAscii));
    let (raster, _) = if ascii { read_asc(path) } else { read_tiff(path) }.map_err(|e| fail(e.to_string()))?;
    Ok(raster)
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
    fn a_raster_says_what_covers_the_ground() {
        let city = city();
        let name = format!("guanlan-cover-{}.asc", std::process::id());
        let path = std::env::temp_dir().join(&name);
        let codes = (0..16).map(|_| "10 50 80 7 ".repeat(5)).collect::<Vec<_>>().join("\n");
        let header = "ncols 20\nnrows 16\nxllcorner 516000\nyllcorner 3350000\ncellsize 10\nNODATA_value -9999\n";
        std::fs::write(&path, format!("{header}{codes}")).unwrap();
        let file = format!("cover_file = \"{name}\"\ncrs = \"EPSG:4549\"");
        let s = scenario(&file).unwrap();
        let (domain, notes) = s.domain(&city, false).unwrap();
        assert_eq!(
            [4, 5, 7].map(|c| domain.soil_class(c, 8)),
            [SoilClass::Green, SoilClass::Urban, SoilClass::Urban].map(Some)
        );
        assert!(domain.is_fixed(6, 8) || domain.is_blocked(6, 8), "open water");
        assert!((domain.manning(4, 8) - 0.06).abs() < 1e-6 && (domain.manning(5, 8) - 0.04).abs() < 1e-6);
        assert!(notes.iter().any(|n| n.contains("(7)")) && notes.iter().any(|n| n.contains("75.0 %")), "{notes:?}");
        // Codes of one's own; and what is in another CRS is named, not averaged.
        let own = scenario(&format!("{file}\n[ground.cover]\n\"7\" = \"road\"\n\"50\" = \"green\"")).unwrap();
        let domain = own.domain(&city, false).unwrap().0;
        assert_eq!([5, 7].map(|c| domain.soil_class(c, 8)), [SoilClass::Green, SoilClass::Road].map(Some));
        let words = own.ground.words().unwrap();
        assert!(words.zh.contains("地表 guanlan-cover"), "{}", words.zh);
        std::fs::remove_file(&path).unwrap();
        assert!(scenario("[ground.cover]\nten = \"green\"").is_err() && scenario("").unwrap().ground.words().is_none());
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
