//! Line charts as inline SVG.

use std::fmt::Write as _;

use super::text::escape;

/// A line of a chart.
pub(super) struct Line {
    pub name: String,
    pub color: &'static str,
    pub points: Vec<[f64; 2]>,
}

/// Colours that stay apart for the colour-blind (Okabe & Ito 2008, on dark ground); the base run is white.
pub(super) const COLORS: [&str; 8] =
    ["#E9F2FA", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#7CA6FF"];

const WIDTH: f64 = 620.0;
const HEIGHT: f64 = 240.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 30.0;

/// A round step that cuts `span` into about `count`.
fn step_of(span: f64, count: f64) -> f64 {
    let raw = (span / count).max(1e-12);
    let power = 10.0_f64.powf(raw.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|k| k * power).find(|s| *s >= raw).unwrap_or(raw)
}

/// A chart over time in minutes. `steps` draws stairs (rain) instead of straight lines.
pub(super) fn chart(title: &str, unit: &str, lines: &[Line], steps: bool) -> String {
    let all = || lines.iter().flat_map(|l| &l.points);
    let most_x = all().map(|p| p[0]).fold(1.0, f64::max);
    let top = all().map(|p| p[1]).fold(0.0, f64::max);
    let step_y = step_of(if top > 0.0 { top } else { 1.0 }, 4.0);
    let most_y = (top / step_y).ceil().max(1.0) * step_y;
    let x = |v: f64| LEFT + v / most_x * (WIDTH - LEFT - RIGHT);
    let y = |v: f64| HEIGHT - BOTTOM - v / most_y * (HEIGHT - TOP - BOTTOM);
    let mut out = String::new();
    let _ = write!(
        out,
        "<figure class=\"chart\"><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         aria-label=\"{}\">",
        escape(title),
        escape(title)
    );
    let digits = if step_y < 0.1 { 2 } else { usize::from(step_y < 1.0) };
    for k in 0..=(most_y / step_y).round() as usize {
        let v = k as f64 * step_y;
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{LEFT} {:.1}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{v:.digits$}</text>",
            y(v),
            WIDTH - RIGHT,
            LEFT - 6.0,
            y(v) + 4.0
        );
    }
    let step_x = [5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 180.0, 360.0, 720.0, 1440.0]
        .into_iter()
        .find(|s| most_x / s <= 9.0)
        .unwrap_or_else(|| step_of(most_x, 8.0));
    for k in 0..=(most_x / step_x + 1e-9).floor() as usize {
        let v = k as f64 * step_x;
        let _ = write!(out, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{v:.0}</text>", x(v), HEIGHT - 10.0);
    }
    let _ = write!(
        out,
        "<text x=\"{LEFT}\" y=\"{:.1}\">{}</text><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">min</text>",
        TOP - 3.0,
        escape(unit),
        WIDTH - RIGHT,
        HEIGHT - BOTTOM - 5.0
    );
    // The base run last: it lies on top.
    for line in lines.iter().rev() {
        let mut path = String::new();
        let mut before: Option<f64> = None;
        for p in &line.points {
            let command = if before.is_none() { 'M' } else { 'L' };
            if let (true, Some(old)) = (steps, before) {
                let _ = write!(path, "L{:.1} {:.1}", x(p[0]), y(old));
            }
            let _ = write!(path, "{command}{:.1} {:.1}", x(p[0]), y(p[1]));
            before = Some(p[1]);
        }
        let _ = write!(out, "<path class=\"line\" stroke=\"{}\" d=\"{path}\"/>", line.color);
    }
    out += "</svg><div class=\"legend\">";
    for line in lines {
        let _ = write!(out, "<span><i style=\"background:{}\"></i>{}</span>", line.color, escape(&line.name));
    }
    out + "</div></figure>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_steps_and_a_whole_chart() {
        assert_eq!(step_of(100.0, 4.0), 25.0);
        assert_eq!(step_of(0.7, 4.0), 0.2);
        let line = Line { name: "a<b".into(), color: COLORS[0], points: vec![[0.0, 0.0], [60.0, 0.5]] };
        let svg = chart("t & u", "m", &[line], false);
        assert!(svg.contains("a&lt;b") && svg.contains("t &amp; u") && svg.contains("M48.0 210.0L608.0"));
        assert!(!chart("empty", "m", &[], true).contains("NaN"));
    }
}
