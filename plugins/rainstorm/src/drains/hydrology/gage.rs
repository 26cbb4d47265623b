//! Rain gages as steps of intensity.

use guanlan_city::model::drainage::{DrainageNetwork, RainForm, RainGage, RainSource};

use crate::drains::supply::month_of;

/// Steps of intensity: start s, end s, m/s; rising, without overlap.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::drains) struct Gage {
    steps: Vec<[f64; 3]>,
    /// Depth up to the start of each step, m.
    sums: Vec<f64>,
}

impl Gage {
    pub fn of(gage: &RainGage, network: &DrainageNetwork) -> Self {
        let RainSource::Series(k) = gage.source else { return Self::default() };
        let Some(series) = network.series.get(k) else { return Self::default() };
        let interval_s = gage.interval_s.max(1.0);
        let (mut steps, mut last): (Vec<[f64; 3]>, f64) = (Vec::new(), 0.0);
        for (k, [start, value]) in series.points.iter().enumerate() {
            let next = series.points.get(k + 1).map_or(f64::INFINITY, |p| p[0]);
            let end = (start + interval_s).min(next);
            let mm_h = match gage.form {
                RainForm::Intensity => *value,
                RainForm::Volume => value * 3600.0 / interval_s,
                RainForm::Cumulative => {
                    let gain = if *value >= last { value - last } else { *value };
                    last = *value;
                    gain * 3600.0 / interval_s
                }
            };
            let month = month_of(((network.start_s as f64 + start) / 86_400.0).floor() as i64);
            let rate = mm_h * gage.scale_mm / 3.6e6 * network.climate.adjust.rain[month];
            if rate > 0.0 && rate.is_finite() && end > *start {
                steps.push([*start, end, rate]);
            }
        }
        let mut sum = 0.0;
        let sums = steps
            .iter()
            .map(|[start, end, rate]| {
                let before = sum;
                sum += (end - start) * rate;
                before
            })
            .collect();
        Self { steps, sums }
    }

    /// Depth up to a time, m.
    fn sum_m(&self, t_s: f64) -> f64 {
        let after = self.steps.partition_point(|s| s[0] <= t_s);
        let Some(k) = after.checked_sub(1) else { return 0.0 };
        let [start, end, rate] = self.steps[k];
        self.sums[k] + (t_s.min(end) - start) * rate
    }

    /// When the intensity changes next after a time, s; infinity when it does no more.
    pub fn next_change_s(&self, t_s: f64) -> f64 {
        let after = self.steps.partition_point(|s| s[1] <= t_s);
        self.steps.get(after).map_or(f64::INFINITY, |s| if s[0] > t_s { s[0] } else { s[1] })
    }

    /// Mean intensity between two times, m/s.
    pub fn mean_m_s(&self, from_s: f64, to_s: f64) -> f64 {
        ((self.sum_m(to_s) - self.sum_m(from_s)) / (to_s - from_s)).max(0.0)
    }
}
