//! What a picture is: live, demo, exercise, replay or forecast. Shown on every screen and still.

use serde::{Deserialize, Serialize};

use crate::text::Bilingual;

/// Where a timeline's inputs come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Real feeds.
    Live,
    /// Simulated devices, until a real feed is connected.
    #[default]
    Demo,
    /// An exercise: nothing it produces may reach a real channel.
    Exercise,
    /// The journaled past.
    Replay,
    /// A model of what may come.
    Forecast,
}

impl Mode {
    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Live => Bilingual::new("实况", "LIVE"),
            Self::Demo => Bilingual::new("演示", "DEMO"),
            Self::Exercise => Bilingual::new("演练", "EXERCISE"),
            Self::Replay => Bilingual::new("回放", "REPLAY"),
            Self::Forecast => Bilingual::new("预报", "FORECAST"),
        }
    }
}
