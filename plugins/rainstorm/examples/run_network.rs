//! Runs SWMM input files and prints what came out as JSON: `run_network FILE.inp…`, or into a folder with depths and
//! flows at every report step: `run_network FILE.inp --out FOLDER`; `--implicit` takes the other scheme.

use guanlan_core::Lang;
use guanlan_rainstorm::drains::{Scheme, run_file, run_file_into};

fn main() {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let scheme = if args.iter().any(|a| a == "--implicit") { Scheme::Implicit } else { Scheme::Swmm };
    args.retain(|a| a != "--implicit");
    if let [path, option, folder] = args.as_slice()
        && option == "--out"
    {
        if let Err(error) = run_file_into(path.as_ref(), folder.as_ref(), scheme, Lang::En) {
            eprintln!("{error}");
        }
        return;
    }
    for path in args {
        match run_file(path.as_ref(), scheme, Lang::En, &mut |_, _| {}) {
            Ok(outcome) => match serde_json::to_string(&outcome) {
                Ok(text) => println!("{text}"),
                Err(error) => eprintln!("{path}: {error}"),
            },
            Err(error) => eprintln!("{error}"),
        }
    }
}
