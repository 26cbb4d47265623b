//! One digest of everything that decides what an import yields: importers, model, the vocabulary and
//! the geography. Cached packs carry it, so that a changed importer never meets an old pack.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Folders and files whose text decides what a pack holds.
const DECIDING: [&str; 6] = ["src/import", "src/model", "src/pack", "src/flat.rs", "../core/src", "../geography/src"];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for part in DECIDING {
        let path = root.join(part);
        println!("cargo:rerun-if-changed={}", path.display());
        collect(&path, &mut files);
    }
    files.sort();
    // FNV-1a, 64 bits.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut feed =
        |bytes: &[u8]| bytes.iter().for_each(|b| hash = (hash ^ u64::from(*b)).wrapping_mul(0x100_0000_01b3));
    for file in files {
        feed(file.strip_prefix(&root).unwrap_or(&file).to_string_lossy().as_bytes());
        feed(&fs::read(&file).unwrap_or_default());
    }
    let order = env::var("CARGO_CFG_TARGET_ENDIAN").unwrap_or_default();
    println!("cargo:rustc-env=GUANLAN_IMPORT_STAMP={hash:016x}-{order}");
}

fn collect(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_file() {
        into.push(path.to_owned());
    }
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        collect(&entry.path(), into);
    }
}
