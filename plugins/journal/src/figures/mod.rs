//! Key figures of case and event records, as roll-ups kept while records arrive.
//!
//! A record is counted in seven *cubes*, each coarse in one direction so that it stays small: by hour and district, by
//! day and community, by day and category and district, by day and street and category, and by month what is by day. A
//! question is answered from the smallest cube that has what it asks for, so a hundred and fifty
//! million records are never read again.
//!
//! **Invariant:** figures follow from the chain of records: `seq` is the last record counted, and after a crash the
//! records above it are counted again.

mod book;
mod cube;
mod facts;
mod query;

pub use book::{FigureBook, FigureReader};
pub(crate) use book::{Pending, add_months};
pub use facts::Fact;
pub use query::{FigureError, FigureQuery, FigureRow, FigureStep};
