//! EPA SWMM 5 input files (`.inp`) as a drain network in SI units.
//!
//! A row that cannot be used is left out and reported with its line and section; only a file that is
//! no SWMM file at all, or names unknown flow units, is an error. Names are compared without regard
//! to case, as SWMM does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use super::{
    ImportError, Report, Severity,
    swmm_check::check_references,
    swmm_shape::Shapes,
    swmm_text::{Row, Section, sections},
    swmm_units::Units,
};
use crate::model::{Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Pump};

/// A SWMM file: the network with coordinates as the file has them, and what else is in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SwmmFile {
    /// The network; `place_m` and `vertices` are in the file's own coordinates until placed.
    pub network: DrainageNetwork,
    /// Rows by class: `junctions`, `outfalls`, `storage`, `dividers`, `nodes`, `conduits`, `pumps`,
    /// `orifices`, `weirs`, `outlets`, `links`, `subcatchments`, `raingages`, `coordinates` …
    pub counts: BTreeMap<String, usize>,
    /// `CFS`, `LPS` …
    pub flow_units: String,
    /// Unit of the coordinates by `[MAP]`: `FEET`, `METERS`, `DEGREES` or `NONE`.
    pub map_units: String,
    /// Extent of `[COORDINATES]` with inverts and rims as heights, in the file's coordinates and m.
    pub extent: Option<[f64; 6]>,
}

const NODES: [(&str, DrainNodeKind); 4] = [
    ("JUNCTIONS", DrainNodeKind::Junction),
    ("OUTFALLS", DrainNodeKind::Outfall),
    ("STORAGE", DrainNodeKind::Storage),
    ("DIVIDERS", DrainNodeKind::Divider),
];
/// Links that the network does not keep.
const OTHER_LINKS: [&str; 3] = ["ORIFICES", "WEIRS", "OUTLETS"];
const KNOWN: &[&str] = &[
    "TITLE",
    "OPTIONS",
    "FILES",
    "RAINGAGES",
    "EVAPORATION",
    "TEMPERATURE",
    "ADJUSTMENTS",
    "SUBCATCHMENTS",
    "SUBAREAS",
    "INFILTRATION",
    "LID_CONTROLS",
    "LID_USAGE",
    "AQUIFERS",
    "GROUNDWATER",
    "GWF",
    "SNOWPACKS",
    "TRANSECTS",
    "STREETS",
    "INLETS",
    "INLET_USAGE",
    "LOSSES",
    "CONTROLS",
    "POLLUTANTS",
    "LANDUSES",
    "COVERAGES",
    "LOADINGS",
    "BUILDUP",
    "WASHOFF",
    "TREATMENT",
    "INFLOWS",
    "DWF",
    "RDII",
    "HYDROGRAPHS",
    "CURVES",
    "TIMESERIES",
    "PATTERNS",
    "REPORT",
    "EVENTS",
    "TAGS",
    "MAP",
    "PROFILES",
];
const KNOWN_MAP: [&str; 7] = ["COORDINATES", "VERTICES", "POLYGONS", "SYMBOLS", "LABELS", "BACKDROP", "XSECTIONS"];

/// Reads a file.
pub fn read_swmm(path: &Path) -> Result<(SwmmFile, Report), ImportError> {
    let bytes = fs::read(path).map_err(|e| ImportError::new(path, "", e.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    let mut report = Report::default();
    if matches!(text, std::borrow::Cow::Owned(_)) {
        report.note(Severity::Repaired, "text", "not UTF-8; odd bytes replaced");
    }
    let sections = sections(&text);
    if !sections.iter().any(|s| is_known(&s.name)) {
        return Err(ImportError::new(path, "", "no section of a SWMM input file ([JUNCTIONS], [CONDUITS] …) found"));
    }
    for section in sections.iter().filter(|s| !is_known(&s.name)) {
        report.note(Severity::Skipped, format!("line {}", section.line), format!("unknown section [{}]", section.name));
    }
    let file = Reader { path, sections: &sections, report: &mut report }.read()?;
    for (class, n) in &file.counts {
        report.count(class, *n);
    }
    Ok((file, report))
}

fn is_known(name: &str) -> bool {
    KNOWN.contains(&name)
        || KNOWN_MAP.contains(&name)
        || OTHER_LINKS.contains(&name)
        || ["CONDUITS", "PUMPS"].contains(&name)
        || NODES.iter().any(|(section, _)| *section == name)
}

struct Reader<'a> {
    path: &'a Path,
    sections: &'a [Section<'a>],
    report: &'a mut Report,
}

/// Curves by name: pump type (0 for any other curve) and points in the file's units.
type Curves = BTreeMap<String, (u8, Vec<[f64; 2]>)>;

/// A link that SWMM knows: its ends as node indices.
type Ends = (usize, usize);

impl<'a> Reader<'a> {
    fn rows(&self, section: &'a str) -> impl Iterator<Item = &'a Row<'a>> + use<'a> {
        self.sections.iter().filter(move |s| s.name == section).flat_map(|s| &s.rows)
    }

    fn skip(&mut self, row: &Row<'_>, section: &str, reason: impl std::fmt::Display) {
        let place = format!("line {} [{section}] '{}'", row.line, row.words[0]);
        self.report.note(Severity::Skipped, place, reason.to_string());
    }

    /// Number at a position; 0 when the row is shorter.
    fn number(row: &Row<'_>, at: usize, name: &str) -> Result<f64, String> {
        match row.words.get(at) {
            None => Ok(0.0),
            Some(&"*") => Ok(0.0),
            Some(word) => match word.parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => Err(format!("{name} is '{word}', expected a number")),
            },
        }
    }

    fn option(&self, name: &str) -> Option<&'a str> {
        self.rows("OPTIONS").find(|r| r.words[0].eq_ignore_ascii_case(name)).and_then(|r| r.words.get(1).copied())
    }

    fn read(mut self) -> Result<SwmmFile, ImportError> {
        let flow_units = self.option("FLOW_UNITS").unwrap_or("CFS").to_ascii_uppercase();
        let units = Units::of(&flow_units).ok_or_else(|| {
            let line =
                self.rows("OPTIONS").find(|r| r.words[0].eq_ignore_ascii_case("FLOW_UNITS")).map_or(0, |r| r.line);
            ImportError::new(
                self.path,
                format!("line {line} [OPTIONS]"),
                format!("FLOW_UNITS is '{flow_units}', expected CFS, GPM, MGD, CMS, LPS or MLD"),
            )
        })?;
        if self.option("FLOW_UNITS").is_none() {
            self.report.note(Severity::Guessed, "[OPTIONS]", "no FLOW_UNITS; CFS as in SWMM");
        }
        let offsets_are_elevations = self.option("LINK_OFFSETS").is_some_and(|v| v.eq_ignore_ascii_case("ELEVATION"));

        let mut network = DrainageNetwork::default();
        let mut index = BTreeMap::new();
        let curves = self.curves();
        self.nodes(&units, &curves, &mut network, &mut index);
        let shapes = Shapes::read(self.sections, units.length_m, self.report);
        let mut links: BTreeMap<String, Ends> = BTreeMap::new();
        self.conduits(&units, offsets_are_elevations, &shapes, &index, &mut network, &mut links);
        self.pumps(&units, &curves, &index, &mut network, &mut links);
        self.other_links(&index, &mut links);
        self.deepen(&mut network);
        self.places(&index, &mut network);
        network.subcatchments = self.rows("SUBCATCHMENTS").count();
        let node_names: BTreeSet<String> = index.keys().cloned().collect();
        let link_names: BTreeSet<String> = links.keys().cloned().collect();
        check_references(self.sections, &node_names, &link_names, self.report);

        let extent = network.nodes.iter().fold(None, |mut extent, node| {
            if let Some([x, y]) = node.place_m {
                let (low, high) = (f64::from(node.invert_m), f64::from(node.invert_m + node.max_depth_m));
                super::peek::grow(&mut extent, [x, y, low]);
                super::peek::grow(&mut extent, [x, y, high]);
            }
            extent
        });
        let map_units = self.rows("MAP").find(|r| r.words[0].eq_ignore_ascii_case("UNITS"));
        let map_units = map_units.and_then(|r| r.words.get(1)).map_or("NONE".into(), |w| w.to_ascii_uppercase());
        Ok(SwmmFile { network, counts: self.counts(), flow_units, map_units, extent })
    }

    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        let (mut nodes, mut links) = (0, 0);
        for name in NODES.map(|n| n.0) {
            nodes += self.rows(name).count();
            counts.insert(name.to_ascii_lowercase(), self.rows(name).count());
        }
        for name in ["CONDUITS", "PUMPS", "ORIFICES", "WEIRS", "OUTLETS"] {
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
        counts.insert("nodes".into(), nodes);
        counts.insert("links".into(), links);
        counts
    }

    fn nodes(
        &mut self,
        units: &Units,
        curves: &Curves,
        network: &mut DrainageNetwork,
        index: &mut BTreeMap<String, usize>,
    ) {
        for (section, kind) in NODES {
            for row in self.rows(section) {
                let id = row.words[0];
                let depth_at = match kind {
                    DrainNodeKind::Junction | DrainNodeKind::Storage => Some(2),
                    DrainNodeKind::Outfall => None,
                    DrainNodeKind::Divider => match row.words.get(3).map(|w| w.to_ascii_uppercase()).as_deref() {
                        Some("OVERFLOW") => Some(4),
                        Some("WEIR") => Some(7),
                        _ => Some(5),
                    },
                };
                let figures = Self::number(row, 1, "elevation").and_then(|invert| {
                    Ok((invert, depth_at.map_or(Ok(0.0), |at| Self::number(row, at, "maximum depth"))?))
                });
                if row.words.len() < 2 {
                    self.skip(row, section, "a node without an elevation");
                    continue;
                }
                match figures {
                    Err(reason) => self.skip(row, section, reason),
                    Ok(_) if index.contains_key(&key(id)) => {
                        self.skip(row, section, "a node that is already defined");
                    }
                    Ok((invert, depth)) => {
                        let area = if kind == DrainNodeKind::Storage {
                            storage_area(row, depth / 2.0, curves).unwrap_or_else(|reason| {
                                self.skip(row, section, format!("{reason}; its plan area is unknown"));
                                0.0
                            })
                        } else {
                            0.0
                        };
                        index.insert(key(id), network.nodes.len());
                        network.nodes.push(DrainNode {
                            id: id.into(),
                            kind,
                            place_m: None,
                            invert_m: (invert * units.length_m) as f32,
                            max_depth_m: (depth.max(0.0) * units.length_m) as f32,
                            area_m2: (area * units.length_m * units.length_m) as f32,
                        });
                    }
                }
            }
        }
    }

    /// The two ends of a link row; reports undefined nodes and repeated names.
    fn ends(
        &mut self,
        row: &Row<'_>,
        section: &str,
        index: &BTreeMap<String, usize>,
        links: &mut BTreeMap<String, Ends>,
    ) -> Option<Ends> {
        if row.words.len() < 3 {
            self.skip(row, section, "a link needs a name and two nodes");
            return None;
        }
        let mut ends = [0; 2];
        for (end, name) in ends.iter_mut().zip(&row.words[1..3]) {
            match index.get(&key(name)) {
                Some(found) => *end = *found,
                None => {
                    self.skip(row, section, format!("ends at the undefined node '{name}'"));
                    return None;
                }
            }
        }
        if links.insert(key(row.words[0]), (ends[0], ends[1])).is_some() {
            self.skip(row, section, "a link that is already defined");
            return None;
        }
        Some((ends[0], ends[1]))
    }

    fn conduits(
        &mut self,
        units: &Units,
        offsets_are_elevations: bool,
        shapes: &Shapes,
        index: &BTreeMap<String, usize>,
        network: &mut DrainageNetwork,
        links: &mut BTreeMap<String, Ends>,
    ) {
        for row in self.rows("CONDUITS") {
            let Some((from, to)) = self.ends(row, "CONDUITS", index, links) else { continue };
            let id = row.words[0];
            let figures = (|| {
                Ok::<_, String>([
                    Self::number(row, 3, "length")?,
                    Self::number(row, 4, "roughness")?,
                    Self::number(row, 5, "inlet offset")?,
                    Self::number(row, 6, "outlet offset")?,
                ])
            })();
            let [length, roughness, z1, z2] = match figures {
                Ok(figures) => figures,
                Err(reason) => {
                    self.skip(row, "CONDUITS", reason);
                    continue;
                }
            };
            let shape = shapes.of(&key(id));
            let roughness = shape.as_ref().and_then(|s| s.roughness).unwrap_or(roughness);
            if length <= 0.0 || roughness <= 0.0 {
                self.skip(row, "CONDUITS", "the length or the roughness is not positive");
                continue;
            }
            let mut offset = |at: usize, value: f64, node: usize| {
                let mut offset_m = value * units.length_m;
                if offsets_are_elevations && !matches!(row.words.get(at), None | Some(&"*")) {
                    offset_m -= f64::from(network.nodes[node].invert_m);
                }
                // Rounding of the invert to 32 bits is below a tenth of a millimetre up to 1000 m.
                if offset_m < -1e-3 {
                    self.report.note(
                        Severity::Repaired,
                        format!("line {} [CONDUITS]", row.line),
                        "an offset below the node's invert was raised to it",
                    );
                }
                offset_m.max(0.0) as f32
            };
            let (in_offset_m, out_offset_m) = (offset(5, z1, from), offset(6, z2, to));
            if shape.is_none() {
                self.report.note(
                    Severity::Guessed,
                    format!("line {} [CONDUITS]", row.line),
                    "a conduit without a row in [XSECTIONS] was taken to be a circle of 0.3 m",
                );
            }
            let shape = shape.unwrap_or_default();
            network.conduits.push(Conduit {
                id: id.into(),
                from,
                to,
                length_m: (length * units.length_m) as f32,
                roughness: roughness as f32,
                in_offset_m,
                out_offset_m,
                shape: shape.keyword,
                geom_m: shape.geom_m,
                barrels: shape.barrels,
                vertices: Vec::new(),
            });
        }
    }

    fn pumps(
        &mut self,
        units: &Units,
        curves: &Curves,
        index: &BTreeMap<String, usize>,
        network: &mut DrainageNetwork,
        links: &mut BTreeMap<String, Ends>,
    ) {
        for row in self.rows("PUMPS") {
            let Some((from, to)) = self.ends(row, "PUMPS", index, links) else { continue };
            let levels = Self::number(row, 5, "startup depth")
                .and_then(|start| Ok((start, Self::number(row, 6, "shutoff depth")?)));
            let (start, stop) = match levels {
                Ok(levels) => levels,
                Err(reason) => {
                    self.skip(row, "PUMPS", reason);
                    continue;
                }
            };
            let name = row.words.get(3).copied().unwrap_or("*");
            let (curve_type, curve) = match curves.get(&key(name)) {
                _ if name == "*" => (0, Vec::new()),
                Some((kind, points)) if (1..=5).contains(kind) => {
                    let x = if *kind == 1 { units.volume_m3() } else { units.length_m };
                    let points = points.iter().map(|p| [(p[0] * x) as f32, (p[1] * units.flow_m3_s) as f32]);
                    (*kind, points.collect())
                }
                found => {
                    let why = if found.is_some() { "is no pump curve" } else { "is not defined" };
                    self.skip(row, "PUMPS", format!("curve '{name}' {why}; taken as an ideal pump"));
                    (0, Vec::new())
                }
            };
            network.pumps.push(Pump {
                id: row.words[0].into(),
                from,
                to,
                curve_type,
                curve,
                start_m: (start * units.length_m) as f32,
                stop_m: (stop * units.length_m) as f32,
            });
        }
    }

    /// Curves by name: pump type (0 for any other curve) and points in the file's units.
    fn curves(&mut self) -> Curves {
        let mut curves = Curves::new();
        for row in self.rows("CURVES") {
            let mut numbers = &row.words[1..];
            let curve = curves.entry(key(row.words[0])).or_default();
            if let Some(word) = numbers.first().filter(|w| w.parse::<f64>().is_err()) {
                let word = word.to_ascii_uppercase();
                curve.0 = word.strip_prefix("PUMP").and_then(|n| n.parse().ok()).unwrap_or(0);
                numbers = &numbers[1..];
            }
            for pair in numbers.chunks(2) {
                match (pair[0].parse::<f64>(), pair.get(1).map(|w| w.parse::<f64>())) {
                    (Ok(x), Some(Ok(y))) if x.is_finite() && y.is_finite() => curve.1.push([x, y]),
                    _ => {
                        let place = format!("line {} [CURVES]", row.line);
                        self.report.note(Severity::Skipped, place, "a curve point is not a pair of numbers");
                        break;
                    }
                }
            }
        }
        curves
    }

    fn other_links(&mut self, index: &BTreeMap<String, usize>, links: &mut BTreeMap<String, Ends>) {
        for section in OTHER_LINKS {
            for row in self.rows(section) {
                if self.ends(row, section, index, links).is_some() {
                    self.skip(
                        row,
                        section,
                        format!("{} are not kept in the drain network", section.to_ascii_lowercase()),
                    );
                }
            }
        }
    }

    /// SWMM's rule for a maximum depth of 0: up to the crown of the highest conduit.
    fn deepen(&mut self, network: &mut DrainageNetwork) {
        let mut crowns = vec![0.0_f32; network.nodes.len()];
        for conduit in &network.conduits {
            for (node, offset) in [(conduit.from, conduit.in_offset_m), (conduit.to, conduit.out_offset_m)] {
                crowns[node] = crowns[node].max(offset + conduit.geom_m[0]);
            }
        }
        for (node, crown) in network.nodes.iter_mut().zip(crowns) {
            if node.max_depth_m <= 0.0 && crown > 0.0 {
                node.max_depth_m = crown;
                if node.kind != DrainNodeKind::Outfall {
                    let text = "a maximum depth of 0 became the crown of the highest conduit, as in SWMM";
                    self.report.note(Severity::Guessed, format!("node {}", node.id), text);
                }
            }
        }
    }

    fn places(&mut self, index: &BTreeMap<String, usize>, network: &mut DrainageNetwork) {
        let point = |row: &Row<'_>| -> Result<[f64; 2], String> {
            if row.words.len() < 3 {
                return Err("two coordinates are needed".into());
            }
            Ok([Self::number(row, 1, "x")?, Self::number(row, 2, "y")?])
        };
        for row in self.rows("COORDINATES") {
            match (point(row), index.get(&key(row.words[0]))) {
                (Ok(place), Some(&node)) => network.nodes[node].place_m = Some(place),
                (Err(reason), _) => self.skip(row, "COORDINATES", reason),
                (Ok(_), None) => self.skip(row, "COORDINATES", "coordinates of a node that is not defined"),
            }
        }
        let conduits: BTreeMap<String, usize> =
            network.conduits.iter().enumerate().map(|(i, c)| (key(&c.id), i)).collect();
        for row in self.rows("VERTICES") {
            match (point(row), conduits.get(&key(row.words[0]))) {
                (Ok(place), Some(&i)) => network.conduits[i].vertices.push(place),
                (Err(reason), _) => self.skip(row, "VERTICES", reason),
                // Bends of links that are not kept.
                (Ok(_), None) => {}
            }
        }
        let unplaced = network.nodes.iter().filter(|n| n.place_m.is_none()).count();
        if unplaced > 0 {
            self.report.note(Severity::Skipped, "[COORDINATES]", format!("{unplaced} nodes have no coordinates"));
        }
    }
}

/// Plan area of a storage node at a depth, in the file's units (SWMM manual, [STORAGE]).
fn storage_area(row: &Row<'_>, depth: f64, curves: &Curves) -> Result<f64, String> {
    let number = |at: usize, name: &str| Reader::number(row, at, name);
    let shape = row.words.get(4).map(|w| w.to_ascii_uppercase());
    let area = match shape.as_deref() {
        None => return Ok(0.0),
        Some("TABULAR") => {
            let name = row.words.get(5).copied().unwrap_or_default();
            let curve = curves.get(&key(name)).ok_or_else(|| format!("storage curve '{name}' is not defined"))?;
            on_curve(&curve.1, depth).ok_or_else(|| format!("storage curve '{name}' has no points"))?
        }
        Some("FUNCTIONAL") => {
            let (coefficient, exponent) = (number(5, "coefficient")?, number(6, "exponent")?);
            // SWMM: area = constant + coefficient * depth^exponent.
            number(7, "constant")? + if coefficient == 0.0 { 0.0 } else { coefficient * depth.powf(exponent) }
        }
        Some("CYLINDRICAL" | "CYLINDRIC") => std::f64::consts::PI / 4.0 * number(5, "length")? * number(6, "width")?,
        Some("CONICAL" | "PYRAMIDAL") => {
            let (length, width, slope) = (number(5, "length")?, number(6, "width")?, number(7, "side slope")?);
            let round = if shape.as_deref() == Some("CONICAL") { std::f64::consts::PI / 4.0 } else { 1.0 };
            let wider = if length > 0.0 { width / length } else { 1.0 };
            round
                * (length + 2.0 * slope * depth)
                * (width + 2.0 * slope * depth * if round < 1.0 { wider } else { 1.0 })
        }
        Some(other) => return Err(format!("storage shape '{other}' is not read")),
    };
    if area.is_finite() && area >= 0.0 { Ok(area) } else { Err(format!("a plan area of {area}")) }
}

/// Value of a curve at `x`: between its points in a straight line, beyond them its ends.
fn on_curve(points: &[[f64; 2]], x: f64) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    if x <= first[0] {
        return Some(first[1]);
    }
    for pair in points.windows(2) {
        let [[x0, y0], [x1, y1]] = [pair[0], pair[1]];
        if x <= x1 && x1 > x0 {
            return Some(y0 + (y1 - y0) * (x - x0) / (x1 - x0));
        }
    }
    Some(last[1])
}

/// Names without regard to case.
pub(super) fn key(name: &str) -> String {
    name.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_nodes_have_a_plan_area() {
        let text = "[OPTIONS]\nFLOW_UNITS CMS\n[STORAGE]\nF 0 4 0 FUNCTIONAL 10 1 50\nC 0 4 0 FUNCTIONAL 0 0 80\n\
                    T 0 4 0 TABULAR well 0 0\nB 0 4 0 TABULAR gone 0 0\nY 0 4 0 CYLINDRICAL 10 10 0\n\
                    [CURVES]\nwell Storage 0 20\nwell 1 20 3 60\n[JUNCTIONS]\nJ 0 2\n";
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wells.inp");
        fs::write(&path, text).unwrap();
        let (file, report) = read_swmm(&path).unwrap();
        let area = |id: &str| file.network.nodes.iter().find(|n| n.id == id).unwrap().area_m2;
        assert_eq!([area("F"), area("C"), area("T"), area("B"), area("J")], [70.0, 80.0, 40.0, 0.0, 0.0]);
        assert!((area("Y") - 78.54).abs() < 0.01);
        assert!(report.problems.iter().any(|p| p.message.contains("'gone' is not defined")));
        // US units: feet.
        fs::write(&path, text.replace("CMS", "CFS")).unwrap();
        let (feet, _) = read_swmm(&path).unwrap();
        let node = feet.network.nodes.iter().find(|n| n.id == "C").unwrap();
        assert!((node.area_m2 - 80.0 * 0.092_903_04).abs() < 1e-3);
    }
}
