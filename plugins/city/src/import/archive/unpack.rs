//! Unpacking into a temporary folder, by no more bytes than an archive can honestly hold.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use tempfile::TempDir;
use zip::result::ZipError;

use super::{
    Unpacked,
    index::{Index, Zip},
};
use crate::import::{
    format::{Format, by_magic},
    packed,
};

/// Most that one dataset may become, bytes.
const MOST: u64 = 64 << 30;
/// Every archive may become this much, bytes …
const ALWAYS: u64 = 256 << 20;
/// … and this many times its size: data packs ten to one, a grid of one value some hundreds.
const TIMES: u64 = 300;
/// Bytes copied at once.
const SHARE: usize = 1 << 17;

/// Bytes that may come out of a file of this size.
const fn most(packed: u64) -> u64 {
    let most = ALWAYS.saturating_add(packed.saturating_mul(TIMES));
    if most < MOST { most } else { MOST }
}

fn too_much(limit: u64) -> String {
    format!("unpacks to more than {} MiB, which no honest archive of its size does; it is not unpacked", limit >> 20)
}

fn folder() -> Result<TempDir, String> {
    tempfile::Builder::new().prefix("guanlan-").tempdir().map_err(|e| {
        format!("cannot be unpacked into the folder for temporary files ({}): {e}", std::env::temp_dir().display())
    })
}

/// Copies into a new file; `room` is what may still come.
fn copy(from: &mut dyn Read, to: &Path, room: &mut u64, limit: u64) -> Result<(), String> {
    let unwritten = |e: std::io::Error| format!("cannot be unpacked into {}: {e}", std::env::temp_dir().display());
    if let Some(above) = to.parent() {
        std::fs::create_dir_all(above).map_err(unwritten)?;
    }
    let mut file = File::create(to).map_err(unwritten)?;
    let mut share = vec![0; SHARE];
    loop {
        let n = match from.read(&mut share) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(format!("is damaged or cut off in its archive: {e}; get the archive again")),
        };
        *room = room.checked_sub(n as u64).ok_or_else(|| too_much(limit))?;
        file.write_all(&share[..n]).map_err(unwritten)?;
    }
}

/// Unpacks a dataset and the files that belong to it.
pub(super) fn member(archive: &Path, name: &str) -> Result<Unpacked, String> {
    let (mut zip, index) = Index::read(archive)?;
    let found = index.members.iter().position(|m| m.name == name);
    let dataset = found.ok_or_else(|| format!("there is no '{name}' in the archive"))?;
    let limit = most(std::fs::metadata(archive).map_or(0, |m| m.len()));
    let parts = index.parts(dataset);
    if parts.iter().map(|(i, _)| index.members[*i].bytes).fold(0, u64::saturating_add) > limit {
        return Err(too_much(limit));
    }
    let folder = folder()?;
    let mut room = limit;
    for (i, as_name) in &parts {
        let member = &index.members[*i];
        one(&mut zip, member.number, &member.name, &folder.path().join(as_name), &mut room, limit)?;
    }
    let file = folder.path().join(&parts[0].1);
    // Said once for an archive, by its first dataset.
    let left = if index.datasets.first() == Some(&dataset) { index.left } else { Vec::new() };
    Ok(Unpacked { file, left, _folder: folder })
}

fn one(zip: &mut Zip, number: usize, name: &str, to: &Path, room: &mut u64, limit: u64) -> Result<(), String> {
    let mut from = zip.by_index(number).map_err(|e| member_error(name, e))?;
    copy(&mut from, to, room, limit).map_err(|why| format!("'{name}' {why}"))
}

/// Why a member cannot be unpacked.
pub(super) fn member_error(name: &str, error: ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) | ZipError::InvalidPassword => {
            format!("'{name}' is locked by a password; unpack the archive and give the file in it")
        }
        ZipError::CompressionMethodNotSupported(code) => {
            format!(
                "'{name}' is packed by method {code}, expected stored, deflate, deflate64, bzip2 or ZSTD; unpack it first"
            )
        }
        ZipError::UnsupportedArchive(why) => format!("'{name}' cannot be unpacked ({why}); unpack it first"),
        other => format!("'{name}' is damaged or cut off in its archive: {other}; get the archive again"),
    }
}

/// True for a packed file whose reader jumps about in it and has nothing beside it.
pub(super) fn wants_whole(path: &Path) -> bool {
    let mut head = Vec::new();
    let told = packed::open(path).and_then(|f| f.take(64).read_to_end(&mut head));
    told.is_ok() && matches!(by_magic(&head), Some(Format::GeoTiff | Format::GeoPackage))
}

/// Unpacks a file that is packed as a whole.
pub(super) fn whole(path: &Path) -> Result<Unpacked, String> {
    let limit = most(std::fs::metadata(path).map_or(0, |m| m.len()));
    let folder = folder()?;
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let file = folder.path().join(packed::without_packing(&name));
    let mut from = packed::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    let mut room = limit;
    copy(&mut from, &file, &mut room, limit)?;
    Ok(Unpacked { file, left: Vec::new(), _folder: folder })
}
