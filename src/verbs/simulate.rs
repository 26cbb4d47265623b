//! `guanlan simulate`: a rainstorm batch run.

use guanlan_core::Lang;
use guanlan_rainstorm::{CitySource, Scenario, SimulateError, SimulateOptions, simulate, write_outputs};

use crate::{
    args::SimulateArgs,
    exit::{Outcome, bad_input, failed},
    locale::pick,
    progress::Progress,
    scene::{self, SceneRequest},
    shipped,
};

pub fn run(args: &SimulateArgs, lang: Lang) -> Outcome {
    let scenario = match &args.scenario {
        Some(path) => Scenario::load(path).map_err(bad_input)?,
        None => shipped::scenario().map_err(failed)?,
    };
    // Files named on the command line win over those of the scenario.
    let files = match &scenario.city {
        CitySource::Files(files) if args.city.is_empty() => files.iter().map(|f| scenario.base.join(f)).collect(),
        _ => args.city.clone(),
    };
    let request = SceneRequest { files: &files, crs: args.crs, seed: 1, sensors: 2000, lang };
    let city = scene::load(&request)?.city;
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
    let options = SimulateOptions {
        cell_m: args.cell,
        threads: args.threads.unwrap_or(0),
        progress: Some(&mut report),
        ..SimulateOptions::default()
    };
    let outcome = simulate(&city, &scenario, options).map_err(|e| match e {
        SimulateError::Scenario(_) | SimulateError::Bed(_) => bad_input(e),
        other => failed(other),
    })?;
    write_outputs(&args.out, &outcome).map_err(|e| failed(format!("{}: {e}", args.out.display())))?;
    let s = &outcome.summary;
    if args.json {
        println!("{}", serde_json::to_string_pretty(s).map_err(failed)?);
    } else {
        println!(
            "{} {:.0} mm · {} {:.2} m · {} {:.1e} · {:.1} s ×{:.0}\n{}",
            pick(lang, "雨量", "rain"),
            s.rain_mm,
            pick(lang, "最大水深", "max depth"),
            s.max_depth_m,
            pick(lang, "水量误差", "mass error"),
            s.ledger.error_relative,
            s.wall_s,
            s.real_time_ratio,
            args.out.display()
        );
    }
    Ok(())
}
