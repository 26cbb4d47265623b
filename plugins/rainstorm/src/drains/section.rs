//! Cross-sections as tables: area, surface width and hydraulic radius by depth, and from them the normal
//! and the critical depth of a flow.

use crate::surface::GRAVITY;

/// Steps of a table.
const STEPS: usize = 100;
/// Higher sections make no sense, m.
const LARGEST_M: f64 = 1000.0;
/// Depth, as a share of the full one, up to which a critical depth is looked for in a closed section: above
/// it the surface is too narrow to mean anything.
const CRITICAL_UPTO: f64 = 0.96;

/// Height over the full depth above which the slot is as narrow as it gets, its width there over the section's, and the
/// steps of its area below.
const SLOT_TOP: f64 = 1.78;
const SLOT_SHARE: f64 = 0.01;
const SLOT_STEP: f64 = 0.01;
/// Area of the slot from the crown, over width times height of the section.
static SLOT_AREA: std::sync::LazyLock<Vec<f64>> = std::sync::LazyLock::new(|| {
    let mut sum = 0.0;
    let steps = ((SLOT_TOP - 1.0) / SLOT_STEP).round() as usize;
    let rest = (0..steps).map(|k| {
        sum += sjoberg(1.0 + (k as f64 + 0.5) * SLOT_STEP) * SLOT_STEP;
        sum
    });
    std::iter::once(0.0).chain(rest).collect()
});

fn sjoberg(x: f64) -> f64 {
    0.5423 * (-x.powf(2.4)).exp()
}

/// A section at one depth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wetted {
    /// Area, m².
    pub area_m2: f64,
    /// Width of the surface, m.
    pub width_m: f64,
    /// Hydraulic radius, m.
    pub radius_m: f64,
}

/// A cross-section of one barrel.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Full depth, m.
    pub full_m: f64,
    /// Full area, m².
    pub area_m2: f64,
    /// Hydraulic radius of the full section, m.
    pub radius_m: f64,
    /// Has a top: can run under pressure.
    pub closed: bool,
    /// Widest surface, m.
    widest_m: f64,
    per_m: f64,
    /// Area, width, radius at equal steps of depth.
    table: Vec<Wetted>,
    /// Largest value of `A R^(2/3)` below or at each step, for normal depth.
    conveyance: Vec<f64>,
    /// Critical flow at each step, m³/s, rising.
    critical: Vec<f64>,
}

impl Section {
    /// From width and wetted perimeter by depth (a closed section's top counts in the perimeter of the last
    /// step). `area_m2`: the full area when it is known better than the widths say it. `None` unless sizes
    /// are positive and finite.
    #[must_use]
    pub fn from_profile(
        full_m: f64,
        closed: bool,
        area_m2: Option<f64>,
        profile: impl Fn(f64) -> (f64, f64),
    ) -> Option<Self> {
        if !(full_m > 0.0 && full_m <= LARGEST_M) {
            return None;
        }
        let step = full_m / STEPS as f64;
        let points: Vec<(f64, f64)> = (0..=STEPS).map(|k| profile(k as f64 * step)).collect();
        // Area by Simpson's rule over each step: widths near an invert rise with a root.
        let fine = 32;
        let mut areas = vec![0.0];
        for k in 0..STEPS {
            let inside: f64 =
                (0..fine).map(|i| profile((k as f64 + (f64::from(i) + 0.5) / f64::from(fine)) * step).0).sum::<f64>();
            areas.push(areas[k] + inside * step / f64::from(fine));
        }
        let scale = match area_m2 {
            Some(want) if areas[STEPS] > 0.0 => want / areas[STEPS],
            _ => 1.0,
        };
        let table: Vec<Wetted> = points
            .iter()
            .zip(&areas)
            .map(|((width, perimeter), area)| {
                let area_m2 = area * scale;
                let radius_m = if *perimeter > 0.0 { area_m2 / perimeter } else { 0.0 };
                Wetted { area_m2, width_m: width * scale, radius_m }
            })
            .collect();
        Self::from_table(full_m, closed, table)
    }

    /// From [`STEPS`] + 1 wetted states.
    fn from_table(full_m: f64, closed: bool, table: Vec<Wetted>) -> Option<Self> {
        let full = *table.last()?;
        let good = table
            .iter()
            .all(|w| w.area_m2.is_finite() && w.width_m.is_finite() && w.radius_m.is_finite() && w.area_m2 >= 0.0);
        if !good || full.area_m2 <= 0.0 || full.radius_m <= 0.0 {
            return None;
        }
        let mut best = 0.0_f64;
        let conveyance = table
            .iter()
            .map(|w| {
                best = best.max(w.area_m2 * w.radius_m.powf(2.0 / 3.0));
                best
            })
            .collect();
        let mut most = 0.0_f64;
        let critical = table
            .iter()
            .enumerate()
            .map(|(k, w)| {
                if !closed || k as f64 <= CRITICAL_UPTO * STEPS as f64 {
                    most = most.max(if w.width_m > 0.0 {
                        w.area_m2 * (GRAVITY * w.area_m2 / w.width_m).sqrt()
                    } else {
                        0.0
                    });
                }
                most
            })
            .collect();
        let per_m = STEPS as f64 / full_m;
        Some(Self {
            full_m,
            area_m2: full.area_m2,
            radius_m: full.radius_m,
            closed,
            widest_m: table.iter().map(|w| w.width_m).fold(0.0, f64::max),
            per_m,
            table,
            conveyance,
            critical,
        })
    }

    /// The section at a depth; a full one above its top (an open one keeps its width).
    #[inline]
    #[must_use]
    pub fn at(&self, depth_m: f64) -> Wetted {
        let x = depth_m * self.per_m;
        if x <= 0.0 {
            return Wetted::default();
        }
        if x >= STEPS as f64 {
            let full = self.table[STEPS];
            return if self.closed { Wetted { width_m: 0.0, ..full } } else { full };
        }
        let k = x as usize;
        let s = x - k as f64;
        let (a, b) = (&self.table[k], &self.table[k + 1]);
        // Widths are linear between steps, areas their integral (scaled to meet the next step's).
        let rise = b.width_m - a.width_m;
        let mean = 0.5 * (a.width_m + b.width_m);
        let share = if mean > 0.0 { s * (a.width_m + 0.5 * rise * s) / mean } else { s };
        Wetted {
            area_m2: a.area_m2 + share * (b.area_m2 - a.area_m2),
            width_m: a.width_m + rise * s,
            radius_m: a.radius_m + s * (b.radius_m - a.radius_m),
        }
    }

    /// Width of the Preissmann slot over a closed section at a depth, m, and its area up to there, m²: after Sjöberg up to
    /// 1.78 times the height, 1 % of the width above, as SWMM's SLOT option has it.
    #[must_use]
    pub fn slot(&self, depth_m: f64) -> (f64, f64) {
        let x = depth_m / self.full_m;
        if !self.closed || x < 1.0 {
            return (0.0, 0.0);
        }
        let size = self.widest_m * self.full_m;
        if x >= SLOT_TOP {
            let below = SLOT_AREA.last().copied().unwrap_or(0.0);
            return (SLOT_SHARE * self.widest_m, (below + SLOT_SHARE * (x - SLOT_TOP)) * size);
        }
        let k = (x - 1.0) / SLOT_STEP;
        let (i, s) = (k.floor() as usize, k.fract());
        let area = SLOT_AREA[i] + s * (SLOT_AREA[(i + 1).min(SLOT_AREA.len() - 1)] - SLOT_AREA[i]);
        (sjoberg(x) * self.widest_m, area * size)
    }

    /// Area, hydraulic radius and width at every second step of depth, from the invert to the top.
    pub(super) fn every_other(&self) -> Vec<[f64; 3]> {
        self.table.iter().step_by(2).map(|w| [w.area_m2, w.radius_m, w.width_m]).collect()
    }

    /// The section at a depth, full at most: its width counts for nothing.
    #[must_use]
    pub fn at_or_below(&self, depth_m: f64) -> Wetted {
        self.at(depth_m.min(self.full_m))
    }

    /// Largest `A R^(2/3)` up to a depth.
    #[must_use]
    pub fn conveyance_at(&self, depth_m: f64) -> f64 {
        let x = (depth_m * self.per_m).clamp(0.0, STEPS as f64);
        let k = (x as usize).min(STEPS - 1);
        self.conveyance[k] + (x - k as f64) * (self.conveyance[k + 1] - self.conveyance[k])
    }

    /// Depth at which `A R^(2/3)` has a value, m; the full depth above its largest.
    #[must_use]
    pub fn normal_depth_m(&self, conveyance: f64) -> f64 {
        self.inverse(&self.conveyance, conveyance)
    }

    /// Critical depth of a flow, m; the full depth when there is none.
    #[must_use]
    pub fn critical_depth_m(&self, flow_m3_s: f64) -> f64 {
        self.inverse(&self.critical, flow_m3_s)
    }

    fn inverse(&self, rising: &[f64], value: f64) -> f64 {
        if value <= 0.0 {
            return 0.0;
        }
        let k = rising.partition_point(|v| *v < value);
        if k > STEPS {
            return self.full_m;
        }
        // Step 0 holds 0, so that k is at least 1.
        let (a, b) = (rising[k - 1], rising[k]);
        let s = if b > a { (value - a) / (b - a) } else { 0.0 };
        ((k - 1) as f64 + s) / self.per_m
    }
}
