//! Tasks out to crews: whatever the picture says a crew was sent to do, on its own topic.
//!
//! A task that a crew does not take up is told again, and every task once more soon after the start,
//! because crews subscribe anew when the program was started anew. The number of the dispatch makes
//! repeats harmless.
//!
//! Exercise, replay and forecast timelines never get an outlet: only the live room's pictures are
//! watched here.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use guanlan_core::{UnitId, input::UnitStatus};
use guanlan_dispatch::Outcome;
use guanlan_geography::LocalFrame;
use guanlan_room::RoomHandle;

use crate::devices::TaskMessage;

/// Where tasks go: the embedded hub or a client of a foreign broker.
pub type Outlet = Arc<dyn Fn(String, Bytes) + Send + Sync>;

/// A crew that has not answered is told again after this long.
const REPEAT: Duration = Duration::from_secs(30);
/// By then whoever listens has subscribed after a start.
const SETTLED: Duration = Duration::from_secs(10);

/// What a crew was told and when.
#[derive(Clone, Copy)]
struct Told {
    dispatch: u64,
    at: Instant,
}

/// Watches the live room and sends each crew its task and its recall.
pub async fn watch(room: RoomHandle, frame: LocalFrame, outlet: Outlet) {
    let mut told: BTreeMap<UnitId, Told> = BTreeMap::new();
    let begun = Instant::now();
    let mut beat = tokio::time::interval(Duration::from_millis(200));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        beat.tick().await;
        let picture = room.picture();
        for unit in picture.units.units.iter() {
            let current = unit.task.as_ref().map(|t| t.dispatch.0);
            let known = told.get(&unit.id).map(|t| t.dispatch);
            if current == known && !told.get(&unit.id).is_some_and(|t| again(*t, unit.status, begun)) {
                continue;
            }
            let topic = format!("guanlan/units/{}/tasks", unit.id);
            match (&unit.task, known) {
                (Some(task), _) => {
                    let case = picture.cases.get(&task.case);
                    let Ok([lon, lat]) = frame.to_lonlat(task.place_m) else { continue };
                    let message = TaskMessage {
                        dispatch: task.dispatch.0,
                        case: task.case.to_string(),
                        code: case.map(|c| c.code.clone()).unwrap_or_default(),
                        text: case.map(|c| c.title.zh.clone()).unwrap_or_default(),
                        lon,
                        lat,
                        recalled: false,
                    };
                    told.insert(unit.id.clone(), Told { dispatch: task.dispatch.0, at: Instant::now() });
                    send(&outlet, topic, &message);
                }
                (None, Some(dispatch)) => {
                    told.remove(&unit.id);
                    let called_off = picture
                        .units
                        .assignment(guanlan_core::DispatchId(dispatch))
                        .is_some_and(|a| matches!(a.ended, Some((_, Outcome::Recalled | Outcome::Cancelled))));
                    if called_off {
                        let message = TaskMessage {
                            dispatch,
                            case: String::new(),
                            code: String::new(),
                            text: String::new(),
                            lon: 0.0,
                            lat: 0.0,
                            recalled: true,
                        };
                        send(&outlet, topic, &message);
                    }
                }
                (None, None) => {}
            }
        }
    }
}

/// True when a task should be told once more.
fn again(told: Told, status: UnitStatus, begun: Instant) -> bool {
    let unanswered = status == UnitStatus::Dispatched && told.at.elapsed() >= REPEAT;
    let too_early = told.at < begun + SETTLED && begun.elapsed() >= SETTLED;
    unanswered || too_early
}

fn send(outlet: &Outlet, topic: String, message: &TaskMessage) {
    if let Ok(json) = serde_json::to_vec(message) {
        outlet(topic, Bytes::from(json));
    }
}
