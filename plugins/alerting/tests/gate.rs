//! The gate of every room plugin, cutting into ticks, and speed.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Room, ack, at, reading, spec};
use guanlan_alerting::{AlertBook, RuleSet, SensorRef};
use guanlan_city::model::SensorSpec;
use guanlan_core::{Bilingual, Event, Input, ObservedProperty as P, Role, SensorId};
use guanlan_tick::{Clock, StateRegistry};
use proptest::prelude::*;

fn sensors() -> Vec<SensorSpec> {
    let kinds = [P::RoadWaterDepth, P::GasLel, P::CoverTilt, P::BinFill, P::PumpsRunning];
    (0..20).map(|i| spec(&format!("s{i}"), kinds[i % 5], 30)).collect()
}

fn inputs(tick: i64) -> Vec<Input> {
    let t = tick * 30;
    let mut out: Vec<Input> = (0..20_i64)
        .filter(|i| !(i % 7 == 3 && (30..60).contains(&tick)))
        .map(|i| {
            let swing = ((tick * (i + 3) + i * i) % 40) as f64;
            reading(&format!("s{i}"), t, if i % 5 == 4 { swing - 20.0 } else { swing * 1.5 })
        })
        .collect();
    if tick % 5 == 2 {
        out.push(ack(&format!("c{tick}"), Role::Acceptor, (tick / 3).unsigned_abs()));
    }
    out
}

#[test]
fn straight_run_equals_restore_equals_fork() {
    let rules = RuleSet::defaults();
    let (end, cut) = (120, 47);
    let mut straight = Room::new(sensors(), &rules);
    let mut restored = Room::new(sensors(), &rules);
    let mut forked = Room::new(sensors(), &rules);
    let mut told = 0;
    for k in 0..end {
        let events = straight.tick(k * 30, inputs(k));
        told += events.len();
        if k == cut {
            restored.load(&straight.save());
            let (from, to) = (straight.app.world(), forked.app.world_mut());
            from.resource::<StateRegistry>().copy(from, to);
            let clock = *from.resource::<Clock>();
            to.insert_resource(clock);
            restored.app.insert_resource(clock);
            assert_eq!(restored.book().active(), straight.book().active(), "the picture is there at once");
        } else if k > cut {
            assert_eq!(restored.tick(k * 30, inputs(k)), events);
            assert_eq!(forked.tick(k * 30, inputs(k)), events);
        }
    }
    assert_eq!(restored.hash(), straight.hash());
    assert_eq!(forked.hash(), straight.hash());
    assert!(told > 60 && !straight.book().active().is_empty(), "{told} events");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn cutting_one_instant_into_ticks_makes_no_difference(
        readings in prop::collection::vec((0_usize..10, 1_i64..20, 0_u32..240), 1..200),
        cuts in prop::collection::vec(1_usize..30, 1..20),
    ) {
        let rules = RuleSet::defaults();
        let mut clock = [0_i64; 10];
        let all: Vec<Input> = readings
            .iter()
            .map(|&(s, dt, v)| {
                clock[s] += dt;
                reading(&format!("s{s}"), clock[s], f64::from(v) / 4.0)
            })
            .collect();
        let end = clock.iter().max().copied().unwrap_or(0);
        // A device that spoke long ago would rightly fall silent between two cuts.
        prop_assume!(clock.iter().all(|&c| c == 0 || end - c < 100));
        let alerts = |events: Vec<Event>| -> Vec<Event> {
            // Calls are made once a tick, so that how an instant is cut decides how many there are.
            let other = |e: &Event| matches!(e, Event::SensorQuality { .. } | Event::SoundDue { .. } | Event::AlertEscalated { .. });
            events.into_iter().filter(|e| !other(e)).collect()
        };
        let mut whole = Room::new(sensors(), &rules);
        // Every device says where its time begins, so that the first scan finds none of them old.
        let first: Vec<Input> = (0..10).map(|s| reading(&format!("s{s}"), 0, 0.0)).collect();
        whole.tick(0, first.clone());
        let want = alerts(whole.tick(end, all.clone()));
        let mut parts = Room::new(sensors(), &rules);
        parts.tick(0, first);
        let (mut got, mut rest, mut i) = (Vec::new(), &all[..], 0);
        while !rest.is_empty() {
            let n = cuts[i % cuts.len()].min(rest.len());
            got.extend(alerts(parts.tick(end, rest[..n].to_vec())));
            rest = &rest[n..];
            i += 1;
        }
        let by_rule = |v: &[Event]| -> Vec<Event> {
            v.iter()
                .filter(|e| !matches!(e, Event::AlertChanged { rule, .. } if rule.starts_with("device")))
                .cloned()
                .collect()
        };
        // Alert numbers may differ by device alerts between; compare what was said of each stream.
        let strip = |v: Vec<Event>| -> Vec<String> {
            by_rule(&v)
                .into_iter()
                .map(|e| match e {
                    Event::AlertChanged { sensor, from, to, value, threshold, rule, .. } => {
                        format!("{sensor} {from:?}→{to:?} {value} {threshold} {rule}")
                    }
                    Event::AlertFlapping { level, .. } => format!("flapping {level:?}"),
                    other => format!("{other:?}"),
                })
                .collect()
        };
        prop_assert_eq!(strip(want), strip(got));
    }
}

#[test]
fn thirty_thousand_readings_take_less_than_a_tick_budget() {
    let rules = RuleSet::defaults();
    let ids: Vec<SensorId> = (0..30_000).map(|i| SensorId::from(format!("s{i}"))).collect();
    let name = Bilingual::new("甲", "A");
    let mut book = AlertBook::default();
    let mut best = [Duration::MAX; 2];
    for round in 1..=8_i64 {
        // Normal streams, then every stream in alarm.
        for (kind, value) in [(0_usize, 1.0), (1, 30.0 + round as f64)] {
            let mut events = Vec::new();
            let begin = Instant::now();
            for (i, id) in ids.iter().enumerate() {
                let index = (kind * 100_000 + i) as u32;
                let sensor = SensorRef {
                    index,
                    id,
                    property: P::RoadWaterDepth,
                    place_m: None,
                    name: &name,
                    max_gap_ms: 120_000,
                };
                book.observe(&rules, &sensor, at(round * 30), value, &mut events);
            }
            if round > 3 {
                best[kind] = best[kind].min(begin.elapsed());
            }
        }
    }
    book.publish(at(300));
    println!("30 000 normal {:?}, 30 000 in alarm {:?}", best[0], best[1]);
    assert_eq!(book.active().len(), 30_000);
    assert!(best[0] < Duration::from_millis(30), "normal: {:?}", best[0]);
    assert!(best[1] < Duration::from_millis(60), "in alarm: {:?}", best[1]);
}
