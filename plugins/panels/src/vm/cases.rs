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

/// The list: the most urgent cases, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CasesVm {
    /// The most urgent ones, at most [`ROWS`].
    pub rows: Vec<CaseRow>,
    /// Open cases.
    pub total: usize,
    /// Those past their deadline.
    pub late: usize,
}

/// Lines of the list: nobody scrolls farther, and a hundred thousand cases must not be put into words.
pub const ROWS: usize = 300;

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
    CasesVm { rows, total, late }
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
    fn the_ring_is_the_share_of_the_allowed_time() {
        let c = case("a", AlertLevel::Red, 1000);
        assert!((elapsed(&c, Stamp::from_secs(250)).unwrap() - 0.25).abs() < 1e-6);
        assert!(elapsed(&c, Stamp::from_secs(2000)).unwrap() > 1.0);
        let still = Case { state: CaseState::Suspended, ..c };
        assert_eq!(elapsed(&still, Stamp::from_secs(1)), None);
    }
}
