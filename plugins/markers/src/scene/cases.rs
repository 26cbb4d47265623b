//! The cases as columns.

use super::CaseMark;
use crate::{column::Column, grid::LazyGrid, pack};

/// The cases as columns.
#[derive(Clone, Debug, Default)]
pub struct CaseColumns {
    /// East, north, height of the ground, height of the pin above it, m.
    pub place: Column<[f32; 4]>,
    /// See [`pack::case_of`].
    pub state: Column<u32>,
    /// Grows with every change of [`CaseColumns::set`].
    pub version: u64,
    pub(crate) grid: LazyGrid,
}

impl CaseColumns {
    /// Number of cases.
    #[must_use]
    pub fn len(&self) -> usize {
        self.place.len()
    }

    /// True without a case.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.place.is_empty()
    }

    /// Shows these cases.
    pub fn set(&mut self, rows: impl AsRef<[CaseMark]>) {
        let rows = rows.as_ref();
        let mut changed = rows.len() != self.place.len();
        self.state.resize(rows.len(), 0);
        self.place.resize(rows.len(), [0.0; 4]);
        for (i, row) in rows.iter().enumerate() {
            changed |= self.place.set(i, [row.pos[0], row.pos[1], row.pos[2], row.stem_m]);
            changed |= self.state.set(i, pack::case_of(row));
        }
        self.version += u64::from(changed);
    }

    /// Where the head of a pin is, `[east, north, height]` m.
    #[must_use]
    pub fn head(&self, row: usize) -> Option<[f32; 3]> {
        self.place.rows().get(row).map(|p| [p[0], p[1], p[2] + p[3]])
    }
}
