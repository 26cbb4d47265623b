//! One device: when it speaks, what it says, when it is broken.

use guanlan_core::{ObservedProperty, Stamp};

use super::{
    dice::{normal, unit},
    weather::{DAY_MS, Weather, day_of, hour_of},
};

/// Mean stage of the demo's river at its gauges, m.
const RIVER_BASE_M: f64 = 3.2;
/// 设防, 警戒, 保证水位 of the demo's river, m: the river of [`RIVER_BASE_M`] in flood.
pub const RIVER_LEVELS_M: [f64; 3] = [3.8, 4.2, 4.8];

/// What is wrong with a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Says nothing.
    Silent,
    /// Repeats its last value.
    Stuck,
    /// What it watches is really wrong: cover moved, gas leaking, pump failed, bin full.
    Real,
}

/// Memory of a device between readings.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Key of everything random about it.
    pub key: u64,
    /// What it observes.
    pub property: ObservedProperty,
    /// Local place, m.
    pub place_m: [f64; 2],
    /// Time between readings, ms.
    pub period_ms: i64,
    /// Rank among the devices of its kind, 0 first: low ranks are the ones that break.
    pub rank: usize,
    /// How many of its kind there are.
    pub of_kind: usize,
    /// Value carried from reading to reading (water depth, fill level).
    pub memory: f64,
    /// Last value said.
    pub last: f64,
    /// Instant of the last reading.
    pub said: Stamp,
}

/// Kinds that may be in real trouble: the device is well, what it watches is not.
fn watches_trouble(property: ObservedProperty) -> bool {
    matches!(
        property,
        ObservedProperty::CoverTilt
            | ObservedProperty::GasLel
            | ObservedProperty::PumpsRunning
            | ObservedProperty::BinFill
    )
}

/// A fault of a device on a day: what, from when, until when (ms of the local day).
fn fault_of_day(seed: u64, i: &Instrument, day: i64) -> Option<(Fault, i64, i64)> {
    let really = watches_trouble(i.property);
    let broken = (i.of_kind / 120).clamp(if really { 2 } else { 1 }, 80);
    // Every day the devices of a kind are dealt anew; the first few of the deal break.
    let dealt = (unit(seed, i.property as u64, day as u64) * i.of_kind as f64) as usize;
    let place = (i.rank + i.of_kind - dealt.min(i.of_kind)) % i.of_kind.max(1);
    if place >= broken {
        return None;
    }
    let begin_h = 1.0 + 18.0 * unit(i.key, 0xFA01, day as u64);
    // Longer than the slowest device may be silent before it counts as offline (90 min).
    let hours = 2.0 + 3.0 * unit(i.key, 0xFA02, day as u64);
    // The first of each kind breaks as a device; further ones may be a real trouble or a stuck value.
    let fault = match (place, really) {
        (0, _) => Fault::Silent,
        // Pumps are looked after: theirs is a trouble of one day in three.
        (1, true) if i.property == ObservedProperty::PumpsRunning && unit(i.key, 0xFA04, day as u64) > 0.33 => {
            return None;
        }
        (1, true) => Fault::Real,
        (_, _) if unit(i.key, 0xFA03, day as u64) < 0.25 => Fault::Stuck,
        _ => Fault::Silent,
    };
    let ms = |h: f64| (h * 3_600_000.0) as i64;
    Some((fault, ms(begin_h), ms(begin_h + hours).min(DAY_MS)))
}

impl Instrument {
    /// The fault in force, if any.
    #[must_use]
    pub fn fault(&self, seed: u64, now: Stamp) -> Option<Fault> {
        let (fault, begin, end) = fault_of_day(seed, self, day_of(now))?;
        let ms = (hour_of(now) * 3_600_000.0) as i64;
        (begin..end).contains(&ms).then_some(fault)
    }

    /// The next reading at `now`; `None` when the device is silent.
    pub fn read(&mut self, seed: u64, weather: &Weather, now: Stamp) -> Option<f64> {
        let fault = self.fault(seed, now);
        let dt_h = if self.said.0 == 0 { 0.0 } else { ((now - self.said) as f64 / 3_600_000.0).clamp(0.0, 1.0) };
        self.said = now;
        match fault {
            Some(Fault::Silent) => None,
            Some(Fault::Stuck) => Some(self.last),
            real => {
                let value = self.measure(seed, weather, now, dt_h, real == Some(Fault::Real));
                self.last = round_to(value, resolution(self.property));
                Some(self.last)
            }
        }
    }

    fn measure(&mut self, seed: u64, weather: &Weather, now: Stamp, dt_h: f64, trouble: bool) -> f64 {
        let h = hour_of(now);
        let [x, y] = self.place_m;
        let noise = normal(self.key, seed, (now.0 / 1000) as u64);
        let own = unit(self.key, seed, 0);
        match self.property {
            ObservedProperty::RoadWaterDepth => {
                // A linear reservoir: what the drains do not take stays, and drains off in half an hour.
                let rain = weather.rain_mm_h(now, x, y);
                let surplus = (rain - 22.0 - 25.0 * own).max(0.0);
                self.memory =
                    self.memory * (-dt_h / 0.5).exp() + surplus * dt_h * (0.4 + 2.2 * unit(self.key, seed, 1));
                (self.memory + 0.15 * noise.abs()).max(0.0)
            }
            ObservedProperty::RiverStage => {
                let rain = weather.rain_mm_h(now, x, y);
                self.memory = self.memory * (-dt_h / 8.0).exp() + rain * dt_h * 0.012;
                RIVER_BASE_M + 0.25 * (h / 24.0 * std::f64::consts::TAU).sin() + self.memory + 0.01 * noise
            }
            ObservedProperty::RainIntensity => {
                let rain = weather.rain_mm_h(now, x, y);
                if rain < 0.1 { 0.0 } else { (rain * (1.0 + 0.05 * noise)).max(0.0) }
            }
            ObservedProperty::CoverTilt => {
                let base = 0.6 + own + 0.15 * noise;
                match trouble {
                    false => base,
                    // One in eight is off altogether: an open hole.
                    true if unit(self.key, 0xFA05, day_of(now) as u64) < 0.125 => 93.0 + 0.5 * noise,
                    true => 12.0 + 9.0 * own,
                }
            }
            ObservedProperty::Pm25 => {
                let rush = bump(h, 8.0, 2.0) + bump(h, 19.0, 2.5);
                let washed = if weather.rain_mm_h(now, x, y) > 1.0 { 0.6 } else { 1.0 };
                let haze = 0.8 + 0.4 * unit(seed, 0xA123, day_of(now) as u64);
                (washed * haze * (15.0 + 6.5 * own + 8.0 * rush) + 1.2 * noise).max(2.0)
            }
            ObservedProperty::Noise => {
                let day = 1.0 / (1.0 + (-(h - 6.0)).exp()) - 1.0 / (1.0 + (-(h - 22.5)).exp());
                40.0 + 9.0 * day + 5.0 * own + 1.2 * noise
            }
            ObservedProperty::GasLel => {
                if trouble {
                    12.0 + 6.0 * own + noise
                } else {
                    (0.6 + 0.5 * own + 0.3 * noise).max(0.0)
                }
            }
            ObservedProperty::ParkingOccupancy => {
                let full = bump(h, 11.0, 4.0).max(bump(h, 19.5, 3.0));
                (35.0 + 15.0 * own + 42.0 * full + 2.0 * noise).clamp(0.0, 97.0)
            }
            ObservedProperty::BinFill => {
                // Fills through the day, emptied before dawn.
                let since_emptied = (h - 4.5 - own).rem_euclid(24.0);
                let full = since_emptied / 24.0 * (40.0 + 35.0 * own);
                if trouble { 97.0 } else { (6.0 + full + noise).clamp(0.0, 88.0) }
            }
            ObservedProperty::PumpsRunning => {
                if trouble {
                    return -1.0;
                }
                match weather.rain_mm_h(now, x, y) {
                    r if r > 20.0 => 3.0,
                    r if r > 5.0 => 2.0,
                    _ => f64::from(u8::from(unit(self.key, seed, (now.0 / 900_000) as u64) < 0.3)),
                }
            }
            // The demo has no such devices; one of a file says next to nothing.
            _ => noise,
        }
    }
}

fn bump(h: f64, centre: f64, width: f64) -> f64 {
    (-((h - centre) / width).powi(2)).exp()
}

fn resolution(property: ObservedProperty) -> f64 {
    match property {
        ObservedProperty::PumpsRunning | ObservedProperty::BinFill | ObservedProperty::ParkingOccupancy => 1.0,
        ObservedProperty::RiverStage => 0.01,
        _ => 0.1,
    }
}

fn round_to(value: f64, step: f64) -> f64 {
    let per_unit = (1.0 / step).round();
    (value * per_unit).round() / per_unit
}
