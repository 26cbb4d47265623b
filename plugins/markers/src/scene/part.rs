//! Lists that change seldom.

use std::sync::Arc;

/// A list with a version: raise it when the rows change.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// Grows with every change.
    pub version: u64,
    /// The rows.
    pub rows: Arc<Vec<T>>,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { version: 0, rows: Arc::new(Vec::new()) }
    }
}

impl<T: PartialEq> Part<T> {
    /// Shows these rows; the version grows only when they differ.
    pub fn set(&mut self, rows: impl Into<Arc<Vec<T>>>) {
        let rows = rows.into();
        if !Arc::ptr_eq(&self.rows, &rows) && *self.rows != *rows {
            self.rows = rows;
            self.version += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lists_do_not_raise_the_version() {
        let mut part = Part::default();
        part.set(vec![1]);
        part.set(vec![1]);
        assert_eq!(part.version, 1);
        part.set(vec![2]);
        assert_eq!(part.version, 2);
    }
}
