//! How late ticks begin and how long they take, over the last few minutes.

/// Ticks remembered: ten minutes at 5 Hz.
const KEPT: usize = 3_000;

#[derive(Debug, Default)]
pub(crate) struct Lateness {
    late_ms: Vec<f32>,
    next: usize,
    cost_ms: f64,
    p99_ms: f64,
    since_sort: usize,
}

impl Lateness {
    pub fn note(&mut self, ms: f64) {
        if self.late_ms.len() < KEPT {
            self.late_ms.push(ms as f32);
        } else {
            self.late_ms[self.next] = ms as f32;
            self.next = (self.next + 1) % KEPT;
        }
        self.since_sort += 1;
        if self.since_sort >= 25 || self.late_ms.len() < 25 {
            self.since_sort = 0;
            let mut sorted = self.late_ms.clone();
            sorted.sort_by(f32::total_cmp);
            let index = (sorted.len() * 99).div_ceil(100).max(1) - 1;
            self.p99_ms = f64::from(sorted[index]);
        }
    }

    pub fn note_cost(&mut self, ms: f64) {
        self.cost_ms = if self.cost_ms == 0.0 { ms } else { self.cost_ms * 0.95 + ms * 0.05 };
    }

    pub fn p99_ms(&self) -> f64 {
        self.p99_ms
    }

    pub fn cost_ms(&self) -> f64 {
        self.cost_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p99_is_the_ninety_ninth_percentile() {
        let mut l = Lateness::default();
        for i in 1..=1000 {
            l.note(f64::from(i));
        }
        assert!((l.p99_ms() - 990.0).abs() < 1.5, "{}", l.p99_ms());
    }
}
