//! The book of figures: what was counted since it was last saved, added to the file when it is.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use guanlan_core::{Event, Stamp};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use super::{
    cube::{self, CUBES, Cell, Cells, Place, SINCE_SCHEMA_2, day_of, hour_of, month_of},
    facts::{CaseKey, Fact, OpenCases, event_of, facts_of},
};
use crate::{
    error::{JournalError, db},
    history::SqliteHistory,
    record::Record,
};

/// Words by number: areas, categories, what happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub by_id: Vec<String>,
    ids: HashMap<String, u64>,
}

impl Words {
    pub fn id(&mut self, word: &str) -> u64 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.by_id.len() as u64;
        self.by_id.push(word.to_owned());
        self.ids.insert(word.to_owned(), id);
        id
    }
}

pub(crate) const AREA: usize = 0;
pub(crate) const CODE: usize = 1;
pub(crate) const WHAT: usize = 2;
/// Words of a kind that fit into a cell's place.
const LIMITS: [usize; 3] = [1 << 24, 1 << 16, 1 << 16];

/// What is counted but not on disk, shared with readers.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub words: [Words; 3],
    pub cells: BTreeMap<(usize, i64), Cells>,
}

/// Counts records. One writer; [`FigureReader`]s ask.
#[derive(Debug, Default)]
pub struct FigureBook {
    pending: Arc<RwLock<Pending>>,
    /// Words of each kind that are on disk.
    saved_words: [usize; 3],
    /// Numbers of the parts of an area's code: district, street, community.
    areas: HashMap<String, [u64; 3]>,
    cases: OpenCases,
    touched: BTreeMap<String, Option<CaseKey>>,
    seq: u64,
    saved_seq: u64,
}

fn prefix(area: &str, digits: usize) -> &str {
    area.get(..digits).unwrap_or(area)
}

impl FigureBook {
    /// The last record counted.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Goes on in another journal after this record.
    pub fn go_on_from(&mut self, seq: u64) {
        self.seq = seq;
    }

    /// Counts a fact. Facts that no cube has room for (too many words) are left out of the cubes.
    pub fn count(&mut self, fact: &Fact<'_>) {
        let mut pending = self.pending.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        count_in(&mut pending, &mut self.areas, fact);
    }

    /// Counts many facts under one lock (bulk filling).
    pub fn count_all<'a>(&mut self, facts: impl Iterator<Item = Fact<'a>>) {
        let mut pending = self.pending.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        facts.for_each(|fact| count_in(&mut pending, &mut self.areas, &fact));
    }

    /// Counts the events of a tick whose last record is `seq`.
    pub fn tick(&mut self, events: &[Event], at: Stamp, seq: u64) {
        if seq <= self.seq {
            return;
        }
        for event in events {
            self.event(event, at);
        }
        self.seq = seq;
    }

    /// Counts stored records; those counted before are passed over.
    pub fn records(&mut self, records: &[Record]) {
        for record in records {
            if record.seq <= self.seq {
                continue;
            }
            if let Some(event) = event_of(record) {
                self.event(&event, record.ts);
            }
            self.seq = record.seq;
        }
    }

    fn event(&mut self, event: &Event, at: Stamp) {
        let case = event.case().map(|c| c.as_str().to_owned());
        let before = case.as_ref().is_some_and(|c| self.cases.contains_key(c));
        let mut pending = self.pending.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let areas = &mut self.areas;
        facts_of(event, at, &mut self.cases, &mut |fact| count_in(&mut pending, areas, &fact));
        drop(pending);
        if let Some(case) = case {
            let after = self.cases.get(&case);
            if before != after.is_some() {
                self.touched.insert(case, after.cloned());
            }
        }
    }

    pub(crate) fn load(conn: &Connection, path: &Path) -> Result<Self, JournalError> {
        let err = db(path);
        let mut book = Self::default();
        {
            let mut pending = book.pending.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            pending.words = read_words(conn, path)?;
            for kind in [AREA, CODE, WHAT] {
                book.saved_words[kind] = pending.words[kind].by_id.len();
            }
        }
        let mut statement = conn.prepare("SELECT cas, area, code, opened_ms FROM figure_cases").map_err(&err)?;
        let rows = statement
            .query_map([], |r| {
                let key = CaseKey { area: r.get(1)?, code: r.get(2)?, opened_ms: r.get(3)? };
                Ok((r.get::<_, String>(0)?, key))
            })
            .map_err(&err)?;
        book.cases = rows.collect::<Result<_, _>>().map_err(&err)?;
        let seq: Option<String> = conn
            .query_row("SELECT value FROM state WHERE key = 'figures'", [], |r| r.get(0))
            .optional()
            .map_err(&err)?;
        book.seq = seq.and_then(|s| s.parse().ok()).unwrap_or(0);
        book.saved_seq = book.seq;
        Ok(book)
    }

    pub(crate) fn save(&mut self, conn: &mut Connection, path: &Path) -> Result<(), JournalError> {
        let err = db(path);
        let damaged = |e: String| JournalError::damaged(path, e);
        let pending = self.pending.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if pending.cells.is_empty() && self.seq == self.saved_seq {
            return Ok(());
        }
        let tx = conn.transaction().map_err(&err)?;
        for (kind, words) in pending.words.iter().enumerate() {
            for (id, word) in words.by_id.iter().enumerate().skip(self.saved_words[kind]) {
                tx.prepare_cached("INSERT INTO figure_words (kind, id, word) VALUES (?1, ?2, ?3)")
                    .and_then(|mut s| s.execute(params![kind as i64, id as i64, word]))
                    .map_err(&err)?;
            }
        }
        for ((cube, period), cells) in &pending.cells {
            let key = [*cube as i64, *period];
            let body: Option<Vec<u8>> = tx
                .prepare_cached("SELECT body FROM figures WHERE cube = ?1 AND period = ?2")
                .and_then(|mut s| s.query_row(key, |r| r.get(0)).optional())
                .map_err(&err)?;
            let body = match body {
                None => cube::encode(cells),
                Some(body) => {
                    let mut whole = cells.clone();
                    cube::each(&body, |place, c| add(&mut whole, place, c)).map_err(damaged)?;
                    cube::encode(&whole)
                }
            }
            .map_err(damaged)?;
            tx.prepare_cached("INSERT OR REPLACE INTO figures (cube, period, body) VALUES (?1, ?2, ?3)")
                .and_then(|mut s| s.execute(params![key[0], key[1], body]))
                .map_err(&err)?;
        }
        for (case, key) in &self.touched {
            match key {
                Some(k) => tx
                    .prepare_cached("INSERT OR REPLACE INTO figure_cases VALUES (?1, ?2, ?3, ?4)")
                    .and_then(|mut s| s.execute(params![case, k.area, k.code, k.opened_ms])),
                None => tx.execute("DELETE FROM figure_cases WHERE cas = ?1", [case]),
            }
            .map_err(&err)?;
        }
        tx.execute("INSERT OR REPLACE INTO state VALUES ('figures', ?1)", [self.seq.to_string()]).map_err(&err)?;
        // Readers see either the file before and what is pending, or the file after and nothing pending.
        drop(pending);
        let mut pending = self.pending.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        tx.commit().map_err(&err)?;
        pending.cells.clear();
        for kind in [AREA, CODE, WHAT] {
            self.saved_words[kind] = pending.words[kind].by_id.len();
        }
        drop(pending);
        self.touched.clear();
        self.saved_seq = self.seq;
        Ok(())
    }

    pub(crate) fn pending(&self) -> Arc<RwLock<Pending>> {
        Arc::clone(&self.pending)
    }
}

fn add(cells: &mut Cells, place: u64, c: Cell) {
    let cell = cells.entry(place).or_default();
    cell.count += c.count;
    cell.amount_ms = cell.amount_ms.saturating_add(c.amount_ms);
}

fn count_in(pending: &mut Pending, areas: &mut HashMap<String, [u64; 3]>, fact: &Fact<'_>) {
    let [area_words, code_words, what_words] = &mut pending.words;
    let by_digits = match areas.get(fact.area) {
        Some(ids) => *ids,
        None => {
            let ids = [6, 9, 12].map(|digits| area_words.id(prefix(fact.area, digits)));
            areas.insert(fact.area.to_owned(), ids);
            ids
        }
    };
    let (code, what) = (code_words.id(fact.code), what_words.id(fact.what));
    if [by_digits.into_iter().max().unwrap_or(0), code, what].iter().zip(LIMITS).any(|(id, n)| *id as usize >= n) {
        return;
    }
    let (day, hour) = (day_of(fact.at), hour_of(fact.at));
    let one = Cell { count: 1, amount_ms: fact.amount_ms };
    for (number, cube) in CUBES.iter().enumerate() {
        let area = by_digits[cube.digits / 3 - 2];
        let place =
            Place { hour: if cube.hour { hour } else { 0 }, area, code: if cube.code { code } else { 0 }, what };
        let period = if cube.month { month_of(day) } else { day };
        add(pending.cells.entry((number, period)).or_default(), place.pack(), one);
    }
}

/// Sums the days of a file of schema 1 into the cubes of months that it has not.
pub(crate) fn add_months(tx: &Transaction<'_>, path: &Path) -> Result<(), JournalError> {
    let err = db(path);
    for (monthly, daily) in SINCE_SCHEMA_2 {
        let mut days = tx.prepare("SELECT period, body FROM figures WHERE cube = ?1 ORDER BY period").map_err(&err)?;
        let mut rows = days.query([daily as i64]).map_err(&err)?;
        let mut months: BTreeMap<i64, Cells> = BTreeMap::new();
        loop {
            let row = rows.next().map_err(&err)?;
            let month = row.map(|r| r.get(0)).transpose().map_err(&err)?.map(month_of);
            // Days come in order, so a month is whole when the next begins.
            while let Some(whole) = months.first_entry().filter(|m| month.is_none_or(|now| *m.key() < now)) {
                let (period, cells) = whole.remove_entry();
                let body = cube::encode(&cells).map_err(|e| JournalError::odd(path, e))?;
                tx.prepare_cached("INSERT INTO figures (cube, period, body) VALUES (?1, ?2, ?3)")
                    .and_then(|mut s| s.execute(params![monthly as i64, period, body]))
                    .map_err(&err)?;
            }
            let (Some(row), Some(month)) = (row, month) else { break };
            let body = row.get_ref(1).and_then(|v| Ok(v.as_blob()?)).map_err(&err)?;
            let cells = months.entry(month).or_default();
            cube::each(body, |place, c| add(cells, place, c)).map_err(|e| JournalError::damaged(path, e))?;
        }
    }
    Ok(())
}

pub(crate) fn read_words(conn: &Connection, path: &Path) -> Result<[Words; 3], JournalError> {
    let err = db(path);
    let mut words: [Words; 3] = Default::default();
    let mut statement = conn.prepare("SELECT kind, word FROM figure_words ORDER BY kind, id").map_err(&err)?;
    let rows = statement.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?))).map_err(&err)?;
    for row in rows {
        let (kind, word) = row.map_err(&err)?;
        if let Some(words) = words.get_mut(kind as usize) {
            words.id(&word);
        }
    }
    Ok(words)
}

/// A view of the figures for questions.
pub struct FigureReader {
    pub(super) conn: Connection,
    pub(super) path: PathBuf,
    pub(super) pending: Option<Arc<RwLock<Pending>>>,
    /// Cubes that the file has.
    pub(super) cubes: usize,
}

impl FigureReader {
    pub(crate) fn open(path: &Path, pending: Option<Arc<RwLock<Pending>>>) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags).map_err(db(path))?;
        conn.busy_timeout(std::time::Duration::from_secs(5)).map_err(db(path))?;
        let schema: i64 = conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(db(path))?;
        let cubes = if schema < 2 { CUBES.len() - SINCE_SCHEMA_2.len() } else { CUBES.len() };
        Ok(Self { conn, path: path.to_owned(), pending, cubes })
    }

    /// The figures beside a journal, as far as they are on disk. `None` when there are none.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn beside(journal: &Path) -> Result<Option<Self>, JournalError> {
        let path = SqliteHistory::path_beside(journal);
        if path.is_file() { Self::open(&path, None).map(Some) } else { Ok(None) }
    }
}
