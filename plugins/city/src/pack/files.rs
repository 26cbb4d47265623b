//! Files that are whole or absent, and one writer at a time.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::Path,
};

/// Begins the names of files that are being written.
pub(super) const UNFINISHED: &str = ".unfinished-";
const LOCK: &str = "lock";

/// Holds a pack until it is dropped: many readers or one writer, over all processes.
pub(super) struct Lock(#[allow(dead_code, reason = "its being open is the lock")] Option<File>);

impl Lock {
    /// Waits for writers to finish. A folder that cannot be written is not written by others, either.
    pub fn shared(dir: &Path) -> Self {
        let file = File::open(dir.join(LOCK)).ok();
        Self(file.filter(|file| file.lock_shared().is_ok()))
    }

    /// Waits for everybody. On file systems without locks there is none.
    pub fn exclusive(dir: &Path, waiting: &dyn Fn()) -> std::io::Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).read(true).open(dir.join(LOCK))?;
        match file.try_lock() {
            Ok(()) => return Ok(Self(Some(file))),
            Err(std::fs::TryLockError::WouldBlock) => waiting(),
            Err(std::fs::TryLockError::Error(_)) => return Ok(Self(None)),
        }
        Ok(Self(file.lock().is_ok().then_some(file)))
    }

    /// The pack at once, or not at all.
    pub fn at_once(dir: &Path) -> Option<Self> {
        let file = OpenOptions::new().create(true).truncate(false).write(true).read(true).open(dir.join(LOCK)).ok()?;
        file.try_lock().ok()?;
        Some(Self(Some(file)))
    }
}

/// Writes a file that has its name only when it is whole and on the disk.
pub(super) fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let temporary = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(dir)?;
    let mut writer = BufWriter::with_capacity(1 << 18, temporary.as_file());
    write(&mut writer)?;
    writer.flush()?;
    drop(writer);
    temporary.as_file().sync_all()?;
    // Temporary files are private; a pack is as open as its folder.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        temporary.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    temporary.persist(path).map_err(|e| e.error)?;
    // The new name is on the disk only when the folder is.
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// Removes what a killed writer left and what the pack no longer names. Only for the one writer.
pub(super) fn sweep(dir: &Path, keep: &BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let part = Path::new(&name).extension().is_some_and(|e| e == "part");
        if name.starts_with(UNFINISHED) || (part && !keep.contains(&name)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_rest() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.part");
        write_whole(&path, |w| w.write_all(b"old")).unwrap();
        write_whole(&path, |w| w.write_all(b"half").and_then(|()| Err(std::io::Error::other("full")))).unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_writer_keeps_others_out() {
        let dir = tempfile::tempdir().unwrap();
        let held = Lock::exclusive(dir.path(), &|| {}).unwrap();
        assert!(Lock::at_once(dir.path()).is_none());
        drop(held);
        assert!(Lock::at_once(dir.path()).is_some());
    }
}
