//! Files in GCJ-02 and BD-09: converted when told so, marked, and never mixed in silence.

use std::path::{Path, PathBuf};

use guanlan_city::{
    City,
    import::{LoadOptions, Report, load_city},
    model::Layer,
};
use guanlan_geography::{BD09, GCJ02, LocalFrame, gcj02_to_bd09, wgs84_to_gcj02};

const CORNERS: [[f64; 2]; 4] = [[121.4737, 31.2304], [121.4740, 31.2304], [121.4740, 31.2306], [121.4737, 31.2306]];

fn layer(folder: &Path, name: &str, crs: &str, shift: impl Fn([f64; 2]) -> [f64; 2]) -> PathBuf {
    let ring: Vec<String> = CORNERS.iter().chain(&CORNERS[..1]).map(|p| format!("{:?}", shift(*p))).collect();
    let text = format!(
        r#"{{"type":"FeatureCollection",{crs}"features":[{{"type":"Feature","properties":{{"building":"yes","height":12}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}]}}"#,
        ring.join(",")
    );
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path
}

fn load(path: &Path, crs_override: Option<u32>) -> (City, Report) {
    let frame = Some(LocalFrame::new(4549, [640_000.0, 3_456_000.0]));
    let options = LoadOptions { crs_override, frame, ..LoadOptions::default() };
    load_city(&[path.to_owned()], &options, &|_| {}).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn shifted_files_land_where_they_are() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let (plain, _) = load(&layer(dir.path(), "wgs84.geojson", "", |p| p), None);
    let want = plain.buildings[0].parts[0].footprint.clone();
    assert_eq!(plain.sources[0].converted, "EPSG:4326 → EPSG:4549");
    let gcj = layer(dir.path(), "gcj.geojson", "", wgs84_to_gcj02);
    let bd = layer(dir.path(), "bd.geojson", "", |p| gcj02_to_bd09(wgs84_to_gcj02(p)));
    let named = r#""crs":{"type":"name","properties":{"name":"GCJ02"}},"#;
    let told = layer(dir.path(), "named.geojson", named, wgs84_to_gcj02);
    for (path, code, name) in [(&gcj, Some(GCJ02), "GCJ-02"), (&bd, Some(BD09), "BD-09"), (&told, None, "GCJ-02")] {
        let (city, report) = load(path, code);
        let got = &city.buildings[0].parts[0].footprint;
        for (a, b) in got.iter().zip(&want) {
            assert!((a[0] - b[0]).abs() < 0.02 && (a[1] - b[1]).abs() < 0.02, "{name}: {a:?} {b:?}");
        }
        let source = city.origin_of(Layer::Buildings, 0).expect("known").source;
        assert_eq!((source.crs.as_str(), source.converted.as_str()), (name, format!("{name} → EPSG:4549").as_str()));
        let text = format!("converted from {name} to EPSG:4549");
        let problem = report.problems.iter().find(|p| p.message.starts_with(&text)).expect("told");
        assert!(problem.message_zh.contains("公开公式"), "{}", problem.message_zh);
    }
    // Not told so, it lies half a kilometre away: that is why --crs is there.
    let (wrong, _) = load(&gcj, None);
    let moved = (wrong.buildings[0].parts[0].footprint[0][0] - want[0][0])
        .hypot(wrong.buildings[0].parts[0].footprint[0][1] - want[0][1]);
    assert!((450.0..520.0).contains(&moved), "{moved}");
}

#[test]
fn plane_coordinates_are_not_shifted_and_that_is_said() {
    let dir = tempfile::tempdir().expect("temporary folder");
    let crs = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4549"}},"#;
    let path = layer(dir.path(), "plane.geojson", crs, |p| [p[0] + 640_000.0, p[1] + 3_456_000.0]);
    let (city, report) = load(&path, Some(GCJ02));
    assert_eq!(city.sources[0].crs, "EPSG:4549");
    assert!(report.problems.iter().any(|p| p.message.contains("GCJ-02 was given and not used")), "{report:?}");
}
