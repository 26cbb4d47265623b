//! What an input is known by: size and time first, its bytes when those differ.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::import::{Format, archive, detect, tiles3d};

/// Extensions of files that importers read beside a file of the same name.
const BESIDE: [&str; 11] = ["prj", "qpj", "dbf", "shx", "cpg", "tfw", "tifw", "wld", "aux.xml", "ovr", "gpkg-wal"];
/// Longest file that is searched for the files it names, bytes.
const MAX_SEARCHED_BYTES: u64 = 64 << 20;

/// A file as the file system shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stat {
    pub path: PathBuf,
    pub bytes: u64,
    /// Time of change, ns since 1970.
    pub changed_ns: u128,
}

impl Stat {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        let changed = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(Self { path: path.to_owned(), bytes: meta.len(), changed_ns: changed.as_nanos() })
    }
}

/// True when an input is there, or lies on a server.
pub(super) fn is_there(path: &Path) -> bool {
    tiles3d::is_address(path) || path.exists() || archive::split(path).is_some()
}

/// The file itself and those that are read beside it, in order of their names. Empty when the file is
/// not there.
///
/// An archive stands for its members. One entry, whose path is their folder, stands for all tiles of a tileset. A tileset on a server is another one every
/// day.
pub(super) fn stat(path: &Path) -> Vec<Stat> {
    if tiles3d::is_address(path) {
        let days = UNIX_EPOCH.elapsed().map_or(0, |age| age.as_secs() / (24 * 3600));
        return vec![Stat { path: path.to_owned(), bytes: 0, changed_ns: u128::from(days) }];
    }
    if let Some((archive, _)) = archive::split(path) {
        return Stat::of(&archive).into_iter().collect();
    }
    let Some(own) = Stat::of(path) else { return Vec::new() };
    if names_tiles(path)
        && let Some(folder) = path.parent().and_then(tiles)
    {
        return vec![own, folder];
    }
    let mut beside: Vec<Stat> = BESIDE
        .iter()
        .flat_map(|ext| [path.with_extension(ext), path.with_extension(ext.to_uppercase()), with_more(path, ext)])
        .chain(named_inside(path))
        .filter(|other| other != path)
        .filter_map(|other| Stat::of(&other))
        .collect();
    beside.sort_by(|a, b| a.path.cmp(&b.path));
    beside.dedup();
    let mut all = vec![own];
    all.append(&mut beside);
    all
}

fn with_more(path: &Path, ext: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ext);
    name.into()
}

/// True for a document of 3D Tiles, by its name: its tiles lie beside it and below.
fn names_tiles(path: &Path) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    name.ends_with(".json")
        && !name.ends_with(".city.json")
        && (name.starts_with("tileset") || detect(path).is_ok_and(|f| f == Format::Tiles3d))
}

/// Most files of a tileset that are looked at.
const MAX_TILES: usize = 2_000_000;

/// Tiles of more bytes together are known by their names, sizes and times alone.
const MAX_HASHED_BYTES: u64 = 8 << 30;

/// All files of a folder and below, in order of their names.
fn files_below(folder: &Path) -> Option<Vec<Stat>> {
    let mut open = vec![folder.to_owned()];
    let mut found: Vec<Stat> = Vec::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).ok()?.flatten() {
            let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
            if kind.is_dir() {
                open.push(path);
            } else if found.len() < MAX_TILES {
                found.extend(Stat::of(&path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Some(found)
}

/// All files of a folder as one: their bytes together, and a digest of their names, sizes and times.
fn tiles(folder: &Path) -> Option<Stat> {
    let found = files_below(folder)?;
    let mut hasher = Sha256::new();
    for Stat { path, bytes, changed_ns } in &found {
        let name = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
        hasher.update(format!("{name} {bytes} {changed_ns}\n"));
    }
    let digest = hasher.finalize();
    let changed_ns = u128::from_le_bytes(*digest.first_chunk::<16>()?) >> 1;
    Some(Stat { path: folder.to_owned(), bytes: found.iter().map(|f| f.bytes).sum(), changed_ns })
}

/// Files that a file names: buffers of a glTF model, series and rain of a SWMM network. As the importers do,
/// only those beside it.
fn named_inside(path: &Path) -> Vec<PathBuf> {
    let is = |ext: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(ext));
    let find = match (is("gltf"), is("inp")) {
        (true, _) => buffers,
        (_, true) => series,
        _ => return Vec::new(),
    };
    let small = std::fs::metadata(path).is_ok_and(|m| m.len() <= MAX_SEARCHED_BYTES);
    let bytes = if small { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    let folder = path.parent().unwrap_or(Path::new(""));
    find(&bytes).into_iter().map(|name| folder.join(name)).collect()
}

fn buffers(bytes: &[u8]) -> Vec<String> {
    let Ok(model) = serde_json::from_slice::<serde_json::Value>(bytes) else { return Vec::new() };
    let lists = ["buffers", "images"].into_iter().filter_map(|list| model.get(list)?.as_array());
    let uris = lists.flatten().filter_map(|entry| entry.get("uri")?.as_str());
    uris.filter(|uri| !uri.contains([':', '/', '\\'])).map(|uri| uri.replace("%20", " ")).collect()
}

fn series(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let after_file = |line: &str| {
        let at = line.to_ascii_uppercase().find("FILE")?;
        let rest = line.get(at + 4..)?.trim_start();
        let name = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => rest.split_whitespace().next()?,
        };
        // Whatever folder it was written with.
        name.rsplit(['/', '\\']).next().filter(|name| !name.is_empty()).map(str::to_owned)
    };
    text.lines().filter_map(after_file).collect()
}

/// Digest of the bytes of the files and of the names beside the first, read as a stream.
pub(super) fn digest(files: &[Stat]) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    for stat in files {
        if files.len() > 1 && !stat.path.is_dir() {
            let name = stat.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            hasher.update(format!("{name} {}\n", stat.bytes));
        }
        if stat.path.is_dir() && stat.bytes <= MAX_HASHED_BYTES {
            for tile in files_below(&stat.path).unwrap_or_default() {
                let name = tile.path.strip_prefix(&stat.path).unwrap_or(&tile.path).to_string_lossy().into_owned();
                hasher.update(format!("{name} {}\n", tile.bytes));
                hash(&tile.path, &mut hasher, &mut buffer)?;
            }
        } else if stat.path.is_dir() || tiles3d::is_address(&stat.path) {
            hasher.update(format!("{} {}\n", stat.path.display(), stat.changed_ns));
        } else {
            hash(&stat.path, &mut hasher, &mut buffer)?;
        }
    }
    Ok(hex(&hasher.finalize()))
}

/// Adds the bytes of a file.
fn hash(path: &Path, hasher: &mut Sha256, buffer: &mut [u8]) -> std::io::Result<()> {
    let mut file = File::open(path)?;
    loop {
        match file.read(buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => hasher.update(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Digest of texts that must not run into each other.
pub(super) fn digest_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for text in texts {
        hasher.update((text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    hex(&hasher.finalize())
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_belong_to_the_digest() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("dem.asc");
        std::fs::write(&file, "1 2 3").unwrap();
        let alone = digest(&stat(&file)).unwrap();
        assert_eq!(alone, digest(&stat(&file)).unwrap());
        std::fs::write(dir.path().join("dem.prj"), "PROJCS").unwrap();
        let files = stat(&file);
        assert_eq!(files.len(), 2);
        assert_ne!(digest(&files).unwrap(), alone);
        assert!(stat(&dir.path().join("none")).is_empty());
    }

    #[test]
    fn a_model_brings_its_buffers() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tower.gltf");
        std::fs::write(&file, r#"{"buffers":[{"uri":"a b.dat"},{"uri":"../../secret"}],"images":[{"uri":"data:x"}]}"#)
            .unwrap();
        std::fs::write(dir.path().join("a b.dat"), "x").unwrap();
        let names: Vec<_> = stat(&file).into_iter().map(|s| s.path).collect();
        assert_eq!(names, [file, dir.path().join("a b.dat")]);
    }

    #[test]
    fn a_tileset_brings_its_tiles() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("tileset.json");
        std::fs::write(&file, "{}").unwrap();
        std::fs::create_dir(dir.path().join("a")).unwrap();
        std::fs::write(dir.path().join("a/1.b3dm"), "x").unwrap();
        let before = stat(&file);
        assert_eq!((before.len(), &before), (2, &stat(&file)));
        let alone = digest(&before).unwrap();
        std::fs::write(dir.path().join("a/1.b3dm"), "xy").unwrap();
        let after = stat(&file);
        assert_ne!(before, after);
        assert_ne!(digest(&after).unwrap(), alone);
        // Copied or touched, it is the same tileset; one other byte of the same length makes it another.
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir(copy.path().join("a")).unwrap();
        for name in ["tileset.json", "a/1.b3dm"] {
            std::fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
        }
        let copied = stat(&copy.path().join("tileset.json"));
        assert_eq!(digest(&copied).unwrap(), digest(&after).unwrap());
        std::fs::write(copy.path().join("a/1.b3dm"), "xz").unwrap();
        assert_ne!(digest(&stat(&copy.path().join("tileset.json"))).unwrap(), digest(&after).unwrap());
        let server = stat(Path::new("https://h.org/tileset.json"));
        assert_eq!(server.len(), 1);
        assert!(digest(&server).is_ok() && is_there(&server[0].path));
    }

    #[test]
    fn a_network_brings_its_series() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("net.inp");
        let text = "[RAINGAGES]\nG1 VOLUME 0:05 1 FILE \"C:\\rain 1.dat\" STA1 MM\n[TIMESERIES]\nT1 FILE flow.txt\n";
        std::fs::write(&file, text).unwrap();
        let alone = digest(&stat(&file)).unwrap();
        std::fs::write(dir.path().join("rain 1.dat"), "x").unwrap();
        std::fs::write(dir.path().join("flow.txt"), "y").unwrap();
        assert_eq!(stat(&file).len(), 3);
        assert_ne!(digest(&stat(&file)).unwrap(), alone);
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        assert_ne!(digest_of(["ab", "c"]), digest_of(["a", "bc"]));
    }
}
