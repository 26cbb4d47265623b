//! What a script puts into the inbox, and when. Pure.

use guanlan_core::{
    Command, Input, PhotoView, Role, Stamp,
    command::CommandEnvelope,
    input::{CitizenReport, Inject, Observation},
};

use crate::plan::{DrillPlan, Effect};

/// Name under which the script acts.
pub const SCRIPT: &str = "script";

/// The inputs that fall due after `from` and up to `to`, in the order of time and number.
///
/// `start` is script time 0. An inject at script time 0 is due in the interval that contains
/// `start`: the first interval of a drill must begin before its start.
#[must_use]
pub fn due_inputs(plan: &DrillPlan, from: Stamp, to: Stamp, start: Stamp) -> Vec<Input> {
    let mut due: Vec<(Stamp, usize, Input)> = Vec::new();
    for (index, (spec, effect)) in plan.script.inject.iter().zip(&plan.effects).enumerate() {
        let at = start + i64::from(spec.at_s) * 1000;
        let mut push = |at: Stamp, input: Input| {
            if at > from && at <= to {
                due.push((at, index, input));
            }
        };
        push(
            at,
            Input::Inject(Inject {
                no: spec.no,
                from: (&spec.from).into(),
                to: (&spec.to).into(),
                channel: spec.channel.clone(),
                text: (&spec.text).into(),
                expected: (&spec.expected).into(),
                due_s: spec.due_s,
            }),
        );
        match effect {
            Effect::None => {}
            Effect::Report { code, text, place_m } => push(
                at,
                Input::Citizen(CitizenReport {
                    report: format!("YL-{}-{}", plan.script.seed, spec.no),
                    at,
                    east_m: place_m[0],
                    north_m: place_m[1],
                    code: code.clone(),
                    text: text.clone(),
                    photo: None,
                    view: PhotoView::default(),
                }),
            ),
            Effect::Sensor { sensor, value, hold_s, every_s } => {
                for (at, input) in readings(sensor, *value, at, *hold_s, *every_s, from, to) {
                    push(at, input);
                }
            }
            Effect::PumpFail { sensors, hold_s, .. } => {
                for sensor in sensors {
                    // Negative means a fault (ObservedProperty::PumpsRunning).
                    for (at, input) in readings(sensor, -1.0, at, *hold_s, 30, from, to) {
                        push(at, input);
                    }
                }
            }
            Effect::CloseRoad { edges, reason } => {
                for edge in edges {
                    push(
                        at,
                        Input::Command(CommandEnvelope {
                            id: format!("script-{}-{}-{edge}", plan.script.seed, spec.no).into(),
                            actor: SCRIPT.into(),
                            role: Role::System,
                            at,
                            command: Command::CloseRoad { edge: *edge, reason: reason.clone() },
                        }),
                    );
                }
            }
        }
    }
    // Stable: inputs of one inject keep their order.
    due.sort_by_key(|(at, index, _)| (*at, *index));
    due.into_iter().map(|(.., input)| input).collect()
}

/// The readings of one held value that lie in the interval.
fn readings(
    sensor: &guanlan_core::SensorId,
    value: f64,
    at: Stamp,
    hold_s: u32,
    every_s: u32,
    from: Stamp,
    to: Stamp,
) -> Vec<(Stamp, Input)> {
    let step = i64::from(every_s.max(1)) * 1000;
    let end = (at + i64::from(hold_s) * 1000).0.min(to.0);
    let first = ((from - at) / step).max(0);
    (first..)
        .map(|k| at + k * step)
        .take_while(|t| t.0 <= end)
        .map(|t| {
            let reading = Observation { sensor: sensor.clone(), phenomenon: t, received: t, result: value };
            (t, Input::Observation(reading))
        })
        .collect()
}
