//! The railway, cut into bridges over the underpasses and track between them.

use super::xml::{Osm, Tags, name_tags};
use crate::demo::{
    DemoError,
    geom::{self, P},
    plan::Plan,
};

/// Writes the line.
pub fn write(plan: &Plan, osm: &mut Osm<'_>) -> Result<(), DemoError> {
    let line: Vec<P> = plan
        .rail
        .windows(2)
        .filter_map(|w| geom::clip(w[0], w[1], [0.0, 0.0], [plan.size, plan.size]))
        .flat_map(|(a, b)| [a, b])
        .collect();
    let total = geom::length(&line);
    let mut cuts: Vec<(f64, f64)> = plan
        .underpasses
        .iter()
        .map(|u| {
            let s = geom::to_line(u.at, &line).1;
            (s - u.half_width_m - 6.0, s + u.half_width_m + 6.0)
        })
        .collect();
    cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut spans = Vec::new();
    let mut from = 0.0;
    for (a, b) in cuts {
        spans.push((from, a, false));
        spans.push((a, b, true));
        from = b;
    }
    spans.push((from, total, false));
    let mut last: Option<i64> = None;
    for (a, b, bridge) in spans {
        let steps = ((b - a) / 60.0).ceil().max(1.0) as usize;
        let points: Vec<P> = (0..=steps).map(|k| geom::along(&line, a + (b - a) * k as f64 / steps as f64).0).collect();
        let mut refs = osm.nodes(if last.is_some() { &points[1..] } else { &points }, |_| Tags::new())?;
        if let Some(n) = last {
            refs.insert(0, n);
        }
        last = refs.last().copied();
        let mut tags: Tags = vec![
            ("railway", "rail".to_owned()),
            ("gauge", "1435".to_owned()),
            ("electrified", "contact_line".to_owned()),
        ];
        name_tags(&mut tags, &(plan.file.railway.name.0.clone(), plan.file.railway.name.1.clone()));
        if bridge {
            tags.push(("bridge", "yes".to_owned()));
            tags.push(("layer", "1".to_owned()));
        }
        osm.way(&refs, &tags);
    }
    Ok(())
}
