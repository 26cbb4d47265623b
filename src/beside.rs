//! `guanlan render --compare`: two waters beside each other, from files.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_city::{City, import::terrain_tiff::read_tiff, model::Terrain};
use guanlan_core::{
    Bilingual, Stamp, WaterPeaks,
    input::{DepthField, DepthPatch},
    peaks::{ARRIVED_M, PeakRaster},
};
use guanlan_stage::{Compare, CompareView, Side, layers};

use crate::{
    args::RenderArgs,
    exit::{Failure, bad_input},
};

/// What `--compare` asks for; `None` when nothing is compared.
pub fn compare(args: &RenderArgs, city: &City) -> Result<Option<Compare>, Failure> {
    if args.compare.is_empty() {
        return Ok(None);
    }
    if !(0.0..=1.0).contains(&args.divider) {
        return Err(bad_input(format!("--divider {}: expected 0 to 1", args.divider)));
    }
    let mut sides = Vec::new();
    let mut names = Vec::new();
    for path in &args.compare {
        let water = Some(Arc::new(depths(path, city)?));
        sides.push(Side { water, peaks: peaks(path, city)?.map(Arc::new), ..Side::default() });
        names.push(Bilingual::same(name(path, &args.compare)));
    }
    let (right, right_name) = (sides.pop(), names.pop());
    let view = if args.side_by_side { CompareView::SideBySide } else { CompareView::Swipe };
    let names = [names.pop().unwrap_or_else(|| Bilingual::new("当前", "now")), right_name.unwrap_or_default()];
    Ok(Some(Compare { left: sides.pop(), right, view, divider: args.divider, names }))
}

/// What a raster is called: its file, or its folder where all files have one name.
fn name(path: &Path, all: &[PathBuf]) -> String {
    let one = all.len() > 1 && all.iter().all(|other| other.file_name() == path.file_name());
    let folder = path.parent().and_then(Path::file_name).filter(|_| one);
    folder.or(path.file_stem()).unwrap_or_default().to_string_lossy().into_owned()
}

/// The file of this name in the folders of a run's focus areas, in their order.
fn in_focus_areas(path: &Path) -> impl Iterator<Item = PathBuf> {
    let beside = path.parent().zip(path.file_name()).map(|(dir, name)| (dir.to_owned(), name.to_owned()));
    let file = move |number: u32| beside.as_ref().map(|(dir, name)| dir.join(format!("focus_{number}")).join(name));
    (1..).map_while(file).take_while(|file| file.is_file())
}

/// A depth raster in metres, in the city's frame, with those of the run's focus areas beside it.
fn depths(path: &Path, city: &City) -> Result<DepthField, Failure> {
    let own = raster(path, city)?;
    let mut finer: Vec<DepthPatch> = Vec::new();
    for file in in_focus_areas(path) {
        let patch = raster(&file, city)?;
        // Focus areas that touch share a raster.
        if finer.iter().all(|p| (p.west_m, p.south_m) != (patch.west_m, patch.south_m)) {
            finer.push(patch);
        }
    }
    Ok(DepthField {
        at: Stamp::default(),
        west_m: own.west_m,
        south_m: own.south_m,
        cell_m: own.cell_m,
        cols: own.cols,
        rows: own.rows,
        depth_mm: own.depth_mm,
        estimate: true,
        finer,
    })
}

/// Maxima, arrival and duration of the run whose raster this is, from the files beside it; `None` where they are not.
fn peaks(path: &Path, city: &City) -> Result<Option<WaterPeaks>, Failure> {
    let whole = path.with_file_name("max_depth.tif");
    let mut rasters: Vec<PeakRaster> = Vec::new();
    for deepest in std::iter::once(whole.clone()).chain(in_focus_areas(&whole)) {
        let Some(dir) = deepest.parent().filter(|dir| RUN_FILES.iter().all(|name| dir.join(name).is_file())) else {
            return Ok(None);
        };
        let next = peak_raster(dir, city)?;
        if rasters.iter().skip(1).all(|p| (p.west_m, p.south_m) != (next.west_m, next.south_m)) {
            rasters.push(next);
        }
    }
    Ok(Some(WaterPeaks { rasters, ..WaterPeaks::default() }))
}

/// What a run writes of its extremes: depth, speed, hazard class, arrival, duration.
const RUN_FILES: [&str; 5] =
    ["max_depth.tif", "max_speed.tif", "hazard_arr.tif", "arrival_5cm.tif", "duration_15cm.tif"];

fn peak_raster(dir: &Path, city: &City) -> Result<PeakRaster, Failure> {
    let mut bands = Vec::with_capacity(RUN_FILES.len());
    for name in RUN_FILES {
        bands.push(band(&dir.join(name), city)?);
    }
    let [depth, speed, hazard, arrival, over] = bands.as_slice() else { return Ok(PeakRaster::default()) };
    let mut out = PeakRaster {
        west_m: depth.west_m,
        south_m: depth.south_m,
        cell_m: depth.cell_m,
        cols: depth.cols as u32,
        rows: depth.rows as u32,
        ..PeakRaster::default()
    };
    let value = |band: &Terrain, k: usize| band.z_m.get(k).copied().filter(|v| v.is_finite()).unwrap_or(0.0).max(0.0);
    let mut before = -1_i64;
    for k in (0..depth.z_m.len()).filter(|k| value(depth, *k) > ARRIVED_M) {
        out.steps.push((k as i64 - before) as u32);
        before = k as i64;
        out.depth_mm.push((value(depth, k) * 1000.0).round() as u16);
        out.top_speed_cm_s.push((value(speed, k) * 100.0).round() as u16);
        out.top_hazard.push(value(hazard, k) as u8);
        out.arrival_s.push(value(arrival, k) as u32);
        out.over_s.push(value(over, k) as u32);
        // How it moves at one instant no file says.
        out.speed_cm_s.push(0);
        out.hazard.push(0);
    }
    Ok(out)
}

/// A raster in the city's frame.
fn band(path: &Path, city: &City) -> Result<Terrain, Failure> {
    let wrong = |e: String| bad_input(format!("--compare {}: {e}", path.display()));
    let (raster, _) = read_tiff(path).map_err(|e| wrong(e.to_string()))?;
    raster.to_terrain(&layers::frame_of(city), None, None).map_err(|e| wrong(e.to_string()))
}

fn raster(path: &Path, city: &City) -> Result<DepthPatch, Failure> {
    let wrong = |e: String| bad_input(format!("--compare {}: {e}", path.display()));
    let field = band(path, city)?;
    let most = field.z_m.iter().copied().filter(|d| d.is_finite()).fold(f32::MIN, f32::max);
    if most > 65.0 {
        return Err(wrong(format!("{most} is no depth of water in m: expected a raster like depth_max.tif")));
    }
    let depth_mm = field.z_m.iter().map(|d| if d.is_finite() { (d.max(0.0) * 1000.0).round() as u16 } else { 0 });
    Ok(DepthPatch {
        west_m: field.west_m,
        south_m: field.south_m,
        cell_m: field.cell_m,
        cols: field.cols as u32,
        rows: field.rows as u32,
        depth_mm: depth_mm.collect(),
    })
}
