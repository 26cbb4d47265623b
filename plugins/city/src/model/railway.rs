//! Railways: tracks of trains, light rail, trams and metros.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// What runs on a track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RailwayKind {
    /// 铁路.
    #[default]
    Rail,
    /// 轻轨, 单轨.
    LightRail,
    /// 有轨电车.
    Tram,
    /// 地铁.
    Subway,
}

/// A track along a line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Railway {
    /// Id in its source file, for example `way/123`.
    pub id: String,
    /// Name of the line.
    pub name: Bilingual,
    /// What runs on it.
    pub kind: RailwayKind,
    /// Its middle, local m.
    pub line: Vec<[f32; 2]>,
    /// On a bridge.
    pub bridge: bool,
    /// In a tunnel: not seen from above.
    pub tunnel: bool,
}
