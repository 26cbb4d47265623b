//! How a script names places and sensors without knowing a city's ids.
//!
//! - `road_water_depth#1`, `underpass#2`: the n-th sensor of a property or place of a kind, in the
//!   city's order; `underpass@east#1` counts from the east (`west`, `north`, `south` likewise);
//! - `road_water_depth near underpass@east#1`: the sensor of a property nearest to another target;
//! - `at:1200,3400`: metres east and north in the local frame;
//! - anything else: a sensor's id, a place's name or a road's name.

use guanlan_city::{City, model::PlaceKind};
use guanlan_core::{ObservedProperty, SensorId};

/// Where a target is and, if it is one, which sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// Local frame, m.
    pub place_m: [f64; 2],
    /// The sensor it names.
    pub sensor: Option<SensorId>,
}

/// Finds what `target` names.
///
/// # Errors
/// Says what there is instead.
pub fn find(city: &City, target: &str) -> Result<Spot, String> {
    if let Some(numbers) = target.strip_prefix("at:") {
        let parsed: Option<Vec<f64>> = numbers.split(',').map(|n| n.trim().parse().ok()).collect();
        return match parsed.as_deref() {
            Some([east, north]) if east.is_finite() && north.is_finite() => {
                Ok(Spot { place_m: [*east, *north], sensor: None })
            }
            _ => Err(format!("expected at:EAST,NORTH in metres, found '{target}'")),
        };
    }
    if let Some((property, place)) = target.split_once(" near ") {
        let place_m = find(city, place.trim())?.place_m;
        let all = ObservedProperty::from_key(property.trim()).and_then(|_| of_kind(city, property.trim()));
        let all = all.ok_or_else(|| format!("'{property}' is not an observed property such as road_water_depth"))?;
        let away = |spot: &Spot| distance_m(spot.place_m, place_m);
        return all
            .into_iter()
            .min_by(|a, b| away(a).total_cmp(&away(b)))
            .ok_or_else(|| format!("this city has no sensor of '{property}'"));
    }
    if let Some((kind, number)) = target.rsplit_once('#') {
        let (kind, side) = kind.split_once('@').map_or((kind, ""), |(kind, side)| (kind, side));
        let number: usize = number
            .parse()
            .ok()
            .filter(|n| *n >= 1)
            .ok_or_else(|| format!("expected a number from 1 after #, found '{target}'"))?;
        let mut all = of_kind(city, kind).ok_or_else(|| {
            format!("'{kind}' is neither an observed property nor a kind of place (see guanlan schema drill)")
        })?;
        let key = |spot: &Spot| match side {
            "east" => -spot.place_m[0],
            "west" => spot.place_m[0],
            "north" => -spot.place_m[1],
            "south" => spot.place_m[1],
            _ => 0.0,
        };
        if !matches!(side, "" | "east" | "west" | "north" | "south") {
            return Err(format!("expected @east, @west, @north or @south, found '@{side}'"));
        }
        all.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let count = all.len();
        return all
            .into_iter()
            .nth(number - 1)
            .ok_or_else(|| format!("this city has {count} of '{kind}', not {number}"));
    }
    if let Some(sensor) = city.sensors.iter().find(|s| s.id.as_str() == target) {
        let place_m = sensor.place_m.ok_or_else(|| format!("sensor '{target}' has no place"))?;
        return Ok(Spot { place_m, sensor: Some(sensor.id.clone()) });
    }
    if let Some(place) = city.places.iter().find(|p| p.name.zh == target || p.name.en == target) {
        return Ok(Spot { place_m: place.place_m, sensor: None });
    }
    let road = city.roads.iter().find(|r| r.name.zh == target || r.name.en == target);
    match road.and_then(|road| road.line.get(road.line.len() / 2)) {
        Some(&[x, y]) => Ok(Spot { place_m: [f64::from(x), f64::from(y)], sensor: None }),
        None => Err(format!("this city has no sensor, place or road '{target}'")),
    }
}

fn of_kind(city: &City, kind: &str) -> Option<Vec<Spot>> {
    if let Some(property) = ObservedProperty::from_key(kind) {
        let sensors = city.sensors.iter().filter(|s| s.property == property);
        return Some(sensors.filter_map(|s| Some(Spot { place_m: s.place_m?, sensor: Some(s.id.clone()) })).collect());
    }
    let kind: PlaceKind = crate::script::word(kind)?;
    let places = city.places.iter().filter(|p| p.kind == kind);
    Some(places.map(|p| Spot { place_m: p.place_m, sensor: None }).collect())
}

/// The road edges a target means: underpasses within 120 m, or else the nearest edge for vehicles.
#[must_use]
pub fn edges(city: &City, place_m: [f64; 2]) -> Vec<u32> {
    let away = |index: usize| city.roads[index].distance_m(place_m);
    let drives = |index: &usize| city.roads[*index].class != guanlan_city::model::RoadClass::Foot;
    let under: Vec<u32> = (0..city.roads.len())
        .filter(|i| city.roads[*i].underpass && drives(i) && away(*i) <= 120.0)
        .filter_map(|i| u32::try_from(i).ok())
        .collect();
    if !under.is_empty() {
        return under;
    }
    let nearest = (0..city.roads.len()).filter(drives).min_by(|a, b| away(*a).total_cmp(&away(*b)));
    nearest.and_then(|i| u32::try_from(i).ok()).into_iter().collect()
}

/// Distance between two places, m.
#[must_use]
pub fn distance_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (a[0] - b[0], a[1] - b[1]);
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use guanlan_city::model::{Place, Road, SensorSpec};
    use guanlan_core::Bilingual;

    use super::*;

    fn city() -> City {
        let gauge = |id: &str, east: f64| SensorSpec {
            id: id.into(),
            name: Bilingual::same(id),
            property: ObservedProperty::RoadWaterDepth,
            place_m: Some([east, 0.0]),
            height_m: 0.0,
            period_s: 60,
        };
        let place = |zh: &str, en: &str, east: f64| Place {
            kind: PlaceKind::Underpass,
            name: Bilingual::new(zh, en),
            place_m: [east, 0.0],
            people: 0,
        };
        let road = |name: &str, y: f32, underpass| Road {
            name: Bilingual::same(name),
            underpass,
            line: vec![[0.0, y], [10.0, y], [900.0, y]],
            ..Road::default()
        };
        City {
            sensors: vec![gauge("W-1", 100.0), gauge("W-2", 800.0), gauge("W-3", 500.0)],
            places: vec![place("西下穿", "West underpass", 120.0), place("东下穿", "East underpass", 700.0)],
            roads: vec![road("滨江路", 50.0, false), road("地道", 100.0, true)],
            ..City::default()
        }
    }

    #[test]
    fn targets_are_found_without_knowing_ids() {
        let city = city();
        let sensor = |target: &str| find(&city, target).unwrap().sensor.unwrap();
        assert_eq!(sensor("road_water_depth#1").as_str(), "W-1");
        assert_eq!(sensor("road_water_depth@east#1").as_str(), "W-2");
        assert_eq!(sensor("road_water_depth@west#2").as_str(), "W-3");
        assert_eq!(sensor("road_water_depth near underpass@east#1").as_str(), "W-2");
        assert_eq!(sensor("W-3").as_str(), "W-3");
        let place = |target: &str| find(&city, target).unwrap().place_m;
        assert_eq!(place("underpass#2"), [700.0, 0.0]);
        assert_eq!(place("West underpass"), [120.0, 0.0]);
        assert_eq!(place("滨江路"), [10.0, 50.0]);
        assert_eq!(place("at:12.5, -3"), [12.5, -3.0]);
        for (bad, expected) in [
            ("underpass#3", "this city has 2 of 'underpass', not 3"),
            ("underpass#0", "a number from 1"),
            ("tunnel#1", "neither an observed property nor"),
            ("underpass@up#1", "found '@up'"),
            ("at:1", "expected at:EAST,NORTH"),
            ("at:nan,1", "expected at:EAST,NORTH"),
            ("gas_lel near W-1", "no sensor of 'gas_lel'"),
            ("water near W-1", "is not an observed property"),
            ("nowhere", "no sensor, place or road 'nowhere'"),
        ] {
            let error = find(&city, bad).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn roads_under_come_before_roads_near() {
        let city = city();
        assert_eq!(edges(&city, [400.0, 40.0]), [1], "the underpass within 120 m");
        assert_eq!(edges(&city, [400.0, -60.0]), [0], "else the nearest");
        assert!(edges(&City::default(), [0.0, 0.0]).is_empty());
    }
}
