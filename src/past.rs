//! The past of a room at its start: journal and history opened, the room brought back, damage put aside.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use guanlan_core::{Bilingual, Stamp};
use guanlan_journal::{
    Fault, GENESIS, JournalError, Meta, Parent, ReopeningStore, SqliteStore, Store, history::Retention,
};
use guanlan_room::{Keeping, Machine, ReplayError, RoomConfig, Trouble, recover, recover_what_is_whole};

use crate::exit::{Failure, bad_input, failed};

/// A room with everything it has been told before.
pub struct Past {
    /// Where it goes on being kept.
    pub store: Box<dyn Store>,
    /// The room as of its last committed tick.
    pub machine: Machine,
    /// Its history; none in memory.
    pub keeping: Option<Keeping>,
}

fn meta(config: &RoomConfig) -> Meta {
    Meta {
        timeline: config.timeline.clone(),
        mode: config.mode,
        seed: config.seed,
        tick_ms: config.tick_ms,
        city: format!("{} EPSG:{} {:?}", config.city.name.zh, config.city.epsg, config.city.origin),
        parent: None,
    }
}

/// Opens the past of a room. A journal that cannot be written is read, and the room runs without acknowledging; a
/// damaged one is put aside, and the room goes on from what is whole in it.
pub fn open(path: Option<&Path>, config: &Arc<RoomConfig>, keep: Retention) -> Result<Past, Failure> {
    let meta = meta(config);
    let Some(path) = path else {
        let store = SqliteStore::in_memory(&meta).map_err(failed)?;
        let machine = recover(config, &store).map_err(failed)?;
        return Ok(Past { store: Box::new(store), machine, keeping: None });
    };
    let damage = match ReopeningStore::open(path, &meta) {
        Ok(store) => {
            let kept = &store.meta().city;
            if *kept != meta.city {
                return Err(bad_input(format!(
                    "日志属于另一座城市 / the journal is of another city: {kept} ≠ {}\nfile: {}",
                    meta.city,
                    path.display()
                )));
            }
            match Keeping::open(config, &store, path, keep) {
                Ok((machine, keeping)) => return Ok(Past { store: Box::new(store), machine, keeping }),
                Err(ReplayError::Journal(error)) if error.fault() == Fault::Damaged => error,
                Err(error) => return Err(failed(error)),
            }
        }
        Err(error) if error.fault() == Fault::Damaged && is_a_journal(path) => error,
        Err(error) => return Err(bad_input(error)),
    };
    go_on_beside(path, config, &meta, keep, &damage)
}

/// A file of another kind is not ours to put aside.
fn is_a_journal(path: &Path) -> bool {
    use std::io::Read;
    let mut head = [0; 16];
    std::fs::File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head.starts_with(b"SQLite format 3")
}

/// Puts a damaged journal aside and begins a new one whose first record names it as its parent.
fn go_on_beside(
    path: &Path,
    config: &Arc<RoomConfig>,
    meta: &Meta,
    keep: Retention,
    damage: &JournalError,
) -> Result<Past, Failure> {
    let stamp = guanlan_feeds::wall_now().format_local("%Y%m%d-%H%M%S");
    let aside = PathBuf::from(format!("{}.damaged-{stamp}", path.display()));
    for suffix in ["", "-wal", "-shm"] {
        let from = PathBuf::from(format!("{}{suffix}", path.display()));
        if from.exists() {
            let to = PathBuf::from(format!("{}{suffix}", aside.display()));
            std::fs::rename(&from, &to).map_err(|e| failed(format!("{}: {e}", from.display())))?;
        }
    }
    let (machine, parent) = match SqliteStore::open_read_only(&aside) {
        Ok(store) => {
            let head = store.head().clone();
            let machine = recover_what_is_whole(config, &store);
            let tick = machine.tick_number();
            (machine, Some(Parent { timeline: meta.timeline.clone(), seq: head.seq, hash: head.hash, tick }))
        }
        Err(_) => {
            let parent = Parent { timeline: meta.timeline.clone(), seq: 0, hash: GENESIS.into(), tick: 0 };
            (Machine::new(Arc::clone(config)), Some(parent))
        }
    };
    let mut store = SqliteStore::open_or_create(path, &Meta { parent, ..meta.clone() }).map_err(bad_input)?;
    store.put_snapshot(&machine.snapshot().map_err(failed)?).map_err(failed)?;
    let (name, at) = (aside.display(), machine.now());
    let until = if at == Stamp(0) { String::new() } else { at.to_rfc3339() };
    let text = Bilingual::new(
        format!(
            "日志损坏，已移到 {name}；房间从完好的部分（至 {until}）继续，新日志已开始。请用 guanlan journal verify 检查并从备份恢复"
        ),
        format!(
            "the journal was damaged and put aside as {name}; the room goes on from what is whole in it (until {until}) in a new one. Check it with guanlan journal verify and restore a copy"
        ),
    );
    eprintln!("{} / {}\n{damage}", text.zh, text.en);
    let trouble = Trouble { fault: Fault::Damaged, text, detail: damage.to_string(), since: guanlan_feeds::wall_now() };
    let (machine, keeping) = Keeping::beside(machine, &store, path, keep);
    Ok(Past { store: Box::new(store), machine, keeping: keeping.map(|k| k.with_notice(trouble)) })
}
