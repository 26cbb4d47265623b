//! `guanlan bench`: the published figures, on this machine.

use crate::{
    args::BenchArgs,
    exit::{Outcome, bad_input, failed},
};

pub fn run(args: &BenchArgs) -> Outcome {
    if args.validate {
        return validate(args);
    }
    let figures = match args.what.as_str() {
        "flood" => match super::solver::surface(&args.solver)? {
            Some(surface) => guanlan_rainstorm::bench_flood_on(&surface).map_err(failed)?,
            None => guanlan_rainstorm::bench_flood(),
        },
        #[cfg(feature = "views")]
        "frame" => super::bench_frame::run(&args.frame)?,
        "import" => super::bench_import::run()?,
        "ingest" => super::bench_ingest::run(args.frame.sensors, args.frame.seconds)?,
        "seek" => super::bench_seek::run(args.frame.sensors, args.records, args.scene_hours)?,
        other => return Err(bad_input(format!("no benchmark '{other}': expected flood, frame, import, ingest, seek"))),
    };
    for f in figures {
        if args.json {
            say!("{}", serde_json::to_string(&f).map_err(failed)?);
        } else {
            say!("{:<28} {:>14.1} {:<10} p95 {:.1}  n {}  {}", f.name, f.value, f.unit, f.p95, f.samples, f.machine);
        }
    }
    Ok(())
}

/// Validation cases of the flood engine, as a Markdown table or one JSON object a line. A missed target is
/// a failure of the verb, so that scripts see it.
fn validate(args: &BenchArgs) -> Outcome {
    if args.what != "flood" {
        return Err(bad_input(format!("no validation of '{}': expected flood", args.what)));
    }
    if let Some(folder) = args.data.as_ref().filter(|d| !d.is_dir()) {
        return Err(bad_input(format!("{}: no such folder", folder.display())));
    }
    let what = guanlan_rainstorm::validate::Validation {
        data: args.data.as_deref(),
        slow: !args.quick,
        only: args.only.as_deref(),
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        surface: super::solver::surface(&args.solver)?,
    };
    let findings = guanlan_rainstorm::validate::validate(&what, &mut |f| {
        if !args.json && !args.markdown {
            eprintln!("{} {} ({:.1} s): {}", if f.ok { "达标 ok" } else { "未达 MISS" }, f.case, f.wall_s, f.measured);
        }
    });
    if args.json {
        for f in &findings {
            say!("{}", serde_json::to_string(f).map_err(failed)?);
        }
    } else {
        say!("{}", guanlan_rainstorm::validate::markdown(&findings));
        if args.only.is_none() {
            say!("Left out:");
            guanlan_rainstorm::validate::left_out(&what).iter().for_each(|line| say!("- {line}"));
        }
    }
    let missed = findings.iter().filter(|f| !f.ok).count();
    if missed == 0 { Ok(()) } else { Err(failed(format!("{missed} of {} cases miss their target", findings.len()))) }
}
