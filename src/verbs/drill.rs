//! `guanlan drill`: check a script, rehearse it headless, write the after-action report.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_core::{Lang, Stamp};
use guanlan_drill::{DrillPlan, Report};
use guanlan_room::{Control, DrillSetup, ForkPoint, Machine, Picture, run_drill};
use serde_json::json;

use crate::{
    args::DrillVerb,
    exit::{Failure, Outcome, bad_input, failed},
    house::room_config,
    locale::pick,
    progress::Progress,
    scene::{self, SceneRequest},
    shipped,
};

/// Instant at which a rehearsal without a live room begins: always the same, so that it is repeatable.
pub const REHEARSAL_BEGINS: &str = "2026-07-31T14:00:00+08:00";

/// Reads a script and binds it to a city.
pub fn plan(path: &Path, city: &guanlan_city::City) -> Result<DrillPlan, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| bad_input(format!("{}: {e}", path.display())))?;
    DrillPlan::parse(&path.display().to_string(), &text, city).map_err(bad_input)
}

fn demo(lang: Lang) -> Result<Arc<guanlan_city::City>, Failure> {
    let request = SceneRequest { files: &[], crs: None, seed: 1, sensors: 2000, lang };
    Ok(scene::load(&request)?.city)
}

pub fn run(verb: &DrillVerb, lang: Lang) -> Outcome {
    match verb {
        DrillVerb::Check { script } => {
            let plan = plan(script, &*demo(lang)?)?;
            say!(
                "{}: {} {} · {} {}",
                script.display(),
                plan.script.inject.len(),
                pick(lang, "条导调", "injects"),
                plan.script.expect.len(),
                pick(lang, "条预期", "expectations")
            );
            Ok(())
        }
        DrillVerb::Run { script, report, store, json } => {
            rehearse(script.as_deref(), report.as_deref(), store.clone(), *json, lang)
        }
    }
}

fn rehearse(
    script: Option<&Path>,
    report: Option<&Path>,
    store: Option<PathBuf>,
    as_json: bool,
    lang: Lang,
) -> Outcome {
    let path = match script {
        Some(path) => path.to_owned(),
        None => shipped::drill_script().map_err(failed)?,
    };
    let city = demo(lang)?;
    let plan = Arc::new(plan(&path, &city)?);
    let config = Arc::new(room_config(city, plan.script.seed, true)?);
    // A fresh room that has just woken up, at the same instant every time: a rehearsal is repeatable.
    let mut machine = Machine::new(config.clone());
    machine.tick(Stamp::parse(REHEARSAL_BEGINS).unwrap_or_default(), Vec::new());
    let head = guanlan_journal::Head { seq: 0, hash: guanlan_journal::GENESIS.into(), tick: 1, ts: machine.now() };
    let fork = ForkPoint { timeline: config.timeline.clone(), head, machine };
    let setup = DrillSetup {
        timeline: "drill-1".into(),
        plan: plan.clone(),
        scenario: shipped::scenario().map_err(failed)?,
        speed: f64::INFINITY,
        store,
        responders: true,
        surface: None,
    };
    let begun = Instant::now();
    let room = run_drill(fork, setup).map_err(failed)?;
    let mut progress = Progress::new();
    let picture = loop {
        std::thread::sleep(Duration::from_millis(100));
        let picture = room.picture();
        let Some(state) = &picture.drill else { continue };
        let minutes = state.script_s(picture.now) / 60.0;
        progress.step(&format!(
            "{} {minutes:.0}/{} min · ×{:.0}",
            pick(lang, "演练", "exercise"),
            plan.script.duration_s / 60,
            minutes * 60.0 / begun.elapsed().as_secs_f64()
        ));
        if state.finished {
            break picture;
        }
    };
    drop(progress);
    room.control(Control::Stop);
    room.stop();
    finish(&plan, &picture, report, as_json, begun.elapsed().as_secs_f64(), lang)
}

fn finish(
    plan: &DrillPlan,
    picture: &Picture,
    report: Option<&Path>,
    as_json: bool,
    wall_s: f64,
    lang: Lang,
) -> Outcome {
    let Some(state) = &picture.drill else { return Err(failed("the drill left no state")) };
    let aar = Report::of(plan, state, None);
    if let Some(path) = report {
        std::fs::write(path, aar.html(lang)).map_err(|e| failed(format!("{}: {e}", path.display())))?;
    }
    let met = state.expectations.iter().filter(|e| e.met.is_some()).count();
    if as_json {
        let t = &state.tally;
        say!(
            "{}",
            json!({
                "script": plan.script.title.zh, "simulated_s": plan.script.duration_s, "wall_s": wall_s,
                "speed": f64::from(plan.script.duration_s) / wall_s, "injects": state.delivered.len(),
                "expectations": state.expectations.len(), "met": met, "reds": t.reds, "cases": t.cases,
                "sent": t.sent, "arrived": t.arrived, "roads_closed": t.roads_closed,
            })
        );
    } else {
        say!("{}", aar.markdown(lang));
    }
    Ok(())
}
