//! Rules: the file a person writes ([`spec`]), and the set a room uses ([`RuleSet`]).

mod error;
mod set;
pub mod spec;

pub use error::RuleError;
pub use set::{LEVELS, Rule, RuleSet, Thresholds};
pub use spec::{Direction, RuleKind, rule_schema};
