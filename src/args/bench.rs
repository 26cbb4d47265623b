//! `guanlan bench`: figures of this machine.

use std::path::PathBuf;

use clap::Args;

use super::parse::parse_size;

/// `guanlan bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// flood, frame, import.
    pub what: String,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// `flood`: run the validation cases and print error against target as a table instead of speeds.
    #[arg(long)]
    pub validate: bool,
    /// `--validate`: folder with reference data (`flood/`, `drainage/`) for the cases that need files.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// `--validate`: only cases whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// `--validate`: leave out the cases that take more than a few seconds.
    #[arg(long)]
    pub quick: bool,
    /// `--validate`: only the table, for a README.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// `flood`: cpu, or gpu (software Vulkan too): its speed, or with --validate kernel A's cases on it as well.
    #[arg(long, default_value = "cpu", value_parser = ["cpu", "gpu"])]
    pub solver: String,
    /// `seek`: case and event records in the key figures; 0 for none.
    #[arg(long, default_value_t = 150_000_000, value_name = "N")]
    pub records: u64,
    /// `seek`: hours of the day of which every layer is kept; the readings are always those of a day.
    #[arg(long, default_value_t = 24.0, value_name = "H")]
    pub scene_hours: f64,
    #[command(flatten)]
    pub frame: FrameArgs,
}

/// `guanlan bench frame`.
#[derive(Args, Debug, Clone)]
pub struct FrameArgs {
    /// A folder with the race files city_50k.f32, city_200k.f32, sensors.bin, patrol.f32, flood_bed.f32.
    #[arg(long, value_name = "DIR")]
    pub workload: Option<PathBuf>,
    /// Buildings. Of the race files: 50000 or 200000.
    #[arg(long, default_value_t = 50_000)]
    pub buildings: usize,
    /// Sensors; those of the race files with --workload.
    #[arg(long, default_value_t = 300_000)]
    pub sensors: usize,
    /// Sensors that change their state every second.
    #[arg(long, default_value_t = 30_000)]
    pub updates: usize,
    /// Moving units; with --workload in addition to its 2000 patrols.
    #[arg(long, default_value_t = 0)]
    pub units: usize,
    /// Case pins.
    #[arg(long, default_value_t = 0)]
    pub cases: usize,
    /// Picture size.
    #[arg(long, default_value = "1920x1080", value_parser = parse_size)]
    pub size: (u32, u32),
    /// What draws: noop (nothing: the program's own work), software (the CPU), auto.
    #[arg(long, default_value = "auto")]
    pub adapter: String,
    /// The demo city instead of made-up boxes; implies --full.
    #[arg(long, conflicts_with = "workload")]
    pub demo: bool,
    /// As a room draws it: painted ground, sky, symbols by level, ages, crowds as rings. Otherwise only what the race
    /// has, every mark a disc.
    #[arg(long)]
    pub full: bool,
    /// Seconds that are not measured.
    #[arg(long, default_value_t = 3.0, value_name = "S")]
    pub warmup: f64,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 20.0, value_name = "S")]
    pub seconds: f64,
    /// Writes the last frame here (PNG), after the measurement.
    #[arg(long, value_name = "FILE")]
    pub still: Option<PathBuf>,
}
