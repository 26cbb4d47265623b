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
