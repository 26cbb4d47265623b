//! Roofs of Simple 3D Buildings as meshes: every shape of the OSM wiki over any footprint.
//!
//! Ridged roofs are lower envelopes of planes: the footprint is cut where one plane takes over from another, and
//! walls rise to the planes, so that the body is closed whatever the outline is. Domes, onions, cones and spires are
//! rings of the footprint drawn together towards its middle.

mod frame;
mod mesh;
mod profile;
mod spelling;
#[cfg(test)]
mod tests;

use crate::{
    import::{
        rings::{Area, to_f32},
        triangulate::Triangulator,
    },
    model::{BuildingPart, RoofShape},
};

use frame::Frame;
use mesh::Mesh;
use profile::{profile, turned};
pub(super) use spelling::spelled;

/// A roof as its tags say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Roof<'a> {
    /// `roof:shape`.
    pub shape: &'a str,
    /// Degrees clockwise from north in which the roof faces (downhill): `roof:direction`.
    pub direction_deg: Option<f64>,
    /// The ridge runs across the long side: `roof:orientation=across`.
    pub across: bool,
}

/// The span a slope covers, m: half the width under a ridge, all of it under a single slope. For `roof:angle`.
pub(super) fn span_m(area: &Area, roof: Roof<'_>) -> f64 {
    let frame = Frame::of(area, roof);
    match roof.shape {
        "skillion" => frame.width * 2.0,
        "pyramidal" | "cone" | "dome" | "onion" => frame.width.min(frame.length),
        _ => frame.width,
    }
}

/// Shapes that the renderer builds itself over four corners, when nothing turns them.
pub(super) fn plain(area: &Area, roof: Roof<'_>) -> Option<RoofShape> {
    let quad = area.ring.len() == 4 && area.holes.is_empty();
    match roof.shape {
        "flat" => Some(RoofShape::Flat),
        "gabled" if quad && !roof.across && roof.direction_deg.is_none() => Some(RoofShape::Gabled),
        "hipped" if quad && !roof.across && roof.direction_deg.is_none() => Some(RoofShape::Hipped),
        "pyramidal" if area.holes.is_empty() => Some(RoofShape::Pyramidal),
        _ => None,
    }
}

/// Is this a shape that can be built?
pub(super) fn known(shape: &str) -> bool {
    profile(shape).is_some()
        || turned(shape).is_some()
        || matches!(shape, "flat" | "sawtooth" | "butterfly" | "crosspitched")
}

/// The body with its roof as a mesh; `None` for a shape that is not built, or an outline that gives no area.
pub(super) fn body(area: &Area, roof: Roof<'_>, [base, eaves, top]: [f64; 3]) -> Option<BuildingPart> {
    let mut mesh =
        Mesh { base, eaves, rise: top - eaves, triangles: Vec::new(), triangulator: Triangulator::default() };
    let frame = Frame::of(area, roof);
    if let Some(rings) = turned(roof.shape) {
        mesh.turned(area, &rings)?;
    } else if let Some(planes) = profile(roof.shape) {
        mesh.envelope(area, &frame, &planes(frame.width / frame.length), false);
    } else {
        match roof.shape {
            // Two slopes that meet in a valley: the higher of two planes.
            "butterfly" => mesh.envelope(area, &frame, &[[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], true),
            "crosspitched" => mesh.crossed(area, &frame),
            "sawtooth" => mesh.sawtooth(area, &frame),
            _ => return None,
        }
    }
    if mesh.triangles.is_empty() {
        return None;
    }
    Some(BuildingPart {
        footprint: to_f32(&area.ring),
        holes: area.holes.iter().map(|h| to_f32(h)).collect(),
        base_m: base as f32,
        eaves_m: eaves as f32,
        top_m: top as f32,
        roof: RoofShape::Mesh,
        mesh_is_roof: mesh.triangles.iter().map(|t| t.1).collect(),
        mesh: mesh.triangles.iter().flat_map(|t| t.0.map(|p| p.map(|v| v as f32))).collect(),
    })
}
