//! The day that is measured: its length, its gauges, its clock.

use std::time::Instant;

use guanlan_core::{Input, Mode, SensorId, Stamp, input::Observation};
use guanlan_journal::{
    Meta,
    history::{Mark, Reading},
};

use crate::exit::Failure;

/// Length of the day, h.
pub(super) const HOURS: i64 = 24;
/// Time between the readings of a stream, ms.
pub(super) const PERIOD_MS: i64 = 300_000;
/// Instants sought.
pub(super) const SEEKS: usize = 60;

/// The day's beginning.
pub(super) fn start() -> Stamp {
    Stamp::parse("2026-07-31T00:00:00+08:00").unwrap_or_default()
}

/// SplitMix64 of a number: all chance of the day.
pub(super) fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A gauge's day: a walk of a few steps of its resolution each time, now and then a burst. Seven kinds with none to three
/// decimals, as gauges report them; every device's clock is a second or two off. One stream in three hundred stands
/// above its thresholds, as in a city on a bad day.
pub(super) struct Gauges {
    /// In steps of the resolution, 0 to 40 units.
    level: Vec<i32>,
}

/// Steps in a unit, by kind.
const STEPS: [i32; 7] = [1, 10, 10, 10, 100, 100, 1000];

impl Gauges {
    pub(super) fn of(streams: usize) -> Self {
        Self { level: (0..streams).map(|s| (mix(s as u64) % 40 * STEPS[s % 7] as u64) as i32).collect() }
    }

    /// The stream's reading that arrives in second `t` of the day.
    pub(super) fn reading(&mut self, stream: usize, t: i64, now: Stamp) -> Reading {
        let chance = mix((stream as u64) << 32 | t as u64);
        let kind = stream % 7;
        // Half of all readings repeat the last one: most of a city stands still most of the time.
        if chance & 1 == 1 {
            let step =
                if STEPS[kind] == 1 { (chance >> 1 & 0x1) as i32 * 2 - 1 } else { (chance >> 1 & 0x7) as i32 - 3 };
            self.level[stream] = (self.level[stream] + step).clamp(0, 50 * STEPS[kind]);
        }
        let burst = chance >> 40 & 0x3fff == 0;
        let above = i32::from(stream % 300 == 7) * 60 + i32::from(burst) * 45;
        let value = f64::from(self.level[stream] + above * STEPS[kind]) / f64::from(STEPS[kind]);
        let off = (mix(stream as u64) % 3) as i64 + (chance >> 20 & 0x7 == 0) as i64;
        Reading { stream: stream as u32, at: now + -off * 1000, value, mark: Mark::GOOD }
    }
}

/// What the journals say of themselves.
pub(super) fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Live, seed: 1, tick_ms: 200, city: "bench".into(), parent: None }
}

/// A reading as it comes into a room.
pub(super) fn observation(r: Reading) -> Input {
    let sensor = SensorId::from(format!("g{}", r.stream));
    Input::Observation(Observation { sensor, phenomenon: r.at, received: r.at, result: r.value })
}

/// Does something and notes how long it took, ms.
pub(super) fn timed<T>(samples: &mut Vec<f64>, work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    let begun = Instant::now();
    let done = work()?;
    samples.push(begun.elapsed().as_secs_f64() * 1000.0);
    Ok(done)
}
