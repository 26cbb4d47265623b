//! What attributes and layers are called, in the spellings of OSM extracts, Chinese survey data and common exports.

use serde_json::{Map, Value};

/// What a layer holds by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    Building,
    Road,
    Railway,
    Water,
    Green,
    Paved,
    Admin,
    Component,
}

/// Words in layer names; the first theme with a word that occurs wins.
const THEMES: [(Theme, &[&str]); 8] = [
    (
        Theme::Component,
        &["component", "manhole", "streetlight", "street_light", "部件", "井盖", "路灯", "消火栓", "公用设施"],
    ),
    (Theme::Building, &["building", "bldg", "footprint", "house", "建筑", "房屋", "楼栋", "居民地"]),
    (
        Theme::Admin,
        &["admin", "boundary", "district", "community", "行政", "区划", "街道界", "社区", "网格", "区县", "镇街"],
    ),
    (Theme::Water, &["water", "river", "lake", "hydro", "水系", "水域", "水体", "河", "湖"]),
    (Theme::Green, &["green", "park", "forest", "grass", "vegetation", "绿地", "公园", "植被", "林地"]),
    (Theme::Railway, &["rail", "metro_line", "tram", "铁路", "轨道", "地铁线"]),
    (Theme::Road, &["road", "street", "highway", "道路", "路网", "交通"]),
    (Theme::Paved, &["square", "plaza", "parking", "广场", "停车"]),
];

/// The theme of a layer's name.
pub(super) fn theme(layer: &str) -> Option<Theme> {
    let lower = layer.to_lowercase();
    THEMES.iter().find(|(_, words)| words.iter().any(|w| lower.contains(w))).map(|(theme, _)| *theme)
}

pub(super) const HEIGHT: &[&str] = &[
    "height",
    "height_m",
    "measuredheight",
    "building:height",
    "bldg_h",
    "bldg_height",
    "roof_height",
    "高度",
    "建筑高度",
    "楼高",
    "房屋高度",
];
pub(super) const STOREYS: &[&str] = &[
    "building:levels",
    "levels",
    "floors",
    "floor",
    "storeys",
    "storeysaboveground",
    "num_floors",
    "floornum",
    "层数",
    "楼层",
    "楼层数",
    "地上层数",
    "总层数",
];
/// Only of buildings the year is known.
pub(super) const BUILT: &[&str] = &[
    "yearofconstruction",
    "year_of_construction",
    "year_built",
    "yearbuilt",
    "built_year",
    "construction_year",
    "start_date",
    "bouwjaar",
    "oorspronkelijkbouwjaar",
    "baujahr",
    "date_app",
    "建成年代",
    "建造年份",
    "建筑年代",
    "竣工年份",
];
pub(super) const BASEMENTS: &[&str] = &["building:levels:underground", "basements", "storeysbelowground", "地下层数"];
pub(super) const BASE: &[&str] = &["min_height", "base_height", "building:min_height", "底高", "离地高度"];
pub(super) const USAGE: &[&str] =
    &["building", "building:use", "usage", "function", "class", "type", "用途", "功能", "建筑用途", "房屋用途", "性质"];
pub(super) const RESIDENTS: &[&str] = &["residents", "population", "人口", "常住人口"];
pub(super) const NAME: &[&str] = &["name:zh", "name", "名称", "建筑名称", "楼名", "路名", "道路名称", "mc", "label"];
pub(super) const NAME_EN: &[&str] = &["name_en", "name:en", "英文名"];
pub(super) const CODE: &[&str] =
    &["code", "adcode", "pac", "区划代码", "行政代码", "网格编码", "网格代码", "grid_code", "dm"];
pub(super) const COMPONENT_CODE: &[&str] =
    &["code", "objcode", "obj_code", "标识码", "部件标识码", "部件编码", "部件代码", "编码", "bsm"];
pub(super) const HEADING: &[&str] = &[
    "heading_deg",
    "heading",
    "camera:direction",
    "direction",
    "azimuth",
    "bearing",
    "朝向",
    "方位角",
    "朝向角",
    "方向角",
    "方向",
    "安装方向",
];
pub(super) const STATE: &[&str] = &["state", "objstate", "obj_state", "状态", "部件状态"];
pub(super) const ORG: &[&str] = &["org", "deptname", "dept_name", "主管部门", "权属单位", "养护单位", "主管部门名称"];
pub(super) const ROAD_CLASS: &[&str] =
    &["highway", "fclass", "class", "type", "road_class", "等级", "道路等级", "类型"];
pub(super) const SPEED: &[&str] = &["maxspeed", "speed", "speed_limit", "限速"];
pub(super) const WIDTH: &[&str] = &["width", "width_m", "路宽", "宽度", "道路宽度"];
pub(super) const ID: &[&str] = &["id", "@id", "osm_id", "fid", "objectid", "gid", "uuid", "标识", "编号", "楼栋编号"];

/// Attributes of a feature, found by any of several names without regard to case.
pub(super) struct Words<'a>(pub Option<&'a Map<String, Value>>);

impl Words<'_> {
    fn value(&self, name: &str) -> Option<&Value> {
        let map = self.0?;
        map.get(name).or_else(|| map.iter().find(|(k, _)| k.to_lowercase() == name).map(|(_, v)| v))
    }

    /// The first that is there, as it stands.
    pub fn first(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|n| self.value(n).filter(|v| !v.is_null() && v.as_str() != Some("")))
    }

    /// The first that is a text or number, as text.
    pub fn text(&self, names: &[&str]) -> String {
        let text = names.iter().find_map(|n| match self.value(n)? {
            Value::String(s) if !s.trim().is_empty() => Some(s.trim().to_owned()),
            // Databases keep codes as numbers, 330102 as 330102.0.
            Value::Number(n) => Some(match n.as_f64() {
                Some(v) if v.fract() == 0.0 && v.abs() < 9e15 => format!("{v:.0}"),
                _ => n.to_string(),
            }),
            Value::Bool(b) => Some(if *b { "yes".into() } else { "no".into() }),
            _ => None,
        });
        text.unwrap_or_default()
    }

    /// The first that is a number in a range, also with a unit behind it (`12 m`, `6层`).
    pub fn number(&self, names: &[&str], range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        names.iter().find_map(|n| {
            let value = self.value(n)?;
            let number = value.as_f64().or_else(|| {
                let text = value.as_str()?.trim().replace(',', ".");
                let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-')).unwrap_or(text.len());
                text[..end].parse().ok()
            });
            number.filter(|v| range.contains(v))
        })
    }

    /// Is there any of these, other than `no`?
    pub fn has(&self, names: &[&str]) -> bool {
        !matches!(self.text(names).as_str(), "" | "no" | "false" | "0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_and_attributes_in_two_languages() {
        for (layer, want) in [
            ("gis_osm_buildings_a_free_1", Some(Theme::Building)),
            ("房屋面", Some(Theme::Building)),
            ("部件_井盖", Some(Theme::Component)),
            ("水系", Some(Theme::Water)),
            ("ROADS", Some(Theme::Road)),
            ("gis_osm_railways_free_1", Some(Theme::Railway)),
            ("单元网格", Some(Theme::Admin)),
            ("misc", None),
        ] {
            assert_eq!(theme(layer), want, "{layer}");
        }
        let map =
            serde_json::json!({"HEIGHT": "12.5 m", "层数": "6层", "Name": " x ", "code": 330102.0, "building": "no"});
        let words = Words(map.as_object());
        assert_eq!(words.number(HEIGHT, 0.1..=900.0), Some(12.5));
        assert_eq!(words.number(STOREYS, 1.0..=300.0), Some(6.0));
        assert_eq!((words.text(NAME).as_str(), words.text(CODE).as_str()), ("x", "330102"));
        assert!(!words.has(&["building"]) && words.has(NAME) && !words.has(&["none"]));
    }
}
