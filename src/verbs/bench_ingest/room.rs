//! The room that takes the readings, behind a broker of its own.

use std::{net::SocketAddr, path::Path, sync::Arc};

use guanlan_core::Mode;
use guanlan_feeds::{Intake, broker};
use guanlan_geography::LocalFrame;
use guanlan_journal::{Meta, SqliteStore, history::Retention};
use guanlan_room::{Keeping, LIVE_TICK_MS, RoomHandle, run_live_keeping};

use crate::{
    exit::{Failure, failed},
    verbs::bench_town::config,
};

/// What is measured.
pub(super) struct Bench {
    pub(super) room: RoomHandle,
    pub(super) address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

/// Opens both in a folder.
pub(super) fn open(dir: &Path, sensors: usize) -> Result<Bench, Failure> {
    let config = config(sensors)?;
    let meta = Meta {
        timeline: "live".into(),
        mode: Mode::Live,
        seed: 1,
        tick_ms: LIVE_TICK_MS,
        city: "bench".into(),
        parent: None,
    };
    let path = dir.join("room.db");
    let store = SqliteStore::open_or_create(&path, &meta).map_err(failed)?;
    let (machine, keeping) = Keeping::open(&config, &store, &path, Retention::forever()).map_err(failed)?;
    let room = run_live_keeping(machine, Box::new(store), keeping).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let frame = LocalFrame::new(config.city.epsg, config.city.origin);
    let intake = Arc::new(Intake::new(room.sender().clone(), frame, true));
    let hub = Arc::new(broker::Hub::default());
    let address = runtime.block_on(broker::serve("127.0.0.1:0", intake, hub, broker::Users::new())).map_err(failed)?;
    Ok(Bench { room, address, _runtime: runtime })
}
