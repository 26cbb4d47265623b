//! What the demo city promises, checked on its files as the ordinary importers read them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Instant,
};

use guanlan_city::{
    demo::{self, DemoError, DemoFiles, DemoParams},
    import::{cityjson, geojson_layers, osm, swmm, terrain_tiff},
    model::*,
};
use guanlan_core::ObservedProperty;
use guanlan_geography::{ComponentCode, ComponentEdition, GridCode, LocalFrame};

/// One city for all tests, made once.
fn files() -> &'static DemoFiles {
    static FILES: OnceLock<(tempfile::TempDir, DemoFiles)> = OnceLock::new();
    &FILES
        .get_or_init(|| {
            let dir = tempfile::tempdir().unwrap();
            let start = Instant::now();
            let files = demo::generate(dir.path(), &DemoParams::default()).unwrap();
            let size: u64 = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().metadata().unwrap().len()).sum();
            println!("the demo city: {:.1} s, {:.1} MB", start.elapsed().as_secs_f64(), size as f64 / 1e6);
            assert!(size < 200_000_000, "{size} bytes");
            // Twice the promise of 30 s: other tests run at the same time.
            assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
            (dir, files)
        })
        .1
}

fn frame() -> LocalFrame {
    LocalFrame::new(files().epsg, files().origin)
}

fn path(name: &str) -> PathBuf {
    let found = files().files.iter().find(|p| p.file_name().unwrap() == name);
    found.unwrap_or_else(|| panic!("{name} is not listed")).clone()
}

fn layer(name: &str) -> geojson_layers::LayerPart {
    let (part, report) = geojson_layers::read(&path(name), &frame()).unwrap();
    assert!(report.problems.is_empty(), "{name}: {:?}", report.problems);
    part
}

fn terrain() -> &'static Terrain {
    static TERRAIN: OnceLock<Terrain> = OnceLock::new();
    TERRAIN.get_or_init(|| {
        let (raster, report) = terrain_tiff::read_tiff(&path("terrain.tif")).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        raster.to_terrain(&frame(), None, None).unwrap()
    })
}

fn roads() -> &'static osm::Part {
    static ROADS: OnceLock<osm::Part> = OnceLock::new();
    ROADS.get_or_init(|| {
        let (part, report) = osm::read(&path("roads.osm"), &frame(), None).unwrap();
        // Nothing is repaired, skipped or guessed but the use of WGS 84 for CGCS2000.
        assert!(report.problems.iter().all(|p| p.message.contains("CGCS2000")), "{:?}", report.problems);
        part
    })
}

fn buildings() -> &'static Vec<Building> {
    static BUILDINGS: OnceLock<Vec<Building>> = OnceLock::new();
    BUILDINGS.get_or_init(|| {
        let (part, report) = cityjson::read(&path("buildings.city.json"), &frame(), None).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        part.buildings
    })
}

fn inside(p: [f32; 2], ring: &[[f32; 2]]) -> bool {
    let mut odd = false;
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[(i + ring.len() - 1) % ring.len()]);
        odd ^= (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0];
    }
    odd
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_another_city() {
    let (again, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    demo::generate(again.path(), &DemoParams::default()).unwrap();
    demo::generate(other.path(), &DemoParams { seed: 2, sensors: 300_000 }).unwrap();
    let (part, report) = geojson_layers::read(&other.path().join("sensors.geojson"), &frame()).unwrap();
    assert_eq!((part.sensors.len(), report.problems.len()), (300_000, 0));
    let gauges = part
        .sensors
        .iter()
        .filter(|s| matches!(s.property, ObservedProperty::RoadWaterDepth | ObservedProperty::RiverStage));
    assert_eq!(gauges.count(), 30);
    let names: Vec<_> = std::fs::read_dir(&files().dir).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert!(names.len() > files().files.len(), "models and manifest beside the listed files");
    for name in names {
        let read = |dir: &Path| std::fs::read(dir.join(&name)).unwrap();
        assert!(read(&files().dir) == read(again.path()), "{name:?} differs");
    }
    for name in ["buildings.city.json", "roads.osm", "drainage.inp", "terrain.tif"] {
        assert!(std::fs::read(path(name)).unwrap() != std::fs::read(other.path().join(name)).unwrap(), "{name}");
    }
}

#[test]
fn buildings_stand_on_the_ground_clear_of_the_river_and_of_roads() {
    let all = buildings();
    let mut by_use: BTreeMap<&str, usize> = BTreeMap::new();
    all.iter().for_each(|b| *by_use.entry(b.usage.as_str()).or_default() += 1);
    println!("{} buildings: {by_use:?}", all.len());
    assert!(all.len() >= 12_000);
    let people: u32 = all.iter().map(|b| b.residents).sum();
    assert!((200_000..900_000).contains(&people), "{people} residents");
    let shaped = all.iter().flat_map(|b| &b.parts).filter(|p| p.roof != RoofShape::Flat || !p.mesh.is_empty()).count();
    assert!(shaped > 6_000, "{shaped} roofs with a shape");
    assert!(all.iter().filter(|b| b.basements > 0).count() > 800);
    assert!(all.iter().all(|b| !b.name.zh.is_empty() && !b.name.en.is_empty() && b.storeys > 0 && b.sill_m >= 0.0));
    let river = roads().surfaces.iter().filter(|s| s.kind == SurfaceKind::Water).collect::<Vec<_>>();
    assert!(river.len() >= 3, "river, moat, lake");
    // Road centre lines by place.
    let mut near: BTreeMap<[i32; 2], Vec<(&Road, [f32; 2], [f32; 2])>> = BTreeMap::new();
    for road in roads().roads.iter().filter(|r| !r.bridge) {
        for w in road.line.windows(2) {
            let steps = ((w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1]) / 25.0).ceil().max(1.0) as i32;
            for k in 0..=steps {
                let t = k as f32 / steps as f32;
                let p = [0, 1].map(|i| ((w[0][i] + (w[1][i] - w[0][i]) * t) / 50.0).floor() as i32);
                near.entry(p).or_default().push((road, w[0], w[1]));
            }
        }
    }
    for b in all {
        for part in &b.parts {
            let corners: Vec<[f32; 2]> = if part.mesh.is_empty() {
                part.footprint.clone()
            } else {
                part.mesh.iter().map(|p| [p[0], p[1]]).collect()
            };
            assert!(!corners.is_empty(), "{}", b.id);
            for &p in &corners {
                for water in &river {
                    assert!(
                        !inside(p, &water.ring) || water.holes.iter().any(|h| inside(p, h)),
                        "{} stands in {}",
                        b.id,
                        water.name.zh
                    );
                }
                let cell = p.map(|v| (v / 50.0).floor() as i32);
                for dx in -1..=1 {
                    for dy in -1..=1 {
                        for (road, a, c) in near.get(&[cell[0] + dx, cell[1] + dy]).into_iter().flatten() {
                            let (ab, ap) = ([c[0] - a[0], c[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
                            let t = ((ap[0] * ab[0] + ap[1] * ab[1]) / (ab[0] * ab[0] + ab[1] * ab[1])).clamp(0.0, 1.0);
                            let d = (ap[0] - t * ab[0]).hypot(ap[1] - t * ab[1]);
                            assert!(
                                d > road.width_m / 2.0 - 1.5,
                                "{} stands {d:.1} m from the middle of {:?}",
                                b.id,
                                road.name.zh
                            );
                        }
                    }
                }
            }
        }
    }
    // The lowest part of each stands on the lowest ground beneath it.
    let t = terrain();
    for b in all.iter().step_by(7) {
        let base = b.parts.iter().map(|p| p.base_m).fold(f32::MAX, f32::min);
        let centre = b.centre().unwrap();
        let ground = t.height_m(f64::from(centre[0]), f64::from(centre[1])).unwrap();
        assert!(base - ground < 0.8 && ground - base < 9.0, "{}: base {base}, ground {ground}", b.id);
    }
}

#[test]
fn roads_have_a_hierarchy_bridges_signals_and_one_ways_and_lead_everywhere() {
    let roads = &roads().roads;
    let count = |f: &dyn Fn(&Road) -> bool| roads.iter().filter(|r| f(r)).count();
    for class in [
        RoadClass::Motorway,
        RoadClass::Primary,
        RoadClass::Secondary,
        RoadClass::Tertiary,
        RoadClass::Residential,
        RoadClass::Service,
    ] {
        assert!(count(&|r| r.class == class) >= 20, "{class:?}");
    }
    assert!(count(&|r| r.signal_at_end) >= 60);
    assert!(count(&|r| r.one_way && r.class == RoadClass::Residential) >= 40);
    assert!(count(&|r| r.bridge && r.class <= RoadClass::Secondary) >= 8);
    assert!(count(&|r| r.underpass) >= 6);
    let named = |r: &Road| !r.name.zh.is_empty() && !r.name.en.is_empty();
    assert!(count(&|r| r.class <= RoadClass::Residential && r.class >= RoadClass::Primary && !named(r)) == 0);
    assert!(roads.iter().all(|r| (10.0..=120.0).contains(&r.speed_kmh)));
    let ways: BTreeSet<&str> = roads.iter().filter(|r| r.underpass).map(|r| r.name.zh.as_str()).collect();
    assert!(ways.len() >= 6, "{ways:?}");
    // From a main road every other is reached and comes back.
    let mut out: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut back: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for r in roads {
        out.entry(r.from_node).or_default().push(r.to_node);
        back.entry(r.to_node).or_default().push(r.from_node);
        if !r.one_way {
            out.entry(r.to_node).or_default().push(r.from_node);
            back.entry(r.from_node).or_default().push(r.to_node);
        }
    }
    let start = roads.iter().find(|r| r.class == RoadClass::Primary).unwrap().from_node;
    for graph in [&out, &back] {
        let mut seen = BTreeSet::from([start]);
        let mut todo = vec![start];
        while let Some(n) = todo.pop() {
            for &m in graph.get(&n).into_iter().flatten() {
                if seen.insert(m) {
                    todo.push(m);
                }
            }
        }
        let lost: Vec<&Road> =
            roads.iter().filter(|r| !seen.contains(&r.from_node) || !seen.contains(&r.to_node)).collect();
        assert!(lost.is_empty(), "{} roads cut off, first {:?}", lost.len(), lost[0]);
    }
}

#[test]
fn every_underpass_dips_and_has_a_gauge() {
    let t = terrain();
    let places = layer("places.geojson").places;
    let gauges: Vec<SensorSpec> = layer("sensors.geojson").sensors;
    let underpasses: Vec<&Place> = places.iter().filter(|p| p.kind == PlaceKind::Underpass).collect();
    assert!(underpasses.len() >= 6);
    for u in underpasses {
        let [x, y] = u.place_m;
        let road = roads()
            .roads
            .iter()
            .filter(|r| r.underpass)
            .flat_map(|r| r.line.windows(2))
            .min_by(|a, b| middle(a, x, y).total_cmp(&middle(b, x, y)))
            .unwrap();
        let d = [f64::from(road[1][0] - road[0][0]), f64::from(road[1][1] - road[0][1])];
        let l = d[0].hypot(d[1]);
        let side = [-d[1] / l, d[0] / l];
        let bottom = t.height_m(x, y).unwrap();
        for s in [-28.0, 28.0] {
            let beside = t.height_m(x + s * side[0], y + s * side[1]).unwrap();
            assert!(beside - bottom >= 2.0, "{}: bottom {bottom}, beside {beside}", u.name.zh);
        }
        for s in [-110.0, 110.0] {
            let ahead = t.height_m(x + s * d[0] / l, y + s * d[1] / l).unwrap();
            assert!(ahead - bottom >= 2.0, "{}: bottom {bottom}, ahead {ahead}", u.name.zh);
        }
        let gauged = gauges.iter().any(|g| {
            g.property == ObservedProperty::RoadWaterDepth
                && g.place_m.is_some_and(|p| (p[0] - x).hypot(p[1] - y) < 5.0)
        });
        assert!(gauged, "{} has no gauge", u.name.zh);
    }
}

fn middle(w: &[[f32; 2]], x: f64, y: f64) -> f64 {
    (f64::from(w[0][0] + w[1][0]) / 2.0 - x).hypot(f64::from(w[0][1] + w[1][1]) / 2.0 - y)
}

#[test]
fn drains_run_downhill_under_the_ground_to_the_river() {
    let (file, report) = swmm::read_swmm(&path("drainage.inp")).unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let net = file.network;
    let kind = |k: DrainNodeKind| net.nodes.iter().filter(|n| n.kind == k).count();
    println!(
        "{} manholes, {} outfalls, {} conduits, {} pumps",
        kind(DrainNodeKind::Junction),
        kind(DrainNodeKind::Outfall),
        net.conduits.len(),
        net.pumps.len()
    );
    assert!(kind(DrainNodeKind::Junction) >= 1500);
    assert!(kind(DrainNodeKind::Outfall) >= 10);
    assert_eq!(kind(DrainNodeKind::Storage), 4);
    let stations: BTreeSet<usize> = net.pumps.iter().map(|p| p.from).collect();
    assert_eq!(stations.len(), 4);
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); net.nodes.len()];
    for c in &net.conduits {
        let slope = (net.nodes[c.from].invert_m - net.nodes[c.to].invert_m) / c.length_m;
        assert!(slope > 1e-4, "{}: slope {slope}", c.id);
        assert_eq!(c.shape, "CIRCULAR");
        assert!((0.3..=3.0).contains(&c.geom_m[0]) && c.length_m < 260.0, "{c:?}");
        next[c.from].push(c.to);
    }
    net.pumps.iter().for_each(|p| next[p.from].push(p.to));
    for (i, n) in net.nodes.iter().enumerate() {
        let mut at = i;
        for _ in 0..net.nodes.len() {
            match next[at].first() {
                Some(&m) => at = m,
                None => break,
            }
        }
        assert_eq!(net.nodes[at].kind, DrainNodeKind::Outfall, "{} ends in {}", n.id, net.nodes[at].id);
        let p = frame().to_local(n.place_m.unwrap());
        let ground = terrain().height_m(p[0], p[1]).unwrap();
        if n.kind != DrainNodeKind::Outfall {
            assert!(
                (n.invert_m + n.max_depth_m - ground).abs() < 0.05,
                "{}: rim {} ground {ground}",
                n.id,
                n.invert_m + n.max_depth_m
            );
            assert!((0.8..16.0).contains(&n.max_depth_m), "{}: {} m deep", n.id, n.max_depth_m);
        }
    }
}

#[test]
fn areas_codes_and_people_fit_together() {
    let areas = layer("admin.geojson").areas;
    let level = |l: AdminLevel| areas.iter().filter(|a| a.level == l).collect::<Vec<_>>();
    assert_eq!((level(AdminLevel::City).len(), level(AdminLevel::District).len()), (1, 1));
    assert_eq!((level(AdminLevel::Street).len(), level(AdminLevel::Community).len()), (4, 16));
    let grids = level(AdminLevel::Grid);
    println!("{} grids", grids.len());
    assert!((1500..2600).contains(&grids.len()));
    let codes: BTreeSet<&str> = areas.iter().map(|a| a.code.as_str()).collect();
    assert_eq!(codes.len(), areas.len());
    let size = |r: &[[f32; 2]]| -> f64 {
        (0..r.len())
            .map(|i| {
                let (a, b) = (r[i], r[(i + 1) % r.len()]);
                f64::from(a[0]) * f64::from(b[1]) - f64::from(b[0]) * f64::from(a[1])
            })
            .sum::<f64>()
            / 2.0
    };
    for g in &grids {
        let code: GridCode = g.code.parse().unwrap();
        assert!(codes.contains(code.community()) && codes.contains(code.street()) && codes.contains(code.district()));
    }
    // Grids, communities and streets each cover the district without overlap.
    for l in [AdminLevel::Grid, AdminLevel::Community, AdminLevel::Street] {
        let total: f64 = level(l).iter().map(|a| size(&a.ring)).sum();
        assert!((total / 36e6 - 1.0).abs() < 0.01, "{l:?} cover {total} m²");
    }
    let organisations = layer("organisations.geojson").organisations;
    let kind = |k: &str| organisations.iter().filter(|o| o.kind == k).count();
    assert_eq!((kind("city_centre"), kind("sub_centre"), kind("unit")), (1, 6, 96));
    assert!(
        organisations.iter().all(|o| !o.duties.is_empty() && (o.area.is_empty() || codes.contains(o.area.as_str())))
    );
    let persons = layer("people.geojson").persons;
    assert!(persons.iter().all(|p| codes.contains(p.area.as_str()) && p.phone.contains("****")));
    assert_eq!(persons.iter().filter(|p| p.duty == "grid_member").count(), grids.len());
    assert!(persons.iter().filter(|p| p.duty == "street_chief").count() > 100);
    let components = layer("components.geojson").components;
    println!("{} components", components.len());
    assert!(components.len() >= 15_000);
    let mut seen = BTreeSet::new();
    for c in &components {
        let code: ComponentCode = c.code.parse().unwrap();
        assert_eq!(code.edition(), ComponentEdition::Digits2026);
        assert!(seen.insert(&c.code), "{} twice", c.code);
        assert_eq!(c.class, format!("{}-{}", code.class(), code.sub_class()));
        assert!(c.class_2013.is_empty() || c.class_2013 == format!("{}{}", code.class(), &code.sub_class()[1..]));
        assert!(["完好", "破损", "丢失", "废弃", "移除"].contains(&c.state.as_str()));
        assert!(organisations.iter().any(|o| o.id.as_str() == c.org), "{} is kept by '{}'", c.code, c.org);
    }
    let looking = components.iter().filter(|c| c.heading_deg.is_some());
    assert!(looking.clone().all(|c| c.class == "01-050" && (0.0..360.0).contains(&c.heading_deg.unwrap())));
    assert_eq!(looking.count(), components.iter().filter(|c| c.class == "01-050").count());
    let bad = components.iter().filter(|c| c.state != "完好").count();
    assert!(bad > 100 && bad * 10 < components.len());
}

#[test]
fn sensors_crews_places_and_landmarks_are_complete() {
    let sensors = layer("sensors.geojson").sensors;
    assert_eq!(sensors.len(), 2000);
    let count = |p: ObservedProperty| sensors.iter().filter(|s| s.property == p).count();
    assert_eq!(count(ObservedProperty::RoadWaterDepth) + count(ObservedProperty::RiverStage), 30);
    assert!(count(ObservedProperty::RiverStage) >= 4);
    // The properties up to `Other` are the demo's; those after it come with feeds.
    for p in ObservedProperty::ALL.into_iter().take_while(|&p| p != ObservedProperty::Other) {
        assert!(count(p) >= 4, "{p:?}: {}", count(p));
    }
    for (i, s) in sensors.iter().enumerate() {
        assert_eq!(s.id.as_str(), (1001 + i).to_string());
        assert!(s.place_m.is_some_and(|p| p.iter().all(|v| (0.0..6000.0).contains(v))) && !s.name.en.is_empty());
    }
    let organisations = layer("organisations.geojson").organisations;
    let units = layer("units.geojson").units;
    assert_eq!(units.len(), 120);
    for kind in [UnitKind::Patrol, UnitKind::Repair, UnitKind::Pump, UnitKind::Sanitation, UnitKind::Greening] {
        for minute in (0..1440).step_by(30) {
            let on = |u: &&UnitSpec| {
                let [a, b] = u.shift_min;
                u.kind == kind && if a <= b { (a..b).contains(&minute) } else { minute >= a || minute < b }
            };
            assert!(units.iter().filter(on).count() >= 3, "{kind:?} at minute {minute}");
        }
    }
    for skill in ["drainage", "cover", "gas", "road", "sanitation", "greening", "check"] {
        assert!(units.iter().any(|u| u.skills.iter().any(|s| s == skill)), "{skill}");
    }
    assert!(units.iter().all(|u| organisations.iter().any(|o| o.id == u.org)));
    let places = layer("places.geojson").places;
    for (kind, least) in [
        (PlaceKind::School, 15),
        (PlaceKind::Hospital, 5),
        (PlaceKind::MetroEntrance, 30),
        (PlaceKind::CareHome, 6),
        (PlaceKind::PumpStation, 4),
        (PlaceKind::Centre, 7),
        (PlaceKind::Shelter, 8),
        (PlaceKind::Quarter, 10),
    ] {
        let n = places.iter().filter(|p| p.kind == kind).count();
        assert!(n >= least, "{kind:?}: {n}");
    }
    let landmarks = layer("landmarks.geojson").landmarks;
    assert!(landmarks.len() >= 4);
    assert!(landmarks.iter().all(|l| l.mesh.len() > 100 && l.mesh.len() == l.colors.len() * 3));
    let height = |l: &Landmark| l.mesh.iter().map(|p| p[2]).fold(0.0, f32::max);
    assert!(landmarks.iter().any(|l| height(l) > 200.0), "the tower is the highest");
}

#[test]
fn the_cache_is_made_once_and_again_when_damaged() {
    let cache = tempfile::tempdir().unwrap();
    let params = DemoParams { seed: 3, sensors: 100 };
    let first = demo::ensure(cache.path(), &params).unwrap();
    let stamp = |f: &DemoFiles| std::fs::metadata(&f.files[0]).unwrap().modified().unwrap();
    let made = stamp(&first);
    assert_eq!(demo::ensure(cache.path(), &params).unwrap(), first);
    assert_eq!(stamp(&first), made, "nothing was written again");
    // One byte, the size stays.
    let good = std::fs::read(&first.files[3]).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 0xff;
    std::fs::write(&first.files[3], bad).unwrap();
    let mended = demo::ensure(cache.path(), &params).unwrap();
    assert_eq!(std::fs::read(&mended.files[3]).unwrap(), good);
    assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1, "nothing is left over");
    let few = demo::generate(cache.path(), &DemoParams { seed: 1, sensors: 5 });
    assert!(matches!(few, Err(DemoError::Sensors { given: 5, .. })));
}
