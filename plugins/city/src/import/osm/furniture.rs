//! Street furniture → components (部件): cameras, lamps, hydrants, covers, bins, trees …

use super::{data::Tags, shapes::Shapes};
use crate::{import::bearing::bearing_deg, model::Component};

/// Class of a component in the edition of 2026 by its tags.
fn class(tags: &Tags) -> Option<&'static str> {
    let is = |key: &str, values: &[&str]| tags.is_any(key, values);
    if (is("man_made", &["surveillance"]) && !is("surveillance:type", &["guard"])) || is("highway", &["speed_camera"]) {
        return Some("01-050");
    }
    if is("man_made", &["manhole"]) || tags.has("manhole") {
        return Some(cover(tags));
    }
    let by = |key: &str| tags.get(key).unwrap_or_default();
    Some(match (by("amenity"), by("highway"), by("emergency"), by("natural"), by("power")) {
        ("waste_basket", ..) => "03-005",
        ("bench", ..) => "04-007",
        ("toilets", ..) => "03-001",
        ("charging_station", ..) => "01-054",
        ("post_box", ..) => "01-042",
        ("telephone", ..) => "01-041",
        ("vending_machine", ..) => "01-045",
        ("parcel_locker", ..) => "01-075",
        ("bicycle_parking", ..) => "02-025",
        ("bicycle_rental", ..) => "02-026",
        ("fountain", ..) => "04-010",
        (_, "street_lamp", ..) => "01-037",
        (_, "bus_stop", ..) => "02-004",
        (_, "elevator", ..) => "01-076",
        (_, "traffic_mirror", ..) => "02-033",
        (_, _, "fire_hydrant", ..) => "01-013",
        (_, _, "phone", ..) => "01-066",
        (.., "tree", _) => "04-002",
        (.., "transformer") => "01-048",
        (.., "pole") => "01-030",
        (.., "tower") => "01-047",
        _ if is("man_made", &["flagpole"]) => "01-035",
        _ if is("man_made", &["water_tower"]) => "01-063",
        _ if is("man_made", &["street_cabinet"]) && is("street_cabinet", &["telecom"]) => "01-027",
        _ if is("man_made", &["street_cabinet"]) => "01-048",
        _ if is("man_made", &["utility_pole"]) || is("telecom", &["pole"]) => "01-031",
        _ if is("tourism", &["artwork"]) && is("artwork_type", &["sculpture", "statue"]) => "04-006",
        _ => return None,
    })
}

/// Class of a cover by what lies below it.
fn cover(tags: &Tags) -> &'static str {
    let below = [tags.get("manhole"), tags.get("utility"), tags.get("substance")];
    let below = |words: &[&str]| below.iter().flatten().any(|v| words.contains(v));
    if below(&["drain", "rainwater", "stormwater"]) {
        "01-003"
    } else if below(&["sewer", "sewerage", "wastewater"]) {
        "01-002"
    } else if below(&["water"]) {
        "01-001"
    } else if below(&["power", "electricity"]) {
        "01-005"
    } else if below(&["telecom", "communication"]) {
        "01-007"
    } else if below(&["gas"]) {
        "01-011"
    } else if below(&["heating", "hot_water"]) {
        "01-010"
    } else {
        "01-023"
    }
}

/// Where a thing faces, degrees clockwise from north.
fn heading_deg(tags: &Tags) -> Option<f32> {
    let keys = ["camera:direction", "surveillance:direction", "direction", "light:direction"];
    keys.iter().find_map(|key| tags.get(key).and_then(bearing_deg)).map(|d| d as f32)
}

/// Reads all components.
pub(super) fn read(shapes: &Shapes<'_>) -> Vec<Component> {
    let one = |(id, tags): &(i64, Tags)| {
        let (class, at) = (class(tags)?, shapes.place(*id)?);
        let org = tags.get("operator").unwrap_or_default().to_owned();
        let class = class.to_owned();
        Some(Component {
            code: format!("node/{id}"),
            class,
            class_2013: String::new(),
            place_m: at.map(|v| v as f32),
            heading_deg: heading_deg(tags),
            state: String::new(),
            org,
        })
    };
    shapes.data.tagged.iter().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(all: &[(&str, &str)]) -> Tags {
        all.iter().copied().collect()
    }

    #[test]
    fn what_stands_on_the_street_has_a_class_and_a_heading() {
        let camera = tags(&[("man_made", "surveillance"), ("camera:direction", "NW"), ("direction", "5")]);
        assert_eq!((class(&camera), heading_deg(&camera)), (Some("01-050"), Some(315.0)));
        let speed = tags(&[("highway", "speed_camera"), ("direction", "forward")]);
        assert_eq!((class(&speed), heading_deg(&speed)), (Some("01-050"), None));
        for (all, want) in [
            (&[("highway", "street_lamp")][..], Some("01-037")),
            (&[("natural", "tree"), ("denotation", "avenue")], Some("04-002")),
            (&[("manhole", "sewer")], Some("01-002")),
            (&[("man_made", "manhole"), ("utility", "gas")], Some("01-011")),
            (&[("man_made", "manhole")], Some("01-023")),
            (&[("man_made", "surveillance"), ("surveillance:type", "guard")], None),
            (&[("highway", "traffic_signals")], None),
        ] {
            assert_eq!(class(&tags(all)), want, "{all:?}");
        }
    }
}
