//! The command line as types: a module for each family of verbs.

mod bench;
mod city;
mod duty;
mod parse;
mod past;
mod room;
mod water;

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};
use guanlan_core::Lang;

pub use bench::BenchArgs;
#[cfg(feature = "views")]
pub use bench::FrameArgs;
pub use city::{ImportArgs, InspectArgs};
pub use duty::{AlertsArgs, AlertsTestArgs, AlertsVerb, DrillArgs, DrillVerb};
pub use past::{JournalArgs, JournalVerb, QueryArgs, QueryVerb, ReplayArgs};
#[cfg(feature = "views")]
pub use room::Prisms;
pub use room::{DevicesArgs, RenderArgs, RoomArgs};
pub use water::SimulateArgs;

/// 观澜：城市数字孪生指挥室 / Guanlan: a digital-twin situation room for a city.
#[derive(Parser, Debug)]
#[command(name = "guanlan", version, about, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// Language of everything a user reads: zh or en.
    #[arg(long, global = true, default_value = "zh")]
    pub lang: Lang,
    /// What to do; without a verb, the demo city's room opens in a window.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub room: RoomArgs,
}

/// Arguments with a `--lang` in front of the verb put behind it: options of the room may not stand before another verb,
/// the language of everything may.
pub fn language_behind_the_verb(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.collect();
    let taken = match args.get(1).and_then(|a| a.to_str()) {
        Some("--lang") => 2,
        Some(a) if a.starts_with("--lang=") => 1,
        _ => return args,
    };
    let verb = args.get(1 + taken).and_then(|v| v.to_str());
    if verb.is_some_and(|v| Cli::command().find_subcommand(v).is_some()) {
        args[1..=1 + taken].rotate_right(1);
    }
    args
}

/// The verbs.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// 打开指挥室 / a room of a scene, or straight from data files.
    Room(RoomArgs),
    /// 渲染静帧 / a still picture, no display needed.
    Render(RenderArgs),
    /// 查看文件内容 / what is in a city, drainage or terrain file.
    Inspect(InspectArgs),
    /// 导入城市数据 / real data → city pack.
    Import(ImportArgs),
    /// 暴雨内涝模拟 / a rainstorm batch run.
    Simulate(SimulateArgs),
    /// 应急演练 / check, rehearse and report drills.
    Drill(DrillArgs),
    /// 告警规则 / rule files against recorded data and their own tests.
    Alerts(AlertsArgs),
    /// 日志存证 / the journal: proof and export.
    Journal(JournalArgs),
    /// 查询历史与关键指标 / ask a store for its past: series, latest values, key figures.
    Query(QueryArgs),
    /// 重放过去 / run the past of a journal again and say what happened.
    Replay(ReplayArgs),
    /// 演示设备 / the demo's devices as a publisher of their own.
    Devices(DevicesArgs),
    /// 文件格式 / JSON Schema of a file users write.
    Schema {
        /// rules, scenario, matrix, drill, layers, theme.
        name: String,
    },
    /// 性能基准 / figures of this machine.
    Bench(BenchArgs),
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bare_and_verb_forms() {
        assert!(Cli::try_parse_from(["guanlan"]).unwrap().verb.is_none());
        assert!(matches!(
            Cli::try_parse_from(["guanlan", "room", "--headless", "--api", "127.0.0.1:8080"]).unwrap().verb,
            Some(Verb::Room(args)) if args.headless
        ));
        let cli = Cli::try_parse_from(["guanlan", "--fullscreen", "--monitor", "1", "--lang", "en"]).unwrap();
        assert!(cli.room.fullscreen);
        assert_eq!(cli.lang, Lang::En);
        for words in [&["guanlan", "--lang", "en", "schema", "rules"][..], &["guanlan", "--lang=en", "schema", "rules"]]
        {
            let cli = Cli::try_parse_from(language_behind_the_verb(words.iter().map(OsString::from))).unwrap();
            assert!(cli.lang == Lang::En && matches!(cli.verb, Some(Verb::Schema { .. })), "{words:?}");
        }
        let files = language_behind_the_verb(["guanlan", "--lang", "en", "my.city.json"].iter().map(OsString::from));
        assert_eq!(Cli::try_parse_from(files).unwrap().room.inputs, [PathBuf::from("my.city.json")]);
    }
}
