//! What is committed stays, tampering is found, and a bad medium is told in words.

use super::*;
use crate::{Fault, verify::verify};
use guanlan_core::{Event, Input, input::Observation};

fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 200, city: "test".into(), parent: None }
}

fn fill(store: &mut SqliteStore, from: u64, n: u64) {
    for tick in from..from + n {
        let inputs = [Input::Observation(Observation {
            sensor: "7".into(),
            phenomenon: Stamp(tick as i64 * 200),
            received: Stamp(tick as i64 * 200 + 3),
            result: tick as f64,
        })];
        let events = [Event::FeedChanged { feed: "mqtt".into(), up: tick % 2 == 0, message: String::new() }];
        store
            .commit(&TickCommit {
                tick,
                now: Stamp(tick as i64 * 200),
                dt_ms: 200,
                idle_ticks: 0,
                mode: Mode::Demo,
                inputs: &inputs,
                events: &events,
            })
            .unwrap();
    }
}

#[test]
fn a_reopened_journal_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("j.db");
    let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
    fill(&mut store, 1, 5);
    let head = store.head().clone();
    drop(store);
    let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
    assert_eq!(store.head(), &head);
    fill(&mut store, 6, 3);
    let v = verify(&store).unwrap();
    assert!(v.ok, "{v:?}");
    assert_eq!(v.records, 1 + 8 * 2);
    let ticks = store.ticks_after(5, 100).unwrap();
    assert_eq!(ticks.iter().map(|t| t.tick).collect::<Vec<_>>(), [6, 7, 8]);
    assert_eq!(store.span().unwrap(), Some((Stamp(200), Stamp(1600))));
    let read = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(read.head(), store.head());
}

#[test]
fn every_tampering_is_found() {
    let tampers = [
        ("UPDATE records SET body = replace(body, 'mqtt', 'http') WHERE seq = 5", "edited"),
        ("UPDATE records SET hash = 'x' WHERE seq = 4", "edited"),
        ("UPDATE records SET op = 'other' WHERE seq = 4", "columns"),
        ("DELETE FROM records WHERE seq = 3", "missing"),
        ("UPDATE records SET seq = 99 WHERE seq = 2", "missing"),
        ("DELETE FROM blocks WHERE tick = 2", "missing"),
        ("UPDATE blocks SET body = x'00' WHERE tick = 3", "edited"),
        ("INSERT INTO blocks VALUES (77, 0, 0, 0, 'demo', x'00')", "no record"),
    ];
    for (sql, word) in tampers {
        let mut store = SqliteStore::in_memory(&meta()).unwrap();
        fill(&mut store, 1, 4);
        assert!(verify(&store).unwrap().ok);
        store.conn.execute_batch(sql).unwrap();
        let v = verify(&store).unwrap();
        assert!(!v.ok, "{sql} was not found");
        assert!(v.problem.as_deref().unwrap_or("").contains(word), "{sql}: {:?}", v.problem);
    }
}

#[test]
fn snapshots_are_found_by_time() {
    let mut store = SqliteStore::in_memory(&meta()).unwrap();
    for (tick, ts) in [(5, 1000), (10, 2000)] {
        let s = Snapshot { tick, ts: Stamp(ts), hash: "h".into(), states: vec![("a".into(), vec![tick as u8; 9])] };
        store.put_snapshot(&s).unwrap();
    }
    assert_eq!(store.snapshot_at(Stamp(1999)).unwrap().unwrap().tick, 5);
    assert_eq!(store.snapshot_at(Stamp(2000)).unwrap().unwrap().states[0].1, vec![10; 9]);
    assert_eq!(store.snapshot_at(Stamp(999)).unwrap(), None);
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let mut store = SqliteStore::in_memory(&meta()).unwrap();
    for (tick, ts) in [(5, 1000), (10, 2000)] {
        let s = Snapshot { tick, ts: Stamp(ts), hash: "h".into(), states: vec![("a".into(), vec![tick as u8; 90])] };
        store.put_snapshot(&s).unwrap();
    }
    store.conn.execute("UPDATE snapshots SET body = x'28b52ffd00' WHERE tick = 10", []).unwrap();
    assert_eq!(store.snapshot_at(Stamp(9000)).unwrap().unwrap().tick, 5);
    store.conn.execute("UPDATE snapshots SET body = x'00'", []).unwrap();
    assert!(matches!(store.snapshot_at(Stamp(9000)), Err(JournalError::Damaged { tick: 5, .. })));
}

#[test]
fn old_snapshots_are_thinned() {
    let mut store = SqliteStore::in_memory(&meta()).unwrap();
    const MINUTE: i64 = 60_000;
    for k in 0..48 * 30 {
        let ts = Stamp(k * 2 * MINUTE);
        store.put_snapshot(&Snapshot { tick: k as u64 + 1, ts, hash: String::new(), states: Vec::new() }).unwrap();
    }
    let kept = |from: i64, to: i64| -> i64 {
        let sql = "SELECT count(*) FROM snapshots WHERE ts > ?1 AND ts <= ?2";
        store.conn.query_row(sql, [from * MINUTE, to * MINUTE], |r| r.get(0)).unwrap()
    };
    let now = 48 * 60 - 2;
    assert_eq!(kept(now - 60, now), 30);
    assert!((130..=140).contains(&kept(now - 1440, now - 60)), "{}", kept(now - 1440, now - 60));
    assert!((23..=26).contains(&kept(-1, now - 1440)), "{}", kept(-1, now - 1440));
}

#[test]
fn retired_inputs_leave_a_record_and_a_whole_chain() {
    let mut store = SqliteStore::in_memory(&meta()).unwrap();
    fill(&mut store, 1, 10);
    let snapshot = |tick: u64| Snapshot { tick, ts: Stamp(tick as i64 * 200), hash: String::new(), states: Vec::new() };
    store.put_snapshot(&snapshot(6)).unwrap();
    assert_eq!(store.retire_inputs(Stamp(1000)).unwrap(), None);
    assert_eq!(store.retire_inputs(Stamp(1700)).unwrap(), Some(6));
    assert_eq!(store.retire_inputs(Stamp(1700)).unwrap(), None);
    fill(&mut store, 11, 3);
    let v = verify(&store).unwrap();
    assert!(v.ok, "{v:?}");
    assert_eq!(store.ticks_after(0, 100).unwrap()[0].tick, 7);
    // Only what a record says may be missing.
    store.conn.execute("DELETE FROM blocks WHERE tick = 8", []).unwrap();
    assert!(verify(&store).unwrap().problem.unwrap().contains("tick 8 are missing"));
}

#[test]
fn a_full_or_read_only_medium_refuses_whole_ticks_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("full.db");
    let mut store = SqliteStore::open_or_create(&path, &meta()).unwrap();
    fill(&mut store, 1, 3);
    let noise: Vec<Input> = (0..20_000u64)
        .map(|i| {
            Input::Observation(Observation {
                sensor: format!("{}", i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).into(),
                phenomenon: Stamp(i as i64),
                received: Stamp(i as i64),
                result: (i as f64).sqrt(),
            })
        })
        .collect();
    let big = TickCommit {
        tick: 4,
        now: Stamp(800),
        dt_ms: 200,
        idle_ticks: 0,
        mode: Mode::Demo,
        inputs: &noise,
        events: &[],
    };
    store.limit_pages(8).unwrap();
    assert_eq!(store.commit(&big).unwrap_err().fault(), Fault::DiskFull);
    assert_eq!(store.head().tick, 3);
    assert!(verify(&store).unwrap().ok);
    store.limit_pages(0).unwrap();
    store.refuse_writing(true).unwrap();
    assert_eq!(store.commit(&big).unwrap_err().fault(), Fault::ReadOnly);
    store.refuse_writing(false).unwrap();
    store.commit(&big).unwrap();
    assert_eq!((store.head().tick, verify(&store).unwrap().ok), (4, true));
}

#[test]
fn foreign_and_newer_files_are_refused_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "this is not a database, just a long enough text file").unwrap();
    assert!(SqliteStore::open_read_only(&text).is_err());
    assert!(SqliteStore::open_or_create(&text, &meta()).is_err());
    assert!(matches!(SqliteStore::open_read_only(&dir.path().join("none")), Err(JournalError::Missing(_))));
    let newer = dir.path().join("newer.db");
    drop(SqliteStore::open_or_create(&newer, &meta()).unwrap());
    Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(SqliteStore::open_or_create(&newer, &meta()), Err(JournalError::TooNew { found: 99, .. })));
}
