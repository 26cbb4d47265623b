//! Levels of detail: which of an object's geometries is drawn, and which are kept for other distances.

use super::{file::CityObject, geometry::Geometry};

/// Most triangles of an object that are drawn from near; a finer geometry is kept but not drawn.
const BUDGET: usize = 20_000;
/// From this level on geometries show the inside of buildings.
const INSIDE: f64 = 4.0;

/// Geometries that can be drawn; points and lines are left out.
fn drawable(object: &CityObject) -> impl Iterator<Item = &Geometry> {
    object.geometry.iter().filter(|g| !g.surfaces.is_empty() || g.instance.is_some())
}

/// All levels of detail of some objects, the coarsest first.
pub(super) fn levels(objects: &[&CityObject]) -> Vec<f64> {
    let mut all: Vec<f64> = objects.iter().flat_map(|o| drawable(o)).map(Geometry::lod).collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
}

/// Geometries of the finest level of an object that is no finer than `most`.
pub(super) fn chosen(object: &CityObject, most: f64) -> Vec<&Geometry> {
    let best = drawable(object).map(Geometry::lod).filter(|lod| *lod <= most).reduce(f64::max);
    drawable(object).filter(|g| Some(g.lod()) == best).collect()
}

/// Triangles of a geometry, about.
fn estimate(geometry: &Geometry) -> usize {
    let of = |rings: &Vec<Vec<usize>>| rings.iter().map(Vec::len).sum::<usize>().saturating_sub(2) + 2 * rings.len();
    geometry.surfaces.iter().map(|s| of(&s.rings)).sum()
}

/// The finest level whose geometries are within the budget together; else the coarsest that has a body.
pub(super) fn finest_within(objects: &[&CityObject]) -> f64 {
    let all = levels(objects);
    let cost = |lod: f64| objects.iter().flat_map(|o| chosen(o, lod)).map(estimate).sum::<usize>();
    let fit = all.iter().rev().copied().find(|&lod| lod < INSIDE && cost(lod) <= BUDGET);
    let body = || all.iter().copied().find(|&lod| lod >= 1.0);
    // One geometry for all: members that are only finer would be left out of a coarser level.
    fit.filter(|&lod| lod >= 1.0 || body().is_none()).or_else(body).or_else(|| all.first().copied()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::cityjson::geometry::Surface;

    fn object(lods: &[(&str, usize)]) -> CityObject {
        let geometry = |&(lod, n): &(&str, usize)| Geometry {
            lod: lod.into(),
            surfaces: vec![Surface { rings: vec![vec![0, 1, 2]], ..Surface::default() }; n],
            ..Geometry::default()
        };
        CityObject { geometry: lods.iter().map(geometry).collect(), ..CityObject::default() }
    }

    #[test]
    fn the_finest_that_can_be_afforded_is_drawn_and_all_are_known() {
        let house = object(&[("0", 1), ("1.2", 6), ("2.2", 30), ("3", 50)]);
        assert_eq!(levels(&[&house]), [0.0, 1.2, 2.2, 3.0]);
        assert_eq!(finest_within(&[&house]), 3.0);
        let palace = object(&[("1", 6), ("3", 50_000)]);
        assert_eq!(finest_within(&[&palace]), 1.0);
        let (root, part) = (object(&[("0", 1)]), object(&[("1.2", 6), ("4", 9)]));
        assert_eq!(finest_within(&[&root, &part]), 1.2);
        assert_eq!(chosen(&part, 1.2).len(), 1);
        assert_eq!(finest_within(&[&object(&[("4", 9)])]), 4.0);
        assert_eq!(finest_within(&[&object(&[("0", 9)])]), 0.0);
        assert_eq!((finest_within(&[&object(&[])]), chosen(&object(&[]), 9.0).len()), (0.0, 0));
    }
}
