//! A column of plain values that remembers which of its chunks changed.
//!
//! **Invariant:** after a reader has taken the dirty ranges, only rows set since then are dirty for it.

use std::ops::Range;

/// Rows in a chunk: what is uploaded when one of them changed. About two kilobytes, at most 1024 rows.
#[must_use]
pub const fn chunk_rows<T>() -> usize {
    let rows = 2048 / size_of::<T>();
    if rows > 1024 {
        1024
    } else if rows < 64 {
        64
    } else {
        rows
    }
}

/// Who follows a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reader {
    /// The copy on the GPU.
    Gpu = 1,
    /// The figures made of it on the CPU: clusters, lists.
    Crowd = 2,
}

/// Values by row with changed chunks.
#[derive(Clone, Debug)]
pub struct Column<T> {
    rows: Vec<T>,
    /// One byte per chunk: a bit for each reader that has not seen its changes.
    dirty: Vec<u8>,
    /// Readers for whom anything changed.
    any: u8,
    /// Readers that have to read everything again, because rows came or went.
    whole: u8,
    /// Rows set since the GPU read last, while they are fewer than a list is worth.
    listed: Vec<u32>,
    /// More than the list knows changed for the GPU.
    unlisted: bool,
    /// Grows with every change.
    generation: u64,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            dirty: Vec::new(),
            any: 0,
            whole: 0,
            listed: Vec::new(),
            unlisted: false,
            generation: 0,
        }
    }
}

const ALL: u8 = Reader::Gpu as u8 | Reader::Crowd as u8;

impl<T: Copy + PartialEq> Column<T> {
    const CHUNK: usize = chunk_rows::<T>();
    /// Bytes that a list must save before it is made.
    const WORTH: usize = 64 * 1024;

    /// The values.
    #[must_use]
    pub fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True without a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Grows with every change.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Takes other rows as a whole; nothing happens when they are the same.
    pub fn replace(&mut self, rows: Vec<T>) -> bool {
        if rows == self.rows {
            return false;
        }
        self.rows = rows;
        self.dirty = vec![ALL; self.rows.len().div_ceil(Self::CHUNK)];
        (self.any, self.whole) = (ALL, ALL);
        self.unlist();
        self.generation += 1;
        true
    }

    /// Sets one row; true when it is another value. Rows that do not exist are ignored.
    pub fn set(&mut self, row: usize, value: T) -> bool {
        let Some(slot) = self.rows.get_mut(row) else { return false };
        if *slot == value {
            return false;
        }
        *slot = value;
        self.dirty[row / Self::CHUNK] = ALL;
        self.any = ALL;
        self.generation += 1;
        if !self.unlisted {
            if self.listed.len() * 2 < self.rows.len() { self.listed.push(row as u32) } else { self.unlist() }
        }
        true
    }

    /// From now until the GPU has read, the list does not tell what changed.
    fn unlist(&mut self) {
        self.unlisted = true;
        self.listed = Vec::new();
    }

    /// True when the rows that changed for the GPU are so scattered that naming each costs less than half of what their
    /// chunks would.
    #[must_use]
    pub fn is_scattered(&self) -> bool {
        if self.unlisted || self.listed.is_empty() {
            return false;
        }
        let chunks = self.dirty.iter().filter(|d| **d & Reader::Gpu as u8 != 0).count();
        let (whole, each) = (chunks * Self::CHUNK * size_of::<T>(), self.listed.len() * (size_of::<T>() + 4));
        whole >= 2 * each + Self::WORTH
    }

    /// Scattered rows, some of them twice, and the values they are among. They count as read.
    pub fn take_scattered(&mut self) -> Option<(Vec<u32>, &[T])> {
        if !self.is_scattered() {
            return None;
        }
        let rows = std::mem::take(&mut self.listed);
        self.seen(Reader::Gpu);
        Some((rows, &self.rows))
    }

    /// A reader has seen everything.
    fn seen(&mut self, reader: Reader) {
        let bit = reader as u8;
        self.dirty.iter_mut().for_each(|d| *d &= !bit);
        self.any &= !bit;
        self.whole &= !bit;
        if reader == Reader::Gpu {
            self.listed.clear();
            self.unlisted = false;
        }
    }

    /// Makes the column this long; new rows hold `value` and are dirty, the others stay as they are.
    pub fn resize(&mut self, rows: usize, value: T) {
        let before = self.rows.len();
        if rows != before {
            self.rows.resize(rows, value);
            self.dirty.resize(rows.div_ceil(Self::CHUNK), ALL);
            if rows > before {
                self.dirty[before / Self::CHUNK] = ALL;
            }
            self.any = ALL;
            self.unlist();
            self.generation += 1;
        }
    }

    /// This reader has lost everything: all rows are dirty for it.
    pub fn again(&mut self, reader: Reader) {
        self.dirty.iter_mut().for_each(|d| *d |= reader as u8);
        self.any |= reader as u8;
        if reader == Reader::Gpu {
            self.unlist();
        }
    }

    /// True when a reader has something to read.
    #[must_use]
    pub fn changed(&self, reader: Reader) -> bool {
        self.any & reader as u8 != 0
    }

    /// True when a reader has to read everything again.
    #[must_use]
    pub fn replaced(&self, reader: Reader) -> bool {
        self.whole & reader as u8 != 0
    }

    /// Calls `read` with each range of rows that changed for this reader, neighbouring chunks joined, and
    /// forgets them.
    pub fn take(&mut self, reader: Reader, mut read: impl FnMut(Range<usize>, &[T])) {
        let bit = reader as u8;
        if self.any & bit == 0 {
            return;
        }
        let mut begin: Option<usize> = None;
        for chunk in 0..=self.dirty.len() {
            let changed = self.dirty.get(chunk).is_some_and(|d| d & bit != 0);
            match (begin, changed) {
                (None, true) => begin = Some(chunk),
                (Some(first), false) => {
                    let range = first * Self::CHUNK..(chunk * Self::CHUNK).min(self.rows.len());
                    read(range.clone(), &self.rows[range]);
                    begin = None;
                }
                _ => {}
            }
        }
        self.seen(reader);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(column: &mut Column<u8>, reader: Reader) -> Vec<Range<usize>> {
        let mut ranges = Vec::new();
        column.take(reader, |range, rows| {
            assert_eq!(rows.len(), range.len());
            ranges.push(range);
        });
        ranges
    }

    #[test]
    fn only_chunks_that_changed_are_read_once_by_each_reader() {
        let mut column = Column::default();
        assert!(column.replace(vec![0u8; 5000]));
        assert!(!column.replace(vec![0u8; 5000]), "the same rows are no change");
        assert_eq!(taken(&mut column, Reader::Gpu), [0..5000]);
        assert!(taken(&mut column, Reader::Gpu).is_empty());
        assert!(column.set(1, 7) && column.set(2, 7) && column.set(4999, 9));
        assert!(!column.set(1, 7), "the same value is no change");
        assert!(!column.set(5000, 1), "no such row");
        assert_eq!(taken(&mut column, Reader::Gpu), [0..1024, 4096..5000]);
        assert_eq!(taken(&mut column, Reader::Crowd), [0..5000], "the other reader has seen nothing yet");
        assert!(!column.changed(Reader::Crowd));
    }

    #[test]
    fn neighbouring_chunks_are_one_range() {
        let mut column = Column::default();
        column.replace(vec![0u8; 4096]);
        taken(&mut column, Reader::Gpu);
        column.set(1023, 1);
        column.set(1024, 1);
        assert_eq!(taken(&mut column, Reader::Gpu), [0..2048]);
        column.resize(4097, 0);
        assert_eq!(taken(&mut column, Reader::Gpu), [4096..4097], "a new row does not upload the others");
        column.again(Reader::Gpu);
        assert_eq!(taken(&mut column, Reader::Gpu), [0..4097], "after the device was lost");
        column.replace(vec![3; 10]);
        assert!(column.replaced(Reader::Gpu));
        assert_eq!(taken(&mut column, Reader::Gpu), [0..10]);
        assert!(!column.replaced(Reader::Gpu));
    }

    #[test]
    fn scattered_rows_are_named_and_crowded_ones_are_not() {
        let mut column = Column::default();
        column.replace(vec![[0u32; 8]; 100_000]);
        assert!(column.take_scattered().is_none(), "all of it is new");
        column.take(Reader::Gpu, |_, _| {});
        (0..1_000).for_each(|k| assert!(column.set(k * 97, [7; 8])));
        let (rows, values) = column.take_scattered().unwrap();
        assert!(rows.len() == 1_000 && rows.iter().all(|r| values[*r as usize] == [7; 8]));
        assert!(!column.changed(Reader::Gpu) && column.changed(Reader::Crowd), "the other reader has seen nothing yet");
        (0..1_000).for_each(|k| assert!(column.set(k, [8; 8])));
        assert!(column.take_scattered().is_none(), "side by side their chunks are shorter");
        let mut read = 0;
        column.take(Reader::Gpu, |range, _| read += range.len());
        assert_eq!(read, 1_024);
        (0..60_000).for_each(|k| assert!(column.set(k, [9; 8])));
        assert!(column.take_scattered().is_none(), "most of it changed");
        column.take(Reader::Gpu, |_, _| {});
        column.set(5, [1; 8]);
        column.again(Reader::Gpu);
        assert!(column.take_scattered().is_none(), "after the device was lost");
    }
}
