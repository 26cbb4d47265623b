//! Everything a room can be told. A tick drains inputs in one order and journals that order.
//!
//! Frame: `east_m`, `north_m` are metres in the room's local projected frame; connectors convert.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    command::CommandEnvelope,
    id::{DispatchId, SensorId, UnitId},
    peaks::WaterPeaks,
    photo::PhotoView,
    quantity::ObservedProperty,
    rain::RainGrids,
    stamp::Stamp,
    text::Bilingual,
    warning::Warning,
    water::{AdviceReport, AdviceSearch, ForecastReport, WaterReport, WaterScene},
};

/// One thing a room drains in a tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A measurement.
    Observation(Observation),
    /// A stream says what it is and where (from a feed's metadata).
    SensorDeclared(SensorDeclared),
    /// A position fix of a unit.
    Fix(UnitFix),
    /// A crew reports what it does.
    UnitReport(UnitReport),
    /// A citizen or collector reports a problem (随手拍).
    Citizen(CitizenReport),
    /// A person or program wants something done.
    Command(CommandEnvelope),
    /// The solver delivers water depths.
    Water(Arc<DepthField>),
    /// A feed came up or went down.
    Feed(FeedState),
    /// A drill script delivers an inject to the trainees.
    Inject(Inject),
    /// Gridded rain: radar, interpolated gauges, forecast.
    Rain(Arc<RainGrids>),
    /// Another authority warns, updates or ends a warning (CAP).
    Warning(Box<Warning>),
    /// A file people write for the room (rules, calendar) was changed: its words are an input like any other.
    File(RoomFile),
    /// Where a stream's readings come from, said once and again when it changes.
    Origin(Box<StreamOrigin>),
    /// The model of the water says how it is doing and what it thinks of gauges.
    WaterReport(Arc<WaterReport>),
    /// What can be seen of the model besides depth.
    WaterScene(Arc<WaterScene>),
    /// The hours ahead.
    Forecast(Arc<ForecastReport>),
    /// What could be done about them.
    Advice(Arc<AdviceReport>),
    /// Where a mark that is no stream comes from, said before it and again when it changes.
    Brought(Box<MarkOrigin>),
    /// The wall clock was set back: the room's clock, which never goes back, is ahead of it.
    Ahead(ClockAhead),
    /// The search for pump advice says how far it is.
    AdviceSearch(AdviceSearch),
    /// What the water has been since it began: maxima, arrival, duration; and its speed and hazard now.
    WaterPeaks(Arc<WaterPeaks>),
}

/// How far the room's clock is ahead of the wall clock. Told when it begins, while it shrinks, and with 0 at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAhead {
    /// Room's instant less wall clock, ms.
    pub by_ms: i64,
}

/// A measurement of one stream (SensorThings Observation).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The stream.
    pub sensor: SensorId,
    /// When it was measured.
    pub phenomenon: Stamp,
    /// When it reached the connector.
    pub received: Stamp,
    /// The value in the unit of the stream's property. Never NaN: connectors refuse it.
    pub result: f64,
}

/// What a stream is and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SensorDeclared {
    /// The stream.
    pub sensor: SensorId,
    /// Name on the screen.
    pub name: Bilingual,
    /// What it observes.
    pub property: ObservedProperty,
    /// Local frame, m; `None` shows it as unplaced.
    pub place_m: Option<[f64; 2]>,
    /// Promised time between readings, s.
    pub period_s: u32,
}

/// A position fix (OwnTracks, NMEA …).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitFix {
    /// The unit.
    pub unit: UnitId,
    /// When the fix was taken.
    pub at: Stamp,
    /// Local frame, m.
    pub east_m: f64,
    /// Local frame, m.
    pub north_m: f64,
    /// Over ground, m/s.
    pub speed_mps: f32,
    /// Clockwise from north, degrees.
    pub course_deg: f32,
    /// Battery of the device, %.
    pub battery: Option<u8>,
}

/// What a unit is doing (CAD vocabulary).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitStatus {
    /// On duty and free.
    #[default]
    Available,
    /// Has a task, not yet acknowledged.
    Dispatched,
    /// On its way.
    EnRoute,
    /// At the place, working.
    OnScene,
    /// Work done, leaving.
    Clearing,
    /// Off duty or broken.
    OutOfService,
}

impl UnitStatus {
    /// The name on the screen.
    #[must_use]
    pub fn name(self) -> Bilingual {
        match self {
            Self::Available => Bilingual::new("待命", "Available"),
            Self::Dispatched => Bilingual::new("已派", "Dispatched"),
            Self::EnRoute => Bilingual::new("途中", "En route"),
            Self::OnScene => Bilingual::new("现场", "On scene"),
            Self::Clearing => Bilingual::new("撤离", "Clearing"),
            Self::OutOfService => Bilingual::new("停用", "Out of service"),
        }
    }
}

/// A crew reports its status, with a note and a photo when it finishes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitReport {
    /// The unit.
    pub unit: UnitId,
    /// When it says so.
    pub at: Stamp,
    /// The new status.
    pub status: UnitStatus,
    /// The task it belongs to.
    pub dispatch: Option<DispatchId>,
    /// What was found or done.
    pub note: String,
    /// URL or name of a photo; required to finish a case.
    pub photo: Option<String>,
}

/// A problem reported by a citizen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CitizenReport {
    /// Names the report for ever; a report that comes twice is one.
    pub report: String,
    /// When it was seen.
    pub at: Stamp,
    /// Local frame, m.
    pub east_m: f64,
    /// Local frame, m.
    pub north_m: f64,
    /// Category code in the current edition, for example `06-010`; empty when unknown.
    pub code: String,
    /// The citizen's words.
    pub text: String,
    /// URL or name of a photo.
    pub photo: Option<String>,
    /// Where the photo looks.
    pub view: PhotoView,
}

/// Water depth over the ground on a raster, quantised so that it journals small and exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthField {
    /// The simulated instant it holds for.
    pub at: Stamp,
    /// West edge of column 0, local frame, m.
    pub west_m: f64,
    /// South edge of row 0, local frame, m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns (west to east).
    pub cols: u32,
    /// Rows (south to north).
    pub rows: u32,
    /// Depth in mm, row-major from the south-west; `u16::MAX` means 65.535 m or more.
    pub depth_mm: Vec<u16>,
    /// True when it is a model's estimate and not a scripted exercise field.
    pub estimate: bool,
    /// Finer rasters over parts of it (focus areas). The cells they lie on hold the mean of what they say.
    #[serde(default)]
    pub finer: Vec<DepthPatch>,
}

/// A finer raster over a part of a [`DepthField`]; frame, order and units are the field's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthPatch {
    /// West edge of column 0, local frame, m.
    pub west_m: f64,
    /// South edge of row 0, local frame, m.
    pub south_m: f64,
    /// Cell side, m.
    pub cell_m: f64,
    /// Columns (west to east).
    pub cols: u32,
    /// Rows (south to north).
    pub rows: u32,
    /// Depth in mm, row-major from the south-west.
    pub depth_mm: Vec<u16>,
}

/// Index of the cell at a place; `None` outside.
fn cell_at([west_m, south_m, cell_m]: [f64; 3], [cols, rows]: [u32; 2], east_m: f64, north_m: f64) -> Option<u32> {
    let c = ((east_m - west_m) / cell_m).floor();
    let r = ((north_m - south_m) / cell_m).floor();
    let inside = c >= 0.0 && r >= 0.0 && c < f64::from(cols) && r < f64::from(rows);
    inside.then(|| r as u32 * cols + c as u32)
}

impl DepthPatch {
    fn cell_at(&self, east_m: f64, north_m: f64) -> Option<u32> {
        cell_at([self.west_m, self.south_m, self.cell_m], [self.cols, self.rows], east_m, north_m)
    }
}

impl DepthField {
    /// Depth at a place in m, of the finest cell there; 0 outside the raster.
    #[must_use]
    pub fn depth_m(&self, east_m: f64, north_m: f64) -> f32 {
        let mm = self.cell_at(east_m, north_m).and_then(|cell| self.cell_mm(cell));
        f32::from(mm.unwrap_or(0)) / 1000.0
    }

    /// The finest cell at a place: cells of finer rasters are counted on from those of the field, one raster after
    /// the other. `None` outside.
    #[must_use]
    pub fn cell_at(&self, east_m: f64, north_m: f64) -> Option<u32> {
        let mut first = self.cols * self.rows;
        for patch in &self.finer {
            if let Some(cell) = patch.cell_at(east_m, north_m) {
                return Some(first + cell);
            }
            first += patch.cols * patch.rows;
        }
        cell_at([self.west_m, self.south_m, self.cell_m], [self.cols, self.rows], east_m, north_m)
    }

    /// Depth of a cell by its number ([`Self::cell_at`]), mm.
    #[must_use]
    pub fn cell_mm(&self, cell: u32) -> Option<u16> {
        let mut cell = cell as usize;
        let own = self.cols as usize * self.rows as usize;
        if cell < own {
            return self.depth_mm.get(cell).copied();
        }
        cell -= own;
        for patch in &self.finer {
            let its = patch.cols as usize * patch.rows as usize;
            if cell < its {
                return patch.depth_mm.get(cell).copied();
            }
            cell -= its;
        }
        None
    }

    /// Centre of a cell by its number, local m.
    #[must_use]
    pub fn centre_m(&self, cell: u32) -> Option<[f64; 2]> {
        let centre = |west: f64, south: f64, side: f64, cols: u32, k: u32| {
            [west + (f64::from(k % cols.max(1)) + 0.5) * side, south + (f64::from(k / cols.max(1)) + 0.5) * side]
        };
        let mut rest = cell;
        if rest < self.cols * self.rows {
            return Some(centre(self.west_m, self.south_m, self.cell_m, self.cols, rest));
        }
        rest -= self.cols * self.rows;
        for p in &self.finer {
            if rest < p.cols * p.rows {
                return Some(centre(p.west_m, p.south_m, p.cell_m, p.cols, rest));
            }
            rest -= p.cols * p.rows;
        }
        None
    }

    /// Deepest water of any cell, mm.
    #[must_use]
    pub fn deepest_mm(&self) -> u16 {
        self.depth_mm.iter().chain(self.finer.iter().flat_map(|p| &p.depth_mm)).copied().max().unwrap_or(0)
    }

    /// Area with a depth and more, m²: of the finest cells there are at each place.
    #[must_use]
    pub fn area_over_m2(&self, mm: u16) -> f64 {
        let wet = |depths: &mut dyn Iterator<Item = u16>| depths.filter(|d| *d >= mm).count() as f64;
        let mut area = wet(&mut self.depth_mm.iter().copied()) * self.cell_m * self.cell_m;
        for patch in &self.finer {
            // The cells it lies on are left out.
            let first = |edge: f64, own: f64| ((edge - own) / self.cell_m).round().max(0.0) as usize;
            let (col, row) = (first(patch.west_m, self.west_m), first(patch.south_m, self.south_m));
            let span = |cells: u32| (f64::from(cells) * patch.cell_m / self.cell_m).round() as usize;
            let rows = self.depth_mm.chunks(self.cols.max(1) as usize).skip(row).take(span(patch.rows));
            let mut under = rows.flat_map(|r| r.iter().skip(col).take(span(patch.cols)).copied());
            area -= wet(&mut under) * self.cell_m * self.cell_m;
            area += wet(&mut patch.depth_mm.iter().copied()) * patch.cell_m * patch.cell_m;
        }
        area
    }

    /// Side of the smallest cells, m.
    #[must_use]
    pub fn finest_cell_m(&self) -> f64 {
        self.finer.iter().map(|p| p.cell_m).fold(self.cell_m, f64::min)
    }

    /// Where its cells lie: two fields of one shape have the same cells.
    #[must_use]
    pub fn shape(&self) -> Vec<(f64, f64, f64, u32, u32)> {
        let own = (self.west_m, self.south_m, self.cell_m, self.cols, self.rows);
        let finer = self.finer.iter().map(|p| (p.west_m, p.south_m, p.cell_m, p.cols, p.rows));
        std::iter::once(own).chain(finer).collect()
    }
}

/// A file whose words decide what a room does. Journaled whole, so that a replay needs no disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomFile {
    /// What it is: `rules`, `calendar` …
    pub kind: String,
    /// Its name as users know it.
    pub name: String,
    /// SHA-256 of the text, hex.
    pub hash: String,
    /// The text.
    pub text: String,
}

/// Lineage of a stream: source, connector and what was done to its values on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOrigin {
    /// The stream.
    pub sensor: SensorId,
    /// The feed's name in the feeds file.
    pub feed: String,
    /// Kind of connector: `mqtt`, `sensorthings`, `http`, `replay` …
    pub connector: String,
    /// Where at the source: topic, URL, or file and row.
    pub source: String,
    /// What was done, in order, for example `ft → m`, `GCJ-02 → CGCS2000`.
    pub steps: Vec<Bilingual>,
    /// Department that owns the data (权属单位).
    pub owner: Bilingual,
}

/// A mark on the map that is no stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A unit: its fixes and what its crew reports.
    Unit(UnitId),
    /// A citizen's report, by its id.
    Report(String),
    /// A warning of another authority, by its identifier.
    Warning(String),
    /// A camera, by its id in the city.
    Camera(String),
}

/// Lineage of a mark that is no stream. A fix itself stays small: its source is said when it changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkOrigin {
    /// The mark.
    pub mark: Mark,
    /// The feed's name in the feeds file.
    pub feed: String,
    /// Kind of connector: `mqtt`, `jt808`, `open311` …
    pub connector: String,
    /// Where at the source: topic, URL, address of a terminal.
    pub source: String,
    /// What was done, in order, for example `GCJ-02 → CGCS2000`.
    pub steps: Vec<Bilingual>,
    /// Department that owns the data (权属单位).
    pub owner: Bilingual,
}

/// Health of a feed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeedState {
    /// The feed's name in the feeds file.
    pub feed: String,
    /// True when it delivers.
    pub up: bool,
    /// True when it carries real, not simulated, data: the mode becomes 实况.
    pub real: bool,
    /// Last error, or empty.
    pub message: String,
    /// Figures, when the connector keeps them; those said before stand otherwise.
    #[serde(default)]
    pub figures: Option<Box<FeedFigures>>,
}

/// What a connector counts, and how far it has read: committed in one tick with the data it stands for, so that a
/// source is taken up again without loss or duplicates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeedFigures {
    /// Kind of connector: `mqtt`, `sensorthings`, `http`, `replay` …
    pub connector: String,
    /// Department that owns the data (权属单位).
    pub owner: Bilingual,
    /// How the owner shares it: 无条件共享, 有条件共享, 不予共享; empty when not said.
    pub share: Bilingual,
    /// Promised time between messages, s; 0 when nothing is promised.
    pub promised_s: u32,
    /// Messages that came since the connector was started.
    pub messages: u64,
    /// Of those, refused (in quarantine).
    pub refused: u64,
    /// Times the connection was lost or a poll failed.
    pub failures: u64,
    /// Messages a minute, over the last minutes.
    pub per_min: f64,
    /// Time from measurement to connector, mean of the last readings, ms.
    pub lag_ms: i64,
    /// When the last message came.
    pub last: Option<Stamp>,
    /// Streams and units it has brought.
    pub streams: u32,
    /// How far the source has been read, in the connector's own words.
    pub cursor: String,
}

/// A message of a drill script to a trainee.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inject {
    /// Number in the script.
    pub no: u32,
    /// From whom.
    pub from: Bilingual,
    /// To whom.
    pub to: Bilingual,
    /// 电话, 短信, 电台, 平台, 视频, 书面.
    pub channel: String,
    /// What is said.
    pub text: Bilingual,
    /// What the trainees should do.
    pub expected: Bilingual,
    /// Within how long, s.
    pub due_s: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wet_is_counted_on_the_finest_cells() {
        let mut depth_mm = vec![0; 20];
        // A patch of 4 × 2 fine cells lies on columns 1 and 2 of row 1; its cells hold the mean.
        (depth_mm[0], depth_mm[6], depth_mm[7]) = (160, 200, 75);
        let patch = DepthPatch {
            west_m: 110.0,
            south_m: 60.0,
            cell_m: 5.0,
            cols: 4,
            rows: 2,
            depth_mm: vec![200, 200, 300, 0, 200, 200, 0, 0],
        };
        let field = DepthField {
            at: Stamp(0),
            west_m: 100.0,
            south_m: 50.0,
            cell_m: 10.0,
            cols: 5,
            rows: 4,
            depth_mm,
            estimate: true,
            finer: vec![patch],
        };
        assert_eq!(field.deepest_mm(), 300);
        assert!((field.area_over_m2(150) - (100.0 + 5.0 * 25.0)).abs() < 1e-9);
        let plain = DepthField { finer: Vec::new(), ..field };
        assert_eq!((plain.deepest_mm(), plain.area_over_m2(150)), (200, 200.0));
    }
}
