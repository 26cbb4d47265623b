//! What each property can do: how fast it may jump, when standing still is odd, whether it is charted.
//!
//! Fast truth must never be lost to a filter: gas, cover tilt, rain and noise have no jump limit,
//! because for them the jump is the news.

use guanlan_core::ObservedProperty;

/// A believable jump is at most `step + per_min × minutes since the last reading`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JumpLimit {
    /// Allowed at once, in the property's unit.
    pub step: f64,
    /// Allowed besides for every minute, in the property's unit.
    pub per_min: f64,
}

/// When an unchanging value is odd.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StuckLimit {
    /// A neighbour that changed by this much between two readings has moved.
    pub moved_by: f64,
    /// At or below this value standing still is natural (a dry gauge).
    pub rest_at: f64,
}

/// The jump limit of a property; `None` takes every jump.
#[must_use]
pub const fn jump_limit(property: ObservedProperty) -> Option<JumpLimit> {
    match property {
        ObservedProperty::RoadWaterDepth => Some(JumpLimit { step: 100.0, per_min: 50.0 }),
        ObservedProperty::RiverStage => Some(JumpLimit { step: 1.0, per_min: 0.2 }),
        ObservedProperty::Pm25 => Some(JumpLimit { step: 500.0, per_min: 100.0 }),
        _ => None,
    }
}

/// The stuck limit of a property; `None` may stand still for ever.
#[must_use]
pub const fn stuck_limit(property: ObservedProperty) -> Option<StuckLimit> {
    match property {
        ObservedProperty::RoadWaterDepth => Some(StuckLimit { moved_by: 2.0, rest_at: 1.0 }),
        ObservedProperty::RiverStage => Some(StuckLimit { moved_by: 0.05, rest_at: f64::MIN }),
        ObservedProperty::Pm25 => Some(StuckLimit { moved_by: 3.0, rest_at: 0.0 }),
        ObservedProperty::Noise => Some(StuckLimit { moved_by: 2.0, rest_at: 0.0 }),
        _ => None,
    }
}

/// True for gauges, whose last two hours are kept for charts. Covers, bins and parking are states,
/// not curves; their crowd (300 000 covers) would cost 600 MB of trend that nobody opens.
#[must_use]
pub const fn has_trend(property: ObservedProperty) -> bool {
    matches!(
        property,
        ObservedProperty::RoadWaterDepth
            | ObservedProperty::RiverStage
            | ObservedProperty::RainIntensity
            | ObservedProperty::Pm25
            | ObservedProperty::GasLel
            | ObservedProperty::PumpsRunning
    )
}
