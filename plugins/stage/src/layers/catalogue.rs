//! The layer catalogue: what a layer file may say, and what is wrong with one that says something else.

use std::path::{Path, PathBuf};

use guanlan_city::import::tiles3d::is_address;
use guanlan_core::{Bilingual, ObservedProperty};
use guanlan_geography::{Shifted, is_geographic};
use schemars::JsonSchema;
use serde::Deserialize;

use super::paint::Paint;

/// The catalogue that comes with the program.
pub const SHIPPED: &str = include_str!("../../../../scenes/layers/default.toml");
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
    /// Water depth over the ground.
    Flood {},
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
                | Self::Flood {}
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
#[error("{file}:{line}: {field}: {message}")]
pub struct CatalogueError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The field, for example `layer[3].opacity`.
    pub field: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl Catalogue {
    /// Reads a layer file. `file` is what errors call it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line and field. Nothing is used then.
    pub fn parse(file: &str, text: &str) -> Result<Self, CatalogueError> {
        let read: Self = toml::from_str(text).map_err(|e| {
            let line = e.span().map_or(1, |s| line_at(text, s.start));
            CatalogueError { file: file.into(), line, field: "toml".into(), message: e.message().replace('\n', " ") }
        })?;
        let read = if read.extend { Self::shipped().with(read) } else { read };
        read.check(file, text)?;
        Ok(read)
    }

    /// Reads a layer file from disk; paths in it become relative to its folder.
    ///
    /// # Errors
    /// As [`Self::parse`], or the file can not be read.
    pub fn load(path: &Path) -> Result<Self, CatalogueError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| CatalogueError {
            file: file.clone(),
            line: 0,
            field: "file".into(),
            message: e.to_string(),
        })?;
        let mut read = Self::parse(&file, &text)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for layer in &mut read.layers {
            match &mut layer.source {
                Source::File { path, .. } => *path = folder.join(&*path),
                Source::Cameras { file: Some(path), .. } => *path = folder.join(&*path),
                Source::Tileset { path, .. } if !is_address(path) => *path = folder.join(&*path),
                _ => {}
            }
        }
        Ok(read)
    }

    /// The catalogue that comes with the program.
    #[must_use]
    pub fn shipped() -> Self {
        let read: Result<Self, _> = toml::from_str(SHIPPED);
        // The shipped file is part of the program; a test reads it.
        read.unwrap_or_default()
    }

    /// These layers with those of `other` on top: the same id is replaced in its place.
    fn with(mut self, other: Self) -> Self {
        for group in other.groups {
            match self.groups.iter_mut().find(|g| g.id == group.id) {
                Some(old) => *old = group,
                None => self.groups.push(group),
            }
        }
        for layer in other.layers {
            match self.layers.iter_mut().find(|l| l.id == layer.id) {
                Some(old) => *old = layer,
                None => self.layers.push(layer),
            }
        }
        self
    }

    fn check(&self, file: &str, text: &str) -> Result<(), CatalogueError> {
        let fail = |line: usize, field: String, message: String| {
            Err(CatalogueError { file: file.into(), line, field, message })
        };
        if self.format != FORMAT {
            let message = format!("{} is unknown; expected {FORMAT}", self.format);
            return fail(find_key(text, 0, "format").unwrap_or(1), "format".into(), message);
        }
        if self.layers.is_empty() {
            return fail(1, "layer".into(), "no layer; expected at least one [[layer]]".into());
        }
        for (i, group) in self.groups.iter().enumerate() {
            if self.groups[..i].iter().any(|g| g.id == group.id) {
                let line = place_of(text, "group", &group.id, "id");
                return fail(line, format!("group '{}'.id", group.id), "is there twice".into());
            }
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let wrong = |field: &str, message: String| {
                fail(place_of(text, "layer", &layer.id, field), format!("layer '{}'.{field}", layer.id), message)
            };
            if layer.id.is_empty() || !layer.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
                return wrong("id", "expected letters, digits, - and _".into());
            }
            if self.layers[..i].iter().any(|l| l.id == layer.id) {
                return wrong("id", "is there twice".into());
            }
            if layer.name.zh.is_empty() {
                return wrong("name", "expected a Chinese name in zh".into());
            }
            if !self.groups.iter().any(|g| g.id == layer.group) {
                let known: Vec<&str> = self.groups.iter().map(|g| g.id.as_str()).collect();
                return wrong("group", format!("'{}' is no group; expected one of {}", layer.group, known.join(", ")));
            }
            if !(0.0..=1.0).contains(&layer.opacity) {
                return wrong("opacity", format!("{} is not within 0 to 1", layer.opacity));
            }
            if let Source::Sensors { property } = &layer.source
                && ObservedProperty::from_key(property).is_none()
            {
                let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                let message = format!("property '{property}' is unknown; expected one of {}", known.join(", "));
                return wrong("source", message);
            }
            if let Source::File { path, .. } | Source::Tileset { path, .. } = &layer.source
                && path.as_os_str().is_empty()
            {
                return wrong("source", "path is empty; expected a file".into());
            }
            if let Source::Tileset { lift_m: Some(lift), .. } = &layer.source
                && !(-10_000.0..=10_000.0).contains(lift)
            {
                return wrong("source", format!("lift_m {lift} is not within -10000 to 10000"));
            }
            if let Source::File { crs: Some(crs), .. } = &layer.source
                && Shifted::named(crs).is_none()
                && let Err(error) = is_geographic(crs)
            {
                return wrong("source", format!("crs '{crs}' is unknown ({error}); expected EPSG:n, GCJ-02 or BD-09"));
            }
            if let Some((field, message)) = bad_style(&layer.style) {
                return wrong(field, message);
            }
            if layer.legend.is_empty() {
                return wrong("legend", "every layer has a legend; expected at least one line".into());
            }
            for line in &layer.legend {
                if let Err(message) = Paint::parse(&line.color) {
                    return wrong("legend", message);
                }
            }
        }
        Ok(())
    }
}

fn bad_style(style: &Style) -> Option<(&'static str, String)> {
    for color in style.classes.iter().map(|c| &c.color).chain([&style.color]) {
        if let Err(message) = Paint::parse(color) {
            return Some(("style", message));
        }
    }
    if !(0.0..=1.0).contains(&style.fill) {
        return Some(("style", format!("fill {} is not within 0 to 1", style.fill)));
    }
    if !(0.5..=64.0).contains(&style.width_px) {
        return Some(("style", format!("width_px {} is not within 0.5 to 64", style.width_px)));
    }
    if !(0.1..=2000.0).contains(&style.point_m) {
        return Some(("style", format!("point_m {} is not within 0.1 to 2000", style.point_m)));
    }
    if !style.classes.is_empty() && style.by.is_empty() {
        return Some(("style", "classes without `by`; expected the attribute that decides".into()));
    }
    None
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
}

/// Line of `key = …` at or after line `from` (from 0), before the next table of tables.
fn find_key(text: &str, from: usize, key: &str) -> Option<usize> {
    for (i, line) in text.lines().enumerate().skip(from) {
        let line = line.trim_start();
        if i > from && line.starts_with("[[") {
            return None;
        }
        let dotted = line.strip_prefix('[').and_then(|l| l.split(']').next()).is_some_and(|t| t.ends_with(key));
        if dotted || line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.'])) {
            return Some(i + 1);
        }
    }
    None
}

/// Line of a field of the table with this id: the last one that has it, so that a second one is named.
fn place_of(text: &str, table: &str, id: &str, field: &str) -> usize {
    let header = format!("[[{table}]]");
    let mut place = 1;
    for (i, line) in text.lines().enumerate() {
        if line.trim() != header {
            continue;
        }
        let here = find_key(text, i, "id")
            .and_then(|n| text.lines().nth(n - 1))
            .is_some_and(|l| l.split_once('=').is_some_and(|(_, v)| v.trim().trim_matches(['"', '\'']) == id));
        if here {
            place = find_key(text, i, field).unwrap_or(i + 1);
        }
    }
    place
}

/// JSON Schema of a layer file.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Catalogue)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r##"format = 1

[[group]]
id = "mine"
name = { zh = "我的" }

[[layer]]
id = "trees"
name = { zh = "古树", en = "Old trees" }
group = "mine"
source = { kind = "file", path = "trees.geojson" }
provenance = { zh = "园林普查 2025", en = "Tree survey 2025" }
owner = { zh = "园林绿化局", en = "Parks" }
opacity = 0.8
style = { color = "#55AA66", by = "age", classes = [{ min = 300.0, color = "level_orange" }] }
legend = [{ swatch = "dot", color = "#55AA66", words = { zh = "古树", en = "Old tree" } }]
"##;

    fn error(text: &str) -> CatalogueError {
        Catalogue::parse("my.toml", text).unwrap_err()
    }

    #[test]
    fn the_shipped_catalogue_is_valid_and_names_everything_twice() {
        let all = Catalogue::parse("default.toml", SHIPPED).unwrap();
        assert_eq!(all, Catalogue::shipped());
        assert!(all.layers.len() >= 20);
        for layer in &all.layers {
            assert!(!layer.name.en.is_empty() && !layer.owner.en.is_empty(), "{}", layer.id);
            assert!(layer.legend.iter().all(|l| !l.words.en.is_empty()), "{}", layer.id);
        }
        for property in ObservedProperty::ALL {
            let is = |l: &Layer| l.source == Source::Sensors { property: property.key().into() };
            assert!(all.layers.iter().any(is), "no layer shows {property:?}");
        }
    }

    #[test]
    fn a_file_of_ones_own_is_read_and_can_extend_the_shipped_one() {
        let one = Catalogue::parse("my.toml", ONE).unwrap();
        assert_eq!(one.layers.len(), 1);
        assert!(one.layers[0].on && (one.layers[0].opacity - 0.8).abs() < 1e-6);
        let more = Catalogue::parse("my.toml", &ONE.replace("format = 1", "format = 1\nextend = true")).unwrap();
        assert_eq!(more.layers.len(), Catalogue::shipped().layers.len() + 1);
    }

    #[test]
    fn errors_name_file_line_and_field() {
        let e = error(&ONE.replace("0.8", "1.8"));
        assert_eq!((e.line, e.field.as_str()), (14, "layer 'trees'.opacity"));
        assert!(e.to_string().starts_with("my.toml:14: layer 'trees'.opacity: 1.8 is not within"), "{e}");
        let e = error(&ONE.replace("group = \"mine\"", "group = \"yours\""));
        assert!(e.line == 10 && e.message.contains("expected one of mine"), "{e}");
        let e = error(&ONE.replace("level_orange", "level_pink"));
        assert!(e.line == 15 && e.message.contains("level_pink"), "{e}");
        let e = error(&ONE.replace("opacity", "opaqueness"));
        assert!(e.line == 14 && e.message.contains("opaqueness"), "{e}");
        let e = error(&ONE.replace("format = 1", "format = 9"));
        assert_eq!((e.line, e.field.as_str()), (1, "format"));
        let twice = format!("{ONE}\n{}", &ONE[ONE.find("[[layer]]").unwrap()..]);
        let e = error(&twice);
        assert!(e.line == 19 && e.message.contains("twice"), "{e}");
        let e =
            error(&ONE.replace("kind = \"file\", path = \"trees.geojson\"", "kind = \"sensors\", property = \"x\""));
        assert!(e.line == 11 && e.message.contains("road_water_depth"), "{e}");
        let e = error(&ONE[..ONE.find("legend").unwrap()]);
        assert!(e.message.contains("legend"), "{e}");
        let e = error("format = ");
        assert_eq!(e.line, 1);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for cut in 0..ONE.len() {
            if ONE.is_char_boundary(cut) {
                let _ = Catalogue::parse("cut.toml", &ONE[..cut]);
                let _ = Catalogue::parse("cut.toml", &ONE[cut..]);
            }
        }
    }

    #[test]
    fn the_schema_knows_the_fields() {
        let text = serde_json::to_string(&schema()).unwrap();
        for field in ["provenance", "owner", "update_s", "legend", "closed_roads"] {
            assert!(text.contains(field), "{field}");
        }
    }
}
