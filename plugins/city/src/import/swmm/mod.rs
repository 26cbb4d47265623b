//! EPA SWMM 5 input files (`.inp`) as a drain network in SI units.
//!
//! A row that cannot be used is left out and reported with its line and section; only a file that is
//! no SWMM file at all, or names unknown flow units, is an error. Names are compared without regard
//! to case, as SWMM does. Series and rain kept in files of their own are read when they lie beside the `.inp`.

mod check;
mod climate;
mod climate_file;
mod clock;
mod controls;
mod formula;
mod hot_start;
mod hydrology;
mod lid;
mod links;
mod nodes;
mod outside;
mod places;
mod shape;
mod streets;
mod subsurface;
mod tables;
mod text;
mod units;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use self::{
    check::check_references,
    shape::Shapes,
    text::{Row, Section, sections},
};
pub use self::{
    hot_start::HotStarts,
    units::{FOOT_M, Units},
};
use super::{ImportError, Report, Severity, packed, transcode};
use crate::model::{DrainNodeKind, DrainageNetwork};

/// A SWMM file: the network with coordinates as the file has them, and what else is in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SwmmFile {
    /// The network; `place_m`, `vertices` and `polygon` are in the file's own coordinates until placed.
    pub network: DrainageNetwork,
    /// Rows by class: `junctions`, `outfalls`, `storage`, `dividers`, `nodes`, `conduits`, `pumps`,
    /// `orifices`, `weirs`, `outlets`, `links`, `subcatchments`, `raingages`, `coordinates` …
    pub counts: BTreeMap<String, usize>,
    /// `CFS`, `LPS` …
    pub flow_units: String,
    /// Unit of the coordinates by `[MAP]`: `FEET`, `METERS`, `DEGREES` or `NONE`.
    pub map_units: String,
    /// Hot start files, and the order of what they hold.
    pub hot_starts: HotStarts,
    /// Extent of `[COORDINATES]` with inverts and rims as heights, in the file's coordinates and m.
    pub extent: Option<[f64; 6]>,
}

const NODES: [(&str, DrainNodeKind); 4] = [
    ("JUNCTIONS", DrainNodeKind::Junction),
    ("OUTFALLS", DrainNodeKind::Outfall),
    ("STORAGE", DrainNodeKind::Storage),
    ("DIVIDERS", DrainNodeKind::Divider),
];
const LINKS: [&str; 5] = ["CONDUITS", "PUMPS", "ORIFICES", "WEIRS", "OUTLETS"];
/// Other sections that are read.
const READ: &[&str] = &[
    "OPTIONS",
    "RAINGAGES",
    "EVAPORATION",
    "SUBCATCHMENTS",
    "SUBAREAS",
    "INFILTRATION",
    "TRANSECTS",
    "STREETS",
    "INLETS",
    "INLET_USAGE",
    "LOSSES",
    "CONTROLS",
    "INFLOWS",
    "DWF",
    "CURVES",
    "TIMESERIES",
    "PATTERNS",
    "MAP",
    "COORDINATES",
    "VERTICES",
    "POLYGONS",
    "SYMBOLS",
    "XSECTIONS",
    "LID_CONTROLS",
    "LID_USAGE",
    "AQUIFERS",
    "GROUNDWATER",
    "HYDROGRAPHS",
    "RDII",
    "TEMPERATURE",
    "SNOWPACKS",
    "ADJUSTMENTS",
    "EVENTS",
    "GWF",
];
/// Sections that say nothing about water: titles, reports, drawing.
const QUIET: &[&str] = &["TITLE", "REPORT", "TAGS", "LABELS", "BACKDROP", "PROFILES", "FILES"];
/// Sections whose processes are not modelled; their rows are counted in the report.
const NOT_MODELLED: &[&str] = &["POLLUTANTS", "LANDUSES", "COVERAGES", "LOADINGS", "BUILDUP", "WASHOFF", "TREATMENT"];
/// Larger texts are refused: no drain network is.
const MAX_BYTES: u64 = 512 << 20;

/// Reads a file.
pub fn read_swmm(path: &Path) -> Result<(SwmmFile, Report), ImportError> {
    let bytes = packed::read_all(path, MAX_BYTES).map_err(|e| ImportError::new(path, "", e))?;
    let (text, taken) = transcode::text(&bytes);
    let mut report = Report::default();
    if let Some(encoding) = taken {
        report.note(Severity::Guessed, "text", format!("not UTF-8; read as {encoding}"));
    }
    let sections = sections(&text);
    if !sections.iter().any(|s| is_known(&s.name)) {
        return Err(ImportError::new(path, "", "no section of a SWMM input file ([JUNCTIONS], [CONDUITS] …) found"));
    }
    for section in sections.iter().filter(|s| !is_known(&s.name)) {
        report.note(Severity::Skipped, format!("line {}", section.line), format!("unknown section [{}]", section.name));
    }
    for section in sections.iter().filter(|s| NOT_MODELLED.contains(&s.name.as_str()) && !s.rows.is_empty()) {
        let text = format!("{} rows of [{}] are not modelled", section.rows.len(), section.name);
        report.note(Severity::Skipped, format!("line {}", section.line), text);
    }
    for row in sections.iter().filter(|s| s.name == "FILES").flat_map(|s| &s.rows) {
        if row.words[0].eq_ignore_ascii_case("USE") {
            let hot = row.words.get(1).is_some_and(|w| w.eq_ignore_ascii_case("HOTSTART"));
            let when = if hot { "used only where the network runs alone" } else { "not used" };
            let text = format!("[FILES] {} is {when}", row.words.join(" "));
            report.note(Severity::Skipped, format!("line {}", row.line), text);
        }
    }
    let reader = Reader::new(path, &sections, &mut report)?;
    let file = reader.read();
    for (class, n) in &file.counts {
        report.count(class, *n);
    }
    Ok((file, report))
}

fn is_known(name: &str) -> bool {
    [READ, QUIET, NOT_MODELLED, &LINKS].iter().any(|list| list.contains(&name)) || NODES.iter().any(|n| n.0 == name)
}

/// Indices by name in capitals.
type Names = BTreeMap<String, usize>;

/// One file being read: its sections, its units, and the names met so far.
struct Reader<'a> {
    path: &'a Path,
    sections: &'a [Section<'a>],
    report: &'a mut Report,
    units: Units,
    flow_units: String,
    offsets_are_elevations: bool,
    network: DrainageNetwork,
    nodes: Names,
    /// All links, whatever their kind.
    links: BTreeSet<String>,
    curves: Names,
    series: Names,
    patterns: Names,
    catchments: Names,
}

impl<'a> Reader<'a> {
    fn new(path: &'a Path, sections: &'a [Section<'a>], report: &'a mut Report) -> Result<Self, ImportError> {
        let option = |name: &str| {
            let mut rows = sections.iter().filter(|s| s.name == "OPTIONS").flat_map(|s| &s.rows);
            rows.find(|r| r.words[0].eq_ignore_ascii_case(name))
        };
        let word = |name: &str| option(name).and_then(|r| r.words.get(1).copied());
        let flow_units = word("FLOW_UNITS").unwrap_or("CFS").to_ascii_uppercase();
        let units = Units::of(&flow_units).ok_or_else(|| {
            ImportError::new(
                path,
                format!("line {} [OPTIONS]", option("FLOW_UNITS").map_or(0, |r| r.line)),
                format!("FLOW_UNITS is '{flow_units}', expected CFS, GPM, MGD, CMS, LPS or MLD"),
            )
        })?;
        if word("FLOW_UNITS").is_none() {
            report.note(Severity::Guessed, "[OPTIONS]", "no FLOW_UNITS; CFS as in SWMM");
        }
        Ok(Self {
            path,
            sections,
            report,
            units,
            flow_units,
            offsets_are_elevations: word("LINK_OFFSETS").is_some_and(|v| v.eq_ignore_ascii_case("ELEVATION")),
            network: DrainageNetwork::default(),
            nodes: Names::new(),
            links: BTreeSet::new(),
            curves: Names::new(),
            series: Names::new(),
            patterns: Names::new(),
            catchments: Names::new(),
        })
    }

    fn rows(&self, section: &'a str) -> impl Iterator<Item = &'a Row<'a>> + use<'a> {
        self.sections.iter().filter(move |s| s.name == section).flat_map(|s| &s.rows)
    }

    fn skip(&mut self, row: &Row<'_>, section: &str, reason: impl std::fmt::Display) {
        self.note(Severity::Skipped, row, section, reason);
    }

    fn note(&mut self, severity: Severity, row: &Row<'_>, section: &str, reason: impl std::fmt::Display) {
        let place = format!("line {} [{section}] '{}'", row.line, row.words[0]);
        self.report.about(&section.to_ascii_lowercase());
        self.report.note(severity, place, reason.to_string());
        self.report.about("");
    }

    fn read(mut self) -> SwmmFile {
        self.options();
        self.tables();
        self.climate();
        self.rain_and_names();
        self.read_nodes();
        let shapes = Shapes::read(self.sections, self.units.length_m, self.report);
        self.read_links(&shapes);
        self.catchments();
        self.snow_and_months();
        self.lids();
        self.ground();
        self.rdii();
        self.inflows();
        self.streets();
        self.controls();
        self.deepen();
        self.places();
        let names: BTreeSet<String> = self.nodes.keys().cloned().collect();
        check_references(self.sections, &names, &self.links, self.report);

        let extent = self.network.nodes.iter().fold(None, |mut extent, node| {
            if let Some([x, y]) = node.place_m {
                let (low, high) = (f64::from(node.invert_m), f64::from(node.invert_m + node.max_depth_m));
                super::peek::grow(&mut extent, [x, y, low]);
                super::peek::grow(&mut extent, [x, y, high]);
            }
            extent
        });
        let map_units = self.rows("MAP").find(|r| r.words[0].eq_ignore_ascii_case("UNITS"));
        let map_units = map_units.and_then(|r| r.words.get(1)).map_or("NONE".into(), |w| w.to_ascii_uppercase());
        let counts = self.counts();
        let hot_starts = HotStarts::of(self.path, self.sections);
        SwmmFile { network: self.network, counts, flow_units: self.flow_units, map_units, hot_starts, extent }
    }

    fn options(&mut self) {
        for row in self.rows("OPTIONS") {
            self.network.options.insert(key(row.words[0]), row.words[1..].join(" "));
        }
        let network = &mut self.network;
        let moment = |date: &str, time: &str| {
            let day = network.options.get(date).and_then(|d| clock::date_s(d))?;
            Some(day + network.options.get(time).and_then(|t| clock::span_s(t)).unwrap_or(0.0))
        };
        let start = moment("START_DATE", "START_TIME");
        let end = moment("END_DATE", "END_TIME");
        network.duration_s = start.zip(end).map_or(0.0, |(start, end)| (end - start).max(0.0));
        network.start_s = start.unwrap_or(0.0).round() as i64;
        if start.zip(end).is_some_and(|(start, end)| end <= start)
            && let Some(row) = self.rows("OPTIONS").find(|r| r.words[0].eq_ignore_ascii_case("END_DATE"))
        {
            self.note(Severity::Repaired, row, "OPTIONS", "the end is not after the start; the end is left out");
        }
    }

    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let (mut nodes, mut links) = (0, 0);
        for name in NODES.map(|n| n.0) {
            nodes += self.rows(name).count();
            counts.insert(name.to_ascii_lowercase(), self.rows(name).count());
        }
        for name in LINKS {
            links += self.rows(name).count();
            counts.insert(name.to_ascii_lowercase(), self.rows(name).count());
        }
        for name in ["SUBCATCHMENTS", "RAINGAGES", "COORDINATES", "INLET_USAGE", "STREETS", "INFLOWS"] {
            counts.insert(name.to_ascii_lowercase(), self.rows(name).count());
        }
        for name in ["CURVES", "TIMESERIES"] {
            let names: BTreeSet<String> = self.rows(name).map(|r| key(r.words[0])).collect();
            counts.insert(name.to_ascii_lowercase(), names.len());
        }
        counts.insert("control_rules".into(), self.network.rules.len());
        counts.insert("nodes".into(), nodes);
        counts.insert("links".into(), links);
        counts
    }
}

/// Number at a position; 0 when the row is shorter or says `*`.
fn number(row: &Row<'_>, at: usize, name: &str) -> Result<f64, String> {
    match row.words.get(at) {
        None | Some(&"*" | &"") => Ok(0.0),
        Some(word) => match word.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(format!("{name} is '{word}', expected a number")),
        },
    }
}

/// `YES` at a position.
fn yes(row: &Row<'_>, at: usize) -> bool {
    row.words.get(at).is_some_and(|w| w.eq_ignore_ascii_case("YES"))
}

/// Names without regard to case.
fn key(name: &str) -> String {
    name.to_ascii_uppercase()
}
