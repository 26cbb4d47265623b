//! What was taken, what was refused and why, with the last refusals kept for inspection.

use std::sync::Arc;

use guanlan_core::{SensorId, Stamp};
use serde::{Deserialize, Serialize};

/// Refused readings kept for inspection.
const KEPT: usize = 64;

/// A reading that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The stream.
    pub sensor: SensorId,
    /// Its measuring time as sent.
    pub phenomenon: Stamp,
    /// Its value as sent; 0 when it was no number.
    pub value: f64,
    /// When the room refused it.
    pub refused: Stamp,
    /// `future`, `range`, `spike`, `not_a_number`, `too_many_unknown_streams`.
    pub why: String,
}

/// Figures since the timeline began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    /// Readings that became the latest value.
    pub accepted: u64,
    /// The same stream and measuring time again.
    pub duplicate: u64,
    /// Older than the last one heard: in the trend, never the latest.
    pub late: u64,
    /// More than 60 s in the future.
    pub future: u64,
    /// Outside the plausible range.
    pub out_of_range: u64,
    /// Jumps not confirmed.
    pub spike: u64,
    /// Taken but not trusted: stuck.
    pub stuck: u64,
    /// Not a finite number.
    pub not_a_number: u64,
    /// Readings of streams beyond the limit of unknown streams.
    pub unknown_refused: u64,
    /// Device readings set aside because the exercise's water drives the gauge.
    pub overridden: u64,
    /// Readings taken from the water field.
    pub virtual_readings: u64,
    /// The last refused readings, oldest first.
    pub quarantine: Arc<Vec<Quarantined>>,
}

impl Counters {
    pub(crate) fn refuse(&mut self, sensor: &SensorId, phenomenon: Stamp, value: f64, now: Stamp, why: &str) {
        let kept = Arc::make_mut(&mut self.quarantine);
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push(Quarantined {
            sensor: sensor.clone(),
            phenomenon,
            value: if value.is_finite() { value } else { 0.0 },
            refused: now,
            why: why.to_owned(),
        });
    }
}
