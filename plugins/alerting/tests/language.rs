//! The rule language: the shipped files pass their own tests, and each kind of rule does what it says.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use guanlan_alerting::{
    RuleSet,
    bench::{Bench, read_csv, run_tests},
    explain,
};
use guanlan_city::City;
use guanlan_core::{AlertLevel::*, Stamp};

const CITY: &str = include_str!("../../../assets/rules/city.toml");

fn rules(text: &str) -> RuleSet {
    RuleSet::parse("test.toml", &format!("format = 1\n{text}")).unwrap_or_else(|e| panic!("{e}"))
}

fn pass(rules: &RuleSet) -> usize {
    let outcomes = run_tests(rules, &Arc::new(City::default()));
    for o in &outcomes {
        assert!(o.passed, "{} {}: {:#?}", o.rule, o.name, o.faults);
    }
    outcomes.len()
}

#[test]
fn the_shipped_files_pass_their_own_tests() {
    assert!(pass(&RuleSet::defaults()) >= 2);
    assert!(pass(&RuleSet::parse("city.toml", CITY).unwrap()) >= 5);
}

#[test]
fn a_test_that_is_wrong_fails_with_what_came() {
    let set = rules(
        r#"
[[rule]]
name = "n"
version = 1
property = "noise"
title = { zh = "声", en = "n" }
blue = 60
[[rule.test]]
name = "wrong"
series = "0:50 30:61 60:62"
expect = "60 blue, 90 normal"
"#,
    );
    let outcomes = run_tests(&set, &Arc::new(City::default()));
    assert!(!outcomes[0].passed && outcomes[0].faults.len() == 2, "{:?}", outcomes[0].faults);
    assert!(outcomes[0].faults[0].contains("got s@30 blue"), "{:?}", outcomes[0].faults);
    assert_eq!(outcomes.len(), 1);
}

#[test]
fn windows_rates_and_both_sides() {
    assert_eq!(
        pass(&rules(
            r#"
[[rule]]
name = "mean"
version = 1
property = "pm10"
title = { zh = "均", en = "mean" }
measure = "mean"
window_s = 120
yellow = 60
hysteresis = 0
[[rule.test]]
name = "one loud reading of three is not enough, two are"
period_s = 60
series = "0:50 60:50 120:70 180:70 240:50 300:50"
expect = "180 yellow, 300 normal"

[[rule]]
name = "leq"
version = 1
property = "noise"
title = { zh = "等效声级", en = "leq" }
measure = "mean"
window_s = 120
yellow = 60
hysteresis = 0
[[rule.test]]
name = "sound is averaged by energy: one loud reading of three is enough"
period_s = 60
series = "0:50 60:50 120:70 180:50 240:50 300:50"
expect = "120 yellow, 300 normal"

[[rule]]
name = "fall"
version = 1
property = "river_stage"
title = { zh = "退", en = "fall" }
measure = "rate"
window_s = 600
direction = "below"
blue = -0.01
hysteresis = 0
[[rule.test]]
name = "a river that falls faster than a centimetre a minute"
period_s = 300
series = "0:5 300:5 600:4.8 900:4.5 1200:4.5 1500:4.5"
expect = "600 blue, 1500 normal"

[[rule]]
name = "total"
version = 1
property = "rain_intensity"
title = { zh = "累", en = "total" }
measure = "total"
window_s = 3600
blue = 10
hysteresis = 0
[[rule.test]]
name = "thirty millimetres an hour are ten after twenty minutes"
period_s = 60
series = "0..1500:30"
expect = "1200 blue"
"#
        )),
        4
    );
}

#[test]
fn areas_count_and_fall_silent() {
    assert_eq!(
        pass(&rules(
            r#"
[[area]]
name = "old-town"
title = { zh = "老城", en = "Old town" }
centre_m = [0, 0]
radius_m = 300

[[rule]]
name = "max"
version = 1
property = "noise"
title = { zh = "最", en = "max" }
over = "area"
area = "old-town"
combine = "max"
blue = 60
hysteresis = 0
[[rule.test]]
name = "only streams inside count"
stream = [
  { sensor = "in", place_m = [100, 100], series = "0:50 30:61 60:50" },
  { sensor = "out", place_m = [900, 0], series = "0:90 30:90 60:90" },
]
expect = "area/old-town@30 blue, 60 normal"

[[rule]]
name = "sum"
version = 1
property = "pumps_running"
title = { zh = "泵", en = "pumps" }
over = "city"
combine = "sum"
direction = "below"
at_least_streams = 2
yellow = 2
hysteresis = 0
[[rule.test]]
name = "fewer than two speaking stations say nothing; silence neither raises nor clears"
until_s = 900
stream = [
  { sensor = "a", series = "0:1 30:1 60:1 90:1 120..900:1" },
  { sensor = "b", series = "60:4 90:1 120:1" },
]
expect = "90 yellow"

[[rule]]
name = "near"
version = 1
property = "pm25"
title = { zh = "邻", en = "near" }
over = "neighbours"
radius_m = 500
combine = "mean"
at_least_streams = 2
blue = 100
hysteresis = 0
[[rule.test]]
name = "the mean of neighbours, seen from each"
stream = [
  { sensor = "a", place_m = [0, 0], series = "0:90 30:90" },
  { sensor = "b", place_m = [300, 0], series = "0:120 30:120" },
  { sensor = "far", place_m = [3000, 0], series = "0:300 30:300" },
]
expect = "b@0 blue, a@30 blue"

[[rule]]
name = "loud"
version = 1
property = "noise"
title = { zh = "声", en = "loud" }
over = "city"
combine = "mean"
yellow = 65
hysteresis = 0
[[rule.test]]
name = "levels of places are averaged by energy: 50 and 70 dB are 67 together, 50 and 60 are 57.4"
stream = [
  { sensor = "a", series = "0:50 30:50 60:50" },
  { sensor = "b", series = "0:50 30:70 60:60" },
]
expect = "30 yellow, 60 normal"

[[rule]]
name = "loud-near"
version = 1
property = "noise"
title = { zh = "邻声", en = "loud nearby" }
over = "neighbours"
radius_m = 500
combine = "mean"
at_least_streams = 2
blue = 65
hysteresis = 0
[[rule.test]]
name = "also of neighbours"
stream = [
  { sensor = "a", place_m = [0, 0], series = "0:50 30:50" },
  { sensor = "b", place_m = [300, 0], series = "0:70 30:50" },
]
expect = "b@0 blue, a@30 blue, b@30 normal"
"#
        )),
        5
    );
}

#[test]
fn composites_hold_negate_and_watch_rules() {
    assert_eq!(
        pass(&rules(
            r#"
[[rule]]
name = "gas"
version = 1
property = "gas_lel"
title = { zh = "气", en = "gas" }
yellow = 10
red = 50

[[rule]]
name = "gas-unwatched"
version = 1
kind = "composite"
title = { zh = "无人看", en = "unwatched" }
levels = { orange = "gas 且 非 camera", red = "gas and atleast(2, gas, cold, camera)" }
[[rule.when]]
name = "gas"
rule = "gas"
level = "yellow"
[[rule.when]]
name = "camera"
property = "camera_online"
at_least = 1
over = "neighbours"
radius_m = 100
[[rule.when]]
name = "cold"
property = "temperature"
at_most = 0
hold_s = 60
[[rule.test]]
name = "the camera goes dark, then it freezes for a minute"
stream = [
  { sensor = "g", property = "gas_lel", place_m = [0, 0], series = "0..600:20" },
  { sensor = "c", property = "camera_online", place_m = [50, 0], series = "0:1 60:1 120:0 150..600:0" },
  { sensor = "t", property = "temperature", place_m = [5000, 0], series = "0:5 200:-1 300:-1 330..600:-1" },
]
expect = "g@0 red, g@120 orange, g@260 red"
"#
        )),
        1
    );
}

#[test]
fn mistakes_of_the_new_fields_are_named() {
    let base =
        "[[rule]]\nname = \"r\"\nversion = 1\nproperty = \"noise\"\ntitle = { zh = \"一\", en = \"one\" }\nblue = 1\n";
    let composite = "[[rule]]\nname = \"c\"\nversion = 1\nkind = \"composite\"\ntitle = { zh = \"一\", en = \"one\" }\n\
                     levels = { red = \"a and b\" }\n[[rule.when]]\nname = \"a\"\nproperty = \"noise\"\nat_least = 1\n";
    for (text, field, says) in [
        (format!("{base}window_s = 60\n"), "r.window_s", "has no window"),
        (format!("{base}measure = \"rate\"\nwindow_s = 0\n"), "r.window_s", "1 to 86400"),
        (format!("{base}measure = \"speed\"\n"), "r.measure", "unknown variant"),
        (format!("{base}within_min = 5\n"), "r.within_min", "forecast"),
        (format!("{base}over = \"area\"\n"), "r.area", "needs the area"),
        (format!("{base}over = \"area\"\narea = \"x\"\n"), "r.area", "no area of this file"),
        (format!("{base}combine = \"max\"\n"), "r.combine", "over"),
        (format!("{base}over = \"city\"\ncombine = \"count\"\n"), "r.each", "counts streams"),
        (format!("{base}like = \"r\"\n"), "r.like", "leave out"),
        (format!("{base}escalate_s = [3, 2, 1]\n"), "r.escalate_s", "later"),
        (format!("{base}outlook = {{ within_min = 0 }}\n"), "r.outlook.within_min", "1 to 1440"),
        (format!("{base}levels = {{ red = \"a\" }}\n"), "r.when", "composite"),
        (composite.into(), "c.levels.red", "'b' is no condition"),
        (composite.replace("at_least = 1", ""), "c.when", "exactly one"),
        (composite.replace("name = \"a\"", "name = \"and\""), "c.when[1].name", "letter"),
        (
            composite.replace("property = \"noise\"\nat_least = 1", "rule = \"gone\"").replace("a and b", "a"),
            "c.",
            "gone",
        ),
        (
            format!("{base}[[inhibit]]\nsource = {{ rule = \"q\" }}\ntarget = {{}}\nequal = [\"sensor\"]\n"),
            "inhibit.source.rule",
            "no rule",
        ),
        (format!("{base}[[inhibit]]\nsource = {{}}\ntarget = {{}}\nequal = [\"planet\"]\n"), "inhibit.equal", "planet"),
        (format!("{base}[notify]\ncards = 0\n"), "notify.cards", "1 to 200"),
        (
            format!("{base}[[area]]\nname = \"a\"\ntitle = {{ zh = \"a\", en = \"a\" }}\n"),
            "area.a.ring_m",
            "three corners",
        ),
        (format!("{base}[[rule.test]]\nname = \"t\"\nexpekt = \"\"\n"), "r.expekt", "did you mean 'expect'?"),
    ] {
        let error = RuleSet::parse("bad.toml", &format!("format = 1\n{text}")).unwrap_err();
        assert!(error.field.starts_with(field) && error.message.contains(says), "{text}\n{error}");
        assert!(error.line >= 1);
    }
}

#[test]
fn recorded_data_prints_every_transition() {
    let path = std::env::temp_dir().join(format!("guanlan-alerts-{}.csv", std::process::id()));
    std::fs::write(
        &path,
        "time,sensor,property,value\n# the golden series, shortened\n2026-07-01T08:00:00+08:00,g,road_water_depth,4\n\
         2026-07-01 08:00:30,g,road_water_depth,6\n1782864060,g,road_water_depth,7\n90,g,road_water_depth,8\n",
    )
    .unwrap();
    let recorded = read_csv(&path, None).unwrap();
    std::fs::write(&path, "time,sensor,value\n0,g,4\n30,g,six\n").unwrap();
    let error = read_csv(&path, None).unwrap_err();
    std::fs::write(&path, "\u{feff}Time,g:road_water_depth,h\n0,4,1\n30,28,\n60,28,2\n90,29,3\n").unwrap();
    let wide = read_csv(&path, None).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!((error.line, error.field.as_str()), (3, "value"), "{error}");
    assert_eq!((recorded.streams[0].period_s, recorded.rows.len()), (30, 4));
    let city = Arc::new(City::default());
    let mut bench = Bench::new(&RuleSet::defaults(), &city);
    bench.play(&recorded, Some(Stamp::from_secs(1_782_864_000 + 600)));
    let all: Vec<_> = bench.transitions.iter().map(|t| (t.after_s, t.what.as_str(), t.rule.as_str(), t.to)).collect();
    assert_eq!(
        all,
        [(90.0, "raise", "road-water@1", Blue), (391.0, "raise", "device-offline@1", Blue)],
        "stale data does not clear"
    );
    assert_eq!((wide.rows.len(), wide.streams.len()), (7, 2));
    let mut bench = Bench::new(&RuleSet::defaults(), &city);
    bench.play(&wide, None);
    assert_eq!(bench.transitions.iter().map(|t| (t.after_s, t.to)).collect::<Vec<_>>(), [(90.0, Red)]);
}

#[test]
fn an_outlook_says_red_in_so_many_minutes() {
    let city = Arc::new(City::default());
    let set = rules(
        "[[rule]]\nname = \"w\"\nversion = 3\nproperty = \"road_water_depth\"\ntitle = { zh = \"水\", en = \"water\" }\n\
         yellow = 5\nred = 27\noutlook = { within_min = 60, window_s = 1800 }\n\
         [[rule.test]]\nname = \"x\"\nseries = \"0:0\"\nexpect = \"\"\n",
    );
    let path = std::env::temp_dir().join(format!("guanlan-eta-{}.csv", std::process::id()));
    let lines: String = (0..=16).map(|m| format!("{},g,road_water_depth,{}\n", m * 60, 0.5 * f64::from(m))).collect();
    std::fs::write(&path, format!("time,sensor,property,value\n{lines}")).unwrap();
    let recorded = read_csv(&path, None).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut bench = Bench::new(&set, &city);
    bench.play(&recorded, None);
    let alert = bench.book().active()[0].clone();
    let eta = alert.eta.unwrap();
    assert_eq!((eta.level, eta.model), (Red, false));
    let minutes = (eta.at - Stamp(1_782_864_000_000 + 16 * 60_000)) as f64 / 60_000.0;
    assert!((minutes - 38.0).abs() < 0.1, "8 cm and half a centimetre a minute: {minutes}");
    let why = explain(&alert, &set);
    let all: String = why.lines.iter().map(|l| format!("{}\n{}\n", l.zh, l.en)).collect();
    for says in [
        "约 38 分钟后",
        "red in 38 min",
        "w@3",
        &why.rule_hash[..12],
        "阈值（达到或高于）：黄 5 cm、红 27 cm",
        "依据：",
        "proof: ",
    ] {
        assert!(all.contains(says), "{says} is not in\n{all}");
    }
}

#[test]
fn a_mean_of_levels_says_that_it_is_one_of_energy() {
    let set = rules(
        "[[rule]]\nname = \"n\"\nversion = 1\nproperty = \"noise\"\ntitle = { zh = \"声\", en = \"noise\" }\nover = \"city\"\n\
         combine = \"mean\"\nyellow = 65\nhysteresis = 0\n\
         [[rule.test]]\nname = \"x\"\nseries = \"0:70\"\nexpect = \"0 yellow\"\n",
    );
    let path = std::env::temp_dir().join(format!("guanlan-leq-{}.csv", std::process::id()));
    std::fs::write(&path, "time,sensor,property,value\n0,a,noise,50\n0,b,noise,70\n").unwrap();
    let recorded = read_csv(&path, None).unwrap();
    std::fs::remove_file(&path).unwrap();
    let mut bench = Bench::new(&set, &Arc::new(City::default()));
    bench.play(&recorded, None);
    let alert = bench.book().active()[0].clone();
    let why = explain(&alert, &set);
    let all: String = why.lines.iter().map(|l| format!("{}\n{}\n", l.zh, l.en)).collect();
    assert!(all.contains("能量平均") && all.contains("mean by energy (Leq)"), "{all}");
    let value = why.evidence.last().unwrap().value;
    assert!((value - 67.03).abs() < 0.01, "{value}");
}
