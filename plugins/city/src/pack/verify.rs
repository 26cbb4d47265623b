//! Whether a pack still is what was written: every byte hashed again.

use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    MANIFEST, PackError,
    files::Lock,
    inputs::{digest, hex, is_there, stat},
    layers,
    manifest::{Manifest, Unusable},
};

/// What a check of all hashes found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Parts of the pack.
    pub parts: usize,
    /// Their size, bytes.
    pub bytes: u64,
    /// Parts that are gone, changed or unreadable, with the reason.
    pub damaged: Vec<String>,
    /// Inputs that have changed since the import.
    pub changed: Vec<PathBuf>,
    /// Inputs that are not there any more; the pack does not need them.
    pub absent: Vec<PathBuf>,
}

/// Hashes every part and every input of a pack again.
///
/// # Errors
/// The folder holds no pack of this version.
pub fn verify(dir: &Path) -> Result<Verified, PackError> {
    let _lock = Lock::shared(dir);
    let manifest = Manifest::read(dir).map_err(|unusable| {
        let reason = match unusable {
            Unusable::Absent => format!("no city pack: expected {MANIFEST} in the folder"),
            Unusable::Damaged(reason) => reason,
            Unusable::Old(versions, _) => {
                format!("made by Guanlan {} with other importers: import again", versions.program)
            }
        };
        PackError::Pack { path: dir.to_owned(), reason }
    })?;
    let check = |entry: &super::manifest::Entry| -> Result<(), String> {
        let bytes = std::fs::read(dir.join(&entry.file)).map_err(|e| e.to_string())?;
        if hex(&Sha256::digest(&bytes)) != entry.sha256 {
            return Err("its bytes are not those that were written".into());
        }
        let piece = layers::read(&bytes, &entry.key).map_err(|e| e.to_string())?;
        if layers::counts(&piece) == entry.counts { Ok(()) } else { Err("it does not hold what is listed".into()) }
    };
    let damaged = manifest.parts.iter().filter_map(|entry| Some(format!("{}: {}", entry.file, check(entry).err()?)));
    let (there, absent): (Vec<_>, Vec<_>) = manifest.inputs.iter().partition(|input| is_there(&input.path));
    let changed = there.into_iter().filter(|i| digest(&stat(&i.path)).ok().as_ref() != Some(&i.digest));
    Ok(Verified {
        parts: manifest.parts.len(),
        bytes: manifest.parts.iter().map(|p| p.bytes).sum(),
        damaged: damaged.collect(),
        changed: changed.map(|i| i.path.clone()).collect(),
        absent: absent.into_iter().map(|i| i.path.clone()).collect(),
    })
}

/// Inputs that are there and differ from what was imported: by size and time, then by their bytes.
pub(super) fn changed(manifest: &Manifest) -> Vec<PathBuf> {
    let differs = |input: &&super::manifest::Input| {
        let now = stat(&input.path);
        !now.is_empty() && now != input.files && digest(&now).ok().as_ref() != Some(&input.digest)
    };
    manifest.inputs.iter().filter(differs).map(|input| input.path.clone()).collect()
}
