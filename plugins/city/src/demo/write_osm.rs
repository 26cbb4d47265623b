//! Roads, railway, water and green as OSM XML.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    DemoError,
    buildings::{Built, Use},
    geom::{self, P},
    lonlat::LonLat,
    network::{Class, Network},
    plan::{Plan, Zone},
    streets::{Cover, Face, Kind, Town},
};

type Tags = Vec<(&'static str, String)>;

struct Osm<'a> {
    lonlat: &'a LonLat,
    nodes: String,
    ways: String,
    relations: String,
    next_node: i64,
    next_way: i64,
    next_relation: i64,
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&apos;")
}

fn write_tags(out: &mut String, tags: &[(&str, String)]) {
    for (k, v) in tags.iter().filter(|(_, v)| !v.is_empty()) {
        let _ = writeln!(out, "  <tag k=\"{k}\" v=\"{}\"/>", escaped(v));
    }
}

impl Osm<'_> {
    fn nodes(&mut self, points: &[P], tags: impl Fn(usize) -> Tags) -> Result<Vec<i64>, DemoError> {
        let mut ids = Vec::with_capacity(points.len());
        for (i, p) in self.lonlat.all(points)?.into_iter().enumerate() {
            let id = self.next_node;
            self.next_node += 1;
            let tags = tags(i);
            let _ = write!(self.nodes, " <node id=\"{id}\" version=\"1\" lat=\"{:.7}\" lon=\"{:.7}\"", p[1], p[0]);
            if tags.is_empty() {
                self.nodes.push_str("/>\n");
            } else {
                self.nodes.push_str(">\n");
                write_tags(&mut self.nodes, &tags);
                self.nodes.push_str(" </node>\n");
            }
            ids.push(id);
        }
        Ok(ids)
    }

    fn way(&mut self, refs: &[i64], tags: &[(&'static str, String)]) -> i64 {
        let id = self.next_way;
        self.next_way += 1;
        let _ = writeln!(self.ways, " <way id=\"{id}\" version=\"1\">");
        for r in refs {
            let _ = writeln!(self.ways, "  <nd ref=\"{r}\"/>");
        }
        write_tags(&mut self.ways, tags);
        self.ways.push_str(" </way>\n");
        id
    }

    fn ring(&mut self, ring: &[P], tags: &[(&'static str, String)]) -> Result<i64, DemoError> {
        let mut refs = self.nodes(ring, |_| Tags::new())?;
        refs.push(refs[0]);
        Ok(self.way(&refs, tags))
    }
}

impl Osm<'_> {
    /// A multipolygon of one ring with one hole.
    fn with_hole(&mut self, ring: &[P], hole: &[P], tags: &[(&'static str, String)]) -> Result<(), DemoError> {
        let (outer, inner) = (self.ring(ring, &[])?, self.ring(hole, &[])?);
        let id = self.next_relation;
        self.next_relation += 1;
        let _ = writeln!(
            self.relations,
            " <relation id=\"{id}\" version=\"1\">\n  <member type=\"way\" ref=\"{outer}\" role=\"outer\"/>\n  <member type=\"way\" ref=\"{inner}\" role=\"inner\"/>"
        );
        self.relations.push_str("  <tag k=\"type\" v=\"multipolygon\"/>\n");
        write_tags(&mut self.relations, tags);
        self.relations.push_str(" </relation>\n");
        Ok(())
    }
}

fn name_tags(tags: &mut Tags, name: &(String, String)) {
    tags.push(("name", name.0.clone()));
    tags.push(("name:zh", name.0.clone()));
    tags.push(("name:en", name.1.clone()));
}

/// Ring around a band of a line, from `from` to `to` m to its left.
fn band(plan: &Plan, line: &[P], from: impl Fn(usize) -> f64, to: impl Fn(usize) -> f64) -> Vec<P> {
    let mut ring = geom::offset(line, from);
    let mut back = geom::offset(line, to);
    back.reverse();
    ring.extend(back);
    if geom::area(&ring) < 0.0 {
        ring.reverse();
    }
    geom::clip_ring(&ring, [0.0, 0.0], [plan.size, plan.size])
}

/// A face without its streets; `None` for slivers and for shapes that cannot be drawn in.
pub fn yard(town: &Town, face: &Face) -> Option<Vec<P>> {
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

/// The file's text.
pub fn text(plan: &Plan, town: &Town, net: &Network, built: &Built, lonlat: &LonLat) -> Result<String, DemoError> {
    let mut osm = Osm {
        lonlat,
        nodes: String::new(),
        ways: String::new(),
        relations: String::new(),
        next_node: 1,
        next_way: 1,
        next_relation: 1,
    };
    roads(plan, net, &mut osm)?;
    railway(plan, &mut osm)?;
    water(plan, &mut osm)?;
    green(plan, town, built, &mut osm)?;
    let corners = lonlat.all(&[[0.0, 0.0], [plan.size, 0.0], [plan.size, plan.size], [0.0, plan.size]])?;
    let (lo, hi) = geom::bounds(&corners);
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<osm version=\"0.6\" generator=\"guanlan demo city (fictional)\">\n <bounds minlat=\"{:.7}\" minlon=\"{:.7}\" maxlat=\"{:.7}\" maxlon=\"{:.7}\"/>\n{}{}{}</osm>\n",
        lo[1], lo[0], hi[1], hi[0], osm.nodes, osm.ways, osm.relations
    ))
}

fn roads(plan: &Plan, net: &Network, osm: &mut Osm<'_>) -> Result<(), DemoError> {
    // Only nodes that are used.
    let used: BTreeSet<usize> = net.links.iter().flat_map(|l| [l.a, l.b]).collect();
    let order: Vec<usize> = used.into_iter().collect();
    let points: Vec<P> = order.iter().map(|&n| net.nodes[n]).collect();
    let ids = osm.nodes(&points, |i| {
        if net.signals.contains(&order[i]) { vec![("highway", "traffic_signals".to_owned())] } else { Tags::new() }
    })?;
    let id: BTreeMap<usize, i64> = order.iter().copied().zip(ids).collect();
    // Links that share everything make one way.
    let mut groups: BTreeMap<(usize, bool, Option<usize>, bool), Vec<usize>> = BTreeMap::new();
    for (i, l) in net.links.iter().enumerate() {
        groups.entry((l.way, l.bridge, l.underpass, l.one_way)).or_default().push(i);
    }
    for ((way, bridge, underpass, one_way), links) in groups {
        let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &k in &links {
            at.entry(net.links[k].a).or_default().push(k);
            at.entry(net.links[k].b).or_default().push(k);
        }
        let mut done: BTreeSet<usize> = BTreeSet::new();
        // Begin where a chain ends; rings begin anywhere.
        let ends: Vec<usize> = links.iter().copied().filter(|&k| at[&net.links[k].a].len() != 2).collect();
        let back: Vec<usize> = links.iter().copied().filter(|&k| at[&net.links[k].b].len() != 2).collect();
        let starts = ends
            .into_iter()
            .map(|k| (k, net.links[k].a))
            .chain(back.into_iter().filter(|_| !one_way).map(|k| (k, net.links[k].b)))
            .chain(links.iter().map(|&k| (k, net.links[k].a)));
        for (first, from) in starts {
            if done.contains(&first) {
                continue;
            }
            let (mut chain, mut k, mut n) = (vec![from], first, from);
            loop {
                done.insert(k);
                n = net.other(k, n);
                chain.push(n);
                if chain.len() > 150 {
                    break;
                }
                let next = at[&n].iter().copied().find(|&m| !done.contains(&m) && (!one_way || net.links[m].a == n));
                match next {
                    Some(m) if at[&n].len() == 2 => k = m,
                    _ => break,
                }
            }
            let w = &net.ways[way];
            let mut tags: Tags = Vec::new();
            let highway = match w.class {
                Class::Motorway => "motorway",
                Class::Link => "motorway_link",
                Class::Street(Kind::Primary) => "primary",
                Class::Street(Kind::Secondary) => "secondary",
                Class::Street(Kind::Tertiary) => "tertiary",
                Class::Street(Kind::Residential) => "residential",
                Class::Street(_) => "service",
            };
            tags.push(("highway", highway.to_owned()));
            name_tags(&mut tags, &w.name);
            tags.push(("maxspeed", w.speed.to_string()));
            tags.push(("lanes", w.lanes.to_string()));
            tags.push(("width", format!("{:.1}", net.links[first].half_width_m * 2.0)));
            tags.push(("surface", "asphalt".to_owned()));
            if one_way {
                tags.push(("oneway", "yes".to_owned()));
            }
            if bridge {
                tags.push(("bridge", "yes".to_owned()));
                tags.push(("layer", "1".to_owned()));
            }
            if let Some(u) = underpass {
                let name = &plan.file.underpass.names[plan.underpasses[u].index];
                tags.push(("tunnel", "yes".to_owned()));
                tags.push(("layer", "-1".to_owned()));
                tags.push(("tunnel:name", name.0.clone()));
                tags.push(("tunnel:name:en", name.1.clone()));
                tags.push(("maxheight", "4.5".to_owned()));
            }
            let refs: Vec<i64> = chain.iter().map(|n| id[n]).collect();
            osm.way(&refs, &tags);
        }
    }
    Ok(())
}

fn railway(plan: &Plan, osm: &mut Osm<'_>) -> Result<(), DemoError> {
    let line: Vec<P> = plan
        .rail
        .windows(2)
        .filter_map(|w| geom::clip(w[0], w[1], [0.0, 0.0], [plan.size, plan.size]))
        .flat_map(|(a, b)| [a, b])
        .collect();
    let total: f64 = line.windows(2).map(|w| geom::dist(w[0], w[1])).sum();
    let mut cuts: Vec<(f64, f64)> = plan
        .underpasses
        .iter()
        .map(|u| {
            let s = geom::to_line(u.at, &line).1;
            (s - u.half_width_m - 6.0, s + u.half_width_m + 6.0)
        })
        .collect();
    cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut spans = Vec::new();
    let mut from = 0.0;
    for (a, b) in cuts {
        spans.push((from, a, false));
        spans.push((a, b, true));
        from = b;
    }
    spans.push((from, total, false));
    let mut last: Option<i64> = None;
    for (a, b, bridge) in spans {
        let steps = ((b - a) / 60.0).ceil().max(1.0) as usize;
        let points: Vec<P> = (0..=steps).map(|k| geom::along(&line, a + (b - a) * k as f64 / steps as f64).0).collect();
        let mut refs = osm.nodes(if last.is_some() { &points[1..] } else { &points }, |_| Tags::new())?;
        if let Some(n) = last {
            refs.insert(0, n);
        }
        last = refs.last().copied();
        let mut tags: Tags = vec![
            ("railway", "rail".to_owned()),
            ("gauge", "1435".to_owned()),
            ("electrified", "contact_line".to_owned()),
        ];
        name_tags(&mut tags, &(plan.file.railway.name.0.clone(), plan.file.railway.name.1.clone()));
        if bridge {
            tags.push(("bridge", "yes".to_owned()));
            tags.push(("layer", "1".to_owned()));
        }
        osm.way(&refs, &tags);
    }
    Ok(())
}

fn water(plan: &Plan, osm: &mut Osm<'_>) -> Result<(), DemoError> {
    let tags = |kind: &str, name: &super::params::Name, level: f64| {
        let mut t: Tags = vec![("natural", "water".to_owned()), ("water", kind.to_owned())];
        name_tags(&mut t, &(name.0.clone(), name.1.clone()));
        t.push(("ele", format!("{level:.2}")));
        t
    };
    let ring = band(plan, &plan.river, |i| -plan.river_half[i], |i| plan.river_half[i]);
    osm.with_hole(&ring, &plan.island, &tags("river", &plan.file.river.name, plan.file.river.level_m))?;
    let half = plan.file.moat.half_width_m;
    // The moat ends where the river begins.
    let moat: Vec<P> = geom::resample(&plan.moat, 15.0).into_iter().filter(|&p| plan.river_d.at(p) > -12.0).collect();
    osm.ring(&band(plan, &moat, |_| -half, |_| half), &tags("canal", &plan.file.moat.name, plan.file.moat.level_m))?;
    osm.ring(&plan.lake, &tags("lake", &plan.file.lake.name, plan.file.lake.level_m))?;
    Ok(())
}

fn green(plan: &Plan, town: &Town, built: &Built, osm: &mut Osm<'_>) -> Result<(), DemoError> {
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
