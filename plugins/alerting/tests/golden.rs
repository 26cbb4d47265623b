//! The golden series of DOMAIN §2.6, through the pure book and through a room.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Room, Stream, T0, at, changes, reading, spec};
use guanlan_alerting::{RuleSet, explain};
use guanlan_core::{
    AlertLevel::{self, Blue, Normal, Red, Yellow},
    Event, ObservedProperty as P,
};

const SERIES: &str = "0:4 30:6 60:7 90:8 120:16 150:14.5 180:15.2 210:15.5 240:16 270:14 300:12.9 330:13.1 360:12.5 \
                      390:12.4 420:12.3 450:12.2 480:12.1 510:12.0 540:12.0 570:28 600:29 630:30 660:2 690:2 720:2 \
                      750:2 780:2 810:2 840:2";

fn series() -> Vec<(i64, f64)> {
    SERIES
        .split_whitespace()
        .map(|p| {
            let (t, v) = p.split_once(':').unwrap();
            (t.parse().unwrap(), v.parse().unwrap())
        })
        .collect()
}

const WANTED: [(i64, AlertLevel, AlertLevel); 5] =
    [(90, Normal, Blue), (240, Blue, Yellow), (540, Yellow, Blue), (630, Blue, Red), (840, Red, Normal)];

#[test]
fn golden_series_through_the_book() {
    let mut s = Stream::new(RuleSet::defaults(), P::RoadWaterDepth);
    for (t, v) in series() {
        s.say(t, v);
    }
    assert_eq!(s.changes(), WANTED);
    assert_eq!(s.events.len(), WANTED.len(), "nothing else: {:?}", s.events);
    assert!(s.book.active().is_empty());
    assert_eq!(s.book.ended().len(), 1);
    let ended = s.book.board().find(guanlan_core::AlertId(1)).unwrap();
    assert_eq!((ended.level, ended.peak, ended.ended_at), (Red, Red, Some(at(840))));
}

#[test]
fn golden_series_through_a_room() {
    let mut room = Room::new(vec![spec("g", P::RoadWaterDepth, 30)], &RuleSet::defaults());
    let (mut got, mut all) = (Vec::new(), Vec::new());
    for (t, v) in series() {
        let events = room.tick(t, vec![reading("g", t, v)]);
        changes(t, &events, &mut got);
        // Who is called and what is heard are facts of their own.
        all.extend(events.into_iter().filter(|e| !matches!(e, Event::SoundDue { .. } | Event::AlertEscalated { .. })));
        if t == 630 {
            let alert = room.book().active()[0].clone();
            assert_eq!((alert.level, alert.raised_at, alert.since), (Red, at(90), at(630)));
            assert_eq!((alert.threshold, alert.value, alert.peak), (27.0, 30.0, Red));
            let why = explain(&alert, &RuleSet::defaults());
            assert_eq!(why.thresholds, [(Blue, 5.0), (Yellow, 15.0), (Red, 27.0)]);
            assert!(why.in_force && why.words.zh.contains("road-water@1"), "{}", why.words.zh);
            let proof: Vec<(i64, f64)> =
                why.evidence.iter().rev().take(3).map(|e| ((e.at.0 / 1000) - T0, e.value)).collect();
            assert_eq!(proof, [(630, 30.0), (600, 29.0), (570, 28.0)]);
        }
    }
    assert_eq!(got, WANTED);
    assert_eq!(all.len(), WANTED.len(), "nothing else: {all:?}");
    let Event::AlertChanged { alert, sensor, property, value, threshold, rule, place_m, place, .. } = &all[3] else {
        panic!("{:?}", all[3])
    };
    assert_eq!((alert.0, sensor.as_str(), *property), (1, "g", P::RoadWaterDepth));
    assert_eq!((*value, *threshold, rule.as_str()), (30.0, 27.0, "road-water@1"));
    assert_eq!((*place_m, place.zh.as_str()), (Some([10.0, 20.0]), "g号"));
}

#[test]
fn golden_series_in_one_tick_is_the_same() {
    let mut room = Room::new(vec![spec("g", P::RoadWaterDepth, 30)], &RuleSet::defaults());
    let events = room.tick(840, series().into_iter().map(|(t, v)| reading("g", t, v)).collect());
    let mut got = Vec::new();
    changes(0, &events, &mut got);
    let levels: Vec<_> = got.iter().map(|c| (c.1, c.2)).collect();
    assert_eq!(levels, WANTED.map(|c| (c.1, c.2)));
}
