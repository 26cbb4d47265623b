//! Several files of different formats → one city in one local frame.

use std::path::{Path, PathBuf};

use guanlan_core::{Bilingual, Lang};
use guanlan_geography::{LocalFrame, Transformer, crs_name};

use super::{
    ImportError, Report, Severity,
    archive::{self, Hold},
    cityjson,
    format::Format,
    geojson_layers, gltf,
    ground::{cut, median_above_ground_m, median_rim_above_ground_m, mosaic},
    osm,
    peek::Keys,
    place_files::{Content, Source, check_place, choose_frame, compare_heights, settle_crs},
    raster_file::is_raster,
    raster_part::{around, part_wanted, raster},
    steps::{Afresh, Keeper, Piece, Recipe, Role, ground_under, stand_on},
    swmm::{FOOT_M, SwmmFile},
    tiles3d, vector,
};
use crate::model::{City, DrainageNetwork, Layer, SourceFile, Terrain};

/// Terrain is kept this far around the buildings, roads and drains, m.
pub(super) const MARGIN_M: f64 = 1000.0;
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
    /// Files whose heights count from different levels are put together all the same, as they are.
    pub mix_heights: bool,
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
    assemble(paths, options, progress, &mut Afresh)
}

/// [`load_city`] with a choice of what is made anew.
pub(crate) fn assemble(
    paths: &[PathBuf],
    options: &LoadOptions,
    progress: &dyn Fn(&str),
    keeper: &mut dyn Keeper,
) -> Result<(City, Report), ImportError> {
    if paths.is_empty() {
        return Err(ImportError::new("", "", "no files given"));
    }
    let paths = &archive::inputs(paths)?;
    let _unpacked = Hold::new();
    let say = |zh: &str, en: &str, name: &str| match options.lang {
        Lang::Zh => progress(&format!("{zh} {name}")),
        Lang::En => progress(&format!("{en} {name}")),
    };
    let mut report = Report::default();
    let mut sources = Vec::with_capacity(paths.len());
    for path in paths {
        say("查看", "looking at", &path.display().to_string());
        let (digest, mut sketch, content) = keeper.look(path)?;
        report.merge(std::mem::take(&mut sketch.report));
        sources.push((digest, Source { content, ..Source::known(path, sketch) }));
    }
    let mut sources = Sources::split(sources);
    settle_crs(&mut sources.list, options.crs_override, &mut report);
    let frame = match options.frame {
        Some(frame) => frame,
        None => choose_frame(&sources.list, &mut report)?,
    };
    let mut city = City {
        name: options.name.clone().unwrap_or_else(|| Bilingual::same(stem(&paths[0]))),
        epsg: frame.epsg,
        origin: frame.origin,
        ..City::default()
    };
    sources.retain(|source| check_place(source, &frame, &mut report));
    let mut fits = compare_heights(&sources.list, options.mix_heights, &mut report).into_iter();
    sources.retain(|_| fits.next().unwrap_or(true));

    // Terrain first: other things stand on it.
    let around = around(sources.list.iter().filter(|s| !is_raster(s.format)), &frame);
    let mut rasters = Vec::new();
    for (digest, source) in sources.iter().filter(|(_, s)| is_raster(s.format)) {
        let cell = options.terrain_cell_m.map(f64::to_bits);
        let wanted = part_wanted(source, &frame, around);
        let recipe = recipe(Role::Raster, digest, source, &frame, format!("cell {cell:?} of {wanted:?}"));
        let (piece, key) = keeper.piece(recipe, &mut || {
            say("地形", "terrain", &source.name());
            raster(source, &frame, options.terrain_cell_m, wanted)
        })?;
        report.merge(piece.report);
        rasters.extend(piece.city.terrain.map(|t| (t, key)));
    }
    let ground = ground(rasters, keeper)?;
    let mut others: Vec<_> = sources.iter().filter(|(_, s)| !is_raster(s.format)).collect();
    // Without a raster the relief of a city model is the ground of what has none itself.
    let mut relief: Vec<String> = Vec::new();
    if ground.is_none() {
        others.sort_by_key(|(_, source)| source.format != Format::CityJson);
    }
    for (digest, source) in others {
        let (mut piece, key) =
            keeper.piece(recipe(Role::Layers, digest, source, &frame, String::new()), &mut || {
                say("读取", "reading", &source.name());
                layers(source, &frame)
            })?;
        report.merge(std::mem::take(&mut piece.report));
        let stands = !piece.city.buildings.is_empty() || piece.city.drainage.is_some();
        let own = city.terrain.as_ref().filter(|_| source.format != Format::CityJson);
        let below = match &ground {
            Some((terrain, key)) => Some((terrain, key.clone())),
            None => own.map(|terrain| (terrain, relief.join(" "))),
        };
        if let Some((terrain, ground_key)) = below.filter(|_| stands) {
            let inputs = vec![key.clone(), ground_key];
            let under = Recipe { role: Role::Ground, name: source.name(), inputs };
            let (under, _) = keeper.piece(under, &mut || Ok(stand(source, &piece, terrain)))?;
            report.merge(under.report);
            stand_on(&mut piece.city.buildings, &under.ground_m);
        } else if piece.above_ground && !piece.city.buildings.is_empty() {
            report.note(Severity::Guessed, source.name(), "no terrain: buildings stand at height 0");
        }
        relief.extend(piece.city.terrain.is_some().then_some(key));
        city.absorb(piece.city);
    }
    city.sort_areas();
    if let Some((terrain, key)) = ground {
        let bounds = content_bounds(&city);
        let inputs = vec![key, format!("{:?}", bounds.map(|b| b.map(f64::to_bits)))];
        let recipe = Recipe { role: Role::Terrain, name: "terrain".into(), inputs };
        let (piece, _) = keeper.piece(recipe, &mut || Ok(trimmed(&terrain, bounds)))?;
        report.merge(piece.report);
        city.terrain = piece.city.terrain.or(Some(terrain));
    }
    city.extent = extent(&city);
    Ok((city, report))
}

/// Sources with the digests of their content.
struct Sources {
    digests: Vec<String>,
    list: Vec<Source>,
}

impl Sources {
    fn split(both: Vec<(String, Source)>) -> Self {
        let (digests, list) = both.into_iter().unzip();
        Self { digests, list }
    }

    fn retain(&mut self, mut keep: impl FnMut(&Source) -> bool) {
        let list = std::mem::take(&mut self.list);
        let both = std::mem::take(&mut self.digests).into_iter().zip(list);
        (self.digests, self.list) = both.filter(|(_, source)| keep(source)).unzip();
    }

    fn iter(&self) -> impl Iterator<Item = (&String, &Source)> {
        self.digests.iter().zip(&self.list)
    }
}

/// All that what a file becomes depends on.
fn recipe(role: Role, digest: &str, source: &Source, frame: &LocalFrame, choice: String) -> Recipe {
    let origin = frame.origin.map(f64::to_bits);
    let place = format!("EPSG:{} {origin:?} from {:?}", frame.epsg, source.crs);
    let name = source.name();
    Recipe { role, inputs: vec![digest.to_owned(), name.clone(), place, choice], name }
}

/// The ground that other things stand on, and the key of its piece.
fn ground(
    mut rasters: Vec<(Terrain, String)>,
    keeper: &mut dyn Keeper,
) -> Result<Option<(Terrain, String)>, ImportError> {
    if rasters.len() < 2 {
        return Ok(rasters.pop());
    }
    let (parts, keys): (Vec<_>, Vec<_>) = rasters.into_iter().unzip();
    let parts = std::cell::Cell::new(parts);
    let recipe = Recipe { role: Role::Mosaic, name: "mosaic".into(), inputs: keys };
    let (piece, key) = keeper.piece(recipe, &mut || {
        Ok(Piece { city: City { terrain: mosaic(parts.take()), ..City::default() }, ..Piece::default() })
    })?;
    Ok(piece.city.terrain.map(|terrain| (terrain, key)))
}

fn stem(path: &std::path::Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Reads the layers of one file, by itself.
fn layers(source: &Source, frame: &LocalFrame) -> Result<Piece, ImportError> {
    let opened = archive::open(&source.path)?;
    layers_of(source, opened.path(), frame).map_err(|e| opened.named(e))
}

fn layers_of(source: &Source, path: &Path, frame: &LocalFrame) -> Result<Piece, ImportError> {
    let mut city = City::default();
    let mut above_ground = false;
    let mut report = Report::default();
    let mut keys = Keys::new();
    match source.format {
        Format::CityJson => {
            let (part, own) = cityjson::read(path, frame, source.epsg())?;
            report = source.named(own);
            city.buildings = part.buildings;
            city.surfaces = part.surfaces;
            city.landmarks = part.landmarks;
            city.components = part.components;
            city.terrain = part.terrain;
            city.skins = part.skins;
            city.pictures = part.pictures;
            keys = part.keys;
        }
        Format::Osm => {
            let (part, own) = osm::read(path, frame, source.epsg())?;
            report = source.named(own);
            above_ground = true;
            city.buildings = part.buildings;
            city.roads = part.roads;
            city.surfaces = part.surfaces;
            city.places = part.places;
            city.barriers = part.barriers;
            city.railways = part.railways;
            city.components = part.components;
            keys = part.keys;
        }
        Format::Swmm => {
            let file = match &source.content {
                Content::Swmm(file) => file.clone(),
                _ => match Source::look(&source.path)?.1 {
                    Content::Swmm(file) => file,
                    _ => return Err(ImportError::new(&source.path, "", "the file changed while it was read")),
                },
            };
            city.drainage = Some(place_network(source, file, frame, &mut report)?);
        }
        Format::Gltf => {
            let (part, own) = gltf::read(path, frame, None)?;
            report = source.named(own);
            let text = "a model names no place; it stands in the middle of the city";
            report.note(Severity::Guessed, source.name(), text);
            city.landmarks = part.landmarks;
        }
        Format::Tiles3d => {
            let (layer, own) = tiles3d::read(path, frame)?;
            report = source.named(own);
            city.tilesets = vec![layer];
        }
        Format::GeoJson => {
            // Without a system of its own it is in the city's, which was noted.
            let of_city = || (frame.epsg != 0).then(|| crs_name(frame.epsg));
            let crs = source.crs.clone().or_else(of_city);
            let (part, own) = geojson_layers::read_as(path, frame, crs.as_deref())?;
            report = source.named(own);
            (above_ground, keys) = (true, fill(&mut city, part));
        }
        Format::GeoPackage | Format::Shapefile => {
            let (part, own) = vector::read(path, source.format, frame, source.crs.as_deref())?;
            report = source.named(own);
            (above_ground, keys) = (true, fill(&mut city, part));
        }
        Format::GeoTiff | Format::EsriAscii | Format::Hgt => {}
    }
    city.sources = vec![provenance(source, frame, &city, keys)];
    Ok(Piece { city, report, above_ground, ..Piece::default() })
}

/// Which objects of a piece are its file's: all of them.
fn provenance(source: &Source, frame: &LocalFrame, city: &City, mut keys: Keys) -> SourceFile {
    let crs = source.crs.clone().unwrap_or_default();
    let own = crs_name(frame.epsg);
    let converted = if crs.is_empty() || crs == own { String::new() } else { format!("{crs} → {own}") };
    let format = source.format.name().into();
    let mut file = SourceFile { file: source.name(), format, crs, converted, runs: Vec::new() };
    keys.entry(Layer::Areas).or_insert_with(|| city.areas.iter().map(|a| a.code.clone()).collect());
    for layer in Layer::ALL {
        file.add(layer, city.count_of(layer), keys.remove(&layer).unwrap_or_default());
    }
    file
}

/// Layers of a vector file into an empty city.
fn fill(city: &mut City, part: geojson_layers::LayerPart) -> Keys {
    city.areas = part.areas;
    city.organisations = part.organisations;
    city.persons = part.persons;
    city.components = part.components;
    city.places = part.places;
    city.sensors = part.sensors;
    city.units = part.units;
    city.landmarks = part.landmarks;
    city.surfaces = part.surfaces;
    city.roads = part.roads;
    city.railways = part.railways;
    city.buildings = part.buildings;
    part.keys
}

/// How a file's things meet the ground: lifted onto it, or compared with it.
fn stand(source: &Source, piece: &Piece, terrain: &Terrain) -> Piece {
    let mut under = Piece::default();
    let mut gap = |what: &str, gap: Option<f32>, end: &str| {
        if let Some(gap) = gap.filter(|gap| gap.abs() > DATUM_GAP_M) {
            let text = format!("{what} stand {gap:.1} m above the terrain in the median{end}");
            under.report.note(Severity::Guessed, source.name(), text);
        }
    };
    if let Some(network) = &piece.city.drainage {
        gap("manhole rims", median_rim_above_ground_m(network, terrain), "");
    }
    if piece.above_ground {
        under.ground_m = ground_under(&piece.city.buildings, terrain);
    } else {
        let end = ": the files may have different vertical datums";
        gap("buildings", median_above_ground_m(&piece.city.buildings, terrain), end);
    }
    under
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
pub(super) fn join_network(into: &mut Option<DrainageNetwork>, network: DrainageNetwork) {
    match into {
        Some(known) => known.join(network),
        None => *into = Some(network),
    }
}

/// The terrain around the city, when a file covers far more; without terrain when it stays as it is.
fn trimmed(terrain: &Terrain, bounds: Option<[f64; 4]>) -> Piece {
    let mut piece = Piece::default();
    let Some(bounds) = bounds else { return piece };
    let wanted = [bounds[0] - MARGIN_M, bounds[1] - MARGIN_M, bounds[2] + MARGIN_M, bounds[3] + MARGIN_M];
    let whole = terrain.cols as f64 * terrain.cell_m * terrain.rows as f64 * terrain.cell_m;
    if whole < 1.5 * (wanted[2] - wanted[0]) * (wanted[3] - wanted[1]) {
        return piece;
    }
    match cut(terrain, wanted) {
        Some(part) => {
            let text = format!(
                "{} x {} cells kept of {} x {}: those within {MARGIN_M} m of the city",
                part.cols, part.rows, terrain.cols, terrain.rows
            );
            piece.report.note(Severity::Skipped, "terrain", text);
            piece.city.terrain = Some(part);
        }
        None => {
            let text = "the terrain does not lie under the buildings and roads";
            piece.report.note(Severity::Guessed, "terrain", text);
        }
    }
    piece
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
    for [w, s, e, n] in city.tilesets.iter().map(|t| t.bounds_m.map(f64::from)) {
        grow(&mut bounds, [w, s]);
        grow(&mut bounds, [e, n]);
    }
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
