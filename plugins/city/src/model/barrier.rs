//! Barriers: what stands along or in the way.

use serde::{Deserialize, Serialize};

/// What a barrier is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BarrierKind {
    /// 围栏.
    #[default]
    Fence,
    /// 围墙.
    Wall,
    /// 挡土墙.
    RetainingWall,
    /// 绿篱.
    Hedge,
    /// 护栏.
    GuardRail,
    /// 路缘石.
    Kerb,
    /// 大门, 道闸.
    Gate,
    /// 隔离桩.
    Bollard,
}

/// A barrier along a line, or at one point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Barrier {
    /// Id in its source file, for example `way/123`.
    pub id: String,
    /// What it is.
    pub kind: BarrierKind,
    /// Local m; a single point for gates and bollards.
    pub line: Vec<[f32; 2]>,
    /// Height above the ground, m.
    pub height_m: f32,
}
