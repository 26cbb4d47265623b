//! `layers.toml` beside the rasters of a run: a layer file that shows them over the city in 3D, with classes, legend and
//! what was computed how. `guanlan room --layers RUN/layers.toml`.

use std::{fs, io, path::Path};

use guanlan_core::Lang;
use toml::{Table, Value};

use super::Summary;

/// A class of a raster: from a value on, colour, words.
type Class = (f64, &'static str, &'static str, &'static str);

/// What one raster shows.
struct Shown {
    file: &'static str,
    zh: &'static str,
    en: &'static str,
    unit: &'static str,
    classes: &'static [Class],
}

/// Hazard and depth from harmless to deadly.
const HEAT: [&str; 6] = ["#3b82c4", "#46b5a8", "#e8d44d", "#f0a43a", "#e0632c", "#c21f3a"];

const SHOWN: [Shown; 8] = [
    Shown {
        file: "max_depth.tif",
        zh: "最大水深",
        en: "Maximum depth",
        unit: "m",
        classes: &[
            (0.05, "#9ec9e8", "5–15 cm", "5–15 cm"),
            (0.15, "#5aa2d8", "15–27 cm", "15–27 cm"),
            (0.27, "#2f77bf", "27–40 cm", "27–40 cm"),
            (0.40, "#1f4fa0", "40–50 cm", "40–50 cm"),
            (0.50, "#3a2a8c", "50 cm–1 m", "50 cm to 1 m"),
            (1.0, "#5b1670", "1 m 以上", "1 m and more"),
        ],
    },
    Shown {
        file: "max_speed.tif",
        zh: "最大流速",
        en: "Maximum speed",
        unit: "m/s",
        classes: &[
            (0.1, HEAT[0], "0.1–0.5 m/s", "0.1–0.5 m/s"),
            (0.5, HEAT[1], "0.5–1 m/s", "0.5–1 m/s"),
            (1.0, HEAT[2], "1–2 m/s", "1–2 m/s"),
            (2.0, HEAT[4], "2 m/s 以上", "2 m/s and more"),
        ],
    },
    Shown {
        file: "max_depth_speed.tif",
        zh: "最大水深×流速",
        en: "Maximum depth × speed",
        unit: "m²/s",
        classes: &[
            (0.05, HEAT[0], "0.05–0.3 m²/s", "0.05–0.3 m²/s"),
            (0.3, HEAT[2], "0.3–0.6 m²/s", "0.3–0.6 m²/s"),
            (0.6, HEAT[3], "0.6–1 m²/s", "0.6–1 m²/s"),
            (1.0, HEAT[5], "1 m²/s 以上", "1 m²/s and more"),
        ],
    },
    Shown {
        file: "hazard_arr.tif",
        zh: "危险等级（D×V，ARR）",
        en: "Hazard class (D×V, ARR)",
        unit: "",
        classes: &[
            (0.5, "#b9d3e6", "H1 一般安全", "H1 generally safe"),
            (1.5, HEAT[1], "H2 小型车辆危险", "H2 unsafe for small vehicles"),
            (2.5, HEAT[2], "H3 车辆、老幼危险", "H3 unsafe for vehicles, children, the elderly"),
            (3.5, HEAT[3], "H4 所有人和车辆危险", "H4 unsafe for people and vehicles"),
            (4.5, HEAT[4], "H5 建筑可能损坏", "H5 buildings may be damaged"),
            (5.5, HEAT[5], "H6 建筑可能倒塌", "H6 buildings may fail"),
        ],
    },
    Shown {
        file: "hazard_ea.tif",
        zh: "危险指数 d(v+0.5)+DF",
        en: "Hazard rating d(v+0.5)+DF",
        unit: "",
        classes: &[
            (0.05, HEAT[0], "0.75 以下：低", "below 0.75: low"),
            (0.75, HEAT[2], "0.75–1.25：部分人危险", "0.75–1.25: danger for some"),
            (1.25, HEAT[3], "1.25–2：多数人危险", "1.25–2: danger for most"),
            (2.0, HEAT[5], "2 以上：所有人危险", "2 and more: danger for all"),
        ],
    },
    Shown { file: "arrival_5cm.tif", zh: "5 cm 到达时间", en: "Arrival of 5 cm", unit: "s", classes: ARRIVAL },
    Shown { file: "arrival_15cm.tif", zh: "15 cm 到达时间", en: "Arrival of 15 cm", unit: "s", classes: ARRIVAL },
    Shown {
        file: "duration_15cm.tif",
        zh: "15 cm 以上历时",
        en: "Duration over 15 cm",
        unit: "s",
        classes: &[
            (1.0, HEAT[0], "15 分钟以内", "up to 15 min"),
            (900.0, HEAT[1], "15–30 分钟", "15–30 min"),
            (1800.0, HEAT[2], "30–60 分钟", "30–60 min"),
            (3600.0, HEAT[3], "1–2 小时", "1–2 h"),
            (7200.0, HEAT[5], "2 小时以上", "2 h and more"),
        ],
    },
];

const ARRIVAL: &[Class] = &[
    (0.0, HEAT[5], "15 分钟以内", "within 15 min"),
    (900.0, HEAT[4], "15–30 分钟", "15–30 min"),
    (1800.0, HEAT[3], "30–60 分钟", "30–60 min"),
    (3600.0, HEAT[2], "1–2 小时", "1–2 h"),
    (7200.0, HEAT[0], "2 小时以后", "after 2 h"),
];

fn table<const N: usize>(entries: [(&str, Value); N]) -> Table {
    entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

fn words(zh: &str, en: &str) -> Value {
    Value::Table(table([("zh", zh.into()), ("en", en.into())]))
}

fn layer(shown: &Shown, group: &str, on: bool, provenance: &Value) -> Value {
    let classes = shown.classes.iter().enumerate().map(|(k, (min, color, ..))| {
        let mut class = table([("min", (*min).into()), ("color", (*color).into())]);
        if let Some(next) = shown.classes.get(k + 1) {
            class.insert("max".into(), next.0.into());
        }
        Value::Table(class)
    });
    let legend = shown.classes.iter().map(|(_, color, zh, en)| {
        Value::Table(table([("swatch", "fill".into()), ("color", (*color).into()), ("words", words(zh, en))]))
    });
    let style = table([
        ("color", shown.classes[0].1.into()),
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
    let layers = SHOWN.iter().enumerate().map(|(k, shown)| layer(shown, group, k == 0, &provenance));
    let file = table([
        ("format", 1.into()),
        ("extend", true.into()),
        ("group", Value::Array(vec![Value::Table(table([("id", group.into()), ("name", title)]))])),
        ("layer", Value::Array(layers.collect())),
    ]);
    let text = toml::to_string(&file).map_err(io::Error::other)?;
    fs::write(dir.join("layers.toml"), text)
}
