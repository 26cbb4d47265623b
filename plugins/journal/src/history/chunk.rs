//! A chunk: the readings of up to 1024 streams of a part as columns, then zstd.
//!
//! Chosen by measured bytes (`guanlan bench seek` prints them beside Gorilla's): decimals as integers with
//! differences, second differences of time in the largest unit that divides it, arrival as seconds after measurement.
//! Sorting by stream makes the columns repeat, which zstd turns into less than Gorilla's bit streams, and a byte
//! code is read several times faster than bits.

use super::rows::{Mark, Rows};
use crate::codec::{Reader, Values, pack, put, put_bytes, put_signed, put_values, unpack};

/// Streams in a chunk: stream `s` is in chunk `s / BLOCK`.
pub(crate) const BLOCK: u32 = 1024;
const VERSION: u8 = 1;
/// Units of time, ms; the largest that divides every instant of a chunk is used.
const UNITS: [i64; 6] = [1, 10, 100, 1_000, 10_000, 60_000];
const ZSTD_LEVEL: i32 = 3;

fn unit_of(at: &[i64]) -> u8 {
    let mut best = UNITS.len() - 1;
    for t in at {
        while t % UNITS[best] != 0 {
            best -= 1;
        }
    }
    best as u8
}

/// The rows of one chunk, sorted by stream and time.
pub(crate) fn encode(rows: &Rows, range: std::ops::Range<usize>, block: u32) -> Result<Vec<u8>, String> {
    let (stream, at) = (&rows.stream[range.clone()], &rows.at[range.clone()]);
    let (arrived, value, mark) = (&rows.arrived_s[range.clone()], &rows.value[range.clone()], &rows.mark[range]);
    let unit_code = unit_of(at);
    let unit = UNITS[unit_code as usize];
    let base = at.iter().min().copied().unwrap_or(0);
    let (mut counts, mut times, mut lags, mut values) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    // Instants are whole units, so their differences are, too; those of the stream before are the first guess.
    let (mut step, mut last_local) = (0i64, 0u32);
    let mut from = 0;
    while from < stream.len() {
        let to = from + stream[from..].iter().take_while(|s| **s == stream[from]).count();
        let local = stream[from] - block * BLOCK;
        put(&mut counts, u64::from(local - last_local));
        put(&mut counts, (to - from) as u64);
        last_local = local;
        let mut last = at[from];
        put_signed(&mut times, last.wrapping_sub(base) / unit);
        for t in &at[from + 1..to] {
            let delta = (t - last) / unit;
            put_signed(&mut times, delta - step);
            (step, last) = (delta, *t);
        }
        put_values(&mut values, &value[from..to]);
        from = to;
    }
    for (t, s) in at.iter().zip(arrived) {
        put_signed(&mut lags, s - t.div_euclid(1000));
    }
    let mut plain = vec![VERSION, unit_code];
    put(&mut plain, stream.len() as u64);
    put_signed(&mut plain, base);
    for column in [&counts, &times, &lags, &values] {
        put_bytes(&mut plain, column);
    }
    plain.extend_from_slice(mark);
    pack(&plain, ZSTD_LEVEL)
}

/// A chunk that is being read.
pub(crate) struct Chunk {
    plain: Vec<u8>,
}

struct Columns<'a> {
    unit: i64,
    base: i64,
    counts: Reader<'a>,
    times: Reader<'a>,
    lags: Reader<'a>,
    values: Reader<'a>,
    mark: &'a [u8],
}

impl Chunk {
    pub fn open(body: &[u8]) -> Result<Self, String> {
        Ok(Self { plain: unpack(body)? })
    }

    fn columns(&self) -> Option<Columns<'_>> {
        let (&version, &unit) = (self.plain.first()?, self.plain.get(1)?);
        let unit = *UNITS.get(unit as usize)?;
        if version != VERSION {
            return None;
        }
        let mut r = Reader::new(&self.plain[2..]);
        let rows = usize::try_from(r.number()?).ok()?;
        let base = r.signed()?;
        let (counts, times, lags, values) = (r.slice()?, r.slice()?, r.slice()?, r.slice()?);
        let mark = self.plain.get(self.plain.len().checked_sub(rows)?..)?;
        let [counts, times, lags, values] = [counts, times, lags, values].map(Reader::new);
        Some(Columns { unit, base, counts, times, lags, values, mark })
    }

    /// Every row in order, or of one stream only: local number, measured, arrived by, value, mark.
    pub fn each(&self, only: Option<u32>, mut visit: impl FnMut(u32, i64, i64, f64, u8)) -> Result<(), String> {
        self.walk(only, &mut visit).ok_or_else(|| "a chunk of readings is damaged".to_owned())
    }

    fn walk(&self, only: Option<u32>, visit: &mut impl FnMut(u32, i64, i64, f64, u8)) -> Option<()> {
        let mut c = self.columns()?;
        let (mut local, mut step, mut row) = (0u32, 0i64, 0usize);
        while !c.counts.at_end() {
            local = local.checked_add(u32::try_from(c.counts.number()?).ok()?).filter(|l| *l < BLOCK)?;
            let n = usize::try_from(c.counts.number()?).ok()?;
            let mut run = Values::begin(&mut c.values)?;
            let mut at = c.base.wrapping_add(c.times.signed()?.wrapping_mul(c.unit));
            let wanted = only.is_none_or(|o| o == local);
            for k in 0..n {
                if k > 0 {
                    step = step.wrapping_add(c.times.signed()?);
                    at = at.wrapping_add(step.wrapping_mul(c.unit));
                }
                let lag = c.lags.signed()?;
                run.skip(&mut c.values)?;
                let mark = *c.mark.get(row)?;
                row += 1;
                if wanted {
                    visit(local, at, at.div_euclid(1000).wrapping_add(lag), run.value(), mark);
                }
            }
            if only.is_some_and(|o| local >= o) {
                return Some(());
            }
        }
        Some(())
    }

    /// The latest row of every stream that had arrived by a second: local number, measured, value, mark. A change
    /// of quality after it is in its mark; `NaN` when there was only such a change.
    pub fn latest(&self, by_s: i64, mut visit: impl FnMut(u32, i64, f64, u8)) -> Result<(), String> {
        self.walk_latest(by_s, &mut visit).ok_or_else(|| "a chunk of readings is damaged".to_owned())
    }

    fn walk_latest(&self, by_s: i64, visit: &mut impl FnMut(u32, i64, f64, u8)) -> Option<()> {
        let mut c = self.columns()?;
        let (mut local, mut step, mut row) = (0u32, 0i64, 0usize);
        while !c.counts.at_end() {
            local = local.checked_add(u32::try_from(c.counts.number()?).ok()?).filter(|l| *l < BLOCK)?;
            let n = usize::try_from(c.counts.number()?).ok()?;
            let mut run = Values::begin(&mut c.values)?;
            let mut at = c.base.wrapping_add(c.times.signed()?.wrapping_mul(c.unit));
            let (mut found, mut turned) = (None, None);
            // By when the last reading of a clock that was set back had arrived: what is later and came before is void.
            let mut back = i64::MIN;
            for k in 0..n {
                if k > 0 {
                    step = step.wrapping_add(c.times.signed()?);
                    at = at.wrapping_add(step.wrapping_mul(c.unit));
                }
                let lag = c.lags.signed()?;
                run.skip(&mut c.values)?;
                let mark = *c.mark.get(row)?;
                row += 1;
                let arrived_s = at.div_euclid(1000).wrapping_add(lag);
                if arrived_s > by_s {
                    continue;
                }
                if mark & Mark::TURN != 0 {
                    turned = Some((at, Mark(mark).quality().0, arrived_s));
                    continue;
                }
                if Mark(mark).is_back() && arrived_s >= back {
                    back = arrived_s;
                } else if arrived_s <= back {
                    continue;
                }
                let mark = if back > i64::MIN { mark | Mark::BACK } else { mark };
                // Kept undivided: the value of most rows is never asked for.
                (found, turned) = (Some((at, run, mark, arrived_s)), None);
            }
            match (found, turned) {
                (Some((at, run, mark, since)), Some((_, quality, by))) if by >= since => {
                    visit(local, at, run.value(), quality | (mark & Mark::BACK));
                }
                (Some((at, run, mark, _)), _) => visit(local, at, run.value(), mark),
                (None, Some((at, quality, _))) => visit(local, at, f64::NAN, quality | Mark::TURN),
                (None, None) => {}
            }
        }
        Some(())
    }

    /// Appends every row to `rows`.
    pub fn append_to(&self, block: u32, rows: &mut Rows) -> Result<(), String> {
        self.each(None, |local, at, arrived_s, value, mark| {
            rows.push(block * BLOCK + local, at, arrived_s, value, mark);
        })
    }
}

/// Bits that Gorilla (Pelkonen et al., VLDB 2015, §4.1) takes for a series of seconds and values: the measure that
/// this code is held against. Only counted, not written.
#[must_use]
pub fn gorilla_bits(series: impl IntoIterator<Item = (i64, f64)>) -> u64 {
    let mut bits = 0;
    let (mut last, mut step, mut value) = (None::<i64>, 0i64, 0u64);
    let (mut lead, mut trail) = (u32::MAX, 0u32);
    for (t, v) in series {
        let v = v.to_bits();
        let Some(before) = last else {
            bits += 64 + 64;
            (last, value) = (Some(t), v);
            continue;
        };
        let second = (t - before) - step;
        bits += match second {
            0 => 1,
            -63..=64 => 2 + 7,
            -255..=256 => 3 + 9,
            -2047..=2048 => 4 + 12,
            _ => 4 + 32,
        };
        let x = v ^ value;
        if x == 0 {
            bits += 1;
        } else {
            let (l, r) = (x.leading_zeros().min(31), x.trailing_zeros());
            if lead != u32::MAX && l >= lead && r >= trail {
                bits += 2 + u64::from(64 - lead - trail);
            } else {
                bits += 2 + 5 + 6 + u64::from(64 - l - r);
                (lead, trail) = (l, r);
            }
        }
        (step, last, value) = (t - before, Some(t), v);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Rows {
        let mut rows = Rows::default();
        for stream in [2048u32, 2049, 2300, 3071] {
            for k in 0..40i64 {
                let at = 1_782_864_000_000 + k * 300_000 + i64::from(stream % 7) * 1000;
                rows.push(stream, at, at / 1000 + 1 + k % 3, (k * i64::from(stream % 13)) as f64 / 10.0, (k % 2) as u8);
            }
        }
        rows
    }

    #[test]
    fn what_a_clock_that_was_set_back_had_stamped_ahead_is_the_latest_only_until_then() {
        // Stamped an hour ahead until the clock is right again; all the while one reading a second arrives.
        let (begin_s, hour) = (1_782_864_000i64, 3_600_000);
        let came = [(0, 0), (1, hour), (2, hour), (3, 0), (4, 0)];
        let mut rows = Rows::default();
        for (k, ahead) in came {
            let (at, by) = ((begin_s + k) * 1000 + ahead, begin_s + k + 1);
            rows.push(7, at, by, k as f64, if k == 3 { Mark::BACK } else { 0 });
        }
        // A change of quality while it was ahead, told on the room's clock, does not outlive the reading after it.
        rows.push(7, begin_s * 1000 + hour + 2500, begin_s + 3, 0.0, Mark::TURN | Mark::SUSPECT.0);
        let rows = rows.sorted();
        let body = encode(&rows, 0..rows.len(), 0).unwrap();
        let chunk = Chunk::open(&body).unwrap();
        let seen = |k: i64| {
            let mut seen = None;
            chunk
                .latest(begin_s + k + 1, |_, _, value, mark| {
                    seen = Some((value, Mark(mark).quality(), Mark(mark).is_back()))
                })
                .unwrap();
            seen.unwrap()
        };
        let good = Mark::GOOD;
        assert_eq!(
            [0, 1, 2, 3, 4].map(seen),
            [(0.0, good, false), (1.0, good, false), (2.0, Mark::SUSPECT, false), (3.0, good, true), (4.0, good, true)]
        );
    }

    #[test]
    fn rows_come_back() {
        let rows = sample();
        let body = encode(&rows, 0..rows.len(), 2).unwrap();
        let chunk = Chunk::open(&body).unwrap();
        let mut back = Rows::default();
        chunk.append_to(2, &mut back).unwrap();
        assert_eq!((back.stream, back.at, back.arrived_s), (rows.stream, rows.at, rows.arrived_s));
        assert_eq!((back.value, back.mark), (rows.value, rows.mark));
        let mut n = 0;
        chunk.each(Some(252), |local, _, _, _, _| n += usize::from(local == 252)).unwrap();
        assert_eq!(n, 40);
    }

    #[test]
    fn the_latest_by_a_second_is_what_had_arrived() {
        let mut rows = Rows::default();
        let at = |s: i64| 1_782_864_000_000 + s * 1000;
        let by = |s: i64| 1_782_864_000 + s;
        rows.push(0, at(0), by(1), 1.0, 0);
        rows.push(0, at(10), by(30), 2.0, 0);
        rows.push(0, at(20), by(21), 3.0, 0);
        rows.push(0, at(25), by(25), 0.0, Mark::TURN | 1);
        rows.push(5, at(40), by(40), 0.0, Mark::TURN | 1);
        let chunk = Chunk::open(&encode(&rows, 0..rows.len(), 0).unwrap()).unwrap();
        let seen = |s: i64| {
            let mut found = Vec::new();
            chunk.latest(by(s), |local, t, v, m| found.push((local, t, v, m))).unwrap();
            found
        };
        assert_eq!(seen(0), []);
        assert_eq!(seen(20), [(0, at(0), 1.0, 0)]);
        assert_eq!(seen(22), [(0, at(20), 3.0, 0)]);
        // Suspect from 25 s on; what came late at 30 s never becomes the latest.
        assert_eq!(seen(31), [(0, at(20), 3.0, 1)]);
        assert_eq!(seen(40).len(), 2);
    }

    #[test]
    fn damage_is_an_error() {
        let rows = sample();
        let body = encode(&rows, 0..rows.len(), 2).unwrap();
        for i in 0..body.len() {
            let mut bytes = body.clone();
            bytes[i] ^= 4;
            let whole = Chunk::open(&bytes).and_then(|c| c.each(None, |_, _, _, _, _| {}));
            assert!(whole.is_err(), "byte {i} of {} was changed and not noticed", body.len());
        }
    }

    #[test]
    fn gorilla_as_published() {
        // A constant once a minute: 1 bit of time and 1 of value for each reading after the first two.
        let series = (0..1000).map(|k| (k * 60, 12.0));
        assert_eq!(gorilla_bits(series), 128 + (9 + 1) + 998 * 2);
    }
}
