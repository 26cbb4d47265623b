//! What is wrong with a layer file that reads well, and on which line.

use guanlan_core::ObservedProperty;
use guanlan_geography::{Shifted, is_geographic};

use super::super::paint::Paint;
use super::{Catalogue, CatalogueError, FORMAT, Source, Style};

impl Catalogue {
    /// The first thing that is wrong, with its line and field in `text`.
    pub(super) fn check(&self, file: &str, text: &str) -> Result<(), CatalogueError> {
        let fail = |line: usize, field: String, message: String| {
            Err(CatalogueError { file: file.into(), line, field, message })
        };
        if self.format != FORMAT {
            let message = format!("{} is unknown; expected {FORMAT}", self.format);
            return fail(find_key(text, 0, "format").unwrap_or(1), "format".into(), message);
        }
        if self.layers.is_empty() {
            return fail(1, "layer".into(), "no layer; expected at least one [[layer]]".into());
        }
        for (i, group) in self.groups.iter().enumerate() {
            if self.groups[..i].iter().any(|g| g.id == group.id) {
                let line = place_of(text, "group", &group.id, "id");
                return fail(line, format!("group '{}'.id", group.id), "is there twice".into());
            }
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let wrong = |field: &str, message: String| {
                fail(place_of(text, "layer", &layer.id, field), format!("layer '{}'.{field}", layer.id), message)
            };
            if layer.id.is_empty() || !layer.id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
                return wrong("id", "expected letters, digits, - and _".into());
            }
            if self.layers[..i].iter().any(|l| l.id == layer.id) {
                return wrong("id", "is there twice".into());
            }
            if layer.name.zh.is_empty() {
                return wrong("name", "expected a Chinese name in zh".into());
            }
            if !self.groups.iter().any(|g| g.id == layer.group) {
                let known: Vec<&str> = self.groups.iter().map(|g| g.id.as_str()).collect();
                return wrong("group", format!("'{}' is no group; expected one of {}", layer.group, known.join(", ")));
            }
            if !(0.0..=1.0).contains(&layer.opacity) {
                return wrong("opacity", format!("{} is not within 0 to 1", layer.opacity));
            }
            if let Source::Sensors { property } = &layer.source
                && ObservedProperty::from_key(property).is_none()
            {
                let known: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
                let message = format!("property '{property}' is unknown; expected one of {}", known.join(", "));
                return wrong("source", message);
            }
            if let Source::File { path, .. } | Source::Tileset { path, .. } = &layer.source
                && path.as_os_str().is_empty()
            {
                return wrong("source", "path is empty; expected a file".into());
            }
            if let Source::Tileset { lift_m: Some(lift), .. } = &layer.source
                && !(-10_000.0..=10_000.0).contains(lift)
            {
                return wrong("source", format!("lift_m {lift} is not within -10000 to 10000"));
            }
            if let Source::File { crs: Some(crs), .. } = &layer.source
                && Shifted::named(crs).is_none()
                && let Err(error) = is_geographic(crs)
            {
                return wrong("source", format!("crs '{crs}' is unknown ({error}); expected EPSG:n, GCJ-02 or BD-09"));
            }
            if let Some((field, message)) = bad_style(&layer.style) {
                return wrong(field, message);
            }
            if layer.legend.is_empty() {
                return wrong("legend", "every layer has a legend; expected at least one line".into());
            }
            for line in &layer.legend {
                if let Err(message) = Paint::parse(&line.color) {
                    return wrong("legend", message);
                }
            }
        }
        Ok(())
    }
}

fn bad_style(style: &Style) -> Option<(&'static str, String)> {
    for color in style.classes.iter().map(|c| &c.color).chain([&style.color]) {
        if let Err(message) = Paint::parse(color) {
            return Some(("style", message));
        }
    }
    if !(0.0..=1.0).contains(&style.fill) {
        return Some(("style", format!("fill {} is not within 0 to 1", style.fill)));
    }
    if !(0.5..=64.0).contains(&style.width_px) {
        return Some(("style", format!("width_px {} is not within 0.5 to 64", style.width_px)));
    }
    if !(0.1..=2000.0).contains(&style.point_m) {
        return Some(("style", format!("point_m {} is not within 0.1 to 2000", style.point_m)));
    }
    if !style.classes.is_empty() && style.by.is_empty() {
        return Some(("style", "classes without `by`; expected the attribute that decides".into()));
    }
    None
}

/// Line of `key = …` at or after line `from` (from 0), before the next table of tables.
fn find_key(text: &str, from: usize, key: &str) -> Option<usize> {
    for (i, line) in text.lines().enumerate().skip(from) {
        let line = line.trim_start();
        if i > from && line.starts_with("[[") {
            return None;
        }
        let dotted = line.strip_prefix('[').and_then(|l| l.split(']').next()).is_some_and(|t| t.ends_with(key));
        if dotted || line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with(['=', '.'])) {
            return Some(i + 1);
        }
    }
    None
}

/// Line of a field of the table with this id: the last one that has it, so that a second one is named.
fn place_of(text: &str, table: &str, id: &str, field: &str) -> usize {
    let header = format!("[[{table}]]");
    let mut place = 1;
    for (i, line) in text.lines().enumerate() {
        if line.trim() != header {
            continue;
        }
        let here = find_key(text, i, "id")
            .and_then(|n| text.lines().nth(n - 1))
            .is_some_and(|l| l.split_once('=').is_some_and(|(_, v)| v.trim().trim_matches(['"', '\'']) == id));
        if here {
            place = find_key(text, i, field).unwrap_or(i + 1);
        }
    }
    place
}
