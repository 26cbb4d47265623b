//! The manifest of a folder of files: what they were made from, their sizes and digests.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{DemoError, DemoParams, params};

/// Raised whenever the same parameters give other bytes.
pub const GENERATOR: u32 = 2;
/// Written last: a folder with a manifest is complete.
const MANIFEST: &str = "manifest.json";

/// What a folder holds, and what it was made from.
#[derive(Serialize, Deserialize, PartialEq)]
pub struct Manifest {
    generator: u32,
    plan_sha256: String,
    seed: u64,
    sensors: usize,
    /// Name, size and SHA-256 of each file, in load order; models last.
    pub files: Vec<(String, u64, String)>,
}

/// SHA-256 in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// An error at a path.
pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DemoError + '_ {
    move |source| DemoError::Io { path: path.to_owned(), source }
}

impl Manifest {
    /// Of files that are written.
    pub fn new(params: &DemoParams, files: Vec<(String, u64, String)>) -> Self {
        let plan_sha256 = hex(params::TEXT.as_bytes());
        Self { generator: GENERATOR, plan_sha256, seed: params.seed, sensors: params.sensors, files }
    }

    /// Writes it into the folder; last of all files.
    pub fn write(&self, dir: &Path) -> Result<(), DemoError> {
        let path = dir.join(MANIFEST);
        let text = serde_json::to_string_pretty(self).map_err(|e| DemoError::Plan(e.to_string()))?;
        fs::write(&path, text).map_err(io(&path))
    }

    /// The manifest when every file is there with its size and digest.
    pub fn complete(home: &Path, params: &DemoParams, plan_sha256: &str) -> Option<Self> {
        let listed = home.join(MANIFEST);
        let manifest: Self = serde_json::from_slice(&fs::read(&listed).ok()?).ok()?;
        let same = manifest.generator == GENERATOR
            && manifest.plan_sha256 == plan_sha256
            && manifest.seed == params.seed
            && manifest.sensors == params.sensors;
        // The manifest was written last: only a file that changed after it must be hashed.
        let made = fs::metadata(&listed).and_then(|m| m.modified()).ok()?;
        let whole = manifest.files.iter().all(|(name, size, sha)| {
            let Ok(meta) = fs::metadata(home.join(name)) else { return false };
            let untouched = meta.modified().is_ok_and(|changed| changed <= made);
            meta.len() == *size && (untouched || fs::read(home.join(name)).is_ok_and(|bytes| hex(&bytes) == *sha))
        });
        (same && whole).then_some(manifest)
    }
}
