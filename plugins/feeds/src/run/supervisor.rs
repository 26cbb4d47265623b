//! Keeps the tasks of a feeds file: a changed file is read again, and only what changed is started anew.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use guanlan_core::{Bilingual, Stamp, input::FeedFigures};
use guanlan_room::RoomHandle;
use sha2::{Digest, Sha256};
use tokio::{
    runtime::Handle,
    task::{JoinHandle, JoinSet},
};

use super::{
    camera, cap, courier::Courier, hook, http, mqtt, open311, positions, rain, replay, sensorthings, socket, tail, web,
};
use crate::{
    file::{Feed, FeedsFile, FileError, Kind},
    health::Health,
    intake::{Intake, Taken, wall_now},
};

/// How often the file is looked at, and figures are told.
const LOOK: Duration = Duration::from_secs(1);
/// A feed that is ended may finish what it has handed over within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A feed as the API shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedInfo {
    /// Its name.
    pub name: String,
    /// `None` before its first word, and when it is switched off.
    pub up: Option<bool>,
    /// Carries real data.
    pub real: bool,
    /// Switched on.
    pub enabled: bool,
    /// Last error.
    pub message: String,
    /// Counts.
    pub figures: FeedFigures,
}

/// The feeds file as the API shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Its name.
    pub name: String,
    /// SHA-256 of the text in force, hex.
    pub hash: String,
    /// When that was read.
    pub since: Stamp,
    /// Feeds in it.
    pub feeds: usize,
    /// What is wrong with the file as it is now, so that what was read before stays in force, and since when.
    pub mistake: Option<(String, Stamp)>,
}

impl FileInfo {
    fn of(name: &str, text: &[u8], feeds: usize) -> Self {
        let hash = Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect();
        Self { name: name.to_owned(), hash, since: wall_now(), feeds, mistake: None }
    }

    /// What is wrong and what is in force instead; empty when well.
    #[must_use]
    pub fn words(&self) -> String {
        let Some((mistake, _)) = &self.mistake else { return String::new() };
        let (hash, since) = (&self.hash[..12], self.since.format_local("%Y-%m-%d %H:%M:%S"));
        format!(
            "仍按 {since} 读入的版本 {hash} 运行（{n} 个来源）/ version {hash} of {since} is still in force ({n} feeds)\n{mistake}",
            n = self.feeds
        )
    }
}

struct Running {
    feed: Feed,
    courier: Arc<Courier>,
    task: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    running: BTreeMap<String, Running>,
    /// Feeds that cannot be started, and why.
    broken: BTreeMap<String, (Feed, String)>,
    /// Bytes of the file when it was last looked at, right or wrong.
    text: Vec<u8>,
    /// The file in force; `None` without one.
    file: Option<FileInfo>,
    /// Feeds of the command line: no file takes them away.
    given: Vec<String>,
}

/// The feeds of a room.
pub struct Supervisor {
    path: Option<PathBuf>,
    room: RoomHandle,
    intake: Arc<Intake>,
    runtime: Handle,
    state: Mutex<State>,
    /// One change at a time.
    changing: tokio::sync::Mutex<()>,
    /// Of the file itself.
    health: Option<Health>,
}

impl Supervisor {
    /// The way into the room.
    #[must_use]
    pub fn intake(&self) -> &Intake {
        &self.intake
    }

    /// Reads a feeds file, starts its feeds and follows its changes on `runtime`.
    ///
    /// # Errors
    /// What of the file cannot be used; nothing is started then.
    pub fn open(
        path: Option<&Path>,
        more: Vec<Feed>,
        room: RoomHandle,
        intake: Arc<Intake>,
        runtime: &Handle,
    ) -> Result<Arc<Self>, FileError> {
        let mut file = path.map(FeedsFile::load).transpose()?.unwrap_or_default();
        let in_file = file.feeds.len();
        let given = more.iter().map(|f| f.common.name.clone()).collect();
        file.feeds.extend(more);
        let text = path.and_then(|p| std::fs::read(p).ok()).unwrap_or_default();
        let name = path.map(|p| p.file_name().unwrap_or(p.as_os_str()).to_string_lossy().into_owned());
        let health =
            name.as_ref().map(|n| Health::new(n, false, "file", Bilingual::default(), Bilingual::default(), 0));
        let in_force = name.map(|n| FileInfo::of(&n, &text, in_file));
        let made = Arc::new(Self {
            path: path.map(Path::to_path_buf),
            room,
            intake,
            runtime: runtime.clone(),
            state: Mutex::new(State { text, given, file: in_force, ..State::default() }),
            changing: tokio::sync::Mutex::new(()),
            health,
        });
        // The file was read: whatever an earlier run of the program said of it is over.
        if let Some(health) = &made.health {
            health.up();
        }
        for feed in file.feeds {
            made.start(feed, &file.dir);
        }
        let watching = Arc::downgrade(&made);
        runtime.spawn(async move {
            let mut beat = tokio::time::interval(LOOK);
            beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
            loop {
                beat.tick().await;
                let Some(supervisor) = watching.upgrade() else { return };
                supervisor.look().await;
            }
        });
        Ok(made)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, feed: Feed, dir: &Path) {
        let name = feed.common.name.clone();
        match Courier::new(&feed, dir, self.intake.clone(), self.room.clone()) {
            Ok(courier) => {
                let courier = Arc::new(courier);
                let task = feed.common.enabled.then(|| self.runtime.spawn(guarded(feed.kind.clone(), courier.clone())));
                let mut state = self.lock();
                state.broken.remove(&name);
                state.running.insert(name, Running { feed, courier, task });
            }
            Err(reason) => {
                tracing::error!("feed {name}: {reason}");
                self.lock().broken.insert(name, (feed, reason));
            }
        }
    }

    /// Ends a feed; what it has handed over is committed first, so that its successor knows how far it came.
    async fn end(&self, name: &str) {
        let Some(old) = self.lock().running.remove(name) else { return };
        if let Some(task) = old.task {
            task.abort();
            let _ = task.await;
        }
        let begun = tokio::time::Instant::now();
        while old.courier.pending() > 0 && begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if let (Some(true) | Some(false), _) = old.courier.health().state() {
            old.courier.health().down("已从配置中移除 / no longer in the feeds file");
            old.courier.report();
        }
    }

    async fn look(&self) {
        self.follow_file().await;
        let now = wall_now();
        let due: Vec<Arc<Courier>> = {
            let state = self.lock();
            state.running.values().filter(|r| r.courier.health().is_due(now)).map(|r| r.courier.clone()).collect()
        };
        due.iter().for_each(|courier| courier.report());
        if let Some(health) = self.health.as_ref().filter(|h| h.is_due(now)) {
            if self.intake.hand_over(vec![health.input(now, None)], None) == Taken::Full {
                health.tell_again();
            }
        }
    }

    /// Reads the file again when its bytes have changed. A mistake leaves everything as it is and is shown.
    async fn follow_file(&self) {
        let Some(path) = self.path.clone() else { return };
        // A small local file: read where we are. One that is gone is a mistake like any other.
        let text = std::fs::read(&path).unwrap_or_default();
        if self.lock().text == text {
            return;
        }
        let _one = self.changing.lock().await;
        match FeedsFile::load(&path) {
            Ok(file) => {
                {
                    let mut state = self.lock();
                    if let Some(known) = &mut state.file {
                        let read = FileInfo::of(&known.name, &text, file.feeds.len());
                        // A mistake taken back: it is the version that was in force all the time.
                        let since = if read.hash == known.hash { known.since } else { read.since };
                        *known = FileInfo { since, ..read };
                    }
                    state.text = text;
                }
                self.apply(file).await;
                if let Some(health) = &self.health {
                    health.up();
                }
            }
            Err(error) => {
                tracing::error!("{error}");
                let words = {
                    let mut state = self.lock();
                    state.text = text;
                    state.file.as_mut().map(|known| {
                        let since = known.mistake.take().map_or_else(wall_now, |(_, since)| since);
                        known.mistake = Some((error.to_string(), since));
                        known.words()
                    })
                };
                if let (Some(health), Some(words)) = (&self.health, words) {
                    health.down(&words);
                }
            }
        }
    }

    async fn apply(&self, file: FeedsFile) {
        let wanted: BTreeMap<&str, &Feed> = file.feeds.iter().map(|f| (f.common.name.as_str(), f)).collect();
        let over: Vec<String> = {
            let state = self.lock();
            let same = |(name, r): (&String, &Running)| {
                let kept = wanted.get(name.as_str()).is_some_and(|f| **f == r.feed);
                (!kept && !state.given.contains(name)).then(|| name.clone())
            };
            state.running.iter().filter_map(same).collect()
        };
        for name in &over {
            self.end(name).await;
        }
        for feed in file.feeds {
            let known = {
                let state = self.lock();
                state.running.contains_key(&feed.common.name)
                    || state.broken.get(&feed.common.name).is_some_and(|(f, _)| *f == feed)
            };
            if !known {
                self.start(feed, &file.dir);
            }
        }
    }

    /// The feeds file: which version is in force, and what is wrong with the one on disk. `None` without a file.
    #[must_use]
    pub fn file(&self) -> Option<FileInfo> {
        self.lock().file.clone()
    }

    /// Every feed as it is now.
    #[must_use]
    pub fn feeds(&self) -> Vec<FeedInfo> {
        let now = wall_now();
        let state = self.lock();
        let running = state.running.values().map(|r| {
            let (up, message) = r.courier.health().state();
            FeedInfo {
                name: r.feed.common.name.clone(),
                up,
                real: r.feed.is_real(),
                enabled: r.feed.common.enabled,
                message,
                figures: r.courier.health().figures(now),
            }
        });
        let broken = state.broken.values().map(|(feed, reason)| FeedInfo {
            name: feed.common.name.clone(),
            up: Some(false),
            real: feed.is_real(),
            enabled: feed.common.enabled,
            message: reason.clone(),
            figures: FeedFigures { connector: feed.kind.key().to_owned(), ..FeedFigures::default() },
        });
        running.chain(broken).collect()
    }

    /// Where a feed is read from, without what a query may hide; `None` for those that are called.
    #[must_use]
    pub fn address(&self, feed: &str) -> Option<String> {
        let state = self.lock();
        let url = match &state.running.get(feed)?.feed.kind {
            Kind::Mqtt(spec) => &spec.url,
            Kind::SensorThings(spec) => &spec.url,
            Kind::Http(spec) => &spec.url,
            Kind::Open311(spec) => &spec.url,
            Kind::Cap(spec) => &spec.url,
            Kind::Rain(spec) => &spec.url,
            _ => return None,
        };
        Some(web::without_query(url).to_owned())
    }

    /// Addresses of cameras by their id.
    #[must_use]
    pub fn cameras(&self) -> BTreeMap<String, String> {
        let state = self.lock();
        let cameras = state.running.values().filter(|r| r.feed.common.enabled).filter_map(|r| match &r.feed.kind {
            Kind::Camera(camera) => Some((camera.camera.clone(), camera::address(camera).ok()?)),
            _ => None,
        });
        cameras.collect()
    }

    /// Has a feed a token of its own?
    #[must_use]
    pub fn has_token(&self, name: &str) -> bool {
        let state = self.lock();
        state.running.get(name).is_some_and(|r| match &r.feed.kind {
            Kind::Webhook(w) => w.token.is_some(),
            Kind::OwnTracks(t) | Kind::Traccar(t) => t.token.is_some(),
            _ => false,
        })
    }

    /// Answers what was posted for a feed, after commit.
    pub async fn hook(&self, name: &str, call: hook::Call) -> hook::Answer {
        let found = {
            let state = self.lock();
            state.running.get(name).filter(|r| r.feed.common.enabled).map(|r| (r.feed.kind.clone(), r.courier.clone()))
        };
        match found {
            Some((kind, courier)) => hook::answer(&kind, &courier, &call).await,
            None => hook::Answer::NoSuchFeed,
        }
    }
}

/// A connector that falls is shown as down and starts again; the others never notice.
async fn guarded(kind: Kind, courier: Arc<Courier>) {
    loop {
        // Ended together with this task: a set aborts what it holds.
        let mut inner = JoinSet::new();
        inner.spawn(follow(kind.clone(), courier.clone()));
        match inner.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                courier.fail("内部错误，正在重启 / internal error, starting again").await
            }
            _ => return,
        }
    }
}

async fn follow(kind: Kind, courier: Arc<Courier>) {
    match kind {
        Kind::Mqtt(spec) => mqtt::follow(spec, courier).await,
        Kind::SensorThings(spec) => sensorthings::follow(spec, courier).await,
        Kind::Http(spec) => http::follow(spec, courier).await,
        Kind::WebSocket(spec) => socket::follow_websocket(spec, courier).await,
        Kind::Sse(spec) => socket::follow_sse(spec, courier).await,
        Kind::Tail(spec) => tail::follow(spec, courier).await,
        Kind::Replay(spec) => replay::follow(spec, courier).await,
        Kind::Open311(spec) => open311::follow(spec, courier).await,
        Kind::Cap(spec) => cap::follow(spec, courier).await,
        Kind::Nmea(spec) => positions::follow_nmea(spec, courier).await,
        Kind::Jt808(spec) => positions::follow_jt808(spec, courier).await,
        Kind::Cot(spec) => positions::follow_cot(spec, courier).await,
        Kind::Rain(spec) => rain::follow(spec, courier).await,
        Kind::Camera(spec) => camera::follow(spec, courier).await,
        // They are called; until then there is nothing to wait for.
        Kind::Webhook(_) | Kind::OwnTracks(_) | Kind::Traccar(_) => courier.up(),
    }
}
