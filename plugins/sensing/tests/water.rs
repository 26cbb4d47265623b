//! The water field drives road gauges in exercises and forecasts, and only there.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use common::{Room, T0, city, reading, spec};
use guanlan_core::{Input, Mode, ObservedProperty as P, Stamp, input::DepthField};
use guanlan_sensing::WaterState;

fn field(at_s: i64, depth_mm: u16) -> Input {
    Input::Water(Arc::new(DepthField {
        at: Stamp::from_secs(T0 + at_s),
        west_m: 0.0,
        south_m: 0.0,
        cell_m: 10.0,
        cols: 2,
        rows: 1,
        depth_mm: vec![0, depth_mm],
        estimate: false,
        finer: Vec::new(),
    }))
}

fn room(mode: Mode) -> Room {
    let sensors = vec![
        spec("dry", P::RoadWaterDepth, Some([5.0, 5.0]), 30),
        spec("wet", P::RoadWaterDepth, Some([15.0, 5.0]), 30),
        spec("nowhere", P::RoadWaterDepth, None, 30),
        spec("river", P::RiverStage, Some([15.0, 5.0]), 30),
    ];
    Room::new(&city(sensors), mode)
}

#[test]
fn exercise_and_forecast_gauges_read_the_field() {
    for mode in [Mode::Exercise, Mode::Forecast] {
        let mut room = room(mode);
        room.tick(0, vec![reading("wet", 0, 3.0)]);
        room.tick(30, vec![field(30, 281), reading("wet", 30, 1.0), reading("river", 30, 4.0)]);
        let at = Stamp::from_secs(T0 + 30);
        assert_eq!(room.row("wet").latest, Some((28.1, at)));
        assert_eq!(room.row("dry").latest, Some((0.0, at)));
        assert_eq!(room.row("nowhere").latest, None);
        assert_eq!(room.row("river").latest, Some((4.0, at)));
        room.tick(60, vec![reading("wet", 60, 0.0)]);
        assert_eq!(room.row("wet").latest, Some((28.1, at)), "the device does not contradict the exercise's water");
        assert_eq!(room.table().counters().overridden, 2);
        room.tick(700, vec![reading("wet", 700, 2.0)]);
        assert_eq!(room.row("wet").latest.unwrap().0, 2.0, "a field ten minutes old no longer speaks");
    }
}

#[test]
fn in_the_live_room_an_estimate_never_overwrites_a_gauge() {
    for mode in [Mode::Live, Mode::Demo, Mode::Replay] {
        let mut room = room(mode);
        room.tick(30, vec![reading("wet", 29, 3.0), field(30, 281)]);
        assert_eq!(room.row("wet").latest.unwrap().0, 3.0);
        let water = room.app.world().resource::<WaterState>();
        assert_eq!(water.field.as_ref().unwrap().depth_mm[1], 281);
    }
}

#[test]
fn an_older_field_does_not_replace_a_newer_one() {
    let mut room = room(Mode::Exercise);
    room.tick(60, vec![field(60, 200), field(30, 900)]);
    assert_eq!(room.row("wet").latest.unwrap().0, 20.0);
    assert_eq!(room.app.world().resource::<WaterState>().version, 1);
}
