//! What a run left in its folder, read again for a report.

use std::path::{Path, PathBuf};

use guanlan_city::import::{raster::SourceRaster, terrain_tiff::read_tiff};

use crate::{impact::Impact, simulate::Summary};

/// A run of a report.
#[derive(Clone, Debug)]
pub struct RunFacts {
    /// Short name.
    pub id: String,
    /// Axis and choice, Chinese.
    pub choices: Vec<(String, String)>,
    /// Figures.
    pub summary: Summary,
    /// Consequences.
    pub impact: Impact,
    /// Its folder.
    dir: PathBuf,
    /// Names of the gauges.
    pub gauges: Vec<String>,
    /// Time s, rain mm/h, depths m.
    pub series: Vec<(f64, f64, Vec<f32>)>,
}

impl RunFacts {
    /// Reads the folder of a run.
    ///
    /// # Errors
    /// Names the file that cannot be read.
    pub fn read(dir: &Path, id: &str, choices: Vec<(String, String)>) -> Result<Self, String> {
        let bytes =
            |name: &str| std::fs::read(dir.join(name)).map_err(|e| format!("{}: {e}", dir.join(name).display()));
        let wrong = |name: &str, e: String| format!("{}: {e}", dir.join(name).display());
        let summary =
            serde_json::from_slice(&bytes("summary.json")?).map_err(|e| wrong("summary.json", e.to_string()))?;
        let impact = serde_json::from_slice(&bytes("impact.json")?).map_err(|e| wrong("impact.json", e.to_string()))?;
        if !dir.join("max_depth.tif").is_file() {
            return Err(wrong("max_depth.tif", "missing".into()));
        }
        let text = String::from_utf8_lossy(&bytes("series.csv")?).into_owned();
        let (gauges, series) = series(&text).ok_or_else(|| wrong("series.csv", "not a series".into()))?;
        Ok(Self { id: id.into(), choices, summary, impact, dir: dir.to_owned(), gauges, series })
    }

    /// A raster of its maxima, rows from the north; `None` when it cannot be read. Rasters are large: one is read when it
    /// is drawn.
    #[must_use]
    pub fn raster(&self, file: &str) -> Option<SourceRaster> {
        read_tiff(&self.dir.join(file)).ok().map(|(raster, _)| raster)
    }

    /// Name in the report: its choices, or its id.
    #[must_use]
    pub fn name(&self) -> String {
        if self.choices.is_empty() {
            return self.id.clone();
        }
        self.choices.iter().map(|c| c.1.as_str()).collect::<Vec<_>>().join(" · ")
    }

    /// Highest depth of a gauge, m.
    #[must_use]
    pub fn gauge_peak_m(&self, gauge: &str) -> Option<f32> {
        let k = self.gauges.iter().position(|g| g == gauge)?;
        self.series.iter().filter_map(|line| line.2.get(k)).copied().reduce(f32::max)
    }
}

type Series = (Vec<String>, Vec<(f64, f64, Vec<f32>)>);

fn series(text: &str) -> Option<Series> {
    let mut lines = text.lines();
    let gauges = cells(lines.next()?).into_iter().skip(2).collect();
    let mut rows = Vec::new();
    for line in lines {
        let mut numbers = line.split(',');
        let (t, rain) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        rows.push((t, rain, numbers.map(|v| v.parse().unwrap_or(0.0)).collect()));
    }
    Some((gauges, rows))
}

/// Cells of a CSV line, quotes taken off (RFC 4180).
fn cells(line: &str) -> Vec<String> {
    let (mut out, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    out.push(cell);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quoted_names() {
        let (gauges, rows) = series("t_s,rain_mm_h,\"a,b\",\"c \"\"d\"\"\"\n0,1.5,0.1,0.2\n").unwrap();
        assert_eq!(gauges, ["a,b", "c \"d\""]);
        assert_eq!(rows, [(0.0, 1.5, vec![0.1, 0.2])]);
    }
}
