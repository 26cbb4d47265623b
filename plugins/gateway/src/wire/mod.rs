//! What the API says, apart from the domain types so that either may change alone.
//!
//! Places carry both the local frame (m, x east, y north) and WGS 84 degrees.

mod cases;
mod crews;
mod signs;

pub use cases::{AdviceOut, CaseOut, StepOut, TermOut, case};
pub use crews::{DispatchOut, UnitOut, dispatches, unit};
pub use signs::{AlertOut, SensorOut, alert, sensor};

use guanlan_core::Bilingual;
use guanlan_geography::LocalFrame;
use guanlan_room::{Playback, TimelineInfo};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A text in both languages.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Words {
    /// 中文.
    pub zh: String,
    /// English.
    pub en: String,
}

impl From<&Bilingual> for Words {
    fn from(b: &Bilingual) -> Self {
        Self { zh: b.get(guanlan_core::Lang::Zh).to_owned(), en: b.get(guanlan_core::Lang::En).to_owned() }
    }
}

/// A place.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Place {
    /// Local frame, m.
    pub east_m: f64,
    /// Local frame, m.
    pub north_m: f64,
    /// WGS 84, degrees.
    pub lon: f64,
    /// WGS 84, degrees.
    pub lat: f64,
}

/// Local metres as a place.
pub fn place(frame: &LocalFrame, [east_m, north_m]: [f64; 2]) -> Place {
    let [lon, lat] = frame.to_lonlat([east_m, north_m]).unwrap_or([f64::NAN; 2]);
    Place { east_m, north_m, lon, lat }
}

pub(crate) fn snake(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(s)) => s,
        other => other.map(|v| v.to_string()).unwrap_or_default(),
    }
}

/// A timeline.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineOut {
    /// Its name.
    pub id: String,
    /// live, demo, exercise, replay, forecast.
    pub mode: String,
    /// Its instant.
    pub now: String,
    /// Stands still.
    pub paused: bool,
    /// Ceiling of its speed, × real time.
    pub speed: f64,
    /// First instant that can be shown, for a replay.
    pub first: Option<String>,
    /// Last instant that can be shown, for a replay.
    pub last: Option<String>,
}

/// A timeline as the API says it.
pub fn timeline(info: &TimelineInfo) -> TimelineOut {
    let Playback { paused, speed, first, last, replay, .. } = info.playback;
    TimelineOut {
        id: info.id.to_string(),
        mode: snake(info.mode),
        now: info.now.to_rfc3339(),
        paused,
        speed,
        first: replay.then(|| first.to_rfc3339()),
        last: replay.then(|| last.to_rfc3339()),
    }
}
