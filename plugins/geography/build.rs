//! Finds the `proj.db` that proj-sys built, so that the program can carry it inside itself and does
//! not depend on the folder it was built in.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=GUANLAN_PROJ_DB");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let found = env::var_os("GUANLAN_PROJ_DB").map(PathBuf::from).or_else(|| find(&out)).unwrap_or_else(|| {
        panic!("no proj.db of proj-sys found above {}: set GUANLAN_PROJ_DB to the file", out.display())
    });
    println!("cargo:rerun-if-changed={}", found.display());
    let bytes = fs::read(&found).unwrap_or_else(|error| panic!("cannot read {}: {error}", found.display()));
    assert!(bytes.starts_with(b"SQLite format 3\0"), "{} is not an SQLite file", found.display());
    fs::write(out.join("proj.db"), &bytes).expect("OUT_DIR can be written");
    // FNV-1a, 64 bits: names the folder of the unpacked copy, so that versions never mix.
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3));
    println!("cargo:rustc-env=GUANLAN_PROJ_DB_HASH={hash:016x}");
}

/// The newest `proj-sys*/**/share/proj/proj.db` in the build folders above `out`.
fn find(out: &Path) -> Option<PathBuf> {
    out.ancestors().skip(1).take(5).find_map(|folder| {
        let units = fs::read_dir(folder)
            .ok()?
            .flatten()
            .map(|e| e.path())
            .filter(|path| path.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with("proj-sys")));
        let inside = |unit: PathBuf| {
            let nested = fs::read_dir(&unit).into_iter().flatten().flatten().map(|e| e.path().join("out"));
            std::iter::once(unit.join("out")).chain(nested).collect::<Vec<_>>()
        };
        units
            .flat_map(inside)
            .map(|out| out.join("share/proj/proj.db"))
            .filter_map(|db| Some((fs::metadata(&db).ok()?.modified().ok()?, db)))
            .max()
            .map(|(_, db)| db)
    })
}
