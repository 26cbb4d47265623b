//! What looking ahead costs over the demo city, in processor seconds: a forecast of two hours, the search for pump advice
//! on coarse cells, a measure tried in the forecast from its nearest copy. `ahead_cost FOLDER` (of the demo city's files).

use std::{
    error::Error,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use guanlan_city::{
    demo::{self, DemoParams},
    import::{LoadOptions, load_city},
};
use guanlan_core::Stamp;
use guanlan_geography::LocalFrame;
use guanlan_rainstorm::{
    Measure, Scenario,
    advice::{SearchSettings, advise},
    ahead::{AheadCity, AheadSettings, CoarseTwin, look_ahead},
    impact::Limits,
    live::{LiveModel, LiveSettings, Observed},
    measures::PumpRun,
    storm::{Rain, RainSeries},
};

/// Processor time of this process, s.
fn cpu_s() -> f64 {
    // SAFETY: getrusage only writes the structure it is given, which is valid when all zero.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut used);
        used.ru_utime
    };
    used.tv_sec as f64 + used.tv_usec as f64 * 1.0e-6
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let (cpu, wall) = (cpu_s(), Instant::now());
    let out = run();
    println!("{what:<60} {:>7.2} cpu-s {:>7.2} s", cpu_s() - cpu, wall.elapsed().as_secs_f64());
    out
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("expected a folder for the demo city's files")?;
    let made = demo::ensure(Path::new(&folder), &DemoParams { seed: 1, sensors: 2000 })?;
    let frame = LocalFrame::new(made.epsg, made.origin);
    let options = LoadOptions { name: Some(made.name), frame: Some(frame), ..LoadOptions::default() };
    let (city, _report) = load_city(&made.files, &options, &|_| {})?;
    let city = Arc::new(city);
    let scenario = Scenario { cell_m: 10.0, ..Scenario::default() };
    let storm = Rain::from(RainSeries::uniform(80.0, 3600.0));
    let go = AtomicBool::new(false);
    for pace_s in [1.0, 2.0] {
        let mut live = LiveModel::new(&city, &scenario, Stamp(0), LiveSettings::default(), None)?;
        let dry = live.step(&Observed { now: Stamp(60_000), ..Observed::default() }, Duration::from_secs(60));
        let wet = dry.map_or(0, |s| s.field.depth_mm.iter().filter(|d| **d > 150).count());
        println!("pace {pace_s} s: {wet} cells over 15 cm on a dry day");
        let model = live.model_mut();
        model.set_pace_s(pace_s);
        model.feed_rain(&storm);
        timed("20 min of storm", || model.run_to(1260.0));
        let places = AheadCity::new(city.clone(), model.domain(), Limits::builtin().unwrap_or_default());
        let settings = AheadSettings::default();
        let rain = Rain::from(RainSeries::uniform(80.0, 2400.0));
        let ahead = timed("2 h ahead", || look_ahead(model.clone(), Some(&rain), &places, settings, &[], &go));
        let ahead = ahead.ok_or("cancelled")?;
        println!("harm of doing nothing: {:?}, books {:.1e}", ahead.harm, model.ledger().error_relative);
        // The worst place for a measure: just before the next copy.
        let at_s = model.time_s() + 3600.0 - 1.0;
        let copy = ahead.kept.copies.iter().rev().find(|c| c.time_s() <= at_s).ok_or("no copy")?;
        timed("a measure tried 59:59 ahead, seen in the water", || {
            let mut tried = copy.clone();
            tried.run_to(at_s);
            tried.apply(&Measure::PumpSwitch { pump: "BZ01-1".into(), run: PumpRun::On });
            tried.frame()
        });
        if pace_s < 2.0 {
            continue;
        }
        let twin = timed("coarse cells made", || CoarseTwin::new(city.clone(), &scenario, 20.0, None))?;
        let base = SearchSettings::default();
        let search = SearchSettings {
            ahead: AheadSettings { field_every: 0, copy_every: 0, ..settings },
            budget: Duration::from_secs(600),
            ..base
        };
        let one = twin.of(model).ok_or("no twin")?;
        timed("2 h ahead on coarse cells", || look_ahead(one, Some(&rain), &twin.city, search.ahead, &[], &go));
        let found = timed("advice on coarse cells", || {
            advise(model, Some(&rain), &places, &ahead, &search, Some(&twin), &go, &|_| {})
        });
        let found = found.ok_or("cancelled")?;
        println!("{} runs, cut short: {}", found.runs, found.cut_short);
        for option in &found.options {
            println!(
                "  {} {} actions, score {}: {}",
                option.name.en,
                option.actions.len(),
                option.harm.score,
                option.words.en
            );
        }
    }
    Ok(())
}
