//! The city pack: an imported city as a folder of parts, so that it reopens at once and a changed
//! input makes anew only what depends on it.
//!
//! `pack.json` lists versions, inputs with their digests, parts and the import report. Each part is
//! one step of the import ([`crate::import`]): the layers of one file, a raster in the frame, the
//! ground under a file's buildings, the terrain. Its name carries a digest of everything it was made
//! of. Files are whole or absent; one process writes at a time; what a killed one had finished is
//! used by the next.

mod files;
mod inputs;
mod keeper;
mod layers;
mod manifest;
mod part;
mod verify;

use std::path::{Path, PathBuf};

use guanlan_core::{Bilingual, Lang};
use rayon::prelude::*;

use crate::{
    import::{
        ImportError, LoadOptions, Report, archive, assemble, load_city,
        steps::{Piece, Role, stand_on},
    },
    model::City,
};
use files::Lock;
use keeper::{PackKeeper, absolute, slug};
pub use manifest::MANIFEST;
use manifest::{Choices, Manifest, Unusable};
pub use verify::{Verified, verify};

/// Packs kept in a cache folder; those unused for longest are removed beyond.
const KEPT: usize = 12;

/// A city out of a pack.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The city.
    pub city: City,
    /// What its import found out.
    pub report: Report,
    /// Parts that were made anew: what they are and of which file. Empty when the pack was whole.
    pub rebuilt: Vec<String>,
    /// What a user should know: damage, another version, changed inputs.
    pub notices: Vec<Bilingual>,
    /// Why the pack could not be written. The city is good all the same.
    pub unsaved: Option<String>,
}

/// A pack or its inputs cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PackError {
    /// An input cannot be used.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The pack cannot be used and cannot be made again.
    #[error("{}: {reason}", path.display())]
    Pack {
        /// Its folder.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// True for the folder of a pack.
#[must_use]
pub fn is_pack(path: &Path) -> bool {
    path.join(MANIFEST).is_file()
}

/// Imports files into a pack, or reopens it when nothing has changed. Only what depends on a changed
/// input is made anew. `progress` gets a line for each step.
///
/// # Errors
/// An input cannot be used. A pack that cannot be written is no error: see [`Opened::unsaved`].
pub fn import(
    dir: &Path,
    paths: &[PathBuf],
    options: &LoadOptions,
    progress: &dyn Fn(&str),
) -> Result<Opened, ImportError> {
    let paths = &archive::inputs(paths)?;
    let choices = Choices::of(options);
    let at_once = || {
        let manifest = Manifest::read(dir).ok()?;
        (manifest.choices == choices && unchanged(&manifest, paths)).then_some(())?;
        reopen(dir, &manifest).ok()
    };
    {
        let _lock = Lock::shared(dir);
        if let Some(opened) = at_once() {
            return Ok(opened);
        }
    }
    let waiting = || {
        progress(match options.lang {
            Lang::Zh => "另一进程正在写入此城市包，等待其完成…",
            Lang::En => "another process is writing this city pack, waiting for it …",
        });
    };
    let lock = std::fs::create_dir_all(dir).and_then(|()| Lock::exclusive(dir, &waiting));
    let _lock = match lock {
        Ok(lock) => lock,
        Err(error) => {
            let (city, report) = load_city(paths, options, progress)?;
            let unsaved = Some(format!("{}: {error}", dir.display()));
            return Ok(Opened { city, report, rebuilt: Vec::new(), notices: Vec::new(), unsaved });
        }
    };
    // The one who was waited for may have made it.
    if let Some(opened) = at_once() {
        return Ok(opened);
    }
    make(dir, paths, options, progress)
}

/// Makes what is missing; the caller holds the pack.
fn make(dir: &Path, paths: &[PathBuf], options: &LoadOptions, progress: &dyn Fn(&str)) -> Result<Opened, ImportError> {
    let mut notices = Vec::new();
    let known = match Manifest::read(dir) {
        Ok(manifest) => Some(manifest),
        Err(unusable) => {
            notices.extend(unusable.notice());
            None
        }
    };
    let mut keeper = PackKeeper::new(dir, known);
    let (city, report) = assemble(paths, options, progress, &mut keeper)?;
    let PackKeeper { inputs, parts, rebuilt, notices: more, mut fault, .. } = keeper;
    notices.extend(more);
    let keep = parts.iter().map(|p| p.file.clone()).collect();
    let manifest = Manifest {
        versions: manifest::Versions::own(),
        name: city.name.clone(),
        epsg: city.epsg,
        origin: city.origin,
        extent: city.extent,
        choices: Choices::of(options),
        inputs,
        parts,
        report: report.clone(),
    };
    if fault.is_none() {
        match manifest.write(dir) {
            Ok(()) => files::sweep(dir, &keep),
            Err(error) => fault = Some(format!("{MANIFEST}: {error}")),
        }
    }
    let unsaved = fault.map(|fault| format!("{}: {fault}", dir.display()));
    Ok(Opened { city, report, rebuilt, notices, unsaved })
}

/// Opens a pack by its folder. Its inputs need not be there; when they are and have changed, a notice
/// says so. A pack that is damaged or of another version is made again from its inputs.
///
/// # Errors
/// The folder holds no pack, or the pack cannot be used and its inputs are gone or broken.
pub fn open(dir: &Path, lang: Lang, progress: &dyn Fn(&str)) -> Result<Opened, PackError> {
    let wrong = |reason: String| PackError::Pack { path: dir.to_owned(), reason };
    let lock = Lock::shared(dir);
    let (manifest, why) = match Manifest::read(dir) {
        Ok(manifest) => match reopen(dir, &manifest) {
            Ok(mut opened) => {
                opened.notices.extend(verify::changed(&manifest).into_iter().map(|path| {
                    let path = path.display();
                    Bilingual::new(
                        format!("输入文件在导入之后有改动：{path}（重新运行 guanlan import 以更新）"),
                        format!("an input has changed since the import: {path} (run guanlan import again to update)"),
                    )
                }));
                return Ok(opened);
            }
            Err(damage) => (manifest, damage),
        },
        Err(Unusable::Old(versions, Some(manifest))) => {
            (*manifest, format!("made by Guanlan {} with other importers", versions.program))
        }
        Err(Unusable::Old(versions, None)) => {
            let reason = format!("made by Guanlan {}, which this version cannot read: import again", versions.program);
            return Err(wrong(reason));
        }
        Err(Unusable::Absent) => return Err(wrong(format!("no city pack: expected {MANIFEST} in the folder"))),
        Err(Unusable::Damaged(reason)) => return Err(wrong(format!("{reason}: import again"))),
    };
    drop(lock);
    let paths: Vec<PathBuf> = manifest.inputs.iter().map(|i| i.path.clone()).collect();
    if let Some(gone) = paths.iter().find(|path| !inputs::is_there(path)) {
        return Err(wrong(format!("{why}; it cannot be made again because {} is not there", gone.display())));
    }
    Ok(import(dir, &paths, &manifest.choices.options(lang), progress)?)
}

/// Loads files through a pack in a cache folder. A cache that cannot be written is done without.
///
/// # Errors
/// As [`load_city`].
pub fn load_cached(
    cache: &Path,
    paths: &[PathBuf],
    options: &LoadOptions,
    progress: &dyn Fn(&str),
) -> Result<(City, Report), ImportError> {
    let paths = &archive::inputs(paths)?;
    let dir = cache.join(cached_name(paths, options));
    let opened = import(&dir, paths, options, progress)?;
    for notice in &opened.notices {
        progress(notice.get(options.lang));
    }
    match &opened.unsaved {
        Some(reason) => tracing::warn!("the city is not cached: {reason}"),
        None => sweep(cache, &dir),
    }
    Ok((opened.city, opened.report))
}

/// Name of a pack in a cache: the same for the same files and choices, whatever is in the files.
fn cached_name(paths: &[PathBuf], options: &LoadOptions) -> String {
    let choices = format!("{:?}", Choices::of(options));
    let paths: Vec<String> = paths.iter().map(|p| absolute(p).display().to_string()).collect();
    let digest = inputs::digest_of(paths.iter().map(String::as_str).chain([choices.as_str()]));
    let first = paths.first().map(Path::new).and_then(Path::file_stem).unwrap_or_default();
    format!("{}-{}", slug(&first.to_string_lossy()), &digest[..16])
}

/// Removes the packs that were not used for longest beyond [`KEPT`], and caches of early versions.
fn sweep(cache: &Path, used: &Path) {
    let now = std::time::SystemTime::now();
    if let Ok(file) = std::fs::File::options().append(true).open(used.join(MANIFEST)) {
        let _ = file.set_modified(now);
    }
    let Ok(entries) = std::fs::read_dir(cache) else { return };
    let mut packs = Vec::new();
    for path in entries.flatten().map(|e| e.path()) {
        if path.extension().is_some_and(|e| e == "pack") && path.is_file() {
            let _ = std::fs::remove_file(&path);
        }
        if let Ok(last) = std::fs::metadata(path.join(MANIFEST)).and_then(|m| m.modified()) {
            packs.push((last, path));
        }
    }
    packs.sort();
    let surplus = packs.len().saturating_sub(KEPT);
    for (_, path) in packs.into_iter().take(surplus) {
        if let Some(_lock) = Lock::at_once(&path) {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// True when a pack was made of exactly these files as they are now, by size and time of change.
fn unchanged(manifest: &Manifest, paths: &[PathBuf]) -> bool {
    manifest.inputs.len() == paths.len()
        && manifest.inputs.iter().zip(paths).all(|(input, path)| {
            let path = absolute(path);
            input.path == path && !input.files.is_empty() && input.files == inputs::stat(&path)
        })
}

/// The city of a whole pack; the reason when a part cannot be used.
fn reopen(dir: &Path, manifest: &Manifest) -> Result<Opened, String> {
    let needed = manifest.parts.iter().filter(|p| matches!(p.role, Role::Layers | Role::Ground | Role::Terrain));
    // Terrain that was not cut is not written twice: it is the mosaic, or the only raster.
    let cut = manifest.parts.iter().any(|p| p.role == Role::Terrain && p.counts.contains_key("terrain_cells"));
    let rasters = manifest.parts.iter().rfind(|p| p.role == Role::Mosaic);
    let rasters = rasters.or_else(|| manifest.parts.iter().find(|p| p.role == Role::Raster)).filter(|_| !cut);
    let wanted: Vec<_> = rasters.into_iter().chain(needed).collect();
    let read = |entry: &&manifest::Entry| -> Result<(Role, Piece), String> {
        let wrong = |reason: &dyn std::fmt::Display| format!("{}: {reason}", entry.file);
        let bytes = std::fs::read(dir.join(&entry.file)).map_err(|e| wrong(&e))?;
        let piece = layers::read(&bytes, &entry.key).map_err(|e| wrong(&e))?;
        Ok((entry.role, piece))
    };
    let pieces: Vec<(Role, Piece)> = wanted.par_iter().map(read).collect::<Result<_, _>>()?;
    let mut city = City {
        name: manifest.name.clone(),
        epsg: manifest.epsg,
        origin: manifest.origin,
        extent: manifest.extent,
        ..City::default()
    };
    // In the order of the import: the ground follows the layers that stand on it.
    let mut last: Option<City> = None;
    let mut terrain = None;
    for (role, mut piece) in pieces {
        match role {
            Role::Ground => {
                if let Some(layers) = &mut last {
                    stand_on(&mut layers.buildings, &piece.ground_m);
                }
            }
            Role::Terrain | Role::Raster | Role::Mosaic => terrain = piece.city.terrain.take().or(terrain),
            Role::Layers => {
                last.replace(piece.city).into_iter().for_each(|layers| city.absorb(layers));
            }
        }
    }
    last.into_iter().for_each(|layers| city.absorb(layers));
    city.terrain = terrain.or(city.terrain);
    city.sort_areas();
    let report = manifest.report.clone();
    Ok(Opened { city, report, rebuilt: Vec::new(), notices: Vec::new(), unsaved: None })
}

impl Unusable {
    fn notice(self) -> Option<Bilingual> {
        match self {
            Self::Absent => None,
            Self::Damaged(reason) => Some(Bilingual::new(
                format!("城市包目录损坏，已重建（{reason}）"),
                format!("the city pack's table of contents was damaged and is made again ({reason})"),
            )),
            Self::Old(versions, _) => Some(Bilingual::new(
                format!("城市包由另一版本（{}）生成，已重建", versions.program),
                format!("the city pack was made by another version ({}) and is made again", versions.program),
            )),
        }
    }
}
