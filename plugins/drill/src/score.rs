//! Scores of a drill (DOMAIN §4.2).

use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

/// What is known of one expectation: due and actual time after its inject, s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Within how long, s.
    pub due_s: f64,
    /// After how long it came true, s; `None` when it never did.
    pub actual_s: Option<f64>,
}

/// Scores, %. `None` when there is nothing to score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Σ max(0, 1 − max(0, t − due)/due) / n.
    pub timeliness: Option<f64>,
    /// Done of expected.
    pub completeness: Option<f64>,
    /// Correct of expected; correct means done within its time.
    pub accuracy: Option<f64>,
    /// Given by the evaluators; the program does not guess it.
    pub coordination: Option<f64>,
    /// Weighted 30/30/25/15 over the parts that are known.
    pub total: Option<f64>,
}

/// Timeliness of a list of expectations, %.
#[must_use]
pub fn timeliness(timings: &[Timing]) -> Option<f64> {
    let share = |t: &Timing| match t.actual_s {
        Some(actual) => (1.0 - (actual - t.due_s).max(0.0) / t.due_s).max(0.0),
        None => 0.0,
    };
    mean(timings.iter().map(share))
}

/// Share of expectations that came true at all, %.
#[must_use]
pub fn completeness(timings: &[Timing]) -> Option<f64> {
    mean(timings.iter().map(|t| f64::from(u8::from(t.actual_s.is_some()))))
}

/// Share of expectations that came true within their time, %.
#[must_use]
pub fn accuracy(timings: &[Timing]) -> Option<f64> {
    mean(timings.iter().map(|t| f64::from(u8::from(t.actual_s.is_some_and(|a| a <= t.due_s)))))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64 * 100.0)
}

impl Scores {
    /// Scores of a drill; `coordination` comes from the evaluators, %.
    #[must_use]
    pub fn of(timings: &[Timing], coordination: Option<f64>) -> Self {
        let (t, c, a) = (timeliness(timings), completeness(timings), accuracy(timings));
        let parts = [(t, 30.0), (c, 30.0), (a, 25.0), (coordination, 15.0)];
        let known: Vec<(f64, f64)> = parts.into_iter().filter_map(|(value, weight)| Some((value?, weight))).collect();
        let weight: f64 = known.iter().map(|(_, weight)| weight).sum();
        let total = (weight > 0.0 && t.is_some()).then(|| known.iter().map(|(v, w)| v * w).sum::<f64>() / weight);
        Self { timeliness: t, completeness: c, accuracy: a, coordination, total }
    }

    /// 优 ≥ 90, 良 ≥ 70, 需改进 ≥ 50, 不合格 below.
    #[must_use]
    pub fn grade(&self) -> Option<Bilingual> {
        Some(match self.total? {
            v if v >= 90.0 => Bilingual::new("优", "excellent"),
            v if v >= 70.0 => Bilingual::new("良", "good"),
            v if v >= 50.0 => Bilingual::new("需改进", "needs improvement"),
            _ => Bilingual::new("不合格", "failed"),
        })
    }
}

/// HSEEP rating of an objective from its expectations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rating {
    /// Performed without challenges.
    P,
    /// Performed with some challenges: all done, some late.
    S,
    /// Performed with major challenges: at least half done.
    M,
    /// Unable to be performed.
    U,
}

impl Rating {
    /// The rating of an objective; `None` when nothing was expected for it.
    #[must_use]
    pub fn of(timings: &[Timing]) -> Option<Self> {
        let (done, right) = (completeness(timings)?, accuracy(timings)?);
        Some(if right >= 100.0 {
            Self::P
        } else if done >= 100.0 {
            Self::S
        } else if done >= 50.0 {
            Self::M
        } else {
            Self::U
        })
    }

    /// In words.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::P => Bilingual::new("P 顺利完成", "P performed without challenges"),
            Self::S => Bilingual::new("S 有些困难", "S some challenges"),
            Self::M => Bilingual::new("M 困难较大", "M major challenges"),
            Self::U => Bilingual::new("U 未能完成", "U unable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(actual: &[Option<f64>]) -> Vec<Timing> {
        actual.iter().map(|a| Timing { due_s: 300.0, actual_s: *a }).collect()
    }

    /// The vector of DOMAIN §4.2.
    #[test]
    fn golden_timeliness() {
        let four = timings(&[Some(240.0), Some(300.0), Some(450.0), Some(900.0)]);
        assert_eq!(timeliness(&four), Some(62.5));
        assert_eq!(completeness(&four), Some(100.0));
        assert_eq!(accuracy(&four), Some(50.0));
        assert_eq!(Rating::of(&four), Some(Rating::S));
        let scores = Scores::of(&four, Some(80.0));
        assert_eq!(scores.total, Some((62.5 * 30.0 + 100.0 * 30.0 + 50.0 * 25.0 + 80.0 * 15.0) / 100.0));
        assert_eq!(scores.grade().unwrap().zh, "良");
        let without = Scores::of(&four, None).total.unwrap();
        assert!((without - (62.5 * 30.0 + 100.0 * 30.0 + 50.0 * 25.0) / 85.0).abs() < 1e-9);
    }

    #[test]
    fn what_never_came_counts_nothing() {
        let half = timings(&[Some(10.0), None]);
        assert_eq!((timeliness(&half), completeness(&half)), (Some(50.0), Some(50.0)));
        assert_eq!(Rating::of(&half), Some(Rating::M));
        assert_eq!(Rating::of(&timings(&[None])), Some(Rating::U));
        assert_eq!(Rating::of(&timings(&[Some(1.0)])), Some(Rating::P));
        assert_eq!((Scores::of(&[], None), Rating::of(&[])), (Scores::default(), None));
    }
}
