//! Roads: links that share everything become ways.

use std::collections::{BTreeMap, BTreeSet};

use super::xml::{Osm, Tags, name_tags};
use crate::demo::{
    DemoError,
    geom::P,
    network::{Class, Network, Way},
    plan::Plan,
    streets::Kind,
};

/// Writes the network.
pub fn write(plan: &Plan, net: &Network, osm: &mut Osm<'_>) -> Result<(), DemoError> {
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
            let half_width_m = net.links[first].half_width_m;
            let tags = tags_of(plan, &net.ways[way], half_width_m, bridge, underpass, one_way);
            let refs: Vec<i64> = chain.iter().map(|n| id[n]).collect();
            osm.way(&refs, &tags);
        }
    }
    Ok(())
}

fn tags_of(plan: &Plan, w: &Way, half_width_m: f64, bridge: bool, underpass: Option<usize>, one_way: bool) -> Tags {
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
    tags.push(("width", format!("{:.1}", half_width_m * 2.0)));
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
    tags
}
