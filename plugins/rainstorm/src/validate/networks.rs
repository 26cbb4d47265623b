//! The drains against EPA SWMM 5.2.4 on its own example files and on ours.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Instant};

use guanlan_city::{import::swmm::read_swmm, model::DrainageNetwork};

use super::{
    case::{Bench, Result, percent},
    data::table,
};
use crate::drains::{DrainPlan, Drains, Scheme};

/// What SWMM's report says of a run, in SI units.
#[derive(Clone, Debug, Default, PartialEq)]
struct Report {
    /// Greatest depth by node, m.
    depth_m: BTreeMap<String, f64>,
    /// Greatest flow by link, m³/s.
    flow_m3_s: BTreeMap<String, f64>,
    /// Left by outfalls, m³.
    outflow_m3: f64,
    /// What SWMM's own routing books miss, relative.
    continuity: f64,
}

fn report(path: &Path) -> Option<Report> {
    let text = std::fs::read_to_string(path).ok()?;
    let unit = |key: &str| text.lines().find(|l| l.contains(key))?.split_whitespace().last().map(str::to_owned);
    let flow = match unit("Flow Units ....")?.as_str() {
        "CFS" => 0.028_316_846_592,
        "GPM" => 6.309_02e-5,
        "MGD" => 0.043_812_636,
        "CMS" => 1.0,
        "LPS" => 1.0e-3,
        "MLD" => 1000.0 / 86_400.0,
        _ => return None,
    };
    let us = matches!(unit("Flow Units ....")?.as_str(), "CFS" | "GPM" | "MGD");
    // Volumes by their finer column: millions of gallons or of litres.
    let (length, volume) = if us { (0.3048, 3785.411_784) } else { (1.0, 1000.0) };
    let section = |title: &str| {
        let rest: Vec<&str> = text.lines().skip_while(|l| l.trim() != title).collect();
        let body =
            rest.iter().enumerate().filter(|(_, l)| l.trim_start().starts_with("-----")).nth(1).map(|(k, _)| k + 1);
        let lines = body.map(|k| rest[k..].iter().take_while(|l| !l.trim().is_empty()).copied().collect::<Vec<&str>>());
        lines.unwrap_or_default()
    };
    let pick = |lines: Vec<&str>, column: usize, scale: f64| {
        lines
            .into_iter()
            .filter_map(|l| {
                let words: Vec<&str> = l.split_whitespace().collect();
                Some((words.first()?.to_string(), words.get(column)?.parse::<f64>().ok()? * scale))
            })
            .collect::<BTreeMap<_, _>>()
    };
    let books = |key: &str| {
        text.lines()
            .find(|l| l.trim_start().starts_with(key))
            .and_then(|l| l.split_whitespace().last()?.parse::<f64>().ok())
    };
    Some(Report {
        depth_m: pick(section("Node Depth Summary"), 3, length),
        flow_m3_s: pick(section("Link Flow Summary"), 2, flow),
        outflow_m3: books("External Outflow").unwrap_or(0.0) * volume,
        continuity: continuity(&text),
    })
}

/// SWMM's flow routing continuity error, relative.
fn continuity(text: &str) -> f64 {
    let after = text.split_once("Flow Routing Continuity").map_or("", |(_, rest)| rest);
    let line = after.lines().find(|l| l.contains("Continuity Error (%)"));
    line.and_then(|l| l.split_whitespace().last()?.parse::<f64>().ok()).unwrap_or(0.0).abs() / 100.0
}

/// Both schemes, by their name in the table, and what their books may miss: SWMM's scheme a thousandth more than SWMM's
/// own do.
const SCHEMES: [(Scheme, &str); 2] = [(Scheme::Swmm, "drains"), (Scheme::Implicit, "drains i")];
const IMPLICIT_MASS: f64 = 1.0e-6;
const SWMM_MASS: f64 = 1.0e-3;

fn mass(drains: &Drains, scheme: Scheme, swmm: f64) -> [f64; 2] {
    let exact = scheme == Scheme::Implicit;
    [drains.ledger().error_relative(), if exact { IMPLICIT_MASS } else { SWMM_MASS + swmm }]
}

/// Runs a network to the end of its file; the drains, and what they did at every minute.
fn run_network(network: &DrainageNetwork, scheme: Scheme, mut each: impl FnMut(f64, &Drains)) -> Drains {
    let mut drains = Drains::new(Arc::new(DrainPlan::alone(network, scheme)));
    drains.set_end_s(network.duration_s);
    let minutes = (network.duration_s / 60.0).ceil() as usize;
    for k in 1..=minutes {
        let t = (k as f64 * 60.0).min(network.duration_s);
        drains.run_to(t);
        each(t, &drains);
    }
    drains
}

/// Peaks of links and depths of nodes against a report: the largest differences.
struct Match {
    /// Worst relative difference of a peak flow over a twentieth of the largest.
    peak: f64,
    /// Median of the same.
    typical: f64,
    /// Root mean square difference of the greatest depths, m.
    depth_m: f64,
    /// Relative difference of the volume that left.
    volume: f64,
}

fn compare(drains: &Drains, want: &Report) -> Match {
    let plan = drains.plan();
    let ours = plan
        .links
        .iter()
        .map(|l| &l.id)
        .chain(plan.pumps.iter().map(|p| &p.id))
        .chain(plan.regulators.iter().map(|r| &r.id));
    let peaks = drains.link_peaks_m3_s().iter().chain(drains.driven_peaks_m3_s());
    let largest = want.flow_m3_s.values().copied().fold(0.0, f64::max);
    let mut off: Vec<f64> = ours
        .zip(peaks)
        .filter_map(|(id, q)| {
            let w = *want.flow_m3_s.get(id)?;
            (w > 0.05 * largest).then(|| (q / w - 1.0).abs())
        })
        .collect();
    off.sort_by(f64::total_cmp);
    let depths: Vec<f64> = plan
        .nodes
        .iter()
        .zip(drains.deepest_m())
        .filter(|(n, _)| !n.outfall)
        .filter_map(|(n, d)| Some(d - want.depth_m.get(&n.id)?))
        .collect();
    let square = depths.iter().map(|d| d * d).sum::<f64>() / depths.len().max(1) as f64;
    Match {
        // Files without links have only their outflow.
        peak: off.last().copied().unwrap_or(0.0),
        typical: off.get(off.len() / 2).copied().unwrap_or(0.0),
        depth_m: square.sqrt(),
        volume: if want.outflow_m3 > 0.0 { drains.ledger().outfall_m3 / want.outflow_m3 - 1.0 } else { 0.0 },
    }
}

/// Files of `drainage/`, with inflows of their own, subcatchments, street inlets.
const EXAMPLES: [&str; 17] = [
    // The kinematic wave.
    "examples_Example1",
    "examples_Example2",
    "examples_Example3",
    // LID controls; ground water.
    "examples_Example4",
    "examples_Example5",
    "extran_extran1",
    "extran_extran2",
    "extran_extran3",
    "extran_extran10",
    "routing_test1",
    "update_v52_Storage_Shape_Test",
    "update_v52_Example7-Final",
    "update_v52_Example7-Inlets",
    "update_v52_street_curb_inlet_9a",
    "bellinge_small",
    "user_user1",
    "user_user2",
];

pub(super) fn run(bench: &mut Bench<'_>) {
    let Some(data) = bench.what.data else { return };
    surcharge_line(bench, &data.join("flood/bench/drainage"));
    underpass(bench, &data.join("flood/bench/drainage"));
    for name in EXAMPLES {
        let title = format!("SWMM {name}");
        if !bench.wants(&title) {
            continue;
        }
        let folder = data.join("drainage");
        let Ok((file, _)) = read_swmm(&folder.join(format!("{name}.inp"))) else { continue };
        let Some(want) = report(&folder.join(format!("results/{name}.rpt"))) else { continue };
        for (scheme, kernel) in SCHEMES {
            // Where no dynamic wave runs there is one scheme only.
            if scheme == Scheme::Implicit && DrainPlan::alone(&file.network, Scheme::Swmm).routing() != "swmm" {
                continue;
            }
            let began = Instant::now();
            let drains = run_network(&file.network, scheme, |_, _| {});
            let m = compare(&drains, &want);
            let result = Result {
                measured: format!(
                    "peaks off {} (median {}), depth RMSE {:.3} m, outflow {:+.2} %",
                    percent(m.peak),
                    percent(m.typical),
                    m.depth_m,
                    100.0 * m.volume
                ),
                target: "median ≤ 3 %, ≤ 0.05 m, ± 3 %".into(),
                ok: m.typical <= 0.03 && m.depth_m <= 0.05 && m.volume.abs() <= 0.03,
            };
            bench.add_within(&title, kernel, result, mass(&drains, scheme, want.continuity), began);
        }
    }
}

fn surcharge_line(bench: &mut Bench<'_>, folder: &Path) {
    let title = "SWMM surcharge_line";
    let (Ok((file, _)), Some(want)) =
        (read_swmm(&folder.join("surcharge_line.inp")), table(&folder.join("surcharge_line_swmm524.csv")))
    else {
        return;
    };
    if !bench.wants(title) {
        return;
    }
    for (scheme, kernel) in SCHEMES {
        let began = Instant::now();
        let mut off_m: Vec<[f64; 5]> = Vec::new();
        let drains = run_network(&file.network, scheme, |t, drains| {
            if let Some(row) = want.iter().find(|r| (r[0] - t).abs() < 0.5) {
                off_m.push(std::array::from_fn(|k| drains.depth_m(k) - row[1 + k]));
            }
        });
        let mean = |k: usize| off_m.iter().map(|r| r[k] * r[k]).sum::<f64>() / off_m.len().max(1) as f64;
        let rmse = (0..5).map(|k| mean(k).sqrt()).fold(0.0, f64::max);
        let peaks = [0.250_12, 0.276_13, 0.501_63, 0.501_70, 0.500_51];
        let off = drains.link_peaks_m3_s().iter().zip(peaks).map(|(q, w)| (q / w - 1.0).abs()).fold(0.0, f64::max);
        let depths = Result::at_most("worst depth RMSE", rmse, 0.05, |v| format!("{v:.3} m"));
        let result = depths.and(Result::at_most("peaks off", off, 0.03, percent));
        // SWMM's own books miss .08 % of it.
        bench.add_within(title, kernel, result, mass(&drains, scheme, 0.8e-3), began);
    }
}

fn underpass(bench: &mut Bench<'_>, folder: &Path) {
    let title = "SWMM pump_underpass";
    let Ok((file, _)) = read_swmm(&folder.join("pump_underpass.inp")) else { return };
    if !bench.wants(title) {
        return;
    }
    for (scheme, kernel) in SCHEMES {
        let began = Instant::now();
        let drains = run_network(&file.network, scheme, |_, _| {});
        let depth = drains.plan().nodes.iter().position(|n| n.id == "S1").map_or(f64::NAN, |k| drains.deepest_m()[k]);
        let pump = drains.driven_peaks_m3_s().first().copied().unwrap_or(f64::NAN);
        let result = Result {
            measured: format!("S1 {depth:.4} m, pump {pump:.3} m³/s"),
            target: "2.4586 ± 0.01 m, 0.150 m³/s".into(),
            ok: (depth - 2.4586).abs() <= 0.01 && (pump - 0.15).abs() < 1.0e-6,
        };
        bench.add_within(title, kernel, result, mass(&drains, scheme, 0.0), began);
    }
}
