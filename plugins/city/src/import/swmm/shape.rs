//! Cross-sections of a SWMM file: `[XSECTIONS]` with the transects and streets they refer to.

use std::collections::BTreeMap;

use super::{
    key,
    text::{Row, Section},
};
use crate::import::{Report, Severity};

/// A cross-section.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Keyword of the file.
    pub keyword: String,
    /// Full height first, then the shape's own parameters; lengths in m.
    pub geom_m: [f32; 4],
    /// Barrels.
    pub barrels: u8,
    /// Manning's n that the shape brings with it (transects and streets), instead of the conduit's.
    pub roughness: Option<f64>,
    /// FHWA culvert code; 0 is no culvert.
    pub culvert_code: u8,
    /// Name of the transect, street or shape curve.
    pub section: String,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            keyword: "CIRCULAR".into(),
            geom_m: [0.3, 0.0, 0.0, 0.0],
            barrels: 1,
            roughness: None,
            culvert_code: 0,
            section: String::new(),
        }
    }
}

/// All cross-sections by link.
#[derive(Clone, Debug, Default)]
pub struct Shapes {
    by_link: BTreeMap<String, Shape>,
}

impl Shapes {
    /// The cross-section of a link, by its name in capitals.
    #[must_use]
    pub fn of(&self, link: &str) -> Option<Shape> {
        self.by_link.get(link).cloned()
    }

    /// Reads the sections; `length_m` is m in the file's unit of length.
    pub fn read(sections: &[Section<'_>], length_m: f64, report: &mut Report) -> Self {
        let transects = transects(sections, length_m);
        let streets = streets(sections, length_m);
        let mut shapes = Self::default();
        for row in rows(sections, "XSECTIONS") {
            match shape(row, length_m, &transects, &streets) {
                Ok(shape) => {
                    shapes.by_link.insert(key(row.words[0]), shape);
                }
                Err(reason) => report.note(Severity::Skipped, format!("line {} [XSECTIONS]", row.line), reason),
            }
        }
        shapes
    }
}

fn rows<'a>(sections: &'a [Section<'a>], name: &'a str) -> impl Iterator<Item = &'a Row<'a>> {
    sections.iter().filter(move |s| s.name == name).flat_map(|s| &s.rows)
}

/// An open channel or street.
#[derive(Clone, Copy, Debug)]
struct Profile {
    height_m: f32,
    width_m: f32,
    roughness: Option<f64>,
}

fn shape(
    row: &Row<'_>,
    length_m: f64,
    transects: &BTreeMap<String, Profile>,
    streets: &BTreeMap<String, Profile>,
) -> Result<Shape, String> {
    let id = row.words[0];
    let keyword = row.words.get(1).ok_or_else(|| format!("'{id}' has no shape"))?.to_ascii_uppercase();
    let barrels = match row.words.get(6) {
        None => 1,
        Some(word) => word
            .parse::<f64>()
            .ok()
            .filter(|n| (0.0..=255.0).contains(n))
            .ok_or_else(|| format!("barrels of '{id}' are '{word}', expected a number from 1 to 255"))?
            .max(1.0) as u8,
    };
    let culvert_code = row.words.get(7).and_then(|w| w.parse().ok()).unwrap_or(0);
    let named = match keyword.as_str() {
        "IRREGULAR" => Some((transects, "transect")),
        "STREET" => Some((streets, "street")),
        _ => None,
    };
    if let Some((known, what)) = named {
        let name = row.words.get(2).copied().unwrap_or("");
        let profile = known.get(&key(name)).ok_or_else(|| format!("{what} '{name}' of '{id}' is not defined"))?;
        let geom_m = [profile.height_m, profile.width_m, 0.0, 0.0];
        return Ok(Shape {
            keyword,
            geom_m,
            barrels,
            roughness: profile.roughness,
            culvert_code,
            section: name.into(),
        });
    }
    let mut geom_m = [0.0_f32; 4];
    for (i, slot) in geom_m.iter_mut().enumerate() {
        let Some(word) = row.words.get(i + 2) else { break };
        let value = match word.parse::<f64>() {
            Ok(value) if value.is_finite() => value,
            // The second parameter of a custom shape is the name of its curve.
            _ if keyword == "CUSTOM" && i == 1 => continue,
            _ => return Err(format!("Geom{} of '{id}' is '{word}', expected a number", i + 1)),
        };
        let scale = if is_length(&keyword, i) { length_m } else { 1.0 };
        *slot = (value * scale) as f32;
    }
    if geom_m[0] <= 0.0 && keyword != "DUMMY" {
        return Err(format!("'{id}' has a height of {}, expected more than 0", geom_m[0]));
    }
    let section =
        if keyword == "CUSTOM" { row.words.get(3).copied().unwrap_or_default().into() } else { String::new() };
    Ok(Shape { keyword, geom_m, barrels, roughness: None, culvert_code, section })
}

/// Is parameter `i` (0 is the full height) of a shape a length? Others are slopes, exponents, codes
/// and friction coefficients.
fn is_length(keyword: &str, i: usize) -> bool {
    match (keyword, i) {
        (_, 0) => true,
        ("TRAPEZOIDAL", 2 | 3) | ("POWER", 2) | ("FORCE_MAIN", 1) | ("ARCH" | "HORIZ_ELLIPSE" | "VERT_ELLIPSE", 2) => {
            false
        }
        // Sides removed from a rectangular channel.
        ("RECT_OPEN", 2) => false,
        _ => true,
    }
}

/// Height, top width and channel roughness of each transect: the range of its elevations and stations.
fn transects(sections: &[Section<'_>], length_m: f64) -> BTreeMap<String, Profile> {
    let mut all = BTreeMap::new();
    let mut roughness = None;
    let mut current: Option<(String, f64)> = None;
    for row in rows(sections, "TRANSECTS") {
        let number = |at: usize| row.words.get(at).and_then(|w| w.parse::<f64>().ok()).filter(|n| *n > 0.0);
        match row.words[0].to_ascii_uppercase().as_str() {
            // Left bank, right bank, channel; 0 keeps the last value.
            "NC" => roughness = number(3).or(roughness),
            "X1" => current = row.words.get(1).map(|name| (key(name), number(8).unwrap_or(1.0))),
            "GR" => {
                let Some((name, width_factor)) = &current else { continue };
                for pair in row.words[1..].chunks_exact(2) {
                    let (Ok(z), Ok(x)) = (pair[0].parse::<f64>(), pair[1].parse::<f64>()) else { continue };
                    let range = all.entry(name.clone()).or_insert(([z, z, x, x], *width_factor, roughness));
                    let r = range.0;
                    range.0 = [r[0].min(z), r[1].max(z), r[2].min(x), r[3].max(x)];
                }
            }
            _ => {}
        }
    }
    let profile = |(r, factor, roughness): ([f64; 4], f64, Option<f64>)| Profile {
        height_m: ((r[1] - r[0]) * length_m) as f32,
        width_m: ((r[3] - r[2]) * factor * length_m) as f32,
        roughness,
    };
    all.into_iter().map(|(name, found)| (name, profile(found))).collect()
}

/// Depth at the crown, width and roughness of each street: `Name Tcrown Hcurb Sx nRoad …`, slope in
/// percent.
fn streets(sections: &[Section<'_>], length_m: f64) -> BTreeMap<String, Profile> {
    let mut all = BTreeMap::new();
    for row in rows(sections, "STREETS") {
        let n: Vec<f64> = row.words[1..].iter().map_while(|w| w.parse().ok()).collect();
        if let [crown, curb, slope, ..] = n[..] {
            let profile = Profile {
                height_m: (curb.max(crown * slope / 100.0) * length_m) as f32,
                width_m: (crown * length_m) as f32,
                roughness: n.get(3).copied().filter(|n| *n > 0.0),
            };
            all.insert(key(row.words[0]), profile);
        }
    }
    all
}
