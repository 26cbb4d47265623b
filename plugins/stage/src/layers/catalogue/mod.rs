//! The layer catalogue: what a layer file may say.

mod check;
mod chinese;
mod read;

use std::path::PathBuf;

use guanlan_core::{Bilingual, WaterAspect, file_words::both};
use schemars::JsonSchema;
use serde::Deserialize;

/// The catalogue that comes with the program.
pub const SHIPPED: &str = include_str!("../../../../../scenes/layers/default.toml");
/// Format number of layer files that this program reads.
pub const FORMAT: u32 = 1;

/// Words in both languages. `en` may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English; absent shows the Chinese.
    #[serde(default)]
    pub en: String,
}

impl From<Words> for Bilingual {
    fn from(w: Words) -> Self {
        Self { zh: w.zh, en: w.en }
    }
}

/// A group of layers in the tree.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Id, unique among groups.
    pub id: String,
    /// Name on the screen.
    pub name: Words,
    /// Closed in the tree until somebody opens it.
    #[serde(default)]
    pub folded: bool,
}

/// Where a layer's content comes from.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// Ground heights and hill shade.
    Terrain {},
    /// Buildings.
    Buildings {},
    /// Roads.
    Roads {},
    /// River, lakes, parks, squares.
    Surfaces {},
    /// Models of landmarks.
    Landmarks {},
    /// Imported 3D Tiles.
    Tilesets {},
    /// Names of areas, places and roads.
    Names {},
    /// Outlines of areas down to communities.
    Areas {},
    /// 万米单元网格.
    Grid {},
    /// 部件 of the classes that begin with this prefix, for example `01`; all when empty.
    Components {
        /// Prefix of the class.
        #[serde(default)]
        class: String,
    },
    /// Storm drains: pipes, manholes, pumps.
    Drainage {},
    /// Streams of sensors that observe one property.
    Sensors {
        /// Machine name of the property, for example `road_water_depth`.
        property: String,
    },
    /// Open cases.
    Cases {},
    /// Crews.
    Crews {},
    /// Where crews have been.
    Trails {},
    /// Where crews will drive.
    Routes {},
    /// Roads closed by water or by order.
    ClosedRoads {},
    /// Water over the ground; of layers with this source one is shown at a time.
    Flood {
        /// What of it: depth, speed, hazard; max_depth, max_speed, max_hazard, arrival, duration since it began.
        #[serde(default)]
        shows: WaterAspect,
    },
    /// Share of the open cases as heat.
    Heat {},
    /// Rain as streaks.
    Rain {},
    /// Cameras known to the city; a picture address makes them open.
    Cameras {
        /// Address of a still (JPEG, PNG) or of an MJPEG stream; `{id}` becomes the camera's id.
        #[serde(default)]
        picture: String,
        /// Point features with `id`, `name`, `picture`, `heading_deg`, `fov_deg`, `range_m`, `height_m` (GeoJSON).
        /// Relative to the catalogue's folder.
        #[serde(default)]
        file: Option<PathBuf>,
    },
    /// A 3D tileset of yours, streamed where somebody looks.
    Tileset {
        /// Its tileset.json or folder, relative to the catalogue's folder, or an http(s) address.
        path: PathBuf,
        /// Metres it is raised; absent lets it stand on the ground.
        #[serde(default)]
        lift_m: Option<f32>,
    },
    /// A file of yours, draped over the ground: GeoJSON, GeoPackage, shapefile, OSM, CityJSON, SWMM, GeoTIFF or ESRI ASCII
    /// grid, told apart by its content.
    File {
        /// Path, relative to the catalogue's folder.
        path: PathBuf,
        /// CRS of a file that does not say its own: `EPSG:4549`, `GCJ-02`, `BD-09`.
        #[serde(default)]
        crs: Option<String>,
    },
}

impl Source {
    /// True when the layer can be drawn half transparent; others are only shown or hidden.
    #[must_use]
    pub fn fades(&self) -> bool {
        !matches!(
            self,
            Self::Terrain {}
                | Self::Buildings {}
                | Self::Landmarks {}
                | Self::Tilesets {}
                | Self::Tileset { .. }
                | Self::Components { .. }
                | Self::Drainage {}
                | Self::Sensors { .. }
                | Self::Flood { .. }
                | Self::Rain {}
        )
    }
}

/// How the content moves in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// As it was imported.
    #[default]
    Static,
    /// As sources tell it.
    Live,
    /// Computed ahead or estimated by a model.
    Model,
}

/// Shape of a mark in the legend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Swatch {
    /// A filled field.
    #[default]
    Fill,
    /// A line.
    Line,
    /// A broken line.
    Dash,
    /// A dot: a healthy sensor.
    Dot,
    /// A hatched dot: stale or suspect.
    Hatched,
    /// A hollow dot: offline.
    Hollow,
    /// 蓝.
    Circle,
    /// 黄.
    Triangle,
    /// 橙.
    Diamond,
    /// 红.
    Octagon,
    /// A wedge: a crew.
    Wedge,
    /// A ring: time gone of the time allowed.
    Ring,
}

/// A line of a legend.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LegendLine {
    /// Shape.
    #[serde(default)]
    pub swatch: Swatch,
    /// A colour token (`level_red`) or `#RRGGBB`.
    pub color: String,
    /// What it means, with its unit.
    pub words: Words,
}

/// A class of a style: features whose attribute is one of `values`, or lies within `min ≤ v < max`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StyleClass {
    /// Values as text.
    #[serde(default)]
    pub values: Vec<String>,
    /// Lower bound of a number.
    #[serde(default)]
    pub min: Option<f64>,
    /// Upper bound of a number, not part of the class.
    #[serde(default)]
    pub max: Option<f64>,
    /// A colour token or `#RRGGBB`.
    pub color: String,
}

/// How a file of yours is drawn.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Style {
    /// A colour token or `#RRGGBB`, for what no class says.
    pub color: String,
    /// Width of lines and outlines, px at 1080 lines.
    pub width_px: f32,
    /// Opacity of fills, 0–1.
    pub fill: f32,
    /// Side of a point's mark, m.
    pub point_m: f32,
    /// Attribute that decides the colour.
    pub by: String,
    /// Classes of that attribute; the first that fits.
    pub classes: Vec<StyleClass>,
    /// Attribute that names a feature.
    pub label: String,
    /// Unit of the attribute `by`.
    pub unit: String,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            color: "accent".into(),
            width_px: 2.0,
            fill: 0.25,
            point_m: 6.0,
            by: String::new(),
            classes: Vec::new(),
            label: String::new(),
            unit: String::new(),
        }
    }
}

fn full() -> f32 {
    1.0
}

fn yes() -> bool {
    true
}

/// A layer.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Id, unique; what `on = false` of a later file and views refer to.
    pub id: String,
    /// Name on the screen.
    pub name: Words,
    /// Id of its group.
    pub group: String,
    /// Where its content comes from.
    pub source: Source,
    /// How it moves in time.
    #[serde(default)]
    pub time: Time,
    /// Where the data comes from, in words: file, survey, connector, licence.
    pub provenance: Words,
    /// Department that answers for it.
    pub owner: Words,
    /// Promised time between updates, s; 0 promises nothing.
    #[serde(default)]
    pub update_s: u32,
    /// Shown at the start.
    #[serde(default = "yes")]
    pub on: bool,
    /// Opacity at the start, 0–1.
    #[serde(default = "full")]
    pub opacity: f32,
    /// Stays while another layer is shown alone.
    #[serde(default)]
    pub base: bool,
    /// How a file is drawn.
    #[serde(default)]
    pub style: Style,
    /// What its marks mean; at least one line.
    pub legend: Vec<LegendLine>,
}

/// A layer file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Format number: 1.
    pub format: u32,
    /// The shipped layers come first and this file adds to them or replaces those with the same id.
    #[serde(default)]
    pub extend: bool,
    /// Groups in the order of the tree.
    #[serde(default, rename = "group")]
    pub groups: Vec<Group>,
    /// Layers in the order of the tree.
    #[serde(default, rename = "layer")]
    pub layers: Vec<Layer>,
}

/// What is wrong with a layer file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}: {}", both(chinese::PHRASES, message))]
pub struct CatalogueError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The field, for example `layer[3].opacity`.
    pub field: String,
    /// What is wrong and what was expected, in English; shown with the Chinese in front.
    pub message: String,
}

/// JSON Schema of a layer file.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Catalogue)
}
