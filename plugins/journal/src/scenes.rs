//! Scenes: what views saw of a room besides readings, second by second, so that any second of the past is there at
//! once without running ticks again.
//!
//! A scene is cut into named parts (alerts, cases, crews …) of bytes this crate does not understand. A part that did not
//! change costs nothing. One that did is kept as a difference to the part's last *middle* frame, that one as a difference
//! to its last *key* frame: an instant costs at most three frames of each part. Scenes are derived: what is lost with a
//! crash is run again from the journal.
//!
//! **Invariant:** scenes are of committed ticks only; a gap is known as one ([`SceneReader::at`] then has nothing).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use guanlan_core::Stamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::{
    codec::{pack, unpack},
    error::{JournalError, db},
};

/// Time between key frames of a part, ms.
const KEY_MS: i64 = 600_000;
/// Time between middle frames, ms.
const MIDDLE_MS: i64 = 20_000;
/// Parts below this are always key frames, bytes.
const SMALL: usize = 512;
/// Largest part, bytes; a larger one is damage.
const MAX_PART: u64 = 1 << 30;
const SCHEMA: i64 = 1;

/// A scene by the names of its parts.
pub type Parts = BTreeMap<String, Vec<u8>>;

/// A frame that others are differences to.
#[derive(Clone)]
struct Base {
    at_ms: i64,
    body: Arc<Vec<u8>>,
}

#[derive(Default)]
struct Kept {
    key: Option<Base>,
    middle: Option<Base>,
    last: Arc<Vec<u8>>,
}

/// Keeps the scenes of one timeline.
pub struct SceneStore {
    conn: Connection,
    path: PathBuf,
    parts: BTreeMap<String, Kept>,
    /// Instant of the last scene.
    last_ms: i64,
}

/// A scene that was kept.
pub struct Scene {
    /// When it was.
    pub at: Stamp,
    /// The tick it was after.
    pub tick: u64,
    /// Its parts.
    pub parts: Parts,
}

/// Looks at scenes.
pub struct SceneReader {
    conn: Connection,
    path: PathBuf,
}

fn path_beside(journal: &Path) -> PathBuf {
    journal.with_extension("scenes.db")
}

impl SceneStore {
    /// Opens the scenes beside a journal that ends at `head_tick`; later ones were never committed and are forgotten. A
    /// file that cannot be used is begun anew.
    ///
    /// # Errors
    /// When the medium refuses.
    pub fn beside(journal: &Path, head_tick: u64) -> Result<Self, JournalError> {
        let path = path_beside(journal);
        Self::open(&path, head_tick).or_else(|_| {
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
            }
            Self::open(&path, head_tick)
        })
    }

    fn open(path: &Path, head_tick: u64) -> Result<Self, JournalError> {
        let err = db(path);
        let conn = Connection::open(path).map_err(&err)?;
        conn.busy_timeout(Duration::from_secs(5)).map_err(&err)?;
        conn.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(&err)?;
        conn.pragma_update(None, "journal_mode", "WAL").map_err(&err)?;
        conn.pragma_update(None, "synchronous", "NORMAL").map_err(&err)?;
        let found: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(&err)?;
        if found != 0 && found != SCHEMA {
            return Err(JournalError::TooNew { found, known: SCHEMA, path: path.to_owned() });
        }
        conn.execute_batch(
            "CREATE TABLE IF NOT EXISTS scenes (at_ms INTEGER PRIMARY KEY, tick INTEGER NOT NULL, until_ms INTEGER NOT NULL);
             CREATE TABLE IF NOT EXISTS frames (part TEXT NOT NULL, at_ms INTEGER NOT NULL, base_ms INTEGER,
                                                body BLOB NOT NULL, PRIMARY KEY (part, at_ms));",
        )
        .map_err(&err)?;
        conn.pragma_update(None, "user_version", SCHEMA).map_err(&err)?;
        let over: Option<i64> = conn
            .query_row(
                "SELECT min(at_ms) FROM scenes WHERE tick > ?1",
                [i64::try_from(head_tick).unwrap_or(i64::MAX)],
                |r| r.get(0),
            )
            .map_err(&err)?;
        if let Some(over) = over {
            conn.execute("DELETE FROM scenes WHERE at_ms >= ?1", [over]).map_err(&err)?;
            conn.execute("DELETE FROM frames WHERE at_ms >= ?1", [over]).map_err(&err)?;
        }
        let last_ms = conn.query_row("SELECT coalesce(max(at_ms), 0) FROM scenes", [], |r| r.get(0)).map_err(&err)?;
        drop(err);
        Ok(Self { conn, path: path.to_owned(), parts: BTreeMap::new(), last_ms })
    }

    /// Keeps a scene: the parts that may have changed. It stands until the next one, at most until `until`. One that is
    /// not later than the last is left out.
    ///
    /// # Errors
    /// When the medium refuses; nothing of it is kept then.
    pub fn put(&mut self, at: Stamp, until: Stamp, tick: u64, parts: Parts) -> Result<(), JournalError> {
        if at.0 <= self.last_ms {
            return Ok(());
        }
        let err = db(&self.path);
        let tx = self.conn.transaction().map_err(&err)?;
        tx.prepare_cached("INSERT INTO scenes (at_ms, tick, until_ms) VALUES (?1, ?2, ?3)")
            .and_then(|mut s| s.execute(params![at.0, i64::try_from(tick).unwrap_or(i64::MAX), until.0]))
            .map_err(&err)?;
        let mut fresh = Vec::new();
        for (name, body) in parts {
            let kept = self.parts.get(&name);
            if kept.is_some_and(|k| *k.last == body) {
                continue;
            }
            let (frame, base_ms, next) =
                encode(kept, at.0, body).map_err(|e| JournalError::odd(&self.path, format!("{name}: {e}")))?;
            tx.prepare_cached("INSERT INTO frames (part, at_ms, base_ms, body) VALUES (?1, ?2, ?3, ?4)")
                .and_then(|mut s| s.execute(params![name, at.0, base_ms, frame]))
                .map_err(&err)?;
            fresh.push((name, next));
        }
        tx.commit().map_err(&err)?;
        drop(err);
        self.parts.extend(fresh);
        self.last_ms = at.0;
        Ok(())
    }

    /// Forgets scenes before an instant, but what later ones are differences to.
    ///
    /// # Errors
    /// When the medium refuses.
    pub fn retire(&mut self, before: Stamp) -> Result<(), JournalError> {
        let err = db(&self.path);
        let tx = self.conn.transaction().map_err(&err)?;
        // A frame that still stands, its middle frame and its key are at most so much older than what stands on them …
        tx.execute(
            "DELETE FROM frames WHERE at_ms < ?1 AND at_ms < (SELECT coalesce(max(k.at_ms), 0) FROM frames k
               WHERE k.part = frames.part AND k.base_ms IS NULL AND k.at_ms <= ?1)",
            [before.0],
        )
        .map_err(&err)?;
        tx.execute("DELETE FROM scenes WHERE at_ms < ?1", [before.0]).map_err(&err)?;
        tx.commit().map_err(&err)?;
        self.conn.execute_batch("PRAGMA incremental_vacuum(256)").map_err(&err)
    }

    /// Bytes on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        self.conn.query_row(pages, [], |r| r.get::<_, i64>(0)).map_or(0, |n| n as u64)
    }
}

/// The frame of a part, the instant of what it is a difference to, and what is known of the part afterwards.
fn encode(kept: Option<&Kept>, at_ms: i64, body: Vec<u8>) -> Result<(Vec<u8>, Option<i64>, Kept), String> {
    let body = Arc::new(body);
    let own = Base { at_ms, body: Arc::clone(&body) };
    let key = kept.and_then(|k| k.key.clone()).filter(|k| at_ms - k.at_ms < KEY_MS && body.len() >= SMALL);
    let Some(key) = key else {
        return Ok((pack(&body, 1)?, None, Kept { key: Some(own), middle: None, last: body }));
    };
    let middle = kept.and_then(|k| k.middle.clone()).filter(|m| at_ms - m.at_ms < MIDDLE_MS);
    let base = middle.as_ref().unwrap_or(&key);
    let frame = difference(&base.body, &body)?;
    let base_ms = Some(base.at_ms);
    let middle = middle.or(Some(own));
    Ok((frame, base_ms, Kept { key: Some(key), middle, last: body }))
}

/// log2 of the window that spans both.
fn window_log(bytes: usize) -> u32 {
    usize::BITS.saturating_sub(bytes.leading_zeros()).clamp(17, 30)
}

/// `new` as a difference to `old`: its length, then zstd with `old` as what came before.
fn difference(old: &[u8], new: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Write;
    use zstd::zstd_safe::CParameter;
    let log = window_log(old.len() + new.len());
    let mut out = (new.len() as u64).to_le_bytes().to_vec();
    out.extend(log.to_le_bytes());
    let mut zstd = zstd::stream::write::Encoder::with_ref_prefix(out, 1, old).map_err(|e| e.to_string())?;
    for parameter in [
        CParameter::WindowLog(log),
        CParameter::HashLog(log.min(21)),
        CParameter::ChainLog(log.min(21)),
        CParameter::ChecksumFlag(true),
    ] {
        zstd.set_parameter(parameter).map_err(|e| e.to_string())?;
    }
    zstd.set_pledged_src_size(Some(new.len() as u64)).map_err(|e| e.to_string())?;
    zstd.write_all(new).map_err(|e| e.to_string())?;
    zstd.finish().map_err(|e| e.to_string())
}

fn apply(old: &[u8], frame: &[u8]) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let (Some(size), Some(log), Some(rest)) = (frame.first_chunk::<8>(), frame.get(8..12), frame.get(12..)) else {
        return Err("a frame ends too soon".into());
    };
    let size = u64::from_le_bytes(*size);
    let log = u32::from_le_bytes(log.try_into().unwrap_or_default());
    if size > MAX_PART || log > 30 {
        return Err("the size of a frame is damaged".into());
    }
    let mut zstd = zstd::stream::read::Decoder::with_ref_prefix(rest, old).map_err(|e| e.to_string())?;
    zstd.window_log_max(log.max(10)).map_err(|e| e.to_string())?;
    let mut out = Vec::with_capacity(size as usize);
    zstd.take(size + 1).read_to_end(&mut out).map_err(|e| e.to_string())?;
    if out.len() as u64 == size { Ok(out) } else { Err("a frame is shorter than it says".into()) }
}

impl SceneReader {
    /// The scenes beside a journal; `None` when there are none.
    #[must_use]
    pub fn beside(journal: &Path) -> Option<Self> {
        let path = path_beside(journal);
        if !path.is_file() {
            return None;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&path, flags).ok()?;
        conn.busy_timeout(Duration::from_secs(5)).ok()?;
        conn.pragma_update(None, "mmap_size", 1i64 << 30).ok()?;
        Some(Self { conn, path })
    }

    /// The scene at an instant; `None` when none was kept for it.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn at(&self, instant: Stamp) -> Result<Option<Scene>, JournalError> {
        let err = db(&self.path);
        let tx = self.conn.unchecked_transaction().map_err(&err)?;
        let found: Option<(i64, i64, i64)> = tx
            .prepare_cached("SELECT at_ms, tick, until_ms FROM scenes WHERE at_ms <= ?1 ORDER BY at_ms DESC LIMIT 1")
            .and_then(|mut s| s.query_row([instant.0], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).optional())
            .map_err(&err)?;
        let Some((at_ms, tick, _)) = found.filter(|(_, _, until)| instant.0 <= *until) else { return Ok(None) };
        let mut parts = Parts::new();
        // From name to name by the index: a scan of all frames would grow with the past.
        let mut name = String::new();
        loop {
            let next: Option<String> = tx
                .prepare_cached("SELECT min(part) FROM frames WHERE part > ?1")
                .and_then(|mut s| s.query_row([&name], |r| r.get(0)))
                .map_err(&err)?;
            let Some(next) = next else { break };
            name = next;
            if let Some(body) = self.part(&name, at_ms, true)? {
                parts.insert(name.clone(), body);
            }
        }
        tx.commit().map_err(&err)?;
        Ok(Some(Scene { at: Stamp(at_ms), tick: tick as u64, parts }))
    }

    /// A part as of an instant: its last frame (`latest`), or the one of exactly this instant.
    fn part(&self, name: &str, at_ms: i64, latest: bool) -> Result<Option<Vec<u8>>, JournalError> {
        let sql = if latest {
            "SELECT base_ms, body FROM frames WHERE part = ?1 AND at_ms <= ?2 ORDER BY at_ms DESC LIMIT 1"
        } else {
            "SELECT base_ms, body FROM frames WHERE part = ?1 AND at_ms = ?2"
        };
        let row: Option<(Option<i64>, Vec<u8>)> = self
            .conn
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row(params![name, at_ms], |r| Ok((r.get(0)?, r.get(1)?))).optional())
            .map_err(db(&self.path))?;
        let damaged = |e: String| JournalError::damaged(&self.path, format!("{name}: {e}"));
        match row {
            None => Ok(None),
            Some((None, body)) => unpack(&body).map(Some).map_err(damaged),
            Some((Some(base_ms), frame)) => {
                if base_ms >= at_ms && !latest {
                    return Err(damaged("a frame stands on a later one".into()));
                }
                let base = self.part(name, base_ms, false)?.ok_or_else(|| damaged("its key frame is gone".into()))?;
                apply(&base, &frame).map(Some).map_err(damaged)
            }
        }
    }

    /// First and last instant kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn span(&self) -> Result<Option<(Stamp, Stamp)>, JournalError> {
        let ends: (Option<i64>, Option<i64>) = self
            .conn
            .query_row("SELECT min(at_ms), max(at_ms) FROM scenes", [], |r| Ok((r.get(0)?, r.get(1)?)))
            .map_err(db(&self.path))?;
        Ok(ends.0.zip(ends.1).map(|(a, b)| (Stamp(a), Stamp(b))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of a few thousand records of which some change every second.
    fn body(second: i64, records: usize) -> Vec<u8> {
        let of = |i: usize| {
            let turns = (second + i as i64) / (37 + i as i64 % 400);
            format!("record {i} of a city, turned {turns} times, and some words that never change;").into_bytes()
        };
        (0..records).flat_map(of).collect()
    }

    fn scene(second: i64) -> Parts {
        [("cases".to_owned(), body(second, 4000)), ("small".to_owned(), (second / 60).to_string().into_bytes())].into()
    }

    #[test]
    fn every_second_comes_back_and_costs_what_changed() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("room.db");
        let mut store = SceneStore::beside(&journal, 0).unwrap();
        for s in 1..=900 {
            store.put(Stamp(s * 1000), Stamp(s * 1000 + 2500), s as u64 * 5, scene(s)).unwrap();
        }
        let reader = SceneReader::beside(&journal).unwrap();
        for s in [1, 2, 19, 20, 21, 300, 599, 600, 601, 602, 899, 900] {
            let found = reader.at(Stamp(s * 1000 + 400)).unwrap().unwrap();
            assert_eq!((found.at, found.tick), (Stamp(s * 1000), s as u64 * 5));
            assert!(found.parts == scene(s), "second {s}");
        }
        let whole = body(0, 4000).len() as u64 * 900;
        assert!(store.bytes() < whole / 40, "{} of {whole} bytes", store.bytes());
        assert!(reader.at(Stamp(500)).unwrap().is_none(), "before the first");
        assert!(reader.at(Stamp(903_000)).unwrap().is_none(), "a gap is known");
        // Retired up to a second in the middle of a key's life: that second is still there.
        store.retire(Stamp(700_000)).unwrap();
        assert!(reader.at(Stamp(699_000)).unwrap().is_none());
        assert!(reader.at(Stamp(700_000)).unwrap().unwrap().parts == scene(700));
        // After a crash the journal ends earlier: later scenes are forgotten, and it goes on.
        drop(store);
        let mut store = SceneStore::beside(&journal, 800 * 5).unwrap();
        let reader = SceneReader::beside(&journal).unwrap();
        assert!(reader.at(Stamp(810_000)).unwrap().is_none());
        assert!(reader.at(Stamp(800_000)).unwrap().unwrap().parts == scene(800));
        store.put(Stamp(801_000), Stamp(803_000), 4010, scene(77)).unwrap();
        assert!(reader.at(Stamp(801_000)).unwrap().unwrap().parts == scene(77));
        assert_eq!(reader.span().unwrap(), Some((Stamp(700_000), Stamp(801_000))));
    }

    #[test]
    fn damage_is_an_error_and_a_damaged_file_is_begun_anew() {
        for cut in 0..40 {
            assert!(apply(b"old", &difference(b"old words", b"new words").unwrap()[..cut.min(11)]).is_err());
        }
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("room.db");
        std::fs::write(path_beside(&journal), b"this is no database, it only stands where one should be").unwrap();
        let mut store = SceneStore::beside(&journal, 0).unwrap();
        store.put(Stamp(1000), Stamp(2000), 5, scene(1)).unwrap();
        assert!(SceneReader::beside(&journal).unwrap().at(Stamp(1000)).unwrap().is_some());
    }
}
