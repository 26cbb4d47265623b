//! Coordinate operations against computed reference points.

use guanlan_geography::{LocalFrame, Transformer, ecef, is_geographic, is_metric_at};

/// EPSG, latitude, longitude, northing, easting: computed with PROJ.
const GAUSS_KRUEGER: [(u32, f64, f64, f64, f64); 7] = [
    (4548, 39.9087, 116.3975, 4_419_565.435, 448_481.575),
    (4527, 39.9087, 116.3975, 4_419_565.435, 39_448_481.575),
    (4498, 39.9087, 116.3975, 4_419_565.435, 20_448_481.575),
    (4547, 22.5431, 114.0579, 2_493_941.246, 505_955.846),
    (4549, 31.2304, 121.4737, 3_457_455.489, 640_412.315),
    (4549, 39.9336, 119.6005, 4_422_232.792, 465_852.084),
    (4534, 30.0, 75.0, 3_320_113.398, 500_000.0),
];

#[test]
fn gauss_krueger_to_a_millimetre_with_east_first() {
    for (epsg, lat, lon, north, east) in GAUSS_KRUEGER {
        let there = Transformer::between(4490, epsg).expect("operation");
        let [x, y] = there.transform([lon, lat]).expect("point");
        assert!((x - east).abs() < 1e-3 && (y - north).abs() < 1e-3, "{epsg}: {x} {y}");
        let back = there.inverse().expect("inverse").transform([x, y]).expect("point");
        assert!((back[0] - lon).abs() < 1e-10 && (back[1] - lat).abs() < 1e-10, "{epsg}: {back:?}");
    }
}

#[test]
fn local_frame_round_trips_and_refuses_nonsense() {
    let frame = LocalFrame::new(4549, [465_000.0, 4_422_000.0]);
    let local = frame.from_lonlat(119.6005, 39.9336).expect("inside");
    assert!((local[0] - 852.084).abs() < 1e-3 && (local[1] - 232.792).abs() < 1e-3, "{local:?}");
    let back = frame.to_lonlat(local).expect("inside");
    assert!((back[0] - 119.6005).abs() < 1e-10 && (back[1] - 39.9336).abs() < 1e-10);
    assert_eq!(frame.to_local(frame.to_projected([1.0, 2.0])), [1.0, 2.0]);
    assert!(frame.from_lonlat(39.9336, 119.6005).is_err(), "swapped axes are refused");
    assert!(frame.from_lonlat(f64::NAN, 0.0).is_err());
    assert!(LocalFrame::new(1, [0.0; 2]).from_lonlat(0.0, 0.0).is_err(), "EPSG:1 does not exist");
    let json = serde_json::to_string(&frame).expect("serialises");
    assert_eq!(serde_json::from_str::<LocalFrame>(&json).expect("parses"), frame);
}

#[test]
fn usable_from_many_threads() {
    let there = Transformer::between(4490, 4548).expect("operation");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut points = vec![[116.3975, 39.9087]; 100];
                there.transform_all(&mut points).expect("points");
                assert!(points.iter().all(|p| (p[0] - 448_481.575).abs() < 1e-3));
            });
        }
    });
}

#[test]
fn knows_degrees_and_metres() {
    assert!(is_geographic("EPSG:4490").expect("known"));
    assert!(is_geographic("EPSG:4326").expect("known"));
    assert!(!is_geographic("EPSG:4549").expect("known"));
    assert!(!is_geographic("EPSG:3857").expect("known"));
    assert!(is_metric_at("EPSG:4549", 121.47, 31.23).expect("known"));
    assert!(!is_metric_at("EPSG:3857", 121.47, 31.23).expect("known"), "Web Mercator is not true to scale");
    assert!(!is_metric_at("EPSG:4490", 121.47, 31.23).expect("known"));
    assert!(!is_metric_at("EPSG:2230", -117.1, 32.7).expect("known"), "US survey feet");
}

#[test]
fn states_its_accuracy() {
    let accuracy = |from, to, at| Transformer::between(from, to).expect("operation").accuracy_m(at).expect("point");
    assert_eq!(accuracy(4326, 32651, [121.47, 31.23]), Some(0.0), "one datum");
    assert_eq!(accuracy(4326, 4549, [121.47, 31.23]), None, "WGS 84 and CGCS2000 are taken as equal");
    assert_eq!(accuracy(4326, 2056, [8.54, 47.38]), Some(1.0));
}

/// `crs/reference_points.json`: each point at the stated accuracy of its operation, and never
/// stricter than a millimetre.
#[test]
fn shared_reference_points() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/crs/reference_points.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no {path}");
        return;
    };
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let points = file["points"].as_array().expect("points");
    assert!(points.len() >= 10);
    for point in points {
        let number = |key: &str| point[key].as_f64().unwrap_or_else(|| panic!("{key} in {point}"));
        let epsg = number("epsg") as u32;
        if epsg == 4978 {
            // Geocentric: the WGS 84 and CGCS2000 ellipsoids differ by a tenth of a millimetre.
            let xyz = ecef::from_geodetic(number("lon"), number("lat"), number("height"));
            let miss = (xyz[0] - number("x")).hypot(xyz[1] - number("y")).hypot(xyz[2] - number("z"));
            assert!(miss < 1e-3, "{xyz:?}, {miss} m from {point}");
            continue;
        }
        let accuracy = number("accuracy_m");
        let tolerance = if accuracy < 0.0 { 5.0 } else { accuracy.max(0.001) };
        let there = Transformer::between(4326, epsg).unwrap_or_else(|e| panic!("{e}"));
        let [x, y] = there.transform([number("lon"), number("lat")]).unwrap_or_else(|e| panic!("{e}"));
        let miss = (x - number("easting")).hypot(y - number("northing"));
        assert!(miss <= tolerance, "EPSG:{epsg}: {x} {y}, {miss} m from {point}");
    }
}

/// The 2D cases of PROJ's own `epsg_no_grid.gie` (latitude first there, longitude first here).
#[test]
fn proj_own_vectors() {
    let etrs = Transformer::between(4258, 25832).expect("operation");
    let [x, y] = etrs.transform([12.0, 55.0]).expect("point");
    assert!((x - 691_875.632_1).abs() < 1e-4 && (y - 6_098_907.825).abs() < 1e-4);
    let ykj = Transformer::between(4123, 2393).expect("operation");
    let [x, y] = ykj.transform([24.9384, 60.1699]).expect("point");
    assert!((x - 3_385_559.815_1).abs() < 1e-4 && (y - 6_674_944.774_2).abs() < 1e-4, "{x} {y}");
}

#[test]
fn systems_without_a_place_are_refused_not_feared() {
    use guanlan_geography::Transformer;
    let local = r#"LOCAL_CS["Undefined SRS",LOCAL_DATUM["unknown",32767],UNIT["unknown",0],AXIS["Easting",EAST]]"#;
    for crs in [local, "ENGCRS[\"x\"]", "undefined", "", "\0", "EPSG:", "EPSG:0", "PROJCS[", "{}"] {
        assert!(Transformer::new(crs, "EPSG:4326").is_err(), "{crs:?}");
        assert!(Transformer::new("EPSG:4326", crs).is_err(), "{crs:?}");
    }
}
