//! A small live room with its journal, and feeds files for it.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use guanlan_alerting::RuleSet;
use guanlan_casework::CaseRules;
use guanlan_city::City;
use guanlan_core::Mode;
use guanlan_feeds::{Intake, Supervisor};
use guanlan_geography::LocalFrame;
use guanlan_journal::{Meta, SqliteStore};
use guanlan_room::{Machine, RoomConfig, RoomHandle, recover, run_live};
use tokio::runtime::Runtime;

/// Gauss-Krüger 117°, near Beijing.
pub const FRAME: LocalFrame = LocalFrame::new(4548, [448_000.0, 4_419_000.0]);

/// A room, its doors and a folder.
pub struct House {
    pub room: RoomHandle,
    pub intake: Arc<Intake>,
    pub runtime: Runtime,
    pub dir: tempfile::TempDir,
    pub feeds: Option<Arc<Supervisor>>,
}

fn config() -> Arc<RoomConfig> {
    let city = City { epsg: FRAME.epsg, origin: FRAME.origin, ..City::default() };
    Arc::new(RoomConfig {
        city: Arc::new(city),
        timeline: "live".into(),
        mode: Mode::Demo,
        seed: 1,
        tick_ms: 50,
        alert_rules: RuleSet::defaults(),
        case_rules: CaseRules::shipped().unwrap(),
        simulate_crews: false,
        drill: None,
    })
}

fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 50, city: "test".into(), parent: None }
}

fn room_of(store: Option<&Path>) -> RoomHandle {
    let config = config();
    match store {
        None => run_live(Machine::new(config), Box::new(SqliteStore::in_memory(&meta()).unwrap())).unwrap(),
        Some(path) => {
            let store = SqliteStore::open_or_create(path, &meta()).unwrap();
            run_live(recover(&config, &store).unwrap(), Box::new(store)).unwrap()
        }
    }
}

impl House {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::with(dir, None)
    }

    /// A room whose journal is a file of its folder.
    pub fn lasting() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("room.db");
        Self::with(dir, Some(&store))
    }

    fn with(dir: tempfile::TempDir, store: Option<&Path>) -> Self {
        let room = room_of(store);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let intake = Arc::new(Intake::new(room.sender().clone(), FRAME, true));
        Self { room, intake, runtime, dir, feeds: None }
    }

    /// The room ends and is opened again from its journal; feeds are not started.
    pub fn reopen(self) -> Self {
        drop(self.feeds);
        self.runtime.shutdown_timeout(Duration::from_secs(5));
        self.room.stop();
        let store = self.dir.path().join("room.db");
        Self::with(self.dir, Some(&store))
    }

    pub fn file(&self) -> PathBuf {
        self.dir.path().join("feeds.toml")
    }

    /// Starts the feeds of a text, or changes them.
    pub fn feeds(&mut self, text: &str) {
        std::fs::write(self.file(), format!("format = \"guanlan-feeds/1\"\n{text}")).unwrap();
        if self.feeds.is_none() {
            let (room, intake) = (self.room.clone(), self.intake.clone());
            let handle = self.runtime.handle();
            self.feeds = Some(Supervisor::open(Some(self.file().as_path()), Vec::new(), room, intake, handle).unwrap());
        }
    }

    pub fn info(&self, name: &str) -> guanlan_feeds::FeedInfo {
        let all = self.feeds.as_ref().unwrap().feeds();
        all.into_iter().find(|f| f.name == name).unwrap_or_else(|| panic!("no feed {name}"))
    }

    /// Readings applied, and readings that came a second time.
    pub fn readings(&self) -> (u64, u64) {
        let picture = self.room.picture();
        let c = picture.sensors.counters();
        (c.accepted, c.duplicate + c.late)
    }

    pub fn value(&self, sensor: &str) -> Option<f64> {
        self.room.picture().sensors.find(&sensor.into()).and_then(|r| r.latest.map(|(v, _)| v))
    }

    pub fn wait_up(&self, name: &str) {
        wait(&format!("{name} up"), || self.info(name).up == Some(true));
    }
}

/// Waits until something is so.
pub fn wait(what: &str, so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(40), "{what}: not within 40 s");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// A port nobody uses.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// True when a program is installed; says so when not.
pub fn installed(program: &str) -> bool {
    let there = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
        .iter()
        .any(|dir| Path::new(dir).join(program).exists());
    if !there {
        eprintln!("skipped: {program} is not installed");
    }
    there
}

/// A child that ends with its test.
pub struct Program(pub Child);

impl Program {
    pub fn start(program: &str, args: &[&str]) -> Self {
        let path = ["/usr/bin", "/usr/sbin"].iter().map(|d| Path::new(d).join(program)).find(|p| p.exists()).unwrap();
        let child = Command::new(path).args(args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        Self(child)
    }

    /// Asks it to end and waits.
    pub fn terminate(mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
