//! Units, road graph, routing through water, recommendation, assignment.
//!
//! One search backwards from a case gives the travel time of every crew through the present water and closures;
//! crews are scored with five visible terms; what the officer decides is checked and recorded.
//!
//! **Invariant:** costs are whole milliseconds and ties are decided by number, so equal rooms choose equal routes.
//! **Invariant:** in a real room an estimate of water closes no road by itself.
//!
//! Terminology: a *crew* is a unit with its vehicle; an *edge* is a road of `City::roads` between two junctions; a
//! *dispatch* (assignment) is one sending of a crew to a case.

pub mod assign;
pub mod assignment;
pub mod cases;
pub mod constants;
pub mod costs;
pub mod crew;
pub mod figures;
pub mod graph;
pub mod orders;
pub mod plugin;
pub mod recommend;
mod rerouting;
pub mod roads;
pub mod roster;
pub mod route;
pub mod simulated;
pub mod skills;
pub mod status;
pub mod unit;
pub mod vehicle;

pub use assignment::{Assignment, Outcome};
pub use cases::{OpenCase, OpenCases};
pub use constants::Constants;
pub use costs::EdgeCosts;
pub use crew::{CrewDriver, CrewOutput, CrewTask, PatrolDriver};
pub use figures::DispatchFigures;
pub use graph::{RoadGraph, Snap};
pub use plugin::DispatchPlugin;
pub use recommend::{Advice, Recommendation, Recommendations, Scene, Term, recommend};
pub use roads::{EdgeCondition, RoadState};
pub use roster::UnitRoster;
pub use route::{Leg, Route};
pub use simulated::SimulatedCrews;
pub use unit::{Task, Unit};
pub use vehicle::VehicleClass;
