//! Building outlines and parts (Simple 3D Buildings) → buildings.

use std::collections::BTreeMap;

use rstar::{AABB, RTree, primitives::GeomWithData, primitives::Rectangle};

use super::{
    data::{MemberKind, Tags},
    names::name,
    quantity::{count, length_m},
    roof::{self, Roof},
    shapes::Shapes,
};
use crate::{
    import::{
        Report, Severity,
        bearing::bearing_deg,
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
pub(super) fn read(shapes: Shapes<'_>, report: &mut Report) -> Vec<Building> {
    let claims = Claims::of(&shapes);
    let (mut wholes, mut parts): (Vec<Body<'_>>, Vec<Body<'_>>) = (Vec::new(), Vec::new());
    let mut group_of_whole: BTreeMap<i64, usize> = BTreeMap::new();
    let mut group_of_part: Vec<Option<i64>> = Vec::new();
    let mut add = |kind: MemberKind, id: i64, tags, areas: Vec<Area>| {
        let claim = claims.get(kind, id);
        let whole = has_value(tags, "building") || claim.is_some_and(|c| c.outline);
        let part = tags.has("building:part") || claim.is_some_and(|c| !c.outline);
        if areas.is_empty() || !(whole || part) {
            return;
        }
        let word = if kind == MemberKind::Way { "way" } else { "relation" };
        // An outline without tags of its own has those of the relation that groups it.
        let tags = claim.filter(|c| c.outline && !has_value(tags, "building")).map_or(tags, |c| c.tags);
        let body = Body { id: format!("{word}/{id}"), tags, areas };
        if whole {
            if let Some(claim) = claim {
                group_of_whole.entry(claim.relation).or_insert(wholes.len());
            }
            wholes.push(body);
        } else {
            group_of_part.push(claim.map(|c| c.relation));
            parts.push(body);
        }
    };
    for way in &shapes.data.ways {
        if has_value(&way.tags, "building")
            || way.tags.has("building:part")
            || claims.get(MemberKind::Way, way.id).is_some()
        {
            add(MemberKind::Way, way.id, &way.tags, shapes.way_area(way, report).into_iter().collect());
        }
    }
    for relation in &shapes.data.relations {
        let tagged = has_value(&relation.tags, "building") || relation.tags.has("building:part");
        let claimed = claims.get(MemberKind::Relation, relation.id).is_some();
        if (tagged || claimed) && relation.tags.is("type", "multipolygon") {
            let areas = shapes.relation_areas(relation, report);
            if areas.is_empty() {
                let place = format!("relation {}", relation.id);
                report.note(Severity::Skipped, place, "a building relation has no closed ring in the file");
                continue;
            }
            add(MemberKind::Relation, relation.id, &relation.tags, areas);
        }
    }
    let grouped = group_of_part.into_iter().map(|g| g.and_then(|g| group_of_whole.get(&g).copied())).collect();
    // Nobody asks for places any more.
    drop(shapes);
    assemble(wholes, parts, grouped, report)
}

/// Tagged with a value that says it is one.
fn has_value(tags: &Tags, key: &str) -> bool {
    tags.has(key) && !tags.is_any(key, &["demolished", "razed", "proposed"])
}

/// What relations of `type=building` say about their members.
struct Claims<'a>(BTreeMap<(bool, i64), Claim<'a>>);

#[derive(Clone, Copy)]
struct Claim<'a> {
    relation: i64,
    outline: bool,
    tags: &'a Tags,
}

impl<'a> Claims<'a> {
    fn of(shapes: &Shapes<'a>) -> Self {
        let mut all = BTreeMap::new();
        for relation in shapes.data.relations.iter().filter(|r| r.tags.is("type", "building")) {
            for (kind, id, role) in &relation.members {
                let outline = match role.as_str() {
                    "outline" | "outer" => true,
                    "part" => false,
                    _ => continue,
                };
                if *kind != MemberKind::Node {
                    let claim = Claim { relation: relation.id, outline, tags: &relation.tags };
                    all.entry((*kind == MemberKind::Way, *id)).or_insert(claim);
                }
            }
        }
        Self(all)
    }

    fn get(&self, kind: MemberKind, id: i64) -> Option<Claim<'a>> {
        self.0.get(&(kind == MemberKind::Way, id)).copied()
    }
}

/// Gives parts to the outlines around them; `grouped` knows those that a relation has given already.
fn assemble(
    wholes: Vec<Body<'_>>,
    parts: Vec<Body<'_>>,
    grouped: Vec<Option<usize>>,
    report: &mut Report,
) -> Vec<Building> {
    let mut boxes = Vec::new();
    for (i, whole) in wholes.iter().enumerate().filter(|_| !parts.is_empty()) {
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
    for (p, (part, grouped)) in parts.iter().zip(grouped).enumerate() {
        if let Some(whole) = grouped {
            owned[whole].push(p);
            continue;
        }
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
    drop(tree);
    let mut out: Vec<Building> = Vec::with_capacity(wholes.len() + orphans.len());
    for (whole, owned) in wholes.into_iter().zip(&owned) {
        let total: f64 = whole.areas.iter().map(Area::area_m2).sum();
        let covered: f64 = owned.iter().flat_map(|&p| &parts[p].areas).map(Area::area_m2).sum();
        let mut building = facts(&whole);
        if covered < COVERED * total {
            bodies(&mut building, &whole, None, report);
        }
        for &p in owned {
            bodies(&mut building, &parts[p], Some(whole.tags), report);
        }
        out.push(building);
    }
    for p in orphans {
        let mut building = facts(&parts[p]);
        bodies(&mut building, &parts[p], None, report);
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

/// Bottom of a body above the ground, m.
fn base_m(tags: &Tags) -> f64 {
    let height = ["min_height", "building:min_height"].iter().find_map(|k| tags.get(k).and_then(length_m));
    let level = ["building:min_level", "min_level"].iter().find_map(|k| tags.get(k).and_then(count));
    height.or(level.map(|n| n.clamp(0, 400) as f64 * STOREY_M)).filter(|b| *b < 1000.0).unwrap_or(0.0)
}

/// Height of a shaped roof, m: as tagged, by its slope, by its storeys.
fn roof_height_m(tags: &Tags, area: &Area, roof: Roof<'_>) -> Option<f64> {
    let storeys = || tags.get("roof:levels").and_then(count).filter(|n| (1..20).contains(n)).map(|n| n as f64 * 2.5);
    let slope = || {
        let angle = tags.get("roof:angle").and_then(bearing_deg).filter(|a| (1.0..85.0).contains(a))?;
        Some((roof::span_m(area, roof) * angle.to_radians().tan()).min(200.0))
    };
    let tagged = ["roof:height", "building:roof:height"].iter().find_map(|k| tags.get(k).and_then(length_m));
    tagged.filter(|h| *h > 0.0).or_else(slope).or_else(storeys)
}

fn bodies(building: &mut Building, body: &Body<'_>, whole: Option<&Tags>, report: &mut Report) {
    let tags = body.tags;
    let own_storeys = tags.get("building:levels").and_then(count).map(|n| n.clamp(0, 400));
    let base = base_m(tags);
    let direction = ["roof:direction", "roof:slope:direction", "building:roof:direction"];
    let roof = Roof {
        shape: roof::spelled(tags.get("roof:shape").or(tags.get("building:roof:shape")).unwrap_or_default()),
        direction_deg: direction.iter().find_map(|k| tags.get(k).and_then(bearing_deg)),
        across: tags.is_any("roof:orientation", &["across"]),
    };
    let roof = match roof::known(roof.shape) {
        true => roof,
        false => {
            let text = format!("roof:shape '{}' is not built; the roof is level", roof.shape);
            report.note(Severity::Guessed, body.id.as_str(), text);
            Roof { shape: "flat", ..roof }
        }
    };
    for area in &body.areas {
        let mut guess = |what: &str| {
            if !building.guessed.iter().any(|known| known == what) {
                building.guessed.push(what.to_owned());
            }
        };
        let roof_m = match roof.shape {
            "flat" => 0.0,
            _ => roof_height_m(tags, area, roof).unwrap_or_else(|| {
                guess("roof:height:default");
                2.0
            }),
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
        let prism = |shape| BuildingPart {
            footprint: to_f32(&area.ring),
            holes: area.holes.iter().map(|h| to_f32(h)).collect(),
            base_m: base as f32,
            eaves_m: eaves as f32,
            top_m: top as f32,
            roof: shape,
            ..BuildingPart::default()
        };
        building.parts.push(match roof::plain(area, roof) {
            Some(shape) => prism(shape),
            None => roof::body(area, roof, [base, eaves, top]).unwrap_or_else(|| prism(RoofShape::Flat)),
        });
    }
}
