//! What casework asks of the static city: grid, words for a place, who is responsible.

use std::sync::Arc;

use bevy_ecs::prelude::Resource;
use guanlan_city::{
    City,
    model::{AdminArea, AdminLevel},
};
use guanlan_core::{Bilingual, OrgId, UnitId};

use crate::rules::CaseRules;

/// A road is named as the place when it passes within this distance, m.
const ROAD_M: f64 = 60.0;
/// A place is named "near" within this distance, m.
const NEAR_M: f64 = 250.0;
/// A cover sensor belongs to a cover within this distance, m.
const COVER_M: f64 = 5.0;

/// The static city with a small index of its grids. A constant of the room, not part of its truth.
#[derive(Resource, Clone)]
pub struct Site {
    city: Arc<City>,
    /// Bounding box west, south, east, north and index into `city.areas`.
    grids: Arc<Vec<([f64; 4], usize)>>,
}

impl Site {
    /// Indexes `city`.
    #[must_use]
    pub fn new(city: Arc<City>) -> Self {
        let mut grids = Vec::new();
        for (index, area) in city.areas.iter().enumerate() {
            if area.level == AdminLevel::Grid && area.ring.len() >= 3 {
                let mut bounds = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
                for &[x, y] in &area.ring {
                    let (x, y) = (f64::from(x), f64::from(y));
                    bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
                }
                grids.push((bounds, index));
            }
        }
        Self { city, grids: Arc::new(grids) }
    }

    /// The 单元网格 a place lies in.
    #[must_use]
    pub fn grid(&self, [x, y]: [f64; 2]) -> Option<&AdminArea> {
        self.grids
            .iter()
            .filter(|([west, south, east, north], _)| x >= *west && x <= *east && y >= *south && y <= *north)
            .map(|(_, index)| &self.city.areas[*index])
            .find(|area| inside(&area.ring, x, y))
    }

    /// A place in words: community, road, what is near.
    #[must_use]
    pub fn words(&self, place_m: [f64; 2]) -> Bilingual {
        let community = self.grid(place_m).and_then(|grid| {
            let parent = grid.code.get(..12)?;
            self.city.areas.iter().find(|area| area.level == AdminLevel::Community && area.code == parent)
        });
        let road = self
            .city
            .roads
            .iter()
            .filter(|road| !road.name.zh.is_empty())
            .map(|road| (road.distance_m(place_m), &road.name))
            .filter(|(d, _)| *d <= ROAD_M)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name);
        let near = self
            .city
            .places
            .iter()
            .map(|place| (distance(place.place_m, place_m), &place.name))
            .filter(|(d, _)| *d <= NEAR_M)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name);
        let mut zh = String::new();
        let mut en: Vec<String> = Vec::new();
        if let Some(near) = near {
            en.push(format!("near {}", english(near)));
        }
        if let Some(road) = road {
            en.push(english(road).to_owned());
        }
        if let Some(community) = community {
            zh.push_str(&community.name.zh);
            en.push(english(&community.name).to_owned());
        }
        if let Some(road) = road {
            zh.push_str(&road.zh);
        }
        if let Some(near) = near {
            if !zh.is_empty() {
                zh.push(' ');
            }
            zh.push_str(&near.zh);
            zh.push_str("附近");
        }
        if zh.is_empty() {
            let text = format!("{:.0}, {:.0} m", place_m[0], place_m[1]);
            return Bilingual::new(format!("坐标 {text}"), format!("at {text}"));
        }
        Bilingual::new(zh, en.join(", "))
    }

    /// The class of the cover that stands at `place_m`, as a matter code such as `01-002`.
    #[must_use]
    pub fn cover(&self, place_m: [f64; 2]) -> Option<&str> {
        let is_cover = |class: &str| matches!(class.strip_prefix("01-").map(str::parse::<u16>), Some(Ok(1..=23)));
        self.city
            .components
            .iter()
            .filter(|component| is_cover(&component.class))
            .map(|c| (distance([f64::from(c.place_m[0]), f64::from(c.place_m[1])], place_m), c.class.as_str()))
            .filter(|(d, _)| *d <= COVER_M)
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, class)| class)
    }

    /// The organisation that answers for a code at a place: first by duty in the order of the rules,
    /// then by the smallest area that holds the grid, then by distance.
    #[must_use]
    pub fn responsible(&self, rules: &CaseRules, code: &str, grid: &str, place_m: [f64; 2]) -> Option<&OrgId> {
        let duties = rules.duties_of(code);
        self.city
            .organisations
            .iter()
            .filter(|org| org.kind == "unit")
            .filter(|org| org.area.is_empty() || grid.starts_with(org.area.as_str()))
            .filter_map(|org| {
                let rank = duties.iter().position(|duty| org.duties.iter().any(|d| d == duty))?;
                Some((rank, usize::MAX - org.area.len(), distance(org.place_m, place_m), &org.id))
            })
            .min_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)).then_with(|| a.3.cmp(b.3)))
            .map(|(.., id)| id)
    }

    /// True when there is such an organisation.
    #[must_use]
    pub fn has_org(&self, org: &OrgId) -> bool {
        self.city.organisations.iter().any(|o| o.id == *org)
    }

    /// The organisation of a crew.
    #[must_use]
    pub fn org_of_unit(&self, unit: &UnitId) -> Option<&OrgId> {
        self.city.units.iter().find(|u| u.id == *unit).map(|u| &u.org)
    }
}

fn english(name: &Bilingual) -> &str {
    name.get(guanlan_core::Lang::En)
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (a[0] - b[0], a[1] - b[1]);
    (dx * dx + dy * dy).sqrt()
}

fn inside(ring: &[[f32; 2]], x: f64, y: f64) -> bool {
    let mut within = false;
    let mut previous = ring[ring.len() - 1];
    for &current in ring {
        let (ax, ay) = (f64::from(previous[0]), f64::from(previous[1]));
        let (bx, by) = (f64::from(current[0]), f64::from(current[1]));
        if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
            within = !within;
        }
        previous = current;
    }
    within
}
