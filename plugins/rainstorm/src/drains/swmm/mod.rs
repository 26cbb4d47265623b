//! SWMM's own schemes. The dynamic wave: successive approximations (Picard's iteration) of flows and heads with
//! under-relaxation, explicit in the momentum equation, in steps that follow the Courant number (SWMM 5 reference manual,
//! volume II, chapter 3). The kinematic wave and steady flow along networks that are trees, with dividers (chapter 4).
//!
//! A file that stands alone runs with these, so that it agrees with EPA SWMM also where SWMM's numbers are what makes the
//! result; over a raster the implicit scheme runs, which is stable at any exchange step and loses no water. Like SWMM
//! these close their books only to a fraction of a percent, and say to which.

mod books;
mod class;
mod conduit;
mod drives;
mod forms;
mod kinematic;
mod layout;
mod lookup;
mod node;
mod outfalls;
mod profiles;
mod sections;
mod state;
mod steady;
mod step;
mod storage;
mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod tube;
mod units;

pub(super) use layout::{Layout, count_from_s};
pub(super) use state::{HotState, Waves};
pub(super) use step::CLOCK_AHEAD_S;
pub(super) use tree::Tree;
