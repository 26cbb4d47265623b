//! Where the files of a tileset come from, and how their URIs are followed.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::look::TilePicture;

/// Gives the bytes of a tileset's files. Implementations may block: they are called on worker threads.
pub trait TileSource: Send + Sync {
    /// The bytes at a URI (as [`join`] made it); at most `limit` of them.
    ///
    /// # Errors
    /// Why not, without the URI.
    fn get(&self, uri: &str, limit: u64) -> Result<Vec<u8>, String>;

    /// Decodes a picture of a content. Whoever only counts may remember what it has decoded before.
    ///
    /// # Errors
    /// Why the picture cannot be used.
    fn picture(&self, bytes: &[u8]) -> Result<Arc<TilePicture>, String> {
        TilePicture::decode(bytes).map(Arc::new)
    }

    /// After so many seconds something that could not be had may be asked for again; `None`: never.
    fn retry_s(&self) -> Option<f32> {
        None
    }
}

/// A tileset in a folder. Nothing outside the folder is opened.
#[derive(Clone, Debug)]
pub struct LocalFolder {
    root: PathBuf,
}

impl LocalFolder {
    /// The folder of a `tileset.json`, and that file's URI in it. A folder stands for its `tileset.json`, or
    /// for the only `tileset*.json` in it.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn open(path: &Path) -> Result<(Self, String), String> {
        let file = if path.is_dir() { root_file(path)? } else { path.to_owned() };
        let Some(name) = file.file_name() else { return Err("is no file".into()) };
        let root = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        Ok((Self { root }, name.to_string_lossy().into_owned()))
    }
}

/// The tileset of a folder.
fn root_file(folder: &Path) -> Result<PathBuf, String> {
    let usual = folder.join("tileset.json");
    if usual.is_file() {
        return Ok(usual);
    }
    let entries = std::fs::read_dir(folder).map_err(|e| e.to_string())?;
    let named_so = |p: &PathBuf| {
        let name = p.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        p.is_file() && name.starts_with("tileset") && name.ends_with(".json")
    };
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(named_so).collect();
    found.sort();
    match (found.pop(), found.is_empty()) {
        (Some(only), true) => Ok(only),
        _ => Err("is a folder without a tileset.json".into()),
    }
}

impl TileSource for LocalFolder {
    fn get(&self, uri: &str, limit: u64) -> Result<Vec<u8>, String> {
        if uri.contains("://") {
            return Err("lies on a server; only local files are opened".into());
        }
        let name = unescape(uri);
        if name.split('/').any(|part| part == "..") || name.starts_with('/') || name.contains(['\\', ':', '\0']) {
            return Err("leads out of the tileset's folder; nothing outside is opened".into());
        }
        let file = File::open(self.root.join(&name)).map_err(|e| e.to_string())?;
        bounded(file, limit)
    }
}

/// Reads all of a file, of which there may be no more than `limit` bytes; unpacks gzip.
fn bounded(mut file: File, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    file.by_ref().take(limit + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    unpacked(bytes, limit)
}

/// Unpacks gzip; what is not packed stays. No more than `limit` bytes.
pub(in crate::import) fn unpacked(mut bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, String> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let packed = std::mem::take(&mut bytes);
        let unpacked = flate2::read::MultiGzDecoder::new(&packed[..]).take(limit + 1).read_to_end(&mut bytes);
        unpacked.map_err(|e| format!("packed with gzip, but damaged: {e}"))?;
    }
    if bytes.len() as u64 > limit {
        return Err(format!("has more than {} MB; it is not opened", limit >> 20));
    }
    Ok(bytes)
}

/// A reference in the file at `base` as a URI from the tileset's root: relative paths are made plain,
/// queries and fragments are dropped from local names. `..` beyond the root stays, for the source to refuse.
#[must_use]
pub fn join(base: &str, reference: &str) -> String {
    if reference.contains("://") {
        return reference.to_owned();
    }
    let (scheme, base_path) = match base.find("://") {
        Some(at) => {
            let host_end = base[at + 3..].find('/').map_or(base.len(), |n| at + 3 + n);
            base.split_at(host_end)
        }
        None => ("", base),
    };
    let local = scheme.is_empty();
    let reference = if local { reference.split(['?', '#']).next().unwrap_or_default() } else { reference };
    let mut parts: Vec<&str> = Vec::new();
    if !reference.starts_with('/') {
        let path = base_path.split(['?', '#']).next().unwrap_or_default();
        parts.extend(path.split('/').filter(|p| !p.is_empty()));
        parts.pop();
    }
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    if local { path } else { format!("{scheme}/{path}") }
}

/// Undoes percent-escapes; what is no escape stays.
pub(in crate::import) fn unescape(uri: &str) -> String {
    if !uri.contains('%') {
        return uri.to_owned();
    }
    let bytes = uri.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).and_then(|p| std::str::from_utf8(p).ok());
        match pair.filter(|_| bytes[at] == b'%').and_then(|p| u8::from_str_radix(p, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_followed_and_do_not_escape() {
        for (base, reference, want) in [
            ("tileset.json", "a/b.b3dm", "a/b.b3dm"),
            ("sub/1.1/0.0.0.json", "../shared.bin", "sub/shared.bin"),
            ("a/tileset.json", "./x/../b.glb?v=3#top", "a/b.glb"),
            ("tileset.json", "../../etc/passwd", "../../etc/passwd"),
            ("https://h.org/t/tileset.json?key=1", "a/../b.glb?key=2", "https://h.org/t/b.glb?key=2"),
            ("https://h.org", "b.glb", "https://h.org/b.glb"),
            ("tileset.json", "http://h.org/b.glb", "http://h.org/b.glb"),
        ] {
            assert_eq!(join(base, reference), want, "{base} {reference}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a b.bin"), b"123").unwrap();
        let source = LocalFolder { root: dir.path().to_owned() };
        assert_eq!(source.get("a%20b.bin", 100).unwrap(), b"123");
        assert!(source.get("a%20b.bin", 2).unwrap_err().contains("more than"));
        for bad in ["../a", "%2e%2e/a", "/etc/passwd", "http://h/a", "c:/a"] {
            assert!(source.get(bad, 100).is_err(), "{bad}");
        }
    }

    #[test]
    fn packed_files_are_unpacked_within_bounds() {
        use std::io::Write;
        let dir = tempfile::tempdir().unwrap();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(&[7; 100_000]).unwrap();
        std::fs::write(dir.path().join("t.b3dm"), packer.finish().unwrap()).unwrap();
        let source = LocalFolder { root: dir.path().to_owned() };
        assert_eq!(source.get("t.b3dm", 200_000).unwrap().len(), 100_000);
        assert!(source.get("t.b3dm", 50_000).is_err());
    }
}
