//! Where water is cut off by the end of the data, not by a shore: there it is painted on beyond the end, so that no shore
//! line runs along the edge of an extract.

use std::borrow::Cow;

use guanlan_city::City;

/// An edge of water along the end of the data is at least this long, m; natural shores are not that straight there.
const LEAST_M: f32 = 300.0;
/// Ends of such an edge are this near to the end of the data, m.
const NEAR_M: f32 = 25.0;
/// Water goes on this far, m.
const BEYOND_M: f32 = 400.0;

/// The end of a city's data: the convex hull of its lines and rings, counter-clockwise, local m.
pub struct Brink(Vec<[f32; 2]>);

fn turn(a: [f32; 2], b: [f32; 2], c: [f32; 2]) -> f64 {
    let [ax, ay, bx, by, cx, cy] = [a[0], a[1], b[0], b[1], c[0], c[1]].map(f64::from);
    (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
}

impl Brink {
    /// Of a city.
    #[must_use]
    pub fn of(city: &City) -> Self {
        let surfaces = city.surfaces.iter().flat_map(|s| &s.ring);
        let roads = city.roads.iter().flat_map(|r| &r.line);
        let houses = city.buildings.iter().flat_map(|b| b.parts.iter().flat_map(|p| &p.footprint));
        Self(hull(
            surfaces.chain(roads).chain(houses).copied().filter(|p| p[0].is_finite() && p[1].is_finite()).collect(),
        ))
    }

    /// The way out over the side of the hull that both ends of an edge lie at; none for edges that lead elsewhere.
    fn outward(&self, a: [f32; 2], b: [f32; 2]) -> Option<[f32; 2]> {
        if (b[0] - a[0]).hypot(b[1] - a[1]) < LEAST_M {
            return None;
        }
        self.0.iter().zip(self.0.iter().cycle().skip(1)).find_map(|(p, q)| {
            let (dx, dy) = (q[0] - p[0], q[1] - p[1]);
            let long = dx.hypot(dy);
            let away = |v: [f32; 2]| (turn(*p, *q, v) / f64::from(long)).abs() as f32;
            (long > 0.0 && away(a) < NEAR_M && away(b) < NEAR_M).then(|| [dy / long * BEYOND_M, -dx / long * BEYOND_M])
        })
    }

    /// A ring of water with the edges that lie at the end of the data moved beyond it.
    #[must_use]
    pub fn beyond<'a>(&self, ring: &'a [[f32; 2]]) -> Cow<'a, [[f32; 2]]> {
        let mut moved = Cow::Borrowed(ring);
        for i in 0..ring.len() {
            let next = (i + 1) % ring.len();
            if let Some(way) = self.outward(ring[i], ring[next]) {
                for corner in [i, next] {
                    // A corner of two such edges goes both ways.
                    let p = &mut moved.to_mut()[corner];
                    *p = [p[0] + way[0], p[1] + way[1]];
                }
            }
        }
        moved
    }
}

/// The convex hull of points, counter-clockwise (Andrew's monotone chain).
fn hull(mut points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then_with(|| a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return Vec::new();
    }
    let half = |points: &mut dyn Iterator<Item = [f32; 2]>| {
        let mut chain: Vec<[f32; 2]> = Vec::new();
        for p in points {
            while chain.len() > 1 && turn(chain[chain.len() - 2], chain[chain.len() - 1], p) <= 0.0 {
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut ring = half(&mut points.iter().copied());
    ring.extend(half(&mut points.iter().rev().copied()));
    ring
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::{SurfaceArea, SurfaceKind};

    fn city(ring: Vec<[f32; 2]>) -> City {
        let land = SurfaceArea {
            kind: SurfaceKind::Green,
            ring: vec![[0.0, 0.0], [2000.0, 10.0], [2000.0, 2000.0], [0.0, 1990.0]],
            ..SurfaceArea::default()
        };
        let water = SurfaceArea { kind: SurfaceKind::Water, ring, ..SurfaceArea::default() };
        City { surfaces: vec![land, water], ..City::default() }
    }

    #[test]
    fn a_sea_goes_on_beyond_the_end_of_the_data() {
        // The coast runs from south to north in the middle; the sea is east of it.
        let sea = vec![[1000.0, 5.0], [2000.0, 10.0], [2000.0, 2000.0], [1000.0, 1995.0], [900.0, 1000.0]];
        let moved = Brink::of(&city(sea.clone())).beyond(&sea).into_owned();
        assert!(moved[0][1] < -390.0 && moved[3][1] > 2390.0, "{moved:?}");
        assert!(moved[1][0] > 2390.0 && moved[1][1] < -380.0, "a corner goes both ways: {moved:?}");
        assert_eq!(moved[4], sea[4], "the coast stays");
    }

    #[test]
    fn a_lake_inside_and_a_narrow_river_mouth_stay() {
        let lake = vec![[500.0, 500.0], [1500.0, 500.0], [1500.0, 1500.0], [500.0, 1500.0]];
        assert!(matches!(Brink::of(&city(lake.clone())).beyond(&lake), Cow::Borrowed(_)));
        let river = vec![[500.0, 2.0], [600.0, 3.0], [600.0, 900.0], [500.0, 900.0]];
        assert_eq!(*Brink::of(&city(river.clone())).beyond(&river), river);
        assert!(Brink::of(&City::default()).beyond(&lake).len() == 4);
    }
}
