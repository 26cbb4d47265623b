//! GeoPackage and shapefiles: vector layers with attributes, read as features like those of GeoJSON.
//!
//! What becomes of a feature is decided where GeoJSON's is ([`super::geojson_layers`]): by the attributes it has and
//! by the name of its layer.

mod dbf;
mod gpkg;
mod shp;
mod wkb;

#[cfg(test)]
mod tests;

use std::path::Path;

use guanlan_geography::LocalFrame;

use super::{
    FileFacts, ImportError, Report,
    format::Format,
    geojson_layers::{self, Document, LayerPart},
    peek::{Peek, grow},
};

/// The layers of a file, each with a CRS of its own.
fn documents(path: &Path, format: Format) -> Result<(Vec<Document>, Report), ImportError> {
    let mut report = Report::default();
    let documents =
        if format == Format::GeoPackage { gpkg::read(path, &mut report)? } else { vec![shp::read(path, &mut report)?] };
    Ok((documents, report))
}

/// CRS and extent: of the first layer that has features; layers in other systems are placed by their own.
pub fn peek(path: &Path, format: Format) -> Result<(Peek, Option<String>), ImportError> {
    let (documents, _) = documents(path, format)?;
    let Some(first) = documents.iter().find(|d| d.extent.is_some()).or(documents.first()) else {
        return Ok((Peek::default(), None));
    };
    let crs = first.crs.clone();
    let mut extent = None;
    for e in documents.iter().filter(|d| d.crs == crs).filter_map(|d| d.extent) {
        grow(&mut extent, [e[0], e[1], e[2]]);
        grow(&mut extent, [e[3], e[4], e[5]]);
    }
    Ok((Peek { epsg: geojson_layers::epsg_of_name(crs.as_deref()), extent }, crs))
}

/// Reads all layers into the local frame; `crs` stands in for layers that name none, or that are in longitude and
/// latitude when it is a shifted system.
pub fn read(
    path: &Path,
    format: Format,
    frame: &LocalFrame,
    crs: Option<&str>,
) -> Result<(LayerPart, Report), ImportError> {
    let (documents, mut report) = documents(path, format)?;
    let (part, own) = geojson_layers::convert(path, &documents, frame, crs)?;
    report.merge(own);
    Ok((part, report))
}

/// What is in a file, for `guanlan inspect`.
pub fn facts(path: &Path, format: Format) -> Result<FileFacts, ImportError> {
    let (documents, report) = documents(path, format)?;
    let mut facts = geojson_layers::facts_of(path, &documents)?;
    facts.format = format.name().into();
    let mut problems = report.problems;
    problems.append(&mut facts.problems);
    facts.problems = problems;
    facts.counts.insert("layers".into(), documents.len());
    for document in &documents {
        facts.counts.insert(format!("layer {}", document.name), document.features.len());
    }
    Ok(facts)
}
