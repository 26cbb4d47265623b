//! The city pack from outside: reopening, what is made anew, damage, other versions, several processes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Barrier,
    time::{Duration, SystemTime},
};

use guanlan_city::{
    City,
    import::{LoadOptions, load_city},
    pack::{self, MANIFEST, Opened, PackError},
};
use guanlan_core::Lang;
use serde_json::{Value, json};
use tempfile::TempDir;

const ASC: &str =
    "ncols 4\nnrows 4\nxllcorner 499980\nyllcorner 3349980\ncellsize 10\n1 2 3 4\n1 2 3 4\n1 2 3 4\n1 2 3 4\n";

/// A small town: buildings of a CityJSON, a building and a road of an OSM file, a hill.
struct Town {
    dir: TempDir,
}

impl Town {
    fn new() -> Self {
        let town = Self { dir: tempfile::tempdir().unwrap() };
        town.write("hill.asc", ASC);
        town.write("houses.city.json", &houses(9));
        // Near 500000, 3350000 of EPSG:4549 (central meridian 120°).
        town.write(
            "streets.osm",
            r#"<osm version="0.6">
            <node id="1" lat="30.26920" lon="120.00001"/><node id="2" lat="30.26920" lon="120.00009"/>
            <node id="3" lat="30.26926" lon="120.00009"/><node id="4" lat="30.26926" lon="120.00001"/>
            <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/><tag k="building" v="yes"/>
              <tag k="height" v="6"/></way>
            <way id="11"><nd ref="1"/><nd ref="3"/><tag k="highway" v="residential"/><tag k="name" v="望潮路"/></way>
            </osm>"#,
        );
        town
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn files(&self) -> Vec<PathBuf> {
        ["hill.asc", "houses.city.json", "streets.osm"].map(|n| self.file(n)).to_vec()
    }

    fn pack(&self) -> PathBuf {
        self.file("pack")
    }

    fn import(&self) -> Opened {
        pack::import(&self.pack(), &self.files(), &options(), &|_| {}).unwrap()
    }

    /// Part files and when they were written.
    fn parts(&self) -> BTreeMap<String, SystemTime> {
        let entries = std::fs::read_dir(self.pack()).unwrap().flatten();
        let parts = entries.filter(|e| e.path().extension().is_some_and(|x| x == "part"));
        parts
            .map(|e| (e.file_name().to_string_lossy().into_owned(), e.metadata().unwrap().modified().unwrap()))
            .collect()
    }

    fn part(&self, begins: &str) -> PathBuf {
        let name = self.parts().into_keys().find(|name| name.starts_with(begins)).unwrap();
        self.pack().join(name)
    }
}

fn options() -> LoadOptions {
    LoadOptions { crs_override: Some(4549), lang: Lang::En, ..LoadOptions::default() }
}

fn houses(height: i64) -> String {
    let z = |top: i64| {
        json!([[0, 0, 2], [10, 0, 2], [10, 8, 2], [0, 8, 2], [0, 0, top], [10, 0, top], [10, 8, top], [0, 8, top]])
    };
    json!({"type": "CityJSON", "version": "2.0",
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549"},
        "transform": {"scale": [1.0, 1.0, 1.0], "translate": [500_000.0, 3_350_000.0, 0.0]},
        "CityObjects": {"b": {"type": "Building", "attributes": {"name": "望潮小学"},
            "geometry": [{"type": "Solid", "lod": "1", "boundaries": [[[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]],
                [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]]}]}},
        "vertices": z(2 + height)})
    .to_string()
}

/// Cities as values that can be compared, bit for bit.
fn bits(city: &City) -> Vec<u8> {
    postcard::to_stdvec(city).unwrap()
}

fn manifest(town: &Town) -> Value {
    serde_json::from_slice(&std::fs::read(town.pack().join(MANIFEST)).unwrap()).unwrap()
}

#[test]
fn a_pack_gives_what_the_import_gave() {
    let town = Town::new();
    let (plain, said) = load_city(&town.files(), &options(), &|_| {}).unwrap();
    assert_eq!((plain.buildings.len(), plain.roads.len()), (2, 1));
    let ground = plain.buildings.iter().find(|b| b.id == "way/10").unwrap().parts[0].base_m;
    assert!(ground > 0.5, "the OSM building stands on the hill: {ground}");
    let made = town.import();
    assert_eq!(bits(&made.city), bits(&plain));
    assert_eq!(made.report, said);
    assert_eq!(made.unsaved, None);
    assert!(made.rebuilt.iter().any(|r| r == "layers streets.osm"), "{:?}", made.rebuilt);
    for reopened in [town.import(), pack::open(&town.pack(), Lang::En, &|_| {}).unwrap()] {
        assert_eq!(bits(&reopened.city), bits(&plain));
        assert_eq!(reopened.report, said);
        assert!(reopened.rebuilt.is_empty() && reopened.notices.is_empty(), "{reopened:?}");
    }
    let table = manifest(&town);
    assert_eq!(table["epsg"], 4549);
    assert_eq!(table["inputs"][1]["digest"].as_str().unwrap().len(), 64);
    let streets = table["parts"].as_array().unwrap().iter().find(|p| p["name"] == "streets.osm").unwrap();
    assert_eq!((&streets["counts"]["roads"], &streets["counts"]["buildings"]), (&json!(1), &json!(1)));
    let checked = pack::verify(&town.pack()).unwrap();
    assert!(checked.parts > 4 && checked.damaged.is_empty() && checked.changed.is_empty(), "{checked:?}");
}

#[test]
fn a_changed_input_makes_only_what_depends_on_it() {
    let town = Town::new();
    town.import();
    let before = town.parts();
    town.write("houses.city.json", &houses(12));
    let after = town.import();
    assert_eq!(after.rebuilt, ["layers houses.city.json", "ground houses.city.json"]);
    assert!(after.city.buildings.iter().any(|b| b.parts[0].top_m == 14.0));
    let parts = town.parts();
    let kept = |begins: &str| {
        let of = |parts: &BTreeMap<String, SystemTime>| {
            parts.iter().find(|(name, _)| name.starts_with(begins)).map(|(n, t)| (n.clone(), *t)).unwrap()
        };
        of(&before) == of(&parts)
    };
    assert!(kept("layers-streets.osm") && kept("ground-streets.osm") && kept("raster-hill.asc") && kept("terrain-"));
    assert!(!kept("layers-houses.city.json"));
    assert_eq!(parts.len(), before.len(), "the parts of the old input are gone");
    // Terrain: everything that stands on it, but no building is read again.
    town.write("hill.asc", &ASC.replace("1 2 3 4", "5 6 7 8"));
    let higher = town.import();
    let layers: Vec<_> = higher.rebuilt.iter().filter(|r| r.starts_with("layers")).collect();
    assert!(layers.is_empty() && higher.rebuilt.iter().any(|r| r == "ground streets.osm"), "{:?}", higher.rebuilt);
    let lifted = |city: &City| city.buildings.iter().find(|b| b.id == "way/10").unwrap().parts[0].base_m;
    assert!((lifted(&higher.city) - lifted(&after.city) - 4.0).abs() < 1e-5);
    let (plain, _) = load_city(&town.files(), &options(), &|_| {}).unwrap();
    assert_eq!(bits(&higher.city), bits(&plain));
}

#[test]
fn terrain_of_several_files_and_cut_terrain_come_back() {
    let town = Town::new();
    town.write("east.asc", &ASC.replace("499980", "500020").replace("1 2 3 4", "5 6 7 8"));
    let two = [town.file("hill.asc"), town.file("east.asc"), town.file("houses.city.json")];
    let import = |files: &[PathBuf]| pack::import(&town.pack(), files, &options(), &|_| {}).unwrap();
    let made = import(&two);
    assert!(made.rebuilt.contains(&"mosaic mosaic".to_owned()), "{:?}", made.rebuilt);
    assert_eq!(made.city.terrain.as_ref().unwrap().cols, 8);
    let again = import(&two);
    assert!(again.rebuilt.is_empty());
    assert_eq!(bits(&again.city), bits(&made.city));
    // 4 km of terrain around a house: cut.
    let row = vec!["7"; 400].join(" ");
    let wide = format!(
        "ncols 400\nnrows 400\nxllcorner 498000\nyllcorner 3348000\ncellsize 10\n{}",
        format!("{row}\n").repeat(400)
    );
    town.write("wide.asc", &wide);
    let files = [town.file("wide.asc"), town.file("houses.city.json")];
    let made = import(&files);
    let cols = made.city.terrain.as_ref().unwrap().cols;
    assert!((200..250).contains(&cols), "{cols} of 400 columns are kept");
    assert_eq!(bits(&import(&files).city), bits(&made.city));
}

#[test]
fn time_alone_does_not_make_anything_anew() {
    let town = Town::new();
    town.import();
    let file = std::fs::File::options().append(true).open(town.file("streets.osm")).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(60)).unwrap();
    drop(file);
    assert!(town.import().rebuilt.is_empty(), "the bytes are the same");
    let opened = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap();
    assert!(opened.notices.is_empty(), "{:?}", opened.notices);
}

#[test]
fn choices_and_the_number_of_files_count() {
    let town = Town::new();
    town.import();
    let coarse = LoadOptions { terrain_cell_m: Some(20.0), ..options() };
    let opened = pack::import(&town.pack(), &town.files(), &coarse, &|_| {}).unwrap();
    assert!(opened.rebuilt.iter().any(|r| r == "raster hill.asc"), "{:?}", opened.rebuilt);
    assert!(!opened.rebuilt.iter().any(|r| r == "layers streets.osm"));
    let fewer = pack::import(&town.pack(), &town.files()[..2], &coarse, &|_| {}).unwrap();
    assert!(fewer.city.roads.is_empty());
    assert!(pack::import(&town.pack(), &[], &coarse, &|_| {}).unwrap_err().to_string().contains("no files"));
}

#[test]
fn a_changed_input_of_an_opened_pack_is_told() {
    let town = Town::new();
    town.import();
    town.write("houses.city.json", &houses(20));
    let opened = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap();
    assert!(opened.notices[0].en.contains("houses.city.json") && opened.rebuilt.is_empty());
    assert!(opened.city.buildings.iter().any(|b| b.parts[0].top_m == 11.0), "as it was imported");
    assert_eq!(pack::verify(&town.pack()).unwrap().changed.len(), 1);
    // Gone inputs are no reason to say anything: the pack is whole.
    std::fs::remove_file(town.file("houses.city.json")).unwrap();
    let opened = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap();
    assert!(opened.notices.is_empty() && opened.city.buildings.len() == 2);
    assert_eq!(pack::verify(&town.pack()).unwrap().absent.len(), 1);
}

#[test]
fn damage_is_found_and_put_right_or_told() {
    let town = Town::new();
    let plain = bits(&town.import().city);
    let road = town.part("layers-streets.osm");
    let mut bytes = std::fs::read(&road).unwrap();
    let middle = bytes.len() - 20;
    bytes[middle] ^= 0xff;
    std::fs::write(&road, &bytes).unwrap();
    assert_eq!(pack::verify(&town.pack()).unwrap().damaged.len(), 1);
    let opened = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap();
    assert_eq!(opened.rebuilt, ["layers streets.osm"]);
    assert!(opened.notices[0].en.contains("damaged"), "{:?}", opened.notices);
    assert_eq!(bits(&opened.city), plain);
    assert!(pack::verify(&town.pack()).unwrap().damaged.is_empty());
    // A part that is gone, and a manifest that is none.
    std::fs::remove_file(town.part("ground-streets.osm")).unwrap();
    assert_eq!(town.import().rebuilt, ["ground streets.osm"]);
    std::fs::write(town.pack().join(MANIFEST), "{").unwrap();
    let opened = town.import();
    assert!(opened.rebuilt.is_empty() && opened.notices[0].en.contains("table of contents"), "parts are found again");
    // Without its inputs a damaged pack is refused with the reason.
    std::fs::write(&road, b"GLNPART1").unwrap();
    std::fs::remove_file(town.file("streets.osm")).unwrap();
    let error = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap_err();
    assert!(matches!(&error, PackError::Pack { reason, .. } if reason.contains("streets.osm is not there")), "{error}");
    assert!(pack::open(town.dir.path(), Lang::En, &|_| {}).unwrap_err().to_string().contains("no city pack"));
}

#[test]
fn another_version_is_made_again() {
    let town = Town::new();
    let plain = bits(&town.import().city);
    let mut table = manifest(&town);
    table["versions"]["importers"] = json!("0000000000000000-little");
    std::fs::write(town.pack().join(MANIFEST), table.to_string()).unwrap();
    let opened = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap();
    assert_eq!(bits(&opened.city), plain);
    assert!(opened.notices[0].en.contains("another version"), "{:?}", opened.notices);
    assert!(town.import().notices.is_empty(), "only once");
    // A version whose table has other fields.
    let later = json!({"versions": {"format": 99, "program": "9.0.0", "importers": "x"}, "tiles": []});
    std::fs::write(town.pack().join(MANIFEST), later.to_string()).unwrap();
    let error = pack::open(&town.pack(), Lang::En, &|_| {}).unwrap_err().to_string();
    assert!(error.contains("9.0.0"), "{error}");
}

#[test]
fn a_killed_import_leaves_nothing_in_the_way_and_its_parts_are_used() {
    let town = Town::new();
    town.import();
    // As if killed before the table of contents was written, and in the middle of a part.
    std::fs::remove_file(town.pack().join(MANIFEST)).unwrap();
    std::fs::write(town.pack().join(".unfinished-abc"), [0; 1000]).unwrap();
    std::fs::remove_file(town.part("layers-houses.city.json")).unwrap();
    assert!(!pack::is_pack(&town.pack()));
    let opened = town.import();
    assert_eq!(opened.rebuilt, ["layers houses.city.json"], "finished parts are found again");
    assert!(!town.pack().join(".unfinished-abc").exists());
    assert!(pack::is_pack(&town.pack()));
}

#[test]
fn several_at_once_make_it_once() {
    let town = Town::new();
    let (n, start) = (6, Barrier::new(6));
    let one = || {
        start.wait();
        let opened = town.import();
        (bits(&opened.city), !opened.rebuilt.is_empty())
    };
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..n).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(all.iter().all(|(city, _)| *city == all[0].0));
    assert_eq!(all.iter().filter(|(_, made)| *made).count(), 1, "one makes it, the others open it");
}

#[test]
fn a_folder_that_cannot_be_written_costs_only_the_cache() {
    let town = Town::new();
    let file = town.file("a file");
    std::fs::write(&file, "").unwrap();
    let opened = pack::import(&file.join("pack"), &town.files(), &options(), &|_| {}).unwrap();
    assert!(opened.unsaved.is_some() && opened.city.buildings.len() == 2);
    assert!(pack::load_cached(&file, &town.files(), &options(), &|_| {}).is_ok());
}

#[test]
fn the_cache_keeps_the_packs_in_use() {
    let town = Town::new();
    let cache = town.file("cache");
    std::fs::create_dir_all(&cache).unwrap();
    std::fs::write(cache.join("0123.pack"), "of an early version").unwrap();
    for cell in 1..=15 {
        let options = LoadOptions { terrain_cell_m: Some(f64::from(cell) * 10.0), ..options() };
        pack::load_cached(&cache, &town.files()[..1], &options, &|_| {}).unwrap();
    }
    let packs: Vec<_> = std::fs::read_dir(&cache).unwrap().flatten().collect();
    assert_eq!(packs.len(), 12);
    assert!(packs.iter().all(|p| pack::is_pack(&p.path()) && is_named_after(&p.path(), "hill")));
}

fn is_named_after(path: &Path, stem: &str) -> bool {
    path.file_name().unwrap().to_string_lossy().starts_with(stem)
}

#[test]
fn buildings_of_a_map_stand_on_the_relief_of_a_city_model() {
    let town = Town::new();
    let relief = |west: i32| {
        json!({
            "type": "CityJSON", "version": "2.0",
            "metadata": { "referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4549" },
            "transform": { "scale": [1.0, 1.0, 1.0], "translate": [499_000.0 + f64::from(west), 3_349_000.0, 0.0] },
            "vertices": [[0, 0, 40], [1000, 0, 40], [1000, 2000, 40], [0, 2000, 40]],
            "CityObjects": { "ground": { "type": "TINRelief", "geometry": [{
                "type": "CompositeSurface", "lod": "1", "boundaries": [[[0, 1, 2]], [[0, 2, 3]]] }] } }
        })
    };
    // Two tiles side by side, given after the map that stands on the eastern one.
    town.write("west.city.json", &relief(0).to_string());
    town.write("east.city.json", &relief(1000).to_string());
    let files = ["streets.osm", "east.city.json", "west.city.json"].map(|n| town.file(n));
    let import = || pack::import(&town.pack(), &files, &options(), &|_| {}).unwrap();
    let made = import();
    let terrain = made.city.terrain.as_ref().unwrap();
    assert!(terrain.cols as f64 * terrain.cell_m >= 1999.0, "both tiles: {} x {} m", terrain.cols, terrain.cell_m);
    let part = &made.city.buildings[0].parts[0];
    assert!((part.base_m - 40.0).abs() < 0.01 && (part.top_m - 46.0).abs() < 0.01, "{part:?}");
    let again = import();
    assert!(again.rebuilt.is_empty() && again.city.buildings == made.city.buildings, "{:?}", again.rebuilt);
    assert_eq!(again.city.terrain, made.city.terrain);
}
