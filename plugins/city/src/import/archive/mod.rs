//! Archives (`.zip`) in which data is passed around: each dataset in one is an input of its own, whose path is
//! `ARCHIVE/member`. What is read is unpacked into a temporary folder, with the files that belong to it, for as long as
//! it is needed.
//!
//! A raster or a database packed whole (`dem.tif.gz`) is unpacked the same way: its reader jumps about in it.

mod index;
mod tiles;
mod unpack;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use tempfile::TempDir;

use super::{ImportError, packed, tiles3d};
use index::Index;
pub(super) use tiles::{PackedTiles, is_tileset};

/// How an archive begins: with its first member, or with its end when it is empty.
const MAGIC: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];

/// True for a file that is an archive, by its first bytes.
fn is_archive(path: &Path) -> bool {
    let mut head = [0; 4];
    let read = File::open(path).and_then(|mut f| f.read_exact(&mut head));
    read.is_ok() && MAGIC.contains(&&head[..])
}

/// The archive and the member that a path names; `None` for any other path.
#[must_use]
pub fn split(path: &Path) -> Option<(PathBuf, String)> {
    if path.exists() || tiles3d::is_address(path) {
        return None;
    }
    let archive = path.ancestors().skip(1).find(|p| p.is_file()).filter(|p| is_archive(p))?;
    let below = path.strip_prefix(archive).ok()?;
    let names: Vec<_> = below.iter().map(|n| n.to_string_lossy()).collect();
    Some((archive.to_owned(), names.join("/")))
}

/// A path from the root of the file system; of a member by its archive's.
#[must_use]
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    split(path).map_or_else(|| whole(path), |(archive, member)| whole(&archive).join(member))
}

/// Name of a file for people; of a member with its archive's.
#[must_use]
pub(super) fn file_name(path: &Path) -> String {
    let name =
        |path: &Path| path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    split(path).map_or_else(|| name(path), |(archive, member)| format!("{}/{member}", name(&archive)))
}

/// The datasets at a path: those in an archive as `ARCHIVE/member`, or the file itself.
///
/// # Errors
/// The archive cannot be used, or holds nothing that is read.
pub fn datasets(path: &Path) -> Result<Vec<PathBuf>, ImportError> {
    if !path.is_file() || !is_archive(path) {
        return Ok(vec![path.to_owned()]);
    }
    let (_, index) = Index::read(path).map_err(|why| ImportError::new(path, "", why))?;
    Ok(index.datasets.iter().map(|&i| path.join(&index.members[i].name)).collect())
}

/// What an import reads: the datasets of archives in their place, a tileset's document in place of its folder.
pub(crate) fn inputs(paths: &[PathBuf]) -> Result<Vec<PathBuf>, ImportError> {
    let all: Vec<Vec<PathBuf>> = paths.iter().map(|path| datasets(path)).collect::<Result<_, _>>()?;
    Ok(tiles3d::documents(&all.concat()))
}

/// Which file was unpacked, at which time it had which size, which member of it.
type Key = (PathBuf, u64, Option<SystemTime>, String);

/// What is unpacked at the moment.
#[derive(Debug, Default)]
struct Held {
    holders: usize,
    folders: BTreeMap<Key, Arc<Unpacked>>,
}

static HELD: Mutex<Held> = Mutex::new(Held { holders: 0, folders: BTreeMap::new() });

fn held() -> MutexGuard<'static, Held> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While one lives, whatever is unpacked stays so: an import comes back to its files.
#[derive(Debug)]
pub(crate) struct Hold(());

impl Hold {
    /// Begins to hold.
    pub(crate) fn new() -> Self {
        held().holders += 1;
        Self(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let gone = {
            let mut held = held();
            held.holders -= 1;
            if held.holders == 0 { std::mem::take(&mut held.folders) } else { BTreeMap::new() }
        };
        drop(gone);
    }
}

/// A folder that goes when nobody needs it any more.
#[derive(Debug)]
struct Unpacked {
    file: PathBuf,
    /// Members of the archive that are no datasets.
    left: Vec<String>,
    _folder: TempDir,
}

/// A file that can be read, wherever it came from.
#[derive(Clone, Debug)]
pub struct Opened {
    /// As it was named.
    given: PathBuf,
    unpacked: Option<Arc<Unpacked>>,
}

impl Opened {
    /// Where its bytes are.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.unpacked.as_ref().map_or(&self.given, |u| &u.file)
    }

    /// An error of its reader about the file as it was named.
    #[must_use]
    pub fn named(&self, mut error: ImportError) -> ImportError {
        if error.path == self.path() {
            error.path.clone_from(&self.given);
        }
        error
    }

    /// Members beside it in its archive that are no datasets.
    pub(super) fn left(&self) -> &[String] {
        self.unpacked.as_ref().map_or(&[], |u| &u.left)
    }
}

/// Makes a file readable: a member of an archive or the only dataset of one is unpacked, a packed raster, too.
///
/// # Errors
/// There is no such member, it is locked, damaged or too large, or the archive holds several datasets.
pub fn open(path: &Path) -> Result<Opened, ImportError> {
    let plain = || Ok(Opened { given: path.to_owned(), unpacked: None });
    // Its tiles are read from the archive itself.
    if is_tileset(path) {
        return plain();
    }
    let (file, member) = match split(path) {
        Some(both) => both,
        None if !path.is_file() => return plain(),
        None if is_archive(path) => match &datasets(path)?[..] {
            [only] => return open(only),
            several => {
                let names: Vec<String> = several.iter().take(8).map(|p| file_name(p)).collect();
                let text = format!("holds {} datasets, expected one ({} …)", several.len(), names.join(", "));
                return Err(ImportError::new(path, "", text));
            }
        },
        None if packed::is_packed(path) && unpack::wants_whole(path) => (path.to_owned(), String::new()),
        None => return plain(),
    };
    let fail = |why: String| ImportError::new(path, "", why);
    let meta = std::fs::metadata(&file).map_err(|e| fail(format!("cannot be read: {e}")))?;
    let key = (file.clone(), meta.len(), meta.modified().ok(), member.clone());
    if let Some(known) = held().folders.get(&key).cloned() {
        return Ok(Opened { given: path.to_owned(), unpacked: Some(known) });
    }
    let made = if member.is_empty() { unpack::whole(&file) } else { unpack::member(&file, &member) };
    let unpacked = Arc::new(made.map_err(fail)?);
    let mut held = held();
    if held.holders > 0 {
        held.folders.insert(key, unpacked.clone());
    }
    drop(held);
    Ok(Opened { given: path.to_owned(), unpacked: Some(unpacked) })
}
