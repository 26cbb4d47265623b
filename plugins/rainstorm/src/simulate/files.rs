//! The files of a run.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use guanlan_city::{City, export_tiff::RasterPlace};
use guanlan_core::{Bilingual, Lang};
use guanlan_geography::LocalFrame;

use super::{DepthFrame, Outcome, Summary, layers::write_layers, run::focus_patch};
use crate::{
    outputs::{Band, Resample, Tracker, write_cog},
    scenario::Scenario,
    surface::Domain,
};

/// Value of cells without meaning in the rasters.
pub const NODATA: f32 = -9999.0;

/// Where the rasters of a run lie and what is said of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Rasters {
    /// Place.
    pub place: RasterPlace,
    /// West, south edge in the city's local frame, m.
    pub corner_m: [f64; 2],
    /// Facts in the file: resolution, inputs, error, mode.
    pub facts: Vec<(&'static str, String)>,
    /// True for cells without meaning: blocked ones and held water.
    masked: Vec<bool>,
    /// Finer rasters, and the focus areas (by number from 1) each of them is for.
    finer: Vec<(Self, Vec<usize>)>,
    /// Names of the focus areas, in the order of their numbers.
    focus_names: Vec<Bilingual>,
}

impl Rasters {
    pub(super) fn new(city: &City, scenario: &Scenario, domain: &Domain) -> Self {
        let frame = LocalFrame::new(city.epsg, city.origin);
        let mut rasters = Self::one(city, scenario, domain);
        let mut finer: Vec<(Self, Vec<usize>)> =
            domain.patches().iter().map(|p| (Self::one(city, scenario, &p.domain), Vec::new())).collect();
        for (k, focus) in scenario.focus.iter().enumerate().filter(|(_, f)| scenario.is_refined(f)) {
            if let Some(patch) = focus_patch(domain, &Scenario::focus_ring_m(focus, &frame)) {
                let (raster, numbers) = &mut finer[patch];
                raster.facts.push(("FOCUS", focus.name.zh.clone()));
                numbers.push(k + 1);
            }
        }
        rasters.finer = finer;
        rasters.focus_names = scenario.focus.iter().map(|focus| Bilingual::from(&focus.name)).collect();
        rasters
    }

    fn one(city: &City, scenario: &Scenario, domain: &Domain) -> Self {
        let grid = domain.grid;
        let place = RasterPlace {
            cols: grid.cols,
            rows: grid.rows,
            west: city.origin[0] + grid.west_m,
            north: city.origin[1] + grid.south_m + grid.rows as f64 * grid.cell_m,
            cell: grid.cell_m,
            epsg: city.epsg,
            nodata: NODATA,
        };
        let facts = vec![
            ("PROGRAM", format!("guanlan {}", env!("CARGO_PKG_VERSION"))),
            ("MODE", "batch".to_owned()),
            ("SCENARIO", scenario.name.zh.clone()),
            ("CITY", city.name.zh.clone()),
            ("CELL_M", grid.cell_m.to_string()),
        ];
        let mut masked: Vec<bool> = (0..grid.len()).map(|k| domain.is_blocked(k % grid.cols, k / grid.cols)).collect();
        domain.held().iter().for_each(|c| masked[c.row * grid.cols + c.col] = true);
        Self { place, corner_m: [grid.west_m, grid.south_m], facts, masked, finer: Vec::new(), focus_names: Vec::new() }
    }

    /// Adds what is known at the end.
    pub(super) fn say(&mut self, summary: &Summary) {
        self.facts.push(("MASS_ERROR", format!("{:e}", summary.ledger.error_relative)));
        self.facts.push(("HONESTY", summary.honesty_line(Lang::En)));
        self.finer.iter_mut().for_each(|(finer, _)| finer.say(summary));
    }

    /// Writes a raster given from the south-west; cells without meaning and values that are not finite have
    /// no data.
    fn write(&self, path: &Path, band: &Band<'_>, values: &[f32]) -> io::Result<()> {
        let known = |k: usize| if self.masked[k] || !values[k].is_finite() { f32::NAN } else { values[k] };
        let cols = self.place.cols;
        // GeoTIFF rows run from north to south.
        let flipped: Vec<f32> =
            (0..self.place.rows).rev().flat_map(|r| (r * cols..(r + 1) * cols).map(known)).collect();
        write_cog(path, &self.place, band, &flipped)
    }
}

/// Writes one depth raster, `depth_<seconds>.tif`, and that of each refined focus area into its folder
/// `focus_<number>`.
///
/// # Errors
/// When the file cannot be written.
pub fn write_frame(dir: &Path, rasters: &Rasters, frame: &DepthFrame) -> io::Result<()> {
    write_depth(dir, rasters, frame.at_s, &frame.depth_m)?;
    for ((finer, numbers), depth_m) in rasters.finer.iter().zip(&frame.finer) {
        for number in numbers {
            write_depth(&focus_dir(dir, *number)?, finer, frame.at_s, depth_m)?;
        }
    }
    Ok(())
}

/// The folder of a focus area, made.
fn focus_dir(dir: &Path, number: usize) -> io::Result<PathBuf> {
    let folder = dir.join(format!("focus_{number}"));
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn write_depth(dir: &Path, rasters: &Rasters, at_s: f64, depth_m: &[f32]) -> io::Result<()> {
    let seconds = at_s.round() as u64;
    let mut facts = rasters.facts.clone();
    facts.push(("TIME_S", seconds.to_string()));
    let description = format!("水深 water depth at {seconds} s");
    let band = Band { description: &description, unit: "m", resample: Resample::Mean, facts: &facts };
    rasters.write(&dir.join(format!("depth_{seconds}.tif")), &band, depth_m)
}

/// Writes `summary.json`, `impact.json`, `series.csv`, `speeds.csv`, `gauges.csv`, `layers.toml`, the depth rasters still in the outcome and the rasters of
/// maxima: depth, speed, hazard, arrival, duration, those of refined focus areas in folders `focus_<number>` of their
/// own. `summary.json` comes last: with it the run is whole.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_outputs(dir: &Path, outcome: &Outcome) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let rasters = &outcome.rasters;
    for frame in &outcome.frames {
        write_frame(dir, rasters, frame)?;
    }
    write_extremes(dir, rasters, &outcome.extremes)?;
    for ((finer, numbers), extremes) in rasters.finer.iter().zip(&outcome.extremes.finer) {
        for number in numbers {
            let folder = focus_dir(dir, *number)?;
            write_extremes(&folder, finer, extremes)?;
            let name = rasters.focus_names.get(number - 1).cloned().unwrap_or_default();
            write_layers(&folder, &outcome.summary, Some((&name, *number)))?;
        }
    }
    write_series(dir, outcome)?;
    let json =
        |name: &str, value: serde_json::Result<Vec<u8>>| fs::write(dir.join(name), value.map_err(io::Error::other)?);
    write_layers(dir, &outcome.summary, None)?;
    json("impact.json", serde_json::to_vec_pretty(&outcome.impact))?;
    json("summary.json", serde_json::to_vec_pretty(&outcome.summary))
}

/// The rasters of maxima.
fn write_extremes(dir: &Path, rasters: &Rasters, x: &Tracker) -> io::Result<()> {
    let band = |description, unit, resample| Band { description, unit, resample, facts: &rasters.facts };
    let write = |name: &str, band: &Band<'_>, values: &[f32]| rasters.write(&dir.join(name), band, values);
    let classes = |values: &[u8]| values.iter().map(|v| f32::from(*v)).collect::<Vec<f32>>();
    let (max, min) = (Resample::Max, Resample::Min);
    write("max_depth.tif", &band("最大水深 maximum depth", "m", max), &x.depth_m)?;
    write("max_speed.tif", &band("最大流速 maximum speed", "m/s", max), &x.speed_mps)?;
    write("max_depth_speed.tif", &band("最大单宽流量 maximum depth × speed", "m2/s", max), &x.product_m2_s)?;
    write("hazard_arr.tif", &band("ARR 危险等级 H1–H6, 0 dry", "class", max), &classes(&x.arr))?;
    write("hazard_ea.tif", &band("EA 危险指数 hazard rating d(v+0.5)+DF", "m2/s", max), &x.ea)?;
    write("arrival_5cm.tif", &band("5 cm 到达时间 arrival of 5 cm", "s", min), &x.arrival_5cm_s)?;
    write("arrival_15cm.tif", &band("15 cm 到达时间 arrival of 15 cm", "s", min), &x.arrival_15cm_s)?;
    write("duration_15cm.tif", &band("15 cm 以上历时 duration over 15 cm", "s", max), &x.over_15cm_s)
}

/// `series.csv`: rain and depths; `speeds.csv`: speeds at the same times; `gauges.csv`: what each gauge has seen.
fn write_series(dir: &Path, outcome: &Outcome) -> io::Result<()> {
    let names: String = outcome.gauges.iter().map(|g| format!(",{}", quoted(&g.id))).collect();
    let mut depths = io::BufWriter::new(fs::File::create(dir.join("series.csv"))?);
    let mut speeds = io::BufWriter::new(fs::File::create(dir.join("speeds.csv"))?);
    writeln!(depths, "t_s,rain_mm_h{names}")?;
    writeln!(speeds, "t_s{names}")?;
    for ((t, rain, at), speed) in outcome.series.iter().zip(&outcome.speeds) {
        write!(depths, "{t},{rain:.4}")?;
        at.iter().try_for_each(|depth| write!(depths, ",{depth:.4}"))?;
        writeln!(depths)?;
        write!(speeds, "{t}")?;
        speed.iter().try_for_each(|v| write!(speeds, ",{v:.4}"))?;
        writeln!(speeds)?;
    }
    depths.flush()?;
    speeds.flush()?;
    let mut seen = io::BufWriter::new(fs::File::create(dir.join("gauges.csv"))?);
    writeln!(
        seen,
        "id,max_depth_m,max_speed_m_s,max_depth_speed_m2_s,hazard_arr,hazard_ea,arrival_5cm_s,arrival_15cm_s,over_15cm_s"
    )?;
    for g in &outcome.extremes_at {
        let [first, second] = g.arrival_s.map(|t| if t.is_finite() { format!("{t:.0}") } else { String::new() });
        let (depth, speed, product, ea) = (g.depth_m, g.speed_m_s, g.product_m2_s, g.ea);
        write!(seen, "{},{depth:.4},{speed:.4},{product:.4},{},{ea:.3}", quoted(&g.id), g.arr)?;
        writeln!(seen, ",{first},{second},{:.0}", g.over_15cm_s)?;
    }
    seen.flush()
}

/// A CSV cell, quoted when it has to be (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}
