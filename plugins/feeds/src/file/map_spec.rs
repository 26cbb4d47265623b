//! `[[feed.map]]`: how the fields of a foreign payload become readings, positions and reports.

use schemars::JsonSchema;
use serde::Deserialize;

/// What a row becomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A reading of a stream.
    #[default]
    Observation,
    /// A position of a crew.
    Position,
    /// A citizen's or collector's report.
    Report,
    /// A crew says what it does.
    Crew,
}

/// A mapping. Where a field is picked from is written as: a JSONPath (`$.data.level`, relative to the row), a CSV
/// column or top-level JSON field (`level`), a level of the MQTT topic (`topic:3`, from 1), or a constant (`=GAUGE-1`).
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapSpec {
    /// observation, position, report or crew.
    #[serde(rename = "as", default)]
    pub what: What,
    /// JSONPath of the rows; the whole payload, or the elements of a list, when absent. Not for CSV.
    pub rows: Option<String>,
    /// The stream's, crew's or report's name.
    pub id: String,
    /// Put before the name, so that two sources do not mix.
    #[serde(default)]
    pub prefix: String,
    /// When it was measured; the time of arrival when absent.
    pub time: Option<String>,
    /// auto, rfc3339, epoch_s, epoch_ms, excel, or a strftime pattern like `%Y/%m/%d %H:%M`.
    #[serde(default = "auto")]
    pub time_format: String,
    /// Offset of times that do not say theirs.
    #[serde(default = "china")]
    pub zone: String,
    /// Observation: the value.
    pub value: Option<String>,
    /// Observation: the source's unit; the property's own when absent.
    pub unit: Option<String>,
    /// Observation: multiplied before the unit is converted.
    #[serde(default = "one")]
    pub scale: f64,
    /// Observation: added after `scale`.
    #[serde(default)]
    pub offset: f64,
    /// Observation: the observed property, for example river_stage; declares the stream.
    pub property: Option<String>,
    /// Observation: the stream's name on the screen.
    pub name: Option<String>,
    /// Longitude or easting in the feed's `crs`.
    pub lon: Option<String>,
    /// Latitude or northing.
    pub lat: Option<String>,
    /// Observation: promised seconds between readings.
    #[serde(default)]
    pub period_s: u32,
    /// Texts that mean "no reading", besides null and nothing.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Position: speed.
    pub speed: Option<String>,
    /// Position: unit of the speed; m/s when absent.
    pub speed_unit: Option<String>,
    /// Position: degrees clockwise from north.
    pub course: Option<String>,
    /// Position: battery, %.
    pub battery: Option<String>,
    /// Report: category code.
    pub code: Option<String>,
    /// Report and crew: the words.
    pub text: Option<String>,
    /// Report and crew: URL of a photo.
    pub photo: Option<String>,
    /// Report: where the photo looks, degrees clockwise from true north (EXIF `GPSImgDirection`).
    pub heading: Option<String>,
    /// Report: degrees the photo looks above the horizon.
    pub pitch: Option<String>,
    /// Report: horizontal field of view of the photo, degrees.
    pub fov: Option<String>,
    /// Crew: available, en_route, on_scene …
    pub status: Option<String>,
    /// Crew: number of the dispatch.
    pub dispatch: Option<String>,
}

fn auto() -> String {
    "auto".into()
}

fn china() -> String {
    "+08:00".into()
}

const fn one() -> f64 {
    1.0
}
