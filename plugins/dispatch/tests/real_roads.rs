//! Real extracts: crews get about in Shanghai, Helsinki, Berlin, Liechtenstein. Skipped where the data folder is absent.

use std::{path::PathBuf, sync::Arc, time::Instant};

use guanlan_city::import::{LoadOptions, load_city};
use guanlan_core::Stamp;
use guanlan_dispatch::{EdgeCosts, RoadGraph, RoadState, VehicleClass, crew::mix, graph::SNAP_LIMIT_M};

fn graph(file: &str) -> Option<RoadGraph> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/osm")).join(file);
    if !path.exists() {
        println!("skipped: {} is absent", path.display());
        return None;
    }
    let (city, _) = load_city(&[path], &LoadOptions::default(), &|_| {}).unwrap();
    Some(RoadGraph::new(Arc::new(city)))
}

#[test]
fn crews_get_about_in_real_towns() {
    for (file, least) in [
        ("shanghai_puxi_roads.osm", 300),
        ("berlin_neukoelln.osm", 100),
        ("helsinki_centre.osm.pbf", 100),
        ("liechtenstein.osm.pbf", 2000),
    ] {
        let Some(graph) = graph(file) else { continue };
        let edges = graph.edges().len();
        assert!(edges >= least, "{file}: {edges} edges");
        let costs = EdgeCosts::new(&graph, &RoadState::default(), VehicleClass::Car, Stamp(0));
        // Places beside roads cars may use, 20 m off.
        let places: Vec<[f64; 2]> = (0..2000u64)
            .map(|i| (mix(5, i) % edges as u64) as usize)
            .filter(|&e| VehicleClass::Car.free_kmh(graph.edges()[e].class, 0.0).is_some())
            .map(|e| graph.city().roads[e].line[0].map(|v| f64::from(v) + 14.0))
            .collect();
        let snaps: Vec<_> = places.iter().filter_map(|&p| graph.snap(p, VehicleClass::Car)).collect();
        assert_eq!(snaps.len(), places.len());
        assert!(snaps.iter().all(|s| f64::from(s.off_m) <= SNAP_LIMIT_M));
        let mut reached = 0;
        let (mut slowest, mut worst_detour) = (0.0f64, 0.0f64);
        for &case in snaps.iter().take(20) {
            let started = Instant::now();
            let search = graph.search_to(&costs, case);
            let times: Vec<_> = snaps.iter().map(|s| graph.travel_time_ms(&costs, &search, s)).collect();
            slowest = slowest.max(started.elapsed().as_secs_f64() * 1000.0);
            reached += times.iter().flatten().count();
            for (from, ms) in snaps.iter().zip(&times).step_by(37) {
                let Some(ms) = ms else { continue };
                let route = graph.route(&costs, &search, from).unwrap();
                assert_eq!(route.time_ms, *ms);
                let crow = (from.point[0] - case.point[0]).hypot(from.point[1] - case.point[1]);
                assert!(route.length_m + 1.0 >= crow, "{file}: {} m of road for {crow} m", route.length_m);
                if crow > 500.0 {
                    worst_detour = worst_detour.max(f64::from(route.length_m / crow));
                }
                for pair in route.legs.windows(2) {
                    let end = |leg: &guanlan_dispatch::Leg| {
                        let edge = graph.edges()[leg.edge as usize];
                        if leg.forward { edge.to } else { edge.from }
                    };
                    let start = |leg: &guanlan_dispatch::Leg| {
                        let edge = graph.edges()[leg.edge as usize];
                        if leg.forward { edge.from } else { edge.to }
                    };
                    assert_eq!(end(&pair[0]), start(&pair[1]), "{file}: a route without gaps");
                }
            }
        }
        let share = reached as f64 / (20 * snaps.len()) as f64;
        println!(
            "{file}: {edges} edges, {} junctions, {:.1} % reached, worst detour {worst_detour:.1}, slowest search {slowest:.1} ms",
            graph.junctions(),
            share * 100.0
        );
        assert!(share > 0.99, "{file}: only {share} of the trips have a way");
    }
}
