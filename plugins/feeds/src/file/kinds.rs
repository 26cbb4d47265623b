//! What each kind of feed needs besides what all have.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use super::secret::Secret;

/// Encoding of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// By content type, file name or first character.
    #[default]
    Auto,
    /// One JSON document; in files, one on each line.
    Json,
    /// Comma-separated, first line names the columns.
    Csv,
}

/// What to do with a retained message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Retained {
    /// Taken when it says its own time; old values are no news otherwise.
    #[default]
    Take,
    /// Left alone.
    Ignore,
}

/// MQTT version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum MqttVersion {
    /// 3.1.1.
    #[serde(rename = "3.1.1")]
    V311,
    /// 5.
    #[default]
    #[serde(rename = "5")]
    V5,
}

/// `kind = "mqtt"`: a client of a foreign broker. Without `map`, topics and payloads are the program's own:
/// SensorThings, OwnTracks, crews, citizens.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    /// mqtt://HOST[:1883] or mqtts://HOST[:8883].
    pub url: String,
    /// "5" or "3.1.1".
    #[serde(default)]
    pub version: MqttVersion,
    /// Filters; `$share/GROUP/FILTER` for a shared subscription.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Names the session at the broker; made of the feed's name when absent. Two programs must not use the same.
    pub client_id: Option<String>,
    /// User.
    pub user: Option<Secret>,
    /// Password.
    pub password: Option<Secret>,
    /// Certificates of the authority (PEM); the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// Client certificate (PEM).
    pub client_cert: Option<PathBuf>,
    /// Its key (PEM).
    pub client_key: Option<PathBuf>,
    /// take or ignore.
    #[serde(default)]
    pub retained: Retained,
    /// How long the broker keeps messages while we are away, s.
    #[serde(default = "week")]
    pub session_s: u32,
    /// Seconds between pings.
    #[serde(default = "half_minute")]
    pub keep_alive_s: u16,
}

/// How to be let in over HTTP.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// `Authorization: Bearer …`.
    pub bearer: Option<Secret>,
    /// Basic authentication: user.
    pub user: Option<Secret>,
    /// Basic authentication: password.
    pub password: Option<Secret>,
    /// More headers, for example `X-Api-Key = "env:KEY"`.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
}

/// `kind = "sensorthings"`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SensorThings {
    /// Root, for example https://host/FROST/v1.1.
    pub url: String,
    /// Seconds between polls.
    #[serde(default = "half_minute_32")]
    pub every_s: u32,
    /// Which Datastreams: an OData `$filter`.
    pub filter: Option<String>,
    /// Observations this much older than the newest seen are asked for again, because they may come late, s.
    #[serde(default = "five_minutes")]
    pub late_s: u32,
    /// Entities of one page.
    #[serde(default = "five_hundred")]
    pub page: u32,
    /// Put before stream ids, so that two services do not mix.
    #[serde(default)]
    pub prefix: String,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
    /// Observations by MQTT as well: mqtt://HOST[:1883]; the poll then only fills gaps.
    pub mqtt: Option<String>,
    /// User of the broker.
    pub mqtt_user: Option<Secret>,
    /// Its password.
    pub mqtt_password: Option<Secret>,
}

/// `kind = "http"`: a JSON or CSV document fetched again and again.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address. `{since}` becomes the newest instant taken (RFC 3339), `{since_ms}` the same as epoch ms.
    pub url: String,
    /// Seconds between polls.
    #[serde(default = "minute")]
    pub every_s: u32,
    /// json, csv or auto.
    #[serde(default)]
    pub format: Format,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
}

/// `kind = "websocket"`: every text message is a document.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebSocket {
    /// ws:// or wss://.
    pub url: String,
    /// Sent after connecting, for example a subscription.
    pub hello: Option<String>,
    /// json or csv.
    #[serde(default)]
    pub format: Format,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
}

/// `kind = "sse"`: server-sent events, taken up again after the last event id.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sse {
    /// Address.
    pub url: String,
    /// Only events of these names.
    #[serde(default)]
    pub events: Vec<String>,
    /// json or csv.
    #[serde(default)]
    pub format: Format,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
}

/// Where a tail begins that has never been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Begin {
    /// With what is there.
    #[default]
    Start,
    /// With what comes.
    End,
}

/// `kind = "tail"`: lines appended to a file; rotation and truncation are followed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// The file, relative to the feeds file.
    pub path: PathBuf,
    /// json (one document a line) or csv.
    #[serde(default)]
    pub format: Format,
    /// start or end.
    #[serde(default)]
    pub begin: Begin,
}

/// `kind = "replay"`: a recorded file, played at × speed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// CSV, JSON lines, Parquet or GPX, relative to the feeds file.
    pub path: PathBuf,
    /// × real time.
    #[serde(default = "one")]
    pub speed: f64,
    /// Again from the start when it ends.
    #[serde(default)]
    pub again: bool,
    /// True: the first row is now. False: rows keep their own times.
    #[serde(default = "yes")]
    pub shift: bool,
    /// GPX: the crew that moves.
    pub unit: Option<String>,
}

/// `kind = "open311"`: cases of a GeoReport v2 service as citizens' reports.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Open311 {
    /// Endpoint, for example https://host/open311/v2; `requests.json` or `.xml` is put behind it.
    pub url: String,
    /// Jurisdiction.
    pub jurisdiction_id: Option<String>,
    /// json or xml.
    #[serde(default)]
    pub format: Open311Format,
    /// Seconds between polls.
    #[serde(default = "minute")]
    pub every_s: u32,
    /// Their service code → our category code; others keep theirs in the text.
    #[serde(default)]
    pub codes: BTreeMap<String, String>,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
}

/// Encoding of an Open311 service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Open311Format {
    /// Every service has it.
    #[default]
    Xml,
    /// Most have it.
    Json,
}

/// `kind = "cap"`: warnings of other authorities, CAP 1.2 (and 1.1), singly or in an Atom or RSS feed.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// https://… or a file or folder relative to the feeds file.
    pub url: String,
    /// Seconds between polls.
    #[serde(default = "minute")]
    pub every_s: u32,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
}

/// `kind = "nmea"`: NMEA 0183 sentences of one receiver.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nmea {
    /// tcp://HOST:PORT to connect, listen://ADDR:PORT to be connected to, udp://ADDR:PORT to be sent to.
    pub url: String,
    /// The crew it belongs to; with listen and udp, the sender's address is appended when it holds `{peer}`.
    pub unit: String,
}

/// `kind = "jt808"`: terminals of JT/T 808-2011/2013/2019 connect here.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jt808 {
    /// ADDR:PORT to listen on.
    pub listen: String,
    /// Phone number of the terminal → crew; others are called by their number.
    #[serde(default)]
    pub units: BTreeMap<String, String>,
    /// Only terminals listed in `units` are let in.
    #[serde(default)]
    pub only_listed: bool,
}

/// `kind = "cot"`: Cursor-on-Target events.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cot {
    /// tcp://HOST:PORT to connect, listen://ADDR:PORT, udp://ADDR:PORT.
    pub url: String,
}

/// `kind = "owntracks"` or `"traccar"`: devices that post to `/api/v1/hooks/NAME`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tracker {
    /// What a device must bring: `?token=…`, `Authorization: Bearer …`, or as password.
    pub token: Option<Secret>,
    /// Device → crew; others keep the device's name.
    #[serde(default)]
    pub units: BTreeMap<String, String>,
}

/// `kind = "webhook"`: documents posted to `/api/v1/hooks/NAME`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// What the sender must bring: `Authorization: Bearer …`, `X-Token: …` or `?token=…`.
    pub token: Option<Secret>,
    /// json or csv.
    #[serde(default)]
    pub format: Format,
}

/// What the cells of a rain raster say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RainQuantity {
    /// Intensity, mm/h.
    #[default]
    MmH,
    /// Sum of the frame's interval, mm.
    Mm,
    /// Reflectivity: Z = 200 R^1.6 (Marshall-Palmer).
    Dbz,
}

/// `kind = "rain"`: gridded rain: GeoTIFFs (one frame each, the instant in the name) or a JSON series.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rain {
    /// https://….json, or a file or folder relative to the feeds file.
    pub url: String,
    /// Seconds between polls.
    #[serde(default = "minute")]
    pub every_s: u32,
    /// mm_h, mm or dbz.
    #[serde(default)]
    pub quantity: RainQuantity,
    /// GeoTIFF: length of a frame, s.
    #[serde(default = "ten_minutes")]
    pub frame_s: u32,
    /// GeoTIFF: the instant in the file name, strftime; the frame's begin.
    #[serde(default = "in_name")]
    pub name_time: String,
    /// Offset of times that do not say theirs.
    #[serde(default = "china")]
    pub zone: String,
    /// Cell side in the room, m; the file's own when absent, coarsened to at most 250 000 cells.
    pub cell_m: Option<f64>,
    /// How to be let in.
    #[serde(default)]
    pub login: Login,
}

/// `kind = "camera"`: where a camera's picture is: a JPEG or PNG asked for again and again, or MJPEG.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// The camera's id in the city.
    pub camera: String,
    /// Address; `{secret}` in it becomes the value of `secret`.
    pub url: String,
    /// For the address.
    pub secret: Option<Secret>,
}

const fn week() -> u32 {
    7 * 86_400
}
const fn half_minute() -> u16 {
    30
}
const fn half_minute_32() -> u32 {
    30
}
const fn five_minutes() -> u32 {
    300
}
const fn ten_minutes() -> u32 {
    600
}
const fn minute() -> u32 {
    60
}
const fn five_hundred() -> u32 {
    500
}
const fn one() -> f64 {
    1.0
}
const fn yes() -> bool {
    true
}
fn in_name() -> String {
    "%Y%m%d%H%M".into()
}
fn china() -> String {
    "+08:00".into()
}
