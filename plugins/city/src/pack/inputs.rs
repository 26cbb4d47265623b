//! What an input is known by: size and time first, its bytes when those differ.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Extensions of files that importers read beside a file of the same name.
const BESIDE: [&str; 14] =
    ["prj", "qpj", "dbf", "shx", "cpg", "tfw", "tifw", "wld", "aux.xml", "ovr", "gpkg-wal", "bin", "wkt", "csv"];
/// Longest JSON model that is searched for the files it names, bytes.
const MAX_MODEL_BYTES: u64 = 64 << 20;

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

/// The file itself and those that are read beside it, in order of their names. Empty when the file is
/// not there.
pub(super) fn stat(path: &Path) -> Vec<Stat> {
    let Some(own) = Stat::of(path) else { return Vec::new() };
    let mut beside: Vec<Stat> = BESIDE
        .iter()
        .flat_map(|ext| [path.with_extension(ext), with_more(path, ext)])
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

/// Buffers of a glTF model.
fn named_inside(path: &Path) -> Vec<PathBuf> {
    let is_model = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gltf"));
    let small = std::fs::metadata(path).is_ok_and(|m| m.len() <= MAX_MODEL_BYTES);
    let text = if is_model && small { std::fs::read(path).unwrap_or_default() } else { Vec::new() };
    let Ok(model) = serde_json::from_slice::<serde_json::Value>(&text) else { return Vec::new() };
    let folder = path.parent().unwrap_or(Path::new(""));
    let lists = ["buffers", "images"].into_iter().filter_map(|list| model.get(list)?.as_array());
    let uris = lists.flatten().filter_map(|entry| entry.get("uri")?.as_str());
    // As the importer: only files beside the model.
    uris.filter(|uri| !uri.contains([':', '/', '\\'])).map(|uri| folder.join(uri.replace("%20", " "))).collect()
}

/// Digest of the bytes of the files and of the names beside the first, read as a stream.
pub(super) fn digest(files: &[Stat]) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    for stat in files {
        if files.len() > 1 {
            let name = stat.path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            hasher.update(format!("{name} {}\n", stat.bytes));
        }
        let mut file = File::open(&stat.path)?;
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => hasher.update(&buffer[..n]),
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }
    Ok(hex(&hasher.finalize()))
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
    fn texts_do_not_run_into_each_other() {
        assert_ne!(digest_of(["ab", "c"]), digest_of(["a", "bc"]));
    }
}
