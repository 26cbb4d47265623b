//! How high the ground is, for everything that stands on it.

use std::sync::Arc;

use bevy::prelude::Resource;
use guanlan_city::City;
use guanlan_city::model::{SurfaceKind, Terrain};

use super::feet;
use super::raster::{contains, scan_line};

/// The ground of a city. Without a terrain raster it lies between the feet of the buildings, level where they are.
#[derive(Resource, Clone)]
pub struct Ground {
    city: Arc<City>,
    /// Made of the buildings' feet.
    made: Option<Arc<Terrain>>,
    level_m: f32,
    /// Lowest and highest ground, m above datum.
    pub range_m: (f32, f32),
    /// Water with a known stage.
    lakes: Arc<[Lake]>,
}

/// Standing or flowing water of the city with a known stage.
#[derive(Clone, Copy, Debug)]
struct Lake {
    /// Its number among the city's surfaces.
    surface: usize,
    /// West, south, east, north, local m.
    reach: [f32; 4],
    /// m above datum.
    level_m: f32,
}

fn lakes(city: &City) -> Arc<[Lake]> {
    let known = city.surfaces.iter().enumerate().filter(|(_, s)| s.kind == SurfaceKind::Water);
    known
        .filter_map(|(surface, s)| {
            let around = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
            let reach =
                s.ring.iter().fold(around, |r, p| [r[0].min(p[0]), r[1].min(p[1]), r[2].max(p[0]), r[3].max(p[1])]);
            Some(Lake { surface, reach, level_m: s.level_m? })
        })
        .collect()
}

impl Ground {
    /// Reads what the city knows of its ground.
    #[must_use]
    pub fn new(city: &Arc<City>) -> Self {
        let mut bases: Vec<f32> =
            city.buildings.iter().flat_map(|b| b.parts.iter().map(|p| p.base_m)).filter(|z| z.is_finite()).collect();
        bases.sort_by(f32::total_cmp);
        let foot = bases.get(bases.len() / 2).copied().unwrap_or(0.0);
        let made = feet::ground(city).map(Arc::new);
        let (level_m, range_m) = match city.terrain.as_ref().or(made.as_deref()).and_then(Terrain::range_m) {
            Some(range) => ((range.0 + range.1) * 0.5, range),
            None => (foot, (foot, foot)),
        };
        Self { city: city.clone(), made, level_m, range_m, lakes: lakes(city) }
    }

    /// The raster that heights come from; none for a level town.
    #[must_use]
    pub fn terrain(&self) -> Option<&Terrain> {
        self.city.terrain.as_ref().or(self.made.as_deref())
    }

    /// Ground height at a place (local m), m above datum; always a number.
    #[must_use]
    pub fn height_m(&self, east_m: f32, north_m: f32) -> f32 {
        self.terrain().and_then(|t| t.height_m(f64::from(east_m), f64::from(north_m))).unwrap_or(self.level_m)
    }

    /// True where the terrain raster has a height.
    #[must_use]
    pub fn is_measured(&self, east_m: f32, north_m: f32) -> bool {
        self.city.terrain.as_ref().is_some_and(|t| {
            let (col, row) = ((f64::from(east_m) - t.west_m) / t.cell_m, (f64::from(north_m) - t.south_m) / t.cell_m);
            let inside = col >= 0.0 && row >= 0.0 && col <= t.cols as f64 && row <= t.rows as f64;
            inside && t.height_m(f64::from(east_m), f64::from(north_m)).is_some()
        })
    }

    /// Height of what is seen from above at a place (local m), m above datum: the ground, or the stage of the
    /// water over it where that is known.
    #[must_use]
    pub fn surface_m(&self, east_m: f32, north_m: f32) -> f32 {
        let ground = self.height_m(east_m, north_m);
        let over = |lake: &&Lake| {
            let [w, s, e, n] = lake.reach;
            // Land is told from water by its height first: hardly a place asks for the shore line.
            if lake.level_m <= ground || east_m < w || east_m > e || north_m < s || north_m > n {
                return false;
            }
            let area = &self.city.surfaces[lake.surface];
            let at = [east_m, north_m];
            contains(&area.ring, at) && !area.holes.iter().any(|hole| contains(hole, at))
        };
        self.lakes.iter().filter(over).fold(ground, |z, lake| z.max(lake.level_m))
    }

    /// Points of a line with the ground or the water under them plus `lift_m`, at most `step_m` apart, so that
    /// the line follows what is seen.
    #[must_use]
    pub fn drape(&self, line: &[[f32; 2]], step_m: f32, lift_m: f32) -> Vec<[f32; 3]> {
        let mut out = Vec::with_capacity(line.len());
        let mut push = |p: [f32; 2]| out.push([p[0], p[1], self.surface_m(p[0], p[1]) + lift_m]);
        for pair in line.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let length = (b[0] - a[0]).hypot(b[1] - a[1]);
            let steps = (length / step_m.max(0.5)).ceil().max(1.0) as usize;
            for k in 0..steps {
                let t = k as f32 / steps as f32;
                push([a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]);
            }
        }
        if let Some(last) = line.last() {
            push(*last);
        }
        out
    }
}

/// A square grid of heights for the terrain mesh, row 0 south.
#[derive(Clone, Debug)]
pub struct HeightGrid {
    /// West edge, local m.
    pub west_m: f32,
    /// South edge, local m.
    pub south_m: f32,
    /// Distance between corners, m.
    pub step_m: f32,
    /// Corners along a side.
    pub side: usize,
    /// Heights, m above datum.
    pub z_m: Vec<f32>,
}

impl HeightGrid {
    /// Samples the ground over the city and `margin_m` around it; water with a known stage is
    /// level at its stage.
    #[must_use]
    pub fn sample(city: &City, ground: &Ground, side: usize, margin_m: f32) -> Self {
        let [w, s, e, n] = city.extent;
        let span = (e - w).max(n - s) + 2.0 * margin_m;
        let step_m = span / (side - 1) as f32;
        let west_m = (w + e) * 0.5 - span * 0.5;
        let south_m = (s + n) * 0.5 - span * 0.5;
        let mut z_m = Vec::with_capacity(side * side);
        for r in 0..side {
            for c in 0..side {
                z_m.push(ground.height_m(west_m + c as f32 * step_m, south_m + r as f32 * step_m));
            }
        }
        let mut grid = Self { west_m, south_m, step_m, side, z_m };
        for area in &city.surfaces {
            if let (SurfaceKind::Water, Some(level)) = (area.kind, area.level_m) {
                grid.raise_inside(&area.ring, &area.holes, level);
            }
        }
        grid
    }

    /// Level water inside a ring, and two corners beyond it where the ground lies lower: the edge
    /// of the water is painted, so the mesh must not fall away just outside it.
    fn raise_inside(&mut self, ring: &[[f32; 2]], holes: &[Vec<[f32; 2]>], level_m: f32) {
        let mut crossings = Vec::new();
        let mut spans: Vec<(usize, usize, usize)> = Vec::new();
        for r in 0..self.side {
            crossings.clear();
            let north = self.south_m + r as f32 * self.step_m;
            scan_line(ring, north, &mut crossings);
            if crossings.is_empty() {
                continue;
            }
            holes.iter().for_each(|h| scan_line(h, north, &mut crossings));
            crossings.sort_by(f32::total_cmp);
            for pair in crossings.chunks_exact(2) {
                let first = ((pair[0] - self.west_m) / self.step_m).ceil().max(0.0) as usize;
                let last = ((pair[1] - self.west_m) / self.step_m).floor();
                if last >= 0.0 && first < self.side {
                    spans.push((r, first, (last as usize).min(self.side - 1)));
                }
            }
        }
        for (row, first, last) in spans {
            for r in row.saturating_sub(2)..=(row + 2).min(self.side - 1) {
                for c in first.saturating_sub(2)..=(last + 2).min(self.side - 1) {
                    let z = &mut self.z_m[r * self.side + c];
                    *z = z.max(level_m);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::SurfaceArea;

    #[test]
    fn water_is_level_at_its_stage_and_land_stays() {
        let city = Arc::new(City {
            extent: [0.0, 0.0, 1000.0, 1000.0],
            surfaces: vec![SurfaceArea {
                kind: SurfaceKind::Water,
                ring: vec![[200.0, 200.0], [800.0, 200.0], [800.0, 400.0], [200.0, 400.0]],
                level_m: Some(7.5),
                ..Default::default()
            }],
            ..Default::default()
        });
        let ground = Ground::new(&city);
        let grid = HeightGrid::sample(&city, &ground, 129, 0.0);
        let at = |e: f32, n: f32| grid.z_m[(n / grid.step_m) as usize * grid.side + (e / grid.step_m) as usize];
        assert_eq!(at(500.0, 300.0), 7.5);
        assert_eq!(at(500.0, 700.0), 0.0);
    }

    #[test]
    fn a_line_over_water_lies_on_the_water_but_not_on_an_island() {
        let square = |w: f32, e: f32| vec![[w, w], [e, w], [e, e], [w, e]];
        let city = Arc::new(City {
            surfaces: vec![SurfaceArea {
                kind: SurfaceKind::Water,
                ring: square(100.0, 900.0),
                holes: vec![square(400.0, 600.0)],
                level_m: Some(7.0),
                ..Default::default()
            }],
            ..City::default()
        });
        let ground = Ground::new(&city);
        let line = ground.drape(&[[0.0, 500.0], [1000.0, 500.0]], 50.0, 1.0);
        let at = |east: f32| line.iter().find(|p| p[0] == east).map(|p| p[2]);
        assert_eq!([at(50.0), at(250.0), at(500.0), at(750.0)], [Some(1.0), Some(8.0), Some(1.0), Some(8.0)]);
    }

    #[test]
    fn draped_lines_follow_in_small_steps() {
        let ground = Ground::new(&Arc::new(City::default()));
        let line = ground.drape(&[[0.0, 0.0], [100.0, 0.0]], 10.0, 2.0);
        assert_eq!(line.len(), 11);
        assert!(line.iter().all(|p| p[2] == 2.0));
    }
}
