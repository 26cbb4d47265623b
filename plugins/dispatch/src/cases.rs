//! The open cases as dispatch needs them: where they are and whether a crew can be sent. Fed by events only.

use std::{collections::BTreeMap, sync::Arc};

use bevy_ecs::prelude::Resource;
use guanlan_core::{AlertLevel, Bilingual, CaseId, Event, Stamp};
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

/// An open case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenCase {
    /// Category code.
    pub code: String,
    /// What is the matter.
    pub title: Bilingual,
    /// Severity it was opened with.
    pub level: AlertLevel,
    /// Local m.
    pub place_m: [f64; 2],
    /// Where, in words.
    pub place: Bilingual,
    /// State in the spelling of DOMAIN §1.4.
    pub state: String,
    /// When it was opened.
    pub opened: Stamp,
}

impl OpenCase {
    /// True while the case still needs somebody on site.
    #[must_use]
    pub fn needs_crew(&self) -> bool {
        matches!(
            self.state.as_str(),
            "reported"
                | "pending_verify"
                | "pending_register"
                | "accepted"
                | "pending_dispatch"
                | "dispatched"
                | "pending_handle"
                | "returned"
                | "handling"
        )
    }
}

/// Index of open cases.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct OpenCases {
    /// By case number.
    pub cases: Arc<BTreeMap<CaseId, OpenCase>>,
}

impl RoomState for OpenCases {
    const NAME: &'static str = "dispatch.cases";
}

impl OpenCases {
    /// Follows a fact; true when it concerned a case's being open.
    pub fn follow(&mut self, event: &Event, now: Stamp) -> bool {
        match event {
            Event::CaseOpened { case, code, title, level, place_m, place, .. } => {
                let open = OpenCase {
                    code: code.clone(),
                    title: title.clone(),
                    level: *level,
                    place_m: *place_m,
                    place: place.clone(),
                    state: "reported".into(),
                    opened: now,
                };
                Arc::make_mut(&mut self.cases).insert(case.clone(), open);
                true
            }
            Event::CaseMoved { case, to, .. } => {
                let cases = Arc::make_mut(&mut self.cases);
                if matches!(to.as_str(), "closed" | "forced_close" | "cancelled" | "not_accepted") {
                    cases.remove(case);
                } else if let Some(open) = cases.get_mut(case) {
                    open.state.clone_from(to);
                }
                true
            }
            _ => false,
        }
    }
}
