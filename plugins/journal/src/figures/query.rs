//! Questions: how many, of what, where, by which step of time.

use std::{collections::HashMap, hash::BuildHasherDefault};

use guanlan_core::Stamp;
use rusqlite::params;

use super::{
    FigureReader,
    book::{AREA, CODE, WHAT, Words, read_words},
    cube::{self, CUBES, Cell, Cube, Fold, Place, day_begin, day_of, month_begin, month_of},
};
use crate::error::{JournalError, db};

/// By which step of time an answer is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FigureStep {
    /// One figure for the whole span.
    #[default]
    Whole,
    /// By local month.
    Month,
    /// By local day.
    Day,
    /// By hour.
    Hour,
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FigureQuery {
    /// From (inclusive); days are whole, hours are whole when told apart.
    pub from: Stamp,
    /// To (exclusive).
    pub to: Stamp,
    /// Step of time.
    pub step: FigureStep,
    /// Only areas whose grid code begins so.
    pub area: String,
    /// Tell areas apart by this many leading digits: 0 (not), 6, 9, 12.
    pub by_area: usize,
    /// Only categories (or properties) that begin so.
    pub code: String,
    /// Tell categories apart: 0 (not), 1 by the whole code, or by this many leading characters.
    pub by_code: usize,
    /// Only what begins so: `opened:`, `closed:on_time` …
    pub what: String,
    /// Tell what happened apart.
    pub by_what: bool,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureRow {
    /// Begin of the step; the begin of the span for the whole.
    pub from: Stamp,
    /// Area, as far as told apart.
    pub area: String,
    /// Category, as far as told apart.
    pub code: String,
    /// What happened, if told apart.
    pub what: String,
    /// Records.
    pub count: u64,
    /// Sum of what they measure (time to close, travel time), ms.
    pub amount_ms: i64,
}

/// A question that has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FigureError {
    /// The grain is not kept.
    #[error("{0}")]
    Grain(String),
    /// The file.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Sums by begin of the step and packed place of the group: numbers of words in the answer.
type Sums = HashMap<(i64, u64), Cell, BuildHasherDefault<Fold>>;

struct Asked<'a> {
    query: &'a FigureQuery,
    areas: Shown,
    codes: Shown,
    whats: Shown,
}

/// What the words of one kind become in the answer.
struct Shown {
    /// In order; a number in the answer is a place in here.
    words: Vec<String>,
    /// Number in the answer by number in the file; `None` is left out.
    by_id: Vec<Option<u32>>,
}

impl Shown {
    /// Words that begin with `only`, cut to `cut` characters; `None` does not tell them apart.
    fn of(known: &Words, only: &str, cut: Option<usize>) -> Self {
        let shown = |w: &String| {
            w.starts_with(only).then(|| match cut {
                None => String::new(),
                Some(usize::MAX) => w.clone(),
                Some(n) => w.chars().take(n).collect(),
            })
        };
        let wanted: Vec<Option<String>> = known.by_id.iter().map(shown).collect();
        let mut words: Vec<String> = wanted.iter().flatten().cloned().collect();
        words.sort_unstable();
        words.dedup();
        let place = |word: Option<String>| word.and_then(|w| words.binary_search(&w).ok()).map(|i| i as u32);
        let by_id = wanted.into_iter().map(place).collect();
        Self { words, by_id }
    }

    fn number(&self, id: u64) -> Option<u64> {
        self.by_id.get(id as usize).copied().flatten().map(u64::from)
    }

    fn word(&self, number: u64) -> String {
        self.words.get(number as usize).cloned().unwrap_or_default()
    }
}

impl FigureReader {
    /// Answers a question from the smallest cubes that hold it.
    ///
    /// # Errors
    /// When what is asked for is not kept at that grain, or the file cannot be read.
    pub fn ask(&self, query: &FigureQuery) -> Result<Vec<FigureRow>, FigureError> {
        if ![0, 6, 9, 12].contains(&query.by_area) {
            return Err(FigureError::Grain(format!("by_area {}: expected 0, 6, 9 or 12 digits", query.by_area)));
        }
        let plan = plan(query, self.cubes)?;
        let mut sums = Sums::default();
        // Pending first and held while the file is read: a save in between would be counted twice or not at all.
        let pending = self.pending.as_ref().map(|p| p.read().unwrap_or_else(std::sync::PoisonError::into_inner));
        let stored;
        let words = match &pending {
            Some(p) => &p.words,
            None => {
                stored = read_words(&self.conn, &self.path)?;
                &stored
            }
        };
        let asked = Asked::new(query, words);
        for (number, periods) in &plan {
            let cube = &CUBES[*number];
            let (first, last) = (*periods.start(), *periods.end());
            let mut statement = self
                .conn
                .prepare_cached("SELECT period, body FROM figures WHERE cube = ?1 AND period BETWEEN ?2 AND ?3")
                .map_err(db(&self.path))?;
            let mut rows = statement.query(params![*number as i64, first, last]).map_err(db(&self.path))?;
            while let Some(row) = rows.next().map_err(db(&self.path))? {
                let period: i64 = row.get(0).map_err(db(&self.path))?;
                let body = row.get_ref(1).and_then(|v| Ok(v.as_blob()?)).map_err(db(&self.path))?;
                let mut tally = Tally::new(&asked, cube, period, &mut sums);
                cube::each(body, |place, cell| tally.add(place, cell))
                    .map_err(|e| JournalError::damaged(&self.path, e))?;
                tally.put_last();
            }
            if let Some(pending) = &pending {
                for ((_, period), cells) in pending.cells.range((*number, first)..=(*number, last)) {
                    let mut tally = Tally::new(&asked, cube, *period, &mut sums);
                    cells.iter().for_each(|(place, cell)| tally.add(*place, *cell));
                    tally.put_last();
                }
            }
        }
        // Words last, and in order: numbers are in the order of their words.
        let mut sums: Vec<((i64, u64), Cell)> = sums.into_iter().collect();
        sums.sort_unstable_by_key(|(key, _)| *key);
        let row = |((from, place), sum): ((i64, u64), Cell)| {
            let place = Place::unpack(place);
            FigureRow {
                from: Stamp(from),
                area: asked.areas.word(place.area),
                code: asked.codes.word(place.code),
                what: asked.whats.word(place.what),
                count: sum.count,
                amount_ms: sum.amount_ms,
            }
        };
        Ok(sums.into_iter().map(row).collect())
    }
}

/// Which cubes, of those that the file has, and which of their periods.
fn plan(q: &FigureQuery, known: usize) -> Result<Vec<(usize, std::ops::RangeInclusive<i64>)>, FigureError> {
    let digits = q.by_area.max(q.area.len().min(15));
    let coded = q.by_code > 0 || !q.code.is_empty();
    if q.to <= q.from {
        return Ok(Vec::new());
    }
    let days = day_of(q.from)..=day_of(q.to + -1);
    let fits =
        |c: &Cube| (digits <= c.digits) && (!coded || c.code) && !c.month && (q.step != FigureStep::Hour || c.hour);
    let Some(number) = CUBES.iter().position(fits) else {
        return Err(FigureError::Grain(match q.step {
            FigureStep::Hour => {
                "按小时只保留到区一级、不分类别 / by the hour figures are kept by district (6 digits) and without categories".into()
            }
            _ => format!(
                "区域代码 {digits} 位与类别不能同时分开：类别最细到街道 9 位，总数最细到社区 12 位 / figures by category are kept to 9 digits of the area, totals to 12"
            ),
        }));
    };
    let (first, last) = (*days.start(), *days.end());
    // Whole months of a wide question come from the smallest cube of months; what hangs over on both sides by day.
    let monthly = (0..known)
        .filter(|i| CUBES[*i].month && digits <= CUBES[*i].digits && (!coded || CUBES[*i].code))
        .min_by_key(|i| (CUBES[*i].code, CUBES[*i].digits));
    let inner = (month_of(first - 1) + 1, month_of(last + 1) - 1);
    let wide = matches!(q.step, FigureStep::Whole | FigureStep::Month);
    match monthly {
        Some(month) if wide && inner.1 >= inner.0 => {
            let (from, to) = (month_begin(inner.0), month_begin(inner.1 + 1));
            let mut parts = vec![(month, inner.0..=inner.1)];
            if first < from {
                parts.push((number, first..=from - 1));
            }
            if last >= to {
                parts.push((number, to..=last));
            }
            Ok(parts)
        }
        _ => Ok(vec![(number, days)]),
    }
}

impl<'a> Asked<'a> {
    fn new(query: &'a FigureQuery, words: &[Words; 3]) -> Self {
        let code_cut = match query.by_code {
            0 => None,
            1 => Some(usize::MAX),
            n => Some(n),
        };
        Self {
            query,
            areas: Shown::of(&words[AREA], &query.area, (query.by_area > 0).then_some(query.by_area)),
            codes: Shown::of(&words[CODE], &query.code, code_cut),
            whats: Shown::of(&words[WHAT], &query.what, query.by_what.then_some(usize::MAX)),
        }
    }
}

/// Sums the cells of one period by what is told apart: cells of one group follow each other, so most are added
/// without a look-up.
struct Tally<'a> {
    asked: &'a Asked<'a>,
    cube: &'a Cube,
    period: i64,
    sums: &'a mut Sums,
    last: Option<(Place, Cell)>,
}

impl<'a> Tally<'a> {
    fn new(asked: &'a Asked<'a>, cube: &'a Cube, period: i64, sums: &'a mut Sums) -> Self {
        Self { asked, cube, period, sums, last: None }
    }

    fn add(&mut self, place: u64, cell: Cell) {
        let (q, p) = (self.asked.query, Place::unpack(place));
        let code = if self.cube.code { self.asked.codes.number(p.code) } else { Some(0) };
        let (Some(area), Some(code), Some(what)) =
            (self.asked.areas.number(p.area), code, self.asked.whats.number(p.what))
        else {
            return;
        };
        let hour = if q.step == FigureStep::Hour { p.hour } else { 0 };
        if q.step == FigureStep::Hour {
            let begin = day_begin(self.period) + hour as i64 * 3_600_000;
            if begin + 3_600_000 <= q.from || begin >= q.to {
                return;
            }
        }
        let group = Place { hour, area, code, what };
        match &mut self.last {
            Some((open, sum)) if *open == group => {
                sum.count += cell.count;
                sum.amount_ms = sum.amount_ms.saturating_add(cell.amount_ms);
            }
            _ => {
                self.put_last();
                self.last = Some((group, cell));
            }
        }
    }

    /// Begin of the step a cell falls into.
    fn begin(&self, hour: u64) -> i64 {
        let day = if self.cube.month { month_begin(self.period) } else { self.period };
        match self.asked.query.step {
            FigureStep::Whole => self.asked.query.from.0,
            FigureStep::Month => day_begin(month_begin(month_of(day))).0,
            FigureStep::Day => day_begin(day).0,
            FigureStep::Hour => day_begin(day).0 + hour as i64 * 3_600_000,
        }
    }

    fn put_last(&mut self) {
        if let Some((group, cell)) = self.last.take() {
            let key = (self.begin(group.hour), Place { hour: 0, ..group }.pack());
            let sum = self.sums.entry(key).or_default();
            sum.count += cell.count;
            sum.amount_ms = sum.amount_ms.saturating_add(cell.amount_ms);
        }
    }
}
