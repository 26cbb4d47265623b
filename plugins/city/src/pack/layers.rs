//! A piece of an import ↔ the sections of a part.

use std::collections::BTreeMap;

use rayon::join;
use serde::{Deserialize, Serialize};

use super::part::{Damage, Reader, Writer};
use crate::{
    import::{Report, steps::Piece},
    model::{City, DrainageNetwork, Terrain},
};

/// Buildings, roads and other things with a shape to a chunk.
const SHAPES: usize = 1024;
/// Small records to a chunk.
const RECORDS: usize = 8192;
/// Models to a chunk: each may be large.
const MODELS: usize = 32;
/// Cells of terrain to a row of bytes, one row to a chunk.
const CELLS: usize = 1 << 18;

/// What a piece has only one of.
#[derive(Serialize, Deserialize)]
struct Head {
    report: Report,
    above_ground: bool,
    terrain: Option<Terrain>,
}

#[derive(Serialize, Deserialize)]
struct Cells(#[serde(with = "crate::flat")] Vec<f32>);

fn cells(heights: &[f32]) -> Vec<Cells> {
    heights.chunks(CELLS).map(|row| Cells(row.to_vec())).collect()
}

fn heights(rows: Vec<Cells>) -> Vec<f32> {
    let mut all = Vec::with_capacity(rows.iter().map(|row| row.0.len()).sum());
    rows.iter().for_each(|row| all.extend_from_slice(&row.0));
    all
}

/// The sections of a piece.
pub(super) fn write(piece: &mut Piece) -> Result<Writer, Damage> {
    // Cells are a section of their own.
    let z_m = piece.city.terrain.as_mut().map(|t| std::mem::take(&mut t.z_m)).unwrap_or_default();
    let result = sections(piece, &z_m);
    if let Some(terrain) = &mut piece.city.terrain {
        terrain.z_m = z_m;
    }
    result
}

fn sections(piece: &Piece, z_m: &[f32]) -> Result<Writer, Damage> {
    let Piece { city, report, above_ground, ground_m } = piece;
    // A new layer of the model stops here: it needs a section, too.
    let City {
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
        skins,
        pictures,
        sources,
    } = city;
    let head = Head { report: report.clone(), above_ground: *above_ground, terrain: terrain.clone() };
    let mut w = Writer::default();
    w.section("head", &[head], 1)?;
    w.section("terrain_cells", &cells(z_m), 1)?;
    w.section("ground_m", &cells(ground_m), 1)?;
    w.section("buildings", buildings, SHAPES)?;
    w.section("roads", roads, SHAPES)?;
    w.section("surfaces", surfaces, SHAPES)?;
    w.section("drainage", &drainage.iter().collect::<Vec<_>>(), 1)?;
    w.section("areas", areas, SHAPES)?;
    w.section("organisations", organisations, RECORDS)?;
    w.section("persons", persons, RECORDS)?;
    w.section("components", components, RECORDS)?;
    w.section("places", places, RECORDS)?;
    w.section("sensors", sensors, RECORDS)?;
    w.section("units", units, RECORDS)?;
    w.section("landmarks", landmarks, MODELS)?;
    w.section("tilesets", tilesets, MODELS)?;
    w.section("barriers", barriers, RECORDS)?;
    w.section("railways", railways, RECORDS)?;
    w.section("skins", skins, 1)?;
    w.section("pictures", pictures, 1)?;
    w.section("sources", sources, 1)?;
    Ok(w)
}

/// Things in a piece, by layer; only those there are.
pub(super) fn counts(piece: &Piece) -> BTreeMap<String, usize> {
    let city = &piece.city;
    let all = [
        ("terrain_cells", city.terrain.as_ref().map_or(0, |t| t.z_m.len())),
        ("ground", piece.ground_m.len()),
        ("buildings", city.buildings.len()),
        ("roads", city.roads.len()),
        ("surfaces", city.surfaces.len()),
        ("drain_nodes", city.drainage.as_ref().map_or(0, |d| d.nodes.len())),
        ("conduits", city.drainage.as_ref().map_or(0, |d| d.conduits.len())),
        ("areas", city.areas.len()),
        ("organisations", city.organisations.len()),
        ("persons", city.persons.len()),
        ("components", city.components.len()),
        ("places", city.places.len()),
        ("sensors", city.sensors.len()),
        ("units", city.units.len()),
        ("landmarks", city.landmarks.len()),
        ("tilesets", city.tilesets.len()),
        ("barriers", city.barriers.len()),
        ("railways", city.railways.len()),
        ("skins", city.skins.iter().map(crate::model::Skin::len).sum()),
        ("pictures", city.pictures.len()),
    ];
    all.into_iter().filter(|(_, n)| *n > 0).map(|(name, n)| (name.to_owned(), n)).collect()
}

/// The piece that a part holds.
pub(super) fn read(bytes: &[u8], key: &str) -> Result<Piece, Damage> {
    let r = Reader::open(bytes, key)?;
    let head: Vec<Head> = r.section("head")?;
    let Some(Head { report, above_ground, mut terrain }) = head.into_iter().next() else {
        return Err(Damage("no head".into()));
    };
    let z_m = heights(r.section("terrain_cells")?);
    if let Some(terrain) = &mut terrain {
        if terrain.cols.checked_mul(terrain.rows) != Some(z_m.len()) {
            return Err(Damage("the terrain's cells are not columns × rows".into()));
        }
        terrain.z_m = z_m;
    }
    let drainage: Vec<DrainageNetwork> = r.section("drainage")?;
    let (buildings, (roads, surfaces)) =
        join(|| r.section("buildings"), || join(|| r.section("roads"), || r.section("surfaces")));
    let city = City {
        terrain,
        buildings: buildings?,
        roads: roads?,
        surfaces: surfaces?,
        drainage: drainage.into_iter().next(),
        areas: r.section("areas")?,
        organisations: r.section("organisations")?,
        persons: r.section("persons")?,
        components: r.section("components")?,
        places: r.section("places")?,
        sensors: r.section("sensors")?,
        units: r.section("units")?,
        landmarks: r.section("landmarks")?,
        tilesets: r.section("tilesets")?,
        barriers: r.section("barriers")?,
        railways: r.section("railways")?,
        skins: r.section("skins")?,
        pictures: r.section("pictures")?,
        sources: r.section("sources")?,
        ..City::default()
    };
    Ok(Piece { city, report, above_ground, ground_m: heights(r.section("ground_m")?) })
}
