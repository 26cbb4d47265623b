//! The demo's weather: one kind of day for each seed and date, rain cells that cross the city.

use guanlan_core::Stamp;

use super::dice::unit;

/// Kind of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// No rain.
    Dry,
    /// One or two showers.
    Showers,
    /// A cloudburst in the afternoon or evening.
    Storm,
}

/// Weather of a seed.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    seed: u64,
}

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
const LOCAL_MS: i64 = guanlan_core::stamp::LOCAL_OFFSET_HOURS as i64 * 3_600_000;

/// Number of the local day.
#[must_use]
pub fn day_of(now: Stamp) -> i64 {
    (now.0 + LOCAL_MS).div_euclid(DAY_MS)
}

/// Local time of day in hours, 0 … 24.
#[must_use]
pub fn hour_of(now: Stamp) -> f64 {
    (now.0 + LOCAL_MS).rem_euclid(DAY_MS) as f64 / 3_600_000.0
}

/// One spell of rain.
#[derive(Clone, Copy, Debug)]
struct Spell {
    begin_h: f64,
    hours: f64,
    peak_mm_h: f64,
}

impl Weather {
    /// The weather of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// What kind of day it is: six in ten are dry, one in ten is a storm.
    #[must_use]
    pub fn kind(&self, day: i64) -> DayKind {
        match unit(self.seed, 0x57EA, day as u64) {
            u if u < 0.6 => DayKind::Dry,
            u if u < 0.9 => DayKind::Showers,
            _ => DayKind::Storm,
        }
    }

    fn spells(&self, day: i64) -> [Option<Spell>; 2] {
        let u = |i: u64| unit(self.seed, 0x5BE1_1000 + i, day as u64);
        match self.kind(day) {
            DayKind::Dry => [None, None],
            DayKind::Showers => {
                let first = Spell { begin_h: 6.0 + 9.0 * u(0), hours: 0.6 + u(1), peak_mm_h: 4.0 + 12.0 * u(2) };
                let second = Spell { begin_h: 17.0 + 5.0 * u(3), hours: 0.5 + u(4), peak_mm_h: 3.0 + 9.0 * u(5) };
                [Some(first), (u(6) < 0.5).then_some(second)]
            }
            DayKind::Storm => {
                let storm = Spell { begin_h: 14.0 + 6.0 * u(0), hours: 1.6 + u(1), peak_mm_h: 70.0 + 50.0 * u(2) };
                [Some(storm), None]
            }
        }
    }

    /// Rain at a place, mm/h. Cells move from the west: the far side gets its rain later.
    #[must_use]
    pub fn rain_mm_h(&self, now: Stamp, east_m: f64, north_m: f64) -> f64 {
        let day = day_of(now);
        let mut total = 0.0;
        for (offset, day) in [(0.0, day), (24.0, day - 1)] {
            let h = hour_of(now) + offset;
            for (i, spell) in self.spells(day).into_iter().flatten().enumerate() {
                let late_h = (east_m + 0.3 * north_m) / 18_000.0;
                let x = (h - spell.begin_h - late_h) / spell.hours;
                if !(0.0..1.0).contains(&x) {
                    continue;
                }
                // Peak at 40 % of the spell, as a Chicago storm has it.
                let shape = if x < 0.4 { x / 0.4 } else { (1.0 - x) / 0.6 };
                let patch = 0.7 + 0.6 * smooth(self.seed ^ (i as u64), day, east_m / 1500.0, north_m / 1500.0);
                total += spell.peak_mm_h * shape * shape.sqrt() * patch;
            }
        }
        total
    }
}

/// Smooth value noise in 0 … 1.
fn smooth(seed: u64, day: i64, x: f64, y: f64) -> f64 {
    let at = |i: f64, j: f64| unit(seed, day as u64, (i as i64 as u64).wrapping_mul(7919) ^ (j as i64 as u64));
    let (i, j) = (x.floor(), y.floor());
    let (fx, fy) = (x - i, y - j);
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (tx, ty) = (ease(fx), ease(fy));
    let low = at(i, j) * (1.0 - tx) + at(i + 1.0, j) * tx;
    let high = at(i, j + 1.0) * (1.0 - tx) + at(i + 1.0, j + 1.0) * tx;
    low * (1.0 - ty) + high * ty
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_every_kind_of_day() {
        let w = Weather::new(1);
        let count = |k| (20_000..20_365).filter(|&d| w.kind(d) == k).count();
        assert!(count(DayKind::Dry) > 150 && count(DayKind::Showers) > 60 && count(DayKind::Storm) > 15);
    }

    #[test]
    fn dry_days_are_dry_and_storms_are_not() {
        let w = Weather::new(1);
        let peak = |kind| {
            let day = (20_000..).find(|&d| w.kind(d) == kind && w.kind(d - 1) == DayKind::Dry).unwrap();
            (0..1440).map(|m| w.rain_mm_h(Stamp(day * DAY_MS - LOCAL_MS + m * 60_000), 0.0, 0.0)).fold(0.0, f64::max)
        };
        assert_eq!(peak(DayKind::Dry), 0.0);
        assert!(peak(DayKind::Storm) > 40.0);
    }
}
