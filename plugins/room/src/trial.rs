//! Measures tried in the forecast timeline: the water as it would be, begun anew from the nearest copy that still holds.

use std::sync::Arc;

use guanlan_core::{Stamp, WaterPeaks, input::DepthField, water::RefusedMeasure};
use guanlan_rainstorm::{Measure, WaterModel};

use crate::{machine::Machine, water::shelf::Film};

/// Simulated time between copies of what is tried, ms.
const COPY_EVERY_MS: i64 = 5 * 60_000;

/// A measure that is tried: its number, when it takes effect, what it is.
pub(crate) type Tried = (u64, Stamp, String);

/// A state to go on from, with the first so many of the measures done.
struct Copy {
    done: usize,
    /// Without its maxima: those are large.
    model: WaterModel,
    /// The maxima up to there.
    peaks: Option<Arc<WaterPeaks>>,
}

impl Copy {
    fn of(done: usize, model: &WaterModel) -> Self {
        let peaks = model.peaks();
        let mut model = model.clone();
        model.untrack();
        Self { done, model, peaks }
    }
}

/// Measures that somebody tries.
pub(crate) struct Trial {
    /// The room right after the last of them.
    pub base: Machine,
    /// The model, at the end of what has been computed.
    pub model: WaterModel,
    /// Water since `from`, in order of time.
    pub fields: Vec<Arc<DepthField>>,
    /// Maxima at each of them.
    pub peaks: Vec<Arc<WaterPeaks>>,
    /// The instant of the first of them.
    pub from: Stamp,
    measures: Vec<Tried>,
    copies: Vec<Copy>,
}

/// A model with everything tried done to it, and what could not be done.
pub(crate) struct Ready {
    pub model: WaterModel,
    pub refused: Vec<RefusedMeasure>,
    measures: Vec<Tried>,
    copies: Vec<Copy>,
}

/// Runs to an instant and looks at the water at whole steps from `begin` on the way.
fn run_to(model: &mut WaterModel, at: Stamp, begin: Stamp, every_ms: i64) {
    while model.now() < at {
        let next = begin + ((model.now() - begin).div_euclid(every_ms.max(1)) + 1) * every_ms.max(1);
        let to_s = (next.min(at) - model.start()) as f64 / 1000.0;
        if to_s <= model.time_s() {
            return;
        }
        model.run_to(to_s);
        model.look();
    }
}

/// The water at `now` with all of `measures`, in order of time, done at theirs. What an earlier trial has computed and
/// is still true is taken from it.
pub(crate) fn ready(film: &Film, before: Option<Trial>, measures: Vec<Tried>, now: Stamp) -> Option<Ready> {
    let (known, mut copies) = before.map_or((Vec::new(), Vec::new()), |t| (t.measures, t.copies));
    let same = known.iter().zip(&measures).take_while(|(a, b)| a == b).count();
    let other = [known.get(same), measures.get(same)].into_iter().flatten().map(|m| m.1).min();
    let until = other.unwrap_or(now).min(now);
    copies.retain(|c| c.done <= same && c.model.now() <= until);
    let (mut done, mut model, peaks) = match copies.last() {
        Some(copy) => (copy.done, copy.model.clone(), copy.peaks.clone()),
        None => {
            let model = film.copy_before(measures.first().map_or(now, |m| m.1))?;
            let peaks = film.peaks_before(model.now()).cloned();
            (0, model, peaks)
        }
    };
    if !peaks.is_some_and(|peaks| model.track_on(&peaks)) {
        model.track();
    }
    let mut refused = Vec::new();
    for (no, since, text) in &measures[done..] {
        run_to(&mut model, *since, film.from(), film.every_ms);
        let outcome = serde_json::from_str::<Measure>(text)
            .map_err(|e| e.to_string())
            .and_then(|m| model.enact(&m).map_err(|e| e.to_string()));
        if let Err(reason) = outcome {
            refused.push(RefusedMeasure { no: *no, reason });
        }
        done += 1;
    }
    run_to(&mut model, now, film.from(), film.every_ms);
    model.look();
    copies.push(Copy::of(done, &model));
    Some(Ready { model, refused, measures, copies })
}

impl Trial {
    pub fn new(ready: Ready, base: Machine, field: Arc<DepthField>, from: Stamp) -> Self {
        let Ready { model, measures, copies, .. } = ready;
        let peaks = model.peaks().into_iter().collect();
        Self { base, model, fields: vec![field], peaks, from, measures, copies }
    }

    /// One field further.
    pub fn compute(&mut self, to: Stamp) {
        let begin = self.model.now();
        run_to(&mut self.model, to, begin, (to - begin).max(1));
        self.fields.push(Arc::new(self.model.frame()));
        self.peaks.extend(self.model.peaks());
        if self.copies.last().is_none_or(|c| self.model.now() - c.model.now() >= COPY_EVERY_MS) {
            self.copies.push(Copy::of(self.measures.len(), &self.model));
        }
    }
}
