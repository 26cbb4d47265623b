//! Where labels go: importance first, no two on the same place, steady while the camera moves. Pure geometry.

use std::collections::HashMap;

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// A box that may be turned, points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Obb {
    /// Middle.
    pub centre: Pos2,
    /// Half of its sides.
    pub half: Vec2,
    /// Turn, radians clockwise on the screen.
    pub angle: f32,
}

impl Obb {
    /// A level box.
    #[must_use]
    pub fn level(rect: Rect) -> Self {
        Self { centre: rect.center(), half: rect.size() * 0.5, angle: 0.0 }
    }

    /// The same with a margin.
    #[must_use]
    pub fn grown(self, by: f32) -> Self {
        Self { half: self.half + Vec2::splat(by), ..self }
    }

    fn axes(&self) -> [Vec2; 2] {
        let (sin, cos) = self.angle.sin_cos();
        [vec2(cos, sin), vec2(-sin, cos)]
    }

    /// Its corners.
    #[must_use]
    pub fn corners(&self) -> [Pos2; 4] {
        let [x, y] = self.axes();
        let (x, y) = (x * self.half.x, y * self.half.y);
        [self.centre - x - y, self.centre + x - y, self.centre + x + y, self.centre - x + y]
    }

    /// The level box around it.
    #[must_use]
    pub fn bounds(&self) -> Rect {
        let [x, y] = self.axes();
        let half = vec2(
            (x.x * self.half.x).abs() + (y.x * self.half.y).abs(),
            (x.y * self.half.x).abs() + (y.y * self.half.y).abs(),
        );
        Rect::from_center_size(self.centre, half * 2.0)
    }

    /// True when a point lies in it.
    #[must_use]
    pub fn holds(&self, p: Pos2) -> bool {
        let d = p - self.centre;
        let [x, y] = self.axes();
        d.dot(x).abs() <= self.half.x && d.dot(y).abs() <= self.half.y
    }

    /// True when two boxes share a place (separating axes).
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let d = other.centre - self.centre;
        let reach = |b: &Self, axis: Vec2| {
            let [x, y] = b.axes();
            (x.dot(axis) * b.half.x).abs() + (y.dot(axis) * b.half.y).abs()
        };
        // Far boxes are most boxes.
        if d.length_sq() > (self.half.length() + other.half.length()).powi(2) {
            return false;
        }
        self.axes()
            .into_iter()
            .chain(other.axes())
            .all(|axis| d.dot(axis).abs() < reach(self, axis) + reach(other, axis))
    }
}

/// A label that would like a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Want {
    /// The same thing has the same key in every frame.
    pub key: u64,
    /// Larger is placed first.
    pub rank: f32,
    /// Places it may have, the best first.
    pub spots: Vec<Obb>,
}

/// A label with a place: number of the want and of its spot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// Number of the want.
    pub want: usize,
    /// Number of the spot.
    pub spot: usize,
    /// The place.
    pub at: Obb,
}

/// A label that is shown counts this much more than one that is not: it does not give way to its equal.
pub const STAYS: f32 = 0.4;
/// A new label needs this much room around it, points; one that is shown needs none.
pub const CLEAR: f32 = 5.0;

/// Labels of at least this rank may cover soft boxes: words that need a person over a mark that repeats.
pub const OVER_SOFT: f32 = 15.0;

/// Places labels frame after frame.
#[derive(Clone, Debug, Default)]
pub struct Placer {
    shown: HashMap<u64, usize>,
}

impl Placer {
    /// True when a label was placed the last time.
    #[must_use]
    pub fn shows(&self, key: u64) -> bool {
        self.shown.contains_key(&key)
    }

    /// Places at most `most` labels within `map`, off the `blocked` boxes and off the `soft` ones; those from [`OVER_SOFT`]
    /// on lie over a soft one rather than nowhere. No two of the result meet.
    pub fn place(&mut self, wants: &[Want], blocked: &[Rect], soft: &[Rect], map: Rect, most: usize) -> Vec<Placed> {
        let worth = |w: &Want| w.rank + if self.shows(w.key) { STAYS } else { 0.0 };
        let mut order: Vec<usize> = (0..wants.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&wants[*a], &wants[*b]);
            worth(b).total_cmp(&worth(a)).then(a.key.cmp(&b.key))
        });
        let mut taken: Vec<Obb> = blocked.iter().map(|r| Obb::level(*r)).collect();
        let soft: Vec<Obb> = soft.iter().map(|r| Obb::level(*r)).collect();
        let mut placed = Vec::new();
        for i in order {
            if placed.len() >= most {
                break;
            }
            let want = &wants[i];
            let before = self.shown.get(&want.key).copied();
            let over = want.rank >= OVER_SOFT;
            let free = |spot: &Obb, room: f32, over: bool| {
                let grown = spot.grown(room);
                map.contains_rect(spot.bounds())
                    && !taken.iter().any(|t| t.meets(&grown))
                    && (over || !soft.iter().any(|t| t.meets(spot)))
            };
            // First where it was, or elsewhere off the soft boxes; then over as few of them as can be.
            let stay = |over: bool| before.filter(|k| want.spots.get(*k).is_some_and(|s| free(s, 0.0, over)));
            let covers = |spot: &Obb| soft.iter().filter(|t| t.meets(spot)).count();
            let least = || {
                let spots = want.spots.iter().enumerate().filter(|(_, s)| free(s, CLEAR, true));
                spots.min_by_key(|(_, s)| covers(s)).map(|(k, _)| k)
            };
            let spot = stay(false)
                .or_else(|| want.spots.iter().position(|s| free(s, CLEAR, false)))
                .or_else(|| if over { stay(true).or_else(least) } else { None });
            if let Some(spot) = spot {
                let at = want.spots[spot];
                taken.push(at);
                placed.push(Placed { want: i, spot, at });
            }
        }
        self.shown = placed.iter().map(|p| (wants[p.want].key, p.spot)).collect();
        placed
    }
}

/// Spots of a level box of this size around a point, `gap` off it: right, left, above, below, then the corners, then the
/// same further out.
#[must_use]
pub fn around(at: Pos2, size: Vec2, gap: f32) -> Vec<Obb> {
    let mut spots = Vec::with_capacity(32);
    for gap in [gap, gap * 2.0, gap * 3.0, gap * 4.2] {
        let (dx, dy) = (gap + size.x * 0.5, gap + size.y * 0.5);
        for (x, y) in [(dx, 0.0), (-dx, 0.0), (0.0, -dy), (0.0, dy), (dx, -dy), (-dx, -dy), (dx, dy), (-dx, dy)] {
            spots.push(Obb::level(Rect::from_center_size(pos2(at.x + x, at.y + y), size)));
        }
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers spread over a range without a pattern (Weyl sequence).
    fn spread(i: u32) -> f32 {
        (f64::from(i) * 0.754_877_666_246_69).fract() as f32
    }

    fn map() -> Rect {
        Rect::from_min_max(pos2(400.0, 70.0), pos2(1520.0, 1000.0))
    }

    fn wants(seed: u32, n: u32, drift: f32) -> Vec<Want> {
        (0..n)
            .map(|i| {
                let u = |k: u32| spread(seed.wrapping_mul(7919).wrapping_add(i * 31 + k));
                let at = pos2(300.0 + 1300.0 * u(1) + drift, 1080.0 * u(2) + drift * 0.5);
                let size = vec2(30.0 + 140.0 * u(3), 14.0 + 24.0 * u(4));
                let spots = if u(5) < 0.4 {
                    vec![Obb { centre: at, half: size * 0.5, angle: (u(6) - 0.5) * 3.0 }]
                } else {
                    around(at, size, 20.0)
                };
                Want { key: u64::from(i), rank: (u(7) * 10.0).floor(), spots }
            })
            .collect()
    }

    fn blocked(seed: u32) -> Vec<Rect> {
        (0..6)
            .map(|i| {
                let u = |k: u32| spread(seed * 131 + i * 17 + k);
                Rect::from_min_size(pos2(400.0 + 900.0 * u(1), 100.0 + 700.0 * u(2)), vec2(44.0 + 200.0 * u(3), 44.0))
            })
            .collect()
    }

    /// Sampled, so that the test does not repeat the code it tests.
    fn share_a_place(a: &Obb, b: &Obb) -> bool {
        (0..=8).any(|i| {
            (0..=8).any(|j| {
                let [o, x, _, y] = a.grown(-0.5).corners();
                let (u, v) = (i as f32 / 8.0, j as f32 / 8.0);
                b.grown(-0.5).holds(o + (x - o) * u + (y - o) * v)
            })
        })
    }

    #[test]
    fn no_two_labels_meet_and_none_crosses_a_panel() {
        for seed in 0..60 {
            let mut placer = Placer::default();
            let blocked = blocked(seed);
            for frame in 0..4 {
                let all = wants(seed, 180, frame as f32 * 3.0);
                let placed = placer.place(&all, &blocked, &[], map(), 60);
                assert!(placed.len() > 15 && placed.len() <= 60, "{}", placed.len());
                for (i, a) in placed.iter().enumerate() {
                    let inside = a.at.corners().iter().all(|c| map().expand(0.01).contains(*c));
                    assert!(inside, "seed {seed}: {a:?} leaves the map");
                    for b in &placed[i + 1..] {
                        assert!(
                            !share_a_place(&a.at, &b.at) && !share_a_place(&b.at, &a.at),
                            "seed {seed}: {a:?} {b:?}"
                        );
                    }
                    for r in &blocked {
                        assert!(!share_a_place(&a.at, &Obb::level(*r)), "seed {seed}: {a:?} lies on {r:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn boxes_meet_exactly_when_they_share_a_place() {
        let mut met = 0;
        for i in 0..4000 {
            let u = |k: u32| spread(i * 13 + k);
            let obb = |k: u32| Obb {
                centre: pos2(u(k) * 200.0, u(k + 1) * 200.0),
                half: vec2(5.0 + u(k + 2) * 60.0, 4.0 + u(k + 3) * 20.0),
                angle: u(k + 4) * 6.0,
            };
            let (a, b) = (obb(1), obb(6));
            if share_a_place(&a, &b) || share_a_place(&b, &a) {
                met += 1;
                assert!(a.meets(&b) && b.meets(&a), "{a:?} {b:?}");
            }
            assert_eq!(a.meets(&b), b.meets(&a));
        }
        assert!(met > 100, "{met}");
    }

    #[test]
    fn the_important_goes_first() {
        let spot = |x: f32| Obb::level(Rect::from_center_size(pos2(700.0 + x, 500.0), vec2(80.0, 20.0)));
        let want = |key, rank, x| Want { key, rank, spots: vec![spot(x)] };
        let mut placer = Placer::default();
        let placed = placer.place(&[want(1, 1.0, 0.0), want(2, 5.0, 10.0), want(3, 2.0, 20.0)], &[], &[], map(), 10);
        assert_eq!(placed.len(), 1);
        assert_eq!(placed[0].want, 1);
        // A soft box holds back a name, not what needs a person.
        let soft = [Rect::from_center_size(pos2(700.0, 500.0), vec2(10.0, 10.0))];
        let placed = Placer::default().place(&[want(1, 1.0, 0.0)], &[], &soft, map(), 10);
        assert!(placed.is_empty());
        assert_eq!(Placer::default().place(&[want(1, 20.0, 0.0)], &[], &soft, map(), 10).len(), 1);
        // Where it must lie on some, it lies on as few as can be.
        let crowd: Vec<Rect> =
            [700.0, 720.0, 820.0].map(|x| Rect::from_center_size(pos2(x, 500.0), vec2(10.0, 10.0))).into();
        let two = Want { spots: vec![spot(0.0), spot(120.0)], ..want(1, 20.0, 0.0) };
        assert_eq!(Placer::default().place(&[two], &[], &crowd, map(), 10)[0].spot, 1);
        // Where there is another place, it leaves the soft box free, also where it was before the box came.
        let mut early = Placer::default();
        let two = Want { spots: vec![spot(0.0), spot(120.0)], ..want(1, 20.0, 0.0) };
        assert_eq!(early.place(&[two.clone()], &[], &[], map(), 10)[0].spot, 0);
        assert_eq!(early.place(&[two], &[], &soft, map(), 10)[0].spot, 1);
        let two = Want { spots: vec![spot(0.0), spot(120.0)], ..want(1, 20.0, 0.0) };
        assert_eq!(Placer::default().place(&[two], &[], &soft, map(), 10)[0].spot, 1);
    }

    #[test]
    fn labels_do_not_flicker_while_the_camera_moves() {
        let mut placer = Placer::default();
        // Two equals whose order changes by a hair in every frame: the one that is shown stays.
        let spot = |x: f32| Obb::level(Rect::from_center_size(pos2(700.0 + x, 500.0), vec2(80.0, 20.0)));
        let mut first = None;
        for frame in 0..50 {
            let hair = if frame % 2 == 0 { 0.1 } else { -0.1 };
            let all = [
                Want { key: 1, rank: 3.0 + hair, spots: vec![spot(frame as f32)] },
                Want { key: 2, rank: 3.0 - hair, spots: vec![spot(frame as f32 + 8.0)] },
            ];
            let placed = placer.place(&all, &[], &[], map(), 10);
            assert_eq!(placed.len(), 1);
            assert_eq!(*first.get_or_insert(placed[0].want), placed[0].want, "changed in frame {frame}");
        }
        // A crowd that drifts slowly: in a frame very few come or go, and none comes back after one frame.
        let mut placer = Placer::default();
        let mut history: Vec<std::collections::HashSet<u64>> = Vec::new();
        for frame in 0..120 {
            let all = wants(5, 150, frame as f32 * 0.5);
            let placed = placer.place(&all, &[], &[], map(), 60);
            history.push(placed.iter().map(|p| all[p.want].key).collect());
        }
        let changes: usize = history.windows(2).map(|w| w[0].symmetric_difference(&w[1]).count()).sum();
        let blinks: usize =
            history.windows(3).map(|w| w[0].intersection(&w[2]).filter(|k| !w[1].contains(k)).count()).sum();
        assert!(changes < 120, "{changes} changes in 120 frames");
        assert!(blinks <= 2, "{blinks} labels blinked");
    }
}
