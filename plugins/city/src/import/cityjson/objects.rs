//! City objects → buildings, surfaces and landmarks.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_core::Bilingual;
use rayon::prelude::*;

use super::{
    Part, appearance,
    attributes::{Attributes, kept},
    body::{Face, areas, bodies, faces, upright},
    detail::{chosen, finest_within, levels},
    file::{Chunk, CityObject},
    furniture,
    geometry::Geometry,
    head::{Head, Input},
    paint::{Appearance, Look},
    skins::Skins,
    tin,
};
use crate::{
    import::{
        Problem, Report, Severity,
        placer::Placer,
        rings::{Area, to_f32},
        triangulate::{P3, Triangulator},
    },
    model::{Building, BuildingPart, Detail, Landmark, Layer, SurfaceArea, SurfaceKind},
};

/// Height of a storey when only the number is known, m.
const STOREY_M: f64 = 3.0;
/// Height of a building of which nothing is known, m.
const DEFAULT_HEIGHT_M: f64 = 9.0;

/// Families converted by one worker at a time.
const SHARE: usize = 64;

/// Converts batch after batch; what was converted is all that is kept.
pub(super) struct Converter<'a> {
    head: &'a Head,
    placer: &'a Placer,
    /// The vertices that the whole file shares.
    shared: Vec<Option<P3>>,
    part: Part,
    skins: Skins,
    report: Report,
}

impl<'a> Converter<'a> {
    pub fn new(head: &'a Head, placer: &'a Placer) -> Self {
        let shared = place(placer, &head.vertices);
        Self { head, placer, shared, part: Part::default(), skins: Skins::default(), report: head.report.clone() }
    }

    /// Converts families, in order, on all cores.
    pub fn batch(&mut self, chunks: &[Chunk]) {
        let done: Vec<(Part, Skins, Report)> = chunks.par_chunks(SHARE).map(|share| self.share(share)).collect();
        for (part, skins, report) in done {
            self.skins.append(skins, self.part.buildings.len());
            self.part.buildings.extend(part.buildings);
            self.part.surfaces.extend(part.surfaces);
            self.part.landmarks.extend(part.landmarks);
            self.part.components.extend(part.components);
            self.part.ground.extend(part.ground);
            for (layer, keys) in part.keys {
                self.part.keys.entry(layer).or_default().extend(keys);
            }
            absorb(&mut self.report, report, "");
        }
    }

    fn share(&self, chunks: &[Chunk]) -> (Part, Skins, Report) {
        let mut work = Work {
            head: self.head,
            part: Part::default(),
            skins: Skins::default(),
            report: Report::default(),
            triangulator: Triangulator::default(),
        };
        for chunk in chunks {
            absorb(&mut work.report, chunk.notes.clone(), &chunk.at);
            let own = chunk.appearance.as_ref().unwrap_or(&self.head.appearance);
            for geometry in chunk.objects.iter().flat_map(|o| &o.geometry) {
                appearance::check(geometry, own, &mut work.report);
            }
            if !chunk.feature {
                work.chunk(chunk, &self.shared);
            } else {
                work.chunk(chunk, &place(self.placer, &chunk.vertices));
            }
        }
        (work.part, work.skins, work.report)
    }

    /// All that was converted; pictures are opened beside the file.
    pub fn finish(self, input: Input<'_>) -> (Part, Report) {
        let (mut part, mut report) = (self.part, self.report);
        report.about("buildings");
        (part.skins, part.pictures) = self.skins.finish(input.path, &mut report);
        report.about("");
        part.terrain = tin::terrain(&std::mem::take(&mut part.ground), &mut report);
        report.count("buildings", part.buildings.len());
        report.count("surfaces", part.surfaces.len());
        report.count("landmarks", part.landmarks.len());
        if !part.components.is_empty() {
            report.count("components", part.components.len());
        }
        (part, report)
    }
}

/// Adds a report whose equal problems are counted, not repeated.
fn absorb(into: &mut Report, more: Report, at: &str) {
    for (class, n) in more.read {
        into.count(&class, n);
    }
    for problem in more.problems {
        let same = |p: &&mut Problem| p.severity == problem.severity && p.message == problem.message;
        match into.problems.iter_mut().find(same) {
            Some(known) => known.count += problem.count,
            None => into.problems.push(Problem { where_: format!("{at}{}", problem.where_), ..problem }),
        }
    }
}

fn place(placer: &Placer, vertices: &[P3]) -> Vec<Option<P3>> {
    let plan: Vec<[f64; 2]> = vertices.iter().map(|v| [v[0], v[1]]).collect();
    let placed = placer.all(&plan).into_iter().zip(vertices);
    placed.map(|(p, v)| p.filter(|_| v[2].is_finite()).map(|[x, y]| [x, y, v[2] * placer.height_unit_m])).collect()
}

struct Work<'a> {
    head: &'a Head,
    part: Part,
    skins: Skins,
    report: Report,
    triangulator: Triangulator,
}

/// What becomes of a class of objects.
enum Fate {
    Building,
    /// Part of a building that is seen from outside.
    Folded,
    Surface(SurfaceKind),
    /// Its own mesh, with a linear RGB colour.
    Landmark([f32; 3]),
    /// Triangles of terrain.
    Ground,
    /// Inside of buildings and the like: counted, not drawn.
    Unseen,
    Unknown,
}

fn fate(object: &CityObject) -> Fate {
    match object.kind.as_str() {
        "Building" => Fate::Building,
        "BuildingPart" | "BuildingInstallation" | "BuildingConstructiveElement" => Fate::Folded,
        "Road" | "TransportSquare" | "Railway" => Fate::Surface(SurfaceKind::Paved),
        "WaterBody" | "Waterway" => Fate::Surface(SurfaceKind::Water),
        "PlantCover" => Fate::Surface(SurfaceKind::Green),
        "LandUse" => Fate::Surface(land_use(object)),
        "SolitaryVegetationObject" => Fate::Landmark([0.035, 0.11, 0.05]),
        "Bridge" | "BridgePart" | "BridgeInstallation" | "BridgeConstructiveElement" => {
            Fate::Landmark([0.17, 0.19, 0.22])
        }
        "CityFurniture"
        | "OtherConstruction"
        | "GenericCityObject"
        | "Tunnel"
        | "TunnelPart"
        | "BridgeFurniture"
        | "TunnelInstallation"
        | "TunnelConstructiveElement" => Fate::Landmark([0.12, 0.14, 0.17]),
        "BuildingFurniture" | "BuildingRoom" | "BuildingStorey" | "BuildingUnit" | "BridgeRoom"
        | "TunnelHollowSpace" | "TunnelFurniture" | "CityObjectGroup" => Fate::Unseen,
        "TINRelief" => Fate::Ground,
        // Objects of extensions have the geometry of any other.
        kind if !kind.starts_with('+') || object.geometry.is_empty() => Fate::Unknown,
        kind if kind.ends_with("Building") => Fate::Building,
        _ => Fate::Landmark([0.12, 0.14, 0.17]),
    }
}

/// Land use is green when its class says so, paved otherwise.
fn land_use(object: &CityObject) -> SurfaceKind {
    let words = [
        "gras", "groen", "bos", "park", "green", "forest", "wood", "meadow", "farm", "agri", "garden", "tuin", "绿",
        "林", "草",
    ];
    let said = |name: &str| {
        let text = object.attributes.get(name).and_then(|v| v.as_str()).unwrap_or("").to_lowercase();
        words.iter().any(|w| text.contains(w))
    };
    if ["class", "function", "usage", "fysiekvoorkomen", "plus_fysiekvoorkomen"].iter().any(|n| said(n)) {
        SurfaceKind::Green
    } else {
        SurfaceKind::Paved
    }
}

impl Work<'_> {
    fn chunk(&mut self, chunk: &Chunk, vertices: &[Option<P3>]) {
        let index: BTreeMap<&str, usize> = chunk.objects.iter().enumerate().map(|(i, o)| (o.id.as_str(), i)).collect();
        let kin = self.kin(chunk, &index);
        for (i, object) in chunk.objects.iter().enumerate() {
            let at = format!("{}CityObjects \"{}\"", chunk.at, object.id);
            self.report.about(match fate(object) {
                Fate::Building | Fate::Folded => "buildings",
                Fate::Surface(_) => "surfaces",
                Fate::Landmark(_) => "landmarks",
                Fate::Ground => "terrain_cells",
                Fate::Unseen | Fate::Unknown => "city_objects",
            });
            if object.kind.starts_with('+') && !object.geometry.is_empty() {
                let what =
                    format!("objects of an extension ({}) are drawn as they are, without a meaning", object.kind);
                self.report.note(Severity::Guessed, at.clone(), what);
            }
            match fate(object) {
                Fate::Building => self.building(chunk, i, &kin, vertices, &at),
                Fate::Folded => {
                    let above = kin.parents[i].map(|p| fate(&chunk.objects[p]));
                    if !matches!(above, Some(Fate::Building | Fate::Folded)) {
                        self.report.note(
                            Severity::Repaired,
                            at.clone(),
                            "a building part has no building in the file; it becomes one",
                        );
                        self.building(chunk, i, &kin, vertices, &at);
                    }
                }
                Fate::Surface(kind) => self.surface(chunk, object, kind, vertices),
                Fate::Landmark(color) => self.landmark(chunk, object, color, vertices),
                Fate::Ground => {
                    self.ground(chunk, object, vertices);
                    self.report.count(&object.kind, 1);
                }
                Fate::Unseen => self.report.count(&object.kind, 1),
                Fate::Unknown => {
                    let what = format!("objects of type {:?} are not drawn", object.kind);
                    self.report.note(Severity::Skipped, at, what);
                }
            }
        }
    }

    /// Children of each object, from both directions; dangling references are noted.
    fn kin(&mut self, chunk: &Chunk, index: &BTreeMap<&str, usize>) -> Kin {
        let mut kin =
            Kin { children: vec![BTreeSet::new(); chunk.objects.len()], parents: vec![None; chunk.objects.len()] };
        for (i, object) in chunk.objects.iter().enumerate() {
            for (list, down) in [(&object.children, true), (&object.parents, false)] {
                for id in list {
                    let Some(&other) = index.get(id.as_str()) else {
                        // Members of a group are not in its family.
                        if self.head.families.has(id) {
                            continue;
                        }
                        self.report.note(
                            Severity::Skipped,
                            format!("{}CityObjects \"{}\": \"{id}\"", chunk.at, object.id),
                            if down { "a child is not in the file" } else { "a parent is not in the file" },
                        );
                        continue;
                    };
                    let (parent, child) = if down { (i, other) } else { (other, i) };
                    if parent != child && object.kind != "CityObjectGroup" {
                        kin.children[parent].insert(child);
                        kin.parents[child].get_or_insert(parent);
                    }
                }
            }
        }
        kin
    }

    fn building(&mut self, chunk: &Chunk, root: usize, kin: &Kin, vertices: &[Option<P3>], at: &str) {
        let object = &chunk.objects[root];
        let said = Attributes::read(&object.attributes);
        let mut building = Building {
            id: object.id.clone(),
            name: said.name.clone(),
            usage: said.usage.clone(),
            storeys: said.storeys,
            basements: said.basements,
            residents: said.residents,
            sill_m: said.sill_m,
            ..Building::default()
        };
        let members = family(chunk, root, kin);
        let mut maps = vec![&object.attributes];
        for &i in &members[1..] {
            let own = Attributes::read(&chunk.objects[i].attributes);
            building.storeys = building.storeys.max(own.storeys);
            building.basements = building.basements.max(own.basements);
            if building.usage.is_empty() {
                building.usage.clone_from(&own.usage);
            }
            maps.push(&chunk.objects[i].attributes);
        }
        building.attributes = kept(&maps);
        let objects: Vec<&CityObject> = members.iter().map(|&i| &chunk.objects[i]).collect();
        let (all, drawn) = (levels(&objects), finest_within(&objects));
        building.lod = drawn as f32;
        let owner = self.part.buildings.len();
        let (parts, flat) = self.level(chunk, &objects, drawn, vertices, Some(owner));
        building.parts = parts;
        if building.parts.is_empty() {
            for (all, own) in &flat {
                self.raise(&mut building, all, own);
            }
        }
        for what in &building.guessed {
            self.report.note(Severity::Guessed, at, format!("a building's height is a guess ({what})"));
        }
        if building.parts.is_empty() {
            self.report.note(Severity::Skipped, at, "the building has no geometry that could be drawn");
            return;
        }
        for &lod in all.iter().rev().filter(|lod| **lod != drawn) {
            // Members that have nothing of their own here are read again: what is wrong with them is known.
            let known = std::mem::take(&mut self.report);
            let (mut parts, flat) = self.level(chunk, &objects, lod, vertices, None);
            let own = std::mem::replace(&mut self.report, known);
            let exact = |p: &Problem| {
                objects.iter().flat_map(|o| &o.geometry).any(|g| g.lod() == lod && p.where_.contains(&g.at))
            };
            for problem in own.problems.into_iter().filter(exact) {
                self.report.note(problem.severity, problem.where_, problem.message);
            }
            if parts.is_empty() {
                for (all, _) in &flat {
                    let refs: Vec<&Face> = all.iter().collect();
                    let low = all.iter().flat_map(|f| f.rings.iter().flatten()).fold(f64::INFINITY, |l, p| l.min(p[2]));
                    parts.extend(areas(&refs).iter().map(|a| upright(a, low, low)));
                }
            }
            if !parts.is_empty() {
                building.details.push(Detail { lod: lod as f32, parts });
            }
        }
        self.part.buildings.push(building);
    }

    /// Bodies of a building's family at a level of detail, and level footprints, which count when there is nothing
    /// else. With an owner its paint is kept, too.
    fn level(
        &mut self,
        chunk: &Chunk,
        members: &[&CityObject],
        lod: f64,
        vertices: &[Option<P3>],
        owner: Option<usize>,
    ) -> (Vec<BuildingPart>, Vec<(Vec<Face>, Attributes)>) {
        let (mut parts, mut flat) = (Vec::new(), Vec::new());
        for member in members {
            for geometry in chosen(member, lod) {
                let all = self.faces(geometry, chunk, vertices);
                if geometry.lod() < 1.0 && !geometry.is_solid() && all.iter().all(|f| f.up.abs() > 0.9) {
                    flat.push((all, Attributes::read(&member.attributes)));
                    continue;
                }
                if owner.is_some() {
                    self.paint(chunk, geometry, &all, owner);
                }
                parts.extend(bodies(geometry, all, &chunk.at, &mut self.triangulator, &mut self.report));
            }
        }
        (parts, flat)
    }

    fn appearance<'c>(&'c self, chunk: &'c Chunk) -> &'c Appearance {
        chunk.appearance.as_ref().unwrap_or(&self.head.appearance)
    }

    /// The geometry whose surfaces a geometry's faces are: its own, or that of its template.
    fn shape<'c>(&'c self, geometry: &'c Geometry) -> &'c Geometry {
        let template = geometry.instance.and_then(|(n, _)| self.head.templates.geometry.get(n)?.as_ref());
        template.unwrap_or(geometry)
    }

    fn paint(&mut self, chunk: &Chunk, geometry: &Geometry, all: &[Face], owner: Option<usize>) {
        let head = self.head;
        let template = geometry.instance.and_then(|(n, _)| head.templates.geometry.get(n)?.as_ref());
        // Templates are painted by the head.
        let appearance = if template.is_some() { None } else { chunk.appearance.as_ref() };
        let shape = template.unwrap_or(geometry);
        if let Some(look) = Look::of(shape, appearance.unwrap_or(&head.appearance)) {
            self.skins.add(shape, all, &look, owner, &mut self.triangulator);
        }
    }

    /// Prisms over a footprint of level of detail 0.
    fn raise(&mut self, building: &mut Building, all: &[Face], said: &Attributes) {
        let (height, guess) = match (said.height_m, building.storeys) {
            (Some(height), _) => (height, None),
            (None, storeys) if storeys > 0 => (f64::from(storeys) * STOREY_M, Some("height:storeys")),
            _ => (DEFAULT_HEIGHT_M, Some("height:default")),
        };
        if let Some(guess) = guess.filter(|g| !building.guessed.iter().any(|known| known == g)) {
            building.guessed.push(guess.to_owned());
        }
        let base = all.iter().flat_map(|f| f.rings.iter().flatten()).fold(f64::INFINITY, |low, p| low.min(p[2]));
        let base = said.ground_m.unwrap_or(if base.is_finite() { base } else { 0.0 });
        let refs: Vec<&Face> = all.iter().collect();
        let made: Vec<BuildingPart> = areas(&refs).iter().map(|a| upright(a, base, base + height)).collect();
        building.parts.extend(made);
    }

    fn surface(&mut self, chunk: &Chunk, object: &CityObject, kind: SurfaceKind, vertices: &[Option<P3>]) {
        let name = Attributes::read(&object.attributes).name;
        let before = self.part.surfaces.len();
        for geometry in chosen(object, finest_within(&[object])) {
            let all = self.faces(geometry, chunk, vertices);
            let level: Vec<&Face> = all.iter().filter(|f| f.up.abs() > 0.1).collect();
            let low = level.iter().flat_map(|f| f.rings.iter().flatten()).fold(f64::INFINITY, |lo, p| lo.min(p[2]));
            for Area { ring, holes } in areas(&level) {
                self.part.surfaces.push(SurfaceArea {
                    kind,
                    name: name.clone(),
                    ring: to_f32(&ring),
                    holes: holes.iter().map(|h| to_f32(h)).collect(),
                    level_m: (kind == SurfaceKind::Water && low.is_finite()).then_some(low as f32),
                });
            }
        }
        let made = self.part.surfaces.len() - before;
        let keys = self.part.keys.entry(Layer::Surfaces).or_default();
        keys.extend(std::iter::repeat_n(object.id.clone(), made));
    }

    fn landmark(&mut self, chunk: &Chunk, object: &CityObject, color: [f32; 3], vertices: &[Option<P3>]) {
        let (mut triangles, mut colors): (Vec<[P3; 3]>, Vec<[f32; 3]>) = (Vec::new(), Vec::new());
        for geometry in chosen(object, finest_within(&[object])) {
            let all = self.faces(geometry, chunk, vertices);
            self.paint(chunk, geometry, &all, None);
            // An instance has the appearance of its template.
            let own = if geometry.instance.is_some() { &self.head.appearance } else { self.appearance(chunk) };
            let shape = self.shape(geometry);
            let look = Look::of(shape, own);
            let painted: Vec<Option<[f32; 3]>> = all
                .iter()
                .map(|face| look.as_ref()?.color(shape.surfaces.get(face.surface)?.place).map(linear))
                .collect();
            for (face, own) in all.iter().zip(painted) {
                triangles.extend(self.triangulator.polygon(&face.rings));
                colors.resize(triangles.len(), own.unwrap_or(color));
            }
        }
        let corners = || triangles.iter().flatten();
        let n = corners().count() as f64;
        if n == 0.0 {
            self.report.count(&object.kind, 1);
            return;
        }
        let sum = corners().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
        let (east, north) = (sum[0] / n, sum[1] / n);
        let foot = corners().fold(f64::INFINITY, |lo, p| lo.min(p[2]));
        if let Some(component) = furniture::component(object, [east, north]) {
            self.part.keys.entry(Layer::Components).or_default().push(object.id.clone());
            self.part.components.push(component);
        }
        let said = Attributes::read(&object.attributes).name;
        self.part.keys.entry(Layer::Landmarks).or_default().push(object.id.clone());
        self.part.landmarks.push(Landmark {
            name: if said == Bilingual::default() { Bilingual::same(object.id.clone()) } else { said },
            place_m: [east, north],
            base_m: Some(foot as f32),
            heading_deg: 0.0,
            mesh: corners().map(|p| [(p[0] - east) as f32, (p[1] - north) as f32, (p[2] - foot) as f32]).collect(),
            colors,
        });
    }

    /// The triangles of a terrain.
    fn ground(&mut self, chunk: &Chunk, object: &CityObject, vertices: &[Option<P3>]) {
        for geometry in chosen(object, finest_within(&[object])) {
            for face in self.faces(geometry, chunk, vertices) {
                let triangles = self.triangulator.polygon(&face.rings);
                self.part.ground.extend(triangles.into_iter().map(|t| t.map(|p| p.map(|v| v as f32))));
            }
        }
    }

    /// Faces of a geometry; instances of templates are expanded.
    fn faces(&mut self, geometry: &Geometry, chunk: &Chunk, vertices: &[Option<P3>]) -> Vec<Face> {
        let (Some((number, anchor)), Some(m)) = (geometry.instance, geometry.matrix) else {
            return faces(geometry, vertices, &chunk.at, &mut self.report);
        };
        let at = format!("{}{}", chunk.at, geometry.at);
        let Some(Some(template)) = self.head.templates.geometry.get(number) else {
            self.report.note(Severity::Skipped, at, "an instance names a template that is not in the file");
            return Vec::new();
        };
        let Some(Some(foot)) = vertices.get(anchor) else {
            self.report.note(Severity::Skipped, at, "an instance's reference vertex is not in the file");
            return Vec::new();
        };
        let placed: Vec<Option<P3>> = self
            .head
            .templates
            .vertices
            .iter()
            .map(|v| {
                let turned: P3 = std::array::from_fn(|r| {
                    m[4 * r] * v[0] + m[4 * r + 1] * v[1] + m[4 * r + 2] * v[2] + m[4 * r + 3] + foot[r]
                });
                turned.iter().all(|x| x.is_finite()).then_some(turned)
            })
            .collect();
        self.report.count("template_instances", 1);
        faces(template, &placed, &format!("{at}: "), &mut self.report)
    }
}

/// A building's root and all that is folded into it.
fn family(chunk: &Chunk, root: usize, kin: &Kin) -> Vec<usize> {
    let (mut open, mut seen) = (vec![root], BTreeSet::from([root]));
    let mut members = Vec::new();
    while let Some(i) = open.pop() {
        members.push(i);
        for &child in kin.children[i].iter().rev() {
            if matches!(fate(&chunk.objects[child]), Fate::Folded) && seen.insert(child) {
                open.push(child);
            }
        }
    }
    members
}

/// An sRGB colour as linear RGB.
fn linear(c: [u8; 4]) -> [f32; 3] {
    let one = |v: u8| {
        let v = f64::from(v) / 255.0;
        (if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }) as f32
    };
    [one(c[0]), one(c[1]), one(c[2])]
}

struct Kin {
    children: Vec<BTreeSet<usize>>,
    parents: Vec<Option<usize>>,
}
