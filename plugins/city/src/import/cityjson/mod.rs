//! CityJSON 1.0, 1.1, 2.0 and CityJSONSeq.
//!
//! Of each object the highest level of detail below 3 is drawn. Building parts and installations are
//! folded into their building. Heights are the file's own, m above its datum.

mod appearance;
mod attributes;
mod axes;
mod body;
mod file;
mod geometry;
mod objects;

#[cfg(test)]
mod tests;

use std::path::Path;

use guanlan_geography::LocalFrame;

use super::{
    FileFacts, ImportError, Report, Severity,
    peek::{Peek, grow},
    placer::Placer,
};
use crate::model::{Building, Landmark, SurfaceArea};
use file::{Parsed, parse};

/// What a CityJSON file yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Buildings; heights above the file's datum.
    pub buildings: Vec<Building>,
    /// Roads and squares, water, green.
    pub surfaces: Vec<SurfaceArea>,
    /// Bridges, trees, furniture and other things with a shape of their own.
    pub landmarks: Vec<Landmark>,
}

/// CRS and extent, x east and y north also when the file writes northing first.
pub fn peek(path: &Path) -> Result<Peek, ImportError> {
    let mut parsed = load(path)?;
    let epsg = parsed.epsg;
    axes::turn(&mut parsed, epsg);
    Ok(Peek { epsg: parsed.epsg, extent: extent(&parsed) })
}

/// Reads a file into local metres. `crs_override` wins over the file's own reference system; with
/// neither, the coordinates are taken as the frame's and the report says so.
pub fn read(path: &Path, frame: &LocalFrame, crs_override: Option<u32>) -> Result<(Part, Report), ImportError> {
    let mut parsed = load(path)?;
    let epsg = crs_override.or(parsed.epsg).unwrap_or_else(|| {
        parsed.report.note(
            Severity::Guessed,
            "metadata.referenceSystem",
            format!("no reference system; coordinates taken as EPSG:{} — give the CRS if that is wrong", frame.epsg),
        );
        frame.epsg
    });
    axes::turn(&mut parsed, Some(epsg));
    let placer = Placer::new(path, epsg, frame)?;
    Ok(objects::convert(parsed, &placer))
}

/// What is in a file, for `guanlan inspect`.
pub fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let mut parsed = load(path)?;
    let mut facts = FileFacts {
        path: path.to_owned(),
        format: if parsed.sequence { "CityJSONSeq" } else { "CityJSON" }.into(),
        version: parsed.version.clone(),
        crs: parsed.epsg.map(|n| format!("EPSG:{n}")).unwrap_or_default(),
        extent: extent(&parsed),
        ..FileFacts::default()
    };
    let mut add = |name: &str, n: usize| *facts.counts.entry(name.to_owned()).or_default() += n;
    let objects = || parsed.chunks.iter().flat_map(|c| &c.objects);
    add("city_objects", objects().count());
    add("vertices", parsed.chunks.iter().map(|c| c.vertices.len()).sum());
    add("buildings", objects().filter(|o| o.kind == "Building").count());
    add("roads", objects().filter(|o| o.kind == "Road").count());
    if parsed.sequence {
        add("features", parsed.features);
    }
    for (name, n) in [
        ("templates", parsed.templates.geometry.len()),
        ("extensions", parsed.extensions),
        ("materials", parsed.appearance[0]),
        ("textures", parsed.appearance[1]),
        ("vertices-texture", parsed.appearance[2]),
    ] {
        if n > 0 {
            add(name, n);
        }
    }
    for object in objects() {
        add(&object.kind, 1);
        for geometry in &object.geometry {
            add(&format!("{} LoD {}", geometry.kind, if geometry.lod.is_empty() { "None" } else { &geometry.lod }), 1);
            geometry.semantics.iter().filter(|s| !s.is_empty()).for_each(|s| add(s, 1));
        }
    }
    if parsed.epsg.is_none() && !parsed.chunks.is_empty() {
        facts.problems.push(super::Problem {
            severity: Severity::Guessed,
            where_: "metadata.referenceSystem".into(),
            message: "no reference system; the import needs --crs EPSG:n".into(),
            count: 1,
        });
    }
    let degrees = facts.extent.is_some_and(|e| e[0] >= -180.0 && e[3] <= 180.0 && e[1] >= -90.0 && e[4] <= 90.0)
        && parsed.epsg.is_some_and(|n| (4000..5000).contains(&n) || n == 10282);
    let epsg = parsed.epsg;
    axes::turn(&mut parsed, epsg);
    let placer = Placer::rough(extent(&parsed), degrees);
    let (_, report) = objects::convert(parsed, &placer);
    facts.problems.extend(report.problems);
    Ok(facts)
}

fn load(path: &Path) -> Result<Parsed, ImportError> {
    let bytes = std::fs::read(path).map_err(|error| ImportError::new(path, "", format!("cannot be read: {error}")))?;
    parse(path, &bytes)
}

fn extent(parsed: &Parsed) -> Option<[f64; 6]> {
    let mut extent = None;
    parsed.chunks.iter().flat_map(|c| &c.vertices).for_each(|&v| grow(&mut extent, v));
    extent
}
