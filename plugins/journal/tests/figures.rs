//! Figures against a model that counts every record anew for every question.

use guanlan_core::{Mode, Stamp};
use guanlan_journal::{
    Meta,
    figures::{Fact, FigureBook, FigureError, FigureQuery, FigureReader, FigureStep},
    history::{History, Retention, SqliteHistory},
};

fn start() -> Stamp {
    Stamp::parse("2026-01-17T00:00:00+08:00").unwrap()
}

struct Owned {
    at: Stamp,
    area: String,
    code: String,
    what: String,
    amount_ms: i64,
}

fn records() -> Vec<Owned> {
    (0..40_000u64)
        .map(|i| {
            let r = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
            Owned {
                at: start() + (i as i64) * 240_000,
                area: format!("4201{:02}{:03}{:03}{:03}", r % 4, r / 4 % 5, r / 20 % 7, r / 140 % 3),
                code: format!("{:02}-{:03}", r / 420 % 6, r / 2520 % 4),
                what: ["opened:alert", "opened:citizen", "closed:on_time", "closed:late"][(r % 4) as usize].into(),
                amount_ms: (r % 1000) as i64,
            }
        })
        .collect()
}

fn fact(o: &Owned) -> Fact<'_> {
    Fact { at: o.at, area: &o.area, code: &o.code, what: &o.what, amount_ms: o.amount_ms }
}

fn check(reader: &FigureReader, all: &[Owned], q: &FigureQuery) {
    let rows = reader.ask(q).unwrap();
    let mine: Vec<&Owned> = all
        .iter()
        .filter(|o| o.at >= q.from && o.at < q.to)
        .filter(|o| o.area.starts_with(&q.area) && o.code.starts_with(&q.code) && o.what.starts_with(&q.what))
        .collect();
    assert_eq!(rows.iter().map(|r| r.count).sum::<u64>(), mine.len() as u64, "{q:?}");
    assert_eq!(rows.iter().map(|r| r.amount_ms).sum::<i64>(), mine.iter().map(|o| o.amount_ms).sum::<i64>());
    for row in rows.iter().step_by(7) {
        let wanted = mine.iter().filter(|o| {
            o.area.starts_with(&row.area)
                && o.code.starts_with(&row.code)
                && (row.what.is_empty() || o.what == row.what)
                && match q.step {
                    FigureStep::Whole => true,
                    FigureStep::Hour => o.at >= row.from && o.at - row.from < 3_600_000,
                    FigureStep::Day => o.at >= row.from && o.at - row.from < 86_400_000,
                    FigureStep::Month => o.at.format_local("%Y-%m") == row.from.format_local("%Y-%m"),
                }
        });
        assert_eq!(row.count as usize, wanted.count(), "{row:?} of {q:?}");
    }
}

#[test]
fn every_grain_answers_as_if_all_records_were_read() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("room.db");
    let meta =
        Meta { timeline: "live".into(), mode: Mode::Demo, seed: 1, tick_ms: 200, city: "t".into(), parent: None };
    let mut history = SqliteHistory::beside(&journal, &meta, u64::MAX, Retention::forever()).unwrap();
    let mut book: FigureBook = history.load_figures().unwrap();
    let all = records();
    let (early, late) = all.split_at(31_000);
    book.count_all(early[..15_000].iter().map(fact));
    history.save_figures(&mut book).unwrap();
    book.count_all(early[15_000..].iter().map(fact));
    history.save_figures(&mut book).unwrap();
    drop(book);
    let mut book = history.load_figures().unwrap();
    book.count_all(late.iter().map(fact));
    let live = history.door(&book).figures().unwrap();
    let end = start() + 40_000 * 240_000;
    let whole = FigureQuery { from: start(), to: end, ..FigureQuery::default() };
    let questions = [
        whole.clone(),
        FigureQuery { by_what: true, ..whole.clone() },
        FigureQuery { step: FigureStep::Day, by_area: 12, ..whole.clone() },
        FigureQuery { by_area: 12, what: "opened:".into(), ..whole.clone() },
        FigureQuery { step: FigureStep::Month, area: "420101002".into(), by_area: 12, ..whole.clone() },
        FigureQuery { step: FigureStep::Month, by_area: 6, by_code: 1, by_what: true, ..whole.clone() },
        FigureQuery { step: FigureStep::Month, by_area: 9, by_code: 1, what: "opened:".into(), ..whole.clone() },
        FigureQuery { by_code: 2, area: "420102".into(), by_what: true, ..whole.clone() },
        FigureQuery { step: FigureStep::Hour, by_area: 6, to: start() + 3 * 86_400_000, ..whole.clone() },
        FigureQuery { step: FigureStep::Day, code: "03".into(), area: "420101002".into(), ..whole.clone() },
        FigureQuery {
            from: start() + 86_400_000 * 5,
            to: start() + 86_400_000 * 80,
            by_code: 1,
            by_area: 9,
            ..whole.clone()
        },
    ];
    questions.iter().for_each(|q| check(&live, &all, q));
    history.save_figures(&mut book).unwrap();
    let cold = FigureReader::beside(&journal).unwrap().unwrap();
    questions.iter().for_each(|q| check(&cold, &all, q));
    // A file of schema 1 has no months without categories and none of districts: it answers all the same, and is
    // brought up to date when a room opens it.
    drop(live);
    drop(history);
    let stored = || -> Vec<(i64, i64, Vec<u8>)> {
        let file = rusqlite::Connection::open(SqliteHistory::path_beside(&journal)).unwrap();
        let mut rows = file.prepare("SELECT cube, period, body FROM figures ORDER BY cube, period").unwrap();
        let all = rows.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))).unwrap();
        all.collect::<Result<_, _>>().unwrap()
    };
    let kept = stored();
    let file = rusqlite::Connection::open(SqliteHistory::path_beside(&journal)).unwrap();
    file.execute_batch("DELETE FROM figures WHERE cube >= 5; PRAGMA user_version = 1;").unwrap();
    drop(file);
    assert!(stored().len() < kept.len());
    let old = FigureReader::beside(&journal).unwrap().unwrap();
    questions.iter().for_each(|q| check(&old, &all, q));
    drop(old);
    drop(SqliteHistory::beside(&journal, &meta, u64::MAX, Retention::forever()).unwrap());
    assert!(stored() == kept, "what was made from the days is what was counted as it arrived");
    questions.iter().for_each(|q| check(&FigureReader::beside(&journal).unwrap().unwrap(), &all, q));
    let fine = FigureQuery { by_area: 12, by_code: 1, ..whole.clone() };
    assert!(matches!(cold.ask(&fine), Err(FigureError::Grain(_))));
    assert!(matches!(cold.ask(&FigureQuery { by_area: 5, ..whole }), Err(FigureError::Grain(_))));
}
