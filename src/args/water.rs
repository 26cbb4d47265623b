//! `guanlan simulate`: rainstorms in a batch.

use std::path::PathBuf;

use clap::Args;

use super::parse::parse_crs;

/// `guanlan simulate`.
#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// Scenario file; the shipped 2 h P50 storm over the demo city when absent.
    pub scenario: Option<PathBuf>,
    /// City data files; the demo city when absent.
    #[arg(long, num_args = 1..)]
    pub city: Vec<PathBuf>,
    /// Cell side, m.
    #[arg(long, value_name = "M")]
    pub cell: Option<f64>,
    /// Threads of one run; all cores when absent.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Where kernel A computes: cpu, gpu (software Vulkan too), auto (a graphics card where there is one).
    #[arg(long, default_value = "auto", value_parser = ["cpu", "gpu", "auto"])]
    pub solver: String,
    /// A SWMM input file alone, from its start to its end, as EPA SWMM runs it; no scenario and no city.
    #[arg(long, value_name = "FILE.inp", conflicts_with_all = ["scenario", "city", "matrix", "hot_start", "save_state"])]
    pub network: Option<PathBuf>,
    /// How the dynamic wave of --network is computed: swmm (as EPA SWMM does), implicit (as under a street: no water is
    /// lost).
    #[arg(long, default_value = "swmm", value_parser = ["swmm", "implicit"])]
    pub scheme: String,
    /// A matrix of choices over the scenario: all runs and a comparison report; what is done is not done again.
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
    /// Runs of a matrix at once; one for each core when absent.
    #[arg(long, value_name = "N", requires = "matrix")]
    pub jobs: Option<usize>,
    /// Go on from a state that was saved.
    #[arg(long, value_name = "FILE", conflicts_with = "matrix")]
    pub hot_start: Option<PathBuf>,
    /// Save the state, at the end or at --save-at.
    #[arg(long, value_name = "FILE", conflicts_with = "matrix")]
    pub save_state: Option<PathBuf>,
    /// Simulated minute at which the state is saved.
    #[arg(long, value_name = "MIN", requires = "save_state")]
    pub save_at: Option<f64>,
    /// EPSG code of files that do not say theirs.
    #[arg(long, value_name = "EPSG:N|GCJ-02|BD-09", value_parser = parse_crs)]
    pub crs: Option<u32>,
    /// Folder to write.
    #[arg(long)]
    pub out: PathBuf,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}
