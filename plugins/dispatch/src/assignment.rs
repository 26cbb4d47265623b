//! The sending of a crew to a case: the order, its times, its end.

use guanlan_core::{CaseId, DispatchId, Stamp, UnitId};
use serde::{Deserialize, Serialize};

use crate::route::Route;

/// What to send a crew with.
#[derive(Clone, Debug)]
pub struct Order {
    /// The case.
    pub case: CaseId,
    /// Its place, local m.
    pub place_m: [f64; 2],
    /// The way.
    pub route: Route,
    /// Travel time with turnout, s.
    pub eta_s: f64,
    /// Who sends.
    pub actor: String,
    /// Why, when it was not recommended.
    pub reason: String,
}

/// How an assignment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Work done.
    Done,
    /// Called back.
    Recalled,
    /// The crew said no or broke down.
    Declined,
    /// The case ended without it.
    Cancelled,
}

/// One sending of a crew to a case, with its times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assignment {
    /// Its number.
    pub dispatch: DispatchId,
    /// The case.
    pub case: CaseId,
    /// The crew.
    pub unit: UnitId,
    /// Who sent it.
    pub actor: String,
    /// Why, when it was not recommended.
    pub reason: String,
    /// When it was sent.
    pub sent: Stamp,
    /// Promised travel time, s.
    pub eta_s: f64,
    /// Route length, m.
    pub route_m: f64,
    /// When it set out.
    pub en_route: Option<Stamp>,
    /// When it arrived.
    pub on_scene: Option<Stamp>,
    /// When the work was done.
    pub cleared: Option<Stamp>,
    /// When and how it ended.
    pub ended: Option<(Stamp, Outcome)>,
}
