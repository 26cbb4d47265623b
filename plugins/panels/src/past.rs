//! Questions about the past of a room, asked beside the thread that draws.
//!
//! A panel that is open names its question; while it is open the answer is asked again now and then. The newest question
//! wins: an answer to an older one is thrown away.

use std::collections::BTreeMap;

use bevy::prelude::Resource;
use crossbeam_channel::{Receiver, bounded};
use guanlan_core::{SensorId, Stamp, TimelineId};
use guanlan_room::journal::{
    figures::{FigureError, FigureQuery, FigureRow, FigureStep},
    history::{HistoryDoor, Series},
};

/// Asks one kind of question.
struct Asker<Q, A> {
    asking: Option<(Q, Receiver<Result<A, String>>)>,
    known: Option<(Q, Result<A, String>)>,
    asked_s: f64,
}

impl<Q, A> Default for Asker<Q, A> {
    fn default() -> Self {
        Self { asking: None, known: None, asked_s: 0.0 }
    }
}

impl<Q: Clone + PartialEq, A: Send + 'static> Asker<Q, A> {
    /// Takes an answer that has come and asks where that is due. True when there is news.
    fn follow(
        &mut self,
        question: Option<&Q>,
        now_s: f64,
        again_s: f64,
        answer: impl FnOnce(&Q) -> Box<dyn FnOnce() -> Result<A, String> + Send>,
    ) -> bool {
        let Some(question) = question else {
            let had = self.known.is_some();
            *self = Self::default();
            return had;
        };
        let mut news = false;
        if let Some((asked, answers)) = &self.asking {
            match answers.try_recv() {
                Ok(answer) => {
                    news = asked == question;
                    if news {
                        self.known = Some((asked.clone(), answer));
                    }
                    self.asking = None;
                }
                Err(crossbeam_channel::TryRecvError::Empty) => {}
                Err(crossbeam_channel::TryRecvError::Disconnected) => self.asking = None,
            }
        }
        let fresh = self.known.as_ref().is_some_and(|(q, _)| q == question) && now_s - self.asked_s < again_s;
        if self.asking.is_none() && !fresh {
            let (to, from) = bounded(1);
            let work = answer(question);
            let thread = std::thread::Builder::new().name("guanlan-past".into());
            if thread.spawn(move || drop(to.send(work()))).is_ok() {
                self.asking = Some((question.clone(), from));
            }
            self.asked_s = now_s;
        }
        news
    }

    fn known(&self, question: &Q) -> Option<&Result<A, String>> {
        self.known.as_ref().filter(|(q, _)| q == question).map(|(_, a)| a)
    }
}

/// How far back a chart looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// Two hours.
    #[default]
    Hours2,
    /// A day.
    Day,
    /// A week.
    Week,
    /// Thirty days.
    Month,
    /// A year.
    Year,
}

impl Span {
    /// Its length, ms.
    #[must_use]
    pub const fn ms(self) -> i64 {
        match self {
            Self::Hours2 => 2 * 3_600_000,
            Self::Day => 86_400_000,
            Self::Week => 7 * 86_400_000,
            Self::Month => 30 * 86_400_000,
            Self::Year => 365 * 86_400_000,
        }
    }

    /// Key of its name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Hours2 => "k-span-2h",
            Self::Day => "k-span-day",
            Self::Week => "k-span-week",
            Self::Month => "k-span-month",
            Self::Year => "k-span-year",
        }
    }
}

/// What a chart of one stream asks.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuestion {
    /// The timeline whose past it is.
    pub timeline: TimelineId,
    /// The stream.
    pub sensor: SensorId,
    /// How far back.
    pub span: Span,
    /// End of a replay's chart; `None` ends now.
    pub until: Option<Stamp>,
}

/// How figures are put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// By street.
    #[default]
    Street,
    /// By category.
    Category,
}

/// What the figures panel asks.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordsQuestion {
    /// The timeline whose past it is.
    pub timeline: TimelineId,
    /// How far back.
    pub span: Span,
    /// How rows are put together.
    pub by: Grouping,
    /// End of a replay's figures; `None` ends now.
    pub until: Option<Stamp>,
}

impl RecordsQuestion {
    /// Begin of the span and its step: whole days of a week or a month, months of a year, hours of a day.
    #[must_use]
    pub fn begin(&self, now: Stamp) -> (Stamp, FigureStep) {
        const LOCAL_MS: i64 = 8 * 3_600_000;
        let day = |at: Stamp| Stamp((at.0 + LOCAL_MS).div_euclid(86_400_000) * 86_400_000 - LOCAL_MS);
        match self.span {
            Span::Hours2 | Span::Day => (day(now), FigureStep::Hour),
            Span::Week => (day(now + -6 * 86_400_000), FigureStep::Day),
            Span::Month => (day(now + -29 * 86_400_000), FigureStep::Day),
            Span::Year => (day(now + -364 * 86_400_000), FigureStep::Month),
        }
    }
}

/// Figures as they were counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// From.
    pub from: Stamp,
    /// To.
    pub to: Stamp,
    /// Step of `steps`.
    pub step: FigureStep,
    /// What happened by step.
    pub steps: Vec<FigureRow>,
    /// What happened by street or category.
    pub groups: Vec<FigureRow>,
    /// How long the answer took, ms.
    pub took_ms: f64,
}

/// A chart's points ask again this often, s.
const SERIES_AGAIN_S: f64 = 5.0;
/// Figures are asked again this often, s.
const RECORDS_AGAIN_S: f64 = 15.0;
/// Points of a chart at most.
const POINTS: usize = 480;

/// What is known of the past.
#[derive(Resource, Default)]
pub struct Past {
    series: Asker<SeriesQuestion, Option<Series>>,
    records: Asker<RecordsQuestion, Records>,
    /// Grows with every answer.
    pub version: u64,
}

impl Past {
    /// Follows the questions of open panels. `door` is where the timeline shown keeps its past; `now` is its clock.
    pub fn follow(
        &mut self,
        series: Option<&SeriesQuestion>,
        records: Option<&RecordsQuestion>,
        door: Option<&HistoryDoor>,
        now: Stamp,
        now_s: f64,
    ) {
        let mut news = self.series.follow(series.filter(|_| door.is_some()), now_s, SERIES_AGAIN_S, |q| {
            let (q, door) = (q.clone(), door.cloned());
            Box::new(move || {
                let Some(door) = door else { return Ok(None) };
                let to = q.until.unwrap_or(now);
                let reader = door.history().map_err(|e| e.to_string())?;
                reader.series(&q.sensor, to + -q.span.ms(), to, POINTS).map_err(|e| e.to_string())
            })
        });
        news |= self.records.follow(records.filter(|_| door.is_some()), now_s, RECORDS_AGAIN_S, |q| {
            let (q, door) = (q.clone(), door.cloned());
            Box::new(move || {
                let Some(door) = door else { return Ok(Records::default()) };
                let to = q.until.unwrap_or(now);
                count(&door, &q, to).map_err(|e| e.to_string())
            })
        });
        self.version += u64::from(news);
    }

    /// The answer to a chart's question, when it has come.
    #[must_use]
    pub fn series(&self, question: &SeriesQuestion) -> Option<&Result<Option<Series>, String>> {
        self.series.known(question)
    }

    /// The answer to the figures' question, when it has come.
    #[must_use]
    pub fn records(&self, question: &RecordsQuestion) -> Option<&Result<Records, String>> {
        self.records.known(question)
    }
}

fn count(door: &HistoryDoor, q: &RecordsQuestion, to: Stamp) -> Result<Records, FigureError> {
    let begun = std::time::Instant::now();
    let (from, step) = q.begin(to);
    let reader = door.figures()?;
    let whole = FigureQuery { from, to: to + 1, by_what: true, ..FigureQuery::default() };
    let steps = reader.ask(&FigureQuery { step, ..whole.clone() })?;
    let grouped = match q.by {
        Grouping::Street => FigureQuery { by_area: 9, ..whole },
        Grouping::Category => FigureQuery { by_code: 1, ..whole },
    };
    let groups = reader.ask(&grouped)?;
    Ok(Records { from, to, step, steps, groups, took_ms: begun.elapsed().as_secs_f64() * 1000.0 })
}

/// What happened to cases in one row of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases opened.
    pub opened: u64,
    /// Cases closed within their limit.
    pub on_time: u64,
    /// Cases closed after it.
    pub late: u64,
    /// Time from opening to closing, summed, ms.
    pub closing_ms: i64,
    /// Red alerts.
    pub reds: u64,
}

impl Tally {
    /// Adds a figure to the row it belongs to.
    pub fn add(&mut self, row: &FigureRow) {
        match row.what.as_str() {
            "closed:on_time" => {
                self.on_time += row.count;
                self.closing_ms = self.closing_ms.saturating_add(row.amount_ms);
            }
            "closed:late" => {
                self.late += row.count;
                self.closing_ms = self.closing_ms.saturating_add(row.amount_ms);
            }
            "alert:red" => self.reds += row.count,
            what if what.starts_with("opened:") => self.opened += row.count,
            _ => {}
        }
    }

    /// Cases closed.
    #[must_use]
    pub const fn closed(&self) -> u64 {
        self.on_time + self.late
    }

    /// Share closed within their limit, %; `None` while none is closed.
    #[must_use]
    pub fn in_time(&self) -> Option<f64> {
        (self.closed() > 0).then(|| 100.0 * self.on_time as f64 / self.closed() as f64)
    }

    /// Mean time to close, ms; `None` while none is closed.
    #[must_use]
    pub fn mean_ms(&self) -> Option<i64> {
        (self.closed() > 0).then(|| self.closing_ms / self.closed() as i64)
    }
}

/// Rows put together by a key.
pub fn tallies<K: Ord>(rows: &[FigureRow], key: impl Fn(&FigureRow) -> K) -> BTreeMap<K, Tally> {
    let mut out: BTreeMap<K, Tally> = BTreeMap::new();
    for row in rows {
        out.entry(key(row)).or_default().add(row);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(area: &str, what: &str, count: u64, amount_ms: i64) -> FigureRow {
        FigureRow { from: Stamp(0), area: area.into(), code: String::new(), what: what.into(), count, amount_ms }
    }

    #[test]
    fn rows_become_rates_and_means() {
        let rows = [
            row("a", "opened:citizen", 5, 0),
            row("a", "opened:alert", 3, 0),
            row("a", "closed:on_time", 3, 3 * 600_000),
            row("a", "closed:late", 1, 3_600_000),
            row("a", "moved:registered", 9, 0),
            row("b", "alert:red", 2, 0),
        ];
        let all = tallies(&rows, |r| r.area.clone());
        let a = all["a"];
        assert_eq!((a.opened, a.closed(), a.in_time()), (8, 4, Some(75.0)));
        assert_eq!(a.mean_ms(), Some((3 * 600_000 + 3_600_000) / 4));
        assert_eq!((all["b"].reds, all["b"].in_time(), all["b"].mean_ms()), (2, None, None));
    }

    #[test]
    fn spans_begin_at_whole_local_days() {
        let now = Stamp::from_secs(1_785_000_000);
        let q = |span| RecordsQuestion { timeline: "live".into(), span, by: Grouping::Street, until: None };
        for (span, days, step) in [
            (Span::Day, 0, FigureStep::Hour),
            (Span::Week, 6, FigureStep::Day),
            (Span::Month, 29, FigureStep::Day),
            (Span::Year, 364, FigureStep::Month),
        ] {
            let (from, got) = q(span).begin(now);
            assert_eq!(got, step);
            assert_eq!(from.format_local("%H:%M:%S"), "00:00:00");
            assert!((now - from).div_euclid(86_400_000) == days, "{span:?}");
        }
    }

    #[test]
    fn the_newest_question_wins_and_a_closed_panel_asks_nothing() {
        let mut asker: Asker<u32, u32> = Asker::default();
        let work = |q: &u32| -> Box<dyn FnOnce() -> Result<u32, String> + Send> {
            let q = *q;
            Box::new(move || Ok(q * 10))
        };
        let wait = |asker: &mut Asker<u32, u32>, q: u32| {
            for _ in 0..400 {
                asker.follow(Some(&q), 0.0, 60.0, work);
                if asker.known(&q).is_some() {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        asker.follow(Some(&1), 0.0, 60.0, work);
        wait(&mut asker, 2);
        assert_eq!(asker.known(&2), Some(&Ok(20)));
        assert_eq!(asker.known(&1), None);
        assert!(!asker.follow(Some(&2), 1.0, 60.0, |_| panic!("the answer is fresh")));
        assert!(asker.follow(None, 1.0, 60.0, work) && asker.known(&2).is_none());
    }
}
