//! Several files of different formats → one city in one local frame.

use std::path::PathBuf;

use guanlan_core::{Bilingual, Lang};
use guanlan_geography::{LocalFrame, Transformer};

use super::{
    ImportError, Report, Severity, cityjson,
    format::Format,
    geojson_layers, gltf,
    ground::{cut, median_above_ground_m, median_rim_above_ground_m, mosaic},
    osm,
    place_files::{Content, Source, check_place, choose_frame, settle_crs},
    swmm::{FOOT_M, SwmmFile},
};
use crate::model::{City, DrainageNetwork, Terrain};

/// Terrain is kept this far around the buildings, roads and drains, m.
const MARGIN_M: f64 = 1000.0;
/// Files whose heights differ more than this in the median probably have different datums, m.
const DATUM_GAP_M: f32 = 3.0;

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// EPSG code for files that name no CRS; wins over the file's own when only one file can have it.
    pub crs_override: Option<u32>,
    /// Name of the city; the first file's name when `None`.
    pub name: Option<Bilingual>,
    /// Terrain cell, m; about the file's own when `None`.
    pub terrain_cell_m: Option<f64>,
    /// Local frame to use instead of one chosen from the files, for scenes whose own positions are in it.
    pub frame: Option<LocalFrame>,
    /// Language of the progress messages.
    pub lang: Lang,
}

/// Reads files of any supported formats into one city. `progress` gets a line for each file.
///
/// An error means that a file cannot be used at all; everything else is in the report.
pub fn load_city(
    paths: &[PathBuf],
    options: &LoadOptions,
    progress: &dyn Fn(&str),
) -> Result<(City, Report), ImportError> {
    if paths.is_empty() {
        return Err(ImportError::new("", "", "no files given"));
    }
    let say = |zh: &str, en: &str, name: &str| match options.lang {
        Lang::Zh => progress(&format!("{zh} {name}")),
        Lang::En => progress(&format!("{en} {name}")),
    };
    let mut report = Report::default();
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        say("查看", "looking at", &path.display().to_string());
        sources.push(Source::open(path, &mut report)?);
    }
    settle_crs(&mut sources, options.crs_override, &mut report);
    let frame = match options.frame {
        Some(frame) => frame,
        None => choose_frame(&sources, &mut report)?,
    };
    let mut city = City {
        name: options.name.clone().unwrap_or_else(|| Bilingual::same(stem(&paths[0]))),
        epsg: frame.epsg,
        origin: frame.origin,
        ..City::default()
    };
    sources.retain(|source| check_place(source, &frame, &mut report));

    // Terrain first: other things stand on it.
    let mut terrains = Vec::new();
    for source in &sources {
        if let Content::Raster(raster) = &source.content {
            say("地形", "terrain", &source.name());
            let placed = raster.to_terrain(&frame, source.crs.as_deref(), options.terrain_cell_m);
            terrains.push(placed.map_err(|e| ImportError::new(&source.path, "coordinates", e.to_string()))?);
        }
    }
    city.terrain = mosaic(terrains);
    for source in &mut sources {
        if !matches!(source.content, Content::Raster(_)) {
            say("读取", "reading", &source.name());
            add(source, &frame, &mut city, &mut report)?;
        }
    }
    // Parents before children, whatever the order of the files.
    city.areas.sort_by(|a, b| a.code.len().cmp(&b.code.len()).then_with(|| a.code.cmp(&b.code)));
    trim_terrain(&mut city, &mut report);
    city.extent = extent(&city);
    Ok((city, report))
}

fn stem(path: &std::path::Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Reads one file into the city.
fn add(source: &mut Source, frame: &LocalFrame, city: &mut City, report: &mut Report) -> Result<(), ImportError> {
    let ground = city.terrain.as_ref();
    match source.format {
        Format::CityJson => {
            let (part, own) = cityjson::read(&source.path, frame, source.epsg())?;
            source.adopt(report, own);
            if let Some(gap) = ground.and_then(|t| median_above_ground_m(&part.buildings, t))
                && gap.abs() > DATUM_GAP_M
            {
                let text = format!(
                    "buildings stand {gap:.1} m above the terrain in the median: the files may have different vertical \
                     datums"
                );
                report.note(Severity::Guessed, source.name(), text);
            }
            city.buildings.extend(part.buildings);
            city.surfaces.extend(part.surfaces);
            city.landmarks.extend(part.landmarks);
        }
        Format::Osm => {
            let (mut part, own) = osm::read(&source.path, frame, None)?;
            source.adopt(report, own);
            match ground {
                Some(terrain) => part.stand_on(|x, y| terrain.height_m(x, y)),
                None if !part.buildings.is_empty() => {
                    report.note(Severity::Guessed, source.name(), "no terrain: buildings stand at height 0");
                }
                None => {}
            }
            city.buildings.extend(part.buildings);
            city.roads.extend(part.roads);
            city.surfaces.extend(part.surfaces);
            city.places.extend(part.places);
        }
        Format::Swmm => {
            if let Content::Swmm(file) = std::mem::take(&mut source.content) {
                let network = place_network(source, file, frame, report)?;
                if let Some(gap) = ground.and_then(|t| median_rim_above_ground_m(&network, t))
                    && gap.abs() > DATUM_GAP_M
                {
                    let text = format!("manhole rims stand {gap:.1} m above the terrain in the median");
                    report.note(Severity::Guessed, source.name(), text);
                }
                join_network(&mut city.drainage, network);
            }
        }
        Format::Gltf => {
            let (part, own) = gltf::read(&source.path, frame, None)?;
            source.adopt(report, own);
            report.note(
                Severity::Guessed,
                source.name(),
                "a model names no place; it stands in the middle of the city",
            );
            city.landmarks.extend(part.landmarks);
        }
        Format::GeoJson => {
            let (part, own) = geojson_layers::read(&source.path, frame)?;
            source.adopt(report, own);
            city.areas.extend(part.areas);
            city.organisations.extend(part.organisations);
            city.persons.extend(part.persons);
            city.components.extend(part.components);
            city.places.extend(part.places);
            city.sensors.extend(part.sensors);
            city.units.extend(part.units);
            city.landmarks.extend(part.landmarks);
            city.surfaces.extend(part.surfaces);
            city.roads.extend(part.roads);
        }
        Format::GeoTiff | Format::EsriAscii => {}
    }
    Ok(())
}

/// Moves a network into the frame.
fn place_network(
    source: &Source,
    file: SwmmFile,
    frame: &LocalFrame,
    report: &mut Report,
) -> Result<DrainageNetwork, ImportError> {
    let there = match &source.crs {
        Some(crs) => Some(
            Transformer::new(crs.clone(), format!("EPSG:{}", frame.epsg))
                .map_err(|e| ImportError::new(&source.path, "coordinates", e.to_string()))?,
        ),
        None => None,
    };
    // Without a CRS, map units in feet are the only hint.
    let unit = if there.is_none() && frame.epsg == 0 && file.map_units == "FEET" { FOOT_M } else { 1.0 };
    if unit != 1.0 {
        report.note(Severity::Repaired, source.name(), "coordinates in feet made metres");
    }
    let mut lost = 0;
    let mut place = |p: [f64; 2]| {
        let projected = match &there {
            Some(there) => there.transform(p).ok(),
            None => Some(p),
        };
        lost += usize::from(projected.is_none());
        projected.map(|p| frame.to_local(p).map(|v| v * unit))
    };
    let mut network = file.network;
    for node in &mut network.nodes {
        node.place_m = node.place_m.and_then(&mut place);
    }
    for gage in &mut network.gages {
        gage.place_m = gage.place_m.and_then(&mut place);
    }
    let lines = network.conduits.iter_mut().map(|l| &mut l.vertices);
    let lines = lines.chain(network.pumps.iter_mut().map(|l| &mut l.vertices));
    let lines = lines.chain(network.orifices.iter_mut().map(|l| &mut l.vertices));
    let lines = lines.chain(network.weirs.iter_mut().map(|l| &mut l.vertices));
    let lines = lines.chain(network.outlets.iter_mut().map(|l| &mut l.vertices));
    for line in lines.chain(network.catchments.iter_mut().map(|c| &mut c.polygon)) {
        *line = line.iter().filter_map(|&p| place(p)).collect();
    }
    if lost > 0 {
        report.note(Severity::Skipped, source.name(), format!("{lost} coordinates lie outside the CRS"));
    }
    Ok(network)
}

/// Adds a second network.
fn join_network(into: &mut Option<DrainageNetwork>, network: DrainageNetwork) {
    match into {
        Some(known) => known.join(network),
        None => *into = Some(network),
    }
}

/// Keeps the terrain around the city when a file covers far more.
fn trim_terrain(city: &mut City, report: &mut Report) {
    let Some(bounds) = content_bounds(city) else { return };
    let Some(terrain) = &city.terrain else { return };
    let wanted = [bounds[0] - MARGIN_M, bounds[1] - MARGIN_M, bounds[2] + MARGIN_M, bounds[3] + MARGIN_M];
    let whole = terrain.cols as f64 * terrain.cell_m * terrain.rows as f64 * terrain.cell_m;
    if whole < 1.5 * (wanted[2] - wanted[0]) * (wanted[3] - wanted[1]) {
        return;
    }
    match cut(terrain, wanted) {
        Some(part) => {
            let text = format!(
                "{} x {} cells kept of {} x {}: those within {MARGIN_M} m of the city",
                part.cols, part.rows, terrain.cols, terrain.rows
            );
            report.note(Severity::Skipped, "terrain", text);
            city.terrain = Some(part);
        }
        None => report.note(Severity::Guessed, "terrain", "the terrain does not lie under the buildings and roads"),
    }
}

fn grow(bounds: &mut Option<[f64; 4]>, p: [f64; 2]) {
    if p.iter().all(|v| v.is_finite()) {
        let b = bounds.get_or_insert([p[0], p[1], p[0], p[1]]);
        *b = [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])];
    }
}

/// West, south, east, north of everything but terrain, local m.
fn content_bounds(city: &City) -> Option<[f64; 4]> {
    let mut bounds = None;
    let wide = |p: &[f32; 2]| [f64::from(p[0]), f64::from(p[1])];
    for part in city.buildings.iter().flat_map(|b| &b.parts) {
        part.footprint.iter().for_each(|p| grow(&mut bounds, wide(p)));
        part.mesh.iter().for_each(|p| grow(&mut bounds, [f64::from(p[0]), f64::from(p[1])]));
    }
    city.roads.iter().flat_map(|r| &r.line).for_each(|p| grow(&mut bounds, wide(p)));
    city.surfaces.iter().flat_map(|s| &s.ring).for_each(|p| grow(&mut bounds, wide(p)));
    city.places.iter().for_each(|p| grow(&mut bounds, p.place_m));
    city.landmarks.iter().for_each(|l| grow(&mut bounds, l.place_m));
    city.areas.iter().flat_map(|a| &a.ring).for_each(|p| grow(&mut bounds, wide(p)));
    city.components.iter().for_each(|c| grow(&mut bounds, wide(&c.place_m)));
    let network = city.drainage.iter();
    network.flat_map(|n| &n.nodes).filter_map(|n| n.place_m).for_each(|p| grow(&mut bounds, p));
    bounds
}

fn extent(city: &City) -> [f32; 4] {
    let mut bounds = content_bounds(city);
    if let Some(Terrain { west_m, south_m, cell_m, cols, rows, .. }) = &city.terrain {
        grow(&mut bounds, [*west_m, *south_m]);
        grow(&mut bounds, [west_m + cell_m * *cols as f64, south_m + cell_m * *rows as f64]);
    }
    bounds.unwrap_or_default().map(|v| v as f32)
}
