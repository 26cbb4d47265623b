//! The connected main part of a road network.

use guanlan_city::model::RoadClass;

use super::{HalfEdge, RoadGraph};

impl RoadGraph {
    /// True for each edge of the largest part of the network in which a car gets from everywhere to everywhere. Real
    /// extracts have loose ends: yards cut off at the border, one-ways that lead out of the map.
    pub(super) fn main_part(&self) -> Vec<bool> {
        let drives = |half: &HalfEdge| {
            let edge = &self.edges[half.edge as usize];
            edge.class != RoadClass::Foot && (half.forward || !edge.one_way)
        };
        // Kosaraju: finish order along the roads, then parts against them.
        let n = self.junctions();
        let (mut order, mut seen) = (Vec::with_capacity(n), vec![false; n]);
        for root in 0..n as u32 {
            if std::mem::replace(&mut seen[root as usize], true) {
                continue;
            }
            let mut stack = vec![(root, 0usize)];
            while let Some((junction, at)) = stack.last_mut() {
                let Some(half) = self.leaving(*junction).get(*at) else {
                    order.push(*junction);
                    stack.pop();
                    continue;
                };
                *at += 1;
                if drives(half) && !std::mem::replace(&mut seen[half.other as usize], true) {
                    stack.push((half.other, 0));
                }
            }
        }
        let (mut part, mut sizes) = (vec![u32::MAX; n], Vec::new());
        for &root in order.iter().rev() {
            if part[root as usize] != u32::MAX {
                continue;
            }
            let number = sizes.len() as u32;
            let (mut stack, mut size) = (vec![root], 0usize);
            part[root as usize] = number;
            while let Some(junction) = stack.pop() {
                size += 1;
                for half in self.arriving(junction) {
                    if drives(half) && part[half.other as usize] == u32::MAX {
                        part[half.other as usize] = number;
                        stack.push(half.other);
                    }
                }
            }
            sizes.push(size);
        }
        let largest =
            sizes.iter().enumerate().max_by_key(|(i, size)| (**size, std::cmp::Reverse(*i))).map(|(i, _)| i as u32);
        self.edges
            .iter()
            .map(|e| {
                e.class != RoadClass::Foot
                    && Some(part[e.from as usize]) == largest
                    && part[e.to as usize] == part[e.from as usize]
            })
            .collect()
    }
}
