//! GeoPackage and shapefiles: vector layers with attributes, read as features like those of GeoJSON.
//!
//! What becomes of a feature is decided where GeoJSON's is ([`super::geojson_layers`]): by the attributes it has and
//! by the name of its layer.

mod dbf;
mod gpkg;
mod patches;
mod shp;
mod wkb;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, path::Path};

use guanlan_geography::LocalFrame;

use super::{
    FileFacts, ImportError, Report,
    format::Format,
    geojson_layers::{self, Conversion, Document, LayerPart, Take},
    peek::{Peek, grow},
};

/// Goes through the layers of a file, each with a CRS of its own, batch after batch.
pub(super) fn walk(path: &Path, format: Format, report: &mut Report, take: Take<'_>) -> Result<(), ImportError> {
    match format {
        Format::GeoPackage => gpkg::each(path, report, take),
        _ => shp::each(path, report, take),
    }
}

/// What is known of each layer, without its features.
fn heads(path: &Path, format: Format) -> Result<Vec<Document>, ImportError> {
    let mut heads: Vec<Document> = Vec::new();
    walk(path, format, &mut Report::default(), &mut |batch| {
        if heads.len() <= batch.number {
            let (name, crs) = (batch.name.clone(), batch.crs.clone());
            heads.push(Document { number: batch.number, name, crs, ..Document::default() });
        }
        if let Some(head) = heads.get_mut(batch.number) {
            head.measure(&batch.features);
        }
        Ok(())
    })?;
    Ok(heads)
}

/// CRS and extent: of the first layer that has features; layers in other systems are placed by their own.
pub fn peek(path: &Path, format: Format) -> Result<(Peek, Option<String>), ImportError> {
    let heads = heads(path, format)?;
    let Some(first) = heads.iter().find(|d| d.extent.is_some()).or(heads.first()) else {
        return Ok((Peek::default(), None));
    };
    let crs = first.crs.clone();
    let mut extent = None;
    for e in heads.iter().filter(|d| d.crs == crs).filter_map(|d| d.extent) {
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
    let mut report = Report::default();
    let mut conversion = Conversion::new(path, frame, crs);
    walk(path, format, &mut report, &mut |batch| conversion.add(batch))?;
    let (part, own) = conversion.finish()?;
    report.merge(own);
    Ok((part, report))
}

/// What is in a file, for `guanlan inspect`.
pub fn facts(path: &Path, format: Format) -> Result<FileFacts, ImportError> {
    let heads = heads(path, format)?;
    let mut report = Report::default();
    let mut layers: BTreeMap<String, usize> = BTreeMap::new();
    let mut facts = geojson_layers::facts_of(path, &heads, &mut |take| {
        walk(path, format, &mut report, &mut |batch| {
            *layers.entry(format!("layer {}", batch.name)).or_default() += batch.features.len();
            take(batch)
        })
    })?;
    facts.format = format.name().into();
    let mut problems = report.problems;
    problems.append(&mut facts.problems);
    facts.problems = problems;
    facts.counts.insert("layers".into(), heads.len());
    facts.counts.extend(layers);
    Ok(facts)
}
