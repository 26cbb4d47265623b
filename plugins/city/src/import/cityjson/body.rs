//! Surfaces in local metres → the bodies the model draws: prisms where the source is one, meshes
//! otherwise.

use super::geometry::{Geometry, Meaning};
use crate::{
    import::{
        Report, Severity,
        rings::{Area, P2, hull, open_ring, orient, outline, signed_area, to_f32},
        triangulate::{P3, Triangulator, normal, steepness},
    },
    model::{BuildingPart, RoofShape},
};

/// A polygon in local metres.
#[derive(Clone, Debug)]
pub(super) struct Face {
    pub rings: Vec<Vec<P3>>,
    /// Which ring of the source each is.
    pub rings_of: Vec<usize>,
    /// Which corners of the source's ring each ring has kept.
    pub kept: Vec<Vec<u32>>,
    pub meaning: Meaning,
    pub solid: usize,
    /// Number of its surface in the geometry.
    pub surface: usize,
    /// Vertical share of the normal, -1 … 1.
    pub up: f64,
}

/// Heights closer than this are level, m.
const LEVEL_M: f64 = 0.011;

/// Resolves a geometry's indices. Surfaces with missing vertices are noted and left out.
pub(super) fn faces(geometry: &Geometry, vertices: &[Option<P3>], at: &str, report: &mut Report) -> Vec<Face> {
    let mut out = Vec::with_capacity(geometry.surfaces.len());
    'surface: for (n, surface) in geometry.surfaces.iter().enumerate() {
        let mut rings = Vec::with_capacity(surface.rings.len());
        let (mut rings_of, mut kept) = (Vec::new(), Vec::new());
        for (r, ring) in surface.rings.iter().enumerate() {
            let mut corners: Vec<P3> = Vec::with_capacity(ring.len());
            let mut own: Vec<u32> = Vec::with_capacity(ring.len());
            for (k, &i) in ring.iter().enumerate() {
                let place = || format!("{at}{} surface {n} index {i}", geometry.at);
                match vertices.get(i) {
                    // A corner that stands twice in a row is one.
                    Some(Some(p)) if corners.last() == Some(p) => {}
                    Some(Some(p)) => {
                        corners.push(*p);
                        own.push(k as u32);
                    }
                    Some(None) => {
                        let reason =
                            "a surface uses a vertex that has no place (not a number or outside the projection)";
                        report.note(Severity::Skipped, place(), reason);
                        continue 'surface;
                    }
                    None => {
                        report.note(Severity::Skipped, place(), "vertex index out of range; the surface is left out");
                        continue 'surface;
                    }
                }
            }
            while corners.len() > 1 && corners.first() == corners.last() {
                corners.pop();
                own.pop();
            }
            if corners.len() >= 3 {
                rings.push(corners);
                rings_of.push(r);
                kept.push(own);
            } else if r == 0 {
                report.note(
                    Severity::Skipped,
                    format!("{at}{} surface {n}", geometry.at),
                    "an outer ring has fewer than three different corners",
                );
                continue 'surface;
            }
        }
        let up = steepness(normal(&rings[0]));
        out.push(Face { rings, rings_of, kept, meaning: surface.meaning, solid: surface.solid, surface: n, up });
    }
    out
}

fn plan(ring: &[P3]) -> Vec<P2> {
    open_ring(ring.iter().map(|p| [p[0], p[1]]).collect())
}

/// Areas in plan that the faces cover: melted together when they share edges.
pub(super) fn areas(faces: &[&Face]) -> Vec<Area> {
    let single = |face: &Face| Area {
        ring: orient(plan(&face.rings[0]), true),
        holes: face.rings[1..].iter().map(|h| orient(plan(h), false)).filter(|h| h.len() >= 3).collect(),
    };
    let mut found = match faces {
        [] => Vec::new(),
        [one] => vec![single(one)],
        many if many.iter().all(|f| f.rings.len() == 1) => {
            let rings: Vec<Vec<P2>> = many.iter().map(|f| plan(&f.rings[0])).collect();
            outline(&rings).unwrap_or_else(|| many.iter().map(|f| single(f)).collect())
        }
        many => many.iter().map(|f| single(f)).collect(),
    };
    found.retain(|a| a.ring.len() >= 3 && signed_area(&a.ring) > 1e-4);
    found.sort_by(|a, b| b.area_m2().total_cmp(&a.area_m2()));
    found
}

/// Bodies of a geometry, one for each solid.
pub(super) fn bodies(
    geometry: &Geometry,
    faces: Vec<Face>,
    at: &str,
    triangulator: &mut Triangulator,
    report: &mut Report,
) -> Vec<BuildingPart> {
    let mut solids: Vec<Vec<Face>> = Vec::new();
    for face in faces {
        match solids.last_mut() {
            Some(last) if last[0].solid == face.solid => last.push(face),
            _ => solids.push(vec![face]),
        }
    }
    let mut parts = Vec::new();
    for solid in solids {
        let place = || format!("{at}{}", geometry.at);
        match prism(&solid).or_else(|| mesh(&solid, geometry.is_solid(), triangulator, &place(), report)) {
            Some(part) => parts.push(part),
            None => report.note(Severity::Skipped, place(), "the geometry has no area that could be drawn"),
        }
    }
    parts
}

fn heights(faces: &[Face]) -> (f64, f64) {
    faces
        .iter()
        .flat_map(|f| f.rings.iter().flatten())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), p| (lo.min(p[2]), hi.max(p[2])))
}

/// The body as a prism, when it is one: a level bottom, a level top of the same plan, vertical walls.
fn prism(faces: &[Face]) -> Option<BuildingPart> {
    let (low, high) = heights(faces);
    if high - low < 3.0 * LEVEL_M {
        return None;
    }
    let (mut bottom, mut top) = (Vec::new(), Vec::new());
    for face in faces {
        let at = |z: f64| face.rings.iter().flatten().all(|p| (p[2] - z).abs() < LEVEL_M);
        if at(low) {
            bottom.push(face);
        } else if at(high) {
            top.push(face);
        } else if face.up.abs() > 0.02
            || !face.rings.iter().flatten().all(|p| (p[2] - low).abs() < LEVEL_M || (p[2] - high).abs() < LEVEL_M)
        {
            return None;
        }
    }
    let (bottom, top) = (areas(&bottom), areas(&top));
    let [area] = &bottom[..] else { return None };
    let [above] = &top[..] else { return None };
    let (a, b) = (area.area_m2(), above.area_m2());
    if (a - b).abs() > 0.01 * a.max(b) || area.holes.len() != above.holes.len() {
        return None;
    }
    Some(BuildingPart {
        footprint: to_f32(&area.ring),
        holes: area.holes.iter().map(|h| to_f32(h)).collect(),
        base_m: low as f32,
        eaves_m: high as f32,
        top_m: high as f32,
        roof: RoofShape::Flat,
        ..BuildingPart::default()
    })
}

fn is_roof(face: &Face) -> bool {
    match face.meaning {
        Meaning::Roof => true,
        Meaning::Unknown => face.up > 0.2,
        _ => false,
    }
}

fn mesh(
    faces: &[Face],
    solid: bool,
    triangulator: &mut Triangulator,
    at: &str,
    report: &mut Report,
) -> Option<BuildingPart> {
    let mut triangles: Vec<([P3; 3], bool)> = Vec::new();
    for face in faces {
        let made = triangulator.polygon(&face.rings);
        if made.is_empty() {
            report.note(Severity::Skipped, at, "a surface has no area and is not drawn");
        }
        triangles.extend(made.into_iter().map(|t| (t, is_roof(face))));
    }
    let anchor = triangles.first()?.0[0];
    let volume: f64 = triangles
        .iter()
        .map(|(t, _)| {
            let [a, b, c] = t.map(|p| [p[0] - anchor[0], p[1] - anchor[1], p[2] - anchor[2]]);
            a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0])
        })
        .sum();
    if solid && volume < -0.01 {
        report.note(Severity::Repaired, at, "the solid was inside out; its surfaces were turned");
        triangles.iter_mut().for_each(|(t, _)| t.swap(1, 2));
    }
    let (low, high) = heights(faces);
    let eaves = faces
        .iter()
        .filter(|f| is_roof(f))
        .flat_map(|f| f.rings.iter().flatten())
        .fold(f64::INFINITY, |lo, p| lo.min(p[2]));
    let area = footprint(faces)?;
    Some(BuildingPart {
        footprint: to_f32(&area.ring),
        holes: area.holes.iter().map(|h| to_f32(h)).collect(),
        base_m: low as f32,
        eaves_m: if eaves.is_finite() { eaves as f32 } else { high as f32 },
        top_m: high as f32,
        roof: RoofShape::Mesh,
        mesh_is_roof: triangles.iter().map(|(_, roof)| *roof).collect(),
        mesh: triangles.iter().flat_map(|(t, _)| t.map(|p| p.map(|v| v as f32))).collect(),
    })
}

/// Plan of a body: its ground surfaces, else its roofs, else the hull of everything.
fn footprint(faces: &[Face]) -> Option<Area> {
    let ground: Vec<&Face> = faces
        .iter()
        .filter(|f| f.meaning == Meaning::Ground || (f.meaning == Meaning::Unknown && f.up < -0.9))
        .collect();
    let roofs: Vec<&Face> = faces.iter().filter(|f| is_roof(f) && f.up.abs() > 0.05).collect();
    for candidates in [ground, roofs] {
        if let Some(area) = areas(&candidates).into_iter().next() {
            return Some(area);
        }
    }
    let points: Vec<P2> = faces.iter().flat_map(|f| f.rings.iter().flatten()).map(|p| [p[0], p[1]]).collect();
    let ring = hull(&points);
    (ring.len() >= 3).then(|| Area { ring, holes: Vec::new() })
}

/// A prism over an area between two heights.
pub(super) fn upright(area: &Area, base_m: f64, top_m: f64) -> BuildingPart {
    BuildingPart {
        footprint: to_f32(&area.ring),
        holes: area.holes.iter().map(|h| to_f32(h)).collect(),
        base_m: base_m as f32,
        eaves_m: top_m as f32,
        top_m: top_m as f32,
        ..BuildingPart::default()
    }
}
