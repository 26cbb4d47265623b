//! A small made-up city: a slope with streets, houses, a dipping underpass, a river and drains.

use guanlan_city::{
    City,
    model::{
        Building, BuildingPart, Conduit, DrainNode, DrainNodeKind, DrainageNetwork, Place, PlaceKind, Pump, Road,
        RoadClass, SurfaceArea, SurfaceKind, Terrain,
    },
};
use guanlan_core::Bilingual;

/// 600 × 400 m, terrain at 2 m, river along the north edge, underpass in the middle of the main road.
pub fn small_city() -> City {
    let (cols, rows, cell) = (300_usize, 200_usize, 2.0_f64);
    let mut z_m = Vec::with_capacity(cols * rows);
    for r in 0..rows {
        for c in 0..cols {
            let (x, y) = ((c as f64 + 0.5) * cell, (r as f64 + 0.5) * cell);
            let mut z = 8.0 - 0.004 * y + 0.3 * ((x - 300.0) / 300.0).powi(2);
            // The underpass dips 4 m over 60 m, 12 m wide.
            if (y - 200.0).abs() < 6.0 && (x - 300.0).abs() < 30.0 {
                z -= 4.0 * (1.0 - ((x - 300.0).abs() / 30.0)).min(0.5) * 2.0;
            }
            if (360.0..366.0).contains(&y) {
                z += 2.0;
            }
            if y >= 366.0 {
                z = 2.0;
            }
            z_m.push(z as f32);
        }
    }
    let square = |x0: f32, y0: f32, w: f32, h: f32| vec![[x0, y0], [x0 + w, y0], [x0 + w, y0 + h], [x0, y0 + h]];
    let mut city = City {
        name: Bilingual::new("小城", "Small town"),
        epsg: 4549,
        origin: [500_000.0, 3_400_000.0],
        extent: [0.0, 0.0, 600.0, 400.0],
        terrain: Some(Terrain { west_m: 0.0, south_m: 0.0, cell_m: cell, cols, rows, z_m }),
        ..City::default()
    };
    for k in 0..10 {
        for j in 0..4 {
            let (x, y) = (20.0 + 58.0 * k as f32, if j < 2 { 40.0 + 70.0 * j as f32 } else { 90.0 + 70.0 * j as f32 });
            city.buildings.push(Building {
                id: format!("B{k}-{j}"),
                usage: "residential".into(),
                storeys: 6,
                basements: 1,
                residents: 60,
                sill_m: 0.1,
                parts: vec![BuildingPart { footprint: square(x, y, 30.0, 20.0), ..BuildingPart::default() }],
                ..Building::default()
            });
        }
    }
    let road = |line: Vec<[f32; 2]>, underpass| Road {
        name: Bilingual::same("中山路"),
        class: RoadClass::Primary,
        width_m: 14.0,
        underpass,
        line,
        ..Road::default()
    };
    city.roads = vec![
        road(vec![[0.0, 200.0], [270.0, 200.0]], false),
        road(vec![[270.0, 200.0], [330.0, 200.0]], true),
        road(vec![[330.0, 200.0], [600.0, 200.0]], false),
    ];
    city.surfaces = vec![
        SurfaceArea {
            kind: SurfaceKind::Water,
            ring: square(0.0, 366.0, 600.0, 34.0),
            level_m: Some(4.0),
            ..SurfaceArea::default()
        },
        SurfaceArea { kind: SurfaceKind::Embankment, ring: square(0.0, 360.0, 600.0, 6.0), ..SurfaceArea::default() },
        SurfaceArea { kind: SurfaceKind::Green, ring: square(0.0, 0.0, 600.0, 30.0), ..SurfaceArea::default() },
    ];
    city.places = vec![Place {
        kind: PlaceKind::Underpass,
        name: Bilingual::new("中山路下穿", "Zhongshan underpass"),
        place_m: [300.0, 200.0],
        people: 0,
    }];
    city.drainage = Some(drains());
    city
}

/// A line of manholes to an outfall, and a pumped well in the underpass.
fn drains() -> DrainageNetwork {
    let node = |id: &str, kind, at: [f64; 2], invert_m, max_depth_m| DrainNode {
        id: id.into(),
        kind,
        place_m: Some(at),
        invert_m,
        max_depth_m,
        ..DrainNode::default()
    };
    let mut network = DrainageNetwork::default();
    for k in 0..8 {
        let x = 40.0 + 75.0 * k as f64;
        network.nodes.push(node(&format!("J{k}"), DrainNodeKind::Junction, [x, 218.0], 5.2 - 0.15 * k as f32, 2.0));
    }
    network.nodes.push(node("OUT", DrainNodeKind::Outfall, [570.0, 380.0], 3.5, 0.0));
    network.nodes.push(node("WELL", DrainNodeKind::Storage, [300.0, 200.0], 1.0, 3.0));
    let pipe = |id: String, from, to, length_m, d| Conduit {
        id,
        from,
        to,
        length_m,
        roughness: 0.013,
        shape: "CIRCULAR".into(),
        geom_m: [d, 0.0, 0.0, 0.0],
        barrels: 1,
        ..Conduit::default()
    };
    for k in 0..7 {
        network.conduits.push(pipe(format!("C{k}"), k, k + 1, 75.0, 0.6));
    }
    network.conduits.push(pipe("C7".into(), 7, 8, 160.0, 0.8));
    network.pumps.push(Pump {
        id: "P1".into(),
        from: 9,
        to: 4,
        curve_type: 4,
        curve: vec![[0.0, 0.0], [0.3, 0.05], [2.0, 0.15]],
        start_m: 0.3,
        stop_m: 0.05,
        ..Pump::default()
    });
    network
}
