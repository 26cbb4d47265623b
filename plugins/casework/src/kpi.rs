//! Key figures of a period, counted from the case file (DOMAIN §1.8).
//!
//! A case counts in the period of the instant of each milestone. 应结案 = registered cases whose
//! total limit falls due in the period or that were closed in it (proposal of the fact sheet).

use std::collections::BTreeMap;

use bevy_ecs::prelude::Resource;
use guanlan_core::Stamp;
use guanlan_tick::RoomState;
use serde::{Deserialize, Serialize};

use crate::{case::Case, state::CaseState};

/// Counts of one group of cases in one period. Rates are % and `None` when nothing was due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KpiSet {
    /// 上报数.
    pub reported: u32,
    /// 受理数: came to the acceptor and was not refused or cancelled before 立案.
    pub accepted: u32,
    /// 立案数.
    pub registered: u32,
    /// 按期立案数.
    pub registered_in_time: u32,
    /// 派遣数.
    pub dispatched: u32,
    /// 按期派遣数.
    pub dispatched_in_time: u32,
    /// Of `dispatched`: sent back by the department.
    pub returned: u32,
    /// 应处置数: dispatched and not cancelled, done or due in the period.
    pub should_handle: u32,
    /// 处置数.
    pub handled: u32,
    /// 按期处置数.
    pub handled_in_time: u32,
    /// 核查数.
    pub checked: u32,
    /// 按期核查数.
    pub checked_in_time: u32,
    /// 应结案数.
    pub should_close: u32,
    /// 结案数.
    pub closed: u32,
    /// 按期结案数.
    pub closed_in_time: u32,
    /// Of `registered`: with at least one 返工.
    pub reworked: u32,
    /// Of `registered`: with at least one 延期.
    pub extended: u32,
    /// Of `registered`: 挂账 at least once.
    pub suspended: u32,
    /// Open now.
    pub open: u32,
    /// Open now and past the deadline in force.
    pub overdue: u32,
}

fn rate(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) * 100.0 / f64::from(whole))
}

impl KpiSet {
    /// 结案率, %.
    #[must_use]
    pub fn close_rate(&self) -> Option<f64> {
        rate(self.closed, self.should_close)
    }
    /// 按期结案率, %.
    #[must_use]
    pub fn in_time_close_rate(&self) -> Option<f64> {
        rate(self.closed_in_time, self.should_close)
    }
    /// 按期立案率, %.
    #[must_use]
    pub fn in_time_register_rate(&self) -> Option<f64> {
        rate(self.registered_in_time, self.registered)
    }
    /// 立案 of 受理, %.
    #[must_use]
    pub fn register_rate(&self) -> Option<f64> {
        rate(self.registered, self.accepted)
    }
    /// 按期派遣率, %.
    #[must_use]
    pub fn in_time_dispatch_rate(&self) -> Option<f64> {
        rate(self.dispatched_in_time, self.dispatched)
    }
    /// 准确派遣率, %.
    #[must_use]
    pub fn accurate_dispatch_rate(&self) -> Option<f64> {
        rate(self.dispatched.saturating_sub(self.returned), self.dispatched)
    }
    /// 处置率, %.
    #[must_use]
    pub fn handle_rate(&self) -> Option<f64> {
        rate(self.handled, self.should_handle)
    }
    /// 按期处置率, %.
    #[must_use]
    pub fn in_time_handle_rate(&self) -> Option<f64> {
        rate(self.handled_in_time, self.should_handle)
    }
    /// 按期核查率, %.
    #[must_use]
    pub fn in_time_check_rate(&self) -> Option<f64> {
        rate(self.checked_in_time, self.checked)
    }
    /// 返工率, %.
    #[must_use]
    pub fn rework_rate(&self) -> Option<f64> {
        rate(self.reworked, self.registered)
    }
    /// 延期率, %.
    #[must_use]
    pub fn extend_rate(&self) -> Option<f64> {
        rate(self.extended, self.registered)
    }
    /// 超期率 of the open cases, %.
    #[must_use]
    pub fn overdue_rate(&self) -> Option<f64> {
        rate(self.overdue, self.open)
    }

    /// Counts one case.
    fn count(&mut self, case: &Case, from: Stamp, to: Stamp, now: Stamp) {
        let within = |at: Option<Stamp>| at.is_some_and(|at| at >= from && at < to);
        let add = |slot: &mut u32, yes: bool| *slot += u32::from(yes);
        let m = &case.milestones;
        add(&mut self.reported, within(Some(case.opened)));
        let dropped_unregistered = m.registered.is_none() && m.dropped.is_some();
        add(&mut self.accepted, within(m.accepted) && !dropped_unregistered);
        let registered = within(m.registered);
        add(&mut self.registered, registered);
        add(&mut self.registered_in_time, registered && m.registered_in_time);
        add(&mut self.reworked, registered && case.rework > 0);
        add(&mut self.extended, registered && case.extensions > 0);
        add(&mut self.suspended, registered && (case.suspended_ms > 0 || case.suspended.is_some()));
        let dispatched = within(m.dispatched);
        add(&mut self.dispatched, dispatched);
        add(&mut self.dispatched_in_time, dispatched && m.dispatched_in_time);
        add(&mut self.returned, dispatched && case.returns > 0);
        let dropped = case.state == CaseState::Cancelled;
        let handled = within(m.finished);
        let due = m.dispatched.is_some() && m.finished.is_none() && within(case.deadlines.handle_by);
        add(&mut self.should_handle, !dropped && (handled || due));
        add(&mut self.handled, handled && !dropped);
        add(&mut self.handled_in_time, handled && !dropped && (m.finished_in_time || case.exempt));
        let checked = within(m.checked);
        add(&mut self.checked, checked);
        add(&mut self.checked_in_time, checked && m.checked_in_time);
        let closed = within(m.closed);
        let close_due = m.closed.is_none() && within(Some(case.deadlines.close_by));
        add(&mut self.should_close, m.registered.is_some() && !dropped && (closed || close_due));
        add(&mut self.closed, closed);
        let closed_in_time = m.closed.is_some_and(|at| at <= case.deadlines.close_by) || case.exempt;
        add(&mut self.closed_in_time, closed && closed_in_time);
        add(&mut self.open, case.is_open());
        add(&mut self.overdue, case.overdue(now));
    }
}

/// Key figures of the running local day.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseKpis {
    /// Start of the period: local midnight.
    pub from: Stamp,
    /// When the figures were counted.
    pub at: Stamp,
    /// All cases.
    pub total: KpiSet,
    /// By class of the category code, for example `06`.
    pub by_class: BTreeMap<String, KpiSet>,
    /// Version of the case file that was counted.
    pub version: u64,
}

impl RoomState for CaseKpis {
    const NAME: &'static str = "casework.kpi";
}

/// Counts cases over the period from `from` (inclusive) to `to` (exclusive), as seen at `now`.
pub fn count<'a>(cases: impl Iterator<Item = &'a Case>, from: Stamp, to: Stamp, now: Stamp) -> CaseKpis {
    let mut out = CaseKpis { from, at: now, ..CaseKpis::default() };
    for case in cases {
        out.total.count(case, from, to, now);
        match out.by_class.get_mut(case.class()) {
            Some(set) => set.count(case, from, to, now),
            None => out.by_class.entry(case.class().to_owned()).or_default().count(case, from, to, now),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH_MS: i64 = 31 * 86_400_000;

    struct Group {
        code: &'static str,
        registered: u32,
        should_close: u32,
        closed: u32,
        closed_in_time: u32,
    }

    fn cases(group: &Group, from: Stamp) -> Vec<Case> {
        let made = |n: u32| {
            let mut case = Case::new(format!("GL{n:04}").into(), group.code, from + i64::from(n));
            case.milestones.accepted = Some(case.opened);
            case.milestones.registered = Some(case.opened);
            case.milestones.registered_in_time = true;
            let late = n >= group.closed_in_time;
            let beyond = n >= group.should_close;
            case.deadlines.close_by = from
                + if beyond {
                    MONTH_MS + 1
                } else if late {
                    1000
                } else {
                    5000
                };
            if n < group.closed {
                case.milestones.closed = Some(from + 2000);
                case.state = CaseState::Closed;
            }
            case
        };
        (0..group.registered).map(made).collect()
    }

    fn percent(rate: Option<f64>) -> String {
        format!("{:.2}", rate.unwrap())
    }

    /// DOMAIN §1.9: the bulletin of one city and month.
    #[test]
    fn golden_bulletin() {
        let from = Stamp::parse("2016-12-01T00:00:00+08:00").unwrap();
        let events = Group { code: "06-010", registered: 971, should_close: 956, closed: 902, closed_in_time: 728 };
        let parts = Group { code: "01-003", registered: 25, should_close: 16, closed: 9, closed_in_time: 9 };
        let mut all = cases(&events, from);
        all.extend(cases(&parts, from));
        for n in 0..58 {
            let mut waiting = Case::new(format!("W{n}").into(), "06-010", from);
            waiting.milestones.accepted = Some(from);
            waiting.deadlines.close_by = from + 5000;
            all.push(waiting);
        }
        let mut refused = Case::new("R".into(), "06-010", from);
        refused.milestones.accepted = Some(from);
        refused.milestones.dropped = Some(from);
        refused.state = CaseState::NotAccepted;
        all.push(refused);
        let k = count(all.iter(), from, from + MONTH_MS, from + MONTH_MS);
        let t = &k.total;
        assert_eq!([t.reported, t.accepted, t.registered, t.should_close, t.closed], [1055, 1054, 996, 972, 911]);
        assert_eq!(percent(t.close_rate()), "93.72");
        assert_eq!(percent(t.in_time_close_rate()), "75.82");
        assert_eq!(percent(k.by_class["06"].close_rate()), "94.35");
        assert_eq!(percent(k.by_class["01"].close_rate()), "56.25");
        assert_eq!(t.open, 996 - 911 + 58);
        assert_eq!(KpiSet::default().close_rate(), None);
    }

    #[test]
    fn nothing_counts_outside_its_period() {
        let from = Stamp::parse("2016-12-01T00:00:00+08:00").unwrap();
        let group = Group { code: "06-010", registered: 5, should_close: 5, closed: 5, closed_in_time: 5 };
        let k = count(cases(&group, from).iter(), from + MONTH_MS, from + 2 * MONTH_MS, from + MONTH_MS);
        assert_eq!(k.total, KpiSet::default());
    }
}
