//! What a room is made of.

use std::sync::Arc;

use bevy_app::App;
use guanlan_alerting::{AlertingPlugin, RuleSet};
use guanlan_casework::{CaseRules, CaseworkPlugin};
use guanlan_city::City;
use guanlan_core::{Mode, Stamp, TimelineId};
use guanlan_dispatch::DispatchPlugin;
use guanlan_drill::{DrillPlan, DrillPlugin};
use guanlan_sensing::SensingPlugin;

use crate::{meta::RoomMetaPlugin, ranking::RankingPlugin, water::WaterDeskPlugin};

/// Constants of a timeline. Everything that may change is state.
#[derive(Clone)]
pub struct RoomConfig {
    /// The static city.
    pub city: Arc<City>,
    /// Name of the timeline.
    pub timeline: TimelineId,
    /// Mode it begins with.
    pub mode: Mode,
    /// Seed of everything random in it.
    pub seed: u64,
    /// Regular tick, ms.
    pub tick_ms: i64,
    /// Rules from readings to alerts.
    pub alert_rules: RuleSet,
    /// Rules of case handling: categories, limits, calendar, empty seats.
    pub case_rules: CaseRules,
    /// Crews without a phone are moved by the room itself (exercises).
    pub simulate_crews: bool,
    /// The script and its time zero, in an exercise.
    pub drill: Option<(Arc<DrillPlan>, Stamp)>,
}

/// Regular tick of a live room, ms.
pub const LIVE_TICK_MS: i64 = 200;

pub(crate) fn compose(app: &mut App, config: &RoomConfig) {
    app.add_plugins(RoomMetaPlugin);
    app.add_plugins(SensingPlugin { city: config.city.clone() });
    app.add_plugins(AlertingPlugin { rules: config.alert_rules.clone(), city: config.city.clone() });
    app.add_plugins(CaseworkPlugin { city: config.city.clone(), rules: config.case_rules.clone() });
    app.add_plugins(DispatchPlugin { city: config.city.clone(), simulate_crews: config.simulate_crews });
    app.add_plugins(WaterDeskPlugin { city: config.city.clone() });
    app.add_plugins(RankingPlugin { city: config.city.clone() });
    if let Some((plan, start)) = &config.drill {
        app.add_plugins(DrillPlugin { plan: plan.clone(), start: *start });
    }
}
