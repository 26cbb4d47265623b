//! Rules: the file a person writes ([`spec`]), and the set a room uses ([`RuleSet`]).

mod check;
mod chinese;
pub mod condition;
mod error;
pub mod expression;
pub mod extras;
mod notes;
mod set;
pub mod spec;
mod words;

pub use error::RuleError;
pub use set::{LEVELS, Outlook, Rule, RuleSet, Thresholds, sha256};
pub use spec::{Combine, Direction, Measure, Method, Missing, Over, RuleKind, TestSpec, rule_schema};
