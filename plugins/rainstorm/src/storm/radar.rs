//! Reads a series of GeoTIFF rain rasters: a folder whose file names carry times, or an index CSV.

use std::path::{Path, PathBuf};

use guanlan_city::import::{raster::SourceRaster, terrain_tiff::read_tiff};
use guanlan_core::Stamp;
use guanlan_geography::LocalFrame;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RainGrid, RainGrids, StormError};

/// What the samples of a raster are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GridUnit {
    /// Mean intensity of its stretch of time.
    #[default]
    MmH,
    /// Depth fallen in its stretch of time.
    Mm,
}

/// What stands for a cell without data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodataRule {
    /// No rain, and a note.
    #[default]
    Zero,
    /// The mean of the cells with data, and a note.
    Mean,
    /// The raster is refused.
    Refuse,
}

/// Where rasters lie and how they are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GridSpec {
    /// Folder of `.tif` files, relative to the storm's file. Names with 12 or 14 digits in a row
    /// (YYYYMMDDhhmm[ss]) carry their time, others follow each other every `step_min`.
    pub folder: Option<PathBuf>,
    /// CSV `file,t0_min,t1_min` or `file,time` (RFC 3339, each lasts until the next), relative to the storm's file.
    pub index: Option<PathBuf>,
    /// What the samples are.
    pub unit: GridUnit,
    /// Time between rasters of a folder without times, and length of the last raster, min.
    pub step_min: f64,
    /// CRS of rasters that do not say theirs, for example `EPSG:4326`.
    pub crs: Option<String>,
    /// What stands for cells without data.
    pub nodata: NodataRule,
}

impl Default for GridSpec {
    fn default() -> Self {
        Self { folder: None, index: None, unit: GridUnit::MmH, step_min: 6.0, crs: None, nodata: NodataRule::default() }
    }
}

/// A file and its stretch of time, s.
type Slot = (PathBuf, f64, f64);

impl GridSpec {
    /// Reads the rasters over an area (west, south, east, north, local m) of a city's frame. The notes say
    /// what had to be assumed.
    ///
    /// # Errors
    /// Names the file, the line or the field, and what was expected.
    pub fn load(
        &self,
        base: &Path,
        frame: &LocalFrame,
        area_m: [f64; 4],
    ) -> Result<(RainGrids, Vec<String>), StormError> {
        if !(self.step_min > 0.0 && self.step_min <= 1440.0) {
            let reason = format!("{}: expected more than 0 and at most 1440", self.step_min);
            return Err(StormError::new("storm.grids", "step_min", reason));
        }
        let slots = match (&self.folder, &self.index) {
            (Some(folder), None) => self.of_folder(&base.join(folder))?,
            (None, Some(index)) => self.of_index(&base.join(index))?,
            _ => return Err(StormError::new("storm.grids", "folder, index", "give one of them")),
        };
        let mut notes = Vec::new();
        let mut frames = Vec::with_capacity(slots.len());
        for (path, from_s, to_s) in slots {
            let (grid, note) = self.read(&path, [from_s, to_s], frame, area_m)?;
            notes.extend(note);
            frames.push(grid);
        }
        let grids = RainGrids::new(frames)
            .ok_or_else(|| StormError::new("storm.grids", "times", "two rasters overlap in time"))?;
        Ok((grids, notes))
    }

    /// The rasters and the index, as far as they are there.
    #[must_use]
    pub fn files(&self, base: &Path) -> Vec<PathBuf> {
        let slots = match (&self.folder, &self.index) {
            (Some(folder), None) => self.of_folder(&base.join(folder)),
            (None, Some(index)) => self.of_index(&base.join(index)),
            _ => Ok(Vec::new()),
        };
        let index = self.index.iter().map(|i| base.join(i));
        index.chain(slots.unwrap_or_default().into_iter().map(|s| s.0)).collect()
    }

    fn of_folder(&self, folder: &Path) -> Result<Vec<Slot>, StormError> {
        let origin = folder.display().to_string();
        let fail = |reason: String| StormError::new(&origin, "folder", reason);
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .map_err(|e| fail(e.to_string()))?
            .filter_map(|e| e.ok().map(|e| e.path()))
            .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("tif") || e.eq_ignore_ascii_case("tiff")))
            .collect();
        files.sort();
        if files.is_empty() {
            return Err(fail("no .tif files".into()));
        }
        let times: Option<Vec<i64>> = files.iter().map(|p| time_of_name(p)).collect();
        let step_s = self.step_min * 60.0;
        Ok(match times {
            Some(times) if times.windows(2).all(|w| w[1] > w[0]) => {
                let starts: Vec<f64> = times.iter().map(|t| (t - times[0]) as f64 / 1000.0).collect();
                until_the_next(files, &starts, step_s)
            }
            Some(_) => return Err(fail("two files carry the same time in their names".into())),
            None => {
                let starts: Vec<f64> = (0..files.len()).map(|k| k as f64 * step_s).collect();
                until_the_next(files, &starts, step_s)
            }
        })
    }

    fn of_index(&self, path: &Path) -> Result<Vec<Slot>, StormError> {
        let origin = path.display().to_string();
        let bad = |line: usize, reason: String| StormError::new(&origin, format!("line {line}"), reason);
        let text = std::fs::read_to_string(path).map_err(|e| StormError::new(&origin, "index", e.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        let header: Vec<&str> = lines.next().map_or("", |(_, l)| l).split(',').map(str::trim).collect();
        let column = |name: &str| header.iter().position(|h| *h == name);
        let expected = || bad(1, "expected the columns file,t0_min,t1_min or file,time".into());
        let file_at = column("file").ok_or_else(expected)?;
        let stretch = column("t0_min").zip(column("t1_min"));
        let time_at = column("time");
        if stretch.is_none() && time_at.is_none() {
            return Err(expected());
        }
        let (mut slots, mut files, mut starts): (Vec<Slot>, Vec<PathBuf>, Vec<f64>) = Default::default();
        let mut first = None;
        for (k, line) in lines.filter(|(_, l)| !l.trim().is_empty()) {
            let cells: Vec<&str> = line.split(',').map(str::trim).collect();
            let cell = |c: usize| cells.get(c).copied().unwrap_or("");
            let file = folder.join(cell(file_at));
            if let Some((c0, c1)) = stretch {
                let number = |c: usize| {
                    let v = cell(c).parse::<f64>().ok().filter(|v| v.is_finite());
                    v.ok_or_else(|| bad(k + 1, format!("'{}': expected minutes", cell(c))))
                };
                let (t0, t1) = (number(c0)? * 60.0, number(c1)? * 60.0);
                if t1 <= t0 {
                    return Err(bad(k + 1, "t1_min must be later than t0_min".into()));
                }
                if slots.last().is_some_and(|s| t0 < s.2 - 1e-6) {
                    return Err(bad(k + 1, "begins before the raster above ends".into()));
                }
                slots.push((file, t0, t1));
            } else {
                let text = cell(time_at.unwrap_or(0));
                let at = Stamp::parse(text).ok_or_else(|| {
                    bad(k + 1, format!("'{text}': expected a time such as 2026-07-31T10:00:00+08:00"))
                })?;
                let since = (at - *first.get_or_insert(at)) as f64 / 1000.0;
                if starts.last().is_some_and(|s| since <= *s) {
                    return Err(bad(k + 1, "not later than the line above".into()));
                }
                files.push(file);
                starts.push(since);
            }
        }
        if slots.is_empty() {
            slots = until_the_next(files, &starts, self.step_min * 60.0);
        }
        if slots.is_empty() { Err(bad(2, "no rasters".into())) } else { Ok(slots) }
    }

    fn read(
        &self,
        path: &Path,
        [from_s, to_s]: [f64; 2],
        frame: &LocalFrame,
        area_m: [f64; 4],
    ) -> Result<(RainGrid, Option<String>), StormError> {
        let origin = path.display().to_string();
        let fail = |place: &str, reason: String| StormError::new(&origin, place, reason);
        let (mut raster, _) = read_tiff(path).map_err(|e| fail(&e.place, e.reason.clone()))?;
        if raster.crs.is_none() && self.crs.is_none() {
            return Err(fail("crs", "the file names no CRS: give it with crs = \"EPSG:…\" under [storm.grids]".into()));
        }
        let own = raster.crs.clone().or_else(|| self.crs.clone());
        crop(&mut raster, own.as_deref(), frame, area_m).map_err(|reason| fail("extent", reason))?;
        let terrain = raster.to_terrain(frame, self.crs.as_deref(), None).map_err(|e| fail("crs", e.to_string()))?;
        if terrain.z_m.is_empty() {
            return Err(fail("extent", "covers nothing of the city".into()));
        }
        if let Some(k) = terrain.z_m.iter().position(|v| *v < 0.0) {
            let reason = format!("{}: rain cannot be negative (is a no-data value missing?)", terrain.z_m[k]);
            return Err(fail(&format!("row {}, column {}", k / terrain.cols, k % terrain.cols), reason));
        }
        let known: Vec<f64> = terrain.z_m.iter().filter(|v| v.is_finite()).map(|v| f64::from(*v)).collect();
        let missing = terrain.z_m.len() - known.len();
        if missing > 0 && self.nodata == NodataRule::Refuse {
            return Err(fail("no data", format!("{missing} of {} cells have no data", terrain.z_m.len())));
        }
        let stand_in = match self.nodata {
            NodataRule::Mean if !known.is_empty() => (known.iter().sum::<f64>() / known.len() as f64) as f32,
            _ => 0.0,
        };
        let per_hour = match self.unit {
            GridUnit::MmH => 1.0,
            GridUnit::Mm => 3600.0 / (to_s - from_s),
        };
        let mm_h: Vec<f32> = terrain
            .z_m
            .iter()
            .map(|v| (f64::from(if v.is_finite() { *v } else { stand_in }) * per_hour) as f32)
            .collect();
        let highest_mm_h = mm_h.iter().copied().fold(0.0, f32::max);
        if highest_mm_h > 2000.0 {
            let reason = format!("{highest_mm_h:.0} mm/h: expected at most 2000 mm/h; check unit = \"mm_h\" or \"mm\"");
            return Err(fail("values", reason));
        }
        let note = (missing > 0).then(|| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            format!("{name}: {missing} of {} rain cells have no data, taken as {stand_in} mm/h", mm_h.len())
        });
        let grid = RainGrid {
            from_s,
            to_s,
            west_m: terrain.west_m,
            south_m: terrain.south_m,
            cell_m: terrain.cell_m,
            cols: terrain.cols,
            rows: terrain.rows,
            mm_h,
            highest_mm_h,
        };
        Ok((grid, note))
    }
}

/// Each file lasts until the next; the last as long as `last_s`.
fn until_the_next(files: Vec<PathBuf>, starts: &[f64], last_s: f64) -> Vec<Slot> {
    let ends = starts.iter().skip(1).copied().chain(starts.last().map(|s| s + last_s));
    files.into_iter().zip(starts.iter().zip(ends)).map(|(f, (from, to))| (f, *from, to)).collect()
}

/// Milliseconds of a time in a file's name: the first run of 14 or 12 digits.
fn time_of_name(path: &Path) -> Option<i64> {
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let run = name.split(|c: char| !c.is_ascii_digit()).find(|r| r.len() == 14 || r.len() == 12)?;
    let seconds = run.get(12..14).unwrap_or("00");
    let text = format!("{}-{}-{}T{}:{}:{seconds}Z", &run[..4], &run[4..6], &run[6..8], &run[8..10], &run[10..12]);
    Stamp::parse(&text).map(|s| s - Stamp::from_secs(0))
}

/// Cuts a raster to the cells around the area, so that a national mosaic costs no more than the city.
fn crop(
    raster: &mut SourceRaster,
    crs: Option<&str>,
    frame: &LocalFrame,
    [west, south, east, north]: [f64; 4],
) -> Result<(), String> {
    let there = match crs {
        Some(crs) if crs != format!("EPSG:{}", frame.epsg) => {
            Some(frame.from_crs(crs).and_then(|t| t.inverse()).map_err(|e| e.to_string())?)
        }
        _ => None,
    };
    let a = raster.affine;
    let determinant = a[1] * a[5] - a[2] * a[4];
    let (mut low, mut high) = ([f64::MAX; 2], [f64::MIN; 2]);
    for i in 0..=8 {
        for j in 0..=8 {
            let (s, t) = (f64::from(i) / 8.0, f64::from(j) / 8.0);
            let projected = frame.to_projected([west + s * (east - west), south + t * (north - south)]);
            let p = match &there {
                Some(there) => there.transform(projected).map_err(|e| e.to_string())?,
                None => projected,
            };
            let (dx, dy) = (p[0] - a[0], p[1] - a[3]);
            let cell = [(dx * a[5] - dy * a[2]) / determinant, (dy * a[1] - dx * a[4]) / determinant];
            for k in 0..2 {
                low[k] = low[k].min(cell[k]);
                high[k] = high[k].max(cell[k]);
            }
        }
    }
    let size = [raster.cols, raster.rows];
    let from = [0, 1].map(|k| (low[k] - 3.0).floor().clamp(0.0, size[k] as f64) as usize);
    let to = [0, 1].map(|k| (high[k] + 3.0).ceil().clamp(0.0, size[k] as f64) as usize);
    let outside = (0..2).any(|k| high[k] < 0.0 || low[k] > size[k] as f64);
    if outside || from[0] >= to[0] || from[1] >= to[1] {
        return Err("covers nothing of the city: check its CRS".into());
    }
    let (cols, rows) = (to[0] - from[0], to[1] - from[1]);
    let mut z = Vec::with_capacity(cols * rows);
    for row in from[1]..to[1] {
        z.extend_from_slice(&raster.z[row * raster.cols + from[0]..row * raster.cols + to[0]]);
    }
    let corner = raster.place(from[0] as f64, from[1] as f64);
    (raster.affine[0], raster.affine[3]) = (corner[0], corner[1]);
    (raster.cols, raster.rows, raster.z) = (cols, rows, z);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::export_tiff::write_geotiff_f32;

    fn frame() -> LocalFrame {
        LocalFrame::new(4549, [500_000.0, 3_400_000.0])
    }

    const AREA: [f64; 4] = [0.0, 0.0, 3000.0, 2000.0];

    fn write(path: &Path, values: &[f32]) {
        write_geotiff_f32(path, 5, 4, 499_000.0, 3_403_000.0, 1000.0, 4549, -9999.0, values).unwrap();
    }

    #[test]
    fn reads_a_folder_by_the_times_in_its_names() {
        let dir = tempfile::tempdir().unwrap();
        let mut values = vec![12.0_f32; 20];
        write(&dir.path().join("radar_202607311000.tif"), &values);
        values[7] = f32::NAN;
        write(&dir.path().join("radar_202607311006.tif"), &values);
        write(&dir.path().join("radar_202607311018.tif"), &[0.0; 20]);
        let spec = GridSpec { folder: Some(".".into()), ..GridSpec::default() };
        let (grids, notes) = spec.load(dir.path(), &frame(), AREA).unwrap();
        let times: Vec<[f64; 2]> = grids.frames().iter().map(|f| [f.from_s, f.to_s]).collect();
        assert_eq!(times, [[0.0, 360.0], [360.0, 1080.0], [1080.0, 1440.0]]);
        assert!(notes.len() == 1 && notes[0].contains("202607311006") && notes[0].contains("1 of 20"), "{notes:?}");
        assert!((grids.frames()[0].at([1500.0, 1000.0]) - 12.0).abs() < 1e-6);
        assert!(grids.rains_at(100.0) && !grids.rains_at(1100.0) && !grids.rains_at(1e6));
        let mm = GridSpec { unit: GridUnit::Mm, ..spec.clone() };
        let (grids, _) = mm.load(dir.path(), &frame(), AREA).unwrap();
        assert!((grids.frames()[0].at([1500.0, 1000.0]) - 120.0).abs() < 1e-3);
        let refuse = GridSpec { nodata: NodataRule::Refuse, ..spec };
        assert!(refuse.load(dir.path(), &frame(), AREA).unwrap_err().to_string().contains("no data"));
    }

    #[test]
    fn reprojects_and_says_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let [lon, lat] = frame().to_lonlat([0.0, 0.0]).unwrap();
        let values: Vec<f32> = (0..400).map(|k| (k % 20) as f32).collect();
        // Geographic: written without a CRS, named by the scenario.
        write_geotiff_f32(&at("a.tif"), 20, 20, lon - 0.1, lat + 0.1, 0.01, 0, -9999.0, &values).unwrap();
        std::fs::write(at("index.csv"), "file,t0_min,t1_min\na.tif,0,10\n").unwrap();
        let spec = GridSpec { index: Some("index.csv".into()), crs: Some("EPSG:4326".into()), ..GridSpec::default() };
        let (grids, _) = spec.load(dir.path(), &frame(), AREA).unwrap();
        // Values rise eastwards by 1 for every .01 degree; (0, 0) is the corner of column 10.
        assert!((grids.frames()[0].at([0.0, 0.0]) - 9.5).abs() < 0.1, "{}", grids.frames()[0].at([0.0, 0.0]));
        let say = |spec: &GridSpec| spec.load(dir.path(), &frame(), AREA).unwrap_err().to_string();
        assert!(say(&GridSpec { crs: None, ..spec.clone() }).contains("names no CRS"));
        assert!(say(&GridSpec { crs: Some("EPSG:4549".into()), ..spec.clone() }).contains("covers nothing"));
        assert!(say(&GridSpec { folder: Some("x".into()), ..spec.clone() }).contains("give one of them"));
        for (text, words) in [
            ("name,t0\n", "expected the columns"),
            ("file,t0_min,t1_min\na.tif,0,x\n", "line 2"),
            ("file,t0_min,t1_min\na.tif,5,5\n", "later"),
            ("file,t0_min,t1_min\na.tif,0,5\na.tif,3,6\n", "line 3"),
            ("file,time\na.tif,yesterday\n", "line 2"),
            ("file,time\n", "no rasters"),
            ("file,t0_min,t1_min\nnone.tif,0,5\n", "none.tif"),
        ] {
            std::fs::write(at("index.csv"), text).unwrap();
            let message = say(&spec);
            assert!(message.contains(words), "{text:?} → {message}");
        }
        let negative: Vec<f32> = vec![-1.0; 20];
        write(&at("n.tif"), &negative);
        std::fs::write(at("index.csv"), "file,time\nn.tif,2026-07-31T10:00:00+08:00\n").unwrap();
        assert!(say(&spec).contains("negative"));
    }
}
