//! Places people ask about: schools, hospitals, metro entrances, underpasses …

use guanlan_core::Bilingual;

use super::{
    data::{Tags, Way},
    names::{name, tunnel_name},
    quantity::count,
    roads,
    shapes::Shapes,
};
use crate::{
    import::rings::{P2, centre, inner_point},
    model::{Place, PlaceKind, RoadClass},
};

fn kind(tags: &Tags) -> Option<PlaceKind> {
    kind_by(&|key| tags.get(key).map(str::to_owned))
}

/// What a place is by its tags.
pub(crate) fn kind_by(get: &dyn Fn(&str) -> Option<String>) -> Option<PlaceKind> {
    let is = |key: &str, values: &[&str]| get(key).is_some_and(|v| values.contains(&v.as_str()));
    let care = ["nursing_home", "assisted_living", "group_home"];
    if is("amenity", &["school", "kindergarten", "college", "university"]) {
        Some(PlaceKind::School)
    } else if is("amenity", &["hospital"]) {
        Some(PlaceKind::Hospital)
    } else if is("amenity", &["clinic", "doctors"]) {
        Some(PlaceKind::Clinic)
    } else if is("amenity", &["nursing_home"])
        || (is("amenity", &["social_facility"])
            && (is("social_facility", &care) || is("social_facility:for", &["senior"])))
    {
        Some(PlaceKind::CareHome)
    } else if is("railway", &["subway_entrance"]) {
        Some(PlaceKind::MetroEntrance)
    } else if is("man_made", &["pumping_station"]) {
        Some(PlaceKind::PumpStation)
    } else if is("emergency", &["assembly_point"]) || is("social_facility", &["shelter"]) {
        Some(PlaceKind::Shelter)
    } else if is("place", &["quarter", "suburb", "neighbourhood"]) {
        Some(PlaceKind::Quarter)
    } else if is("amenity", &["fire_station"]) {
        Some(PlaceKind::FireStation)
    } else if is("amenity", &["police"]) {
        Some(PlaceKind::Police)
    } else if is("amenity", &["townhall", "courthouse"]) || is("office", &["government"]) {
        Some(PlaceKind::Government)
    } else if is("amenity", &["fuel"]) {
        Some(PlaceKind::Fuel)
    } else if is("power", &["substation"]) {
        Some(PlaceKind::Substation)
    } else if is("amenity", &["marketplace"]) || is("shop", &["supermarket", "mall"]) {
        Some(PlaceKind::Market)
    } else if is("amenity", &["bus_station"]) || is("railway", &["station"]) {
        Some(PlaceKind::Station)
    } else if get("name").is_some_and(|n| !n.is_empty())
        && (is(
            "amenity",
            &["library", "theatre", "cinema", "community_centre", "place_of_worship", "bank", "post_office"],
        ) || is("tourism", &["attraction", "museum", "hotel", "viewpoint"])
            || is("leisure", &["sports_centre", "stadium"]))
    {
        Some(PlaceKind::Poi)
    } else {
        None
    }
}

/// What a place without a name is called.
fn plain_name(kind: PlaceKind) -> Bilingual {
    let (chinese, english) = match kind {
        PlaceKind::School => ("学校", "School"),
        PlaceKind::Hospital => ("医院", "Hospital"),
        PlaceKind::MetroEntrance => ("地铁口", "Metro entrance"),
        PlaceKind::CareHome => ("养老院", "Care home"),
        PlaceKind::Underpass => ("下穿通道", "Underpass"),
        PlaceKind::PumpStation => ("泵站", "Pump station"),
        PlaceKind::Centre => ("指挥中心", "Command centre"),
        PlaceKind::Shelter => ("避难场所", "Shelter"),
        PlaceKind::Quarter => ("片区", "Quarter"),
        PlaceKind::FireStation => ("消防站", "Fire station"),
        PlaceKind::Police => ("派出所", "Police"),
        PlaceKind::Government => ("政府机构", "Government office"),
        PlaceKind::Clinic => ("诊所", "Clinic"),
        PlaceKind::Fuel => ("加油站", "Filling station"),
        PlaceKind::Substation => ("变电站", "Substation"),
        PlaceKind::Market => ("商超市场", "Market"),
        PlaceKind::Station => ("车站", "Station"),
        PlaceKind::Poi => ("地点", "Place"),
    };
    Bilingual::new(chinese, english)
}

/// Underpasses found so far: carriageways and pieces of one are one place.
#[derive(Default)]
struct Underpasses {
    named: Vec<String>,
    at_m: Vec<P2>,
}

impl Underpasses {
    /// Pieces without a name this near to another underpass belong to it, m.
    const ONE_M: f64 = 150.0;

    /// The name and the middle of a way that is the first of an underpass. Ramps and lanes below buildings without a
    /// name of their own are none: nobody watches them, and a town centre has hundreds.
    fn place(&mut self, way: &Way, line: &[P2]) -> Option<(Bilingual, P2)> {
        let class = roads::class(&way.tags).filter(|c| *c != RoadClass::Foot && roads::is_underpass(&way.tags))?;
        let name = tunnel_name(&way.tags);
        let at = *line.get(line.len() / 2)?;
        let nameless = name == Bilingual::default();
        if nameless && class == RoadClass::Service {
            return None;
        }
        let near = |p: &P2| (p[0] - at[0]).hypot(p[1] - at[1]) < Self::ONE_M;
        let known = if nameless { self.at_m.iter().any(near) } else { self.named.contains(&name.zh) };
        self.at_m.push(at);
        if known {
            return None;
        }
        self.named.push(name.zh.clone());
        Some((name, at))
    }
}

/// Reads all places, with their ids.
pub(super) fn read(shapes: &Shapes<'_>) -> Vec<(Place, String)> {
    let mut out: Vec<(Place, String)> = Vec::new();
    let mut add = |kind: PlaceKind, tags: &Tags, mut name: Bilingual, at: P2, id: String| {
        if name == Bilingual::default() {
            name = plain_name(kind);
            if let Some(letter) = tags.get("ref").or(tags.get("local_ref")).filter(|l| !l.is_empty()) {
                name = Bilingual::new(format!("{} {letter}", name.zh), format!("{} {letter}", name.en));
            }
        }
        let people = tags.get("capacity").and_then(count).map_or(0, |n| n.clamp(0, 1_000_000)) as u32;
        out.push((Place { kind, name, place_m: at, people }, id));
    };
    for (id, tags) in &shapes.data.tagged {
        if let (Some(kind), Some(at)) = (kind(tags), shapes.place(*id)) {
            add(kind, tags, name(tags), at, format!("node/{id}"));
        }
    }
    let mut underpasses = Underpasses::default();
    for way in &shapes.data.ways {
        let line: Vec<P2> = way.refs.iter().filter_map(|&n| shapes.place(n)).collect();
        if let Some(kind) = kind(&way.tags) {
            let closed = way.refs.len() > 3 && way.refs.first() == way.refs.last();
            let at = if closed { inner_point(&line) } else { centre(&line) };
            if let Some(at) = at {
                add(kind, &way.tags, name(&way.tags), at, format!("way/{}", way.id));
            }
        }
        if let Some((name, at)) = underpasses.place(way, &line) {
            add(PlaceKind::Underpass, &way.tags, name, at, format!("way/{}", way.id));
        }
    }
    let mut silent = crate::import::Report::default();
    for relation in shapes.data.relations.iter().filter(|r| r.tags.is("type", "multipolygon")) {
        if let Some(kind) = kind(&relation.tags) {
            let areas = shapes.relation_areas(relation, &mut silent);
            if let Some(at) = areas.first().and_then(|a| inner_point(&a.ring)) {
                add(kind, &relation.tags, name(&relation.tags), at, format!("relation/{}", relation.id));
            }
        }
    }
    out
}
