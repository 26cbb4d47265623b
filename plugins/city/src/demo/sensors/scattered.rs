//! The other sensors, in shares: at covers and bins that stand in the city, or left to chance along the streets.

use super::{Rack, nearest::NearestWay};
use crate::demo::{
    components::Part,
    dice::Dice,
    geom::{self, P},
    network::{Class, Network},
};
use guanlan_core::ObservedProperty;

/// What is measured, its share, name, height above ground in m and period in s; the last kind takes what rounding leaves.
const SHARES: [(ObservedProperty, f64, &str, &str, f64, u32); 6] = [
    (ObservedProperty::Pm25, 0.05, "空气站", "Air", 3.0, 300),
    (ObservedProperty::Noise, 0.06, "噪声站", "Noise", 4.0, 120),
    (ObservedProperty::GasLel, 0.13, "燃气探头", "Gas", 0.5, 120),
    (ObservedProperty::ParkingOccupancy, 0.10, "停车场", "Parking", 0.5, 300),
    (ObservedProperty::BinFill, 0.20, "智能垃圾桶", "Smart bin", 1.0, 900),
    (ObservedProperty::CoverTilt, 1.0, "智能井盖", "Smart cover", 0.0, 900),
];

/// Places `left` sensors.
pub fn place(net: &Network, parts: &[Part], left: usize, dice: &mut Dice, rack: &mut Rack) {
    let streets: Vec<usize> = (0..net.links.len())
        .filter(|&k| {
            let l = &net.links[k];
            matches!(l.class, Class::Street(_)) && !l.bridge && l.underpass.is_none()
        })
        .collect();
    let mut sum = 0.0;
    let reach: Vec<f64> = streets
        .iter()
        .map(|&k| {
            sum += net.length(k);
            sum
        })
        .collect();
    let pool = |class: &str| -> Vec<P> { parts.iter().filter(|p| p.class == class).map(|p| p.at).collect() };
    let (mut covers, mut bins) = (pool("01-003"), pool("03-005"));
    covers.extend(pool("01-002"));
    for list in [&mut covers, &mut bins] {
        for i in (1..list.len()).rev() {
            list.swap(i, dice.int(0, i));
        }
    }
    let nearest = NearestWay::new(net, &streets);
    let mut given = 0;
    for (k, (property, share, zh, en, height_m, period_s)) in SHARES.into_iter().enumerate() {
        let n = if k + 1 == SHARES.len() { left - given } else { (left as f64 * share) as usize };
        given += n;
        for i in 0..n {
            let fixed = match property {
                ObservedProperty::CoverTilt => covers.get(i),
                ObservedProperty::BinFill => bins.get(i),
                _ => None,
            };
            let (at, way) = if let Some(&p) = fixed {
                (p, nearest.at(net, p))
            } else {
                let s = dice.f() * sum;
                let link = streets[reach.partition_point(|&r| r < s).min(streets.len() - 1)];
                let l = &net.links[link];
                let (a, b) = (net.nodes[l.a], net.nodes[l.b]);
                let off = match property {
                    ObservedProperty::CoverTilt => dice.range(-0.6, 0.6) * l.half_width_m,
                    _ => (l.half_width_m + dice.range(1.2, 3.0)) * if dice.chance(0.5) { 1.0 } else { -1.0 },
                };
                (
                    geom::add(geom::lerp(a, b, dice.f()), geom::mul(geom::perp(geom::unit(geom::sub(b, a))), off)),
                    Some(l.way),
                )
            };
            let (szh, sen) = way
                .map(|w| &net.ways[w].name)
                .filter(|n| !n.0.is_empty())
                .map_or(("", ""), |n| (n.0.as_str(), n.1.as_str()));
            let id = rack.next_id();
            let en_name =
                if sen.is_empty() { format!("{en} {id}") } else { format!("{sen} {} {id}", en.to_lowercase()) };
            rack.add((format!("{szh}{zh}{id}"), en_name), property, at, height_m, period_s);
        }
    }
}
