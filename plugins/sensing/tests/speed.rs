//! 300 000 sensors must be cheap: silence costs nothing, 30 000 readings a few milliseconds.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Room, city, reading, spec};
use guanlan_core::{Mode, ObservedProperty as P};

/// The best of five: other programs share the machine.
fn best(mut f: impl FnMut(i64)) -> Duration {
    (1..=5)
        .map(|i| {
            let begin = Instant::now();
            f(i);
            begin.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn three_hundred_thousand_sensors_are_cheap() {
    let n = 300_000;
    let sensors = (0..n)
        .map(|i| {
            let p = if i % 100 == 0 { P::RoadWaterDepth } else { P::CoverTilt };
            spec(&format!("cover-{i:06}"), p, Some([f64::from(i % 6000), f64::from(i / 6000)]), 600)
        })
        .collect();
    let mut room = Room::new(&city(sensors), Mode::Demo);
    for part in 0..10 {
        let first = part * 30_000;
        room.tick(0, (first..first + 30_000).map(|i| reading(&format!("cover-{i:06}"), 0, 1.0)).collect());
    }
    let mut parts: Vec<_> = (1..=5)
        .map(|t| (0..30_000).map(|i| reading(&format!("cover-{:06}", i * 10), t, 1.5)).collect::<Vec<_>>())
        .collect();
    let busy = best(|t| {
        let inputs = std::mem::take(&mut parts[t as usize - 1]);
        room.tick(t, inputs);
    });
    let quiet = best(|t| {
        room.tick(10 + t, vec![]);
    });
    let fork = best(|_| drop(room.table().clone()));
    println!("30 000 readings {busy:?}, quiet tick {quiet:?}, clone {fork:?}");
    assert!(busy < Duration::from_millis(60), "30 000 readings took {busy:?}");
    assert!(quiet < Duration::from_millis(1), "a quiet tick took {quiet:?}");
    assert!(fork < Duration::from_millis(1), "a clone took {fork:?}");
}
