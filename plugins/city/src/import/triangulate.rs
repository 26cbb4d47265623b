//! Triangles of flat polygons in space, with holes.

use earcut::{Earcut, utils3d::project3d_to_2d};

/// A point in space, m.
pub(crate) type P3 = [f64; 3];

/// Largest polygon that is triangulated, corners.
const MAX_CORNERS: usize = 200_000;

/// Reuses its buffers from polygon to polygon.
pub(crate) struct Triangulator {
    earcut: Earcut<f64>,
    plane: Vec<[f64; 2]>,
    triangles: Vec<u32>,
}

impl Default for Triangulator {
    fn default() -> Self {
        Self { earcut: Earcut::new(), plane: Vec::new(), triangles: Vec::new() }
    }
}

impl Triangulator {
    /// Triangles of a polygon (outer ring first, rings not closed), turned like its outer ring.
    /// Empty when the outer ring has no area or a corner is not finite.
    pub fn polygon(&mut self, rings: &[Vec<P3>]) -> Vec<[P3; 3]> {
        let corners: Vec<P3> = rings.iter().flatten().copied().collect();
        self.numbers(rings).into_iter().map(|t| t.map(|i| corners[i as usize])).collect()
    }

    /// [`Self::polygon`] as numbers of corners, counted through all rings.
    pub fn numbers(&mut self, rings: &[Vec<P3>]) -> Vec<[u32; 3]> {
        let Some(outer) = rings.first() else { return Vec::new() };
        let Some(&anchor) = outer.first() else { return Vec::new() };
        let rel = |p: &P3| [p[0] - anchor[0], p[1] - anchor[1], p[2] - anchor[2]];
        let mut flat: Vec<P3> = outer.iter().map(rel).collect();
        let mut number: Vec<u32> = (0..outer.len() as u32).collect();
        let mut holes: Vec<u32> = Vec::new();
        let mut before = outer.len() as u32;
        for hole in &rings[1..] {
            if hole.len() >= 3 {
                holes.push(flat.len() as u32);
                flat.extend(hole.iter().map(rel));
                number.extend(before..before + hole.len() as u32);
            }
            before += hole.len() as u32;
        }
        let usable = outer.len() >= 3 && flat.len() <= MAX_CORNERS && flat.iter().flatten().all(|v| v.is_finite());
        if !usable || !project3d_to_2d(&flat, outer.len(), &mut self.plane) {
            return Vec::new();
        }
        self.earcut.earcut_slice(&self.plane, &holes, &mut self.triangles);
        let wanted = normal(outer);
        self.triangles
            .chunks_exact(3)
            .map(|t| {
                let n = normal(&[t[0], t[1], t[2]].map(|i| flat[i as usize]));
                let same = n[0] * wanted[0] + n[1] * wanted[1] + n[2] * wanted[2] >= 0.0;
                let t = [t[0], t[1], t[2]].map(|i| number[i as usize]);
                if same { t } else { [t[0], t[2], t[1]] }
            })
            .collect()
    }
}

/// Newell's normal of a ring; its length is twice the area, m².
pub(crate) fn normal(ring: &[P3]) -> P3 {
    let Some(&o) = ring.first() else { return [0.0; 3] };
    let mut n = [0.0; 3];
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        let (a, b) = ([a[0] - o[0], a[1] - o[1], a[2] - o[2]], [b[0] - o[0], b[1] - o[1], b[2] - o[2]]);
        n[0] += a[1] * b[2] - a[2] * b[1];
        n[1] += a[2] * b[0] - a[0] * b[2];
        n[2] += a[0] * b[1] - a[1] * b[0];
    }
    n
}

/// Vertical share of a normal, -1 … 1; 0 for no area.
pub(crate) fn steepness(n: P3) -> f64 {
    let length = (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt();
    if length > 0.0 { n[2] / length } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(triangles: &[[P3; 3]]) -> f64 {
        triangles
            .iter()
            .map(|t| {
                let n = normal(t);
                (n[0] * n[0] + n[1] * n[1] + n[2] * n[2]).sqrt() / 2.0
            })
            .sum()
    }

    #[test]
    fn a_wall_with_a_window_keeps_its_area_and_direction() {
        let wall = vec![[5.0, 84_000.0, 0.0], [15.0, 84_000.0, 0.0], [15.0, 84_000.0, 4.0], [5.0, 84_000.0, 4.0]];
        let window = vec![[7.0, 84_000.0, 1.0], [7.0, 84_000.0, 3.0], [9.0, 84_000.0, 3.0], [9.0, 84_000.0, 1.0]];
        let triangles = Triangulator::default().polygon(&[wall.clone(), window]);
        assert!((area(&triangles) - 36.0).abs() < 1e-9);
        let n = normal(&wall);
        assert!(triangles.iter().all(|t| normal(t)[1] * n[1] > 0.0));
    }

    #[test]
    fn a_ceiling_faces_down() {
        let ring = vec![[0.0, 0.0, 3.0], [0.0, 2.0, 3.0], [2.0, 2.0, 3.0], [2.0, 0.0, 3.0]];
        let triangles = Triangulator::default().polygon(&[ring]);
        assert!((area(&triangles) - 4.0).abs() < 1e-9);
        assert!(triangles.iter().all(|t| steepness(normal(t)) < -0.99));
    }

    #[test]
    fn lines_and_broken_numbers_give_nothing() {
        let mut t = Triangulator::default();
        assert!(t.polygon(&[vec![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]]).is_empty());
        assert!(t.polygon(&[vec![[0.0, 0.0, f64::NAN], [1.0, 0.0, 0.0], [2.0, 1.0, 0.0]]]).is_empty());
        assert!(t.polygon(&[]).is_empty());
    }
}
