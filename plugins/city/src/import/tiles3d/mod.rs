//! 3D Tiles 1.0 and 1.1: tilesets, implicit tiling, b3dm, i3dm, cmpt, pnts and glTF contents, metadata.
//!
//! Coordinates: tilesets are Earth-centred (WGS 84) or in metres around nothing; what comes out is in the
//! city's local metres (east, north, height). Heights above the ellipsoid stay such, but for a lift that the
//! caller chooses ([`TilesetLayer::lift_m`]). Nothing here knows a renderer or a thread: [`TileTree`] says what to read,
//! [`tree::Job::run`] reads it wherever the caller likes.
//!
//! Not read: vector tiles, 3TZ archives, property textures. Each is refused by name.

mod binary;
mod checks;
pub mod content;
pub mod gltf_tile;
mod hierarchy;
pub mod http;
pub mod implicit;
pub mod issue;
mod json;
pub mod linear;
pub mod look;
mod material;
pub mod placing;
pub mod s2;
pub mod schema;
mod seen;
pub mod source;
pub mod subtree;
pub mod survey;
pub mod tables;
pub mod tileset;
pub mod tree;
pub mod volume;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;

use super::{FileFacts, ImportError, Problem, Report, Severity, archive, peek::Peek};
use crate::model::TilesetLayer;

pub use content::{ContentKind, TileContent, TileMesh, TilePoints};
pub use gltf_tile::NO_FEATURE;
pub use http::{is_address, open_source};
pub use issue::{Issue, Issues, Kind};
pub use look::{TileLook, TilePicture, TileRun, Wrap};
pub use placing::Placing;
pub use source::{LocalFolder, TileSource};
pub use survey::{Budget, Survey};
pub use tileset::{Refine, Tileset};
pub use tree::{Ask, Job, Node, Outcome, TileTree};
pub use volume::LocalBox;

/// True for a folder that holds a tileset.
#[must_use]
pub fn is_tileset(path: &Path) -> bool {
    path.is_dir() && LocalFolder::open(path).is_ok()
}

/// Paths with the tileset's document in place of a tileset's folder.
#[must_use]
pub fn documents(paths: &[PathBuf]) -> Vec<PathBuf> {
    let document = |path: &PathBuf| match LocalFolder::open(path) {
        Ok((_, uri)) if path.is_dir() => path.join(uri),
        _ => path.clone(),
    };
    paths.iter().map(document).collect()
}

/// A tileset that was opened.
struct Open {
    source: Arc<dyn TileSource>,
    uri: String,
    tileset: Tileset,
    issues: Issues,
}

fn open(path: &Path) -> Result<Open, ImportError> {
    let fail = |place: &str, why: String| ImportError::new(path, place, why);
    let (source, uri) = open_source(path).map_err(|why| fail("", why))?;
    let bytes = source.get(&uri, tileset::MAX_JSON).map_err(|why| fail("", why))?;
    let mut issues = Issues::default();
    match Tileset::read(&bytes, &uri, source.as_ref(), &mut issues) {
        Some(tileset) => Ok(Open { source, uri, tileset, issues }),
        None => Err(match issues.fatal() {
            Some(issue) => fail(&issue.place, format!("{} ({})", issue.message, issue.kind.code())),
            None => fail("root", "no tile of it can be used".into()),
        }),
    }
}

/// Where a tileset lies.
///
/// # Errors
/// When it cannot be used at all.
pub fn peek(path: &Path) -> Result<Peek, ImportError> {
    let extent = tree::lonlat_extent(&open(path)?.tileset);
    Ok(Peek { epsg: extent.map(|_| 4326), extent })
}

/// Reads a tileset as a layer of the city. Its tiles stay where they are; they are read when somebody looks.
///
/// # Errors
/// When it cannot be used at all.
pub fn read(path: &Path, frame: &LocalFrame) -> Result<(TilesetLayer, Report), ImportError> {
    let open = open(path)?;
    let mut report = Report::default();
    let survey = Survey::of(&open.tileset, &open.uri, *frame, open.source.as_ref(), Budget::QUICK);
    let mut ignored = Issues::default();
    let tree = TileTree::new(&open.tileset, &open.uri, *frame, 0.0, &mut ignored);
    let (low, high) = match survey.bounds {
        // What is drawn says better where things are than the root's volume does, when all of it was opened.
        Some((low, high)) if survey.complete => (low.map(f64::from), high.map(f64::from)),
        _ => tree.nodes.first().map(|n| n.volume.bounds()).unwrap_or_default(),
    };
    if matches!(tree.placing, Placing::Globe { .. }) {
        let text = "heights are above the ellipsoid; the tiles are raised or lowered as one to stand on the ground";
        report.note(Severity::Guessed, "heights", text);
    } else {
        let text = "the tileset names no place on Earth; its metres are taken as local metres";
        report.note(Severity::Guessed, "root", text);
    }
    for (class, n) in &survey.counts {
        report.count(&format!("3d_tiles_{class}"), *n);
    }
    put(&mut report, open.issues);
    put(&mut report, survey.issues);
    let absolute = archive::absolute(path);
    let file = if absolute.is_dir() { absolute.join(&open.uri) } else { absolute };
    let file = if is_address(path) { path.to_owned() } else { file };
    let layer = TilesetLayer {
        name: Bilingual::same(name_of(path)),
        path: file.to_string_lossy().into_owned(),
        bounds_m: [low[0], low[1], high[0], high[1]].map(|v| v as f32),
        height_m: [low[2] as f32, high[2] as f32],
        feet_m: survey.feet,
    };
    Ok((layer, report))
}

/// The folder's name for `tileset.json`, else the file's.
fn name_of(path: &Path) -> String {
    let stem = |p: &Path| p.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    if path.is_dir() {
        return path.file_name().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    }
    let own = stem(path);
    let folder = path.parent().and_then(Path::file_name).map(|s| s.to_string_lossy().into_owned());
    if own.eq_ignore_ascii_case("tileset") { folder.unwrap_or(own) } else { own }
}

/// Issues as problems of a report; equal messages are counted.
fn put(report: &mut Report, issues: Issues) {
    let more = issues.more;
    for issue in issues.list {
        let problem = Problem::from(issue);
        report.note(problem.severity, problem.where_, problem.message);
    }
    if more > 0 {
        report.note(Severity::Guessed, "", format!("{more} more problems are not listed"));
    }
}

/// What is in a tileset, for `guanlan inspect`. The extent is longitude, latitude and height above the
/// ellipsoid, or the tileset's own metres.
///
/// # Errors
/// When it cannot be used at all.
pub fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let open = open(path)?;
    let extent = tree::lonlat_extent(&open.tileset);
    let plain = tree::lonlat_extent(&open.tileset).is_none().then(|| {
        let root = open.tileset.tiles.first()?;
        let local = root.volume.to_local(&root.transform, &Placing::Plain { shift_m: [0.0; 3] })?;
        let (low, high) = local.bounds();
        Some([low[0], low[1], low[2], high[0], high[1], high[2]])
    });
    let frame = match extent {
        Some(e) => {
            let (lon, lat) = ((e[0] + e[3]) / 2.0, (e[1] + e[4]) / 2.0);
            let mut frame = LocalFrame::new(guanlan_geography::choose_local_epsg(lon, lat), [0.0; 2]);
            frame.origin = frame.from_lonlat(lon, lat).unwrap_or_default();
            frame
        }
        None => LocalFrame::default(),
    };
    let mut survey = Survey::of(&open.tileset, &open.uri, frame, open.source.as_ref(), Budget::THOROUGH);
    survey.counts.insert("feature_properties".into(), survey.properties.len());
    let mut report = Report::default();
    put(&mut report, open.issues);
    put(&mut report, survey.issues);
    Ok(FileFacts {
        path: path.to_owned(),
        format: "3D Tiles".into(),
        version: open.tileset.version.clone(),
        crs: if extent.is_some() { "EPSG:4978".into() } else { String::new() },
        extent: extent.or(plain.flatten()),
        counts: survey.counts,
        problems: report.problems,
    })
}
