//! The rain over a city from what is measured: gauges interpolated by inverse distance, grids of radar adjusted to
//! gauges, and how much of the city they speak for.

use std::sync::Arc;

use guanlan_core::{
    Stamp,
    rain::{RainFrame, RainGrids as Feed},
    water::{RainMap as Shown, RainSource},
};

use crate::{
    storm::{Rain, RainGrid, RainGrids, RainMap, RainSeries},
    surface::Grid,
};

/// Cell side of the analysis, m: rain gauges of a city stand farther apart.
const CELL_M: f64 = 500.0;
/// A gauge speaks for places this near, m.
const REACH_M: f64 = 3_000.0;
/// Nearest gauges that are weighed at a place.
const NEAREST: usize = 8;
/// Gauges must say more than this for a grid to be adjusted to them, mm/h.
const ADJUST_FROM_MM_H: f64 = 0.5;
/// Most a grid is scaled, and least.
const ADJUST: [f64; 2] = [0.5, 2.0];
/// A gauge that says more than so many times the median of its neighbours, and so much more, is left out.
const OUTLIER: (f64, f64) = (5.0, 30.0);
/// Present rain fades with this time when nobody forecasts, min.
const FADE_MIN: f64 = 45.0;
/// Step of expected rain without grids, min.
const STEP_MIN: f64 = 10.0;

/// Differences that gauges cannot tell from their own errors: so many mm/h, and this share of the mean.
const EVEN_MM_H: f64 = 0.3;
const EVEN_SHARE: f64 = 0.1;

/// What one rain gauge says now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RainReading {
    /// Local m.
    pub place_m: [f64; 2],
    /// mm/h.
    pub mm_h: f64,
}

/// Rain over a city at an instant.
#[derive(Clone, Debug, PartialEq)]
pub struct RainAnalysis {
    grid: Grid,
    /// mm/h, row-major from the south-west.
    mm_h: Vec<f32>,
    /// Cells that data speak for.
    known: Vec<bool>,
    /// Where it comes from.
    pub source: RainSource,
}

/// The analysis raster of a model's raster.
fn coarse(grid: &Grid) -> Grid {
    let count = |n: usize| ((n as f64 * grid.cell_m / CELL_M).ceil() as usize).max(1);
    Grid { west_m: grid.west_m, south_m: grid.south_m, cell_m: CELL_M, cols: count(grid.cols), rows: count(grid.rows) }
}

/// The rain over a model's raster from gauges and grids. Grids are asked newest first.
#[must_use]
pub fn analyse(grid: &Grid, readings: &[RainReading], grids: &[Arc<Feed>], now: Stamp) -> RainAnalysis {
    let grid = coarse(grid);
    let gauges = believable(readings);
    let radar = |place: [f64; 2]| grids.iter().rev().find_map(|g| g.mm_h(now, place[0], place[1]));
    let factor = adjustment(&gauges, &radar);
    let (mut mm_h, mut known) = (Vec::with_capacity(grid.len()), Vec::with_capacity(grid.len()));
    let (mut by_grid, mut by_gauge) = (false, false);
    for row in 0..grid.rows {
        for col in 0..grid.cols {
            let place = grid.centre_m(col, row);
            let (value, speaks) = match radar(place) {
                Some(v) => {
                    by_grid = true;
                    (v * factor.unwrap_or(1.0), true)
                }
                None => {
                    let (v, near) = interpolated(&gauges, place);
                    by_gauge |= near;
                    (v, near)
                }
            };
            mm_h.push(value as f32);
            known.push(speaks);
        }
    }
    let source = match (by_grid, factor.is_some() || by_gauge, gauges.is_empty()) {
        (true, true, _) => RainSource::GridAndGauges,
        (true, false, _) => RainSource::Grid,
        (false, _, false) => RainSource::Gauges,
        (false, _, true) => RainSource::None,
    };
    RainAnalysis { grid, mm_h, known, source }
}

/// Gauges without those that say far more than all their neighbours.
fn believable(readings: &[RainReading]) -> Vec<RainReading> {
    let good = |r: &&RainReading| r.mm_h.is_finite() && r.mm_h >= 0.0 && r.place_m.iter().all(|v| v.is_finite());
    let all: Vec<RainReading> = readings.iter().filter(good).copied().collect();
    let alone = |k: usize| {
        let mut others: Vec<f64> = all
            .iter()
            .enumerate()
            .filter(|(j, o)| *j != k && distance_m(o.place_m, all[k].place_m) <= REACH_M)
            .map(|(_, o)| o.mm_h)
            .collect();
        if others.len() < 4 {
            return false;
        }
        others.sort_by(f64::total_cmp);
        all[k].mm_h > others[others.len() / 2] * OUTLIER.0 + OUTLIER.1
    };
    (0..all.len()).filter(|k| !alone(*k)).map(|k| all[k]).collect()
}

fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    (x * x + y * y).sqrt()
}

/// Inverse square distance over the nearest gauges; false when none is near enough to speak for the place.
fn interpolated(gauges: &[RainReading], place: [f64; 2]) -> (f64, bool) {
    let mut near: Vec<(f64, f64)> = gauges.iter().map(|g| (distance_m(g.place_m, place), g.mm_h)).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0));
    near.truncate(NEAREST);
    let (mut sum, mut weights) = (0.0, 0.0);
    for (d, v) in &near {
        // A gauge speaks for a hundred metres around it, not for a point.
        let w = 1.0 / (d * d).max(1.0e4);
        sum += w * v;
        weights += w;
    }
    if weights > 0.0 { (sum / weights, near[0].0 <= REACH_M) } else { (0.0, false) }
}

/// What a grid is multiplied by to say on the whole what the gauges say; `None` when too few of them have rain.
fn adjustment(gauges: &[RainReading], radar: &dyn Fn([f64; 2]) -> Option<f64>) -> Option<f64> {
    let (mut of_gauges, mut of_grid, mut n) = (0.0, 0.0, 0);
    for g in gauges {
        let Some(v) = radar(g.place_m).filter(|v| *v > ADJUST_FROM_MM_H && g.mm_h > ADJUST_FROM_MM_H) else { continue };
        of_gauges += g.mm_h;
        of_grid += v;
        n += 1;
    }
    (n >= 3).then(|| (of_gauges / of_grid).clamp(ADJUST[0], ADJUST[1]))
}

impl RainAnalysis {
    /// Mean over the city, mm/h.
    #[must_use]
    pub fn mean_mm_h(&self) -> f64 {
        self.mm_h.iter().map(|v| f64::from(*v)).sum::<f64>() / self.mm_h.len().max(1) as f64
    }

    /// Share of the city that data speak for, 0 to 1.
    #[must_use]
    pub fn coverage(&self) -> f64 {
        self.known.iter().filter(|k| **k).count() as f64 / self.known.len().max(1) as f64
    }

    /// Rain at a place, mm/h; `None` where no data speak.
    #[must_use]
    pub fn at(&self, place_m: [f64; 2]) -> Option<f64> {
        let (col, row) = self.grid.cell_of(place_m[0], place_m[1])?;
        let k = row * self.grid.cols + col;
        self.known[k].then(|| f64::from(self.mm_h[k]))
    }

    /// This rain for a time, its time 0 is now; multiplied by `share`.
    fn piece(&self, from_s: f64, to_s: f64, share: f64) -> RainGrid {
        let mm_h: Vec<f32> = self.mm_h.iter().map(|v| (f64::from(*v) * share) as f32).collect();
        RainGrid {
            from_s,
            to_s,
            west_m: self.grid.west_m,
            south_m: self.grid.south_m,
            cell_m: self.grid.cell_m,
            cols: self.grid.cols,
            rows: self.grid.rows,
            highest_mm_h: mm_h.iter().copied().fold(0.0, f32::max),
            mm_h,
        }
    }

    /// This rain from now on for `seconds`.
    #[must_use]
    pub fn rain(&self, seconds: f64) -> Rain {
        rain_of(vec![self.piece(0.0, seconds, 1.0)])
    }

    /// As views see it.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let tenth = |v: &f32| (f64::from(*v) * 10.0).round().clamp(0.0, f64::from(RainFrame::NO_DATA - 1)) as u16;
        let tenths: Vec<u16> = self.mm_h.iter().map(tenth).collect();
        Shown {
            west_m: self.grid.west_m,
            south_m: self.grid.south_m,
            cell_m: self.grid.cell_m,
            cols: self.grid.cols as u32,
            rows: self.grid.rows as u32,
            tenth_mm_h: if tenths.iter().all(|v| *v == 0) { Vec::new() } else { tenths },
        }
    }
}

/// Rasters one after another as rain. Rain that is the same everywhere, as far as gauges can tell, is a series: it
/// costs the solver no rows.
fn rain_of(frames: Vec<RainGrid>) -> Rain {
    let spread = |f: &RainGrid| {
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        f.mm_h.iter().for_each(|v| (low, high) = (low.min(*v), high.max(*v)));
        (high - low, mean_of(f))
    };
    let even = frames.iter().all(|f| {
        let (spread, mean) = spread(f);
        f64::from(spread) <= EVEN_MM_H.max(EVEN_SHARE * mean)
    });
    if even {
        let mut knots = vec![[0.0, 0.0]];
        let mut sum = 0.0;
        for f in &frames {
            sum += mean_of(f) * (f.to_s - f.from_s) / 3600.0;
            knots.push([f.to_s, sum]);
        }
        return RainSeries::from_cumulative(knots).map(Rain::from).unwrap_or_default();
    }
    let map = RainMap { grids: RainGrids::new(frames), ..RainMap::default() };
    Rain { base: RainSeries::default(), map: Some(Arc::new(map)) }
}

/// The rain expected from now on: forecast grids as far as they reach, after them (or without them) the last rain,
/// fading. Its time 0 is now. Also says where it comes from and its mean over the city, mm.
#[must_use]
pub fn expected_rain(present: &RainAnalysis, grids: &[Arc<Feed>], now: Stamp, hours: f64) -> (Rain, RainSource, f64) {
    let end_s = hours * 3600.0;
    let (mut frames, mut t_s, mut forecast) = (Vec::new(), 0.0, false);
    let mut last = present.clone();
    let mut faded_min = 0.0;
    while t_s < end_s {
        let at = now + (t_s * 1000.0) as i64;
        let issued = grids.iter().rev().find(|g| covers(g, at));
        let next_s = (t_s + STEP_MIN * 60.0).min(end_s);
        match issued {
            // A radar picture of this minute is the present; what reaches beyond it is a forecast.
            Some(feed) if t_s > 0.0 || covers(feed, now + (STEP_MIN * 60_000.0) as i64) => {
                last = sampled(present, feed, at);
                frames.push(last.piece(t_s, next_s, 1.0));
                (forecast, faded_min) = (true, 0.0);
            }
            _ => {
                // The middle of the step stands for it.
                let share = (-(faded_min + 0.5 * STEP_MIN) / FADE_MIN).exp();
                frames.push(last.piece(t_s, next_s, share));
                faded_min += STEP_MIN;
            }
        }
        t_s = next_s;
    }
    let total_mm: f64 = frames.iter().map(|f| mean_of(f) * (f.to_s - f.from_s) / 3600.0).sum();
    let source = match (forecast, present.source) {
        (true, _) => RainSource::Forecast,
        (false, RainSource::None) => RainSource::None,
        (false, _) => RainSource::Persistence,
    };
    if frames.iter().all(|f| f.highest_mm_h <= 0.0) {
        return (Rain::default(), source, 0.0);
    }
    (rain_of(frames), source, total_mm)
}

fn mean_of(f: &RainGrid) -> f64 {
    f.mm_h.iter().map(|v| f64::from(*v)).sum::<f64>() / f.mm_h.len().max(1) as f64
}

fn covers(feed: &Feed, at: Stamp) -> bool {
    feed.frames.iter().any(|f| f.from <= at && at < f.to)
}

/// A feed's grid on the analysis raster; where it says nothing the present rain stays.
fn sampled(present: &RainAnalysis, feed: &Feed, at: Stamp) -> RainAnalysis {
    let mut out = present.clone();
    for row in 0..out.grid.rows {
        for col in 0..out.grid.cols {
            let [x, y] = out.grid.centre_m(col, row);
            if let Some(v) = feed.mm_h(at, x, y) {
                let k = row * out.grid.cols + col;
                (out.mm_h[k], out.known[k]) = (v as f32, true);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn city() -> Grid {
        Grid { west_m: 0.0, south_m: 0.0, cell_m: 10.0, cols: 400, rows: 400 }
    }

    fn reading(x: f64, y: f64, mm_h: f64) -> RainReading {
        RainReading { place_m: [x, y], mm_h }
    }

    fn feed(issued: i64, frames: &[(i64, i64, u16)]) -> Arc<Feed> {
        let frame = |&(from, to, v): &(i64, i64, u16)| RainFrame {
            from: Stamp(from * 60_000),
            to: Stamp(to * 60_000),
            tenth_mm_h: vec![v, RainFrame::NO_DATA],
        };
        Arc::new(Feed {
            feed: "radar".into(),
            issued: Stamp(issued * 60_000),
            west_m: 0.0,
            south_m: 0.0,
            cell_m: 4000.0,
            cols: 2,
            rows: 1,
            frames: frames.iter().map(frame).collect(),
        })
    }

    #[test]
    fn gauges_are_interpolated_and_one_that_cries_wolf_is_left_out() {
        let mut gauges = vec![reading(500.0, 2000.0, 10.0), reading(3500.0, 2000.0, 50.0)];
        let a = analyse(&city(), &gauges, &[], Stamp(0));
        assert_eq!((a.source, a.coverage()), (RainSource::Gauges, 1.0));
        assert!(a.at([600.0, 2000.0]).unwrap() < 13.0 && a.at([3400.0, 2000.0]).unwrap() > 45.0);
        assert!((a.at([2000.0, 2250.0]).unwrap() - 30.0).abs() < 8.0);
        gauges.extend((0..5).map(|k| reading(1000.0 + 300.0 * f64::from(k), 1000.0, 12.0)));
        gauges.push(reading(1500.0, 1500.0, 500.0));
        assert!(analyse(&city(), &gauges, &[], Stamp(0)).at([1500.0, 1500.0]).unwrap() < 30.0);
        let none = analyse(&city(), &[], &[], Stamp(0));
        assert_eq!((none.source, none.coverage(), none.mean_mm_h()), (RainSource::None, 0.0, 0.0));
        assert!(none.rain(60.0).map.is_none(), "dry everywhere is a series");
    }

    #[test]
    fn a_grid_is_adjusted_to_its_gauges_within_limits() {
        let radar = [feed(0, &[(0, 6, 200)])];
        let gauges: Vec<_> = (0..4).map(|k| reading(500.0 + 800.0 * f64::from(k), 2000.0, 30.0)).collect();
        let a = analyse(&city(), &gauges, &radar, Stamp(60_000));
        assert_eq!(a.source, RainSource::GridAndGauges);
        assert!((a.mean_mm_h() - 30.0).abs() < 0.1, "{}", a.mean_mm_h());
        let wild: Vec<_> = gauges.iter().map(|g| RainReading { mm_h: 200.0, ..*g }).collect();
        assert!((analyse(&city(), &wild, &radar, Stamp(60_000)).mean_mm_h() - 40.0).abs() < 0.1, "at most doubled");
        assert_eq!(analyse(&city(), &[], &radar, Stamp(60_000)).source, RainSource::Grid);
        assert_eq!(analyse(&city(), &[], &radar, Stamp(600_000)).source, RainSource::None, "the radar is old");
    }

    #[test]
    fn expected_rain_is_the_forecast_and_then_fades() {
        let now = analyse(&city(), &[reading(2000.0, 2000.0, 60.0)], &[], Stamp(0));
        let (rain, source, mm) = expected_rain(&now, &[], Stamp(0), 2.0);
        assert_eq!(source, RainSource::Persistence);
        // 60 mm/h fading with 45 min: 45 mm × (1 − e^(−120/45)).
        assert!((mm - 45.0 * (1.0 - (-120.0_f64 / 45.0).exp())).abs() < 1.0, "{mm}");
        let series = rain.series_at([2000.0, 2000.0], 7200.0);
        assert!(series.between_mm(0.0, 600.0) > 2.0 * series.between_mm(3600.0, 4200.0));
        let radar = [feed(0, &[(0, 6, 300)])];
        assert_eq!(expected_rain(&now, &radar, Stamp(0), 2.0).1, RainSource::Persistence, "a picture of now");
        let ahead = [feed(0, &[(0, 60, 300)])];
        let (rain, source, mm) = expected_rain(&now, &ahead, Stamp(0), 2.0);
        assert_eq!(source, RainSource::Forecast);
        assert!((rain.series_at([1000.0, 2000.0], 7200.0).between_mm(0.0, 3600.0) - 30.0).abs() < 1.0);
        assert!(mm > 30.0, "after the forecast its last rain fades: {mm}");
        let dry = analyse(&city(), &[reading(2000.0, 2000.0, 0.0)], &[], Stamp(0));
        assert_eq!(expected_rain(&dry, &[], Stamp(0), 2.0).2, 0.0);
    }
}
