//! What happens to one reading: order, range, jumps, stuck, silence (DOMAIN §2.6, §3.5).
#![allow(clippy::unwrap_used)]

mod common;

use common::{Room, T0, city, reading, spec};
use guanlan_core::{
    Bilingual, Event, Input, Mode, ObservedProperty as P, Stamp,
    input::{Observation, SensorDeclared},
};
use guanlan_sensing::{Quality, QualityReason, Sensed};

fn one(property: P, period_s: u32) -> Room {
    Room::new(&city(vec![spec("s", property, Some([10.0, 10.0]), period_s)]), Mode::Demo)
}

fn told(events: &[Event]) -> Vec<(String, String)> {
    events
        .iter()
        .filter_map(|e| match e {
            Event::SensorQuality { sensor, quality, .. } => Some((sensor.to_string(), quality.clone())),
            _ => None,
        })
        .collect()
}

#[test]
fn duplicates_and_late_readings_never_become_the_latest() {
    let mut room = one(P::RoadWaterDepth, 30);
    room.tick(60, vec![reading("s", 0, 1.0), reading("s", 60, 3.0), reading("s", 60, 9.0), reading("s", 30, 5.0)]);
    assert_eq!(room.row("s").latest, Some((3.0, Stamp::from_secs(T0 + 60))));
    assert_eq!(room.row("s").rate_per_min, Some(2.0));
    let c = room.table().counters();
    assert_eq!((c.accepted, c.duplicate, c.late), (2, 1, 1));
    assert_eq!(room.facts().facts.iter().filter(|f| matches!(f, Sensed::Reading { .. })).count(), 2);
    let trend: Vec<f64> = room.table().trend(0).unwrap().points().iter().map(|p| p.value).collect();
    assert_eq!(trend, [5.0, 3.0], "the late 5 is the peak of its minute");
}

#[test]
fn the_future_goes_to_quarantine() {
    let mut room = one(P::RoadWaterDepth, 30);
    room.tick(0, vec![reading("s", 60, 1.0), reading("s", 61, 2.0)]);
    assert_eq!(room.row("s").latest.unwrap().0, 1.0);
    let c = room.table().counters();
    assert_eq!(c.future, 1);
    assert_eq!((c.quarantine[0].why.as_str(), c.quarantine[0].value), ("future", 2.0));
}

#[test]
fn values_that_are_no_measurements_are_refused_and_told() {
    let mut room = one(P::RoadWaterDepth, 30);
    room.tick(0, vec![reading("s", 0, 1.0)]);
    let nan = Input::Observation(Observation {
        sensor: "s".into(),
        phenomenon: Stamp::from_secs(T0 + 20),
        received: Stamp::from_secs(T0 + 20),
        result: f64::NAN,
    });
    let events = room.tick(30, vec![nan, reading("s", 30, -999.0)]);
    assert_eq!(told(&events), [("s".to_owned(), "suspect".to_owned())]);
    assert_eq!((room.row("s").quality, room.row("s").reason), (Quality::Suspect, QualityReason::OutOfRange));
    assert_eq!(room.row("s").latest.unwrap().0, 1.0);
    let events = room.tick(60, vec![reading("s", 60, 2.0)]);
    assert_eq!(told(&events), [("s".to_owned(), "good".to_owned())]);
    assert_eq!((room.table().counters().out_of_range, room.table().counters().not_a_number), (1, 1));
}

#[test]
fn a_jump_is_taken_when_a_second_reading_confirms_it() {
    let mut room = one(P::RoadWaterDepth, 30);
    room.tick(0, vec![reading("s", 0, 0.0)]);
    room.tick(30, vec![reading("s", 30, 400.0), reading("s", 30, 400.0)]);
    assert_eq!((room.row("s").latest.unwrap().0, room.row("s").reason), (0.0, QualityReason::Spike));
    room.tick(60, vec![reading("s", 60, 1.0)]);
    assert_eq!((room.row("s").latest.unwrap().0, room.row("s").quality), (1.0, Quality::Good));
    room.tick(120, vec![reading("s", 90, 400.0), reading("s", 120, 405.0)]);
    assert_eq!((room.row("s").latest.unwrap().0, room.row("s").quality), (405.0, Quality::Good));
    assert_eq!(room.table().counters().spike, 2);
}

#[test]
fn gas_may_jump() {
    let mut room = one(P::GasLel, 60);
    room.tick(60, vec![reading("s", 0, 0.0), reading("s", 60, 100.0)]);
    assert_eq!((room.row("s").latest.unwrap().0, room.row("s").quality), (100.0, Quality::Good));
}

#[test]
fn a_value_that_stands_still_while_neighbours_move_is_not_trusted() {
    let at = |i: f64| Some([100.0 * i, 50.0]);
    let sensors = vec![
        spec("stuck", P::RoadWaterDepth, at(1.0), 60),
        spec("a", P::RoadWaterDepth, at(2.0), 60),
        spec("b", P::RoadWaterDepth, at(3.0), 60),
        spec("dry", P::RoadWaterDepth, at(4.0), 60),
        spec("far", P::RoadWaterDepth, Some([9000.0, 50.0]), 60),
    ];
    let mut room = Room::new(&city(sensors), Mode::Demo);
    for m in 0..12 {
        let v = m as f64 * 3.0;
        room.tick(
            m * 60,
            vec![
                reading("stuck", m * 60, 7.0),
                reading("a", m * 60, v),
                reading("b", m * 60, v + 5.0),
                reading("dry", m * 60, 0.0),
                reading("far", m * 60, 7.0),
            ],
        );
    }
    assert_eq!((room.row("stuck").quality, room.row("stuck").reason), (Quality::Suspect, QualityReason::Stuck));
    assert_eq!(room.row("dry").quality, Quality::Good);
    assert_eq!(room.row("far").quality, Quality::Good, "nobody near it moves");
    assert!(room.facts().facts.contains(&Sensed::Reading {
        index: 0,
        at: Stamp::from_secs(T0 + 660),
        room_at: Stamp::from_secs(T0 + 660),
        value: 7.0,
        trusted: false
    }));
    room.tick(720, vec![reading("stuck", 720, 7.5)]);
    assert_eq!(room.row("stuck").quality, Quality::Good);
}

#[test]
fn silence_turns_stale_then_offline_and_tells_only_offline() {
    let mut room = one(P::RoadWaterDepth, 30);
    room.tick(0, vec![reading("s", 0, 1.0)]);
    let mut seen = Vec::new();
    for t in 1..=400 {
        for (_, q) in told(&room.tick(t, vec![])) {
            seen.push((t, q));
        }
        let want = match t {
            ..=120 => Quality::Good,
            121..=300 => Quality::Stale,
            _ => Quality::Offline,
        };
        assert_eq!(room.row("s").quality, want, "at {t} s");
    }
    assert_eq!(seen, [(301, "offline".to_owned())]);
    assert_eq!(told(&room.tick(401, vec![reading("s", 401, 1.0)])), [("s".to_owned(), "good".to_owned())]);
}

#[test]
fn thousands_turning_offline_are_told_at_a_bounded_pace_and_none_is_lost() {
    let n = 1000;
    let sensors = (0..n).map(|i| spec(&format!("s{i}"), P::CoverTilt, Some([f64::from(i), 0.0]), 30)).collect();
    let mut room = Room::new(&city(sensors), Mode::Demo);
    room.tick(0, (0..n).map(|i| reading(&format!("s{i}"), 0, 1.0)).collect());
    let mut all = std::collections::BTreeSet::new();
    for t in 301..340 {
        let events = told(&room.tick(t, vec![]));
        assert!(events.len() <= 64);
        all.extend(events);
    }
    assert_eq!(all.len(), n as usize);
    assert_eq!(room.table().quality_counts(), [0, 0, 0, n as usize, 0]);
}

#[test]
fn streams_nobody_declared_are_unplaced_until_they_are() {
    let mut room = one(P::RoadWaterDepth, 30);
    room.tick(0, vec![reading("new", 0, 44.0)]);
    assert_eq!(
        (room.row("new").meta.property, room.row("new").meta.place_m, room.row("new").meta.declared),
        (P::Other, None, false)
    );
    let declared = SensorDeclared {
        sensor: "new".into(),
        name: Bilingual::new("新水尺", "New gauge"),
        property: P::RoadWaterDepth,
        place_m: Some([5.0, 6.0]),
        period_s: 60,
    };
    room.tick(1, vec![Input::SensorDeclared(declared.clone()), reading("new", 1, 4.0)]);
    let row = room.row("new");
    assert_eq!((row.index, row.meta.place_m, row.latest.unwrap().0), (1, Some([5.0, 6.0]), 4.0));
    let version = room.table().chunks().next().unwrap().0.version;
    room.tick(2, vec![Input::SensorDeclared(declared)]);
    assert_eq!(room.table().chunks().next().unwrap().0.version, version, "saying the same again changes nothing");
}

#[test]
fn absurd_stamps_do_not_panic() {
    let mut room = one(P::RoadWaterDepth, 30);
    let odd = |ms| {
        Input::Observation(Observation { sensor: "s".into(), phenomenon: Stamp(ms), received: Stamp(ms), result: 1.0 })
    };
    room.tick(0, vec![odd(i64::MIN), odd(i64::MAX), odd(i64::MIN + 1), odd(0)]);
    room.tick(1, vec![reading("s", 1, 2.0)]);
    assert_eq!(room.row("s").latest.unwrap().0, 2.0);
}
