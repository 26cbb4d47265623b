//! The tests that rules carry themselves.

use std::sync::Arc;

use guanlan_city::City;
use guanlan_core::{Bilingual, ObservedProperty, Stamp, input::SensorDeclared};
use serde::Serialize;

use super::{
    record::{Recorded, Row, START},
    run::{Bench, Transition},
    series::{parse_expected, parse_series},
};
use crate::rules::{Rule, RuleSet, TestSpec};

/// How one test of a rule went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TestOutcome {
    /// The rule.
    pub rule: String,
    /// What the test shows.
    pub name: String,
    /// True when everything came as expected.
    pub passed: bool,
    /// What was expected and did not come, or came and was not expected; or what is wrong with the test.
    pub faults: Vec<String>,
    /// Every change of the rule, in order.
    pub transitions: Vec<Transition>,
}

/// How far an expected time may be off, s: times are written in whole seconds.
const OFF_S: f64 = 0.5;

/// Runs the tests of all rules of a file, in its order.
#[must_use]
pub fn run_tests(rules: &RuleSet, city: &Arc<City>) -> Vec<TestOutcome> {
    let tests = rules.rules().iter().flat_map(|rule| rule.tests.iter().map(move |test| (rule, test)));
    tests
        .map(|(rule, test)| {
            let name = test.name.clone();
            match run(rules, rule, test, city) {
                Ok((faults, transitions)) => {
                    TestOutcome { rule: rule.tag.clone(), name, passed: faults.is_empty(), faults, transitions }
                }
                Err(fault) => TestOutcome {
                    rule: rule.tag.clone(),
                    name,
                    passed: false,
                    faults: vec![fault],
                    transitions: Vec::new(),
                },
            }
        })
        .collect()
}

/// What is wrong with a test as written: its field and what was expected.
///
/// # Errors
/// The first thing that is wrong.
pub(crate) fn check_test(rule: &Rule, test: &TestSpec) -> Result<(), (String, String)> {
    let at = |field: &str| {
        let field = field.to_owned();
        move |message: String| (field, message)
    };
    let start = start_of(test).map_err(at("start"))?;
    parse_expected(&test.expect).map_err(at("expect"))?;
    let step = test.period_s.unwrap_or(30);
    parse_series(&test.series, step).map_err(at("series"))?;
    for stream in &test.stream {
        parse_series(&stream.series, stream.period_s.unwrap_or(step)).map_err(at("stream.series"))?;
    }
    let recorded = recorded(rule, test, start).map_err(at("series"))?;
    if !rule.only.is_empty() && !recorded.streams.iter().any(|s| rule.concerns(&s.sensor)) {
        let first = rule.only.iter().next().map_or("", |s| s.as_str());
        return Err((
            "series".into(),
            format!(
                "the rule is only for its sensors ({first} …) and the test has readings of none of them; \
                 expected [[rule.test.stream]] with sensor = \"{first}\" and series = \"…\""
            ),
        ));
    }
    Ok(())
}

fn start_of(test: &TestSpec) -> Result<Stamp, String> {
    match &test.start {
        None => Ok(START),
        Some(text) => Stamp::parse(text).ok_or_else(|| format!("'{text}'; expected 2026-07-01T08:00:00+08:00")),
    }
}

fn recorded(rule: &Rule, test: &TestSpec, start: Stamp) -> Result<Recorded, String> {
    let mut out = Recorded::default();
    let own = rule.property.unwrap_or(ObservedProperty::Other);
    let step = test.period_s.unwrap_or(30);
    let mut add = |id: &str, property, place_m, period_s: u32, series: &str| -> Result<(), String> {
        out.streams.push(SensorDeclared { sensor: id.into(), name: Bilingual::same(id), property, place_m, period_s });
        for (s, value) in parse_series(series, period_s)? {
            out.rows.push(Row { at: start + (s * 1000.0).round() as i64, sensor: id.into(), value });
        }
        Ok(())
    };
    if !test.series.is_empty() {
        add("s", own, Some([0.0, 0.0]), step, &test.series)?;
    }
    for stream in &test.stream {
        let property = match &stream.property {
            None => own,
            Some(key) => ObservedProperty::from_key(key).ok_or_else(|| format!("property '{key}' is unknown"))?,
        };
        add(
            &stream.sensor,
            property,
            stream.place_m.or(Some([0.0, 0.0])),
            stream.period_s.unwrap_or(step),
            &stream.series,
        )?;
    }
    out.rows.sort_by_key(|r| r.at);
    if out.rows.is_empty() {
        return Err("no readings; expected a series or streams".into());
    }
    Ok(out)
}

fn run(
    rules: &RuleSet,
    rule: &Rule,
    test: &TestSpec,
    city: &Arc<City>,
) -> Result<(Vec<String>, Vec<Transition>), String> {
    let start = start_of(test)?;
    let recorded = recorded(rule, test, start)?;
    let expected = parse_expected(&test.expect)?;
    let mut bench = Bench::new(rules, city);
    let until = test.until_s.map(|s| start + (s * 1000.0).round() as i64);
    bench.play(&recorded, until);
    let changes: Vec<Transition> =
        bench.transitions.into_iter().filter(|t| t.rule == rule.tag && t.from != t.to).collect();
    let seconds = |t: &Transition| (t.at - start) as f64 / 1000.0;
    let mut faults = Vec::new();
    for (i, wanted) in expected.iter().enumerate() {
        let what = format!("{} {}", wanted.at_s, wanted.level.name().en.to_lowercase());
        match changes.get(i) {
            None => faults.push(format!("应为 {what}，其后没有变化 / expected {what}; nothing more came")),
            Some(t) => {
                let fits = (seconds(t) - wanted.at_s).abs() <= OFF_S
                    && t.to == wanted.level
                    && (wanted.sensor.is_empty() || wanted.sensor == t.sensor.as_str());
                if !fits {
                    let wanted = format!("{}{what}", at(&wanted.sensor));
                    let came = format!("{}@{} {}", t.sensor, seconds(t), t.to.name().en.to_lowercase());
                    faults.push(format!("应为 {wanted}，实为 {came} / expected {wanted}; got {came}"));
                }
            }
        }
    }
    for t in changes.iter().skip(expected.len()) {
        let came = format!("{}@{} {}", t.sensor, seconds(t), t.to.name().en.to_lowercase());
        faults.push(format!("多出的变化 {came} / not expected: {came}"));
    }
    Ok((faults, changes))
}

fn at(sensor: &str) -> String {
    if sensor.is_empty() { String::new() } else { format!("{sensor}@") }
}
