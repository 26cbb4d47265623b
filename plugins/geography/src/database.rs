//! The CRS database (`proj.db`) carried inside the program.
//!
//! libproj needs the database as a file. The first coordinate operation of a process unpacks it to
//! `$XDG_CACHE_HOME/guanlan/proj-<hash>/proj.db` (or `~/.cache/…`, or the temporary folder) and tells
//! libproj to open exactly that file. No environment variable is written, no build folder is needed.

use std::{
    env,
    ffi::CString,
    fs,
    io::Write,
    path::{Path, PathBuf},
    ptr,
    sync::OnceLock,
};

use crate::CrsError;

static EMBEDDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/proj.db"));
const HASH: &str = env!("GUANLAN_PROJ_DB_HASH");
static OPENED: OnceLock<Result<PathBuf, CrsError>> = OnceLock::new();

/// Makes the embedded database the one that libproj uses in this process; returns where it is.
/// Called by every operation of this crate; calling it again costs nothing.
pub fn ensure() -> Result<PathBuf, CrsError> {
    OPENED
        .get_or_init(|| {
            let mut failure = CrsError::Database { path: String::new(), reason: "no folder to unpack it".into() };
            for folder in candidate_folders() {
                match unpack(&folder).and_then(|path| open(&path).map(|()| path)) {
                    Ok(path) => return Ok(path),
                    Err(error) => failure = error,
                }
            }
            Err(failure)
        })
        .clone()
}

/// Folders in which the copy may live, best first.
fn candidate_folders() -> Vec<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .map(|cache| cache.join("guanlan"));
    let temporary = env::temp_dir().join(format!("guanlan-{}", std::process::id()));
    cache.into_iter().chain([temporary]).map(|base| base.join(format!("proj-{HASH}"))).collect()
}

/// Writes the database into `folder` unless a byte-equal copy is there. The write is atomic: readers
/// of other processes see the old file or the new one.
pub fn unpack(folder: &Path) -> Result<PathBuf, CrsError> {
    let path = folder.join("proj.db");
    let fail =
        |error: std::io::Error| CrsError::Database { path: path.display().to_string(), reason: error.to_string() };
    if fs::read(&path).is_ok_and(|bytes| bytes == EMBEDDED) {
        return Ok(path);
    }
    fs::create_dir_all(folder).map_err(fail)?;
    let partial = folder.join(format!("proj.db.{}.partial", std::process::id()));
    let written = fs::File::create(&partial)
        .and_then(|mut file| file.write_all(EMBEDDED).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&partial, &path));
    if let Err(error) = written {
        // The error of the write is the one worth telling; a leftover is replaced next time.
        let _ = fs::remove_file(&partial);
        return Err(fail(error));
    }
    Ok(path)
}

/// Tells libproj's default context, from which all later contexts are copied, which file to open.
fn open(path: &Path) -> Result<(), CrsError> {
    let fail = |reason: &str| CrsError::Database { path: path.display().to_string(), reason: reason.into() };
    let text = path.to_str().and_then(|text| CString::new(text).ok()).ok_or_else(|| fail("path is not UTF-8"))?;
    // SAFETY: a null context means the default context; `text` is a NUL-terminated string that lives
    // through the call, libproj copies it; null lists are allowed. The only caller runs once per
    // process inside a `OnceLock`, before any other use of libproj by this crate.
    // Errors are returned as values; libproj shall not write them to stderr as well.
    let opened = unsafe {
        proj_sys::proj_log_level(ptr::null_mut(), proj_sys::PJ_LOG_LEVEL_PJ_LOG_NONE);
        proj_sys::proj_context_set_database_path(ptr::null_mut(), text.as_ptr(), ptr::null(), ptr::null())
    };
    if opened == 0 { Err(fail("libproj refuses the file")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpacks_once_and_repairs_a_broken_copy() {
        let dir = tempfile::tempdir().expect("temporary folder");
        let path = unpack(&dir.path().join("a/b")).expect("unpacked");
        assert_eq!(fs::read(&path).expect("read"), EMBEDDED);
        fs::write(&path, b"cut short").expect("write");
        let again = unpack(&dir.path().join("a/b")).expect("unpacked");
        assert_eq!(fs::metadata(again).expect("there").len(), EMBEDDED.len() as u64);
        assert_eq!(fs::read_dir(dir.path().join("a/b")).expect("list").count(), 1, "no leftovers");
    }

    #[test]
    fn libproj_opens_the_unpacked_copy_not_the_build_folder() {
        let path = ensure().expect("database");
        assert!(!path.to_string_lossy().contains("proj-sys"), "{}", path.display());
        // Ask libproj itself which file a fresh context uses.
        let used = unsafe {
            let ctx = proj_sys::proj_context_create();
            let text = proj_sys::proj_context_get_database_path(ctx);
            assert!(!text.is_null());
            let used = std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned();
            proj_sys::proj_context_destroy(ctx);
            used
        };
        assert_eq!(PathBuf::from(used), path);
    }
}
