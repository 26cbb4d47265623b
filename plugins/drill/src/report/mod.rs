//! The after-action report (复盘报告): overview, timeline, expectations, objectives, what to improve.

mod blocks;
mod html;
mod markdown;

use guanlan_core::{Bilingual, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    plan::DrillPlan,
    score::{Rating, Scores, Timing},
    state::{DrillState, Node, Tally},
};

/// One inject as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InjectRow {
    /// Number.
    pub no: u32,
    /// Script time planned, s.
    pub at_s: u32,
    /// When it was delivered; `None` if the drill ended before.
    pub delivered: Option<Stamp>,
    /// Channel.
    pub channel: String,
    /// From whom.
    pub from: Bilingual,
    /// To whom.
    pub to: Bilingual,
    /// What was said.
    pub text: Bilingual,
    /// What should follow.
    pub expected: Bilingual,
}

/// One expectation as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectRow {
    /// In words.
    pub text: Bilingual,
    /// Objective.
    pub objective: Option<String>,
    /// Due and actual, s after its inject.
    pub timing: Timing,
    /// The drill ended before its time came: not scored.
    pub pending: bool,
    /// The fact that made it true.
    pub evidence: Bilingual,
}

/// One objective as it went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectiveRow {
    /// Short name.
    pub id: String,
    /// In words.
    pub text: Bilingual,
    /// P, S, M, U; `None` when nothing was expected for it.
    pub rating: Option<Rating>,
}

/// What remains of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Title of the script.
    pub title: Bilingual,
    /// Purpose.
    pub about: Bilingual,
    /// Script time 0.
    pub start: Stamp,
    /// Last instant of the drill.
    pub end: Stamp,
    /// The whole script was played.
    pub finished: bool,
    /// Rain of the script, mm.
    pub rain_mm: f64,
    /// Counts.
    pub tally: Tally,
    /// Injects.
    pub injects: Vec<InjectRow>,
    /// Expectations.
    pub expectations: Vec<ExpectRow>,
    /// Objectives.
    pub objectives: Vec<ObjectiveRow>,
    /// Scores.
    pub scores: Scores,
    /// What happened, oldest first.
    pub timeline: Vec<Node>,
}

impl Report {
    /// The report of a drill as far as it went. `coordination` is the evaluators' mark, %.
    #[must_use]
    pub fn of(plan: &DrillPlan, state: &DrillState, coordination: Option<f64>) -> Self {
        let script = &plan.script;
        let start = state.start.unwrap_or(state.now);
        let played_s = state.script_s(state.now);
        let injects = script.inject.iter().map(|i| InjectRow {
            no: i.no,
            at_s: i.at_s,
            delivered: state.delivered.get(&i.no).copied(),
            channel: i.channel.clone(),
            from: (&i.from).into(),
            to: (&i.to).into(),
            text: (&i.text).into(),
            expected: (&i.expected).into(),
        });
        let expectations: Vec<ExpectRow> = script
            .expect
            .iter()
            .zip(&plan.expectations)
            .enumerate()
            .map(|(index, (spec, bound))| {
                let progress = state.expectations.get(index).cloned().unwrap_or_default();
                let actual_s = progress.met.map(|met| state.script_s(met) - f64::from(bound.since_s));
                ExpectRow {
                    text: (&spec.text).into(),
                    objective: spec.objective.clone(),
                    timing: Timing { due_s: f64::from(bound.by_s - bound.since_s), actual_s },
                    pending: progress.met.is_none() && played_s <= f64::from(bound.by_s),
                    evidence: progress.evidence,
                }
            })
            .collect();
        let scored = |wanted: Option<&str>| -> Vec<Timing> {
            let rows = expectations.iter().filter(|e| !e.pending);
            rows.filter(|e| wanted.is_none() || e.objective.as_deref() == wanted).map(|e| e.timing).collect()
        };
        let objectives = script.objective.iter().map(|o| ObjectiveRow {
            id: o.id.clone(),
            text: (&o.text).into(),
            rating: Rating::of(&scored(Some(o.id.as_str()))),
        });
        Self {
            title: (&script.title).into(),
            about: (&script.about).into(),
            start,
            end: state.now,
            finished: state.finished,
            rain_mm: plan.rain.total_mm(),
            tally: state.tally,
            injects: injects.collect(),
            objectives: objectives.collect(),
            scores: Scores::of(&scored(None), coordination),
            expectations,
            timeline: state.timeline.to_vec(),
        }
    }
}
