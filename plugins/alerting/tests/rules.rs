//! Rule files: what is accepted, and that a mistake is named with its line and field.
#![allow(clippy::unwrap_used)]

use guanlan_alerting::{RuleSet, rule_schema};
use guanlan_core::ObservedProperty;

const GOOD: &str = r#"format = 1

[[rule]]
name = "first"
version = 1
property = "noise"
title = { zh = "一", en = "one" }
blue = 1
red = 3

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

#[test]
fn the_default_rules_cover_every_property() {
    let set = RuleSet::defaults();
    // Where a camera looks and how high a drone flies is nobody's danger.
    let harmless = [ObservedProperty::Other, ObservedProperty::CameraBearing, ObservedProperty::DroneHeight];
    for p in ObservedProperty::ALL.into_iter().filter(|p| !harmless.contains(p)) {
        assert!(set.rules().iter().any(|r| r.property == Some(p)), "{p:?}");
    }
    let air = set.find("air-pm25").unwrap();
    assert_eq!(air.thresholds, [Some(35.5), Some(60.5), Some(115.5), Some(150.5)]);
    assert_eq!(set.find("road-water").unwrap().tag, "road-water@1");
}

#[test]
fn a_good_file_is_read() {
    let set = RuleSet::parse("good.toml", GOOD).unwrap();
    assert_eq!(set.rules().len(), 2);
    assert_eq!(set.rules()[0].hysteresis, 0.2, "10 % of the step");
    assert_eq!(set.rules()[1].stations.len(), 1);
}

#[test]
fn mistakes_are_named_with_line_and_field() {
    for (from, to, line, field, says) in [
        ("format = 1", "format = 3", 1, "format", "expected 1"),
        ("version = 2", "version = 0", 13, "second.version", "1 or more"),
        ("property = \"noise\"", "property = \"noize\"", 6, "first.property", "expected one of"),
        ("red = 3", "red = 0.5", 9, "first.red", "not above the blue threshold 1"),
        ("red = 3", "red = nan", 9, "first.red", "finite"),
        ("name = \"second\"", "name = \"first\"", 12, "first.name", "twice"),
        ("name = \"second\"", "name = \"Zwei\"", 12, "Zwei.name", "a-z"),
        ("yellow = 3.0", "yellow = 1.0", 19, "second.station.yellow", "not above"),
        ("red = 3", "red = 3\non_delay_s = -1", 10, "first.on_delay_s", "0 to 86400"),
        ("red = 3", "red = 3\nscale = \"aqi\"", 10, "first.scale", "pm25"),
        ("red = 3", "red = 3\ncolour = 1", 10, "toml", "unknown field"),
        ("blue = 1", "blue = \"one\"", 8, "toml", "expected f64"),
        ("version = 1", "version = ", 5, "toml", ""),
        ("red = 3", "red = 3\nkind = \"quality\"", 3, "first", "one level"),
    ] {
        assert!(GOOD.contains(from));
        let error = RuleSet::parse("bad.toml", &GOOD.replacen(from, to, 1)).unwrap_err();
        assert!(error.field.starts_with(field), "{to}: {error}");
        assert!(error.message.contains(says), "{to}: {error}");
        if field != "first" {
            assert_eq!(error.line, line, "{to}: {error}");
        }
        assert!(error.to_string().starts_with(&format!("bad.toml:{}: ", error.line)));
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    for cut in 0..GOOD.len() {
        if GOOD.is_char_boundary(cut) {
            let _ = RuleSet::parse("cut", &GOOD[..cut]);
        }
    }
}

#[test]
fn the_schema_names_every_field_and_property() {
    let schema = rule_schema().to_string();
    for word in
        ["format", "rule", "hysteresis", "on_delay_level_s", "station", "max_active", "road_water_depth", "latch"]
    {
        assert!(schema.contains(&format!("\"{word}\"")), "{word} is not in the schema");
    }
}
