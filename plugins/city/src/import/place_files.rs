//! Where files lie on Earth, and the local frame that suits them all.

use std::path::{Path, PathBuf};

use guanlan_geography::{
    LocalFrame, Shifted, Transformer, choose_local_epsg, crs_code, crs_name, is_geographic, is_metric_at,
};
use serde::{Deserialize, Serialize};

use super::{
    ImportError, Report, Severity,
    archive::{self, file_name},
    cityjson,
    format::{Format, detect},
    geojson_layers, gltf, osm,
    placer::{heights, horizontal},
    raster_file,
    swmm::{SwmmFile, read_swmm},
    tiles3d, vector,
};

/// Files further than this from the frame's origin cannot belong to the same city, m.
const FAR_M: f64 = 200_000.0;

/// What was already read while looking where a file lies.
#[derive(Clone, Debug, Default)]
pub(crate) enum Content {
    /// To be read when it is needed.
    #[default]
    Later,
    /// Drains.
    Swmm(SwmmFile),
}

/// Where a file says it lies, and what was odd about that: all that choosing a frame needs of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sketch {
    /// What it is.
    pub format: Format,
    /// CRS as PROJ understands it; `None` when the file does not say.
    pub crs: Option<String>,
    /// In its own CRS.
    pub extent: Option<[f64; 6]>,
    /// Its numbers look like degrees, whatever it says.
    pub degrees: bool,
    /// What its heights count from, when its CRS says.
    pub heights: Option<String>,
    /// What looking at it found out.
    pub report: Report,
}

/// A file on its way into the city.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub path: PathBuf,
    pub format: Format,
    /// CRS as PROJ understands it; `None` when neither the file nor the user says.
    pub crs: Option<String>,
    /// In its own CRS.
    pub extent: Option<[f64; 6]>,
    pub degrees: bool,
    pub heights: Option<String>,
    pub content: Content,
}

impl Sketch {
    fn peeked(&mut self, peek: super::Peek) {
        self.crs = peek.epsg.map(|code| crs_name(horizontal(code)));
        self.heights = peek.epsg.and_then(|code| heights(&crs_name(code))).map(|h| h.name);
        self.extent = peek.extent;
    }
}

fn named(path: &Path, mut own: Report) -> Report {
    for problem in &mut own.problems {
        problem.where_ = format!("{}: {}", file_name(path), problem.where_);
    }
    own
}

impl Source {
    /// A file of which a sketch is known.
    pub fn known(path: &Path, sketch: Sketch) -> Self {
        let Sketch { format, crs, extent, degrees, heights, report: _ } = sketch;
        Self { path: path.to_owned(), format, crs, extent, degrees, heights, content: Content::Later }
    }

    /// File name for messages.
    pub fn name(&self) -> String {
        file_name(&self.path)
    }

    /// Detects the format and looks where the file lies.
    pub fn look(path: &Path) -> Result<(Sketch, Content), ImportError> {
        let opened = archive::open(path)?;
        let (mut sketch, content) = Self::look_at(opened.path(), path).map_err(|e| opened.named(e))?;
        if let [first, ..] = opened.left() {
            let text = format!("{} files of the archive are of no format that is read", opened.left().len());
            sketch.report.note(Severity::Skipped, format!("{}: {first}", file_name(path)), text);
        }
        Ok((sketch, content))
    }

    /// `path` is where the file's bytes are, `given` as it was named.
    fn look_at(path: &Path, given: &Path) -> Result<(Sketch, Content), ImportError> {
        let format = detect(path)?;
        let mut sketch =
            Sketch { format, crs: None, extent: None, degrees: false, heights: None, report: Report::default() };
        let mut content = Content::Later;
        match format {
            Format::GeoTiff | Format::EsriAscii | Format::Hgt => {
                let (raster, own) = raster_file::look(path, format)?;
                sketch.report = named(given, own);
                sketch.crs = raster.crs.clone();
                sketch.extent = Some(raster.extent());
                sketch.heights = raster.heights.clone();
                sketch.degrees = raster.affine[1].abs() < 0.02 && raster.affine[5].abs() < 0.02;
            }
            Format::Swmm => {
                let (file, own) = read_swmm(path)?;
                sketch.report = named(given, own);
                sketch.extent = file.extent;
                sketch.degrees = file.map_units == "DEGREES";
                content = Content::Swmm(file);
            }
            Format::CityJson => sketch.peeked(cityjson::peek(path)?),
            Format::Osm => sketch.peeked(osm::peek(path)?),
            Format::Gltf => sketch.peeked(gltf::peek(path)?),
            Format::Tiles3d => sketch.peeked(tiles3d::peek(path)?),
            Format::GeoJson => sketch.peeked(geojson_layers::peek(path)?),
            Format::GeoPackage | Format::Shapefile => {
                let (peek, crs) = vector::peek(path, format)?;
                sketch.peeked(peek);
                sketch.crs = sketch.crs.or(crs);
                // Attribute tables are in degrees or in metres; degrees are small.
                sketch.degrees = peek.extent.is_some();
            }
        }
        Ok((sketch, content))
    }

    /// A report with the file's name at each place.
    pub fn named(&self, own: Report) -> Report {
        named(&self.path, own)
    }

    /// EPSG code of the CRS, when it has one.
    pub fn epsg(&self) -> Option<u32> {
        crs_code(self.crs.as_deref()?)
    }

    fn middle(&self) -> Option<[f64; 2]> {
        self.extent.map(|e| [(e[0] + e[3]) / 2.0, (e[1] + e[4]) / 2.0])
    }

    /// Middle as longitude and latitude; `None` without a CRS or where the CRS does not reach.
    fn lonlat(&self) -> Option<[f64; 2]> {
        Transformer::new(self.crs.clone()?, "EPSG:4326").ok()?.transform(self.middle()?).ok()
    }

    /// Middle in the projected coordinates of a frame; files without a CRS are taken to be in it.
    fn projected_middle(&self, epsg: u32) -> Option<[f64; 2]> {
        let middle = self.middle()?;
        match &self.crs {
            Some(crs) => Transformer::new(crs.clone(), format!("EPSG:{epsg}")).ok()?.transform(middle).ok(),
            None => Some(middle),
        }
    }
}

/// Gives a CRS to files that name none, by the user's word or by what their numbers can only be.
pub(super) fn settle_crs(sources: &mut [Source], crs_override: Option<u32>, report: &mut Report) {
    if let Some(shifted) = crs_override.and_then(Shifted::coded) {
        settle_shifted(sources, shifted, report);
    } else if let Some(code) = crs_override {
        let wanted = format!("EPSG:{}", horizontal(code));
        // OSM and GeoJSON are in degrees by their standards, unless its numbers are none; a model has no place.
        let open = |s: &Source| match s.format {
            Format::Osm | Format::Gltf | Format::Tiles3d => false,
            Format::GeoJson => s.crs.is_none(),
            _ => true,
        };
        let only = sources.iter().filter(|s| open(s)).count() == 1;
        for source in sources.iter_mut().filter(|s| open(s)) {
            match &source.crs {
                None => source.crs = Some(wanted.clone()),
                Some(own) if *own == wanted => {}
                Some(own) => {
                    let what = if only { "used instead" } else { "not used for it" };
                    let text = format!("the file says {own}; {wanted} was given and {what}");
                    report.note(Severity::Guessed, source.name(), text);
                    if only {
                        source.crs = Some(wanted.clone());
                    }
                }
            }
        }
    }
    for source in sources.iter_mut().filter(|s| s.crs.is_none()) {
        let Some(e) = source.extent else { continue };
        let on_globe = e[0] >= -180.0 && e[3] <= 180.0 && e[1] >= -90.0 && e[4] <= 90.0;
        if on_globe && source.degrees {
            source.crs = Some("EPSG:4326".into());
            let text = "no CRS; its numbers can only be longitude and latitude, taken as WGS 84";
            report.note(Severity::Guessed, source.name(), text);
        }
    }
}

/// Longitude and latitude of all files are in a shifted system: they will be converted.
fn settle_shifted(sources: &mut [Source], shifted: Shifted, report: &mut Report) {
    let name = shifted.name();
    for source in sources.iter_mut().filter(|s| s.format != Format::Gltf) {
        let degrees = source.extent.is_some_and(|e| e[0] >= -180.0 && e[3] <= 180.0 && e[1] >= -90.0 && e[4] <= 90.0);
        match &source.crs {
            Some(own) if own == name => {}
            Some(own) if is_geographic(own) == Ok(true) => {
                let text = format!("the file says {own}; its longitude and latitude are read as {name}, as given");
                report.note(Severity::Repaired, source.name(), text);
                source.crs = Some(name.into());
            }
            None if degrees => source.crs = Some(name.into()),
            own => {
                let own = own.as_deref().unwrap_or("no CRS");
                let text = format!("{name} was given and not used for it: it has no longitude and latitude ({own})");
                report.note(Severity::Guessed, source.name(), text);
            }
        }
    }
}

/// True when two levels are the same, or so near that nobody sees it: Yellow Sea 1956 and 1985 are 3 cm apart.
fn same_level(a: &str, b: &str) -> bool {
    let both = |what: &str| a.starts_with(what) && b.starts_with(what);
    a == b || both("ellipsoidal") || both("Yellow Sea")
}

/// Which files have heights that count from the level of the first that says its own: others are not mixed with it
/// unless `mix` allows it, and then as they are.
pub(super) fn compare_heights(sources: &[Source], mix: bool, report: &mut Report) -> Vec<bool> {
    let known = || sources.iter().filter_map(|s| s.heights.as_deref().map(|heights| (s, heights)));
    for (source, heights) in known().filter(|(_, heights)| heights.starts_with("ellipsoidal")) {
        let text = format!("heights are {heights}: in China up to some 60 m away from heights above sea level");
        report.note(Severity::Guessed, source.name(), text);
    }
    let Some((first, level)) = known().next() else { return vec![true; sources.len()] };
    let fits = |source: &Source| {
        let Some(heights) = source.heights.as_deref().filter(|own| !same_level(own, level)) else { return true };
        if mix {
            let text = format!("heights are {heights}, those of {} {level}; they are not converted", first.name());
            report.note(Severity::Guessed, source.name(), text);
        } else {
            let text = format!(
                "left out: its heights are {heights}, those of {} {level}; heights of different levels are not mixed \
                 (convert one of the files, or give --mix-heights)",
                first.name()
            );
            report.note(Severity::Skipped, source.name(), text);
        }
        mix
    };
    sources.iter().map(fits).collect()
}

/// The frame: the first projected CRS in metres among the files, else one chosen by place; the origin
/// is the middle of the files, in tens of metres. EPSG 0 when no file says where it lies.
pub(super) fn choose_frame(sources: &[Source], report: &mut Report) -> Result<LocalFrame, ImportError> {
    let mut epsg = None;
    let mut place = None;
    let mut outside = None;
    for source in sources {
        let Some(lonlat) = source.lonlat() else {
            if let (Some(crs), Some(at)) = (&source.crs, source.middle()) {
                // An unknown CRS is an error; coordinates that it does not reach are only odd.
                Transformer::new(crs.clone(), "EPSG:4326")
                    .map_err(|e| ImportError::new(&source.path, "CRS", e.to_string()))?;
                outside = outside.or(source.epsg());
                let text =
                    format!("its coordinates, about ({:.1}, {:.1}), lie outside the domain of {crs}", at[0], at[1]);
                report.note(Severity::Guessed, source.name(), text);
            }
            continue;
        };
        place = place.or(Some(lonlat));
        let crs = source.crs.as_deref().unwrap_or_default();
        let metric = is_metric_at(crs, lonlat[0], lonlat[1]).unwrap_or(false);
        if metric && !is_geographic(crs).unwrap_or(true) && source.epsg().is_some() {
            epsg = source.epsg();
            break;
        }
    }
    let epsg = epsg.or_else(|| place.map(|p| choose_local_epsg(p[0], p[1]))).or(outside).unwrap_or(0);
    // A CRS without a single place: nothing can be drawn, and nobody knows where nothing lies.
    if epsg == 0
        && let Some(empty) = sources.iter().find(|s| s.crs.is_some() && s.extent.is_none())
    {
        let projected = empty.crs.as_deref().is_some_and(|crs| is_geographic(crs) == Ok(false));
        match empty.epsg().filter(|_| projected) {
            Some(code) => return Ok(LocalFrame::new(code, [0.0, 0.0])),
            None => return Err(ImportError::new(&empty.path, "", "nothing in the file has a place")),
        }
    }
    if epsg == 0 {
        let text = "no file says where on Earth it lies; coordinates are local metres (give the CRS with --crs EPSG:n)";
        report.note(Severity::Guessed, "CRS", text);
    }
    // Buildings and roads say best where the city is; terrain often covers far more.
    let solid = |s: &&Source| {
        matches!(s.format, Format::CityJson | Format::Osm | Format::Swmm | Format::GeoPackage | Format::Shapefile)
            && s.crs.is_some()
    };
    let middles: Vec<[f64; 2]> = match sources.iter().filter(solid).find_map(|s| s.projected_middle(epsg)) {
        Some(middle) => vec![middle],
        None => {
            let placed = sources.iter().filter(|s| s.crs.is_some() || epsg == 0);
            let mut all: Vec<[f64; 2]> = placed.filter_map(|s| s.projected_middle(epsg)).collect();
            // Files that lie far apart are not one city: the middle of all would be near none of them.
            let near = |m: &[f64; 2], first: [f64; 2]| (m[0] - first[0]).hypot(m[1] - first[1]) <= FAR_M;
            if let Some(&first) = all.first() {
                all.retain(|m| near(m, first));
            }
            all
        }
    };
    let n = middles.len().max(1) as f64;
    let sum = middles.iter().fold([0.0, 0.0], |s, m| [s[0] + m[0], s[1] + m[1]]);
    let tens = |v: f64| (v / n / 10.0).round() * 10.0;
    Ok(LocalFrame::new(epsg, [tens(sum[0]), tens(sum[1])]))
}

/// Notes how a file came into the frame. False when it is too far away to belong to the city.
pub(super) fn check_place(source: &Source, frame: &LocalFrame, report: &mut Report) -> bool {
    let name = source.name();
    let Some(middle) = source.projected_middle(frame.epsg) else { return true };
    let local = frame.to_local(middle);
    let away_m = local[0].hypot(local[1]);
    match (&source.crs, source.middle()) {
        (None, _) if away_m > FAR_M => {
            let text = format!(
                "left out: it names no CRS and its coordinates are no place near the city in EPSG:{}; give --crs EPSG:n",
                frame.epsg
            );
            report.note(Severity::Skipped, name, text);
            return false;
        }
        (None, _) if frame.epsg != 0 => {
            let text = format!("no CRS; coordinates taken as EPSG:{}", frame.epsg);
            report.note(Severity::Guessed, name, text);
        }
        (Some(_), _) if away_m > FAR_M => {
            let text = format!("left out: it lies {:.0} km from the other files", away_m / 1000.0);
            report.note(Severity::Skipped, name, text);
            return false;
        }
        (Some(crs), Some(at)) if *crs != format!("EPSG:{}", frame.epsg) => {
            if Shifted::named(crs).is_some() {
                let text = format!("converted from {crs} to EPSG:{} by the published formula", frame.epsg);
                report.note(Severity::Repaired, name, text);
                return true;
            }
            let there = Transformer::new(crs.clone(), format!("EPSG:{}", frame.epsg));
            let accuracy = there.and_then(|t| t.accuracy_m(at)).unwrap_or(None);
            let wgs_to_cgcs = source.epsg() == Some(4326) && (4491..=4554).contains(&frame.epsg);
            let how = match accuracy {
                Some(0.0) => String::new(),
                Some(m) => format!(", accuracy {m} m by PROJ"),
                None if wgs_to_cgcs => ", WGS 84 taken as CGCS2000 (less than 1 m apart)".into(),
                None => ", the two datums taken as equal, accuracy unknown".into(),
            };
            if !how.is_empty() {
                report.note(Severity::Guessed, name, format!("transformed from {crs} to EPSG:{}{how}", frame.epsg));
            }
        }
        _ => {}
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, heights: Option<&str>) -> Source {
        let sketch = Sketch {
            format: Format::CityJson,
            crs: None,
            extent: None,
            degrees: false,
            heights: heights.map(str::to_owned),
            report: Report::default(),
        };
        Source::known(Path::new(name), sketch)
    }

    #[test]
    fn heights_of_different_levels_are_not_mixed_unless_somebody_says_so() {
        let files = [
            source("streets.osm", None),
            source("town.city.json", Some("NAP height")),
            source("terrain.tif", Some("ellipsoidal (WGS 84)")),
            source("more.city.json", Some("NAP height")),
        ];
        let mut report = Report::default();
        assert_eq!(compare_heights(&files, false, &mut report), [true, true, false, true]);
        let left = report.problems.iter().find(|p| p.severity == Severity::Skipped).expect("said");
        assert!(left.where_ == "terrain.tif" && left.message.contains("town.city.json NAP height"), "{left:?}");
        assert!(left.message_zh.contains("不混用"), "{left:?}");
        let mut report = Report::default();
        assert_eq!(compare_heights(&files, true, &mut report), [true; 4]);
        assert!(report.problems.iter().any(|p| p.message.ends_with("they are not converted")), "{report:?}");
        // Three centimetres apart.
        let near = [source("a", Some("Yellow Sea 1956 height")), source("b", Some("Yellow Sea 1985 height"))];
        assert_eq!(compare_heights(&near, false, &mut Report::default()), [true; 2]);
        assert_eq!(compare_heights(&[source("a", None)], false, &mut Report::default()), [true]);
    }
}
