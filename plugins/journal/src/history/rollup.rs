//! Roll-ups: what a stream said in a minute, an hour, a day, and how parts of the same bucket add up.

use super::rows::Mark;
use crate::codec::{RAW, Reader, Values, decimals_of, from_integer, pack, put, put_signed, put_values, unpack};

const VERSION: u8 = 1;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Days begin at midnight of the wall clock users see (China Standard Time, as [`guanlan_core::Stamp::local`]).
const LOCAL_MS: i64 = 8 * HOUR_MS;

/// How wide the buckets of a roll-up are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Readings as they came.
    Raw,
    /// One minute.
    Minute,
    /// One hour.
    Hour,
    /// One local day.
    Day,
}

impl Level {
    /// Width of a bucket, ms; 0 for raw readings.
    #[must_use]
    pub const fn width_ms(self) -> i64 {
        match self {
            Self::Raw => 0,
            Self::Minute => MINUTE_MS,
            Self::Hour => HOUR_MS,
            Self::Day => DAY_MS,
        }
    }

    /// Begin of the bucket an instant falls into, ms.
    #[must_use]
    pub const fn begin(self, at_ms: i64) -> i64 {
        match self {
            Self::Raw => at_ms,
            _ => {
                let width = self.width_ms();
                (at_ms + LOCAL_MS).div_euclid(width) * width - LOCAL_MS
            }
        }
    }

    /// The name in the API.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// What a stream said within one bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Begin of the bucket, ms.
    pub begin: i64,
    /// Readings in it.
    pub count: u64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// Sum of all values; the mean is `sum / count`.
    pub sum: f64,
    /// The last one measured.
    pub last: f64,
    /// The worst quality of a reading in it.
    pub worst: Mark,
}

impl Bucket {
    fn of(begin: i64, value: f64, mark: u8) -> Self {
        // A late reading does not decide what was last.
        let worst = Mark(Mark(mark).quality().0 | (mark & Mark::LATE));
        Self { begin, count: 1, min: value, max: value, sum: value, last: value, worst }
    }

    /// Mean of the readings.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }

    /// Adds what came later in order of arrival.
    pub(crate) fn add(&mut self, later: &Self) {
        self.count += later.count;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        self.sum += later.sum;
        if !later.worst.is_late() || self.worst.is_late() {
            self.last = later.last;
        }
        let late = self.worst.is_late() && later.worst.is_late();
        let worst = self.worst.quality().max(later.worst.quality());
        self.worst = Mark(worst.0 | if late { Mark::LATE } else { 0 });
    }
}

/// Rolls rows of one stream, sorted by time, up to buckets.
pub(crate) fn roll(level: Level, rows: impl Iterator<Item = (i64, f64, u8)>) -> Vec<Bucket> {
    let mut buckets: Vec<Bucket> = Vec::new();
    for (at, value, mark) in rows.filter(|(_, _, mark)| mark & Mark::TURN == 0) {
        let one = Bucket::of(level.begin(at), value, mark);
        match buckets.last_mut() {
            // Rows are in order of time here, so the last one is the last whatever its way.
            Some(open) if open.begin == one.begin => {
                open.add(&one);
                open.last = value;
            }
            _ => buckets.push(one),
        }
    }
    buckets
}

/// Adds buckets to others of the same stream; both are sorted by begin.
pub(crate) fn merge(into: &mut Vec<Bucket>, later: &[Bucket]) {
    for b in later {
        match into.binary_search_by_key(&b.begin, |x| x.begin) {
            Ok(i) => into[i].add(b),
            Err(i) => into.insert(i, *b),
        }
    }
}

/// Buckets of the streams of a block: local number and buckets, both ascending.
pub(crate) type Rolled = Vec<(u32, Vec<Bucket>)>;

/// Merges the streams of `later` into `into`.
pub(crate) fn merge_streams(into: &mut Rolled, later: Rolled) {
    for (local, buckets) in later {
        match into.binary_search_by_key(&local, |(l, _)| *l) {
            Ok(i) => merge(&mut into[i].1, &buckets),
            Err(i) => into.insert(i, (local, buckets)),
        }
    }
}

pub(crate) fn encode(level: Level, streams: &Rolled) -> Result<Vec<u8>, String> {
    let width = level.width_ms().max(1);
    let mut plain = vec![VERSION];
    let (mut last_local, mut last_first) = (0, 0);
    for (local, buckets) in streams {
        let Some(first) = buckets.first() else { continue };
        put(&mut plain, u64::from(local - last_local));
        put(&mut plain, buckets.len() as u64);
        last_local = *local;
        let bucket_number = |begin: i64| (begin + LOCAL_MS).div_euclid(width);
        put_signed(&mut plain, bucket_number(first.begin) - last_first);
        last_first = bucket_number(first.begin);
        let mut last = last_first;
        for b in &buckets[1..] {
            let n = bucket_number(b.begin);
            put(&mut plain, (n - last - 1) as u64);
            last = n;
        }
        buckets.iter().for_each(|b| put(&mut plain, b.count));
        buckets.iter().for_each(|b| plain.push(b.worst.0));
        let all: Vec<f64> = buckets.iter().flat_map(|b| [b.last, b.min, b.max]).collect();
        let decimals = decimals_of(&all);
        let lasts: Vec<f64> = buckets.iter().map(|b| b.last).collect();
        if decimals == RAW {
            plain.push(0);
            put_values(&mut plain, &lasts);
            for part in [|b: &Bucket| b.min, |b: &Bucket| b.max, |b: &Bucket| b.sum] {
                put_values(&mut plain, &buckets.iter().map(part).collect::<Vec<_>>());
            }
            continue;
        }
        // On a grid of decimals, a bucket of one reading costs two zero bytes beside it.
        plain.push(1);
        plain.push(decimals);
        let power = 10f64.powi(i32::from(decimals));
        let grid = |v: f64| (v * power).round() as i64;
        let mut before = 0;
        for b in buckets {
            let n = grid(b.last);
            put_signed(&mut plain, n - before);
            before = n;
            put(&mut plain, (n - grid(b.min)).max(0) as u64);
            put(&mut plain, (grid(b.max) - n).max(0) as u64);
            if b.count > 1 {
                // The sum of decimals is on their grid: rounding takes away what adding doubles put in.
                put_signed(&mut plain, grid(b.sum).wrapping_sub(n.wrapping_mul(b.count as i64)));
            }
        }
    }
    pack(&plain, 3)
}

/// All streams, or one.
pub(crate) fn decode(level: Level, body: &[u8], only: Option<u32>) -> Result<Rolled, String> {
    let plain = unpack(body)?;
    walk(level, &plain, only).ok_or_else(|| "a roll-up is damaged".to_owned())
}

fn walk(level: Level, plain: &[u8], only: Option<u32>) -> Option<Rolled> {
    let width = level.width_ms().max(1);
    let mut r = Reader::new(plain);
    if r.byte()? != VERSION {
        return None;
    }
    let mut streams = Rolled::new();
    let (mut local, mut first) = (0u32, 0i64);
    while !r.at_end() {
        local = local.checked_add(u32::try_from(r.number()?).ok()?)?;
        let n = usize::try_from(r.number()?).ok().filter(|n| *n <= plain.len())?;
        first += r.signed()?;
        let mut number = first;
        let mut buckets = Vec::with_capacity(n);
        for k in 0..n {
            if k > 0 {
                number += i64::try_from(r.number()?).ok()? + 1;
            }
            let begin = number.wrapping_mul(width) - LOCAL_MS;
            buckets.push(Bucket { begin, count: 0, min: 0.0, max: 0.0, sum: 0.0, last: 0.0, worst: Mark::GOOD });
        }
        for b in &mut buckets {
            b.count = r.number()?;
        }
        for b in &mut buckets {
            b.worst = Mark(r.byte()?);
        }
        if r.byte()? == 0 {
            type Set = fn(&mut Bucket, f64);
            let sets: [Set; 4] = [|b, v| b.last = v, |b, v| b.min = v, |b, v| b.max = v, |b, v| b.sum = v];
            for set in sets {
                let mut run = Values::begin(&mut r)?;
                for b in &mut buckets {
                    set(b, run.next(&mut r)?);
                }
            }
        } else {
            let decimals = r.byte()?;
            let mut n = 0i64;
            for b in &mut buckets {
                n = n.wrapping_add(r.signed()?);
                b.last = from_integer(n, decimals);
                b.min = from_integer(n.wrapping_sub(i64::try_from(r.number()?).ok()?), decimals);
                b.max = from_integer(n.wrapping_add(i64::try_from(r.number()?).ok()?), decimals);
                b.sum = match b.count {
                    1 => b.last,
                    count => from_integer(n.wrapping_mul(count as i64).wrapping_add(r.signed()?), decimals),
                };
            }
        }
        if only.is_none_or(|o| o == local) {
            streams.push((local, buckets));
        }
        if only.is_some_and(|o| local >= o) {
            break;
        }
    }
    Some(streams)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(k: i64) -> i64 {
        1_782_864_000_000 + k * MINUTE_MS
    }

    #[test]
    fn buckets_say_what_was_in_them() {
        let rows = [
            (0, 2.5, 0),
            (20_000, 7.25, 1),
            (30_000, 1.0, Mark::TURN | 2),
            (59_999, 3.5, Mark::LATE),
            (60_000, 9.0, 0),
        ];
        let rolled = roll(Level::Minute, rows.iter().map(|(ms, v, m)| (minute(0) + ms, *v, *m)));
        assert_eq!(rolled.len(), 2);
        let b = rolled[0];
        assert_eq!((b.begin, b.count, b.min, b.max, b.last, b.worst), (minute(0), 3, 2.5, 7.25, 3.5, Mark::SUSPECT));
        assert!((b.mean() - 13.25 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_day_is_a_local_day() {
        let at = guanlan_core::Stamp::parse("2026-07-01T00:00:00+08:00").unwrap().0;
        assert_eq!(Level::Day.begin(at + 5), at);
        assert_eq!(Level::Day.begin(at - 1), at - DAY_MS);
        assert_eq!(Level::Hour.begin(at + HOUR_MS - 1), at);
    }

    #[test]
    fn parts_of_a_bucket_add_up_and_a_late_part_is_not_the_last() {
        let mut whole = roll(Level::Hour, [(minute(1), 4.0, 0), (minute(9), 6.0, 0)].into_iter());
        merge(&mut whole, &roll(Level::Hour, [(minute(3), 99.0, Mark::LATE)].into_iter()));
        merge(&mut whole, &roll(Level::Hour, [(minute(70), 1.0, 0)].into_iter()));
        assert_eq!(whole.len(), 2);
        assert_eq!((whole[0].count, whole[0].max, whole[0].last, whole[0].sum), (3, 99.0, 6.0, 109.0));
        merge(&mut whole, &roll(Level::Hour, [(minute(11), 5.0, 1)].into_iter()));
        assert_eq!((whole[0].last, whole[0].worst), (5.0, Mark::SUSPECT));
    }

    #[test]
    fn roll_ups_come_back_and_single_readings_are_cheap() {
        let third = 1.0 / 3.0;
        let streams: Rolled = vec![
            (3, roll(Level::Minute, (0..200).map(|k| (minute(k), (k % 17) as f64 / 10.0, 0)))),
            (4, roll(Level::Minute, (0..200).map(|k| (minute(k / 4) + k % 4, k as f64 * 0.1, (k % 2) as u8)))),
            (900, roll(Level::Minute, (0..10).map(|k| (minute(k / 2 * 3), third * k as f64, 0)))),
        ];
        let body = encode(Level::Minute, &streams).unwrap();
        let back = decode(Level::Minute, &body, None).unwrap();
        assert_eq!(back.len(), 3);
        for ((l, a), (m, b)) in streams.iter().zip(&back) {
            assert_eq!((l, a.len()), (m, b.len()));
            for (x, y) in a.iter().zip(b) {
                assert_eq!((x.begin, x.count, x.worst, x.last), (y.begin, y.count, y.worst, y.last));
                assert_eq!((x.min, x.max), (y.min, y.max));
                assert!((x.sum - y.sum).abs() < 1e-9);
            }
        }
        assert_eq!(decode(Level::Minute, &body, Some(4)).unwrap(), back[1..2]);
        assert!(decode(Level::Minute, &body[..body.len() - 3], None).is_err());
        let single: Rolled =
            vec![(0, roll(Level::Minute, (0..1000).map(|k| (minute(k * 5), 20.5 + (k % 3) as f64, 0))))];
        assert!(encode(Level::Minute, &single).unwrap().len() < 1000);
    }
}
