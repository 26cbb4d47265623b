//! A rectangle of longitude and latitude: lines are clipped to it and closed along it.

use crate::import::rings::P2;

/// Along the edge: 0 at the north-west corner, 1 north-east, 2 south-east, 3 south-west: clockwise, the inside to the right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Border {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl Border {
    /// Of west, south, east, north; `None` when they enclose nothing.
    pub fn new([west, south, east, north]: [f64; 4]) -> Option<Self> {
        (east > west && north > south).then_some(Self { west, south, east, north })
    }

    /// All of it, counter-clockwise.
    pub fn ring(&self) -> Vec<P2> {
        (0..4).rev().map(|n| self.corner(n)).collect()
    }

    fn corner(&self, n: usize) -> P2 {
        match n % 4 {
            0 => [self.west, self.north],
            1 => [self.east, self.north],
            2 => [self.east, self.south],
            _ => [self.west, self.south],
        }
    }

    /// The shorter of its sides.
    pub fn narrow(&self) -> f64 {
        (self.east - self.west).min(self.north - self.south)
    }

    /// From a point inside to the nearest edge; 0 on it.
    pub fn distance(&self, p: P2) -> f64 {
        self.edges(p).into_iter().fold(f64::MAX, f64::min).max(0.0)
    }

    /// To the northern, eastern, southern and western edge.
    fn edges(&self, p: P2) -> [f64; 4] {
        [self.north - p[1], self.east - p[0], p[1] - self.south, p[0] - self.west]
    }

    fn edge(&self, p: P2) -> usize {
        let edges = self.edges(p);
        (0..4).min_by(|&a, &b| edges[a].abs().total_cmp(&edges[b].abs())).unwrap_or(0)
    }

    /// The point of the edge that is nearest to one inside.
    pub fn nearest(&self, p: P2) -> P2 {
        match self.edge(p) {
            0 => [p[0], self.north],
            1 => [self.east, p[1]],
            2 => [p[0], self.south],
            _ => [self.west, p[1]],
        }
    }

    /// How far along the edge a point of it lies.
    pub fn along(&self, p: P2) -> f64 {
        let (x, y) = ((p[0] - self.west) / (self.east - self.west), (p[1] - self.south) / (self.north - self.south));
        match self.edge(p) {
            0 => x,
            1 => 2.0 - y,
            2 => 3.0 - x,
            _ => 3.0 + y,
        }
    }

    /// Adds the corners that are passed on a way along the edge.
    pub fn corners(&self, from: f64, way: f64, into: &mut Vec<P2>) {
        let mut next = from.floor() as usize + 1;
        while (next as f64) < from + way {
            into.push(self.corner(next));
            next += 1;
        }
    }

    fn holds(&self, p: P2) -> bool {
        self.edges(p).iter().all(|d| *d >= 0.0)
    }

    /// The share of a stretch that lies inside: where it begins and ends, 0 to 1.
    fn inside(&self, a: P2, b: P2) -> Option<(f64, f64)> {
        let (mut from, mut to) = (0.0_f64, 1.0_f64);
        for (start, end) in self.edges(a).into_iter().zip(self.edges(b)) {
            match (start < 0.0, end < 0.0) {
                (true, true) => return None,
                (true, false) => from = from.max(start / (start - end)),
                (false, true) => to = to.min(start / (start - end)),
                (false, false) => {}
            }
        }
        (from < to).then_some((from, to))
    }

    /// The parts of a line that lie inside; a closed line that leaves is cut where it leaves, not where it begins.
    pub fn clip(&self, line: &[P2]) -> Vec<Vec<P2>> {
        let mut line = line.to_vec();
        if line.first() == line.last()
            && let Some(outside) = line.iter().position(|p| !self.holds(*p))
        {
            line.pop();
            line.rotate_left(outside);
            line.push(line[0]);
        }
        let mut parts: Vec<Vec<P2>> = Vec::new();
        let mut going = false;
        for pair in line.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let Some((from, to)) = self.inside(a, b) else {
                going = false;
                continue;
            };
            let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
            if !going || from > 0.0 {
                parts.push(vec![if from > 0.0 { self.nearest(at(from)) } else { a }]);
            }
            if let Some(part) = parts.last_mut() {
                part.push(if to < 1.0 { self.nearest(at(to)) } else { b });
            }
            going = to >= 1.0;
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_clipped_and_the_edge_is_walked_clockwise() {
        let border = Border::new([0.0, 0.0, 10.0, 20.0]).unwrap();
        assert!(Border::new([0.0, 0.0, 0.0, 1.0]).is_none());
        let clipped = border.clip(&[[-5.0, 10.0], [5.0, 10.0], [15.0, 10.0], [15.0, 5.0], [5.0, 5.0]]);
        assert_eq!(clipped, [vec![[0.0, 10.0], [5.0, 10.0], [10.0, 10.0]], vec![[10.0, 5.0], [5.0, 5.0]]]);
        assert_eq!(border.clip(&[[-5.0, 10.0], [15.0, 12.0]]), [[[0.0, 10.5], [10.0, 11.5]]]);
        assert!(border.clip(&[[-5.0, 30.0], [15.0, 25.0]]).is_empty());
        let ring = border.clip(&[[5.0, 5.0], [15.0, 5.0], [15.0, 8.0], [5.0, 8.0], [5.0, 5.0]]);
        assert_eq!(ring, [[[10.0, 8.0], [5.0, 8.0], [5.0, 5.0], [10.0, 5.0]]]);
        assert_eq!((border.along([5.0, 20.0]), border.along([10.0, 5.0]), border.along([0.0, 5.0])), (0.5, 1.75, 3.25));
        assert_eq!((border.distance([2.0, 10.0]), border.nearest([2.0, 10.0])), (2.0, [0.0, 10.0]));
        let mut passed = Vec::new();
        border.corners(3.5, 1.75, &mut passed);
        assert_eq!(passed, [[0.0, 20.0], [10.0, 20.0]]);
        assert_eq!(border.ring(), [[0.0, 0.0], [10.0, 0.0], [10.0, 20.0], [0.0, 20.0]]);
    }
}
