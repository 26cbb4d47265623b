//! `layers.toml` beside the rasters of a run: a layer file that shows them over the city in 3D, with classes, legend and
//! what was computed how. `guanlan room --layers RUN/layers.toml`.

use std::{fs, io, path::Path};

use guanlan_core::{
    Lang, WaterAspect,
    peaks::{AspectClass, HEAT},
};
use toml::{Table, Value};

use super::Summary;

/// What one raster shows.
struct Shown {
    file: &'static str,
    zh: &'static str,
    en: &'static str,
    unit: &'static str,
    classes: &'static [AspectClass],
}

const fn class(from: f32, color: &'static str, zh: &'static str, en: &'static str) -> AspectClass {
    AspectClass { from, color, zh, en }
}

const PRODUCT: &[AspectClass] = &[
    class(0.05, HEAT[0], "0.05–0.3 m²/s", "0.05–0.3 m²/s"),
    class(0.3, HEAT[2], "0.3–0.6 m²/s", "0.3–0.6 m²/s"),
    class(0.6, HEAT[3], "0.6–1 m²/s", "0.6–1 m²/s"),
    class(1.0, HEAT[5], "1 m²/s 以上", "1 m²/s and more"),
];

const RATING: &[AspectClass] = &[
    class(0.05, HEAT[0], "0.75 以下：低", "below 0.75: low"),
    class(0.75, HEAT[2], "0.75–1.25：部分人危险", "0.75–1.25: danger for some"),
    class(1.25, HEAT[3], "1.25–2：多数人危险", "1.25–2: danger for most"),
    class(2.0, HEAT[5], "2 以上：所有人危险", "2 and more: danger for all"),
];

/// The rasters of a run in the order of the tree.
fn shown() -> [Shown; 8] {
    let of = |file, zh, en, unit, classes| Shown { file, zh, en, unit, classes };
    let aspect = |a: WaterAspect| (a.unit(), a.classes());
    let ((depth_unit, depth), (speed_unit, speed)) = (aspect(WaterAspect::MaxDepth), aspect(WaterAspect::MaxSpeed));
    let ((time_unit, arrival), (_, duration)) = (aspect(WaterAspect::Arrival), aspect(WaterAspect::Duration));
    [
        of("max_depth.tif", "最大水深", "Maximum depth", depth_unit, depth),
        of("max_speed.tif", "最大流速", "Maximum speed", speed_unit, speed),
        of("max_depth_speed.tif", "最大水深×流速", "Maximum depth × speed", "m²/s", PRODUCT),
        of("hazard_arr.tif", "危险等级（D×V，ARR）", "Hazard class (D×V, ARR)", "", WaterAspect::MaxHazard.classes()),
        of("hazard_ea.tif", "危险指数 d(v+0.5)+DF", "Hazard rating d(v+0.5)+DF", "", RATING),
        of("arrival_5cm.tif", "5 cm 到达时间", "Arrival of 5 cm", time_unit, arrival),
        of("arrival_15cm.tif", "15 cm 到达时间", "Arrival of 15 cm", time_unit, arrival),
        of("duration_15cm.tif", "15 cm 以上历时", "Duration over 15 cm", time_unit, duration),
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
        ("name", words(shown.zh, shown.en)),
        ("group", group.into()),
        ("on", on.into()),
        ("source", Value::Table(table([("kind", "file".into()), ("path", shown.file.into())]))),
        ("provenance", provenance.clone()),
        ("owner", words("暴雨内涝模拟", "Rainstorm simulation")),
        ("style", Value::Table(style)),
        ("legend", Value::Array(legend.collect())),
    ]))
}

/// Writes the layer file of a run into its folder.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_layers(dir: &Path, summary: &Summary) -> io::Result<()> {
    let (group, name) = ("storm-run", &summary.scenario);
    let provenance = words(&summary.honesty_line(Lang::Zh), &summary.honesty_line(Lang::En));
    let title = words(&format!("推演：{}", name.zh), &format!("Run: {}", name.get(Lang::En)));
    let layers = shown().into_iter().enumerate().map(|(k, shown)| layer(&shown, group, k == 0, &provenance));
    let file = table([
        ("format", 1.into()),
        ("extend", true.into()),
        ("group", Value::Array(vec![Value::Table(table([("id", group.into()), ("name", title)]))])),
        ("layer", Value::Array(layers.collect())),
    ]);
    let text = toml::to_string(&file).map_err(io::Error::other)?;
    fs::write(dir.join("layers.toml"), text)
}
