//! Land of which only the heights are known: tinted by height, with contour lines. A town is not, its streets tell enough.

use bevy::math::Vec4;
use guanlan_city::City;
use guanlan_city::model::Terrain;

/// Land with less between its low and its high places is level, m.
const LEAST_M: f32 = 1.0;
/// Contour lines between the low and the high places, about.
const LINES: f32 = 16.0;
/// Cells that are looked at for the low and the high places.
const PROBES: usize = 40_000;

/// What the ground's shader needs: lowest height, height between low and high, height between contour lines, m; share of
/// the tint, 0 for land with anything on it.
#[must_use]
pub fn of(city: &City) -> Vec4 {
    let bare = city.buildings.is_empty() && city.roads.is_empty() && city.surfaces.is_empty();
    let Some((low, high)) = city.terrain.as_ref().filter(|_| bare).and_then(span) else { return Vec4::ZERO };
    if high - low < LEAST_M {
        return Vec4::ZERO;
    }
    Vec4::new(low, high - low, step(high - low), 1.0)
}

/// Heights that all but every fiftieth cell lie between, m.
fn span(terrain: &Terrain) -> Option<(f32, f32)> {
    let by = (terrain.z_m.len() / PROBES).max(1);
    let mut z: Vec<f32> = terrain.z_m.iter().copied().step_by(by).filter(|z| z.is_finite()).collect();
    z.sort_by(f32::total_cmp);
    let cut = z.len() / 50;
    Some((*z.get(cut)?, *z.get(z.len() - 1 - cut)?))
}

/// A height between lines that people count in: 1, 2 or 5 of a power of ten, m.
fn step(span_m: f32) -> f32 {
    let wanted = span_m / LINES;
    let ten = 10_f32.powf(wanted.log10().floor());
    let rest = wanted / ten;
    ten * if rest < 1.5 {
        1.0
    } else if rest < 3.5 {
        2.0
    } else if rest < 7.5 {
        5.0
    } else {
        10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use guanlan_city::model::Road;

    fn hill() -> City {
        let z_m = (0..10_000).map(|i| if i == 7 { -32_000.0 } else { (i % 100) as f32 * 3.0 }).collect();
        let terrain = Terrain { cell_m: 10.0, cols: 100, rows: 100, z_m, ..Terrain::default() };
        City { terrain: Some(terrain), ..City::default() }
    }

    #[test]
    fn bare_land_is_tinted_between_its_low_and_high_places() {
        let [low, span, step, share] = of(&hill()).to_array();
        assert!(
            (0.0..10.0).contains(&low) && (280.0..300.0).contains(&span),
            "{low} {span}: one odd cell is no valley"
        );
        assert_eq!((step, share), (20.0, 1.0));
    }

    #[test]
    fn towns_and_level_land_are_not() {
        assert_eq!(of(&City { roads: vec![Road::default()], ..hill() }), Vec4::ZERO);
        let mut level = hill();
        level.terrain.as_mut().unwrap().z_m.fill(4.0);
        assert_eq!(of(&level), Vec4::ZERO);
        assert_eq!(of(&City::default()), Vec4::ZERO);
    }

    #[test]
    fn contours_are_counted_in_ones_twos_and_fives() {
        for (span, wanted) in [(16.0, 1.0), (40.0, 2.0), (90.0, 5.0), (300.0, 20.0), (3000.0, 200.0), (1.6, 0.1)] {
            assert!((step(span) - wanted).abs() < 1e-4 * wanted, "{span}: {}", step(span));
        }
    }
}
