//! A SWMM file from start to end, as EPA SWMM runs it: greatest depths, peak flows, volumes, books, and what of the
//! file is not modelled.

use std::{io::Write, path::Path, sync::Arc};

use guanlan_city::{
    import::{
        ImportError,
        swmm::{HotStarts, read_swmm},
    },
    model::DrainageNetwork,
};
use guanlan_core::Lang;
use serde::{Deserialize, Serialize};

use super::{DrainLedger, DrainPlan, Drains, HotStart, RunoffLedger, Scheme, swmm::count_from_s};
use crate::chinese_notes::chinese_first;

/// Files without an end run so long, s.
const DEFAULT_S: f64 = 6.0 * 3600.0;

/// A node at its worst.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeOutcome {
    /// Name in the file.
    pub id: String,
    /// True for outfalls.
    pub outfall: bool,
    /// Greatest depth, m.
    pub max_depth_m: f64,
    /// Greatest head, m above datum.
    pub max_head_m: f64,
    /// Greatest inflow from outside the network, m³/s.
    pub max_lateral_m3_s: f64,
    /// Flooded out of it, m³.
    pub flooded_m3: f64,
    /// Left by it, m³.
    pub outflow_m3: f64,
}

/// A link at its worst.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkOutcome {
    /// Name in the file.
    pub id: String,
    /// Greatest flow either way, m³/s.
    pub peak_m3_s: f64,
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NetworkOutcome {
    /// Simulated, s.
    pub duration_s: f64,
    /// How the wave was computed.
    #[serde(default)]
    pub routing: String,
    /// In file order.
    pub nodes: Vec<NodeOutcome>,
    /// Conduits, pumps, regulators, street inlets.
    pub links: Vec<LinkOutcome>,
    /// Books of the network.
    pub ledger: DrainLedger,
    /// What they cannot explain over all water handled.
    pub error_relative: f64,
    /// Books of the subcatchments.
    pub runoff: Option<RunoffLedger>,
    /// What was left out, guessed or repaired, of reading and of running.
    pub notes: Vec<String>,
}

/// Reads and runs a file; `each` hears the network at every report step (`REPORT_STEP`, 15 min when absent) from the
/// file's `REPORT_START_DATE` on.
///
/// # Errors
/// When the file is no SWMM input file.
pub fn run_file(
    path: &Path,
    scheme: Scheme,
    lang: Lang,
    each: &mut dyn FnMut(f64, &Drains),
) -> Result<NetworkOutcome, ImportError> {
    let (file, report) = read_swmm(path)?;
    let mut hot_notes = Vec::new();
    let hot = &file.hot_starts;
    let begin = hot.begin.as_ref().and_then(|path| match read_hot(path, hot, &file.flow_units) {
        Ok(state) => Some(state),
        Err(why) => {
            hot_notes.push(format!("hot start '{}': {why}; the file's own initial state is taken", named(path)));
            None
        }
    });
    if begin.is_some() && hot.others[0] > 0 {
        hot_notes.push("hot start: nodes and links begin with it, subcatchments as the file has them".into());
    }
    let (mut out, drains) = run_from(&file.network, scheme, begin.as_ref().map(|state| (state, hot)), each);
    if let Some(path) = &hot.save {
        let bytes = drains.hot_start(hot).and_then(|state| state.write(hot, &file.flow_units));
        match bytes.map(|bytes| std::fs::write(path, bytes)) {
            Some(Ok(())) => {}
            Some(Err(error)) => hot_notes.push(format!("hot start '{}': not written: {error}", named(path))),
            None => hot_notes.push(format!(
                "hot start '{}': not written: the state of subcatchments and pollutants is not kept",
                named(path)
            )),
        }
    }
    out.notes.extend(hot_notes);
    let told = report.problems.iter().map(|p| {
        let times = if p.count > 1 { format!(" (×{})", p.count) } else { String::new() };
        let place = if p.where_.is_empty() { String::new() } else { format!("{}: ", p.where_) };
        format!("{place}{}{times}", p.text().get(lang))
    });
    chinese_first(&mut out.notes);
    out.notes = told.chain(std::mem::take(&mut out.notes)).collect();
    Ok(out)
}

/// The name of a file without its folder.
fn named(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_hot(path: &Path, network: &HotStarts, flow_units: &str) -> Result<HotStart, String> {
    HotStart::read(&std::fs::read(path).map_err(|e| e.to_string())?, network, flow_units)
}

/// Runs a network that stands alone to its end.
pub fn run_network(network: &DrainageNetwork, scheme: Scheme, each: &mut dyn FnMut(f64, &Drains)) -> NetworkOutcome {
    run_from(network, scheme, None, each).0
}

fn run_from(
    network: &DrainageNetwork,
    scheme: Scheme,
    hot: Option<(&HotStart, &HotStarts)>,
    each: &mut dyn FnMut(f64, &Drains),
) -> (NetworkOutcome, Drains) {
    let plan = Arc::new(DrainPlan::alone(network, scheme));
    let mut drains = Drains::new(plan.clone());
    let taken = hot.is_none_or(|(state, order)| drains.begin_hot(state, order));
    let duration_s = if network.duration_s > 0.0 { network.duration_s } else { DEFAULT_S };
    drains.set_end_s(duration_s);
    let report_s = network.option_s("REPORT_STEP").filter(|s| *s >= 1.0).unwrap_or(900.0);
    let from_s = count_from_s(network);
    let mut t = 0.0;
    while t < duration_s {
        t = (t + report_s).min(duration_s);
        drains.run_to(t);
        if t >= from_s {
            each(t, &drains);
        }
    }
    let deepest = drains.deepest_m();
    let nodes = plan.nodes.iter().enumerate().map(|(k, n)| NodeOutcome {
        id: n.id.clone(),
        outfall: n.outfall,
        max_depth_m: deepest[k],
        max_head_m: n.invert_m + deepest[k],
        max_lateral_m3_s: drains.lateral_peaks_m3_s()[k],
        flooded_m3: drains.risen_m3()[k],
        outflow_m3: drains.outfalls_m3()[k],
    });
    let names = link_names(&plan);
    let peaks = drains.link_peaks_m3_s().iter().chain(drains.driven_peaks_m3_s());
    let links = names.zip(peaks).map(|(id, q)| LinkOutcome { id: id.to_owned(), peak_m3_s: *q });
    let ledger = drains.ledger();
    let left_out = "hot start: a node or link of the file is not in the network: its own initial state is taken";
    let outcome = NetworkOutcome {
        duration_s,
        routing: plan.routing().to_owned(),
        nodes: nodes.collect(),
        links: links.collect(),
        ledger,
        error_relative: ledger.error_relative(),
        runoff: drains.runoff_ledger(),
        notes: plan.notes.iter().cloned().chain((!taken).then(|| left_out.to_owned())).collect(),
    };
    (outcome, drains)
}

/// Names of links in the order of their flows.
pub fn link_names(plan: &DrainPlan) -> impl Iterator<Item = &str> {
    let conduits = plan.links.iter().map(|l| l.id.as_str());
    conduits.chain(plan.pumps.iter().map(|p| p.id.as_str())).chain(plan.regulators.iter().map(|r| r.id.as_str()))
}

/// Runs a file into a folder: `network.json`, and `depths.csv` (m by node) and `flows.csv` (m³/s by link) at every
/// report step.
///
/// # Errors
/// When the file cannot be read or the folder not written.
pub fn run_file_into(path: &Path, folder: &Path, scheme: Scheme, lang: Lang) -> Result<NetworkOutcome, RunFileError> {
    let written = |name: &str| {
        let path = folder.join(name);
        std::fs::File::create(&path)
            .map(std::io::BufWriter::new)
            .map_err(|e| RunFileError::Write(path.display().to_string(), e))
    };
    std::fs::create_dir_all(folder).map_err(|e| RunFileError::Write(folder.display().to_string(), e))?;
    let (mut depths, mut flows) = (written("depths.csv")?, written("flows.csv")?);
    let mut failed = None;
    let mut began = false;
    let outcome = run_file(path, scheme, lang, &mut |t, drains| {
        let mut lines = || -> std::io::Result<()> {
            if !began {
                let nodes: Vec<&str> = drains.plan().nodes.iter().map(|n| n.id.as_str()).collect();
                let links: Vec<&str> = link_names(drains.plan()).collect();
                writeln!(depths, "t_s,{}", nodes.join(","))?;
                writeln!(flows, "t_s,{}", links.join(","))?;
            }
            write!(depths, "{t}")?;
            (0..drains.plan().nodes.len()).try_for_each(|k| write!(depths, ",{:.4}", drains.depth_m(k)))?;
            write!(flows, "{t}")?;
            drains.flows_m3_s().iter().try_for_each(|q| write!(flows, ",{q:.5}"))?;
            writeln!(depths)?;
            writeln!(flows)
        };
        if failed.is_none() {
            failed = lines().err();
        }
        began = true;
    })?;
    let fail = |e| RunFileError::Write(folder.display().to_string(), e);
    if let Some(e) = failed {
        return Err(fail(e));
    }
    depths.flush().and_then(|()| flows.flush()).map_err(fail)?;
    let text = serde_json::to_vec_pretty(&outcome).map_err(|e| fail(e.into()))?;
    std::fs::write(folder.join("network.json"), text).map_err(fail)?;
    Ok(outcome)
}

/// A file cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RunFileError {
    /// Reading.
    #[error(transparent)]
    Read(#[from] ImportError),
    /// Writing.
    #[error("{0}: {1}")]
    Write(String, std::io::Error),
}
