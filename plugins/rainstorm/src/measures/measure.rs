//! The measures as data: scenario files, commands and records carry the same type.

use guanlan_geography::{CrsError, LocalFrame};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    storm::{BrushStroke, RainSeries},
    surface::SoilClass,
};

/// Something done to the water, or to the rain, from now on. Setting something again replaces what was set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Measure {
    /// Rain from now on; the series' own time 0 is now.
    Rain(RainSeries),
    /// It rains at this intensity until something else is said, mm/h.
    RainIntensity(f64),
    /// Rain is painted; times count from the start of the model.
    Paint(BrushStroke),
    /// The last stroke equal to this is taken away.
    Unpaint(BrushStroke),
    /// A volume comes up at a place (burst main), m³.
    Pour {
        /// Local m.
        east_m: f64,
        /// Local m.
        north_m: f64,
        /// m³.
        volume_m3: f64,
    },
    /// A pump of the network fails or is repaired.
    PumpFailed {
        /// Name in the .inp file.
        pump: String,
        /// True when it fails.
        failed: bool,
    },
    /// A pump of the network is switched by hand.
    PumpSwitch {
        /// Name in the .inp file.
        pump: String,
        /// By its own rules, running, or stopped.
        run: PumpRun,
    },
    /// The grates of a manhole are blocked or cleared.
    InletOpen {
        /// Name in the .inp file.
        node: String,
        /// 0 blocked to 1 clear.
        open_share: f64,
    },
    /// A manhole cover is taken off or put back.
    CoverOpen {
        /// Name in the .inp file.
        node: String,
        /// True when the shaft is open.
        open: bool,
    },
    /// The water outside an outfall stands at a level (tide, river, a gate that is shut); `level_m` absent gives
    /// it back to its file.
    OutfallLevel {
        /// Name in the .inp file.
        node: String,
        /// m above datum.
        level_m: Option<f64>,
    },
    /// A conduit is blocked or cleared.
    ConduitBlocked {
        /// Name in the .inp file.
        conduit: String,
        /// Share of its section, 0 clear to 1 shut.
        share: f64,
    },
    /// A pump truck is placed, moved or changed; `set` absent sends it away.
    MobilePump {
        /// Its name.
        id: String,
        /// Where and how strong.
        set: Option<MobilePump>,
    },
    /// A barrier is raised, changed, opened or closed; `set` absent removes it.
    Barrier {
        /// Its name.
        id: String,
        /// Where and how high.
        set: Option<Barrier>,
    },
    /// A sponge-city measure on an area; `set` absent removes it.
    Sponge {
        /// Its name.
        id: String,
        /// Where and how much.
        set: Option<Sponge>,
    },
    /// Rivers and lakes stand higher or lower than the scenario says, m.
    RiverStage {
        /// Over the level of the scenario, m.
        rise_m: f64,
    },
    /// A road is closed to traffic or opened: no water is moved, routes and reports know it.
    RoadClosed {
        /// Index in the city's roads.
        road: usize,
        /// True when closed.
        closed: bool,
    },
}

/// How a pump of the network runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PumpRun {
    /// By its levels and rules.
    #[default]
    Auto,
    /// Running, whatever its rules say.
    On,
    /// Stopped.
    Off,
}

/// Where a pump truck's water goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Discharge {
    /// Out of the model: a river, a deep sewer.
    #[default]
    Away,
    /// Onto the ground at a place, local m.
    Place([f64; 2]),
}

/// A pump truck at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MobilePump {
    /// Where it sucks, local m.
    #[serde(default)]
    pub at_m: Option<[f64; 2]>,
    /// The same in longitude and latitude, degrees.
    #[serde(default)]
    pub at_lonlat: Option<[f64; 2]>,
    /// Flow at full depth, m³/h.
    pub flow_m3_h: f64,
    /// It stops where the water is shallower than this, m.
    #[serde(default = "suction_m")]
    pub suction_m: f64,
    /// Where the water goes.
    #[serde(default)]
    pub to: Discharge,
    /// False: it stands there, but does not run.
    #[serde(default = "yes")]
    pub runs: bool,
}

fn suction_m() -> f64 {
    0.05
}

fn yes() -> bool {
    true
}

/// What a barrier is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BarrierKind {
    /// 沙袋.
    #[default]
    Sandbags,
    /// 防洪闸, 挡水板: can be opened and closed.
    Gate,
    /// 路缘石.
    Kerb,
}

/// A line that water must overtop. It stands on faces between cells, along the line as the raster sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Barrier {
    /// What it is.
    #[serde(default)]
    pub kind: BarrierKind,
    /// Its line, local m.
    #[serde(default)]
    pub line_m: Vec<[f64; 2]>,
    /// The same in longitude and latitude, degrees.
    #[serde(default)]
    pub line_lonlat: Vec<[f64; 2]>,
    /// Height over the higher ground beside it, m.
    #[serde(default)]
    pub height_m: Option<f64>,
    /// Height of its top above datum instead, m.
    #[serde(default)]
    pub crest_m: Option<f64>,
    /// Gates: false lets water through.
    #[serde(default = "yes")]
    pub closed: bool,
}

/// Storage and infiltration added to an area: rain gardens, permeable paving, sunken green.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sponge {
    /// Ring of the area, local m.
    #[serde(default)]
    pub ring_m: Vec<[f64; 2]>,
    /// The same in longitude and latitude, degrees. Without a ring the whole domain.
    #[serde(default)]
    pub ring_lonlat: Vec<[f64; 2]>,
    /// Ground it applies to; empty means all.
    #[serde(default)]
    pub classes: Vec<SoilClass>,
    /// Share of that ground that is made so, 0 to 1.
    #[serde(default = "whole")]
    pub share: f64,
    /// Water the made ground stores, mm.
    pub storage_mm: f64,
    /// Water the made ground takes besides, mm/h.
    #[serde(default)]
    pub infiltration_mm_h: f64,
}

fn whole() -> f64 {
    1.0
}

impl Measure {
    /// JSON Schema of measures, as scenario files and the command `apply_measure` take them.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// The row of the cost table; `None` for what no team does (rain, failures).
    #[must_use]
    pub fn cost_key(&self) -> Option<&'static str> {
        Some(match self {
            Self::Rain(_)
            | Self::RainIntensity(_)
            | Self::Paint(_)
            | Self::Unpaint(_)
            | Self::Pour { .. }
            | Self::PumpFailed { .. } => return None,
            Self::PumpSwitch { .. } => "pump_switch",
            Self::InletOpen { .. } => "inlet",
            Self::CoverOpen { .. } => "cover",
            Self::OutfallLevel { .. } => "river_stage",
            Self::ConduitBlocked { .. } => "inlet",
            Self::MobilePump { .. } => "mobile_pump",
            Self::Barrier { set: Some(b), .. } => match b.kind {
                BarrierKind::Sandbags => "sandbags",
                BarrierKind::Gate => "gate",
                BarrierKind::Kerb => "kerb",
            },
            Self::Barrier { set: None, .. } => "sandbags",
            Self::Sponge { .. } => "sponge",
            Self::RiverStage { .. } => "river_stage",
            Self::RoadClosed { .. } => "road_closure",
        })
    }

    /// True when it sets the same thing as another: the later one of the two counts.
    #[must_use]
    pub fn sets_what(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Rain(_) | Self::RainIntensity(_), Self::Rain(_) | Self::RainIntensity(_)) => true,
            (Self::PumpFailed { pump: a, .. }, Self::PumpFailed { pump: b, .. })
            | (Self::PumpSwitch { pump: a, .. }, Self::PumpSwitch { pump: b, .. })
            | (Self::InletOpen { node: a, .. }, Self::InletOpen { node: b, .. })
            | (Self::CoverOpen { node: a, .. }, Self::CoverOpen { node: b, .. })
            | (Self::OutfallLevel { node: a, .. }, Self::OutfallLevel { node: b, .. })
            | (Self::ConduitBlocked { conduit: a, .. }, Self::ConduitBlocked { conduit: b, .. })
            | (Self::MobilePump { id: a, .. }, Self::MobilePump { id: b, .. })
            | (Self::Barrier { id: a, .. }, Self::Barrier { id: b, .. })
            | (Self::Sponge { id: a, .. }, Self::Sponge { id: b, .. }) => a == b,
            (Self::RoadClosed { road: a, .. }, Self::RoadClosed { road: b, .. }) => a == b,
            (Self::RiverStage { .. }, Self::RiverStage { .. }) => true,
            _ => false,
        }
    }

    /// Turns longitudes and latitudes into local metres.
    ///
    /// # Errors
    /// When a place is not on earth or the frame's CRS cannot be used.
    pub fn localised(mut self, frame: &LocalFrame) -> Result<Self, CrsError> {
        let all = |line_m: &mut Vec<[f64; 2]>, lonlat: &mut Vec<[f64; 2]>| {
            if line_m.is_empty() && !lonlat.is_empty() {
                let mut points = std::mem::take(lonlat);
                frame.from_lonlat_all(&mut points)?;
                *line_m = points;
            }
            Ok::<(), CrsError>(())
        };
        match &mut self {
            Self::Paint(s) | Self::Unpaint(s) => all(&mut s.path_m, &mut s.path_lonlat)?,
            Self::Barrier { set: Some(b), .. } => all(&mut b.line_m, &mut b.line_lonlat)?,
            Self::Sponge { set: Some(s), .. } => all(&mut s.ring_m, &mut s.ring_lonlat)?,
            Self::MobilePump { set: Some(p), .. } => {
                if let (None, Some([lon, lat])) = (p.at_m, p.at_lonlat) {
                    p.at_m = Some(frame.from_lonlat(lon, lat)?);
                    p.at_lonlat = None;
                }
            }
            _ => {}
        }
        Ok(self)
    }

    /// What is wrong with the numbers themselves.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let line = |line_m: &[[f64; 2]], lonlat: &[[f64; 2]], least: usize, what: &str| {
            let points = if line_m.is_empty() { lonlat } else { line_m };
            let good =
                points.len() >= least && points.len() <= 100_000 && points.iter().flatten().all(|v| v.is_finite());
            (!good).then(|| format!("{what}: expected at least {least} finite places"))
        };
        let within = |v: f64, lo: f64, hi: f64, what: &str| {
            (!(lo..=hi).contains(&v)).then(|| format!("{what} is {v}: expected {lo} to {hi}"))
        };
        match self {
            Self::Rain(_) | Self::PumpFailed { .. } | Self::PumpSwitch { .. } => None,
            Self::CoverOpen { .. } | Self::RoadClosed { .. } => None,
            Self::RainIntensity(v) => within(*v, 0.0, 3000.0, "mm/h"),
            Self::Paint(s) | Self::Unpaint(s) => s.problem().map(|(field, why)| format!("{field}: {why}")),
            Self::Pour { volume_m3, .. } => within(*volume_m3, 0.0, 1.0e9, "volume_m3"),
            Self::InletOpen { open_share, .. } => within(*open_share, 0.0, 1.0, "open_share"),
            Self::OutfallLevel { level_m, .. } => level_m.and_then(|v| within(v, -500.0, 9000.0, "level_m")),
            Self::ConduitBlocked { share, .. } => within(*share, 0.0, 1.0, "share"),
            Self::RiverStage { rise_m } => within(*rise_m, -50.0, 50.0, "rise_m"),
            Self::MobilePump { set: None, .. } | Self::Barrier { set: None, .. } | Self::Sponge { set: None, .. } => {
                None
            }
            Self::MobilePump { set: Some(p), .. } => within(p.flow_m3_h, 0.0, 1.0e6, "flow_m3_h")
                .or_else(|| within(p.suction_m, 0.0, 10.0, "suction_m"))
                .or_else(|| match (p.at_m, p.at_lonlat) {
                    (Some(at), None) | (None, Some(at)) if at.iter().all(|v| v.is_finite()) => None,
                    _ => Some("at_m, at_lonlat: give one of them".into()),
                }),
            Self::Barrier { set: Some(b), .. } => {
                line(&b.line_m, &b.line_lonlat, 2, "line_m, line_lonlat").or_else(|| match (b.height_m, b.crest_m) {
                    (Some(v), None) => within(v, 0.0, 50.0, "height_m"),
                    (None, Some(v)) => within(v, -500.0, 9000.0, "crest_m"),
                    _ => Some("height_m, crest_m: give one of them".into()),
                })
            }
            Self::Sponge { set: Some(s), .. } => {
                let ring = !(s.ring_m.is_empty() && s.ring_lonlat.is_empty());
                ring.then(|| line(&s.ring_m, &s.ring_lonlat, 3, "ring_m, ring_lonlat"))
                    .flatten()
                    .or_else(|| within(s.share, 0.0, 1.0, "share"))
                    .or_else(|| within(s.storage_mm, 0.0, 10_000.0, "storage_mm"))
                    .or_else(|| within(s.infiltration_mm_h, 0.0, 10_000.0, "infiltration_mm_h"))
            }
        }
    }
}
