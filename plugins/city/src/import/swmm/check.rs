//! References of a SWMM file to things that it does not define (SWMM's error 209).

use std::collections::BTreeSet;

use super::{
    controls::names_an_object,
    key,
    text::{Row, Section},
};
use crate::import::{Report, Severity};

/// Reports what subcatchments, inflows and control rules refer to in vain.
pub fn check_references(
    sections: &[Section<'_>],
    nodes: &BTreeSet<String>,
    links: &BTreeSet<String>,
    report: &mut Report,
) {
    let names = |section: &str| -> BTreeSet<String> { rows(sections, section).map(|r| key(r.words[0])).collect() };
    let (gages, subcatchments, series) = (names("RAINGAGES"), names("SUBCATCHMENTS"), names("TIMESERIES"));
    let mut miss = |row: &Row<'_>, section: &str, what: &str, name: &str| {
        report.note(Severity::Skipped, format!("line {} [{section}]", row.line), format!("undefined {what} '{name}'"));
    };
    for row in rows(sections, "SUBCATCHMENTS") {
        if let Some(gage) = row.words.get(1).filter(|w| !gages.contains(&key(w))) {
            miss(row, "SUBCATCHMENTS", "rain gage", gage);
        }
        if let Some(outlet) = row.words.get(2).filter(|w| !nodes.contains(&key(w)) && !subcatchments.contains(&key(w)))
        {
            miss(row, "SUBCATCHMENTS", "outlet", outlet);
        }
    }
    for row in rows(sections, "INFLOWS") {
        if !nodes.contains(&key(row.words[0])) {
            miss(row, "INFLOWS", "node", row.words[0]);
        }
        if let Some(name) = row.words.get(2).filter(|w| !w.is_empty() && **w != "*" && !series.contains(&key(w))) {
            miss(row, "INFLOWS", "time series", name);
        }
    }
    for row in rows(sections, "CONTROLS") {
        let Some((object, name)) = names_an_object(row) else { continue };
        let (known, what) = match object.to_ascii_uppercase().as_str() {
            "NODE" => (nodes, "node"),
            "LINK" | "CONDUIT" | "PUMP" | "ORIFICE" | "WEIR" | "OUTLET" => (links, "link"),
            _ => continue,
        };
        if !known.contains(&key(name)) {
            miss(row, "CONTROLS", what, name);
        }
    }
}

fn rows<'a>(sections: &'a [Section<'a>], name: &'a str) -> impl Iterator<Item = &'a Row<'a>> {
    sections.iter().filter(move |s| s.name == name).flat_map(|s| &s.rows)
}
