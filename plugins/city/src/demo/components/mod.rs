//! Components of public facilities (部件): covers over the drains, what stands along the kerbs and at junctions.

mod kerbs;
mod shop;
mod sorts;

use super::{
    drainage::{Drains, NodeKind},
    geom::{self, P},
    mask::{BUILT, Mask, WATER},
    network::Network,
    people::Org,
    plan::Plan,
};
use shop::Shop;
use sorts::*;

/// A component as it is written.
pub struct Part {
    pub code: String,
    pub class: String,
    pub class_2013: String,
    pub name: (&'static str, &'static str),
    pub at: P,
    /// Where it faces, degrees clockwise from north, to a tenth.
    pub heading_deg: Option<f64>,
    pub state: &'static str,
    pub org: String,
}

/// Where things may stand.
struct Site<'a> {
    net: &'a Network,
    mask: &'a Mask,
    /// Side of the map, m.
    size: f64,
}

impl Site<'_> {
    /// Inside the map, neither in water nor in a building.
    fn dry(&self, p: P) -> bool {
        (4.0..self.size - 4.0).contains(&p[0])
            && (4.0..self.size - 4.0).contains(&p[1])
            && self.mask.at(p) & (WATER | BUILT) == 0
    }
}

/// Places the components.
pub fn place(plan: &Plan, net: &Network, drains: &Drains, mask: &Mask, orgs: &[Org]) -> Vec<Part> {
    let site = Site { net, mask, size: plan.size };
    let mut shop = Shop::new(plan, orgs);
    over_drains(drains, &mut shop);
    kerbs::along(&site, &mut shop);
    at_junctions(&site, &mut shop);
    shop.out
}

/// What belongs to the storm drains, and the covers of the other pipes beside them.
fn over_drains(drains: &Drains, shop: &mut Shop<'_>) {
    for n in &drains.nodes {
        match n.kind {
            NodeKind::Manhole => shop.put(&RAIN_COVER, n.at),
            NodeKind::Outfall => shop.put(&OUTFALL, n.at),
            NodeKind::Well => shop.put(&PUMPING, n.at),
        }
    }
    for p in &drains.pipes {
        let (a, b) = (drains.nodes[p.from].at, drains.nodes[p.to].at);
        let side = geom::perp(geom::unit(geom::sub(b, a)));
        let at = |t: f64, off: f64| geom::add(geom::lerp(a, b, t), geom::mul(side, off));
        let roll = shop.dice.f();
        if p.length_m > 30.0 {
            shop.put(&FOUL_COVER, at(0.45, 1.8));
            let other = match roll {
                r if r < 0.3 => Some(&WATER_COVER),
                r if r < 0.5 => Some(&POWER_COVER),
                r if r < 0.7 => Some(&TELECOM_COVER),
                r if r < 0.82 => Some(&GAS_COVER),
                _ => None,
            };
            if let Some(sort) = other {
                shop.put(sort, at(0.7, -2.1));
            }
        }
    }
}

/// Signals and cameras, or a name sign.
fn at_junctions(site: &Site<'_>, shop: &mut Shop<'_>) {
    let net = site.net;
    for n in 0..net.nodes.len() {
        if net.signals.contains(&n) {
            for &k in &net.at[n] {
                let d = geom::unit(geom::sub(net.nodes[net.other(k, n)], net.nodes[n]));
                let half = net.links[k].half_width_m;
                let at = geom::shifted(net.nodes[n], d, [20.0, half + 1.0]);
                shop.put(&SIGNAL, at);
                // Beside the signal, over the junction.
                shop.face(&CAMERA, geom::add(at, geom::mul(d, 3.0)), Some(geom::mul(d, -1.0)));
            }
        } else if net.at[n].len() >= 3 && net.at[n].iter().any(|&k| net.links[k].half_width_m >= 7.0) {
            let reach = net.at[n].iter().map(|&k| net.links[k].half_width_m).fold(0.0, f64::max) + 1.5;
            let at = geom::add(net.nodes[n], geom::mul(geom::unit([1.0, 1.0]), reach));
            if site.dry(at) {
                shop.put(&SIGN, at);
                if shop.dice.chance(0.4) {
                    // At the corner, along the widest street.
                    let widest = net.at[n]
                        .iter()
                        .max_by(|a, b| net.links[**a].half_width_m.total_cmp(&net.links[**b].half_width_m))
                        .map(|&k| geom::unit(geom::sub(net.nodes[net.other(k, n)], net.nodes[n])));
                    shop.face(&CAMERA, geom::add(at, [1.0, 0.0]), widest);
                }
            }
        }
    }
}
