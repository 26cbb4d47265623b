//! What the water has been since it began: deepest, fastest, worst, when it came and how long it stood; and how fast and
//! how dangerous it is now. [`WaterAspect`] names what of it a picture shows, with unit and classes.
//!
//! [`WaterPeaks`] is an input: journaled, so that a replay shows what was shown and needs no solver. Frame: metres in the
//! room's local frame, cells row-major from the south-west, like [`crate::input::DepthField`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{stamp::Stamp, text::Bilingual};

/// Water has arrived at this depth, m.
pub const ARRIVED_M: f32 = 0.05;
/// Depth whose time is counted, m.
pub const STANDS_M: f32 = 0.15;

/// A class of values: from a value on up to the next class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AspectClass {
    /// Least value, in the unit of its aspect.
    pub from: f32,
    /// Colour, `#RRGGBB`.
    pub color: &'static str,
    /// What it means, in Chinese.
    pub zh: &'static str,
    /// What it means, in English.
    pub en: &'static str,
}

const fn class(from: f32, color: &'static str, zh: &'static str, en: &'static str) -> AspectClass {
    AspectClass { from, color, zh, en }
}

/// Hazard and depth from harmless to deadly.
pub const HEAT: [&str; 6] = ["#3b82c4", "#46b5a8", "#e8d44d", "#f0a43a", "#e0632c", "#c21f3a"];

const DEPTH: &[AspectClass] = &[
    class(0.05, "#9ec9e8", "5–15 cm", "5–15 cm"),
    class(0.15, "#5aa2d8", "15–27 cm", "15–27 cm"),
    class(0.27, "#2f77bf", "27–40 cm", "27–40 cm"),
    class(0.40, "#1f4fa0", "40–50 cm", "40–50 cm"),
    class(0.50, "#3a2a8c", "50 cm–1 m", "50 cm to 1 m"),
    class(1.0, "#5b1670", "1 m 以上", "1 m and more"),
];
const SPEED: &[AspectClass] = &[
    class(0.1, HEAT[0], "0.1–0.5 m/s", "0.1–0.5 m/s"),
    class(0.5, HEAT[1], "0.5–1 m/s", "0.5–1 m/s"),
    class(1.0, HEAT[2], "1–2 m/s", "1–2 m/s"),
    class(2.0, HEAT[4], "2 m/s 以上", "2 m/s and more"),
];
const HAZARD: &[AspectClass] = &[
    class(0.5, "#b9d3e6", "H1 一般安全", "H1 generally safe"),
    class(1.5, HEAT[1], "H2 小型车辆危险", "H2 unsafe for small vehicles"),
    class(2.5, HEAT[2], "H3 车辆、老幼危险", "H3 unsafe for vehicles, children, the elderly"),
    class(3.5, HEAT[3], "H4 所有人和车辆危险", "H4 unsafe for people and vehicles"),
    class(4.5, HEAT[4], "H5 建筑可能损坏", "H5 buildings may be damaged"),
    class(5.5, HEAT[5], "H6 建筑可能倒塌", "H6 buildings may fail"),
];
const ARRIVAL: &[AspectClass] = &[
    class(0.0, HEAT[5], "15 分钟以内", "within 15 min"),
    class(900.0, HEAT[4], "15–30 分钟", "15–30 min"),
    class(1800.0, HEAT[3], "30–60 分钟", "30–60 min"),
    class(3600.0, HEAT[2], "1–2 小时", "1–2 h"),
    class(7200.0, HEAT[0], "2 小时以后", "after 2 h"),
];
const DURATION: &[AspectClass] = &[
    class(1.0, HEAT[0], "15 分钟以内", "up to 15 min"),
    class(900.0, HEAT[1], "15–30 分钟", "15–30 min"),
    class(1800.0, HEAT[2], "30–60 分钟", "30–60 min"),
    class(3600.0, HEAT[3], "1–2 小时", "1–2 h"),
    class(7200.0, HEAT[5], "2 小时以上", "2 h and more"),
];

/// Classes of depth × speed, m²/s (ARR 2019: .3 is unsafe for small vehicles and children, .6 for vehicles and adults).
pub const DEPTH_SPEED: &[AspectClass] = &[
    class(0.05, HEAT[0], "0.05–0.3 m²/s", "0.05–0.3 m²/s"),
    class(0.3, HEAT[2], "0.3–0.6 m²/s", "0.3–0.6 m²/s"),
    class(0.6, HEAT[3], "0.6–1 m²/s", "0.6–1 m²/s"),
    class(1.0, HEAT[5], "1 m²/s 以上", "1 m²/s and more"),
];

/// Classes of the hazard rating d(v + 0.5) + DF of the UK Environment Agency.
pub const RATING: &[AspectClass] = &[
    class(0.05, HEAT[0], "0.75 以下：低", "below 0.75: low"),
    class(0.75, HEAT[2], "0.75–1.25：部分人危险", "0.75–1.25: danger for some"),
    class(1.25, HEAT[3], "1.25–2：多数人危险", "1.25–2: danger for most"),
    class(2.0, HEAT[5], "2 以上：所有人危险", "2 and more: danger for all"),
];

/// What of the water a picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaterAspect {
    /// Depth now.
    #[default]
    Depth,
    /// Speed now.
    Speed,
    /// Hazard class now (depth and speed, ARR 2019).
    Hazard,
    /// Deepest since the water began.
    MaxDepth,
    /// Fastest.
    MaxSpeed,
    /// Worst hazard class.
    MaxHazard,
    /// When more than 5 cm came, counted from the begin.
    Arrival,
    /// How long it stood over 15 cm.
    Duration,
}

impl WaterAspect {
    /// All of them, in the order people choose from.
    pub const ALL: [Self; 8] = [
        Self::Depth,
        Self::Speed,
        Self::Hazard,
        Self::MaxDepth,
        Self::MaxSpeed,
        Self::MaxHazard,
        Self::Arrival,
        Self::Duration,
    ];

    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        let (zh, en) = match self {
            Self::Depth => ("水深", "Depth"),
            Self::Speed => ("流速", "Speed"),
            Self::Hazard => ("危险等级", "Hazard"),
            Self::MaxDepth => ("最大水深", "Maximum depth"),
            Self::MaxSpeed => ("最大流速", "Maximum speed"),
            Self::MaxHazard => ("最大危险等级", "Maximum hazard"),
            Self::Arrival => ("到达时间", "Arrival"),
            Self::Duration => ("历时", "Duration"),
        };
        Bilingual::new(zh, en)
    }

    /// Unit of its values; empty for classes.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Depth | Self::MaxDepth => "m",
            Self::Speed | Self::MaxSpeed => "m/s",
            Self::Hazard | Self::MaxHazard => "",
            Self::Arrival | Self::Duration => "s",
        }
    }

    /// Its classes, from the least value on.
    #[must_use]
    pub fn classes(self) -> &'static [AspectClass] {
        match self {
            Self::Depth | Self::MaxDepth => DEPTH,
            Self::Speed | Self::MaxSpeed => SPEED,
            Self::Hazard | Self::MaxHazard => HAZARD,
            Self::Arrival => ARRIVAL,
            Self::Duration => DURATION,
        }
    }

    /// True for what is now; false for what has been since the begin.
    #[must_use]
    pub fn is_now(self) -> bool {
        matches!(self, Self::Depth | Self::Speed | Self::Hazard)
    }

    /// Where a value lies among the classes: the number of its class and how far through it, for example 1.25; `None`
    /// below the first. Beyond the last class it stays in its middle.
    #[must_use]
    pub fn place(self, value: f32) -> Option<f32> {
        let classes = self.classes();
        let k = classes.iter().rposition(|c| value >= c.from)?;
        let share = match classes.get(k + 1) {
            // Classes of hazard are whole: there is nothing between them.
            Some(next) if !matches!(self, Self::Hazard | Self::MaxHazard) => {
                ((value - classes[k].from) / (next.from - classes[k].from)).min(0.999)
            }
            _ => 0.5,
        };
        Some(k as f32 + share)
    }
}

/// The cells of one raster that have been wet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PeakRaster {
    /// West edge of column 0, m.
    pub west_m: f64,
    /// South edge of row 0, m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns (west to east).
    pub cols: u32,
    /// Rows (south to north).
    pub rows: u32,
    /// Cells that have had more than 5 cm: each as the distance from the one before it, the first from −1.
    pub steps: Vec<u32>,
    /// Deepest water of each of them, mm.
    pub depth_mm: Vec<u16>,
    /// Speed now, cm/s.
    pub speed_cm_s: Vec<u16>,
    /// Fastest, cm/s.
    pub top_speed_cm_s: Vec<u16>,
    /// Hazard class now, 0 dry, 1 to 6 (ARR 2019).
    pub hazard: Vec<u8>,
    /// Worst hazard class.
    pub top_hazard: Vec<u8>,
    /// When more than 5 cm came, s after [`WaterPeaks::since`].
    pub arrival_s: Vec<u32>,
    /// Time with more than 15 cm, s.
    pub over_s: Vec<u32>,
}

impl PeakRaster {
    /// Numbers of its cells, ascending.
    pub fn cells(&self) -> impl Iterator<Item = usize> + '_ {
        self.steps.iter().scan(-1_i64, |at, step| {
            *at += i64::from(*step);
            Some(*at as usize)
        })
    }

    /// True when it says everything of each of its cells, and they lie on its raster.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let n = self.steps.len();
        let last: u64 = self.steps.iter().map(|s| u64::from(*s)).sum();
        [&self.depth_mm, &self.speed_cm_s, &self.top_speed_cm_s].iter().all(|v| v.len() == n)
            && [&self.hazard, &self.top_hazard].iter().all(|v| v.len() == n)
            && [&self.arrival_s, &self.over_s].iter().all(|v| v.len() == n)
            && self.steps.iter().all(|s| *s > 0)
            && last <= u64::from(self.cols) * u64::from(self.rows)
            && self.cell_m > 0.0
    }

    /// A value of the cell that is the `k`-th of them, in the unit of its aspect; 0 where it does not know.
    #[must_use]
    pub fn value(&self, aspect: WaterAspect, k: usize) -> f32 {
        let short = |v: &[u16]| v.get(k).map_or(0.0, |v| f32::from(*v));
        let class = |v: &[u8]| v.get(k).map_or(0.0, |v| f32::from(*v));
        let long = |v: &[u32]| v.get(k).map_or(0.0, |v| *v as f32);
        match aspect {
            WaterAspect::Depth | WaterAspect::MaxDepth => short(&self.depth_mm) / 1000.0,
            WaterAspect::Speed => short(&self.speed_cm_s) / 100.0,
            WaterAspect::MaxSpeed => short(&self.top_speed_cm_s) / 100.0,
            WaterAspect::Hazard => class(&self.hazard),
            WaterAspect::MaxHazard => class(&self.top_hazard),
            WaterAspect::Arrival => long(&self.arrival_s),
            WaterAspect::Duration => long(&self.over_s),
        }
    }

    fn index_at(&self, east_m: f64, north_m: f64) -> Option<Option<usize>> {
        let (c, r) = ((east_m - self.west_m) / self.cell_m, (north_m - self.south_m) / self.cell_m);
        let inside = c >= 0.0 && r >= 0.0 && c < f64::from(self.cols) && r < f64::from(self.rows);
        let cell = r.floor() as usize * self.cols as usize + c.floor() as usize;
        inside.then(|| self.cells().position(|k| k == cell))
    }
}

/// What the water has been since it began, of every cell that has been wet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterPeaks {
    /// The simulated instant it holds for.
    pub at: Stamp,
    /// When the model began to look: arrival counts from here.
    pub since: Stamp,
    /// The whole raster, then the finer ones over parts of it (focus areas).
    pub rasters: Vec<PeakRaster>,
}

impl WaterPeaks {
    /// The finest cell at a place that has been wet: its raster, and which of its cells.
    #[must_use]
    pub fn cell_at(&self, east_m: f64, north_m: f64) -> Option<(&PeakRaster, usize)> {
        for finer in self.rasters.iter().skip(1).chain(self.rasters.first()) {
            if let Some(found) = finer.index_at(east_m, north_m) {
                return found.map(|k| (finer, k));
            }
        }
        None
    }

    /// Cells that have been wet.
    #[must_use]
    pub fn wet_cells(&self) -> usize {
        self.rasters.iter().map(|r| r.steps.len()).sum()
    }

    /// True when nothing but the instant differs.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.since == other.since && self.rasters == other.rasters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_finds_its_class_and_how_far_it_is_through_it() {
        let close = |a: Option<f32>, b: f32| a.is_some_and(|a| (a - b).abs() < 1e-4);
        assert_eq!(WaterAspect::MaxDepth.place(0.04), None);
        assert!(close(WaterAspect::MaxDepth.place(0.10), 0.5));
        assert!(close(WaterAspect::MaxDepth.place(7.0), 5.5), "beyond the last it stays in its middle");
        assert!(close(WaterAspect::Arrival.place(0.0), 0.0) && close(WaterAspect::Arrival.place(2700.0), 2.5));
        assert!(close(WaterAspect::Hazard.place(4.0), 3.5), "classes are whole");
        assert_eq!(WaterAspect::Hazard.place(0.0), None, "dry is no class");
        for aspect in WaterAspect::ALL {
            assert!(aspect.classes().windows(2).all(|w| w[0].from < w[1].from), "{aspect:?}");
        }
    }

    #[test]
    fn a_place_is_read_off_the_finest_raster() {
        let cells = |steps: Vec<u32>, mm: u16| PeakRaster {
            cell_m: 10.0,
            cols: 4,
            rows: 4,
            depth_mm: vec![mm; steps.len()],
            speed_cm_s: vec![120; steps.len()],
            top_speed_cm_s: vec![150; steps.len()],
            hazard: vec![2; steps.len()],
            top_hazard: vec![3; steps.len()],
            arrival_s: vec![60; steps.len()],
            over_s: vec![30; steps.len()],
            steps,
            ..PeakRaster::default()
        };
        let whole = cells(vec![1, 5], 400);
        assert!(whole.is_whole());
        assert_eq!(whole.cells().collect::<Vec<_>>(), [0, 5]);
        let fine = PeakRaster { west_m: 10.0, south_m: 10.0, cell_m: 5.0, cols: 2, rows: 2, ..cells(vec![1], 700) };
        let peaks = WaterPeaks { rasters: vec![whole.clone(), fine], ..WaterPeaks::default() };
        let read = |x: f64, y: f64| peaks.cell_at(x, y).map(|(r, k)| r.value(WaterAspect::MaxDepth, k));
        assert_eq!((read(5.0, 5.0), read(12.0, 12.0), read(17.0, 17.0)), (Some(0.4), Some(0.7), None));
        assert_eq!(read(99.0, 5.0), None);
        let (r, k) = peaks.cell_at(5.0, 5.0).unwrap();
        assert_eq!((r.value(WaterAspect::Speed, k), r.value(WaterAspect::MaxHazard, k)), (1.2, 3.0));
        let beyond = PeakRaster { steps: vec![1, 16], ..whole };
        assert!(!beyond.is_whole(), "a cell that is not on the raster");
    }
}
