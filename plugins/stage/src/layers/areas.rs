//! 市→区→街道→社区→网格 as a tree, and figures for every area of it.
//!
//! The panels count once per picture revision and put the result into [`AreaFigures`]; whoever draws outlines or prisms
//! reads it: `figures[i]` belongs to `City::areas[i]`.

use std::sync::Arc;

use bevy::prelude::Resource;
use guanlan_city::City;
use guanlan_city::model::AdminLevel;
use guanlan_core::AlertLevel;

/// What one area has. Sums over its children and itself, but for the depth, which is the largest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AreaFigure {
    /// Open cases.
    pub cases: u32,
    /// Those past their deadline.
    pub overdue: u32,
    /// Active red alerts.
    pub reds: u32,
    /// Active alerts of any level.
    pub alerts: u32,
    /// Worst level of an active alert.
    pub worst: AlertLevel,
    /// Sensors.
    pub sensors: u32,
    /// Sensors that are silent.
    pub offline: u32,
    /// Sensors whose reading is old.
    pub stale: u32,
    /// Crews on duty that are there.
    pub crews: u32,
    /// Deepest water, mm.
    pub depth_mm: u16,
    /// Residents.
    pub residents: u32,
}

impl AreaFigure {
    /// Adds what another area has.
    pub fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.overdue += other.overdue;
        self.reds += other.reds;
        self.alerts += other.alerts;
        self.worst = self.worst.max(other.worst);
        self.sensors += other.sensors;
        self.offline += other.offline;
        self.stale += other.stale;
        self.crews += other.crews;
        self.depth_mm = self.depth_mm.max(other.depth_mm);
        self.residents += other.residents;
    }

    /// What is wrong, for sorting: larger needs a person sooner. Water counts from 0.15 m, where a car stalls.
    #[must_use]
    pub fn urgency(&self) -> [u32; 6] {
        let deep = if self.depth_mm >= 150 { u32::from(self.depth_mm) } else { 0 };
        [self.reds, self.overdue, deep, u32::from(self.worst.rank()), self.cases, self.offline]
    }
}

/// Figures of all areas, for the stage and the panels.
#[derive(Resource, Clone, Debug, Default)]
pub struct AreaFigures {
    /// Grows with every change of `figures`.
    pub version: u64,
    /// One for each of `City::areas`.
    pub figures: Arc<Vec<AreaFigure>>,
    /// The whole city, also what lies in no area.
    pub whole: AreaFigure,
    /// The area drilled into; `None` is the whole city.
    pub current: Option<u32>,
    /// The areas whose figures are shown: children of `current`.
    pub children: Arc<Vec<u32>>,
}

#[derive(Clone, Debug)]
struct Node {
    parent: Option<u32>,
    children: Vec<u32>,
    level: AdminLevel,
    ring: Vec<[f32; 2]>,
    /// West, south, east, north, local m.
    bounds: [f32; 4],
}

/// The areas of a city as a tree, and which of them a place lies in.
#[derive(Resource, Clone, Debug, Default)]
pub struct AreaTree {
    nodes: Vec<Node>,
    roots: Vec<u32>,
    /// Indices, deepest level first.
    by_depth: Vec<u32>,
    west_m: f32,
    south_m: f32,
    cell_m: f32,
    cols: usize,
    rows: usize,
    /// Areas that touch a cell, deepest level first.
    cells: Vec<Vec<u32>>,
}

fn bounds(ring: &[[f32; 2]]) -> [f32; 4] {
    ring.iter().fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

/// True when a ring holds a place.
#[must_use]
pub fn holds(ring: &[[f32; 2]], p: [f32; 2]) -> bool {
    let mut inside = false;
    let mut j = ring.len().wrapping_sub(1);
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[j]);
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
            inside = !inside;
        }
        j = i;
    }
    inside
}

impl AreaTree {
    /// The tree of a city. A parent is the area of a higher level whose code begins this one's; where codes do not say,
    /// the one that holds its middle.
    #[must_use]
    pub fn new(city: &City) -> Self {
        let areas = &city.areas;
        let by_code: std::collections::HashMap<&str, u32> =
            areas.iter().zip(0..).filter(|(a, _)| !a.code.is_empty()).map(|(a, i)| (a.code.as_str(), i)).collect();
        let parent_of = |i: usize| -> Option<u32> {
            let area = &areas[i];
            let above = |p: u32| areas[p as usize].level < area.level;
            let by_prefix = (1..area.code.len())
                .rev()
                .filter(|n| area.code.is_char_boundary(*n))
                .find_map(|n| by_code.get(&area.code[..n]).copied().filter(|p| above(*p)));
            by_prefix.or_else(|| {
                let b = bounds(&area.ring);
                let middle = [(b[0] + b[2]) * 0.5, (b[1] + b[3]) * 0.5];
                let holders = (0..areas.len() as u32).filter(|p| above(*p) && holds(&areas[*p as usize].ring, middle));
                holders.max_by_key(|p| areas[*p as usize].level)
            })
        };
        let mut nodes: Vec<Node> = areas
            .iter()
            .enumerate()
            .map(|(i, a)| Node {
                parent: parent_of(i),
                children: Vec::new(),
                level: a.level,
                ring: a.ring.clone(),
                bounds: bounds(&a.ring),
            })
            .collect();
        let mut roots = Vec::new();
        for i in 0..nodes.len() {
            match nodes[i].parent {
                Some(p) => nodes[p as usize].children.push(i as u32),
                None => roots.push(i as u32),
            }
        }
        let mut by_depth: Vec<u32> = (0..nodes.len() as u32).collect();
        by_depth.sort_by(|a, b| nodes[*b as usize].level.cmp(&nodes[*a as usize].level).then(a.cmp(b)));
        let mut tree = Self { nodes, roots, by_depth, ..Self::default() };
        tree.index();
        tree
    }

    fn index(&mut self) {
        let all =
            self.nodes.iter().filter(|n| n.ring.len() >= 3).fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |b, n| {
                [b[0].min(n.bounds[0]), b[1].min(n.bounds[1]), b[2].max(n.bounds[2]), b[3].max(n.bounds[3])]
            });
        if all[0] > all[2] {
            return;
        }
        let side = (all[2] - all[0]).max(all[3] - all[1]).max(1.0);
        (self.west_m, self.south_m, self.cell_m) = (all[0], all[1], (side / 256.0).max(10.0));
        self.cols = ((all[2] - all[0]) / self.cell_m) as usize + 1;
        self.rows = ((all[3] - all[1]) / self.cell_m) as usize + 1;
        self.cells = vec![Vec::new(); self.cols * self.rows];
        for &i in &self.by_depth {
            let node = &self.nodes[i as usize];
            if node.ring.len() < 3 {
                continue;
            }
            let (c0, r0) = self.cell([node.bounds[0], node.bounds[1]]);
            let (c1, r1) = self.cell([node.bounds[2], node.bounds[3]]);
            for r in r0..=r1 {
                for c in c0..=c1 {
                    self.cells[r * self.cols + c].push(i);
                }
            }
        }
    }

    fn cell(&self, p: [f32; 2]) -> (usize, usize) {
        let c = ((p[0] - self.west_m) / self.cell_m).max(0.0) as usize;
        let r = ((p[1] - self.south_m) / self.cell_m).max(0.0) as usize;
        (c.min(self.cols.saturating_sub(1)), r.min(self.rows.saturating_sub(1)))
    }

    /// Number of areas.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// True without areas.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The deepest area that holds a place.
    #[must_use]
    pub fn deepest_at(&self, east_m: f32, north_m: f32) -> Option<u32> {
        if self.cells.is_empty() {
            return None;
        }
        let p = [east_m, north_m];
        let (c, r) = self.cell(p);
        let inside = |i: &u32| {
            let n = &self.nodes[*i as usize];
            let b = n.bounds;
            p[0] >= b[0] && p[0] <= b[2] && p[1] >= b[1] && p[1] <= b[3] && holds(&n.ring, p)
        };
        self.cells[r * self.cols + c].iter().copied().find(inside)
    }

    /// The areas from the top down to this one.
    #[must_use]
    pub fn path(&self, area: u32) -> Vec<u32> {
        let mut path = vec![area];
        while let Some(parent) = path.last().and_then(|a| self.parent(*a)) {
            if path.contains(&parent) {
                break;
            }
            path.push(parent);
        }
        path.reverse();
        path
    }

    /// The area above.
    #[must_use]
    pub fn parent(&self, area: u32) -> Option<u32> {
        self.nodes.get(area as usize)?.parent
    }

    /// The areas one level below; for `None` those below what stands for the whole city.
    #[must_use]
    pub fn children(&self, area: Option<u32>) -> &[u32] {
        match area.or_else(|| self.whole()) {
            Some(a) => self.nodes.get(a as usize).map_or(&[], |n| &n.children),
            None => &self.roots,
        }
    }

    /// The area that stands for the whole city, if one does: a single area at the top, or the only area below it.
    #[must_use]
    pub fn whole(&self) -> Option<u32> {
        let [mut one] = self.roots[..] else { return None };
        for _ in 0..self.nodes.len() {
            match self.nodes[one as usize].children[..] {
                [only] if !self.nodes[only as usize].children.is_empty() => one = only,
                _ => break,
            }
        }
        Some(one)
    }

    /// The child of `area` that holds a place.
    #[must_use]
    pub fn child_at(&self, area: Option<u32>, east_m: f32, north_m: f32) -> Option<u32> {
        let deepest = self.deepest_at(east_m, north_m)?;
        let children = self.children(area);
        self.path(deepest).into_iter().find(|a| children.contains(a))
    }

    /// West, south, east, north of an area, local m.
    #[must_use]
    pub fn bounds(&self, area: u32) -> Option<[f32; 4]> {
        self.nodes.get(area as usize).filter(|n| n.ring.len() >= 3).map(|n| n.bounds)
    }

    /// Figures of every area from those of the places in it: `own[i]` is what lies in area `i` and in none below it.
    #[must_use]
    pub fn roll_up(&self, own: &[AreaFigure]) -> Vec<AreaFigure> {
        let mut all = own.to_vec();
        all.resize(self.nodes.len(), AreaFigure::default());
        for &i in &self.by_depth {
            if let Some(parent) = self.nodes[i as usize].parent {
                let part = all[i as usize];
                all[parent as usize].add(&part);
            }
        }
        all
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use guanlan_city::model::AdminArea;
    use guanlan_core::Bilingual;

    fn square(code: &str, level: AdminLevel, w: f32, s: f32, side: f32) -> AdminArea {
        AdminArea {
            code: code.into(),
            level,
            name: Bilingual::same(code),
            ring: vec![[w, s], [w + side, s], [w + side, s + side], [w, s + side]],
        }
    }

    /// A district of two streets, one of them with two communities of which one has a grid cell.
    pub(crate) fn town() -> City {
        use AdminLevel::{Community, District, Grid, Street};
        City {
            areas: vec![
                square("330199", District, 0.0, 0.0, 1000.0),
                square("330199001", Street, 0.0, 0.0, 500.0),
                square("330199002", Street, 500.0, 500.0, 500.0),
                square("330199001001", Community, 0.0, 0.0, 250.0),
                square("330199001002", Community, 250.0, 250.0, 250.0),
                square("330199001001001", Grid, 0.0, 0.0, 100.0),
            ],
            ..City::default()
        }
    }

    #[test]
    fn places_belong_to_the_deepest_area_that_holds_them() {
        let tree = AreaTree::new(&town());
        assert_eq!(tree.deepest_at(50.0, 50.0), Some(5));
        assert_eq!(tree.deepest_at(200.0, 200.0), Some(3));
        assert_eq!(tree.deepest_at(400.0, 100.0), Some(1), "a street without a community there");
        assert_eq!(tree.deepest_at(900.0, 100.0), Some(0));
        assert_eq!(tree.deepest_at(2000.0, 100.0), None);
        assert_eq!(tree.path(5), [0, 1, 3, 5]);
        assert_eq!(tree.children(None), [1, 2], "one district stands for the whole");
        assert_eq!(tree.child_at(Some(1), 60.0, 60.0), Some(3));
        assert_eq!(tree.child_at(None, 60.0, 60.0), Some(1));
        assert_eq!(tree.child_at(Some(2), 60.0, 60.0), None);
    }

    #[test]
    fn codes_that_say_nothing_are_replaced_by_where_the_area_lies() {
        let mut city = town();
        for (i, area) in city.areas.iter_mut().enumerate() {
            area.code = format!("x{i}");
        }
        let tree = AreaTree::new(&city);
        assert_eq!(tree.path(5), [0, 1, 3, 5]);
        assert!(AreaTree::new(&City::default()).is_empty());
        assert_eq!(AreaTree::new(&City::default()).deepest_at(0.0, 0.0), None);
    }

    #[test]
    fn a_city_of_one_district_is_that_district() {
        let mut city = town();
        city.areas.insert(0, square("3301", AdminLevel::City, -10.0, -10.0, 1100.0));
        let tree = AreaTree::new(&city);
        assert_eq!(tree.whole(), Some(1));
        assert_eq!(tree.children(None), [2, 3]);
        assert_eq!(tree.path(6), [0, 1, 2, 4, 6]);
    }

    #[test]
    fn sums_reach_the_top_and_the_depth_is_the_largest() {
        let tree = AreaTree::new(&town());
        let mut own = vec![AreaFigure::default(); 6];
        own[5] = AreaFigure { cases: 2, overdue: 1, depth_mm: 300, ..Default::default() };
        own[3] = AreaFigure { cases: 1, crews: 4, depth_mm: 100, ..Default::default() };
        own[2] = AreaFigure { reds: 1, worst: AlertLevel::Red, residents: 7, ..Default::default() };
        own[0] = AreaFigure { cases: 10, ..Default::default() };
        let all = tree.roll_up(&own);
        assert_eq!((all[3].cases, all[3].crews, all[3].depth_mm), (3, 4, 300));
        assert_eq!((all[1].cases, all[1].overdue), (3, 1));
        assert_eq!((all[0].cases, all[0].reds, all[0].residents, all[0].worst), (13, 1, 7, AlertLevel::Red));
        assert!(all[2].urgency() > all[1].urgency(), "a red comes before anything overdue");
    }

    /// Numbers spread over a range without a pattern (Weyl sequence).
    fn spread(i: u32) -> f32 {
        (f64::from(i) * 0.754_877_666_246_69).fract() as f32
    }

    #[test]
    fn every_place_is_counted_once_at_every_level() {
        let tree = AreaTree::new(&town());
        let mut own = vec![AreaFigure::default(); tree.len()];
        let mut outside = 0;
        for i in 0..20_000 {
            match tree.deepest_at(spread(i) * 1200.0 - 100.0, spread(i * 7 + 3) * 1200.0 - 100.0) {
                Some(a) => own[a as usize].cases += 1,
                None => outside += 1,
            }
        }
        let all = tree.roll_up(&own);
        assert_eq!(all[0].cases + outside, 20_000);
        for (i, area) in all.iter().enumerate() {
            let below: u32 = tree.children(Some(i as u32)).iter().map(|c| all[*c as usize].cases).sum();
            assert_eq!(area.cases, own[i].cases + below);
        }
    }
}
