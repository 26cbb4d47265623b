//! Green: greenways, woods, parks, gardens, sports grounds.

use super::{
    band,
    xml::{Osm, Tags, name_tags},
};
use crate::demo::{
    DemoError,
    buildings::{Built, Use},
    geom::{self, P},
    plan::{Plan, Zone},
    streets::{Cover, Face, Kind, Town},
};

/// A face without its streets; `None` for slivers and for shapes that cannot be drawn in.
fn yard(town: &Town, face: &Face) -> Option<Vec<P>> {
    let width = |i: usize| match town.streets[town.graph.edges[face.edges[i]].street].kind {
        Kind::Stub | Kind::Edge => 0.0,
        Kind::Ring => 20.0,
        Kind::Rail => 7.0,
        k => k.half_width_m() + 2.0,
    };
    [1.0, 0.6, 0.25, 0.0].into_iter().find_map(|share| {
        let mut ring = geom::inset(&face.ring, |i| share * width(i));
        ring.dedup_by(|a, b| geom::dist(*a, *b) < 0.05);
        let area = geom::area(&ring);
        (area > 200.0 && area < face.area * 1.01 && geom::simple(&ring)).then_some(ring)
    })
}

/// Writes the areas.
pub fn write(plan: &Plan, town: &Town, built: &Built, osm: &mut Osm<'_>) -> Result<(), DemoError> {
    let named = |mut t: Tags, zh: &str, en: &str| {
        name_tags(&mut t, &(zh.to_owned(), en.to_owned()));
        t
    };
    for (sign, zh, en) in
        [(1.0, "滨江北绿道", "North Riverside Greenway"), (-1.0, "滨江南绿道", "South Riverside Greenway")]
    {
        // Cut into lengths so that each piece is a simple ring; the moat's mouths stay open.
        let mut k = 0;
        while k + 1 < plan.river.len() {
            let to = (k + 10).min(plan.river.len() - 1);
            let part = &plan.river[k..=to];
            let half = |i: usize| plan.river_half[k + i];
            let ring = band(plan, part, |i| sign * (half(i) + 11.0), |i| sign * (half(i) + 40.0));
            if ring.len() > 3 && ring.iter().all(|&p| plan.moat_d.at(p) > 2.0) {
                osm.ring(&ring, &named(vec![("leisure", "park".to_owned())], zh, en))?;
            }
            k = to;
        }
    }
    let island = geom::inset(&plan.island, |_| 4.0);
    osm.ring(
        &island,
        &named(vec![("leisure", "park".to_owned())], &plan.file.island.name.0, &plan.file.island.name.1),
    )?;
    for (i, face) in town.faces.iter().enumerate() {
        let wood = face.zone == Zone::Hills || (built.uses[i] == Use::None && plan.ground(face.centre) > 24.0);
        let tags: Tags = match face.cover {
            Cover::RailStrip => vec![("landuse", "grass".to_owned())],
            Cover::Land if wood => named(vec![("natural", "wood".to_owned())], "凤凰山", "Phoenix Hill"),
            _ => continue,
        };
        if let Some(ring) = yard(town, face) {
            osm.ring(&ring, &tags)?;
        }
    }
    for (i, face) in town.faces.iter().enumerate() {
        if built.uses[i] == Use::Park
            && let Some(ring) = yard(town, face)
            && let Some((_, name, _)) = built.greens.iter().find(|g| g.2 == "park" && g.0 == face.ring)
        {
            let mut tags: Tags = vec![("leisure", "park".to_owned())];
            name_tags(&mut tags, name);
            if plan.lake.iter().all(|&p| geom::inside(p, &ring)) {
                osm.with_hole(&ring, &plan.lake, &tags)?;
            } else {
                osm.ring(&ring, &tags)?;
            }
        }
    }
    // Newer estates, campuses and hospitals stand in gardens.
    for (i, face) in town.faces.iter().enumerate() {
        let garden = matches!(built.uses[i], Use::Towers | Use::Villas | Use::Campus | Use::Hospital | Use::CareHome);
        if garden
            && let Some(ring) = yard(town, face)
            && let inner = geom::inset(&ring, |_| 7.0)
            && geom::area(&inner) > 1500.0
            && geom::area(&inner) < geom::area(&ring)
            && geom::simple(&inner)
        {
            osm.ring(&inner, &[("leisure", "garden".to_owned())])?;
        }
    }
    for (ring, name, _) in built.greens.iter().filter(|g| g.2 == "pitch") {
        let mut tags: Tags = vec![("leisure", "pitch".to_owned())];
        name_tags(&mut tags, name);
        osm.ring(ring, &tags)?;
    }
    Ok(())
}
