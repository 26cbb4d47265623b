//! Rings of the member ways of a multipolygon, from their segments: what lies in two ways cancels, rings that touch come
//! apart at their nodes, and a ring in an odd number of others is a hole whatever its role says.

use std::collections::{BTreeMap, BTreeSet};

use crate::import::rings::P2;

/// Nodes where rings touch are told apart by where the inside is while that takes no more looks at segments than this.
const MOST_LOOKS: usize = 100_000_000;

/// A member way.
pub(super) struct Member<'a> {
    pub way: i64,
    /// Its role says that it borders a hole.
    pub inner: bool,
    pub refs: &'a [i64],
}

/// A closed ring.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ring {
    /// Not closed; without the nodes that have no place.
    pub points: Vec<P2>,
    /// Every way of it has the role `inner`.
    pub inner: bool,
    /// A way of it.
    pub way: i64,
}

/// What the ways of a relation make.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rings {
    pub rings: Vec<Ring>,
    /// Ways that end without closing a ring.
    pub open: BTreeSet<i64>,
    /// A way of segments that lie there twice; they border nothing.
    pub doubled: Option<i64>,
}

/// A stretch between two nodes, of a member.
#[derive(Clone, Copy, Debug)]
struct Segment {
    ends: [usize; 2],
    member: usize,
}

impl Segment {
    fn other(&self, end: usize) -> usize {
        if self.ends[0] == end { self.ends[1] } else { self.ends[0] }
    }
}

/// Segments and the nodes between them.
struct Net {
    places: Vec<Option<P2>>,
    segments: Vec<Segment>,
    /// Segments at each node that are still there.
    at: Vec<Vec<usize>>,
}

/// Puts member ways together.
pub(super) fn rings(members: &[Member<'_>], place: impl Fn(i64) -> Option<P2>) -> Rings {
    let mut out = Rings::default();
    let (places, segments) = segments(members, place);
    let mut count: BTreeMap<[usize; 2], usize> = BTreeMap::new();
    segments.iter().for_each(|s| *count.entry(s.ends).or_default() += 1);
    out.doubled = segments.iter().find(|s| count[&s.ends] > 1).map(|s| members[s.member].way);
    let kept = |odd_only: bool| {
        let mut seen = BTreeSet::new();
        let wanted = |s: &&Segment| (!odd_only || count[&s.ends] % 2 == 1) && seen.insert(s.ends);
        Net::new(places.clone(), segments.iter().filter(wanted).copied().collect())
    };
    let mut net = kept(true);
    if out.doubled.is_some() && net.ends() > 0 {
        // The rings need what lies there twice: two ways that overlap by a stretch.
        let once = kept(false);
        if once.ends() < net.ends() {
            net = once;
        }
    }
    out.open.extend(net.prune().into_iter().map(|s| members[net.segments[s].member].way));
    let mates = net.mates();
    let mut used = vec![false; net.segments.len()];
    for start in 0..net.segments.len() {
        if !used[start] && net.at[net.segments[start].ends[0]].contains(&start) {
            for loops in net.walk(start, &mates, &mut used) {
                let points: Vec<P2> = loops.iter().filter_map(|s| net.places[s.0]).collect();
                let of = |s: &(usize, usize)| &members[net.segments[s.1].member];
                if points.len() >= 3 {
                    out.rings.push(Ring { points, inner: loops.iter().all(|s| of(s).inner), way: of(&loops[0]).way });
                }
            }
        }
    }
    out
}

/// Nodes, of which those at one place are one, and the stretches between them.
fn segments(members: &[Member<'_>], place: impl Fn(i64) -> Option<P2>) -> (Vec<Option<P2>>, Vec<Segment>) {
    let mut by_id: BTreeMap<i64, usize> = BTreeMap::new();
    let mut by_place: BTreeMap<[u64; 2], usize> = BTreeMap::new();
    let mut places: Vec<Option<P2>> = Vec::new();
    let mut segments = Vec::new();
    for (member, way) in members.iter().enumerate() {
        let mut last = None;
        for &id in way.refs {
            let node = *by_id.entry(id).or_insert_with(|| {
                let own = place(id);
                let mut new = || {
                    places.push(own);
                    places.len() - 1
                };
                match own {
                    Some(p) => *by_place.entry(p.map(f64::to_bits)).or_insert_with(new),
                    None => new(),
                }
            });
            if let Some(from) = last.replace(node).filter(|from| *from != node) {
                segments.push(Segment { ends: [node.min(from), node.max(from)], member });
            }
        }
    }
    (places, segments)
}

impl Net {
    fn new(places: Vec<Option<P2>>, segments: Vec<Segment>) -> Self {
        let mut at = vec![Vec::new(); places.len()];
        for (s, segment) in segments.iter().enumerate() {
            segment.ends.iter().for_each(|&end| at[end].push(s));
        }
        Self { places, segments, at }
    }

    /// Nodes where an odd number of segments meet.
    fn ends(&self) -> usize {
        self.at.iter().filter(|at| at.len() % 2 == 1).count()
    }

    fn remove(&mut self, segment: usize) {
        for end in self.segments[segment].ends {
            self.at[end].retain(|s| *s != segment);
        }
    }

    /// Takes out what closes no ring; an even number of segments meets everywhere afterwards.
    fn prune(&mut self) -> Vec<usize> {
        let mut gone = Vec::new();
        // Loose ends first: what is left at a fork then is a ring with a stretch too many across it.
        for degree in [1, 3] {
            let mut open: Vec<usize> = (0..self.at.len()).collect();
            while let Some(mut node) = open.pop() {
                while self.at[node].len() % 2 == 1 && (degree == 3 || self.at[node].len() == 1) {
                    let segment = self.at[node][self.at[node].len() - 1];
                    self.remove(segment);
                    gone.push(segment);
                    open.push(node);
                    node = self.segments[segment].other(node);
                }
            }
        }
        gone
    }

    /// At nodes where more than two segments meet: which two of them border the same corner of the inside.
    fn mates(&self) -> BTreeMap<(usize, usize), usize> {
        let mut mates = BTreeMap::new();
        let touching: Vec<usize> = (0..self.at.len()).filter(|&n| self.at[n].len() > 2).collect();
        let can_look = touching.len().saturating_mul(self.segments.len()) <= MOST_LOOKS;
        for &node in &touching {
            let Some(here) = self.places[node] else { continue };
            let way = |s: usize| {
                let there = self.places[self.segments[s].other(node)].unwrap_or(here);
                [there[0] - here[0], there[1] - here[1]]
            };
            let mut around: Vec<(f64, usize)> =
                self.at[node].iter().map(|&s| (way(s)[1].atan2(way(s)[0]), s)).collect();
            around.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // Inside and outside alternate around the node.
            let middle = (around[0].0 + around[1].0) / 2.0;
            let short = around.iter().map(|(_, s)| way(*s)[0].hypot(way(*s)[1])).fold(f64::MAX, f64::min) * 1e-3;
            let probe = [here[0] + middle.cos() * short, here[1] + middle.sin() * short];
            let first = usize::from(can_look && !self.is_inside(probe));
            for pair in 0..around.len() / 2 {
                let (a, b) = (around[first + 2 * pair].1, around[(first + 2 * pair + 1) % around.len()].1);
                mates.insert((node, a), b);
                mates.insert((node, b), a);
            }
        }
        mates
    }

    /// Even-odd test over all that is left.
    fn is_inside(&self, p: P2) -> bool {
        let mut inside = false;
        for (n, at) in self.at.iter().enumerate() {
            for segment in at.iter().map(|s| &self.segments[*s]).filter(|s| s.ends[0] == n) {
                let (Some(a), Some(b)) = (self.places[segment.ends[0]], self.places[segment.ends[1]]) else { continue };
                if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
                    inside = !inside;
                }
            }
        }
        inside
    }

    /// The closed walk along a segment as loops that meet no node twice: of each corner its node and the segment after it.
    fn walk(
        &self,
        start: usize,
        mates: &BTreeMap<(usize, usize), usize>,
        used: &mut [bool],
    ) -> Vec<Vec<(usize, usize)>> {
        let mut loops = Vec::new();
        let mut path: Vec<(usize, usize)> = Vec::new();
        let mut at_path: BTreeMap<usize, usize> = BTreeMap::new();
        let (mut node, mut segment) = (self.segments[start].ends[0], start);
        loop {
            if let Some(from) = at_path.get(&node).copied() {
                let closed = path.split_off(from);
                closed.iter().for_each(|(n, _)| {
                    at_path.remove(n);
                });
                loops.push(closed);
            }
            if used[segment] {
                return loops;
            }
            used[segment] = true;
            at_path.insert(node, path.len());
            path.push((node, segment));
            node = self.segments[segment].other(node);
            let other = || self.at[node].iter().copied().find(|s| *s != segment);
            match mates.get(&(node, segment)).copied().or_else(other) {
                Some(next) => segment = next,
                None => return loops,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::rings::{nest, signed_area};

    /// Nodes on a grid: `xy` lies at (x, y); 1xx is at the same place as xx, 99 is not in the file.
    fn place(id: i64) -> Option<P2> {
        (id != 99).then(|| [((id % 100) / 10) as f64, (id % 10) as f64])
    }

    /// Areas of the polygons and their holes, and the rest.
    fn made(ways: &[&[i64]]) -> (Vec<(f64, usize)>, Rings) {
        let members: Vec<Member<'_>> =
            ways.iter().enumerate().map(|(n, refs)| Member { way: n as i64, inner: false, refs }).collect();
        let rings = rings(&members, place);
        let areas = nest(rings.rings.iter().map(|r| r.points.clone()).collect());
        let mut areas: Vec<_> = areas.iter().map(|a| (signed_area(&a.ring), a.holes.len())).collect();
        areas.sort_by(|a, b| a.0.total_cmp(&b.0));
        (areas, rings)
    }

    #[test]
    fn ways_close_to_rings_in_any_order_and_direction() {
        assert_eq!(made(&[&[11, 14], &[41, 11], &[14, 44, 41]]).0, [(9.0, 0)]);
        // Nodes of their own at one place, and one that a clipped extract lacks.
        assert_eq!(made(&[&[11, 14, 144], &[44, 41, 111]]).0, [(9.0, 0)]);
        assert_eq!(made(&[&[11, 14, 99], &[99, 44, 41, 11]]).0, [(9.0, 0)]);
        let (areas, rings) = made(&[&[11, 14, 44], &[44, 41], &[61, 64, 84, 81, 61]]);
        assert_eq!((areas, rings.open), (vec![(6.0, 0)], [0, 1].into()));
    }

    #[test]
    fn what_two_ways_share_borders_nothing() {
        // Two squares side by side are one; the same way twice is none; a shared stretch closes all the same.
        assert_eq!(made(&[&[11, 14, 44, 41, 11], &[41, 44, 74, 71, 41]]).0, [(18.0, 0)]);
        assert_eq!(made(&[&[11, 14, 44, 41, 11], &[11, 14, 44, 41, 11]]).0, []);
        let (areas, rings) = made(&[&[11, 14, 44], &[14, 44, 41, 11]]);
        assert_eq!((areas, rings.doubled, rings.open.len()), (vec![(9.0, 0)], Some(0), 0));
        // A courtyard that one way draws by going there and back.
        assert_eq!(made(&[&[11, 22, 23, 33, 32, 22, 11, 14, 44, 41, 11]]).0, [(9.0, 1)]);
    }

    #[test]
    fn rings_that_touch_come_apart() {
        // In one node, drawn as one way; in two nodes.
        assert_eq!(made(&[&[11, 14, 44, 77, 74, 44, 41, 11]]).0.len(), 2);
        let (areas, _) = made(&[&[11, 13, 22, 33, 31, 11], &[13, 15, 35, 33, 22, 13]]);
        assert_eq!(areas, [(6.0 + 2.0, 0)], "they share two sides: {areas:?}");
        // Two that touch in two nodes, drawn as what lies around both and what lies between them.
        assert_eq!(made(&[&[11, 17, 47, 77, 71, 41, 11], &[47, 24, 41, 64, 47]]).0, [(12.0, 0), (12.0, 0)]);
        // Holes that touch each other, and an island in a hole.
        let hole = made(&[&[11, 18, 88, 81, 11], &[22, 24, 44, 42, 22], &[44, 46, 66, 64, 44]]).0;
        assert_eq!(hole, [(49.0, 2)]);
        let island = made(&[&[11, 18, 88, 81, 11], &[22, 27, 77, 72, 22], &[33, 36, 66, 63, 33]]).0;
        assert_eq!(island, [(9.0, 0), (49.0, 1)]);
    }

    #[test]
    fn a_stretch_across_a_ring_is_left_out() {
        let (areas, rings) = made(&[&[11, 14, 44, 41, 11], &[14, 41], &[11, 33]]);
        assert_eq!((areas, rings.open), (vec![(9.0, 0)], [1, 2].into()));
        assert_eq!(made(&[]).0, []);
        assert_eq!(made(&[&[11], &[11, 11], &[11, 14, 11]]).0, []);
    }
}
