//! What the machine itself can do: the limits that figures stand beside, measured in the same run.

use std::{
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::Instant,
};

use guanlan_rainstorm::Figure;

use crate::exit::{Failure, failed};

/// Waits for the disk measured.
const SYNCS: usize = 100;
/// Bytes written in a row.
const SEQUENTIAL_MB: usize = 256;

/// One wait for the disk (4 KiB written and synchronised) and plain sequential writing, in a folder.
pub fn disk(dir: &Path) -> Result<Vec<Figure>, Failure> {
    let path = dir.join("limit.bin");
    let mut file = std::fs::File::create(&path).map_err(failed)?;
    let page = [7u8; 4096];
    let mut syncs = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&page).and_then(|()| file.sync_data()).map_err(failed)?;
        syncs.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let megabyte: Vec<u8> = (0..1 << 20).map(|i: u32| (i.wrapping_mul(0x9E37_79B9) >> 24) as u8).collect();
    let begun = Instant::now();
    for _ in 0..SEQUENTIAL_MB {
        file.write_all(&megabyte).map_err(failed)?;
    }
    file.sync_data().map_err(failed)?;
    let rate = SEQUENTIAL_MB as f64 * 1.048_576 / begun.elapsed().as_secs_f64();
    drop(file);
    let _ = std::fs::remove_file(&path);
    Ok(vec![Figure::of("limit_fsync", "ms", syncs), Figure::of("limit_sequential_write", "MB/s", vec![rate])])
}

/// Processor time of this process, s.
#[cfg(target_os = "linux")]
pub fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15 after the name in brackets, in hundredths of a second.
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Processor time of this process, s: not known here.
#[cfg(not(target_os = "linux"))]
pub fn cpu_s() -> f64 {
    0.0
}

/// Memory this process holds, bytes; 0 where it is not told.
pub fn memory_bytes() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

/// A folder of its own that is gone with the benchmark.
pub struct Scratch(pub std::path::PathBuf);

impl Scratch {
    /// A new folder for a benchmark, below the folder of temporary files.
    pub fn new(name: &str) -> Result<Self, Failure> {
        let dir = std::env::temp_dir().join(format!("guanlan-bench-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&dir).map_err(failed)?;
        Ok(Self(dir))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
