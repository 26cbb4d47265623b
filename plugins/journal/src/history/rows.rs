//! Readings in columns, in order of arrival and sorted by stream.

use guanlan_core::Stamp;

/// Quality of a reading, and whether it is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(pub u8);

impl Mark {
    /// Believed.
    pub const GOOD: Self = Self(0);
    /// The device speaks but is not believed.
    pub const SUSPECT: Self = Self(1);
    /// Contradicted by neighbours or by the model.
    pub const CONTRADICTED: Self = Self(2);
    const QUALITY: u8 = 0b0111;
    /// Not a reading: the quality changed, the value did not.
    pub const TURN: u8 = 0b1000;
    /// Came after a newer one of its stream.
    pub const LATE: u8 = 0b1_0000;
    /// Stamped by a clock that was set back and that the room's own is ahead of: the newest of its stream, whatever that
    /// clock had stamped before.
    pub const BACK: u8 = 0b10_0000;

    /// Only the quality.
    #[must_use]
    pub const fn quality(self) -> Self {
        Self(self.0 & Self::QUALITY)
    }

    /// True when this is a change of quality without a value.
    #[must_use]
    pub const fn is_turn(self) -> bool {
        self.0 & Self::TURN != 0
    }

    /// True when it came late.
    #[must_use]
    pub const fn is_late(self) -> bool {
        self.0 & Self::LATE != 0
    }

    /// True when it was stamped by a clock that the room's own was ahead of.
    #[must_use]
    pub const fn is_back(self) -> bool {
        self.0 & Self::BACK != 0
    }

    /// The name in the API.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self.quality().0 {
            0 => "good",
            1 => "suspect",
            _ => "contradicted",
        }
    }
}

/// One reading of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Number of the stream.
    pub stream: u32,
    /// When it was measured.
    pub at: Stamp,
    /// In the unit of the stream's property.
    pub value: f64,
    /// Quality.
    pub mark: Mark,
}

/// Rows in columns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub stream: Vec<u32>,
    /// Measured, ms.
    pub at: Vec<i64>,
    /// Whole second by which it had arrived.
    pub arrived_s: Vec<i64>,
    pub value: Vec<f64>,
    pub mark: Vec<u8>,
}

/// The whole second by which everything of a tick at `now` has arrived.
pub(crate) fn arrival_s(now: Stamp) -> i64 {
    now.0.div_euclid(1000) + i64::from(now.0.rem_euclid(1000) != 0)
}

impl Rows {
    pub fn len(&self) -> usize {
        self.stream.len()
    }

    pub fn is_empty(&self) -> bool {
        self.stream.is_empty()
    }

    pub fn push(&mut self, stream: u32, at: i64, arrived_s: i64, value: f64, mark: u8) {
        self.stream.push(stream);
        self.at.push(at);
        self.arrived_s.push(arrived_s);
        self.value.push(value);
        self.mark.push(mark);
    }

    fn take(&mut self, from: &Self, i: usize) {
        self.push(from.stream[i], from.at[i], from.arrived_s[i], from.value[i], from.mark[i]);
    }

    /// The first `n` rows are no longer needed.
    pub fn drop_front(&mut self, n: usize) {
        self.stream.drain(..n);
        self.at.drain(..n);
        self.arrived_s.drain(..n);
        self.value.drain(..n);
        self.mark.drain(..n);
    }

    /// Sorted by stream, then by time of measurement; the second reading of a stream for one instant is dropped.
    pub fn sorted(&self) -> Self {
        // Counting sort by stream keeps the order of arrival; most streams are then in order of time, too.
        let lowest = self.stream.iter().min().copied().unwrap_or(0);
        let streams = self.stream.iter().max().map_or(0, |m| (*m - lowest) as usize + 1);
        let mut begin = vec![0u32; streams + 1];
        for s in &self.stream {
            begin[(*s - lowest) as usize + 1] += 1;
        }
        for i in 0..streams {
            begin[i + 1] += begin[i];
        }
        let mut order = vec![0u32; self.len()];
        let mut next = begin.clone();
        for (i, s) in self.stream.iter().enumerate() {
            let place = &mut next[(*s - lowest) as usize];
            order[*place as usize] = i as u32;
            *place += 1;
        }
        let mut out = Self {
            stream: Vec::with_capacity(self.len()),
            at: Vec::with_capacity(self.len()),
            arrived_s: Vec::with_capacity(self.len()),
            value: Vec::with_capacity(self.len()),
            mark: Vec::with_capacity(self.len()),
        };
        for s in 0..streams {
            let run = &mut order[begin[s] as usize..begin[s + 1] as usize];
            if !run.is_sorted_by_key(|i| self.at[*i as usize]) {
                run.sort_by_key(|i| self.at[*i as usize]);
            }
            let from = out.len();
            for i in run {
                let i = *i as usize;
                let turn = self.mark[i] & Mark::TURN;
                let mut same = (from..out.len()).rev().take_while(|j| out.at[*j] == self.at[i]);
                if turn == 0 && same.any(|j| out.mark[j] & Mark::TURN == 0) {
                    continue;
                }
                out.take(self, i);
            }
        }
        out
    }
}

/// What is not on disk yet.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    pub rows: Rows,
    /// Streams by number, from the first that is not on disk.
    pub fresh: Vec<(u32, guanlan_core::SensorId)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_the_second_of_an_instant_is_dropped() {
        let mut r = Rows::default();
        for (stream, at, value, mark) in [
            (3, 50, 1.0, 0),
            (1, 10, 2.0, 0),
            (3, 40, 3.0, Mark::LATE),
            (1, 10, 9.0, 0),
            (3, 50, 0.0, Mark::TURN | 1),
            (3, 50, 7.0, Mark::LATE),
        ] {
            r.push(stream, at, 1, value, mark);
        }
        let s = r.sorted();
        let rows: Vec<_> = (0..s.len()).map(|i| (s.stream[i], s.at[i], s.value[i], s.mark[i])).collect();
        assert_eq!(rows, [(1, 10, 2.0, 0), (3, 40, 3.0, 16), (3, 50, 1.0, 0), (3, 50, 0.0, 9)]);
        r.drop_front(5);
        assert_eq!((r.len(), r.value[0]), (1, 7.0));
    }

    #[test]
    fn arrival_is_the_second_by_which_it_was_there() {
        assert_eq!(
            [arrival_s(Stamp(1000)), arrival_s(Stamp(1001)), arrival_s(Stamp(-1)), arrival_s(Stamp(0))],
            [1, 2, 0, 0]
        );
    }
}
