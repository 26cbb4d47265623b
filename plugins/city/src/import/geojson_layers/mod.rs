//! GeoJSON layers (RFC 7946): administrative areas, organisations, persons, places, components,
//! sensors, crews, landmarks.
//!
//! A file says which layer it is by the top-level member `"guanlan:layer"`. Files that say nothing
//! are read by their geometry: polygons as surfaces, lines as roads, points as places. A feature that
//! cannot be used is skipped and named by its index (the first is 0) and property.

mod document;
mod fields;
mod foreign;
#[cfg(test)]
mod tests;
mod words;

use std::{collections::BTreeSet, path::Path};

use guanlan_core::ObservedProperty;
use guanlan_geography::{GridCode, LocalFrame, Shifted, crs_code, is_geographic};

pub(in crate::import) use self::document::{Document, Feature, Geometry, Take, line, position, rings};
use self::{
    document::LAYER_MEMBER,
    fields::{Fields, Wrong},
};
use super::{FileFacts, ImportError, Peek, Report, Severity, bearing::bearing_of, gltf, peek::Keys, placer::Placer};
use crate::model::{
    AdminArea, AdminLevel, Building, Component, Landmark, Layer, Organisation, Person, Place, Railway, Road,
    SensorSpec, SurfaceArea, UnitSpec,
};

/// What one file adds to a city.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerPart {
    /// Administrative areas.
    pub areas: Vec<AdminArea>,
    /// Centres and organisations.
    pub organisations: Vec<Organisation>,
    /// 街巷长, 网格员.
    pub persons: Vec<Person>,
    /// 部件.
    pub components: Vec<Component>,
    /// Places with names.
    pub places: Vec<Place>,
    /// Sensors.
    pub sensors: Vec<SensorSpec>,
    /// Crews.
    pub units: Vec<UnitSpec>,
    /// Models, read from the glTF files that the layer points to.
    pub landmarks: Vec<Landmark>,
    /// Surfaces of foreign files.
    pub surfaces: Vec<SurfaceArea>,
    /// Roads of foreign files.
    pub roads: Vec<Road>,
    /// Tracks of foreign files.
    pub railways: Vec<Railway>,
    /// Buildings of foreign files; heights above the ground beside them.
    pub buildings: Vec<Building>,
    /// Features of objects that keep no id of their own.
    pub(crate) keys: Keys,
}

impl LayerPart {
    /// Notes that objects which have come since the last time are of a feature.
    fn stamp(&mut self, feature: &Feature) {
        let lists = [
            (Layer::Surfaces, self.surfaces.len()),
            (Layer::Places, self.places.len()),
            (Layer::Roads, self.roads.len()),
            (Layer::Landmarks, self.landmarks.len()),
            (Layer::Components, self.components.len()),
        ];
        for (layer, n) in lists {
            if n > 0 {
                self.keys.entry(layer).or_default().resize_with(n, || feature.at.clone());
            }
        }
    }
}

impl LayerPart {
    /// How many objects of each class it holds; classes without any are left out.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, usize)> {
        [
            ("areas", self.areas.len()),
            ("organisations", self.organisations.len()),
            ("persons", self.persons.len()),
            ("components", self.components.len()),
            ("places", self.places.len()),
            ("sensors", self.sensors.len()),
            ("units", self.units.len()),
            ("landmarks", self.landmarks.len()),
            ("surfaces", self.surfaces.len()),
            ("roads", self.roads.len()),
            ("railways", self.railways.len()),
            ("buildings", self.buildings.len()),
        ]
        .into_iter()
        .filter(|c| c.1 > 0)
        .collect()
    }
}

/// CRS and extent, in the file's own coordinates.
pub fn peek(path: &Path) -> Result<Peek, ImportError> {
    let document = Document::open(path)?;
    // One of an unknown system may be told where it lies.
    if document.crs.is_some() {
        document.check_degrees(path)?;
    }
    Ok(Peek { epsg: epsg_of_name(document.crs.as_deref()), extent: document.extent })
}

/// The code in `EPSG:n`, or that of a shifted system.
pub(super) fn epsg_of_name(crs: Option<&str>) -> Option<u32> {
    crs.and_then(crs_code)
}

/// Reads a layer into the local frame.
pub fn read(path: &Path, frame: &LocalFrame) -> Result<(LayerPart, Report), ImportError> {
    read_as(path, frame, None)
}

/// [`read`], with another CRS where longitude and latitude are of a shifted system, or the file names none.
pub fn read_as(path: &Path, frame: &LocalFrame, crs: Option<&str>) -> Result<(LayerPart, Report), ImportError> {
    let document = Document::open(path)?;
    if document.crs.is_some() || crs.is_none() {
        document.check_degrees(path)?;
    }
    let mut conversion = Conversion::new(path, frame, crs);
    if let Some((_, name)) = document.encoding {
        conversion.report.note(Severity::Guessed, "text", format!("not UTF-8; read as {name}"));
    }
    document.each(path, &mut |batch| conversion.add(batch))?;
    conversion.finish()
}

/// Brings layers into the local frame, batch after batch.
pub(super) struct Conversion<'a> {
    path: &'a Path,
    frame: &'a LocalFrame,
    crs: Option<&'a str>,
    part: LayerPart,
    report: Report,
    ids: Ids,
    /// There was a feature.
    any: bool,
}

/// Ids that name one thing each, by the number of their layer.
type Ids = BTreeSet<(usize, String)>;

impl<'a> Conversion<'a> {
    /// `crs` stands in for layers that name none, and for longitude and latitude when it is a shifted system.
    pub fn new(path: &'a Path, frame: &'a LocalFrame, crs: Option<&'a str>) -> Self {
        let (part, report) = (LayerPart::default(), Report::default());
        Self { path, frame, crs, part, report, ids: Ids::new(), any: false }
    }

    /// Brings some features of a layer in.
    pub fn add(&mut self, document: &Document) -> Result<(), ImportError> {
        let own = document.crs.as_deref();
        let shifted =
            self.crs.filter(|c| Shifted::named(c).is_some() && own.is_some_and(|o| is_geographic(o) == Ok(true)));
        let placer = match shifted.or(own).or(self.crs) {
            Some(crs) => Placer::named(self.path, crs, self.frame)?,
            None => Placer::new(self.path, self.frame.epsg, self.frame)?,
        };
        self.any |= !document.features.is_empty();
        self.put(document, &placer)
    }

    fn put(&mut self, document: &Document, placer: &Placer) -> Result<(), ImportError> {
        let Self { path, part, report, ids, .. } = self;
        match document.layer.as_deref() {
            Some(layer) => known(path, layer, document, placer, part, report, ids)?,
            None => foreign::read(document, placer, part, report),
        }
        Ok(())
    }

    /// All that was brought in.
    pub fn finish(mut self) -> Result<(LayerPart, Report), ImportError> {
        for (class, n) in self.part.counts() {
            self.report.count(class, n);
        }
        if self.part.counts().is_empty() && self.any {
            let first = self.report.problems.first();
            let place = first.map_or(String::new(), |p| p.where_.clone());
            let reason = first.map_or_else(
                || "nothing in the file can be used".to_owned(),
                |p| match p.message.starts_with("a line") || p.message.starts_with("a point") {
                    true => format!("nothing can be used ({}); a layer file shows it as it is (--layers)", p.message),
                    false => format!("nothing can be used: {}", p.message),
                },
            );
            return Err(ImportError::new(self.path, place, reason));
        }
        Ok((self.part, self.report))
    }
}

/// What is in a file, for `guanlan inspect`.
pub fn facts(path: &Path) -> Result<FileFacts, ImportError> {
    let document = Document::open(path)?;
    if document.crs.is_some() {
        document.check_degrees(path)?;
    }
    let version = document.layer.clone().unwrap_or_default();
    let heads = [document];
    let facts = facts_of(path, &heads, &mut |take| Document::open(path)?.each(path, take))?;
    Ok(FileFacts { version, ..facts })
}

/// Goes through all layers, handing on their features batch after batch.
pub(super) type Walk<'a> = &'a mut dyn FnMut(Take<'_>) -> Result<(), ImportError>;

/// Facts of layers, of which the heads are known; the CRS is the first one's.
pub(super) fn facts_of(path: &Path, heads: &[Document], walk: Walk<'_>) -> Result<FileFacts, ImportError> {
    let frame = LocalFrame::default();
    let mut conversion = Conversion::new(path, &frame, None);
    let mut extent = None;
    let first = heads.iter().find(|d| d.extent.is_some()).or(heads.first());
    let crs = first.and_then(|d| d.crs.clone());
    for e in heads.iter().filter(|d| d.crs == crs).filter_map(|d| d.extent) {
        super::peek::grow(&mut extent, [e[0], e[1], e[2]]);
        super::peek::grow(&mut extent, [e[3], e[4], e[5]]);
    }
    // Any frame will do to count; one about a layer's middle keeps every place in the projection's domain.
    let placers: Vec<Placer> = heads
        .iter()
        .map(|head| {
            let degrees = head.crs.as_deref().map_or(head.in_degrees(), |c| is_geographic(c) == Ok(true));
            Placer::rough(head.extent, degrees)
        })
        .collect();
    let mut counts: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    counts.insert("features".into(), 0);
    walk(&mut |document| {
        *counts.entry("features".to_owned()).or_default() += document.features.len();
        for kind in document.features.iter().filter_map(|f| f.geometry.as_ref()).map(|g| &g.kind) {
            if !kind.is_empty() {
                *counts.entry(kind.clone()).or_default() += 1;
            }
        }
        match placers.get(document.number) {
            Some(placer) => conversion.put(document, placer),
            None => Ok(()),
        }
    })?;
    let Conversion { part, report, .. } = conversion;
    counts.extend(part.counts().into_iter().map(|(class, n)| (class.to_owned(), n)));
    Ok(FileFacts {
        path: path.to_owned(),
        format: "GeoJSON".into(),
        version: String::new(),
        crs: crs.unwrap_or_default(),
        extent,
        counts,
        problems: report.problems,
    })
}

/// A ring in the local frame: counter-clockwise, not closed; `None` when it encloses nothing.
fn local_ring(placer: &Placer, ring: &[[f64; 2]]) -> Option<Vec<[f32; 2]>> {
    // Shapes of shapefiles turn the other way; both are turned right here.
    let mut points: Vec<[f64; 2]> = placer.all(ring).into_iter().collect::<Option<_>>()?;
    points.dedup();
    if points.len() > 1 && points.first() == points.last() {
        points.pop();
    }
    let twice: f64 = (0..points.len())
        .map(|i| {
            let (a, b) = (points[i], points[(i + 1) % points.len()]);
            a[0] * b[1] - a[1] * b[0]
        })
        .sum();
    if points.len() < 3 || twice == 0.0 {
        return None;
    }
    if twice < 0.0 {
        points.reverse();
    }
    Some(points.into_iter().map(|p| p.map(|v| v as f32)).collect())
}

type Put = fn(&mut LayerPart, &Feature, &Fields<'_>, &Here<'_>) -> Result<(), Wrong>;

/// Where features land, and where files beside the layer are.
struct Here<'a> {
    placer: &'a Placer,
    folder: &'a Path,
}

impl Here<'_> {
    fn point(&self, feature: &Feature) -> Result<[f64; 2], Wrong> {
        let p = feature.point().map_err(|e| Wrong::new("geometry", e))?;
        self.placer.all(&[p])[0].ok_or_else(|| Wrong::new("geometry", format!("{p:?} lies outside the projection")))
    }
}

fn known(
    path: &Path,
    layer: &str,
    document: &Document,
    placer: &Placer,
    part: &mut LayerPart,
    report: &mut Report,
    ids: &mut Ids,
) -> Result<(), ImportError> {
    let put: Put = match layer {
        "admin" => area,
        "organisations" => organisation,
        "people" => person,
        "places" => place,
        "components" => component,
        "sensors" => sensor,
        "units" => unit,
        "landmarks" => landmark,
        other => {
            let reason = format!(
                "'{other}' is unknown, expected admin, organisations, people, places, components, sensors, units or landmarks"
            );
            return Err(ImportError::new(path, LAYER_MEMBER, reason));
        }
    };
    let here = Here { placer, folder: path.parent().unwrap_or(Path::new("")) };
    let key = match layer {
        "admin" | "components" => "code",
        "organisations" | "sensors" | "units" => "id",
        _ => "",
    };
    for feature in &document.features {
        let fields = Fields(feature.properties.as_ref());
        let twice = !key.is_empty() && fields.text(key).is_ok_and(|id| !ids.insert((document.number, id)));
        let outcome = if twice {
            Err(Wrong::new(key, format!("{} is used by an earlier feature", fields.text_or_empty(key))))
        } else {
            put(part, feature, &fields, &here)
        };
        part.stamp(feature);
        if let Err(wrong) = outcome {
            report.about(layer);
            report.note(
                Severity::Skipped,
                feature.at.as_str(),
                format!("property '{}' {}", wrong.property, wrong.reason),
            );
        }
    }
    report.about("");
    part.areas.sort_by(|a, b| a.code.len().cmp(&b.code.len()).then_with(|| a.code.cmp(&b.code)));
    Ok(())
}

fn area(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let code = f.text("code")?;
    let level: AdminLevel = f.word("level", "city, district, street, community or grid")?;
    let digits = match level {
        AdminLevel::City => 4,
        AdminLevel::District => 6,
        AdminLevel::Street => 9,
        AdminLevel::Community => 12,
        AdminLevel::Grid => 15,
    };
    if level == AdminLevel::Grid {
        code.parse::<GridCode>().map_err(|e| Wrong::new("code", e.to_string()))?;
    } else if code.len() != digits || !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(Wrong::new("code", format!("is '{code}', expected {digits} digits for this level")));
    }
    let outer = feature.outer().map_err(|e| Wrong::new("geometry", e))?;
    let ring = local_ring(here.placer, &outer).ok_or_else(|| Wrong::new("geometry", "the ring encloses nothing"))?;
    part.areas.push(AdminArea { code, level, name: f.name(), ring });
    Ok(())
}

fn organisation(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let kind = f.text("kind")?;
    if !["city_centre", "sub_centre", "unit"].contains(&kind.as_str()) {
        return Err(Wrong::new("kind", format!("is '{kind}', expected city_centre, sub_centre or unit")));
    }
    part.organisations.push(Organisation {
        id: f.text("id")?.into(),
        name: f.name(),
        kind,
        duties: f.list("duties")?,
        place_m: here.point(feature)?,
        area: f.text_or_empty("area"),
    });
    Ok(())
}

fn person(part: &mut LayerPart, _: &Feature, f: &Fields<'_>, _: &Here<'_>) -> Result<(), Wrong> {
    let duty = f.text("duty")?;
    if !["street_chief", "grid_member"].contains(&duty.as_str()) {
        return Err(Wrong::new("duty", format!("is '{duty}', expected street_chief or grid_member")));
    }
    part.persons.push(Person { name: f.name(), duty, area: f.text("area")?, phone: f.text_or_empty("phone") });
    Ok(())
}

fn place(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let kinds = "school, hospital, metro_entrance, care_home, underpass, pump_station, centre, shelter, quarter, fire_station, police, \
                 government, clinic, fuel, substation, market, station or poi";
    part.places.push(Place {
        kind: f.word("kind", kinds)?,
        name: f.name(),
        place_m: here.point(feature)?,
        people: f.number("people", 0.0..=1e8, Some(0.0))? as u32,
    });
    Ok(())
}

fn component(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let code = f.text("code")?;
    let parsed: guanlan_geography::ComponentCode =
        code.parse().map_err(|e: guanlan_geography::CodeError| Wrong::new("code", e.to_string()))?;
    let class = match f.get("class") {
        Some(_) => f.text("class")?,
        None => format!("{}-{:0>3}", parsed.class(), parsed.sub_class()),
    };
    let p = here.point(feature)?;
    let heading_deg = match f.get("heading_deg") {
        None => None,
        Some(said) => Some(bearing_of(said).ok_or_else(|| {
            Wrong::new("heading_deg", format!("is {said}, expected degrees clockwise from north or a compass point"))
        })?),
    };
    part.components.push(Component {
        class,
        class_2013: f.text_or_empty("class_2013"),
        place_m: p.map(|v| v as f32),
        heading_deg: heading_deg.map(|d| d as f32),
        state: f.text("state").unwrap_or_else(|_| "完好".to_owned()),
        org: f.text_or_empty("org"),
        code,
    });
    Ok(())
}

fn sensor(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let key = f.text("property")?;
    let property = ObservedProperty::from_key(&key).ok_or_else(|| {
        let keys: Vec<&str> = ObservedProperty::ALL.iter().map(|p| p.key()).collect();
        Wrong::new("property", format!("is '{key}', expected one of {}", keys.join(", ")))
    })?;
    // A sensor may be known before it is placed.
    let place_m = if feature.geometry.is_some() { Some(here.point(feature)?) } else { None };
    part.sensors.push(SensorSpec {
        id: f.text("id")?.into(),
        name: f.name(),
        property,
        place_m,
        height_m: f.number("height_m", -200.0..=1000.0, Some(0.0))? as f32,
        period_s: f.number("period_s", 1.0..=604_800.0, Some(60.0))? as u32,
    });
    Ok(())
}

fn unit(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let shift = f
        .get("shift_min")
        .and_then(|v| v.as_array())
        .filter(|v| v.len() == 2)
        .and_then(|v| v.iter().map(|n| n.as_u64().filter(|n| *n <= 1440).map(|n| n as u16)).collect::<Option<Vec<_>>>())
        .ok_or_else(|| Wrong::new("shift_min", "expected two minutes of the day, 0 to 1440, such as [480, 960]"))?;
    part.units.push(UnitSpec {
        id: f.text("id")?.into(),
        name: f.name(),
        kind: f.word("kind", "patrol, repair, pump, sanitation or greening")?,
        skills: f.list("skills")?,
        kit: f.list("kit")?,
        people: f.number("people", 1.0..=200.0, Some(2.0))? as u8,
        org: f.text("org")?.into(),
        base_m: here.point(feature)?,
        shift_min: [shift[0], shift[1]],
        vehicle: f.text("vehicle")?,
    });
    Ok(())
}

fn landmark(part: &mut LayerPart, feature: &Feature, f: &Fields<'_>, here: &Here<'_>) -> Result<(), Wrong> {
    let file = f.text("file")?;
    let relative = Path::new(&file);
    if relative.components().any(|c| !matches!(c, std::path::Component::Normal(_))) {
        return Err(Wrong::new("file", format!("is '{file}', expected a file beside the layer")));
    }
    let (mut model, _) = gltf::landmark(&here.folder.join(relative)).map_err(|e| Wrong::new("file", e.to_string()))?;
    model.name = f.name();
    model.place_m = here.point(feature)?;
    model.heading_deg = f.number("heading_deg", -360.0..=360.0, Some(0.0))? as f32;
    model.base_m = match f.get("base_m") {
        Some(_) => Some(f.number("base_m", -500.0..=9000.0, None)? as f32),
        None => None,
    };
    part.landmarks.push(model);
    Ok(())
}
