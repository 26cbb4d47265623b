//! Recorded hyetographs from CSV.

use super::{RainSeries, StormError};

/// Reads a hyetograph: a header `t0_min,t1_min,depth_mm` (further columns are ignored) and one line
/// for each interval. Intervals must not overlap; gaps are dry.
///
/// # Errors
/// Names the line and what was expected there.
pub fn read_hyetograph(text: &str, origin: &str) -> Result<RainSeries, StormError> {
    let bad = |line: usize, reason: String| StormError::new(origin, format!("line {line}"), reason);
    let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let header = lines.next().map_or("", |(_, l)| l);
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let find = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .ok_or_else(|| bad(1, format!("no column '{name}' in '{header}': expected t0_min,t1_min,depth_mm")))
    };
    let (c0, c1, cd) = (find("t0_min")?, find("t1_min")?, find("depth_mm")?);
    let mut knots: Vec<[f64; 2]> = Vec::new();
    let mut sum = 0.0;
    for (k, line) in lines.filter(|(_, l)| !l.trim().is_empty()) {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let number = |c: usize, name: &str| {
            let text = cells.get(c).copied().unwrap_or("");
            text.parse::<f64>()
                .ok()
                .filter(|v| v.is_finite())
                .ok_or_else(|| bad(k + 1, format!("{name} is '{text}': expected a number")))
        };
        let (t0, t1, depth) = (number(c0, "t0_min")? * 60.0, number(c1, "t1_min")? * 60.0, number(cd, "depth_mm")?);
        if t1 <= t0 {
            return Err(bad(k + 1, "t1_min must be later than t0_min".into()));
        }
        if depth < 0.0 {
            return Err(bad(k + 1, format!("depth_mm is {depth}: rain cannot be negative")));
        }
        match knots.last() {
            Some(last) if t0 < last[0] - 1e-9 => {
                return Err(bad(k + 1, "the interval begins before the one above ends".into()));
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
        for (text, word) in [
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
