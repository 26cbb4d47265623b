//! How far the search for pump advice is, and that somebody wants it stopped.

use bevy_ecs::prelude::*;
use guanlan_core::{
    Input, Mode, Refusal, RefusalKind,
    water::{AdviceSearch, SearchStage},
};
use guanlan_tick::{Inbox, RoomState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::no;

/// The search for pump advice beside a room.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Searching {
    /// What it said last.
    pub latest: AdviceSearch,
    /// How often somebody has stopped one: who searches compares it with what was seen before.
    pub stops: u64,
}

impl RoomState for Searching {
    const NAME: &'static str = "water.search";
}

impl Searching {
    /// True while one is under way.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.latest.stage.is_on()
    }

    pub(super) fn stop(&mut self, mode: Mode) -> Result<Value, Refusal> {
        // A forecast shows what the live room's search has found; it makes none.
        if !self.is_on() || mode == Mode::Forecast {
            return Err(no(
                RefusalKind::Conflict,
                "目前没有正在进行的排水联动比选",
                "no search for pump advice is under way",
            ));
        }
        self.stops += 1;
        self.latest.stage = SearchStage::Stopped;
        Ok(json!({ "forecast": self.latest.forecast, "stopped": true }))
    }
}

/// Takes what the search says. What was stopped is not heard any more.
pub(super) fn take(inbox: Res<Inbox>, mut searching: ResMut<Searching>) {
    for input in &inbox.inputs {
        let Input::AdviceSearch(said) = input else { continue };
        let stopped = searching.latest.stage == SearchStage::Stopped && searching.latest.forecast == said.forecast;
        if !(stopped && said.stage.is_on()) {
            searching.latest = *said;
        }
    }
}
