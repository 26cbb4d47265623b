//! Worker threads that read and decode tiles. The newest wishes replace the older ones; nobody waits for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, unbounded};
use guanlan_city::import::tiles3d::{Ask, Issues, Job, Outcome, TileSource};

use super::mesh::TileMeshes;

/// Threads at most: tiles are one guest among several on the machine.
const MOST_THREADS: usize = 4;

/// Something to read for a layer.
#[derive(Clone)]
pub struct Order {
    /// The layer.
    pub layer: usize,
    /// What.
    pub job: Job,
    /// Where from.
    pub source: Arc<dyn TileSource>,
}

/// What came of an order.
pub struct Delivery {
    /// The layer.
    pub layer: usize,
    /// What it was for.
    pub ask: Ask,
    /// What came; contents to draw are in `meshes` instead.
    pub outcome: Outcome,
    /// A content, ready for the renderer.
    pub meshes: Option<TileMeshes>,
    /// What was wrong.
    pub issues: Issues,
}

struct Running {
    layer: usize,
    ask: Ask,
    cancelled: Arc<AtomicBool>,
}

#[derive(Default)]
struct Desk {
    /// Orders, the most urgent last.
    waiting: Vec<Order>,
    running: Vec<Running>,
    closed: bool,
}

struct Shared {
    desk: Mutex<Desk>,
    news: Condvar,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        // A worker that died leaves a desk in order: every change to it is complete by itself.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The workers.
pub struct Loader {
    shared: Arc<Shared>,
    deliveries: Receiver<Delivery>,
}

impl Loader {
    /// Starts the threads. `wake` is called (on them) when something was delivered.
    #[must_use]
    pub fn new(wake: Box<dyn Fn() + Send + Sync>) -> Self {
        let shared = Arc::new(Shared { desk: Mutex::default(), news: Condvar::new(), wake });
        let (send, deliveries) = unbounded();
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        for n in 0..cores.saturating_sub(1).clamp(1, MOST_THREADS) {
            let (shared, send) = (shared.clone(), send.clone());
            let made = std::thread::Builder::new().name(format!("tiles-{n}")).spawn(move || work(&shared, &send));
            if let Err(error) = made {
                tracing::error!("no thread to read tiles: {error}");
            }
        }
        Self { shared, deliveries }
    }

    /// Replaces all wishes, the most urgent first. What runs for nobody any more is told to stop.
    pub fn order(&self, orders: impl DoubleEndedIterator<Item = Order>) {
        let mut desk = self.shared.desk();
        desk.waiting.clear();
        desk.waiting.extend(orders.rev());
        let Desk { waiting, running, .. } = &mut *desk;
        for job in running.iter() {
            let place = waiting.iter().position(|o| o.layer == job.layer && o.job.ask == job.ask);
            match place {
                Some(n) => drop(waiting.remove(n)),
                None => job.cancelled.store(true, Ordering::Relaxed),
            }
        }
        if !desk.waiting.is_empty() {
            self.shared.news.notify_all();
        }
    }

    /// Takes a delivery, if there is one.
    #[must_use]
    pub fn take(&self) -> Option<Delivery> {
        self.taken(self.deliveries.try_recv().ok())
    }

    /// What was delivered counts as running until it is taken, so that it is not ordered again.
    fn taken(&self, delivery: Option<Delivery>) -> Option<Delivery> {
        if let Some(d) = &delivery {
            self.shared.desk().running.retain(|r| r.layer != d.layer || r.ask != d.ask);
        }
        delivery
    }

    /// Waits for a delivery: for stills, which have time.
    #[must_use]
    pub fn wait(&self, most: std::time::Duration) -> Option<Delivery> {
        self.taken(self.deliveries.recv_timeout(most).ok())
    }

    /// True while something is being read or waits to be.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let desk = self.shared.desk();
        !desk.waiting.is_empty() || !desk.running.is_empty()
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        let mut desk = self.shared.desk();
        desk.closed = true;
        desk.waiting.clear();
        desk.running.iter().for_each(|r| r.cancelled.store(true, Ordering::Relaxed));
        drop(desk);
        self.shared.news.notify_all();
    }
}

fn work(shared: &Shared, send: &Sender<Delivery>) {
    loop {
        let (order, cancelled) = {
            let mut desk = shared.desk();
            loop {
                if desk.closed {
                    return;
                }
                if let Some(order) = desk.waiting.pop() {
                    let cancelled = Arc::new(AtomicBool::new(false));
                    let running = Running { layer: order.layer, ask: order.job.ask, cancelled: cancelled.clone() };
                    desk.running.push(running);
                    break (order, cancelled);
                }
                desk = shared.news.wait(desk).unwrap_or_else(PoisonError::into_inner);
            }
        };
        let stop = || cancelled.load(Ordering::Relaxed);
        let (outcome, issues) = order.job.run(order.source.as_ref(), &stop);
        let (outcome, meshes) = match outcome {
            Outcome::Content(_) if stop() => (Outcome::Cancelled, None),
            Outcome::Content(content) => (Outcome::Failed, Some(TileMeshes::new(*content))),
            other => (other, None),
        };
        let (layer, ask) = (order.layer, order.job.ask);
        if send.send(Delivery { layer, ask, outcome, meshes, issues }).is_err() {
            return;
        }
        (shared.wake)();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles3d::pick;
    use bevy::math::Vec3;
    use guanlan_city::import::tiles3d::{TileTree, Tileset, open_source};
    use guanlan_geography::LocalFrame;
    use std::path::Path;
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    /// A tileset from its file to a feature under the pointer.
    #[test]
    fn ordered_tiles_come_are_drawn_and_can_be_picked() {
        let path = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/city/3dtiles/v1.0_batched_with_batch_table/tileset.json"
        ));
        if !path.exists() {
            println!("skipped: the reference tileset is not here");
            return;
        }
        let (source, uri) = open_source(path).unwrap();
        let bytes = source.get(&uri, 1 << 20).unwrap();
        let mut issues = Issues::default();
        let tileset = Tileset::read(&bytes, &uri, source.as_ref(), &mut issues).unwrap();
        let mut frame = LocalFrame::new(32618, [0.0; 2]);
        frame.origin = frame.from_lonlat(-75.612, 40.0425).unwrap();
        let tree = TileTree::new(&tileset, &uri, frame, 0.0, &mut issues);
        let woken = Arc::new(AtomicUsize::new(0));
        let count = woken.clone();
        let loader = Loader::new(Box::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
        }));
        let job = tree.job(Ask::Content { node: 0, content: 0 }).unwrap();
        loader.order(std::iter::once(Order { layer: 3, job, source }));
        assert!(loader.is_busy());
        let delivery = loader.wait(Duration::from_secs(30)).expect("a delivery");
        assert!(!loader.is_busy() && loader.take().is_none());
        assert_eq!(delivery.layer, 3);
        let made = delivery.meshes.expect("something to draw");
        assert_eq!((made.solid.len(), made.pictures.len(), made.points.is_some()), (1, 0, false));
        assert_eq!(made.solid[0].0.count_vertices(), 240);
        // From high above the middle of a building downwards.
        let mesh = &made.content.mesh;
        let feature = mesh.features[0];
        let corners = mesh.positions.iter().zip(&mesh.features).filter(|(_, f)| **f == feature).map(|(p, _)| *p);
        let all: Vec<[f32; 3]> = corners.collect();
        let middle = [0, 1].map(|k| all.iter().map(|p| p[k]).sum::<f32>() / all.len() as f32);
        let eye = crate::frame::to_scene(middle[0], middle[1], 500.0);
        let hit = pick::cast(&made.content, eye, Vec3::NEG_Y, 1000.0).expect("the building is met");
        assert_eq!(hit.feature, feature);
        let properties = made.content.properties(feature);
        assert!(properties.iter().any(|(name, _)| name == "Height"), "{properties:?}");
        // The waker is called after the delivery was sent.
        let end = std::time::Instant::now() + Duration::from_secs(5);
        while woken.load(Ordering::Relaxed) == 0 && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }

    /// Pictures reach the renderer with all their sizes.
    #[test]
    fn pictures_of_tiles_become_images() {
        let path = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../shared/data/city/3dtiles/v1.1_metadata_houses/tree-beech-1-0.glb"
        ));
        let Ok(bytes) = std::fs::read(path) else {
            println!("skipped: the reference model is not here");
            return;
        };
        use guanlan_city::import::tiles3d::{Placing, content, linear::M4};
        let placing = Placing::Plain { shift_m: [0.0; 3] };
        let (source, _) = open_source(path).unwrap();
        let context = content::Context {
            uri: "t",
            transform: &M4::IDENTITY,
            placing: &placing,
            source: source.as_ref(),
            z_up: false,
        };
        let mut issues = Issues::default();
        let Some(content::Loaded::Content(content)) = content::decode(&bytes, &context, &mut issues) else {
            panic!("{issues:?}");
        };
        let made = TileMeshes::new(*content);
        let (_, cover) = &made.solid[0];
        assert!(cover.is_some_and(|c| c.picture == 0) && made.pictures.len() == 1);
        let image = &made.pictures[0];
        let levels = image.texture_descriptor.mip_level_count;
        assert!(levels > 4 && levels == 32 - image.width().max(image.height()).leading_zeros(), "{levels}");
        let mut bytes = 0;
        for n in 0..levels {
            bytes += 4 * (image.width() >> n).max(1) * (image.height() >> n).max(1);
        }
        assert_eq!(image.data.as_ref().map(Vec::len), Some(bytes as usize));
        assert!(made.content.looks.is_empty(), "picking needs no pictures");
    }
}
