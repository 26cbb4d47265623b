//! The table, walked at random and checked against the norm's own list of edges.

use proptest::prelude::*;

use guanlan_core::{RefusalKind, Role};

use super::*;
use crate::state::CaseState::{self, *};

/// DOMAIN §1.4 written down a second time, edge by edge.
fn legal_edge(from: CaseState, to: CaseState) -> bool {
    if to == Cancelled {
        return !from.ended();
    }
    matches!(
        (from, to),
        (Reported | PendingVerify | Returned, PendingRegister)
            | (PendingRegister, PendingVerify | Accepted | NotAccepted)
            | (PendingVerify, NotAccepted)
            | (Accepted, PendingDispatch)
            | (PendingDispatch, Dispatched | Returned)
            | (Dispatched, PendingHandle)
            | (PendingHandle, PendingDispatch | Handling)
            | (Handling, Suspended | HandleFinish | PendingHandle)
            | (Suspended | CheckNotPass, Handling)
            | (HandleFinish, PendingCheck)
            | (PendingCheck, Checking | CaseState::CheckPass | CheckNotPass)
            | (Checking, CaseState::CheckPass | CheckNotPass)
            | (CaseState::CheckPass, PendingClose)
            | (PendingClose, Closed)
    )
}

fn good() -> Facts<'static> {
    Facts {
        reason: "r",
        note: "n",
        photo: "p",
        max_extensions: 2,
        suspend_ms: 1,
        max_suspend_ms: 2,
        ..Facts::default()
    }
}

fn any_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    (0..all.len()).prop_map(move |i| all[i])
}

static ROLES: [Role; 8] = [
    Role::Collector,
    Role::Acceptor,
    Role::Supervisor,
    Role::Dispatcher,
    Role::Department,
    Role::Handler,
    Role::Leader,
    Role::System,
];
static STATES: [CaseState; 20] = CaseState::ALL;
static STEPS: [Step; 21] = Step::ALL;

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn illegal_transitions_are_rejected(
        state in any_of(&STATES), step in any_of(&STEPS), role in any_of(&ROLES),
        reason in any::<bool>(), photo in any::<bool>(), handler in any::<bool>(), tracked in any::<bool>(),
        returned in any::<bool>(), own in any::<bool>(), overdue in any::<bool>(), extensions in 0u8..4,
    ) {
        let facts = Facts {
            reason: if reason { "r" } else { " " }, photo: if photo { "p" } else { "" },
            has_handler: handler, has_tracked_unit: tracked, department_returned: returned, is_handler: own,
            overdue, extensions, ..good()
        };
        match path(state, step, role, &facts) {
            Ok(states) => {
                prop_assert!(!state.ended());
                prop_assert!(role != Role::Leader);
                let mut from = state;
                for &to in states {
                    prop_assert!(legal_edge(from, to), "{from:?} -> {to:?} by {step:?}");
                    from = to;
                }
                prop_assert!(!from.passing());
                if step == Step::Finish { prop_assert!(photo); }
                if step == Step::ReturnToDispatcher { prop_assert!(reason && !handler); }
                if step == Step::ReturnToAcceptor { prop_assert!(reason && !returned); }
                if step == Step::Extend { prop_assert!(!overdue && extensions < 2); }
                if step == Step::CheckPass { prop_assert!(!own && role != Role::Handler); }
                if step == Step::Cancel { prop_assert!(matches!(role, Role::Supervisor | Role::System)); }
            }
            Err(refusal) => prop_assert!(refusal.message.contains(" / "), "{}", refusal.message),
        }
    }
}

/// Every combination of state and step, so that a legal one cannot become illegal unseen.
#[test]
fn each_step_starts_exactly_where_it_may() {
    let starts = |step: Step| -> Vec<&str> {
        CaseState::ALL
            .into_iter()
            .filter(|s| path(*s, step, Role::System, &good()).is_ok())
            .map(CaseState::key)
            .collect()
    };
    assert_eq!(starts(Step::Submit), ["reported"]);
    assert_eq!(starts(Step::Register), ["pending_register"]);
    assert_eq!(starts(Step::Assign), ["pending_dispatch"]);
    assert_eq!(starts(Step::Finish), ["handling"]);
    assert_eq!(starts(Step::CheckPassAndClose), ["pending_check", "checking"]);
    assert_eq!(starts(Step::Close), ["pending_close"]);
    assert_eq!(starts(Step::Cancel).len(), 10);
}

#[test]
fn refusals_say_what_to_do() {
    let by = |step, role, facts: &Facts<'_>| path(step_start(step), step, role, facts).unwrap_err();
    let refusal = by(Step::Register, Role::Handler, &good());
    assert_eq!(refusal.kind, RefusalKind::Forbidden);
    assert!(refusal.message.contains("受理员") && refusal.message.contains("take that seat"), "{}", refusal.message);
    let refusal = by(Step::Cancel, Role::Supervisor, &Facts { reason: "", ..good() });
    assert_eq!(refusal.kind, RefusalKind::Invalid);
    let refusal = by(Step::Finish, Role::Handler, &Facts { photo: "", ..good() });
    assert!(refusal.message.contains("照片"));
    let refusal = path(Closed, Step::Register, Role::Acceptor, &good()).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Conflict);
}

fn step_start(step: Step) -> CaseState {
    step.from_states()[0]
}
