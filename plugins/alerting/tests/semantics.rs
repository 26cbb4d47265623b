//! Flapping, latch, acknowledgement, stale data, device alerts, per-level delays (DOMAIN §2.6).
#![allow(clippy::unwrap_used)]

mod common;

use common::{Room, Stream, ack, at, changes, reading, spec};
use guanlan_alerting::{RuleSet, explain};
use guanlan_core::{
    AlertId,
    AlertLevel::{Blue, Normal, Orange, Red, Yellow},
    Event, ObservedProperty as P, RefusalKind, Role, SensorId,
};

/// Blue at 10, red at 20, no delays.
fn quick(more: &str) -> RuleSet {
    let text = format!(
        "format = 1\n[[rule]]\nname = \"q\"\nversion = 1\nproperty = \"other\"\ntitle = {{ zh = \"试\", en = \"t\" }}\n\
         blue = 10\nred = 20\nhysteresis = 1\n{more}\n"
    );
    RuleSet::parse("quick", &text).unwrap()
}

#[test]
fn a_swinging_level_is_frozen_at_its_highest_and_released_when_stable() {
    let mut s = Stream::new(quick(""), P::Other);
    for (t, v) in [(0, 12.0), (60, 5.0), (120, 25.0), (180, 12.0), (240, 5.0), (300, 12.0)] {
        s.say(t, v);
    }
    // Up, down, up, and the fourth change would lower: it is frozen red instead.
    assert_eq!(s.changes(), [(0, Normal, Blue), (60, Blue, Normal), (120, Normal, Red)]);
    let told: Vec<_> = s.events.iter().filter(|(_, e)| matches!(e, Event::AlertFlapping { .. })).collect();
    assert_eq!(told, [&(180, Event::AlertFlapping { alert: AlertId(2), level: Red })], "one notification");
    assert!(s.book.active()[0].flapping);
    assert!(explain(&s.book.active()[0], &s.rules).held.is_some());
    s.hold(360, 1140, 60, 12.0);
    assert_eq!(s.changes().len(), 3, "fourteen minutes stable is not enough");
    s.say(1200, 12.0);
    assert_eq!(s.changes()[3..], [(1200, Red, Blue)], "fifteen minutes after the last change at 300");
    assert!(!s.book.active()[0].flapping);
}

#[test]
fn an_escalation_is_no_flap_and_slow_swings_are_none() {
    let mut s = Stream::new(quick("yellow = 14\norange = 17"), P::Other);
    for (i, v) in [11.0, 15.0, 18.0, 21.0, 18.0, 15.0, 11.0].into_iter().enumerate() {
        s.say(i as i64 * 60, v);
    }
    assert!(s.events.iter().all(|(_, e)| !matches!(e, Event::AlertFlapping { .. })), "{:?}", s.events);
    let mut slow = Stream::new(quick(""), P::Other);
    slow.max_gap_ms = i64::MAX;
    for i in 0..20 {
        slow.say(i * 200, if i % 2 == 0 { 12.0 } else { 5.0 });
    }
    assert_eq!(slow.changes().len(), 20);
    assert!(slow.events.iter().all(|(_, e)| matches!(e, Event::AlertChanged { .. })));
}

#[test]
fn a_flap_can_be_released_by_hand_and_worse_still_shows() {
    let mut s = Stream::new(quick(""), P::Other);
    for (t, v) in [(0, 12.0), (60, 5.0), (120, 12.0), (180, 5.0)] {
        s.say(t, v);
    }
    assert!(s.book.active()[0].flapping);
    s.say(240, 30.0);
    assert_eq!(s.book.active()[0].level, Red, "a freeze never hides something worse");
    s.say(300, 5.0);
    let id = s.book.active()[0].id;
    let mut events = Vec::new();
    assert!(s.book.release(id, at(310), &mut events));
    assert!(matches!(events[..], [Event::AlertChanged { from: Red, to: Normal, .. }]));
    assert!(!s.book.release(id, at(320), &mut events));
}

#[test]
fn a_latched_alert_stays_until_clear_and_acknowledged() {
    let mut room = Room::new(vec![spec("gas", P::GasLel, 60)], &RuleSet::defaults());
    let mut got = Vec::new();
    for (t, v) in [(0, 60.0), (60, 0.0), (120, 0.0), (180, 0.0), (240, 0.0), (300, 0.0)] {
        changes(t, &room.tick(t, vec![reading("gas", t, v)]), &mut got);
    }
    assert_eq!(got, [(0, Normal, Red)], "50 %LEL is red at once and stays");
    assert!(room.book().active()[0].latched);
    let events = room.tick(310, vec![ack("c1", Role::Acceptor, 1)]);
    assert!(matches!(events[..], [Event::AlertAcknowledged { .. }, Event::AlertChanged { from: Red, to: Normal, .. }]));
    assert!(room.book().active().is_empty());
    // The other order: seen first, then clear.
    room.tick(360, vec![reading("gas", 360, 60.0), ack("c2", Role::Supervisor, 2)]);
    let mut got = Vec::new();
    for t in [420, 480, 540, 600] {
        changes(t, &room.tick(t, vec![reading("gas", t, 0.0)]), &mut got);
    }
    assert_eq!(got, [(600, Red, Normal)]);
}

#[test]
fn acknowledgement_is_for_seats_once_and_asks_again_when_it_gets_worse() {
    let mut room = Room::new(vec![spec("g", P::Other, 60)], &quick(""));
    room.tick(0, vec![reading("g", 0, 12.0)]);
    assert!(room.book().active()[0].breathes());
    for (role, alert, kind) in [
        (Role::Leader, 1, RefusalKind::Forbidden),
        (Role::System, 1, RefusalKind::Forbidden),
        (Role::Acceptor, 9, RefusalKind::NotFound),
    ] {
        let events = room.tick(1, vec![ack("x", role, alert)]);
        assert_eq!(room.replies[0].result.as_ref().unwrap_err().kind, kind);
        assert!(matches!(events[..], [Event::CommandRefused { .. }]));
    }
    room.tick(2, vec![ack("a", Role::Dispatcher, 1)]);
    assert!(room.replies[0].result.is_ok());
    let seen = room.book().active()[0].acked.clone().unwrap();
    assert_eq!((seen.role, seen.at, seen.level, seen.note.as_str()), (Role::Dispatcher, at(2), Blue, "seen"));
    room.tick(3, vec![ack("b", Role::Handler, 1)]);
    assert_eq!(room.replies[0].result.as_ref().unwrap_err().kind, RefusalKind::Conflict);
    room.tick(60, vec![reading("g", 60, 25.0)]);
    assert!(room.book().active()[0].breathes(), "a new higher level asks again");
    room.tick(61, vec![ack("c", Role::Handler, 1)]);
    room.tick(120, vec![reading("g", 120, 12.0), reading("g", 121, 25.0)]);
    assert!(!room.book().active()[0].breathes(), "red was seen before");
    room.tick(180, vec![reading("g", 180, 0.0)]);
    room.tick(181, vec![ack("d", Role::Handler, 1)]);
    assert_eq!(room.replies[0].result.as_ref().unwrap_err().kind, RefusalKind::Conflict, "it has ended");
    room.tick(180 + 3601, vec![]);
    assert!(room.book().ended().is_empty(), "ended alerts are listed for an hour");
}

#[test]
fn stale_data_neither_raises_nor_clears() {
    let mut room = Room::new(vec![spec("g", P::RoadWaterDepth, 30)], &RuleSet::defaults());
    let mut got = Vec::new();
    changes(0, &room.tick(0, vec![reading("g", 0, 30.0)]), &mut got);
    for t in (10..=250).step_by(10) {
        changes(t, &room.tick(t, vec![]), &mut got);
    }
    // 260 s after the first: pending was forgotten with the silence, so the delay starts anew.
    changes(260, &room.tick(260, vec![reading("g", 260, 30.0)]), &mut got);
    changes(290, &room.tick(290, vec![reading("g", 290, 30.0)]), &mut got);
    assert_eq!(got, []);
    changes(320, &room.tick(320, vec![reading("g", 320, 30.0)]), &mut got);
    assert_eq!(got, [(320, Normal, Red)]);
    for t in (330..2000).step_by(10) {
        room.tick(t, vec![]);
    }
    let levels: Vec<_> = room.book().active().iter().map(|a| (a.rule.as_str(), a.level)).collect();
    assert_eq!(levels, [("road-water@1", Red), ("device-offline@1", Blue)]);
}

#[test]
fn suspect_readings_move_nothing() {
    let mut room = Room::new(vec![spec("g", P::RoadWaterDepth, 30)], &RuleSet::defaults());
    room.tick(0, vec![reading("g", 0, 0.0)]);
    let mut got = Vec::new();
    for t in (30..600).step_by(30) {
        changes(t, &room.tick(t, vec![reading("g", t, 2000.0)]), &mut got);
    }
    assert_eq!(got, [(30, Normal, Blue)], "the device is the only news");
    assert_eq!(room.book().active()[0].rule, "device-suspect@1");
    changes(600, &room.tick(600, vec![reading("g", 600, 1.0)]), &mut got);
    assert_eq!(got[1..], [(600, Blue, Normal)]);
}

#[test]
fn a_silent_device_is_a_blue_alert_until_it_speaks() {
    let mut room = Room::new(vec![spec("c", P::CoverTilt, 30)], &RuleSet::defaults());
    room.tick(0, vec![reading("c", 0, 1.0)]);
    let mut got = Vec::new();
    for t in 1..400 {
        changes(t, &room.tick(t, vec![]), &mut got);
    }
    assert_eq!(got, [(301, Normal, Blue)]);
    changes(400, &room.tick(400, vec![reading("c", 400, 1.0)]), &mut got);
    assert_eq!(got[1..], [(400, Blue, Normal)]);
}

#[test]
fn a_dead_broker_does_not_flood_the_list() {
    let n = 1000;
    let sensors = (0..n).map(|i| spec(&format!("c{i}"), P::CoverTilt, 30)).collect();
    let mut room = Room::new(sensors, &RuleSet::defaults());
    room.tick(0, (0..n).map(|i| reading(&format!("c{i}"), 0, 1.0)).collect());
    room.tick(301, vec![]);
    assert_eq!(room.book().active().len(), 200);
    assert_eq!(room.book().withheld(), 800);
    let mut got = Vec::new();
    changes(302, &room.tick(302, (0..n).map(|i| reading(&format!("c{i}"), 302, 1.0)).collect()), &mut got);
    assert_eq!((got.len(), room.book().active().len()), (200, 0));
}

#[test]
fn covers_and_pumps_by_the_default_rules() {
    let mut s = Stream::new(RuleSet::defaults(), P::CoverTilt);
    s.say(0, -12.0);
    s.say(1, -16.0);
    s.say(3, -16.0);
    s.say(4, 120.0);
    assert_eq!(s.changes(), [(0, Normal, Yellow), (3, Yellow, Orange), (4, Orange, Red)]);
    let mut p = Stream::new(RuleSet::defaults(), P::PumpsRunning);
    p.say(0, 0.0);
    p.say(60, -1.0);
    p.say(70, 2.0);
    p.say(130, 2.0);
    assert_eq!(p.changes(), [(60, Normal, Yellow), (130, Yellow, Normal)]);
}

#[test]
fn river_stations_have_their_own_levels() {
    let mut rules = RuleSet::defaults();
    let id = SensorId::from("s");
    let mut dry = Stream::new(rules.clone(), P::RiverStage);
    dry.hold(0, 600, 60, 99.0);
    assert_eq!(dry.changes(), [], "no station, no levels");
    assert!(rules.set_station("river-stage", &id, [Some(3.0), Some(2.0), None, None]).is_err());
    rules.set_station("river-stage", &id, [Some(3.2), Some(4.0), None, Some(5.0)]).unwrap();
    let mut s = Stream::new(rules, P::RiverStage);
    s.hold(0, 60, 60, 4.1);
    assert_eq!(s.changes(), [(60, Normal, Yellow)]);
}

#[test]
fn night_has_its_own_noise_limits() {
    let mut s = Stream::new(RuleSet::defaults(), P::Noise);
    s.hold(0, 1200, 60, 66.0);
    assert_eq!(s.changes(), [], "66 dB(A) by day");
    let night = 15 * 3600;
    s.hold(night, night + 600, 60, 59.0);
    assert_eq!(s.changes(), [(night + 600, Normal, Yellow)]);
}

#[test]
fn a_changed_rule_goes_on_and_a_removed_rule_ends_its_alerts() {
    let mut s = Stream::new(quick(""), P::Other);
    let mut events = Vec::new();
    s.book.adopt(&s.rules, at(0), &mut events);
    s.say(0, 25.0);
    s.rules = RuleSet::parse(
        "v2",
        "format = 1\n[[rule]]\nname = \"new\"\nversion = 1\nproperty = \"noise\"\ntitle = { zh = \"新\", en = \"n\" }\n\
         red = 1\n[[rule]]\nname = \"q\"\nversion = 2\nproperty = \"other\"\ntitle = { zh = \"试\", en = \"t\" }\n\
         blue = 10\nred = 50\nhysteresis = 1\n",
    )
    .unwrap();
    s.book.adopt(&s.rules, at(10), &mut events);
    assert!(events.is_empty());
    s.say(20, 25.0);
    assert_eq!(s.changes(), [(0, Normal, Red), (20, Red, Blue)]);
    assert_eq!(s.book.active()[0].rule, "q@2");
    s.book.adopt(&RuleSet::default(), at(30), &mut events);
    assert!(matches!(events[..], [Event::AlertChanged { from: Blue, to: Normal, .. }]));
}
