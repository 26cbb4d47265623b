//! Validation as a product: closed solutions, published benchmarks and EPA SWMM against both kernels and the
//! drains, measured against their targets, as a table.
//!
//! Cases that need files (reference rasters, a real flood, SWMM's results) run when the folder with the data is
//! given, and are left out otherwise; all others are made from their formulas.

mod case;
mod dam;
mod data;
mod ea;
mod focus;
mod lake;
mod networks;
mod reasons;
mod runoff;
mod steady;
mod street;
mod thacker;
mod town;

use std::path::Path;

use serde::{Deserialize, Serialize};

pub use case::Kernels;

use crate::surface::SurfaceMaker;

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Case.
    pub case: String,
    /// `A` local inertial, `G` the same on a graphics device, `B` Godunov; drains by SWMM's scheme (`drains`) or by the
    /// implicit one (`drains i`).
    pub kernel: String,
    /// What came out.
    pub measured: String,
    /// What it has to be.
    pub target: String,
    /// Whether it is.
    pub ok: bool,
    /// Why not, where a sound reason is known.
    #[serde(default)]
    pub reason: String,
    /// Books: what they cannot explain over all water handled.
    pub mass_error: f64,
    /// Most that it may be.
    #[serde(default)]
    pub mass_limit: f64,
    /// Time it took, s.
    pub wall_s: f64,
}

/// What to run.
#[derive(Clone)]
pub struct Validation<'a> {
    /// Folder with `flood/` and `drainage/`.
    pub data: Option<&'a Path>,
    /// Cases that take more than a few seconds, too.
    pub slow: bool,
    /// Only cases whose name contains this.
    pub only: Option<&'a str>,
    /// Threads.
    pub threads: usize,
    /// Makes kernel A elsewhere than on the processor: its cases are run there, too (kernel `G`).
    pub surface: Option<SurfaceMaker>,
}

impl Default for Validation<'_> {
    fn default() -> Self {
        Self { data: None, slow: true, only: None, threads: 1, surface: None }
    }
}

/// Runs the cases; `told` hears each line when it is ready.
pub fn validate(what: &Validation<'_>, told: &mut dyn FnMut(&Finding)) -> Vec<Finding> {
    let mut bench = case::Bench::new(what, told);
    lake::run(&mut bench);
    focus::run(&mut bench);
    dam::run(&mut bench);
    thacker::run(&mut bench);
    steady::run(&mut bench);
    runoff::run(&mut bench);
    ea::run(&mut bench);
    town::run(&mut bench);
    street::run(&mut bench);
    networks::run(&mut bench);
    bench.finish()
}

/// Published cases whose inputs nobody may pass on, or that are not in the folder: what would be needed.
const WITHOUT_INPUTS: [(&str, &str, &str); 5] = [
    ("UK EA 5 (valley)", "flood/ea_test5", "its terrain is not free"),
    ("UK EA 6A, 6B (dam break with building)", "flood/ea_test6", "its measured levels are not free"),
    ("UK EA 7 (river and flood plain)", "flood/ea_test7", "its terrain and sections are not free"),
    ("UK EA 8A (rain in a town)", "flood/ea_test8", "its terrain is not in the data folder"),
    ("UK EA 8B (surcharging sewer)", "flood/ea_test8", "its terrain is not in the data folder"),
];

/// Cases that were left out of a full run, and why.
#[must_use]
pub fn left_out(what: &Validation<'_>) -> Vec<String> {
    let mut out = Vec::new();
    if what.data.is_none() {
        out.push("without --data DIR: cases against reference rasters, a real flood and EPA SWMM are left out".into());
    }
    if !what.slow {
        out.push("--quick: cases of more than a few seconds are left out".into());
    }
    for (case, folder, why) in WITHOUT_INPUTS {
        let there = what.data.is_some_and(|d| d.join(folder).is_dir());
        out.push(format!("{case}: {}", if there { "its folder has no known form" } else { why }));
    }
    out
}

/// The findings as a Markdown table.
#[must_use]
pub fn markdown(findings: &[Finding]) -> String {
    let mut out = String::from("| case | kernel | measured | target | mass error | ok |\n|---|---|---|---|---|---|\n");
    for f in findings {
        let ok = match (f.ok, f.reason.is_empty()) {
            (true, _) => "✓".to_owned(),
            (false, true) => "**no**".to_owned(),
            (false, false) => format!("no: {}", f.reason),
        };
        out +=
            &format!("| {} | {} | {} | {} | {:.0e} | {ok} |\n", f.case, f.kernel, f.measured, f.target, f.mass_error);
    }
    let bad = findings.iter().filter(|f| !f.ok).count();
    out += &format!("\n{} of {} within target.\n", findings.len() - bad, findings.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every quick case meets its target, but for those with a reason; all keep their mass. Those with files run
    /// when the data folder is there; `GUANLAN_SLOW` runs the slow ones, too, `ONLY` some by name.
    #[test]
    fn every_quick_case_is_within_its_target() {
        let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
        let data = data.is_dir().then_some(data);
        if data.is_none() {
            println!("no shared data: cases with files are left out");
        }
        let only = std::env::var("ONLY").ok();
        let slow = std::env::var_os("GUANLAN_SLOW").is_some();
        let what = Validation { data, slow, only: only.as_deref(), threads: 1, surface: None };
        let findings = validate(&what, &mut |_| {});
        println!("{}", markdown(&findings));
        assert!(only.is_some() || findings.len() > 30);
        let mass: Vec<_> = findings.iter().filter(|f| f.mass_error.is_nan() || f.mass_error > f.mass_limit).collect();
        assert!(mass.is_empty(), "{mass:#?}");
        let bad: Vec<_> = findings.iter().filter(|f| !f.ok && f.reason.is_empty()).collect();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}
