//! GeoPackage and shapefiles written by GDAL, and damaged ones.

use std::path::{Path, PathBuf};

use guanlan_geography::LocalFrame;
use proptest::prelude::*;

use super::*;
use crate::model::{RoadClass, SurfaceKind};

/// Written by GDAL 3.10 through fiona; see `tests/data/README.md`.
const SAMPLES: [(&str, &[u8]); 6] = [
    ("town.gpkg", include_bytes!("../../../tests/data/town.gpkg")),
    ("houses.shp", include_bytes!("../../../tests/data/houses.shp")),
    ("houses.shx", include_bytes!("../../../tests/data/houses.shx")),
    ("houses.dbf", include_bytes!("../../../tests/data/houses.dbf")),
    ("houses.prj", include_bytes!("../../../tests/data/houses.prj")),
    ("houses.cpg", include_bytes!("../../../tests/data/houses.cpg")),
];

fn copies(folder: &Path) -> [PathBuf; 2] {
    for (name, bytes) in SAMPLES {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    [folder.join("town.gpkg"), folder.join("houses.shp")]
}

/// Around the samples: CGCS2000 / 3-degree zone at 120° E.
fn frame() -> LocalFrame {
    LocalFrame::new(4549, [520_000.0, 3_350_000.0])
}

#[test]
fn a_geopackage_gives_buildings_roads_water_areas_and_components() {
    let dir = tempfile::tempdir().unwrap();
    let [path, _] = copies(dir.path());
    let (part, report) = read(&path, Format::GeoPackage, &frame(), None).unwrap();
    let counts: std::collections::BTreeMap<_, _> = part.counts().into_iter().collect();
    assert_eq!(counts["buildings"], 3, "{counts:?} {:#?}", report.problems);
    assert_eq!((counts["roads"], counts["surfaces"], counts["areas"], counts["components"]), (2, 1, 1, 1));
    let tall = part.buildings.iter().find(|b| b.name.zh == "望潮大厦").unwrap();
    assert_eq!((tall.parts[0].top_m, tall.storeys, tall.usage.as_str()), (60.0, 18, "office"));
    assert!(tall.guessed.is_empty());
    let by_floors = part.buildings.iter().find(|b| b.name.zh == "居民楼").unwrap();
    assert_eq!((by_floors.parts[0].top_m, by_floors.guessed[0].as_str()), (18.0, "height:levels"));
    let two = part.buildings.iter().find(|b| b.name.zh == "双体楼").unwrap();
    assert_eq!((two.parts.len(), two.parts[0].holes.len() + two.parts[1].holes.len()), (2, 1), "a multipolygon");
    assert_eq!(part.roads.iter().filter(|r| r.class == RoadClass::Primary).count(), 1);
    assert_eq!(part.surfaces[0].kind, SurfaceKind::Water);
    // 120.2° E is 19 236 m east of the meridian at 30.3° N.
    let c = tall.centre().unwrap();
    assert!(c[0].abs() < 20_000.0 && c[1].abs() < 20_000.0, "{c:?}");
    let facts = facts(&path, Format::GeoPackage).unwrap();
    assert_eq!((facts.format.as_str(), facts.crs.as_str()), ("GeoPackage", "EPSG:4490"));
    assert_eq!((facts.counts["layers"], facts.counts["features"]), (5, 8));
}

#[test]
fn a_shapefile_in_gbk_lies_where_its_prj_says() {
    let dir = tempfile::tempdir().unwrap();
    let [_, path] = copies(dir.path());
    let (part, report) = read(&path, Format::Shapefile, &frame(), None).unwrap();
    assert_eq!(part.buildings.len(), 2, "{report:#?}");
    let names: Vec<&str> = part.buildings.iter().map(|b| b.name.zh.as_str()).collect();
    assert_eq!(names, ["中山路一号", "中山路二号"]);
    assert_eq!(part.buildings[0].parts[0].top_m, 24.5);
    assert_eq!((part.buildings[1].parts[0].top_m, part.buildings[1].storeys), (9.0, 3));
    let c = part.buildings[0].centre().unwrap();
    assert!((c[0] - 10.0).abs() < 0.01 && (c[1] - 10.0).abs() < 0.01, "{c:?}");
    let (peek, crs) = peek(&path, Format::Shapefile).unwrap();
    assert!(peek.extent.is_some() && crs.is_some());
}

#[test]
fn a_multipatch_is_raised_to_its_height() {
    use shapefile::{Multipatch, NO_DATA, Patch, PointZ, ShapeWriter};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bodies.shp");
    let ring = |z: f64| {
        let corners = [[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0], [0.0, 0.0]];
        corners.map(|[x, y]| PointZ::new(500_000.0 + x, 3_350_000.0 + y, z, NO_DATA)).to_vec()
    };
    let mut writer = ShapeWriter::from_path(&path).unwrap();
    let body = Multipatch::with_parts(vec![Patch::OuterRing(ring(3.0)), Patch::OuterRing(ring(15.5))]);
    writer.write_shape(&body).unwrap();
    drop(writer);
    let (part, report) = read(&path, Format::Shapefile, &frame(), None).unwrap();
    assert_eq!(part.buildings.len(), 1, "{report:?}");
    assert_eq!(part.buildings[0].parts[0].top_m, 12.5);
    assert!(report.problems.iter().any(|p| p.message.contains("MultiPatch")), "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn damaged_files_never_panic(at in 0.0_f64..1.0, byte: u8, cut: bool, table: bool) {
        let dir = tempfile::tempdir().unwrap();
        let [gpkg, shp] = copies(dir.path());
        let damage = |path: &Path| {
            let mut bytes = std::fs::read(path).unwrap();
            let k = (at * bytes.len() as f64) as usize;
            if cut { bytes.truncate(k) } else { bytes[k] = byte }
            std::fs::write(path, bytes).unwrap();
        };
        damage(&gpkg);
        damage(&if table { shp.with_extension("dbf") } else { shp.clone() });
        let _ = read(&gpkg, Format::GeoPackage, &frame(), None);
        let _ = read(&shp, Format::Shapefile, &frame(), None);
        let _ = facts(&shp, Format::Shapefile);
    }

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let dir = tempfile::tempdir().unwrap();
        let (gpkg, shp) = (dir.path().join("x.gpkg"), dir.path().join("x.shp"));
        let mut likely = b"SQLite format 3\0".to_vec();
        likely.extend(&bytes);
        std::fs::write(&gpkg, &likely).unwrap();
        prop_assert!(read(&gpkg, Format::GeoPackage, &frame(), None).is_err());
        let mut likely = 9994_i32.to_be_bytes().to_vec();
        likely.extend(&bytes);
        std::fs::write(&shp, &likely).unwrap();
        let _ = read(&shp, Format::Shapefile, &frame(), None);
    }
}
