//! Where things are: administrative areas, squares where there are none, drainage basins. Constant.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bevy_ecs::prelude::Resource;
use guanlan_city::{
    City,
    model::{AdminLevel, DrainNodeKind},
};
use guanlan_core::Bilingual;

use crate::rules::{Over, extras::Area};

/// Cell of the lookup, m.
const CELL_M: f64 = 200.0;
/// A place further than this from every drain belongs to no basin, m.
const BASIN_M: f64 = 1000.0;
/// Sides of the squares that stand in for 网格, 社区, 街道, 区 where a city has none, m.
const SQUARES_M: [f64; 4] = [100.0, 500.0, 2000.0, 8000.0];
/// Digits of the codes of 网格, 社区, 街道, 区, 市.
const DIGITS: [usize; 5] = [15, 12, 9, 6, 4];

/// Something with a code, a name and a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Name on the screen.
    pub name: Bilingual,
    /// Middle, local m.
    pub centre_m: [f64; 2],
    /// West, south, east, north, local m.
    pub bounds_m: [f64; 4],
}

/// Areas of a city, to be looked up by place.
#[derive(Resource, Clone, Debug, Default)]
pub struct Places(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// 网格 (or the finest areas there are): code and ring.
    rings: Vec<(String, Vec<[f64; 2]>)>,
    by_cell: BTreeMap<(i32, i32), Vec<u32>>,
    named: BTreeMap<String, Named>,
    city: Bilingual,
    /// Drain nodes by cell, with the outfall they drain to.
    nodes: BTreeMap<(i32, i32), Vec<([f64; 2], u32)>>,
    outfalls: Vec<String>,
}

fn cell([x, y]: [f64; 2]) -> (i32, i32) {
    ((x / CELL_M).floor() as i32, (y / CELL_M).floor() as i32)
}

/// West, south, east, north of a ring.
#[must_use]
pub fn bounds(ring: &[[f64; 2]]) -> [f64; 4] {
    ring.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, p| {
        [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
    })
}

/// True inside a ring (even-odd; the west and south edges belong to it).
#[must_use]
pub fn inside(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let mut within = false;
    for (i, a) in ring.iter().enumerate() {
        let b = ring[(i + 1) % ring.len()];
        if (a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0] {
            within = !within;
        }
    }
    within
}

impl Places {
    /// Indexes a city.
    #[must_use]
    pub fn of(city: &City) -> Self {
        let mut inner = Inner { city: city.name.clone(), ..Inner::default() };
        let finest = city.areas.iter().map(|a| a.level).max();
        for area in &city.areas {
            let ring: Vec<[f64; 2]> = area.ring.iter().map(|p| [f64::from(p[0]), f64::from(p[1])]).collect();
            if ring.len() < 3 || area.code.is_empty() {
                continue;
            }
            let b = bounds(&ring);
            let centre_m = [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0];
            inner.named.insert(area.code.clone(), Named { name: area.name.clone(), centre_m, bounds_m: b });
            if Some(area.level) == finest && area.level > AdminLevel::City {
                let k = inner.rings.len() as u32;
                let ((x0, y0), (x1, y1)) = (cell([b[0], b[1]]), cell([b[2], b[3]]));
                // A ring over a whole city is looked at everywhere; its cells are bounded by its size.
                for x in x0..=x1.min(x0.saturating_add(2000)) {
                    for y in y0..=y1.min(y0.saturating_add(2000)) {
                        inner.by_cell.entry((x, y)).or_default().push(k);
                    }
                }
                inner.rings.push((area.code.clone(), ring));
            }
        }
        if let Some(net) = &city.drainage {
            let mut up: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            let links = net.conduits.iter().map(|c| (c.from, c.to)).chain(net.pumps.iter().map(|p| (p.from, p.to)));
            for (from, to) in links {
                up.entry(to).or_default().push(from);
            }
            let mut of = vec![u32::MAX; net.nodes.len()];
            for (i, node) in net.nodes.iter().enumerate() {
                if node.kind != DrainNodeKind::Outfall {
                    continue;
                }
                let k = inner.outfalls.len() as u32;
                inner.outfalls.push(node.id.clone());
                let mut queue = VecDeque::from([i]);
                while let Some(n) = queue.pop_front() {
                    if of.get(n).is_none_or(|&o| o != u32::MAX) {
                        continue;
                    }
                    of[n] = k;
                    queue.extend(up.get(&n).into_iter().flatten());
                }
            }
            for (i, node) in net.nodes.iter().enumerate() {
                if let Some(place) = node.place_m.filter(|p| of[i] != u32::MAX && p.iter().all(|v| v.is_finite())) {
                    inner.nodes.entry(cell(place)).or_default().push((place, of[i]));
                }
            }
        }
        Self(Arc::new(inner))
    }

    /// Code of the finest area a place lies in; a square's name outside all of them; empty when unplaced.
    #[must_use]
    pub fn code(&self, place_m: Option<[f64; 2]>) -> String {
        let Some(place) = place_m.filter(|p| p.iter().all(|v| v.is_finite() && v.abs() < 1e9)) else {
            return String::new();
        };
        let inner = &self.0;
        let near = inner.by_cell.get(&cell(place)).into_iter().flatten();
        for &k in near {
            let (code, ring) = &inner.rings[k as usize];
            if inside(ring, place) {
                return code.clone();
            }
        }
        format!("@{:.0},{:.0}", (place[0] / SQUARES_M[0]).floor(), (place[1] / SQUARES_M[0]).floor())
    }

    /// The code of the area `rung` steps above 网格 (0 网格, 1 社区, 2 街道, 3 区, 4 市) that holds a place with
    /// this code.
    #[must_use]
    pub fn above(code: &str, rung: usize) -> String {
        if let Some(square) = code.strip_prefix('@') {
            if rung >= 4 {
                return "@".into();
            }
            let mut parts = square.split(',').map(|v| v.parse::<f64>().unwrap_or(0.0));
            let share = SQUARES_M[0] / SQUARES_M[rung];
            let mut next = || (parts.next().unwrap_or(0.0) * share).floor();
            let (x, y) = (next(), next());
            return if rung == 0 { code.to_owned() } else { format!("@{rung}:{x:.0},{y:.0}") };
        }
        code.get(..DIGITS[rung.min(4)].min(code.len())).unwrap_or(code).to_owned()
    }

    /// Name, middle and extent of an area by its code; a square says where it is.
    #[must_use]
    pub fn named(&self, code: &str) -> Named {
        if let Some(found) = self.0.named.get(code) {
            return found.clone();
        }
        let whole = || self.0.city.clone();
        let Some(square) = code.strip_prefix('@') else {
            let name = if code.is_empty() { Bilingual::new("位置不明", "unplaced") } else { whole() };
            return Named { name, centre_m: [0.0; 2], bounds_m: [0.0; 4] };
        };
        if square.is_empty() {
            return Named { name: whole(), centre_m: [0.0; 2], bounds_m: [0.0; 4] };
        }
        let (rung, xy) = square.split_once(':').map_or((0, square), |(r, xy)| (r.parse().unwrap_or(0), xy));
        let side = SQUARES_M[rung.min(3)];
        let mut parts = xy.split(',').map(|v| v.parse::<f64>().unwrap_or(0.0) * side);
        let (west, south) = (parts.next().unwrap_or(0.0), parts.next().unwrap_or(0.0));
        let centre_m = [west + side / 2.0, south + side / 2.0];
        let km = if side < 1000.0 { format!("{side:.0} m") } else { format!("{:.0} km", side / 1000.0) };
        Named {
            name: Bilingual::new(
                format!("{km} 方格（{:.0}, {:.0}）", centre_m[0], centre_m[1]),
                format!("{km} square at {:.0}, {:.0}", centre_m[0], centre_m[1]),
            ),
            centre_m,
            bounds_m: [west, south, west + side, south + side],
        }
    }

    /// The outfall a place drains to: that of the nearest drain within a kilometre.
    #[must_use]
    pub fn basin(&self, place_m: Option<[f64; 2]>) -> Option<&str> {
        let place = place_m?;
        let (x, y) = cell(place);
        let reach = (BASIN_M / CELL_M).ceil() as i32;
        let mut best: Option<(f64, u32)> = None;
        for ring in 0..=reach {
            for cx in x.saturating_sub(ring)..=x.saturating_add(ring) {
                for cy in y.saturating_sub(ring)..=y.saturating_add(ring) {
                    if (cx - x).abs().max((cy - y).abs()) != ring {
                        continue;
                    }
                    for (p, outfall) in self.0.nodes.get(&(cx, cy)).into_iter().flatten() {
                        let d = (p[0] - place[0]).hypot(p[1] - place[1]);
                        if best.is_none_or(|(b, o)| (d, *outfall) < (b, o)) {
                            best = Some((d, *outfall));
                        }
                    }
                }
            }
            // Anything further out is at least `ring` cells away.
            if best.is_some_and(|(d, _)| d <= f64::from(ring) * CELL_M) {
                break;
            }
        }
        best.filter(|(d, _)| *d <= BASIN_M).map(|(_, k)| self.0.outfalls[k as usize].as_str())
    }

    /// The key of the area of a rule's scope that a place lies in; `None` outside of it.
    #[must_use]
    pub fn key(&self, over: Over, own: Option<&Area>, place_m: Option<[f64; 2]>) -> Option<String> {
        let rung = match over {
            Over::Stream | Over::Neighbours => return None,
            Over::City => return Some("city".into()),
            Over::Basin => return self.basin(place_m).map(|o| format!("basin/{o}")),
            Over::Area => {
                let area = own?;
                return inside(&area.ring_m, place_m?).then(|| format!("area/{}", area.name));
            }
            Over::Grid => 0,
            Over::Community => 1,
            Over::Street => 2,
            Over::District => 3,
        };
        let code = self.code(Some(place_m?));
        Some(Self::above(&code, rung))
    }

    /// Name and place of such a key.
    #[must_use]
    pub fn of_key(&self, key: &str, own: Option<&Area>) -> Named {
        if let Some(area) = own {
            let b = bounds(&area.ring_m);
            let centre_m = [(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0];
            return Named { name: area.title.clone(), centre_m, bounds_m: b };
        }
        if let Some(outfall) = key.strip_prefix("basin/") {
            let name = Bilingual::new(format!("排水分区 {outfall}"), format!("basin {outfall}"));
            return Named { name, centre_m: [0.0; 2], bounds_m: [0.0; 4] };
        }
        if key == "city" {
            let name = if self.0.city == Bilingual::default() {
                Bilingual::new("全市", "the whole city")
            } else {
                self.0.city.clone()
            };
            return Named { name, centre_m: [0.0; 2], bounds_m: [0.0; 4] };
        }
        self.named(key)
    }
}

#[cfg(test)]
mod tests {
    use guanlan_city::model::AdminArea;

    use super::*;

    fn square(code: &str, level: AdminLevel, x: f32, y: f32, side: f32) -> AdminArea {
        let ring = vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]];
        AdminArea { code: code.into(), level, name: Bilingual::new(format!("区{code}"), ""), ring }
    }

    #[test]
    fn codes_nest_and_squares_stand_in() {
        let city = City {
            areas: vec![
                square("320100001001", AdminLevel::Community, 0.0, 0.0, 200.0),
                square("320100001001001", AdminLevel::Grid, 0.0, 0.0, 100.0),
                square("320100001001002", AdminLevel::Grid, 100.0, 0.0, 100.0),
            ],
            ..City::default()
        };
        let p = Places::of(&city);
        let code = p.code(Some([150.0, 50.0]));
        assert_eq!(code, "320100001001002");
        let up: Vec<String> = (0..5).map(|r| Places::above(&code, r)).collect();
        assert_eq!(up, ["320100001001002", "320100001001", "320100001", "320100", "3201"]);
        assert_eq!(p.named(&up[1]).name.zh, "区320100001001");
        let out = p.code(Some([-50.0, 4321.0]));
        assert_eq!(out, "@-1,43");
        assert_eq!((1..5).map(|r| Places::above(&out, r)).collect::<Vec<_>>(), ["@1:-1,8", "@2:-1,2", "@3:-1,0", "@"]);
        assert_eq!(p.named("@1:-1,8").bounds_m, [-500.0, 4000.0, 0.0, 4500.0]);
        assert_eq!((p.code(None).as_str(), p.code(Some([f64::NAN, 0.0])).as_str()), ("", ""));
        assert_eq!(p.key(Over::Street, None, Some([150.0, 50.0])).as_deref(), Some("320100001"));
    }
}
