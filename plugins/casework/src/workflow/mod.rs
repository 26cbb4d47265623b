//! Which step may be taken from which state by whom: the whole table of DOMAIN §1.4 in one place.
//!
//! **Invariant:** pure. What a case must remember besides its state comes in as [`Facts`].

mod crews;
mod guards;
mod step;

#[cfg(test)]
mod tests;

use guanlan_core::{Refusal, Role};

use crate::state::CaseState;

pub use crews::can_dispatch;
pub use step::Step;

/// What a step's guards look at besides state and role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts<'a> {
    /// Why; required to refuse, return, suspend, extend, cancel.
    pub reason: &'a str,
    /// What was done; required to finish.
    pub note: &'a str,
    /// After-photo; required to finish.
    pub photo: &'a str,
    /// A handler or crew is on the case.
    pub has_handler: bool,
    /// A crew that reports by itself is on the case.
    pub has_tracked_unit: bool,
    /// The department has sent the case back to the dispatcher before.
    pub department_returned: bool,
    /// Who acts is the one who handled the case.
    pub is_handler: bool,
    /// The deadline in force has passed.
    pub overdue: bool,
    /// Extensions granted so far.
    pub extensions: u8,
    /// Most extensions there may be.
    pub max_extensions: u8,
    /// How long the case is to be suspended, ms.
    pub suspend_ms: i64,
    /// Longest suspension there may be, ms.
    pub max_suspend_ms: i64,
}

/// The states `step` leads through from `state`, or why it may not be taken and what to do instead.
///
/// # Errors
/// A refusal in Chinese and English.
pub fn path(state: CaseState, step: Step, role: Role, facts: &Facts<'_>) -> Result<&'static [CaseState], Refusal> {
    guards::role(step, role)?;
    guards::state(state, step)?;
    guards::facts(step, facts)?;
    Ok(step.to_states())
}
