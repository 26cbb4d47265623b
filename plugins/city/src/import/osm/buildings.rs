//! Building outlines and parts (Simple 3D Buildings) → buildings.

use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::{
    data::Tags,
    names::name,
    quantity::{count, length_m},
    shapes::Shapes,
};
use crate::{
    import::{
        Report, Severity,
        rings::{Area, contains, inner_point, to_f32},
        usage,
    },
    model::{Building, BuildingPart, RoofShape},
};

/// Height of a storey, m.
const STOREY_M: f64 = 3.0;
/// A `building:part` cover of this share of the outline replaces the outline.
const COVERED: f64 = 0.6;

/// A building or a part, before they are matched.
struct Body<'a> {
    id: String,
    tags: &'a Tags,
    areas: Vec<Area>,
}

/// Reads all buildings. Heights are above the ground beside the building: the importer knows no
/// terrain.
pub(super) fn read(shapes: &Shapes<'_>, report: &mut Report) -> Vec<Building> {
    let (mut wholes, mut parts): (Vec<Body<'_>>, Vec<Body<'_>>) = (Vec::new(), Vec::new());
    for way in &shapes.data.ways {
        let (whole, part) = (way.tags.has("building"), way.tags.has("building:part"));
        if whole || part {
            let areas: Vec<Area> = shapes.way_area(way, report).into_iter().collect();
            if !areas.is_empty() {
                let body = Body { id: format!("way/{}", way.id), tags: &way.tags, areas };
                if whole { wholes.push(body) } else { parts.push(body) }
            }
        }
    }
    for relation in &shapes.data.relations {
        let (whole, part) = (relation.tags.has("building"), relation.tags.has("building:part"));
        if (whole || part) && relation.tags.is("type", "multipolygon") {
            let areas = shapes.relation_areas(relation, report);
            if areas.is_empty() {
                let place = format!("relation {}", relation.id);
                report.note(Severity::Skipped, place, "a building relation has no closed ring in the file");
                continue;
            }
            let body = Body { id: format!("relation/{}", relation.id), tags: &relation.tags, areas };
            if whole { wholes.push(body) } else { parts.push(body) }
        }
    }
    assemble(wholes, parts)
}

fn assemble(wholes: Vec<Body<'_>>, parts: Vec<Body<'_>>) -> Vec<Building> {
    let mut boxes = Vec::new();
    for (i, whole) in wholes.iter().enumerate() {
        for (k, area) in whole.areas.iter().enumerate() {
            let (low, high) = area.ring.iter().fold(([f64::MAX; 2], [f64::MIN; 2]), |(lo, hi), p| {
                ([lo[0].min(p[0]), lo[1].min(p[1])], [hi[0].max(p[0]), hi[1].max(p[1])])
            });
            boxes.push(GeomWithData::new(Rectangle::from_corners(low, high), (i, k)));
        }
    }
    let tree = RTree::bulk_load(boxes);
    let mut owned: Vec<Vec<usize>> = vec![Vec::new(); wholes.len()];
    let mut orphans = Vec::new();
    for (p, part) in parts.iter().enumerate() {
        let probe = part.areas.first().and_then(|a| inner_point(&a.ring));
        let around = probe.and_then(|probe| {
            tree.locate_in_envelope_intersecting(&AABB::from_point(probe))
                .filter(|b| contains(&wholes[b.data.0].areas[b.data.1].ring, probe))
                .map(|b| (wholes[b.data.0].areas[b.data.1].area_m2(), b.data.0))
                .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
        });
        match around {
            Some((_, whole)) => owned[whole].push(p),
            None => orphans.push(p),
        }
    }
    let mut out: Vec<Building> = Vec::with_capacity(wholes.len() + orphans.len());
    for (whole, owned) in wholes.iter().zip(&owned) {
        let total: f64 = whole.areas.iter().map(Area::area_m2).sum();
        let covered: f64 = owned.iter().flat_map(|&p| &parts[p].areas).map(Area::area_m2).sum();
        let mut building = facts(whole);
        if covered < COVERED * total {
            bodies(&mut building, whole, None);
        }
        for &p in owned {
            bodies(&mut building, &parts[p], Some(whole.tags));
        }
        out.push(building);
    }
    for p in orphans {
        let mut building = facts(&parts[p]);
        bodies(&mut building, &parts[p], None);
        out.push(building);
    }
    out
}

fn facts(body: &Body<'_>) -> Building {
    let tags = body.tags;
    let whole = |key: &str, most: i64| tags.get(key).and_then(count).map_or(0, |n| n.clamp(0, most));
    let used = ["building", "building:use", "amenity", "building:part"]
        .iter()
        .filter_map(|key| tags.get(key))
        .map(usage::from_word)
        .find(|word| !word.is_empty());
    Building {
        id: body.id.clone(),
        name: name(tags),
        usage: used.unwrap_or_default(),
        storeys: whole("building:levels", 400) as u16,
        basements: whole("building:levels:underground", 40) as u16,
        residents: whole("residents", 100_000) as u32,
        ..Building::default()
    }
}

/// Top of a body and how it was guessed.
fn top_m(
    tags: &Tags,
    whole: Option<&Tags>,
    base_m: f64,
    storeys: Option<i64>,
    roof_m: f64,
) -> (f64, Option<&'static str>) {
    let tagged = |tags: &Tags| {
        ["height", "building:height", "est_height"]
            .iter()
            .find_map(|k| tags.get(k).and_then(length_m))
            .filter(|h| *h > 0.0 && *h < 1000.0)
    };
    if let Some(height) = tagged(tags) {
        return (height, None);
    }
    if let Some(levels) = storeys.filter(|n| *n > 0) {
        return (levels as f64 * STOREY_M + roof_m, Some("height:levels"));
    }
    if let Some(height) = whole.and_then(tagged) {
        return (height, None);
    }
    let default = match tags.get("building").or(tags.get("building:part")).unwrap_or("yes") {
        "garage" | "garages" | "shed" | "hut" | "carport" | "kiosk" | "roof" | "greenhouse" | "cabin" => 3.0,
        "house" | "detached" | "semidetached_house" | "terrace" | "bungalow" | "farm" => 6.0 + roof_m,
        "apartments" | "office" | "hotel" | "hospital" | "dormitory" => 15.0,
        "industrial" | "warehouse" | "retail" | "supermarket" | "hangar" => 8.0,
        _ => 9.0,
    };
    (base_m + default, Some("height:default"))
}

fn bodies(building: &mut Building, body: &Body<'_>, whole: Option<&Tags>) {
    let tags = body.tags;
    let own_storeys = tags.get("building:levels").and_then(count).map(|n| n.clamp(0, 400));
    let base = ["min_height", "building:min_height"]
        .iter()
        .find_map(|k| tags.get(k).and_then(length_m))
        .or_else(|| {
            ["building:min_level", "min_level"]
                .iter()
                .find_map(|k| tags.get(k).and_then(count))
                .map(|n| n.clamp(0, 400) as f64 * STOREY_M)
        })
        .filter(|b| *b < 1000.0)
        .unwrap_or(0.0);
    let roof = match tags.get("roof:shape").or(tags.get("building:roof:shape")) {
        Some("gabled" | "saltbox" | "round" | "gambrel") => RoofShape::Gabled,
        Some("hipped" | "half-hipped" | "mansard" | "side_hipped") => RoofShape::Hipped,
        Some("skillion") => RoofShape::Skillion,
        Some("pyramidal" | "dome" | "onion" | "cone") => RoofShape::Pyramidal,
        _ => RoofShape::Flat,
    };
    let roof_tag = tags
        .get("roof:height")
        .and_then(length_m)
        .or_else(|| tags.get("roof:levels").and_then(count).filter(|n| (1..20).contains(n)).map(|n| n as f64 * 2.5));
    let mut guess = |what: &str| {
        if !building.guessed.iter().any(|known| known == what) {
            building.guessed.push(what.to_owned());
        }
    };
    let roof_m = match (roof, roof_tag) {
        (RoofShape::Flat, _) => 0.0,
        (_, Some(height)) => height,
        (_, None) => {
            guess("roof:height:default");
            2.0
        }
    };
    let (mut top, guessed) = top_m(tags, whole, base, own_storeys, roof_m);
    if let Some(guessed) = guessed {
        guess(guessed);
    }
    if top <= base {
        guess("height:above_min_height");
        top = base + STOREY_M;
    }
    let eaves = (top - roof_m).max(base + 0.1 * (top - base));
    building.parts.extend(body.areas.iter().map(|area| BuildingPart {
        footprint: to_f32(&area.ring),
        holes: area.holes.iter().map(|h| to_f32(h)).collect(),
        base_m: base as f32,
        eaves_m: eaves as f32,
        top_m: top as f32,
        roof,
        ..BuildingPart::default()
    }));
}
