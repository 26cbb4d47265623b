//! `guanlan inspect`: what is in a file.

use guanlan_city::import::{FileFacts, Problem, Severity, archive, inspect, tally};
use guanlan_core::Lang;
use serde_json::json;

use crate::{
    args::InspectArgs,
    exit::{Failure, Outcome, bad_input, failed},
    locale::pick,
};

pub fn run(args: &InspectArgs, lang: Lang) -> Outcome {
    let mut facts = Vec::new();
    for file in &args.files {
        // An archive is as many files as it has datasets.
        for dataset in archive::datasets(file).map_err(|error| refused(&error, lang))? {
            facts.push(inspect(&dataset).map_err(|error| refused(&error, lang))?);
        }
    }
    if args.json {
        let text = serde_json::to_string_pretty(&json!({ "files": facts })).map_err(failed)?;
        say!("{text}");
        return Ok(());
    }
    let said: Vec<String> = facts.iter().map(|f| words(f, lang)).collect();
    say!("{}", said.join("\n\n"));
    Ok(())
}

/// A file that cannot be used: why, in the reader's language, and in English behind it.
pub fn refused(error: &guanlan_city::import::ImportError, lang: Lang) -> Failure {
    let text = error.text();
    bad_input(if lang == Lang::Zh && text.zh != text.en { format!("{}\n  {}", text.zh, text.en) } else { text.en })
}

/// A word for a severity.
pub fn severity(severity: Severity, lang: Lang) -> &'static str {
    match severity {
        Severity::Guessed => pick(lang, "推测", "guessed"),
        Severity::Repaired => pick(lang, "修复", "repaired"),
        Severity::Skipped => pick(lang, "略过", "skipped"),
        Severity::Error => pick(lang, "错误", "error"),
    }
}

/// A line for a problem: what, how often, where first.
pub fn problem(p: &Problem, lang: Lang) -> String {
    let times = if p.count > 1 { format!(" ×{}", p.count) } else { String::new() };
    let first = if p.where_.is_empty() {
        String::new()
    } else if p.count > 1 {
        format!("{}{}", pick(lang, "，首见 ", ", first at "), p.where_)
    } else {
        format!("{}{}", pick(lang, "，位于 ", ", at "), p.where_)
    };
    format!("{} {}{times}{first}", severity(p.severity, lang), p.text().get(lang))
}

/// What is in a file, for a person.
fn words(f: &FileFacts, lang: Lang) -> String {
    let mut lines = vec![f.path.display().to_string()];
    let mut say = |zh: &str, en: &str, value: String| {
        // Two columns: Chinese takes two cells for a sign.
        let name = pick(lang, zh, en);
        let wide = name.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>();
        lines.push(format!("  {name}{}{value}", " ".repeat(12_usize.saturating_sub(wide).max(1))));
    };
    say("格式", "format", [f.format.as_str(), f.version.as_str()].join(" ").trim_end().to_owned());
    let unknown = pick(lang, "未说明（导入时用 --crs 给出）", "not said (give it with --crs)");
    say("坐标系", "CRS", if f.crs.is_empty() { unknown.to_owned() } else { f.crs.clone() });
    if let Some([x0, y0, z0, x1, y1, z1]) = f.extent {
        let degrees = x0 >= -180.0 && x1 <= 180.0 && y0 >= -90.0 && y1 <= 90.0;
        let digits = if degrees { 6 } else { 2 };
        say("范围", "extent", format!("x {x0:.digits$} … {x1:.digits$}   y {y0:.digits$} … {y1:.digits$}"));
        if z0 != 0.0 || z1 != 0.0 {
            say("高程", "heights", format!("{z0:.2} … {z1:.2}"));
        }
    }
    let counts: Vec<String> =
        f.counts.iter().filter(|(_, n)| **n > 0).map(|(k, n)| format!("{} {n}", class(k, lang))).collect();
    for (i, row) in counts.chunks(6).enumerate() {
        if i == 0 { say("内容", "content", row.join(" · ")) } else { say("", "", row.join(" · ")) }
    }
    let of_problems = tally(&std::collections::BTreeMap::new(), &f.problems);
    for (i, (name, t)) in of_problems.iter().enumerate() {
        let kinds = [
            (Severity::Repaired, t.repaired),
            (Severity::Skipped, t.skipped),
            (Severity::Guessed, t.guessed),
            (Severity::Error, t.errors),
        ];
        let said: Vec<String> =
            kinds.iter().filter(|(_, n)| *n > 0).map(|(s, n)| format!("{} {n}", severity(*s, lang))).collect();
        let text = format!("{}  {}", class(name, lang), said.join(" · "));
        if i == 0 { say("问题", "problems", text) } else { say("", "", text) }
    }
    const SHOWN: usize = 30;
    for p in f.problems.iter().take(SHOWN) {
        lines.push(format!("    - {}", problem(p, lang)));
    }
    if f.problems.len() > SHOWN {
        let n = f.problems.len() - SHOWN;
        let more = pick(lang, "种其他问题（--json 列出全部）", "more kinds (--json lists them all)");
        lines.push(format!("    - {n} {more}"));
    }
    lines.join("\n")
}

/// A class of objects in the reader's language; a name of the file's own stays.
pub fn class(key: &str, lang: Lang) -> String {
    const NAMES: [(&str, &str); 85] = [
        ("3d_tiles_features", "瓦片要素"),
        ("contents", "瓦片内容"),
        ("contents_unopened", "未打开的内容"),
        ("contents_unreadable", "无法读取的内容"),
        ("feature_properties", "要素属性"),
        ("groups", "内容组"),
        ("implicit_tiles", "隐式瓦片"),
        ("instances", "实例"),
        ("levels", "层级"),
        ("levels_of_detail", "细节层次"),
        ("meshes", "网格"),
        ("painted_triangles", "着色三角形"),
        ("pictures", "贴图"),
        ("points", "点"),
        ("position_vertices", "顶点位置"),
        ("primitives", "图元"),
        ("schema_classes", "元数据类"),
        ("subtrees", "子树"),
        ("tiles", "瓦片"),
        ("tilesets", "瓦片集"),
        ("triangles", "三角形"),
        ("areas", "行政区"),
        ("barriers", "隔离设施"),
        ("building_part_ways", "建筑部件路径"),
        ("building_relations", "建筑关系"),
        ("building_ways", "建筑路径"),
        ("building_ways_with_height", "有高度的建筑"),
        ("building_ways_with_levels", "有层数的建筑"),
        ("buildings", "建筑"),
        ("city_objects", "城市对象"),
        ("cols", "列"),
        ("components", "部件"),
        ("conduits", "管渠"),
        ("control_rules", "控制规则"),
        ("coordinates", "坐标"),
        ("curves", "曲线"),
        ("dividers", "分流井"),
        ("features", "要素"),
        ("files", "文件"),
        ("inflows", "入流"),
        ("inlet_usage", "雨水口"),
        ("junctions", "检查井"),
        ("landmarks", "模型"),
        ("layers", "图层"),
        ("links", "管段"),
        ("materials", "材质"),
        ("nodes", "节点"),
        ("organisations", "单位"),
        ("orifices", "孔口"),
        ("outfalls", "排口"),
        ("outlets", "出口"),
        ("persons", "人员"),
        ("places", "地点"),
        ("pumps", "水泵"),
        ("raingages", "雨量站"),
        ("relations", "关系"),
        ("road_edges", "路段"),
        ("roads", "道路"),
        ("rows", "行"),
        ("sensors", "传感器"),
        ("storage", "调蓄池"),
        ("streets", "街道断面"),
        ("subcatchments", "汇水区"),
        ("surfaces", "地面区域"),
        ("templates", "模板"),
        ("textures", "纹理"),
        ("timeseries", "时间序列"),
        ("units", "队伍"),
        ("valid_cells", "有效格"),
        ("vertices", "顶点"),
        ("ways", "路径"),
        ("animations", "动画"),
        ("cjk_names", "中文名"),
        ("controls", "控制规则"),
        ("explicit_tiles", "显式瓦片"),
        ("extensions", "扩展"),
        ("implicit_roots", "隐式瓦片根"),
        ("railways", "铁路"),
        ("roots", "顶层对象"),
        ("subtrees_unreadable", "无法读取的子树"),
        ("vertices-texture", "贴图坐标"),
        ("water_ways", "水系路径"),
        ("way_node_refs", "路径节点引用"),
        ("way_node_refs_missing", "缺失的节点引用"),
        ("weirs", "堰"),
    ];
    let known = (lang == Lang::Zh).then(|| NAMES.iter().find(|(name, _)| *name == key)).flatten();
    known.map_or_else(|| key.replace('_', " "), |(_, zh)| (*zh).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_it_in_two_languages() {
        let facts = FileFacts {
            path: "江城.osm".into(),
            format: "OSM XML".into(),
            crs: "EPSG:4326".into(),
            extent: Some([120.1, 30.2, 0.0, 120.3, 30.4, 0.0]),
            counts: [("buildings".to_owned(), 12), ("roads".to_owned(), 0), ("Bridge".to_owned(), 3)].into(),
            problems: vec![
                Problem {
                    count: 4,
                    ..Problem::new(
                        Severity::Guessed,
                        "buildings",
                        "way/7",
                        "a building's height is a guess (height:levels)",
                    )
                },
                Problem::new(Severity::Skipped, "", "node 5", "longitude or latitude is missing or out of range"),
            ],
            ..FileFacts::default()
        };
        let zh = words(&facts, Lang::Zh);
        for want in [
            "格式        OSM XML",
            "120.100000 … 120.300000",
            "建筑 12",
            "Bridge 3",
            "建筑  推测 4",
            "建筑高度由层数推定 ×4，首见 way/7",
            "略过 经纬度缺失或超出范围，位于 node 5",
        ] {
            assert!(zh.contains(want), "{want}\n{zh}");
        }
        assert!(!zh.contains("道路"), "{zh}");
        let en = words(&facts, Lang::En);
        assert!(en.contains("guessed a building's height is a guess (height:levels) ×4, first at way/7"), "{en}");
        assert!(en.contains("buildings 12") && en.contains("CRS"), "{en}");
    }
}
