//! Rule files as a stranger writes them from the manual alone: every mistake is told with file, line and field, what was
//! found and what was expected, in Chinese and in English.
#![allow(clippy::unwrap_used)]

use guanlan_alerting::RuleSet;

/// What a stranger writes in place of one line of a good file, and what the answer must hold.
struct Try {
    from: &'static str,
    to: &'static str,
    line: usize,
    field: &'static str,
    zh: &'static str,
    en: &'static str,
}

const fn a_try(
    from: &'static str,
    to: &'static str,
    line: usize,
    field: &'static str,
    zh: &'static str,
    en: &'static str,
) -> Try {
    Try { from, to, line, field, zh, en }
}

const PLAIN: &str = r#"format = 1
[[rule]]
name = "wet-road"
version = 1
property = "road_water_depth"
title = { zh = "道路积水", en = "Wet road" }
blue = 5
yellow = 15
red = 27
hysteresis = 2
on_delay_s = 60
[[rule.test]]
name = "golden"
series = "0:4 30:6 60:7 90:8 120..300:2"
expect = "90 blue, 300 normal"
"#;

const TITLE: &str = "title = { zh = \"道路积水\", en = \"Wet road\" }\n";

/// Two rules, one with a station of its own.
const TWO: &str = r#"format = 1

[[rule]]
name = "first"
version = 1
property = "noise"
title = { zh = "一", en = "one" }
blue = 1

[[rule]]
name = "second"
version = 2
property = "river_stage"
title = { zh = "二", en = "two" }
[[rule.station]]
sensor = "r1"
blue = 2.0
yellow = 3.0
"#;

const TWO_TRIES: &[Try] = &[
    a_try("name = \"second\"", "name = \"first\"", 11, "first.name", "", "twice"),
    a_try("yellow = 3.0", "yellow = 1.0", 18, "second.station.yellow", "", "not above"),
    a_try("format = 1", "rules:", 1, "", "", ""),
];

const PLAIN_TRIES: &[Try] = &[
    a_try("blue = 5", "蓝色 = 5", 7, "蓝色", "字段名用英文：blue", "field names are English: blue"),
    a_try("name = \"wet-road\"", "名称 = \"wet-road\"", 3, "名称", "字段名用英文：name", "English: name"),
    a_try("blue = 5", "blue ＝ 5", 7, "", "全角符号“＝”", "half-width"),
    a_try("name = \"wet-road\"", "name = “wet-road”", 3, "name", "全角符号", "half-width"),
    a_try("name = \"wet-road\"", "name = \"Wet Road\"", 3, ".name", "小写字母", "a-z, 0-9"),
    a_try("\"road_water_depth\"", "\"water_depth\"", 5, "wet-road.property", "没有“water_depth”这个属性", "is unknown"),
    a_try("\"road_water_depth\"", "\"积水\"", 5, "wet-road.property", "是否应为“road_water_depth”", "did you mean"),
    a_try("on_delay_s = 60", "on_delay_s = \"5m\"", 11, "wet-road.on_delay_s", "应为秒数", "a number in seconds"),
    a_try("on_delay_s = 60", "on_delay_s = -60", 11, "wet-road.on_delay_s", "0 至 86400", "expected 0 to 86400"),
    a_try(
        "on_delay_s = 60",
        "on_delay_min = 1",
        11,
        "wet-road.on_delay_min",
        "没有名为“on_delay_min”的字段",
        "unknown field",
    ),
    a_try("on_delay_s = 60", "持续时间 = 60", 11, "持续时间", "字段名用英文：on_delay_s", "on_delay_s"),
    a_try("blue = 5", "green = 5", 7, "wet-road.green", "级别是 blue", "levels are blue"),
    a_try("blue = 5", "blue = \"5cm\"", 7, "wet-road.blue", "以 cm 为单位的数字", "a number in cm"),
    a_try("yellow = 15", "yellow = 2", 8, "wet-road.yellow", "没有高于 blue 阈值 5", "not above the blue threshold 5"),
    a_try("version = 1\n", "", 2, "wet-road.version", "缺少字段“version”", "missing field 'version'"),
    a_try("version = 1", "version = \"1.0\"", 4, "wet-road.version", "应为整数", "a whole number"),
    a_try("format = 1", "format = 2", 1, "format", "格式 2 未知", "2 is unknown; expected 1"),
    a_try(
        "title = { zh = \"道路积水\", en = \"Wet road\" }",
        "title = { zh = \"道路积水\" }",
        6,
        "wet-road",
        "缺少字段“en”",
        "missing field 'en'",
    ),
    a_try("hysteresis = 2", "direction = \"up\"", 10, "wet-road.direction", "应写 above", "it is above"),
    a_try("hysteresis = 2", "kind = \"组合\"", 10, "wet-road.kind", "是否应为“composite”", "did you mean 'composite'"),
    a_try(
        "hysteresis = 2",
        "measure = \"rate\"\nwindow_s = 0",
        11,
        "wet-road.window_s",
        "1 至 86400 秒",
        "expected 1 to 86400",
    ),
    a_try(
        "hysteresis = 2",
        "over = \"area\"\narea = \"老城\"",
        11,
        "wet-road.area",
        "不是本文件的区域",
        "is no area of this file",
    ),
    a_try("hysteresis = 2", "hysteresis = 2\nhysteresis = 3", 11, "wet-road.hysteresis", "写了两次", "duplicate key"),
    a_try("hysteresis = 2", "escalate_s = [300, 60, 30]", 10, "wet-road.escalate_s", "后一个比前一个晚", "each later"),
    a_try("hysteresis = 2", "sensors = \"gauge-1\"", 10, "wet-road.sensors", "方括号列表", "a list in brackets"),
    a_try("red = 27", "red = 27,", 9, "wet-road.red", "", ""),
    a_try("red = 27", "red = nan", 9, "wet-road.red", "", "finite"),
    a_try("version = 1", "version = 0", 4, "wet-road.version", "", "1 or more"),
    a_try("version = 1", "version = ", 4, "wet-road.version", "", ""),
    a_try("red = 27", "red = 27\nscale = \"aqi\"", 10, "wet-road.scale", "", "pm25"),
    a_try("hysteresis", "histeresis", 10, "wet-road.histeresis", "是否应为“hysteresis”", "did you mean 'hysteresis'?"),
    a_try("on_delay_s", "for", 11, "wet-road.for", "持续时间写 on_delay_s", "a dwell is on_delay_s"),
    a_try("water_depth", "water_dpeth", 5, "wet-road.property", "road_water_depth", "did you mean 'road_water_depth'?"),
    a_try("\"road_water_depth\"", "\"噪声\"", 5, "wet-road.property", "是否应为“noise”", "did you mean 'noise'?"),
    a_try(TITLE, "", 2, "wet-road.title", "缺少字段“title”", "expected title = { zh ="),
    a_try(TITLE, "title = \"积水\"\n", 6, "wet-road.title", "", "both languages"),
    a_try("format = 1\n", "", 1, "format", "缺少字段“format”", "expected format = 1"),
    a_try("[[rule]]", "[rule]", 2, "", "", "double brackets"),
    a_try("0:4 30:6", "0=4, 30=6", 14, "wet-road.test \"golden\".series", "应为 秒:值", "expected seconds:value"),
    a_try(
        "90 blue,",
        "90s BLUE,",
        15,
        "wet-road.test \"golden\".expect",
        "应为“秒 级别”",
        "expected seconds and a level",
    ),
    a_try(
        "red = 27",
        "red = 27\nsensors = [\"G-1\"]",
        15,
        "wet-road.test \"golden\".series",
        "G-1",
        "sensor = \"G-1\"",
    ),
    a_try("hysteresis = 2", "measure = \"average\"", 10, "wet-road.measure", "", "it is mean"),
];

const COMPOSITE: &str = r#"format = 1
[[rule]]
name = "a"
version = 1
kind = "composite"
title = { zh = "甲", en = "A" }
levels = { red = "deep and rain" }
[[rule.when]]
name = "deep"
property = "road_water_depth"
at_least = 15
[[rule.when]]
name = "rain"
property = "rain_intensity"
at_least = 20
"#;

const COMPOSITE_TRIES: &[Try] = &[
    a_try(
        "deep and rain",
        "deep and rian",
        7,
        "a.levels.red",
        "没有名为“rian”的条件；有：deep, rain",
        "'rian' is no condition",
    ),
    a_try("deep and rain", "deep rain", 7, "a.levels.red", "应为 and", "expected and, or"),
    a_try("deep and rain", "", 7, "a.levels.red", "表达式为空", "an empty expression"),
    a_try("red = \"deep", "purple = \"deep", 7, "a.purple", "级别是 blue", "levels are"),
    a_try("at_least = 20", "rule = \"a\"", 14, "a.when[2].property", "引用规则的条件没有属性", "rain"),
    a_try(
        "property = \"rain_intensity\"\nat_least = 20",
        "rule = \"a\"",
        14,
        "a.when[2].rule",
        "不能循环引用",
        "a composite itself",
    ),
    a_try(
        "at_least = 20",
        "at_least = 20\nover = \"neighbors\"",
        16,
        "a.over",
        "是否应为“neighbours”",
        "did you mean 'neighbours'",
    ),
    a_try("kind = \"composite\"", "kind = \"composite\"\nblue = 5", 6, "a.blue", "组合规则没有阈值", "no thresholds"),
];

fn told(file: &str, good: &str, tries: &[Try]) {
    RuleSet::parse(file, good).unwrap_or_else(|e| panic!("{e}"));
    for t in tries {
        assert!(good.contains(t.from), "{}", t.from);
        let error = RuleSet::parse(file, &good.replacen(t.from, t.to, 1)).unwrap_err();
        let said = error.to_string();
        let begin = format!("{file}:{}: ", t.line);
        assert!(said.starts_with(&begin) && error.field.contains(t.field), "{}: {said}", t.to);
        let (zh, en) = said.split_once(" / ").unwrap();
        assert!(zh.contains(t.zh) && en.contains(t.en), "{}: {said}", t.to);
        assert!(!zh[begin.len()..].is_ascii(), "Chinese first: {said}");
    }
}

#[test]
fn a_plain_rule_written_blind() {
    told("my rules.toml", PLAIN, PLAIN_TRIES);
}

#[test]
fn two_rules_written_blind() {
    told("my rules.toml", TWO, TWO_TRIES);
}

#[test]
fn a_composite_written_blind() {
    told("my rules.toml", COMPOSITE, COMPOSITE_TRIES);
}
