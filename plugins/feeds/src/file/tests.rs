use super::*;

const WHOLE: &str = include_str!("../../../../scenes/feeds/example.toml");

#[test]
fn the_example_has_every_kind_and_is_right() {
    let file = FeedsFile::parse("example.toml", WHOLE).unwrap();
    let mut kinds: Vec<&str> = file.feeds.iter().map(|f| f.kind.key()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let mut all = KINDS.to_vec();
    all.sort_unstable();
    assert_eq!(kinds, all);
}

/// Feeds files as a stranger writes them: every mistake is told with line and field, in Chinese first, and what was
/// probably meant.
#[test]
fn mistakes_of_a_stranger_are_told_in_both_languages() {
    let good = STRANGER;
    FeedsFile::parse("g.toml", good).unwrap();
    for (from, to, line, field, zh, en) in STRANGERS {
        assert!(good.contains(from), "{from}");
        let error = FeedsFile::parse("g.toml", &good.replacen(from, to, 1)).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("g.toml:{line}: ")), "{to}: {said}");
        assert!(error.field.contains(field), "{to}: {said}");
        let (first, second) = said.split_once(" / ").unwrap();
        assert!(first.contains(zh) && second.contains(en), "{to}: {said}");
        assert!(first.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "Chinese first: {said}");
        assert!(!said.contains("hunter2"), "a secret is not repeated: {said}");
    }
}

/// What is written in place of what, on which line and field the mistake is, and what is said of it.
type Try = (&'static str, &'static str, usize, &'static str, &'static str, &'static str);

const STRANGER: &str = r#"format = "guanlan-feeds/1"

[[feed]]
name = "河道"
kind = "http"
url = "https://h/x"
every_s = 60
crs = "GCJ-02"
owner = "水务局"

[[feed.map]]
rows = "$.data[*]"
id = "$.id"
time = "$.t"
value = "$.v"
property = "river_stage"
unit = "cm"

[[feed]]
name = "设备"
kind = "mqtt"
url = "mqtts://h"
topics = ["v1.1/Observations"]
password = "env:WATER"
"#;

const STRANGERS: &[Try] = &[
    ("kind = \"http\"", "kind = \"rest\"", 5, "kind", "是否应为“http”", "did you mean 'http'"),
    ("kind = \"http\"", "type = \"http\"", 3, "kind", "缺少；可选", "is missing"),
    ("kind = \"mqtt\"", "kind = \"MQTT\"", 21, "kind", "是否应为“mqtt”", "did you mean 'mqtt'"),
    ("every_s = 60", "interval = 60", 7, "interval", "间隔写 every_s，单位秒", "it is every_s"),
    ("every_s = 60", "间隔 = 60", 7, "间隔", "字段名用英文：every_s", "field names are English: every_s"),
    ("every_s = 60", "every_s = \"60s\"", 7, "every_s", "应为整数", "a whole number"),
    ("every_s = 60", "every_s = -5", 7, "every_s", "不小于 0 的整数", "from 0 up"),
    ("every_s = 60", "every_s = 0", 7, "every_s", "应不小于 1", "at least 1"),
    ("every_s = 60", "every_s: 60", 7, "", "写作 名称 = 值", "name = value"),
    ("url = \"https://h/x\"", "url = https://h/x", 6, "", "", ""),
    ("url = \"https://h/x\"", "url ＝ \"https://h/x\"", 6, "", "全角符号“＝”", "half-width"),
    ("url = \"https://h/x\"\n", "", 3, "url", "缺少字段“url”", "missing field 'url'"),
    ("url = \"https://h/x\"", "url = \"h/x\"", 6, "url", "“h/x”不对；应为 http://", "expected http://"),
    ("every_s = 60", "username = \"a\"", 7, "username", "login", "login"),
    ("crs = \"GCJ-02\"", "crs = \"gcj\"", 8, "crs", "没有“gcj”这个坐标系", "GCJ-02, BD-09"),
    ("crs = \"GCJ-02\"", "crs = \"EPSG:99999\"", 8, "crs", "没有“EPSG:99999”这个坐标系", "no known system"),
    ("owner = \"水务局\"", "owner = { zh = \"水务局\" }", 9, "owner", "应为一段文字，或两种语言", "both languages"),
    ("owner = \"水务局\"", "部门 = \"水务局\"", 9, "部门", "字段名用英文：owner", "owner"),
    ("[[feed.map]]", "[feed.mapping]", 11, "mapping", "映射写作 [[feed.map]]", "[[feed.map]]"),
    ("rows = \"$.data[*]\"", "rows = \"data\"", 12, "rows", "应为 JSONPath", "a JSONPath"),
    ("rows = \"$.data[*]\"", "rows = \"$.data[\"", 12, "rows", "不是 JSONPath", "no JSONPath"),
    ("id = \"$.id\"", "device = \"$.id\"", 13, "device", "应写 id", "it is id"),
    ("id = \"$.id\"", "id = \"topic:x\"", 13, "id", "第一级为 1", "topic:N"),
    ("time = \"$.t\"", "timestamp = \"$.t\"", 14, "timestamp", "应写 time", "it is time"),
    ("time = \"$.t\"", "time = \"$.t\"\ntime_format = \"unix\"", 15, "time_format", "“unix”不对；应为 auto", "epoch_s"),
    ("time = \"$.t\"", "time = \"$.t\"\nzone = \"Asia/Shanghai\"", 15, "zone", "时区应写作 +08:00", "+08:00"),
    ("value = \"$.v\"\n", "", 11, "value", "缺少", "is missing"),
    ("\"river_stage\"", "\"river_level\"", 16, "property", "没有“river_level”这个属性", "is unknown"),
    ("\"river_stage\"", "\"水位\"", 16, "property", "是否应为“river_stage”", "did you mean 'river_stage'"),
    ("unit = \"cm\"", "unit = \"mm/h\"", 17, "unit", "不能换算成", "cannot be converted"),
    ("unit = \"cm\"", "unit = \"公分\"", 17, "unit", "不认识单位“公分”", "unknown unit"),
    ("unit = \"cm\"", "lon = \"$.x\"", 17, "lon", "要一起写", "belong together"),
    ("name = \"设备\"", "name = \"河道\"", 20, "name", "已被前面的来源使用", "there already"),
    ("mqtts://h", "mqtts://user:pw@h", 22, "url", "用户和口令不写在地址里", "not into the address"),
    (
        "topics = [\"v1.1/Observations\"]",
        "topics = \"v1.1/Observations\"",
        23,
        "topics",
        "方括号列表",
        "a list in brackets",
    ),
    ("topics = [\"v1.1/Observations\"]", "topic = \"v1.1/#\"", 23, "topic", "应写 topics", "it is topics"),
    ("v1.1/Observations", "v1.1/#/x", 23, "topics[0]", "不是 MQTT 主题过滤器", "no MQTT filter"),
    ("\"env:WATER\"", "\"hunter2\"", 24, "password", "只写环境变量名", "named, not written down"),
    ("\"env:WATER\"", "env:WATER", 24, "", "应加引号", "quotes around it"),
    ("password = \"env:WATER\"", "qos = 1", 24, "qos", "不用写 qos", "no qos field"),
    ("password = \"env:WATER\"", "password = \"env:WATER\"\ntopics = []", 25, "topics", "写了两次", "written twice"),
    ("format = \"guanlan-feeds/1\"\n", "", 1, "format", "缺少版本行", "is missing"),
    ("[[feed]]\nname = \"设备\"", "[[feeds]]\nname = \"设备\"", 19, "feeds", "单独写一个 [[feed]]", "[[feed]]"),
];

fn wrong(feed: &str) -> FileError {
    FeedsFile::parse("f.toml", &format!("format = \"guanlan-feeds/1\"\n{feed}")).unwrap_err()
}

#[test]
fn mistakes_name_file_line_and_field() {
    let map = "[[feed.map]]\nid = \"id\"\nvalue = \"v\"\n";
    for (feed, line, field, word) in [
        ("[[feed]]\nkind = \"http\"\n", 2, "name", "name"),
        ("[[feed]]\nname = \"a\"\n", 2, "feed \"a\".kind", "missing"),
        ("[[feed]]\nname = \"a\"\nkind = \"htp\"\n", 4, "feed \"a\".kind", "htp"),
        ("[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = \"x\"\nurls = \"y\"\n", 6, "feed \"a\".urls", "urls"),
        ("[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = 3\n", 5, "feed \"a\".url", "text in quotes"),
        ("[[feed]]\nname = \"a\"\nkind = \"http\"\nurl = \"ftp://h\"\n", 5, "feed \"a\".url", "http://"),
        (
            "[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ntopics = [\"a/#/b\"]\n",
            6,
            "feed \"a\".topics[0]",
            "filter",
        ),
        (
            "[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ntopics = [\"a/b\", \"a/+\"]\n",
            6,
            "feed \"a\".topics[1]",
            "overlaps",
        ),
        (
            "[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\npassword = \"hunter2\"\n",
            6,
            "feed \"a\".password",
            "env:NAME",
        ),
        ("[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\ncrs = \"Mars\"\n", 6, "feed \"a\".crs", "Mars"),
        (
            "[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = \"x\"\n[[feed]]\nname = \"a\"\nkind = \"cap\"\nurl = \"x\"\n",
            7,
            "feed \"a\".name",
            "already",
        ),
        ("[feeds]\n", 2, "feeds", "unknown"),
        ("x = \n", 2, "file", ""),
    ] {
        let said = wrong(feed);
        assert!(said.field.contains(field), "{feed}: {said}");
        assert!(said.line == line && said.reason.contains(word) && said.file == "f.toml", "{feed}: {said}");
        assert!(!said.to_string().contains("hunter2"), "a secret is not repeated");
    }
    let http = "[[feed]]\nname = \"a\"\nkind = \"http\"\nurl = \"http://h\"\n";
    for (more, line, field) in [
        ("property = \"depth\"\n", 9, "map[0].property"),
        ("property = \"river_stage\"\nunit = \"mm/h\"\n", 10, "map[0].unit"),
        ("unit = \"ft\"\n", 9, "map[0].unit"),
        ("time_format = \"noon\"\n", 9, "map[0].time_format"),
        ("zone = \"+8\"\n", 9, "map[0].zone"),
        ("time = \"$..[\"\n", 9, "map[0].time"),
        ("as = \"position\"\n", 6, "map[0].lon"),
        ("as = \"bird\"\n", 9, "map"),
    ] {
        let said = wrong(&format!("{http}{map}{more}"));
        assert!(said.field.contains(field), "{more}: {said}");
        assert_eq!(said.line, line, "{more}: {said}");
    }
    assert_eq!(FeedsFile::parse("f.toml", "").unwrap_err().field, "format");
    assert_eq!(FeedsFile::parse("f.toml", "format = \"guanlan-feeds/9\"").unwrap_err().line, 1);
}

#[test]
fn secrets_stay_in_the_environment() {
    let feed = "format = \"guanlan-feeds/1\"\n[[feed]]\nname = \"a\"\nkind = \"mqtt\"\nurl = \"mqtt://h\"\npassword = \"env:GUANLAN_TEST_NO_SUCH\"\n";
    let file = FeedsFile::parse("f.toml", feed).unwrap();
    let Kind::Mqtt(mqtt) = &file.feeds[0].kind else { panic!() };
    assert!(mqtt.password.as_ref().unwrap().value().unwrap_err().contains("GUANLAN_TEST_NO_SUCH"));
}

#[test]
fn the_schema_knows_every_kind_and_its_fields() {
    let schema = schema();
    let kinds = schema["properties"]["feed"]["items"]["oneOf"].as_array().unwrap();
    assert_eq!(kinds.len(), KINDS.len());
    for kind in kinds {
        let fields = kind["properties"].as_object().unwrap();
        for common in COMMON {
            assert!(fields.contains_key(common), "{} has no {common}", kind["title"]);
        }
    }
    let text = schema.to_string();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schema["$defs"].get(name).is_some(), "{name} is referred to and not there");
    }
}

mod fuzz {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn no_text_makes_the_reader_fall(cut in 0usize..6000, noise in "[ -~\n一-龥]{0,40}") {
            let mut end = cut.min(super::WHOLE.len());
            while !super::WHOLE.is_char_boundary(end) {
                end -= 1;
            }
            let text = format!("{}{noise}", &super::WHOLE[..end]);
            if let Err(error) = super::FeedsFile::parse("f", &text) {
                prop_assert!(error.line <= text.lines().count() + 1);
            }
        }
    }
}
