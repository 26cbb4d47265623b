//! The command line as types.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};
use guanlan_core::Lang;

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
    Query(crate::verbs::query::QueryArgs),
    /// 重放过去 / run the past of a journal again and say what happened.
    Replay(crate::verbs::replay::ReplayArgs),
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

/// What a room is made of and how it is shown.
#[derive(Args, Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent switches of a command line")]
pub struct RoomArgs {
    /// A scene name or file, or city data files; the demo city when absent.
    pub inputs: Vec<PathBuf>,
    /// No window: the room, its doors and nothing else.
    #[arg(long)]
    pub headless: bool,
    /// Address of the HTTP API.
    #[arg(long, value_name = "ADDR")]
    pub api: Option<String>,
    /// Address of the embedded MQTT broker, or mqtt://HOST:PORT of an existing one; `off` for none.
    #[arg(long, value_name = "ADDR|URL")]
    pub mqtt: Option<String>,
    /// Journal file; by default one per city in the user's data folder.
    #[arg(long, value_name = "PATH")]
    pub store: Option<PathBuf>,
    /// How long what is kept, days: raw, minute, hour, day (roll-ups), inputs (of ticks), for example raw=30,hour=3650.
    #[arg(long, value_name = "NAME=DAYS,…", default_value = "")]
    pub keep: guanlan_journal::history::Retention,
    /// A SensorThings 1.1 service to poll (repeatable).
    #[arg(long, value_name = "URL")]
    pub sensorthings: Vec<String>,
    /// Sources of the room (see `guanlan schema feeds`); the file is followed while the room runs.
    #[arg(long, value_name = "FILE")]
    pub feeds: Option<PathBuf>,
    /// A rule file of one's own instead of the shipped rules; its changes are taken while the room runs.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,
    /// Device profiles of one's own (assets/sensing/profiles.toml); its changes are taken while the room runs.
    #[arg(long, value_name = "FILE")]
    pub profiles: Option<PathBuf>,
    /// A working calendar of one's own (assets/casework/calendar.toml); its changes are taken while the room runs.
    #[arg(long, value_name = "FILE")]
    pub calendar: Option<PathBuf>,
    /// No simulated devices, even in the demo city.
    #[arg(long)]
    pub no_devices: bool,
    /// No water model beside the room: no estimate, no forecast, no pump advice.
    #[arg(long)]
    pub no_water: bool,
    /// Where water is computed: cpu, gpu (software Vulkan too), auto (a graphics card where there is one). In a window it is
    /// the device that draws: depths go from the solver to the picture without leaving it.
    #[arg(long, default_value = "auto", value_parser = ["cpu", "gpu", "auto"])]
    pub solver: String,
    /// How far ahead the water is forecast, hours.
    #[arg(long, default_value_t = 2.0, value_name = "H")]
    pub forecast_hours: f64,
    /// Time between forecasts, minutes.
    #[arg(long, default_value_t = 5.0, value_name = "MIN")]
    pub forecast_every: f64,
    /// Number of demo sensors.
    #[arg(long, default_value_t = 2000)]
    pub sensors: usize,
    /// Seed of the demo city and of its day.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// EPSG code of files that do not say theirs.
    #[arg(long, value_name = "EPSG:N|GCJ-02|BD-09", value_parser = parse_crs)]
    pub crs: Option<u32>,
    /// Window over the whole monitor.
    #[arg(long)]
    pub fullscreen: bool,
    /// Which monitor, from 0.
    #[arg(long, value_name = "N")]
    pub monitor: Option<usize>,
    /// Size of text and panels, × normal.
    #[arg(long, value_name = "F")]
    pub scale: Option<f32>,
    /// Height of the wall's picture in m: with --viewing-distance it decides how large text is (20 arcmin at least).
    #[arg(long, value_name = "M", requires = "viewing_distance", value_parser = parse_metres)]
    pub wall_height: Option<f32>,
    /// How far from the wall people read it, m.
    #[arg(long, value_name = "M", requires = "wall_height", value_parser = parse_metres)]
    pub viewing_distance: Option<f32>,
    /// Colours: command_dark, daylight, or a theme file whose changes are shown at once.
    #[arg(long, value_name = "NAME|FILE")]
    pub theme: Option<String>,
    /// Open with the leaders' briefing (总览).
    #[arg(long)]
    pub briefing: bool,
    /// A layer file (see `guanlan schema layers`); watched while the window is open.
    #[arg(long, value_name = "FILE")]
    pub layers: Option<PathBuf>,
}

/// `guanlan alerts`.
#[derive(Args, Debug)]
pub struct AlertsArgs {
    #[command(subcommand)]
    pub what: AlertsVerb,
}

/// What to do with alert rules.
#[derive(Subcommand, Debug)]
pub enum AlertsVerb {
    /// Run a rule file against recorded data and its own tests; prints every transition.
    Test(AlertsTestArgs),
}

/// `guanlan alerts test`.
#[derive(Args, Debug)]
pub struct AlertsTestArgs {
    /// The rule file (TOML), or `default` for the shipped rules.
    pub rules: PathBuf,
    /// Recorded data: CSV files or journals of a room.
    pub data: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// Also pending conditions and escalations.
    #[arg(long)]
    pub verbose: bool,
    /// What streams observe that the data does not describe, for example `road_water_depth`.
    #[arg(long, value_name = "KEY")]
    pub property: Option<String>,
    /// City data for areas, basins and sensors; `demo` for the demo city.
    #[arg(long, value_name = "FILE")]
    pub city: Vec<PathBuf>,
    /// Go on for so many seconds after the last reading.
    #[arg(long, value_name = "S")]
    pub until_s: Option<u64>,
}

/// `guanlan render`.
#[derive(Args, Debug)]
pub struct RenderArgs {
    #[command(flatten)]
    pub room: RoomArgs,
    /// Named view: overview, oldtown, river, cbd, underpass, briefing …
    #[arg(long, default_value = "overview")]
    pub view: String,
    /// Instant to show (RFC 3339): from the journal given with --store, or of the demo city's day.
    #[arg(long)]
    pub at: Option<String>,
    /// Picture size.
    #[arg(long, default_value = "1920x1080", value_parser = parse_size)]
    pub size: (u32, u32),
    /// Only the city, no panels.
    #[arg(long)]
    pub no_panels: bool,
    /// Look below the ground: pipes, manholes, pumps, basements.
    #[arg(long)]
    pub underground: bool,
    /// Switch a layer on at an opacity, for example heat or buildings=0.4; 0 switches it off (repeatable).
    #[arg(long, value_name = "LAYER[=0-1]", value_parser = parse_layer)]
    pub layer: Vec<(String, f32)>,
    /// Areas as prisms as high as a figure.
    #[arg(long, value_name = "FIGURE")]
    pub prisms: Option<Prisms>,
    /// Show a running exercise: a script file, or `shipped` for the cloudburst that comes with the program.
    #[arg(long, value_name = "SCRIPT")]
    pub drill: Option<PathBuf>,
    /// Time of the exercise to show: minutes, or minutes and seconds, for example 62 or 62:30.
    #[arg(long, default_value = "60", value_name = "MIN[:S]", value_parser = parse_script_s)]
    pub minute: u32,
    /// Two waters beside each other: depth rasters (GeoTIFF of `guanlan simulate`) for left and right; one file stands
    /// right of the room's own water.
    #[arg(long, value_name = "LEFT.tif RIGHT.tif", num_args = 1..=2)]
    pub compare: Vec<PathBuf>,
    /// --compare in two linked views instead of one with a divider.
    #[arg(long, requires = "compare")]
    pub side_by_side: bool,
    /// Place of the divider of --compare, share of the map from the left.
    #[arg(long, default_value_t = 0.5, value_name = "0-1")]
    pub divider: f32,
    /// File to write.
    #[arg(long)]
    pub out: PathBuf,
}

/// Figures that areas can stand for.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prisms {
    /// Open cases.
    Cases,
    /// Cases past their deadline.
    Overdue,
    /// Active alerts.
    Alerts,
    /// Crews on duty.
    Crews,
    /// Silent sensors.
    Offline,
    /// Deepest water.
    Depth,
    /// Residents.
    Residents,
}

/// `guanlan inspect`.
#[derive(Args, Debug)]
pub struct InspectArgs {
    /// Files to look into.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
}

/// `guanlan import`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// City data files.
    #[arg(required_unless_present = "verify")]
    pub files: Vec<PathBuf>,
    /// EPSG code of files that do not say theirs.
    #[arg(long, value_name = "EPSG:N|GCJ-02|BD-09", value_parser = parse_crs)]
    pub crs: Option<u32>,
    /// Put files together even when their heights count from different levels; without it all but the first such file
    /// are left out.
    #[arg(long)]
    pub mix_heights: bool,
    /// Folder of the pack; one that is there is brought up to date.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Name of the city on the screen; the first file's name when absent.
    #[arg(long)]
    pub name: Option<String>,
    /// Write the import report here (JSON).
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Hash every part and every input again; without files, only that.
    #[arg(long)]
    pub verify: bool,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
}

/// `guanlan simulate`.
#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// Scenario file; the shipped 2 h P50 storm over the demo city when absent.
    pub scenario: Option<PathBuf>,
    /// City data files; the demo city when absent.
    #[arg(long, num_args = 1..)]
    pub city: Vec<PathBuf>,
    /// Cell side, m.
    #[arg(long, value_name = "M")]
    pub cell: Option<f64>,
    /// Threads of one run; all cores when absent.
    #[arg(long)]
    pub threads: Option<usize>,
    /// Where kernel A computes: cpu, gpu (software Vulkan too), auto (a graphics card where there is one).
    #[arg(long, default_value = "auto", value_parser = ["cpu", "gpu", "auto"])]
    pub solver: String,
    /// A SWMM input file alone, from its start to its end, as EPA SWMM runs it; no scenario and no city.
    #[arg(long, value_name = "FILE.inp", conflicts_with_all = ["scenario", "city", "matrix", "hot_start", "save_state"])]
    pub network: Option<PathBuf>,
    /// How the dynamic wave of --network is computed: swmm (as EPA SWMM does), implicit (as under a street: no water is
    /// lost).
    #[arg(long, default_value = "swmm", value_parser = ["swmm", "implicit"])]
    pub scheme: String,
    /// A matrix of choices over the scenario: all runs and a comparison report; what is done is not done again.
    #[arg(long, value_name = "FILE")]
    pub matrix: Option<PathBuf>,
    /// Runs of a matrix at once; one for each core when absent.
    #[arg(long, value_name = "N", requires = "matrix")]
    pub jobs: Option<usize>,
    /// Go on from a state that was saved.
    #[arg(long, value_name = "FILE", conflicts_with = "matrix")]
    pub hot_start: Option<PathBuf>,
    /// Save the state, at the end or at --save-at.
    #[arg(long, value_name = "FILE", conflicts_with = "matrix")]
    pub save_state: Option<PathBuf>,
    /// Simulated minute at which the state is saved.
    #[arg(long, value_name = "MIN", requires = "save_state")]
    pub save_at: Option<f64>,
    /// EPSG code of files that do not say theirs.
    #[arg(long, value_name = "EPSG:N|GCJ-02|BD-09", value_parser = parse_crs)]
    pub crs: Option<u32>,
    /// Folder to write.
    #[arg(long)]
    pub out: PathBuf,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// `guanlan drill`.
#[derive(Args, Debug)]
pub struct DrillArgs {
    #[command(subcommand)]
    pub what: DrillVerb,
}

/// What to do with a drill script.
#[derive(Subcommand, Debug)]
pub enum DrillVerb {
    /// Validates a script.
    Check {
        /// Script file.
        script: PathBuf,
    },
    /// Runs a script headless over a fork of a fresh room, with simulated crews and seats.
    Run {
        /// Script file; the shipped cloudburst when absent.
        script: Option<PathBuf>,
        /// Writes the after-action report here (HTML).
        #[arg(long)]
        report: Option<PathBuf>,
        /// Journal of the drill.
        #[arg(long)]
        store: Option<PathBuf>,
        /// Machine-readable result.
        #[arg(long)]
        json: bool,
    },
}

/// `guanlan journal`.
#[derive(Args, Debug)]
pub struct JournalArgs {
    #[command(subcommand)]
    pub what: JournalVerb,
}

/// What to do with a journal.
#[derive(Subcommand, Debug)]
pub enum JournalVerb {
    /// Recomputes every hash.
    Verify {
        /// Journal file.
        store: PathBuf,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Writes every record as a JSON line.
    Export {
        /// Journal file.
        store: PathBuf,
        /// File to write; stdout when absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

/// `guanlan devices`.
#[derive(Args, Debug)]
pub struct DevicesArgs {
    /// Broker to publish to.
    #[arg(long, default_value = "mqtt://127.0.0.1:1883")]
    pub mqtt: String,
    /// Number of demo sensors.
    #[arg(long, default_value_t = 2000)]
    pub sensors: usize,
    /// Seed of the demo city and of its day.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `guanlan bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// flood, frame, import.
    pub what: String,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// `flood`: run the validation cases and print error against target as a table instead of speeds.
    #[arg(long)]
    pub validate: bool,
    /// `--validate`: folder with reference data (`flood/`, `drainage/`) for the cases that need files.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// `--validate`: only cases whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// `--validate`: leave out the cases that take more than a few seconds.
    #[arg(long)]
    pub quick: bool,
    /// `--validate`: only the table, for a README.
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// `flood`: cpu, or gpu (software Vulkan too): its speed, or with --validate kernel A's cases on it as well.
    #[arg(long, default_value = "cpu", value_parser = ["cpu", "gpu"])]
    pub solver: String,
    /// `seek`: case and event records in the key figures; 0 for none.
    #[arg(long, default_value_t = 150_000_000, value_name = "N")]
    pub records: u64,
    /// `seek`: hours of the day of which every layer is kept; the readings are always those of a day.
    #[arg(long, default_value_t = 24.0, value_name = "H")]
    pub scene_hours: f64,
    #[command(flatten)]
    pub frame: FrameArgs,
}

/// `guanlan bench frame`.
#[derive(Args, Debug, Clone)]
pub struct FrameArgs {
    /// A folder with the race files city_50k.f32, city_200k.f32, sensors.bin, patrol.f32, flood_bed.f32.
    #[arg(long, value_name = "DIR")]
    pub workload: Option<PathBuf>,
    /// Buildings. Of the race files: 50000 or 200000.
    #[arg(long, default_value_t = 50_000)]
    pub buildings: usize,
    /// Sensors; those of the race files with --workload.
    #[arg(long, default_value_t = 300_000)]
    pub sensors: usize,
    /// Sensors that change their state every second.
    #[arg(long, default_value_t = 30_000)]
    pub updates: usize,
    /// Moving units; with --workload in addition to its 2000 patrols.
    #[arg(long, default_value_t = 0)]
    pub units: usize,
    /// Case pins.
    #[arg(long, default_value_t = 0)]
    pub cases: usize,
    /// Picture size.
    #[arg(long, default_value = "1920x1080", value_parser = parse_size)]
    pub size: (u32, u32),
    /// What draws: noop (nothing: the program's own work), software (the CPU), auto.
    #[arg(long, default_value = "auto")]
    pub adapter: String,
    /// The demo city instead of made-up boxes; implies --full.
    #[arg(long, conflicts_with = "workload")]
    pub demo: bool,
    /// As a room draws it: painted ground, sky, symbols by level, ages, crowds as rings. Otherwise only what the race
    /// has, every mark a disc.
    #[arg(long)]
    pub full: bool,
    /// Seconds that are not measured.
    #[arg(long, default_value_t = 3.0, value_name = "S")]
    pub warmup: f64,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 20.0, value_name = "S")]
    pub seconds: f64,
    /// Writes the last frame here (PNG), after the measurement.
    #[arg(long, value_name = "FILE")]
    pub still: Option<PathBuf>,
}

/// The code of a coordinate system: EPSG's, or one of the shifted systems.
fn parse_crs(text: &str) -> Result<u32, String> {
    guanlan_geography::crs_code(text)
        .ok_or_else(|| format!("'{text}' is no coordinate system: expected EPSG:4549, GCJ-02 or BD-09"))
}

/// `heat` or `buildings=0.4`.
fn parse_layer(text: &str) -> Result<(String, f32), String> {
    let (id, opacity) = text.split_once('=').unwrap_or((text, "1"));
    match opacity.parse::<f32>() {
        Ok(v) if (0.0..=1.0).contains(&v) && !id.is_empty() => Ok((id.to_owned(), v)),
        _ => Err(format!(
            "'{text}' is no layer: expected a name, or NAME=OPACITY from 0 to 1, for example buildings=0.4"
        )),
    }
}

fn parse_metres(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(m) if (0.05..=200.0).contains(&m) => Ok(m),
        _ => Err(format!("'{text}' is no length: expected metres from 0.05 to 200")),
    }
}

/// Seconds of `62` (minutes) or `62:30`.
fn parse_script_s(text: &str) -> Result<u32, String> {
    let wrong =
        || format!("'{text}' is no time of an exercise: expected minutes, or MINUTES:SECONDS, for example 62:30");
    let (minutes, seconds) = text.split_once(':').unwrap_or((text, "0"));
    let (m, s): (u32, u32) = (minutes.parse().map_err(|_| wrong())?, seconds.parse().map_err(|_| wrong())?);
    if m <= 100_000 && s < 60 { Ok(m * 60 + s) } else { Err(wrong()) }
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let wrong = || format!("'{text}' is no size: expected WIDTHxHEIGHT, for example 1920x1080");
    let (w, h) = text.split_once(['x', 'X', '×']).ok_or_else(wrong)?;
    let (w, h): (u32, u32) = (w.parse().map_err(|_| wrong())?, h.parse().map_err(|_| wrong())?);
    if (64..=16_384).contains(&w) && (64..=16_384).contains(&h) { Ok((w, h)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_and_codes() {
        assert_eq!(parse_size("7680x2160"), Ok((7680, 2160)));
        assert!(parse_size("big").is_err());
        assert_eq!(parse_script_s("62"), Ok(3720));
        assert_eq!(parse_script_s("62:05"), Ok(3725));
        assert_eq!(parse_layer("buildings=0.4"), Ok(("buildings".into(), 0.4)));
        assert_eq!(parse_layer("heat"), Ok(("heat".into(), 1.0)));
        assert!(parse_layer("heat=2").is_err() && parse_layer("=1").is_err());
        assert!(parse_script_s("62:75").is_err() && parse_script_s("an hour").is_err());
        assert_eq!(parse_crs("EPSG:4549"), Ok(4549));
        assert_eq!(parse_crs("GCJ-02"), Ok(guanlan_geography::GCJ02));
        assert!(parse_crs("WGS84").is_err());
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
