//! `guanlan simulate`: a rainstorm batch run, or a matrix of them.

use std::path::{Path, PathBuf};

use guanlan_city::import::Severity;
use guanlan_core::Lang;
use guanlan_rainstorm::{
    CitySource, Scenario, SimulateError, SimulateOptions, SurfaceLedger,
    drains::{RunFileError, Scheme, run_file_into},
    matrix::{BatchOptions, BatchProgress, Matrix, MatrixRun, run_batch},
    report::{ReportHead, RunFacts, comparison},
    simulate, write_frame, write_outputs,
};

use crate::{
    args::SimulateArgs,
    exit::{Failure, Outcome, bad_input, failed},
    locale::pick,
    progress::Progress,
    scene::{self, SceneRequest},
    shipped,
    verbs::solver::surface_for,
};

pub fn run(args: &SimulateArgs, lang: Lang) -> Outcome {
    match (&args.network, &args.matrix) {
        (Some(file), _) => run_network(args, file, lang),
        (None, Some(file)) => run_matrix(args, file, lang),
        (None, None) => run_one(args, lang),
    }
}

fn run_one(args: &SimulateArgs, lang: Lang) -> Outcome {
    let scenario = match &args.scenario {
        Some(path) => Scenario::load(path).map_err(bad_input)?,
        None => shipped::scenario().map_err(failed)?,
    };
    let (city, repaired) = city_of(args, &scenario, lang)?;
    let mut progress = Progress::new();
    let mut report = |p: guanlan_rainstorm::Progress| {
        progress.step(&format!(
            "{} {:.0}/{:.0} min · {} {:.2} m",
            pick(lang, "已模拟", "simulated"),
            p.simulated_s / 60.0,
            p.total_s / 60.0,
            pick(lang, "最深", "deepest"),
            p.deepest_m
        ));
    };
    let mut frames = |rasters: &guanlan_rainstorm::simulate::Rasters,
                      frame: guanlan_rainstorm::simulate::DepthFrame| {
        std::fs::create_dir_all(&args.out)?;
        write_frame(&args.out, rasters, &frame)
    };
    let options = SimulateOptions {
        cell_m: args.cell,
        threads: args.threads.unwrap_or(0),
        progress: Some(&mut report),
        cancel: None,
        hot_start: args.hot_start.as_deref().map(absolute),
        save_state: args.save_state.as_deref().map(|path| (absolute(path), args.save_at)),
        surface: surface_for(&args.solver, &city, [&scenario])?,
        frames: Some(&mut frames),
    };
    let mut outcome = simulate(&city, &scenario, options).map_err(failure)?;
    outcome.summary.notes.splice(0..0, repaired);
    write_outputs(&args.out, &outcome).map_err(|e| failed(format!("{}: {e}", args.out.display())))?;
    let s = &outcome.summary;
    let facts = RunFacts::read(&args.out, "run", Vec::new()).map_err(failed)?;
    let title = [s.scenario.get(Lang::Zh).to_owned(), s.scenario.get(Lang::En).to_owned()];
    write_report(&args.out, &ReportHead { title, failed: Vec::new() }, &city, &[facts], 0)?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(s).map_err(failed)?);
        return Ok(());
    }
    say!(
        "{} {:.0} mm · {} {:.2} m · {} {:.1e} · {:.1} s ×{:.0}\n{}",
        pick(lang, "雨量", "rain"),
        s.rain_mm,
        pick(lang, "最大水深", "max depth"),
        s.max_depth_m,
        pick(lang, "水量误差", "mass error"),
        s.ledger.error_relative,
        s.wall_s,
        s.real_time_ratio,
        ledger_line(&s.ledger, lang),
    );
    say_notes(&s.notes, lang);
    say!("{}\n{}", s.honesty_line(lang), args.out.display());
    Ok(())
}

/// What was guessed, repaired or left out.
fn say_notes(notes: &[String], lang: Lang) {
    for note in notes.iter().take(20) {
        say!("{}: {note}", pick(lang, "说明", "note"));
    }
    if notes.len() > 20 {
        say!("{}: +{}", pick(lang, "说明", "note"), notes.len() - 20);
    }
}

/// A SWMM file alone.
fn run_network(args: &SimulateArgs, file: &Path, lang: Lang) -> Outcome {
    let scheme = if args.scheme == "implicit" { Scheme::Implicit } else { Scheme::Swmm };
    let outcome = run_file_into(file, &args.out, scheme, lang).map_err(|e| match e {
        RunFileError::Read(e) => bad_input(e),
        e => failed(e),
    })?;
    if args.json {
        say!("{}", serde_json::to_string_pretty(&outcome).map_err(failed)?);
        return Ok(());
    }
    let l = &outcome.ledger;
    say!(
        "{:.1} h · {} {:.0} · {} {:.0} · {} {:.0} · {} {:.0} m³ · {} {:.1e}",
        outcome.duration_s / 3600.0,
        pick(lang, "流入", "in"),
        l.inflow_m3 + l.backflow_m3,
        pick(lang, "排出", "out"),
        l.outfall_m3,
        pick(lang, "溢出", "flooded"),
        l.flooded_m3,
        pick(lang, "存", "stored"),
        l.stored_m3,
        pick(lang, "水量误差", "mass error"),
        outcome.error_relative,
    );
    say!("{}: {}", pick(lang, "水流算法", "routing"), outcome.routing);
    say_notes(&outcome.notes, lang);
    say!("{}", args.out.display());
    Ok(())
}

/// The books in one line, m³.
fn ledger_line(l: &SurfaceLedger, lang: Lang) -> String {
    let parts = [
        ("雨", "rain", l.rain_m3),
        ("流入", "in", l.inflow_m3),
        ("入渗", "infiltrated", l.infiltration_m3),
        ("进管", "drained", l.drained_m3),
        ("流出", "out", l.outflow_m3),
        ("存", "stored", l.stored_m3),
    ];
    let text: Vec<String> = parts.iter().map(|(zh, en, v)| format!("{} {v:.0}", pick(lang, zh, en))).collect();
    format!("m³: {} · {} {:.1e}", text.join(" · "), pick(lang, "差", "error"), l.error_m3)
}

fn run_matrix(args: &SimulateArgs, file: &Path, lang: Lang) -> Outcome {
    let matrix = Matrix::load(file).map_err(bad_input)?;
    let Some(base) = args.scenario.clone().or_else(|| matrix.scenario.clone()) else {
        return Err(bad_input(format!("{}: scenario: missing, and the command line names none", file.display())));
    };
    let mut runs = matrix.runs(&base).map_err(bad_input)?;
    let (city, repaired) = city_of(args, &Scenario::load(&base).map_err(bad_input)?, lang)?;
    say_notes(&repaired, lang);
    if let Some(cell_m) = args.cell {
        runs.iter_mut().for_each(|run| run.scenario.set_cell_m(cell_m));
    }
    let progress = std::sync::Mutex::new(Progress::new());
    let say = |p: &BatchProgress| {
        let eta = p.eta_s.map_or_else(String::new, |s| format!(" · {} {}", pick(lang, "剩余", "left"), duration(s)));
        let line = format!("{}/{} · {:.0} %{eta}", p.done, p.runs, 100.0 * p.share);
        if let Ok(mut progress) = progress.lock() {
            progress.step(&line);
        }
    };
    let options = BatchOptions {
        out: args.out.clone(),
        jobs: args.jobs.unwrap_or(0),
        checkpoint_s: 20.0,
        progress: Some(&say),
        cancel: None,
        surface: surface_for(&args.solver, &city, runs.iter().map(|run| &run.scenario))?,
    };
    let results = run_batch(&city, &runs, &options).map_err(failure)?;
    drop(options);
    let (mut facts, mut wrong) = (Vec::new(), Vec::new());
    let mut base_at = 0;
    for (k, (run, result)) in runs.iter().zip(&results).enumerate() {
        if let Some(error) = &result.error {
            wrong.push((run.id.clone(), error.clone()));
            continue;
        }
        if k == matrix.base_index() {
            base_at = facts.len();
        }
        facts.push(RunFacts::read(&result.dir, &run.id, choices(run)).map_err(failed)?);
    }
    let title = if matrix.name.zh.is_empty() {
        ["情景对比报告".to_owned(), "Comparison of scenarios".to_owned()]
    } else {
        [matrix.name.zh.clone(), matrix.name.en.clone()]
    };
    let head = ReportHead { title, failed: wrong.clone() };
    let report = write_report(&args.out, &head, &city, &facts, base_at)?;
    let skipped = results.iter().filter(|r| r.skipped).count();
    let resumed = results.iter().filter(|r| r.resumed_s.is_some()).count();
    if args.json {
        let runs: Vec<serde_json::Value> = results
            .iter()
            .map(|r| serde_json::json!({ "id": r.id, "dir": r.dir, "skipped": r.skipped, "resumed_s": r.resumed_s, "error": r.error }))
            .collect();
        say!("{}", serde_json::json!({ "runs": runs, "report": report }));
    } else {
        say!(
            "{} {} · {} {skipped} · {} {resumed}\n{}",
            results.len(),
            pick(lang, "个情景", "runs"),
            pick(lang, "已有", "done before"),
            pick(lang, "续算", "resumed"),
            report.display()
        );
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = wrong.iter().map(|(id, why)| format!("{id}: {why}")).collect();
    Err(failed(lines.join("\n")))
}

fn write_report(
    out: &Path,
    head: &ReportHead,
    city: &guanlan_city::City,
    runs: &[RunFacts],
    base: usize,
) -> Result<PathBuf, Failure> {
    let path = out.join("report.html");
    std::fs::write(&path, comparison(head, city, runs, base))
        .map_err(|e| failed(format!("{}: {e}", path.display())))?;
    Ok(path)
}

fn choices(run: &MatrixRun) -> Vec<(String, String)> {
    run.choices.iter().map(|(axis, value)| (axis.zh.clone(), value.zh.clone())).collect()
}

/// The city and what was repaired or left out of its files. Files named on the command line win over those of the
/// scenario.
fn city_of(
    args: &SimulateArgs,
    scenario: &Scenario,
    lang: Lang,
) -> Result<(std::sync::Arc<guanlan_city::City>, Vec<String>), Failure> {
    let files = match &scenario.city {
        CitySource::Files(files) if args.city.is_empty() => files.iter().map(|f| scenario.base.join(f)).collect(),
        _ => args.city.clone(),
    };
    let request = SceneRequest { files: &files, crs: args.crs, seed: 1, sensors: 2000, lang };
    let scene = scene::load(&request)?;
    // The demo city is what it is meant to be.
    let problems = scene.report.problems.iter().filter(|p| !scene.demo && p.severity != Severity::Guessed);
    let told = problems.map(|p| {
        let times = if p.count > 1 { format!(" (×{})", p.count) } else { String::new() };
        format!("{}: {} / {}{times}", p.where_, p.message_zh, p.message)
    });
    Ok((scene.city, told.collect()))
}

/// A path of the command line: relative to where the user stands, not to the scenario.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

fn duration(seconds: f64) -> String {
    let s = seconds.max(0.0).round() as u64;
    if s >= 3600 { format!("{} h {:02} min", s / 3600, s / 60 % 60) } else { format!("{}:{:02}", s / 60, s % 60) }
}

fn failure(error: SimulateError) -> Failure {
    match error {
        SimulateError::Scenario(_) | SimulateError::Bed(_) | SimulateError::Measure(_) | SimulateError::State(..) => {
            bad_input(error)
        }
        other => failed(other),
    }
}
