//! `guanlan inspect` and `import`: city data.

use std::path::PathBuf;

use clap::Args;

use super::parse::parse_crs;

/// `guanlan inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// Files to look into.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
}

/// `guanlan import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// City data files.
    #[arg(required_unless_present = "verify")]
    pub files: Vec<PathBuf>,
    /// EPSG code of files that do not say theirs.
    #[arg(long, value_name = "EPSG:N|GCJ-02|BD-09", value_parser = parse_crs)]
    pub crs: Option<u32>,
    /// Put files together even when their heights count from different levels; without it all but the first such file
    /// are left out.
    #[arg(long)]
    pub mix_heights: bool,
    /// Folder of the pack; one that is there is brought up to date.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the city on the screen; the first file's name when absent.
    #[arg(long)]
    pub name: Option<String>,
    /// Write the import report here (JSON).
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Hash every part and every input again; without files, only that.
    #[arg(long)]
    pub verify: bool,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
}
