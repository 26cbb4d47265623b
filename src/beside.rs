//! `guanlan render --compare`: two waters beside each other, from files.

use std::{path::Path, sync::Arc};

use guanlan_city::{City, import::terrain_tiff::read_tiff};
use guanlan_core::{
    Bilingual, Stamp,
    input::{DepthField, DepthPatch},
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
        sides.push(Side { water, ..Side::default() });
        names.push(Bilingual::same(path.file_stem().unwrap_or_default().to_string_lossy()));
    }
    let (right, right_name) = (sides.pop(), names.pop());
    let view = if args.side_by_side { CompareView::SideBySide } else { CompareView::Swipe };
    let names = [names.pop().unwrap_or_else(|| Bilingual::new("当前", "now")), right_name.unwrap_or_default()];
    Ok(Some(Compare { left: sides.pop(), right, view, divider: args.divider, names }))
}

/// A depth raster in metres, in the city's frame, with those of the run's focus areas beside it.
fn depths(path: &Path, city: &City) -> Result<DepthField, Failure> {
    let own = raster(path, city)?;
    let mut finer: Vec<DepthPatch> = Vec::new();
    for number in 1.. {
        let beside = path.parent().zip(path.file_name());
        let Some(file) = beside.map(|(dir, name)| dir.join(format!("focus_{number}")).join(name)) else { break };
        if !file.is_file() {
            break;
        }
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

fn raster(path: &Path, city: &City) -> Result<DepthPatch, Failure> {
    let wrong = |e: String| bad_input(format!("--compare {}: {e}", path.display()));
    let (raster, _) = read_tiff(path).map_err(|e| wrong(e.to_string()))?;
    let field = raster.to_terrain(&layers::frame_of(city), None, None).map_err(|e| wrong(e.to_string()))?;
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
