//! How many cases a flood will bring to the desk: an estimate with its basis, not a forecast of callers.

use std::collections::{BTreeMap, BTreeSet};

use guanlan_city::{City, model::PlaceKind};
use guanlan_core::Bilingual;
use serde::{Deserialize, Serialize};

use super::Impact;

/// Cases of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExpectedCases {
    /// Kind.
    pub kind: Bilingual,
    /// Number.
    pub count: usize,
    /// How it was counted.
    pub basis: Bilingual,
}

/// Cases to expect from an impact.
#[must_use]
pub fn expected_cases(city: &City, impact: &Impact) -> Vec<ExpectedCases> {
    let metro = impact.places.iter().filter(|p| p.kind == PlaceKind::MetroEntrance).count();
    let deep = impact.buildings.iter().filter(|b| b.over_sill_m >= 0.15).count();
    let rows = [
        (
            ("道路积水", "Water on roads"),
            wet_spots(city, impact),
            ("相连的积水路段（≥15 cm）各计一件", "one for each connected stretch of road with 15 cm or more"),
        ),
        (
            ("车辆被困", "Stranded cars"),
            impact.roads.iter().filter(|r| r.underpass && r.first_closed_s.is_some()).count(),
            ("积水超过小客车限值的下穿通道各计一件", "one for each underpass deeper than the limit of cars"),
        ),
        (
            ("房屋进水", "Water in buildings"),
            deep,
            ("门槛以上水深达 15 cm 的建筑各计一件", "one for each building with 15 cm or more over its sill"),
        ),
        (
            ("地下空间进水", "Water in basements"),
            impact.basements_flooded,
            ("进水且有地下层的建筑各计一件", "one for each building with water over its sill and storeys below ground"),
        ),
        (("地铁口进水", "Metro entrances"), metro, ("被淹的地铁口各计一件", "one for each entrance reached")),
        (
            ("供电设施受淹", "Power facilities"),
            impact.power.len(),
            ("水深达 30 cm 的电力箱、变压器各计一件", "one for each cabinet or transformer in 30 cm or more"),
        ),
    ];
    rows.into_iter()
        .filter(|r| r.1 > 0)
        .map(|((zh, en), count, (bzh, ben))| ExpectedCases {
            kind: Bilingual::new(zh, en),
            count,
            basis: Bilingual::new(bzh, ben),
        })
        .collect()
}

/// Connected stretches of wet roads.
fn wet_spots(city: &City, impact: &Impact) -> usize {
    let wet: BTreeSet<usize> = impact.roads.iter().filter(|r| !r.limits.is_empty()).map(|r| r.edge).collect();
    let mut at_node: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for edge in &wet {
        if let Some(road) = city.roads.get(*edge) {
            at_node.entry(road.from_node).or_default().push(*edge);
            at_node.entry(road.to_node).or_default().push(*edge);
        }
    }
    let (mut seen, mut spots) = (BTreeSet::new(), 0);
    for edge in &wet {
        if !seen.insert(*edge) {
            continue;
        }
        spots += 1;
        let mut todo = vec![*edge];
        while let Some(edge) = todo.pop() {
            let Some(road) = city.roads.get(edge) else { continue };
            // Node 0 is unknown, not a junction of everything.
            for node in [road.from_node, road.to_node].into_iter().filter(|n| *n != 0) {
                for next in at_node.get(&node).into_iter().flatten() {
                    if seen.insert(*next) {
                        todo.push(*next);
                    }
                }
            }
        }
    }
    spots
}
