//! Along the kerbs: the distance walked on each street decides what stands there.

use std::collections::BTreeMap;

use super::{Site, shop::Shop, sorts::*};
use crate::demo::{
    geom::{self, P},
    mask::CARRIAGE,
    network::{Class, Link},
    streets::Kind,
};

/// One stretch of a street.
struct Kerb<'a, 'b> {
    site: &'a Site<'a>,
    shop: &'a mut Shop<'b>,
    link: &'a Link,
    a: P,
    b: P,
    /// Distance walked on the street before it, and its length, m.
    start: f64,
    long: f64,
}

impl Kerb<'_, '_> {
    /// Puts something every so many metres, `off` m from the carriageway's edge: on both sides, or on alternate ones.
    fn run(&mut self, every: f64, phase: f64, off: f64, sort: &Sort, both: bool) {
        let side = geom::perp(geom::unit(geom::sub(self.b, self.a)));
        let first = ((self.start - phase) / every).ceil() as i64;
        let last = ((self.start + self.long - phase) / every).ceil() as i64;
        for n in first..last {
            let t = (n as f64 * every + phase - self.start) / self.long;
            let sides: &[f64] = if both {
                &[1.0, -1.0]
            } else if n % 2 == 0 {
                &[1.0]
            } else {
                &[-1.0]
            };
            for s in sides {
                let at = geom::add(geom::lerp(self.a, self.b, t), geom::mul(side, s * (self.link.half_width_m + off)));
                // A thing at the kerb must not stand in a crossing road.
                if (self.site.dry(at) || self.link.bridge) && (off < 0.0 || self.site.mask.at(at) & CARRIAGE == 0) {
                    self.shop.put(sort, at);
                }
            }
        }
    }
}

/// Furnishes every street.
pub fn along(site: &Site<'_>, shop: &mut Shop<'_>) {
    let net = site.net;
    let mut walked: BTreeMap<usize, f64> = BTreeMap::new();
    for (k, l) in net.links.iter().enumerate() {
        let Class::Street(kind) = l.class else { continue };
        let (a, b) = (net.nodes[l.a], net.nodes[l.b]);
        let long = net.length(k);
        let start = *walked.entry(l.way).or_default();
        walked.insert(l.way, start + long);
        let mut kerb = Kerb { site, shop, link: l, a, b, start, long };
        let mut run = |every, phase, off, sort, both| kerb.run(every, phase, off, sort, both);
        let major = kind <= Kind::Secondary;
        if l.underpass.is_some() {
            run(20.0, 3.0, -0.4, &GRATE, true);
            continue;
        }
        match kind {
            Kind::Primary | Kind::Secondary => run(34.0, 5.0, 1.2, &LAMP, true),
            Kind::Tertiary => run(32.0, 5.0, 1.0, &LAMP, false),
            Kind::Residential => run(44.0, 5.0, 0.8, &LAMP, false),
            _ => run(60.0, 5.0, 0.5, &LAMP, false),
        }
        if l.bridge {
            continue;
        }
        run(if major { 46.0 } else { 62.0 }, 9.0, -0.4, &GRATE, major);
        if kind != Kind::Service {
            run(130.0, 17.0, 1.6, &HYDRANT, false);
            run(if major { 85.0 } else { 140.0 }, 26.0, 2.0, &BIN, false);
        }
        if major || kind == Kind::Tertiary {
            run(58.0, 20.0, 2.4, &TREE, true);
            run(260.0, 70.0, 2.6, &BENCH, false);
            run(240.0, 110.0, 2.2, &TRANSFORMER, false);
        }
        if major {
            run(430.0, 150.0, 2.0, &BUS_STOP, true);
            run(380.0, 60.0, 2.2, &MAST, false);
            run(900.0, 300.0, 3.5, &TOILET, false);
            run(520.0, 210.0, 3.0, &CHARGER, false);
        }
    }
}
