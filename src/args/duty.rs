//! `guanlan drill` and `alerts`: what people on duty practise and what they are warned of.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `guanlan drill`.
#[derive(Args, Debug)]
pub struct DrillArgs {
    #[command(subcommand)]
    pub what: DrillVerb,
}

/// What to do with a drill script.
#[derive(Subcommand, Debug)]
pub enum DrillVerb {
    /// Validates a script.
    Check {
        /// Script file.
        script: PathBuf,
    },
    /// Runs a script headless over a fork of a fresh room, with simulated crews and seats.
    Run {
        /// Script file; the shipped cloudburst when absent.
        script: Option<PathBuf>,
        /// Writes the after-action report here (HTML).
        #[arg(long)]
        report: Option<PathBuf>,
        /// Journal of the drill.
        #[arg(long)]
        store: Option<PathBuf>,
        /// Machine-readable result.
        #[arg(long)]
        json: bool,
    },
}

/// `guanlan alerts`.
#[derive(Args, Debug)]
pub struct AlertsArgs {
    #[command(subcommand)]
    pub what: AlertsVerb,
}

/// What to do with alert rules.
#[derive(Subcommand, Debug)]
pub enum AlertsVerb {
    /// Run a rule file against recorded data and its own tests; prints every transition.
    Test(AlertsTestArgs),
}

/// `guanlan alerts test`.
#[derive(Args, Debug)]
pub struct AlertsTestArgs {
    /// The rule file (TOML), or `default` for the shipped rules.
    pub rules: PathBuf,
    /// Recorded data: CSV files or journals of a room.
    pub data: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// Also pending conditions and escalations.
    #[arg(long)]
    pub verbose: bool,
    /// What streams observe that the data does not describe, for example `road_water_depth`.
    #[arg(long, value_name = "KEY")]
    pub property: Option<String>,
    /// City data for areas, basins and sensors; `demo` for the demo city.
    #[arg(long, value_name = "FILE")]
    pub city: Vec<PathBuf>,
    /// Go on for so many seconds after the last reading.
    #[arg(long, value_name = "S")]
    pub until_s: Option<u64>,
}
