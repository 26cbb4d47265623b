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
        ("red = 3", "red = 3\ncolour = 1", 10, "first.colour", "levels are blue"),
        ("blue = 1", "blue = \"one\"", 8, "first.blue", "expected a number in dB(A)"),
        ("version = 1", "version = ", 5, "first.version", ""),
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

/// One rule of a newcomer, to make mistakes in.
const NEW: &str = r#"format = 1
[[rule]]
name = "road-water"
version = 1
property = "road_water_depth"
title = { zh = "道路积水", en = "Road water" }
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

#[test]
fn a_newcomer_is_told_what_was_meant() {
    RuleSet::parse("new.toml", NEW).unwrap();
    for (from, to, line, field, says) in [
        ("hysteresis", "histeresis", 10, "road-water.histeresis", "did you mean 'hysteresis'?"),
        ("on_delay_s", "for", 11, "road-water.for", "a dwell is on_delay_s"),
        ("red = 27", "purple = 27", 9, "road-water.purple", "blue, yellow, orange and red"),
        ("blue = 5", "blue = \"5 cm\"", 7, "road-water.blue", "a number in cm without quotes"),
        ("\"road_water_depth\"", "\"road_water_dpeth\"", 5, "road-water.property", "did you mean 'road_water_depth'?"),
        ("\"road_water_depth\"", "\"噪声\"", 5, "road-water.property", "did you mean 'noise'?"),
        ("title = { zh = \"道路积水\", en = \"Road water\" }\n", "", 2, "road-water.title", "expected title = { zh ="),
        (
            "title = { zh = \"道路积水\", en = \"Road water\" }",
            "title = \"积水\"",
            6,
            "road-water.title",
            "both languages",
        ),
        ("version = 1\n", "", 2, "road-water.version", "expected version = 1"),
        ("format = 1\n", "", 1, "format", "expected format = 1"),
        ("[[rule]]", "[rule]", 2, "", "double brackets"),
        ("yellow = 15", "yellow = 3", 8, "road-water.yellow", "not above the blue threshold 5"),
        ("0:4 30:6", "0=4, 30=6", 14, "road-water.test \"golden\".series", "expected seconds:value"),
        ("90 blue,", "90s BLUE,", 15, "road-water.test \"golden\".expect", "expected seconds and a level"),
        ("red = 27", "red = 27\nsensors = [\"G-1\"]", 15, "road-water.test \"golden\".series", "sensor = \"G-1\""),
        ("hysteresis = 2", "measure = \"average\"", 10, "road-water.measure", "it is mean"),
        ("hysteresis = 2", "direction = \"up\"", 10, "road-water.direction", "it is above"),
    ] {
        assert!(NEW.contains(from), "{from}");
        let error = RuleSet::parse("new.toml", &NEW.replacen(from, to, 1)).unwrap_err();
        assert!(error.field.starts_with(field) && error.message.contains(says), "{to}: {error}");
        assert_eq!(error.line, line, "{to}: {error}");
    }
    let yaml = RuleSet::parse("new.toml", "rules:\n  - name: x\n").unwrap_err();
    assert_eq!(yaml.line, 1, "{yaml}");
}

#[test]
fn what_is_odd_is_noted_and_what_ships_is_not_odd() {
    let notes = |text: &str| RuleSet::parse("new.toml", text).unwrap().notes();
    assert_eq!(notes(NEW), []);
    let metres = NEW.replace("= 5\n", "= 0.05\n").replace("= 15\n", "= 0.15\n").replace("= 27\n", "= 0.27\n");
    let metres = metres.replace("hysteresis = 2", "hysteresis = 0.01");
    for (text, line, field, says) in [
        (metres, 9, "road-water.red", "are in cm"),
        (NEW.replace("red = 27", "red = 5000"), 9, "road-water.red", "beyond what a reading can be"),
        (NEW.replace("hysteresis = 2", "hysteresis = 11"), 10, "road-water.hysteresis", "wider than the step of 10"),
        (NEW.replace("blue = 5\nyellow = 15\nred = 27\n", ""), 2, "road-water.blue", "raises nothing"),
    ] {
        let said = notes(&text);
        let found = said.iter().any(|n| n.line == line && n.field == field && n.message.contains(says));
        assert!(found, "{text}\n{said:?}");
    }
    // River levels come from each city's data.
    let shipped = RuleSet::defaults().notes();
    assert!(shipped.iter().all(|n| n.field == "river-stage.blue"), "{shipped:?}");
}

#[test]
fn the_manual_knows_every_property_with_its_unit() {
    let manual = include_str!("../../../assets/rules/README.md");
    for p in ObservedProperty::ALL {
        let row = manual.lines().find(|l| l.starts_with(&format!("| `{}` |", p.key())));
        let row = row.unwrap_or_else(|| panic!("{} is missing", p.key()));
        assert!(
            p == ObservedProperty::Other || p.unit().is_empty() || row.contains(&format!("| {} |", p.unit())),
            "{row}"
        );
    }
}
