//! The table of contents of a pack, as JSON for people and programs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;
use serde::{Deserialize, Serialize};

use super::{files, inputs::Stat};
use crate::import::{LoadOptions, Report, place_files::Sketch, steps::Role};

/// Name of the file in a pack's folder.
pub const MANIFEST: &str = "pack.json";
/// Layout of packs. Raised when the manifest changes its meaning.
const FORMAT: u32 = 1;
/// Digest of everything that decides what an import yields.
const STAMP: &str = env!("GUANLAN_IMPORT_STAMP");

/// Versions that must agree before a part is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Versions {
    /// Layout of the pack.
    pub format: u32,
    /// The program.
    pub program: String,
    /// The importers and the model.
    pub importers: String,
}

impl Versions {
    /// Those of this program.
    pub fn own() -> Self {
        Self { format: FORMAT, program: env!("CARGO_PKG_VERSION").into(), importers: STAMP.into() }
    }
}

/// What the user chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Choices {
    /// EPSG code for files that name none.
    pub crs: Option<u32>,
    /// Name of the city.
    pub name: Option<Bilingual>,
    /// Terrain cell, m.
    pub terrain_cell_m: Option<f64>,
    /// Local frame.
    pub frame: Option<LocalFrame>,
    /// Heights of different levels are put together.
    #[serde(default)]
    pub mix_heights: bool,
}

impl Choices {
    /// Those that decide the content; not the language of messages.
    pub fn of(options: &LoadOptions) -> Self {
        // A new option stops here: it decides the content, or it does not.
        let LoadOptions { crs_override, name, terrain_cell_m, frame, mix_heights, lang: _ } = options;
        let (crs, terrain_cell_m, frame, mix_heights) = (*crs_override, *terrain_cell_m, *frame, *mix_heights);
        Self { crs, name: name.clone(), terrain_cell_m, frame, mix_heights }
    }

    /// As options again.
    pub fn options(&self, lang: guanlan_core::Lang) -> LoadOptions {
        LoadOptions {
            crs_override: self.crs,
            name: self.name.clone(),
            terrain_cell_m: self.terrain_cell_m,
            frame: self.frame,
            mix_heights: self.mix_heights,
            lang,
        }
    }
}

/// A file that was imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Input {
    /// As it was found, absolute.
    pub path: PathBuf,
    /// The file and those read beside it when the digest was made.
    pub files: Vec<Stat>,
    /// SHA-256 of the bytes.
    pub digest: String,
    /// Where it lies.
    pub sketch: Sketch,
}

/// A part file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// File name in the pack's folder.
    pub file: String,
    /// What it is for.
    pub role: Role,
    /// Input, for people.
    pub name: String,
    /// Digest of everything it was made of.
    pub key: String,
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256 of the part file.
    pub sha256: String,
    /// Things in it, by layer.
    pub counts: BTreeMap<String, usize>,
}

/// The table of contents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub versions: Versions,
    /// Name of the city.
    pub name: Bilingual,
    /// CRS of the local frame.
    pub epsg: u32,
    /// Origin of the local frame, projected m.
    pub origin: [f64; 2],
    /// West, south, east, north, local m.
    pub extent: [f32; 4],
    pub choices: Choices,
    pub inputs: Vec<Input>,
    /// In the order of the import.
    pub parts: Vec<Entry>,
    pub report: Report,
}

impl Manifest {
    /// Reads a pack's table of contents; the reason when it cannot be used.
    pub fn read(dir: &Path) -> Result<Self, Unusable> {
        let text = match std::fs::read(dir.join(MANIFEST)) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Err(Unusable::Absent),
            Err(e) => return Err(Unusable::Damaged(format!("{MANIFEST}: {e}"))),
        };
        // Versions first: another version may have other fields.
        #[derive(Deserialize)]
        struct Only {
            versions: Versions,
        }
        let damaged = |e: serde_json::Error| Unusable::Damaged(format!("{MANIFEST}: {e}"));
        let Only { versions } = serde_json::from_slice(&text).map_err(damaged)?;
        let current = versions == Versions::own();
        match serde_json::from_slice::<Self>(&text) {
            Ok(manifest) if current => Ok(manifest),
            Ok(manifest) => Err(Unusable::Old(versions, Some(Box::new(manifest)))),
            Err(_) if !current => Err(Unusable::Old(versions, None)),
            Err(e) => Err(damaged(e)),
        }
    }

    /// Replaces a pack's table of contents.
    pub fn write(&self, dir: &Path) -> std::io::Result<()> {
        files::write_whole(&dir.join(MANIFEST), |to| {
            serde_json::to_writer_pretty(&mut *to, self)?;
            std::io::Write::write_all(to, b"\n")
        })
    }
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug)]
pub(super) enum Unusable {
    /// There is none.
    Absent,
    /// Not what a manifest looks like.
    Damaged(String),
    /// Made by another version, with what can be understood of it.
    Old(Versions, Option<Box<Manifest>>),
}
