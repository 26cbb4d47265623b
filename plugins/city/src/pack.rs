//! The city pack: an imported city as one compressed file, so that it reopens at once.
//!
//! The pack's name is a digest of everything its content depends on: the program's version, the
//! options, and each input file's path, size and time of change. A changed input has another name.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    import::{ImportError, LoadOptions, Report, load_city},
    model::City,
};

/// Raised whenever the model or an importer changes what it reads.
const PACK_VERSION: u32 = 3;
/// Packs kept in a cache folder; the oldest are removed beyond.
const KEPT: usize = 12;
/// Larger plain packs are damage, not data.
const MAX_PLAIN_BYTES: u64 = 8 << 30;

#[derive(Serialize, Deserialize)]
struct Pack {
    city: City,
    report: Report,
}

/// Loads files through the cache. A pack that cannot be read is made again; a cache that cannot be
/// written is done without.
///
/// # Errors
/// As [`load_city`].
pub fn load_cached(
    cache: &Path,
    files: &[PathBuf],
    options: &LoadOptions,
    progress: &dyn Fn(&str),
) -> Result<(City, Report), ImportError> {
    let path = cache.join(format!("{}.pack", key(files, options)));
    if let Some(pack) = read(&path) {
        return Ok((pack.city, pack.report));
    }
    let (city, report) = load_city(files, options, progress)?;
    let pack = Pack { city, report };
    if let Err(error) = write(cache, &path, &pack) {
        tracing::debug!("city pack {}: {error}", path.display());
    }
    Ok((pack.city, pack.report))
}

fn key(files: &[PathBuf], options: &LoadOptions) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{PACK_VERSION} {} ", env!("CARGO_PKG_VERSION")));
    hasher.update(format!("{:?} {:?} ", options.crs_override, options.name));
    hasher.update(format!("{:?} {:?}", options.terrain_cell_m, options.frame));
    for file in files {
        let meta = std::fs::metadata(file).ok();
        let changed = meta.as_ref().and_then(|m| m.modified().ok());
        let path = std::fs::canonicalize(file).unwrap_or_else(|_| file.clone());
        hasher.update(format!("\n{} {:?} {:?}", path.display(), meta.map(|m| m.len()), changed));
    }
    hasher.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect()
}

fn read(path: &Path) -> Option<Pack> {
    let file = std::fs::File::open(path).ok()?;
    let mut plain = Vec::new();
    zstd::Decoder::new(file).ok()?.take(MAX_PLAIN_BYTES).read_to_end(&mut plain).ok()?;
    postcard::from_bytes(&plain).ok()
}

fn write(cache: &Path, path: &Path, pack: &Pack) -> std::io::Result<()> {
    std::fs::create_dir_all(cache)?;
    let plain = postcard::to_stdvec(pack).map_err(std::io::Error::other)?;
    let packed = zstd::bulk::compress(&plain, 1)?;
    let temporary = tempfile::NamedTempFile::new_in(cache)?;
    std::fs::write(temporary.path(), packed)?;
    temporary.persist(path).map_err(|e| e.error)?;
    sweep(cache);
    Ok(())
}

/// Removes the oldest packs beyond [`KEPT`].
fn sweep(cache: &Path) {
    let Ok(entries) = std::fs::read_dir(cache) else { return };
    let mut packs: Vec<_> = entries
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "pack"))
        .filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path())))
        .collect();
    packs.sort();
    let surplus = packs.len().saturating_sub(KEPT);
    for (_, path) in packs.into_iter().take(surplus) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASC: &str =
        "ncols 2\nnrows 2\nxllcorner 500000\nyllcorner 3350000\ncellsize 10\nNODATA_value -9999\n1 2\n3 4\n";

    #[test]
    fn the_second_time_comes_from_the_pack_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, file) = (dir.path().join("cache"), dir.path().join("dem.asc"));
        std::fs::write(&file, ASC).unwrap();
        let options = LoadOptions { crs_override: Some(4549), ..LoadOptions::default() };
        let files = [file.clone()];
        let calls = std::cell::Cell::new(0);
        let count = |_: &str| calls.set(calls.get() + 1);
        let first = load_cached(&cache, &files, &options, &count).unwrap().0;
        let reads = calls.get();
        assert!(reads > 0);
        let again = load_cached(&cache, &files, &options, &count).unwrap().0;
        assert_eq!(calls.get(), reads, "the importer ran again");
        assert_eq!(first.terrain, again.terrain);
        std::fs::write(&file, ASC.replace("3 4", "3 5.25")).unwrap();
        let changed = load_cached(&cache, &files, &options, &count).unwrap().0;
        assert!(calls.get() > reads);
        assert_ne!(first.terrain, changed.terrain);
        // A damaged pack is made again.
        for entry in std::fs::read_dir(&cache).unwrap().flatten() {
            std::fs::write(entry.path(), b"no pack").unwrap();
        }
        assert_eq!(load_cached(&cache, &files, &options, &count).unwrap().0.terrain, changed.terrain);
    }
}
