//! Storms, two-dimensional surface flow, storm drains, impact: the water of Guanlan.
//!
//! Nothing here belongs to a room: the solver runs beside it and delivers depth frames.
//!
//! **Invariant:** the same city, scenario and measures give the same depths, bit for bit, on any number
//! of threads.
//! **Invariant:** no volume is clamped away: the ledger of the surface and of the drains closes.

pub mod drains;
pub mod storm;
pub mod surface;
