//! The list of open cases, most urgent first.

use std::sync::Arc;

use guanlan_casework::Case;
use guanlan_core::{AlertLevel, CaseId, Lang, Stamp};
use guanlan_room::Picture;

use super::span;
use crate::words::tr_with;

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRow {
    /// The case.
    pub id: CaseId,
    /// Severity.
    pub level: AlertLevel,
    /// What.
    pub title: String,
    /// Where.
    pub place: String,
    /// State in words.
    pub state: String,
    /// Elapsed share of the allowed time; above 1 overdue; `None` while the clock stands.
    pub elapsed: Option<f32>,
    /// Time left or over, in words.
    pub left: String,
    /// Past the deadline in force.
    pub overdue: bool,
    /// Crews on it.
    pub crews: usize,
    /// It waits for a crew.
    pub waits: bool,
    /// Local m.
    pub place_m: [f64; 2],
}

/// A case that was closed lately.
#[derive(Clone, Debug, PartialEq)]
pub struct DoneRow {
    /// The case.
    pub id: CaseId,
    /// What.
    pub title: String,
    /// Where.
    pub place: String,
    /// When it was closed, clock of the city.
    pub at: String,
    /// How long it took, in words.
    pub took: String,
    /// Local m.
    pub place_m: [f64; 2],
}

/// The list: the most urgent cases, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CasesVm {
    /// The most urgent ones, at most [`ROWS`].
    pub rows: Vec<CaseRow>,
    /// Open cases.
    pub total: usize,
    /// Those past their deadline.
    pub late: usize,
    /// Closed lately, the latest first, at most [`DONE`].
    pub done: Vec<DoneRow>,
}

/// Lines of the list: nobody scrolls farther, and a hundred thousand cases must not be put into words.
pub const ROWS: usize = 300;

/// Lines of closed cases, where the open ones leave room.
pub const DONE: usize = 12;
/// Cases, the newest numbers first, among which closed ones are looked for.
const LOOKED_THROUGH: usize = 500;
/// What was closed longer ago is no news, ms.
const LATELY_MS: i64 = 12 * 3_600_000;

/// Elapsed share of the time allowed for the deadline in force.
#[must_use]
pub fn elapsed(case: &Case, now: Stamp) -> Option<f32> {
    let by = case.deadline()?;
    let allowed = (by - case.opened).max(1);
    Some(((now - case.opened) as f64 / allowed as f64).clamp(0.0, 9.9) as f32)
}

/// The line of one case.
#[must_use]
pub fn row(case: &Case, picture: &Picture, lang: Lang) -> CaseRow {
    let now = picture.now;
    let overdue = case.overdue(now);
    let left = case.deadline().map_or_else(String::new, |by| {
        let key = if overdue { "k-over-by" } else { "k-left" };
        tr_with(lang, key, &[("span", &span(lang, by - now))])
    });
    CaseRow {
        id: case.id.clone(),
        level: case.level,
        title: case.title.get(lang).to_owned(),
        place: case.place.get(lang).to_owned(),
        state: case.state.name().get(lang).to_owned(),
        elapsed: elapsed(case, now),
        left,
        overdue,
        crews: case.units.len(),
        waits: picture.advice.cases.contains_key(&case.id),
        place_m: case.place_m,
    }
}

/// The key of urgency: level, then overdue, then time left.
fn urgency(case: &Case, now: Stamp) -> (u8, bool, i64) {
    (u8::MAX - case.level.rank(), !case.overdue(now), case.deadline().map_or(i64::MAX, |by| by - now))
}

/// Open cases, most urgent first.
#[must_use]
pub fn cases(picture: &Picture, lang: Lang) -> CasesVm {
    let open: Vec<&Arc<Case>> = picture.cases.open().collect();
    let late = open.iter().filter(|c| c.overdue(picture.now)).count();
    let total = open.len();
    let rows = most_urgent(open, picture.now).into_iter().map(|case| row(case, picture, lang)).collect();
    let newest = picture.cases.cases().values().rev().take(LOOKED_THROUGH);
    CasesVm { rows, total, late, done: done(newest, picture.now, lang) }
}

/// Which of these were closed lately, the latest first.
fn done<'c>(cases: impl Iterator<Item = &'c Arc<Case>>, now: Stamp, lang: Lang) -> Vec<DoneRow> {
    let closed = cases.filter_map(|c| Some((c.milestones.closed?, c)));
    let mut lately: Vec<(Stamp, &Arc<Case>)> = closed.filter(|(at, _)| (0..LATELY_MS).contains(&(now - *at))).collect();
    lately.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.id.cmp(&y.id)));
    lately.truncate(DONE);
    let row = |(at, case): (Stamp, &Arc<Case>)| DoneRow {
        id: case.id.clone(),
        title: case.title.get(lang).to_owned(),
        place: case.place.get(lang).to_owned(),
        at: at.format_local("%H:%M"),
        took: tr_with(lang, "k-took", &[("span", &span(lang, at - case.opened))]),
        place_m: case.place_m,
    };
    lately.into_iter().map(row).collect()
}

/// The first [`ROWS`] by urgency, in order.
fn most_urgent(mut open: Vec<&Arc<Case>>, now: Stamp) -> Vec<&Arc<Case>> {
    let order = |a: &&Arc<Case>, b: &&Arc<Case>| urgency(a, now).cmp(&urgency(b, now)).then_with(|| a.id.cmp(&b.id));
    if open.len() > ROWS {
        open.select_nth_unstable_by(ROWS, order);
        open.truncate(ROWS);
    }
    open.sort_by(order);
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_casework::CaseState;

    fn case(id: &str, level: AlertLevel, due_s: i64) -> Case {
        let mut c = Case::new(id.into(), "06-010", Stamp::from_secs(0));
        c.level = level;
        c.state = CaseState::Handling;
        c.deadlines.handle_by = Some(Stamp::from_secs(due_s));
        c
    }

    #[test]
    fn level_then_overdue_then_time_left() {
        let now = Stamp::from_secs(1000);
        let mut all = [
            case("calm", AlertLevel::Yellow, 9000),
            case("late", AlertLevel::Yellow, 500),
            case("red", AlertLevel::Red, 90_000),
            case("soon", AlertLevel::Yellow, 2000),
        ];
        all.sort_by_key(|c| urgency(c, now));
        let ids: Vec<&str> = all.iter().map(|c| c.id.as_str()).collect();
        assert_eq!(ids, ["red", "late", "soon", "calm"]);
    }

    #[test]
    fn of_very_many_the_most_urgent_are_listed() {
        let all: Vec<Arc<Case>> = (0..5000_i64)
            .map(|i| Arc::new(case(&format!("{i:05}"), AlertLevel::Yellow, (i * 7919) % 5000 + 2000)))
            .collect();
        let listed = most_urgent(all.iter().collect(), Stamp::from_secs(1000));
        assert_eq!(listed.len(), ROWS);
        let due: Vec<i64> = listed.iter().map(|c| c.deadlines.handle_by.unwrap().0 / 1000).collect();
        assert_eq!(due, (2000..2000 + ROWS as i64).collect::<Vec<_>>());
    }

    #[test]
    fn of_closed_cases_the_latest_come_first_and_old_ones_are_no_news() {
        let now = Stamp::from_secs(100_000);
        let closed = |id: &str, at_s: i64| {
            let mut c = case(id, AlertLevel::Blue, 1);
            c.opened = Stamp::from_secs(at_s - 3900);
            c.milestones.closed = Some(Stamp::from_secs(at_s));
            Arc::new(c)
        };
        let mut all =
            vec![closed("old", 50_000), closed("early", 90_000), closed("late", 99_000), closed("next", 100_001)];
        all.push(Arc::new(case("open", AlertLevel::Red, 9)));
        let rows = done(all.iter(), now, Lang::Zh);
        let ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
        assert_eq!(ids, ["late", "early"], "neither open ones nor what is still to come");
        assert_eq!(rows[0].took, "用时 1 小时 05 分");
        let many: Vec<Arc<Case>> = (0..100).map(|i| closed(&format!("{i}"), 99_000 + i)).collect();
        assert_eq!(done(many.iter(), now, Lang::En).len(), DONE);
    }

    #[test]
    fn the_ring_is_the_share_of_the_allowed_time() {
        let c = case("a", AlertLevel::Red, 1000);
        assert!((elapsed(&c, Stamp::from_secs(250)).unwrap() - 0.25).abs() < 1e-6);
        assert!(elapsed(&c, Stamp::from_secs(2000)).unwrap() > 1.0);
        let still = Case { state: CaseState::Suspended, ..c };
        assert_eq!(elapsed(&still, Stamp::from_secs(1)), None);
    }
}
