//! The steps of an import as pieces that can be kept between runs.
//!
//! Every file becomes a piece of its own; what joins several (buildings on the ground, terrain of
//! several rasters) is a piece that depends on theirs. A [`Keeper`] decides which are made anew.

use std::path::Path;

use super::{
    ImportError, Report,
    place_files::{Content, Sketch, Source},
};
use crate::model::{Building, BuildingPart, City, Terrain, skin::NO_OWNER};

/// What one step yields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Piece {
    /// Layers; only what the step has read is filled.
    pub city: City,
    /// What was found out on the way.
    pub report: Report,
    /// The heights of its buildings are above the ground beside them, not above the datum.
    pub above_ground: bool,
    /// Ground under each building of another piece, m above datum; NaN leaves the building where it is.
    pub ground_m: Vec<f32>,
}

/// What a piece is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// The layers of one file; joined to the city in order.
    Layers,
    /// The ground under the last layers' buildings.
    Ground,
    /// One raster in the frame.
    Raster,
    /// All rasters as one.
    Mosaic,
    /// The terrain as the city has it; without cells when it is the raster or the mosaic as it stands.
    Terrain,
}

/// What a piece is made of. Equal recipes make equal pieces.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub role: Role,
    /// File name, for people.
    pub name: String,
    /// Digests of files, keys of other pieces, and every choice that was made.
    pub inputs: Vec<String>,
}

/// Makes a piece.
pub(crate) type Make<'a> = &'a mut dyn FnMut() -> Result<Piece, ImportError>;

/// Decides what is made and what is remembered.
pub(crate) trait Keeper {
    /// A file's digest and sketch. With [`Content`] when it was read to get them.
    fn look(&mut self, path: &Path) -> Result<(String, Sketch, Content), ImportError>;
    /// A piece and its key, kept or made.
    fn piece(&mut self, recipe: Recipe, make: Make<'_>) -> Result<(Piece, String), ImportError>;
}

/// Makes everything and keeps nothing.
pub(crate) struct Afresh;

impl Keeper for Afresh {
    fn look(&mut self, path: &Path) -> Result<(String, Sketch, Content), ImportError> {
        let (sketch, content) = Source::look(path)?;
        Ok((String::new(), sketch, content))
    }

    fn piece(&mut self, _: Recipe, make: Make<'_>) -> Result<(Piece, String), ImportError> {
        Ok((make()?, String::new()))
    }
}

impl City {
    /// Adds another city's layers after this one's; name, frame and extent stay.
    pub(crate) fn absorb(&mut self, other: Self) {
        let Self {
            name: _,
            epsg: _,
            origin: _,
            extent: _,
            terrain,
            buildings,
            roads,
            surfaces,
            drainage,
            areas,
            organisations,
            persons,
            components,
            places,
            sensors,
            units,
            landmarks,
            tilesets,
            barriers,
            railways,
            mut skins,
            pictures,
            sources,
        } = other;
        self.absorb_sources(sources);
        let (first, pages) = (self.buildings.len() as u32, self.pictures.len() as u32);
        for skin in &mut skins {
            skin.picture = skin.picture.map(|n| n + pages);
            skin.owners.iter_mut().filter(|o| **o != NO_OWNER).for_each(|o| *o += first);
        }
        append(&mut self.skins, skins);
        append(&mut self.pictures, pictures);
        self.terrain = match (self.terrain.take(), terrain) {
            // The reliefs of a city model's tiles lie side by side.
            (Some(own), Some(more)) => super::ground::mosaic(vec![own, more]),
            (own, more) => more.or(own),
        };
        append(&mut self.buildings, buildings);
        append(&mut self.roads, roads);
        append(&mut self.surfaces, surfaces);
        if let Some(network) = drainage {
            super::assemble::join_network(&mut self.drainage, network);
        }
        append(&mut self.areas, areas);
        append(&mut self.organisations, organisations);
        append(&mut self.persons, persons);
        append(&mut self.components, components);
        append(&mut self.places, places);
        append(&mut self.sensors, sensors);
        append(&mut self.units, units);
        append(&mut self.landmarks, landmarks);
        append(&mut self.tilesets, tilesets);
        append(&mut self.barriers, barriers);
        append(&mut self.railways, railways);
    }

    /// Parents before children, whatever the order of the files.
    pub(crate) fn sort_areas(&mut self) {
        self.areas.sort_by(|a, b| a.code.len().cmp(&b.code.len()).then_with(|| a.code.cmp(&b.code)));
    }
}

/// Without a copy into an empty list.
fn append<T>(into: &mut Vec<T>, mut more: Vec<T>) {
    if into.is_empty() {
        *into = more;
    } else {
        into.append(&mut more);
    }
}

/// The lowest ground under each building's corners, m above datum; NaN where there is none.
pub(crate) fn ground_under(buildings: &[Building], terrain: &Terrain) -> Vec<f32> {
    let lowest = |building: &Building| {
        let corners = building.parts.iter().flat_map(|p| &p.footprint);
        let heights = corners.filter_map(|c| terrain.height_m(f64::from(c[0]), f64::from(c[1])));
        heights.filter(|z| z.is_finite()).reduce(f32::min).unwrap_or(f32::NAN)
    };
    buildings.iter().map(lowest).collect()
}

/// Lifts buildings onto the ground under them.
pub(crate) fn stand_on(buildings: &mut [Building], ground_m: &[f32]) {
    for (building, &ground) in buildings.iter_mut().zip(ground_m) {
        if ground.is_finite() {
            let details = building.details.iter_mut().flat_map(|d| &mut d.parts);
            building.parts.iter_mut().chain(details).for_each(|part: &mut BuildingPart| {
                part.base_m += ground;
                part.eaves_m += ground;
                part.top_m += ground;
                part.mesh.iter_mut().for_each(|corner| corner[2] += ground);
            });
        }
    }
}
