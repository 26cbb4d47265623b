//! Pump advice (排水联动): which pumps to start when, which inlets to clear first, where to stage pump trucks, and the
//! difference it makes against doing nothing.
//!
//! Candidates come from the do-nothing run: what is near the water it shows. One run with all of them at once tells
//! how much each helps at its own place; the search then adds them one by one, best first, keeps what helps the whole
//! city in a run of its own, and ends with a few ways to act that have each been run to the end.

mod candidates;
mod search;
mod words;

pub use candidates::{Candidate, Resources, candidates_of};
pub use search::{SearchSettings, Step, advise};
