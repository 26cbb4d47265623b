//! Routing: times agree with a slow second method, water and one-ways are obeyed, sizes are answered in time.

mod support;

use std::{sync::Arc, time::Instant};

use guanlan_city::{
    City,
    model::{RoadClass, UnitKind},
};
use guanlan_core::Mode;
use guanlan_core::{Event, Input};
use guanlan_dispatch::{
    Constants, EdgeCosts, RoadGraph, RoadState, Scene, UnitRoster, VehicleClass,
    costs::CLOSED,
    crew::mix,
    graph::Snap,
    recommend::{CostCache, demand, recommend},
    roads::WaterCells,
};
use support::{BLOCK, crew, edge, grid, river_town, start, street, water};

fn costs(graph: &RoadGraph, roads: &RoadState, vehicle: VehicleClass) -> EdgeCosts {
    EdgeCosts::new(graph, roads, vehicle, start())
}

/// A town with one-ways, a foot path, different limits and two closed streets, by chance.
fn chance_town(seed: u64) -> City {
    let mut city = grid(7, 6);
    for (i, road) in city.roads.iter_mut().enumerate() {
        let draw = mix(seed, i as u64);
        road.one_way = draw % 4 == 0;
        road.speed_kmh = 20.0 + (draw >> 8 & 63) as f32;
        if draw >> 16 & 15 == 0 {
            road.class = RoadClass::Foot;
        }
        if draw >> 20 & 1 == 0 {
            std::mem::swap(&mut road.from_node, &mut road.to_node);
            road.line.reverse();
        }
    }
    city
}

#[test]
fn backward_search_agrees_with_relaxing_forward_until_nothing_changes() {
    for seed in 0..40u64 {
        let graph = RoadGraph::new(Arc::new(chance_town(seed)));
        let costs = costs(&graph, &RoadState::default(), VehicleClass::Car);
        let drivable: Vec<u32> = (0..graph.edges().len() as u32).filter(|&e| costs.ms[e as usize] != CLOSED).collect();
        let pick = |draw: u64| {
            let e = drivable[(mix(seed, draw) % drivable.len() as u64) as usize];
            let along_m = (mix(seed, draw + 1) % 200) as f32;
            Snap { edge: e, along_m, point: graph.slice(e, along_m, along_m)[0], off_m: 0.0 }
        };
        let target = pick(1000);
        let search = graph.search_to(&costs, target);
        for unit in 0..10 {
            let from = pick(2000 + unit * 2);
            let got = graph.travel_time_ms(&costs, &search, &from);
            assert_eq!(got, bellman_ford(&graph, &costs, from, target), "seed {seed} unit {unit}");
            let route = graph.route(&costs, &search, &from);
            assert_eq!(route.as_ref().map(|r| r.time_ms), got);
            if let Some(route) = route {
                check_route(&graph, &costs, &route, from, target);
            }
        }
    }
}

fn part(ms: u32, part_m: f32, length_m: f32) -> u32 {
    (f64::from(ms) * f64::from(part_m) / f64::from(length_m)).round() as u32
}

fn bellman_ford(graph: &RoadGraph, costs: &EdgeCosts, from: Snap, to: Snap) -> Option<u32> {
    let mut dist = vec![u64::MAX; graph.junctions()];
    let edges = graph.edges();
    let (a, b) = (&edges[from.edge as usize], &edges[to.edge as usize]);
    let (ca, cb) = (costs.ms[from.edge as usize], costs.ms[to.edge as usize]);
    dist[a.to as usize] = u64::from(part(ca, a.length_m - from.along_m, a.length_m));
    if !a.one_way {
        let back = u64::from(part(ca, from.along_m, a.length_m));
        dist[a.from as usize] = dist[a.from as usize].min(back);
    }
    for _ in 0..graph.junctions() {
        for (i, e) in edges.iter().enumerate().filter(|(i, _)| costs.ms[*i] != CLOSED) {
            let ms = u64::from(costs.ms[i]);
            if dist[e.from as usize] != u64::MAX {
                dist[e.to as usize] = dist[e.to as usize].min(dist[e.from as usize] + ms);
            }
            if !e.one_way && dist[e.to as usize] != u64::MAX {
                dist[e.from as usize] = dist[e.from as usize].min(dist[e.to as usize] + ms);
            }
        }
    }
    let mut best = u64::MAX;
    if dist[b.from as usize] != u64::MAX {
        best = best.min(dist[b.from as usize] + u64::from(part(cb, to.along_m, b.length_m)));
    }
    if !b.one_way && dist[b.to as usize] != u64::MAX {
        best = best.min(dist[b.to as usize] + u64::from(part(cb, b.length_m - to.along_m, b.length_m)));
    }
    if from.edge == to.edge && (to.along_m >= from.along_m || !a.one_way) {
        best = best.min(u64::from(part(ca, (to.along_m - from.along_m).abs(), a.length_m)));
    }
    (best != u64::MAX).then_some(best as u32)
}

fn check_route(graph: &RoadGraph, costs: &EdgeCosts, route: &guanlan_dispatch::Route, from: Snap, to: Snap) {
    let near = |a: [f32; 2], b: [f32; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 0.01;
    assert!(near(route.line[0], from.point) && near(*route.line.last().unwrap(), to.point));
    let drawn: f32 = route.line.windows(2).map(|w| (w[1][0] - w[0][0]).hypot(w[1][1] - w[0][1])).sum();
    assert!((drawn - route.length_m).abs() < 0.1, "line {drawn} m, route {} m", route.length_m);
    for leg in &route.legs {
        assert!(leg.forward || !graph.edges()[leg.edge as usize].one_way, "against a one-way");
        assert_ne!(costs.ms[leg.edge as usize], CLOSED);
    }
    let seconds: f32 = route.legs.iter().map(|l| l.length_m / l.speed_mps).sum();
    assert!((seconds * 1000.0 - route.time_ms as f32).abs() < 20.0, "{seconds} s, {} ms", route.time_ms);
}

#[test]
fn the_stated_eta_of_2400_m_at_35_km_h() {
    let mut city = City::default();
    let mut road = street((0, 0), (12, 0));
    road.speed_kmh = 35.0 / 0.6;
    city.roads.push(road);
    let graph = RoadGraph::new(Arc::new(city));
    let costs = costs(&graph, &RoadState::default(), VehicleClass::Car);
    let (from, to) = (graph.snap([0.0, 0.0], VehicleClass::Car), graph.snap([2400.0, 0.0], VehicleClass::Car));
    let ms = graph.travel_time_ms(&costs, &graph.search_to(&costs, to.unwrap()), &from.unwrap()).unwrap();
    let eta_s = f64::from(ms) / 1000.0 + f64::from(guanlan_dispatch::vehicle::TURNOUT_S);
    assert!((eta_s - 326.9).abs() < 0.05, "{eta_s}");
}

fn flood(city: &City, roads: &mut RoadState, field: &Input, mode: Mode) -> Vec<Event> {
    let Input::Water(field) = field else { panic!("not water") };
    let mut cells = WaterCells::default();
    cells.fit(city, field);
    let mut events = Vec::new();
    roads.take_water(city, &cells, field, mode, &mut events);
    events
}

const UNDERPASS: [f64; 4] = [150.0, 450.0, 250.0, 550.0];

#[test]
fn a_flooded_underpass_sends_the_crew_over_the_bridge() {
    let city = Arc::new(river_town());
    let graph = RoadGraph::new(Arc::clone(&city));
    let (under, bridge) = (edge(&city, (1, 2), (1, 3)), edge(&city, (6, 2), (6, 3)));
    let mut roads = RoadState::default();
    let (from, to) = ([200.0, 0.0], [200.0, 1000.0]);
    let way = |roads: &RoadState, vehicle| {
        let costs = costs(&graph, roads, vehicle);
        let search = graph.search_to(&costs, graph.snap(to, vehicle).unwrap());
        graph.route(&costs, &search, &graph.snap(from, vehicle).unwrap())
    };
    let uses = |r: &guanlan_dispatch::Route, e| r.legs.iter().any(|l| l.edge == e);
    let dry = way(&roads, VehicleClass::Car).unwrap();
    assert!(uses(&dry, under) && (dry.length_m - 5.0 * BLOCK).abs() < 0.1);

    // Water under the bridge, over the raster's whole width, does not touch the bridge.
    let events = flood(&city, &mut roads, &water(start(), [-100.0, 450.0, 1700.0, 550.0], 350, false), Mode::Exercise);
    let closed: Vec<u32> =
        events.iter().filter_map(|e| if let Event::RoadClosed { edge, .. } = e { Some(*edge) } else { None }).collect();
    assert_eq!(closed, vec![under]);
    assert!(!roads.is_closed(bridge));
    let wet = way(&roads, VehicleClass::Car).unwrap();
    assert!(uses(&wet, bridge) && !uses(&wet, under) && (wet.length_m - 15.0 * BLOCK).abs() < 0.1);
    // 0.35 m: a truck may wade at walking pace, and does if that is quicker.
    assert!(way(&roads, VehicleClass::Truck).is_some());
    assert!(!roads.blocks(under, VehicleClass::Truck) && roads.blocks(under, VehicleClass::Van));
    assert!(
        way(&roads, VehicleClass::Truck).unwrap().time_ms
            > way(&RoadState::default(), VehicleClass::Truck).unwrap().time_ms
    );

    // 3 cm of hysteresis: 25 cm stays closed, 23 cm opens.
    assert!(flood(&city, &mut roads, &water(start(), UNDERPASS, 250, false), Mode::Exercise).is_empty());
    assert!(roads.is_closed(under));
    let events = flood(&city, &mut roads, &water(start(), UNDERPASS, 230, false), Mode::Exercise);
    assert!(matches!(&events[..], [Event::RoadReopened { edge, .. }] if *edge == under));
    let slow = way(&roads, VehicleClass::Car).unwrap();
    assert!(uses(&slow, under), "slow water is still nearer than the bridge");
    // 100 of 200 m at 7.39 km/h in place of 30 km/h.
    let longer_s = f64::from(slow.time_ms - dry.time_ms) / 1000.0;
    assert!((longer_s - (100.0 * 3.6 / 7.387 - 12.0)).abs() < 4.0, "{longer_s}");
    assert!(flood(&city, &mut roads, &water(start(), UNDERPASS, 0, false), Mode::Exercise).is_empty());
    assert!(roads.edges.is_empty());
    assert_eq!(way(&roads, VehicleClass::Car).unwrap(), dry);
}

#[test]
fn an_estimate_closes_nothing_in_a_real_room() {
    let city = river_town();
    let under = edge(&city, (1, 2), (1, 3));
    for mode in [Mode::Live, Mode::Demo, Mode::Replay] {
        let mut roads = RoadState::default();
        assert!(flood(&city, &mut roads, &water(start(), UNDERPASS, 500, true), mode).is_empty());
        assert!(!roads.is_closed(under) && roads.edges[&under].suspected);
    }
    let mut roads = RoadState::default();
    assert_eq!(flood(&city, &mut roads, &water(start(), UNDERPASS, 500, true), Mode::Exercise).len(), 1);
}

#[test]
fn an_island_is_out_of_reach_and_a_case_in_the_water_is_walked_to() {
    let mut city = river_town();
    city.roads.push(street((20, 20), (21, 20)));
    let graph = RoadGraph::new(Arc::new(city));
    let under = edge(graph.city(), (1, 2), (1, 3));
    let dry = costs(&graph, &RoadState::default(), VehicleClass::Car);
    let snap = |p| graph.snap(p, VehicleClass::Car).unwrap();
    let search = graph.search_to(&dry, snap([4100.0, 4000.0]));
    assert_eq!(graph.travel_time_ms(&dry, &search, &snap([0.0, 0.0])), None);
    assert_eq!(graph.route(&dry, &search, &snap([0.0, 0.0])), None);
    assert!(graph.snap([9000.0, 9000.0], VehicleClass::Car).is_none());
    assert!(graph.snap([f64::NAN, 0.0], VehicleClass::Car).is_none());

    let mut roads = RoadState::default();
    flood(graph.city(), &mut roads, &water(start(), UNDERPASS, 900, false), Mode::Exercise);
    let wet = costs(&graph, &roads, VehicleClass::Car);
    let search = graph.search_to(&wet, snap([200.0, 430.0]));
    let route = graph.route(&wet, &search, &snap([200.0, 0.0])).unwrap();
    let last = route.legs.last().unwrap();
    assert!(last.edge == under && (last.speed_mps - 1.25).abs() < 1e-6 && (last.length_m - 30.0).abs() < 0.01);
}

#[test]
fn loose_ends_of_an_extract_are_not_where_crews_stand() {
    let mut city = grid(4, 4);
    // A yard road without connection, and a one-way that leads out of the map.
    let mut yard = street((0, 0), (1, 0));
    (yard.from_node, yard.to_node) = (90_001, 90_002);
    yard.line = vec![[50.0, 30.0], [150.0, 30.0]];
    let mut out = street((3, 3), (3, 4));
    out.one_way = true;
    city.roads.extend([yard, out]);
    let (yard, out) = (city.roads.len() as u32 - 2, city.roads.len() as u32 - 1);
    let graph = RoadGraph::new(Arc::new(city));
    let at = |p, v| graph.snap(p, v).unwrap().edge;
    assert_ne!(at([100.0, 29.0], VehicleClass::Car), yard);
    assert_eq!(at([100.0, 29.0], VehicleClass::Foot), yard);
    // Nobody could come back from the one-way: it goes both ways.
    assert_eq!(at([600.0, 700.0], VehicleClass::Car), out);
    assert!(!graph.edges()[out as usize].one_way);
}

/// A town of about 20 000 edges with `n` crews of one or of five vehicle classes.
fn metropolis(n: u64, vehicles: &[&str]) -> (Constants, UnitRoster) {
    let mut city = grid(100, 101);
    for i in 0..n {
        let place = [(mix(3, i) % 19_800) as f64, (mix(4, i) % 20_000) as f64];
        let vehicle = vehicles[(i % vehicles.len() as u64) as usize];
        let id = format!("U-{i:04}");
        city.units.push(crew(&id, UnitKind::Pump, &["drainage"], &["pump_truck"], vehicle, place));
    }
    let constants = Constants::new(Arc::new(city));
    let mut roster = UnitRoster::default();
    roster.found(&constants.graph, start());
    (constants, roster)
}

fn median_ms(runs: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let t = Instant::now();
            run();
            t.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[runs / 2]
}

#[test]
fn two_thousand_crews_on_twenty_thousand_edges_in_time() {
    let (constants, roster) = metropolis(2000, &["truck"]);
    let graph = &constants.graph;
    assert!(graph.edges().len() >= 19_900, "{}", graph.edges().len());
    let roads = RoadState::default();
    let costs = costs(graph, &roads, VehicleClass::Truck);
    let snaps: Vec<Snap> = roster.units.iter().filter_map(|u| u.snap).collect();
    assert_eq!(snaps.len(), 2000);
    let case = graph.snap([9_950.0, 10_050.0], VehicleClass::Truck).unwrap();
    let one = median_ms(15, || {
        let search = graph.search_to(&costs, case);
        assert!(snaps.iter().all(|s| graph.travel_time_ms(&costs, &search, s).is_some()));
    });
    let cases: Vec<Snap> = snaps.iter().copied().take(50).collect();
    let fifty = median_ms(1, || assert_eq!(graph.time_matrix(&costs, &cases, &snaps).len(), 50));
    let demand = demand(graph.city());
    let scene = Scene { graph, demand: &demand, roads: &roads, roster: &roster, now: start() };
    let need = ["drainage".to_owned()];
    let full = median_ms(5, || {
        let advice = recommend(&scene, &mut CostCache::default(), [9_950.0, 10_050.0], &need, 3);
        assert_eq!((advice.picks.len(), advice.eligible), (3, 2000));
    });
    println!(
        "2 000 crews to one case: {one:.2} ms; 500 x 2 000: {:.2} s; with score and reasons: {full:.2} ms",
        fifty / 100.0
    );
    // The published target is 5 ms and 2 s; a shared test machine gets ten times that.
    assert!(one < 50.0 && fifty < 2000.0);
}
