//! Data quality of a stream, and when silence becomes stale and offline.

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// How far a stream's latest value may be trusted. Shown apart from the hazard colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Fresh and plausible.
    Good,
    /// The device speaks but is not believed (range, spike, stuck).
    Suspect,
    /// Silent for longer than [`stale_after_ms`], or not heard yet: alarms neither raise nor clear.
    #[default]
    Stale,
    /// Silent for longer than [`offline_after_ms`].
    Offline,
    /// Fresh and plausible by itself, but its neighbours or the model say otherwise. Rules still act
    /// on it: a local truth must not be outvoted, only pointed at.
    Contradicted,
}

impl Quality {
    /// The machine name used in events and in the API.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Suspect => "suspect",
            Self::Stale => "stale",
            Self::Offline => "offline",
            Self::Contradicted => "contradicted",
        }
    }

    /// The word on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Good => Bilingual::new("良好", "Good"),
            Self::Suspect => Bilingual::new("可疑", "Suspect"),
            Self::Stale => Bilingual::new("过时", "Stale"),
            Self::Offline => Bilingual::new("离线", "Offline"),
            Self::Contradicted => Bilingual::new("存疑", "Contradicted"),
        }
    }
}

/// Why a stream has its quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityReason {
    /// No reading has come yet.
    #[default]
    NotHeard,
    /// Readings come as promised.
    Fresh,
    /// A value outside the plausible range of its property.
    OutOfRange,
    /// A jump faster than the property can move, not yet confirmed by a second reading.
    Spike,
    /// No change for six periods while neighbours move.
    Stuck,
    /// No reading for longer than promised.
    Silent,
    /// Far from what fresh neighbours read.
    ByNeighbours,
    /// Far from what the model expects here and now.
    ByModel,
    /// Of the past: why it was not believed then is not kept.
    NotKept,
}

impl QualityReason {
    /// Words for a person.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::NotHeard => Bilingual::new("尚无数据", "not heard yet"),
            Self::Fresh => Bilingual::new("数据正常", "readings come as promised"),
            Self::OutOfRange => Bilingual::new("超出量程", "outside the plausible range"),
            Self::Spike => Bilingual::new("突跳待证实", "a jump not yet confirmed"),
            Self::Stuck => Bilingual::new("数值不变而周边在变", "stuck while neighbours move"),
            Self::Silent => Bilingual::new("超时未上报", "silent for too long"),
            Self::ByNeighbours => Bilingual::new("与周边测点不符", "neighbours read otherwise"),
            Self::ByModel => Bilingual::new("与模型不符", "the model expects otherwise"),
            Self::NotKept => Bilingual::new("原因未存档", "the reason was not kept"),
        }
    }
}

/// The period assumed for a stream that promises none, s.
pub const DEFAULT_PERIOD_S: u32 = 60;

fn period_ms(period_s: u32) -> i64 {
    i64::from(if period_s == 0 { DEFAULT_PERIOD_S } else { period_s }) * 1000
}

/// Silence after which a stream with this period is stale, ms: max(3 × period, 120 s) (DOMAIN §2.6).
#[must_use]
pub fn stale_after_ms(period_s: u32) -> i64 {
    (3 * period_ms(period_s)).max(120_000)
}

/// Silence after which it is offline, ms: 10 periods but at most one hour, and never less than
/// twice the time to stale, so that slow streams are not declared dead between two readings.
#[must_use]
pub fn offline_after_ms(period_s: u32) -> i64 {
    (10 * period_ms(period_s)).min(3_600_000).max(2 * stale_after_ms(period_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_limits_follow_the_period() {
        for (period_s, stale_s, offline_s) in
            [(1, 120, 240), (30, 120, 300), (60, 180, 600), (0, 180, 600), (600, 1800, 3600), (3600, 10_800, 21_600)]
        {
            assert_eq!(stale_after_ms(period_s), stale_s * 1000, "period {period_s}");
            assert_eq!(offline_after_ms(period_s), offline_s * 1000, "period {period_s}");
        }
    }
}
