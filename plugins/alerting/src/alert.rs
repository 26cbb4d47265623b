//! An alert as everybody sees it.

use std::sync::Arc;

use guanlan_core::{AlertId, AlertLevel, Bilingual, ObservedProperty, Role, SensorId, Stamp};
use guanlan_sensing::Quality;
use serde::{Deserialize, Serialize};

/// "I have seen it."
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub actor: String,
    /// In which seat.
    pub role: Role,
    /// When.
    pub at: Stamp,
    /// The level seen; a higher one asks again.
    pub level: AlertLevel,
    /// Why, or what follows.
    pub note: String,
}

/// A reading that proves a level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was measured.
    pub at: Stamp,
    /// In the property's unit; 1 and 0 for bad and good of a device.
    pub value: f64,
}

/// What an alert is at the moment (DOMAIN §2.6). Exactly one holds; the order of [`Alert::state`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// 待定: the condition holds, the on-delay runs.
    Pending,
    /// 触发: active, nobody has seen it.
    Firing,
    /// 已确认.
    Acknowledged,
    /// 已搁置: set aside for a time.
    Shelved,
    /// 已抑制: another alert or a silence speaks for it.
    Suppressed,
    /// 抖动: frozen at its highest level.
    Flapping,
    /// 锁存: clear, but kept until seen.
    Latched,
    /// 已解除.
    Resolved,
}

impl AlertState {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Firing,
        Self::Acknowledged,
        Self::Shelved,
        Self::Suppressed,
        Self::Flapping,
        Self::Latched,
        Self::Resolved,
    ];

    /// The machine name.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Shelved => "shelved",
            Self::Suppressed => "suppressed",
            Self::Flapping => "flapping",
            Self::Latched => "latched",
            Self::Resolved => "resolved",
        }
    }

    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Pending => Bilingual::new("待定", "Pending"),
            Self::Firing => Bilingual::new("触发", "Firing"),
            Self::Acknowledged => Bilingual::new("已确认", "Acknowledged"),
            Self::Shelved => Bilingual::new("已搁置", "Shelved"),
            Self::Suppressed => Bilingual::new("已抑制", "Suppressed"),
            Self::Flapping => Bilingual::new("抖动", "Flapping"),
            Self::Latched => Bilingual::new("锁存", "Latched"),
            Self::Resolved => Bilingual::new("已解除", "Resolved"),
        }
    }
}

/// Set aside for a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shelf {
    /// Who.
    pub actor: String,
    /// When.
    pub at: Stamp,
    /// Until when.
    pub until: Stamp,
    /// Level it had then; a worse one takes it up again.
    pub level: AlertLevel,
    /// Why.
    pub reason: String,
}

/// Why an active alert calls nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suppression {
    /// Another alert speaks for it.
    Inhibited(AlertId),
    /// A silence with this number.
    Silenced(u64),
}

/// When a level is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Eta {
    /// The level.
    pub level: AlertLevel,
    /// When its threshold is reached.
    pub at: Stamp,
    /// True when a model says so, false for the line through recent readings.
    pub model: bool,
}

/// Delays that run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    /// A worse level: since when its condition holds, and when it is due.
    pub rises: Option<(AlertLevel, Stamp, Stamp)>,
    /// The level is clear since, and is left at.
    pub falls: Option<(Stamp, Stamp)>,
}

/// What another stream had to do with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputReading {
    /// Name of the condition, or empty for a member of an area.
    pub condition: String,
    /// Whether the condition held.
    pub holds: bool,
    /// The stream.
    pub sensor: SensorId,
    /// What it observes.
    pub property: ObservedProperty,
    /// Where, in words.
    pub place: Bilingual,
    /// Its value, in the unit of its property.
    pub value: f64,
    /// When it was measured.
    pub at: Stamp,
    /// Its quality then.
    pub quality: Quality,
}

/// A condition that holds while its on-delay runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// The stream or area.
    pub sensor: SensorId,
    /// Its index in the sensor table, if it is a stream.
    pub index: u32,
    /// What it observes.
    pub property: ObservedProperty,
    /// Rule and version.
    pub rule: String,
    /// What is the matter.
    pub title: Bilingual,
    /// The level that is due.
    pub level: AlertLevel,
    /// Since when its condition holds.
    pub since: Stamp,
    /// When it is raised.
    pub due: Stamp,
    /// Latest value.
    pub value: f64,
    /// Local frame, m.
    pub place_m: Option<[f64; 2]>,
    /// Where, in words.
    pub place: Bilingual,
}

/// First index of what is no stream: areas. Indices below it are those of the sensor table.
pub const AREA_INDEX: u32 = 1 << 31;

/// One alert from its first raise to its end: one stream under one rule, so that a red one stands
/// instead of the yellow one, never beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// Its id.
    pub id: AlertId,
    /// The stream; of an alert over an area, the area's key.
    pub sensor: SensorId,
    /// The stream's index in the sensor table; [`AREA_INDEX`] and above for an area.
    pub index: u32,
    /// What the stream observes.
    pub property: ObservedProperty,
    /// Level shown now; after the end the last one shown.
    pub level: AlertLevel,
    /// When it took this level.
    pub since: Stamp,
    /// When it was first raised.
    pub raised_at: Stamp,
    /// When it ended; `None` while it is active.
    pub ended_at: Option<Stamp>,
    /// Who has seen it; `None` breathes.
    pub acked: Option<Ack>,
    /// Latest trusted reading under the rule, in the property's unit.
    pub value: f64,
    /// When it was measured.
    pub at: Stamp,
    /// The threshold passed by the last change of level.
    pub threshold: f64,
    /// Rule and version, for example `road-water@1`.
    pub rule: String,
    /// What is the matter, for example 道路积水.
    pub title: Bilingual,
    /// Local frame, m; `None` for an unplaced stream.
    pub place_m: Option<[f64; 2]>,
    /// Where, in words: the stream's name.
    pub place: Bilingual,
    /// Frozen at its highest level because it swings.
    pub flapping: bool,
    /// The condition is clear but the rule keeps the colour until somebody has seen it.
    pub latched: bool,
    /// Highest level it had.
    pub peak: AlertLevel,
    /// Worst value it had.
    pub peak_value: f64,
    /// The readings that led to the present level, oldest first, at most 16.
    pub evidence: Vec<Evidence>,
    /// True in an exercise: it never joins or suppresses real ones.
    pub exercise: bool,
    /// What it is grouped by.
    pub hazard: String,
    /// Code of the finest area it lies in; a square's name where there is none, empty when unplaced.
    pub area: String,
    /// Number of its run of alerts of this hazard, by width of area: 社区, 街道, 区, 市.
    pub episodes: [u32; 4],
    /// Set aside for a time.
    pub shelved: Option<Shelf>,
    /// Why it calls nobody.
    pub suppressed: Option<Suppression>,
    /// When the next level is expected; of a forecast rule, when its own is.
    pub eta: Option<Eta>,
    /// Delays that run.
    pub timers: Timers,
    /// What other streams had to do with the present level, at most 24.
    pub inputs: Vec<InputReading>,
    /// SHA-256 of the rule file that decided, hex; empty for a set that was never a file.
    pub rule_hash: Arc<str>,
    /// False for rules that call nobody.
    pub calls: bool,
    /// Times to 街道, 区, 市 of its rule, ms.
    pub(crate) escalate_ms: Option<[i64; 3]>,
    /// Number of its rule in the rule set in force.
    pub(crate) rule_no: u16,
}

impl Alert {
    /// True while it is active and nobody has seen it.
    #[must_use]
    pub fn breathes(&self) -> bool {
        self.ended_at.is_none() && self.acked.is_none()
    }

    /// What it is at the moment: what rests it goes before what excites it.
    #[must_use]
    pub fn state(&self) -> AlertState {
        if self.ended_at.is_some() {
            AlertState::Resolved
        } else if self.shelved.is_some() {
            AlertState::Shelved
        } else if self.suppressed.is_some() {
            AlertState::Suppressed
        } else if self.flapping {
            AlertState::Flapping
        } else if self.latched {
            AlertState::Latched
        } else if self.acked.is_some() {
            AlertState::Acknowledged
        } else {
            AlertState::Firing
        }
    }

    /// True while somebody should be called about it.
    #[must_use]
    pub fn is_calling(&self) -> bool {
        self.calls && self.breathes() && self.shelved.is_none() && self.suppressed.is_none()
    }
}
