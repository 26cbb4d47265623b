//! `guanlan room`, `render` and `devices`: what is opened and how it is shown.

use std::path::PathBuf;

use clap::Args;

use super::parse::{parse_crs, parse_layer, parse_metres, parse_script_s, parse_size};

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
