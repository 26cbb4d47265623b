//! `guanlan bench`: the published figures, on this machine.

use crate::{
    args::BenchArgs,
    exit::{Outcome, bad_input, failed},
};

pub fn run(args: &BenchArgs) -> Outcome {
    let figures = match args.what.as_str() {
        "flood" => guanlan_rainstorm::bench_flood(),
        "import" => super::bench_import::run()?,
        other => return Err(bad_input(format!("no benchmark '{other}': expected flood, import"))),
    };
    for f in figures {
        if args.json {
            println!("{}", serde_json::to_string(&f).map_err(failed)?);
        } else {
            println!(
                "{:<28} {:>14.1} {:<10} p95 {:.1}  n {}  {}",
                f.name, f.value, f.unit, f.p95, f.samples, f.machine
            );
        }
    }
    Ok(())
}
