//! OpenStreetMap extracts, XML and PBF.
//!
//! Heights of what this module yields are **above the ground** beside it (`base_m` is the tag
//! `min_height` or 0): OSM knows no terrain. [`Part::stand_on`] lifts it onto one.

mod barriers;
mod blocks;
mod border;
mod buildings;
mod coast;
mod cover;
mod data;
mod furniture;
mod multipolygon;
mod names;
mod pbf;
mod places;
mod quantity;
mod railways;
mod roads;
mod roof;
mod shapes;
mod xml;

#[cfg(test)]
mod tests;

use std::path::Path;

use guanlan_geography::LocalFrame;

use super::{
    FileFacts, ImportError, Report, Severity,
    peek::{Keys, Peek},
    placer::Placer,
};
use crate::model::{Barrier, Building, Component, Layer, Place, Railway, Road, SurfaceArea};
pub(in crate::import) use cover::strip;
use data::Data;
pub(in crate::import) use places::kind_by as poi_of;
pub(in crate::import) use railways::{is_no_track, kind_by as railway_kind_of};
pub(in crate::import) use roads::class_of as road_class_of;
use shapes::Shapes;

/// EPSG code of OSM's longitude and latitude.
const WGS84: u32 = 4326;

/// What an OSM file yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Buildings; heights above the ground beside them until [`Part::stand_on`].
    pub buildings: Vec<Building>,
    /// Edges between junctions.
    pub roads: Vec<Road>,
    /// Water, green, squares.
    pub surfaces: Vec<SurfaceArea>,
    /// Schools, hospitals, metro entrances, underpasses …
    pub places: Vec<Place>,
    /// Fences, walls, hedges, gates, bollards.
    pub barriers: Vec<Barrier>,
    /// Tracks.
    pub railways: Vec<Railway>,
    /// Street furniture.
    pub components: Vec<Component>,
    /// OSM ids of surfaces and places.
    pub(crate) keys: Keys,
}

impl Part {
    /// Lifts the buildings onto the ground: each stands at the lowest ground under its corners.
    /// `ground_m` gives the height above datum at local (east, north); without one a building stays.
    pub fn stand_on(&mut self, ground_m: impl Fn(f64, f64) -> Option<f32>) {
        for building in &mut self.buildings {
            let corners = building.parts.iter().flat_map(|p| &p.footprint);
            let lowest = corners
                .filter_map(|c| ground_m(f64::from(c[0]), f64::from(c[1])))
                .filter(|z| z.is_finite())
                .reduce(f32::min);
            if let Some(ground) = lowest {
                for part in &mut building.parts {
                    part.base_m += ground;
                    part.eaves_m += ground;
                    part.top_m += ground;
                    part.mesh.iter_mut().for_each(|corner| corner[2] += ground);
                }
            }
        }
    }
}

/// CRS and extent (x longitude, y latitude): of the nodes, so that a clipped extract is not given
/// the size of its header.
pub fn peek(path: &Path) -> Result<Peek, ImportError> {
    let data = Data::look(path)?;
    if data.extent.is_none() && data.bounds.is_none() {
        return Err(ImportError::new(path, "", "no node with a place: nothing in the file can be put on a map"));
    }
    Ok(Peek { epsg: Some(WGS84), extent: extent(&data) })
}

/// Reads a file into local metres. OSM is always longitude and latitude; an override other than 4326
/// is for files whose coordinates were written in another system.
pub fn read(path: &Path, frame: &LocalFrame, crs_override: Option<u32>) -> Result<(Part, Report), ImportError> {
    let data = Data::load(path)?;
    let placer = Placer::new(path, crs_override.unwrap_or(WGS84), frame)?;
    Ok(convert(data, &placer).0)
}

/// What is in a file, for `guanlan inspect`.
pub fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let data = Data::load(path)?;
    let extent = extent(&data);
    let refs = || data.ways.iter().flat_map(|w| &w.refs);
    let missing = refs().filter(|n| !data.nodes.contains_key(n)).count();
    let nodes = data.nodes.len();
    let ((part, report), data) = convert(data, &Placer::rough(extent, true));
    let refs = || data.ways.iter().flat_map(|w| &w.refs);
    let mut facts = FileFacts {
        path: path.to_owned(),
        format: data.format.into(),
        version: data.version.clone(),
        crs: format!("EPSG:{WGS84}"),
        extent,
        ..FileFacts::default()
    };
    let ways = |key: &str| data.ways.iter().filter(|w| w.tags.get(key).is_some()).count();
    let relations = |key: &str| data.relations.iter().filter(|r| r.tags.get(key).is_some()).count();
    let both =
        |a: &str, b: &str| data.ways.iter().filter(|w| w.tags.get(a).is_some() && w.tags.get(b).is_some()).count();
    let tags = data.ways.iter().map(|w| &w.tags).chain(data.relations.iter().map(|r| &r.tags));
    let tags = tags.chain(data.tagged.iter().map(|(_, tags)| tags));
    let wet = |tags: &data::Tags| tags.is("natural", "water") || tags.get("waterway").is_some();
    let water_ways = data.ways.iter().filter(|w| wet(&w.tags)).count();
    let cjk_names = tags.filter(|tags| tags.get("name").is_some_and(names::cjk)).count();
    for (name, n) in [
        ("nodes", nodes),
        ("ways", data.ways.len()),
        ("relations", data.relations.len()),
        ("buildings", ways("building") + relations("building")),
        ("building_ways", ways("building")),
        ("building_relations", relations("building")),
        ("building_part_ways", ways("building:part")),
        ("building_ways_with_height", both("building", "height")),
        ("building_ways_with_levels", both("building", "building:levels")),
        ("roads", ways("highway")),
        ("road_edges", part.roads.len()),
        ("water_ways", water_ways),
        ("cjk_names", cjk_names),
        ("surfaces", part.surfaces.len()),
        ("places", part.places.len()),
        ("barriers", part.barriers.len()),
        ("railways", part.railways.len()),
        ("components", part.components.len()),
        ("way_node_refs", refs().count()),
        ("way_node_refs_missing", missing),
    ] {
        facts.counts.insert(name.to_owned(), n);
    }
    facts.problems = report.problems;
    Ok(facts)
}

/// What the elements become; the data comes back without its nodes.
fn convert(mut data: Data, placer: &Placer) -> ((Part, Report), Data) {
    let mut report = std::mem::take(&mut data.report);
    let nodes = std::mem::take(&mut data.nodes);
    report.about("surfaces");
    let sea = coast::read(&data, &nodes, placer, &mut report);
    report.about("");
    let shapes = Shapes::new(&data, nodes, placer, &mut report);
    report.about("surfaces");
    let (surfaces, of_surfaces) = cover::read(&shapes, sea, &mut report).into_iter().unzip();
    let (places, of_places) = places::read(&shapes).into_iter().unzip();
    report.about("road_edges");
    let roads = roads::read(&shapes, &mut report);
    report.about("barriers");
    let barriers = barriers::read(&shapes, &mut report);
    report.about("railways");
    let railways = railways::read(&shapes, &mut report);
    let components = furniture::read(&shapes);
    // Last: it gives the places back.
    report.about("buildings");
    let buildings = buildings::read(shapes, &mut report);
    let part = Part {
        buildings,
        roads,
        surfaces,
        places,
        barriers,
        railways,
        components,
        keys: Keys::from([(Layer::Surfaces, of_surfaces), (Layer::Places, of_places)]),
    };
    for building in &part.buildings {
        for what in &building.guessed {
            report.note(Severity::Guessed, building.id.as_str(), format!("a building's height is a guess ({what})"));
        }
    }
    report.about("");
    report.count("buildings", part.buildings.len());
    report.count("road_edges", part.roads.len());
    report.count("places", part.places.len());
    report.count("barriers", part.barriers.len());
    report.count("railways", part.railways.len());
    report.count("components", part.components.len());
    ((part, report), data)
}

fn extent(data: &Data) -> Option<[f64; 6]> {
    data.extent.or(data.bounds).map(|[w, s, e, n]| [w, s, 0.0, e, n, 0.0])
}
