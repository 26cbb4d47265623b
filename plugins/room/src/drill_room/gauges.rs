//! What the rain gauges of an exercise say.

use guanlan_core::{Input, ObservedProperty, SensorId, Stamp, input::Observation};
use guanlan_rainstorm::storm::RainSeries;

use super::Drill;

/// Rain gauges speak this often in an exercise, s.
const RAIN_EVERY_S: i64 = 60;

impl Drill {
    /// What the rain gauges would say of the script's storm.
    pub(super) fn rain_readings(&self, from: Stamp, to: Stamp) -> Vec<Input> {
        let every = RAIN_EVERY_S * 1000;
        if (from - self.start).div_euclid(every) == (to - self.start).div_euclid(every) {
            return Vec::new();
        }
        let t_s = (to - self.start) as f64 / 1000.0;
        let mm_h = intensity(&self.plan.rain, t_s);
        let gauges = self.machine.config().city.sensors.iter();
        gauges.filter(|s| s.property == ObservedProperty::RainIntensity).map(|s| reading(&s.id, to, mm_h)).collect()
    }
}

fn reading(sensor: &SensorId, at: Stamp, result: f64) -> Input {
    Input::Observation(Observation { sensor: sensor.clone(), phenomenon: at, received: at, result })
}

/// Mean intensity of the last reporting interval, mm/h, to a tenth.
fn intensity(rain: &RainSeries, t_s: f64) -> f64 {
    let span_s = RAIN_EVERY_S as f64;
    let mm_h = rain.between_mm(t_s - span_s, t_s) * 3600.0 / span_s;
    (mm_h * 10.0).round() / 10.0
}
