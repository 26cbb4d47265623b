//! Cubes: which grain is kept, and their cells as bytes.

use std::{collections::HashMap, hash::BuildHasherDefault};

use guanlan_core::Stamp;

use crate::codec::{Reader, pack, put, put_signed, unpack};

/// One grain of figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cube {
    /// Hours are told apart.
    pub hour: bool,
    /// Leading digits of the grid code: 6 district, 9 street, 12 community.
    pub digits: usize,
    /// Categories are told apart.
    pub code: bool,
    /// A period is a month, not a day.
    pub month: bool,
}

/// All grains; the index is the cube's number in the file. Grains were added at the end, see [`SINCE_SCHEMA_2`].
pub(crate) const CUBES: [Cube; 7] = [
    Cube { hour: true, digits: 6, code: false, month: false },
    Cube { hour: false, digits: 12, code: false, month: false },
    Cube { hour: false, digits: 6, code: true, month: false },
    Cube { hour: false, digits: 9, code: true, month: false },
    Cube { hour: false, digits: 9, code: true, month: true },
    Cube { hour: false, digits: 12, code: false, month: true },
    Cube { hour: false, digits: 6, code: true, month: true },
];
/// Cubes that files of schema 1 have not, and the cube of days whose sums they are.
pub(crate) const SINCE_SCHEMA_2: [(usize, usize); 2] = [(5, 1), (6, 2)];

/// Local day of an instant, counted from 1970-01-01.
pub(crate) fn day_of(at: Stamp) -> i64 {
    (at.0 + 8 * 3_600_000).div_euclid(86_400_000)
}

/// Begin of a local day.
pub(crate) fn day_begin(day: i64) -> Stamp {
    Stamp(day * 86_400_000 - 8 * 3_600_000)
}

/// Local hour of the day.
pub(crate) fn hour_of(at: Stamp) -> u64 {
    ((at.0 + 8 * 3_600_000).div_euclid(3_600_000)).rem_euclid(24) as u64
}

/// 12 × year + month − 1 of a local day (civil-from-days, H. Hinnant).
pub(crate) fn month_of(day: i64) -> i64 {
    let z = day + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    year * 12 + month - 1
}

/// First local day of a month.
pub(crate) fn month_begin(month: i64) -> i64 {
    let (year, m) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let y = year - i64::from(m <= 2);
    let (era, yoe) = (y.div_euclid(400), y.rem_euclid(400));
    let doy = (153 * ((m + 9) % 12) + 2) / 5;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// A cell's place in a cube: hour, area, category, what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub hour: u64,
    pub area: u64,
    pub code: u64,
    pub what: u64,
}

impl Place {
    pub fn pack(self) -> u64 {
        (self.hour << 56) | (self.area << 32) | (self.code << 16) | self.what
    }

    pub fn unpack(key: u64) -> Self {
        Self { hour: key >> 56, area: (key >> 32) & 0xff_ffff, code: (key >> 16) & 0xffff, what: key & 0xffff }
    }
}

/// Records in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub count: u64,
    /// Sum of what the records measure (time to close, travel time), ms.
    pub amount_ms: i64,
}

/// Multiply and fold: keys are small integers nobody chooses.
#[derive(Default)]
pub(crate) struct Fold(u64);

impl std::hash::Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(u64::from(*b));
        }
    }
    fn write_u64(&mut self, v: u64) {
        let mixed = (self.0 ^ v).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }
}

/// Cells by packed place; sorted whenever they leave memory.
pub(crate) type Cells = HashMap<u64, Cell, BuildHasherDefault<Fold>>;

/// Cells as bytes, sorted by place.
pub(crate) fn encode(cells: &Cells) -> Result<Vec<u8>, String> {
    let mut sorted: Vec<(u64, Cell)> = cells.iter().map(|(k, c)| (*k, *c)).collect();
    sorted.sort_unstable_by_key(|(k, _)| *k);
    let mut plain = Vec::with_capacity(sorted.len() * 5 + 16);
    put(&mut plain, sorted.len() as u64);
    let mut last = 0;
    for (key, cell) in sorted {
        put(&mut plain, key - last);
        put(&mut plain, cell.count);
        put_signed(&mut plain, cell.amount_ms);
        last = key;
    }
    pack(&plain, 3)
}

/// Visits every cell of stored bytes, in order of place.
pub(crate) fn each(body: &[u8], mut visit: impl FnMut(u64, Cell)) -> Result<(), String> {
    let plain = unpack(body)?;
    let mut read = || -> Option<()> {
        let mut r = Reader::new(&plain);
        let n = r.number()?;
        let mut key = 0u64;
        for _ in 0..n {
            key = key.wrapping_add(r.number()?);
            visit(key, Cell { count: r.number()?, amount_ms: r.signed()? });
        }
        r.at_end().then_some(())
    };
    read().ok_or_else(|| "figures are damaged".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_local() {
        let at = |t: &str| Stamp::parse(t).unwrap();
        let day = day_of(at("2026-03-01T00:00:00+08:00"));
        assert_eq!(day_begin(day), at("2026-03-01T00:00:00+08:00"));
        assert_eq!(day_of(at("2026-02-28T23:59:59+08:00")), day - 1);
        assert_eq!((month_of(day), month_of(day - 1)), (2026 * 12 + 2, 2026 * 12 + 1));
        assert_eq!(month_begin(2026 * 12 + 2), day);
        assert_eq!(hour_of(at("2026-03-01T07:59:59+08:00")), 7);
        for month in 1960 * 12..2100 * 12 {
            let first = month_begin(month);
            assert_eq!((month_of(first), month_of(first - 1)), (month, month - 1));
        }
    }

    #[test]
    fn cells_come_back() {
        let mut cells = Cells::default();
        for i in 0..5000u64 {
            let place = Place { hour: i % 24, area: i * 7 % 2000, code: i % 150, what: i % 12 };
            assert_eq!(Place::unpack(place.pack()), place);
            let cell = cells.entry(place.pack()).or_default();
            cell.count += i % 3 + 1;
            cell.amount_ms -= i as i64;
        }
        let body = encode(&cells).unwrap();
        let mut back = Cells::default();
        each(&body, |k, c| {
            back.insert(k, c);
        })
        .unwrap();
        assert_eq!(back, cells);
        assert!(each(&body[..body.len() - 1], |_, _| {}).is_err());
    }
}
