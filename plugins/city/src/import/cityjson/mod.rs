//! CityJSON 1.0, 1.1, 2.0 and CityJSONSeq.
//!
//! Of each building the finest level of detail that can be afforded is drawn and all others are kept. Building parts
//! and installations are folded into their building. Colours of materials and pictures of textures become skins over
//! the bodies. Heights are the file's own, m above its datum.

mod appearance;
mod attributes;
mod axes;
mod body;
mod detail;
mod file;
mod furniture;
mod geometry;
mod head;
mod kin;
mod objects;
mod paint;
mod skins;
mod stream;
mod tin;
mod vertex;

#[cfg(test)]
mod tests;

use std::path::Path;

use guanlan_geography::LocalFrame;

use super::{
    FileFacts, ImportError, Report, Severity,
    peek::{Keys, Peek},
    placer::Placer,
};
use crate::model::{Building, Component, Landmark, Picture, Skin, SurfaceArea, Terrain};
use file::CityObject;
use head::{Head, Input};
use objects::Converter;

/// What a CityJSON file yields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Part {
    /// Buildings; heights above the file's datum.
    pub buildings: Vec<Building>,
    /// Roads and squares, water, green.
    pub surfaces: Vec<SurfaceArea>,
    /// Bridges, trees, furniture and other things with a shape of their own.
    pub landmarks: Vec<Landmark>,
    /// City furniture that is in the survey of components, or is a camera.
    pub components: Vec<Component>,
    /// Ground of the file's triangles.
    pub terrain: Option<Terrain>,
    /// Those triangles, until they are a terrain.
    pub(crate) ground: Vec<[[f32; 3]; 3]>,
    /// Painted surfaces of buildings and of things with a shape of their own.
    pub skins: Vec<Skin>,
    /// What they are cut from.
    pub pictures: Vec<Picture>,
    /// Ids of the objects that surfaces and landmarks come from.
    pub(crate) keys: Keys,
}

/// CRS and extent, x east and y north also when the file writes northing first.
pub fn peek(path: &Path) -> Result<Peek, ImportError> {
    let input = Input { path, bytes: None };
    let mut head = Head::read(input)?;
    let epsg = head.epsg;
    axes::turn(input, &mut head, epsg)?;
    Ok(Peek { epsg, extent: stream::extent(input, &head)? })
}

/// Reads a file into local metres, object by object: what is kept in memory is the vertices of a CityJSON
/// file and what is drawn. `crs_override` wins over the file's own reference system; with neither, the
/// coordinates are taken as the frame's and the report says so.
pub fn read(path: &Path, frame: &LocalFrame, crs_override: Option<u32>) -> Result<(Part, Report), ImportError> {
    let input = Input { path, bytes: None };
    let mut head = Head::read(input)?;
    let epsg = crs_override.or(head.epsg).unwrap_or_else(|| {
        head.report.note(
            Severity::Guessed,
            "metadata.referenceSystem",
            match frame.epsg {
                0 => "no reference system; coordinates taken as local metres".to_owned(),
                code => {
                    format!("no reference system; coordinates taken as EPSG:{code} — give the CRS if that is wrong")
                }
            },
        );
        frame.epsg
    });
    axes::turn(input, &mut head, Some(epsg))?;
    let placer = Placer::new(path, epsg, frame)?;
    convert(input, &head, &placer)
}

fn convert(input: Input<'_>, head: &Head, placer: &Placer) -> Result<(Part, Report), ImportError> {
    let mut converter = Converter::new(head, placer);
    stream::batches(input, head, &mut |chunks| {
        converter.batch(&chunks);
        Ok(true)
    })?;
    Ok(converter.finish(input))
}

/// What is in a file, for `guanlan inspect`.
pub fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let input = Input { path, bytes: None };
    let mut head = Head::read(input)?;
    let written = stream::extent(input, &head)?;
    let mut facts = FileFacts {
        path: path.to_owned(),
        format: if head.sequence() { "CityJSONSeq" } else { "CityJSON" }.into(),
        version: head.version.clone(),
        crs: head.epsg.map(|n| format!("EPSG:{n}")).unwrap_or_default(),
        extent: written,
        ..FileFacts::default()
    };
    let degrees = written.is_some_and(|e| e[0] >= -180.0 && e[3] <= 180.0 && e[1] >= -90.0 && e[4] <= 90.0)
        && head.epsg.is_some_and(|n| (4000..5000).contains(&n) || n == 10282);
    let epsg = head.epsg;
    axes::turn(input, &mut head, epsg)?;
    let placer = Placer::rough(stream::extent(input, &head)?, degrees);
    let mut converter = Converter::new(&head, &placer);
    let mut add = |name: &str, n: usize| *facts.counts.entry(name.to_owned()).or_default() += n;
    for name in ["city_objects", "buildings", "roads"] {
        add(name, 0);
    }
    add("vertices", head.vertices.len());
    for (name, n) in [
        ("templates", head.templates.geometry.len()),
        ("extensions", head.extensions),
        ("materials", head.appearance.materials.len()),
        ("textures", head.appearance.textures.len()),
        ("vertices-texture", head.appearance.uvs.len()),
    ] {
        if n > 0 {
            add(name, n);
        }
    }
    if head.sequence() {
        add("features", 0);
    }
    stream::batches(input, &head, &mut |chunks| {
        for chunk in &chunks {
            add("vertices", chunk.vertices.len());
            if chunk.feature {
                add("features", 1);
            }
            chunk.objects.iter().for_each(|object| count(object, &mut add));
        }
        converter.batch(&chunks);
        Ok(true)
    })?;
    if facts.crs.is_empty() && facts.counts["city_objects"] + facts.counts["vertices"] > 0 {
        let text = "no reference system; the import needs --crs EPSG:n";
        facts.problems.push(super::Problem::new(Severity::Guessed, "", "metadata.referenceSystem", text));
    }
    if let Some(code) = head.epsg.filter(|code| guanlan_geography::crs_parts(&format!("EPSG:{code}")).is_err()) {
        let text = format!("EPSG:{code} is unknown; the import needs --crs EPSG:n");
        facts.problems.push(super::Problem::new(Severity::Skipped, "", "metadata.referenceSystem", text));
    }
    if facts.counts["city_objects"] == 0 {
        facts.problems.push(super::Problem::new(Severity::Guessed, "", "CityObjects", "the file has no city objects"));
    }
    let (part, report) = converter.finish(input);
    let drawn = |b: &Building| 1 + b.details.len();
    let more = part.buildings.iter().map(drawn).max().unwrap_or(0);
    for (name, n) in [
        ("levels_of_detail", more),
        ("pictures", part.pictures.len()),
        ("painted_triangles", part.skins.iter().map(Skin::len).sum()),
    ] {
        if n > 0 {
            facts.counts.insert(name.to_owned(), n);
        }
    }
    facts.problems.extend(report.problems);
    Ok(facts)
}

fn count(object: &CityObject, add: &mut dyn FnMut(&str, usize)) {
    add("city_objects", 1);
    if object.parents.is_empty() {
        add("roots", 1);
    }
    match object.kind.as_str() {
        "Building" => add("buildings", 1),
        "Road" => add("roads", 1),
        _ => {}
    }
    add(&object.kind, 1);
    for geometry in &object.geometry {
        add(&format!("{} LoD {}", geometry.kind, if geometry.lod.is_empty() { "None" } else { &geometry.lod }), 1);
        geometry.semantics.iter().filter(|s| !s.is_empty()).for_each(|s| add(s, 1));
    }
}
