//! What a crew may report next.

use guanlan_core::input::UnitStatus;

use crate::assignment::Outcome;

/// A change of a crew's status.
#[derive(Clone, Debug)]
pub struct StatusChange {
    /// The new status.
    pub to: UnitStatus,
    /// What is said.
    pub note: String,
    /// Photo.
    pub photo: Option<String>,
    /// Who says it.
    pub actor: String,
    /// How the assignment ends, when this ends it before the work is done.
    pub outcome: Option<Outcome>,
}

/// True when a crew may report `to` next.
#[must_use]
pub fn may_follow(from: UnitStatus, to: UnitStatus) -> bool {
    use UnitStatus as S;
    matches!(
        (from, to),
        (S::Dispatched, S::EnRoute | S::Available)
            | (S::EnRoute, S::OnScene)
            | (S::OnScene, S::Clearing)
            | (S::Clearing, S::Available)
            | (S::OutOfService, S::Available)
    ) || (to == S::OutOfService && from != S::OutOfService)
}

/// The steps from one status forward to another, without the first.
pub(crate) fn steps(from: UnitStatus, to: UnitStatus) -> Option<Vec<UnitStatus>> {
    use UnitStatus as S;
    if may_follow(from, to) {
        return Some(vec![to]);
    }
    const CHAIN: [UnitStatus; 5] = [S::Dispatched, S::EnRoute, S::OnScene, S::Clearing, S::Available];
    let a = CHAIN.iter().position(|s| *s == from)?;
    let b = CHAIN.iter().position(|s| *s == to)?;
    // From on the way straight to "available" is not a finished task.
    (b > a && from != S::Available && !(to == S::Available && a < 2)).then(|| CHAIN[a + 1..=b].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnitStatus as S;

    #[test]
    fn steps_fill_gaps_but_never_go_back() {
        assert_eq!(steps(S::Dispatched, S::OnScene), Some(vec![S::EnRoute, S::OnScene]));
        assert_eq!(steps(S::EnRoute, S::Available), None);
        assert_eq!(steps(S::OnScene, S::Available), Some(vec![S::Clearing, S::Available]));
        assert_eq!(steps(S::OnScene, S::EnRoute), None);
        assert_eq!(steps(S::Available, S::EnRoute), None);
        assert_eq!(steps(S::Dispatched, S::Available), Some(vec![S::Available]));
    }
}
