//! `guanlan inspect`: what is in a file.

use guanlan_city::import::{FileFacts, inspect};
use serde_json::json;

use crate::{
    args::InspectArgs,
    exit::{Outcome, bad_input, failed},
};

pub fn run(args: &InspectArgs) -> Outcome {
    let mut facts = Vec::new();
    for file in &args.files {
        facts.push(inspect(file).map_err(bad_input)?);
    }
    if args.json {
        let text = serde_json::to_string_pretty(&json!({ "files": facts })).map_err(failed)?;
        println!("{text}");
        return Ok(());
    }
    for f in &facts {
        print_facts(f);
    }
    Ok(())
}

fn print_facts(f: &FileFacts) {
    println!("{}", f.path.display());
    println!("  {} {}  {}", f.format, f.version, if f.crs.is_empty() { "CRS ?" } else { &f.crs });
    if let Some([x0, y0, z0, x1, y1, z1]) = f.extent {
        println!("  {x0:.3} {y0:.3} {z0:.3} … {x1:.3} {y1:.3} {z1:.3}");
    }
    let counts: Vec<String> = f.counts.iter().map(|(k, n)| format!("{k} {n}")).collect();
    println!("  {}", counts.join(" · "));
    for p in &f.problems {
        let times = if p.count > 1 { format!(" ×{}", p.count) } else { String::new() };
        println!("  ! {:?} {}: {}{times}", p.severity, p.where_, p.message);
    }
}
