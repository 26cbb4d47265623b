//! Extremes handed over to a room: only of cells that have been wet, in steps of 5 mm and 2 cm/s, and in seconds; and
//! extremes taken up again from what was handed over.

use guanlan_core::{
    Stamp,
    peaks::{ARRIVED_M, PeakRaster, WaterPeaks},
};

use super::{Tracker, hazard::arr_class};
use crate::surface::{Domain, SurfaceSolver};

/// Shallower water has neither speed nor hazard, m.
const FILM_M: f32 = 0.01;

/// Depths are handed over in steps of so many mm, speeds of so many cm/s: no map shows more, and they pack smaller.
const STEP_MM: f32 = 5.0;
const STEP_CM_S: f32 = 2.0;

/// A value in whole steps.
fn short(v: f32, step: f32) -> u16 {
    ((v / step + 0.5).floor() * step).clamp(0.0, 65_535.0) as u16
}

fn raster_of(tracker: &Tracker, solver: &dyn SurfaceSolver) -> PeakRaster {
    let grid = solver.domain().grid;
    let mut out = PeakRaster {
        west_m: grid.west_m,
        south_m: grid.south_m,
        cell_m: grid.cell_m,
        cols: grid.cols as u32,
        rows: grid.rows as u32,
        ..PeakRaster::default()
    };
    // By what is handed over: whoever takes it up again finds the same cells.
    let arrived = (ARRIVED_M * 1000.0).round() as u16;
    let deepest = |k: &usize| short(tracker.depth_m[*k] * 1000.0, STEP_MM);
    let wet: Vec<usize> = (0..tracker.depth_m.len()).filter(|k| deepest(k) > arrived).collect();
    if wet.is_empty() {
        return out;
    }
    let mut depths = vec![0.0_f32; grid.len()];
    solver.for_rows(&mut |row, h| depths[row * grid.cols..(row + 1) * grid.cols].copy_from_slice(h));
    let mut speeds = vec![0.0_f32; grid.len()];
    solver.for_speeds(&mut |row, v| speeds[row * grid.cols..(row + 1) * grid.cols].copy_from_slice(v));
    let long = |v: f64| if v.is_finite() { v.round().clamp(0.0, f64::from(u32::MAX)) as u32 } else { 0 };
    let mut before = -1_i64;
    for k in wet {
        out.steps.push((k as i64 - before) as u32);
        before = k as i64;
        let (h, v) = (depths[k], speeds[k]);
        let moving = h > FILM_M;
        out.depth_mm.push(deepest(&k));
        out.speed_cm_s.push(if moving { short(v * 100.0, STEP_CM_S) } else { 0 });
        out.top_speed_cm_s.push(short(tracker.speed_mps[k] * 100.0, STEP_CM_S));
        out.hazard.push(if moving { arr_class(h, v) } else { 0 });
        out.top_hazard.push(tracker.arr[k]);
        out.arrival_s.push(long(f64::from(tracker.arrival_5cm_s[k]) - tracker.from_s()));
        out.over_s.push(long(f64::from(tracker.over_15cm_s[k])));
    }
    out
}

/// What has been, for a room. `start` is the instant of the model's time 0.
#[must_use]
pub fn peaks_of(tracker: &Tracker, solver: &dyn SurfaceSolver, start: Stamp) -> WaterPeaks {
    let instant = |s: f64| start + (s * 1000.0).round() as i64;
    let finer = tracker.finer.iter().zip(solver.finer()).map(|(part, solver)| raster_of(part, solver));
    let rasters = std::iter::once(raster_of(tracker, solver)).chain(finer).collect();
    WaterPeaks { at: instant(solver.time_s()), since: instant(tracker.from_s()), rasters }
}

/// A tracker that goes on from what was handed over, at `now_s` after the model's `start`; rasters that are not the
/// domain's are left out, and `None` when the whole is not.
#[must_use]
pub fn resume(peaks: &WaterPeaks, domain: &Domain, start: Stamp, now_s: f64) -> Option<Tracker> {
    let fits = |raster: &PeakRaster, domain: &Domain| {
        let grid = domain.grid;
        raster.is_whole()
            && (raster.west_m, raster.south_m, raster.cell_m) == (grid.west_m, grid.south_m, grid.cell_m)
            && (raster.cols as usize, raster.rows as usize) == (grid.cols, grid.rows)
    };
    let since_s = (peaks.since - start) as f64 / 1000.0;
    let own = peaks.rasters.first().filter(|raster| fits(raster, domain))?;
    let mut tracker = Tracker::begun(domain, since_s, now_s);
    fill(&mut tracker, own, since_s);
    for (part, patch) in tracker.finer.iter_mut().zip(domain.patches()) {
        if let Some(raster) = peaks.rasters.iter().skip(1).find(|raster| fits(raster, &patch.domain)) {
            fill(part, raster, since_s);
        }
    }
    Some(tracker)
}

fn fill(tracker: &mut Tracker, raster: &PeakRaster, since_s: f64) {
    for (k, cell) in raster.cells().enumerate() {
        let (h, v) = (f32::from(raster.depth_mm[k]) / 1000.0, f32::from(raster.top_speed_cm_s[k]) / 100.0);
        (tracker.depth_m[cell], tracker.speed_mps[cell], tracker.arr[cell]) = (h, v, raster.top_hazard[k]);
        tracker.arrival_5cm_s[cell] = (since_s + f64::from(raster.arrival_s[k])) as f32;
        tracker.over_15cm_s[cell] = raster.over_s[k] as f32;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use guanlan_core::WaterAspect;

    use super::*;
    use crate::storm::RainSeries;
    use crate::surface::{DomainBuilder, Forcing, Grid, InertialSettings, LocalInertial, SurfaceSolver};

    fn pond() -> LocalInertial {
        let grid = Grid { west_m: 100.0, south_m: 200.0, cell_m: 10.0, cols: 8, rows: 6 };
        let domain = Arc::new(DomainBuilder::new(grid).build());
        LocalInertial::new(domain, InertialSettings::default(), None)
    }

    #[test]
    fn what_is_handed_over_is_what_was_tracked_and_can_be_taken_up() {
        let mut solver = pond();
        let start = Stamp::from_secs(1_000);
        let rain = RainSeries::default();
        let mut tracker = Tracker::new(solver.domain(), 0.0);
        solver.pour_m3(3, 2, 80.0);
        // It stands there for a moment only: then it runs away on all sides.
        tracker.look(&solver);
        for s in 1..=12 {
            solver.advance(f64::from(s) * 5.0, &mut Forcing { rain: &rain, drains: None });
            tracker.look(&solver);
        }
        let peaks = peaks_of(&tracker, &solver, start);
        assert_eq!((peaks.at, peaks.since), (Stamp::from_secs(1_060), start));
        assert!(peaks.rasters[0].is_whole() && peaks.wet_cells() > 1);
        let (raster, k) = peaks.cell_at(135.0, 225.0).unwrap();
        let cell = 2 * 8 + 3;
        assert!((raster.value(WaterAspect::MaxDepth, k) - tracker.depth_m[cell]).abs() < 2.6e-3);
        assert!((raster.value(WaterAspect::MaxSpeed, k) - tracker.speed_mps[cell]).abs() < 1.1e-2);
        assert_eq!(raster.value(WaterAspect::Arrival, k), 0.0, "it stood there at the first look");
        assert_eq!(raster.value(WaterAspect::MaxHazard, k), f32::from(tracker.arr[cell]));
        assert!(peaks.cell_at(105.0, 255.0).is_none_or(|(r, k)| r.value(WaterAspect::Duration, k) == 0.0));
        // A model that begins later with what was handed over goes on from it.
        let later = start + 30_000;
        let again = resume(&peaks, solver.domain(), later, 30.0).unwrap();
        assert_eq!((again.from_s(), again.arrival_5cm_s[cell]), (-30.0, -30.0));
        let told = peaks_of(&again, &solver, start);
        assert!(told.rasters[0].top_speed_cm_s == peaks.rasters[0].top_speed_cm_s);
        assert!(told.rasters[0].arrival_s == peaks.rasters[0].arrival_s);
        let other = Arc::new(DomainBuilder::new(Grid { cols: 9, ..solver.domain().grid }).build());
        assert!(resume(&peaks, &other, later, 0.0).is_none(), "of another raster");
    }
}
