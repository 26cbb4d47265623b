//! Implicit tiling: quadtrees and octrees whose tiles are known by level and place alone.

use serde_json::Value;

use super::{
    issue::{Issues, Kind},
    json::At,
    source::join,
    volume::Volume,
};
use crate::import::Severity;

/// Most tiles of one subtree.
const MAX_SUBTREE_TILES: u64 = 1 << 23;
/// Deepest level: coordinates fit 32 bits.
const MAX_LEVELS: u64 = 31;

/// The root of an implicit tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Implicit {
    /// Eight children; four otherwise.
    pub octree: bool,
    /// Levels of one subtree.
    pub subtree_levels: u32,
    /// Levels in all.
    pub available_levels: u32,
    /// Template of the subtrees' URIs, from the tileset's root.
    pub subtrees: String,
}

/// A tile of an implicit tree. In a quadtree `z` is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coord {
    /// Level, 0 the root.
    pub level: u32,
    /// Along the first axis (east in regions).
    pub x: u32,
    /// Along the second axis (north in regions).
    pub y: u32,
    /// Along the third axis (up).
    pub z: u32,
}

impl Implicit {
    /// Reads `implicitTiling`.
    pub fn read(
        value: &Value,
        at: At<'_>,
        base: &str,
        issues: &mut Issues,
        severity: Severity,
        done: &str,
    ) -> Option<Self> {
        let map = issues.object(value, at, severity, done)?;
        let octree = match map.get("subdivisionScheme").and_then(Value::as_str) {
            Some("QUADTREE") => false,
            Some("OCTREE") => true,
            _ => {
                let text = format!("expected QUADTREE or OCTREE{done}");
                issues.push(Kind::NotInList, severity, at.key("subdivisionScheme"), text);
                return None;
            }
        };
        let mut levels = |key: &str, other: &str, most: u64| {
            let Some(value) = map.get(key).or_else(|| map.get(other)) else {
                issues.push(Kind::Missing, severity, at, format!("no {key}{done}"));
                return None;
            };
            issues.whole(value, at.key(key), (1, most + 1), severity, done)
        };
        let subtree_levels = levels("subtreeLevels", "subtreeLevels", MAX_LEVELS)? as u32;
        // Early drafts counted from 0 and called it maximumLevel.
        let available = levels("availableLevels", "maximumLevel", MAX_LEVELS)?;
        let available_levels = available as u32 + u32::from(!map.contains_key("availableLevels"));
        let subtrees_at = at.key("subtrees");
        let Some(uri) = map.get("subtrees").and_then(|s| s.get("uri")) else {
            issues.push(Kind::Missing, severity, subtrees_at, format!("no uri of subtrees{done}"));
            return None;
        };
        let uri = issues.string(uri, subtrees_at.key("uri"), severity, done)?;
        if !check_template(uri, octree, subtrees_at.key("uri"), issues, severity, done) {
            return None;
        }
        let implicit = Self { octree, subtree_levels, available_levels, subtrees: join(base, uri) };
        if implicit.tiles_above(subtree_levels).is_none_or(|n| n > MAX_SUBTREE_TILES) {
            let text = format!("{subtree_levels} levels in one subtree are more than {MAX_SUBTREE_TILES} tiles{done}");
            issues.push(Kind::Range, severity, at.key("subtreeLevels"), text);
            return None;
        }
        Some(implicit)
    }

    /// Children of a tile: 4 or 8.
    #[must_use]
    pub fn branches(&self) -> u64 {
        if self.octree { 8 } else { 4 }
    }

    /// Tiles in the levels before `level`; `None` beyond 64 bits.
    #[must_use]
    pub fn tiles_above(&self, level: u32) -> Option<u64> {
        Some((self.branches().checked_pow(level)? - 1) / (self.branches() - 1))
    }

    /// Place of a tile in its level in Morton order.
    #[must_use]
    pub fn morton(&self, c: Coord) -> u64 {
        let mut out = 0u64;
        let axes = if self.octree { 3 } else { 2 };
        for bit in 0..21.min(c.level + 1) {
            for (axis, v) in [c.x, c.y, c.z].into_iter().take(axes).enumerate() {
                out |= u64::from(v >> bit & 1) << (bit * axes as u32 + axis as u32);
            }
        }
        out
    }

    /// The root of the subtree a tile belongs to.
    #[must_use]
    pub fn subtree_of(&self, c: Coord) -> Coord {
        let up = c.level % self.subtree_levels;
        Coord { level: c.level - up, x: c.x >> up, y: c.y >> up, z: c.z >> up }
    }

    /// Index of a tile in its subtree's availability: levels one after the other, each in Morton order.
    #[must_use]
    pub fn index_in_subtree(&self, c: Coord) -> u64 {
        let up = c.level % self.subtree_levels;
        let mask = (1u32 << up) - 1;
        let inside = Coord { level: up, x: c.x & mask, y: c.y & mask, z: c.z & mask };
        self.tiles_above(up).unwrap_or(0) + self.morton(inside)
    }

    /// Index of a subtree root among the child subtrees of the subtree above it.
    #[must_use]
    pub fn index_as_child(&self, c: Coord) -> u64 {
        let mask = (1u32 << self.subtree_levels) - 1;
        self.morton(Coord { level: self.subtree_levels, x: c.x & mask, y: c.y & mask, z: c.z & mask })
    }

    /// A tile's children.
    #[must_use]
    pub fn children(&self, c: Coord) -> Vec<Coord> {
        let count = self.branches() as u32;
        let child = |n: u32| Coord {
            level: c.level + 1,
            x: c.x * 2 + (n & 1),
            y: c.y * 2 + (n >> 1 & 1),
            z: c.z * 2 + (n >> 2 & 1),
        };
        (0..count).map(child).collect()
    }

    /// The volume of a tile, by dividing the root's.
    #[must_use]
    pub fn volume(&self, root: &Volume, c: Coord) -> Volume {
        let parts = f64::from(1u32 << c.level.min(31));
        let places = [c.x, c.y, c.z].map(f64::from);
        match root {
            Volume::Region(r) => {
                let east = if r[2] < r[0] { r[2] + std::f64::consts::TAU } else { r[2] };
                let cut = |low: f64, high: f64, k: usize| {
                    (low + (high - low) * places[k] / parts, low + (high - low) * (places[k] + 1.0) / parts)
                };
                let ((w, e), (s, n)) = (cut(r[0], east, 0), cut(r[1], r[3], 1));
                let (low, high) = if self.octree { cut(r[4], r[5], 2) } else { (r[4], r[5]) };
                let wrap = |v: f64| if v > std::f64::consts::PI { v - std::f64::consts::TAU } else { v };
                Volume::Region([wrap(w), s, wrap(e), n, low, high])
            }
            Volume::Box(b) => {
                let mut out = *b;
                for k in 0..if self.octree { 3 } else { 2 } {
                    let middle = (2.0 * places[k] + 1.0) / parts - 1.0;
                    for r in 0..3 {
                        out[r] += b[3 + 3 * k + r] * middle;
                        out[3 + 3 * k + r] = b[3 + 3 * k + r] / parts;
                    }
                }
                Volume::Box(out)
            }
            Volume::Sphere(s) => Volume::Sphere(*s),
            Volume::Cell(cell) => Volume::Cell(cell.divided(parts, places, self.octree)),
        }
    }
}

/// A template with a tile's level and place in it.
#[must_use]
pub fn fill(template: &str, c: Coord) -> String {
    let mut out = template.to_owned();
    for (name, v) in [("{level}", c.level), ("{x}", c.x), ("{y}", c.y), ("{z}", c.z)] {
        if out.contains(name) {
            out = out.replace(name, &v.to_string());
        }
    }
    out
}

/// Checks the variables of a template: all it needs, none that do not exist.
pub fn check_template(
    template: &str,
    octree: bool,
    at: At<'_>,
    issues: &mut Issues,
    severity: Severity,
    done: &str,
) -> bool {
    let names: &[&str] = if octree { &["level", "x", "y", "z"] } else { &["level", "x", "y"] };
    let mut found = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !names.contains(&name) {
            let text = format!("{{{name}}} is no variable of a template, expected {}{done}", names.join(", "));
            issues.push(Kind::TemplateUnknown, severity, at, text);
            return false;
        }
        found.push(name);
        rest = after;
    }
    let missing: Vec<&str> = names.iter().copied().filter(|n| !found.contains(n)).collect();
    if !missing.is_empty() {
        let text = format!("the template {template:?} has no {{{}}}{done}", missing.join("}, {"));
        issues.push(Kind::TemplateMissing, severity, at, text);
        return false;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quad(subtree_levels: u32) -> Implicit {
        Implicit { octree: false, subtree_levels, available_levels: 6, subtrees: String::new() }
    }

    #[test]
    fn places_in_subtrees() {
        let q = quad(3);
        assert_eq!(q.tiles_above(3), Some(21));
        assert_eq!(q.morton(Coord { level: 2, x: 3, y: 1, z: 0 }), 0b0111);
        let c = Coord { level: 5, x: 21, y: 10, z: 0 };
        assert_eq!(q.subtree_of(c), Coord { level: 3, x: 5, y: 2, z: 0 });
        // Inside: x 21 & 3 = 1, y 10 & 3 = 2; Morton 01 | 10 << … = 0b1001.
        assert_eq!(q.index_in_subtree(c), 5 + 0b1001);
        assert_eq!(q.index_as_child(Coord { level: 3, x: 5, y: 2, z: 0 }), 0b011001);
        let children = q.children(Coord { level: 1, x: 1, y: 0, z: 0 });
        assert_eq!(children[3], Coord { level: 2, x: 3, y: 1, z: 0 });
        let o = Implicit { octree: true, ..quad(2) };
        assert_eq!(o.tiles_above(2), Some(9));
        assert_eq!(o.children(Coord::default())[7], Coord { level: 1, x: 1, y: 1, z: 1 });
    }

    #[test]
    fn divided_volumes_fill_their_root() {
        let root = Volume::Box([10., 0., 0., 4., 0., 0., 0., 2., 0., 0., 0., 1.]);
        let Volume::Box(b) = quad(3).volume(&root, Coord { level: 2, x: 3, y: 0, z: 0 }) else { panic!() };
        assert_eq!(b[0..3], [13., -1.5, 0.]);
        assert_eq!((b[3], b[7], b[11]), (1.0, 0.5, 1.0));
        let region = Volume::Region([0.0, 0.0, 0.4, 0.2, 0.0, 80.0]);
        let Volume::Region(r) = quad(3).volume(&region, Coord { level: 1, x: 1, y: 1, z: 0 }) else { panic!() };
        assert!((r[0] - 0.2).abs() < 1e-12 && (r[1] - 0.1).abs() < 1e-12 && r[5] == 80.0, "{r:?}");
    }

    #[test]
    fn templates() {
        assert_eq!(fill("c/{level}/{x}_{y}.glb", Coord { level: 2, x: 3, y: 1, z: 0 }), "c/2/3_1.glb");
        let mut issues = Issues::default();
        let mut check = |t: &str, octree| check_template(t, octree, At::TOP, &mut issues, Severity::Error, "");
        assert!(check("{level}/{x}/{y}", false));
        assert!(!check("{level}/{x}", false));
        assert!(!check("{level}/{x}/{y}/{BAD}", false));
        assert!(!check("{level}/{x}/{y}", true));
    }
}
