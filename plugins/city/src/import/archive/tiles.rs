//! A tileset in an archive (`.zip`, `.3tz`): its tiles are unpacked one by one, when somebody looks.

use std::{
    collections::BTreeMap,
    io::Read,
    path::Path,
    sync::{Mutex, PoisonError},
};

use super::{
    index::{Index, Zip},
    is_archive, split,
    unpack::member_error,
};
use crate::import::tiles3d::{TileSource, source};

/// The files beside a tileset's document and below.
pub(crate) struct PackedTiles {
    zip: Mutex<Zip>,
    /// Number and name of each member, by its URI from the tileset's folder.
    members: BTreeMap<String, (usize, String)>,
}

/// True for an archive of a tileset and nothing else, and for the tileset's document in one.
pub(crate) fn is_tileset(path: &Path) -> bool {
    let alone = |index: &Index| index.datasets.len() == 1 || !path.is_file();
    find(path).is_some_and(|found| found.is_ok_and(|(_, index, _)| alone(&index)))
}

/// The archive's table and its tileset, when a path names it; the outer `None` is any other path.
fn find(path: &Path) -> Option<Result<(Zip, Index, usize), String>> {
    let (file, member) = match split(path) {
        Some((file, member)) => (file, Some(member)),
        None if path.is_file() && is_archive(path) => (path.to_owned(), None),
        None => return None,
    };
    let read = Index::read(&file).and_then(|(zip, index)| {
        let root = index.tileset.filter(|&root| member.as_ref().is_none_or(|m| *m == index.members[root].name));
        let root = root.ok_or_else(|| "holds no 3D tileset of this name".to_owned())?;
        Ok((zip, index, root))
    });
    Some(read)
}

impl PackedTiles {
    /// The tileset in an archive and its document's URI; `None` when the path names no archive.
    pub(crate) fn open(path: &Path) -> Option<Result<(Self, String), String>> {
        Some(find(path)?.map(|(zip, index, root)| {
            let document = &index.members[root].name;
            let folder = document.rfind('/').map_or(0, |slash| slash + 1);
            let (folder, uri) = document.split_at(folder);
            let below = index.members.iter().filter_map(|m| Some((m.name.strip_prefix(folder)?, m)));
            let members = below.map(|(uri, m)| (uri.to_owned(), (m.number, m.name.clone()))).collect();
            (Self { zip: Mutex::new(zip), members }, uri.to_owned())
        }))
    }
}

impl TileSource for PackedTiles {
    fn get(&self, uri: &str, limit: u64) -> Result<Vec<u8>, String> {
        if uri.contains("://") {
            return Err("lies on a server; only files of the archive are opened".into());
        }
        let name = source::unescape(uri);
        let (number, whole) = self.members.get(&name).ok_or("is not in the archive")?;
        let mut zip = self.zip.lock().unwrap_or_else(PoisonError::into_inner);
        let file = zip.by_index(*number).map_err(|e| member_error(whole, e))?;
        let mut bytes = Vec::new();
        file.take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|e| format!("is damaged or cut off in its archive: {e}"))?;
        drop(zip);
        source::unpacked(bytes, limit)
    }
}
