//! `guanlan alerts`: rule files against recorded data, and against their own tests.

use std::{path::Path, sync::Arc};

use guanlan_alerting::{
    RuleSet,
    bench::{Bench, TestOutcome, Transition, read_csv, run_tests},
};
use guanlan_city::City;
use guanlan_core::{AlertLevel, Input, Lang, ObservedProperty};
use guanlan_journal::{JournalError, SqliteStore, Store};
use serde::Serialize;

use crate::{
    args::{AlertsTestArgs, AlertsVerb},
    exit::{Failure, Outcome, bad_input, failed},
    locale::pick,
    scene::{self, SceneRequest},
};

/// Ticks read from a journal at a time.
const TICKS: usize = 2_000;

/// What `--json` prints.
#[derive(Serialize)]
struct Report<'a> {
    rules: &'a str,
    hash: &'a str,
    /// What is odd in a file that is right.
    notes: Vec<String>,
    tests: &'a [TestOutcome],
    transitions: &'a [Transition],
}

pub fn run(verb: &AlertsVerb, lang: Lang) -> Outcome {
    let AlertsVerb::Test(args) = verb;
    test(args, lang)
}

/// Reads a rule file.
pub fn read_rules(path: &Path) -> Result<RuleSet, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| bad_input(format!("{}: {e}", path.display())))?;
    RuleSet::parse(&path.display().to_string(), &text).map_err(bad_input)
}

fn test(args: &AlertsTestArgs, lang: Lang) -> Outcome {
    let rules = match args.rules.as_os_str().to_str() {
        Some("default") => RuleSet::defaults(),
        _ => read_rules(&args.rules)?,
    };
    let city = match args.city.as_slice() {
        [] => Arc::new(City::default()),
        files => {
            let demo: &[std::path::PathBuf] = if files == [std::path::PathBuf::from("demo")] { &[] } else { files };
            scene::load(&SceneRequest { files: demo, crs: None, seed: 1, sensors: 2000, lang })?.city
        }
    };
    let tests = run_tests(&rules, &city);
    let mut all: Vec<Transition> = Vec::new();
    for data in &args.data {
        let mut bench = Bench::new(&rules, &city);
        bench.verbose = args.verbose;
        if is_store(data) {
            play_store(&mut bench, data)?;
        } else {
            let otherwise = match &args.property {
                None => only_property(&rules),
                Some(key) => Some(ObservedProperty::from_key(key).ok_or_else(|| {
                    let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                    let known = known.join(", ");
                    bad_input(format!("--property {key}：没有这个监测项；可选：{known} / expected one of {known}"))
                })?),
            };
            let recorded = read_csv(data, otherwise).map_err(bad_input)?;
            let last = recorded.rows.iter().map(|r| r.at).max().unwrap_or_default();
            let until = args.until_s.map(|s| last + i64::try_from(s).unwrap_or(i64::MAX / 2000).saturating_mul(1000));
            bench.play(&recorded, until);
        }
        all.append(&mut bench.transitions);
    }
    if args.json {
        let notes = rules.notes().iter().map(ToString::to_string).collect();
        let report = Report { rules: rules.file(), hash: rules.hash(), notes, tests: &tests, transitions: &all };
        say!("{}", serde_json::to_string_pretty(&report).map_err(failed)?);
    } else {
        print(&rules, &tests, &all, args, lang);
    }
    let broken = tests.iter().filter(|t| !t.passed).count();
    if broken == 0 {
        return Ok(());
    }
    let words = pick(lang, "项规则自带测试未通过", "of the rules' own tests failed");
    Err(failed(format!("{broken}/{} {words}", tests.len())))
}

/// The property of streams that a recording does not describe: the one that all rules are about.
fn only_property(rules: &RuleSet) -> Option<ObservedProperty> {
    let mut all = rules.rules().iter().filter_map(|r| r.property);
    let first = all.next()?;
    all.all(|p| p == first).then_some(first)
}

/// A journal is an `SQLite` file.
fn is_store(path: &Path) -> bool {
    let mut head = [0; 16];
    std::fs::File::open(path)
        .and_then(|mut f| std::io::Read::read_exact(&mut f, &mut head))
        .is_ok_and(|()| head.starts_with(b"SQLite format 3"))
}

fn play_store(bench: &mut Bench, path: &Path) -> Outcome {
    let store = SqliteStore::open_read_only(path).map_err(|e| match e {
        JournalError::Missing(_) | JournalError::Database { .. } | JournalError::TooNew { .. } => bad_input(e),
        other => failed(other),
    })?;
    let mut after = 0;
    loop {
        let ticks = store.ticks_after(after, TICKS).map_err(failed)?;
        let Some(last) = ticks.last() else { return Ok(()) };
        after = last.tick;
        for tick in ticks {
            // Rule files and commands of that day are not these rules' business.
            let inputs = tick
                .inputs
                .into_iter()
                .filter(|i| matches!(i, Input::Observation(_) | Input::SensorDeclared(_) | Input::Origin(_)))
                .collect();
            bench.go_to(tick.now, inputs);
        }
    }
}

fn print(rules: &RuleSet, tests: &[TestOutcome], all: &[Transition], args: &AlertsTestArgs, lang: Lang) {
    say!("{} {} {}", rules.file(), pick(lang, "规则数", "rules"), rules.rules().len());
    for note in rules.notes() {
        say!("{} {note}", pick(lang, "注意", "note"));
    }
    for t in tests {
        let verdict = if t.passed { pick(lang, "通过", "ok  ") } else { pick(lang, "未过", "FAIL") };
        say!("{verdict} {} · {}", t.rule, t.name);
        for fault in &t.faults {
            say!("     {}", lang.part_of(fault));
        }
    }
    let word = |l: AlertLevel| l.name().get(lang).to_owned();
    for t in all {
        let change = if t.from == t.to { word(t.to) } else { format!("{}→{}", word(t.from), word(t.to)) };
        say!(
            "{} {:>9.1}s {:<10} {:<22} {:<18} {:<12} {:>10.3} / {:.3}  {}",
            t.time,
            t.after_s,
            t.what,
            t.rule,
            t.sensor.to_string(),
            change,
            t.value,
            t.threshold,
            t.state.name().get(lang)
        );
    }
    if !args.data.is_empty() {
        say!("{} {}", all.len(), pick(lang, "次变化", "transitions"));
    }
}
