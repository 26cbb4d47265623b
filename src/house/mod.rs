//! The whole house behind one door: room, journal, feeds, devices, API.

mod api;
mod claim;
mod desks;
mod mqtt;
mod water;

use std::{fs::File, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use guanlan_alerting::RuleSet;
use guanlan_casework::CaseRules;
use guanlan_city::City;
use guanlan_core::{Lang, Mode, ObservedProperty, Role};
use guanlan_feeds::{
    Intake, Supervisor, devices,
    file::{Feed, FeedsFile},
};
use guanlan_geography::LocalFrame;
use guanlan_room::{LIVE_TICK_MS, RoomConfig, Timelines, run_live_keeping};
use tokio::{
    runtime::{self, Runtime},
    signal::unix::{Signal, SignalKind, signal},
};

pub use water::WaterDesk;

use crate::{
    exit::{Failure, Outcome, bad_input, failed},
    locale::pick,
    past::{self, Past},
    room_files::{self, Kind},
    shipped,
};

/// What a house is opened with.
pub struct HouseSetup {
    /// The static city.
    pub city: Arc<City>,
    /// Seed of everything random.
    pub seed: u64,
    /// Journal file; memory when absent.
    pub store: Option<PathBuf>,
    /// How long the past is kept.
    pub keep: guanlan_journal::history::Retention,
    /// Address of the embedded broker, URL of a foreign one, `off`, or the default.
    pub mqtt: Option<String>,
    /// Address of the API; none when absent.
    pub api: Option<String>,
    /// SensorThings services to poll.
    pub sensorthings: Vec<String>,
    /// Sources of the room, a file that is followed.
    pub feeds: Option<PathBuf>,
    /// Files of one's own instead of the shipped ones: rules, device profiles, calendar.
    pub files: Vec<(Kind, PathBuf)>,
    /// Simulated devices, crews and citizens.
    pub devices: bool,
    /// The water beside the room: hours ahead and minutes between forecasts.
    pub water: Option<(f64, f64)>,
}

/// An open house.
pub struct House {
    /// Every timeline.
    pub timelines: Arc<Timelines>,
    /// Where MQTT is spoken, if the embedded broker runs.
    pub mqtt: Option<SocketAddr>,
    /// Where the API is served.
    pub api: Option<SocketAddr>,
    /// The connectors of the feeds file; they end with the house.
    #[cfg_attr(not(feature = "views"), allow(dead_code, reason = "kept alive; views ask it for cameras"))]
    pub feeds: Arc<Supervisor>,
    runtime: Runtime,
    /// The water beside the room; ends before the room does.
    water: WaterDesk,
    /// The journal is this room's until the house is gone.
    _claim: Option<File>,
}

/// The room's constants for a city.
pub fn room_config(city: Arc<City>, seed: u64, simulated: bool) -> Result<RoomConfig, Failure> {
    let mut case_rules = CaseRules::shipped().map_err(failed)?;
    if simulated {
        // Simulated persons fill empty seats; a person who takes one is left alone.
        case_rules.auto_seats =
            [Role::Collector, Role::Acceptor, Role::Department, Role::Handler].into_iter().collect();
    }
    let mut alert_rules = RuleSet::defaults();
    if simulated {
        let [blue, yellow, red] = devices::RIVER_LEVELS_M;
        for sensor in city.sensors.iter().filter(|s| s.property == ObservedProperty::RiverStage) {
            let levels = [Some(blue), Some(yellow), None, Some(red)];
            alert_rules.set_station("river-stage", &sensor.id, levels).map_err(failed)?;
        }
    }
    Ok(RoomConfig {
        city,
        timeline: "live".into(),
        mode: Mode::Demo,
        seed,
        tick_ms: LIVE_TICK_MS,
        alert_rules,
        case_rules,
        simulate_crews: false,
        drill: None,
    })
}

impl House {
    /// Opens the journal, goes on from what it holds, and opens every door.
    pub fn open(setup: HouseSetup) -> Result<Self, Failure> {
        // A mistake in the file is told before anything is opened.
        setup.feeds.as_deref().map(FeedsFile::load).transpose().map_err(bad_input)?;
        for (kind, path) in &setup.files {
            room_files::check(*kind, path)?;
        }
        let frame = LocalFrame::new(setup.city.epsg, setup.city.origin);
        let config = Arc::new(room_config(setup.city.clone(), setup.seed, setup.devices)?);
        let claim = setup.store.as_deref().map(claim::claim).transpose()?;
        let Past { store, machine, keeping } = past::open(setup.store.as_deref(), &config, setup.keep)?;
        let live = run_live_keeping(machine, store, keeping).map_err(failed)?;
        let exercises = shipped::exercises().map_err(failed)?;
        let timelines = Arc::new(Timelines::new(live.clone(), config, setup.store.clone()).with_exercises(exercises));
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("guanlan-edge")
            .enable_all()
            .build()
            .map_err(failed)?;
        let intake = Arc::new(Intake::new(live.sender().clone(), frame.clone(), !setup.devices));
        let mqtt = mqtt::open(&runtime, &setup, &intake, &live, &frame)?;
        for (kind, path) in setup.files.clone() {
            runtime.spawn(room_files::follow(kind, path, live.clone()));
        }
        if setup.devices {
            runtime.spawn(desks::mind_empty(live.clone()));
        }
        let given = setup.sensorthings.iter().map(|root| Feed::sensorthings(root, !setup.devices)).collect();
        let feeds = Supervisor::open(setup.feeds.as_deref(), given, live.clone(), intake.clone(), runtime.handle())
            .map_err(bad_input)?;
        let api = match &setup.api {
            Some(address) => Some(api::open(&runtime, address, &timelines, api::feeds_of(&intake, &feeds))?),
            None => None,
        };
        let water = WaterDesk::prepare(&timelines, setup.water)?;
        Ok(Self { timelines, mqtt, api, feeds, runtime, water, _claim: claim })
    }

    /// The water that waits to be started.
    pub fn water(&self) -> WaterDesk {
        self.water.clone()
    }

    /// Says on stderr which doors are open.
    pub fn announce(&self, lang: Lang) {
        if let Some(mqtt) = self.mqtt {
            eprintln!("MQTT {mqtt}");
        }
        if let Some(api) = self.api {
            eprintln!(
                "API  http://{api}/api/v1  ({})",
                pick(lang, "接口说明", "described at").to_owned() + " /api/v1/openapi.json"
            );
        }
    }

    /// From now on Ctrl-C and a termination signal end nothing by themselves: they are waited for.
    pub fn endings(&self) -> Result<[Signal; 2], Failure> {
        let _inside = self.runtime.enter();
        let on = |kind| signal(kind).map_err(failed);
        Ok([on(SignalKind::interrupt())?, on(SignalKind::terminate())?])
    }

    /// Waits for one of them.
    pub fn wait_for_the_end(&self, [mut interrupt, mut terminate]: [Signal; 2]) -> Outcome {
        self.runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        });
        Ok(())
    }

    /// Closes every timeline; everything is on disk afterwards.
    pub fn close(self) {
        self.water.stop();
        self.timelines.stop();
        self.runtime.shutdown_timeout(Duration::from_secs(2));
    }
}
