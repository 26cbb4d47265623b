//! One run ahead.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use guanlan_core::{Stamp, WaterPeaks, input::DepthField, water::Harm};

use super::{AheadCity, harm_of};
use crate::{
    impact::Impact,
    measures::Measure,
    outputs::{Tracker, peaks_of},
    storm::Rain,
    water::WaterModel,
};

/// How far and how fine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AheadSettings {
    /// How far ahead, min.
    pub minutes: u32,
    /// Step of the series, s.
    pub step_s: u32,
    /// A field is kept every so many steps; 0 keeps none.
    pub field_every: u32,
    /// A copy of the model is kept every so many steps, to go on from; 0 keeps none.
    pub copy_every: u32,
}

impl Default for AheadSettings {
    fn default() -> Self {
        Self { minutes: 120, step_s: 60, field_every: 2, copy_every: 4 }
    }
}

/// Something done on the way: minutes after the begin, and what.
#[derive(Clone, Debug, PartialEq)]
pub struct Doing {
    /// When it takes effect, min after the begin.
    pub at_min: f64,
    /// What.
    pub measure: Measure,
}

/// What is kept of a run to be shown or gone on from.
#[derive(Clone, Default)]
pub struct Kept {
    /// Fields in order of time.
    pub fields: Vec<Arc<DepthField>>,
    /// Maxima since the begin, one for each field.
    pub peaks: Vec<Arc<WaterPeaks>>,
    /// Copies of the model in order of time, the first at the begin.
    pub copies: Vec<WaterModel>,
}

/// What a run ahead brings.
#[derive(Clone)]
pub struct Ahead {
    /// Where it began.
    pub from: Stamp,
    /// Where it ended.
    pub to: Stamp,
    /// Depth of each site every step from the begin, mm, in the order of [`AheadCity::sites`].
    pub series_mm: Vec<Vec<u16>>,
    /// What it does to people.
    pub impact: Impact,
    /// The same in figures.
    pub harm: Harm,
    /// Fields and copies.
    pub kept: Kept,
    /// Time of the model at the begin, s: times of the impact count from its start.
    pub begin_s: f64,
    /// Simulated over wall time.
    pub speed: f64,
    /// Measures that could not be done, in words.
    pub refused: Vec<String>,
}

/// Runs a fork ahead. `rain` is what is expected from now on (its time 0 is now), `None` keeps the model's own;
/// `doings` must be in order of time. `None` when it was cancelled.
#[must_use]
pub fn look_ahead(
    mut model: WaterModel,
    rain: Option<&Rain>,
    city: &AheadCity,
    settings: AheadSettings,
    doings: &[Doing],
    cancel: &AtomicBool,
) -> Option<Ahead> {
    let began = Instant::now();
    // The maxima up to now are the room's, not those of the hours ahead.
    model.untrack();
    if let Some(rain) = rain {
        model.feed_rain(rain);
    }
    let (from, begin_s) = (model.now(), model.time_s());
    let steps = settings.minutes * 60 / settings.step_s.max(1);
    let mut kept = Kept::default();
    if settings.copy_every > 0 {
        kept.copies.push(model.clone());
    }
    let mut extremes = Tracker::new(model.domain(), begin_s);
    let mut watch = (*city.watch).clone();
    let mut series_mm: Vec<Vec<u16>> = vec![Vec::with_capacity(steps as usize + 1); city.sites.len()];
    let look_at_sites = |model: &WaterModel, series: &mut Vec<Vec<u16>>| {
        for (site, series) in city.sites.iter().zip(series) {
            let depth = site.cells.iter().map(|(c, r)| model.solver().depth_at_m(*c, *r)).fold(0.0, f32::max);
            series.push((depth * 1000.0).round().clamp(0.0, 65_534.0) as u16);
        }
    };
    look_at_sites(&model, &mut series_mm);
    let mut refused = Vec::new();
    let mut waiting = doings.iter().peekable();
    for step in 1..=steps {
        if cancel.load(Ordering::Relaxed) {
            return None;
        }
        let step_s = f64::from(settings.step_s);
        // Whoever compares two runs cuts them at the same times: measures act at the begin of a step.
        let at_min = f64::from(step - 1) * step_s / 60.0;
        while let Some(doing) = waiting.next_if(|d| d.at_min <= at_min) {
            if let Err(error) = model.enact(&doing.measure) {
                refused.push(error.to_string());
            }
        }
        model.run_to(begin_s + f64::from(step) * step_s);
        extremes.look(model.solver());
        watch.look(model.solver(), step_s);
        look_at_sites(&model, &mut series_mm);
        if settings.field_every > 0 && step % settings.field_every == 0 {
            kept.fields.push(Arc::new(model.frame()));
            kept.peaks.push(Arc::new(peaks_of(&extremes, model.solver(), model.start())));
        }
        if settings.copy_every > 0 && step % settings.copy_every == 0 && step < steps {
            kept.copies.push(model.clone());
        }
    }
    let impact = watch.finish(&city.city, model.domain(), &extremes, model.works().closed_roads());
    let harm = harm_of(&city.city, &impact, &series_mm);
    let wall = began.elapsed().as_secs_f64().max(1.0e-6);
    let speed = f64::from(settings.minutes) * 60.0 / wall;
    Some(Ahead { from, to: model.now(), series_mm, impact, harm, kept, begin_s, speed, refused })
}
