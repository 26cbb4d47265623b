//! What is wrong with a drill script, in Chinese: by pattern from the English words of its checks.

use guanlan_core::file_words::Phrases;

/// English pattern and Chinese words.
pub(crate) const PHRASES: &Phrases = &[
    ("expected { zh = \"…\", en = \"…\" } with Chinese text", "应为 { zh = \"…\", en = \"…\" }，且有中文"),
    ("expected 1 to * s, found *", "应为 1 到 {1} 秒，写的是 {2}"),
    ("expected 1 to 10000, found *", "应为 1 到 10000，写的是 {1}"),
    ("expected 1, found *", "应为 1，写的是 {1}"),
    ("no [[objective]] has the id '*'", "没有 id 为“{1}”的 [[objective]]"),
    ("numbers must rise, found * again or lower", "编号应递增，又出现 {1} 或更小的"),
    ("injects must be in the order of time, found * s", "科目应按时间先后排列，此处为 {1} 秒"),
    ("* s lies after the end of the drill", "{1} 秒在演练结束之后"),
    ("* s is not after * s, when its inject comes", "{1} 秒不晚于其科目下达的 {2} 秒"),
    ("expected one of *, found '*'", "应为 {1} 之一，写的是“{2}”"),
    ("expected at least 1 s", "应至少 1 秒"),
    (
        "sensor: expected a finite value, every_s ≥ 1, at most 20000 readings",
        "sensor：读数应为有限数，every_s ≥ 1，读数不超过 20000 条",
    ),
    ("expected by_s, or inject = the number of an inject with due_s", "应有 by_s，或 inject = 一个带 due_s 的科目编号"),
    (
        "property: expected a key such as road_water_depth, found '*'",
        "property：应为 road_water_depth 之类的监测项，写的是“{1}”",
    ),
    (
        "reaches: expected blue, yellow, orange or red, found '*'",
        "reaches：应为 blue、yellow、orange 或 red，写的是“{1}”",
    ),
    ("reaches: expected opened or a case state, found '*'", "reaches：应为 opened 或案件状态，写的是“{1}”"),
    ("is: expected a status such as on_scene, found '*'", "is：应为 on_scene 之类的状态，写的是“{1}”"),
    (
        "pump_fail.target: no pump or pump sensor within * m of '*'",
        "pump_fail.target：“{2}”周围 {1} 米内没有水泵或水泵传感器",
    ),
    ("close_road.target: this city has no roads", "close_road.target：本城没有道路"),
    ("unit.unit: this city has no crew or kind of crew '*'", "unit.unit：本城没有“{1}”这支或这类队伍"),
    ("*: '*' is not a sensor", "{1}：“{2}”不是传感器"),
    ("expected at:EAST,NORTH in metres, found '*'", "应为 at:东,北（米），写的是“{1}”"),
    ("expected a number from 1 after #, found '*'", "# 后应为从 1 起的数，写的是“{1}”"),
    ("expected @east, @west, @north or @south, found '@*'", "应为 @east、@west、@north 或 @south，写的是“@{1}”"),
    ("'*' is not an observed property such as road_water_depth", "“{1}”不是 road_water_depth 之类的监测项"),
    ("this city has no sensor of '*'", "本城没有“{1}”的传感器"),
    (
        "'*' is neither an observed property nor a kind of place (see guanlan schema drill)",
        "“{1}”既不是监测项也不是地点类别（见 guanlan schema drill）",
    ),
    ("this city has * of '*', not *", "本城“{2}”有 {1} 个，不到 {3} 个"),
    ("sensor '*' has no place", "传感器“{1}”没有位置"),
    ("this city has no sensor, place or road '*'", "本城没有传感器、地点或道路“{1}”"),
    // Whose field a finding about a place belongs to.
    ("report_case.near: *", "report_case.near：{1}"),
    ("sensor.target: *", "sensor.target：{1}"),
    ("pump_fail.target: *", "pump_fail.target：{1}"),
    ("close_road.target: *", "close_road.target：{1}"),
    ("alert.target: *", "alert.target：{1}"),
    ("case.near: *", "case.near：{1}"),
    ("road.target: *", "road.target：{1}"),
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_has_no_hidden_pattern() {
        guanlan_core::phrases::check(super::PHRASES);
    }
}
