//! Tasks out to crews: whatever the picture says a crew was sent to do, on its own topic.
//!
//! Exercise, replay and forecast timelines never get an outlet: only the live room's pictures are
//! watched here.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use guanlan_core::UnitId;
use guanlan_geography::LocalFrame;
use guanlan_room::RoomHandle;

use crate::devices::TaskMessage;

/// Where tasks go: the embedded hub or a client of a foreign broker.
pub type Outlet = Arc<dyn Fn(String, Bytes) + Send + Sync>;

/// Watches the live room and sends each crew its task once, and its recall once.
pub async fn watch(room: RoomHandle, frame: LocalFrame, outlet: Outlet) {
    let mut told: BTreeMap<UnitId, u64> = BTreeMap::new();
    let mut beat = tokio::time::interval(Duration::from_millis(200));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        beat.tick().await;
        let picture = room.picture();
        for unit in picture.units.units.iter() {
            let current = unit.task.as_ref().map(|t| t.dispatch.0);
            let known = told.get(&unit.id).copied();
            if current == known {
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
                    told.insert(unit.id.clone(), task.dispatch.0);
                    send(&outlet, topic, &message);
                }
                (None, Some(dispatch)) => {
                    told.remove(&unit.id);
                    let recalled = picture
                        .units
                        .assignment(guanlan_core::DispatchId(dispatch))
                        .is_some_and(|a| matches!(a.ended, Some((_, guanlan_dispatch::Outcome::Recalled))));
                    if recalled {
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

fn send(outlet: &Outlet, topic: String, message: &TaskMessage) {
    if let Ok(json) = serde_json::to_vec(message) {
        outlet(topic, Bytes::from(json));
    }
}
