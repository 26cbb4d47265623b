//! Simulated responders: what plausible trainees would do from seats that nobody took. Pure.

use std::collections::BTreeSet;

use guanlan_casework::{Case, CaseState, can_dispatch};
use guanlan_core::{AlertId, AlertLevel, CaseId, Command, Role, Stamp, UnitId, command::CommandEnvelope};

/// How quick simulated responders are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Responder {
    /// Time from an alert to its acknowledgement, s.
    pub acknowledge_s: u32,
    /// Lowest level of an alert that simulated supervisors acknowledge.
    pub acknowledge_from: AlertLevel,
    /// Time from a case being open to sending a crew, s.
    pub dispatch_s: u32,
    /// The same for a red case, s.
    pub dispatch_red_s: u32,
    /// Lowest level of a case that simulated dispatchers send to.
    pub from: AlertLevel,
}

impl Default for Responder {
    fn default() -> Self {
        Self {
            acknowledge_s: 30,
            acknowledge_from: AlertLevel::Red,
            dispatch_s: 120,
            dispatch_red_s: 120,
            from: AlertLevel::Red,
        }
    }
}

impl Responder {
    /// Stand-ins of a demo: everything is done some time, but a person at the desk comes first.
    #[must_use]
    pub fn unhurried() -> Self {
        Self {
            acknowledge_s: 600,
            acknowledge_from: AlertLevel::Yellow,
            dispatch_s: 300,
            dispatch_red_s: 180,
            from: AlertLevel::Normal,
        }
    }

    fn dispatch_ms(&self, level: AlertLevel) -> i64 {
        i64::from(if level == AlertLevel::Red { self.dispatch_red_s } else { self.dispatch_s }) * 1000
    }
}

/// A case that stands before a crew's work: filed (a red need not be) and in nobody's hands.
fn ready(case: &Case) -> bool {
    let filed = match case.state {
        CaseState::PendingDispatch | CaseState::Returned | CaseState::Dispatched | CaseState::PendingHandle => true,
        CaseState::Handling => case.handler.as_deref().is_none_or(|who| !who.starts_with("sim:")),
        _ => case.level == AlertLevel::Red,
    };
    filed && case.units.is_empty() && can_dispatch(case, Role::Dispatcher).is_ok()
}

/// An alert nobody has acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAlert {
    /// The alert.
    pub alert: AlertId,
    /// Its level.
    pub level: AlertLevel,
    /// Since when.
    pub since: Stamp,
}

/// What a responder sees: taken from a picture or from a room's resources.
pub struct SeatView<'a, 'c> {
    /// Time of the picture.
    pub now: Stamp,
    /// Seats that simulation fills.
    pub empty: &'a BTreeSet<Role>,
    /// Open cases.
    pub cases: &'a mut dyn Iterator<Item = &'c Case>,
    /// Alerts nobody has acknowledged.
    pub alerts: &'a [OpenAlert],
}

/// The commands simulated responders give now.
///
/// `best` recommends a crew for a case; crews already chosen in this call are in its second
/// argument. A command is repeated at most once a minute until the picture shows its effect.
pub fn respond(
    policy: &Responder,
    view: SeatView<'_, '_>,
    best: &mut dyn FnMut(&Case, &BTreeSet<UnitId>) -> Option<UnitId>,
) -> Vec<CommandEnvelope> {
    let now = view.now;
    let minute = now.0.div_euclid(60_000);
    let mut out = Vec::new();
    let mut give = |name: String, actor: &str, role: Role, command: Command| {
        let id = format!("sim-{name}-{minute}").into();
        out.push(CommandEnvelope { id, actor: actor.to_owned(), role, at: now, command });
    };
    if view.empty.contains(&Role::Supervisor) {
        let due = |a: &&OpenAlert| {
            a.level >= policy.acknowledge_from && now - a.since >= i64::from(policy.acknowledge_s) * 1000
        };
        for alert in view.alerts.iter().filter(due) {
            let note = "模拟值班长已阅 / seen by the simulated supervisor".to_owned();
            let command = Command::AcknowledgeAlert { alert: alert.alert, note };
            give(format!("ack-{}", alert.alert), "sim:supervisor", Role::Supervisor, command);
        }
    }
    if view.empty.contains(&Role::Dispatcher) {
        let waits = |case: &&Case| {
            case.level >= policy.from && ready(case) && now - case.opened >= policy.dispatch_ms(case.level)
        };
        let mut waiting: Vec<&Case> = view.cases.filter(waits).collect();
        waiting.sort_by(|a, b| (b.level, a.opened, &a.id).cmp(&(a.level, b.opened, &b.id)));
        let mut chosen: BTreeSet<UnitId> = BTreeSet::new();
        for case in waiting {
            let Some(unit) = best(case, &chosen) else { continue };
            if !chosen.insert(unit.clone()) {
                continue;
            }
            let id: CaseId = case.id.clone();
            let command = Command::DispatchUnit { case: id, unit, reason: String::new() };
            give(format!("send-{}", case.id), "sim:dispatcher", Role::Dispatcher, command);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, level: AlertLevel, opened_s: i64) -> Case {
        let mut case = Case::new(id.into(), "10-999", Stamp::from_secs(opened_s));
        case.level = level;
        case
    }

    #[test]
    fn empty_seats_send_the_best_crew_to_the_worst_case_first() {
        let cases = [
            case("A", AlertLevel::Red, 500),
            case("B", AlertLevel::Red, 100),
            case("C", AlertLevel::Yellow, 0),
            case("D", AlertLevel::Red, 950),
        ];
        let alerts = [
            OpenAlert { alert: AlertId(1), level: AlertLevel::Red, since: Stamp::from_secs(960) },
            OpenAlert { alert: AlertId(2), level: AlertLevel::Red, since: Stamp::from_secs(990) },
        ];
        let run = |seats: &[Role]| {
            let empty: BTreeSet<Role> = seats.iter().copied().collect();
            let mut list = cases.iter();
            let view = SeatView { now: Stamp::from_secs(1000), empty: &empty, cases: &mut list, alerts: &alerts };
            let mut best = |_: &Case, taken: &BTreeSet<UnitId>| {
                ["P1", "P2"].into_iter().map(UnitId::from).find(|u| !taken.contains(u))
            };
            respond(&Responder::default(), view, &mut best)
        };
        assert!(run(&[]).is_empty());
        let sent = run(&[Role::Dispatcher]);
        let orders: Vec<(&str, &str)> = sent
            .iter()
            .map(|c| match &c.command {
                Command::DispatchUnit { case, unit, .. } => (case.as_str(), unit.as_str()),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(orders, [("B", "P1"), ("A", "P2")], "oldest red first; D too fresh; C not red");
        assert!(sent.iter().all(|c| c.actor == "sim:dispatcher" && c.role == Role::Dispatcher));
        assert_eq!(run(&[Role::Supervisor]).len(), 1, "only the alert that is old enough");
    }
}
