//! One module per verb.

pub mod alerts;
mod bench;
#[cfg(feature = "views")]
mod bench_frame;
mod bench_import;
mod bench_ingest;
mod bench_limits;
mod bench_seek;
mod bench_town;
mod devices;
pub mod drill;
mod import;
mod inspect;
mod journal;
pub mod query;
pub mod replay;
pub mod room;
mod schema;
mod simulate;
mod solver;

use crate::{
    args::{Cli, Verb},
    exit::Outcome,
};

/// Runs what was asked for.
pub fn run(cli: Cli) -> Outcome {
    let lang = cli.lang;
    match cli.verb {
        None => room::run(cli.room, lang),
        Some(Verb::Room(args)) => room::run(args, lang),
        Some(Verb::Inspect(args)) => inspect::run(&args, lang),
        Some(Verb::Import(args)) => import::run(&args, lang),
        Some(Verb::Simulate(args)) => simulate::run(&args, lang),
        Some(Verb::Alerts(args)) => alerts::run(&args.what, lang),
        Some(Verb::Journal(args)) => journal::run(&args.what, lang),
        Some(Verb::Query(args)) => query::run(&args.what),
        Some(Verb::Replay(args)) => replay::run(&args, lang),
        Some(Verb::Devices(args)) => devices::run(&args, lang),
        Some(Verb::Schema { name }) => schema::run(&name),
        Some(Verb::Bench(args)) => bench::run(&args),
        #[cfg(feature = "views")]
        Some(Verb::Render(args)) => crate::views::render(&args, lang),
        #[cfg(not(feature = "views"))]
        Some(Verb::Render(_)) => {
            Err(crate::exit::failed("this program was built without views: build it with the feature 'views'"))
        }
        Some(Verb::Drill(args)) => drill::run(&args.what, lang),
    }
}
