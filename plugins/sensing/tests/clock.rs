//! A clock that jumped ahead and was set back: new readings count at once, nothing is lost, and every way there is one.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Room, T0, city, reading, spec};
use guanlan_city::City;
use guanlan_core::{
    Input, Mode, ObservedProperty as P, Stamp,
    input::{ClockAhead, Observation},
};
use guanlan_sensing::{Quality, Sensed};

fn ahead(s: i64) -> Input {
    Input::Ahead(ClockAhead { by_ms: s * 1000 })
}

fn at(s: i64) -> Stamp {
    Stamp::from_secs(T0 + s)
}

fn two() -> Arc<City> {
    let place = Some([10.0, 10.0]);
    city(vec![spec("bare", P::RoadWaterDepth, place, 30), spec("timed", P::RiverStage, place, 30)])
}

/// Both streams every 30 s; the wall clock is an hour ahead from 60 s to 180 s. `bare` is stamped by the connector,
/// `timed` has a true clock of its own. Ticks are the room's instants.
fn story() -> Vec<(i64, Vec<Input>)> {
    let mut ticks = vec![
        (0, vec![reading("bare", 0, 1.0), reading("timed", 0, 5.0)]),
        (30, vec![reading("bare", 30, 2.0), reading("timed", 30, 5.1)]),
    ];
    for s in [60, 90, 120, 150] {
        let jumped = 3600 + s;
        ticks.push((jumped, vec![reading("bare", jumped, 3.0), reading("timed", s, 5.2)]));
    }
    // Set back at 180 s: the room is an hour ahead, a little less with every tick.
    for k in 0..20 {
        let (s, lead) = (180 + 30 * k, 3600 - 5 * k);
        let value = 4.0 + k as f64 / 10.0;
        ticks.push((s + lead, vec![ahead(lead), reading("bare", s, value), reading("timed", s, 5.5)]));
    }
    ticks
}

#[test]
fn new_readings_count_as_soon_as_the_clock_is_set_back() {
    let mut room = Room::new(&two(), Mode::Demo);
    for (k, (now, inputs)) in story().into_iter().enumerate() {
        let wall = if k < 6 { now } else { 180 + 30 * (k as i64 - 6) };
        room.tick(now, inputs);
        let bare = room.row("bare");
        assert_eq!(bare.latest.unwrap().1, at(wall), "tick {k}");
        assert_eq!(bare.quality, Quality::Good, "tick {k}");
        if k >= 6 {
            assert_eq!(room.row("timed").quality, Quality::Good, "heard a moment ago, so not silent: tick {k}");
            // Rules see the room's time going forwards.
            let told = room.facts().facts.iter().filter_map(|f| match f {
                Sensed::Reading { room_at, .. } => Some(*room_at),
                Sensed::Quality { .. } => None,
            });
            assert_eq!(told.collect::<Vec<_>>(), [at(now), at(now)]);
        }
    }
    let c = room.table().counters();
    assert_eq!((c.accepted, c.late, c.duplicate, c.future), (52, 0, 0, 0), "every reading was taken");
    let trend = room.table().trend(0).unwrap().points();
    assert!(trend.windows(2).all(|w| w[0].at < w[1].at) && trend.last().unwrap().at <= at(180 + 30 * 19));
}

#[test]
fn order_and_repeats_are_still_told_apart() {
    let mut room = Room::new(&two(), Mode::Demo);
    for (now, inputs) in story().into_iter().take(7) {
        room.tick(now, inputs);
    }
    room.tick(3790, vec![reading("bare", 180, 4.0), reading("bare", 170, 9.0), reading("timed", 150, 9.0)]);
    let c = room.table().counters();
    assert_eq!((c.duplicate, c.late), (1, 2));
    assert_eq!((room.row("bare").latest.unwrap().0, room.row("timed").latest.unwrap().0), (4.0, 5.5));
    // Silence is counted from when it was last heard.
    room.tick(3780 + 121, vec![]);
    assert_eq!(room.row("bare").quality, Quality::Stale);
    // Whoever tells the room's own time has another clock than the one that was set back.
    room.tick(4000, vec![reading("timed", 4000, 5.6)]);
    assert!(room.facts().facts.iter().any(|f| matches!(f, Sensed::Reading { room_at, .. } if *room_at == at(4000))));
}

#[test]
fn one_reading_in_the_jump_does_not_let_an_older_one_in() {
    let mut room = Room::new(&two(), Mode::Demo);
    room.tick(0, vec![reading("bare", 0, 1.0)]);
    room.tick(3660, vec![reading("bare", 3660, 2.0)]);
    room.tick(3690, vec![ahead(3600), reading("bare", 0, 1.0)]);
    assert_eq!((room.row("bare").latest.unwrap().0, room.table().counters().duplicate), (2.0, 1));
    let late =
        Input::Observation(Observation { sensor: "bare".into(), phenomenon: at(90), received: at(95), result: 3.0 });
    room.tick(3695, vec![late]);
    assert_eq!(room.row("bare").latest, Some((3.0, at(90))));
    assert_eq!(room.row("bare").rate_per_min, None, "no rate from a time that has not come");
}

#[test]
fn without_a_clock_set_back_late_is_late() {
    let mut room = Room::new(&two(), Mode::Demo);
    room.tick(3660, vec![reading("bare", 3660, 1.0)]);
    room.tick(3690, vec![reading("bare", 90, 2.0)]);
    assert_eq!((room.row("bare").latest.unwrap().0, room.table().counters().late), (1.0, 1));
}

#[test]
fn snapshot_and_fork_in_the_middle_come_to_the_same() {
    let city = two();
    let mut straight = Room::new(&city, Mode::Demo);
    for (now, inputs) in story() {
        straight.tick(now, inputs);
    }
    for cut in [4, 7, 15] {
        let mut first = Room::new(&city, Mode::Demo);
        for (now, inputs) in story().into_iter().take(cut) {
            first.tick(now, inputs);
        }
        let mut restored = Room::new(&city, Mode::Demo);
        restored.load(&first.save());
        let mut fork = first.fork(&city);
        let clock = *first.app.world().resource::<guanlan_tick::Clock>();
        restored.app.insert_resource(clock);
        for (now, inputs) in story().into_iter().skip(cut) {
            restored.tick(now, inputs.clone());
            fork.tick(now, inputs);
        }
        assert_eq!(restored.hash(), straight.hash(), "restored at {cut}");
        assert_eq!(fork.hash(), straight.hash(), "forked at {cut}");
    }
}
