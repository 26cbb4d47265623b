//! What views see of a room: a value that shares the room's columns and never changes.
//!
//! Making one clones handles, not data: cost grows with the number of chunks, not of things.

use std::{collections::BTreeMap, sync::Arc};

use guanlan_alerting::{AlertBoard, AlertBook, RuleSet, Rules};
use guanlan_casework::{CalendarFile, CaseFile, CaseKpis};
use guanlan_city::City;
use guanlan_core::{Mode, Stamp, TimelineId};
use guanlan_dispatch::{Recommendations, RoadState, UnitRoster};
use guanlan_drill::DrillState;
use guanlan_sensing::{Catalogue, Lineage, ProfileFile, SensorTable, WaterState};
use guanlan_tick::WallClock;

pub use crate::health::Health;
use crate::{
    machine::Machine,
    meta::{FeedView, RoomMeta},
    origins::Origins,
    ranking::CaseQueue,
    risk_desk::{RiskGrids, RiskMap},
    warnings::Warnings,
    water::{
        advice::PumpAdvice,
        closures::Closures,
        layer::{Forecasts, LiveWater, RainLayer},
        measures::Measures,
        peaks::Peaks,
        search::Searching,
        tasks::Tasks,
    },
};

/// Where a timeline stands on its own clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Playback {
    /// True when the past is shown: the mode on the screen is 回放.
    pub replay: bool,
    /// Stands still.
    pub paused: bool,
    /// × real time: the ceiling asked for.
    pub speed: f64,
    /// First instant that can be shown.
    pub first: Stamp,
    /// Last instant that can be shown.
    pub last: Stamp,
    /// Instant shown.
    pub at: Stamp,
}

impl Playback {
    /// The wall clock.
    #[must_use]
    pub fn live() -> Self {
        Self { speed: 1.0, ..Self::default() }
    }
}

/// A room at one tick.
#[derive(Clone)]
pub struct Picture {
    /// Which timeline.
    pub timeline: TimelineId,
    /// Number of the tick.
    pub tick: u64,
    /// Its instant.
    pub now: Stamp,
    /// What is on the screen: 实况, 演示, 演练, 回放, 预报.
    pub mode: Mode,
    /// How far its clock is ahead of the wall clock that was set back.
    pub wall: WallClock,
    /// Clock of the timeline.
    pub playback: Playback,
    /// The room's own health.
    pub health: Health,
    /// The static city.
    pub city: Arc<City>,
    /// Sensors in columns.
    pub sensors: SensorTable,
    /// Where each stream's readings come from.
    pub lineage: Lineage,
    /// Where units, reports and foreign warnings come from.
    pub origins: Origins,
    /// Warnings of other authorities in force.
    pub warnings: Warnings,
    /// 数据目录: each source with its owner, what it promises and keeps.
    pub catalogue: Catalogue,
    /// Water depth.
    pub water: WaterState,
    /// How good the water is (估计): skill, books, speed, gauges it does not believe; fill of drains, flow, rain field.
    pub live_water: LiveWater,
    /// What the water has been: maxima, arrival, duration.
    pub peaks: Peaks,
    /// Rain grids of feeds: radar, forecast.
    pub rain_layer: RainLayer,
    /// The hours ahead.
    pub forecast: Forecasts,
    /// Measures ordered, planned, in effect, undone.
    pub measures: Measures,
    /// Closures that only the estimate suggests, with their answers.
    pub closures: Closures,
    /// Pump advice (排水联动) with its answers.
    pub pump_advice: PumpAdvice,
    /// How far the search for it is.
    pub searching: Searching,
    /// Work that approved advice has become.
    pub water_tasks: Tasks,
    /// Alerts.
    pub alerts: AlertBoard,
    /// The rules in force, to explain colours with.
    pub rules: Arc<RuleSet>,
    /// Risks on the 万米网格 and hot spots, counted once a minute.
    pub risk: RiskMap,
    /// The grids that risks name by number.
    pub risk_grids: RiskGrids,
    /// Open cases in the order in which they should be looked at.
    pub queue: CaseQueue,
    /// The device profiles in force, if they are a file of the city's own.
    pub profiles: ProfileFile,
    /// The working calendar in force.
    pub calendar: CalendarFile,
    /// Cases.
    pub cases: CaseFile,
    /// Key figures of casework.
    pub kpis: CaseKpis,
    /// Crews.
    pub units: UnitRoster,
    /// Roads with water or closures.
    pub roads: RoadState,
    /// The best crews for each case that waits for one.
    pub advice: Recommendations,
    /// Feeds by name.
    pub feeds: Arc<BTreeMap<String, FeedView>>,
    /// The exercise, in an exercise.
    pub drill: Option<DrillState>,
}

impl Picture {
    /// The picture of a machine.
    #[must_use]
    pub fn of(machine: &Machine, health: Health, playback: Playback) -> Self {
        let world = machine.world();
        let meta = world.resource::<RoomMeta>();
        Self {
            timeline: machine.config().timeline.clone(),
            tick: machine.tick_number(),
            now: if playback.replay { playback.at } else { machine.now() },
            mode: if playback.replay { Mode::Replay } else { meta.mode },
            wall: *world.resource::<WallClock>(),
            playback,
            health,
            city: machine.config().city.clone(),
            sensors: world.resource::<SensorTable>().clone(),
            lineage: world.resource::<Lineage>().clone(),
            origins: world.resource::<Origins>().clone(),
            warnings: world.resource::<Warnings>().clone(),
            catalogue: world.resource::<Catalogue>().clone(),
            water: world.resource::<WaterState>().clone(),
            live_water: world.resource::<LiveWater>().clone(),
            peaks: world.resource::<Peaks>().clone(),
            rain_layer: world.resource::<RainLayer>().clone(),
            forecast: world.resource::<Forecasts>().clone(),
            measures: world.resource::<Measures>().clone(),
            closures: world.resource::<Closures>().clone(),
            pump_advice: world.resource::<PumpAdvice>().clone(),
            searching: *world.resource::<Searching>(),
            water_tasks: world.resource::<Tasks>().clone(),
            alerts: world.resource::<AlertBook>().board().clone(),
            rules: world.resource::<Rules>().0.clone(),
            risk: world.resource::<RiskMap>().clone(),
            risk_grids: world.resource::<RiskGrids>().clone(),
            queue: world.resource::<CaseQueue>().clone(),
            profiles: world.resource::<ProfileFile>().clone(),
            calendar: world.resource::<CalendarFile>().clone(),
            cases: world.resource::<CaseFile>().clone(),
            kpis: world.resource::<CaseKpis>().clone(),
            units: world.resource::<UnitRoster>().clone(),
            roads: world.resource::<RoadState>().clone(),
            advice: world.resource::<Recommendations>().clone(),
            feeds: Arc::new(meta.feeds.clone()),
            drill: world.get_resource::<DrillState>().cloned(),
        }
    }

    /// Rain over the city now, mm/h: mean of gauges that speak.
    #[must_use]
    pub fn rain_mm_h(&self) -> f64 {
        self.roads.rain_mm_h(self.now)
    }
}
