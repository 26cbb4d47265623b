//! Control rules: `RULE … IF … THEN … ELSE … PRIORITY`.

use serde::{Deserialize, Serialize};

use super::Formula;

/// A variable a rule looks at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlVariable {
    /// `NODE`, `LINK`, `CONDUIT`, `PUMP`, `ORIFICE`, `WEIR`, `OUTLET`, `GAGE`, `SIMULATION`, or `EXPRESSION`.
    pub object: String,
    /// Name of the object; empty for `SIMULATION`.
    pub id: String,
    /// `DEPTH`, `HEAD`, `FLOW`, `STATUS`, `TIME`, `CLOCKTIME` … in capitals.
    pub attribute: String,
}

/// A named formula of the rules; its variables and its value are in the file's units.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlFormula {
    /// Name in the file.
    pub id: String,
    /// The formula.
    pub formula: Formula,
    /// Its variables, by index.
    pub variables: Vec<ControlVariable>,
}

/// What it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ControlValue {
    /// A number in SI: m, m³, m³/s, mm/h and mm for gages, s for times (dates: s since the start of the simulation);
    /// open, on = 1, closed, off = 0.
    Number(f64),
    /// Another variable.
    Variable(ControlVariable),
}

/// Relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Compare {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// How a premise is joined with those before it; `AND` binds closer, as in SWMM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joined {
    /// First of its rule.
    If,
    /// And.
    And,
    /// Or.
    Or,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Premise {
    /// How it is joined.
    pub joined: Joined,
    /// Left side.
    pub left: ControlVariable,
    /// Relation.
    pub compare: Compare,
    /// Right side.
    pub right: ControlValue,
}

/// What a link is set to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ControlSetting {
    /// On, open = 1, off, closed = 0, or a share of full opening, or a speed.
    Value(f64),
    /// Index into `curves`, looked up with the left side of the last premise.
    Curve(usize),
    /// Index into `series`.
    Series(usize),
    /// Proportional–integral–derivative: gain, integral and derivative time in minutes.
    Pid([f64; 3]),
}

/// One action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlAction {
    /// `PUMP`, `ORIFICE`, `WEIR`, `OUTLET` or `CONDUIT`.
    pub object: String,
    /// Name of the link.
    pub id: String,
    /// New setting.
    pub setting: ControlSetting,
}

/// A rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ControlRule {
    /// Name in the file.
    pub id: String,
    /// Line in the file, first is 1.
    pub line: usize,
    /// Conditions.
    pub premises: Vec<Premise>,
    /// What to do when they hold.
    pub then: Vec<ControlAction>,
    /// What to do otherwise.
    pub otherwise: Vec<ControlAction>,
    /// Larger wins; 0 when not given.
    pub priority: f64,
}
