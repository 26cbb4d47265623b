//! Geometry objects, flattened: surfaces with their semantics, whatever the nesting was.

use serde_json::Value;

use crate::import::{Report, Severity};

/// What a surface is, as far as drawing cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meaning {
    /// No semantics.
    #[default]
    Unknown,
    Roof,
    Wall,
    Ground,
    /// Anything else (windows, doors, closures, traffic areas …).
    Other,
}

/// A polygon: outer ring and holes as indices of vertices.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Surface {
    pub rings: Vec<Vec<usize>>,
    pub meaning: Meaning,
    /// Number of its solid within the geometry.
    pub solid: usize,
    /// Its shell among all of the geometry, and its number in that shell: where values of an appearance stand.
    pub place: [usize; 2],
}

/// A geometry.
#[derive(Clone, Debug, Default)]
pub(super) struct Geometry {
    /// `Solid`, `MultiSurface` …
    pub kind: String,
    /// Level of detail as written; empty when there is none.
    pub lod: String,
    /// Exterior surfaces.
    pub surfaces: Vec<Surface>,
    /// Points and lines, which are counted but not drawn.
    pub points: usize,
    /// Template number and index of the reference point.
    pub instance: Option<(usize, usize)>,
    /// Row-major 4×4 of an instance.
    pub matrix: Option<[f64; 16]>,
    /// Where in the file, for messages.
    pub at: String,
    /// Material and texture themes, judged later against the appearance.
    pub appearance: Vec<(String, Value)>,
    /// Surfaces in file order by shell, for judging the appearance.
    pub ring_lengths: Vec<Vec<usize>>,
    /// Types of the semantic surfaces.
    pub semantics: Vec<String>,
}

impl Geometry {
    /// Level of detail as a number; 0 when absent.
    pub fn lod(&self) -> f64 {
        self.lod.parse().ok().filter(|v: &f64| v.is_finite()).unwrap_or(0.0)
    }

    /// True for `Solid`, `MultiSolid`, `CompositeSolid`.
    pub fn is_solid(&self) -> bool {
        self.kind.ends_with("Solid")
    }

    /// Reads a geometry; notes and drops what cannot be read.
    pub fn read(value: &Value, at: &str, notes: &mut Report) -> Option<Self> {
        let Some(kind) = value.get("type").and_then(Value::as_str) else {
            notes.note(Severity::Skipped, at, "the geometry has no type");
            return None;
        };
        let mut geometry = Self { kind: kind.to_owned(), at: at.to_owned(), ..Self::default() };
        geometry.lod = match value.get("lod") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        if !geometry.lod.is_empty() && geometry.lod.parse::<f64>().is_err() {
            notes.note(Severity::Repaired, at, "the lod is not a number such as \"2.2\"; read as 0");
        }
        let boundaries = value.get("boundaries").and_then(Value::as_array);
        let Some(boundaries) = boundaries else {
            notes.note(Severity::Skipped, at, "the geometry has no boundaries array");
            return None;
        };
        let semantics = Semantics::read(value.get("semantics"), at, notes);
        geometry.semantics = semantics.types.clone();
        match kind {
            "MultiPoint" => geometry.points = boundaries.len(),
            "MultiLineString" => {
                geometry.points = boundaries.iter().filter_map(Value::as_array).map(Vec::len).sum();
            }
            "MultiSurface" | "CompositeSurface" => {
                geometry.shell(boundaries, semantics.values.as_ref(), &semantics, 0, true, notes);
            }
            "Solid" => geometry.solid(boundaries, semantics.values.as_ref(), &semantics, 0, notes),
            "MultiSolid" | "CompositeSolid" => {
                for (n, solid) in boundaries.iter().enumerate() {
                    let values = semantics.values.as_ref().and_then(|v| v.get(n));
                    match solid.as_array() {
                        Some(shells) if !shells.is_empty() => geometry.solid(shells, values, &semantics, n, notes),
                        _ => notes.note(Severity::Skipped, at, "a solid without shells"),
                    }
                }
            }
            "GeometryInstance" => {
                let template = value.get("template").and_then(index);
                let anchor = boundaries.first().and_then(index);
                let (Some(template), Some(anchor)) = (template, anchor) else {
                    notes.note(
                        Severity::Skipped,
                        at,
                        "an instance needs a template number and one reference vertex in boundaries",
                    );
                    return None;
                };
                geometry.instance = Some((template, anchor));
                geometry.matrix = value.get("transformationMatrix").and_then(Value::as_array).and_then(|m| {
                    let cells: Vec<f64> = m.iter().filter_map(Value::as_f64).filter(|v| v.is_finite()).collect();
                    cells.try_into().ok()
                });
                if geometry.matrix.is_none() {
                    notes.note(Severity::Skipped, at, "an instance needs a transformationMatrix of 16 numbers");
                    return None;
                }
            }
            _ => {
                notes.note(
                    Severity::Skipped,
                    at,
                    format!(
                        "unknown geometry type {kind:?}; expected MultiPoint, MultiLineString, MultiSurface, \
                         CompositeSurface, Solid, MultiSolid, CompositeSolid or GeometryInstance"
                    ),
                );
                return None;
            }
        }
        for name in ["material", "texture"] {
            if let Some(theme) = value.get(name) {
                geometry.appearance.push((name.to_owned(), theme.clone()));
            }
        }
        Some(geometry)
    }

    fn solid(&mut self, shells: &[Value], values: Option<&Value>, semantics: &Semantics, n: usize, notes: &mut Report) {
        for (k, shell) in shells.iter().enumerate() {
            match shell.as_array() {
                // Inner shells are cavities: nobody sees them, but their surfaces count.
                Some(faces) => self.shell(faces, values.and_then(|v| v.get(k)), semantics, n, k == 0, notes),
                None => notes.note(Severity::Skipped, self.at.clone(), "a shell is not an array"),
            }
        }
    }

    fn shell(
        &mut self,
        faces: &[Value],
        values: Option<&Value>,
        semantics: &Semantics,
        solid: usize,
        keep: bool,
        notes: &mut Report,
    ) {
        let mut lengths = Vec::with_capacity(faces.len());
        for (n, face) in faces.iter().enumerate() {
            let rings = face.as_array().map_or(&[][..], Vec::as_slice);
            lengths.push(rings.first().and_then(Value::as_array).map_or(0, Vec::len));
            let read: Option<Vec<Vec<usize>>> = rings
                .iter()
                .map(|ring| ring.as_array().and_then(|r| r.iter().map(index).collect::<Option<Vec<usize>>>()))
                .collect();
            let meaning =
                values.and_then(|v| v.get(n)).map_or(Meaning::Unknown, |v| semantics.meaning(v, &self.at, notes));
            match read {
                Some(rings) if rings.first().is_some_and(|r| r.len() >= 3) => {
                    if keep {
                        let place = [self.ring_lengths.len(), n];
                        self.surfaces.push(Surface { rings, meaning, solid, place });
                    }
                }
                Some(_) => notes.note(
                    Severity::Skipped,
                    format!("{} surface {n}", self.at),
                    "a surface needs an outer ring of at least three vertices",
                ),
                None => notes.note(
                    Severity::Skipped,
                    format!("{} surface {n}", self.at),
                    "a boundary is not made of rings of vertex indices (whole numbers from 0)",
                ),
            }
        }
        self.ring_lengths.push(lengths);
    }
}

fn index(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|n| usize::try_from(n).ok())
}

struct Semantics {
    types: Vec<String>,
    values: Option<Value>,
}

impl Semantics {
    fn read(value: Option<&Value>, at: &str, notes: &mut Report) -> Self {
        let list = value.and_then(|s| s.get("surfaces")).and_then(Value::as_array);
        let types: Vec<String> = list
            .map(|all| all.iter().map(|s| s.get("type").and_then(Value::as_str).unwrap_or("").to_owned()).collect())
            .unwrap_or_default();
        if types.iter().any(String::is_empty) {
            notes.note(Severity::Repaired, at, "a semantic surface has no type; treated as unknown");
        }
        Self { types, values: value.and_then(|s| s.get("values")).cloned() }
    }

    fn meaning(&self, value: &Value, at: &str, notes: &mut Report) -> Meaning {
        if value.is_null() {
            return Meaning::Unknown;
        }
        let Some(name) = index(value).and_then(|n| self.types.get(n)) else {
            notes.note(Severity::Repaired, at, "a semantic value points at no semantic surface; treated as unknown");
            return Meaning::Unknown;
        };
        match name.as_str() {
            "RoofSurface" | "OuterFloorSurface" => Meaning::Roof,
            "WallSurface" => Meaning::Wall,
            "GroundSurface" | "OuterCeilingSurface" => Meaning::Ground,
            "" => Meaning::Unknown,
            _ => Meaning::Other,
        }
    }
}

/// Geometry templates.
#[derive(Clone, Debug, Default)]
pub(super) struct Templates {
    pub geometry: Vec<Option<Geometry>>,
    pub vertices: Vec<[f64; 3]>,
}

impl Templates {
    /// Reads `geometry-templates`.
    pub fn read(value: &Value, notes: &mut Report) -> Self {
        let list = value.get("templates").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let points = value.get("vertices-templates").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let vertex =
            |v: &Value| -> [f64; 3] { std::array::from_fn(|i| v.get(i).and_then(Value::as_f64).unwrap_or(f64::NAN)) };
        Self {
            geometry: list
                .iter()
                .enumerate()
                .map(|(n, g)| Geometry::read(g, &format!("geometry-templates {n}"), notes))
                .collect(),
            vertices: points.iter().map(vertex).collect(),
        }
    }
}
