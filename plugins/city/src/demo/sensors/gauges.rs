//! What measures water: gauges in underpasses, at low places of roads and along the river, pumps, rain.

use super::Rack;
use crate::demo::{
    dice::Dice,
    drainage::Drains,
    geom::{self, P},
    ground::Ground,
    network::{Class, Network},
    people::on_street,
    plan::Plan,
    streets::Kind,
};
use guanlan_core::ObservedProperty;

/// Gauges of water on roads and in the river, all together.
const WATER_GAUGES: usize = 30;
/// Of these along the river.
const ON_RIVER: usize = 6;
/// Of these at low places of the old town.
const IN_OLD_TOWN: usize = 9;

/// The underpasses, low places on roads, the river.
pub fn water(plan: &Plan, net: &Network, ground: &Ground, rack: &mut Rack) {
    for u in &plan.underpasses {
        let n = &plan.file.underpass.names[u.index];
        let name = (format!("{}积水尺", n.0), format!("{} gauge", n.1));
        rack.add(name, ObservedProperty::RoadWaterDepth, u.at, 0.0, 60);
    }
    low_places(plan, net, ground, rack);
    let length = geom::length(&plan.river);
    for k in 0..ON_RIVER {
        let s = length * (0.10 + 0.82 * k as f64 / (ON_RIVER - 1) as f64);
        let (p, d) = geom::along(&plan.river, s);
        let at = geom::add(p, geom::mul(geom::perp(d), 80.0));
        let at = [at[0].clamp(10.0, plan.size - 10.0), at[1].clamp(10.0, plan.size - 10.0)];
        let river = &plan.file.river.name;
        let name = (format!("{}{}号水位站", river.0, k + 1), format!("{} stage {}", river.1, k + 1));
        rack.add(name, ObservedProperty::RiverStage, at, 0.0, 300);
    }
}

/// The lowest named streets, spread out: closer together in the old town, which lies lowest.
fn low_places(plan: &Plan, net: &Network, ground: &Ground, rack: &mut Rack) {
    let mut low: Vec<(f64, P, usize)> = net
        .links
        .iter()
        .filter(|l| {
            !l.bridge
                && l.underpass.is_none()
                && matches!(l.class, Class::Street(k) if k != Kind::Service)
                && !net.ways[l.way].name.0.is_empty()
        })
        .map(|l| (ground.at(net.nodes[l.a]), net.nodes[l.a], l.way))
        .filter(|(_, p, _)| plan.river_d.at(*p) > 70.0 && plan.moat_d.at(*p) > 30.0)
        .collect();
    low.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1[0].total_cmp(&b.1[0])));
    let (mut old, mut rest) = (IN_OLD_TOWN, WATER_GAUGES - plan.underpasses.len() - ON_RIVER - IN_OLD_TOWN);
    let mut taken: Vec<P> = Vec::new();
    for apart in [260.0, 120.0, 40.0] {
        for &(_, p, way) in &low {
            let in_old = plan.in_old_town(p);
            let left = if in_old { &mut old } else { &mut rest };
            let space = if in_old { apart * 0.7 } else { apart * 2.0 };
            if *left > 0 && taken.iter().all(|q| geom::dist(*q, p) > space) {
                *left -= 1;
                taken.push(p);
                let n = &net.ways[way].name;
                let name = (format!("{}低洼积水尺", n.0), format!("{} low-spot gauge", n.1));
                rack.add(name, ObservedProperty::RoadWaterDepth, p, 0.0, 60);
            }
        }
    }
}

/// A count of running pumps for each station.
pub fn pumps(drains: &Drains, rack: &mut Rack) {
    for s in &drains.stations {
        let name = (format!("{}运行", s.name.0), format!("{} pumps", s.name.1));
        rack.add(name, ObservedProperty::PumpsRunning, drains.nodes[s.well].at, 1.0, 60);
    }
}

/// Rain gauges on an even raster, more of them in a city of more sensors.
pub fn rain(plan: &Plan, net: &Network, count: usize, dice: &mut Dice, rack: &mut Rack) {
    let side = match count {
        ..1000 => 3,
        1000..20_000 => 5,
        _ => 12,
    };
    for j in 0..side {
        for i in 0..side {
            let c = plan.size / f64::from(side);
            let p = [(f64::from(i) + dice.range(0.3, 0.7)) * c, (f64::from(j) + dice.range(0.3, 0.7)) * c];
            let n = i + j * side + 1;
            let name = (format!("{n}号雨量站"), format!("Rain gauge {n}"));
            rack.add(name, ObservedProperty::RainIntensity, on_street(net, p), 8.0, 60);
        }
    }
}
