//! One journal, one room.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use crate::exit::{Failure, failed};

/// Claims a journal for one room: two writers would refuse each other's records. The claim ends with
/// the process, however it ends.
pub(super) fn claim(journal: &Path) -> Result<File, Failure> {
    if let Some(dir) = journal.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).map_err(|e| failed(format!("{}: {e}", dir.display())))?;
    }
    let mut path = journal.as_os_str().to_owned();
    path.push(".lock");
    let file = File::create(&path).map_err(|e| failed(format!("{}: {e}", Path::new(&path).display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(failed(format!(
            "另一个指挥室正在使用此日志：请先关闭它，或用 --store 指定别的文件 / another room is using this journal: close it, or name another file with --store\nfile: {}",
            journal.display()
        ))),
        Err(TryLockError::Error(e)) => Err(failed(format!("{}: {e}", Path::new(&path).display()))),
    }
}
