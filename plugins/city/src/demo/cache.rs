//! The cache of generated cities: a folder for each choice of parameters, complete when its manifest is there.

use std::{fs, path::Path};

use super::{
    DemoError, DemoParams,
    files::{DemoFiles, generate},
    manifest::{GENERATOR, Manifest, hex, io},
    params,
};

/// The city of these parameters from the cache folder; made there first when it is not complete.
///
/// A half-written city is never seen: it is made in a folder beside and renamed.
pub fn ensure(cache_dir: &Path, params: &DemoParams) -> Result<DemoFiles, DemoError> {
    let file = params::PlanFile::embedded()?;
    let plan_sha256 = hex(params::TEXT.as_bytes());
    let name = format!("guanlan-{}-{}-g{GENERATOR}-{}", params.seed, params.sensors, &plan_sha256[..8]);
    let home = cache_dir.join(name);
    if let Some(manifest) = Manifest::complete(&home, params, &plan_sha256) {
        return Ok(DemoFiles::of(&home, &manifest.files, &file.city));
    }
    fs::create_dir_all(cache_dir).map_err(io(cache_dir))?;
    let temp = tempfile::Builder::new().prefix(".making-").tempdir_in(cache_dir).map_err(io(cache_dir))?;
    generate(temp.path(), params)?;
    if home.exists() {
        // Damaged or older: out of the way first.
        fs::remove_dir_all(&home).map_err(io(&home))?;
    }
    let made = temp.keep();
    if let Err(source) = fs::rename(&made, &home) {
        let _ = fs::remove_dir_all(&made);
        // Another process may have been faster.
        if Manifest::complete(&home, params, &plan_sha256).is_none() {
            return Err(DemoError::Io { path: home, source });
        }
    }
    let manifest =
        Manifest::complete(&home, params, &plan_sha256).ok_or_else(|| DemoError::Incomplete(home.clone()))?;
    Ok(DemoFiles::of(&home, &manifest.files, &file.city))
}
