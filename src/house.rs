//! The whole house behind one door: room, journal, feeds, devices, API.

use std::{
    fs::{File, TryLockError},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use guanlan_alerting::RuleSet;
use guanlan_casework::CaseRules;
use guanlan_city::City;
use guanlan_core::{Lang, Mode, ObservedProperty, Role};
use guanlan_drill::Responder;
use guanlan_feeds::{
    Intake, Supervisor, broker, devices,
    file::{Feed, FeedsFile},
    mqtt_client::{self, BrokerUrl},
    tasks,
};
use guanlan_gateway::{Feeds, Figure, Refused};
use guanlan_geography::LocalFrame;
use guanlan_room::{
    LIVE_TICK_MS, RoomConfig, RoomHandle, Timelines, WaterBeside, WaterOptions, run_live_keeping, run_water,
    standin::{self, Seats},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

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
    runtime: tokio::runtime::Runtime,
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
        let claim = setup.store.as_deref().map(claim).transpose()?;
        let Past { store, machine, keeping } = past::open(setup.store.as_deref(), &config, setup.keep)?;
        let live = run_live_keeping(machine, store, keeping).map_err(failed)?;
        let exercises = shipped::exercises().map_err(failed)?;
        let timelines = Arc::new(Timelines::new(live.clone(), config, setup.store.clone()).with_exercises(exercises));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("guanlan-edge")
            .enable_all()
            .build()
            .map_err(failed)?;
        let intake = Arc::new(Intake::new(live.sender().clone(), frame.clone(), !setup.devices));
        let mqtt = open_mqtt(&runtime, &setup, &intake, &live, &frame)?;
        for (kind, path) in setup.files.clone() {
            runtime.spawn(room_files::follow(kind, path, live.clone()));
        }
        if setup.devices {
            runtime.spawn(mind_empty_desks(live.clone()));
        }
        let given = setup.sensorthings.iter().map(|root| Feed::sensorthings(root, !setup.devices)).collect();
        let feeds = Supervisor::open(setup.feeds.as_deref(), given, live.clone(), intake.clone(), runtime.handle())
            .map_err(bad_input)?;
        let api = match &setup.api {
            Some(address) => Some(open_api(&runtime, address, &timelines, feeds_of(&intake, &feeds))?),
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

/// The water beside the live room: prepared with the house, started when it is known what computes it.
#[derive(Clone)]
pub struct WaterDesk {
    /// Nothing where the city has no ground to run on, or nobody wants water.
    wanted: Option<(Arc<Timelines>, WaterOptions)>,
    running: Arc<Mutex<Option<WaterBeside>>>,
}

impl WaterDesk {
    fn prepare(timelines: &Arc<Timelines>, ahead: Option<(f64, f64)>) -> Result<Self, Failure> {
        let running = Arc::default();
        let Some((hours, every_min)) = ahead else { return Ok(Self { wanted: None, running }) };
        let positive = |v: f64, what: &str| {
            if v.is_finite() && v > 0.0 { Ok(()) } else { Err(bad_input(format!("{what} {v}: expected more than 0"))) }
        };
        positive(hours, "--forecast-hours")?;
        positive(every_min, "--forecast-every")?;
        if timelines.config().city.terrain.is_none() {
            return Ok(Self { wanted: None, running });
        }
        let scenario = shipped::scenario().map_err(failed)?;
        let options = WaterOptions { hours, every_min, ..WaterOptions::new(scenario) };
        Ok(Self { wanted: Some((Arc::clone(timelines), options)), running })
    }

    /// True where there will be water.
    pub fn is_wanted(&self) -> bool {
        self.wanted.is_some()
    }

    /// What computes it when `choice` was asked for: focus areas need the processor, so `auto` takes it for them.
    pub fn solver<'a>(&self, choice: &'a str) -> &'a str {
        let refines = |(timelines, options): &(Arc<Timelines>, WaterOptions)| {
            options.scenario.refines_in(&timelines.config().city)
        };
        if choice == "auto" && self.wanted.as_ref().is_some_and(refines) { "cpu" } else { choice }
    }

    /// Starts it, once.
    pub fn start(&self) -> Outcome {
        let Some((timelines, options)) = &self.wanted else { return Ok(()) };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_none() {
            *running = Some(run_water(Arc::clone(timelines), options.clone()).map_err(failed)?);
        }
        Ok(())
    }

    fn stop(&self) {
        drop(self.running.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Claims a journal for one room: two writers would refuse each other's records. The claim ends with
/// the process, however it ends.
fn claim(journal: &Path) -> Result<File, Failure> {
    if let Some(dir) = journal.parent().filter(|d| !d.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir).map_err(|e| failed(format!("{}: {e}", dir.display())))?;
    }
    let mut path = journal.as_os_str().to_owned();
    path.push(".lock");
    let file = File::create(&path).map_err(|e| failed(format!("{}: {e}", Path::new(&path).display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(failed(format!(
            "另一个指挥室正在使用此日志：请先关闭它，或用 --store 指定别的文件 / another room is using this journal: close it, or name another file with --store\nfile: {}",
            journal.display()
        ))),
        Err(TryLockError::Error(e)) => Err(failed(format!("{}: {e}", Path::new(&path).display()))),
    }
}

fn open_mqtt(
    runtime: &tokio::runtime::Runtime,
    setup: &HouseSetup,
    intake: &Arc<Intake>,
    live: &RoomHandle,
    frame: &LocalFrame,
) -> Result<Option<SocketAddr>, Failure> {
    let wanted = setup.mqtt.as_deref().unwrap_or(broker::DEFAULT_ADDRESS);
    if wanted == "off" {
        return Ok(None);
    }
    if wanted.contains("://") {
        let url: BrokerUrl = wanted.parse().map_err(bad_input)?;
        let (tx, rx) = tokio::sync::mpsc::channel(1024);
        let client_id = format!("guanlan-room-{}", setup.seed);
        runtime.spawn(mqtt_client::follow(url.clone(), client_id, intake.clone(), live.clone(), rx));
        let outlet: tasks::Outlet = Arc::new(move |topic, payload| {
            if tx.try_send((topic, payload)).is_err() {
                tracing::warn!("a crew's task could not be sent: the broker is away");
            }
        });
        runtime.spawn(tasks::watch(live.clone(), frame.clone(), outlet));
        start_devices(runtime, setup, url);
        return Ok(None);
    }
    let hub = Arc::new(match &setup.store {
        Some(store) => broker::Hub::beside(store).unwrap_or_else(|error| {
            eprintln!("MQTT: 会话和保留消息不会保存 / sessions and retained messages are not kept: {error}");
            broker::Hub::default()
        }),
        None => broker::Hub::default(),
    });
    let users = mqtt_users()?;
    let login = users.iter().next().map(|(name, password)| (name.clone(), password.clone()));
    let serving = runtime.block_on(broker::serve(wanted, intake.clone(), hub.clone(), users.clone()));
    let address = match serving {
        Ok(address) => address,
        // The default port may be taken by another program: the room opens all the same, on a free one.
        Err(error) if setup.mqtt.is_none() => {
            tracing::warn!("MQTT {wanted}: {error}; using a free port");
            runtime.block_on(broker::serve("127.0.0.1:0", intake.clone(), hub.clone(), users)).map_err(failed)?
        }
        Err(error) => {
            return Err(bad_input(format!(
                "--mqtt {wanted}: {error} (expected ADDRESS:PORT, mqtt://HOST:PORT of a running broker, or off)"
            )));
        }
    };
    let outlet: tasks::Outlet = Arc::new(move |topic, payload| hub.publish(&topic, &payload, false));
    runtime.spawn(tasks::watch(live.clone(), frame.clone(), outlet));
    let host = if address.ip().is_unspecified() { "127.0.0.1".to_owned() } else { address.ip().to_string() };
    start_devices(runtime, setup, BrokerUrl { host, port: address.port(), login, tls: false });
    Ok(Some(address))
}

/// Who may come in at the embedded broker: `GUANLAN_MQTT_USERS="name:password;…"`; everybody when it is not set.
fn mqtt_users() -> Result<broker::Users, Failure> {
    let text = std::env::var("GUANLAN_MQTT_USERS").unwrap_or_default();
    let entries = text.split(';').map(str::trim).filter(|e| !e.is_empty());
    entries
        .enumerate()
        .map(|(i, entry)| match entry.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => Ok((name.into(), password.into())),
            _ => Err(bad_input(format!("GUANLAN_MQTT_USERS: entry {}: expected NAME:PASSWORD", i + 1))),
        })
        .collect()
}

/// In a demo, sends crews and acknowledges alerts while nobody sits at the desks: late enough that
/// an officer who is there comes first.
async fn mind_empty_desks(live: RoomHandle) {
    let policy = Responder::unhurried();
    let mut beat = tokio::time::interval(Duration::from_secs(2));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut seen = 0;
    loop {
        beat.tick().await;
        let picture = live.picture();
        // Once a real source speaks, the city is no longer an invention that plays its own officers.
        if picture.tick == seen || picture.mode != Mode::Demo {
            continue;
        }
        seen = picture.tick;
        for order in standin::of_picture(&picture, &policy, Seats::Together) {
            if let Err(error) = live.sender().command(order, Box::new(|_| {})) {
                tracing::debug!("stand-in: {error}");
            }
        }
    }
}

fn start_devices(runtime: &tokio::runtime::Runtime, setup: &HouseSetup, broker: BrokerUrl) {
    if !setup.devices {
        return;
    }
    let (city, seed) = (setup.city.clone(), setup.seed);
    runtime.spawn(async move {
        if let Err(error) = devices::run(city, seed, broker).await {
            tracing::error!("{error}");
        }
    });
}

/// What the connectors say about themselves at the API.
fn feeds_of(intake: &Arc<Intake>, feeds: &Arc<Supervisor>) -> Feeds {
    let (counting, keeping) = (Arc::clone(intake), Arc::clone(intake));
    let figures = move || {
        let c = counting.counters();
        let figure = |name, help, counter, value: &AtomicU64| Figure {
            name,
            help,
            counter,
            #[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            value: value.load(Ordering::Relaxed) as f64,
        };
        vec![
            figure("feed_messages", "Messages that came", true, &c.messages),
            figure("feed_messages_refused", "Messages refused whole, see /quarantine", true, &c.refused),
            figure("feed_inputs", "Inputs handed to the room", true, &c.inputs),
            figure("feed_waits", "Times a source was told to wait", true, &c.full),
            figure("mqtt_clients", "Clients of the embedded broker", false, &c.clients),
        ]
    };
    let refused = move || {
        let kept = keeping.quarantined().into_iter();
        kept.map(|q| Refused { at: q.at, source: q.source, topic: q.topic, reason: q.reason, payload: q.payload })
            .collect()
    };
    Feeds { figures: Box::new(figures), refused: Box::new(refused), supervisor: Some(Arc::clone(feeds)) }
}

fn open_api(
    runtime: &tokio::runtime::Runtime,
    address: &str,
    timelines: &Arc<Timelines>,
    feeds: Feeds,
) -> Result<SocketAddr, Failure> {
    let tokens = match std::env::var("GUANLAN_TOKENS") {
        Ok(text) => guanlan_gateway::parse_tokens(&text).map_err(|e| bad_input(format!("GUANLAN_TOKENS: {e}")))?,
        Err(_) => Vec::new(),
    };
    runtime
        .block_on(guanlan_gateway::serve(address, timelines.clone(), tokens, feeds))
        .map_err(|e| bad_input(format!("--api {address}: {e}")))
}
