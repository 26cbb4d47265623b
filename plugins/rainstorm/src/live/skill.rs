//! How well the model told the gauges before it was corrected, over a sliding window.

use std::collections::{BTreeSet, VecDeque};

use guanlan_core::{SensorId, Stamp, water::WaterSkill};

/// Depth that counts as water on the road, m.
const EVENT_M: f64 = 0.15;
/// Readings kept at most.
const KEPT: usize = 100_000;

/// Pairs of reading and model of the last minutes.
#[derive(Clone, Debug)]
pub struct SkillWindow {
    window_ms: i64,
    pairs: VecDeque<(Stamp, SensorId, f64, f64)>,
}

impl SkillWindow {
    /// An empty window.
    #[must_use]
    pub fn new(minutes: u32) -> Self {
        Self { window_ms: i64::from(minutes) * 60_000, pairs: VecDeque::new() }
    }

    /// Takes a pair: measured and modelled depth, m.
    pub fn note(&mut self, at: Stamp, sensor: &SensorId, measured_m: f64, model_m: f64) {
        self.pairs.push_back((at, sensor.clone(), measured_m, model_m));
        while self.pairs.front().is_some_and(|p| at - p.0 > self.window_ms) || self.pairs.len() > KEPT {
            self.pairs.pop_front();
        }
    }

    /// A gauge is no longer believed: it does not judge the model either.
    pub fn forget(&mut self, sensor: &SensorId) {
        self.pairs.retain(|p| p.1 != *sensor);
    }

    /// The figures.
    #[must_use]
    pub fn skill(&self) -> WaterSkill {
        let n = self.pairs.len() as f64;
        let window_min = (self.window_ms / 60_000) as u32;
        if self.pairs.is_empty() {
            return WaterSkill { window_min, ..WaterSkill::default() };
        }
        let gauges: BTreeSet<&SensorId> = self.pairs.iter().map(|p| &p.1).collect();
        let mean = self.pairs.iter().map(|p| p.2).sum::<f64>() / n;
        let (mut squares, mut bias, mut spread) = (0.0, 0.0, 0.0);
        let (mut hits, mut misses, mut false_alarms) = (0_u32, 0_u32, 0_u32);
        for (_, _, measured, model) in &self.pairs {
            let e = model - measured;
            squares += e * e;
            bias += e;
            spread += (measured - mean) * (measured - mean);
            match (*measured >= EVENT_M, *model >= EVENT_M) {
                (true, true) => hits += 1,
                (true, false) => misses += 1,
                (false, true) => false_alarms += 1,
                (false, false) => {}
            }
        }
        let share = |a: u32, of: u32| (of > 0).then(|| rounded(f64::from(a) / f64::from(of)));
        WaterSkill {
            window_min,
            gauges: gauges.len() as u32,
            readings: self.pairs.len() as u32,
            rmse_m: rounded((squares / n).sqrt()),
            bias_m: rounded(bias / n),
            // Gauges that only show their own noise cannot tell a good model from a bad one.
            nse: (spread / n > 1.0e-4).then(|| rounded(1.0 - squares / spread)),
            hit_rate: share(hits, hits + misses),
            false_alarm: share(false_alarms, false_alarms + hits),
        }
    }
}

fn rounded(v: f64) -> f64 {
    (v * 1.0e4).round() / 1.0e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_known_pairs() {
        let mut w = SkillWindow::new(60);
        let id = SensorId::from("1");
        for (k, (measured, model)) in [(0.0, 0.1), (0.2, 0.2), (0.4, 0.3), (0.2, 0.1), (0.1, 0.3)].iter().enumerate() {
            w.note(Stamp(k as i64 * 60_000), &id, *measured, *model);
        }
        let s = w.skill();
        assert_eq!((s.gauges, s.readings, s.hit_rate, s.false_alarm), (1, 5, Some(0.6667), Some(0.3333)));
        assert!((s.rmse_m - (0.07_f64 / 5.0).sqrt()).abs() < 1e-4 && (s.bias_m - 0.02).abs() < 1e-9);
        // Σ(measured − .18)² = .088.
        assert!((s.nse.unwrap() - (1.0 - 0.07 / 0.088)).abs() < 1e-3, "{s:?}");
        w.note(Stamp(3_700_000), &id, 0.0, 0.0);
        assert_eq!(w.skill().readings, 4, "an hour has gone by");
        w.forget(&id);
        assert_eq!(w.skill().readings, 0);
        assert_eq!(w.skill().nse, None);
    }
}
