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
