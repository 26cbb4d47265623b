//! Which street something stands on.

use std::collections::BTreeMap;

use crate::demo::{
    geom::{self, P},
    network::Network,
};

/// Which way is nearest, by a coarse raster.
pub struct NearestWay {
    raster: BTreeMap<(i64, i64), Vec<usize>>,
}

impl NearestWay {
    pub fn new(net: &Network, links: &[usize]) -> Self {
        let mut raster: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        for &k in links {
            let l = &net.links[k];
            let steps = (net.length(k) / 40.0).ceil() as usize;
            for i in 0..=steps {
                let p = geom::lerp(net.nodes[l.a], net.nodes[l.b], i as f64 / steps.max(1) as f64);
                let list = raster.entry(((p[0] / 60.0) as i64, (p[1] / 60.0) as i64)).or_default();
                if list.last() != Some(&k) {
                    list.push(k);
                }
            }
        }
        Self { raster }
    }
    /// The way nearest to a place, if there is one within a cell or so.
    pub fn at(&self, net: &Network, p: P) -> Option<usize> {
        let (x, y) = ((p[0] / 60.0) as i64, (p[1] / 60.0) as i64);
        (-1..=1)
            .flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy)))
            .filter_map(|k| self.raster.get(&k))
            .flatten()
            .map(|&k| (geom::to_segment(p, net.nodes[net.links[k].a], net.nodes[net.links[k].b]).0, net.links[k].way))
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, w)| w)
    }
}
