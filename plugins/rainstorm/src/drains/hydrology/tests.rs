//! Subcatchments against closed solutions, and their books.

use guanlan_city::model::drainage::{Infiltration, RainForm, RainGage, RainSource, RouteTo, Subcatchment, TimeSeries};

use super::*;

fn network(route_to: RouteTo, infiltration: Infiltration) -> DrainageNetwork {
    let points = (0..6).map(|k| [f64::from(k) * 600.0, 50.0]).collect();
    let basin = Subcatchment {
        id: "S".into(),
        gage: Some(0),
        outlet: SubcatchOutlet::Node(0),
        area_m2: 10_000.0,
        impervious: 0.6,
        width_m: 100.0,
        slope: 0.01,
        n_impervious: 0.015,
        n_pervious: 0.2,
        storage_impervious_m: 0.001,
        storage_pervious_m: 0.003,
        zero_storage: 0.25,
        route_to,
        routed: 0.5,
        infiltration,
        ..Subcatchment::default()
    };
    DrainageNetwork {
        options: [("WET_STEP".to_owned(), "0:00:15".to_owned())].into(),
        series: vec![TimeSeries { id: "R".into(), points, file: String::new() }],
        gages: vec![RainGage {
            id: "G".into(),
            form: RainForm::Intensity,
            interval_s: 600.0,
            source: RainSource::Series(0),
            scale_mm: 1.0,
            place_m: None,
        }],
        catchments: vec![basin],
        ..DrainageNetwork::default()
    }
}

#[test]
fn books_close_whatever_the_soil_and_the_way() {
    let horton = Infiltration::Horton {
        max_m_s: 2.0e-5,
        min_m_s: 2.0e-6,
        decay_per_s: 1.0e-3,
        dry_time_s: 604_800.0,
        max_depth_m: 0.0,
        modified: false,
    };
    let ampt =
        Infiltration::GreenAmpt { suction_m: 0.09, conductivity_m_s: 3.0e-6, moisture_deficit: 0.25, modified: false };
    let curve = Infiltration::CurveNumber { curve_number: 80.0, dry_time_s: 604_800.0 };
    for infiltration in [Infiltration::None, horton, ampt, curve] {
        for route in [RouteTo::Outlet, RouteTo::Pervious, RouteTo::Impervious] {
            let network = network(route, infiltration.clone());
            let hydrology = Hydrology::of(&network, 1, &mut Vec::new()).unwrap();
            let mut runoff = hydrology.begin();
            let (mut out, mut peak) = (0.0, 0.0_f64);
            for k in 0..7200 {
                let mut lateral = [0.0];
                hydrology.run(&mut runoff, f64::from(k) * 2.0, f64::from(k + 1) * 2.0, &[], &mut lateral);
                out += lateral[0] * 2.0;
                peak = peak.max(lateral[0]);
            }
            let books = hydrology.ledger(&runoff);
            assert!((books.rain_m3 - 500.0).abs() < 1e-6, "{books:?}");
            assert!(books.error_m3.abs() < 1e-9 * books.rain_m3, "{books:?}");
            assert!((out - books.runoff_m3).abs() < 1e-6 * books.runoff_m3);
            // At the end of the storm the impervious part gives what falls.
            assert!(peak <= 50.0 / 3.6e6 * 10_000.0 * 1.000_1, "{peak}");
            assert!(peak > if route == RouteTo::Pervious { 0.03 } else { 0.07 }, "{peak} {route:?} {infiltration:?}");
        }
    }
}

#[test]
fn a_paved_plane_reaches_its_equilibrium_as_the_reservoir_says() {
    // d' = i - a d^(5/3): at 95 % of the equilibrium runoff after a time that quadrature gives.
    let mut network = network(RouteTo::Outlet, Infiltration::None);
    let basin = &mut network.catchments[0];
    (basin.impervious, basin.zero_storage, basin.slope) = (1.0, 1.0, 0.01);
    let hydrology = Hydrology::of(&network, 1, &mut Vec::new()).unwrap();
    let mut runoff = hydrology.begin();
    let (i, a) = (50.0 / 3.6e6, 1.002_71 * 100.0 / 10_000.0 * 0.1 / 0.015);
    let (mut d, mut t) = (0.0_f64, 0.0);
    while a * d.powf(5.0 / 3.0) < 0.95 * i {
        d += 0.01 * (i - a * d.powf(5.0 / 3.0));
        t += 0.01;
    }
    let mut at = 0.0;
    loop {
        let mut lateral = [0.0];
        hydrology.run(&mut runoff, at, at + 1.0, &[], &mut lateral);
        at += 1.0;
        if lateral[0] >= 0.95 * i * 10_000.0 {
            break;
        }
    }
    assert!((at - t).abs() < 16.0, "{at} {t}");
}
