//! `layers.toml` beside the rasters of a run: a layer file that shows them over the city in 3D, with classes, legend and
//! what was computed how. `guanlan room --layers RUN/layers.toml`.

use std::{fs, io, path::Path};

use guanlan_core::{
    Bilingual, Lang, WaterAspect,
    peaks::{AspectClass, DEPTH_SPEED, RATING},
};
use toml::{Table, Value};

use super::Summary;

/// What one raster shows: names, unit and classes are those of [`guanlan_core::peaks`] wherever they are there.
struct Shown {
    file: &'static str,
    name: Bilingual,
    unit: &'static str,
    classes: &'static [AspectClass],
}

/// The rasters of a run in the order of the tree.
fn shown() -> [Shown; 8] {
    use WaterAspect::{Arrival, Duration, MaxDepth, MaxHazard, MaxSpeed};
    let of = |file, a: WaterAspect| Shown { file, name: a.name(), unit: a.unit(), classes: a.classes() };
    let over = |file, a: WaterAspect, cm: &str| {
        let name = a.name();
        Shown { name: Bilingual::new(format!("{}（{cm}）", name.zh), format!("{} ({cm})", name.en)), ..of(file, a) }
    };
    let other = |file, zh: &str, en: &str, unit, classes| Shown { file, name: Bilingual::new(zh, en), unit, classes };
    [
        of("max_depth.tif", MaxDepth),
        of("max_speed.tif", MaxSpeed),
        other("max_depth_speed.tif", "最大水深×流速", "Maximum depth × speed", "m²/s", DEPTH_SPEED),
        of("hazard_arr.tif", MaxHazard),
        other("hazard_ea.tif", "危险指数 d(v+0.5)+DF", "Hazard rating d(v+0.5)+DF", "", RATING),
        over("arrival_5cm.tif", Arrival, "5 cm"),
        over("arrival_15cm.tif", Arrival, "15 cm"),
        over("duration_15cm.tif", Duration, "15 cm"),
    ]
}

/// A bound as it is written, without the digits that single floats add.
fn bound(v: f32) -> Value {
    ((f64::from(v) * 1.0e4).round() / 1.0e4).into()
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

fn words(zh: &str, en: &str) -> Value {
    Value::Table(table([("zh", zh.into()), ("en", en.into())]))
}

fn layer(shown: &Shown, group: &str, on: bool, provenance: &Value) -> Value {
    let classes = shown.classes.iter().enumerate().map(|(k, c)| {
        let mut class = table([("min", bound(c.from)), ("color", c.color.into())]);
        if let Some(next) = shown.classes.get(k + 1) {
            class.insert("max".into(), bound(next.from));
        }
        Value::Table(class)
    });
    let legend = shown.classes.iter().map(|c| {
        Value::Table(table([("swatch", "fill".into()), ("color", c.color.into()), ("words", words(c.zh, c.en))]))
    });
    let style = table([
        ("color", shown.classes[0].color.into()),
        ("fill", 0.75.into()),
        ("by", "value".into()),
        ("unit", shown.unit.into()),
        ("classes", Value::Array(classes.collect())),
    ]);
    Value::Table(table([
        ("id", format!("{group}-{}", shown.file.trim_end_matches(".tif").replace('_', "-")).into()),
        ("name", words(&shown.name.zh, &shown.name.en)),
        ("group", group.into()),
        ("on", on.into()),
        ("source", Value::Table(table([("kind", "file".into()), ("path", shown.file.into())]))),
        ("provenance", provenance.clone()),
        ("owner", words("暴雨内涝模拟", "Rainstorm simulation")),
        ("style", Value::Table(style)),
        ("legend", Value::Array(legend.collect())),
    ]))
}

/// Writes the layer file of a run into its folder, or that of one of its focus areas (name, number from 1) into the
/// area's.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_layers(dir: &Path, summary: &Summary, focus: Option<(&Bilingual, usize)>) -> io::Result<()> {
    let name = &summary.scenario;
    let group = focus.map_or_else(|| "storm-run".to_owned(), |(_, number)| format!("storm-run-focus-{number}"));
    let part = |lang| focus.map_or_else(String::new, |(name, _)| format!(" · {}", name.get(lang)));
    let provenance = words(&summary.honesty_line(Lang::Zh), &summary.honesty_line(Lang::En));
    let title = words(
        &format!("推演：{}{}", name.zh, part(Lang::Zh)),
        &format!("Run: {}{}", name.get(Lang::En), part(Lang::En)),
    );
    let layers = shown().into_iter().enumerate().map(|(k, shown)| layer(&shown, &group, k == 0, &provenance));
    let file = table([
        ("format", 1.into()),
        ("extend", true.into()),
        ("group", Value::Array(vec![Value::Table(table([("id", group.as_str().into()), ("name", title)]))])),
        ("layer", Value::Array(layers.collect())),
    ]);
    let text = toml::to_string(&file).map_err(io::Error::other)?;
    fs::write(dir.join("layers.toml"), text)
}
