//! Harm in figures that two runs can be compared by.
//!
//! The score adds what a duty officer weighs, in minutes of a cut main road: an underpass cut for a minute counts
//! [`UNDERPASS_MIN`], a primary road 3, a secondary or tertiary road 1, a lane 0.2; a building with 15 cm and more over
//! its sill counts 30 and one more for every resident (a film over the sill counts 1), a school, hospital, care home or
//! metro entrance that water reaches counts 120. The weights rank; they are no money.

use guanlan_city::{
    City,
    model::{PlaceKind, RoadClass},
};
use guanlan_core::water::Harm;

use crate::impact::Impact;

/// Weight of a minute of a cut underpass.
pub const UNDERPASS_MIN: f64 = 10.0;
const BUILDING: f64 = 30.0;
const DEEP_M: f32 = 0.15;
const PLACE: f64 = 120.0;

/// The harm of a run; `series_mm` are the depths of its sites.
#[must_use]
pub fn harm_of(city: &City, impact: &Impact, series_mm: &[Vec<u16>]) -> Harm {
    let mut harm = Harm {
        buildings: impact.buildings_flooded as u32,
        residents: impact.residents_affected,
        peak_mm: series_mm.iter().flatten().copied().max().map_or(0, u32::from),
        ..Harm::default()
    };
    for road in impact.roads.iter().filter(|r| r.first_closed_s.is_some()) {
        let minutes = road.closed_s / 60.0;
        harm.roads += 1;
        harm.road_min += minutes;
        let weight = match city.roads.get(road.edge).map(|r| r.class) {
            _ if road.underpass => UNDERPASS_MIN,
            Some(RoadClass::Motorway | RoadClass::Primary) => 3.0,
            Some(RoadClass::Secondary | RoadClass::Tertiary) => 1.0,
            Some(RoadClass::Residential | RoadClass::Service) => 0.2,
            Some(RoadClass::Foot) | None => 0.0,
        };
        if road.underpass {
            harm.underpasses += 1;
            harm.underpass_min += minutes;
        }
        harm.score += weight * minutes;
    }
    let vulnerable = |k: &PlaceKind| {
        matches!(k, PlaceKind::School | PlaceKind::Hospital | PlaceKind::MetroEntrance | PlaceKind::CareHome)
    };
    harm.places = impact.places.iter().filter(|p| vulnerable(&p.kind)).count() as u32;
    for building in &impact.buildings {
        let deep = building.over_sill_m >= DEEP_M;
        harm.score += if deep { BUILDING + f64::from(building.residents) } else { 1.0 };
    }
    harm.score += PLACE * f64::from(harm.places);
    harm.score = (harm.score * 10.0).round() / 10.0;
    harm.road_min = (harm.road_min * 10.0).round() / 10.0;
    harm.underpass_min = (harm.underpass_min * 10.0).round() / 10.0;
    harm
}
