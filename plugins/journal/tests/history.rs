//! The history against a model that keeps everything: seeking, charts, crashes, retention, a full disk.

use std::collections::BTreeMap;

use guanlan_core::{Mode, SensorId, Stamp};
use guanlan_journal::{
    Fault, Meta,
    history::{History, HistoryReader, HistoryTick, Level, Mark, NEVER_MS, Reading, Retention, SqliteHistory},
};

const START: i64 = 1_782_864_000_000;
const STREAMS: u32 = 2_500;
const HOUR: i64 = 3_600_000;

fn meta() -> Meta {
    Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 200, city: "test".into(), parent: None }
}

fn open(dir: &std::path::Path, keep: Retention) -> SqliteHistory {
    SqliteHistory::beside(&dir.join("room.db"), &meta(), u64::MAX, keep).unwrap()
}

fn id(stream: u32) -> SensorId {
    format!("stream-{stream}").into()
}

fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Every stream speaks each five minutes; some come late, some turn suspect, some are no short decimals.
fn tick(n: u64) -> HistoryTick {
    let now = Stamp(START + n as i64 * 10_000);
    let streams = if n == 1 { (0..STREAMS).map(|s| (id(s), [-1e9, 1e9])).collect() } else { Vec::new() };
    let mut readings = Vec::new();
    for stream in (0..STREAMS).filter(|s| (n + u64::from(*s)) % 30 == 0) {
        let chance = mix(n << 20 | u64::from(stream));
        let value = match stream % 50 {
            7 => (chance % 1000) as f64 / 7.0,
            _ => (chance % 500) as f64 / 10.0,
        };
        let late = chance % 97 == 0;
        let at = Stamp(now.0 - 1_000 - (chance % 3) as i64 * 1000 - if late { 905_000 } else { 0 });
        let mark = if late { Mark(Mark::LATE) } else { Mark((chance % 11 == 0) as u8) };
        readings.push(Reading { stream, at, value, mark });
        if chance % 101 == 0 {
            readings.push(Reading { stream, at: now, value: 0.0, mark: Mark(Mark::TURN | 1) });
        }
    }
    HistoryTick { tick: n, now, streams, readings }
}

/// What the history must say: every row with the instant of its arrival.
#[derive(Default)]
struct Model {
    rows: Vec<(Stamp, Reading)>,
}

impl Model {
    fn add(&mut self, tick: &HistoryTick) {
        self.rows.extend(tick.readings.iter().map(|r| (tick.now, *r)));
    }

    fn latest(&self, at: Stamp) -> BTreeMap<u32, (i64, f64, Mark)> {
        let mut latest: BTreeMap<u32, (i64, f64, Mark)> = BTreeMap::new();
        for (_, r) in self.rows.iter().filter(|(now, _)| *now <= at) {
            let entry = latest.entry(r.stream).or_insert((NEVER_MS, 0.0, Mark::GOOD));
            if r.mark.is_turn() {
                entry.2 = r.mark.quality();
            } else if r.at.0 >= entry.0 {
                *entry = (r.at.0, r.value, r.mark.quality());
            }
        }
        latest
    }

    fn values(&self, stream: u32, from: i64, to: i64) -> Vec<(i64, f64)> {
        let mine = self.rows.iter().filter(|(_, r)| r.stream == stream && !r.mark.is_turn());
        let mut rows: Vec<(i64, f64)> =
            mine.map(|(_, r)| (r.at.0, r.value)).filter(|(at, _)| (from..=to).contains(at)).collect();
        rows.sort_by_key(|(at, _)| *at);
        rows.dedup_by_key(|(at, _)| *at);
        rows
    }
}

fn check_seek(reader: &HistoryReader, model: &Model, at: Stamp) {
    let (found, wanted) = (reader.seek(at).unwrap(), model.latest(at));
    assert_eq!(found.heard(), wanted.len(), "at {at}");
    for (stream, (t, value, mark)) in wanted {
        let s = stream as usize;
        assert_eq!((found.at[s], found.value[s], found.mark[s]), (t, value, mark), "stream {stream} at {at}");
    }
}

fn check_series(reader: &HistoryReader, model: &Model, stream: u32, last: u64) {
    let (from, to) = (Stamp(START), Stamp(START + last as i64 * 10_000));
    let raw = reader.series(&id(stream), from, to, 100_000).unwrap().unwrap();
    assert_eq!(raw.level, Level::Raw);
    let wanted = model.values(stream, from.0, to.0);
    let found: Vec<(i64, f64)> = raw.points.iter().map(|p| (p.at.0, p.value)).collect();
    assert_eq!(found, wanted, "stream {stream}");
    for (level, points) in [(Level::Minute, 100), (Level::Hour, 4)] {
        let width = level.width_ms();
        let span = Stamp(to.0.max(from.0 + width * points as i64));
        let series = reader.series(&id(stream), from, span, points as usize).unwrap().unwrap();
        assert_eq!(series.level, level);
        assert_eq!(series.readings as usize, model.values(stream, level.begin(from.0), span.0).len(), "{level:?}");
        for p in series.points.iter().filter(|_| level == Level::Hour) {
            let values = model.values(stream, p.at.0, p.at.0 + width - 1);
            let (lo, hi) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), (_, v)| (l.min(*v), h.max(*v)));
            let mean = values.iter().map(|v| v.1).sum::<f64>() / values.len() as f64;
            assert_eq!((p.count as usize, p.min, p.max), (values.len(), lo, hi), "stream {stream} {level:?}");
            assert!((p.value - mean).abs() < 1e-9, "{} is not {mean}", p.value);
            assert!(p.last == values.last().unwrap().1 || values.len() > 1);
        }
    }
}

#[test]
fn seeking_and_charts_say_what_was_fed_through_crashes_and_sealing() {
    let dir = tempfile::tempdir().unwrap();
    let mut model = Model::default();
    let mut history = open(dir.path(), Retention::forever());
    let last = 1100u64;
    let mut n = 0;
    while n < last {
        n += 1;
        let t = tick(n);
        model.add(&t);
        history.feed(t).unwrap();
        if n % 50 == 0 {
            history.flush().unwrap();
        }
        if n == 333 || n == 721 {
            // The program is gone; what was not on disk is fed again from the journal's ticks.
            drop(history);
            history = open(dir.path(), Retention::forever());
            assert!(history.watermark() <= n);
            for again in history.watermark() + 1..=n {
                let mut t = tick(again);
                t.streams.clear();
                history.feed(t).unwrap();
            }
        }
        if n == 500 {
            while history.maintain(Stamp(START)).unwrap() {}
        }
    }
    let live = history.reader().unwrap();
    for k in [1u64, 2, 31, 359, 360, 361, 500, 777, 1099, 1100] {
        check_seek(&live, &model, Stamp(START + k as i64 * 10_000));
        check_seek(&live, &model, Stamp(START + k as i64 * 10_000 + 3_000));
    }
    assert_eq!(live.seek(Stamp(START - HOUR)).unwrap().heard(), 0);
    for stream in [0, 7, 1023, 1024, 1057, 2499] {
        check_series(&live, &model, stream, last);
    }
    assert_eq!(live.series(&"nobody".into(), Stamp(0), Stamp(1), 10).unwrap(), None);
    // On disk it is the same, and after everything that can be sealed is.
    history.flush().unwrap();
    while history.maintain(Stamp(START)).unwrap() {}
    let cold = HistoryReader::beside(&dir.path().join("room.db")).unwrap().unwrap();
    for k in [1u64, 359, 365, 800, 1100] {
        check_seek(&cold, &model, Stamp(START + k as i64 * 10_000));
    }
    for stream in [7, 1024, 2499] {
        check_series(&cold, &model, stream, last);
    }
    assert_eq!(cold.ids().unwrap().len(), STREAMS as usize);
    let stats = cold.stats().unwrap();
    assert_eq!(stats.readings as usize, {
        let mut seen = std::collections::BTreeSet::new();
        model.rows.iter().filter(|(_, r)| seen.insert((r.stream, r.at.0, r.mark.is_turn()))).count()
    });
    let each = stats.reading_bytes as f64 / stats.readings as f64;
    assert!(each < 5.0, "{each} bytes for a reading of white noise");
}

#[test]
fn what_is_old_goes_and_roll_ups_stay() {
    let dir = tempfile::tempdir().unwrap();
    let keep: Retention = "raw=0.1,minute=0.1,hour=3650".parse().unwrap();
    let mut history = open(dir.path(), keep);
    let mut model = Model::default();
    for n in 1..=1500u64 {
        let t = tick(n);
        model.add(&t);
        history.feed(t).unwrap();
    }
    history.flush().unwrap();
    let now = Stamp(START + 15_000_000);
    while history.maintain(now).unwrap() {}
    let reader = history.reader().unwrap();
    let (first, _) = reader.span().unwrap().unwrap();
    assert!(first.0 > START + HOUR / 2, "the first part is gone: {first}");
    assert_eq!(reader.seek(Stamp(START + 60_000)).unwrap().heard(), 0);
    check_seek(&reader, &model, Stamp(START + 14_000_000));
    let hours = reader.series(&id(5), Stamp(START), Stamp(START + 5 * HOUR), 5).unwrap().unwrap();
    assert_eq!(hours.readings as usize, model.values(5, START, START + 5 * HOUR).len(), "the hours remember all");
}

#[test]
fn a_full_disk_loses_nothing_that_was_fed() {
    let dir = tempfile::tempdir().unwrap();
    let mut history = open(dir.path(), Retention::forever());
    let mut model = Model::default();
    let mut full = 0;
    history.limit_pages(40).unwrap();
    for n in 1..=900u64 {
        let t = tick(n);
        model.add(&t);
        if let Err(error) = history.feed(t) {
            assert_eq!(error.fault(), Fault::DiskFull);
        }
        if n % 60 == 0
            && let Err(error) = history.flush()
        {
            assert_eq!(error.fault(), Fault::DiskFull);
            full += 1;
        }
    }
    assert!(full > 0, "the limit was never felt");
    check_seek(&history.reader().unwrap(), &model, Stamp(START + 9_000_000));
    history.limit_pages(1 << 30).unwrap();
    history.flush().unwrap();
    assert_eq!((history.watermark(), history.unflushed()), (900, 0));
    let cold = HistoryReader::beside(&dir.path().join("room.db")).unwrap().unwrap();
    check_seek(&cold, &model, Stamp(START + 9_000_000));
}

#[test]
fn a_damaged_or_foreign_file_is_put_aside_and_begun_anew() {
    let dir = tempfile::tempdir().unwrap();
    let path = SqliteHistory::path_beside(&dir.path().join("room.db"));
    let mut history = open(dir.path(), Retention::forever());
    for n in 1..=100 {
        history.feed(tick(n)).unwrap();
    }
    history.flush().unwrap();
    drop(history);
    // Of a journal that ends before it: an older copy was put back.
    let fresh = SqliteHistory::beside(&dir.path().join("room.db"), &meta(), 50, Retention::forever()).unwrap();
    assert_eq!((fresh.watermark(), fresh.streams()), (0, 0));
    assert!(dir.path().join("room.history.db.aside").exists());
    drop(fresh);
    std::fs::write(&path, vec![7u8; 40_000]).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    assert_eq!(open(dir.path(), Retention::forever()).watermark(), 0);
}
