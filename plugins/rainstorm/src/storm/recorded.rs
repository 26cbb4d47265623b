//! Recorded hyetographs from CSV.

use super::{RainSeries, StormError};

/// Reads a hyetograph. Two forms, told apart by the header (further columns are ignored):
/// `t0_min,t1_min,depth_mm`, one line for each interval, intervals must not overlap, gaps are dry; or
/// `t_min,mm_h`, an intensity that holds until the next line, the last line ends the rain.
///
/// # Errors
/// Names the line and what was expected there.
pub fn read_hyetograph(text: &str, origin: &str) -> Result<RainSeries, StormError> {
    let bad = |line: usize, reason: String| StormError::new(origin, format!("line {line}"), reason);
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let header = lines.next().map_or("", |(_, l)| l);
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let column = |name: &str| names.iter().position(|n| *n == name);
    let rows = lines.filter(|(_, l)| !l.trim().is_empty()).map(|(k, l)| (k + 1, l));
    let number = |line: usize, text: &str, column: usize, name: &str| {
        let cell = text.split(',').nth(column).map_or("", str::trim);
        let value = cell.parse::<f64>().ok().filter(|v| v.is_finite());
        value.ok_or_else(|| bad(line, format!("{name} is '{cell}': expected a number")))
    };
    let mut knots: Vec<[f64; 2]> = Vec::new();
    let mut sum = 0.0;
    if let (Some(ct), Some(ci)) = (column("t_min"), column("mm_h")) {
        let mut mm_h = 0.0;
        for (line, text) in rows {
            let (t, next) = (number(line, text, ct, "t_min")? * 60.0, number(line, text, ci, "mm_h")?);
            if next < 0.0 {
                return Err(bad(line, format!("mm_h is {next}: rain cannot be negative")));
            }
            if let Some(last) = knots.last() {
                if t <= last[0] {
                    return Err(bad(line, "t_min is not later than on the line above".into()));
                }
                sum += mm_h * (t - last[0]) / 3600.0;
            }
            knots.push([t, sum]);
            mm_h = next;
        }
        if knots.len() < 2 {
            return Err(bad(2, "expected at least two lines of t_min,mm_h".into()));
        }
    } else {
        let find = |name: &str| {
            let reason = format!("no column '{name}' in '{header}': expected t0_min,t1_min,depth_mm or t_min,mm_h");
            column(name).ok_or_else(|| bad(1, reason))
        };
        let (c0, c1, cd) = (find("t0_min")?, find("t1_min")?, find("depth_mm")?);
        for (line, text) in rows {
            let (t0, t1) = (number(line, text, c0, "t0_min")? * 60.0, number(line, text, c1, "t1_min")? * 60.0);
            let depth = number(line, text, cd, "depth_mm")?;
            if t1 <= t0 {
                return Err(bad(line, "t1_min must be later than t0_min".into()));
            }
            if depth < 0.0 {
                return Err(bad(line, format!("depth_mm is {depth}: rain cannot be negative")));
            }
            match knots.last() {
                Some(last) if t0 < last[0] - 1e-9 => {
                    return Err(bad(line, "the interval begins before the one above ends".into()));
                }
                Some(last) if t0 <= last[0] + 1e-9 => {}
                _ => knots.push([t0, sum]),
            }
            sum += depth;
            knots.push([t1, sum]);
        }
        if knots.is_empty() {
            return Err(bad(2, "no rain intervals".into()));
        }
    }
    RainSeries::from_cumulative(knots).ok_or_else(|| bad(2, "intervals are not in order".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_refuses() {
        let rain = read_hyetograph("t0_min,t1_min,depth_mm\n0,5,2\n5,10,3\n20,25,1\n", "r.csv").unwrap();
        assert_eq!(rain.total_mm(), 6.0);
        assert_eq!(rain.between_mm(600.0, 1200.0), 0.0);
        let steps = read_hyetograph("t_min,mm_h\n0,60\n10,30\n20,0\n", "r.csv").unwrap();
        assert!((steps.total_mm() - 15.0).abs() < 1e-9 && steps.intensity_mm_h(700.0) == 30.0);
        for (text, word) in [
            ("t_min,mm_h\n0,60\n0,30\n", "line 3"),
            ("t_min,mm_h\n0,-1\n", "negative"),
            ("t_min,mm_h\n0,1\n", "two lines"),
            ("a,b\n", "t0_min"),
            ("t0_min,t1_min,depth_mm\n0,5,x\n", "line 2"),
            ("t0_min,t1_min,depth_mm\n0,5,-1\n", "negative"),
            ("t0_min,t1_min,depth_mm\n0,5,1\n3,6,1\n", "line 3"),
            ("t0_min,t1_min,depth_mm\n5,5,1\n", "later"),
            ("t0_min,t1_min,depth_mm\n", "no rain"),
            ("", "t0_min"),
        ] {
            let message = read_hyetograph(text, "r.csv").unwrap_err().to_string();
            assert!(message.contains("r.csv") && message.contains(word), "{message}");
        }
    }
}
