//! Does a water gauge say what can be? Neighbours and physics speak; a gauge that disagrees with both is not believed.
//!
//! A gauge that reads more water than the model is believed unless physics forbids it: a pump that failed shows as
//! just such a reading, and must act at once. Physics forbids more water than all rain around could have brought,
//! water that rises faster than all rain around could bring it, and water that stands to the millimetre while the
//! model and the neighbours move. A gauge that reads far less than the model is doubted when its neighbours agree
//! with the model and it goes on saying so.

use std::collections::VecDeque;

use guanlan_core::{Bilingual, Stamp};

/// Limits of the doubts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckSettings {
    /// Shallower readings are never doubted, m.
    pub wet_m: f64,
    /// Rain within this radius may have come together at the gauge, m.
    pub supply_radius_m: f64,
    /// Water that may be there whatever the rain was, m³ (street washing, a burst service pipe).
    pub spare_m3: f64,
    /// Readings in a row that must speak against a gauge before it is doubted.
    pub in_a_row: u32,
    /// Readings in a row that must be sound before it is believed again.
    pub sound_in_a_row: u32,
    /// Time without change after which a wet gauge may be stuck, ms.
    pub stuck_ms: i64,
    /// The model must have moved so much meanwhile, m.
    pub moved_m: f64,
    /// Neighbours are gauges this near, m.
    pub neighbour_m: f64,
    /// A reading so much below the model disagrees, m.
    pub below_m: f64,
}

impl Default for CheckSettings {
    fn default() -> Self {
        Self {
            wet_m: 0.05,
            supply_radius_m: 500.0,
            spare_m3: 30.0,
            in_a_row: 2,
            sound_in_a_row: 3,
            stuck_ms: 15 * 60_000,
            moved_m: 0.10,
            neighbour_m: 1_500.0,
            below_m: 0.25,
        }
    }
}

/// Why a gauge is not believed.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// More water than all rain around could have brought: the pond at this reading and the supply, m³.
    Supply(f64, f64),
    /// Rose faster than all rain around could bring water: m³/s of the pond and of the rain.
    Rate(f64, f64),
    /// Stands still, min, while the model moved by so much, m.
    Stuck(f64, f64),
    /// Says less than the model, m, and so many neighbours agree with the model.
    Below(f64, usize),
}

impl Doubt {
    /// In words.
    #[must_use]
    pub fn words(&self) -> Bilingual {
        match self {
            Self::Supply(pond, supply) => Bilingual::new(
                format!("读数需积水 {pond:.0} m³，周边降雨至多提供 {supply:.0} m³"),
                format!("the reading means {pond:.0} m³ of water; all rain around brings {supply:.0} m³ at most"),
            ),
            Self::Rate(pond, rain) => Bilingual::new(
                format!("上涨速度相当于 {pond:.2} m³/s，周边降雨至多 {rain:.2} m³/s"),
                format!("rises by {pond:.2} m³/s; all rain around brings {rain:.2} m³/s at most"),
            ),
            Self::Stuck(minutes, moved) => Bilingual::new(
                format!("{minutes:.0} 分钟不变，模型同期变化 {moved:.2} m"),
                format!("has not changed for {minutes:.0} min while the model moved by {moved:.2} m"),
            ),
            Self::Below(less, neighbours) => Bilingual::new(
                format!("比模型低 {less:.2} m，而 {neighbours} 个邻近测点与模型一致"),
                format!("{less:.2} m below the model, with which {neighbours} neighbours agree"),
            ),
        }
    }
}

/// What is known around one gauge at a reading.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// Water the pond holds at this reading, and at the one before, m³.
    pub pond_m3: f64,
    pub pond_before_m3: f64,
    /// Ground whose rain may have come together at the gauge, m².
    pub area_m2: f64,
    /// Rain of the last hours at the gauge, mm; `None` where nobody knows.
    pub rain_mm: Option<f64>,
    /// Highest rain of the last half hour, mm/h.
    pub peak_mm_h: f64,
    /// Water the model has in the same hollow at its own level, m³.
    pub model_m3: f64,
    /// Neighbours believed that agree with the model within 10 cm, and that read 10 cm more than it.
    pub agree: usize,
    pub above: usize,
}

/// The memory of one gauge.
#[derive(Clone, Debug, Default)]
pub(super) struct GaugeMemory {
    /// When it spoke, what it said, what the model said before its correction, m.
    pub pairs: VecDeque<(Stamp, f64, f64)>,
    /// Since when it is not believed, and why.
    pub doubt: Option<(Stamp, Doubt)>,
    against: u32,
    sound: u32,
}

/// What is to be made of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Nothing speaks against it.
    Believed,
    /// Something does, for the first time: it is not followed, and not yet held against the gauge.
    Waiting,
    /// The gauge is not believed.
    Doubted,
}

/// Readings remembered, ms.
const MEMORY_MS: i64 = 60 * 60_000;

impl GaugeMemory {
    /// The reading before the last.
    pub fn before(&self) -> Option<(Stamp, f64, f64)> {
        self.pairs.len().checked_sub(2).and_then(|k| self.pairs.get(k)).copied()
    }

    /// Takes a reading.
    pub fn note(&mut self, at: Stamp, measured_m: f64, model_m: f64) {
        self.pairs.push_back((at, measured_m, model_m));
        while self.pairs.front().is_some_and(|p| at - p.0 > MEMORY_MS) {
            self.pairs.pop_front();
        }
    }

    /// Judges the last reading.
    pub fn judge(&mut self, evidence: &Evidence, s: &CheckSettings) -> Judgement {
        let Some(&(at, measured, model)) = self.pairs.back() else { return Judgement::Waiting };
        let found = self.found(evidence, s, at, measured, model);
        let waiting = found.is_some();
        match found {
            Some(doubt) => {
                self.sound = 0;
                self.against += 1;
                if self.doubt.is_some() || self.against >= s.in_a_row {
                    let since = self.doubt.as_ref().map_or(at, |d| d.0);
                    self.doubt = Some((since, doubt));
                }
            }
            None => {
                self.against = 0;
                self.sound += 1;
                if self.sound >= s.sound_in_a_row {
                    self.doubt = None;
                }
            }
        }
        match (&self.doubt, waiting) {
            (Some(_), _) => Judgement::Doubted,
            (None, true) => Judgement::Waiting,
            (None, false) => Judgement::Believed,
        }
    }

    fn found(&self, e: &Evidence, s: &CheckSettings, at: Stamp, measured: f64, model: f64) -> Option<Doubt> {
        if measured >= s.wet_m && e.above == 0 {
            let area_m2 = e.area_m2;
            if let Some(rain_mm) = e.rain_mm {
                let supply = rain_mm / 1000.0 * area_m2 + 2.0 * e.model_m3 + s.spare_m3;
                if e.pond_m3 > supply {
                    return Some(Doubt::Supply(e.pond_m3, supply));
                }
                if let Some((before, _, _)) = self.before() {
                    let dt_s = ((at - before) as f64 / 1000.0).max(1.0);
                    let rise = (e.pond_m3 - e.pond_before_m3 - s.spare_m3) / dt_s;
                    let most = 3.0 * e.peak_mm_h / 3.6e6 * area_m2;
                    if rise > most && measured > model + 0.10 {
                        return Some(Doubt::Rate(rise, most));
                    }
                }
            }
        }
        if measured >= s.wet_m
            && let Some((minutes, moved)) = self.stuck(s, at, measured)
        {
            return Some(Doubt::Stuck(minutes, moved));
        }
        let less = model - measured;
        // Neighbours must be there and on the model's side.
        let persists = self.pairs.iter().rev().take(3).filter(|p| p.2 - p.1 > s.below_m).count() >= 3;
        (less > s.below_m && persists && e.agree >= 2).then_some(Doubt::Below(less, e.agree))
    }

    /// Minutes without any change and how far the model moved meanwhile.
    fn stuck(&self, s: &CheckSettings, at: Stamp, measured: f64) -> Option<(f64, f64)> {
        let same: Vec<_> = self.pairs.iter().rev().take_while(|p| (p.1 - measured).abs() < 0.0005).collect();
        let since = same.last()?.0;
        let (low, high) = same.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p.2), h.max(p.2)));
        let moved = high - low;
        (same.len() >= 6 && at - since >= s.stuck_ms && moved >= s.moved_m)
            .then(|| ((at - since) as f64 / 60_000.0, moved))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(min: i64) -> Stamp {
        Stamp(min * 60_000)
    }

    #[test]
    fn water_without_rain_is_doubted_after_a_second_reading_and_believed_again_after_three() {
        let s = CheckSettings::default();
        let mut g = GaugeMemory::default();
        let e = Evidence { pond_m3: 400.0, rain_mm: Some(0.0), ..Evidence::default() };
        g.note(at(0), 0.4, 0.0);
        assert_eq!(g.judge(&e, &s), Judgement::Waiting, "one reading is not enough");
        g.note(at(1), 0.4, 0.0);
        assert_eq!(g.judge(&e, &s), Judgement::Doubted);
        assert!(matches!(g.doubt, Some((t, Doubt::Supply(..))) if t == at(1)));
        for k in 2..5 {
            g.note(at(k), 0.0, 0.0);
            let judged = g.judge(&Evidence { rain_mm: Some(0.0), ..Evidence::default() }, &s);
            assert_eq!(judged == Judgement::Doubted, k < 4);
        }
    }

    #[test]
    fn a_failed_pump_is_believed() {
        let s = CheckSettings::default();
        let mut g = GaugeMemory::default();
        // 20 mm over 500 m: 15 700 m³ may have come together; the pond needs 900.
        let e = Evidence {
            area_m2: 785_000.0,
            pond_m3: 900.0,
            rain_mm: Some(20.0),
            peak_mm_h: 40.0,
            agree: 5,
            ..Evidence::default()
        };
        for k in 0..10 {
            g.note(at(k), 0.1 * k as f64, 0.0);
            let before = Evidence { pond_before_m3: 890.0, ..e };
            assert_eq!(g.judge(&before, &s), Judgement::Believed, "{k}");
        }
        // Without anybody who knows the rain nothing is impossible.
        let mut h = GaugeMemory::default();
        for k in 0..5 {
            h.note(at(k), 0.4, 0.0);
            assert_eq!(
                h.judge(&Evidence { pond_m3: 4000.0, rain_mm: None, ..Evidence::default() }, &s),
                Judgement::Believed
            );
        }
    }

    #[test]
    fn a_gauge_that_stands_still_while_the_model_moves_is_stuck() {
        let s = CheckSettings::default();
        let mut g = GaugeMemory::default();
        let e = Evidence {
            area_m2: 785_000.0,
            pond_m3: 10.0,
            pond_before_m3: 10.0,
            rain_mm: Some(30.0),
            ..Evidence::default()
        };
        let mut doubted = Vec::new();
        for k in 0..25 {
            g.note(at(k), 0.30, 0.30 + 0.02 * k as f64);
            doubted.push(g.judge(&e, &s) == Judgement::Doubted);
        }
        assert!(!doubted[14] && doubted[17] && doubted[24], "{doubted:?}");
    }

    #[test]
    fn a_dead_gauge_in_the_flood_is_doubted_when_neighbours_agree_with_the_model() {
        let s = CheckSettings::default();
        let run = |agree| {
            let mut g = GaugeMemory::default();
            (0..6)
                .map(|k| {
                    g.note(at(k), 0.0, 0.5);
                    g.judge(&Evidence { rain_mm: Some(30.0), agree, ..Evidence::default() }, &s)
                })
                .last()
        };
        assert_eq!(run(3), Some(Judgement::Doubted));
        assert_eq!(run(0), Some(Judgement::Believed), "alone it may be the model that is wrong");
    }
}
