//! Named views that every city has: the whole, its quarters, its river, its underpasses.

use bevy::math::Vec2;
use bevy::prelude::Resource;
use guanlan_city::City;
use guanlan_city::model::{PlaceKind, Road, RoadClass, SurfaceKind};
use guanlan_core::Bilingual;

use super::rig::{CameraPose, DISTANCE_M, Lens};
use crate::frame::to_scene;
use crate::ground::heights::Ground;
use crate::ground::raster::scan_line;

/// A view with a key for command lines and a name for people.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedView {
    /// Key: `overview`, `oldtown`, `river` …
    pub key: String,
    /// Name on the screen.
    pub name: Bilingual,
    /// Where to look from.
    pub pose: CameraPose,
}

/// The views of a city; the first is the whole.
#[derive(Resource, Clone, Debug, Default)]
pub struct Views(pub Vec<NamedView>);

impl Views {
    /// The view with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&NamedView> {
        self.0.iter().find(|v| v.key == key)
    }
}

/// West, south, east, north of the built town, local m: the middle 98 % of the buildings with a margin. Long roads
/// that leave an extract, or one far building, do not make the town small on the screen.
fn town(city: &City) -> [f32; 4] {
    /// Fewer buildings say nothing about where the town is.
    const ENOUGH: usize = 50;
    let (mut east, mut north): (Vec<f32>, Vec<f32>) =
        city.buildings.iter().filter_map(guanlan_city::model::Building::centre).map(|[x, y]| (x, y)).unzip();
    if let Some(group) = lonely(city) {
        return group;
    }
    if east.len() < ENOUGH {
        return city.extent;
    }
    east.sort_by(f32::total_cmp);
    north.sort_by(f32::total_cmp);
    let cut = east.len() / 100;
    let span = |sorted: &[f32]| (sorted[cut], sorted[sorted.len() - 1 - cut]);
    let ((w, e), (s, n)) = (span(&east), span(&north));
    let margin = 0.08 * (e - w).max(n - s);
    let [xw, xs, xe, xn] = city.extent;
    [(w - margin).max(xw), (s - margin).max(xs), (e + margin).min(xe), (n + margin).min(xn)]
}

/// A handful of houses strewn over a land without anything else would be specks: the largest group of them, west, south,
/// east, north, local m. `None` for towns.
fn lonely(city: &City) -> Option<[f32; 4]> {
    /// Share of the land that a town covers at the very least.
    const TOWN: f32 = 5e-4;
    /// Houses of a group are this near, m.
    const GROUP_M: f32 = 400.0;
    /// More houses are a town, whatever they cover.
    const MOST: usize = 2000;
    let bare = city.roads.is_empty() && city.surfaces.is_empty() && city.terrain.is_none() && city.tilesets.is_empty();
    let [w, s, e, n] = city.extent;
    let land_m2 = (e - w) * (n - s);
    let covered_m2: f32 = city.buildings.iter().filter_map(|b| Some(area(&b.parts.first()?.footprint))).sum();
    if !bare || city.buildings.is_empty() || city.buildings.len() > MOST || covered_m2 > TOWN * land_m2 {
        return None;
    }
    let houses: Vec<[f32; 2]> = city.buildings.iter().filter_map(guanlan_city::model::Building::centre).collect();
    let near = |a: &[f32; 2], b: &[f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < GROUP_M;
    let middle = houses.iter().max_by_key(|a| houses.iter().filter(|b| near(a, b)).count())?;
    let group = houses.iter().filter(|b| near(middle, b));
    let around = group.fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |r, p| {
        [r[0].min(p[0]), r[1].min(p[1]), r[2].max(p[0]), r[3].max(p[1])]
    });
    const ROOM_M: f32 = 40.0;
    Some([around[0] - ROOM_M, around[1] - ROOM_M, around[2] + ROOM_M, around[3] + ROOM_M])
}

/// The views of a city.
#[must_use]
pub fn from_city(city: &City, ground: &Ground) -> Views {
    let at = |e: f32, n: f32| [e, n, ground.height_m(e, n)];
    let [w, s, e, n] = town(city);
    let mut views = vec![
        NamedView {
            key: "overview".into(),
            name: Bilingual::new("全域", "Overview"),
            pose: home(city, ground, &Lens::plain(Vec2::new(1600.0, 900.0)), Vec2::new(1600.0, 900.0)),
        },
        NamedView {
            key: "top".into(),
            name: Bilingual::new("俯视", "From above"),
            pose: CameraPose {
                focus: at((w + e) * 0.5, (s + n) * 0.5),
                distance_m: (n - s).max((e - w) * 0.58) * 1.52,
                yaw_deg: 0.0,
                pitch_deg: 89.0,
            },
        },
    ];
    let mut quarters = 0;
    for place in city.places.iter().filter(|p| p.kind == PlaceKind::Quarter) {
        quarters += 1;
        let old = place.name.zh.contains('老') || place.name.zh.contains('古') || place.name.en.contains("Old");
        let key = if old && !views.iter().any(|v| v.key == "oldtown") {
            "oldtown".into()
        } else {
            format!("quarter-{quarters}")
        };
        views.push(NamedView {
            key,
            name: place.name.clone(),
            pose: CameraPose {
                focus: at(place.place_m[0] as f32, place.place_m[1] as f32),
                distance_m: 620.0,
                yaw_deg: 330.0,
                pitch_deg: 32.0,
            },
        });
    }
    if let Some(pose) = street(city, ground) {
        views.push(NamedView { key: "street".into(), name: Bilingual::new("街景", "Street"), pose });
    }
    let river = city
        .surfaces
        .iter()
        .filter(|s| s.kind == SurfaceKind::Water && s.ring.len() >= 3)
        .max_by(|a, b| area(&a.ring).total_cmp(&area(&b.ring)));
    if let Some(river) = river {
        let [east, north] = midstream(&river.ring, [(w + e) * 0.5, (s + n) * 0.5]);
        views.push(NamedView {
            key: "river".into(),
            name: Bilingual::new("河道", "River"),
            pose: CameraPose { focus: at(east, north), distance_m: 1300.0, yaw_deg: 25.0, pitch_deg: 28.0 },
        });
    }
    for (i, place) in city.places.iter().filter(|p| p.kind == PlaceKind::Underpass).enumerate() {
        views.push(NamedView {
            key: format!("underpass-{}", i + 1),
            name: place.name.clone(),
            pose: CameraPose {
                focus: at(place.place_m[0] as f32, place.place_m[1] as f32),
                distance_m: 260.0,
                yaw_deg: 40.0,
                pitch_deg: 42.0,
            },
        });
    }
    Views(views)
}

/// On the pavement of a street of the first quarter, looking along it.
fn street(city: &City, ground: &Ground) -> Option<CameraPose> {
    let quarter = city.places.iter().find(|p| p.kind == PlaceKind::Quarter)?;
    let [e, n] = quarter.place_m.map(|v| v as f32);
    let road = city
        .roads
        .iter()
        .filter(|r| !r.bridge && matches!(r.class, RoadClass::Secondary | RoadClass::Primary))
        .filter(|r| r.line.len() >= 2 && r.length_m() > 40.0)
        .min_by(|a, b| {
            let away = |r: &Road| (r.line[0][0] - e).hypot(r.line[0][1] - n);
            away(a).total_cmp(&away(b))
        })?;
    let (a, b) = (road.line[0], road.line[1]);
    let heading_deg = (b[0] - a[0]).atan2(b[1] - a[1]).to_degrees();
    let aside = crate::ground::paint::road_width_m(road.class, road.width_m) * 0.5 + 1.2;
    let (sin, cos) = heading_deg.to_radians().sin_cos();
    // Keep right; past the crossing, where nothing stands before one's eyes.
    let spot = |along: f32| [a[0] + sin * along + cos * aside, a[1] + cos * along - sin * aside];
    let free = |p: &[f32; 2]| {
        let near = |c: &[f32; 2]| (c[0] - p[0] - sin * 6.0).hypot(c[1] - p[1] - cos * 6.0) < 9.0;
        !city.components.iter().any(|c| near(&c.place_m))
    };
    let at = (4..16).map(|k| spot(k as f32 * 5.0)).find(free).unwrap_or_else(|| spot(22.0));
    Some(CameraPose::standing([at[0], at[1], ground.height_m(at[0], at[1])], heading_deg))
}

/// A smaller city is shown as if it were this large, m.
const LEAST_M: f32 = 18.0;
/// What stands higher than this share of the city's width must be seen up to its top.
const TALL: f32 = 0.25;

/// How steeply home looks down on a free part of this size, degrees: a video wall is far wider than the city is, and the
/// flatter the look, the more of the wall the city fills.
fn home_pitch_deg(free_px: Vec2) -> f32 {
    const STEEP: f32 = 50.0;
    const FLAT: f32 = 35.0;
    // From a desk's screen to two screens beside each other.
    const DESK: f32 = 1.8;
    const WALL: f32 = 2.6;
    let aspect = free_px.x / free_px.y.max(1.0);
    STEEP + (FLAT - STEEP) * ((aspect - DESK) / (WALL - DESK)).clamp(0.0, 1.0)
}

/// How far what stands in the city rises above the middle of its ground, m; 0 where that is little beside its width.
fn tall_m(city: &City, ground_m: f32, width_m: f32) -> f32 {
    let houses = city.buildings.iter().flat_map(|b| b.parts.iter().map(|p| p.top_m));
    let tiles = city.tilesets.iter().map(|t| t.height_m[1] + t.lift_m(city.terrain.as_ref()));
    let top = houses.chain(tiles).filter(|z| z.is_finite()).fold(ground_m, f32::max) - ground_m;
    if top > TALL * width_m { top } else { 0.0 }
}

/// The whole city inside a free part of this size around the lens's centre.
#[must_use]
pub fn home(city: &City, ground: &Ground, lens: &Lens, free_px: Vec2) -> CameraPose {
    let [w, s, e, n] = town(city);
    // A place of a few metres is shown with what would lie around it, in the middle.
    let room = |low: f32, high: f32| {
        let (middle, half) = ((low + high) * 0.5, ((high - low) * 0.5).max(LEAST_M * 0.5));
        (middle - half, middle + half)
    };
    let ((w, e), (s, n)) = (room(w, e), room(s, n));
    let z = ground.height_m((w + e) * 0.5, (s + n) * 0.5);
    let top = z + tall_m(city, z, (e - w).max(n - s));
    let mut pose = CameraPose {
        focus: [(w + e) * 0.5, (s + n) * 0.5, z],
        distance_m: (e - w).max(n - s) * 1.3,
        yaw_deg: 352.0,
        pitch_deg: home_pitch_deg(free_px),
    };
    for _ in 0..12 {
        let mut low = Vec2::MAX;
        let mut high = Vec2::MIN;
        let corners = [(w, s), (e, s), (e, n), (w, n)];
        for ((east, north), height) in corners.into_iter().flat_map(|c| [(c, z), (c, top)]) {
            if let Some(px) = lens.project(&pose, to_scene(east, north, height)) {
                low = low.min(px);
                high = high.max(px);
            }
        }
        if !(high - low).is_finite() || (high - low).min_element() <= 0.0 {
            break;
        }
        let fill = ((high - low) / (free_px * 0.94)).max_element();
        pose.distance_m = (pose.distance_m * fill).clamp(DISTANCE_M.0 + 1.0, DISTANCE_M.1);
        let middle = (low + high) * 0.5;
        let (Some(from), Some(to)) = (lens.on_plane(&pose, lens.centre_px, z), lens.on_plane(&pose, middle, z)) else {
            break;
        };
        pose.focus[0] += (to.x - from.x) * 0.9;
        pose.focus[1] -= (to.z - from.z) * 0.9;
    }
    pose
}

/// A place on the water, far from its banks and near a place: the middle of a winding river lies on land.
fn midstream(ring: &[[f32; 2]], near: [f32; 2]) -> [f32; 2] {
    const STEPS: usize = 72;
    let fold = |f: fn(f32, f32) -> f32, k: usize, from: f32| ring.iter().fold(from, |m, p| f(m, p[k]));
    let low = [fold(f32::min, 0, f32::MAX), fold(f32::min, 1, f32::MAX)];
    let high = [fold(f32::max, 0, f32::MIN), fold(f32::max, 1, f32::MIN)];
    let bank = |p: [f32; 2]| ring.iter().map(|q| (q[0] - p[0]).hypot(q[1] - p[1])).fold(f32::MAX, f32::min);
    let mut crossings = Vec::new();
    let mut best: Option<(f32, [f32; 2])> = None;
    for r in 0..STEPS {
        let north = low[1] + (high[1] - low[1]) * (r as f32 + 0.5) / STEPS as f32;
        crossings.clear();
        scan_line(ring, north, &mut crossings);
        crossings.sort_by(f32::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let inside = |c: usize| low[0] + (high[0] - low[0]) * (c as f32 + 0.5) / STEPS as f32;
            for east in (0..STEPS).map(inside).filter(|e| (pair[0]..=pair[1]).contains(e)) {
                let away = (east - near[0]).hypot(north - near[1]);
                let score = 6.0 * bank([east, north]).min(120.0) - away;
                if best.is_none_or(|b| score > b.0) {
                    best = Some((score, [east, north]));
                }
            }
        }
    }
    let mean = || ring.iter().fold([0.0, 0.0], |a, p| [a[0] + p[0], a[1] + p[1]]).map(|v| v / ring.len().max(1) as f32);
    best.map_or_else(mean, |b| b.1)
}

fn area(ring: &[[f32; 2]]) -> f32 {
    let mut sum = 0.0;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + 1) % ring.len()]);
        sum += a[0] * b[1] - b[0] * a[1];
    }
    (sum * 0.5).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn home_shows_the_whole_city_in_the_free_part() {
        let city = Arc::new(City { extent: [-3000.0, -2500.0, 3000.0, 2500.0], ..Default::default() });
        let ground = Ground::new(&city);
        for (size, centre, free) in [
            (Vec2::new(1600.0, 900.0), Vec2::new(800.0, 450.0), Vec2::new(1600.0, 900.0)),
            (Vec2::new(1920.0, 1080.0), Vec2::new(900.0, 500.0), Vec2::new(1100.0, 800.0)),
            (Vec2::new(7680.0, 2160.0), Vec2::new(3840.0, 1000.0), Vec2::new(5000.0, 1800.0)),
        ] {
            let lens = Lens { size_px: size, centre_px: centre };
            let pose = home(&city, &ground, &lens, free);
            for (e, n) in [(-3000.0, -2500.0), (3000.0, -2500.0), (3000.0, 2500.0), (-3000.0, 2500.0)] {
                let px = lens.project(&pose, to_scene(e, n, 0.0)).unwrap();
                let off = (px - centre).abs();
                assert!(off.x <= free.x * 0.5 && off.y <= free.y * 0.5, "{px} outside {free} around {centre}");
            }
        }
    }

    #[test]
    fn a_wall_is_filled_and_a_desk_looks_down_as_before() {
        let city = Arc::new(City { extent: [-2500.0, -2500.0, 2500.0, 2500.0], ..Default::default() });
        let ground = Ground::new(&city);
        let width = |free: Vec2| {
            let lens = Lens::plain(free);
            let pose = home(&city, &ground, &lens, free);
            let x = |e: f32| lens.project(&pose, to_scene(e, -2500.0, 0.0)).unwrap().x;
            (pose.pitch_deg, (x(2500.0) - x(-2500.0)) / free.x)
        };
        assert_eq!(width(Vec2::new(1100.0, 800.0)).0, 50.0);
        let (pitch_deg, share) = width(Vec2::new(4300.0, 1850.0));
        assert!(pitch_deg < 42.0 && share > 0.7, "{pitch_deg} degrees, {share} of the width");
    }

    #[test]
    fn the_river_is_looked_at_from_the_middle_of_its_water() {
        // A bend: its mean lies on land.
        let ring = vec![
            [-1000.0, 0.0],
            [-900.0, 0.0],
            [-900.0, 900.0],
            [900.0, 900.0],
            [900.0, 0.0],
            [1000.0, 0.0],
            [1000.0, 1000.0],
            [-1000.0, 1000.0],
        ];
        let [east, north] = midstream(&ring, [0.0, 300.0]);
        assert!((905.0..995.0).contains(&north) && east.abs() < 500.0, "{east} {north}");
    }

    #[test]
    fn a_single_house_is_in_the_middle_and_large_enough() {
        for extent in [[1000.0, 2000.0, 1014.0, 2011.0], [-8.0, 0.0, 72.0, 30.0], [5.0, 5.0, 5.0, 5.0]] {
            let city = Arc::new(City { extent, ..Default::default() });
            let ground = Ground::new(&city);
            let size = Vec2::new(1920.0, 1080.0);
            let lens = Lens { size_px: size, centre_px: Vec2::new(900.0, 520.0) };
            let pose = home(&city, &ground, &lens, Vec2::new(1100.0, 900.0));
            let [w, s, e, n] = extent;
            let px = lens.project(&pose, to_scene((w + e) * 0.5, (s + n) * 0.5, 0.0)).unwrap();
            assert!(px.distance(lens.centre_px) < 110.0, "{extent:?}: {px}");
            assert!(pose.distance_m < 260.0, "{extent:?}: {} m", pose.distance_m);
        }
    }

    #[test]
    fn a_few_houses_in_a_wide_land_are_looked_at_where_most_of_them_stand() {
        use guanlan_city::model::{Building, BuildingPart};
        let house = |x: f32, y: f32| Building {
            parts: vec![BuildingPart {
                footprint: vec![[x, y], [x + 10.0, y], [x + 10.0, y + 10.0], [x, y + 10.0]],
                ..Default::default()
            }],
            ..Default::default()
        };
        let mut city = City {
            extent: [0.0, 0.0, 10_000.0, 10_000.0],
            buildings: vec![house(0.0, 0.0), house(9_000.0, 9_000.0), house(5_000.0, 5_000.0), house(5_100.0, 5_050.0)],
            ..Default::default()
        };
        let [w, s, e, n] = town(&city);
        assert!(w > 4_900.0 && s > 4_900.0 && e < 5_200.0 && n < 5_200.0, "{w} {s} {e} {n}");
        city.roads.push(Road::default());
        assert_eq!(town(&city), city.extent, "with streets it is a town");
    }

    #[test]
    fn a_road_that_leaves_the_extract_does_not_make_the_town_small() {
        use guanlan_city::model::{Building, BuildingPart};
        let house = |i: usize| Building {
            parts: vec![BuildingPart {
                footprint: vec![[(i % 10) as f32 * 50.0, (i / 10) as f32 * 50.0]],
                ..Default::default()
            }],
            ..Default::default()
        };
        let city = City {
            extent: [-9000.0, -9000.0, 9000.0, 9000.0],
            buildings: (0..100).map(house).collect(),
            ..Default::default()
        };
        let [w, s, e, n] = town(&city);
        assert!(w > -100.0 && s > -100.0 && e < 600.0 && n < 600.0, "{w} {s} {e} {n}");
        assert_eq!(town(&City { buildings: Vec::new(), ..city.clone() }), city.extent);
    }
}
