//! From a connector to the room: counted, marked with its origin, handed over, committed with the cursor.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use guanlan_core::{Bilingual, Input, SensorId, Stamp};
use guanlan_room::RoomHandle;

use super::{backoff::Backoff, once::Once};
use crate::{
    file::{Feed, Kind},
    health::Health,
    intake::{Intake, Taken, wall_now},
    lineage::Lineage,
    map::{Came, Document, Mapped, Mapper},
    place::Placer,
    steps, trouble,
    whence::Whence,
};

/// The room takes no more from this connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// What a connector holds.
pub struct Courier {
    name: String,
    intake: Arc<Intake>,
    room: RoomHandle,
    lineage: Lineage,
    health: Health,
    placer: Placer,
    crs: Option<String>,
    mappers: Vec<Mapper>,
    dir: PathBuf,
    backoff: Mutex<Backoff>,
    /// What was refused of a source that is asked again and again.
    refused: Mutex<Once>,
    /// Deliveries that are not committed yet.
    pending: Arc<AtomicUsize>,
}

/// Counts a delivery until it is told or dropped.
struct Pending(Arc<AtomicUsize>);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Courier {
    /// Of a feed. Relative paths of the feed begin at `dir`.
    ///
    /// # Errors
    /// What of the feed cannot be used.
    pub fn new(feed: &Feed, dir: &Path, intake: Arc<Intake>, room: RoomHandle) -> Result<Self, String> {
        let placer = Placer::new(*intake.frame(), &feed.common.crs)?;
        let mappers: Vec<Mapper> = feed.maps.iter().map(Mapper::new).collect::<Result<_, _>>()?;
        let mut done: Vec<Bilingual> = Vec::new();
        let own = if mappers.is_empty() { steps::of_kind(&feed.kind) } else { Vec::new() };
        for step in mappers.iter().flat_map(Mapper::steps).chain(own).chain(placer.step().cloned()) {
            if !done.contains(&step) {
                done.push(step);
            }
        }
        let (name, key) = (feed.common.name.clone(), feed.kind.key());
        let owner = feed.common.owner.text();
        let share = feed.common.share.map(|s| s.text()).unwrap_or_default();
        let health = Health::new(&name, feed.is_real(), key, owner.clone(), share, feed.common.promised_s);
        let mut lineage = Lineage::new(&name, key, owner, done, Whence::of(feed));
        if mappers.is_empty() && matches!(feed.kind, Kind::Mqtt(_)) {
            lineage = lineage.by_topic();
        }
        let courier = Self {
            name,
            intake,
            room,
            lineage,
            health,
            placer,
            crs: (feed.common.crs != "WGS84").then(|| feed.common.crs.clone()),
            mappers,
            dir: dir.to_path_buf(),
            backoff: Mutex::default(),
            refused: Mutex::default(),
            pending: Arc::default(),
        };
        courier.health.set_cursor(&courier.cursor());
        Ok(courier)
    }

    /// The feed's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its health.
    #[must_use]
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// From its coordinates to the room's.
    #[must_use]
    pub fn placer(&self) -> &Placer {
        &self.placer
    }

    /// Where it counts what all feeds count.
    #[must_use]
    pub fn intake(&self) -> &Arc<Intake> {
        &self.intake
    }

    /// Has it mappings of its own?
    #[must_use]
    pub fn has_maps(&self) -> bool {
        !self.mappers.is_empty()
    }

    /// A path of the feeds file.
    #[must_use]
    pub fn path(&self, path: &Path) -> PathBuf {
        self.dir.join(path)
    }

    /// How far the source has been read, as committed; empty at the first time.
    #[must_use]
    pub fn cursor(&self) -> String {
        self.room.picture().feeds.get(&self.name).map(|f| f.figures.cursor.clone()).unwrap_or_default()
    }

    /// Instant of the latest reading the room has of a stream.
    #[must_use]
    pub fn latest(&self, sensor: &SensorId) -> Option<Stamp> {
        self.room.picture().sensors.find(sensor).and_then(|row| row.latest.map(|(_, at)| at))
    }

    /// Deliveries on their way.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// It works.
    pub fn up(&self) {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner).reset();
        if self.health.up() {
            self.report();
        }
    }

    /// It does not: says so and waits, longer each time.
    pub async fn fail(&self, reason: &str) {
        let pause = self.backoff.lock().unwrap_or_else(PoisonError::into_inner).pause();
        let s = pause.as_secs_f64();
        tracing::warn!("{}: {reason}; {s:.1} 秒后重试 / trying again in {s:.1} s", self.name);
        self.health.down(&trouble::told(reason));
        self.report();
        tokio::time::sleep(pause).await;
    }

    /// Tells the room how it is.
    pub fn report(&self) {
        let input = self.health.input(wall_now(), None);
        if self.intake.hand_over(vec![input], None) == Taken::Full {
            self.health.tell_again();
        }
    }

    /// A message that is not taken.
    pub fn refuse(&self, place: &str, reason: &str, payload: &[u8]) {
        self.health.heard(0, 1, wall_now());
        self.intake.put_in_quarantine(&self.name, place, reason, payload);
    }

    /// As [`Self::refuse`], of a source that shows the same again at every poll: counted once while it stays the same.
    pub fn refuse_once(&self, place: &str, reason: &str, payload: &[u8]) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_new(&(place, reason, payload)) {
            drop(refused);
            self.refuse(place, reason, payload);
        }
    }

    /// As [`Self::map`], of a document that is fetched again and again: each bad row is counted once.
    pub fn map_polled(&self, document: &Document, came: Came<'_>) -> Mapped {
        let mut mapped = self.map_strict(document, came);
        for (refused, row) in mapped.refused.drain(..) {
            self.refuse_once(came.topic, &refused.to_string(), row.as_bytes());
        }
        mapped
    }

    /// Rows of a document by the feed's mappings; bad rows go to quarantine.
    pub fn map(&self, document: &Document, came: Came<'_>) -> Mapped {
        let mut mapped = self.map_strict(document, came);
        for (refused, row) in mapped.refused.drain(..) {
            self.refuse(came.topic, &refused.to_string(), row.as_bytes());
        }
        mapped
    }

    /// As [`Self::map`], leaving refused rows to the caller.
    pub fn map_strict(&self, document: &Document, came: Came<'_>) -> Mapped {
        let mut mapped = Mapped::default();
        for mapper in &self.mappers {
            mapper.apply(document, came, &self.placer, &mut mapped);
        }
        mapped
    }

    /// The system of a raster that names none; `None` when the feed says nothing.
    #[must_use]
    pub fn crs(&self) -> Option<&str> {
        self.crs.as_deref()
    }

    /// West, south, east and north of the city's ground, local m.
    #[must_use]
    pub fn city_box(&self) -> Option<[f64; 4]> {
        let picture = self.room.picture();
        let ground = picture.city.terrain.as_ref()?;
        let (w, s) = (ground.west_m, ground.south_m);
        let east = w + ground.cell_m * ground.cols as f64;
        let north = s + ground.cell_m * ground.rows as f64;
        (ground.cols > 0 && ground.rows > 0).then_some([w, s, east, north])
    }

    /// Inputs with their origins, counted as `messages` messages.
    pub fn mark(
        &self,
        messages: u64,
        inputs: Vec<Input>,
        source: &str,
        more: &(dyn Fn(&SensorId) -> Vec<Bilingual> + Sync),
    ) -> Vec<Input> {
        let now = wall_now();
        self.health.heard(messages, 0, now);
        self.intake.count_messages(messages);
        self.lineage.mark(inputs, source, more, self.intake.voices(), &self.health, now)
    }

    /// Tells the room that the picture of a camera is here.
    pub async fn bring_camera(&self, id: &str, address: &str) -> Result<(), Closed> {
        self.commit(vec![self.lineage.camera(id, address)], None).await
    }

    /// Hands over without waiting for the commit; `ack` follows it. Waits while the room is full: that is the
    /// back-pressure.
    pub async fn hand(&self, inputs: Vec<Input>, ack: Box<dyn FnOnce(bool) + Send>) -> Result<(), Closed> {
        self.pending.fetch_add(1, Ordering::AcqRel);
        let pending = Pending(self.pending.clone());
        let slot = Arc::new(Mutex::new(Some((ack, pending))));
        let mut inputs = inputs;
        loop {
            let held = slot.clone();
            let told: Box<dyn FnOnce(bool) + Send> = Box::new(move |durable| {
                let taken = held.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some((ack, pending)) = taken {
                    drop(pending);
                    ack(durable);
                }
            });
            match self.intake.try_hand_over(inputs, Some(told)) {
                Ok(()) => return Ok(()),
                Err((Taken::Full, back)) => inputs = back,
                Err(_) => return Err(Closed),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Hands over and waits until it is on disk. `cursor`: how far the source is read with it.
    pub async fn deliver(
        &self,
        messages: u64,
        inputs: Vec<Input>,
        source: &str,
        cursor: Option<&str>,
    ) -> Result<(), Closed> {
        self.deliver_with(messages, inputs, source, cursor, &|_| Vec::new()).await
    }

    /// As [`Self::deliver`], with steps of single streams.
    pub async fn deliver_with(
        &self,
        messages: u64,
        inputs: Vec<Input>,
        source: &str,
        cursor: Option<&str>,
        more: &(dyn Fn(&SensorId) -> Vec<Bilingual> + Sync),
    ) -> Result<(), Closed> {
        let inputs = self.mark(messages, inputs, source, more);
        self.commit(inputs, cursor).await
    }

    /// Hands over what [`Self::mark`] gave and waits until it is on disk.
    pub async fn commit(&self, mut inputs: Vec<Input>, cursor: Option<&str>) -> Result<(), Closed> {
        if let Some(cursor) = cursor {
            inputs.push(self.health.input(wall_now(), Some(cursor)));
        }
        if inputs.is_empty() {
            return Ok(());
        }
        let (tx, rx) = tokio::sync::oneshot::channel();
        let ack = Box::new(move |durable| {
            let _ = tx.send(durable);
        });
        self.hand(inputs, ack).await?;
        match rx.await {
            Ok(true) => {
                if let Some(cursor) = cursor {
                    self.health.set_cursor(cursor);
                }
                Ok(())
            }
            _ => Err(Closed),
        }
    }
}
