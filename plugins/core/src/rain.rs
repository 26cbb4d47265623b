//! Gridded rain as a feed delivers it: radar, an interpolation of gauges, or a forecast.

use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;

/// Rain on a raster over one or more intervals. Quantised so that it journals small and exact.
///
/// Frame: metres in the room's local frame, row-major from the south-west, like [`crate::DepthField`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RainGrids {
    /// The feed it came by.
    pub feed: String,
    /// When the source made it. Frames that begin later than this are a forecast.
    pub issued: Stamp,
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
    /// Intervals in order, without overlap.
    pub frames: Vec<RainFrame>,
}

/// Mean intensity of one interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RainFrame {
    /// Begin of the interval.
    pub from: Stamp,
    /// Its end.
    pub to: Stamp,
    /// Intensity in 0.1 mm/h; [`RainFrame::NO_DATA`] where the source says nothing.
    pub tenth_mm_h: Vec<u16>,
}

impl RainFrame {
    /// The source says nothing about this cell.
    pub const NO_DATA: u16 = u16::MAX;
}

impl RainGrids {
    /// Intensity at a place and instant, mm/h; `None` outside the raster, its times, or without data.
    #[must_use]
    pub fn mm_h(&self, at: Stamp, east_m: f64, north_m: f64) -> Option<f64> {
        let frame = self.frames.iter().find(|f| f.from <= at && at < f.to)?;
        let col = ((east_m - self.west_m) / self.cell_m).floor();
        let row = ((north_m - self.south_m) / self.cell_m).floor();
        if !(col >= 0.0 && row >= 0.0 && col < f64::from(self.cols) && row < f64::from(self.rows)) {
            return None;
        }
        match frame.tenth_mm_h.get(row as usize * self.cols as usize + col as usize) {
            None | Some(&RainFrame::NO_DATA) => None,
            Some(&tenth) => Some(f64::from(tenth) / 10.0),
        }
    }

    /// Begin of the first and end of the last interval.
    #[must_use]
    pub fn span(&self) -> Option<(Stamp, Stamp)> {
        Some((self.frames.first()?.from, self.frames.last()?.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_an_instant_and_a_hole() {
        let grids = RainGrids {
            feed: "radar".into(),
            issued: Stamp::from_secs(600),
            west_m: -100.0,
            south_m: 0.0,
            cell_m: 100.0,
            cols: 2,
            rows: 1,
            frames: vec![
                RainFrame {
                    from: Stamp::from_secs(0),
                    to: Stamp::from_secs(600),
                    tenth_mm_h: vec![125, RainFrame::NO_DATA],
                },
                RainFrame { from: Stamp::from_secs(600), to: Stamp::from_secs(1200), tenth_mm_h: vec![0, 20] },
            ],
        };
        assert_eq!(grids.mm_h(Stamp::from_secs(10), -50.0, 50.0), Some(12.5));
        assert_eq!(grids.mm_h(Stamp::from_secs(10), 50.0, 50.0), None, "no data");
        assert_eq!(grids.mm_h(Stamp::from_secs(600), 50.0, 50.0), Some(2.0));
        assert_eq!(grids.mm_h(Stamp::from_secs(1200), 50.0, 50.0), None, "after the last interval");
        assert_eq!(grids.mm_h(Stamp::from_secs(10), 150.0, 50.0), None, "east of the raster");
        assert_eq!(grids.span(), Some((Stamp::from_secs(0), Stamp::from_secs(1200))));
    }
}
